//! Go's size classes and what `roundupsize` makes of a request.
//!
//! The tables are facts of `runtime/sizeclasses.go`, the same from Go 1.19 to 1.25.

/// Bytes of a heap page (`pageSize`).
pub const PAGE_SIZE: usize = 8192;
/// The largest small object (`maxSmallSize`).
pub const MAX_SMALL_SIZE: usize = 32768;
/// Bytes of a malloc header (`mallocHeaderSize`, from Go 1.22).
pub(super) const MALLOC_HEADER_SIZE: usize = 8;
/// Objects with pointers above this size have a malloc header (`minSizeForMallocHeader`, from Go 1.22).
pub const MIN_SIZE_FOR_MALLOC_HEADER: usize = 512;

/// Slot sizes in bytes, ascending; class 0 is for large objects.
pub(super) const CLASS_TO_SIZE: [u16; 68] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448,
    480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096,
    4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072,
    20480, 21760, 24576, 27264, 28672, 32768,
];

/// Pages of a span of each class.
pub(super) const CLASS_TO_PAGES: [u8; 68] = [
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2,
    1, 2, 1, 3, 2, 3, 1, 3, 2, 3, 4, 5, 6, 1, 7, 6, 5, 4, 3, 5, 7, 2, 9, 7, 5, 8, 3, 10, 7, 4,
];

/// The class whose slots hold `size` bytes; 0 for sizes above [`MAX_SMALL_SIZE`].
pub(super) fn size_class(size: usize) -> usize {
    if size > MAX_SMALL_SIZE {
        return 0;
    }
    1 + CLASS_TO_SIZE[1..].partition_point(|&c| usize::from(c) < size)
}

/// Whether an object carries a malloc header in its slot.
pub(super) fn has_malloc_header(size: usize, noscan: bool, malloc_headers: bool) -> bool {
    malloc_headers && !noscan && size > MIN_SIZE_FOR_MALLOC_HEADER && size <= MAX_SMALL_SIZE - MALLOC_HEADER_SIZE
}

/// Whether an object of `size` gets pages of its own (`allocLarge`) instead of a slot.
pub(crate) fn is_large(size: usize, malloc_headers: bool) -> bool {
    size > if malloc_headers { MAX_SMALL_SIZE - MALLOC_HEADER_SIZE } else { MAX_SMALL_SIZE }
}

/// The bytes an object of `size` may use: its size class, less the malloc header, or whole pages (`roundupsize`).
///
/// `noscan`: the object holds no pointers. `malloc_headers`: the version has them
/// ([`Rules::malloc_header`](crate::version::Rules::malloc_header)). A size whose rounding overflows comes back as it is.
#[must_use]
pub fn roundupsize(size: usize, noscan: bool, malloc_headers: bool) -> usize {
    let header = if has_malloc_header(size, noscan, malloc_headers) { MALLOC_HEADER_SIZE } else { 0 };
    match size_class(size + header) {
        0 => size.checked_next_multiple_of(PAGE_SIZE).unwrap_or(size),
        class => usize::from(CLASS_TO_SIZE[class]) - header,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_agree_with_themselves() {
        assert!(CLASS_TO_SIZE.is_sorted());
        for (class, (&size, &pages)) in CLASS_TO_SIZE.iter().zip(&CLASS_TO_PAGES).enumerate().skip(1) {
            assert_eq!(size_class(size.into()), class);
            assert!(usize::from(size) <= usize::from(pages) * PAGE_SIZE);
        }
        assert_eq!(size_class(MAX_SMALL_SIZE + 1), 0);
    }

    #[test]
    fn roundings() {
        // (size, noscan, malloc headers, rounded): array sizes of map[uint64]uint64 and of pointerful buckets.
        for (size, noscan, headers, want) in [
            (1, true, true, 8),
            (48, false, true, 48),
            (144 * 17, true, false, 2688),
            (144 * 17, true, true, 2688),
            (208 * 17, false, false, 4096),
            (208 * 17, false, true, 4096 - 8),
            (512, false, true, 512),
            (513, false, true, 576 - 8),
            (513, true, true, 576),
            (32768, true, true, 32768),
            (32768, false, true, 32768),
            (32761, false, true, 32768),
            (32760, false, true, 32760),
            (32769, true, false, 40960),
            (usize::MAX, true, true, usize::MAX),
        ] {
            assert_eq!(roundupsize(size, noscan, headers), want, "{size} {noscan} {headers}");
        }
    }
}

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

/// Number of size classes; class 0 is for large objects.
pub(super) const CLASSES: usize = 68;

/// Slot sizes in bytes, ascending.
pub(super) const CLASS_TO_SIZE: [u16; CLASSES] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448,
    480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096,
    4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072,
    20480, 21760, 24576, 27264, 28672, 32768,
];

/// Pages of a span of each class.
pub(super) const CLASS_TO_PAGES: [u8; CLASSES] = [
    0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2,
    1, 2, 1, 3, 2, 3, 1, 3, 2, 3, 4, 5, 6, 1, 7, 6, 5, 4, 3, 5, 7, 2, 9, 7, 5, 8, 3, 10, 7, 4,
];

/// The class of each size in steps of 8 bytes: every slot size is a multiple of that.
const SIZE_TO_CLASS: [u8; MAX_SMALL_SIZE / 8 + 1] = {
    let mut table = [0; MAX_SMALL_SIZE / 8 + 1];
    let (mut class, mut i) = (0, 0);
    while i < table.len() {
        while (CLASS_TO_SIZE[class] as usize) < i * 8 {
            class += 1;
        }
        table[i] = class as u8;
        i += 1;
    }
    table
};

/// The class whose slots hold `size` bytes; 0 for nothing and for sizes above [`MAX_SMALL_SIZE`].
#[inline]
pub(super) fn size_class(size: usize) -> usize {
    SIZE_TO_CLASS.get(size.div_ceil(8)).map_or(0, |&c| c.into())
}

/// What a byte offset is multiplied with to be divided by the slot size, in units of 2^-32.
const RECIPROCAL: [u32; CLASSES] = {
    let mut table = [0; CLASSES];
    let mut class = 1;
    while class < CLASSES {
        table[class] = u32::MAX / CLASS_TO_SIZE[class] as u32 + 1;
        class += 1;
    }
    table
};

/// Number of the slot in a span of a class that a byte offset falls in. Exact within spans (a test tries all).
#[inline]
pub(super) fn slot_of_offset(class: usize, offset: u32) -> u32 {
    ((u64::from(offset) * u64::from(RECIPROCAL[class])) >> 32) as u32
}

/// Whether an object carries a malloc header in its slot.
#[inline]
pub(super) fn has_malloc_header(size: usize, noscan: bool, malloc_headers: bool) -> bool {
    malloc_headers && !noscan && size > MIN_SIZE_FOR_MALLOC_HEADER && !is_large(size, true)
}

/// Whether an object of `size` gets pages of its own (`allocLarge`) instead of a slot.
#[inline]
pub(crate) fn is_large(size: usize, malloc_headers: bool) -> bool {
    size > if malloc_headers { MAX_SMALL_SIZE - MALLOC_HEADER_SIZE } else { MAX_SMALL_SIZE }
}

/// The bytes an object of `size` may use: its size class, less the malloc header, or whole pages (`roundupsize`).
///
/// `noscan`: the object holds no pointers. `malloc_headers`: the version has them
/// ([`Rules::malloc_header`](crate::version::Rules::malloc_header)). A size whose rounding overflows comes back as it
/// is. Source: `runtime/msize.go` (Go 1.19), `runtime/msize_allocheaders.go` (Go 1.22).
#[must_use]
pub fn roundupsize(size: usize, noscan: bool, malloc_headers: bool) -> usize {
    let header = if has_malloc_header(size, noscan, malloc_headers) { MALLOC_HEADER_SIZE } else { 0 };
    if size > MAX_SMALL_SIZE {
        return size.checked_next_multiple_of(PAGE_SIZE).unwrap_or(size);
    }
    usize::from(CLASS_TO_SIZE[size_class(size + header)]) - header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_agree_with_themselves() {
        assert!(CLASS_TO_SIZE.is_sorted());
        for (class, (&size, &pages)) in CLASS_TO_SIZE.iter().zip(&CLASS_TO_PAGES).enumerate().skip(1) {
            assert_eq!(size_class(size.into()), class);
            assert_eq!(size_class(usize::from(size) - 7), class);
            assert!(usize::from(size) <= usize::from(pages) * PAGE_SIZE);
        }
        assert_eq!((size_class(0), size_class(MAX_SMALL_SIZE + 1), size_class(usize::MAX)), (0, 0, 0));
    }

    #[test]
    fn offsets_are_divided() {
        for class in 1..CLASSES {
            for offset in 0..u32::from(CLASS_TO_PAGES[class]) * PAGE_SIZE as u32 {
                assert_eq!(slot_of_offset(class, offset), offset / u32::from(CLASS_TO_SIZE[class]), "{class} {offset}");
            }
        }
    }

    /// FNV-1a over `f(0)`, `f(1)`, …, `f(70000)` as little-endian 64-bit words.
    fn fingerprint(f: impl Fn(usize) -> usize) -> u64 {
        (0..=70_000)
            .flat_map(|s| (f(s) as u64).to_le_bytes())
            .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
    }

    /// The expected values are those of real Go's `runtime.roundupsize`, called through go:linkname: 1.19.8 and
    /// 1.21.13 have the first for everything, 1.22.10, 1.23.9 and 1.24.11 the second for objects with pointers.
    #[test]
    #[cfg_attr(miri, ignore = "a million steps")]
    fn every_size_is_rounded_as_by_real_go() {
        const PLAIN: u64 = 0x227c_a749_54ed_d2c5;
        const WITH_HEADERS: u64 = 0xc608_1f86_2b15_7985;
        assert_eq!(fingerprint(|s| roundupsize(s, true, false)), PLAIN);
        assert_eq!(fingerprint(|s| roundupsize(s, false, false)), PLAIN);
        assert_eq!(fingerprint(|s| roundupsize(s, true, true)), PLAIN);
        assert_eq!(fingerprint(|s| roundupsize(s, false, true)), WITH_HEADERS);
    }

    #[test]
    fn roundings() {
        // (size, noscan, malloc headers, rounded): array sizes of map[uint64]uint64 and of pointerful buckets.
        for (size, noscan, headers, want) in [
            (0, true, true, 0),
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
            (usize::MAX - 8191, false, true, usize::MAX - 8191),
            (usize::MAX - 8190, false, true, usize::MAX - 8190),
            (usize::MAX, true, true, usize::MAX),
        ] {
            assert_eq!(roundupsize(size, noscan, headers), want, "{size} {noscan} {headers}");
        }
        assert_eq!([32760, 32761, 32768, 32769].map(|s| is_large(s, true)), [false, true, true, true]);
        assert_eq!([32760, 32761, 32768, 32769].map(|s| is_large(s, false)), [false, false, false, true]);
    }
}

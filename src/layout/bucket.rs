//! Where things are in a bucket: 8 tophash bytes, 8 keys, 8 elements, the overflow pointer in the last 8 bytes.

use super::{BUCKET_CNT, DATA_OFFSET};

/// Bucket geometry for a slot size of key and element. Slot sizes are those *in the bucket*: 8 for an indirect one.
///
/// Source: `MapBucketType` in `cmd/compile/internal/reflectdata` and `bucketOf` in `reflect/type.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BucketLayout {
    /// Bytes of a key slot.
    pub key_size: usize,
    /// Bytes of an element slot.
    pub elem_size: usize,
    /// Bytes of a bucket.
    pub size: usize,
}

impl BucketLayout {
    /// The layout for these slot sizes, in bytes. The overflow pointer is aligned to 8.
    #[must_use]
    pub const fn new(key_size: usize, elem_size: usize) -> Self {
        let data = DATA_OFFSET + BUCKET_CNT * (key_size + elem_size);
        Self { key_size, elem_size, size: data.next_multiple_of(8) + 8 }
    }

    /// Offset of key `i`.
    #[must_use]
    pub const fn key(&self, i: usize) -> usize {
        DATA_OFFSET + i * self.key_size
    }

    /// Offset of element `i`.
    #[must_use]
    pub const fn elem(&self, i: usize) -> usize {
        DATA_OFFSET + BUCKET_CNT * self.key_size + i * self.elem_size
    }

    /// Offset of the overflow pointer.
    #[must_use]
    pub const fn overflow(&self) -> usize {
        self.size - 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_go_has() {
        // (key, elem, bucket size seen in the golden programs)
        for (k, e, size) in [(8, 8, 144), (4, 4, 80), (16, 8, 208), (8, 0, 80), (0, 8, 80), (1, 1, 32), (24, 2, 224)] {
            assert_eq!(BucketLayout::new(k, e).size, size, "{k}/{e}");
        }
        let l = BucketLayout::new(8, 8);
        assert_eq!((l.key(7), l.elem(0), l.elem(7), l.overflow()), (64, 72, 128, 136));
    }
}

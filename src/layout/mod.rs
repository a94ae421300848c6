//! The bytes of Go's classic map: headers, marks, flag bits and bucket geometry, without behaviour.
//!
//! Everything here is little-endian amd64 layout, `repr(C)` and plain old data, so that a map's memory can be
//! read as Go's. Pointers are kept as plain 64-bit addresses: an experiment may store any bit pattern there.
//! Source: `runtime/map.go` (Go 1.22), `runtime/map_noswiss.go` (Go 1.24).

mod bucket;
mod header;
pub mod mem;

pub use bucket::BucketLayout;
pub use header::{ClearSeqHmap, Hiter, Hmap, MapExtra, SliceHeader};

/// log2 of the slots in a bucket (`bucketCntBits`).
pub const BUCKET_CNT_BITS: u32 = 3;
/// Slots in a bucket (`bucketCnt`).
pub const BUCKET_CNT: usize = 1 << BUCKET_CNT_BITS;
/// Keys of more bytes than this are stored as pointers (`maxKeySize`).
pub const MAX_KEY_SIZE: usize = 128;
/// Elements of more bytes than this are stored as pointers (`maxElemSize`).
pub const MAX_ELEM_SIZE: usize = 128;
/// Offset of the first key in a bucket (`dataOffset`): the eight tophash bytes come before it.
pub const DATA_OFFSET: usize = 8;

/// This slot is empty, and so is every later one of the bucket and its overflow chain.
pub const EMPTY_REST: u8 = 0;
/// This slot is empty.
pub const EMPTY_ONE: u8 = 1;
/// The entry has moved to the first half of the larger table.
pub const EVACUATED_X: u8 = 2;
/// The entry has moved to the second half of the larger table.
pub const EVACUATED_Y: u8 = 3;
/// The slot is empty and its bucket is evacuated.
pub const EVACUATED_EMPTY: u8 = 4;
/// The least tophash of a live slot; hash bytes below get this much added.
pub const MIN_TOP_HASH: u8 = 5;

/// `hmap.flags`: there may be an iterator using `buckets`.
pub const ITERATOR: u8 = 1;
/// `hmap.flags`: there may be an iterator using `oldbuckets`.
pub const OLD_ITERATOR: u8 = 2;
/// `hmap.flags`: a goroutine is writing to the map.
pub const HASH_WRITING: u8 = 4;
/// `hmap.flags`: the current growth is to a table of the same size.
pub const SAME_SIZE_GROW: u8 = 8;

/// `hiter.checkBucket`: no check is needed (`noCheck`).
pub const NO_CHECK: u64 = u64::MAX;

/// Whether a tophash byte marks an empty slot (`isEmpty`).
#[must_use]
pub const fn is_empty(top: u8) -> bool {
    top <= EMPTY_ONE
}

/// The tophash byte of a hash: its highest byte, lifted above the marks (`tophash`).
#[must_use]
pub const fn tophash(hash: u64) -> u8 {
    let top = (hash >> 56) as u8;
    if top < MIN_TOP_HASH { top + MIN_TOP_HASH } else { top }
}

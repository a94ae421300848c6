//! `hmap`, `mapextra` and `hiter` as Go lays them out.

use bytemuck::{Pod, Zeroable};
use std::mem::{offset_of, size_of};

/// `runtime.hmap` up to Go 1.23: the 48 bytes that a Go map value points to.
///
/// From 1.24 the header is [`ClearSeqHmap`]; the first 40 bytes are the same in every version.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Hmap {
    /// Live entries. `len(m)` reads this and nothing else.
    pub count: i64,
    /// `iterator` 1, `oldIterator` 2, `hashWriting` 4, `sameSizeGrow` 8.
    pub flags: u8,
    /// log2 of the number of buckets.
    pub b: u8,
    /// Number of overflow buckets, approximate from B = 16.
    pub noverflow: u16,
    /// Hash seed.
    pub hash0: u32,
    /// Address of the array of 2^B buckets; may be nil while count is 0.
    pub buckets: u64,
    /// Address of the previous array, non-nil only while growing.
    pub oldbuckets: u64,
    /// Old buckets below this one are evacuated.
    pub nevacuate: u64,
    /// Address of the [`MapExtra`], or nil.
    pub extra: u64,
}

/// `runtime.hmap` of Go 1.24 and 1.25 with `noswissmap`: 56 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct ClearSeqHmap {
    /// As in [`Hmap`].
    pub count: i64,
    /// As in [`Hmap`].
    pub flags: u8,
    /// As in [`Hmap`].
    pub b: u8,
    /// As in [`Hmap`].
    pub noverflow: u16,
    /// As in [`Hmap`].
    pub hash0: u32,
    /// As in [`Hmap`].
    pub buckets: u64,
    /// As in [`Hmap`].
    pub oldbuckets: u64,
    /// As in [`Hmap`].
    pub nevacuate: u64,
    /// How many times the map has been cleared.
    pub clear_seq: u64,
    /// Address of the [`MapExtra`], or nil.
    pub extra: u64,
}

/// `runtime.mapextra`: 24 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct MapExtra {
    /// Address of a [`SliceHeader`] of the overflow buckets of `buckets`, kept only when buckets hold no pointers.
    pub overflow: u64,
    /// The same for `oldbuckets`.
    pub oldoverflow: u64,
    /// Address of the next free preallocated overflow bucket, or nil.
    pub next_overflow: u64,
}

/// A Go slice header (`runtime.slice`): 24 bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct SliceHeader {
    /// Address of element 0.
    pub data: u64,
    /// Elements in use.
    pub len: i64,
    /// Elements that fit.
    pub cap: i64,
}

/// `runtime.hiter`: 96 bytes; 1.24 appends `clearSeq`, here always present; notes of our own follow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Hiter {
    /// Address of the current key; nil at the end.
    pub key: u64,
    /// Address of the current element.
    pub elem: u64,
    /// Address of the map type.
    pub t: u64,
    /// Address of the header.
    pub h: u64,
    /// `buckets` when the iteration began.
    pub buckets: u64,
    /// Current bucket.
    pub bptr: u64,
    /// Keeps the overflow buckets of `buckets` alive.
    pub overflow: u64,
    /// Keeps the overflow buckets of `oldbuckets` alive.
    pub oldoverflow: u64,
    /// Bucket the iteration started at.
    pub start_bucket: u64,
    /// Slot to start at within each bucket.
    pub offset: u8,
    /// The iteration has gone past the last bucket and on from the first.
    pub wrapped: u8,
    /// B when the iteration began.
    pub b: u8,
    /// Next slot, before the offset is added.
    pub i: u8,
    /// Zero bytes up to the next word.
    pub pad: [u8; 4],
    /// Next bucket.
    pub bucket: u64,
    /// Which half of an unevacuated old bucket to yield, or [`NO_CHECK`](super::NO_CHECK).
    pub check_bucket: u64,
    /// `clearSeq` of the map when the iteration began (Go 1.24).
    pub clear_seq: u64,
    /// Not Go's, as all that follows: the marks of the current bucket to which `left` belongs.
    pub left_marks: u64,
    /// What is left of the current bucket: a byte for each step, 0x80 when it leads to an entry not yet yielded.
    pub left: u64,
    /// `offset`, `wrapped`, `b` and `i` to which `left` belongs; [`u32::MAX`] when what is left is not known.
    pub left_state: u32,
    /// `hash0` to which `left` belongs.
    pub left_hash0: u32,
}

const _: () = {
    assert!(size_of::<Hmap>() == 48);
    assert!(offset_of!(Hmap, count) == 0);
    assert!(offset_of!(Hmap, flags) == 8);
    assert!(offset_of!(Hmap, b) == 9);
    assert!(offset_of!(Hmap, noverflow) == 10);
    assert!(offset_of!(Hmap, hash0) == 12);
    assert!(offset_of!(Hmap, buckets) == 16);
    assert!(offset_of!(Hmap, oldbuckets) == 24);
    assert!(offset_of!(Hmap, nevacuate) == 32);
    assert!(offset_of!(Hmap, extra) == 40);
    assert!(size_of::<ClearSeqHmap>() == 56);
    assert!(offset_of!(ClearSeqHmap, nevacuate) == 32);
    assert!(offset_of!(ClearSeqHmap, clear_seq) == 40);
    assert!(offset_of!(ClearSeqHmap, extra) == 48);
    assert!(size_of::<MapExtra>() == 24);
    assert!(offset_of!(MapExtra, next_overflow) == 16);
    assert!(size_of::<SliceHeader>() == 24);
    assert!(size_of::<Hiter>() == 128);
    assert!(offset_of!(Hiter, clear_seq) == 96);
    assert!(offset_of!(Hiter, i) == offset_of!(Hiter, offset) + 3);
    assert!(offset_of!(Hiter, start_bucket) == 64);
    assert!(offset_of!(Hiter, offset) == 72);
    assert!(offset_of!(Hiter, i) == 75);
    assert!(offset_of!(Hiter, bucket) == 80);
    assert!(offset_of!(Hiter, check_bucket) == 88);
    assert!(offset_of!(Hiter, clear_seq) == 96);
};

//! What must be true of a map's memory between any two operations.

use super::model::Model;
use super::values::{Values, bytes_at, digest};
use gohmap::heap::roundupsize;
use gohmap::layout::{
    BUCKET_CNT, EMPTY_ONE, EMPTY_REST, EVACUATED_EMPTY, EVACUATED_X, HASH_WRITING, MIN_TOP_HASH, OLD_ITERATOR,
    SAME_SIZE_GROW, mem, tophash,
};
use gohmap::types::{Fast, MapType};
use std::collections::BTreeSet;

macro_rules! ensure {
    ($cond:expr, $($what:tt)*) => {
        if !$cond {
            return Err(format!($($what)*));
        }
    };
}

/// A header, read at one time.
pub(crate) struct Header {
    pub(crate) count: i64,
    pub(crate) flags: u8,
    pub(crate) b: u8,
    pub(crate) noverflow: u16,
    pub(crate) hash0: u64,
    pub(crate) buckets: usize,
    pub(crate) oldbuckets: usize,
    pub(crate) nevacuate: u64,
    /// `overflow`, `oldoverflow`, `nextOverflow`; zeroes without a `mapextra`.
    extra: [usize; 3],
}

// SAFETY (all of them): the caller's promise of a healthy map; if it is not healthy, addresses that are followed have
// been found among the heap's live objects first.
#[expect(clippy::undocumented_unsafe_blocks, reason = "said once above")]
impl Header {
    /// # Safety
    /// `h` is a map of type `t`.
    pub(crate) unsafe fn read(t: &MapType, h: usize) -> Self {
        unsafe {
            let extra = mem::ld64(h + t.rt.rules().extra_offset) as usize;
            Self {
                count: mem::ld64(h) as i64,
                flags: mem::ld8(h + 8),
                b: mem::ld8(h + 9),
                noverflow: mem::ld16(h + 10),
                hash0: mem::ld32(h + 12).into(),
                buckets: mem::ld64(h + 16) as usize,
                oldbuckets: mem::ld64(h + 24) as usize,
                nevacuate: mem::ld64(h + 32),
                extra: std::array::from_fn(|i| if extra == 0 { 0 } else { mem::ld64(extra + 8 * i) as usize }),
            }
        }
    }
}

/// Checks the map at `h` against what it must hold; `values` has made its keys.
///
/// # Safety
/// `h` is a map of type `t` that nobody is writing to.
#[expect(clippy::undocumented_unsafe_blocks, reason = "see Header")]
pub(crate) unsafe fn check(t: &MapType, h: usize, model: &Model, values: &Values) -> Result<(), String> {
    unsafe {
        let m = Header::read(t, h);
        ensure!(m.count == model.len() as i64, "count is {}, should be {}", m.count, model.len());
        ensure!(m.flags & HASH_WRITING == 0, "flags are {:#x}", m.flags);
        ensure!(m.oldbuckets != 0 || m.flags & SAME_SIZE_GROW == 0, "sameSizeGrow without growth");
        if m.buckets == 0 {
            ensure!(m.b == 0 && m.count == 0 && m.oldbuckets == 0, "no buckets");
            return Ok(());
        }
        let mut w = Walk { t, h, m: &m, values, sum: 0, live: 0 };
        let n = 1_u64 << m.b;
        w.owned(m.buckets)?;
        let mut overflow = Vec::new();
        for i in 0..n {
            w.chain(m.buckets, i, n, &mut overflow)?;
        }
        ensure!(
            m.b >= 16 || usize::from(m.noverflow) == overflow.len(),
            "noverflow is {}, there are {} overflow buckets",
            m.noverflow,
            overflow.len()
        );
        w.list(m.extra[0], &overflow)?;
        w.spares(n, &overflow)?;
        if m.oldbuckets != 0 {
            w.old(n)?;
        } else {
            ensure!(m.extra[1] == 0, "oldoverflow without growth");
        }
        ensure!(w.live == model.len(), "{} entries, should be {}", w.live, model.len());
        ensure!(w.sum == model.sum(), "entries are not what they should be: {model:x?}");
    }
    Ok(())
}

struct Walk<'a> {
    t: &'a MapType,
    h: usize,
    m: &'a Header,
    values: &'a Values,
    /// Digests of the entries, added up.
    sum: u64,
    live: usize,
}

#[expect(clippy::undocumented_unsafe_blocks, reason = "see Header")]
impl Walk<'_> {
    /// An address is in a live object of this map.
    fn owned(&self, at: usize) -> Result<usize, String> {
        match self.t.rt.heap.locate(at) {
            Some(o) if !o.freed && o.map() == self.h => Ok(o.size),
            o => Err(format!("{at:#x} is not memory of the map: {o:?}")),
        }
    }

    unsafe fn overflow_of(&self, b: usize) -> usize {
        unsafe { mem::ld64(b + self.t.bucket.overflow()) as usize }
    }

    /// The buckets of a chain.
    unsafe fn buckets(&self, first: usize) -> Result<Vec<usize>, String> {
        let mut v = vec![first];
        loop {
            let next = unsafe { self.overflow_of(v[v.len() - 1]) };
            if next == 0 {
                return Ok(v);
            }
            self.owned(next)?;
            ensure!(!v.contains(&next), "a chain bites its tail");
            v.push(next);
        }
    }

    /// Where a slot leads to, if it holds a pointer: to memory that is alive, and of this map unless it is a key, which copies
    /// share.
    fn led_to(&self, slot: usize, indirect: bool, shared: bool) -> Result<usize, String> {
        if !indirect {
            return Ok(slot);
        }
        let at = unsafe { mem::ld64(slot) as usize };
        match self.t.rt.heap.locate(at) {
            Some(o) if !o.freed && o.base == at && (shared || o.map() == self.h) => Ok(at),
            o => Err(format!("{at:#x} is not a key or element of the map: {o:?}")),
        }
    }

    /// An entry: its key is hashed where it lies.
    unsafe fn live(&mut self, b: usize, i: usize, array: u64, n: u64) -> Result<(), String> {
        unsafe {
            let t = self.t;
            let key = self.led_to(b + t.bucket.key(i), t.indirect_key(), true)?;
            let elem = self.led_to(b + t.bucket.elem(i), t.indirect_elem(), false)?;
            let (raw, e) = (bytes_at(key, t.key_size), bytes_at(elem, t.elem_size));
            // A NaN hashes differently each time.
            if t.reflexive_key() || self.values.find(&raw).is_none_or(|v| v.reflexive) {
                let hash = (t.hasher)(t, key, self.m.hash0);
                ensure!(mem::ld8(b + i) == tophash(hash), "tophash of {raw:x?}");
                ensure!(hash & (n - 1) == array, "{raw:x?} lies in bucket {array}, not {}", hash & (n - 1));
            }
            self.live += 1;
            self.sum = self.sum.wrapping_add(digest(&raw, &e));
        }
        Ok(())
    }

    /// An empty slot of the present array: nothing is left of an element, and of a key no pointer.
    unsafe fn empty(&self, b: usize, i: usize) -> Result<(), String> {
        unsafe {
            let t = self.t;
            let elem = bytes_at(b + t.bucket.elem(i), t.bucket.elem_size);
            ensure!(elem.iter().all(|&x| x == 0), "an element is left in an empty slot: {elem:x?}");
            // What a deleted string leaves is its length, after the pointer.
            let pointers = match t.fast {
                Fast::FastStr => 8,
                _ if t.indirect_key() || t.key_has_pointers => t.bucket.key_size,
                _ => 0,
            };
            let key = bytes_at(b + t.bucket.key(i), pointers);
            ensure!(key.iter().all(|&x| x == 0), "a pointer is left in an empty slot: {key:x?}");
        }
        Ok(())
    }

    /// A chain of the present array: live and empty slots only, and nothing after the first `emptyRest`.
    unsafe fn chain(&mut self, array: usize, i: u64, n: u64, overflow: &mut Vec<usize>) -> Result<(), String> {
        unsafe {
            let chain = self.buckets(array + i as usize * self.t.bucket.size)?;
            overflow.extend(&chain[1..]);
            let mut rest = false;
            for b in chain {
                for slot in 0..BUCKET_CNT {
                    let top = mem::ld8(b + slot);
                    ensure!(!rest || top == EMPTY_REST, "tophash {top} behind emptyRest in bucket {i}");
                    rest |= top == EMPTY_REST;
                    ensure!(top <= EMPTY_ONE || top >= MIN_TOP_HASH, "tophash {top} in the present array");
                    if top >= MIN_TOP_HASH {
                        self.live(b, slot, i, n)?;
                    } else {
                        self.empty(b, slot)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The old array: a bucket is evacuated whole or not at all; where it is not, its destinations are still empty.
    unsafe fn old(&mut self, n: u64) -> Result<(), String> {
        unsafe {
            let same = self.m.flags & SAME_SIZE_GROW != 0;
            let old_n = if same { n } else { n / 2 };
            self.owned(self.m.oldbuckets)?;
            ensure!(self.m.nevacuate < old_n, "nevacuate is {} of {old_n}", self.m.nevacuate);
            let watched = self.m.flags & OLD_ITERATOR != 0;
            let mut overflow = Vec::new();
            for i in 0..old_n {
                let first = self.m.oldbuckets + i as usize * self.t.bucket.size;
                let evacuated = (EVACUATED_X..=EVACUATED_EMPTY).contains(&mem::ld8(first));
                ensure!(evacuated || i >= self.m.nevacuate, "bucket {i} below nevacuate is not evacuated");
                // The mark moves on past evacuated buckets, a thousand at a time.
                ensure!(!evacuated || i != self.m.nevacuate || old_n > 1024, "nevacuate is {i}, which is evacuated");
                if evacuated && !watched && self.t.bucket_has_pointers {
                    let left = (BUCKET_CNT..self.t.bucket.size).find(|&at| mem::ld8(first + at) != 0);
                    ensure!(left.is_none(), "evacuated bucket {i} still holds pointers");
                }
                let chain = self.buckets(first)?;
                overflow.extend(&chain[1..]);
                for &b in &chain {
                    for slot in 0..BUCKET_CNT {
                        let top = mem::ld8(b + slot);
                        let moved = (EVACUATED_X..=EVACUATED_EMPTY).contains(&top);
                        ensure!(moved == evacuated, "bucket {i} is half evacuated");
                        if top >= MIN_TOP_HASH {
                            self.live(b, slot, i, old_n)?;
                        }
                    }
                }
                if !evacuated {
                    for to in (i..n).step_by(old_n as usize) {
                        let b = self.m.buckets + to as usize * self.t.bucket.size;
                        ensure!(mem::ld8(b) == EMPTY_REST, "bucket {to} is in use before its old one is evacuated");
                    }
                }
            }
            // Evacuation cuts chains off where there are pointers; otherwise the list has them all.
            self.list(self.m.extra[1], &overflow)
        }
    }

    /// The list of overflow buckets, which maps with pointers do not keep.
    unsafe fn list(&self, slice: usize, buckets: &[usize]) -> Result<(), String> {
        unsafe {
            if self.t.bucket_has_pointers {
                ensure!(slice == 0, "a list of overflow buckets in a map with pointers");
                return Ok(());
            }
            if slice == 0 {
                ensure!(buckets.is_empty(), "no list of {} overflow buckets", buckets.len());
                return Ok(());
            }
            self.owned(slice)?;
            let (data, len, cap) = (mem::ld64(slice) as usize, mem::ld64(slice + 8) as usize, mem::ld64(slice + 16));
            ensure!(len as u64 <= cap, "length {len}, capacity {cap}");
            if cap > 0 {
                ensure!(self.owned(data)? as u64 >= 8 * cap, "the list is longer than its memory");
            }
            let listed: BTreeSet<usize> = (0..len).map(|i| mem::ld64(data + 8 * i) as usize).collect();
            let there: BTreeSet<usize> = buckets.iter().copied().collect();
            ensure!(listed.len() == len, "a bucket is listed twice");
            ensure!(listed == there, "listed: {listed:x?}, in chains: {there:x?}");
        }
        Ok(())
    }

    /// The spare buckets: as many as there must be, in use up to `nextOverflow` and untouched from there on; the last one carries
    /// the end mark.
    unsafe fn spares(&self, n: u64, overflow: &[usize]) -> Result<(), String> {
        unsafe {
            let (t, size, next) = (self.t, self.t.bucket.size, self.m.extra[2]);
            let n = n as usize;
            let all = self.owned(self.m.buckets)? / size;
            let due = match self.m.b {
                0..4 => n,
                _ => roundupsize((n + n / 16) * size, !t.bucket_has_pointers, t.rt.rules().malloc_header) / size,
            };
            ensure!(all == due, "{all} buckets in the array, should be {due}");
            let (first, end) = (self.m.buckets + n * size, self.m.buckets + all * size);
            let free = if next == 0 { end } else { next };
            ensure!(
                next == 0 || (first..end).contains(&next) && (next - first).is_multiple_of(size),
                "nextOverflow is no spare bucket"
            );
            let lost = (first..free).step_by(size).find(|b| !overflow.contains(b));
            ensure!(lost.is_none(), "spare bucket {lost:x?} is in no chain");
            for b in (free..end).step_by(size) {
                let empty = (0..size - 8).all(|i| mem::ld8(b + i) == 0);
                ensure!(empty, "spare bucket {b:#x} is in use");
                let mark = if b + size == end { self.m.buckets } else { 0 };
                ensure!(self.overflow_of(b) == mark, "overflow pointer of spare bucket {b:#x}");
            }
        }
        Ok(())
    }
}

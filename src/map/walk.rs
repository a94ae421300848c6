//! Every entry of a map at rest, wherever growth has put it: for whoever must look after what keys and elements lead to.

use super::hmap::{B, H, bucket_shift, evacuated};
use crate::layout::{BUCKET_CNT, MIN_TOP_HASH};
use crate::types::MapType;

/// Tells `f` the addresses of the key slot and the element slot of every entry.
///
/// # Safety
/// `h` is nil or a map of type `t` that nobody writes to; `f` leaves tophash bytes and overflow pointers alone.
pub(crate) unsafe fn entries(t: &MapType, h: usize, f: &mut dyn FnMut(usize, usize)) {
    let h = H(h);
    if h.0 == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        for (array, len) in [(h.buckets(), bucket_shift(h.b())), (h.oldbuckets(), h.noldbuckets())] {
            if array == 0 {
                continue;
            }
            for i in 0..len {
                let mut b = B::of(t, array, i);
                if evacuated(b) {
                    continue;
                }
                while !b.is_nil() {
                    for slot in (0..BUCKET_CNT).filter(|&s| b.top(s) >= MIN_TOP_HASH) {
                        f(b.key(t, slot), b.elem(t, slot));
                    }
                    b = b.overflow(t);
                }
            }
        }
    }
}

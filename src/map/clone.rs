//! `maps.Clone`: `mapclone2` (`runtime/map.go`, Go 1.21 and later).

use super::assign::mapassign;
use super::grow::{newoverflow, over_load_factor};
use super::hmap::{B, H, bucket_mask, bucket_shift, evacuated};
use super::make::makemap;
use super::malloc::{For, newobject, typedmemmove};
use crate::fatal;
use crate::heap::Role;
use crate::layout::{BUCKET_CNT, is_empty, mem};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// `maps.Clone(m)`: the header of the copy; nil for a nil map.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map clone and map write`) or memory runs out.
///
/// # Safety
/// As [`mapaccess1`](super::access::mapaccess1).
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(always)]
pub unsafe fn maps_Clone<P: Probe>(t: &MapType, h: usize, p: &P) -> usize {
    if h == 0 {
        return 0;
    }
    // SAFETY: the caller's promise.
    unsafe { maps_clone(t, h, p) }
}

/// `maps.clone`, which package `maps` links to in the runtime.
#[inline(never)]
unsafe fn maps_clone<P: Probe>(t: &MapType, h: usize, p: &P) -> usize {
    // SAFETY: the caller's promise.
    std::hint::black_box(unsafe { mapclone2(t, H(h), p) })
}

/// `mapclone2`.
#[inline(never)]
unsafe fn mapclone2<P: Probe>(t: &MapType, src: H, p: &P) -> usize {
    p.step(Step::Enter { op: Op::Clone, h: src.0 });
    // SAFETY: the caller's promise; `dst` is fresh.
    unsafe {
        let rules = t.rt.rules();
        let mut hint = src.count();
        if rules.clone_caps_hint && over_load_factor(t, hint, src.b()) {
            // An overloaded source gives an overloaded copy, not a larger one.
            hint = rules.load_factor_num.wrapping_mul(bucket_shift(src.b()) / rules.load_factor_den) as i64;
        }
        let dst = H(makemap(t, hint, p));
        dst.set_hash0(src.hash0());
        if src.count() == 0 {
            p.step(Step::Leave { op: Op::Clone });
            return dst.0;
        }
        p.step(Step::FlagsRead { flags: src.flags() });
        if src.writing() {
            fatal::fatal("concurrent map clone and map write")
        }
        let bucket = |t: &MapType| {
            let what = For { role: Role::Buckets, map: dst, table: 0 };
            newobject(t, t.bucket.size, !t.bucket_has_pointers, what)
        };
        if src.b() == 0 && !(t.indirect_key() && t.need_key_update()) && !t.indirect_elem() {
            // One bucket, as it is; an overflow bucket that hangs from it is shared.
            dst.set_buckets(bucket(t));
            dst.set_count(src.count());
            p.between();
            typedmemmove(dst.buckets(), src.buckets(), t.bucket.size);
            p.step(Step::Leave { op: Op::Clone });
            return dst.0;
        }
        if dst.b() == 0 {
            dst.set_buckets(bucket(t));
        }
        copy_array(t, src, dst, p);
        if src.growing() {
            copy_old(t, src, dst, p);
        }
        p.step(Step::Leave { op: Op::Clone });
        dst.0
    }
}

/// Copies the array, bucket by bucket: the destination has as many buckets or fewer.
#[inline(always)]
unsafe fn copy_array<P: Probe>(t: &MapType, src: H, dst: H, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        let dst_len = bucket_shift(dst.b()) as i64;
        let src_len = bucket_shift(src.b()) as i64;
        let mut i = 0;
        while i < dst_len {
            let mut to = (B::of(t, dst.buckets(), i as u64), 0);
            let mut j = 0;
            while j < src_len {
                let mut from = B::of(t, src.buckets(), i.wrapping_add(j) as u64);
                while !from.is_nil() {
                    p.step(Step::Walk { addr: from.0 });
                    to = moveToBmap(t, dst, to, from, p);
                    from = from.overflow(t);
                }
                j = j.wrapping_add(dst_len);
            }
            i += 1;
        }
    }
}

/// Copies what a growth has not moved yet from the old array.
#[inline(always)]
unsafe fn copy_old<P: Probe>(t: &MapType, src: H, dst: H, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        let old = src.oldbuckets();
        let old_b = if src.same_size_grow() { src.b() } else { src.b().wrapping_sub(1) };
        let mut i = 0;
        while i < bucket_shift(old_b) as i64 {
            let mut from = B::of(t, old, i as u64);
            i += 1;
            p.step(Step::Walk { addr: from.0 });
            if evacuated(from) {
                continue;
            }
            if old_b >= dst.b() {
                // All of this bucket goes to one bucket of the copy, behind what is there.
                let mut b = B::of(t, dst.buckets(), (i - 1) as u64 & bucket_mask(dst.b()));
                while !b.overflow(t).is_nil() {
                    b = b.overflow(t);
                    p.step(Step::Walk { addr: b.0 });
                }
                let mut to = (b, 0);
                while !from.is_nil() {
                    to = moveToBmap(t, dst, to, from, p);
                    from = from.overflow(t);
                    p.step(Step::Walk { addr: from.0 });
                }
                continue;
            }
            while !from.is_nil() {
                for slot in 0..BUCKET_CNT {
                    if is_empty(from.top(slot)) {
                        continue;
                    }
                    if src.writing() {
                        fatal::fatal("concurrent map clone and map write")
                    }
                    let mut k = from.key(t, slot);
                    if t.indirect_key() {
                        k = mem::ld64(k) as usize;
                    }
                    let mut e = from.elem(t, slot);
                    if t.indirect_elem() {
                        e = mem::ld64(e) as usize;
                    }
                    let to = mapassign(t, dst.0, k, p);
                    typedmemmove(to, e, t.elem_size);
                }
                from = from.overflow(t);
                p.step(Step::Walk { addr: from.0 });
            }
        }
    }
}

/// `moveToBmap`: appends the entries of one bucket to a chain; returns where the next one goes.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
unsafe fn moveToBmap<P: Probe>(t: &MapType, h: H, to: (B, usize), from: B, p: &P) -> (B, usize) {
    let (mut dst, mut pos) = to;
    // SAFETY: the caller's promise.
    unsafe {
        for i in 0..BUCKET_CNT {
            if is_empty(from.top(i)) {
                continue;
            }
            while pos < BUCKET_CNT && !is_empty(dst.top(pos)) {
                pos += 1;
            }
            if pos == BUCKET_CNT {
                dst = newoverflow(t, h, dst, p);
                pos = 0;
            }
            let mut k = from.key(t, i);
            let mut e = from.elem(t, i);
            dst.set_top(pos, from.top(i));
            if t.indirect_key() {
                k = mem::ld64(k) as usize;
                if t.need_key_update() {
                    let what = For { role: Role::Key, map: h, table: 0 };
                    let new = newobject(t, t.key_size, !t.key_has_pointers, what);
                    typedmemmove(new, k, t.key_size);
                    k = new;
                }
                // A key that is never updated is never written: both maps may hold it.
                mem::st64(dst.key(t, pos), k as u64);
            } else {
                typedmemmove(dst.key(t, pos), k, t.key_size);
            }
            if t.indirect_elem() {
                e = mem::ld64(e) as usize;
                let what = For { role: Role::Elem, map: h, table: 0 };
                let new = newobject(t, t.elem_size, !t.elem_has_pointers, what);
                typedmemmove(new, e, t.elem_size);
                mem::st64(dst.elem(t, pos), new as u64);
            } else {
                typedmemmove(dst.elem(t, pos), e, t.elem_size);
            }
            pos += 1;
            h.set_count(h.count().wrapping_add(1));
        }
    }
    (dst, pos)
}

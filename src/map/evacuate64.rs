//! Moving a whole bucket of 8-byte keys and elements when a map grows, on a processor with AES.
//!
//! Evacuation is what building a map without a hint costs. Entry by entry it waits for a hash each, and guesses for each
//! where it goes and whether it is one; here the eight hashes are computed side by side and nothing is guessed. The stores
//! are the same in the same order, so that a fault at any of them leaves the memory as Go leaves it; only loads come earlier,
//! and those are of a bucket that lies on one page whose first byte has been read.

use super::grow::EvacDst;
use super::hmap::{B, H};
use crate::layout::{BUCKET_CNT, EMPTY_ONE, EVACUATED_EMPTY, EVACUATED_X, MIN_TOP_HASH, mem};
use crate::types::MapType;
use core::arch::x86_64::{
    __m128i, _mm_aesenc_si128, _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_max_epu8,
    _mm_min_epu8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8,
};

/// What this is made for.
const SLOT: usize = 8;
const KEYS: usize = 8;
const ELEMS: usize = KEYS + BUCKET_CNT * SLOT;
const SIZE: usize = ELEMS + BUCKET_CNT * SLOT + 8;
/// The smallest page.
const PAGE: usize = 4096;

/// Moves the entries of bucket `b` to where `xy` says, if that is simple enough; otherwise nothing has happened.
///
/// # Safety
/// As `evacuate_fast64`; `b` is a bucket of the old array or its chains that has not been evacuated.
#[inline(always)]
pub(super) unsafe fn move_bucket(t: &MapType, h: H, b: B, newbit: u64, xy: &mut [EvacDst; 2]) -> bool {
    let fits = t.aes && t.bucket.size == SIZE && t.bucket.elem_size == SLOT && b.0 % PAGE <= PAGE - SIZE;
    // Without the instruction there is no AES hashing fast enough to matter.
    if !fits || !is_x86_feature_detected!("aes") {
        return false;
    }
    // SAFETY: the caller's promise for the header and the bucket, which is all on the page of its first byte.
    unsafe {
        if h.same_size_grow() {
            return false;
        }
        let tops = mem::ld64(b.0);
        let (live, empty) = classes(tops);
        if live | empty != 0xff {
            return false;
        }
        let keys = [0, 1, 2, 3, 4, 5, 6, 7].map(|i| mem::ld64(b.0 + KEYS + i * SLOT));
        let to_y = hash_bits(t, h.hash0(), &keys, newbit) & live;
        let [x, y] = xy;
        if x.i + (live & !to_y).count_ones() as usize > BUCKET_CNT || y.i + to_y.count_ones() as usize > BUCKET_CNT {
            return false;
        }
        // Where the empty slots' bytes go.
        let mut nowhere = [0_u64; SIZE / 8];
        let nowhere = (&raw mut nowhere).expose_provenance();
        // For each half the address of the next tophash byte, and of the next key.
        let (mut x_top, mut x_key) = (x.b.0.wrapping_add(x.i), x.b.0.wrapping_add(KEYS + x.i * SLOT));
        let (mut y_top, mut y_key) = (y.b.0.wrapping_add(y.i), y.b.0.wrapping_add(KEYS + y.i * SLOT));
        macro_rules! slots {
            ($($i:literal)*) => {$(
                let (is_live, is_y) = (live & (1 << $i) != 0, to_y & (1 << $i) != 0);
                let (top, key) = if is_y { (y_top, y_key) } else { (x_top, x_key) };
                let (top, key) = if is_live { (top, key) } else { (nowhere, nowhere + KEYS) };
                mem::st8(b.0 + $i, if is_live { EVACUATED_X + u8::from(is_y) } else { EVACUATED_EMPTY });
                mem::st8(top, (tops >> (8 * $i)) as u8);
                mem::st64(key, mem::ld64(b.0 + KEYS + $i * SLOT));
                mem::st64(key.wrapping_add(ELEMS - KEYS), mem::ld64(b.0 + ELEMS + $i * SLOT));
                let (one_x, one_y) = (usize::from(is_live & !is_y), usize::from(is_y));
                (x_top, x_key) = (x_top.wrapping_add(one_x), x_key.wrapping_add(one_x * SLOT));
                (y_top, y_key) = (y_top.wrapping_add(one_y), y_key.wrapping_add(one_y * SLOT));
            )*};
        }
        slots! { 0 1 2 3 4 5 6 7 }
        x.i = x_top.wrapping_sub(x.b.0);
        y.i = y_top.wrapping_sub(y.b.0);
        debug_assert_eq!([x_key, y_key], [&*x, &*y].map(|dst| dst.b.0.wrapping_add(KEYS + dst.i * SLOT)));
    }
    true
}

/// Which of eight tophash bytes are live, and which say empty, a bit each.
#[inline(always)]
fn classes(tops: u64) -> (u32, u32) {
    // SAFETY: SSE2 is part of the architecture.
    unsafe {
        let tops = _mm_cvtsi64_si128(tops.cast_signed());
        let same = |v: __m128i| (_mm_movemask_epi8(_mm_cmpeq_epi8(v, tops)) & 0xff).cast_unsigned();
        let live = same(_mm_max_epu8(tops, _mm_set1_epi8(MIN_TOP_HASH.cast_signed())));
        let empty = same(_mm_min_epu8(tops, _mm_set1_epi8(EMPTY_ONE.cast_signed())));
        (live, empty)
    }
}

/// Of eight keys those whose hash has the bit `newbit`, a bit each (`memhash64`, with `seed` in its lower half).
#[target_feature(enable = "aes")]
fn hash_bits(t: &MapType, seed: u32, keys: &[u64; BUCKET_CNT], newbit: u64) -> u32 {
    // SAFETY: the schedule belongs to the runtime that the type keeps alive, and is 128 bytes long.
    let rounds = [0, 1, 2].map(|i| unsafe { _mm_loadu_si128(t.keys.cast::<__m128i>().add(i)) });
    // One past the last bit for a table without buckets, which only tampering makes.
    let shift = newbit.trailing_zeros();
    let mut bits = 0;
    macro_rules! keys {
        ($($i:literal)*) => {$(
            let x = _mm_set_epi64x(keys[$i].cast_signed(), seed.into());
            let x = _mm_aesenc_si128(_mm_aesenc_si128(_mm_aesenc_si128(x, rounds[0]), rounds[1]), rounds[2]);
            let hash = _mm_cvtsi128_si64(x).cast_unsigned();
            bits |= (hash.checked_shr(shift).unwrap_or(0) as u32 & 1) << $i;
        )*};
    }
    keys! { 0 1 2 3 4 5 6 7 }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::memhash64;
    use crate::runtime::{Runtime, RuntimeConfig};

    #[test]
    fn classes_of_all_bytes() {
        for top in 0..=255_u8 {
            let (live, empty) = classes(u64::from(top) << 16 | 0xff05_0001_0203_0004 & !(0xff << 16));
            assert_eq!(live & 4 != 0, top >= 5, "{top}");
            assert_eq!(empty & 4 != 0, top <= 1, "{top}");
            assert_eq!((live & !4, empty & !4), (0b1100_0000, 0b0011_0010 & !4), "{top}");
        }
    }

    #[test]
    fn hashes_are_those_of_memhash64() {
        if !is_x86_feature_detected!("aes") {
            return;
        }
        let rt = Runtime::new(RuntimeConfig { seed: Some(3), ..RuntimeConfig::default() });
        let t = MapType::u64(&rt, 8, false);
        for round in 0..100_u64 {
            let keys = std::array::from_fn(|i| (round * 8 + i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            for bit in [1, 1 << 7, 1 << 40, 0] {
                // SAFETY: the processor has AES.
                let got = unsafe { hash_bits(&t, round as u32, &keys, bit) };
                for (i, key) in keys.into_iter().enumerate() {
                    let want = memhash64(rt.key_schedule(), key, u64::from(round as u32)) & bit != 0;
                    assert_eq!(got >> i & 1 != 0, want, "key {i} of round {round}");
                }
            }
        }
    }
}

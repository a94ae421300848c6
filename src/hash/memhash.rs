//! `memhash`, `memhash32` and `memhash64` on AES (`runtime/asm_amd64.s`, the same from Go 1.19 to 1.25).

use super::KeySchedule;
use super::aes::{Hardware, Round, Tables, hardware};
use crate::layout::mem;

/// `memhash64`: the hash of an 8-byte key. `seed` and `key` side by side, mixed by three rounds of AES; the low half.
#[must_use]
#[inline]
pub fn memhash64(keys: &KeySchedule, key: u64, seed: u64) -> u64 {
    #[inline(always)]
    fn rounds<R: Round>(keys: &KeySchedule, key: u64, seed: u64) -> u64 {
        let x = u128::from(key) << 64 | u128::from(seed);
        R::enc(R::enc(R::enc(x, keys.key(0)), keys.key(1)), keys.key(2)) as u64
    }
    if hardware() { rounds::<Hardware>(keys, key, seed) } else { rounds::<Tables>(keys, key, seed) }
}

/// `memhash32`: the hash of a 4-byte key, which is mixed like an 8-byte key with a zero upper half.
#[must_use]
#[inline]
pub fn memhash32(keys: &KeySchedule, key: u32, seed: u64) -> u64 {
    memhash64(keys, key.into(), seed)
}

/// A round of AES with the state as its own key: how everything here is scrambled.
#[inline(always)]
fn scramble<R: Round>(x: u128) -> u128 {
    R::enc(x, x)
}

/// The `n` bytes at `p`, 1 to 15, and zeroes behind.
#[inline(always)]
unsafe fn load_few(p: usize, n: usize) -> u128 {
    // SAFETY: the caller's promise; every load lies within the bytes.
    unsafe {
        match n {
            8.. => {
                // What the second load repeats of the first one is shifted out.
                let high = mem::ld64(p.wrapping_add(n).wrapping_sub(8)).unbounded_shr(8 * (16 - n) as u32);
                u128::from(mem::ld64(p)) | u128::from(high) << 64
            }
            4.. => {
                let high = mem::ld32(p.wrapping_add(n).wrapping_sub(4));
                u128::from(u64::from(mem::ld32(p)) | u64::from(high) << (8 * (n - 4)))
            }
            _ => (0..n).fold(0, |b, i| b | u128::from(mem::ld8(p.wrapping_add(i))) << (8 * i)),
        }
    }
}

/// `N` blocks of sixteen bytes from `p` on.
#[inline(always)]
unsafe fn loads<const N: usize>(p: usize) -> [u128; N] {
    // SAFETY: the caller's promise.
    std::array::from_fn(|i| unsafe { mem::ld128(p.wrapping_add(16 * i)) })
}

/// Mixes `N` blocks, each with a seed of its own, and folds them into one.
#[inline(always)]
fn mix<R: Round, const N: usize>(keys: &KeySchedule, seed: u128, blocks: [u128; N]) -> u64 {
    finish::<R, N>(std::array::from_fn(|i| blocks[i] ^ lane_seed::<R>(keys, seed, i)))
}

/// The seed of lane `i`: the hash's seed with key `i` of the schedule.
#[inline(always)]
fn lane_seed<R: Round>(keys: &KeySchedule, seed: u128, i: usize) -> u128 {
    scramble::<R>(seed ^ keys.key(i))
}

/// Three more rounds for each lane; the lanes XORed; the low half.
#[inline(always)]
fn finish<R: Round, const N: usize>(lanes: [u128; N]) -> u64 {
    lanes.into_iter().map(|x| scramble::<R>(scramble::<R>(scramble::<R>(x)))).fold(0, |all, x| all ^ x) as u64
}

/// `memhash`: the hash of the `len` bytes at `p`.
///
/// # Safety
/// Reading these bytes must be sound, or fault inside a region that [`crate::fault`] watches.
#[must_use]
#[inline(always)]
pub unsafe fn memhash(keys: &KeySchedule, p: usize, seed: u64, len: usize) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { aeshashbody(keys, p, seed, len) }
}

/// `aeshashbody`, where `memhash` and `strhash` end up.
///
/// Blocks are loaded in Go's order, so that of several bad pages the same one faults. Go loads a key of 1 to 15 bytes with
/// one load of sixteen that stays on its page; here nothing but the key is loaded, from the same page.
///
/// # Safety
/// As [`memhash`].
#[inline(never)]
unsafe fn aeshashbody(keys: &KeySchedule, p: usize, seed: u64, len: usize) -> u64 {
    /// Its own function, as `long` is.
    #[cold]
    #[inline(never)]
    unsafe fn by_tables(keys: &KeySchedule, p: usize, seed: u64, len: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { body::<Tables>(keys, p, seed, len) }
    }
    // SAFETY: the caller's promise.
    unsafe {
        if hardware() {
            body::<Hardware>(keys, p, seed, len)
        } else {
            std::hint::black_box(by_tables(keys, p, seed, len))
        }
    }
}

#[inline(always)]
unsafe fn body<R: Round>(keys: &KeySchedule, p: usize, seed: u64, len: usize) -> u64 {
    let n = u128::from(len as u16);
    let seed = u128::from(seed) | n << 64 | n << 80 | n << 96 | n << 112;
    let from_end = |n: usize| p.wrapping_add(len).wrapping_sub(n);
    // SAFETY: the caller's promise; every load lies within the key.
    unsafe {
        match len {
            0 => scramble::<R>(lane_seed::<R>(keys, seed, 0)) as u64,
            1..16 => mix::<R, _>(keys, seed, [load_few(p, len)]),
            16 => mix::<R, _>(keys, seed, [mem::ld128(p)]),
            17..=32 => mix::<R, _>(keys, seed, [mem::ld128(p), mem::ld128(from_end(16))]),
            _ => std::hint::black_box(long::<R>(keys, p, seed, len)),
        }
    }
}

/// The rest of [`body`]: its own function, so that short keys need not save what only long ones use. Not in the place of
/// its caller, whose frame Go shows.
#[inline(never)]
unsafe fn long<R: Round>(keys: &KeySchedule, p: usize, seed: u128, len: usize) -> u64 {
    let from_end = |n: usize| p.wrapping_add(len).wrapping_sub(n);
    // SAFETY: the caller's promise; every load lies within the key.
    unsafe {
        match len {
            33..=64 => {
                let [a, b] = loads(p);
                let [c, d] = loads(from_end(32));
                mix::<R, _>(keys, seed, [a, b, c, d])
            }
            65..=128 => {
                let [a, b, c, d] = loads(p);
                let [e, f, g, h] = loads(from_end(64));
                mix::<R, _>(keys, seed, [a, b, c, d, e, f, g, h])
            }
            _ => {
                // The last 128 bytes come first; the block before may overlap them.
                let last: [u128; 8] = loads(from_end(128));
                let mut lanes: [u128; 8] = std::array::from_fn(|i| last[i] ^ lane_seed::<R>(keys, seed, i));
                for block in 0..(len - 1) / 128 {
                    let data: [u128; 8] = loads(p.wrapping_add(128 * block));
                    lanes = std::array::from_fn(|i| R::enc(scramble::<R>(lanes[i]), data[i]));
                }
                finish::<R, _>(lanes)
            }
        }
    }
}

/// Values below are what Go 1.19.8, 1.21.13, 1.22.10, 1.23.9 and 1.24.11 gave (called through `go:linkname`, with the key
/// schedule 00 01 02 … 7f).
#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> KeySchedule {
        KeySchedule(std::array::from_fn(|i| i as u8))
    }

    #[test]
    fn memhash64_of_real_go() {
        for (key, seed, hash) in [
            (0, 0, 0xc889_ce26_f0ff_6dd1),
            (1, 0, 0x2700_a152_0794_1884),
            (0x0123_4567_89ab_cdef, 0x9e37_79b9, 0xffe1_2d2a_7701_334c),
            (u64::MAX, 0xffff_ffff, 0x1e60_ef14_97e1_3862),
            (42, 7, 0x51b0_4288_99cc_7327),
            (1 << 63, 0x8000_0000, 0xfa4b_fdab_df86_5ea3),
            (0x1, 0x5887_fa00, 0xd7b2_1d1d_8876_f5e4),
            (0x8268_86b3_864a_1b1b, 0x670c_9436, 0xa152_4580_375e_845d),
            (0xa5fa_e199_2097_aa0e, 0x3241_2f54, 0x5fe6_23d3_8c11_fbaa),
            (0x6203_55cd_1193_57c5, 0x9a23_26af, 0x2114_fb30_55fc_dec6),
            (0xcba2_76b4_b881_a9f0, 0x6971_0353, 0xc5db_0259_f20c_02c9),
        ] {
            assert_eq!(memhash64(&keys(), key, seed), hash, "{key:#x} {seed:#x}");
        }
    }

    #[test]
    fn memhash32_of_real_go() {
        let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| data()[at + i]));
        assert_eq!(memhash32(&keys(), word(0), 0x1234_5678), 0xae8e_056c_ad63_e99f);
        assert_eq!(memhash32(&keys(), word(96), 0), 0xede8_17fa_143c_9295);
    }

    fn data() -> Vec<u8> {
        (0..600).map(|i| (i * 7 + i / 251) as u8).collect()
    }

    #[test]
    fn memhash_of_real_go_at_every_length_class() {
        let data = data();
        for (len, hash) in [
            (0, 0xf572_7a42_1dea_7799),
            (1, 0x9017_543b_e6b4_907a),
            (2, 0xf5ec_2ebb_9089_2b72),
            (3, 0xe6c3_1d95_7137_33cb),
            (4, 0x8099_8cbd_5841_258d),
            (5, 0x6a4c_9752_e43a_3c1b),
            (7, 0xc848_e7a8_80c3_365b),
            (8, 0x089e_82aa_3adc_cc39),
            (9, 0x806d_aa94_2368_0c97),
            (12, 0x376d_d4b4_f414_f8f2),
            (15, 0xa95b_0f94_5957_bc00),
            (16, 0x8522_cc37_8fde_2ed7),
            (17, 0x7b65_f2dc_8496_21da),
            (24, 0xb48f_9c3d_d1b0_004f),
            (31, 0xb84a_6be0_9371_7f11),
            (32, 0xc6ae_bc1a_ace5_0bf0),
            (33, 0x3e34_0665_692a_3fb6),
            (48, 0xe1ba_9704_d20a_e68a),
            (63, 0x8950_2b7b_731c_882a),
            (64, 0x3df6_4108_aaba_8776),
            (65, 0xa1b6_9c3f_4f7f_074f),
            (100, 0x9858_9657_de73_31e5),
            (127, 0x776a_f9f6_ac81_5478),
            (128, 0x76e9_4c56_c17a_9298),
            (129, 0xb685_232e_8706_382f),
            (200, 0x8a68_ec6b_3e3b_319b),
            (255, 0xf66c_db35_0690_9252),
            (256, 0x0b89_e8f0_cdc6_33a2),
            (257, 0x9c70_3dc5_c008_5d61),
            (384, 0xfc72_9335_38b5_0667),
            (385, 0xb5fc_65e9_a62d_3f38),
            (500, 0x8c69_0cdd_e60c_f8e5),
        ] {
            // SAFETY: that many bytes are there.
            let got = unsafe { memhash(&keys(), data.as_ptr().expose_provenance(), 0x1234_5678, len) };
            assert_eq!(got, hash, "{len} bytes");
        }
    }
}

//! One round of AES encryption: the processor's instruction, or tables where there is none.

/// A way to compute AESENC: ShiftRows, SubBytes, MixColumns of `state`, then XOR with `key` (Intel SDM, AESENC).
pub(super) trait Round {
    fn enc(state: u128, key: u128) -> u128;
}

/// The processor's instruction. Only where [`hardware`] says that there is one.
pub(super) struct Hardware;

/// Tables, on every machine.
pub(super) struct Tables;

/// Whether the processor has the instruction.
#[inline(always)]
pub(super) fn hardware() -> bool {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    return is_x86_feature_detected!("aes");
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    false
}

impl Round for Hardware {
    #[inline(always)]
    fn enc(state: u128, key: u128) -> u128 {
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        {
            use core::arch::x86_64::__m128i;
            use core::mem::transmute;
            // In assembly, because a function with a target feature is not inlined where that feature is only known to be there.
            // SAFETY: a u128 and a __m128i are the same sixteen bytes; the instruction is there and touches registers only.
            unsafe {
                let mut x: __m128i = transmute(state);
                let k: __m128i = transmute(key);
                core::arch::asm!("aesenc {x}, {k}", x = inout(xmm_reg) x, k = in(xmm_reg) k,
                    options(pure, nomem, nostack, preserves_flags));
                transmute(x)
            }
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        portable(state, key)
    }
}

impl Round for Tables {
    fn enc(state: u128, key: u128) -> u128 {
        portable(state, key)
    }
}

fn portable(state: u128, key: u128) -> u128 {
    let s = state.to_le_bytes();
    let mut out = [0_u8; 16];
    for column in 0..4 {
        // ShiftRows: row r of a column comes from r columns further on.
        let a: [u8; 4] = std::array::from_fn(|row| SBOX[usize::from(s[(4 * (column + row) + row) % 16])]);
        for row in 0..4 {
            let at = |i: usize| a[(row + i) % 4];
            out[4 * column + row] = double(at(0)) ^ double(at(1)) ^ at(1) ^ at(2) ^ at(3);
        }
    }
    u128::from_le_bytes(out) ^ key
}

/// Multiplication by x in the field of AES (FIPS 197, 4.2.1).
const fn double(b: u8) -> u8 {
    b << 1 ^ (0x1b & (b >> 7).wrapping_neg())
}

/// The substitution of AES, computed from its definition (FIPS 197, 5.1.1).
const SBOX: [u8; 256] = {
    let mut table = [0; 256];
    // 3 generates the field's multiplicative group and 0xf6 is its inverse: walk p = 3^n, q = 3^-n.
    let (mut p, mut q) = (1_u8, 1_u8);
    loop {
        p = p ^ double(p);
        q ^= q << 1;
        q ^= q << 2;
        q ^= q << 4;
        q ^= 0x09 & (q >> 7).wrapping_neg();
        table[p as usize] = q ^ q.rotate_left(1) ^ q.rotate_left(2) ^ q.rotate_left(3) ^ q.rotate_left(4) ^ 0x63;
        if p == 1 {
            break;
        }
    }
    table[0] = 0x63;
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn best(state: u128, key: u128) -> u128 {
        if hardware() { Hardware::enc(state, key) } else { Tables::enc(state, key) }
    }

    /// Example of the AES instruction set white paper (Gueron): AESENC of a known state and key.
    #[test]
    fn white_paper() {
        let state = 0x7b5b_5465_7374_5665_6374_6f72_5d53_475d;
        let key = 0x4869_2853_6861_7929_5b47_7565_726f_6e5d;
        let want = 0xa831_1c2f_9fdb_a3c5_8b10_4b58_ded7_e595;
        assert_eq!(portable(state, key), want);
        assert_eq!(best(state, key), want);
    }

    #[test]
    fn hardware_and_tables_agree() {
        let mut x = 1_u128;
        for _ in 0..1000 {
            x = x.wrapping_mul(0x2d99_787f_926d_46d9_3246_5dca_6a8f_77e5).wrapping_add(1);
            assert_eq!(best(x, x.rotate_left(40)), portable(x, x.rotate_left(40)));
        }
    }
}

//! Hashes taken from real Go: the hash functions of map types (`abi.MapType.Hasher`) called on these values, with both families
//! of hash functions, by Go 1.19.8, 1.21.13, 1.22.10, 1.23.9 and 1.24.11. AES gives the same in all of them, the fallback one
//! thing up to 1.22 and another from 1.23 on.

use super::{Algorithm, HashKey, KeySchedule, alg, equal};
use crate::fatal::{GoPanic, recover};
use crate::heap::{Request, Role};
use crate::layout::mem;
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::{GoType, Kind};
use crate::version::GoVersion;
use std::sync::Arc;

/// Leaves of a value, in order.
#[derive(Clone, Copy)]
enum Leaf {
    U(u64),
    F(f64),
    S(&'static str),
    /// An interface that holds a value of that type; none for nil.
    I(&'static str, &'static [Leaf]),
}
use Leaf::{F, I, S, U};

const SEED: u64 = 0x1234_5678;

fn runtime(hash: Algorithm, version: GoVersion) -> Arc<Runtime> {
    Runtime::new(RuntimeConfig {
        version,
        hash,
        keys: Some(KeySchedule(std::array::from_fn(|i| i as u8))),
        hashkey: Some(HashKey([
            0x0123_4567_89ab_cdef,
            0x1122_3344_5566_7789,
            0x99aa_bbcc_ddee_ff01,
            0x8877_6655_4433_2213,
        ])),
        seed: Some(1),
        ..RuntimeConfig::default()
    })
}

fn object(rt: &Runtime, size: usize) -> usize {
    let r = Request { size: size.max(1), noscan: false, malloc_headers: false, owner: 0, role: Role::Other, table: 0 };
    rt.heap.alloc(&r).expect("memory").addr
}

/// Stores leaves at `at`, as a value of type `ty`.
fn fill(rt: &Runtime, ty: &GoType, at: usize, leaves: &mut impl Iterator<Item = Leaf>) {
    let mut leaf = || leaves.next().expect("a leaf for everything");
    let float = |size: usize, at: usize, f: f64| {
        // SAFETY: a fresh object of the type's size.
        unsafe { if size == 4 { mem::st32(at, (f as f32).to_bits()) } else { mem::st64(at, f.to_bits()) } }
    };
    match ty.kind() {
        Kind::Array(elem, n) => (0..*n).for_each(|i| fill(rt, elem, at + i * elem.size(), leaves)),
        Kind::Struct(fields) => fields.iter().for_each(|f| fill(rt, &f.ty, at + f.offset, leaves)),
        Kind::Complex => {
            for part in [0, 1] {
                let F(f) = leaf() else { panic!("a float") };
                float(ty.size() / 2, at + part * ty.size() / 2, f);
            }
        }
        _ => {
            // SAFETY: as above.
            unsafe {
                match leaf() {
                    F(f) => float(ty.size(), at, f),
                    U(u) => (0..ty.size()).for_each(|i| mem::st8(at + i, (u >> (8 * i)) as u8)),
                    S(s) => {
                        let data = object(rt, s.len());
                        s.bytes().enumerate().for_each(|(i, b)| mem::st8(data + i, b));
                        mem::st64(at, data as u64);
                        mem::st64(at + 8, s.len() as u64);
                    }
                    I("", _) => {}
                    I(name, leaves) => {
                        let held = GoType::parse(name).unwrap();
                        let Kind::Interface(methods) = ty.kind() else { panic!("an interface") };
                        let word = if methods.is_empty() { rt.types.word(&held) } else { rt.types.itab(ty, &held) };
                        mem::st64(at, word as u64);
                        let direct = held.direct_iface();
                        let data = if direct { at + 8 } else { object(rt, held.size()) };
                        fill(rt, &held, data, &mut leaves.iter().copied());
                        if !direct {
                            mem::st64(at + 8, data as u64);
                        }
                    }
                }
            }
        }
    }
}

fn value(rt: &Runtime, ty: &GoType, leaves: &[Leaf]) -> usize {
    let at = object(rt, ty.size());
    fill(rt, ty, at, &mut leaves.iter().copied());
    at
}

/// Hashes with AES, with the fallback of Go 1.22, with that of 1.23.
fn families() -> [Arc<Runtime>; 3] {
    [
        runtime(Algorithm::Aes, GoVersion::V1_22),
        runtime(Algorithm::Fallback, GoVersion::V1_22),
        runtime(Algorithm::Fallback, GoVersion::V1_23),
    ]
}

#[test]
fn values_of_all_kinds() {
    type Row = (&'static str, &'static [Leaf], u64, u64, u64);
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ("uint32", &[U(0xdead_beef)], 0x1555_eb7f_6c7d_3417, 0x5c38_efc5_0a9e_3d72, 0x70ff_9805_e0e4_5997),
        ("uint64", &[U(0x0123_4567_89ab_cdef)], 0x3554_626a_9ec4_0326, 0xe016_7054_d8c9_2034, 0xf329_bdb9_dace_3960),
        ("[5]uint8", &[U(1), U(8), U(15), U(22), U(29)], 0x86b1_032e_a684_e94a, 0x56d2_5320_716c_689b, 0x9725_c7d7_6f3d_6de8),
        ("struct{}", &[], 0x0000_0000_1234_5678, 0x0000_0000_1234_5678, 0x0000_0000_1234_5678),
        ("bool", &[U(1)], 0xb8eb_cc28_459f_7358, 0xec53_62f0_5914_dcf5, 0xcd45_ec6c_a173_14ca),
        ("float64", &[F(1.5)], 0x930d_8ec3_976e_80c7, 0xe68d_1402_dd00_5e74, 0xcc91_8e7c_3497_f2a3),
        ("float64", &[F(-0.0)], 0x2cc8_0d0f_597a_bd67, 0x2cc8_0d0f_597a_bd67, 0x2cc8_0d0f_597a_bd67),
        ("float32", &[F(1.5)], 0xba31_7f5a_029d_2bdc, 0x04c2_aec4_9d38_d282, 0x3776_b611_e965_7797),
        ("complex64", &[F(1.5), F(-2.0)], 0xfa7f_7284_b293_4abe, 0x9cef_97e9_58d7_b1d5, 0x3062_ba78_0273_1e1f),
        ("complex128", &[F(0.0), F(3.25)], 0x2e5e_a4c8_5228_2d9d, 0x66ed_f78b_a780_765b, 0x9ea5_bd94_2b84_88bb),
        ("struct{a, b uint8; c uint16; s string; d, e uint64}", &[U(1), U(2), U(3), S("abc"), U(4), U(5)], 0x6066_4a99_f1b1_8af6, 0x882d_7303_55e1_c58a, 0x3309_8e3b_1d28_1057),
        ("struct{a uint8; b uint64; c, d uint8}", &[U(1), U(2), U(3), U(4)], 0x4a33_548b_1a8f_44c4, 0xd729_ea75_9b2a_5b9d, 0x5c1c_5b83_60e6_904d),
        ("struct{a, _, b uint8; f float32}", &[U(1), U(9), U(3), F(0.5)], 0x02ca_8014_92f1_713d, 0x3b6e_a33f_1563_dd58, 0x8b77_4ef2_c476_6634),
        ("[3]string", &[S("x"), S(""), S("yz")], 0x8ee0_10b8_5b4b_3387, 0x7b47_546f_7505_7319, 0xdd20_ca19_7067_0c45),
        ("[2]struct{f float64; s [2]string}", &[F(1.0), S("a"), S("b"), F(2.0), S("c"), S("d")], 0xef99_1fe4_59f4_ac4b, 0x097a_9405_00b6_e34c, 0xde6e_9790_743e_7d2d),
        ("struct{z struct{}; s string; y [0]int}", &[S("q")], 0x725e_40cf_042e_265f, 0x3b25_84f3_5f1b_c1bd, 0x64e3_38f0_fb93_04d5),
        ("any", &[I("int", &[U(5)])], 0xae39_1f6b_bed2_76ef, 0x59bd_42f8_f0b7_7974, 0x4082_022a_88b8_c785),
        ("any", &[I("", &[])], 0x0000_0000_1234_5678, 0x0000_0000_1234_5678, 0x0000_0000_1234_5678),
        ("any", &[I("string", &[S("hello")])], 0x30d4_3d23_7d73_d8b1, 0x098d_262f_9bfb_e1bf, 0xa0e7_2cbd_deaa_67bb),
        ("any", &[I("uint8", &[U(7)])], 0xd99a_8e47_3d75_f0bf, 0xa13a_5490_2984_6473, 0xb041_8e1f_002e_d2d8),
        ("any", &[I("int32", &[U(-7_i64 as u64)])], 0x8cd5_cc26_8504_7849, 0x05c4_d217_02bd_e00c, 0xa781_0ad2_112b_f64d),
        ("any", &[I("struct{a, b uint8; s string}", &[U(1), U(2), S("z")])], 0xef27_912b_c906_e433, 0x5e8f_8b9f_beea_e6fa, 0x3958_ff08_1189_d895),
        ("any", &[I("struct{a uint8; b uint64; c, d uint8}", &[U(1), U(2), U(3), U(4)])], 0x771d_a19f_11f7_c5ea, 0x4bd1_8510_343a_9709, 0x9464_a1ee_e6c8_f6dd),
        ("any", &[I("[3]uint16", &[U(1), U(2), U(3)])], 0xd2a7_fd47_b90a_74e1, 0x6e9d_d8b4_e708_a56b, 0x17bd_dbc9_8e02_aa12),
        ("any", &[I("struct{}", &[])], 0x959b_3f0f_1bc6_b079, 0xb1a5_add0_5bec_0427, 0xccfd_5d7e_a2ac_6cca),
        ("any", &[I("struct{x any}", &[I("float64", &[F(3.5)])])], 0x6896_db6f_a18b_44fd, 0x0f84_21e9_5f01_dc7e, 0xbf83_5bac_28bf_2b47),
        ("interface{M()}", &[I("struct{a, b uint8; s string}", &[U(1), U(2), S("z")])], 0xef27_912b_c906_e433, 0x5e8f_8b9f_beea_e6fa, 0x3958_ff08_1189_d895),
        ("struct{a any; b int}", &[I("string", &[S("k")]), U(9)], 0xd123_b1bc_f555_31ee, 0x83d9_8a49_e521_704b, 0xc178_d2b0_bd49_2e14),
        ("any", &[I("*int", &[U(0x0012_3450)])], 0x51ef_9c83_dc45_414f, 0x703e_9cd2_ec62_4a66, 0xda23_bca5_2f5b_f397),
        ("any", &[I("struct{p *int}", &[U(0x0012_3450)])], 0x51ef_9c83_dc45_414f, 0x703e_9cd2_ec62_4a66, 0xda23_bca5_2f5b_f397),
        ("interface{M()}", &[I("*struct{}", &[U(0x0012_3450)])], 0x51ef_9c83_dc45_414f, 0x703e_9cd2_ec62_4a66, 0xda23_bca5_2f5b_f397),
    ];
    for &(ty, leaves, aes, to_122, from_123) in rows {
        let t = GoType::parse(ty).unwrap();
        for (rt, want) in families().iter().zip([aes, to_122, from_123]) {
            let (a, b) = (value(rt, &t, leaves), value(rt, &t, leaves));
            // SAFETY: values of that type.
            unsafe {
                let got = alg::hash(rt, &t, a, SEED);
                assert_eq!(got, want, "{ty} {:?} {:x}", rt.hash().algorithm(), got);
                assert!(equal::equal(rt, &t, a, b), "{ty}");
            }
        }
    }
}

#[test]
fn strings_of_every_form() {
    for (len, aes, to_122, from_123) in [
        (0, 0xf572_7a42_1dea_7799, 0xa155_5803_e322_ffb8, 0x0123_4567_9b9f_9b97),
        (1, 0xb8eb_cc28_459f_7358, 0xec53_62f0_5914_dcf5, 0xcd45_ec6c_a173_14ca),
        (2, 0xe724_af0f_ec4e_26d1, 0xa00f_e00b_3f59_2f5e, 0x1de8_bda4_bea4_fba3),
        (3, 0x9b9c_1056_0dba_a303, 0x3180_3b13_e430_a2e5, 0x4a93_5366_2035_6a98),
        (4, 0x94c4_8442_c344_c379, 0x5928_4a3b_c284_0f59, 0x1194_ab7f_8146_013e),
        (5, 0x86b1_032e_a684_e94a, 0x56d2_5320_716c_689b, 0x9725_c7d7_6f3d_6de8),
        (7, 0x2d9c_efb1_893f_156f, 0xddf9_10d5_46c5_88a4, 0xf58f_26d2_b902_4faf),
        (8, 0x8a75_14aa_a587_70ab, 0xb820_841b_24b9_1640, 0x2c5e_1fb4_064d_b179),
        (9, 0xdb8b_e7a3_741d_f2d2, 0x09ee_28a9_0c2d_1ae4, 0xc0c8_2066_bd76_a56e),
        (15, 0xf4e3_d8dc_78be_364d, 0x6f08_475d_72ae_55dd, 0x2b93_cf2b_8946_c17f),
        (16, 0x5201_676c_02f4_b4bb, 0xb428_41b2_bfe8_51fe, 0xaa53_943f_e6e3_90b3),
        (17, 0xbca6_a421_9ca7_9367, 0xa6ce_1662_39a3_6225, 0x2da2_d261_0b73_b338),
        (31, 0xa61e_72f1_93dc_10ec, 0xfb88_6f45_b1b3_7575, 0x4dc2_544b_68fb_c4ff),
        (33, 0x54ea_ce1f_46e1_1b90, 0xf5f5_fdbb_6ec0_5b73, 0x2356_339b_47a7_d842),
        (48, 0xb331_6c9c_cbc1_adf9, 0xaa10_ac9a_b4ac_2c93, 0x4e3c_4f6a_11ee_7aa6),
        (49, 0xd7cf_a31e_e032_60d6, 0x3b99_96b5_0e39_c51e, 0x1c00_9648_11da_4b5b),
        (64, 0xdf5d_e062_78fa_4a85, 0x7ba2_283c_c6a6_7bdd, 0x7d6e_b0c5_2f25_78e0),
        (65, 0x1595_269f_adb9_2127, 0x28af_b3ff_68f2_c8ff, 0xcfa2_4f70_3ee8_c674),
        (96, 0x7422_1567_8dc8_3f6e, 0x0bdf_a82c_eb15_7f70, 0xf779_5010_cf55_148b),
        (97, 0xf145_2747_dab1_1a53, 0xf421_140b_84d5_d159, 0x3ea1_c3a7_5cca_e892),
        (129, 0xedbe_579b_bfc5_a2cd, 0x3125_9147_0f6c_6ed0, 0x5e7d_c4be_5022_5fd0),
        (200, 0x72a3_b9ef_e30a_0e1d, 0xc1d4_b001_2948_e873, 0x609e_9c03_54ca_cf66),
    ] {
        let bytes: Vec<u8> = (0..len).map(|i: usize| (i * 7 + 1) as u8).collect();
        let string = [bytes.as_ptr().expose_provenance(), len];
        for (rt, want) in families().iter().zip([aes, to_122, from_123]) {
            // SAFETY: a string of this frame.
            let got = unsafe { rt.hash().strhash(string.as_ptr().expose_provenance(), SEED) };
            assert_eq!(got, want, "{len} bytes, {:?}", rt.hash().algorithm());
        }
    }
}

/// Changing any leaf makes a value another one; blank fields and padding do not count.
#[test]
fn inequality() {
    let rt = &families()[0];
    for (ty, a, others) in [
        (
            "struct{a, b uint8; c uint16; s string; d, e uint64; _ int}",
            [U(1), U(2), U(3), S("abc"), U(4), U(5), U(6)].as_slice(),
            [(0, U(9)), (1, U(9)), (2, U(9)), (3, S("abd")), (3, S("ab")), (4, U(9)), (5, U(9))].as_slice(),
        ),
        ("[7]string", &[S("a"); 7], &[(0, S("b")), (6, S("b")), (3, S("aa"))]),
        ("[9]float32", &[F(1.0); 9], &[(0, F(2.0)), (8, F(2.0)), (4, F(f64::NAN))]),
        (
            "[5]struct{n int; s string}",
            &[U(1), S("a"), U(1), S("a"), U(1), S("a"), U(1), S("a"), U(1), S("a")],
            &[(8, U(2)), (9, S("c"))],
        ),
        ("[300]uint8", &[U(7); 300], &[(0, U(0)), (63, U(0)), (64, U(0)), (292, U(0)), (299, U(0))]),
        ("complex128", &[F(1.0), F(2.0)], &[(0, F(3.0)), (1, F(3.0))]),
        (
            "struct{a any; b [2]any}",
            &[I("int", &[U(1)]), I("", &[]), I("string", &[S("x")])],
            &[
                (0, I("int", &[U(2)])),
                (0, I("int64", &[U(1)])),
                (1, I("bool", &[U(0)])),
                (2, I("string", &[S("y")])),
                (2, I("", &[])),
            ],
        ),
        (
            "struct{e interface{M()}; n int}",
            &[I("struct{p *int}", &[U(8)]), U(1)],
            &[(0, I("struct{p *int}", &[U(16)])), (0, I("*int", &[U(8)])), (1, U(2))],
        ),
    ] {
        let t = GoType::parse(ty).unwrap();
        let first = value(rt, &t, a);
        for &(i, other) in others {
            let mut b = a.to_vec();
            b[i] = other;
            // SAFETY: values of that type.
            assert!(unsafe { !equal::equal(rt, &t, first, value(rt, &t, &b)) }, "{ty}, leaf {i}");
        }
    }
    let blank = GoType::parse("struct{a uint8; _ uint8; b uint32; s string}").unwrap();
    let (x, y) = ([U(1), U(2), U(3), S("s")], [U(1), U(9), U(3), S("s")]);
    // SAFETY: as above.
    assert!(unsafe { equal::equal(rt, &blank, value(rt, &blank, &x), value(rt, &blank, &y)) });
}

/// What Go says, word for word; the topmost type inside the interface is named.
#[test]
fn what_cannot_be_hashed_or_compared() {
    let rt = &families()[0];
    let any = GoType::parse("any").unwrap();
    for (held, name) in [
        ("[]int", "[]int"),
        ("func(int) string", "func(int) string"),
        ("map[string]int", "map[string]int"),
        ("struct{a []int; b int}", "struct { a []int; b int }"),
        ("[2]func()", "[2]func()"),
    ] {
        let v = object(rt, 16);
        let held = GoType::parse(held).unwrap();
        // SAFETY: an interface's two words; nothing looks at the data.
        unsafe {
            mem::st64(v, rt.types.word(&held) as u64);
            let text = |p: Result<u64, GoPanic>| p.unwrap_err().text().to_owned();
            let hashing = format!("runtime error: hash of unhashable type {name}");
            assert_eq!(text(recover(|| alg::hash(rt, &any, v, 0))), hashing);
            assert_eq!(text(recover(|| alg::key_error(rt, &any, v)).map(|()| 0)), hashing);
            let comparing = format!("runtime error: comparing uncomparable type {name}");
            assert_eq!(text(recover(|| equal::equal(rt, &any, v, v)).map(u64::from)), comparing);
        }
    }
}

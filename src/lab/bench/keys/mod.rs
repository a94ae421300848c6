//! The keys of all benches, the same in Rust and in Go (`go/main.go`).
//!
//! Random and different, so that neither order nor pattern helps anybody; chosen for each operation at random, from streams
//! too long for a branch predictor to learn.

mod kinds;

pub use kinds::{Address, Boxed, Float, Mac, Pool, Record, Text, Url, Uuid};

/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const KEYS: u64 = 12345;
const CHOICES: u64 = 0x5eed;

/// Numbers from here on are of keys that no map of a bench has.
const ABSENT: u64 = 1 << 40;

/// A bijection that leaves no pattern (the finaliser of SplitMix64).
#[inline]
fn mix64(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Key number `i` of 64 bits. All are different.
#[inline]
#[must_use]
pub fn key(i: u64) -> u64 {
    mix64(KEYS.wrapping_add((i + 1).wrapping_mul(GOLDEN)))
}

/// Choice number `j` among `n`.
#[inline]
#[must_use]
pub fn choice(j: u64, n: u64) -> u64 {
    let r = mix64(CHOICES.wrapping_add((j + 1).wrapping_mul(GOLDEN)));
    ((u128::from(r) * u128::from(n)) >> 64) as u64
}

/// The type of a map's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// Eight bytes.
    #[default]
    Uint64,
    /// Four bytes.
    Uint32,
    /// Strings of 16 bytes.
    String,
    /// Strings of 64 bytes that differ in the last 16.
    Url,
    /// Pointers.
    Pointer,
    /// Arrays of 16 bytes: with this one begin those for which Go has no functions of their own, but takes the generic ones.
    Uuid,
    /// Arrays of 6 bytes.
    Mac,
    /// Floating-point numbers of 8 bytes.
    Float64,
    /// Interfaces that hold numbers of 8 bytes.
    Any,
    /// A string and a number.
    Record,
}

impl KeyType {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Uint64,
        Self::Uint32,
        Self::String,
        Self::Url,
        Self::Pointer,
        Self::Uuid,
        Self::Mac,
        Self::Float64,
        Self::Any,
        Self::Record,
    ];

    /// Go's name for it, or that of `type uuid [16]byte`, `type mac [6]byte`, `type record struct { name string; id uint64 }`;
    /// `url` is a string like any other.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uint64 => "uint64",
            Self::Uint32 => "uint32",
            Self::String => "string",
            Self::Url => "url",
            Self::Pointer => "unsafe.Pointer",
            Self::Uuid => "uuid",
            Self::Mac => "mac",
            Self::Float64 => "float64",
            Self::Any => "any",
            Self::Record => "record",
        }
    }
}

/// A key.
pub trait Key: Copy + 'static {
    /// Its type.
    const TYPE: KeyType;
    /// Where keys keep what they consist of.
    type Pool;

    /// The keys with these numbers, which are good for as long as the pool is.
    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, Self::Pool);

    /// 64 bits of it.
    fn print(self) -> u64;

    /// What a loop over a map makes of it.
    fn fold(self) -> u64;
}

impl Key for u64 {
    const TYPE: KeyType = KeyType::Uint64;
    type Pool = ();

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, ()) {
        (numbers.map(key).collect(), ())
    }

    fn print(self) -> u64 {
        self
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self
    }
}

/// The keys `0..n`.
pub fn first(n: usize) -> impl Iterator<Item = u64> {
    0..n as u64
}

/// `ops` keys of the first `n`, at random.
pub fn hits(n: usize, ops: usize) -> impl Iterator<Item = u64> {
    (0..ops as u64).map(move |j| choice(j, n as u64))
}

/// One of the first `n` keys, `ops` times.
pub fn hot(n: usize, ops: usize) -> impl Iterator<Item = u64> {
    std::iter::repeat_n(choice(0, n as u64), ops)
}

/// `ops` keys that no map of a bench has.
pub fn misses(ops: usize) -> impl Iterator<Item = u64> {
    (0..ops as u64).map(|j| ABSENT + j)
}

/// A number that depends on every key and its place.
#[must_use]
pub fn print<K: Key>(keys: &[K]) -> u64 {
    keys.iter().fold(keys.len() as u64, |h, k| (h ^ k.print()).rotate_left(5).wrapping_mul(GOLDEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `go/main.go`, run by real Go 1.23.9, answers to `prepare` for these.
    #[test]
    fn as_in_the_go_program() {
        fn prints<K: Key>() -> [u64; 4] {
            let of = |(keys, _pool): (Vec<K>, K::Pool)| print(&keys);
            [
                of(K::numbered(hits(1024, 1 << 20))),
                of(K::numbered(hot(1024, 1 << 20))),
                of(K::numbered(misses(1 << 20))),
                of(K::numbered(first(1024))),
            ]
        }
        let words = [
            16_700_804_322_044_874_582,
            5_056_181_653_118_640_834,
            4_425_914_891_901_789_472,
            10_052_082_130_216_469_328,
        ];
        assert_eq!(prints::<u64>(), words);
        let narrow = [
            10_967_170_728_034_616_498,
            15_846_393_467_256_686_643,
            2_460_745_371_718_823_598,
            11_721_037_897_473_084_731,
        ];
        assert_eq!(prints::<u32>(), narrow);
        let texts = [
            3_783_768_557_226_337_948,
            3_749_766_680_223_135_388,
            5_231_980_510_077_107_709,
            12_612_210_847_051_973_735,
        ];
        assert_eq!(prints::<Text>(), texts);
        assert_eq!(prints::<Url>(), texts);
        let uuids = [
            11_554_821_624_132_493_980,
            5_505_682_667_991_654_743,
            10_211_528_145_022_464_071,
            14_610_837_311_986_003_531,
        ];
        assert_eq!(prints::<Uuid>(), uuids);
        let addresses = [
            5_289_759_659_496_484_893,
            12_410_207_012_336_151_418,
            2_651_775_322_379_362_218,
            12_476_663_655_760_046_879,
        ];
        assert_eq!(prints::<Address>(), addresses);
        let macs = [
            17_569_617_583_465_988_220,
            15_537_861_938_491_958_011,
            9_759_520_685_318_423_731,
            1_449_957_346_035_109_996,
        ];
        assert_eq!(prints::<Mac>(), macs);
        let floats = [
            16_362_134_266_383_377_792,
            9_197_744_629_161_085_349,
            364_008_538_594_728_807,
            10_902_938_763_228_121_407,
        ];
        assert_eq!(prints::<Float>(), floats);
        assert_eq!(prints::<Boxed>(), words);
        let records = [
            14_455_407_256_358_784_059,
            2_739_918_211_693_078_345,
            18_068_722_481_881_832_494,
            8_104_143_684_338_592_392,
        ];
        assert_eq!(prints::<Record>(), records);
    }

    #[test]
    fn keys_differ() {
        fn distinct<K: Key + Eq + std::hash::Hash>() {
            let (keys, _pool) = K::numbered(first(100_000).chain(misses(100_000)));
            assert_eq!(keys.iter().collect::<std::collections::HashSet<_>>().len(), keys.len(), "{:?}", K::TYPE);
        }
        distinct::<u64>();
        distinct::<u32>();
        distinct::<Text>();
        distinct::<Url>();
        distinct::<Uuid>();
        distinct::<Address>();
        distinct::<Mac>();
        distinct::<Float>();
        distinct::<Boxed>();
        distinct::<Record>();
    }

    #[test]
    fn choices_are_fair() {
        let mut seen = [0; 7];
        (0..70_000).for_each(|j| seen[choice(j, 7) as usize] += 1);
        assert!(seen.iter().all(|n| (9_500..10_500).contains(n)), "{seen:?}");
    }
}

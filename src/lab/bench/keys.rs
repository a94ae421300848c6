//! The keys of all benches, the same in Rust and in Go (`go/main.go`).
//!
//! Random and different, so that neither order nor pattern helps anybody; chosen for each operation at random, from streams
//! too long for a branch predictor to learn.

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

/// The same for 32 bits (the finaliser of MurmurHash3).
#[inline]
fn mix32(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    let x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
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
    /// Arrays of 16 bytes, for which Go has no functions of their own: the generic path.
    Uuid,
}

impl KeyType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Uint64, Self::Uint32, Self::String, Self::Uuid];

    /// Go's name for it, or that of `type uuid [16]byte`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Uint64 => "uint64",
            Self::Uint32 => "uint32",
            Self::String => "string",
            Self::Uuid => "uuid",
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

impl Key for u32 {
    const TYPE: KeyType = KeyType::Uint32;
    type Pool = ();

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, ()) {
        // Those that no map has are in the upper half.
        (numbers.map(|i| mix32(if i < ABSENT { i as Self } else { (i - ABSENT) as Self | 1 << 31 })).collect(), ())
    }

    fn print(self) -> u64 {
        self.into()
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self.into()
    }
}

/// A string of 16 bytes, hexadecimal digits, that lies in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text(&'static [u8; 16]);

impl Text {
    /// Its bytes.
    #[inline(always)]
    #[must_use]
    pub fn bytes(self) -> &'static [u8; 16] {
        self.0
    }
}

/// Where [`Text`]s lie.
#[derive(Debug)]
pub struct Texts(*mut [[u8; 16]]);

impl Drop for Texts {
    fn drop(&mut self) {
        // SAFETY: from `Box::into_raw`; nobody uses a text of a pool that is gone.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl Key for Text {
    const TYPE: KeyType = KeyType::String;
    type Pool = Texts;

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, Texts) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = |i| {
            let k = key(i);
            std::array::from_fn(|at| DIGITS[(k >> (60 - 4 * at) & 15) as usize])
        };
        let pool = Box::into_raw(numbers.map(digits).collect::<Box<[[u8; 16]]>>());
        // SAFETY: nobody writes to it; the trait says how long texts are good.
        let texts: &'static [[u8; 16]] = unsafe { &*pool };
        (texts.iter().map(Self).collect(), Texts(pool))
    }

    fn print(self) -> u64 {
        let [low, high] = [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|i| self.0[at + i])));
        low ^ high.rotate_left(1)
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self.0.len() as u64
    }
}

/// 16 bytes, aligned as bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Key for Uuid {
    const TYPE: KeyType = KeyType::Uuid;
    type Pool = ();

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, ()) {
        let bytes = |i| (u128::from(key(i)) | u128::from(key(i ^ 1 << 63)) << 64).to_le_bytes();
        (numbers.map(|i| Self(bytes(i))).collect(), ())
    }

    fn print(self) -> u64 {
        let all = u128::from_le_bytes(self.0);
        all as u64 ^ ((all >> 64) as u64).rotate_left(1)
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        u128::from_le_bytes(self.0) as u64
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
        let uuids = [
            11_554_821_624_132_493_980,
            5_505_682_667_991_654_743,
            10_211_528_145_022_464_071,
            14_610_837_311_986_003_531,
        ];
        assert_eq!(prints::<Uuid>(), uuids);
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
        distinct::<Uuid>();
    }

    #[test]
    fn choices_are_fair() {
        let mut seen = [0; 7];
        (0..70_000).for_each(|j| seen[choice(j, 7) as usize] += 1);
        assert!(seen.iter().all(|n| (9_500..10_500).contains(n)), "{seen:?}");
    }
}

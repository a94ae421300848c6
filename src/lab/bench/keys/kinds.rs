//! The kinds of keys but the plainest one.

use super::{ABSENT, Key, KeyType, key};
use std::hash::{Hash, Hasher};

/// A bijection of 32 bits (the finaliser of MurmurHash3).
#[inline]
fn mix32(x: u32) -> u32 {
    let x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
    let x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
    x ^ (x >> 16)
}

/// A bijection of so many bits.
#[inline]
fn mix_low(x: u64, bits: u32) -> u64 {
    let low = (1 << bits) - 1;
    let x = (x ^ (x >> (bits / 2))).wrapping_mul(0xbf58_476d_1ce4_e5b9) & low;
    let x = (x ^ (x >> (bits / 2 - 1))).wrapping_mul(0x94d0_49bb_1331_11eb) & low;
    x ^ (x >> (bits / 2 + 1))
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

/// A string of `N` bytes that lies in a pool: the end of a prefix that all have, and 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text<const N: usize = 16>(&'static [u8; N]);

/// A long string, all of which begin alike.
pub type Url = Text<64>;

const PREFIX: &[u8; 48] = b"https://www.example.org/a/shop/with/many/things/";

impl<const N: usize> Text<N> {
    /// Its bytes.
    #[inline(always)]
    #[must_use]
    pub fn bytes(self) -> &'static [u8; N] {
        self.0
    }
}

/// Where what keys consist of lies.
#[derive(Debug)]
pub struct Pool<T>(*mut [T]);

impl<T: 'static> Pool<T> {
    /// A pool of these, and each of them by reference, which is good for as long as the pool is.
    fn new(items: impl Iterator<Item = T>) -> (std::slice::Iter<'static, T>, Self) {
        let pool = Box::into_raw(items.collect::<Box<[T]>>());
        // SAFETY: nobody writes to it; the trait says how long keys are good.
        let all: &'static [T] = unsafe { &*pool };
        (all.iter(), Self(pool))
    }
}

impl<T> Drop for Pool<T> {
    fn drop(&mut self) {
        // SAFETY: from `Box::into_raw`; nobody uses a key of a pool that is gone.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

impl<const N: usize> Key for Text<N> {
    const TYPE: KeyType = if N == 16 { KeyType::String } else { KeyType::Url };
    type Pool = Pool<[u8; N]>;

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, Self::Pool) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = |i| {
            let k = key(i);
            std::array::from_fn(|at| match at.checked_sub(N - 16) {
                Some(digit) => DIGITS[(k >> (60 - 4 * digit) & 15) as usize],
                None => PREFIX[PREFIX.len() + 16 - N + at],
            })
        };
        let (texts, pool) = Pool::new(numbers.map(digits));
        (texts.map(Self).collect(), pool)
    }

    fn print(self) -> u64 {
        let [low, high] = [N - 16, N - 8].map(|at| u64::from_le_bytes(std::array::from_fn(|i| self.0[at + i])));
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

/// 6 bytes, aligned as bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Key for Mac {
    const TYPE: KeyType = KeyType::Mac;
    type Pool = ();

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, ()) {
        // Those that no map has are numbered from 2^40 on here too.
        let bytes = |i| std::array::from_fn(|at| (mix_low(i, 48) >> (8 * at)) as u8);
        (numbers.map(|i| Self(bytes(i))).collect(), ())
    }

    fn print(self) -> u64 {
        self.0.iter().rev().fold(0, |all, b| all << 8 | u64::from(*b))
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self.0[0].into()
    }
}

/// A number with a fraction, neither NaN nor zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Float(pub f64);

// None of them is a NaN.
impl Eq for Float {}

impl Hash for Float {
    fn hash<H: Hasher>(&self, to: &mut H) {
        // None of them is a zero, of which there are two.
        self.0.to_bits().hash(to);
    }
}

impl Key for Float {
    const TYPE: KeyType = KeyType::Float64;
    type Pool = ();

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, ()) {
        // A normal number from 2^-511 to 2.
        (numbers.map(|i| Self(f64::from_bits(key(i) & !(1 << 62) | 1 << 61))).collect(), ())
    }

    fn print(self) -> u64 {
        self.0.to_bits()
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self.0.to_bits()
    }
}

/// An address, of nothing that anybody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(pub u64);

impl Key for Address {
    const TYPE: KeyType = KeyType::Pointer;
    type Pool = ();

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, ()) {
        // From 2^46 to 2^47, where Go has no memory, and as far apart as words.
        (numbers.map(|i| Self(1 << 46 | mix_low(i, 43) << 3)).collect(), ())
    }

    fn print(self) -> u64 {
        self.0
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self.0
    }
}

/// A number of 8 bytes that lies in a pool, for an interface to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Boxed(pub &'static u64);

impl Key for Boxed {
    const TYPE: KeyType = KeyType::Any;
    type Pool = Pool<u64>;

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, Self::Pool) {
        let (words, pool) = Pool::new(numbers.map(key));
        (words.map(Self).collect(), pool)
    }

    fn print(self) -> u64 {
        *self.0
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        1
    }
}

/// A string and a number, each different in every key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// The string.
    pub name: Text,
    /// The number.
    pub id: u64,
}

impl Key for Record {
    const TYPE: KeyType = KeyType::Record;
    type Pool = Pool<[u8; 16]>;

    fn numbered(numbers: impl Iterator<Item = u64>) -> (Vec<Self>, Self::Pool) {
        let numbers: Vec<u64> = numbers.collect();
        let (names, pool) = Text::numbered(numbers.iter().copied());
        (names.into_iter().zip(numbers).map(|(name, i)| Self { name, id: key(i ^ 1 << 63) }).collect(), pool)
    }

    fn print(self) -> u64 {
        self.name.print() ^ self.id
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self.id
    }
}

//! The keys of all benches, the same in Rust and in Go (`go/main.go`).
//!
//! Random and different, so that neither order nor pattern helps anybody; chosen for each operation at random, from streams
//! too long for a branch predictor to learn.

/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const KEYS: u64 = 12345;
const CHOICES: u64 = 0x5eed;

/// A bijection that leaves no pattern (the finaliser of SplitMix64).
#[inline]
fn mix64(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Key number `i`. All are different.
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

/// The keys `0..n`.
#[must_use]
pub fn first(n: usize) -> Vec<u64> {
    (0..n as u64).map(key).collect()
}

/// `ops` keys of the first `n`, at random.
#[must_use]
pub fn hits(n: usize, ops: usize) -> Vec<u64> {
    (0..ops as u64).map(|j| key(choice(j, n as u64))).collect()
}

/// One of the first `n` keys, `ops` times.
#[must_use]
pub fn hot(n: usize, ops: usize) -> Vec<u64> {
    vec![key(choice(0, n as u64)); ops]
}

/// `ops` keys that no map of a bench has.
#[must_use]
pub fn misses(ops: usize) -> Vec<u64> {
    (0..ops as u64).map(|j| key((1 << 40) + j)).collect()
}

/// A number that depends on every key and its place.
#[must_use]
pub fn print(keys: &[u64]) -> u64 {
    keys.iter().fold(keys.len() as u64, |h, k| (h ^ k).rotate_left(5).wrapping_mul(GOLDEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `go/main.go`, run by real Go 1.23.9, answers to `prepare` for these.
    #[test]
    fn as_in_the_go_program() {
        assert_eq!(print(&hits(1024, 1 << 20)), 16_700_804_322_044_874_582);
        assert_eq!(print(&hot(1024, 1 << 20)), 5_056_181_653_118_640_834);
        assert_eq!(print(&misses(1 << 20)), 4_425_914_891_901_789_472);
        assert_eq!(print(&first(1024)), 10_052_082_130_216_469_328);
    }

    #[test]
    fn choices_are_fair() {
        let mut seen = [0; 7];
        (0..70_000).for_each(|j| seen[choice(j, 7) as usize] += 1);
        assert!(seen.iter().all(|n| (9_500..10_500).contains(n)), "{seen:?}");
    }
}

//! The statistics of `benchstat` where nothing is assumed about how samples are distributed
//! (`golang.org/x/perf/benchmath`, `github.com/aclements/go-moremath/stats`).

use std::fmt;

/// Up to so many samples the interval of the median is exact, beyond by a normal distribution.
const EXACT_INTERVAL: usize = 30;
/// Up to so many samples on each side the U test is exact.
const EXACT_U: usize = 50;
/// The same where some of them are equal.
const EXACT_U_TIES: usize = 25;
/// The level of intervals.
const CONFIDENCE: f64 = 0.95;
/// How unlikely a difference must be by chance to be shown.
pub const ALPHA: f64 = 0.05;
/// The quantile of the standard normal distribution that (1 - [`CONFIDENCE`]) / 2 lie beyond.
const Z: f64 = 1.959_963_984_540_054;

/// The median of some samples, and the interval that holds the true one with at least 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The median.
    pub center: f64,
    /// The lower end; infinite when there are too few samples.
    pub low: f64,
    /// The upper end, likewise.
    pub high: f64,
}

impl Summary {
    /// Of these samples, of which there must be one.
    ///
    /// # Panics
    /// Without a sample.
    #[must_use]
    pub fn of(samples: &[f64]) -> Self {
        let mut s = samples.to_vec();
        s.sort_by(f64::total_cmp);
        let n = s.len();
        let (low, high) = interval(n);
        Self {
            center: (s[(n - 1) / 2] + s[n / 2]) / 2.0,
            low: if low == 0 { f64::NEG_INFINITY } else { s[low - 1] },
            high: if high > n { f64::INFINITY } else { s[high - 1] },
        }
    }

    /// Whether the interval has ends.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }
}

/// How far the farther end of the interval is from the median: `2%`, `∞`, or `?` where there is zero between them.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = |v: f64| if v == 0.0 { 0.0 } else { v.signum() };
        if !self.is_bounded() {
            f.write_str("∞")
        } else if sign(self.low) != sign(self.center) || sign(self.high) != sign(self.center) {
            f.write_str("?")
        } else if self.center == 0.0 {
            f.write_str("0%")
        } else {
            let far = (self.high / self.center - 1.0).max(1.0 - self.low / self.center);
            write!(f, "{:.0}%", 100.0 * far)
        }
    }
}

/// Which of `n` sorted samples are the ends of the interval of the median, counted from 1; 0 and `n` + 1 are infinite. The
/// median lies between samples k and k + 1 with the probability that k of n fair coins show heads; the likeliest of these are
/// taken until there is enough, and of two that are as likely the lower one.
fn interval(n: usize) -> (usize, usize) {
    if n > EXACT_INTERVAL {
        return interval_of_many(n);
    }
    let chance = |k: usize| if k > n { 0.0 } else { binomial(n, k) * 0.5_f64.powi(n as i32) };
    let mode = (n + 1).div_ceil(2) - 1;
    let (mut low, mut high, mut sum) = (mode, mode + 1, chance(mode));
    while sum < CONFIDENCE {
        let below = if low == 0 { 0.0 } else { chance(low - 1) };
        let above = chance(high);
        if below == 0.0 && above == 0.0 {
            break;
        }
        if below >= above {
            low -= 1;
            sum += below;
        } else {
            high += 1;
            sum += above;
        }
    }
    (low, high)
}

/// The same by a normal distribution, with its correction for continuity.
fn interval_of_many(n: usize) -> (usize, usize) {
    let (mu, sigma) = (n as f64 / 2.0, (n as f64).sqrt() / 2.0);
    let low = (mu - Z * sigma - 0.5).floor() + 1.0;
    let high = (mu + Z * sigma - 0.5).ceil() + 1.0;
    let holds = |high: f64| normal((high - 0.5 - mu) / sigma) - normal((low - 0.5 - mu) / sigma);
    let high = if holds(high - 1.0) >= CONFIDENCE { high - 1.0 } else { high };
    (low.max(0.0) as usize, (high as usize).min(n + 1))
}

/// Ways to choose `k` of `n`.
fn binomial(n: usize, k: usize) -> f64 {
    (0..k.min(n - k)).fold(1.0, |c, i| (c * (n - i) as f64 / (i + 1) as f64).round())
}

/// The distribution function of the standard normal distribution.
fn normal(z: f64) -> f64 {
    libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0
}

/// The fewest samples that give an interval with ends: 6.
#[must_use]
pub fn enough_for_interval() -> usize {
    (2..).find(|&n| interval(n).0 > 0 && interval(n).1 <= n).expect("some number is")
}

/// The fewest samples on each side that can show a difference: 4.
#[must_use]
pub fn enough_to_differ() -> usize {
    (1..).find(|&n| 2.0 / binomial(2 * n, n) <= ALPHA).expect("some number is")
}

/// Why two lists of samples cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incomparable {
    /// One is empty.
    NoSamples,
    /// There is only one value.
    AllEqual,
}

impl fmt::Display for Incomparable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSamples => "sample is too small",
            Self::AllEqual => "all samples are equal",
        })
    }
}

/// The two-sided Mann-Whitney U test: how likely samples at least so different are when they come from one distribution.
/// Exact for few samples, for more by a normal distribution with its corrections for ties and continuity.
///
/// # Errors
/// When there is nothing to compare.
pub fn u_test(a: &[f64], b: &[f64]) -> Result<f64, Incomparable> {
    let (n1, n2) = (a.len(), b.len());
    if n1 == 0 || n2 == 0 {
        return Err(Incomparable::NoSamples);
    }
    let mut all: Vec<(f64, bool)> = a.iter().map(|&v| (v, true)).chain(b.iter().map(|&v| (v, false))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    // Equal values share the mean of their ranks. Twice the ranks are whole numbers.
    let (mut ties, mut ranks, mut from) = (Vec::new(), 0, 0);
    for group in all.chunk_by(|x, y| x.0 == y.0) {
        let to = from + group.len();
        ranks += group.iter().filter(|(_, first)| *first).count() * (from + 1 + to);
        ties.push(group.len());
        from = to;
    }
    if ties.len() == 1 {
        return Err(Incomparable::AllEqual);
    }
    let twice_u = ranks - n1 * (n1 + 1);
    let twice_other = 2 * n1 * n2 - twice_u;
    let limit = if ties.len() < n1 + n2 { EXACT_U_TIES } else { EXACT_U };
    if n1.max(n2) <= limit {
        return Ok(if twice_u == twice_other { 1.0 } else { 2.0 * below(&ties, n1, twice_u.min(twice_other)) });
    }
    let (product, n) = ((n1 * n2) as f64, (n1 + n2) as f64);
    let tied: f64 = ties.iter().map(|&t| (t * t * t - t) as f64).sum();
    let sigma = (product * ((n + 1.0) - tied / (n * (n - 1.0))) / 12.0).sqrt();
    let off = twice_u as f64 / 2.0 - product / 2.0;
    let z = (off - if off == 0.0 { 0.0 } else { off.signum() * 0.5 }) / sigma;
    Ok(2.0 * normal(z).min(1.0 - normal(z)))
}

/// How likely twice the U of the first sample, of `n1` values, is to be at most `twice_u`, where values are equal in groups of
/// these sizes: by counting how many ways there are to choose the first sample (Klotz 1966).
fn below(ties: &[usize], n1: usize, twice_u: usize) -> f64 {
    // Twice the sum of the chosen ranks.
    let limit = twice_u + n1 * (n1 + 1);
    // For each number of chosen values and each sum of theirs: ways.
    let mut ways = vec![vec![0.0; limit + 1]; n1 + 1];
    ways[0][0] = 1.0;
    let mut from = 0;
    for &group in ties {
        let rank = 2 * from + group + 1;
        for chosen in (1..=n1).rev() {
            let (fewer, these) = ways.split_at_mut(chosen);
            for more in 1..=group.min(chosen) {
                let (step, times) = (more * rank, binomial(group, more));
                let source = &fewer[chosen - more];
                for sum in step..=limit {
                    these[0][sum] += times * source[sum - step];
                }
            }
        }
        from += group;
    }
    ways[n1].iter().sum::<f64>() / binomial(from, n1)
}

/// The geometric mean; `None` unless all values are positive.
#[must_use]
pub fn geomean(values: &[f64]) -> Option<f64> {
    let positive = !values.is_empty() && values.iter().all(|&v| v > 0.0);
    positive.then(|| (values.iter().map(|v| v.ln()).sum::<f64>() / values.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-9 * want.abs().max(1e-3), "{got}, not {want}");
    }

    /// The values of go-moremath's own test of its U test; those without ties are R's too.
    #[test]
    fn p_values_as_published() {
        let (s1, s2, s3) = ([2.0, 1.0, 3.0, 5.0], [12.0, 11.0, 13.0, 15.0], [0.0, 4.0, 6.0, 7.0]);
        let (s4, s5) = ([2.0; 4], [1.0; 5]);
        let p = |a: &[f64], b: &[f64]| u_test(a, b).unwrap();
        close(p(&s1, &s2), 0.028_571_428_571_428_577);
        close(p(&s2, &s1), 0.028_571_428_571_428_577);
        close(p(&s1, &s3), 0.485_714_285_714_285_77);
        close(p(&s1, &s1), 1.0);
        close(p(&s1, &s4), 0.714_285_714_285_714_3);
        close(p(&s1, &s5), 0.0);
        assert_eq!(u_test(&s4, &s4), Err(Incomparable::AllEqual));
        assert_eq!(u_test(&s4, &[]), Err(Incomparable::NoSamples));
        let l1: Vec<f64> = (0..500).map(|i| f64::from(i * 2)).collect();
        let l2: Vec<f64> = (0..600).map(|i| f64::from(i * 2 - 41)).collect();
        let mut l3 = l2.clone();
        l3[..30].copy_from_slice(&l1[..30]);
        close(p(&l1, &l2), 0.004_933_536_081_417_222_4);
        close(p(&l1, &l1), 1.0);
        close(p(&l1, &l3), 0.003_870_381_423_961_788_4);
    }

    /// The tables of Mann and Whitney (1947) for n = 5: how likely U is at most 0 to 5, by m.
    #[test]
    fn the_distribution_of_u() {
        for (m, want) in [
            (1, [0.166_667, 0.333_333, 0.500_000, 0.666_667, 0.833_333, 1.000_000]),
            (3, [0.017_857, 0.035_714, 0.071_429, 0.125_000, 0.196_429, 0.285_714]),
            (5, [0.003_968, 0.007_937, 0.015_873, 0.027_778, 0.047_619, 0.075_397]),
        ] {
            for (u, want) in want.into_iter().enumerate() {
                let got = below(&vec![1; m + 5], m, 2 * u);
                assert!((got - want).abs() < 1e-6, "m {m}, U {u}: {got}");
            }
        }
        close(below(&vec![1; 100], 50, 2 * 2500), 1.0);
    }

    /// Those of go-moremath's test, at this level, and what they give from 4 samples on.
    #[test]
    fn intervals_of_the_median() {
        for (n, want) in
            [(4, (0, 5)), (5, (0, 5)), (6, (1, 6)), (9, (2, 8)), (10, (2, 9)), (20, (6, 15)), (100, (40, 60))]
        {
            let (low, high) = interval(n);
            let sure: f64 = (low..high).map(|k| binomial(n, k) * 0.5_f64.powi(n as i32)).sum();
            assert!(sure > 0.9499, "{n}: {sure}");
            assert_eq!((low, high), want, "{n}: {sure}");
        }
        assert_eq!((enough_for_interval(), enough_to_differ()), (6, 4));
    }

    #[test]
    fn how_far_the_interval_goes() {
        let text = |samples: &[f64]| Summary::of(samples).to_string();
        assert_eq!(text(&[1.0, 2.0]), "∞");
        assert_eq!(text(&[90.0, 95.0, 99.0, 101.0, 103.0, 130.0]), "30%");
        assert_eq!(text(&[0.0; 6]), "0%");
        assert_eq!(text(&[-1.0, -1.0, 1.0, 1.0, 1.0, 1.0]), "?");
    }

    #[test]
    fn geometric_means() {
        close(geomean(&[1e-7, 1e-5]).unwrap(), 1e-6);
        assert_eq!((geomean(&[]), geomean(&[1.0, 0.0])), (None, None));
    }
}

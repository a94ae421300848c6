//! Medians, and how sure of them one may be.

/// A median and the interval that holds the true one in at least 95 cases of 100, if there are samples enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Median {
    /// The median.
    pub value: f64,
    /// Lower and upper end. With fewer than six samples no interval is that sure: then it is that of all samples.
    pub interval: (f64, f64),
}

/// The median of some samples, and the interval between two order statistics: no assumption about how samples are
/// distributed, only that they are independent. Not a number if there is no sample.
#[must_use]
pub fn median(samples: &[f64]) -> Median {
    let mut s = samples.to_vec();
    s.sort_by(f64::total_cmp);
    let n = s.len();
    if n == 0 {
        return Median { value: f64::NAN, interval: (f64::NAN, f64::NAN) };
    }
    let value = (s[(n - 1) / 2] + s[n / 2]) / 2.0;
    let k = rank(n);
    Median { value, interval: (s[k], s[n - 1 - k]) }
}

/// How many samples lie outside the interval on each side: the most for which the true median lies in it with 95 %.
fn rank(n: usize) -> usize {
    // Each side misses it when at most k of n fair coins fall one way.
    let (mut chance, mut sum, mut k) = (0.5_f64.powi(n as i32), 0.0, 0);
    loop {
        sum += chance;
        if sum > 0.025 || k >= n / 2 {
            return k.saturating_sub(1);
        }
        chance *= (n - k) as f64 / (k + 1) as f64;
        k += 1;
    }
}

/// How many times faster `ours` is than `theirs`: the median of the ratios of samples taken next to each other.
#[must_use]
pub fn ratio(theirs: &[f64], ours: &[f64]) -> Median {
    let ratios: Vec<f64> = theirs.iter().zip(ours).map(|(t, o)| t / o).collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_as_in_the_tables() {
        // Conover, Practical Nonparametric Statistics: 95 % intervals for a median.
        for (n, k) in [(1, 0), (5, 0), (6, 0), (8, 0), (9, 1), (10, 1), (12, 2), (15, 3), (20, 5), (100, 39)] {
            assert_eq!(rank(n), k, "{n}");
        }
    }

    #[test]
    fn medians() {
        assert!(median(&[]).value.is_nan());
        assert_eq!(median(&[3.0]), Median { value: 3.0, interval: (3.0, 3.0) });
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Median { value: 2.5, interval: (1.0, 4.0) });
        let ten: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        assert_eq!(median(&ten), Median { value: 5.5, interval: (2.0, 9.0) });
        assert_eq!(ratio(&[4.0, 9.0, 10.0], &[2.0, 3.0, 10.0]).value, 2.0);
    }
}

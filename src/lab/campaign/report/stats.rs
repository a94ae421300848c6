//! Shares with their uncertainty.

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Wilson's interval: holds the true share with 95 %, given `count` of `n`.
#[must_use]
pub fn wilson(count: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (k, n) = (count as f64, n as f64);
    let p = k / n;
    let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    // Where nothing or everything was counted, one end is exact.
    let low = if count == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if k == n { 1.0 } else { (middle + half).min(1.0) };
    (low, high)
}

/// How many samples it takes so that a share near `p` is known to `margin` either way, with 95 %.
#[must_use]
pub fn samples_needed(p: f64, margin: f64) -> u64 {
    (Z * Z * p * (1.0 - p) / (margin * margin)).ceil().max(1.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_intervals() {
        // Wilson, for 10 of 100: 0.0552 to 0.1744.
        let (low, high) = wilson(10, 100);
        assert!((low - 0.0552).abs() < 1e-4 && (high - 0.1744).abs() < 1e-4, "{low} {high}");
        assert_eq!(wilson(0, 50).0, 0.0);
        assert_eq!(wilson(50, 50).1, 1.0);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        // The usual figures: 385 for 5 %, 1068 for 3 %.
        assert_eq!((samples_needed(0.5, 0.05), samples_needed(0.5, 0.03)), (385, 1068));
    }
}

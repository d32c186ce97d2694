//! Average path lengths of binary search trees.
//!
//! F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM 2008, equation 1.

/// Euler's constant, for harmonic numbers of large arguments.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// The n-th harmonic number.
///
/// Exact sum up to 1,000; beyond, the asymptotic series, whose error there is below 1e-14.
pub fn harmonic(n: usize) -> f64 {
    if n <= 1_000 {
        return (1..=n).rev().map(|k| 1.0 / k as f64).sum();
    }
    let x = n as f64;
    x.ln() + EULER_GAMMA + 0.5 / x - 1.0 / (12.0 * x * x)
}

/// c(n): the average length of an unsuccessful search in a binary search tree of `n` keys, by
/// which path lengths are normalised; 0 for `n` ≤ 1.
///
/// The paper approximates the harmonic number by ln(n − 1) + γ; here it is exact, so that
/// c(2) = 1 without a special case.
pub fn average_path_length(n: usize) -> f64 {
    if n <= 1 {
        return 0.0;
    }
    let x = n as f64;
    2.0 * harmonic(n - 1) - 2.0 * (x - 1.0) / x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmonic_numbers_are_exact_and_meet_the_series() {
        assert_eq!(harmonic(0), 0.0);
        assert_eq!(harmonic(1), 1.0);
        assert!((harmonic(4) - 25.0 / 12.0).abs() < 1e-15);
        let next = harmonic(1_000) + 1.0 / 1_001.0;
        assert!((harmonic(1_001) - next).abs() < 1e-13);
    }

    #[test]
    fn average_path_length_follows_the_definition() {
        assert_eq!(average_path_length(0), 0.0);
        assert_eq!(average_path_length(1), 0.0);
        assert_eq!(average_path_length(2), 1.0);
        // 2 (1 + 1/2) - 4/3
        assert!((average_path_length(3) - 5.0 / 3.0).abs() < 1e-15);
        // The paper's approximation gives 10.2448 for its sub-sample of 256.
        assert!((average_path_length(256) - 10.248_691).abs() < 1e-5);
    }
}

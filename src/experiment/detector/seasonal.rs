//! Decomposition of an hourly series into trend, season and residual, and how far residuals stand out.
//!
//! After the documentation of Kusto's `series_decompose` and `series_decompose_anomalies` with the trend `linefit`, the
//! seasonality autodetected and the test `ctukey` (learn.microsoft.com, Kusto Query Language): residuals are compared
//! with the range from their 10th to their 90th percentile. How Kusto detects periods is not published; here a period
//! of a day or of a week is taken when the series correlates with itself at that lag by at least Kusto's default
//! threshold of 0.6, the stronger one if both do.

/// Periods that an office has, in hours.
const PERIODS: [usize; 2] = [24, 168];
/// Correlation from which a period counts (`Seasonality_threshold`).
const CORRELATION: f64 = 0.6;
/// A residual range below this is taken as this, so that a constant series has no anomalies of infinite size.
const LEAST_RANGE: f64 = 1e-9;

/// Anomaly score of every hour: by how many 10-to-90-percentile ranges its residual lies above the 90th percentile
/// (positive) or below the 10th (negative); 0 between.
pub(super) fn anomaly_scores(series: &[f64]) -> Vec<f64> {
    let detrended = detrend(series);
    let residuals = match period(&detrended) {
        Some(period) => without_season(&detrended, period),
        None => detrended,
    };
    let mut sorted = residuals.clone();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (quantile(&sorted, 0.1), quantile(&sorted, 0.9));
    let range = (high - low).max(LEAST_RANGE);
    residuals
        .into_iter()
        .map(|residual| {
            if residual > high {
                (residual - high) / range
            } else if residual < low {
                (residual - low) / range
            } else {
                0.0
            }
        })
        .collect()
}

/// The series without its least-squares line.
fn detrend(series: &[f64]) -> Vec<f64> {
    let n = series.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = series.iter().sum::<f64>() / n.max(1.0);
    let (mut across, mut along) = (0.0, 0.0);
    for (hour, value) in series.iter().enumerate() {
        let t = hour as f64 - middle;
        across += t * (value - mean);
        along += t * t;
    }
    let slope = if along > 0.0 { across / along } else { 0.0 };
    series
        .iter()
        .enumerate()
        .map(|(hour, value)| value - mean - slope * (hour as f64 - middle))
        .collect()
}

fn period(series: &[f64]) -> Option<usize> {
    PERIODS
        .into_iter()
        .filter(|period| series.len() >= 2 * period)
        .map(|period| (self_correlation(series, period), period))
        .filter(|(correlation, _)| *correlation >= CORRELATION)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, period)| period)
}

/// Pearson correlation of the series with itself `lag` hours later.
fn self_correlation(series: &[f64], lag: usize) -> f64 {
    let pairs = || series.iter().zip(series.iter().skip(lag));
    let n = pairs().count().max(1) as f64;
    let (a, b) = pairs().fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (a, b) = (a / n, b / n);
    let (mut across, mut left, mut right) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        across += (x - a) * (y - b);
        left += (x - a) * (x - a);
        right += (y - b) * (y - b);
    }
    if left > 0.0 && right > 0.0 {
        across / (left * right).sqrt()
    } else {
        0.0
    }
}

/// The series without the mean of each place in the period.
fn without_season(series: &[f64], period: usize) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); period];
    for (place, value) in (0..period).cycle().zip(series) {
        if let Some((sum, count)) = sums.get_mut(place) {
            *sum += value;
            *count += 1.0;
        }
    }
    sums.iter()
        .cycle()
        .zip(series)
        .map(|((sum, count), value)| value - sum / count)
        .collect()
}

/// Linear between the order statistics (type 7 of Hyndman and Fan 1996).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or_default();
    at(place.floor()) + (at(place.ceil()) - at(place.floor())) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daily_rhythm_is_no_anomaly_and_a_burst_at_night_is() {
        // Two weeks, busy from 8 to 18, slowly growing, with some noise; one burst at 3 in the last night.
        let mut series: Vec<f64> = (0..336)
            .map(|hour| {
                let busy = if (8..18).contains(&(hour % 24)) {
                    100.0
                } else {
                    5.0
                };
                busy + hour as f64 * 0.05 + ((hour * 7919) % 11) as f64
            })
            .collect();
        assert_eq!(period(&detrend(&series)), Some(24));
        assert!(
            anomaly_scores(&series)
                .iter()
                .all(|score| score.abs() < 1.5)
        );
        series[315] += 60.0;
        let scores = anomaly_scores(&series);
        let alerts: Vec<usize> = (0..336).filter(|&hour| scores[hour] > 1.5).collect();
        assert_eq!(alerts, [315]);
    }

    #[test]
    fn without_a_rhythm_only_the_trend_is_removed() {
        let line: Vec<f64> = (0..100).map(|hour| 3.0 + 2.0 * f64::from(hour)).collect();
        assert!(detrend(&line).iter().all(|residual| residual.abs() < 1e-9));
        assert_eq!(anomaly_scores(&[]), Vec::<f64>::new());
        assert_eq!(anomaly_scores(&[5.0; 48]), vec![0.0; 48]);
    }

    #[test]
    fn quantiles_agree_with_a_count_by_hand() {
        assert_eq!(quantile(&[0.0, 10.0, 20.0, 30.0, 40.0], 0.9), 36.0);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}

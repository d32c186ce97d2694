//! Means over seeds with 95 % confidence intervals.

use std::collections::BTreeMap;

use serde::Serialize;

use super::matrix::FinishedCell;
use super::measure::{MEASURES, Measure};
use super::spec::Place;

/// A mean over repetitions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    /// Number of repetitions that have the measure.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// 95 % confidence interval of the mean; `None` with fewer than two repetitions.
    pub interval: Option<(f64, f64)>,
}

/// The measures of one place over its seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceSummary {
    /// The parameters.
    pub place: Place,
    /// Estimates by name of the measure.
    pub estimates: BTreeMap<&'static str, Estimate>,
}

/// 97.5 % points of Student's t distribution with 1 to 30 degrees of freedom (Student 1908; any table).
const T: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// Estimates a mean. Beyond 30 degrees of freedom the interval of 30 is kept, which is a little too wide.
#[must_use]
pub fn estimate(values: &[f64]) -> Option<Estimate> {
    let n = values.len();
    let mean = values.iter().sum::<f64>() / n as f64;
    let squares: f64 = values
        .iter()
        .map(|value| (value - mean) * (value - mean))
        .sum();
    let interval = (n > 1).then(|| {
        let t = T.get(n - 2).or(T.last()).copied().unwrap_or(f64::NAN);
        let half = t * (squares / (n - 1) as f64 / n as f64).sqrt();
        (mean - half, mean + half)
    });
    (n > 0).then_some(Estimate { n, mean, interval })
}

impl Estimate {
    /// The same, with an interval that ends where the values of the measure do: a share has none above 1, and nothing is below 0.
    fn within(mut self, measure: &Measure) -> Self {
        let most = if measure.share { 1.0 } else { f64::INFINITY };
        let end = |bound: f64| bound.clamp(0.0, most);
        self.interval = self.interval.map(|(low, high)| (end(low), end(high)));
        self
    }
}

/// Estimates every measure of every place, in the order in which the places first occur.
#[must_use]
pub fn summarise(cells: &[FinishedCell]) -> Vec<PlaceSummary> {
    let mut places: Vec<(&Place, Vec<&FinishedCell>)> = Vec::new();
    for cell in cells {
        match places.iter_mut().find(|(place, _)| **place == cell.place) {
            Some((_, members)) => members.push(cell),
            None => places.push((&cell.place, vec![cell])),
        }
    }
    places
        .into_iter()
        .map(|(place, members)| PlaceSummary {
            place: place.clone(),
            estimates: MEASURES
                .iter()
                .filter_map(|measure| {
                    let values: Vec<f64> = members
                        .iter()
                        .filter_map(|cell| cell.measures.get(measure.name).copied())
                        .collect();
                    Some((measure.name, estimate(&values)?.within(measure)))
                })
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        // Mean 3, standard deviation sqrt(2.5), n = 5: 3 ± 2.776 · sqrt(2.5 / 5).
        let five = estimate(&[1.0, 2.0, 3.0, 4.0, 5.0]).expect("values");
        let (low, high) = five.interval.expect("five values");
        assert_eq!((five.n, five.mean), (5, 3.0));
        assert!((low - (3.0 - 2.776 * 0.5f64.sqrt())).abs() < 1e-12);
        assert!((high - (3.0 + 2.776 * 0.5f64.sqrt())).abs() < 1e-12);
        assert_eq!(estimate(&[4.0]).and_then(|one| one.interval), None);
        assert_eq!(estimate(&[]), None);
    }

    #[test]
    fn intervals_end_where_values_do() {
        let of = |name: &str| MEASURES.iter().find(|measure| measure.name == name);
        let within = |name, values: &[f64]| {
            let estimate = estimate(values).expect("values");
            let within = of(name).map(|measure| estimate.within(measure));
            within.and_then(|estimate| estimate.interval)
        };
        assert_eq!(
            within("episode_recall_2", &[1.0, 0.9]).map(|(_, high)| high),
            Some(1.0)
        );
        assert_eq!(
            within("alerts_per_day", &[0.0, 2.0]).map(|(low, _)| low),
            Some(0.0)
        );
    }
}

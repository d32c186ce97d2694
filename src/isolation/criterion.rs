//! Where to cut a line of projected rows.
//!
//! - F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM 2008 (uniform).
//! - F. T. Liu, K. M. Ting, Z.-H. Zhou: On Detecting Clustered Anomalies Using SCiForest. ECML PKDD
//!   2010 (averaged gain).
//! - D. Cortes: Revisiting randomized choices in isolation forests. arXiv:2110.13402, 2021 (pooled
//!   gain).

use rand::Rng;
use rand_xoshiro::Xoshiro256Plus;
use serde::{Deserialize, Serialize};

/// How the place of a cut is chosen on the line onto which a node's rows are projected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Uniform over the range (Liu 2008).
    Uniform,
    /// Where the standard deviations of the sides, averaged by their rows, are smallest against
    /// that of the whole (Cortes 2021).
    PooledGain,
    /// Where the plain average of the standard deviations of the sides is smallest (Liu 2010).
    AveragedGain,
    /// In the widest gap between neighbours, times the root of the rows on the smaller side: the
    /// emptiest place that still divides. The root weighs a gap as the standard error of a mean
    /// does; without it cuts only peel off single rows, with the full count they only halve.
    Gap,
}

/// A place on the line and how good it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) threshold: f64,
    /// Comparable between lines of one node and criterion.
    pub(super) gain: f64,
    /// Width of the range of the line.
    pub(super) range: f64,
    /// Share of the range below the threshold.
    pub(super) below: f64,
}

impl Criterion {
    /// Chooses a place on a line of values; `None` if all are equal. NaN are passed over.
    ///
    /// Values at the threshold lie on the lower side, and both sides hold values. Leaves `line` in
    /// another order.
    pub(super) fn place(self, line: &mut Vec<f64>, rng: &mut Xoshiro256Plus) -> Option<Place> {
        line.retain(|value| !value.is_nan());
        if self == Self::Uniform {
            let low = line.iter().copied().fold(f64::INFINITY, f64::min);
            let high = line.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            return (low < high).then(|| {
                let threshold = low + rng.r#gen::<f64>() * (high - low);
                // Rounding may reach the end of the range, above which nothing lies.
                let threshold = if threshold < high { threshold } else { low };
                Place {
                    threshold,
                    gain: 0.0,
                    range: high - low,
                    below: (threshold - low) / (high - low),
                }
            });
        }
        line.sort_unstable_by(f64::total_cmp);
        let (low, high) = (*line.first()?, *line.last()?);
        let moments = Moments::of(line);
        if low >= high || moments.deviation() == 0.0 {
            return None;
        }
        let mut below = Moments::default();
        let (mut best, mut gain) = (0, f64::NEG_INFINITY);
        for split in 1..line.len() {
            below.add(line[split - 1] - moments.mean);
            let gap = line[split] - line[split - 1];
            if gap <= 0.0 {
                continue;
            }
            let here = self.gain(gap, &below, &moments);
            if here > gain {
                (best, gain) = (split, here);
            }
        }
        if best == 0 {
            return None;
        }
        let middle = line[best - 1] + 0.5 * (line[best] - line[best - 1]);
        let threshold = if middle < line[best] {
            middle
        } else {
            line[best - 1]
        };
        Some(Place {
            threshold,
            gain,
            range: high - low,
            below: (threshold - low) / (high - low),
        })
    }

    /// The gain of a split with the given gap, in units of the standard deviation of all rows.
    fn gain(self, gap: f64, below: &Moments, all: &Moments) -> f64 {
        let above = all.minus(below);
        let loss = match self {
            Self::Uniform => 0.0,
            Self::PooledGain => {
                (below.count * below.deviation() + above.count * above.deviation()) / all.count
            }
            Self::AveragedGain => (below.deviation() + above.deviation()) / 2.0,
            Self::Gap => -gap * below.count.min(above.count).sqrt(),
        };
        -loss / all.deviation()
    }
}

/// Count, sum and sum of squares of values about a common mean.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let mut moments = Self {
            mean,
            ..Self::default()
        };
        for value in values {
            moments.add(value - mean);
        }
        moments
    }

    fn add(&mut self, centred: f64) {
        self.count += 1.0;
        self.sum += centred;
        self.squares += centred * centred;
    }

    fn minus(&self, other: &Self) -> Self {
        Self {
            count: self.count - other.count,
            mean: self.mean,
            sum: self.sum - other.sum,
            squares: self.squares - other.squares,
        }
    }

    fn deviation(&self) -> f64 {
        let mean = self.sum / self.count;
        (self.squares / self.count - mean * mean).max(0.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn place(criterion: Criterion, line: &[f64]) -> Option<Place> {
        let mut rng = Xoshiro256Plus::seed_from_u64(1);
        criterion.place(&mut line.to_vec(), &mut rng)
    }

    #[test]
    fn guided_criteria_cut_where_their_definitions_say() {
        let line = [0.0, 10.0, 1.0, 11.0, f64::NAN];
        for criterion in [
            Criterion::PooledGain,
            Criterion::AveragedGain,
            Criterion::Gap,
        ] {
            let place = place(criterion, &line).unwrap();
            assert_eq!(place.threshold, 5.5, "{criterion:?}");
            assert_eq!(place.range, 11.0);
        }
        // Standard deviation of the whole: sqrt(25.25); of each side: 1/2.
        let pooled = place(Criterion::PooledGain, &line).unwrap().gain;
        assert!((pooled + 0.5 / 25.25_f64.sqrt()).abs() < 1e-12);
        // One row far off a wide group: the averaged gain peels it off, because its side has no
        // spread; gap 4 against gap 3 times the root of 3 keeps the gap criterion in the middle.
        let line = [0.0, 1.0, 2.0, 5.0, 6.0, 7.0, 11.0];
        assert_eq!(place(Criterion::Gap, &line).unwrap().threshold, 3.5);
        assert_eq!(place(Criterion::PooledGain, &line).unwrap().threshold, 3.5);
    }

    #[test]
    fn both_sides_hold_values() {
        let next = 1.0_f64.next_up();
        for criterion in [
            Criterion::Uniform,
            Criterion::PooledGain,
            Criterion::AveragedGain,
            Criterion::Gap,
        ] {
            assert_eq!(place(criterion, &[2.0; 5]), None);
            assert_eq!(place(criterion, &[f64::NAN, 1.0]), None);
            assert_eq!(place(criterion, &[]), None);
            if let Some(place) = place(criterion, &[1.0, next]) {
                assert_eq!(place.threshold, 1.0);
            }
        }
    }
}

//! The hours of a mailbox: a kernel density on the circle of the day.
//!
//! Hours wrap at midnight, so the kernel is von Mises (Mardia and Jupp, Directional Statistics, 2000, section 12.3),
//! with working days and weekends apart. An hour's deviation is −log10 of the probability of an hour that is at most
//! as likely: the mass outside the highest-density region that just contains it (Hyndman 1996, "Computing and
//! graphing highest density regions").

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::feature::{Channel, WEEK_CELLS};

/// Concentration of the kernel: a standard deviation of about 1.2 hours, since people keep hours, not minutes.
const CONCENTRATION: f64 = 10.0;
/// Weight of the tenant's hours in a mailbox's, in sessions.
const PRIOR_SESSIONS: f64 = 12.0;
/// Sessions that outweigh the belief that every hour is alike.
const UNIFORM_SESSIONS: f64 = 100.0;
/// Share of the density that is spread over the whole week: anybody may work at any hour once.
const UNIFORM_SHARE: f64 = 0.01;

/// Every channel keeps hours of its own: machines run around the clock, phones refresh at night by themselves, and
/// beside them a person at a screen at three in the morning would be no news.
pub(crate) const HOUR_CLASSES: usize = Channel::COUNT;

pub(crate) fn hour_class(channel: Channel) -> usize {
    channel as usize
}

/// Sessions per cell of the week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WeekHistogram {
    cells: Vec<f32>,
    total: f64,
}

impl Default for WeekHistogram {
    fn default() -> Self {
        Self {
            cells: vec![0.0; WEEK_CELLS],
            total: 0.0,
        }
    }
}

impl WeekHistogram {
    pub(crate) fn count(&mut self, cell: usize) {
        self.cells[cell] += 1.0;
        self.total += 1.0;
    }

    /// Sessions per cell of the week, unsmoothed: 24 hours of working days, then 24 of weekends.
    pub(crate) fn cells(&self) -> &[f32] {
        &self.cells
    }

    /// Smoothed density over the week; uniform when nothing has been counted.
    pub(crate) fn density(&self) -> [f64; WEEK_CELLS] {
        let mut density = [1.0 / WEEK_CELLS as f64; WEEK_CELLS];
        if self.total > 0.0 {
            density = [0.0; WEEK_CELLS];
            let kernel = &*KERNEL;
            for (smooth, part) in density.chunks_exact_mut(24).zip(self.cells.chunks(24)) {
                for (hour, &n) in part.iter().enumerate().filter(|&(_, &n)| n > 0.0) {
                    let weights = &kernel[24 - hour..48 - hour];
                    for (smooth, weight) in smooth.iter_mut().zip(weights) {
                        *smooth += f64::from(n) * weight;
                    }
                }
            }
            for value in &mut density {
                *value /= self.total;
            }
        }
        density
    }

    /// The density of a whole tenant: uniform until enough sessions say otherwise, so that the first weekend of a log is
    /// no surprise.
    pub(crate) fn prior_density(&self) -> [f64; WEEK_CELLS] {
        let weight = self.total / (self.total + UNIFORM_SESSIONS);
        self.density()
            .map(|density| weight * density + (1.0 - weight) / WEEK_CELLS as f64)
    }

    /// Probability of an hour at most as likely as `cell`, with the tenant's density as prior.
    pub(crate) fn tail(&self, cell: usize, tenant: &[f64; WEEK_CELLS]) -> f64 {
        let own = self.density();
        let weight = self.total / (self.total + PRIOR_SESSIONS);
        let mixed: [f64; WEEK_CELLS] = std::array::from_fn(|cell| {
            (1.0 - UNIFORM_SHARE) * (weight * own[cell] + (1.0 - weight) * tenant[cell])
                + UNIFORM_SHARE / WEEK_CELLS as f64
        });
        let here = mixed[cell];
        mixed
            .iter()
            .filter(|&&density| density <= here)
            .sum::<f64>()
            .min(1.0)
    }
}

/// Von Mises weights for whole hours of distance, summing to 1 over a day; two days long, so that 24 weights in a row begin at any
/// hour.
static KERNEL: LazyLock<[f64; 48]> = LazyLock::new(|| {
    let mut weights = [0.0; 24];
    for (hour, weight) in weights.iter_mut().enumerate() {
        *weight =
            (CONCENTRATION * ((hour as f64 / 24.0 * std::f64::consts::TAU).cos() - 1.0)).exp();
    }
    let sum: f64 = weights.iter().sum();
    std::array::from_fn(|hour| weights[hour % 24] / sum)
});

#[cfg(test)]
mod tests {
    use super::*;

    fn office() -> WeekHistogram {
        let mut hours = WeekHistogram::default();
        for day in 0..200 {
            hours.count(8 + day % 9);
        }
        hours
    }

    #[test]
    fn night_is_rarer_than_the_office_and_midnight_wraps() {
        let flat = [1.0 / WEEK_CELLS as f64; WEEK_CELLS];
        let office = office();
        assert!(office.tail(12, &flat) > 0.5);
        assert!(office.tail(3, &flat) < 0.06, "{}", office.tail(3, &flat));
        let mut late = WeekHistogram::default();
        (0..200).for_each(|_| late.count(23));
        let after_midnight = late.density()[0];
        assert!(
            (after_midnight - late.density()[22]).abs() < 1e-12,
            "23h spreads to 0h as to 22h"
        );
    }

    #[test]
    fn densities_sum_to_one() {
        let sum: f64 = office().density().iter().sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }
}

//! The hours of a mailbox: a kernel density on the circle of the day.
//!
//! Hours wrap at midnight, so the kernel is von Mises (Mardia and Jupp, Directional Statistics, 2000, section 12.3),
//! with working days and weekends apart. An hour's deviation is −log10 of the probability of an hour that is at most
//! as busy: the mass outside the highest-density region that just contains it (Hyndman 1996, "Computing and
//! graphing highest density regions"). How busy an hour is is its mass for every such hour that a week has: a week has
//! five working days and two days of weekend, and who comes around the clock has no odd hours.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::feature::{Channel, WEEK_CELLS};

/// Concentration of the kernel: a standard deviation of about 1.2 hours, since people keep hours, not minutes.
const CONCENTRATION: f64 = 10.0;
/// Weight of the tenant's hours in a mailbox's, in sessions.
const PRIOR_SESSIONS: f64 = 12.0;
/// Sessions that outweigh the belief that every hour is alike.
const UNIFORM_SESSIONS: f64 = 100.0;
/// Hours of a week that fall into a cell, as a share of all: of five working days, or of two at the weekend.
const EXPOSURE: [f64; WEEK_CELLS] = {
    let mut exposure = [5.0 / (7.0 * 24.0); WEEK_CELLS];
    let mut cell = 24;
    while cell < WEEK_CELLS {
        exposure[cell] = 2.0 / (7.0 * 24.0);
        cell += 1;
    }
    exposure
};
/// Rates closer than this to each other, relatively, are the same: sums of the same numbers in another order.
const ALIKE: f64 = 1e-9;
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
    cells: Vec<u32>,
    total: u64,
}

impl Default for WeekHistogram {
    fn default() -> Self {
        Self {
            cells: vec![0; WEEK_CELLS],
            total: 0,
        }
    }
}

impl WeekHistogram {
    pub(crate) fn count(&mut self, cell: usize) {
        self.cells[cell] = self.cells[cell].saturating_add(1);
        self.total += 1;
    }

    /// Sessions per cell of the week, unsmoothed: 24 hours of working days, then 24 of weekends.
    pub(crate) fn cells(&self) -> &[u32] {
        &self.cells
    }

    /// Smoothed density over the week, summing to 1; as if of somebody who comes around the clock when nothing has been counted.
    pub(crate) fn density(&self) -> [f64; WEEK_CELLS] {
        let mut density = EXPOSURE;
        if self.total > 0 {
            density = [0.0; WEEK_CELLS];
            let kernel = &*KERNEL;
            for (smooth, part) in density.chunks_exact_mut(24).zip(self.cells.chunks(24)) {
                for (hour, &n) in part.iter().enumerate().filter(|&(_, &n)| n > 0) {
                    let weights = &kernel[24 - hour..48 - hour];
                    for (smooth, weight) in smooth.iter_mut().zip(weights) {
                        *smooth += f64::from(n) * weight;
                    }
                }
            }
            for value in &mut density {
                *value /= self.total as f64;
            }
        }
        density
    }

    /// The density of a whole tenant: around the clock until enough sessions say otherwise, so that the first weekend of a log is
    /// no surprise.
    pub(crate) fn prior_density(&self) -> [f64; WEEK_CELLS] {
        let total = self.total as f64;
        let weight = total / (total + UNIFORM_SESSIONS);
        let density = self.density();
        std::array::from_fn(|cell| weight * density[cell] + (1.0 - weight) * EXPOSURE[cell])
    }

    /// Probability of an hour at most as busy as `cell`, with the tenant's density as prior.
    pub(crate) fn tail(&self, cell: usize, tenant: &[f64; WEEK_CELLS]) -> f64 {
        let own = self.density();
        let total = self.total as f64;
        let weight = total / (total + PRIOR_SESSIONS);
        let mixed: [f64; WEEK_CELLS] = std::array::from_fn(|cell| {
            (1.0 - UNIFORM_SHARE) * (weight * own[cell] + (1.0 - weight) * tenant[cell])
                + UNIFORM_SHARE * EXPOSURE[cell]
        });
        let rate = |cell: usize| mixed[cell] / EXPOSURE[cell];
        let here = rate(cell) * (1.0 + ALIKE);
        (0..WEEK_CELLS)
            .filter(|&cell| rate(cell) <= here)
            .map(|cell| mixed[cell])
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
        let flat = EXPOSURE;
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
    fn who_comes_around_the_clock_has_no_odd_hours() {
        let mut hours = WeekHistogram::default();
        for hour in 0..7 * 24 * 10 {
            let weekend = hour / 24 % 7 >= 5;
            hours.count(hour % 24 + if weekend { 24 } else { 0 });
        }
        for tenant in [EXPOSURE, office().prior_density()] {
            for cell in 0..WEEK_CELLS {
                let tail = hours.tail(cell, &tenant);
                assert!(
                    tail > if tenant == EXPOSURE { 0.999 } else { 0.25 },
                    "{cell}: {tail}"
                );
            }
        }
        // Where nothing is known no hour is odd either.
        assert!(WeekHistogram::default().tail(30, &EXPOSURE) > 0.999);
    }

    #[test]
    fn densities_sum_to_one() {
        let sum: f64 = office().density().iter().sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }
}

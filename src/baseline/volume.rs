//! How much a mailbox's sessions read, send and delete.
//!
//! Counts of a session are zero-inflated and over-dispersed: most sessions send nothing, and the ones that read have
//! a heavy tail. They are modelled as a share of sessions above zero and, above zero, on the logarithm: the
//! log-normal is what a Poisson count with a heavy-tailed rate looks like (Bulmer 1974, "On fitting the Poisson
//! lognormal distribution to species-abundance data"). A session is judged by the posterior predictive of a
//! normal-inverse-gamma prior, which is the distribution of the mailbox's peers, or else of the tenant, for the same client
//! family: a Student t whose tails are heavy while the mailbox has little history (Gelman et al., Bayesian Data Analysis, 3rd
//! ed., section 3.3).

use serde::{Deserialize, Serialize};

/// Weight of the tenant's distribution in a mailbox's, in sessions.
const PRIOR_SESSIONS: f64 = 6.0;
/// Shape of the prior of the variance: 2 is the least that has a mean and leaves four degrees of freedom.
const PRIOR_SHAPE: f64 = 2.0;
/// Least standard deviation of log(1 + count): counts are whole numbers, and 5 against 6 is no news.
const MIN_DEVIATION: f64 = 0.3;
/// What a session teaches is cut at this many standard deviations: one attack must not become the habit.
const WINSOR: f64 = 3.5;

/// Sessions that a class borrows from the tenant as a whole.
pub(super) const BORROWED_SESSIONS: f64 = 20.0;
/// What an untrusted session tells the tenant is cut at this many standard deviations.
const ORDINARY: f64 = 2.0;

/// Running moments of log(1 + x) over the sessions with x above zero, beside the number of all sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Moments {
    sessions: f64,
    positive: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// What is assumed before anything was seen: one session in two reads, about five items, within a factor of five...
    pub(crate) const IGNORANCE_OF_COUNTS: Self = Self {
        sessions: 2.0,
        positive: 1.0,
        mean: 1.8,
        squares: 2.56,
    };
    /// ...of some tens of kilobytes each, within a factor of ten.
    pub(crate) const IGNORANCE_OF_BYTES: Self = Self {
        sessions: 2.0,
        positive: 1.0,
        mean: 12.4,
        squares: 5.3,
    };

    /// Learns one session (Welford 1962).
    pub(crate) fn count(&mut self, value: f64) {
        self.sessions += 1.0;
        if value > 0.0 {
            let x = value.ln_1p();
            self.positive += 1.0;
            let delta = x - self.mean;
            self.mean += delta / self.positive;
            self.squares += delta * (x - self.mean);
        }
    }

    /// Joins two sets of sessions (Chan, Golub and LeVeque 1979).
    pub(crate) fn merged(self, other: Self) -> Self {
        let positive = self.positive + other.positive;
        if positive == 0.0 {
            return Self {
                sessions: self.sessions + other.sessions,
                ..Self::default()
            };
        }
        let delta = other.mean - self.mean;
        Self {
            sessions: self.sessions + other.sessions,
            positive,
            mean: self.mean + delta * other.positive / positive,
            squares: self.squares
                + other.squares
                + delta * delta * self.positive * other.positive / positive,
        }
    }

    /// The same distribution as if seen in at most `sessions` sessions.
    pub(crate) fn limited(self, sessions: f64) -> Self {
        let share = (sessions / self.sessions.max(1e-9)).min(1.0);
        Self {
            sessions: self.sessions * share,
            positive: self.positive * share,
            mean: self.mean,
            squares: self.squares * share,
        }
    }

    /// Share of sessions above zero, never exactly 0 or 1.
    pub(crate) fn positive_share(self) -> f64 {
        (self.positive + 0.5) / (self.sessions + 1.0)
    }

    fn variance(self) -> f64 {
        if self.positive > 0.0 {
            self.squares / self.positive
        } else {
            0.0
        }
    }

    /// Mean of log(1 + x) over the sessions with x above zero; 0 when there are none.
    pub(crate) fn mean(self) -> f64 {
        self.mean
    }

    /// Sessions seen, zero or not.
    pub(crate) fn sessions(self) -> f64 {
        self.sessions
    }
}

/// What a mailbox's next session of a client family is expected to show for one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Predictive {
    positive_share: f64,
    location: f64,
    scale: f64,
    freedom: f64,
}

impl Predictive {
    /// The posterior predictive of a mailbox's own moments under those of its class in the tenant. A class that has
    /// hardly been seen borrows from all sessions of the tenant, `everything`, and those from `ignorance`.
    pub(crate) fn new(
        own: Moments,
        class: Moments,
        everything: Moments,
        ignorance: Moments,
    ) -> Self {
        let prior = class
            .merged(everything.limited(BORROWED_SESSIONS))
            .merged(ignorance);
        let n = own.positive;
        let share = (own.positive + PRIOR_SESSIONS * prior.positive_share())
            / (own.sessions + PRIOR_SESSIONS);
        let prior_variance = prior.variance().max(MIN_DEVIATION * MIN_DEVIATION);
        let weight = PRIOR_SESSIONS + n;
        let location = (PRIOR_SESSIONS * prior.mean + n * own.mean) / weight;
        let shape = PRIOR_SHAPE + n / 2.0;
        let gap = own.mean - prior.mean;
        let rate = prior_variance * (PRIOR_SHAPE - 1.0)
            + own.squares / 2.0
            + PRIOR_SESSIONS * n * gap * gap / (2.0 * weight);
        let variance = rate * (weight + 1.0) / (shape * weight);
        Self {
            positive_share: share,
            location,
            scale: variance.sqrt().max(MIN_DEVIATION),
            freedom: 2.0 * shape,
        }
    }

    /// P(X ≥ value) of a whole number: half of what it is made of lies below it (the continuity correction), or a mailbox in which
    /// every session reads one message would find each of them rare.
    pub(crate) fn exceedance(&self, value: f64) -> f64 {
        if value <= 0.0 {
            return 1.0;
        }
        let t = ((value - CONTINUITY).ln_1p() - self.location) / self.scale;
        (self.positive_share * student_tail(t, self.freedom)).min(1.0)
    }

    /// The value cut to what may teach the baseline.
    pub(crate) fn winsorised(&self, value: f64) -> f64 {
        value.min((self.location + WINSOR * self.scale).exp_m1())
    }

    /// The value cut to the upper end of what is ordinary.
    pub(crate) fn ordinary(&self, value: f64) -> f64 {
        value.min((self.location + ORDINARY * self.scale).exp_m1())
    }

    /// What eight in ten sessions have: one in ten has less, one in ten as much as the upper end or more.
    pub(crate) fn range(&self) -> (f64, f64) {
        (self.reached_by(1.0 - TAIL), self.reached_by(TAIL))
    }

    /// The value that a share of the sessions reaches: [`Predictive::exceedance`] the other way round.
    fn reached_by(&self, share: f64) -> f64 {
        let among_positive = share / self.positive_share;
        if among_positive >= 1.0 {
            return 0.0;
        }
        let t = student_quantile(among_positive, self.freedom);
        ((self.location + t * self.scale).exp_m1() + CONTINUITY).max(0.0)
    }
}

/// What a count reaches below itself.
const CONTINUITY: f64 = 0.5;

/// Share of the sessions beyond either end of what is shown as expected: no feature that one session in ten shows is a
/// reason.
const TAIL: f64 = 0.1;

/// The t with P(T ≥ t) = `tail`: Wallace's transformation the other way round.
fn student_quantile(tail: f64, freedom: f64) -> f64 {
    let z = normal_quantile(tail) * (8.0 * freedom + 3.0) / (8.0 * freedom + 1.0);
    (freedom * (z * z / freedom).exp_m1()).sqrt().copysign(z)
}

/// The z with P(Z ≥ z) = `tail`, within a hundredth of it (Winitzki 2008, "A handy approximation for the error function and
/// its inverse"): for ranges that are shown to people.
fn normal_quantile(tail: f64) -> f64 {
    const A: f64 = 0.147;
    let x = 1.0 - 2.0 * tail;
    let log = (1.0 - x * x).ln();
    let part = 2.0 / (std::f64::consts::PI * A) + log / 2.0;
    let squared = (part * part - log / A).sqrt() - part;
    (2.0 * squared).sqrt().copysign(x)
}

/// P(T ≥ t) of Student's t by Wallace's transformation to the normal (Wallace 1959, "Bounds on normal approximations
/// to Student's and the chi-square distributions"): within a percent in the body, and the right order of magnitude
/// far in the tail, where only the order matters.
fn student_tail(t: f64, freedom: f64) -> f64 {
    let z = (freedom * (t * t / freedom).ln_1p()).sqrt() * (8.0 * freedom + 1.0)
        / (8.0 * freedom + 3.0);
    normal_tail(if t < 0.0 { -z } else { z })
}

/// P(Z ≥ z) of the standard normal.
fn normal_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sessions_of_a_log_teach_whole_messages() {
        let none = Moments::default();
        let first = |ignorance| Predictive::new(none, none, none, ignorance);
        // Nine messages with a picture each, before anything was seen.
        assert_eq!(first(Moments::IGNORANCE_OF_BYTES).winsorised(2e6), 2e6);
        assert_eq!(first(Moments::IGNORANCE_OF_COUNTS).winsorised(9.0), 9.0);
        assert!(first(Moments::IGNORANCE_OF_COUNTS).winsorised(2e6) < 1e5);
    }

    #[test]
    fn student_tail_agrees_with_tables() {
        // Two-sided 5 % and 1 % points of t with 10 degrees of freedom, and 0.1 % one-sided with 4.
        assert!((student_tail(2.228, 10.0) - 0.025).abs() < 5e-4);
        assert!((student_tail(3.169, 10.0) - 0.005).abs() < 2e-4);
        assert!((student_tail(7.173, 4.0) - 0.001).abs() < 2e-4);
        assert!((student_tail(-2.228, 10.0) - 0.975).abs() < 5e-4);
    }

    #[test]
    fn one_session_in_ten_reaches_the_upper_end_and_nine_the_lower() {
        for zeros in [0, 3, 40, 95] {
            let mut seen = Moments::default();
            (0..100).for_each(|i| seen.count(f64::from(if i < zeros { 0 } else { 5 + i % 40 })));
            let predictive = Predictive::new(seen, seen, seen, Moments::IGNORANCE_OF_COUNTS);
            let (low, high) = predictive.range();
            assert!(low <= high);
            for (end, share) in [(low, 1.0 - TAIL), (high, TAIL)] {
                // Where more sessions have nothing at all, the end is nothing.
                let found = predictive.exceedance(end);
                let fits = (found - share).abs() < 0.01 || end == 0.0;
                assert!(fits, "{zeros} zeros: {found} reach {end}");
            }
            assert_eq!(low == 0.0, predictive.positive_share <= 1.0 - TAIL);
        }
    }

    #[test]
    fn what_every_session_reads_is_not_rare() {
        let mut seen = Moments::default();
        (0..200).for_each(|_| seen.count(1.0));
        let predictive = Predictive::new(seen, seen, seen, Moments::IGNORANCE_OF_COUNTS);
        assert!(
            predictive.exceedance(1.0) > 0.8,
            "{}",
            predictive.exceedance(1.0)
        );
        assert!(predictive.exceedance(3.0) < 0.05);
    }

    #[test]
    fn a_mailbox_learns_its_own_volume() {
        let mut tenant = Moments::default();
        (0..500).for_each(|i| tenant.count(f64::from(1 + i % 10)));
        let mut own = Moments::default();
        (0..60).for_each(|i| own.count(f64::from(80 + i % 40)));
        let stranger = Predictive::new(
            Moments::default(),
            tenant,
            tenant,
            Moments::IGNORANCE_OF_COUNTS,
        );
        let heavy = Predictive::new(own, tenant, tenant, Moments::IGNORANCE_OF_COUNTS);
        assert!(
            stranger.exceedance(100.0) < 0.02,
            "{}",
            stranger.exceedance(100.0)
        );
        assert!(heavy.exceedance(100.0) > 0.3, "{}", heavy.exceedance(100.0));
        assert!(heavy.exceedance(5000.0) < 1e-4);
        assert_eq!(heavy.exceedance(0.0), 1.0);
    }

    #[test]
    fn joined_moments_equal_counted_ones() {
        let (mut a, mut b, mut both) = (Moments::default(), Moments::default(), Moments::default());
        for i in 0..50u32 {
            let value = f64::from(i * i % 17);
            both.count(value);
            if i % 3 == 0 {
                a.count(value)
            } else {
                b.count(value)
            }
        }
        let joined = a.merged(b);
        assert!(
            (joined.mean - both.mean).abs() < 1e-12 && (joined.squares - both.squares).abs() < 1e-9
        );
    }
}

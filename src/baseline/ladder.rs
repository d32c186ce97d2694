//! Ladders: ordinal novelty, judged by how often it happens at all.
//!
//! "A category never seen" says little by itself: some mailboxes meet a new network every day, others none in a year.
//! A ladder orders what can happen on one day in one mailbox from familiar (rung 0) to never seen by the tenant, and
//! counts how often mailbox-days reached each rung. The deviation of rung r is −log10 of the share of mailbox-days
//! that reach r or higher: an exceedance probability, estimated for the mailbox and shrunk towards the tenant with
//! the weight of [`PRIOR_DAYS`] days (the posterior mean of a beta prior: Gelman et al., Bayesian Data Analysis,
//! 3rd ed., section 2.4).

use serde::{Deserialize, Serialize};

/// Rungs of every ladder; ladders with fewer leave the upper ones empty.
pub(crate) const RUNGS: usize = 6;
/// Weight of the tenant's rate in a mailbox's, in days: two working weeks of its own history outweigh it.
pub(crate) const PRIOR_DAYS: f64 = 10.0;
/// Ages of a mailbox, in active days, whose rates differ: a new starter meets everything for the first time.
const AGES: usize = 4;
/// What the tenant's counts keep from one day to the next: a half-life of two weeks.
const DAILY_KEEP: f64 = 0.952;
/// No evidence of one kind counts more than this many bans.
pub const MAX_BANS: f64 = 8.0;

/// −log10 of a probability, between 0 and [`MAX_BANS`].
pub(crate) fn bans(p: f64) -> f64 {
    // `max` also turns the negative zero of p = 1 into zero.
    (-p.log10()).clamp(0.0, MAX_BANS).max(0.0)
}

fn age_of(active_days: u32) -> usize {
    match active_days {
        0 => 0,
        1..=2 => 1,
        3..=6 => 2,
        _ => 3,
    }
}

/// Active days in which a mailbox meets everything for the first time; they say nothing about its later rates.
pub(crate) const FIRST_DAYS: u32 = 3;
/// Kinds of mailbox-days whose rates differ; what they are is up to the ladder (channels, personal or shared).
pub(crate) const STRATA: usize = 4;

/// How often the tenant's mailbox-days reached each rung, by stratum and age of the mailbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TenantLadder {
    cells: [[LadderCell; AGES]; STRATA],
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct LadderCell {
    days: f64,
    reached: [f64; RUNGS],
}

impl TenantLadder {
    /// Counts one mailbox-day that reached `rung` at most.
    pub(crate) fn count(&mut self, stratum: usize, active_days: u32, rung: usize) {
        let cell = &mut self.cells[stratum][age_of(active_days)];
        cell.days += 1.0;
        cell.reached[rung.min(RUNGS - 1)] += 1.0;
    }

    /// Forgets a little; called once a day.
    pub(crate) fn fade(&mut self) {
        for cell in self.cells.iter_mut().flatten() {
            cell.days *= DAILY_KEEP;
            cell.reached
                .iter_mut()
                .for_each(|count| *count *= DAILY_KEEP);
        }
    }

    /// Share of mailbox-days that reach `rung` or higher (Krichevsky–Trofimov: half a day added to either side). A
    /// young mailbox borrows from older ones where its own age has been met too rarely.
    pub(crate) fn exceedance(&self, stratum: usize, active_days: u32, rung: usize) -> f64 {
        if rung == 0 {
            return 1.0;
        }
        let mut p = 0.5;
        for age in (age_of(active_days)..AGES).rev() {
            let cell = &self.cells[stratum][age];
            let above: f64 = cell.reached[rung.min(RUNGS - 1)..].iter().sum();
            p = (above + p) / (cell.days + 1.0);
        }
        p
    }
}

/// How often one mailbox's days reached each rung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MailboxLadder {
    reached: [u16; RUNGS],
}

impl MailboxLadder {
    pub(crate) fn count(&mut self, rung: usize) {
        let slot = &mut self.reached[rung.min(RUNGS - 1)];
        *slot = slot.saturating_add(1);
    }

    /// Days of the mailbox that reached `rung` or higher.
    pub(crate) fn days_at_or_above(&self, rung: usize) -> u32 {
        self.reached[rung.min(RUNGS - 1)..]
            .iter()
            .map(|&days| u32::from(days))
            .sum()
    }

    /// Share of the mailbox's own days that reach `rung` or higher (Krichevsky–Trofimov), for comparison.
    pub(crate) fn own_exceedance(&self, active_days: u32, rung: usize) -> f64 {
        if rung == 0 {
            return 1.0;
        }
        let days = f64::from(active_days.saturating_sub(FIRST_DAYS));
        ((f64::from(self.days_at_or_above(rung)) + 0.5) / (days + 1.0)).min(1.0)
    }

    /// Share of the mailbox's days that reach `rung` or higher, shrunk towards the tenant's share.
    pub(crate) fn exceedance(&self, active_days: u32, rung: usize, tenant: f64) -> f64 {
        if rung == 0 {
            return 1.0;
        }
        let own = f64::from(self.days_at_or_above(rung));
        let days = f64::from(active_days.saturating_sub(FIRST_DAYS));
        ((own + PRIOR_DAYS * tenant) / (days + PRIOR_DAYS)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceedance_falls_with_the_rung_and_with_quiet_days() {
        let mut ladder = TenantLadder::default();
        for day in 0..100 {
            ladder.count(0, 20, usize::from(day % 10 == 0) * 3);
        }
        let p = ladder.exceedance(0, 20, 3);
        assert!((p - 10.5 / 101.0).abs() < 1e-12, "{p}");
        assert!(ladder.exceedance(0, 20, 4) < p);
        assert_eq!(ladder.exceedance(0, 20, 0), 1.0);
    }

    #[test]
    fn a_mailbox_that_travels_is_judged_by_its_own_days() {
        let mut traveller = MailboxLadder::default();
        for day in 0..30 {
            traveller.count(usize::from(day % 3 == 0) * 4);
        }
        let (home, away) = (
            MailboxLadder::default().exceedance(30, 4, 0.01),
            traveller.exceedance(30, 4, 0.01),
        );
        assert!((home - 0.1 / 37.0).abs() < 1e-12 && (away - 10.1 / 37.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_more_than_the_maximum() {
        assert_eq!((bans(0.0), bans(1.0), bans(0.001)), (MAX_BANS, 0.0, 3.0));
    }
}

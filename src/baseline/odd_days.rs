//! Odd visits: at an hour that the mailbox does not keep, from a network that it did not know.
//!
//! One such visit is a late evening in a hotel. Seven in two weeks, between which the owner goes on as ever, are somebody
//! who reads along at night with a stolen sign-in: a little each time, through the owner's own client, so that no single
//! session weighs much. What adds up is counted over days, and judged by a ladder like everything that is new.

use serde::{Deserialize, Serialize};

use super::mailbox::MailboxBaseline;
use crate::feature::{CategoryKind, Channel, Observation};

/// Days over which visits are counted, and in which a network is new.
const WINDOW_DAYS: i32 = 14;
/// Deviation of the hour, in bans, from which it is odd: one session in four of the mailbox comes at such hours.
const ODD_HOUR: f64 = 0.6;
/// Active days of a mailbox before which everything about it is new, its hours among them.
pub(super) const SETTLED_DAYS: u32 = 10;
/// Days at the mailbox's own hours, at least, that a network needs to pass for a new home.
const ORDINARY_DAYS: u32 = 2;
/// What a mailbox meets on its first days is not new to it, but unknown to us.
pub(super) const ARRIVAL_DAYS: i32 = 5;

/// The days of odd visits, of the last 64.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OddDays {
    /// The latest such day, since 1970.
    last: i32,
    /// Bit i is the day i before it.
    days: u64,
}

impl OddDays {
    /// Remembers an odd visit. Days come in their order.
    pub(crate) fn count(&mut self, day: i32) {
        let shift = u32::try_from(day - self.last).unwrap_or(0);
        self.days = self.days.checked_shl(shift).unwrap_or(0) | 1;
        self.last = self.last.max(day);
    }

    /// Days with an odd visit within two weeks before `day`, or after it where later days are known and hold more.
    pub(crate) fn near(&self, day: i32) -> u32 {
        let within = |from: i32, until: i32| {
            (from..until)
                .filter(|day| {
                    u32::try_from(self.last - day)
                        .ok()
                        .and_then(|back| self.days.checked_shr(back))
                        .is_some_and(|days| days & 1 == 1)
                })
                .count() as u32
        };
        within(day - WINDOW_DAYS + 1, day).max(within(day + 1, day + WINDOW_DAYS))
    }
}

/// Whether a session is an odd visit. `hour` is the deviation of its hour, in bans. What an analyst has found in order is none,
/// so it does not add up, and its hour is learned.
pub(crate) fn is_odd(observation: &Observation, baseline: &MailboxBaseline, hour: f64) -> bool {
    let network = (
        CategoryKind::Network,
        observation.category(CategoryKind::Network),
    );
    let settled = baseline.active_days >= SETTLED_DAYS;
    let new = || {
        baseline.known.get(&network).is_none_or(|known| {
            let odd = baseline.odd_days.near(observation.day);
            (observation.day - known.first).abs() < WINDOW_DAYS
                && known.first >= baseline.first_day + ARRIVAL_DAYS
                && !keeps_ordinary_hours(u32::from(known.met), odd)
        })
    };
    observation.channel == Channel::Interactive
        && !observation.delegated
        && !observation.allowed
        && hour >= ODD_HOUR
        && settled
        && network.1 != 0
        && new()
}

/// Whether a network that was met on so many days is where the owner has moved: who works there comes at the mailbox's own hours, too.
/// A night reader comes at no others. The odd days are counted as if all were of this network.
fn keeps_ordinary_hours(met: u32, odd: u32) -> bool {
    let ordinary = met.saturating_sub(odd);
    ordinary >= ORDINARY_DAYS && 2 * ordinary >= odd
}

/// Days with odd visits to the rung of the ladder. Three nights are a deadline or a journey.
pub(crate) fn odd_rung(days: u32) -> usize {
    match days {
        0..=2 => 0,
        3 => 1,
        4 => 2,
        5 => 3,
        6..=7 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::known::Acquaintance;

    #[test]
    fn odd_is_a_person_at_night_in_a_network_that_is_new_and_not_allowed() {
        let mut baseline = MailboxBaseline {
            first_day: 100,
            active_days: 20,
            ..MailboxBaseline::default()
        };
        for (network, first, met) in [(7, 100, 3), (8, 119, 1), (6, 115, 5)] {
            let met = Acquaintance {
                first,
                last: 120,
                trusted: 120,
                days: met,
                met,
                origin: 5,
                settled: false,
            };
            baseline.known.insert((CategoryKind::Network, network), met);
        }
        let odd = |visit: &Observation, hour| is_odd(visit, &baseline, hour);
        let night = 1.2;
        // Known from the first day on, met a few days ago, never met, unknown to the log, at ordinary hours on five days before.
        let networks = [7, 8, 9, 0, 6].map(|network| odd(&Observation::visit(121, network), night));
        assert_eq!(networks, [false, true, true, false, false]);
        assert!(!odd(&Observation::visit(121, 9), 0.1));
        assert!(
            !odd(&Observation::visit(140, 8), night),
            "two weeks later it is not new"
        );
        let changed = |change: fn(&mut Observation)| {
            let mut visit = Observation::visit(121, 9);
            change(&mut visit);
            odd(&visit, night)
        };
        assert!(!changed(|visit| visit.allowed = true));
        assert!(!changed(|visit| visit.delegated = true));
        assert!(!changed(|visit| visit.channel = Channel::Mobile));
    }

    #[test]
    fn who_comes_at_night_only_has_not_moved() {
        // Seven nights; seven nights among ten other days; one night among three days.
        assert_eq!(
            [(7, 7), (17, 7), (4, 1)].map(|(met, odd)| keeps_ordinary_hours(met, odd)),
            [false, true, true]
        );
        // Other networks were met at night, this one on no day yet.
        assert!(!keeps_ordinary_hours(0, 6) && !keeps_ordinary_hours(8, 7));
    }

    #[test]
    fn days_are_counted_once_and_within_two_weeks() {
        let mut odd = OddDays::default();
        for day in [100, 103, 103, 110] {
            odd.count(day);
        }
        assert_eq!((odd.near(111), odd.near(114), odd.near(117)), (3, 2, 1));
        assert_eq!((odd.near(124), odd.near(500)), (0, 0));
        // A day that is judged by later ones looks at those.
        assert_eq!(odd.near(99), 3);
        odd.count(1000);
        assert_eq!(odd.near(1001), 1);
    }
}

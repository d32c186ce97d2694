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
const SETTLED_DAYS: u32 = 10;
/// What a mailbox meets on its first days is not new to it, but unknown to us.
const FIRST_DAYS: i32 = 5;

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

/// Whether a session is an odd visit. `hour` is the deviation of its hour, in bans.
pub(crate) fn is_odd(observation: &Observation, baseline: &MailboxBaseline, hour: f64) -> bool {
    let network = (
        CategoryKind::Network,
        observation.category(CategoryKind::Network),
    );
    let settled = baseline.active_days >= SETTLED_DAYS;
    let new = || {
        baseline.known.get(&network).is_none_or(|known| {
            (observation.day - known.first).abs() < WINDOW_DAYS
                && known.first >= baseline.first_day + FIRST_DAYS
        })
    };
    observation.channel == Channel::Interactive
        && !observation.delegated
        && hour >= ODD_HOUR
        && settled
        && network.1 != 0
        && new()
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

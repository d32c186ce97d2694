//! Follow-ups: what was flagged in the same mailbox before.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::Ranked;
use crate::feature::{CategoryKind, Observation, Symbol};

/// What a follow-up keeps of its distance from the threshold, for each day that it was flagged before...
const KEEPS: f64 = 0.6;
/// ...but no less than this. The less it keeps, the more other episodes come before it, and the more harmless alerts: with
/// 0.3 instead of 0.42, episode recall rises by 0.03 where every attack runs at once, and average precision falls by 0.04
/// where one campaign does.
const KEEPS_LEAST: f64 = 0.38;
/// Days after a flag in which sessions with the same client or network are follow-ups.
const DAYS: i32 = 14;

/// When a client or network was flagged in a mailbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FollowUps(BTreeMap<Key, FlaggedDays>);

/// Mailbox and category.
type Key = (Symbol, CategoryKind, Symbol);

/// Days on which a client or network was flagged in a mailbox, no two further apart than [`DAYS`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct FlaggedDays {
    last: i32,
    days: u16,
}

impl FollowUps {
    /// Earlier days on which the session's client or network was flagged in its mailbox.
    fn days_flagged(&self, observation: &Observation) -> u16 {
        keys(observation)
            .filter_map(|key| self.0.get(&key))
            .filter(|flagged| observation.day - flagged.last < DAYS)
            .map(|flagged| flagged.days)
            .max()
            .unwrap_or(0)
    }

    /// Marks the follow-ups of a flagged day, and draws them towards its threshold.
    pub(crate) fn mark<'a>(
        &self,
        threshold: Option<f64>,
        sessions: impl ParallelIterator<Item = (&'a Observation, &'a mut Ranked)>,
    ) {
        sessions.for_each(|(observation, session)| {
            let days = self.days_flagged(observation);
            session.follow_up = days > 0;
            if let Some(threshold) = threshold
                && session.flagged
            {
                session.score = drawn(session.score, threshold, days);
            }
        });
    }

    /// Remembers what was flagged on a day.
    pub(crate) fn remember<'a>(
        &mut self,
        sessions: impl Iterator<Item = (&'a Observation, &'a Ranked)>,
    ) {
        let mut today = None;
        for (observation, session) in sessions {
            today = today.max(Some(observation.day));
            if session.flagged {
                for key in keys(observation) {
                    let flagged = self.0.entry(key).or_insert(FlaggedDays {
                        last: i32::MIN,
                        days: 0,
                    });
                    flagged.days = flagged
                        .days
                        .saturating_add(u16::from(flagged.last != observation.day));
                    flagged.last = observation.day;
                }
            }
        }
        if let Some(today) = today {
            self.0.retain(|_, flagged| today - flagged.last < DAYS);
        }
    }
}

/// The score of a session whose client or network was flagged on `days` earlier days: nearer to the threshold, but not
/// below it.
fn drawn(score: f64, threshold: f64, days: u16) -> f64 {
    if days == 0 {
        return score;
    }
    let keeps = KEEPS.powi(i32::from(days)).max(KEEPS_LEAST);
    threshold + keeps * (score - threshold)
}

/// What ties a session to an earlier flag of its mailbox. What the log does not say ties nothing.
fn keys(observation: &Observation) -> impl Iterator<Item = Key> {
    [CategoryKind::Client, CategoryKind::Network]
        .map(|kind| (observation.mailbox, kind, observation.category(kind)))
        .into_iter()
        .filter(|&(_, _, symbol)| symbol != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_draws_nearer_until_the_least() {
        let scores: Vec<f64> = (0..5).map(|days| drawn(0.9, 0.5, days)).collect();
        assert_eq!(scores[0], 0.9);
        assert!((scores[1] - 0.74).abs() < 1e-12);
        assert!(scores.windows(2).all(|pair| pair[1] <= pair[0]));
        assert!((scores[4] - (0.5 + 0.4 * KEEPS_LEAST)).abs() < 1e-12);
    }
}

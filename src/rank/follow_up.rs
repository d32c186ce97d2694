//! Follow-ups: what was flagged in the same mailbox before.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{FlagRule, Ranked};
use crate::feature::{CategoryKind, Observation, Symbol};

/// Most that a follow-up keeps of its distance from the threshold, on days when there is time to read them all...
const KEEPS_MOST: f64 = 0.6;
/// ...and least, so that they stay in their order.
const KEEPS_LEAST: f64 = 0.03;
/// Follow-ups keep the square of this many times the share of their mailboxes that is read in a day: one intrusion in one
/// mailbox hardly falls behind, and a campaign in a dozen leaves the room that other incidents need. Average precision asks
/// for more of it and episode recall for less: 2.4 moves the one by +0.01 and the other by -0.01.
const READ_SEVERAL_TIMES: f64 = 1.9;
/// Alerts a day that are read, where flags do not follow such a rate.
const READ_A_DAY: f64 = 2.0;
/// Days after a flag in which sessions with the same client or network are follow-ups.
const DAYS: i32 = 14;

/// When a client or network was flagged last in a mailbox.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct FollowUps(BTreeMap<Key, i32>);

/// Mailbox and category.
type Key = (Symbol, CategoryKind, Symbol);

impl FollowUps {
    /// Whether the session's network, or its client when that was not the mailbox's own, was flagged in its mailbox on an
    /// earlier day.
    fn knows(&self, observation: &Observation) -> bool {
        keys(observation)
            .filter_map(|key| self.0.get(&key))
            .any(|last| observation.day - last < DAYS)
    }

    /// Marks the follow-ups of a flagged day, and draws them towards its threshold. A change of settings that tells by
    /// itself is none.
    pub(crate) fn mark<'a>(
        &self,
        threshold: Option<f64>,
        flags: FlagRule,
        sessions: impl ParallelIterator<Item = (&'a Observation, &'a mut Ranked)>,
    ) {
        let flagged: Vec<(Symbol, &mut Ranked)> = sessions
            .filter_map(|(observation, session)| {
                session.follow_up = self.knows(observation) && !session.telling_change;
                (session.follow_up && session.flagged).then_some((observation.mailbox, session))
            })
            .collect();
        let Some(threshold) = threshold else { return };
        let mailboxes: BTreeSet<Symbol> = flagged.iter().map(|&(mailbox, _)| mailbox).collect();
        let keeps = keeps(mailboxes.len(), flags);
        for (_, session) in flagged {
            session.score = threshold + keeps * (session.score - threshold);
        }
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
                let ties = keys(observation).filter(|&(_, kind, _)| {
                    // Everything that the mailbox's own client does would follow up on one flag of it.
                    kind != CategoryKind::Client || !session.own_client
                });
                self.0.extend(ties.map(|key| (key, observation.day)));
            }
        }
        if let Some(today) = today {
            self.0.retain(|_, last| today - *last < DAYS);
        }
    }
}

/// What follow-ups keep of their distance from the threshold on a day when so many mailboxes have some.
fn keeps(mailboxes: usize, flags: FlagRule) -> f64 {
    let read = match flags {
        FlagRule::AlertsPerDay(rate) => rate,
        FlagRule::FalseDiscoveryRate(_) => READ_A_DAY,
    };
    let share = read / mailboxes.max(1) as f64;
    (READ_SEVERAL_TIMES * share)
        .powi(2)
        .clamp(KEEPS_LEAST, KEEPS_MOST)
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

    fn flagged(own_client: bool, telling_change: bool) -> Ranked {
        Ranked {
            score: 0.9,
            raw_score: 0.9,
            isolation: 0.5,
            p_value: 0.01,
            flagged: true,
            follow_up: false,
            own_client,
            telling_change,
        }
    }

    #[test]
    fn the_more_follow_ups_the_nearer_to_the_threshold() {
        let rule = FlagRule::AlertsPerDay(2.0);
        let kept: Vec<f64> = [1, 2, 8, 16, 100, 10_000].map(|n| keeps(n, rule)).to_vec();
        assert_eq!((kept[0], kept[5]), (KEEPS_MOST, KEEPS_LEAST));
        assert!((kept[2] - 0.475 * 0.475).abs() < 1e-12, "{kept:?}");
        assert!(kept.is_sorted_by(|more, less| more >= less));
        // Who reads twice as many sees twice as many before they crowd.
        assert_eq!(keeps(16, FlagRule::AlertsPerDay(4.0)), kept[2]);
    }

    #[test]
    fn a_network_ties_and_a_client_unless_it_is_the_mailbox_s_own() {
        let session = |day, client, network| {
            let mut visit = Observation::visit(day, network);
            visit.categories[CategoryKind::Client as usize] = client;
            visit
        };
        let after_a_flag = |own_client| {
            let mut follow_ups = FollowUps::default();
            follow_ups.remember([(&session(20, 5, 7), &flagged(own_client, false))].into_iter());
            [
                session(21, 5, 8),
                session(21, 6, 7),
                session(21, 6, 8),
                session(34, 5, 7),
            ]
            .map(|later| follow_ups.knows(&later))
        };
        // The same client elsewhere, the same network, neither, and both two weeks later.
        assert_eq!(after_a_flag(false), [true, true, false, false]);
        assert_eq!(after_a_flag(true), [false, true, false, false]);
    }

    #[test]
    fn a_telling_change_of_settings_is_news() {
        let visit = Observation::visit(20, 7);
        let mut follow_ups = FollowUps::default();
        follow_ups.remember([(&visit, &flagged(false, false))].into_iter());
        let later = Observation::visit(22, 7);
        let mut sessions = [flagged(false, false), flagged(false, true)];
        let marked = [&later, &later].into_par_iter().zip(&mut sessions);
        follow_ups.mark(Some(0.5), FlagRule::AlertsPerDay(2.0), marked);
        assert!(sessions[0].follow_up && sessions[0].score < 0.9);
        assert!(!sessions[1].follow_up);
        assert_eq!(sessions[1].score, 0.9);
    }
}

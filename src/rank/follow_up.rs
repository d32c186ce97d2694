//! Follow-ups: what was flagged in the same mailbox before, and what goes on with an intrusion that was.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{FlagRule, ISOLATION_PART, Ranked};
use crate::feature::{CategoryKind, Observation, Symbol};

/// Most that a follow-up keeps of its distance from the threshold, on days when there is time to read them all...
const KEEPS_MOST: f64 = 0.6;
/// ...and least, so that they stay in their order.
const KEEPS_LEAST: f64 = 0.15;
/// Follow-ups keep the square of this many times the share of their mailboxes that is read in a day: one intrusion in one
/// mailbox hardly falls behind, and a campaign in a dozen leaves the room that other incidents need. Average precision asks
/// for more of it and episode recall for less: 2.4 moves the one by +0.01 and the other by -0.01. So does a higher least.
const READ_SEVERAL_TIMES: f64 = 2.1;
/// Alerts a day that are read, where flags do not follow such a rate.
const READ_A_DAY: f64 = 2.0;
/// A follow-up is not drawn lower than this, the score of [`super::HALF_WEIGHT`] without the forest's part: where there are few
/// mailboxes the threshold is so low that new incidents leave room above it.
const DRAWN_TO_AT_LEAST: f64 = 0.5 * (1.0 - ISOLATION_PART);
/// Days after a flag in which what it was flagged for makes follow-ups.
const DAYS: i32 = 14;

/// What was flagged in the last days.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct FollowUps {
    /// When a client of any version was flagged last in a mailbox.
    clients: BTreeMap<(Symbol, Symbol), i32>,
    /// When a mailbox was visited last by a client from a network.
    visits: BTreeMap<Visit, i32>,
}

/// A flagged session: what it has in common with others makes them an intrusion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Visit {
    mailbox: Symbol,
    /// 0 when it is the mailbox's own. With its version: browsers of one make are everywhere.
    client: Symbol,
    /// 0 when the log does not say.
    network: Symbol,
}

impl Visit {
    fn of(observation: &Observation, session: &Ranked) -> Self {
        let client = match observation.category(CategoryKind::Version) {
            0 => observation.category(CategoryKind::Client),
            version => version,
        };
        Self {
            mailbox: observation.mailbox,
            client: if session.own_client { 0 } else { client },
            network: observation.category(CategoryKind::Network),
        }
    }

    /// Client and network; what the log does not say ties nothing.
    fn marks(self) -> impl Iterator<Item = Mark> {
        [Mark::Client(self.client), Mark::Network(self.network)]
            .into_iter()
            .filter(|mark| !matches!(mark, Mark::Client(0) | Mark::Network(0)))
    }
}

/// What visits have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Client(Symbol),
    Network(Symbol),
}

/// Intrusions: clients and networks that flagged visits tie to each other, and the mailboxes they were flagged in.
struct Intrusions {
    /// The intrusion of a client or network.
    of: BTreeMap<Mark, usize>,
    /// Mailboxes with the intrusions that were flagged in them, and the last day of that.
    flagged: BTreeMap<(Symbol, usize), i32>,
}

impl Intrusions {
    /// Of visits with their last days.
    fn among<'a>(visits: impl Iterator<Item = (&'a Visit, i32)> + Clone) -> Self {
        let mut visits_of: BTreeMap<Mark, Vec<Visit>> = BTreeMap::new();
        for (visit, _) in visits.clone() {
            for mark in visit.marks() {
                visits_of.entry(mark).or_default().push(*visit);
            }
        }
        let mut of: BTreeMap<Mark, usize> = BTreeMap::new();
        for &first in visits_of.keys() {
            if of.contains_key(&first) {
                continue;
            }
            let intrusion = of.len();
            let mut reached = vec![first];
            while let Some(mark) = reached.pop() {
                if of.insert(mark, intrusion).is_none() {
                    reached.extend(visits_of[&mark].iter().flat_map(|visit| visit.marks()));
                }
            }
        }
        let mut flagged: BTreeMap<(Symbol, usize), i32> = BTreeMap::new();
        for (visit, day) in visits {
            for mark in visit.marks() {
                let last = flagged.entry((visit.mailbox, of[&mark])).or_insert(day);
                *last = day.max(*last);
            }
        }
        Self { of, flagged }
    }

    /// The last day on which the intrusion that a visit is part of was flagged in its mailbox, if by other clients from other
    /// networks.
    fn before(&self, visit: Visit) -> Option<i32> {
        visit
            .marks()
            .filter_map(|mark| self.of.get(&mark))
            .filter_map(|&intrusion| self.flagged.get(&(visit.mailbox, intrusion)).copied())
            .max()
    }
}

impl FollowUps {
    /// When the session's client was flagged in its mailbox on one of the last days, and was not the mailbox's own then.
    fn last_of_client(&self, observation: &Observation) -> Option<i32> {
        client(observation)
            .and_then(|key| self.clients.get(&key).copied())
            .filter(|&last| is_recent(last, observation.day))
    }

    /// Marks the follow-ups of a flagged day, and draws them towards its threshold. A change of settings that tells by
    /// itself is none.
    pub(crate) fn mark<'a>(
        &self,
        threshold: Option<f64>,
        flags: FlagRule,
        sessions: impl ParallelIterator<Item = (&'a Observation, &'a mut Ranked)>,
    ) {
        let sessions: Vec<_> = sessions.collect();
        let Some(today) = sessions
            .iter()
            .map(|(observation, _)| observation.day)
            .max()
        else {
            return;
        };
        let recent = self
            .visits
            .iter()
            .filter(|&(_, &last)| is_recent(last, today));
        let intrusions = Intrusions::among(recent.map(|(visit, &last)| (visit, last)));
        let flagged: Vec<(Symbol, &mut Ranked)> = sessions
            .into_par_iter()
            .filter_map(|(observation, session)| {
                session.follow_up = if session.telling_change {
                    None
                } else {
                    let intrusion = intrusions.before(Visit::of(observation, session));
                    self.last_of_client(observation).max(intrusion)
                };
                (session.follow_up.is_some() && session.flagged)
                    .then_some((observation.mailbox, session))
            })
            .collect();
        let Some(threshold) = threshold else { return };
        let mailboxes: BTreeSet<Symbol> = flagged.iter().map(|&(mailbox, _)| mailbox).collect();
        let keeps = keeps(mailboxes.len(), flags);
        let base = threshold.max(DRAWN_TO_AT_LEAST);
        for (_, session) in flagged {
            session.score = session.score.min(base + keeps * (session.score - base));
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
                // Everything that the mailbox's own client does would follow up on one flag of it.
                let ties = client(observation).filter(|_| !session.own_client);
                self.clients.extend(ties.map(|key| (key, observation.day)));
                self.visits
                    .insert(Visit::of(observation, session), observation.day);
            }
        }
        if let Some(today) = today {
            self.clients.retain(|_, last| is_recent(*last, today));
            self.visits.retain(|_, last| is_recent(*last, today));
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

fn is_recent(last: i32, today: i32) -> bool {
    today.saturating_sub(last) < DAYS
}

/// Mailbox and client, whatever its version; a client that the log does not name ties nothing.
fn client(observation: &Observation) -> Option<(Symbol, Symbol)> {
    let client = observation.category(CategoryKind::Client);
    (client != 0).then_some((observation.mailbox, client))
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
            spared: false,
            follow_up: None,
            own_client,
            own_network: false,
            telling_change,
        }
    }

    #[test]
    fn the_more_follow_ups_the_nearer_to_the_threshold() {
        let rule = FlagRule::AlertsPerDay(2.0);
        let kept: Vec<f64> = [1, 2, 8, 16, 100, 10_000].map(|n| keeps(n, rule)).to_vec();
        assert_eq!((kept[0], kept[5]), (KEEPS_MOST, KEEPS_LEAST));
        assert!((kept[2] - 0.525 * 0.525).abs() < 1e-12, "{kept:?}");
        assert!(kept.is_sorted_by(|more, less| more >= less));
        // Who reads twice as many sees twice as many before they crowd.
        assert_eq!(keeps(16, FlagRule::AlertsPerDay(4.0)), kept[2]);
    }

    /// Whether a session of mailbox 1 follows up on a flag of client 5 from network 7 on day 20.
    fn follows(day: i32, client: Symbol, network: Symbol, own_client: bool) -> bool {
        let session = |day, client, network| {
            let mut visit = Observation::visit(day, network);
            visit.categories[CategoryKind::Client as usize] = client;
            visit
        };
        let mut follow_ups = FollowUps::default();
        let before = flagged(own_client, false);
        follow_ups.remember([(&session(20, 5, 7), &before)].into_iter());
        let later = [session(day, client, network)];
        let mut sessions = [flagged(false, false)];
        let marked = later.par_iter().zip(&mut sessions);
        follow_ups.mark(Some(0.5), FlagRule::AlertsPerDay(2.0), marked);
        assert!(sessions[0].follow_up.is_none_or(|last| last == 20));
        sessions[0].follow_up.is_some()
    }

    #[test]
    fn a_network_ties_and_a_client_unless_it_is_the_mailbox_s_own() {
        // The same client elsewhere, the same network, neither.
        assert!(follows(21, 5, 8, false) && follows(21, 6, 7, false));
        assert!(!follows(21, 6, 8, false));
        assert!(!follows(21, 5, 8, true) && follows(21, 6, 7, true));
        // Two weeks later nothing ties, whether or not there were days between.
        assert!(follows(33, 5, 7, false) && !follows(34, 5, 7, false));
    }

    #[test]
    fn an_intrusion_goes_on_in_the_mailboxes_that_it_was_flagged_in() {
        let visit = |mailbox, client, network| Visit {
            mailbox,
            client,
            network,
        };
        // Network 7 ties clients 5 and 6; client 9 is something else.
        let visits = [
            visit(1, 5, 7),
            visit(2, 6, 7),
            visit(2, 6, 8),
            visit(3, 9, 20),
        ];
        let intrusions = Intrusions::among(visits.iter().zip([20, 19, 18, 17]));
        // Mailbox 1 has met neither client 6 nor network 8, but what it has met is tied to them.
        assert_eq!(intrusions.before(visit(1, 6, 30)), Some(20));
        assert_eq!(intrusions.before(visit(1, 30, 8)), Some(20));
        // New client and network; mailboxes where it was not flagged; a log that says nothing.
        assert_eq!(intrusions.before(visit(1, 30, 31)), None);
        assert_eq!(intrusions.before(visit(3, 6, 8)), None);
        assert_eq!(intrusions.before(visit(4, 6, 8)), None);
        assert_eq!(intrusions.before(visit(1, 0, 0)), None);
    }

    #[test]
    fn browsers_tie_by_version_and_own_clients_not_at_all() {
        let mut session = Observation::visit(20, 7);
        session.categories[CategoryKind::Client as usize] = 5;
        assert_eq!(Visit::of(&session, &flagged(false, false)).client, 5);
        session.categories[CategoryKind::Version as usize] = 6;
        assert_eq!(Visit::of(&session, &flagged(false, false)).client, 6);
        assert_eq!(Visit::of(&session, &flagged(true, false)).client, 0);
    }

    #[test]
    fn an_intrusion_is_remembered_from_day_to_day() {
        let session = |day, mailbox, client, network| {
            let mut visit = Observation::visit(day, network);
            visit.mailbox = mailbox;
            visit.categories[CategoryKind::Client as usize] = client;
            visit
        };
        let mut follow_ups = FollowUps::default();
        for visit in [session(20, 1, 5, 7), session(20, 2, 6, 7)] {
            follow_ups.remember([(&visit, &flagged(false, false))].into_iter());
        }
        let follows = |day| {
            let mut sessions = [flagged(false, false)];
            let later = [session(day, 1, 6, 9)];
            let mut follow_ups = follow_ups.clone();
            follow_ups
                .remember([(&session(day - 1, 9, 9, 99), &flagged(false, false))].into_iter());
            let marked = later.par_iter().zip(&mut sessions);
            follow_ups.mark(Some(0.5), FlagRule::AlertsPerDay(2.0), marked);
            sessions[0].follow_up.is_some()
        };
        assert!(follows(21) && follows(33));
        assert!(!follows(34) && !follows(35));
    }

    #[test]
    fn a_follow_up_is_not_drawn_below_half_of_what_weight_can_give() {
        let visit = Observation::visit(20, 7);
        let mut follow_ups = FollowUps::default();
        follow_ups.remember([(&visit, &flagged(false, false))].into_iter());
        let drawn = |threshold, score| {
            let later = [Observation::visit(22, 7)];
            let mut sessions = [Ranked {
                score,
                ..flagged(false, false)
            }];
            let marked = later.par_iter().zip(&mut sessions);
            follow_ups.mark(Some(threshold), FlagRule::AlertsPerDay(2.0), marked);
            sessions[0].score
        };
        assert_eq!(drawn(0.3, 0.9), drawn(DRAWN_TO_AT_LEAST, 0.9));
        assert_eq!(drawn(0.3, 0.4), 0.4);
        assert!(drawn(0.6, 0.9) > drawn(0.3, 0.9));
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
        assert!(sessions[0].follow_up.is_some() && sessions[0].score < 0.9);
        assert!(sessions[1].follow_up.is_none());
        assert_eq!(sessions[1].score, 0.9);
    }
}

//! What a detector says about sessions, and the orders that follow from it.

use std::collections::{BTreeMap, BTreeSet};

use super::truth::{MailboxDay, Truth};

/// What a detector says about one session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Higher is more anomalous, in the detector's own unit; `None` when the detector does not list the session.
    pub score: Option<f64>,
    /// Whether the detector raises an alert for it.
    pub flagged: bool,
}

/// What a detector says about a log.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// One per session, in the order of the sessions.
    pub sessions: Vec<Judged>,
    /// First day (since 1970 UTC) on which sessions could be flagged; `None` when there was none.
    pub first_judged_day: Option<i32>,
}

impl Ranking {
    /// The listed sessions, best first; ties keep the order of the sessions.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<(f64, usize)> = self
            .sessions
            .iter()
            .enumerate()
            .filter_map(|(index, s)| Some((s.score?, index)))
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.into_iter().map(|(_, index)| index).collect()
    }
}

/// The alerts in the order of their highest session, each with the episodes that any of its sessions touches.
pub(super) fn alerts(order: &[usize], truth: &Truth) -> Vec<(MailboxDay, BTreeSet<usize>)> {
    let mut place: BTreeMap<MailboxDay, usize> = BTreeMap::new();
    let mut alerts: Vec<(MailboxDay, BTreeSet<usize>)> = Vec::new();
    for session in order.iter().filter_map(|&index| truth.sessions.get(index)) {
        let index = *place.entry(session.alert).or_insert_with(|| {
            alerts.push((session.alert, BTreeSet::new()));
            alerts.len() - 1
        });
        if let Some((_, episodes)) = alerts.get_mut(index) {
            episodes.extend(session.episodes.iter().copied());
        }
    }
    alerts
}

/// First day on which each episode is among the `per_day` highest alerts of its day: what an analyst finds who reads
/// that many every day, without knowing what the next day brings. By index of the episode.
pub(super) fn found_by_reading(
    alerts: &[(MailboxDay, BTreeSet<usize>)],
    per_day: usize,
    first_judged_day: Option<i32>,
    episodes: usize,
) -> Vec<Option<i32>> {
    let mut found = vec![None; episodes];
    let mut read: BTreeMap<i32, usize> = BTreeMap::new();
    for (alert, shown) in alerts {
        if first_judged_day.is_none_or(|first| alert.day < first) {
            continue;
        }
        let count = read.entry(alert.day).or_default();
        *count += 1;
        if *count <= per_day {
            note(&mut found, shown.iter(), alert.day);
        }
    }
    found
}

/// First day on which a session of each episode is flagged. By index of the episode.
pub(super) fn found_by_flags(ranking: &Ranking, truth: &Truth) -> Vec<Option<i32>> {
    let mut found = vec![None; truth.episodes.len()];
    for (judged, session) in ranking.sessions.iter().zip(&truth.sessions) {
        if judged.flagged {
            note(&mut found, session.episodes.iter(), session.alert.day);
        }
    }
    found
}

fn note<'a>(found: &mut [Option<i32>], episodes: impl Iterator<Item = &'a usize>, day: i32) {
    for &episode in episodes {
        if let Some(first) = found.get_mut(episode) {
            *first = Some(first.map_or(day, |before: i32| before.min(day)));
        }
    }
}

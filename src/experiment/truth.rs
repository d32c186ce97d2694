//! What the labels say about sessions: which are attacks, which episodes they touch, and when each episode began.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{EventColumns, Operation};
use crate::experiment::Labels;
use crate::session::day_of;

/// Whether an operation (Microsoft's name) counts when sessions are judged against labels: what is done in a mailbox or to its
/// settings. Sign-ins are evidence, but no access.
#[must_use]
pub fn counts_as_access(operation: &str) -> bool {
    !matches!(
        Operation::classify(operation),
        Operation::SignIn | Operation::SignInFailed | Operation::MailboxLogin
    )
}

/// One mailbox on one day: what an analyst opens, and therefore what counts as one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailboxDay {
    /// Number of the mailbox, whatever the numbering.
    pub mailbox: u32,
    /// Days since 1970-01-01 UTC.
    pub day: i32,
}

/// What is true of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTruth {
    /// The alert that it would raise.
    pub alert: MailboxDay,
    /// Whether at least half of its counted records belong to an attack.
    pub attack: bool,
    /// Indexes of the episodes that any of its counted records belongs to, ascending.
    pub episodes: Vec<usize>,
}

/// One episode that the log shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpisodeTruth {
    /// Its name in the labels.
    pub name: String,
    /// Kind of attack.
    pub scenario: String,
    /// The campaign that it belongs to.
    pub campaign: String,
    /// First labelled record in the log, milliseconds since 1970 UTC.
    pub first: i64,
}

/// What is true of a log's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truth {
    /// One per session, in the order of the sessions.
    pub sessions: Vec<SessionTruth>,
    /// The episodes with at least one counted record in the log.
    pub episodes: Vec<EpisodeTruth>,
    /// Length of the log in days: those of the calendar (UTC), as alerts are counted, from the first counted record's to the last's.
    pub days: u32,
    /// Day of the last counted record, since 1970 UTC.
    pub last_day: i32,
    /// Names of the episodes of which the log shows no counted record: they are not judged.
    pub episodes_not_shown: Vec<String>,
    /// Labelled records that the log lacks.
    pub unmatched_labels: usize,
    /// Counted records that are in no session.
    pub records_without_session: usize,
}

/// Counted and labelled records of one session.
#[derive(Clone, Default)]
struct Tally {
    counted: u32,
    labelled: u32,
    episodes: BTreeSet<usize>,
}

impl Truth {
    /// Compares sessions with labels. `session_of[row]` is the session of an event, an index into `alerts`.
    #[must_use]
    pub fn new(
        columns: &EventColumns<'_>,
        session_of: &[Option<usize>],
        alerts: &[MailboxDay],
        labels: &Labels,
    ) -> Self {
        let counts: Vec<bool> = columns
            .operation
            .names
            .iter()
            .map(|name| counts_as_access(name))
            .collect();
        let mut tallies = vec![Tally::default(); alerts.len()];
        let mut first_of: BTreeMap<usize, i64> = BTreeMap::new();
        let mut shown: BTreeSet<usize> = BTreeSet::new();
        let mut span: Option<(i64, i64)> = None;
        let (mut matched, mut records_without_session) = (0, 0);
        let rows = columns
            .record_id
            .keys()
            .iter()
            .zip(columns.time)
            .zip(columns.operation.codes);
        for (row, ((&key, &time), &operation)) in rows.enumerate() {
            let episode = labels.episode_of(key);
            if let Some(episode) = episode {
                matched += 1;
                first_of
                    .entry(episode)
                    .and_modify(|first| *first = time.min(*first))
                    .or_insert(time);
            }
            if !counts.get(operation as usize).copied().unwrap_or_default() {
                continue;
            }
            span = Some(span.map_or((time, time), |(low, high)| (time.min(low), time.max(high))));
            shown.extend(episode);
            match session_of
                .get(row)
                .copied()
                .flatten()
                .and_then(|index| tallies.get_mut(index))
            {
                Some(tally) => {
                    tally.counted += 1;
                    tally.labelled += u32::from(episode.is_some());
                    tally.episodes.extend(episode);
                }
                None => records_without_session += 1,
            }
        }
        let (first, last) = span.unwrap_or_default();
        Self {
            sessions: sessions(alerts, tallies, &shown),
            episodes: episodes(labels, &shown, &first_of),
            days: span.map_or(0, |_| (day_of(last) - day_of(first) + 1) as u32),
            last_day: day_of(last),
            episodes_not_shown: (labels.episodes().iter().enumerate())
                .filter(|(number, _)| !shown.contains(number))
                .map(|(_, episode)| episode.name.clone())
                .collect(),
            unmatched_labels: labels.len().saturating_sub(matched),
            records_without_session,
        }
    }

    /// The campaigns, each with the indexes of its episodes, by name.
    #[must_use]
    pub fn campaigns(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut campaigns: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, episode) in self.episodes.iter().enumerate() {
            campaigns.entry(&episode.campaign).or_default().push(index);
        }
        campaigns
    }
}

/// Episodes are renumbered to those that the log shows.
fn sessions(
    alerts: &[MailboxDay],
    tallies: Vec<Tally>,
    shown: &BTreeSet<usize>,
) -> Vec<SessionTruth> {
    let numbers: BTreeMap<usize, usize> = shown
        .iter()
        .enumerate()
        .map(|(new, &old)| (old, new))
        .collect();
    alerts
        .iter()
        .zip(tallies)
        .map(|(&alert, tally)| SessionTruth {
            alert,
            attack: tally.counted > 0 && 2 * tally.labelled >= tally.counted,
            episodes: tally
                .episodes
                .iter()
                .filter_map(|old| numbers.get(old).copied())
                .collect(),
        })
        .collect()
}

fn episodes(
    labels: &Labels,
    shown: &BTreeSet<usize>,
    first_of: &BTreeMap<usize, i64>,
) -> Vec<EpisodeTruth> {
    shown
        .iter()
        .filter_map(|number| {
            let episode = labels.episodes().get(*number)?;
            Some(EpisodeTruth {
                name: episode.name.clone(),
                scenario: episode.scenario.clone(),
                campaign: episode.campaign().to_owned(),
                first: *first_of.get(number)?,
            })
        })
        .collect()
}

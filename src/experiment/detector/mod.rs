//! Detectors behind one trait: mailglass, and what a user would have instead.
//!
//! All of them judge the same sessions, and none looks ahead: a day is judged by the days before it and by itself, as
//! a detector in operation would. During the warm-up they score and never flag.

mod daily_sigma;
mod first_seen;
mod mailglass;
mod plain_forest;
mod seasonal;
mod sentinel;

use std::collections::BTreeMap;
use std::str::FromStr;

use super::ranking::Ranking;
use crate::error::Error;
use crate::event::EventColumns;
use crate::rank::{FlagRule, RankOptions};
use crate::session::Session;

pub use daily_sigma::DailySigma;
pub use first_seen::FirstSeenClient;
pub use mailglass::{DeviationSum, Mailglass};
pub use plain_forest::PlainForest;
pub use sentinel::SentinelTimeSeries;

/// A log cut into sessions, as every detector gets it.
#[derive(Clone, Copy)]
pub struct Log<'a> {
    /// The events.
    pub columns: &'a EventColumns<'a>,
    /// The sessions, ordered by start.
    pub sessions: &'a [Session],
}

impl<'a> Log<'a> {
    /// The sessions day by day, with the index of the first of each day.
    pub(super) fn days(&self) -> impl Iterator<Item = (usize, &'a [Session])> {
        let mut start = 0;
        self.sessions
            .chunk_by(|a, b| a.day == b.day)
            .map(move |day| {
                let first = start;
                start += day.len();
                (first, day)
            })
    }

    /// First day on which sessions may be flagged.
    pub(super) fn first_judged_day(&self, options: &RankOptions) -> Option<i32> {
        let warm_up = i32::try_from(options.warm_up_days).unwrap_or(i32::MAX);
        self.sessions
            .first()
            .map(|session| session.day.saturating_add(warm_up))
    }
}

/// Something that ranks and flags the sessions of a log.
pub trait Detector: Sync {
    /// Its name in specs, tables and charts.
    fn name(&self) -> &'static str;

    /// Scores every session of `log` (higher is more anomalous) and flags some.
    ///
    /// # Errors
    /// [`Error::Model`] when a model cannot be fitted.
    fn judge(&self, log: &Log<'_>, options: &RankOptions) -> Result<Ranking, Error>;
}

/// The detectors that ship with mailglass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DetectorName {
    /// mailglass itself.
    Mailglass,
    /// mailglass's deviations, added up instead of isolated.
    DeviationSum,
    /// An isolation forest on raw features of sessions.
    PlainForest,
    /// A client that the mailbox has not been opened with before.
    FirstSeenClient,
    /// An application's daily volume over its mean and 2.5 standard deviations.
    ApplicationSigma,
    /// A mailbox's daily volume over its mean and 2.5 standard deviations.
    MailboxSigma,
    /// Microsoft Sentinel's rule on the time series of `MailItemsAccessed`.
    SentinelTimeSeries,
}

impl DetectorName {
    /// Every detector, mailglass first.
    pub const ALL: [Self; 7] = [
        Self::Mailglass,
        Self::DeviationSum,
        Self::PlainForest,
        Self::FirstSeenClient,
        Self::ApplicationSigma,
        Self::MailboxSigma,
        Self::SentinelTimeSeries,
    ];

    /// The detector of that name.
    #[must_use]
    pub fn detector(self) -> &'static dyn Detector {
        match self {
            Self::Mailglass => &Mailglass,
            Self::DeviationSum => &DeviationSum,
            Self::PlainForest => &PlainForest,
            Self::FirstSeenClient => &FirstSeenClient,
            Self::ApplicationSigma => &DailySigma::APPLICATION,
            Self::MailboxSigma => &DailySigma::MAILBOX,
            Self::SentinelTimeSeries => &SentinelTimeSeries,
        }
    }

    /// The name in specs, tables and charts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.detector().name()
    }

    /// The name as charts and texts show it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Mailglass => "mailglass",
            Self::DeviationSum => "sum of deviations",
            Self::PlainForest => "plain isolation forest",
            Self::FirstSeenClient => "first-seen client",
            Self::ApplicationSigma => "application mean + 2.5σ",
            Self::MailboxSigma => "mailbox mean + 2.5σ",
            Self::SentinelTimeSeries => "Sentinel time series",
        }
    }

    /// Whether features can be left out of it.
    #[must_use]
    pub fn has_features(self) -> bool {
        matches!(self, Self::Mailglass | Self::DeviationSum)
    }
}

impl serde::Serialize for DetectorName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl FromStr for DetectorName {
    type Err = String;

    /// Reads a name; the error lists the known ones.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == text)
            .ok_or_else(|| {
                format!(
                    "known detectors are {}",
                    Self::ALL.map(Self::as_str).join(", ")
                )
            })
    }
}

/// Alerts a day for detectors without a threshold of their own: the rate asked for, at least one. A false-discovery
/// rate says nothing about a number; two a day stand in, mailglass's default.
fn alerts_a_day(options: &RankOptions) -> usize {
    match options.flags {
        FlagRule::AlertsPerDay(rate) => (rate.round() as usize).max(1),
        FlagRule::FalseDiscoveryRate(_) => 2,
    }
}

/// Flags the sessions of the highest alerts of every judged day, for detectors that only rank.
fn flag_highest(log: &Log<'_>, options: &RankOptions, ranking: &mut Ranking) {
    let Some(first_judged) = ranking.first_judged_day else {
        return;
    };
    for (start, day) in log
        .days()
        .filter(|(_, day)| day.first().is_some_and(|s| s.day >= first_judged))
    {
        let Some(judged) = ranking.sessions.get_mut(start..start + day.len()) else {
            continue;
        };
        let mut best: BTreeMap<u32, f64> = BTreeMap::new();
        for (session, judged) in day.iter().zip(judged.iter()) {
            if let Some(score) = judged.score {
                best.entry(session.mailbox)
                    .and_modify(|b| *b = b.max(score))
                    .or_insert(score);
            }
        }
        let mut alerts: Vec<(f64, u32)> = best
            .into_iter()
            .map(|(mailbox, score)| (score, mailbox))
            .collect();
        alerts.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        alerts.truncate(alerts_a_day(options));
        for (session, judged) in day.iter().zip(judged) {
            let alert = alerts
                .iter()
                .find(|(_, mailbox)| *mailbox == session.mailbox);
            judged.flagged = alert.is_some_and(|(score, _)| judged.score == Some(*score));
        }
    }
}

/// How much a session read: items, and a folder downloaded whole as one.
fn amount(session: &Session) -> u64 {
    session.items + u64::from(session.syncs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Events};
    use crate::session::{DAY_MS, SessionOptions, sessionize};

    /// Two mailboxes through one client for twenty days, three items each a day; on the last day a third client takes
    /// eighty items from mailbox b within one hour.
    pub(super) fn attacked() -> Events {
        let mut events = Vec::new();
        let mut read = |day: i64, minute: i64, mailbox: &str, client: &str, items: u32| {
            events.push(Event {
                record_id: format!("{mailbox}-{day}-{minute}"),
                time: day * DAY_MS + 10 * 3_600_000 + minute * 60_000,
                operation: "MailItemsAccessed".to_owned(),
                access: crate::event::AccessType::Bind,
                mailbox: mailbox.to_owned(),
                actor: mailbox.to_owned(),
                client_app_id: client.to_owned(),
                client_info: format!("Client={client}"),
                items,
                ..Event::default()
            });
        };
        for day in 0..20 {
            read(day, 0, "a@x", "outlook", 3);
            read(day, 1, "b@x", "outlook", 3);
        }
        for minute in 2..42 {
            read(19, minute, "b@x", "harvester", 2);
        }
        Events::from_events(events).expect("a table")
    }

    #[test]
    fn every_detector_finds_the_plain_case_and_flags_nothing_before() {
        let events = attacked();
        let columns = events.columns().expect("columns");
        let sessions = sessionize(&columns, &SessionOptions::default()).expect("sessions");
        let log = Log {
            columns: &columns,
            sessions: &sessions,
        };
        let attack = sessions
            .iter()
            .position(|s| s.items == 80)
            .expect("the attack");
        for name in DetectorName::ALL {
            let ranking = name
                .detector()
                .judge(&log, &RankOptions::default())
                .expect("a ranking");
            assert_eq!(ranking.sessions.len(), sessions.len());
            assert_eq!(ranking.first_judged_day, Some(10), "{}", name.as_str());
            let best = ranking
                .sessions
                .iter()
                .filter_map(|s| s.score)
                .max_by(f64::total_cmp);
            assert_eq!(
                ranking.sessions[attack].score,
                best,
                "{} ranks something higher",
                name.as_str()
            );
            assert!(
                ranking.sessions[attack].flagged,
                "{} misses it",
                name.as_str()
            );
            let early = sessions
                .iter()
                .zip(&ranking.sessions)
                .filter(|(s, j)| s.day < 10 && j.flagged)
                .count();
            assert_eq!(early, 0, "{} flags in the warm-up", name.as_str());
        }
    }

    #[test]
    fn names_are_read_back() {
        for name in DetectorName::ALL {
            assert_eq!(name.as_str().parse::<DetectorName>(), Ok(name));
        }
        assert!(
            "magic"
                .parse::<DetectorName>()
                .is_err_and(|known| known.contains("first_seen_client"))
        );
    }
}

//! Microsoft Sentinel's analytics rule "Exchange workflow MailItemsAccessed operation anomaly"
//! (`MailItemsAccessedTimeSeries` of the public Azure-Sentinel repository), run once a day over the last 14 days.

use std::collections::{BTreeMap, BTreeSet};

use super::seasonal::anomaly_scores;
use super::{Detector, Log};
use crate::error::Error;
use crate::experiment::ranking::{Judged, Ranking};
use crate::rank::RankOptions;

/// Days of the rule's time series.
const WINDOW_DAYS: i32 = 14;
/// Score from which an hour of the tenant is anomalous.
const SCORE: f64 = 1.5;
/// A mailbox needs more records than this in the hour.
const HOURLY_RECORDS: u32 = 25;
/// A mailbox needs more than this share of the hour's records.
const SHARE_OF_HOUR: f64 = 0.5;
const HOUR_MS: i64 = 3_600_000;

/// Lists and flags the sessions of mailboxes with more than 25 `MailItemsAccessed` records in an hour, more than half of
/// the tenant's, when the tenant's hourly count stands out of its trend and season. Their score is that of the hour.
#[derive(Debug, Clone, Copy)]
pub struct SentinelTimeSeries;

impl Detector for SentinelTimeSeries {
    fn name(&self) -> &'static str {
        "sentinel_time_series"
    }

    fn judge(&self, log: &Log<'_>, options: &RankOptions) -> Result<Ranking, Error> {
        let first_judged_day = log.first_judged_day(options);
        let hours = Hours::count(log);
        let mut sessions = Vec::with_capacity(log.sessions.len());
        for (_, day) in log.days() {
            let number = day.first().map_or(0, |session| session.day);
            let alerts = if first_judged_day.is_some_and(|first| number >= first) {
                hours.alerts(number)
            } else {
                BTreeMap::new()
            };
            sessions.extend(day.iter().map(|session| {
                let hit = |row: &u32| {
                    let hour = hour_of(log, *row)?;
                    alerts.get(&(session.mailbox, hour)).copied()
                };
                let score = session.rows.iter().filter_map(hit).max_by(f64::total_cmp);
                Judged {
                    score,
                    flagged: score.is_some(),
                }
            }));
        }
        Ok(Ranking {
            sessions,
            first_judged_day,
        })
    }
}

/// The hour since 1970 of a `MailItemsAccessed` record; `None` for other records.
fn hour_of(log: &Log<'_>, row: u32) -> Option<i64> {
    let row = row as usize;
    let read = log.columns.operation.get(row) == "MailItemsAccessed";
    read.then(|| log.columns.time.get(row))
        .flatten()
        .map(|time| time.div_euclid(HOUR_MS))
}

/// Records by hour, of the tenant and of each mailbox.
struct Hours {
    first: i64,
    tenant: BTreeMap<i64, u32>,
    mailboxes: BTreeMap<i64, BTreeMap<u32, u32>>,
}

impl Hours {
    fn count(log: &Log<'_>) -> Self {
        let mut tenant: BTreeMap<i64, u32> = BTreeMap::new();
        let mut mailboxes: BTreeMap<i64, BTreeMap<u32, u32>> = BTreeMap::new();
        for session in log.sessions {
            for hour in session.rows.iter().filter_map(|&row| hour_of(log, row)) {
                *tenant.entry(hour).or_default() += 1;
                *mailboxes
                    .entry(hour)
                    .or_default()
                    .entry(session.mailbox)
                    .or_default() += 1;
            }
        }
        Self {
            first: tenant.keys().next().copied().unwrap_or_default(),
            tenant,
            mailboxes,
        }
    }

    /// Mailbox and hour of every alert of a day, with the score of the hour.
    fn alerts(&self, day: i32) -> BTreeMap<(u32, i64), f64> {
        let end = (i64::from(day) + 1) * 24;
        let start = (end - i64::from(WINDOW_DAYS) * 24).max(self.first.div_euclid(24) * 24);
        let at = |hour: i64| self.tenant.get(&hour).copied().unwrap_or_default();
        let series: Vec<f64> = (start..end).map(|hour| f64::from(at(hour))).collect();
        let scores = anomaly_scores(&series);
        let anomalous: BTreeSet<i64> = (start..end)
            .zip(&scores)
            .filter(|(hour, score)| *hour >= end - 24 && **score > SCORE)
            .map(|(hour, _)| hour)
            .collect();
        let mut alerts = BTreeMap::new();
        for hour in anomalous {
            let score = usize::try_from(hour - start)
                .ok()
                .and_then(|place| scores.get(place))
                .copied()
                .unwrap_or_default();
            for (&mailbox, &records) in self.mailboxes.get(&hour).into_iter().flatten() {
                if records > HOURLY_RECORDS
                    && f64::from(records) > SHARE_OF_HOUR * f64::from(at(hour))
                {
                    alerts.insert((mailbox, hour), score);
                }
            }
        }
        alerts
    }
}

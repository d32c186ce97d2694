//! The bins of time that the charts of a run share, and what is counted in them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chart::{Band, Series, bin_seconds};
use crate::event::EventColumns;
use crate::explain::Naming;
use crate::pipeline::{Analysis, AnalyzedSession};
use crate::session::DAY_MS;

/// Seconds.
pub(super) const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
/// Up to so many days, lanes show hours.
const HOURLY_DAYS: usize = 3;
/// The band holds the bins between these quantiles of comparable ones.
const BAND_QUANTILES: (f64, f64) = (0.05, 0.95);
/// Comparable bins that a band needs.
const MIN_COMPARABLE: usize = 5;

/// The bins of time that all charts of a run share.
pub(super) struct Period {
    /// Start of the first bin, Unix seconds.
    start: i64,
    /// Width of a bin in seconds.
    step: i64,
    bins: usize,
    /// Bins from the first to the last session: before and after them nothing is expected.
    logged: RangeInclusive<usize>,
    /// Midnight of the first day in the zone of the run, Unix seconds. All days have 24 hours ([`WallClock`]).
    pub(super) first_day: i64,
    clock: WallClock,
    pub(super) days: usize,
    /// Days since a Monday of the first day.
    first_weekday: i64,
}

/// Midnight of a moment's day, in Unix seconds, and the days since Monday of that day.
pub(super) fn midnight(seconds: i64, zone: &TimeZone) -> (i64, i64) {
    let utc = seconds.div_euclid(DAY);
    let start = Timestamp::from_second(seconds)
        .and_then(|moment| moment.to_zoned_datetime(zone.clone()).start_of_day());
    match start {
        Ok(start) => {
            let weekday = start.weekday().to_monday_zero_offset();
            (start.timestamp().as_second(), i64::from(weekday))
        }
        // Beyond the calendar. The first day of 1970 was a Thursday.
        Err(_) => (utc * DAY, (utc + 3).rem_euclid(7)),
    }
}

/// Moments by the clock on the wall, in seconds that go on evenly from the log's first day: where clocks change within the log, days
/// begin at midnight all the same. The hour that is put back is counted with the one before it.
#[derive(Debug, Clone, Default)]
pub(super) struct WallClock {
    /// From which moment on it is ahead of the first day's clock, and by how much. Seconds, by time.
    changes: Vec<(i64, i64)>,
}

impl WallClock {
    /// Of a log from `first` to `last`, Unix seconds.
    pub(super) fn new((first, last): (i64, i64), zone: &TimeZone) -> Self {
        let Ok(begin) = Timestamp::from_second(first) else {
            return Self::default();
        };
        let offset = i64::from(zone.to_offset(begin).seconds());
        let changes = zone
            .following(begin)
            .map(|change| (change.timestamp().as_second(), change.offset()))
            .take_while(|(moment, _)| *moment <= last)
            .map(|(moment, now)| (moment, i64::from(now.seconds()) - offset))
            .collect();
        Self { changes }
    }

    /// A moment, Unix seconds, by this clock.
    pub(super) fn at(&self, seconds: i64) -> i64 {
        let passed = self
            .changes
            .partition_point(|(moment, _)| *moment <= seconds);
        let ahead = passed
            .checked_sub(1)
            .and_then(|last| self.changes.get(last));
        seconds + ahead.map_or(0, |(_, ahead)| *ahead)
    }
}

impl Period {
    pub(super) fn of(analysis: &Analysis, zone: &TimeZone) -> Option<Self> {
        let first = analysis
            .sessions
            .iter()
            .map(|s| s.session.start)
            .min()?
            .div_euclid(1000);
        let last = analysis
            .sessions
            .iter()
            .map(|s| s.session.end)
            .max()?
            .div_euclid(1000);
        let (first_day, first_weekday) = midnight(first, zone);
        let clock = WallClock::new((first_day, last), zone);
        let days = ((clock.at(last) - first_day) / DAY + 1) as usize;
        let step = bin_seconds(days as i64 * DAY);
        let bin = |moment: i64| ((clock.at(moment) - first_day) / step) as usize;
        Some(Self {
            start: first_day,
            step,
            bins: (days as i64 * DAY / step) as usize,
            logged: bin(first)..=bin(last),
            clock,
            first_day,
            days,
            first_weekday,
        })
    }

    /// Midnight of the Monday on or before the first day, Unix seconds.
    pub(super) fn monday(&self) -> i64 {
        self.first_day - self.first_weekday * DAY
    }

    #[cfg(test)]
    pub(super) fn of_days(first_day: i64, days: usize, first_weekday: i64) -> Self {
        Self {
            start: first_day,
            step: DAY,
            bins: days,
            logged: 0..=days - 1,
            clock: WallClock::default(),
            first_day,
            days,
            first_weekday,
        }
    }

    fn bin(&self, time_ms: i64) -> usize {
        ((self.clock.at(time_ms.div_euclid(1000)) - self.start)
            .div_euclid(self.step)
            .max(0) as usize)
            .min(self.bins.saturating_sub(1))
    }

    /// Width of a cell of a lane, in seconds: a day, or an hour where a day would be all there is to see.
    pub(super) fn cell_step(&self) -> i64 {
        if self.days <= HOURLY_DAYS { HOUR } else { DAY }
    }

    /// Cells of a lane.
    pub(super) fn cells(&self) -> usize {
        self.days * (DAY / self.cell_step()) as usize
    }

    /// The cell of a moment.
    pub(super) fn cell(&self, time_ms: i64) -> usize {
        ((self.clock.at(time_ms.div_euclid(1000)) - self.first_day)
            .div_euclid(self.cell_step())
            .max(0) as usize)
            .min(self.cells().saturating_sub(1))
    }

    pub(super) fn series(&self, observed: Vec<u64>, usual: &[u64]) -> Series {
        let flagged = observed
            .iter()
            .zip(usual)
            .map(|(all, usual)| all - usual)
            .collect();
        Series {
            start: self.start,
            step: self.step,
            observed,
            flagged,
            expected: self.band(usual),
        }
    }

    /// What bins at the same hour of working days (or of weekends) usually hold: the range of 90 % of them.
    fn band(&self, usual: &[u64]) -> Vec<Option<Band>> {
        let kind = |bin: usize| {
            let seconds = bin as i64 * self.step;
            let weekend = (seconds / DAY + self.first_weekday) % 7 >= 5;
            (weekend, seconds % DAY / self.step)
        };
        let mut comparable: BTreeMap<(bool, i64), Vec<u64>> = BTreeMap::new();
        let logged = |&(bin, _): &(usize, &u64)| self.logged.contains(&bin);
        for (bin, &count) in usual.iter().enumerate().filter(logged) {
            comparable.entry(kind(bin)).or_default().push(count);
        }
        comparable
            .values_mut()
            .for_each(|counts| counts.sort_unstable());
        (0..usual.len())
            .map(|bin| {
                if !self.logged.contains(&bin) {
                    return None;
                }
                let counts = &comparable[&kind(bin)];
                let at = |q: f64| counts[((counts.len() - 1) as f64 * q).round() as usize] as f64;
                (counts.len() >= MIN_COMPARABLE).then(|| Band {
                    low: at(BAND_QUANTILES.0),
                    high: at(BAND_QUANTILES.1),
                })
            })
            .collect()
    }
}

/// Accesses per bin (a Bind counts its items, a Sync one), all sessions and unflagged ones.
pub(super) fn accesses(
    sessions: &[&AnalyzedSession],
    naming: &Naming<'_>,
    period: &Period,
) -> (Vec<u64>, Vec<u64>) {
    let count = |flagged: bool| {
        let of_kind = sessions
            .iter()
            .filter(|s| s.verdict.ranked.flagged == flagged);
        let rows = of_kind.flat_map(|s| &s.session.rows);
        count_by_bin(rows.map(|&row| row as usize), naming.columns(), period)
    };
    let (usual, flagged) = (count(false), count(true));
    let all = usual.iter().zip(&flagged).map(|(a, b)| a + b).collect();
    (all, usual)
}

/// The same of all sessions of an analysis. They hold every event from the first of their days (UTC) on, and events in the order of
/// time are counted many times faster than in that of the ranking. Before that day are events of days that a model has passed.
pub(super) fn all_accesses(
    analysis: &Analysis,
    naming: &Naming<'_>,
    period: &Period,
) -> (Vec<u64>, Vec<u64>) {
    let columns = naming.columns();
    let first_day = analysis.days().next().map_or(i64::MAX, i64::from);
    let first = columns
        .time
        .partition_point(|&time| time.div_euclid(DAY_MS) < first_day);
    let all = count_by_bin(first..columns.time.len(), columns, period);
    let rows = analysis.flagged().flat_map(|s| &s.session.rows);
    let flagged = count_by_bin(rows.map(|&row| row as usize), columns, period);
    let usual = all.iter().zip(&flagged).map(|(a, b)| a - b).collect();
    (all, usual)
}

fn count_by_bin(
    rows: impl Iterator<Item = usize>,
    columns: &EventColumns<'_>,
    period: &Period,
) -> Vec<u64> {
    let mut bins = vec![0; period.bins];
    let operations = columns.operations();
    for row in rows {
        let operation = operations[columns.operation.codes[row] as usize];
        bins[period.bin(columns.time[row])] += u64::from(columns.amount_read(row, operation));
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_after_clocks_were_changed() {
        let zone = TimeZone::get("Europe/Warsaw").expect("a zone");
        let seconds = |text: &str| text.parse::<Timestamp>().expect("a moment").as_second();
        // 4 March at midnight, before the change of 31 March.
        let (first_day, _) = midnight(seconds("2024-03-04T07:00:00Z"), &zone);
        let clock = WallClock::new((first_day, seconds("2024-11-30T00:00:00Z")), &zone);
        let day = |text: &str| (clock.at(seconds(text)) - first_day).div_euclid(DAY);
        assert_eq!(day("2024-03-30T22:59:59Z"), 26);
        assert_eq!(day("2024-03-30T23:00:00Z"), 27);
        // From the change on, midnight is 22:00 UTC.
        assert_eq!(
            (day("2024-04-11T21:59:59Z"), day("2024-04-11T22:00:00Z")),
            (38, 39)
        );
        assert_eq!(
            (day("2024-11-03T22:59:59Z"), day("2024-11-03T23:00:00Z")),
            (244, 245)
        );
    }
}

//! What the log holds and what it lacks: period, days, gaps, silence, throttling, truncation.
//!
//! The thresholds follow what Microsoft documents: exports of the portal end at 50,000 rows and windows of the cmdlet at 5,000;
//! a mailbox with more than 1,000 Bind records in 24 hours is not logged for the next 24.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::warning::{Gap, THROTTLE_BINDS, Warning, rfc3339};
use super::{Counts, Envelope, FileReport};
use crate::error::Error;
use crate::event::{AccessType, EventColumns, Events, Operation};

/// Rows at which the portal and the cmdlet stop.
const ROW_CAPS: [u64; 2] = [50_000, 5_000];

/// Milliseconds.
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Hours.
const WEEK: i64 = 168;
/// Hours of the week from Monday on that belong to working days.
const WORKING_HOURS: i64 = 120;
/// The first hour since 1970 began a Thursday: this many hours after a Monday.
const FIRST_HOUR_OF_WEEK: i64 = 72;

/// Expected visits to mailboxes in a silent stretch, at most one an hour for each mailbox, from which the silence is no chance.
/// At a steady rate the chance of none is e^-20; people rest together, so the bar stands higher than a Poisson process needs.
const SURPRISING: f64 = 20.0;

/// A mailbox counts as fallen silent when it was silent this long before the end of the log...
const SILENT_DAYS: i64 = 7;

/// ... and had at least this many records on the average day before.
const SILENT_RATE: f64 = 3.0;

/// Records of one operation on one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayCount {
    /// The day, UTC: days since 1970-01-01.
    #[serde(serialize_with = "date")]
    pub day: i64,
    /// Microsoft's operation name.
    pub operation: String,
    /// Events.
    pub events: u64,
}

/// What the log holds and lacks. Serialized, times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Coverage {
    /// First event, milliseconds since 1970-01-01 UTC; absent without events.
    #[serde(serialize_with = "optional_rfc3339")]
    pub start: Option<i64>,
    /// Last event.
    #[serde(serialize_with = "optional_rfc3339")]
    pub end: Option<i64>,
    /// Number of mailboxes with events.
    pub mailboxes: u64,
    /// Number of actors.
    pub actors: u64,
    /// Events by day (UTC) and operation, sorted.
    pub days: Vec<DayCount>,
    /// Stretches without any record.
    pub gaps: Vec<Gap>,
    /// Whether there are too few records to find gaps: not even a week without any would surprise.
    #[serde(skip)]
    pub too_sparse_for_gaps: bool,
    /// Everything that is missing or doubtful, the gravest kinds first.
    pub warnings: Vec<Warning>,
}

/// What the inputs held and could not be read.
pub(super) fn lost<'a>(unread: impl Iterator<Item = &'a str>, counts: Counts) -> Vec<Warning> {
    let rejected = (counts.rejects > 0).then_some(Warning::Rejected {
        rows: counts.rejects,
        of: counts.rows,
    });
    unread
        .map(|input| Warning::Unread {
            input: input.to_owned(),
        })
        .chain(rejected)
        .collect()
}

/// Surveys the events. `other_time` are the times of records that are no events: they show that logging went on. `warnings`
/// are those of the reading itself.
pub(super) fn survey(
    events: &Events,
    files: &[FileReport],
    other_time: &[i64],
    mut warnings: Vec<Warning>,
) -> Result<Coverage, Error> {
    let columns = events.columns()?;
    let (((gaps, too_sparse_for_gaps), throttled), (days, (silent, reading))) = rayon::join(
        || {
            (
                gaps(columns.time, columns.mailbox.codes, other_time),
                throttled(&columns),
            )
        },
        || {
            (
                days(&columns),
                rayon::join(|| silent(&columns), || reading(&columns, events)),
            )
        },
    );
    if events.is_empty() {
        warnings.push(Warning::NoRecords);
    }
    warnings.extend(row_caps(files));
    let kept = files
        .iter()
        .filter(|file| file.envelope == Envelope::Events);
    warnings.extend(kept.map(|file| Warning::OnlyEvents {
        file: file.path.display().to_string(),
    }));
    warnings.extend(gaps.iter().copied().map(Warning::Gap));
    warnings.extend(throttled);
    warnings.extend(silent);
    warnings.extend(reading);
    Ok(Coverage {
        start: columns.time.first().copied(),
        end: columns.time.last().copied(),
        mailboxes: distinct(columns.mailbox.codes, columns.mailbox.names.len()),
        actors: distinct(columns.actor.codes, columns.actor.names.len()),
        days,
        gaps,
        too_sparse_for_gaps,
        warnings,
    })
}

fn distinct(codes: &[u32], names: usize) -> u64 {
    let mut seen = vec![false; names];
    for &code in codes.iter().filter(|&&code| code > 0) {
        if let Some(seen) = seen.get_mut(code as usize) {
            *seen = true;
        }
    }
    seen.iter().filter(|seen| **seen).count() as u64
}

fn days(columns: &EventColumns<'_>) -> Vec<DayCount> {
    let mut counts: BTreeMap<(i64, u32), u64> = BTreeMap::new();
    let mut current = ((i64::MIN, 0), 0u64);
    // Neighbours mostly share day and operation: the map is touched once per run of them.
    for (&time, &operation) in columns.time.iter().zip(columns.operation.codes) {
        let key = (time.div_euclid(DAY), operation);
        if key == current.0 {
            current.1 += 1;
            continue;
        }
        if current.1 > 0 {
            *counts.entry(current.0).or_default() += current.1;
        }
        current = (key, 1);
    }
    if current.1 > 0 {
        *counts.entry(current.0).or_default() += current.1;
    }
    let name = |operation: u32| {
        columns
            .operation
            .names
            .get(operation as usize)
            .copied()
            .unwrap_or("")
            .to_owned()
    };
    counts
        .into_iter()
        .map(|((day, operation), events)| DayCount {
            day,
            operation: name(operation),
            events,
        })
        .collect()
}

/// Stretches without any record that are surprising for their hours of the week: at least [`SURPRISING`] visits were to be
/// expected in the stretch, from the hours of the other weeks. And whether no stretch up to a week could be that.
///
/// Mailboxes are counted, not records: a hundred messages that one person reads are one reason why an hour is not empty, and a
/// small tenant's nights would be full of gaps otherwise. `time` ascends.
fn gaps(time: &[i64], mailbox: &[u32], other_time: &[i64]) -> (Vec<Gap>, bool) {
    let hour_of = |time: &i64| time.div_euclid(HOUR);
    let hours = || time.iter().chain(other_time).map(hour_of);
    let (Some(first), Some(last)) = (hours().min(), hours().max()) else {
        return (Vec::new(), true);
    };
    let span = last - first + 1;
    // Damaged clocks could claim centuries; a log is at most some years.
    if !(48..=24 * 366 * 20).contains(&span) {
        return (Vec::new(), true);
    }
    let place = |hour: i64| usize::try_from(hour - first).unwrap_or(0);
    let mut silent = vec![true; place(last) + 1];
    for hour in hours() {
        silent[place(hour)] = false;
    }
    let mut visited = vec![0u32; silent.len()];
    let mailboxes = mailbox.iter().max().map_or(0, |&last| last as usize + 1);
    let mut last_visit = vec![None; mailboxes];
    for (time, &mailbox) in time.iter().zip(mailbox) {
        let hour = hour_of(time);
        if last_visit[mailbox as usize].replace(hour) != Some(hour) {
            visited[place(hour)] += 1;
        }
    }
    let rate = typical_hours(&visited, first);
    let mut gaps = Vec::new();
    let mut position = 0;
    for stretch in silent.chunk_by(|a, b| a == b) {
        let (begin, end) = (first + position, first + position + stretch.len() as i64);
        position += stretch.len() as i64;
        if stretch[0] && (begin..end).map(&rate).sum::<f64>() >= SURPRISING {
            gaps.push(Gap {
                start: begin * HOUR,
                end: end * HOUR,
            });
        }
    }
    let week: f64 = (0..WEEK).map(rate).sum();
    (gaps, week < SURPRISING)
}

/// Mailboxes to be expected in an hour: the median of the same hour of the other weeks, or of other days of the kind (working
/// days, weekends) where there are fewer than three weeks. A median, so that neither gaps nor bursts move it.
fn typical_hours(counts: &[u32], first: i64) -> impl Fn(i64) -> f64 {
    let by_week = counts.len() as i64 >= 3 * WEEK;
    let slot_of = move |hour: i64| {
        let of_week = (hour + FIRST_HOUR_OF_WEEK).rem_euclid(WEEK);
        let slot = match of_week {
            _ if by_week => of_week,
            weekend if weekend >= WORKING_HOURS => WORKING_HOURS + weekend % 24,
            working => working % 24,
        };
        slot as usize
    };
    let mut slots: Vec<Vec<u32>> = vec![Vec::new(); WEEK as usize];
    for (hour, &count) in (first..).zip(counts) {
        slots[slot_of(hour)].push(count);
    }
    let medians: Vec<f64> = slots
        .into_iter()
        .map(|mut slot| {
            slot.sort_unstable();
            slot.get(slot.len() / 2)
                .map_or(0.0, |&count| f64::from(count))
        })
        .collect();
    move |hour| medians[slot_of(hour)]
}

fn row_caps(files: &[FileReport]) -> Vec<Warning> {
    let capped = files.iter().filter(|file| {
        ROW_CAPS.contains(&file.counts.rows)
            && matches!(file.envelope, Envelope::PurviewCsv | Envelope::AuditSearch)
    });
    capped
        .map(|file| Warning::RowCap {
            file: file.path.display().to_string(),
            rows: file.counts.rows,
        })
        .collect()
}

/// Rows of each mailbox, in time order.
fn rows_by_mailbox(columns: &EventColumns<'_>, wanted: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let mut rows = vec![Vec::new(); columns.mailbox.names.len()];
    for (row, &mailbox) in columns.mailbox.codes.iter().enumerate() {
        if wanted(row)
            && let Some(rows) = rows.get_mut(mailbox as usize)
        {
            rows.push(row);
        }
    }
    rows
}

fn throttled(columns: &EventColumns<'_>) -> Vec<Warning> {
    let time = |row: usize| columns.time.get(row).copied().unwrap_or(0);
    let is_throttled = |row: usize| columns.throttled.get(row) == Some(&1);
    let is_bind = |row: usize| columns.access.get(row) == Some(&(AccessType::Bind as u8));
    let mut warnings = Vec::new();
    let by_mailbox = rows_by_mailbox(columns, |row| is_bind(row) || is_throttled(row));
    for (mailbox, rows) in columns.mailbox.names.iter().zip(by_mailbox) {
        // Windows that a record states, and windows that the count of Bind records implies, each 24 hours from there on.
        let mut windows: Vec<(i64, i64, bool)> = rows
            .iter()
            .filter(|&&row| is_throttled(row))
            .map(|&row| (time(row), time(row) + DAY, true))
            .collect();
        let binds: Vec<i64> = rows
            .iter()
            .filter(|&&row| is_bind(row))
            .map(|&row| time(row))
            .collect();
        for pair in binds.windows(THROTTLE_BINDS + 1) {
            if let [first, .., last] = pair
                && last - first < DAY
            {
                windows.push((*last, last + DAY, false));
            }
        }
        warnings.extend(united(windows).into_iter().map(|(start, end, stated)| {
            Warning::Throttled {
                mailbox: (*mailbox).to_owned(),
                start,
                end,
                stated,
            }
        }));
    }
    warnings
}

/// Overlapping windows (start, end, whether a record states it) made one, in the order of time; stated if any of them is.
pub(crate) fn united(mut windows: Vec<(i64, i64, bool)>) -> Vec<(i64, i64, bool)> {
    windows.sort_unstable();
    let mut united: Vec<(i64, i64, bool)> = Vec::new();
    for window in windows {
        match united.last_mut() {
            Some(last) if window.0 <= last.1 => {
                last.1 = last.1.max(window.1);
                last.2 |= window.2;
            }
            _ => united.push(window),
        }
    }
    united
}

fn silent(columns: &EventColumns<'_>) -> Vec<Warning> {
    let (Some(&start), Some(&end)) = (columns.time.first(), columns.time.last()) else {
        return Vec::new();
    };
    let time = |row: usize| columns.time.get(row).copied().unwrap_or(0);
    let mut warnings = Vec::new();
    for (mailbox, rows) in columns
        .mailbox
        .names
        .iter()
        .zip(rows_by_mailbox(columns, |_| true))
        .skip(1)
    {
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else {
            continue;
        };
        let (first, last) = (time(first), time(last));
        let active_days = ((last - first.max(start)) as f64 / DAY as f64).max(1.0);
        let long_enough = last - first >= SILENT_DAYS * DAY && end - last >= SILENT_DAYS * DAY;
        if long_enough && rows.len() as f64 / active_days >= SILENT_RATE {
            warnings.push(Warning::Silent {
                mailbox: (*mailbox).to_owned(),
                last,
            });
        }
    }
    warnings
}

fn reading(columns: &EventColumns<'_>, events: &Events) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let rows = |wanted: AccessType| {
        columns
            .access
            .iter()
            .enumerate()
            .filter(move |(_, access)| **access == wanted as u8)
            .map(|(row, _)| row)
    };
    let binds = rows(AccessType::Bind).count() as u64;
    let bare = rows(AccessType::Bind)
        .filter(|&row| {
            !events
                .packed_items(row)
                .any(|item| !item.internet_message_id.is_empty())
        })
        .count() as u64;
    if bare > 0 {
        warnings.push(Warning::NoMessageIds {
            records: bare,
            of: binds,
        });
    }
    let reads = binds + rows(AccessType::Sync).count() as u64;
    let operations = columns.operations();
    let operation = |row: usize| operations[columns.operation.codes[row] as usize];
    let unclear = rows(AccessType::None)
        .filter(|&row| operation(row) == Operation::MailItemsAccessed)
        .count() as u64;
    if unclear > 0 {
        warnings.push(Warning::UnclearReads {
            records: unclear,
            of: reads + unclear,
        });
    }
    let changes = || {
        (0..events.len()).filter(|&row| {
            let of = operation(row);
            columns.record_type[row] == 1
                && matches!(of, Operation::InboxRule | Operation::Forwarding)
        })
    };
    let bare = changes()
        .filter(|&row| columns.parameters.codes[row] == 0)
        .count() as u64;
    if bare > 0 {
        warnings.push(Warning::UnclearChanges {
            records: bare,
            of: changes().count() as u64,
        });
    }
    if reads + unclear == 0 && !events.is_empty() {
        warnings.push(Warning::NoReads);
    }
    let without_session = columns
        .access
        .iter()
        .zip(columns.session_id.codes)
        .filter(|&(&access, &session)| access != AccessType::None as u8 && session == 0)
        .count() as u64;
    // A tenth is normal: background clients of the service often have no session.
    if without_session * 10 > reads {
        warnings.push(Warning::FewSessionIds {
            records: without_session,
            of: reads,
        });
    }
    warnings
}

fn optional_rfc3339<S: Serializer>(time: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => rfc3339(time, serializer),
        None => serializer.serialize_none(),
    }
}

fn date<S: Serializer>(day: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match jiff::Timestamp::from_millisecond(day.saturating_mul(DAY)) {
        Ok(time) => serializer.collect_str(&time.strftime("%Y-%m-%d")),
        Err(_) => serializer.serialize_i64(*day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Visits to so many mailboxes in each of three hours of each of so many days, but for one day.
    fn visits(days: i64, mailboxes: u32, without: i64) -> (Vec<i64>, Vec<u32>) {
        (0..days)
            .filter(|day| *day != without)
            .flat_map(|day| (9..12).map(move |hour| day * DAY + hour * HOUR))
            .flat_map(|time| (0..mailboxes).map(move |mailbox| (time, mailbox)))
            .unzip()
    }

    fn only(visits: (Vec<i64>, Vec<u32>), days: impl Fn(i64) -> bool) -> (Vec<i64>, Vec<u32>) {
        let (time, mailbox) = visits;
        time.into_iter()
            .zip(mailbox)
            .filter(|(time, _)| days(time.div_euclid(DAY)))
            .unzip()
    }

    fn found(visits: &(Vec<i64>, Vec<u32>)) -> (usize, bool) {
        let (gaps, too_sparse) = gaps(&visits.0, &visits.1, &[]);
        (gaps.len(), too_sparse)
    }

    #[test]
    fn too_few_records_tell_no_gap_from_a_quiet_day() {
        assert_eq!(found(&visits(28, 9, 16)), (1, false));
        let rare = only(visits(28, 9, 16), |day| day % 9 == 0);
        assert_eq!(found(&rare), (0, true));
        assert_eq!(gaps(&[], &[], &[]), (Vec::new(), true));
    }

    #[test]
    fn one_busy_reader_is_no_reason_to_expect_records() {
        let (time, mailbox) = visits(28, 9, 16);
        // As many records, all of them of one mailbox: 3 visits a day.
        let one = (time, vec![0; mailbox.len()]);
        assert_eq!(found(&one), (0, false));
    }

    #[test]
    fn free_weekends_of_a_short_log_are_no_gaps() {
        // Day 4 was a Monday, day 16 a Saturday.
        let working = only(visits(18, 9, 16), |day| (day - 4).rem_euclid(7) < 5);
        assert_eq!(found(&working), (0, false));
        let without_wednesday = only(working, |day| day != 13);
        assert_eq!(found(&without_wednesday), (1, false));
    }
}

//! What the log holds and what it lacks: period, days, gaps, silence, throttling, truncation.
//!
//! The thresholds follow what Microsoft documents: exports of the portal end at 50,000 rows and windows of the cmdlet at 5,000;
//! a mailbox with more than 1,000 Bind records in 24 hours is not logged for the next 24.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::gap::gaps;
use super::reject::Commonest;
use super::warning::{Gap, THROTTLE_BINDS, Warning, rfc3339};
use super::{Counts, Envelope, FileReport};
use crate::error::Error;
use crate::event::{AccessType, EventColumns, Events, Operation};

/// Rows at which the portal and the cmdlet stop.
pub(super) const ROW_CAPS: [u64; 2] = [50_000, 5_000];

/// Milliseconds.
const DAY: i64 = 86_400_000;

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
pub(super) fn lost(
    unread: &[(String, Error)],
    counts: Counts,
    commonest: Option<Commonest>,
) -> Vec<Warning> {
    let rejected = commonest.map(|Commonest { reason, excerpt }| Warning::Rejected {
        rows: counts.rejects,
        of: counts.rows,
        reason,
        excerpt,
    });
    unread
        .iter()
        .map(|(input, error)| {
            let input = input.clone();
            if error.is_not_an_export() {
                Warning::NotAnExport { input }
            } else {
                Warning::Unread { input }
            }
        })
        .chain(rejected)
        .collect()
}

/// What was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Logged<'a> {
    pub(super) events: &'a Events,
    /// Times of records that are no events: they show that logging went on.
    pub(super) other_time: &'a [i64],
    /// The addresses of each mailbox that has more than one.
    pub(super) renamed: &'a [Vec<String>],
}

/// Surveys what was read. `warnings` are those of the reading itself.
pub(super) fn survey(
    Logged {
        events,
        other_time,
        renamed,
    }: Logged<'_>,
    files: &[FileReport],
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
                rayon::join(|| silent(&columns, renamed), || reading(&columns, events)),
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
    warnings.sort_by_key(Warning::gravity);
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

fn silent(columns: &EventColumns<'_>, renamed: &[Vec<String>]) -> Vec<Warning> {
    let (Some(&start), Some(&end)) = (columns.time.first(), columns.time.last()) else {
        return Vec::new();
    };
    let time = |row: usize| columns.time.get(row).copied().unwrap_or(0);
    let mut warnings = Vec::new();
    let by_mailbox = rows_by_mailbox(columns, |_| true);
    let last_of: BTreeMap<&str, i64> = columns
        .mailbox
        .names
        .iter()
        .zip(&by_mailbox)
        .filter_map(|(&name, rows)| Some((name, time(*rows.last()?))))
        .collect();
    // The name of the same mailbox that was logged last, and after this one.
    let other_name = |mailbox: &str, last: i64| {
        let names = renamed
            .iter()
            .filter(|of| of.iter().any(|of| of == mailbox));
        let others = names.flatten().filter_map(|name| {
            let until = *last_of.get(name.as_str())?;
            (until > last).then_some((until, name))
        });
        others.max().map(|(_, name)| name.clone())
    };
    for (mailbox, rows) in columns.mailbox.names.iter().zip(&by_mailbox).skip(1) {
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else {
            continue;
        };
        let (first, last) = (time(first), time(last));
        let active_days = ((last - first.max(start)) as f64 / DAY as f64).max(1.0);
        let long_enough = last - first >= SILENT_DAYS * DAY && end - last >= SILENT_DAYS * DAY;
        if long_enough && rows.len() as f64 / active_days >= SILENT_RATE {
            let mailbox = (*mailbox).to_owned();
            warnings.push(match other_name(&mailbox, last) {
                Some(name) => Warning::Renamed {
                    mailbox,
                    last,
                    name,
                },
                None => Warning::Silent { mailbox, last },
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

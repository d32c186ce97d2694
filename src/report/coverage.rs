//! What the log holds and lacks, as data for its chart.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::period::{DAY, midnight};
use crate::chart;
use crate::chart::coverage::{Missing, MissingKind, OperationCounts};
use crate::error::Error;
use crate::event::AccessType;
use crate::ingest::{Ingested, Warning};

/// Up to this many days are shown by the hour.
const HOURLY_DAYS: i64 = 4;
/// Beyond this many days are shown by the week: more bins than this have less than two pixels each.
const DAILY_DAYS: i64 = 700;

/// Records of each operation over time, and the windows in which the log lacks some: gaps, mailboxes that fell silent,
/// throttled mailboxes, files that end at their row cap. Days begin at midnight in `zone`.
///
/// # Errors
/// [`Error::Table`] when the events cannot be read.
pub fn coverage_chart(ingested: &Ingested, zone: &TimeZone) -> Result<chart::Coverage, Error> {
    let columns = ingested.events.columns()?;
    let first = columns.time.iter().min().copied().unwrap_or(0);
    let last = columns.time.iter().max().copied().unwrap_or(first);
    let (start, _) = midnight(first.div_euclid(1000), zone);
    let days = (last.div_euclid(1000) - start) / DAY + 1;
    let step = match days {
        days if days <= HOURLY_DAYS => 3_600,
        days if days <= DAILY_DAYS => DAY,
        _ => 7 * DAY,
    };
    let bins = ((days * DAY + step - 1) / step) as usize;
    let mut counts: BTreeMap<(u32, u8), Vec<u64>> = BTreeMap::new();
    for (row, &time) in columns.time.iter().enumerate() {
        let bin = ((time.div_euclid(1000) - start) / step) as usize;
        counts
            .entry((columns.operation.codes[row], columns.access[row]))
            .or_insert_with(|| vec![0; bins])[bin.min(bins - 1)] += 1;
    }
    let operations = counts
        .into_iter()
        .map(|((operation, access), counts)| {
            let name = columns.operation.names[operation as usize];
            let operation = match AccessType::from_u8(access) {
                AccessType::Bind => format!("{name} (Bind)"),
                AccessType::Sync => format!("{name} (Sync)"),
                AccessType::None => name.to_owned(),
            };
            OperationCounts { operation, counts }
        })
        .collect();
    let too_sparse = ingested.coverage.too_sparse_for_gaps;
    let period = (first.div_euclid(1000), last.div_euclid(1000));
    Ok(chart::Coverage {
        start,
        step,
        operations,
        too_sparse,
        missing: ingested
            .coverage
            .warnings
            .iter()
            .filter_map(|warning| missing(warning, period))
            .collect(),
    })
}

/// The window of a warning that has one. Which part of a cut file is missing nobody knows: its window is the whole log.
fn missing(warning: &Warning, (first, last): (i64, i64)) -> Option<Missing> {
    let (kind, start, end, of) = match warning {
        Warning::Gap(gap) => (
            MissingKind::Gap,
            gap.start.div_euclid(1000),
            gap.end.div_euclid(1000),
            "all mailboxes".to_owned(),
        ),
        Warning::Silent {
            mailbox,
            last: silent,
        } => (
            MissingKind::Silent,
            silent.div_euclid(1000),
            last,
            mailbox.clone(),
        ),
        Warning::Throttled {
            mailbox,
            start,
            end,
            ..
        } => (
            MissingKind::Throttled,
            start.div_euclid(1000),
            end.div_euclid(1000),
            mailbox.clone(),
        ),
        Warning::RowCap { file, .. } => (MissingKind::Truncated, first, last, file.clone()),
        _ => return None,
    };
    Some(Missing {
        kind,
        start,
        end,
        of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Gap;

    #[test]
    fn warnings_with_a_window_are_drawn() {
        let window =
            |warning: &Warning| missing(warning, (10, 90)).map(|m| (m.kind, m.start, m.end));
        let gap = Gap {
            start: 20_000,
            end: 30_000,
        };
        assert_eq!(window(&Warning::Gap(gap)), Some((MissingKind::Gap, 20, 30)));
        let silent = Warning::Silent {
            mailbox: "a@x".to_owned(),
            last: 40_000,
        };
        assert_eq!(window(&silent), Some((MissingKind::Silent, 40, 90)));
        let cut = Warning::RowCap {
            file: "a.csv".to_owned(),
            rows: 50_000,
        };
        assert_eq!(window(&cut), Some((MissingKind::Truncated, 10, 90)));
        assert_eq!(window(&Warning::NoReads), None);
    }
}

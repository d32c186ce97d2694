//! What the log holds and lacks, as data for its chart.

use std::cmp::Reverse;

use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;

use super::period::{DAY, WallClock, midnight};
use crate::chart;
use crate::chart::coverage::{Missing, MissingKind, OperationCounts};
use crate::chart::label;
use crate::error::Error;
use crate::event::{AccessType, EventColumns};
use crate::ingest::{Ingested, Warning};

/// Up to this many days are shown by the hour.
const HOURLY_DAYS: i64 = 4;
/// Beyond this many days are shown by the week: more bins than this have less than two pixels each.
const DAILY_DAYS: i64 = 700;
/// Operations that are kept apart, several times as many as have a colour. An export names a dozen; one that names thousands, over
/// centuries, would make a matrix of gigabytes.
const MOST_KINDS: usize = 40;

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
    let clock = WallClock::new((start, last.div_euclid(1000)), zone);
    let days = (clock.at(last.div_euclid(1000)) - start) / DAY + 1;
    let step = match days {
        days if days <= HOURLY_DAYS => 3_600,
        days if days <= DAILY_DAYS => DAY,
        _ => 7 * DAY,
    };
    let bins = ((days * DAY + step - 1) / step) as usize;
    let (kinds, further) = kinds(&columns);
    let places: FxHashMap<(u32, u8), usize> = kinds.iter().copied().zip(0..).collect();
    let mut counts = vec![vec![0u64; bins]; kinds.len() + usize::from(further > 0)];
    for (row, &time) in columns.time.iter().enumerate() {
        let bin = ((clock.at(time.div_euclid(1000)) - start) / step) as usize;
        let kind = (columns.operation.codes[row], columns.access[row]);
        let place = places.get(&kind).copied().unwrap_or(kinds.len());
        counts[place][bin.min(bins - 1)] += 1;
    }
    let names = kinds.iter().map(|&(operation, access)| {
        let name = columns.operation.names[operation as usize];
        match AccessType::from_u8(access) {
            AccessType::Bind => format!("{name} (Bind)"),
            AccessType::Sync => format!("{name} (Sync)"),
            AccessType::None => name.to_owned(),
        }
    });
    let rest = label::counted(further, "further operation", "further operations");
    let operations = names
        .chain([rest])
        .zip(counts)
        .map(|(operation, counts)| OperationCounts { operation, counts })
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

/// Operations and access types, the commonest [`MOST_KINDS`] of them, sorted; and how many others there are.
fn kinds(columns: &EventColumns<'_>) -> (Vec<(u32, u8)>, u64) {
    let mut totals: FxHashMap<(u32, u8), u64> = FxHashMap::default();
    for (&operation, &access) in columns.operation.codes.iter().zip(columns.access) {
        *totals.entry((operation, access)).or_default() += 1;
    }
    let mut kinds: Vec<_> = totals.into_iter().collect();
    kinds.sort_unstable_by_key(|&(kind, total)| (Reverse(total), kind));
    let further = kinds.len().saturating_sub(MOST_KINDS) as u64;
    let commonest = kinds.into_iter().take(MOST_KINDS);
    let mut kinds: Vec<_> = commonest.map(|(kind, _)| kind).collect();
    kinds.sort_unstable();
    (kinds, further)
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
        Warning::RowCap { file, .. }
        | Warning::CappedWindows { file, .. }
        | Warning::CutShort { file, .. } => (MissingKind::Truncated, first, last, file.clone()),
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
    use crate::event::{Event, Events};
    use crate::ingest::Gap;

    #[test]
    fn rare_operations_are_counted_together() -> Result<(), Error> {
        // The last ones are the commonest.
        let events = |kinds: usize| {
            let names = (0..kinds).flat_map(|kind| std::iter::repeat_n(kind, 1 + kind / 50));
            Events::from_events(names.enumerate().map(|(number, kind)| Event {
                record_id: number.to_string(),
                operation: format!("Op{kind:03}"),
                ..Event::default()
            }))
        };
        let few = events(MOST_KINDS)?;
        assert_eq!(
            kinds(&few.columns()?),
            ((1..=40).map(|code| (code, 0)).collect(), 0)
        );
        let many = events(60)?;
        let columns = many.columns()?;
        let (kept, further) = kinds(&columns);
        let names: Vec<&str> = kept
            .iter()
            .map(|&(code, _)| columns.operation.names[code as usize])
            .collect();
        assert_eq!(
            (
                names.len(),
                names[0],
                names[29],
                names[30],
                names[39],
                further
            ),
            (40, "Op000", "Op029", "Op050", "Op059", 20)
        );
        Ok(())
    }

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

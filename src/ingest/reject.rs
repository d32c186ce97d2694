//! Rows that cannot be used, each with its reason.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest excerpt kept of a rejected row, in bytes: enough to find it again, little enough to keep many.
const EXCERPT: usize = 160;

/// Rejects that are kept with row and excerpt, the first in the order of files and rows; a file of nothing but line ends may have any
/// number. Those behind them are counted.
pub(crate) const MOST_REJECTS: usize = 1 << 20;

/// Why a row was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    /// The record's cell is empty.
    Empty,
    /// The record's text ends before the record does.
    Cut,
    /// The record's text is not JSON.
    Malformed,
    /// The record nests deeper than any real one.
    TooDeep,
    /// The record has no `Id`.
    NoId,
    /// The record has no time that can be read.
    NoTime,
    /// The record has no `Operation`.
    NoOperation,
    /// The JSON is a record of something else.
    NotARecord,
    /// A CSV row has another number of cells than its header.
    Cells,
    /// A quote of a CSV row is not closed, or is followed by text.
    Quotes,
    /// A CSV row stands behind a header with other columns, in a file that cannot be read again.
    Columns,
    /// The row is longer than any real one.
    TooLong,
    /// A name, address or client string is longer than any real one.
    LongName,
}

impl Fault {
    /// What is wrong with the row.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Empty => "the AuditData cell is empty",
            Self::Cut => "the record is cut: its JSON ends before the record does",
            Self::Malformed => "the record is not valid JSON",
            Self::TooDeep => "the record nests deeper than any audit record does",
            Self::NoId => "the record has no Id",
            Self::NoTime => "the record has no CreationTime that can be read",
            Self::NoOperation => "the record has no Operation",
            Self::NotARecord => "the line is not an audit record",
            Self::Cells => "the row has another number of cells than the header",
            Self::Quotes => "a quote of the row is not closed or stands in the middle of a cell",
            Self::Columns => {
                "the columns change in the middle of this input, which can be read once only; name a file instead"
            }
            Self::TooLong => "the row is longer than 64 MiB",
            Self::LongName => "a name, address or client of the record is longer than 64 KiB",
        }
    }
}

/// A row that could not be used. A damaged export can hold millions of them, so they share what they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The input, as it was named or found.
    pub file: Arc<str>,
    /// Number of the data row or record in its file, from 1.
    pub row: u64,
    /// What is wrong with it.
    pub reason: &'static str,
    /// The beginning of its text.
    pub excerpt: Box<str>,
}

/// Rows of a file that could not be used for one reason, and are not among the [`Reject`]s that are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FurtherRejects {
    /// The input, as it was named or found.
    pub file: Arc<str>,
    /// What is wrong with them.
    pub reason: &'static str,
    /// How many there are.
    pub rows: u64,
}

/// Longest excerpt that is shown in a sentence, in characters.
const SHORT: usize = 60;

/// The reason for which most rows were rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commonest {
    pub(super) reason: &'static str,
    /// How the first such row begins; empty when it is blank, or only counted.
    pub(super) excerpt: String,
}

/// The reason for which most rows were rejected; `None` when none was. Rejects come in the order of files and rows.
pub(super) fn commonest(rejects: &[Reject], further: &[FurtherRejects]) -> Option<Commonest> {
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    let kept = rejects.iter().map(|reject| (reject.reason, 1));
    for (reason, rows) in kept.chain(further.iter().map(|of| (of.reason, of.rows))) {
        *counts.entry(reason).or_default() += rows;
    }
    let (reason, _) = counts.into_iter().rev().max_by_key(|&(_, rows)| rows)?;
    let first = rejects.iter().find(|reject| reject.reason == reason);
    let text = first.map_or("", |reject| &reject.excerpt);
    let mut excerpt: String = text.chars().take(SHORT).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    Some(Commonest { reason, excerpt })
}

/// The beginning of a row's text on one line, fit to print.
pub(crate) fn excerpt(text: &[u8]) -> Box<str> {
    let text = text.get(..EXCERPT).unwrap_or(text);
    let text = String::from_utf8_lossy(text);
    text.trim()
        .chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commonest_reason_is_shown_by_its_first_row() {
        let reject = |fault: Fault, excerpt: &str| Reject {
            file: "a".into(),
            row: 1,
            reason: fault.reason(),
            excerpt: excerpt.into(),
        };
        let long = "é".repeat(80);
        let rejects = [
            reject(Fault::Cut, "{"),
            reject(Fault::Cells, &long),
            reject(Fault::Cut, "["),
        ];
        let shown = |rejects: &[Reject], further: &[FurtherRejects]| {
            commonest(rejects, further).map(|of| (of.reason, of.excerpt))
        };
        assert_eq!(shown(&[], &[]), None);
        let cut = (Fault::Cut.reason(), "{".to_owned());
        assert_eq!(shown(&rejects, &[]), Some(cut));
        let further = [FurtherRejects {
            file: "b".into(),
            reason: Fault::Cells.reason(),
            rows: 2,
        }];
        let cells = (Fault::Cells.reason(), format!("{}…", "é".repeat(60)));
        assert_eq!(shown(&rejects, &further), Some(cells));
    }
}

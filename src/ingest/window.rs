//! Windows of `Search-UnifiedAuditLog`: every row says which of how many it is (`ResultIndex`, `ResultCount`), so that a window that
//! ends at the limit of the cmdlet, or that was not fetched to its end, shows wherever it stands in a file.

use std::collections::BTreeMap;

use super::blocks::FileState;
use super::coverage::ROW_CAPS;
use super::json::{Text, parse_number};
use super::segment::Segment;
use super::warning::Warning;

/// What the rows of a block, or of a file, say of their windows. Windows below the least limit tell nothing: whoever leaves rows
/// out, or orders them, does so on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Windows {
    /// By the number of results: the highest index, and the number of rows.
    by_results: BTreeMap<u64, (u64, u64)>,
    /// Last rows of windows of as many results as the cmdlet gives at most.
    capped: u64,
}

impl Windows {
    /// Takes a row's `ResultIndex` and `ResultCount`.
    #[inline]
    pub(crate) fn push(&mut self, [index, results]: [Text<'_>; 2]) {
        // Most have none, or fewer than a thousand.
        if results.raw.len() >= 4 {
            self.push_large(index, results);
        }
    }

    #[cold]
    fn push_large(&mut self, index: Text<'_>, results: Text<'_>) {
        let (Some(index), Some(results)) = (parse_number(index.raw), parse_number(results.raw))
        else {
            return;
        };
        if ROW_CAPS.iter().all(|&cap| results < cap) {
            return;
        }
        let (highest, rows) = self.by_results.entry(results).or_default();
        *highest = index.max(*highest);
        *rows += 1;
        self.capped += u64::from(index == results && ROW_CAPS.contains(&results));
    }

    fn extend(&mut self, more: &Self) {
        for (&results, &(highest, rows)) in &more.by_results {
            let of = self.by_results.entry(results).or_default();
            *of = (of.0.max(highest), of.1 + rows);
        }
        self.capped += more.capped;
    }

    /// The search of which most is missing: how many of its results there are, and how many there were.
    fn cut_short(&self) -> Option<(u64, u64)> {
        self.by_results
            .iter()
            .filter(|&(&results, &(highest, rows))| highest < results && rows < results)
            .map(|(&results, &(_, rows))| (rows, results))
            .max_by_key(|(rows, results)| results - rows)
    }
}

/// The warnings about windows that are not whole, by file. Segments are sorted by file.
pub(super) fn warnings(segments: &[Segment], files: &[FileState]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for of_file in segments.chunk_by(|left, right| left.file == right.file) {
        let mut windows = Windows::default();
        for segment in of_file {
            windows.extend(&segment.windows);
        }
        let state = of_file.first().and_then(|first| files.get(first.file));
        let Some(file) = state.map(|state| state.path.display().to_string()) else {
            continue;
        };
        let rows: u64 = of_file.iter().map(|segment| segment.rows).sum();
        // One window that fills the file is warned of by its rows.
        if windows.capped > 0 && !ROW_CAPS.contains(&rows) {
            warnings.push(Warning::CappedWindows {
                file: file.clone(),
                windows: windows.capped,
            });
        }
        if let Some((rows, of)) = windows.cut_short() {
            warnings.push(Warning::CutShort { file, rows, of });
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rows: impl Iterator<Item = (u64, u64)>) -> (u64, Option<(u64, u64)>) {
        // As blocks have them.
        let mut blocks = [Windows::default(), Windows::default()];
        for (number, (index, results)) in rows.enumerate() {
            let (index, results) = (index.to_string(), results.to_string());
            let texts = [&index, &results].map(|number| Text {
                raw: number.as_bytes(),
            });
            blocks[number / 3_000 % 2].push(texts);
        }
        let [mut all, more] = blocks;
        all.extend(&more);
        (all.capped, all.cut_short())
    }

    #[test]
    fn windows_at_their_limit_and_windows_cut_short_are_told() {
        let window = |results: u64, rows: u64| (1..=rows).map(move |index| (index, results));
        assert_eq!(told(window(4_999, 4_000)), (0, None));
        assert_eq!(
            told(window(5_000, 5_000).chain(window(5_000, 5_000))),
            (2, None)
        );
        assert_eq!(told(window(40_000, 10_000)), (0, Some((10_000, 40_000))));
        assert_eq!(told(window(12_345, 12_345)), (0, None));
        // Pages that begin to count anew.
        let pages = (0..3).flat_map(|_| window(12_000, 4_000));
        assert_eq!(told(pages), (0, None));
    }
}

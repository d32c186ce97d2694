//! CSV tables as tests read them.

use std::collections::BTreeMap;
use std::path::Path;

/// The rows of a table, each cell by the name of its column.
pub fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    let header = reader.headers().expect("a header").clone();
    let named = |record: csv::StringRecord| {
        header
            .iter()
            .map(str::to_owned)
            .zip(record.iter().map(str::to_owned))
            .collect()
    };
    reader
        .records()
        .map(|record| named(record.expect("a row")))
        .collect()
}

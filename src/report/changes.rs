//! `changes.csv`: every change of rules, forwarding and permissions, with who made it and what the log says that it set.

use std::path::Path;

use super::tables::{Table, rfc3339, safe_cell};
use crate::error::Error;
use crate::explain::Naming;
use crate::pipeline::{Analysis, AnalyzedSession};

/// Columns of the table.
const HEADER: [&str; 11] = [
    "time",
    "session_id",
    "flagged",
    "mailbox",
    "actor",
    "operation",
    "succeeded",
    "address",
    "folder",
    "parameters",
    "record_id",
];

/// Writes the table, in the order of time: what intruders leave behind has to be undone, whether their sessions were flagged or not.
pub(super) fn write(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    let columns = naming.columns();
    let operations = columns.operations();
    let is_change = |row: u32| {
        let code = columns.operation.codes[row as usize];
        operations[code as usize].is_rule_change()
    };
    let mut changes: Vec<(u32, &AnalyzedSession)> = analysis
        .sessions
        .iter()
        .filter(|analyzed| analyzed.session.rules > 0)
        .flat_map(|analyzed| {
            let rows = analyzed.session.rows.iter().copied();
            rows.filter(|&row| is_change(row))
                .map(move |row| (row, analyzed))
        })
        .collect();
    // Rows come in the order of time.
    changes.sort_unstable_by_key(|&(row, _)| row);
    let mut table = Table::create(dir, "changes.csv", &HEADER)?;
    for (row, analyzed) in changes {
        let row = row as usize;
        let mut record_id = Vec::new();
        columns.record_id.push_to(row, &mut record_id);
        let record_id = String::from_utf8_lossy(&record_id).into_owned();
        table.row(&[
            rfc3339(columns.time[row]),
            analyzed.session.id_text(),
            analyzed.verdict.ranked.flagged.to_string(),
            safe_cell(columns.mailbox.get(row)).into_owned(),
            safe_cell(columns.actor.get(row)).into_owned(),
            safe_cell(columns.operation.get(row)).into_owned(),
            (columns.succeeded[row] != 0).to_string(),
            safe_cell(columns.address.get(row)).into_owned(),
            safe_cell(columns.folder.get(row)).into_owned(),
            safe_cell(columns.parameters.get(row)).into_owned(),
            safe_cell(record_id).into_owned(),
        ])?;
    }
    table.finish()
}

//! The CSV tables beside `sessions.csv`.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use crate::error::Error;
use crate::event::AccessType;
use crate::explain::{Naming, exposure};
use crate::pipeline::Analysis;

/// Writes every table.
pub(super) fn write_all(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    session_records(analysis, naming, dir)?;
    reasons(analysis, dir)?;
    campaigns(analysis, dir)?;
    exposed(analysis, naming, dir)?;
    rejects(analysis, dir)
}

/// RFC 3339 in UTC, milliseconds where there are any.
pub(super) fn rfc3339(time_ms: i64) -> String {
    Timestamp::from_millisecond(time_ms)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// A cell that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, "CSV Injection").
pub(super) fn safe_cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The text that [`safe_cell`] was given.
pub(super) fn plain_cell(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => text,
        _ => cell,
    }
}

struct Table {
    writer: csv::Writer<std::io::BufWriter<std::fs::File>>,
    path: std::path::PathBuf,
}

impl Table {
    fn create(dir: &Path, name: &str, header: &[&str]) -> Result<Self, Error> {
        let path = dir.join(name);
        let file =
            std::fs::File::create(&path).map_err(|source| Error::io("create", &path, source))?;
        let mut table = Self {
            writer: csv::Writer::from_writer(std::io::BufWriter::new(file)),
            path,
        };
        table.row(header)?;
        Ok(table)
    }

    fn row<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> Result<(), Error> {
        self.writer.write_record(cells).map_err(|error| {
            let refused = match error.into_kind() {
                csv::ErrorKind::Io(refused) => refused,
                other => std::io::Error::other(format!("{other:?}")),
            };
            Error::io("write", &self.path, refused)
        })
    }

    fn finish(self) -> Result<(), Error> {
        let path = self.path;
        let mut file = self.writer.into_inner().map_err(|error| {
            let kind = error.error().kind();
            Error::io("write", &path, std::io::Error::new(kind, error.to_string()))
        })?;
        file.flush()
            .map_err(|source| Error::io("write", &path, source))
    }
}

fn session_records(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    let mut table = Table::create(dir, "session_records.csv", &["session_id", "record_id"])?;
    for analyzed in &analysis.sessions {
        let id = analyzed.session.id_text();
        for &row in &analyzed.session.rows {
            table.row(&[
                id.as_str(),
                &safe_cell(&naming.columns().record_id.get(row as usize)),
            ])?;
        }
    }
    table.finish()
}

fn reasons(analysis: &Analysis, dir: &Path) -> Result<(), Error> {
    let header = [
        "session_id",
        "feature",
        "observed",
        "expected",
        "contribution",
        "sentence",
    ];
    let mut table = Table::create(dir, "reasons.csv", &header)?;
    for analyzed in analysis.flagged() {
        for reason in &analyzed.reasons {
            table.row(&[
                analyzed.session.id_text(),
                reason.feature.feature().name.to_owned(),
                safe_cell(&reason.observed),
                safe_cell(&reason.expected),
                format!("{:.6}", reason.contribution),
                safe_cell(&reason.sentence),
            ])?;
        }
    }
    table.finish()
}

fn campaigns(analysis: &Analysis, dir: &Path) -> Result<(), Error> {
    let header = [
        "campaign_id",
        "first_seen",
        "last_seen",
        "mailboxes",
        "sessions",
        "items",
        "shared",
    ];
    let mut table = Table::create(dir, "campaigns.csv", &header)?;
    for campaign in &analysis.campaigns {
        table.row(&[
            campaign.id.clone(),
            rfc3339(campaign.first_seen),
            rfc3339(campaign.last_seen),
            campaign.mailboxes.to_string(),
            campaign.sessions.len().to_string(),
            campaign.items.to_string(),
            safe_cell(&campaign.shared),
        ])?;
    }
    table.finish()
}

fn exposed(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    let header = [
        "session_id",
        "mailbox",
        "time",
        "access",
        "folder",
        "internet_message_id",
        "bytes",
    ];
    let mut table = Table::create(dir, "exposure.csv", &header)?;
    for analyzed in analysis.flagged() {
        let session = &analyzed.session;
        for item in exposure(session, &analysis.ingested.events, naming.columns()) {
            let access = if item.access == AccessType::Sync {
                "Sync"
            } else {
                "Bind"
            };
            table.row(&[
                session.id_text(),
                safe_cell(naming.mailbox(session)),
                rfc3339(item.time),
                access.to_owned(),
                safe_cell(item.folder),
                safe_cell(item.internet_message_id),
                item.bytes
                    .map(|bytes| bytes.to_string())
                    .unwrap_or_default(),
            ])?;
        }
    }
    table.finish()
}

fn rejects(analysis: &Analysis, dir: &Path) -> Result<(), Error> {
    let mut table = Table::create(dir, "rejects.csv", &["file", "row", "reason", "excerpt"])?;
    for reject in &analysis.ingested.rejects {
        table.row(&[
            safe_cell(&reject.file),
            reject.row.to_string(),
            safe_cell(&reject.reason),
            safe_cell(&reject.excerpt),
        ])?;
    }
    table.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_start_a_formula() {
        assert_eq!(safe_cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(safe_cell("a=b"), "a=b");
        for text in ["=1+1", "-2", "@x", "a=b", "'quoted'", ""] {
            assert_eq!(plain_cell(&safe_cell(text)), text);
        }
    }

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(rfc3339(1_684_120_320_000), "2023-05-15T03:12:00Z");
    }
}

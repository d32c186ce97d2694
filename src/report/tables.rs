//! The CSV tables beside `sessions.csv`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;

use super::changes;
use crate::error::Error;
use crate::explain::{Naming, exposure};
use crate::pipeline::{Analysis, AnalyzedSession};
use crate::turn::in_order;

/// Writes every table.
pub(super) fn write_all(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    let (records, rest) = rayon::join(
        || session_records(analysis, naming, dir),
        || {
            reasons(analysis, dir)?;
            campaigns(analysis, naming, dir)?;
            changes::write(analysis, naming, dir)?;
            leads(analysis, dir)?;
            exposed(analysis, naming, dir)?;
            rejects(analysis, dir)
        },
    );
    records.and(rest)
}

/// RFC 3339 in UTC, milliseconds where there are any.
pub(super) fn rfc3339(time_ms: i64) -> String {
    Timestamp::from_millisecond(time_ms)
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// Whether a spreadsheet could run a cell as a formula (OWASP, "CSV Injection").
fn is_formula(text: &[u8]) -> bool {
    matches!(text, [b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r', ..])
}

/// Whether a cell can be written as it is: letters, digits, dashes and dots, and no formula.
fn is_plain(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    text.iter().all(plain) && !is_formula(text)
}

/// A cell that a spreadsheet would run as a formula gets an apostrophe in front.
pub(super) fn safe_cell<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    if is_formula(text.as_bytes()) {
        Cow::Owned(format!("'{text}"))
    } else {
        text
    }
}

/// The text that [`safe_cell`] was given.
pub(crate) fn plain_cell(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text.as_bytes()) => text,
        _ => cell,
    }
}

pub(super) struct Table {
    writer: csv::Writer<std::io::BufWriter<std::fs::File>>,
    path: std::path::PathBuf,
}

impl Table {
    pub(super) fn create(dir: &Path, name: &str, header: &[&str]) -> Result<Self, Error> {
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

    pub(super) fn row<T: AsRef<[u8]>>(&mut self, cells: &[T]) -> Result<(), Error> {
        self.writer.write_record(cells).map_err(|error| {
            let refused = match error.into_kind() {
                csv::ErrorKind::Io(refused) => refused,
                other => std::io::Error::other(format!("{other:?}")),
            };
            Error::io("write", &self.path, refused)
        })
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        let path = self.path;
        let mut file = self.writer.into_inner().map_err(|error| {
            let kind = error.error().kind();
            Error::io("write", &path, std::io::Error::new(kind, error.to_string()))
        })?;
        file.flush()
            .map_err(|source| Error::io("write", &path, source))
    }
}

/// Sessions whose records are put into text at a time.
const CHUNK: usize = 1 << 13;

fn session_records(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    let path = dir.join("session_records.csv");
    let create = std::fs::File::create(&path);
    let mut file = create.map_err(|source| Error::io("create", &path, source))?;
    let fail = |source| Error::io("write", &path, source);
    file.write_all(b"session_id,record_id\n").map_err(fail)?;
    let chunks: Vec<&[AnalyzedSession]> = analysis.sessions.chunks(CHUNK).collect();
    let ids = naming.columns().record_id;
    in_order(
        chunks.len(),
        || (),
        |(), chunk| {
            let mut text = Vec::new();
            for analyzed in chunks[chunk] {
                let session = analyzed.session.id_text();
                for &row in &analyzed.session.rows {
                    let line = text.len();
                    text.extend_from_slice(session.as_bytes());
                    text.push(b',');
                    let cell = text.len();
                    ids.push_to(row as usize, &mut text);
                    // Identifiers are plain as a rule: a writer for each of millions would take most of the time.
                    if is_plain(&text[cell..]) {
                        text.push(b'\n');
                        continue;
                    }
                    let mut record = text.split_off(cell);
                    text.truncate(line);
                    if is_formula(&record) {
                        record.insert(0, b'\'');
                    }
                    let mut writer = csv::Writer::from_writer(&mut text);
                    writer
                        .write_record([session.as_bytes(), &record])
                        .map_err(|error| fail(std::io::Error::other(error)))?;
                    writer.flush().map_err(fail)?;
                }
            }
            Ok(text)
        },
        |text: Vec<u8>| file.write_all(&text).map_err(fail),
    )
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
                safe_cell(&reason.observed).into_owned(),
                safe_cell(&reason.expected).into_owned(),
                format!("{:.6}", reason.contribution),
                safe_cell(&reason.sentence).into_owned(),
            ])?;
        }
    }
    table.finish()
}

fn campaigns(analysis: &Analysis, naming: &Naming<'_>, dir: &Path) -> Result<(), Error> {
    let header = [
        "campaign_id",
        "first_seen",
        "last_seen",
        "mailboxes",
        "sessions",
        "items",
        "shared",
        "mailbox_names",
        "networks",
        "unflagged_sessions",
        "unflagged_since",
    ];
    let mut table = Table::create(dir, "campaigns.csv", &header)?;
    for campaign in &analysis.campaigns {
        let sessions = || {
            campaign
                .sessions
                .iter()
                .map(|&index| &analysis.sessions[index].session)
        };
        let list = |names: BTreeSet<&str>| Vec::from_iter(names).join("; ");
        table.row(&[
            campaign.id.clone(),
            rfc3339(campaign.first_seen),
            rfc3339(campaign.last_seen),
            campaign.mailboxes.to_string(),
            campaign.sessions.len().to_string(),
            campaign.items.to_string(),
            safe_cell(campaign.ties.join("; ")).into_owned(),
            safe_cell(list(sessions().map(|s| naming.mailbox(s)).collect())).into_owned(),
            safe_cell(list(sessions().map(|s| naming.network_name(s)).collect())).into_owned(),
            campaign.unflagged.to_string(),
            campaign.unflagged_since.map(rfc3339).unwrap_or_default(),
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
        "reads",
        "rank",
        "campaign_id",
        "address",
    ];
    let mut table = Table::create(dir, "exposure.csv", &header)?;
    for analyzed in analysis.flagged() {
        let session = &analyzed.session;
        for item in exposure(session, &analysis.ingested.events, naming.columns()) {
            table.row(&[
                session.id_text(),
                safe_cell(naming.mailbox(session)).into_owned(),
                rfc3339(item.time),
                safe_cell(item.access).into_owned(),
                safe_cell(item.folder).into_owned(),
                safe_cell(item.internet_message_id).into_owned(),
                item.bytes
                    .map(|bytes| bytes.to_string())
                    .unwrap_or_default(),
                item.reads.to_string(),
                analyzed.rank.to_string(),
                analyzed.campaign.clone().unwrap_or_default(),
                safe_cell(naming.columns().address.names[session.address as usize]).into_owned(),
            ])?;
        }
    }
    table.finish()
}

/// What is not judged and bears on mailboxes.
fn leads(analysis: &Analysis, dir: &Path) -> Result<(), Error> {
    let header = [
        "time",
        "lead",
        "operation",
        "actor",
        "target",
        "parameters",
        "address",
        "record_id",
    ];
    let mut table = Table::create(dir, "leads.csv", &header)?;
    for lead in &analysis.ingested.leads {
        let texts = [
            lead.lead.as_str(),
            &lead.operation,
            &lead.actor,
            &lead.target,
            &lead.parameters,
            &lead.address,
            &lead.record_id,
        ];
        let mut cells = vec![Cow::Owned(rfc3339(lead.time))];
        cells.extend(texts.map(safe_cell));
        let cells: Vec<&str> = cells.iter().map(|cell| &**cell).collect();
        table.row(&cells)?;
    }
    table.finish()
}

fn rejects(analysis: &Analysis, dir: &Path) -> Result<(), Error> {
    let mut table = Table::create(dir, "rejects.csv", &["file", "row", "reason", "excerpt"])?;
    for reject in &analysis.ingested.rejects {
        let row = reject.row.to_string();
        let cells = [
            safe_cell(&*reject.file),
            Cow::Borrowed(row.as_str()),
            safe_cell(reject.reason),
            safe_cell(&*reject.excerpt),
        ];
        table.row(&cells.each_ref().map(|cell| cell.as_bytes()))?;
    }
    // Nothing disappears, though not every row of millions is listed.
    for further in &analysis.ingested.further_rejects {
        let excerpt = format!("and {} more rows", crate::amount::count(further.rows));
        let cells = [
            safe_cell(&*further.file),
            Cow::Borrowed(""),
            safe_cell(further.reason),
            Cow::Owned(excerpt),
        ];
        table.row(&cells.each_ref().map(|cell| cell.as_bytes()))?;
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

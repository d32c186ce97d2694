//! The envelopes an export can come in, and how a file's first bytes give its framing away.

use std::path::Path;
use std::sync::Arc;

use memchr::memchr;
use serde::Serialize;

use super::csv::Layout;
use super::events_file::Stored;
use super::json::{Scanner, Value};
use crate::error::Error;

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// CSV of the Purview portal's audit search.
    PurviewCsv,
    /// `Search-UnifiedAuditLog`, as CSV or JSON.
    AuditSearch,
    /// Management Activity API: an array of records, or one a line.
    ManagementApi,
    /// Microsoft Graph's audit log query.
    Graph,
    /// Sentinel's `OfficeActivity` table.
    OfficeActivity,
    /// Defender's `CloudAppEvents` table.
    CloudAppEvents,
    /// Elastic's `o365.audit` data set.
    Elastic,
    /// Splunk: raw records in CSV or JSON.
    Splunk,
    /// mailglass's own events.
    Events,
    /// No row has told yet.
    Unknown,
}

impl Envelope {
    /// A readable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PurviewCsv => "Purview audit search (CSV)",
            Self::AuditSearch => "Search-UnifiedAuditLog",
            Self::ManagementApi => "Management Activity API",
            Self::Graph => "Graph auditLogQuery",
            Self::OfficeActivity => "Sentinel OfficeActivity",
            Self::CloudAppEvents => "Defender CloudAppEvents",
            Self::Elastic => "Elastic o365.audit",
            Self::Splunk => "Splunk",
            Self::Events => "mailglass events",
            Self::Unknown => "unknown",
        }
    }
}

/// How the rows of a file follow each other.
#[derive(Debug, Clone)]
pub(crate) enum Framing {
    /// Rows of a CSV file with this header.
    Csv(Arc<Layout>, Envelope),
    /// One JSON object a line.
    Lines,
    /// JSON objects in an array, or after each other over several lines.
    Elements,
    /// Batches of mailglass's own events.
    Events(Stored),
}

/// What the head of a file says: the framing, and how many bytes come before the first row.
pub(crate) type Detected = (Framing, usize);

/// Why the head of a file cannot be read.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    /// What to do.
    pub(crate) remedy: String,
    /// The file is no export, and holds none.
    pub(crate) is_something_else: bool,
}

impl Refusal {
    /// The error for a file.
    pub(crate) fn of(self, path: &Path) -> Error {
        let input = path.display().to_string();
        let Self { reason, remedy, .. } = self;
        if self.is_something_else {
            Error::NotAnExport {
                input,
                reason,
                remedy,
            }
        } else {
            Error::Input {
                input,
                reason,
                remedy,
            }
        }
    }
}

/// Finds out how a file is framed from its first bytes.
pub(crate) fn detect(head: &[u8]) -> Result<Detected, Refusal> {
    let start = head
        .iter()
        .position(|byte| !byte.is_ascii_whitespace())
        .unwrap_or(head.len());
    let text = head.get(start..).unwrap_or_default();
    detect_text(head, text, start).or_else(|refusal| {
        if second_line_is_an_object(text) {
            // Only the first line is damaged: it is rejected, and the others are read.
            Ok((Framing::Lines, start))
        } else {
            Err(refusal)
        }
    })
}

fn detect_text(head: &[u8], text: &[u8], start: usize) -> Result<Detected, Refusal> {
    match text.first() {
        None => Err(Refusal {
            reason: "the file is empty".to_owned(),
            remedy: "export again; an export without results has at least a header".to_owned(),
            is_something_else: true,
        }),
        Some(b'[') => match text.get(1..).unwrap_or_default().trim_ascii_start().first() {
            Some(b'{' | b']') | None => Ok((Framing::Elements, start + 1)),
            Some(_) => Err(not_audit("a JSON array, but not of records")),
        },
        Some(b'{') => Ok(detect_objects(text, start)),
        Some(_) if text.iter().take(512).filter(|byte| **byte < 9).count() > 0 => {
            Err(not_audit("a binary file"))
        }
        Some(_) => detect_csv(head),
    }
}

fn second_line_is_an_object(text: &[u8]) -> bool {
    let Some(end) = memchr(b'\n', text) else {
        return false;
    };
    let next = text.get(end + 1..).unwrap_or_default().trim_ascii_start();
    let line = memchr(b'\n', next).unwrap_or(next.len());
    let mut scanner = Scanner::<false>::new(next, 0);
    next.starts_with(b"{\"")
        && (scanner.skip_value().is_ok() && scanner.at() <= line || line == next.len())
}

fn not_audit(what: &str) -> Refusal {
    Refusal {
        reason: format!("this is {what}, not an audit export"),
        remedy: "mailglass reads CSV and JSON exports of the unified audit log (Purview, Search-UnifiedAuditLog, Management API, Graph, Sentinel, \
         Defender, Elastic, Splunk)"
            .to_owned(),
        is_something_else: true,
    }
}

/// A first object on a line of its own means lines; otherwise objects are looked for one by one, inside a wrapping object's
/// array if that is what comes first.
fn detect_objects(text: &[u8], start: usize) -> Detected {
    let mut scanner = Scanner::<false>::new(text, 0);
    let complete = scanner.skip_value().is_ok();
    let line = memchr(b'\n', text).unwrap_or(text.len());
    let next_line = text.get(line + 1..).unwrap_or_default().trim_ascii_start();
    let array = wrapped_array(text);
    // A line that ends where an array begins wraps the lines after it; a line that ends anywhere else is a cut record.
    let wraps = array.is_some_and(|at| {
        text.get(at..line)
            .is_some_and(|rest| rest.trim_ascii().is_empty())
    });
    // Records behind each other on one line are looked for one by one.
    let behind = text.get(scanner.at()..line).unwrap_or_default();
    let alone = behind.trim_ascii_start().first() != Some(&b'{');
    if complete && scanner.at() <= line && (alone || array.is_some())
        || !complete
            && !wraps
            && line < text.len()
            && next_line.first() == Some(&b'{')
            && next_line.get(1) == Some(&b'"')
    {
        return (Framing::Lines, start);
    }
    (Framing::Elements, start + array.unwrap_or(0))
}

/// Offset after the bracket of a wrapping object's array of records.
fn wrapped_array(text: &[u8]) -> Option<usize> {
    let mut scanner = Scanner::<false>::new(text, 0);
    scanner.open_object().ok()?;
    let mut first = true;
    // Names that may be a record's as well are believed when no field of a record comes after them.
    let mut perhaps = None;
    let mut nested = false;
    loop {
        let key = match scanner.key(&mut first) {
            Ok(Some(key)) => key,
            Ok(None) if nested => {
                (nested, first) = (false, false);
                continue;
            }
            _ => break,
        };
        let Ok(value) = scanner.value() else {
            break;
        };
        match (key, value) {
            // The first list is where reading begins; what comes after it is read on the way.
            (b"value" | b"records" | b"Records", Value::Array) => {
                return perhaps.or(Some(scanner.at()));
            }
            (b"results" | b"Results" | b"hits" | b"tables", Value::Array) => {
                perhaps = perhaps.or(Some(scanner.at()));
                if scanner.skip(value).is_err() {
                    break;
                }
            }
            // The list of what was found stands in an object of the same name.
            (b"hits", Value::Object) if !nested => (nested, first) = (true, true),
            (b"Id" | b"id" | b"CreationTime" | b"Operation", _) => return None,
            _ if scanner.skip(value).is_err() => break,
            _ => {}
        }
    }
    perhaps
}

/// Whether a line is PowerShell's of the type, or Excel's of the separator, which stand in front of a header.
pub(crate) fn is_before_header(line: &[u8]) -> bool {
    line.starts_with(b"#TYPE") || line.starts_with(b"sep=")
}

fn detect_csv(head: &[u8]) -> Result<Detected, Refusal> {
    let mut at = 0;
    // PowerShell's type line and Excel's separator line come before the header.
    loop {
        let rest = head.get(at..).unwrap_or_default();
        let blank = rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        at += blank;
        let rest = rest.get(blank..).unwrap_or_default();
        let line = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        if is_before_header(rest) {
            at += line;
            continue;
        }
        let header = rest.get(..line).unwrap_or_default();
        let Some(layout) = Layout::from_header(header) else {
            let header = super::reject::excerpt(header);
            if header.contains(',') || header.contains(';') || header.contains('\t') {
                return Err(Refusal {
                    reason: format!("this CSV has no AuditData column, nor the fields of a record with its Id (its header begins: {header})"),
                    remedy: "export the search results whole, with the AuditData column; summaries without it hold no mailbox records".to_owned(),
                    is_something_else: true,
                });
            }
            return Err(not_audit("text"));
        };
        let envelope = csv_envelope(&layout);
        return Ok((Framing::Csv(Arc::new(layout), envelope), at + line));
    }
}

fn csv_envelope(layout: &Layout) -> Envelope {
    let has = |name: &str| {
        layout
            .names
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    };
    match layout.record {
        None if has("o365.audit.Id") => Envelope::Elastic,
        None => Envelope::OfficeActivity,
        Some(_) if has("AuditData") && has("RecordId") => Envelope::PurviewCsv,
        Some(_) if has("AuditData") => Envelope::AuditSearch,
        Some(_) if has("RawEventData") => Envelope::CloudAppEvents,
        Some(_) if has("event.original") => Envelope::Elastic,
        Some(_) => Envelope::Splunk,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(head: &str) -> String {
        match detect(head.as_bytes()) {
            Ok((Framing::Csv(_, envelope), at)) => format!("{envelope:?} at {at}"),
            Ok((Framing::Lines, at)) => format!("lines at {at}"),
            Ok((Framing::Elements, at)) => format!("elements at {at}"),
            Ok((Framing::Events(_), at)) => format!("events at {at}"),
            Err(refusal) => refusal.reason,
        }
    }

    #[test]
    fn content_tells_the_framing() {
        for (head, expected) in [
            ("RecordId,CreationDate,AuditData\n1", "PurviewCsv at 32"),
            (
                "#TYPE Deserialized.x\r\n\"AuditData\",\"Identity\"\r\n",
                "AuditSearch at 46",
            ),
            ("sep=;\nAuditData;Identity\n", "AuditSearch at 25"),
            ("[{\"Id\":1}]", "elements at 1"),
            (" [\n]", "elements at 2"),
            ("{\"Id\":1}\n{\"Id\":2}\n", "lines at 0"),
            ("{\"Id\":1", "elements at 0"),
            ("{\"Id\":1}{\"Id\":2}\n", "elements at 0"),
            ("{\"Id\":\n{\"Id\":2}\n", "lines at 0"),
            ("\"Id\":1,\"At\":2}\n{\"Id\":2}\n", "lines at 0"),
            ("[\"Id\":1}\n{\"Id\":2}\n", "lines at 0"),
            ("\u{1}\"Id\":1}\n{\"Id\":2}\n", "lines at 0"),
            ("{\n \"Id\": 1\n}\n", "elements at 0"),
            (
                "{\"@odata.context\":\"x\",\n\"value\":[{\"id\":1},\n",
                "elements at 32",
            ),
            (
                "{\"@odata.context\":\"x\",\"value\":[\r\n{\"id\":1},\n{\"id\":2}\n]}",
                "elements at 31",
            ),
            ("{\"value\":[{\"id\"\n{\"Id\":2}\n", "lines at 0"),
            ("", "the file is empty"),
            (" \n", "the file is empty"),
            (
                "[1,2]",
                "this is a JSON array, but not of records, not an audit export",
            ),
            ("hello", "this is text, not an audit export"),
            ("a\u{1}b", "this is a binary file, not an audit export"),
        ] {
            assert_eq!(framing(head), expected, "{head}");
        }
        assert!(framing("name,age\n").starts_with("this CSV has no AuditData column"));
    }
}

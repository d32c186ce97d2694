//! Envelopes: the shapes that audit records are exported in, one file per family.

mod cloud_app_events;
mod csv_exports;
mod elastic;
mod graph;
mod management;
mod sentinel;
mod splunk;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::error::SimulateError;
use super::json::Json;
use super::record::{Draft, Kind};
use super::tenant::Tenant;

/// The shape of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// Purview portal: CSV with an `AuditData` column, ISO dates.
    PurviewCsv,
    /// `Search-UnifiedAuditLog`: CSV with an `AuditData` column, US dates, record types by name.
    SearchCsv,
    /// Office 365 Management Activity API: one record a line.
    ManagementLines,
    /// Office 365 Management Activity API: one JSON array.
    ManagementArray,
    /// Microsoft Graph `auditLogQuery`: one record a line.
    GraphLines,
    /// Microsoft Graph `auditLogQuery`: an object with a `value` array.
    GraphArray,
    /// Sentinel's `OfficeActivity` table as CSV. It holds no directory records.
    SentinelCsv,
    /// Sentinel's `OfficeActivity` table, one JSON object a line.
    SentinelLines,
    /// Defender's `CloudAppEvents` table as CSV, the record in `RawEventData`.
    DefenderCsv,
    /// Elastic's `o365.audit`: one document a line, the record in `event.original`.
    ElasticLines,
    /// Splunk's `o365:management:activity`: the raw record, one a line.
    SplunkLines,
    /// Splunk's `o365:management:activity` as CSV with `_raw`.
    SplunkCsv,
}

impl Envelope {
    /// Every envelope.
    pub const ALL: [Self; 12] = [
        Self::PurviewCsv,
        Self::SearchCsv,
        Self::ManagementLines,
        Self::ManagementArray,
        Self::GraphLines,
        Self::GraphArray,
        Self::SentinelCsv,
        Self::SentinelLines,
        Self::DefenderCsv,
        Self::ElasticLines,
        Self::SplunkLines,
        Self::SplunkCsv,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::PurviewCsv => "purview-csv",
            Self::SearchCsv => "search-csv",
            Self::ManagementLines => "management-jsonl",
            Self::ManagementArray => "management-json",
            Self::GraphLines => "graph-jsonl",
            Self::GraphArray => "graph-json",
            Self::SentinelCsv => "sentinel-csv",
            Self::SentinelLines => "sentinel-jsonl",
            Self::DefenderCsv => "defender-csv",
            Self::ElasticLines => "elastic-ndjson",
            Self::SplunkLines => "splunk-jsonl",
            Self::SplunkCsv => "splunk-csv",
        }
    }

    /// Extension of the export files, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::PurviewCsv
            | Self::SearchCsv
            | Self::SentinelCsv
            | Self::DefenderCsv
            | Self::SplunkCsv => "csv",
            Self::ManagementArray | Self::GraphArray => "json",
            Self::ElasticLines => "ndjson",
            Self::ManagementLines | Self::GraphLines | Self::SentinelLines | Self::SplunkLines => {
                "jsonl"
            }
        }
    }

    /// Whether one damaged row leaves the others readable, and rows hold the record's text.
    pub(super) fn can_be_damaged(self) -> bool {
        !matches!(
            self,
            Self::ManagementArray | Self::GraphArray | Self::SentinelCsv | Self::SentinelLines
        )
    }

    /// A writer of this envelope's rows.
    pub(super) fn format(self) -> Box<dyn Format> {
        match self {
            Self::PurviewCsv => Box::new(csv_exports::Purview),
            Self::SearchCsv => Box::new(csv_exports::Search),
            Self::ManagementLines => Box::new(management::Lines),
            Self::ManagementArray => Box::new(management::Array),
            Self::GraphLines => Box::new(graph::Graph { array: false }),
            Self::GraphArray => Box::new(graph::Graph { array: true }),
            Self::SentinelCsv => Box::new(sentinel::Sentinel { csv: true }),
            Self::SentinelLines => Box::new(sentinel::Sentinel { csv: false }),
            Self::DefenderCsv => Box::new(cloud_app_events::CloudAppEvents),
            Self::ElasticLines => Box::new(elastic::Elastic),
            Self::SplunkLines => Box::new(splunk::Splunk { csv: false }),
            Self::SplunkCsv => Box::new(splunk::Splunk { csv: true }),
        }
    }
}

impl fmt::Display for Envelope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Envelope {
    type Err = SimulateError;

    /// Reads a name, with hyphens or underscores, in any case.
    fn from_str(text: &str) -> Result<Self, SimulateError> {
        let wanted = text.to_lowercase().replace('_', "-");
        Self::ALL
            .into_iter()
            .find(|envelope| envelope.name() == wanted)
            .ok_or_else(|| SimulateError::UnknownName {
                what: "envelope",
                value: text.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}

/// How export files are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Compression {
    /// Every compression.
    pub const ALL: [Self; 3] = [Self::None, Self::Gzip, Self::Zstd];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// What the file name ends in, with a dot.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Compression {
    type Err = SimulateError;

    /// Reads a name or a file suffix.
    fn from_str(text: &str) -> Result<Self, SimulateError> {
        let wanted = text.to_lowercase();
        let named = |compression: &Self| {
            compression.name() == wanted || compression.suffix().trim_start_matches('.') == wanted
        };
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| SimulateError::UnknownName {
                what: "compression",
                value: text.to_owned(),
                known: Self::ALL.map(Self::name).join(", "),
            })
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Nothing.
    None,
    /// The record is missing.
    Empty,
    /// The record ends early.
    Cut,
}

/// Old exports by cmdlet cut the record at this many characters.
const CUT_AT: usize = 3_062;

/// One record on its way into an envelope.
pub(super) struct Row<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) draft: &'a Draft,
    pub(super) kind: Kind,
    pub(super) user_id: &'a str,
    pub(super) json: &'a Json,
    /// Number of the row in its day, from 1, and number of rows of the day.
    pub(super) place: (usize, usize),
    pub(super) damage: Damage,
}

impl Row<'_> {
    /// The record's text, or what damage left of it.
    fn text(&self) -> &[u8] {
        let text = self.json.text();
        match self.damage {
            Damage::None => text,
            Damage::Empty => b"",
            Damage::Cut => {
                // At a boundary between characters, and before the end in any case.
                let mut end = CUT_AT.min(text.len() * 3 / 4);
                while end > 0 && text.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
                    end -= 1;
                }
                &text[..end]
            }
        }
    }

    /// A field's plain text; empty when the record lacks it.
    fn plain(&self, name: &str) -> Vec<u8> {
        self.json
            .field(name)
            .map(super::json::unquoted)
            .unwrap_or_default()
    }

    /// The address of the client in whichever field the record carries it.
    fn address(&self) -> Vec<u8> {
        ["ClientIPAddress", "ClientIP", "ActorIpAddress"]
            .iter()
            .map(|name| self.plain(name))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }
}

/// Writes one envelope.
pub(super) trait Format {
    /// What a file begins with.
    fn header(&self, _out: &mut Vec<u8>) {}
    /// Whether the envelope holds records of this kind.
    fn accepts(&self, _kind: Kind) -> bool {
        true
    }
    /// Appends one row; `first` is true for the first of a file.
    fn row(&self, row: &Row, first: bool, out: &mut Vec<u8>);
    /// What a file ends with.
    fn footer(&self, _out: &mut Vec<u8>) {}
}

/// Appends a CSV cell in quotes, its quotes doubled.
fn cell(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let mut rest = text;
    while let Some(place) = memchr::memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=place]);
        out.push(b'"');
        rest = &rest[place + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Appends a CSV cell, in quotes only where it needs them.
fn plain_cell(out: &mut Vec<u8>, text: &[u8]) {
    if text
        .iter()
        .any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n'))
    {
        cell(out, text);
    } else {
        out.extend_from_slice(text);
    }
}

/// The name behind the number of a `UserType`.
fn user_type_name(number: &[u8]) -> &'static str {
    match number {
        b"2" => "Admin",
        b"3" => "DcAdmin",
        b"4" => "System",
        b"5" => "Application",
        b"6" => "ServicePrincipal",
        _ => "Regular",
    }
}

/// The text of a JSON string, appended as a JSON string.
fn json_text(out: &mut Vec<u8>, text: &[u8]) {
    super::json::quoted(out, &String::from_utf8_lossy(text));
}

/// A cut or empty record takes the shape of an empty cell half of the time.
pub(super) fn damage_of(seed: u64) -> Damage {
    if super::random::mix(seed, 44) & 1 == 0 {
        Damage::Empty
    } else {
        Damage::Cut
    }
}

/// Removes what damage would make ambiguous: a lines format has no empty records.
fn line<'a>(row: &'a Row) -> Cow<'a, [u8]> {
    if row.damage == Damage::Empty {
        Cow::Borrowed(b"{")
    } else {
        Cow::Borrowed(row.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for envelope in Envelope::ALL {
            assert_eq!(
                envelope.name().parse::<Envelope>().expect("known"),
                envelope
            );
        }
        assert!("xml".parse::<Envelope>().is_err());
        assert_eq!(
            "gz".parse::<Compression>().expect("known"),
            Compression::Gzip
        );
        assert_eq!(
            "zst".parse::<Compression>().expect("known"),
            Compression::Zstd
        );
        assert_eq!(
            "none".parse::<Compression>().expect("known"),
            Compression::None
        );
    }

    #[test]
    fn cells_are_quoted_as_csv_asks() {
        let mut out = Vec::new();
        cell(&mut out, br#"{"a":"b"}"#);
        assert_eq!(out, br#""{""a"":""b""}""#);
        out.clear();
        plain_cell(&mut out, b"plain");
        plain_cell(&mut out, b"a,b");
        assert_eq!(out, br#"plain"a,b""#);
    }
}

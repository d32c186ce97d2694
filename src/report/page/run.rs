//! A run directory read back: what the page is made of.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::exposure::Exposure;
use crate::allow::Subject;
use crate::chart::label;
use crate::error::Error;
use crate::feature::LOCAL_SYSTEM;
use crate::report::FORMAT_VERSION;
use crate::report::tables::plain_cell;

/// What the page takes from `summary.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub mailglass: String,
    format_version: u32,
    pub parameters: serde_json::Value,
    pub inputs: Vec<InputFile>,
    /// Null without one; its entries are missing in older runs.
    pub allow_list: Option<AllowList>,
    #[serde(default)]
    pub geo_databases: Vec<OtherFile>,
    pub model: Option<OtherFile>,
    pub failures: Vec<String>,
    pub counts: Counts,
    pub other_records: BTreeMap<String, u64>,
    /// Older runs left nothing out.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    pub mailboxes: u64,
    pub sessions: u64,
    pub flagged: usize,
    #[serde(default)]
    pub spared: u64,
    pub coverage: Coverage,
}

impl Summary {
    /// Days at the start of the log that were never flagged.
    pub(super) fn warm_up_days(&self) -> Option<u64> {
        self.parameters.pointer("/rank/warm_up_days")?.as_u64()
    }

    /// Whether sessions were judged by the days after theirs, too.
    pub(super) fn is_window(&self) -> bool {
        self.parameters
            .get("baseline")
            .and_then(serde_json::Value::as_str)
            == Some("window")
    }
}

/// Sessions of a day that the model had passed before.
#[derive(Debug, Deserialize)]
pub(super) struct LeftOut {
    pub day: String,
    pub sessions: u64,
    pub events: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct InputFile {
    pub path: String,
    pub envelope: String,
    pub sha256: String,
    pub bytes: u64,
    pub counts: Counts,
}

/// A file beside the inputs that decided what came out.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OtherFile {
    pub path: String,
    pub sha256: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct AllowList {
    #[serde(flatten)]
    pub file: OtherFile,
    #[serde(default)]
    pub entries: Vec<Allowed>,
}

/// An entry of the allow-list, and what it let pass.
#[derive(Debug, Deserialize)]
pub(super) struct Allowed {
    #[serde(flatten)]
    pub subject: Subject,
    pub reason: String,
    pub expires: Option<String>,
    pub sessions: u64,
    pub spared: u64,
    pub after_expiry: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Counts {
    pub rows: u64,
    pub events: u64,
    pub duplicates: u64,
    pub other_records: u64,
    pub rejects: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Coverage {
    /// Unix seconds; absent without events.
    #[serde(deserialize_with = "optional_seconds")]
    pub start: Option<i64>,
    #[serde(deserialize_with = "optional_seconds")]
    pub end: Option<i64>,
    pub warnings: Vec<Warning>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Warning {
    pub sentence: String,
    pub remedy: String,
}

/// A row of `sessions.csv`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Session {
    pub rank: u32,
    pub session_id: String,
    #[serde(deserialize_with = "cell")]
    pub mailbox: String,
    #[serde(deserialize_with = "cell")]
    pub actor: String,
    /// Unix seconds.
    #[serde(deserialize_with = "seconds")]
    pub start: i64,
    /// Unix seconds.
    #[serde(deserialize_with = "seconds")]
    pub end: i64,
    pub score: f64,
    pub p_value: f64,
    pub campaign_id: String,
    #[serde(deserialize_with = "cell")]
    pub reasons: String,
    #[serde(deserialize_with = "cell")]
    pub client_family: String,
    #[serde(deserialize_with = "cell")]
    pub client_app_id: String,
    #[serde(deserialize_with = "cell")]
    pub client_info: String,
    #[serde(deserialize_with = "cell")]
    pub network: String,
    #[serde(deserialize_with = "cell")]
    pub address: String,
    /// Older tables do not have it.
    #[serde(default, deserialize_with = "cell")]
    pub other_addresses: String,
    #[serde(deserialize_with = "cell")]
    pub logon_type: String,
    /// Older tables do not have it.
    #[serde(default, deserialize_with = "cell")]
    pub log_session_id: String,
    pub events: u64,
    pub items: u64,
    pub syncs: u64,
    pub folders: u64,
    pub bytes: u64,
    pub sends: u64,
    pub deletes: u64,
    pub rules: u64,
    pub searches: u64,
    pub failures: u64,
    pub throttled: bool,
    /// Older tables do not have it.
    #[serde(default)]
    pub follow_up: bool,
    /// Older tables do not have it.
    #[serde(default)]
    pub follows: String,
}

/// A row of `reasons.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    pub session_id: String,
    #[serde(deserialize_with = "cell")]
    pub observed: String,
    #[serde(deserialize_with = "cell")]
    pub expected: String,
    pub contribution: f64,
    #[serde(deserialize_with = "cell")]
    pub sentence: String,
}

/// A row of `campaigns.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct Campaign {
    pub campaign_id: String,
    /// Unix seconds.
    #[serde(deserialize_with = "seconds")]
    pub first_seen: i64,
    /// Unix seconds.
    #[serde(deserialize_with = "seconds")]
    pub last_seen: i64,
    pub mailboxes: u64,
    pub sessions: u64,
    pub items: u64,
    #[serde(deserialize_with = "cell")]
    pub shared: String,
    /// Older tables do not have it.
    #[serde(default, deserialize_with = "cell")]
    pub mailbox_names: String,
    /// Older tables do not have it.
    #[serde(default, deserialize_with = "cell")]
    pub networks: String,
    /// Older tables do not have it.
    #[serde(default)]
    pub unflagged_sessions: u64,
    /// Unix seconds; older tables do not have it.
    #[serde(default, deserialize_with = "cell_seconds")]
    pub unflagged_since: Option<i64>,
}

/// A row of `changes.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    /// Unix seconds.
    #[serde(deserialize_with = "seconds")]
    pub time: i64,
    pub session_id: String,
    pub flagged: bool,
    #[serde(deserialize_with = "cell")]
    pub mailbox: String,
    #[serde(deserialize_with = "cell")]
    pub actor: String,
    #[serde(deserialize_with = "cell")]
    pub operation: String,
    pub succeeded: bool,
    #[serde(deserialize_with = "cell")]
    pub address: String,
    #[serde(deserialize_with = "cell")]
    pub folder: String,
    #[serde(deserialize_with = "cell")]
    pub parameters: String,
}

/// A row of `leads.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct LeadRow {
    /// Unix seconds.
    #[serde(deserialize_with = "seconds")]
    pub time: i64,
    #[serde(deserialize_with = "cell")]
    pub operation: String,
    #[serde(deserialize_with = "cell")]
    pub actor: String,
    #[serde(deserialize_with = "cell")]
    pub target: String,
    #[serde(deserialize_with = "cell")]
    pub parameters: String,
}

/// A row of `exposure.csv`.
#[derive(Debug, Deserialize)]
pub(super) struct Exposed {
    #[serde(deserialize_with = "cell")]
    pub mailbox: String,
    /// Unix seconds.
    #[serde(deserialize_with = "seconds")]
    pub time: i64,
    #[serde(deserialize_with = "cell")]
    pub access: String,
    #[serde(deserialize_with = "cell")]
    pub folder: String,
    #[serde(deserialize_with = "cell")]
    pub internet_message_id: String,
    pub bytes: Option<u64>,
    /// Reads that the row stands for; older tables have a row for each.
    #[serde(default = "one")]
    pub reads: u64,
}

fn one() -> u64 {
    1
}

impl Exposed {
    /// What was read, in words.
    pub(super) fn what(&self) -> String {
        match self.kind() {
            ExposedKind::WholeFolder => "the whole folder".to_owned(),
            ExposedKind::Message => self.internet_message_id.clone(),
            ExposedKind::OpenedFolder => "the folder was opened".to_owned(),
            ExposedKind::Unnamed if self.reads > 1 => {
                format!("{} reads not named in the log", label::count(self.reads))
            }
            ExposedKind::Unnamed => "not named in the log".to_owned(),
        }
    }

    /// What the row says was read.
    pub(super) fn kind(&self) -> ExposedKind {
        if self.access == "Sync" {
            ExposedKind::WholeFolder
        } else if !self.internet_message_id.is_empty() {
            ExposedKind::Message
        } else if self.access.eq_ignore_ascii_case("FolderBind") {
            ExposedKind::OpenedFolder
        } else {
            ExposedKind::Unnamed
        }
    }
}

/// What a row of `exposure.csv` says was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExposedKind {
    /// A folder with everything in it.
    WholeFolder,
    /// A message that the log names.
    Message,
    /// A folder, of whose messages the log says nothing (`FolderBind`).
    OpenedFolder,
    /// Messages that the log does not name.
    Unnamed,
}

/// Everything that the page is made of, except the pictures.
pub(super) struct Run {
    pub summary: Summary,
    /// The session ranked first, flagged or not.
    pub first: Option<Session>,
    /// Flagged sessions by rank.
    pub flagged: Vec<Session>,
    /// Reasons by session, the strongest first.
    pub reasons: BTreeMap<String, Vec<Reason>>,
    pub campaigns: Vec<Campaign>,
    /// Changes of rules, forwarding and permissions by flagged sessions, in the order of time; not what the service set up.
    pub changes: Vec<Change>,
    /// How many the service itself made in flagged sessions.
    pub service_changes: u64,
    /// How many others made.
    pub other_changes: u64,
    /// Of these, such that send mail on, in the order of time.
    pub others_sending_on: Vec<Change>,
    /// Records of other kinds that bear on mailboxes.
    pub leads: Vec<LeadRow>,
    pub exposure: Exposure,
}

impl Run {
    /// Reads a run directory.
    pub(super) fn read(dir: &Path) -> Result<Self, Error> {
        let summary = summary(&dir.join("summary.json"))?;
        let (first, flagged) = sessions(&dir.join("sessions.csv"), summary.flagged)?;
        let mut reasons: BTreeMap<String, Vec<Reason>> = BTreeMap::new();
        each(&dir.join("reasons.csv"), |reason: Reason| {
            let of = reasons.entry(reason.session_id.clone()).or_default();
            of.push(reason);
        })?;
        let mut campaigns = Vec::new();
        each(&dir.join("campaigns.csv"), |campaign| {
            campaigns.push(campaign)
        })?;
        let (mut changes, mut service_changes, mut other_changes) = (Vec::new(), 0, 0);
        let mut others_sending_on = Vec::new();
        let table = dir.join("changes.csv");
        // Older runs have none.
        if table.exists() {
            each(&table, |change: Change| {
                if !change.flagged {
                    other_changes += 1;
                    if change.sends_on() {
                        others_sending_on.push(change);
                    }
                } else if change.actor == LOCAL_SYSTEM {
                    service_changes += 1;
                } else {
                    changes.push(change);
                }
            })?;
        }
        let mut leads = Vec::new();
        let table = dir.join("leads.csv");
        if table.exists() {
            each(&table, |lead| leads.push(lead))?;
        }
        let mut exposure = Exposure::default();
        each(&dir.join("exposure.csv"), |exposed| exposure.add(exposed))?;
        Ok(Self {
            summary,
            first,
            flagged,
            reasons,
            campaigns,
            changes,
            service_changes,
            other_changes,
            others_sending_on,
            leads,
            exposure,
        })
    }
}

fn summary(path: &Path) -> Result<Summary, Error> {
    let text = fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let summary: Summary =
        serde_json::from_slice(&text).map_err(|error| damaged(path, error.to_string()))?;
    if summary.format_version != FORMAT_VERSION {
        let reason = format!(
            "was written by mailglass {} in format {}, this one reads format {FORMAT_VERSION}",
            summary.mailglass, summary.format_version
        );
        return Err(damaged(path, reason));
    }
    Ok(summary)
}

/// The first session and the flagged ones; reading ends with the last flagged session, since they come by rank. Before that may
/// come a million others, of which one cell is looked at.
fn sessions(path: &Path, expected: usize) -> Result<(Option<Session>, Vec<Session>), Error> {
    let mut reader = open(path)?;
    let fail = |error: csv::Error| damaged(path, error.to_string());
    let header = reader.byte_headers().map_err(fail)?.clone();
    let place = header.iter().position(|name| name == b"flagged");
    let place = place.ok_or_else(|| damaged(path, "has no column flagged".to_owned()))?;
    let mut first = None;
    let mut flagged: Vec<Session> = Vec::new();
    let mut row = csv::ByteRecord::new();
    while flagged.len() < expected || first.is_none() {
        if !reader.read_byte_record(&mut row).map_err(fail)? {
            break;
        }
        let is_flagged = match row.get(place) {
            Some(b"true") => true,
            Some(b"false") => false,
            _ => {
                return Err(damaged(
                    path,
                    "in column flagged, neither true nor false".to_owned(),
                ));
            }
        };
        if !is_flagged && first.is_some() {
            continue;
        }
        let session: Session = row.deserialize(Some(&header)).map_err(fail)?;
        if first.is_none() {
            first = Some(session.clone());
        }
        if is_flagged {
            flagged.push(session);
        }
    }
    if flagged.len() < expected {
        let reason = format!(
            "holds {} flagged sessions, and the summary says {expected}",
            flagged.len()
        );
        return Err(damaged(path, reason));
    }
    Ok((first, flagged))
}

fn open(path: &Path) -> Result<csv::Reader<fs::File>, Error> {
    csv::Reader::from_path(path).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::io("read", path, source),
        _ => damaged(path, "cannot be read".to_owned()),
    })
}

/// Hands every row of a table to `take`.
fn each<T: DeserializeOwned>(path: &Path, mut take: impl FnMut(T)) -> Result<(), Error> {
    for row in open(path)?.deserialize() {
        take(row.map_err(|error| damaged(path, error.to_string()))?);
    }
    Ok(())
}

fn damaged(path: &Path, reason: String) -> Error {
    Error::Input {
        input: path.display().to_string(),
        reason,
        remedy: "analyze the export again with this version of mailglass".to_owned(),
    }
}

fn cell<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(plain_cell(&text).to_owned())
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    parsed(&String::deserialize(deserializer)?)
}

fn cell_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" => Ok(None),
        text => parsed(text).map(Some),
    }
}

fn optional_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.as_deref().map(parsed).transpose()
}

fn parsed<E: serde::de::Error>(text: &str) -> Result<i64, E> {
    let time: jiff::Timestamp = text.parse().map_err(E::custom)?;
    Ok(time.as_second())
}

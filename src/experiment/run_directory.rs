//! A finished run directory, read back to be judged.
//!
//! The directory says what mailglass thought of every session; which operations its records were stands in the log
//! itself. The log is therefore read again, from the inputs that the run names or from where they are now.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::labels::{Labels, key_of};
use super::ranking::{Judged, Ranking};
use super::truth::{MailboxDay, Truth};
use crate::error::Error;
use crate::ingest::{self, IngestOptions, Input, Progress};
use crate::rank::FlagRule;
use crate::report::{FORMAT_VERSION, plain_cell};
use crate::session::day_of;

/// What a run promised about its flags.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// About this many alerts (mailbox-days) a day, where nobody attacks all of them false: an expectation, no bound.
    FalseAlarmsPerDay(f64),
    /// At most this share of false alarms among the alerts.
    FalseShare(f64),
}

impl From<FlagRule> for Promise {
    fn from(rule: FlagRule) -> Self {
        match rule {
            FlagRule::AlertsPerDay(rate) => Self::FalseAlarmsPerDay(rate),
            FlagRule::FalseDiscoveryRate(share) => Self::FalseShare(share),
        }
    }
}

/// A run directory with the truth about its sessions.
#[derive(Debug, Clone)]
pub struct JudgedRun {
    /// What is true.
    pub truth: Truth,
    /// What the run said.
    pub ranking: Ranking,
    /// What the run promised.
    pub promise: Promise,
}

#[derive(Deserialize)]
struct Summary {
    parameters: Parameters,
    inputs: Vec<NamedInput>,
}

/// What is read first: the rest may have other names in another format.
#[derive(Deserialize)]
struct Format {
    format_version: u32,
}

#[derive(Deserialize)]
struct Parameters {
    rank: RankParameters,
}

#[derive(Deserialize)]
struct RankParameters {
    flags: FlagRule,
}

#[derive(Deserialize)]
struct NamedInput {
    path: PathBuf,
    sha256: String,
}

#[derive(Deserialize)]
struct SessionRow {
    session_id: String,
    mailbox: String,
    start: String,
    score: f64,
    flagged: bool,
    warm_up: bool,
}

impl JudgedRun {
    /// Reads a run directory and the log that it was made from, and compares them with labels.
    ///
    /// `log` names the log where it has moved; empty, the inputs are read from where the run found them.
    ///
    /// # Errors
    /// [`Error::Input`] when the directory is no run of mailglass or the log is not the one it was made from;
    /// otherwise whatever stops reading.
    pub fn read(
        run: &Path,
        log: &[Input],
        labels: &Labels,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let summary = read_summary(run)?;
        let rows = read_sessions(&run.join("sessions.csv"))?;
        let session_of = read_records(&run.join("session_records.csv"), &rows)?;
        let inputs = if log.is_empty() {
            inputs_of(run, &summary)?
        } else {
            log.to_vec()
        };
        let ingested = ingest::read(&inputs, &IngestOptions::default(), progress)?;
        if let Some(failure) = ingested.failures.into_iter().next() {
            return Err(failure.error);
        }
        for input in &summary.inputs {
            if !input.sha256.is_empty()
                && !ingested
                    .files
                    .iter()
                    .any(|file| file.sha256 == input.sha256)
            {
                return Err(other_log(run, log, &input.path));
            }
        }
        let columns = ingested.events.columns()?;
        let places: Vec<Option<usize>> = columns
            .record_id
            .keys()
            .iter()
            .map(|key| session_of.get(key).copied())
            .collect();
        let (alerts, ranking) = judged(&rows)?;
        let truth = Truth::new(&columns, &places, &alerts, labels);
        Ok(Self {
            truth,
            ranking,
            promise: summary.parameters.rank.flags.into(),
        })
    }
}

fn not_the_log(run: &Path, reason: &str) -> Error {
    Error::Input {
        input: run.display().to_string(),
        reason: reason.to_owned(),
        remedy: "name the log that the run was made from with --log".to_owned(),
    }
}

/// The run read `wanted`, and that is neither among the files that were named nor, if none were, there any more.
fn other_log(run: &Path, named: &[Input], wanted: &Path) -> Error {
    let wanted = wanted.display();
    match named {
        [] => not_the_log(
            run,
            &format!("{wanted} has changed since the run has read it"),
        ),
        _ => Error::Input {
            input: run.display().to_string(),
            reason: format!(
                "none of the files that --log names is {wanted}, which the run read (their SHA-256 differ)"
            ),
            remedy:
                "name all files that the run was made from, unchanged; its summary.json lists them"
                    .to_owned(),
        },
    }
}

fn not_a_run(path: &Path, reason: impl ToString) -> Error {
    Error::Input {
        input: path.display().to_string(),
        reason: reason.to_string(),
        remedy: "name a run directory that `mailglass analyze` has written".to_owned(),
    }
}

fn read_summary(run: &Path) -> Result<Summary, Error> {
    let path = run.join("summary.json");
    let text = match fs::read_to_string(&path) {
        Err(source) if source.kind() == ErrorKind::NotFound && run.is_dir() => {
            return Err(not_a_run(
                run,
                "is no run directory: it has no summary.json",
            ));
        }
        text => text.map_err(|source| Error::io("read", &path, source))?,
    };
    let format: Format = serde_json::from_str(&text).map_err(|error| not_a_run(&path, error))?;
    if format.format_version != FORMAT_VERSION {
        return Err(not_a_run(
            &path,
            format!(
                "was written in format {}, this mailglass reads format {FORMAT_VERSION}",
                format.format_version
            ),
        ));
    }
    serde_json::from_str(&text).map_err(|error| not_a_run(&path, error))
}

fn read_sessions(path: &Path) -> Result<Vec<SessionRow>, Error> {
    let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
    csv::Reader::from_reader(file)
        .deserialize()
        .map(|row| row.map_err(|error| not_a_run(path, error)))
        .collect()
}

/// The session of every record, by the record's key.
fn read_records(path: &Path, rows: &[SessionRow]) -> Result<FxHashMap<u128, usize>, Error> {
    let numbers: FxHashMap<&str, usize> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| (row.session_id.as_str(), index))
        .collect();
    let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
    let mut session_of = FxHashMap::default();
    for row in csv::Reader::from_reader(file).into_deserialize() {
        let (session_id, record_id): (String, String) =
            row.map_err(|error| not_a_run(path, error))?;
        let Some(&number) = numbers.get(session_id.as_str()) else {
            return Err(not_a_run(
                path,
                format!("session {session_id} is not in sessions.csv"),
            ));
        };
        session_of.insert(key_of(plain_cell(&record_id)), number);
    }
    Ok(session_of)
}

fn inputs_of(run: &Path, summary: &Summary) -> Result<Vec<Input>, Error> {
    let missing = summary.inputs.iter().find(|input| !input.path.is_file());
    match missing {
        Some(input) if input.path.as_os_str() == "-" => Err(not_the_log(
            run,
            "the run was made from standard input, which is gone",
        )),
        Some(input) => Err(not_the_log(
            run,
            &format!(
                "the run was made from {}, which is not there (paths are relative to this folder)",
                input.path.display()
            ),
        )),
        None => Ok(summary
            .inputs
            .iter()
            .map(|input| Input::new(&input.path))
            .collect()),
    }
}

fn judged(rows: &[SessionRow]) -> Result<(Vec<MailboxDay>, Ranking), Error> {
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut alerts = Vec::with_capacity(rows.len());
    let mut first_judged_day: Option<i32> = None;
    for row in rows {
        let start: Timestamp = row.start.parse().map_err(|error| {
            not_a_run(
                Path::new("sessions.csv"),
                format!("start {}: {error}", row.start),
            )
        })?;
        let day = day_of(start.as_millisecond());
        let next = numbers.len() as u32;
        let mailbox = *numbers.entry(row.mailbox.to_lowercase()).or_insert(next);
        alerts.push(MailboxDay { mailbox, day });
        if !row.warm_up {
            first_judged_day = Some(first_judged_day.map_or(day, |first| first.min(day)));
        }
    }
    let sessions = rows
        .iter()
        .map(|row| Judged {
            score: Some(row.score),
            flagged: row.flagged,
        })
        .collect();
    Ok((
        alerts,
        Ranking {
            sessions,
            first_judged_day,
        },
    ))
}

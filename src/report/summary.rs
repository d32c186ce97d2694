//! `summary.json`: what was read, with which parameters, and what came out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::tables::rfc3339;
use crate::ingest::{Counts, Coverage, DayCount, Gap, HashedFile, Warning};
use crate::pipeline::{Allowed, Analysis, BaselineDays, Config, LeftOut, Timings};
use crate::rank::RankOptions;
use crate::session::SessionOptions;

/// Version of the run directory's names and columns.
pub const FORMAT_VERSION: u32 = 1;

/// Content of `summary.json`.
#[derive(Debug, Serialize)]
pub struct Summary<'a> {
    /// Version of mailglass.
    pub mailglass: &'static str,
    /// Version of the run directory's names and columns.
    pub format_version: u32,
    /// Options that decide the ranking.
    pub parameters: Parameters,
    /// Seed of the isolation forests; nothing else depends on chance.
    pub seed: u64,
    /// Input files with their hashes.
    pub inputs: Vec<InputSummary<'a>>,
    /// The allow-list, and what it let pass; null without one.
    pub allow_list: Option<AllowSummary<'a>>,
    /// Geographic databases, in the order in which they were asked.
    pub geo_databases: Vec<FileSummary<'a>>,
    /// The model that the sessions were judged by, as it was before it learned them; null where all was learned from the inputs.
    pub model: Option<FileSummary<'a>>,
    /// Inputs that could not be read, with the reason.
    pub failures: Vec<String>,
    /// Rows and what became of them; the first is the sum of the rest.
    pub counts: CountSummary,
    /// Records that are not of mailboxes, by workload and operation.
    pub other_records: BTreeMap<String, u64>,
    /// Sessions of days that the model had passed before, by day: their events are counted above and are in no session.
    pub left_out: &'a [LeftOut],
    /// Mailboxes with at least one session.
    pub mailboxes: usize,
    /// Number of sessions.
    pub sessions: usize,
    /// Number of flagged sessions.
    pub flagged: usize,
    /// Number of sessions that would be flagged, had the allow-list not named them.
    pub spared: usize,
    /// Number of campaigns.
    pub campaigns: usize,
    /// What the log holds and lacks.
    pub coverage: CoverageSummary<'a>,
    /// Seconds per stage; the only part that differs between two runs over the same input.
    pub timings: Timings,
}

/// Options that decide the ranking.
#[derive(Debug, Serialize)]
pub struct Parameters {
    /// How events are cut into sessions.
    pub session: SessionOptions,
    /// How sessions are ranked and flagged.
    pub rank: RankOptions,
    /// Zone in which sentences give times.
    pub time_zone: String,
    /// Which days a session is judged by.
    pub baseline: BaselineDays,
}

/// One input file.
#[derive(Debug, Serialize)]
pub struct InputSummary<'a> {
    /// Path as given.
    pub path: String,
    /// Envelope.
    pub envelope: &'a str,
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: &'a str,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows and what became of them.
    pub counts: CountSummary,
}

/// A file beside the inputs that decided what came out.
#[derive(Debug, Serialize)]
pub struct FileSummary<'a> {
    /// Path as given.
    pub path: String,
    /// SHA-256 of the file's bytes, in hexadecimal.
    pub sha256: &'a str,
}

impl<'a> From<&'a HashedFile> for FileSummary<'a> {
    fn from(file: &'a HashedFile) -> Self {
        Self {
            path: file.path.display().to_string(),
            sha256: &file.sha256,
        }
    }
}

/// The allow-list.
#[derive(Debug, Serialize)]
pub struct AllowSummary<'a> {
    /// The file.
    #[serde(flatten)]
    pub file: FileSummary<'a>,
    /// Its entries, and what each let pass.
    pub entries: &'a [Allowed],
}

/// Rows and what became of them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct CountSummary {
    /// Rows read: the sum of the rest.
    pub rows: u64,
    /// Events.
    pub events: u64,
    /// Rows whose `Id` had been read before.
    pub duplicates: u64,
    /// Records that are not of mailboxes.
    pub other_records: u64,
    /// Rows that could not be used.
    pub rejects: u64,
}

impl From<&Counts> for CountSummary {
    fn from(counts: &Counts) -> Self {
        Self {
            rows: counts.rows,
            events: counts.events,
            duplicates: counts.duplicates,
            other_records: counts.other_records,
            rejects: counts.rejects,
        }
    }
}

/// What the log holds and lacks.
#[derive(Debug, Serialize)]
pub struct CoverageSummary<'a> {
    /// First event, RFC 3339; absent without events.
    pub start: Option<String>,
    /// Last event.
    pub end: Option<String>,
    /// Number of mailboxes with events.
    pub mailboxes: u64,
    /// Number of actors.
    pub actors: u64,
    /// Events by day (UTC) and operation.
    pub days: &'a [DayCount],
    /// Stretches without any record.
    pub gaps: &'a [Gap],
    /// Everything that is missing or doubtful, the gravest kinds first.
    pub warnings: Vec<WarningSummary<'a>>,
}

/// A warning with its words.
#[derive(Debug, Serialize)]
pub struct WarningSummary<'a> {
    /// Its kind and figures.
    #[serde(flatten)]
    pub warning: &'a Warning,
    /// What is wrong.
    pub sentence: String,
    /// What to do about it.
    pub remedy: &'static str,
}

impl<'a> From<&'a Coverage> for CoverageSummary<'a> {
    fn from(coverage: &'a Coverage) -> Self {
        Self {
            start: coverage.start.map(rfc3339),
            end: coverage.end.map(rfc3339),
            mailboxes: coverage.mailboxes,
            actors: coverage.actors,
            days: &coverage.days,
            gaps: &coverage.gaps,
            warnings: coverage
                .warnings
                .iter()
                .map(|warning| WarningSummary {
                    warning,
                    sentence: warning.sentence(),
                    remedy: warning.remedy(),
                })
                .collect(),
        }
    }
}

impl<'a> Summary<'a> {
    /// Summarises an analysis.
    pub fn new(analysis: &'a Analysis, config: &'a Config) -> Self {
        let ingested = &analysis.ingested;
        Self {
            mailglass: env!("CARGO_PKG_VERSION"),
            format_version: FORMAT_VERSION,
            parameters: Parameters {
                session: config.session,
                rank: config.rank.clone(),
                time_zone: config.time_zone.iana_name().unwrap_or("UTC").to_owned(),
                baseline: config.baseline,
            },
            seed: config.rank.seed,
            inputs: ingested
                .files
                .iter()
                .map(|file| InputSummary {
                    path: file.path.display().to_string(),
                    envelope: file.envelope.as_str(),
                    sha256: &file.sha256,
                    bytes: file.bytes,
                    counts: (&file.counts).into(),
                })
                .collect(),
            allow_list: config.allow.file().map(|file| AllowSummary {
                file: file.into(),
                entries: &analysis.allowed,
            }),
            geo_databases: ingested
                .geo_databases
                .iter()
                .map(FileSummary::from)
                .collect(),
            model: config.model_file.as_ref().map(FileSummary::from),
            failures: ingested
                .failures
                .iter()
                .map(|failure| failure.error.to_string())
                .collect(),
            counts: (&ingested.counts).into(),
            other_records: ingested
                .other
                .iter()
                .map(|(workload, operation, count)| (format!("{workload} {operation}"), *count))
                .collect(),
            left_out: &analysis.left_out,
            mailboxes: analysis.mailboxes,
            sessions: analysis.sessions.len(),
            flagged: analysis.flagged().count(),
            spared: analysis.spared().count(),
            campaigns: analysis.campaigns.len(),
            coverage: (&ingested.coverage).into(),
            timings: analysis.timings,
        }
    }
}

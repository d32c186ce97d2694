//! The run directory: a contract of names and columns (version [`FORMAT_VERSION`]).
//!
//! It appears whole or not at all: everything is written into a hidden folder beside it, which takes its name when the
//! last file is on the disk. What a killed run has left there, the next run with the same folder around it clears away.

mod changes;
mod charts;
mod companions;
mod coverage;
mod drawing;
mod lanes;
mod page;
mod period;
mod sessions;
mod sheets;
mod summary;
mod tables;
mod wording;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::chart::{Resolution, label};
use crate::error::Error;
use crate::ingest::{self, Ingested};
use crate::pipeline::{Analysis, Config, naming};
use crate::staging::{Staging, parent_of, sweep};

pub use coverage::coverage_chart;
pub use drawing::{RedrawOptions, Redrawn, redraw};
pub use summary::{FORMAT_VERSION, Summary};
pub(crate) use tables::plain_cell;
pub(crate) use wording::in_a_line;

/// How a run directory is written.
#[derive(Debug, Clone)]
pub struct ReportOptions {
    /// Where to.
    pub out: PathBuf,
    /// Whether an existing run directory may be replaced.
    pub force: bool,
}

/// Checks that a run directory can be written, before the work starts.
///
/// # Errors
/// [`Error::Config`] when something is in the way, [`Error::Io`] when the folder around it cannot be written.
pub fn check(options: &ReportOptions) -> Result<(), Error> {
    let out = &options.out;
    let parent = parent_of(out);
    // First, because a run directory that was being replaced may come back.
    sweep(&parent);
    if out.exists() {
        let empty = fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_none());
        if !ingest::is_run_directory(out) && !empty {
            return Err(in_the_way(
                out,
                "exists and is not a run directory of mailglass",
                "choose another --out: --force replaces run directories only",
            ));
        }
        if !options.force {
            return Err(in_the_way(
                out,
                "exists already",
                "choose another --out, or replace it with --force",
            ));
        }
        nothing_foreign(out)?;
    }
    fs::create_dir_all(&parent).map_err(|source| Error::io("create", &parent, source))?;
    Staging::beside(out)
        .map(drop)
        .map_err(|source| Error::io("write into", &parent, source))
}

/// Everything that a run directory holds; pictures are in `charts`.
const CONTENT: [&str; 13] = [
    "campaigns.csv",
    "changes.csv",
    "charts",
    "charts.json",
    "exposure.csv",
    "leads.csv",
    "reasons.csv",
    "rejects.csv",
    "report.html",
    "session_records.csv",
    "sessions.csv",
    "sessions.parquet",
    "summary.json",
];

/// What file browsers leave wherever they look.
const BROWSERS: [&str; 3] = [".DS_Store", "Thumbs.db", "desktop.ini"];

/// The first entry of a run directory that mailglass has not written: notes, say, or a file that an analyst put aside.
fn foreign(run: &Path) -> Option<PathBuf> {
    let listed = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths
    };
    let named = |path: &Path, names: &[&str]| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| names.contains(&name) || BROWSERS.contains(&name))
    };
    let picture = |path: &Path| path.extension().is_some_and(|ending| ending == "png");
    let strange = listed(run).into_iter().find(|path| !named(path, &CONTENT));
    strange.or_else(|| {
        let charts = listed(&run.join("charts"));
        charts
            .into_iter()
            .find(|path| !picture(path) && !named(path, &[]))
    })
}

/// Refuses to replace a run directory with something in it that is not mailglass's.
fn nothing_foreign(out: &Path) -> Result<(), Error> {
    // What a killed `report` has left in it.
    sweep(out);
    let Some(foreign) = foreign(out) else {
        return Ok(());
    };
    let name = foreign.strip_prefix(out).unwrap_or(&foreign);
    Err(in_the_way(
        out,
        &format!(
            "holds {}, which mailglass did not write, and which would be lost with the folder",
            name.display()
        ),
        "move it elsewhere, or choose another --out",
    ))
}

fn in_the_way(out: &Path, reason: &str, remedy: &str) -> Error {
    Error::Config {
        name: format!("--out {}", out.display()),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Writes the run directory of an analysis.
///
/// # Errors
/// [`Error::Io`] when a file cannot be written, [`Error::Table`] or [`Error::Chart`] when one cannot be made; nothing
/// is left behind then.
pub fn write(analysis: &Analysis, config: &Config, options: &ReportOptions) -> Result<(), Error> {
    let clock = Instant::now();
    let out = &options.out;
    let refuse = |source| Error::io("create", out, source);
    let staging = Staging::beside(out).map_err(refuse)?;
    let dir = &staging.output();
    fs::create_dir(dir).map_err(refuse)?;
    let columns = analysis.ingested.events.columns()?;
    let naming = naming(config, &columns);

    let (sessions, rest) = rayon::join(
        || sessions::write(analysis, &naming, dir),
        || {
            tables::write_all(analysis, &naming, dir)?;
            drawing::keep(analysis, &naming, config, dir)
        },
    );
    sessions.and(rest)?;
    let mut summary = Summary::new(analysis, config);
    summary.timings.report = clock.elapsed().as_secs_f64();
    write_json(&dir.join("summary.json"), &summary)?;
    drawing::draw(dir, dir, (Resolution::Standard, None))?;
    // Whatever has appeared there since the check is not replaced unasked.
    if out.exists() && !options.force {
        return Err(in_the_way(
            out,
            "has appeared during the run",
            "choose another --out, or replace it with --force",
        ));
    }
    // Nor is what somebody has put into the old one meanwhile.
    nothing_foreign(out)?;
    staging.publish(out).map_err(refuse)
}

/// The log as the footers of the charts name it.
#[must_use]
pub fn source(ingested: &Ingested) -> String {
    let files = &ingested.files;
    let source = match files.as_slice() {
        [file] => file
            .path
            .file_name()
            .unwrap_or(file.path.as_os_str())
            .to_string_lossy()
            .into_owned(),
        files => label::counted(files.len() as u64, "file", "files"),
    };
    let events = label::counted(ingested.events.len() as u64, "event", "events");
    format!("{source} ({events})")
}

fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::io("write", path, std::io::Error::other(error)))?;
    text.push('\n');
    fs::write(path, text).map_err(|source| Error::io("write", path, source))
}

//! Running the matrix: tenants in parallel, every cell once.
//!
//! A cell is known by a SHA-256 hash of everything that its result depends on: the program itself, byte for byte, the tenant
//! (its settings and seed, or the hashes of its files), session and rank options, what is left out, the detector. A finished
//! cell is a small file named by that hash; a later run with the same cell reads it and does no work.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::detector::Log;
use super::labels::Labels;
use super::measure::{Measures, measures};
use super::metrics::evaluate;
use super::spec::{Cell, Experiment, Place, TenantSource, TenantVariant};
use super::tenant::{self, LabelledLog};
use super::truth::{MailboxDay, Truth};
use crate::error::Error;
use crate::event::EventColumns;
use crate::rank::RankOptions;
use crate::session::{Session, SessionOptions, sessionize};
use crate::staging::{sweep, write_whole};

/// How a matrix is run.
#[derive(Debug, Clone)]
pub struct MatrixOptions {
    /// Folder of the experiment; finished cells are in its `cells`.
    pub folder: PathBuf,
    /// Whether finished cells are run again.
    pub fresh: bool,
}

/// A cell with its result.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedCell {
    /// Hash of everything that the result depends on, hexadecimal.
    pub id: String,
    /// Its parameters.
    pub place: Place,
    /// Its seed.
    pub seed: u64,
    /// Its measures.
    pub measures: Measures,
    /// Whether an earlier run had done it.
    pub kept: bool,
}

/// Everything that the result of a cell depends on.
#[derive(Serialize)]
struct CellKey<'a> {
    program: &'a str,
    tenant: &'a serde_json::Value,
    session: SessionOptions,
    rank: &'a RankOptions,
    detector: &'static str,
}

#[derive(Serialize, Deserialize)]
struct CellFile {
    measures: Measures,
}

/// Cells that share one log.
struct Batch<'a> {
    tenant: &'a TenantVariant,
    seed: u64,
    /// Index in the matrix, the cell, its id.
    cells: Vec<(usize, &'a Cell, String)>,
}

/// Runs every cell that has not been run, and gives all of them in the order of [`Experiment::cells`]. `progress` is told
/// how many of how many cells are done, from several threads.
///
/// # Errors
/// The first failure of a tenant or a cell, or [`Error::Io`] when results cannot be kept. What was finished is kept.
pub fn run_matrix(
    experiment: &Experiment,
    options: &MatrixOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<FinishedCell>, Error> {
    let folder = options.folder.join("cells");
    fs::create_dir_all(&folder).map_err(|source| Error::io("create", &folder, source))?;
    // Tenants that a killed run has left there.
    sweep(&options.folder);
    let cells = experiment.cells();
    let batches = batches(experiment, &cells)?;
    // A program that cannot be told from another must not take over what another may have found.
    let fresh = options.fresh || program().is_none();
    let done = AtomicUsize::new(0);
    let results: Vec<Result<Vec<(usize, FinishedCell)>, Error>> = batches
        .par_iter()
        .with_max_len(1)
        .map(|batch| {
            let finished = run_batch(experiment, batch, &options.folder, fresh)?;
            let before = done.fetch_add(finished.len(), Ordering::Relaxed);
            progress(before + finished.len(), cells.len());
            Ok(finished)
        })
        .collect();
    let mut finished = Vec::with_capacity(cells.len());
    for result in results {
        finished.extend(result?);
    }
    finished.sort_by_key(|(index, _)| *index);
    Ok(finished.into_iter().map(|(_, cell)| cell).collect())
}

fn batches<'a>(experiment: &'a Experiment, cells: &'a [Cell]) -> Result<Vec<Batch<'a>>, Error> {
    let mut batches: Vec<Batch<'a>> = Vec::new();
    for (number, tenant) in experiment.tenants.iter().enumerate() {
        let start = batches.len();
        let kept_log = match &tenant.source {
            TenantSource::Folder(folder) => Some(tenant::describe_folder(folder)?),
            TenantSource::Simulated(_) => None,
        };
        for (index, cell) in cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| cell.tenant == number)
        {
            let description = match (&kept_log, &tenant.source) {
                (None, TenantSource::Simulated(settings)) => {
                    tenant::describe_settings(settings, cell.seed)
                }
                (description, _) => description.clone().unwrap_or_default(),
            };
            let id = id_of(program().unwrap_or_default(), &description, cell)?;
            // A folder's log is the same for every seed.
            let same = |batch: &&mut Batch<'_>| kept_log.is_some() || batch.seed == cell.seed;
            match batches
                .get_mut(start..)
                .unwrap_or_default()
                .iter_mut()
                .find(same)
            {
                Some(batch) => batch.cells.push((index, cell, id)),
                None => batches.push(Batch {
                    tenant,
                    seed: cell.seed,
                    cells: vec![(index, cell, id)],
                }),
            }
        }
    }
    Ok(batches)
}

/// The hash of the running program, whose code decides what a cell says; `None` if it cannot be read.
fn program() -> Option<&'static str> {
    static PROGRAM: OnceLock<Option<String>> = OnceLock::new();
    PROGRAM
        .get_or_init(|| tenant::hash(&std::env::current_exe().ok()?).ok())
        .as_deref()
}

fn id_of(program: &str, tenant: &serde_json::Value, cell: &Cell) -> Result<String, Error> {
    let key = CellKey {
        program,
        tenant,
        session: SessionOptions::default(),
        rank: &cell.rank,
        detector: cell.detector.as_str(),
    };
    let text = serde_json::to_vec(&key).map_err(|error| Error::Config {
        name: "cell".to_owned(),
        reason: error.to_string(),
        remedy: "please report this; it is a fault of mailglass".to_owned(),
    })?;
    Ok(tenant::hexadecimal(&Sha256::digest(&text)))
}

fn run_batch(
    experiment: &Experiment,
    batch: &Batch<'_>,
    folder: &Path,
    fresh: bool,
) -> Result<Vec<(usize, FinishedCell)>, Error> {
    let path_of = |id: &str| folder.join("cells").join(format!("{id}.json"));
    let kept: Vec<Option<Measures>> = batch
        .cells
        .iter()
        .map(|(_, _, id)| if fresh { None } else { read_cell(&path_of(id)) })
        .collect();
    let missing = kept.iter().any(Option::is_none);
    let log = if missing {
        Some(tenant::labelled_log(batch.tenant, batch.seed, folder)?)
    } else {
        None
    };
    let prepared = log.as_ref().map(Prepared::new).transpose()?;
    batch
        .cells
        .par_iter()
        .zip(kept)
        .map(|((index, cell, id), kept)| {
            let was_kept = kept.is_some();
            let measures = match (kept, &prepared) {
                (Some(measures), _) => measures,
                (None, Some(prepared)) => {
                    let found = prepared.judge(cell)?;
                    write_cell(&path_of(id), found)?
                }
                (None, None) => Measures::new(),
            };
            let place = experiment.place(cell);
            Ok((
                *index,
                FinishedCell {
                    id: id.clone(),
                    place,
                    seed: cell.seed,
                    measures,
                    kept: was_kept,
                },
            ))
        })
        .collect()
}

/// A log, cut into sessions and compared with its labels.
struct Prepared<'a> {
    columns: EventColumns<'a>,
    sessions: Vec<Session>,
    truth: Truth,
}

impl<'a> Prepared<'a> {
    fn new(log: &'a LabelledLog) -> Result<Self, Error> {
        let columns = log.ingested.events.columns()?;
        let sessions = sessionize(&columns, &SessionOptions::default())?;
        let truth = truth_of(&columns, &sessions, &log.labels);
        Ok(Self {
            columns,
            sessions,
            truth,
        })
    }

    fn judge(&self, cell: &Cell) -> Result<Measures, Error> {
        let log = Log {
            columns: &self.columns,
            sessions: &self.sessions,
        };
        let ranking = cell.detector.detector().judge(&log, &cell.rank)?;
        Ok(measures(&evaluate(&self.truth, &ranking)))
    }
}

fn truth_of(columns: &EventColumns<'_>, sessions: &[Session], labels: &Labels) -> Truth {
    let mut session_of = vec![None; columns.time.len()];
    for (index, session) in sessions.iter().enumerate() {
        for &row in &session.rows {
            if let Some(place) = session_of.get_mut(row as usize) {
                *place = Some(index);
            }
        }
    }
    let alerts: Vec<MailboxDay> = sessions
        .iter()
        .map(|session| MailboxDay {
            mailbox: session.mailbox,
            day: session.day,
        })
        .collect();
    Truth::new(columns, &session_of, &alerts, labels)
}

/// A finished cell; one that cannot be read is run again.
fn read_cell(path: &Path) -> Option<Measures> {
    let text = fs::read_to_string(path).ok()?;
    serde_json::from_str::<CellFile>(&text)
        .ok()
        .map(|file| file.measures)
}

/// Keeps a cell, whole or not at all, and gives what a later run will read.
fn write_cell(path: &Path, measures: Measures) -> Result<Measures, Error> {
    let failed = |source: std::io::Error| Error::io("write", path, source);
    let text = serde_json::to_string_pretty(&CellFile { measures })
        .map_err(|error| failed(std::io::Error::other(error)))?;
    write_whole(path, failed, |whole| {
        fs::write(whole, text.as_bytes()).map_err(failed)
    })?;
    read_cell(path).ok_or_else(|| {
        failed(std::io::Error::other(
            "what was written cannot be read back",
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::DetectorName;

    #[test]
    fn another_program_another_cell() {
        let cell = Cell {
            tenant: 0,
            seed: 1,
            rank: RankOptions::default(),
            without: "nothing".to_owned(),
            detector: DetectorName::Mailglass,
        };
        let id = |program| id_of(program, &serde_json::Value::Null, &cell).expect("an id");
        assert_eq!(id("one"), id("one"));
        assert_ne!(id("one"), id("two"));
        let hash = program().expect("the test itself can be read");
        assert_eq!(hash.len(), 64);
    }
}

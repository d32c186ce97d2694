//! From export files to events: envelopes recognised by content, records normalised, duplicates dropped, and every row
//! accounted for.
//!
//! Files are cut into blocks of whole rows (`blocks`). Workers read a block's rows in place (`rows`, `csv`, `json`,
//! `record`, `wrapper`), normalise them (`worker`) into columns (`segment`), and the columns of all blocks become one table
//! (`merge`, `gather`). The text of the export is never held as a whole. Events can be kept and read back (`events_file`).
//! The fuzz targets in `fuzz/` enter through `fuzzing`.

mod address;
mod application;
mod blocks;
mod buffer;
mod bytes;
mod client;
mod coverage;
mod csv;
mod date_order;
mod digest;
mod envelope;
mod events_file;
mod field;
mod flat;
#[doc(hidden)]
pub mod fuzzing;
mod gap;
mod gather;
mod geo;
mod intern;
mod inventory;
mod json;
mod key_order;
mod lead;
mod merge;
mod note;
mod packing;
mod record;
mod reject;
mod reread;
mod rows;
mod schema;
mod segment;
mod source;
mod time;
mod warning;
mod window;
mod worker;
mod wrapper;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::error::Error;
use crate::event::Events;
use blocks::{Block, Feeder, FileState};
use buffer::Buffer;
use csv::Layout;
use geo::Geo;
use merge::FileTally;
use segment::{Columns, Dictionaries, Segment};
use worker::Worker;

pub(crate) use address::network_named;
pub use application::application_name;
pub(crate) use coverage::united;
pub use coverage::{Coverage, DayCount};
pub use date_order::{DateOrder, OrderReason};
pub use digest::HashedFile;
pub use envelope::Envelope;
pub use events_file::write_events;
pub use inventory::{Inventory, Tally, inventory};
pub use lead::{Lead, LeadRecord, LeadRecords, count_leads};
pub(crate) use note::not_exports;
pub use note::{Note, notes};
pub use reject::{FurtherRejects, Reject};
pub use source::{Compression, Input};
pub(crate) use source::{input_at, is_run_directory};
pub use warning::{Gap, Warning};

/// How to read.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// MaxMind-format databases with countries or AS numbers; the first that knows an answer gives it.
    pub geoip: Vec<PathBuf>,
    /// Most bytes one compressed file may grow to. A file that grows more than 250-fold is refused before that.
    pub max_decompressed: u64,
    /// Whether to hash the files (SHA-256, of the bytes as they are on disk).
    pub hash_inputs: bool,
}

impl Default for IngestOptions {
    fn default() -> Self {
        // Half a terabyte: a month of a very large tenant, far beyond what fits one machine's memory as events.
        Self {
            geoip: Vec::new(),
            max_decompressed: 1 << 39,
            hash_inputs: true,
        }
    }
}

/// Told how far reading has come. Called from several threads.
pub trait Progress: Sync {
    /// `done` of `total` bytes of the files have been read; `total` is 0 when nobody knows (standard input).
    fn bytes(&self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// So many more rows have been parsed.
    fn rows(&self, more: u64) {
        let _ = more;
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {}

/// What became of rows: `rows` is the sum of the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Data rows and records read.
    pub rows: u64,
    /// Deduplicated mailbox records.
    pub events: u64,
    /// Rows whose `Id` was read before, of whatever workload.
    pub duplicates: u64,
    /// Deduplicated records of other workloads and operations.
    pub other_records: u64,
    /// Rows that could not be used.
    pub rejects: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.rows += more.rows;
        self.events += more.events;
        self.duplicates += more.duplicates;
        self.other_records += more.other_records;
        self.rejects += more.rejects;
    }
}

/// What was read from one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// The file, as it was named or found; `-` for standard input.
    pub path: PathBuf,
    /// The format of the export.
    pub envelope: Envelope,
    /// How it was compressed.
    pub compression: Compression,
    /// Character encoding.
    pub encoding: String,
    /// SHA-256 of the bytes on disk, hexadecimal; empty when hashing was off.
    pub sha256: String,
    /// Size on disk.
    pub bytes: u64,
    /// What became of its rows.
    pub counts: Counts,
}

/// An input that could not be read, or not to its end.
#[derive(Debug)]
pub struct InputFailure {
    /// The input, as it was named or found.
    pub input: String,
    /// Why.
    pub error: Error,
}

/// Everything that came out of the inputs.
#[derive(Debug)]
pub struct Ingested {
    /// The events.
    pub events: Events,
    /// One report per file that was recognised, in the order of paths.
    pub files: Vec<FileReport>,
    /// The sum over all files.
    pub counts: Counts,
    /// Records that are no events: workload, operation, number, sorted.
    pub other: Vec<(String, String, u64)>,
    /// Those of them that bear on mailboxes, in the order of time; not what the service itself did. At most the first million.
    pub leads: Vec<LeadRecord>,
    /// Rows that could not be used, in the order of files and rows: the first million.
    pub rejects: Vec<Reject>,
    /// Those behind them, by file and reason.
    pub further_rejects: Vec<FurtherRejects>,
    /// Inputs that could not be read.
    pub failures: Vec<InputFailure>,
    /// What the log holds and lacks.
    pub coverage: Coverage,
    /// The geographic databases that were asked, in that order.
    pub geo_databases: Vec<HashedFile>,
}

impl Ingested {
    /// How many rows could not be used, by reason.
    #[must_use]
    pub fn rejects_by_reason(&self) -> BTreeMap<&'static str, u64> {
        let kept = self.rejects.iter().map(|reject| (reject.reason, 1));
        let further = self.further_rejects.iter();
        let mut counts = BTreeMap::new();
        for (reason, rows) in kept.chain(further.map(|of| (of.reason, of.rows))) {
            *counts.entry(reason).or_default() += rows;
        }
        counts
    }

    /// [`Ingested::leads`], counted by what they may mean for mailboxes.
    #[must_use]
    pub fn leads_by_kind(&self) -> Vec<LeadRecords> {
        let operations = self.leads.iter().map(|lead| lead.operation.as_str());
        count_leads(operations)
    }
}

/// Reads all inputs.
///
/// # Errors
/// [`Error::NothingReadable`] (or the one failure there was) when no input could be read at all, [`Error::NoInput`] when
/// none was named, [`Error::NothingUsable`] when there was not one row that could be used but some that could not,
/// [`Error::Geo`] for an unusable database. Inputs that fail beside others that do not are in [`Ingested::failures`].
pub fn read(
    inputs: &[Input],
    options: &IngestOptions,
    progress: &dyn Progress,
) -> Result<Ingested, Error> {
    let geo = Geo::open(&options.geoip)?;
    let (paths, unresolved) = source::resolve(inputs)?;
    let mut feeder = Feeder::new(paths, options, progress);
    feeder.failures.extend(unresolved);
    let ingested = gather_all(feeder, &geo, progress)?;
    match reject::commonest(&ingested.rejects, &ingested.further_rejects) {
        Some(commonest) if ingested.counts.rows == ingested.counts.rejects => {
            Err(Error::NothingUsable {
                rows: ingested.counts.rows,
                reason: commonest.reason,
                excerpt: commonest.excerpt,
            })
        }
        _ => Ok(ingested),
    }
}

/// Reads all that a feeder has to give.
fn gather_all(feeder: Feeder<'_>, geo: &Geo, progress: &dyn Progress) -> Result<Ingested, Error> {
    let feeder = Mutex::new(feeder);
    let (mut segments, mut leavings) = run_workers(&feeder, geo, progress);
    let Feeder {
        files,
        mut failures,
        options,
        ..
    } = feeder.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !files.iter().any(|file| file.recognised) {
        let count = failures.len();
        return Err(match failures.pop() {
            Some((_, only)) if count == 1 => only,
            Some((_, last)) => {
                let first = failures.into_iter().next().map_or(last, |(_, first)| first);
                Error::NothingReadable {
                    count,
                    first: first.to_string(),
                }
            }
            None => Error::NoInput {
                what: "no input was named".to_owned(),
            },
        });
    }
    segments.sort_by_key(|segment| (segment.file, segment.block));
    reread::reread(&mut segments, &mut leavings, &files, (options, geo));
    let doubtful_dates = date_order::settle(&mut leavings, &segments);
    let cut_windows = window::warnings(&segments, &files);
    let (rejects, further_rejects) = number_rejects(&mut segments, &files, reject::MOST_REJECTS);
    let envelopes = envelopes(&segments, files.len());
    let rows: Vec<(usize, u64, u64)> = segments
        .iter()
        .map(|segment| (segment.file, segment.rows, segment.rejected))
        .collect();
    let merged = merge::merge(&segments, leavings, files.len())?;
    let reports = reports(files, &envelopes, &rows, &merged.tallies);
    let mut counts = Counts::default();
    for report in &reports {
        counts += report.counts;
    }
    let commonest = reject::commonest(&rejects, &further_rejects);
    let mut lost = coverage::lost(&failures, counts, commonest);
    lost.extend(doubtful_dates);
    lost.extend(cut_windows);
    let logged = coverage::Logged {
        events: &merged.events,
        other_time: &merged.other_time,
        renamed: &merged.renamed,
    };
    let coverage = coverage::survey(logged, &reports, lost)?;
    Ok(Ingested {
        events: merged.events,
        files: reports,
        counts,
        other: merged.other,
        leads: merged.leads,
        rejects,
        further_rejects,
        failures: failures
            .into_iter()
            .map(|(input, error)| InputFailure { input, error })
            .collect(),
        coverage,
        geo_databases: geo.files.clone(),
    })
}

/// Reads all blocks with as many workers as there are threads in rayon's pool.
fn run_workers(
    feeder: &Mutex<Feeder<'_>>,
    geo: &Geo,
    progress: &dyn Progress,
) -> (Vec<Segment>, Vec<(Columns, Dictionaries)>) {
    let work = |number: usize| {
        let mut worker = Worker::new(number, geo);
        let mut segments = Vec::new();
        let mut buffer = Buffer::default();
        loop {
            let next = feeder
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next_block(&mut buffer);
            let Some(block) = next else { break };
            segments.push(read_one(&mut worker, &block, &buffer).0);
            progress.rows(segments.last().map_or(0, |segment| segment.rows));
        }
        (segments, worker.into_parts())
    };
    let threads = rayon::current_num_threads().max(1);
    let done: Vec<(Vec<Segment>, (Columns, Dictionaries))> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        let mut done = vec![work(0)];
        for other in others {
            match other.join() {
                Ok(result) => done.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    let (segments, leavings): (Vec<_>, Vec<_>) = done.into_iter().unzip();
    (segments.into_iter().flatten().collect(), leavings)
}

/// Reads a block; gives the columns that its table ends with as well, where they change in it.
fn read_one(
    worker: &mut Worker<'_>,
    block: &Block,
    bytes: &[u8],
) -> (Segment, Option<Arc<Layout>>) {
    worker.begin(block.file, block.number);
    let columns = if block.oversized {
        worker.reject(reject::Fault::TooLong, bytes);
        None
    } else {
        rows::read_block(worker, bytes, &block.framing)
    };
    (worker.finish(), columns)
}

/// Takes the rejects out of the segments and numbers their rows within their files. The first `most` are kept, the others counted.
fn number_rejects(
    segments: &mut [Segment],
    files: &[FileState],
    most: usize,
) -> (Vec<Reject>, Vec<FurtherRejects>) {
    let mut rejects = Vec::new();
    let mut further = Vec::new();
    for of_file in segments.chunk_by_mut(|left, right| left.file == right.file) {
        let file = of_file.first().and_then(|segment| files.get(segment.file));
        let file: Arc<str> = file
            .map(|file| file.path.display().to_string())
            .unwrap_or_default()
            .into();
        let mut before = 0;
        let mut counted: BTreeMap<reject::Fault, u64> = BTreeMap::new();
        for segment in of_file {
            for reject in std::mem::take(&mut segment.rejects) {
                if rejects.len() >= most {
                    *counted.entry(reject.fault).or_default() += 1;
                    continue;
                }
                rejects.push(Reject {
                    file: Arc::clone(&file),
                    row: before + reject.row,
                    reason: reject.fault.reason(),
                    excerpt: reject.excerpt,
                });
            }
            for (fault, rows) in std::mem::take(&mut segment.counted) {
                *counted.entry(fault).or_default() += rows;
            }
            before += segment.rows;
        }
        further.extend(counted.into_iter().map(|(fault, rows)| FurtherRejects {
            file: Arc::clone(&file),
            reason: fault.reason(),
            rows,
        }));
    }
    (rejects, further)
}

/// The envelope of each file: the first that a row has told.
fn envelopes(segments: &[Segment], files: usize) -> Vec<Envelope> {
    let mut envelopes = vec![Envelope::Unknown; files];
    for segment in segments {
        if let (Some(known), Some(told)) = (envelopes.get_mut(segment.file), segment.envelope)
            && *known == Envelope::Unknown
        {
            *known = told;
        }
    }
    envelopes
}

fn reports(
    files: Vec<FileState>,
    envelopes: &[Envelope],
    rows: &[(usize, u64, u64)],
    tallies: &[FileTally],
) -> Vec<FileReport> {
    let mut reports = Vec::new();
    // Segments come in the order of their files.
    let mut rows = rows.iter().peekable();
    for (number, file) in files.into_iter().enumerate() {
        let (mut read, mut rejects) = (0, 0);
        while let Some(&(_, of_segment, rejected)) = rows.next_if(|(of, _, _)| *of <= number) {
            read += of_segment;
            rejects += rejected;
        }
        if !file.recognised {
            continue;
        }
        let tally = tallies.get(number).copied().unwrap_or_default();
        let counts = Counts {
            rows: read,
            events: tally.events,
            duplicates: tally.duplicates,
            other_records: tally.other,
            rejects,
        };
        reports.push(FileReport {
            path: file.path,
            envelope: envelopes.get(number).copied().unwrap_or(Envelope::Unknown),
            compression: file.compression,
            encoding: file.encoding.to_owned(),
            sha256: file.sha256,
            bytes: file.bytes,
            counts,
        });
    }
    reports
}

#[cfg(test)]
mod tests {
    use super::*;
    use reject::Fault;
    use segment::SegmentReject;

    #[test]
    fn rejects_beyond_the_most_are_counted_by_file_and_reason() {
        let segment = |file: usize, faults: &[Fault], counted: &[(Fault, u64)]| Segment {
            file,
            rows: 100,
            rejects: (1..)
                .zip(faults)
                .map(|(row, &fault)| SegmentReject {
                    row,
                    fault,
                    excerpt: "x".into(),
                })
                .collect(),
            counted: counted.iter().copied().collect(),
            ..Segment::default()
        };
        let of = |most: usize| {
            let mut segments = [
                segment(0, &[Fault::Cells, Fault::Cut], &[]),
                segment(0, &[Fault::Cells, Fault::Cells], &[]),
                segment(2, &[Fault::Cut], &[(Fault::Cut, 7), (Fault::Cells, 1)]),
            ];
            let files = ["a", "b", "c"].map(|name| FileState {
                path: name.into(),
                ..FileState::default()
            });
            let (kept, further) = number_rejects(&mut segments, &files, most);
            let kept: Vec<(String, u64)> = kept
                .iter()
                .map(|reject| (reject.file.to_string(), reject.row))
                .collect();
            let further: Vec<(String, &str, u64)> = further
                .iter()
                .map(|of| (of.file.to_string(), of.reason, of.rows))
                .collect();
            (kept, further)
        };
        let named = |rejects: &[(&str, u64)]| -> Vec<(String, u64)> {
            rejects
                .iter()
                .map(|&(file, row)| (file.to_owned(), row))
                .collect()
        };
        let [cells, cut] = [Fault::Cells, Fault::Cut].map(Fault::reason);
        let counted = |of: &[(&str, &'static str, u64)]| -> Vec<(String, &str, u64)> {
            of.iter()
                .map(|&(file, reason, rows)| (file.to_owned(), reason, rows))
                .collect()
        };
        let (kept, further) = of(3);
        assert_eq!(kept, named(&[("a", 1), ("a", 2), ("a", 101)]));
        assert_eq!(
            further,
            counted(&[("a", cells, 1), ("c", cut, 8), ("c", cells, 1)])
        );
        let (kept, further) = of(10);
        assert_eq!((kept.len(), kept.last()), (5, named(&[("c", 1)]).first()));
        assert_eq!(further, counted(&[("c", cut, 7), ("c", cells, 1)]));
    }
}

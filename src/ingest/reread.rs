//! Tables whose columns change: files of other columns were appended to each other. Blocks are read side by side, so those behind
//! such a header were read with the columns of the first; the file is read again, from block to block.

use std::sync::Arc;

use super::blocks::{Feeder, FileState};
use super::buffer::Buffer;
use super::envelope::Framing;
use super::geo::Geo;
use super::reject::Fault;
use super::segment::{Columns, Dictionaries, Segment};
use super::worker::Worker;
use super::{IngestOptions, Silent, read_one};

/// Reads such files again; what was read of them first is replaced. Segments are sorted by file and block.
pub(super) fn reread(
    segments: &mut Vec<Segment>,
    leavings: &mut Vec<(Columns, Dictionaries)>,
    files: &[FileState],
    (options, geo): (&IngestOptions, &Geo),
) {
    let changed: Vec<(usize, u64, usize)> = segments
        .chunk_by(|left, right| left.file == right.file)
        .filter_map(|of_file| {
            let change = of_file.iter().find(|segment| segment.other_columns)?;
            let last = of_file.last()?;
            (change.block < last.block).then_some((change.file, change.block, of_file.len()))
        })
        .collect();
    for (file, block, blocks) in changed {
        let mut worker = Worker::new(leavings.len(), geo);
        let again = files
            .get(file)
            .map(|state| read_again(&mut worker, (file, state), options))
            .unwrap_or_default();
        if again.len() == blocks {
            segments.retain(|segment| segment.file != file);
            segments.extend(again);
            segments.sort_by_key(|segment| (segment.file, segment.block));
            leavings.push(worker.into_parts());
        } else {
            let behind = |segment: &&mut Segment| segment.file == file && segment.block > block;
            segments.iter_mut().filter(behind).for_each(tell_why);
        }
    }
}

/// All blocks of a file, each with the columns that the one before it ended with.
fn read_again(
    worker: &mut Worker<'_>,
    (file, state): (usize, &FileState),
    options: &IngestOptions,
) -> Vec<Segment> {
    // Standard input has been used up, and waits for more.
    if state.path.as_os_str() == "-" {
        return Vec::new();
    }
    let options = IngestOptions {
        hash_inputs: false,
        ..options.clone()
    };
    let mut feeder = Feeder::new(vec![state.path.clone()], &options, &Silent);
    let mut buffer = Buffer::default();
    let mut columns = None;
    let mut again = Vec::new();
    while let Some(mut block) = feeder.next_block(&mut buffer) {
        block.file = file;
        if let (Some(columns), Framing::Csv(layout, _)) = (&columns, &mut block.framing) {
            *layout = Arc::clone(columns);
        }
        let (segment, other) = read_one(worker, &block, &buffer);
        columns = other.or(columns);
        again.push(segment);
    }
    again
}

/// The rows of a block that were rejected, because their columns are others, say so.
fn tell_why(segment: &mut Segment) {
    let is_due = |fault: Fault| matches!(fault, Fault::Cells | Fault::Malformed | Fault::Empty);
    for reject in &mut segment.rejects {
        if is_due(reject.fault) {
            reject.fault = Fault::Columns;
        }
    }
    for (fault, rows) in std::mem::take(&mut segment.counted) {
        let fault = if is_due(fault) { Fault::Columns } else { fault };
        *segment.counted.entry(fault).or_default() += rows;
    }
}

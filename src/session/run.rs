//! Rows of one context to runs: where a session begins and ends.

use std::collections::BTreeMap;

use super::log::Log;
use crate::event::ClientFamily;

/// A run that shows more address blocks than this is a hopping client: cloud applications and phones on carrier
/// networks change address at every call, people sit in at most a few places within half an hour.
const MAX_BLOCKS_OF_A_PERSON: usize = 3;

/// Cuts the rows of one context, ascending in time, at silences, at the maximal length and between places.
pub(super) fn cut(log: &Log<'_>, rows: &[u32]) -> Vec<Vec<u32>> {
    let mut runs = Vec::new();
    for run in rows.chunk_by(|&a, &b| follows(log, a, b)) {
        for piece in split_long(log, run) {
            for run in split_blocks(log, piece) {
                // Between visits from elsewhere, one place may have been silent.
                let visits = run.chunk_by(|&a, &b| follows(log, a, b));
                runs.extend(visits.map(<[u32]>::to_vec));
            }
        }
    }
    runs
}

fn follows(log: &Log<'_>, a: u32, b: u32) -> bool {
    log.columns.time[b as usize] - log.columns.time[a as usize] <= log.options.silence_ms
}

/// Cuts a run into pieces no longer than the maximal length.
fn split_long<'a>(log: &Log<'_>, run: &'a [u32]) -> Vec<&'a [u32]> {
    let times = log.columns.time;
    let mut pieces = Vec::new();
    let mut rest = run;
    while let Some(&first) = rest.first() {
        let limit = times[first as usize] + log.options.max_length_ms;
        let cut = rest.partition_point(|&row| times[row as usize] <= limit);
        let (piece, tail) = rest.split_at(cut);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Different address blocks are different sessions, whatever `SessionId` they share: a stolen one is used beside its owner. Not
/// where the client is an application, which acts from wherever its service runs, is a phone that says that it is the same, or
/// hops over many.
fn split_blocks(log: &Log<'_>, run: &[u32]) -> Vec<Vec<u32>> {
    let columns = log.columns;
    let whole = || vec![run.to_vec()];
    let Some(&first) = run.first() else {
        return Vec::new();
    };
    let family = log.family(first);
    let phone = matches!(
        family,
        ClientFamily::OutlookMobile | ClientFamily::ActiveSync
    );
    let signed_in = columns.session_id.codes[first as usize] != 0;
    if (phone && signed_in) || family == ClientFamily::Rest {
        return whole();
    }
    let mut by_block: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &row in run {
        by_block
            .entry(log.blocks.of(columns.network.codes[row as usize]))
            .or_default()
            .push(row);
        if by_block.len() > MAX_BLOCKS_OF_A_PERSON {
            return whole();
        }
    }
    by_block.into_values().collect()
}

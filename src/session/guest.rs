//! Records that do not say which session they belong to.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::context::context;
use super::log::Log;
use super::{day_of, run};
use crate::event::EventColumns;

/// Seats sign-ins and administrative records: with the session of the same actor, mailbox and day that shares
/// their `SessionId` and place, else their address within the silence; else in sessions of their own.
pub(super) fn seat_guests(log: &Log<'_>, guests: Vec<u32>, runs: &mut Vec<Vec<u32>>) {
    if guests.is_empty() {
        return;
    }
    let columns = log.columns;
    let wanted: FxHashSet<Party> = guests.iter().map(|&row| party(columns, row)).collect();
    let mut hosts: FxHashMap<Party, Vec<usize>> = FxHashMap::default();
    for (index, run) in runs.iter().enumerate() {
        let key = party(columns, run[0]);
        if wanted.contains(&key) {
            hosts.entry(key).or_default().push(index);
        }
    }
    let mut additions: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    let mut homeless: Vec<u32> = Vec::new();
    // First and last record of the hosts that have guests: one guest after the other must not stretch a session.
    let mut stretched: FxHashMap<usize, (i64, i64)> = FxHashMap::default();
    for row in guests {
        let candidates = hosts
            .get(&party(columns, row))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let best = candidates
            .iter()
            .filter_map(|&index| {
                let run = &runs[index];
                let span = stretched.get(&index).copied();
                let span = span.unwrap_or_else(|| span_of(columns, run));
                host_rank(log, row, (run, span)).map(|rank| (rank, context(columns, run[0]), index))
            })
            .min();
        match best {
            Some((.., index)) => {
                let time = columns.time[row as usize];
                let span = stretched
                    .entry(index)
                    .or_insert_with(|| span_of(columns, &runs[index]));
                *span = (span.0.min(time), span.1.max(time));
                additions.entry(index).or_default().push(row);
            }
            None => homeless.push(row),
        }
    }
    for (index, mut rows) in additions {
        runs[index].append(&mut rows);
        runs[index].sort_unstable();
    }
    // What no session has made is cut like everything else.
    homeless.sort_unstable_by_key(|&row| (context(columns, row), row));
    for same in homeless.chunk_by(|&a, &b| context(columns, a) == context(columns, b)) {
        runs.extend(run::cut(log, same));
    }
}

/// Mailbox, actor and day: who may share a session.
type Party = (u32, u32, i32);

fn party(columns: &EventColumns<'_>, row: u32) -> Party {
    let row = row as usize;
    (
        columns.mailbox.codes[row],
        columns.actor.codes[row],
        day_of(columns.time[row]),
    )
}

/// First and last time of a run.
fn span_of(columns: &EventColumns<'_>, run: &[u32]) -> (i64, i64) {
    let time = |row: Option<&u32>| row.map_or(0, |&row| columns.time[row as usize]);
    (time(run.first()), time(run.last()))
}

/// How well a run hosts a guest, smaller is better: same `SessionId` and place first, then the nearest in time with the same
/// address. `None` when neither holds, or the session would become too long. A `SessionId` from elsewhere does not do: whoever
/// has stolen one makes rules and signs in with it, and that is not what its owner did.
fn host_rank(
    log: &Log<'_>,
    guest: u32,
    (run, (start, end)): (&[u32], (i64, i64)),
) -> Option<(u8, i64)> {
    let (columns, options) = (log.columns, log.options);
    let (first, last) = (*run.first()? as usize, *run.last()? as usize);
    let row = guest as usize;
    let time = columns.time[row];
    let distance = (start - time).max(time - end).max(0);
    if end.max(time) - start.min(time) > options.max_length_ms {
        return None;
    }
    let session_key = columns.session_id.codes[row];
    if session_key != 0 && session_key == columns.session_id.codes[first] {
        let network = |row: usize| columns.network.codes[row];
        let block = |row: usize| log.blocks.of(network(row));
        if network(row) == 0 || network(first) == 0 {
            return Some((1, distance));
        }
        if [first, last]
            .into_iter()
            .any(|host| block(host) == block(row))
        {
            return Some((0, distance));
        }
    }
    // Two browsers behind one address are two clients, as are a browser and Outlook.
    let stranger = log.names_browser(guest)
        && (columns.client_family[row] != columns.client_family[first]
            || columns.client_info.codes[row] != columns.client_info.codes[first]);
    if stranger {
        return None;
    }
    let address = columns.address.codes[row];
    let same_place = address != 0
        && (address == columns.address.codes[first] || address == columns.address.codes[last]);
    (same_place && distance <= options.silence_ms).then_some((2, distance))
}

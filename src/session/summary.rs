//! A run's rows to a session.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::log::Log;
use super::{Session, day_of, stable_hash};
use crate::event::AccessType;

/// Reads closer together than this belong to one burst: `MailItemsAccessed` aggregates up to two minutes of reads
/// into one record, so five minutes hold at least two records of a steady reader.
const BURST_MS: i64 = 5 * 60_000;

pub(super) fn summarise(log: &Log<'_>, rows: Vec<u32>) -> Session {
    let columns = log.columns;
    // The context comes from the first event that names a client; guests (sign-ins, rules) name none.
    let lead = rows
        .iter()
        .copied()
        .find(|&row| !log.is_guest(row))
        .unwrap_or(rows[0]) as usize;
    let (first, last) = (rows[0] as usize, rows[rows.len() - 1] as usize);
    let network = most_used(&rows, columns.network.codes);
    // All that is said of the place is said of one place: the owner's provider beside a thief's network would be neither's.
    let there = || {
        let rows = rows.iter().map(|&row| row as usize);
        rows.filter(|&row| columns.network.codes[row] == network)
    };
    let of_network = |column: &[u32]| {
        there()
            .map(|row| column[row])
            .find(|&value| value != 0)
            .unwrap_or(0)
    };
    let mut session = Session {
        id: stable_hash(&columns.record_id.get(first)),
        mailbox: columns.mailbox.codes[lead],
        actor: columns.actor.codes[lead],
        client_app_id: columns.client_app_id.codes[lead],
        app_id: columns.app_id.codes[lead],
        client_info: columns.client_info.codes[lead],
        client_family: log.family(lead as u32),
        network,
        address: of_network(columns.address.codes),
        asn: of_network(columns.asn),
        country: of_network(columns.country.codes),
        session_key: columns.session_id.codes[lead],
        logon_type: columns.logon_type[lead],
        start: columns.time[first],
        end: columns.time[last],
        day: day_of(columns.time[first]),
        events: rows.len() as u32,
        items: 0,
        syncs: 0,
        sends: 0,
        deletes: 0,
        rules: 0,
        searches: 0,
        sign_ins: 0,
        failures: 0,
        bytes: 0,
        folders: 0,
        burst: 0,
        throttled: false,
        rows: Vec::new(),
    };
    let mut folders: FxHashSet<u32> = FxHashSet::default();
    let mut widest = 0;
    for &row in &rows {
        let operation = log.operation(row);
        let row = row as usize;
        if AccessType::from_u8(columns.access[row]) == AccessType::Sync {
            session.syncs += 1;
        } else {
            session.items += u64::from(columns.amount_read(row, operation));
        }
        session.sends += u32::from(operation.is_send());
        if operation.is_delete() {
            // A record that lists none deleted one.
            session.deletes = session.deletes.saturating_add(columns.items[row].max(1));
        }
        session.rules += u32::from(operation.is_rule_change());
        session.searches += u32::from(operation.is_search());
        session.sign_ins += u32::from(log.is_sign_in(row as u32));
        session.failures += u32::from(columns.succeeded[row] == 0);
        session.throttled |= columns.throttled[row] != 0;
        if operation.is_read() {
            session.bytes = session.bytes.saturating_add(columns.bytes[row]);
        }
        if columns.folder.codes[row] != 0 {
            folders.insert(columns.folder.codes[row]);
        }
        widest = widest.max(u32::from(columns.folders[row]));
    }
    session.folders = (folders.len() as u32).max(widest);
    session.burst = burst(log, &rows);
    session.rows = rows;
    session
}

/// The commonest code; ties go to the lowest. Records without an address say nothing about where the others came from: 0 only
/// where there is nothing else.
fn most_used(rows: &[u32], codes: &[u32]) -> u32 {
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    for &row in rows {
        *counts.entry(codes[row as usize]).or_default() += 1;
    }
    counts
        .into_iter()
        .filter(|&(code, _)| code != 0)
        .max_by_key(|&(code, count)| (count, std::cmp::Reverse(code)))
        .map_or(0, |(code, _)| code)
}

/// Most items within [`BURST_MS`]; a synchronised folder counts as one.
fn burst(log: &Log<'_>, rows: &[u32]) -> u32 {
    let columns = log.columns;
    let weight = |row: u32| columns.amount_read(row as usize, log.operation(row));
    let (mut best, mut sum, mut tail) = (0u32, 0u32, 0usize);
    for &row in rows {
        sum = sum.saturating_add(weight(row));
        while columns.time[row as usize] - columns.time[rows[tail] as usize] > BURST_MS {
            sum = sum.saturating_sub(weight(rows[tail]));
            tail += 1;
        }
        best = best.max(sum);
    }
    best
}

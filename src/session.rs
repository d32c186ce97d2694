//! Events to sessions.
//!
//! A **session** is what one actor did in one mailbox, through one client and one access channel, without a
//! silence longer than [`SessionOptions::silence_ms`]. The channel is the `SessionId` where the log has one, else the
//! provider's address block. Three rules keep sessions honest:
//!
//! * a session never crosses midnight UTC, so that a day can be judged when it is over and nothing logged later
//!   changes it (no look-ahead);
//! * an application that hops over many address blocks within one run is one session, not hundreds;
//! * records that do not say which session they belong to (inbox rules, permissions, sign-ins, and the reads of
//!   Outlook on the web that lack a browser or a `SessionId`, measured in a third of them) join the session of the same
//!   actor and mailbox with the same `SessionId` or address, because that is the session that made them.
//!
//! Every event belongs to exactly one session.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::event::{AccessType, ClientFamily, Coded, EventColumns, Operation};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// Reads closer together than this belong to one burst: `MailItemsAccessed` aggregates up to two minutes of reads
/// into one record, so five minutes hold at least two records of a steady reader.
const BURST_MS: i64 = 5 * 60_000;
/// A run that shows more address blocks than this is a hopping client: cloud applications and phones on carrier
/// networks change address at every call, people sit in at most a few places within half an hour.
const MAX_BLOCKS_OF_A_PERSON: usize = 3;

/// Exchange Online's application id.
pub(crate) const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// How events are cut into sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOptions {
    /// A silence longer than this ends a session, in milliseconds (30 minutes by default).
    pub silence_ms: i64,
    /// No session lasts longer than this, in milliseconds (12 hours by default).
    pub max_length_ms: i64,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            silence_ms: 30 * 60_000,
            max_length_ms: 12 * 3_600_000,
        }
    }
}

/// One session. Codes index the dictionaries of the [`EventColumns`] that it was built from.
#[derive(Debug, Clone)]
pub struct Session {
    /// Stable identifier: a hash of the first record's id, so it does not depend on what else the log holds.
    pub id: u64,
    /// Whose mailbox (code of `mailbox`).
    pub mailbox: u32,
    /// Who acted (code of `actor`).
    pub actor: u32,
    /// `ClientAppId` (code; 0 when absent, as in Outlook on the web).
    pub client_app_id: u32,
    /// `AppId`, the API or first-party application called (code).
    pub app_id: u32,
    /// `ClientInfoString` (code).
    pub client_info: u32,
    /// Client family parsed from the client string.
    pub client_family: ClientFamily,
    /// Most used network of the session (code of `network`; ties to the lowest code).
    pub network: u32,
    /// Address of the first event (code of `address`).
    pub address: u32,
    /// Autonomous system of the first event that has one; 0 when unknown.
    pub asn: u32,
    /// Country of the first event that has one (code).
    pub country: u32,
    /// `SessionId` of the log (code; 0 when absent).
    pub session_key: u32,
    /// `LogonType`; 255 when absent.
    pub logon_type: u8,
    /// First and last event, milliseconds since 1970 UTC.
    pub start: i64,
    /// Last event, milliseconds since 1970 UTC.
    pub end: i64,
    /// Days since 1970-01-01 UTC.
    pub day: i32,
    /// Number of events.
    pub events: u32,
    /// Items read through Bind records (`OperationCount`).
    pub items: u64,
    /// Folders downloaded whole (Sync records).
    pub syncs: u32,
    /// Sends (Send, SendAs, SendOnBehalf).
    pub sends: u32,
    /// Deletions of any kind.
    pub deletes: u32,
    /// Rule, forwarding and permission changes.
    pub rules: u32,
    /// Mailbox searches.
    pub searches: u32,
    /// Sign-ins that belong to the session.
    pub sign_ins: u32,
    /// Events with a failed result.
    pub failures: u32,
    /// Bytes of the items read, where the log says.
    pub bytes: u64,
    /// Distinct folders touched.
    pub folders: u32,
    /// Most items (a synchronised folder counts as one) within five minutes.
    pub burst: u32,
    /// Whether the service throttled the logging of this mailbox (`IsThrottled`): evidence is missing.
    pub throttled: bool,
    /// Rows of the events, ascending in time.
    pub rows: Vec<u32>,
}

impl Session {
    /// The identifier as written to files: 16 hexadecimal digits.
    pub fn id_text(&self) -> String {
        format!("{:016x}", self.id)
    }

    /// Whether anything in the mailbox was touched; false for sign-ins alone.
    pub fn touches_mailbox(&self) -> bool {
        self.events > self.sign_ins
    }

    /// Minutes between the first and the last event.
    pub fn minutes(&self) -> f64 {
        (self.end - self.start) as f64 / 60_000.0
    }
}

/// The part of an event that must agree within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Context {
    mailbox: u32,
    actor: u32,
    client_app_id: u32,
    app_id: u32,
    client_info: u32,
    logon_type: u8,
    session_key: u32,
    day: i32,
}

impl Context {
    /// A number of 96 bits, equal for equal contexts. Of a hundred million contexts no two are likely to share one (the chance
    /// is 10^-13), and numbers sort several times faster than contexts, whose parts lie in eight columns.
    fn fingerprint(&self) -> Fingerprint {
        let half = |seed: u64| {
            let mut hasher = FxHasher::default();
            seed.hash(&mut hasher);
            self.hash(&mut hasher);
            // FxHash leaves the low bits weak; the finaliser of MurmurHash3 spreads them.
            let mut hash = hasher.finish();
            hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            hash ^ (hash >> 33)
        };
        (u128::from(half(1)) << 32) | u128::from(half(2) >> 32)
    }
}

/// The first 96 bits of a hash, right-aligned.
type Fingerprint = u128;

/// Cuts events into sessions, ordered by start, then id.
///
/// # Errors
/// Fails only when the event table is inconsistent (a column has another length than the rest).
pub fn sessionize(
    columns: &EventColumns<'_>,
    options: &SessionOptions,
) -> Result<Vec<Session>, Error> {
    let blocks = AddressBlocks::new(&columns.network);
    let operations: Vec<Operation> = columns
        .operation
        .names
        .iter()
        .map(|name| Operation::classify(name))
        .collect();
    let operation = |row: u32| operations[columns.operation.codes[row as usize] as usize];

    let (rows, guests): (Vec<u32>, Vec<u32>) =
        (0..columns.time.len() as u32).partition(|&row| !is_guest(columns, operation(row), row));
    // Rows come in time order, so the row number breaks ties in time order too.
    let mut packed: Vec<u128> = rows
        .into_par_iter()
        .map(|row| (context(columns, row).fingerprint() << 32) | u128::from(row))
        .collect();
    packed.par_sort_unstable();
    let mut runs: Vec<Vec<u32>> = packed
        .par_chunk_by(|a, b| a >> 32 == b >> 32)
        .flat_map_iter(|same| {
            let rows: Vec<u32> = same.iter().map(|&packed| packed as u32).collect();
            let mut runs = Vec::new();
            for run in rows.chunk_by(|&a, &b| follows(columns, options, a, b)) {
                for piece in split_long(columns, options, run) {
                    for run in split_blocks(columns, &blocks, piece) {
                        // Between visits from elsewhere, one place may have been silent.
                        let visits = run.chunk_by(|&a, &b| follows(columns, options, a, b));
                        runs.extend(visits.map(<[u32]>::to_vec));
                    }
                }
            }
            runs
        })
        .collect();
    drop(packed);
    // In the order of time, neighbours read neighbouring rows of the columns.
    runs.par_sort_unstable_by_key(|run| run[0]);
    seat_guests(columns, options, guests, &mut runs);

    let mut sessions: Vec<Session> = runs
        .into_par_iter()
        .map(|run| summarise(columns, &operations, run))
        .collect();
    sessions.par_sort_unstable_by_key(|session| (session.start, session.id));
    Ok(sessions)
}

/// Records that name no client, or only half of one, look for the session that caused them.
fn is_guest(columns: &EventColumns<'_>, operation: Operation, row: u32) -> bool {
    let row = row as usize;
    let info = columns.client_info.codes[row];
    if ClientFamily::from_u8(columns.client_family[row]) == ClientFamily::Owa {
        let browser = columns.client_info.names[info as usize].contains("Mozilla");
        return !browser || columns.session_id.codes[row] == 0;
    }
    operation.is_sign_in()
        || (operation.is_rule_change() && info == 0 && columns.client_app_id.codes[row] == 0)
}

fn context(columns: &EventColumns<'_>, row: u32) -> Context {
    let row = row as usize;
    Context {
        mailbox: columns.mailbox.codes[row],
        actor: columns.actor.codes[row],
        client_app_id: columns.client_app_id.codes[row],
        app_id: application_called(columns, row),
        client_info: columns.client_info.codes[row],
        logon_type: columns.logon_type[row],
        session_key: columns.session_id.codes[row],
        day: day_of(columns.time[row]),
    }
}

/// `AppId`, except that Outlook on the web may leave Exchange Online's own id out (a quarter of its reads do).
fn application_called(columns: &EventColumns<'_>, row: usize) -> u32 {
    let app_id = columns.app_id.codes[row];
    let own = columns.app_id.names[app_id as usize] == EXCHANGE_ONLINE;
    if own && ClientFamily::from_u8(columns.client_family[row]) == ClientFamily::Owa {
        0
    } else {
        app_id
    }
}

/// Days since 1970-01-01 UTC.
pub fn day_of(time_ms: i64) -> i32 {
    time_ms.div_euclid(DAY_MS) as i32
}

fn follows(columns: &EventColumns<'_>, options: &SessionOptions, a: u32, b: u32) -> bool {
    columns.time[b as usize] - columns.time[a as usize] <= options.silence_ms
}

fn continues(columns: &EventColumns<'_>, options: &SessionOptions, a: u32, b: u32) -> bool {
    context(columns, a) == context(columns, b) && follows(columns, options, a, b)
}

/// Cuts a run into pieces no longer than the maximal length.
fn split_long<'a>(
    columns: &EventColumns<'_>,
    options: &SessionOptions,
    run: &'a [u32],
) -> Vec<&'a [u32]> {
    let mut pieces = Vec::new();
    let mut rest = run;
    while let Some(&first) = rest.first() {
        let limit = columns.time[first as usize] + options.max_length_ms;
        let cut = rest.partition_point(|&row| columns.time[row as usize] <= limit);
        let (piece, tail) = rest.split_at(cut);
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Without a `SessionId`, different address blocks are different sessions, unless the client is an application, which acts
/// from wherever its service runs, or hops over many.
fn split_blocks(columns: &EventColumns<'_>, blocks: &AddressBlocks, run: &[u32]) -> Vec<Vec<u32>> {
    let whole = || vec![run.to_vec()];
    let Some(&first) = run.first() else {
        return Vec::new();
    };
    let family = ClientFamily::from_u8(columns.client_family[first as usize]);
    if columns.session_id.codes[first as usize] != 0 || family == ClientFamily::Rest {
        return whole();
    }
    let mut by_block: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for &row in run {
        by_block
            .entry(blocks.of(columns.network.codes[row as usize]))
            .or_default()
            .push(row);
        if by_block.len() > MAX_BLOCKS_OF_A_PERSON {
            return whole();
        }
    }
    by_block.into_values().collect()
}

/// Seats sign-ins and administrative records: with the session of the same actor, mailbox and day that shares
/// their `SessionId`, else their address within the silence; else in sessions of their own.
fn seat_guests(
    columns: &EventColumns<'_>,
    options: &SessionOptions,
    guests: Vec<u32>,
    runs: &mut Vec<Vec<u32>>,
) {
    if guests.is_empty() {
        return;
    }
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
    for row in guests {
        let candidates = hosts
            .get(&party(columns, row))
            .map(Vec::as_slice)
            .unwrap_or_default();
        let best = candidates
            .iter()
            .filter_map(|&index| {
                let run = &runs[index];
                host_rank(columns, options, row, run)
                    .map(|rank| (rank, context(columns, run[0]), index))
            })
            .min();
        match best {
            Some((.., index)) => additions.entry(index).or_default().push(row),
            None => homeless.push(row),
        }
    }
    for (index, mut rows) in additions {
        runs[index].append(&mut rows);
        runs[index].sort_unstable();
    }
    homeless.sort_unstable_by_key(|&row| {
        (
            context(columns, row),
            columns.network.codes[row as usize],
            row,
        )
    });
    for run in homeless.chunk_by(|&a, &b| {
        columns.network.codes[a as usize] == columns.network.codes[b as usize]
            && continues(columns, options, a, b)
    }) {
        runs.push(run.to_vec());
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

/// How well a run hosts a guest, smaller is better: same `SessionId` first, then the nearest in time with the same
/// address. `None` when neither holds.
fn host_rank(
    columns: &EventColumns<'_>,
    options: &SessionOptions,
    row: u32,
    run: &[u32],
) -> Option<(u8, i64)> {
    let (first, last) = (*run.first()? as usize, *run.last()? as usize);
    let row = row as usize;
    let time = columns.time[row];
    let distance = (columns.time[first] - time)
        .max(time - columns.time[last])
        .max(0);
    let session_key = columns.session_id.codes[row];
    let fits =
        columns.time[last].max(time) - columns.time[first].min(time) <= options.max_length_ms;
    if session_key != 0 && session_key == columns.session_id.codes[first] && fits {
        return Some((0, distance));
    }
    let address = columns.address.codes[row];
    let same_place = address != 0
        && (address == columns.address.codes[first] || address == columns.address.codes[last]);
    (same_place && distance <= options.silence_ms).then_some((1, distance))
}

fn summarise(columns: &EventColumns<'_>, operations: &[Operation], rows: Vec<u32>) -> Session {
    // The context comes from the first event that names a client; guests (sign-ins, rules) name none.
    let lead = rows
        .iter()
        .copied()
        .find(|&row| {
            !is_guest(
                columns,
                operations[columns.operation.codes[row as usize] as usize],
                row,
            )
        })
        .unwrap_or(rows[0]) as usize;
    let (first, last) = (rows[0] as usize, rows[rows.len() - 1] as usize);
    let mut session = Session {
        id: stable_hash(&columns.record_id.get(first)),
        mailbox: columns.mailbox.codes[lead],
        actor: columns.actor.codes[lead],
        client_app_id: columns.client_app_id.codes[lead],
        app_id: columns.app_id.codes[lead],
        client_info: columns.client_info.codes[lead],
        client_family: ClientFamily::from_u8(columns.client_family[lead]),
        network: 0,
        address: columns.address.codes[lead],
        asn: 0,
        country: 0,
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
    let mut networks: BTreeMap<u32, u32> = BTreeMap::new();
    let mut folders: FxHashSet<u32> = FxHashSet::default();
    let mut widest = 0;
    for &row in &rows {
        let row = row as usize;
        let operation = operations[columns.operation.codes[row] as usize];
        match AccessType::from_u8(columns.access[row]) {
            AccessType::Sync => session.syncs += 1,
            AccessType::Bind => session.items += u64::from(columns.items[row]),
            AccessType::None => {}
        }
        session.sends += u32::from(operation.is_send());
        session.deletes += u32::from(operation.is_delete());
        session.rules += u32::from(operation.is_rule_change());
        session.searches += u32::from(operation.is_search());
        session.sign_ins += u32::from(operation.is_sign_in());
        session.failures += u32::from(columns.succeeded[row] == 0);
        session.throttled |= columns.throttled[row] != 0;
        if operation.is_read() {
            session.bytes = session.bytes.saturating_add(columns.bytes[row]);
        }
        *networks.entry(columns.network.codes[row]).or_default() += 1;
        if columns.folder.codes[row] != 0 {
            folders.insert(columns.folder.codes[row]);
        }
        widest = widest.max(u32::from(columns.folders[row]));
        if session.asn == 0 {
            session.asn = columns.asn[row];
        }
        if session.country == 0 {
            session.country = columns.country.codes[row];
        }
    }
    session.folders = (folders.len() as u32).max(widest);
    session.burst = burst(columns, &rows);
    session.network = networks
        .into_iter()
        .max_by_key(|&(code, count)| (count, std::cmp::Reverse(code)))
        .map_or(0, |(code, _)| code);
    session.rows = rows;
    session
}

/// Most items within [`BURST_MS`]; a synchronised folder counts as one.
fn burst(columns: &EventColumns<'_>, rows: &[u32]) -> u32 {
    let weight = |row: u32| match AccessType::from_u8(columns.access[row as usize]) {
        AccessType::None => 0,
        AccessType::Sync => 1,
        AccessType::Bind => columns.items[row as usize],
    };
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

/// FNV-1a with a final mix (Fowler, Noll and Vo; finaliser of MurmurHash3): the same on every machine and version,
/// which the standard library's hashers do not promise.
pub(crate) fn stable_hash(text: &str) -> u64 {
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            let mut h = self.0;
            h ^= h >> 33;
            h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
            h ^= h >> 33;
            h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            h ^ (h >> 33)
        }
        fn write(&mut self, bytes: &[u8]) {
            for &byte in bytes {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// Maps networks to the provider's block around them: IPv4 /24 to /16, IPv6 /48 to /32; others stay themselves.
pub(crate) struct AddressBlocks {
    block_of: Vec<u32>,
    names: Vec<String>,
}

impl AddressBlocks {
    pub(crate) fn new(networks: &Coded<'_>) -> Self {
        let mut names: Vec<String> = networks.names.iter().map(|name| block_name(name)).collect();
        let texts = names.clone();
        names.sort_unstable();
        names.dedup();
        let block_of = texts
            .iter()
            .map(|text| names.binary_search(text).unwrap_or_default() as u32)
            .collect();
        Self { block_of, names }
    }

    pub(crate) fn of(&self, network: u32) -> u32 {
        self.block_of[network as usize]
    }

    pub(crate) fn name(&self, block: u32) -> &str {
        &self.names[block as usize]
    }
}

/// The block of a provider that a network belongs to: /16 of IPv4, /32 of IPv6; what is no network of addresses is its own block.
pub(crate) fn block_name(network: &str) -> String {
    if let Some(prefix) = network.strip_suffix("/24") {
        let mut parts = prefix.split('.');
        if let (Some(a), Some(b)) = (parts.next(), parts.next()) {
            return format!("{a}.{b}.0.0/16");
        }
    }
    if let Some(prefix) = network.strip_suffix("/48") {
        let mut parts = prefix.split(':');
        if let (Some(a), Some(b)) = (parts.next(), parts.next()) {
            return format!("{a}:{}::/32", if b.is_empty() { "0" } else { b });
        }
    }
    network.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Events};

    const MINUTE: i64 = 60_000;

    /// A read of one mailbox at a minute of a day, from a network.
    fn read(minute: i64, family: ClientFamily, network: &str) -> Event {
        Event {
            record_id: format!("{minute} {network}"),
            time: minute * MINUTE,
            operation: "MailItemsAccessed".to_owned(),
            access: AccessType::Bind,
            mailbox: "a@x".to_owned(),
            actor: "a@x".to_owned(),
            client_app_id: "app".to_owned(),
            client_info: "client".to_owned(),
            client_family: family,
            network: network.to_owned(),
            items: 1,
            bytes: 7,
            ..Event::default()
        }
    }

    /// First minute and number of events of each session.
    fn cut(events: Vec<Event>) -> Result<Vec<(i64, u32)>, Error> {
        let events = Events::from_events(events)?;
        let sessions = sessionize(&events.columns()?, &SessionOptions::default())?;
        Ok(sessions
            .iter()
            .map(|session| (session.start / MINUTE, session.events))
            .collect())
    }

    #[test]
    fn an_application_acts_from_anywhere_and_a_person_from_one_place() -> Result<(), Error> {
        let from_two = |family| {
            cut(vec![
                read(0, family, "203.0.113.0/24"),
                read(10, family, "198.51.100.0/24"),
                read(20, family, "203.0.113.0/24"),
            ])
        };
        assert_eq!(from_two(ClientFamily::Rest)?, [(0, 3)]);
        assert_eq!(from_two(ClientFamily::ActiveSync)?, [(0, 2), (10, 1)]);
        Ok(())
    }

    #[test]
    fn a_place_that_was_silent_begins_anew() -> Result<(), Error> {
        let phone = ClientFamily::ActiveSync;
        let sessions = cut(vec![
            read(0, phone, "203.0.113.0/24"),
            read(25, phone, "198.51.100.0/24"),
            read(45, phone, "203.0.113.0/24"),
        ])?;
        assert_eq!(sessions, [(0, 1), (25, 1), (45, 1)]);
        Ok(())
    }

    #[test]
    fn a_sign_in_joins_its_session_but_makes_it_no_longer_than_allowed() -> Result<(), Error> {
        let with_sign_in = |minute| {
            let mut visit = read(1320, ClientFamily::ActiveSync, "203.0.113.0/24");
            visit.session_id = "s".to_owned();
            let sign_in = Event {
                operation: "UserLoggedIn".to_owned(),
                access: AccessType::None,
                ..visit.clone()
            };
            cut(vec![
                visit,
                Event {
                    record_id: "sign-in".to_owned(),
                    time: minute * MINUTE,
                    ..sign_in
                },
            ])
        };
        assert_eq!(with_sign_in(1260)?, [(1260, 2)]);
        assert_eq!(with_sign_in(10)?, [(10, 1), (1320, 1)]);
        Ok(())
    }

    #[test]
    fn bytes_are_those_that_were_read() -> Result<(), Error> {
        let visit = read(0, ClientFamily::ActiveSync, "203.0.113.0/24");
        let created = Event {
            record_id: "created".to_owned(),
            operation: "Create".to_owned(),
            access: AccessType::None,
            ..visit.clone()
        };
        let events = Events::from_events([visit, created])?;
        let sessions = sessionize(&events.columns()?, &SessionOptions::default())?;
        assert_eq!(
            (sessions.len(), sessions[0].events, sessions[0].bytes),
            (1, 2, 7)
        );
        Ok(())
    }
}

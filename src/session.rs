//! Events to sessions.
//!
//! A **session** is what one actor did in one mailbox, through one client and one access channel, without a
//! silence longer than [`SessionOptions::silence_ms`]. The channel is the `SessionId` where the log has one, else the
//! provider's address block. Three rules keep sessions honest:
//!
//! * a session never crosses midnight UTC, so that a day can be judged when it is over and nothing logged later
//!   changes it (no look-ahead);
//! * a client that hops over many address blocks within one run is one session, not hundreds; one that shows two or three is
//!   as many, even with one `SessionId`, which may be stolen;
//! * records that do not say which session they belong to (inbox rules, permissions, sign-ins, and the reads of
//!   Outlook on the web that lack a browser or a `SessionId`, measured in a third of them) join the session of the same
//!   actor and mailbox with the same `SessionId` and place, or the same address, because that is the session that made them.
//!
//! Every event belongs to exactly one session.

mod address_blocks;
mod context;
mod guest;
mod log;
mod run;
mod summary;

use std::collections::BTreeMap;
use std::hash::Hasher;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(crate) use self::address_blocks::{AddressBlocks, block_name};
use self::context::{Context, context};
use self::guest::seat_guests;
use self::log::Log;
use self::summary::summarise;
use crate::error::Error;
use crate::event::{ClientFamily, EventColumns};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Exchange Online's application id.
pub(crate) const EXCHANGE_ONLINE: &str = "00000002-0000-0ff1-ce00-000000000000";

/// Days whose sessions are made side by side, and so exist twice for a moment.
const DAYS_AT_A_TIME: usize = 16;

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

impl SessionOptions {
    /// Checks that sessions can be cut so: a session of no length would never end.
    ///
    /// # Errors
    /// [`Error::Config`] when a length is below a millisecond, or the silence longer than a session may last.
    pub fn check(&self) -> Result<(), Error> {
        if self.silence_ms >= 1 && self.max_length_ms >= self.silence_ms {
            return Ok(());
        }
        Err(Error::Config {
            name: "session options".to_owned(),
            reason: format!(
                "a silence of {} ms in sessions of at most {} ms",
                self.silence_ms, self.max_length_ms
            ),
            remedy: "give a silence of at least 1 ms and sessions at least as long".to_owned(),
        })
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
    /// First address of that network (code of `address`).
    pub address: u32,
    /// Autonomous system of that network; 0 when unknown.
    pub asn: u32,
    /// Country of that network (code).
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
    /// Items read: those that Bind records and reads of the older schema count (`OperationCount`) or list.
    pub items: u64,
    /// Synchronisations of whole folders (Sync records); one folder can be synchronised several times.
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
}

/// Cuts events into sessions, ordered by start, then id.
///
/// # Errors
/// Fails only when the event table is inconsistent (a column has another length than the rest).
pub fn sessionize(
    columns: &EventColumns<'_>,
    options: &SessionOptions,
) -> Result<Vec<Session>, Error> {
    let log = Log::new(columns, options);
    let times = columns.time;
    // Rows come in time order and no session crosses midnight: a day's rows lie side by side, and stay in the processor's
    // cache while its sessions are made, which rows of ten million do not.
    let mut days = Vec::new();
    for day in times.chunk_by(|&a, &b| day_of(a) == day_of(b)) {
        let first = days.last().map_or(0, |day: &Range<u32>| day.end);
        days.push(first..first + day.len() as u32);
    }
    let mut sessions = Vec::new();
    for days in days.chunks(DAYS_AT_A_TIME) {
        let by_day: Vec<Vec<Session>> = days
            .par_iter()
            .map(|rows| sessions_of_day(&log, rows.clone()))
            .collect();
        sessions.extend(by_day.into_iter().flatten());
    }
    Ok(sessions)
}

/// The sessions of the rows of one day, ordered by start, then id.
fn sessions_of_day(log: &Log<'_>, rows: Range<u32>) -> Vec<Session> {
    let (rows, guests): (Vec<u32>, Vec<u32>) = rows.partition(|&row| !log.is_guest(row));
    // Rows come in time order, so the row number breaks ties in time order too.
    let mut packed: Vec<u128> = rows
        .into_par_iter()
        .map(|row| (u128::from(context(log.columns, row).fingerprint()) << 32) | u128::from(row))
        .collect();
    packed.par_sort_unstable();
    let mut runs: Vec<Vec<u32>> = packed
        .par_chunk_by(|a, b| a >> 32 == b >> 32)
        .flat_map_iter(|alike| {
            let rows: Vec<u32> = alike.iter().map(|&packed| packed as u32).collect();
            let cut = |rows: Vec<u32>| run::cut(log, &rows);
            of_one_context(log.columns, rows).into_iter().flat_map(cut)
        })
        .collect();
    // In the order of time, neighbours read neighbouring rows of the columns.
    runs.par_sort_unstable_by_key(|run| run[0]);
    seat_guests(log, guests, &mut runs);

    let mut sessions: Vec<Session> = runs
        .into_par_iter()
        .map(|run| summarise(log, run))
        .collect();
    sessions.par_sort_unstable_by_key(|session| (session.start, session.id));
    sessions
}

/// Rows whose contexts have one fingerprint, by context: two contexts can share one, by chance or by design.
fn of_one_context(columns: &EventColumns<'_>, rows: Vec<u32>) -> Vec<Vec<u32>> {
    let first = context(columns, rows[0]);
    if rows.iter().all(|&row| context(columns, row) == first) {
        return vec![rows];
    }
    let mut by_context: BTreeMap<Context, Vec<u32>> = BTreeMap::new();
    for row in rows {
        by_context
            .entry(context(columns, row))
            .or_default()
            .push(row);
    }
    by_context.into_values().collect()
}

/// Days since 1970-01-01 UTC.
pub fn day_of(time_ms: i64) -> i32 {
    time_ms.div_euclid(DAY_MS) as i32
}

/// A day since 1970 as it is written, YYYY-MM-DD.
pub(crate) fn date_of(day: i32) -> String {
    jiff::civil::Date::constant(1970, 1, 1)
        .checked_add(jiff::Span::new().days(day))
        .map_or_else(|_| day.to_string(), |date| date.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{AccessType, Event, Events};

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
    fn a_browser_that_hops_without_a_sign_in_session_is_one_session() -> Result<(), Error> {
        let hopping = |places: i64| {
            cut((0..places)
                .map(|n| {
                    let network = format!("203.{n}.113.0/24");
                    Event {
                        client_info: "Client=OWA;Mozilla/5.0".to_owned(),
                        ..read(n, ClientFamily::Owa, &network)
                    }
                })
                .collect())
        };
        assert_eq!(hopping(2)?, [(0, 1), (1, 1)]);
        assert_eq!(hopping(9)?, [(0, 9)]);
        Ok(())
    }

    #[test]
    fn contexts_of_one_fingerprint_stay_apart() -> Result<(), Error> {
        let of = |minute: i64, mailbox: &str| Event {
            mailbox: mailbox.to_owned(),
            ..read(minute, ClientFamily::Rest, "203.0.113.0/24")
        };
        let events = Events::from_events(vec![of(0, "a@x"), of(1, "b@x"), of(2, "a@x")])?;
        let columns = events.columns()?;
        let mut apart = of_one_context(&columns, vec![0, 1, 2]);
        apart.sort();
        assert_eq!(apart, [vec![0, 2], vec![1]]);
        assert_eq!(of_one_context(&columns, vec![0, 2]), [vec![0, 2]]);
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

    /// A read through a browser that names no `SessionId`.
    fn browse(minute: i64, browser: &str) -> Event {
        Event {
            client_info: format!("Client=OWA;Mozilla/5.0 {browser}"),
            address: "203.0.113.9".to_owned(),
            ..read(minute, ClientFamily::Owa, "203.0.113.0/24")
        }
    }

    #[test]
    fn a_browser_joins_no_other_client_behind_its_address() -> Result<(), Error> {
        let beside = |host: Event| cut(vec![host, browse(5, "Firefox/112.0")]);
        let in_session = |browser| Event {
            session_id: "s".to_owned(),
            ..browse(0, browser)
        };
        let desktop = Event {
            client_family: ClientFamily::OutlookDesktop,
            ..browse(0, "Firefox/112.0")
        };
        assert_eq!(beside(in_session("Firefox/112.0"))?, [(0, 2)]);
        assert_eq!(beside(in_session("Chrome/112.0"))?, [(0, 1), (5, 1)]);
        assert_eq!(beside(desktop)?, [(0, 1), (5, 1)]);
        Ok(())
    }

    #[test]
    fn one_sign_in_after_the_other_makes_no_session_too_long() -> Result<(), Error> {
        let at = |minute: i64, operation: &str| Event {
            record_id: format!("{minute} {operation}"),
            time: minute * MINUTE,
            operation: operation.to_owned(),
            session_id: "s".to_owned(),
            ..read(720, ClientFamily::ActiveSync, "203.0.113.0/24")
        };
        // Eleven hours before the read and eleven after it: each would do, both are too much.
        let sessions = cut(vec![
            at(60, "UserLoggedIn"),
            at(720, "MailItemsAccessed"),
            at(1380, "UserLoggedIn"),
        ])?;
        assert_eq!(sessions, [(60, 2), (1380, 1)]);
        Ok(())
    }

    /// A record of one sign-in session from a place: home, or somebody else's.
    fn signed_in(minute: i64, operation: &str, home: bool) -> Event {
        let (network, address, asn, country) = if home {
            ("203.0.113.0/24", "203.0.113.9", 64_500, "PL")
        } else {
            ("198.51.100.0/24", "198.51.100.7", 64_501, "RU")
        };
        Event {
            record_id: format!("{minute} {operation}"),
            operation: operation.to_owned(),
            session_id: "s".to_owned(),
            address: address.to_owned(),
            asn,
            country: country.to_owned(),
            client_info: "Client=OWA;Mozilla/5.0 Firefox/112.0".to_owned(),
            ..read(minute, ClientFamily::Owa, network)
        }
    }

    #[test]
    fn a_stolen_sign_in_is_a_session_beside_its_owner_s() -> Result<(), Error> {
        let events = vec![
            signed_in(0, "MailItemsAccessed", true),
            signed_in(2, "MailItemsAccessed", false),
            signed_in(4, "MailItemsAccessed", true),
            signed_in(6, "MailItemsAccessed", false),
            signed_in(8, "MailItemsAccessed", false),
        ];
        assert_eq!(cut(events)?, [(0, 2), (2, 3)]);
        let on_phone = |minute, home| Event {
            client_family: ClientFamily::OutlookMobile,
            ..signed_in(minute, "MailItemsAccessed", home)
        };
        let carried = vec![on_phone(0, true), on_phone(2, false), on_phone(4, true)];
        assert_eq!(cut(carried)?, [(0, 3)]);
        Ok(())
    }

    #[test]
    fn rules_and_sign_ins_join_the_session_of_their_place() -> Result<(), Error> {
        let no_client = |minute, operation: &str| Event {
            client_info: String::new(),
            client_app_id: String::new(),
            client_family: ClientFamily::Unknown,
            ..signed_in(minute, operation, false)
        };
        let mut events = vec![
            signed_in(0, "MailItemsAccessed", true),
            no_client(3, "New-InboxRule"),
            no_client(4, "UserLoggedIn"),
        ];
        // Not the owner's session, though it has the same sign-in.
        assert_eq!(cut(events.clone())?, [(0, 1), (3, 2)]);
        events.push(signed_in(6, "MailItemsAccessed", false));
        assert_eq!(cut(events)?, [(0, 1), (3, 3)]);
        Ok(())
    }

    #[test]
    fn all_that_is_said_of_a_place_is_said_of_one() -> Result<(), Error> {
        // One session, because applications act from anywhere; most of its records come from the second place.
        let of = |minute, home| Event {
            client_family: ClientFamily::Rest,
            ..signed_in(minute, "MailItemsAccessed", home)
        };
        let events = Events::from_events(vec![of(0, true), of(2, false), of(4, false)])?;
        let columns = events.columns()?;
        let sessions = sessionize(&columns, &SessionOptions::default())?;
        assert_eq!(sessions.len(), 1);
        let session = &sessions[0];
        assert_eq!(
            (
                columns.network.names[session.network as usize],
                columns.address.names[session.address as usize],
                session.asn,
                columns.country.names[session.country as usize],
            ),
            ("198.51.100.0/24", "198.51.100.7", 64_501, "RU")
        );
        Ok(())
    }

    #[test]
    fn reads_of_the_older_schema_have_a_volume() -> Result<(), Error> {
        let of = |minute, operation: &str, items| Event {
            access: AccessType::None,
            items,
            ..signed_in(minute, operation, true)
        };
        let events = Events::from_events(vec![
            of(0, "MessageBind", 1),
            of(1, "MessageBind", 1),
            of(2, "AttachmentAccess", 3),
            of(3, "FolderBind", 1),
            of(4, "Send", 1),
        ])?;
        let sessions = sessionize(&events.columns()?, &SessionOptions::default())?;
        assert_eq!((sessions[0].items, sessions[0].burst), (5, 5));
        Ok(())
    }

    #[test]
    fn options_that_would_never_end_are_refused() {
        let of = |silence_ms, max_length_ms| SessionOptions {
            silence_ms,
            max_length_ms,
        };
        assert!(SessionOptions::default().check().is_ok());
        for options in [of(0, 5), of(10, 5), of(10, -1)] {
            assert!(options.check().is_err_and(|error| error.is_config()));
        }
    }

    #[test]
    fn records_without_an_address_do_not_hide_the_network() -> Result<(), Error> {
        let service = ClientFamily::Rest;
        let events = Events::from_events(vec![
            read(0, service, "203.0.113.0/24"),
            read(1, service, ""),
            read(2, service, ""),
        ])?;
        let columns = events.columns()?;
        let sessions = sessionize(&columns, &SessionOptions::default())?;
        let networks: Vec<&str> = sessions
            .iter()
            .map(|session| columns.network.names[session.network as usize])
            .collect();
        assert_eq!(networks, ["203.0.113.0/24"]);
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
    fn every_record_of_signing_in_is_no_opening_of_the_mailbox() -> Result<(), Error> {
        let signing_out = Event {
            operation: "UserLoggedOut".to_owned(),
            record_type: 15,
            ..signed_in(0, "UserLoggedOut", true)
        };
        let events = Events::from_events([signing_out])?;
        let sessions = sessionize(&events.columns()?, &SessionOptions::default())?;
        assert_eq!((sessions.len(), sessions[0].sign_ins), (1, 1));
        assert!(!sessions[0].touches_mailbox());
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

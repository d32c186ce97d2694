//! What an analyst has looked at and found in order.
//!
//! An allow-list is a TOML file of entries, each with a reason and, if wanted, a last day:
//!
//! ```toml
//! [[allow]]
//! client = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"   # an application id; or session = "..."
//! # or network = "198.51.100.0/24": a block of IPv4 /24 or IPv6 /48, "microsoft", or an address, which stands for its block;
//! # both together allow that client from that network only, and mailbox = "…" beside either allows them in that mailbox only
//! reason = "archive migration, ticket 4711"
//! expires = 2026-12-31
//! ```
//!
//! Allowed sessions keep their score, are never flagged, and teach the baselines. What a list lets pass is counted by entry
//! ([`crate::pipeline::Allowed`]): a thief behind an allowed network would be silent otherwise.

use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::{Error, toml_reason};
use crate::event::{EventColumns, parse_guid};
use crate::ingest::{HashedFile, network_named};
use crate::seeded::SeededMap;
use crate::session::Session;

/// What may pass.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    entries: Vec<AllowEntry>,
    places: Places,
    file: Option<HashedFile>,
}

/// Where entries stand in the list, by what they name: a list of thousands is asked about every session.
#[derive(Debug, Clone, Default)]
struct Places {
    sessions: SeededMap<u64, Vec<usize>>,
    /// Those that name a client, whatever else.
    clients: SeededMap<String, Vec<usize>>,
    /// Those that name a network and no client.
    networks: SeededMap<String, Vec<usize>>,
}

impl Places {
    fn of(entries: &[AllowEntry]) -> Self {
        let mut places = Self::default();
        for (place, AllowEntry { subject, .. }) in entries.iter().enumerate() {
            let session = subject.session.as_deref();
            if let Some(id) = session.and_then(|id| u64::from_str_radix(id, 16).ok()) {
                places.sessions.entry(id).or_default().push(place);
            } else if let Some(client) = &subject.client {
                places
                    .clients
                    .entry(client.clone())
                    .or_default()
                    .push(place);
            } else if let Some(network) = &subject.network {
                places
                    .networks
                    .entry(network.clone())
                    .or_default()
                    .push(place);
            }
        }
        places
    }
}

/// One entry of an allow-list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllowEntry {
    /// What it allows.
    #[serde(flatten)]
    pub subject: Subject,
    /// Why, in the analyst's words.
    pub reason: String,
    /// The last day that it holds for, included, as written; `None` for ever.
    pub expires: Option<String>,
    /// The same in days since 1970 UTC.
    #[serde(skip)]
    last_day: Option<i32>,
}

impl AllowEntry {
    fn is_in_force(&self, day: i32) -> bool {
        self.last_day.is_none_or(|last| day <= last)
    }
}

/// What an entry allows, as sessions have it: all that is named has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// A `session_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// An application identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// A network block.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// A mailbox, lower-case; it narrows what else is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<String>,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [
            ("session", &self.session),
            ("client", &self.client),
            ("network", &self.network),
            ("mailbox", &self.mailbox),
        ];
        let words: Vec<String> = parts
            .into_iter()
            .filter_map(|(kind, name)| Some(format!("{kind} {}", name.as_ref()?)))
            .collect();
        f.write_str(&words.join(", "))
    }
}

/// The entries that name a session, by their place in the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Naming {
    /// Those that allow it.
    pub(crate) in_force: Vec<usize>,
    /// Those that had expired on its day.
    pub(crate) expired: Vec<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    #[serde(default)]
    allow: Vec<RawEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    session: Option<String>,
    client: Option<String>,
    network: Option<String>,
    mailbox: Option<String>,
    reason: String,
    /// A date in quotes or without, which TOML takes for one of its own.
    expires: Option<toml::Value>,
}

impl AllowList {
    /// Reads an allow-list.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotFound`] when the file cannot be read, [`Error::Config`] when an entry is not
    /// understood.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::io("read", path, source))?;
        let entries = Self::parse(&text).map_err(|reason| Error::Config {
            name: format!("allow-list {}", path.display()),
            reason,
            remedy: "each [[allow]] needs session, client (an application id) or network (such as \
                     \"198.51.100.0/24\" or \"2001:db8::/48\"), and a reason; client, network and mailbox together have all to hold; \
                     expires = 2026-12-31 is its last day"
                .to_owned(),
        })?;
        Ok(Self {
            places: Places::of(&entries),
            entries,
            file: Some(HashedFile::new(path, text.as_bytes())),
        })
    }

    /// The file that the list was read from.
    #[must_use]
    pub fn file(&self) -> Option<&HashedFile> {
        self.file.as_ref()
    }

    fn parse(text: &str) -> Result<Vec<AllowEntry>, String> {
        let raw: RawList = toml::from_str(text).map_err(|error| toml_reason(text, &error))?;
        let entries = raw.allow.into_iter().enumerate().map(|(index, entry)| {
            let place = |what: String| format!("entry {}: {what}", index + 1);
            if entry.reason.trim().is_empty() {
                return Err(place("the reason is empty".to_owned()));
            }
            let narrowed = [&entry.client, &entry.network, &entry.mailbox];
            let narrowed = narrowed.into_iter().any(Option::is_some);
            let named = [&entry.session, &entry.client, &entry.network];
            if !named.into_iter().any(Option::is_some) {
                return Err(place("session, client or network is needed".to_owned()));
            }
            if entry.session.is_some() && narrowed {
                return Err(place(
                    "a session is named alone, without client, network or mailbox".to_owned(),
                ));
            }
            let read = |text: Option<String>, read: fn(&str) -> Result<String, String>| {
                text.map(|text| read(&text)).transpose().map_err(place)
            };
            let subject = Subject {
                session: read(entry.session, session_id)?,
                client: read(entry.client, application)?,
                network: read(entry.network, network_named)?,
                mailbox: read(entry.mailbox, mailbox)?,
            };
            let no_date = || place("expires is not a date".to_owned());
            let expires = match entry.expires {
                None => None,
                Some(toml::Value::String(text)) => Some(text),
                Some(toml::Value::Datetime(date)) => Some(date.to_string()),
                Some(_) => return Err(no_date()),
            };
            let last_day = match &expires {
                None => None,
                Some(text) => Some(day_number(text).ok_or_else(no_date)?),
            };
            Ok(AllowEntry {
                subject,
                reason: entry.reason,
                expires,
                last_day,
            })
        });
        entries.collect()
    }

    /// The entries, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[AllowEntry] {
        &self.entries
    }

    /// Whether a session may pass on its day.
    pub fn allows(&self, session: &Session, columns: &EventColumns<'_>) -> bool {
        self.naming(session, columns)
            .into_iter()
            .any(|entry| self.entries[entry].is_in_force(session.day))
    }

    /// All entries that name a session.
    pub(crate) fn all_naming(&self, session: &Session, columns: &EventColumns<'_>) -> Naming {
        let (in_force, expired) = self
            .naming(session, columns)
            .into_iter()
            .partition(|&entry| self.entries[entry].is_in_force(session.day));
        Naming { in_force, expired }
    }

    /// The entries that name a session, in the order of the list.
    fn naming(&self, session: &Session, columns: &EventColumns<'_>) -> Vec<usize> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let client = columns.client_app_id.names[session.client_app_id as usize];
        let called = columns.app_id.names[session.app_id as usize];
        let application = if client.is_empty() { called } else { client };
        let mailbox = columns.mailbox.names[session.mailbox as usize];
        let network = columns.network.names[session.network as usize];
        // What else the session did from elsewhere is not allowed with it.
        let from_there_only = || {
            let rows = session.rows.iter();
            rows.map(|&row| columns.network.codes[row as usize])
                .all(|code| code == 0 || code == session.network)
        };
        let named = |&entry: &usize| {
            let subject = &self.entries[entry].subject;
            let is = |named: &Option<String>, name| named.as_deref().is_none_or(|of| of == name);
            is(&subject.mailbox, mailbox)
                && is(&subject.network, network)
                && (subject.network.is_none() || from_there_only())
        };
        let Places {
            sessions,
            clients,
            networks,
        } = &self.places;
        let mut entries: Vec<usize> = [clients.get(application), networks.get(network)]
            .into_iter()
            .flatten()
            .flatten()
            .copied()
            .filter(named)
            .chain(sessions.get(&session.id).into_iter().flatten().copied())
            .collect();
        entries.sort_unstable();
        entries
    }
}

/// The identifier of a session as sessions have it.
fn session_id(text: &str) -> Result<String, String> {
    if text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!(
            "\"{text}\" is no session_id of sessions.csv, which has 16 hexadecimal digits"
        ))
    }
}

/// A mailbox as events have it.
fn mailbox(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("the mailbox is empty".to_owned()),
        name => Ok(name.to_lowercase()),
    }
}

/// An application's identifier as events have it.
fn application(text: &str) -> Result<String, String> {
    let id = text.trim().to_ascii_lowercase();
    if parse_guid(id.as_bytes()).is_some() {
        Ok(id)
    } else {
        Err(format!(
            "\"{text}\" is no application id, which has 36 characters; client_app_id and app_id of sessions.csv give it whole"
        ))
    }
}

/// Days since 1970-01-01 of a date as `2026-12-31`.
fn day_number(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok()?;
    let days = date
        .since((jiff::Unit::Day, Date::constant(1970, 1, 1)))
        .ok()?
        .get_days();
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Events};
    use crate::session::{SessionOptions, sessionize};

    #[test]
    fn entries_need_one_subject_a_reason_and_a_real_date() {
        let parse = |entry: &str| AllowList::parse(&format!("[[allow]]\n{entry}"));
        let client = "client = \"5E3CE6C0-2b1f-4285-8d4b-75ee78787346\"\n";
        let of = |more: &str| parse(&format!("{client}{more}"));
        let until = |written: &str| {
            let entries = of(&format!("reason = \"migration\"\nexpires = {written}"));
            entries.map(|entries| (entries[0].expires.clone(), entries[0].last_day))
        };
        let last_day = Ok((Some("2026-12-31".to_owned()), day_number("2026-12-31")));
        assert_eq!(until("\"2026-12-31\""), last_day);
        assert_eq!(until("2026-12-31"), last_day);
        assert!(until("20261231").is_err_and(|e| e.contains("date")));
        assert!(of("").is_err_and(|e| e.contains("reason")));
        assert!(parse("reason = \"x\"").is_err_and(|e| e.contains("entry 1")));
        assert!(
            of("mailbox = \"Ann@x\"\nreason = \"x\"").is_ok_and(|entries| {
                entries[0].subject.to_string()
                    == "client 5e3ce6c0-2b1f-4285-8d4b-75ee78787346, mailbox ann@x"
            })
        );
        assert!(parse("mailbox = \"a@x\"\nreason = \"x\"").is_err_and(|e| e.contains("needed")));
        let session = "session = \"00ff00ff00ff00ff\"\nmailbox = \"a@x\"\nreason = \"x\"";
        assert!(parse(session).is_err_and(|e| e.contains("alone")));
        assert!(of("reason = \"x\"\nexpires = \"soon\"").is_err_and(|e| e.contains("date")));
        assert!(AllowList::parse("").is_ok_and(|entries| entries.is_empty()));
        assert!(parse("client = 7\nreason = \"x\"").is_err_and(|e| e.starts_with("line 2: ")));
    }

    #[test]
    fn entries_that_can_match_nothing_are_refused() {
        let parse = |entry: &str| AllowList::parse(&format!("[[allow]]\nreason = \"x\"\n{entry}"));
        let of = |entry: &str| parse(entry).map(|entries| entries[0].subject.clone());
        let block = Ok(Subject {
            network: Some("198.51.100.0/24".to_owned()),
            ..Subject::default()
        });
        assert_eq!(of("network = \"198.51.100.7\""), block);
        assert_eq!(of("network = \"198.51.100.0/24\""), block);
        assert!(of("network = \"10.0.0.0/8\"").is_err_and(|e| e.contains("entry 1: 10.0.0.0/8")));
        let id = Ok(Subject {
            session: Some("00ff00ff00ff00ff".to_owned()),
            ..Subject::default()
        });
        assert_eq!(of("session = \"00FF00FF00FF00FF\""), id);
        assert!(of("session = \"12\"").is_err_and(|e| e.contains("session_id")));
        // As pictures and tables shorten it.
        assert!(of("client = \"5e3ce6c0\"").is_err_and(|e| e.contains("application id")));
    }

    #[test]
    fn entries_are_found_by_whatever_they_name() -> Result<(), Error> {
        let client = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346";
        let visit = |number: i64, client: &str, called: &str, network: &str| Event {
            record_id: number.to_string(),
            time: number * 86_400_000,
            operation: "MailItemsAccessed".to_owned(),
            mailbox: format!("{number}@x"),
            client_app_id: client.to_owned(),
            app_id: called.to_owned(),
            network: network.to_owned(),
            ..Event::default()
        };
        let events = Events::from_events([
            visit(0, client, "", "198.51.100.0/24"),
            visit(1, "", client, "203.0.113.0/24"),
            visit(2, "other", client, "203.0.113.0/24"),
            visit(3, "other", "", ""),
        ])?;
        let columns = events.columns()?;
        let sessions = sessionize(&columns, &SessionOptions::default())?;
        let subjects = [
            "network = \"203.0.113.0/24\"".to_owned(),
            format!("client = \"{client}\""),
            format!("session = \"{}\"", sessions[1].id_text()),
            format!("client = \"{client}\"\nnetwork = \"203.0.113.0/24\""),
            format!("client = \"{client}\"\nmailbox = \"0@x\""),
            format!("session = \"{}\"", sessions[3].id_text()),
            format!("client = \"{client}\""),
        ];
        let list = subjects.map(|subject| format!("[[allow]]\nreason = \"x\"\n{subject}\n"));
        let entries = AllowList::parse(&list.concat()).expect("a list");
        let list = AllowList {
            places: Places::of(&entries),
            entries,
            file: None,
        };
        let named: Vec<Vec<usize>> = sessions
            .iter()
            .map(|session| list.naming(session, &columns))
            .collect();
        assert_eq!(
            named,
            [vec![1, 4, 6], vec![0, 1, 2, 3, 6], vec![0], vec![5]]
        );
        Ok(())
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day_number("1970-01-01"), Some(0));
        assert_eq!(day_number("2023-05-15"), Some(19_492));
    }
}

//! What an analyst has looked at and found in order.
//!
//! An allow-list is a TOML file of entries, each with a reason and, if wanted, a last day:
//!
//! ```toml
//! [[allow]]
//! client = "5e3ce6c0-2b1f-4285-8d4b-75ee78787346"   # an application id; or session = "..."
//! # or network = "198.51.100.0/24": a block of IPv4 /24 or IPv6 /48, "microsoft", or an address, which stands for its block
//! reason = "archive migration, ticket 4711"
//! expires = "2026-12-31"
//! ```
//!
//! Allowed sessions keep their score, are never flagged, and teach the baselines.

use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;

use crate::error::{Error, toml_reason};
use crate::event::EventColumns;
use crate::ingest::{HashedFile, network_named};
use crate::session::Session;

/// What may pass.
#[derive(Debug, Clone, Default)]
pub struct AllowList {
    entries: Vec<Entry>,
    file: Option<HashedFile>,
}

#[derive(Debug, Clone)]
struct Entry {
    subject: Subject,
    /// Days since 1970 UTC, included; `None` for ever.
    last_day: Option<i32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Session(String),
    Client(String),
    Network(String),
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
    reason: String,
    expires: Option<String>,
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
            remedy: "each [[allow]] needs one of session, client (an application id) or network (such as \
                     \"198.51.100.0/24\" or \"2001:db8::/48\"), a reason, and may have expires = \"2026-12-31\""
                .to_owned(),
        })?;
        Ok(Self {
            entries,
            file: Some(HashedFile::new(path, text.as_bytes())),
        })
    }

    /// The file that the list was read from.
    #[must_use]
    pub fn file(&self) -> Option<&HashedFile> {
        self.file.as_ref()
    }

    fn parse(text: &str) -> Result<Vec<Entry>, String> {
        let raw: RawList = toml::from_str(text).map_err(|error| toml_reason(text, &error))?;
        let entries = raw.allow.into_iter().enumerate().map(|(index, entry)| {
            let place = |what: String| format!("entry {}: {what}", index + 1);
            if entry.reason.trim().is_empty() {
                return Err(place("the reason is empty".to_owned()));
            }
            let subject = match (entry.session, entry.client, entry.network) {
                (Some(id), None, None) => Subject::Session(session_id(&id).map_err(place)?),
                (None, Some(id), None) => Subject::Client(id.to_ascii_lowercase()),
                (None, None, Some(block)) => {
                    Subject::Network(network_named(&block).map_err(place)?)
                }
                _ => {
                    return Err(place(
                        "one of session, client and network is needed, and no more".to_owned(),
                    ));
                }
            };
            let last_day = match entry.expires {
                None => None,
                Some(text) => Some(
                    day_number(&text).ok_or_else(|| place("expires is not a date".to_owned()))?,
                ),
            };
            Ok(Entry { subject, last_day })
        });
        entries.collect()
    }

    /// Whether a session may pass on its day.
    pub fn allows(&self, session: &Session, columns: &EventColumns<'_>) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let name =
            |coded: &crate::event::Coded<'_>, code: u32| coded.names[code as usize].to_owned();
        let client = name(&columns.client_app_id, session.client_app_id);
        let called = name(&columns.app_id, session.app_id);
        let network = name(&columns.network, session.network);
        self.entries
            .iter()
            .filter(|entry| entry.last_day.is_none_or(|last| session.day <= last))
            .any(|entry| match &entry.subject {
                Subject::Session(id) => *id == session.id_text(),
                Subject::Client(id) => *id == client || (client.is_empty() && *id == called),
                Subject::Network(block) => *block == network,
            })
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

    #[test]
    fn entries_need_one_subject_a_reason_and_a_real_date() {
        let parse = |entry: &str| AllowList::parse(&format!("[[allow]]\n{entry}"));
        assert!(parse("client = \"A\"\nreason = \"migration\"\nexpires = \"2026-12-31\"").is_ok());
        assert!(parse("client = \"a\"").is_err_and(|e| e.contains("reason")));
        assert!(parse("reason = \"x\"").is_err_and(|e| e.contains("entry 1")));
        assert!(parse("client = \"a\"\nnetwork = \"b\"\nreason = \"x\"").is_err());
        assert!(
            parse("client = \"a\"\nreason = \"x\"\nexpires = \"soon\"")
                .is_err_and(|e| e.contains("date"))
        );
        assert!(AllowList::parse("").is_ok_and(|entries| entries.is_empty()));
        assert!(parse("client = 7\nreason = \"x\"").is_err_and(|e| e.starts_with("line 2: ")));
    }

    #[test]
    fn entries_that_can_match_nothing_are_refused() {
        let parse = |entry: &str| AllowList::parse(&format!("[[allow]]\nreason = \"x\"\n{entry}"));
        let of = |entry: &str| parse(entry).map(|entries| entries[0].subject.clone());
        let block = Ok(Subject::Network("198.51.100.0/24".to_owned()));
        assert_eq!(of("network = \"198.51.100.7\""), block);
        assert_eq!(of("network = \"198.51.100.0/24\""), block);
        assert!(of("network = \"10.0.0.0/8\"").is_err_and(|e| e.contains("entry 1: 10.0.0.0/8")));
        let id = Ok(Subject::Session("00ff00ff00ff00ff".to_owned()));
        assert_eq!(of("session = \"00FF00FF00FF00FF\""), id);
        assert!(of("session = \"12\"").is_err_and(|e| e.contains("session_id")));
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day_number("1970-01-01"), Some(0));
        assert_eq!(day_number("2023-05-15"), Some(19_492));
    }
}

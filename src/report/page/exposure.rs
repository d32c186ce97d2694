//! Which messages were read, summed by mailbox.

use std::collections::{BTreeMap, BTreeSet};

use super::run::Exposed;

/// Entries of a mailbox that the page lists; the rest is in `exposure.csv`.
const LISTED: usize = 10;

/// What flagged sessions read of one mailbox.
#[derive(Debug, Default)]
pub(super) struct MailboxExposure {
    /// Distinct messages that the log names.
    pub messages: BTreeSet<String>,
    /// Reads whose message the log does not name.
    pub unnamed: u64,
    /// Folders that were downloaded whole.
    pub synced: BTreeSet<String>,
    /// Folders with any of these.
    pub folders: BTreeSet<String>,
    /// Size of the named messages, where the log says it.
    pub bytes: u64,
    /// The first entries.
    pub first: Vec<Exposed>,
    /// All entries.
    pub entries: u64,
}

/// What flagged sessions read, by mailbox.
#[derive(Debug, Default)]
pub(super) struct Exposure {
    pub by_mailbox: BTreeMap<String, MailboxExposure>,
}

impl Exposure {
    /// Adds a row of `exposure.csv`.
    pub(super) fn add(&mut self, exposed: Exposed) {
        let of = self.by_mailbox.entry(exposed.mailbox.clone()).or_default();
        of.entries += 1;
        if !exposed.folder.is_empty() {
            of.folders.insert(exposed.folder.clone());
        }
        if exposed.access == "Sync" {
            of.synced.insert(exposed.folder.clone());
        }
        if !exposed.internet_message_id.is_empty() {
            if of.messages.insert(exposed.internet_message_id.clone()) {
                of.bytes += exposed.bytes.unwrap_or(0);
            }
        } else if exposed.access != "Sync" {
            of.unnamed += 1;
        }
        if of.first.len() < LISTED {
            of.first.push(exposed);
        }
    }

    /// Named messages, unnamed reads and whole folders over all mailboxes.
    pub(super) fn totals(&self) -> (u64, u64, u64) {
        let mut totals = (0, 0, 0);
        for of in self.by_mailbox.values() {
            totals.0 += of.messages.len() as u64;
            totals.1 += of.unnamed;
            totals.2 += of.synced.len() as u64;
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_count_once_and_folders_whole() {
        let mut exposure = Exposure::default();
        for (access, folder, id) in [
            ("Bind", "\\Inbox", "<1@x>"),
            ("Bind", "\\Inbox", "<1@x>"),
            ("Bind", "\\Sent", "<2@x>"),
            ("Bind", "\\Sent", ""),
            ("Sync", "\\Inbox", ""),
            ("Sync", "\\Inbox", ""),
        ] {
            exposure.add(Exposed {
                mailbox: "a@x".to_owned(),
                time: 0,
                access: access.to_owned(),
                folder: folder.to_owned(),
                internet_message_id: id.to_owned(),
                bytes: Some(10),
            });
        }
        assert_eq!(exposure.totals(), (2, 1, 1));
        let of = &exposure.by_mailbox["a@x"];
        assert_eq!((of.bytes, of.folders.len(), of.entries), (20, 2, 6));
    }
}

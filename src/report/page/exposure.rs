//! Which messages were read, summed by mailbox.

use std::collections::{BTreeMap, BTreeSet};

use super::run::{Exposed, ExposedKind};
use crate::explain::folder_name;

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
    /// Downloads of folders that the log does not name.
    pub unnamed_syncs: u64,
    /// Folders with any of these.
    pub folders: BTreeSet<String>,
    /// Size of the named messages, where the log says it.
    pub bytes: u64,
    /// The first entries in time; rows come in the order of the ranking.
    pub first: Vec<Exposed>,
    /// All entries.
    pub entries: u64,
}

/// What flagged sessions read of all mailboxes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Distinct messages that the log names.
    pub messages: u64,
    /// Reads whose message the log does not name.
    pub unnamed: u64,
    /// Folders that were downloaded whole.
    pub synced: u64,
    /// Downloads of folders that the log does not name.
    pub unnamed_syncs: u64,
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
        let folder = folder_name(&exposed.folder);
        if !folder.is_empty() {
            of.folders.insert(folder.to_owned());
        }
        match exposed.kind() {
            ExposedKind::WholeFolder if folder.is_empty() => of.unnamed_syncs += 1,
            ExposedKind::WholeFolder => {
                of.synced.insert(folder.to_owned());
            }
            ExposedKind::Unnamed => of.unnamed = of.unnamed.saturating_add(exposed.reads),
            ExposedKind::Message | ExposedKind::OpenedFolder => {}
        }
        let id = &exposed.internet_message_id;
        if !id.is_empty() && of.messages.insert(id.clone()) {
            of.bytes = of.bytes.saturating_add(exposed.bytes.unwrap_or(0));
        }
        let later = of.first.partition_point(|known| known.time <= exposed.time);
        of.first.insert(later, exposed);
        of.first.truncate(LISTED);
    }

    /// The same over all mailboxes.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for of in self.by_mailbox.values() {
            totals.messages += of.messages.len() as u64;
            totals.unnamed = totals.unnamed.saturating_add(of.unnamed);
            totals.synced += of.synced.len() as u64;
            totals.unnamed_syncs += of.unnamed_syncs;
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
        for (access, folder, id, reads) in [
            ("Bind", "\\Inbox", "<1@x>", 1),
            ("Bind", "\\Inbox", "<1@x>", 1),
            ("Bind", "\\Sent", "<2@x>", 1),
            ("Bind", "\\Sent", "", 9),
            ("AttachmentAccess", "", "<2@x>", 1),
            ("FolderBind", "\\Drafts", "", 1),
            ("Sync", "\\Inbox", "", 1),
            ("Sync", "Inbox", "", 1),
            ("Sync", "", "", 1),
        ] {
            exposure.add(Exposed {
                mailbox: "a@x".to_owned(),
                time: 0,
                access: access.to_owned(),
                folder: folder.to_owned(),
                internet_message_id: id.to_owned(),
                bytes: Some(10),
                reads,
            });
        }
        assert_eq!(
            exposure.totals(),
            Totals {
                messages: 2,
                unnamed: 9,
                synced: 1,
                unnamed_syncs: 1
            }
        );
        let of = &exposure.by_mailbox["a@x"];
        assert_eq!(
            [3, 5, 6].map(|entry: usize| of.first[entry].what()),
            [
                "9 reads not named in the log",
                "the folder was opened",
                "the whole folder"
            ]
        );
        assert_eq!((of.bytes, of.folders.len(), of.entries), (20, 3, 9));
    }

    #[test]
    fn entries_are_listed_in_the_order_of_time() {
        let mut exposure = Exposure::default();
        for time in (0..20).map(|n| n * 7 % 20) {
            exposure.add(Exposed {
                mailbox: "a@x".to_owned(),
                time,
                access: "Bind".to_owned(),
                folder: String::new(),
                internet_message_id: format!("<{time}>"),
                bytes: None,
                reads: 1,
            });
        }
        let first = exposure.by_mailbox["a@x"].first.iter();
        let times: Vec<i64> = first.map(|exposed| exposed.time).collect();
        assert_eq!(times, (0..LISTED as i64).collect::<Vec<_>>());
    }
}

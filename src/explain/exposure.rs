//! Which messages a flagged session read: the question that every incident ends with.

use std::collections::BTreeSet;

use crate::event::{AccessType, AccessedItem, EventColumns, Events, Operation};
use crate::session::Session;

/// One message that was read, one folder that was downloaded whole, or reads of which the log says no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposedItem<'a> {
    /// Time of the record, milliseconds since 1970 UTC.
    pub time: i64,
    /// How it was read: `Bind` (the named message), `Sync` (everything in the folder), else the operation as logged
    /// (`AttachmentAccess`, `MessageBind`, `FolderBind`).
    pub access: &'a str,
    /// Folder path as logged; empty where the log does not say.
    pub folder: &'a str,
    /// `InternetMessageId`; empty for a whole folder, and where the log does not name it.
    pub internet_message_id: &'a str,
    /// Size where the log says.
    pub bytes: Option<u64>,
    /// Reads that the entry stands for: one, or as many as a record counts (`OperationCount`) beyond those that it lists.
    pub reads: u64,
}

/// What a session exposed, in the order of time. What a record counts and does not list is one entry without a message id, so
/// that nothing read goes unmentioned.
pub fn exposure<'a>(
    session: &Session,
    events: &'a Events,
    columns: &EventColumns<'a>,
) -> Vec<ExposedItem<'a>> {
    let mut exposed = Vec::new();
    for &row in &session.rows {
        let row = row as usize;
        if let Some(access) = access(columns, row) {
            push_record(&mut exposed, row, access, (events, columns));
        }
    }
    exposed
}

/// Folders that sessions downloaded whole. A folder of a mailbox counts once, however often it was synchronised; what the log does
/// not name counts every time.
pub fn whole_folders<'s>(
    sessions: impl IntoIterator<Item = &'s Session>,
    events: &Events,
    columns: &EventColumns<'_>,
) -> u64 {
    let mut named: BTreeSet<(u32, &str)> = BTreeSet::new();
    let mut unnamed = 0;
    for session in sessions.into_iter().filter(|session| session.syncs > 0) {
        let exposed = exposure(session, events, columns);
        let whole = AccessType::Sync.as_str();
        for item in exposed.into_iter().filter(|item| item.access == whole) {
            match folder_name(item.folder) {
                "" => unnamed += 1,
                folder => {
                    named.insert((session.mailbox, folder));
                }
            }
        }
    }
    named.len() as u64 + unnamed
}

/// A folder as it is told from others: some records give its path, others its name alone.
pub(crate) fn folder_name(folder: &str) -> &str {
    folder.trim_start_matches('\\')
}

/// How a record read the mailbox; `None` when it did not.
fn access<'a>(columns: &EventColumns<'a>, row: usize) -> Option<&'a str> {
    match AccessType::from_u8(columns.access[row]) {
        AccessType::None => {
            let operation = columns.operation.get(row);
            Operation::classify(operation)
                .is_read()
                .then_some(operation)
        }
        access => Some(access.as_str()),
    }
}

/// Adds what one record lists, and what it counts beyond that.
fn push_record<'a>(
    exposed: &mut Vec<ExposedItem<'a>>,
    row: usize,
    access: &'a str,
    (events, columns): (&'a Events, &EventColumns<'a>),
) {
    let entry = |item: AccessedItem<'a>, reads: u64| ExposedItem {
        time: columns.time[row],
        access,
        folder: folder(item.folder, columns, row),
        internet_message_id: item.internet_message_id,
        bytes: item.bytes,
        reads,
    };
    let before = exposed.len();
    exposed.extend(events.listed(row).map(|item| entry(item, 1)));
    let listed = (exposed.len() - before) as u64;
    // A Sync counts as one, however many folders it lists: all of them are there.
    let left = u64::from(columns.items[row]).saturating_sub(listed);
    if left > 0 || listed == 0 {
        // Of reads beyond the list nobody knows the folder, unless the record touched one only.
        let lone = columns.folders[row] <= 1;
        let unnamed = AccessedItem {
            folder: if lone { columns.folder.get(row) } else { "" },
            internet_message_id: "",
            bytes: None,
        };
        exposed.push(entry(unnamed, left.max(1)));
    }
}

/// The folder of an item. A record that has no path to give may have a name, which then is in the column of folders.
fn folder<'a>(path: &'a str, columns: &EventColumns<'a>, row: usize) -> &'a str {
    let unusable = path.is_empty() || path.eq_ignore_ascii_case("Not Available");
    if unusable && columns.folders[row] <= 1 {
        columns.folder.get(row)
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::event::Event;
    use crate::session::{SessionOptions, sessionize};

    /// Access, folder, message id and reads of what a lone record exposes.
    fn exposed(event: Event) -> Result<Vec<(String, String, String, u64)>, Error> {
        let events = Events::from_events([event])?;
        let columns = events.columns()?;
        let sessions = sessionize(&columns, &SessionOptions::default())?;
        Ok(exposure(&sessions[0], &events, &columns)
            .into_iter()
            .map(|item| {
                let texts = [item.access, item.folder, item.internet_message_id];
                let [access, folder, id] = texts.map(str::to_owned);
                (access, folder, id, item.reads)
            })
            .collect())
    }

    fn read(operation: &str, access: AccessType, items: u32) -> Event {
        Event {
            record_id: "a".to_owned(),
            operation: operation.to_owned(),
            access,
            items,
            folder: "\\Inbox".to_owned(),
            folders: 1,
            messages: vec![("\\Inbox".to_owned(), "<1@x>".to_owned(), Some(7))],
            ..Event::default()
        }
    }

    fn row(access: &str, folder: &str, id: &str, reads: u64) -> (String, String, String, u64) {
        (access.to_owned(), folder.to_owned(), id.to_owned(), reads)
    }

    #[test]
    fn reads_beyond_the_list_are_counted_in_one_entry() -> Result<(), Error> {
        let bind = read("MailItemsAccessed", AccessType::Bind, 10);
        assert_eq!(
            exposed(bind.clone())?,
            [
                row("Bind", "\\Inbox", "<1@x>", 1),
                row("Bind", "\\Inbox", "", 9)
            ]
        );
        let nothing_named = Event {
            messages: Vec::new(),
            ..bind.clone()
        };
        assert_eq!(exposed(nothing_named)?, [row("Bind", "\\Inbox", "", 10)]);
        let several_folders = Event { folders: 2, ..bind };
        assert_eq!(
            exposed(several_folders)?[1],
            row("Bind", "", "", 9),
            "whichever folder they were in"
        );
        Ok(())
    }

    #[test]
    fn a_folder_counts_once_however_often_it_was_downloaded() -> Result<(), Error> {
        let sync = |id: &str, mailbox: &str, folder: &str| Event {
            record_id: id.to_owned(),
            mailbox: mailbox.to_owned(),
            folder: folder.to_owned(),
            messages: Vec::new(),
            ..read("MailItemsAccessed", AccessType::Sync, 1)
        };
        let events = Events::from_events([
            sync("1", "a@x", "\\Inbox"),
            sync("2", "a@x", "Inbox"),
            sync("3", "b@x", "\\Inbox"),
            sync("4", "b@x", ""),
            sync("5", "b@x", ""),
            read("MailItemsAccessed", AccessType::Bind, 3),
        ])?;
        let columns = events.columns()?;
        let sessions = sessionize(&columns, &SessionOptions::default())?;
        assert_eq!(whole_folders(&sessions, &events, &columns), 4);
        Ok(())
    }

    #[test]
    fn every_operation_that_reads_exposes_and_no_other() -> Result<(), Error> {
        for operation in ["AttachmentAccess", "MessageBind", "FolderBind"] {
            assert_eq!(
                exposed(read(operation, AccessType::None, 1))?,
                [row(operation, "\\Inbox", "<1@x>", 1)]
            );
        }
        assert_eq!(exposed(read("HardDelete", AccessType::None, 1))?, []);
        Ok(())
    }

    #[test]
    fn a_folder_without_a_path_has_its_name() -> Result<(), Error> {
        let mut sync = read("MailItemsAccessed", AccessType::Sync, 1);
        sync.messages = vec![("Not Available".to_owned(), String::new(), None)];
        assert_eq!(exposed(sync)?, [row("Sync", "\\Inbox", "", 1)]);
        Ok(())
    }
}

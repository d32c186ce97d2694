//! Which messages a flagged session read: the question that every incident ends with.

use crate::event::{AccessType, EventColumns, Events};
use crate::session::Session;

/// One message that was read, or one folder that was downloaded whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExposedItem<'a> {
    /// Time of the record, milliseconds since 1970 UTC.
    pub time: i64,
    /// Bind (the named message) or Sync (everything in the folder).
    pub access: AccessType,
    /// Folder path as logged.
    pub folder: &'a str,
    /// `InternetMessageId`; empty for a Sync, and where the log does not name it.
    pub internet_message_id: &'a str,
    /// Size where the log says.
    pub bytes: Option<u64>,
}

/// What a session exposed, in the order of time. A Bind record whose messages the log does not name gives one entry
/// without a message id, so that nothing read goes unmentioned.
pub fn exposure<'a>(
    session: &Session,
    events: &'a Events,
    columns: &EventColumns<'a>,
) -> Vec<ExposedItem<'a>> {
    let mut exposed = Vec::new();
    for &row in &session.rows {
        let row = row as usize;
        let access = AccessType::from_u8(columns.access[row]);
        if access == AccessType::None {
            continue;
        }
        let before = exposed.len();
        exposed.extend(events.items(row).map(|item| ExposedItem {
            time: columns.time[row],
            access,
            folder: item.folder,
            internet_message_id: item.internet_message_id,
            bytes: item.bytes,
        }));
        if exposed.len() == before {
            exposed.push(ExposedItem {
                time: columns.time[row],
                access,
                folder: columns.folder.get(row),
                internet_message_id: "",
                bytes: None,
            });
        }
    }
    exposed
}

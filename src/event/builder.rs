//! Events from rows: for tests, simulations and anyone who has events that are not in an export.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{
    AccessType, ClientFamily, EventParts, Events, IrregularIds, ItemBlock, LogonType, NO_ITEMS,
    TextColumn, push_item, push_number, record_key,
};
use crate::error::Error;
use crate::seeded::SeededMap;

/// One event with owned fields; the columns of [`super::EventColumns`] say what each means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// Identifier of the record.
    pub record_id: String,
    /// Milliseconds since 1970-01-01 UTC.
    pub time: i64,
    /// Microsoft's operation name.
    pub operation: String,
    /// `RecordType`.
    pub record_type: u16,
    /// Bind, Sync or neither.
    pub access: AccessType,
    /// Whose mailbox, lower-case.
    pub mailbox: String,
    /// Who acted, lower-case.
    pub actor: String,
    /// `UserType`; 255 absent.
    pub user_type: u8,
    /// `LogonType`.
    pub logon_type: LogonType,
    /// `ClientAppId`, lower-case.
    pub client_app_id: String,
    /// `AppId`, lower-case.
    pub app_id: String,
    /// `ClientInfoString` or user agent.
    pub client_info: String,
    /// Kind of client.
    pub client_family: ClientFamily,
    /// Version of the client.
    pub client_version: String,
    /// Network address without port.
    pub address: String,
    /// Address block.
    pub network: String,
    /// Autonomous system number; 0 absent.
    pub asn: u32,
    /// ISO 3166 country code.
    pub country: String,
    /// Session of the sign-in behind the record.
    pub session_id: String,
    /// Items accessed.
    pub items: u32,
    /// Sum of sizes in bytes.
    pub bytes: u64,
    /// Folders touched.
    pub folders: u16,
    /// Folder of a Sync, or the first folder.
    pub folder: String,
    /// `IsThrottled`.
    pub throttled: bool,
    /// Whether the operation succeeded.
    pub succeeded: bool,
    /// `ExternalAccess`.
    pub external: bool,
    /// Parameters of a rule, forwarding or permission.
    pub parameters: String,
    /// Messages: folder path, `InternetMessageId`, size in bytes.
    pub messages: Vec<(String, String, Option<u64>)>,
}

impl Default for Event {
    fn default() -> Self {
        Self {
            record_id: String::new(),
            time: 0,
            operation: String::new(),
            record_type: 0,
            access: AccessType::None,
            mailbox: String::new(),
            actor: String::new(),
            user_type: u8::MAX,
            logon_type: LogonType::Absent,
            client_app_id: String::new(),
            app_id: String::new(),
            client_info: String::new(),
            client_family: ClientFamily::Unknown,
            client_version: String::new(),
            address: String::new(),
            network: String::new(),
            asn: 0,
            country: String::new(),
            session_id: String::new(),
            items: 0,
            bytes: 0,
            folders: 0,
            folder: String::new(),
            throttled: false,
            succeeded: true,
            external: false,
            parameters: String::new(),
            messages: Vec::new(),
        }
    }
}

impl Events {
    /// Builds a table from events in any order; of events with one record id the first in time is kept.
    ///
    /// # Errors
    /// [`Error::Table`] when there are more events than a table can hold.
    pub fn from_events(events: impl IntoIterator<Item = Event>) -> Result<Self, Error> {
        let mut irregular = IrregularIds::default();
        let mut rows: Vec<(u128, Event)> = events
            .into_iter()
            .map(|event| (record_key(&event.record_id, &mut irregular), event))
            .collect();
        rows.sort_by(|(left_key, left), (right_key, right)| {
            left_key.cmp(right_key).then_with(|| left.cmp(right))
        });
        rows.dedup_by_key(|row| row.0);
        rows.sort_by(|(_, left), (_, right)| {
            (left.time, &left.record_id).cmp(&(right.time, &right.record_id))
        });
        let mut parts = EventParts {
            irregular,
            ..EventParts::default()
        };
        for (key, event) in &rows {
            parts.keys.push(*key);
            parts.time.push(event.time);
            parts.record_type.push(event.record_type);
            parts.access.push(event.access as u8);
            parts.user_type.push(event.user_type);
            parts.logon_type.push(event.logon_type as u8);
            parts.client_family.push(event.client_family as u8);
            parts.asn.push(event.asn);
            parts.items.push(event.items);
            parts.bytes.push(event.bytes);
            parts.folders.push(event.folders);
            parts.throttled.push(u8::from(event.throttled));
            parts.succeeded.push(u8::from(event.succeeded));
            parts.external.push(u8::from(event.external));
        }
        let fields: [fn(&Event) -> &String; 13] = [
            |event| &event.operation,
            |event| &event.mailbox,
            |event| &event.actor,
            |event| &event.client_app_id,
            |event| &event.app_id,
            |event| &event.client_info,
            |event| &event.client_version,
            |event| &event.address,
            |event| &event.network,
            |event| &event.country,
            |event| &event.session_id,
            |event| &event.folder,
            |event| &event.parameters,
        ];
        parts.text = fields
            .map(|field| text_column(rows.iter().map(|(_, event)| field(event).as_str())))
            .into();
        pack_messages(&rows, &mut parts);
        Self::from_parts(parts)
    }
}

fn text_column<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> TextColumn {
    let names: BTreeSet<&str> = std::iter::once("").chain(texts.clone()).collect();
    let codes: SeededMap<&str, u32> = names.iter().copied().zip(0..).collect();
    TextColumn {
        codes: texts
            .map(|text| codes.get(text).copied().unwrap_or(0))
            .collect(),
        names: names.into_iter().map(Into::into).collect(),
    }
}

fn pack_messages(rows: &[(u128, Event)], parts: &mut EventParts) {
    let mut data = Vec::new();
    let mut folders: Vec<Box<str>> = Vec::new();
    let mut codes: SeededMap<&str, u64> = SeededMap::default();
    for (_, event) in rows {
        let start = u32::try_from(data.len())
            .ok()
            .filter(|_| !event.messages.is_empty());
        parts
            .items_of
            .spans
            .push(start.map_or(NO_ITEMS, |start| (0, start)));
        if start.is_none() {
            continue;
        }
        push_number(&mut data, event.messages.len() as u64);
        for (folder, message, bytes) in &event.messages {
            let code = *codes.entry(folder).or_insert_with(|| {
                folders.push(folder.as_str().into());
                folders.len() as u64 - 1
            });
            push_number(&mut data, code);
            push_number(&mut data, 1);
            push_item(&mut data, message.as_bytes(), *bytes);
        }
    }
    parts.items_of.blocks.push(ItemBlock {
        data,
        folders: Arc::new(folders),
    });
}

//! The fields of an audit record that become columns, borrowed from its text. Everything else is read over.

use super::envelope::Envelope;
use super::field::{Field, FolderField, ItemField};
use super::json::{Scanner, Text, Value};
use super::key_order::{KeyOrder, Position};
use super::reject::Fault;
use super::segment::EnvelopeFields;
use super::wrapper::wrapping_key;

/// A message or attachment of a record.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Item<'a> {
    pub(crate) internet_message_id: Text<'a>,
    pub(crate) bytes: Option<u64>,
}

/// Messages of one folder: a range of the record's items.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Folder<'a> {
    pub(crate) path: Text<'a>,
    pub(crate) items: usize,
}

/// One record in Microsoft's flat shape. Absent text is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) time: Text<'a>,
    pub(crate) operation: Text<'a>,
    pub(crate) workload: Text<'a>,
    pub(crate) record_type: Text<'a>,
    pub(crate) user_id: Text<'a>,
    pub(crate) user_key: Text<'a>,
    pub(crate) user_type: Text<'a>,
    pub(crate) logon_type: Text<'a>,
    pub(crate) mailbox_owner: Text<'a>,
    pub(crate) mailbox_guid: Text<'a>,
    pub(crate) object_id: Text<'a>,
    pub(crate) client_ip_address: Text<'a>,
    pub(crate) client_ip: Text<'a>,
    pub(crate) actor_ip: Text<'a>,
    pub(crate) client_info: Text<'a>,
    pub(crate) client_process: Text<'a>,
    pub(crate) client_version: Text<'a>,
    pub(crate) user_agent: Text<'a>,
    pub(crate) client_app_id: Text<'a>,
    pub(crate) app_id: Text<'a>,
    pub(crate) application_id: Text<'a>,
    pub(crate) context_client_app_id: Text<'a>,
    pub(crate) session_id: Text<'a>,
    pub(crate) context_session_id: Text<'a>,
    pub(crate) device_session_id: Text<'a>,
    pub(crate) access: Text<'a>,
    pub(crate) throttled: Option<bool>,
    pub(crate) external: Option<bool>,
    pub(crate) result_status: Text<'a>,
    pub(crate) logon_error: Text<'a>,
    pub(crate) operation_count: Option<u64>,
    pub(crate) folder_path: Text<'a>,
    pub(crate) folder_name: Text<'a>,
    /// Messages of all folders, one folder after another.
    pub(crate) items: Vec<Item<'a>>,
    pub(crate) folders: Vec<Folder<'a>>,
    pub(crate) parameters: Vec<(Text<'a>, Text<'a>)>,
    /// The record proper, when this object only wraps it: an object, an array of records, or either as a string.
    pub(crate) inner: Option<&'a [u8]>,
    /// The inner record stands in a string and has to be unescaped first.
    pub(crate) inner_is_text: bool,
    /// What the wrapping object says about the record.
    pub(crate) envelope: EnvelopeFields<'a>,
    /// The wrapping format, once a field has given it away.
    pub(crate) format: Option<Envelope>,
    orders: Orders<'a>,
}

/// Orders of the keys of records, their folders and their messages.
#[derive(Debug, Clone, Default)]
struct Orders<'a> {
    record: KeyOrder<'a, Field>,
    folder: KeyOrder<'a, FolderField>,
    item: KeyOrder<'a, ItemField>,
}

impl<'a> Record<'a> {
    /// A record to be read into many times: it learns the order of the keys.
    pub(crate) fn reused() -> Self {
        Self {
            orders: Orders {
                record: KeyOrder::learning(),
                folder: KeyOrder::learning(),
                item: KeyOrder::learning(),
            },
            ..Self::default()
        }
    }

    /// Empties the record, keeping the memory of its lists and the order of its keys.
    pub(crate) fn clear(&mut self) {
        let (mut items, mut folders, mut parameters) = (
            std::mem::take(&mut self.items),
            std::mem::take(&mut self.folders),
            std::mem::take(&mut self.parameters),
        );
        let orders = std::mem::take(&mut self.orders);
        items.clear();
        folders.clear();
        parameters.clear();
        *self = Self {
            items,
            folders,
            parameters,
            orders,
            ..Self::default()
        };
    }

    /// Reads the record that stands at the scanner.
    ///
    /// # Errors
    /// What is wrong with its JSON.
    pub(crate) fn read<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        scanner.open_object()?;
        let mut position = Position::default();
        while let Some((key, field)) = self.orders.record.next(scanner, &mut position, Field::of)? {
            match scanner.value()? {
                value @ (Value::Object | Value::Array) => self.container(key, value, scanner)?,
                value => self.scalar((key, field), value),
            }
        }
        Ok(())
    }

    /// Takes one field of the record.
    #[inline]
    fn scalar(&mut self, (key, field): (&[u8], Field), value: Value<'a>) {
        let text = match value {
            Value::Text(text) => text,
            Value::Number(raw) => Text { raw },
            Value::Bool(truth) => {
                match field {
                    Field::ExternalAccess => self.external = Some(truth),
                    Field::ResultStatus => self.result_status = scalar_text(value),
                    _ => {}
                }
                return;
            }
            _ => return,
        };
        match field {
            Field::Unused => {}
            Field::Wrapper => self.wrapper_text(key, text),
            Field::ActorIpAddress => self.actor_ip = text,
            Field::AppId => self.app_id = text,
            Field::ApplicationId => self.application_id = text,
            Field::AuditData => self.wrap_text(Envelope::AuditSearch, text),
            Field::ClientAppId => self.client_app_id = text,
            Field::ClientInfoString => self.client_info = text,
            Field::ClientIp => self.client_ip = text,
            Field::ClientIpAddress => self.client_ip_address = text,
            Field::ClientProcessName => self.client_process = text,
            Field::ClientVersion => self.client_version = text,
            Field::CreationDate | Field::Timestamp => self.envelope.time = text,
            Field::CreationTime => self.time = text,
            Field::ExternalAccess => self.external = value.truth(),
            Field::Id => self.id = text,
            Field::LogonError => self.logon_error = text,
            Field::LogonType => self.logon_type = text,
            Field::MailAccessType => self.access = text,
            Field::MailboxGuid => self.mailbox_guid = text,
            Field::MailboxOwner => self.mailbox_owner = text,
            Field::ObjectId => self.object_id = text,
            Field::OfficeWorkload | Field::TimeGenerated => {
                self.format = Some(Envelope::OfficeActivity)
            }
            Field::Operation => self.operation = text,
            Field::OperationCount => self.operation_count = value.number(),
            Field::RawEventData => self.wrap_text(Envelope::CloudAppEvents, text),
            Field::RecordType => self.record_type = text,
            Field::ResultStatus => self.result_status = text,
            Field::SessionId => self.session_id = text,
            Field::UserAgent => self.user_agent = text,
            Field::UserId => self.user_id = text,
            Field::UserKey => self.user_key = text,
            Field::UserType => self.user_type = text,
            Field::Workload => self.workload = text,
        }
    }

    fn container<const CSV: bool>(
        &mut self,
        key: &[u8],
        value: Value<'a>,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        if let Some(format) = wrapping_key(key) {
            // The value is read again from its bracket on, as a text of its own.
            self.inner = Some(scanner.raw_container(value)?);
            self.inner_is_text = false;
            self.format = Some(format);
            return Ok(());
        }
        match (key, value) {
            (b"Folders", Value::Array) => self.read_folders(scanner),
            (b"event", Value::Object) => self.read_event_fields(scanner),
            (b"o365", Value::Object) => self.read_collected(scanner),
            (
                b"OperationProperties"
                | b"ExtendedProperties"
                | b"DeviceProperties"
                | b"Parameters",
                _,
            ) => {
                let parameters = key == b"Parameters";
                read_pairs(scanner, value, |name, value| {
                    self.pair(name, value, parameters)
                })
            }
            (b"AppAccessContext", Value::Object) => {
                let mut first = true;
                while let Some(key) = scanner.key(&mut first)? {
                    let value = scanner.value()?;
                    scanner.skip(value)?;
                    match key {
                        b"AADSessionId" => self.context_session_id = value.text(),
                        b"ClientAppId" => self.context_client_app_id = value.text(),
                        _ => {}
                    }
                }
                Ok(())
            }
            (b"Item" | b"Folder", Value::Object) => {
                let is_item = key == b"Item";
                let item = self.read_item(scanner)?;
                if is_item {
                    self.push_item(item);
                }
                Ok(())
            }
            (b"AffectedItems" | b"Messages", Value::Array) => {
                let mut first = true;
                while scanner.element(&mut first)? {
                    match scanner.value()? {
                        Value::Object => {
                            let item = self.read_item(scanner)?;
                            self.push_item(item);
                        }
                        other => scanner.skip(other)?,
                    }
                }
                Ok(())
            }
            _ => scanner.skip(value),
        }
    }

    /// A name and value of one of the lists of pairs, which come in any order.
    fn pair(&mut self, name: Text<'a>, value: Text<'a>, parameters: bool) {
        if parameters {
            self.parameters.push((name, value));
            return;
        }
        match name.raw {
            b"MailAccessType" => self.access = value,
            b"IsThrottled" => self.throttled = super::json::truth(value.raw),
            b"UserAgent" => self.user_agent = value,
            b"SessionId" => self.device_session_id = value,
            _ => {}
        }
    }

    fn push_item(&mut self, item: Item<'a>) {
        self.items.push(item);
        match self.folders.last_mut() {
            Some(last) if last.path == self.folder_path => last.items += 1,
            _ => self.folders.push(Folder {
                path: self.folder_path,
                items: 1,
            }),
        }
    }

    fn read_folders<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let mut first = true;
        while scanner.element(&mut first)? {
            let Value::Object = scanner.value()? else {
                return Err(Fault::Malformed);
            };
            let mut folder = Folder::default();
            let mut position = Position::default();
            while let Some((_, field)) =
                self.orders
                    .folder
                    .next(scanner, &mut position, FolderField::of)?
            {
                let value = scanner.value()?;
                match (field, value) {
                    (FolderField::FolderItems, Value::Array) => {
                        folder.items += self.read_folder_items(scanner)?
                    }
                    (FolderField::Path, Value::Text(path)) => folder.path = path,
                    _ => scanner.skip(value)?,
                }
            }
            self.folders.push(folder);
        }
        Ok(())
    }

    fn read_folder_items<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<usize, Fault> {
        let mut count = 0;
        let mut first = true;
        while scanner.element(&mut first)? {
            let value = scanner.value()?;
            let mut item = Item::default();
            if value == Value::Object {
                let mut position = Position::default();
                while let Some((_, field)) =
                    self.orders
                        .item
                        .next(scanner, &mut position, ItemField::of)?
                {
                    let value = scanner.value()?;
                    scanner.skip(value)?;
                    match field {
                        ItemField::InternetMessageId => item.internet_message_id = value.text(),
                        ItemField::SizeInBytes => item.bytes = value.number(),
                        ItemField::Unused => {}
                    }
                }
            } else {
                scanner.skip(value)?;
            }
            self.items.push(item);
            count += 1;
        }
        Ok(count)
    }

    /// An item, or a folder: both carry a path, directly or as that of the parent folder. Sizes of the parts of a message
    /// (attachments) add up.
    fn read_item<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<Item<'a>, Fault> {
        let mut item = Item::default();
        let mut first = true;
        while let Some(key) = scanner.key(&mut first)? {
            let value = scanner.value()?;
            match (key, value) {
                (b"ParentFolder", Value::Object) => {
                    self.read_item(scanner)?;
                }
                (b"MessageItems", Value::Array) => {
                    let mut first_part = true;
                    while scanner.element(&mut first_part)? {
                        let Value::Object = scanner.value()? else {
                            return Err(Fault::Malformed);
                        };
                        let part = self.read_item(scanner)?;
                        item.bytes = item.bytes.map_or(part.bytes, |sum| {
                            Some(sum.saturating_add(part.bytes.unwrap_or(0)))
                        });
                    }
                }
                (b"InternetMessageId", _) => {
                    scanner.skip(value)?;
                    item.internet_message_id = value.text();
                }
                (b"SizeInBytes", _) => {
                    scanner.skip(value)?;
                    item.bytes = value.number();
                }
                (b"Path", Value::Text(path)) => self.folder_path = path,
                (b"Name", Value::Text(name)) => self.folder_name = name,
                _ => scanner.skip(value)?,
            }
        }
        Ok(item)
    }
}

/// Reads a list of `{"Name": ..., "Value": ...}`, or an object of names and values (as some collectors rewrite it).
fn read_pairs<'a, const CSV: bool>(
    scanner: &mut Scanner<'a, CSV>,
    list: Value<'a>,
    mut take: impl FnMut(Text<'a>, Text<'a>),
) -> Result<(), Fault> {
    let mut first = true;
    if list == Value::Object {
        while let Some(key) = scanner.key(&mut first)? {
            let value = scanner.value()?;
            scanner.skip(value)?;
            take(Text { raw: key }, scalar_text(value));
        }
        return Ok(());
    }
    while scanner.element(&mut first)? {
        let element = scanner.value()?;
        if element != Value::Object {
            scanner.skip(element)?;
            continue;
        }
        let (mut name, mut content) = (Text::default(), Text::default());
        let mut first_key = true;
        while let Some(key) = scanner.key(&mut first_key)? {
            let value = scanner.value()?;
            scanner.skip(value)?;
            match key {
                b"Name" => name = value.text(),
                b"Value" => content = scalar_text(value),
                _ => {}
            }
        }
        take(name, content);
    }
    Ok(())
}

/// A scalar as text, truth values in the way the log writes them.
fn scalar_text(value: Value<'_>) -> Text<'_> {
    match value {
        Value::Bool(true) => Text { raw: b"True" },
        Value::Bool(false) => Text { raw: b"False" },
        other => other.text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Record<'_>, Fault> {
        let mut record = Record::default();
        record.read(&mut Scanner::<false>::new(text.as_bytes(), 0))?;
        Ok(record)
    }

    #[test]
    fn a_bind_gives_its_messages_folder_by_folder() -> Result<(), Fault> {
        let record = read(
            r#"{"Operation":"MailItemsAccessed","OperationCount":3,"OperationProperties":[{"Value":"False","Name":"IsThrottled"},
            {"Name":"MailAccessType","Value":"Bind"}],"Folders":[{"FolderItems":[{"InternetMessageId":"<a>","SizeInBytes":5.0},{}],"Path":"\\Inbox"},
            {"Id":"x","Path":"\\Sent","FolderItems":[{"InternetMessageId":"<b>"}]}]}"#,
        )?;
        assert_eq!(
            (record.access.raw, record.throttled, record.operation_count),
            (b"Bind".as_slice(), Some(false), Some(3))
        );
        let folders: Vec<_> = record
            .folders
            .iter()
            .map(|folder| (folder.path.raw, folder.items))
            .collect();
        assert_eq!(folders, [(br"\\Inbox".as_slice(), 2), (br"\\Sent", 1)]);
        assert_eq!(
            record
                .items
                .iter()
                .map(|item| item.bytes)
                .collect::<Vec<_>>(),
            [Some(5), None, None]
        );
        Ok(())
    }

    #[test]
    fn sync_deletes_and_attachments_give_folder_and_sizes() -> Result<(), Fault> {
        let sync = read(
            r#"{"RecordType":"2","Item":{"Id":"a","ParentFolder":{"Name":"Inbox","Path":"Not Available"}}}"#,
        )?;
        assert_eq!(
            (
                sync.record_type.raw,
                sync.folder_path.raw,
                sync.folder_name.raw
            ),
            (
                b"2".as_slice(),
                b"Not Available".as_slice(),
                b"Inbox".as_slice()
            )
        );
        let deletes = read(
            r#"{"AffectedItems":[{"ParentFolder":{"Path":"A"}},{"SizeInBytes":7,"ParentFolder":{"Path":"A"}}],"Folder":{"Path":"A"}}"#,
        )?;
        assert_eq!(
            (
                deletes.items.len(),
                deletes.folders.len(),
                deletes.folder_path.raw
            ),
            (2, 1, b"A".as_slice())
        );
        let attachments =
            read(r#"{"Messages":[{"MessageItems":[{"SizeInBytes":1.5},{"SizeInBytes":2}]}]}"#)?;
        assert_eq!(
            attachments.items.first().and_then(|item| item.bytes),
            Some(3)
        );
        Ok(())
    }

    #[test]
    fn pairs_come_as_lists_and_as_objects() -> Result<(), Fault> {
        let record = read(
            r#"{"Parameters":{"DeleteMessage":true,"Name":"."},"DeviceProperties":[{"Name":"SessionId","Value":"s"}],"AppAccessContext":{"AADSessionId":"t"}}"#,
        )?;
        let parameters: Vec<_> = record
            .parameters
            .iter()
            .map(|(name, value)| (name.raw, value.raw))
            .collect();
        assert_eq!(
            parameters,
            [
                (b"DeleteMessage".as_slice(), b"True".as_slice()),
                (b"Name", b".")
            ]
        );
        assert_eq!(
            (record.device_session_id.raw, record.context_session_id.raw),
            (b"s".as_slice(), b"t".as_slice())
        );
        Ok(())
    }
}

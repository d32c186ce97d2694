//! The fields of an audit record that become columns, borrowed from its text. Everything else is read over.

mod items;
mod pairs;

use super::envelope::Envelope;
use super::field::{ContextField, Field, FolderField, ItemField, PairField};
use super::json::{Scanner, Text, Value};
use super::key_order::{Key, KeyOrder, Position};
use super::reject::Fault;
use super::segment::EnvelopeFields;
use super::wrapper::{may_wrap, wrapping_key};

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

/// One record in Microsoft's flat shape.
#[derive(Debug, Clone)]
pub(crate) struct Record<'a> {
    /// Values of the fields, by field.
    texts: [Text<'a>; Field::STORED],
    /// Messages of all folders, one folder after another.
    pub(crate) items: Vec<Item<'a>>,
    pub(crate) folders: Vec<Folder<'a>>,
    pub(crate) parameters: Vec<(Text<'a>, Text<'a>)>,
    /// The record proper, when this object only wraps it: an object, an array of records, or either as a string.
    pub(crate) inner: Option<&'a [u8]>,
    /// Other lists of records beside that one.
    pub(crate) other_lists: Vec<&'a [u8]>,
    /// The inner record stands in a string and has to be unescaped first.
    pub(crate) inner_is_text: bool,
    /// The name that the inner record stands under may be a field's as well.
    pub(super) inner_is_doubtful: bool,
    /// Lists and objects of the record are written as JSON in a string.
    pub(crate) nested_as_text: bool,
    /// It has an array of rows, as a table has.
    pub(crate) has_rows: bool,
    /// `Parameters` were there, and a writer has cut off what they say.
    pub(crate) parameters_lost: bool,
    /// What the wrapping object says about the record.
    pub(crate) envelope: EnvelopeFields<'a>,
    /// `ResultIndex` and `ResultCount` of the wrapping object.
    pub(crate) result: [Text<'a>; 2],
    /// The wrapping format, once a field has given it away.
    pub(crate) format: Option<Envelope>,
    orders: Orders<'a>,
}

/// Orders of the keys of records and of the objects in them.
#[derive(Debug, Clone, Default)]
struct Orders<'a> {
    record: KeyOrder<'a, Field>,
    folder: KeyOrder<'a, FolderField>,
    item: KeyOrder<'a, ItemField>,
    pair: KeyOrder<'a, PairField>,
    context: KeyOrder<'a, ContextField>,
}

impl Default for Record<'_> {
    /// A record to be read into once.
    fn default() -> Self {
        Self::new(Orders::default())
    }
}

impl<'a> Record<'a> {
    /// A record to be read into many times: it learns the order of the keys.
    pub(crate) fn reused() -> Self {
        Self::new(Orders {
            record: KeyOrder::learning(),
            folder: KeyOrder::learning(),
            item: KeyOrder::learning(),
            pair: KeyOrder::learning(),
            context: KeyOrder::learning(),
        })
    }

    fn new(orders: Orders<'a>) -> Self {
        Self {
            texts: [Text::default(); Field::STORED],
            items: Vec::new(),
            folders: Vec::new(),
            parameters: Vec::new(),
            inner: None,
            other_lists: Vec::new(),
            inner_is_text: false,
            inner_is_doubtful: false,
            nested_as_text: false,
            has_rows: false,
            parameters_lost: false,
            envelope: EnvelopeFields::default(),
            result: [Text::default(); 2],
            format: None,
            orders,
        }
    }

    /// Empties the record, keeping the memory of its lists and the order of its keys.
    pub(crate) fn clear(&mut self) {
        self.texts = [Text::default(); Field::STORED];
        self.items.clear();
        self.folders.clear();
        self.parameters.clear();
        self.inner = None;
        self.other_lists.clear();
        self.inner_is_text = false;
        self.inner_is_doubtful = false;
        self.nested_as_text = false;
        self.has_rows = false;
        self.parameters_lost = false;
        self.envelope = EnvelopeFields::default();
        self.result = [Text::default(); 2];
        self.format = None;
    }

    /// Whether it is in Microsoft's shape throughout, with nothing around it.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.format.is_none() && !self.nested_as_text
    }

    /// Whether it is a record itself, though some field of it is named as what other systems wrap records in.
    pub(crate) fn is_its_own(&self) -> bool {
        let has = |field| !self.text(field).says_nothing();
        self.inner_is_doubtful
            && has(Field::Id)
            && has(Field::Operation)
            && has(Field::CreationTime)
    }

    /// Whether it is no record but a table: names of columns, and rows.
    pub(crate) fn is_table(&self) -> bool {
        self.has_rows
            && self.text(Field::Id).is_empty()
            && self.text(Field::Operation).is_empty()
            && self.inner.is_none()
    }

    /// The value of a field; empty when it is absent.
    #[inline]
    pub(crate) fn text(&self, field: Field) -> Text<'a> {
        self.texts.get(field as usize).copied().unwrap_or_default()
    }

    /// Whether the value of any field that is used is longer than so many bytes.
    pub(crate) fn has_text_longer_than(&self, bytes: usize) -> bool {
        let used = self.texts.iter().take(Field::Unused as usize);
        used.into_iter().any(|text| text.raw.len() > bytes)
    }

    fn set(&mut self, field: Field, text: Text<'a>) {
        if let Some(place) = self.texts.get_mut(field as usize) {
            *place = text;
        }
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
        while let Some(key) = self.orders.record.next(scanner, &mut position, Field::of)? {
            match scanner.value_after(key.opened)? {
                value @ (Value::Object | Value::Array) => {
                    self.container(key.name, value, scanner)?
                }
                value => self.scalar(key, value),
            }
        }
        Ok(())
    }

    /// Takes one field of the record.
    #[inline]
    fn scalar(&mut self, key: Key<'a, Field>, value: Value<'a>) {
        let text = match value {
            Value::Text(text) => text,
            Value::Number(raw) => Text { raw },
            Value::Bool(_) if matches!(key.field, Field::ExternalAccess | Field::ResultStatus) => {
                scalar_text(value)
            }
            _ => return,
        };
        match self.texts.get_mut(key.field as usize) {
            Some(place) => *place = text,
            None => self.wrapper_field(key, text),
        }
    }

    /// Takes a field that says something of what is around the record.
    #[cold]
    fn wrapper_field(&mut self, key: Key<'a, Field>, text: Text<'a>) {
        match key.field {
            Field::AuditData => self.wrap_text(Envelope::AuditSearch, text),
            Field::RawEventData => self.wrap_text(Envelope::CloudAppEvents, text),
            Field::ResultIndex => self.result[0] = text,
            Field::ResultCount => self.result[1] = text,
            Field::CreationDate | Field::Timestamp => self.envelope.time = text,
            Field::Nested => {
                let content = text.raw.trim_ascii_start();
                self.nested_as_text |= matches!(content.first(), Some(b'[' | b'{'));
            }
            Field::OfficeWorkload | Field::TimeGenerated => {
                self.format = Some(Envelope::OfficeActivity)
            }
            _ => self.wrapper_text(key.name, text),
        }
    }

    fn container<const CSV: bool>(
        &mut self,
        key: &[u8],
        value: Value<'a>,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let is_list = value == Value::Array && self.format == Some(Envelope::ManagementApi);
        if is_list
            && self.inner.is_some()
            && (may_wrap(key) || wrapping_key(key) == Some(Envelope::ManagementApi))
        {
            self.other_lists.push(scanner.raw_container(value)?);
            return Ok(());
        }
        if let Some(format) = wrapping_key(key) {
            // The value is read again from its bracket on, as a text of its own.
            self.inner = Some(scanner.raw_container(value)?);
            self.inner_is_text = false;
            self.inner_is_doubtful = false;
            self.format = Some(format);
            return Ok(());
        }
        if self.inner.is_none() && may_wrap(key) {
            self.inner = Some(scanner.raw_container(value)?);
            self.inner_is_doubtful = true;
            self.format = self.format.or(Some(Envelope::ManagementApi));
            return Ok(());
        }
        match (key, value) {
            (b"Folders", Value::Array) => self.read_folders(scanner),
            // PowerShell writes a list of one as the one.
            (b"Folders", Value::Object) => self.read_folder(scanner),
            (b"rows", Value::Array) => {
                self.has_rows = true;
                scanner.skip(value)
            }
            (b"event", Value::Object) => self.read_event_fields(value, scanner),
            (b"o365", Value::Object) => self.read_collected(scanner),
            (b"o365audit", Value::Object) => self.read_shipped(value, scanner),
            (
                b"OperationProperties"
                | b"ExtendedProperties"
                | b"DeviceProperties"
                | b"Parameters",
                _,
            ) => {
                let parameters = key == b"Parameters";
                self.read_pairs(scanner, value, parameters)
            }
            (b"AppAccessContext", Value::Object) => self.read_context(scanner),
            (b"Item" | b"Folder", Value::Object) => {
                let is_item = key == b"Item";
                let item = self.read_item(scanner)?;
                if is_item {
                    self.push_item(item);
                }
                Ok(())
            }
            (b"AffectedItems" | b"Messages", Value::Object | Value::Array) => {
                self.read_items(scanner, value)
            }
            _ => scanner.skip(value),
        }
    }
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
            [
                Field::MailAccessType,
                Field::IsThrottled,
                Field::OperationCount
            ]
            .map(|field| record.text(field).raw),
            [b"Bind".as_slice(), b"False", b"3"]
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
                sync.text(Field::RecordType).raw,
                sync.text(Field::FolderPath).raw,
                sync.text(Field::FolderName).raw
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
                deletes.text(Field::FolderPath).raw
            ),
            (2, 1, b"A".as_slice())
        );
        let attachments =
            read(r#"{"Messages":[{"MessageItems":[{"SizeInBytes":1.5},{"SizeInBytes":2}]}]}"#)?;
        assert_eq!(
            attachments.items.first().and_then(|item| item.bytes),
            Some(3)
        );
        let messages = read(
            r#"{"Messages":[{"MessageItems":[{"InternetMessageId":"<a>","SizeInBytes":1},{"SizeInBytes":2},{"InternetMessageId":"<b>"}]}]}"#,
        )?;
        let named: Vec<_> = messages
            .items
            .iter()
            .map(|item| (item.internet_message_id.raw, item.bytes))
            .collect();
        assert_eq!(named, [(b"<a>".as_slice(), Some(3)), (b"<b>", None)]);
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
            (
                record.text(Field::DeviceSessionId).raw,
                record.text(Field::ContextSessionId).raw
            ),
            (b"s".as_slice(), b"t".as_slice())
        );
        Ok(())
    }
}

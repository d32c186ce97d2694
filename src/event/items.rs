//! The messages that records accessed, packed: about the length of the message identifiers and no more.
//!
//! A row's messages are one self-delimiting span of a block: number of folders, then for each its dictionary code, the number of
//! its messages and these (length, identifier, size plus one; zero means no size). Numbers are LEB128 variable-length
//! integers. A folder of which the record names no message is kept too: whoever downloads it whole reads all that is in it.

use std::sync::Arc;

/// One message a record accessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessedItem<'a> {
    /// Path of the folder the message was in; empty when the record does not say.
    pub folder: &'a str,
    /// The message's `InternetMessageId`; empty when the record does not say.
    pub internet_message_id: &'a str,
    /// Size of the message in bytes, where the record says it.
    pub bytes: Option<u64>,
}

/// Where a row's messages are: block and offset. `NO_ITEMS` for rows without.
pub(crate) type ItemSpan = (u32, u32);

/// The span of a row that names no message.
pub(crate) const NO_ITEMS: ItemSpan = (u32::MAX, 0);

/// Messages of a run of rows, with the folder names their codes point at.
#[derive(Debug, Clone, Default)]
pub(crate) struct ItemBlock {
    pub(crate) data: Vec<u8>,
    pub(crate) folders: Arc<Vec<Box<str>>>,
}

/// Blocks and the span of each row.
#[derive(Debug, Clone, Default)]
pub(crate) struct ItemStore {
    pub(crate) blocks: Vec<ItemBlock>,
    pub(crate) spans: Vec<ItemSpan>,
}

impl ItemStore {
    /// The messages of a row; none past the end.
    pub(crate) fn row(&self, row: usize) -> Items<'_> {
        let (block, start) = self.spans.get(row).copied().unwrap_or(NO_ITEMS);
        self.blocks
            .get(block as usize)
            .map_or_else(Items::default, |block| {
                items_in(&block.data, &block.folders, (0, start))
            })
    }
}

/// The messages of a span of packed data.
pub(crate) fn items_in<'a>(data: &'a [u8], folders: &'a [Box<str>], span: ItemSpan) -> Items<'a> {
    if span == NO_ITEMS {
        return Items::default();
    }
    let mut items = Items {
        data: data.get(span.1 as usize..).unwrap_or_default(),
        names: folders,
        ..Items::default()
    };
    items.folders_left = items.number();
    items
}

/// A message as it is packed, or a folder of which no message is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PackedItem<'a> {
    pub(crate) folder: &'a str,
    /// UTF-8, unless the packed data is damaged.
    pub(crate) internet_message_id: &'a [u8],
    pub(crate) bytes: Option<u64>,
    /// The record lists the folder and nothing in it. Only [`Items::with_folders`] gives such entries.
    pub(crate) whole_folder: bool,
}

impl<'a> PackedItem<'a> {
    pub(crate) fn unpack(self) -> AccessedItem<'a> {
        AccessedItem {
            folder: self.folder,
            internet_message_id: std::str::from_utf8(self.internet_message_id).unwrap_or_default(),
            bytes: self.bytes,
        }
    }
}

/// Iterator over the messages of one row, in the order of the record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Items<'a> {
    data: &'a [u8],
    names: &'a [Box<str>],
    folders_left: u64,
    items_left: u64,
    folder: &'a str,
    with_folders: bool,
}

impl Items<'_> {
    /// The messages, and between them the folders of which none is named.
    pub(crate) fn with_folders(self) -> Self {
        Self {
            with_folders: true,
            ..self
        }
    }

    fn number(&mut self) -> u64 {
        let mut value = 0u64;
        let mut shift = 0;
        while let Some((&byte, rest)) = self.data.split_first() {
            self.data = rest;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 || shift > 63 {
                break;
            }
        }
        value
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = PackedItem<'a>;

    fn next(&mut self) -> Option<PackedItem<'a>> {
        while self.items_left == 0 {
            if self.folders_left == 0 || self.data.is_empty() {
                return None;
            }
            self.folders_left -= 1;
            let code = self.number();
            self.folder = usize::try_from(code)
                .ok()
                .and_then(|code| self.names.get(code))
                .map_or("", |name| name);
            self.items_left = self.number();
            if self.items_left == 0 && self.with_folders {
                return Some(PackedItem {
                    folder: self.folder,
                    internet_message_id: b"",
                    bytes: None,
                    whole_folder: true,
                });
            }
        }
        self.items_left -= 1;
        let length = usize::try_from(self.number()).ok()?;
        let text = self.data.get(..length)?;
        self.data = self.data.get(length..)?;
        let size = self.number();
        Some(PackedItem {
            folder: self.folder,
            internet_message_id: text,
            bytes: size.checked_sub(1),
            whole_folder: false,
        })
    }
}

/// Appends a variable-length integer.
pub(crate) fn push_number(data: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        data.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    data.push(value as u8);
}

/// Appends one message.
///
/// Its identifier must be UTF-8; it reads back as empty when it is not.
pub(crate) fn push_item(data: &mut Vec<u8>, internet_message_id: &[u8], bytes: Option<u64>) {
    push_number(data, internet_message_id.len() as u64);
    data.extend_from_slice(internet_message_id);
    push_number(data, bytes.map_or(0, |bytes| bytes.saturating_add(1)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_back_and_damage_ends_the_list() {
        let mut data = vec![0xff; 3];
        push_number(&mut data, 2);
        push_number(&mut data, 1);
        push_number(&mut data, 2);
        push_item(&mut data, b"<a@x>", Some(300));
        push_item(&mut data, b"", None);
        push_number(&mut data, 7);
        push_number(&mut data, 1);
        push_item(&mut data, b"<b@x>", Some(0));
        let folders = Arc::new(vec!["".into(), "\\Inbox".into()]);
        let mut store = ItemStore {
            blocks: vec![ItemBlock { data, folders }],
            spans: vec![NO_ITEMS, (0, 3)],
        };
        assert_eq!(store.row(0).count(), 0);
        let items: Vec<_> = store.row(1).map(PackedItem::unpack).collect();
        assert_eq!(
            items,
            [
                AccessedItem {
                    folder: "\\Inbox",
                    internet_message_id: "<a@x>",
                    bytes: Some(300)
                },
                AccessedItem {
                    folder: "\\Inbox",
                    internet_message_id: "",
                    bytes: None
                },
                AccessedItem {
                    folder: "",
                    internet_message_id: "<b@x>",
                    bytes: Some(0)
                },
            ]
        );
        store.blocks[0].data.truncate(12);
        assert!(store.row(1).count() < 3);
        assert!(store.row(1).with_folders().count() < 3);
    }

    #[test]
    fn folders_without_messages_read_back_where_they_are_asked_for() {
        let mut data = Vec::new();
        push_number(&mut data, 3);
        for (folder, messages) in [(1, 0), (2, 1), (3, 0)] {
            push_number(&mut data, folder);
            push_number(&mut data, messages);
            if messages > 0 {
                push_item(&mut data, b"<a@x>", None);
            }
        }
        let names: Vec<Box<str>> = ["", "A", "B", "C"].map(Into::into).into();
        let items = || items_in(&data, &names, (0, 0));
        assert_eq!(items().map(|item| item.folder).collect::<Vec<_>>(), ["B"]);
        assert_eq!(
            items()
                .with_folders()
                .map(|item| (item.folder, item.whole_folder))
                .collect::<Vec<_>>(),
            [("A", true), ("B", false), ("C", true)]
        );
    }
}

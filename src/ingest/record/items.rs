//! The messages and folders that a record lists.

use super::{Folder, Item, Record};
use crate::ingest::field::{Field, FolderField, ItemField};
use crate::ingest::json::{Scanner, Text, Value};
use crate::ingest::key_order::Position;
use crate::ingest::reject::Fault;

impl<'a> Record<'a> {
    pub(super) fn push_item(&mut self, item: Item<'a>) {
        self.push_item_of(self.text(Field::FolderPath), item);
    }

    fn push_item_of(&mut self, path: Text<'a>, item: Item<'a>) {
        self.items.push(item);
        match self.folders.last_mut() {
            Some(last) if last.path == path => last.items += 1,
            _ => self.folders.push(Folder { path, items: 1 }),
        }
    }

    /// Reads the messages that a record lists outside folders: a list of them, or the only one of a list.
    pub(super) fn read_items<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
        list: Value<'a>,
    ) -> Result<(), Fault> {
        if list == Value::Object {
            let item = self.read_item(scanner)?;
            self.push_item(item);
            return Ok(());
        }
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

    pub(super) fn read_folders<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let mut first = true;
        while scanner.element(&mut first)? {
            match scanner.value()? {
                Value::Object => self.read_folder(scanner)?,
                // What a writer has cut off below some depth; the record itself is whole.
                other => scanner.skip(other)?,
            }
        }
        Ok(())
    }

    pub(super) fn read_folder<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<(), Fault> {
        let mut folder = Folder::default();
        let mut position = Position::default();
        while let Some(key) = self
            .orders
            .folder
            .next(scanner, &mut position, FolderField::of)?
        {
            let value = scanner.value_after(key.opened)?;
            match (key.field, value) {
                (FolderField::FolderItems, Value::Array) => {
                    folder.items += self.read_folder_items(scanner)?
                }
                (FolderField::FolderItems, Value::Object) => {
                    let item = self.read_folder_item(scanner)?;
                    self.items.push(item);
                    folder.items += 1;
                }
                (FolderField::Path, Value::Text(path)) => folder.path = path,
                _ => scanner.skip(value)?,
            }
        }
        self.folders.push(folder);
        Ok(())
    }

    fn read_folder_items<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<usize, Fault> {
        let mut count = 0;
        let mut first = true;
        while scanner.element(&mut first)? {
            let item = match scanner.value()? {
                Value::Object => self.read_folder_item(scanner)?,
                other => {
                    scanner.skip(other)?;
                    Item::default()
                }
            };
            self.items.push(item);
            count += 1;
        }
        Ok(count)
    }

    #[inline]
    fn read_folder_item<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
    ) -> Result<Item<'a>, Fault> {
        let mut item = Item::default();
        let mut position = Position::default();
        while let Some(key) = self
            .orders
            .item
            .next(scanner, &mut position, ItemField::of)?
        {
            let value = scanner.value_after(key.opened)?;
            scanner.skip(value)?;
            match key.field {
                ItemField::InternetMessageId => item.internet_message_id = value.text(),
                ItemField::SizeInBytes => item.bytes = value.number(),
                ItemField::Unused => {}
            }
        }
        Ok(item)
    }

    /// An item, or a folder: both carry a path, directly or as that of the parent folder. Sizes of the parts of a message
    /// (attachments) add up; a part of another message than the parts before ends their item and begins one of its own.
    pub(super) fn read_item<const CSV: bool>(
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
                        let value = scanner.value()?;
                        if value != Value::Object {
                            scanner.skip(value)?;
                            continue;
                        }
                        let path = self.text(Field::FolderPath);
                        let part = self.read_item(scanner)?;
                        let id = part.internet_message_id;
                        let known = item.internet_message_id;
                        if !known.is_empty() && !id.is_empty() && known != id {
                            self.push_item_of(path, std::mem::take(&mut item));
                        }
                        item.internet_message_id = item.internet_message_id.or(id);
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
                (b"Path", Value::Text(path)) => self.set(Field::FolderPath, path),
                (b"Name", Value::Text(name)) => self.set(Field::FolderName, name),
                // Who may do what in a folder: what the record of a changed permission says instead of parameters.
                (b"MemberUpn" | b"MemberRights", Value::Text(text)) => {
                    self.parameters.push((Text { raw: key }, text));
                }
                _ => scanner.skip(value)?,
            }
        }
        Ok(item)
    }
}

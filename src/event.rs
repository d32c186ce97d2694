//! The canonical event: one deduplicated record of what was done to a mailbox, whatever export it came from.
//!
//! Text columns are dictionary coded (see [`Coded`]); absent text is `""`, absent numbers have the value named at their
//! column. Times are milliseconds since 1970-01-01 UTC.

mod builder;
mod items;
mod parameters;
mod record_id;
mod vocabulary;

use std::sync::Arc;

use polars::datatypes::{Categorical32Type, CategoricalPhysical, Categories};
use polars::prelude::{
    CategoricalChunked, ChunkedArray, Column, DataFrame, DataType, Int64Chunked, IntoColumn,
    IntoSeries, PolarsNumericType, TimeUnit, UInt8Type, UInt16Type, UInt32Chunked, UInt32Type,
    UInt64Type,
};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::error::Error;

pub use builder::Event;
pub use items::AccessedItem;
pub(crate) use items::{
    ItemBlock, ItemSpan, ItemStore, NO_ITEMS, PackedItem, items_in, push_item, push_number,
};
pub(crate) use parameters::{SEPARATOR, pairs, sets_something};
pub use record_id::RecordIds;
pub(crate) use record_id::{IrregularIds, guid_text, parse_guid, record_key};
pub use vocabulary::{AccessType, ClientFamily, LogonType, Operation};

/// Deduplicated events, sorted by time and then by record id.
///
/// The table ([`Events::frame`]) holds every column but the record id and the accessed messages, which are kept packed
/// and read through [`EventColumns::record_id`] and [`Events::items`].
#[derive(Debug, Clone)]
pub struct Events {
    frame: DataFrame,
    keys: Vec<u128>,
    irregular: IrregularIds,
    items: ItemStore,
}

/// Dictionary-coded text of a column.
///
/// `names[0]` is always `""`, the absent value. Names are unique and sorted by their bytes, so codes of one table
/// compare as their names do, and equal tables have equal codes.
#[derive(Debug, Clone)]
pub struct Coded<'a> {
    /// One code per row, an index into `names`.
    pub codes: &'a [u32],
    /// The names behind the codes.
    pub names: Vec<&'a str>,
}

impl<'a> Coded<'a> {
    /// The text of a row; `""` when absent or past the end.
    #[must_use]
    pub fn get(&self, row: usize) -> &'a str {
        self.codes
            .get(row)
            .and_then(|&code| self.names.get(code as usize))
            .copied()
            .unwrap_or("")
    }

    /// The code of a name, if any row could have it.
    #[must_use]
    pub fn code(&self, name: &str) -> Option<u32> {
        self.names
            .binary_search(&name)
            .ok()
            .and_then(|code| u32::try_from(code).ok())
    }
}

/// Borrowed columns of [`Events`]; all slices have one value per event.
#[derive(Debug, Clone)]
pub struct EventColumns<'a> {
    /// Identifier of the record in the export (`Id`).
    pub record_id: RecordIds<'a>,
    /// `CreationTime`, milliseconds since 1970-01-01 UTC.
    pub time: &'a [i64],
    /// Microsoft's operation name.
    pub operation: Coded<'a>,
    /// `RecordType`: 1 administration, 2 item, 3 item group, 15 sign-in, 50 aggregated items, 101 search.
    pub record_type: &'a [u16],
    /// [`AccessType`] as a number: 0 none, 1 Bind, 2 Sync.
    pub access: &'a [u8],
    /// Whose mailbox, lower-case: address, or what identifies it best.
    pub mailbox: Coded<'a>,
    /// Who acted, lower-case.
    pub actor: Coded<'a>,
    /// `UserType`: 0 regular, 2 administrator, 3 datacenter, 4 system, 5 application, 6 service principal; 255 absent.
    pub user_type: &'a [u8],
    /// [`LogonType`] as a number; 255 absent.
    pub logon_type: &'a [u8],
    /// `ClientAppId`, lower-case: the application that acted.
    pub client_app_id: Coded<'a>,
    /// `AppId`, lower-case: the application or interface that was used.
    pub app_id: Coded<'a>,
    /// `ClientInfoString`, or the user agent of a sign-in.
    pub client_info: Coded<'a>,
    /// [`ClientFamily`] as a number.
    pub client_family: &'a [u8],
    /// Version of the client, of the browser for web clients.
    pub client_version: Coded<'a>,
    /// Network address, normalised, without port.
    pub address: Coded<'a>,
    /// Address block: IPv4 /24, IPv6 /48, `microsoft` for Microsoft's own service addresses; `""` when there is none.
    pub network: Coded<'a>,
    /// Autonomous system number; 0 absent.
    pub asn: &'a [u32],
    /// ISO 3166 country code.
    pub country: Coded<'a>,
    /// `SessionId`, `AADSessionId` or a sign-in's session.
    pub session_id: Coded<'a>,
    /// Items accessed: `OperationCount` or the number of items; 1 for a Sync.
    pub items: &'a [u32],
    /// Sum of the sizes of the items, in bytes, where the record says them.
    pub bytes: &'a [u64],
    /// Number of folders touched.
    pub folders: &'a [u16],
    /// Folder of a Sync, or the first folder touched.
    pub folder: Coded<'a>,
    /// 1 when the record says `IsThrottled`.
    pub throttled: &'a [u8],
    /// 1 when the operation succeeded (or the record does not say).
    pub succeeded: &'a [u8],
    /// 1 when the actor is outside the organisation (`ExternalAccess`).
    pub external: &'a [u8],
    /// Parameters of rules, forwarding and permissions: `Name=Value; Name=Value`, sorted by name.
    pub parameters: Coded<'a>,
}

impl EventColumns<'_> {
    /// What each operation of the table does, by the code of its name.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let names = self.operation.names.iter();
        names.map(|name| Operation::classify(name)).collect()
    }

    /// What a record read, in items: those that it lists or counts, one for a synchronised folder, none where it did something
    /// else. `operation` is the record's.
    #[must_use]
    pub fn amount_read(&self, row: usize, operation: Operation) -> u32 {
        match AccessType::from_u8(self.access[row]) {
            AccessType::Sync => 1,
            AccessType::Bind => self.items[row],
            AccessType::None if operation.is_read_of_items() => self.items[row],
            AccessType::None => 0,
        }
    }
}

/// The text columns, in the order of the table.
pub(crate) const TEXT_COLUMNS: [&str; 13] = [
    "operation",
    "mailbox",
    "actor",
    "client_app_id",
    "app_id",
    "client_info",
    "client_version",
    "address",
    "network",
    "country",
    "session_id",
    "folder",
    "parameters",
];

/// A dictionary and one code per row; names sorted, the first `""`.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextColumn {
    pub(crate) codes: Vec<u32>,
    pub(crate) names: Vec<Box<str>>,
}

/// Everything [`Events`] is built from, each vector with one value per event, sorted and deduplicated already.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventParts {
    pub(crate) keys: Vec<u128>,
    pub(crate) irregular: IrregularIds,
    pub(crate) items_of: ItemStore,
    pub(crate) time: Vec<i64>,
    pub(crate) record_type: Vec<u16>,
    pub(crate) access: Vec<u8>,
    pub(crate) user_type: Vec<u8>,
    pub(crate) logon_type: Vec<u8>,
    pub(crate) client_family: Vec<u8>,
    pub(crate) asn: Vec<u32>,
    pub(crate) items: Vec<u32>,
    pub(crate) bytes: Vec<u64>,
    pub(crate) folders: Vec<u16>,
    pub(crate) throttled: Vec<u8>,
    pub(crate) succeeded: Vec<u8>,
    pub(crate) external: Vec<u8>,
    /// In the order of [`TEXT_COLUMNS`].
    pub(crate) text: Vec<TextColumn>,
}

impl Events {
    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True when there are no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The table: one row per event, one chunk, columns named as the fields of [`EventColumns`] without `record_id`.
    #[must_use]
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// The messages a row's record accessed, with their folders; empty for records that name none.
    pub fn items(&self, row: usize) -> impl Iterator<Item = AccessedItem<'_>> {
        self.packed_items(row).map(PackedItem::unpack)
    }

    /// What a row's record lists as accessed: its messages as [`Events::items`] gives them, and the folders of which it names
    /// none, as messages without an identifier. Empty for records that list at most one folder and no message: theirs is in
    /// [`EventColumns::folder`].
    pub fn listed(&self, row: usize) -> impl Iterator<Item = AccessedItem<'_>> {
        self.packed_listed(row).map(PackedItem::unpack)
    }

    /// [`Events::listed`], identifiers as bytes.
    pub(crate) fn packed_listed(&self, row: usize) -> impl Iterator<Item = PackedItem<'_>> {
        self.items.row(row).with_folders()
    }

    /// [`Events::items`], their identifiers as bytes.
    pub(crate) fn packed_items(&self, row: usize) -> impl Iterator<Item = PackedItem<'_>> {
        self.items.row(row)
    }

    /// Borrows all columns.
    ///
    /// # Errors
    /// [`Error::Table`] when the table lacks a column, which only a defect can cause.
    pub fn columns(&self) -> Result<EventColumns<'_>, Error> {
        let frame = &self.frame;
        Ok(EventColumns {
            record_id: RecordIds {
                keys: &self.keys,
                irregular: &self.irregular,
            },
            time: frame.column("time")?.datetime()?.physical().cont_slice()?,
            operation: coded(frame, "operation")?,
            record_type: frame.column("record_type")?.u16()?.cont_slice()?,
            access: frame.column("access")?.u8()?.cont_slice()?,
            mailbox: coded(frame, "mailbox")?,
            actor: coded(frame, "actor")?,
            user_type: frame.column("user_type")?.u8()?.cont_slice()?,
            logon_type: frame.column("logon_type")?.u8()?.cont_slice()?,
            client_app_id: coded(frame, "client_app_id")?,
            app_id: coded(frame, "app_id")?,
            client_info: coded(frame, "client_info")?,
            client_family: frame.column("client_family")?.u8()?.cont_slice()?,
            client_version: coded(frame, "client_version")?,
            address: coded(frame, "address")?,
            network: coded(frame, "network")?,
            asn: frame.column("asn")?.u32()?.cont_slice()?,
            country: coded(frame, "country")?,
            session_id: coded(frame, "session_id")?,
            items: frame.column("items")?.u32()?.cont_slice()?,
            bytes: frame.column("bytes")?.u64()?.cont_slice()?,
            folders: frame.column("folders")?.u16()?.cont_slice()?,
            folder: coded(frame, "folder")?,
            throttled: frame.column("throttled")?.u8()?.cont_slice()?,
            succeeded: frame.column("succeeded")?.u8()?.cont_slice()?,
            external: frame.column("external")?.u8()?.cont_slice()?,
            parameters: coded(frame, "parameters")?,
        })
    }

    /// Builds the table from its parts.
    pub(crate) fn from_parts(parts: EventParts) -> Result<Self, Error> {
        let height = parts.keys.len();
        let time = Int64Chunked::from_vec("time".into(), parts.time)
            .into_datetime(TimeUnit::Milliseconds, None);
        let mut columns = vec![
            time.into_series().into_column(),
            number::<UInt16Type>("record_type", parts.record_type),
            number::<UInt8Type>("access", parts.access),
            number::<UInt8Type>("user_type", parts.user_type),
            number::<UInt8Type>("logon_type", parts.logon_type),
            number::<UInt8Type>("client_family", parts.client_family),
            number::<UInt32Type>("asn", parts.asn),
            number::<UInt32Type>("items", parts.items),
            number::<UInt64Type>("bytes", parts.bytes),
            number::<UInt16Type>("folders", parts.folders),
            number::<UInt8Type>("throttled", parts.throttled),
            number::<UInt8Type>("succeeded", parts.succeeded),
            number::<UInt8Type>("external", parts.external),
        ];
        let texts: Vec<(&str, TextColumn)> = TEXT_COLUMNS.into_iter().zip(parts.text).collect();
        let texts: Result<Vec<Column>, Error> = texts
            .into_par_iter()
            .map(|(name, column)| categorical(name, column))
            .collect();
        columns.extend(texts?);
        let frame =
            DataFrame::new(height, columns).map_err(|source| Error::table("events", source))?;
        Ok(Self {
            frame,
            keys: parts.keys,
            irregular: parts.irregular,
            items: parts.items_of,
        })
    }
}

fn number<T>(name: &'static str, values: Vec<T::Native>) -> Column
where
    T: PolarsNumericType,
    ChunkedArray<T>: IntoSeries,
{
    ChunkedArray::<T>::from_vec(name.into(), values)
        .into_series()
        .into_column()
}

/// A categorical column whose physical codes are the given ones. Categories are named by their content, so that two
/// tables with the same names share them and tables with different names never do.
fn categorical(name: &'static str, column: TextColumn) -> Result<Column, Error> {
    let mut digest = Sha256::new();
    for text in &column.names {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    }
    let content: String = digest
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let categories = Categories::new(
        content.as_str().into(),
        "mailglass".into(),
        CategoricalPhysical::U32,
    );
    let dtype = DataType::from_categories(Arc::clone(&categories));
    let mapping = categories.mapping();
    for text in &column.names {
        mapping.insert_cat(text)?;
    }
    let codes = UInt32Chunked::from_vec(name.into(), column.codes);
    let chunked = CategoricalChunked::<Categorical32Type>::from_cats_and_dtype(codes, dtype);
    Ok(chunked.into_series().into_column())
}

fn coded<'a>(frame: &'a DataFrame, name: &'static str) -> Result<Coded<'a>, Error> {
    let column = frame.column(name)?.cat32()?;
    let mapping = column.get_mapping();
    let names = (0..mapping.num_cats_upper_bound())
        .map_while(|code| {
            u32::try_from(code)
                .ok()
                .and_then(|code| mapping.cat_to_str(code))
        })
        .collect();
    Ok(Coded {
        codes: column.physical().cont_slice()?,
        names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str, time: i64, mailbox: &str) -> Event {
        Event {
            record_id: id.into(),
            time,
            mailbox: mailbox.into(),
            operation: "Send".into(),
            items: 1,
            ..Event::default()
        }
    }

    #[test]
    fn a_table_is_sorted_deduplicated_and_coded_by_sorted_names() -> Result<(), Error> {
        let events = Events::from_events([
            event("c", 20, "b@x"),
            event("b", 10, "c@x"),
            event("a", 10, "a@x"),
            event("b", 10, "c@x"),
        ])?;
        let columns = events.columns()?;
        assert_eq!(columns.time, [10, 10, 20]);
        assert_eq!(
            (0..3)
                .map(|row| columns.record_id.get(row).into_owned())
                .collect::<Vec<_>>(),
            ["a", "b", "c"]
        );
        assert_eq!(columns.mailbox.names, ["", "a@x", "b@x", "c@x"]);
        assert_eq!(columns.mailbox.codes, [1, 3, 2]);
        assert_eq!(columns.mailbox.get(2), "b@x");
        assert_eq!(columns.mailbox.code("c@x"), Some(3));
        assert_eq!(columns.country.names, [""]);
        assert_eq!(columns.operation.codes, [1, 1, 1]);
        Ok(())
    }

    #[test]
    fn two_tables_alive_at_once_keep_their_own_codes() -> Result<(), Error> {
        let first = Events::from_events([event("a", 1, "m@x"), event("b", 2, "z@x")])?;
        let second = Events::from_events([event("a", 1, "b@x"), event("b", 2, "m@x")])?;
        assert_eq!(first.columns()?.mailbox.names, ["", "m@x", "z@x"]);
        assert_eq!(second.columns()?.mailbox.names, ["", "b@x", "m@x"]);
        Ok(())
    }

    #[test]
    fn no_events_are_a_table_too() -> Result<(), Error> {
        let events = Events::from_events([])?;
        assert!(events.is_empty() && events.columns()?.time.is_empty());
        Ok(())
    }
}

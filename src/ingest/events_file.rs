//! mailglass's own events as a Parquet file: written once, read back in seconds instead of parsing the export again.
//!
//! One row per event. Columns are those of [`crate::event::EventColumns`] under the same names, `record_id` as text, `time` in
//! milliseconds UTC, and `messages`: the accessed messages as JSON, `[[folder, [message id, bytes or null], ...], ...]`, empty
//! where there are none.

mod row_group;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::{ArrowSchema, CompatLevel, DataFrame, DataType, Field, SchemaExt, TimeUnit};
use polars_io::SerReader;
use polars_io::parquet::read::{ParallelStrategy, ParquetReader};
use polars_parquet::write::FileWriter;

use row_group::{Encoder, Rows, Texts};

use super::bytes::is_plain;
use super::json::{Scanner, Text, Value};
use super::reject::Fault;
use super::segment::TEXTS;
use super::worker::Worker;
use crate::error::Error;
use crate::event::{Events, ItemSpan, NO_ITEMS, TEXT_COLUMNS, push_item, push_number, record_key};
use crate::staging::write_whole;
use crate::turn::in_order;

/// Rows of a row group: large enough that dictionaries are not repeated often, small enough that its text fits in memory
/// beside the table.
const ROW_GROUP: usize = 1 << 15;

/// Rows that a worker reads at a time.
const BATCH: usize = 1 << 16;

/// Writes events to a Parquet file. The file appears whole or not at all.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written, [`Error::Table`] when the table cannot be encoded.
pub fn write_events(events: &Events, path: &Path) -> Result<(), Error> {
    let fail = |source| Error::io("write", path, source);
    write_whole(path, fail, |whole| write_table(events, whole, path))
}

/// Writes the file `whole`, which will be `path`.
fn write_table(events: &Events, whole: &Path, path: &Path) -> Result<(), Error> {
    let fail = |source| Error::io("write", path, source);
    let table = |source| Error::table(format!("events to {}", path.display()), source);
    let out = BufWriter::with_capacity(1 << 20, File::create(whole).map_err(fail)?);
    let text = |name: &'static str| Field::new(name.into(), DataType::String);
    let schema: ArrowSchema = iter::once(text("record_id"))
        .chain(events.frame().schema().iter_fields())
        .chain(iter::once(text("messages")))
        .map(|field| {
            let arrow = field.to_arrow(CompatLevel::newest());
            (field.name, arrow)
        })
        .collect();
    let mut writer = FileWriter::try_new(out, schema, row_group::OPTIONS).map_err(table)?;
    let schema = writer.parquet_schema().clone();
    in_order(
        events.len().div_ceil(ROW_GROUP),
        Encoder::default,
        |encoder, group| {
            let rows = batch(events, group * ROW_GROUP, ROW_GROUP)?;
            let height = rows.table.height() as u64;
            let encoded = encoder.encode(rows, &schema).map_err(table)?;
            Ok((height, encoded))
        },
        |(height, encoded)| {
            let written = writer.write(height, row_group::columns(&encoded));
            written.map_err(table)
        },
    )?;
    writer.end(None).map_err(table)?;
    writer.into_inner().flush().map_err(fail)
}

/// A slice of the table, with the columns that are packed in memory.
fn batch(events: &Events, start: usize, most: usize) -> Result<Rows, Error> {
    let length = most.min(events.len().saturating_sub(start));
    let ids = events.columns()?.record_id;
    let mut record_id = Texts::with_capacity(length);
    let mut messages = Texts::with_capacity(length);
    for row in start..start + length {
        record_id.push(|text| ids.push_to(row, text));
        messages.push(|text| push_messages_text(text, events, row));
    }
    let start = i64::try_from(start).unwrap_or(i64::MAX);
    Ok(Rows {
        record_id,
        table: events.frame().slice(start, length),
        messages,
    })
}

fn push_messages_text(out: &mut Vec<u8>, events: &Events, row: usize) {
    let mut folder: Option<&str> = None;
    let mut opened = false;
    let mut number = itoa::Buffer::new();
    for item in events.packed_listed(row) {
        if folder != Some(item.folder) || item.whole_folder {
            out.extend_from_slice(if opened { b"],[" } else { b"[[" });
            opened = true;
            push_text(out, item.folder);
            // A folder without messages stays one, whatever folder follows.
            folder = (!item.whole_folder).then_some(item.folder);
        }
        if item.whole_folder {
            continue;
        }
        out.extend_from_slice(b",[");
        let id = item.internet_message_id;
        if is_plain(id) {
            out.push(b'"');
            out.extend_from_slice(id);
            out.push(b'"');
        } else {
            push_text(out, &String::from_utf8_lossy(id));
        }
        out.push(b',');
        let bytes = item.bytes.map_or("null", |bytes| number.format(bytes));
        out.extend_from_slice(bytes.as_bytes());
        out.push(b']');
    }
    if opened {
        out.extend_from_slice(b"]]");
    }
}

/// Appends a text as a string of JSON.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text;
    while let Some((plain, character)) = rest
        .char_indices()
        .find(|(_, character)| matches!(character, '"' | '\\') || character.is_control())
        .map(|(at, character)| (&rest[..at], character))
    {
        out.extend_from_slice(plain.as_bytes());
        if character.is_control() {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes());
        } else {
            out.extend_from_slice(&[b'\\', character as u8]);
        }
        rest = &rest[plain.len() + character.len_utf8()..];
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

/// A Parquet file of events that is to be read.
#[derive(Debug)]
pub(crate) struct StoredEvents {
    path: PathBuf,
    rows: usize,
}

/// True when a file begins as Parquet files do.
pub(crate) fn is_parquet(head: &[u8]) -> bool {
    head.starts_with(b"PAR1")
}

impl StoredEvents {
    /// Opens a file and checks that it holds events.
    ///
    /// # Errors
    /// [`Error::Input`] when it is damaged, or a Parquet file of something else.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| {
            Error::Input {
            input: path.display().to_string(),
            reason,
            remedy: "of Parquet files, mailglass reads those that `mailglass inspect --events` wrote; write it again from the export".to_owned(),
        }
        };
        let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
        let opened = guarded(|| {
            let mut reader = ParquetReader::new(file);
            let schema = reader.schema().map_err(|error| error.to_string())?;
            let rows = reader.num_rows().map_err(|error| error.to_string())?;
            Ok((schema, rows))
        });
        let (schema, rows) =
            opened.map_err(|reason| refuse(format!("the Parquet file is damaged ({reason})")))?;
        let wanted = ["record_id", "time", "record_type", "messages"]
            .into_iter()
            .chain(TEXT_COLUMNS);
        for name in wanted {
            if !schema.contains(name) {
                return Err(refuse(format!(
                    "a Parquet file, but not of mailglass events: it has no column {name}"
                )));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            rows,
        })
    }

    /// Number of batches.
    pub(crate) fn batches(&self) -> u64 {
        self.rows.div_ceil(BATCH) as u64
    }

    /// Reads a batch into the worker's columns; rows of a damaged batch are rejects.
    pub(crate) fn read_batch(&self, worker: &mut Worker<'_>, number: u64) {
        let start = usize::try_from(number)
            .unwrap_or(usize::MAX)
            .saturating_mul(BATCH);
        let length = BATCH.min(self.rows.saturating_sub(start));
        let read = guarded(|| {
            let file = File::open(&self.path).map_err(|error| error.to_string())?;
            let reader = ParquetReader::new(file).read_parallel(ParallelStrategy::None);
            let frame = reader
                .with_slice(Some((start, length)))
                .set_rechunk(true)
                .finish();
            frame.map_err(|error| error.to_string())
        });
        let pushed = read
            .ok()
            .filter(|frame| frame.height() == length)
            .and_then(|frame| push_frame(worker, &frame));
        if pushed.is_none() {
            for _ in 0..length {
                worker.reject(Fault::Malformed, b"a row of a damaged Parquet file");
            }
        }
    }
}

/// Runs a reader of polars, which answers some damage with a panic instead of an error.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err("its pages do not decode".to_owned()))
}

/// The codes of a text column, in the worker's dictionary.
fn stored_text(worker: &mut Worker<'_>, frame: &DataFrame, number: usize) -> Option<Vec<u32>> {
    let name = TEXT_COLUMNS.get(number)?;
    let column = frame.column(name).ok()?;
    let interner = worker.texts.get_mut(number)?;
    if let Ok(categorical) = column.cat32() {
        let mapping = categorical.get_mapping();
        let bound = u32::try_from(mapping.num_cats_upper_bound()).ok()?;
        let names: Vec<u32> = (0..bound)
            .map(|code| interner.name(mapping.cat_to_str(code).unwrap_or("")))
            .collect();
        let codes = categorical.physical().iter().map(|code| {
            code.and_then(|code| names.get(code as usize).copied())
                .unwrap_or(0)
        });
        return Some(codes.collect());
    }
    let texts = column.str().ok()?.iter();
    Some(
        texts
            .map(|text| interner.name(text.unwrap_or("")))
            .collect(),
    )
}

/// A column of numbers; what the type does not hold becomes its largest.
fn numbers<T: Copy + TryFrom<u64>>(frame: &DataFrame, name: &str, largest: T) -> Option<Vec<T>> {
    let column = frame.column(name).ok()?.cast(&DataType::UInt64).ok()?;
    let values = column.u64().ok()?.iter();
    Some(
        values
            .map(|value| T::try_from(value.unwrap_or(0)).unwrap_or(largest))
            .collect(),
    )
}

fn times(frame: &DataFrame) -> Option<Vec<i64>> {
    let milliseconds = DataType::Datetime(TimeUnit::Milliseconds, None);
    let column = frame.column("time").ok()?.cast(&milliseconds).ok()?;
    let times = column.datetime().ok()?.physical().iter();
    Some(times.map(|time| time.unwrap_or(0)).collect())
}

/// Throttled, succeeded and external, as the worker's columns have them.
fn flags(frame: &DataFrame) -> Option<Vec<u8>> {
    let of = |name| numbers(frame, name, u64::MAX);
    let (throttled, succeeded, external) = (of("throttled")?, of("succeeded")?, of("external")?);
    let rows = throttled.iter().zip(&succeeded).zip(&external);
    Some(
        rows.map(|((throttled, succeeded), external)| {
            u8::from(*throttled > 0) | u8::from(*succeeded > 0) << 1 | u8::from(*external > 0) << 2
        })
        .collect(),
    )
}

/// The columns of a frame that need no more than to be appended.
struct Plain {
    time: Vec<i64>,
    access: Vec<u8>,
    user_type: Vec<u8>,
    logon_type: Vec<u8>,
    client_family: Vec<u8>,
    flags: Vec<u8>,
    record_type: Vec<u16>,
    folders: Vec<u16>,
    asn: Vec<u32>,
    items: Vec<u32>,
    bytes: Vec<u64>,
    texts: Vec<Vec<u32>>,
}

impl Plain {
    /// `None` when a column is missing or of another type.
    fn of(worker: &mut Worker<'_>, frame: &DataFrame) -> Option<Self> {
        let bytes_of = |name| numbers(frame, name, u8::MAX);
        let shorts = |name| numbers(frame, name, u16::MAX);
        let words = |name| numbers(frame, name, u32::MAX);
        Some(Self {
            time: times(frame)?,
            access: bytes_of("access")?,
            user_type: bytes_of("user_type")?,
            logon_type: bytes_of("logon_type")?,
            client_family: bytes_of("client_family")?,
            flags: flags(frame)?,
            record_type: shorts("record_type")?,
            folders: shorts("folders")?,
            asn: words("asn")?,
            items: words("items")?,
            bytes: numbers(frame, "bytes", u64::MAX)?,
            texts: (0..TEXTS)
                .map(|column| stored_text(worker, frame, column))
                .collect::<Option<_>>()?,
        })
    }

    /// Appends them, without the rows that are damaged.
    fn append(self, worker: &mut Worker<'_>, damaged: &[usize]) {
        let columns = &mut worker.columns;
        append(&mut columns.time, self.time, damaged);
        append(&mut columns.access, self.access, damaged);
        append(&mut columns.user_type, self.user_type, damaged);
        append(&mut columns.logon_type, self.logon_type, damaged);
        append(&mut columns.client_family, self.client_family, damaged);
        append(&mut columns.flags, self.flags, damaged);
        append(&mut columns.record_type, self.record_type, damaged);
        append(&mut columns.folders, self.folders, damaged);
        append(&mut columns.asn, self.asn, damaged);
        append(&mut columns.items, self.items, damaged);
        append(&mut columns.bytes, self.bytes, damaged);
        for (codes, stored) in columns.text.iter_mut().zip(self.texts) {
            append(codes, stored, damaged);
        }
    }
}

/// Appends a column without the rows `damaged`, which ascend.
fn append<T>(column: &mut Vec<T>, mut values: Vec<T>, damaged: &[usize]) {
    if !damaged.is_empty() {
        let mut damaged = damaged.iter().copied().peekable();
        let mut row = 0;
        values.retain(|_| {
            let keep = damaged.next_if_eq(&row).is_none();
            row += 1;
            keep
        });
    }
    column.append(&mut values);
}

/// Appends all rows of a frame; `None` and nothing is appended when a column is missing or of another type. Rows whose messages
/// cannot be read are rejects.
fn push_frame(worker: &mut Worker<'_>, frame: &DataFrame) -> Option<()> {
    let ids = frame.column("record_id").ok()?.str().ok()?.clone();
    let messages = frame.column("messages").ok()?.str().ok()?.clone();
    let plain = Plain::of(worker, frame)?;
    let before = worker.segment.rows;
    worker.segment.rows += frame.height() as u64;
    let mut damaged = Vec::new();
    for (row, (text, id)) in messages.iter().zip(ids.iter()).enumerate() {
        let text = text.unwrap_or("");
        match push_messages(worker, text) {
            Ok(span) => {
                worker.columns.spans.push(span);
                let key = record_key(id.unwrap_or(""), &mut worker.irregular);
                worker.columns.keys.push(key);
            }
            Err(fault) => {
                damaged.push(row);
                worker.reject_row(before + row as u64 + 1, fault, text.as_bytes());
            }
        }
    }
    plain.append(worker, &damaged);
    Some(())
}

/// Packs the messages of a row from their text.
fn push_messages(worker: &mut Worker<'_>, text: &str) -> Result<ItemSpan, Fault> {
    if text.is_empty() {
        return Ok(NO_ITEMS);
    }
    let folders = parse_messages(text)?;
    let mut scratch = String::new();
    let (span, data) = worker.columns.next_messages();
    push_number(data, folders.len() as u64);
    for (folder, messages) in folders {
        let code = worker.folders.name(folder.decode(&mut scratch));
        push_number(data, u64::from(code));
        push_number(data, messages.len() as u64);
        for (id, bytes) in messages {
            push_item(data, id.decode(&mut scratch).as_bytes(), bytes);
        }
    }
    Ok(span)
}

type StoredFolder<'a> = (Text<'a>, Vec<(Text<'a>, Option<u64>)>);

fn parse_messages(text: &str) -> Result<Vec<StoredFolder<'_>>, Fault> {
    let mut scanner = Scanner::<false>::new(text.as_bytes(), 0);
    let open = |scanner: &mut Scanner<'_, false>| {
        if scanner.value()? == Value::Array {
            Ok(())
        } else {
            Err(Fault::Malformed)
        }
    };
    let mut folders = Vec::new();
    open(&mut scanner)?;
    let mut first = true;
    while scanner.element(&mut first)? {
        open(&mut scanner)?;
        let mut first_part = true;
        if !scanner.element(&mut first_part)? {
            return Err(Fault::Malformed);
        }
        let folder = scanner.value()?.text();
        let mut messages = Vec::new();
        while scanner.element(&mut first_part)? {
            open(&mut scanner)?;
            let mut first_field = true;
            if !scanner.element(&mut first_field)? {
                return Err(Fault::Malformed);
            }
            let id = scanner.value()?.text();
            let bytes = if scanner.element(&mut first_field)? {
                scanner.value()?.number()
            } else {
                None
            };
            if scanner.element(&mut first_field)? {
                return Err(Fault::Malformed);
            }
            messages.push((id, bytes));
        }
        folders.push((folder, messages));
    }
    scanner.end()?;
    Ok(folders)
}

/// The framing's handle: shared by the workers.
pub(crate) type Stored = Arc<StoredEvents>;

#[cfg(test)]
mod tests {
    use polars::prelude::{Column, IntoColumn, NamedFrom, Series};
    use polars_io::parquet::write::ParquetWriter;

    use super::*;
    use crate::event::Event;
    use crate::ingest::{IngestOptions, Ingested, Input, Silent, read};

    /// Three events with a message each, one of which is changed in the file.
    fn with_messages(changed: &str) -> Result<Ingested, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.parquet");
        let events = Events::from_events((0..3).map(|number| Event {
            record_id: format!("{number}"),
            time: number,
            operation: "MailItemsAccessed".to_owned(),
            mailbox: format!("{number}@x"),
            messages: vec![("Inbox".to_owned(), format!("<{number}>"), Some(7))],
            ..Event::default()
        }))?;
        write_events(&events, &path)?;
        let file = File::open(&path).expect("a file");
        let mut frame = ParquetReader::new(file).finish().expect("a table");
        let mut texts: Vec<String> = {
            let column = frame
                .column("messages")
                .expect("a column")
                .str()
                .expect("text");
            column
                .iter()
                .map(|text| text.unwrap_or("").to_owned())
                .collect()
        };
        texts[1] = changed.to_owned();
        let column: Column = Series::new("messages".into(), texts).into_column();
        frame.with_column(column).expect("as long");
        let file = File::create(&path).expect("a file");
        ParquetWriter::new(file)
            .finish(&mut frame)
            .expect("written");
        read(&[Input::new(&path)], &IngestOptions::default(), &Silent)
    }

    #[test]
    fn a_row_whose_messages_are_damaged_is_a_reject() -> Result<(), Error> {
        let whole = with_messages(r#"[["Inbox",["<1>",7]]]"#)?;
        assert_eq!((whole.counts.events, whole.counts.rejects), (3, 0));
        let damaged = with_messages(r#"[["Inbox",["<1>",7"#)?;
        let counts = damaged.counts;
        assert_eq!((counts.rows, counts.events, counts.rejects), (3, 2, 1));
        let [reject] = damaged.rejects.as_slice() else {
            panic!("{:?}", damaged.rejects);
        };
        assert_eq!((reject.row, &*reject.excerpt), (2, r#"[["Inbox",["<1>",7"#));
        // The others are as they were.
        let columns = damaged.events.columns()?;
        for (row, number) in [(0, "0"), (1, "2")] {
            assert_eq!(columns.mailbox.get(row), format!("{number}@x"));
            let items: Vec<_> = damaged.events.items(row).collect();
            assert_eq!(items.len(), 1);
        }
        Ok(())
    }
}

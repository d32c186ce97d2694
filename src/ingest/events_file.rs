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
use crate::event::{Events, NO_ITEMS, TEXT_COLUMNS, push_item, push_number, record_key};
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

/// One text column: the worker's codes of its names, and the codes of the rows.
struct StoredText {
    codes: Vec<u32>,
}

fn stored_text(worker: &mut Worker<'_>, frame: &DataFrame, number: usize) -> Option<StoredText> {
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
        return Some(StoredText {
            codes: codes.collect(),
        });
    }
    let texts = column
        .str()
        .ok()?
        .iter()
        .map(|text| interner.name(text.unwrap_or("")));
    Some(StoredText {
        codes: texts.collect(),
    })
}

/// Appends all rows of a frame; `None` and nothing is appended when a column is missing or of another type.
fn push_frame(worker: &mut Worker<'_>, frame: &DataFrame) -> Option<()> {
    let number = |name: &str| {
        let column = frame.column(name).ok()?.cast(&DataType::UInt64).ok()?;
        column.u64().ok().map(|values| {
            values
                .iter()
                .map(|value| value.unwrap_or(0))
                .collect::<Vec<u64>>()
        })
    };
    let time = frame
        .column("time")
        .ok()?
        .cast(&DataType::Datetime(TimeUnit::Milliseconds, None))
        .ok()?;
    let time: Vec<i64> = time
        .datetime()
        .ok()?
        .physical()
        .iter()
        .map(|time| time.unwrap_or(0))
        .collect();
    let ids = frame.column("record_id").ok()?.str().ok()?.clone();
    let messages = frame.column("messages").ok()?.str().ok()?.clone();
    let texts: Vec<StoredText> = (0..TEXTS)
        .map(|column| stored_text(worker, frame, column))
        .collect::<Option<_>>()?;
    let (throttled, succeeded, external) = (
        number("throttled")?,
        number("succeeded")?,
        number("external")?,
    );
    let flags = throttled.iter().zip(&succeeded).zip(&external);
    let flags: Vec<u8> = flags
        .map(|((throttled, succeeded), external)| {
            (*throttled > 0) as u8 | ((*succeeded > 0) as u8) << 1 | ((*external > 0) as u8) << 2
        })
        .collect();
    let bytes_of = |name: &str| {
        number(name).map(|values| {
            values
                .into_iter()
                .map(|value| u8::try_from(value).unwrap_or(u8::MAX))
                .collect::<Vec<u8>>()
        })
    };
    let shorts = |name: &str| {
        number(name).map(|values| {
            values
                .into_iter()
                .map(|value| u16::try_from(value).unwrap_or(u16::MAX))
                .collect::<Vec<u16>>()
        })
    };
    let words = |name: &str| {
        number(name).map(|values| {
            values
                .into_iter()
                .map(|value| u32::try_from(value).unwrap_or(u32::MAX))
                .collect::<Vec<u32>>()
        })
    };
    let (access, user_type, logon_type) = (
        bytes_of("access")?,
        bytes_of("user_type")?,
        bytes_of("logon_type")?,
    );
    let (client_family, record_type, folders) = (
        bytes_of("client_family")?,
        shorts("record_type")?,
        shorts("folders")?,
    );
    let (asn, items, bytes) = (words("asn")?, words("items")?, number("bytes")?);

    for text in messages.iter() {
        let span = push_messages(worker, text.unwrap_or(""));
        worker.columns.spans.push(span);
    }
    for id in ids.iter() {
        let key = record_key(id.unwrap_or(""), &mut worker.irregular);
        worker.columns.keys.push(key);
    }
    worker.segment.rows += frame.height() as u64;
    let columns = &mut worker.columns;
    columns.time.extend(time);
    columns.access.extend(access);
    columns.user_type.extend(user_type);
    columns.logon_type.extend(logon_type);
    columns.client_family.extend(client_family);
    columns.record_type.extend(record_type);
    columns.folders.extend(folders);
    columns.asn.extend(asn);
    columns.items.extend(items);
    columns.bytes.extend(bytes);
    columns.flags.extend(flags);
    for (codes, stored) in columns.text.iter_mut().zip(texts) {
        codes.extend(stored.codes);
    }
    Some(())
}

/// Packs the messages of a row from their text.
fn push_messages(worker: &mut Worker<'_>, text: &str) -> crate::event::ItemSpan {
    if text.is_empty() {
        return NO_ITEMS;
    }
    let Ok(folders) = parse_messages(text) else {
        return NO_ITEMS;
    };
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
    span
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

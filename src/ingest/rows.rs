//! Rows of a block, whatever their framing, to records, and records out of whatever wraps them.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::csv::{Cell, Layout, read_cells, read_row};
use super::envelope::{Envelope, Framing, is_before_header};
use super::field::Field;
use super::flat;
use super::json::{Scanner, Text, Value, unescape};
use super::record::Record;
use super::reject::Fault;
use super::segment::EnvelopeFields;
use super::worker::Worker;

/// U+FEFF, with which files of UTF-8 may begin; and so do rows where such files were appended to others.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Longest line that is looked at for a header: the names of a thousand columns.
const LONGEST_HEADER: usize = 1 << 16;

/// Wrappers inside wrappers deeper than this are refused.
const MAX_WRAPPERS: u8 = 6;

/// Reads all rows of a block into the worker's columns; gives the columns of the table that the block ends with, where they are
/// other than those it began with.
pub(crate) fn read_block(
    worker: &mut Worker<'_>,
    block: &[u8],
    framing: &Framing,
) -> Option<Arc<Layout>> {
    match framing {
        Framing::Csv(layout, envelope) => {
            worker.segment.envelope = Some(*envelope);
            return read_table(worker, block, layout);
        }
        Framing::Lines => read_lines(worker, block),
        Framing::Elements => read_elements(worker, block),
        Framing::Events(stored) => {
            worker.segment.envelope = Some(Envelope::Events);
            let number = worker.segment.block;
            stored.read_batch(worker, number);
        }
    }
    None
}

/// Reads rows of a table up to its end, through headers with other columns.
fn read_table(worker: &mut Worker<'_>, block: &[u8], first: &Layout) -> Option<Arc<Layout>> {
    let mut at = 0;
    let mut other: Option<Layout> = None;
    loop {
        let layout = other.as_ref().unwrap_or(first);
        let next = if layout.record.is_some() {
            read_csv(worker, block, at, layout)
        } else {
            read_flat_csv(worker, block, at, layout)
        };
        let Some((end, columns)) = next else { break };
        worker.segment.other_columns = true;
        other = Some(columns);
        at = end;
    }
    other.map(Arc::new)
}

/// The line that begins at an offset, and the offset after its end.
fn line_at(block: &[u8], at: usize) -> (&[u8], usize) {
    let rest = block.get(at..).unwrap_or_default();
    let length = memchr(b'\n', rest).unwrap_or(rest.len());
    (rest.get(..length).unwrap_or_default(), at + length + 1)
}

/// Length of what no row begins with at an offset: the end of an empty line, or the mark that a file began with before others were
/// put in front of it. 0 when a row begins there.
fn no_row(block: &[u8], at: usize) -> usize {
    match (block.get(at), block.get(at + 1)) {
        (Some(b'\n'), _) => 1,
        (Some(b'\r'), Some(b'\n')) => 2,
        (Some(b'\r'), None) => 1,
        (Some(0xef), _) if block.get(at..).is_some_and(|rest| rest.starts_with(MARK)) => MARK.len(),
        _ => 0,
    }
}

/// The row that cannot be read at an offset is no row but a header, or a line in front of one: gives where the next row begins, and
/// the columns if they are others.
fn header_at(block: &[u8], at: usize, layout: &Layout) -> Option<(usize, Option<Layout>)> {
    let (line, next) = line_at(block, at);
    if is_before_header(line) {
        return Some((next, None));
    }
    let header = Layout::from_header(line.get(..LONGEST_HEADER).unwrap_or(line))?;
    Some((next, (header != *layout).then_some(header)))
}

/// Reads rows with a record's cell from an offset on, to the block's end or to a header with other columns: gives the offset behind
/// it, and the columns.
fn read_csv(
    worker: &mut Worker<'_>,
    block: &[u8],
    mut at: usize,
    layout: &Layout,
) -> Option<(usize, Layout)> {
    let mut record = Record::reused();
    while at < block.len() {
        let blank = no_row(block, at);
        if blank > 0 {
            at += blank;
            continue;
        }
        match read_row(block, at, layout, &mut record) {
            Ok(row) => {
                worker.segment.windows.push(row.result);
                let taken = if row.complete && record.is_plain() {
                    worker.push(&record, row.envelope)
                } else if row.complete {
                    take_cell(worker, record_cell(block, at, layout), row.envelope)
                } else {
                    take_cell(worker, row.cell, row.envelope)
                };
                at = match taken {
                    Ok(()) => row.end,
                    Err(fault) => match header_at(block, at, layout) {
                        Some((next, None)) => next,
                        Some((next, Some(columns))) => return Some((next, columns)),
                        None => {
                            worker.reject(fault, block.get(at..row.end).unwrap_or_default());
                            row.end
                        }
                    },
                };
            }
            Err(fault) => match header_at(block, at, layout) {
                Some((next, None)) => at = next,
                Some((next, Some(columns))) => return Some((next, columns)),
                None => {
                    let (line, next) = line_at(block, at);
                    worker.reject(fault, line);
                    at = next;
                }
            },
        }
        record.clear();
    }
    None
}

/// The record's cell of a row that has been read once without fault.
fn record_cell<'a>(block: &'a [u8], at: usize, layout: &Layout) -> Cell<'a> {
    let mut cells = Vec::new();
    if read_cells(block, at, layout, &mut cells).is_err() {
        return Cell::default();
    }
    layout
        .record
        .and_then(|record| cells.get(record).copied())
        .unwrap_or_default()
}

/// Takes the record of a cell that could not be read in place.
fn take_cell(
    worker: &mut Worker<'_>,
    cell: Cell<'_>,
    envelope: EnvelopeFields<'_>,
) -> Result<(), Fault> {
    if cell.text.trim_ascii().is_empty() {
        return Err(Fault::Empty);
    }
    let text = cell.content();
    take_text(worker, text.trim_ascii(), envelope, 0)
}

/// Takes the record, or the records, that a JSON text holds.
fn take_text(
    worker: &mut Worker<'_>,
    text: &[u8],
    envelope: EnvelopeFields<'_>,
    depth: u8,
) -> Result<(), Fault> {
    if depth > MAX_WRAPPERS {
        return Err(Fault::TooDeep);
    }
    match text.first() {
        Some(b'{') => {
            let mut record = Record::default();
            let mut scanner = Scanner::<false>::new(text, 0);
            record.read(&mut scanner)?;
            scanner.end()?;
            take(worker, &record, text, envelope, depth)
        }
        Some(b'[') => take_array(worker, text, depth),
        _ => Err(Fault::Malformed),
    }
}

fn take_array(worker: &mut Worker<'_>, text: &[u8], depth: u8) -> Result<(), Fault> {
    if depth > MAX_WRAPPERS {
        return Err(Fault::TooDeep);
    }
    let mut scanner = Scanner::<false>::new(text, 0);
    if scanner.value()? != Value::Array {
        return Err(Fault::Malformed);
    }
    let mut first = true;
    while scanner.element(&mut first)? {
        let element = scanner.raw_value()?;
        if let Err(fault) = take_text(worker, element, EnvelopeFields::default(), depth + 1) {
            worker.reject(fault, element);
        }
    }
    Ok(())
}

/// A table of the Log Analytics interface: names of columns, and rows of values.
#[derive(Debug, Deserialize)]
struct Table<'a> {
    #[serde(borrow)]
    columns: Vec<Column<'a>>,
    #[serde(borrow)]
    rows: Vec<Vec<&'a RawValue>>,
}

#[derive(Debug, Deserialize)]
struct Column<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Takes the rows of a table, each as an object of its own.
fn take_table(worker: &mut Worker<'_>, text: &[u8], depth: u8) -> Result<(), Fault> {
    let table: Table<'_> = serde_json::from_slice(text).map_err(|_| Fault::Malformed)?;
    for row in table.rows {
        let mut object = vec![b'{'];
        for (column, value) in table.columns.iter().zip(row) {
            flat::push_name(&mut object, &column.name);
            object.extend_from_slice(value.get().as_bytes());
        }
        object.push(b'}');
        if let Err(fault) = take_text(worker, &object, EnvelopeFields::default(), depth + 1) {
            worker.reject(fault, &object);
        }
    }
    Ok(())
}

/// Takes a record that was read from `text`; unwraps it first when it only wraps one.
fn take(
    worker: &mut Worker<'_>,
    record: &Record<'_>,
    text: &[u8],
    outer: EnvelopeFields<'_>,
    depth: u8,
) -> Result<(), Fault> {
    worker.segment.windows.push(record.result);
    if record.is_table() {
        return take_table(worker, text, depth);
    }
    let envelope = EnvelopeFields {
        id: record.envelope.id.or(outer.id),
        time: record.envelope.time.or(outer.time),
        operation: record.envelope.operation.or(outer.operation),
        record_type: record.envelope.record_type.or(outer.record_type),
        user: record.envelope.user.or(outer.user),
    };
    // A list of records tells nothing; what its elements are does.
    let is_list = record.inner.is_some() && record.format == Some(Envelope::ManagementApi);
    if worker.segment.envelope.is_none() && !is_list {
        worker.segment.envelope = Some(record.format.unwrap_or(Envelope::ManagementApi));
    }
    let inner = record.inner.filter(|_| !record.is_its_own());
    if inner.is_some() {
        for list in &record.other_lists {
            // Schemas and the like are lists of other things.
            if next_record(list, 0) < list.len() {
                take_array(worker, list, depth + 1)?;
            }
        }
    }
    match (inner, record.format) {
        (Some(inner), _) if !record.inner_is_text => {
            take_text(worker, inner, decoded(&envelope).borrow(), depth + 1)
        }
        (Some(inner), _) => {
            let mut unescaped = String::with_capacity(inner.len());
            unescape(inner, &mut unescaped);
            take_text(
                worker,
                unescaped.trim().as_bytes(),
                decoded(&envelope).borrow(),
                depth + 1,
            )
        }
        (None, format)
            if record.nested_as_text
                || matches!(format, Some(Envelope::OfficeActivity | Envelope::Elastic)) =>
        {
            let rebuilt = flat::from_object(text)?;
            let mut record = Record::default();
            record.read(&mut Scanner::<false>::new(&rebuilt, 0))?;
            worker.push(&record, envelope)
        }
        (None, _) => worker.push(record, envelope),
    }
}

/// Envelope fields with their escapes resolved, for records whose own text lives elsewhere.
#[derive(Debug, Default)]
struct Decoded {
    fields: [String; 5],
}

fn decoded(envelope: &EnvelopeFields<'_>) -> Decoded {
    let fields = [
        envelope.id,
        envelope.time,
        envelope.operation,
        envelope.record_type,
        envelope.user,
    ];
    Decoded {
        fields: fields.map(|field| {
            let mut scratch = String::new();
            field.decode(&mut scratch).to_owned()
        }),
    }
}

fn plain(field: &str) -> Text<'_> {
    Text {
        raw: field.as_bytes(),
    }
}

impl Decoded {
    fn borrow(&self) -> EnvelopeFields<'_> {
        let [id, time, operation, record_type, user] = &self.fields;
        EnvelopeFields {
            id: plain(id),
            time: plain(time),
            operation: plain(operation),
            record_type: plain(record_type),
            user: plain(user),
        }
    }
}

/// Reads rows whose columns are fields; else as [`read_csv`].
fn read_flat_csv(
    worker: &mut Worker<'_>,
    block: &[u8],
    mut at: usize,
    layout: &Layout,
) -> Option<(usize, Layout)> {
    let mut cells = Vec::new();
    while at < block.len() {
        let blank = no_row(block, at);
        if blank > 0 {
            at += blank;
            continue;
        }
        let read = read_cells(block, at, layout, &mut cells);
        let taken = read.and_then(|_| {
            let texts: Vec<Vec<u8>> = cells.iter().map(Cell::content).collect();
            let rebuilt = flat::from_cells(&layout.names, &texts);
            let mut record = Record::default();
            record.read(&mut Scanner::<false>::new(&rebuilt, 0))?;
            worker.push(&record, record.envelope)
        });
        let (line, next) = line_at(block, at);
        // Where the row itself is damaged, its line is all that is given up.
        let end = read.unwrap_or(next);
        if let Err(fault) = taken {
            match header_at(block, at, layout) {
                Some((next, None)) => {
                    at = next;
                    continue;
                }
                Some((next, Some(columns))) => return Some((next, columns)),
                None if read.is_ok() => {
                    worker.reject(fault, block.get(at..end).unwrap_or_default())
                }
                None => worker.reject(fault, line),
            }
        }
        at = end;
    }
    None
}

/// What a line, or what is left of one, holds of rows: without the mark that a file may begin with, and the commas and brackets of a
/// list with one record a line.
fn rows_of(line: &[u8]) -> &[u8] {
    let mut line = line.trim_ascii();
    while let Some(rest) = line.strip_prefix(MARK).or(line.strip_prefix(b",")) {
        line = rest.trim_ascii_start();
    }
    let line = line.strip_suffix(b",").unwrap_or(line);
    match line {
        b"[" | b"]" => b"",
        rows => rows,
    }
}

fn read_lines(worker: &mut Worker<'_>, block: &[u8]) {
    let mut record = Record::reused();
    let mut at = 0;
    while at < block.len() {
        let (line, next) = line_at(block, at);
        at = next;
        let mut rest = rows_of(line);
        while !rest.is_empty() {
            record.clear();
            let mut scanner = Scanner::<false>::new(rest, 0);
            let read = record.read(&mut scanner);
            let behind = rows_of(rest.get(scanner.at()..).unwrap_or_default());
            // Files without a line end at their end that were appended to each other.
            let (row, more) = if read.is_ok() && behind.first() == Some(&b'{') {
                rest.split_at(scanner.at())
            } else {
                (rest, &[][..])
            };
            let whole = more.is_empty() && !behind.is_empty();
            let read = read.and_then(|()| if whole { scanner.end() } else { Ok(()) });
            if let Err(fault) =
                read.and_then(|()| take(worker, &record, row, EnvelopeFields::default(), 0))
            {
                worker.reject(fault, row);
            }
            rest = rows_of(more);
        }
    }
}

fn read_elements(worker: &mut Worker<'_>, block: &[u8]) {
    let mut record = Record::reused();
    let mut at = 0;
    // Behind the array's end stand other fields of what wraps it.
    let mut closed = false;
    while at < block.len() {
        let rest = block.get(at..).unwrap_or_default();
        let start = at + memchr(b'{', rest).unwrap_or(rest.len());
        let filler = block.get(at..start).unwrap_or_default();
        closed |= filler.trim_ascii_start().first() == Some(&b']');
        let is_rest = closed && matches!(filler.trim_ascii_start().first(), Some(b',' | b'}'));
        if !is_filler(filler) && !is_rest {
            worker.reject(Fault::Malformed, filler);
        }
        if start >= block.len() {
            break;
        }
        if closed && let Some(value) = other_field(filler, start) {
            let mut scanner = Scanner::<false>::new(block, value);
            let whole = scanner.skip_value().is_ok();
            let end = if whole { scanner.at() } else { block.len() };
            let inside = block.get(value..end).unwrap_or_default();
            // Another list of records is read like the first.
            if next_record(inside, 0) == inside.len() {
                if !whole {
                    worker.reject(Fault::Cut, inside);
                }
                at = end;
                continue;
            }
        }
        closed = false;
        record.clear();
        let mut scanner = Scanner::<false>::new(block, start);
        let read = record.read(&mut scanner);
        let end = if read.is_ok() {
            scanner.at()
        } else {
            next_record(block, start + 1)
        };
        let text = block.get(start..end).unwrap_or_default();
        if let Err(fault) =
            read.and_then(|()| take(worker, &record, text, EnvelopeFields::default(), 0))
        {
            worker.reject(fault, text);
        }
        at = end;
    }
}

/// Where the value of a field begins that stands after an array of records, in the object that wraps it. `filler` is the text up to
/// the next object, which begins at `start`.
fn other_field(filler: &[u8], start: usize) -> Option<usize> {
    let text = filler.trim_ascii_end();
    match text.strip_suffix(b"[") {
        Some(before) if before.trim_ascii_end().ends_with(b":") => {
            Some(start - filler.len() + before.len())
        }
        _ => text.ends_with(b":").then_some(start),
    }
}

/// What may stand between the records of an array: commas, brackets, space; after the closing bracket also the remaining
/// fields of the object that wraps the array.
fn is_filler(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.iter()
        .all(|byte| byte.is_ascii_whitespace() || b",[]".contains(byte) || MARK.contains(byte))
        || text.starts_with(b"]")
        || (text.starts_with(b"\"") && text.ends_with(b"[") && text.len() < 1_000)
}

/// How much of the end of damage is searched for whole records: many ordinary ones.
const TAIL: usize = 1 << 18;

/// The offset after the last record near a block's end that is whole, whatever damage stands before it.
pub(crate) fn last_record_end(block: &[u8]) -> Option<usize> {
    let mut at = block.len().saturating_sub(TAIL);
    let mut last = None;
    loop {
        let mut scanner = Scanner::<false>::new(block, next_record(block, at));
        if Record::default().read(&mut scanner).is_err() {
            return last;
        }
        at = scanner.at();
        last = Some(at);
    }
}

/// The offset of the next object that is a record of its own, after damage at an earlier one.
fn next_record(block: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(offset) = memchr(b'{', block.get(at..).unwrap_or_default()) {
        let candidate = at + offset;
        let inside = block.get(candidate + 1..).unwrap_or_default();
        if inside.trim_ascii_start().first() != Some(&b'"') {
            at = candidate + 1;
            continue;
        }
        let mut record = Record::default();
        let whole = record
            .read(&mut Scanner::<false>::new(block, candidate))
            .is_ok();
        if whole
            && (record.inner.is_some()
                || !record.text(Field::Id).is_empty() && !record.text(Field::Operation).is_empty())
        {
            return candidate;
        }
        at = candidate + 1;
    }
    block.len()
}

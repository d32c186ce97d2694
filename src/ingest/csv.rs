//! Rows of a CSV export (RFC 4180, quotes doubled), found and read without copying cells.

use memchr::memchr;

use super::bytes::find_either;
use super::json::{Scanner, Text};
use super::record::Record;
use super::reject::Fault;
use super::segment::EnvelopeFields;

/// Names of the columns that hold a whole record as JSON, in the order they are preferred.
const RECORD_COLUMNS: [&str; 5] = [
    "auditdata",
    "raweventdata",
    "event.original",
    "event_original",
    "_raw",
];

/// What the header of a CSV file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    pub(crate) delimiter: u8,
    /// Names as they stand, unquoted.
    pub(crate) names: Vec<String>,
    /// The column that holds the record; `None` when the columns are the record's fields.
    pub(crate) record: Option<usize>,
    id: Option<usize>,
    time: Option<usize>,
    operation: Option<usize>,
    record_type: Option<usize>,
    user: Option<usize>,
    result_index: Option<usize>,
    result_count: Option<usize>,
}

impl Layout {
    /// Reads a header row; `None` when no column of it is known.
    pub(crate) fn from_header(header: &[u8]) -> Option<Self> {
        let header = header.trim_ascii();
        let counts = [b',', b';', b'\t', b'|'].map(|delimiter| {
            (
                header.iter().filter(|&&byte| byte == delimiter).count(),
                delimiter,
            )
        });
        let (_, delimiter) = counts.into_iter().rev().max_by_key(|&(count, _)| count)?;
        let mut names = Vec::new();
        let mut at = 0;
        while at <= header.len() {
            let cell = Cell::read(header, at, delimiter).ok()?;
            let name = String::from_utf8_lossy(cell.text).replace("\"\"", "\"");
            let name = name.trim();
            // The zone that Log Analytics writes beside the names of times.
            let name = name.strip_suffix("[UTC]").unwrap_or(name).trim_end();
            names.push(name.to_owned());
            at = cell.end + 1;
        }
        let column = |wanted: &[&str]| {
            wanted.iter().find_map(|wanted| {
                names
                    .iter()
                    .position(|name| name.eq_ignore_ascii_case(wanted))
            })
        };
        let identified = column(&["Id", "OfficeId"]).is_some();
        let layout = Self {
            delimiter,
            record: column(&RECORD_COLUMNS),
            id: column(&["RecordId", "Identity", "Id", "OfficeId"]),
            time: column(&[
                "CreationDate",
                "CreationTime",
                "TimeGenerated",
                "Timestamp",
                "@timestamp",
                "_time",
            ]),
            operation: column(&["Operation", "Operations", "ActionType"]),
            record_type: column(&["RecordType"]),
            user: column(&["UserId", "UserIds"]),
            result_index: column(&["ResultIndex"]),
            result_count: column(&["ResultCount"]),
            names,
        };
        // A summary of a search has the first three too, and an identifier under another name.
        let flat = layout.operation.is_some()
            && layout.time.is_some()
            && layout.user.is_some()
            && identified
            || layout.names.iter().any(|name| name == "o365.audit.Id");
        (layout.record.is_some() || flat).then_some(layout)
    }
}

/// One cell: its text without the outer quotes (inner quotes still doubled) and where its row goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cell<'a> {
    pub(crate) text: &'a [u8],
    /// It stood in quotes, so that two quotes in it stand for one.
    pub(crate) quoted: bool,
    /// Offset of the delimiter or line end after the cell.
    pub(crate) end: usize,
}

impl<'a> Cell<'a> {
    /// Reads the cell at an offset.
    ///
    /// # Errors
    /// [`Fault::Quotes`] when a quoted cell is not closed or goes on after its closing quote.
    pub(crate) fn read(text: &'a [u8], at: usize, delimiter: u8) -> Result<Self, Fault> {
        if text.get(at) != Some(&b'"') {
            let rest = text.get(at..).unwrap_or_default();
            let length = find_either(delimiter, b'\n', rest).unwrap_or(rest.len());
            let cell = rest.get(..length).unwrap_or_default();
            let ends_row = rest.get(length) != Some(&delimiter);
            let cell = if ends_row {
                cell.strip_suffix(b"\r").unwrap_or(cell)
            } else {
                cell
            };
            return Ok(Self {
                text: cell,
                quoted: false,
                end: at + length,
            });
        }
        let start = at + 1;
        let mut from = start;
        loop {
            let rest = text.get(from..).unwrap_or_default();
            let quote = from + memchr(b'"', rest).ok_or(Fault::Quotes)?;
            if text.get(quote + 1) == Some(&b'"') {
                from = quote + 2;
                continue;
            }
            let end = after_quote(text, quote + 1, delimiter)?;
            return Ok(Self {
                text: text.get(start..quote).unwrap_or_default(),
                quoted: true,
                end,
            });
        }
    }
}

impl Cell<'_> {
    /// The text of the cell, with doubled quotes made single.
    pub(crate) fn content(&self) -> Vec<u8> {
        if !self.quoted {
            return self.text.to_vec();
        }
        let mut text = Vec::with_capacity(self.text.len());
        let mut rest = self.text;
        while let Some(quote) = memchr(b'"', rest) {
            text.extend_from_slice(rest.get(..=quote).unwrap_or_default());
            rest = rest.get(quote + 1..).unwrap_or_default();
            rest = rest.strip_prefix(b"\"").unwrap_or(rest);
        }
        text.extend_from_slice(rest);
        text
    }
}

/// Where a cell ends whose closing quote is just before `at`: at a delimiter or a line end (a carriage return is skipped).
fn after_quote(text: &[u8], at: usize, delimiter: u8) -> Result<usize, Fault> {
    match text.get(at) {
        None | Some(b'\n') => Ok(at),
        Some(&byte) if byte == delimiter => Ok(at),
        Some(b'\r') if matches!(text.get(at + 1), None | Some(b'\n')) => Ok(at + 1),
        _ => Err(Fault::Quotes),
    }
}

/// A row as it was read.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Row<'a> {
    /// Offset after the row and its line end.
    pub(crate) end: usize,
    /// What the columns beside the record say.
    pub(crate) envelope: EnvelopeFields<'a>,
    /// `ResultIndex` and `ResultCount`.
    pub(crate) result: [Text<'a>; 2],
    /// The record's cell when it could not be read in place.
    pub(crate) cell: Cell<'a>,
    /// The record was read in place, without fault.
    pub(crate) complete: bool,
}

/// Reads the row at an offset: the record's cell in place into `record`, the cells around it as they stand.
///
/// # Errors
/// [`Fault::Quotes`] or [`Fault::Cells`] when the row itself is damaged; the caller goes on after the next line end.
pub(crate) fn read_row<'a>(
    text: &'a [u8],
    start: usize,
    layout: &Layout,
    record: &mut Record<'a>,
) -> Result<Row<'a>, Fault> {
    let mut row = Row::default();
    let mut at = start;
    let mut number = 0;
    loop {
        let is_record = layout.record == Some(number);
        let in_place =
            if is_record && text.get(at) == Some(&b'"') && text.get(at + 1) == Some(&b'{') {
                read_in_place(text, at + 1, layout.delimiter, record)
            } else {
                None
            };
        let end = match in_place {
            Some(end) => {
                row.complete = true;
                end
            }
            None => {
                let cell = Cell::read(text, at, layout.delimiter)?;
                if is_record {
                    row.cell = cell;
                } else if number >= layout.names.len() && !cell.text.is_empty() {
                    return Err(Fault::Cells);
                } else {
                    take_cell(&mut row, layout, number, cell.text);
                }
                cell.end
            }
        };
        number += 1;
        at = end + 1;
        if text.get(end) != Some(&layout.delimiter) {
            break;
        }
    }
    row.end = at.min(text.len());
    // A delimiter at the very end of the text opens one more, empty cell, which the loop has read. Spreadsheets leave out empty
    // cells at the end of a row, and some writers add one.
    if layout.record.is_some_and(|record| record < number) {
        Ok(row)
    } else {
        Err(Fault::Cells)
    }
}

/// Reads the record in its cell; the offset after the cell, or `None` when it has to be looked at more closely.
#[inline]
fn read_in_place<'a>(
    text: &'a [u8],
    at: usize,
    delimiter: u8,
    record: &mut Record<'a>,
) -> Option<usize> {
    let mut scanner = Scanner::<true>::new(text, at);
    let read = record.read(&mut scanner);
    let end = scanner.at();
    if read.is_ok()
        && text.get(end) == Some(&b'"')
        && let Ok(end) = after_quote(text, end + 1, delimiter)
    {
        return Some(end);
    }
    record.clear();
    None
}

#[inline]
fn take_cell<'a>(row: &mut Row<'a>, layout: &Layout, number: usize, text: &'a [u8]) {
    let envelope = &mut row.envelope;
    let number = Some(number);
    let cell = Text { raw: text };
    if number == layout.id {
        envelope.id = cell;
    } else if number == layout.time {
        envelope.time = cell;
    } else if number == layout.operation {
        envelope.operation = cell;
    } else if number == layout.record_type {
        envelope.record_type = cell;
    } else if number == layout.user {
        envelope.user = cell;
    } else if number == layout.result_index {
        row.result[0] = cell;
    } else if number == layout.result_count {
        row.result[1] = cell;
    }
}

/// Reads the cells of the row at an offset.
///
/// # Errors
/// As [`read_row`].
pub(crate) fn read_cells<'a>(
    text: &'a [u8],
    start: usize,
    layout: &Layout,
    cells: &mut Vec<Cell<'a>>,
) -> Result<usize, Fault> {
    cells.clear();
    let mut at = start;
    loop {
        let cell = Cell::read(text, at, layout.delimiter)?;
        cells.push(cell);
        at = cell.end + 1;
        if text.get(cell.end) != Some(&layout.delimiter) {
            break;
        }
    }
    let surplus = cells.get(layout.names.len()..);
    // Where the record has a cell of its own, that cell tells whether it is whole; elsewhere a missing cell may be a cut.
    let enough = match layout.record {
        Some(record) => record < cells.len(),
        None => surplus.is_some(),
    };
    if enough && surplus.is_none_or(|surplus| surplus.iter().all(|cell| cell.text.is_empty())) {
        Ok(at.min(text.len()))
    } else {
        Err(Fault::Cells)
    }
}

/// The offset after the last whole row of a block that begins with a row: after the last line end outside quotes.
/// `None` when there is none.
pub(crate) fn last_row_end(block: &[u8]) -> Option<usize> {
    let mut end = block.len();
    let mut quoted = count_quotes(block) % 2 == 1;
    while let Some(newline) = memchr::memrchr(b'\n', block.get(..end)?) {
        quoted ^= count_quotes(block.get(newline..end)?) % 2 == 1;
        if !quoted {
            return Some(newline + 1);
        }
        end = newline;
    }
    None
}

fn count_quotes(text: &[u8]) -> usize {
    memchr::memchr_iter(b'"', text).count()
}

#[cfg(test)]
mod tests {
    use super::super::field::Field;
    use super::*;

    #[test]
    fn headers_are_known_in_any_order_and_with_any_delimiter() {
        let purview = Layout::from_header(
            b"RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits",
        );
        assert_eq!(
            purview.map(|layout| (layout.record, layout.id, layout.user)),
            Some((Some(5), Some(0), Some(4)))
        );
        let european = Layout::from_header(b"\"AuditData\";\"CreationDate\";\"Identity\"");
        assert_eq!(
            european.map(|layout| (layout.delimiter, layout.record, layout.id)),
            Some((b';', Some(0), Some(2)))
        );
        assert_eq!(Layout::from_header(b"name,age"), None);
    }

    #[test]
    fn a_block_ends_after_its_last_whole_row() {
        assert_eq!(last_row_end(b"a,\"x\ny\"\nb,\"x\n"), Some(8));
        assert_eq!(last_row_end(b"a,b\n"), Some(4));
        assert_eq!(last_row_end(b"a,\"b\n"), None);
        assert_eq!(last_row_end(&[b'"'; 1000]), None);
    }

    #[test]
    fn cells_around_the_record_are_kept() -> Result<(), Fault> {
        let layout = Layout::from_header(b"AuditData,CreationDate,RecordId").unwrap_or_default();
        let text = b"\"{\"\"Id\"\":\"\"1\"\"}\",\"5/1/2021\r\n\",x\r\n,,\r\n";
        let mut record = Record::default();
        let row = read_row(text, 0, &layout, &mut record)?;
        assert!(row.complete);
        assert_eq!(
            (
                record.text(Field::Id).raw,
                row.envelope.time.raw,
                row.envelope.id.raw
            ),
            (b"1".as_slice(), b"5/1/2021\r\n".as_slice(), b"x".as_slice())
        );
        record.clear();
        let second = read_row(text, row.end, &layout, &mut record)?;
        assert!(!second.complete && second.cell.text.is_empty() && second.end == text.len());
        Ok(())
    }

    #[test]
    fn empty_cells_at_the_end_may_be_missing_or_more() {
        let layout = Layout::from_header(b"RecordId,AuditData,Units,Names").unwrap_or_default();
        let mut record = Record::default();
        let mut read = |row: &'static [u8]| {
            record.clear();
            read_row(row, 0, &layout, &mut record).map(|row| row.complete)
        };
        let whole = Ok(true);
        assert_eq!(read(b"1,\"{\"\"Id\"\":\"\"1\"\"}\",,\n"), whole);
        assert_eq!(read(b"1,\"{\"\"Id\"\":\"\"1\"\"}\"\n"), whole);
        assert_eq!(read(b"1,\"{\"\"Id\"\":\"\"1\"\"}\",,,,\n"), whole);
        assert_eq!(
            read(b"1,\"{\"\"Id\"\":\"\"1\"\"}\",,,x\n"),
            Err(Fault::Cells)
        );
        assert_eq!(read(b"1\n"), Err(Fault::Cells));
        // A table of fields that lacks its last cell may have been cut in its last but one.
        let table = Layout::from_header(b"TimeGenerated [UTC],OfficeId,UserId,Operation")
            .unwrap_or_default();
        let mut cells = Vec::new();
        assert_eq!(read_cells(b"a,b,c,d,\n", 0, &table, &mut cells), Ok(9));
        assert_eq!(
            read_cells(b"a,b\n", 0, &table, &mut cells),
            Err(Fault::Cells)
        );
    }

    #[test]
    fn doubled_quotes_stand_for_one_in_quotes_only() {
        let content = |text: &[u8]| Cell::read(text, 0, b'\t').map(|cell| cell.content());
        assert_eq!(
            content(b"\"{\"\"a\"\":\"\"\"\"}\"\t"),
            Ok(b"{\"a\":\"\"}".to_vec())
        );
        assert_eq!(content(b"{\"a\":\"\"}\t"), Ok(b"{\"a\":\"\"}".to_vec()));
    }

    #[test]
    fn damaged_rows_are_told_apart() {
        let layout = Layout::from_header(b"AuditData,CreationDate").unwrap_or_default();
        let mut record = Record::default();
        assert_eq!(
            read_row(b"\"{}\",b,c\n", 0, &layout, &mut record).err(),
            Some(Fault::Cells)
        );
        assert_eq!(
            read_row(b"\"a,b\n", 0, &layout, &mut record).err(),
            Some(Fault::Quotes)
        );
        assert_eq!(
            read_row(b"\"a\"x,b\n", 0, &layout, &mut record).err(),
            Some(Fault::Quotes)
        );
    }
}

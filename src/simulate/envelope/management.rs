//! Office 365 Management Activity API: the records themselves, as lines or as an array.

use super::{Format, Row, line};

/// One record a line.
pub(super) struct Lines;

impl Format for Lines {
    fn row(&self, row: &Row, _first: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(&line(row));
        out.push(b'\n');
    }
}

/// One array.
pub(super) struct Array;

impl Format for Array {
    fn header(&self, out: &mut Vec<u8>) {
        out.push(b'[');
    }

    fn row(&self, row: &Row, first: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if first { b"\n" } else { b",\n" });
        out.extend_from_slice(row.json.text());
    }

    fn footer(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n]\n");
    }
}

//! Ways in for the fuzz targets: each takes arbitrary bytes, and none may panic. No part of the interface.

use super::address::parse_address;
use super::blocks::{Feeder, last_element_end};
use super::client::{ClientText, parse_client};
use super::csv::last_row_end;
use super::geo::Geo;
use super::time::parse_time;
use super::{IngestOptions, Ingested, Silent, gather_all};
use crate::error::Error;

/// Most bytes a fuzzed file may grow to when decompressed, so that a run stays quick.
const MAX_DECOMPRESSED: u64 = 1 << 22;

/// Reads a text as if it were a file: compression, encoding, envelope, rows, merge and survey.
///
/// # Errors
/// As [`super::read`].
pub fn read_bytes(text: &[u8]) -> Result<Ingested, Error> {
    let options = IngestOptions {
        max_decompressed: MAX_DECOMPRESSED,
        ..IngestOptions::default()
    };
    let feeder = Feeder::of_bytes(text.to_vec(), &options, &Silent)?;
    gather_all(feeder, &Geo::default(), &Silent)
}

/// Where a block of CSV rows and a block of JSON objects may be cut: offsets into the text.
pub fn cuts(text: &[u8]) -> [Option<usize>; 2] {
    [last_row_end(text), last_element_end(text)]
}

/// An address as the events keep it, and its network.
pub fn address(text: &str) -> (String, String) {
    let address = parse_address(text);
    (address.text, address.network)
}

/// A date in milliseconds since 1970-01-01 UTC.
pub fn date(text: &[u8]) -> Option<i64> {
    parse_time(text)
}

/// Family and version of a client: its `ClientInfoString`, process and version, each on a line.
pub fn client(text: &str) -> (&'static str, String) {
    let mut lines = text.splitn(3, '\n');
    let mut next = || lines.next().unwrap_or_default();
    let client = ClientText {
        info: next(),
        process: next(),
        version: next(),
        sign_in: text.len() % 2 == 1,
    };
    let (family, version) = parse_client(client);
    (family.as_str(), version)
}

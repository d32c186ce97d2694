//! Any bytes as a date: no panic, and a date read is read the same from its ISO 8601 form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailglass::ingest::fuzzing::date;

/// The years that are read, 1990 to 2199, in milliseconds since 1970.
const YEARS: std::ops::Range<i64> = 631_152_000_000..7_258_118_400_000;

fuzz_target!(|text: &[u8]| {
    if let Some(time) = date(text) {
        let iso = jiff::Timestamp::from_millisecond(time).expect("a time that exists");
        // An offset can carry the first and the last hours beyond the years that are read.
        if YEARS.contains(&time) {
            assert_eq!(date(iso.to_string().as_bytes()), Some(time), "{iso}");
        }
    }
});

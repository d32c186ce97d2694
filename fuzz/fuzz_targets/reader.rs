//! Any bytes as a file: no panic, and every row is accounted for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailglass::ingest::fuzzing::{cuts, read_bytes};

fuzz_target!(|bytes: &[u8]| {
    for cut in cuts(bytes).into_iter().flatten() {
        assert!(cut <= bytes.len());
    }
    // Text that is no export is an error, which is not silence.
    let Ok(ingested) = read_bytes(bytes) else {
        return;
    };
    let counts = ingested.counts;
    let kept = counts.events + counts.duplicates + counts.other_records;
    assert_eq!(counts.rows, kept + counts.rejects);
    assert_eq!(counts.events, ingested.events.len() as u64);
    assert_eq!(counts.rejects, ingested.rejects.len() as u64);
});

//! Any text as a client: no panic, and a version stays short enough to be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailglass::ingest::fuzzing::client;

fuzz_target!(|text: &str| {
    let (family, version) = client(text);
    assert!(!family.is_empty());
    assert!(version.len() <= text.len() + 32, "{version}");
});

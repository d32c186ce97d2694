//! Any text as an address: no panic, and an address read is read the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mailglass::ingest::fuzzing::address;

fuzz_target!(|text: &str| {
    let (once, network) = address(text);
    assert_eq!(address(&once), (once.clone(), network), "{text:?}");
});

//! The fuzz targets without a fuzzer: mutations of the small corpus in `fuzz/`, the same for every run with the same seed.
//!
//! The ordinary test makes few of them. The ignored one goes on for `MAILGLASS_FUZZ_SECONDS` (default 60) of processor time a
//! target, from `MAILGLASS_FUZZ_SEED` (default 0) on; `MAILGLASS_FUZZ_TARGET` names one target, otherwise all have their turn:
//! `cargo test --release --test it -- --ignored --nocapture fuzz`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mailglass::ingest::fuzzing::{address, client, cuts, date, read_bytes};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256Plus;

use super::assert_conserved;

/// A target: takes bytes and panics when something is wrong.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [
    ("reader", check_reader),
    ("address", check_address),
    ("date", check_date),
    ("client", check_client),
];

/// Pieces with a meaning to some reader.
const TOKENS: [&[u8]; 40] = [
    b"\"",
    b"\"\"",
    b"\\",
    b"\\\"",
    b"\\u",
    b"\\ud83d",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[]",
    b"{}",
    b":",
    b",",
    b";",
    b"\n",
    b"\r\n",
    b"null",
    b"true",
    b"-1",
    b"1e308",
    b"18446744073709551616",
    b"\xff",
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80",
    b"{\"",
    b"\"value\":[",
    b"\"Id\":",
    b"AuditData",
    b"::",
    b"%",
    b"/",
    b"0000",
    b"+14:00",
    b" PM",
    b"Client=",
    b"T24:00:00",
];

/// The years that are read, 1990 to 2199, in milliseconds since 1970.
const YEARS: std::ops::Range<i64> = 631_152_000_000..7_258_118_400_000;

fn check_reader(bytes: &[u8]) {
    for cut in cuts(bytes).into_iter().flatten() {
        assert!(cut <= bytes.len());
    }
    if let Ok(ingested) = read_bytes(bytes) {
        assert_conserved(&ingested);
    }
}

fn check_address(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (once, network) = address(&text);
    assert_eq!(address(&once), (once.clone(), network), "{text:?}");
}

fn check_date(bytes: &[u8]) {
    if let Some(time) = date(bytes) {
        let iso = jiff::Timestamp::from_millisecond(time).expect("a time that exists");
        // An offset can carry the first and the last hours beyond the years that are read.
        if YEARS.contains(&time) {
            assert_eq!(date(iso.to_string().as_bytes()), Some(time), "{iso}");
        }
    }
}

fn check_client(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (family, version) = client(&text);
    assert!(!family.is_empty());
    assert!(version.len() <= text.len() + 32, "{version}");
}

/// The corpus of a target, sorted by name.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = std::fs::read_dir(&folder).expect("the corpus in fuzz/");
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a file"))
        .collect()
}

/// Changes a text in one place.
fn mutate(text: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Xoshiro256Plus) {
    let at = random.gen_range(0..=text.len());
    let end = (at + random.gen_range(1..=64)).min(text.len());
    match random.gen_range(0..8) {
        0 => text.truncate(at),
        1 => drop(text.drain(at..end)),
        2 if at < text.len() => text[at] = random.r#gen(),
        3 if at < text.len() => text[at] ^= 1 << random.gen_range(0..8),
        4 => {
            let copy = text[at..end].to_vec();
            let to = random.gen_range(0..=text.len());
            text.splice(to..to, copy);
        }
        5 => {
            let other = &corpus[random.gen_range(0..corpus.len())];
            let from = random.gen_range(0..=other.len());
            text.truncate(at);
            text.extend_from_slice(&other[from..]);
        }
        _ => {
            let token = TOKENS[random.gen_range(0..TOKENS.len())];
            let replaced = if random.r#gen() { at } else { end };
            text.splice(at..replaced, token.iter().copied());
        }
    }
}

/// Runs a target until told to stop; the number of runs.
fn fuzz((name, check): Target, seed: u64, mut go_on: impl FnMut(u64) -> bool) -> u64 {
    let corpus = corpus(name);
    corpus.iter().for_each(|text| check(text));
    let mut random = Xoshiro256Plus::seed_from_u64(seed);
    let mut runs = 0;
    while go_on(runs) {
        let mut text = corpus[random.gen_range(0..corpus.len())].clone();
        for _ in 0..random.gen_range(1..=6) {
            mutate(&mut text, &corpus, &mut random);
        }
        let held = catch_unwind(AssertUnwindSafe(|| check(&text)));
        assert!(
            held.is_ok(),
            "{name}, seed {seed}, run {runs}: {}",
            text.escape_ascii()
        );
        runs += 1;
    }
    runs
}

#[test]
fn the_corpus_and_some_mutations_hold() {
    for target in TARGETS {
        let most = if target.0 == "reader" { 400 } else { 20_000 };
        assert_eq!(fuzz(target, 0, |runs| runs < most), most);
    }
}

/// Processor time of this process, so that a busy machine fuzzes no less; time on the wall where the system does not tell.
fn clock(start: Instant) -> Duration {
    // Linux counts hundredths of a second, of user and system, in fields 14 and 15; the name before them may hold blanks.
    let told = std::fs::read_to_string("/proc/self/stat").ok();
    let ticks = told.as_deref().and_then(|text| {
        let (_, after_name) = text.rsplit_once(')')?;
        let mut fields = after_name.split_ascii_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<u64>().ok();
        Some(next()? + next()?)
    });
    ticks.map_or_else(
        || start.elapsed(),
        |ticks| Duration::from_millis(ticks * 10),
    )
}

#[test]
#[ignore = "takes minutes; see the head of this file"]
fn many_mutations_hold() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
    };
    let seconds = Duration::from_secs(number("MAILGLASS_FUZZ_SECONDS", 60));
    let seed = number("MAILGLASS_FUZZ_SEED", 0);
    let only = std::env::var("MAILGLASS_FUZZ_TARGET").ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    assert!(TARGETS.iter().any(|(name, _)| wanted(name)), "{only:?}");
    let start = Instant::now();
    for target in TARGETS.into_iter().filter(|(name, _)| wanted(name)) {
        let before = clock(start);
        let mut spent = Duration::ZERO;
        let runs = fuzz(target, seed, |runs| {
            if runs % 64 == 0 {
                spent = clock(start).saturating_sub(before);
            }
            spent < seconds
        });
        println!("{}: {runs} runs in {spent:?} of processor time", target.0);
    }
}

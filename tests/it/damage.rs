//! Randomly damaged exports: no panic, and every row is accounted for.

use std::fs;

use mailglass::ingest::{IngestOptions, Input, Silent, read};
use proptest::prelude::*;

use crate::envelopes::{envelopes, records};
use crate::ingest::assert_conserved;

/// What can happen to a file.
#[derive(Debug, Clone)]
enum Damage {
    /// Everything after a position is lost.
    Cut(prop::sample::Index),
    /// A byte is another.
    Flip(prop::sample::Index, u8),
    /// A quote or bracket is lost.
    Lose(prop::sample::Index),
    /// A line comes twice.
    Repeat(prop::sample::Index),
    /// A piece is lost.
    Hole(prop::sample::Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Damage::Cut),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        any::<prop::sample::Index>().prop_map(Damage::Lose),
        any::<prop::sample::Index>().prop_map(Damage::Repeat),
        (any::<prop::sample::Index>(), 1usize..400)
            .prop_map(|(at, length)| Damage::Hole(at, length)),
    ]
}

fn apply(text: &mut Vec<u8>, damage: &Damage) {
    if text.is_empty() {
        return;
    }
    match damage {
        Damage::Cut(at) => text.truncate(at.index(text.len())),
        Damage::Flip(at, byte) => {
            let at = at.index(text.len());
            text[at] = *byte;
        }
        Damage::Lose(at) => {
            let marks: Vec<usize> = (0..text.len())
                .filter(|&at| b"\"{}[],\n\\".contains(&text[at]))
                .collect();
            if !marks.is_empty() {
                text.remove(marks[at.index(marks.len())]);
            }
        }
        Damage::Repeat(at) => {
            let lines: Vec<Vec<u8>> = text
                .split(|&byte| byte == b'\n')
                .map(<[u8]>::to_vec)
                .collect();
            let line = lines[at.index(lines.len())].clone();
            text.push(b'\n');
            text.extend(line);
        }
        Damage::Hole(at, length) => {
            let start = at.index(text.len());
            let end = (start + length).min(text.len());
            text.drain(start..end);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_row_is_lost_in_silence(which in any::<prop::sample::Index>(), damages in prop::collection::vec(damage(), 1..4)) {
        let whole = envelopes(&records());
        let (name, _, content) = &whole[which.index(whole.len())];
        let mut text = content.clone().into_bytes();
        for damage in &damages {
            apply(&mut text, damage);
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("damaged");
        fs::write(&path, &text).expect("a file");
        // A file too damaged to be recognised is an error, which is not silence.
        if let Ok(ingested) = read(&[Input::new(&path)], &IngestOptions::default(), &Silent) {
            assert_conserved(&ingested);
            let counts = ingested.counts;
            prop_assert!(counts.events <= 11 + damages.len() as u64, "{name}: {counts:?}");
        } else {
            prop_assert!(damages.len() < 4);
        }
    }

    #[test]
    fn one_damaged_line_costs_no_other_line(line in 0usize..11, damage in damage()) {
        let records = records();
        let mut lines: Vec<Vec<u8>> = records.iter().map(|record| record.clone().into_bytes()).collect();
        apply(&mut lines[line], &damage);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("damaged.json");
        fs::write(&path, lines.join(&b'\n')).expect("a file");
        let ingested = read(&[Input::new(&path)], &IngestOptions::default(), &Silent).expect("ten whole lines");
        assert_conserved(&ingested);
        // Ten lines are whole; one of them may be the duplicate.
        prop_assert!(ingested.counts.events + ingested.counts.other_records + ingested.counts.duplicates >= 10, "{:?}", ingested.counts);
    }

    #[test]
    fn one_damaged_csv_row_costs_no_other_row(line in 1usize..12, at in any::<prop::sample::Index>()) {
        let whole = envelopes(&records());
        let mut lines: Vec<Vec<u8>> = whole[0].2.trim_end().as_bytes().split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        apply(&mut lines[line], &Damage::Lose(at));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("damaged.csv");
        fs::write(&path, lines.join(&b'\n')).expect("a file");
        let ingested = read(&[Input::new(&path)], &IngestOptions::default(), &Silent).expect("ten whole rows");
        assert_conserved(&ingested);
        prop_assert!(ingested.counts.events + ingested.counts.other_records + ingested.counts.duplicates >= 10, "{:?} {:?}", ingested.counts, ingested.rejects);
    }
}

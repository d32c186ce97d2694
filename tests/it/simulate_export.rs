//! Simulated exports: same bytes, true labels, every envelope, whole directories.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use mailglass::simulate::{
    Attack, Compression, Envelope, SimulateError, SimulateSettings, Summary, simulate,
};
use serde_json::Value;

use crate::command::{mailglass, stderr};
use crate::simulate::{in_memory, small};

fn run(settings: SimulateSettings, directory: &Path) -> Summary {
    simulate(&settings.check().expect("valid settings"), directory).expect("a simulation")
}

fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(directory).expect("a directory");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            (
                path.file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                std::fs::read(&path).expect("a file"),
            )
        })
        .collect()
}

fn column(path: &Path, index: usize) -> Vec<String> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    reader
        .records()
        .map(|row| row.expect("a row")[index].to_owned())
        .collect()
}

/// Ids of the records in an export file, in order, whatever its envelope. Panics on anything that is not what the envelope promises.
fn ids(envelope: Envelope, text: &str) -> Vec<String> {
    let id = |record: &Value| record["Id"].as_str().expect("an id").to_owned();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let lines = || text.lines().map(parsed);
    let table = |name: &'static str| {
        let plain = text.trim_start_matches('\u{feff}');
        let plain = if plain.starts_with("#TYPE") {
            plain.split_once('\n').expect("two lines").1
        } else {
            plain
        };
        let mut reader = csv::Reader::from_reader(plain.as_bytes());
        let place = reader
            .headers()
            .expect("a header")
            .iter()
            .position(|header| header == name)
            .expect("the column");
        reader
            .into_records()
            .map(|row| row.expect("a row")[place].to_owned())
            .collect::<Vec<_>>()
    };
    let from_cells = |name| table(name).iter().map(|cell| id(&parsed(cell))).collect();
    match envelope {
        Envelope::PurviewCsv | Envelope::SearchCsv => from_cells("AuditData"),
        Envelope::ManagementLines | Envelope::SplunkLines => {
            lines().map(|record| id(&record)).collect()
        }
        Envelope::ManagementArray => parsed(text)
            .as_array()
            .expect("an array")
            .iter()
            .map(id)
            .collect(),
        Envelope::GraphLines => lines().map(|record| id(&record["auditData"])).collect(),
        Envelope::GraphArray => {
            let whole = parsed(text);
            whole["value"]
                .as_array()
                .expect("an array")
                .iter()
                .map(|record| id(&record["auditData"]))
                .collect()
        }
        Envelope::SentinelCsv => table("OfficeId"),
        Envelope::SentinelLines => lines()
            .map(|row| row["OfficeId"].as_str().expect("an id").to_owned())
            .collect(),
        Envelope::DefenderCsv => from_cells("RawEventData"),
        Envelope::ElasticLines => lines()
            .map(|row| {
                id(&parsed(
                    row["event"]["original"].as_str().expect("the record"),
                ))
            })
            .collect(),
        Envelope::SplunkCsv => from_cells("_raw"),
        other => panic!("no reader for {other}"),
    }
}

fn read(path: PathBuf) -> String {
    let bytes = std::fs::read(&path).expect("a file");
    let mut text = String::new();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => {
            flate2::read::GzDecoder::new(bytes.as_slice())
                .read_to_string(&mut text)
                .expect("gzip");
        }
        Some("zst") => {
            zstd::Decoder::new(bytes.as_slice())
                .expect("zstd")
                .read_to_string(&mut text)
                .expect("zstd");
        }
        _ => text = String::from_utf8(bytes).expect("UTF-8"),
    }
    text
}

#[test]
fn the_same_settings_give_the_same_bytes() {
    let place = tempfile::tempdir().expect("a place");
    let settings = SimulateSettings {
        attacks: Attack::ALL.to_vec(),
        compression: Compression::Gzip,
        ..small(4)
    };
    let first = run(settings.clone(), &place.path().join("first"));
    let second = run(settings, &place.path().join("second"));
    assert_eq!(first, second);
    assert_eq!(
        contents(&place.path().join("first")),
        contents(&place.path().join("second"))
    );
    run(small(5), &place.path().join("third"));
    assert_ne!(
        contents(&place.path().join("first"))["labels.csv"],
        contents(&place.path().join("third"))["labels.csv"]
    );
}

#[test]
fn labels_name_records_that_are_there_and_no_record_is_both() {
    let place = tempfile::tempdir().expect("a place");
    let directory = place.path().join("tenant");
    let summary = run(
        SimulateSettings {
            attacks: Attack::ALL.to_vec(),
            ..small(1)
        },
        &directory,
    );
    let all = ids(Envelope::PurviewCsv, &read(directory.join("audit.csv")));
    let known: BTreeSet<&String> = all.iter().collect();
    let attacked = column(&directory.join("labels.csv"), 0);
    let alike = column(&directory.join("lookalikes.csv"), 0);
    assert!(attacked.iter().chain(&alike).all(|id| known.contains(id)));
    let attacked: BTreeSet<&String> = attacked.iter().collect();
    assert!(alike.iter().all(|id| !attacked.contains(id)));
    assert_eq!(attacked.len() as u64, summary.attack_records);
    assert_eq!(alike.len() as u64, summary.look_alike_records);
    assert_eq!(all.len() as u64, summary.rows);
    assert_eq!((all.len() - known.len()) as u64, summary.duplicates);
    let episodes: BTreeSet<String> = column(&directory.join("labels.csv"), 2)
        .into_iter()
        .collect();
    assert_eq!(episodes, summary.episodes.iter().cloned().collect());
}

#[test]
fn every_envelope_holds_the_same_records() {
    let place = tempfile::tempdir().expect("a place");
    let settings = SimulateSettings {
        people: 6,
        days: 5,
        ..Default::default()
    };
    let expected: Vec<(String, bool)> = in_memory(settings.clone())
        .into_iter()
        .map(|record| {
            (
                record.id,
                record
                    .json
                    .contains("\"Workload\":\"AzureActiveDirectory\""),
            )
        })
        .collect();
    for envelope in Envelope::ALL {
        let directory = place.path().join(envelope.name());
        run(
            SimulateSettings {
                envelope,
                ..settings.clone()
            },
            &directory,
        );
        let found = ids(
            envelope,
            &read(directory.join(format!("audit.{}", envelope.extension()))),
        );
        let sentinel = matches!(envelope, Envelope::SentinelCsv | Envelope::SentinelLines);
        let kept = expected
            .iter()
            .filter(|(_, directory)| !(sentinel && *directory))
            .map(|(id, _)| id);
        assert!(kept.eq(&found), "{envelope} holds other records");
    }
}

/// Days of the records of a file with one record per line.
fn days(text: &str) -> BTreeSet<String> {
    let time = |row: &str| {
        let record: Value = serde_json::from_str(row).expect("a record");
        record["CreationTime"].as_str().expect("a time")[..10].to_owned()
    };
    text.lines().map(time).collect()
}

#[test]
fn files_and_compression_only_divide_and_pack_the_rows() {
    let place = tempfile::tempdir().expect("a place");
    let settings = SimulateSettings {
        people: 6,
        days: 6,
        duplicates: 0.1,
        envelope: Envelope::ManagementLines,
        ..Default::default()
    };
    run(settings.clone(), &place.path().join("one"));
    let whole = read(place.path().join("one/audit.jsonl"));
    for (compression, suffix) in [(Compression::Gzip, ".gz"), (Compression::Zstd, ".zst")] {
        let directory = place.path().join(suffix);
        let summary = run(
            SimulateSettings {
                files: 3,
                compression,
                ..settings.clone()
            },
            &directory,
        );
        assert_eq!(summary.files.len(), 3);
        let parts: Vec<String> = summary
            .files
            .iter()
            .map(|name| read(directory.join(name)))
            .collect();
        let sorted = |text: &str| {
            let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
            rows.sort_unstable();
            rows
        };
        assert_eq!(sorted(&parts.concat()), sorted(&whole));
        // Repetitions are listed hours later; they stay with the day of their record.
        let days: Vec<BTreeSet<String>> = parts.iter().map(|part| days(part)).collect();
        assert!(days.iter().all(|days| days.len() == 2), "{days:?}");
        assert!(days.is_sorted_by(|a, b| a.last() < b.first()), "{days:?}");
        // Within a file the order is that of the whole.
        let mut rest = parts[1].lines().peekable();
        for row in whole.lines() {
            rest.next_if_eq(&row);
        }
        assert_eq!(rest.next(), None);
        assert!(summary.files[1].ends_with(&format!("-002.jsonl{suffix}")));
    }
}

#[test]
fn damaged_rows_come_only_when_asked_for_and_never_carry_a_label() {
    let place = tempfile::tempdir().expect("a place");
    let directory = place.path().join("tenant");
    let summary = run(
        SimulateSettings {
            broken: 0.1,
            ..small(2)
        },
        &directory,
    );
    let mut reader = csv::Reader::from_path(directory.join("audit.csv")).expect("a table");
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let broken = rows
        .iter()
        .filter(|row| serde_json::from_str::<Value>(&row[5]).is_err());
    let broken: BTreeSet<String> = broken.map(|row| row[0].to_owned()).collect();
    let empty = rows.iter().filter(|row| row[5].is_empty()).count();
    assert!(
        summary.damaged > 300 && empty > 100 && empty < summary.damaged as usize,
        "{} damaged, {empty} empty",
        summary.damaged
    );
    assert!(
        column(&directory.join("labels.csv"), 0)
            .iter()
            .all(|id| !broken.contains(id))
    );
    assert!(
        column(&directory.join("lookalikes.csv"), 0)
            .iter()
            .all(|id| !broken.contains(id))
    );
    let refused = SimulateSettings {
        broken: 0.1,
        envelope: Envelope::ManagementArray,
        ..small(2)
    }
    .check();
    assert!(matches!(
        refused,
        Err(SimulateError::OutOfRange {
            setting: "broken",
            ..
        })
    ));
}

#[test]
fn the_directory_appears_whole_or_not_at_all() {
    let place = tempfile::tempdir().expect("a place");
    let taken = place.path().join("taken");
    std::fs::create_dir(&taken).expect("a directory");
    run(
        SimulateSettings {
            people: 4,
            days: 2,
            ..Default::default()
        },
        &taken,
    );
    let again = SimulateSettings {
        people: 4,
        days: 2,
        ..Default::default()
    }
    .check()
    .expect("valid");
    assert!(matches!(
        simulate(&again, &taken),
        Err(SimulateError::OutputExists { .. })
    ));
    let impossible = place.path().join("taken/audit.csv/below");
    assert!(matches!(
        simulate(&again, &impossible),
        Err(SimulateError::Write { .. })
    ));
    assert_eq!(contents(place.path().join("taken").as_path()).len(), 5);
    let left: Vec<_> = std::fs::read_dir(place.path())
        .expect("a directory")
        .collect();
    assert_eq!(left.len(), 1, "something unfinished is left: {left:?}");
}

#[test]
fn the_sample_tenant_is_what_its_command_writes() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks-data/tenant");
    let place = tempfile::tempdir().expect("a place");
    let directory = place.path().join("tenant");
    run(
        SimulateSettings {
            compression: Compression::Gzip,
            ..small(7)
        },
        &directory,
    );
    let (written, shipped) = (contents(&directory), contents(&sample));
    assert_eq!(
        written.keys().collect::<Vec<_>>(),
        shipped.keys().collect::<Vec<_>>()
    );
    // The text, not the packed bytes: another release of the compressor may pack it otherwise.
    for name in written.keys() {
        assert!(
            read(directory.join(name)) == read(sample.join(name)),
            "{name} differs from the sample"
        );
    }
    assert!(shipped["audit.csv.gz"].len() < 3_000_000);
}

#[test]
fn all_attacks_and_a_wrong_name_are_not_all_attacks() {
    let parent = tempfile::tempdir().expect("a folder");
    let tenant = |name: &str, attacks: &str| {
        let out = parent.path().join(name);
        let out = out.to_str().expect("UTF-8").to_owned();
        let small = ["--people", "4", "--days", "4", "--attack", attacks];
        mailglass(&[&["simulate", "--out", &out][..], &small].concat())
    };
    let refused = tenant("refused", "all,storm0559");
    assert!(!refused.status.success() && stderr(&refused).contains("storm0559"));
    let once = tenant("once", "storm0558,all");
    assert!(once.status.success(), "{}", stderr(&once));
    let labels = read(parent.path().join("once/labels.csv"));
    assert!(labels.contains("storm0558#0") && labels.contains("mass_sync"));
}

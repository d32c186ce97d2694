//! Files that were appended to each other: marks, headers and joints in the middle.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{assert_conserved, dump, folder, ingest, purview, record, write};
use mailglass::error::Error;
use mailglass::ingest::Ingested;

const MARK: &str = "\u{feff}";

/// So many records that a file of them is cut into several blocks.
fn many() -> Vec<String> {
    (0..3_000).map(|id| record(id, id % 60)).collect()
}

/// The table of `Search-UnifiedAuditLog`, whose columns stand in another order than Purview's.
fn search(records: &[String]) -> String {
    let rows = records.iter().map(|record| {
        let record = record.replace('"', "\"\"");
        format!("\"{record}\",\"3/1/2024 10:00:00 AM\",\"ann\",\"MailItemsAccessed\"\n")
    });
    let header = "\"AuditData\",\"CreationDate\",\"UserIds\",\"Operations\"\n".to_owned();
    header + &rows.collect::<String>()
}

fn read(name: &str, text: &str) -> Result<Ingested, Error> {
    let folder = folder();
    let ingested = ingest(&[&write(folder.path(), name, text)])?;
    assert_conserved(&ingested);
    Ok(ingested)
}

/// Holds that a text gives the events of the records, each of its rows once.
fn assert_whole(name: &str, text: &str, records: &[String]) -> Result<(), Error> {
    let expected = dump(&read("expected.json", &records.join("\n"))?)?;
    let ingested = read(name, text)?;
    let counts = ingested.counts;
    assert_eq!(
        (counts.rows, counts.rejects),
        (records.len() as u64, 0),
        "{name}: {:?}",
        ingested.rejects.first()
    );
    assert!(dump(&ingested)? == expected, "{name}");
    Ok(())
}

#[test]
fn marks_and_joints_in_the_middle_cost_no_record() -> Result<(), Error> {
    let records: Vec<String> = (0..6).map(|id| record(id, id)).collect();
    let (one, other) = records.split_at(3);
    let lines = |records: &[String]| records.join("\n");
    assert_whole(
        "marks.json",
        &format!("{MARK}{}\n{MARK}{}\n", lines(one), lines(other)),
        &records,
    )?;
    assert_whole(
        "joint.json",
        &format!("{}{}", lines(one), lines(other)),
        &records,
    )?;
    assert_whole(
        "joint-with-a-mark.json",
        &format!("{}{MARK}{}", lines(one), lines(other)),
        &records,
    )?;
    assert_whole("one-line.json", &records.concat(), &records)?;
    let arrays = |records: &[String]| format!("{MARK}[{}]\r\n", records.join(","));
    assert_whole("arrays.json", &(arrays(one) + &arrays(other)), &records)?;
    let tables = [one, other].map(|of| format!("{MARK}{}", purview(of)));
    assert_whole("marks.csv", &tables.concat(), &records)?;
    // What stands behind a whole record and is none is damage of its row.
    let damaged = read("behind.json", &format!("{} x\n{}", one[0], one[1]))?;
    assert_eq!((damaged.counts.events, damaged.counts.rejects), (1, 1));
    let damaged = read("half.json", &format!("{}{{\"Id\":\n{}", one[0], one[1]))?;
    assert_eq!((damaged.counts.events, damaged.counts.rejects), (2, 1));
    Ok(())
}

#[test]
fn a_repeated_header_is_no_row() -> Result<(), Error> {
    let records = many();
    let (one, other) = records.split_at(2_000);
    let between = ["", "#TYPE Deserialized.Record\r\n", "sep=,\n\n"];
    for (number, before) in between.iter().enumerate() {
        let text = [search(one), (*before).to_owned(), search(other)].concat();
        assert_whole(&format!("{number}.csv"), &text, &records)?;
    }
    let flat = "CreationTime,Id,Operation,UserId\n2024-03-01T10:00:00,a,Send,ann\n";
    let twice = read("flat.csv", &flat.repeat(2))?;
    let counts = twice.counts;
    assert_eq!((counts.rows, counts.duplicates, counts.rejects), (2, 1, 0));
    Ok(())
}

#[test]
fn a_header_with_other_columns_holds_for_the_rows_behind_it() -> Result<(), Error> {
    let records = many();
    let (one, rest) = records.split_at(1_000);
    let (other, last) = rest.split_at(1_000);
    let text = [purview(one), search(other), purview(last)].concat();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| assert_whole("columns.csv", &text, &records))?;
    }
    // A table of fields behind one of whole records.
    let flat = "CreationTime,Id,Operation,UserId\n2024-03-01T10:00:00,a,Send,ann\n";
    let mixed = read("mixed.csv", &(purview(one) + flat))?;
    assert_eq!((mixed.counts.events, mixed.counts.rejects), (1_001, 0));
    Ok(())
}

#[test]
fn what_can_be_read_once_only_says_that_its_columns_change() {
    let records = many();
    let (one, other) = records.split_at(1_000);
    let mut child = Command::new(env!("CARGO_BIN_EXE_mailglass"))
        .args(["inspect", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("mailglass runs");
    let mut input = child.stdin.take().expect("its input");
    input
        .write_all((purview(one) + &search(other)).as_bytes())
        .expect("a pipe");
    drop(input);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("the columns change in the middle"), "{said}");
}

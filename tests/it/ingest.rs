//! Reading real and damaged exports through the library.

mod appended;
mod bomb;
mod coverage;
mod dates;
mod fuzz;
mod geoip;
mod simulated;
mod variants;

use std::fs;
use std::path::{Path, PathBuf};

use crate::shared_data::shared_data;
use mailglass::error::Error;
use mailglass::event::{AccessType, Operation};
use mailglass::ingest::{Counts, Envelope, IngestOptions, Ingested, Input, Silent, read};

/// A file of the shared test data, or `None` (said on stderr) where they are not there.
fn shared(name: &str) -> Option<PathBuf> {
    shared_data().map(|folder| folder.join(name))
}

fn ingest(paths: &[&Path]) -> Result<Ingested, Error> {
    let inputs: Vec<Input> = paths.iter().map(|path| Input::new(*path)).collect();
    read(&inputs, &IngestOptions::default(), &Silent)
}

/// Every row is an event, a duplicate, another record or a reject; in each file and in all.
pub(crate) fn assert_conserved(ingested: &Ingested) {
    let sum =
        |counts: Counts| counts.events + counts.duplicates + counts.other_records + counts.rejects;
    let mut total = Counts::default();
    for file in &ingested.files {
        assert_eq!(
            file.counts.rows,
            sum(file.counts),
            "{}",
            file.path.display()
        );
        total += file.counts;
    }
    assert_eq!(total, ingested.counts);
    assert_eq!(ingested.counts.events, ingested.events.len() as u64);
    assert_eq!(ingested.counts.rejects, ingested.rejects.len() as u64);
    assert_eq!(
        ingested.counts.other_records,
        ingested
            .other
            .iter()
            .map(|(_, _, count)| count)
            .sum::<u64>()
    );
}

/// Everything of a table, as text.
pub(crate) fn dump(ingested: &Ingested) -> Result<String, Error> {
    let columns = ingested.events.columns()?;
    let mut out = format!("{columns:?}\n");
    for row in 0..ingested.events.len() {
        out.push_str(&columns.record_id.get(row));
        for item in ingested.events.items(row) {
            out.push_str(&format!(" {item:?}"));
        }
        out.push('\n');
    }
    Ok(out)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).expect("a file in a temporary folder");
    path
}

fn record(id: u32, second: u32) -> String {
    format!(
        r#"{{"CreationTime":"2024-03-01T10:00:{second:02}","Id":"00000000-0000-0000-0000-{id:012}","Operation":"MailItemsAccessed","RecordType":50,"UserId":"Ann@contoso.example","Workload":"Exchange","MailboxOwnerUPN":"ann@contoso.example","OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}}],"Folders":[{{"FolderItems":[{{"InternetMessageId":"<{id}@x>","SizeInBytes":10}}],"Path":"\\Inbox"}}],"OperationCount":1}}"#
    )
}

fn purview(records: &[String]) -> String {
    let mut out =
        "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits\n"
            .to_owned();
    for record in records {
        out.push_str(&format!(
            "x,2024-03-01T10:00:00.0000000Z ,50,MailItemsAccessed,ann,\"{}\",\n",
            record.replace('"', "\"\"")
        ));
    }
    out
}

#[test]
fn the_lab_export_gives_exactly_its_known_figures() -> Result<(), Error> {
    let Some(path) = shared("lab-tenant-audit.csv.gz") else {
        return Ok(());
    };
    let ingested = ingest(&[&path])?;
    assert_conserved(&ingested);
    let counts = ingested.counts;
    assert_eq!(
        (counts.rows, counts.rejects, counts.duplicates),
        (9_611, 3, 4_235)
    );
    assert_eq!(counts.events + counts.other_records, 5_373);
    assert!(
        ingested
            .rejects
            .iter()
            .all(|reject| reject.reason == "the AuditData cell is empty"
                && !reject.excerpt.is_empty())
    );
    assert_eq!(ingested.files[0].envelope, Envelope::AuditSearch);
    let columns = ingested.events.columns()?;
    let access = |wanted: AccessType| {
        columns
            .access
            .iter()
            .filter(|access| **access == wanted as u8)
            .count()
    };
    assert_eq!(
        (access(AccessType::Bind), access(AccessType::Sync)),
        (288, 30)
    );
    let reads =
        (0..ingested.events.len()).filter(|&row| columns.operation.get(row) == "MailItemsAccessed");
    let mut mailboxes: Vec<&str> = reads.clone().map(|row| columns.mailbox.get(row)).collect();
    assert_eq!(mailboxes.len(), 318);
    mailboxes.sort_unstable();
    mailboxes.dedup();
    assert_eq!(mailboxes.len(), 12);
    assert!(
        mailboxes
            .iter()
            .all(|mailbox| mailbox.contains('@') && **mailbox == mailbox.to_lowercase())
    );
    // Each Bind names as many messages as it counts; the fields the export lacks stay empty.
    for row in reads
        .clone()
        .filter(|&row| columns.access[row] == AccessType::Bind as u8)
    {
        assert_eq!(
            ingested.events.items(row).count() as u32,
            columns.items[row]
        );
    }
    assert_eq!(
        reads
            .clone()
            .filter(|&row| !columns.session_id.get(row).is_empty())
            .count(),
        79
    );
    let rest_system =
        |row: &usize| columns.client_info.get(*row) == "Client=REST;Client=RESTSystem;;";
    assert_eq!(reads.clone().filter(rest_system).count(), 205);
    let owa: Vec<usize> = reads
        .filter(|&row| columns.client_info.get(row).starts_with("Client=OWA"))
        .collect();
    assert_eq!(owa.len(), 57);
    assert!(
        owa.iter()
            .all(|&row| columns.client_app_id.get(row).is_empty())
    );
    // Rules and forwarding carry a mailbox's address, although the log gives its alias.
    let forwarding =
        (0..ingested.events.len()).filter(|&row| columns.operation.get(row) == "Set-Mailbox");
    let forwarded: Vec<&str> = forwarding.map(|row| columns.mailbox.get(row)).collect();
    assert_eq!(forwarded.len(), 5);
    assert!(
        forwarded.iter().all(|mailbox| mailbox.contains('@')),
        "{forwarded:?}"
    );
    Ok(())
}

#[test]
fn simulated_tenants_are_read_whole() -> Result<(), Error> {
    for (name, envelope, events, duplicates, other) in [
        (
            "tenant-a/audit.csv.gz",
            Envelope::PurviewCsv,
            72_209,
            2_280,
            1_825,
        ),
        (
            "tenant-b/audit.csv.gz",
            Envelope::AuditSearch,
            25_245,
            757,
            675,
        ),
    ] {
        let Some(path) = shared(name) else {
            return Ok(());
        };
        let ingested = ingest(&[&path])?;
        assert_conserved(&ingested);
        assert_eq!(ingested.files[0].envelope, envelope);
        let counts = ingested.counts;
        assert_eq!(
            (
                counts.events,
                counts.duplicates,
                counts.other_records,
                counts.rejects
            ),
            (events, duplicates, other, 0)
        );
        let columns = ingested.events.columns()?;
        assert!(columns.time.is_sorted());
        let rules = columns
            .operation
            .names
            .iter()
            .filter(|name| Operation::classify(name).is_rule_change())
            .count();
        assert_eq!(rules, 1);
    }
    Ok(())
}

#[test]
fn threads_order_and_blocks_change_nothing() -> Result<(), Error> {
    let Some(path) = shared("tenant-b/audit.csv.gz") else {
        return Ok(());
    };
    let lab = shared("lab-tenant-audit.csv.gz").unwrap_or_else(|| path.clone());
    let with = |threads: usize, paths: &[&Path]| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| ingest(paths))
            .and_then(|ingested| dump(&ingested))
    };
    let one = with(1, &[&path, &lab])?;
    assert!(one == with(3, &[&lab, &path])?);
    Ok(())
}

#[test]
fn of_records_with_one_id_the_same_is_kept_in_any_order() -> Result<(), Error> {
    let folder = folder();
    let records = [record(1, 30), record(1, 20), record(2, 5)];
    let first = write(folder.path(), "a.csv", purview(&records));
    let reversed: Vec<String> = records.iter().rev().cloned().collect();
    let second = write(folder.path(), "b.csv", purview(&reversed));
    let (first, second) = (ingest(&[&first])?, ingest(&[&second])?);
    assert_eq!((first.counts.events, first.counts.duplicates), (2, 1));
    assert_eq!(dump(&first)?, dump(&second)?);
    Ok(())
}

#[test]
fn encodings_and_compressions_change_nothing() -> Result<(), Error> {
    use std::io::Write;
    let folder = folder();
    let text = purview(&[
        record(1, 1),
        record(2, 2).replace("Inbox", "Boîte de réception"),
    ]);
    let expected = dump(&ingest(&[&write(folder.path(), "plain.csv", &text)])?)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).expect("memory");
    let utf16: Vec<u8> = std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    for (name, content) in [
        ("bom.csv", format!("\u{feff}{text}").into_bytes()),
        ("crlf.csv", text.replace('\n', "\r\n").into_bytes()),
        (
            "type.csv",
            format!("#TYPE Deserialized.Record\n{text}").into_bytes(),
        ),
        ("packed", gzip.finish().expect("memory")),
        (
            "zstd",
            zstd::encode_all(text.as_bytes(), 3).expect("memory"),
        ),
        ("utf16.csv", utf16),
        ("no-newline.csv", text.trim_end().as_bytes().to_vec()),
    ] {
        let ingested = ingest(&[&write(folder.path(), name, content)])?;
        assert_conserved(&ingested);
        assert_eq!(dump(&ingested)?, expected, "{name}");
    }
    Ok(())
}

#[test]
fn bad_inputs_are_told_apart_and_the_rest_is_read() -> Result<(), Error> {
    let folder = folder();
    let good = write(folder.path(), "good.csv", purview(&[record(1, 1)]));
    for (name, content, says) in [
        ("empty.csv", "", "the file is empty"),
        ("people.csv", "name,age\nann,7\n", "no AuditData column"),
        ("text.txt", "hello\n", "not an audit export"),
        (
            "book.xlsx",
            "PK\u{3}\u{4}rest",
            "ZIP archive or an Excel workbook",
        ),
    ] {
        let bad = write(folder.path(), name, content);
        let error = ingest(&[&bad]).expect_err(name);
        assert!(
            error.is_input()
                && error.to_string().contains(says)
                && error.to_string().contains("hint:"),
            "{error}"
        );
        let ingested = ingest(&[&bad, &good])?;
        assert_eq!(
            (ingested.counts.events, ingested.failures.len()),
            (1, 1),
            "{name}"
        );
    }
    let missing = folder.path().join("missing.csv");
    assert!(ingest(&[&missing]).expect_err("missing").is_not_found());
    assert_eq!(ingest(&[&missing, &good])?.failures.len(), 1);
    Ok(())
}

#[test]
fn damaged_rows_are_rejected_one_by_one() -> Result<(), Error> {
    let folder = folder();
    let whole: Vec<String> = (0..6).map(|id| record(id, id)).collect();
    let mut csv: Vec<String> = purview(&whole).lines().map(str::to_owned).collect();
    csv[2].truncate(200);
    csv[4] = csv[4].replacen(",\"{", ",{", 1);
    let ingested = ingest(&[&write(folder.path(), "damaged.csv", csv.join("\n"))])?;
    assert_conserved(&ingested);
    assert_eq!(
        (ingested.counts.events, ingested.counts.rejects),
        (4, 2),
        "{:?}",
        ingested.rejects
    );
    let mut lines = whole.clone();
    lines[1].truncate(100);
    lines[3] = lines[3].replace("\"Id\"", "\"Jd\"");
    lines[5] = "{}".to_owned();
    let ingested = ingest(&[&write(folder.path(), "damaged.json", lines.join("\n"))])?;
    assert_conserved(&ingested);
    let reasons: Vec<(u64, &str)> = ingested
        .rejects
        .iter()
        .map(|reject| (reject.row, reject.reason))
        .collect();
    assert_eq!(
        reasons,
        [
            (2, "the record is cut: its JSON ends before the record does"),
            (4, "the record has no Id"),
            (6, "the line is not an audit record")
        ]
    );
    let array = format!("[{},{},{}", whole[0], &whole[1][..150], whole[2]);
    let ingested = ingest(&[&write(folder.path(), "damaged-array.json", array)])?;
    assert_conserved(&ingested);
    assert_eq!((ingested.counts.events, ingested.counts.rejects), (2, 1));
    Ok(())
}

#[test]
fn folders_and_patterns_are_read_whole() -> Result<(), Error> {
    let folder = folder();
    fs::create_dir(folder.path().join("deep")).expect("a folder");
    write(folder.path(), "a.csv", purview(&[record(1, 1)]));
    write(folder.path(), "deep/b.json", format!("[{}]", record(2, 2)));
    write(folder.path(), ".hidden", "nothing");
    assert_eq!(ingest(&[folder.path()])?.counts.events, 2);
    assert_eq!(ingest(&[&folder.path().join("*.csv")])?.counts.events, 1);
    assert_eq!(
        ingest(&[&folder.path().join("**/*.json")])?.counts.events,
        1
    );
    let none = ingest(&[&folder.path().join("*.zip")]).expect_err("nothing matches");
    assert!(none.is_input());
    Ok(())
}

#[test]
fn run_directories_in_folders_are_left_out() -> Result<(), Error> {
    let folder = folder();
    let mark = r#"{"mailglass":"0.1.0","format_version":1,"inputs":[]}"#;
    for (name, summary) in [("run", mark), ("deep", r#"{"format_version":1}"#)] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
        write(folder.path(), &format!("{name}/summary.json"), summary);
    }
    write(folder.path(), "a.csv", purview(&[record(1, 1)]));
    let inside = write(folder.path(), "run/b.csv", purview(&[record(2, 2)]));
    write(folder.path(), "deep/c.csv", purview(&[record(3, 3)]));
    let whole = ingest(&[folder.path()])?;
    assert_eq!(whole.counts.events, 2);
    let paths: Vec<&PathBuf> = whole.files.iter().map(|file| &file.path).collect();
    assert!(
        paths.iter().any(|path| path.ends_with("deep/summary.json")),
        "a summary that is not of mailglass is read as any file: {paths:?}"
    );
    assert!(!paths.iter().any(|path| path.ends_with("run/summary.json")));
    assert_eq!(ingest(&[folder.path(), &inside])?.counts.events, 3);
    let alone = ingest(&[&folder.path().join("run")]).expect_err("no export");
    assert!(
        alone.to_string().contains("a run directory of mailglass"),
        "{alone}"
    );
    Ok(())
}

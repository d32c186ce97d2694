//! Input that changes, disappears or cannot be read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use mailglass::ingest::{IngestOptions, Ingested, Input, Progress, Silent, read};

use super::{
    assert_ends, assert_whole, bound_by_permissions, folder, log, mailglass, run, small_log,
};
use crate::ingest::assert_conserved;

/// Does something to the file when the first block of it has been read.
struct Meddler<F: Fn(&Path) + Sync> {
    path: PathBuf,
    meddle: F,
    done: AtomicBool,
}

impl<F: Fn(&Path) + Sync> Progress for Meddler<F> {
    fn bytes(&self, _done: u64, _total: u64) {
        if !self.done.swap(true, Ordering::SeqCst) {
            (self.meddle)(&self.path);
        }
    }
}

/// Reads a log of some blocks while something happens to it.
fn read_while(meddle: impl Fn(&Path) + Sync) -> Ingested {
    let here = folder();
    let path = here.path().join("audit.json");
    fs::write(&path, log(20_000)).expect("a file");
    let meddler = Meddler {
        path: path.clone(),
        meddle,
        done: AtomicBool::new(false),
    };
    read(&[Input::new(&path)], &IngestOptions::default(), &meddler).expect("a log")
}

fn assert_told(ingested: &Ingested) {
    assert_conserved(ingested);
    assert!(ingested.counts.events >= 1_000, "{:?}", ingested.counts);
    let [failure] = ingested.failures.as_slice() else {
        panic!("{:?}", ingested.failures);
    };
    let said = failure.error.to_string();
    assert!(
        said.contains("audit.json: it changed while it was read"),
        "{said}"
    );
    assert!(said.contains("\nhint: "), "{said}");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_told() {
    // It shrinks in the middle of a record, which is rejected.
    let shrunk = read_while(|path| {
        let file = OpenOptions::new().write(true).open(path).expect("the file");
        file.set_len(5_000_001).expect("another size");
    });
    assert_told(&shrunk);
    assert_eq!(shrunk.counts.rejects, 1);
    let grown = read_while(|path| {
        let mut file = OpenOptions::new()
            .append(true)
            .open(path)
            .expect("the file");
        file.write_all(b"{\"Id\":\"half").expect("more");
    });
    assert_told(&grown);
    assert_eq!((grown.counts.events, grown.counts.rejects), (20_000, 1));
    let gone = read_while(|path| fs::remove_file(path).expect("its file"));
    assert_told(&gone);
    assert_eq!(gone.counts.events, 20_000);
}

#[test]
fn a_file_that_stays_as_it_is_is_not_told() {
    let here = folder();
    let path = small_log(here.path());
    let ingested = read(&[Input::new(path)], &IngestOptions::default(), &Silent).expect("a log");
    assert!(ingested.failures.is_empty());
}

#[test]
fn unreadable_members_of_a_folder_do_not_hide_the_others() {
    let here = folder();
    let exports = here.path().join("exports");
    fs::create_dir_all(exports.join("sub")).expect("folders");
    small_log(&exports.join("sub"));
    symlink("nowhere", exports.join("dangling.json")).expect("a link");
    symlink(exports.join("sub"), exports.join("round")).expect("a link");
    let mut expected = vec!["dangling.json", "round", "pipe"];
    let made = Command::new("mkfifo").arg(exports.join("pipe")).status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "mkfifo is missing"
    );
    // A regular file whose reading fails, even for root.
    if Path::new("/proc/self/mem").is_file() {
        symlink("/proc/self/mem", exports.join("memory.json")).expect("a link");
        expected.push("memory.json");
    }
    let mut command = mailglass();
    if let Some(bound) = bound_by_permissions(here.path()) {
        for name in ["closed.json", "closed"] {
            let path = exports.join(name);
            if name == "closed" {
                fs::create_dir(&path).expect("a folder");
            } else {
                fs::write(&path, log(3)).expect("a file");
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("a mode");
        }
        expected.extend(["closed.json", "closed"]);
        command = bound;
    }
    let out = here.path().join("run");
    let output = run(command.arg("analyze").arg(&exports).arg("--out").arg(&out));
    let said = assert_ends(&output, 2, &expected);
    assert_eq!(said.matches("warning: ").count(), expected.len(), "{said}");
    assert_whole(&out);
    let summary = fs::read_to_string(out.join("summary.json")).expect("summary.json");
    assert!(summary.contains("\"events\": 80"), "{summary}");
    // The reasons are kept with the run.
    for name in &expected {
        assert!(summary.contains(name), "{name} is missing in {summary}");
    }
    let closed = exports.join("closed");
    if closed.exists() {
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
}

#[test]
fn nothing_readable_is_an_error() {
    let here = folder();
    let missing = here.path().join("missing.csv");
    let output = run(mailglass()
        .arg("analyze")
        .arg(&missing)
        .arg("--out")
        .arg(here.path().join("run")));
    assert_ends(&output, 1, &["missing.csv", "does not exist", "hint: "]);
    let empty = here.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    let output = run(mailglass().arg("inspect").arg(&empty));
    assert_ends(&output, 1, &["holds no file", "hint: "]);
}

#[test]
fn rows_of_which_none_can_be_used_are_an_error_that_shows_one() {
    let here = folder();
    let path = here.path().join("audit.json");
    let record = "{\"Operation\":\"Send\",\"Subject\":\"a \u{1b}[2J\"}\n";
    fs::write(&path, record.repeat(3) + "{}\n").expect("a file");
    let out = here.path().join("run");
    let output = run(mailglass().arg("analyze").arg(&path).arg("--out").arg(&out));
    let says = [
        "none of the 4 rows could be used",
        "the record has no Id; one begins: {\"Operation\":\"Send\"",
        "hint: ",
    ];
    let said = assert_ends(&output, 1, &says);
    assert!(!said.contains('\u{1b}'), "{said}");
    assert!(!out.exists());
    // Beside one that can be used they are a note.
    fs::write(&path, log(40) + record).expect("a file");
    let output = run(mailglass().arg("analyze").arg(&path).arg("--out").arg(&out));
    assert_ends(&output, 2, &[]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        told.contains("1 of 41 rows could not be used") && told.contains("has no Id; one begins"),
        "{told}"
    );
}

#[test]
fn files_that_are_no_exports_are_one_note_behind_graver_ones() {
    let here = folder();
    let exports = here.path().join("exports");
    fs::create_dir_all(&exports).expect("folders");
    small_log(&exports);
    for name in ["README.txt", "a.txt", "b.txt", "c.txt"] {
        fs::write(exports.join(name), "Ask Bob.\n").expect("a file");
    }
    fs::write(exports.join("Thumbs.db"), [0xd0, 0xcf, 0x11, 0xe0, 0]).expect("a file");
    fs::write(exports.join("cut.gz"), [0x1f, 0x8b, 8, 0, 0]).expect("a file");
    fs::write(exports.join("summary.csv"), "Operation,Count\nSend,5\n").expect("a file");
    let out = here.path().join("run");
    let output = run(mailglass()
        .arg("analyze")
        .arg(&exports)
        .arg("--out")
        .arg(&out));
    let says = [
        "4 files are no exports: README.txt, a.txt, b.txt and 1 more\nhint: mailglass reads",
        "Thumbs.db: this is an old Excel workbook",
        "summary.csv: this CSV has no AuditData",
        "cut.gz: it cannot be read to its end",
    ];
    let said = assert_ends(&output, 2, &says);
    assert_eq!(said.matches("warning: ").count(), 4, "{said}");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let notes: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("note: "))
        .collect();
    let [unread, .., foreign] = notes.as_slice() else {
        panic!("{told}");
    };
    assert!(unread.contains("cut.gz could not be read"), "{told}");
    let files = "6 files are no exports: README.txt, Thumbs.db, a.txt and 3 more.";
    assert!(foreign.contains(files), "{told}");
    // The run directory names each.
    let summary = fs::read_to_string(out.join("summary.json")).expect("summary.json");
    for name in ["a.txt", "b.txt", "c.txt"] {
        assert!(summary.contains(name), "{name}");
    }
}

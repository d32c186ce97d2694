//! What goes wrong outside of mailglass ends in a message, the right exit code, and nothing lost or half-written.
//!
//! `tests/kill_at_random.py` kills it a hundred times.

mod input;
mod output;
mod signal;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command under test, without a terminal.
fn mailglass() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailglass"));
    command.stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> Output {
    command.output().expect("the command starts")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A record of a log, as a line.
fn record(number: usize) -> String {
    let (day, hour) = (1 + number / 4 % 28, 8 + number % 4);
    format!(
        r#"{{"CreationTime":"2024-03-{day:02}T{hour:02}:00:00","Id":"00000000-0000-0000-0000-{number:012}","Operation":"MailItemsAccessed","RecordType":50,"UserId":"ann@contoso.example","Workload":"Exchange","MailboxOwnerUPN":"ann@contoso.example","ClientIPAddress":"198.51.100.7","ClientInfoString":"Client=REST;;","OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}}],"Folders":[{{"FolderItems":[{{"InternetMessageId":"<{number}@x>","SizeInBytes":10}}],"Path":"\\Inbox"}}],"OperationCount":1}}"#
    )
}

fn log(records: usize) -> String {
    (0..records).map(|number| record(number) + "\n").collect()
}

/// A small log in a folder.
fn small_log(folder: &Path) -> PathBuf {
    let path = folder.join("audit.json");
    fs::write(&path, log(80)).expect("a file");
    path
}

/// The sample tenant: takes long enough to be interrupted.
fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks-data/tenant/audit.csv.gz")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Holds that a run directory has all its files.
fn assert_whole(run: &Path) {
    for name in [
        "sessions.csv",
        "sessions.parquet",
        "session_records.csv",
        "reasons.csv",
        "campaigns.csv",
        "exposure.csv",
        "rejects.csv",
        "charts.json",
        "report.html",
    ] {
        assert!(run.join(name).is_file(), "{name}");
    }
    let summary = fs::read_to_string(run.join("summary.json")).expect("summary.json");
    assert!(summary.ends_with("}\n"), "{summary}");
    assert!(run.join("charts/tenant_overview.png").is_file());
}

/// Holds how a command ended; gives what it said on stderr.
fn assert_ends(output: &Output, code: i32, says: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    for part in says {
        assert!(said.contains(part), "\"{part}\" is missing in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    said
}

/// Runs a shell script with the rights to mount, in a mount namespace of its own; `None`, with a word about it, where that is
/// not allowed. `$mailglass` is the command, `$1` and so on the arguments.
fn with_mounts(script: &str, arguments: &[&Path]) -> Option<Output> {
    for flags in ["-m", "-rm"] {
        let possible = Command::new("unshare")
            .args([flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
            .output()
            .is_ok_and(|output| output.status.success());
        if possible {
            let mut command = Command::new("unshare");
            command
                .args([flags, "sh", "-c", script, "sh"])
                .args(arguments)
                .env("mailglass", env!("CARGO_BIN_EXE_mailglass"))
                .stdin(Stdio::null());
            return Some(run(&mut command));
        }
    }
    eprintln!("skipped: this user may not mount file systems (unshare -m)");
    None
}

/// The command as a user whom permissions bind: root may do without them. `None`, with a word about it, where that cannot be had.
fn bound_by_permissions(folder: &Path) -> Option<Command> {
    let probe = folder.join("probe");
    fs::write(&probe, "").expect("a file");
    let readable = fs::metadata(&probe).expect("a file").permissions();
    let mut refused = readable.clone();
    std::os::unix::fs::PermissionsExt::set_mode(&mut refused, 0o000);
    fs::set_permissions(&probe, refused).expect("a mode");
    let binds = fs::read(&probe).is_err();
    fs::remove_file(&probe).expect("its own file");
    if binds {
        return Some(mailglass());
    }
    let drop_rights = ["--inh-caps=-all", "--bounding-set=-all"];
    let possible = Command::new("setpriv")
        .args(drop_rights)
        .arg("true")
        .status()
        .is_ok_and(|status| status.success());
    if !possible {
        eprintln!("skipped: permissions do not bind this user, and setpriv cannot change that");
        return None;
    }
    let mut command = Command::new("setpriv");
    command
        .args(drop_rights)
        .arg(env!("CARGO_BIN_EXE_mailglass"))
        .stdin(Stdio::null());
    Some(command)
}

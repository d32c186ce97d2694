//! Output that cannot be written, or that nobody reads.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{
    assert_ends, assert_whole, bound_by_permissions, folder, mailglass, names, run, sample,
    small_log, with_mounts,
};

#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let here = folder();
    let log = sample();
    let disk = here.path().join("disk");
    fs::create_dir(&disk).expect("a folder");
    // Full within the tables, within the charts, and before anything.
    for size in ["16k", "300k", "2m", "4m"] {
        let script = format!(
            r#"mount -t tmpfs -o size={size} tmpfs "$2" && "$mailglass" analyze "$1" --out "$2/run" --alerts-per-day 0.5; code=$?; ls -A "$2"; exit $code"#
        );
        let Some(output) = with_mounts(&script, &[&log, &disk]) else {
            return;
        };
        assert_ends(
            &output,
            1,
            &["error: cannot", "No space left", "hint: there is no room"],
        );
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{size}");
    }
    for command in [
        r#"fit "$1" --model "$2/m""#,
        r#"inspect "$1" --quiet --events "$2/e.parquet""#,
        r#"simulate --people 30 --out "$2/t""#,
    ] {
        let script = format!(
            r#"mount -t tmpfs -o size=40k tmpfs "$2" && "$mailglass" {command}; code=$?; ls -A "$2"; exit $code"#
        );
        let Some(output) = with_mounts(&script, &[&log, &disk]) else {
            return;
        };
        assert_ends(&output, 1, &["error: ", "No space left"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{command}");
    }
}

#[test]
fn a_run_directory_survives_that_its_successor_finds_no_room() {
    let here = folder();
    let log = small_log(here.path());
    let disk = here.path().join("disk");
    fs::create_dir(&disk).expect("a folder");
    let script = r#"mount -t tmpfs -o size=2m tmpfs "$2" && "$mailglass" analyze "$1" --out "$2/run" -q || exit 9
        before=$(cat "$2"/run/* "$2"/run/charts/* 2>&1 | cksum)
        head -c 2000000 /dev/zero > "$2/ballast" 2>&1
        "$mailglass" analyze "$1" --out "$2/run" -q --force; code=$?
        "$mailglass" report "$2/run" --double-resolution >&2; redrawn=$?
        test "$before" = "$(cat "$2"/run/* "$2"/run/charts/* 2>&1 | cksum)" || exit 8
        ls -A "$2" "$2/run" | grep mailglass-
        exit $code$redrawn"#;
    if let Some(output) = with_mounts(script, &[&log, &disk]) {
        assert_ends(&output, 11, &["No space left", "hint: there is no room"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    }
}

#[test]
fn a_read_only_file_system_is_named() {
    let here = folder();
    let log = small_log(here.path());
    let disk = here.path().join("disk");
    fs::create_dir(&disk).expect("a folder");
    let script = r#"mount -t tmpfs tmpfs "$2" && cp "$1" "$2/audit.json" && mount -o remount,ro "$2" || exit 9
        cd "$2"; "$mailglass" analyze audit.json --out run"#;
    if let Some(output) = with_mounts(script, &[&log, &disk]) {
        assert_ends(
            &output,
            1,
            &[
                "Read-only file system",
                "hint: the file system is read-only",
            ],
        );
    }
    // Reading from there and writing elsewhere works.
    let script = r#"mount -t tmpfs tmpfs "$2" && cp "$1" "$2/audit.json" && mount -o remount,ro "$2" || exit 9
        cd "$2"; "$mailglass" analyze audit.json --out "$3""#;
    let out = here.path().join("run");
    if let Some(output) = with_mounts(script, &[&log, &disk, &out]) {
        assert_ends(&output, 0, &[]);
        assert_whole(&out);
    }
}

#[test]
fn unwritable_places_are_refused_before_the_work() {
    let here = folder();
    let log = small_log(here.path());
    let file = here.path().join("file");
    fs::write(&file, "content").expect("a file");
    let below = file.join("below");
    let commands: [&[&Path]; 5] = [
        &[Path::new("analyze"), &log, Path::new("--out"), &below],
        &[
            Path::new("analyze"),
            &log,
            Path::new("--out"),
            Path::new("/proc/run"),
        ],
        &[Path::new("fit"), &log, Path::new("--model"), &below],
        &[Path::new("inspect"), &log, Path::new("--events"), &below],
        &[Path::new("simulate"), Path::new("--out"), &below],
    ];
    for arguments in commands {
        let output = run(mailglass().args(arguments));
        assert_ends(&output, 1, &["error: "]);
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!(fs::read_to_string(&file).expect("the file"), "content");
    if let Some(mut command) = bound_by_permissions(here.path()) {
        let closed = here.path().join("closed");
        fs::create_dir(&closed).expect("a folder");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).expect("a mode");
        let output = run(command
            .arg("analyze")
            .arg(&log)
            .arg("--out")
            .arg(closed.join("run")));
        assert_ends(
            &output,
            1,
            &["closed", "Permission denied", "hint: check the permissions"],
        );
        assert!(names(&closed).is_empty());
    }
    assert!(
        names(here.path())
            .iter()
            .all(|name| !name.starts_with(".mailglass"))
    );
}

#[test]
fn output_that_exists_is_replaced_on_request_only() {
    let here = folder();
    let log = small_log(here.path());
    let out = here.path().join("run");
    let analyze = |more: &[&str]| {
        run(mailglass()
            .arg("analyze")
            .arg(&log)
            .arg("--out")
            .arg(&out)
            .args(more))
    };
    assert_ends(&analyze(&[]), 0, &[]);
    let before = fs::metadata(out.join("summary.json"))
        .expect("a file")
        .modified()
        .expect("a time");
    assert_ends(&analyze(&[]), 1, &["exists already", "--force"]);
    let after = fs::metadata(out.join("summary.json"))
        .expect("a file")
        .modified()
        .expect("a time");
    assert_eq!(before, after);
    // What a file browser leaves is no reason to refuse.
    fs::write(out.join(".DS_Store"), "icons").expect("a file");
    assert_ends(&analyze(&["--force"]), 0, &[]);
    assert_whole(&out);
    // Nor is what is not its own lost with a run directory.
    for (name, refused) in [("notes.md", "notes.md"), ("charts/mine.svg", "mine.svg")] {
        fs::write(out.join(name), "what I found").expect("a file");
        let told = ["--out", refused, "did not write", "hint: move it"];
        assert_ends(&analyze(&["--force"]), 1, &told);
        assert!(out.join(name).is_file());
        fs::remove_file(out.join(name)).expect("a file");
    }
    assert_ends(&analyze(&["--force"]), 0, &[]);
    // What is no run directory is not replaced whatever is asked.
    fs::remove_file(out.join("summary.json")).expect("a file");
    fs::write(out.join("thesis.txt"), "years of work").expect("a file");
    assert_ends(&analyze(&["--force"]), 1, &["not a run directory"]);
    assert!(out.join("thesis.txt").is_file());
}

/// Replacing asks once more at the end: a run takes its time, and somebody may write notes beside the old one meanwhile.
#[test]
fn what_is_put_into_the_old_run_directory_during_a_run_is_not_lost() {
    use mailglass::ingest::{Input, Silent};
    use mailglass::pipeline::{Config, analyze};
    use mailglass::report::{ReportOptions, check, write};
    let here = folder();
    let config = Config::new(vec![Input::new(small_log(here.path()))]);
    let out = here.path().join("run");
    let options = ReportOptions {
        out: out.clone(),
        force: true,
    };
    let analysis = analyze(&config, &Silent).expect("an analysis");
    write(&analysis, &config, &options).expect("a run directory");
    check(&options).expect("it may be replaced");
    let notes = out.join("notes.md");
    fs::write(&notes, "what I found").expect("a file");
    let refused = write(&analysis, &config, &options).expect_err("notes are in the way");
    assert!(refused.to_string().contains("notes.md"), "{refused}");
    assert_eq!(fs::read(&notes).expect("the notes"), b"what I found");
    assert_whole(&out);
    fs::remove_file(&notes).expect("removed");
    write(&analysis, &config, &options).expect("a run directory");
}

#[test]
fn a_reader_that_goes_away_costs_nothing() {
    let here = folder();
    let log = small_log(here.path());
    let out = here.path().join("run");
    let commands: [&[&Path]; 3] = [
        &[Path::new("features")],
        &[Path::new("inspect"), &log],
        &[Path::new("analyze"), &log, Path::new("--out"), &out],
    ];
    for arguments in commands {
        let mut child = mailglass()
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let said = assert_ends(&output, 0, &[]);
        assert!(said.is_empty(), "{said}");
    }
    assert_whole(&out);
}

#[test]
fn a_full_disk_behind_a_redirection_is_an_error() {
    let here = folder();
    let log = small_log(here.path());
    let out = here.path().join("run");
    let commands: [&[&Path]; 4] = [
        &[Path::new("features")],
        &[Path::new("inspect"), &log],
        &[Path::new("inspect"), &log, Path::new("--json")],
        &[Path::new("analyze"), &log, Path::new("--out"), &out],
    ];
    for arguments in commands {
        let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
            eprintln!("skipped: no /dev/full here");
            return;
        };
        let output = run(mailglass().args(arguments).stdout(full));
        assert_ends(
            &output,
            1,
            &["cannot write standard output", "No space left"],
        );
    }
    // Only the words were lost.
    assert_whole(&out);
}

#[test]
fn neither_a_terminal_nor_a_home_is_needed() {
    let here = folder();
    let log = small_log(here.path());
    let out = here.path().join("run");
    let mut command = mailglass();
    command.env_clear().current_dir(here.path());
    let output = run(command
        .arg("analyze")
        .arg(&log)
        .arg("--out")
        .arg(&out)
        .args(["--time-zone", "Europe/Warsaw"]));
    let said = assert_ends(&output, 0, &[]);
    // No progress bar where nobody watches.
    assert!(said.is_empty(), "{said}");
    assert_whole(&out);
}

#[test]
fn no_output_takes_the_place_of_an_input_or_of_another_file() {
    let here = tempfile::tempdir().expect("a folder");
    let log = here.path().join("audit.csv.gz");
    fs::copy(sample(), &log).expect("copied");
    let before = fs::read(&log).expect("the log");
    let other = here.path().join("thesis.txt");
    fs::write(&other, "years of work").expect("written");
    let refused = |args: &[&str], of: &Path, said: &str| {
        assert_ends(&run(mailglass().args(args).arg(of)), 1, &[said]);
    };
    let log_text = log.to_str().expect("a path");
    for option in ["--events", "--chart"] {
        refused(
            &["inspect", log_text, option],
            &log,
            "would be written over",
        );
        refused(
            &["inspect", log_text, option],
            &other,
            "exists and is not a P",
        );
    }
    let fit = ["fit", log_text, "--force", "--model"];
    refused(&fit, &log, "would be written over");
    refused(&fit, &other, "not a model of mailglass");
    let analyze = ["analyze", log_text, "--force", "--out"];
    // A folder is no run directory because a file in it has the name of a summary.
    fs::write(here.path().join("summary.json"), "{}").expect("written");
    refused(&analyze, here.path(), "would be written over");
    let folder = here.path().join("folder");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("summary.json"), "{}").expect("written");
    refused(&analyze, &folder, "not a run directory");
    assert!(folder.join("summary.json").is_file());
    assert_eq!(fs::read(&log).expect("the log"), before);
    assert_eq!(fs::read(&other).expect("the other"), b"years of work");
}

/// Mail data are as open to others as the user's mask lets files be, wherever the run directory is.
#[test]
fn a_run_directory_keeps_to_the_mask() {
    let desk = folder();
    let log = small_log(desk.path());
    // As open as a folder for temporary files.
    let shelf = desk.path().join("shelf");
    fs::create_dir(&shelf).expect("a folder");
    fs::set_permissions(&shelf, fs::Permissions::from_mode(0o1777)).expect("a mode");
    for (mask, open) in [("077", 0o700), ("022", 0o755)] {
        let out = shelf.join(mask);
        let done = run(Command::new("sh")
            .args(["-c", &format!("umask {mask}; exec \"$@\""), "sh"])
            .arg(env!("CARGO_BIN_EXE_mailglass"))
            .args(["analyze", "--quiet"])
            .arg(&log)
            .arg("--out")
            .arg(&out)
            .stdin(Stdio::null()));
        assert!(done.status.success(), "{done:?}");
        let mode = |path: &Path| {
            fs::metadata(path)
                .expect("it is there")
                .permissions()
                .mode()
        };
        assert_eq!(mode(&out) & 0o1777, open, "{mask}");
        assert_eq!(mode(&out.join("charts")) & 0o1777, open, "{mask}");
        assert_eq!(mode(&out.join("sessions.csv")) & 0o111, 0, "{mask}");
    }
}

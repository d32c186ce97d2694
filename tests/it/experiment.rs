//! `mailglass experiment`: a tiny matrix runs, resumes, and gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::command::stderr;
use crate::table::rows;

const SPEC: &str = r#"
name = "tiny"
title = "Does it run?"
seeds = [0, 1]
detectors = ["mailglass", "first_seen_client", "sentinel_time_series"]
without = ["group:volume"]

[[tenant]]
name = "simulated"
people = 6
days = 24
strength = [0.3, 0.9]

[[tenant]]
name = "kept"
folder = "kept"

[[chart]]
kind = "sweep"
file = "days"
measure = "campaign_days_to_reading"
over = "strength"
reference = 32
reference_label = "public record: 32 days"

[[chart]]
kind = "comparison"
file = "precision"
measure = "average_precision"
"#;

fn experiment(spec: &Path, out: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mailglass"))
        .args([
            "experiment",
            spec.to_str().expect("UTF-8"),
            "--out",
            out.to_str().expect("UTF-8"),
        ])
        .args(more)
        .output()
        .expect("mailglass runs")
}

/// A folder with the specification and the tenant that it keeps.
fn laboratory() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks-data/tenant");
    fs::create_dir(dir.path().join("kept")).expect("a folder");
    for name in ["audit.csv.gz", "labels.csv"] {
        fs::copy(sample.join(name), dir.path().join("kept").join(name)).expect("copied");
    }
    let spec = dir.path().join("tiny.toml");
    fs::write(&spec, SPEC).expect("written");
    (dir, spec)
}

fn stdout(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path());
    entries
        .filter(|path| path.is_file())
        .map(|path| {
            (
                path.file_name()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
                fs::read(&path).expect("a file"),
            )
        })
        .collect()
}

#[test]
fn a_tiny_matrix_runs_resumes_and_gives_the_same_bytes() {
    let (dir, spec) = laboratory();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let first = stdout(&experiment(&spec, &one, &["--threads", "2"]));
    // Three tenants at two seeds: mailglass whole and without volume, two rules whole.
    assert!(
        first.contains("24 cells, 0 of them from earlier runs"),
        "{first}"
    );
    let results = files(&one.join("tiny"));
    let names: BTreeSet<&str> = results.keys().map(String::as_str).collect();
    let expected = [
        "cells.csv",
        "cells.parquet",
        // The kept tenant has no strength to draw days over.
        "days_1.png",
        "precision_1.png",
        "precision_2.png",
        "summary.csv",
    ];
    assert_eq!(names, expected.into_iter().collect());

    let again = stdout(&experiment(&spec, &one, &[]));
    assert!(
        again.contains("24 cells, 24 of them from earlier runs"),
        "{again}"
    );
    assert!(
        files(&one.join("tiny")) == results,
        "what was kept gives the same tables and charts"
    );

    stdout(&experiment(&spec, &two, &["--threads", "1", "--quiet"]));
    assert!(
        files(&two.join("tiny")) == results,
        "the same whatever the number of threads"
    );
}

#[test]
fn only_what_has_changed_or_is_damaged_is_run_again() {
    let (dir, spec) = laboratory();
    let out = dir.path().join("out");
    stdout(&experiment(&spec, &out, &[]));
    let cells = out.join("tiny/cells");
    let kept = files(&cells);
    assert_eq!(kept.len(), 24);
    let damaged = kept.keys().next().expect("a cell");
    fs::write(cells.join(damaged), "{").expect("written");
    let mended = stdout(&experiment(&spec, &out, &[]));
    assert!(mended.contains("23 of them from earlier runs"), "{mended}");
    assert!(files(&cells) == kept);

    let labels = dir.path().join("kept/labels.csv");
    let text = fs::read_to_string(&labels).expect("labels");
    let fewer: Vec<&str> = text.lines().take(100).collect();
    fs::write(&labels, fewer.join("\n")).expect("written");
    let changed = stdout(&experiment(&spec, &out, &[]));
    assert!(
        changed.contains("16 of them from earlier runs"),
        "{changed}"
    );
    let fresh = stdout(&experiment(&spec, &out, &["--fresh"]));
    assert!(
        fresh.contains("24 cells, 0 of them from earlier runs"),
        "{fresh}"
    );
}

#[test]
fn the_tables_say_what_was_measured() {
    let (dir, spec) = laboratory();
    // One label more, of a record that the log lacks.
    let labels = dir.path().join("kept/labels.csv");
    let text = fs::read_to_string(&labels).expect("labels");
    let (_, of_an_episode) = text.trim_end().rsplit_once('\n').expect("lines");
    let (_, episode) = of_an_episode.split_once(',').expect("columns");
    fs::write(&labels, format!("{}\nunknown,{episode}\n", text.trim_end())).expect("written");
    stdout(&experiment(&spec, dir.path(), &["--quiet"]));
    let cells = rows(&dir.path().join("tiny/cells.csv"));
    assert_eq!(cells.len(), 24);
    for cell in &cells {
        let precision: f64 = cell["average_precision"].parse().expect("a number");
        assert!((0.0..=1.0).contains(&precision));
        let (found, days): (f64, f64) = (
            cell["campaigns_read"].parse().unwrap(),
            cell["campaign_days_to_reading"].parse().unwrap(),
        );
        assert!(
            (0.0..=1.0).contains(&found) && days > 0.0 && days <= 24.0,
            "{found} {days}"
        );
        let unmatched: f64 = cell["unmatched_labels"].parse().expect("a number");
        let lacking = if cell["tenant"] == "kept" { 1.0 } else { 0.0 };
        assert_eq!(unmatched, lacking, "{}", cell["tenant"]);
    }
    let mailglass: Vec<_> = cells
        .iter()
        .filter(|cell| cell["detector"] == "mailglass")
        .collect();
    assert_eq!(
        mailglass
            .iter()
            .filter(|cell| cell["without"] == "nothing")
            .count(),
        6
    );
    let summary = rows(&dir.path().join("tiny/summary.csv"));
    for row in summary
        .iter()
        .filter(|row| row["measure"] == "average_precision")
    {
        let of = |cell: &&BTreeMap<String, String>| {
            ["tenant", "strength", "without", "detector"]
                .iter()
                .all(|key| cell[*key] == row[*key])
        };
        let members: Vec<f64> = cells
            .iter()
            .filter(of)
            .map(|cell| cell["average_precision"].parse().expect("a number"))
            .collect();
        assert_eq!((row["seeds"].as_str(), members.len()), ("2", 2));
        let mean: f64 = row["mean"].parse().expect("a number");
        assert!((mean - (members[0] + members[1]) / 2.0).abs() < 1e-12);
        let (low, high): (f64, f64) = (
            row["low_95"].parse().unwrap(),
            row["high_95"].parse().unwrap(),
        );
        // Of two values the standard error is half their distance; Student's t with one degree of freedom is 12.706.
        // The interval ends where shares do.
        let half = 12.706 * (members[0] - members[1]).abs() / 2.0;
        assert!((low - (mean - half).max(0.0)).abs() < 1e-9);
        assert!((high - (mean + half).min(1.0)).abs() < 1e-9);
    }
}

#[test]
fn a_wrong_specification_is_refused_before_any_work() {
    let (dir, spec) = laboratory();
    for (from, to, told) in [
        ("people = 6", "people = 1", "people is 1"),
        ("\"first_seen_client\"", "\"magic\"", "known detectors are"),
        ("kind = \"sweep\"", "kind = \"pie\"", "sweep or comparison"),
        ("folder = \"kept\"", "folder = \"nowhere\"", "nowhere"),
    ] {
        fs::write(&spec, SPEC.replace(from, to)).expect("written");
        let output = experiment(&spec, &dir.path().join("out"), &[]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && stderr.contains(told),
            "{told}: {stderr}"
        );
    }
    let missing = experiment(&dir.path().join("none.toml"), dir.path(), &[]);
    assert!(
        missing.status.code() == Some(1)
            && String::from_utf8_lossy(&missing.stderr).contains("none.toml")
    );
}

#[test]
fn a_log_that_cannot_be_read_to_its_end_is_refused() {
    let (dir, spec) = laboratory();
    let kept = dir.path().join("kept");
    let log = fs::read(kept.join("audit.csv.gz")).expect("a log");
    fs::write(kept.join("audit-002.csv.gz"), &log[..log.len() / 2]).expect("written");
    let output = experiment(&spec, &dir.path().join("out"), &[]);
    let said = stderr(&output);
    assert!(
        output.status.code() == Some(1) && said.contains("audit-002.csv.gz"),
        "{said}"
    );
    assert!(!dir.path().join("out/tiny/cells.csv").exists());
}

/// On Linux a program may have something behind its end, so that a copy is another program which does the same.
#[cfg(target_os = "linux")]
#[test]
fn another_program_runs_every_cell_again() {
    let (dir, spec) = laboratory();
    let out = dir.path().join("out");
    fs::write(&spec, SPEC.replace("seeds = [0, 1]", "seeds = [0]")).expect("written");
    stdout(&experiment(&spec, &out, &["--quiet"]));
    let changed = dir.path().join("mailglass");
    fs::copy(env!("CARGO_BIN_EXE_mailglass"), &changed).expect("copied");
    let mut end = fs::OpenOptions::new()
        .append(true)
        .open(&changed)
        .expect("a program");
    std::io::Write::write_all(&mut end, b"changed").expect("written");
    drop(end);
    let run = |program: &Path| {
        let output = Command::new(program)
            .arg("experiment")
            .arg(&spec)
            .arg("--out")
            .arg(&out)
            .output();
        stdout(&output.expect("it runs"))
    };
    let first = run(&changed);
    assert!(
        first.contains("12 cells, 0 of them from earlier runs"),
        "{first}"
    );
    let again = run(&changed);
    assert!(again.contains("12 of them from earlier runs"), "{again}");
}

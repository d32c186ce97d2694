//! The main job through the command line: the run directory, its invariants, its exit codes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::command::{mailglass, stderr};
use crate::shared_data::shared_data;

pub(crate) fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks-data/tenant/audit.csv.gz")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

pub(crate) fn analyze(inputs: &[&Path], out: &Path, more: &[&str]) -> Output {
    let mut args = vec!["analyze"];
    args.extend(inputs.iter().map(|input| text(input)));
    args.extend(["--out", text(out)]);
    args.extend(more);
    mailglass(&args)
}

pub(crate) fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    let header = reader.headers().expect("a header").clone();
    reader
        .records()
        .map(|record| {
            let record = record.expect("a row");
            header
                .iter()
                .zip(record.iter())
                .map(|(name, cell)| (name.to_owned(), cell.to_owned()))
                .collect()
        })
        .collect()
}

pub(crate) fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(path).expect("the sample"))
        .read_to_string(&mut text)
        .expect("UTF-8 text");
    text
}

#[test]
fn the_sample_gives_a_whole_run_directory() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("run");
    let output = analyze(&[&sample()], &out, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    for name in [
        "sessions.csv",
        "sessions.parquet",
        "session_records.csv",
        "reasons.csv",
        "campaigns.csv",
        "exposure.csv",
        "rejects.csv",
        "summary.json",
        "charts/tenant_overview.png",
        "charts/score_distribution.png",
        "charts/top_sessions.png",
    ] {
        assert!(
            fs::metadata(out.join(name)).is_ok_and(|meta| meta.len() > 0),
            "{name} is missing or empty"
        );
    }
    let left: Vec<_> = fs::read_dir(dir.path())
        .expect("the folder")
        .map(|e| e.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["run"], "nothing but the run directory is left");

    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out.join("summary.json")).expect("a summary"))
            .expect("JSON");
    let counts = &summary["counts"];
    let of = |name: &str| counts[name].as_u64().expect("a number");
    assert_eq!(
        of("rows"),
        of("events") + of("duplicates") + of("other_records") + of("rejects")
    );

    let sessions = rows(&out.join("sessions.csv"));
    assert_eq!(
        sessions.len() as u64,
        summary["sessions"].as_u64().expect("a number")
    );
    let ids: BTreeSet<&String> = sessions.iter().map(|row| &row["session_id"]).collect();
    assert_eq!(ids.len(), sessions.len(), "session ids are unique");
    let scores: Vec<f64> = sessions
        .iter()
        .map(|row| row["score"].parse().expect("a score"))
        .collect();
    assert!(
        scores.windows(2).all(|pair| pair[0] >= pair[1]),
        "ranked by score"
    );
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    assert!(
        sessions
            .iter()
            .all(|row| row["warm_up"] == "false" || row["flagged"] == "false")
    );

    let records = rows(&out.join("session_records.csv"));
    let unique: BTreeSet<&String> = records.iter().map(|row| &row["record_id"]).collect();
    assert_eq!(
        (unique.len(), records.len() as u64),
        (records.len(), of("events")),
        "each event in one session"
    );
    assert!(records.iter().all(|row| ids.contains(&row["session_id"])));
}

#[test]
fn the_attack_in_the_sample_is_flagged_and_explained() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("run");
    let output = analyze(&[&sample()], &out, &["--exit-on-flag"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let labels: BTreeMap<String, String> = rows(&sample().with_file_name("labels.csv"))
        .into_iter()
        .map(|row| (row["record_id"].clone(), row["episode"].clone()))
        .collect();
    let flagged: BTreeSet<String> = rows(&out.join("sessions.csv"))
        .into_iter()
        .filter(|row| row["flagged"] == "true")
        .map(|row| row["session_id"].clone())
        .collect();
    let found: BTreeSet<&String> = rows(&out.join("session_records.csv"))
        .iter()
        .filter(|row| flagged.contains(&row["session_id"]))
        .filter_map(|row| labels.get(&row["record_id"]))
        .collect();
    let all: BTreeSet<&String> = labels.values().collect();
    assert_eq!(found, all, "every episode has a flagged session");
    let explained: BTreeSet<String> = rows(&out.join("reasons.csv"))
        .into_iter()
        .map(|row| row["session_id"].clone())
        .collect();
    assert_eq!(explained, flagged, "every flag has reasons");

    // What the sessions read by message, the list of what they exposed adds up to.
    let mut listed: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows(&out.join("exposure.csv")) {
        // Whole folders and folders that were opened are no items.
        if !["Sync", "FolderBind"].contains(&row["access"].as_str()) {
            let reads: u64 = row["reads"].parse().expect("a number");
            *listed.entry(row["session_id"].clone()).or_default() += reads;
        }
    }
    for row in rows(&out.join("sessions.csv")) {
        if row["flagged"] == "true" {
            let items: u64 = row["items"].parse().expect("a number");
            let of = listed.get(&row["session_id"]).copied();
            assert_eq!(of.unwrap_or(0), items, "{row:?}");
        }
    }
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let dir = tempfile::tempdir().expect("a folder");
    let whole = unpacked(&sample());
    let (header, body) = whole.split_once('\n').expect("a header");
    let mut lines: Vec<&str> = body.lines().collect();
    lines.sort_unstable_by_key(|line| line.bytes().rev().take(200).map(u64::from).sum::<u64>());
    let shuffled = dir.path().join("shuffled.csv");
    let mut file = fs::File::create(&shuffled).expect("a file");
    writeln!(file, "{header}").expect("written");
    lines
        .iter()
        .for_each(|line| writeln!(file, "{line}").expect("written"));
    drop(file);

    let runs = [
        (sample(), vec!["--threads", "1"]),
        (sample(), vec!["--threads", "2"]),
        (shuffled, vec!["--threads", "2"]),
    ];
    let mut outputs = Vec::new();
    for (index, (input, more)) in runs.iter().enumerate() {
        let out = dir.path().join(format!("run{index}"));
        let output = analyze(&[input], &out, more);
        assert!(output.status.success(), "{}", stderr(&output));
        outputs.push(out);
    }
    for name in [
        "sessions.csv",
        "sessions.parquet",
        "session_records.csv",
        "reasons.csv",
        "exposure.csv",
        "campaigns.csv",
    ] {
        let first = fs::read(outputs[0].join(name)).expect("a file");
        for other in &outputs[1..] {
            assert!(
                fs::read(other.join(name)).expect("a file") == first,
                "{name} differs in {}",
                other.display()
            );
        }
    }
    let overview = |out: &Path| fs::read(out.join("charts/top_sessions.png")).expect("a chart");
    assert!(
        overview(&outputs[0]) == overview(&outputs[1]),
        "charts do not depend on threads"
    );
}

#[test]
fn a_log_cut_after_a_day_keeps_every_earlier_score() {
    let dir = tempfile::tempdir().expect("a folder");
    let whole = unpacked(&sample());
    let (header, body) = whole.split_once('\n').expect("a header");
    let day_of = |line: &str| {
        line.split(',')
            .nth(1)
            .map(|cell| cell.trim_matches('"')[..10].to_owned())
            .expect("a date")
    };
    let days: BTreeSet<String> = body.lines().map(day_of).collect();
    let last = days.iter().nth(days.len() * 3 / 4).expect("a day").clone();
    let cut = dir.path().join("cut.csv");
    let kept: Vec<&str> = body.lines().filter(|line| day_of(line) <= last).collect();
    fs::write(&cut, format!("{header}\n{}\n", kept.join("\n"))).expect("written");

    let (long, short) = (dir.path().join("long"), dir.path().join("short"));
    assert!(analyze(&[&sample()], &long, &[]).status.success());
    assert!(analyze(&[&cut], &short, &[]).status.success());
    let judged = |out: &Path| -> BTreeMap<String, (String, String, String)> {
        rows(&out.join("sessions.csv"))
            .into_iter()
            .filter(|row| row["start"][..10] <= *last)
            .map(|row| {
                (
                    row["session_id"].clone(),
                    (
                        row["score"].clone(),
                        row["p_value"].clone(),
                        row["flagged"].clone(),
                    ),
                )
            })
            .collect()
    };
    let (long, short) = (judged(&long), judged(&short));
    assert!(short.len() > 500, "{} sessions before the cut", short.len());
    assert_eq!(long, short);
}

#[test]
fn a_single_mailbox_is_flagged_however_many_alerts_are_asked_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = unpacked(&sample());
    let victim = "iraik.mosswick@larchsen-lum.example";
    let lines = log
        .lines()
        .enumerate()
        .filter(|(number, line)| *number == 0 || line.contains(victim));
    let export = dir.path().join("one.csv");
    let kept: Vec<&str> = lines.map(|(_, line)| line).collect();
    fs::write(&export, kept.join("\n")).expect("an export of one mailbox");
    let flagged = |rate: &str| {
        let out = dir.path().join(rate);
        let output = analyze(&[&export], &out, &["--alerts-per-day", rate]);
        assert!(output.status.success(), "{}", stderr(&output));
        let sessions = rows(&out.join("sessions.csv"));
        let mut flagged = sessions;
        flagged.retain(|session| session["flagged"] == "true");
        assert!(flagged.iter().all(|session| !session["reasons"].is_empty()));
        flagged
    };
    let (two, many) = (flagged("2"), flagged("1000"));
    assert!(
        two.iter().any(|s| s["rank"] == "1"),
        "the attack is flagged"
    );
    assert!(many.len() >= two.len());
    // No more than a quarter of its days, give or take the days since they began to look alike.
    let days: BTreeSet<&str> = many.iter().map(|s| &s["start"][..10]).collect();
    assert!(days.len() <= 6, "{days:?}");
}

#[test]
fn a_short_export_is_judged_by_its_other_days() {
    let dir = tempfile::tempdir().expect("a folder");
    let whole = unpacked(&sample());
    let (header, body) = whole.split_once('\n').expect("a header");
    let labels: BTreeMap<String, String> = rows(&sample().with_file_name("labels.csv"))
        .into_iter()
        .map(|row| (row["record_id"].clone(), row["episode"].clone()))
        .collect();
    // The last nine days: the attack begins with them.
    let export = dir.path().join("nine-days.csv");
    let kept: Vec<&str> = body
        .lines()
        .filter(|line| {
            line.split(',')
                .nth(1)
                .is_some_and(|cell| cell.trim_matches('"') >= "2024-01-20")
        })
        .collect();
    fs::write(&export, format!("{header}\n{}\n", kept.join("\n"))).expect("written");

    let flagged =
        |out: &Path, more: &[&str]| -> (Vec<BTreeMap<String, String>>, BTreeSet<String>) {
            let output = analyze(&[&export], out, more);
            assert!(output.status.success(), "{}", stderr(&output));
            let sessions = rows(&out.join("sessions.csv"));
            let flagged: BTreeSet<&String> = sessions
                .iter()
                .filter(|row| row["flagged"] == "true")
                .map(|row| &row["session_id"])
                .collect();
            let episodes = rows(&out.join("session_records.csv"))
                .iter()
                .filter(|row| flagged.contains(&row["session_id"]))
                .filter_map(|row| labels.get(&row["record_id"]).cloned())
                .collect();
            (sessions, episodes)
        };
    let (past, window) = (dir.path().join("past"), dir.path().join("window"));
    let (_, found) = flagged(&past, &[]);
    assert!(found.is_empty(), "by the past all nine days are warm-up");
    let (sessions, found) = flagged(&window, &["--baseline", "window", "--threads", "1"]);
    assert!(sessions.iter().all(|row| row["warm_up"] == "false"));
    let episodes: BTreeSet<&String> = labels.values().collect();
    assert!(
        found.len() * 2 > episodes.len(),
        "{} of {} episodes",
        found.len(),
        episodes.len()
    );

    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(window.join("summary.json")).expect("a summary"))
            .expect("JSON");
    assert_eq!(summary["parameters"]["baseline"], "window");
    let page = fs::read_to_string(window.join("report.html")).expect("a page");
    assert!(
        page.contains("against the other days of the export") && !page.contains("days are warm-up")
    );

    let again = dir.path().join("again");
    flagged(&again, &["--baseline", "window", "--threads", "2"]);
    for name in [
        "sessions.csv",
        "sessions.parquet",
        "reasons.csv",
        "campaigns.csv",
    ] {
        let read = |out: &Path| fs::read(out.join(name)).expect("a file");
        assert!(
            read(&window) == read(&again),
            "{name} depends on the threads"
        );
    }
}

#[test]
fn every_mailbox_record_of_the_shared_tenants_has_a_session() {
    let Some(data) = shared_data() else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("b");
    let output = analyze(&[&data.join("tenant-b/audit.csv.gz")], &out, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let records: BTreeSet<String> = rows(&out.join("session_records.csv"))
        .into_iter()
        .map(|row| row["record_id"].clone())
        .collect();
    let labels = rows(&data.join("tenant-b/labels.csv"));
    // Labels cover the sign-ins of an intrusion too; every labelled record is an event.
    let lost: Vec<_> = labels
        .iter()
        .filter(|row| !records.contains(&row["record_id"]))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// Every night a little, through the owner's client and sign-in: no night is heavy, but they add up.
#[test]
fn a_stolen_sign_in_is_flagged_for_its_nights() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("tenant");
    let settings = mailglass::simulate::SimulateSettings {
        people: 40,
        days: 42,
        seed: 5,
        attacks: vec![mailglass::simulate::Attack::TokenReplay],
        attack_after: Some(14),
        ..Default::default()
    };
    mailglass::simulate::simulate(&settings.check().expect("valid"), &out).expect("simulated");
    let labels = fs::read_to_string(out.join("labels.csv")).expect("labels");
    let stolen: BTreeSet<&str> = labels
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    let config = mailglass::pipeline::Config::new(vec![mailglass::ingest::Input::new(
        out.join("audit.csv"),
    )]);
    let analysis =
        mailglass::pipeline::analyze(&config, &mailglass::ingest::Silent).expect("analyzed");
    let columns = analysis.ingested.events.columns().expect("events");
    let nights: Vec<String> = analysis
        .flagged()
        .filter(|flagged| {
            let rows = &flagged.session.rows;
            rows.iter()
                .all(|&row| stolen.contains(&*columns.record_id.get(row as usize)))
        })
        .flat_map(|flagged| &flagged.reasons)
        .filter(|reason| reason.feature == mailglass::feature::FeatureId::OddDays)
        .map(|reason| reason.sentence.clone())
        .collect();
    assert!(
        nights
            .iter()
            .any(|sentence| sentence.contains("of the last two weeks")),
        "{nights:?}"
    );
}

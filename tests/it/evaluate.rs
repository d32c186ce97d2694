//! `mailglass evaluate` against an independent count over the export itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::command::mailglass;
use crate::shared_data::shared_data;
use crate::table::rows;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks-data/tenant")
}

fn analyzed(tenant: &Path, dir: &Path) -> PathBuf {
    let out = dir.join("run");
    let output = mailglass(&[
        "analyze",
        text(&tenant.join("audit.csv.gz")),
        "--out",
        text(&out),
        "--quiet",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    out
}

fn evaluated(run: &Path, tenant: &Path) -> Value {
    let output = mailglass(&[
        "evaluate",
        text(run),
        "--labels",
        text(&tenant.join("labels.csv")),
        "--json",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a run should be worth, counted from the rows of the export without any of mailglass's code.
struct Count {
    average_precision: f64,
    recall: BTreeMap<u64, f64>,
    precision_at_2: f64,
    flagged_recall: f64,
    flagged_precision: f64,
}

/// Operation and time of the first row of every record in a Purview export.
fn records(export: &Path) -> BTreeMap<String, (String, String)> {
    let file = flate2::read::MultiGzDecoder::new(fs::File::open(export).expect("an export"));
    let mut reader = csv::Reader::from_reader(file);
    let column = reader
        .headers()
        .expect("a header")
        .iter()
        .position(|name| name == "AuditData")
        .expect("records");
    let mut records = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        let Ok(data) = serde_json::from_str::<Value>(&row[column]) else {
            continue;
        };
        let of = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        records
            .entry(of("Id").to_lowercase())
            .or_insert((of("Operation"), of("CreationTime")));
    }
    records
}

fn count(run: &Path, tenant: &Path) -> Count {
    let sign_ins = ["UserLoggedIn", "UserLoginFailed", "MailboxLogin"];
    let records = records(&tenant.join("audit.csv.gz"));
    let labels: BTreeMap<String, String> = rows(&tenant.join("labels.csv"))
        .into_iter()
        .map(|row| (row["record_id"].to_lowercase(), row["episode"].clone()))
        .collect();
    let mail = |id: &str| {
        records
            .get(id)
            .filter(|(operation, _)| !sign_ins.contains(&operation.as_str()))
    };
    let all: BTreeSet<&String> = labels
        .iter()
        .filter(|(id, _)| mail(id).is_some())
        .map(|(_, episode)| episode)
        .collect();
    let times: BTreeSet<jiff::civil::DateTime> = records
        .keys()
        .filter_map(|id| mail(id))
        .map(|(_, time)| time.parse().expect("a time"))
        .collect();
    let (first, last) = (
        times.first().expect("a record"),
        times.last().expect("a record"),
    );
    // A judged day is a day of the calendar, and so is a mailbox-day.
    let between = last.date().duration_since(first.date());
    let days = between.as_secs() / 86_400 + 1;

    let mut tally: BTreeMap<String, (u32, u32, BTreeSet<&String>)> = BTreeMap::new();
    for row in rows(&run.join("session_records.csv")) {
        if mail(&row["record_id"]).is_some() {
            let (labelled, counted, episodes) = tally.entry(row["session_id"].clone()).or_default();
            *counted += 1;
            if let Some(episode) = labels.get(&row["record_id"]) {
                *labelled += 1;
                episodes.insert(episode);
            }
        }
    }
    let attack = |id: &String| {
        tally
            .get(id)
            .is_some_and(|(labelled, counted, _)| 2 * labelled >= *counted)
    };
    let mut sessions = rows(&run.join("sessions.csv"));
    sessions.sort_by(|a, b| {
        b["score"]
            .parse::<f64>()
            .unwrap()
            .total_cmp(&a["score"].parse::<f64>().unwrap())
    });
    let (mut hits, mut sum) = (0, 0.0);
    let mut alerts: Vec<((String, String), BTreeSet<&String>)> = Vec::new();
    for (place, session) in sessions.iter().enumerate() {
        if attack(&session["session_id"]) {
            hits += 1;
            sum += f64::from(hits) / (place + 1) as f64;
        }
        let key = (
            session["mailbox"].to_lowercase(),
            session["start"][..10].to_owned(),
        );
        let episodes = tally
            .get(&session["session_id"])
            .map(|(_, _, e)| e.clone())
            .unwrap_or_default();
        match alerts.iter_mut().find(|(other, _)| *other == key) {
            Some((_, shown)) => shown.extend(episodes),
            None => alerts.push((key, episodes)),
        }
    }
    let read = |k: u64| &alerts[..alerts.len().min(k as usize * days as usize)];
    let share = |found: BTreeSet<&String>| found.len() as f64 / all.len() as f64;
    let flagged: Vec<&String> = sessions
        .iter()
        .filter(|row| row["flagged"] == "true")
        .map(|row| &row["session_id"])
        .collect();
    Count {
        average_precision: sum / f64::from(hits),
        recall: [1, 2, 5]
            .map(|k| {
                (
                    k,
                    share(
                        read(k)
                            .iter()
                            .flat_map(|(_, e)| e.iter().copied())
                            .collect(),
                    ),
                )
            })
            .into(),
        precision_at_2: read(2).iter().filter(|(_, e)| !e.is_empty()).count() as f64
            / read(2).len() as f64,
        flagged_recall: share(
            flagged
                .iter()
                .filter_map(|id| tally.get(*id))
                .flat_map(|(_, _, e)| e.iter().copied())
                .collect(),
        ),
        flagged_precision: flagged.iter().filter(|id| attack(id)).count() as f64
            / flagged.len() as f64,
    }
}

fn assert_close(what: &str, reported: &Value, counted: f64) {
    let reported = reported.as_f64().unwrap_or(f64::NAN);
    assert!(
        (reported - counted).abs() < 5e-5,
        "{what}: reported {reported}, counted {counted}"
    );
}

fn assert_agreement(tenant: &Path) -> Value {
    let dir = tempfile::tempdir().expect("a folder");
    let run = analyzed(tenant, dir.path());
    let (report, count) = (evaluated(&run, tenant), count(&run, tenant));
    assert_close(
        "average precision",
        &report["average_precision"],
        count.average_precision,
    );
    for at in report["at_rate"].as_array().expect("rates") {
        let per_day = at["per_day"].as_u64().expect("a rate");
        assert_close(
            &format!("recall at {per_day}"),
            &at["episode_recall"],
            count.recall[&per_day],
        );
        if per_day == 2 {
            assert_close(
                "precision at 2",
                &at["alert_precision"],
                count.precision_at_2,
            );
        }
    }
    assert_close(
        "recall of the flags",
        &report["flags"]["episode_recall"],
        count.flagged_recall,
    );
    assert_close(
        "precision of the flags",
        &report["flags"]["session_precision"],
        count.flagged_precision,
    );
    assert_eq!(
        (
            report["unmatched_labels"].as_u64(),
            report["records_without_session"].as_u64()
        ),
        (Some(0), Some(0))
    );
    report
}

#[test]
fn the_sample_is_judged_as_counted_by_hand() {
    let report = assert_agreement(&sample());
    assert_eq!(report["episodes"], 4);
    assert!(report["roc_auc"].as_f64().is_some_and(|auc| auc > 0.9));
}

#[test]
fn tenant_a_is_judged_as_counted_by_hand() {
    let Some(data) = shared_data() else { return };
    let report = assert_agreement(&data.join("tenant-a"));
    assert_eq!(
        (report["episodes"].as_u64(), report["days"].as_u64()),
        (Some(16), Some(44))
    );
}

#[test]
fn text_and_curves_tell_the_same_story() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = analyzed(&sample(), dir.path());
    let labels = sample().join("labels.csv");
    let curves = dir.path().join("curves");
    let output = mailglass(&[
        "evaluate",
        text(&run),
        "--labels",
        text(&labels),
        "--charts",
        text(&curves),
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let report = evaluated(&run, &sample());
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        shown.contains(&format!(
            "{:.4}",
            report["average_precision"].as_f64().expect("a number")
        )),
        "{shown}"
    );
    assert!(shown.contains("4 episodes in 21 days\n"), "{shown}");
    assert!(
        shown.contains("storm0558") && shown.contains("asked for: 2 alerts a day"),
        "{shown}"
    );
    for name in [
        "precision_recall.png",
        "recall_by_alerts.png",
        "detection_delay.png",
    ] {
        assert!(
            fs::metadata(curves.join(name)).is_ok_and(|meta| meta.len() > 5_000),
            "{name}"
        );
    }
}

#[test]
fn what_does_not_belong_together_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = analyzed(&sample(), dir.path());
    let labels = sample().join("labels.csv");
    let stderr = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();

    let missing = mailglass(&[
        "evaluate",
        text(&dir.path().join("nowhere")),
        "--labels",
        text(&labels),
    ]);
    assert!(
        missing.status.code() == Some(1)
            && stderr(&missing).contains("summary.json does not exist"),
        "{}",
        stderr(&missing)
    );

    let refused = |run: &Path, said: &str| {
        let output = mailglass(&["evaluate", text(run), "--labels", text(&labels)]);
        assert!(
            output.status.code() == Some(1) && stderr(&output).contains(said),
            "{}",
            stderr(&output)
        );
    };
    refused(&sample(), "is no run directory");
    let summary = run.join("summary.json");
    let written = fs::read_to_string(&summary).expect("a summary");
    for (from, to, said) in [
        (
            "\"format_version\": ",
            "\"format_version\": 9",
            "this mailglass reads format",
        ),
        ("\"path\": \"", "\"path\": \"nowhere/", "which is not there"),
    ] {
        fs::write(&summary, written.replace(from, to)).expect("written");
        refused(&run, said);
    }
    let mut piped: serde_json::Value = serde_json::from_str(&written).expect("JSON");
    piped["inputs"][0]["path"] = "-".into();
    fs::write(&summary, piped.to_string()).expect("written");
    refused(&run, "made from standard input");
    fs::write(&summary, &written).expect("written");

    let other = dir.path().join("other.csv");
    fs::write(
        &other,
        "record_id,scenario,episode\nno-such-record,bec,bec#0:a@x\n",
    )
    .expect("written");
    let foreign = mailglass(&["evaluate", text(&run), "--labels", text(&other)]);
    assert!(
        foreign.status.code() == Some(1)
            && stderr(&foreign).contains("none of its 1 labelled records is in the log"),
        "{}",
        stderr(&foreign)
    );

    let export = dir.path().join("part.csv");
    fs::write(
        &export,
        "RecordId,CreationDate,RecordType,Operation,UserId,AuditData\n",
    )
    .expect("written");
    let wrong = mailglass(&[
        "evaluate",
        text(&run),
        "--labels",
        text(&labels),
        "--log",
        text(&export),
    ]);
    assert!(
        wrong.status.code() == Some(1) && stderr(&wrong).contains("hint:"),
        "{}",
        stderr(&wrong)
    );
}

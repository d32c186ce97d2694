//! The daily job: fit once, score day by day, and get what one long analysis gives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::{mailglass, stderr};

/// A simulated tenant with an intrusion, one file per day.
fn tenant(dir: &Path) -> Vec<PathBuf> {
    let out = dir.join("tenant");
    let simulated = mailglass(&[
        "simulate",
        "--out",
        out.to_str().expect("UTF-8"),
        "--people",
        "12",
        "--days",
        "16",
        "--seed",
        "5",
        "--attack",
        "storm0558",
        "--attack-after",
        "11",
        "--files",
        "1",
    ]);
    assert!(simulated.status.success(), "{}", stderr(&simulated));
    let text = fs::read_to_string(out.join("audit.csv")).expect("an export");
    let (header, body) = text.split_once('\n').expect("a header");
    let mut days: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in body.lines() {
        let date = line.split(',').nth(1).expect("a date").trim_matches('"');
        days.entry(&date[..10]).or_default().push(line);
    }
    days.iter()
        .map(|(day, lines)| {
            let path = dir.join(format!("{day}.csv"));
            fs::write(&path, format!("{header}\n{}\n", lines.join("\n"))).expect("written");
            path
        })
        .collect()
}

/// Learns a model from exports.
fn fit(exports: &[PathBuf], model: &str) {
    let exports = exports.iter().map(|file| file.to_str().expect("UTF-8"));
    let args: Vec<&str> = std::iter::once("fit")
        .chain(exports)
        .chain(["--model", model, "--quiet"])
        .collect();
    let fitted = mailglass(&args);
    assert!(fitted.status.success(), "{}", stderr(&fitted));
}

/// Session id to score, p-value and flag, as written.
fn verdicts(run: &Path) -> BTreeMap<String, [String; 3]> {
    let mut reader = csv::Reader::from_path(run.join("sessions.csv")).expect("a table");
    let header = reader.headers().expect("a header").clone();
    let at = |name: &str| {
        header
            .iter()
            .position(|column| column == name)
            .expect("a column")
    };
    let (id, score, p_value, flagged) =
        (at("session_id"), at("score"), at("p_value"), at("flagged"));
    reader
        .records()
        .map(|row| {
            let row = row.expect("a row");
            (
                row[id].to_owned(),
                [
                    row[score].to_owned(),
                    row[p_value].to_owned(),
                    row[flagged].to_owned(),
                ],
            )
        })
        .collect()
}

#[test]
fn day_by_day_equals_one_shot_and_an_allow_list_silences_what_it_names() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = tenant(dir.path());
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let text = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();

    let mut args = vec!["analyze".to_owned()];
    args.extend(files.iter().map(text));
    args.extend(["--out".to_owned(), path("whole"), "--quiet".to_owned()]);
    let whole = mailglass(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(whole.status.success(), "{}", stderr(&whole));
    let whole = verdicts(Path::new(&path("whole")));
    assert!(
        whole.values().any(|verdict| verdict[2] == "true"),
        "something is flagged"
    );

    let (past, later) = files.split_at(9);
    fit(past, &path("model"));

    let mut daily = BTreeMap::new();
    for (index, file) in later.iter().enumerate() {
        let run = path(&format!("day{index}"));
        let model = path("model");
        let scored = mailglass(&[
            "score",
            &text(file),
            "--model",
            &model,
            "--update",
            "--out",
            &run,
            "--quiet",
        ]);
        assert!(scored.status.success(), "{}", stderr(&scored));
        daily.extend(verdicts(Path::new(&run)));
    }
    assert!(daily.len() > 200, "{} sessions scored", daily.len());
    for (session, verdict) in &daily {
        assert_eq!(whole.get(session), Some(verdict), "session {session}");
    }

    // A day that was judged already is refused, with a remedy.
    let again = mailglass(&[
        "score",
        &text(&later[0]),
        "--model",
        &path("model"),
        "--out",
        &path("again"),
    ]);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("has learned up to") && stderr(&again).contains("hint:"),
        "{}",
        stderr(&again)
    );

    late_records_are_left_out_and_counted(dir.path(), &files);

    // An allowed session is not flagged any more.
    let (flagged, _) = whole
        .iter()
        .find(|(_, verdict)| verdict[2] == "true")
        .expect("a flag");
    fs::write(
        path("allow.toml"),
        format!("[[allow]]\nsession = \"{flagged}\"\nreason = \"looked at\"\n"),
    )
    .expect("written");
    let mut args = vec!["analyze".to_owned()];
    args.extend(files.iter().map(text));
    args.extend(
        [
            "--out",
            &path("allowed"),
            "--allow",
            &path("allow.toml"),
            "--quiet",
        ]
        .map(str::to_owned),
    );
    let allowed = mailglass(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(allowed.status.success(), "{}", stderr(&allowed));
    assert_eq!(verdicts(Path::new(&path("allowed")))[flagged][2], "false");
}

/// A batch that brings records of a day that has passed is scored like one that does not, and says what it left out.
fn late_records_are_left_out_and_counted(dir: &Path, files: &[PathBuf]) {
    let path = |name: &str| dir.join(name).to_str().expect("UTF-8").to_owned();
    let (past, later) = files.split_at(9);
    fit(past, &path("early"));
    fs::copy(path("early"), path("late")).expect("a copy");

    let day = later[0].to_str().expect("UTF-8");
    let old = past[8].to_str().expect("UTF-8");
    let score = |inputs: &[&str], name: &str| {
        let (model, out) = (path(name), path(&format!("{name}-run")));
        let options = ["--model", &model, "--update", "--out", &out, "--quiet"];
        mailglass(&[&["score"], inputs, &options].concat())
    };
    let early = score(&[day], "early");
    assert_eq!(early.status.code(), Some(0), "{}", stderr(&early));
    let late = score(&[day, old], "late");
    assert_eq!(late.status.code(), Some(2), "{}", stderr(&late));
    let (early_run, late_run) = (path("early-run"), path("late-run"));
    let (early_run, late_run) = (Path::new(&early_run), Path::new(&late_run));
    assert_eq!(verdicts(early_run), verdicts(late_run));
    assert!(
        fs::read(path("early")).expect("a model") == fs::read(path("late")).expect("a model"),
        "what was left out teaches nothing"
    );

    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(late_run.join("summary.json")).expect("a summary"))
            .expect("JSON");
    let left_out = &summary["left_out"][0];
    let date = past[8].file_stem().expect("a name").to_str();
    assert_eq!(left_out["day"].as_str(), date);
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let in_sessions = crate::table::rows(&late_run.join("session_records.csv")).len() as u64;
    let counts = &summary["counts"];
    assert_eq!(
        number(&counts["events"]),
        in_sessions + number(&left_out["events"]),
        "every event is in a session or left out"
    );
    assert_eq!(
        number(&counts["rows"]),
        ["events", "duplicates", "other_records", "rejects"]
            .map(|name| number(&counts[name]))
            .iter()
            .sum::<u64>()
    );
    let said = stderr(&late);
    let sessions = format!("Left out {} session", number(&left_out["sessions"]));
    assert!(
        said.contains(&sessions) && date.is_some_and(|date| said.contains(date)),
        "{said}"
    );
    let page = fs::read_to_string(late_run.join("report.html")).expect("a page");
    assert!(page.contains("days that the model had passed already"));
    let page = fs::read_to_string(early_run.join("report.html")).expect("a page");
    assert!(!page.contains("days that the model had passed already"));
}

#[test]
fn a_wrong_clock_an_empty_export_and_days_passed_over_are_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = tenant(dir.path());
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let text = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (past, later) = files.split_at(9);
    let model = path("model");
    fit(past, &model);
    let learned = fs::read(&model).expect("a model");
    let score = |input: &str| {
        let out = path("run");
        mailglass(&[
            "score", input, "--model", &model, "--update", "--out", &out, "--force", "--quiet",
        ])
    };

    // Where there is nothing to learn from, there is no model.
    let header = fs::read_to_string(&later[0]).expect("an export");
    let header = header.lines().next().expect("a header");
    fs::write(path("header.csv"), format!("{header}\n")).expect("written");
    let nothing = mailglass(&["fit", &path("header.csv"), "--model", &path("none")]);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(stderr(&nothing).contains("nothing to learn"));
    assert!(!Path::new(&path("none")).exists());

    // One record of the day, ten years later.
    let day = fs::read_to_string(&later[0]).expect("an export");
    let date = later[0]
        .file_stem()
        .and_then(|name| name.to_str())
        .expect("a date");
    let (rest, last) = day.trim_end().rsplit_once('\n').expect("rows");
    let stray = format!("{rest}\n{}\n", last.replace(date, "2034-01-10"));
    fs::write(path("stray.csv"), stray).expect("written");
    let refused = score(&path("stray.csv"));
    assert_eq!(refused.status.code(), Some(1));
    let said = stderr(&refused);
    assert!(said.contains(date) && said.contains("2034-01-10"), "{said}");

    let header = day.lines().next().expect("a header");
    fs::write(path("empty.csv"), format!("{header}\n")).expect("written");
    let empty = score(&path("empty.csv"));
    assert!(empty.status.success());
    assert!(
        stderr(&empty).contains("no mailbox record"),
        "{}",
        stderr(&empty)
    );
    let page = fs::read_to_string(Path::new(&path("run")).join("report.html")).expect("a page");
    assert!(page.contains("There is no mailbox record") && !page.contains("flags: ."));
    assert!(
        fs::read(&model).expect("a model") == learned,
        "neither has taught anything"
    );

    let late = score(&text(&later[2]));
    assert!(late.status.success(), "{}", stderr(&late));
    let last = past[8]
        .file_stem()
        .and_then(|name| name.to_str())
        .expect("a date");
    assert!(stderr(&late).contains(last), "{}", stderr(&late));
    let next = score(&text(&later[3]));
    assert_eq!(stderr(&next), "");
}

#[test]
fn damaged_models_and_models_of_other_versions_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = tenant(dir.path());
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let input = files[0].to_str().expect("UTF-8").to_owned();
    let fitted = mailglass(&["fit", &input, "--model", &path("model"), "--quiet"]);
    assert!(fitted.status.success(), "{}", stderr(&fitted));
    let existing = mailglass(&["fit", &input, "--model", &path("model")]);
    assert!(existing.status.code() == Some(1) && stderr(&existing).contains("--force"));

    let good = fs::read(path("model")).expect("a model");
    let mut damaged = good.clone();
    let last = damaged.len() - 10;
    damaged[last] ^= 0x40;
    let mut newer = good.clone();
    newer[12] += 1;
    let cases = [
        ("damaged", damaged, "damaged"),
        ("newer", newer, "version"),
        ("poem", b"roses".to_vec(), "too short"),
    ];
    for (name, bytes, word) in cases {
        fs::write(path(name), bytes).expect("written");
        let refused = mailglass(&[
            "score",
            &input,
            "--model",
            &path(name),
            "--out",
            &path("run"),
        ]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(
            stderr(&refused).contains(word),
            "{name}: {}",
            stderr(&refused)
        );
        assert!(!Path::new(&path("run")).exists());
    }
}

/// Days of another zone begin within days of UTC, and what was left out of such a day is no ordinary use.
#[test]
fn what_was_left_out_is_not_drawn() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = tenant(dir.path());
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    fit(&files[..9], &path("model"));
    let drawn = |name: &str, exports: &[PathBuf]| -> Vec<u64> {
        let mut args = vec!["score".to_owned()];
        args.extend(exports.iter().map(|file| file.display().to_string()));
        let more = ["--model", &path("model"), "--out", &path(name), "--quiet"];
        args.extend(more.map(str::to_owned));
        args.extend(["--time-zone", "America/New_York"].map(str::to_owned));
        let scored = mailglass(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(scored.status.code().is_some_and(|code| code != 1));
        let kept = fs::read_to_string(Path::new(&path(name)).join("charts.json"));
        let kept: serde_json::Value = serde_json::from_str(&kept.expect("a file")).expect("JSON");
        let charts = kept["charts"].as_array().expect("charts");
        let accesses = charts
            .iter()
            .find(|chart| chart[1]["chart"] == "tenant_overview")
            .and_then(|chart| chart[1]["accesses"]["observed"].as_array());
        let counts = accesses.expect("an overview").iter();
        counts.map(|n| n.as_u64().expect("a number")).collect()
    };
    let alone = drawn("alone", &files[9..10]);
    assert!(alone.iter().sum::<u64>() > 0);
    assert_eq!(drawn("late", &files[8..10]), alone);
}

#[test]
fn features_lists_the_whole_catalogue() {
    let output = mailglass(&["features"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for feature in mailglass::feature::FEATURES {
        assert!(text.contains(feature.name), "{}", feature.name);
    }
}

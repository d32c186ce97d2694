//! The page and the charts of a run directory: what they say, that nothing in a log can harm them, and that they come
//! again, byte for byte, from the run directory alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::command::{mailglass, stderr};

pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks-data/tenant/audit.csv.gz")
}

fn analyze(input: &Path, out: &Path, more: &[&str]) {
    let mut args = vec!["analyze", text(input), "--out", text(out), "--quiet"];
    args.extend(more);
    let output = mailglass(&args);
    assert!(output.status.success(), "{}", stderr(&output));
}

/// A run over the sample in a folder of its own.
pub fn sample_run(dir: &Path) -> PathBuf {
    let out = dir.join("run");
    analyze(&sample(), &out, &["--alerts-per-day", "0.5"]);
    out
}

fn page(run: &Path) -> String {
    fs::read_to_string(run.join("report.html")).expect("a page")
}

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

fn first_row(table: &Path) -> BTreeMap<String, String> {
    let mut reader = csv::Reader::from_path(table).expect("a table");
    let header = reader.headers().expect("a header").clone();
    let row = reader.records().next().expect("a row").expect("a row");
    let cells = header.iter().zip(row.iter());
    cells.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

/// The mailboxes of a table's rows; of `sessions.csv`, of the flagged ones.
fn mailboxes(table: &Path) -> BTreeSet<String> {
    let mut reader = csv::Reader::from_path(table).expect("a table");
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|h| h == name);
    let (mailbox, flagged) = (column("mailbox").expect("a column"), column("flagged"));
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.filter(|row| flagged.is_none_or(|at| &row[at] == "true"))
        .map(|row| row[mailbox].to_owned())
        .collect()
}

#[test]
fn the_page_holds_every_part_and_refers_to_nothing_outside() {
    let dir = tempfile::tempdir().expect("a folder");
    let run = sample_run(dir.path());
    let page = page(&run);
    for part in [
        "finding",
        "flagged-sessions",
        "evidence",
        "campaigns",
        "exposure",
        "coverage",
        "method",
        "inputs",
    ] {
        assert!(page.contains(&format!("<section id=\"{part}\"")), "{part}");
    }
    let first = first_row(&run.join("sessions.csv"));
    assert_eq!(first["flagged"], "true");
    let anchor = format!("session-{}", first["session_id"]);
    assert!(page.contains(&format!("href=\"#{anchor}\"")));
    assert!(page.contains(&format!("id=\"{anchor}\"")));
    let summary: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(run.join("summary.json")).expect("a summary"))
            .expect("JSON");
    let flagged = summary["flagged"].as_u64().expect("a number");
    assert_eq!(page.matches("class=\"session\"").count() as u64, flagged);
    let hash = summary["inputs"][0]["sha256"].as_str().expect("a hash");
    assert!(page.contains(hash));
    for warning in summary["coverage"]["warnings"].as_array().expect("a list") {
        let sentence = warning["sentence"].as_str().expect("a sentence");
        let remedy = warning["remedy"].as_str().expect("a remedy");
        assert!(!sentence.is_empty() && !remedy.is_empty());
        assert!(page.contains(&remedy.replace('\'', "&#x27;")), "{remedy}");
    }

    let charts = fs::read_dir(run.join("charts")).expect("charts").count();
    assert_eq!(page.matches("src=\"data:image/png;base64,").count(), charts);
    // Nothing is loaded: every source is part of the page, every link stays inside it.
    assert_eq!(page.matches("src=").count(), charts);
    assert_eq!(
        page.matches("href=").count(),
        page.matches("href=\"#").count()
    );
    assert!(page.contains("Content-Security-Policy\" content=\"default-src &#x27;none&#x27;"));
    assert!(!page.contains("@import") && !page.contains("url("));
    assert!(page.len() < 8 << 20, "{} bytes", page.len());
    for picture in page.split("<img ").skip(1) {
        let tag = &picture[..picture.find('>').expect("the end of a tag")];
        assert!(tag.contains("alt=\"") && !tag.contains("alt=\"\""));
    }
}

/// The log with another name for a mailbox, which it spells in capitals here and there.
fn renamed(log: &str, name: &str, to: &str) -> String {
    let lower = log.to_ascii_lowercase();
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in lower.match_indices(name) {
        out.push_str(&log[done..at]);
        out.push_str(to);
        done = at + name.len();
    }
    out + &log[done..]
}

#[test]
fn names_from_the_log_stay_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut log = String::new();
    flate2::read::MultiGzDecoder::new(fs::File::open(sample()).expect("the sample"))
        .read_to_string(&mut log)
        .expect("UTF-8");
    let plain = dir.path().join("plain");
    fs::write(dir.path().join("plain.csv"), &log).expect("a file");
    analyze(
        &dir.path().join("plain.csv"),
        &plain,
        &["--alerts-per-day", "0.5"],
    );
    let victim = first_row(&plain.join("sessions.csv"))["mailbox"].clone();
    let rename = |name: &str, to: &str| {
        let path = dir.path().join(format!("{name}.csv"));
        fs::write(&path, renamed(&log, &victim, to)).expect("a file");
        let out = dir.path().join(name);
        analyze(&path, &out, &["--alerts-per-day", "0.5"]);
        out
    };

    let script = "<script>alert(1)</script>&'@x.example";
    let run = rename("script", script);
    assert!(mailboxes(&run.join("sessions.csv")).contains(script));
    let html = page(&run);
    assert!(!html.contains("<script>alert"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"));
    assert_eq!(html.matches("<script>").count(), 1, "only the page's own");
    let charts: Vec<String> = fs::read_dir(run.join("charts"))
        .expect("charts")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert!(
        charts
            .iter()
            .all(|name| !name.contains(['<', '&', '/', '\'']))
    );

    // A spreadsheet would run it; the tables keep it from that, the page shows it as it was.
    let formula = "=hyperlink(1)@x.example";
    let run = rename("formula", formula);
    for table in ["sessions.csv", "exposure.csv"] {
        assert!(mailboxes(&run.join(table)).contains(&format!("'{formula}")));
        let cells = fs::read_to_string(run.join(table)).expect("a table");
        let mut reader = csv::Reader::from_reader(cells.as_bytes());
        for row in reader.records().map(|row| row.expect("a row")) {
            let formula = |cell: &str| cell.starts_with(['=', '+', '@']);
            assert!(!row.iter().any(formula), "{row:?}");
        }
    }
    let html = page(&run);
    assert!(html.contains("<h3>=hyperlink(1)@x.example</h3>"));
}

#[test]
fn a_run_is_drawn_again_with_the_same_bytes() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("run");
    analyze(
        &sample(),
        &out,
        &["--alerts-per-day", "0.5", "--time-zone", "Europe/Warsaw"],
    );
    let before = files(&out);
    let again = |more: &[&str]| {
        let mut args = vec!["report", text(&out)];
        args.extend(more);
        let output = mailglass(&args);
        assert!(output.status.success(), "{}", stderr(&output));
        files(&out)
    };
    for (path, bytes) in &before {
        if path.extension().is_some_and(|e| e == "png" || e == "html") {
            fs::write(path, "gone").expect("a file");
            assert!(!bytes.is_empty());
        }
    }
    assert!(again(&[]) == before, "the same files with the same bytes");

    // Another zone and another size change pictures and page only, and do not stay.
    let elsewhere = again(&[
        "--time-zone",
        "Asia/Tokyo",
        "--double-resolution",
        "--quiet",
    ]);
    for (path, bytes) in &elsewhere {
        let drawn = path.extension().is_some_and(|e| e == "png" || e == "html");
        assert_eq!(before[path] == *bytes, !drawn, "{}", path.display());
    }
    let html = page(&out);
    assert!(
        html.contains("Times in Asia&#x2f;Tokyo; times inside sentences in Europe&#x2f;Warsaw.")
    );
    assert!(again(&[]) == before, "the zone of the run is back");
}

#[test]
fn what_is_no_run_directory_is_told_and_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let refused = |run: &Path, words: &str| {
        let before = files(dir.path());
        let output = mailglass(&["report", text(run)]);
        assert_eq!(output.status.code(), Some(1));
        let told = stderr(&output);
        assert!(told.contains(words), "{told}");
        assert!(
            files(dir.path()) == before,
            "nothing is written or left behind"
        );
    };
    refused(&dir.path().join("nowhere"), "does not exist");
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    refused(&empty, "it holds no summary.json");

    let run = sample_run(dir.path());
    let zone = mailglass(&["report", text(&run), "--time-zone", "Mars"]);
    assert_eq!(zone.status.code(), Some(1));
    assert!(stderr(&zone).contains("\"Mars\" is not a known zone"));

    let damage = |name: &str, from: &str, to: &str, words: &str| {
        let path = run.join(name);
        let whole = fs::read_to_string(&path).expect("a file");
        assert!(whole.contains(from), "{name} holds {from}");
        fs::write(&path, whole.replacen(from, to, 1)).expect("a file");
        refused(&run, words);
        fs::write(&path, whole).expect("a file");
    };
    let newer = ("\"format_version\": 1", "\"format_version\": 99");
    damage("summary.json", newer.0, newer.1, "in format 99");
    damage("summary.json", "{", "[", "summary.json");
    damage(
        "charts.json",
        "\"version\":4",
        "\"version\":7",
        "has version 7",
    );
    let outside = ("charts/tenant_overview.png", "../../outside.png");
    damage("charts.json", outside.0, outside.1, "is no name of a chart");
    damage("sessions.csv", "true", "perhaps", "sessions.csv");
    fs::remove_file(run.join("reasons.csv")).expect("a file");
    refused(&run, "reasons.csv does not exist");
}

#[test]
fn a_run_without_flags_has_its_page() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("run");
    analyze(&sample(), &out, &["--warm-up", "400"]);
    let html = page(&out);
    assert!(html.contains("<h1>No mailbox session could be judged</h1>"));
    assert!(html.contains("could be judged: the log is no longer than the warm-up."));
    assert!(html.contains("<section id=\"coverage\""));
    assert!(!html.contains("id=\"flagged\""));
}

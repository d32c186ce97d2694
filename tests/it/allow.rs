//! The allow-list: what it silences, and that it says so.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{mailglass, stderr};

type Row = BTreeMap<String, String>;

fn sessions(run: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(Path::new(run).join("sessions.csv")).expect("a table");
    reader
        .deserialize()
        .map(|row| row.expect("a row"))
        .collect()
}

#[test]
fn what_a_list_silences_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let simulated = mailglass(&[
        "simulate",
        "--out",
        &path("tenant"),
        "--people",
        "12",
        "--days",
        "16",
        "--seed",
        "5",
        "--attack-after",
        "11",
    ]);
    assert!(simulated.status.success(), "{}", stderr(&simulated));
    let analyze = |run: &str, more: &[&str]| {
        let (log, out) = (path("tenant/audit.csv"), path(run));
        let mut args = vec!["analyze", &log, "--out", &out];
        args.extend(more);
        let output = mailglass(&args);
        assert!(output.status.success(), "{}", stderr(&output));
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let summary = fs::read_to_string(Path::new(&out).join("summary.json")).expect("a summary");
        let page = fs::read_to_string(Path::new(&out).join("report.html")).expect("a page");
        let summary: Value = serde_json::from_str(&summary).expect("JSON");
        (sessions(&out), said, summary, page)
    };

    let (rows, said, summary, page) = analyze("plain", &[]);
    assert!(summary["allow_list"].is_null() && !said.contains("allow-list"));
    assert_eq!(summary["spared"], 0);
    assert!(!page.contains("allow-list kept"));
    let flagged = rows
        .iter()
        .find(|row| row["flagged"] == "true")
        .expect("a flag");
    let (last_day, after) = ("2024-01-12", "2024-01-13");
    let from = |block: &str, late: bool| {
        rows.iter()
            .filter(|row| row["network"] == block && (row["start"].as_str() >= after) == late)
            .count()
    };
    let block = &rows
        .iter()
        .find(|row| from(&row["network"], false) > 0 && from(&row["network"], true) > 0)
        .expect("a network of early and late sessions")["network"];
    let later = from(block, true);
    let list = path("allow.toml");
    let entries = format!(
        "[[allow]]\nsession = \"{}\"\nreason = \"looked <b>at</b>\"\n\
         [[allow]]\nclient = \"00000000-0000-0000-0000-00000000beef\"\nreason = \"a slip of the pen\"\n\
         [[allow]]\nnetwork = \"{block}\"\nreason = \"the old office\"\nexpires = \"{last_day}\"\n",
        flagged["session_id"]
    );
    fs::write(&list, entries).expect("written");

    let (rows, said, summary, page) = analyze("allowed", &["--allow", &list]);
    let allowed = rows
        .iter()
        .find(|row| row["session_id"] == flagged["session_id"])
        .expect("the session");
    assert_eq!(allowed["flagged"], "false");
    let of = |at: &str| summary.pointer(at).cloned().unwrap_or_default();
    assert_eq!(of("/spared"), 1);
    assert_eq!(of("/allow_list/entries/0/session"), *flagged["session_id"]);
    assert_eq!(of("/allow_list/entries/0/sessions"), 1);
    assert_eq!(of("/allow_list/entries/0/spared"), 1);
    assert_eq!(of("/allow_list/entries/1/sessions"), 0);
    let of_block = rows.iter().filter(|row| &row["network"] == block).count();
    assert!(later > 0 && later < of_block, "{later} of {of_block}");
    assert_eq!(of("/allow_list/entries/2/after_expiry"), later);
    assert_eq!(of("/allow_list/entries/2/sessions"), of_block - later);

    assert!(
        said.contains(&format!(
            "The allow-list kept 1 session from being flagged, of {} that its entries name",
            of_block - later
                + usize::from(&flagged["network"] != block || flagged["start"].as_str() >= after)
        )),
        "{said}"
    );
    assert!(
        said.contains("beef names no session of these exports"),
        "{said}"
    );
    assert!(
        said.contains(&format!("{block} expired on {last_day}")),
        "{said}"
    );
    assert!(page.contains("The allow-list kept 1 session from being flagged"));
    assert!(
        page.contains("looked &lt;b&gt;at&lt;"),
        "reasons are escaped"
    );
    assert!(page.contains("Not flagged for it"));
    let sha256 = summary["allow_list"]["sha256"].as_str().expect("a hash");
    assert!(page.contains(sha256), "the page names the list's hash");
}

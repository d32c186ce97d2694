//! `mailglass inspect` through the command line.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::envelopes::records;

fn inspect(args: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mailglass"))
        .arg("inspect")
        .args(args)
        .output()
        .expect("mailglass runs")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON on stdout")
}

#[test]
fn an_export_is_described_in_text_json_chart_and_events() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (export, events, chart) = (
        folder.path().join("export.json"),
        folder.path().join("events.parquet"),
        folder.path().join("days.png"),
    );
    fs::write(&export, records().join("\n")).expect("a file");

    let text = inspect(&[
        &export,
        Path::new("--events"),
        &events,
        Path::new("--chart"),
        &chart,
    ]);
    assert_eq!(
        text.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&text.stderr)
    );
    let said = String::from_utf8_lossy(&text.stdout);
    for part in [
        "Management Activity API",
        "MailItemsAccessed (Bind)",
        "ann@contoso.example",
        "SharePoint: FileAccessed",
        "was throttled",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
    assert!(fs::read(&chart).expect("the chart").starts_with(b"\x89PNG"));

    let first = json(&inspect(&[&export, Path::new("--json")]));
    let again = json(&inspect(&[&events, Path::new("--json")]));
    assert_eq!(first["counts"]["rows"], 11);
    assert_eq!(first["coverage"]["start"], "2024-03-01T10:00:01Z");
    assert_eq!(first["files"][0]["sha256"].as_str().map(str::len), Some(64));
    assert!(
        first["warnings"]
            .as_array()
            .is_some_and(|warnings| warnings.iter().all(|warning| warning["remedy"].is_string()))
    );
    assert_eq!(first["inventory"], again["inventory"]);
    assert_eq!(again["files"][0]["envelope"], "events");
    // What the events no longer tell is not taken for nothing.
    let told = |inspected: &serde_json::Value| {
        let warnings = inspected["warnings"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        warnings
            .iter()
            .filter(|warning| warning["kind"] == "only_events")
            .count()
    };
    assert_eq!((told(&first), told(&again)), (0, 1));
}

#[test]
fn rejects_and_missing_files_have_their_exit_codes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let export = folder.path().join("export.json");
    fs::write(&export, format!("{}\n{{\"Id\":\"cut", records().join("\n"))).expect("a file");
    assert_eq!(
        inspect(&[&export, Path::new("--quiet")]).status.code(),
        Some(2)
    );
    let said = String::from_utf8(inspect(&[&export]).stdout).expect("UTF-8");
    assert!(
        said.contains("rows could not be used") && !said.contains("Nothing seems to be missing"),
        "{said}"
    );
    let missing = inspect(&[&folder.path().join("nothing.csv")]);
    assert_eq!(missing.status.code(), Some(1));
    let said = String::from_utf8_lossy(&missing.stderr);
    assert!(
        said.contains("does not exist") && said.contains("hint:"),
        "{said}"
    );
}

#[test]
fn records_that_open_ways_into_mailboxes_are_pointed_at() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let export = folder.path().join("export.json");
    let other = |number: usize, workload: &str, operation: &str| {
        format!(
            r#"{{"CreationTime":"2024-03-01T12:00:00","Id":"00000000-0000-0000-0000-{number:012}","Operation":"{operation}","RecordType":8,"UserId":"admin@contoso.example","Workload":"{workload}"}}"#
        )
    };
    let mut lines = records();
    for number in 0..3 {
        lines.push(other(
            number,
            "AzureActiveDirectory",
            "Consent to application.",
        ));
    }
    lines.push(other(3, "Exchange", "New-TransportRule"));
    lines.push(other(4, "SharePoint", "FileDownloaded"));
    fs::write(&export, lines.join("\n")).expect("a file");
    let consent = "applications were given access, secrets or owners (Consent to application × 3)";
    let rule = "rules or connectors for all mail were changed (New-TransportRule × 1)";

    let text = inspect(&[&export]);
    let run = folder.path().join("run");
    let analyzed = Command::new(env!("CARGO_BIN_EXE_mailglass"))
        .args([Path::new("analyze"), &export, Path::new("--out"), &run])
        .output()
        .expect("mailglass runs");
    let page = fs::read(run.join("report.html")).expect("the page");
    for told in [&text.stdout, &analyzed.stdout, &page] {
        let told = String::from_utf8_lossy(told);
        assert!(told.contains(consent) && told.contains(rule), "{told}");
        assert!(told.to_lowercase().contains("not judged"), "{told}");
    }
    let leads = &json(&inspect(&[&export, Path::new("--json")]))["leads"];
    assert_eq!(leads.as_array().map(Vec::len), Some(2));
    assert_eq!(leads[0]["lead"], "applications");
    assert_eq!(leads[0]["operations"][0][1], 3);
}

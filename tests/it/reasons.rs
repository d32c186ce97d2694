//! What the sentences say, held against the tables beside them.

use std::collections::BTreeMap;
use std::path::Path;

use super::command::{mailglass, stderr};
use super::table::rows;

/// Sessions of the sample by identifier, and their reasons.
type Told = (
    BTreeMap<String, BTreeMap<String, String>>,
    Vec<BTreeMap<String, String>>,
);

fn told(out: &Path) -> Told {
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/notebooks-data/tenant/audit.csv.gz"
    );
    let output = mailglass(&[
        "analyze",
        sample,
        "--quiet",
        "--out",
        out.to_str().expect("a path"),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let sessions = rows(&out.join("sessions.csv"))
        .into_iter()
        .map(|session| (session["session_id"].clone(), session))
        .collect();
    (sessions, rows(&out.join("reasons.csv")))
}

#[test]
fn sentences_name_what_their_numbers_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sessions, reasons) = told(&folder.path().join("run"));
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    for reason in &reasons {
        let session = &sessions[&reason["session_id"]];
        let sentence = reason["sentence"].as_str();
        let folders = session["syncs"] != "0";
        match reason["feature"].as_str() {
            // What is known of a network is known of its block.
            "network" if session["network"].ends_with(".0/24") => {
                let network = session["network"].as_str();
                let octets: Vec<&str> = network.split('.').take(2).collect();
                let block = format!("the block {}.0.0/16 around {network}", octets.join("."));
                assert!(sentence.starts_with(&block), "{sentence}");
                *seen.entry("network").or_default() += 1;
            }
            "burst" => {
                assert_eq!(sentence.contains("folder"), folders, "{sentence}");
                let kind = if folders { "burst of folders" } else { "burst" };
                *seen.entry(kind).or_default() += 1;
            }
            "items" => {
                let items = format!("{} item", session["items"]);
                assert!(sentence.replace(',', "").starts_with(&items), "{sentence}");
                *seen.entry("items").or_default() += 1;
            }
            "token" | "application" | "actor" if sentence.contains(" of ") => {
                let days =
                    sentence.contains("ordinary day") || sentence.contains("too little history");
                assert!(days, "{sentence}");
                *seen.entry("days").or_default() += 1;
            }
            _ => {}
        }
    }
    for kind in ["network", "burst", "items", "days"] {
        assert!(seen.contains_key(kind), "{kind} in {seen:?}");
    }
}

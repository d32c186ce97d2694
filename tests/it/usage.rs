//! How the command line is used and misused: damaged input, files in the way, wrong options, help.

use std::fs;
use std::process::Command;

use crate::analyze::{analyze, rows, sample, unpacked};
use crate::command::{mailglass, stderr};

#[test]
fn bad_input_is_told_from_good_and_does_not_stop_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    fs::write(path("empty.csv"), "").expect("written");
    fs::write(path("poem.txt"), "no audit export at all\njust lines\n").expect("written");
    fs::write(path("columns.csv"), "a,b,c\n1,2,3\n").expect("written");

    let missing = analyze(&[&path("missing.csv")], &path("out1"), &[]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        stderr(&missing).contains("missing.csv") && stderr(&missing).contains("hint:"),
        "{}",
        stderr(&missing)
    );
    for name in ["empty.csv", "poem.txt", "columns.csv"] {
        let refused = analyze(&[&path(name)], &path("out2"), &[]);
        assert_eq!(
            refused.status.code(),
            Some(1),
            "{name}: {}",
            stderr(&refused)
        );
        assert!(
            stderr(&refused).contains(name),
            "{name}: {}",
            stderr(&refused)
        );
        assert!(!path("out2").exists(), "no half run directory");
    }
    let mixed = analyze(&[&sample(), &path("poem.txt")], &path("out3"), &[]);
    assert_eq!(mixed.status.code(), Some(2), "{}", stderr(&mixed));
    assert!(stderr(&mixed).contains("poem.txt"));
    assert!(
        path("out3/sessions.csv").exists(),
        "the rest of the run went on"
    );
}

#[test]
fn cut_json_is_rejected_with_its_row_and_the_rest_is_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let whole = unpacked(&sample());
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    let cut = lines[5].find("\"\"Workload\"\"").expect("a workload");
    lines[5].truncate(cut);
    lines[5].push_str("\",,");
    let damaged = dir.path().join("damaged.csv");
    fs::write(&damaged, lines.join("\n")).expect("written");
    let out = dir.path().join("run");
    let output = analyze(&[&damaged], &out, &[]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let rejects = rows(&out.join("rejects.csv"));
    assert_eq!(rejects.len(), 1);
    assert_eq!(
        rejects[0]["row"], "5",
        "the fifth data row: {:?}",
        rejects[0]
    );
    assert!(!rejects[0]["reason"].is_empty() && !rejects[0]["excerpt"].is_empty());
}

#[test]
fn utf_16_is_read_like_utf_8() {
    let dir = tempfile::tempdir().expect("a folder");
    let whole = unpacked(&sample());
    let few: String = whole
        .lines()
        .take(200)
        .flat_map(|line| [line, "\r\n"])
        .collect();
    let few = few.trim_start_matches('\u{feff}');
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut expected = None;
    for (name, bytes) in [
        ("utf-8", few.as_bytes().to_vec()),
        ("little", little(few)),
        ("little with a mark", little(&format!("\u{feff}{few}"))),
        ("big", big(few)),
        ("big with a mark", big(&format!("\u{feff}{few}"))),
    ] {
        let input = dir.path().join("log.csv");
        fs::write(&input, bytes).expect("written");
        let out = dir.path().join(name);
        let output = analyze(&[&input], &out, &[]);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let sessions = fs::read_to_string(out.join("sessions.csv")).expect("a table");
        assert!(sessions.lines().count() > 10, "{name}");
        let expected = expected.get_or_insert_with(|| sessions.clone());
        assert!(sessions == *expected, "{name}");
    }
}

#[test]
fn an_existing_run_is_replaced_only_when_asked_and_other_folders_never() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("run");
    assert!(analyze(&[&sample()], &out, &["--quiet"]).status.success());
    let again = analyze(&[&sample()], &out, &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(stderr(&again).contains("--force"), "{}", stderr(&again));
    let forced = analyze(&[&sample()], &out, &["--force", "--quiet"]);
    assert!(forced.status.success() && forced.stdout.is_empty() && forced.stderr.is_empty());
    let precious = dir.path().join("precious");
    fs::create_dir(&precious).expect("a folder");
    fs::write(precious.join("thesis.txt"), "years of work").expect("written");
    assert_eq!(
        analyze(&[&sample()], &precious, &["--force"]).status.code(),
        Some(1)
    );
    assert!(precious.join("thesis.txt").exists());
}

#[test]
fn options_out_of_range_are_refused_before_any_work() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("run");
    for more in [
        ["--alerts-per-day", "0"],
        ["--alerts-per-day", "-1"],
        ["--fdr", "1.5"],
        ["--time-zone", "Mars/Olympus"],
        ["--threads", "0"],
    ] {
        let refused = analyze(&[&sample()], &out, &more);
        assert_eq!(refused.status.code(), Some(1), "{more:?}");
        assert!(
            stderr(&refused).contains(more[0]) && stderr(&refused).contains("hint:"),
            "{}",
            stderr(&refused)
        );
        assert!(!out.exists());
    }
}

#[test]
fn help_teaches_the_tool() {
    for args in [vec!["--help"], vec!["analyze", "--help"]] {
        let output = mailglass(&args);
        let help = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success() && help.contains("analyze"),
            "{help}"
        );
    }
}

#[test]
fn help_names_what_can_be_simulated_and_where_reasons_stand() {
    let help = |command: &str| {
        let output = mailglass(&[command, "--help"]);
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let simulate = help("simulate");
    // Wherever lines are broken.
    let words: Vec<&str> = simulate.split_whitespace().collect();
    let look_alikes = mailglass::simulate::LookAlike::ALL.map(|kind| kind.name());
    let listed = format!("Benign look-alikes: {} Envelopes:", look_alikes.join(", "));
    assert!(words.join(" ").contains(&listed), "{simulate}");
    assert!(help("analyze").contains("reasons.csv"));
    for (command, word) in [
        ("fit", "mailglass score"),
        ("score", "A day is judged once"),
        ("inspect", "mailboxes that stop logging"),
        ("simulate", "labels.csv"),
        ("evaluate", "An alert is one mailbox on one day"),
    ] {
        let said = help(command);
        let words: Vec<&str> = said.split_whitespace().collect();
        assert!(words.join(" ").contains(word), "{said}");
    }
}

#[test]
fn wrong_usage_is_an_error_and_not_skipped_input() {
    let wrong: [&[&str]; 5] = [
        &[],
        &["conquer"],
        &["analyze"],
        &["analyze", "audit.csv", "--no-such-option"],
        &["analyze", "audit.csv", "--alerts-per-day", "two"],
    ];
    for args in wrong {
        let output = mailglass(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    let asked: [&[&str]; 3] = [&["--version"], &["help"], &["score", "-h"]];
    for args in asked {
        let output = mailglass(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(!output.stdout.is_empty() && output.stderr.is_empty());
    }
}

#[test]
fn a_folder_is_analysed_again_without_what_the_first_run_wrote() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::copy(sample(), dir.path().join("audit.csv.gz")).expect("a copy");
    let analyze_here = |more: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_mailglass"))
            .args(["analyze", ".", "--quiet"])
            .args(more)
            .current_dir(dir.path())
            .output()
            .expect("mailglass runs")
    };
    let out = dir.path().join("mailglass-run");
    for more in [&[][..], &["--force"]] {
        let output = analyze_here(more);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = fs::read_to_string(out.join("summary.json")).expect("a summary");
        let summary: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(summary["inputs"].as_array().map(Vec::len), Some(1));
        assert_eq!(summary["failures"].as_array().map(Vec::len), Some(0));
    }
}

/// A strict false-discovery rate finds nothing in three weeks: the days were judged all the same.
#[test]
fn why_nothing_is_flagged_is_true_of_discoveries_too() {
    let dir = tempfile::tempdir().expect("a folder");
    for baseline in ["past", "window"] {
        let out = dir.path().join(baseline);
        let strict = ["--fdr", "0.0001", "--baseline", baseline];
        let output = analyze(&[&sample()], &out, &strict);
        assert!(output.status.success(), "{}", stderr(&output));
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        let about = said.split("\nNothing flagged").nth(1).expect(&said);
        assert!(about.starts_with("\n"), "{baseline}: {about}");
    }
}

#[test]
fn fit_says_what_stood_out_while_it_learned() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = dir.path().join("tenant.model");
    let (log, model) = (sample(), model.to_str().expect("UTF-8").to_owned());
    let fitted = mailglass(&["fit", log.to_str().expect("UTF-8"), "--model", &model]);
    assert!(fitted.status.success(), "{}", stderr(&fitted));
    let said = String::from_utf8(fitted.stdout).expect("UTF-8");
    let flagged = rows(&{
        let out = dir.path().join("run");
        assert!(analyze(&[&log], &out, &["--quiet"]).status.success());
        out.join("sessions.csv")
    })
    .iter()
    .filter(|session| session["flagged"] == "true")
    .count();
    assert!(flagged > 1);
    assert!(
        said.contains(&format!("\n{flagged} sessions of ")),
        "{said}"
    );
    assert!(said.contains("mailglass analyze"), "{said}");
}

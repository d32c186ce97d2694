//! Records made to exhaust memory or time, or to deceive whoever reads the output.
//!
//! These are the small ones; `benches/hostile.py` measures a hundredfold of them and more kinds.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Ends what works for a minute, far above what any of these takes, far below what anything quadratic would. It is the processor's
/// time that counts: a busy machine fails nothing.
const BOUNDED: &str = r#"ulimit -t 60; exec "$0" "$@""#;

/// Fields of a record that a test chooses; the rest is ordinary.
#[derive(Clone)]
struct Record {
    time: String,
    mailbox: String,
    actor: String,
    client: String,
    application: String,
    address: String,
    operation: String,
    more: String,
}

impl Record {
    /// A record of ordinary use; so many fit into a day.
    fn number(number: usize, a_day: usize) -> Self {
        let (day, second) = (number / a_day, number % a_day * 86_400 / a_day);
        Self {
            time: format!(
                "2024-01-{:02}T{:02}:{:02}:{:02}",
                1 + day % 31,
                second / 3600,
                second / 60 % 60,
                second % 60
            ),
            mailbox: "ann@contoso.example".to_owned(),
            actor: "ann@contoso.example".to_owned(),
            client: "Client=REST;;".to_owned(),
            application: String::new(),
            address: "198.51.100.7".to_owned(),
            operation: "MailItemsAccessed".to_owned(),
            more: String::new(),
        }
    }

    fn line(&self, id: usize) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            r#"{{"CreationTime":{},"Id":"00000000-0000-0000-0000-{id:012}","Operation":{},"RecordType":50,"UserId":{},"Workload":"Exchange","MailboxOwnerUPN":{},"ClientIPAddress":{},"ClientInfoString":{},"ClientAppId":{},"LogonType":0,"OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}}],"Folders":[{{"FolderItems":[{{"InternetMessageId":"<{id}@x>","SizeInBytes":10}}],"Path":"\\Inbox"}}],"OperationCount":1{}}}"#,
            text(&self.time),
            text(&self.operation),
            text(&self.actor),
            text(&self.mailbox),
            text(&self.address),
            text(&self.client),
            text(&self.application),
            self.more
        ) + "\n"
    }
}

/// Some weeks of ordinary use.
fn ordinary() -> String {
    (0..200)
        .map(|number| Record::number(number, 10).line(900_000 + number))
        .collect()
}

fn guid(number: usize) -> String {
    format!("{number:08x}-1111-4111-8111-{number:012x}")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Runs the command; it has to end in time and without a panic.
fn mailglass(arguments: &[&Path]) -> Output {
    let output = Command::new("sh")
        .args(["-c", BOUNDED, env!("CARGO_BIN_EXE_mailglass")])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(0..=3)) && !said.contains("panicked"),
        "{arguments:?}: {:?} {said}",
        output.status
    );
    output
}

/// Analyzes a log; its exit code and its summary.
fn analyze(log: impl AsRef<[u8]>) -> (i32, serde_json::Value) {
    let here = folder();
    let (path, out) = (here.path().join("audit.json"), here.path().join("run"));
    fs::write(&path, log).expect("a file");
    let output = mailglass(&[Path::new("analyze"), &path, Path::new("--out"), &out]);
    let summary = fs::read(out.join("summary.json")).expect("a run directory");
    let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
    let count = |name: &str| summary["counts"][name].as_u64().expect("a count");
    assert_eq!(
        count("rows"),
        count("events") + count("duplicates") + count("other_records") + count("rejects")
    );
    (output.status.code().expect("an exit code"), summary)
}

#[test]
fn one_mailbox_may_meet_any_number_of_clients() {
    let kinds: [fn(&mut Record, usize); 4] = [
        |record, number| record.application = guid(number),
        |record, number| record.client = format!("Client=WebServices;Tool{number}/1"),
        |record, number| record.address = format!("11.{}.{}.9", number / 250, number % 250),
        |record, number| record.actor = format!("u{number}@contoso.example"),
    ];
    for kind in kinds {
        let lines = (0..20_000).map(|number| {
            let mut record = Record::number(number, 1_000);
            kind(&mut record, number);
            record.line(number)
        });
        let (code, summary) = analyze(lines.collect::<String>());
        assert_eq!((code, &summary["counts"]["events"]), (0, &20_000.into()));
    }
}

#[test]
fn a_client_may_appear_in_any_number_of_mailboxes_at_once() {
    // Every session of the last day shares its unfamiliar client with all others.
    let lines = (0..16_000).map(|number| {
        let mut record = Record::number(number, 1_000);
        record.mailbox = format!("u{}@contoso.example", number % 4_000);
        if number >= 12_000 {
            record.time = "2024-01-13T10:00:00".to_owned();
            record.application = guid(7);
            record.actor = "app@contoso.example".to_owned();
            record.address = "203.0.113.9".to_owned();
        }
        record.line(number)
    });
    let (code, summary) = analyze(lines.collect::<String>());
    assert_eq!((code, &summary["mailboxes"]), (0, &4_000.into()));
}

/// Reads a log without judging anything; its exit code and how many rows and rejects it had.
fn inspect(log: impl AsRef<[u8]>) -> (i32, u64, u64) {
    let here = folder();
    let path = here.path().join("audit.json");
    fs::write(&path, log).expect("a file");
    let output = mailglass(&[Path::new("inspect"), Path::new("--json"), &path]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let count = |name: &str| said["counts"][name].as_u64().expect("a count");
    (
        output.status.code().expect("an exit code"),
        count("rows"),
        count("rejects"),
    )
}

#[test]
fn texts_that_collide_under_a_known_hash_cost_no_more_than_others() {
    // To FxHash these are one: the third pair of words is a product with zero, and makes its state forget the fourth.
    const BEFORE: &str = "QV7x5DtUCAOTEAEGMozilla/5.0 (WinFClgwkTI";
    let clients = (0..100_000).map(|number| {
        let mut record = Record::number(number, 5_000);
        record.client = format!("{BEFORE}{number:08x}; like Gecko Chrome/120 Safari");
        record.line(number)
    });
    assert_eq!(inspect(clients.collect::<String>()), (0, 100_000, 0));
    // So are these mailboxes: it adds the second half of a number to a multiple of the first.
    let mailboxes = (0..100_000u64).map(|number| {
        let mut record = Record::number(number as usize, 5_000);
        let (low, high) = (
            number,
            number.wrapping_mul(0xf135_7aea_2e62_a9c5).wrapping_neg(),
        );
        record.more = format!(
            ",\"MailboxGuid\":\"{:08x}-{:04x}-{:04x}-{:04x}-{:012x}\"",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        );
        record.line(number as usize)
    });
    assert_eq!(inspect(mailboxes.collect::<String>()), (0, 100_000, 0));
}

#[test]
fn brackets_that_never_close_cost_no_more_than_others() {
    // Were there nothing else, there would be nothing to read.
    let mut log = format!("[\n{},\n{{\"Id\":\"a\",\n", Record::number(0, 10).line(0));
    log.push_str(&"{\n".repeat(30 << 20));
    let (code, rows, rejects) = inspect(log);
    assert_eq!((code, rows), (2, rejects + 1));
}

#[test]
fn a_bracket_lost_among_objects_costs_their_neighbours_nothing() {
    let records = |numbers: std::ops::Range<usize>| {
        let lines = numbers.map(|number| Record::number(number, 5_000).line(number));
        lines
            .map(|line| line.trim_end().to_owned() + ",")
            .collect::<String>()
    };
    // Ten megabytes behind it, and ten before it.
    let log = format!(
        "[{}{{\"Id\":\"a\",\"Lost\":[{}]",
        records(0..20_000),
        records(20_000..40_000)
    );
    let (code, rows, rejects) = inspect(log);
    assert_eq!((code, rows - rejects), (2, 40_000));
    assert!(rejects <= 3, "{rejects}");
}

#[test]
fn a_row_may_name_one_column_any_number_of_times() {
    let again = r#","TimeGenerated":"2024-01-01T00:00:00Z""#.repeat(120_000);
    let log = ordinary() + &format!("{{\"OfficeWorkload\":\"Exchange\"{again}}}\n");
    assert_eq!(inspect(log), (2, 201, 1));
}

#[test]
fn rows_that_are_no_rows_are_kept_up_to_a_number_and_all_counted() {
    let here = folder();
    let (path, out) = (here.path().join("audit.csv"), here.path().join("run"));
    let header = "RecordId,CreationDate,RecordType,Operation,UserId,AuditData\n";
    let row = |record: String| {
        format!(
            "x,2024-01-01T00:00:00,50,MailItemsAccessed,ann,\"{}\"\n",
            record.trim_end().replace('"', "\"\"")
        )
    };
    let rows = row(Record::number(0, 10).line(1)) + &"x\n".repeat(1_200_000);
    fs::write(&path, header.to_owned() + &rows).expect("a file");
    let output = mailglass(&[Path::new("analyze"), &path, Path::new("--out"), &out]);
    assert_eq!(output.status.code(), Some(2));
    let rejects = fs::read_to_string(out.join("rejects.csv")).expect("the rejects");
    assert_eq!(rejects.lines().count(), 2 + (1 << 20));
    let last = rejects.lines().last().expect("a line");
    assert!(
        last.contains("another number of cells") && last.ends_with("\"and 151,424 more rows\""),
        "{last}"
    );
    let output = mailglass(&[Path::new("inspect"), Path::new("--json"), &path]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["rejects"][0]["events"], 1_200_000);
}

#[test]
fn an_allow_list_may_name_any_number_of_sessions() {
    let here = folder();
    let place = |name: &str| here.path().join(name);
    let (path, list, out) = (place("audit.json"), place("allow.toml"), place("run"));
    let log = (0..20_000).map(|number| {
        let mut record = Record::number(number, 1_000);
        record.more = format!(",\"SessionId\":\"s{number}\"");
        record.line(number)
    });
    fs::write(&path, log.collect::<String>()).expect("a file");
    let entry = |number: usize| format!("[[allow]]\nsession = \"{number:016x}\"\nreason = \"x\"\n");
    fs::write(&list, (0..20_000).map(entry).collect::<String>()).expect("a file");
    let allow = [Path::new("--allow"), &list];
    let mut arguments = vec![Path::new("analyze"), &path, Path::new("--out"), &out];
    arguments.extend(allow);
    assert_eq!(mailglass(&arguments).status.code(), Some(0));
}

#[test]
fn a_user_may_read_and_sign_in_any_number_of_times_a_day() {
    let mut log = String::new();
    for number in 0..40_000 {
        let mut record = Record::number(number, 40_000);
        record.more = format!(",\"SessionId\":\"s{number}\"");
        let read = record.line(2 * number);
        record.more = format!(",\"SessionId\":\"g{number}\"");
        record.operation = "UserLoggedIn".to_owned();
        let sign_in = record.line(2 * number + 1);
        log.push_str(&read);
        log.push_str(&sign_in.replace("\"RecordType\":50", "\"RecordType\":15"));
    }
    let (code, summary) = analyze(log);
    assert_eq!((code, &summary["counts"]["events"]), (0, &80_000.into()));
}

#[test]
fn nesting_without_end_is_rejected() {
    let depth = 10_000;
    let mut log = ordinary();
    let mut nested = |more: String| {
        let mut record = Record::number(3, 10);
        record.more = format!(",\"Extra\":{more}");
        log.push_str(&record.line(1));
    };
    nested("[".repeat(depth) + &"]".repeat(depth));
    nested("{\"a\":".repeat(depth) + "1" + &"}".repeat(depth));
    log.push_str(&"[".repeat(depth));
    log.push('\n');
    log.push_str(&"{\"a\":".repeat(depth));
    log.push('\n');
    let (code, summary) = analyze(log);
    let counts = &summary["counts"];
    assert_eq!(code, 2, "{counts}");
    assert!(counts["events"].as_u64() >= Some(200), "{counts}");
    assert!(counts["rejects"].as_u64() >= Some(2), "{counts}");
}

#[test]
fn a_line_without_end_is_rejected_and_the_lines_around_it_are_kept() {
    let mut log = ordinary().into_bytes();
    let mut record = Record::number(3, 10);
    record.more = format!(",\"Extra\":\"{}\"", "x".repeat(70 << 20));
    log.extend(record.line(1).into_bytes());
    for number in 0..200 {
        log.extend(
            Record::number(number, 10)
                .line(800_000 + number)
                .into_bytes(),
        );
    }
    let (code, summary) = analyze(log);
    assert_eq!(code, 2);
    assert_eq!(summary["counts"]["events"], 400);
    assert_eq!(summary["counts"]["rejects"], 1);
}

#[test]
fn a_name_without_end_is_rejected_and_the_records_around_it_are_kept() {
    let mut log = ordinary();
    let (_, summary) = analyze(&log);
    let events = summary["counts"]["events"].as_u64().expect("a count");
    let mut record = Record::number(1, 20);
    record.mailbox = "m".repeat(70_000);
    log.push_str(&record.line(1));
    record.mailbox = "m".repeat(60_000);
    log.push_str(&record.line(2));
    let (code, summary) = analyze(&log);
    assert_eq!(code, 2);
    assert_eq!(summary["counts"]["events"], events + 1);
    assert_eq!(summary["counts"]["rejects"], 1);
}

#[test]
fn numbers_beyond_all_ranges_do_no_harm() {
    let odd = [
        "1e999",
        "-1e999",
        "18446744073709551616",
        "-9223372036854775809",
        "-1",
        "null",
        "\"NaN\"",
        "4294967296",
        "1.5",
        "[]",
        "{}",
        "\"99999999999999999999\"",
    ];
    let mut log = ordinary();
    for (number, first) in odd.iter().enumerate() {
        for (place, field) in ["RecordType", "LogonType", "OperationCount", "ResultIndex"]
            .iter()
            .enumerate()
        {
            let line = Record::number(number, 10).line(number * 10 + place);
            let line = match *field {
                "ResultIndex" => {
                    line.replace("\"SizeInBytes\":10", &format!("\"SizeInBytes\":{first}"))
                }
                "RecordType" => {
                    line.replace("\"RecordType\":50", &format!("\"RecordType\":{first}"))
                }
                "LogonType" => line.replace("\"LogonType\":0", &format!("\"LogonType\":{first}")),
                _ => line.replace(
                    "\"OperationCount\":1",
                    &format!("\"OperationCount\":{first}"),
                ),
            };
            log.push_str(&line);
        }
    }
    // Sums of the largest numbers there are.
    for number in 0..100 {
        let line = Record::number(number, 10).line(5_000 + number);
        log.push_str(
            &line
                .replace(
                    "\"OperationCount\":1",
                    "\"OperationCount\":18446744073709551615",
                )
                .replace("\"SizeInBytes\":10", "\"SizeInBytes\":18446744073709551615"),
        );
    }
    let (_, summary) = analyze(log);
    assert_eq!(summary["counts"]["rows"], 200 + 48 + 100);
    assert!(
        summary["counts"]["events"].as_u64() >= Some(300),
        "{}",
        summary["counts"]
    );
}

#[test]
fn times_outside_the_calendar_are_rejected_with_a_reason() {
    let odd = [
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59",
        "0000-00-00T00:00:00",
        "2024-02-30T00:00:00",
        "2024-01-01T25:00:00",
        "-2024-01-01T00:00:00",
        "99999-01-01T00:00:00",
        "",
        "1/1/0001 12:00:00 AM",
    ];
    let mut log = ordinary();
    for (number, time) in odd.iter().enumerate() {
        let mut record = Record::number(0, 10);
        record.time = (*time).to_owned();
        log.push_str(&record.line(number));
    }
    // As far apart as two records can be that are read.
    for (number, time) in ["1990-01-01T00:00:00", "2199-12-31T23:59:59"]
        .iter()
        .enumerate()
    {
        let mut record = Record::number(0, 10);
        record.time = (*time).to_owned();
        log.push_str(&record.line(100 + number));
    }
    let (code, summary) = analyze(log);
    assert_eq!(
        (code, &summary["counts"]["rejects"]),
        (2, &odd.len().into())
    );
    assert_eq!(summary["counts"]["events"], 202);
}

/// Names that command a terminal, turn text around, break lines, or are code to somebody.
const NAMES: [&str; 9] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{1b}]8;;http://evil.example\u{7}click\u{1b}]8;;\u{7}",
    "\u{9b}31mred\u{9d}0;t\u{9c}",
    "\u{202e}gpj.exe\u{2066}\u{200f}\u{61c}",
    "line\r\nbreak\u{2028}\u{85}",
    "\0\u{1}\u{7f}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }}\u{e0041}",
];

fn commands_or_reorders(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

fn assert_harmless(what: &str, text: &[u8]) {
    let text = std::str::from_utf8(text).expect("UTF-8");
    if let Some((at, c)) = text.char_indices().find(|(_, c)| commands_or_reorders(*c)) {
        let from = text[..at]
            .char_indices()
            .rev()
            .nth(80)
            .map_or(0, |(at, _)| at);
        panic!("{what}: {c:?} after {:?}", &text[from..at]);
    }
}

/// A log in which every name is hostile, and a labels file for it.
fn hostile_log(folder: &Path) -> (PathBuf, PathBuf) {
    let mut log = ordinary();
    let mut labels = "record_id,scenario,episode\n".to_owned();
    for number in 0..600 {
        let name = NAMES[number % NAMES.len()];
        let mut record = Record::number(number, 20);
        record.mailbox = format!("{name}{}@contoso.example", number % 3);
        record.actor = name.to_owned();
        record.client = format!("Client={name};{name}");
        record.application = name.to_owned();
        if number % 2 == 0 {
            record.address = name.to_owned();
        }
        if number % 5 == 0 {
            record.operation = name.to_owned();
        }
        record.more = format!(",\"SessionId\":{}", serde_json::Value::from(name));
        log.push_str(&record.line(number));
        let _ = writeln!(
            labels,
            "00000000-0000-0000-0000-{number:012},\"{name}\",\"{name}\""
        );
    }
    log.push_str("{\"Id\":\"\u{1b}[2J\u{9b}1m\u{202e}\n");
    // The file's own name is hostile too.
    let path = folder.join("a\u{1b}[2J\u{9b}\u{202e}.json");
    fs::write(&path, log).expect("a file");
    let labels_path = folder.join("labels.csv");
    fs::write(&labels_path, labels).expect("a file");
    (path, labels_path)
}

#[test]
fn nothing_that_is_printed_commands_the_terminal() {
    let here = folder();
    let (log, labels) = hostile_log(here.path());
    let place = |name: &str| here.path().join(name);
    let (run, model, scored) = (place("run\u{1b}[1m"), place("model"), place("scored"));
    let word = Path::new;
    let many = [
        word("--warm-up"),
        word("0"),
        word("--alerts-per-day"),
        word("1000"),
    ];
    let mut analyze = vec![word("analyze"), &log, word("--out"), &run];
    analyze.extend(many);
    let missing = place("missing\u{1b}[2J.csv");
    let nothing = place("nothing\u{9b}2J");
    fs::create_dir(&nothing).expect("a folder");
    let commands: Vec<Vec<&Path>> = vec![
        analyze,
        vec![word("inspect"), &log, word("--top"), word("1000")],
        vec![word("inspect"), &log, word("--json")],
        vec![word("fit"), &log, word("--model"), &model],
        vec![
            word("score"),
            &log,
            word("--model"),
            &model,
            word("--out"),
            &scored,
        ],
        vec![word("evaluate"), &run, word("--labels"), &labels],
        vec![
            word("evaluate"),
            &run,
            word("--labels"),
            &labels,
            word("--json"),
        ],
        vec![word("report"), &run],
        vec![word("inspect"), &missing],
        vec![word("inspect"), &nothing],
        vec![word("inspect"), &log, &missing],
        vec![word("report"), &nothing],
        vec![word("simulate"), word("--out"), &run],
    ];
    for arguments in commands {
        let output = mailglass(&arguments);
        let name = format!("{arguments:?}");
        assert_harmless(&name, &output.stdout);
        assert_harmless(&name, &output.stderr);
        assert!(output.stdout.len() + output.stderr.len() > 20, "{name}");
    }
    let page = fs::read(run.join("report.html")).expect("the page");
    assert_harmless("report.html", &page);
}

#[test]
fn a_name_without_end_does_not_flood_the_terminal() {
    let here = folder();
    let path = here.path().join("audit.json");
    let log = (0..20).map(|number| {
        let mut record = Record::number(number, 2);
        record.mailbox = "m".repeat(60_000) + &format!("{number}@contoso.example");
        record.actor = "a".repeat(40_000);
        record.line(number)
    });
    fs::write(&path, log.collect::<String>()).expect("a file");
    let output = mailglass(&[Path::new("inspect"), &path]);
    assert!(
        output.stdout.len() < 20_000,
        "{} bytes",
        output.stdout.len()
    );
    let out = here.path().join("run");
    let output = mailglass(&[Path::new("analyze"), &path, Path::new("--out"), &out]);
    assert!(
        output.stdout.len() < 20_000,
        "{} bytes",
        output.stdout.len()
    );
}

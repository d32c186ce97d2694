//! What users have instead of a fresh export: files of other systems beside each other, rewritten, cut, renamed.

use std::fs;

use mailglass::ingest::{Envelope, IngestOptions, Ingested, Input, Silent, Warning, read};
use serde_json::{Value, json};

use super::dump;
use crate::envelopes::{csv, records, text_of, value};

/// The events of one text.
fn read_text(name: &str, content: &str) -> Ingested {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file");
    read(&[Input::new(&path)], &IngestOptions::default(), &Silent).expect("an export")
}

#[test]
fn damage_in_a_pretty_array_costs_one_record() {
    let pretty: Vec<Value> = records().iter().map(|record| value(record)).collect();
    let pretty = serde_json::to_string_pretty(&pretty).expect("JSON");
    let damaged = pretty.replacen("\"ClientVersion\":", "\"ClientVersion\"", 1);
    assert_ne!(pretty, damaged);
    let counts = read_text("damaged.json", &damaged).counts;
    assert_eq!((counts.rows, counts.rejects, counts.events), (11, 1, 8));
}

#[test]
fn what_a_writer_cut_off_below_some_depth_costs_no_record() {
    let cut = r#"{"Id":"5d1f6f2a-0000-4000-8000-000000000001","CreationTime":"2024-03-01T10:00:00","Operation":"MailItemsAccessed","RecordType":50,
        "UserId":"ann@contoso.example","MailboxOwnerUPN":"ann@contoso.example","OperationCount":3,"Size":NaN,
        "Folders":["@{FolderItems=System.Object[]}"],"OperationProperties":{"Name":"MailAccessType","Value":"Bind"}}"#;
    let ingested = read_text("cut.json", cut);
    let columns = ingested.events.columns().expect("columns");
    assert_eq!((columns.access[0], columns.items[0]), (1, 3));
}

#[test]
fn a_read_that_does_not_say_how_is_one_of_messages_or_told() {
    let read = |number: u32, more: &str| {
        format!(
            r#"{{"Id":"5d1f6f2a-0000-4000-8000-00000000000{number}","CreationTime":"2024-03-01T10:00:00","Operation":"MailItemsAccessed","RecordType":50,"UserId":"ann@contoso.example","MailboxOwnerUPN":"ann@contoso.example"{more}}}"#
        )
    };
    let log = [read(1, r#","OperationCount":7"#), read(2, "")].join("\n");
    let ingested = read_text("unclear.json", &log);
    let columns = ingested.events.columns().expect("columns");
    assert_eq!((columns.access, columns.items), (&[1, 0][..], &[7, 1][..]));
    let told = ingested
        .coverage
        .warnings
        .iter()
        .any(|warning| matches!(warning, Warning::UnclearReads { records: 1, of: 2 }));
    assert!(told, "{:?}", ingested.coverage.warnings);
}

#[test]
fn of_two_rows_of_one_record_the_one_that_says_more_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = |name: &str| folder.path().join(name);
    fs::write(place("whole.json"), records().join("\n")).expect("a file");
    // A table of some fields: no session, no messages, no way of access.
    let poor = csv(
        "TimeGenerated [UTC],OfficeId,Operation,UserId,MailboxOwnerUPN,RecordType",
        &records()[..3],
        |inner, _| {
            format!(
                "\"3/1/2024, 10:00:0{}.000 AM\",{},{},ann@contoso.example,ann@contoso.example,50",
                text_of(inner, "Id").chars().last().unwrap_or_default(),
                text_of(inner, "Id"),
                text_of(inner, "Operation"),
            )
        },
    );
    fs::write(place("a-poor.csv"), poor).expect("a file");
    let read = |names: &[&str]| {
        let inputs: Vec<Input> = names.iter().map(|name| Input::new(place(name))).collect();
        read(&inputs, &IngestOptions::default(), &Silent).expect("events")
    };
    let (alone, both) = (read(&["whole.json"]), read(&["a-poor.csv", "whole.json"]));
    assert_eq!(both.counts.duplicates, alone.counts.duplicates + 3);
    assert_eq!(dump(&both).expect("a dump"), dump(&alone).expect("a dump"));
}

#[test]
fn a_rule_is_its_owner_s_whatever_it_calls_the_mailbox() {
    let mailbox = "2c1cb101-3be8-4591-a5d2-e24244ea4df5";
    let object = "9d8001cb-a159-4252-a3a1-c2dc689f322a";
    let record = |number: u32, more: &str| {
        format!(
            r#"{{"Id":"5d1f6f2a-0000-4000-8000-00000000000{number}","CreationTime":"2024-03-01T10:0{number}:00",{more}}}"#
        )
    };
    let read = |number, owner: &str| {
        record(
            number,
            &format!(
                r#""Operation":"MailItemsAccessed","RecordType":50,"OperationCount":1,"MailboxGuid":"{mailbox}","MailboxOwnerUPN":"{owner}","UserId":"{owner}""#
            ),
        )
    };
    let change = |number, operation: &str, (actor, object): (&str, &str), parameters: &str| {
        record(
            number,
            &format!(
                r#""Operation":"{operation}","RecordType":1,"ObjectId":"{object}","UserId":"{actor}","Parameters":[{parameters}]"#
            ),
        )
    };
    let ann = "ann@contoso.example";
    let rule = |number, object: &str| {
        let name = r#"{"Name":"Name","Value":"."}"#;
        change(number, "New-InboxRule", (ann, object), name)
    };
    let of_others = r#"{"Name":"Identity","Value":"hr\\\\r"}"#;
    let log = [
        read(1, ann),
        // The same mailbox under another address: which of the two is meant elsewhere, nobody knows.
        read(2, "zoe@contoso.example"),
        // By the user's object, which a sign-in names; by a name that nothing else explains; by the alias.
        rule(3, &format!(r"NAM/org/{object}\\r")),
        rule(4, r"Ann Smith\\r"),
        rule(5, r"ann\\r"),
        record(
            6,
            &format!(
                r#""Operation":"UserLoggedIn","RecordType":15,"UserKey":"{object}","UserId":"{ann}""#
            ),
        ),
        // An administrator in a mailbox of which the log says no more.
        change(
            7,
            "Set-InboxRule",
            ("admin@contoso.example", r"hr\\r"),
            of_others,
        ),
    ];
    let expected = [ann, "zoe@contoso.example", ann, ann, ann, ann, "hr"];
    let mut shuffled = log.clone();
    shuffled.rotate_left(3);
    for log in [log, shuffled] {
        let ingested = read_text("names.json", &log.join("\n"));
        let columns = ingested.events.columns().expect("columns");
        let mailboxes: Vec<&str> = (0..7).map(|row| columns.mailbox.get(row)).collect();
        assert_eq!(mailboxes, expected);
    }
}

#[test]
fn tables_of_log_analytics_and_dates_of_a_locale_are_read() {
    let columns = [
        "TimeGenerated",
        "OfficeId",
        "Operation",
        "UserId",
        "OperationCount",
    ];
    let columns: Vec<Value> = columns.iter().map(|name| json!({"name": name})).collect();
    let row = |number: u32| {
        json!([
            format!("2024-03-13T10:00:0{number}Z"),
            format!("id-{number}"),
            "MailItemsAccessed",
            "ann@contoso.example",
            2
        ])
    };
    let answer = json!({"tables": [{"name": "PrimaryResult", "columns": columns, "rows": [row(1), row(2)]}]});
    let table = read_text("table.json", &answer.to_string());
    assert_eq!((table.counts.events, table.counts.rejects), (2, 0));
    assert_eq!(table.files[0].envelope, Envelope::OfficeActivity);
    let header = "CreationTime,Id,Operation,UserId,OperationCount";
    let locale = (2..4)
        .map(|n| format!("\n1{n}/03/2024 10:00:00,id-{n},MailItemsAccessed,ann@contoso.example,2"));
    let british = read_text(
        "locale.csv",
        &format!("{header}{}\n", locale.collect::<String>()),
    );
    let days = british.events.columns().expect("columns").time.to_vec();
    // 2024-03-12 and 13 at ten, not the third of December.
    assert_eq!(
        days,
        [12, 13].map(|day| 1_710_151_200_000 + (day - 11) * 86_400_000)
    );
}

#[test]
fn what_is_lost_on_the_way_is_told() {
    let forwarding = r#"{"Id":"5d1f6f2a-0000-4000-8000-000000000001","CreationTime":"2024-03-01T10:00:00","Operation":"Set-Mailbox","RecordType":1,
        "UserId":"ann@contoso.example","ObjectId":"ann","Parameters":["@{Name=ForwardingSmtpAddress; Value=smtp:x@elsewhere.example}"]}"#;
    let ingested = read_text("cut.json", forwarding);
    assert_eq!(ingested.counts.events, 1);
    let told = ingested.coverage.warnings.iter();
    let told =
        told.filter(|warning| matches!(warning, Warning::UnclearChanges { records: 1, of: 1 }));
    assert_eq!(told.count(), 1);

    // A second page behind a first that is cut off in what it says about itself.
    let page: Vec<Value> = records()[..2].iter().map(|record| value(record)).collect();
    let page = json!({"results": page, "stats": {"rows": 2}}).to_string();
    let cut = page.strip_suffix(":2}}").expect("the page's end");
    let ingested = read_text("pages.json", &format!("{cut}\n{page}"));
    assert!(ingested.counts.rejects > 0 || ingested.counts.rows == 4);
    assert_eq!(ingested.counts.events, 2);
}

#[test]
fn records_whose_fields_are_named_like_wrappers_are_records() {
    for more in [
        r#""results":[{"x":1}]"#,
        r#""properties":{"x":1}"#,
        r#""hits":{"hits":[]}"#,
        r#""event":{"Operation":"x"}"#,
        r#""event":"{}""#,
        r#""rows":[1]"#,
        r#""tables":[]"#,
    ] {
        let record = format!(
            r#"{{{more},"Id":"5d1f6f2a-0000-4000-8000-000000000001","CreationTime":"2024-03-01T10:00:00","Operation":"Send","RecordType":2,"UserId":"ann@contoso.example"}}"#
        );
        let indented: Value = serde_json::from_str(&record).expect("JSON");
        let indented = serde_json::to_string_pretty(&indented).expect("JSON");
        for text in [record.clone(), format!("[{record}]"), indented] {
            let counts = read_text("field.json", &text).counts;
            assert_eq!((counts.rows, counts.events), (1, 1), "{text}");
        }
    }
}

#[test]
fn what_a_rule_looks_for_says_nothing_of_what_it_does() {
    let record = r#"{"Id":"5d1f6f2a-0000-4000-8000-000000000001","CreationTime":"2024-03-01T10:00:00","Operation":"New-InboxRule","RecordType":1,
        "UserId":"ann@contoso.example","ObjectId":"ann","Parameters":[{"Name":"BodyContainsWords","Value":"invoice; ForwardTo=finance@contoso.example"},
        {"Name":"ForwardTo","Value":"thief@elsewhere.example"}]}"#;
    let ingested = read_text("rule.json", record);
    let columns = ingested.events.columns().expect("columns");
    assert_eq!(
        columns.parameters.get(0),
        "BodyContainsWords=invoice;ForwardTo=finance@contoso.example; ForwardTo=thief@elsewhere.example"
    );
}

#[test]
fn records_that_log_shippers_wrap_are_read() {
    let whole = read_text("whole.json", &records().join("\n"));
    let expected = dump(&whole).expect("a dump");
    let shapes: [fn(&str) -> Value; 4] = [
        |record| json!({"@timestamp": "2025-01-01T00:00:00Z", "message": record, "host": {"name": "h"}}),
        |record| json!({"message": record, "event": {"original": record}}),
        |record| json!({"@timestamp": "2025-01-01T00:00:00Z", "o365audit": value(record)}),
        |record| json!({"message": "no record", "o365audit": value(record)}),
    ];
    for (number, shape) in shapes.iter().enumerate() {
        let lines: Vec<String> = records()
            .iter()
            .map(|record| shape(record).to_string())
            .collect();
        let wrapped = read_text("wrapped.json", &lines.join("\n"));
        assert_eq!(wrapped.files[0].envelope, Envelope::Elastic, "{number}");
        assert_eq!(dump(&wrapped).expect("a dump"), expected, "{number}");
    }
}

#[test]
fn a_session_is_one_in_whatever_letters() {
    let record = |number: u32, session: &str| {
        format!(
            r#"{{"Id":"5d1f6f2a-0000-4000-8000-00000000000{number}","CreationTime":"2024-03-01T10:00:00","Operation":"Send","RecordType":2,"UserId":"ann@contoso.example",{session}}}"#
        )
    };
    let log = [
        record(1, r#""SessionId":"0BEE2F3E-A159-4252-A3A1-C2DC689F322A""#),
        record(2, r#""SessionId":"0bee2f3e-a159-4252-a3a1-c2dc689f322a""#),
        record(
            3,
            r#""DeviceProperties":[{"Name":"SessionId","Value":"0Bee2f3e-A159-4252-a3a1-c2dc689f322a"}]"#,
        ),
    ];
    let ingested = read_text("letters.json", &log.join("\n"));
    let columns = ingested.events.columns().expect("columns");
    let named: Vec<&str> = (0..3).map(|row| columns.session_id.get(row)).collect();
    assert_eq!(named, ["0bee2f3e-a159-4252-a3a1-c2dc689f322a"; 3]);
}

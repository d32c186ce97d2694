//! A month of one mailbox's ordinary sessions, and what is made of the sessions that follow it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::command::{mailglass, stderr};
use crate::table::rows;

/// Where the owner is.
const HOME: &str = "198.51.100.7";
/// Another network of the owner's provider.
const NEXT_DOOR: &str = "198.51.7.9";
/// Where somebody else is.
const ELSEWHERE: &str = "203.0.113.9";

/// A record of reading one message in March 2024; `more` replaces fields, and null takes one out.
fn record(owner: &str, (day, hour, minute): (u32, u32, u32), more: Value) -> String {
    let number = day * 10_000 + hour * 100 + minute;
    let mut record: Map<String, Value> = serde_json::from_value(json!({
        "CreationTime": format!("2024-03-{day:02}T{hour:02}:{minute:02}:00"),
        "Id": format!("00000000-0000-4000-{:04x}-{number:012}", owner.len()), "Operation": "MailItemsAccessed", "RecordType": 50, "LogonType": 0,
        "Workload": "Exchange", "UserId": owner, "MailboxOwnerUPN": owner, "ClientIPAddress": HOME, "ClientInfoString": "Client=OWA;Action=ViaProxy",
        "SessionId": format!("{owner}-{day}"), "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}], "OperationCount": 1,
        "Folders": [{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": format!("<{number}@contoso.example>"), "SizeInBytes": 1000}]}]
    }))
    .expect("an object");
    for (field, value) in more.as_object().expect("fields") {
        match value {
            Value::Null => record.remove(field),
            value => record.insert(field.clone(), value.clone()),
        };
    }
    Value::Object(record).to_string()
}

/// Sessions of four records at nine o'clock, day by day.
fn month(owner: &str, days: std::ops::RangeInclusive<u32>, more: &Value) -> Vec<String> {
    let minutes = |day| (0..4).map(move |minute| (day, 9, minute * 5 + day % 5));
    days.flat_map(minutes)
        .map(|at| record(owner, at, more.clone()))
        .collect()
}

/// Analyzes records; gives the rows of a table and the summary.
struct Run(tempfile::TempDir);

impl Run {
    fn of(records: &[String], allow: Option<&str>) -> Self {
        let run = Self(tempfile::tempdir().expect("a folder"));
        let path = |name: &str| run.0.path().join(name).to_str().expect("UTF-8").to_owned();
        fs::write(path("log.json"), records.join("\n")).expect("written");
        let (log, out, list) = (path("log.json"), path("run"), path("allow.toml"));
        let mut args = vec!["analyze", &log, "--out", &out, "--quiet"];
        if let Some(entries) = allow {
            fs::write(&list, entries).expect("written");
            args.extend(["--allow", &list]);
        }
        let output = mailglass(&args);
        assert!(output.status.success(), "{}", stderr(&output));
        run
    }

    fn table(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        rows(&self.file(name))
    }

    fn summary(&self) -> Value {
        let text = fs::read_to_string(self.file("summary.json")).expect("a summary");
        serde_json::from_str(&text).expect("JSON")
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.0.path()).join("run").join(name)
    }
}

const ANN: &str = "ann@contoso.example";

/// A session that goes on from next door, within its provider's block, is not the one that the entry means, though most of it is.
#[test]
fn a_network_is_allowed_and_nothing_from_elsewhere() {
    let mut records = month(ANN, 1..=20, &json!({}));
    records.push(record(
        ANN,
        (20, 9, 30),
        json!({"ClientIPAddress": NEXT_DOOR}),
    ));
    let entry = format!("[[allow]]\nnetwork = \"{HOME}\"\nreason = \"at home\"\n");
    let run = Run::of(&records, Some(&entry));
    let sessions = run.table("sessions.csv");
    assert_eq!(
        sessions.len(),
        20,
        "the last session is one, from two networks"
    );
    assert!(
        sessions
            .iter()
            .all(|session| session["network"] == "198.51.100.0/24")
    );
    assert_eq!(run.summary()["allow_list"]["entries"][0]["sessions"], 19);
}

/// Records of administration name no client, and that is no new one; the service around them may know better.
#[test]
fn a_rule_from_a_console_is_no_unknown_client() {
    let rule = |client: Value| {
        let mut records = month(ANN, 1..=20, &json!({}));
        records.push(record(
            ANN,
            (21, 9, 0),
            json!({"Operation": "New-InboxRule", "RecordType": 1, "ClientInfoString": client, "SessionId": null, "LogonType": null,
                "MailboxOwnerUPN": null, "ObjectId": ANN, "ClientIP": HOME, "Folders": null, "OperationProperties": null,
                "Parameters": [{"Name": "Name", "Value": "newsletters"}, {"Name": "MoveToFolder", "Value": "Reading"}]}),
        ));
        let run = Run::of(&records, None);
        let last = run
            .table("sessions.csv")
            .into_iter()
            .find(|s| s["rules"] == "1")
            .expect("a rule");
        [
            "deviation_client",
            "deviation_application",
            "deviation_changes",
        ]
        .map(|name| last[name].parse::<f64>().expect("bans"))
    };
    let [client, application, changes] = rule(Value::Null);
    assert_eq!((client, application), (0.0, 0.0));
    assert!(changes > 0.5, "{changes}");
    let [named, ..] = rule(json!("Client=REST;Agent/1.0"));
    assert!(named > 0.5, "{named}");
}

/// The least regular of what is regular is flagged where nothing else is there to flag, and must not be flagged for ever.
#[test]
fn machines_that_keep_one_hour_every_day_are_left_alone() {
    let owners: Vec<String> = (0..12)
        .map(|n| format!("{}@contoso.example", "m".repeat(n + 1)))
        .collect();
    let machine = json!({"ClientInfoString": "Client=REST;;", "ClientAppId": "5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "SessionId": null});
    let records: Vec<String> = owners
        .iter()
        .flat_map(|owner| month(owner, 1..=30, &machine))
        .collect();
    let run = Run::of(&records, None);
    let flagged = run
        .table("sessions.csv")
        .iter()
        .filter(|s| s["flagged"] == "true")
        .count();
    // Two alerts a day were asked for, of twenty days.
    assert!(flagged <= 40, "{flagged} of 360");
}

/// Exports differ in what they say of the owner's own logon; the owner is nobody new for that.
#[test]
fn an_owner_without_a_logon_type_is_no_new_actor() {
    let log = |logon: Value| {
        let mut records = month(ANN, 1..=20, &json!({}));
        records.extend(month(ANN, 21..=25, &json!({ "LogonType": logon })));
        Run::of(&records, None).table("sessions.csv")
    };
    let (said, unsaid, by_admin) = (log(json!(0)), log(Value::Null), log(json!(1)));
    let judged = |sessions: &[BTreeMap<String, String>]| -> Vec<(String, String, String)> {
        sessions
            .iter()
            .map(|s| {
                (
                    s["start"].clone(),
                    s["score"].clone(),
                    s["deviation_actor"].clone(),
                )
            })
            .collect()
    };
    assert_eq!(judged(&said), judged(&unsaid));
    assert_ne!(
        judged(&said),
        judged(&by_admin),
        "an administrator is somebody else"
    );
}

/// However much else there is to say of a session, an analyst has to undo what it changed.
#[test]
fn a_forwarding_is_named_among_any_number_of_reasons() {
    let mut records = month(ANN, 1..=24, &json!({}));
    let intruder = |operation: &str, kind: u32| {
        json!({"Operation": operation, "RecordType": kind, "ClientIPAddress": ELSEWHERE, "SessionId": "stolen", "LogonType": 2,
            "UserId": "eve@contoso.example", "ClientAppId": "5e3ce6c0-2b1f-4285-8d4b-75ee78787346", "ClientInfoString": "Client=REST;Client=RESTSystem;;"})
    };
    for minute in 0..50 {
        records.push(record(
            ANN,
            (25, 3, minute),
            intruder("MailItemsAccessed", 50),
        ));
    }
    for (minute, operation) in [(50, "SoftDelete"), (51, "Send"), (52, "HardDelete")] {
        records.push(record(ANN, (25, 3, minute), intruder(operation, 2)));
    }
    let mut rule = intruder("New-InboxRule", 1);
    rule["ObjectId"] = json!(ANN);
    rule["Parameters"] = json!([{"Name": "Name", "Value": "."}, {"Name": "ForwardTo", "Value": "drop@evil.example"}]);
    records.push(record(ANN, (25, 3, 55), rule));
    let run = Run::of(&records, None);
    let sessions = run.table("sessions.csv");
    let stolen = sessions.first().expect("sessions");
    assert_eq!(
        (
            stolen["rules"].as_str(),
            stolen["flagged"].as_str(),
            stolen["rank"].as_str()
        ),
        ("1", "true", "1")
    );
    let reasons: Vec<_> = run
        .table("reasons.csv")
        .into_iter()
        .filter(|reason| reason["session_id"] == stolen["session_id"])
        .collect();
    assert!(
        reasons.len() > 4,
        "much is wrong with the session: {reasons:#?}"
    );
    let told = |wanted: &str| {
        reasons
            .iter()
            .any(|reason| reason["sentence"].contains(wanted))
    };
    assert!(
        told("drop@evil.example") && told("New-InboxRule"),
        "{reasons:#?}"
    );
}

/// What two strangers have in common has to be something: a client that says nothing of itself is not.
#[test]
fn clients_without_a_name_make_no_campaign() {
    let bob = "bobby@contoso.example";
    let world = |info: &str| {
        let mut records = month(ANN, 1..=24, &json!({}));
        records.extend(month(bob, 1..=24, &json!({})));
        for (owner, address) in [(ANN, ELSEWHERE), (bob, "192.0.2.77")] {
            for minute in 0..40 {
                let more = json!({"ClientInfoString": info, "ClientIPAddress": address, "SessionId": format!("{owner}-last")});
                records.push(record(owner, (25, 3, minute), more));
            }
        }
        let run = Run::of(&records, None);
        let last: Vec<_> = run
            .table("sessions.csv")
            .into_iter()
            .filter(|s| s["start"].starts_with("2024-03-25T03"))
            .collect();
        let flagged = last.iter().filter(|s| s["flagged"] == "true").count();
        let ties: Vec<String> = run
            .table("campaigns.csv")
            .iter()
            .map(|c| c["shared"].clone())
            .collect();
        (flagged, ties)
    };
    let (flagged, ties) = world("Client=Harvester/1.0;;");
    assert_eq!(flagged, 2);
    assert!(ties.iter().any(|tie| tie.contains("client")), "{ties:?}");
    let (flagged, ties) = world(" ");
    assert_eq!(flagged, 2);
    assert!(!ties.iter().any(|tie| tie.contains("client")), "{ties:?}");
}

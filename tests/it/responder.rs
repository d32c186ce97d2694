//! What somebody who answers an incident looks for beside the ranking: changes to undo, records of other kinds, the reach of a
//! campaign.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{mailglass, stderr};
use crate::table::rows;

fn record(number: u32, operation: &str, more: Value) -> Value {
    let mut record = json!({"CreationTime": format!("2024-03-01T10:{number:02}:00"), "Id": format!("00000000-0000-0000-0000-{number:012}"),
        "Operation": operation, "RecordType": 1, "UserId": "ann@contoso.example", "Workload": "Exchange", "ClientIP": "203.0.113.9:443"});
    let fields = record.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    record
}

fn records() -> Vec<Value> {
    let read = json!({"RecordType": 50, "MailboxOwnerUPN": "ann@contoso.example", "ClientIPAddress": "203.0.113.9", "SessionId": "s",
        "ClientInfoString": "Client=OWA;Mozilla/5.0 Firefox/112.0", "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}],
        "Folders": [{"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": "<1@x>"}]}]});
    let rule = json!({"ObjectId": "ann@contoso.example\\hide", "Parameters": [{"Name": "Name", "Value": "."}, {"Name": "DeleteMessage", "Value": "True"},
        {"Name": "From", "Value": "=cmd()"}]});
    let permission = json!({"RecordType": 2, "MailboxOwnerUPN": "ann@contoso.example", "LogonType": 0, "ClientIPAddress": "203.0.113.9",
        "ClientInfoString": "Client=OWA;Action=ViaProxy", "Item": {"ParentFolder": {"Path": "\\Calendar", "MemberUpn": "eve@contoso.example",
        "MemberRights": "ReadAny"}}});
    let consent = json!({"RecordType": 8, "Workload": "AzureActiveDirectory", "ObjectId": "an application", "UserId": "Admin@contoso.example"});
    let transport = json!({"ObjectId": "copy", "Parameters": [{"Name": "BlindCopyTo", "Value": "x@elsewhere.example"}]});
    let system = json!({"UserId": "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)"});
    vec![
        record(1, "MailItemsAccessed", read),
        record(2, "New-InboxRule", rule),
        record(3, "ModifyFolderPermissions", permission),
        record(4, "Consent to application.", consent),
        record(5, "New-TransportRule", transport),
        record(6, "Set-AdminAuditLogConfig", system),
    ]
}

#[test]
fn changes_and_leads_say_who_did_what_and_when() {
    let dir = tempfile::tempdir().expect("a folder");
    let (log, out) = (dir.path().join("log.json"), dir.path().join("run"));
    fs::write(&log, Value::from(records()).to_string()).expect("written");
    let paths = [&log, &out].map(|path| path.to_str().expect("UTF-8"));
    let output = mailglass(&["analyze", paths[0], "--out", paths[1]]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(said.contains("New-TransportRule × 1") && !said.contains("Set-AdminAuditLogConfig"));

    let of = |table: &str, columns: &[&str]| -> Vec<Vec<String>> {
        let rows = rows(&out.join(table));
        let cells = rows
            .iter()
            .map(|row| columns.iter().map(|name| row[*name].clone()).collect());
        cells.collect()
    };
    let columns = [
        "time",
        "mailbox",
        "actor",
        "operation",
        "address",
        "folder",
        "parameters",
    ];
    assert_eq!(
        of("changes.csv", &columns),
        [
            [
                "2024-03-01T10:02:00Z",
                "ann@contoso.example",
                "ann@contoso.example",
                "New-InboxRule",
                "203.0.113.9",
                "",
                "DeleteMessage=True; From==cmd(); Name=."
            ],
            [
                "2024-03-01T10:03:00Z",
                "ann@contoso.example",
                "ann@contoso.example",
                "ModifyFolderPermissions",
                "203.0.113.9",
                "\\Calendar",
                "MemberRights=ReadAny; MemberUpn=eve@contoso.example"
            ],
        ]
    );
    let sessions: BTreeSet<String> = rows(&out.join("session_records.csv"))
        .into_iter()
        .map(|row| row["session_id"].clone())
        .collect();
    for row in rows(&out.join("changes.csv")) {
        assert!(sessions.contains(&row["session_id"]));
    }
    let columns = [
        "time",
        "operation",
        "actor",
        "target",
        "parameters",
        "record_id",
    ];
    assert_eq!(
        of("leads.csv", &columns),
        [
            [
                "2024-03-01T10:04:00Z",
                "Consent to application.",
                "admin@contoso.example",
                "an application",
                "",
                "00000000-0000-0000-0000-000000000004"
            ],
            [
                "2024-03-01T10:05:00Z",
                "New-TransportRule",
                "ann@contoso.example",
                "copy",
                "BlindCopyTo=x@elsewhere.example",
                "00000000-0000-0000-0000-000000000005"
            ],
        ]
    );
    let page = fs::read_to_string(out.join("report.html")).expect("a page");
    assert!(page.contains("BlindCopyTo=x@elsewhere.example"));
}

fn analyzed_sample(dir: &Path, more: &[&str]) -> PathBuf {
    let out = dir.join("run");
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/notebooks-data/tenant/audit.csv.gz"
    );
    let basic = ["analyze", sample, "--out", out.to_str().expect("UTF-8")];
    let output = mailglass(&[&basic, more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    out
}

#[test]
fn a_campaign_says_whom_it_reached_and_from_where() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = analyzed_sample(dir.path(), &[]);
    let sessions = rows(&out.join("sessions.csv"));
    let campaigns = rows(&out.join("campaigns.csv"));
    assert!(!campaigns.is_empty());
    for campaign in campaigns {
        let members = || {
            sessions
                .iter()
                .filter(|row| row["campaign_id"] == campaign["campaign_id"])
        };
        for (column, list) in [("mailbox", "mailbox_names"), ("network", "networks")] {
            let names: BTreeSet<&str> = members().map(|row| row[column].as_str()).collect();
            let listed: BTreeSet<&str> = campaign[list].split("; ").collect();
            assert_eq!(listed, names, "{column}");
        }
        // Through what ties it, as its words name it: whole networks, and applications by their ids.
        let ties = |row: &std::collections::BTreeMap<String, String>| {
            ["network", "client_app_id"].iter().any(|column| {
                let name = row[*column].as_str();
                !name.is_empty() && campaign["shared"].contains(name)
            })
        };
        let unflagged: Vec<_> = sessions
            .iter()
            .filter(|row| row["flagged"] == "false" && ties(row))
            .collect();
        // The words may leave ties out.
        let counted: usize = campaign["unflagged_sessions"].parse().expect("a number");
        assert!(counted >= unflagged.len(), "{campaign:?}");
        let since = unflagged.iter().map(|row| row["start"].as_str()).min();
        assert!(since.is_none_or(|since| campaign["unflagged_since"].as_str() <= since));
        assert_eq!(counted == 0, campaign["unflagged_since"].is_empty());
    }
}

#[test]
fn a_flagged_session_says_what_else_its_visitor_did() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = analyzed_sample(dir.path(), &["--alerts-per-day", "0.5"]);
    let sessions = rows(&out.join("sessions.csv"));
    let charts = fs::read(out.join("charts.json")).expect("charts");
    let charts: Value = serde_json::from_slice(&charts).expect("JSON");
    let flagged = charts["charts"][0][1]["flagged"]
        .as_array()
        .expect("sessions");
    let number = |value: &Value| value.as_u64().expect("a number") as usize;
    let mut told = 0;
    for session in flagged {
        let of = &sessions[number(&session["rank"]) - 1];
        let is_companion = |row: &std::collections::BTreeMap<String, String>| {
            let shares = |column: &str| !row[column].is_empty() && row[column] == of[column];
            row["flagged"] == "false"
                && row["mailbox"] == of["mailbox"]
                && (shares("network") || shares("log_session_id"))
        };
        let companions = &session["companions"];
        let most = sessions.iter().filter(|row| is_companion(row)).count();
        let counted = number(&companions["sessions"]);
        assert!(counted <= most, "{counted} of {most}");
        let ranks = companions["ranks"].as_array().expect("ranks");
        assert!(ranks.len() <= counted);
        for rank in ranks {
            assert!(is_companion(&sessions[number(rank) - 1]), "number {rank}");
        }
        told += counted;
    }
    assert!(told > 0);
    let page = fs::read_to_string(out.join("report.html")).expect("a page");
    assert!(
        page.contains("more sessions of this mailbox with the same SessionId or from this network")
    );
}

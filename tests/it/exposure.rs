//! What the records of a session expose, from the text of an export to the rows of the list.

use std::fs;

use mailglass::error::Error;
use mailglass::explain::exposure;
use mailglass::ingest::{IngestOptions, Ingested, Input, Silent, read, write_events};
use mailglass::session::{SessionOptions, sessionize};
use serde_json::{Value, json};

/// A record of reading, one a minute.
fn record(number: u32, operation: &str, more: Value) -> Value {
    let mut record = json!({"CreationTime": format!("2024-03-01T10:{number:02}:00"), "Id": format!("00000000-0000-0000-0000-{number:012}"),
        "Operation": operation, "RecordType": 50, "UserId": "ann@contoso.example", "MailboxOwnerUPN": "ann@contoso.example", "Workload": "Exchange",
        "ClientInfoString": "Client=REST;;", "ClientAppId": "a", "SessionId": "s"});
    let fields = record.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    record
}

fn access(kind: &str) -> Value {
    json!([{"Name": "MailAccessType", "Value": kind}])
}

fn records() -> [Value; 6] {
    [
        record(
            1,
            "MailItemsAccessed",
            json!({"OperationProperties": access("Sync"), "Folders": [{"Path": "\\A"}, {"Path": "\\B"}, {"Path": "\\B"}]}),
        ),
        record(
            2,
            "MailItemsAccessed",
            json!({"OperationProperties": access("Sync"), "Folders": [{"Path": "\\C", "FolderItems": []},
                {"Path": "\\C", "FolderItems": [{"InternetMessageId": "<1@x>"}]}, {"Path": "\\D"}]}),
        ),
        record(
            3,
            "MailItemsAccessed",
            json!({"OperationProperties": access("Bind"), "OperationCount": 10,
                "Folders": [{"Path": "\\A", "FolderItems": [{"InternetMessageId": "<2@x>", "SizeInBytes": 5}]}]}),
        ),
        record(
            4,
            "AttachmentAccess",
            json!({"Messages": [{"MessageItems": [{"InternetMessageId": "<3@x>", "SizeInBytes": 7.0}]}]}),
        ),
        record(
            5,
            "MessageBind",
            json!({"RecordType": 2, "Item": {"InternetMessageId": "<4@x>", "ParentFolder": {"Path": "\\A"}}}),
        ),
        record(
            6,
            "FolderBind",
            json!({"RecordType": 2, "Item": {"ParentFolder": {"Path": "\\E"}}}),
        ),
    ]
}

/// The rows of the list: access, folder, message, reads.
fn exposed(ingested: &Ingested) -> Result<Vec<String>, Error> {
    let columns = ingested.events.columns()?;
    let sessions = sessionize(&columns, &SessionOptions::default())?;
    assert_eq!(sessions.len(), 1, "one session");
    let items = exposure(&sessions[0], &ingested.events, &columns);
    let rows = items.iter().map(|item| {
        format!(
            "{} {} {} {}",
            item.access, item.folder, item.internet_message_id, item.reads
        )
    });
    Ok(rows.collect())
}

#[test]
fn nothing_that_a_record_says_was_read_is_left_out() -> Result<(), Error> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("records.json");
    let text: String = records()
        .iter()
        .map(|record| format!("{record}\n"))
        .collect();
    fs::write(&path, text).expect("written");
    let ingested = read(&[Input::new(&path)], &IngestOptions::default(), &Silent)?;
    let rows = exposed(&ingested)?;
    assert_eq!(
        rows,
        [
            "Sync \\A  1",
            "Sync \\B  1",
            "Sync \\B  1",
            "Sync \\C  1",
            "Sync \\C <1@x> 1",
            "Sync \\D  1",
            "Bind \\A <2@x> 1",
            "Bind \\A  9",
            "AttachmentAccess  <3@x> 1",
            "MessageBind \\A <4@x> 1",
            "FolderBind \\E  1",
        ]
    );
    let columns = ingested.events.columns()?;
    assert_eq!(columns.items, [1, 1, 10, 1, 1, 1], "counts are the log's");

    // Kept events expose the same.
    let kept = dir.path().join("events.parquet");
    write_events(&ingested.events, &kept)?;
    let again = read(&[Input::new(&kept)], &IngestOptions::default(), &Silent)?;
    assert_eq!(exposed(&again)?, rows);
    Ok(())
}

//! The same records through every envelope that carries them whole give the same events.

mod written;

use std::fs;
use std::path::{Path, PathBuf};

use mailglass::error::Error;
use mailglass::ingest::{Envelope, IngestOptions, Ingested, Input, Silent, read, write_events};
use serde_json::{Value, json};

use self::written::cell;
pub(crate) use self::written::{csv, envelopes, records, text_of, value};
use crate::ingest::dump;

fn ingest(path: &Path) -> Result<Ingested, Error> {
    read(&[Input::new(path)], &IngestOptions::default(), &Silent)
}

#[test]
fn every_envelope_gives_the_same_events() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let records = records();
    let mut expected: Option<String> = None;
    for (name, envelope, content) in envelopes(&records) {
        let path = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        let ingested = ingest(&path)?;
        let counts = ingested.counts;
        assert_eq!(
            (
                counts.rows,
                counts.events,
                counts.duplicates,
                counts.other_records
            ),
            (11, 9, 1, 1),
            "{name}: {:?}",
            ingested.rejects
        );
        assert_eq!(ingested.files[0].envelope, envelope, "{name}");
        let events = dump(&ingested)?;
        assert_eq!(
            *expected.get_or_insert_with(|| events.clone()),
            events,
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn the_traps_of_real_records_are_read_as_they_are_meant() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("records.json");
    fs::write(&path, records().join("\n")).expect("a file");
    let ingested = ingest(&path)?;
    let columns = ingested.events.columns()?;
    let row = |operation: &str| {
        (0..ingested.events.len())
            .find(|&row| columns.operation.get(row) == operation)
            .expect(operation)
    };
    assert_eq!(
        (columns.address.get(0), columns.network.get(0)),
        ("2001:db8::1", "2001:db8::/48")
    );
    assert_eq!(
        (
            columns.actor.get(0),
            columns.mailbox.get(0),
            columns.record_type[1]
        ),
        ("ann@contoso.example", "ann@contoso.example", 50)
    );
    let messages: Vec<_> = ingested.events.items(0).collect();
    assert_eq!(messages.len(), 2);
    assert_eq!(
        (
            messages[0].folder,
            messages[0].internet_message_id,
            messages[0].bytes
        ),
        ("\\Boîte de réception 😀", "<a\"b@x>", Some(5))
    );
    assert_eq!(
        (
            columns.address.get(1),
            columns.logon_type[1],
            columns.items[1]
        ),
        ("1.2.3.4", 2, 2)
    );
    assert_eq!(
        (
            columns.access[2],
            columns.throttled[2],
            columns.folder.get(2),
            columns.items[2]
        ),
        (2, 1, "Inbox", 1)
    );
    assert_eq!(
        (columns.client_version.get(2), columns.session_id.get(2)),
        ("16.0.13929.20206", "")
    );
    let deleted = row("HardDelete");
    assert_eq!(
        (columns.items[deleted], columns.folder.get(deleted)),
        (2, "\\Drafts")
    );
    assert_eq!(columns.bytes[row("AttachmentAccess")], 13);
    let rule = row("New-InboxRule");
    assert_eq!(
        (columns.mailbox.get(rule), columns.parameters.get(rule)),
        ("ann@contoso.example", "DeleteMessage=True; Name=.")
    );
    assert_eq!(
        (columns.address.get(rule), columns.network.get(rule)),
        ("80.114.221.214", "80.114.221.0/24")
    );
    let sign_in = row("UserLoginFailed");
    assert_eq!(
        (
            columns.succeeded[sign_in],
            columns.mailbox.get(sign_in),
            columns.session_id.get(sign_in)
        ),
        (0, "bob@contoso.example", "s-1")
    );
    assert_eq!(
        (
            columns.client_version.get(sign_in),
            columns.client_app_id.get(sign_in)
        ),
        ("Firefox 112", "394866fc-eedb-4f01-8536-3ff84b16be2a")
    );
    let login = row("MailboxLogin");
    assert_eq!(
        (
            columns.session_id.get(login),
            columns.client_app_id.get(login)
        ),
        ("t-9", "ff8d92dc-3d82-41d6-bcbd-b9174d163620")
    );
    Ok(())
}

/// Sentinel's table and Elastic's parsed fields do not carry the record whole; what they carry is read the same.
#[test]
fn flattened_records_give_their_fields() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folders =
        r#"[{"FolderItems":[{"InternetMessageId":"<a@x>","SizeInBytes":5}],"Path":"\\Inbox"}]"#;
    let properties = r#"[{"Name":"MailAccessType","Value":"Bind"}]"#;
    let sentinel = json!({"TenantId": "x", "TimeGenerated": "2024-03-01T10:00:00Z", "OfficeId": "5d1f6f2a-0000-4000-8000-000000000001", "OfficeWorkload": "Exchange",
        "RecordType": "ExchangeItemAggregated", "Operation": "MailItemsAccessed", "UserId": "Ann@contoso.example", "UserType": "Regular", "ResultStatus": "Succeeded",
        "Client_IPAddress": "1.2.3.4:5", "ClientInfoString": "Client=REST;;", "Logon_Type": "Owner", "MailboxOwnerUPN": "ann@contoso.example",
        "OperationProperties": properties, "Folders": folders, "OperationCount": "1", "Type": "OfficeActivity"});
    let names: Vec<&String> = sentinel.as_object().expect("an object").keys().collect();
    let row: Vec<String> = names
        .iter()
        .map(|name| cell(sentinel[name.as_str()].as_str().expect("text")))
        .collect();
    let header: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    let audit = json!({"CreationTime": "2024-03-01T10:00:00", "Id": "5d1f6f2a-0000-4000-8000-000000000001", "Operation": "MailItemsAccessed", "RecordType": "50",
        "UserId": "ann@contoso.example", "UserType": "0", "LogonType": "0", "Workload": "Exchange", "ClientIPAddress": "1.2.3.4", "ClientInfoString": "Client=REST;;",
        "MailboxOwnerUPN": "ann@contoso.example", "OperationProperties": {"MailAccessType": "Bind"}, "OperationCount": "1",
        "Folders": [{"FolderItems": [{"InternetMessageId": "<a@x>", "SizeInBytes": 5}], "Path": "\\Inbox"}]});
    let mut dotted = serde_json::Map::new();
    for (name, value) in audit.as_object().expect("an object") {
        dotted.insert(format!("o365.audit.{name}"), value.clone());
    }
    let mut dumps = Vec::new();
    for (name, envelope, content) in [
        (
            "sentinel.json",
            Envelope::OfficeActivity,
            format!("{sentinel}\n"),
        ),
        (
            "sentinel.csv",
            Envelope::OfficeActivity,
            format!("{}\n{}\n", header.join(","), row.join(",")),
        ),
        (
            "elastic.json",
            Envelope::Elastic,
            json!({"@timestamp": "2024-03-01T10:00:00Z", "o365": {"audit": audit}}).to_string(),
        ),
        (
            "elastic-dotted.json",
            Envelope::Elastic,
            Value::Object(dotted).to_string(),
        ),
    ] {
        let path: PathBuf = folder.path().join(name);
        fs::write(&path, content).expect("a file");
        let ingested = ingest(&path)?;
        assert_eq!(
            (ingested.counts.events, ingested.files[0].envelope),
            (1, envelope),
            "{name}: {:?}",
            ingested.rejects
        );
        dumps.push(dump(&ingested)?);
    }
    assert!(dumps.iter().all(|events| *events == dumps[0]), "{dumps:#?}");
    Ok(())
}

#[test]
fn events_written_to_parquet_read_back_the_same() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("records.json");
    let irregular = records()[0].replace("5d1f6f2a-0000-4000-8000-000000000001", "not a guid");
    fs::write(&path, format!("{}\n{irregular}\n", records().join("\n"))).expect("a file");
    let ingested = ingest(&path)?;
    let stored = folder.path().join("events.parquet");
    write_events(&ingested.events, &stored)?;
    let again = ingest(&stored)?;
    assert_eq!(again.files[0].envelope, Envelope::Events);
    assert_eq!((again.counts.rows, again.counts.events), (10, 10));
    assert_eq!(dump(&again)?, dump(&ingested)?);
    // The export and its events together: every event is a duplicate of itself.
    let both = read(
        &[Input::new(&path), Input::new(&stored)],
        &IngestOptions::default(),
        &Silent,
    )?;
    assert_eq!((both.counts.events, both.counts.duplicates), (10, 11));
    assert_eq!(dump(&both)?, dump(&ingested)?);
    let bytes = fs::read(&stored).expect("the file");
    for cut in [4, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(folder.path().join("cut.parquet"), &bytes[..cut]).expect("a file");
        assert!(
            ingest(&folder.path().join("cut.parquet")).is_err_and(|error| error.is_input()),
            "{cut}"
        );
    }
    Ok(())
}

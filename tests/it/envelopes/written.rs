//! Records, and the envelopes that carry them, as their systems write them.

use mailglass::ingest::Envelope;
use serde_json::{Value, json};

/// Records of every kind, with the traps of real exports: pairs in any order, numbers as text, fractions, missing fields,
/// addresses in all forms, case, localised folders, an item read twice.
pub(crate) fn records() -> Vec<String> {
    let id = |number: u32| format!("5d1f6f2a-0000-4000-8000-{number:012x}");
    let base = |number: u32, operation: &str, kind: Value| {
        json!({
            "CreationTime": format!("2024-03-01T10:{:02}:{:02}", number / 60, number % 60), "Id": id(number), "Operation": operation,
            "OrganizationId": "0873ee4d-0000-0000-0000-000000000000", "RecordType": kind, "ResultStatus": "Succeeded", "UserKey": "1003",
            "UserType": 0, "Version": 1, "Workload": "Exchange", "UserId": "Ann@Contoso.example", "ClientIPAddress": "[2001:db8::1]:443",
            "ExternalAccess": false, "InternalLogonType": 0, "LogonType": 0, "MailboxGuid": "2c1cb101-3be8-4591-a5d2-e24244ea4df5",
            "MailboxOwnerUPN": "ann@contoso.example", "OriginatingServer": "VI1PR04MB5056 (15.20.4129.031)\r\n",
            "ClientInfoString": "Client=OWA;Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/91.0.4472.124 Safari/537.36;", "SessionId": "s-1"
        })
    };
    let with = |mut record: Value, more: Value| {
        if let (Some(record), Some(more)) = (record.as_object_mut(), more.as_object()) {
            record.extend(more.clone());
        }
        record
    };
    let bind = |number: u32| {
        with(
            base(number, "MailItemsAccessed", json!(50)),
            json!({"OperationProperties": [{"Name": "IsThrottled", "Value": "False"}, {"Name": "MailAccessType", "Value": "Bind"}], "OperationCount": 2,
                "Folders": [{"FolderItems": [{"InternetMessageId": "<a\"b@x>", "SizeInBytes": 5}, {"InternetMessageId": "<c@x>"}], "Id": "L", "Path": "\\Boîte de réception 😀"}]}),
        )
    };
    let all = vec![
        bind(1),
        with(
            bind(2),
            json!({"RecordType": "50", "LogonType": "2", "UserType": "0", "OperationCount": "2", "ClientIPAddress": "::ffff:1.2.3.4"}),
        ),
        with(
            base(3, "MailItemsAccessed", json!(2)),
            json!({"ClientInfoString": "Client=MSExchangeRPC", "ClientProcessName": "OUTLOOK.EXE", "ClientVersion": "16.0.13929.20206", "SessionId": Value::Null,
                "OperationProperties": [{"Name": "MailAccessType", "Value": "Sync"}, {"Name": "IsThrottled", "Value": "True"}],
                "Item": {"Id": "L", "ParentFolder": {"Id": "L", "Name": "Inbox", "Path": "Not Available"}}}),
        ),
        with(
            base(4, "HardDelete", json!(3)),
            json!({"AffectedItems": [{"Id": "R", "InternetMessageId": "<d@x>", "ParentFolder": {"Path": "\\Drafts"}, "Subject": "a, \"b\"; {c}"}, {"Id": "S"}],
                "Folder": {"Path": "\\Drafts"}, "CrossMailboxOperation": false}),
        ),
        with(
            base(5, "AttachmentAccess", json!(50)),
            json!({"Messages": [{"MessageItems": [{"SizeInBytes": 10.0}, {"SizeInBytes": 3}]}]}),
        ),
        json!({"CreationTime": "2024-03-01T11:00:00", "Id": id(6), "Operation": "New-InboxRule", "RecordType": 1, "ResultStatus": "True", "UserType": 2,
            "Workload": "Exchange", "ClientIP": "80.114.221.214:16902", "ObjectId": "ann\\Rule, \"one\"", "UserId": "ann@contoso.example", "AppId": "",
            "Parameters": [{"Name": "Name", "Value": "."}, {"Name": "DeleteMessage", "Value": "True"}]}),
        json!({"CreationTime": "2024-03-01T11:01:00", "Id": id(7), "Operation": "UserLoginFailed", "RecordType": 15, "ResultStatus": "Success", "UserType": 0,
            "Workload": "AzureActiveDirectory", "ActorIpAddress": "5.253.204.108", "ApplicationId": "394866FC-eedb-4f01-8536-3ff84b16be2a", "UserId": "Bob@contoso.example",
            "ObjectId": "Unknown", "ErrorNumber": "1000000", "ExtendedProperties": [{"Name": "UserAgent", "Value": "Mozilla/5.0 Firefox/112.0"}],
            "DeviceProperties": [{"Name": "OS", "Value": "MacOs"}, {"Name": "SessionId", "Value": "s-1"}]}),
        json!({"CreationTime": "2024-03-01T11:02:00", "Id": id(8), "Operation": "FileAccessed", "RecordType": 6, "UserId": "ann@contoso.example", "Workload": "SharePoint"}),
        with(
            base(9, "MailboxLogin", json!(2)),
            json!({"AppAccessContext": {"AADSessionId": "t-9", "ClientAppId": "FF8D92DC-3d82-41d6-bcbd-b9174d163620"}, "SessionId": "", "ClientIPAddress": "localhost"}),
        ),
        json!({"CreationTime": "2024-03-01T11:03:00", "Id": id(10), "Operation": "SearchQueryInitiatedExchange", "RecordType": 101, "UserId": "ann@contoso.example",
            "Workload": "Exchange", "QueryText": "password"}),
        bind(1),
    ];
    all.iter().map(Value::to_string).collect()
}

pub(crate) fn value(record: &str) -> Value {
    serde_json::from_str(record).expect("a record")
}

pub(crate) fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

pub(crate) fn text_of(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub(crate) fn csv(
    header: &str,
    records: &[String],
    row: impl Fn(&Value, &str) -> String,
) -> String {
    let rows: Vec<String> = records
        .iter()
        .map(|record| row(&value(record), record))
        .collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

fn lines(records: &[String], wrap: impl Fn(&str) -> Value) -> String {
    records
        .iter()
        .map(|record| wrap(record).to_string() + "\n")
        .collect()
}

/// Name, envelope to be recognised, content.
pub(crate) fn envelopes(records: &[String]) -> Vec<(&'static str, Envelope, String)> {
    let graph = |record: &str, data: Value| {
        let inner = value(record);
        json!({"@odata.type": "#microsoft.graph.security.auditLogRecord", "id": inner["Id"], "createdDateTime": format!("{}Z", text_of(&inner, "CreationTime")),
            "auditLogRecordType": "ExchangeItem", "operation": inner["Operation"], "userId": inner["UserId"], "clientIp": "9.9.9.9", "administrativeUnits": [""], "auditData": data})
    };
    let pretty: Vec<Value> = records.iter().map(|record| value(record)).collect();
    let graph_page: Vec<Value> = records
        .iter()
        .map(|record| graph(record, value(record)))
        .collect();
    vec![
        (
            "purview",
            Envelope::PurviewCsv,
            csv(
                "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames",
                records,
                |inner, record| {
                    format!(
                        "{},9/20/2023 4:05:03 AM,50,{},x,{},,",
                        text_of(inner, "Id"),
                        text_of(inner, "Operation"),
                        cell(record)
                    )
                },
            ),
        ),
        (
            "search",
            Envelope::AuditSearch,
            csv(
                "#TYPE Deserialized.Log\n\"PSComputerName\",\"AuditData\",\"CreationDate\",\"UserIds\",\"Operations\",\"Identity\",\"note\"",
                records,
                |inner, record| {
                    format!(
                        "\"outlook.office365.com\",{},\"20/09/2023 04:05\",\"x\",\"y\",{},\"two\nlines\"",
                        cell(record),
                        cell(&text_of(inner, "Id"))
                    )
                },
            ),
        ),
        (
            "semicolons",
            Envelope::AuditSearch,
            csv("sep=;\nIdentity;AuditData", records, |_, record| {
                format!("x;{}", cell(record))
            }),
        ),
        (
            "search-json",
            Envelope::AuditSearch,
            lines(
                records,
                |record| json!({"Identity": "x", "AuditData": record}),
            ),
        ),
        (
            "array",
            Envelope::ManagementApi,
            format!("[{}]", records.join(",")),
        ),
        (
            "pretty array",
            Envelope::ManagementApi,
            serde_json::to_string_pretty(&pretty).expect("JSON"),
        ),
        (
            "pretty objects",
            Envelope::ManagementApi,
            pretty
                .iter()
                .map(|record| serde_json::to_string_pretty(record).expect("JSON") + "\n")
                .collect(),
        ),
        ("lines", Envelope::ManagementApi, records.join("\n")),
        (
            "array of lines",
            Envelope::ManagementApi,
            format!("[\n{}\n]\n", records.join(",\n")),
        ),
        (
            "graph lines",
            Envelope::Graph,
            lines(records, |record| graph(record, value(record))),
        ),
        (
            "graph text",
            Envelope::Graph,
            lines(records, |record| graph(record, json!(record))),
        ),
        (
            "graph page",
            Envelope::Graph,
            json!({"@odata.context": "https://graph.example/[{", "value": graph_page}).to_string(),
        ),
        (
            "graph pretty page",
            Envelope::Graph,
            serde_json::to_string_pretty(
                &json!({"@odata.context": "x", "value": graph_page, "@odata.nextLink": "y"}),
            )
            .expect("JSON"),
        ),
        (
            "defender lines",
            Envelope::CloudAppEvents,
            lines(
                records,
                |record| json!({"Timestamp": "2020-01-01T00:00:00Z", "ActionType": "x", "RawEventData": value(record)}),
            ),
        ),
        (
            "defender text",
            Envelope::CloudAppEvents,
            lines(
                records,
                |record| json!({"Timestamp": "2020-01-01T00:00:00Z", "RawEventData": record}),
            ),
        ),
        (
            "defender csv",
            Envelope::CloudAppEvents,
            csv(
                "Timestamp,ActionType,ApplicationId,RawEventData",
                records,
                |_, record| format!("2020-01-01T00:00:00Z,x,1,{}", cell(record)),
            ),
        ),
        (
            "elastic",
            Envelope::Elastic,
            lines(
                records,
                |record| json!({"@timestamp": "2020-01-01T00:00:00Z", "event": {"original": record, "id": "x"}, "o365": {"audit": {"Id": "wrong"}}}),
            ),
        ),
        (
            "elastic search",
            Envelope::Elastic,
            lines(
                records,
                |record| json!({"_index": "x", "_id": "y", "_source": {"event": {"original": record}}}),
            ),
        ),
        (
            "splunk",
            Envelope::Splunk,
            lines(
                records,
                |record| json!({"preview": false, "result": {"_raw": record, "host": "x"}}),
            ),
        ),
        (
            "splunk csv",
            Envelope::Splunk,
            csv("\"_time\",\"_raw\",\"host\"", records, |_, record| {
                format!("\"1616672202\",{},\"x\"", cell(record))
            }),
        ),
    ]
    .into_iter()
    .chain(answers(records))
    .chain(rewritten(records))
    .collect()
}

/// What interfaces answer when they are asked for records.
fn answers(records: &[String]) -> Vec<(&'static str, Envelope, String)> {
    let hunted: Vec<Value> = records
        .iter()
        .map(|record| json!({"Timestamp": "2020-01-01T00:00:00Z", "RawEventData": value(record)}))
        .collect();
    let of = |wrap: fn(&str) -> Value| -> Vec<Value> { records.iter().map(|r| wrap(r)).collect() };
    vec![
        (
            "hunting answer",
            Envelope::CloudAppEvents,
            json!({"schema": [{"name": "Timestamp", "type": "DateTime"}], "results": hunted})
                .to_string(),
        ),
        (
            "two lists in one answer",
            Envelope::ManagementApi,
            json!({"records": of(value)[..5].to_vec(), "value": of(value)[5..].to_vec(), "z": {}})
                .to_string(),
        ),
        (
            "older hunting answer",
            Envelope::CloudAppEvents,
            serde_json::to_string_pretty(
                &json!({"Results": hunted, "Schema": [{"Name": "x"}], "Stats": {"rows": 1}}),
            )
            .expect("JSON"),
        ),
        (
            "streamed hunting",
            Envelope::CloudAppEvents,
            hunted
                .iter()
                .map(|row| json!({"time": "2020-01-01", "category": "x", "properties": row}))
                .map(|row| row.to_string() + "\n")
                .collect(),
        ),
        (
            "splunk answer",
            Envelope::Splunk,
            json!({"preview": false, "results": of(|record| json!({"_raw": record}))}).to_string(),
        ),
        (
            "splunk collector",
            Envelope::Splunk,
            lines(
                records,
                |record| json!({"host": "x", "event": value(record)}),
            ),
        ),
        (
            "splunk collector of texts",
            Envelope::Splunk,
            lines(records, |record| json!({"host": "x", "event": record})),
        ),
        (
            "elastic answer",
            Envelope::Elastic,
            json!({"took": 1, "hits": {"total": {"value": 3}, "hits":
                of(|record| json!({"_source": {"event": {"original": record}}}))}})
            .to_string(),
        ),
        (
            "graph module",
            Envelope::AuditSearch,
            lines(
                records,
                |record| json!({"AuditData": {"AdditionalProperties": value(record), "x": {}}}),
            ),
        ),
    ]
}

/// What spreadsheets and collectors make of records.
fn rewritten(records: &[String]) -> Vec<(&'static str, Envelope, String)> {
    let purview = "RecordId,CreationDate,AuditData,Units,UnitNames";
    let nested_as_text = |record: &str| {
        let mut record = value(record);
        for value in record.as_object_mut().expect("an object").values_mut() {
            if value.is_array() || value.is_object() {
                *value = json!(value.to_string());
            }
        }
        record
    };
    vec![
        (
            "cells left out at the end",
            Envelope::PurviewCsv,
            csv(purview, records, |_, record| {
                format!("x,y,{}", cell(record))
            }),
        ),
        (
            "a cell too many",
            Envelope::PurviewCsv,
            csv(purview, records, |_, record| {
                format!("x,y,{},,,", cell(record))
            }),
        ),
        (
            "tabs without quotes",
            Envelope::AuditSearch,
            csv("Identity\tAuditData\tnote", records, |_, record| {
                format!("x\t{record}\t")
            }),
        ),
        (
            "lists as texts",
            Envelope::ManagementApi,
            lines(records, nested_as_text),
        ),
    ]
}

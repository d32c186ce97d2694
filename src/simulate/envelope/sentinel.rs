//! Sentinel's `OfficeActivity` table: one column per field, nested values as JSON text, numbers by name.
//!
//! Column names after Azure Monitor's table reference. The connector takes Exchange, SharePoint and Teams; directory records are in other
//! tables.

use super::{Format, Row, json_text, plain_cell, user_type_name};
use crate::simulate::json::{Moment, guid};
use crate::simulate::record::Kind;

/// CSV or lines.
pub(super) struct Sentinel {
    /// Whether rows are CSV.
    pub(super) csv: bool,
}

/// Where a column's text comes from.
enum Source {
    /// A field of the record.
    Field(&'static str),
    Time,
    Id,
    RecordType,
    UserType,
    LogonType,
    UserId,
    Workload,
    Fixed(&'static str),
    Organization,
}

const COLUMNS: [(&str, Source); 40] = [
    ("TenantId", Source::Organization),
    ("SourceSystem", Source::Fixed("OfficeActivityManager")),
    ("TimeGenerated", Source::Time),
    ("Operation", Source::Field("Operation")),
    ("OrganizationId", Source::Organization),
    ("OfficeId", Source::Id),
    ("RecordType", Source::RecordType),
    ("UserType", Source::UserType),
    ("UserKey", Source::Field("UserKey")),
    ("OfficeWorkload", Source::Workload),
    ("ResultStatus", Source::Field("ResultStatus")),
    ("OfficeObjectId", Source::Field("ObjectId")),
    ("UserId", Source::UserId),
    ("ClientIP", Source::Field("ClientIP")),
    ("Site_Url", Source::Field("SiteUrl")),
    ("UserAgent", Source::Field("UserAgent")),
    ("ExternalAccess", Source::Field("ExternalAccess")),
    ("OriginatingServer", Source::Field("OriginatingServer")),
    ("OrganizationName", Source::Field("OrganizationName")),
    ("Parameters", Source::Field("Parameters")),
    ("Logon_Type", Source::LogonType),
    ("InternalLogonType", Source::Field("InternalLogonType")),
    ("MailboxGuid", Source::Field("MailboxGuid")),
    ("MailboxOwnerUPN", Source::Field("MailboxOwnerUPN")),
    ("MailboxOwnerSid", Source::Field("MailboxOwnerSid")),
    ("LogonUserSid", Source::Field("LogonUserSid")),
    ("ClientInfoString", Source::Field("ClientInfoString")),
    ("Client_IPAddress", Source::Field("ClientIPAddress")),
    ("ClientProcessName", Source::Field("ClientProcessName")),
    ("ClientVersion", Source::Field("ClientVersion")),
    ("ClientAppId", Source::Field("ClientAppId")),
    ("AppId", Source::Field("AppId")),
    ("SessionId", Source::Field("SessionId")),
    ("OperationProperties", Source::Field("OperationProperties")),
    ("OperationCount", Source::Field("OperationCount")),
    ("Folder", Source::Field("Folder")),
    ("Folders", Source::Field("Folders")),
    ("AffectedItems", Source::Field("AffectedItems")),
    ("Item", Source::Field("Item")),
    ("Type", Source::Fixed("OfficeActivity")),
];

fn text(row: &Row, source: &Source) -> Vec<u8> {
    let mut out = Vec::new();
    match source {
        Source::Field(name) => out = row.plain(name),
        Source::Time => {
            Moment::of(row.draft.time).iso(&mut out);
            out.extend_from_slice(b"Z");
        }
        Source::Id => guid(&mut out, row.draft.seed),
        Source::RecordType => out.extend_from_slice(row.kind.record_type_name().as_bytes()),
        Source::UserType => {
            out.extend_from_slice(user_type_name(&row.plain("UserType")).as_bytes())
        }
        Source::LogonType => out.extend_from_slice(match row.plain("LogonType").as_slice() {
            b"0" => b"Owner",
            b"1" => b"Admin",
            b"2" => b"Delegated",
            _ => b"",
        }),
        Source::UserId => out.extend_from_slice(row.user_id.as_bytes()),
        Source::Workload => out.extend_from_slice(row.kind.workload.as_bytes()),
        Source::Fixed(text) => out.extend_from_slice(text.as_bytes()),
        Source::Organization => out.extend_from_slice(row.tenant.organization_id.as_bytes()),
    }
    out
}

impl Format for Sentinel {
    fn header(&self, out: &mut Vec<u8>) {
        if self.csv {
            let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
            out.extend_from_slice(names.join(",").as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }

    fn accepts(&self, kind: Kind) -> bool {
        kind.workload != "AzureActiveDirectory"
    }

    fn row(&self, row: &Row, _first: bool, out: &mut Vec<u8>) {
        if self.csv {
            for (place, (_, source)) in COLUMNS.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                plain_cell(out, &text(row, source));
            }
            out.extend_from_slice(b"\r\n");
            return;
        }
        let mut separator = b'{';
        for (name, source) in &COLUMNS {
            let value = text(row, source);
            // Empty columns are left out of JSON exports.
            if !value.is_empty() {
                out.push(separator);
                out.push(b'"');
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                json_text(out, &value);
                separator = b',';
            }
        }
        out.extend_from_slice(b"}\n");
    }
}

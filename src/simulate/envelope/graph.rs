//! Microsoft Graph `auditLogQuery` records: camel-case envelope, the record as an object in `auditData`.

use super::{Damage, Format, Row, json_text, user_type_name};
use crate::simulate::json::{Moment, guid, quoted};

/// Lines, or the `value` array of a response.
pub(super) struct Graph {
    /// Whether records stand in a `value` array.
    pub(super) array: bool,
}

/// The first letter in lower case, as Graph writes the names of enumerations.
fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

impl Format for Graph {
    fn header(&self, out: &mut Vec<u8>) {
        if self.array {
            out.extend_from_slice(b"{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#security/auditLog/queries/records\",\"value\":[");
        }
    }

    fn row(&self, row: &Row, first: bool, out: &mut Vec<u8>) {
        if self.array {
            out.extend_from_slice(if first { b"\n" } else { b",\n" });
        }
        let start = out.len();
        out.extend_from_slice(b"{\"id\":\"");
        guid(out, row.draft.seed);
        out.extend_from_slice(b"\",\"createdDateTime\":\"");
        Moment::of(row.draft.time).iso(out);
        out.extend_from_slice(b"Z\",\"auditLogRecordType\":");
        quoted(out, &camel(row.kind.record_type_name()));
        out.extend_from_slice(b",\"operation\":");
        quoted(out, row.kind.operation);
        out.extend_from_slice(b",\"organizationId\":");
        quoted(out, &row.tenant.organization_id);
        out.extend_from_slice(b",\"userType\":");
        quoted(out, &camel(user_type_name(&row.plain("UserType"))));
        out.extend_from_slice(b",\"userId\":");
        quoted(out, row.user_id);
        out.extend_from_slice(b",\"service\":");
        quoted(out, row.kind.workload);
        out.extend_from_slice(b",\"objectId\":");
        json_text(out, &row.plain("ObjectId"));
        out.extend_from_slice(b",\"userPrincipalName\":");
        quoted(out, row.user_id);
        out.extend_from_slice(b",\"clientIp\":");
        json_text(out, &row.address());
        out.extend_from_slice(b",\"administrativeUnits\":[\"\"],\"auditData\":");
        out.extend_from_slice(row.json.text());
        out.push(b'}');
        if row.damage != Damage::None {
            // A record cut in transit: the line ends early.
            let kept = start + row.text().len();
            out.truncate(kept.max(start + 20));
        }
        if !self.array {
            out.push(b'\n');
        }
    }

    fn footer(&self, out: &mut Vec<u8>) {
        if self.array {
            out.extend_from_slice(b"\n]}\n");
        }
    }
}

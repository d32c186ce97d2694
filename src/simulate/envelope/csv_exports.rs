//! The two CSV exports of the unified audit log: Purview portal and `Search-UnifiedAuditLog`.

use super::{Format, Row, cell, plain_cell};
use crate::simulate::json::{Moment, decimal, guid};

/// Purview portal: dates as the newer portal writes them, with the space behind.
pub(super) struct Purview;

impl Format for Purview {
    fn header(&self, out: &mut Vec<u8>) {
        // Excel's mark, which the portal writes.
        out.extend_from_slice("\u{feff}".as_bytes());
        out.extend_from_slice(b"RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames\r\n");
    }

    fn row(&self, row: &Row, _first: bool, out: &mut Vec<u8>) {
        guid(out, row.draft.seed);
        out.push(b',');
        Moment::of(row.draft.time).iso(out);
        out.extend_from_slice(b".0000000Z ,");
        decimal(out, u64::from(row.kind.record_type));
        out.push(b',');
        plain_cell(out, row.kind.operation.as_bytes());
        out.push(b',');
        plain_cell(out, row.user_id.as_bytes());
        out.push(b',');
        cell(out, row.text());
        out.extend_from_slice(b",,\r\n");
    }
}

/// `Search-UnifiedAuditLog | Export-Csv`: every cell in quotes, US dates, the type as a comment line first.
pub(super) struct Search;

impl Format for Search {
    fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"#TYPE Deserialized.Microsoft.Exchange.Data.ApplicationLogic.UnifiedAuditLogEvent\r\n",
        );
        out.extend_from_slice(b"\"PSComputerName\",\"RunspaceId\",\"PSShowComputerName\",\"RecordType\",\"CreationDate\",\"UserIds\",\"Operations\",");
        out.extend_from_slice(
            b"\"AuditData\",\"ResultIndex\",\"ResultCount\",\"Identity\",\"IsValid\",\"ObjectState\"\r\n",
        );
    }

    fn row(&self, row: &Row, _first: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\"outlook.office365.com\",\"");
        guid(out, row.tenant.seed);
        out.extend_from_slice(b"\",\"False\",");
        cell(out, row.kind.record_type_name().as_bytes());
        out.extend_from_slice(b",\"");
        Moment::of(row.draft.time).american(out);
        out.extend_from_slice(b"\",");
        cell(out, row.user_id.as_bytes());
        out.push(b',');
        cell(out, row.kind.operation.as_bytes());
        out.push(b',');
        cell(out, row.text());
        out.extend_from_slice(b",\"");
        decimal(out, row.place.0 as u64);
        out.extend_from_slice(b"\",\"");
        decimal(out, row.place.1 as u64);
        out.extend_from_slice(b"\",\"");
        guid(out, row.draft.seed);
        out.extend_from_slice(b"\",\"True\",\"Unchanged\"\r\n");
    }
}

//! Defender's `CloudAppEvents` table: the record as JSON text in `RawEventData`, enriched with country and provider.

use super::{Format, Row, cell, plain_cell};
use crate::simulate::json::{Moment, guid};
use crate::simulate::office::COUNTRIES;

/// CSV rows.
pub(super) struct CloudAppEvents;

impl Format for CloudAppEvents {
    fn header(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Timestamp,ActionType,Application,ApplicationId,AccountObjectId,AccountId,AccountDisplayName,IPAddress,CountryCode,Isp,UserAgent,ReportId,RawEventData\r\n");
    }

    fn row(&self, row: &Row, _first: bool, out: &mut Vec<u8>) {
        let actor = row.tenant.actor(row.draft.context.actor);
        let exchange = row.kind.workload == "Exchange";
        Moment::of(row.draft.time).iso(out);
        out.extend_from_slice(b"Z,");
        plain_cell(out, row.kind.operation.as_bytes());
        // Application numbers of Defender for Cloud Apps: Exchange Online, Microsoft 365.
        out.extend_from_slice(if exchange {
            b",Microsoft Exchange Online,20893,"
        } else {
            b",Microsoft 365,11161,"
        });
        plain_cell(out, actor.object_id.as_bytes());
        out.push(b',');
        plain_cell(out, actor.user_id.as_bytes());
        out.push(b',');
        plain_cell(
            out,
            actor
                .user_id
                .split('@')
                .next()
                .unwrap_or_default()
                .replace('.', " ")
                .as_bytes(),
        );
        out.push(b',');
        plain_cell(out, &row.address());
        out.push(b',');
        if let Some(network) = row.tenant.networks.find(row.draft.context.address) {
            out.extend_from_slice(COUNTRIES[network.country].as_bytes());
            out.push(b',');
            out.extend_from_slice(format!("{} {}", network.kind.name(), network.asn).as_bytes());
        } else {
            out.extend_from_slice(b"US,microsoft azure");
        }
        out.push(b',');
        plain_cell(
            out,
            row.tenant
                .clients
                .get(row.draft.context.client)
                .user_agent
                .as_bytes(),
        );
        out.push(b',');
        guid(out, row.draft.seed);
        out.push(b',');
        cell(out, row.text());
        out.extend_from_slice(b"\r\n");
    }
}

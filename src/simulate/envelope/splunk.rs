//! Splunk's `o365:management:activity` events: the raw record, one a line, or in the `_raw` column of a CSV export.

use super::{Format, Row, cell, line};
use crate::simulate::json::Moment;

/// Lines or CSV.
pub(super) struct Splunk {
    /// Whether rows are CSV.
    pub(super) csv: bool,
}

impl Format for Splunk {
    fn header(&self, out: &mut Vec<u8>) {
        if self.csv {
            out.extend_from_slice(
                b"\"_raw\",\"_time\",host,index,linecount,source,sourcetype,\"splunk_server\"\n",
            );
        }
    }

    fn row(&self, row: &Row, _first: bool, out: &mut Vec<u8>) {
        if !self.csv {
            out.extend_from_slice(&line(row));
            out.push(b'\n');
            return;
        }
        cell(out, row.text());
        out.extend_from_slice(b",\"");
        Moment::of(row.draft.time).iso(out);
        out.extend_from_slice(b".000+0000\",\"manage.office.com\",main,1,\"ms_o365_management_activity\",\"o365:management:activity\",\"search-1\"\n");
    }
}

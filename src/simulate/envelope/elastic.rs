//! Elastic's `o365.audit` documents: the record as text in `event.original`, and its fields under `o365.audit` as Filebeat lays them out
//! (numbers of types as text, name and value pairs as objects).

use super::{Damage, Format, Row, json_text};
use crate::simulate::json::{Moment, guid, quoted};

/// One document a line.
pub(super) struct Elastic;

/// Fields that Filebeat maps as keywords.
const KEYWORDS: [&str; 4] = ["RecordType", "LogonType", "UserType", "InternalLogonType"];
/// Lists of pairs that Filebeat turns into objects.
const PAIRS: [&str; 3] = ["OperationProperties", "Parameters", "ExtendedProperties"];

#[derive(serde::Deserialize)]
struct Pair {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "Value")]
    value: String,
}

impl Format for Elastic {
    fn row(&self, row: &Row, _first: bool, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"{\"@timestamp\":\"");
        Moment::of(row.draft.time).iso(out);
        out.extend_from_slice(b".000Z\",\"event\":{\"action\":");
        quoted(out, row.kind.operation);
        out.extend_from_slice(b",\"dataset\":\"o365.audit\",\"id\":\"");
        guid(out, row.draft.seed);
        out.extend_from_slice(b"\",\"original\":");
        json_text(out, row.json.text());
        out.extend_from_slice(b"},\"o365\":{\"audit\":{");
        for (place, (name, value)) in row.json.fields().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            quoted(out, name);
            out.push(b':');
            if KEYWORDS.contains(&name) {
                json_text(out, value);
            } else if PAIRS.contains(&name) {
                pairs(value, out);
            } else {
                out.extend_from_slice(value);
            }
        }
        out.extend_from_slice(b"}}}");
        if row.damage != Damage::None {
            // A document cut in transit.
            out.truncate(start + row.text().len().max(20));
        }
        out.push(b'\n');
    }
}

fn pairs(value: &[u8], out: &mut Vec<u8>) {
    let pairs: Vec<Pair> = serde_json::from_slice(value).unwrap_or_default();
    out.push(b'{');
    for (place, pair) in pairs.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        quoted(out, &pair.name);
        out.push(b':');
        quoted(out, &pair.value);
    }
    out.push(b'}');
}

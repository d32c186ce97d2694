//! Tables whose columns are a record's fields (Sentinel's `OfficeActivity`, Elastic's dotted names): each row is written as a
//! record in Microsoft's own shape, nested columns with the JSON their text holds.

use super::json::{Scanner, Value, unescape};
use super::reject::Fault;

/// Columns under other names than the record's.
const RENAMED: [(&str, &str); 10] = [
    ("TimeGenerated", "CreationTime"),
    ("OfficeId", "Id"),
    ("OfficeWorkload", "Workload"),
    ("OfficeObjectId", "ObjectId"),
    ("Logon_Type", "LogonType"),
    ("Client_IPAddress", "ClientIPAddress"),
    ("ClientIP_", "ClientIP"),
    ("@timestamp", "CreationTime"),
    ("event.id", "Id"),
    ("event.action", "Operation"),
];

/// Columns whose text is JSON.
const NESTED: [&str; 12] = [
    "Folders",
    "Folder",
    "DestFolder",
    "Item",
    "AffectedItems",
    "Messages",
    "Parameters",
    "OperationProperties",
    "ExtendedProperties",
    "DeviceProperties",
    "AppAccessContext",
    "ModifiedProperties",
];

/// Columns of a table that are no field of the record, though they carry the name of one.
const FOREIGN: [&str; 3] = ["TenantId", "SourceSystem", "Type"];

/// The name that a column has in a record, and whether it is there under that name.
fn record_name(column: &str) -> (&str, bool) {
    let column = column.strip_prefix("o365.audit.").unwrap_or(column);
    RENAMED
        .iter()
        .find(|(name, _)| *name == column)
        .map_or((column, true), |&(_, record)| (record, false))
}

/// Which of the [`RENAMED`] columns have the record's own field beside them. `filled` are the names of all columns that hold something.
struct Beside([bool; RENAMED.len()]);

impl Beside {
    fn of<'a>(filled: impl Iterator<Item = &'a str>) -> Self {
        let mut beside = [false; RENAMED.len()];
        for name in filled {
            if let (field, true) = record_name(name) {
                for (beside, (_, record)) in beside.iter_mut().zip(RENAMED) {
                    *beside |= record == field;
                }
            }
        }
        Self(beside)
    }

    /// Whether a column is to be left out: it is no field of the record, or the record's own field stands beside it.
    fn leaves_out(&self, name: &str) -> bool {
        let (field, own) = record_name(name);
        let beside = || {
            let mut renamed = RENAMED.iter().zip(self.0);
            renamed.any(|((_, record), beside)| beside && *record == field)
        };
        FOREIGN.contains(&name) || !own && beside()
    }
}

/// Writes a record from the cells of a row.
pub(crate) fn from_cells(names: &[String], cells: &[Vec<u8>]) -> Vec<u8> {
    let filled = || {
        let cells = names.iter().zip(cells);
        cells.filter(|(_, cell)| !cell.trim_ascii().is_empty())
    };
    let beside = Beside::of(filled().map(|(name, _)| name.as_str()));
    let mut out = vec![b'{'];
    for (name, cell) in filled() {
        if beside.leaves_out(name) {
            continue;
        }
        push_field(&mut out, name, &String::from_utf8_lossy(cell));
    }
    out.push(b'}');
    out
}

/// Writes a record from an object with such names.
///
/// # Errors
/// What is wrong with the object's JSON.
pub(crate) fn from_object(text: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut scanner = Scanner::<false>::new(text, 0);
    scanner.open_object()?;
    let mut fields = Vec::new();
    let mut first = true;
    while let Some(key) = scanner.key(&mut first)? {
        let mut name = String::new();
        unescape(key, &mut name);
        fields.push((name, scanner.raw_value()?));
    }
    let filled = fields
        .iter()
        .filter(|(_, raw)| !matches!(*raw, b"\"\"" | b"null"));
    let beside = Beside::of(filled.map(|(name, _)| name.as_str()));
    let mut out = vec![b'{'];
    for (name, raw) in &fields {
        if beside.leaves_out(name) {
            continue;
        }
        match Scanner::<false>::new(raw, 0).value()? {
            Value::Text(value) => {
                let mut content = String::new();
                unescape(value.raw, &mut content);
                push_field(&mut out, name, &content);
            }
            _ => {
                push_name(&mut out, record_name(name).0);
                out.extend_from_slice(raw);
            }
        }
    }
    out.push(b'}');
    Ok(out)
}

/// Writes the name of the next field of an object that has been opened.
pub(crate) fn push_name(out: &mut Vec<u8>, name: &str) {
    if out.len() > 1 {
        out.push(b',');
    }
    push_string(out, name);
    out.push(b':');
}

fn push_field(out: &mut Vec<u8>, name: &str, content: &str) {
    let name = record_name(name).0;
    push_name(out, name);
    let content = content.trim();
    let is_json = NESTED.contains(&name)
        && (content.starts_with('{') || content.starts_with('['))
        && Scanner::<false>::new(content.as_bytes(), 0)
            .skip_value()
            .is_ok();
    if is_json {
        out.extend_from_slice(content.as_bytes());
    } else {
        push_string(out, content);
    }
}

fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_columns_becomes_a_record() -> Result<(), Fault> {
        let names = [
            "TimeGenerated",
            "Logon_Type",
            "Folders",
            "o365.audit.UserId",
            "Type",
        ]
        .map(String::from);
        let cells = [
            "2024-01-01T00:00:00Z",
            "Owner",
            r#"[{"Path":"\\Inbox"}]"#,
            "a\"b",
            "OfficeActivity",
        ]
        .map(|cell| cell.as_bytes().to_vec());
        let expected = r#"{"CreationTime":"2024-01-01T00:00:00Z","LogonType":"Owner","Folders":[{"Path":"\\Inbox"}],"UserId":"a\"b"}"#;
        assert_eq!(
            String::from_utf8_lossy(&from_cells(&names, &cells)),
            expected
        );
        let again = from_object(
            br#"{"@timestamp":"2024","o365.audit.CreationTime":"2023","event.id":"x"}"#,
        )?;
        assert_eq!(
            String::from_utf8_lossy(&again),
            r#"{"CreationTime":"2023","Id":"x"}"#
        );
        // An empty field of the record's own stands beside nothing.
        let empty = from_object(
            br#"{"TimeGenerated":"2024","CreationTime":"","ClientIP_":"a","ClientIP":null}"#,
        )?;
        assert_eq!(
            String::from_utf8_lossy(&empty),
            r#"{"CreationTime":"2024","CreationTime":"","ClientIP":"a","ClientIP":null}"#
        );
        let object = br#"{"TimeGenerated":"2024-01-01T00:00:00Z","Logon_Type":"Owner","Folders":"[{\"Path\":\"\\\\Inbox\"}]","UserId":"a\"b"}"#;
        assert_eq!(String::from_utf8_lossy(&from_object(object)?), expected);
        Ok(())
    }
}

//! What the fields of a record say, before any dictionary.

use crate::event::{AccessType, Operation, SEPARATOR, parse_guid};
use crate::ingest::field::Field;
use crate::ingest::json::{Text, parse_number, truth};
use crate::ingest::record::Record;
use crate::ingest::schema::guid_only;

/// The application that acts, and the one that it calls.
pub(super) fn applications<'a>(record: &Record<'a>, sign_in: bool) -> (Text<'a>, Text<'a>) {
    let called = record.text(Field::AppId);
    if !sign_in {
        let acts = record.text(Field::ClientAppId);
        return (acts.or(record.text(Field::ContextClientAppId)), called);
    }
    let acts = record.text(Field::ApplicationId);
    let called = if called.is_empty() {
        guid_only(record.text(Field::ObjectId))
    } else {
        called
    };
    (acts.or(record.text(Field::ClientAppId)), called)
}

/// The sign-in session; one of zeros is none.
pub(super) fn session<'a>(record: &Record<'a>) -> Text<'a> {
    let session = record
        .text(Field::SessionId)
        .or(record.text(Field::ContextSessionId))
        .or(record.text(Field::DeviceSessionId))
        .or(Text::default());
    match parse_guid(session.raw) {
        Some(0) => Text::default(),
        _ => session,
    }
}

/// Bytes of the messages that a record lists, where it says.
pub(super) fn bytes(record: &Record<'_>) -> u64 {
    let items = record.items.iter();
    items
        .filter_map(|item| item.bytes)
        .fold(0, u64::saturating_add)
}

pub(super) fn folder_count(record: &Record<'_>) -> u16 {
    let folders = if record.folders.is_empty() {
        usize::from(!record.text(Field::FolderPath).is_empty())
    } else {
        record.folders.len()
    };
    u16::try_from(folders).unwrap_or(u16::MAX)
}

/// Bits as [`super::Columns::flags`] has them.
pub(super) fn flags(record: &Record<'_>, operation: Operation) -> u8 {
    let is_true = |field| truth(record.text(field).raw) == Some(true);
    u8::from(is_true(Field::IsThrottled))
        | u8::from(succeeded(record, operation)) << 1
        | u8::from(is_true(Field::ExternalAccess)) << 2
}

/// Names and values of what a record set, sorted by name.
pub(super) fn parameters(record: &Record<'_>) -> String {
    let mut scratch = String::new();
    let mut pairs: Vec<String> = record
        .parameters
        .iter()
        .map(|(name, value)| {
            let name = name.decode(&mut scratch).to_owned();
            format!("{name}={}", one_value(value.decode(&mut scratch)))
        })
        .collect();
    pairs.sort_unstable();
    pairs.join(SEPARATOR)
}

/// A value that cannot be taken for several parameters: their separator is a semicolon with a blank behind it, and whoever makes a rule
/// chooses the words that it looks for.
fn one_value(value: &str) -> String {
    let parts: Vec<&str> = value.split(';').map(str::trim_start).collect();
    parts.join(";")
}

/// How a read happened. Where the properties are lost, whatever counts messages, or names them, read them one by one: the record of a
/// synchronised folder does neither.
pub(super) fn access_type(record: &Record<'_>, operation: Operation) -> AccessType {
    match record.text(Field::MailAccessType).raw {
        b"Bind" => AccessType::Bind,
        b"Sync" => AccessType::Sync,
        raw if raw.eq_ignore_ascii_case(b"bind") => AccessType::Bind,
        raw if raw.eq_ignore_ascii_case(b"sync") => AccessType::Sync,
        _ if operation == Operation::MailItemsAccessed
            && (record
                .items
                .iter()
                .any(|item| !item.internet_message_id.is_empty())
                || parse_number(record.text(Field::OperationCount).raw).is_some()) =>
        {
            AccessType::Bind
        }
        _ => AccessType::None,
    }
}

pub(super) fn item_count(
    record: &Record<'_>,
    operation: Operation,
    access: AccessType,
    sign_in: bool,
) -> u32 {
    if access == AccessType::Sync {
        return 1;
    }
    if sign_in || operation.is_rule_change() || operation.is_search() {
        return 0;
    }
    let listed = record.items.len() as u64;
    let count = parse_number(record.text(Field::OperationCount).raw).unwrap_or(listed);
    u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

fn succeeded(record: &Record<'_>, operation: Operation) -> bool {
    if operation == Operation::SignInFailed || !record.text(Field::LogonError).is_empty() {
        return false;
    }
    let status = record.text(Field::ResultStatus).raw;
    truth(status).unwrap_or(
        !(status.eq_ignore_ascii_case(b"failed") || status.eq_ignore_ascii_case(b"failure")),
    )
}

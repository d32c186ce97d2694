//! Numbers and names of Microsoft's schema, which exports write in either form, and what its fields mean.

use super::json::{Text, parse_number};
use crate::event::{LogonType, parse_guid};

pub(super) fn is_forwarding(parameter: &[u8]) -> bool {
    [
        b"ForwardingAddress".as_slice(),
        b"ForwardingSmtpAddress",
        b"DeliverToMailboxAndForward",
        b"GrantSendOnBehalfTo",
    ]
    .iter()
    .any(|name| parameter.eq_ignore_ascii_case(name))
}

/// `ObjectId` of an administrative record: a distinguished path, `mailbox\rule`, `mailbox:\folder`, an address or a name.
pub(super) fn object_mailbox(object: &str) -> &str {
    let object = object.trim();
    let object = object.split('\\').next().unwrap_or(object);
    let object = object.rsplit('/').next().unwrap_or(object);
    // A folder is `mailbox:\folder`.
    object.trim_end_matches(':').trim()
}

pub(super) fn guid_only(text: Text<'_>) -> Text<'_> {
    if parse_guid(text.raw).is_some() {
        text
    } else {
        Text::default()
    }
}

pub(super) fn record_type(text: Text<'_>) -> Option<u16> {
    if text.is_empty() {
        None
    } else {
        record_type_of(text)
    }
}

/// A record type by number or by name; names of other workloads are some other type.
pub(super) fn record_type_of(text: Text<'_>) -> Option<u16> {
    let raw = text.raw.trim_ascii();
    if let Some(number) = parse_number(raw) {
        return Some(u16::try_from(number).unwrap_or(u16::MAX));
    }
    let named = [
        (b"ExchangeAdmin".as_slice(), 1),
        (b"ExchangeItem", 2),
        (b"ExchangeItemGroup", 3),
        (b"AzureActiveDirectory", 8),
        (b"AzureActiveDirectoryAccountLogon", 9),
        (b"AzureActiveDirectoryStsLogon", 15),
        (b"ExchangeItemAggregated", 50),
        (b"ExchangeSearch", 101),
    ];
    let known = named
        .iter()
        .find(|(name, _)| raw.eq_ignore_ascii_case(name))
        .map(|&(_, number)| number);
    known.or(if raw.is_empty() { None } else { Some(u16::MAX) })
}

pub(super) fn user_type(text: Text<'_>) -> u8 {
    if let Some(number) = parse_number(text.raw) {
        return u8::try_from(number).unwrap_or(u8::MAX);
    }
    let named = [
        (b"Regular".as_slice(), 0),
        (b"Reserved", 1),
        (b"Admin", 2),
        (b"DcAdmin", 3),
        (b"System", 4),
        (b"Application", 5),
        (b"ServicePrincipal", 6),
    ];
    named
        .iter()
        .find(|(name, _)| text.raw.eq_ignore_ascii_case(name))
        .map_or(u8::MAX, |&(_, number)| number)
}

pub(super) fn logon_type(text: Text<'_>) -> u8 {
    if let Some(number) = parse_number(text.raw) {
        return u8::try_from(number).unwrap_or(u8::MAX);
    }
    if text.raw.eq_ignore_ascii_case(b"Delegated") {
        return LogonType::Delegate as u8;
    }
    (0..=6)
        .find(|&number| {
            text.raw
                .eq_ignore_ascii_case(LogonType::from_u8(number).as_str().as_bytes())
        })
        .unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_administration_name_a_mailbox() {
        for (object, mailbox) in [
            (
                "EURPR04A009.PROD.OUTLOOK.COM/Hosted Organizations/x.example/HenriettaM",
                "HenriettaM",
            ),
            (r"joey\Financial Reporting", "joey"),
            (r"a@x.example:\Calendar", "a@x.example"),
            (r"NAM/org/joey:\Inbox\Projects", "joey"),
            ("joey:", "joey"),
            ("a@x.example", "a@x.example"),
            (r"NAM/org/joey\1234", "joey"),
            ("", ""),
        ] {
            assert_eq!(object_mailbox(object), mailbox, "{object}");
        }
    }

    #[test]
    fn numbers_and_names_of_the_schema_agree() {
        for (text, number) in [
            ("50", Some(50)),
            ("50.0", Some(50)),
            ("ExchangeItemAggregated", Some(50)),
            ("SharePoint", Some(u16::MAX)),
            ("", None),
        ] {
            assert_eq!(
                record_type_of(Text {
                    raw: text.as_bytes()
                }),
                number,
                "{text}"
            );
        }
        assert_eq!(logon_type(Text { raw: b"Owner" }), 0);
        assert_eq!(logon_type(Text { raw: b"Delegated" }), 2);
        assert_eq!(logon_type(Text { raw: b"" }), 255);
        assert_eq!(
            user_type(Text {
                raw: b"ServicePrincipal"
            }),
            6
        );
    }
}

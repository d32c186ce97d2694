//! Identifiers of records. Microsoft's are GUIDs; 16 bytes each instead of 36 characters keep ten million of them small.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::seeded::SeededMap;

/// Text of identifiers that are not GUIDs, by their key.
pub(crate) type IrregularIds = SeededMap<u128, Box<str>>;

/// The identifiers of a table of events, one per row.
#[derive(Debug, Clone, Copy)]
pub struct RecordIds<'a> {
    pub(super) keys: &'a [u128],
    pub(super) irregular: &'a IrregularIds,
}

impl<'a> RecordIds<'a> {
    /// The identifier of a row as text: a GUID in lower case, or whatever else the export used. Empty past the end.
    #[must_use]
    pub fn get(&self, row: usize) -> Cow<'a, str> {
        let Some(&key) = self.keys.get(row) else {
            return Cow::Borrowed("");
        };
        match self.irregular.get(&key) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(guid_text(key)),
        }
    }

    /// Appends the identifier of a row to a text.
    pub(crate) fn push_to(&self, row: usize, text: &mut Vec<u8>) {
        match self.keys.get(row) {
            Some(&key) if self.irregular.is_empty() => text.extend_from_slice(&guid_bytes(key)),
            _ => text.extend_from_slice(self.get(row).as_bytes()),
        }
    }

    /// One number per row, equal exactly when the identifiers are: the GUID, or a hash of another identifier.
    #[must_use]
    pub fn keys(&self) -> &'a [u128] {
        self.keys
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True when there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Reads a GUID in its usual form, `8-4-4-4-12` hexadecimal digits in either case.
pub(crate) fn parse_guid(text: &[u8]) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let mut value = 0u128;
    for (group, range) in [
        (8usize, 0..8),
        (13, 9..13),
        (18, 14..18),
        (23, 19..23),
        (36, 24..36),
    ] {
        if group < 36 && text.get(group) != Some(&b'-') {
            return None;
        }
        let mut part = 0u64;
        let mut bad = 0u8;
        for &byte in text.get(range.clone())? {
            let digit = HEX[usize::from(byte)];
            bad |= digit;
            part = (part << 4) | u64::from(digit & 0x0f);
        }
        if bad & 0x80 != 0 {
            return None;
        }
        value = (value << (4 * range.len())) | u128::from(part);
    }
    Some(value)
}

/// Value of each hexadecimal digit; 0x80 marks everything else.
const HEX: [u8; 256] = {
    let mut table = [0x80u8; 256];
    let mut digit = 0u8;
    while digit < 10 {
        table[(b'0' + digit) as usize] = digit;
        digit += 1;
    }
    let mut letter = 0u8;
    while letter < 6 {
        table[(b'a' + letter) as usize] = 10 + letter;
        table[(b'A' + letter) as usize] = 10 + letter;
        letter += 1;
    }
    table
};

/// Writes a GUID in lower case.
pub(crate) fn guid_text(key: u128) -> String {
    guid_bytes(key).into_iter().map(char::from).collect()
}

/// The characters of a GUID in lower case, all of them ASCII.
fn guid_bytes(key: u128) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    /// Where the digits of each byte go.
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (byte, place) in key.to_be_bytes().into_iter().zip(PLACES) {
        text[place] = DIGITS[usize::from(byte >> 4)];
        text[place + 1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// The key of any identifier. Text that is not a GUID is hashed (the first 128 bits of SHA-256, so that two different
/// identifiers do not meet by accident) and remembered.
pub(crate) fn record_key(text: &str, irregular: &mut IrregularIds) -> u128 {
    if let Some(guid) = parse_guid(text.as_bytes()) {
        return guid;
    }
    let digest = Sha256::digest(text.as_bytes());
    let key = digest
        .iter()
        .take(16)
        .fold(0u128, |key, &byte| (key << 8) | u128::from(byte));
    irregular.entry(key).or_insert_with(|| text.into());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_read_back_in_lower_case_and_other_identifiers_as_they_were() {
        let mut irregular = IrregularIds::default();
        let keys = [
            record_key("F12C6C27-8688-4074-edbf-08d91a41cb3b", &mut irregular),
            record_key("event-17", &mut irregular),
            record_key("00000000-0000-0000-0000-00000000000g", &mut irregular),
        ];
        assert_eq!(keys[0], 0xf12c_6c27_8688_4074_edbf_08d9_1a41_cb3b);
        let ids = RecordIds {
            keys: &keys,
            irregular: &irregular,
        };
        assert_eq!(ids.get(0), "f12c6c27-8688-4074-edbf-08d91a41cb3b");
        assert_eq!(ids.get(1), "event-17");
        assert_eq!(ids.get(2), "00000000-0000-0000-0000-00000000000g");
        assert_eq!(ids.get(3), "");
    }
}

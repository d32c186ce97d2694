//! Text of a record: JSON written by hand into one buffer that is used again, with the place of every field remembered so that envelopes can
//! lay fields out as columns.

use std::io::Write;
use std::net::IpAddr;
use std::ops::Range;

/// A flat JSON object under construction.
#[derive(Debug, Default)]
pub(super) struct Json {
    text: Vec<u8>,
    fields: Vec<(&'static str, Range<usize>)>,
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl Json {
    /// Starts a new object.
    pub(super) fn open(&mut self) {
        self.text.clear();
        self.fields.clear();
        self.text.push(b'{');
    }

    /// Ends the object.
    pub(super) fn close(&mut self) {
        self.text.push(b'}');
    }

    /// The object's text.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// A field's value as JSON text.
    pub(super) fn field(&self, name: &str) -> Option<&[u8]> {
        let (_, place) = self.fields.iter().find(|(field, _)| *field == name)?;
        self.text.get(place.clone())
    }

    /// All fields in order: name and value as JSON text.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        self.fields
            .iter()
            .filter_map(|(name, place)| Some((*name, self.text.get(place.clone())?)))
    }

    /// Writes a field whose value the closure writes as JSON.
    pub(super) fn raw(&mut self, name: &'static str, value: impl FnOnce(&mut Vec<u8>)) {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        let start = self.text.len();
        value(&mut self.text);
        self.fields.push((name, start..self.text.len()));
    }

    /// Writes a text field.
    pub(super) fn text_field(&mut self, name: &'static str, value: &str) {
        self.raw(name, |out| quoted(out, value));
    }

    /// Writes a whole number.
    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        self.raw(name, |out| decimal(out, value));
    }

    /// Writes a truth value.
    pub(super) fn flag(&mut self, name: &'static str, value: bool) {
        self.raw(name, |out| {
            out.extend_from_slice(if value { b"true" } else { b"false" })
        });
    }

    /// Writes a GUID that follows from a key.
    pub(super) fn guid(&mut self, name: &'static str, key: u64) {
        self.raw(name, |out| {
            out.push(b'"');
            guid(out, key);
            out.push(b'"');
        });
    }
}

/// Appends a JSON string.
pub(super) fn quoted(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    escaped(out, value);
    out.push(b'"');
}

/// Appends the inside of a JSON string.
pub(super) fn escaped(out: &mut Vec<u8>, value: &str) {
    let bytes = value.as_bytes();
    if !bytes
        .iter()
        .any(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        out.extend_from_slice(bytes);
        return;
    }
    for &byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                hex(out, u64::from(byte), 2);
            }
            _ => out.push(byte),
        }
    }
}

/// The text behind a JSON string written by [`quoted`]; other values as they are.
pub(super) fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""))
    else {
        return value.to_vec();
    };
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(&byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'r') => plain.push(b'\r'),
            Some(b'n') => plain.push(b'\n'),
            Some(&other) => plain.push(other),
            None => {}
        }
    }
    plain
}

/// Appends a decimal number.
pub(super) fn decimal(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Appends a number of two digits.
fn two(out: &mut Vec<u8>, value: i64) {
    out.push(b'0' + (value / 10 % 10) as u8);
    out.push(b'0' + (value % 10) as u8);
}

/// Appends the lowest `digits` hexadecimal digits, at most 16.
pub(super) fn hex(out: &mut Vec<u8>, value: u64, digits: u32) {
    for place in (0..digits.min(16)).rev() {
        out.push(HEX[(value >> (4 * place) & 0xF) as usize]);
    }
}

/// Appends the random-looking GUID (version 4) that follows from a key.
pub(super) fn guid(out: &mut Vec<u8>, key: u64) {
    let high = super::random::mix(key, 0x6964);
    let low = super::random::mix(key, 0x6C6F);
    hex(out, high >> 32, 8);
    out.push(b'-');
    hex(out, high >> 16, 4);
    out.extend_from_slice(b"-4");
    hex(out, high, 3);
    out.push(b'-');
    hex(out, (low >> 48 & 0x3FFF) | 0x8000, 4);
    out.push(b'-');
    hex(out, low, 12);
}

/// Appends an address.
pub(super) fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => {
            for (place, octet) in v4.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push(b'.');
                }
                decimal(out, u64::from(octet));
            }
        }
        // Writing to a vector cannot fail.
        IpAddr::V6(v6) => {
            let _ = write!(out, "{v6}");
        }
    }
}

/// Calendar date and time of day of a Unix time from 1970 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    pub(super) second: i64,
}

impl Moment {
    /// The moment of a Unix time (days to civil date after Hinnant, "chrono-compatible low-level date algorithms").
    pub(super) fn of(unix: i64) -> Self {
        let days = unix.div_euclid(86_400) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 {
            shifted + 3
        } else {
            shifted - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            second: unix.rem_euclid(86_400),
        }
    }

    /// Appends `2024-01-08T09:05:03`.
    pub(super) fn iso(self, out: &mut Vec<u8>) {
        decimal(out, self.year as u64);
        out.push(b'-');
        two(out, self.month);
        out.push(b'-');
        two(out, self.day);
        out.push(b'T');
        self.clock(out);
    }

    /// Appends `1/8/2024 9:05:03 AM`.
    pub(super) fn american(self, out: &mut Vec<u8>) {
        for part in [self.month, self.day, self.year] {
            decimal(out, part as u64);
            out.push(if part == self.year { b' ' } else { b'/' });
        }
        let hour = self.second / 3600;
        decimal(
            out,
            if hour % 12 == 0 {
                12
            } else {
                (hour % 12) as u64
            },
        );
        out.push(b':');
        two(out, self.second / 60 % 60);
        out.push(b':');
        two(out, self.second % 60);
        out.extend_from_slice(if hour < 12 { b" AM" } else { b" PM" });
    }

    fn clock(self, out: &mut Vec<u8>) {
        two(out, self.second / 3600);
        out.push(b':');
        two(out, self.second / 60 % 60);
        out.push(b':');
        two(out, self.second % 60);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn moments_agree_with_the_calendar_library() {
        for unix in [0, 951_782_400, 1_704_704_703, 1_709_164_800, 4_107_542_399] {
            let expected = jiff::Timestamp::from_second(unix)
                .expect("in range")
                .to_string();
            assert_eq!(
                written(|out| Moment::of(unix).iso(out)),
                expected.trim_end_matches('Z')
            );
        }
        assert_eq!(
            written(|out| Moment::of(1_704_704_703).american(out)),
            "1/8/2024 9:05:03 AM"
        );
        assert_eq!(
            written(|out| Moment::of(1_704_672_000).american(out)),
            "1/8/2024 12:00:00 AM"
        );
        assert_eq!(
            written(|out| Moment::of(1_704_715_200).american(out)),
            "1/8/2024 12:00:00 PM"
        );
    }

    #[test]
    fn text_is_escaped_as_the_json_library_does_and_comes_back() {
        for text in [
            "plain",
            "\\Inbox\\Projects",
            "say \"hi\"\r\n",
            "Boîte de réception",
            "\u{1}",
        ] {
            let ours = written(|out| quoted(out, text));
            assert_eq!(ours, serde_json::to_string(text).expect("text"));
            if text != "\u{1}" {
                assert_eq!(unquoted(ours.as_bytes()), text.as_bytes());
            }
        }
        assert_eq!(unquoted(b"50"), b"50");
    }

    #[test]
    fn fields_are_found_again() {
        let mut json = Json::default();
        json.open();
        json.text_field("Operation", "Send");
        json.number("RecordType", 2);
        json.flag("ExternalAccess", false);
        json.close();
        assert_eq!(
            json.text(),
            br#"{"Operation":"Send","RecordType":2,"ExternalAccess":false}"#
        );
        assert_eq!(json.field("RecordType"), Some(b"2".as_slice()));
        assert_eq!(json.field("Operation"), Some(br#""Send""#.as_slice()));
        assert_eq!(json.field("Id"), None);
        assert_eq!(json.fields().count(), 3);
    }

    #[test]
    fn a_guid_has_its_form() {
        let text = written(|out| guid(out, 42));
        let parts: Vec<usize> = text.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_ne!(text, written(|out| guid(out, 43)));
    }

    #[test]
    fn addresses_are_written_as_the_standard_library_does() {
        for text in ["240.1.2.3", "3fff:1::1", "2603:10a6:100:5::7"] {
            let parsed: IpAddr = text.parse().expect("an address");
            assert_eq!(written(|out| address(out, parsed)), text);
        }
    }
}

//! A pull scanner over the text of one JSON value, without copies and without a tree.
//!
//! Audit records sit in CSV cells, where every quote is doubled. The scanner reads that form as it stands
//! (`CSV = true`): a string opens and closes with two quotes, and a quote inside it is a backslash and two quotes. Plain
//! JSON (RFC 8259) is the same grammar with one (`CSV = false`).

use memchr::memchr;

use super::bytes::{equal, find_quote};
use super::reject::Fault;

/// Nesting deeper than this is refused; real records nest five levels.
const MAX_DEPTH: usize = 64;

/// Text of a string as it stands in the input: still escaped, quotes still doubled in a CSV cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Text<'a> {
    pub(crate) raw: &'a [u8],
}

impl<'a> Text<'a> {
    pub(crate) fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// Whether it stands for no value: empty, blank, or a null that was written as text.
    #[inline]
    pub(crate) fn says_nothing(self) -> bool {
        const LONGEST: usize = b"<null>".len();
        self.raw.is_empty() || (self.raw.len() <= LONGEST && is_placeholder(self.raw))
    }

    /// This text, or another when it says nothing.
    #[inline]
    pub(crate) fn or(self, other: Self) -> Self {
        if self.says_nothing() { other } else { self }
    }

    /// The text itself, through `scratch` when it has escapes or is not UTF-8 (which is repaired).
    pub(crate) fn decode<'s>(self, scratch: &'s mut String) -> &'s str
    where
        'a: 's,
    {
        if memchr(b'\\', self.raw).is_none()
            && let Ok(text) = std::str::from_utf8(self.raw)
        {
            return text;
        }
        scratch.clear();
        unescape(self.raw, scratch);
        scratch
    }
}

#[cold]
fn is_placeholder(raw: &[u8]) -> bool {
    let text = raw.trim_ascii();
    text.is_empty() || text.eq_ignore_ascii_case(b"null") || text.eq_ignore_ascii_case(b"<null>")
}

/// A scalar, or the news that a container begins (its bracket is consumed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Text(Text<'a>),
    Number(&'a [u8]),
    Bool(bool),
    Null,
    Object,
    Array,
}

impl<'a> Value<'a> {
    /// Text of a string or the digits of a number; empty for everything else.
    pub(crate) fn text(self) -> Text<'a> {
        match self {
            Self::Text(text) => text,
            Self::Number(raw) => Text { raw },
            _ => Text::default(),
        }
    }

    /// A whole number, also when written as text or with a fraction.
    pub(crate) fn number(self) -> Option<u64> {
        parse_number(self.text().raw)
    }
}

/// `true`, `True`, `1`, `Succeeded`... and their opposites.
pub(crate) fn truth(raw: &[u8]) -> Option<bool> {
    if raw.eq_ignore_ascii_case(b"true") || raw == b"1" {
        Some(true)
    } else if raw.eq_ignore_ascii_case(b"false") || raw == b"0" {
        Some(false)
    } else {
        None
    }
}

/// A whole number; a fraction is cut off. Signs are not numbers of this log. Exponents are what Java's collectors make of
/// sizes above ten million.
pub(crate) fn parse_number(raw: &[u8]) -> Option<u64> {
    let mut value = 0u64;
    let mut digits = 0;
    for &byte in raw {
        if byte == b'.' && digits > 0 {
            break;
        }
        if !byte.is_ascii_digit() {
            return with_exponent(raw);
        }
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        digits += 1;
    }
    if raw.len() > digits && raw.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        return with_exponent(raw);
    }
    (digits > 0).then_some(value)
}

#[cold]
fn with_exponent(raw: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(raw).ok()?;
    let is_number = text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = is_number.then(|| text.parse().ok())??;
    // Beyond 2^53 whole numbers have gaps, and nothing in a mailbox is that large.
    (value < 9_007_199_254_740_992.0).then_some(value as u64)
}

/// The scanner: a position in a text.
#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a, const CSV: bool> {
    text: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a, const CSV: bool> Scanner<'a, CSV> {
    pub(crate) fn new(text: &'a [u8], at: usize) -> Self {
        Self { text, at, depth: 0 }
    }

    /// Offset of the next byte to read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The text from an earlier offset to here.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Steps over a text if it is what stands here.
    #[inline]
    pub(crate) fn take(&mut self, text: &[u8]) -> bool {
        let stands = self
            .text
            .get(self.at..self.at + text.len())
            .is_some_and(|here| equal(here, text));
        if stands {
            self.at += text.len();
        }
        stands
    }

    #[inline]
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
        }
    }

    /// What stands here is not what the grammar wants: the text is cut, or damaged.
    #[cold]
    fn unexpected<T>(&self) -> Result<T, Fault> {
        let ended = self.at >= self.text.len()
            || (CSV && self.peek() == b'"' && self.text.get(self.at + 1) != Some(&b'"'));
        Err(if ended { Fault::Cut } else { Fault::Malformed })
    }

    /// Reads the opening quote of a string.
    #[inline]
    fn open_quote(&mut self) -> Result<(), Fault> {
        if self.peek() != b'"' {
            return self.unexpected();
        }
        if CSV {
            if self.text.get(self.at + 1) != Some(&b'"') {
                return self.unexpected();
            }
            self.at += 2;
        } else {
            self.at += 1;
        }
        Ok(())
    }

    /// Steps over the opening quote of a string, if that is what stands here.
    #[inline]
    pub(crate) fn opens_string(&mut self) -> bool {
        self.take(if CSV { b"\"\"" } else { b"\"" })
    }

    /// The value that stands here, when it is a string whose opening quote has been read already, and any other.
    #[inline]
    pub(crate) fn value_after(&mut self, opened: bool) -> Result<Value<'a>, Fault> {
        if opened {
            self.string_tail().map(Value::Text)
        } else {
            self.value()
        }
    }

    /// Reads a string from after its opening quote to after its closing one.
    #[inline]
    fn string_tail(&mut self) -> Result<Text<'a>, Fault> {
        let start = self.at;
        let mut from = start;
        loop {
            let rest = self.text.get(from..).unwrap_or_default();
            let Some(offset) = find_quote(rest) else {
                self.at = self.text.len();
                return Err(Fault::Cut);
            };
            let quote = from + offset;
            let escaped = quote > start
                && self.text.get(quote - 1) == Some(&b'\\')
                && self.is_escaped(start, quote);
            let width = if CSV { 2 } else { 1 };
            if CSV && self.text.get(quote + 1) != Some(&b'"') {
                self.at = quote;
                return Err(Fault::Cut);
            }
            if escaped {
                from = quote + width;
                continue;
            }
            self.at = quote + width;
            return Ok(Text {
                raw: self.text.get(start..quote).unwrap_or_default(),
            });
        }
    }

    #[cold]
    fn is_escaped(&self, start: usize, quote: usize) -> bool {
        let run = self
            .text
            .get(start..quote)
            .unwrap_or_default()
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        run % 2 == 1
    }

    /// Opens the object that must stand here.
    pub(crate) fn open_object(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.peek() != b'{' {
            return self.unexpected();
        }
        self.at += 1;
        self.deeper()
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            Err(Fault::TooDeep)
        } else {
            Ok(())
        }
    }

    /// The next key of the open object, or `None` and the object is closed. `first` tells whether a comma is due.
    #[inline]
    pub(crate) fn key(&mut self, first: &mut bool) -> Result<Option<&'a [u8]>, Fault> {
        self.skip_space();
        match self.peek() {
            b'}' => {
                self.at += 1;
                self.depth = self.depth.saturating_sub(1);
                return Ok(None);
            }
            b',' if !*first => {
                self.at += 1;
                self.skip_space();
            }
            _ if *first => {}
            _ => return self.unexpected(),
        }
        *first = false;
        self.open_quote()?;
        let key = self.string_tail()?;
        self.skip_space();
        if self.peek() != b':' {
            return self.unexpected();
        }
        self.at += 1;
        Ok(Some(key.raw))
    }

    /// True when the open array has another element; false and it is closed.
    #[inline]
    pub(crate) fn element(&mut self, first: &mut bool) -> Result<bool, Fault> {
        self.skip_space();
        match self.peek() {
            b']' => {
                self.at += 1;
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            b',' if !*first => {
                self.at += 1;
                Ok(true)
            }
            _ if *first => {
                *first = false;
                Ok(true)
            }
            _ => self.unexpected(),
        }
    }

    /// The value that stands here.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Fault> {
        self.skip_space();
        match self.peek() {
            b'"' => {
                self.open_quote()?;
                Ok(Value::Text(self.string_tail()?))
            }
            b'{' => {
                self.at += 1;
                self.deeper()?;
                Ok(Value::Object)
            }
            b'[' => {
                self.at += 1;
                self.deeper()?;
                Ok(Value::Array)
            }
            _ => self.bare(),
        }
    }

    fn bare(&mut self) -> Result<Value<'a>, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
            .count();
        let token = rest.get(..length).unwrap_or_default();
        self.at += length;
        match token {
            b"true" => Ok(Value::Bool(true)),
            b"false" => Ok(Value::Bool(false)),
            // What Python's and JavaScript's writers make of numbers that are none.
            b"null" | b"NaN" | b"Infinity" | b"-Infinity" => Ok(Value::Null),
            [b'0'..=b'9' | b'-', ..] => Ok(Value::Number(token)),
            _ => self.unexpected(),
        }
    }

    /// Reads over whatever is left of a value that [`Scanner::value`] returned.
    pub(crate) fn skip(&mut self, value: Value<'a>) -> Result<(), Fault> {
        match value {
            Value::Object => {
                let mut first = true;
                while self.key(&mut first)?.is_some() {
                    self.skip_value()?;
                }
                Ok(())
            }
            Value::Array => {
                let mut first = true;
                while self.element(&mut first)? {
                    self.skip_value()?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads over the value that stands here.
    pub(crate) fn skip_value(&mut self) -> Result<(), Fault> {
        let value = self.value()?;
        self.skip(value)
    }

    /// The text of the container that [`Scanner::value`] has just opened, from its bracket to the closing one.
    pub(crate) fn raw_container(&mut self, value: Value<'a>) -> Result<&'a [u8], Fault> {
        let start = self.at.saturating_sub(1);
        self.skip(value)?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// The text of the value that stands here, whatever it is, as it stands.
    pub(crate) fn raw_value(&mut self) -> Result<&'a [u8], Fault> {
        self.skip_space();
        let start = self.at;
        self.skip_value()?;
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        self.skip_space();
        if self.at < self.text.len() {
            Err(Fault::Malformed)
        } else {
            Ok(())
        }
    }
}

/// Resolves the escapes of a string. A doubled quote after a backslash (a CSV cell) is one quote. What is not UTF-8 becomes
/// U+FFFD, as does half of a surrogate pair.
pub(crate) fn unescape(raw: &[u8], out: &mut String) {
    let mut rest = raw;
    while let Some(slash) = memchr(b'\\', rest) {
        let (plain, tail) = rest.split_at(slash);
        out.push_str(&String::from_utf8_lossy(plain));
        let (consumed, character) = escape(tail);
        out.push(character);
        rest = tail.get(consumed..).unwrap_or_default();
    }
    out.push_str(&String::from_utf8_lossy(rest));
}

/// One escape at the start of `tail`: how many bytes it takes and what it stands for.
fn escape(tail: &[u8]) -> (usize, char) {
    match tail.get(1) {
        Some(b'n') => (2, '\n'),
        Some(b'r') => (2, '\r'),
        Some(b't') => (2, '\t'),
        Some(b'b') => (2, '\u{8}'),
        Some(b'f') => (2, '\u{c}'),
        Some(b'/') => (2, '/'),
        Some(b'\\') => (2, '\\'),
        Some(b'"') => (if tail.get(2) == Some(&b'"') { 3 } else { 2 }, '"'),
        Some(b'u') => {
            let Some(unit) = hex4(tail.get(2..6)) else {
                return (2, char::REPLACEMENT_CHARACTER);
            };
            if (0xd800..0xdc00).contains(&unit)
                && tail.get(6..8) == Some(b"\\u")
                && let Some(low) = hex4(tail.get(8..12))
                && (0xdc00..0xe000).contains(&low)
            {
                let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return (
                    12,
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                );
            }
            (
                6,
                char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
            )
        }
        _ => (1, char::REPLACEMENT_CHARACTER),
    }
}

fn hex4(digits: Option<&[u8]>) -> Option<u32> {
    let text = std::str::from_utf8(digits?).ok()?;
    if text.starts_with('+') {
        return None;
    }
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys<const CSV: bool>(text: &str) -> Result<Vec<(String, String)>, Fault> {
        let mut scanner = Scanner::<CSV>::new(text.as_bytes(), 0);
        scanner.open_object()?;
        let mut first = true;
        let mut found = Vec::new();
        while let Some(key) = scanner.key(&mut first)? {
            let value = scanner.value()?;
            scanner.skip(value)?;
            let mut scratch = String::new();
            found.push((
                String::from_utf8_lossy(key).into_owned(),
                value.text().decode(&mut scratch).to_owned(),
            ));
        }
        scanner.end()?;
        Ok(found)
    }

    #[test]
    fn plain_and_doubled_quotes_read_alike() {
        let plain =
            r#"{"a":"x\"y\\","b":[1,{"c":"]}"}],"d":-1.5,"e":null , "f":"\u00e9\ud83d\ude00\/"}"#;
        let doubled = plain.replace('"', "\"\"");
        let expected = [
            ("a", "x\"y\\"),
            ("b", ""),
            ("d", "-1.5"),
            ("e", ""),
            ("f", "é😀/"),
        ];
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()))
            .collect();
        assert_eq!(keys::<false>(plain).as_ref(), Ok(&expected));
        assert_eq!(keys::<true>(&doubled).as_ref(), Ok(&expected));
    }

    #[test]
    fn every_cut_is_an_error_and_never_a_record() {
        let plain = r#"{"a":"x\"y","b":[1,{"c":"]}"}],"d":true}"#;
        let doubled = plain.replace('"', "\"\"");
        for cut in 0..plain.len() {
            assert!(keys::<false>(&plain[..cut]).is_err(), "cut at {cut}");
        }
        for cut in 0..doubled.len() {
            assert!(keys::<true>(&doubled[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn numbers_come_as_text_and_as_fractions() {
        assert_eq!(parse_number(b"50"), Some(50));
        assert_eq!(parse_number(b"1024.0"), Some(1024));
        assert_eq!(parse_number(b"-1"), None);
        assert_eq!(parse_number(b""), None);
        assert_eq!(parse_number(b"99999999999999999999"), None);
        assert_eq!(truth(b"True"), Some(true));
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{{\"a\":{}", "[".repeat(100_000));
        assert_eq!(keys::<false>(&deep), Err(Fault::TooDeep));
    }

    #[test]
    fn broken_escapes_are_repaired() {
        let mut out = String::new();
        unescape(br"a\qb\u12", &mut out);
        assert_eq!(out, "a\u{fffd}qb\u{fffd}12");
        out.clear();
        unescape(br"\ud800x\\", &mut out);
        assert_eq!(out, "\u{fffd}x\\");
    }
}

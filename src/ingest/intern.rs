//! Texts to codes, one table per worker. The text as it stands in the input is looked up first, so that a text is
//! decoded and normalised once, not once per record.

use memchr::memchr;
use rustc_hash::FxHashMap;

use super::json::Text;

/// How a text is normalised before it gets a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Trimmed.
    Keep,
    /// Trimmed and lower-case.
    Lower,
}

/// A growing dictionary; code 0 is the empty text.
#[derive(Debug)]
pub(crate) struct Interner {
    /// Codes of texts without escapes, as they stand and normalised: normalising twice changes nothing, so both live here.
    plain: FxHashMap<Box<[u8]>, u32>,
    /// Codes of texts with escapes, as they stand.
    escaped: FxHashMap<Box<[u8]>, u32>,
    names: Vec<Box<str>>,
    scratch: String,
}

impl Default for Interner {
    fn default() -> Self {
        let mut interner = Self {
            plain: FxHashMap::default(),
            escaped: FxHashMap::default(),
            names: Vec::new(),
            scratch: String::new(),
        };
        interner.name("");
        interner
    }
}

impl Interner {
    /// The code of a text of the input.
    #[inline]
    pub(crate) fn code(&mut self, text: Text<'_>, case: Case) -> u32 {
        if text.raw.is_empty() {
            return 0;
        }
        let has_escapes = memchr(b'\\', text.raw).is_some();
        let known = if has_escapes {
            &self.escaped
        } else {
            &self.plain
        };
        match known.get(text.raw) {
            Some(&code) => code,
            None => self.learn(text, case, has_escapes),
        }
    }

    #[cold]
    fn learn(&mut self, text: Text<'_>, case: Case, has_escapes: bool) -> u32 {
        let mut scratch = std::mem::take(&mut self.scratch);
        let normal = text.decode(&mut scratch).trim();
        let code = match case {
            Case::Keep => self.name(normal),
            Case::Lower => self.name(&normal.to_lowercase()),
        };
        self.scratch = scratch;
        let known = if has_escapes {
            &mut self.escaped
        } else {
            &mut self.plain
        };
        known.entry(text.raw.into()).or_insert(code);
        code
    }

    /// The code of a text that is normalised already.
    pub(crate) fn name(&mut self, name: &str) -> u32 {
        if let Some(&code) = self.plain.get(name.as_bytes()) {
            return code;
        }
        let code = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        self.plain.insert(name.as_bytes().into(), code);
        code
    }

    /// The text behind a code.
    pub(crate) fn text(&self, code: u32) -> &str {
        self.names.get(code as usize).map_or("", |name| name)
    }

    /// All names, by code.
    pub(crate) fn into_names(self) -> Vec<Box<str>> {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_text_share_a_code() {
        let mut interner = Interner::default();
        let grady = interner.code(
            Text {
                raw: b"GradyA@x.example",
            },
            Case::Lower,
        );
        assert_eq!(
            interner.code(
                Text {
                    raw: b" gradya@X.example"
                },
                Case::Lower
            ),
            grady
        );
        assert_eq!(interner.text(grady), "gradya@x.example");
        let path = interner.code(
            Text {
                raw: br"\\Inbox\/a",
            },
            Case::Keep,
        );
        assert_eq!(interner.text(path), r"\Inbox/a");
        assert_eq!(
            interner.code(
                Text {
                    raw: r"\\Inbox/a".as_bytes()
                },
                Case::Keep
            ),
            path
        );
        assert_eq!(interner.code(Text::default(), Case::Keep), 0);
        assert_eq!(interner.code(Text { raw: b"  " }, Case::Keep), 0);
    }
}

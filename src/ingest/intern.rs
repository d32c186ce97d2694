//! Texts to codes, one table per worker. The text as it stands in the input is looked up first, so that a text is
//! decoded and normalised once, not once per record.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::bytes::equal;
use super::json::Text;
use crate::seeded::Seeded;

/// How a text is normalised before it gets a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Case {
    /// Trimmed.
    Keep,
    /// Trimmed and lower-case.
    Lower,
}

/// What is known by text. A hash table that is told how to compare: nearly every look-up ends with a comparison of two short
/// texts.
#[derive(Debug)]
pub(crate) struct ByText<T> {
    table: HashTable<(Box<[u8]>, T)>,
    seed: Seeded,
}

impl<T> Default for ByText<T> {
    fn default() -> Self {
        Self {
            table: HashTable::new(),
            seed: Seeded::default(),
        }
    }
}

impl<T: Copy> ByText<T> {
    #[inline]
    pub(crate) fn get(&self, text: &[u8]) -> Option<T> {
        self.table
            .find(self.seed.hash_one(text), |(known, _)| equal(known, text))
            .map(|&(_, value)| value)
    }

    /// Adds a text that is not there.
    pub(crate) fn insert(&mut self, text: &[u8], value: T) {
        let hash = |text: &[u8]| self.seed.hash_one(text);
        self.table
            .insert_unique(hash(text), (text.into(), value), |(known, _)| hash(known));
    }
}

/// A growing dictionary; code 0 is the empty text.
#[derive(Debug)]
pub(crate) struct Interner {
    /// Codes of texts as they stand in the input, escapes and all; and of normalised texts without a backslash, which stand in
    /// the input as they are.
    known: ByText<u32>,
    /// Codes of normalised texts with a backslash.
    slashed: ByText<u32>,
    names: Vec<Box<str>>,
    scratch: String,
}

impl Default for Interner {
    fn default() -> Self {
        let mut interner = Self {
            known: ByText::default(),
            slashed: ByText::default(),
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
        match self.known.get(text.raw) {
            Some(code) => code,
            None => self.learn(text, case),
        }
    }

    #[cold]
    fn learn(&mut self, text: Text<'_>, case: Case) -> u32 {
        let mut scratch = std::mem::take(&mut self.scratch);
        let normal = text.decode(&mut scratch).trim();
        let code = match case {
            Case::Keep => self.name(normal),
            Case::Lower => self.name(&normal.to_lowercase()),
        };
        self.scratch = scratch;
        if self.known.get(text.raw).is_none() {
            self.known.insert(text.raw, code);
        }
        code
    }

    /// The code of a text that is normalised already.
    pub(crate) fn name(&mut self, name: &str) -> u32 {
        let known = if name.contains('\\') {
            &mut self.slashed
        } else {
            &mut self.known
        };
        if let Some(code) = known.get(name.as_bytes()) {
            return code;
        }
        let code = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.into());
        known.insert(name.as_bytes(), code);
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

//! The order of keys, learnt. Records of one export have the same keys in nearly the same order: the key after a key is
//! mostly the one that came after it last time, and comparing it costs a fraction of reading and recognising it.

use super::json::Scanner;
use super::reject::Fault;

/// More different keys than this are no schema, and are not learnt.
const MOST: usize = 128;

/// A key that was seen, and the two that last came after it: records of two kinds often take turns.
#[derive(Debug, Clone, Copy)]
struct Seen<'a, F> {
    /// As it stands, from the comma before it to the colon after it.
    text: &'a [u8],
    key: &'a [u8],
    field: F,
    /// Positions of the keys that came after it, the last first; [`START`] where none is known.
    next: [usize; 2],
}

/// Position of the beginning of an object.
const START: usize = 0;

/// Position after a key that was not learnt.
const UNKNOWN: usize = usize::MAX;

/// Keys of one kind of object, and what `F` each means.
#[derive(Debug, Clone)]
pub(crate) struct KeyOrder<'a, F> {
    /// The first stands for the beginning of the object. Empty when nothing is to be learnt: for one object it does not pay.
    seen: Vec<Seen<'a, F>>,
}

/// Where in its object a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position(usize);

impl<F> Default for KeyOrder<'_, F> {
    fn default() -> Self {
        Self { seen: Vec::new() }
    }
}

impl<'a, F: Copy + Default> KeyOrder<'a, F> {
    /// An order that learns.
    pub(crate) fn learning() -> Self {
        let beginning = Seen {
            text: &[],
            key: &[],
            field: F::default(),
            next: [START; 2],
        };
        Self {
            seen: vec![beginning],
        }
    }

    /// The next key of the open object and what it means, or `None` and the object is closed. A position begins as default.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    #[inline]
    pub(crate) fn next<const CSV: bool>(
        &mut self,
        scanner: &mut Scanner<'a, CSV>,
        position: &mut Position,
        field_of: impl Fn(&[u8]) -> F,
    ) -> Result<Option<(&'a [u8], F)>, Fault> {
        if let Some(&Seen { next, .. }) = self.seen.get(position.0) {
            for next in next {
                if next != START
                    && let Some(guess) = self.seen.get(next)
                    && scanner.take(guess.text)
                {
                    position.0 = next;
                    return Ok(Some((guess.key, guess.field)));
                }
            }
        }
        let start = scanner.at();
        let mut first = position.0 == START;
        let Some(key) = scanner.key(&mut first)? else {
            return Ok(None);
        };
        let field = field_of(key);
        self.learn(position, (scanner.since(start), key), field);
        Ok(Some((key, field)))
    }

    #[cold]
    fn learn(&mut self, position: &mut Position, (text, key): (&'a [u8], &'a [u8]), field: F) {
        let known = self.seen.iter().skip(1).position(|seen| seen.text == text);
        let next = match known {
            Some(before) => before + 1,
            None if (1..MOST).contains(&self.seen.len()) => {
                self.seen.push(Seen {
                    text,
                    key,
                    field,
                    next: [START; 2],
                });
                self.seen.len() - 1
            }
            None => UNKNOWN,
        };
        if next != UNKNOWN
            && let Some(seen) = self.seen.get_mut(position.0)
        {
            seen.next = [next, seen.next[0]];
        }
        position.0 = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::json::Value;

    fn keys(order: &mut KeyOrder<'static, usize>, text: &'static str) -> Result<String, Fault> {
        let mut scanner = Scanner::<false>::new(text.as_bytes(), 0);
        scanner.open_object()?;
        let mut position = Position::default();
        let mut out = String::new();
        while let Some((key, field)) = order.next(&mut scanner, &mut position, <[u8]>::len)? {
            assert_eq!(key.len(), field);
            if scanner.value()? == Value::Null {
                out.push('!');
            }
            out.push_str(&String::from_utf8_lossy(key));
            out.push(' ');
        }
        scanner.end()?;
        Ok(out)
    }

    #[test]
    fn what_is_learnt_changes_nothing_but_the_speed() {
        let texts = [
            r#"{"a":1,"bb":2,"ccc":3}"#,
            r#"{"a":1,"bb":2,"ccc":3}"#,
            r#"{"a":1,"ccc":null,"bb":2}"#,
            r#"{ "a" : 1 , "bb" : 2 }"#,
            r#"{"bb":1,"a":2}"#,
            r#"{}"#,
            r#"{"a":1"bb":2}"#,
            r#"{,"a":1}"#,
            r#"{"a":1,"bb"}"#,
            r#"{"a":1,"bb":2,"#,
            r#"{"a":1,"bb":2,"a":3,"a":4}"#,
        ];
        let mut learning = KeyOrder::learning();
        for text in texts.iter().cycle().take(3 * texts.len()) {
            assert_eq!(
                keys(&mut learning, text),
                keys(&mut KeyOrder::default(), text),
                "{text}"
            );
        }
        assert!(learning.seen.len() > 3);
    }
}

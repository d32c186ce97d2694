//! The order of keys, learnt. Records of one export have the same keys in nearly the same order: the key after a key is
//! mostly the one that came after it last time, and comparing it costs a fraction of reading and recognising it.

use super::json::Scanner;
use super::reject::Fault;

/// More different keys than this are no schema, and are not learnt.
const MOST: usize = 128;

/// A key that was read, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key<'a, F> {
    pub(crate) name: &'a [u8],
    pub(crate) field: F,
    /// The value is a string, and its opening quote has been read with the key.
    pub(crate) opened: bool,
}

/// A key that was seen, and the two that last came after it: records of two kinds often take turns.
#[derive(Debug, Clone, Copy)]
struct Seen<'a, F> {
    /// As it stands, from the comma before it to the colon after it, or to the opening quote of its value.
    text: &'a [u8],
    key: Key<'a, F>,
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
        let nothing = Key {
            name: &[],
            field: F::default(),
            opened: false,
        };
        let beginning = Seen {
            text: &[],
            key: nothing,
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
    ) -> Result<Option<Key<'a, F>>, Fault> {
        if let Some(&Seen { next, .. }) = self.seen.get(position.0) {
            for next in next {
                if next != START
                    && let Some(guess) = self.seen.get(next)
                    && scanner.take(guess.text)
                {
                    position.0 = next;
                    return Ok(Some(guess.key));
                }
            }
        }
        let start = scanner.at();
        let mut first = position.0 == START;
        let Some(name) = scanner.key(&mut first)? else {
            return Ok(None);
        };
        let key = Key {
            name,
            field: field_of(name),
            opened: scanner.opens_string(),
        };
        self.learn(position, scanner.since(start), key);
        Ok(Some(key))
    }

    #[cold]
    fn learn(&mut self, position: &mut Position, text: &'a [u8], key: Key<'a, F>) {
        let known = self.seen.iter().skip(1).position(|seen| seen.text == text);
        let next = match known {
            Some(before) => before + 1,
            None if (1..MOST).contains(&self.seen.len()) => {
                self.seen.push(Seen {
                    text,
                    key,
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
        while let Some(key) = order.next(&mut scanner, &mut position, <[u8]>::len)? {
            assert_eq!(key.name.len(), key.field);
            match scanner.value_after(key.opened)? {
                Value::Null => out.push('!'),
                Value::Text(text) => out.push_str(&format!("{:?}", text.raw)),
                _ => {}
            }
            out.push_str(&String::from_utf8_lossy(key.name));
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
            r#"{"a":"x","bb":"","ccc": "y"}"#,
            r#"{"a":"x","bb":"","ccc":3}"#,
            r#"{"a":"x","bb":"\"","ccc":"}"#,
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

//! Texts to small numbers, kept for the life of a model so that days of different batches agree.

use serde::{Deserialize, Serialize};

use crate::seeded::SeededMap;

/// A text known to a [`Symbols`] table. Symbol 0 is the empty text: absent.
pub type Symbol = u32;

/// An append-only table of texts.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct Symbols {
    names: Vec<String>,
    index: SeededMap<String, Symbol>,
}

impl Default for Symbols {
    fn default() -> Self {
        Self {
            names: vec![String::new()],
            index: SeededMap::from_iter([(String::new(), 0)]),
        }
    }
}

impl From<Vec<String>> for Symbols {
    fn from(names: Vec<String>) -> Self {
        let mut symbols = Self::default();
        for name in &names {
            symbols.intern(name);
        }
        symbols
    }
}

impl From<Symbols> for Vec<String> {
    fn from(symbols: Symbols) -> Self {
        symbols.names
    }
}

impl Symbols {
    /// The symbol of a text, new if it has not been met.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if let Some(&symbol) = self.index.get(name) {
            return symbol;
        }
        let symbol = self.names.len() as Symbol;
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), symbol);
        symbol
    }

    /// The symbol of a text; `None` if it has not been met.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Symbol> {
        self.index.get(name).copied()
    }

    /// The text of a symbol; empty for a symbol of another table.
    pub fn name(&self, symbol: Symbol) -> &str {
        self.names.get(symbol as usize).map_or("", String::as_str)
    }

    /// Number of texts, the empty one included.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether only the empty text is known.
    pub fn is_empty(&self) -> bool {
        self.names.len() <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_survive_a_round_trip_with_the_same_numbers() {
        let mut symbols = Symbols::default();
        let (a, b) = (symbols.intern("a"), symbols.intern("b"));
        assert_eq!((symbols.intern(""), symbols.intern("a")), (0, a));
        let copy = Symbols::from(Vec::from(symbols));
        assert_eq!((copy.name(a), copy.name(b), copy.len()), ("a", "b", 3));
    }
}

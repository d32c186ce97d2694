//! What a record set: pairs of names and values in one text, as the `parameters` column keeps them.

/// Stands between pairs. No value holds it: whoever makes a rule chooses the words that it looks for.
pub(crate) const SEPARATOR: &str = "; ";

/// The pairs of a text of parameters, in its order; values without blanks around them.
pub(crate) fn pairs(parameters: &str) -> impl Iterator<Item = (&str, &str)> {
    parameters
        .split(SEPARATOR)
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, value.trim()))
}

/// Whether a value sets something: it is neither empty nor false.
pub(crate) fn sets_something(value: &str) -> bool {
    !value.is_empty() && !value.eq_ignore_ascii_case("false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_end_at_separators_and_names_at_the_first_sign() {
        let text = "Name=a=b; Words=x;y; Flag; DeleteMessage= True ";
        let found: Vec<(&str, &str)> = pairs(text).collect();
        assert_eq!(
            found,
            [("Name", "a=b"), ("Words", "x;y"), ("DeleteMessage", "True")]
        );
        assert_eq!(pairs("").count(), 0);
    }

    #[test]
    fn what_is_empty_or_false_sets_nothing() {
        assert_eq!(
            ["", "False", "0", "None"].map(sets_something),
            [false, false, true, true]
        );
    }
}

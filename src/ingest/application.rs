//! Names of well-known applications, from a table of facts kept as data.

use std::collections::HashMap;
use std::sync::LazyLock;

/// `application_id,name,source`, one line each after the header; see the file for where each name is published.
const TABLE: &str = include_str!("applications.csv");

static NAMES: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    TABLE
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split(',');
            Some((cells.next()?, cells.next()?))
        })
        .collect()
});

/// The published name of an application id (lower case); `None` for one that the table does not know.
#[must_use]
pub fn application_name(id: &str) -> Option<&'static str> {
    NAMES.get(id).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_lower_case_and_named_once() {
        let ids: Vec<&str> = TABLE
            .lines()
            .skip(1)
            .filter_map(|line| line.split(',').next())
            .collect();
        assert!(
            ids.iter()
                .all(|id| id.len() == 36 && **id == id.to_ascii_lowercase()),
            "{ids:?}"
        );
        assert_eq!(NAMES.len(), ids.len());
        assert_eq!(
            application_name("00000003-0000-0000-c000-000000000000"),
            Some("Microsoft Graph")
        );
        assert_eq!(
            application_name("00000000-0000-0000-0000-000000000000"),
            None
        );
    }
}

//! What people are told of warnings: the gravest first, and one note for those that have the same cause.

use std::collections::BTreeMap;
use std::path::Path;

use super::warning::{Warning, moment};

/// Names that a note lists.
const NAMED: usize = 3;

/// Milliseconds.
const DAY: i64 = 86_400_000;

/// A note about what a log lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What is wrong, in a sentence.
    pub sentence: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// What several warnings have in common that are one note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// Nothing: each is told by itself.
    Own(usize),
    /// Mailboxes fell silent on a day.
    Silent(i64),
    Renamed,
    NotAnExport,
}

/// The notes on warnings. Files that are no exports are one, as are mailboxes that fell silent on the same day, and mailboxes with
/// other names.
#[must_use]
pub fn notes(warnings: &[Warning]) -> Vec<Note> {
    let mut by_cause: BTreeMap<(u8, Cause), Vec<&Warning>> = BTreeMap::new();
    for (place, warning) in warnings.iter().enumerate() {
        let cause = match warning {
            Warning::Silent { last, .. } => Cause::Silent(last.div_euclid(DAY)),
            Warning::Renamed { .. } => Cause::Renamed,
            Warning::NotAnExport { .. } => Cause::NotAnExport,
            _ => Cause::Own(place),
        };
        let of = by_cause.entry((warning.gravity(), cause)).or_default();
        of.push(warning);
    }
    by_cause
        .into_values()
        .filter_map(|of| {
            Some(Note {
                remedy: of.first()?.remedy(),
                sentence: sentence(&of)?,
            })
        })
        .collect()
}

fn sentence(of: &[&Warning]) -> Option<String> {
    let first = of.first()?;
    if of.len() == 1 {
        return Some(first.sentence());
    }
    let count = of.len();
    Some(match first {
        Warning::Silent { last, .. } => format!(
            "{count} mailboxes were logged daily until {} and have no record since: {}.",
            day(*last),
            listed(of.iter().filter_map(|warning| match warning {
                Warning::Silent { mailbox, .. } => Some(mailbox.clone()),
                _ => None,
            }))
        ),
        Warning::Renamed { .. } => format!(
            "{count} mailboxes are logged under other names by now (same MailboxGuid): {}.",
            listed(of.iter().filter_map(|warning| match warning {
                Warning::Renamed { mailbox, name, .. } => Some(format!("{mailbox} as {name}")),
                _ => None,
            }))
        ),
        Warning::NotAnExport { .. } => format!(
            "{}.",
            not_exports(of.iter().filter_map(|warning| match warning {
                Warning::NotAnExport { input } => Some(input.as_str()),
                _ => None,
            }))
        ),
        // Of another cause there is one.
        warning => warning.sentence(),
    })
}

/// "12 files are no exports: a, b, c and 9 more"; without the folders that they are in.
pub(crate) fn not_exports<'a>(inputs: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = inputs
        .map(|input| {
            let name = Path::new(input).file_name();
            name.map_or_else(|| input.to_owned(), |name| name.to_string_lossy().into())
        })
        .collect();
    names.sort_unstable();
    format!(
        "{} files are no exports: {}",
        names.len(),
        listed(names.into_iter())
    )
}

/// "a, b, c and 9 more".
fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let mut text = names.get(..NAMED).unwrap_or(&names).join(", ");
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// The day of a moment.
fn day(time: i64) -> String {
    let moment = moment(time);
    moment.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Gap;

    #[test]
    fn warnings_of_one_cause_are_one_note_behind_graver_ones() {
        let silent = |mailbox: &str, last: i64| Warning::Silent {
            mailbox: mailbox.to_owned(),
            last,
        };
        let file = |name: &str| Warning::NotAnExport {
            input: format!("exports/{name}"),
        };
        let mut warnings: Vec<Warning> = ["d", "c", "b", "a"].map(file).to_vec();
        warnings.extend(["x", "y"].map(|mailbox| silent(mailbox, DAY)));
        warnings.push(silent("z", 3 * DAY));
        let gap = Warning::Gap(Gap {
            start: 0,
            end: 5 * DAY,
        });
        warnings.push(gap.clone());
        let told: Vec<String> = notes(&warnings)
            .into_iter()
            .map(|note| note.sentence)
            .collect();
        assert_eq!(
            told,
            [
                gap.sentence(),
                "2 mailboxes were logged daily until 1970-01-02 and have no record since: x, y."
                    .to_owned(),
                silent("z", 3 * DAY).sentence(),
                "4 files are no exports: a, b, c and 1 more.".to_owned(),
            ]
        );
        assert_eq!(notes(&[]), []);
    }
}

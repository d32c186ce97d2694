//! The analysis of one mailbox as data for its sheet.

use jiff::Timestamp;

use super::charts::flagged_session;
use super::period::{Period, accesses};
use super::{lanes, wording};
use crate::chart::label;
use crate::chart::mailbox_sheet::{MailboxSheet, Reason};
use crate::event::AccessType;
use crate::explain::{self, Naming};
use crate::feature::{FeatureGroup, FeatureId};
use crate::pipeline::AnalyzedSession;
use crate::session::AddressBlocks;

/// What the features that raised a session's score contributed in all: the whole of which a reason is a share.
pub(super) fn attributed(analyzed: &AnalyzedSession) -> f64 {
    let contributions = analyzed.verdict.contributions.iter().flatten();
    contributions
        .map(|&contribution| contribution.max(0.0))
        .sum()
}

/// Share of a contribution in what was attributed, 0 to 1.
pub(super) fn share(contribution: f64, attributed: f64) -> f64 {
    if attributed > 0.0 {
        (contribution / attributed).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// The sheet of one mailbox, of its sessions by rank.
pub(super) fn sheet(
    sessions: &[&AnalyzedSession],
    naming: &Naming<'_>,
    period: &Period,
    blocks: &AddressBlocks,
) -> MailboxSheet {
    let (all, usual) = accesses(sessions, naming, period);
    let flagged: Vec<&AnalyzedSession> = sessions
        .iter()
        .copied()
        .filter(|s| s.verdict.ranked.flagged)
        .collect();
    MailboxSheet {
        mailbox: sessions
            .first()
            .map(|s| naming.mailbox(&s.session).to_owned())
            .unwrap_or_default(),
        items: period.series(all, &usual),
        flagged: flagged.iter().map(|s| flagged_session(s, naming)).collect(),
        week: week(sessions, naming, period),
        first_day: period.first_day,
        clients: lanes::clients(sessions, naming, period),
        networks: lanes::networks(sessions, (naming, blocks), period),
        reasons: sheet_reasons(flagged.first().copied(), naming),
    }
}

/// Mean items in each hour of the week over the unflagged sessions, in the zone of the run.
fn week(sessions: &[&AnalyzedSession], naming: &Naming<'_>, period: &Period) -> Vec<f64> {
    let mut hours = vec![0.0; 168];
    let columns = naming.columns();
    for analyzed in sessions.iter().filter(|s| !s.verdict.ranked.flagged) {
        for &row in &analyzed.session.rows {
            let row = row as usize;
            if columns.access[row] == AccessType::None as u8 {
                continue;
            }
            if let Some(hour) = hour_of_week(columns.time[row], naming) {
                hours[hour] += f64::from(columns.items[row].max(1));
            }
        }
    }
    let weeks = (period.days as f64 / 7.0).max(1.0);
    hours.iter().map(|sum| sum / weeks).collect()
}

fn hour_of_week(time_ms: i64, naming: &Naming<'_>) -> Option<usize> {
    let zoned = Timestamp::from_millisecond(time_ms)
        .ok()?
        .to_zoned_datetime(naming.time_zone());
    let day = zoned.weekday().to_monday_zero_offset() as usize;
    Some(day * 24 + zoned.hour() as usize)
}

/// The reasons of the flagged session that ranks highest, with their shares in its score. Those of several sessions in one list
/// would have shares of different wholes; the strongest reason of each stands in the list of sessions.
fn sheet_reasons(first: Option<&AnalyzedSession>, naming: &Naming<'_>) -> Vec<Reason> {
    let Some(analyzed) = first else {
        return Vec::new();
    };
    let total = attributed(analyzed);
    analyzed
        .reasons
        .iter()
        .map(|reason| Reason {
            sentence: wording::in_a_line(&reason.sentence, &analyzed.session, naming),
            observed: finite(reason.observed_value),
            expected: finite(reason.expected_value),
            unit: unit(reason.feature).to_owned(),
            words: words(reason),
            contribution: share(reason.contribution, total),
        })
        .collect()
}

/// JSON knows no infinity: what is none could not be read back.
pub(super) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

fn unit(feature: FeatureId) -> &'static str {
    match feature {
        FeatureId::Items | FeatureId::Burst | FeatureId::DayItems => "items",
        FeatureId::Bytes => "bytes",
        FeatureId::Folders => "folders",
        FeatureId::Syncs => "synchronisations",
        FeatureId::Sends | FeatureId::Deletes => "messages",
        FeatureId::Spread => "mailboxes",
        FeatureId::Persistence | FeatureId::OddDays | FeatureId::Silence => "days",
        _ => "",
    }
}

/// What happened once is set against how often the like happens: of that, the bare numbers say little.
fn words(reason: &explain::Reason) -> Option<[String; 2]> {
    if reason.observed_value != 1.0 || !(0.0..=1.0).contains(&reason.expected_value) {
        return None;
    }
    let (now, such, [one, many]) = match (reason.feature, reason.feature.feature().group) {
        (FeatureId::Changes | FeatureId::Throttled, _)
        | (_, FeatureGroup::Identity | FeatureGroup::Network) => {
            ("today", "the like on", ["day", "days"])
        }
        (FeatureId::Hour, _) => ("now", "in", ["session", "sessions"]),
        _ => return None,
    };
    let expected = match such_of_all(&reason.expected) {
        Some((n, all)) => format!(
            "{such} {n} of {all} {}",
            if all == "1" { one } else { many }
        ),
        None if reason.expected_value == 0.0 => "no history yet".to_owned(),
        None => format!("{such} {} of {many}", label::percent(reason.expected_value)),
    };
    Some([now.to_owned(), expected])
}

/// The numbers of `2 of 41` in words about what was expected. "Never" would be wrong where both the sentence and the bar are right:
/// a network may have come on eight days before, and never one as new as it was today.
fn such_of_all(expected: &str) -> Option<(&str, &str)> {
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let words: Vec<&str> = expected.split_whitespace().collect();
    words.windows(3).find_map(|three| match *three {
        [such, "of", all] if is_number(such) && is_number(all) => Some((such, all)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(feature: FeatureId, observed: f64, expected: f64) -> explain::Reason {
        explain::Reason {
            feature,
            observed: String::new(),
            expected: String::new(),
            observed_value: observed,
            expected_value: expected,
            contribution: 0.0,
            bans: 1.0,
            sentence: String::new(),
        }
    }

    #[test]
    fn what_happened_once_is_said_in_words() {
        let words = |feature, observed, expected, in_words: &str| {
            let mut reason = reason(feature, observed, expected);
            reason.expected = in_words.to_owned();
            words(&reason)
        };
        let said = |now: &str, expected: &str| Some([now.to_owned(), expected.to_owned()]);
        assert_eq!(
            words(
                FeatureId::Network,
                1.0,
                0.0,
                "something as new on 0 of 41 days"
            ),
            said("today", "the like on 0 of 41 days")
        );
        assert_eq!(
            words(FeatureId::Changes, 1.0, 1.0, "such a change on 1 of 1 day"),
            said("today", "the like on 1 of 1 day")
        );
        let none = "too little history of this mailbox to compare with";
        assert_eq!(
            words(FeatureId::Client, 1.0, 0.0, none),
            said("today", "no history yet")
        );
        let hour = "1,020 of 2,040 earlier sessions within an hour of it";
        assert_eq!(
            words(FeatureId::Hour, 1.0, 0.5, hour),
            said("now", "in 1,020 of 2,040 sessions")
        );
        assert_eq!(
            words(FeatureId::Hour, 1.0, 0.5, ""),
            said("now", "in 50% of sessions")
        );
        assert_eq!(words(FeatureId::Items, 1.0, 0.0, "0 to 1"), None);
        assert_eq!(words(FeatureId::Silence, 1.0, 0.0, ""), None);
        assert_eq!(words(FeatureId::Network, 2.0, 0.0, ""), None);
    }

    #[test]
    fn shares_stay_between_0_and_1() {
        assert_eq!(share(0.1, 0.4), 0.25);
        assert_eq!(share(-0.1, 0.4), 0.0);
        assert_eq!(share(0.1, 0.0), 0.0);
    }
}

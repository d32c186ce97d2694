//! The analysis of one mailbox as data for its sheet.

use jiff::Timestamp;

use super::charts::flagged_session;
use super::period::{Period, accesses};
use super::{lanes, wording};
use crate::chart::label;
use crate::chart::mailbox_sheet::{MailboxSheet, Reason};
use crate::explain::{self, Comparison, Naming, whole_folders};
use crate::feature::{FeatureId, WEEK_CELLS, week_cell, week_cell_hour};
use crate::pipeline::{Analysis, AnalyzedSession};
use crate::session::AddressBlocks;

/// Hours of the week on working days: five of 24.
const WORKING_HOURS: usize = 120;

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
    (naming, analysis): (&Naming<'_>, &Analysis),
    period: &Period,
    blocks: &AddressBlocks,
) -> MailboxSheet {
    let (all, usual) = accesses(sessions, naming, period);
    let flagged: Vec<&AnalyzedSession> = sessions
        .iter()
        .copied()
        .filter(|s| s.verdict.ranked.flagged)
        .collect();
    let mailbox = sessions
        .first()
        .map(|s| naming.mailbox(&s.session).to_owned())
        .unwrap_or_default();
    // A day of the daily job tells nothing of a week, but the model does.
    let learned = (period.days < 7)
        .then(|| analysis.model.ordinary_hours(&mailbox))
        .flatten();
    let week = match learned {
        Some(cells) => learned_week(&cells, period),
        None => week(sessions, naming, period),
    };
    let events = &analysis.ingested.events;
    let flagged_words = flagged.iter().map(|s| {
        let mut words = flagged_session(s, events, naming);
        words.odd_hour |= never_busy(&week, s, naming);
        words
    });
    MailboxSheet {
        mailbox,
        items: period.series(all, &usual),
        flagged: flagged_words.collect(),
        folders: whole_folders(flagged.iter().map(|s| &s.session), events, naming.columns()),
        week,
        first_day: period.first_day,
        cell_step: period.cell_step(),
        clients: lanes::clients(sessions, naming, period),
        networks: lanes::networks(sessions, (naming, blocks), period),
        reasons: sheet_reasons(flagged.first().copied(), naming),
    }
}

/// Mean items in each hour of the week over the unflagged sessions, in the zone of the run.
fn week(sessions: &[&AnalyzedSession], naming: &Naming<'_>, period: &Period) -> Vec<f64> {
    let mut hours = vec![0.0; 168];
    let columns = naming.columns();
    let operations = columns.operations();
    for analyzed in sessions.iter().filter(|s| !s.verdict.ranked.flagged) {
        for &row in &analyzed.session.rows {
            let row = row as usize;
            let operation = operations[columns.operation.codes[row] as usize];
            let read = columns.amount_read(row, operation);
            if read > 0
                && let Some(hour) = hour_of_week(columns.time[row], naming)
            {
                hours[hour] += f64::from(read);
            }
        }
    }
    let weeks = (period.days as f64 / 7.0).max(1.0);
    hours.iter().map(|sum| sum / weeks).collect()
}

/// What a model has learned, hour by hour of the week in the zone of the run: sessions on each such day.
fn learned_week(cells: &[f64; WEEK_CELLS], period: &Period) -> Vec<f64> {
    (0..168)
        .map(|hour| {
            let cell = week_cell((period.monday() + hour * 3_600) * 1_000);
            let days = if week_cell_hour(cell).1 { 2.0 } else { 5.0 };
            cells[cell] / days
        })
        .collect()
}

/// Whether nothing ordinary was read within an hour of a session, on any working day or weekend: what the map of the week shows.
fn never_busy(week: &[f64], analyzed: &AnalyzedSession, naming: &Naming<'_>) -> bool {
    let session = &analyzed.session;
    let middle = session.rows.get(session.rows.len() / 2);
    let time = middle.map(|&row| naming.columns().time[row as usize]);
    let Some(hour) = time.and_then(|time| hour_of_week(time, naming)) else {
        return false;
    };
    let days = if hour < WORKING_HOURS { 0..5 } else { 5..7 };
    let mut near = days.flat_map(|day| [23, 0, 1].map(|step| day * 24 + (hour + step) % 24));
    week.iter().any(|&read| read > 0.0) && near.all(|hour| week[hour] == 0.0)
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
        .map(|reason| {
            let (observed, expected, words) = compared(reason);
            Reason {
                sentence: wording::in_a_line(&reason.sentence, &analyzed.session, naming),
                observed,
                expected,
                unit: unit(reason.feature).to_owned(),
                words,
                contribution: share(reason.contribution, total),
            }
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

/// Observed and expected as numbers; and in words what happened once, because how often the like happens says more than a share.
fn compared(reason: &explain::Reason) -> (f64, f64, Option<[String; 2]>) {
    let (such, of) = match reason.comparison {
        Comparison::Amount { observed, expected } => {
            return (finite(observed), finite(expected), None);
        }
        Comparison::Once { such, of } => (such, of),
        Comparison::Nothing => {
            let words = ["today", "nothing to compare with"].map(str::to_owned);
            return (1.0, 0.0, Some(words));
        }
    };
    let (now, [one, many]) = match reason.feature {
        FeatureId::Hour => ("now", ["session", "sessions"]),
        _ => ("today", ["day", "days"]),
    };
    let expected = match (of, reason.feature) {
        (0, _) => "no history yet".to_owned(),
        (_, FeatureId::Hour) => format!(
            "in {} of {}",
            label::count(such.into()),
            label::counted(of.into(), one, many)
        ),
        _ => format!(
            "the like on {} of {}",
            label::count(such.into()),
            label::counted(of.into(), one, many)
        ),
    };
    let share = f64::from(such) / f64::from(of.max(1));
    (1.0, share, Some([now.to_owned(), expected]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_once_is_said_in_words() {
        let compared = |feature, comparison| {
            compared(&explain::Reason {
                feature,
                observed: String::new(),
                expected: String::new(),
                comparison,
                contribution: 0.0,
                bans: 1.0,
                sentence: String::new(),
            })
        };
        let once = |feature, such, of| {
            let (observed, expected, words) = compared(feature, Comparison::Once { such, of });
            assert_eq!(observed, 1.0);
            let [now, like] = words.expect("words");
            (expected, format!("{now}: {like}"))
        };
        let said = |share: f64, words: &str| (share, words.to_owned());
        assert_eq!(
            once(FeatureId::Network, 0, 41),
            said(0.0, "today: the like on 0 of 41 days")
        );
        assert_eq!(
            once(FeatureId::Changes, 1, 1),
            said(1.0, "today: the like on 1 of 1 day")
        );
        assert_eq!(
            once(FeatureId::Client, 0, 0),
            said(0.0, "today: no history yet")
        );
        assert_eq!(
            once(FeatureId::Hour, 1_020, 2_040),
            said(0.5, "now: in 1,020 of 2,040 sessions")
        );
        let amount = Comparison::Amount {
            observed: 7.0,
            expected: f64::INFINITY,
        };
        assert_eq!(compared(FeatureId::Items, amount), (7.0, 0.0, None));
        let (.., words) = compared(FeatureId::Changes, Comparison::Nothing);
        assert_eq!(
            words.map(|words| words[1].clone()),
            Some("nothing to compare with".to_owned())
        );
    }

    #[test]
    fn what_a_model_learned_is_a_week() {
        let mut cells = [0.0; WEEK_CELLS];
        (cells[9], cells[24 + 20]) = (10.0, 4.0);
        // A Wednesday, and two hours ahead of UTC.
        let week = learned_week(&cells, &Period::of_days(1_710_288_000 - 2 * 3_600, 1, 2));
        let busy: Vec<(usize, f64)> = (0..).zip(week).filter(|&(_, n)| n > 0.0).collect();
        let working = (0..5).map(|day| (day * 24 + 11, 2.0));
        let weekend = (5..7).map(|day| (day * 24 + 22, 2.0));
        assert_eq!(busy, working.chain(weekend).collect::<Vec<_>>());
    }

    #[test]
    fn shares_stay_between_0_and_1() {
        assert_eq!(share(0.1, 0.4), 0.25);
        assert_eq!(share(-0.1, 0.4), 0.0);
        assert_eq!(share(0.1, 0.0), 0.0);
    }
}

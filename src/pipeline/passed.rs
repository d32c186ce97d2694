//! Sessions of days that the model has passed already: audit logs deliver late, and a day is judged once.

use serde::Serialize;

use crate::error::Error;
use crate::session::{Session, date_of};

/// What is left out of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// The day, days since 1970 UTC.
    pub day: i32,
    /// Sessions that were not judged.
    pub sessions: u64,
    /// Their events. They are among the events of the counts, and in no session of the analysis.
    pub events: u64,
}

impl Serialize for LeftOut {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written {
            day: String,
            sessions: u64,
            events: u64,
        }
        let written = Written {
            day: date_of(self.day),
            sessions: self.sessions,
            events: self.events,
        };
        written.serialize(serializer)
    }
}

/// Takes out the sessions of days up to the model's last, and counts them by day. Sessions come in the order of time.
///
/// # Errors
/// [`Error::Config`] when nothing is left to judge.
pub(super) fn leave_out(
    last_day: Option<i32>,
    sessions: &mut Vec<Session>,
) -> Result<Vec<LeftOut>, Error> {
    let Some(last) = last_day else {
        return Ok(Vec::new());
    };
    let late = sessions.partition_point(|session| session.day <= last);
    if late > 0 && late == sessions.len() {
        return Err(all_passed(last, sessions));
    }
    Ok(sessions
        .drain(..late)
        .as_slice()
        .chunk_by(|a, b| a.day == b.day)
        .map(|day| LeftOut {
            day: day[0].day,
            sessions: day.len() as u64,
            events: day.iter().map(|session| u64::from(session.events)).sum(),
        })
        .collect())
}

fn all_passed(last: i32, sessions: &[Session]) -> Error {
    let day = |session: Option<&Session>| session.map_or_else(String::new, |s| date_of(s.day));
    Error::Config {
        name: "--model".to_owned(),
        reason: format!(
            "it has learned up to {}, and these exports hold no session after that, only from {} to {}",
            date_of(last),
            day(sessions.first()),
            day(sessions.last())
        ),
        remedy: "score only days after the model's last, each once; or learn a new model with `mailglass fit`".to_owned(),
    }
}

/// Days without a session after which the next one is taken for a wrong clock: a model that learned it would take no other
/// day any more.
const LONGEST_LEAP: i32 = 366;

/// Days without a session within the exports, after which a few sessions are taken for a wrong clock...
const LEAP: i32 = 3;
/// ...when they are so many times fewer than those of one day before it.
const FEWER: usize = 10;

/// Refuses days to be learned that leap from the day before, the first from `last_day`, and a few sessions at the end that are dated
/// far after all others. Days come in order, each with its number of sessions.
///
/// # Errors
/// [`Error::Input`] that names the leap.
pub fn refuse_leaps(
    last_day: Option<i32>,
    days: impl IntoIterator<Item = (i32, usize)>,
) -> Result<(), Error> {
    let days: Vec<(i32, usize)> = days.into_iter().collect();
    refuse_stray_end(&days)?;
    let mut before = last_day;
    for (day, _) in days {
        if let Some(before) = before
            && day.saturating_sub(before) > LONGEST_LEAP
        {
            return Err(Error::Input {
                input: "the exports".to_owned(),
                reason: format!(
                    "leap from {} to {}: a model that learned that takes no day between any more, and was not written",
                    date_of(before),
                    date_of(day)
                ),
                remedy: "leave out the records with the wrong date; after a real pause of more than a year learn a new model with `mailglass fit`".to_owned(),
            });
        }
        before = Some(day);
    }
    Ok(())
}

fn refuse_stray_end(days: &[(i32, usize)]) -> Result<(), Error> {
    let leap = days
        .windows(2)
        .rposition(|pair| pair[1].0.saturating_sub(pair[0].0) > LEAP);
    let Some((before, after)) = leap.and_then(|at| days.split_at_checked(at + 1)) else {
        return Ok(());
    };
    let sessions = |days: &[(i32, usize)]| -> usize { days.iter().map(|(_, count)| count).sum() };
    let few = sessions(after) * FEWER * before.len() < sessions(before);
    match (before.last(), after.first()) {
        (Some((last, _)), Some((first, _))) if few => Err(Error::Input {
            input: "the exports".to_owned(),
            reason: format!(
                "hold {} of {} or later, and no other after {}: a model that learned that takes no day between any more, and was not written",
                match sessions(after) {
                    1 => "one session".to_owned(),
                    count => format!("{count} sessions"),
                },
                date_of(*first),
                date_of(*last)
            ),
            remedy: "leave out the records with the wrong date; if it is right, learn the days before it first, and then the others".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// The sentence about days between the model's last and the first that is judged; `None` when there are none.
pub fn passed_over_sentence(last_day: Option<i32>, first: Option<i32>) -> Option<String> {
    let (last, first) = (last_day?, first?);
    (first.saturating_sub(last) > 1).then(|| {
        format!(
            "These exports hold no session between the model's last day, {}, and {}: once it has learned {}, it judges none of the days between.",
            date_of(last),
            date_of(first),
            date_of(first)
        )
    })
}

/// The sentence about what was left out; `None` when that is nothing.
pub fn left_out_sentence(days: &[LeftOut]) -> Option<String> {
    /// Days named one by one.
    const NAMED: usize = 7;
    if days.is_empty() {
        return None;
    }
    let counted = |n: u64, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let amount = |sessions, events| {
        format!(
            "{} ({})",
            counted(sessions, "session"),
            counted(events, "record")
        )
    };
    let total = |of: fn(&LeftOut) -> u64| days.iter().map(of).sum();
    let named: Vec<String> = days
        .iter()
        .take(NAMED)
        .map(|of| format!("{} of {}", amount(of.sessions, of.events), date_of(of.day)))
        .collect();
    let rest = match days.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {}", counted(more as u64, "more day")),
    };
    Some(format!(
        "Left out {} of days that the model has passed, which are judged once: {}{rest}. Daily exports that hold whole days (UTC) leave none behind but what the log delivers late.",
        amount(total(|of| of.sessions), total(|of| of.events)),
        named.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Events};
    use crate::session::{DAY_MS, SessionOptions, sessionize};

    /// One session of so many events a day.
    fn sessions(events_by_day: &[(i64, u32)]) -> Result<Vec<Session>, Error> {
        let events = events_by_day.iter().flat_map(|&(day, events)| {
            (0..events).map(move |n| Event {
                record_id: format!("{day} {n}"),
                time: day * DAY_MS + i64::from(n),
                operation: "Send".to_owned(),
                ..Event::default()
            })
        });
        let events = Events::from_events(events)?;
        sessionize(&events.columns()?, &SessionOptions::default())
    }

    #[test]
    fn late_days_are_left_out_and_counted() -> Result<(), Error> {
        let all = sessions(&[(10, 2), (11, 1), (12, 3)])?;
        assert_eq!(leave_out(None, &mut all.clone())?, []);
        let mut some = all.clone();
        let left_out = leave_out(Some(11), &mut some)?;
        assert_eq!((some.len(), some[0].day), (1, 12));
        let of = |day, events| LeftOut {
            day,
            sessions: 1,
            events,
        };
        assert_eq!(left_out, [of(10, 2), of(11, 1)]);
        assert_eq!(
            left_out_sentence(&left_out).as_deref(),
            Some(
                "Left out 2 sessions (3 records) of days that the model has passed, which are judged once: \
                1 session (2 records) of 1970-01-11, 1 session (1 record) of 1970-01-12. \
                Daily exports that hold whole days (UTC) leave none behind but what the log delivers late."
            )
        );
        let error = leave_out(Some(12), &mut all.clone()).expect_err("nothing is left");
        assert!(error.to_string().contains("from 1970-01-11 to 1970-01-13"));
        assert_eq!(leave_out(Some(12), &mut Vec::new())?, []);
        Ok(())
    }

    #[test]
    fn a_leap_of_years_is_no_day_to_learn() {
        let leaps = |last, days: &[i32]| refuse_leaps(last, days.iter().map(|&day| (day, 40)));
        assert!(leaps(None, &[19_000, 19_001, 19_300]).is_ok());
        assert!(leaps(Some(19_000), &[19_366]).is_ok());
        let error = leaps(Some(19_000), &[19_001, 19_400]).expect_err("a leap");
        assert!(
            error.to_string().contains("2022-01-09 to 2023-02-12"),
            "{error}"
        );
        assert!(leaps(Some(19_000), &[19_367]).is_err());
    }

    #[test]
    fn a_few_sessions_far_after_all_others_have_a_wrong_clock() {
        let refused = |days: &[(i32, usize)]| refuse_leaps(Some(19_000), days.to_vec()).is_err();
        assert!(refused(&[(19_001, 400), (19_021, 1)]));
        assert!(refused(&[(19_001, 15), (19_002, 18), (19_006, 1)]));
        // A long weekend, people who come back, and a tenant of hardly anybody.
        assert!(!refused(&[(19_001, 400), (19_004, 1)]));
        assert!(!refused(&[(19_001, 400), (19_021, 300)]));
        assert!(!refused(&[(19_001, 4), (19_021, 1)]));
    }

    #[test]
    fn days_that_are_passed_over_are_named() {
        assert_eq!(passed_over_sentence(None, Some(5)), None);
        assert_eq!(passed_over_sentence(Some(4), Some(5)), None);
        let said = passed_over_sentence(Some(3), Some(5)).unwrap_or_default();
        assert!(said.contains("1970-01-04, and 1970-01-06"), "{said}");
    }

    #[test]
    fn many_days_are_counted_and_not_all_named() {
        let days: Vec<LeftOut> = (0..9)
            .map(|day| LeftOut {
                day,
                sessions: 1,
                events: 1,
            })
            .collect();
        let said = left_out_sentence(&days).unwrap_or_default();
        assert!(said.contains("9 sessions") && said.contains(", and 2 more days. "));
        assert_eq!(left_out_sentence(&[]), None);
    }
}

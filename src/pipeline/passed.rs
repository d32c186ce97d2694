//! Sessions of days that the model has passed already: audit logs deliver late, and a day is judged once.

use serde::Serialize;

use crate::error::Error;
use crate::session::Session;

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
            day: date(self.day),
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
    let day = |session: Option<&Session>| session.map_or_else(String::new, |s| date(s.day));
    Error::Config {
        name: "--model".to_owned(),
        reason: format!(
            "it has learned up to {}, and these exports hold no session after that, only from {} to {}",
            date(last),
            day(sessions.first()),
            day(sessions.last())
        ),
        remedy: "score only days after the model's last, each once; or learn a new model with `mailglass fit`".to_owned(),
    }
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
        .map(|of| format!("{} of {}", amount(of.sessions, of.events), date(of.day)))
        .collect();
    let rest = match days.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {}", counted(more as u64, "more day")),
    };
    Some(format!(
        "Left out {} of days that the model has passed, which are judged once: {}{rest}.",
        amount(total(|of| of.sessions), total(|of| of.events)),
        named.join(", ")
    ))
}

/// A day as it is written, YYYY-MM-DD.
fn date(day: i32) -> String {
    jiff::civil::Date::constant(1970, 1, 1)
        .checked_add(jiff::Span::new().days(day))
        .map_or_else(|_| day.to_string(), |date| date.to_string())
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
                1 session (2 records) of 1970-01-11, 1 session (1 record) of 1970-01-12."
            )
        );
        let error = leave_out(Some(12), &mut all.clone()).expect_err("nothing is left");
        assert!(error.to_string().contains("from 1970-01-11 to 1970-01-13"));
        assert_eq!(leave_out(Some(12), &mut Vec::new())?, []);
        Ok(())
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
        assert!(said.contains("9 sessions") && said.ends_with(", and 2 more days."));
        assert_eq!(left_out_sentence(&[]), None);
    }
}

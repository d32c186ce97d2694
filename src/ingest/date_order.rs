//! Dates with slashes: `02/05/2024` is the fifth of February or the second of May, as the writer's country has it. One order holds
//! for all of a run, and is decided when all of them have been seen; what one date alone can only mean, it means.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Serialize;

use super::segment::{Columns, Dictionaries, Segment};
use super::warning::Warning;

/// Milliseconds.
const DAY: i64 = 86_400_000;

/// Which part of a date with slashes comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// `day/month/year`, as most countries write it.
    DayFirst,
    /// `month/day/year`, as the United States do.
    MonthFirst,
}

/// Why an order was taken that no date proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderReason {
    /// The clock has AM and PM.
    HalfDays,
    /// More days of the log follow on each other so.
    Neighbours,
    /// A comma stands behind the date, and the clock has 24 hours: so browsers write it where the day comes first.
    Comma,
    /// Scripts write a 24-hour clock without a comma behind a date that begins with the month.
    NoComma,
}

/// What a date with slashes that ends with its year says of its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SlashDate {
    /// The only order that it can be read in.
    pub(crate) order: Option<DateOrder>,
    /// Days to be added if the day comes first: the month was taken to.
    pub(crate) shift: i16,
    /// Its clock has AM and PM.
    pub(crate) half_days: bool,
    /// A comma stands behind it.
    pub(crate) comma: bool,
}

/// The dates with slashes of a worker's rows.
#[derive(Debug, Default)]
pub(crate) struct SlashDates {
    /// Events whose date can be read in both orders, with what is to be added if the day comes first.
    events: Vec<(u32, i16)>,
    /// Other records of that kind.
    others: Vec<(u32, i16)>,
    seen: Seen,
}

/// What dates with slashes show of their order. What all show does not depend on who has seen which first.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    day_first: bool,
    month_first: bool,
    half_days: bool,
    comma: bool,
}

impl SlashDates {
    /// Takes the date of the event, or of the other record, that comes next.
    #[cold]
    pub(crate) fn push(&mut self, date: SlashDate, (row, is_event): (usize, bool)) {
        match date.order {
            Some(DateOrder::DayFirst) => self.seen.day_first = true,
            Some(DateOrder::MonthFirst) => self.seen.month_first = true,
            None => {
                let rows = if is_event {
                    &mut self.events
                } else {
                    &mut self.others
                };
                rows.push((u32::try_from(row).unwrap_or(u32::MAX), date.shift));
            }
        }
        self.seen.half_days |= date.half_days;
        self.seen.comma |= date.comma;
    }

    /// Keeps what stands in the segments of its worker, in the order of its rows: files may have been read again.
    fn retain(&mut self, segments: &[&Segment]) {
        let keep = |rows: &mut Vec<(u32, i16)>, of: fn(&Segment) -> &Range<usize>| {
            rows.retain(|&(row, _)| {
                let row = row as usize;
                let place = segments.partition_point(|segment| of(segment).end <= row);
                let segment = segments.get(place);
                segment.is_some_and(|segment| of(segment).contains(&row))
            });
        };
        keep(&mut self.events, |segment| &segment.events);
        keep(&mut self.others, |segment| &segment.other);
    }

    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.others.is_empty()
    }
}

/// Decides the order of all dates with slashes and sets the times of the rows that depend on it; gives the warning if no date
/// proves the order.
pub(super) fn settle(
    leavings: &mut [(Columns, Dictionaries)],
    segments: &[Segment],
) -> Option<Warning> {
    if leavings.iter().all(|(columns, _)| columns.dates.is_empty()) {
        return None;
    }
    for (number, (columns, _)) in leavings.iter_mut().enumerate() {
        let of_worker = segments.iter().filter(|segment| segment.worker == number);
        let mut of_worker: Vec<&Segment> = of_worker.collect();
        of_worker.sort_unstable_by_key(|segment| (segment.events.start, segment.other.start));
        columns.dates.retain(&of_worker);
    }
    let seen = leavings.iter().map(|(columns, _)| columns.dates.seen).fold(
        Seen::default(),
        |all, seen| Seen {
            day_first: all.day_first | seen.day_first,
            month_first: all.month_first | seen.month_first,
            half_days: all.half_days | seen.half_days,
            comma: all.comma | seen.comma,
        },
    );
    let records = leavings
        .iter()
        .map(|(columns, _)| columns.dates.events.len() + columns.dates.others.len())
        .sum::<usize>() as u64;
    let (order, reason) = decide(seen, || {
        let columns = || leavings.iter().map(|(columns, _)| columns);
        [DateOrder::DayFirst, DateOrder::MonthFirst].map(|order| neighbours(columns(), order))
    });
    if order == DateOrder::DayFirst {
        for (columns, _) in leavings {
            let dates = std::mem::take(&mut columns.dates);
            shift(&mut columns.time, &dates.events);
            shift(&mut columns.other_time, &dates.others);
        }
    }
    reason
        .filter(|_| records > 0)
        .map(|reason| Warning::DateOrder {
            records,
            order,
            reason,
            contradictory: seen.day_first && seen.month_first,
        })
}

/// The order, and why it was taken if no date proves it. `neighbours` counts, for either order, the days that follow on another.
fn decide(seen: Seen, neighbours: impl FnOnce() -> [usize; 2]) -> (DateOrder, Option<OrderReason>) {
    match (seen.day_first, seen.month_first) {
        (true, false) => return (DateOrder::DayFirst, None),
        (false, true) => return (DateOrder::MonthFirst, None),
        _ => {}
    }
    if seen.half_days {
        return (DateOrder::MonthFirst, Some(OrderReason::HalfDays));
    }
    let [day_first, month_first] = neighbours();
    let (order, reason) = if day_first > month_first {
        (DateOrder::DayFirst, OrderReason::Neighbours)
    } else if month_first > day_first {
        (DateOrder::MonthFirst, OrderReason::Neighbours)
    } else if seen.comma {
        (DateOrder::DayFirst, OrderReason::Comma)
    } else {
        (DateOrder::MonthFirst, OrderReason::NoComma)
    };
    (order, Some(reason))
}

/// Days with a record after a day with one, if the open dates are in this order.
fn neighbours<'a>(columns: impl Iterator<Item = &'a Columns>, order: DateOrder) -> usize {
    let mut days = BTreeSet::new();
    let mut add = |times: &[i64], open: &[(u32, i16)]| {
        // Open dates come in the order of rows.
        let mut open = open.iter().peekable();
        let mut last = None;
        for (row, time) in (0u32..).zip(times) {
            let of_row = open.next_if(|(of, _)| *of == row);
            let shift = match (order, of_row) {
                (DateOrder::DayFirst, Some(&(_, shift))) => i64::from(shift),
                _ => 0,
            };
            let day = time.div_euclid(DAY) + shift;
            // Neighbours mostly share their day.
            if last.replace(day) != Some(day) {
                days.insert(day);
            }
        }
    };
    for columns in columns {
        add(&columns.time, &columns.dates.events);
        add(&columns.other_time, &columns.dates.others);
    }
    days.iter()
        .filter(|&&day| days.contains(&(day - 1)))
        .count()
}

fn shift(times: &mut [i64], open: &[(u32, i16)]) {
    for &(row, days) in open {
        if let Some(time) = times.get_mut(row as usize) {
            *time += i64::from(days) * DAY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proof_goes_before_signs_and_signs_before_custom() {
        use DateOrder::{DayFirst, MonthFirst};
        let seen = |text: &str| Seen {
            day_first: text.contains('d'),
            month_first: text.contains('m'),
            half_days: text.contains('h'),
            comma: text.contains('c'),
        };
        for (shown, neighbours, expected) in [
            ("d", [0, 9], (DayFirst, None)),
            ("dh", [0, 0], (DayFirst, None)),
            ("mc", [9, 0], (MonthFirst, None)),
            ("h", [9, 0], (MonthFirst, Some(OrderReason::HalfDays))),
            ("dmch", [0, 0], (MonthFirst, Some(OrderReason::HalfDays))),
            ("c", [1, 2], (MonthFirst, Some(OrderReason::Neighbours))),
            ("", [2, 1], (DayFirst, Some(OrderReason::Neighbours))),
            ("dmc", [1, 1], (DayFirst, Some(OrderReason::Comma))),
            ("", [0, 0], (MonthFirst, Some(OrderReason::NoComma))),
        ] {
            assert_eq!(decide(seen(shown), || neighbours), expected, "{shown}");
        }
    }

    #[test]
    fn days_follow_each_other_in_the_order_that_was_meant() {
        // The fourth to the sixth of February, taken for the second of April, May and June, and a day that is not open.
        let april = 19_449;
        let mut columns = Columns {
            time: [april, april + 30, april + 61, april - 54]
                .map(|day| day * DAY)
                .to_vec(),
            ..Columns::default()
        };
        columns.dates.events = vec![(0, -57), (1, -86), (2, -116)];
        let of = |order| neighbours([&columns].into_iter(), order);
        assert_eq!((of(DateOrder::DayFirst), of(DateOrder::MonthFirst)), (3, 0));
    }
}

//! Times of records and of the envelopes around them.
//!
//! `CreationTime` inside a record is UTC, mostly without saying so. Envelopes and tables write a locale's rendering of it: ISO
//! 8601, the American form, and what else is unmistakable. Of dates with slashes the order of day and month may be open
//! (`date_order`).

use super::date_order::{DateOrder, SlashDate};

/// Milliseconds in a second and in a day.
const SECOND: i64 = 1_000;
const DAY: i64 = 86_400_000;

/// Years the log can speak of; everything else is damage.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=2199;

/// A time as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) at: i64,
    /// What its date says of the order of day and month, if it is one with slashes.
    pub(crate) slashes: Option<SlashDate>,
}

/// Reads a time: ISO 8601 with any fraction, `Z` or an offset, or none (UTC); a written date such as `5/18/2021 9:13:33 PM`; or a
/// count of seconds or milliseconds. `None` for anything else.
pub(crate) fn read_time(text: &[u8]) -> Option<Time> {
    let text = text.trim_ascii();
    let plain = |at| Time { at, slashes: None };
    match text.get(4) {
        Some(b'-') => parse_iso(text).map(plain),
        _ => parse_written(text).or_else(|| parse_count(text).map(plain)),
    }
}

/// The same, in milliseconds since 1970-01-01 UTC; the month comes first where a date leaves that open.
pub(crate) fn parse_time(text: &[u8]) -> Option<i64> {
    read_time(text).map(|time| time.at)
}

#[inline]
fn two(text: &[u8], at: usize) -> Option<i64> {
    let (tens, ones) = (
        text.get(at)?.wrapping_sub(b'0'),
        text.get(at + 1)?.wrapping_sub(b'0'),
    );
    (tens < 10 && ones < 10).then(|| i64::from(tens) * 10 + i64::from(ones))
}

fn parse_iso(text: &[u8]) -> Option<i64> {
    let year = two(text, 0)? * 100 + two(text, 2)?;
    if text.get(7) != Some(&b'-') || !matches!(text.get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let day = civil(year, two(text, 5)?, two(text, 8)?)?;
    if text.get(13) != Some(&b':') {
        return None;
    }
    let mut rest = text.get(16..)?;
    let mut second = 0;
    if let Some(tail) = rest.strip_prefix(b":") {
        second = two(tail, 0)?;
        rest = tail.get(2..)?;
    }
    let mut time = clock(day, two(text, 11)?, two(text, 14)?, second)?;
    if let Some(tail) = rest.strip_prefix(b".").or_else(|| rest.strip_prefix(b",")) {
        let digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut unit = SECOND / 10;
        for &byte in tail.get(..digits)? {
            time += i64::from(byte - b'0') * unit;
            unit /= 10;
        }
        rest = tail.get(digits..)?;
    }
    match rest.trim_ascii() {
        b"" => Some(time),
        zone if is_utc(zone) => Some(time),
        offset => Some(time - offset_milliseconds(offset)?),
    }
}

fn offset_milliseconds(text: &[u8]) -> Option<i64> {
    let sign = match text.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let minutes_at = if text.get(3) == Some(&b':') { 4 } else { 3 };
    let minutes = if text.len() > 3 {
        two(text, minutes_at)?
    } else {
        0
    };
    let expected = if text.len() > 3 { minutes_at + 2 } else { 3 };
    let hours = two(text, 1)?;
    // No zone is further from UTC than 14 hours.
    (text.len() == expected && hours <= 14 && minutes < 60)
        .then_some(sign * (hours * 60 + minutes) * 60 * SECOND)
}

/// `month/day/year hour:minute[:second[.fraction]] [AM|PM] [offset]`, or the day before the month, with a comma behind the date or
/// none; `day.month.year`, `year/month/day` and `Mon day, year @ time` as other tools write them.
fn parse_written(text: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text
        .split([' ', '\u{a0}', '\u{202f}', ','])
        .filter(|word| !word.is_empty() && *word != "@");
    let first = words.next()?;
    let (midnight, mut slashes) = match MONTHS
        .iter()
        .position(|name| first.eq_ignore_ascii_case(name))
    {
        Some(before) => {
            let day = words.next()?.parse().ok()?;
            let year = year_of(words.next()?)?;
            (civil(year, before as i64 + 1, day)?, None)
        }
        None => numeric_date(first)?,
    };
    if let Some(slashes) = &mut slashes {
        let behind = text.get(first.len()..);
        slashes.comma = behind.is_some_and(|behind| behind.starts_with(','));
    }
    let (mut hour, minute, second) = time_of_day(words.next().unwrap_or("0:00"))?;
    let mut offset = 0;
    let mut word = words.next();
    if let Some(half) = word {
        let (am, pm) = (
            half.eq_ignore_ascii_case("am"),
            half.eq_ignore_ascii_case("pm"),
        );
        if am || pm {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if pm { 12 } else { 0 };
            if let Some(slashes) = &mut slashes {
                slashes.half_days = true;
            }
            word = words.next();
        }
    }
    match word {
        None => {}
        Some(zone) if is_utc(zone.as_bytes()) => {}
        Some(zone) => offset = offset_milliseconds(zone.as_bytes())?,
    }
    if words.next().is_some() {
        return None;
    }
    Some(Time {
        at: clock(midnight, hour, minute, second)? - offset,
        slashes,
    })
}

/// Months as they are abbreviated in English.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// The start of the day of `4/13/2023`, `13/4/2023`, `2023/4/13` or `13.4.2023`, and what its slashes tell.
fn numeric_date(text: &str) -> Option<(i64, Option<SlashDate>)> {
    let separator = if text.contains('/') { '/' } else { '.' };
    let mut parts = text.split(separator);
    let (one, two, three) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let number = |part: &str| part.parse::<i64>().ok();
    match separator {
        '/' if one.len() == 4 => {
            let date = civil(year_of(one)?, number(two)?, number(three)?)?;
            Some((date, None))
        }
        '/' => slash_date(number(one)?, number(two)?, year_of(three)?),
        _ => Some((civil(year_of(three)?, number(two)?, number(one)?)?, None)),
    }
}

/// A date that ends with its year: where its first two parts may both be the month, the first is taken for it.
fn slash_date(one: i64, two: i64, year: i64) -> Option<(i64, Option<SlashDate>)> {
    let by = |order: DateOrder| match order {
        DateOrder::MonthFirst => civil(year, one, two),
        DateOrder::DayFirst => civil(year, two, one),
    };
    let only = |order| SlashDate {
        order: Some(order),
        ..SlashDate::default()
    };
    let (month_first, day_first) = (by(DateOrder::MonthFirst), by(DateOrder::DayFirst));
    match (month_first, day_first) {
        (Some(date), Some(other)) => {
            let open = SlashDate {
                shift: i16::try_from((other - date) / DAY).ok()?,
                ..SlashDate::default()
            };
            Some((date, (date != other).then_some(open)))
        }
        (Some(date), None) => Some((date, Some(only(DateOrder::MonthFirst)))),
        (None, other) => Some((other?, Some(only(DateOrder::DayFirst)))),
    }
}

/// A year with its century: without, nobody knows which of the parts it is.
fn year_of(text: &str) -> Option<i64> {
    (text.len() == 4).then(|| text.parse().ok())?
}

/// Hour, minute and second; a fraction of the second is cut off.
fn time_of_day(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(':');
    let number = |part: Option<&str>| part?.parse::<i64>().ok();
    let (hour, minute) = (number(parts.next())?, number(parts.next())?);
    let second = match parts.next() {
        None => 0,
        Some(second) => number(second.split('.').next())?,
    };
    parts.next().is_none().then_some((hour, minute, second))
}

fn is_utc(zone: &[u8]) -> bool {
    [b"Z".as_slice(), b"UTC", b"GMT"]
        .iter()
        .any(|name| zone.eq_ignore_ascii_case(name))
}

/// Seconds or milliseconds since 1970, bare or as .NET's serialiser writes them: `/Date(1680509103000)/`.
fn parse_count(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    // In JSON the slashes may be escaped.
    let inside = text
        .trim_matches(['/', '\\'])
        .strip_prefix("Date(")
        .and_then(|rest| rest.strip_suffix(')'));
    let digits = inside.unwrap_or(text);
    let whole = digits.split('.').next().unwrap_or(digits);
    let number: i64 = whole
        .parse()
        .ok()
        .filter(|_| !whole.starts_with(['+', '-']))?;
    let milliseconds = match whole.len() {
        _ if inside.is_some() => number,
        9 | 10 => number * SECOND,
        12 | 13 => number,
        _ => return None,
    };
    let earliest = civil(*YEARS.start(), 1, 1)?;
    let latest = civil(*YEARS.end(), 12, 31)?;
    (earliest..latest)
        .contains(&milliseconds)
        .then_some(milliseconds)
}

/// Milliseconds at the start of a day of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible low-level
/// date algorithms", `days_from_civil`).
fn civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !YEARS.contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted / 400;
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((era * 146_097 + day_of_era - 719_468) * DAY)
}

/// Adds a time of day; a leap second counts as the second before it.
fn clock(day: i64, hour: i64, minute: i64, second: i64) -> Option<i64> {
    ((0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second))
        .then(|| day + ((hour * 60 + minute) * 60 + second.min(59)) * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>()
            .map(|time| time.as_millisecond())
            .unwrap_or(i64::MIN)
    }

    #[test]
    fn forms_of_one_moment_agree() {
        let moment = reference("2021-05-18T21:13:33Z");
        for text in [
            "2021-05-18T21:13:33",
            "2021-05-18T21:13:33Z",
            "2021-05-18T21:13:33.0000000Z ",
            "2021-05-18 21:13:33",
            "2021-05-18T23:13:33+02:00",
            "2021-05-18T16:43:33-0430",
            "5/18/2021 9:13:33 PM",
            "05/18/2021 21:13:33",
            "5/18/2021, 9:13:33.000 PM",
            "5/18/2021 11:13:33 PM +02:00",
            "5/18/2021 9:13:33 PM UTC",
            "18/5/2021 21:13:33",
            "18/05/2021, 21:13:33.000",
            "18.5.2021 21:13:33",
            "2021/05/18 21:13:33",
            "May 18, 2021 @ 21:13:33.000",
            "2021-05-18 21:13:33 UTC",
            "1621372413",
            "1621372413000",
            "/Date(1621372413000)/",
            "\\/Date(1621372413000)\\/",
        ] {
            assert_eq!(parse_time(text.as_bytes()), Some(moment), "{text}");
        }
        assert_eq!(
            parse_time(b"2024-02-29T00:00:00.1239"),
            Some(reference("2024-02-29T00:00:00.123Z"))
        );
        assert_eq!(
            parse_time(b"1/1/2024 12:00:00 AM"),
            Some(reference("2024-01-01T00:00:00Z"))
        );
        assert_eq!(
            parse_time(b"1/1/2024 12:30:00 PM"),
            Some(reference("2024-01-01T12:30:00Z"))
        );
    }

    #[test]
    fn every_day_of_two_centuries_agrees_with_a_calendar() {
        let mut date = jiff::civil::date(1990, 1, 1);
        let mut expected = reference("1990-01-01T00:00:00Z");
        while date.year() < 2200 {
            let text = format!("{date}T00:00:00");
            assert_eq!(parse_time(text.as_bytes()), Some(expected), "{text}");
            expected += DAY;
            date = date.tomorrow().unwrap_or(jiff::civil::Date::MAX);
        }
    }

    #[test]
    fn dates_with_slashes_say_what_they_leave_open() {
        let of = |text: &str| read_time(text.as_bytes()).and_then(|time| time.slashes);
        let only = |order| SlashDate {
            order: Some(order),
            ..SlashDate::default()
        };
        assert_eq!(of("13/04/2023 10:00"), Some(only(DateOrder::DayFirst)));
        assert_eq!(
            of("04/13/2023 1:00 PM"),
            Some(SlashDate {
                half_days: true,
                ..only(DateOrder::MonthFirst)
            })
        );
        // The fifth of February or the second of May.
        let open = SlashDate {
            shift: reference_days("2023-05-02T00:00:00Z") - reference_days("2023-02-05T00:00:00Z"),
            comma: true,
            ..SlashDate::default()
        };
        assert_eq!(of("02/05/2023, 10:00:00.000"), Some(open));
        for text in ["03/03/2023 10:00", "2023/04/03 10:00", "3.4.2023 10:00"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    fn reference_days(text: &str) -> i16 {
        i16::try_from(reference(text) / DAY).unwrap_or(0)
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2021",
            "2021-05-18",
            "2021-02-29T00:00:00",
            "2021-13-01T00:00:00",
            "2021-05-18T24:00:00",
            "31/2/2021 10:00:00",
            "13/14/2021 10:00:00",
            "5/18/2021 13:00:00 PM",
            "2021-05-18T21:13:33+2",
            "2021-05-18T21:13:33+15:00",
            "2021-05-18T21:13:33-02:60",
            "0001-01-01T00:00:00",
            "5/18/2021/1 1:00",
            "2021-05-18T21:13:33 x",
            "5/18/2021 10:00:00 AM x",
            "5/18/2021 10:00:00 AM +02:00 x",
            "18.5.2021.1 10:00",
            "23/04/03 10:00",
            "4/3/23 10:00",
            "Mai 18, 2021 @ 21:13:33",
            "-1621372413",
            "16213724",
            "9999999999999",
            "/Date(x)/",
        ] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }
}

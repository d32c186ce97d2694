//! Times of records and of the envelopes around them.
//!
//! `CreationTime` inside a record is UTC, mostly without saying so. Envelopes write a locale's rendering of it, of which
//! the American and the ISO 8601 forms are read.

/// Milliseconds in a second and in a day.
const SECOND: i64 = 1_000;
const DAY: i64 = 86_400_000;

/// Years the log can speak of; everything else is damage.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=2199;

/// Reads a time as milliseconds since 1970-01-01 UTC: ISO 8601 with any fraction, `Z` or an offset, or none (UTC); or
/// `5/18/2021 9:13:33 PM`. `None` for anything else.
pub(crate) fn parse_time(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    match text.get(4) {
        Some(b'-') => parse_iso(text),
        _ => parse_american(text),
    }
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
        b"" | b"Z" | b"z" => Some(time),
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

/// `month/day/year hour:minute[:second] [AM|PM]`.
fn parse_american(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text
        .split([' ', '\u{a0}', '\u{202f}'])
        .filter(|word| !word.is_empty());
    let mut date = words
        .next()?
        .split('/')
        .map(|part| part.parse::<i64>().ok());
    let (month, day, year) = (date.next()??, date.next()??, date.next()??);
    let mut hms = words
        .next()
        .unwrap_or("0:00")
        .split(':')
        .map(|part| part.parse::<i64>().ok());
    let (mut hour, minute, second) = (hms.next()??, hms.next()??, hms.next().unwrap_or(Some(0))?);
    if date.next().is_some() || hms.next().is_some() {
        return None;
    }
    match words.next() {
        None => {}
        Some(half) if (1..=12).contains(&hour) && half.eq_ignore_ascii_case("am") => hour %= 12,
        Some(half) if (1..=12).contains(&hour) && half.eq_ignore_ascii_case("pm") => {
            hour = hour % 12 + 12
        }
        Some(_) => return None,
    }
    clock(civil(year, month, day)?, hour, minute, second)
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
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2021",
            "2021-05-18",
            "2021-02-29T00:00:00",
            "2021-13-01T00:00:00",
            "2021-05-18T24:00:00",
            "18/5/2021 10:00:00",
            "5/18/2021 13:00:00 PM",
            "2021-05-18T21:13:33+2",
            "2021-05-18T21:13:33+15:00",
            "2021-05-18T21:13:33-02:60",
            "0001-01-01T00:00:00",
            "5/18/2021/1 1:00",
            "2021-05-18T21:13:33 x",
        ] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }
}

//! Words as the charts print them: cleaned names, times, and numbers as everywhere.

use jiff::Timestamp;
use jiff::ZonedDateTime;
use jiff::tz::TimeZone;

pub(crate) use crate::amount::{bytes, compact, count, counted, listed, value};
use crate::explain::ChangeCounts;

/// Characters kept of one label; nothing longer fits any chart, and layout time stays bounded.
const LONGEST: usize = 300;

/// Characters that no reader should be shown as they are: control characters command a terminal (C1 ones too: U+009B
/// begins a sequence as ESC [ does), marks of direction reorder what it shows (Unicode Technical Report 36, section
/// 2.10), line and paragraph separators break lines, tags are invisible.
pub(crate) fn commands_or_reorders(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` without what cannot or must not be printed: control characters, zero-width characters and
/// direction overrides (which could make a name read as another one). White space becomes one space.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(LONGEST * 4) {
        let invisible = matches!(c,
            '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{00AD}');
        if c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else if !commands_or_reorders(c) && !invisible {
            out.push(c);
        }
    }
    let out = out.trim();
    if out.chars().count() > LONGEST {
        let mut cut: String = out.chars().take(LONGEST - 1).collect();
        cut.push('…');
        return cut;
    }
    out.to_owned()
}

/// `text` with at most `most` characters; the middle gives way to an ellipsis, since both the start of
/// a mailbox and its domain tell it apart.
pub(crate) fn shorten(text: &str, most: usize) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= most {
        return text.to_owned();
    }
    if most <= 1 {
        return "…".to_owned();
    }
    let tail = (most - 1) / 3;
    let head = most - 1 - tail;
    let mut out: String = chars.iter().take(head).collect();
    out.push('…');
    out.extend(&chars[chars.len() - tail..]);
    out
}

/// `text` with at most `most` characters; its end gives way to an ellipsis.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A cleaned name short enough for a title; `unnamed` stands for an empty one.
pub(crate) fn name(text: &str, most: usize) -> String {
    let cleaned = clean(text);
    if cleaned.is_empty() {
        return "unnamed".to_owned();
    }
    shorten(&cleaned, most)
}

/// What a session did: what it read, or what it changed where that is all.
pub(crate) fn did(items: u64, folders: u64, changes: &ChangeCounts) -> String {
    match changes.words() {
        Some(changes) if items == 0 && folders == 0 => changes,
        _ => read(items, folders),
    }
}

/// What was read: `3 items`, `1 folder`, `3 items, 2 folders`. A folder counts whole, with everything in it, and once.
pub(crate) fn read(items: u64, folders: u64) -> String {
    match (items, folders) {
        (items, 0) => counted(items, "item", "items"),
        (0, folders) => counted(folders, "folder", "folders"),
        (items, folders) => format!("{}, {}", read(items, 0), read(0, folders)),
    }
}

/// A share as a percentage: `37%`, `<1%`; a dash for what is no number.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        "–".to_owned()
    } else if percent > 0.0 && percent < 1.0 {
        "<1%".to_owned()
    } else {
        format!("{percent:.0}%")
    }
}

/// The moment `seconds` (Unix time, UTC) in `zone`; out-of-range values stop at the ends of the calendar.
pub(crate) fn zoned(seconds: i64, zone: &TimeZone) -> ZonedDateTime {
    // A day inside jiff's limits, so that later steps of a day cannot leave the calendar.
    let limit = 200_000_000_000;
    Timestamp::from_second(seconds.clamp(-limit, limit))
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned_datetime(zone.clone())
}

/// `Tue 3 Jun 2025 02:14`.
pub(crate) fn moment(seconds: i64, zone: &TimeZone) -> String {
    zoned(seconds, zone)
        .strftime("%a %-d %b %Y %H:%M")
        .to_string()
}

/// `3 Jun 2025`.
pub(crate) fn day(seconds: i64, zone: &TimeZone) -> String {
    zoned(seconds, zone).strftime("%-d %b %Y").to_string()
}

/// `3 Jun 2025 to 24 Jun 2025`, or the one day; `end` is exclusive.
pub(crate) fn period(start: i64, end: i64, zone: &TimeZone) -> String {
    let (first, last) = (
        day(start, zone),
        day(end.saturating_sub(1).max(start), zone),
    );
    if first == last {
        first
    } else {
        format!("{first} to {last}")
    }
}

/// The name of a bin width: `hour`, `3 hours`, `day`, `week`.
pub(crate) fn step(seconds: i64) -> String {
    const NAMED: [(i64, &str); 4] = [
        (604_800, "week"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ];
    for (unit, name) in NAMED {
        if seconds == unit {
            return name.to_owned();
        }
        if seconds > unit && seconds % unit == 0 {
            return format!("{} {name}s", seconds / unit);
        }
    }
    format!("{seconds} seconds")
}

/// `n` of `all` bins of a width: `13 of 456 hours`, `4 of 90 bins of 3 hours`, `all of 1 day` if it is all of them.
pub(crate) fn share_of_bins(n: u64, all: u64, seconds: i64) -> String {
    let name = step(seconds);
    let (one, many) = if name.contains(' ') {
        (format!("bin of {name}"), format!("bins of {name}"))
    } else {
        (name.clone(), format!("{name}s"))
    };
    let all_of_them = counted(all, &one, &many);
    if n == all {
        format!("all of {all_of_them}")
    } else {
        format!("{} of {all_of_them}", count(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning_strips_what_cannot_be_printed() {
        assert_eq!(clean("a\u{0}b\u{7}c\td\r\n e"), "abc d e");
        assert_eq!(clean("abc\u{202E}gpj.exe"), "abcgpj.exe");
        assert_eq!(clean("Ελένη Жук Łukasz"), "Ελένη Жук Łukasz");
        assert_eq!(clean(&"x".repeat(100_000)).chars().count(), LONGEST);
    }

    #[test]
    fn shortening_keeps_both_ends() {
        assert_eq!(shorten("short", 10), "short");
        assert_eq!(shorten("abcdefghijklmnop", 10), "abcdef…nop");
        assert_eq!(shorten("ąęółńśćżź", 4), "ąę…ź");
        assert_eq!(cut("one two three", 9), "one two…");
        assert_eq!(shorten("abc", 1), "…");
        assert_eq!(name("\u{0}", 10), "unnamed");
    }

    #[test]
    fn what_changed_is_told_where_nothing_was_read() {
        let changes = ChangeCounts {
            permissions: 4,
            ..ChangeCounts::default()
        };
        assert_eq!(did(0, 0, &changes), "4 changes of permissions");
        assert_eq!(did(1, 0, &changes), "1 item");
        assert_eq!(did(0, 0, &ChangeCounts::default()), "0 items");
    }

    #[test]
    fn shares_are_percentages() {
        assert_eq!(percent(0.371), "37%");
        assert_eq!(percent(0.001), "<1%");
    }

    #[test]
    fn times_are_shown_in_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").expect("bundled zone");
        // 2025-06-03T00:14:00Z is 02:14 in Berlin's summer time.
        assert_eq!(moment(1_748_909_640, &berlin), "Tue 3 Jun 2025 02:14");
        assert_eq!(
            period(1_748_908_800, 1_748_995_200, &TimeZone::UTC),
            "3 Jun 2025"
        );
        assert!(!moment(i64::MAX, &TimeZone::UTC).is_empty());
        assert!(!moment(i64::MIN, &berlin).is_empty());
    }

    #[test]
    fn bin_widths_have_names() {
        assert_eq!(step(3_600), "hour");
        assert_eq!(step(10_800), "3 hours");
        assert_eq!(step(86_400), "day");
        assert_eq!(step(604_800), "week");
        assert_eq!(step(7), "7 seconds");
        assert_eq!(share_of_bins(13, 456, 3_600), "13 of 456 hours");
        assert_eq!(share_of_bins(4, 90, 10_800), "4 of 90 bins of 3 hours");
        assert_eq!(share_of_bins(1, 1, 86_400), "all of 1 day");
    }
}

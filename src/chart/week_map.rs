//! The hours of a mailbox's week: how busy each normally is, and which ones flagged sessions fell into.

use super::canvas::{Area, Canvas};
use super::label;
use super::session_key::FlaggedSession;
use super::theme::{self, Style, size};
use super::typeface::{Align, Font};

/// Hours of a week; index 0 is Monday 00:00 to 01:00.
pub(super) const HOURS: usize = 168;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Height below the grid, with the hours and the key.
const BELOW: f64 = 140.0;

/// The hours of the week that a session touched, in the zone of `style`, without repeats.
fn hours_of(session: &FlaggedSession, style: &Style) -> Vec<usize> {
    let last = session.end.max(session.start);
    let mut hours = Vec::new();
    for step in 0..HOURS as i64 {
        let at = session.start.saturating_add(step * 3_600).min(last);
        let zoned = label::zoned(at, &style.time_zone);
        let day = zoned.weekday().to_monday_zero_offset();
        let hour = i32::from(day) * 24 + i32::from(zoned.hour());
        let hour = usize::try_from(hour).unwrap_or(0).min(HOURS - 1);
        if !hours.contains(&hour) {
            hours.push(hour);
        }
        if at >= last {
            break;
        }
    }
    hours
}

/// Draws the map with its axes; `normal` is the mean number of items in each hour of the week.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    area: Area,
    normal: &[f64],
    (flagged, style): (&[FlaggedSession], &Style),
) {
    let font = Font::of(size::SMALL).color(theme::MUTED);
    let grid = Area {
        left: area.left + 58.0,
        bottom: area.bottom - BELOW,
        ..area
    };
    let (width, height) = (grid.width() / 24.0, grid.height() / 7.0);
    let cell = |hour: usize| Area {
        left: grid.left + (hour % 24) as f64 * width,
        right: grid.left + (hour % 24 + 1) as f64 * width,
        top: grid.top + (hour / 24) as f64 * height,
        bottom: grid.top + (hour / 24 + 1) as f64 * height,
    };
    let most = normal
        .iter()
        .copied()
        .filter(|n| n.is_finite())
        .fold(0.0, f64::max);
    for hour in 0..HOURS {
        let items = normal.get(hour).copied().unwrap_or(0.0);
        let share = if most > 0.0 && items > 0.0 {
            (items / most).min(1.0).sqrt()
        } else {
            0.0
        };
        let inner = cell(hour);
        let inner = Area {
            left: inner.left + 1.0,
            top: inner.top + 1.0,
            right: inner.right - 1.0,
            bottom: inner.bottom - 1.0,
        };
        canvas.fill(inner, theme::mix(theme::EMPTY, theme::OBSERVED, share), 1.0);
    }
    let mut counts = [0usize; HOURS];
    let mut unusual = [false; HOURS];
    for session in flagged {
        for hour in hours_of(session, style) {
            counts[hour] += 1;
            unusual[hour] |= session.odd_hour;
        }
    }
    let most_often = counts.iter().max().copied().unwrap_or(0).max(1) as f64;
    for hour in (0..HOURS).filter(|hour| counts[*hour] > 0) {
        let cell = cell(hour);
        let centre = (
            (cell.left + cell.right) / 2.0,
            (cell.top + cell.bottom) / 2.0,
        );
        mark(
            canvas,
            centre,
            (counts[hour] as f64 / most_often, unusual[hour]),
        );
    }
    for (i, day) in DAYS.iter().enumerate() {
        let y = grid.top + (i as f64 + 0.5) * height;
        canvas.text_middle(day, (grid.left - 10.0, y), font.align(Align::Right));
    }
    for hour in (0..=24).step_by(3) {
        let x = grid.left + f64::from(hour) * width;
        let text = format!("{hour:02}");
        canvas.text(&text, (x, grid.bottom + 22.0), font.align(Align::Centre));
    }
    key(
        canvas,
        Area {
            top: grid.bottom + 32.0,
            ..area
        },
        flagged,
    );
}

/// A dot, larger for more sessions, with a white rim so that it stands out on dark cells too; hollow where no session came at an
/// hour that counts as unusual.
fn mark(canvas: &mut Canvas<'_>, centre: (f64, f64), (share, unusual): (f64, bool)) {
    let radius = 4.0 + 4.5 * share.sqrt();
    canvas.disc(centre, radius + 2.0, theme::PAPER);
    canvas.disc(centre, radius, theme::FLAGGED);
    if !unusual {
        canvas.disc(centre, radius - 2.5, theme::PAPER);
    }
}

/// What colours and dots mean, and which hours count as unusual: a quiet cell is not yet one.
fn key(canvas: &mut Canvas<'_>, area: Area, flagged: &[FlaggedSession]) {
    let font = Font::of(size::SMALL).color(theme::MUTED);
    let mut middle = area.top + 18.0;
    let mut left = area.left + 58.0;
    canvas.text_middle("quiet", (left, middle), font);
    left += font.width("quiet") + 8.0;
    for i in 0..5 {
        let share = f64::from(i) / 4.0;
        let patch = Area {
            left,
            right: left + 22.0,
            top: middle - 9.0,
            bottom: middle + 9.0,
        };
        canvas.fill(patch, theme::mix(theme::EMPTY, theme::OBSERVED, share), 1.0);
        left += 22.0;
    }
    canvas.text_middle("busy in normal weeks", (left + 8.0, middle), font);
    let marks = [(true, "flagged, at an unusual hour"), (false, "flagged")];
    let shown = |unusual: bool| flagged.iter().any(|session| session.odd_hour == unusual);
    left = area.left + 58.0;
    middle += 28.0;
    for (unusual, text) in marks.into_iter().filter(|&(unusual, _)| shown(unusual)) {
        mark(canvas, (left + 10.0, middle), (1.0, unusual));
        canvas.text_middle(text, (left + 26.0, middle), font);
        left += 26.0 + font.width(text) + 26.0;
    }
    if shown(true) {
        let text = "unusual: few through such a client, or none at all, within an hour of it, Mon–Fri or Sat–Sun taken together";
        for line in font.wrap(text, area.width() - 58.0, 2) {
            middle += 24.0;
            canvas.text_middle(&line, (area.left + 58.0, middle), font);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2025-06-02T00:00:00Z, a Monday.
    const MONDAY: i64 = 1_748_822_400;

    fn session(start: i64, end: i64) -> FlaggedSession {
        FlaggedSession {
            start,
            end,
            ..FlaggedSession::default()
        }
    }

    #[test]
    fn sessions_fall_into_the_hours_they_touch() {
        let style = Style::default();
        let session_hours = |start, end| hours_of(&session(start, end), &style);
        assert_eq!(session_hours(MONDAY + 600, MONDAY + 700), vec![0]);
        assert_eq!(session_hours(MONDAY + 3_000, MONDAY + 7_300), vec![0, 1, 2]);
        assert_eq!(session_hours(MONDAY - 1, MONDAY - 1), vec![167]);
        assert_eq!(session_hours(0, i64::MAX).len(), HOURS);
    }
}

//! The highest-ranked sessions as bars of their score, each divided by what caused it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area, Canvas};
use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::theme::size;
use super::typeface::{Align, Font};
use super::{ChartError, Style, label, theme};

/// One session of the ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopSession {
    /// Place in the ranking, from 1.
    pub rank: u32,
    /// Mailbox that was accessed.
    pub mailbox: String,
    /// Client, in words.
    pub client: String,
    /// First event, Unix seconds.
    pub start: i64,
    /// Score, 0 to 1, higher is more anomalous.
    pub score: f64,
    /// Whether the session was flagged.
    pub flagged: bool,
    /// Share of each group of features in the score, in the order of [`TopSessions::groups`]; scaled to sum 1.
    pub shares: Vec<f64>,
}

/// What the chart of top sessions shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopSessions {
    /// Names of the feature groups, such as `volume` or `novelty`; seven have a colour of their own.
    pub groups: Vec<String>,
    /// Sessions by rank; the first 20 are drawn.
    pub sessions: Vec<TopSession>,
}

/// Most sessions drawn.
const DRAWN: usize = 20;
/// Height of one session.
const ROW: f64 = 58.0;
/// Height of the legend.
const LEGEND: f64 = 44.0;
/// Height of the axis.
const AXIS: f64 = 62.0;
/// Width of the labels left of the bars.
const LABELS: f64 = 590.0;

/// Draws the sessions into the PNG file `path`, 1600 logical pixels wide; the height grows with the sessions.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &TopSessions, style: &Style, path: &Path) -> Result<(), ChartError> {
    let drawn = drawn(data);
    let rows = drawn.len().max(1) as f64 * ROW;
    let picture = canvas::render(HEAD + LEGEND + rows + AXIS + FOOT, style, |canvas| {
        let flagged = drawn.iter().filter(|session| session.flagged).count();
        let around = Frame {
            title: &title(data),
            subtitle: &format!(
                "The {} ranked highest; {} of them flagged. Length of a bar: score. Colours: what the score comes from",
                label::counted(drawn.len() as u64, "session", "sessions"),
                label::count(flagged as u64),
            ),
            units: "score, 0 to 1, and the share of each group of features",
            times: true,
        };
        let mut area = frame::draw(canvas, style, &around);
        if drawn.is_empty() {
            let font = Font::of(size::BODY).color(theme::MUTED);
            let at = (area.left, area.top + ROW / 2.0);
            canvas.text_middle("The log holds no session that could be scored.", at, font);
            return;
        }
        let legend = area.take_top(LEGEND);
        frame::legend(canvas, legend, &keys(data));
        let plot = Area {
            left: area.left + LABELS,
            right: area.right - 80.0,
            ..area.take_top(rows)
        };
        axis(canvas, plot);
        for (i, session) in drawn.iter().enumerate() {
            let row = Area {
                top: plot.top + i as f64 * ROW,
                bottom: plot.top + (i + 1) as f64 * ROW,
                ..plot
            };
            names(canvas, row, (session, style));
            bar(canvas, row, session);
        }
    })?;
    canvas::save(&picture, path)
}

/// The group with the largest share; the first of equals, none if no share is positive.
fn strongest(session: &TopSession) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, share) in session.shares.iter().enumerate() {
        if *share > best.map_or(0.0, |(_, largest)| largest) {
            best = Some((i, *share));
        }
    }
    best.map(|(i, _)| i)
}

/// The sessions that are drawn: the first ones.
fn drawn(data: &TopSessions) -> &[TopSession] {
    &data.sessions[..data.sessions.len().min(DRAWN)]
}

pub(super) fn title(data: &TopSessions) -> String {
    let drawn = drawn(data);
    if drawn.is_empty() {
        return "No session to rank".to_owned();
    }
    let mut wins = vec![0u64; data.groups.len()];
    for group in drawn.iter().filter_map(strongest) {
        if let Some(count) = wins.get_mut(group) {
            *count += 1;
        }
    }
    let most = wins.iter().copied().max().unwrap_or(0);
    let leader = wins.iter().position(|n| *n == most && most > 0);
    let Some(group) = leader.and_then(|i| data.groups.get(i)) else {
        let sessions = label::counted(drawn.len() as u64, "session", "sessions");
        return format!("The top {sessions} and what their scores come from");
    };
    let mut name = label::name(group, 40);
    if let Some(first) = name.get(..1) {
        name = format!("{}{}", first.to_uppercase(), &name[1..]);
    }
    match drawn {
        [_] => format!("{name} weighs most in the top session"),
        _ => format!(
            "{name} weighs most in {} of the top {} sessions",
            label::count(most),
            label::count(drawn.len() as u64)
        ),
    }
}

fn keys(data: &TopSessions) -> Vec<Key> {
    let named = data.groups.iter().take(theme::CATEGORY_COUNT);
    let mut keys: Vec<Key> = named
        .enumerate()
        .map(|(i, name)| Key::Fill(theme::category(i), label::name(name, 24)))
        .collect();
    if data.groups.len() > theme::CATEGORY_COUNT {
        keys.push(Key::Fill(theme::OTHER, "other".to_owned()));
    }
    keys
}

fn axis(canvas: &mut Canvas<'_>, area: Area) {
    let font = Font::of(size::SMALL)
        .color(theme::MUTED)
        .align(Align::Centre);
    for i in 0..=4 {
        let x = area.left + area.width() * f64::from(i) / 4.0;
        canvas.line((x, area.top), (x, area.bottom), theme::GRID, 1.0);
        canvas.text(
            &format!("{:.2}", f64::from(i) / 4.0),
            (x, area.bottom + 24.0),
            font,
        );
    }
    let middle = (area.left + area.right) / 2.0;
    canvas.text(
        "score (higher is more anomalous)",
        (middle, area.bottom + 50.0),
        font,
    );
}

fn names(canvas: &mut Canvas<'_>, row: Area, (session, style): (&TopSession, &Style)) {
    let middle = (row.top + row.bottom) / 2.0;
    let left = row.left - LABELS;
    let color = if session.flagged {
        theme::FLAGGED
    } else {
        theme::MUTED
    };
    canvas.badge(&session.rank.to_string(), (left + 22.0, middle), color);
    let room = LABELS - 52.0 - 18.0;
    let bold = Font::of(size::BODY).bold();
    let mailbox = bold.fit(&label::name(&session.mailbox, 300), room);
    canvas.text_middle(&mailbox, (left + 52.0, middle - 13.0), bold);
    let muted = Font::of(size::SMALL).color(theme::MUTED);
    let time = format!(" · {}", label::moment(session.start, &style.time_zone));
    let client = muted.fit(
        &label::name(&session.client, 300),
        room - muted.width(&time),
    );
    canvas.text_middle(
        &format!("{client}{time}"),
        (left + 52.0, middle + 13.0),
        muted,
    );
}

fn bar(canvas: &mut Canvas<'_>, row: Area, session: &TopSession) {
    let score = if session.score.is_finite() {
        session.score.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let length = row.width() * score;
    let middle = (row.top + row.bottom) / 2.0;
    let shares: Vec<f64> = session
        .shares
        .iter()
        .map(|share| {
            if share.is_finite() {
                share.max(0.0)
            } else {
                0.0
            }
        })
        .collect();
    let sum: f64 = shares.iter().sum();
    let full = Area {
        left: row.left,
        right: row.left + length,
        top: middle - 17.0,
        bottom: middle + 17.0,
    };
    canvas.fill(full, theme::OTHER, 1.0);
    let mut left = row.left;
    for (i, share) in shares.iter().enumerate() {
        let width = if sum > 0.0 { length * share / sum } else { 0.0 };
        if width >= 0.5 {
            let part = Area {
                left,
                right: left + width,
                ..full
            };
            let color = theme::category(i);
            canvas.fill(part, color, 1.0);
            let font = Font::of(size::SMALL)
                .color(theme::text_on(color))
                .align(Align::Centre);
            let text = label::percent(share / sum);
            if font.width(&text) + 12.0 < width {
                canvas.text_middle(&text, (left + width / 2.0, middle), font);
            }
            // A white seam keeps neighbours of similar brightness apart.
            canvas.line(
                (left + width, full.top),
                (left + width, full.bottom),
                theme::PAPER,
                1.0,
            );
        }
        left += width;
    }
    let bold = Font::of(size::BODY).bold();
    let text = if session.score.is_finite() {
        format!("{score:.2}")
    } else {
        "unknown".to_owned()
    };
    let backing = Area {
        left: full.right + 2.0,
        right: full.right + bold.width(&text) + 14.0,
        ..full
    };
    canvas.fill(backing, theme::PAPER, 1.0);
    canvas.text_middle(&text, (full.right + 10.0, middle), bold);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(shares: Vec<f64>) -> TopSession {
        TopSession {
            rank: 1,
            mailbox: "a@contoso.example".to_owned(),
            client: "client".to_owned(),
            start: 0,
            score: 0.8,
            flagged: true,
            shares,
        }
    }

    #[test]
    fn strongest_group_is_the_largest_positive_share() {
        assert_eq!(strongest(&session(vec![0.2, 0.5, 0.3])), Some(1));
        assert_eq!(strongest(&session(vec![0.5, 0.5])), Some(0));
        assert_eq!(strongest(&session(vec![0.0, f64::NAN, -1.0])), None);
    }

    #[test]
    fn title_names_the_commonest_strongest_group() {
        let mut data = TopSessions {
            groups: vec!["volume".to_owned(), "novelty".to_owned()],
            sessions: vec![
                session(vec![0.1, 0.9]),
                session(vec![0.2, 0.8]),
                session(vec![0.7, 0.3]),
            ],
        };
        assert_eq!(
            title(&data),
            "Novelty weighs most in 2 of the top 3 sessions"
        );
        data.sessions = vec![session(vec![])];
        assert_eq!(
            title(&data),
            "The top 1 session and what their scores come from"
        );
        data.sessions.clear();
        assert_eq!(title(&data), "No session to rank");
    }
}

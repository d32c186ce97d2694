//! One sheet per flagged mailbox: its timeline against the expected band, its clients and networks day by day, the hours
//! of its week, and the reasons.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area, Canvas};
use super::frame::{self, FOOT, Frame, HEAD};
use super::scale::TimeScale;
use super::series::{self, Series, SeriesPlot};
use super::session_key::{self, FlaggedSession, Who};
use super::theme::size;
use super::typeface::Font;
use super::{ChartError, Style, label, lane, reason_bars, theme, week_map};
use crate::explain::ChangeCounts;

pub use super::lane::Lane;
pub use super::reason_bars::Reason;

/// What the sheet of one mailbox shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MailboxSheet {
    /// The mailbox.
    pub mailbox: String,
    /// Items accessed per bin, with the expected range.
    pub items: Series,
    /// Flagged sessions of this mailbox, in any order.
    pub flagged: Vec<FlaggedSession>,
    /// Folders that the flagged sessions downloaded whole. Several of them may have had the same ones, which count once.
    pub folders: u64,
    /// Mean items in each of the 168 hours of a normal week; the first is Monday 00:00 in the zone of the style.
    pub week: Vec<f64>,
    /// Start of the first day of the lanes, Unix seconds.
    pub first_day: i64,
    /// Width of a cell of the lanes, in seconds.
    pub cell_step: i64,
    /// Clients, in any order.
    pub clients: Vec<Lane>,
    /// Networks, in any order.
    pub networks: Vec<Lane>,
    /// Reasons of the flagged session that ranks highest, in any order.
    pub reasons: Vec<Reason>,
}

/// Height of the timeline with badges and axis.
const TIMELINE: f64 = 340.0;
/// Height of the title of a panel.
const PANEL: f64 = 42.0;
/// Space between panels.
const GAP: f64 = 22.0;
/// Width of the labels left of timeline and lanes.
const LABELS: f64 = 330.0;
/// Characters of a title that surely fit its two lines.
const TWO_LINES: usize = 135;
/// Height of the week map.
const WEEK: f64 = 442.0;
/// Width of the week map.
const WEEK_WIDTH: f64 = 660.0;

/// Draws the sheet into the PNG file `path`, 1600 logical pixels wide; the height grows with sessions, lanes and reasons.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &MailboxSheet, style: &Style, path: &Path) -> Result<(), ChartError> {
    let key = session_key::height(data.flagged.len());
    let clients = lane::height(&data.clients);
    let networks = lane::height(&data.networks);
    let bottom = WEEK.max(reason_bars::height(data.reasons.len()));
    let height =
        HEAD + TIMELINE + key + clients + networks + bottom + 3.0 * PANEL + 4.0 * GAP + FOOT;
    let step = label::step(data.items.step);
    let picture = canvas::render(height, style, |canvas| {
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle(data, style),
            units: &format!("items per {step} and per day"),
            times: true,
        };
        let mut area = frame::draw(canvas, style, &around);
        let plot = Area {
            left: area.left + LABELS,
            ..area.take_top(TIMELINE)
        };
        let span = (data.items.start, data.items.end());
        let time = TimeScale::new(span, (plot.left, plot.right), &style.time_zone);
        timeline_notes(
            canvas,
            Area {
                left: area.left,
                ..plot
            },
            data,
        );
        series::plot(
            canvas,
            &SeriesPlot {
                series: &data.items,
                flagged: &data.flagged,
                area: plot,
                time: &time,
                counted: &format!("items per {step}"),
            },
        );
        if data.items.total() == 0 {
            nothing_read(canvas, plot);
        }
        session_key::draw(
            canvas,
            area.take_top(key),
            &data.flagged,
            (Who::Network, style),
        );
        for (title, lanes, height) in [
            ("Clients", &data.clients, clients),
            ("Networks", &data.networks, networks),
        ] {
            area.top += GAP;
            let title = format!("{title} by {}", label::step(data.cell_step));
            panel_title(canvas, area.take_top(PANEL), &title);
            let lanes_area = Area {
                left: area.left + LABELS,
                ..area.take_top(height)
            };
            let cells = (data.first_day, data.cell_step, &time);
            lane::draw(canvas, lanes_area, lanes, cells);
        }
        area.top += GAP;
        let mut week = area.take_left(WEEK_WIDTH);
        panel_title(canvas, week.take_top(PANEL), &week_title(data));
        week_map::draw(
            canvas,
            Area {
                bottom: week.top + WEEK,
                right: week.right - 40.0,
                ..week
            },
            &data.week,
            (&data.flagged, style),
        );
        panel_title(canvas, area.take_top(PANEL), &why_title(data));
        reason_bars::draw(canvas, area, &data.reasons);
    })?;
    canvas::save(&picture, path)
}

pub(super) fn title(data: &MailboxSheet) -> String {
    let mailbox = label::name(&data.mailbox, 56);
    if data.flagged.is_empty() {
        return format!("{mailbox}: no session flagged");
    }
    let sum = |of: fn(&FlaggedSession) -> u64| {
        data.flagged.iter().map(of).fold(0u64, u64::saturating_add)
    };
    let (items, folders) = (sum(|s| s.items), data.folders);
    let sessions = data.flagged.len() as u64;
    let changes = data
        .flagged
        .iter()
        .fold(ChangeCounts::default(), |all, s| all.and(s.changes));
    let mut done = Vec::new();
    if items > 0 {
        done.push(format!("read {}", label::counted(items, "item", "items")));
    }
    if folders > 0 {
        let folders = label::counted(folders, "whole folder", "whole folders");
        done.push(format!("downloaded {folders}"));
    }
    // Of what kind they were there is room to say where that is all.
    if let Some(changes) = changes.words() {
        let of = changes.find(" of ").filter(|_| !done.is_empty());
        let changes = &changes[..of.unwrap_or(changes.len())];
        done.push(format!("made {changes}"));
    }
    let done = label::listed(&done).map_or_else(String::new, |done| format!(" {done}"));
    let mut title = format!(
        "{mailbox}: {}{done} from {}",
        label::counted(sessions, "flagged session", "flagged sessions"),
        origin(&data.flagged),
    );
    let hours = match (at_odd_hours(data), sessions) {
        (0, _) => String::new(),
        (_, 1) => ", at an unusual hour".to_owned(),
        (odd, all) if odd == all => "; all sessions at unusual hours".to_owned(),
        (1, _) => "; 1 session at an unusual hour".to_owned(),
        (odd, _) => format!("; {} sessions at unusual hours", label::count(odd)),
    };
    // The hours have a panel with a title of its own.
    if title.chars().count() + hours.chars().count() <= TWO_LINES {
        title.push_str(&hours);
    }
    title
}

/// Flagged sessions at hours that are unusual for the mailbox.
fn at_odd_hours(data: &MailboxSheet) -> u64 {
    data.flagged
        .iter()
        .filter(|session| session.odd_hour)
        .count() as u64
}

/// The network of the sessions, or how many there were.
fn origin(flagged: &[FlaggedSession]) -> String {
    let networks: BTreeSet<&str> = flagged.iter().map(|s| s.network.as_str()).collect();
    match networks.first() {
        Some(only) if networks.len() == 1 => label::name(only, 44),
        _ => label::counted(networks.len() as u64, "network", "networks"),
    }
}

fn subtitle(data: &MailboxSheet, style: &Style) -> String {
    let mut text = format!(
        "{} · {} · {} · {}",
        label::period(data.items.start, data.items.end(), &style.time_zone),
        label::counted(data.items.total(), "item in all", "items in all"),
        label::counted(lane::members(&data.clients), "client", "clients"),
        label::counted(lane::members(&data.networks), "network", "networks"),
    );
    let (known, above) = data.items.above_band();
    if known > 0 {
        let share = label::share_of_bins(above, known, data.items.step);
        text = format!("{text} · {share} above the expected range");
    }
    text
}

fn week_title(data: &MailboxSheet) -> String {
    match (data.flagged.len(), at_odd_hours(data)) {
        (_, 0) => "Hours of the week".to_owned(),
        (1, _) => "Hours of the week: flagged at an unusual hour".to_owned(),
        (all, odd) => format!("Hours of the week: {odd} of {all} at unusual hours"),
    }
}

/// Whose reasons are shown: shares of different scores side by side would sum to anything.
fn why_title(data: &MailboxSheet) -> String {
    match data.flagged.iter().map(|session| session.rank).min() {
        Some(rank) if data.flagged.len() > 1 => {
            format!("Why number {rank} was flagged: observed against expected")
        }
        _ => "Why: observed against expected".to_owned(),
    }
}

fn panel_title(canvas: &mut Canvas<'_>, area: Area, title: &str) {
    let font = Font::of(size::PANEL).bold();
    let text = font.fit(title, area.width());
    canvas.text_middle(&text, (area.left, area.top + 16.0), font);
}

/// Says in an empty timeline that it is empty.
fn nothing_read(canvas: &mut Canvas<'_>, plot: Area) {
    let font = Font::of(size::BODY).color(theme::MUTED);
    let text = "No item of this mailbox was read.";
    let middle = (plot.top + plot.bottom) / 2.0;
    let left = plot.left + 24.0;
    // Lines of badges do not run through the words.
    let around = Area {
        left: left - 8.0,
        right: left + font.width(text) + 8.0,
        top: middle - 16.0,
        bottom: middle + 16.0,
    };
    canvas.fill(around, theme::PAPER, 1.0);
    canvas.text_middle(text, (left, middle), font);
}

/// The legend of the timeline, in the free column left of it.
fn timeline_notes(canvas: &mut Canvas<'_>, area: Area, data: &MailboxSheet) {
    panel_title(canvas, area, "Items over time");
    let mut keys = vec![(theme::OBSERVED, "observed")];
    if data.items.has_band() {
        keys.push((theme::BAND, "expected range"));
    }
    if !data.flagged.is_empty() {
        keys.push((theme::FLAGGED, "flagged sessions"));
    }
    for (i, (color, text)) in keys.into_iter().enumerate() {
        let top = area.top + 48.0 + i as f64 * 32.0;
        let row = Area {
            top,
            bottom: top + 28.0,
            right: area.left + LABELS - 100.0,
            ..area
        };
        frame::legend(canvas, row, &[frame::Key::Fill(color, text.to_owned())]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_is_a_finding_too() {
        let mut data = sheet();
        data.flagged.push(FlaggedSession {
            network: "192.0.2.0/24".to_owned(),
            changes: ChangeCounts {
                permissions: 4,
                ..ChangeCounts::default()
            },
            ..FlaggedSession::default()
        });
        assert_eq!(
            title(&data),
            "envoy@contoso.example: 1 flagged session made 4 changes of permissions from 192.0.2.0/24"
        );
    }

    fn sheet() -> MailboxSheet {
        MailboxSheet {
            mailbox: "envoy@contoso.example".to_owned(),
            items: Series {
                start: 0,
                step: 3_600,
                observed: vec![1],
                flagged: vec![1],
                expected: vec![],
            },
            flagged: Vec::new(),
            folders: 0,
            week: Vec::new(),
            first_day: 0,
            cell_step: 86_400,
            clients: Vec::new(),
            networks: Vec::new(),
            reasons: Vec::new(),
        }
    }

    #[test]
    fn title_is_a_short_finding() {
        let mut data = sheet();
        assert_eq!(title(&data), "envoy@contoso.example: no session flagged");
        data.flagged.push(FlaggedSession {
            items: 250,
            network: "192.0.2.0/24".to_owned(),
            ..FlaggedSession::default()
        });
        assert_eq!(
            title(&data),
            "envoy@contoso.example: 1 flagged session read 250 items from 192.0.2.0/24"
        );
        data.flagged.push(FlaggedSession {
            items: 1,
            odd_hour: true,
            ..FlaggedSession::default()
        });
        assert_eq!(
            title(&data),
            "envoy@contoso.example: 2 flagged sessions read 251 items from 2 networks; 1 session at an unusual hour"
        );
        // The same five folders in both.
        data.folders = 5;
        data.flagged
            .iter_mut()
            .for_each(|session| session.folders = 5);
        data.flagged[0].changes.rules = 1;
        data.flagged[1].changes.forwarding = 1;
        assert_eq!(
            title(&data),
            "envoy@contoso.example: 2 flagged sessions read 251 items, downloaded 5 whole folders and made 2 changes from 2 networks"
        );
        data.flagged[0].rank = 7;
        data.flagged[1].rank = 3;
        assert_eq!(
            why_title(&data),
            "Why number 3 was flagged: observed against expected"
        );
    }
}

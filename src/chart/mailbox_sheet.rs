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
use super::{ChartError, Style, label, lane, reason_bars, week_map};

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
/// Height of the week map.
const WEEK: f64 = 366.0;
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
    let (items, folders) = (sum(|s| s.items), sum(|s| s.folders));
    let sessions = data.flagged.len() as u64;
    let folders_in_words = label::counted(folders, "whole folder", "whole folders");
    let read = match (items, folders) {
        (0, 0) => String::new(),
        (items, 0) => format!(" read {}", label::counted(items, "item", "items")),
        (0, _) => format!(" downloaded {folders_in_words}"),
        (items, _) => format!(
            " read {} and downloaded {folders_in_words}",
            label::counted(items, "item", "items")
        ),
    };
    let mut title = format!(
        "{mailbox}: {}{read} from {}",
        label::counted(sessions, "flagged session", "flagged sessions"),
        origin(&data.flagged),
    );
    match (at_odd_hours(data), sessions) {
        (0, _) => {}
        (_, 1) => title.push_str(", at an unusual hour"),
        (odd, all) if odd == all => title.push_str("; all sessions at unusual hours"),
        (1, _) => title.push_str("; 1 session at an unusual hour"),
        (odd, _) => title.push_str(&format!(
            "; {} sessions at unusual hours",
            label::count(odd)
        )),
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

/// The legend of the timeline, in the free column left of it.
fn timeline_notes(canvas: &mut Canvas<'_>, area: Area, data: &MailboxSheet) {
    panel_title(canvas, area, "Items over time");
    let mut keys = vec![(super::theme::OBSERVED, "observed")];
    if data.items.has_band() {
        keys.push((super::theme::BAND, "expected range"));
    }
    if !data.flagged.is_empty() {
        keys.push((super::theme::FLAGGED, "flagged sessions"));
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
    fn title_is_a_short_finding() {
        let mut data = MailboxSheet {
            mailbox: "envoy@contoso.example".to_owned(),
            items: Series {
                start: 0,
                step: 3_600,
                observed: vec![1],
                flagged: vec![1],
                expected: vec![],
            },
            flagged: Vec::new(),
            week: Vec::new(),
            first_day: 0,
            cell_step: 86_400,
            clients: Vec::new(),
            networks: Vec::new(),
            reasons: Vec::new(),
        };
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
        data.flagged[0].rank = 7;
        data.flagged[1].rank = 3;
        assert_eq!(
            why_title(&data),
            "Why number 3 was flagged: observed against expected"
        );
    }
}

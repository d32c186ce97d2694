//! The tenant's mailbox accesses over time against their expected band, with every flagged spike marked and named.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area};
use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::scale::TimeScale;
use super::series::{self, Series, SeriesPlot};
use super::session_key::{self, FlaggedSession, Who};
use super::theme::size;
use super::typeface::Font;
use super::{ChartError, Style, label, theme};

/// What the overview shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantOverview {
    /// Mailbox accesses of the whole tenant per bin, with the expected range.
    pub accesses: Series,
    /// Mailboxes with at least one session.
    pub mailboxes: u64,
    /// Sessions in all.
    pub sessions: u64,
    /// Sessions that could have been flagged: none of a log that is all warm-up.
    pub judged: u64,
    /// Flagged sessions, in any order.
    pub flagged: Vec<FlaggedSession>,
    /// The session that read most of all, where it was not flagged: the eye stops at its peak.
    pub most_unflagged: Option<FlaggedSession>,
}

/// Height of the plot with its axes.
const PLOT: f64 = 520.0;
/// Height of the legend.
const LEGEND: f64 = 30.0;
/// Height of the line on the session that read most and was not flagged.
const NOTE: f64 = 34.0;

/// Draws the overview into the PNG file `path`, 1600 logical pixels wide; the height grows with the listed sessions.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &TenantOverview, style: &Style, path: &Path) -> Result<(), ChartError> {
    let key = session_key::height(data.flagged.len());
    let note = most_unflagged(data, style);
    let below = if note.is_some() { NOTE } else { 0.0 };
    let height = HEAD + LEGEND + PLOT + 18.0 + key + below + FOOT;
    let step = label::step(data.accesses.step);
    let picture = canvas::render(height, style, |canvas| {
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle(data, style),
            units: &format!("mailbox accesses per {step}"),
            times: true,
        };
        let mut area = frame::draw(canvas, style, &around);
        let legend = area.take_top(LEGEND);
        frame::legend(canvas, legend, &keys(data, &step));
        let plot = Area {
            left: area.left + 96.0,
            ..area.take_top(PLOT)
        };
        let time = TimeScale::new(
            (data.accesses.start, data.accesses.end()),
            (plot.left, plot.right),
            &style.time_zone,
        );
        series::plot(
            canvas,
            &SeriesPlot {
                series: &data.accesses,
                flagged: &data.flagged,
                area: plot,
                time: &time,
                counted: &format!("accesses per {step}"),
            },
        );
        area.top += 18.0;
        session_key::draw(canvas, area, &data.flagged, (Who::Mailbox, style));
        if let Some(note) = &note {
            let font = Font::of(size::SMALL).color(theme::MUTED);
            let text = font.fit_end(note, area.right - area.left);
            canvas.text_middle(&text, (area.left, area.top + key + NOTE / 2.0), font);
        }
    })?;
    canvas::save(&picture, path)
}

/// Which session read most and was not flagged, in words; `None` where a flagged one did.
pub(crate) fn most_unflagged(data: &TenantOverview, style: &Style) -> Option<String> {
    let session = data.most_unflagged.as_ref()?;
    let reason = match session.reason.as_str() {
        "" => String::new(),
        reason => format!("; {reason}"),
    };
    Some(format!(
        "Read most, and not flagged: number {}, {}, {}, {}, {}{reason}",
        session.rank,
        label::moment(session.start, &style.time_zone),
        label::name(&session.mailbox, 60),
        label::name(&session.client, 60),
        label::did(session.items, session.folders, &session.changes),
    ))
}

pub(super) fn title(data: &TenantOverview) -> String {
    let step = label::step(data.accesses.step);
    let (known, above) = data.accesses.above_band();
    let band = match (known, above) {
        (0, _) => String::new(),
        (_, 0) => format!("; no {step} above what is expected"),
        _ => {
            let share = label::share_of_bins(above, known, data.accesses.step);
            format!("; {share} above what is expected")
        }
    };
    let mut mailboxes: Vec<&str> = data.flagged.iter().map(|s| s.mailbox.as_str()).collect();
    mailboxes.sort_unstable();
    mailboxes.dedup();
    let flagged = label::counted(data.flagged.len() as u64, "session", "sessions");
    match mailboxes.as_slice() {
        [] if data.judged == 0 => format!("No session could be judged{band}"),
        [] => format!("No session flagged{band}"),
        [one] => format!(
            "{flagged} flagged, in the mailbox {}{band}",
            label::name(one, 44)
        ),
        many => {
            let many = label::counted(many.len() as u64, "mailbox", "mailboxes");
            format!("{flagged} flagged in {many}{band}")
        }
    }
}

fn subtitle(data: &TenantOverview, style: &Style) -> String {
    format!(
        "{} · {} to {} in {}",
        label::period(data.accesses.start, data.accesses.end(), &style.time_zone),
        label::counted(data.accesses.total(), "access", "accesses"),
        label::counted(data.mailboxes, "mailbox", "mailboxes"),
        label::counted(data.sessions, "session", "sessions"),
    )
}

fn keys(data: &TenantOverview, step: &str) -> Vec<Key> {
    let mut keys = vec![Key::Fill(theme::OBSERVED, format!("accesses per {step}"))];
    if data.accesses.has_band() {
        keys.push(Key::Fill(theme::BAND, "expected range".to_owned()));
    }
    if !data.flagged.is_empty() {
        keys.push(Key::Fill(
            theme::FLAGGED,
            "accesses of flagged sessions (number: rank; +: more there)".to_owned(),
        ));
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::super::Band;
    use super::*;

    fn data() -> TenantOverview {
        TenantOverview {
            accesses: Series {
                start: 0,
                step: 3_600,
                observed: vec![3, 9, 4],
                flagged: Vec::new(),
                expected: vec![
                    Some(Band {
                        low: 0.0,
                        high: 5.0
                    });
                    3
                ],
            },
            mailboxes: 2,
            sessions: 4,
            judged: 4,
            flagged: Vec::new(),
            most_unflagged: None,
        }
    }

    #[test]
    fn an_unflagged_peak_is_named() {
        let mut data = data();
        assert_eq!(most_unflagged(&data, &Style::default()), None);
        data.most_unflagged = Some(FlaggedSession {
            rank: 64,
            mailbox: "a@x".to_owned(),
            client: "Outlook desktop".to_owned(),
            items: 2_296,
            ..FlaggedSession::default()
        });
        assert_eq!(
            most_unflagged(&data, &Style::default()),
            Some("Read most, and not flagged: number 64, Thu 1 Jan 1970 00:00, a@x, Outlook desktop, 2,296 items".to_owned())
        );
    }

    #[test]
    fn title_states_the_finding() {
        let mut data = data();
        assert_eq!(
            title(&data),
            "No session flagged; 1 of 3 hours above what is expected"
        );
        data.accesses.observed[1] = 0;
        assert_eq!(
            title(&data),
            "No session flagged; no hour above what is expected"
        );
        data.judged = 0;
        assert_eq!(
            title(&data),
            "No session could be judged; no hour above what is expected"
        );
        data.flagged = ["a@contoso.example", "b@contoso.example"]
            .map(|mailbox| FlaggedSession {
                mailbox: mailbox.to_owned(),
                ..FlaggedSession::default()
            })
            .to_vec();
        data.accesses.expected.clear();
        assert_eq!(title(&data), "2 sessions flagged in 2 mailboxes");
        data.flagged.pop();
        assert_eq!(
            title(&data),
            "1 session flagged, in the mailbox a@contoso.example"
        );
    }
}

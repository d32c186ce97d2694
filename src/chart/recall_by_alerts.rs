//! The share of the episodes that is found, against the alerts that are read a day.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::frame::{self, FOOT, Frame, HEAD};
use super::plane::{Axis, Plane};
use super::{ChartError, Style, canvas, label, theme};

/// What the chart of recall against alerts shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecallByAlerts {
    /// Alerts a day and share of the episodes found, by rising alerts; steps that begin at each point.
    pub points: Vec<(f64, f64)>,
    /// Episodes in the log.
    pub episodes: u64,
    /// Length of the log in days.
    pub days: u64,
}

const PLOT: f64 = 640.0;
/// Alerts a day in the title: what one analyst reads beside other work.
const USUAL: f64 = 2.0;

/// Draws the chart into the PNG file `path`, 1600 × 860 logical pixels.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &RecallByAlerts, style: &Style, path: &Path) -> Result<(), ChartError> {
    let picture = canvas::render(HEAD + PLOT + FOOT, style, |canvas| {
        let subtitle = format!(
            "{} in {} · the highest alerts of the whole log · an alert is one mailbox on one day, raised by its highest session",
            label::counted(data.episodes, "episode", "episodes"),
            label::counted(data.days, "day", "days")
        );
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle,
            units: "alerts by falling score, over the days of the log; an episode is one mailbox in one campaign",
            times: false,
        };
        let area = frame::draw(canvas, style, &around);
        let alerts = data.points.iter().map(|(alerts, _)| *alerts);
        let axes = (
            Axis::from_zero("alerts read for each day of the log", alerts),
            Axis::share("share of the episodes found"),
        );
        let plane = Plane::draw(canvas, area, axes);
        plane.steps(canvas, &data.points, theme::OBSERVED);
        plane.upright(canvas, USUAL, "2 a day", &data.points);
    })?;
    canvas::save(&picture, path)
}

fn title(data: &RecallByAlerts) -> String {
    if data.episodes == 0 {
        return "The log has no attack: there is nothing to find".to_owned();
    }
    let found = data
        .points
        .iter()
        .rev()
        .find(|(alerts, _)| *alerts <= USUAL)
        .map_or(0.0, |(_, found)| *found);
    format!(
        "The highest alerts, two for each day, find {} of {}",
        label::count((found * data.episodes as f64).round() as u64),
        label::counted(data.episodes, "episode", "episodes")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_counts_what_two_alerts_a_day_find() {
        let data = RecallByAlerts {
            points: vec![(0.0, 0.0), (0.3, 0.5), (1.9, 0.75), (2.1, 1.0)],
            episodes: 16,
            days: 43,
        };
        assert_eq!(
            title(&data),
            "The highest alerts, two for each day, find 12 of 16 episodes"
        );
    }
}

//! How soon episodes are found: the share found against the days since their first record.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::plane::{Axis, Plane};
use super::{ChartError, Style, canvas, label, theme};

/// One way of finding episodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelayCurve {
    /// Its name.
    pub name: String,
    /// Days and share of the episodes found by then, by rising days; steps that begin at each point.
    pub points: Vec<(f64, f64)>,
}

/// What the chart of detection delay shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectionDelay {
    /// The curves; the title speaks of the first.
    pub curves: Vec<DelayCurve>,
    /// Episodes in the log.
    pub episodes: u64,
}

const PLOT: f64 = 620.0;
const LEGEND: f64 = 40.0;

/// Draws the chart into the PNG file `path`, 1600 × 880 logical pixels.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &DetectionDelay, style: &Style, path: &Path) -> Result<(), ChartError> {
    let picture = canvas::render(HEAD + LEGEND + PLOT + FOOT, style, |canvas| {
        let subtitle = format!(
            "{} · from the first labelled record to the end of the day of detection",
            label::counted(data.episodes, "episode", "episodes")
        );
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle,
            units: "episodes; those never found stay below the curve's end",
        };
        let mut area = frame::draw(canvas, style, &around);
        let legend = area.take_top(LEGEND);
        let keys: Vec<Key> = data
            .curves
            .iter()
            .enumerate()
            .map(|(index, curve)| Key::Line(theme::category(index), curve.name.clone()))
            .collect();
        frame::legend(canvas, legend, &keys);
        let days = data
            .curves
            .iter()
            .flat_map(|curve| curve.points.iter().map(|(days, _)| *days));
        let axes = (
            Axis::from_zero("days since the first labelled record", days),
            Axis::share("share of the episodes found"),
        );
        let plane = Plane::draw(canvas, area, axes);
        // The first curve is drawn last, on top.
        for (index, curve) in data.curves.iter().enumerate().rev() {
            plane.steps(canvas, &curve.points, theme::category(index));
        }
    })?;
    canvas::save(&picture, path)
}

fn title(data: &DetectionDelay) -> String {
    if data.episodes == 0 {
        return "The log has no attack: there is nothing to find".to_owned();
    }
    let points = data
        .curves
        .first()
        .map_or(&[][..], |curve| curve.points.as_slice());
    let found = points.last().map_or(0.0, |(_, found)| *found);
    let half = points.iter().find(|(_, found)| *found >= 0.5);
    let of_all = format!(
        "{} of {}",
        label::count((found * data.episodes as f64).round() as u64),
        label::counted(data.episodes, "episode", "episodes")
    );
    match half {
        Some((days, _)) => format!(
            "{of_all} found, half of all within {} days",
            label::value(*days)
        ),
        None => format!("{of_all} found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_gives_the_median_delay() {
        let curve = |points: Vec<(f64, f64)>| DelayCurve {
            name: "flags".to_owned(),
            points,
        };
        let data = DetectionDelay {
            curves: vec![curve(vec![(0.0, 0.0), (0.8, 0.25), (3.0, 0.75)])],
            episodes: 4,
        };
        assert_eq!(
            title(&data),
            "3 of 4 episodes found, half of all within 3 days"
        );
        let data = DetectionDelay {
            curves: vec![curve(vec![(0.0, 0.0), (0.8, 0.25)])],
            episodes: 4,
        };
        assert_eq!(title(&data), "1 of 4 episodes found");
    }
}

//! How soon episodes are found: the share found against the days since their first record.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::plane::{Axis, Plane};
use super::{ChartError, Style, canvas, label, theme};

/// One way of finding episodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DelayCurve {
    /// Its name; after "3 of 4 episodes" it makes a sentence, such as `flagged`.
    pub name: String,
    /// Days and share of the episodes found by then, by rising days; steps that begin at each point.
    pub points: Vec<(f64, f64)>,
}

/// What the chart of detection delay shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DetectionDelay {
    /// The curves; the title says of each how much it finds, and of the first how soon.
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
            times: false,
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
    let found = |curve: &DelayCurve| {
        let share = curve.points.last().map_or(0.0, |(_, found)| *found);
        label::count((share * data.episodes as f64).round() as u64)
    };
    let all = label::counted(data.episodes, "episode", "episodes");
    let mut curves = data.curves.iter();
    let Some(first) = curves.next() else {
        return format!("{all}, and nothing that would find them");
    };
    let mut title = format!("{} of {all} {}", found(first), first.name);
    if let Some((days, _)) = first.points.iter().find(|(_, found)| *found >= 0.5) {
        title.push_str(&format!(
            ", half of all within {} days",
            label::value(*days)
        ));
    }
    for curve in curves {
        let all = label::count(data.episodes);
        title.push_str(&format!("; {} of {all} {}", found(curve), curve.name));
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_says_what_each_curve_finds() {
        let curve = |name: &str, points: Vec<(f64, f64)>| DelayCurve {
            name: name.to_owned(),
            points,
        };
        let flagged = curve("flagged", vec![(0.0, 0.0), (0.8, 0.25), (3.0, 0.75)]);
        let read = curve("among the two highest", vec![(0.0, 0.0), (0.8, 0.25)]);
        let of = |curves: Vec<DelayCurve>| {
            title(&DetectionDelay {
                curves,
                episodes: 4,
            })
        };
        assert_eq!(
            of(vec![flagged.clone(), read.clone()]),
            "3 of 4 episodes flagged, half of all within 3 days; 1 of 4 among the two highest"
        );
        assert_eq!(of(vec![read]), "1 of 4 episodes among the two highest");
    }
}

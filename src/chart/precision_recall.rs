//! Precision against recall over the sessions of a labelled log.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::frame::{self, FOOT, Frame, HEAD};
use super::plane::{Axis, Plane};
use super::{ChartError, Style, canvas, label, theme};

/// What the precision-recall chart shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecall {
    /// Recall and precision, 0 to 1 each, by rising recall.
    pub points: Vec<(f64, f64)>,
    /// Average precision, 0 to 1; `None` without an attack.
    pub average_precision: Option<f64>,
    /// Sessions of the log.
    pub sessions: u64,
    /// Of these, attacks.
    pub attack_sessions: u64,
}

const PLOT: f64 = 640.0;

/// Draws the chart into the PNG file `path`, 1600 × 860 logical pixels.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &PrecisionRecall, style: &Style, path: &Path) -> Result<(), ChartError> {
    let picture = canvas::render(HEAD + PLOT + FOOT, style, |canvas| {
        let attacks = format!(
            "{} of {} are attacks",
            label::count(data.attack_sessions),
            label::counted(data.sessions, "session", "sessions"),
        );
        let subtitle = match data.average_precision {
            Some(average) => format!("{attacks} · average precision {average:.3}"),
            None => attacks,
        };
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle,
            units: "sessions by falling score; precision is the share of attacks among those listed so far",
            times: false,
        };
        let area = frame::draw(canvas, style, &around);
        let axes = (
            Axis::share("recall: share of the attack sessions listed so far"),
            Axis::share("precision: share of attacks among the sessions listed so far"),
        );
        let plane = Plane::draw(canvas, area, axes);
        plane.curve(canvas, &data.points, theme::OBSERVED);
    })?;
    canvas::save(&picture, path)
}

fn title(data: &PrecisionRecall) -> String {
    let Some(average) = data.average_precision else {
        return "The log has no attack session: there is no precision to show".to_owned();
    };
    match data.points.iter().rev().find(|(recall, _)| *recall <= 0.5) {
        Some((_, precision)) => format!(
            "Where half of the attack sessions are listed, {} of those listed are attacks",
            label::percent(*precision)
        ),
        None => format!("Average precision {average:.2} over the sessions of the log"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_states_the_precision_at_half_recall() {
        let mut data = PrecisionRecall {
            points: vec![(0.25, 1.0), (0.5, 0.8), (1.0, 0.1)],
            average_precision: Some(0.7),
            sessions: 100,
            attack_sessions: 4,
        };
        assert!(title(&data).ends_with("80% of those listed are attacks"));
        data.average_precision = None;
        assert!(title(&data).starts_with("The log has no attack session"));
    }
}

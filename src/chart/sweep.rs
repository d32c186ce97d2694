//! A measure of several detectors over a parameter, with intervals, and what the public record says beside it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::plane::{Axis, Plane};
use super::{ChartError, Style, canvas, theme};

/// A measured mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// Value of the parameter.
    pub x: f64,
    /// Mean of the measure.
    pub mean: f64,
    /// Lower and upper end of the interval.
    pub interval: (f64, f64),
    /// Whether it is a lower bound only, because not everything was found.
    pub at_least: bool,
}

/// The points of one detector or variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepSeries {
    /// Its name.
    pub name: String,
    /// Its points, by rising parameter.
    pub points: Vec<SweepPoint>,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// The value, in the unit of the measure.
    pub value: f64,
    /// What it is.
    pub label: String,
}

/// What a sweep chart shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The finding.
    pub title: String,
    /// What was measured, and on what.
    pub subtitle: String,
    /// The parameter, with its unit.
    pub parameter: String,
    /// The measure, with its unit.
    pub measure: String,
    /// Whether the measure is a share, 0 to 1.
    pub share: bool,
    /// The series, in the order of their colours.
    pub series: Vec<SweepSeries>,
    /// A value to compare with.
    pub reference: Option<Reference>,
}

const PLOT: f64 = 640.0;
const LEGEND: f64 = 40.0;
/// Height of the line that says what hollow points are.
const NOTE: f64 = 30.0;
const HOLLOW: &str =
    "hollow: not everything was found; what is never found counts until the end of the log";
/// Whiskers of neighbouring series stand this share of the parameter's range apart, so that none hides another.
const APART: f64 = 0.006;

/// Draws the chart into the PNG file `path`, 1600 × 900 logical pixels.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &Sweep, style: &Style, path: &Path) -> Result<(), ChartError> {
    let picture = canvas::render(HEAD + LEGEND + PLOT + FOOT, style, |canvas| {
        let around = Frame {
            title: &data.title,
            subtitle: &data.subtitle,
            units: "means over seeds; whiskers are 95% confidence intervals",
            times: false,
        };
        let mut area = frame::draw(canvas, style, &around);
        let legend = area.take_top(LEGEND);
        let keys: Vec<Key> = data
            .series
            .iter()
            .enumerate()
            .map(|(index, series)| Key::Line(theme::category(index), series.name.clone()))
            .collect();
        frame::legend(canvas, legend, &keys);
        let mut points = data.series.iter().flat_map(|series| &series.points);
        if points.any(|point| point.at_least) {
            let note = Key::Ring(theme::MUTED, HOLLOW.to_owned());
            frame::legend(canvas, area.take_top(NOTE), &[note]);
        }
        let plane = Plane::draw(canvas, area, axes(data));
        if let Some(reference) = &data.reference {
            plane.level(canvas, reference.value, &reference.label);
        }
        let range = extent(data).1 - extent(data).0;
        let middle = (data.series.len() as f64 - 1.0) / 2.0;
        // The first series is drawn last, on top.
        for (index, series) in data.series.iter().enumerate().rev() {
            let color = theme::category(index);
            let shift = (index as f64 - middle) * APART * range;
            let points: Vec<(f64, f64)> = series
                .points
                .iter()
                .map(|p| (p.x + shift, p.mean))
                .collect();
            plane.curve(canvas, &points, color);
            for (point, at) in series.points.iter().zip(&points) {
                plane.whisker(canvas, at.0, point.interval, color);
                if point.at_least {
                    canvas.ring(plane.at(*at), 6.0, color);
                } else {
                    canvas.disc(plane.at(*at), 5.0, color);
                }
            }
        }
    })?;
    canvas::save(&picture, path)
}

/// Smallest and largest parameter; a range of one if there are not two.
fn extent(data: &Sweep) -> (f64, f64) {
    let values = || {
        data.series
            .iter()
            .flat_map(|s| s.points.iter().map(|p| p.x))
            .filter(|x| x.is_finite())
    };
    let (low, high) = (
        values().fold(f64::INFINITY, f64::min),
        values().fold(f64::NEG_INFINITY, f64::max),
    );
    if low < high {
        (low, high)
    } else if low.is_finite() {
        (low - 0.5, low + 0.5)
    } else {
        (0.0, 1.0)
    }
}

fn axes(data: &Sweep) -> (Axis<'_>, Axis<'_>) {
    let (low, high) = extent(data);
    // Room for the whiskers of the outermost points.
    let room = (high - low) * 0.03;
    let x = Axis {
        label: &data.parameter,
        low: low - room,
        high: high + room,
        share: false,
    };
    let values = data
        .series
        .iter()
        .flat_map(|s| s.points.iter().flat_map(|p| [p.mean, p.interval.1]));
    let values = values.chain(data.reference.iter().map(|r| r.value * 1.05));
    let y = if data.share {
        Axis::share(&data.measure)
    } else {
        Axis::from_zero(&data.measure, values)
    };
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parameter_still_has_a_range() {
        let point = |x| SweepPoint {
            x,
            mean: 1.0,
            interval: (0.5, 2.0),
            at_least: false,
        };
        let mut data = Sweep {
            title: String::new(),
            subtitle: String::new(),
            parameter: "strength".to_owned(),
            measure: "days".to_owned(),
            share: false,
            series: vec![SweepSeries {
                name: "mailglass".to_owned(),
                points: vec![point(0.5)],
            }],
            reference: Some(Reference {
                value: 32.0,
                label: "public record".to_owned(),
            }),
        };
        assert_eq!(extent(&data), (0.0, 1.0));
        assert_eq!(axes(&data).1.high, 40.0);
        data.series[0].points = vec![point(0.0), point(2.0)];
        assert_eq!(extent(&data), (0.0, 2.0));
        data.series.clear();
        assert_eq!(extent(&data), (0.0, 1.0));
    }

    #[test]
    fn a_point_that_is_a_lower_bound_is_drawn_hollow_and_explained() {
        let folder = tempfile::tempdir().expect("a folder");
        let drawn = |at_least: bool| {
            let point = |x| SweepPoint {
                x,
                mean: 1.0,
                interval: (0.5, 2.0),
                at_least,
            };
            let data = Sweep {
                title: String::new(),
                subtitle: String::new(),
                parameter: "strength".to_owned(),
                measure: "days".to_owned(),
                share: false,
                series: vec![SweepSeries {
                    name: "mailglass".to_owned(),
                    points: vec![point(0.0), point(1.0)],
                }],
                reference: None,
            };
            let path = folder.path().join(format!("{at_least}.png"));
            draw(&data, &Style::default(), &path).expect("a chart");
            std::fs::read(path).expect("a file")
        };
        assert_ne!(drawn(true), drawn(false));
        let room = theme::WIDTH - 2.0 * theme::MARGIN;
        let font = crate::chart::typeface::Font::of(theme::size::SMALL);
        assert!(font.width(HOLLOW) < room, "the note is not cut");
    }
}

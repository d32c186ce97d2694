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
                canvas.disc(plane.at(*at), 5.0, color);
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
}

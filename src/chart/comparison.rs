//! A measure of several variants as bars with intervals, such as an ablation.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area};
use super::frame::{self, FOOT, Frame, HEAD};
use super::theme::{self, size};
use super::typeface::{Align, Font};
use super::{ChartError, Style, label};

/// One variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Mean of the measure.
    pub mean: f64,
    /// Lower and upper end of the interval.
    pub interval: (f64, f64),
    /// Whether the mean is a lower bound only, because not everything was found.
    pub at_least: bool,
}

/// What a comparison shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The finding.
    pub title: String,
    /// What was measured, and on what.
    pub subtitle: String,
    /// The measure, with its unit.
    pub measure: String,
    /// The variants from top to bottom; the first is what the others are compared with.
    pub bars: Vec<Bar>,
}

const ROW: f64 = 46.0;
/// Most bars shown; more would not fit a page.
const SHOWN: usize = 40;
/// Width of the names.
const NAMES: f64 = 480.0;
/// Room right of the longest bar for its value.
const VALUES: f64 = 110.0;
const AXIS: f64 = 40.0;

/// Draws the chart into the PNG file `path`, 1600 logical pixels wide.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &Comparison, style: &Style, path: &Path) -> Result<(), ChartError> {
    let bars = data.bars.get(..SHOWN).unwrap_or(&data.bars);
    let plot = bars.len().max(1) as f64 * ROW + AXIS;
    let picture = canvas::render(HEAD + plot + FOOT, style, |canvas| {
        let around = Frame {
            title: &data.title,
            subtitle: &data.subtitle,
            units: if bars.iter().any(|bar| bar.at_least) {
                "means over seeds, 95% intervals; ≥: never found counts until the end of the log"
            } else {
                "means over seeds; whiskers are 95% confidence intervals"
            },
            times: false,
        };
        let area = frame::draw(canvas, style, &around);
        let (left, right) = (area.left + NAMES, area.right - VALUES);
        let most = bars
            .iter()
            .flat_map(|b| [b.mean, b.interval.1])
            .filter(|v| v.is_finite())
            .fold(0.0, f64::max);
        let at = |value: f64| {
            let share = if most > 0.0 && value.is_finite() {
                value.clamp(0.0, most) / most
            } else {
                0.0
            };
            left + share * (right - left)
        };
        for (index, bar) in bars.iter().enumerate() {
            let top = area.top + index as f64 * ROW;
            let middle = top + ROW / 2.0;
            let name = Font::of(size::BODY).align(Align::Right);
            let name = if index == 0 { name.bold() } else { name };
            canvas.text_middle(
                &name.fit_end(&bar.name, NAMES - 24.0),
                (left - 14.0, middle),
                name,
            );
            let color = if index == 0 {
                theme::OBSERVED
            } else {
                theme::mix(theme::OBSERVED, theme::PAPER, 0.45)
            };
            let area = Area {
                left,
                right: at(bar.mean),
                top: top + 8.0,
                bottom: top + ROW - 8.0,
            };
            canvas.fill(area, color, 1.0);
            let (low, high) = (at(bar.interval.0), at(bar.interval.1));
            canvas.line((low, middle), (high, middle), theme::INK, 2.0);
            for end in [low, high] {
                canvas.line((end, middle - 6.0), (end, middle + 6.0), theme::INK, 2.0);
            }
            let value = Font::of(size::BODY);
            let bound = if bar.at_least { "≥ " } else { "" };
            canvas.text_middle(
                &format!("{bound}{}", label::value(bar.mean)),
                (high.max(at(bar.mean)) + 12.0, middle),
                value,
            );
        }
        if let Some(first) = bars.first() {
            let x = at(first.mean);
            canvas.line((x, area.top), (x, area.bottom - AXIS), theme::MUTED, 1.0);
        }
        canvas.line(
            (left, area.top),
            (left, area.bottom - AXIS),
            theme::MUTED,
            1.0,
        );
        let font = Font::of(size::SMALL).color(theme::MUTED);
        canvas.text_middle(&data.measure, (left, area.bottom - AXIS / 2.0), font);
    })?;
    canvas::save(&picture, path)
}

//! All isolation scores as a histogram, the flag threshold, and how many flags chance alone would raise.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area, Canvas};
use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::scale::CountScale;
use super::theme::size;
use super::typeface::{Align, Font};
use super::{ChartError, Style, label, series, theme};

/// The score from which sessions of one kind are flagged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Kind of session, such as `interactive`; empty if one threshold holds for all.
    pub kind: String,
    /// Isolation score, 0 to 1.
    pub score: f64,
}

/// What the score distribution shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreDistribution {
    /// Scores of the judged sessions that were not flagged, 0 to 1, higher is more anomalous.
    pub unflagged: Vec<f64>,
    /// Scores of the flagged sessions.
    pub flagged: Vec<f64>,
    /// Thresholds, one per kind of session; empty if flags do not follow from a fixed score.
    pub thresholds: Vec<Threshold>,
    /// Flags that chance alone would raise under the rule.
    pub expected_by_chance: f64,
    /// The rule in words, such as `false-discovery rate 5%`.
    pub rule: String,
    /// Sessions of the warm-up: scored, never flagged, not shown.
    pub warm_up: u64,
}

/// Bins over the whole range of scores.
const BINS: usize = 100;
/// Height of the plot with its axes.
const PLOT: f64 = 560.0;
/// Height of the legend.
const LEGEND: f64 = 40.0;
/// Width of the column with the two figures.
const FIGURES: f64 = 330.0;

/// Draws the distribution into the PNG file `path`, 1600 × 812 logical pixels.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &ScoreDistribution, style: &Style, path: &Path) -> Result<(), ChartError> {
    let picture = canvas::render(HEAD + LEGEND + PLOT + FOOT, style, |canvas| {
        let judged = (data.unflagged.len() + data.flagged.len()) as u64;
        let mut subtitle = format!(
            "{} judged · {}",
            label::counted(judged, "session", "sessions"),
            data.rule
        );
        if data.warm_up > 0 {
            let warm_up = label::counted(data.warm_up, "session", "sessions");
            subtitle = format!("{subtitle} · {warm_up} of the warm-up not shown");
        }
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle,
            units: "sessions by isolation score, 0 to 1, higher is more anomalous",
        };
        let mut area = frame::draw(canvas, style, &around);
        let legend = area.take_top(LEGEND);
        let keys = [
            Key::Fill(theme::OBSERVED, "not flagged".to_owned()),
            Key::Fill(theme::FLAGGED, "flagged".to_owned()),
            Key::Line(theme::INK, "threshold".to_owned()),
        ];
        let shown = if data.thresholds.is_empty() { 2 } else { 3 };
        frame::legend(canvas, legend, &keys[..shown]);
        let mut plot = area.take_top(PLOT);
        plot.left += 96.0;
        let figures = Area {
            left: plot.right - FIGURES + 50.0,
            ..plot
        };
        plot.right -= FIGURES;
        histogram(canvas, plot, data);
        draw_figures(canvas, figures, data);
    })?;
    canvas::save(&picture, path)
}

pub(super) fn title(data: &ScoreDistribution) -> String {
    let judged = (data.unflagged.len() + data.flagged.len()) as u64;
    if judged == 0 {
        return "No session could be judged: there is nothing after the warm-up".to_owned();
    }
    let chance = about(data.expected_by_chance);
    let all = label::counted(judged, "session", "sessions");
    match data.flagged.len() {
        0 => format!("None of {all} flagged; chance alone would raise {chance}"),
        n => format!(
            "{} of {all} flagged; chance alone would raise {chance}",
            label::count(n as u64)
        ),
    }
}

/// An expected number in words.
fn about(expected: f64) -> String {
    if !expected.is_finite() || expected < 0.0 {
        "an unknown number".to_owned()
    } else if expected < 0.05 {
        "next to none".to_owned()
    } else {
        format!("about {}", label::value(expected))
    }
}

/// Index of the bin of `score`, none for what is no number.
fn bin(score: f64) -> Option<usize> {
    let place = (score.clamp(0.0, 1.0) * BINS as f64).floor();
    (!place.is_nan()).then(|| (place as usize).min(BINS - 1))
}

fn tally(scores: &[f64]) -> Vec<u64> {
    let mut counts = vec![0; BINS];
    for index in scores.iter().filter_map(|score| bin(*score)) {
        counts[index] += 1;
    }
    counts
}

/// First and last score shown: the data and the thresholds with some room, in steps of a twentieth.
fn range(data: &ScoreDistribution) -> (f64, f64) {
    let all = data.unflagged.iter().chain(&data.flagged).copied();
    let all = all.chain(data.thresholds.iter().map(|t| t.score));
    let (mut low, mut high) = (1.0f64, 0.0f64);
    for score in all.filter(|score| score.is_finite()) {
        low = low.min(score.clamp(0.0, 1.0));
        high = high.max(score.clamp(0.0, 1.0));
    }
    if low > high {
        return (0.0, 1.0);
    }
    let low = ((low * 20.0 - 0.4).floor() / 20.0).max(0.0);
    let high = ((high * 20.0 + 0.4).ceil() / 20.0).min(1.0);
    if high - low < 0.2 {
        ((high - 0.2).max(0.0), (low + 0.2).min(1.0))
    } else {
        (low, high)
    }
}

fn histogram(canvas: &mut Canvas<'_>, area: Area, data: &ScoreDistribution) {
    let area = Area {
        top: area.top + 40.0,
        bottom: area.bottom - series::TIME_AXIS,
        ..area
    };
    let (low, high) = range(data);
    let at = |score: f64| area.left + (score.clamp(low, high) - low) / (high - low) * area.width();
    let (unflagged, flagged) = (tally(&data.unflagged), tally(&data.flagged));
    let bins: Vec<(u64, u64)> = unflagged
        .iter()
        .zip(&flagged)
        .map(|(unflagged, flagged)| (unflagged + flagged, *flagged))
        .collect();
    let most = bins.iter().map(|(total, _)| *total).max().unwrap_or(0) as f64;
    let counts = CountScale::new(most, most > 30.0, (area.bottom, area.top));
    series::count_axis(canvas, area, &counts, "sessions");
    for (i, (total, flagged)) in bins.into_iter().enumerate() {
        let (left, right) = (at(i as f64 / BINS as f64), at((i + 1) as f64 / BINS as f64));
        // Both bars stand on zero: on a logarithmic axis stacked parts could not be compared.
        for (count, color) in [(total, theme::OBSERVED), (flagged, theme::FLAGGED)] {
            if count > 0 {
                let bar = Area {
                    left: left + 1.0,
                    right: (right - 1.0).max(left + 2.0),
                    top: counts.at(count as f64).min(area.bottom - 2.0),
                    bottom: area.bottom,
                };
                canvas.fill(bar, color, 1.0);
            }
        }
    }
    canvas.line(
        (area.left, area.bottom),
        (area.right, area.bottom),
        theme::MUTED,
        1.0,
    );
    let font = Font::of(size::SMALL)
        .color(theme::MUTED)
        .align(Align::Centre);
    let step = if high - low > 0.5 { 2 } else { 1 };
    for i in ((low * 20.0).round() as usize..=(high * 20.0).round() as usize).step_by(step) {
        let x = at(i as f64 / 20.0);
        canvas.line((x, area.bottom), (x, area.bottom + 6.0), theme::MUTED, 1.0);
        canvas.text(
            &format!("{:.2}", i as f64 / 20.0),
            (x, area.bottom + 24.0),
            font,
        );
    }
    let middle = (area.left + area.right) / 2.0;
    canvas.text(
        "isolation score (higher is more anomalous)",
        (middle, area.bottom + 50.0),
        font,
    );
    draw_thresholds(canvas, area, (&data.thresholds, &at));
}

/// Thresholds by score.
fn sorted(thresholds: &[Threshold]) -> Vec<&Threshold> {
    let mut sorted: Vec<&Threshold> = thresholds.iter().filter(|t| t.score.is_finite()).collect();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score).then(a.kind.cmp(&b.kind)));
    sorted
}

/// A line for each threshold; the label stands beside it if it is the only one, else in the list of the figures.
fn draw_thresholds(
    canvas: &mut Canvas<'_>,
    area: Area,
    (thresholds, at): (&[Threshold], &dyn Fn(f64) -> f64),
) {
    let thresholds = sorted(thresholds);
    for threshold in &thresholds {
        let x = at(threshold.score);
        canvas.line((x, area.top - 30.0), (x, area.bottom), theme::INK, 2.0);
    }
    if let [only] = thresholds.as_slice() {
        let font = Font::of(size::SMALL).bold();
        let text = format!("flagged from {:.3}", only.score);
        let width = font.width(&text);
        let x = at(only.score);
        // Left of the line, or right of it near the left end of the axis.
        let left = if x - width - 10.0 > area.left {
            x - width - 10.0
        } else {
            x + 10.0
        };
        canvas.text_middle(&text, (left, area.top - 20.0), font);
    }
}

/// Most thresholds in the list of the figures.
const LISTED: usize = 4;

/// The thresholds of several kinds of session, below the figures.
fn list_thresholds(canvas: &mut Canvas<'_>, area: Area, thresholds: &[Threshold]) {
    let thresholds = sorted(thresholds);
    if thresholds.len() < 2 {
        return;
    }
    let font = Font::of(size::SMALL);
    let muted = font.color(theme::MUTED);
    let mut y = area.top;
    canvas.text_middle("flagged from", (area.left, y), muted);
    for threshold in thresholds.iter().take(LISTED) {
        y += 28.0;
        let score = format!("{:.3} ", threshold.score);
        let bold = font.bold();
        canvas.text_middle(&score, (area.left, y), bold);
        let left = area.left + bold.width(&score) + 10.0;
        let kind = font.fit_end(&label::name(&threshold.kind, 60), area.right - left);
        canvas.text_middle(&kind, (left, y), font);
    }
    if thresholds.len() > LISTED {
        let more = format!("and {} more", thresholds.len() - LISTED);
        canvas.text_middle(&more, (area.left, y + 28.0), muted);
    }
}

fn draw_figures(canvas: &mut Canvas<'_>, area: Area, data: &ScoreDistribution) {
    let big = Font::of(64.0).bold();
    let small = Font::of(size::BODY).color(theme::MUTED);
    let flagged = label::count(data.flagged.len() as u64);
    let expected = if data.expected_by_chance.is_finite() && data.expected_by_chance >= 0.0 {
        label::value(data.expected_by_chance)
    } else {
        "–".to_owned()
    };
    let mut y = area.top + 90.0;
    for (text, color, what) in [
        (flagged, theme::FLAGGED, "flagged"),
        (expected, theme::MUTED, "expected by chance"),
    ] {
        let font = big.color(color);
        canvas.text(&font.fit(&text, area.width()), (area.left, y), font);
        canvas.text(what, (area.left, y + 34.0), small);
        y += 140.0;
    }
    let list = Area {
        top: y - 50.0,
        ..area
    };
    list_thresholds(canvas, list, &data.thresholds);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(unflagged: Vec<f64>, flagged: Vec<f64>) -> ScoreDistribution {
        ScoreDistribution {
            unflagged,
            flagged,
            thresholds: Vec::new(),
            expected_by_chance: 2.0,
            rule: String::new(),
            warm_up: 0,
        }
    }

    #[test]
    fn every_score_has_a_bin_and_no_number_has_none() {
        assert_eq!(bin(0.0), Some(0));
        assert_eq!(bin(0.505), Some(50));
        assert_eq!(bin(1.0), Some(BINS - 1));
        assert_eq!(bin(f64::INFINITY), Some(BINS - 1));
        assert_eq!(bin(f64::NAN), None);
        assert_eq!(tally(&[0.5, 0.5, f64::NAN, 2.0]).iter().sum::<u64>(), 3);
    }

    #[test]
    fn range_covers_data_and_thresholds() {
        assert_eq!(range(&data(vec![], vec![])), (0.0, 1.0));
        let (low, high) = range(&data(vec![0.41], vec![0.83]));
        assert!(low <= 0.41 && high >= 0.83 && low >= 0.3 && high <= 0.9);
        let (low, high) = range(&data(vec![0.5], vec![]));
        assert!(high - low >= 0.2);
    }

    #[test]
    fn title_compares_with_chance() {
        assert_eq!(
            title(&data(vec![0.4; 9], vec![0.8])),
            "1 of 10 sessions flagged; chance alone would raise about 2"
        );
        assert_eq!(
            title(&data(vec![0.4; 9], vec![])),
            "None of 9 sessions flagged; chance alone would raise about 2"
        );
        assert!(title(&data(vec![], vec![])).starts_with("No session could be judged"));
    }
}

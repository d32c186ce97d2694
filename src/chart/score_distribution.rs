//! All scores as a histogram, the flag thresholds, and how many flags chance alone would raise.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area, Canvas};
use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::scale::CountScale;
use super::theme::size;
use super::typeface::{Align, Font};
use super::{ChartError, Style, label, series, theme};

/// The scores from which sessions were flagged: every day has a threshold of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Threshold of the day with the lowest one, 0 to 1.
    pub low: f64,
    /// Threshold of the day with the highest one, 0 to 1.
    pub high: f64,
}

/// What the score distribution shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreDistribution {
    /// Scores of the judged sessions.
    pub scores: ScoreBins,
    /// Lowest and highest threshold of the judged days; none if no day has one.
    pub thresholds: Option<Thresholds>,
    /// Alerts: mailboxes with flagged sessions, by day.
    pub alerts: u64,
    /// Alerts that chance alone would raise under the rule.
    pub expected_by_chance: f64,
    /// The rule in words, such as `2 alerts a day`.
    pub rule: String,
    /// From the first event of the judged sessions to the last, Unix seconds; none without any.
    pub judged_period: Option<(i64, i64)>,
    /// Sessions of the warm-up: scored, never flagged, not shown.
    pub warm_up: u64,
    /// Sessions of later days that had no threshold: scored, never flagged, not shown.
    pub unjudged: u64,
    /// Sessions after the warm-up that did not touch a mailbox, such as sign-ins: not judged, not shown.
    pub untouched: u64,
}

impl ScoreDistribution {
    /// Sessions that are shown: all that could have been flagged.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.scores
            .unflagged()
            .saturating_add(self.scores.flagged())
    }
}

/// Scores, 0 to 1, higher is more anomalous, counted by bins of a hundredth: a kept chart need not hold a million numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreBins {
    /// Score at which bin 0 begins: with the lowest threshold here, no bar of a flagged session begins left of it.
    pub border: f64,
    /// Bins with any sessions, from the lowest.
    pub bins: Vec<ScoreBin>,
    /// Lowest and highest score; none where there are no scores.
    pub range: Option<(f64, f64)>,
}

/// Sessions whose scores lie in one hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreBin {
    /// Number of the bin, counted from the border; negative below it.
    pub number: i32,
    /// Sessions that were not flagged.
    pub unflagged: u64,
    /// Flagged sessions.
    pub flagged: u64,
}

impl ScoreBins {
    /// Counts scores, each with whether its session was flagged; those outside of 0 to 1 count as the nearer end, and what is no
    /// number does not count. `thresholds` of the judged days set the border.
    pub fn new(
        thresholds: Option<Thresholds>,
        scores: impl IntoIterator<Item = (f64, bool)>,
    ) -> Self {
        let border = finite(thresholds).map_or(0.0, |band| band.low.clamp(0.0, 1.0));
        // The border may lie anywhere, so that bins are numbered from -BINS to BINS.
        let mut counts = vec![[0u64; 2]; 2 * BINS as usize + 1];
        let mut range: Option<(f64, f64)> = None;
        for (score, flagged) in scores.into_iter().filter(|(score, _)| !score.is_nan()) {
            let score = score.clamp(0.0, 1.0);
            let number = ((score - border) * f64::from(BINS)).floor() as i32;
            counts[(number + BINS) as usize][usize::from(flagged)] += 1;
            let (low, high) = range.unwrap_or((score, score));
            range = Some((low.min(score), high.max(score)));
        }
        let bins = (-BINS..)
            .zip(counts)
            .filter(|(_, [unflagged, flagged])| unflagged + flagged > 0)
            .map(|(number, [unflagged, flagged])| ScoreBin {
                number,
                unflagged,
                flagged,
            })
            .collect();
        Self {
            border,
            bins,
            range,
        }
    }

    /// Sessions that were not flagged.
    #[must_use]
    pub fn unflagged(&self) -> u64 {
        self.sessions(|bin| bin.unflagged)
    }

    /// Flagged sessions.
    #[must_use]
    pub fn flagged(&self) -> u64 {
        self.sessions(|bin| bin.flagged)
    }

    fn sessions(&self, of: impl Fn(&ScoreBin) -> u64) -> u64 {
        self.bins.iter().map(of).fold(0, u64::saturating_add)
    }

    /// Score at which a bin begins.
    fn start(&self, number: i32) -> f64 {
        self.border + f64::from(number) / f64::from(BINS)
    }
}

/// Bins over the whole range of scores.
const BINS: i32 = 100;
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
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle(data),
            units: "sessions by score, 0 to 1, higher is more anomalous",
            times: false,
        };
        let mut area = frame::draw(canvas, style, &around);
        let legend = area.take_top(LEGEND);
        let keys = [
            Key::Fill(theme::OBSERVED, "not flagged".to_owned()),
            Key::Fill(theme::FLAGGED, "flagged".to_owned()),
            threshold_key(data),
        ];
        let shown = if band(data).is_none() { 2 } else { 3 };
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
    let flagged = data.scores.flagged();
    let judged = data.judged();
    if judged == 0 {
        let why = match (data.warm_up, data.unjudged, data.untouched) {
            (0, 0, 0) => "there is none",
            (0, 0, _) => "none of them opened a mailbox",
            (_, 0, _) => "there is nothing after the warm-up",
            _ => "no day has earlier ones to be judged by",
        };
        return format!("No session could be judged: {why}");
    }
    let chance = about(data.expected_by_chance);
    let all = label::counted(judged, "session", "sessions");
    match flagged {
        0 => format!("None of {all} flagged; chance alone would raise {chance}"),
        // Chance is counted in alerts, so what was flagged is too: a mailbox may have many flagged sessions in a day.
        n => format!(
            "{} from {} of {all}; chance alone would raise {chance}",
            label::counted(data.alerts, "alert", "alerts"),
            label::count(n)
        ),
    }
}

/// How many sessions are shown, and by which rule they were flagged.
fn subtitle(data: &ScoreDistribution) -> String {
    let sessions = label::counted(data.judged(), "session", "sessions");
    format!("{sessions} judged · {}", data.rule)
}

/// The other sessions of the log: with those that are shown they are all.
fn not_shown(data: &ScoreDistribution) -> Vec<String> {
    [
        (data.warm_up, "in the warm-up"),
        (data.unjudged, "on days not judged"),
        (data.untouched, "without mailbox access"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, which)| format!("{} {which}", label::count(n)))
    .collect()
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

/// The thresholds, if they are numbers.
fn band(data: &ScoreDistribution) -> Option<Thresholds> {
    finite(data.thresholds)
}

fn finite(thresholds: Option<Thresholds>) -> Option<Thresholds> {
    thresholds.filter(|band| band.low.is_finite() && band.high.is_finite())
}

/// First and last score shown: the data and the thresholds with some room, in steps of a twentieth.
fn range(data: &ScoreDistribution) -> (f64, f64) {
    let ends = [
        data.scores.range,
        band(data).map(|band| (band.low, band.high)),
    ];
    let (mut low, mut high) = (1.0f64, 0.0f64);
    for score in ends.into_iter().flatten().flat_map(<[f64; 2]>::from) {
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
    let total = |bin: &ScoreBin| bin.unflagged.saturating_add(bin.flagged);
    let most = data.scores.bins.iter().map(total).max().unwrap_or(0) as f64;
    let counts = CountScale::new(most, most > 30.0, (area.bottom, area.top));
    draw_band(canvas, area, (band(data), &at));
    series::count_axis(canvas, area, &counts, "sessions");
    for bin in &data.scores.bins {
        let start = |number| at(data.scores.start(number));
        let (left, right) = (start(bin.number), start(bin.number.saturating_add(1)));
        // Both bars stand on zero: on a logarithmic axis stacked parts could not be compared.
        for (count, color) in [(total(bin), theme::OBSERVED), (bin.flagged, theme::FLAGGED)] {
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
        "score (higher is more anomalous)",
        (middle, area.bottom + 50.0),
        font,
    );
    draw_thresholds(canvas, area, (band(data), &at));
}

/// Thresholds that one line can show: apart by less than the line is wide.
fn is_one(band: Thresholds) -> bool {
    band.high - band.low < 0.001
}

fn threshold_key(data: &ScoreDistribution) -> Key {
    match band(data) {
        Some(band) if !is_one(band) => {
            Key::Fill(theme::GRID, "thresholds of the judged days".to_owned())
        }
        _ => Key::Line(theme::INK, "threshold".to_owned()),
    }
}

/// From which score sessions were flagged.
fn threshold_text(band: Thresholds) -> String {
    if is_one(band) {
        return format!("flagged from {:.3}", band.low);
    }
    let two = (format!("{:.2}", band.low), format!("{:.2}", band.high));
    let (low, high) = if two.0 == two.1 {
        (format!("{:.3}", band.low), format!("{:.3}", band.high))
    } else {
        two
    };
    format!("flagged from {low} to {high}, by day")
}

/// The shade of the thresholds, behind the bars.
fn draw_band(
    canvas: &mut Canvas<'_>,
    area: Area,
    (band, at): (Option<Thresholds>, &dyn Fn(f64) -> f64),
) {
    if let Some(band) = band.filter(|band| !is_one(*band)) {
        let shade = Area {
            left: at(band.low),
            right: at(band.high),
            top: area.top - 30.0,
            ..area
        };
        canvas.fill(shade, theme::GRID, 1.0);
    }
}

/// Lines at the lowest and the highest threshold, with a label beside them.
fn draw_thresholds(
    canvas: &mut Canvas<'_>,
    area: Area,
    (band, at): (Option<Thresholds>, &dyn Fn(f64) -> f64),
) {
    let Some(band) = band else { return };
    let (low, high) = (at(band.low), at(band.high));
    for x in [low, high] {
        canvas.line((x, area.top - 30.0), (x, area.bottom), theme::INK, 2.0);
    }
    let font = Font::of(size::SMALL).bold();
    let text = threshold_text(band);
    let left = low - font.width(&text) - 10.0;
    // Left of the lines, or right of them near the left end of the axis.
    let left = if left > area.left { left } else { high + 10.0 };
    canvas.text_middle(&text, (left, area.top - 20.0), font);
}

fn draw_figures(canvas: &mut Canvas<'_>, area: Area, data: &ScoreDistribution) {
    let big = Font::of(64.0).bold();
    let small = Font::of(size::BODY).color(theme::MUTED);
    let what = if data.alerts == 1 { "alert" } else { "alerts" };
    let expected = if data.expected_by_chance.is_finite() && data.expected_by_chance >= 0.0 {
        label::value(data.expected_by_chance)
    } else {
        "–".to_owned()
    };
    let mut y = area.top + 90.0;
    for (text, color, what) in [
        (label::count(data.alerts), theme::FLAGGED, what),
        (expected, theme::MUTED, "expected by chance"),
    ] {
        let font = big.color(color);
        canvas.text(&font.fit(&text, area.width()), (area.left, y), font);
        canvas.text(what, (area.left, y + 34.0), small);
        y += 140.0;
    }
    let rest = not_shown(data);
    if rest.is_empty() {
        return;
    }
    let font = Font::of(size::SMALL);
    y -= 50.0;
    canvas.text_middle("sessions not shown", (area.left, y), font.bold());
    for line in rest {
        y += 28.0;
        let line = font.fit_end(&line, area.width());
        canvas.text_middle(&line, (area.left, y), font.color(theme::MUTED));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(unflagged: &[f64], flagged: &[f64]) -> ScoreDistribution {
        with_thresholds(None, unflagged, flagged)
    }

    fn with_thresholds(
        thresholds: Option<Thresholds>,
        unflagged: &[f64],
        flagged: &[f64],
    ) -> ScoreDistribution {
        let of = |scores: &[f64], flagged| {
            scores
                .iter()
                .map(move |&score| (score, flagged))
                .collect::<Vec<_>>()
        };
        ScoreDistribution {
            scores: ScoreBins::new(
                thresholds,
                [of(unflagged, false), of(flagged, true)].concat(),
            ),
            thresholds,
            alerts: 0,
            expected_by_chance: 2.0,
            rule: String::new(),
            warm_up: 0,
            judged_period: None,
            unjudged: 0,
            untouched: 0,
        }
    }

    #[test]
    fn every_score_has_a_bin_and_no_number_has_none() {
        let scores = [0.0, 0.505, 0.509, f64::NAN, f64::INFINITY, 2.0, -3.0];
        let scores = data(&scores, &[0.5]).scores;
        let bins: Vec<(i32, u64, u64)> = scores
            .bins
            .iter()
            .map(|bin| (bin.number, bin.unflagged, bin.flagged))
            .collect();
        assert_eq!(bins, [(0, 2, 0), (50, 2, 1), (100, 2, 0)]);
        assert_eq!((scores.unflagged(), scores.flagged()), (6, 1));
        assert_eq!(scores.range, Some((0.0, 1.0)));
    }

    #[test]
    fn no_bar_of_a_flagged_session_begins_left_of_the_lowest_threshold() {
        let thresholds = |high| Thresholds { low: 0.4877, high };
        let data = with_thresholds(
            Some(thresholds(0.523)),
            &[0.4876, 0.02],
            &[0.4877, 0.51, 0.63],
        );
        assert_eq!(data.scores.bins.len(), 5);
        for bin in &data.scores.bins {
            assert!(bin.flagged == 0 || data.scores.start(bin.number) >= 0.4877);
            assert!(bin.unflagged == 0 || data.scores.start(bin.number + 1) <= 0.4877);
        }
        assert_eq!(
            threshold_text(thresholds(0.523)),
            "flagged from 0.49 to 0.52, by day"
        );
        assert_eq!(
            threshold_text(thresholds(0.4891)),
            "flagged from 0.488 to 0.489, by day"
        );
        assert_eq!(threshold_text(thresholds(0.4877)), "flagged from 0.488");
    }

    #[test]
    fn every_session_that_is_not_shown_is_named() {
        let mut data = data(&[0.4; 9], &[0.8]);
        assert_eq!(not_shown(&data), [""; 0]);
        data.warm_up = 1_200;
        data.unjudged = 30;
        data.untouched = 7;
        assert_eq!(
            not_shown(&data),
            [
                "1,200 in the warm-up",
                "30 on days not judged",
                "7 without mailbox access"
            ]
        );
    }

    #[test]
    fn range_covers_data_and_thresholds() {
        assert_eq!(range(&data(&[], &[])), (0.0, 1.0));
        let (low, high) = range(&data(&[0.41], &[0.83]));
        assert!(low <= 0.41 && high >= 0.83 && low >= 0.3 && high <= 0.9);
        let (low, high) = range(&data(&[0.5], &[]));
        assert!(high - low >= 0.2);
    }

    #[test]
    fn title_compares_with_chance() {
        assert_eq!(
            title(&data(&[0.4; 9], &[])),
            "None of 9 sessions flagged; chance alone would raise about 2"
        );
        let mut alerts = data(&[0.4; 7], &[0.8; 3]);
        alerts.alerts = 1;
        assert_eq!(
            title(&alerts),
            "1 alert from 3 of 10 sessions; chance alone would raise about 2"
        );
        assert!(title(&data(&[], &[])).starts_with("No session could be judged"));
    }
}

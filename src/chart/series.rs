//! Counts per time bin against their expected band: the data and the plot that the overview and the mailbox sheets share.

use serde::{Deserialize, Serialize};

use super::canvas::{Area, BADGE_HEIGHT, Canvas, badge_width};
use super::label;
use super::scale::{CountScale, TimeScale, wants_log};
use super::session_key::{self, FlaggedSession};
use super::theme::{self, size};
use super::typeface::{Align, Font};

/// The expected range of a count, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Counts in consecutive time bins of equal width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Start of the first bin, Unix seconds.
    pub start: i64,
    /// Width of a bin in seconds, at least 1; [`bin_seconds`] proposes one.
    pub step: i64,
    /// Observed count of each bin.
    pub observed: Vec<u64>,
    /// The part of each observed count that belongs to flagged sessions; empty or shorter where there is none.
    pub flagged: Vec<u64>,
    /// Expected range of each bin; empty or shorter where nothing is known, such as in the warm-up.
    pub expected: Vec<Option<Band>>,
}

/// The bin width in seconds that suits a chart of `span` seconds: an hour up to a month, a day from half a year on.
#[must_use]
pub fn bin_seconds(span: i64) -> i64 {
    const DAY: i64 = 86_400;
    // About 800 bins at most: two pixels each.
    const WIDTHS: [(i64, i64); 4] = [
        (32 * DAY, 3_600),
        (90 * DAY, 3 * 3_600),
        (180 * DAY, 6 * 3_600),
        (3 * 365 * DAY, DAY),
    ];
    WIDTHS
        .iter()
        .find(|(longest, _)| span <= *longest)
        .map_or(7 * DAY, |(_, width)| *width)
}

impl Series {
    /// End of the last bin, Unix seconds.
    #[must_use]
    pub fn end(&self) -> i64 {
        let bins = i64::try_from(self.observed.len()).unwrap_or(i64::MAX);
        self.start
            .saturating_add(bins.saturating_mul(self.step.max(1)))
    }

    /// Sum of the observed counts.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.observed
            .iter()
            .fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Number of bins with an expected band, and of those the bins above it.
    #[must_use]
    pub fn above_band(&self) -> (u64, u64) {
        let mut known = 0;
        let mut above = 0;
        for (count, band) in self.observed.iter().zip(&self.expected) {
            if let Some(band) = band {
                known += 1;
                above += u64::from(*count as f64 > band.high);
            }
        }
        (known, above)
    }

    /// Whether any bin has an expected band.
    pub(super) fn has_band(&self) -> bool {
        let known = self.expected.iter().take(self.observed.len());
        known.flatten().next().is_some()
    }

    /// The bins that a session touches, as a range of indices.
    fn bins_of(&self, session: &FlaggedSession) -> std::ops::Range<usize> {
        let step = self.step.max(1);
        let index = |time: i64| time.saturating_sub(self.start).div_euclid(step);
        let last = self.observed.len() as i64;
        if session.end < self.start || session.start >= self.end() {
            return 0..0;
        }
        let from = index(session.start).clamp(0, last);
        let to = index(session.end.max(session.start))
            .saturating_add(1)
            .clamp(0, last);
        from as usize..to as usize
    }

    /// The largest value, and the level that all but a twentieth of the bins stay below.
    fn levels(&self) -> (f64, f64) {
        let mut values: Vec<f64> = self.observed.iter().map(|n| *n as f64).collect();
        let highs = self.expected.iter().flatten().map(|band| band.high);
        values.extend(highs.filter(|high| high.is_finite()));
        values.sort_by(f64::total_cmp);
        let most = values.last().copied().unwrap_or(0.0);
        let usual = values.get(values.len() * 19 / 20).copied().unwrap_or(most);
        (most, usual)
    }
}

/// Height of the row of badges above the plot.
const BADGE_ROW: f64 = BADGE_HEIGHT + 10.0;
/// Height of the time axis below the plot.
pub(super) const TIME_AXIS: f64 = 56.0;

/// Where and how a series is plotted.
pub(super) struct SeriesPlot<'a> {
    pub series: &'a Series,
    pub flagged: &'a [FlaggedSession],
    /// The area of the badges, the plot and the time axis; its left edge is the plot's.
    pub area: Area,
    pub time: &'a TimeScale,
    /// What is counted, for the y axis.
    pub counted: &'a str,
}

/// Draws band, counts, flagged bins and numbered badges with both axes.
pub(super) fn plot(canvas: &mut Canvas<'_>, plot: &SeriesPlot<'_>) {
    let series = plot.series;
    let area = Area {
        top: plot.area.top + BADGE_ROW,
        bottom: plot.area.bottom - TIME_AXIS,
        ..plot.area
    };
    let (most, usual) = series.levels();
    let counts = CountScale::new(most, wants_log(most, usual), (area.bottom, area.top));
    count_axis(canvas, area, &counts, plot.counted);
    time_axis(canvas, area, plot.time);

    let bin = |index: usize| {
        let from = series
            .start
            .saturating_add((index as i64).saturating_mul(series.step.max(1)));
        let to = from.saturating_add(series.step.max(1));
        (plot.time.at(from), plot.time.at(to))
    };
    for (i, band) in series
        .expected
        .iter()
        .enumerate()
        .take(series.observed.len())
    {
        let Some(band) = band else { continue };
        let (left, right) = bin(i);
        let band = Area {
            left,
            right,
            top: counts.at(band.high),
            // A band of no height still shows as a line.
            bottom: counts.at(band.low).max(counts.at(band.high) + 1.5),
        };
        canvas.fill(band, theme::BAND, 1.0);
    }
    let part_of = |i: usize, total: u64| series.flagged.get(i).map_or(0, |part| total.min(*part));
    // Flagged parts last: where bins are narrower than a pixel they must not be hidden.
    for flagged in [false, true] {
        for (i, total) in series.observed.iter().enumerate() {
            let part = part_of(i, *total);
            let (from, to) = if flagged {
                (total - part, *total)
            } else {
                (0, *total)
            };
            if from == to {
                continue;
            }
            let (left, right) = bin(i);
            let gap = if right - left > 6.0 { 1.0 } else { 0.0 };
            let bottom = counts.at(from as f64);
            let bar = Area {
                left: left + gap,
                right: (right - gap).max(left + if flagged { 2.5 } else { 0.5 }),
                top: counts.at(to as f64).min(bottom - 1.0),
                bottom,
            };
            let color = if flagged {
                theme::FLAGGED
            } else {
                theme::OBSERVED
            };
            canvas.fill(bar, color, 1.0);
        }
    }
    canvas.line(
        (area.left, area.bottom),
        (area.right, area.bottom),
        theme::MUTED,
        1.0,
    );
    badges(canvas, plot, area, &counts);
}

/// A badge and the sessions it stands for.
struct Cluster {
    ranks: Vec<u32>,
    /// Pixel of each session.
    places: Vec<f64>,
}

impl Cluster {
    fn text(&self) -> String {
        match self.ranks.as_slice() {
            [] => String::new(),
            [one] => one.to_string(),
            [one, two] => format!("{one}·{two}"),
            [one, two, three] => format!("{one}·{two}·{three}"),
            [one, rest @ ..] => format!("{one} +{}", rest.len()),
        }
    }

    /// Where its badge stands: amid its sessions, but inside the plot.
    fn centre(&self, area: Area) -> f64 {
        let mean = self.places.iter().sum::<f64>() / self.places.len().max(1) as f64;
        let half = badge_width(&self.text()) / 2.0;
        mean.min(area.right - half).max(area.left + half)
    }

    fn merge(&mut self, other: Cluster) {
        self.ranks.extend(other.ranks);
        self.ranks.sort_unstable();
        self.places.extend(other.places);
    }
}

fn badges(canvas: &mut Canvas<'_>, plot: &SeriesPlot<'_>, area: Area, counts: &CountScale) {
    let series = plot.series;
    let step = series.step.max(1);
    let mut marks: Vec<(f64, u32, f64)> = Vec::new();
    // The sessions of the list below the plot: more numbers would hide each other.
    for session in session_key::listed(plot.flagged) {
        let bins = series.bins_of(session);
        let Some(highest) = bins.max_by_key(|i| (series.observed[*i], std::cmp::Reverse(*i)))
        else {
            continue;
        };
        let from = series
            .start
            .saturating_add((highest as i64).saturating_mul(step));
        let middle = from.saturating_add(step / 2);
        marks.push((
            plot.time.at(middle),
            session.rank,
            counts.at(series.observed[highest] as f64),
        ));
    }
    marks.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));

    let row = area.top - BADGE_ROW / 2.0;
    let mut clusters: Vec<Cluster> = Vec::new();
    for (x, rank, top) in marks {
        // A dotted stem from the badge to its bar.
        let mut y = row;
        while y < top {
            canvas.line((x, y), (x, (y + 5.0).min(top)), theme::FLAGGED, 1.0);
            y += 10.0;
        }
        let mut cluster = Cluster {
            ranks: vec![rank],
            places: vec![x],
        };
        while let Some(before) = clusters.pop() {
            let room = (badge_width(&before.text()) + badge_width(&cluster.text())) / 2.0 + 4.0;
            if cluster.centre(area) - before.centre(area) >= room {
                clusters.push(before);
                break;
            }
            cluster.merge(before);
        }
        clusters.push(cluster);
    }
    for cluster in &clusters {
        let text = cluster.text();
        let x = cluster.centre(area);
        canvas.badge(&text, (x, row), theme::FLAGGED);
    }
}

/// Grid, labels and name of a count axis left of `area`.
pub(super) fn count_axis(canvas: &mut Canvas<'_>, area: Area, counts: &CountScale, counted: &str) {
    let font = Font::of(size::SMALL).color(theme::MUTED);
    for tick in counts.ticks() {
        let y = counts.at(tick);
        canvas.line((area.left, y), (area.right, y), theme::GRID, 1.0);
        let right = font.align(Align::Right);
        canvas.text_middle(&label::compact(tick), (area.left - 10.0, y), right);
    }
    let name = if counts.log {
        format!("{counted} (log)")
    } else {
        counted.to_owned()
    };
    let name = font.fit(&name, area.height() + 60.0);
    canvas.text_upwards(
        &name,
        (area.left - 78.0, (area.top + area.bottom) / 2.0),
        font,
    );
}

/// Ticks and labels of a time axis below `area`.
pub(super) fn time_axis(canvas: &mut Canvas<'_>, area: Area, time: &TimeScale) {
    let font = Font::of(size::SMALL)
        .color(theme::MUTED)
        .align(Align::Centre);
    let mut taken = f64::NEG_INFINITY;
    for tick in time.ticks(96.0) {
        let x = time.at(tick.at);
        canvas.line((x, area.bottom), (x, area.bottom + 6.0), theme::MUTED, 1.0);
        let half = font.width(&tick.label) / 2.0;
        let centre = x.max(area.left + half - 30.0).min(area.right - half + 30.0);
        canvas.text(&tick.label, (centre, area.bottom + 24.0), font);
        let Some(group) = tick.group else { continue };
        let half = font.width(&group) / 2.0;
        let centre = x.max(area.left + half - 40.0).min(area.right - half + 30.0);
        if centre - half > taken {
            canvas.text(&group, (centre, area.bottom + 46.0), font.bold());
            taken = centre + half + 12.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(observed: Vec<u64>) -> Series {
        let expected = vec![
            Some(Band {
                low: 1.0,
                high: 4.0
            });
            observed.len()
        ];
        Series {
            start: 1_000,
            step: 100,
            observed,
            flagged: Vec::new(),
            expected,
        }
    }

    fn session(start: i64, end: i64) -> FlaggedSession {
        FlaggedSession {
            start,
            end,
            ..FlaggedSession::default()
        }
    }

    #[test]
    fn sessions_touch_the_bins_they_overlap() {
        let series = series(vec![1; 5]);
        assert_eq!(series.end(), 1_500);
        assert_eq!(series.bins_of(&session(1_000, 1_000)), 0..1);
        assert_eq!(series.bins_of(&session(1_150, 1_310)), 1..4);
        assert_eq!(series.bins_of(&session(0, 999)), 0..0);
        assert_eq!(series.bins_of(&session(1_500, 1_600)), 0..0);
        assert_eq!(series.bins_of(&session(i64::MIN, i64::MAX)), 0..5);
    }

    #[test]
    fn bins_above_the_band_are_counted_where_it_is_known() {
        let mut series = series(vec![0, 4, 5, 90]);
        assert_eq!(series.above_band(), (4, 2));
        series.expected[3] = None;
        assert_eq!(series.above_band(), (3, 1));
        assert_eq!(series.total(), 99);
    }

    #[test]
    fn bin_width_grows_with_the_span() {
        let day = 86_400;
        assert_eq!(bin_seconds(day), 3_600);
        assert_eq!(bin_seconds(21 * day), 3_600);
        assert_eq!(bin_seconds(60 * day), 10_800);
        assert_eq!(bin_seconds(730 * day), day);
        assert_eq!(bin_seconds(3_650 * day), 7 * day);
    }

    #[test]
    fn near_badges_share_one_label() {
        let area = Area {
            left: 0.0,
            top: 0.0,
            right: 500.0,
            bottom: 100.0,
        };
        let cluster = Cluster {
            ranks: vec![2, 5, 9],
            places: vec![110.0, 120.0, 130.0],
        };
        assert_eq!(cluster.text(), "2·5·9");
        assert_eq!(cluster.centre(area), 120.0);
        let mut more = Cluster {
            ranks: vec![7],
            places: vec![0.0],
        };
        more.merge(cluster);
        assert_eq!(more.text(), "2 +3");
        let edge = Cluster {
            ranks: vec![1],
            places: vec![499.0],
        };
        assert_eq!(edge.centre(area), 500.0 - badge_width("1") / 2.0);
    }
}

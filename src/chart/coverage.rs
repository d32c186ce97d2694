//! Coverage: the records of each operation over time, and the windows in which the log lacks some.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::canvas::{self, Area, Canvas};
use super::frame::{self, FOOT, Frame, HEAD, Key};
use super::scale::{CountScale, TimeScale};
use super::theme::size;
use super::typeface::{Align, Font};
use super::{ChartError, Style, label, series, theme};

/// The records of one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperationCounts {
    /// Operation, such as `MailItemsAccessed (Bind)`.
    pub operation: String,
    /// Records per bin.
    pub counts: Vec<u64>,
}

/// Why records are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingKind {
    /// No record of any kind for longer than is usual.
    Gap,
    /// A mailbox that used to be logged has no record any more.
    Silent,
    /// A mailbox was throttled: its reads were not logged.
    Throttled,
    /// A file ends at exactly its row cap and is probably cut.
    Truncated,
}

impl MissingKind {
    const ALL: [MissingKind; 4] = [
        MissingKind::Gap,
        MissingKind::Silent,
        MissingKind::Throttled,
        MissingKind::Truncated,
    ];

    fn lane(self) -> &'static str {
        match self {
            MissingKind::Gap => "no records",
            MissingKind::Silent => "mailbox silent",
            MissingKind::Throttled => "reads throttled",
            MissingKind::Truncated => "file cut",
        }
    }

    fn counted(self, n: u64) -> String {
        match self {
            MissingKind::Gap => label::counted(n, "gap", "gaps"),
            MissingKind::Silent => label::counted(n, "silent mailbox", "silent mailboxes"),
            MissingKind::Throttled => label::counted(n, "throttled window", "throttled windows"),
            MissingKind::Truncated => label::counted(n, "file cut short", "files cut short"),
        }
    }
}

/// A window in which the log lacks records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// Why.
    pub kind: MissingKind,
    /// First moment, Unix seconds.
    pub start: i64,
    /// Last moment, Unix seconds.
    pub end: i64,
    /// Whose records, such as a mailbox or a file.
    pub of: String,
}

/// What the coverage chart shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Start of the first bin, Unix seconds.
    pub start: i64,
    /// Width of a bin in seconds, usually a day.
    pub step: i64,
    /// Operations, in any order; the six most frequent have a colour of their own.
    pub operations: Vec<OperationCounts>,
    /// Whether there are too few records to tell gaps from quiet.
    pub too_sparse: bool,
    /// What the log lacks, in any order.
    pub missing: Vec<Missing>,
}

impl Coverage {
    /// Whether bins without records may be quiet or gaps, and nobody can tell.
    pub(crate) fn is_doubtful(&self) -> bool {
        let known = kinds(self).contains(&MissingKind::Gap);
        self.too_sparse && !known && Stack::of(self).totals.contains(&0)
    }

    /// What was looked for, to be said where nothing was found.
    pub(crate) fn nothing_found(&self) -> &'static str {
        if self.is_doubtful() {
            "No throttled windows, no cut files found; the log is too sparse to tell gaps from quiet."
        } else {
            "No gaps, no throttled windows, no cut files found."
        }
    }
}

/// Operations with a colour of their own.
const SHOWN: usize = 6;
/// Height of the plot with its axis.
const PLOT: f64 = 460.0;
/// Height of the legend.
const LEGEND: f64 = 42.0;
/// Height of one lane of missing records.
const LANE: f64 = 32.0;
/// Width of the labels left of plot and lanes.
const LABELS: f64 = 200.0;
/// Most windows listed.
const LISTED: usize = 5;
/// Height of a listed window.
const LIST_ROW: f64 = 32.0;

/// Draws the coverage into the PNG file `path`, 1600 logical pixels wide; the height grows with what is missing.
///
/// # Errors
/// [`ChartError::Write`] if the file cannot be written; the other kinds point to a fault of mailglass.
pub fn draw(data: &Coverage, style: &Style, path: &Path) -> Result<(), ChartError> {
    let stack = Stack::of(data);
    let lanes = kinds(data).len().max(1) as f64 * LANE;
    let listed = match data.missing.len() {
        0 => 0.0,
        n if n > LISTED => (LISTED + 1) as f64 * LIST_ROW + 14.0,
        n => n as f64 * LIST_ROW + 14.0,
    };
    let content = if stack.is_empty() {
        80.0
    } else {
        LEGEND + PLOT + lanes + listed + 8.0
    };
    let step = label::step(data.step.max(1));
    let picture = canvas::render(HEAD + content + FOOT, style, |canvas| {
        let around = Frame {
            title: &title(data),
            subtitle: &subtitle(&stack, (data, style)),
            units: &format!("deduplicated mailbox records per {step}"),
            times: !stack.is_empty(),
        };
        let mut area = frame::draw(canvas, style, &around);
        if stack.is_empty() {
            // Without records there is no time to draw an axis of.
            let font = Font::of(size::BODY).color(theme::MUTED);
            let text = "None of the files holds a record that says who opened a mailbox.";
            canvas.text_middle(text, (area.left, area.top + 40.0), font);
            return;
        }
        let legend = area.take_top(LEGEND);
        let entries = stack.layers.iter().enumerate();
        let keys: Vec<Key> = entries
            .map(|(i, (name, _))| Key::Fill(stack.color(i), name.clone()))
            .collect();
        frame::legend(canvas, legend, &keys);
        let mut plot = Area {
            left: area.left + LABELS,
            ..area.take_top(PLOT)
        };
        let span = (data.start, stack.end);
        let time = TimeScale::new(span, (plot.left, plot.right), &style.time_zone);
        plot.bottom -= series::TIME_AXIS;
        plot.top += 12.0;
        bars(canvas, plot, (data, &stack, &time), &step);
        missing_lanes(canvas, area.take_top(lanes), (data, &time));
        area.top += 14.0;
        list(canvas, area, (data, style));
    })?;
    canvas::save(&picture, path)
}

/// Counts by operation, in the order of the stack from the bottom.
struct Stack {
    /// Name and counts of each layer; the last may sum the rarer operations.
    layers: Vec<(String, Vec<u64>)>,
    /// Sum of each bin.
    totals: Vec<u64>,
    /// End of the last bin, Unix seconds.
    end: i64,
    /// Whether the last layer is the sum of the rarer operations.
    rest: bool,
}

impl Stack {
    fn of(data: &Coverage) -> Stack {
        let bins = data
            .operations
            .iter()
            .map(|o| o.counts.len())
            .max()
            .unwrap_or(0);
        let total = |counts: &[u64]| counts.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
        let mut sorted: Vec<&OperationCounts> = data.operations.iter().collect();
        sorted.sort_by(|a, b| {
            let order = total(&b.counts).cmp(&total(&a.counts));
            order.then(a.operation.cmp(&b.operation))
        });
        let mut layers: Vec<(String, Vec<u64>)> = sorted
            .iter()
            .take(SHOWN)
            .map(|o| (label::name(&o.operation, 28), o.counts.clone()))
            .collect();
        let rest = sorted.len() > SHOWN;
        if rest {
            let mut sum = vec![0u64; bins];
            for operation in &sorted[SHOWN..] {
                for (sum, n) in sum.iter_mut().zip(&operation.counts) {
                    *sum = sum.saturating_add(*n);
                }
            }
            let others = (sorted.len() - SHOWN) as u64;
            layers.push((label::counted(others, "other", "others"), sum));
        }
        let mut totals = vec![0u64; bins];
        for (_, counts) in &layers {
            for (sum, n) in totals.iter_mut().zip(counts) {
                *sum = sum.saturating_add(*n);
            }
        }
        let width = (bins.max(1) as i64).saturating_mul(data.step.max(1));
        Stack {
            layers,
            totals,
            end: data.start.saturating_add(width),
            rest,
        }
    }

    fn is_empty(&self) -> bool {
        self.totals.iter().all(|n| *n == 0)
    }

    fn color(&self, layer: usize) -> theme::Rgb {
        if self.rest && layer + 1 == self.layers.len() {
            theme::OTHER
        } else {
            theme::category(layer)
        }
    }
}

/// The kinds of missing records that occur.
fn kinds(data: &Coverage) -> Vec<MissingKind> {
    let occurs = |kind: &MissingKind| data.missing.iter().any(|missing| missing.kind == *kind);
    MissingKind::ALL.into_iter().filter(occurs).collect()
}

pub(super) fn title(data: &Coverage) -> String {
    let stack = Stack::of(data);
    let bins = stack.totals.len() as u64;
    if stack.is_empty() {
        return "The log holds no mailbox records".to_owned();
    }
    let filled = stack.totals.iter().filter(|n| **n > 0).count() as u64;
    let doubtful = data.is_doubtful();
    let held = if doubtful {
        let share = label::share_of_bins(bins - filled, bins, data.step.max(1));
        format!("{share} without records: too sparse to tell gaps from quiet")
    } else {
        let share = label::share_of_bins(filled, bins, data.step.max(1));
        format!("Records on {share}")
    };
    let lacks: Vec<String> = kinds(data)
        .into_iter()
        .map(|kind| kind.counted(data.missing.iter().filter(|m| m.kind == kind).count() as u64))
        .collect();
    if lacks.is_empty() && doubtful {
        held
    } else if lacks.is_empty() {
        format!("{held}; no gaps found")
    } else {
        format!("{held}; missing: {}", lacks.join(", "))
    }
}

fn subtitle(stack: &Stack, (data, style): (&Coverage, &Style)) -> String {
    if stack.is_empty() {
        return "no records, so no period and no gaps".to_owned();
    }
    let total = stack
        .totals
        .iter()
        .fold(0u64, |sum, n| sum.saturating_add(*n));
    format!(
        "{} · {} of {}",
        label::period(data.start, stack.end, &style.time_zone),
        label::counted(total, "record", "records"),
        label::counted(data.operations.len() as u64, "operation", "operations"),
    )
}

/// The part of the time axis that a window covers, at least three pixels wide.
fn window(missing: &Missing, time: &TimeScale) -> (f64, f64) {
    let left = time.at(missing.start);
    let right = time.at(missing.end.max(missing.start));
    if right - left >= 3.0 {
        return (left, right);
    }
    let left = left.min(time.right - 3.0);
    (left, left + 3.0)
}

fn bars(
    canvas: &mut Canvas<'_>,
    area: Area,
    (data, stack, time): (&Coverage, &Stack, &TimeScale),
    step: &str,
) {
    // Parts of a stack can be compared on a linear axis only.
    let most = stack.totals.iter().max().copied().unwrap_or(0) as f64;
    let counts = CountScale::new(most, false, (area.bottom, area.top));
    // A gap concerns all that is drawn here; a throttled mailbox or a cut file only a part, shown in its lane.
    let gaps = data
        .missing
        .iter()
        .filter(|missing| missing.kind == MissingKind::Gap);
    for missing in gaps {
        let (left, right) = window(missing, time);
        let shade = Area {
            left,
            right,
            ..area
        };
        canvas.fill(shade, theme::GRID, 0.6);
    }
    series::count_axis(canvas, area, &counts, &format!("records per {step}"));
    series::time_axis(canvas, area, time);
    let step = data.step.max(1);
    for i in 0..stack.totals.len() {
        let from = data.start.saturating_add((i as i64).saturating_mul(step));
        let (left, right) = (time.at(from), time.at(from.saturating_add(step)));
        let gap = if right - left > 6.0 { 1.5 } else { 0.0 };
        let mut below = 0u64;
        for (layer, (_, values)) in stack.layers.iter().enumerate() {
            let count = values.get(i).copied().unwrap_or(0);
            if count == 0 {
                continue;
            }
            let above = below.saturating_add(count);
            let part = Area {
                left: left + gap,
                right: right - gap,
                top: counts.at(above as f64),
                bottom: counts.at(below as f64),
            };
            canvas.fill(part, stack.color(layer), 1.0);
            below = above;
        }
    }
    canvas.line(
        (area.left, area.bottom),
        (area.right, area.bottom),
        theme::MUTED,
        1.0,
    );
}

fn missing_lanes(canvas: &mut Canvas<'_>, area: Area, (data, time): (&Coverage, &TimeScale)) {
    let font = Font::of(size::SMALL);
    let kinds = kinds(data);
    if kinds.is_empty() {
        let at = (time.left, area.top + LANE / 2.0);
        canvas.text_middle(data.nothing_found(), at, font.color(theme::MUTED));
    }
    for (i, kind) in kinds.into_iter().enumerate() {
        let top = area.top + i as f64 * LANE;
        let row = Area {
            left: time.left,
            right: time.right,
            top: top + 5.0,
            bottom: top + LANE - 5.0,
        };
        canvas.fill(row, theme::EMPTY, 1.0);
        let name = font.bold().align(Align::Right);
        canvas.text_middle(kind.lane(), (time.left - 14.0, top + LANE / 2.0), name);
        let windows: Vec<&Missing> = data.missing.iter().filter(|m| m.kind == kind).collect();
        // With many windows, darker is more of them at once.
        let alpha = (20.0 / windows.len() as f64).clamp(0.1, 1.0);
        for missing in windows {
            let (left, right) = window(missing, time);
            canvas.fill(Area { left, right, ..row }, theme::INK, alpha);
        }
    }
}

fn list(canvas: &mut Canvas<'_>, area: Area, (data, style): (&Coverage, &Style)) {
    let font = Font::of(size::SMALL);
    let muted = font.color(theme::MUTED);
    let mut missing: Vec<&Missing> = data.missing.iter().collect();
    missing.sort_by(|a, b| (a.start, a.kind, &a.of).cmp(&(b.start, b.kind, &b.of)));
    let mut middle = area.top + LIST_ROW / 2.0;
    for missing in missing.iter().take(LISTED) {
        let name = font.bold().align(Align::Right);
        canvas.text_middle(
            missing.kind.lane(),
            (area.left + LABELS - 14.0, middle),
            name,
        );
        let period = format!(
            "{} to {}",
            label::moment(missing.start, &style.time_zone),
            label::moment(missing.end.max(missing.start), &style.time_zone)
        );
        canvas.text_middle(&period, (area.left + LABELS, middle), font);
        let left = area.left + LABELS + 540.0;
        let of = muted.fit(&missing.of, area.right - left);
        canvas.text_middle(&of, (left, middle), muted);
        middle += LIST_ROW;
    }
    if missing.len() > LISTED {
        let more = (missing.len() - LISTED) as u64;
        let text = format!(
            "and {} more, in summary.json",
            label::counted(more, "window", "windows")
        );
        canvas.text_middle(&text, (area.left + LABELS, middle), muted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(counts: &[&[u64]]) -> Coverage {
        Coverage {
            start: 0,
            step: 86_400,
            operations: counts
                .iter()
                .enumerate()
                .map(|(i, counts)| OperationCounts {
                    operation: format!("operation {i}"),
                    counts: counts.to_vec(),
                })
                .collect(),
            too_sparse: false,
            missing: Vec::new(),
        }
    }

    #[test]
    fn rare_operations_are_summed() {
        let data = coverage(&[&[9], &[8], &[7], &[6], &[5], &[4], &[3], &[2, 1]]);
        let stack = Stack::of(&data);
        assert_eq!(stack.layers.len(), SHOWN + 1);
        assert_eq!(stack.layers[SHOWN], ("2 others".to_owned(), vec![5, 1]));
        assert_eq!(stack.totals, vec![44, 1]);
        assert_eq!(stack.end, 2 * 86_400);
        assert_eq!(stack.color(SHOWN), theme::OTHER);
    }

    #[test]
    fn title_states_what_is_held_and_what_is_missing() {
        let mut data = coverage(&[&[1, 0, 4]]);
        assert_eq!(title(&data), "Records on 2 of 3 days; no gaps found");
        for kind in [
            MissingKind::Throttled,
            MissingKind::Gap,
            MissingKind::Throttled,
        ] {
            data.missing.push(Missing {
                kind,
                start: 0,
                end: 1,
                of: String::new(),
            });
        }
        assert_eq!(
            title(&data),
            "Records on 2 of 3 days; missing: 1 gap, 2 throttled windows"
        );
        let empty = coverage(&[]);
        assert_eq!(title(&empty), "The log holds no mailbox records");
    }

    #[test]
    fn a_sparse_log_is_not_said_to_be_whole() {
        let mut data = coverage(&[&[1, 0, 4, 0, 0]]);
        data.too_sparse = true;
        assert_eq!(
            title(&data),
            "3 of 5 days without records: too sparse to tell gaps from quiet"
        );
        assert!(!data.nothing_found().contains("No gaps"));
        data.missing.push(Missing {
            kind: MissingKind::Truncated,
            start: 0,
            end: 1,
            of: String::new(),
        });
        assert_eq!(
            title(&data),
            "3 of 5 days without records: too sparse to tell gaps from quiet; missing: 1 file cut short"
        );
        data.operations[0].counts = vec![1; 5];
        data.missing.clear();
        assert_eq!(title(&data), "Records on all of 5 days; no gaps found");
    }

    #[test]
    fn short_windows_stay_visible_inside_the_axis() {
        let time = TimeScale::new((0, 1_000_000), (100.0, 600.0), &jiff::tz::TimeZone::UTC);
        let missing = Missing {
            kind: MissingKind::Gap,
            start: 1_000_000,
            end: 0,
            of: String::new(),
        };
        assert_eq!(window(&missing, &time), (597.0, 600.0));
    }
}

//! Lanes: one row per client or network, one cell per day, the days of flagged sessions in vermillion.

use serde::{Deserialize, Serialize};

use super::canvas::{Area, Canvas};
use super::label;
use super::scale::TimeScale;
use super::theme::{self, size};
use super::typeface::{Align, Font};

/// What one client or network did with the mailbox, day by day.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Lane {
    /// Client or network, in words.
    pub label: String,
    /// Items on each day, from the first day of the chart on.
    pub days: Vec<u64>,
    /// Indices of the days on which it took part in a flagged session.
    pub flagged_days: Vec<usize>,
}

/// Height of one lane.
const ROW: f64 = 30.0;
/// Most lanes of one panel; the rest is summed into one.
const SHOWN: usize = 7;

/// Height that [`draw`] takes for `lanes` lanes.
pub(super) fn height(lanes: usize) -> f64 {
    let rows = match lanes {
        0 => 1,
        n if n > SHOWN => SHOWN + 1,
        n => n,
    };
    rows as f64 * ROW
}

/// The lanes to draw: those of flagged sessions first, then by items, the rest summed.
fn shown(lanes: &[Lane]) -> Vec<Lane> {
    let total = |lane: &Lane| lane.days.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    let mut sorted: Vec<&Lane> = lanes.iter().collect();
    sorted.sort_by(|a, b| {
        let flagged = a.flagged_days.is_empty().cmp(&b.flagged_days.is_empty());
        flagged
            .then(total(b).cmp(&total(a)))
            .then(a.label.cmp(&b.label))
    });
    let mut out: Vec<Lane> = sorted
        .iter()
        .take(SHOWN)
        .map(|lane| (*lane).clone())
        .collect();
    if sorted.len() > SHOWN {
        let mut rest = Lane {
            label: format!("{} others", label::count((sorted.len() - SHOWN) as u64)),
            ..Lane::default()
        };
        for lane in &sorted[SHOWN..] {
            rest.days.resize(rest.days.len().max(lane.days.len()), 0);
            for (sum, items) in rest.days.iter_mut().zip(&lane.days) {
                *sum = sum.saturating_add(*items);
            }
            rest.flagged_days.extend(&lane.flagged_days);
        }
        out.push(rest);
    }
    out
}

/// Draws lanes over the days from `first_day` on; labels end left of `area`, which shares its x axis with `time`.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    area: Area,
    lanes: &[Lane],
    (first_day, time): (i64, &TimeScale),
) {
    let font = Font::of(size::SMALL);
    if lanes.is_empty() {
        let at = (area.left, area.top + ROW / 2.0);
        canvas.text_middle("none recorded", at, font.color(theme::MUTED));
        return;
    }
    // The sum of the rest, often the largest, must not pale the lanes that are looked at.
    let most = lanes.iter().flat_map(|lane| &lane.days).max().copied();
    let lanes = shown(lanes);
    let most = most.unwrap_or(0).max(1) as f64;
    for (i, lane) in lanes.iter().enumerate() {
        let top = area.top + i as f64 * ROW;
        let row = Area {
            top: top + 4.0,
            bottom: top + ROW - 4.0,
            ..area
        };
        canvas.fill(row, theme::EMPTY, 1.0);
        let flagged_lane = !lane.flagged_days.is_empty();
        let name = if flagged_lane { font.bold() } else { font };
        let name = name.align(Align::Right);
        let text = name.fit(
            &label::name(&lane.label, 200),
            area.left - theme::MARGIN - 14.0,
        );
        canvas.text_middle(&text, (area.left - 14.0, top + ROW / 2.0), name);
        let place = |day: usize| {
            let from = first_day.saturating_add(day as i64 * 86_400);
            (time.at(from), time.at(from.saturating_add(86_400)))
        };
        let mut cell = |day: usize, color, least: f64| {
            let (left, right) = place(day);
            if right <= left {
                return;
            }
            let gap = if right - left > 8.0 { 1.0 } else { 0.0 };
            let cell = Area {
                left: left + gap,
                right: (right - gap).max(left + least),
                ..row
            };
            canvas.fill(cell, color, 1.0);
        };
        for (day, items) in lane.days.iter().enumerate() {
            if *items > 0 {
                // The root makes a day of few items visible beside one of thousands.
                let share = 0.25 + 0.75 * (*items as f64 / most).min(1.0).sqrt();
                cell(day, theme::mix(theme::EMPTY, theme::OBSERVED, share), 0.5);
            }
        }
        for day in &lane.flagged_days {
            cell(*day, theme::FLAGGED, 2.5);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(label: &str, days: Vec<u64>, flagged_days: Vec<usize>) -> Lane {
        Lane {
            label: label.to_owned(),
            days,
            flagged_days,
        }
    }

    #[test]
    fn flagged_lanes_come_first_and_the_rest_is_summed() {
        let mut lanes: Vec<Lane> = (0..10)
            .map(|i| lane(&format!("client {i}"), vec![i, 1], Vec::new()))
            .collect();
        lanes.push(lane("intruder", vec![0, 1], vec![1]));
        let shown = shown(&lanes);
        assert_eq!(shown.len(), SHOWN + 1);
        assert_eq!(shown[0].label, "intruder");
        assert_eq!(shown[1].label, "client 9");
        assert_eq!(shown[SHOWN].label, "4 others");
        assert_eq!(shown[SHOWN].days, vec![1 + 2 + 3, 4]);
        assert_eq!(height(11), height(500));
    }
}

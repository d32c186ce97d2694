//! Lanes: one row per client or network, one cell per day, the days of flagged sessions in vermillion.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::canvas::{Area, Canvas};
use super::label;
use super::scale::TimeScale;
use super::theme::{self, size};
use super::typeface::{Align, Font};

/// What one client or network did with the mailbox, day by day, or hour by hour of a short period.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Lane {
    /// Client or network, in words.
    pub label: String,
    /// Items in each cell of time, from the first day of the chart on.
    pub cells: Vec<u64>,
    /// Indices of the cells in which it took part in a flagged session.
    pub flagged: Vec<usize>,
    /// How many clients or networks it stands for: more than one where a block is named, or the rest is summed.
    pub members: u64,
    /// Whether it is the sum of those that are too many to be named.
    pub rest: bool,
}

/// How many clients or networks the lanes stand for.
pub(super) fn members(lanes: &[Lane]) -> u64 {
    lanes.iter().map(|lane| lane.members).sum()
}

/// Height of one lane.
const ROW: f64 = 30.0;
/// Most lanes of one panel; each kind's rest is summed into one more.
const SHOWN: usize = 8;
/// Lanes kept for what is usual, so that the unusual stands beside it.
const USUAL: usize = 3;

/// Height that [`draw`] takes.
pub(super) fn height(lanes: &[Lane]) -> f64 {
    shown(lanes).len().max(1) as f64 * ROW
}

/// The lanes to draw: those of flagged sessions, then the usual ones, each by items; the rest of each is summed. What is a sum
/// already belongs to the rest.
fn shown(lanes: &[Lane]) -> Vec<Lane> {
    let total = |lane: &Lane| {
        lane.cells
            .iter()
            .fold(0u64, |sum, n| sum.saturating_add(*n))
    };
    let mut sorted: Vec<&Lane> = lanes.iter().collect();
    sorted.sort_by_key(|lane| (lane.rest, Reverse(total(lane)), &lane.label));
    let (flagged, usual): (Vec<&Lane>, Vec<&Lane>) = sorted
        .into_iter()
        .partition(|lane| !lane.flagged.is_empty());
    let kept = usual.len().min(USUAL);
    let mut out = first(&flagged, SHOWN - kept, "others of flagged sessions");
    out.extend(first(
        &usual,
        SHOWN - flagged.len().min(SHOWN - kept),
        "others",
    ));
    out
}

/// The first `most` lanes, and the sum of the others. A single other lane is shown as it is.
fn first(lanes: &[&Lane], most: usize, others: &str) -> Vec<Lane> {
    let named = lanes.iter().take_while(|lane| !lane.rest).count();
    let most = if named == lanes.len() && named == most + 1 {
        named
    } else {
        most.min(named)
    };
    let mut out: Vec<Lane> = lanes
        .iter()
        .take(most)
        .map(|lane| (*lane).clone())
        .collect();
    let Some(rest @ [_, ..]) = lanes.get(most..) else {
        return out;
    };
    let members = rest.iter().map(|lane| lane.members).sum();
    let mut sum = Lane {
        label: format!("{} {others}", label::count(members)),
        members,
        rest: true,
        ..Lane::default()
    };
    for lane in rest {
        sum.cells.resize(sum.cells.len().max(lane.cells.len()), 0);
        for (sum, items) in sum.cells.iter_mut().zip(&lane.cells) {
            *sum = sum.saturating_add(*items);
        }
        sum.flagged.extend(&lane.flagged);
    }
    out.push(sum);
    out
}

/// Draws lanes over cells of `step` seconds from `first_day` on; labels end left of `area`, which shares its x axis with `time`.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    area: Area,
    lanes: &[Lane],
    (first_day, step, time): (i64, i64, &TimeScale),
) {
    let font = Font::of(size::SMALL);
    if lanes.is_empty() {
        let at = (area.left, area.top + ROW / 2.0);
        canvas.text_middle("none recorded", at, font.color(theme::MUTED));
        return;
    }
    // The sum of the rest, often the largest, must not pale the lanes that are looked at.
    let named = lanes.iter().filter(|lane| !lane.rest);
    let most = named.flat_map(|lane| &lane.cells).max().copied();
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
        let flagged_lane = !lane.flagged.is_empty();
        let name = if flagged_lane { font.bold() } else { font };
        let name = name.align(Align::Right);
        let text = name.fit(
            &label::name(&lane.label, 200),
            area.left - theme::MARGIN - 14.0,
        );
        canvas.text_middle(&text, (area.left - 14.0, top + ROW / 2.0), name);
        let place = |cell: usize| {
            let from = first_day.saturating_add((cell as i64).saturating_mul(step));
            (time.at(from), time.at(from.saturating_add(step)))
        };
        let mut fill = |cell: usize, color, least: f64| {
            let (left, right) = place(cell);
            if right <= left {
                return;
            }
            let gap = if right - left > 8.0 { 1.0 } else { 0.0 };
            let place = Area {
                left: left + gap,
                right: (right - gap).max(left + least),
                ..row
            };
            canvas.fill(place, color, 1.0);
        };
        for (cell, items) in lane.cells.iter().enumerate() {
            if *items > 0 {
                // The root makes a cell of few items visible beside one of thousands.
                let share = 0.25 + 0.75 * (*items as f64 / most).min(1.0).sqrt();
                fill(cell, theme::mix(theme::EMPTY, theme::OBSERVED, share), 0.5);
            }
        }
        for cell in &lane.flagged {
            fill(*cell, theme::FLAGGED, 2.5);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(label: &str, cells: Vec<u64>, flagged: Vec<usize>) -> Lane {
        Lane {
            label: label.to_owned(),
            cells,
            flagged,
            members: 1,
            rest: false,
        }
    }

    #[test]
    fn flagged_lanes_come_first_and_the_rest_is_summed() {
        let mut lanes: Vec<Lane> = (0..10)
            .map(|i| lane(&format!("client {i}"), vec![i, 1], Vec::new()))
            .collect();
        lanes.push(lane("intruder", vec![0, 1], vec![1]));
        let drawn = shown(&lanes);
        assert_eq!(drawn.len(), SHOWN + 1);
        assert_eq!(drawn[0].label, "intruder");
        assert_eq!(drawn[1].label, "client 9");
        assert_eq!(drawn[SHOWN].label, "3 others");
        assert_eq!(drawn[SHOWN].cells, vec![1 + 2, 3]);
        // A sum stands for many, and is never named, however large.
        lanes.push(Lane {
            members: 1_000,
            rest: true,
            ..lane("others", vec![500, 500], Vec::new())
        });
        let drawn = shown(&lanes);
        assert_eq!((drawn.len(), members(&lanes)), (SHOWN + 1, 1_011));
        assert_eq!(drawn[SHOWN].label, "1,003 others");
        assert_eq!(drawn[SHOWN].cells, vec![503, 503]);
        let alone = shown(&lanes[lanes.len() - 2..]);
        assert_eq!(alone[1].label, "1,000 others");
    }

    #[test]
    fn the_usual_stays_beside_many_flagged_lanes() {
        let mut lanes: Vec<Lane> = (0..12)
            .map(|i| lane(&format!("proxy {i:02}"), vec![100 + i], vec![0]))
            .collect();
        lanes.extend((0..40).map(|i| lane(&format!("office {i:02}"), vec![40 - i], Vec::new())));
        let labels: Vec<String> = shown(&lanes).into_iter().map(|lane| lane.label).collect();
        assert_eq!(
            labels[..6],
            [
                "proxy 11",
                "proxy 10",
                "proxy 09",
                "proxy 08",
                "proxy 07",
                "7 others of flagged sessions"
            ]
        );
        assert_eq!(
            labels[6..],
            ["office 00", "office 01", "office 02", "37 others"]
        );
        assert_eq!(height(&lanes), 10.0 * ROW);
        assert_eq!(height(&[]), ROW);
    }
}

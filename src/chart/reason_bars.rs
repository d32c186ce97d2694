//! The reasons of a mailbox's flagged sessions: what was observed, what was expected, and how much it weighs.

use serde::{Deserialize, Serialize};

use super::canvas::{Area, Canvas};
use super::label;
use super::theme::{self, size};
use super::typeface::{Align, Font};

/// One reason for a flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The reason in words, such as `client never seen in this mailbox`.
    pub sentence: String,
    /// What the session showed.
    pub observed: f64,
    /// What the baseline expects.
    pub expected: f64,
    /// Unit of both, such as `items`; empty if they have none. `bytes` are shown as kB, MB or GB.
    pub unit: String,
    /// What observed and expected mean, where the bare numbers would puzzle: `today`, `on 6% of days`.
    pub words: Option<[String; 2]>,
    /// Share of the score, 0 to 1.
    pub contribution: f64,
}

/// Height of one reason.
const ROW: f64 = 78.0;
/// Height of one line of a sentence.
const LINE: f64 = 22.0;
/// Most reasons shown.
const SHOWN: usize = 6;

/// Height that [`draw`] takes for `reasons` reasons.
pub(super) fn height(reasons: usize) -> f64 {
    reasons.clamp(1, SHOWN) as f64 * ROW + 34.0
}

/// Reasons by falling contribution, what is no number last; equals keep their order.
pub(super) fn sorted(reasons: &[Reason]) -> Vec<&Reason> {
    let mut sorted: Vec<&Reason> = reasons.iter().collect();
    let weight = |reason: &Reason| {
        if reason.contribution.is_nan() {
            f64::NEG_INFINITY
        } else {
            reason.contribution
        }
    };
    sorted.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    sorted
}

/// Draws the strongest reasons: sentence, share of the score, observed and expected as bars of one scale per reason.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Area, reasons: &[Reason]) {
    let small = Font::of(size::SMALL);
    let muted = small.color(theme::MUTED);
    if reasons.is_empty() {
        let text = "No reason was recorded.";
        canvas.text_middle(text, (area.left, area.top + ROW / 2.0), muted);
        return;
    }
    let share_right = area.left + 58.0;
    let sentence = (share_right + 18.0, area.left + area.width() * 0.52);
    let bars = Area {
        left: sentence.1 + 18.0,
        ..area
    };
    canvas.text_middle(
        "share",
        (share_right, area.top + 12.0),
        muted.align(Align::Right),
    );
    canvas.text_middle("reason", (sentence.0, area.top + 12.0), muted);
    let keys = [(theme::FLAGGED, "observed"), (theme::BAND, "expected")];
    let mut left = bars.left;
    for (color, text) in keys {
        let swatch = Area {
            left,
            right: left + 18.0,
            top: area.top + 4.0,
            bottom: area.top + 20.0,
        };
        canvas.fill(swatch, color, 1.0);
        canvas.text_middle(text, (left + 26.0, area.top + 12.0), muted);
        left += 26.0 + muted.width(text) + 24.0;
    }
    for (i, reason) in sorted(reasons).iter().take(SHOWN).enumerate() {
        let top = area.top + 34.0 + i as f64 * ROW;
        let middle = top + ROW / 2.0;
        canvas.line((area.left, top), (area.right, top), theme::GRID, 1.0);
        let bold = Font::of(size::BODY).bold().align(Align::Right);
        canvas.text_middle(
            &label::percent(reason.contribution),
            (share_right, middle),
            bold,
        );
        let font = Font::of(size::SMALL);
        let lines = font.wrap(&reason.sentence, sentence.1 - sentence.0, 3);
        let mut y = middle - (lines.len().saturating_sub(1)) as f64 * LINE / 2.0;
        for line in &lines {
            canvas.text_middle(line, (sentence.0, y), font);
            y += LINE;
        }
        pair(
            canvas,
            Area {
                top: top + 14.0,
                bottom: top + ROW - 14.0,
                ..bars
            },
            reason,
        );
    }
}

fn pair(canvas: &mut Canvas<'_>, area: Area, reason: &Reason) {
    let values = [reason.observed, reason.expected];
    let most = values
        .iter()
        .copied()
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max);
    let half = area.height() / 2.0;
    // Room right of the longest bar for its value.
    let room = area.width() * 0.58;
    for (i, (value, color)) in values
        .into_iter()
        .zip([theme::FLAGGED, theme::BAND])
        .enumerate()
    {
        let top = area.top + i as f64 * half;
        let share = if most > 0.0 && value.is_finite() {
            value.max(0.0) / most
        } else {
            0.0
        };
        let bar = Area {
            left: area.left,
            right: area.left + (room * share).max(2.0),
            top: top + 2.0,
            bottom: top + half - 2.0,
        };
        canvas.fill(bar, color, 1.0);
        let font = if i == 0 {
            Font::of(size::SMALL).bold()
        } else {
            Font::of(size::SMALL).color(theme::MUTED)
        };
        let text = match &reason.words {
            Some(words) => words[i].clone(),
            None => amount(value, &reason.unit),
        };
        let text = font.fit_end(&text, area.right - bar.right - 8.0);
        canvas.text_middle(&text, (bar.right + 8.0, top + half / 2.0), font);
    }
}

/// A value with its unit, which is a plural: `2 mailboxes`, `1 mailbox`, `4.1 MB`.
fn amount(value: f64, unit: &str) -> String {
    const ENDINGS: [(&str, &str); 2] = [("xes", "x"), ("s", "")];
    if unit == "bytes" {
        return label::bytes(value);
    }
    let one = ENDINGS
        .iter()
        .find_map(|(many, one)| Some(format!("{}{one}", unit.strip_suffix(many)?)))
        .filter(|_| value == 1.0 && !unit.contains(' '));
    let unit = one.as_deref().unwrap_or(unit);
    format!("{} {unit}", label::value(value))
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_unit_keeps_it() {
        for (value, unit, words) in [
            (1.0, "days", "1 day"),
            (0.0, "days", "0 days"),
            (1.0, "mailboxes", "1 mailbox"),
            (1.0, "synchronisations", "1 synchronisation"),
            (13.0, "items", "13 items"),
            (1.0, "", "1"),
            (1.0, "% of items", "1 % of items"),
            (1.0, "bytes", "1 B"),
        ] {
            assert_eq!(amount(value, unit), words);
        }
    }

    #[test]
    fn strongest_reason_comes_first() {
        let reason = |contribution| Reason {
            sentence: String::new(),
            observed: 1.0,
            expected: 0.0,
            unit: String::new(),
            words: None,
            contribution,
        };
        let reasons = [reason(f64::NAN), reason(0.1), reason(0.6), reason(0.3)];
        let shares: Vec<f64> = sorted(&reasons)
            .iter()
            .map(|r| r.contribution)
            .take(3)
            .collect();
        assert_eq!(shares, vec![0.6, 0.3, 0.1]);
        assert_eq!(height(0), height(1));
        assert_eq!(height(6), height(60));
    }
}

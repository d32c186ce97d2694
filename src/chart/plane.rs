//! A plane with two linear axes, for curves: where a pair of numbers lies, ticks, grid, lines, steps and whiskers.

use super::canvas::{Area, Canvas};
use super::label;
use super::theme::{self, Rgb, size};
use super::typeface::{Align, Font};

/// One axis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis<'a> {
    /// What is measured, with its unit.
    pub label: &'a str,
    /// Smallest value shown.
    pub low: f64,
    /// Largest value shown, above `low`.
    pub high: f64,
    /// Whether values are shares, shown as percentages.
    pub share: bool,
}

impl<'a> Axis<'a> {
    /// An axis of shares, 0 to 1.
    pub(super) fn share(label: &'a str) -> Self {
        Axis {
            label,
            low: 0.0,
            high: 1.0,
            share: true,
        }
    }

    /// An axis from 0 to a round number that is not below any of `values`; at least 1.
    pub(super) fn from_zero(label: &'a str, values: impl Iterator<Item = f64>) -> Self {
        let most = values.filter(|v| v.is_finite()).fold(1.0, f64::max);
        let step = step_of(most);
        Axis {
            label,
            low: 0.0,
            high: (most / step - 1e-9).ceil() * step,
            share: false,
        }
    }

    fn ticks(&self) -> Vec<f64> {
        let step = step_of(self.high - self.low);
        let first = (self.low / step).ceil() as i64;
        (first..first + 12)
            .map(|i| i as f64 * step)
            .take_while(|tick| *tick <= self.high + step * 1e-6)
            .collect()
    }

    fn text(&self, value: f64) -> String {
        if self.share {
            label::percent(value)
        } else {
            label::compact(value)
        }
    }
}

/// The distance of about five ticks over a range: 1, 2 or 5 times a power of ten.
fn step_of(range: f64) -> f64 {
    let rough = (range / 5.0).max(1e-9);
    let power = 10f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|f| f * power)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(power)
}

/// The label of a vertical axis in at most two lines that are no longer than the axis.
fn upward_lines(text: &str, height: f64) -> Vec<String> {
    Font::of(size::SMALL).wrap(text, height, 2)
}

/// A plane on the canvas.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plane<'a> {
    area: Area,
    x: Axis<'a>,
    y: Axis<'a>,
}

/// Room left of the plane for the labels of the vertical axis.
const LEFT: f64 = 110.0;
/// Room below the plane for the labels of the horizontal axis.
const BELOW: f64 = 72.0;
/// From one line of the vertical axis's label to the next.
const LINE: f64 = 22.0;

impl<'a> Plane<'a> {
    /// Draws grid, ticks and axis labels into `area`; gives the plane inside.
    pub(super) fn draw(canvas: &mut Canvas<'_>, area: Area, (x, y): (Axis<'a>, Axis<'a>)) -> Self {
        let inner = Area {
            left: area.left + LEFT,
            top: area.top + 14.0,
            right: area.right - 24.0,
            bottom: area.bottom - BELOW,
        };
        let plane = Plane { area: inner, x, y };
        let font = Font::of(size::SMALL).color(theme::MUTED);
        for tick in y.ticks() {
            let (_, at) = plane.at((x.low, tick));
            canvas.line((inner.left, at), (inner.right, at), theme::GRID, 1.0);
            canvas.text_middle(
                &y.text(tick),
                (inner.left - 12.0, at),
                font.align(Align::Right),
            );
        }
        for tick in x.ticks() {
            let (at, _) = plane.at((tick, y.low));
            canvas.line(
                (at, inner.bottom),
                (at, inner.bottom + 6.0),
                theme::MUTED,
                1.0,
            );
            canvas.text(
                &x.text(tick),
                (at, inner.bottom + 26.0),
                font.align(Align::Centre),
            );
        }
        canvas.line(
            (inner.left, inner.bottom),
            (inner.right, inner.bottom),
            theme::MUTED,
            1.0,
        );
        let middle = (inner.left + inner.right) / 2.0;
        canvas.text(
            x.label,
            (middle, inner.bottom + 56.0),
            font.align(Align::Centre),
        );
        let middle = (inner.top + inner.bottom) / 2.0;
        for (line, text) in upward_lines(y.label, inner.height()).iter().enumerate() {
            let at = area.left + 14.0 + line as f64 * LINE;
            canvas.text_upwards(text, (at, middle), font);
        }
        plane
    }

    /// Pixel of a pair of values; what lies outside stops at the edge, what is no number at the origin.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = |value: f64, axis: &Axis<'_>| {
            let value = if value.is_nan() { axis.low } else { value };
            (value.clamp(axis.low, axis.high) - axis.low) / (axis.high - axis.low)
        };
        (
            self.area.left + share(x, &self.x) * self.area.width(),
            self.area.bottom - share(y, &self.y) * self.area.height(),
        )
    }

    /// A line through points.
    pub(super) fn curve(&self, canvas: &mut Canvas<'_>, points: &[(f64, f64)], color: Rgb) {
        let placed: Vec<(f64, f64)> = points.iter().map(|point| self.at(*point)).collect();
        canvas.path(&placed, color, 3.0);
    }

    /// Steps that rise at each point and hold until the next; the last holds to the right edge.
    pub(super) fn steps(&self, canvas: &mut Canvas<'_>, points: &[(f64, f64)], color: Rgb) {
        let mut level: Option<(f64, f64)> = None;
        for point in points {
            let to = self.at(*point);
            if let Some(from) = level {
                canvas.line(from, (to.0, from.1), color, 3.0);
                canvas.line((to.0, from.1), to, color, 3.0);
            }
            level = Some(to);
        }
        if let Some(from) = level {
            canvas.line(from, (self.area.right, from.1), color, 3.0);
        }
    }

    /// An upright interval with a cap at each end.
    pub(super) fn whisker(
        &self,
        canvas: &mut Canvas<'_>,
        x: f64,
        (low, high): (f64, f64),
        color: Rgb,
    ) {
        let (bottom, top) = (self.at((x, low)), self.at((x, high)));
        canvas.line(bottom, top, color, 2.0);
        for end in [bottom, top] {
            canvas.line((end.0 - 5.0, end.1), (end.0 + 5.0, end.1), color, 2.0);
        }
    }

    /// A level line over the whole width with its meaning above its right end.
    pub(super) fn level(&self, canvas: &mut Canvas<'_>, y: f64, text: &str) {
        let (_, at) = self.at((self.x.low, y));
        canvas.line((self.area.left, at), (self.area.right, at), theme::INK, 1.5);
        let font = Font::of(size::SMALL).align(Align::Right);
        let text = font.fit_end(text, self.area.width());
        canvas.text(&text, (self.area.right, at - 8.0), font);
    }

    /// An upright line over the whole height with its meaning beside it, clear of rising `steps`: right of its foot where
    /// they have passed half of the height by then, otherwise left of its top.
    pub(super) fn upright(
        &self,
        canvas: &mut Canvas<'_>,
        x: f64,
        text: &str,
        steps: &[(f64, f64)],
    ) {
        let (at, _) = self.at((x, self.y.low));
        canvas.line((at, self.area.top), (at, self.area.bottom), theme::INK, 1.5);
        let font = Font::of(size::SMALL);
        let text = font.fit_end(text, self.area.width() / 2.0);
        let place = self.beside_upright(x, font.width(&text), steps);
        canvas.text_middle(&text, place, font);
    }

    /// Where a text of this width begins beside an upright line.
    fn beside_upright(&self, x: f64, width: f64, steps: &[(f64, f64)]) -> (f64, f64) {
        const GAP: f64 = 10.0;
        const INSET: f64 = 14.0;
        let (at, _) = self.at((x, self.y.low));
        let reached = steps.iter().rev().find(|(step, _)| *step <= x);
        let half = (self.y.low + self.y.high) / 2.0;
        let low = reached.is_none_or(|(_, level)| *level < half);
        if low && at - GAP - width > self.area.left {
            (at - GAP - width, self.area.top + INSET)
        } else {
            (at + GAP, self.area.bottom - INSET)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers() {
        let axis = Axis::from_zero("days", [3.0, 32.0].into_iter());
        assert_eq!(
            (axis.high, axis.ticks()),
            (40.0, vec![0.0, 10.0, 20.0, 30.0, 40.0])
        );
        assert_eq!(Axis::from_zero("days", [f64::NAN].into_iter()).high, 1.0);
        assert_eq!(Axis::share("recall").ticks().len(), 6);
        assert_eq!(Axis::share("recall").text(0.4), "40%");
    }

    #[test]
    fn points_stay_on_the_plane() {
        let area = Area {
            left: 0.0,
            top: 0.0,
            right: 100.0,
            bottom: 50.0,
        };
        let plane = Plane {
            area,
            x: Axis::share("x"),
            y: Axis::share("y"),
        };
        assert_eq!(plane.at((0.5, 0.5)), (50.0, 25.0));
        assert_eq!(plane.at((7.0, -7.0)), (100.0, 50.0));
        assert_eq!(plane.at((f64::NAN, 1.0)), (0.0, 0.0));
    }

    #[test]
    fn a_long_label_of_the_vertical_axis_takes_two_lines() {
        let long = "days until an attacked mailbox is among the day's two highest alerts";
        let lines = upward_lines(long, 500.0);
        assert_eq!((lines.len(), lines.join(" ")), (2, long.to_owned()));
        let font = Font::of(size::SMALL);
        assert!(lines.iter().all(|line| font.width(line) <= 500.0));
        assert_eq!(upward_lines("days", 500.0), ["days"]);
    }

    #[test]
    fn the_meaning_of_an_upright_line_stays_clear_of_the_steps() {
        let area = Area {
            left: 0.0,
            top: 0.0,
            right: 1000.0,
            bottom: 500.0,
        };
        let x = Axis {
            label: "alerts",
            low: 0.0,
            high: 10.0,
            share: false,
        };
        let plane = Plane {
            area,
            x,
            y: Axis::share("found"),
        };
        let (foot, top) = ((210.0, 486.0), (130.0, 14.0));
        assert_eq!(
            plane.beside_upright(2.0, 60.0, &[(0.0, 0.0), (0.3, 0.9)]),
            foot
        );
        assert_eq!(
            plane.beside_upright(2.0, 60.0, &[(0.0, 0.0), (5.0, 0.9)]),
            top
        );
        // No room at the left.
        assert_eq!(plane.beside_upright(2.0, 400.0, &[]), foot);
    }
}

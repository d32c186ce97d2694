//! Scales and their ticks: counts (linear, or logarithmic where a spike dwarfs the rest) and time.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::label;

/// A count axis that begins at zero.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountScale {
    /// Largest value shown.
    pub top: f64,
    /// Whether equal steps are equal factors; zero still has its place, since log(1 + x) is drawn.
    pub log: bool,
    /// Pixel of zero.
    pub zero: f64,
    /// Pixel of `top`.
    pub end: f64,
}

impl CountScale {
    /// An axis that shows `most`; logarithmic if `log`.
    pub(super) fn new(most: f64, log: bool, (zero, end): (f64, f64)) -> CountScale {
        let most = if most.is_finite() { most.max(1.0) } else { 1.0 };
        let top = if log {
            most * 1.3
        } else {
            let step = nice_step(most / 4.0);
            (most / step).ceil() * step
        };
        CountScale {
            top,
            log,
            zero,
            end,
        }
    }

    /// Pixel of `value`; values outside of the axis stop at its ends.
    pub(super) fn at(&self, value: f64) -> f64 {
        if !value.is_finite() {
            return self.zero;
        }
        let value = value.clamp(0.0, self.top);
        let share = if self.log {
            value.ln_1p() / self.top.ln_1p()
        } else {
            value / self.top
        };
        self.zero + (self.end - self.zero) * share
    }

    /// The values to label, from zero up.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.log {
            // Six powers at most, else their labels would touch.
            let powers = self.top.log10().floor().max(0.0) as usize + 1;
            let every = powers.div_ceil(6);
            let mut ticks = vec![0.0];
            ticks.extend((0..powers).step_by(every).map(|i| 10f64.powi(i as i32)));
            return ticks;
        }
        let step = nice_step(self.top / 4.2);
        (0..=20)
            .map(|i| f64::from(i) * step)
            .take_while(|tick| *tick <= self.top * 1.000_001)
            .collect()
    }
}

/// The smallest of 1, 2, 5 times a power of ten, at least one, that is not below `least`: counts have no fractions.
fn nice_step(least: f64) -> f64 {
    if least <= 1.0 {
        return 1.0;
    }
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * 0.999_999)
        .unwrap_or(10.0 * power)
}

/// Whether a logarithmic axis is needed: the largest value is more than this many times the usual level.
const DWARFED: f64 = 40.0;

/// True if `most` would squash everything of the size `usual` to a line.
pub(super) fn wants_log(most: f64, usual: f64) -> bool {
    most > DWARFED * usual.max(1.0)
}

/// A time axis from left to right.
#[derive(Debug, Clone)]
pub(super) struct TimeScale {
    /// First moment shown, Unix seconds.
    pub start: i64,
    /// End of what is shown, exclusive; after `start`.
    pub end: i64,
    /// Pixel of `start`.
    pub left: f64,
    /// Pixel of `end`.
    pub right: f64,
    zone: TimeZone,
}

/// A labelled moment on a time axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TimeTick {
    /// Unix seconds.
    pub at: i64,
    /// The hour, the day or the month.
    pub label: String,
    /// The day or the year, where it begins.
    pub group: Option<String>,
}

/// Distance between ticks.
#[derive(Debug, Clone, Copy)]
enum TickStep {
    Hours(i8),
    Days(i32),
    Months(i32),
}

/// Steps in rising order with their usual length in seconds.
const STEPS: [(TickStep, i64); 19] = [
    (TickStep::Hours(1), 3_600),
    (TickStep::Hours(2), 7_200),
    (TickStep::Hours(3), 10_800),
    (TickStep::Hours(6), 21_600),
    (TickStep::Hours(12), 43_200),
    (TickStep::Days(1), 86_400),
    (TickStep::Days(2), 172_800),
    (TickStep::Days(7), 604_800),
    (TickStep::Days(14), 1_209_600),
    (TickStep::Months(1), 2_629_800),
    (TickStep::Months(2), 5_259_600),
    (TickStep::Months(3), 7_889_400),
    (TickStep::Months(6), 15_778_800),
    (TickStep::Months(12), 31_557_600),
    (TickStep::Months(24), 63_115_200),
    (TickStep::Months(60), 157_788_000),
    (TickStep::Months(120), 315_576_000),
    (TickStep::Months(600), 1_577_880_000),
    (TickStep::Months(6_000), 15_778_800_000),
];

impl TimeScale {
    /// An axis from `start` to `end` (Unix seconds) over the pixels `left` to `right`.
    pub(super) fn new(
        (start, end): (i64, i64),
        (left, right): (f64, f64),
        zone: &TimeZone,
    ) -> Self {
        // Beyond these years (before 0 and after 8300) nothing is a log; it also keeps sums from overflowing.
        let limit = 200_000_000_000;
        let start = start.clamp(-limit / 4, limit - 1);
        TimeScale {
            start,
            end: end.clamp(start + 1, limit),
            left,
            right,
            zone: zone.clone(),
        }
    }

    /// Pixel of a moment; moments outside of the axis stop at its ends.
    pub(super) fn at(&self, seconds: i64) -> f64 {
        let seconds = seconds.clamp(self.start, self.end);
        let share = (seconds - self.start) as f64 / (self.end - self.start) as f64;
        self.left + (self.right - self.left) * share
    }

    /// Ticks at least `apart` pixels from each other, on round moments of the zone.
    pub(super) fn ticks(&self, apart: f64) -> Vec<TimeTick> {
        let most = ((self.right - self.left) / apart).floor().max(1.0);
        let least = ((self.end - self.start) as f64 / most).ceil() as i64;
        let step = STEPS
            .iter()
            .find(|(_, seconds)| *seconds >= least)
            .map_or(TickStep::Months(6_000), |(step, _)| *step);
        let mut group = String::new();
        let mut ticks = Vec::new();
        for (at, date, hour) in self.moments(step) {
            let (label, names) = match step {
                TickStep::Hours(_) => (
                    format!("{hour:02}:00"),
                    date.strftime("%a %-d %b %Y").to_string(),
                ),
                TickStep::Days(_) => (date.strftime("%-d %b").to_string(), date.year().to_string()),
                TickStep::Months(1..=11) => {
                    (date.strftime("%b").to_string(), date.year().to_string())
                }
                TickStep::Months(_) => (date.year().to_string(), String::new()),
            };
            let first = names != group;
            ticks.push(TimeTick {
                at,
                label,
                group: first.then(|| names.clone()),
            });
            group = names;
        }
        ticks
    }

    fn moments(&self, step: TickStep) -> Vec<(i64, Date, i8)> {
        let first = label::zoned(self.start, &self.zone).date();
        let (mut date, stride): (Date, Span) = match step {
            TickStep::Hours(_) => (first, 1.day()),
            TickStep::Days(days) => {
                // Weeks begin on Monday; steps of a day or two on the first day shown.
                let monday = Date::constant(1970, 1, 5);
                let since = first.duration_since(monday).as_hours() / 24;
                let back = if days >= 7 {
                    since.rem_euclid(i64::from(days))
                } else {
                    0
                };
                (first.saturating_sub(back.days()), i64::from(days).days())
            }
            TickStep::Months(months) => {
                let total = i32::from(first.year()) * 12 + i32::from(first.month()) - 1;
                let aligned = total - total.rem_euclid(months);
                let year = aligned.div_euclid(12) as i16;
                let month = (aligned.rem_euclid(12) + 1) as i8;
                let date = Date::new(year, month, 1).unwrap_or(first.first_of_month());
                (date, i64::from(months).months())
            }
        };
        let mut out = Vec::new();
        // Far more than fit any chart: a stop in case the calendar ends before the axis does.
        for _ in 0..2_000 {
            let hours: Vec<i8> = match step {
                TickStep::Hours(every) => (0..24).step_by(every.max(1) as usize).collect(),
                _ => vec![0],
            };
            for hour in hours {
                let Ok(zoned) = date.at(hour, 0, 0, 0).to_zoned_datetime(self.zone.clone()) else {
                    continue;
                };
                let at = zoned.timestamp().as_second();
                if at >= self.end {
                    return out;
                }
                if at >= self.start {
                    out.push((at, date, hour));
                }
            }
            let Ok(next) = date.checked_add(stride) else {
                return out;
            };
            date = next;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2025-06-02T00:00:00Z, a Monday.
    const MONDAY: i64 = 1_748_822_400;
    const DAY: i64 = 86_400;

    #[test]
    fn count_ticks_are_round_and_cover_the_axis() {
        let scale = CountScale::new(237.0, false, (100.0, 0.0));
        assert_eq!(scale.top, 300.0);
        assert_eq!(scale.ticks(), vec![0.0, 100.0, 200.0, 300.0]);
        assert_eq!(scale.at(0.0), 100.0);
        assert_eq!(scale.at(150.0), 50.0);
        assert_eq!(scale.at(f64::NAN), 100.0);
        let tiny = CountScale::new(0.0, false, (100.0, 0.0));
        assert_eq!(tiny.ticks(), vec![0.0, 1.0]);
    }

    #[test]
    fn log_axis_keeps_zero() {
        let scale = CountScale::new(5_000.0, true, (100.0, 0.0));
        assert_eq!(scale.ticks(), vec![0.0, 1.0, 10.0, 100.0, 1_000.0]);
        assert_eq!(scale.at(0.0), 100.0);
        assert!(scale.at(10.0) < scale.at(1.0));
        assert_eq!(
            CountScale::new(2e9, true, (100.0, 0.0)).ticks(),
            vec![0.0, 1.0, 100.0, 10_000.0, 1e6, 1e8]
        );
        assert!(wants_log(5_000.0, 20.0) && !wants_log(500.0, 20.0));
    }

    #[test]
    fn three_weeks_are_ticked_by_days_and_two_years_by_months() {
        let weeks = TimeScale::new((MONDAY, MONDAY + 21 * DAY), (0.0, 1400.0), &TimeZone::UTC);
        let ticks = weeks.ticks(110.0);
        assert_eq!(ticks[0].label, "2 Jun");
        assert_eq!(ticks[0].group.as_deref(), Some("2025"));
        assert_eq!(ticks[1].label, "4 Jun");
        assert_eq!(ticks[1].group, None);
        assert_eq!(ticks.len(), 11);

        let years = TimeScale::new((MONDAY, MONDAY + 730 * DAY), (0.0, 1400.0), &TimeZone::UTC);
        let ticks = years.ticks(110.0);
        assert_eq!(ticks[0].label, "Jul");
        assert!(ticks.len() <= 12);
        assert_eq!(ticks.iter().filter(|t| t.group.is_some()).count(), 3);
    }

    #[test]
    fn one_day_is_ticked_by_hours_of_the_zone() {
        let berlin = TimeZone::get("Europe/Berlin").expect("bundled zone");
        let day = TimeScale::new((MONDAY, MONDAY + DAY), (0.0, 1400.0), &berlin);
        let ticks = day.ticks(110.0);
        // Midnight UTC is 02:00 in Berlin; two-hour steps fit.
        assert_eq!(ticks[0].label, "02:00");
        assert_eq!(ticks[0].at, MONDAY);
        assert_eq!(ticks[0].group.as_deref(), Some("Mon 2 Jun 2025"));
    }

    #[test]
    fn absurd_spans_end() {
        for span in [(i64::MIN, i64::MAX), (0, 0), (5, -5), (i64::MAX, i64::MAX)] {
            let scale = TimeScale::new(span, (0.0, 1000.0), &TimeZone::UTC);
            assert!(scale.ticks(100.0).len() <= 30);
            assert!(scale.at(i64::MAX).is_finite());
        }
    }
}

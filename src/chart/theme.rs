//! The one theme of all charts: colours, type sizes, spacing, resolution.
//!
//! The categorical colours are the colour-blind safe set of M. Okabe and K. Ito, "Color Universal Design" (2008).
//! Vermillion is kept for what was flagged and for nothing else, so that it means the same in every chart.

use jiff::tz::TimeZone;

/// A colour as red, green and blue, 0 to 255 each.
pub(super) type Rgb = (u8, u8, u8);

/// Page background.
pub(super) const PAPER: Rgb = (255, 255, 255);
/// Titles and values.
pub(super) const INK: Rgb = (28, 32, 38);
/// Axis labels, units and footers: contrast 7:1 on the background.
pub(super) const MUTED: Rgb = (82, 89, 98);
/// Grid lines and frames.
pub(super) const GRID: Rgb = (222, 226, 231);
/// Rows and cells without data.
pub(super) const EMPTY: Rgb = (244, 246, 248);
/// Observed counts.
pub(super) const OBSERVED: Rgb = (0, 114, 178);
/// The expected band.
pub(super) const BAND: Rgb = (201, 224, 240);
/// Flagged, and only that.
pub(super) const FLAGGED: Rgb = (213, 94, 0);

/// Categories in order of use, without vermillion, which means "flagged".
const CATEGORIES: [Rgb; 7] = [
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (240, 228, 66),
    (70, 70, 70),
];

/// Everything after the last category colour.
pub(super) const OTHER: Rgb = (170, 177, 185);

/// Colour of the `index`th category; categories beyond the palette share one grey.
pub(super) fn category(index: usize) -> Rgb {
    CATEGORIES.get(index).copied().unwrap_or(OTHER)
}

/// How many categories have a colour of their own.
pub(super) const CATEGORY_COUNT: usize = CATEGORIES.len();

/// `from` mixed with `to`; `share` 0 gives `from`, 1 gives `to`.
pub(super) fn mix(from: Rgb, to: Rgb, share: f64) -> Rgb {
    let share = share.clamp(0.0, 1.0);
    let channel =
        |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    (
        channel(from.0, to.0),
        channel(from.1, to.1),
        channel(from.2, to.2),
    )
}

/// White or ink, whichever reads better on `background` (relative luminance as in WCAG 2.1).
pub(super) fn text_on(background: Rgb) -> Rgb {
    let linear = |c: u8| {
        let c = f64::from(c) / 255.0;
        if c <= 0.03928 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    let luminance = 0.2126 * linear(background.0)
        + 0.7152 * linear(background.1)
        + 0.0722 * linear(background.2);
    // Contrast with white and with ink is equal at a luminance near 0.22.
    if luminance > 0.22 { INK } else { PAPER }
}

/// Width of every chart in logical pixels.
pub(super) const WIDTH: f64 = 1600.0;
/// Space left free at each side of the page.
pub(super) const MARGIN: f64 = 48.0;

/// Type sizes in pixels per em. The smallest is still 9 px when the picture is shown at half size.
pub(super) mod size {
    /// Title of a chart.
    pub(in crate::chart) const TITLE: f64 = 32.0;
    /// Title of a panel inside a chart.
    pub(in crate::chart) const PANEL: f64 = 23.0;
    /// Subtitles, table cells, values.
    pub(in crate::chart) const BODY: f64 = 20.0;
    /// Axis labels, legends, footer.
    pub(in crate::chart) const SMALL: f64 = 18.0;
}

/// Pixels per logical pixel of the written file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resolution {
    /// 1600 pixels wide: pages and screens.
    #[default]
    Standard,
    /// 3200 pixels wide: print and high-density screens.
    Double,
}

/// What all charts of one run share: resolution, time zone and source.
#[derive(Debug, Clone)]
pub struct Style {
    /// Size of the written pictures.
    pub resolution: Resolution,
    /// Zone in which every time is shown. The data carry UTC.
    pub time_zone: TimeZone,
    /// What the figures come from, for the footer, such as `tenant-export.csv.gz (5,373 records)`.
    pub source: String,
}

impl Default for Style {
    /// Standard resolution, UTC, no source named.
    fn default() -> Self {
        Style {
            resolution: Resolution::Standard,
            time_zone: TimeZone::UTC,
            source: String::new(),
        }
    }
}

impl Style {
    /// Name of the time zone as the footer prints it: the IANA name, else `UTC` or the offset.
    pub(crate) fn zone_name(&self) -> String {
        match self.time_zone.iana_name() {
            Some(name) => name.to_owned(),
            None => self
                .time_zone
                .to_fixed_offset()
                .map_or_else(|_| "local time".to_owned(), |offset| format!("UTC{offset}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vermillion_is_no_category() {
        assert!((0..20).all(|i| category(i) != FLAGGED));
        assert_eq!(category(CATEGORY_COUNT), OTHER);
    }

    #[test]
    fn mix_meets_both_ends_and_the_middle() {
        assert_eq!(mix((0, 0, 0), (200, 100, 50), 0.0), (0, 0, 0));
        assert_eq!(mix((0, 0, 0), (200, 100, 50), 0.5), (100, 50, 25));
        assert_eq!(mix((0, 0, 0), (200, 100, 50), 7.0), (200, 100, 50));
    }

    #[test]
    fn text_contrasts_with_its_background() {
        assert_eq!(text_on(PAPER), INK);
        assert_eq!(text_on(INK), PAPER);
        assert_eq!(text_on((240, 228, 66)), INK);
        assert_eq!(text_on(OBSERVED), PAPER);
    }

    #[test]
    fn zones_have_names() {
        assert_eq!(Style::default().zone_name(), "UTC");
        let berlin = TimeZone::get("Europe/Berlin").expect("bundled zone");
        let style = Style {
            time_zone: berlin,
            ..Style::default()
        };
        assert_eq!(style.zone_name(), "Europe/Berlin");
    }
}

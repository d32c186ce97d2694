//! What stands around every drawing: title, subtitle, footer, legend.

use super::canvas::{Area, Canvas};
use super::label;
use super::theme::{self, MARGIN, Rgb, Style};
use super::typeface::{Align, Font};

/// What every chart says around its drawing.
pub(super) struct Frame<'a> {
    /// The finding, as a sentence.
    pub title: &'a str,
    /// Scope: period, mailboxes, counts.
    pub subtitle: &'a str,
    /// What is counted, for the footer.
    pub units: &'a str,
    /// Whether times are shown, whose zone the footer then names.
    pub times: bool,
}

/// Height that [`draw`] takes above the content.
pub(super) const HEAD: f64 = 158.0;
/// Height that [`draw`] takes below the content.
pub(super) const FOOT: f64 = 62.0;

/// Draws title, subtitle and footer; gives the area left for the content.
pub(super) fn draw(canvas: &mut Canvas<'_>, style: &Style, frame: &Frame<'_>) -> Area {
    let (width, height) = canvas.size;
    let inner = width - 2.0 * MARGIN;
    let mut title = Font::of(theme::size::TITLE).bold();
    let text = label::clean(frame.title);
    let one_line = Font {
        size: theme::size::TITLE * 0.85,
        ..title
    };
    if title.width(&text) > inner && one_line.width(&text) <= inner {
        title = one_line;
    }
    let lines = title.wrap(&text, inner, 2);
    // A title of one line stands lower, so that the content begins at the same height everywhere.
    let mut baseline = if lines.len() > 1 { 50.0 } else { 74.0 };
    for line in &lines {
        canvas.text(line, (MARGIN, baseline), title);
        baseline += 40.0;
    }
    let subtitle = Font::of(theme::size::BODY).color(theme::MUTED);
    let text = subtitle.fit_end(frame.subtitle, inner);
    canvas.text(&text, (MARGIN, 126.0), subtitle);

    let rule = height - FOOT + 16.0;
    canvas.line((MARGIN, rule), (width - MARGIN, rule), theme::GRID, 1.0);
    let footer = Font::of(theme::size::SMALL).color(theme::MUTED);
    let mark = format!("mailglass {}", env!("CARGO_PKG_VERSION"));
    let room = inner - footer.width(&mark) - 24.0;
    let baseline = height - 18.0;
    let mut text = frame.units.to_owned();
    if frame.times {
        text = format!("{text} · times in {}", style.zone_name());
    }
    if !style.source.is_empty() {
        text = format!("{text} · source: {}", style.source);
    }
    canvas.text(&footer.fit_end(&text, room), (MARGIN, baseline), footer);
    let right = footer.align(Align::Right);
    canvas.text(&mark, (width - MARGIN, baseline), right);

    Area {
        left: MARGIN,
        top: HEAD,
        right: width - MARGIN,
        bottom: height - FOOT,
    }
}

/// One entry of a legend.
pub(super) enum Key {
    /// A filled square.
    Fill(Rgb, String),
    /// A stroke.
    Line(Rgb, String),
    /// A hollow point.
    Ring(Rgb, String),
}

impl Key {
    fn name(&self) -> &str {
        match self {
            Key::Fill(_, text) | Key::Line(_, text) | Key::Ring(_, text) => text,
        }
    }
}

/// Draws a legend from `area.left` on the middle line of `area`; long names are shortened until all entries fit.
pub(super) fn legend(canvas: &mut Canvas<'_>, area: Area, keys: &[Key]) {
    const SWATCH: f64 = 26.0;
    const GAP: f64 = 28.0;
    let font = Font::of(theme::size::SMALL).color(theme::MUTED);
    let middle = (area.top + area.bottom) / 2.0;
    let widths = keys
        .iter()
        .map(|key| font.width(&label::clean(key.name())) + SWATCH + GAP);
    let room = if widths.sum::<f64>() - GAP > area.width() {
        (area.width() + GAP) / keys.len().max(1) as f64 - SWATCH - GAP
    } else {
        area.width()
    };
    let mut left = area.left;
    for key in keys {
        let text = font.fit(key.name(), room);
        let mut swatch = |color: Rgb, half: f64| {
            let area = Area {
                left,
                top: middle - half,
                right: left + 18.0,
                bottom: middle + half,
            };
            canvas.fill(area, color, 1.0);
        };
        match key {
            Key::Fill(color, _) => swatch(*color, 8.0),
            Key::Line(color, _) => swatch(*color, 2.0),
            Key::Ring(color, _) => canvas.ring((left + 9.0, middle), 6.0, *color),
        }
        canvas.text_middle(&text, (left + SWATCH, middle), font);
        left += SWATCH + font.width(&text) + GAP;
    }
}

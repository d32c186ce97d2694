//! The embedded typeface: DejaVu Sans in two weights, set glyph by glyph, measured and fitted to its room.

use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, Glyph, OutlinedGlyph, PxScale, ScaleFont, point};

use super::label;
use super::theme::{self, Rgb};

/// Drawn pixels per logical pixel; see the canvas.
pub(super) const DRAWN: u32 = 2;
/// Height of capitals in em (DejaVu Sans: 1493 of 2048 units).
pub(super) const CAP_HEIGHT: f64 = 1493.0 / 2048.0;

/// Which side of a text its x coordinate names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// How a text looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    /// Pixels per em.
    pub size: f64,
    pub bold: bool,
    pub color: Rgb,
    pub align: Align,
}

impl Font {
    /// A regular, left-aligned font in ink.
    pub(super) fn of(size: f64) -> Font {
        Font {
            size,
            bold: false,
            color: theme::INK,
            align: Align::Left,
        }
    }

    pub(super) fn bold(self) -> Font {
        Font { bold: true, ..self }
    }

    pub(super) fn color(self, color: Rgb) -> Font {
        Font { color, ..self }
    }

    pub(super) fn align(self, align: Align) -> Font {
        Font { align, ..self }
    }

    /// The glyphs of `text` in drawn pixels, pen from (0, 0) to the right, and the width they take.
    fn set(&self, text: &str) -> (Vec<Glyph>, f32) {
        let Some(fonts) = fonts() else {
            return (Vec::new(), 0.0);
        };
        let font = if self.bold {
            &fonts.bold
        } else {
            &fonts.regular
        };
        // ab_glyph scales by the height from descender to ascender.
        let per_em = font.height_unscaled() / font.units_per_em().unwrap_or(2048.0);
        let font = font.as_scaled(PxScale::from(self.size as f32 * DRAWN as f32 * per_em));
        let mut glyphs: Vec<Glyph> = Vec::new();
        let mut pen = 0.0;
        for c in text.chars() {
            let mut glyph = font.scaled_glyph(c);
            if let Some(before) = glyphs.last() {
                pen += font.kern(before.id, glyph.id);
            }
            glyph.position = point(pen, 0.0);
            pen += font.h_advance(glyph.id);
            glyphs.push(glyph);
        }
        (glyphs, pen)
    }

    /// The outlines of `text` in drawn pixels, baseline from (0, 0) to the right.
    pub(super) fn outlines(&self, text: &str) -> Vec<OutlinedGlyph> {
        let Some(fonts) = fonts() else {
            return Vec::new();
        };
        let font = if self.bold {
            &fonts.bold
        } else {
            &fonts.regular
        };
        let (glyphs, _) = self.set(text);
        glyphs
            .into_iter()
            .filter_map(|glyph| font.outline_glyph(glyph))
            .collect()
    }

    /// Width of `text` in logical pixels.
    pub(super) fn width(&self, text: &str) -> f64 {
        f64::from(self.set(text).1) / f64::from(DRAWN)
    }

    /// A name, cleaned, shortened in the middle until it is at most `width` wide.
    pub(super) fn fit(&self, text: &str, width: f64) -> String {
        self.fit_by(text, width, label::shorten)
    }

    /// A sentence, cleaned, shortened at its end until it is at most `width` wide.
    pub(super) fn fit_end(&self, text: &str, width: f64) -> String {
        self.fit_by(text, width, label::cut)
    }

    fn fit_by(&self, text: &str, width: f64, cut: fn(&str, usize) -> String) -> String {
        let text = label::clean(text);
        if self.width(&text) <= width {
            return text;
        }
        let (mut fits, mut too_long) = (0, text.chars().count());
        while fits + 1 < too_long {
            let middle = usize::midpoint(fits, too_long);
            if self.width(&cut(&text, middle)) <= width {
                fits = middle;
            } else {
                too_long = middle;
            }
        }
        if fits == 0 {
            String::new()
        } else {
            cut(&text, fits)
        }
    }

    /// `text` broken at spaces into at most `lines` lines of at most `width`; the last line is shortened to fit.
    pub(super) fn wrap(&self, text: &str, width: f64, lines: usize) -> Vec<String> {
        let text = label::clean(text);
        let mut out: Vec<String> = Vec::new();
        let mut line = String::new();
        let mut words = text.split(' ').peekable();
        while let Some(word) = words.next() {
            let longer = if line.is_empty() {
                word.to_owned()
            } else {
                format!("{line} {word}")
            };
            if self.width(&longer) <= width {
                line = longer;
            } else if out.len() + 1 >= lines {
                let rest: Vec<&str> = words.by_ref().collect();
                line = format!("{longer} {}", rest.join(" "));
            } else if line.is_empty() {
                out.push(self.fit(word, width));
            } else {
                out.push(std::mem::replace(&mut line, word.to_owned()));
            }
        }
        if !line.is_empty() {
            out.push(self.fit_end(&line, width));
        }
        out
    }
}

/// The embedded font in its two weights.
pub(super) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

/// The fonts; none if the embedded files are damaged, which rendering reports before anything is drawn.
pub(super) fn fonts() -> Option<&'static Fonts> {
    static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            Some(Fonts {
                regular: FontRef::try_from_slice(dejavu::sans::regular()).ok()?,
                bold: FontRef::try_from_slice(dejavu::sans::bold()).ok()?,
            })
        })
        .as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitted_text_is_never_wider_than_its_room() {
        let font = Font::of(20.0);
        let long = "a.very.long.mailbox.name".repeat(8);
        for room in [0.0, 5.0, 60.0, 333.0] {
            assert!(font.width(&font.fit(&long, room)) <= room);
        }
        assert_eq!(font.fit("short", 500.0), "short");
    }

    #[test]
    fn wrapping_keeps_all_words_while_they_fit() {
        let font = Font::of(20.0);
        let lines = font.wrap("one two three four five six", 120.0, 9);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), "one two three four five six");
        let cut = font.wrap("one two three four five six", 120.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].contains('…'));
        assert!(cut.iter().all(|line| font.width(line) <= 120.0));
    }
}

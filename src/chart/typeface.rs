//! The embedded typeface: DejaVu Sans in two weights, set glyph by glyph, measured and fitted to its room.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::OnceLock;

use ab_glyph::{Font as _, FontRef, Glyph, GlyphId, PxScale, ScaleFont, point};
use rustc_hash::FxHashMap;

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
        let font = fonts.of(self.bold);
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

    /// The glyphs of `text` as dots, each with the pen (in whole drawn pixels) that they are right of; baseline from
    /// (0, 0) to the right. Pens are rounded to quarters of a drawn pixel, so that a letter has four shapes per size.
    pub(super) fn shapes(&self, text: &str) -> Vec<(i32, Rc<Shape>)> {
        let Some(fonts) = fonts() else {
            return Vec::new();
        };
        let font = fonts.of(self.bold);
        let (glyphs, _) = self.set(text);
        SHAPES.with_borrow_mut(|shapes| {
            if shapes.len() > MOST_SHAPES {
                shapes.clear();
            }
            glyphs
                .into_iter()
                .map(|mut glyph| {
                    let quarters = (glyph.position.x * 4.0).round() as i32;
                    let (pen, quarter) = (quarters.div_euclid(4), quarters.rem_euclid(4));
                    let key = (self.bold, glyph.scale.y.to_bits(), glyph.id, quarter);
                    glyph.position = point(quarter as f32 / 4.0, 0.0);
                    let shape = shapes.entry(key).or_insert_with(|| shape(font, glyph));
                    (pen, Rc::clone(shape))
                })
                .collect()
        })
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
                // A word alone on its line may be wider than the line.
                let full = std::mem::replace(&mut line, word.to_owned());
                out.push(self.fit(&full, width));
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

impl Fonts {
    fn of(&self, bold: bool) -> &FontRef<'static> {
        if bold { &self.bold } else { &self.regular }
    }
}

/// A glyph as dots: right of the pen, down from the baseline, and how much of the dot it covers, above 0 and at most 1.
pub(super) type Shape = [(i16, i16, f32)];

/// Weight, size, glyph, and quarter of a pixel on which it stands.
type ShapeKey = (bool, u32, GlyphId, i32);

/// Shapes that a thread keeps: a few megabytes; names in many scripts must not make it more.
const MOST_SHAPES: usize = 8192;

thread_local! {
    /// The sheets of a run say the same letters again and again.
    static SHAPES: RefCell<FxHashMap<ShapeKey, Rc<Shape>>> = RefCell::default();
}

fn shape(font: &FontRef<'_>, glyph: Glyph) -> Rc<Shape> {
    let mut dots = Vec::new();
    if let Some(outline) = font.outline_glyph(glyph) {
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, cover| {
            if cover > 0.0 {
                let right = corner.x as i16 + x as i16;
                let down = corner.y as i16 + y as i16;
                dots.push((right, down, cover.min(1.0)));
            }
        });
    }
    dots.into()
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
        let long = format!("actor {} came", "serviceprincipal_".repeat(9));
        let lines = font.wrap(&long, 120.0, 9);
        assert!(lines.len() > 2 && lines.iter().all(|line| font.width(line) <= 120.0));
        assert!(cut.iter().all(|line| font.width(line) <= 120.0));
    }
}

//! The drawing surface: plotters' bitmap backend in logical pixels, with text placed by its baseline. Text is set dot by dot on the
//! pixels themselves: a call of the backend for every dot took a sixth of a sheet's time.
//!
//! Everything is drawn at twice the logical size. At standard resolution 2 × 2 pixels are then averaged, which
//! smooths the edges that the rasteriser leaves jagged; at double resolution the pixels are written as they are.

use std::cell::Cell;
use std::path::Path;

use plotters::prelude::{BitMapBackend, DrawingBackend, RGBColor};
use plotters::style::{Color, ShapeStyle};

use super::ChartError;
use super::label;
use super::palette::{self, STRIP, is_blank, only_color};
use super::theme::{self, Resolution, Rgb, Style, WIDTH};
use super::typeface::{Align, CAP_HEIGHT, DRAWN, Font, fonts};

/// Tallest picture in logical pixels; the limit keeps the memory of one chart under 100 MB.
const TALLEST: f64 = 4000.0;

/// A rectangle in logical pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// The upper `height` pixels; the area keeps the rest.
    pub(super) fn take_top(&mut self, height: f64) -> Area {
        let taken = Area {
            bottom: self.top + height,
            ..*self
        };
        self.top += height;
        taken
    }

    /// The left `width` pixels; the area keeps the rest.
    pub(super) fn take_left(&mut self, width: f64) -> Area {
        let taken = Area {
            right: self.left + width,
            ..*self
        };
        self.left += width;
        taken
    }
}

/// The surface of one chart. A failing call is remembered and reported once by [`render`], so that drawing code reads
/// as a list of what is drawn.
pub(super) struct Canvas<'a> {
    /// Three bytes a drawn pixel, row by row.
    pixels: &'a mut [u8],
    /// Size in drawn pixels.
    drawn: (u32, u32),
    /// Size in logical pixels.
    pub size: (f64, f64),
    failure: Option<String>,
}

impl Canvas<'_> {
    fn at(&self, value: f64) -> i32 {
        (value * f64::from(DRAWN)).round() as i32
    }

    /// Draws with plotters.
    fn on<E: std::fmt::Display>(
        &mut self,
        draw: impl FnOnce(&mut BitMapBackend<'_>) -> Result<(), E>,
    ) {
        let mut backend = BitMapBackend::with_buffer(self.pixels, self.drawn);
        if let Err(error) = draw(&mut backend) {
            self.failure.get_or_insert_with(|| error.to_string());
        }
    }

    /// Covers a share of a drawn pixel; nothing outside the picture.
    fn dot(&mut self, (right, down): (i32, i32), color: Rgb, cover: f32) {
        let (Ok(right), Ok(down)) = (u32::try_from(right), u32::try_from(down)) else {
            return;
        };
        if right >= self.drawn.0 {
            return;
        }
        let at = (down as usize * self.drawn.0 as usize + right as usize) * 3;
        let Some(pixel) = self.pixels.get_mut(at..at + 3) else {
            return;
        };
        // The inside of a letter.
        if cover >= 1.0 {
            pixel.copy_from_slice(&[color.0, color.1, color.2]);
            return;
        }
        for (byte, wanted) in pixel.iter_mut().zip([color.0, color.1, color.2]) {
            let there = f32::from(*byte);
            *byte = (there + (f32::from(wanted) - there) * cover + 0.5) as u8;
        }
    }

    /// A filled rectangle; one narrower than a drawn pixel is widened to it.
    pub(super) fn fill(&mut self, area: Area, color: Rgb, alpha: f64) {
        let (left, top) = (self.at(area.left), self.at(area.top));
        // The lower right corner itself is not painted.
        let right = self.at(area.right).max(left + 1);
        let bottom = self.at(area.bottom).max(top + 1);
        let style = RGBColor(color.0, color.1, color.2).mix(alpha).filled();
        self.on(|backend| backend.draw_rect((left, top), (right, bottom), &style, true));
    }

    /// A straight line of `width` logical pixels.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), color: Rgb, width: f64) {
        if from.0 == to.0 || from.1 == to.1 {
            // Upright and level lines as rectangles: exact and crisp.
            let half = width / 2.0;
            let upright = from.0 == to.0;
            let (dx, dy) = if upright { (half, 0.0) } else { (0.0, half) };
            let area = Area {
                left: from.0.min(to.0) - dx,
                top: from.1.min(to.1) - dy,
                right: from.0.max(to.0) + dx,
                bottom: from.1.max(to.1) + dy,
            };
            self.fill(area, color, 1.0);
        } else {
            self.path(&[from, to], color, width);
        }
    }

    /// A line through `points`.
    pub(super) fn path(&mut self, points: &[(f64, f64)], color: Rgb, width: f64) {
        let style = ShapeStyle {
            color: RGBColor(color.0, color.1, color.2).to_rgba(),
            filled: false,
            stroke_width: (width * f64::from(DRAWN)).round().max(1.0) as u32,
        };
        let points: Vec<(i32, i32)> = points
            .iter()
            .map(|p| (self.at(p.0), self.at(p.1)))
            .collect();
        for pair in points.windows(2) {
            self.on(|backend| backend.draw_line(pair[0], pair[1], &style));
        }
    }

    /// A filled disc.
    pub(super) fn disc(&mut self, centre: (f64, f64), radius: f64, color: Rgb) {
        let style = RGBColor(color.0, color.1, color.2).filled();
        let centre = (self.at(centre.0), self.at(centre.1));
        let radius = (radius * f64::from(DRAWN)).round().max(1.0) as u32;
        self.on(|backend| backend.draw_circle(centre, radius, &style, true));
    }

    /// A hollow disc.
    pub(super) fn ring(&mut self, centre: (f64, f64), radius: f64, color: Rgb) {
        self.disc(centre, radius, color);
        self.disc(centre, radius - 2.5, theme::PAPER);
    }

    /// A text whose baseline runs through `at`. It is drawn as given: fit it first.
    pub(super) fn text(&mut self, text: &str, at: (f64, f64), font: Font) {
        let text = label::clean(text);
        let x = match font.align {
            Align::Left => at.0,
            Align::Centre => at.0 - font.width(&text) / 2.0,
            Align::Right => at.0 - font.width(&text),
        };
        self.set_text(&text, (x, at.1), font, false);
    }

    /// A text whose capitals are centred on `at.1`.
    pub(super) fn text_middle(&mut self, text: &str, at: (f64, f64), font: Font) {
        self.text(text, (at.0, at.1 + font.size * CAP_HEIGHT / 2.0), font);
    }

    /// A text that reads upwards, centred on `at`.
    pub(super) fn text_upwards(&mut self, text: &str, at: (f64, f64), font: Font) {
        let text = label::clean(text);
        let baseline = at.0 + font.size * CAP_HEIGHT / 2.0;
        self.set_text(
            &text,
            (baseline, at.1 + font.width(&text) / 2.0),
            font,
            true,
        );
    }

    /// Draws `text` with its pen starting at `at`, to the right or upwards.
    fn set_text(&mut self, text: &str, at: (f64, f64), font: Font, upwards: bool) {
        let at = (self.at(at.0), self.at(at.1));
        for (pen, shape) in font.shapes(text) {
            for &(right, down, cover) in shape.iter() {
                let right = pen + i32::from(right);
                let down = i32::from(down);
                let dot = if upwards {
                    (at.0 + down, at.1 - right)
                } else {
                    (at.0 + right, at.1 + down)
                };
                self.dot(dot, font.color, cover);
            }
        }
    }

    /// A filled rounded label, such as the number of a session, centred on `at`; gives its width.
    pub(super) fn badge(&mut self, text: &str, at: (f64, f64), color: Rgb) -> f64 {
        let font = Font::of(theme::size::SMALL - 1.0)
            .bold()
            .color(theme::text_on(color))
            .align(Align::Centre);
        let radius = BADGE_HEIGHT / 2.0;
        let half = badge_width(text) / 2.0 - radius;
        self.disc((at.0 - half, at.1), radius, color);
        if half > 0.0 {
            self.disc((at.0 + half, at.1), radius, color);
            let area = Area {
                left: at.0 - half,
                top: at.1 - radius,
                right: at.0 + half,
                // A disc reaches one drawn pixel below its radius.
                bottom: at.1 + radius + 0.5,
            };
            self.fill(area, color, 1.0);
        }
        self.text_middle(text, at, font);
        2.0 * (half + radius)
    }
}

/// Height of a badge in logical pixels.
pub(super) const BADGE_HEIGHT: f64 = 28.0;

/// Width that [`Canvas::badge`] takes for `text`.
pub(super) fn badge_width(text: &str) -> f64 {
    let font = Font::of(theme::size::SMALL - 1.0).bold();
    (font.width(text) + 14.0).max(BADGE_HEIGHT)
}

/// Draws a picture of `height` logical pixels and gives it as PNG.
pub(super) fn render(
    height: f64,
    style: &Style,
    draw: impl FnOnce(&mut Canvas<'_>),
) -> Result<Vec<u8>, ChartError> {
    fonts().ok_or(ChartError::Font)?;
    let height = height.clamp(1.0, TALLEST).ceil();
    let (width_px, height_px) = (WIDTH as u32 * DRAWN, height as u32 * DRAWN);
    // A sheet takes tens of megabytes: each thread keeps its surface from one chart to the next.
    let mut pixels = SURFACE.take();
    // White from the start: the paper.
    pixels.clear();
    pixels.resize(width_px as usize * height_px as usize * 3, 255);
    let mut canvas = Canvas {
        pixels: &mut pixels,
        drawn: (width_px, height_px),
        size: (WIDTH, height),
        failure: None,
    };
    draw(&mut canvas);
    let failure = canvas.failure.take();
    drop(canvas);
    let picture = match (failure, style.resolution) {
        (Some(reason), _) => Err(ChartError::Draw { reason }),
        (None, Resolution::Double) => encode(&pixels, (width_px, height_px)),
        (None, Resolution::Standard) => encode(
            &halve(&pixels, width_px as usize),
            (width_px / DRAWN, height_px / DRAWN),
        ),
    };
    SURFACE.set(pixels);
    picture
}

thread_local! {
    static SURFACE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Gives back the room of the calling thread's surface, which no other chart will need.
pub(super) fn give_back_surface() {
    SURFACE.take();
}

/// Averages 2 × 2 pixels of an RGB picture `width` pixels wide.
fn halve(pixels: &[u8], width: usize) -> Vec<u8> {
    let row = width * 3;
    let mut out = Vec::with_capacity(pixels.len() / 4);
    for rows in pixels.chunks_exact(row * 2) {
        let (upper, lower) = rows.split_at(row);
        for (above, below) in upper.chunks(STRIP).zip(lower.chunks(STRIP)) {
            // Most of a chart is paper.
            if is_blank(above) && is_blank(below) {
                out.resize(out.len() + above.len() / 2, 255);
                continue;
            }
            if let Some(color) = only_color(above)
                && above == below
            {
                out.extend(std::iter::repeat_n(color, above.len() / 6).flatten());
                continue;
            }
            let mut sums = [0u16; STRIP];
            for (sum, (a, b)) in sums.iter_mut().zip(above.iter().zip(below)) {
                *sum = u16::from(*a) + u16::from(*b);
            }
            let start = out.len();
            out.resize(start + above.len() / 2, 0);
            for (pixel, pair) in out[start..].chunks_exact_mut(3).zip(sums.chunks_exact(6)) {
                for (byte, color) in pixel.iter_mut().zip(0..3) {
                    *byte = ((pair[color] + pair[color + 3] + 2) / 4) as u8;
                }
            }
        }
    }
    out
}

/// Effort of the compression, 1 to 9.
const LEVEL: u8 = 3;

fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, ChartError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    let indexed = palette::reduce(pixels);
    let colors: Vec<u8> = indexed
        .colors
        .iter()
        .flat_map(|&(red, green, blue)| [red, green, blue])
        .collect();
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(colors);
    encoder.set_depth(png::BitDepth::Eight);
    // A sixth larger than at level 6, in less than half the time (measured on the charts of a run).
    encoder.set_deflate_compression(png::DeflateCompression::Level(LEVEL));
    // Flat colours repeat exactly; without a filter they compress a sixth better (measured on these charts).
    encoder.set_filter(png::Filter::NoFilter);
    let written = encoder.write_header().and_then(|mut writer| {
        writer
            .write_image_data(&indexed.pixels)
            .and_then(|()| writer.finish())
    });
    match written {
        Ok(()) => Ok(out),
        Err(error) => Err(ChartError::Encode(error)),
    }
}

/// Writes the picture.
pub(super) fn save(png: &[u8], path: &Path) -> Result<(), ChartError> {
    std::fs::write(path, png).map_err(|source| ChartError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halving_averages_blocks_of_four() {
        let pixels = [
            0, 0, 0, 100, 100, 100, // upper row: two pixels
            200, 200, 200, 100, 100, 100,
        ];
        assert_eq!(halve(&pixels, 2), vec![100, 100, 100]);
    }

    #[test]
    fn what_touches_paper_is_averaged_with_it() {
        // Two strips wide: the first blank, the second with one dark dot.
        let width = 2 * STRIP / 3;
        let mut pixels = vec![255; width * 2 * 3];
        pixels[STRIP..STRIP + 3].fill(55);
        let halved = halve(&pixels, width);
        let mut expected = vec![255; width / 2 * 3];
        expected[STRIP / 2..STRIP / 2 + 3].fill(205);
        assert_eq!(halved, expected);
        // A fill stays what it is, and where two meet they mix.
        let fill = |color: [u8; 3]| color.repeat(STRIP / 3);
        let (red, blue) = (fill([200, 0, 0]), fill([0, 0, 200]));
        assert_eq!(
            halve(&[red.clone(), red.clone()].concat(), STRIP / 3),
            red[..STRIP / 2]
        );
        let mixed = halve(&[red, blue].concat(), STRIP / 3);
        assert_eq!(mixed, fill([100, 0, 100])[..STRIP / 2]);
    }

    #[test]
    fn pictures_have_the_size_of_their_resolution() {
        for (resolution, factor) in [(Resolution::Standard, 1), (Resolution::Double, 2)] {
            let style = Style {
                resolution,
                ..Style::default()
            };
            let bytes = render(100.0, &style, |_| {}).expect("picture");
            let reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .expect("png");
            assert_eq!(
                (reader.info().width, reader.info().height),
                (1600 * factor, 100 * factor)
            );
        }
    }
}

//! A picture in at most 256 colours.
//!
//! Charts are flat colours and the soft edges between them. The commonest colours are kept exactly and the rare shades of
//! the edges take the nearest kept one: files less than half as large, and no difference that an eye finds.

use rustc_hash::FxHashMap;

use super::theme::Rgb;

/// Colours that one byte per pixel can name.
const MOST: usize = 256;
/// A colour nearer than this to a commoner one is not kept: squared distance in RGB. Spreads the palette over all edges
/// instead of spending it on neighbouring greys.
const NEAR: u32 = 3 * 4 * 4;

/// Bytes of a row that are looked at together for being blank; a multiple of the two pixels that become one.
pub(super) const STRIP: usize = 96;

/// Whether there is nothing but paper.
pub(super) fn is_blank(strip: &[u8]) -> bool {
    strip.iter().fold(255, |all, &byte| all & byte) == 255
}

/// The colour of a strip that has one only: fills and empty cells, after the paper the most of a chart.
pub(super) fn only_color(strip: &[u8]) -> Option<[u8; 3]> {
    let shifted = strip.len().saturating_sub(3);
    let color = strip.first_chunk::<3>()?;
    (strip.get(3..)? == strip.get(..shifted)?).then_some(*color)
}

/// A picture as colours and one index per pixel.
pub(super) struct Indexed {
    /// The colours, at most 256, the commonest first.
    pub colors: Vec<Rgb>,
    /// Index of each pixel's colour, row by row.
    pub pixels: Vec<u8>,
}

/// Reduces an RGB picture (three bytes per pixel). The same picture gives the same colours.
pub(super) fn reduce(rgb: &[u8]) -> Indexed {
    // Colours are numbered as they come, so that each run is looked up once.
    let mut numbers: FxHashMap<Rgb, u32> = FxHashMap::default();
    let mut counts: Vec<(Rgb, usize)> = Vec::new();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for_each_run(rgb, |color, length| {
        let number = *numbers.entry(color).or_insert_with(|| {
            counts.push((color, 0));
            counts.len() as u32 - 1
        });
        counts[number as usize].1 += length;
        runs.push((number, length as u32));
    });
    let mut common = counts.clone();
    common.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let colors = kept(&common);
    let index: Vec<u8> = counts
        .iter()
        .map(|&(color, _)| nearest(&colors, color))
        .collect();
    let mut pixels = Vec::with_capacity(rgb.len() / 3);
    for (number, length) in runs {
        pixels.resize(pixels.len() + length as usize, index[number as usize]);
    }
    Indexed { colors, pixels }
}

/// Goes through the runs of pixels of one colour. Most of a chart is paper, which is passed over a strip at a time.
fn for_each_run(rgb: &[u8], mut run: impl FnMut(Rgb, usize)) {
    const PAPER: Rgb = (255, 255, 255);
    let (mut color, mut length) = (PAPER, 0);
    let mut take = |next: Rgb, count: usize| {
        if next != color {
            if length > 0 {
                run(color, length);
            }
            (color, length) = (next, 0);
        }
        length += count;
    };
    for strip in rgb.chunks(STRIP) {
        if is_blank(strip) {
            take(PAPER, strip.len() / 3);
        } else if let Some([red, green, blue]) = only_color(strip) {
            take((red, green, blue), strip.len() / 3);
        } else {
            for pixel in strip.chunks_exact(3) {
                take((pixel[0], pixel[1], pixel[2]), 1);
            }
        }
    }
    if length > 0 {
        run(color, length);
    }
}

/// The commonest colours that are not near a commoner one; all of them when there are few.
fn kept(common: &[(Rgb, usize)]) -> Vec<Rgb> {
    if common.len() <= MOST {
        return common.iter().map(|(color, _)| *color).collect();
    }
    let mut kept: Vec<Rgb> = Vec::with_capacity(MOST);
    for &(color, _) in common {
        if kept.iter().all(|other| distance(*other, color) > NEAR) {
            kept.push(color);
            if kept.len() == MOST {
                break;
            }
        }
    }
    kept
}

/// The place of the nearest colour; of equals the first, which is the commonest.
fn nearest(colors: &[Rgb], color: Rgb) -> u8 {
    // Distance and place in one number, so that the least of them is found without a branch.
    let places = colors.iter().zip(0u32..);
    let least = places
        .map(|(&kept, place)| distance(kept, color) << 8 | place)
        .min();
    least.map_or(0, |least| (least & 0xff) as u8)
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    let part = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    part(a.0, b.0) + part(a.1, b.1) + part(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_stay_exact() {
        let rgb = [255, 0, 0, 0, 0, 255, 255, 0, 0, 254, 0, 0];
        let indexed = reduce(&rgb);
        let back: Vec<u8> = indexed
            .pixels
            .iter()
            .flat_map(|&i| {
                let (r, g, b) = indexed.colors[usize::from(i)];
                [r, g, b]
            })
            .collect();
        assert_eq!(back, rgb);
        assert_eq!(indexed.colors[0], (255, 0, 0));
    }

    #[test]
    fn many_colours_keep_the_commonest_and_stay_near() {
        // A plane of red and green in steps of 5, and a field of one flat colour.
        let mut rgb: Vec<u8> = Vec::new();
        for red in 0..50u8 {
            for green in 0..50u8 {
                rgb.extend([red * 5, green * 5, 9]);
            }
        }
        rgb.extend([1, 2, 3].repeat(1_000));
        let indexed = reduce(&rgb);
        assert!(indexed.colors.len() <= MOST);
        assert_eq!(indexed.colors[0], (1, 2, 3));
        assert_eq!(indexed.pixels.len(), rgb.len() / 3);
        assert_eq!(indexed.pixels.last(), Some(&0));
    }
}

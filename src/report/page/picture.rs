//! Pictures as part of the page.

use std::fs;
use std::path::Path;

use minijinja::Value;
use serde::Serialize;

use crate::chart::{Chart, Style};
use crate::error::Error;

/// Bytes of pictures in one page. Beyond it the page names the file instead: it must open on a phone and pass as an attachment.
const BUDGET: usize = 24 << 20;

/// A picture of the page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Picture {
    /// File in the run directory.
    file: String,
    /// The finding that it shows.
    title: String,
    /// The picture as a `data:` address; absent when the page would grow too large.
    data: Option<Value>,
    /// Logical size.
    width: u32,
    height: u32,
}

/// Gives out the pictures of a run until the page is large enough.
pub(super) struct Album<'a> {
    folder: &'a Path,
    style: &'a Style,
    left: usize,
}

impl<'a> Album<'a> {
    /// `folder` is where the charts were drawn.
    pub(super) fn new(folder: &'a Path, style: &'a Style) -> Self {
        Self {
            folder,
            style,
            left: BUDGET,
        }
    }

    /// The style that the charts were drawn in.
    pub(super) fn style(&self) -> &'a Style {
        self.style
    }

    /// The picture of a chart.
    pub(super) fn picture(&mut self, (file, chart): &(String, Chart)) -> Result<Picture, Error> {
        let path = self.folder.join(file);
        let png = fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
        let (width, height) = size(&png);
        let data = self.left.checked_sub(png.len()).map(|left| {
            self.left = left;
            // Base64 needs no escaping.
            Value::from_safe_string(format!("data:image/png;base64,{}", base64(&png)))
        });
        Ok(Picture {
            file: file.clone(),
            title: chart.title(),
            data,
            width,
            height,
        })
    }
}

/// Width and height from the header of a PNG file (its specification, section 11.2.1).
fn size(png: &[u8]) -> (u32, u32) {
    let number = |at: usize| match png.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
        _ => 0,
    };
    (number(16), number(20))
}

/// RFC 4648, section 4.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            if i <= three.len() {
                let letter = bits >> (18 - 6 * i) & 63;
                text.push(char::from(LETTERS[letter as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_meets_the_examples_of_its_standard() {
        // RFC 4648, section 10.
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn a_damaged_picture_has_no_size() {
        assert_eq!(size(b"\x89PNG"), (0, 0));
    }
}

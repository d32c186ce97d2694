//! Pictures as part of the page.

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
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
            Value::from_safe_string(format!("data:image/png;base64,{}", BASE64.encode(&png)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_picture_has_no_size() {
        assert_eq!(size(b"\x89PNG"), (0, 0));
    }
}

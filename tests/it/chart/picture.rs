//! Reading, shrinking and checking pictures.

use std::path::{Path, PathBuf};

use mailglass::chart::{Chart, Resolution, Style};

/// A decoded picture: RGB, 8 bits.
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<u8>,
}

impl Picture {
    pub fn read(path: &Path) -> Picture {
        let file = std::fs::File::open(path).expect("picture exists");
        let mut decoder = png::Decoder::new(std::io::BufReader::new(file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a PNG file");
        let mut pixels = vec![0; reader.output_buffer_size().expect("known size")];
        let info = reader.next_frame(&mut pixels).expect("whole picture");
        assert_eq!(info.color_type, png::ColorType::Rgb);
        Picture {
            width: info.width as usize,
            height: info.height as usize,
            pixels,
        }
    }

    /// Half the size: the size at which every chart must still be readable, and that of the goldens.
    pub fn halved(&self) -> Picture {
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::with_capacity(width * height * 3);
        let at =
            |x: usize, y: usize, c: usize| u32::from(self.pixels[(y * self.width + x) * 3 + c]);
        for y in 0..height {
            for x in 0..width {
                for c in 0..3 {
                    let (x, y) = (2 * x, 2 * y);
                    let sum = at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c);
                    pixels.push((sum / 4) as u8);
                }
            }
        }
        Picture {
            width,
            height,
            pixels,
        }
    }

    pub fn write(&self, path: &Path) {
        let file = std::fs::File::create(path).expect("golden can be written");
        let mut encoder = png::Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        let mut writer = encoder.write_header().expect("header");
        writer.write_image_data(&self.pixels).expect("pixels");
        writer.finish().expect("end of file");
    }

    /// Share of pixels that are not the paper's white.
    pub fn inked(&self) -> f64 {
        let inked = self.pixels.chunks_exact(3).filter(|p| **p != [255; 3]);
        inked.count() as f64 / (self.width * self.height) as f64
    }

    /// Whether nothing was drawn into the outer margin, where it would be cut or close to it.
    pub fn margin_is_clear(&self) -> bool {
        let scale = self.width / 1600;
        let margin = 30 * scale;
        let inked = |x: usize, y: usize| {
            let at = (y * self.width + x) * 3;
            self.pixels[at..at + 3] != [255; 3]
        };
        let sides = (0..self.height).all(|y| {
            (0..margin)
                .chain(self.width - margin..self.width)
                .all(|x| !inked(x, y))
        });
        let ends = (0..self.width).all(|x| {
            let bottom = self.height - 8 * scale..self.height;
            (0..12 * scale).chain(bottom).all(|y| !inked(x, y))
        });
        sides && ends
    }
}

pub fn style() -> Style {
    Style {
        source: "invented data".to_owned(),
        ..Style::default()
    }
}

/// Draws `chart`, checks what holds for every chart, and gives the picture.
pub fn drawn(name: &str, chart: &Chart, style: &Style) -> Picture {
    // Set MAILGLASS_CHARTS to a folder to keep the pictures and look at them.
    let kept = std::env::var_os("MAILGLASS_CHARTS").map(PathBuf::from);
    let folder = tempfile::tempdir().expect("temporary folder");
    let folder = kept.unwrap_or_else(|| folder.path().to_owned());
    std::fs::create_dir_all(&folder).expect("folder");
    let path = folder.join(format!("{name}.png"));
    chart.draw(style, &path).expect("chart is drawn");
    let picture = Picture::read(&path);
    let scale = if style.resolution == Resolution::Double {
        2
    } else {
        1
    };
    assert_eq!(picture.width, 1600 * scale, "{name}");
    assert!(
        picture.height >= 300 * scale && picture.height <= 4000 * scale,
        "{name}"
    );
    assert!(picture.inked() > 0.01, "{name} is almost empty");
    assert!(picture.margin_is_clear(), "{name} draws into its margin");
    picture
}

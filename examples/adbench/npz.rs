//! Reads the arrays `X` (n × d) and `y` (n) of a NumPy `.npz` file.
//!
//! Formats: PKWARE APPNOTE 6.3 (stored and deflated members; no ZIP64), NumPy NEP 1 (`.npy`).

use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

use ndarray::{Array1, Array2, ShapeBuilder};

/// A labelled data set.
pub struct DataSet {
    /// Rows × features.
    pub x: Array2<f64>,
    /// Whether a row is an anomaly.
    pub anomaly: Array1<bool>,
}

/// Reads a data set.
pub fn read(path: &Path) -> Result<DataSet> {
    let archive = std::fs::read(path)?;
    let x = parse_array(&member(&archive, "X.npy")?)?;
    let y = parse_array(&member(&archive, "y.npy")?)?;
    let shape = match x.shape[..] {
        [rows, columns] => (rows, columns),
        _ => return Err(invalid("X is not a matrix")),
    };
    if shape.0 != y.values.len() {
        return Err(invalid("X and y have different numbers of rows"));
    }
    let x = Array2::from_shape_vec(shape.set_f(x.column_major), x.values)
        .map_err(|error| invalid(&error.to_string()))?;
    let anomaly = y.values.iter().map(|&label| label != 0.0).collect();
    Ok(DataSet { x, anomaly })
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}

fn bytes(data: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    at.checked_add(length)
        .and_then(|end| data.get(at..end))
        .ok_or_else(|| invalid("the file ends too early"))
}

fn integer(data: &[u8], at: usize, length: usize) -> Result<usize> {
    let digits = bytes(data, at, length)?;
    Ok(digits
        .iter()
        .rev()
        .fold(0, |sum, &digit| sum << 8 | usize::from(digit)))
}

/// Finds a member by way of the central directory and unpacks it.
fn member(archive: &[u8], name: &str) -> Result<Vec<u8>> {
    let end = archive
        .windows(4)
        .rposition(|window| window == b"PK\x05\x06")
        .ok_or_else(|| invalid("not a zip archive"))?;
    let mut at = integer(archive, end + 16, 4)?;
    for _ in 0..integer(archive, end + 10, 2)? {
        let name_length = integer(archive, at + 28, 2)?;
        let after = integer(archive, at + 30, 2)? + integer(archive, at + 32, 2)?;
        if bytes(archive, at + 46, name_length)? == name.as_bytes() {
            let packed = integer(archive, at + 20, 4)?;
            let local = integer(archive, at + 42, 4)?;
            let start =
                local + 30 + integer(archive, local + 26, 2)? + integer(archive, local + 28, 2)?;
            let data = bytes(archive, start, packed)?;
            return match integer(archive, at + 10, 2)? {
                0 => Ok(data.to_vec()),
                8 => {
                    let mut unpacked = Vec::new();
                    flate2::read::DeflateDecoder::new(data).read_to_end(&mut unpacked)?;
                    Ok(unpacked)
                }
                method => Err(invalid(&format!("unknown compression {method}"))),
            };
        }
        at += 46 + name_length + after;
    }
    Err(invalid(&format!("no member {name}")))
}

struct RawArray {
    shape: Vec<usize>,
    column_major: bool,
    values: Vec<f64>,
}

/// Parses an `.npy` array of little-endian numbers as `f64`.
fn parse_array(npy: &[u8]) -> Result<RawArray> {
    if bytes(npy, 0, 6)? != b"\x93NUMPY" {
        return Err(invalid("not a NumPy array"));
    }
    let (start, length) = match npy.get(6) {
        Some(1) => (10, integer(npy, 8, 2)?),
        _ => (12, integer(npy, 8, 4)?),
    };
    let header = std::str::from_utf8(bytes(npy, start, length)?)
        .map_err(|error| invalid(&error.to_string()))?;
    let field = |key: &str, open: char, close: char| {
        let from = header.find(key)? + key.len();
        let from = from + header[from..].find(open)? + 1;
        Some(&header[from..from + header[from..].find(close)?])
    };
    let missing = || invalid("incomplete NumPy header");
    let kind = field("'descr':", '\'', '\'').ok_or_else(missing)?;
    let shape = field("'shape':", '(', ')').ok_or_else(missing)?;
    let shape = shape
        .split(',')
        .filter_map(|size| size.trim().parse().ok())
        .collect();
    let data = &npy[start + length..];
    macro_rules! decode {
        ($kind:ty) => {
            data.chunks_exact(size_of::<$kind>())
                .filter_map(|chunk| chunk.try_into().ok().map(<$kind>::from_le_bytes))
                .map(|value| value as f64)
                .collect()
        };
    }
    let values = match kind {
        "<f8" => decode!(f64),
        "<f4" => decode!(f32),
        "<i8" => decode!(i64),
        "<i4" => decode!(i32),
        "<i2" => decode!(i16),
        "|i1" => decode!(i8),
        "|u1" => decode!(u8),
        "<u2" => decode!(u16),
        "<u4" => decode!(u32),
        "<u8" => decode!(u64),
        "|b1" => decode!(u8),
        other => return Err(invalid(&format!("unknown element type {other}"))),
    };
    Ok(RawArray {
        shape,
        column_major: header.contains("'fortran_order': True"),
        values,
    })
}

//! From what the user named to text: folders and patterns resolved, compression and encodings undone, size bounded.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::envelope::Refusal;
use crate::error::Error;

/// Something to read: a file, a folder, a pattern, or standard input (`-`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    argument: PathBuf,
}

impl Input {
    /// Takes an argument as the user wrote it.
    #[must_use]
    pub fn new(argument: impl Into<PathBuf>) -> Self {
        Self {
            argument: argument.into(),
        }
    }

    /// Standard input.
    #[must_use]
    pub fn standard_input() -> Self {
        Self::new("-")
    }

    /// True when this is standard input.
    #[must_use]
    pub fn is_standard_input(&self) -> bool {
        self.argument.as_os_str() == "-"
    }
}

/// An argument that names nothing, and why.
type Unresolved = (String, Error);

/// Resolves inputs to files, sorted and without repetition, so that the order of arguments does not matter.
///
/// # Errors
/// [`Error::NoInput`] when nothing is left to read. Arguments that name nothing come back in the second list.
pub(crate) fn resolve(inputs: &[Input]) -> Result<(Vec<PathBuf>, Vec<Unresolved>), Error> {
    let mut files = Vec::new();
    let mut failures = Vec::new();
    for input in inputs {
        let name = input.argument.display().to_string();
        if input.is_standard_input() {
            files.push(input.argument.clone());
        } else if is_run_directory(&input.argument) {
            failures.push((
                name.clone(),
                Error::NoInput {
                    what: format!("the folder {name} is a run directory of mailglass"),
                },
            ));
        } else if input.argument.is_dir() {
            let before = (files.len(), failures.len());
            walk(&input.argument, &mut files, &mut failures);
            if (files.len(), failures.len()) == before {
                failures.push((
                    name.clone(),
                    Error::NoInput {
                        what: format!(
                            "the folder {name} holds no file, apart from hidden ones and earlier runs"
                        ),
                    },
                ));
            }
        } else if input.argument.exists() {
            files.push(input.argument.clone());
        } else {
            match matches(&name) {
                Some(found) if !found.is_empty() => files.extend(found),
                Some(_) => failures.push((
                    name.clone(),
                    Error::NoInput {
                        what: format!("no file matches {name}"),
                    },
                )),
                None => failures.push((
                    name,
                    Error::NotFound {
                        path: input.argument.clone(),
                    },
                )),
            }
        }
    }
    files.sort();
    files.dedup();
    if files.is_empty() && failures.is_empty() {
        return Err(Error::NoInput {
            what: "no input was named".to_owned(),
        });
    }
    Ok((files, failures))
}

/// All files of a folder and the folders in it, but for hidden ones and run directories: by default a run stands beside what
/// it read. What cannot be read does not hide the rest.
fn walk(folder: &Path, files: &mut Vec<PathBuf>, failures: &mut Vec<Unresolved>) {
    let mut fail = |path: &Path, error| failures.push((path.display().to_string(), error));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(source) => return fail(folder, Error::io("read", folder, source)),
    };
    let mut folders = Vec::new();
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(source) => {
                fail(folder, Error::io("read", folder, source));
                continue;
            }
        };
        let hidden = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with('.');
        if path.file_name().is_some_and(hidden) {
            continue;
        }
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => files.push(path),
            // Links to folders are not followed: they can run in circles.
            Ok(metadata) if metadata.is_dir() && !path.is_symlink() => folders.push(path),
            Ok(metadata) => {
                let error = Error::Input {
                    input: path.display().to_string(),
                    reason: if metadata.is_dir() {
                        "it is a link to a folder, which is not followed"
                    } else {
                        "it is a pipe, socket or device in a folder, which is not read"
                    }
                    .to_owned(),
                    remedy: "name it on the command line if it belongs to the export".to_owned(),
                };
                fail(&path, error);
            }
            Err(source) => fail(&path, Error::io("read", &path, source)),
        }
    }
    for folder in folders {
        if !is_run_directory(&folder) {
            walk(&folder, files, failures);
        }
    }
}

/// Larger than the summary of any run; an export of that name need not be read to its end to be told from one.
const MAX_SUMMARY: u64 = 1 << 26;

/// What tells the summary of a run from an export of the same name.
#[derive(Deserialize)]
struct RunMark {
    #[serde(rename = "mailglass")]
    _version: String,
    #[serde(rename = "format_version")]
    _format: u64,
}

/// The input that is written over when something is written at `place`: the file itself, or one of the folder.
pub(crate) fn input_at(inputs: &[Input], place: &Path) -> Option<PathBuf> {
    let place = place.canonicalize().ok()?;
    // Inputs that cannot be found are reported when they are read.
    let (files, _) = resolve(inputs).ok()?;
    files.into_iter().find(|file| {
        file.canonicalize()
            .is_ok_and(|file| file.starts_with(&place))
    })
}

/// Whether mailglass has written the folder as its run directory.
pub(crate) fn is_run_directory(folder: &Path) -> bool {
    let path = folder.join("summary.json");
    // Asked before it is opened: opening a pipe waits for whoever writes into it.
    let small = |metadata: std::fs::Metadata| metadata.is_file() && metadata.len() <= MAX_SUMMARY;
    std::fs::metadata(&path).is_ok_and(small)
        && std::fs::read(&path).is_ok_and(|bytes| serde_json::from_slice::<RunMark>(&bytes).is_ok())
}

/// The files a pattern matches; `None` when the text is no pattern.
fn matches(pattern: &str) -> Option<Vec<PathBuf>> {
    if !pattern.contains(['*', '?', '[']) {
        return None;
    }
    let found = glob::glob(pattern).ok()?;
    Some(
        found
            .filter_map(Result::ok)
            .filter(|path| path.is_file())
            .collect(),
    )
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, one or several members.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// Bytes read from the file itself (before decompression), and their hash when wanted.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    pub(crate) bytes: u64,
    digest: Option<Digest>,
}

impl Meter {
    /// Whether a hash is wanted.
    pub(crate) fn is_hashing(&self) -> bool {
        self.digest.is_some()
    }

    /// The hash in hexadecimal, when all has passed; empty when none was wanted.
    pub(crate) fn sha256(&mut self) -> String {
        self.digest.take().map(Digest::finish).unwrap_or_default()
    }
}

/// A reader that meters what passes.
struct Metered {
    inner: Box<dyn Read + Send>,
    meter: Arc<Mutex<Meter>>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        meter.bytes += length as u64;
        if let (Some(digest), Some(read)) = (&mut meter.digest, buffer.get(..length)) {
            digest.update(read);
        }
        Ok(length)
    }
}

/// An opened file: its text as UTF-8.
pub(crate) struct Source {
    pub(crate) reader: Box<dyn Read + Send>,
    pub(crate) compression: Compression,
    /// The name of an encoding other than UTF-8 that is being converted.
    pub(crate) encoding: &'static str,
    pub(crate) meter: Arc<Mutex<Meter>>,
}

/// Decompressed text may be this many times larger than the file before it counts as a bomb. Real exports compress 10 to 40
/// times; deflate's limit is 1032.
const MAX_RATIO: u64 = 250;

/// Below this size no ratio is suspicious.
const FREE_SIZE: u64 = 1 << 28;

impl Source {
    /// Opens a file (or standard input) and undoes compression and encoding.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::NotFound`] from the system, [`Error::Input`] for archives that have to be unpacked first.
    pub(crate) fn open(path: &Path, hash: bool, max_decompressed: u64) -> Result<Self, Error> {
        let file: Box<dyn Read + Send> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|source| Error::io("read", path, source))?)
        };
        Self::from_reader(path, file, hash.then(Digest::new), max_decompressed)
    }

    /// Undoes compression and encoding of what a reader yields; `path` is what errors name.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub(crate) fn from_reader(
        path: &Path,
        inner: Box<dyn Read + Send>,
        digest: Option<Digest>,
        max_decompressed: u64,
    ) -> Result<Self, Error> {
        let meter = Arc::new(Mutex::new(Meter { bytes: 0, digest }));
        let mut metered = Metered {
            inner,
            meter: Arc::clone(&meter),
        };
        let fail = |source| unreadable(path, source);
        let magic = read_up_to(&mut metered, 8).map_err(fail)?;
        let (compression, plain): (Compression, Box<dyn Read + Send>) = match magic.as_slice() {
            [0x1f, 0x8b, ..] => {
                let raw = BufReader::with_capacity(1 << 17, io::Cursor::new(magic).chain(metered));
                (Compression::Gzip, Box::new(MultiGzDecoder::new(raw)))
            }
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                let decoder =
                    zstd::Decoder::new(io::Cursor::new(magic).chain(metered)).map_err(fail)?;
                (Compression::Zstd, Box::new(decoder))
            }
            _ => (
                Compression::None,
                Box::new(io::Cursor::new(magic).chain(metered)),
            ),
        };
        let bounded: Box<dyn Read + Send> = if compression == Compression::None {
            plain
        } else {
            Box::new(Bounded {
                inner: plain,
                meter: Arc::clone(&meter),
                read: 0,
                limit: max_decompressed,
            })
        };
        Self::decode(path, bounded, compression, meter)
    }

    fn decode(
        path: &Path,
        mut reader: Box<dyn Read + Send>,
        compression: Compression,
        meter: Arc<Mutex<Meter>>,
    ) -> Result<Self, Error> {
        let head = read_up_to(&mut reader, 64).map_err(|source| unreadable(path, source))?;
        if let Some(reason) = archive(&head) {
            let refusal = Refusal {
                reason: reason.to_owned(),
                remedy: "unpack it, or save it as CSV, and name the files inside".to_owned(),
                is_something_else: is_document(path),
            };
            return Err(refusal.of(path));
        }
        let (skip, encoding) = match head.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (3, "UTF-8"),
            [0xff, 0xfe, ..] => (2, "UTF-16LE"),
            [0xfe, 0xff, ..] => (2, "UTF-16BE"),
            [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (0, "UTF-16LE"),
            [0, first, 0, second, ..] if *first != 0 && *second != 0 => (0, "UTF-16BE"),
            _ => (0, "UTF-8"),
        };
        let rest = head.get(skip..).unwrap_or_default().to_vec();
        let chained = io::Cursor::new(rest).chain(reader);
        let reader: Box<dyn Read + Send> = match encoding {
            "UTF-8" => Box::new(chained),
            other => Box::new(Utf16 {
                inner: chained,
                big_endian: other == "UTF-16BE",
                bytes: Vec::new(),
                ready: Vec::new(),
                at: 0,
            }),
        };
        Ok(Self {
            reader,
            compression,
            encoding,
            meter,
        })
    }
}

/// The error for a file whose reading failed. What a decoder says of the content belongs in the message; what the system says
/// is the cause of the error.
pub(crate) fn unreadable(path: &Path, source: io::Error) -> Error {
    if source.raw_os_error().is_some() {
        return Error::io("read all of", path, source);
    }
    Error::Input {
        input: path.display().to_string(),
        reason: format!("it cannot be read to its end: {source}"),
        remedy: "rows before the damage are kept; copy or export the file again for the rest"
            .to_owned(),
    }
}

/// Whether a file in the format of an archive or workbook is, by its name, of a kind that no export is packed or saved in.
fn is_document(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
    ["db", "doc", "docx", "msg", "ppt", "pptx"]
        .iter()
        .any(|of| extension == *of)
}

/// Names an archive or document format that holds files instead of text.
fn archive(head: &[u8]) -> Option<&'static str> {
    match head {
        [b'P', b'K', 3, 4, ..] => Some("this is a ZIP archive or an Excel workbook"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some("this is an old Excel workbook"),
        [b'7', b'z', 0xbc, 0xaf, ..] => Some("this is a 7-Zip archive"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("this is compressed with xz"),
        [b'B', b'Z', b'h', ..] => Some("this is compressed with bzip2"),
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("this is compressed twice"),
        _ => None,
    }
}

fn read_up_to(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(length);
    reader.by_ref().take(length as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Stops a decompression that grows out of all proportion.
struct Bounded {
    inner: Box<dyn Read + Send>,
    meter: Arc<Mutex<Meter>>,
    read: u64,
    limit: u64,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.read += length as u64;
        let compressed = self
            .meter
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .bytes;
        if self.read > self.limit || (self.read > FREE_SIZE && self.read / MAX_RATIO > compressed) {
            return Err(io::Error::other(format!(
                "{compressed} bytes grew to more than {} when decompressed; this is no export but a decompression bomb",
                self.read
            )));
        }
        Ok(length)
    }
}

/// Converts UTF-16 to UTF-8; broken pairs become U+FFFD.
struct Utf16<R> {
    inner: R,
    big_endian: bool,
    bytes: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.ready.len() {
            let ended = self
                .inner
                .by_ref()
                .take(1 << 16)
                .read_to_end(&mut self.bytes)?
                == 0;
            if ended && self.bytes.is_empty() {
                return Ok(0);
            }
            self.convert(ended);
        }
        let ready = self.ready.get(self.at..).unwrap_or_default();
        let length = ready.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), ready.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at += length;
        Ok(length)
    }
}

impl<R> Utf16<R> {
    fn convert(&mut self, ended: bool) {
        let mut units: Vec<u16> = self
            .bytes
            .chunks_exact(2)
            .filter_map(|pair| <[u8; 2]>::try_from(pair).ok())
            .map(|pair| {
                if self.big_endian {
                    u16::from_be_bytes(pair)
                } else {
                    u16::from_le_bytes(pair)
                }
            })
            .collect();
        let mut used = units.len() * 2;
        // Half of a surrogate pair at the end waits for the other half.
        if !ended
            && units
                .last()
                .is_some_and(|unit| (0xd800..0xdc00).contains(unit))
        {
            units.pop();
            used -= 2;
        }
        if ended {
            used = self.bytes.len();
        }
        let text: String = char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.bytes.drain(..used);
        self.ready = text.into_bytes();
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_of_both_orders_is_converted_whatever_the_chunks() -> io::Result<()> {
        let text = "a,é,😀\n".repeat(20_000);
        for big_endian in [false, true] {
            let bytes: Vec<u8> = text
                .encode_utf16()
                .flat_map(|unit| {
                    if big_endian {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                })
                .collect();
            let mut reader = Utf16 {
                inner: bytes.as_slice(),
                big_endian,
                bytes: Vec::new(),
                ready: Vec::new(),
                at: 0,
            };
            let mut out = String::new();
            reader.read_to_string(&mut out)?;
            assert!(out == text);
        }
        Ok(())
    }
}

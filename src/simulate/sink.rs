//! Files under construction, plain or compressed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

use super::envelope::Compression;
use super::error::SimulateError;

/// Large enough that the system is called once in a thousand rows.
const BUFFER: usize = 1 << 20;
/// zstd's default level.
const ZSTD_LEVEL: i32 = 3;

pub(super) enum Sink {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::Encoder<'static, BufWriter<File>>),
}

impl Sink {
    pub(super) fn create(path: &Path, compression: Compression) -> io::Result<Self> {
        let file = BufWriter::with_capacity(BUFFER, File::create(path)?);
        Ok(match compression {
            Compression::None => Self::Plain(file),
            Compression::Gzip => Self::Gzip(GzEncoder::new(file, flate2::Compression::default())),
            Compression::Zstd => Self::Zstd(zstd::Encoder::new(file, ZSTD_LEVEL)?),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Gzip(file) => file.write_all(bytes),
            Self::Zstd(file) => file.write_all(bytes),
        }
    }

    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Gzip(file) => file.finish()?.flush(),
            Self::Zstd(file) => file.finish()?.flush(),
        }
    }
}

/// One open file with its path, for messages.
pub(super) struct Output {
    pub(super) path: PathBuf,
    pub(super) sink: Sink,
}

impl Output {
    pub(super) fn create(path: PathBuf, compression: Compression) -> Result<Self, SimulateError> {
        match Sink::create(&path, compression) {
            Ok(sink) => Ok(Self { path, sink }),
            Err(source) => Err(SimulateError::Write { path, source }),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), SimulateError> {
        self.sink
            .write(bytes)
            .map_err(|source| SimulateError::Write {
                path: self.path.clone(),
                source,
            })
    }

    pub(super) fn finish(self) -> Result<(), SimulateError> {
        let Self { path, sink } = self;
        sink.finish()
            .map_err(|source| SimulateError::Write { path, source })
    }
}

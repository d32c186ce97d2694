//! Files cut into blocks of whole rows, handed to the workers one at a time.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use memchr::{memchr, memchr2, memchr3, memmem, memrchr};

use super::buffer::Buffer;
use super::csv::last_row_end;
use super::envelope::{Framing, detect};
use super::events_file::{Stored, StoredEvents, is_parquet};
use super::rows::last_record_end;
use super::source::{Compression, Source, unreadable};
use super::{IngestOptions, Progress};
use crate::error::Error;

/// Bytes of a block: large enough that handing it over costs little, small enough to stay in a core's own cache beside the
/// dictionaries.
const BLOCK: usize = 1 << 18;

/// After so many bytes without a row's end, a quote or bracket is taken for lost.
const LOST: usize = 1 << 22;

/// A row longer than this is damage: the longest real records hold a few thousand messages, about a megabyte.
const MAX_ROW: usize = 1 << 26;

/// How much of a file is looked at to find out what it is.
const HEAD: usize = 1 << 18;

/// What is known of a file apart from its rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileState {
    pub(crate) path: PathBuf,
    pub(crate) compression: Compression,
    pub(crate) encoding: &'static str,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// Set for a file that could be opened and recognised.
    pub(crate) recognised: bool,
}

/// A block handed to a worker; its bytes are in the worker's buffer.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) file: usize,
    pub(crate) number: u64,
    pub(crate) framing: Framing,
    /// The block is part of a row that is too long to be one.
    pub(crate) oversized: bool,
}

struct Open {
    file: usize,
    source: Source,
    /// The beginning of a row whose end has not been read yet.
    carry: Vec<u8>,
    framing: Framing,
    blocks: u64,
    ended: bool,
    /// Inside a row that was too long: everything up to the next line end belongs to it.
    skipping: bool,
    /// The file when it was opened.
    before: Option<Stamp>,
}

/// Size and time of the last change of a file.
type Stamp = (u64, SystemTime);

/// The stamp of a regular file; `None` for streams, and for what is not there any more.
fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    let modified = metadata.modified().ok()?;
    metadata.is_file().then_some((metadata.len(), modified))
}

/// Opens the files one after another and cuts them.
pub(crate) struct Feeder<'a> {
    pub(crate) options: &'a IngestOptions,
    progress: &'a dyn Progress,
    pub(crate) files: Vec<FileState>,
    pub(crate) failures: Vec<(String, Error)>,
    next: usize,
    open: Option<Open>,
    total: u64,
    done: u64,
}

impl<'a> Feeder<'a> {
    pub(crate) fn new(
        paths: Vec<PathBuf>,
        options: &'a IngestOptions,
        progress: &'a dyn Progress,
    ) -> Self {
        let total = paths
            .iter()
            .filter_map(|path| std::fs::metadata(path).ok())
            .map(|metadata| metadata.len())
            .sum();
        let files = paths
            .into_iter()
            .map(|path| FileState {
                path,
                ..FileState::default()
            })
            .collect();
        Self {
            options,
            progress,
            files,
            failures: Vec::new(),
            next: 0,
            open: None,
            total,
            done: 0,
        }
    }

    /// A feeder of one text in memory.
    ///
    /// # Errors
    /// [`Error::Input`] when the text is no export, [`Error::Io`] when its compression is damaged.
    pub(crate) fn of_bytes(
        text: Vec<u8>,
        options: &'a IngestOptions,
        progress: &'a dyn Progress,
    ) -> Result<Self, Error> {
        let path = PathBuf::from("memory");
        let mut feeder = Self::new(vec![path.clone()], options, progress);
        let reader = Box::new(std::io::Cursor::new(text));
        let source = Source::from_reader(&path, reader, None, options.max_decompressed)?;
        feeder.take(begin(0, &path, source)?);
        feeder.next = 1;
        Ok(feeder)
    }

    fn take(&mut self, open: Open) {
        if let Some(state) = self.files.get_mut(open.file) {
            state.compression = open.source.compression;
            state.encoding = open.source.encoding;
            state.recognised = true;
        }
        self.open = Some(open);
    }

    /// The next block, its bytes in `buffer`; `None` when all files are read.
    pub(crate) fn next_block(&mut self, buffer: &mut Buffer) -> Option<Block> {
        loop {
            if self.open.is_none() && !self.open_next()? {
                continue;
            }
            if let Some(block) = self.fill(buffer) {
                return Some(block);
            }
            self.close();
        }
    }

    /// Opens the next file: `None` when there is none, false when it could not be used.
    fn open_next(&mut self) -> Option<bool> {
        let file = self.next;
        let path = self.files.get(file)?.path.clone();
        self.next += 1;
        let before = stamp(&path);
        let opened = Source::open(
            &path,
            self.options.hash_inputs,
            self.options.max_decompressed,
        );
        match opened.and_then(|source| begin(file, &path, source)) {
            Ok(open) => {
                self.take(Open { before, ..open });
                Some(true)
            }
            Err(error) => {
                self.failures.push((path.display().to_string(), error));
                Some(false)
            }
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        let mut meter = open
            .source
            .meter
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.done += meter.bytes;
        if let Some(state) = self.files.get_mut(open.file) {
            state.bytes = meter.bytes;
            state.sha256 = meter.sha256();
            if open.before.is_some() && open.before != stamp(&state.path) {
                let name = state.path.display().to_string();
                self.failures.push((name.clone(), changed(name)));
            }
        }
    }

    fn fill(&mut self, buffer: &mut Buffer) -> Option<Block> {
        let open = self.open.as_mut()?;
        buffer.clear();
        if let Framing::Events(stored) = &open.framing {
            let more = open.blocks < stored.batches();
            return more.then(|| open.block(false));
        }
        buffer.push(&open.carry);
        open.carry.clear();
        // Where much was carried over, it is used up before more is read behind it: what has no row's end would be searched again
        // and again, and grow.
        let mut search_first = buffer.len() > LOST;
        let oversized = loop {
            if !std::mem::take(&mut search_first)
                && let Err(source) = open.read(buffer)
            {
                // What was read before the damage is kept; the rest of the file is reported as lost.
                let path = self.files.get(open.file).map(|state| state.path.clone());
                let path = path.unwrap_or_default();
                self.failures
                    .push((path.display().to_string(), unreadable(&path, source)));
            }
            if open.skipping {
                open.skip(buffer);
                if open.skipping && !open.ended {
                    continue;
                }
            }
            if open.ended {
                if buffer.is_empty() {
                    return None;
                }
                break false;
            }
            if let Some(end) = block_end(&open.framing, buffer) {
                open.carry
                    .extend_from_slice(buffer.get(end..).unwrap_or_default());
                buffer.truncate(end);
                break false;
            }
            if buffer.len() > MAX_ROW {
                open.skipping = true;
                break true;
            }
        };
        let block = open.block(oversized);
        let meter = open.source.meter.lock();
        let read = meter.unwrap_or_else(PoisonError::into_inner).bytes;
        self.progress.bytes(self.done + read, self.total);
        Some(block)
    }
}

impl Open {
    /// The next block of the file.
    fn block(&mut self, oversized: bool) -> Block {
        let number = self.blocks;
        self.blocks += 1;
        Block {
            file: self.file,
            number,
            framing: self.framing.clone(),
            oversized,
        }
    }

    /// Reads more behind what is there.
    ///
    /// # Errors
    /// That of the file, which has ended then.
    fn read(&mut self, buffer: &mut Buffer) -> std::io::Result<()> {
        if self.ended {
            return Ok(());
        }
        // Twice as much each time, so that the whole of a long row is searched for its end a few times only.
        let room = (MAX_ROW + BLOCK).saturating_sub(buffer.len());
        let more = buffer.len().min(room).max(BLOCK);
        let read = buffer.read(&mut self.source.reader, more);
        self.ended = !matches!(read, Ok(1..));
        read.map(drop)
    }

    /// Drops what belongs to a row that was too long.
    fn skip(&mut self, buffer: &mut Buffer) {
        match memchr(b'\n', buffer) {
            Some(newline) => {
                buffer.drop_front(newline + 1);
                self.skipping = false;
            }
            None => buffer.clear(),
        }
    }
}

/// The error for a file that was written to, replaced or removed during the reading.
fn changed(input: String) -> Error {
    Error::Input {
        input,
        reason:
            "it changed while it was read; what was read may be neither its old nor its new content"
                .to_owned(),
        remedy: "wait until its writer is done, or copy it first, and run again".to_owned(),
    }
}

fn begin(file: usize, path: &Path, mut source: Source) -> Result<Open, Error> {
    let mut carry = Vec::new();
    source
        .reader
        .by_ref()
        .take(HEAD as u64)
        .read_to_end(&mut carry)
        .map_err(|error| unreadable(path, error))?;
    if is_parquet(&carry) {
        let framing = Framing::Events(begin_events(path, &mut source)?);
        return Ok(Open {
            file,
            source,
            carry: Vec::new(),
            framing,
            blocks: 0,
            ended: true,
            skipping: false,
            before: None,
        });
    }
    let (framing, skip) = detect(&carry).map_err(|refusal| refusal.of(path))?;
    carry.drain(..skip.min(carry.len()));
    Ok(Open {
        file,
        source,
        carry,
        framing,
        blocks: 0,
        ended: false,
        skipping: false,
        before: None,
    })
}

/// Opens a file of events, which is read in batches and not as a stream.
fn begin_events(path: &Path, source: &mut Source) -> Result<Stored, Error> {
    if source.compression != Compression::None || path.as_os_str() == "-" {
        return Err(Error::Input {
            input: path.display().to_string(),
            reason: "Parquet cannot be read from a stream or a compressed file".to_owned(),
            remedy: "name the Parquet file itself; it is compressed inside".to_owned(),
        });
    }
    let fail = |error| Error::io("read", path, error);
    let mut meter = source.meter.lock().unwrap_or_else(PoisonError::into_inner);
    if meter.is_hashing() {
        drop(meter);
        std::io::copy(&mut source.reader, &mut std::io::sink()).map_err(fail)?;
    } else {
        meter.bytes = std::fs::metadata(path).map_err(fail)?.len();
    }
    StoredEvents::open(path).map(Arc::new)
}

/// Where the last whole row of a block ends; `None` where more has to be read to find out.
fn block_end(framing: &Framing, buffer: &[u8]) -> Option<usize> {
    let end = match framing {
        Framing::Csv(..) => last_row_end(buffer),
        Framing::Lines => memrchr(b'\n', buffer).map(|newline| newline + 1),
        Framing::Elements => last_element_end(buffer),
        Framing::Events(_) => Some(buffer.len()),
    };
    // A quote or bracket lost to damage hides every later row end.
    let lost = end.is_none() && buffer.len() > LOST;
    if lost {
        damage_end(framing, buffer)
    } else {
        end
    }
}

/// Where damage may end. A line is likely to be a row, and the damaged one is handed over by itself; of objects in an array all are
/// handed over, since whoever reads them finds the next whole record after damage.
fn damage_end(framing: &Framing, buffer: &[u8]) -> Option<usize> {
    match framing {
        Framing::Elements => last_record_end(buffer)
            .or_else(|| memrchr(b'\n', buffer).map(|newline| newline + 1))
            .or_else(|| memmem::rfind(buffer, b"},{\"").map(|at| at + 2)),
        _ => memchr(b'\n', buffer).map(|newline| newline + 1),
    }
}

/// The offset after the last whole object of a block that begins between objects.
pub(crate) fn last_element_end(block: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    let mut last = None;
    let mut at = 0;
    while let Some(offset) = memchr3(b'"', b'{', b'}', block.get(at..)?) {
        let found = at + offset;
        at = found + 1;
        match block.get(found) {
            Some(b'{') => depth += 1,
            Some(b'}') => {
                if depth == 1 {
                    last = Some(at);
                }
                depth = depth.saturating_sub(1);
            }
            _ => match string_end(block, at) {
                Some(end) => at = end,
                None => break,
            },
        }
    }
    last
}

/// The offset after the closing quote of a string.
fn string_end(block: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + memchr2(b'"', b'\\', block.get(at..)?)?;
        if block.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        at = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_end_where_their_bracket_closes() {
        assert_eq!(last_element_end(br#"{"a":{"b":"}\""}},{"c":"#), Some(17));
        assert_eq!(last_element_end(br#"{"a":"#), None);
        assert_eq!(last_element_end(b""), None);
        assert_eq!(last_element_end(br#"{"a":1},{"b":2}]"#), Some(15));
    }

    /// The lengths of the blocks that a text is cut into.
    fn cut(text: Vec<u8>) -> Result<Vec<usize>, Error> {
        let options = IngestOptions::default();
        let mut feeder = Feeder::of_bytes(text, &options, &crate::ingest::Silent)?;
        let mut buffer = Buffer::default();
        let mut lengths = Vec::new();
        while feeder.next_block(&mut buffer).is_some() {
            lengths.push(buffer.len());
        }
        Ok(lengths)
    }

    #[test]
    fn brackets_that_never_close_are_handed_over_in_few_pieces() -> Result<(), Error> {
        let mut text = b"[\n{\"Id\":\"a\",\n".to_vec();
        text.extend(b"{\n".repeat(16 << 20));
        let length = text.len() - 1;
        let lengths = cut(text)?;
        assert_eq!(lengths.iter().sum::<usize>(), length);
        assert!(lengths.len() <= 16, "{} blocks", lengths.len());
        assert!(
            lengths.iter().all(|&length| length <= 4 * LOST),
            "{lengths:?}"
        );
        Ok(())
    }

    #[test]
    fn whole_objects_between_brackets_that_never_close_do_not_make_small_pieces()
    -> Result<(), Error> {
        for whole in ["{\"b\":1}", "{\"Id\":\"a\",\"Operation\":\"b\"}"] {
            for between in ["{\"a\":[", "{\"a\":[\n"] {
                let text = format!("{between}{whole},").repeat(700_000);
                let length = text.len();
                let lengths = cut(format!("[{text}").into_bytes())?;
                let blocks = lengths.len();
                assert!(
                    blocks <= 3 + 3 * length / LOST,
                    "{whole} {between}: {blocks} blocks"
                );
            }
        }
        Ok(())
    }
}

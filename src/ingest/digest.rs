//! The hash of an input file, for the chain of custody (SHA-256, FIPS 180-4).

use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest as _, Sha256};

/// A file beside the exports that decides what comes out: an allow-list, a geographic database, a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedFile {
    /// The file, as named.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl HashedFile {
    /// The file whose bytes these are: those that were used, whatever becomes of the file later.
    pub(crate) fn new(path: &Path, bytes: &[u8]) -> Self {
        Self {
            path: path.to_owned(),
            sha256: hexadecimal(Sha256::digest(bytes).as_slice()),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of a piece at most, and pieces that may wait to be hashed.
const PIECE: usize = 1 << 20;
const WAITING: usize = 8;

/// A hash under way. That of a long file moves to a thread of its own where there are threads: hashing takes half as long as
/// everything else that is done with the text, and has to happen in the order of the file. One of a short file is done before a
/// thread has started; there may be thousands of them.
#[derive(Debug)]
pub(super) enum Digest {
    Here { hash: Sha256, bytes: usize },
    Beside(SyncSender<Vec<u8>>, JoinHandle<Sha256>),
}

impl Digest {
    pub(super) fn new() -> Self {
        Self::Here {
            hash: Sha256::new(),
            bytes: 0,
        }
    }

    /// Takes the next piece of the file.
    pub(super) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Here { hash, bytes } => {
                hash.update(piece);
                *bytes = bytes.saturating_add(piece.len());
                if *bytes >= PIECE && rayon::current_num_threads() > 1 {
                    let begun = std::mem::take(hash);
                    *self = Self::beside(begun, *bytes);
                }
            }
            // The thread ends only after its sender: a piece that cannot be sent is its panic, which `finish` passes on.
            Self::Beside(sender, _) => {
                for piece in piece.chunks(PIECE) {
                    drop(sender.send(piece.to_vec()));
                }
            }
        }
    }

    /// Goes on with this hash on a thread, or here if the system has no thread to give.
    fn beside(begun: Sha256, bytes: usize) -> Self {
        let (sender, pieces) = sync_channel::<Vec<u8>>(WAITING);
        let kept = begun.clone();
        let hash_all = move || {
            pieces.iter().fold(begun, |mut hash, piece| {
                hash.update(&piece);
                hash
            })
        };
        match std::thread::Builder::new().spawn(hash_all) {
            Ok(thread) => Self::Beside(sender, thread),
            Err(_) => Self::Here { hash: kept, bytes },
        }
    }

    /// The hash in hexadecimal.
    pub(super) fn finish(self) -> String {
        let hash = match self {
            Self::Here { hash, .. } => hash,
            Self::Beside(sender, thread) => {
                drop(sender);
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        };
        hexadecimal(hash.finalize().as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn here_and_beside_agree_with_the_standard() {
        // FIPS 180-4, example of one block.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let hash = pool.map(|pool| {
                pool.install(|| {
                    let text = "a".repeat(3 * PIECE / 2);
                    let mut digest = Digest::new();
                    for piece in text.as_bytes().chunks(PIECE / 8) {
                        digest.update(piece);
                    }
                    assert_eq!(matches!(digest, Digest::Beside(..)), threads > 1);
                    let long = (
                        digest.finish(),
                        HashedFile::new(Path::new("a"), text.as_bytes()).sha256,
                    );
                    let mut digest = Digest::new();
                    digest.update(b"a");
                    digest.update(b"bc");
                    (digest.finish(), long)
                })
            });
            let (short, long) = hash.expect("a pool");
            assert_eq!(short, expected);
            assert_eq!(long.0, long.1);
        }
        assert_eq!(HashedFile::new(Path::new("abc"), b"abc").sha256, expected);
    }
}

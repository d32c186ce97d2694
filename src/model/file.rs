//! The model file: magic, version, digest, then the compressed model.
//!
//! ```text
//! 0   12  "mailglass\0\0\0"
//! 12   4  version, little endian
//! 16  32  SHA-256 of the rest
//! 48   …  zstd frame of the MessagePack encoding
//! ```
//!
//! Equal models are equal files: maps are written in the order of their keys.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Model;
use crate::error::Error;
use crate::ingest::HashedFile;
use crate::rank::RankOptions;
use crate::session::SessionOptions;
use crate::staging::{parent_of, write_whole};

const MAGIC: &[u8; 12] = b"mailglass\0\0\0";
/// Version of the encoding and of everything inside; a model of another version is refused.
pub const MODEL_VERSION: u32 = 13;
const HEADER: usize = 48;
/// A model of 50,000 mailboxes takes some hundred megabytes; more than this is no model of ours.
const MAX_UNPACKED: u64 = 8 << 30;

/// A model with the options that it was learned with; they hold for every later batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SavedModel {
    /// How events are cut into sessions.
    pub session: SessionOptions,
    /// How sessions are ranked and flagged.
    pub rank: RankOptions,
    /// What was learned.
    pub model: Model,
}

impl SavedModel {
    /// Writes the model; the file appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let refuse = |source| Error::io("write", path, source);
        let encoded = rmp_serde::to_vec(self).map_err(|error| Error::Model {
            action: "saved",
            reason: error.to_string(),
        })?;
        if encoded.len() as u64 > MAX_UNPACKED {
            return Err(Error::Model {
                action: "saved",
                reason: format!(
                    "it takes {} bytes, more than the {MAX_UNPACKED} that are read back\nhint: learn a new one from the last months with `mailglass fit`",
                    encoded.len()
                ),
            });
        }
        let payload = zstd::encode_all(encoded.as_slice(), 3).map_err(refuse)?;
        write_whole(path, refuse, |whole| {
            // A model tells who reads whose mail when: it is its owner's only, as temporary files are.
            let folder = parent_of(whole);
            let mut file = tempfile::NamedTempFile::new_in(folder).map_err(refuse)?;
            file.write_all(MAGIC).map_err(refuse)?;
            file.write_all(&MODEL_VERSION.to_le_bytes())
                .map_err(refuse)?;
            file.write_all(&Sha256::digest(&payload)).map_err(refuse)?;
            file.write_all(&payload).map_err(refuse)?;
            file.persist(whole).map_err(|error| refuse(error.error))?;
            Ok(())
        })
    }

    /// Reads a model.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotFound`] when the file cannot be read, [`Error::Model`] when it is damaged, of
    /// another version, or no model.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::read_hashed(path).map(|(saved, _)| saved)
    }

    /// The same, with the hash of the file that was read.
    ///
    /// # Errors
    /// As [`SavedModel::read`].
    pub fn read_hashed(path: &Path) -> Result<(Self, HashedFile), Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
        let saved = Self::unpack(&bytes, path)?;
        Ok((saved, HashedFile::new(path, &bytes)))
    }

    /// Whether a file is a model of mailglass, of whatever version.
    pub(crate) fn is_one(path: &Path) -> bool {
        let mut magic = [0; MAGIC.len()];
        std::fs::File::open(path).is_ok_and(|mut file| {
            std::io::Read::read_exact(&mut file, &mut magic).is_ok() && magic == *MAGIC
        })
    }

    /// The model in the bytes of a file; `path` is what errors name.
    fn unpack(bytes: &[u8], path: &Path) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Model {
            action: "loaded",
            reason: format!(
                "{}: {reason}\nhint: learn it again with `mailglass fit`",
                path.display()
            ),
        };
        let (Some(magic), Some(version), Some(digest), Some(payload)) = (
            bytes.get(..12),
            bytes.get(12..16),
            bytes.get(16..HEADER),
            bytes.get(HEADER..),
        ) else {
            return Err(refuse("too short for a model of mailglass".to_owned()));
        };
        if magic != MAGIC {
            return Err(refuse("not a model of mailglass".to_owned()));
        }
        let version = version
            .iter()
            .rev()
            .fold(0u32, |number, &byte| number << 8 | u32::from(byte));
        if version != MODEL_VERSION {
            return Err(refuse(format!(
                "model of version {version}, this mailglass reads version {MODEL_VERSION}"
            )));
        }
        if Sha256::digest(payload).as_slice() != digest {
            return Err(refuse("damaged: its digest does not match".to_owned()));
        }
        let mut encoded = Vec::new();
        let decoder = zstd::Decoder::new(payload).map_err(|error| refuse(error.to_string()))?;
        std::io::Read::read_to_end(
            &mut std::io::Read::take(decoder, MAX_UNPACKED),
            &mut encoded,
        )
        .map_err(|error| refuse(error.to_string()))?;
        let saved: Self =
            rmp_serde::from_slice(&encoded).map_err(|error| refuse(error.to_string()))?;
        match saved.fault() {
            Some(what) => Err(refuse(format!("damaged: {what} cannot be right"))),
            None => Ok(saved),
        }
    }
}

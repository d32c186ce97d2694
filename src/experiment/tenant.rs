//! The log and the labels of a tenant: simulated into a hidden folder that goes away again, or read from where they are.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::labels::Labels;
use super::spec::{TenantSource, TenantVariant};
use crate::error::Error;
use crate::ingest::{self, IngestOptions, Ingested, Input, Silent};
use crate::simulate::{Attack, SimulateError, SimulateSettings, simulate};
use crate::staging::Staging;

/// Name of the labels in a tenant's folder.
const LABELS: &str = "labels.csv";
/// Files of the log in a tenant's folder begin with this.
const LOG: &str = "audit";

/// A log with its labels.
pub(super) struct LabelledLog {
    pub(super) ingested: Ingested,
    pub(super) labels: Labels,
}

/// Reads or simulates a tenant; what is simulated lies in `place` meanwhile.
pub(super) fn labelled_log(
    tenant: &TenantVariant,
    seed: u64,
    place: &Path,
) -> Result<LabelledLog, Error> {
    match &tenant.source {
        TenantSource::Folder(folder) => read(folder),
        TenantSource::Simulated(settings) => {
            // An interrupt removes it, and the next run what a killed one has left.
            let staging = Staging::beside(&place.join("tenant"))
                .map_err(|source| Error::io("create", place, source))?;
            let folder = staging.output();
            let settings = SimulateSettings {
                seed,
                ..settings.as_ref().clone()
            };
            let failed = |error: SimulateError| Error::Simulate {
                reason: error.to_string(),
            };
            simulate(&settings.check().map_err(failed)?, &folder).map_err(failed)?;
            read(&folder)
        }
    }
}

fn read(folder: &Path) -> Result<LabelledLog, Error> {
    let inputs: Vec<Input> = log_files(folder)?.into_iter().map(Input::new).collect();
    let options = IngestOptions {
        hash_inputs: false,
        ..IngestOptions::default()
    };
    let mut ingested = ingest::read(&inputs, &options, &Silent)?;
    if !ingested.failures.is_empty() {
        return Err(ingested.failures.swap_remove(0).error);
    }
    let labels = Labels::read(&folder.join(LABELS))?;
    Ok(LabelledLog { ingested, labels })
}

fn log_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let refuse = |source| Error::io("read", folder, source);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(refuse)? {
        let entry = entry.map_err(refuse)?;
        if entry.file_name().to_string_lossy().starts_with(LOG) && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::NoInput {
            what: format!("no file {LOG}* in {}", folder.display()),
        });
    }
    Ok(files)
}

/// What a folder's log depends on: the bytes of its files.
pub(super) fn describe_folder(folder: &Path) -> Result<Value, Error> {
    let hashes = log_files(folder)?
        .iter()
        .map(|path| hash(path))
        .collect::<Result<Vec<String>, Error>>()?;
    Ok(json!({ "log": hashes, "labels": hash(&folder.join(LABELS))? }))
}

/// What a simulated log depends on: its settings. The envelope and everything else that does not change the records is
/// left out.
pub(super) fn describe_settings(settings: &SimulateSettings, seed: u64) -> Value {
    json!({
        "people": settings.people,
        "days": settings.days,
        "start": settings.start.to_string(),
        "seed": seed,
        "attacks": settings.attacks.iter().copied().map(Attack::name).collect::<Vec<_>>(),
        "strength": settings.strength,
        "campaigns": settings.campaigns,
        "attack_after": settings.attack_after,
        "intensity": settings.intensity,
        "offices": settings.offices,
        "look_alikes": settings.look_alikes,
    })
}

/// The SHA-256 hash of a file, hexadecimal.
pub(super) fn hash(path: &Path) -> Result<String, Error> {
    let refuse = |source| Error::io("read", path, source);
    let mut file = File::open(path).map_err(refuse)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(refuse)? {
            0 => break,
            n => digest.update(buffer.get(..n).unwrap_or_default()),
        }
    }
    Ok(hexadecimal(&digest.finalize()))
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

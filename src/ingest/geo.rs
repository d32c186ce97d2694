//! Country and autonomous system of an address, from MaxMind-format databases the user names.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::Reader;
use serde::Deserialize;

use super::digest::HashedFile;
use crate::error::Error;

/// The databases, asked in the order they were named; the first that knows an answer gives it.
#[derive(Default)]
pub(crate) struct Geo {
    readers: Vec<Reader<Vec<u8>>>,
    /// The databases' files, in the same order.
    pub(crate) files: Vec<HashedFile>,
}

impl std::fmt::Debug for Geo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Geo")
            .field("databases", &self.readers.len())
            .finish()
    }
}

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// ISO 3166 code, upper-case; empty when unknown.
    pub(crate) country: String,
    /// Autonomous system number; 0 when unknown.
    pub(crate) asn: u32,
}

/// The fields of the common databases: nested (GeoLite2 and its kin) and flat (ip-location-db).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    country: Option<Country>,
    registered_country: Option<Country>,
    country_code: Option<String>,
    autonomous_system_number: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Country {
    iso_code: Option<String>,
}

impl Geo {
    /// Opens the databases.
    ///
    /// # Errors
    /// [`Error::Geo`] when one cannot be read or is not a MaxMind-format database.
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut geo = Self::default();
        for path in paths {
            let bytes = std::fs::read(path).map_err(|error| unusable(path, &error))?;
            geo.files.push(HashedFile::new(path, &bytes));
            let reader = Reader::from_source(bytes).map_err(|error| unusable(path, &error))?;
            geo.readers.push(reader);
        }
        Ok(geo)
    }

    /// Looks an address up.
    pub(crate) fn locate(&self, ip: IpAddr) -> Place {
        let mut place = Place::default();
        for reader in &self.readers {
            let Ok(Some(entry)) = reader.lookup(ip).and_then(|found| found.decode::<Entry>())
            else {
                continue;
            };
            if place.asn == 0 {
                place.asn = entry.autonomous_system_number.unwrap_or(0);
            }
            if place.country.is_empty() {
                let code = entry
                    .country_code
                    .or(entry.country.and_then(|country| country.iso_code));
                let code = code.or(entry
                    .registered_country
                    .and_then(|country| country.iso_code));
                place.country = code.unwrap_or_default().to_ascii_uppercase();
            }
        }
        place
    }
}

fn unusable(path: &Path, error: &dyn std::error::Error) -> Error {
    Error::Geo {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

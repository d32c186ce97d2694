//! What can go wrong in a simulation.

use std::path::PathBuf;

/// Why a simulation could not be set up or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// A setting lies outside its range.
    #[error("{setting} is {value}, but must be {expected}")]
    OutOfRange {
        /// The setting, as the command line calls it.
        setting: &'static str,
        /// What was given.
        value: String,
        /// The range that is possible.
        expected: &'static str,
    },
    /// A name that is none of the known ones.
    #[error("{value:?} is no {what}; known are: {known}")]
    UnknownName {
        /// What the name should have named (an attack, an envelope, a compression).
        what: &'static str,
        /// What was given.
        value: String,
        /// All known names, separated by commas.
        known: String,
    },
    /// The output directory holds something already.
    #[error("{} exists already and is not empty; name a new directory, or remove this one first", path.display())]
    OutputExists {
        /// The directory.
        path: PathBuf,
    },
    /// A file or directory could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A date that the calendar does not have, or that lies beyond its years.
    #[error("the period of {days} days from {start} does not fit the calendar")]
    Period {
        /// First day.
        start: jiff::civil::Date,
        /// Days asked for.
        days: u32,
    },
    /// An office's time zone is missing from the time zone database.
    #[error("time zone {zone} is not in the time zone database")]
    TimeZone {
        /// The zone's IANA name.
        zone: &'static str,
        /// What the database said.
        source: jiff::Error,
    },
}

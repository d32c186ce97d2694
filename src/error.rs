//! The one public error of the crate. Every message says what was wrong, where, and what to do about it; the cause is
//! kept as `source`, not pasted into the text.

use std::io;
use std::path::{Path, PathBuf};

use polars::error::PolarsError;

/// Anything that stops mailglass from doing what it was asked.
///
/// A single unreadable row is never an error: rows that cannot be used are counted and reported as rejects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No input was named, or a folder or pattern held no file.
    #[error(
        "nothing to read: {what}\nhint: name an audit export (CSV, JSON or Parquet, plain or compressed), a folder of them, or a pattern"
    )]
    NoInput {
        /// What was looked for.
        what: String,
    },
    /// A named file or folder does not exist.
    #[error("{} does not exist\nhint: check the spelling and the folder the command runs in", path.display())]
    NotFound {
        /// The missing path.
        path: PathBuf,
    },
    /// The operating system refused to open, read or write a file.
    #[error("cannot {action} {}{}", path.display(), advice(source))]
    Io {
        /// `read`, `write`, `create`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file was read but is not something mailglass knows.
    #[error("{input}: {reason}\nhint: {remedy}")]
    Input {
        /// The file, as named by the user.
        input: String,
        /// What is wrong with it.
        reason: String,
        /// What the user can do.
        remedy: String,
    },
    /// A file is something else than an export of the audit log.
    #[error("{input}: {reason}\nhint: {remedy}")]
    NotAnExport {
        /// The file, as it was named or found.
        input: String,
        /// What it is.
        reason: String,
        /// What the user can do.
        remedy: String,
    },
    /// The inputs were read, and not one of their rows could be used.
    #[error(
        "none of the {rows} rows could be used; the commonest reason: {reason}{}\nhint: export again with whole records (the AuditData column, or the fields of each record with Id, CreationTime and Operation), and change nothing on the way",
        beginning(excerpt)
    )]
    NothingUsable {
        /// Rows that were read.
        rows: u64,
        /// What is wrong with most of them.
        reason: &'static str,
        /// How the first of these begins.
        excerpt: String,
    },
    /// Every input failed; the failures were reported one by one.
    #[error("none of the {count} inputs could be read; the first: {first}")]
    NothingReadable {
        /// Number of inputs.
        count: usize,
        /// The message of the first failure.
        first: String,
    },
    /// An option or a line of the configuration does not make sense.
    #[error("{name}: {reason}\nhint: {remedy}")]
    Config {
        /// The option or key.
        name: String,
        /// What is wrong with its value.
        reason: String,
        /// What is accepted.
        remedy: String,
    },
    /// A table operation failed; this is a defect or an exhausted machine, not the user's input.
    #[error("a table could not be built or read ({context})")]
    Table {
        /// What was being done.
        context: String,
        /// What polars said.
        #[source]
        source: PolarsError,
    },
    /// A model could not be fitted or applied.
    #[error("the model could not be {action}: {reason}")]
    Model {
        /// `fitted`, `taught`, `applied`, `saved`, `loaded`.
        action: &'static str,
        /// Why.
        reason: String,
    },
    /// A chart could not be drawn.
    #[error("the chart {chart} could not be drawn: {reason}")]
    Chart {
        /// Which chart.
        chart: String,
        /// Why.
        reason: String,
    },
    /// A synthetic tenant could not be generated.
    #[error("the tenant could not be simulated: {reason}")]
    Simulate {
        /// Why.
        reason: String,
    },
    /// A geographic database could not be used.
    #[error("{}: {reason}\nhint: --geoip takes a MaxMind-format database (.mmdb) with countries or AS numbers", path.display())]
    Geo {
        /// The database.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

impl Error {
    /// True when the input files are to blame: missing, unreadable, or not an audit export.
    #[must_use]
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::NoInput { .. }
                | Self::NotFound { .. }
                | Self::Input { .. }
                | Self::NotAnExport { .. }
                | Self::NothingUsable { .. }
                | Self::NothingReadable { .. }
        )
    }

    /// True when a file is something else than an export.
    #[must_use]
    pub fn is_not_an_export(&self) -> bool {
        matches!(self, Self::NotAnExport { .. })
    }

    /// True when a named file or folder does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// True when an option or the configuration is to blame.
    #[must_use]
    pub fn is_config(&self) -> bool {
        matches!(self, Self::Config { .. } | Self::Geo { .. })
    }

    /// True when the operating system refused to read or write.
    #[must_use]
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Io { .. })
    }

    /// Builds an [`Error::Io`], or an [`Error::NotFound`] when that is what happened.
    #[must_use]
    pub fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        if action == "read" && source.kind() == io::ErrorKind::NotFound {
            return Self::NotFound { path };
        }
        Self::Io {
            action,
            path,
            source,
        }
    }

    /// Builds the error of a table that could not be written to a file: [`Error::Io`] when that was the system's
    /// refusal, else [`Error::Table`].
    #[must_use]
    pub fn table_at(path: &Path, source: PolarsError) -> Self {
        match source {
            PolarsError::IO { error, .. } => {
                Self::io("write", path, io::Error::new(error.kind(), error))
            }
            other => Self::table(path.display().to_string(), other),
        }
    }

    /// Builds an [`Error::Table`] with the context in which polars failed.
    #[must_use]
    pub fn table(context: impl Into<String>, source: PolarsError) -> Self {
        Self::Table {
            context: context.into(),
            source,
        }
    }
}

/// How a row begins, behind a sentence about it.
pub(crate) fn beginning(excerpt: &str) -> String {
    if excerpt.is_empty() {
        String::new()
    } else {
        format!("; one begins: {excerpt}")
    }
}

/// The line, from 1, of a place in a text.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// What is wrong with a TOML text, and in which line.
pub(crate) fn toml_reason(text: &str, error: &toml::de::Error) -> String {
    match error.span() {
        Some(span) => format!("line {}: {}", line_of(text, span.start), error.message()),
        None => error.message().to_owned(),
    }
}

/// What to do about a refusal of the system, where its own words leave that open.
fn advice(source: &io::Error) -> &'static str {
    use io::ErrorKind as Kind;
    match source.kind() {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => {
            "\nhint: there is no room left; make some, or write elsewhere. Nothing half-written is kept"
        }
        Kind::ReadOnlyFilesystem => "\nhint: the file system is read-only; write elsewhere",
        Kind::PermissionDenied => {
            "\nhint: check the permissions of the file and of the folders above it, or name another place"
        }
        Kind::NotADirectory | Kind::AlreadyExists => {
            "\nhint: a file stands where a folder is needed; name another place"
        }
        Kind::NotFound => "\nhint: the folder that it should be in does not exist",
        _ => "",
    }
}

impl From<PolarsError> for Error {
    fn from(source: PolarsError) -> Self {
        Self::table("polars", source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_told_from_a_refused_one() {
        let missing = Error::io("read", "a.csv", io::ErrorKind::NotFound.into());
        assert!(missing.is_not_found() && missing.is_input() && !missing.is_io());
        assert!(missing.to_string().starts_with("a.csv does not exist"));
        let refused = Error::io("read", "a.csv", io::ErrorKind::PermissionDenied.into());
        assert!(refused.is_io() && !refused.is_not_found());
    }

    #[test]
    fn a_full_disk_is_told_from_a_broken_table() {
        let full = PolarsError::from(io::Error::from(io::ErrorKind::StorageFull));
        let error = Error::table_at(Path::new("run/sessions.csv"), full);
        assert!(error.is_io());
        let said = error.to_string();
        assert!(
            said.starts_with("cannot write run/sessions.csv\nhint: there is no room left"),
            "{said}"
        );
        let odd = PolarsError::NoData("nothing".into());
        assert!(!Error::table_at(Path::new("a"), odd).is_io());
    }
}

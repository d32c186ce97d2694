//! `--config FILE.toml`: options worth keeping, under the names that they have on the command line.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use crate::error::{Error, line_of, toml_reason};

/// Help of `--config`.
pub(crate) const CONFIG_HELP: &str = "\
Options worth keeping, from a TOML file; the command line overrides it, and paths in it are relative to its folder. \
Its keys are long options without their dashes; all may be left out:

  time-zone = \"Europe/Warsaw\"
  allow = \"allow.toml\"
  geoip = [\"countries.mmdb\", \"networks.mmdb\"]
  alerts-per-day = 1        # or fdr = 0.05
  warm-up = 10
  silence = 30
  seed = 0

`score` takes time-zone, allow and geoip from it, the rest stands in the model; `inspect` takes geoip.";

const REMEDY: &str = "a configuration may hold time-zone, allow, geoip (a list), alerts-per-day or fdr, warm-up, silence \
                      and seed, such as alerts-per-day = 1; `mailglass analyze --help` shows an example";

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    time_zone: Option<Spanned<String>>,
    allow: Option<PathBuf>,
    #[serde(default)]
    geoip: Vec<PathBuf>,
    alerts_per_day: Option<Spanned<f64>>,
    fdr: Option<Spanned<f64>>,
    warm_up: Option<u32>,
    silence: Option<Spanned<u32>>,
    seed: Option<u64>,
}

/// A value, and where the user gave it: what an error about it names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) place: String,
}

impl<T> Setting<T> {
    /// The value of an option on the command line.
    pub(crate) fn option(name: &str, value: T) -> Self {
        Self {
            value,
            place: name.to_owned(),
        }
    }

    /// Refuses the value.
    pub(crate) fn refuse(&self, reason: String, remedy: &str) -> Error {
        Error::Config {
            name: self.place.clone(),
            reason,
            remedy: remedy.to_owned(),
        }
    }
}

/// What a configuration file says; empty without one.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    pub(crate) time_zone: Option<Setting<String>>,
    pub(crate) allow: Option<PathBuf>,
    pub(crate) geoip: Vec<PathBuf>,
    pub(crate) alerts_per_day: Option<Setting<f64>>,
    pub(crate) fdr: Option<Setting<f64>>,
    pub(crate) warm_up: Option<u32>,
    pub(crate) silence: Option<Setting<u32>>,
    pub(crate) seed: Option<u64>,
}

impl ConfigFile {
    /// Reads a configuration. Values are checked where those of the command line are.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::Io`] when the file cannot be read, [`Error::Config`] when it is not understood.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::io("read", path, source))?;
        let table: Table = toml::from_str(&text).map_err(|error| Error::Config {
            name: path.display().to_string(),
            reason: toml_reason(&text, &error),
            remedy: REMEDY.to_owned(),
        })?;
        table.check(path, &text)
    }
}

impl Table {
    fn check(self, path: &Path, text: &str) -> Result<ConfigFile, Error> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let source = Source { path, text };
        let fdr = self.fdr.map(|fdr| source.setting("fdr", fdr));
        if let (Some(fdr), Some(_)) = (&fdr, &self.alerts_per_day) {
            return Err(fdr.refuse(
                "it stands beside alerts-per-day, and sessions are flagged by one of the two"
                    .to_owned(),
                "keep the one that you want",
            ));
        }
        Ok(ConfigFile {
            time_zone: self.time_zone.map(|zone| source.setting("time-zone", zone)),
            allow: self.allow.map(|allow| folder.join(allow)),
            geoip: self.geoip.iter().map(|path| folder.join(path)).collect(),
            alerts_per_day: self
                .alerts_per_day
                .map(|rate| source.setting("alerts-per-day", rate)),
            fdr,
            warm_up: self.warm_up,
            silence: self
                .silence
                .map(|silence| source.setting("silence", silence)),
            seed: self.seed,
        })
    }
}

/// A file and its text, from which places are named.
#[derive(Clone, Copy)]
struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn setting<T>(self, key: &str, value: Spanned<T>) -> Setting<T> {
        let line = line_of(self.text, value.span().start);
        Setting {
            value: value.into_inner(),
            place: format!("{}: line {line}: {key}", self.path.display()),
        }
    }
}

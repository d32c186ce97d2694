//! Options shared by the commands that read exports.

use std::path::PathBuf;

use clap::Args;
use jiff::tz::TimeZone;

use crate::allow::AllowList;
use crate::error::Error;
use crate::ingest::{IngestOptions, Input};
use crate::pipeline::{BaselineDays, Config};
use crate::rank::{FlagRule, RankOptions};
use crate::session::SessionOptions;

/// What to read and how.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// Exports to read: files, folders or glob patterns, plain or compressed; `-` is standard input. Of folders all files
    /// are read but hidden ones and those of earlier run directories
    #[arg(required = true, value_name = "FILES")]
    pub files: Vec<String>,

    /// MaxMind-format database with countries or AS numbers; may be given several times
    #[arg(long, value_name = "FILE.mmdb")]
    pub geoip: Vec<PathBuf>,

    /// Number of threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,

    /// Say nothing but errors
    #[arg(long, short)]
    pub quiet: bool,
}

impl ReadArgs {
    /// The inputs, as named.
    pub(crate) fn inputs(&self) -> Vec<Input> {
        self.files.iter().map(Input::new).collect()
    }

    /// How to read them.
    pub(crate) fn ingest(&self) -> IngestOptions {
        IngestOptions {
            geoip: self.geoip.clone(),
            ..IngestOptions::default()
        }
    }

    /// Limits the threads of the whole process.
    pub(crate) fn limit_threads(&self) -> Result<(), Error> {
        let Some(threads) = self.threads else {
            return Ok(());
        };
        let refuse = |reason: String| Error::Config {
            name: "--threads".to_owned(),
            reason,
            remedy: "give a whole number of at least 1".to_owned(),
        };
        if threads == 0 {
            return Err(refuse("0 threads cannot work".to_owned()));
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|error| refuse(error.to_string()))
    }
}

/// How sessions are built, ranked and flagged.
#[derive(Debug, Args)]
pub(crate) struct RankArgs {
    /// Alerts (one mailbox on one day) per day that you are ready to read
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 2.0,
        conflicts_with = "fdr"
    )]
    pub alerts_per_day: f64,

    /// Flag by false-discovery rate instead: the highest share of false alarms among a day's flags
    #[arg(long, value_name = "RATE")]
    pub fdr: Option<f64>,

    /// Days at the start that are scored but never flagged, while baselines are young
    #[arg(long, value_name = "DAYS", default_value_t = 10)]
    pub warm_up: u32,

    /// A silence longer than this ends a session
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    pub silence: u32,

    /// Seed of every random step
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Allow-list: sessions, clients and networks that an analyst has found in order (TOML, see the README)
    #[arg(long, value_name = "FILE")]
    pub allow: Option<PathBuf>,

    /// Time zone of the sentences and charts, such as Europe/Warsaw; files stay in UTC
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub time_zone: String,
}

impl RankArgs {
    /// The checked configuration of a run over what `read` names.
    pub(crate) fn config(&self, read: &ReadArgs) -> Result<Config, Error> {
        Ok(Config {
            inputs: read.inputs(),
            ingest: read.ingest(),
            session: self.session()?,
            rank: self.rank()?,
            baseline: BaselineDays::Past,
            allow: self.allow()?,
            time_zone: self.zone()?,
            model_file: None,
        })
    }

    pub(crate) fn session(&self) -> Result<SessionOptions, Error> {
        if self.silence == 0 || self.silence > 12 * 60 {
            return Err(Error::Config {
                name: "--silence".to_owned(),
                reason: format!("{} minutes", self.silence),
                remedy: "give 1 to 720 minutes".to_owned(),
            });
        }
        Ok(SessionOptions {
            silence_ms: i64::from(self.silence) * 60_000,
            ..SessionOptions::default()
        })
    }

    pub(crate) fn rank(&self) -> Result<RankOptions, Error> {
        let flags = match self.fdr {
            Some(rate) if rate > 0.0 && rate < 1.0 => FlagRule::FalseDiscoveryRate(rate),
            Some(rate) => {
                return Err(out_of_range(
                    "--fdr",
                    rate,
                    "give a share between 0 and 1, such as 0.05",
                ));
            }
            None if self.alerts_per_day > 0.0 && self.alerts_per_day <= 1000.0 => {
                FlagRule::AlertsPerDay(self.alerts_per_day)
            }
            None => {
                let remedy = "give a rate above 0 and up to 1000, such as 2 or 0.5";
                return Err(out_of_range(
                    "--alerts-per-day",
                    self.alerts_per_day,
                    remedy,
                ));
            }
        };
        Ok(RankOptions {
            seed: self.seed,
            warm_up_days: self.warm_up,
            flags,
            without: Vec::new(),
            without_stages: Vec::new(),
        })
    }

    pub(crate) fn allow(&self) -> Result<AllowList, Error> {
        self.allow
            .as_deref()
            .map_or_else(|| Ok(AllowList::default()), AllowList::read)
    }

    pub(crate) fn zone(&self) -> Result<TimeZone, Error> {
        zone(&self.time_zone)
    }
}

/// The time zone of a name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, Error> {
    TimeZone::get(name).map_err(|_| Error::Config {
        name: "--time-zone".to_owned(),
        reason: format!("\"{name}\" is not a known zone"),
        remedy: "give an IANA name such as Europe/Warsaw, or UTC".to_owned(),
    })
}

fn out_of_range(name: &str, value: f64, remedy: &str) -> Error {
    Error::Config {
        name: name.to_owned(),
        reason: format!("{value} is out of range"),
        remedy: remedy.to_owned(),
    }
}

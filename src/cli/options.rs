//! Options shared by the commands that read exports.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;

use super::config_file::{CONFIG_HELP, ConfigFile, Setting};
use crate::allow::AllowList;
use crate::error::Error;
use crate::ingest::{IngestOptions, Input, input_at};
use crate::pipeline::Config;
use crate::rank::{FlagRule, RankOptions};
use crate::session::SessionOptions;

/// Most threads that can be asked for: more than any machine has cores that this work could use.
const MOST_THREADS: usize = 1024;

/// The number of threads that was asked for, if there can be as many.
pub(crate) fn checked_threads(threads: usize) -> Result<usize, Error> {
    match threads {
        0 => Err(no_threads("0 threads cannot work".to_owned())),
        1..=MOST_THREADS => Ok(threads),
        _ => Err(no_threads(format!(
            "{threads} threads would stand in each other's way"
        ))),
    }
}

/// What is said of threads that cannot be had.
pub(crate) fn no_threads(reason: String) -> Error {
    Error::Config {
        name: "--threads".to_owned(),
        reason,
        remedy: format!("give a whole number from 1 to {MOST_THREADS}"),
    }
}

/// What to read and how.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// Exports to read: files, folders or glob patterns, plain or compressed; `-` is standard input. Of folders all files
    /// are read but hidden ones and those of earlier run directories
    #[arg(required = true, value_name = "FILES")]
    pub files: Vec<String>,

    /// Options worth keeping, from a TOML file; the command line overrides it (--help shows an example)
    #[arg(long, value_name = "FILE.toml", long_help = CONFIG_HELP)]
    pub config: Option<PathBuf>,

    /// MaxMind-format database with countries or AS numbers; may be given several times
    #[arg(long, value_name = "FILE.mmdb")]
    pub geoip: Vec<PathBuf>,

    /// Number of threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
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

    /// Refuses an output that would be written over an input.
    pub(crate) fn keep_apart(&self, option: &str, place: &Path) -> Result<(), Error> {
        match input_at(&self.inputs(), place) {
            None => Ok(()),
            Some(input) => Err(Error::Config {
                name: format!("{option} {}", place.display()),
                reason: format!("the input {} would be written over", input.display()),
                remedy: "inputs are never changed; choose another place for the output".to_owned(),
            }),
        }
    }

    /// What the configuration file says, if one was named.
    pub(crate) fn config_file(&self) -> Result<ConfigFile, Error> {
        self.config
            .as_deref()
            .map_or_else(|| Ok(ConfigFile::default()), ConfigFile::read)
    }

    /// How to read them.
    pub(crate) fn ingest(&self, file: &ConfigFile) -> IngestOptions {
        let named = if self.geoip.is_empty() {
            &file.geoip
        } else {
            &self.geoip
        };
        IngestOptions {
            geoip: named.clone(),
            ..IngestOptions::default()
        }
    }

    /// Limits the threads of the whole process.
    pub(crate) fn limit_threads(&self) -> Result<(), Error> {
        let Some(threads) = self.threads else {
            return Ok(());
        };
        let threads = checked_threads(threads)?;
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(|error| no_threads(error.to_string()))
    }
}

/// What is particular to a tenant, whatever its model.
#[derive(Debug, Args)]
pub(crate) struct TenantArgs {
    /// Allow-list: sessions, clients and networks that an analyst has found in order (TOML, see the README)
    #[arg(long, value_name = "FILE")]
    pub allow: Option<PathBuf>,

    /// Time zone of the sentences and charts, such as Europe/Warsaw; files stay in UTC [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub time_zone: Option<String>,
}

impl TenantArgs {
    pub(crate) fn allow(&self, file: &ConfigFile) -> Result<AllowList, Error> {
        self.allow
            .as_deref()
            .or(file.allow.as_deref())
            .map_or_else(|| Ok(AllowList::default()), AllowList::read)
    }

    pub(crate) fn zone(&self, file: &ConfigFile) -> Result<TimeZone, Error> {
        chosen("--time-zone", &self.time_zone, &file.time_zone)
            .map_or(Ok(TimeZone::UTC), |name| zone(&name))
    }
}

/// How sessions are built, ranked and flagged.
#[derive(Debug, Args)]
pub(crate) struct RankArgs {
    /// Alerts (one mailbox on one day) per day that you are ready to read [default: 2]. However many: ordinary
    /// days bring none in more than a quarter of their mailboxes, on average
    #[arg(
        long,
        value_name = "RATE",
        conflicts_with = "fdr",
        allow_negative_numbers = true
    )]
    pub alerts_per_day: Option<f64>,

    /// Flag by false-discovery rate instead: the highest share of false alarms among a day's alerts. It takes about
    /// 1 / RATE days of log until anything can be proved
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub fdr: Option<f64>,

    /// Days at the start that are scored but never flagged, while baselines are young [default: 10]
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true)]
    pub warm_up: Option<u32>,

    /// A silence longer than this ends a session [default: 30]
    #[arg(long, value_name = "MINUTES", allow_negative_numbers = true)]
    pub silence: Option<u32>,

    /// Seed of every random step [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,

    #[command(flatten)]
    pub tenant: TenantArgs,
}

impl RankArgs {
    /// The checked configuration of a run over what `read` names.
    pub(crate) fn config(&self, read: &ReadArgs) -> Result<Config, Error> {
        let file = read.config_file()?;
        Ok(Config {
            ingest: read.ingest(&file),
            session: self.session(&file)?,
            rank: self.rank(&file)?,
            allow: self.tenant.allow(&file)?,
            time_zone: self.tenant.zone(&file)?,
            ..Config::new(read.inputs())
        })
    }

    fn session(&self, file: &ConfigFile) -> Result<SessionOptions, Error> {
        let Some(silence) = chosen("--silence", &self.silence, &file.silence) else {
            return Ok(SessionOptions::default());
        };
        if silence.value == 0 || silence.value > 12 * 60 {
            let reason = format!("{} minutes", silence.value);
            return Err(silence.refuse(reason, "give 1 to 720 minutes"));
        }
        Ok(SessionOptions {
            silence_ms: i64::from(silence.value) * 60_000,
            ..SessionOptions::default()
        })
    }

    fn rank(&self, file: &ConfigFile) -> Result<RankOptions, Error> {
        let usual = RankOptions::default();
        Ok(RankOptions {
            seed: self.seed.or(file.seed).unwrap_or(usual.seed),
            warm_up_days: self.warm_up.or(file.warm_up).unwrap_or(usual.warm_up_days),
            flags: self.flags(file)?.unwrap_or(usual.flags),
            ..usual
        })
    }

    /// The rule that was asked for. One on the command line replaces that of the file, whichever of the two kinds they are.
    fn flags(&self, file: &ConfigFile) -> Result<Option<FlagRule>, Error> {
        let here = self.alerts_per_day.is_some() || self.fdr.is_some();
        let given = |name, option: &Option<f64>, kept: &Option<Setting<f64>>| {
            chosen(name, option, if here { &None } else { kept })
        };
        if let Some(share) = given("--fdr", &self.fdr, &file.fdr) {
            return rule(&share, FlagRule::FalseDiscoveryRate).map(Some);
        }
        given(
            "--alerts-per-day",
            &self.alerts_per_day,
            &file.alerts_per_day,
        )
        .map(|rate| rule(&rate, FlagRule::AlertsPerDay))
        .transpose()
    }
}

/// The option of the command line, else that of the file.
fn chosen<T: Clone>(
    name: &str,
    option: &Option<T>,
    kept: &Option<Setting<T>>,
) -> Option<Setting<T>> {
    option
        .clone()
        .map(|value| Setting::option(name, value))
        .or_else(|| kept.clone())
}

fn rule(setting: &Setting<f64>, rule: fn(f64) -> FlagRule) -> Result<FlagRule, Error> {
    let rule = rule(setting.value);
    match rule.check() {
        Ok(()) => Ok(rule),
        Err(remedy) => Err(setting.refuse(format!("{} is out of range", setting.value), remedy)),
    }
}

/// The time zone of a name.
pub(crate) fn zone(name: &Setting<String>) -> Result<TimeZone, Error> {
    TimeZone::get(&name.value).map_err(|_| {
        name.refuse(
            format!("\"{}\" is not a known zone", name.value),
            "give an IANA name such as Europe/Warsaw, or UTC",
        )
    })
}

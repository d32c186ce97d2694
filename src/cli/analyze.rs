//! `mailglass analyze`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Outcome;
use super::options::{RankArgs, ReadArgs};
use super::summary::present;
use super::terminal::Bar;
use crate::error::Error;
use crate::pipeline::{self, BaselineDays, Config};
use crate::report::{self, ReportOptions};

pub(super) const LONG_ABOUT: &str = "\
Read exports, rank every session, write a run directory with reasons and charts.

The envelope is detected by content: Purview portal CSV, Search-UnifiedAuditLog CSV, Management Activity API JSON \
and others, plain or compressed, mixed in one run. Every mailbox is judged by its own past, day by day; the first \
days are warm-up. Higher scores are more anomalous.

Why a session was flagged stands in report.html under its rank, and in reasons.csv under its session_id.";

/// Arguments of `mailglass analyze`.
#[derive(Debug, Args)]
pub(crate) struct AnalyzeArgs {
    #[command(flatten)]
    read: ReadArgs,

    /// Run directory to write
    #[arg(long, short, value_name = "DIR", default_value = "mailglass-run")]
    out: PathBuf,

    /// Replace the run directory if it exists
    #[arg(long)]
    force: bool,

    /// End with exit code 3 when sessions were flagged
    #[arg(long)]
    exit_on_flag: bool,

    /// Which days a session is judged by: those before its own, or the whole export but the days around its own
    #[arg(long, value_enum, value_name = "DAYS", default_value_t = Baseline::Past)]
    baseline: Baseline,

    #[command(flatten)]
    rank: RankArgs,
}

/// Values of `--baseline`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Baseline {
    /// The days before: what comes later changes no score; the first days are warm-up
    Past,
    /// The whole export in five stretches, each judged by the other four: for exports of one or two weeks, and for attacks
    /// that are older than the export. No warm-up; takes about five times as long
    Window,
}

impl From<Baseline> for BaselineDays {
    fn from(baseline: Baseline) -> Self {
        match baseline {
            Baseline::Past => Self::Past,
            Baseline::Window => Self::Window,
        }
    }
}

pub(crate) fn run(args: AnalyzeArgs) -> Result<Outcome, Error> {
    let config = Config {
        baseline: args.baseline.into(),
        ..args.rank.config(&args.read)?
    };
    let options = ReportOptions {
        out: args.out,
        force: args.force,
    };
    args.read.keep_apart("--out", &options.out)?;
    report::check(&options)?;
    args.read.limit_threads()?;

    let bar = Bar::new(args.read.quiet);
    let result = pipeline::analyze(&config, &bar);
    bar.clear();
    let analysis = result?;
    report::write(&analysis, &config, &options)?;
    present(&analysis, &config, &options, args.read.quiet)?;
    let outcome = Outcome::of(&analysis, args.exit_on_flag);
    // The process ends here: giving millions of sessions back one by one would only delay it.
    std::mem::forget(analysis);
    Ok(outcome)
}

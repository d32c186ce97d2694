//! `mailglass score`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::options::{ReadArgs, TenantArgs};
use super::summary::present;
use super::terminal::{Bar, warn};
use crate::error::Error;
use crate::model::SavedModel;
use crate::pipeline::{self, Config};
use crate::report::{self, ReportOptions};
use crate::staging::check_place;

pub(super) const LONG_ABOUT: &str = "\
Judge new exports by a kept model: the daily job.

A day is judged once: sessions of days up to the model's last are left out, with a count of them and exit code 2; that \
nothing else is there is an error. With --update the model learns them and is written back, so \
that fitting once and scoring day by day gives the same scores as one `analyze` over everything.";

/// Arguments of `mailglass score`.
#[derive(Debug, Args)]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    read: ReadArgs,

    /// Model file, from `mailglass fit`
    #[arg(long, short, value_name = "FILE")]
    model: PathBuf,

    /// Learn the new days and write the model back
    #[arg(long)]
    update: bool,

    /// Run directory to write
    #[arg(long, short, value_name = "DIR", default_value = "mailglass-run")]
    out: PathBuf,

    /// Replace the run directory if it exists
    #[arg(long)]
    force: bool,

    /// End with exit code 3 when sessions were flagged
    #[arg(long)]
    exit_on_flag: bool,

    #[command(flatten)]
    tenant: TenantArgs,
}

pub(crate) fn run(args: ScoreArgs) -> Result<Outcome, Error> {
    let file = args.read.config_file()?;
    let time_zone = args.tenant.zone(&file)?;
    let allow = args.tenant.allow(&file)?;
    let options = ReportOptions {
        out: args.out,
        force: args.force,
    };
    args.read.keep_apart("--out", &options.out)?;
    report::check(&options)?;
    if args.update {
        check_place(&args.model)?;
    }
    let (saved, model_file) = SavedModel::read_hashed(&args.model)?;
    let config = Config {
        ingest: args.read.ingest(&file),
        session: saved.session,
        rank: saved.rank,
        allow,
        time_zone,
        model_file: Some(model_file),
        ..Config::new(args.read.inputs())
    };
    args.read.limit_threads()?;
    let bar = Bar::new(args.read.quiet);
    let last_day = saved.model.last_day();
    let result = pipeline::analyze_with(saved.model, &config, &bar);
    bar.clear();
    let mut analysis = result?;
    // First: with a run directory beside it, a refused day would look like a scored one.
    if args.update {
        pipeline::refuse_leaps(last_day, analysis.days())?;
    }
    report::write(&analysis, &config, &options)?;
    let outcome = Outcome::of(&analysis, args.exit_on_flag);
    // The run directory is there: from here on the days count as scored, whoever reads the terminal.
    if let Some(sentence) = pipeline::passed_over_sentence(last_day, analysis.days().next()) {
        warn(&format!("warning: {sentence}"));
    }
    if args.update {
        SavedModel {
            session: config.session,
            rank: config.rank.clone(),
            // All that is written of the run is.
            model: std::mem::take(&mut analysis.model),
        }
        .write(&args.model)?;
    }
    present(&analysis, &config, &options, args.read.quiet)?;
    Ok(outcome)
}

//! `mailglass score`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use super::options::{ReadArgs, TenantArgs};
use super::summary::present;
use super::terminal::{Bar, warn};
use crate::error::Error;
use crate::ingest::HashedFile;
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

/// Refuses to write over a model that has become another one since it was read: what that has learned would be lost.
fn saved_as_read(path: &Path, config: &Config) -> Result<(), Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let now = HashedFile::new(path, &bytes);
    match &config.model_file {
        Some(read) if *read != now => Err(Error::Input {
            input: path.display().to_string(),
            reason: "has been changed during the run, by another `score --update` or `fit`: it was not written over, and these days are not learned".to_owned(),
            remedy: "update a model by one run at a time; score these days again".to_owned(),
        }),
        _ => Ok(()),
    }
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
        pipeline::refuse_leaps(last_day, analysis.sessions_by_day())?;
        saved_as_read(&args.model, &config)?;
    }
    report::write(&analysis, &config, &options)?;
    let outcome = Outcome::of(&analysis, args.exit_on_flag);
    // The run directory is there: from here on the days count as scored, whoever reads the terminal.
    if let Some(sentence) = pipeline::passed_over_sentence(last_day, analysis.days().next()) {
        warn(&format!("warning: {sentence}"));
    }
    if args.update {
        saved_as_read(&args.model, &config)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_that_has_changed_since_is_not_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("m.model");
        std::fs::write(&path, "as it was read").expect("a file");
        let config = Config {
            model_file: Some(HashedFile::new(&path, b"as it was read")),
            ..Config::new(Vec::new())
        };
        assert!(saved_as_read(&path, &config).is_ok());
        std::fs::write(&path, "as another run wrote it").expect("a file");
        let error = saved_as_read(&path, &config).expect_err("a change");
        assert!(
            error
                .to_string()
                .contains("has been changed during the run"),
            "{error}"
        );
    }
}

//! `mailglass fit`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::options::{RankArgs, ReadArgs};
use super::summary::{warn_of_failures, what_was_read};
use super::terminal::{Bar, print};
use crate::chart::label;
use crate::error::Error;
use crate::model::SavedModel;
use crate::pipeline::{self, Analysis};
use crate::staging::check_place;

pub(super) const LONG_ABOUT: &str = "\
Learn the baselines of exports and keep them in a model file.

The exports pass day by day as in `analyze`, and what was learned is kept. `mailglass score` then judges later days by \
it. What `analyze` flags teaches nothing here either. The options are kept in the model and hold for every later batch.";

/// Arguments of `mailglass fit`.
#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    #[command(flatten)]
    read: ReadArgs,

    /// Model file to write
    #[arg(long, short, value_name = "FILE")]
    model: PathBuf,

    /// Replace the model file if it exists
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    rank: RankArgs,
}

pub(crate) fn run(args: FitArgs) -> Result<Outcome, Error> {
    if args.model.exists() && !args.force {
        return Err(Error::Config {
            name: format!("--model {}", args.model.display()),
            reason: "exists already".to_owned(),
            remedy: "go on from it with `mailglass score --update`, or replace it with --force"
                .to_owned(),
        });
    }
    args.read.keep_apart("--model", &args.model)?;
    if args.model.exists() && !SavedModel::is_one(&args.model) {
        return Err(Error::Config {
            name: format!("--model {}", args.model.display()),
            reason: "exists and is not a model of mailglass".to_owned(),
            remedy: "--force replaces models only; choose another file".to_owned(),
        });
    }
    check_place(&args.model)?;
    let config = args.rank.config(&args.read)?;
    args.read.limit_threads()?;
    let bar = Bar::new(args.read.quiet);
    let result = pipeline::analyze(&config, &bar);
    bar.clear();
    let analysis = result?;
    warn_of_failures(&analysis.ingested.failures);
    if analysis.sessions.is_empty() {
        return Err(Error::Input {
            input: "the exports".to_owned(),
            reason: "hold no mailbox session: there was nothing to learn, and no model was written"
                .to_owned(),
            remedy: "see with `mailglass inspect` what they hold".to_owned(),
        });
    }
    pipeline::refuse_leaps(None, analysis.sessions_by_day())?;
    let outcome = Outcome::of(&analysis, false);
    let said = format!(
        "{}\n\nLearned {} mailboxes from {} days; written to {}{}",
        what_was_read(&analysis),
        analysis.model.mailbox_count(),
        analysis.thresholds.len(),
        args.model.display(),
        what_stood_out(&analysis)
    );
    SavedModel {
        session: config.session,
        rank: config.rank,
        model: analysis.model,
    }
    .write(&args.model)?;
    if !args.read.quiet {
        print(&said)?;
    }
    Ok(outcome)
}

/// What was flagged in the days that were learned: `score` counts as known what goes on with it.
fn what_stood_out(analysis: &Analysis) -> String {
    let flagged = analysis.flagged().count() as u64;
    if flagged == 0 {
        return String::new();
    }
    let mailboxes: BTreeSet<u32> = analysis.flagged().map(|s| s.session.mailbox).collect();
    format!(
        "\n\n{} of {} stood out in these days. See them with `mailglass analyze` before the first\n\
         `mailglass score`: what goes on with them there is marked as follow-up, and ranks behind what is new",
        label::counted(flagged, "session", "sessions"),
        label::counted(mailboxes.len() as u64, "mailbox", "mailboxes"),
    )
}

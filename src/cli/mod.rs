//! The command line: one file per command, thin; the library does the work.
//!
//! Data goes to stdout or files, messages to stderr. Exit codes: 0 done; 1 error; 2 done, but some input was rejected
//! or skipped; 3 done and sessions were flagged (only with `--exit-on-flag`). An interrupt ends the process by its signal,
//! which shells report as 130 (SIGINT) or 143 (SIGTERM).

mod analyze;
mod config_file;
mod evaluate;
mod experiment;
mod features;
mod fit;
mod inspect;
mod interrupt;
mod options;
mod report;
mod score;
mod simulate;
mod summary;
mod terminal;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::pipeline::Analysis;

const ABOUT: &str = "Finds the mailbox sessions that do not belong";

const LONG_ABOUT: &str = "\
Finds the mailbox sessions that do not belong.

mailglass reads exports of the Microsoft 365 unified audit log, learns what is normal for every mailbox, ranks \
sessions by how far they stand from it, and says why, in words, tables and pictures. It needs no network.";

const AFTER_HELP: &str = "\
Examples:
  mailglass analyze audit.csv.gz --out run        everything: ranking, reasons, charts
  mailglass analyze exports/ --alerts-per-day 1   a folder of exports, one alert a day
  mailglass analyze exports/ --config tenant.toml options kept in a file

Exit codes: 0 done; 1 error; 2 done, but some input was rejected or skipped;
            3 done and sessions were flagged (only with --exit-on-flag);
            130 or 143 interrupted (SIGINT, SIGTERM). Inputs are never changed, and output
            appears whole or not at all.";

#[derive(Debug, Parser)]
#[command(name = "mailglass", version, about = ABOUT, long_about = LONG_ABOUT, after_help = AFTER_HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

// What a variant's documentation says is the short help, and would be the long one too, whatever the arguments' own says.
#[derive(Debug, Subcommand)]
enum Command {
    /// Read exports, rank every session, write a run directory with reasons and charts
    #[command(long_about = analyze::LONG_ABOUT)]
    Analyze(analyze::AnalyzeArgs),
    /// Learn baselines and keep them in a model file
    #[command(long_about = fit::LONG_ABOUT)]
    Fit(fit::FitArgs),
    /// Judge new exports by a kept model: the daily job
    #[command(long_about = score::LONG_ABOUT)]
    Score(score::ScoreArgs),
    /// Draw the charts and the page again from a run directory
    #[command(long_about = report::LONG_ABOUT)]
    Report(report::ReportArgs),
    /// List every feature that the ranking uses, and what it means
    Features,
    /// Say what exports hold and what they lack, without any model
    #[command(long_about = inspect::LONG_ABOUT)]
    Inspect(inspect::InspectArgs),
    /// Write a synthetic tenant's audit log with known attacks in it
    #[command(long_about = simulate::LONG_ABOUT)]
    Simulate(simulate::SimulateArgs),
    /// Score a run directory against labels
    #[command(long_about = evaluate::LONG_ABOUT)]
    Evaluate(evaluate::EvaluateArgs),
    /// Run a matrix of tenants, seeds, parameters and detectors
    #[command(long_about = experiment::LONG_ABOUT)]
    Experiment(experiment::ExperimentArgs),
}

/// How a command that ran to its end went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything was used.
    Done,
    /// Some input was rejected or skipped.
    InputSkipped,
    /// Sessions were flagged, and the user asked for an exit code.
    Flagged,
}

impl Outcome {
    /// The outcome of an analysis; flags decide only where the user asked for it.
    pub(crate) fn of(analysis: &Analysis, exit_on_flag: bool) -> Self {
        if exit_on_flag && analysis.flagged().next().is_some() {
            Self::Flagged
        } else if analysis.ingested.counts.rejects > 0
            || !analysis.ingested.failures.is_empty()
            || !analysis.left_out.is_empty()
        {
            Self::InputSkipped
        } else {
            Self::Done
        }
    }
}

/// Parses the arguments of the process, runs the command and reports its exit code.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(said) => return tell(&said),
    };
    interrupt::watch();
    let result = match arguments.command {
        Command::Analyze(args) => analyze::run(args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Fit(args) => fit::run(args),
        Command::Score(args) => score::run(args),
        Command::Report(args) => report::run(args),
        Command::Features => features::run(),
        Command::Inspect(args) => inspect::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Experiment(args) => experiment::run(&args),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::InputSkipped) => ExitCode::from(2),
        Ok(Outcome::Flagged) => ExitCode::from(3),
        Err(error) => {
            terminal::print_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Prints what the parser says instead of running a command: the help or version that was asked for, or what is wrong
/// with the arguments. Its own exit code for the latter is 2, which stands for skipped input here.
fn tell(said: &clap::Error) -> ExitCode {
    let lost = said
        .print()
        .is_err_and(|error| error.kind() != ErrorKind::BrokenPipe);
    if said.use_stderr() || lost {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// The causes of an error, outermost first.
pub(crate) fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}

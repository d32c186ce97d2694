//! `mailglass experiment`.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::Outcome;
use super::options::{checked_threads, no_threads};
use super::terminal::{print, table, warn};
use crate::error::Error;
use crate::experiment::{
    Estimate, Experiment, MatrixOptions, Place, PlaceSummary, draw_figures, run_matrix, summarise,
    write_cells, write_summary,
};

pub(super) const LONG_ABOUT: &str = "\
Run a matrix of tenants, seeds, parameters and detectors; tables and charts with confidence intervals.

The specification names tenants (to simulate, or folders with audit* and labels.csv), seeds, strengths of attacks, rank \
parameters, features and stages to leave out, and detectors. Every combination is a cell. A finished cell is kept and not \
run again as long as nothing changes that it depends on, mailglass itself included, so an interrupted experiment goes on \
where it stopped.

Written into OUT/NAME: cells.csv and cells.parquet (one row per cell), summary.csv (means and 95% confidence intervals \
over seeds), charts, and cells/ (what is kept).";

const AFTER_HELP: &str = "\
Example:
  mailglass experiment notebooks-data/storm-0558.toml

A specification:
  name = \"rates\"                   folder in OUT
  title = \"What does a higher alert rate buy?\"
  seeds = [0, 1, 2, 3, 4]            repetitions; intervals are over them
  detectors = [\"mailglass\", \"first_seen_client\"]
      also deviation_sum, plain_forest, application_sigma, mailbox_sigma, sentinel_time_series
  without = [\"groups\"]              leave out each group of features in turn
      also \"features\", \"stages\", \"group:NAME\", \"feature:NAME\", \"stage:NAME\"
  [rank]                             a value or a list, as below
  alerts_per_day = [0.5, 1, 2, 5]
  warm_up_days = 10
  [[tenant]]                         simulated; keys as the options of `mailglass simulate`
  name = \"office\"
  people = 40
      also days, start, campaigns, attack_after, intensity, offices, look_alikes
  attacks = [\"storm0558\"]           or [\"all\"]
  strength = [0, 0.5, 1]
  [[tenant]]                         or kept, with files audit* and labels.csv
  name = \"kept\"
  folder = \"../data/tenant\"         relative to the specification
  [[chart]]
  kind = \"sweep\"                    a measure over a parameter; or \"comparison\": bars
  file = \"recall\"
  measure = \"episode_recall_2\"      any column of cells.csv
  over = \"alerts_per_day\"           or strength, warm_up_days; of a sweep
  reference = 0.9                    of a sweep: a line to compare with, if wanted
  reference_label = \"wanted\"        what it is

Days of a campaign or an episode run until it is among the two highest alerts of a day; one that never is counts until \
the end of the log.";

/// Arguments of `mailglass experiment`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ExperimentArgs {
    /// Specification of the experiment
    #[arg(value_name = "SPEC.toml")]
    spec: PathBuf,

    /// Folder of experiments; each gets a folder of its name in it
    #[arg(long, short, value_name = "OUT", default_value = "output")]
    out: PathBuf,

    /// Run cells again that are finished already
    #[arg(long)]
    fresh: bool,

    /// Number of threads [default: all cores]; results do not depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    threads: Option<usize>,

    /// Say nothing but errors
    #[arg(long, short)]
    quiet: bool,
}

pub(crate) fn run(args: &ExperimentArgs) -> Result<Outcome, Error> {
    let experiment = Experiment::read(&args.spec)?;
    let pool = pool(args.threads)?;
    let folder = args.out.join(&experiment.name);
    fs::create_dir_all(&folder).map_err(|source| Error::io("create", &folder, source))?;

    let start = Instant::now();
    let progress = |done: usize, all: usize| {
        if !args.quiet {
            warn(&format!(
                "{done} of {all} cells, {:.0} s",
                start.elapsed().as_secs_f64()
            ));
        }
    };
    let options = MatrixOptions {
        folder: folder.clone(),
        fresh: args.fresh,
    };
    let cells = pool.install(|| run_matrix(&experiment, &options, &progress))?;
    let summaries = summarise(&cells);
    write_cells(&cells, &folder)?;
    write_summary(&summaries, &folder)?;
    draw_figures(&experiment, &summaries, &folder)?;

    if !args.quiet {
        let kept = cells.iter().filter(|cell| cell.kept).count();
        print(&format!(
            "{}: {} cells, {kept} of them from earlier runs, in {:.1} s\n\n{}\nWritten to {}",
            experiment.name,
            cells.len(),
            start.elapsed().as_secs_f64(),
            shown(&summaries),
            folder.display()
        ))?;
    }
    Ok(Outcome::Done)
}

fn pool(threads: Option<usize>) -> Result<rayon::ThreadPool, Error> {
    let threads = threads.map(checked_threads).transpose()?;
    // For rayon 0 means all cores.
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build()
        .map_err(|error| no_threads(error.to_string()))
}

/// The measures that most questions are about, and the parameters that vary; summary.csv has all.
fn shown(summaries: &[PlaceSummary]) -> String {
    type Parameter = (&'static str, fn(&Place) -> String);
    let parameters: [Parameter; 5] = [
        ("tenant", |place| place.tenant.clone()),
        ("strength", |place| {
            place
                .strength
                .map_or_else(|| "-".to_owned(), |s| s.to_string())
        }),
        ("asked", |place| place.alerts_per_day.to_string()),
        ("warm-up", |place| place.warm_up_days.to_string()),
        ("without", |place| place.without.clone()),
    ];
    let measures = [
        ("average precision", "average_precision"),
        ("recall, 2 a day", "episode_recall_2"),
        ("days, campaign", "campaign_days_to_reading"),
        ("days, episode", "episode_days_to_reading"),
        ("false alarms a day", "false_alarms_per_day"),
    ];
    let varies = |of: fn(&Place) -> String| {
        summaries
            .windows(2)
            .any(|pair| of(&pair[0].place) != of(&pair[1].place))
    };
    let varying: Vec<Parameter> = parameters
        .into_iter()
        .filter(|(_, of)| varies(*of))
        .collect();
    let mut header: Vec<&str> = varying.iter().map(|(name, _)| *name).collect();
    header.push("detector");
    header.extend(measures.map(|(title, _)| title));
    let rows = summaries
        .iter()
        .map(|summary| {
            let mut row: Vec<String> = varying.iter().map(|(_, of)| of(&summary.place)).collect();
            row.push(summary.place.detector.title().to_owned());
            row.extend(measures.map(|(_, name)| {
                summary
                    .estimates
                    .get(name)
                    .map_or_else(|| "-".to_owned(), in_words)
            }));
            row
        })
        .collect();
    table(&header, rows)
}

fn in_words(estimate: &Estimate) -> String {
    match estimate.interval {
        Some((low, high)) => format!("{:.2} ± {:.2}", estimate.mean, (high - low) / 2.0),
        None => format!("{:.2}", estimate.mean),
    }
}

//! `mailglass evaluate`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Outcome;
use super::terminal::{Bar, print, print_json, table, warn};
use crate::amount::alerts_a_day;
use crate::chart::detection_delay::DelayCurve;
use crate::chart::{
    ChartError, DetectionDelay, PrecisionRecall, RecallByAlerts, Style, detection_delay,
    precision_recall, recall_by_alerts,
};
use crate::error::Error;
use crate::experiment::{Curves, Evaluation, JudgedRun, Labels, Point, Promise, curves, evaluate};
use crate::ingest::Input;

pub(super) const LONG_ABOUT: &str = "\
Compare a run with labels: precision, recall, time to detection, false alarms, curves.

A session is an attack when at least half of its mailbox operations are labelled (sign-ins are none). An alert is one \
mailbox on one day, an episode one mailbox in one campaign. The log that the run was made from is read again, because the run directory \
does not say which operation a record was.";

const AFTER_HELP: &str = "\
Example:
  mailglass simulate --out tenant && mailglass analyze tenant/audit.csv --out run
  mailglass evaluate run --labels tenant/labels.csv --charts curves";

/// Arguments of `mailglass evaluate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct EvaluateArgs {
    /// Run directory, as `mailglass analyze` wrote it
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Labels: a CSV file with record_id, scenario, episode
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,

    /// The log that the run was made from [default: the inputs named in the run's summary.json]
    #[arg(long, value_name = "FILES", num_args = 1..)]
    log: Vec<String>,

    /// Print JSON instead of text, with every episode and the points of the curves
    #[arg(long)]
    json: bool,

    /// Draw the curves into this folder (PNG)
    #[arg(long, value_name = "DIR")]
    charts: Option<PathBuf>,

    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    promise: Promise,
    curves: &'a Curves,
}

pub(crate) fn run(args: &EvaluateArgs) -> Result<Outcome, Error> {
    let labels = Labels::read(&args.labels)?;
    let log: Vec<Input> = args.log.iter().map(Input::new).collect();
    let bar = Bar::new(args.quiet);
    let judged = JudgedRun::read(&args.run, &log, &labels, &bar);
    bar.clear();
    let judged = judged?;
    if !labels.is_empty() && judged.truth.unmatched_labels == labels.len() {
        return Err(Error::Input {
            input: args.labels.display().to_string(),
            reason: format!(
                "of its {}, none is in the log of {}",
                counted(labels.len(), ["labelled record", "labelled records"]),
                args.run.display()
            ),
            remedy: "name the labels of this log".to_owned(),
        });
    }
    let evaluation = evaluate(&judged.truth, &judged.ranking);
    let curves = curves(&judged.truth, &judged.ranking, &evaluation);
    if let Some(dir) = &args.charts {
        draw(&evaluation, &curves, &args.run, dir)?;
    }
    if args.json {
        let report = Report {
            evaluation: &evaluation,
            promise: judged.promise,
            curves: &curves,
        };
        let text = serde_json::to_string_pretty(&report)
            .map_err(|error| Error::io("write", "standard output", std::io::Error::other(error)))?;
        print_json(&text)?;
    } else {
        print(&text_of(&evaluation, judged.promise))?;
    }
    if !evaluation.episodes_not_shown.is_empty() {
        warn(&format!(
            "warning: {} of the labels {} no mailbox operation in the log, and {} not judged: {}",
            counted(evaluation.episodes_not_shown.len(), ["episode", "episodes"]),
            if evaluation.episodes_not_shown.len() == 1 {
                "has"
            } else {
                "have"
            },
            if evaluation.episodes_not_shown.len() == 1 {
                "is"
            } else {
                "are"
            },
            some_of(&evaluation.episodes_not_shown),
        ));
    }
    if evaluation.unmatched_labels > 0 {
        // An attack leaves a few records that are no mailbox's, a consent for example.
        let hint = if 20 * evaluation.unmatched_labels > labels.len() {
            "\nhint: check that --labels belong to this log"
        } else {
            ""
        };
        warn(&format!(
            "warning: {} of {} labelled records are not among the events of the log: they are missing, or of no mailbox{hint}",
            evaluation.unmatched_labels,
            labels.len()
        ));
    }
    Ok(Outcome::Done)
}

/// The first few names.
fn some_of(names: &[String]) -> String {
    const FEW: usize = 5;
    let first = names.iter().take(FEW).map(String::as_str);
    let more = names.len().saturating_sub(FEW);
    let rest = (more > 0).then(|| format!("{more} more"));
    let parts: Vec<&str> = first.chain(rest.as_deref()).collect();
    parts.join(", ")
}

/// A share in words; some need attacks, or flags, where there are none.
fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "not defined".to_owned(), |value| format!("{value:.4}"))
}

/// A number with what it counts, ungrouped as in the tables around it.
fn counted(n: usize, [one, many]: [&str; 2]) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn text_of(evaluation: &Evaluation, promise: Promise) -> String {
    let flags = &evaluation.flags;
    let mut text = format!(
        "{}, {} of them {}; {} in {}\n\n\
         average precision (sessions)  {}\n\
         area under the ROC curve      {}\n",
        counted(evaluation.sessions, ["session", "sessions"]),
        evaluation.attack_sessions,
        if evaluation.attack_sessions == 1 {
            "an attack"
        } else {
            "attacks"
        },
        counted(evaluation.episodes, ["episode", "episodes"]),
        counted(evaluation.days as usize, ["day", "days"]),
        share(evaluation.average_precision),
        share(evaluation.roc_auc)
    );
    let rates = evaluation
        .at_rate
        .iter()
        .map(|at| {
            vec![
                at.per_day.to_string(),
                share(at.episode_recall),
                share(at.alert_precision),
            ]
        })
        .collect();
    text.push_str(&format!(
        "\n{}\n",
        table(
            &["alerts a day*", "episode recall", "alert precision"],
            rates
        )
    ));
    text.push_str("* the highest of the whole log, so many for each of its days\n");
    text.push_str(&format!(
        "\nFlagged {} in {} over {}\n\
         episode recall of the flags   {}\n\
         attacks among flagged         {}\n\
         false alarms                  {}\n",
        counted(flags.sessions, ["session", "sessions"]),
        counted(flags.alerts, ["alert", "alerts"]),
        counted(flags.judged_days as usize, ["judged day", "judged days"]),
        share(flags.episode_recall),
        share(flags.session_precision),
        false_alarms(evaluation, promise)
    ));
    let scenarios = evaluation
        .scenarios
        .iter()
        .map(|s| {
            vec![
                s.scenario.clone(),
                format!("{}/{}", s.found_at_2_a_day, s.episodes),
                format!("{}/{}", s.found_by_flags, s.episodes),
                s.median_days_to_detection
                    .map_or("-".to_owned(), |days| format!("{days:.2}")),
            ]
        })
        .collect();
    let header = [
        "attack",
        "found at 2 a day*",
        "flagged",
        "median days to the first flag",
    ];
    text.push_str(&format!("\n{}", table(&header, scenarios)));
    text
}

fn false_alarms(evaluation: &Evaluation, promise: Promise) -> String {
    let flags = &evaluation.flags;
    match promise {
        Promise::FalseAlarmsPerDay(rate) => {
            format!(
                "{:.2} a day (asked for: {})",
                flags.false_alarms_per_day,
                alerts_a_day(rate)
            )
        }
        Promise::FalseShare(promised) => format!(
            "{} of the alerts (promised: at most {promised})",
            share(flags.false_share)
        ),
    }
}

fn draw(evaluation: &Evaluation, curves: &Curves, run: &Path, dir: &Path) -> Result<(), Error> {
    fs::create_dir_all(dir).map_err(|source| Error::io("create", dir, source))?;
    let style = Style {
        source: run.display().to_string(),
        ..Style::default()
    };
    let pairs = |points: &[Point]| {
        points
            .iter()
            .map(|p| (p.x, p.y))
            .collect::<Vec<(f64, f64)>>()
    };
    let episodes = evaluation.episodes as u64;
    let failed = |chart: &str| {
        let chart = chart.to_owned();
        move |error: ChartError| Error::Chart {
            chart,
            reason: error.to_string(),
        }
    };
    let data = PrecisionRecall {
        points: pairs(&curves.precision_recall),
        average_precision: evaluation.average_precision,
        sessions: evaluation.sessions as u64,
        attack_sessions: evaluation.attack_sessions as u64,
    };
    precision_recall::draw(&data, &style, &dir.join("precision_recall.png"))
        .map_err(failed("precision_recall"))?;
    let data = RecallByAlerts {
        points: pairs(&curves.recall_by_alerts),
        episodes,
        days: u64::from(evaluation.days),
    };
    recall_by_alerts::draw(&data, &style, &dir.join("recall_by_alerts.png"))
        .map_err(failed("recall_by_alerts"))?;
    let curve = |name: &str, points: &[Point]| DelayCurve {
        name: name.to_owned(),
        points: pairs(points),
    };
    let data = DetectionDelay {
        curves: vec![
            curve("flagged", &curves.detection_by_flags),
            curve(
                "among the two highest alerts of the day",
                &curves.detection_by_reading,
            ),
        ],
        episodes,
    };
    detection_delay::draw(&data, &style, &dir.join("detection_delay.png"))
        .map_err(failed("detection_delay"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, ["judged day", "judged days"]), "1 judged day");
        assert_eq!(counted(0, ["day", "days"]), "0 days");
    }
}

//! `mailglass analyze`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::options::{RankArgs, ReadArgs};
use super::terminal::{Bar, print, table, warn};
use crate::error::Error;
use crate::explain::Naming;
use crate::ingest;
use crate::pipeline::{self, Analysis, Config};
use crate::report::{self, ReportOptions};

/// Flagged sessions listed on the terminal.
const LISTED: usize = 10;

const LONG_ABOUT: &str = "\
Read exports, rank every session, write a run directory with reasons and charts.

The envelope is detected by content: Purview portal CSV, Search-UnifiedAuditLog CSV, Management Activity API JSON \
and others, plain or compressed, mixed in one run. Every mailbox is judged by its own past, day by day; the first \
days are warm-up. Higher scores are more anomalous.";

/// Arguments of `mailglass analyze`.
#[derive(Debug, Args)]
#[command(long_about = LONG_ABOUT)]
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

    #[command(flatten)]
    rank: RankArgs,
}

pub(crate) fn run(args: AnalyzeArgs) -> Result<Outcome, Error> {
    let config = Config {
        inputs: args.read.inputs(),
        ingest: args.read.ingest(),
        session: args.rank.session()?,
        rank: args.rank.rank()?,
        time_zone: args.rank.zone()?,
    };
    let options = ReportOptions {
        out: args.out,
        force: args.force,
    };
    report::check(&options)?;
    args.read.limit_threads()?;

    let bar = Bar::new(args.read.quiet);
    let result = pipeline::analyze(&config, &bar);
    bar.clear();
    let analysis = result?;
    report::write(&analysis, &config, &options)?;

    for failure in &analysis.ingested.failures {
        warn(&format!(
            "warning: {}",
            super::terminal::harmless(&failure.error.to_string())
        ));
    }
    if !args.read.quiet {
        print(&what_was_read(&analysis));
        print(&what_was_flagged(&analysis, &config)?);
        print(&where_it_is(&options));
    }
    Ok(
        if args.exit_on_flag && analysis.flagged().next().is_some() {
            Outcome::Flagged
        } else if analysis.ingested.counts.rejects > 0 || !analysis.ingested.failures.is_empty() {
            Outcome::InputSkipped
        } else {
            Outcome::Done
        },
    )
}

fn what_was_read(analysis: &Analysis) -> String {
    let counts = &analysis.ingested.counts;
    let mut text = format!(
        "Read {} rows: {} events, {} duplicates, {} other records, {} rejects\n     {} mailboxes, {} sessions",
        counts.rows,
        counts.events,
        counts.duplicates,
        counts.other_records,
        counts.rejects,
        analysis.mailboxes,
        analysis.sessions.len()
    );
    for warning in analysis.ingested.coverage.warnings.iter().take(5) {
        text.push_str(&format!(
            "\n     note: {}",
            super::terminal::harmless(&warning.sentence())
        ));
    }
    text
}

fn what_was_flagged(analysis: &Analysis, config: &Config) -> Result<String, Error> {
    let flagged: Vec<_> = analysis.flagged().collect();
    if flagged.is_empty() {
        let judged = analysis
            .thresholds
            .iter()
            .filter(|(_, threshold)| threshold.is_some())
            .count();
        return Ok(if judged == 0 {
            format!(
                "\nNothing flagged: all {} days are warm-up (--warm-up {})",
                analysis.thresholds.len(),
                config.rank.warm_up_days
            )
        } else {
            "\nNothing flagged".to_owned()
        });
    }
    let columns = analysis.ingested.events.columns()?;
    let naming = Naming::new(
        &columns,
        config.time_zone.clone(),
        &ingest::application_name,
    );
    let rows = flagged
        .iter()
        .take(LISTED)
        .map(|analyzed| {
            vec![
                analyzed.rank.to_string(),
                format!("{:.3}", analyzed.verdict.ranked.score),
                naming.moment(analyzed.session.start),
                naming.mailbox(&analyzed.session).to_owned(),
                (analyzed.session.items + u64::from(analyzed.session.syncs)).to_string(),
                analyzed
                    .reasons
                    .first()
                    .map(|reason| reason.sentence.clone())
                    .unwrap_or_default(),
            ]
        })
        .collect();
    let when = format!("start ({})", naming.zone());
    let listed = table(
        &[
            "rank",
            "score",
            &when,
            "mailbox",
            "items",
            "strongest reason",
        ],
        rows,
    );
    let rest = if flagged.len() > LISTED {
        format!("\n  and {} more in sessions.csv", flagged.len() - LISTED)
    } else {
        String::new()
    };
    let campaigns = match analysis.campaigns.len() {
        0 => String::new(),
        n => format!(", {n} campaign{}", if n == 1 { "" } else { "s" }),
    };
    Ok(format!(
        "\nFlagged {} sessions{campaigns}\n{listed}{rest}",
        flagged.len()
    ))
}

fn where_it_is(options: &ReportOptions) -> String {
    let out = options.out.display();
    format!(
        "\nWritten to {out}\n  ranking   {out}/sessions.csv\n  reasons   {out}/reasons.csv\n  messages  {out}/exposure.csv\n  charts    {out}/charts/"
    )
}

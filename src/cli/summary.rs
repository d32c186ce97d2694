//! What a run says on the terminal: what was read, what was flagged, where it is.

use std::collections::BTreeMap;

use super::terminal::{harmless, in_lines, print, table, warn};
use crate::chart::label;
use crate::error::Error;
use crate::explain::{ChangeCounts, whole_folders};
use crate::ingest::{InputFailure, Warning, not_exports, notes};
use crate::pipeline::{Analysis, BaselineDays, Config, left_out_sentence, naming};
use crate::rank::FlagRule;
use crate::report::{ReportOptions, in_a_line};

/// Flagged sessions listed on the terminal.
const LISTED: usize = 10;
/// Notes about the log that are listed.
const NOTES: usize = 5;

/// Prints failures to stderr and, unless quiet, the three answers to stdout.
pub(crate) fn present(
    analysis: &Analysis,
    config: &Config,
    options: &ReportOptions,
    quiet: bool,
) -> Result<(), Error> {
    warn_of_failures(&analysis.ingested.failures);
    let warnings = &analysis.ingested.coverage.warnings;
    if let Some(nothing) = warnings
        .iter()
        .find(|warning| **warning == Warning::NoRecords)
    {
        warn(&format!(
            "warning: {} {}",
            nothing.sentence(),
            nothing.remedy()
        ));
    }
    if let Some(sentence) = left_out_sentence(&analysis.left_out) {
        warn(&format!("warning: {sentence}"));
    }
    if !quiet {
        print(&what_was_read(analysis))?;
        print(&what_was_flagged(analysis, config)?)?;
        let allowed = what_was_allowed(analysis, config)?;
        if !allowed.is_empty() {
            print(&allowed)?;
        }
        print(&where_it_is(options))?;
    }
    Ok(())
}

/// Inputs that could not be read. Of several that are no exports, those with the same advice are one warning.
pub(crate) fn warn_of_failures(failures: &[InputFailure]) {
    let mut foreign: BTreeMap<&str, Vec<&InputFailure>> = BTreeMap::new();
    for failure in failures {
        match &failure.error {
            Error::NotAnExport { remedy, .. } => foreign.entry(remedy).or_default().push(failure),
            error => warn(&format!("warning: {}", in_lines(error))),
        }
    }
    for (remedy, of) in foreign {
        if let [one] = of.as_slice() {
            warn(&format!("warning: {}", in_lines(&one.error)));
            continue;
        }
        let named = not_exports(of.iter().map(|failure| failure.input.as_str()));
        warn(&format!("warning: {}\nhint: {remedy}", harmless(&named)));
    }
}

/// Counts of rows and what became of them.
pub(crate) fn what_was_read(analysis: &Analysis) -> String {
    let counts = &analysis.ingested.counts;
    let mut text = format!(
        "Read {} rows: {} events, {} duplicates, {} other records, {} rejects\n     {}, {}",
        counts.rows,
        counts.events,
        counts.duplicates,
        counts.other_records,
        counts.rejects,
        label::counted(analysis.mailboxes as u64, "mailbox", "mailboxes"),
        label::counted(analysis.sessions.len() as u64, "session", "sessions")
    );
    let notes = notes(&analysis.ingested.coverage.warnings);
    for note in notes.iter().take(NOTES) {
        text.push_str(&format!("\n     note: {}", harmless(&note.sentence)));
    }
    match notes.len().saturating_sub(NOTES) {
        0 => {}
        1 => text.push_str("\n     and 1 more note in summary.json"),
        more => text.push_str(&format!("\n     and {more} more notes in summary.json")),
    }
    for lead in analysis.ingested.leads_by_kind() {
        text.push_str(&format!("\n     not judged: {}", lead.sentence()));
    }
    text
}

/// What the allow-list kept from being flagged, and what is odd about its entries; empty where there is nothing to say.
fn what_was_allowed(analysis: &Analysis, config: &Config) -> Result<String, Error> {
    let columns = analysis.ingested.events.columns()?;
    let named = analysis
        .sessions
        .iter()
        .filter(|analyzed| config.allow.allows(&analyzed.session, &columns))
        .count() as u64;
    let mut text = match analysis.spared().count() as u64 {
        0 => String::new(),
        spared => format!(
            "\nThe allow-list kept {} from being flagged, of {} that its entries name",
            label::counted(spared, "session", "sessions"),
            label::count(named)
        ),
    };
    let whole = config.model_file.is_none();
    let remarks: Vec<String> = analysis
        .allowed
        .iter()
        .filter_map(|entry| entry.remark(whole))
        .collect();
    for remark in remarks.iter().take(NOTES) {
        text.push_str(&format!("\nnote: {}", harmless(remark)));
    }
    if remarks.len() > NOTES {
        let more = remarks.len() - NOTES;
        text.push_str(&format!(
            "\nand {more} more notes on the allow-list in summary.json"
        ));
    }
    Ok(text)
}

fn what_was_flagged(analysis: &Analysis, config: &Config) -> Result<String, Error> {
    let flagged: Vec<_> = analysis.flagged().collect();
    if flagged.is_empty() {
        let judged = analysis
            .thresholds
            .iter()
            .filter(|(_, threshold)| threshold.is_some())
            .count();
        // By discoveries, a day without any has no threshold and was judged nevertheless.
        let by_rate = matches!(config.rank.flags, FlagRule::AlertsPerDay(_));
        let days = analysis.thresholds.len();
        return Ok(if analysis.sessions.is_empty() {
            "\nNothing flagged: the exports hold no session".to_owned()
        } else if judged == 0 && days == 1 && config.baseline == BaselineDays::Window {
            "\nNothing flagged: a single day has no other days to be judged by".to_owned()
        } else if judged == 0 && analysis.sessions.iter().all(|s| s.verdict.warm_up) {
            let warm_up = config.rank.warm_up_days;
            match days {
                1 => format!("\nNothing flagged: the only day is warm-up (--warm-up {warm_up})"),
                _ => format!(
                    "\nNothing flagged: all {days} days are warm-up (--warm-up {warm_up}); --baseline window judges each by the others"
                ),
            }
        } else if judged == 0 && by_rate {
            "\nNothing flagged: no day has earlier ones to be judged by".to_owned()
        } else {
            "\nNothing flagged".to_owned()
        });
    }
    let events = &analysis.ingested.events;
    let columns = events.columns()?;
    let naming = naming(config, &columns);
    let rows = flagged
        .iter()
        .take(LISTED)
        .map(|analyzed| {
            vec![
                analyzed.rank.to_string(),
                format!("{:.3}", analyzed.verdict.ranked.score),
                naming.moment(analyzed.session.start),
                naming.mailbox(&analyzed.session).to_owned(),
                label::did(
                    analyzed.session.items,
                    whole_folders([&analyzed.session], events, &columns),
                    &ChangeCounts::of(&analyzed.session, &columns),
                ),
                analyzed
                    .reasons
                    .first()
                    .map(|reason| {
                        let sentence = in_a_line(&reason.sentence, &analyzed.session, &naming);
                        match analyzed.verdict.ranked.follow_up {
                            Some(_) => format!("follow-up: {sentence}"),
                            None => sentence,
                        }
                    })
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
            "read",
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
    let warm_up = analysis
        .sessions
        .iter()
        .filter(|s| s.verdict.warm_up)
        .count() as u64;
    let unjudged = match warm_up {
        0 => String::new(),
        n => format!(
            "\nNot judged: {} of the warm-up (--warm-up {}); --baseline window judges every day by the others",
            label::counted(n, "session", "sessions"),
            config.rank.warm_up_days
        ),
    };
    Ok(format!(
        "\nFlagged {}{campaigns}\n{listed}{rest}{unjudged}",
        label::counted(flagged.len() as u64, "session", "sessions")
    ))
}

fn where_it_is(options: &ReportOptions) -> String {
    let out = options.out.display();
    format!(
        "\nWritten to {out}\n  ranking   {out}/sessions.csv\n  reasons   {out}/reasons.csv\n  messages  {out}/exposure.csv\n  charts    {out}/charts/\n  page      {out}/report.html"
    )
}

//! `mailglass inspect`: what an export holds and what it lacks, before any model.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::Outcome;
use super::options::ReadArgs;
use super::summary::warn_of_failures;
use super::terminal::{Bar, harmless, print, print_json, table};
use crate::amount::count as number;
use crate::chart::{Chart, Style};
use crate::error::Error;
use crate::ingest::{
    self, Counts, FileReport, Ingested, Inventory, LeadRecord, LeadRecords, Tally, Warning,
    inventory, notes, write_events,
};
use crate::report;
use crate::staging::{check_place, write_whole};

pub(super) const LONG_ABOUT: &str = "\
Tell what an export holds and what it lacks, before any model.

Which envelope, which period, how many rows of what, which mailboxes, actors and clients; how many duplicates and \
rejects; and what is missing: hours and days without any record, mailboxes that stop logging, throttled mailboxes, \
files cut by their exporter. Times are UTC.";

/// Arguments of `mailglass inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    read: ReadArgs,

    /// Print JSON instead of text
    #[arg(long)]
    json: bool,

    /// Keep the events in a Parquet file, which every command reads much faster than the export. Only events: leads, other records
    /// and rejects are not in it
    #[arg(long, value_name = "FILE.parquet")]
    events: Option<PathBuf>,

    /// Draw the records per day and operation, with what is missing, into a PNG file
    #[arg(long, value_name = "FILE.png")]
    chart: Option<PathBuf>,

    /// Longest list of names to print
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        allow_negative_numbers = true
    )]
    top: usize,
}

/// Refuses to write over a file of another kind than the one that is written: it is no earlier output.
fn refuse_to_replace(
    option: &str,
    place: &Path,
    (kind, magic): (&str, &[u8]),
) -> Result<(), Error> {
    let mut begins = vec![0; magic.len()];
    let earlier = |mut file: File| file.read_exact(&mut begins).is_ok() && begins == magic;
    if !place.is_file() || File::open(place).is_ok_and(earlier) {
        return Ok(());
    }
    Err(Error::Config {
        name: format!("{option} {}", place.display()),
        reason: format!("exists and is not {kind}"),
        remedy: "choose another name, or remove it first".to_owned(),
    })
}

pub(crate) fn run(args: &InspectArgs) -> Result<Outcome, Error> {
    args.read.limit_threads()?;
    for (option, place, kind) in [
        (
            "--events",
            &args.events,
            ("a Parquet file", b"PAR1".as_slice()),
        ),
        (
            "--chart",
            &args.chart,
            ("a PNG file", b"\x89PNG".as_slice()),
        ),
    ] {
        if let Some(place) = place {
            args.read.keep_apart(option, place)?;
            refuse_to_replace(option, place, kind)?;
            check_place(place)?;
        }
    }
    let mut options = args.read.ingest(&args.read.config_file()?);
    // Hashing a large export takes longer than reading it; only the JSON shows the hashes.
    options.hash_inputs = args.json;
    let bar = Bar::new(args.read.quiet);
    let result = ingest::read(&args.read.inputs(), &options, &bar);
    bar.clear();
    let ingested = result?;
    if let Some(path) = &args.events {
        write_events(&ingested.events, path)?;
    }
    if let Some(path) = &args.chart {
        let failed = |source| Error::io("write", path, source);
        write_whole(path, failed, |whole| draw(&ingested, whole))?;
    }
    warn_of_failures(&ingested.failures);
    if args.json {
        print_json(&as_json(&ingested)?)?;
    } else if !args.read.quiet {
        print(&as_text(&ingested, args)?)?;
    }
    let complete = ingested.counts.rejects == 0 && ingested.failures.is_empty();
    Ok(if complete {
        Outcome::Done
    } else {
        Outcome::InputSkipped
    })
}

/// What `--json` prints.
#[derive(Serialize)]
struct Inspection<'a> {
    files: &'a [FileReport],
    failures: Vec<Failure>,
    counts: Counts,
    coverage: &'a ingest::Coverage,
    warnings: Vec<Advice<'a>>,
    inventory: Inventory,
    other_records: Vec<Other<'a>>,
    leads: Vec<LeadRecords>,
    lead_records: &'a [LeadRecord],
    rejects: Vec<Tally>,
}

#[derive(Serialize)]
struct Failure {
    input: String,
    error: String,
}

#[derive(Serialize)]
struct Advice<'a> {
    #[serde(flatten)]
    warning: &'a Warning,
    sentence: String,
    remedy: &'static str,
}

#[derive(Serialize)]
struct Other<'a> {
    workload: &'a str,
    operation: &'a str,
    records: u64,
}

fn as_json(ingested: &Ingested) -> Result<String, Error> {
    let advice = |warning| Advice {
        warning,
        sentence: Warning::sentence(warning),
        remedy: warning.remedy(),
    };
    let inspection = Inspection {
        files: &ingested.files,
        failures: ingested
            .failures
            .iter()
            .map(|failure| Failure {
                input: failure.input.clone(),
                error: failure.error.to_string(),
            })
            .collect(),
        counts: ingested.counts,
        coverage: &ingested.coverage,
        warnings: ingested.coverage.warnings.iter().map(advice).collect(),
        inventory: inventory(&ingested.events)?,
        other_records: ingested
            .other
            .iter()
            .map(|(workload, operation, records)| Other {
                workload,
                operation,
                records: *records,
            })
            .collect(),
        leads: ingested.leads_by_kind(),
        lead_records: &ingested.leads,
        rejects: rejects_by_reason(ingested),
    };
    serde_json::to_string_pretty(&inspection).map_err(|error| Error::Io {
        action: "write",
        path: PathBuf::from("-"),
        source: error.into(),
    })
}

fn rejects_by_reason(ingested: &Ingested) -> Vec<Tally> {
    ingested
        .rejects_by_reason()
        .into_iter()
        .map(|(reason, events)| Tally {
            name: reason.to_owned(),
            events,
        })
        .collect()
}

fn as_text(ingested: &Ingested, args: &InspectArgs) -> Result<String, Error> {
    let mut text = files_text(ingested);
    text.push_str(&period_text(ingested));
    let inventory = inventory(&ingested.events)?;
    for (title, tallies, absent) in [
        ("operation", &inventory.operations, "-"),
        ("mailbox", &inventory.mailboxes, "(not named)"),
        ("actor", &inventory.actors, "(not named)"),
        ("client", &inventory.client_families, "-"),
        ("application", &inventory.applications, "(none named)"),
        ("logon", &inventory.logon_types, "(not named)"),
        ("network", &inventory.networks, "(none)"),
        ("country", &inventory.countries, ""),
    ] {
        // Without geographic databases there is nothing to say about countries.
        if tallies.iter().any(|tally| !tally.name.is_empty()) {
            text.push_str(&tally_text(title, tallies, (absent, args.top)));
        }
    }
    if !ingested.other.is_empty() {
        let mut other: Vec<Tally> = ingested
            .other
            .iter()
            .map(|(workload, operation, count)| Tally {
                name: format!("{workload}: {operation}"),
                events: *count,
            })
            .collect();
        other.sort_by(|left, right| {
            right
                .events
                .cmp(&left.events)
                .then_with(|| left.name.cmp(&right.name))
        });
        text.push_str(&tally_text(
            "other records, not used",
            &other,
            ("-", args.top),
        ));
    }
    if ingested.counts.rejects > 0 {
        text.push_str(&tally_text(
            "rejected rows",
            &rejects_by_reason(ingested),
            ("-", args.top),
        ));
        for reject in ingested.rejects.iter().take(3) {
            text.push_str(&format!(
                "\n  {} row {}: {}",
                harmless(&reject.file),
                reject.row,
                harmless(&reject.excerpt)
            ));
        }
        text.push('\n');
    }
    text.push_str(&missing_text(ingested, args.top));
    text.push_str(&leads_text(ingested));
    if let Some(path) = &args.events {
        text.push_str(&format!("\nEvents: {}", path.display()));
    }
    if let Some(path) = &args.chart {
        text.push_str(&format!("\nChart:  {}", path.display()));
    }
    Ok(text.trim_end().to_owned())
}

fn files_text(ingested: &Ingested) -> String {
    let row = |name: String, format: &str, counts: Counts| {
        let numbers = [
            counts.rows,
            counts.events,
            counts.duplicates,
            counts.other_records,
            counts.rejects,
        ];
        let mut row = vec![name, format.to_owned()];
        row.extend(numbers.map(number));
        row
    };
    let mut rows: Vec<Vec<String>> = ingested
        .files
        .iter()
        .map(|file| {
            row(
                file.path.display().to_string(),
                file.envelope.as_str(),
                file.counts,
            )
        })
        .collect();
    if rows.len() > 1 {
        rows.push(row("all".to_owned(), "", ingested.counts));
    }
    table(
        &[
            "file",
            "format",
            "rows",
            "events",
            "duplicates",
            "other",
            "rejects",
        ],
        rows,
    ) + "\n"
}

fn period_text(ingested: &Ingested) -> String {
    let coverage = &ingested.coverage;
    if coverage.start.is_none() {
        return "\nPeriod: no mailbox record\n".to_owned();
    }
    let moment = |time: Option<i64>| {
        let time = time.and_then(|time| jiff::Timestamp::from_millisecond(time).ok());
        time.map_or_else(
            || "never".to_owned(),
            |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        )
    };
    format!(
        "\nPeriod: {} to {} (UTC); {} mailboxes, {} actors\n",
        moment(coverage.start),
        moment(coverage.end),
        number(coverage.mailboxes),
        number(coverage.actors)
    )
}

fn tally_text(title: &str, tallies: &[Tally], (absent, top): (&str, usize)) -> String {
    let rows = tallies
        .iter()
        .take(top)
        .map(|tally| {
            let name = if tally.name.is_empty() {
                absent
            } else {
                &tally.name
            };
            vec![number(tally.events), name.to_owned()]
        })
        .collect();
    let more = match tallies.len().saturating_sub(top) {
        0 => String::new(),
        more => format!("\n  and {more} more (--top {})", tallies.len()),
    };
    format!("\n{}{more}\n", table(&["events", title], rows))
}

fn missing_text(ingested: &Ingested, top: usize) -> String {
    let notes = notes(&ingested.coverage.warnings);
    if notes.is_empty() {
        return "\nNothing seems to be missing.\n".to_owned();
    }
    let mut text = "\nMissing or doubtful:\n".to_owned();
    let mut told = None;
    for note in notes.iter().take(top) {
        text.push_str(&format!("  - {}\n", harmless(&note.sentence)));
        // A remedy is told once for notes of one kind.
        if told.replace(note.remedy) != Some(note.remedy) {
            text.push_str(&format!("    {}\n", note.remedy));
        }
    }
    if notes.len() > top {
        text.push_str(&format!(
            "  and {} more (--top {})\n",
            notes.len() - top,
            notes.len()
        ));
    }
    text
}

/// Records of other kinds that bear on mailboxes; empty where there are none.
fn leads_text(ingested: &Ingested) -> String {
    let leads = ingested.leads_by_kind();
    let lines = leads
        .iter()
        .map(|lead| format!("  - {}\n", lead.sentence()));
    match leads.as_slice() {
        [] => String::new(),
        _ => format!(
            "\nNot judged, and worth a look:\n{}",
            lines.collect::<String>()
        ),
    }
}

fn draw(ingested: &Ingested, path: &Path) -> Result<(), Error> {
    let style = Style {
        source: report::source(ingested),
        ..Style::default()
    };
    Chart::Coverage(report::coverage_chart(ingested, &style.time_zone)?)
        .draw(&style, path)
        .map_err(|error| Error::Chart {
            chart: "coverage".to_owned(),
            reason: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_kept_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(number),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}

//! Charts and page of a run directory, drawn from what the run directory keeps and from nothing else.
//!
//! The first drawing, at the end of an analysis, goes the same way as every later one, so that they are the same.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{charts, page, sheets, source};
use crate::chart::{self, Chart, ChartError, Resolution, Style};
use crate::error::Error;
use crate::explain::Naming;
use crate::pipeline::{Analysis, Config};
use crate::staging::{Staging, sweep};

/// The file that the charts' data are kept in.
const CHART_DATA: &str = "charts.json";
/// Version of that file.
const CHART_VERSION: u32 = 4;
/// The page.
const PAGE: &str = "report.html";

/// The data of all charts of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChartFile {
    /// Version of this file.
    version: u32,
    /// Zone of the run; the hours of the week are counted in it.
    pub time_zone: String,
    /// The log, for the footers.
    pub source: String,
    /// Per flagged session what its reasons are shares of.
    pub attributed: BTreeMap<String, f64>,
    /// File and data of each chart.
    pub charts: Vec<(String, Chart)>,
}

/// What is read first: the rest may have another layout.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// How a run directory is drawn again.
#[derive(Debug, Clone)]
pub struct RedrawOptions {
    /// The run directory.
    pub run: PathBuf,
    /// Size of the pictures.
    pub resolution: Resolution,
    /// Zone of the times; that of the run when absent.
    pub time_zone: Option<TimeZone>,
}

/// What was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrawn {
    /// The page.
    pub page: PathBuf,
    /// Number of charts.
    pub charts: usize,
}

/// Draws charts and page of a run directory again, from the run directory alone. Every file is replaced whole or not at all.
///
/// # Errors
/// [`Error::NotFound`] or [`Error::Input`] when the folder is not a run directory or damaged, [`Error::Io`] when it cannot
/// be written, [`Error::Chart`] when a picture cannot be made; the files that were there are untouched then.
pub fn redraw(options: &RedrawOptions) -> Result<Redrawn, Error> {
    let run = &options.run;
    if !run.exists() {
        return Err(Error::NotFound { path: run.clone() });
    }
    if !run.join("summary.json").is_file() {
        return Err(Error::Input {
            input: run.display().to_string(),
            reason: "is not a run directory of mailglass: it holds no summary.json".to_owned(),
            remedy: "give the folder that mailglass analyze wrote (--out)".to_owned(),
        });
    }
    sweep(run);
    let staging =
        Staging::beside(&run.join(PAGE)).map_err(|source| Error::io("write into", run, source))?;
    let look = (options.resolution, options.time_zone.clone());
    let drawn = draw(run, staging.folder(), look)?;
    let folder = run.join("charts");
    fs::create_dir_all(&folder).map_err(|source| Error::io("create", &folder, source))?;
    for name in drawn.iter().map(String::as_str).chain([PAGE]) {
        let place = run.join(name);
        fs::rename(staging.folder().join(name), &place)
            .map_err(|source| Error::io("write", &place, source))?;
    }
    Ok(Redrawn {
        page: run.join(PAGE),
        charts: drawn.len(),
    })
}

/// Keeps the data of the charts of an analysis in the run directory `dir`.
pub(super) fn keep(
    analysis: &Analysis,
    naming: &Naming<'_>,
    config: &Config,
    dir: &Path,
) -> Result<(), Error> {
    let file = ChartFile {
        version: CHART_VERSION,
        time_zone: naming.zone().to_owned(),
        source: source(&analysis.ingested),
        attributed: analysis
            .flagged()
            .map(|analyzed| {
                (
                    analyzed.session.id_text(),
                    sheets::finite(sheets::attributed(analyzed)),
                )
            })
            .collect(),
        charts: charts::data(analysis, naming, config.rank.flags)?,
    };
    let path = dir.join(CHART_DATA);
    let fail = |source| Error::io("write", &path, source);
    let mut out = BufWriter::new(File::create(&path).map_err(fail)?);
    serde_json::to_writer(&mut out, &file).map_err(|error| fail(error.into()))?;
    out.flush().map_err(fail)
}

/// Draws charts and page of the run directory `run` into the folder `into`; gives the names of the charts.
pub(super) fn draw(
    run: &Path,
    into: &Path,
    (resolution, time_zone): (Resolution, Option<TimeZone>),
) -> Result<Vec<String>, Error> {
    let mut kept = read(run)?;
    let own = zone(&kept.time_zone).map_err(|reason| damaged(run, reason))?;
    let time_zone = time_zone.unwrap_or_else(|| own.clone());
    for (_, chart) in &mut kept.charts {
        if let Chart::MailboxSheet(sheet) = chart {
            let middle = i64::midpoint(sheet.items.start, sheet.items.end());
            shift_week(&mut sheet.week, hours_between(&own, &time_zone, middle));
        }
    }
    let style = Style {
        resolution,
        time_zone,
        source: kept.source.clone(),
    };
    let folder = into.join("charts");
    fs::create_dir_all(&folder).map_err(|source| Error::io("create", &folder, source))?;
    let names: Vec<String> = kept.charts.iter().map(|(name, _)| name.clone()).collect();
    let placed: Vec<(PathBuf, &Chart)> = kept
        .charts
        .iter()
        .map(|(name, chart)| (into.join(name), chart))
        .collect();
    let (drawn, told) = rayon::join(
        || chart::draw_all(&placed, &style).map_err(|error| chart_error("of the run", error)),
        || page::read(run),
    );
    drawn?;
    let html = page::render(&told?, into, (&kept, &style))?;
    let path = into.join(PAGE);
    fs::write(&path, html).map_err(|source| Error::io("write", &path, source))?;
    Ok(names)
}

/// A picture that could not be written is the disk's fault, not the chart's.
fn chart_error(chart: &str, error: ChartError) -> Error {
    match error {
        ChartError::Write { path, source } => Error::io("write", path, source),
        other => Error::Chart {
            chart: chart.to_owned(),
            reason: other.to_string(),
        },
    }
}

fn read(run: &Path) -> Result<ChartFile, Error> {
    let path = run.join(CHART_DATA);
    let text = fs::read(&path).map_err(|source| Error::io("read", &path, source))?;
    let as_damaged = |error: serde_json::Error| damaged(run, error.to_string());
    let Versioned { version } = serde_json::from_slice(&text).map_err(as_damaged)?;
    if version != CHART_VERSION {
        let reason = format!("has version {version}, not {CHART_VERSION}");
        return Err(damaged(run, reason));
    }
    let kept: ChartFile = serde_json::from_slice(&text).map_err(as_damaged)?;
    match kept.charts.iter().find(|(name, _)| !inside_charts(name)) {
        Some((name, _)) => Err(damaged(run, format!("\"{name}\" is no name of a chart"))),
        None => Ok(kept),
    }
}

fn damaged(run: &Path, reason: String) -> Error {
    Error::Input {
        input: run.join(CHART_DATA).display().to_string(),
        reason,
        remedy: "analyze the export again with this version of mailglass".to_owned(),
    }
}

/// A run directory may come from elsewhere: nothing it says is written outside its `charts` folder.
fn inside_charts(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let folder = parts.next() == Some(Component::Normal("charts".as_ref()));
    folder
        && matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        )
}

fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("\"{name}\" is not a known time zone"))
}

/// Whole hours by which `to` is ahead of `from` at a moment (Unix seconds).
fn hours_between(from: &TimeZone, to: &TimeZone, moment: i64) -> i64 {
    let Ok(moment) = Timestamp::from_second(moment) else {
        return 0;
    };
    let ahead = to.to_offset(moment).seconds() - from.to_offset(moment).seconds();
    i64::from((f64::from(ahead) / 3_600.0).round() as i32)
}

/// Moves a week of hours into a zone that is `hours` ahead.
fn shift_week(week: &mut [f64], hours: i64) {
    if !week.is_empty() {
        let by = hours.rem_euclid(week.len() as i64) as usize;
        week.rotate_right(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_stay_inside_their_folder() {
        assert!(inside_charts("charts/coverage.png"));
        for name in [
            "charts/../summary.json",
            "../charts/x.png",
            "/etc/x.png",
            "charts",
            "charts/a/b.png",
            "x.png",
        ] {
            assert!(!inside_charts(name), "{name}");
        }
    }

    #[test]
    fn a_week_moves_with_the_zone() {
        let warsaw = TimeZone::get("Europe/Warsaw").expect("bundled zone");
        // January: one hour ahead of UTC.
        let hours = hours_between(&TimeZone::UTC, &warsaw, 1_706_000_000);
        assert_eq!(hours, 1);
        let mut week = vec![0.0; 168];
        week[167] = 5.0;
        shift_week(&mut week, hours);
        assert_eq!(week[0], 5.0);
        shift_week(&mut week, -hours);
        assert_eq!(week[167], 5.0);
        shift_week(&mut [], 3);
    }
}

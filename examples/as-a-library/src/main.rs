//! mailglass from another crate: its stages one by one, the whole way in one call, and the isolation forest by itself.
//!
//! `cargo run --release -p as-a-library -- notebooks-data/tenant/audit.csv.gz`

use std::error::Error;

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use mailglass::feature::observe;
use mailglass::ingest::{self, IngestOptions, Input, Silent};
use mailglass::isolation::IsolationForest;
use mailglass::model::Model;
use mailglass::pipeline::{self, Config, TimeZone};
use mailglass::rank::{FlagRule, RankOptions};
use mailglass::session::{SessionOptions, sessionize};
use ndarray::{Array1, Array2};

fn main() -> Result<(), Box<dyn Error>> {
    let export = std::env::args()
        .nth(1)
        .ok_or("usage: as-a-library AUDIT.csv.gz")?;
    let rank = RankOptions {
        flags: FlagRule::AlertsPerDay(0.5),
        ..RankOptions::default()
    };
    let by_stages = stage_by_stage(&export, &rank)?;
    let at_once = in_one_call(&export, rank)?;
    println!("the highest score: {at_once:.3}, stage by stage {by_stages:.3}");
    if at_once != by_stages {
        return Err("two ways to one score".into());
    }
    let odd = the_forest_by_itself()?;
    println!("the odd row of the matrix: {odd}");
    Ok(())
}

/// Files to events, events to sessions, sessions to observations, day by day through a model: what an engine of one's own
/// would do. Returns the highest score.
fn stage_by_stage(export: &str, rank: &RankOptions) -> Result<f64, mailglass::Error> {
    let ingested = ingest::read(&[Input::new(export)], &IngestOptions::default(), &Silent)?;
    let counts = ingested.counts;
    println!(
        "{} rows: {} events, {} duplicates, {} other records, {} rejects",
        counts.rows, counts.events, counts.duplicates, counts.other_records, counts.rejects
    );
    let columns = ingested.events.columns()?;
    let sessions = sessionize(&columns, &SessionOptions::default())?;
    let mut model = Model::default();
    let observations = observe(&sessions, &columns, &mut model.symbols);
    let mut highest = 0.0_f64;
    // Sessions come in the order of time, so a day is a run of them.
    let mut from = 0;
    for day in observations.chunk_by(|a, b| a.day == b.day) {
        let ids: Vec<u64> = sessions[from..from + day.len()]
            .iter()
            .map(|session| session.id)
            .collect();
        from += day.len();
        for verdict in model.pass_day(day[0].day, day, &ids, rank)?.verdicts {
            highest = highest.max(verdict.ranked.score);
        }
    }
    Ok(highest)
}

/// The whole way, with reasons. Prints the highest session and returns its score.
fn in_one_call(export: &str, rank: RankOptions) -> Result<f64, Box<dyn Error>> {
    let config = Config {
        rank,
        time_zone: TimeZone::get("Europe/Warsaw")?,
        ..Config::new(vec![Input::new(export)])
    };
    let analysis = pipeline::analyze(&config, &Silent)?;
    let top = analysis
        .sessions
        .first()
        .ok_or("the export holds no session")?;
    let columns = analysis.ingested.events.columns()?;
    println!(
        "{} of {} sessions flagged; first: session {} in {}",
        analysis.flagged().count(),
        analysis.sessions.len(),
        top.session.id_text(),
        columns.mailbox.names[top.session.mailbox as usize],
    );
    for reason in &top.reasons {
        println!("  {}", reason.sentence);
    }
    Ok(top.verdict.ranked.score)
}

/// The isolation forest with linfa's traits alone: it knows nothing of mail. Returns the row that stands out most.
fn the_forest_by_itself() -> Result<usize, Box<dyn Error>> {
    let mut rows = Array2::from_shape_fn((500, 3), |(row, column)| {
        ((row * 37 + column * 11) % 101) as f64 / 101.0
    });
    rows.row_mut(123).fill(4.0);
    let forest = IsolationForest::params()
        .n_trees(50)
        .seed(7)
        .fit(&DatasetBase::from(rows.clone()))?;
    let scores: Array1<f64> = forest.predict(&rows);
    let highest = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    Ok(highest.ok_or("no rows")?)
}

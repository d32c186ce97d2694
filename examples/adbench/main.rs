//! Measures the isolation forest on labelled data sets in the form of ADBench (Han et al. 2022):
//! `.npz` files with `X` (n × d) and `y` (1 = anomaly).
//!
//! `cargo run --release --example adbench -- DIR [--csv] [--seeds N] [--trees N] [--mode NAME]…`
//!
//! Fits and scores the same X, unscaled, and prints data set, mode, ROC-AUC, average precision and
//! seconds, as means over the seeds, and the means over the data sets. Without `--trees`, forests have
//! their defaults: 100 trees, and the five of the mode `combined` 150 each. `--csv` prints one line per
//! data set, mode and seed: `dataset,mode,seed,roc_auc,average_precision,seconds`.

mod metrics;
mod npz;

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use linfa::DatasetBase;
use linfa::traits::Fit;
use mailglass::isolation::{CombinedForest, IsolationForestParams, Mode};

const USAGE: &str = "usage: adbench DIR [--csv] [--seeds N] [--trees N] [--mode NAME]...";
/// Modes by name; none stands for the combined forest.
const MODES: [(&str, Option<Mode>); 7] = [
    ("plain", Some(Mode::Plain)),
    ("extended", Some(Mode::Extended)),
    ("fair_cut", Some(Mode::FairCut)),
    ("shallow", Some(Mode::Shallow)),
    ("mixed", Some(Mode::Mixed)),
    ("guided", Some(Mode::Guided)),
    ("combined", None),
];

struct Arguments {
    folder: PathBuf,
    csv: bool,
    seeds: u64,
    trees: Option<usize>,
    modes: Vec<(&'static str, Option<Mode>)>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut folder = None;
    let (mut csv, mut seeds, mut trees, mut modes) = (false, 5, None, Vec::new());
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--csv" => csv = true,
            "--seeds" => seeds = args.next().ok_or(USAGE)?.parse()?,
            "--trees" => trees = Some(args.next().ok_or(USAGE)?.parse()?),
            "--mode" => {
                let name = args.next().ok_or(USAGE)?;
                let known = MODES.iter().find(|(known, _)| *known == name);
                modes.push(
                    *known.ok_or(
                        "modes: plain, extended, fair_cut, shallow, mixed, guided, combined",
                    )?,
                );
            }
            _ => folder = Some(PathBuf::from(arg)),
        }
    }
    if modes.is_empty() {
        modes = MODES.to_vec();
    }
    Ok(Arguments {
        folder: folder.ok_or(USAGE)?,
        csv,
        seeds,
        trees,
        modes,
    })
}

/// Means over seeds.
#[derive(Clone, Copy, Default)]
struct Means {
    roc_auc: f64,
    average_precision: f64,
    seconds: f64,
}

impl Means {
    fn add(&mut self, other: Self, share: f64) {
        self.roc_auc += share * other.roc_auc;
        self.average_precision += share * other.average_precision;
        self.seconds += share * other.seconds;
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&arguments.folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "npz"));
    paths.sort();
    let mut out = std::io::stdout().lock();
    if arguments.csv {
        writeln!(out, "dataset,mode,seed,roc_auc,average_precision,seconds")?;
    } else {
        writeln!(
            out,
            "{:22} {:10} {:>8} {:>8} {:>9}",
            "data set", "mode", "ROC-AUC", "AP", "seconds"
        )?;
    }
    let mut overall = vec![Means::default(); arguments.modes.len()];
    for path in &paths {
        let data = npz::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let anomaly = data.anomaly.to_vec();
        let dataset = DatasetBase::from(data.x);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        for ((mode_name, mode), overall) in arguments.modes.iter().zip(&mut overall) {
            let mut means = Means::default();
            for seed in 0..arguments.seeds {
                let start = Instant::now();
                let x = dataset.records.view();
                let scores = match mode {
                    Some(mode) => {
                        let params = IsolationForestParams::default().mode(*mode).seed(seed);
                        let params = match arguments.trees {
                            Some(trees) => params.n_trees(trees),
                            None => params,
                        };
                        params.fit(&dataset)?.try_scores(x)?
                    }
                    None => {
                        let params = CombinedForest::params().seed(seed);
                        let params = match arguments.trees {
                            Some(trees) => params.trees_each(trees),
                            None => params,
                        };
                        params.fit(&dataset)?.try_scores(x)?
                    }
                };
                let scores = scores.to_vec();
                let seconds = start.elapsed().as_secs_f64();
                let ranking = metrics::rank(&scores, &anomaly);
                let run = Means {
                    roc_auc: ranking.roc_auc,
                    average_precision: ranking.average_precision,
                    seconds,
                };
                if arguments.csv {
                    writeln!(
                        out,
                        "{name},{mode_name},{seed},{:.6},{:.6},{seconds:.4}",
                        run.roc_auc, run.average_precision
                    )?;
                }
                means.add(run, 1.0 / arguments.seeds as f64);
            }
            overall.add(means, 1.0);
            if !arguments.csv {
                print_line(&mut out, &name, mode_name, means)?;
            }
        }
    }
    if !arguments.csv {
        for ((mode_name, _), mut means) in arguments.modes.iter().zip(overall) {
            let share = 1.0 / paths.len() as f64;
            means.roc_auc *= share;
            means.average_precision *= share;
            print_line(&mut out, "mean; sum of seconds", mode_name, means)?;
        }
    }
    Ok(())
}

fn print_line(out: &mut impl Write, name: &str, mode: &str, means: Means) -> std::io::Result<()> {
    writeln!(
        out,
        "{name:22} {mode:10} {:8.4} {:8.4} {:9.3}",
        means.roc_auc, means.average_precision, means.seconds
    )
}

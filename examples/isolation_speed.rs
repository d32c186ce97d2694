//! Times fitting and scoring of the isolation forest on 1,000,000 × 20 numbers.
//!
//! `cargo run --release --example isolation_speed [-- ROWS [RUNS]]`; `benches/isolation_peers.py`
//! runs it beside other libraries on the same numbers. Processor seconds are read from Linux's
//! `/proc`; elsewhere they are 0.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use linfa::DatasetBase;
use linfa::traits::Fit;
use mailglass::isolation::{IsolationError, IsolationForestParams, Mode};
use ndarray::{Array1, Array2};

const COLUMNS: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let rows: usize = args.next().map_or(Ok(1_000_000), |rows| rows.parse())?;
    let runs: usize = args.next().map_or(Ok(3), |runs| runs.parse())?;
    let x = Array2::from_shape_vec((rows, COLUMNS), numbers(rows * COLUMNS))?;
    let dataset = DatasetBase::from(x);
    println!("mode,threads,fit_seconds,fit_cpu_seconds,score_seconds,score_cpu_seconds");
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()?;
        for mode in [
            Mode::Plain,
            Mode::Extended,
            Mode::FairCut,
            Mode::Shallow,
            Mode::Mixed,
            Mode::Guided,
        ] {
            let params = IsolationForestParams::default().mode(mode);
            let [fit, score] = pool.install(|| time(&params, &dataset, runs))?;
            println!(
                "{mode:?},{threads},{:.4},{:.4},{:.4},{:.4}",
                fit.clock, fit.processor, score.clock, score.processor
            );
        }
    }
    Ok(())
}

/// Seconds of the clock and of the processor.
struct Seconds {
    clock: f64,
    processor: f64,
}

impl Seconds {
    /// Those of the fastest run, which was disturbed least.
    fn least(runs: &[Self]) -> Self {
        let least = |seconds: fn(&Self) -> f64| runs.iter().map(seconds).fold(f64::MAX, f64::min);
        Self {
            clock: least(|run| run.clock),
            processor: least(|run| run.processor),
        }
    }

    fn of(work: impl FnOnce()) -> Self {
        let (clock, processor) = (Instant::now(), processor_seconds());
        work();
        Self {
            clock: clock.elapsed().as_secs_f64(),
            processor: processor_seconds() - processor,
        }
    }
}

/// Times fitting and scoring.
fn time(
    params: &IsolationForestParams,
    dataset: &DatasetBase<Array2<f64>, Array1<()>>,
    runs: usize,
) -> Result<[Seconds; 2], IsolationError> {
    let forest = params.fit(dataset)?;
    let fits: Vec<_> = (0..runs)
        .map(|_| Seconds::of(|| drop(black_box(params.fit(dataset)))))
        .collect();
    let scores: Vec<_> = (0..runs)
        .map(|_| Seconds::of(|| drop(black_box(forest.scores(dataset.records.view())))))
        .collect();
    Ok([Seconds::least(&fits), Seconds::least(&scores)])
}

/// Processor time of all threads of this process.
fn processor_seconds() -> f64 {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else {
        return 0.0;
    };
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|stat| stat.split(' ').next()?.parse::<f64>().ok())
        .map(|nanoseconds| nanoseconds / 1e9)
        .sum()
}

/// Nearly normal numbers: sums of four uniform ones out of a hash of a counter (SplitMix64), which
/// the script for the other libraries repeats to the bit.
fn numbers(count: usize) -> Vec<f64> {
    (0..count as u64)
        .map(|index| {
            let mut bits = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^= bits >> 31;
            (0..4)
                .map(|part| f64::from((bits >> (16 * part)) as u16) / 65_536.0 - 0.5)
                .sum()
        })
        .collect()
}

//! The plain isolation forest against scikit-learn's on labelled data sets: the ROC-AUC of each,
//! as `adbench/REFERENCE.md` in the shared data has them, and the order of rows, as
//! `tests/data/isolation_ranks.csv` has it.

use std::collections::BTreeMap;

use linfa::DatasetBase;
use linfa::traits::Fit;
use mailglass::isolation::{IsolationForest, Mode};

use crate::shared_data::shared_data;

#[path = "../../examples/adbench/metrics.rs"]
mod metrics;
#[path = "../../examples/adbench/npz.rs"]
mod npz;

/// Larger sets take too long in a build for tests.
const MOST_ROWS: usize = 8_000;
const SEEDS: u64 = 5;
/// Between two correct forests the means over five seeds differ by less on every set: on the
/// smallest sets one seed has a standard deviation of up to 0.03, the difference of two means of
/// five of 0.02.
const FURTHEST: f64 = 0.05;
/// The mean difference over the sets, whose standard error is about 0.003.
const FURTHEST_MEAN: f64 = 0.01;

/// Two times ten forests of scikit-learn correlate at 0.986 or better on every of these sets.
const LEAST_CORRELATION: f64 = 0.97;

/// The column of scikit-learn in the table of ROC-AUC: set and value.
fn reference(text: &str) -> Vec<(&str, f64)> {
    let (_, table) = text.split_once("ROC-AUC per set").unwrap();
    let mut rows = table
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let column = head
        .iter()
        .position(|cell| cell.starts_with("scikit-learn"))
        .unwrap();
    rows.filter_map(|cells| Some((cells[1], cells.get(column)?.parse().ok()?)))
        .collect()
}

#[test]
fn plain_forests_rank_benchmark_sets_as_scikit_learn_does() {
    let Some(folder) = shared_data().map(|folder| folder.join("adbench")) else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("REFERENCE.md")).unwrap();
    let mut differences = Vec::new();
    for (name, expected) in reference(&text) {
        let data = npz::read(&folder.join(format!("{name}.npz"))).unwrap();
        if data.x.nrows() > MOST_ROWS {
            continue;
        }
        let anomaly = data.anomaly.to_vec();
        let dataset = DatasetBase::from(data.x);
        let mut found = 0.0;
        for seed in 0..SEEDS {
            let params = IsolationForest::params().mode(Mode::Plain).seed(seed);
            let scores = params.fit(&dataset).unwrap().scores(dataset.records.view());
            let ranking = metrics::rank(&scores.to_vec(), &anomaly);
            assert!(ranking.average_precision > 0.0);
            found += ranking.roc_auc / SEEDS as f64;
        }
        assert!(
            (found - expected).abs() < FURTHEST,
            "{name}: {found:.3} for {expected}"
        );
        differences.push(found - expected);
    }
    assert!(
        differences.len() >= 10,
        "{} sets of at most {MOST_ROWS} rows",
        differences.len()
    );
    let mean = differences.iter().sum::<f64>() / differences.len() as f64;
    assert!(mean.abs() < FURTHEST_MEAN, "mean difference {mean:.4}");
}

/// Rows of a set and scikit-learn's scores of them.
fn reference_scores() -> BTreeMap<&'static str, Vec<(usize, f64)>> {
    let mut sets: BTreeMap<&str, Vec<(usize, f64)>> = BTreeMap::new();
    for line in include_str!("../data/isolation_ranks.csv").lines().skip(1) {
        let mut cells = line.split(',');
        let (set, row, score) = (cells.next(), cells.next(), cells.next());
        let row = row.unwrap().parse().unwrap();
        let score = score.unwrap().parse().unwrap();
        sets.entry(set.unwrap()).or_default().push((row, score));
    }
    sets
}

/// Ranks from 0, the mean rank for ties.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |value: f64| values.iter().filter(|other| **other < value).count() as f64;
    let tied = |value: f64| values.iter().filter(|other| **other == value).count() as f64;
    let rank = |&value: &f64| below(value) + (tied(value) - 1.0) / 2.0;
    values.iter().map(rank).collect()
}

/// Spearman's rank correlation: Pearson's of the ranks.
fn spearman(left: &[f64], right: &[f64]) -> f64 {
    let centred = |values: &[f64]| {
        let ranks = ranks(values);
        let mean = ranks.iter().sum::<f64>() / ranks.len() as f64;
        ranks.into_iter().map(move |rank| rank - mean).collect()
    };
    let (left, right): (Vec<f64>, Vec<f64>) = (centred(left), centred(right));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    product(&left, &right) / (product(&left, &left) * product(&right, &right)).sqrt()
}

#[test]
fn plain_forests_order_rows_of_benchmark_sets_as_scikit_learn_does() {
    let Some(folder) = shared_data().map(|folder| folder.join("adbench")) else {
        return;
    };
    let sets = reference_scores();
    assert!(sets.len() >= 10);
    for (name, expected) in sets {
        let data = npz::read(&folder.join(format!("{name}.npz"))).unwrap();
        let dataset = DatasetBase::from(data.x);
        let mut found = vec![0.0; expected.len()];
        for seed in 0..2 * SEEDS {
            let params = IsolationForest::params().mode(Mode::Plain).seed(seed);
            let scores = params.fit(&dataset).unwrap().scores(dataset.records.view());
            for (sum, &(row, _)) in found.iter_mut().zip(&expected) {
                *sum += scores[row];
            }
        }
        let expected: Vec<f64> = expected.into_iter().map(|(_, score)| score).collect();
        let correlation = spearman(&found, &expected);
        println!("{name}: {correlation:.4}");
        assert!(correlation > LEAST_CORRELATION, "{name}: {correlation:.4}");
    }
}

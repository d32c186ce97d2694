//! The isolation forest against hand-computed values, scikit-learn and its own laws.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use mailglass::isolation::{
    Criterion, Depth, IsolationError, IsolationForest, IsolationForestParams, Mode,
    average_path_length,
};
use ndarray::{Array1, Array2, Axis, array, concatenate};
use proptest::prelude::*;

const MODES: [Mode; 6] = [
    Mode::Plain,
    Mode::Extended,
    Mode::FairCut,
    Mode::Shallow,
    Mode::Mixed,
    Mode::Guided,
];

fn fit(params: &IsolationForestParams, x: &Array2<f64>) -> IsolationForest {
    params.fit(&DatasetBase::from(x.view())).unwrap()
}

fn mode(mode: Mode) -> IsolationForestParams {
    IsolationForest::params().mode(mode).n_trees(30).seed(11)
}

/// Rows, and the scores scikit-learn gave them; `tests/data/isolation_reference.py` made them.
fn reference() -> (Array2<f64>, Array1<f64>) {
    let text = include_str!("../data/isolation_reference.csv");
    let numbers: Vec<f64> = text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').map(|cell| cell.parse::<f64>().unwrap()))
        .collect();
    let table = Array2::from_shape_vec((numbers.len() / 5, 5), numbers).unwrap();
    let (x, score) = table.view().split_at(Axis(1), 4);
    (x.to_owned(), score.column(0).to_owned())
}

fn ranks(values: &Array1<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, row) in order.into_iter().enumerate() {
        ranks[row] = rank as f64;
    }
    ranks
}

/// Spearman's rank correlation of values without ties.
fn rank_correlation(a: &Array1<f64>, b: &Array1<f64>) -> f64 {
    let n = a.len() as f64;
    let squares: f64 = ranks(a)
        .iter()
        .zip(ranks(b))
        .map(|(a, b)| (a - b).powi(2))
        .sum();
    1.0 - 6.0 * squares / (n * (n * n - 1.0))
}

#[test]
fn two_rows_have_the_scores_of_the_paper() {
    // One cut parts them: path length 1, c(2) = 1, score 2^-1. A row out of reach is parted too.
    let x = array![[0.0], [1.0]];
    let forest = fit(&mode(Mode::Plain), &x);
    assert_eq!(forest.scores(x.view()), array![0.5, 0.5]);
    assert_eq!(forest.expected_score(), 0.5);
}

#[test]
fn rows_that_cannot_be_told_apart_have_the_score_of_their_number() {
    // No cut: path length c(n), so that the score is 2^-(c(n) / c(n)).
    for mode_of_all in MODES {
        let forest = fit(&mode(mode_of_all), &Array2::from_elem((9, 3), 4.0));
        for score in forest.scores(array![[4.0, 4.0, 4.0], [9.0, -1.0, 0.0]].view()) {
            assert!((score - 0.5).abs() < 1e-12, "{mode_of_all:?}");
        }
    }
}

#[test]
fn three_rows_have_the_scores_of_their_two_trees() {
    // 0, 1 and 10: with probability 9/10 the first cut isolates 10 (paths 2, 2, 1), else 0
    // (paths 1, 2, 2). c(3) = 5/3.
    let x = array![[0.0], [1.0], [10.0]];
    let params = mode(Mode::Plain)
        .n_trees(20_000)
        .max_depth(Depth::Unlimited);
    let scores = fit(&params, &x).scores(x.view());
    for (score, length) in scores.iter().zip([1.9, 2.0, 1.1]) {
        let expected = (-length / (5.0_f64 / 3.0)).exp2();
        // Three standard errors of the share of the first kind of tree, times the slope.
        assert!((score - expected).abs() < 3.0 * 0.3 / 20_000_f64.sqrt());
    }
}

#[test]
fn a_guided_tree_is_the_one_worked_out_by_hand() {
    // The gap between 2 and 10 is cut first, then 0 | 1 2 or 0 1 | 2, the first of equals: rows
    // 0 and 10 lie at depths 2 and 1, and 1 and 2 at depth 3.
    let x = array![[0.0], [1.0], [2.0], [10.0]];
    let params = mode(Mode::Plain)
        .criteria(&[Criterion::Gap])
        .max_depth(Depth::Unlimited);
    let forest = fit(&params, &x);
    let average: f64 = (2.0 + 3.0 + 3.0 + 1.0) / 4.0;
    let scores = forest.scores(x.view());
    for (score, length) in scores.iter().zip([2.0, 3.0, 3.0, 1.0]) {
        assert!((score - (-length / average).exp2()).abs() < 1e-12);
    }
    // Out of the range of the first cut, which reaches from 6 - 10 to 6 + 10, a row loses a cut.
    let forest = fit(&params.range_penalty(true), &x);
    let outside = forest.scores(array![[15.9], [16.1]].view());
    assert!((outside[0] - (-1.0 / average).exp2()).abs() < 1e-12);
    assert_eq!(outside[1], 1.0);
}

#[test]
fn a_missing_value_goes_both_ways() {
    // One cut, of which 1 of 4 rows lies beyond: lengths 1 and 1 + c(3), each by its share.
    let x = array![[0.0], [1.0], [2.0], [10.0]];
    let params = mode(Mode::Plain)
        .criteria(&[Criterion::Gap])
        .max_depth(Depth::AtMost(1));
    let forest = fit(&params, &x);
    let average = 0.25 + 0.75 * (1.0 + average_path_length(3));
    assert!((forest.expected_score() - 0.5).abs() < 1e-12);
    let scores = forest.scores(array![[f64::NAN], [10.0]].view());
    assert!((scores[0] - 0.5).abs() < 1e-12);
    assert!((scores[1] - (-1.0 / average).exp2()).abs() < 1e-12);
}

#[test]
fn plain_scores_agree_with_scikit_learn() {
    let (x, expected) = reference();
    let params = IsolationForest::params().mode(Mode::Plain).n_trees(2_000);
    let scores = fit(&params, &x).scores(x.view());
    let correlation = rank_correlation(&scores, &expected);
    assert!(correlation > 0.99, "{correlation}");
    let largest = (&scores - &expected)
        .mapv(f64::abs)
        .fold(0.0, |a: f64, &b| a.max(b));
    // Over 400 rows, four standard errors of the difference of two means of 2,000 trees.
    assert!(largest < 0.015, "{largest}");
}

#[test]
fn every_mode_ranks_far_rows_first() {
    let (x, _) = reference();
    for mode_of_all in MODES {
        let scores = fit(&mode(mode_of_all), &x).scores(x.view());
        let ranks = ranks(&scores);
        // The last 20 of 400 rows lie far off, save those that fell into a group.
        let found = ranks[380..].iter().filter(|&&rank| rank >= 360.0).count();
        assert!(found >= 15, "{mode_of_all:?}: {found}");
    }
}

#[test]
fn scores_do_not_depend_on_threads_blocks_or_memory_order() {
    let (x, _) = reference();
    let large = concatenate(Axis(0), &vec![x.view(); 12]).unwrap();
    let columns = large.t().as_standard_layout().reversed_axes().to_owned();
    let low = [1, 5].map(|cuts| mode(Mode::Extended).max_depth(Depth::AtMost(cuts)));
    let lowest = mode(Mode::Shallow).max_depth(Depth::AtMost(1));
    for params in MODES.map(mode).iter().chain(&low).chain([&lowest]) {
        let run = |threads: usize, x: &Array2<f64>| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| fit(params, x).scores(x.view()))
        };
        let one = run(1, &large);
        assert_eq!(one, run(2, &large));
        assert_eq!(one, run(3, &columns));
        // Rows on their own take another way through low trees than rows in bulk.
        let forest = fit(params, &large);
        for row in [0, 399, 4799] {
            let alone = forest.scores(large.select(Axis(0), &[row]).view());
            assert_eq!(alone[0], one[row]);
        }
    }
}

#[test]
fn a_forest_survives_serialisation_in_the_model_s_format_to_the_bit() {
    let (x, _) = reference();
    for mode_of_all in MODES {
        let forest = fit(&mode(mode_of_all), &x);
        let bytes = rmp_serde::to_vec(&forest).unwrap();
        let again: IsolationForest = rmp_serde::from_slice(&bytes).unwrap();
        assert_eq!(forest.scores(x.view()), again.scores(x.view()));
        let text = serde_json::to_string(&forest).unwrap();
        let again: IsolationForest = serde_json::from_str(&text).unwrap();
        // serde_json may read a number back one unit in the last place off.
        let change = (forest.scores(x.view()) - again.scores(x.view())).mapv(f64::abs);
        assert!(change.iter().all(|&change| change < 1e-12));
    }
}

#[test]
fn a_duplicated_column_changes_no_ranking_materially() {
    let (x, _) = reference();
    let twice = concatenate(Axis(1), &[x.view(), x.slice_axis(Axis(1), (3..4).into())]).unwrap();
    let params = IsolationForest::params().n_trees(500);
    let one = fit(&params, &x).scores(x.view());
    let two = fit(&params, &twice).scores(twice.view());
    assert!(rank_correlation(&one, &two) > 0.97);
}

#[test]
fn other_columns_are_refused() {
    let (x, _) = reference();
    let forest = fit(&mode(Mode::Mixed), &x);
    let narrow = Array2::zeros((2, 3));
    let expected = IsolationError::Columns {
        expected: 4,
        found: 3,
    };
    assert_eq!(forest.try_scores(narrow.view()), Err(expected.clone()));
    assert_eq!(forest.try_attribute(narrow.view()), Err(expected));
}

#[test]
fn attribution_names_the_feature_that_is_off() {
    let (x, _) = reference();
    for mode_of_all in MODES {
        let forest = fit(&mode(mode_of_all).n_trees(100), &x);
        let shares = forest.attribute(array![[0.0, 0.0, 12.0, 0.0]].view());
        let others = [0, 1, 3].map(|feature| shares[[0, feature]]);
        assert!(others.iter().all(|&other| other < 0.5 * shares[[0, 2]]));
    }
}

#[test]
fn predict_gives_the_scores() {
    let (x, _) = reference();
    let forest = fit(&mode(Mode::Mixed), &x);
    assert_eq!(forest.predict(&x), forest.scores(x.view()));
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -5.0..5.0,
        2 => (-3i8..3).prop_map(f64::from),
        1 => Just(f64::NAN),
        1 => prop::sample::select(vec![1e150, -1e150, 1e-300, -0.0, f64::MIN_POSITIVE]),
    ]
}

fn matrix() -> impl Strategy<Value = Array2<f64>> {
    (1usize..40, 1usize..5).prop_flat_map(|(rows, columns)| {
        prop::collection::vec(value(), rows * columns)
            .prop_map(move |values| Array2::from_shape_vec((rows, columns), values).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn scores_lie_in_their_interval_and_shares_sum_to_them(
        x in matrix(),
        chosen in prop::sample::select(MODES.to_vec()),
        seed: u64,
    ) {
        let params = IsolationForest::params().mode(chosen).n_trees(5).sample_size(16).seed(seed);
        let forest = fit(&params, &x);
        let mut asked = x.clone();
        asked[[0, 0]] = f64::INFINITY;
        let scores = forest.scores(asked.view());
        let shares = forest.attribute(asked.view());
        for (score, shares) in scores.iter().zip(shares.rows()) {
            prop_assert!(*score > 0.0 && *score <= 1.0, "{}", score);
            let excess = score - forest.expected_score();
            prop_assert!((excess - shares.sum()).abs() < 1e-9, "{} {}", excess, shares.sum());
        }
    }

    #[test]
    fn the_order_of_scored_rows_changes_nothing(x in matrix(), seed: u64) {
        let forest = fit(&IsolationForest::params().n_trees(5).seed(seed), &x);
        let order: Vec<usize> = (0..x.nrows()).rev().collect();
        let mut scores = forest.scores(x.select(Axis(0), &order).view()).to_vec();
        scores.reverse();
        prop_assert_eq!(scores, forest.scores(x.view()).to_vec());
    }
}

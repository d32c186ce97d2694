//! Several unlike forests whose scores are averaged in a common unit.
//!
//! The average gain isolates clusters of anomalies, the guided draw of criteria those that lie
//! between the rest, larger sub-samples those close to it, and plain cuts those beyond it; each
//! misses what another finds. Densities beside path lengths: D. Cortes: Isolation forests: looking
//! beyond tree depth. arXiv:2111.11639, 2021. Scores in units of their standard deviation before
//! they are averaged: A. Zimek, R. J. G. B. Campello, J. Sander: Ensembles for unsupervised outlier
//! detection. SIGKDD Explorations 15(1), 2013.

use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, ParamGuard};
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Axis, Data, Ix2, Zip};
use rand::seq::index;
use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256Plus;
use serde::{Deserialize, Serialize};

use super::criterion::Criterion;
use super::error::IsolationError;
use super::forest::IsolationForest;
use super::grow::LeafValue;
use super::params::{IsolationForestParams, Mode};

/// Rows from which the unit of a forest is taken; its error is then about one per cent.
const STANDARD_ROWS: usize = 10_000;

/// Weight of the plain forest beside the four guided ones, of 1 each: more finds more of the far
/// anomalies and less of the near ones; see [`super`].
const PLAIN_WEIGHT: f64 = 0.6;

/// Parameters of a [`CombinedForest`]: a builder; `fit` checks them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CombinedForestParams {
    trees_each: usize,
    seed: u64,
}

impl Default for CombinedForestParams {
    /// 150 trees in each of the five forests, seed 0.
    fn default() -> Self {
        Self {
            trees_each: 150,
            seed: 0,
        }
    }
}

impl CombinedForestParams {
    /// Sets the number of trees in each of the five forests, at least 1.
    pub fn trees_each(mut self, trees: usize) -> Self {
        self.trees_each = trees;
        self
    }

    /// Sets the seed of the generator; the same seed and data give the same forests.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The forests and how much each counts.
    fn members(&self) -> [(IsolationForestParams, LeafValue, f64); 5] {
        let params = IsolationForestParams::default().n_trees(self.trees_each);
        let guided = params.clone().mode(Mode::Guided);
        let averaged = guided.clone().criteria(&[Criterion::AveragedGain]);
        let plain = params.mode(Mode::Plain).max_depth(super::Depth::Unlimited);
        let dense = LeafValue::DensePathLength;
        [
            (guided.clone().sample_size(512), dense, 1.0),
            (guided.sample_size(256), dense, 1.0),
            (averaged.clone().sample_size(512), dense, 1.0),
            (averaged.sample_size(256), dense, 1.0),
            (plain.sample_size(256), LeafValue::PathLength, PLAIN_WEIGHT),
        ]
    }
}

/// A forest and the unit of its path lengths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Member {
    forest: IsolationForest,
    /// Mean of the summed path length over training rows.
    mean: f64,
    /// What one standard deviation of it counts for.
    unit: f64,
}

/// Four guided forests and a plain one: the most accurate on average and the dearest; figures in the
/// [module](super).
///
/// Scores lie in (0, 1); **higher is more anomalous**. They average, over the forests, by how many
/// standard deviations the path length falls short of the mean of the training rows; s such
/// deviations score (1 + s / (1 + |s|)) / 2, so that 1/2 stands for an ordinary row and no score
/// reaches the ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CombinedForest {
    members: Vec<Member>,
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, IsolationError> for CombinedForestParams
where
    D: Data<Elem = f64>,
{
    type Object = CombinedForest;

    /// Fits the forests to the records (rows × features); targets are ignored. NaN marks a missing
    /// value.
    ///
    /// # Errors
    /// As [`IsolationForest`] is fitted.
    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, IsolationError> {
        let x = dataset.records.view();
        let mut rng = Xoshiro256Plus::seed_from_u64(self.seed);
        let n_standard = x.nrows().min(STANDARD_ROWS);
        let mut rows = index::sample(&mut rng, x.nrows(), n_standard).into_vec();
        rows.sort_unstable();
        let standard = x.select(Axis(0), &rows);
        let members = self.members();
        let weights: f64 = members.iter().map(|(_, _, weight)| weight).sum();
        let members = members.into_iter().map(|(params, leaf_value, weight)| {
            let params = params.seed(rng.next_u64()).check()?;
            let forest = params.fit_leaves(x, leaf_value)?;
            let lengths = forest.map_lengths(standard.view(), |length| length);
            let deviation = lengths.std(0.0);
            Ok::<_, IsolationError>(Member {
                forest,
                mean: lengths.sum() / lengths.len() as f64,
                // Rows that cannot be told apart have no deviation.
                unit: if deviation > 0.0 {
                    weight / weights / deviation
                } else {
                    0.0
                },
            })
        });
        Ok(CombinedForest {
            members: members.collect::<Result<_, _>>()?,
        })
    }
}

impl CombinedForest {
    /// The parameters to fit with, at their defaults.
    pub fn params() -> CombinedForestParams {
        CombinedForestParams::default()
    }

    /// Number of trees in all forests.
    pub fn n_trees(&self) -> usize {
        self.members.iter().map(|one| one.forest.n_trees()).sum()
    }

    /// Scores rows (n × features); higher is more anomalous. NaN marks a missing value; infinities
    /// count as very large.
    ///
    /// # Errors
    /// [`IsolationError::Columns`] if the columns are not those of the training matrix.
    pub fn try_scores(&self, x: ArrayView2<f64>) -> Result<Array1<f64>, IsolationError> {
        self.check_columns(x)?;
        let mut deviations = Array1::zeros(x.nrows());
        for Member { forest, mean, unit } in &self.members {
            deviations += &forest.map_lengths(x, |length| (mean - length) * unit);
        }
        Ok(deviations.mapv(score))
    }

    /// The score of the average path lengths of the training sub-samples, from which
    /// [`try_attribute`](Self::try_attribute) explains the excess of each score.
    pub fn expected_score(&self) -> f64 {
        score(self.expected())
    }

    /// Shares of the features in the scores of rows (n × features), as those of
    /// [`IsolationForest::try_attribute`]: row i sums to the score of row i minus
    /// [`expected_score`](Self::expected_score).
    ///
    /// # Errors
    /// [`IsolationError::Columns`] if the columns are not those of the training matrix.
    pub fn try_attribute(&self, x: ArrayView2<f64>) -> Result<Array2<f64>, IsolationError> {
        self.check_columns(x)?;
        let mut shares = Array2::zeros(x.dim());
        Zip::from(shares.axis_iter_mut(Axis(0)))
            .and(x.axis_iter(Axis(0)))
            .par_for_each(|mut shares, row: ArrayView1<f64>| {
                for Member { forest, unit, .. } in &self.members {
                    forest.add_length_shares(row, -unit, &mut shares);
                }
                let (expected, change) = (self.expected(), shares.sum());
                // Along the chord, as for one forest; near the average it is the tangent.
                shares *= if change.abs() > 1e-9 {
                    (score(expected + change) - score(expected)) / change
                } else {
                    0.5 / (1.0 + expected.abs()).powi(2)
                };
            });
        Ok(shares)
    }

    fn check_columns(&self, x: ArrayView2<f64>) -> Result<(), IsolationError> {
        self.members
            .iter()
            .try_for_each(|member| member.forest.check_columns(x))
    }

    /// Deviations at the average path lengths of the sub-samples.
    fn expected(&self) -> f64 {
        self.members
            .iter()
            .map(|one| (one.mean - one.forest.expected_length()) * one.unit)
            .sum()
    }
}

/// The score of a row by how many deviations it is more anomalous than the average.
fn score(deviations: f64) -> f64 {
    0.5 + 0.5 * deviations / (1.0 + deviations.abs())
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for CombinedForest {
    /// # Panics
    /// If the columns are not those of the training matrix.
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(
            x.nrows(),
            y.len(),
            "the number of scores must be the number of rows"
        );
        match self.try_scores(x.view()) {
            Ok(scores) => y.assign(&scores),
            Err(error) => panic!("{error}"),
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Two columns of scattered values, no two alike, and last a row far from all others.
    fn rows() -> Array2<f64> {
        Array2::from_shape_fn((300, 2), |(row, column)| match (row, column) {
            (299, 0) => 40.0,
            _ => 5.0 * ((row * (column + 3) + 1) as f64).sin(),
        })
    }

    fn fit(x: &Array2<f64>) -> CombinedForest {
        CombinedForest::params()
            .trees_each(10)
            .seed(5)
            .fit(&DatasetBase::from(x.view()))
            .unwrap()
    }

    #[test]
    fn the_far_row_scores_highest_and_by_the_feature_that_is_off() {
        let x = rows();
        let forest = fit(&x);
        let scores = forest.try_scores(x.view()).unwrap();
        assert!(scores.iter().all(|&score| 0.0 < score && score < 1.0));
        assert!(scores.iter().take(299).all(|&score| score < scores[299]));
        let shares = forest.try_attribute(x.view()).unwrap();
        assert!(shares[[299, 0]] > 2.0 * shares[[299, 1]].abs());
    }

    #[test]
    fn shares_sum_to_the_excess_over_the_expected_score() {
        let mut x = rows();
        x[[7, 1]] = f64::NAN;
        let forest = fit(&x);
        let scores = forest.try_scores(x.view()).unwrap();
        let shares = forest.try_attribute(x.view()).unwrap();
        for (score, shares) in scores.iter().zip(shares.rows()) {
            assert!((score - forest.expected_score() - shares.sum()).abs() < 1e-9);
        }
    }

    #[test]
    fn scores_do_not_depend_on_threads_memory_order_or_company() {
        let x = rows();
        let columns = x.t().as_standard_layout().reversed_axes().to_owned();
        let forest = fit(&x);
        assert_eq!(fit(&columns), forest);
        let scores = forest.try_scores(x.view()).unwrap();
        let one_thread = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        let (again, alone) = one_thread.install(|| {
            let alone = x.slice_axis(Axis(0), (17..18).into());
            let again = fit(&x).try_scores(x.view()).unwrap();
            (again, forest.try_scores(alone).unwrap())
        });
        assert_eq!(again, scores);
        assert_eq!(alone[0], scores[17]);
    }

    #[test]
    fn rows_that_cannot_be_told_apart_score_one_half() {
        let x = Array2::from_elem((10, 3), 4.0);
        let scores = fit(&x).try_scores(x.view()).unwrap();
        assert!(scores.iter().all(|&score| score == 0.5));
        let one = array![[1.0, 2.0]];
        assert_eq!(fit(&one).try_scores(one.view()).unwrap(), array![0.5]);
    }

    #[test]
    fn a_deviation_scores_half_way_to_the_end() {
        assert_eq!([-1.0, 0.0, 1.0, 3.0].map(score), [0.25, 0.5, 0.75, 0.875]);
    }

    #[test]
    fn a_model_survives_serialisation() {
        let x = rows();
        let forest = fit(&x);
        let text = serde_json::to_string(&forest).unwrap();
        let again: CombinedForest = serde_json::from_str(&text).unwrap();
        let scores = forest.try_scores(x.view()).unwrap();
        // serde_json may read a number back one unit in the last place off.
        for (one, two) in scores.iter().zip(again.try_scores(x.view()).unwrap()) {
            assert!((one - two).abs() < 1e-9);
        }
    }

    #[test]
    fn wrong_columns_no_rows_and_no_trees_are_refused() {
        let forest = fit(&rows());
        let wide = Array2::zeros((2, 3));
        let expected = IsolationError::Columns {
            expected: 2,
            found: 3,
        };
        assert_eq!(forest.try_scores(wide.view()), Err(expected.clone()));
        assert_eq!(forest.try_attribute(wide.view()), Err(expected));
        let params = CombinedForest::params();
        let none = DatasetBase::from(Array2::<f64>::zeros((0, 2)));
        assert_eq!(params.fit(&none), Err(IsolationError::NoRows));
        let refused = params.trees_each(0).fit(&DatasetBase::from(rows()));
        assert!(matches!(refused, Err(IsolationError::Parameter { .. })));
    }
}

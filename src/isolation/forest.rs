//! The fitted forest and how it is fitted.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{ArrayBase, ArrayView2, Axis, Data, Ix2};
use rand::seq::index;
use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256Plus;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::criterion::Criterion;
use super::error::IsolationError;
use super::grow::{LeafValue, SubSample, grow};
use super::params::{IsolationForestParams, IsolationForestValidParams};
use super::path_length::average_path_length;
use super::tree::Tree;

/// Largest magnitude of a value; sums of a few of them stay finite.
pub(super) const LARGEST: f64 = 1e150;

/// Rows whose values one thread checks at a time.
const CHECKED_TOGETHER: usize = 8_192;

/// A fitted isolation forest.
///
/// Scores lie in (0, 1]; **higher is more anomalous**.
///
/// ```
/// use linfa::DatasetBase;
/// use linfa::traits::{Fit, Predict};
/// use mailglass::isolation::IsolationForest;
/// use ndarray::Array2;
///
/// // 99 rows near the origin and one far from it.
/// let x = Array2::from_shape_fn((100, 2), |(row, column)| match row {
///     99 => 50.0,
///     _ => ((row * 7 + column * 3) % 10) as f64 / 10.0,
/// });
/// let forest = IsolationForest::params().seed(7).fit(&DatasetBase::from(x.clone()))?;
/// let scores = forest.predict(&x);
/// assert!(scores.iter().take(99).all(|&score| score < scores[99]));
/// # Ok::<(), mailglass::isolation::IsolationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "StoredForest")]
pub struct IsolationForest {
    pub(super) params: IsolationForestValidParams,
    pub(super) n_features: usize,
    /// The average path length that has score 1/2; above 0 even if no row can be told from another.
    pub(super) normaliser: f64,
    pub(super) trees: Vec<Tree>,
}

/// A forest as a file holds it, which may be damaged.
#[derive(Deserialize)]
#[serde(rename = "IsolationForest")]
struct StoredForest {
    params: IsolationForestValidParams,
    n_features: usize,
    normaliser: f64,
    trees: Vec<Tree>,
}

impl TryFrom<StoredForest> for IsolationForest {
    type Error = IsolationError;

    fn try_from(stored: StoredForest) -> Result<Self, Self::Error> {
        let forest = Self {
            params: stored.params,
            n_features: stored.n_features,
            normaliser: stored.normaliser,
            trees: stored.trees,
        };
        let sound = forest.trees.len() == forest.params.n_trees()
            && forest.normaliser.is_finite()
            && forest.normaliser > 0.0
            && forest
                .trees
                .iter()
                .all(|tree| tree.is_sound(forest.n_features));
        sound.then_some(forest).ok_or(IsolationError::Damaged)
    }
}

impl IsolationForest {
    /// The parameters to fit a forest with, at their defaults.
    pub fn params() -> IsolationForestParams {
        IsolationForestParams::default()
    }

    /// The parameters this forest was fitted with.
    pub fn fitted_with(&self) -> &IsolationForestValidParams {
        &self.params
    }

    /// Number of features (columns) the forest was fitted on.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Whether no tree has a cut: then no row can be told from another.
    pub(super) fn has_no_cut(&self) -> bool {
        self.trees.iter().all(|tree| tree.height == 0)
    }

    /// Number of trees.
    pub fn n_trees(&self) -> usize {
        self.trees.len()
    }

    /// Checks that `x` has the columns of the training matrix.
    ///
    /// # Errors
    /// [`IsolationError::Columns`] if it has not.
    pub fn check_columns(&self, x: ArrayView2<f64>) -> Result<(), IsolationError> {
        if x.ncols() == self.n_features {
            Ok(())
        } else {
            Err(IsolationError::Columns {
                expected: self.n_features,
                found: x.ncols(),
            })
        }
    }
}

impl<D, T> Fit<ArrayBase<D, Ix2>, T, IsolationError> for IsolationForestValidParams
where
    D: Data<Elem = f64>,
{
    type Object = IsolationForest;

    /// Fits a forest to the records (rows × features); targets are ignored.
    ///
    /// NaN marks a missing value.
    ///
    /// # Errors
    /// If the matrix has no rows or no columns, or holds infinite values.
    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, IsolationError> {
        self.fit_leaves(dataset.records.view(), LeafValue::PathLength)
    }
}

impl IsolationForestValidParams {
    /// Fits a forest whose leaves count as said.
    pub(super) fn fit_leaves(
        &self,
        x: ArrayView2<f64>,
        leaf_value: LeafValue,
    ) -> Result<IsolationForest, IsolationError> {
        check_training(x)?;
        let sample_size = self.sample_size().min(x.nrows());
        // One seed per tree, drawn in order: trees do not depend on threads, nor on their number.
        let mut seeds = Xoshiro256Plus::seed_from_u64(self.seed());
        let seeds: Vec<u64> = (0..self.n_trees()).map(|_| seeds.next_u64()).collect();
        let trees: Vec<Tree> = seeds
            .into_par_iter()
            .map(|seed| {
                let mut rng = Xoshiro256Plus::seed_from_u64(seed);
                let mut rows = index::sample(&mut rng, x.nrows(), sample_size).into_vec();
                rows.sort_unstable();
                grow(&SubSample::gather(x, &rows), self, leaf_value, &mut rng)
            })
            .collect();
        let normaliser = if self.criteria() == [Criterion::Uniform] {
            average_path_length(sample_size)
        } else {
            trees.iter().map(|tree| tree.lengths[0]).sum::<f64>() / trees.len() as f64
        };
        Ok(IsolationForest {
            params: self.clone(),
            n_features: x.ncols(),
            normaliser: if normaliser > 0.0 { normaliser } else { 1.0 },
            trees,
        })
    }
}

/// Refuses matrices without rows or columns and values that are infinite or beyond [`LARGEST`].
fn check_training(x: ArrayView2<f64>) -> Result<(), IsolationError> {
    if x.nrows() == 0 {
        return Err(IsolationError::NoRows);
    }
    if x.ncols() == 0 {
        return Err(IsolationError::NoColumns);
    }
    let too_large = |value: &f64| value.abs() > LARGEST;
    // The only work of fitting that grows with the matrix: shared out to the threads.
    let somewhere = x
        .axis_chunks_iter(Axis(0), CHECKED_TOGETHER)
        .into_par_iter()
        .any(|rows| rows.iter().any(too_large));
    if !somewhere {
        return Ok(());
    }
    match x.indexed_iter().find(|(_, value)| too_large(value)) {
        Some(((row, column), &value)) => Err(IsolationError::TooLarge { row, column, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isolation::Mode;
    use ndarray::{Array2, array};

    fn grid() -> Array2<f64> {
        Array2::from_shape_fn((500, 3), |(row, column)| {
            ((row * (column + 3) * 7919) % 101) as f64 / 7.0
        })
    }

    #[test]
    fn the_same_seed_gives_the_same_forest_in_any_memory_order() {
        let x = grid();
        let columns = x.t().as_standard_layout().reversed_axes().to_owned();
        let params = IsolationForest::params().seed(3).n_trees(20);
        let one = params.fit(&DatasetBase::from(x)).unwrap();
        let two = params.fit(&DatasetBase::from(columns)).unwrap();
        assert_eq!(one, two);
    }

    #[test]
    fn bad_training_matrices_are_refused() {
        let fit = |x: Array2<f64>| IsolationForest::params().fit(&DatasetBase::from(x));
        assert_eq!(fit(Array2::zeros((0, 2))), Err(IsolationError::NoRows));
        assert_eq!(fit(Array2::zeros((2, 0))), Err(IsolationError::NoColumns));
        assert_eq!(
            fit(array![[0.0, 1.0], [2.0, f64::INFINITY]]),
            Err(IsolationError::TooLarge {
                row: 1,
                column: 1,
                value: f64::INFINITY
            })
        );
    }

    #[test]
    fn a_forest_of_one_row_gives_every_row_one_half() {
        let one = array![[1.0, 2.0]];
        let rows = array![[1.0, 2.0], [9.0, f64::NAN]];
        for mode in [Mode::Plain, Mode::Shallow, Mode::Guided] {
            let params = IsolationForest::params().mode(mode).n_trees(5);
            let forest = params.fit(&DatasetBase::from(one.view())).unwrap();
            assert_eq!(forest.scores(rows.view()), array![0.5, 0.5], "{mode:?}");
            assert_eq!(forest.expected_score(), 0.5);
            assert_eq!(forest.attribute(rows.view()), Array2::<f64>::zeros((2, 2)));
        }
    }

    #[test]
    fn a_damaged_forest_is_refused() {
        let params = IsolationForest::params().seed(3).n_trees(3);
        let forest = params.fit(&DatasetBase::from(grid())).unwrap();
        let read = |forest: &IsolationForest| {
            let bytes = rmp_serde::to_vec(forest).unwrap();
            rmp_serde::from_slice::<IsolationForest>(&bytes).map_err(|error| error.to_string())
        };
        assert_eq!(read(&forest), Ok(forest.clone()));
        let damages: [fn(&mut IsolationForest); 11] = [
            |forest| forest.trees.clear(),
            |forest| forest.trees[1] = Tree::default(),
            |forest| forest.normaliser = 0.0,
            |forest| forest.normaliser = f64::NAN,
            |forest| forest.n_features = 2,
            // Back to the root: a walk would not end.
            |forest| forest.trees[0].cuts[1].left = 0,
            |forest| forest.trees[0].cuts[0].left = 1 << 20,
            |forest| forest.trees[0].rows[0] = 0,
            |forest| forest.trees[0].height = 1,
            |forest| forest.trees[0].lengths[0] = f64::NAN,
            |forest| {
                forest.trees[2].centres.pop();
            },
        ];
        for (number, damage) in damages.into_iter().enumerate() {
            let mut damaged = forest.clone();
            damage(&mut damaged);
            let refused = read(&damaged).unwrap_err();
            assert!(refused.contains("fit it again"), "{number}: {refused}");
        }
    }

    #[test]
    fn shares_sum_to_the_excess_over_the_expected_score() {
        let mut x = grid();
        x[[5, 1]] = f64::NAN;
        let forest = IsolationForest::params()
            .fit(&DatasetBase::from(x.view()))
            .unwrap();
        let scores = forest.scores(x.view());
        let sums = forest.attribute(x.view()).sum_axis(ndarray::Axis(1));
        for (score, sum) in scores.iter().zip(&sums) {
            assert!((score - forest.expected_score() - sum).abs() < 1e-12);
        }
    }
}

//! Scores of rows: many rows per tree, no recursion, no test for leaves.

use linfa::traits::PredictInplace;
use ndarray::{Array1, ArrayBase, ArrayView2, Axis, Data, Ix2};
use rayon::prelude::*;

use super::error::IsolationError;
use super::forest::{IsolationForest, LARGEST};
use super::tree::{Cut, Tree};

/// Rows that walk through the trees together: with 20 features they fill 20 KiB, and with the
/// 8 KiB of a tree they stay in the first-level cache.
const BLOCK: usize = 128;
/// Rows whose walks overlap in the processor's pipeline.
const LANES: usize = 8;

impl IsolationForest {
    /// Scores rows (n × features): 2^(−average path length / c(sub-sample size)), in (0, 1],
    /// higher is more anomalous. NaN marks a missing value; infinities count as very large.
    ///
    /// # Errors
    /// [`IsolationError::Columns`] if the columns are not those of the training matrix.
    pub fn try_scores(&self, x: ArrayView2<f64>) -> Result<Array1<f64>, IsolationError> {
        self.check_columns(x)?;
        let mut scores = Array1::zeros(x.nrows());
        scores
            .axis_chunks_iter_mut(Axis(0), BLOCK)
            .into_par_iter()
            .zip(x.axis_chunks_iter(Axis(0), BLOCK))
            .for_each_init(Block::default, |block, (mut scores, rows)| {
                block.load(rows);
                for tree in &self.trees {
                    block.walk(tree);
                }
                block.walk_incomplete(&self.trees);
                for (score, &length) in scores.iter_mut().zip(&block.lengths) {
                    *score = self.score_of(length);
                }
            });
        Ok(scores)
    }

    /// The score of a path length summed over the trees.
    pub(super) fn score_of(&self, length: f64) -> f64 {
        (-length / self.divisor()).exp2()
    }

    /// The summed path length that has score 1/2.
    pub(super) fn divisor(&self) -> f64 {
        self.trees.len() as f64 * self.normaliser
    }

    /// Scores rows as [`try_scores`](Self::try_scores) does.
    ///
    /// # Panics
    /// If the columns are not those of the training matrix; see
    /// [`check_columns`](Self::check_columns).
    pub fn scores(&self, x: ArrayView2<f64>) -> Array1<f64> {
        match self.try_scores(x) {
            Ok(scores) => scores,
            Err(error) => panic!("{error}"),
        }
    }
}

impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for IsolationForest {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(
            x.nrows(),
            y.len(),
            "the number of scores must be the number of rows"
        );
        y.assign(&self.scores(x.view()));
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

/// Some rows, copied to contiguous memory, and the sums of their path lengths.
#[derive(Default)]
struct Block {
    values: Vec<f64>,
    n_features: usize,
    lengths: Vec<f64>,
    /// Rows with missing values.
    incomplete: Vec<usize>,
}

impl Block {
    fn load(&mut self, rows: ArrayView2<f64>) {
        self.n_features = rows.ncols();
        self.lengths.clear();
        self.lengths.resize(rows.nrows(), 0.0);
        self.incomplete.clear();
        self.values.clear();
        for (row, values) in rows.rows().into_iter().enumerate() {
            self.values
                .extend(values.iter().map(|value| value.clamp(-LARGEST, LARGEST)));
            if values.iter().any(|value| value.is_nan()) {
                self.incomplete.push(row);
            }
        }
    }

    /// Adds to every row the path length that `tree` gives it.
    fn walk(&mut self, tree: &Tree) {
        let cuts = tree.cuts.as_slice();
        let stride = self.n_features;
        let mut lanes = self.lengths.chunks_exact_mut(LANES);
        let mut groups = self.values.chunks_exact(LANES * stride);
        for (lengths, rows) in (&mut lanes).zip(&mut groups) {
            let mut nodes = [0usize; LANES];
            for _ in 0..tree.height {
                for (lane, node) in nodes.iter_mut().enumerate() {
                    *node = step(&cuts[*node], &rows[lane * stride..]);
                }
            }
            for (length, &node) in lengths.iter_mut().zip(&nodes) {
                *length += tree.lengths[node];
            }
        }
        let rest = groups.remainder().chunks_exact(stride);
        for (length, row) in lanes.into_remainder().iter_mut().zip(rest) {
            let mut node = 0;
            for _ in 0..tree.height {
                node = step(&cuts[node], row);
            }
            *length += tree.lengths[node];
        }
    }

    /// Replaces the path lengths of rows with missing values by the average over both sides of
    /// every cut on a missing feature, weighted by the training rows on each side.
    fn walk_incomplete(&mut self, trees: &[Tree]) {
        let mut pending = Vec::new();
        for &row in &self.incomplete {
            let values = &self.values[row * self.n_features..][..self.n_features];
            let mut length = 0.0;
            for tree in trees {
                pending.push((0, 1.0));
                while let Some((node, weight)) = pending.pop() {
                    let cut = &tree.cuts[node];
                    if tree.is_leaf(node) {
                        length += weight * tree.lengths[node];
                    } else if values[cut.feature as usize].is_nan() {
                        let left = cut.left as usize;
                        let share = tree.left_share(node);
                        pending.push((left + 1, weight * (1.0 - share)));
                        pending.push((left, weight * share));
                    } else {
                        pending.push((step(cut, values), weight));
                    }
                }
            }
            self.lengths[row] = length;
        }
    }
}

#[inline(always)]
pub(super) fn step(cut: &Cut, row: &[f64]) -> usize {
    cut.left as usize + usize::from(row[cut.feature as usize] > cut.threshold)
}

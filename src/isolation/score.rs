//! Scores of rows, block by block.

use linfa::traits::PredictInplace;
use ndarray::{Array1, ArrayBase, ArrayView2, Axis, Data, Ix2};
use rayon::prelude::*;

use super::error::IsolationError;
use super::forest::{IsolationForest, LARGEST};
use super::heap::{AxisHeap, GROUP, HeapTree, SumHeap};
use super::tree::{RANGE, Tree};
use super::walk::{BLOCK, Block};

impl IsolationForest {
    /// Scores rows (n × features): 2^(−average path length / normaliser), in (0, 1], higher is
    /// more anomalous. NaN marks a missing value; infinities count as very large.
    ///
    /// The normaliser is c(sub-sample size) for uniform cuts (Liu 2008) and the average path length
    /// of the training rows for guided ones, so that 1/2 stands for an ordinary row in both. Where
    /// no tree has a cut, as after fitting one row, every row is ordinary.
    ///
    /// # Errors
    /// [`IsolationError::Columns`] if the columns are not those of the training matrix.
    pub fn try_scores(&self, x: ArrayView2<f64>) -> Result<Array1<f64>, IsolationError> {
        self.check_columns(x)?;
        Ok(self.map_lengths(x, |length| self.score_of(length)))
    }

    /// What `value` makes of the path length of each row, summed over the trees. `x` must have the
    /// columns of the training matrix.
    pub(super) fn map_lengths(
        &self,
        x: ArrayView2<f64>,
        value: impl Fn(f64) -> f64 + Sync,
    ) -> Array1<f64> {
        let mut scores = Array1::zeros(x.nrows());
        let heaps = self.heaps(x.nrows());
        let penalty = self.params.range_penalty();
        scores
            .axis_chunks_iter_mut(Axis(0), BLOCK)
            .into_par_iter()
            .zip(x.axis_chunks_iter(Axis(0), BLOCK))
            .for_each_init(Block::default, |block, (mut scores, rows)| {
                match &heaps {
                    Some(Heaps::Axis(heaps)) => block.walk_heaps(rows, heaps),
                    Some(Heaps::Sum(heaps)) => block.walk_heaps(rows, heaps),
                    Some(Heaps::Penalised(heaps)) => block.walk_heaps(rows, heaps),
                    None => {
                        block.load(rows);
                        if penalty {
                            self.trees.iter().for_each(|tree| block.walk::<true>(tree));
                        } else {
                            self.trees.iter().for_each(|tree| block.walk::<false>(tree));
                        }
                    }
                }
                block.walk_incomplete(rows, self);
                for (score, &length) in scores.iter_mut().zip(&block.lengths) {
                    *score = value(length);
                }
            });
        scores
    }

    /// The trees as heaps, if all are low and there are rows enough to pay for it.
    fn heaps(&self, n_rows: usize) -> Option<Heaps> {
        if n_rows < GROUP {
            return None;
        }
        if self.params.range_penalty() {
            return heaps_of(&self.trees).map(Heaps::Penalised);
        }
        heaps_of(&self.trees)
            .map(Heaps::Axis)
            .or_else(|| heaps_of(&self.trees).map(Heaps::Sum))
    }

    /// The score of a path length summed over the trees.
    pub(super) fn score_of(&self, length: f64) -> f64 {
        if self.has_no_cut() {
            return 0.5;
        }
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

/// All trees of a forest as heaps of one kind.
enum Heaps {
    Axis(Vec<AxisHeap>),
    Sum(Vec<SumHeap<false>>),
    Penalised(Vec<SumHeap<true>>),
}

fn heaps_of<H: HeapTree>(trees: &[Tree]) -> Option<Vec<H>> {
    trees.iter().map(H::of).collect()
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

impl Block {
    /// Replaces the path lengths of rows with missing values by the average over both sides of
    /// every cut on a missing feature, weighted by the training rows on each side.
    fn walk_incomplete(&mut self, rows: ArrayView2<f64>, forest: &IsolationForest) {
        let mut pending = Vec::new();
        for &row in &self.incomplete {
            let values = rows.row(row).mapv(|value| value.clamp(-LARGEST, LARGEST));
            let mut length = 0.0;
            for tree in &forest.trees {
                pending.push((0, 1.0));
                while let Some((node, weight)) = pending.pop() {
                    if tree.is_leaf(node) {
                        length += weight * tree.lengths[node];
                        continue;
                    }
                    let cut = &tree.cuts[node];
                    let distance = cut.distance(|feature| values[feature]);
                    if distance.is_nan() {
                        let left = cut.left as usize;
                        let share = tree.left_share(node);
                        pending.push((left + 1, weight * (1.0 - share)));
                        pending.push((left, weight * share));
                    } else {
                        length -= weight * forest.penalty(distance);
                        pending.push((cut.next(distance), weight));
                    }
                }
            }
            self.lengths[row] = length;
        }
    }
}

impl IsolationForest {
    /// The cuts that a row at this distance loses: one, if it lies outside the range.
    pub(super) fn penalty(&self, distance: f64) -> f64 {
        f64::from(u8::from(
            self.params.range_penalty() && distance.abs() >= RANGE,
        ))
    }
}

//! Which features made a score.
//!
//! On its way from the root to a leaf a row changes, cut by cut, the path length expected of it;
//! each change is put down to the feature of the cut. The changes sum to the row's path length
//! minus the average one. A. Palczewska, J. Palczewski, R. Marchese Robinson, D. Neagu:
//! Interpreting random forest classification models using a feature contribution method. 2013
//! (for classification and regression forests; here the node values are expected path lengths).

use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, Axis, Zip};

use super::error::IsolationError;
use super::forest::{IsolationForest, LARGEST};
use super::tree::Cut;

impl IsolationForest {
    /// The score of the average path length of the training sub-samples, from which
    /// [`attribute`](Self::attribute) explains the excess of each score.
    pub fn expected_score(&self) -> f64 {
        self.score_of(self.expected_length())
    }

    /// Sum over trees of the average path length.
    pub(super) fn expected_length(&self) -> f64 {
        self.trees.iter().map(|tree| tree.lengths[0]).sum()
    }

    /// Shares of the features in the scores of rows (n × features).
    ///
    /// Gives n × features, in units of the score: row i sums to the score of row i minus
    /// [`expected_score`](Self::expected_score). A positive share made the row more anomalous. A
    /// cut on a missing value (NaN) has no share.
    ///
    /// # Errors
    /// [`IsolationError::Columns`] if the columns are not those of the training matrix.
    pub fn try_attribute(&self, x: ArrayView2<f64>) -> Result<Array2<f64>, IsolationError> {
        self.check_columns(x)?;
        let mut shares = Array2::zeros(x.dim());
        Zip::from(shares.axis_iter_mut(Axis(0)))
            .and(x.axis_iter(Axis(0)))
            .par_for_each(|shares, row| self.attribute_row(row, shares));
        Ok(shares)
    }

    /// Shares as [`try_attribute`](Self::try_attribute) gives them.
    ///
    /// # Panics
    /// If the columns are not those of the training matrix; see
    /// [`check_columns`](Self::check_columns).
    pub fn attribute(&self, x: ArrayView2<f64>) -> Array2<f64> {
        match self.try_attribute(x) {
            Ok(shares) => shares,
            Err(error) => panic!("{error}"),
        }
    }

    fn attribute_row(&self, row: ArrayView1<f64>, mut shares: ArrayViewMut1<f64>) {
        self.add_length_shares(row, 1.0, &mut shares);
        // From changes of length to changes of score: along the chord between the average and
        // the row, so that the sum stays exact. Near the average the chord is the tangent.
        let change = shares.sum();
        let expected = self.expected_length();
        let slope = if change.abs() > 1e-9 * expected {
            (self.score_of(expected + change) - self.score_of(expected)) / change
        } else {
            -std::f64::consts::LN_2 * self.score_of(expected) / self.divisor()
        };
        shares *= slope;
    }

    /// Adds what each feature changed in the row's path length, summed over the trees, times
    /// `unit`.
    pub(super) fn add_length_shares(
        &self,
        row: ArrayView1<f64>,
        unit: f64,
        shares: &mut ArrayViewMut1<f64>,
    ) {
        let row: Vec<f64> = row
            .iter()
            .map(|value| value.clamp(-LARGEST, LARGEST))
            .collect();
        let mut pending = Vec::new();
        for tree in &self.trees {
            pending.push((0, unit));
            while let Some((node, weight)) = pending.pop() {
                if tree.is_leaf(node) {
                    continue;
                }
                let cut = &tree.cuts[node];
                let distance = cut.distance(|feature| row[feature]);
                if distance.is_nan() {
                    let left = cut.left as usize;
                    let share = tree.left_share(node);
                    pending.push((left + 1, weight * (1.0 - share)));
                    pending.push((left, weight * share));
                    continue;
                }
                let next = cut.next(distance);
                let change = tree.lengths[next] - tree.lengths[node] - self.penalty(distance);
                let share = first_share(cut, tree.centres[node], &row);
                shares[cut.features[0] as usize] += weight * change * share;
                shares[cut.features[1] as usize] += weight * change * (1.0 - share);
                pending.push((next, weight));
            }
        }
    }
}

/// The first feature's part in a cut of two: by how far each moves the row along the weighted sum
/// from the middle of the node's rows.
fn first_share(cut: &Cut, centres: [f64; 2], row: &[f64]) -> f64 {
    let [first, second] = [0, 1].map(|feature| {
        (cut.weights[feature] * (row[cut.features[feature] as usize] - centres[feature])).abs()
    });
    if second == 0.0 {
        1.0
    } else {
        first / (first + second)
    }
}

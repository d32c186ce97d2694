//! Growing one tree over a sub-sample.
//!
//! - F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM 2008, algorithm 2.
//! - S. Hariri, M. Carrasco Kind, R. J. Brunner: Extended Isolation Forest. IEEE TKDE 2019 (cuts
//!   by weighted sums).
//! - F. T. Liu, K. M. Ting, Z.-H. Zhou: On Detecting Clustered Anomalies Using SCiForest. ECML PKDD
//!   2010 (features of a sum scaled by their deviation in the node; the best of several tries).
//! - D. Cortes: Isolation forests: looking beyond tree depth. arXiv:2111.11639, 2021 (density).

use std::collections::VecDeque;
use std::ops::Range;

use ndarray::ArrayView2;
use rand::Rng;
use rand_distr::StandardNormal;
use rand_xoshiro::Xoshiro256Plus;

use super::criterion::Criterion;
use super::forest::LARGEST;
use super::params::IsolationForestValidParams;
use super::path_length::average_path_length;
use super::tree::{Cut, RANGE, Tree};

/// The rows of one tree, column by column, so that a cut reads contiguous memory.
pub(super) struct SubSample {
    columns: Vec<f64>,
    n_rows: usize,
    n_columns: usize,
}

impl SubSample {
    /// Copies the given rows out of the training matrix.
    pub(super) fn gather(x: ArrayView2<f64>, rows: &[usize]) -> Self {
        let mut columns = Vec::with_capacity(rows.len() * x.ncols());
        for column in x.columns() {
            columns.extend(rows.iter().map(|&row| column[row]));
        }
        Self {
            columns,
            n_rows: rows.len(),
            n_columns: x.ncols(),
        }
    }

    fn column(&self, feature: usize) -> &[f64] {
        &self.columns[feature * self.n_rows..][..self.n_rows]
    }
}

/// What a leaf counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeafValue {
    /// Cuts above it plus c(rows in it).
    PathLength,
    /// That plus [`DENSITY`] times its density: the sum over the cuts above it of log2 of the share
    /// of rows that went its way over the share of the range (Cortes 2021). All divided by
    /// [`PENALTY`], so that the range penalty of one counts for as much more.
    DensePathLength,
}

/// Weight of a density beside a path length. On the benchmark sets (see [`super`]) 0.2 to 0.5 score
/// alike.
const DENSITY: f64 = 0.3;

/// Cuts that a row far outside the range loses beside a density, which it does not change.
const PENALTY: f64 = 1.5;

/// Least share of a node's range that a side counts as; rounding may leave it 0.
const NARROWEST: f64 = 1e-9;

impl LeafValue {
    fn of(self, pending: &Pending) -> f64 {
        let length = pending.depth as f64 + average_path_length(pending.rows.len());
        match self {
            Self::PathLength => length,
            Self::DensePathLength => (length + DENSITY * pending.density) / PENALTY,
        }
    }
}

/// A node whose rows still have to be cut.
struct Pending {
    node: usize,
    rows: Range<usize>,
    depth: usize,
    /// Sum of log2 of shares of rows over shares of ranges.
    density: f64,
}

/// A cut that could be made.
struct Candidate {
    cut: Cut,
    centres: [f64; 2],
    gain: f64,
    /// Share of the range on the left.
    below: f64,
}

/// Grows a tree, breadth first.
///
/// A row that lacks a feature of a cut goes to a side drawn by the shares of the others.
pub(super) fn grow(
    sample: &SubSample,
    params: &IsolationForestValidParams,
    leaf_value: LeafValue,
    rng: &mut Xoshiro256Plus,
) -> Tree {
    let max_depth = params.max_depth().limit(sample.n_rows);
    let mut order: Vec<u32> = (0..sample.n_rows as u32).collect();
    let mut drawing = Drawing {
        sample,
        params,
        features: (0..sample.n_columns).collect(),
        line: Vec::with_capacity(sample.n_rows),
    };
    let mut tree = Tree::default();
    let mut queue = VecDeque::from([Pending {
        node: tree.push(sample.n_rows),
        rows: 0..sample.n_rows,
        depth: 0,
        density: 0.0,
    }]);
    while let Some(pending) = queue.pop_front() {
        let (node, rows) = (pending.node, pending.rows.clone());
        let members = &mut order[rows.clone()];
        let candidate = if members.len() > 1 && pending.depth < max_depth {
            drawing.best_candidate(members, rng)
        } else {
            None
        };
        let n_left = match &candidate {
            Some(candidate) => partition(sample, &candidate.cut, members, rng),
            None => 0,
        };
        match candidate {
            // Rounding can leave one side of a weighted sum empty; then the rows are as good as
            // equal.
            Some(candidate) if n_left > 0 && n_left < members.len() => {
                let middle = rows.start + n_left;
                let left = tree.push(n_left);
                let right = tree.push(rows.len() - n_left);
                tree.cuts[node] = Cut {
                    left: left as u32,
                    ..candidate.cut
                };
                tree.centres[node] = candidate.centres;
                let all = rows.len() as f64;
                for (node, rows, range) in [
                    (left, rows.start..middle, candidate.below),
                    (right, middle..rows.end, 1.0 - candidate.below),
                ] {
                    let ratio = rows.len() as f64 / all / range.max(NARROWEST);
                    queue.push_back(Pending {
                        node,
                        rows,
                        depth: pending.depth + 1,
                        density: pending.density + ratio.log2(),
                    });
                }
            }
            _ => tree.lengths[node] = leaf_value.of(&pending),
        }
    }
    tree.finish();
    tree
}

/// Draws candidates for the cuts of one tree.
struct Drawing<'a> {
    sample: &'a SubSample,
    params: &'a IsolationForestValidParams,
    /// The features in the order of the last draw.
    features: Vec<usize>,
    line: Vec<f64>,
}

impl Drawing<'_> {
    /// The candidate of most gain among the tries; `None` if the rows cannot be told apart.
    fn best_candidate(&mut self, rows: &[u32], rng: &mut Xoshiro256Plus) -> Option<Candidate> {
        let criteria = self.params.criteria();
        let criterion = criteria[if criteria.len() > 1 {
            rng.gen_range(0..criteria.len())
        } else {
            0
        }];
        let tries = match criterion {
            Criterion::Uniform => 1,
            _ => self.params.tries(),
        };
        let mut best: Option<Candidate> = None;
        for _ in 0..tries {
            let candidate = self.candidate(criterion, rows, rng);
            if let Some(candidate) = candidate
                && best.as_ref().is_none_or(|best| candidate.gain > best.gain)
            {
                best = Some(candidate);
            }
        }
        best
    }

    /// Draws features that vary among the rows, weighs them and places a cut.
    fn candidate(
        &mut self,
        criterion: Criterion,
        rows: &[u32],
        rng: &mut Xoshiro256Plus,
    ) -> Option<Candidate> {
        let wanted = self.params.features_per_cut();
        let mut found = 0;
        let mut features = [0; 2];
        let mut weights = [0.0; 2];
        let mut centres = [0.0; 2];
        for drawn in 0..self.features.len() {
            let other = rng.gen_range(drawn..self.features.len());
            self.features.swap(drawn, other);
            let feature = self.features[drawn];
            let Some((mean, deviation)) = spread(self.sample.column(feature), rows) else {
                continue;
            };
            features[found] = feature as u32;
            centres[found] = mean;
            weights[found] = if wanted == 1 {
                1.0
            } else {
                rng.sample::<f64, _>(StandardNormal) / deviation
            };
            found += 1;
            if found == wanted {
                break;
            }
        }
        if found == 0 {
            return None;
        }
        if found == 1 {
            features[1] = features[0];
        }
        let cut = Cut {
            weights,
            offset: 0.0,
            features,
            left: 0,
        };
        let columns = features.map(|feature| self.sample.column(feature as usize));
        self.line.clear();
        self.line.extend(rows.iter().map(|&row| {
            weights[0] * columns[0][row as usize] + weights[1] * columns[1][row as usize]
        }));
        let place = criterion.place(&mut self.line, rng)?;
        // Plain cuts keep the feature's own units, so that they fall exactly where they were drawn.
        let scale = if self.params.range_penalty() {
            RANGE / place.range
        } else {
            1.0
        };
        Some(Candidate {
            cut: Cut {
                weights: cut.weights.map(|weight| weight * scale),
                // Adding 0 turns -0 into 0.
                offset: place.threshold * scale + 0.0,
                ..cut
            },
            centres,
            gain: place.gain,
            below: place.below,
        })
    }
}

/// Columns that vary less count as constant: scaled by it, the largest values stay finite.
const SMALLEST: f64 = 1.0 / LARGEST;

/// Mean and standard deviation of a column over some rows, NaN passed over; `None` if it does not
/// vary.
fn spread(column: &[f64], rows: &[u32]) -> Option<(f64, f64)> {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut count, mut sum) = (0.0, 0.0);
    for value in rows.iter().map(|&row| column[row as usize]) {
        if !value.is_nan() {
            low = low.min(value);
            high = high.max(value);
            count += 1.0;
            sum += value;
        }
    }
    if low >= high {
        return None;
    }
    let mean = sum / count;
    let squares: f64 = rows
        .iter()
        .map(|&row| column[row as usize] - mean)
        .filter(|value| !value.is_nan())
        .map(|value| value * value)
        .sum();
    let deviation = (squares / count).sqrt();
    (deviation > SMALLEST).then_some((mean, deviation))
}

/// Moves the rows that go left to the front and counts them.
fn partition(sample: &SubSample, cut: &Cut, rows: &mut [u32], rng: &mut Xoshiro256Plus) -> usize {
    let columns = cut.features.map(|feature| sample.column(feature as usize));
    // Three-way: [0, front) left, [front, middle) missing, [back, len) right.
    let (mut front, mut middle, mut back) = (0, 0, rows.len());
    while middle < back {
        let row = rows[middle] as usize;
        let distance =
            cut.offset - (cut.weights[0] * columns[0][row] + cut.weights[1] * columns[1][row]);
        if distance >= 0.0 {
            rows.swap(front, middle);
            front += 1;
            middle += 1;
        } else if distance < 0.0 {
            back -= 1;
            rows.swap(middle, back);
        } else {
            middle += 1;
        }
    }
    let (first, last) = (front, back);
    let share = first as f64 / (first + rows.len() - last) as f64;
    for missing in first..last {
        if rng.r#gen::<f64>() < share {
            rows.swap(front, missing);
            front += 1;
        }
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isolation::{Criterion, IsolationForestParams};
    use linfa::ParamGuard;
    use ndarray::array;
    use rand::SeedableRng;

    #[test]
    fn leaves_count_for_the_values_worked_out_by_hand() {
        let params = IsolationForestParams::default()
            .max_depth(crate::isolation::Depth::Unlimited)
            .features_per_cut(1)
            .criteria(&[Criterion::Gap]);
        let x = array![[0.0], [1.0], [10.0]];
        let sample = SubSample::gather(x.view(), &[0, 1, 2]);
        let lengths = |leaf_value| {
            let mut rng = Xoshiro256Plus::seed_from_u64(1);
            let tree = grow(&sample, params.check_ref().unwrap(), leaf_value, &mut rng);
            // The first cut, at 5.5, has 0 and 1 on its left; the second, at 0.5, parts them.
            [3, 4, 2].map(|node| tree.lengths[node])
        };
        assert_eq!(lengths(LeafValue::PathLength), [2.0, 2.0, 1.0]);
        // Two of three rows in 55 % of the range, one in 45 %; then one of two in 50 %.
        let left = (2.0 + 0.3 * (2.0f64 / 3.0 / 0.55).log2()) / 1.5;
        let right = (1.0 + 0.3 * (1.0f64 / 3.0 / 0.45).log2()) / 1.5;
        for (found, expected) in lengths(LeafValue::DensePathLength)
            .into_iter()
            .zip([left, left, right])
        {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}

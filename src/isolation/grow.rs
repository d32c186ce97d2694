//! Growing one tree over a sub-sample.
//!
//! F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM 2008, algorithm 2.

use std::collections::VecDeque;

use ndarray::ArrayView2;
use rand::Rng;
use rand_xoshiro::Xoshiro256Plus;

use super::path_length::average_path_length;
use super::tree::{Cut, Tree};

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

/// A node whose rows still have to be cut.
struct Pending {
    node: usize,
    start: usize,
    end: usize,
    depth: usize,
}

/// Grows a tree with cuts uniform over the range of a feature drawn at random.
///
/// Nodes are numbered breadth first and siblings are neighbours. A row that lacks the feature of
/// a cut goes to a side drawn by the shares of the others.
pub(super) fn grow(sample: &SubSample, max_depth: usize, rng: &mut Xoshiro256Plus) -> Tree {
    let mut order: Vec<u32> = (0..sample.n_rows as u32).collect();
    let mut features: Vec<usize> = (0..sample.n_columns).collect();
    let mut tree = Tree::with_root();
    let mut queue = VecDeque::from([Pending {
        node: 0,
        start: 0,
        end: sample.n_rows,
        depth: 0,
    }]);
    while let Some(pending) = queue.pop_front() {
        let rows = &mut order[pending.start..pending.end];
        let cut = if rows.len() > 1 && pending.depth < max_depth {
            draw_cut(sample, rows, &mut features, rng)
        } else {
            None
        };
        let Some((feature, threshold)) = cut else {
            let length = pending.depth as f64 + average_path_length(rows.len());
            tree.set_leaf(pending.node, length, rows.len());
            continue;
        };
        let n_left = partition(sample.column(feature), threshold, rows, rng);
        let left = tree.set_cut(pending.node, Cut::new(feature, threshold), rows.len());
        let middle = pending.start + n_left;
        for (node, start, end) in [
            (left, pending.start, middle),
            (left + 1, middle, pending.end),
        ] {
            queue.push_back(Pending {
                node,
                start,
                end,
                depth: pending.depth + 1,
            });
        }
    }
    tree.finish();
    tree
}

/// Draws a feature that varies among the rows and a threshold in its range; `None` if none varies.
fn draw_cut(
    sample: &SubSample,
    rows: &[u32],
    features: &mut [usize],
    rng: &mut Xoshiro256Plus,
) -> Option<(usize, f64)> {
    for drawn in 0..features.len() {
        let other = rng.gen_range(drawn..features.len());
        features.swap(drawn, other);
        let column = sample.column(features[drawn]);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for &row in rows {
            // `min` and `max` pass over NaN.
            low = low.min(column[row as usize]);
            high = high.max(column[row as usize]);
        }
        if low < high {
            // Rows above the threshold go right, so that it must stay below the maximum.
            let threshold = low + rng.r#gen::<f64>() * (high - low);
            let threshold = if threshold < high { threshold } else { low };
            return Some((features[drawn], threshold));
        }
    }
    None
}

/// Moves the rows at or below the threshold to the front and counts them.
fn partition(column: &[f64], threshold: f64, rows: &mut [u32], rng: &mut Xoshiro256Plus) -> usize {
    let (mut front, mut back) = (0, rows.len());
    let mut middle = 0;
    // Three-way: [0, front) left, [front, middle) missing, [back, len) right.
    while middle < back {
        let value = column[rows[middle] as usize];
        if value <= threshold {
            rows.swap(front, middle);
            front += 1;
            middle += 1;
        } else if value > threshold {
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

//! A block of rows on its way through a tree, all rows together.
//!
//! The rows of a block are divided cut by cut, as in growing the tree: a cut is read once for all
//! rows that reach it, its loop has no branch that depends on a value, the loads of one row do not
//! wait for those of another, and no row takes a step more than its path is long.

use ndarray::{ArrayView2, Axis};

use super::forest::LARGEST;
use super::heap::{GROUP, HeapTree};
use super::tree::{Cut, Tree, outcome};

/// Rows of a block: enough to pay for reading a tree, few enough for the second-level cache (320 KiB
/// for 20 features). A power of two, so that the compiler sees every access in bounds.
pub(super) const BLOCK: usize = 2048;

/// Bits of a ticket that number its row; those above count the cuts it lost to the range penalty.
const ROW_BITS: u32 = BLOCK.ilog2();

/// Some rows, copied column by column, and the sums of their path lengths.
#[derive(Default)]
pub(super) struct Block {
    columns: Vec<[f64; BLOCK]>,
    n_rows: usize,
    pub(super) lengths: Vec<f64>,
    /// Rows with missing values.
    pub(super) incomplete: Vec<usize>,
    /// One ticket per row, sorted by the node they are in.
    tickets: Vec<u32>,
    right: Vec<u32>,
    /// First ticket of each node; nodes hold neighbouring tickets.
    ranges: Vec<(u32, u32)>,
    /// [`GROUP`] rows on their way through heaps, column by column.
    tile: Vec<f64>,
}

impl Block {
    /// Copies at most [`BLOCK`] rows.
    pub(super) fn load(&mut self, rows: ArrayView2<f64>) {
        self.begin(rows.nrows());
        self.columns.resize(rows.ncols(), [0.0; BLOCK]);
        self.right.resize(BLOCK, 0);
        for (row, values) in rows.rows().into_iter().enumerate() {
            let mut complete = true;
            for (column, value) in self.columns.iter_mut().zip(values) {
                column[row % BLOCK] = value.clamp(-LARGEST, LARGEST);
                complete &= !value.is_nan();
            }
            if !complete {
                self.incomplete.push(row);
            }
        }
    }

    fn begin(&mut self, n_rows: usize) {
        self.n_rows = n_rows;
        self.lengths.clear();
        self.lengths.resize(BLOCK, 0.0);
        self.incomplete.clear();
    }

    /// Sums for at most [`BLOCK`] rows the path lengths that the heaps give them.
    pub(super) fn walk_heaps<H: HeapTree>(&mut self, rows: ArrayView2<f64>, heaps: &[H]) {
        self.begin(rows.nrows());
        self.tile.resize(rows.ncols() * GROUP, 0.0);
        let groups = rows.axis_chunks_iter(Axis(0), GROUP);
        let lengths = self.lengths.chunks_exact_mut(GROUP);
        for (group, (rows, lengths)) in groups.zip(lengths).enumerate() {
            for (row, values) in rows.rows().into_iter().enumerate() {
                let mut complete = true;
                for (column, value) in self.tile.chunks_exact_mut(GROUP).zip(values) {
                    column[row % GROUP] = value.clamp(-LARGEST, LARGEST);
                    complete &= !value.is_nan();
                }
                if !complete {
                    self.incomplete.push(group * GROUP + row);
                }
            }
            for heap in heaps {
                heap.walk(&self.tile, lengths);
            }
        }
    }

    /// Adds to every row the path length that `tree` gives it; with `PENALTY`, a row that lies at
    /// least as far from a cut as the node's range is wide loses one cut of its length (Liu 2010).
    pub(super) fn walk<const PENALTY: bool>(&mut self, tree: &Tree) {
        self.tickets.clear();
        self.tickets.extend(0..self.n_rows as u32);
        self.ranges.clear();
        self.ranges.resize(tree.cuts.len(), (0, 0));
        self.ranges[0] = (0, self.n_rows as u32);
        for (node, cut) in tree.cuts.iter().enumerate() {
            let (start, end) = self.ranges[node];
            if start == end {
                continue;
            }
            let tickets = &mut self.tickets[start as usize..end as usize];
            let left = cut.left as usize;
            if left == node {
                let length = tree.lengths[node];
                for ticket in tickets {
                    let lost = if PENALTY {
                        f64::from(*ticket >> ROW_BITS)
                    } else {
                        0.0
                    };
                    self.lengths[*ticket as usize % BLOCK] += length - lost;
                }
                continue;
            }
            let columns = cut.features.map(|feature| &self.columns[feature as usize]);
            let n_left = divide::<PENALTY>(cut, columns, tickets, &mut self.right) as u32;
            self.ranges[left] = (start, start + n_left);
            self.ranges[left + 1] = (start + n_left, end);
        }
    }
}

/// Moves the tickets that go left to the front, in order, and counts them.
#[inline]
fn divide<const PENALTY: bool>(
    cut: &Cut,
    columns: [&[f64; BLOCK]; 2],
    tickets: &mut [u32],
    right: &mut [u32],
) -> usize {
    let (mut n_left, mut n_right) = (0usize, 0usize);
    for at in 0..tickets.len() {
        let mut ticket = tickets[at];
        let row = ticket as usize % BLOCK;
        let distance =
            cut.offset - (cut.weights[0] * columns[0][row] + cut.weights[1] * columns[1][row]);
        let outcome = outcome(distance);
        if PENALTY {
            ticket += (outcome as u32 & 1) << ROW_BITS;
        }
        tickets[n_left] = ticket;
        right[n_right] = ticket;
        let goes_right = (outcome >> 1) as usize;
        n_right += goes_right;
        n_left += 1 - goes_right;
    }
    tickets[n_left..].copy_from_slice(&right[..n_right]);
    n_left
}

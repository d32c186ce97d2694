//! One tree as flat arrays.

use serde::{Deserialize, Serialize};

/// The width of a guided node's range in units of its cut's distance. A power of two, so that the
/// highest bit of a distance's exponent tells a row out of the range.
pub(super) const RANGE: f64 = 2.0;

/// The two bits of a distance that a walk needs: the higher one is set if the row goes right, the
/// lower one if it lies a [`RANGE`] or more away. As integers they cost less than two comparisons.
#[inline(always)]
pub(super) fn outcome(distance: f64) -> u64 {
    distance.to_bits() >> 62
}

/// A cut by a weighted sum of at most two features; a cut of one feature has the second weight 0.
///
/// A leaf has weights and offset 0 and itself as `left`, so that a row that walks on from a leaf
/// stays there and the walk needs no test for leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Cut {
    pub(super) weights: [f64; 2],
    pub(super) offset: f64,
    pub(super) features: [u32; 2],
    pub(super) left: u32,
}

impl Cut {
    /// The signed distance from the cut: rows below 0, whose sum exceeds the offset, go to
    /// `left + 1`, others to `left`; NaN if a value is missing. Cuts with range penalty are scaled
    /// so that the node's range is [`RANGE`] wide.
    ///
    /// A row at the cut has distance +0, as long as the offset is not -0.
    #[inline(always)]
    pub(super) fn distance(&self, value: impl Fn(usize) -> f64) -> f64 {
        self.offset
            - (self.weights[0] * value(self.features[0] as usize)
                + self.weights[1] * value(self.features[1] as usize))
    }

    /// The child on the side of a distance.
    #[inline(always)]
    pub(super) fn next(&self, distance: f64) -> usize {
        self.left as usize + (outcome(distance) >> 1) as usize
    }
}

/// A tree of cuts, numbered breadth first; the root is node 0 and siblings are neighbours.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    pub(super) cuts: Vec<Cut>,
    /// Training means of the features of each cut, for attribution.
    pub(super) centres: Vec<[f64; 2]>,
    /// Path length: of a leaf, cuts above it plus c(rows in it); of an inner node, the average of
    /// its leaves, weighted by their training rows.
    pub(super) lengths: Vec<f64>,
    /// Training rows in each node.
    pub(super) rows: Vec<u32>,
    /// Cuts on the longest path.
    pub(super) height: u32,
}

impl Tree {
    /// Adds an unfinished node and gives its number.
    pub(super) fn push(&mut self, rows: usize) -> usize {
        let node = self.cuts.len();
        self.cuts.push(Cut {
            weights: [0.0; 2],
            offset: 0.0,
            features: [0; 2],
            left: node as u32,
        });
        self.centres.push([0.0; 2]);
        self.lengths.push(0.0);
        self.rows.push(rows as u32);
        node
    }

    /// Whether `node` is a leaf.
    pub(super) fn is_leaf(&self, node: usize) -> bool {
        self.cuts[node].left as usize == node
    }

    /// The share of the training rows of a cut `node` that went left.
    pub(super) fn left_share(&self, node: usize) -> f64 {
        let left = self.cuts[node].left as usize;
        f64::from(self.rows[left]) / f64::from(self.rows[node])
    }

    /// Averages path lengths upwards and measures the height, once all leaves are set.
    pub(super) fn finish(&mut self) {
        // Children have higher numbers than their parent.
        for node in (0..self.cuts.len()).rev() {
            if self.is_leaf(node) {
                continue;
            }
            let left = self.cuts[node].left as usize;
            let share = self.left_share(node);
            self.lengths[node] =
                share * self.lengths[left] + (1.0 - share) * self.lengths[left + 1];
        }
        self.height = self.measured_height();
    }

    /// Cuts on the longest path.
    fn measured_height(&self) -> u32 {
        let mut heights = vec![0u32; self.cuts.len()];
        for node in (0..self.cuts.len()).rev() {
            if !self.is_leaf(node) {
                let left = self.cuts[node].left as usize;
                heights[node] = 1 + heights[left].max(heights[left + 1]);
            }
        }
        heights.first().copied().unwrap_or(0)
    }

    /// Whether walks through the tree end and find every node and every one of `n_features`: a tree that was read from a
    /// file may be anything.
    pub(super) fn is_sound(&self, n_features: usize) -> bool {
        let nodes = self.cuts.len();
        let complete = [self.centres.len(), self.lengths.len(), self.rows.len()] == [nodes; 3];
        let sound = |(node, cut): (usize, &Cut)| {
            let left = cut.left as usize;
            let below = left > node && left + 1 < nodes;
            let known = cut.features.iter().all(|&f| (f as usize) < n_features);
            known && (left == node || below && self.rows[node] > 0)
        };
        nodes > 0
            && complete
            && self.cuts.iter().enumerate().all(sound)
            && self.lengths.iter().all(|length| length.is_finite())
            && self.height == self.measured_height()
    }
}

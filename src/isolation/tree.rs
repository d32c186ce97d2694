//! One tree as flat arrays.

use serde::{Deserialize, Serialize};

/// A node: rows with `x[feature] > threshold` go to `left + 1`, others to `left`.
///
/// A leaf has a threshold that no value exceeds and itself as `left`, so that walking on from it stays on it
/// and the walk needs no test for leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Cut {
    pub(super) threshold: f64,
    pub(super) feature: u32,
    pub(super) left: u32,
}

impl Cut {
    /// A cut whose children are not yet known.
    pub(super) fn new(feature: usize, threshold: f64) -> Self {
        Self {
            threshold,
            feature: feature as u32,
            left: 0,
        }
    }
}

/// A tree of cuts, numbered breadth first; the root is node 0 and siblings are neighbours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Tree {
    pub(super) cuts: Vec<Cut>,
    /// Path length: of a leaf, cuts above it plus c(rows in it); of an inner node, the average of
    /// its leaves, weighted by their training rows.
    pub(super) lengths: Vec<f64>,
    /// Training rows in each node.
    pub(super) rows: Vec<u32>,
    /// Cuts on the longest path.
    pub(super) height: u32,
}

impl Tree {
    /// A tree that consists of an unfinished root.
    pub(super) fn with_root() -> Self {
        let mut tree = Self {
            cuts: Vec::new(),
            lengths: Vec::new(),
            rows: Vec::new(),
            height: 0,
        };
        tree.push();
        tree
    }

    fn push(&mut self) {
        self.cuts.push(Cut::new(0, f64::MAX));
        self.lengths.push(0.0);
        self.rows.push(0);
    }

    /// Makes `node` a leaf.
    pub(super) fn set_leaf(&mut self, node: usize, length: f64, rows: usize) {
        self.cuts[node].left = node as u32;
        self.lengths[node] = length;
        self.rows[node] = rows as u32;
    }

    /// Cuts `node`; gives the number of its new left child.
    pub(super) fn set_cut(&mut self, node: usize, cut: Cut, rows: usize) -> usize {
        let left = self.cuts.len();
        self.push();
        self.push();
        self.cuts[node] = Cut {
            left: left as u32,
            ..cut
        };
        self.rows[node] = rows as u32;
        left
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

    /// Averages path lengths upwards and measures the height, once all nodes are set.
    pub(super) fn finish(&mut self) {
        let mut heights = vec![0u32; self.cuts.len()];
        // Children have higher numbers than their parent.
        for node in (0..self.cuts.len()).rev() {
            if self.is_leaf(node) {
                continue;
            }
            let left = self.cuts[node].left as usize;
            let share = self.left_share(node);
            self.lengths[node] =
                share * self.lengths[left] + (1.0 - share) * self.lengths[left + 1];
            heights[node] = 1 + heights[left].max(heights[left + 1]);
        }
        self.height = heights[0];
    }
}

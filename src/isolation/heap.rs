//! Low trees as heaps, the fastest layout.
//!
//! The children of place i are places 2i and 2i + 1, so that a step needs no stored child; places
//! are taken modulo 256, the length of the arrays, so that the compiler sees every access in
//! bounds. All rows take as many steps as the tree is high.
//!
//! Rows come as a tile of [`GROUP`] rows, column by column without gaps: with 20 features they fill
//! 20 KiB, and with the 7 KiB that a tree of height 7 takes they stay in the first-level cache.

use super::tree::{Cut, Tree, outcome};

/// Places of a heap; one for each cut of a tree of height 8, which a sub-sample of 256 gives.
const PLACES: usize = 256;

/// Rows whose walks overlap in the processor's pipeline.
const LANES: usize = 16;

/// Rows that walk through all trees before the next do.
pub(super) const GROUP: usize = 128;

/// A tree filled up to a perfect one.
pub(super) trait HeapTree: Sized + Send + Sync {
    /// The heap of a tree; `None` if the tree does not fit this kind.
    fn of(tree: &Tree) -> Option<Self>;

    /// Adds to the lengths of [`GROUP`] rows what this tree gives them.
    fn walk(&self, tile: &[f64], lengths: &mut [f64]);
}

/// The nodes of a tree level by level, leaves repeated below themselves; the last level has the
/// number `height`.
fn levels(tree: &Tree, height: u32) -> Vec<Vec<usize>> {
    let mut levels = vec![vec![0]];
    for level in 0..height as usize {
        let below = levels[level].iter().flat_map(|&node| {
            let left = tree.cuts[node].left as usize;
            [left, left + usize::from(left != node)]
        });
        let below = below.collect();
        levels.push(below);
    }
    levels
}

/// A tree of cuts of one feature, without range penalty.
pub(super) struct AxisHeap {
    thresholds: [f64; PLACES],
    /// First number of the feature's column in a tile.
    columns: [u32; PLACES],
    /// Path lengths, at the places of the leaves.
    lengths: [f64; PLACES],
    height: u32,
}

impl HeapTree for AxisHeap {
    fn of(tree: &Tree) -> Option<Self> {
        if tree.height > PLACES.ilog2() || tree.cuts.iter().any(|cut| cut.weights[1] != 0.0) {
            return None;
        }
        let mut heap = Self {
            // At the places of leaves: no value exceeds it, so that rows go on to the left.
            thresholds: [f64::MAX; PLACES],
            columns: [0; PLACES],
            lengths: [0.0; PLACES],
            height: tree.height,
        };
        for nodes in levels(tree, heap.height) {
            let first = nodes.len();
            for (place, node) in (first..).zip(nodes) {
                let place = place % PLACES;
                if !tree.is_leaf(node) {
                    heap.thresholds[place] = tree.cuts[node].offset;
                    heap.columns[place] = tree.cuts[node].features[0] * GROUP as u32;
                }
                heap.lengths[place] = tree.lengths[node];
            }
        }
        Some(heap)
    }

    #[inline(never)]
    fn walk(&self, tile: &[f64], lengths: &mut [f64]) {
        for (lanes, lengths) in lengths.chunks_exact_mut(LANES).enumerate() {
            let tile = &tile[lanes * LANES..];
            let mut places = [1usize; LANES];
            for _ in 0..self.height {
                for (lane, place) in places.iter_mut().enumerate() {
                    let at = *place % PLACES;
                    let value = tile[self.columns[at] as usize + lane];
                    *place = 2 * at + usize::from(value > self.thresholds[at]);
                }
            }
            for (length, place) in lengths.iter_mut().zip(places) {
                *length += self.lengths[place % PLACES];
            }
        }
    }
}

/// A cut as a heap of sums holds it; at the places of leaves all zeros, which every row passes to
/// the left.
#[derive(Clone, Copy, Default)]
struct Sum {
    weights: [f64; 2],
    offset: f64,
    columns: [u32; 2],
}

impl Sum {
    fn of(cut: &Cut) -> Self {
        Self {
            weights: cut.weights,
            offset: cut.offset,
            columns: cut.features.map(|feature| feature * GROUP as u32),
        }
    }

    /// The distances of all lanes.
    #[inline(always)]
    fn distances(&self, tile: &[f64]) -> [f64; LANES] {
        let first = &tile[self.columns[0] as usize..][..LANES];
        let second = &tile[self.columns[1] as usize..][..LANES];
        let mut distances = [0.0; LANES];
        for lane in 0..LANES {
            distances[lane] =
                self.offset - (self.weights[0] * first[lane] + self.weights[1] * second[lane]);
        }
        distances
    }

    /// The distance of one lane.
    #[inline(always)]
    fn distance(&self, tile: &[f64], lane: usize) -> f64 {
        let first = tile[self.columns[0] as usize + lane];
        let second = tile[self.columns[1] as usize + lane];
        self.offset - (self.weights[0] * first + self.weights[1] * second)
    }
}

/// A tree of cuts of two features; with `PENALTY`, rows outside a node's range lose path length.
///
/// The cut of the root and both cuts below it are computed for all lanes at once, without looking
/// up where a row is.
pub(super) struct SumHeap<const PENALTY: bool> {
    sums: [Sum; PLACES],
    lengths: [f64; PLACES],
    /// What a leaf's path has added to its row's outcomes without any penalty: 2 for each step to
    /// the right.
    outcomes: [u32; PLACES],
    height: u32,
}

impl<const PENALTY: bool> HeapTree for SumHeap<PENALTY> {
    fn of(tree: &Tree) -> Option<Self> {
        if tree.height > PLACES.ilog2() {
            return None;
        }
        let mut heap = Self {
            sums: [Sum::default(); PLACES],
            lengths: [0.0; PLACES],
            outcomes: [0; PLACES],
            height: tree.height.max(2),
        };
        for nodes in levels(tree, heap.height) {
            let first = nodes.len();
            for (index, node) in nodes.into_iter().enumerate() {
                let place = (first + index) % PLACES;
                if !tree.is_leaf(node) {
                    heap.sums[place] = Sum::of(&tree.cuts[node]);
                }
                heap.lengths[place] = tree.lengths[node];
                heap.outcomes[place] = 2 * index.count_ones();
            }
        }
        Some(heap)
    }

    #[inline(never)]
    fn walk(&self, tile: &[f64], lengths: &mut [f64]) {
        for (lanes, lengths) in lengths.chunks_exact_mut(LANES).enumerate() {
            let tile = &tile[lanes * LANES..];
            let root = self.sums[1].distances(tile);
            let left = self.sums[2].distances(tile);
            let right = self.sums[3].distances(tile);
            let mut places = [0u64; LANES];
            let mut outcomes = [0u64; LANES];
            for lane in 0..LANES {
                let first = root[lane].to_bits();
                // All ones if the row goes right at the root.
                let mask = (first as i64 >> 63) as u64;
                let second = left[lane].to_bits() & !mask | right[lane].to_bits() & mask;
                places[lane] = 4 + (first >> 63 << 1) + (second >> 63);
                outcomes[lane] = (first >> 62) + (second >> 62);
            }
            for _ in 2..self.height {
                for lane in 0..LANES {
                    let at = places[lane] as usize % PLACES;
                    let outcome = outcome(self.sums[at].distance(tile, lane));
                    places[lane] = 2 * at as u64 + (outcome >> 1);
                    outcomes[lane] += outcome;
                }
            }
            for (lane, length) in lengths.iter_mut().enumerate() {
                let place = places[lane] as usize % PLACES;
                *length += if PENALTY {
                    let lost = (outcomes[lane] as u32).wrapping_sub(self.outcomes[place]);
                    self.lengths[place] - f64::from(lost)
                } else {
                    self.lengths[place]
                };
            }
        }
    }
}

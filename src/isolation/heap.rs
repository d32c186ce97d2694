//! Low plain trees as heaps, the fastest layout.
//!
//! The children of place i are places 2i and 2i + 1, so that a step needs no stored child; places
//! are taken modulo 256, the length of the arrays, so that the compiler sees every access in
//! bounds. All rows take as many steps as the tree is high.

use super::tree::Tree;
use super::walk::BLOCK;

/// Places of a heap; one for each cut of a tree of height 8, which a sub-sample of 256 gives.
const PLACES: usize = 256;

/// Rows whose walks overlap in the processor's pipeline.
const LANES: usize = 16;

/// Rows that walk through all trees before the next do: with 20 features they fill 20 KiB, and with
/// the 5 KiB of a tree they stay in the first-level cache. Divides [`BLOCK`].
pub(super) const GROUP: usize = 128;

/// A tree of cuts of one feature, at most 8 high, filled up to a perfect tree.
pub(super) struct HeapTree {
    thresholds: [f64; PLACES],
    features: [u32; PLACES],
    /// Path lengths, at the places of the leaves.
    lengths: [f64; PLACES],
    height: u32,
}

impl HeapTree {
    /// The heap of a tree; `None` if the tree is too high or cuts by more than one feature.
    pub(super) fn of(tree: &Tree) -> Option<Self> {
        if tree.height > PLACES.ilog2() || tree.cuts.iter().any(|cut| cut.weights[1] != 0.0) {
            return None;
        }
        let mut heap = Self {
            thresholds: [f64::MAX; PLACES],
            features: [0; PLACES],
            lengths: [0.0; PLACES],
            height: tree.height,
        };
        let mut level = vec![0];
        for _ in 0..tree.height {
            let first = level.len();
            let mut below = Vec::with_capacity(2 * first);
            for (place, &node) in level.iter().enumerate() {
                if tree.is_leaf(node) {
                    // No value exceeds the threshold, so that rows go on to the left.
                    below.extend([node, node]);
                } else {
                    let cut = &tree.cuts[node];
                    heap.thresholds[first + place] = cut.offset;
                    heap.features[first + place] = cut.features[0];
                    below.extend([cut.left as usize, cut.left as usize + 1]);
                }
            }
            level = below;
        }
        let first = level.len();
        for (place, &node) in level.iter().enumerate() {
            heap.lengths[(first + place) % PLACES] = tree.lengths[node];
        }
        Some(heap)
    }

    /// Adds to the lengths of [`GROUP`] rows, from `first` on, what this tree gives them.
    #[inline]
    pub(super) fn walk(&self, columns: &[[f64; BLOCK]], first: usize, lengths: &mut [f64]) {
        for (lane_group, lengths) in lengths.chunks_exact_mut(LANES).enumerate() {
            let first = first + lane_group * LANES;
            let mut places = [1usize; LANES];
            for _ in 0..self.height {
                for (lane, place) in places.iter_mut().enumerate() {
                    let at = *place % PLACES;
                    let value = columns[self.features[at] as usize][(first + lane) % BLOCK];
                    *place = 2 * at + usize::from(value > self.thresholds[at]);
                }
            }
            for (length, place) in lengths.iter_mut().zip(places) {
                *length += self.lengths[place % PLACES];
            }
        }
    }
}

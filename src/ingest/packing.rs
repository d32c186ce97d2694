//! Rows packed into integers, to be sorted.

use super::gather::Kept;
use super::segment::Columns;

/// A number to sort by and a place in one integer, because integers sort several times faster than structs: the place in the
/// last bits, as many as it needs, and the first bits of the number in the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    row_bits: u32,
    place_bits: u32,
}

impl Packing {
    pub(super) fn of(columns: &[Columns]) -> Self {
        let bits = |number: usize| usize::BITS - number.leading_zeros();
        let row_bits = bits(columns.iter().map(Columns::rows).max().unwrap_or(0));
        Self {
            row_bits,
            place_bits: row_bits + bits(columns.len()),
        }
    }

    pub(super) fn pack(self, rank: u128, (worker, row): Kept) -> u128 {
        let place = u128::from(worker).unbounded_shl(self.row_bits) | u128::from(row);
        rank.unbounded_shr(self.place_bits)
            .unbounded_shl(self.place_bits)
            | place
    }

    pub(super) fn rank(self, packed: u128) -> u128 {
        packed.unbounded_shr(self.place_bits)
    }

    pub(super) fn unpack(self, packed: u128) -> Kept {
        let mask = |bits: u32| 1u128.unbounded_shl(bits).wrapping_sub(1);
        let part = |number: u128| u32::try_from(number).unwrap_or(u32::MAX);
        (
            part((packed & mask(self.place_bits)).unbounded_shr(self.row_bits)),
            part(packed & mask(self.row_bits)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_and_ranks_decide_the_order() {
        let worker = |events: usize| Columns {
            keys: vec![0; events],
            ..Columns::default()
        };
        let packing = Packing::of(&[worker(5), worker(300), worker(0)]);
        let low = packing.pack(1 << 100, (1, 299));
        let high = packing.pack(1 << 101, (0, 0));
        assert_eq!(
            (packing.unpack(low), packing.unpack(high)),
            ((1, 299), (0, 0))
        );
        assert!(low < high && packing.rank(low) < packing.rank(high));
        let same = packing.pack(1 << 100, (0, 4));
        assert_eq!(packing.rank(low), packing.rank(same));
    }
}

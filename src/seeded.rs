//! Hash tables whose keys come from outside. Their hash is seeded anew in every process: keys that are made to collide under a
//! known hash turn every look-up into a walk through all of them. Nothing may be written in the order of such a table.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use foldhash::SharedSeed;
use foldhash::fast::{FoldHasher, SeedableRandomState};

/// A map whose keys whoever writes the log can choose.
pub(crate) type SeededMap<K, V> = HashMap<K, V, Seeded>;

/// Makes hashers with the seed of the process.
#[derive(Debug, Clone)]
pub(crate) struct Seeded(SeedableRandomState);

impl Default for Seeded {
    fn default() -> Self {
        // From the system's randomness by way of the standard library; foldhash by itself goes by addresses, which not every
        // system scatters.
        static SEEDS: OnceLock<(u64, SharedSeed)> = OnceLock::new();
        let (own, shared) = SEEDS.get_or_init(|| {
            let random = |number: u64| RandomState::new().hash_one(number);
            (random(0), SharedSeed::from_u64(random(1)))
        });
        Self(SeedableRandomState::with_seed(*own, shared))
    }
}

impl BuildHasher for Seeded {
    type Hasher = FoldHasher<'static>;

    #[inline]
    fn build_hasher(&self) -> Self::Hasher {
        self.0.build_hasher()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustc_hash::FxBuildHasher;
    use std::collections::BTreeSet;

    /// Client strings that are one to FxHash: their third pair of words is a product with zero, which makes its state forget the fourth.
    fn alike() -> impl Iterator<Item = String> {
        const BEFORE: &str = "QV7x5DtUCAOTEAEGMozilla/5.0 (WinFClgwkTI";
        (0..1000).map(|number| format!("{BEFORE}{number:08x}; like Gecko Chrome/120 Safari"))
    }

    /// GUIDs that are one to it: it takes a number of 128 bits for two, and adds the second to a multiple of the first.
    fn numbers_alike() -> impl Iterator<Item = u128> {
        const FACTOR: u64 = 0xf135_7aea_2e62_a9c5;
        (0..1000u64).map(|number| {
            u128::from(number.wrapping_mul(FACTOR).wrapping_neg()) << 64 | u128::from(number)
        })
    }

    fn hashes(hash: &impl BuildHasher) -> [usize; 2] {
        let texts: BTreeSet<u64> = alike().map(|text| hash.hash_one(text.as_bytes())).collect();
        let numbers: BTreeSet<u64> = numbers_alike()
            .map(|number| hash.hash_one(number))
            .collect();
        [texts.len(), numbers.len()]
    }

    #[test]
    fn what_collides_under_a_known_hash_does_not_here() {
        assert_eq!(hashes(&FxBuildHasher), [1, 1]);
        assert_eq!(hashes(&Seeded::default()), [1000, 1000]);
    }
}

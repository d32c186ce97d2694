//! Named, seeded random streams and the few distributions the tenant model draws from.
//!
//! Every part of the simulation owns a [`Stream`]; a generator is derived from the seed, the stream's name and two keys (person and day, say),
//! so that switching an attack or a look-alike on leaves every other record of the tenant as it was.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution, Gamma, Poisson, StandardNormal};
use rand_xoshiro::Xoshiro256Plus;

/// The generator of every random step: small, fast, and the same on every platform.
pub(super) type Generator = Xoshiro256Plus;

/// The parts of the simulation that draw random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Tenant = 1,
    Networks,
    Clients,
    People,
    Shared,
    Life,
    Workday,
    Background,
    SharedWork,
    Services,
    OtherWorkloads,
    AttackPlan,
    Attack,
}

/// Mixes two words into one whose bits all depend on both (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let mut z = a ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number in `0..bound` that depends on nothing but the two keys; 0 when `bound` is 0.
pub(super) fn hashed(a: u64, b: u64, bound: u64) -> u64 {
    if bound == 0 {
        0
    } else {
        (mix(a, b) >> 11) % bound
    }
}

/// The generator of one stream, for one pair of keys.
pub(super) fn generator(seed: u64, stream: Stream, keys: [u64; 2]) -> Generator {
    let mut state = mix(seed, stream as u64);
    for key in keys {
        state = mix(state, key);
    }
    Generator::seed_from_u64(state)
}

/// True with the given probability, which is clamped to 0 to 1.
pub(super) fn chance(rng: &mut Generator, probability: f64) -> bool {
    rng.r#gen::<f64>() < probability
}

/// A uniform draw between two bounds, in any order.
pub(super) fn between(rng: &mut Generator, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.r#gen::<f64>()
}

/// A log-normal draw with the given median; `sigma` is the standard deviation of its logarithm.
pub(super) fn log_normal(rng: &mut Generator, median: f64, sigma: f64) -> f64 {
    let z: f64 = StandardNormal.sample(rng);
    median * (sigma * z).exp()
}

/// A normal draw.
pub(super) fn normal(rng: &mut Generator, mean: f64, deviation: f64) -> f64 {
    let z: f64 = StandardNormal.sample(rng);
    mean + deviation * z
}

/// A Poisson count; 0 when the mean is not positive.
pub(super) fn poisson(rng: &mut Generator, mean: f64) -> u32 {
    Poisson::new(mean).map_or(0, |distribution| {
        let count: f64 = distribution.sample(rng);
        count as u32
    })
}

/// An over-dispersed count: Poisson with a gamma-distributed mean, that is, a negative binomial with variance `mean + mean² / shape`.
pub(super) fn dispersed(rng: &mut Generator, mean: f64, shape: f64) -> u32 {
    let rate = Gamma::new(shape, mean / shape).map_or(0.0, |gamma| gamma.sample(rng));
    poisson(rng, rate)
}

/// Seconds to the next event of a process with the given mean gap.
pub(super) fn exponential(rng: &mut Generator, mean: f64) -> f64 {
    -mean * (1.0 - rng.r#gen::<f64>()).ln()
}

/// An index drawn with the given weights; the last one when rounding leaves nothing.
pub(super) fn weighted(rng: &mut Generator, weights: &[f64]) -> usize {
    let mut left = rng.r#gen::<f64>() * weights.iter().sum::<f64>();
    for (index, weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return index;
        }
    }
    weights.len().saturating_sub(1)
}

/// One element of a slice that is not empty, or `None`.
pub(super) fn pick<T: Copy>(rng: &mut Generator, choices: &[T]) -> Option<T> {
    if choices.is_empty() {
        None
    } else {
        choices.get(rng.gen_range(0..choices.len())).copied()
    }
}

/// `count` different indices below `bound` (all of them when `count` is larger), in random order.
pub(super) fn distinct(rng: &mut Generator, count: usize, bound: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..bound).collect();
    let count = count.min(bound);
    for place in 0..count {
        let other = rng.gen_range(place..bound);
        all.swap(place, other);
    }
    all.truncate(count);
    all
}

/// A new seed for a record or a session.
pub(super) fn token(rng: &mut Generator) -> u64 {
    mix(rng.r#gen::<u64>(), 0x6D61_696C)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any_generator() -> Generator {
        generator(7, Stream::Tenant, [0, 0])
    }

    #[test]
    fn streams_and_keys_are_independent() {
        let draw = |seed, stream, keys| generator(seed, stream, keys).r#gen::<u64>();
        let first = draw(1, Stream::Life, [2, 3]);
        assert_eq!(first, draw(1, Stream::Life, [2, 3]));
        assert_ne!(first, draw(1, Stream::Life, [3, 2]));
        assert_ne!(first, draw(1, Stream::Workday, [2, 3]));
        assert_ne!(first, draw(2, Stream::Life, [2, 3]));
    }

    #[test]
    fn a_dispersed_count_has_the_mean_and_variance_of_a_negative_binomial() {
        let mut rng = any_generator();
        let draws: Vec<f64> = (0..40_000)
            .map(|_| f64::from(dispersed(&mut rng, 6.0, 1.5)))
            .collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        // mean 6, variance 6 + 36 / 1.5 = 30
        assert!((mean - 6.0).abs() < 0.15, "{mean}");
        assert!((variance - 30.0).abs() < 2.0, "{variance}");
    }

    #[test]
    fn a_log_normal_draw_has_its_median() {
        let mut rng = any_generator();
        let mut draws: Vec<f64> = (0..20_001)
            .map(|_| log_normal(&mut rng, 25.0, 0.6))
            .collect();
        draws.sort_by(f64::total_cmp);
        assert!((draws[10_000] - 25.0).abs() < 0.7, "{}", draws[10_000]);
    }

    #[test]
    fn distinct_indices_are_distinct() {
        let mut rng = any_generator();
        let mut chosen = distinct(&mut rng, 5, 9);
        chosen.sort_unstable();
        chosen.dedup();
        assert_eq!(chosen.len(), 5);
        assert_eq!(distinct(&mut rng, 12, 3).len(), 3);
        assert!(pick::<u8>(&mut rng, &[]).is_none());
        assert_eq!(hashed(1, 2, 0), 0);
        assert_eq!(poisson(&mut rng, 0.0), 0);
    }

    #[test]
    fn weights_decide_how_often_an_index_is_drawn() {
        let mut rng = any_generator();
        let drawn = (0..30_000)
            .filter(|_| weighted(&mut rng, &[1.0, 3.0]) == 1)
            .count();
        assert!((drawn as f64 / 30_000.0 - 0.75).abs() < 0.01, "{drawn}");
    }
}

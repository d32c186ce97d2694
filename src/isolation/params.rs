//! Parameters of an isolation forest, unchecked and checked.

use std::ops::RangeInclusive;

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::criterion::Criterion;
use super::error::IsolationError;

/// How deep a tree may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// `ceil(log2(sample size))`, the average height of a tree (Liu, Ting and Zhou 2008).
    Log2,
    /// At most this many cuts on a path.
    AtMost(usize),
    /// Until every row is alone or equal to its companions.
    Unlimited,
}

impl Depth {
    /// The limit in cuts for a sub-sample of `n` rows.
    pub(super) fn limit(self, n: usize) -> usize {
        match self {
            Self::Log2 => n.max(1).next_power_of_two().trailing_zeros() as usize,
            Self::AtMost(cuts) => cuts,
            Self::Unlimited => usize::MAX,
        }
    }
}

/// Combinations of parameters that have a name; see the [module](super) for what they reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Liu, Ting and Zhou 2008: uniform cuts of one feature, depth limited.
    Plain,
    /// Hariri, Carrasco Kind and Brunner 2019 with two features a cut: uniform cuts of weighted
    /// sums, no depth limit.
    Extended,
    /// Cortes 2021, "fair cut": weighted sums of two features cut by pooled gain, no depth limit.
    FairCut,
    /// The default. For each cut, widest gap, pooled gain or uniform, as drawn; the better of two
    /// weighted sums of two features; trees at most 7 cuts high, range penalty. Low trees score more
    /// than twice as fast as those of [`Mixed`](Self::Mixed), at much the same accuracy.
    Shallow,
    /// As [`Shallow`](Self::Shallow), with the best of three weighted sums and no depth limit.
    Mixed,
    /// For each cut, one of widest gap, averaged and pooled gain, the best of ten weighted sums of
    /// two features; no depth limit, range penalty. The most accurate of the modes on average and
    /// the dearest to fit ([`CombinedForest`](super::CombinedForest) is more of both), and less even
    /// over data sets than [`Shallow`](Self::Shallow) and [`Mixed`](Self::Mixed).
    Guided,
}

/// The values of the parameters, checked or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Values {
    n_trees: usize,
    sample_size: usize,
    max_depth: Depth,
    features_per_cut: usize,
    criteria: Vec<Criterion>,
    tries: usize,
    range_penalty: bool,
    seed: u64,
}

/// Checked parameters of an isolation forest; only these can fit. They are checked when they are deserialised, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "IsolationForestParams")]
pub struct IsolationForestValidParams(Values);

impl TryFrom<IsolationForestParams> for IsolationForestValidParams {
    type Error = IsolationError;

    fn try_from(params: IsolationForestParams) -> Result<Self, Self::Error> {
        params.check()
    }
}

impl IsolationForestValidParams {
    /// Number of trees.
    pub fn n_trees(&self) -> usize {
        self.0.n_trees
    }

    /// Rows drawn without replacement for each tree (all rows, if there are fewer).
    pub fn sample_size(&self) -> usize {
        self.0.sample_size
    }

    /// Limit on the depth of a tree.
    pub fn max_depth(&self) -> Depth {
        self.0.max_depth
    }

    /// Features in the weighted sum of a cut: 1 or 2.
    pub fn features_per_cut(&self) -> usize {
        self.0.features_per_cut
    }

    /// Criteria, of which every cut draws one.
    pub fn criteria(&self) -> &[Criterion] {
        &self.0.criteria
    }

    /// Feature draws per guided cut, of which the one with most gain is kept.
    pub fn tries(&self) -> usize {
        self.0.tries
    }

    /// Whether a row loses one cut of its path length at every cut from which it lies at
    /// least as far as the training rows of the node range.
    pub fn range_penalty(&self) -> bool {
        self.0.range_penalty
    }

    /// Seed of the generator.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }
}

/// Unchecked parameters of an isolation forest: a builder.
///
/// `fit` on these checks them first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Values")]
pub struct IsolationForestParams(IsolationForestValidParams);

impl From<Values> for IsolationForestParams {
    fn from(values: Values) -> Self {
        Self(IsolationForestValidParams(values))
    }
}

impl Default for IsolationForestParams {
    /// 100 trees of 256 rows in [`Mode::Shallow`], seed 0.
    fn default() -> Self {
        Self::from(Values {
            n_trees: 100,
            sample_size: 256,
            max_depth: Depth::AtMost(SHALLOW),
            features_per_cut: 2,
            criteria: vec![Criterion::Gap, Criterion::PooledGain, Criterion::Uniform],
            tries: 2,
            range_penalty: true,
            seed: 0,
        })
    }
}

impl IsolationForestParams {
    /// Sets the number of trees, at least 1.
    pub fn n_trees(mut self, n_trees: usize) -> Self {
        self.0.0.n_trees = n_trees;
        self
    }

    /// Sets the rows drawn for each tree, at least 2.
    pub fn sample_size(mut self, sample_size: usize) -> Self {
        self.0.0.sample_size = sample_size;
        self
    }

    /// Sets depth limit, features per cut, criteria, tries and range penalty to those of a mode.
    pub fn mode(self, mode: Mode) -> Self {
        let params = self
            .max_depth(Depth::Unlimited)
            .features_per_cut(2)
            .tries(1);
        match mode {
            Mode::Plain => params
                .max_depth(Depth::Log2)
                .features_per_cut(1)
                .criteria(&[Criterion::Uniform])
                .range_penalty(false),
            Mode::Extended => params.criteria(&[Criterion::Uniform]).range_penalty(false),
            Mode::FairCut => params
                .criteria(&[Criterion::PooledGain])
                .range_penalty(false),
            Mode::Shallow => params
                .max_depth(Depth::AtMost(SHALLOW))
                .criteria(&[Criterion::Gap, Criterion::PooledGain, Criterion::Uniform])
                .tries(2)
                .range_penalty(true),
            Mode::Mixed => params
                .criteria(&[Criterion::Gap, Criterion::PooledGain, Criterion::Uniform])
                .tries(3)
                .range_penalty(true),
            Mode::Guided => params
                .criteria(&[
                    Criterion::Gap,
                    Criterion::AveragedGain,
                    Criterion::PooledGain,
                ])
                .tries(10)
                .range_penalty(true),
        }
    }

    /// Sets the limit on the depth of a tree.
    pub fn max_depth(mut self, max_depth: Depth) -> Self {
        self.0.0.max_depth = max_depth;
        self
    }

    /// Sets the features in the weighted sum of a cut, 1 or 2.
    pub fn features_per_cut(mut self, features: usize) -> Self {
        self.0.0.features_per_cut = features;
        self
    }

    /// Sets the criteria, of which every cut draws one; at least one.
    pub fn criteria(mut self, criteria: &[Criterion]) -> Self {
        self.0.0.criteria = criteria.to_vec();
        self
    }

    /// Sets the feature draws per guided cut, at least 1.
    pub fn tries(mut self, tries: usize) -> Self {
        self.0.0.tries = tries;
        self
    }

    /// Sets whether rows far outside the range of a node lose path length there.
    pub fn range_penalty(mut self, range_penalty: bool) -> Self {
        self.0.0.range_penalty = range_penalty;
        self
    }

    /// Sets the seed of the generator; the same seed and data give the same forest.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.0.seed = seed;
        self
    }
}

impl ParamGuard for IsolationForestParams {
    type Checked = IsolationForestValidParams;
    type Error = IsolationError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0.0;
        let range = |name, found: usize, allowed: RangeInclusive<usize>| {
            if allowed.contains(&found) {
                Ok(())
            } else {
                Err(IsolationError::Parameter {
                    name,
                    found,
                    least: *allowed.start(),
                    most: *allowed.end(),
                })
            }
        };
        range("n_trees", params.n_trees, 1..=MOST_TREES)?;
        range("sample_size", params.sample_size, 2..=LARGEST_SAMPLE)?;
        range("features_per_cut", params.features_per_cut, 1..=2)?;
        range("criteria", params.criteria.len(), 1..=MOST_CRITERIA)?;
        range("tries", params.tries, 1..=MOST_TRIES)?;
        if let Depth::AtMost(cuts) = params.max_depth {
            range("max_depth", cuts, 1..=LARGEST_SAMPLE)?;
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// Height of the trees of [`Mode::Shallow`]: each further level costs a sixth of the speed, and
/// [`super`] says what it gains.
const SHALLOW: usize = 7;
/// More trees than this change no score and only cost memory.
const MOST_TREES: usize = 100_000;
/// Keeps the node numbers of a tree far below `u32::MAX`.
const LARGEST_SAMPLE: usize = 1 << 24;
/// More tries than this only cost time.
const MOST_TRIES: usize = 1_000;
/// Repeating a criterion makes it more frequent; this leaves room for shares in per cent.
const MOST_CRITERIA: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_limits() {
        assert_eq!(Depth::Log2.limit(256), 8);
        assert_eq!(Depth::Log2.limit(257), 9);
        assert_eq!(Depth::Log2.limit(1), 0);
        assert_eq!(Depth::AtMost(3).limit(256), 3);
    }

    #[test]
    fn values_outside_their_range_are_named() {
        let params = IsolationForestParams::default;
        assert_eq!(
            params().n_trees(0).check(),
            Err(IsolationError::Parameter {
                name: "n_trees",
                found: 0,
                least: 1,
                most: MOST_TREES
            })
        );
        assert!(params().sample_size(1).check().is_err());
        assert!(params().max_depth(Depth::AtMost(0)).check().is_err());
        assert!(params().features_per_cut(3).check().is_err());
        assert!(params().criteria(&[]).check().is_err());
        assert!(params().tries(0).check().is_err());
        assert!(params().mode(Mode::Plain).check().is_ok());
    }

    #[test]
    fn only_unchecked_parameters_are_read_back_unchecked() {
        let params = IsolationForestParams::default();
        let text = serde_json::to_string(&params).unwrap();
        let checked: IsolationForestValidParams = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&checked).unwrap(), text);
        assert_eq!(params.check().as_ref(), Ok(&checked));
        for (from, to, named) in [
            ("\"n_trees\":100", "\"n_trees\":0", "`n_trees` is 0"),
            (
                "\"features_per_cut\":2",
                "\"features_per_cut\":3",
                "`features_per_cut` is 3",
            ),
            (
                "[\"gap\",\"pooled_gain\",\"uniform\"]",
                "[]",
                "`criteria` is 0",
            ),
        ] {
            let text = text.replace(from, to);
            let unchecked: IsolationForestParams = serde_json::from_str(&text).unwrap();
            assert!(unchecked.check().is_err());
            let refused = serde_json::from_str::<IsolationForestValidParams>(&text).unwrap_err();
            assert!(refused.to_string().contains(named), "{refused}");
        }
    }

    #[test]
    fn the_default_is_the_shallow_mode() {
        let params = IsolationForestParams::default();
        assert_eq!(params.clone().mode(Mode::Plain).mode(Mode::Shallow), params);
    }
}

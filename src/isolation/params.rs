//! Parameters of an isolation forest, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

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

/// Checked parameters of an isolation forest; only these can fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsolationForestValidParams {
    n_trees: usize,
    sample_size: usize,
    max_depth: Depth,
    seed: u64,
}

impl IsolationForestValidParams {
    /// Number of trees.
    pub fn n_trees(&self) -> usize {
        self.n_trees
    }

    /// Rows drawn without replacement for each tree (all rows, if there are fewer).
    pub fn sample_size(&self) -> usize {
        self.sample_size
    }

    /// Limit on the depth of a tree.
    pub fn max_depth(&self) -> Depth {
        self.max_depth
    }

    /// Seed of the generator.
    pub fn seed(&self) -> u64 {
        self.seed
    }
}

/// Unchecked parameters of an isolation forest: a builder.
///
/// `fit` on these checks them first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IsolationForestParams(IsolationForestValidParams);

impl Default for IsolationForestParams {
    fn default() -> Self {
        Self(IsolationForestValidParams {
            n_trees: 100,
            sample_size: 256,
            max_depth: Depth::Log2,
            seed: 0,
        })
    }
}

impl IsolationForestParams {
    /// Sets the number of trees, at least 1.
    pub fn n_trees(mut self, n_trees: usize) -> Self {
        self.0.n_trees = n_trees;
        self
    }

    /// Sets the rows drawn for each tree, at least 2.
    pub fn sample_size(mut self, sample_size: usize) -> Self {
        self.0.sample_size = sample_size;
        self
    }

    /// Sets the limit on the depth of a tree.
    pub fn max_depth(mut self, max_depth: Depth) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// Sets the seed of the generator; the same seed and data give the same forest.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }
}

impl ParamGuard for IsolationForestParams {
    type Checked = IsolationForestValidParams;
    type Error = IsolationError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        if params.n_trees == 0 || params.n_trees > MOST_TREES {
            return Err(IsolationError::Parameter {
                name: "n_trees",
                found: params.n_trees.to_string(),
                expected: "from 1 to 100000",
            });
        }
        if params.sample_size < 2 || params.sample_size > LARGEST_SAMPLE {
            return Err(IsolationError::Parameter {
                name: "sample_size",
                found: params.sample_size.to_string(),
                expected: "from 2 to 16777216",
            });
        }
        if params.max_depth == Depth::AtMost(0) {
            return Err(IsolationError::Parameter {
                name: "max_depth",
                found: "0".to_owned(),
                expected: "at least 1 cut",
            });
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// More trees than this change no score and only cost memory.
const MOST_TREES: usize = 100_000;
/// Keeps the node numbers of a tree far below `u32::MAX`.
const LARGEST_SAMPLE: usize = 1 << 24;

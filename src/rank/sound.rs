//! Whether a ranker that was read from a file is as it is written: a damaged one must not be indexed beyond its end.

use super::{COLUMNS, Ranker};

impl Ranker {
    /// Whether sample and forest have the columns of a weight, and the calibration no bins but its own.
    pub(crate) fn is_sound(&self) -> bool {
        let sample = &self.sample;
        let forest = self
            .forest
            .as_ref()
            .map(|fitted| fitted.forest.n_features());
        (0..sample.len()).all(|index| sample.row(index).len() == COLUMNS)
            && forest.is_none_or(|features| features == COLUMNS)
            && self.calibration.is_sound()
    }
}

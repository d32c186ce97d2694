//! What can be wrong with the parameters or the data of an isolation forest.

use thiserror::Error;

/// Errors of fitting and of scoring with an [`IsolationForest`](super::IsolationForest).
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum IsolationError {
    /// A parameter lies outside its range.
    #[error("isolation forest: `{name}` is {found}, expected from {least} to {most}")]
    Parameter {
        /// Name of the parameter, as in the builder; of lists, the length counts.
        name: &'static str,
        /// The value that was given.
        found: usize,
        /// The least value that is allowed.
        least: usize,
        /// The largest value that is allowed.
        most: usize,
    },
    /// The training matrix has no rows.
    #[error("isolation forest: the training matrix has no rows; give at least one row")]
    NoRows,
    /// The training matrix has no columns.
    #[error("isolation forest: the training matrix has no columns; give at least one feature")]
    NoColumns,
    /// A training value is infinite or too large to be projected without overflow.
    #[error(
        "isolation forest: the value in row {row}, column {column} is {value}, expected a number \
         of magnitude at most 1e150, or NaN for a missing value; clip it or mark it as missing"
    )]
    TooLarge {
        /// Row of the value, from 0.
        row: usize,
        /// Column of the value, from 0.
        column: usize,
        /// The value.
        value: f64,
    },
    /// The matrix to score has another number of columns than the training matrix.
    #[error(
        "isolation forest: the matrix to score has {found} columns, expected {expected} as in the \
         training matrix; give the same features in the same order"
    )]
    Columns {
        /// Columns of the training matrix.
        expected: usize,
        /// Columns of the matrix that was given.
        found: usize,
    },
    /// A stored forest that cannot be scored with: its parts do not belong together.
    #[error(
        "isolation forest: the stored forest is damaged, expected trees whose parts belong together; \
         fit it again"
    )]
    Damaged,
    /// An error of linfa itself.
    #[error(transparent)]
    Linfa(#[from] LinfaError),
}

/// linfa's own error as text, so that [`IsolationError`] can be cloned and compared.
#[derive(Debug, Clone, PartialEq, Error)]
#[error("{0}")]
pub struct LinfaError(String);

impl From<linfa::Error> for IsolationError {
    fn from(error: linfa::Error) -> Self {
        Self::Linfa(LinfaError(error.to_string()))
    }
}

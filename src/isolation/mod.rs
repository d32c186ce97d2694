//! Isolation forest: rows that few random cuts separate from the rest are anomalies.
//!
//! F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest. ICDM 2008.

mod attribute;
mod error;
mod forest;
mod grow;
mod params;
mod path_length;
mod score;
mod tree;

pub use error::{IsolationError, LinfaError};
pub use forest::IsolationForest;
pub use params::{Depth, IsolationForestParams, IsolationForestValidParams};
pub use path_length::{average_path_length, harmonic};

//! What a session shows, before it is compared with anything.
//!
//! [`FEATURES`] names every deviation that the model judges; [`Observation`] holds what one session showed for
//! them: categories as [`Symbol`]s, measures as numbers, the time as a cell of the week.

mod catalogue;
mod observation;
mod symbols;

pub use catalogue::{FEATURE_COUNT, FEATURES, Feature, FeatureGroup, FeatureId};
pub use observation::{
    Action, CategoryKind, Channel, MEASURES, Measure, Observation, Observer, WEEK_CELLS, observe,
    week_cell_hour,
};
pub use symbols::{Symbol, Symbols};

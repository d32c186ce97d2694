//! What a session shows, before it is compared with anything.
//!
//! [`FEATURES`] names every deviation that the model judges; [`Observation`] holds what one session showed for
//! them: categories as [`Symbol`]s, measures as numbers, the time as a cell of the week.

mod catalogue;
mod change;
mod observation;
mod observer;
mod symbols;

pub use catalogue::{FEATURE_COUNT, FEATURES, Feature, FeatureGroup, FeatureId};
pub use change::Action;
pub(crate) use change::{
    DELETES, FORWARDS, LOCAL_SYSTEM, domain, gives_nothing, is_hiding_place, recipients, rights,
    shows_only_times,
};
pub use observation::{
    CategoryKind, Channel, MEASURES, Measure, Observation, WEEK_CELLS, week_cell_hour,
};
pub(crate) use observer::week_cell;
pub use observer::{Observer, observe};
pub use symbols::{Symbol, Symbols};

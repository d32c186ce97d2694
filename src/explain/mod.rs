//! Why a session was flagged, what belongs together, and what was read.

mod amount;
mod campaign;
mod change;
mod exposure;
mod naming;
mod reason;

pub use campaign::{Campaign, TiedSession, campaigns};
pub use change::ChangeCounts;
pub(crate) use exposure::folder_name;
pub use exposure::{ExposedItem, exposure, whole_folders};
pub use naming::Naming;
pub use reason::{Comparison, Reason, reasons};

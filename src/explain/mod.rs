//! Why a session was flagged, what belongs together, and what was read.

mod amount;
mod campaign;
mod change;
mod exposure;
mod naming;
mod reason;

pub use campaign::{Campaign, TiedSession, campaigns};
pub use exposure::{ExposedItem, exposure};
pub use naming::Naming;
pub use reason::{Comparison, Reason, reasons};

//! Why a session was flagged, what belongs together, and what was read.

mod campaign;
mod exposure;
mod naming;
mod reason;

pub use campaign::{Campaign, TiedSession, campaigns};
pub use exposure::{ExposedItem, exposure};
pub use naming::Naming;
pub(crate) use reason::number;
pub use reason::{Reason, reasons};

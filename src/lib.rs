//! mailglass finds the mailbox sessions that do not belong.
//!
//! It reads Microsoft 365 mailbox access logs (`MailItemsAccessed` and its neighbours), builds a baseline for every
//! mailbox, ranks sessions by how far they stand from it, and says why. Everything runs on one machine, without a
//! network.
//!
//! The stages follow each other, one module each:
//! [`ingest`] → [`session`] → [`feature`] → [`baseline`] → [`isolation`] → [`rank`] → [`explain`] → [`report`].
//! [`pipeline::analyze`] walks the whole way.

pub mod baseline;
pub mod error;
pub mod event;
pub mod feature;
pub mod isolation;
pub mod rank;
pub mod session;

pub use error::Error;

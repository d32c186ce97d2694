//! mailglass finds the mailbox sessions that do not belong.
//!
//! It reads Microsoft 365 mailbox access logs (`MailItemsAccessed` and its neighbours), builds a baseline for every
//! mailbox, ranks sessions by how far they stand from it, and says why. Everything runs on one machine, without a
//! network.
//!
//! The stages follow each other, one module each:
//! [`ingest`] → [`session`] → [`feature`] → [`baseline`] → [`isolation`] → [`rank`] → [`explain`] → [`report`].
//! [`pipeline::analyze`] walks the whole way.

pub mod allow;
pub mod baseline;
pub mod chart;
pub mod cli;
pub mod error;
pub mod event;
pub mod experiment;
pub mod explain;
pub mod feature;
pub mod ingest;
pub mod isolation;
pub mod model;
pub mod pipeline;
pub mod rank;
pub mod report;
pub mod session;
pub mod simulate;

pub use error::Error;

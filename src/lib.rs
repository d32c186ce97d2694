//! mailglass finds the mailbox sessions that do not belong.
//!
//! It reads Microsoft 365 mailbox access logs (`MailItemsAccessed` and its neighbours), builds a baseline for every
//! mailbox, ranks sessions by how far they stand from it, and says why. Everything runs on one machine, without a
//! network.
//!
//! The stages follow each other, one module each:
//! [`ingest`] → [`session`] → [`feature`] → [`baseline`] → [`isolation`] → [`rank`] → [`explain`] → [`report`].
//! [`pipeline::analyze`] walks the whole way.
//!
//! ```no_run
//! use mailglass::ingest::{Input, Silent};
//! use mailglass::pipeline::{Config, analyze};
//!
//! # fn main() -> Result<(), mailglass::Error> {
//! let analysis = analyze(&Config::new(vec![Input::new("audit.csv.gz")]), &Silent)?;
//! for session in analysis.flagged() {
//!     println!("{} {:.3}", session.session.id_text(), session.verdict.ranked.score);
//!     for reason in &session.reasons {
//!         println!("  {}", reason.sentence);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`isolation`] stands alone: a forest with linfa's traits (`Fit`, `Predict`) that knows nothing of mail. The stages one
//! by one, and the forest by itself, are in `examples/as-a-library`, a crate of its own.
//!
//! The modules are public so that stages can be used and tested one by one. What may be relied on is said in CHANGELOG.md:
//! the command line and the run directory first, and of the Rust API what minor versions do not change without a note.
//! Texts in sessions, reasons and rejects come from the log as they are; whoever shows them on a terminal has to make them
//! harmless first, as the command line does.

pub mod allow;
mod amount;
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
mod seeded;
pub mod session;
pub mod simulate;
mod staging;
mod turn;

pub use error::Error;

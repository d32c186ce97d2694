//! Labelled synthetic tenants: a laboratory for a detector, since no labelled mailbox log is public.
//!
//! A [`Tenant`] lives: people with habits, offices in several time zones, networks that come and go, service applications, and the benign
//! things that look like an attack ([`LookAlike`]). [`Attack`]s are hidden in it at a chosen strength. [`simulate`] writes the log in any
//! [`Envelope`] with labels; [`records`] yields it in memory. Every number is drawn from a named stream of one seed, so that the same
//! parameters give the same bytes, and an attack more leaves every other record as it was.
//!
//! ```
//! use mailglass::simulate::{Attack, SimulateSettings, records};
//!
//! let settings = SimulateSettings { people: 6, days: 4, attacks: vec![Attack::MassSync], ..Default::default() };
//! let attacked = records(&settings.check()?)?.filter(|record| record.scenario.is_some()).count();
//! assert!(attacked > 0);
//! # Ok::<(), mailglass::simulate::SimulateError>(())
//! ```
//!
//! The model is ours. What it takes from public sources is cited in the file that uses it; everything else is marked as an assumption.

mod attack;
mod background;
mod client;
mod engine;
mod envelope;
mod error;
mod export;
mod foreign;
mod json;
mod life;
mod name;
mod network;
mod office;
mod other_work;
mod params;
mod parts;
mod person;
mod random;
mod record;
mod records;
mod render;
mod render_other;
mod sink;
mod special_day;
mod tenant;
mod visit;
mod whereabouts;
mod workday;

pub use attack::{Attack, Episode};
pub use envelope::{Compression, Envelope};
pub use error::SimulateError;
pub use export::{Summary, simulate};
pub use life::LookAlike;
pub use params::{SimulateParams, SimulateSettings};
pub use records::{Records, SimulatedRecord, records};
pub use tenant::Tenant;

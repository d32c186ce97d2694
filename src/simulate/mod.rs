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
//! # What is known and what is assumed
//!
//! The model is ours. Each file cites the public source of what it takes from one and marks the rest as an assumption.
//!
//! | part | source |
//! |---|---|
//! | fields, their order, traps (missing `SessionId` and `ClientAppId`, either order of pairs, ports, `\r\n`) | records of a real tenant's log, Management Activity API schema |
//! | aggregation over two minutes, throttling after 1,000 Bind records in a day, no message twice within a visit | Microsoft's documentation of `MailItemsAccessed` |
//! | about 150 mailbox records a person and day at intensity 5, most of them from background clients | a town's log of seven months |
//! | attacks: hours, volumes, clients, order of steps | cited in `attack/`; what is inferred from the schema or invented says so |
//! | habits, pace, leases, how often look-alikes happen, sizes of pools | assumptions, as constants with a reason |
//!
//! Addresses are reserved ones (240.0.0.0/4, 3fff::/20) but for Microsoft's services; domains end in `.example`; names are made of syllables.
//! Logarithms come from the platform's mathematics library, so another platform may, rarely, round a draw otherwise.

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

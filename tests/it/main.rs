//! The one integration-test binary: each topic is a module.

mod allow;
mod analyze;
mod architecture;
mod chart;
mod command;
mod config_file;
mod damage;
mod envelopes;
mod evaluate;
mod experiment;
mod exposure;
#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod hostile;
mod incremental;
mod ingest;
mod inspect;
mod invariants;
mod isolation;
mod isolation_adbench;
mod last_session;
mod page_in_browser;
mod reasons;
mod report;
mod responder;
mod shared_data;
mod simulate;
mod simulate_export;
mod table;
mod usage;

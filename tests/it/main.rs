//! The one integration-test binary: each topic is a module.

mod analyze;
mod architecture;
mod chart;
mod damage;
mod envelopes;
mod evaluate;
mod experiment;
mod incremental;
mod ingest;
mod inspect;
mod invariants;
mod isolation;
mod page_in_browser;
mod report;
mod shared_data;
mod simulate;
mod simulate_export;

//! The one integration-test binary: each topic is a module.

mod analyze;
mod architecture;
mod chart;
mod damage;
mod envelopes;
mod evaluate;
mod incremental;
mod ingest;
mod isolation;
mod shared_data;
mod simulate;
mod simulate_export;

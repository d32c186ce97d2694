//! The one integration-test binary: each topic is a module.

mod analyze;
mod architecture;
mod chart;
mod damage;
mod envelopes;
mod evaluate;
mod ingest;
mod shared_data;
mod simulate;
mod simulate_export;

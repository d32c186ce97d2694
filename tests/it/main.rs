//! The one integration-test binary: each topic is a module.

mod analyze;
mod architecture;
mod chart;
mod ingest;
mod shared_data;

//! Pantau: polls the devices of a site, stores every reading and publishes it.
//!
//! ```text
//! config -> buses -> storage -> sinks                          readings
//!                        \-> indicators -> report          figures and reports
//! api, cli, app                                               entry points
//! ```
//!
//! Data flows from left to right, and so do imports: the table of allowed imports is in
//! `tests/suite/rooms.rs`. `docs/ARCHITECTURE.md` describes each module.

pub mod access;
pub mod alarm_delivery;
pub(crate) mod alarm_watch;
pub mod alarms;
pub mod api;
pub mod app;
pub mod assets;
pub mod attention;
pub mod backup;
pub mod bus_request;
pub mod buses;
pub mod carbon;
pub mod cli;
pub mod clock;
pub mod commissioning;
pub mod config;
pub mod domain;
pub mod evidence;
pub(crate) mod file_replacement;
pub mod formulas;
#[cfg(feature = "fuzz-doors")]
pub mod fuzz_doors;
pub(crate) mod handover;
pub mod i18n;
pub mod indicators;
pub mod ledger;
pub mod limits;
pub mod methods;
pub(crate) mod mqtt_link;
pub mod pages;
pub mod reload_request;
pub mod report;
pub mod samples_csv;
pub mod server;
pub mod simulator;
pub mod sinks;
pub mod solar_position;
pub mod status;
pub mod storage;
#[cfg(test)]
pub mod tests;
pub(crate) mod tls_client;

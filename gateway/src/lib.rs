//! Pantau: reads a programme site's devices, keeps every reading, publishes it.
//!
//! Data flows left to right, and so do imports (`tests/suite/tidy.rs` holds the table):
//! `config` -> `read` -> `store` -> `publish` | `analyse` -> `report` -> `web`, `cli`, `app`.

pub mod account;
pub mod analyse;
pub mod app;
pub mod chapters;
pub mod cli;
pub mod clock;
pub mod config;
pub mod errand;
pub mod evidence;
pub mod exchange;
pub mod field;
pub mod ledger;
pub mod limits;
pub mod model;
pub mod onsite;
pub mod publish;
pub mod read;
pub mod report;
pub mod reporting;
pub mod sim;
pub mod status;
pub mod store;
pub mod sun;
pub mod web;
pub mod words;

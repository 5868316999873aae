//! Modbus devices to readings: plan the reads, schedule the polls, exchange frames, decode
//! registers.
//!
//! Entry point: [`spawn_bus_tasks`], one task for each bus; [`AdhocReader`] reads one device for a
//! technician.
//!
//! ```text
//! let buses = spawn_bus_tasks(&config, &clock, &status_board, &readings, &stop, &mut tasks);
//! ```
//!
//! This module knows neither the store nor the sinks: readings leave it through a channel. Exactly
//! one task owns a bus, with one request on the wire at a time. See docs/ARCHITECTURE.md, "modbus".

mod adhoc;
pub mod bus;
mod bus_task;
mod byte_order;
mod capture_replay;
pub mod decode;
mod device_info;
mod device_reader;
mod poll_scheduler;
pub mod read_plan;
mod register_image;
mod silence_tracker;
pub mod sunspec_discovery;
mod sunspec_state;
mod tracked_read;

pub use adhoc::{AdhocReader, AdhocReading, AdhocRequest, read_device_once};
pub use bus_task::spawn_bus_tasks;
pub use capture_replay::{CaptureMismatch, replay_captures};

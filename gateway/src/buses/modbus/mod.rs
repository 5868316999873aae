//! Modbus devices: plan the reads, exchange frames, decode registers.
//!
//! Entry point: `ModbusBus`, the driver of a bus; scans and wizards use a [`bus::BusChannel`].
//!
//! ```text
//! let driver = ModbusBus::new(bus, link, devices, None);
//! let poll = driver.poll(0, clock.now().mono).await;
//! ```
//!
//! See docs/ARCHITECTURE.md, "buses".

mod answer_record;
pub mod bus;
mod byte_order;
mod capture_replay;
pub mod decode;
mod device_info;
mod device_reader;
mod modbus_bus;
pub mod read_plan;
mod register_image;
mod shared_address;
mod silence_tracker;
pub mod sunspec_discovery;
mod sunspec_state;
mod tracked_read;

pub use capture_replay::{CaptureMismatch, replay_captures};
pub(in crate::buses) use modbus_bus::ModbusBus;
pub use shared_address::RepeatedAnswers;

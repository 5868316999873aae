//! Sensor node of Pantau: the application, without a board. It answers Modbus RTU with the
//! registers of [`drivers::node`], and keeps counters and settings over a reset.
//!
//! A board (`src/bin/`) makes the pieces and runs one task for each:
//!
//! ```text
//! let kept = Keeper::open(flash).await;           // counters and settings of before
//! let node = SharedNode::new(identity, &kept.record());
//! serve_line(&node, line).await;                  // a `SerialLine`: UART and direction pin
//! keep_counters(&node, kept).await;               // writes what has changed
//! ```
#![no_std]
#![forbid(unsafe_code)]

pub mod keeper;
pub mod line;
pub mod sensors;
pub mod shared_node;

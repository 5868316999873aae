//! Devices to readings: plan, ask, frame, decode. One task a bus; knows no store and no sink.

pub mod bus;
pub mod decode;
mod device;
mod facts;
mod image;
mod once;
mod order;
pub mod plan;
mod poller;
mod replay;
pub mod survey;
mod task;

pub use once::{Exchange, Once, Session, once};
pub use replay::{Mismatch, replay};
pub use task::spawn;

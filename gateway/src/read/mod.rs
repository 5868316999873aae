//! Devices to readings: plan, ask, frame, decode. One task a bus; knows no store and no sink.

pub mod bus;
pub mod decode;
mod device;
mod discovery;
mod facts;
mod image;
mod once;
mod order;
pub mod plan;
mod poller;
mod replay;
mod silence;
pub mod survey;
mod task;
mod tracked_ask;

pub use once::{Exchange, Once, Session, once};
pub use replay::{Mismatch, replay};
pub use task::spawn;

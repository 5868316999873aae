//! Devices to readings: plan, ask, frame, decode. One task a bus; knows no store and no sink.

pub mod decode;
mod image;
mod order;
pub mod plan;

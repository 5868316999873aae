//! A site that is not there: sun, pump, tank, rain and bins behind real Modbus.
//!
//! [`plant`] is the physics, [`role`] says which part of it a point shows, [`device`] answers
//! registers, [`server`] puts them behind real sockets and lines. Same seed, same history.

pub mod bin;
pub mod device;
pub mod history;
pub mod line;
pub mod plant;
pub mod pty;
pub mod pump;
pub mod pv;
pub mod rain;
pub mod role;
pub mod server;
pub mod sun;
pub mod tank;
pub mod weather;
pub mod world;

pub use history::History;
pub use plant::Plant;
pub use server::{Place, Served, SimError, serve};
pub use world::World;

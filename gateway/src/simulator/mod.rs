//! Simulated site: sun, pump, tank, rain and larvae bins behind real Modbus servers and pins.
//!
//! [`SimulatedPlant`] is the physical model, with what happens once ([`SimulatedIncident`]).
//! [`SimulatedWorld`] moves it on by a clock, `value_source` selects the value that a point shows,
//! `device` answers register reads, and [`serve_devices`] puts the devices behind sockets and
//! pseudo terminals; `pins` does so for pulses, probes and chips. The same seed gives the same
//! history.
//!
//! ```text
//! let plant = SimulatedPlant::new(place, SiteZone::default(), seed, start);
//! let world = SimulatedWorld::new(plant, clock, seed, 1.0);       // 1.0: real time
//! let served = serve(&config, &world).await?;
//! served.redirect(&mut config);                          // point the gateway at the simulation
//! ```
//!
//! See `docs/testing.md`, and section `simulator` of `docs/ARCHITECTURE.md`.

mod abandoned;
pub mod clear_sky;
pub mod device;
mod endpoint;
pub mod history;
pub mod incident;
pub mod pins;
pub mod plant;
pub mod pty;
pub mod rtu_bus;
pub mod server;
pub mod value_source;
pub mod weather;
pub mod world;

pub use crate::assets::tank::simulation::SimulatedTankShape;
pub use abandoned::remove_abandoned_folders;
pub use endpoint::SimulatedEndpoint;
pub use history::SimulatedHistory;
pub use incident::{IncidentKind, IncidentList, SimulatedIncident};
pub use plant::SimulatedPlant;
pub use server::{
    SimulatorError, SimulatorServers, open_devices, serve_as_configured, serve_devices,
};
pub use world::SimulatedWorld;

//! Files to believed settings, all faults at once.
//!
//! `load` reads `pantau.toml` and the profiles it names; what it returns has been checked as a whole.
//! Nothing outside this module sees what a person typed (`raw`).

mod fault;
pub mod settings;

pub use fault::{Fault, Faults};
pub use settings::*;

//! Gives a device another address, or another speed: what would be written (`plan`), and the steps
//! (`change`). Nothing else in this program writes to a device.

mod change;
mod plan;

pub use change::{Host, Outcome, Step, change};
pub use plan::{Plan, Wrong};

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Device id.
    pub device: String,
    /// Address that it has now; that of the configuration when left out.
    pub from: Option<u8>,
    /// Address that it shall have; that of the configuration when left out.
    pub to: Option<u8>,
    /// Speed that it shall have, instead of an address.
    pub baud: Option<u32>,
    /// Where it keeps its address (`holding:N`), for a device whose profile does not say.
    pub register: Option<String>,
    /// Function that writes there, 6 or 16.
    pub function: u8,
}

//! Change of a device's unit address or speed: `plan` checks what would be written, `apply_change`
//! runs the steps. No other code of this program writes to a device. The entry type is
//! [`AddressChangePlan`]. See docs/field.md.
//!
//! ```text
//! let plan = AddressChangePlan::of(&asked, &config)?;         // unit 1 -> 5 in holding:2000
//! let outcome = change(&plan, &mut host).await;   // Done when the new address was verified
//! ```

mod apply_change;
mod plan;

pub use apply_change::{AddressChangeHost, AddressChangeOutcome, OperatorStep, change_address};
pub use plan::{AddressChangePlan, AddressPlanError};

/// Request: device, and its new address or speed.
#[derive(Clone, Debug, Default)]
pub struct AddressChangeRequest {
    /// Device id.
    pub device: String,
    /// Current unit address; default: that of the configuration.
    pub from: Option<u8>,
    /// New unit address; default: that of the configuration.
    pub to: Option<u8>,
    /// New speed (baud) instead of a new address.
    pub baud: Option<u32>,
    /// Register of the setting (`holding:N`), for a device whose profile does not name it.
    pub register: Option<String>,
    /// Function code of the write, 6 or 16.
    pub function: u8,
}

//! [`SetAddressJson`]: state of a change of address.

use crate::api::jobs::JobProgress;
use serde::Serialize;

/// State of a change of address.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct SetAddressJson {
    /// 32 hexadecimal digits; absent for a plan.
    pub(crate) id: Option<String>,
    /// `planned`, `running`, `waiting` for a person, `ended`.
    pub(crate) state: &'static str,
    pub(crate) device: String,
    pub(crate) bus: String,
    /// `unit 1 -> 5`.
    pub(crate) change: String,
    /// New unit address; the page writes it into the configuration.
    #[serde(skip)]
    pub(crate) new_unit: Option<u8>,
    pub(crate) register: String,
    /// Registers and values that are written, and the risk, as text.
    pub(crate) plan: String,
    /// `button` or `power`: action of the operator before `continue`.
    pub(crate) waiting_for: Option<&'static str>,
    /// The same as a sentence; after the end, the result as a sentence.
    pub(crate) words: Option<String>,
    /// Result: `done`, `silent`, `several`, `unsteady`, `taken`, `refused`, `unchanged`, `lost`,
    /// `failed`, `abandoned`.
    pub(crate) outcome: Option<&'static str>,
    /// A write was sent to the device.
    pub(crate) written: bool,
    /// The device answers at the new address and no longer at the old one.
    pub(crate) verified: bool,
}

impl JobProgress for SetAddressJson {
    fn has_ended(&self) -> bool {
        self.state == "ended"
    }
}

//! [`SetAddressJson`]: state of a change of address.

use crate::api::jobs::JobProgress;
use serde::Serialize;

/// State of a change of address.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct SetAddressJson {
    /// 32 hexadecimal digits; absent for a plan.
    pub(super) id: Option<String>,
    /// `planned`, `running`, `waiting` for a person, `ended`.
    pub(super) state: &'static str,
    pub(super) device: String,
    pub(super) bus: String,
    /// `unit 1 -> 5`.
    pub(super) change: String,
    pub(super) register: String,
    /// Registers and values that are written, and the risk, as text.
    pub(super) plan: String,
    /// `button` or `power`: action of the operator before `continue`.
    pub(super) waiting_for: Option<&'static str>,
    /// The same as a sentence; after the end, the result as a sentence.
    pub(super) words: Option<String>,
    /// Result: `done`, `silent`, `several`, `unsteady`, `taken`, `refused`, `unchanged`, `lost`,
    /// `failed`, `abandoned`.
    pub(super) outcome: Option<&'static str>,
    /// A write was sent to the device.
    pub(super) written: bool,
    /// The device answers at the new address and no longer at the old one.
    pub(super) verified: bool,
}

impl JobProgress for SetAddressJson {
    fn has_ended(&self) -> bool {
        self.state == "ended"
    }
}

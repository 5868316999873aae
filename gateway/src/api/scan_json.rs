//! [`ScanJson`]: progress and results of a scan.

use crate::api::jobs::JobProgress;
use crate::commissioning::scan::ScanCost;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Progress and results of a scan.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct ScanJson {
    /// 32 hexadecimal digits.
    pub(crate) id: String,
    /// `running`, `done`, `stopped`, or `failed`: a target could not be scanned; `said` has the
    /// reason.
    pub(crate) state: &'static str,
    pub(crate) targets: Vec<String>,
    /// Host and port pairs tried, out of `connections`.
    pub(crate) connected: usize,
    pub(crate) connections: usize,
    /// Line settings being tried, `9600 8N1`.
    pub(crate) settings: Option<String>,
    /// Unit being asked.
    pub(crate) unit: Option<u8>,
    /// Time for the whole target, milliseconds, if no further unit answers, and the rest of it.
    pub(crate) whole_ms: u64,
    pub(crate) left_ms: u64,
    pub(crate) questions: u64,
    /// Lower bound of the duration by bytes on the wire and timeouts, milliseconds.
    pub(crate) limit_ms: u64,
    pub(crate) took_ms: u64,
    /// Messages about the scan.
    pub(crate) said: Vec<String>,
    /// Devices, in the shape of `pantau scan --json`.
    #[schema(value_type = Vec<Object>)]
    pub(crate) found: Vec<Value>,
    /// TOML tables to append to pantau.toml; `pantau scan --write` appends them itself.
    pub(crate) configuration: String,
}

impl JobProgress for ScanJson {
    fn has_ended(&self) -> bool {
        self.state != "running"
    }
}

impl ScanJson {
    pub(super) fn set_cost(&mut self, cost: &ScanCost, took: Duration) {
        self.questions = cost.questions;
        (self.limit_ms, self.took_ms) = (duration_ms(cost.limit), duration_ms(took));
    }
}

pub(super) fn duration_ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

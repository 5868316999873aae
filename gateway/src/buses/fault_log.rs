//! [`FaultLog`]: changes of the faults of devices in the log of the program.

use crate::domain::QualityReason;
use crate::status::{DeviceFault, FlapLine, FlapLog};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;

/// Devices of a bus that had a fault.
#[derive(Debug, Default)]
pub(super) struct FaultLog(BTreeMap<Arc<str>, FlapLog>);

/// Fault of a device before and after a poll.
pub(super) type FaultChange<'a> = (Option<&'a DeviceFault>, Option<&'a DeviceFault>);

impl FaultLog {
    /// Logs a change of state; a fault that persists is logged once, and one that comes and goes
    /// has a line an hour with the number of changes. `any`: a point has a value.
    pub(super) fn record_change(
        &mut self,
        bus: &str,
        device: &Arc<str>,
        change: FaultChange<'_>,
        any: bool,
    ) {
        let now = Instant::now();
        if is_change(change) {
            let flaps = self.0.entry(Arc::clone(device)).or_default();
            match flaps.record_change(now) {
                FlapLine::Change => log_change(bus, device, change, any),
                FlapLine::Flapping(changes) => tracing::warn!(
                    bus,
                    %device,
                    changes,
                    "the fault of the device comes and goes; changes are counted"
                ),
                FlapLine::Nothing => {}
            }
        } else if let Some(changes) = self.0.get_mut(device).and_then(|one| one.take_steady(now)) {
            tracing::info!(bus, %device, changes, "the fault no longer comes and goes");
            log_change(bus, device, (None, change.1), any);
        }
    }
}

/// Whether the fault is another one; the detail names the last request and may differ from poll to
/// poll, so only the reason counts.
fn is_change((before, after): FaultChange<'_>) -> bool {
    before.map(|fault| fault.reason) != after.map(|fault| fault.reason)
}

fn log_change(bus: &str, device: &str, (_, after): FaultChange<'_>, any: bool) {
    let Some(fault) = after else {
        return tracing::info!(bus, device, "fault of the device is over");
    };
    if fault.reason == QualityReason::Asleep {
        return tracing::info!(bus, device, "device sleeps until the sun is up");
    }
    let (reason, detail) = (fault.reason.word(), fault.detail.english());
    let text = fault_text(fault.reason, any);
    tracing::warn!(bus, device, reason, detail, "{text}");
}

/// Fault in a few words; the detail follows it. `any`: a point has a value.
fn fault_text(reason: QualityReason, any: bool) -> &'static str {
    match reason {
        QualityReason::Absent if any => "device lacks a point",
        QualityReason::NoMessage if any => "device sends nothing for a point",
        QualityReason::Unreadable | QualityReason::NotANumber | QualityReason::OutOfRange
            if any =>
        {
            "device sends what is no value for a point"
        }
        QualityReason::Absent => "device has none of its points",
        QualityReason::NodeClock => "device has a wrong clock",
        QualityReason::NoMessage | QualityReason::Offline => "device sends nothing",
        QualityReason::Unreadable | QualityReason::NotANumber | QualityReason::OutOfRange => {
            "device sends what is no value"
        }
        _ => "device gives no answer to a request",
    }
}

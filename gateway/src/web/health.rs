//! How a device does, and what a technician can do about it. Pure: board in, verdict out.

use crate::config::Bus;
use crate::field::diagnosis;
use crate::model::{DeviceInfo, Reason, Site, UtcMs};
use crate::status::{self, Fault};

/// Periods without a good poll after which a device counts as silent even without a fault.
const SILENT_AFTER: i64 = 3;

/// How a device does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// It answers.
    Ok,
    /// Not asked yet.
    Waiting,
    /// Silent, as it is at night.
    Asleep,
    /// It answers, but something of it cannot be read or believed.
    Doubtful,
    /// It does not answer, or not usably.
    Fault,
}

/// A device's health with its reason and the key of the hint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Verdict {
    pub(super) health: Health,
    pub(super) fault: Option<Fault>,
    pub(super) hint: Option<&'static str>,
}

impl Health {
    /// The word of the API, and of the catalogue after `web-health-`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Waiting => "waiting",
            Self::Asleep => "asleep",
            Self::Doubtful => "doubtful",
            Self::Fault => "fault",
        }
    }
}

/// What is to be said of a device.
pub(super) fn judge(
    device: &DeviceInfo,
    site: &Site,
    buses: &[Bus],
    board: &status::State,
    now: UtcMs,
) -> Verdict {
    let Some(state) = board
        .devices
        .get(&device.id)
        .filter(|state| state.last_poll.is_some())
    else {
        return Verdict {
            health: Health::Waiting,
            fault: None,
            hint: None,
        };
    };
    let fault = state.fault.clone();
    let period = i64::try_from(device.every_ms).unwrap_or(i64::MAX);
    let silent_after = period.saturating_mul(SILENT_AFTER).saturating_add(1000);
    let silent = state
        .last_good
        .is_none_or(|good| now.0 - good.0 > silent_after);
    let health = match &fault {
        Some(fault) if fault.reason == Reason::Asleep => Health::Asleep,
        Some(_) if state.misses > 0 || silent => Health::Fault,
        Some(_) => Health::Doubtful,
        None if silent => Health::Doubtful,
        None => Health::Ok,
    };
    let hint = fault
        .as_ref()
        .and_then(|fault| hint(fault.reason, device, site, buses, board));
    Verdict {
        health,
        fault,
        hint,
    }
}

/// Key of the sentence that says what to do.
fn hint(
    reason: Reason,
    device: &DeviceInfo,
    site: &Site,
    buses: &[Bus],
    board: &status::State,
) -> Option<&'static str> {
    let bus = buses.iter().find(|bus| bus.id == device.bus);
    let neighbours = site.devices.iter().filter(|other| other.bus == device.bus);
    let fault_of = |other: &DeviceInfo| {
        let state = board.devices.get(&other.id)?;
        state.fault.as_ref().map(|fault| fault.reason)
    };
    let line: Vec<Option<Reason>> = neighbours.map(fault_of).collect();
    diagnosis::advice(reason, bus.map(|bus| &bus.link), &line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::DeviceState;
    use crate::web::tests::site;

    fn board(faults: &[(&str, Option<Reason>)]) -> status::State {
        let mut state = status::State::default();
        for (device, reason) in faults {
            let fault = reason.map(|reason| Fault {
                reason,
                detail: String::new(),
            });
            let misses = u32::from(fault.is_some());
            let good = fault.is_none().then_some(UtcMs(1000));
            let one = DeviceState {
                last_good: good,
                last_poll: Some(UtcMs(1000)),
                fault,
                misses,
                ..DeviceState::default()
            };
            state.devices.insert((*device).into(), one);
        }
        state
    }

    fn verdict(device: usize, board: &status::State) -> (Health, Option<&'static str>) {
        let site = site();
        let verdict = judge(&site.devices[device], &site, &[], board, UtcMs(2000));
        (verdict.health, verdict.hint)
    }

    #[test]
    fn a_silent_line_is_told_from_a_silent_device() {
        let timeout = Some(Reason::Timeout);
        let all = board(&[("inverter", timeout), ("level", timeout)]);
        assert_eq!(
            verdict(1, &all),
            (Health::Fault, Some("diagnosis-line-silent"))
        );
        let one = board(&[("inverter", None), ("level", timeout)]);
        assert_eq!(
            verdict(1, &one),
            (Health::Fault, Some("diagnosis-device-silent"))
        );
        assert_eq!(verdict(0, &one), (Health::Ok, None));
    }

    #[test]
    fn each_kind_of_fault_has_its_own_hint() {
        let hint = |reason| verdict(1, &board(&[("level", Some(reason))])).1;
        assert_eq!(hint(Reason::Corrupt), Some("diagnosis-device-garbled"));
        assert_eq!(hint(Reason::Refused(2)), Some("diagnosis-register"));
        assert_eq!(hint(Reason::Refused(6)), Some("diagnosis-busy"));
    }

    #[test]
    fn a_device_not_asked_yet_is_no_fault() {
        assert_eq!(verdict(0, &status::State::default()).0, Health::Waiting);
    }
}

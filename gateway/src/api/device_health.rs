//! Health of a device, with advice for the technician. Pure functions of the status board.

use crate::commissioning::fault_diagnosis;
use crate::config::Bus;
use crate::domain::{DeviceInfo, QualityReason, Site, UtcMs};
use crate::i18n::Language;
use crate::status::{self, DeviceFault};

/// Poll periods without a good poll after which a device counts as silent even without a fault.
const SILENT_AFTER_PERIODS: i64 = 3;

/// Health of a device, sink or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HealthState {
    /// Works.
    Ok,
    /// Not polled yet.
    Waiting,
    /// No answer, as expected at night.
    Asleep,
    /// Answers, but some values are missing or implausible.
    Doubtful,
    /// Does not answer, or not usably.
    Fault,
}

/// Health of a device, its fault, and the message key of the advice.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeviceHealthVerdict {
    pub(crate) health: HealthState,
    pub(crate) fault: Option<DeviceFault>,
    pub(crate) hint: Option<&'static str>,
}

/// Real time between two polls beside the wished one, in words; `None` while the wish is met within
/// a tenth.
pub(crate) fn slow_period_text(real_ms: u64, wished_ms: u64, lang: Language) -> Option<String> {
    if real_ms.saturating_mul(10) <= wished_ms.saturating_mul(11) {
        return None;
    }
    let seconds = |ms: u64| {
        let digits = format!("{}.{}", ms / 1000, ms % 1000 / 100);
        lang.locale().plain_digits(digits.trim_end_matches(".0"))
    };
    let (real, wished) = (seconds(real_ms), seconds(wished_ms));
    let args = [("real", real.as_str()), ("wished", wished.as_str())];
    Some(lang.text_with("web-real-period", &args))
}

impl DeviceHealthVerdict {
    /// Advice for the fault, in words.
    pub(crate) fn hint_text(&self, lang: Language) -> Option<String> {
        let (key, fault) = (self.hint?, self.fault.as_ref()?);
        Some(fault_diagnosis::advice_text(key, &fault.detail, lang))
    }
}

impl HealthState {
    /// Stable word, used in the API and in message keys `web-health-WORD`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Waiting => "waiting",
            Self::Asleep => "asleep",
            Self::Doubtful => "doubtful",
            Self::Fault => "fault",
        }
    }
}

/// Health of a device at the time `now`.
pub(crate) fn judge_device_health(
    device: &DeviceInfo,
    site: &Site,
    buses: &[Bus],
    board: &status::StatusSnapshot,
    now: UtcMs,
) -> DeviceHealthVerdict {
    let Some(state) = board
        .devices
        .get(&device.id)
        .filter(|state| state.last_poll.is_some())
    else {
        return DeviceHealthVerdict {
            health: HealthState::Waiting,
            fault: None,
            hint: None,
        };
    };
    let fault = state.fault.clone();
    let period = i64::try_from(device.every_ms).unwrap_or(i64::MAX);
    // One second of tolerance beyond the periods.
    let silent_after = period
        .saturating_mul(SILENT_AFTER_PERIODS)
        .saturating_add(1000);
    let silent = state
        .last_good
        .is_none_or(|good| now.0 - good.0 > silent_after);
    let health = match &fault {
        Some(fault) if fault.reason == QualityReason::Asleep => HealthState::Asleep,
        Some(_) if state.misses > 0 || silent => HealthState::Fault,
        // A fault without a missed poll: the device answers, but some values are missing or bad.
        Some(_) => HealthState::Doubtful,
        None if silent => HealthState::Doubtful,
        None => HealthState::Ok,
    };
    let hint = fault
        .as_ref()
        .and_then(|fault| diagnosis_hint_key(fault.reason, device, site, buses, board));
    DeviceHealthVerdict {
        health,
        fault,
        hint,
    }
}

/// Message key of the advice for a fault. It depends on the other devices of the bus: when all are
/// silent, the line is at fault and not the device.
fn diagnosis_hint_key(
    reason: QualityReason,
    device: &DeviceInfo,
    site: &Site,
    buses: &[Bus],
    board: &status::StatusSnapshot,
) -> Option<&'static str> {
    let bus = buses.iter().find(|bus| bus.id == device.bus);
    let neighbours = site.devices.iter().filter(|other| other.bus == device.bus);
    let fault_of = |other: &DeviceInfo| {
        let state = board.devices.get(&other.id)?;
        state.fault.as_ref().map(|fault| fault.reason)
    };
    let line: Vec<Option<QualityReason>> = neighbours.map(fault_of).collect();
    fault_diagnosis::advice_key(reason, bus.map(|bus| &bus.link), &line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::tests::test_site;
    use crate::status::DeviceState;

    fn board_with_faults(faults: &[(&str, Option<QualityReason>)]) -> status::StatusSnapshot {
        let mut state = status::StatusSnapshot::default();
        for (device, reason) in faults {
            let fault = reason.map(|reason| DeviceFault {
                reason,
                detail: "".into(),
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

    fn health_and_hint(
        device: usize,
        board: &status::StatusSnapshot,
    ) -> (HealthState, Option<&'static str>) {
        let site = test_site();
        let verdict = judge_device_health(&site.devices[device], &site, &[], board, UtcMs(2000));
        (verdict.health, verdict.hint)
    }

    #[test]
    fn a_silent_line_is_told_from_a_silent_device() {
        let timeout = Some(QualityReason::Timeout);
        let all = board_with_faults(&[("inverter", timeout), ("level", timeout)]);
        assert_eq!(
            health_and_hint(1, &all),
            (HealthState::Fault, Some("diagnosis-line-silent"))
        );
        let one = board_with_faults(&[("inverter", None), ("level", timeout)]);
        assert_eq!(
            health_and_hint(1, &one),
            (HealthState::Fault, Some("diagnosis-device-silent"))
        );
        assert_eq!(health_and_hint(0, &one), (HealthState::Ok, None));
    }

    #[test]
    fn each_kind_of_fault_has_its_own_hint() {
        let hint = |reason| health_and_hint(1, &board_with_faults(&[("level", Some(reason))])).1;
        assert_eq!(
            hint(QualityReason::Corrupt),
            Some("diagnosis-device-garbled")
        );
        assert_eq!(hint(QualityReason::Refused(2)), Some("diagnosis-register"));
        assert_eq!(hint(QualityReason::Refused(6)), Some("diagnosis-busy"));
    }

    #[test]
    fn a_period_that_a_line_cannot_keep_is_told_beside_the_wished_one() {
        assert_eq!(slow_period_text(1050, 1000, Language::En), None);
        let said = slow_period_text(1530, 1000, Language::Id).unwrap();
        assert!(
            said.contains("1,5 detik") && said.contains("1 detik"),
            "{said}"
        );
    }

    #[test]
    fn a_device_not_asked_yet_is_no_fault() {
        assert_eq!(
            health_and_hint(0, &status::StatusSnapshot::default()).0,
            HealthState::Waiting
        );
    }
}

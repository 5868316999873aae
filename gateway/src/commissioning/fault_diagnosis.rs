//! Diagnosis of a line from the pattern of its devices' errors, and advice for the technician.
//! Pure.
//!
//! The rules are a table; the first one that fits a device applies. Each names a message of the
//! catalogue that tells what to check, in the order of likelihood.

use crate::config::{BusLink, ModbusLink};
use crate::domain::{FaultDetail, QualityReason};
use crate::i18n::Language;
use drivers::sensor_fault::SensorFault;

/// Argument of a detail with the value that a key of the configuration should get.
const MEASURED_VALUE: &str = "proposed";
/// Advice, and the same with the value that was measured.
const MEASURED_ADVICE: &[(&str, &str)] = &[("diagnosis-late", "diagnosis-late-measured")];

/// Connection between gateway and device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SymptomLink {
    /// Serial port of this machine.
    Port,
    /// Serial line, at a port or behind a serial server.
    Serial,
    /// Serial line behind a serial server.
    Server,
    /// Modbus TCP.
    Network,
    /// Pins and chips of the gateway's own board.
    Pins,
    /// Broker of sensor nodes.
    Broker,
    /// Any.
    Any,
}

/// Number of devices of the line with the same symptom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SymptomExtent {
    /// All devices.
    All,
    /// All devices have a fault, but not the same one.
    Mixed,
    /// Another device of the line answers too late.
    BesideLate,
    /// Any number.
    Any,
}

/// Symptoms that the rules distinguish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SymptomKind {
    Silent,
    /// Answers come after the timeout.
    Late,
    /// Some requests are answered, others are not.
    HalfAnswered,
    /// Two devices at one address.
    Shared,
    Garbled,
    /// Wrong length in the Modbus TCP header.
    Header,
    Unreachable,
    /// Exception 1.
    Function,
    /// Exceptions 2 and 3.
    Register,
    /// Exceptions 5 and 6.
    Busy,
    /// Exceptions 10 and 11: the gateway in front of the device cannot reach it.
    BehindGateway,
    /// Any other exception.
    Refused,
    Value,
    Clock,
    NoList,
    /// Pin or chip that another program uses.
    InUse,
    /// No message of a node.
    NoMessage,
    /// Only a message that a broker had kept.
    Retained,
    /// A node that is away.
    Offline,
    /// Wrong clock of a node.
    NodeClock,
    /// A message of a node that is no text, no JSON or too large.
    Unreadable,
    /// A sensor on the gateway's own pins.
    Sensor(SensorFault),
}

// The order matters: a late answer is checked first, because it also explains garbled answers of
// other devices; rules for a whole line come before those for one device.
const DIAGNOSIS_RULES: &[(SymptomKind, SymptomExtent, SymptomLink, &str)] = &[
    (
        SymptomKind::Late,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-late",
    ),
    (
        SymptomKind::HalfAnswered,
        SymptomExtent::Any,
        SymptomLink::Network,
        "diagnosis-half-answered-network",
    ),
    (
        SymptomKind::HalfAnswered,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-half-answered",
    ),
    (
        SymptomKind::Shared,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-two-devices",
    ),
    (
        SymptomKind::Header,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-header",
    ),
    (
        SymptomKind::Garbled,
        SymptomExtent::BesideLate,
        SymptomLink::Serial,
        "diagnosis-beside-late",
    ),
    (
        SymptomKind::Silent,
        SymptomExtent::All,
        SymptomLink::Server,
        "diagnosis-server-silent",
    ),
    (
        SymptomKind::Silent,
        SymptomExtent::All,
        SymptomLink::Serial,
        "diagnosis-line-silent",
    ),
    (
        SymptomKind::Silent,
        SymptomExtent::Mixed,
        SymptomLink::Serial,
        "diagnosis-line-noisy",
    ),
    (
        SymptomKind::Silent,
        SymptomExtent::Any,
        SymptomLink::Serial,
        "diagnosis-device-silent",
    ),
    (
        SymptomKind::Silent,
        SymptomExtent::Any,
        SymptomLink::Network,
        "diagnosis-unit-silent",
    ),
    (
        SymptomKind::Garbled,
        SymptomExtent::All,
        SymptomLink::Serial,
        "diagnosis-line-garbled",
    ),
    (
        SymptomKind::Garbled,
        SymptomExtent::Mixed,
        SymptomLink::Serial,
        "diagnosis-line-noisy",
    ),
    (
        SymptomKind::Garbled,
        SymptomExtent::Any,
        SymptomLink::Serial,
        "diagnosis-device-garbled",
    ),
    (
        SymptomKind::Garbled,
        SymptomExtent::Any,
        SymptomLink::Network,
        "diagnosis-network-garbled",
    ),
    (
        SymptomKind::Unreachable,
        SymptomExtent::Any,
        SymptomLink::Port,
        "diagnosis-port",
    ),
    (
        SymptomKind::Unreachable,
        SymptomExtent::Any,
        SymptomLink::Pins,
        "diagnosis-pins",
    ),
    (
        SymptomKind::Unreachable,
        SymptomExtent::Any,
        SymptomLink::Broker,
        "diagnosis-broker",
    ),
    (
        SymptomKind::Unreadable,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-node-message",
    ),
    (
        SymptomKind::NoList,
        SymptomExtent::Any,
        SymptomLink::Broker,
        "diagnosis-node-field",
    ),
    (
        SymptomKind::Value,
        SymptomExtent::Any,
        SymptomLink::Broker,
        "diagnosis-node-value",
    ),
    (
        SymptomKind::NoMessage,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-node-silent",
    ),
    (
        SymptomKind::Retained,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-node-retained",
    ),
    (
        SymptomKind::Offline,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-node-offline",
    ),
    (
        SymptomKind::NodeClock,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-node-clock",
    ),
    (
        SymptomKind::Unreachable,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-host",
    ),
    (
        SymptomKind::Function,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-function",
    ),
    (
        SymptomKind::Register,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-register",
    ),
    (
        SymptomKind::Busy,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-busy",
    ),
    (
        SymptomKind::BehindGateway,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-behind",
    ),
    (
        SymptomKind::Refused,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-refused",
    ),
    (
        SymptomKind::Value,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-value",
    ),
    (
        SymptomKind::Clock,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-clock",
    ),
    (
        SymptomKind::NoList,
        SymptomExtent::Any,
        SymptomLink::Any,
        "diagnosis-no-list",
    ),
];

/// Returns the message key of the advice for a device whose last poll failed with `reason`.
///
/// `reasons` holds the reason of each device of the bus, including this one; `None` for a device
/// without fault or without a poll so far. Returns `None` for a value that the device itself
/// reports as missing.
pub fn advice_key(
    reason: QualityReason,
    link: Option<&BusLink>,
    reasons: &[Option<QualityReason>],
) -> Option<&'static str> {
    // Missing values, and devices that sleep at night, are no fault.
    let kind = SymptomKind::of_reason(reason)?;
    match kind {
        SymptomKind::InUse => return Some("diagnosis-in-use"),
        SymptomKind::Sensor(fault) => return Some(sensor_advice_key(fault)),
        _ => {}
    }
    let extent = symptom_extent(kind, reasons);
    let beside_late = reasons.contains(&Some(QualityReason::Late));
    let is_so = |wanted: SymptomExtent| match wanted {
        SymptomExtent::Any => true,
        SymptomExtent::BesideLate => beside_late,
        SymptomExtent::All | SymptomExtent::Mixed => wanted == extent,
    };
    let fits = |(of, wanted, way, _): &&(SymptomKind, SymptomExtent, SymptomLink, &'static str)| {
        *of == kind && is_so(*wanted) && way.fits_link(link)
    };
    DIAGNOSIS_RULES.iter().find(fits).map(|(_, _, _, key)| *key)
}

/// Returns the message key of the advice for a device whose polls failed now and then; `reason` is
/// the last failure.
///
/// Lost and damaged answers point to a weak connection. Any other failure has the advice of its
/// kind: a device that refuses a request has received it whole, so that its line is right.
pub fn past_advice_key(
    reason: Option<QualityReason>,
    link: Option<&BusLink>,
) -> Option<&'static str> {
    let kind = reason.map(SymptomKind::of_reason);
    match kind {
        None | Some(Some(SymptomKind::Silent | SymptomKind::Garbled))
            if SymptomLink::Serial.fits_link(link) =>
        {
            Some("diagnosis-weak")
        }
        Some(Some(SymptomKind::Silent)) if SymptomLink::Network.fits_link(link) => {
            Some("diagnosis-weak-network")
        }
        // The device was without a fault since, so that the whole line is not at fault.
        _ => advice_key(reason?, link, &[reason, None]),
    }
}

/// Returns the advice of this key in words; `detail` of the fault has the values that it names.
///
/// Where a value was measured, the advice proposes one for the configuration.
pub fn advice_text(key: &str, detail: &FaultDetail, lang: Language) -> String {
    let args: Vec<(&str, &str)> = detail.args().collect();
    let is_measured = args.iter().any(|(name, _)| *name == MEASURED_VALUE);
    let mut measured = MEASURED_ADVICE.iter().filter(|_| is_measured);
    let exact = measured.find(|(plain, _)| *plain == key);
    lang.text_with(exact.map_or(key, |(_, exact)| exact), &args)
}

fn symptom_extent(kind: SymptomKind, reasons: &[Option<QualityReason>]) -> SymptomExtent {
    // A device that sleeps at night says nothing about the line.
    let awake = || {
        reasons
            .iter()
            .filter(|reason| **reason != Some(QualityReason::Asleep))
    };
    let kinds = || awake().map(|reason| reason.and_then(SymptomKind::of_reason));
    let troubled = |kind: Option<SymptomKind>| {
        matches!(kind, Some(SymptomKind::Silent | SymptomKind::Garbled))
    };
    // Every awake device with the same symptom points to the line; a mixture of timeouts and
    // damaged frames to noise.
    if kinds().all(|other| other == Some(kind)) {
        SymptomExtent::All
    } else if kinds().all(troubled) {
        SymptomExtent::Mixed
    } else {
        SymptomExtent::Any
    }
}

/// Message key of the advice for a fault of a sensor.
fn sensor_advice_key(fault: SensorFault) -> &'static str {
    match fault {
        SensorFault::Absent => "diagnosis-sensor-absent",
        SensorFault::BusFault | SensorFault::Checksum => "diagnosis-sensor-bus",
        SensorFault::BelowRange | SensorFault::AboveRange => "diagnosis-sensor-range",
        SensorFault::WireBroken => "diagnosis-wire-broken",
        SensorFault::ShortCircuit => "diagnosis-short-circuit",
        SensorFault::NotReady => "diagnosis-sensor-slow",
        SensorFault::PowerOnValue | SensorFault::SensorRestarted => "diagnosis-sensor-supply",
        SensorFault::BounceStorm => "diagnosis-bounce",
        SensorFault::StuckLine => "diagnosis-stuck-line",
        SensorFault::ClockStopped => "diagnosis-clock-battery",
        SensorFault::BlindZone | SensorFault::NoEcho => "diagnosis-echo",
    }
}

impl SymptomKind {
    fn of_reason(reason: QualityReason) -> Option<Self> {
        Some(match reason {
            QualityReason::Timeout => Self::Silent,
            QualityReason::Late => Self::Late,
            QualityReason::HalfAnswered => Self::HalfAnswered,
            QualityReason::TwoDevices => Self::Shared,
            QualityReason::Corrupt => Self::Garbled,
            QualityReason::Header => Self::Header,
            QualityReason::Unreachable => Self::Unreachable,
            QualityReason::Refused(1) => Self::Function,
            QualityReason::Refused(2 | 3) => Self::Register,
            QualityReason::Refused(5 | 6) => Self::Busy,
            QualityReason::Refused(10 | 11) => Self::BehindGateway,
            QualityReason::Refused(_) => Self::Refused,
            QualityReason::OutOfRange | QualityReason::NotANumber => Self::Value,
            QualityReason::Undated => Self::Clock,
            QualityReason::Absent => Self::NoList,
            QualityReason::InUse => Self::InUse,
            QualityReason::NoMessage => Self::NoMessage,
            QualityReason::Retained => Self::Retained,
            QualityReason::Offline => Self::Offline,
            QualityReason::NodeClock => Self::NodeClock,
            QualityReason::Unreadable => Self::Unreadable,
            QualityReason::Sensor(fault) => Self::Sensor(fault),
            QualityReason::Missing
            | QualityReason::NotValid
            | QualityReason::Asleep
            | QualityReason::Damaged => {
                return None;
            }
        })
    }
}

impl SymptomLink {
    /// True when the rule applies to this link. An unknown link is treated as a serial line, where
    /// there is more to check.
    fn fits_link(self, link: Option<&BusLink>) -> bool {
        let is_broker = link.is_some_and(|link| link.mqtt().is_some());
        let is_pins = !is_broker && link.is_some_and(|link| link.modbus().is_none());
        let link = link.and_then(BusLink::modbus);
        let network = matches!(link, Some(ModbusLink::Tcp { .. }));
        match self {
            Self::Port => matches!(link, Some(ModbusLink::Rtu(_))),
            Self::Serial => !network && !is_pins && !is_broker,
            Self::Pins => is_pins,
            Self::Broker => is_broker,
            Self::Server => matches!(link, Some(ModbusLink::RtuOverTcp { .. })),
            Self::Network => network,
            Self::Any => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp_link() -> BusLink {
        BusLink::Modbus(ModbusLink::Tcp {
            host: "meter".into(),
            port: 502,
        })
    }

    fn serial_advice(
        reason: QualityReason,
        line: &[Option<QualityReason>],
    ) -> Option<&'static str> {
        advice_key(reason, None, line)
    }

    /// Each kind of failure, a reason of it, and a word of its advice on a line.
    const ADVICE_OF_KINDS: &[(QualityReason, &str)] = &[
        (QualityReason::Late, "`timeout`"),
        (QualityReason::HalfAnswered, "`gap`"),
        (QualityReason::TwoDevices, "Two devices"),
        (QualityReason::Header, "header"),
        (QualityReason::Refused(1), "kind of request"),
        (QualityReason::Refused(2), "register"),
        (QualityReason::Refused(3), "register"),
        (QualityReason::Refused(4), "fault code"),
        (QualityReason::Refused(5), "busy"),
        (QualityReason::Refused(6), "busy"),
        (QualityReason::Refused(7), "fault code"),
        (QualityReason::Refused(10), "Modbus converter"),
        (QualityReason::Refused(11), "Modbus converter"),
        (QualityReason::OutOfRange, "plausible"),
        (QualityReason::NotANumber, "plausible"),
        (QualityReason::Undated, "clock"),
        (QualityReason::Absent, "SunSpec"),
        (QualityReason::InUse, "Another program"),
        (QualityReason::NoMessage, "node"),
        (QualityReason::Offline, "node"),
        (QualityReason::Retained, "node"),
        (QualityReason::NodeClock, "node"),
        (QualityReason::Unreadable, "node"),
        (
            QualityReason::Sensor(SensorFault::WireBroken),
            "current loop",
        ),
        (QualityReason::Sensor(SensorFault::Absent), "sensor"),
        (QualityReason::Sensor(SensorFault::NoEcho), "echo"),
    ];

    #[test]
    fn each_kind_of_failure_has_its_own_advice_now_and_afterwards() {
        for (reason, word) in ADVICE_OF_KINDS {
            let seen = Some(*reason);
            for link in [None, Some(&tcp_link())] {
                let lines: [&[_]; 3] = [&[seen], &[seen, seen], &[seen, None]];
                let now = lines.map(|line| advice_key(*reason, link, line));
                for key in now.into_iter().chain([past_advice_key(seen, link)]) {
                    let text = Language::En.text(key.unwrap());
                    assert!(text.contains(word), "{reason:?}: {text}");
                    assert!(!text.contains("120 ohm"), "{reason:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn lost_answers_are_a_weak_connection_of_the_kind_of_the_link() {
        for reason in [QualityReason::Timeout, QualityReason::Corrupt] {
            assert_eq!(past_advice_key(Some(reason), None), Some("diagnosis-weak"));
        }
        let lost = Some(QualityReason::Timeout);
        let network = past_advice_key(lost, Some(&tcp_link()));
        assert_eq!(network, Some("diagnosis-weak-network"));
        let garbled = past_advice_key(Some(QualityReason::Corrupt), Some(&tcp_link()));
        assert_eq!(garbled, Some("diagnosis-network-garbled"));
        // A value that the device itself reports as missing is no matter of wires.
        for missing in [QualityReason::Missing, QualityReason::NotValid] {
            assert_eq!(past_advice_key(Some(missing), None), None);
        }
        assert_eq!(past_advice_key(None, Some(&tcp_link())), None);
    }

    #[test]
    fn a_silent_line_is_told_from_a_silent_device() {
        let silent = Some(QualityReason::Timeout);
        let advise = |line: &[_]| serial_advice(QualityReason::Timeout, line);
        assert_eq!(advise(&[silent, silent]), Some("diagnosis-line-silent"));
        assert_eq!(advise(&[silent, None]), Some("diagnosis-device-silent"));
        let network = advice_key(QualityReason::Timeout, Some(&tcp_link()), &[silent, silent]);
        assert_eq!(network, Some("diagnosis-unit-silent"));
    }

    #[test]
    fn a_wrong_message_of_a_node_is_no_matter_of_word_order() {
        let broker = crate::config::BrokerSettings::from_url("mqtt://h").unwrap();
        let link = BusLink::Mqtt(crate::config::MqttLink { broker });
        let reason = QualityReason::NotANumber;
        let found = advice_key(reason, Some(&link), &[Some(reason)]);
        assert_eq!(found, Some("diagnosis-node-value"));
    }

    #[test]
    fn a_late_answer_is_no_noise_and_names_the_timeout() {
        let (late, garbled) = (Some(QualityReason::Late), Some(QualityReason::Corrupt));
        let advise = |reason, line: &[_]| serial_advice(reason, line);
        assert_eq!(
            advise(QualityReason::Late, &[late, late]),
            Some("diagnosis-late")
        );
        assert_eq!(
            advise(QualityReason::Corrupt, &[late, garbled]),
            Some("diagnosis-beside-late")
        );
        for lang in [crate::i18n::Language::Id, crate::i18n::Language::En] {
            for key in ["diagnosis-late", "diagnosis-beside-late"] {
                assert!(lang.text(key).contains("`timeout`"), "{key}");
            }
            for key in ["diagnosis-unit-silent", "diagnosis-server-silent"] {
                assert!(lang.text(key).contains("`settle`"), "{key}");
            }
        }
    }

    #[test]
    fn a_silent_serial_server_is_told_from_a_silent_port() {
        let silent = Some(QualityReason::Timeout);
        let server = BusLink::Modbus(ModbusLink::RtuOverTcp {
            host: "server".into(),
            port: 4196,
            baud: 9600,
        });
        let advise = |line: &[_]| advice_key(QualityReason::Timeout, Some(&server), line);
        assert_eq!(advise(&[silent, silent]), Some("diagnosis-server-silent"));
        assert_eq!(advise(&[silent, None]), Some("diagnosis-device-silent"));
    }

    #[test]
    fn garbled_answers_of_all_are_a_wrong_speed_and_of_one_a_bad_place() {
        let garbled = Some(QualityReason::Corrupt);
        let advise = |line: &[_]| serial_advice(QualityReason::Corrupt, line);
        assert_eq!(advise(&[garbled, garbled]), Some("diagnosis-line-garbled"));
        assert_eq!(advise(&[garbled, None]), Some("diagnosis-device-garbled"));
        let mixed = [garbled, Some(QualityReason::Timeout)];
        assert_eq!(advise(&mixed), Some("diagnosis-line-noisy"));
    }

    #[test]
    fn every_exception_has_its_own_advice() {
        let of = |code| {
            serial_advice(
                QualityReason::Refused(code),
                &[Some(QualityReason::Refused(code))],
            )
        };
        assert_eq!(of(1), Some("diagnosis-function"));
        assert_eq!(of(2), Some("diagnosis-register"));
        assert_eq!(of(6), Some("diagnosis-busy"));
        assert_eq!(of(11), Some("diagnosis-behind"));
        assert_eq!(of(4), Some("diagnosis-refused"));
    }

    #[test]
    fn every_reason_but_a_missing_value_has_advice_on_every_way() {
        let line = crate::config::SerialPortSettings {
            port: "/dev/ttyUSB0".into(),
            baud: 9600,
            parity: crate::config::Parity::None,
            stop_bits: 1,
        };
        for link in [
            None,
            Some(tcp_link()),
            Some(BusLink::Modbus(ModbusLink::Rtu(line))),
        ] {
            for reason in (0..=u8::MAX).filter_map(QualityReason::from_code) {
                let silent = matches!(
                    reason,
                    QualityReason::Missing
                        | QualityReason::NotValid
                        | QualityReason::Asleep
                        | QualityReason::Damaged
                );
                let found = advice_key(reason, link.as_ref(), &[Some(reason)]);
                assert_eq!(found.is_none(), silent, "{reason:?}");
            }
        }
    }
}

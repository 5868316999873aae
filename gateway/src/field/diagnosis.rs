//! What is wrong with a line, from the pattern of its devices' errors, and what to do. Pure.
//!
//! The rules are a table; the first that fits a device speaks for it. Each names a sentence of the
//! catalogue that tells a technician what to look at, in the order in which it is worth looking.

use crate::config::Link;
use crate::model::Reason;

/// Which way leads to the devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// A serial port of this machine.
    Port,
    /// A serial line, at a port or behind a server.
    Serial,
    /// A serial line behind a server.
    Server,
    /// Modbus TCP.
    Network,
    /// Whichever.
    Any,
}

/// How many devices of the line have the same kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    /// All of them.
    All,
    /// All are in trouble, each in its own way.
    Mixed,
    /// Another one answers too late.
    BesideLate,
    /// Whichever.
    Any,
}

/// Kinds of error that a rule tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Silent,
    /// After the timeout.
    Late,
    Garbled,
    /// A wrong length in the header.
    Header,
    Away,
    /// Exception 1.
    Function,
    /// Exceptions 2 and 3.
    Register,
    /// Exceptions 5 and 6.
    Busy,
    /// Exceptions 10 and 11: what stands between says that nothing is behind it.
    Behind,
    /// Any other exception.
    Refused,
    Value,
    Clock,
    NoList,
}

const RULES: &[(Kind, Extent, Way, &str)] = &[
    (Kind::Late, Extent::Any, Way::Any, "diagnosis-late"),
    (Kind::Header, Extent::Any, Way::Any, "diagnosis-header"),
    (
        Kind::Garbled,
        Extent::BesideLate,
        Way::Serial,
        "diagnosis-beside-late",
    ),
    (
        Kind::Silent,
        Extent::All,
        Way::Server,
        "diagnosis-server-silent",
    ),
    (
        Kind::Silent,
        Extent::All,
        Way::Serial,
        "diagnosis-line-silent",
    ),
    (
        Kind::Silent,
        Extent::Mixed,
        Way::Serial,
        "diagnosis-line-noisy",
    ),
    (
        Kind::Silent,
        Extent::Any,
        Way::Serial,
        "diagnosis-device-silent",
    ),
    (
        Kind::Silent,
        Extent::Any,
        Way::Network,
        "diagnosis-unit-silent",
    ),
    (
        Kind::Garbled,
        Extent::All,
        Way::Serial,
        "diagnosis-line-garbled",
    ),
    (
        Kind::Garbled,
        Extent::Mixed,
        Way::Serial,
        "diagnosis-line-noisy",
    ),
    (
        Kind::Garbled,
        Extent::Any,
        Way::Serial,
        "diagnosis-device-garbled",
    ),
    (
        Kind::Garbled,
        Extent::Any,
        Way::Network,
        "diagnosis-network-garbled",
    ),
    (Kind::Away, Extent::Any, Way::Port, "diagnosis-port"),
    (Kind::Away, Extent::Any, Way::Any, "diagnosis-host"),
    (Kind::Function, Extent::Any, Way::Any, "diagnosis-function"),
    (Kind::Register, Extent::Any, Way::Any, "diagnosis-register"),
    (Kind::Busy, Extent::Any, Way::Any, "diagnosis-busy"),
    (Kind::Behind, Extent::Any, Way::Any, "diagnosis-behind"),
    (Kind::Refused, Extent::Any, Way::Any, "diagnosis-refused"),
    (Kind::Value, Extent::Any, Way::Any, "diagnosis-value"),
    (Kind::Clock, Extent::Any, Way::Any, "diagnosis-clock"),
    (Kind::NoList, Extent::Any, Way::Any, "diagnosis-no-list"),
];

/// What to do about a device whose last poll went wrong with `reason`.
///
/// `reasons` has that of each device of its bus, itself among them; `None` where nothing is
/// wrong, or nobody asked yet. No sentence for a value that is missing by the device's own word.
pub fn advice(
    reason: Reason,
    link: Option<&Link>,
    reasons: &[Option<Reason>],
) -> Option<&'static str> {
    let kind = Kind::of(reason)?;
    let extent = extent(kind, reasons);
    let beside_late = reasons.contains(&Some(Reason::Late));
    let is_so = |wanted: Extent| match wanted {
        Extent::Any => true,
        Extent::BesideLate => beside_late,
        Extent::All | Extent::Mixed => wanted == extent,
    };
    let fits = |(of, wanted, way, _): &&(Kind, Extent, Way, &'static str)| {
        *of == kind && is_so(*wanted) && way.fits(link)
    };
    RULES.iter().find(fits).map(|(_, _, _, key)| *key)
}

fn extent(kind: Kind, reasons: &[Option<Reason>]) -> Extent {
    // Whoever sleeps at night says nothing about the line.
    let awake = || {
        reasons
            .iter()
            .filter(|reason| **reason != Some(Reason::Asleep))
    };
    let kinds = || awake().map(|reason| reason.and_then(Kind::of));
    let troubled = |kind: Option<Kind>| matches!(kind, Some(Kind::Silent | Kind::Garbled));
    if kinds().all(|other| other == Some(kind)) {
        Extent::All
    } else if kinds().all(troubled) {
        Extent::Mixed
    } else {
        Extent::Any
    }
}

impl Kind {
    fn of(reason: Reason) -> Option<Self> {
        Some(match reason {
            Reason::Timeout => Self::Silent,
            Reason::Late => Self::Late,
            Reason::Corrupt => Self::Garbled,
            Reason::Header => Self::Header,
            Reason::Unreachable => Self::Away,
            Reason::Refused(1) => Self::Function,
            Reason::Refused(2 | 3) => Self::Register,
            Reason::Refused(5 | 6) => Self::Busy,
            Reason::Refused(10 | 11) => Self::Behind,
            Reason::Refused(_) => Self::Refused,
            Reason::OutOfRange | Reason::NotANumber => Self::Value,
            Reason::Undated => Self::Clock,
            Reason::Absent => Self::NoList,
            Reason::Missing | Reason::NotValid | Reason::Asleep => return None,
        })
    }
}

impl Way {
    /// A line that nobody describes is taken for a serial one: there is more to look at.
    fn fits(self, link: Option<&Link>) -> bool {
        let network = matches!(link, Some(Link::Tcp { .. }));
        match self {
            Self::Port => matches!(link, Some(Link::Rtu(_))),
            Self::Serial => !network,
            Self::Server => matches!(link, Some(Link::RtuOverTcp { .. })),
            Self::Network => network,
            Self::Any => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp() -> Link {
        Link::Tcp {
            host: "meter".into(),
            port: 502,
        }
    }

    fn serial(reason: Reason, line: &[Option<Reason>]) -> Option<&'static str> {
        advice(reason, None, line)
    }

    #[test]
    fn a_silent_line_is_told_from_a_silent_device() {
        let silent = Some(Reason::Timeout);
        let advise = |line: &[_]| serial(Reason::Timeout, line);
        assert_eq!(advise(&[silent, silent]), Some("diagnosis-line-silent"));
        assert_eq!(advise(&[silent, None]), Some("diagnosis-device-silent"));
        let network = advice(Reason::Timeout, Some(&tcp()), &[silent, silent]);
        assert_eq!(network, Some("diagnosis-unit-silent"));
    }

    #[test]
    fn a_late_answer_is_no_noise_and_names_the_timeout() {
        let (late, garbled) = (Some(Reason::Late), Some(Reason::Corrupt));
        let advise = |reason, line: &[_]| serial(reason, line);
        assert_eq!(advise(Reason::Late, &[late, late]), Some("diagnosis-late"));
        assert_eq!(
            advise(Reason::Corrupt, &[late, garbled]),
            Some("diagnosis-beside-late")
        );
        for lang in [crate::words::Lang::Id, crate::words::Lang::En] {
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
        let silent = Some(Reason::Timeout);
        let server = Link::RtuOverTcp {
            host: "server".into(),
            port: 4196,
            baud: 9600,
        };
        let advise = |line: &[_]| advice(Reason::Timeout, Some(&server), line);
        assert_eq!(advise(&[silent, silent]), Some("diagnosis-server-silent"));
        assert_eq!(advise(&[silent, None]), Some("diagnosis-device-silent"));
    }

    #[test]
    fn garbled_answers_of_all_are_a_wrong_speed_and_of_one_a_bad_place() {
        let garbled = Some(Reason::Corrupt);
        let advise = |line: &[_]| serial(Reason::Corrupt, line);
        assert_eq!(advise(&[garbled, garbled]), Some("diagnosis-line-garbled"));
        assert_eq!(advise(&[garbled, None]), Some("diagnosis-device-garbled"));
        let mixed = [garbled, Some(Reason::Timeout)];
        assert_eq!(advise(&mixed), Some("diagnosis-line-noisy"));
    }

    #[test]
    fn every_exception_has_its_own_advice() {
        let of = |code| serial(Reason::Refused(code), &[Some(Reason::Refused(code))]);
        assert_eq!(of(1), Some("diagnosis-function"));
        assert_eq!(of(2), Some("diagnosis-register"));
        assert_eq!(of(6), Some("diagnosis-busy"));
        assert_eq!(of(11), Some("diagnosis-behind"));
        assert_eq!(of(4), Some("diagnosis-refused"));
    }

    #[test]
    fn every_reason_but_a_missing_value_has_advice_on_every_way() {
        let line = crate::config::Line {
            port: "/dev/ttyUSB0".into(),
            baud: 9600,
            parity: crate::config::Parity::None,
            stop_bits: 1,
        };
        for link in [None, Some(tcp()), Some(Link::Rtu(line))] {
            for reason in (0..=u8::MAX).filter_map(Reason::from_code) {
                let silent = matches!(reason, Reason::Missing | Reason::NotValid | Reason::Asleep);
                let found = advice(reason, link.as_ref(), &[Some(reason)]);
                assert_eq!(found.is_none(), silent, "{reason:?}");
            }
        }
    }
}

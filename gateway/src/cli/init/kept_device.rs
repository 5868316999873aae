//! [`KeptDevice`]: a found device as it stands in the draft of `pantau init`.

use crate::commissioning::scan::{DeviceLocation, FoundDevice};
use crate::commissioning::scan_engine::{IdentificationResult, ProfileCandidate, ScanLineSettings};
use crate::config::{FactConfidence, Parity};
use crate::status::DeviceIdentity;
use serde::{Deserialize, Serialize};

/// Found device: its place and the profiles that fit it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct KeptDevice {
    place: KeptPlace,
    unit: u8,
    /// Names and kinds of the profiles, the likeliest first.
    profiles: Vec<(String, String)>,
}

/// Place of a found device.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "reached", rename_all = "kebab-case")]
enum KeptPlace {
    Line {
        port: String,
        baud: u32,
        parity: KeptParity,
        stop_bits: u8,
    },
    Network {
        host: String,
        tcp_port: u16,
    },
    Server {
        host: String,
        tcp_port: u16,
    },
}

/// Parity in the draft.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum KeptParity {
    None,
    Even,
    Odd,
}

impl KeptDevice {
    /// Keeps the place and the profiles of a found device.
    pub(super) fn new(found: &FoundDevice) -> Self {
        let place = match &found.place {
            DeviceLocation::Line(port, settings) => KeptPlace::Line {
                port: port.display().to_string(),
                baud: settings.baud,
                parity: match settings.parity {
                    Parity::None => KeptParity::None,
                    Parity::Even => KeptParity::Even,
                    Parity::Odd => KeptParity::Odd,
                },
                stop_bits: settings.stop_bits,
            },
            DeviceLocation::Network(host, tcp_port) => KeptPlace::Network {
                host: host.clone(),
                tcp_port: *tcp_port,
            },
            DeviceLocation::Server(host, tcp_port) => KeptPlace::Server {
                host: host.clone(),
                tcp_port: *tcp_port,
            },
        };
        let candidates = found.verdict.candidates.iter();
        Self {
            place,
            unit: found.unit,
            profiles: candidates
                .map(|one| (one.profile.to_string(), one.kind.to_string()))
                .collect(),
        }
    }

    /// Profiles that fit, the likeliest first: name and kind.
    pub(super) fn profiles(&self) -> &[(String, String)] {
        &self.profiles
    }

    /// The found device with only this profile.
    pub(super) fn with_profile(&self, choice: usize) -> Option<FoundDevice> {
        let (profile, kind) = self.profiles.get(choice)?;
        let mut found = self.to_found();
        found.verdict.candidates = vec![ProfileCandidate {
            profile: profile.as_str().into(),
            kind: kind.as_str().into(),
            bits: 0.0,
            evidence: Vec::new(),
        }];
        Some(found)
    }

    /// The found device without any profile.
    pub(super) fn to_found(&self) -> FoundDevice {
        let place = match &self.place {
            KeptPlace::Line {
                port,
                baud,
                parity,
                stop_bits,
            } => {
                let parity = match parity {
                    KeptParity::None => Parity::None,
                    KeptParity::Even => Parity::Even,
                    KeptParity::Odd => Parity::Odd,
                };
                let settings = ScanLineSettings {
                    baud: *baud,
                    parity,
                    stop_bits: *stop_bits,
                };
                DeviceLocation::Line(port.into(), settings)
            }
            KeptPlace::Network { host, tcp_port } => {
                DeviceLocation::Network(host.clone(), *tcp_port)
            }
            KeptPlace::Server { host, tcp_port } => DeviceLocation::Server(host.clone(), *tcp_port),
        };
        FoundDevice {
            place,
            unit: self.unit,
            verdict: IdentificationResult {
                candidates: Vec::new(),
                confidence: FactConfidence::Low,
                identity: DeviceIdentity::default(),
            },
            configured: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_comes_back_from_the_draft_as_it_was_found() {
        let line = ScanLineSettings {
            baud: 19200,
            parity: Parity::Even,
            stop_bits: 1,
        };
        for place in [
            DeviceLocation::Line("/dev/ttyUSB0".into(), line),
            DeviceLocation::Network("10.0.0.7".into(), 502),
            DeviceLocation::Server("10.0.0.7".into(), 4196),
        ] {
            let device = KeptDevice {
                unit: 7,
                profiles: vec![("xy-md02".into(), "environment".into())],
                place: KeptDevice::new(&FoundDevice {
                    place: place.clone(),
                    unit: 7,
                    verdict: IdentificationResult {
                        candidates: Vec::new(),
                        confidence: FactConfidence::Low,
                        identity: DeviceIdentity::default(),
                    },
                    configured: None,
                })
                .place,
            };
            let text = serde_json::to_string(&device).unwrap();
            let read: KeptDevice = serde_json::from_str(&text).unwrap();
            assert_eq!(read, device);
            let found = read.with_profile(0).unwrap();
            assert_eq!((found.place, found.unit), (place, 7));
            assert!(read.with_profile(1).is_none());
        }
    }
}

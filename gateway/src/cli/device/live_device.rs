//! [`LiveDevice`]: the device whose profile is written, while it is connected.

use super::profile_text::{LinkFacts, toml_string};
use crate::buses::modbus::bus::BusChannel;
use crate::cli::read::tcp_place;
use crate::commissioning::scan::{parity_word, port_error_text};
use crate::config::{Bus, BusLink, ModbusLink, Parity, SerialPortSettings};
use crate::i18n::Language;
use crate::limits::SETTLE_MAX_MS;
use drivers::frame::{ModbusReadFunction, ModbusReadReply, ModbusReadRequest};
use drivers::header_oddities::HeaderOddities;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Times that an answer may take: the second one is tried with a device that is silent.
const TIMEOUTS: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];
/// Quiet time after connecting that is tried with a network device that is silent.
const SETTLE: Duration = Duration::from_millis(SETTLE_MAX_MS);
/// Pause between two requests to an unknown device.
const GAP: Duration = Duration::from_millis(20);
/// Registers of one request of the survey: devices that refuse long reads allow this many.
const SURVEY_COUNT: u16 = 10;
/// Addresses at which the survey reads, in both tables: from 0 on without a gap, then where other
/// makers begin.
const SURVEY_STARTS: &[u16] = &[
    0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 256, 266, 512, 1000, 2000, 3000, 4096,
];
/// Silent requests after which a table is left.
const SILENCES_MAX: usize = 2;

/// Where a device is reached.
#[derive(Clone, Debug)]
pub(super) struct LivePlace {
    /// Serial port or host.
    pub(super) port: String,
    pub(super) unit: u8,
    pub(super) baud: u32,
    pub(super) parity: Parity,
}

/// Answer to a read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LiveAnswer {
    Words(Vec<u16>),
    /// Exception code.
    Refused(u8),
    /// No valid answer, with the reason.
    Silent(String),
}

/// Connected device.
pub(super) struct LiveDevice {
    channel: BusChannel,
    place: LivePlace,
    facts: LinkFacts,
}

impl LiveDevice {
    /// Connects, and looks whether the device answers at all. Error: why it cannot be used, in
    /// words.
    pub(super) async fn connect(place: LivePlace, lang: Language) -> Result<Self, String> {
        let link = match tcp_place(&place.port) {
            None => {
                if let Some(trouble) = port_error_text(Path::new(&place.port), lang) {
                    return Err(trouble);
                }
                ModbusLink::Rtu(SerialPortSettings {
                    port: place.port.clone().into(),
                    baud: place.baud,
                    parity: place.parity,
                    stop_bits: 1,
                })
            }
            Some((host, port)) => ModbusLink::Tcp {
                host: host.to_owned(),
                port,
            },
        };
        let is_network = matches!(link, ModbusLink::Tcp { .. });
        let mut tries: Vec<(Duration, Duration)> = TIMEOUTS
            .iter()
            .map(|timeout| (*timeout, Duration::ZERO))
            .collect();
        if is_network {
            tries.push((TIMEOUTS[0], SETTLE));
        }
        let mut trouble = String::new();
        for (timeout, settle) in tries {
            let bus = Bus {
                id: "device".into(),
                link: BusLink::Modbus(link.clone()),
                timeout,
                retries: 0,
                settle,
                oddities: HeaderOddities::default(),
            };
            let mut device = Self {
                channel: BusChannel::new(&bus),
                place: place.clone(),
                facts: LinkFacts {
                    settle,
                    ..LinkFacts::default()
                },
            };
            match device.probe().await {
                None => {
                    device.read_identity().await;
                    return Ok(device);
                }
                Some(why) => trouble = why,
            }
        }
        let unit = place.unit.to_string();
        let args = [("port", &*place.port), ("unit", &unit), ("why", &trouble)];
        Err(lang.text_with("cli-device-silent", &args))
    }

    /// Why the device does not answer; `None` when it does, with data or with an exception.
    async fn probe(&mut self) -> Option<String> {
        let mut trouble = None;
        for table in ["holding", "input"] {
            match self.read(table, 0, 1).await {
                LiveAnswer::Silent(why) => trouble = Some(why),
                LiveAnswer::Words(_) | LiveAnswer::Refused(_) => return None,
            }
        }
        trouble
    }

    async fn read_identity(&mut self) {
        let said = self.channel.read_identification(self.place.unit, GAP).await;
        let Ok(Ok(objects)) = said else { return };
        let text = |number: u8| {
            let found = objects.iter().find(|(object, _)| *object == number);
            let text = found.map(|(_, text)| text.trim().to_owned());
            text.filter(|text| !text.is_empty())
        };
        (self.facts.vendor, self.facts.product) = (text(0), text(1));
    }

    /// Reads registers of a table (`holding`, `input`).
    pub(super) async fn read(&mut self, table: &str, address: u16, count: u16) -> LiveAnswer {
        let function = match table {
            "input" => ModbusReadFunction::Input,
            _ => ModbusReadFunction::Holding,
        };
        let request = ModbusReadRequest {
            unit: self.place.unit,
            function,
            address,
            count,
        };
        let begun = Instant::now();
        let answer = match self.channel.ask(request, GAP).await {
            Ok(ModbusReadReply::Data(data)) => {
                let pairs = data.chunks_exact(2);
                let words = pairs.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                LiveAnswer::Words(words.collect())
            }
            Ok(ModbusReadReply::Exception(code)) => LiveAnswer::Refused(code),
            Err(failure) => return LiveAnswer::Silent(failure.to_string()),
        };
        self.facts.slowest = self.facts.slowest.max(begun.elapsed());
        answer
    }

    /// Reads the words of a value: four registers, fewer where the device refuses them.
    pub(super) async fn read_value(&mut self, table: &str, address: u16) -> LiveAnswer {
        let mut last = LiveAnswer::Refused(0);
        for count in [4, 2, 1] {
            if address.checked_add(count - 1).is_none() {
                continue;
            }
            last = self.read(table, address, count).await;
            if !matches!(last, LiveAnswer::Refused(_)) {
                return last;
            }
        }
        last
    }

    /// Registers of both tables that answer with something else than 0: table, address, word.
    pub(super) async fn survey(&mut self) -> Vec<(&'static str, u16, u16)> {
        let mut found = Vec::new();
        for table in ["input", "holding"] {
            let mut silences = 0;
            for start in SURVEY_STARTS {
                match self.read(table, *start, SURVEY_COUNT).await {
                    LiveAnswer::Words(words) => {
                        let places = (*start..).map(|address| (table, address));
                        let words = places.zip(words);
                        let filled = words.filter(|(_, word)| *word != 0);
                        found.extend(filled.map(|((table, at), word)| (table, at, word)));
                    }
                    // Of the first block single registers may be there.
                    LiveAnswer::Refused(_) if *start == 0 => {
                        found.extend(self.survey_singles(table).await);
                    }
                    LiveAnswer::Refused(_) => {}
                    LiveAnswer::Silent(_) => silences += 1,
                }
                if silences >= SILENCES_MAX {
                    break;
                }
            }
        }
        found
    }

    async fn survey_singles(&mut self, table: &'static str) -> Vec<(&'static str, u16, u16)> {
        let mut found = Vec::new();
        for address in 0..SURVEY_COUNT {
            if let LiveAnswer::Words(words) = self.read(table, address, 1).await {
                let filled = words.into_iter().filter(|word| *word != 0);
                found.extend(filled.map(|word| (table, address, word)));
            }
        }
        found
    }

    /// Facts of the link so far.
    pub(super) fn facts(&self) -> LinkFacts {
        let place = &self.place;
        let settings = match tcp_place(&place.port) {
            None => format!(
                "baud = {}\nparity = {}\nunit = {}\n",
                place.baud,
                toml_string(parity_word(place.parity)),
                place.unit
            ),
            Some((_, port)) => format!("tcp_port = {port}\nunit = {}\n", place.unit),
        };
        LinkFacts {
            settings,
            ..self.facts.clone()
        }
    }
}

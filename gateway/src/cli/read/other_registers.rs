//! Registers that a device answers in place of one that it refuses: the other table, the address
//! before, and the numbers of manuals (30001, 40001).

use super::point_text::point_reads;
use crate::bus_request::BusRequest;
use crate::buses::AdhocReading;
use crate::buses::modbus::bus::BusChannel;
use crate::buses::modbus::decode;
use crate::config::{Config, Device, ModbusPoint, ModbusTable, Point, PointAccess};
use crate::domain::hex_text::hex_words;
use crate::domain::{ExactNumber, QualityReason, SampleOutcome};
use crate::i18n::Language;
use drivers::frame::{ModbusReadFunction, ModbusReadReply, ModbusReadRequest};
use serde_json::{Value, json};
use std::fmt::Write as _;
use tokio::sync::mpsc;

/// Where the numbers of manuals begin: that of the first input register, and of the first holding
/// register.
const INPUT_NUMBERS: u16 = 30_001;
const HOLDING_NUMBERS: u16 = 40_001;

/// A refused register, and others that were tried for it.
#[derive(Debug, Default)]
pub(super) struct OtherRegisters {
    /// The refused register; empty when none was refused.
    refused: String,
    unit: String,
    answering: Vec<AnsweringRegister>,
    /// Registers that were refused as well.
    silent: Vec<String>,
}

/// Register that the device answers.
#[derive(Debug)]
struct AnsweringRegister {
    register: String,
    words: Vec<u16>,
    /// Value as the refused point would have it.
    value: Option<ExactNumber>,
}

/// Tries other registers for the first one that the device has refused.
pub(super) async fn find_other_registers(
    config: &Config,
    index: usize,
    once: &AdhocReading,
    owner: Option<mpsc::Sender<BusRequest>>,
) -> OtherRegisters {
    let device = &config.devices[index];
    let refused = point_reads(device, once).find_map(|(place, outcome, _)| {
        let reason = outcome?.reason()?;
        let access = place?.modbus()?;
        matches!(reason, QualityReason::Refused(1..=3)).then_some((place?, access))
    });
    // The addresses of a SunSpec device are its own.
    let Some((point, access)) = refused.filter(|_| device.sunspec.is_none()) else {
        return OtherRegisters::default();
    };
    let mut found = OtherRegisters {
        refused: access.register_text(),
        unit: point.unit.to_string(),
        ..OtherRegisters::default()
    };
    let mut channel = BusChannel::with_owner(&config.buses[device.bus], owner);
    channel.set_timeout(device.limits.timeout);
    for (table, address) in likely_places(access.table, access.address) {
        let other = ModbusPoint {
            words: access.words,
            ..ModbusPoint::new(table, address, access.encoding)
        };
        let register = other.register_text();
        let reply = channel
            .ask(read_request(device, &other), device.limits.gap)
            .await;
        match reply {
            Ok(ModbusReadReply::Data(data)) => {
                let words = data_words(table, data);
                let point = Point {
                    access: PointAccess::Modbus(other),
                    ..point.clone()
                };
                let outcome = decode::decode_point(&point, &words, &[]);
                found.answering.push(AnsweringRegister {
                    register,
                    words,
                    value: SampleOutcome::number(&outcome),
                });
            }
            Ok(ModbusReadReply::Exception(_)) => found.silent.push(register),
            // A line that has become silent is not asked further.
            Err(_) => break,
        }
    }
    found
}

/// Other places of a register that is refused at this one, the likeliest first.
fn likely_places(table: ModbusTable, address: u16) -> Vec<(ModbusTable, u16)> {
    let (other, number, other_number) = match table {
        ModbusTable::Holding => (ModbusTable::Input, HOLDING_NUMBERS, INPUT_NUMBERS),
        ModbusTable::Input => (ModbusTable::Holding, INPUT_NUMBERS, HOLDING_NUMBERS),
        ModbusTable::Coil => (ModbusTable::Discrete, 1, 10_001),
        ModbusTable::Discrete => (ModbusTable::Coil, 10_001, 1),
    };
    let before = address.checked_sub(1);
    let mut places = vec![(other, Some(address)), (table, before), (other, before)];
    for (table, first) in [(table, number), (other, other_number)] {
        // A number of a manual as address, and an address that has the number of the manual.
        places.push((table, address.checked_sub(first)));
        places.push((table, address.checked_sub(first - 1)));
        if address < 10_000 {
            places.push((table, address.checked_add(first - 1)));
            places.push((table, address.checked_add(first)));
        }
    }
    let mut all: Vec<(ModbusTable, u16)> = Vec::new();
    for (table_at, at) in places {
        let place = at.map(|at| (table_at, at));
        let is_new =
            |place: &(ModbusTable, u16)| *place != (table, address) && !all.contains(place);
        all.extend(place.filter(is_new));
    }
    all
}

fn read_request(device: &Device, point: &ModbusPoint) -> ModbusReadRequest {
    let function = match point.table {
        ModbusTable::Coil => ModbusReadFunction::Coils,
        ModbusTable::Discrete => ModbusReadFunction::DiscreteInputs,
        ModbusTable::Holding => ModbusReadFunction::Holding,
        ModbusTable::Input => ModbusReadFunction::Input,
    };
    ModbusReadRequest {
        unit: device.unit,
        function,
        address: point.address,
        count: point.encoding.registers().max(1),
    }
}

fn data_words(table: ModbusTable, data: &[u8]) -> Vec<u16> {
    match table {
        ModbusTable::Coil | ModbusTable::Discrete => data
            .iter()
            .take(1)
            .map(|bits| u16::from(bits & 1))
            .collect(),
        ModbusTable::Holding | ModbusTable::Input => data
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect(),
    }
}

impl OtherRegisters {
    /// Lines about the registers that answer; empty when none was refused.
    pub(super) fn text(&self, lang: Language) -> String {
        if self.refused.is_empty() {
            return String::new();
        }
        if self.answering.is_empty() {
            let tried = self.silent.join(", ");
            let args = [("refused", self.refused.as_str()), ("tried", &tried)];
            return lang.text_with("cli-read-no-others", &args) + "\n";
        }
        let args = [("refused", self.refused.as_str())];
        let mut text = lang.text_with("cli-read-others", &args) + "\n";
        for one in &self.answering {
            let value = one
                .value
                .map_or_else(|| "-".to_owned(), ExactNumber::short_digits);
            let value = lang.locale().plain_digits(&value);
            let line = format!("{value} {}", self.unit);
            let (line, words) = (line.trim_end(), hex_words(&one.words));
            let _ = writeln!(text, "  {:<14} {line:>14}  {words}", one.register);
        }
        text
    }

    /// The same for scripts.
    pub(super) fn to_json(&self) -> Vec<Value> {
        let one = |one: &AnsweringRegister| {
            json!({
                "register": one.register,
                "words": one.words,
                "value": one.value.map(ExactNumber::to_f64),
            })
        };
        self.answering.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_manual_and_the_other_table_are_tried() {
        use ModbusTable::{Holding, Input};
        let places = likely_places(Holding, 40_002);
        assert_eq!(places[0], (Input, 40_002));
        assert!(places.contains(&(Holding, 1)) && places.contains(&(Input, 10_001)));
        let places = likely_places(Input, 5);
        assert_eq!(places[..3], [(Holding, 5), (Input, 4), (Holding, 4)]);
        assert!(places.contains(&(Input, 30_005)) && places.contains(&(Holding, 40_006)));
        let first = likely_places(Holding, 0);
        assert!(!first.contains(&(Holding, 0)), "{first:?}");
    }
}

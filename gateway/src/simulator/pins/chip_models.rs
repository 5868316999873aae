//! [`SimulatedChips`]: register models of the sensor chips on one I2C bus.

use super::pin_point::{SimulatedPinPoint, input_volts};
use crate::config::{ChipSignal, SensorChip};
use crate::simulator::plant::PlantSnapshot;
use drivers::ads1115::{Ads1115Input, Ads1115Range};
use drivers::ds3231::Ds3231Time;
use drivers::sht::crc8_sensirion;
use std::collections::BTreeMap;

/// Configuration of a converter after power-on.
const CONVERTER_AT_START: u16 = 0x0583;
/// Limits of its comparator after power-on.
const CONVERTER_LIMITS: [u16; 2] = [0x8000, 0x7fff];
/// Bit of its configuration: no conversion is going on.
const CONVERTER_READY: u16 = 1 << 15;

/// Chips of a bus by address.
#[derive(Debug, Default)]
pub(super) struct SimulatedChips(BTreeMap<u8, ChipModel>);

/// One chip: its points, and what was last written to it.
#[derive(Debug)]
struct ChipModel {
    kind: SensorChip,
    points: Vec<SimulatedPinPoint>,
    /// Selected register, or the last command.
    pointer: u8,
    /// Configuration of a converter.
    config: u16,
}

impl SimulatedChips {
    /// The chips of these points.
    pub(super) fn new(points: Vec<SimulatedPinPoint>) -> Self {
        let mut chips: BTreeMap<u8, ChipModel> = BTreeMap::new();
        for point in points {
            let Some((address, kind)) = point
                .chip()
                .and_then(|access| Some((access.address, access.chip?)))
            else {
                continue;
            };
            let chip = chips.entry(address).or_insert_with(|| ChipModel {
                kind,
                points: Vec::new(),
                pointer: 0,
                config: CONVERTER_AT_START,
            });
            chip.points.push(point);
        }
        Self(chips)
    }

    /// Writes bytes; `None` when nobody acknowledges them.
    pub(super) fn write(&mut self, address: u8, bytes: &[u8]) -> Option<()> {
        self.0.get_mut(&address)?.write(bytes);
        Some(())
    }

    /// Reads bytes; `None` when nobody acknowledges.
    pub(super) fn read(
        &mut self,
        address: u8,
        count: usize,
        now: &PlantSnapshot,
    ) -> Option<Vec<u8>> {
        let mut bytes = self.0.get_mut(&address)?.read(now)?;
        bytes.resize(count, 0xff);
        Some(bytes)
    }
}

impl ChipModel {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first() {
            self.pointer = *first;
        }
        if let (SensorChip::Ads1115, [1, high, low]) = (self.kind, bytes) {
            // A conversion is finished at once.
            self.config = u16::from_be_bytes([*high, *low]) & !CONVERTER_READY;
        }
    }

    /// Bytes from the selected register on, or the answer to the last command.
    fn read(&mut self, now: &PlantSnapshot) -> Option<Vec<u8>> {
        let word = |signal| self.word(signal, now);
        match self.kind {
            SensorChip::Ads1115 => Some(self.converter_word(now).to_be_bytes().into()),
            SensorChip::Sht3x => {
                let answer = match self.pointer {
                    // Measurements without a held clock line.
                    0x24 => [word(ChipSignal::Temperature), word(ChipSignal::Humidity)],
                    0x36 => [0x5349, 0x4d31],
                    0xf3 => [0; 2],
                    _ => return None,
                };
                // A measurement is read once.
                self.pointer = 0;
                Some(answer.iter().flat_map(|one| with_crc(0xff, *one)).collect())
            }
            SensorChip::Sht2x => match self.pointer {
                0xf3 => Some(with_crc(0, word(ChipSignal::Temperature)).into()),
                // The second lowest bit marks a humidity.
                0xf5 => Some(with_crc(0, word(ChipSignal::Humidity) | 0b10).into()),
                0xe7 => Some(vec![0x02]),
                _ => None,
            },
            SensorChip::Ds3231 => {
                let registers = clock_registers(now, word(ChipSignal::Temperature));
                registers
                    .get(usize::from(self.pointer)..)
                    .map(<[u8]>::to_vec)
            }
            SensorChip::Ds18b20 | SensorChip::A02yyuw => None,
        }
    }

    /// Number of the chip for what it measures; that of 0 when no point asks for it.
    fn word(&self, signal: ChipSignal, now: &PlantSnapshot) -> u16 {
        let mut points = self.points.iter();
        let point = points.find(|point| point.chip().is_some_and(|chip| chip.signal == signal));
        point.map_or(0, |point| point.word(now))
    }

    fn converter_word(&self, now: &PlantSnapshot) -> u16 {
        match self.pointer & 3 {
            0 => self.conversion(now).cast_unsigned(),
            1 => self.config | CONVERTER_READY,
            limit => CONVERTER_LIMITS[usize::from(limit & 1)],
        }
    }

    /// Result of a conversion in the selected range.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a voltage beyond the range becomes the last number in it"
    )]
    fn conversion(&self, now: &PlantSnapshot) -> i16 {
        let input = self.config >> 12 & 7;
        let range = RANGES[usize::from(self.config >> 9 & 7)];
        let is_selected = |signal| matches!(signal, ChipSignal::Voltage(of) if is_input(of, input));
        let mut points = self.points.iter();
        let found = points.find_map(|point| {
            let chip = point.chip().filter(|chip| is_selected(chip.signal))?;
            Some(input_volts(chip.meaning, point.unscaled(now)))
        });
        (found.unwrap_or(0.0) / range.full_scale_volts() * 32768.0).round() as i16
    }
}

/// Ranges of a converter by their number; the last three are one.
const RANGES: [Ads1115Range; 8] = [
    Ads1115Range::Volts6_144,
    Ads1115Range::Volts4_096,
    Ads1115Range::Volts2_048,
    Ads1115Range::Volts1_024,
    Ads1115Range::Volts0_512,
    Ads1115Range::Volts0_256,
    Ads1115Range::Volts0_256,
    Ads1115Range::Volts0_256,
];

fn is_input(input: Ads1115Input, number: u16) -> bool {
    input as u16 == number
}

fn with_crc(initial: u8, word: u16) -> [u8; 3] {
    let [high, low] = word.to_be_bytes();
    [high, low, crc8_sensirion(initial, &[high, low])]
}

/// Registers 0x00 to 0x12 of a clock.
fn clock_registers(now: &PlantSnapshot, celsius: u16) -> [u8; 0x13] {
    let mut registers = [0; 0x13];
    let time = Ds3231Time::from_unix_seconds(now.at.0.div_euclid(1000));
    if let Some(digits) = time.and_then(Ds3231Time::to_registers) {
        registers[..7].copy_from_slice(&digits);
    }
    registers[0x11..].copy_from_slice(&celsius.to_be_bytes());
    registers
}

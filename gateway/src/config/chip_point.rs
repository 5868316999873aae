//! [`ChipPoint`]: the value that a sensor chip on I2C, 1-Wire or a UART gives, and the links of
//! these buses; and their checks.

use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawInteger, RawNumber, RawNumbers, RawText};
use crate::config::{BusLinkSummary, LinearScale, SerialPortSettings};
use crate::domain::ExactNumber;
use drivers::ads1115::{ADS1115_ADDRESS, Ads1115Input, Ads1115Range, Ads1115Sample};
use drivers::current_loop::CurrentLoop;
use drivers::ds18b20::{Ds18b20Reading, Ds18b20Resolution};
use drivers::ds3231::DS3231_ADDRESS;
use drivers::one_wire::RomCode;
use drivers::sht::{SHT2X_ADDRESS, SHT3X_ADDRESS};
use drivers::voltage_divider::VoltageDivider;
use std::ops::Range;
use std::path::PathBuf;

/// I2C bus of the pins 3 and 5 of a Raspberry Pi.
const DEFAULT_I2C_PORT: &str = "/dev/i2c-1";
/// Folder in which the kernel shows the devices of all 1-Wire buses.
const DEFAULT_ONE_WIRE_FOLDER: &str = "/sys/bus/w1/devices";

/// I2C bus of the kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct I2cLink {
    /// Device path, `/dev/i2c-1` by default.
    pub port: PathBuf,
}

/// 1-Wire buses of the kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct OneWireLink {
    /// Folder with a folder for each device.
    pub folder: PathBuf,
}

/// Serial port with one sensor that sends by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct UartLink(
    /// Port and speed.
    pub SerialPortSettings,
);

/// Kinds of sensor chips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorChip {
    /// Analog-to-digital converter on I2C.
    Ads1115,
    /// Temperature and humidity on I2C, of the second generation.
    Sht2x,
    /// Temperature and humidity on I2C, of the third generation.
    Sht3x,
    /// Clock on I2C, with a thermometer.
    Ds3231,
    /// Temperature on 1-Wire.
    Ds18b20,
    /// Ultrasonic distance on a UART.
    A02yyuw,
}

/// Value that a chip measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChipSignal {
    /// Temperature, degC.
    Temperature,
    /// Relative humidity, %.
    Humidity,
    /// Distance, mm.
    Distance,
    /// Voltage at an input, V.
    Voltage(Ads1115Input),
}

/// Value of a chip that a point has.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipPoint {
    /// Value that is measured.
    pub signal: ChipSignal,
    /// Kind of chip; `None` until the device or its profile names it.
    pub chip: Option<SensorChip>,
    /// I2C address.
    pub address: u8,
    /// Serial number of a 1-Wire device.
    pub serial: Option<RomCode>,
    /// Meaning of the voltage at an input.
    pub meaning: VoltageMeaning,
}

/// Meaning of the voltage at an input of a converter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum VoltageMeaning {
    /// The voltage itself, V.
    Voltage,
    /// The voltage before a divider, V.
    Divided(VoltageDivider),
    /// The value of a probe with 4 to 20 mA over a shunt.
    Loop(CurrentLoop),
}

/// Inputs of a converter by their words.
const INPUT_WORDS: [(&str, Ads1115Input); 8] = [
    ("a0", Ads1115Input::A0),
    ("a1", Ads1115Input::A1),
    ("a2", Ads1115Input::A2),
    ("a3", Ads1115Input::A3),
    ("a0-a1", Ads1115Input::A0MinusA1),
    ("a0-a3", Ads1115Input::A0MinusA3),
    ("a1-a3", Ads1115Input::A1MinusA3),
    ("a2-a3", Ads1115Input::A2MinusA3),
];

impl SensorChip {
    /// All kinds of chips.
    pub const ALL: [Self; 6] = [
        Self::Ads1115,
        Self::Sht2x,
        Self::Sht3x,
        Self::Ds3231,
        Self::Ds18b20,
        Self::A02yyuw,
    ];

    /// Word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ads1115 => "ads1115",
            Self::Sht2x => "sht2x",
            Self::Sht3x => "sht3x",
            Self::Ds3231 => "ds3231",
            Self::Ds18b20 => "ds18b20",
            Self::A02yyuw => "a02yyuw",
        }
    }

    /// Word of the kind of bus on which the chip is.
    pub fn bus_word(self) -> &'static str {
        match self {
            Self::Ads1115 | Self::Sht2x | Self::Sht3x | Self::Ds3231 => "i2c",
            Self::Ds18b20 => "one-wire",
            Self::A02yyuw => "uart",
        }
    }

    /// First and last address that the chip can have on I2C; the first is the usual one.
    fn addresses(self) -> (u8, u8) {
        match self {
            Self::Ads1115 => (ADS1115_ADDRESS, ADS1115_ADDRESS + 3),
            Self::Sht3x => (SHT3X_ADDRESS, SHT3X_ADDRESS + 1),
            Self::Sht2x => (SHT2X_ADDRESS, SHT2X_ADDRESS),
            Self::Ds3231 => (DS3231_ADDRESS, DS3231_ADDRESS),
            Self::Ds18b20 | Self::A02yyuw => (0, 0),
        }
    }

    /// Kinds of chips on I2C with each of their addresses, ascending.
    pub fn i2c_addresses() -> impl Iterator<Item = (Self, u8)> {
        let chips = [Self::Sht2x, Self::Sht3x, Self::Ads1115, Self::Ds3231];
        chips.into_iter().flat_map(|chip| {
            let (first, last) = chip.addresses();
            (first..=last).map(move |address| (chip, address))
        })
    }

    /// Whether the chip measures this.
    fn measures(self, signal: ChipSignal) -> bool {
        match signal {
            ChipSignal::Temperature => !matches!(self, Self::Ads1115 | Self::A02yyuw),
            ChipSignal::Humidity => matches!(self, Self::Sht2x | Self::Sht3x),
            ChipSignal::Distance => self == Self::A02yyuw,
            ChipSignal::Voltage(_) => self == Self::Ads1115,
        }
    }
}

impl ChipSignal {
    /// Words of all signals.
    pub fn words() -> impl Iterator<Item = &'static str> {
        let inputs = INPUT_WORDS.iter().map(|(word, _)| *word);
        ["temperature", "humidity", "distance"]
            .into_iter()
            .chain(inputs)
    }

    /// Signal of this word; `None` for another word.
    pub fn from_word(word: &str) -> Option<Self> {
        let input = INPUT_WORDS.iter().find(|(input, _)| *input == word);
        match word {
            "temperature" => Some(Self::Temperature),
            "humidity" => Some(Self::Humidity),
            "distance" => Some(Self::Distance),
            _ => input.map(|(_, input)| Self::Voltage(*input)),
        }
    }
}

impl VoltageMeaning {
    /// Greatest voltage that the converter has to hold; 4.096 V where it is not known.
    pub fn range(self) -> Ads1115Range {
        let most = match self {
            // 22 mA, so that a short circuit is still seen as one.
            Self::Loop(circuit) => 22.0 / circuit.milliamps(1.0),
            Self::Voltage | Self::Divided(_) => self.sound_volts(),
        };
        Ads1115Range::that_holds(most).unwrap_or(Ads1115Range::Volts6_144)
    }

    /// Greatest voltage at the input while the circuit is sound; 4 V where it is not known.
    pub fn sound_volts(self) -> f64 {
        match self {
            Self::Loop(circuit) => 20.0 / circuit.milliamps(1.0),
            Self::Voltage | Self::Divided(_) => 4.0,
        }
    }

    /// Value of a voltage.
    pub fn value(self, volts: f64) -> Result<f64, drivers::sensor_fault::SensorFault> {
        match self {
            Self::Voltage => Ok(volts),
            Self::Divided(divider) => Ok(divider.source_volts(volts)),
            Self::Loop(circuit) => circuit.value_from_volts(volts),
        }
    }
}

impl ChipPoint {
    /// Value of the raw number of the chip, as in a capture; `None` when it has none.
    pub(crate) fn scale_raw(&self, raw: u16, scale: LinearScale) -> Option<ExactNumber> {
        let value = match (self.chip?, self.signal) {
            (SensorChip::Ads1115, _) => {
                let range = self.meaning.range();
                let code = raw.cast_signed();
                let volts = Ads1115Sample { code, range }.volts().ok()?;
                self.meaning.value(volts).ok()?
            }
            (SensorChip::Sht2x, ChipSignal::Humidity) => drivers::sht::sht2x_humidity(raw),
            (SensorChip::Sht2x, _) => drivers::sht::sht2x_celsius(raw),
            (SensorChip::Sht3x, ChipSignal::Humidity) => drivers::sht::sht3x_humidity(raw),
            (SensorChip::Sht3x, _) => drivers::sht::sht3x_celsius(raw),
            (SensorChip::Ds3231, _) => drivers::ds3231::ds3231_celsius(raw.to_be_bytes()),
            (SensorChip::Ds18b20, _) => {
                let finest = Ds18b20Resolution::Bits12;
                Ds18b20Reading::from_word(raw.cast_signed(), finest)
                    .ok()?
                    .celsius()
            }
            (SensorChip::A02yyuw, _) => f64::from(raw),
        };
        scale.scale_float(value, 0)
    }
}

/// Description of a link for tables and texts.
pub(crate) fn link_summary(
    kind: &'static str,
    name: &'static str,
    address: &std::path::Path,
) -> BusLinkSummary {
    BusLinkSummary {
        kind,
        name,
        address: address.display().to_string(),
        baud: None,
        format: None,
    }
}

/// Checks the keys of an I2C bus.
pub(crate) fn check_i2c_link(port: &RawText) -> I2cLink {
    I2cLink {
        port: path_or(port, DEFAULT_I2C_PORT),
    }
}

/// Checks the keys of a 1-Wire bus.
pub(crate) fn check_one_wire_link(port: &RawText) -> OneWireLink {
    OneWireLink {
        folder: path_or(port, DEFAULT_ONE_WIRE_FOLDER),
    }
}

fn path_or(typed: &RawText, default: &str) -> PathBuf {
    PathBuf::from(typed.as_ref().map_or(default, |at| at.get()))
}

/// Keys of a point that say what the voltage at an input means, as typed.
pub(crate) struct VoltageKeys<'a> {
    /// `loop_values`.
    pub(crate) loop_values: &'a RawNumbers,
    /// `shunt_ohm`.
    pub(crate) shunt_ohm: &'a RawNumber,
    /// `divider_ohm`.
    pub(crate) divider_ohm: &'a RawNumbers,
}

/// Keys of a device that say which chip it is, as typed.
pub(crate) struct ChipDeviceKeys<'a> {
    /// Place of the device.
    pub(crate) span: Range<usize>,
    /// `chip`.
    pub(crate) chip: &'a RawText,
    /// `address`.
    pub(crate) address: &'a RawInteger,
    /// `serial`.
    pub(crate) serial: &'a RawText,
}

/// Checks the keys of a point that a chip gives.
pub(crate) fn check_chip_point(
    notes: &mut DiagnosticCollector<'_>,
    keys: &VoltageKeys<'_>,
    signal: ChipSignal,
) -> ChipPoint {
    ChipPoint {
        signal,
        chip: None,
        address: 0,
        serial: None,
        meaning: check_meaning(notes, keys),
    }
}

fn check_meaning(notes: &mut DiagnosticCollector<'_>, keys: &VoltageKeys<'_>) -> VoltageMeaning {
    if let Some(ends) = pair_of_numbers(notes, keys.loop_values, "loop_values") {
        let shunt = notes.positive_number(keys.shunt_ohm, "shunt_ohm");
        let circuit = CurrentLoop::new(shunt.unwrap_or(150.0), ends.0, ends.1);
        if let Some(circuit) = circuit {
            return VoltageMeaning::Loop(circuit);
        }
        report_pair(notes, keys.loop_values, "loop_values");
    }
    if let Some((upper, lower)) = pair_of_numbers(notes, keys.divider_ohm, "divider_ohm") {
        if let Some(divider) = VoltageDivider::new(upper, lower) {
            return VoltageMeaning::Divided(divider);
        }
        report_pair(notes, keys.divider_ohm, "divider_ohm");
    }
    VoltageMeaning::Voltage
}

fn pair_of_numbers(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawNumbers,
    key: &str,
) -> Option<(f64, f64)> {
    if let [first, second] = typed.as_ref()?.get().as_slice() {
        return Some((*first, *second));
    }
    report_pair(notes, typed, key);
    None
}

fn report_pair(notes: &mut DiagnosticCollector<'_>, typed: &RawNumbers, key: &str) {
    if let Some(at) = typed {
        let found = format!("{:?}", at.get());
        notes.add_error(
            at.span(),
            key,
            "fault-value",
            &found,
            "fault-expect-two-numbers",
        );
    }
}

/// Reads the word of a chip.
pub(crate) fn check_chip_word(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
) -> Option<SensorChip> {
    let at = typed.as_ref()?;
    let chip = SensorChip::ALL
        .into_iter()
        .find(|chip| chip.word() == at.get());
    if chip.is_none() {
        let words = SensorChip::ALL.map(SensorChip::word);
        let (hint, all) = (nearest_name(at.get(), words), words.join(", "));
        notes.add_error_with_hint(at.span(), "chip", "fault-word", at.get(), &all, hint);
    }
    chip
}

/// Gives a point the chip, the address and the serial number of its device.
pub(crate) fn complete_chip_point(
    notes: &mut DiagnosticCollector<'_>,
    keys: &ChipDeviceKeys<'_>,
    point: &mut ChipPoint,
) {
    point.chip = check_chip_word(notes, keys.chip).or(point.chip);
    let Some(chip) = point.chip else {
        // A word that is none was reported already.
        if keys.chip.is_none() {
            notes.add_error(keys.span.clone(), "chip", "fault-missing", "", "");
        }
        return;
    };
    if !chip.measures(point.signal) {
        notes.add_error(
            keys.span.clone(),
            "chip",
            "fault-chip-signal",
            chip.word(),
            "",
        );
    }
    let (first, last) = chip.addresses();
    let range = i64::from(first)..=i64::from(last);
    let address = notes.integer_in_range(keys.address, "address", range);
    point.address = address.unwrap_or(first);
    let expected = "fault-expect-serial";
    point.serial = notes.parsed_text(keys.serial, "serial", RomCode::from_linux_name, expected);
    if chip == SensorChip::Ds18b20 && keys.serial.is_none() {
        notes.add_error(keys.span.clone(), "serial", "fault-missing", "", "");
    }
}

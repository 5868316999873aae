//! Thermometer DS18B20 on a 1-Wire bus: its answer as a temperature ([`Ds18b20Reading`]), and the
//! commands for a bus on a pin.
//!
//! Source: Maxim (Analog Devices) DS18B20 data sheet 19-7487 revision 6, table 1 (temperature),
//! figures 9 and 10 (scratchpad, configuration), table 2 (resolution), table 3 (commands).
//!
//! A conversion is started, then read after its time. On a Raspberry Pi the kernel exchanges the
//! bytes; [`scratchpad_from_w1_slave`] finds them in its text, and [`check_celsius`] takes the
//! number of `temperature`.

use crate::crc::crc8_one_wire;
use crate::measuring_range::MeasuringRange;
use crate::one_wire::{OneWireMaster, RomCode};
use crate::sensor_fault::SensorFault;
use core::time::Duration;
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};

/// Family of the DS18B20 in its serial number.
pub const DS18B20_FAMILY: u8 = 0x28;

/// 85 degC in sixteenths: the value of a sensor that has not measured since it got power.
const POWER_ON_SIXTEENTHS: i16 = 0x0550;

const CONVERT: u8 = 0x44;
const READ_SCRATCHPAD: u8 = 0xbe;
const WRITE_SCRATCHPAD: u8 = 0x4e;
const READ_POWER_SUPPLY: u8 = 0xb4;

/// Resolution of a sensor: the finer, the longer a conversion takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ds18b20Resolution {
    /// 0.5 degC, 94 ms.
    Bits9 = 0,
    /// 0.25 degC, 188 ms.
    Bits10 = 1,
    /// 0.125 degC, 375 ms.
    Bits11 = 2,
    /// 0.0625 degC, 750 ms; set in the factory.
    Bits12 = 3,
}

/// Temperature that a sensor measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ds18b20Reading {
    /// Temperature, sixteenths of a degC.
    pub sixteenths: i16,
    /// Resolution with which it was measured.
    pub resolution: Ds18b20Resolution,
}

impl Ds18b20Resolution {
    /// Returns the longest time of a conversion.
    pub fn conversion_time(self) -> Duration {
        // Table 2: 93.75 ms with 9 bits, and twice as long for each further bit.
        Duration::from_micros(93_750 << self as u8)
    }

    /// Returns the resolution in the configuration byte of a scratchpad.
    fn from_config(config: u8) -> Self {
        match config >> 5 & 0b11 {
            0 => Self::Bits9,
            1 => Self::Bits10,
            2 => Self::Bits11,
            _ => Self::Bits12,
        }
    }

    /// Returns the configuration byte.
    fn config(self) -> u8 {
        // Figure 10: the five lowest bits always read as ones; a write does not change them.
        (self as u8) << 5 | 0b1_1111
    }
}

impl Ds18b20Reading {
    /// Decodes the nine bytes of a scratchpad.
    ///
    /// `Absent`: all ones, no device pulls the line. `BusFault`: all zeros, something holds it low.
    /// `PowerOnValue`: exactly 85 degC, which a sensor has until its first conversion; without
    /// enough current for a conversion it never has another one.
    pub fn from_scratchpad(bytes: &[u8; 9]) -> Result<Self, SensorFault> {
        check_scratchpad(bytes)?;
        let resolution = Ds18b20Resolution::from_config(bytes[4]);
        Self::from_word(i16::from_le_bytes([bytes[0], bytes[1]]), resolution)
    }

    /// Decodes the temperature word of a scratchpad, sixteenths of a degC.
    pub fn from_word(word: i16, resolution: Ds18b20Resolution) -> Result<Self, SensorFault> {
        if word == POWER_ON_SIXTEENTHS {
            return Err(SensorFault::PowerOnValue);
        }
        // With less than 12 bits the lowest ones are undefined.
        let sixteenths = word & (-1 << (3 - resolution as u8));
        match sixteenths {
            // -55 and 125 degC, the range of the sensor, in sixteenths.
            ..-880 => Err(SensorFault::BelowRange),
            2001.. => Err(SensorFault::AboveRange),
            _ => Ok(Self {
                sixteenths,
                resolution,
            }),
        }
    }

    /// Returns the temperature, degC.
    pub fn celsius(self) -> f64 {
        f64::from(self.sixteenths) / 16.0
    }
}

/// Returns the scratchpad of a sensor that has measured this word, sixteenths of a degC, with 12
/// bits; for a simulated one.
pub fn scratchpad_of_word(word: i16) -> [u8; 9] {
    let [low, high] = word.to_le_bytes();
    let config = Ds18b20Resolution::Bits12.config();
    let mut bytes = [low, high, 0x4b, 0x46, config, 0xff, 0x0c, 0x10, 0];
    bytes[8] = crc8_one_wire(&bytes[..8]);
    bytes
}

/// Reads the nine bytes in the text of Linux's `w1_slave`, such as
/// `50 05 4b 46 7f ff 0c 10 1c : crc=1c YES`; `None` if it does not begin with nine bytes. The `t=`
/// behind them is not to be used: after a damaged answer it is the value before.
pub fn scratchpad_from_w1_slave(text: &str) -> Option<[u8; 9]> {
    let mut words = text.split_ascii_whitespace();
    let mut bytes = [0; 9];
    for byte in &mut bytes {
        // Not for `from_str_radix` to judge: it takes a sign too.
        let is_byte =
            |word: &&str| word.len() == 2 && word.bytes().all(|digit| digit.is_ascii_hexdigit());
        let word = words.next().filter(is_byte)?;
        *byte = u8::from_str_radix(word, 16).ok()?;
    }
    (words.next() == Some(":")).then_some(bytes)
}

/// Checks that the bytes are whole, whatever they say.
fn check_scratchpad(bytes: &[u8; 9]) -> Result<(), SensorFault> {
    // Zeros have the checksum 0, so both dead lines are looked for first.
    if *bytes == [0; 9] {
        Err(SensorFault::BusFault)
    } else if *bytes == [0xff; 9] {
        Err(SensorFault::Absent)
    } else if crc8_one_wire(bytes) != 0 {
        Err(SensorFault::Checksum)
    } else {
        Ok(())
    }
}

/// Returns a temperature that something else has decoded, if it can be a measurement: -127 is the
/// mark of the Arduino library for an absent sensor, 85 the value after power-on.
pub fn check_celsius(celsius: f64) -> Result<f64, SensorFault> {
    // Both are written as whole numbers; a measurement is a sixteenth away at the least.
    let is_about = |mark: f64| (celsius - mark).abs() < 0.01;
    if is_about(-127.0) {
        return Err(SensorFault::Absent);
    }
    if is_about(85.0) {
        return Err(SensorFault::PowerOnValue);
    }
    match MeasuringRange::new(-55.0, 125.0) {
        Some(range) => range.check(celsius),
        None => Ok(celsius),
    }
}

/// Starts a conversion in one sensor, or in all sensors of a bus at once; returns the longest time
/// that it takes. A sensor set to a coarser resolution is ready earlier:
/// [`Ds18b20Resolution::conversion_time`].
pub fn start_conversion<P: InputPin + OutputPin, D: DelayNs>(
    wire: &mut OneWireMaster<P, D>,
    sensor: Option<RomCode>,
) -> Result<Duration, SensorFault> {
    wire.select(sensor)?;
    wire.write_byte(CONVERT)?;
    // The resolution of each sensor is not known here; the longest time is right for all.
    Ok(Ds18b20Resolution::Bits12.conversion_time())
}

/// Returns true when no sensor of the last started conversion is busy any more. Nothing else may
/// have been sent in between, and the sensors need a supply wire of their own.
pub fn is_conversion_finished<P: InputPin + OutputPin, D: DelayNs>(
    wire: &mut OneWireMaster<P, D>,
) -> Result<bool, SensorFault> {
    wire.read_bit()
}

/// Reads the temperature of one sensor, or of the only one on a bus.
pub fn read_temperature<P: InputPin + OutputPin, D: DelayNs>(
    wire: &mut OneWireMaster<P, D>,
    sensor: Option<RomCode>,
) -> Result<Ds18b20Reading, SensorFault> {
    Ds18b20Reading::from_scratchpad(&read_scratchpad(wire, sensor)?)
}

/// Sets the resolution of one sensor until it loses power. Its alarm limits stay as they are.
pub fn set_resolution<P: InputPin + OutputPin, D: DelayNs>(
    wire: &mut OneWireMaster<P, D>,
    sensor: Option<RomCode>,
    resolution: Ds18b20Resolution,
) -> Result<(), SensorFault> {
    let before = read_scratchpad(wire, sensor)?;
    // The alarm limits are written back: a damaged read would change them.
    check_scratchpad(&before)?;
    wire.select(sensor)?;
    for byte in [WRITE_SCRATCHPAD, before[2], before[3], resolution.config()] {
        wire.write_byte(byte)?;
    }
    Ok(())
}

/// Returns true if a sensor takes its power from the data line ("parasite power"): the supply wire
/// is not connected. This master cannot feed it during a conversion.
pub fn lacks_supply_wire<P: InputPin + OutputPin, D: DelayNs>(
    wire: &mut OneWireMaster<P, D>,
    sensor: Option<RomCode>,
) -> Result<bool, SensorFault> {
    wire.select(sensor)?;
    wire.write_byte(READ_POWER_SUPPLY)?;
    Ok(!wire.read_bit()?)
}

fn read_scratchpad<P: InputPin + OutputPin, D: DelayNs>(
    wire: &mut OneWireMaster<P, D>,
    sensor: Option<RomCode>,
) -> Result<[u8; 9], SensorFault> {
    wire.select(sensor)?;
    wire.write_byte(READ_SCRATCHPAD)?;
    let mut bytes = [0; 9];
    wire.read_bytes(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the examples are exact in binary")]
mod tests {
    use super::*;
    use crate::one_wire::simulated_wire_tests::SimulatedWire;
    use proptest::prelude::*;

    /// Returns the scratchpad of a sensor with this temperature and configuration.
    fn scratchpad(word: u16, config: u8) -> [u8; 9] {
        let [low, high] = word.to_le_bytes();
        let mut bytes = [low, high, 0x4b, 0x46, config, 0xff, 0x0c, 0x10, 0];
        bytes[8] = crc8_one_wire(&bytes[..8]);
        bytes
    }

    fn decode(word: u16) -> Result<f64, SensorFault> {
        Ds18b20Reading::from_scratchpad(&scratchpad(word, 0x7f)).map(Ds18b20Reading::celsius)
    }

    #[test]
    fn the_data_sheets_table_of_temperatures_comes_out() {
        for (word, celsius) in [
            (0x07d0, 125.0),
            (0x0191, 25.0625),
            (0x00a2, 10.125),
            (0x0008, 0.5),
            (0x0000, 0.0),
            (0xfff8, -0.5),
            (0xff5e, -10.125),
            (0xfe6f, -25.0625),
            (0xfc90, -55.0),
        ] {
            assert_eq!(decode(word), Ok(celsius));
        }
        assert_eq!(decode(0x0550), Err(SensorFault::PowerOnValue));
    }

    #[test]
    fn a_simulated_sensor_says_what_it_was_told() {
        for word in [-880, -1, 0, 336, 2000] {
            let reading = Ds18b20Reading::from_scratchpad(&scratchpad_of_word(word));
            assert_eq!(reading.map(|reading| reading.sixteenths), Ok(word));
        }
    }

    #[test]
    fn what_the_kernel_shows_of_a_real_sensor_is_read() {
        let read = |text| {
            let bytes = scratchpad_from_w1_slave(text).unwrap();
            Ds18b20Reading::from_scratchpad(&bytes).map(Ds18b20Reading::celsius)
        };
        let whole = "91 01 4b 46 7f ff 0f 10 25 : crc=25 YES\n\
                     91 01 4b 46 7f ff 0f 10 25 t=25062\n";
        assert_eq!(read(whole), Ok(25.0625));
        let after_power_on = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n";
        assert_eq!(read(after_power_on), Err(SensorFault::PowerOnValue));
        let unplugged = "ff ff ff ff ff ff ff ff ff : crc=c9 NO\n\
                         91 01 4b 46 7f ff 0f 10 25 t=25062\n";
        assert_eq!(read(unplugged), Err(SensorFault::Absent));
        for text in [
            "",
            "\n",
            "50 05",
            "5 0 5 4 b 4 6 7 f :",
            "50 05 4b 46 7f ff 0c 10 +c :",
        ] {
            assert_eq!(scratchpad_from_w1_slave(text), None, "{text}");
        }
    }

    #[test]
    fn a_dead_line_is_no_zero_degrees() {
        let read = Ds18b20Reading::from_scratchpad;
        assert_eq!(read(&[0; 9]), Err(SensorFault::BusFault));
        assert_eq!(read(&[0xff; 9]), Err(SensorFault::Absent));
    }

    #[test]
    fn a_temperature_beyond_the_sensor_has_a_reason() {
        assert_eq!(decode(0x07d1), Err(SensorFault::AboveRange));
        assert_eq!(decode(0xfc8f), Err(SensorFault::BelowRange));
    }

    #[test]
    fn undefined_bits_of_a_coarser_resolution_are_cut_off() {
        let read = |config| {
            let reading = Ds18b20Reading::from_scratchpad(&scratchpad(0x0197, config)).unwrap();
            (reading.celsius(), reading.resolution)
        };
        assert_eq!(read(0x7f), (25.4375, Ds18b20Resolution::Bits12));
        assert_eq!(read(0x5f), (25.375, Ds18b20Resolution::Bits11));
        assert_eq!(read(0x3f), (25.25, Ds18b20Resolution::Bits10));
        assert_eq!(read(0x1f), (25.0, Ds18b20Resolution::Bits9));
    }

    #[test]
    fn each_resolution_has_the_data_sheets_time() {
        let time = |resolution: Ds18b20Resolution| resolution.conversion_time().as_micros();
        assert_eq!(time(Ds18b20Resolution::Bits9), 93_750);
        assert_eq!(time(Ds18b20Resolution::Bits12), 750_000);
    }

    #[test]
    fn a_number_decoded_elsewhere_is_checked_for_the_usual_marks() {
        assert_eq!(check_celsius(31.125), Ok(31.125));
        assert_eq!(check_celsius(85.0), Err(SensorFault::PowerOnValue));
        assert_eq!(check_celsius(84.9375), Ok(84.9375));
        assert_eq!(check_celsius(-127.0), Err(SensorFault::Absent));
        assert_eq!(check_celsius(-60.0), Err(SensorFault::BelowRange));
        assert_eq!(check_celsius(f64::NAN), Err(SensorFault::NotReady));
    }

    #[test]
    fn one_sensor_of_several_is_converted_set_and_read() {
        let roms = [5, 9].map(|number| RomCode::from_number(DS18B20_FAMILY, number));
        let line = SimulatedWire::with_devices(&roms, scratchpad(0x0191, 0x7f));
        let mut wire = line.master();
        let wait = start_conversion(&mut wire, Some(roms[1])).unwrap();
        assert_eq!(wait, Duration::from_millis(750));
        assert_eq!(is_conversion_finished(&mut wire), Ok(false));
        wire.read_bytes(&mut [0]).unwrap();
        assert_eq!(is_conversion_finished(&mut wire), Ok(true));
        let conversions: Vec<_> = line
            .0
            .borrow()
            .devices
            .iter()
            .map(|d| d.conversions)
            .collect();
        assert_eq!(conversions, [0, 1]);
        assert_eq!(lacks_supply_wire(&mut wire, Some(roms[1])), Ok(false));

        set_resolution(&mut wire, Some(roms[1]), Ds18b20Resolution::Bits10).unwrap();
        let set = read_temperature(&mut wire, Some(roms[1])).unwrap();
        assert_eq!(set.resolution, Ds18b20Resolution::Bits10);
        assert_eq!(set.celsius(), 25.0);
        let other = read_temperature(&mut wire, Some(roms[0])).unwrap();
        assert_eq!(other.resolution, Ds18b20Resolution::Bits12);
        assert_eq!(other.celsius(), 25.0625);
        let limits = line.0.borrow().devices[1].scratchpad;
        assert_eq!(limits[2..4], [0x4b, 0x46]);
    }

    #[test]
    fn an_unplugged_sensor_is_absent_while_the_others_are_read() {
        let here = RomCode::from_number(DS18B20_FAMILY, 5);
        let gone = RomCode::from_number(DS18B20_FAMILY, 6);
        let line = SimulatedWire::with_devices(&[here], scratchpad(0x0191, 0x7f));
        let mut wire = line.master();
        let read = read_temperature(&mut wire, Some(gone));
        assert_eq!(read, Err(SensorFault::Absent));
        assert!(read_temperature(&mut wire, Some(here)).is_ok());
        assert!(start_conversion(&mut wire, None).is_ok());
        line.0.borrow_mut().devices.clear();
        assert_eq!(start_conversion(&mut wire, None), Err(SensorFault::Absent));
    }

    proptest! {
        #[test]
        fn any_nine_bytes_are_a_possible_temperature_or_a_fault(bytes: [u8; 9]) {
            if let Ok(reading) = Ds18b20Reading::from_scratchpad(&bytes) {
                prop_assert!((-55.0..=125.0).contains(&reading.celsius()));
            }
        }

        #[test]
        fn any_text_is_nine_bytes_or_none(text: String) {
            let _ = scratchpad_from_w1_slave(&text);
        }

        #[test]
        fn one_damaged_bit_is_always_found(word in 0..0x07d0u16, bit in 0..72usize) {
            let mut bytes = scratchpad(word, 0x7f);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Ds18b20Reading::from_scratchpad(&bytes), Err(SensorFault::Checksum));
        }
    }
}

//! Tests of the humidity sensors: the data sheets' examples and scripted buses.
#![expect(clippy::float_cmp, reason = "the examples are exact in binary")]

use super::*;
use core::time::Duration;
use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};
use proptest::prelude::*;

const NO_ANSWER: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);

/// Returns two bytes and their checksum.
fn with_sum(initial: u8, word: u16) -> Vec<u8> {
    let [high, low] = word.to_be_bytes();
    vec![high, low, crc8_sensirion(initial, &[high, low])]
}

#[test]
fn the_data_sheets_examples_come_out() {
    // SHT21, figure 14: 0110'0011'0101'0000 with status bits 10 is 42.5 %RH.
    assert!((sht2x_humidity(0x6352) - 42.5).abs() < 0.05);
    // HTU21D: 0x683A is 24.7 degC, 0x4E85 is 32.3 %RH.
    assert!((sht2x_celsius(0x683a) - 24.7).abs() < 0.05);
    assert!((sht2x_humidity(0x4e85) - 32.3).abs() < 0.05);
    // SHT3x: both ends of the scales.
    assert_eq!(sht3x_celsius(0), -45.0);
    assert_eq!(sht3x_celsius(u16::MAX), 130.0);
    assert_eq!(sht3x_humidity(0), 0.0);
    assert_eq!(sht3x_humidity(u16::MAX), 100.0);
}

#[test]
fn a_sht2x_measures_one_after_the_other_and_is_waited_for() {
    let mut bus = Mock::new(&[
        Transaction::write(SHT2X_ADDRESS, vec![0xf3]),
        Transaction::read(SHT2X_ADDRESS, vec![0; 3]).with_error(NO_ANSWER),
        Transaction::read(SHT2X_ADDRESS, vec![0x68, 0x3a, 0x7c]),
        Transaction::write(SHT2X_ADDRESS, vec![0xf5]),
        Transaction::read(SHT2X_ADDRESS, vec![0x4e, 0x85, 0x6b]),
    ]);
    let mut sensor = Sht2x::new();
    let wait = sensor.start(&mut bus, Sht2xQuantity::Temperature).unwrap();
    assert_eq!(wait, Duration::from_millis(85));
    assert_eq!(sensor.read(&mut bus), Err(SensorFault::NotReady));
    assert!((sensor.read(&mut bus).unwrap() - 24.69).abs() < 0.01);
    // Without a new start there is nothing to read.
    assert_eq!(sensor.read(&mut bus), Err(SensorFault::NotReady));
    let wait = sensor.start(&mut bus, Sht2xQuantity::Humidity).unwrap();
    assert_eq!(wait, Duration::from_millis(29));
    assert!((sensor.read(&mut bus).unwrap() - 32.34).abs() < 0.01);
    bus.done();
}

#[test]
fn a_data_line_held_low_is_no_cold_of_minus_47_degrees() {
    let mut bus = Mock::new(&[
        Transaction::write(SHT2X_ADDRESS, vec![0xf3]),
        Transaction::read(SHT2X_ADDRESS, vec![0; 3]),
    ]);
    let mut sensor = Sht2x::new();
    sensor.start(&mut bus, Sht2xQuantity::Temperature).unwrap();
    assert_eq!(sensor.read(&mut bus), Err(SensorFault::BusFault));
    bus.done();
}

#[test]
fn humidity_beyond_either_end_is_cut_off_and_a_temperature_there_is_not_one() {
    let read = |word: u16, quantity| {
        let command = match quantity {
            Sht2xQuantity::Temperature => 0xf3,
            Sht2xQuantity::Humidity => 0xf5,
        };
        let mut bus = Mock::new(&[
            Transaction::write(SHT2X_ADDRESS, vec![command]),
            Transaction::read(SHT2X_ADDRESS, with_sum(0, word)),
        ]);
        let mut sensor = Sht2x::new();
        sensor.start(&mut bus, quantity).unwrap();
        let value = sensor.read(&mut bus);
        bus.done();
        value
    };
    assert_eq!(read(0x0402, Sht2xQuantity::Humidity), Ok(0.0));
    assert_eq!(read(0xfffe, Sht2xQuantity::Humidity), Ok(100.0));
    let cold = read(0x0400, Sht2xQuantity::Temperature);
    assert_eq!(cold, Err(SensorFault::BelowRange));
    let hot = read(0xfffc, Sht2xQuantity::Temperature);
    assert_eq!(hot, Err(SensorFault::AboveRange));
}

#[test]
fn a_sht2x_heater_is_switched_off_and_the_reserved_bits_stay() {
    let read = |settings| Transaction::write_read(SHT2X_ADDRESS, vec![0xe7], vec![settings]);
    let mut bus = Mock::new(&[
        read(0b0011_1110),
        Transaction::write(SHT2X_ADDRESS, vec![0xe6, 0b0011_1010]),
        read(0b0011_1010),
        Transaction::write(SHT2X_ADDRESS, vec![0xfe]),
    ]);
    let mut sensor = Sht2x::new();
    sensor.switch_heater_off(&mut bus).unwrap();
    sensor.switch_heater_off(&mut bus).unwrap();
    let wait = sensor.reset(&mut bus).unwrap();
    assert_eq!(wait, Duration::from_millis(15));
    bus.done();
}

#[test]
fn a_sht2x_serial_number_is_put_together_from_both_answers() {
    let sum = |byte: u8| crc8_sensirion(0, &[byte]);
    let mut middle = Vec::new();
    for byte in [0x33, 0x22, 0x11, 0x00] {
        middle.extend([byte, sum(byte)]);
    }
    let ends = [with_sum(0, 0xccdd), with_sum(0, 0xaabb)].concat();
    let mut damaged = middle.clone();
    damaged[0] ^= 1;
    let first = |bytes| Transaction::write_read(SHT2X_ADDRESS, vec![0xfa, 0x0f], bytes);
    let second = |bytes| Transaction::write_read(SHT2X_ADDRESS, vec![0xfc, 0xc9], bytes);
    let mut bus = Mock::new(&[
        first(middle),
        second(ends.clone()),
        first(damaged),
        second(ends),
        first(vec![0; 8]),
        second(vec![0; 6]),
    ]);
    let mut sensor = Sht2x::new();
    assert_eq!(sensor.serial_number(&mut bus), Ok(0xaabb_3322_1100_ccdd));
    let damaged = sensor.serial_number(&mut bus);
    assert_eq!(damaged, Err(SensorFault::Checksum));
    let dead = sensor.serial_number(&mut bus);
    assert_eq!(dead, Err(SensorFault::BusFault));
    bus.done();
}

#[test]
fn a_sht3x_gives_both_values_of_one_measurement() {
    let answer = [with_sum(0xff, 0x6666), with_sum(0xff, 0x8000)].concat();
    let mut bus = Mock::new(&[
        Transaction::write(SHT3X_ADDRESS, vec![0x24, 0x00]),
        Transaction::read(SHT3X_ADDRESS, vec![0; 6]).with_error(NO_ANSWER),
        Transaction::read(SHT3X_ADDRESS, answer),
    ]);
    let mut sensor = Sht3x::new(SHT3X_ADDRESS);
    assert_eq!(sensor.read(&mut bus), Err(SensorFault::NotReady));
    let wait = sensor.start(&mut bus, Sht3xRepeatability::High).unwrap();
    assert_eq!(wait, Duration::from_micros(15_500));
    assert_eq!(sensor.read(&mut bus), Err(SensorFault::NotReady));
    let reading = sensor.read(&mut bus).unwrap();
    assert!((reading.celsius - 25.0).abs() < 1e-3);
    assert!((reading.humidity_percent - 50.0).abs() < 1e-3);
    bus.done();
}

#[test]
fn an_absent_sht3x_is_noticed_when_it_is_started() {
    let start = Transaction::write(SHT3X_ADDRESS, vec![0x24, 0x16]);
    let mut bus = Mock::new(&[start.with_error(NO_ANSWER)]);
    let mut sensor = Sht3x::new(SHT3X_ADDRESS);
    let started = sensor.start(&mut bus, Sht3xRepeatability::Low);
    assert_eq!(started, Err(SensorFault::Absent));
    assert_eq!(sensor.read(&mut bus), Err(SensorFault::NotReady));
    bus.done();
}

#[test]
fn a_sht3x_heater_is_switched_off_only_when_it_is_on() {
    let status =
        |word| Transaction::write_read(SHT3X_ADDRESS, vec![0xf3, 0x2d], with_sum(0xff, word));
    let mut bus = Mock::new(&[
        status(0x2000),
        Transaction::write(SHT3X_ADDRESS, vec![0x30, 0x66]),
        status(0x0010),
    ]);
    let mut sensor = Sht3x::new(SHT3X_ADDRESS);
    sensor.switch_heater_off(&mut bus).unwrap();
    sensor.switch_heater_off(&mut bus).unwrap();
    bus.done();
}

#[test]
fn a_sht3x_has_a_serial_number() {
    let answer = [with_sum(0xff, 0x1234), with_sum(0xff, 0x5678)].concat();
    let mut bus = Mock::new(&[
        Transaction::write(SHT3X_ADDRESS, vec![0x36, 0x82]),
        Transaction::read(SHT3X_ADDRESS, answer),
    ]);
    let serial = Sht3x::new(SHT3X_ADDRESS).serial_number(&mut bus);
    assert_eq!(serial, Ok(0x1234_5678));
    bus.done();
}

proptest! {
    #[test]
    fn one_damaged_bit_is_always_found(
        temperature in 0x1000..0xf000u16, humidity: u16, bit in 0..48usize
    ) {
        let answer = [with_sum(0xff, temperature), with_sum(0xff, humidity)].concat();
        let mut bytes = <[u8; 6]>::try_from(answer).unwrap();
        prop_assert!(ShtReading::from_sht3x_bytes(bytes).is_ok());
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(ShtReading::from_sht3x_bytes(bytes), Err(SensorFault::Checksum));
    }

    #[test]
    fn any_bytes_are_a_possible_reading_or_a_fault(bytes: [u8; 6]) {
        if let Ok(reading) = ShtReading::from_sht3x_bytes(bytes) {
            prop_assert!((-40.0..=125.0).contains(&reading.celsius));
            prop_assert!((0.0..=100.0).contains(&reading.humidity_percent));
        }
    }
}

//! Tests of the converter: the data sheet's tables, scripted buses, an independent driver.
#![expect(clippy::float_cmp, reason = "the examples are exact in binary")]

use super::*;
use ads1x1x::{Ads1x1x, DataRate16Bit, FullScaleRange, TargetAddr};
use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

const CURRENT_LOOP: Ads1115Setup = Ads1115Setup {
    input: Ads1115Input::A0,
    range: Ads1115Range::Volts4_096,
    rate: Ads1115Rate::Rate8,
};

/// Setup of the chip after power-on, which the data sheet's quick start guide uses too.
const AFTER_POWER_ON: Ads1115Setup = Ads1115Setup {
    input: Ads1115Input::A0MinusA1,
    range: Ads1115Range::Volts2_048,
    rate: Ads1115Rate::Rate128,
};

/// Bit of our configuration that ads1x1x leaves at 0.
const OUR_MARK: u16 = 1 << 3;

fn register_read(register: u8, word: u16) -> Transaction {
    Transaction::write_read(ADS1115_ADDRESS, vec![register], word.to_be_bytes().to_vec())
}

fn config_write(word: u16) -> Transaction {
    let [high, low] = word.to_be_bytes();
    Transaction::write(ADS1115_ADDRESS, vec![CONFIG_REGISTER, high, low])
}

#[test]
fn the_data_sheets_ideal_codes_are_their_voltages() {
    let range = Ads1115Range::Volts4_096;
    assert_eq!(code_to_volts(1, range), 125e-6);
    assert_eq!(code_to_volts(0, range), 0.0);
    assert_eq!(code_to_volts(-1, range), -125e-6);
    assert_eq!(code_to_volts(0x7fff, range), 4.096 * 32767.0 / 32768.0);
    assert_eq!(code_to_volts(i16::MIN, range), -4.096);
    for (range, step_uv) in [
        (Ads1115Range::Volts6_144, 187.5),
        (Ads1115Range::Volts2_048, 62.5),
        (Ads1115Range::Volts1_024, 31.25),
        (Ads1115Range::Volts0_512, 15.625),
        (Ads1115Range::Volts0_256, 7.8125),
    ] {
        assert!((code_to_volts(1, range) * 1e6 - step_uv).abs() < 1e-9);
    }
}

#[test]
fn the_quick_start_guides_configuration_is_written_but_for_our_mark() {
    assert_eq!(AFTER_POWER_ON.config(true) & !OUR_MARK, 0x0483);
    assert_eq!(AFTER_POWER_ON.config(false) & !OUR_MARK, 0x0583);
}

#[test]
fn a_full_scale_code_is_no_voltage() {
    let sample = |code| Ads1115Sample {
        code,
        range: Ads1115Range::Volts4_096,
    };
    assert_eq!(sample(i16::MAX).volts(), Err(SensorFault::AboveRange));
    assert_eq!(sample(i16::MIN).volts(), Err(SensorFault::BelowRange));
    assert_eq!(sample(i16::MAX - 1).volts(), Ok(4.096 * 32766.0 / 32768.0));
}

#[test]
fn the_smallest_range_that_holds_a_voltage_is_chosen() {
    let range = Ads1115Range::that_holds;
    assert_eq!(range(0.2), Some(Ads1115Range::Volts0_256));
    assert_eq!(range(-0.256), Some(Ads1115Range::Volts0_512));
    assert_eq!(range(3.3), Some(Ads1115Range::Volts4_096));
    assert_eq!(range(6.144), None);
}

#[test]
fn a_single_conversion_is_read_when_bit_15_says_that_it_is_there() {
    let config = CURRENT_LOOP.config(false);
    let mut bus = Mock::new(&[
        config_write(config | START_OR_READY),
        register_read(CONFIG_REGISTER, config),
        register_read(CONFIG_REGISTER, config | START_OR_READY),
        register_read(CONVERSION_REGISTER, 0x3e80),
    ]);
    let mut adc = Ads1115::new(ADS1115_ADDRESS);
    let wait = adc.start_single(&mut bus, CURRENT_LOOP).unwrap();
    assert_eq!(wait, Duration::from_micros(137_525));
    assert_eq!(adc.read(&mut bus), Err(SensorFault::NotReady));
    assert_eq!(adc.read(&mut bus).unwrap().volts(), Ok(2.0));
    bus.done();
}

#[test]
fn continuous_conversions_are_read_though_the_chip_is_always_busy() {
    let config = CURRENT_LOOP.config(true);
    let mut bus = Mock::new(&[
        config_write(config),
        register_read(CONFIG_REGISTER, config),
        register_read(CONVERSION_REGISTER, 0xffff),
        register_read(CONFIG_REGISTER, config),
        register_read(CONVERSION_REGISTER, 0x7fff),
    ]);
    let mut adc = Ads1115::new(ADS1115_ADDRESS);
    let wait = adc.start_continuous(&mut bus, CURRENT_LOOP).unwrap();
    assert_eq!(wait, Duration::from_micros(275_025));
    assert_eq!(adc.read(&mut bus).unwrap().volts(), Ok(-125e-6));
    let above = adc.read(&mut bus).unwrap().volts();
    assert_eq!(above, Err(SensorFault::AboveRange));
    bus.done();
}

#[test]
fn a_chip_that_lost_power_is_noticed_in_every_setup() {
    for setup in [CURRENT_LOOP, AFTER_POWER_ON] {
        let mut bus = Mock::new(&[
            config_write(setup.config(false) | START_OR_READY),
            register_read(CONFIG_REGISTER, 0x8583),
        ]);
        let mut adc = Ads1115::new(ADS1115_ADDRESS);
        adc.start_single(&mut bus, setup).unwrap();
        assert_eq!(adc.read(&mut bus), Err(SensorFault::SensorRestarted));
        assert_eq!(adc.read(&mut bus), Err(SensorFault::NotReady));
        bus.done();
    }
}

#[test]
fn an_address_without_a_chip_is_absent_and_nothing_is_read_from_it() {
    let no_answer = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);
    let start = config_write(CURRENT_LOOP.config(false) | START_OR_READY);
    let mut bus = Mock::new(&[start.with_error(no_answer)]);
    let mut adc = Ads1115::new(ADS1115_ADDRESS);
    let started = adc.start_single(&mut bus, CURRENT_LOOP);
    assert_eq!(started, Err(SensorFault::Absent));
    assert_eq!(adc.read(&mut bus), Err(SensorFault::NotReady));
    bus.done();
}

/// Gives a bus that takes anything, and keeps the last word that was written.
#[derive(Debug, Default)]
struct WrittenWord(u16);

impl embedded_hal::i2c::ErrorType for WrittenWord {
    type Error = ErrorKind;
}

impl I2c for WrittenWord {
    fn transaction(
        &mut self,
        _address: u8,
        operations: &mut [embedded_hal::i2c::Operation<'_>],
    ) -> Result<(), ErrorKind> {
        for operation in operations {
            match operation {
                embedded_hal::i2c::Operation::Write([CONFIG_REGISTER, high, low]) => {
                    self.0 = u16::from_be_bytes([*high, *low]);
                }
                embedded_hal::i2c::Operation::Write(_) => {}
                embedded_hal::i2c::Operation::Read(bytes) => bytes.fill(0xff),
            }
        }
        Ok(())
    }
}

/// Returns what ads1x1x writes to start a single conversion.
fn word_of_ads1x1x(setup: Ads1115Setup) -> u16 {
    let mut bus = WrittenWord::default();
    let mut adc = Ads1x1x::new_ads1115(&mut bus, TargetAddr::default());
    adc.set_full_scale_range(match setup.range {
        Ads1115Range::Volts6_144 => FullScaleRange::Within6_144V,
        Ads1115Range::Volts4_096 => FullScaleRange::Within4_096V,
        Ads1115Range::Volts2_048 => FullScaleRange::Within2_048V,
        Ads1115Range::Volts1_024 => FullScaleRange::Within1_024V,
        Ads1115Range::Volts0_512 => FullScaleRange::Within0_512V,
        Ads1115Range::Volts0_256 => FullScaleRange::Within0_256V,
    })
    .unwrap();
    adc.set_data_rate(match setup.rate {
        Ads1115Rate::Rate8 => DataRate16Bit::Sps8,
        Ads1115Rate::Rate16 => DataRate16Bit::Sps16,
        Ads1115Rate::Rate32 => DataRate16Bit::Sps32,
        Ads1115Rate::Rate64 => DataRate16Bit::Sps64,
        Ads1115Rate::Rate128 => DataRate16Bit::Sps128,
        Ads1115Rate::Rate250 => DataRate16Bit::Sps250,
        Ads1115Rate::Rate475 => DataRate16Bit::Sps475,
        Ads1115Rate::Rate860 => DataRate16Bit::Sps860,
    })
    .unwrap();
    // It answers "would block": the conversion was started.
    let _ = match setup.input {
        Ads1115Input::A0MinusA1 => adc.read(ads1x1x::channel::DifferentialA0A1),
        Ads1115Input::A0MinusA3 => adc.read(ads1x1x::channel::DifferentialA0A3),
        Ads1115Input::A1MinusA3 => adc.read(ads1x1x::channel::DifferentialA1A3),
        Ads1115Input::A2MinusA3 => adc.read(ads1x1x::channel::DifferentialA2A3),
        Ads1115Input::A0 => adc.read(ads1x1x::channel::SingleA0),
        Ads1115Input::A1 => adc.read(ads1x1x::channel::SingleA1),
        Ads1115Input::A2 => adc.read(ads1x1x::channel::SingleA2),
        Ads1115Input::A3 => adc.read(ads1x1x::channel::SingleA3),
    };
    adc.destroy_ads1115();
    bus.0
}

#[test]
fn every_setup_is_the_one_that_ads1x1x_writes() {
    use {Ads1115Input as In, Ads1115Range as Range, Ads1115Rate as Rate};
    let inputs = [
        In::A0MinusA1,
        In::A0MinusA3,
        In::A1MinusA3,
        In::A2MinusA3,
        In::A0,
        In::A1,
        In::A2,
        In::A3,
    ];
    let ranges = [
        Range::Volts6_144,
        Range::Volts4_096,
        Range::Volts2_048,
        Range::Volts1_024,
        Range::Volts0_512,
        Range::Volts0_256,
    ];
    let rates = [
        Rate::Rate8,
        Rate::Rate16,
        Rate::Rate32,
        Rate::Rate64,
        Rate::Rate128,
        Rate::Rate250,
        Rate::Rate475,
        Rate::Rate860,
    ];
    for input in inputs {
        for range in ranges {
            for rate in rates {
                let setup = Ads1115Setup { input, range, rate };
                let mut bus = WrittenWord::default();
                let mut adc = Ads1115::new(ADS1115_ADDRESS);
                adc.start_single(&mut bus, setup).unwrap();
                assert_eq!(bus.0 & !OUR_MARK, word_of_ads1x1x(setup), "{setup:?}");
            }
        }
    }
}

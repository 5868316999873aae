use super::socket_bus::SocketBus;
use super::*;
use crate::domain::SampleOutcome;
use crate::tests::{SiteText, load_site};
use drivers::sht::crc8_sensirion;
use embedded_hal::i2c::{ErrorKind, ErrorType, NoAcknowledgeSource, Operation, SevenBitAddress};

/// Bus with a converter at 0x48 that measures a voltage, and a sensor at 0x44; nothing else.
#[derive(Debug, Default)]
struct TestBus {
    volts: f64,
    config: u16,
    garbled: bool,
    /// The comparator of the converter has the limits after power-on.
    has_limits: bool,
}

impl ErrorType for TestBus {
    type Error = ErrorKind;
}

impl TestBus {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a voltage within the range"
    )]
    fn conversion(&self) -> i16 {
        let full_scale =
            [6.144, 4.096, 2.048, 1.024, 0.512, 0.256][usize::from(self.config >> 9 & 7)];
        (self.volts / full_scale * 32768.0).round().min(32767.0) as i16
    }

    fn answer(&self, address: u8, register: u8) -> Vec<u8> {
        match (address, register) {
            (0x48, 0) => self.conversion().to_be_bytes().into(),
            (0x48, 2) if self.has_limits => vec![0x80, 0],
            (0x48, 3) if self.has_limits => vec![0x7f, 0xff],
            (0x48, _) => (self.config | 0x8000).to_be_bytes().into(),
            _ => {
                let word = |[high, low]: [u8; 2]| [high, low, crc8_sensirion(0xff, &[high, low])];
                let mut bytes = [word([0x66, 0x66]), word([0x80, 0x00])].concat();
                bytes[2] ^= u8::from(self.garbled);
                bytes
            }
        }
    }
}

impl I2c for TestBus {
    fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind> {
        if ![0x48, 0x44].contains(&address) {
            return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        }
        let mut register = 0;
        for operation in operations {
            match operation {
                Operation::Write([1, high, low]) if address == 0x48 => {
                    self.config = u16::from_be_bytes([*high, *low]) & 0x7fff;
                }
                Operation::Write(bytes) => register = bytes[0],
                Operation::Read(into) => into.copy_from_slice(&self.answer(address, register)),
            }
        }
        Ok(())
    }
}

/// Reads the points of a device with these keys.
fn read(bus: &mut TestBus, keys: &str) -> Vec<Result<f64, QualityReason>> {
    let site = SiteText::new("s")
        .bus("i", "kind = 'i2c'")
        .device("d", "i", keys);
    let config = load_site(&site.text());
    let mut chip = ChipState::default();
    let points = &config.devices[0].points;
    let reading = collect_reading(points, |access| {
        chip.read(bus, access)
            .map_err(|fault| ChipError::of_sensor(fault, "here"))
    });
    let outcome = |outcome: &SampleOutcome| match outcome.number() {
        Some(number) => Ok(number.to_f64()),
        None => Err(outcome.reason().unwrap()),
    };
    match reading {
        Ok(reading) => reading.outcomes.iter().map(outcome).collect(),
        Err(error) => vec![Err(error.reason); points.len()],
    }
}

const PROBE: &str = "chip = 'ads1115'\npoint = [{ id = 'level', signal = 'a0', \
    loop_values = [0.0, 5.0], shunt_ohm = 150, unit = 'm' }]";

fn level_at(milliamps: f64) -> Result<f64, QualityReason> {
    let mut bus = TestBus {
        volts: milliamps * 0.150,
        ..TestBus::default()
    };
    read(&mut bus, PROBE)[0]
}

#[test]
fn a_level_probe_of_4_to_20_ma_gives_its_level() {
    assert!((level_at(12.0).unwrap() - 2.5).abs() < 0.001);
    assert!((level_at(20.0).unwrap() - 5.0).abs() < 0.001);
}

#[test]
fn a_broken_wire_and_a_short_circuit_are_no_level() {
    let fault = |fault| Err(QualityReason::Sensor(fault));
    assert_eq!(level_at(0.0), fault(SensorFault::WireBroken));
    assert_eq!(level_at(3.59), fault(SensorFault::WireBroken));
    assert_eq!(level_at(21.5), fault(SensorFault::ShortCircuit));
    assert_eq!(level_at(40.0), fault(SensorFault::AboveRange));
}

#[test]
fn a_divider_gives_the_voltage_before_it() {
    let mut bus = TestBus {
        volts: 2.0,
        ..TestBus::default()
    };
    let keys = "chip = 'ads1115'\npoint = [{ id = 'v', signal = 'a3', \
        divider_ohm = [20000, 10000], unit = 'V' }]";
    let volts = read(&mut bus, keys)[0].unwrap();
    assert!((volts - 6.0).abs() < 0.001, "{volts}");
}

#[test]
fn temperature_and_humidity_are_one_measurement_and_a_wrong_checksum_is_none() {
    let keys = "chip = 'sht3x'\npoint = [\
        { id = 'temperature', signal = 'temperature', unit = 'degC' }, \
        { id = 'humidity', signal = 'humidity', unit = '%RH' }]";
    let mut bus = TestBus::default();
    let values: Vec<f64> = read(&mut bus, keys)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(
        (values[0] - 25.0).abs() < 0.01 && (values[1] - 50.0).abs() < 0.01,
        "{values:?}"
    );
    bus.garbled = true;
    let checksum = Err(QualityReason::Sensor(SensorFault::Checksum));
    assert_eq!(read(&mut bus, keys), [checksum, checksum]);
}

#[test]
fn a_chip_that_does_not_answer_is_absent() {
    let keys = PROBE.replace("chip = 'ads1115'", "chip = 'ads1115'\naddress = 0x4b");
    let absent = Err(QualityReason::Sensor(SensorFault::Absent));
    assert_eq!(read(&mut TestBus::default(), &keys), [absent]);
}

/// Reason and text of a poll of the clock on a bus that answers each transaction with this error.
fn clock_error(errno: &'static [u8]) -> PollError {
    let site = SiteText::new("s").bus("i", "kind = 'i2c'");
    let config = load_site(&site.device("clock", "i", "profile = 'ds3231'").text());
    let reader = I2cReader::new(Path::new("/dev/i2c-1"), config.devices, &Clock::system());
    let mut bus = OpenedI2c::over(SocketBus::answering(errno));
    reader.read_points(&mut bus, 0).unwrap_err()
}

#[test]
fn an_address_that_the_kernel_holds_is_in_use() {
    let error = clock_error(&[16]);
    assert_eq!(error.reason, QualityReason::InUse);
    assert!(error.message.contains("0x68"), "{}", error.message);
    assert!(error.message.contains("i2c-rtc"), "{}", error.message);
}

#[test]
fn a_time_out_is_a_fault_of_the_bus_and_no_missing_sensor() {
    let fault = |fault| QualityReason::Sensor(fault);
    assert_eq!(clock_error(&[110]).reason, fault(SensorFault::BusFault));
    assert_eq!(clock_error(&[121]).reason, fault(SensorFault::Absent));
}

#[test]
fn a_survey_shows_which_addresses_the_kernel_holds() {
    let held = identify_on(&mut OpenedI2c::over(SocketBus::answering(&[16])));
    assert_eq!(held.len(), SensorChip::i2c_addresses().count());
    assert!(held.iter().all(|one| one.is_held && one.chip.is_none()));
    assert_eq!(
        identify_on(&mut OpenedI2c::over(SocketBus::answering(&[121]))),
        []
    );
}

#[test]
fn a_survey_writes_nothing_to_what_may_be_a_converter() {
    let mut bus = TestBus::default();
    assert!(!is_chip(&mut bus, SensorChip::Ads1115, 0x48));
    assert_eq!(bus.config, 0, "no conversion was started");
    bus.has_limits = true;
    assert!(is_chip(&mut bus, SensorChip::Ads1115, 0x48));
    assert_eq!(bus.config, 0);
}

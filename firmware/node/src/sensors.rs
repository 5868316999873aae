//! Measurements of the node, for any board: each function measures for ever and writes its values
//! with their status into the [`SharedNode`].

use crate::shared_node::SharedNode;
use core::time::Duration as CoreDuration;
use drivers::ads1115::{Ads1115, Ads1115Input, Ads1115Range, Ads1115Rate, Ads1115Setup};
use drivers::current_loop::check_loop_current;
use drivers::ds18b20::{Ds18b20Reading, read_temperature, start_conversion};
use drivers::one_wire::OneWireMaster;
use drivers::pulse_counter::{PulseCounter, PulseEdge, PulseSettings};
use drivers::sensor_fault::SensorFault;
use drivers::sht::{Sht3x, Sht3xRepeatability, ShtReading};
use embassy_futures::select::{Either, select};
use embassy_time::{Duration, Instant, Timer};
use embedded_hal::delay::DelayNs;
use embedded_hal::digital::{InputPin, OutputPin};
use embedded_hal::i2c::I2c;
use embedded_hal_async::digital::Wait;

/// Pause between two measurements.
const MEASURE_EVERY: Duration = Duration::from_secs(2);
/// Attempts to read a thermometer: an interrupt can stretch a bit, and the checksum tells.
const READ_ATTEMPTS: usize = 3;
/// Longest time without an edge until the rate is computed anew.
const PULSE_LOOK: Duration = Duration::from_millis(250);
/// Fastest meter: 100 pulses a second.
const METER_PULSES_MAX: u32 = 100;
/// Fastest rain gauge, tips a second; above, the bucket swings.
const TIPS_MAX: u32 = 5;
/// Longest time for which a tipping bucket closes its contact, ns.
const TIP_LONGEST_NS: u64 = 10_000_000_000;
/// I2C addresses.
const CONVERTER_ADDRESS: u8 = 0x48;
const AIR_ADDRESS: u8 = 0x44;
/// Resistor in the current loop, ohm: 2 V at 20 mA.
const SHUNT_OHM: f64 = 100.0;

/// Input of a pulse counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PulseInput {
    /// Meter.
    Meter,
    /// Rain gauge.
    Rain,
}

fn code(fault: Option<SensorFault>) -> u8 {
    fault.map_or(0, SensorFault::code)
}

/// Converts into whole hundredths, at the ends of the range for what is beyond it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "bounded by the type on purpose"
)]
fn hundredths(value: f64) -> i16 {
    let half = if value < 0.0 { -0.5 } else { 0.5 };
    (value * 100.0 + half) as i16
}

/// Converts into whole parts of a unit; below zero is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded by the type on purpose"
)]
fn unsigned_parts(value: f64, parts: f64) -> u16 {
    (value * parts + 0.5) as u16
}

async fn sleep(time: CoreDuration) {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    // Behind the time, not before.
    Timer::after(Duration::from_micros(micros) + Duration::from_millis(1)).await;
}

/// Measures the DS18B20 on a pin of its own.
pub async fn measure_temperature<P, D>(
    node: &SharedNode,
    probe: usize,
    mut wire: OneWireMaster<P, D>,
) -> !
where
    P: InputPin + OutputPin,
    D: DelayNs,
{
    loop {
        let measured = temperature_once(&mut wire).await;
        node.update(|values| {
            if let Some(place) = values.temperatures.get_mut(probe) {
                *place = match measured {
                    // A sixteenth is 6.25 hundredths.
                    Ok(reading) => (hundredths(reading.celsius()), 0),
                    Err(fault) => (0, fault.code()),
                };
            }
        });
        Timer::after(MEASURE_EVERY).await;
    }
}

async fn temperature_once<P: InputPin + OutputPin, D: DelayNs>(
    wire: &mut OneWireMaster<P, D>,
) -> Result<Ds18b20Reading, SensorFault> {
    sleep(start_conversion(wire, None)?).await;
    let mut measured = read_temperature(wire, None);
    for _ in 1..READ_ATTEMPTS {
        if measured != Err(SensorFault::Checksum) {
            break;
        }
        measured = read_temperature(wire, None);
    }
    measured
}

/// Measures what is on the I2C bus: the level probe and the air. `is_bus_free` tells whether both
/// lines are high; a line that is held low would block the chip's own I2C for ever.
pub async fn measure_bus(
    node: &SharedNode,
    mut bus: impl I2c,
    mut is_bus_free: impl FnMut() -> bool,
) -> ! {
    let mut converter = Ads1115::new(CONVERTER_ADDRESS);
    let mut air = Sht3x::new(AIR_ADDRESS);
    loop {
        let (current, reading) = if is_bus_free() {
            (
                loop_current(&mut bus, &mut converter).await,
                air_once(&mut bus, &mut air).await,
            )
        } else {
            (Err(SensorFault::BusFault), Err(SensorFault::BusFault))
        };
        node.update(|values| {
            values.level_current = match current {
                Ok(milliamps) => (unsigned_parts(milliamps, 1000.0), 0),
                Err(fault) => (0, fault.code()),
            };
            values.air_status = code(reading.err());
            if let Ok(reading) = reading {
                values.air_temperature = hundredths(reading.celsius);
                values.air_humidity = unsigned_parts(reading.humidity_percent, 100.0);
            }
        });
        Timer::after(MEASURE_EVERY).await;
    }
}

async fn loop_current(bus: &mut impl I2c, converter: &mut Ads1115) -> Result<f64, SensorFault> {
    let setup = Ads1115Setup {
        input: Ads1115Input::A0,
        // Wide enough to tell a short circuit from a full tank.
        range: Ads1115Range::Volts4_096,
        rate: Ads1115Rate::Rate8,
    };
    sleep(converter.start_single(bus, setup)?).await;
    let volts = converter.read(bus)?.volts()?;
    check_loop_current(volts / SHUNT_OHM * 1000.0)
}

async fn air_once(bus: &mut impl I2c, air: &mut Sht3x) -> Result<ShtReading, SensorFault> {
    sleep(air.start(bus, Sht3xRepeatability::High)?).await;
    air.read(bus)
}

impl PulseInput {
    fn settings(self) -> PulseSettings {
        match self {
            Self::Meter => PulseSettings::for_fastest_rate(METER_PULSES_MAX),
            Self::Rain => PulseSettings {
                pulse_max_ns: Some(TIP_LONGEST_NS),
                ..PulseSettings::for_fastest_rate(TIPS_MAX)
            },
        }
    }

    fn total(self, node: &SharedNode) -> u64 {
        node.update(|values| match self {
            Self::Meter => values.pulses.into(),
            Self::Rain => values.tips.0.into(),
        })
    }

    fn publish(self, node: &SharedNode, counter: &PulseCounter, now_ns: u64) {
        // The registers have 32 bits, and wrap around like every meter.
        let [.., a, b, c, d] = counter.total().to_be_bytes();
        let total = u32::from_be_bytes([a, b, c, d]);
        let status = code(counter.fault(now_ns));
        let rate = unsigned_parts(counter.rate_per_second(now_ns), 100.0);
        node.update(|values| match self {
            Self::Meter => {
                values.pulses = total;
                values.pulse_rate = rate;
                values.pulse_status = status;
            }
            Self::Rain => values.tips = (total, status),
        });
    }
}

fn now_ns() -> u64 {
    Instant::now().as_micros().saturating_mul(1000)
}

/// Counts the pulses of a contact to ground.
pub async fn count_pulses(
    node: &SharedNode,
    input: PulseInput,
    mut pin: impl InputPin + Wait,
) -> ! {
    let mut counter = PulseCounter::new(input.settings(), input.total(node));
    let mut is_active = pin.is_low().unwrap_or(false);
    let mut sequence = 0u32;
    counter.begin(is_active, now_ns());
    loop {
        let woken = select(pin.wait_for_any_edge(), Timer::after(PULSE_LOOK)).await;
        let level = pin.is_low().unwrap_or(false);
        let now = now_ns();
        match woken {
            Either::First(_) => {
                // The same level again: two edges came before one was looked at.
                let edges = if level == is_active { 2 } else { 1 };
                sequence = sequence.wrapping_add(edges);
                counter.feed(PulseEdge {
                    sequence,
                    time_ns: now,
                    is_active: level,
                });
            }
            // An edge between two waits is seen by its level.
            Either::Second(()) if level != is_active => {
                sequence = sequence.wrapping_add(1);
                counter.feed(PulseEdge {
                    sequence,
                    time_ns: now,
                    is_active: level,
                });
            }
            Either::Second(()) => {
                counter.advance(now, Some(level));
            }
        }
        is_active = level;
        input.publish(node, &counter, now);
    }
}

//! [`SimulatedPinPoint`]: a point on the gateway's own pins, with the source of its value.

use crate::config::{
    ChipPoint, ChipSignal, Device, GpioPoint, GpioSignal, Point, SensorChip, VoltageMeaning,
};
use crate::domain::{DeviceInfo, QualityReason, SampleOutcome};
use crate::simulator::plant::PlantSnapshot;
use crate::simulator::value_source::SimulatedValueSource;

/// Point on pins.
#[derive(Clone, Debug)]
pub struct SimulatedPinPoint {
    pub(super) point: Point,
    source: SimulatedValueSource,
}

impl SimulatedPinPoint {
    /// Returns all points of a device that are on pins.
    pub fn all(device: &Device, info: &DeviceInfo, seed: u64) -> Vec<Self> {
        let points = device.points.iter();
        let on_pins = points.filter(|point| point.modbus().is_none());
        let twin = |point: &Point| Self {
            point: point.clone(),
            source: SimulatedValueSource::for_point(info, point, seed),
        };
        on_pins.map(twin).collect()
    }

    pub(super) fn line(&self) -> Option<&GpioPoint> {
        self.point.access.gpio()
    }

    pub(super) fn chip(&self) -> Option<&ChipPoint> {
        self.point.access.chip()
    }

    /// Returns the value before its scale: pulses, pulses per second, degC, V, ...
    pub(super) fn unscaled(&self, now: &PlantSnapshot) -> f64 {
        let (factor, offset) = self.point.scale.as_floats(0);
        (self.value(now) - offset) / factor
    }

    /// Returns the value that the plant has, in the unit of the point and within its limits.
    pub fn value(&self, now: &PlantSnapshot) -> f64 {
        self.source.limited_value(&self.point, now)
    }

    /// Returns the number that the chip of the point gives.
    pub(super) fn word(&self, now: &PlantSnapshot) -> u16 {
        let value = self.unscaled(now);
        self.chip().map_or(0, |chip| chip_word(chip, value))
    }

    /// Returns the outcome that a poll gives; `None` for a point that has none in a history.
    pub fn outcome(&self, now: &PlantSnapshot) -> Option<SampleOutcome> {
        let scale = self.point.scale;
        let number = match self.line() {
            None => self.point.access.scale_raw(self.word(now), scale),
            Some(line) => {
                let value = self.unscaled(now);
                match line.signal {
                    GpioSignal::Pulses => scale.scale_integer(whole_pulses(value), 0),
                    GpioSignal::Rate => scale.scale_float(value, 0),
                    GpioSignal::State => scale.scale_integer(i64::from(value >= 0.5), 0),
                    // It depends on when the gateway first looked.
                    GpioSignal::StateSeconds => return None,
                }
            }
        };
        Some(match number {
            Some(number) if self.point.allows(number.to_f64()) => SampleOutcome::Good(number),
            Some(_) => SampleOutcome::Bad(QualityReason::OutOfRange),
            None => SampleOutcome::Bad(QualityReason::NotANumber),
        })
    }
}

/// Returns the pulses that are over.
#[expect(
    clippy::cast_possible_truncation,
    reason = "pulses of decades fit, and a greater number becomes the greatest"
)]
pub(super) fn whole_pulses(pulses: f64) -> i64 {
    pulses.floor() as i64
}

/// Returns the number with which a chip says a value; the nearest that it has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number beyond the range of the chip becomes the last one in it"
)]
pub(super) fn chip_word(chip: &ChipPoint, value: f64) -> u16 {
    let signed = |steps: f64| (steps.round() as i16).cast_unsigned();
    let unsigned = |steps: f64| steps.round() as u16;
    // The two lowest bits of an SHT2x are no part of the number.
    let sht2x = |share: f64| unsigned(share * 65536.0) & !0b11;
    match (chip.chip, chip.signal) {
        (Some(SensorChip::Ads1115), _) => {
            let full_scale = chip.meaning.range().full_scale_volts();
            signed(input_volts(chip.meaning, value) / full_scale * 32768.0)
        }
        (Some(SensorChip::Sht3x), ChipSignal::Humidity) => unsigned(value / 100.0 * 65535.0),
        (Some(SensorChip::Sht3x), _) => unsigned((value + 45.0) / 175.0 * 65535.0),
        (Some(SensorChip::Sht2x), ChipSignal::Humidity) => sht2x((value + 6.0) / 125.0),
        (Some(SensorChip::Sht2x), _) => sht2x((value + 46.85) / 175.72),
        // Quarters of a degree, in the upper ten bits.
        (Some(SensorChip::Ds3231), _) => signed((value * 4.0).round() * 64.0),
        (Some(SensorChip::Ds18b20), _) => signed(value * 16.0),
        (Some(SensorChip::A02yyuw), _) => unsigned(value),
        (None, _) => 0,
    }
}

/// Returns the voltage at the input of a converter that means a value; the nearest one that a sound
/// circuit can give.
pub(super) fn input_volts(meaning: VoltageMeaning, value: f64) -> f64 {
    let most = meaning.sound_volts();
    match meaning {
        VoltageMeaning::Voltage => value.clamp(-most, most),
        VoltageMeaning::Divided(divider) => divider.measured_volts(value).clamp(-most, most),
        // A probe gives 4 to 20 mA, however high the water is.
        VoltageMeaning::Loop(circuit) => circuit.volts_from_value(value).clamp(most / 5.0, most),
    }
}

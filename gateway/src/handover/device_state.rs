//! [`HandoverDevice`]: state of a device for the record, filled by the command line and the page.

use crate::commissioning::display_comparison::{DisplayComparison, compare_with_display};
use crate::config::{Config, FactConfidence};
use crate::domain::{ExactNumber, FaultDetail, QualityReason};
use crate::status::DeviceIdentity;

/// Device in the record.
#[derive(Clone, Debug, Default)]
pub(crate) struct HandoverDevice {
    pub(crate) id: String,
    /// Confidence of its register map: that of its least certain point.
    pub(crate) confidence: FactConfidence,
    /// Manufacturer and model that the device reports; empty when it does not.
    pub(crate) maker: String,
    pub(crate) serial: String,
    pub(crate) firmware: String,
    /// Fault of the device: a word of `reason-WORD`, and device, register, request and answer.
    pub(crate) fault: Option<(&'static str, FaultDetail)>,
    pub(crate) points: Vec<HandoverPoint>,
}

/// Point in the record.
#[derive(Clone, Debug, Default)]
pub(crate) struct HandoverPoint {
    pub(crate) id: String,
    pub(crate) unit: String,
    /// Number in the resolution of the device.
    pub(crate) text: String,
    pub(crate) value: Option<f64>,
    /// Reason for a missing or doubtful value: a word of `reason-WORD`.
    pub(crate) reason: Option<&'static str>,
    /// Value on the display, as typed.
    pub(crate) display: Option<String>,
}

impl HandoverPoint {
    /// Applies one value.
    pub(crate) fn set_value(&mut self, number: Option<ExactNumber>, reason: Option<&'static str>) {
        self.value = number.map(ExactNumber::to_f64);
        self.text = number.map(ExactNumber::short_digits).unwrap_or_default();
        self.reason = reason;
    }

    /// Comparison with the display; `None` when one of the two is missing.
    pub(crate) fn compare_with_display(&self) -> Option<DisplayComparison> {
        compare_with_display(self.value?, self.display.as_ref()?)
    }
}

impl HandoverDevice {
    /// Applies the identification of a device.
    pub(crate) fn set_identity(&mut self, identity: &DeviceIdentity) {
        let parts = [&identity.manufacturer, &identity.model];
        let parts = parts.map(|part| part.trim()).into_iter();
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        self.maker = parts.join(" ");
        self.serial.clone_from(&identity.serial);
        self.firmware.clone_from(&identity.version);
    }

    /// Reason that no point has a value of the present, of a device without a fault: a word of
    /// `reason-WORD`. A node that has not sent yet is none that answers.
    pub(crate) fn silent_reason(&self) -> Option<&'static str> {
        let kept = QualityReason::Retained.word();
        let is_old = |point: &HandoverPoint| point.value.is_none() || point.reason == Some(kept);
        let all_old = self.points.iter().all(is_old);
        self.points
            .iter()
            .find_map(|point| point.reason)
            .filter(|_| all_old)
    }
}

/// Point with this id.
pub(crate) fn find_point_mut<'a>(
    devices: &'a mut [HandoverDevice],
    id: &str,
) -> Option<&'a mut HandoverPoint> {
    let mut points = devices.iter_mut().flat_map(|device| &mut device.points);
    points.find(|point| point.id == id)
}

/// Devices and points as the configuration has them, without values.
pub(crate) fn devices_from_config(config: &Config) -> Vec<HandoverDevice> {
    let both = config.site.devices.iter().zip(&config.devices);
    let device = both.map(|(info, device)| {
        let points = info.points.iter().map(|point| HandoverPoint {
            id: point.id.to_string(),
            unit: point.unit.to_string(),
            ..HandoverPoint::default()
        });
        let sure = device.points.iter().map(|point| point.about.confidence);
        HandoverDevice {
            id: info.id.to_string(),
            confidence: sure.min().unwrap_or_default(),
            points: points.collect(),
            ..HandoverDevice::default()
        }
    });
    device.collect()
}

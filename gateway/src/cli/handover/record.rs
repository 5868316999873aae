//! [`HandoverRecord`]: content of the commissioning record.

use super::device_readings::{HandoverDevice, HandoverPoint};
use super::input_files::SoakResultFile;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::calibration::CalibrationHistory;
use crate::evidence::hash;
use crate::i18n::Language;
use crate::report::render::photo::ReportPhoto;
use jiff::civil::Date;

/// Digits of the configuration's hash in the record.
const REVISION_DIGITS: usize = 16;

/// Content of the record.
pub(super) struct HandoverRecord<'a> {
    pub(super) config: &'a Config,
    pub(super) lang: Language,
    pub(super) now: UtcMs,
    pub(super) devices: Vec<HandoverDevice>,
    pub(super) soak: Option<SoakResultFile>,
    pub(super) photos: Vec<ReportPhoto>,
    pub(super) calibrations: CalibrationHistory,
    pub(super) technician: String,
    pub(super) receiver: String,
}

impl HandoverRecord<'_> {
    pub(super) fn handover_text(&self, key: &str) -> String {
        self.lang.text(&format!("handover-{key}"))
    }

    /// Local date of the record.
    pub(super) fn local_day(&self) -> Date {
        self.config.site.timezone.date(self.now)
    }

    /// First digits of the SHA-256 of the configuration.
    pub(super) fn revision_digits(&self) -> String {
        let mut digits = hash(self.config.revision_text().as_bytes());
        digits.truncate(REVISION_DIGITS);
        digits
    }

    pub(super) fn all_points(&self) -> impl Iterator<Item = &HandoverPoint> {
        self.devices.iter().flat_map(|device| &device.points)
    }

    /// Number of readings that do not agree with their display.
    pub(super) fn count_differing(&self) -> usize {
        let compared = self
            .all_points()
            .filter_map(HandoverPoint::compare_with_display);
        compared.filter(|compared| !compared.agrees()).count()
    }
}

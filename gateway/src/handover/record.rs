//! [`HandoverRecord`]: content of the commissioning record.

use super::device_state::{HandoverDevice, HandoverPoint};
use crate::commissioning::soak_record::SoakRecord;
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
pub(crate) struct HandoverRecord<'a> {
    pub(crate) config: &'a Config,
    pub(crate) lang: Language,
    pub(crate) now: UtcMs,
    pub(crate) devices: Vec<HandoverDevice>,
    pub(crate) soak: Option<SoakRecord>,
    pub(crate) photos: Vec<ReportPhoto>,
    pub(crate) calibrations: CalibrationHistory,
    pub(crate) technician: HandoverSigner,
    pub(crate) receiver: HandoverSigner,
    /// Checks of the page, done or missing; empty for the command line, which looks at none.
    pub(crate) checks: Vec<HandoverCheck>,
    /// Further agreements of the two; may be empty.
    pub(crate) remark: String,
}

/// Person who hands the site over, or takes it over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HandoverSigner {
    /// Name; empty for a line to fill in by hand.
    pub(crate) name: String,
    /// Position, such as `kepala desa`; may be empty.
    pub(crate) position: String,
    /// Time at which the person confirmed the record on the page.
    pub(crate) confirmed: Option<UtcMs>,
}

impl HandoverSigner {
    /// A signer of whom only the name is known.
    pub(crate) fn named(name: Option<&str>) -> Self {
        Self {
            name: name.unwrap_or_default().to_owned(),
            ..Self::default()
        }
    }
}

/// State of one line of the check list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandoverCheckState {
    /// Done.
    Done,
    /// Not done.
    Missing,
    /// Nothing of the kind at this site.
    NotNeeded,
}

impl HandoverCheckState {
    /// Stable word, used in message keys `handover-check-WORD`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Missing => "missing",
            Self::NotNeeded => "not-needed",
        }
    }
}

/// Line of the check list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HandoverCheck {
    /// Word of the subject, used in message keys `handover-subject-WORD`.
    pub(crate) subject: &'static str,
    pub(crate) state: HandoverCheckState,
    /// Finding, as a sentence or numbers.
    pub(crate) found: String,
}

impl HandoverRecord<'_> {
    pub(crate) fn handover_text(&self, key: &str) -> String {
        self.lang.text(&format!("handover-{key}"))
    }

    /// Local date of the record.
    pub(crate) fn local_day(&self) -> Date {
        self.config.site.timezone.date(self.now)
    }

    /// First digits of the SHA-256 of the configuration.
    pub(crate) fn revision_digits(&self) -> String {
        let mut digits = hash(self.config.revision_text().as_bytes());
        digits.truncate(REVISION_DIGITS);
        digits
    }

    pub(crate) fn all_points(&self) -> impl Iterator<Item = &HandoverPoint> {
        self.devices.iter().flat_map(|device| &device.points)
    }

    /// Number of readings that do not agree with their display.
    pub(crate) fn count_differing(&self) -> usize {
        let compared = self
            .all_points()
            .filter_map(HandoverPoint::compare_with_display);
        compared.filter(|compared| !compared.agrees()).count()
    }
}

//! [`PresentValue`]: the latest sample of a point with its age. An old one is never shown as the
//! present.

use super::home_figures::HomeFigures;
use crate::assets::AssetPoint;
use crate::domain::{QualityReason, SampleOutcome, UtcMs};
use crate::i18n::Language;
use crate::report::render::number_format::{self, NO_VALUE};

/// Age up to which a sample is the present, ms.
const PRESENT_MS: i64 = 10 * 60_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Latest value as text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PresentValue {
    /// Unrounded value in the unit of the formulas; `None` when it was not read.
    pub(super) number: Option<f64>,
    /// Number with its unit, or `–`.
    pub(super) text: String,
    /// `now`, `old` or `none`; its label has the message key `home-value-STATE`.
    pub(super) state: &'static str,
    /// Clock of the reading, its age when it is old, or why there is none.
    pub(super) age: String,
}

impl PresentValue {
    /// Latest value of a point, written by `shown`. `None` without such a point.
    pub(super) fn of_point(
        figures: &HomeFigures,
        point: Option<&AssetPoint>,
        shown: impl Fn(Language, f64) -> String,
    ) -> Option<Self> {
        let point = point?;
        let Some(last) = figures.latest.get(&point.id) else {
            return Some(Self::missing(figures.lang().text("home-never-read")));
        };
        let at = last.sample.at;
        Some(match &last.sample.outcome {
            SampleOutcome::Bad(reason)
            | SampleOutcome::Uncertain(_, reason @ QualityReason::Retained) => {
                let key = format!("reason-{}", reason.word());
                Self::missing(figures.lang().text(&key))
            }
            // An age would be counted from a time that is not known.
            SampleOutcome::Uncertain(number, QualityReason::Undated) => {
                let number = point.value(number.to_f64());
                Self::undated(figures.lang(), number, shown)
            }
            outcome => match outcome.number() {
                Some(number) => Self::read_at(figures, at, point.value(number.to_f64()), shown),
                None => Self::missing(figures.lang().text("home-never-read")),
            },
        })
    }

    /// A value of which nobody knows when it was read.
    fn undated(lang: Language, number: f64, shown: impl Fn(Language, f64) -> String) -> Self {
        Self {
            number: Some(number),
            text: shown(lang, number),
            state: "old",
            age: lang.text("home-undated"),
        }
    }

    /// A value that was read at a time.
    pub(super) fn read_at(
        figures: &HomeFigures,
        at: UtcMs,
        number: f64,
        shown: impl Fn(Language, f64) -> String,
    ) -> Self {
        let (lang, age) = (figures.lang(), figures.now().0 - at.0);
        let (state, age) = if age <= PRESENT_MS {
            let (local, _) = number_format::local_time(at, &figures.zone);
            ("now", lang.locale().format_clock(local.time()))
        } else {
            ("old", age_text(lang, age))
        };
        Self {
            number: Some(number),
            text: shown(lang, number),
            state,
            age,
        }
    }

    fn missing(why: String) -> Self {
        Self {
            number: None,
            text: NO_VALUE.to_owned(),
            state: "none",
            age: why,
        }
    }

    /// True when it is the present.
    pub(super) fn is_present(&self) -> bool {
        self.state == "now"
    }
}

/// An age in words: `12 menit lalu`, `2 jam lalu`, `3 hari lalu`.
pub(super) fn age_text(lang: Language, age_ms: i64) -> String {
    let (key, count) = match age_ms {
        age if age < HOUR_MS => ("home-age-minutes", age / MINUTE_MS),
        age if age < 2 * DAY_MS => ("home-age-hours", age / HOUR_MS),
        age => ("home-age-days", age / DAY_MS),
    };
    lang.text_with(key, &[("count", &count.max(1).to_string())])
}

/// Power as people say it: `850 W`, `1,24 kW`.
pub(super) fn power_text(lang: Language, watts: f64) -> String {
    if watts.abs() < 1000.0 {
        return number_format::format_quantity(lang, watts, "W", 0);
    }
    number_format::format_quantity(lang, watts / 1000.0, "kW", 2)
}

/// Temperature: `31,5 °C`.
pub(super) fn temperature_text(lang: Language, degrees: f64) -> String {
    number_format::format_quantity(lang, degrees, "°C", 1)
}

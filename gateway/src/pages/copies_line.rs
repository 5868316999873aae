//! Health of the daily copies on another disk, as texts.

use crate::api::ApiListener;
use crate::api::device_health::HealthState;
use crate::i18n::Language;
use crate::pages::page_texts::HealthLine;
use crate::status::CopyState;

impl ApiListener {
    /// Line of the daily copies: the newest one, and the reason when they fail.
    pub(crate) fn copies_line(&self, copies: &CopyState, lang: Language) -> HealthLine {
        let last = copies.last_good.map(|at| self.format_time(at, lang));
        let words = match (&last, &copies.place) {
            (Some(last), _) => lang.text_with("web-copies-last", &[("last", last)]),
            (None, Some(_)) if copies.is_missing => lang.text("web-copies-unknown"),
            (None, Some(_)) => lang.text("web-copies-none"),
            (None, None) => lang.text("web-copies-no-place"),
        };
        let (state, hint) = match (&copies.fault, &copies.place, copies.is_old(self.now())) {
            (Some(_), _, _) => (HealthState::Fault, lang.text("web-copies-failing")),
            (None, _, true) => (HealthState::Fault, lang.text("web-copies-old")),
            // No second disk is a note: a site may have its copies elsewhere.
            (None, None, _) => (HealthState::Waiting, lang.text("web-copies-place")),
            (None, Some(_), _) if last.is_some() => (HealthState::Ok, String::new()),
            (None, Some(_), _) => (HealthState::Waiting, String::new()),
        };
        let place = copies
            .place
            .as_ref()
            .map(|place| place.display().to_string());
        let missing = place.as_deref().filter(|_| copies.is_missing);
        let missing =
            missing.map(|place| lang.text_with("web-copies-missing", &[("place", place)]));
        let detail = missing.or_else(|| copies.fault.clone()).or(place);
        HealthLine {
            state: state.word(),
            words,
            detail: detail.unwrap_or_default(),
            hint,
            last: last.unwrap_or_default(),
        }
    }
}

//! Health of the time stamps of the evidence chain, as texts.

use crate::api::ApiListener;
use crate::api::device_health::HealthState;
use crate::i18n::Language;
use crate::pages::page_texts::HealthLine;
use crate::status::StampingState;

impl ApiListener {
    /// Line of the time stamps: the last good one, and the reason when they fail.
    pub(crate) fn stamps_line(&self, stamps: &StampingState, lang: Language) -> HealthLine {
        let last = stamps.last_good.map(|at| self.format_time(at, lang));
        let words = match &last {
            Some(last) => lang.text_with("web-stamps-last", &[("last", last)]),
            None => lang.text("web-stamps-none"),
        };
        let (state, hint) = match (&stamps.fault, &last) {
            (Some(_), _) => (HealthState::Fault, lang.text("web-stamps-failing")),
            (None, Some(_)) => (HealthState::Ok, String::new()),
            (None, None) => (HealthState::Waiting, String::new()),
        };
        HealthLine {
            state: state.word(),
            words,
            detail: stamps.fault.clone().unwrap_or_default(),
            hint,
            last: last.unwrap_or_default(),
        }
    }
}

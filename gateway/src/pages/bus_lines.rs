//! Lines and networks in words: which kinds of trouble their devices have, what was asked, and how
//! busy they are.

use crate::api::ApiListener;
use crate::api::device_health::{DeviceHealthVerdict, HealthState, judge_device_health};
use crate::config::Bus;
use crate::i18n::Language;
use crate::pages::number_format::format_count;
use crate::pages::page_texts::HealthLine;
use crate::status::{BusState, StatusSnapshot};

impl ApiListener {
    /// A line as the page of the technician shows it.
    pub(crate) fn bus_line(&self, bus: &Bus, board: &StatusSnapshot, lang: Language) -> HealthLine {
        let site = self.site();
        let devices = site.devices.iter().filter(|device| device.bus == bus.id);
        let judge =
            |device| judge_device_health(device, site, &self.state().buses, board, self.now());
        let verdicts: Vec<DeviceHealthVerdict> = devices.map(judge).collect();
        let state = board.buses.get(&bus.id).cloned().unwrap_or_default();
        let mut hints = verdicts
            .iter()
            .filter_map(|verdict| verdict.hint_text(lang));
        HealthLine {
            state: worst_state(&verdicts).word(),
            words: trouble_words(&verdicts, lang),
            detail: match &state.fault {
                Some(fault) => format!("{} · {fault}", count_words(&state, lang)),
                None => count_words(&state, lang),
            },
            hint: hints.next().unwrap_or_default(),
            last: state.load_percent.map_or_else(String::new, |percent| {
                lang.text_with("lines-load", &[("percent", &percent.to_string())])
            }),
        }
    }
}

fn worst_state(verdicts: &[DeviceHealthVerdict]) -> HealthState {
    let has = |state| verdicts.iter().any(|verdict| verdict.health == state);
    let order = [HealthState::Fault, HealthState::Doubtful, HealthState::Ok];
    let worst = order.into_iter().find(|state| has(*state));
    worst.unwrap_or(HealthState::Waiting)
}

/// Kinds of trouble with the number of devices that have them; else that all answer.
fn trouble_words(verdicts: &[DeviceHealthVerdict], lang: Language) -> String {
    if verdicts.is_empty() {
        return lang.text("lines-no-device");
    }
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for fault in verdicts.iter().filter_map(|verdict| verdict.fault.as_ref()) {
        let word = fault.reason.word();
        match kinds.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => kinds.push((word, 1)),
        }
    }
    if kinds.is_empty() {
        let waits = verdicts
            .iter()
            .all(|one| one.health == HealthState::Waiting);
        let key = if waits {
            "web-health-waiting"
        } else {
            "lines-ok"
        };
        return lang.text_with(key, &[("count", &verdicts.len().to_string())]);
    }
    let kinds = kinds.iter().map(|(word, count)| {
        let (kind, count) = (lang.text(&format!("reason-{word}")), count.to_string());
        let args = [("kind", &*kind), ("count", &*count)];
        lang.text_with("lines-trouble", &args)
    });
    kinds.collect::<Vec<_>>().join("; ")
}

/// Requests since the start, and what became of them.
fn count_words(state: &BusState, lang: Language) -> String {
    let count = |number| format_count(number, lang);
    let args = [
        ("requests", &*count(state.requests)),
        ("timeouts", &*count(state.timeouts)),
        ("corrupt", &*count(state.corrupt)),
        ("late", &*count(state.late)),
    ];
    lang.text_with("lines-counts", &args)
}

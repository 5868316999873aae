//! Certainty of the time of readings, as texts.

use crate::api::ApiListener;
use crate::api::device_health::HealthState;
use crate::clock::{ClockCertainty, StartDoubt, TrustSource};
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::limits::CLOCK_LEAD_TOLD_MS;
use crate::pages::number_format::format_count;
use crate::pages::page_texts::HealthLine;
use jiff::civil::Date;

impl ApiListener {
    pub(crate) fn now(&self) -> UtcMs {
        self.state().clock.now().at
    }

    /// Present day of the site.
    pub(crate) fn today(&self) -> Date {
        self.site().timezone.date(self.now())
    }

    /// Line of the clock: time with its bound, and who vouched for it.
    pub(crate) fn clock_line(&self, lang: Language) -> HealthLine {
        let (now, certainty) = (self.now(), self.state().clock.certainty());
        let mut line = clock_texts(certainty, &self.format_time(now, lang), lang);
        if let Some(doubt) = self.state().clock.start_doubt() {
            line.detail = start_text(doubt, |at| self.format_time(at, lang), lang);
        }
        let board = self.state().board.snapshot();
        let hints = board.sinks.iter().filter_map(|(sink, state)| {
            let says = UtcMs(now.0.saturating_add(state.clock_lead_ms?));
            let args = [("sink", *sink), ("time", &self.format_time(says, lang))];
            Some(lang.text_with("web-clock-hint", &args))
        });
        let undated = self.state().store.health().borrow().undated;
        with_hints(line, hints.collect(), undated_text(undated, lang))
    }
}

/// Text about a time at the start that is not believed, and what to do about it.
fn start_text(doubt: StartDoubt, format: impl Fn(UtcMs) -> String, lang: Language) -> String {
    match doubt {
        StartDoubt::BatteryDiffers(lead_ms) => {
            let seconds = format_count(lead_ms.unsigned_abs() / 1000, lang);
            lang.text_with("web-clock-start-battery", &[("seconds", &seconds)])
        }
        StartDoubt::BeforeData(newest) => {
            lang.text_with("web-clock-start-before", &[("time", &format(newest))])
        }
        StartDoubt::FarAhead(Some(newest)) => {
            lang.text_with("web-clock-start-far", &[("time", &format(newest))])
        }
        StartDoubt::FarAhead(None) => lang.text("web-clock-start-never"),
    }
}

/// Text about values of earlier starts without a date; empty when there are none.
fn undated_text(count: u64, lang: Language) -> String {
    if count == 0 {
        return String::new();
    }
    lang.text_with(
        "web-clock-undated",
        &[("count", &format_count(count, lang))],
    )
}

/// Adds what the clocks of servers say, which changes no time and is a reason to look, and a
/// remark.
fn with_hints(mut line: HealthLine, hints: Vec<String>, remark: String) -> HealthLine {
    if !hints.is_empty() && line.state == HealthState::Ok.word() {
        line.state = HealthState::Doubtful.word();
    }
    let parts = [line.detail].into_iter().chain(hints).chain([remark]);
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    line.detail = parts.join(". ");
    line
}

fn clock_texts(certainty: Option<ClockCertainty>, now: &str, lang: Language) -> HealthLine {
    let Some(certainty) = certainty else {
        return HealthLine {
            state: HealthState::Fault.word(),
            words: lang.text_with("web-clock-untrusted", &[("time", now)]),
            detail: String::new(),
            hint: lang.text("diagnosis-clock"),
            last: String::new(),
        };
    };
    let bound = format_count(certainty.bound_ms.div_ceil(1000), lang);
    let lead = certainty.system_lead_ms;
    // Where a person has set the time, the clock of the computer is known to be wrong.
    let is_by_person = certainty.source == TrustSource::Person;
    let is_apart = lead.abs() >= CLOCK_LEAD_TOLD_MS && !is_by_person;
    let state = if is_apart {
        HealthState::Doubtful
    } else {
        HealthState::Ok
    };
    let seconds = format_count(lead.unsigned_abs() / 1000, lang);
    let side = if lead < 0 {
        "web-clock-behind"
    } else {
        "web-clock-ahead"
    };
    let hint = if is_apart {
        lang.text_with(side, &[("seconds", &seconds)])
    } else {
        String::new()
    };
    HealthLine {
        state: state.word(),
        words: lang.text_with("web-clock-bound", &[("time", now), ("bound", &bound)]),
        detail: lang.text(&format!("web-clock-source-{}", certainty.source.word())),
        hint,
        last: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_told_with_bound_and_source_and_with_what_the_computer_shows_instead() {
        let told = |certainty| clock_texts(certainty, "07.05", Language::Id);
        let of = |source, system_lead_ms| {
            let bound_ms = 3246;
            Some(ClockCertainty {
                source,
                bound_ms,
                system_lead_ms,
            })
        };
        let well = told(of(TrustSource::Kernel, 0));
        assert_eq!((well.state, &*well.hint), ("ok", ""));
        assert!(well.words.contains("07.05") && well.words.contains("4 detik"));
        let apart = told(of(TrustSource::BatteryClock, -7_200_000));
        assert_eq!(apart.state, "doubtful");
        assert!(apart.hint.contains("7.200 detik"), "{}", apart.hint);
        assert!(told(of(TrustSource::Host, 2500)).hint.contains("2 detik"));
        let by_person = told(of(TrustSource::Person, -1_796_040_000_000));
        assert_eq!((by_person.state, &*by_person.hint), ("ok", ""));
        assert_eq!(told(None).state, "fault");
        let start = |doubt| start_text(doubt, |_| "kemarin 07.05".to_owned(), Language::Id);
        let apart = start(StartDoubt::BatteryDiffers(-25_200_000));
        assert!(apart.contains("25.200 detik"), "{apart}");
        for doubt in [
            StartDoubt::BeforeData(UtcMs(0)),
            StartDoubt::FarAhead(Some(UtcMs(0))),
        ] {
            assert!(start(doubt).contains("kemarin 07.05"), "{doubt:?}");
        }
        assert!(start(StartDoubt::FarAhead(None)).contains("tidak mungkin"));
        assert_eq!(undated_text(0, Language::Id), "");
        let undated = undated_text(1234, Language::Id);
        assert!(undated.starts_with("1.234 nilai"), "{undated}");
        let well = told(of(TrustSource::Kernel, 0));
        let detail = with_hints(well, Vec::new(), undated).detail;
        assert!(detail.contains("(NTP). 1.234 nilai"), "{detail}");
    }
}

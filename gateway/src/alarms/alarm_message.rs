//! [`AlarmChange`]: one change of an alarm as it is kept, published and shown; and the texts of
//! messages: short, the state and the local time in the first line.

use super::alarm_state::RaisedAlarm;
use super::evaluator::ChangeKind;
use crate::domain::{Site, UtcMs};
use crate::i18n::Language;
use crate::report::content::unit_text;
use crate::report::render::number_format;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sentence by code of the language.
pub(crate) type SentenceSet = BTreeMap<String, String>;

/// Most characters of a message, so that it fits every channel.
const MESSAGE_CHARS_MAX: usize = 1000;

/// One change of an alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AlarmChange {
    /// Time of the change, RFC 3339.
    pub(crate) t: String,
    /// True when the clock was trusted.
    pub(crate) dated: bool,
    /// Rule and subject: what identifies the alarm over time.
    pub(crate) alarm: String,
    /// `raised`, `reminder`, `acknowledged`, `snoozed`, `recovered` or `withdrawn`.
    pub(crate) state: String,
    /// `urgent`, `warning` or `notice`.
    pub(crate) severity: String,
    /// Time at which it was raised, RFC 3339.
    pub(crate) since: String,
    /// Value in the unit of the rule: at the time of the change for `raised`, `reminder` and
    /// `recovered`, else at the time at which it was raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<f64>,
    /// Person who changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
    /// Note of this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
    /// Time until which it stays quiet, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    /// Number of changes before this one that were lost while the disk refused writes.
    #[serde(default, skip_serializing_if = "is_none_missing")]
    pub(crate) missing: usize,
    /// Message by code of the language.
    pub(crate) text: SentenceSet,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_none_missing(missing: &usize) -> bool {
    *missing == 0
}

impl AlarmChange {
    /// Change of an alarm at a time of this site.
    pub(crate) fn new(
        site: &Site,
        key: &str,
        (kind, alarm): (ChangeKind, &RaisedAlarm),
        (at, dated): (UtcMs, bool),
    ) -> Self {
        let told = alarm.acknowledged.as_ref();
        let told = told.filter(|_| kind == ChangeKind::Acknowledged);
        let until = alarm.snoozed_until.filter(|_| kind == ChangeKind::Snoozed);
        let quieted = alarm.snoozed_by.clone().filter(|_| until.is_some());
        let text = |lang: &Language| {
            let text = message_text(site, *lang, (key, kind, alarm), (at, dated));
            (lang.code().to_owned(), text)
        };
        Self {
            t: at.to_string(),
            dated,
            alarm: key.to_owned(),
            state: kind.word().to_owned(),
            severity: alarm.severity.clone(),
            since: UtcMs(alarm.since).to_string(),
            value: alarm.value,
            by: told.map(|one| one.by.clone()).or(quieted),
            note: told
                .map(|one| one.note.clone())
                .filter(|note| !note.is_empty()),
            until: until.map(|at| UtcMs(at).to_string()),
            missing: 0,
            text: Language::ALL.iter().map(text).collect(),
        }
    }

    /// Notes that so many changes before this one were lost, in its messages too.
    pub(super) fn note_missing(&mut self, missing: usize) {
        self.missing = missing;
        let count = missing.to_string();
        for lang in Language::ALL {
            if let Some(text) = self.text.get_mut(lang.code()) {
                let line = lang.text_with("alarm-missing", &[("count", &count)]);
                let room = MESSAGE_CHARS_MAX.saturating_sub(line.chars().count() + 1);
                let kept: String = text.chars().take(room).collect();
                *text = format!("{kept}\n{line}");
            }
        }
    }
}

/// First line of a message: state, site and local time.
pub(crate) fn message_head(
    site: &Site,
    lang: Language,
    state: &str,
    (at, dated): (UtcMs, bool),
) -> String {
    let time = if dated {
        local_time_text(site, lang, at)
    } else {
        lang.text("alarm-undated")
    };
    format!("{} · {} · {time}", state.to_uppercase(), site.name)
}

fn local_time_text(site: &Site, lang: Language, at: UtcMs) -> String {
    let zone = site.timezone.rules();
    let (_, name) = number_format::local_time(at, zone);
    format!(
        "{} {name}",
        number_format::format_short_time(lang, at, zone)
    )
}

/// Advice about an alarm of a default rule; `None` where its sentence says it, and for a rule
/// of the site.
fn advice(lang: Language, key: &str) -> Option<String> {
    let (rule, _) = key.split_once('/')?;
    lang.find_text(&format!("alarm-do-{rule}"))
}

/// Value with the digits that mean something: sums of doubles end in many others.
pub(super) fn told_number(value: f64) -> f64 {
    /// Digits beyond what any sensor has.
    const DIGITS: usize = 6;
    format!("{value:.DIGITS$e}").parse().unwrap_or(value)
}

/// Message of a change: state, site and local time; the sentence; and what else there is to say.
fn message_text(
    site: &Site,
    lang: Language,
    (key, kind, alarm): (&str, ChangeKind, &RaisedAlarm),
    (at, dated): (UtcMs, bool),
) -> String {
    let local = |at: i64| local_time_text(site, lang, UtcMs(at));
    let state = match kind {
        ChangeKind::Raised => lang.text(&format!("attention-level-{}", alarm.level().word())),
        other => lang.text(&format!("alarm-state-{}", other.word())),
    };
    let sentence = alarm.texts.get(lang.code()).map_or("", String::as_str);
    let mut lines = vec![
        message_head(site, lang, &state, (at, dated)),
        sentence.to_owned(),
    ];
    if matches!(kind, ChangeKind::Raised | ChangeKind::Reminded) {
        lines.extend(advice(lang, key));
    }
    let begun = match kind {
        ChangeKind::Reminded => Some("alarm-since"),
        // "Since" would be the time of what is so now.
        ChangeKind::Recovered => Some("alarm-begun"),
        _ => None,
    };
    if let Some(key) = begun.filter(|_| alarm.dated) {
        lines.push(lang.text_with(key, &[("time", &local(alarm.since))]));
    }
    match (kind, &alarm.acknowledged, alarm.snoozed_until) {
        (ChangeKind::Acknowledged, Some(seen), _) if seen.note.is_empty() => {
            lines.push(lang.text_with("alarm-seen-by", &[("by", &seen.by)]));
        }
        (ChangeKind::Acknowledged, Some(seen), _) => {
            let args = [("by", &*seen.by), ("note", &*seen.note)];
            lines.push(lang.text_with("alarm-seen-note", &args));
        }
        (ChangeKind::Snoozed, _, Some(until)) => {
            lines.push(lang.text_with("alarm-quiet-until", &[("time", &local(until))]));
        }
        _ => {}
    }
    lines.join("\n").chars().take(MESSAGE_CHARS_MAX).collect()
}

/// Sentences of a trouble that is over, where nothing else is known of what is so now.
pub(super) fn over_texts(texts: &SentenceSet) -> SentenceSet {
    let over = |lang: &Language| {
        let text = texts.get(lang.code())?;
        let said = lang.text_with("alarm-text-over", &[("text", text)]);
        Some((lang.code().to_owned(), said))
    };
    Language::ALL.iter().filter_map(over).collect()
}

/// Value with its unit, in three digits: `12,3 °C`, `8%`.
pub(crate) fn value_text(lang: Language, value: f64, unit: &str) -> String {
    let part = value.fract().abs();
    // Figures are sums of doubles: 15 may be 14.999999999999998.
    let is_whole = !(1e-9..=1.0 - 1e-9).contains(&part);
    let decimals = match value.abs() {
        size if size >= 100.0 || is_whole => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    number_format::format_quantity(lang, value, &unit_text(lang, unit), decimals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::Acknowledgement;
    use crate::tests::site_with_devices;

    const AT: i64 = 1_795_194_300_000;

    fn alarm() -> RaisedAlarm {
        let text = |(code, text): (&str, &str)| (code.to_owned(), text.to_owned());
        RaisedAlarm {
            since: AT,
            dated: true,
            severity: "urgent".to_owned(),
            texts: [
                ("id", "Tandon air: air tinggal 12%"),
                ("en", "Tank: 12% left"),
            ]
            .map(text)
            .into(),
            value: Some(12.0),
            untold_ms: 0,
            reminded: false,
            reminder: None,
            acknowledged: None,
            snoozed_until: None,
            snoozed_by: None,
        }
    }

    fn text_of(kind: ChangeKind, alarm: &RaisedAlarm, dated: bool) -> String {
        let site = site_with_devices("desa", Vec::new());
        let at = (UtcMs(AT + 3_600_000), dated);
        let change = AlarmChange::new(&site, "tank-low/t", (kind, alarm), at);
        change.text["id"].clone()
    }

    #[test]
    fn the_first_line_of_a_message_is_the_state_with_the_local_time() {
        assert_eq!(
            text_of(ChangeKind::Raised, &alarm(), true),
            "SEGERA · desa · 21 Nov 2026 01.05 WIB\nTandon air: air tinggal 12%\n\
             Periksa pompa dan pipa masuk; hemat air."
        );
        assert_eq!(
            text_of(ChangeKind::Recovered, &alarm(), true),
            "PULIH · desa · 21 Nov 2026 01.05 WIB\nTandon air: air tinggal 12%\n\
             Alarm sejak 21 Nov 2026 00.05 WIB"
        );
        let undated = text_of(ChangeKind::Raised, &alarm(), false);
        assert!(
            undated.starts_with("SEGERA · desa · jam belum sinkron\n"),
            "{undated}"
        );
    }

    #[test]
    fn a_value_has_no_digits_of_a_sum() {
        for (value, told) in [
            (14.999_999_999_999_998, 15.0),
            (0.1 + 0.2, 0.3),
            (225.417_1, 225.417_1),
            (-1e-9, -1e-9),
            (0.0, 0.0),
        ] {
            assert_eq!(told_number(value).to_bits(), f64::to_bits(told), "{value}");
        }
    }

    #[test]
    fn an_acknowledgement_has_its_note_and_a_long_message_is_cut() {
        let seen = |note: &str| RaisedAlarm {
            acknowledged: Some(Acknowledgement {
                by: "Ani".to_owned(),
                note: note.to_owned(),
                at: AT,
            }),
            ..alarm()
        };
        let text = text_of(ChangeKind::Acknowledged, &seen("pompa dipesan"), true);
        assert!(
            text.ends_with("\nDicatat oleh Ani: pompa dipesan"),
            "{text}"
        );
        let long = text_of(ChangeKind::Acknowledged, &seen(&"x".repeat(3000)), true);
        assert_eq!(long.chars().count(), MESSAGE_CHARS_MAX);
    }
}

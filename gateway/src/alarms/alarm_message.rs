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
    /// Message by code of the language.
    pub(crate) text: SentenceSet,
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
            let text = message_text(site, *lang, (kind, alarm), (at, dated));
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
            text: Language::ALL.iter().map(text).collect(),
        }
    }
}

/// Message of a change: state, site and local time; the sentence; and what else there is to say.
fn message_text(
    site: &Site,
    lang: Language,
    (kind, alarm): (ChangeKind, &RaisedAlarm),
    (at, dated): (UtcMs, bool),
) -> String {
    let zone = site.timezone.rules();
    let local = |at: i64| {
        let at = UtcMs(at);
        let (_, name) = number_format::local_time(at, zone);
        format!(
            "{} {name}",
            number_format::format_short_time(lang, at, zone)
        )
    };
    let state = match kind {
        ChangeKind::Raised => lang.text(&format!("attention-level-{}", alarm.level().word())),
        other => lang.text(&format!("alarm-state-{}", other.word())),
    };
    let time = if dated {
        local(at.0)
    } else {
        lang.text("alarm-undated")
    };
    let sentence = alarm.texts.get(lang.code()).map_or("", String::as_str);
    let mut lines = vec![
        format!("{} · {} · {time}", state.to_uppercase(), site.name),
        sentence.to_owned(),
    ];
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
            "SEGERA · desa · 21 Nov 2026 01.05 WIB\nTandon air: air tinggal 12%"
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

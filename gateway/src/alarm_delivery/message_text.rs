//! [`OutgoingMessage`]: texts of messages: one change as it is, several as a summary, a test, and
//! the text that people share themselves.

use super::queued_message::QueuedMessage;
use crate::alarms::{AlarmChange, message_head};
use crate::clock::ClockStamp;
use crate::domain::Site;
use crate::i18n::Language;

/// Most characters of a message, so that it fits every service.
const MESSAGE_CHARS_MAX: usize = 1000;
/// Mark between the parts of the first line of a message.
const HEAD_MARK: &str = " · ";

/// Message on its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OutgoingMessage {
    /// Identity, the same at each attempt: store and row.
    pub(super) id: String,
    /// `alarm`, `summary` or `test`.
    pub(super) kind: &'static str,
    /// Text; its first line says the state.
    pub(super) text: String,
    /// Changes that it tells.
    pub(super) changes: Vec<AlarmChange>,
    /// Time at which it was made.
    pub(super) made: ClockStamp,
}

impl OutgoingMessage {
    /// First line.
    pub(super) fn head(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }

    /// The text in one line, for services that allow no line breaks.
    pub(super) fn one_line(&self) -> String {
        let lines = self.text.lines().map(str::trim);
        let full: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        full.join(" | ")
    }
}

/// Beginning of the identities of a site's messages: its store, or the site before there is one.
fn origin<'a>((site, store): (&'a Site, &'a str)) -> &'a str {
    if store.is_empty() { &site.id } else { store }
}

/// Message of these rows, of which there is at least one; `unsaid` changes were left out before.
pub(super) fn message_of(
    (site, store): (&Site, &str),
    lang: Language,
    rows: &[&(u64, QueuedMessage)],
    unsaid: u64,
    made: ClockStamp,
) -> OutgoingMessage {
    let store = origin((site, store));
    let last = rows.last().map_or(0, |(id, _)| *id);
    let changes = rows.iter().map(|(_, one)| one.change.clone()).collect();
    let left_out =
        (unsaid > 0).then(|| lang.text_with("alarm-left-out", &[("count", &unsaid.to_string())]));
    let tail = left_out.map(|line| format!("\n{line}")).unwrap_or_default();
    let room = MESSAGE_CHARS_MAX.saturating_sub(tail.chars().count());
    let (kind, id, text) = if let [(id, one)] = rows {
        ("alarm", format!("{store}-{id}"), cut(one.text(), room))
    } else {
        let text = summary_text(site, lang, rows, (made, room));
        ("summary", format!("{store}-{last}s{}", rows.len()), text)
    };
    OutgoingMessage {
        id,
        kind,
        text: text + &tail,
        changes,
        made,
    }
}

/// Last state of each alarm, a line each, in a message of at most `room` characters.
fn summary_text(
    site: &Site,
    lang: Language,
    rows: &[&(u64, QueuedMessage)],
    (made, room): (ClockStamp, usize),
) -> String {
    let places = rows.iter().enumerate();
    let last = places.filter(|(at, (_, one))| {
        let later = &rows[at + 1..];
        !later
            .iter()
            .any(|(_, other)| other.change.alarm == one.change.alarm)
    });
    let mut last: Vec<&QueuedMessage> = last.map(|(_, (_, one))| one).collect();
    last.sort_by_key(|one| (one.change.state == "recovered", one.level()));
    let lines: Vec<String> = last.iter().map(|one| summary_line(one.text())).collect();
    let count = rows.len().to_string();
    let head = message_head(
        site,
        lang,
        &lang.text("alarm-state-summary"),
        (made.at, made.trusted),
    );
    let said = lang.text_with("alarm-summary", &[("count", &count)]);
    list_text(lang, &format!("{head}\n{said}"), &lines, room)
}

/// Change in one line: state and time, then its sentence.
fn summary_line(text: &str) -> String {
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    let state = head.split(HEAD_MARK).next().unwrap_or_default();
    let time = head.rsplit(HEAD_MARK).next().unwrap_or_default();
    format!("- {state}, {time}: {}", lines.next().unwrap_or_default())
}

/// Head and lines in at most `room` characters; what has no room is counted.
fn list_text(lang: Language, head: &str, lines: &[String], room: usize) -> String {
    let mut text = head.to_owned();
    for (at, line) in lines.iter().enumerate() {
        let left = (lines.len() - at).to_string();
        let more = lang.text_with("alarm-more", &[("count", &left)]);
        let is_last = at + 1 == lines.len();
        let after = if is_last { 0 } else { more.chars().count() + 1 };
        if text.chars().count() + line.chars().count() + 1 + after > room {
            return cut(&format!("{text}\n{more}"), room);
        }
        text = format!("{text}\n{line}");
    }
    text
}

fn cut(text: &str, room: usize) -> String {
    text.chars().take(room).collect()
}

/// Text that people send themselves: the alarms that are raised, a line each.
pub(crate) fn shared_text(
    site: &Site,
    lang: Language,
    made: ClockStamp,
    lines: &[String],
) -> String {
    let head = message_head(
        site,
        lang,
        &lang.text("alarm-title"),
        (made.at, made.trusted),
    );
    let lines: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
    list_text(lang, &head, &lines, MESSAGE_CHARS_MAX)
}

/// Test message of a channel.
pub(super) fn test_text(
    (site, store): (&Site, &str),
    lang: Language,
    channel: &str,
    made: ClockStamp,
) -> OutgoingMessage {
    let head = message_head(
        site,
        lang,
        &lang.text("alarm-state-test"),
        (made.at, made.trusted),
    );
    let store = origin((site, store));
    let said = lang.text_with("alarm-test-text", &[("channel", channel)]);
    OutgoingMessage {
        id: format!("{store}-test-{}", made.mono.0),
        kind: "test",
        text: format!("{head}\n{said}"),
        changes: Vec::new(),
        made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MonoMs, UtcMs};
    use crate::tests::site_with_devices;

    const AT: i64 = 1_795_194_300_000;

    fn row(id: u64, alarm: &str, state: &str, text: &str) -> (u64, QueuedMessage) {
        let body = serde_json::json!({
            "t": "", "dated": true, "alarm": alarm, "state": state, "severity": "warning",
            "since": "", "text": { "id": text }
        });
        let one = QueuedMessage {
            recipient: String::new(),
            number: id,
            since: AT,
            dated: true,
            held: false,
            change: serde_json::from_value(body).unwrap(),
        };
        (id, one)
    }

    fn text_of(rows: &[(u64, QueuedMessage)], unsaid: u64) -> OutgoingMessage {
        let site = site_with_devices("desa", Vec::new());
        let made = ClockStamp {
            at: UtcMs(AT),
            mono: MonoMs(7),
            trusted: true,
        };
        let rows: Vec<&(u64, QueuedMessage)> = rows.iter().collect();
        message_of((&site, "k3f9q2"), Language::Id, &rows, unsaid, made)
    }

    #[test]
    fn one_change_is_told_as_it_is_with_what_was_left_out() {
        let one = row(
            7,
            "a/b",
            "raised",
            "PERIKSA · desa · 21 Nov 2026 00.05 WIB\nTandon: 12%",
        );
        let sent = text_of(std::slice::from_ref(&one), 0);
        assert_eq!((&*sent.id, sent.text.as_str()), ("k3f9q2-7", one.1.text()));
        let sent = text_of(&[one], 3);
        assert!(
            sent.text
                .ends_with("\n3 pesan yang lebih lama tidak dikirim: antrean penuh."),
            "{}",
            sent.text
        );
    }

    #[test]
    fn a_summary_has_the_last_state_of_each_alarm() {
        let rows = [
            row(
                1,
                "a/1",
                "raised",
                "PERIKSA · desa · 20 Nov 2026 22.00 WIB\nTandon: 12%",
            ),
            row(
                2,
                "a/2",
                "raised",
                "PERIKSA · desa · 20 Nov 2026 23.00 WIB\nBiopond: 37 °C",
            ),
            row(
                3,
                "a/1",
                "recovered",
                "PULIH · desa · 20 Nov 2026 23.30 WIB\nTandon: 60%",
            ),
        ];
        let sent = text_of(&rows, 0);
        assert_eq!(
            sent.text,
            "RINGKASAN · desa · 21 Nov 2026 00.05 WIB\n3 perubahan alarm, keadaan terakhir:\n\
             - PERIKSA, 20 Nov 2026 23.00 WIB: Biopond: 37 °C\n\
             - PULIH, 20 Nov 2026 23.30 WIB: Tandon: 60%"
        );
        assert_eq!(sent.one_line().lines().count(), 1);
    }

    #[test]
    fn a_long_summary_counts_what_has_no_room() {
        let long = "x".repeat(80);
        let rows: Vec<_> = (1..40)
            .map(|id| {
                row(
                    id,
                    &format!("a/{id}"),
                    "raised",
                    &format!("PERIKSA · d · t\n{long}"),
                )
            })
            .collect();
        let sent = text_of(&rows, 0);
        assert!(sent.text.chars().count() <= MESSAGE_CHARS_MAX);
        let shown = sent.text.matches(&long).count();
        let last = sent.text.lines().last().unwrap();
        assert!(last.contains(&(39 - shown).to_string()), "{last}");
    }
}

//! [`RawAlarmChannel`]: `[[alarm_channel]]` and `[alarm_delivery]` as typed, and the keys that each
//! kind of channel has.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{OneOrMany, RawInteger, RawText, SpannedValue};
use crate::config::value_syntax::parse_size;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;

/// `[alarm_delivery]` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawAlarmDelivery {
    /// Bytes a month of all channels together, e.g. `"2 MB"`; when they are used up, only urgent
    /// messages are sent. No limit by default.
    pub(crate) data_budget: RawText,
}

/// `[[alarm_channel]]` as typed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(extend("x-secret-keys" = [
    { "forbidden": "token", "file": "token_file", "variable": "PANTAU_ALARM_ID_TOKEN" },
    { "forbidden": "password", "file": "password_file", "variable": "PANTAU_ALARM_ID_PASSWORD" },
    { "forbidden": "signing_key", "file": "signing_key_file",
      "variable": "PANTAU_ALARM_ID_SIGNING_KEY" }
]))]
pub(crate) struct RawAlarmChannel {
    /// Letters, digits, `-` and `_`.
    #[schemars(required)]
    pub(crate) id: RawText,
    /// Service that carries the messages.
    #[schemars(required)]
    pub(crate) kind: Option<SpannedValue<RawAlarmChannelKind>>,
    /// Least severity that is told, `warning` by default.
    #[schemars(extend("enum" = ["urgent", "warning", "notice"]))]
    pub(crate) severity: RawText,
    /// Language of its messages; that of the site by default.
    #[schemars(extend("enum" = ["id", "en"]))]
    pub(crate) language: RawText,
    /// Local hours in which only urgent messages are sent, `"21:00-06:00"` by default, or `"none"`.
    pub(crate) quiet_hours: RawText,
    /// Most messages within an hour for each recipient, 12 by default; more become one summary.
    pub(crate) messages_per_hour: RawInteger,
    /// Age at which a message is given up, `"3d"` by default.
    pub(crate) give_up_after: RawText,
    /// PEM file of the authority that signed the server's certificate; the system's by default.
    pub(crate) ca_file: RawText,
    /// `webhook`: address. `telegram`, `whatsapp`: another address of the service.
    pub(crate) url: RawText,
    /// `webhook`: file with the address, where that contains a key.
    pub(crate) url_file: RawText,
    /// File with the token of the bot, of the system user, or for the header `Authorization`.
    pub(crate) token_file: RawText,
    /// `webhook`: file with the key of the HMAC-SHA-256 in the header `X-Pantau-Signature`.
    pub(crate) signing_key_file: RawText,
    /// `telegram`: id of the chat, or `@name` of a public one.
    #[schemars(with = "Option<serde_json::Value>")]
    pub(crate) chat: Option<SpannedValue<toml::Value>>,
    /// `email`: host of the mail server.
    pub(crate) host: RawText,
    /// `email`: port, 587 for STARTTLS and 465 for TLS by default.
    pub(crate) port: Option<SpannedValue<u16>>,
    /// `email`: `starttls` (default), or `tls` from the first byte.
    #[schemars(extend("enum" = ["starttls", "tls"]))]
    pub(crate) security: RawText,
    /// `email`: user name at the mail server.
    pub(crate) username: RawText,
    /// `email`: file with the password, usually one for this program alone.
    pub(crate) password_file: RawText,
    /// `email`: address of the sender.
    pub(crate) from: RawText,
    /// `email`: addresses. `whatsapp`: numbers with country code.
    pub(crate) to: Option<OneOrMany<String>>,
    /// `whatsapp`: id of the sending number, from the page of the app.
    pub(crate) phone_id: RawText,
    /// `whatsapp`: name of the approved template.
    pub(crate) template: RawText,
    /// `whatsapp`: language code of the template, `id` by default.
    pub(crate) template_language: RawText,
}

/// Kinds of channel.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RawAlarmChannelKind {
    Webhook,
    Telegram,
    Email,
    Whatsapp,
}

impl RawAlarmChannelKind {
    fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Telegram => "telegram",
            Self::Email => "email",
            Self::Whatsapp => "whatsapp",
        }
    }

    /// Keys of this kind, beside those of all kinds.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Webhook => &["url", "url_file", "token_file", "signing_key_file"],
            Self::Telegram => &["url", "token_file", "chat"],
            Self::Email => &[
                "host",
                "port",
                "security",
                "username",
                "password_file",
                "from",
                "to",
            ],
            Self::Whatsapp => &[
                "url",
                "token_file",
                "phone_id",
                "template",
                "template_language",
                "to",
            ],
        }
    }
}

/// Reports keys of other kinds; they would be ignored in silence.
pub(super) fn report_stray_keys(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawAlarmChannel,
    kind: RawAlarmChannelKind,
) {
    for (key, place) in keys_of_kinds(typed) {
        if let Some(span) = place.filter(|_| !kind.keys().contains(&key)) {
            notes.add_error(span, key, "fault-other-channel", key, kind.word());
        }
    }
}

fn keys_of_kinds(typed: &RawAlarmChannel) -> Vec<(&'static str, Option<Range<usize>>)> {
    let text = |at: &RawText| at.as_ref().map(SpannedValue::span);
    let to = typed.to.as_ref().and_then(|to| to.all().first());
    vec![
        ("url", text(&typed.url)),
        ("url_file", text(&typed.url_file)),
        ("token_file", text(&typed.token_file)),
        ("signing_key_file", text(&typed.signing_key_file)),
        ("chat", typed.chat.as_ref().map(SpannedValue::span)),
        ("host", text(&typed.host)),
        ("port", typed.port.as_ref().map(SpannedValue::span)),
        ("security", text(&typed.security)),
        ("username", text(&typed.username)),
        ("password_file", text(&typed.password_file)),
        ("from", text(&typed.from)),
        ("to", to.map(SpannedValue::span)),
        ("phone_id", text(&typed.phone_id)),
        ("template", text(&typed.template)),
        ("template_language", text(&typed.template_language)),
    ]
}

/// Checks `[alarm_delivery]`; returns the bytes of a month.
pub(crate) fn check_data_budget(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawAlarmDelivery>,
) -> Option<u64> {
    let typed = &raw?.data_budget;
    let expected = "fault-expect-size";
    let bytes = notes.parsed_text(typed, "data_budget", parse_size, expected)?;
    if let (Some(at), 0) = (typed, bytes) {
        notes.add_error(at.span(), "data_budget", "fault-range", at.get(), "> 0");
    }
    Some(bytes)
}

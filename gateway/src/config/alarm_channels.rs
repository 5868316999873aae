//! `[[alarm_channel]]` and `[alarm_delivery]`: ways on which messages of alarms reach people.
//!
//! ```toml
//! [[alarm_channel]]
//! id         = "staff"
//! kind       = "telegram"
//! token_file = "telegram.token"
//! chat       = "-1001234567890"
//! ```

use crate::config::alarm_channel_keys::{RawAlarmChannel, RawAlarmChannelKind, report_stray_keys};
use crate::config::alarm_channel_values::{
    QuietHours, QuietSetting, parse_mailbox, parse_phone, parse_quiet_hours, parse_service_url,
    parse_webhook_url,
};
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawText, SpannedValue};
use crate::config::value_syntax::{EXPECT_DURATION, parse_duration};
use crate::config::{AlarmLevel, Secret};
use crate::i18n::Language;
use crate::limits::{ALARM_CHANNELS_MAX, ALARM_RECIPIENTS_MAX};
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Quiet hours where a channel says nothing.
const QUIET_DEFAULT: &str = "21:00-06:00";
/// Messages an hour where a channel says nothing: more than a bad day brings, and less than what
/// a group mutes.
const HOURLY_DEFAULT: u32 = 12;
/// Allowed messages an hour.
const HOURLY_RANGE: RangeInclusive<i64> = 1..=120;
/// Time after which a message is given up where a channel says nothing.
const GIVE_UP_DEFAULT: Duration = Duration::from_hours(72);
/// Shortest and longest such time.
const GIVE_UP_RANGE: RangeInclusive<Duration> =
    Duration::from_hours(1)..=Duration::from_hours(30 * 24);
/// Bot API of Telegram.
const TELEGRAM_URL: &str = "https://api.telegram.org";
/// Graph API of Meta, with the version that the requests are made for.
const WHATSAPP_URL: &str = "https://graph.facebook.com/v23.0";

/// Checked channel.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmChannel {
    /// Id.
    pub id: Arc<str>,
    /// Service that carries the messages.
    pub carrier: AlarmCarrier,
    /// Least severity that is told.
    pub severity: AlarmLevel,
    /// Language of its messages.
    pub language: Language,
    /// Hours in which only urgent messages are sent.
    pub quiet_hours: Option<QuietHours>,
    /// Most messages within an hour, for each recipient.
    pub hourly: u32,
    /// Age at which a message is given up.
    pub give_up_after: Duration,
    /// PEM file of the authority of the server; `None`: those of the system.
    pub ca_file: Option<PathBuf>,
}

/// Service that carries messages, with what it needs.
#[derive(Clone, Debug, PartialEq)]
pub enum AlarmCarrier {
    /// HTTP request to a server of one's own.
    Webhook {
        /// Address; a file where it contains a key.
        url: Secret,
        /// Bearer token.
        token: Option<Secret>,
        /// Key of the HMAC of the body.
        signing_key: Option<Secret>,
    },
    /// Bot of Telegram.
    Telegram {
        /// Address of the Bot API.
        url: String,
        /// Token of the bot.
        token: Secret,
        /// Id or name of the chat.
        chat: String,
    },
    /// Mail by SMTP.
    Email(MailServer),
    /// Template message of the WhatsApp Cloud API.
    Whatsapp {
        /// Address of the Graph API with its version.
        url: String,
        /// Token of the system user.
        token: Secret,
        /// Id of the sending number.
        phone_id: String,
        /// Name and language of the template.
        template: (String, String),
        /// Numbers with country code, digits alone.
        to: Vec<String>,
    },
}

/// Mail server and the addresses of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct MailServer {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// True for TLS from the first byte, false for STARTTLS.
    pub is_tls: bool,
    /// User name with its password; `None` for a server without a log-in.
    pub login: Option<(String, Secret)>,
    /// Sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
}

impl AlarmCarrier {
    /// Word of its kind.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Telegram { .. } => "telegram",
            Self::Email(_) => "email",
            Self::Whatsapp { .. } => "whatsapp",
        }
    }

    /// Recipients, each of whom gets a message of his own; an empty text stands for the only one.
    pub fn recipients(&self) -> Vec<String> {
        match self {
            Self::Webhook { .. } | Self::Telegram { .. } => vec![String::new()],
            Self::Email(server) => server.to.clone(),
            Self::Whatsapp { to, .. } => to.clone(),
        }
    }
}

/// Checks all `[[alarm_channel]]`; `site_language` is the language where one says nothing, `env`
/// looks up an environment variable.
pub(crate) fn check_alarm_channels(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawAlarmChannel>],
    site_language: Language,
    env: &dyn Fn(&str) -> Option<String>,
) -> Vec<AlarmChannel> {
    let mut seen = BTreeSet::new();
    let mut channels = Vec::new();
    for at in raw {
        let typed = at.get();
        let id = notes.id(&typed.id, &mut seen);
        if channels.len() >= ALARM_CHANNELS_MAX {
            let (found, most) = (raw.len().to_string(), format!("<= {ALARM_CHANNELS_MAX}"));
            notes.add_error(at.span(), "alarm_channel", "fault-range", &found, &most);
            break;
        }
        let Some(kind) = typed.kind.as_ref().map(|kind| *kind.get()) else {
            continue;
        };
        report_stray_keys(notes, typed, kind);
        let mut check = ChannelCheck {
            notes,
            typed,
            span: at.span(),
            id: &id,
            env,
        };
        let carrier = match kind {
            RawAlarmChannelKind::Webhook => check.webhook(),
            RawAlarmChannelKind::Telegram => check.telegram(),
            RawAlarmChannelKind::Email => check.email(),
            RawAlarmChannelKind::Whatsapp => check.whatsapp(),
        };
        let channel = carrier.map(|carrier| check.channel(carrier, site_language));
        channels.extend(channel);
    }
    channels
}

/// One table under check.
struct ChannelCheck<'a, 'n, 'f> {
    notes: &'a mut DiagnosticCollector<'f>,
    typed: &'n RawAlarmChannel,
    span: Range<usize>,
    id: &'n Arc<str>,
    env: &'n dyn Fn(&str) -> Option<String>,
}

impl ChannelCheck<'_, '_, '_> {
    fn channel(&mut self, carrier: AlarmCarrier, site_language: Language) -> AlarmChannel {
        let typed = self.typed;
        let (levels, languages) = ("urgent, warning, notice", "id, en");
        let severity =
            self.notes
                .parsed_text(&typed.severity, "severity", AlarmLevel::parse, levels);
        let language =
            self.notes
                .parsed_text(&typed.language, "language", Language::parse, languages);
        let quiet = self.notes.parsed_text(
            &typed.quiet_hours,
            "quiet_hours",
            parse_quiet_hours,
            "21:00-06:00, none",
        );
        let hourly = self.notes.integer_in_range(
            &typed.messages_per_hour,
            "messages_per_hour",
            HOURLY_RANGE,
        );
        AlarmChannel {
            id: Arc::clone(self.id),
            carrier,
            severity: severity.unwrap_or(AlarmLevel::Warning),
            language: language.unwrap_or(site_language),
            quiet_hours: quiet
                .or_else(|| parse_quiet_hours(QUIET_DEFAULT))
                .and_then(QuietSetting::hours),
            hourly: hourly.unwrap_or(HOURLY_DEFAULT),
            give_up_after: self.give_up_after(),
            ca_file: self.notes.ca_file(&typed.ca_file),
        }
    }

    fn give_up_after(&mut self) -> Duration {
        let typed = &self.typed.give_up_after;
        let key = "give_up_after";
        let found = self
            .notes
            .parsed_text(typed, key, parse_duration, EXPECT_DURATION);
        if let (Some(at), Some(_)) = (typed, found.filter(|one| !GIVE_UP_RANGE.contains(one))) {
            let found = at.get();
            self.notes
                .add_error(at.span(), key, "fault-range", found, "1h..=30d");
        }
        found.unwrap_or(GIVE_UP_DEFAULT)
    }

    fn webhook(&mut self) -> Option<AlarmCarrier> {
        let typed = self.typed;
        let address = match (&typed.url, &typed.url_file) {
            (Some(_), None) => {
                let expected = "https://HOST/PATH";
                let url = self
                    .notes
                    .address(&typed.url, parse_webhook_url, expected, "url_file");
                url.map(Secret::new)
            }
            (None, _) => self.secret(&typed.url_file, "url"),
            (Some(at), Some(_)) => {
                let found = "url, url_file";
                self.notes
                    .add_error(at.span(), "url", "fault-value", found, "url_file");
                None
            }
        };
        Some(AlarmCarrier::Webhook {
            token: self.optional_secret(&typed.token_file, "token"),
            signing_key: self.optional_secret(&typed.signing_key_file, "signing_key"),
            url: address?,
        })
    }

    fn telegram(&mut self) -> Option<AlarmCarrier> {
        let typed = self.typed;
        let chat = self.chat();
        let token = self.secret(&typed.token_file, "token");
        Some(AlarmCarrier::Telegram {
            url: self.service_url(TELEGRAM_URL),
            token: token?,
            chat: chat?,
        })
    }

    /// Id of the chat, as a number or a text.
    fn chat(&mut self) -> Option<String> {
        let Some(at) = &self.typed.chat else {
            self.missing("chat");
            return None;
        };
        let text = match at.get() {
            toml::Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_name =
            text.len() > 1 && text.starts_with('@') && !text.contains(char::is_whitespace);
        if !is_number && !is_name {
            let expected = "-1001234567890, 123456789, @name";
            self.notes
                .add_error(at.span(), "chat", "fault-value", &text, expected);
            return None;
        }
        Some(text)
    }

    fn email(&mut self) -> Option<AlarmCarrier> {
        let typed = self.typed;
        let is_tls = typed.security.as_ref().is_some_and(|at| at.get() == "tls");
        let host = self.required(&typed.host, "host", parse_host, "smtp.example.org");
        let mailbox = "nama@example.org";
        let from = self.required(&typed.from, "from", parse_mailbox, mailbox);
        let to = self.recipients(parse_mailbox, mailbox);
        let login = match (&typed.username, &typed.password_file) {
            (None, Some(_)) => {
                self.missing("username");
                None
            }
            (None, None) => None,
            (Some(name), _) => {
                let name = name.get().clone();
                let password = self.secret(&typed.password_file, "password");
                password.map(|password| (name, password))
            }
        };
        let port = typed.port.as_ref().map(|at| *at.get());
        Some(AlarmCarrier::Email(MailServer {
            host: host?,
            port: port.unwrap_or(if is_tls { 465 } else { 587 }),
            is_tls,
            login,
            from: from?,
            to: to?,
        }))
    }

    fn whatsapp(&mut self) -> Option<AlarmCarrier> {
        let typed = self.typed;
        let digits = |text: &str| {
            let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_id.then(|| text.to_owned())
        };
        let word = |text: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            (!text.is_empty() && text.bytes().all(plain)).then(|| text.to_owned())
        };
        let phone_id = self.required(&typed.phone_id, "phone_id", digits, "106540352242922");
        let template = self.required(&typed.template, "template", word, "pantau_alarm");
        let language = self.notes.parsed_text(
            &typed.template_language,
            "template_language",
            word,
            "id, en, en_US",
        );
        let to = self.recipients(parse_phone, "+6281234567890");
        let token = self.secret(&typed.token_file, "token");
        Some(AlarmCarrier::Whatsapp {
            url: self.service_url(WHATSAPP_URL),
            token: token?,
            phone_id: phone_id?,
            template: (template?, language.unwrap_or_else(|| "id".to_owned())),
            to: to?,
        })
    }

    fn service_url(&mut self, usual: &str) -> String {
        let typed = &self.typed.url;
        let url = self
            .notes
            .address(typed, parse_service_url, "https://HOST", "token_file");
        url.unwrap_or_else(|| usual.to_owned())
    }

    /// Recipients: at least one, each once.
    fn recipients(
        &mut self,
        read: impl Fn(&str) -> Option<String>,
        expected: &str,
    ) -> Option<Vec<String>> {
        let all = self.typed.to.as_ref().map_or(&[][..], |to| to.all());
        if all.is_empty() {
            self.missing("to");
            return None;
        }
        let mut to: Vec<String> = Vec::new();
        for at in all {
            let Some(one) = read(at.get()) else {
                self.notes
                    .add_error(at.span(), "to", "fault-value", at.get(), expected);
                continue;
            };
            if to.contains(&one) {
                self.notes
                    .add_error(at.span(), "to", "fault-duplicate", at.get(), "");
            } else {
                to.push(one);
            }
        }
        if let Some(at) = all.get(ALARM_RECIPIENTS_MAX) {
            let (found, most) = (all.len().to_string(), format!("<= {ALARM_RECIPIENTS_MAX}"));
            self.notes
                .add_error(at.span(), "to", "fault-range", &found, &most);
        }
        (!to.is_empty()).then_some(to)
    }

    fn required<T>(
        &mut self,
        typed: &RawText,
        key: &str,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        if typed.is_none() {
            self.missing(key);
        }
        self.notes.parsed_text(typed, key, read, expected)
    }

    fn missing(&mut self, key: &str) {
        self.notes
            .add_error(self.span.clone(), key, "fault-missing", "", "");
    }

    /// Secret of the environment variable or of the file; missing is an error.
    fn secret(&mut self, typed: &RawText, name: &str) -> Option<Secret> {
        let found = self.optional_secret(typed, name);
        if found.is_none() {
            self.missing(&format!("{name}_file"));
        }
        found
    }

    fn optional_secret(&mut self, typed: &RawText, name: &str) -> Option<Secret> {
        let variable = secret_variable(self.id, name);
        if let Some(secret) = (self.env)(&variable).filter(|secret| !secret.is_empty()) {
            return Some(Secret::new(secret));
        }
        let message = ("fault-secret-file", &*variable);
        self.notes
            .secret_file(typed, &format!("{name}_file"), message)
    }
}

/// Environment variable of a secret: `PANTAU_ALARM_STAFF_TOKEN`.
fn secret_variable(id: &str, name: &str) -> String {
    format!("PANTAU_ALARM_{id}_{name}")
        .replace('-', "_")
        .to_uppercase()
}

fn parse_host(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    (!text.is_empty() && text.len() <= 253 && text.chars().all(plain)).then(|| text.to_owned())
}

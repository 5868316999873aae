//! [`AttentionRule`]: one thing that can be wrong, and the sentence about it.

use super::site_condition::SiteCondition;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::ledger::BilingualText;
use crate::report::render::number_format;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Severity, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AttentionSeverity {
    /// Somebody should act now: water, animals or data are being lost.
    Urgent,
    /// To be checked today.
    Warning,
    /// Good to know, for example a target that will be missed.
    Notice,
}

/// Rule that finds one kind of problem. Its sentence has the message key `attention-ID`.
#[derive(Debug)]
pub(crate) struct AttentionRule {
    /// Id, unique and stable.
    pub(crate) id: &'static str,
    /// Severity of what it finds.
    pub(crate) severity: AttentionSeverity,
    /// Page where one looks or acts.
    pub(crate) link: &'static str,
    /// Finds the problems, one for each asset, device or sink.
    pub(crate) find: fn(&SiteCondition<'_>) -> Vec<RuleFinding>,
}

/// Result of a rule: the subject and the numbers of the sentence.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RuleFinding {
    /// Id of the asset, device, sink or indicator; empty for the gateway. Rule and subject together
    /// identify a problem over time.
    pub(crate) subject: Arc<str>,
    /// Arguments of the message.
    pub(crate) args: Vec<(&'static str, FindingArg)>,
    /// Page of this finding, when it is not the page of the rule.
    pub(crate) link: Option<String>,
}

/// Argument of a sentence, written as the language does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FindingArg {
    /// Name as configured.
    Name(Arc<str>),
    /// Name in both languages.
    Bilingual(BilingualText),
    /// Text of a message key.
    Message(String),
    /// Kind of a device, and the asset that it measures, if any.
    Device(Arc<str>, Option<Arc<str>>),
    /// Number with this many decimals.
    Number(f64, u8),
    /// Share, 0 to 1, as whole percent.
    Share(f64),
    /// Time since which it lasts; `None`: since the gateway was started.
    Since(Option<UtcMs>),
}

/// Problem that needs attention.
#[derive(Clone, Debug)]
pub(crate) struct AttentionItem {
    /// The rule that found it.
    pub(crate) rule: &'static AttentionRule,
    /// Subject and numbers.
    pub(crate) finding: RuleFinding,
}

/// Line of the list of rules.
pub(super) const fn rule(
    id: &'static str,
    severity: AttentionSeverity,
    link: &'static str,
    find: fn(&SiteCondition<'_>) -> Vec<RuleFinding>,
) -> AttentionRule {
    AttentionRule {
        id,
        severity,
        link,
        find,
    }
}

impl AttentionSeverity {
    /// Word in files and message keys.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl RuleFinding {
    /// Finding about a subject, without arguments.
    pub(super) fn about(subject: &Arc<str>) -> Self {
        Self {
            subject: Arc::clone(subject),
            ..Self::default()
        }
    }

    /// The finding with one more argument.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, arg: FindingArg) -> Self {
        self.args.push((name, arg));
        self
    }
}

impl AttentionItem {
    /// Page where one looks or acts.
    pub(crate) fn link(&self) -> &str {
        self.finding.link.as_deref().unwrap_or(self.rule.link)
    }

    /// The problem as a sentence.
    pub(crate) fn sentence(&self, lang: Language, zone: &TimeZone, now: UtcMs) -> String {
        let args = self.finding.args.iter();
        let args: Vec<(&str, String)> = args
            .map(|(name, arg)| (*name, arg.text(lang, zone, now)))
            .collect();
        let args: Vec<(&str, &str)> = args.iter().map(|(name, text)| (*name, &**text)).collect();
        lang.text_with(&format!("attention-{}", self.rule.id), &args)
    }
}

impl FindingArg {
    fn text(&self, lang: Language, zone: &TimeZone, now: UtcMs) -> String {
        match self {
            Self::Name(name) => name.to_string(),
            Self::Bilingual(name) => name.text(lang).to_owned(),
            Self::Message(key) => lang.text(key),
            Self::Device(kind, None) => device_text(lang, kind),
            Self::Device(kind, Some(asset)) => format!("{} ({asset})", device_text(lang, kind)),
            Self::Number(value, decimals) => number_format::format_number(lang, *value, *decimals),
            Self::Share(share) => number_format::format_percent(lang, *share, 0),
            Self::Since(None) => lang.text("attention-since-start"),
            Self::Since(Some(at)) => since_text(*at, lang, zone, now),
        }
    }
}

/// Name of a device by its kind: `Sensor ketinggian air`.
fn device_text(lang: Language, kind: &str) -> String {
    let known = lang.find_text(&format!("attention-kind-{kind}"));
    // A kind without a word of its own gets the general one: an id says nothing to people.
    known.unwrap_or_else(|| lang.text("attention-kind-device"))
}

/// A time as people say it: `14.10`, `kemarin 14.10` or `21 Nov 2026 14.10`.
pub(crate) fn since_text(at: UtcMs, lang: Language, zone: &TimeZone, now: UtcMs) -> String {
    let local = |at: UtcMs| {
        let stamp = Timestamp::from_millisecond(at.0).unwrap_or_default();
        zone.to_datetime(stamp)
    };
    let (then, today) = (local(at), local(now).date());
    let clock = lang.locale().format_clock(then.time());
    if then.date() == today {
        return lang.text_with("attention-since-today", &[("clock", &clock)]);
    }
    // By civil day, not by 24 hours: at 00.10 people call 23.50 yesterday.
    if then.date().tomorrow().is_ok_and(|next| next == today) {
        return lang.text_with("attention-since-yesterday", &[("clock", &clock)]);
    }
    number_format::format_short_time(lang, at, zone)
}

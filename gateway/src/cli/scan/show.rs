//! What a scan shows: progress on a terminal, devices as they are found, as text or as JSON lines.

use super::ask::Cost;
use super::{Found, Place};
use crate::cli::running::{complain, progress};
use crate::config::Parity;
use crate::field::scan::{Candidate, Probe, Tuning, Why};
use crate::words::Lang;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;

/// Profiles of one device that are named; of the rest the number is told.
const NAMED_MAX: usize = 4;

/// Where results go.
pub(super) struct Screen {
    json: bool,
    lang: Lang,
    bar: ProgressBar,
}

impl Screen {
    pub(super) fn new(json: bool, lang: Lang) -> Self {
        let bar = progress(Some(0));
        if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:24} {percent:>3} % {msg}")
        {
            bar.set_style(style);
        }
        Self { json, lang, bar }
    }

    /// A sentence beside the results.
    pub(super) fn warn(&self, text: &str) {
        self.bar.suspend(|| complain(text));
    }

    pub(super) fn progress(&self, probe: &Probe, whole: Duration, left: Duration, found: usize) {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.bar.set_length(ms(whole.max(left)));
        self.bar.set_position(ms(whole.saturating_sub(left)));
        let settings = probe.tuning.map(Tuning::text).unwrap_or_default();
        let (unit, found) = (probe.request.unit.to_string(), found.to_string());
        let args = [
            ("settings", settings.as_str()),
            ("unit", unit.as_str()),
            ("left", &span(left)),
            ("found", found.as_str()),
        ];
        self.bar.set_message(self.lang.say("scan-progress", &args));
    }

    pub(super) fn connecting(&self, tried: usize, all: usize) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.bar.set_length(number(all));
        self.bar.set_position(number(tried));
        self.bar.set_message(self.lang.text("scan-connecting"));
    }

    /// A device that was found.
    pub(super) fn found(&self, found: &Found) {
        let text = if self.json {
            as_json(found, self.lang).to_string()
        } else {
            as_text(found, self.lang)
        };
        self.print(&text);
    }

    /// How it ended, and how long it took.
    pub(super) fn end(&self, found: &[Found], cost: &Cost, took: Duration, whole: bool) {
        self.bar.finish_and_clear();
        if self.json {
            self.print(
                &json!({
                    "done": whole,
                    "found": found.len(),
                    "questions": cost.questions,
                    "limit_ms": cost.limit.as_secs_f64() * 1000.0,
                    "took_ms": took.as_secs_f64() * 1000.0,
                })
                .to_string(),
            );
            return;
        }
        let (count, questions) = (found.len().to_string(), cost.questions.to_string());
        let args = [
            ("count", count.as_str()),
            ("questions", questions.as_str()),
            ("took", &span(took)),
        ];
        self.print(&self.lang.say("scan-end", &args));
        if !whole {
            self.print(&self.lang.text("scan-stopped"));
        }
        // A port that cannot be opened was told of: nobody was asked.
        if found.is_empty() && whole && cost.questions > 0 {
            self.print(&self.lang.text("scan-nothing"));
        }
    }

    /// One text on the screen; a screen that is gone is no reason to stop.
    pub(super) fn print(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stdout().lock(), "{text}");
        });
    }
}

/// Minutes and seconds; a started second counts.
fn span(span: Duration) -> String {
    let seconds = span.as_secs() + u64::from(span.subsec_millis() > 0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

pub(super) fn place_text(place: &Place) -> String {
    match place {
        Place::Line(port, tuning) => format!("{} {}", port.display(), tuning.text()),
        Place::Network(host, port) => format!("{host}:{port}"),
    }
}

fn as_text(found: &Found, lang: Lang) -> String {
    let (place, unit) = (place_text(&found.place), found.unit.to_string());
    let what = verdict(found, lang);
    let args = [
        ("place", place.as_str()),
        ("unit", unit.as_str()),
        ("what", &what),
    ];
    let mut lines = vec![lang.say("scan-found", &args)];
    let identity = &found.verdict.identity;
    let parts = [
        &identity.manufacturer,
        &identity.model,
        &identity.version,
        &identity.serial,
    ];
    let said: Vec<&str> = parts.iter().map(|part| part.as_str()).collect();
    let said: Vec<&str> = said.into_iter().filter(|part| !part.is_empty()).collect();
    if !said.is_empty() {
        lines.push(format!(
            "    {}",
            lang.say("scan-says", &[("text", &said.join(", "))])
        ));
    }
    if let Some(id) = &found.configured {
        lines.push(format!(
            "    {}",
            lang.say("scan-configured", &[("id", id)])
        ));
    }
    let several = found.verdict.candidates.len() > 1;
    for candidate in found.verdict.candidates.iter().take(NAMED_MAX) {
        let why = reasons(candidate, lang).join("; ");
        if several {
            lines.push(format!("    {}: {why}", candidate.profile));
        } else if !why.is_empty() {
            lines.push(format!("    {why}"));
        }
    }
    lines.join("\n")
}

/// The device in a few words.
fn verdict(found: &Found, lang: Lang) -> String {
    let candidates = &found.verdict.candidates;
    match candidates.as_slice() {
        [] => lang.text("scan-unknown"),
        [one] => {
            let sure = lang.text(&format!("confidence-{}", found.verdict.confidence.word()));
            let args = [
                ("profile", &*one.profile),
                ("kind", &*one.kind),
                ("sure", &sure),
            ];
            lang.say("scan-named", &args)
        }
        many => {
            let names = many.iter().take(NAMED_MAX).map(|one| &*one.profile);
            let names = names.collect::<Vec<_>>().join(", ");
            let more = many.len().saturating_sub(NAMED_MAX).to_string();
            let key = if many.len() > NAMED_MAX {
                "scan-unsure-more"
            } else {
                "scan-unsure"
            };
            lang.say(key, &[("names", &names), ("more", &more)])
        }
    }
}

fn reasons(candidate: &Candidate, lang: Lang) -> Vec<String> {
    candidate.why.iter().map(|why| reason(why, lang)).collect()
}

fn reason(why: &Why, lang: Lang) -> String {
    match why {
        Why::Vendor(text) => lang.say("scan-why-vendor", &[("text", text)]),
        Why::Product(text) => lang.say("scan-why-product", &[("text", text)]),
        Why::Text(point, text) => lang.say("scan-why-text", &[("point", point), ("text", text)]),
        Why::State(point, raw) => {
            let raw = raw.to_string();
            lang.say("scan-why-state", &[("point", point), ("raw", &raw)])
        }
        Why::Value(point, value, unit) => format!("{point} {value} {unit}"),
        Why::Models(base, count) => {
            let (base, count) = (base.to_string(), count.to_string());
            lang.say("scan-why-models", &[("base", &base), ("count", &count)])
        }
        Why::Factory => lang.text("scan-why-factory"),
        Why::Refused(count, all) => {
            let (count, all) = (count.to_string(), all.to_string());
            lang.say("scan-why-refused", &[("count", &count), ("all", &all)])
        }
        Why::Odd(point) => lang.say("scan-why-odd", &[("point", point)]),
        Why::Zero(count) => lang.say("scan-why-zero", &[("count", &count.to_string())]),
    }
}

fn as_json(found: &Found, lang: Lang) -> Value {
    let verdict = &found.verdict;
    let candidate = |one: &Candidate| {
        json!({
            "profile": &*one.profile,
            "kind": &*one.kind,
            "bits": one.bits,
            "why": reasons(one, lang),
        })
    };
    let named = match verdict.candidates.as_slice() {
        [one] => Some(&*one.profile),
        _ => None,
    };
    let identity = &verdict.identity;
    let mut json = json!({
        "unit": found.unit,
        "configured": found.configured,
        "profile": named,
        "confidence": verdict.confidence.word(),
        "candidates": verdict.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "identity": {
            "manufacturer": identity.manufacturer,
            "model": identity.model,
            "version": identity.version,
            "serial": identity.serial,
        },
    });
    match &found.place {
        Place::Line(port, tuning) => {
            json["port"] = json!(port);
            json["baud"] = json!(tuning.baud);
            json["parity"] = json!(parity_word(tuning.parity));
            json["stop_bits"] = json!(tuning.stop_bits);
        }
        Place::Network(host, port) => {
            json["host"] = json!(host);
            json["tcp_port"] = json!(port);
        }
    }
    json
}

pub(super) fn parity_word(parity: Parity) -> &'static str {
    match parity {
        Parity::None => "none",
        Parity::Even => "even",
        Parity::Odd => "odd",
    }
}

//! What a scan shows: progress on a terminal, devices as they are found, as text or as JSON lines.

use crate::cli::running::{complain, progress};
use crate::cli::shared;
use crate::config::Config;
use crate::field::scan::{Probe, Tuning};
use crate::onsite::scan::{Cost, Found, Host, as_json, place_text, reasons};
use crate::read::bus::Channel;
use crate::words::Lang;
use indicatif::ProgressBar;
use serde_json::json;
use std::io::Write as _;
use std::time::Duration;

/// Profiles of one device that are named; of the rest the number is told.
const NAMED_MAX: usize = 4;

/// Where results go.
pub(super) struct Screen {
    json: bool,
    lang: Lang,
    bar: ProgressBar,
    count: usize,
}

impl Screen {
    pub(super) fn new(json: bool, lang: Lang) -> Self {
        let bar = progress(Some(0));
        if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:24} {percent:>3} % {msg}")
        {
            bar.set_style(style);
        }
        Self {
            json,
            lang,
            bar,
            count: 0,
        }
    }

    /// How it ended, and how long it took.
    pub(super) fn end(&self, found: usize, cost: &Cost, took: Duration, whole: bool) {
        self.bar.finish_and_clear();
        if self.json {
            self.print(
                &json!({
                    "done": whole,
                    "found": found,
                    "questions": cost.questions,
                    "limit_ms": cost.limit.as_secs_f64() * 1000.0,
                    "took_ms": took.as_secs_f64() * 1000.0,
                })
                .to_string(),
            );
            return;
        }
        let (count, questions) = (found.to_string(), cost.questions.to_string());
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
        if found == 0 && whole && cost.questions > 0 {
            self.print(&self.lang.text("scan-nothing"));
        }
    }

    /// One text on the screen; a screen that is gone is no reason to stop.
    fn print(&self, text: &str) {
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stdout().lock(), "{text}");
        });
    }
}

impl Host for Screen {
    fn lang(&self) -> Lang {
        self.lang
    }

    fn warn(&mut self, text: &str) {
        self.bar.suspend(|| complain(text));
    }

    fn progress(&mut self, probe: &Probe, whole: Duration, left: Duration, _cost: &Cost) {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.bar.set_length(ms(whole.max(left)));
        self.bar.set_position(ms(whole.saturating_sub(left)));
        let settings = probe.tuning.map(Tuning::text).unwrap_or_default();
        let (unit, found) = (probe.request.unit.to_string(), self.count.to_string());
        let args = [
            ("settings", settings.as_str()),
            ("unit", unit.as_str()),
            ("left", &span(left)),
            ("found", found.as_str()),
        ];
        self.bar.set_message(self.lang.say("scan-progress", &args));
    }

    fn connecting(&mut self, tried: usize, all: usize) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.bar.set_length(number(all));
        self.bar.set_position(number(tried));
        self.bar.set_message(self.lang.text("scan-connecting"));
    }

    fn found(&mut self, found: &Found) {
        self.count += 1;
        let text = if self.json {
            as_json(found, self.lang).to_string()
        } else {
            as_text(found, self.lang)
        };
        self.print(&text);
    }

    async fn owned(&self, config: &Config, index: usize) -> Option<Channel> {
        match shared::channel(config, index).await {
            Ok((channel, true)) => Some(channel),
            _ => None,
        }
    }
}

/// Minutes and seconds; a started second counts.
fn span(span: Duration) -> String {
    let seconds = span.as_secs() + u64::from(span.subsec_millis() > 0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
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

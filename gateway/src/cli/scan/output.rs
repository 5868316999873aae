//! Output of a scan: progress on a terminal, and devices as they are found, as text or as JSON
//! lines.

use crate::buses::modbus::bus::BusChannel;
use crate::cli::backend::{print_stderr, progress_bar};
use crate::cli::bus_client;
use crate::cli::standard_output::print_line;
use crate::commissioning::scan::{
    FoundDevice, ScanCost, ScanObserver, candidate_reasons, found_device_json, place_text,
};
use crate::commissioning::scan_engine::{ScanLineSettings, ScanProbe};
use crate::config::Config;
use crate::i18n::Language;
use indicatif::ProgressBar;
use serde_json::json;
use std::time::Duration;

/// Profiles of one device that are listed; of the others the number is given.
const PROFILES_NAMED_MAX: usize = 4;

/// Output of one scan.
pub(in crate::cli) struct ScanScreen {
    json: bool,
    lang: Language,
    bar: ProgressBar,
    count: usize,
}

impl ScanScreen {
    pub(in crate::cli) fn new(json: bool, lang: Language) -> Self {
        let bar = progress_bar(Some(0));
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

    /// Prints the end of the scan: devices, requests, duration.
    pub(in crate::cli) fn print_end(
        &self,
        found: usize,
        cost: &ScanCost,
        took: Duration,
        whole: bool,
    ) {
        self.bar.finish_and_clear();
        if self.json {
            self.print_line(
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
            ("took", &minutes_text(took)),
        ];
        self.print_line(&self.lang.text_with("scan-end", &args));
        if !whole {
            self.print_line(&self.lang.text("scan-stopped"));
        }
        // A port that cannot be opened was reported before; no request was sent then.
        if found == 0 && whole && cost.questions > 0 {
            self.print_line(&self.lang.text("scan-nothing"));
        }
    }

    /// Prints one text above the progress bar; the scan continues when standard output is closed.
    fn print_line(&self, text: &str) {
        self.bar.suspend(|| {
            print_line(text);
        });
    }
}

impl ScanObserver for ScanScreen {
    fn lang(&self) -> Language {
        self.lang
    }

    fn warn(&mut self, text: &str) {
        self.bar.suspend(|| print_stderr(text));
    }

    fn progress(&mut self, probe: &ScanProbe, whole: Duration, left: Duration, _cost: &ScanCost) {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        // The estimate grows with each device that is found and identified.
        self.bar.set_length(ms(whole.max(left)));
        self.bar.set_position(ms(whole.saturating_sub(left)));
        let settings = probe.tuning.map(ScanLineSettings::text).unwrap_or_default();
        let (unit, found) = (probe.request.unit.to_string(), self.count.to_string());
        let args = [
            ("settings", settings.as_str()),
            ("unit", unit.as_str()),
            ("left", &minutes_text(left)),
            ("found", found.as_str()),
        ];
        self.bar
            .set_message(self.lang.text_with("scan-progress", &args));
    }

    fn connecting(&mut self, tried: usize, all: usize) {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.bar.set_length(number(all));
        self.bar.set_position(number(tried));
        self.bar.set_message(self.lang.text("scan-connecting"));
    }

    fn found(&mut self, found: &FoundDevice) {
        self.count += 1;
        let text = if self.json {
            found_device_json(found, self.lang).to_string()
        } else {
            found_text(found, self.lang)
        };
        self.print_line(&text);
    }

    async fn owned_channel(&self, config: &Config, index: usize) -> Option<BusChannel> {
        // A channel of our own is opened by the scan itself, in the settings that it tries.
        let bus = &config.buses[index];
        let owner = bus_client::gateway_bus_handle(config, &bus.id).await;
        Some(BusChannel::via_owner(bus, owner.ok()??))
    }
}

/// Duration as minutes and seconds, rounded up to a second.
fn minutes_text(span: Duration) -> String {
    let seconds = span.as_secs() + u64::from(span.subsec_millis() > 0);
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn found_text(found: &FoundDevice, lang: Language) -> String {
    let (place, unit) = (place_text(&found.place), found.unit.to_string());
    let what = verdict_text(found, lang);
    let args = [
        ("place", place.as_str()),
        ("unit", unit.as_str()),
        ("what", &what),
    ];
    let mut lines = vec![lang.text_with("scan-found", &args)];
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
            lang.text_with("scan-says", &[("text", &said.join(", "))])
        ));
    }
    if let Some(id) = &found.configured {
        lines.push(format!(
            "    {}",
            lang.text_with("scan-configured", &[("id", id)])
        ));
    }
    let several = found.verdict.candidates.len() > 1;
    for candidate in found.verdict.candidates.iter().take(PROFILES_NAMED_MAX) {
        let why = candidate_reasons(candidate, lang).join("; ");
        if several {
            lines.push(format!("    {}: {why}", candidate.profile));
        } else if !why.is_empty() {
            lines.push(format!("    {why}"));
        }
    }
    lines.join("\n")
}

/// Conclusion about a found device in a few words.
fn verdict_text(found: &FoundDevice, lang: Language) -> String {
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
            lang.text_with("scan-named", &args)
        }
        many => {
            let names = many
                .iter()
                .take(PROFILES_NAMED_MAX)
                .map(|one| &*one.profile);
            let names = names.collect::<Vec<_>>().join(", ");
            let more = many.len().saturating_sub(PROFILES_NAMED_MAX).to_string();
            let key = if many.len() > PROFILES_NAMED_MAX {
                "scan-unsure-more"
            } else {
                "scan-unsure"
            };
            lang.text_with(key, &[("names", &names), ("more", &more)])
        }
    }
}

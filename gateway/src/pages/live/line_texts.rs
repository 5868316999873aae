//! [`LiveTexts`]: texts of the lines that open pages show. Each is made once for all pages of a
//! language: with a hundred open pages, making them would cost more than sending them.

use crate::api::ApiListener;
use crate::domain::{NumberedReading, ReadingSeq};
use crate::i18n::Language;
use crate::pages::page_texts::{HealthLine, SiteHealthTexts};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Age up to which the health that one page was told is told to others as well.
// Just below the time between two rounds: no page gets the same texts twice.
const HEALTH_AGE: Duration = Duration::from_millis(900);

/// Texts by language, shared by all open pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveTexts(Arc<Mutex<HashMap<Language, LanguageTexts>>>);

/// Texts of one language while they are read or made.
pub(super) struct LanguageTextsGuard<'a> {
    all: MutexGuard<'a, HashMap<Language, LanguageTexts>>,
    lang: Language,
}

#[derive(Debug, Default)]
struct LanguageTexts {
    /// By device.
    readings: HashMap<u16, PointTexts>,
    /// By line.
    health: BTreeMap<String, HealthChange>,
    health_at: Option<Instant>,
    /// Number of changes of health so far.
    changes: u64,
}

/// JSON members of the points of the newest reading of a device.
#[derive(Debug, Default)]
struct PointTexts {
    /// The reading, and whether it was on disk.
    of: Option<(ReadingSeq, bool)>,
    /// By place of the point; those that a page shows.
    members: HashMap<usize, String>,
}

/// A line of health as it was when it changed last.
#[derive(Debug)]
pub(super) struct HealthChange {
    /// Number of this change; a page that was told it knows the line.
    pub(super) number: u64,
    /// JSON member of the line.
    pub(super) member: String,
}

/// Fields of the line of a point.
#[derive(Serialize)]
struct PointFields<'a> {
    kept: &'static str,
    q: &'static str,
    value: &'a str,
    why: &'a str,
}

impl LiveTexts {
    /// Texts of this language. Held while they are made: other pages wait for them instead of
    /// making the same.
    pub(super) fn of_language(&self, lang: Language) -> LanguageTextsGuard<'_> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        LanguageTextsGuard { all, lang }
    }
}

impl LanguageTextsGuard<'_> {
    /// Adds these points of the newest reading of a device to a JSON object, one line each;
    /// `is_kept` says whether the reading is on disk.
    pub(super) fn push_points(
        &mut self,
        app: &ApiListener,
        (newest, is_kept): (&NumberedReading, bool),
        places: &[usize],
        object: &mut String,
    ) {
        let (lang, reading) = (self.lang, &newest.reading);
        let known = self.texts().readings.entry(reading.device).or_default();
        if known.of != Some((newest.seq, is_kept)) {
            known.of = Some((newest.seq, is_kept));
            known.members.clear();
        }
        let is_missing = |place: &usize| !known.members.contains_key(place);
        let missing: Vec<usize> = places.iter().copied().filter(is_missing).collect();
        for (place, text) in app.reading_texts(reading, &missing, lang) {
            let fields = PointFields {
                kept: if is_kept { "true" } else { "false" },
                q: text.quality,
                value: &text.value,
                why: &text.why,
            };
            let member = json_member(&format!("point:{}", text.point), &fields);
            known.members.insert(place, member);
        }
        for member in places.iter().filter_map(|place| known.members.get(place)) {
            push_member(object, member);
        }
    }

    /// Lines of health, each as it was when it changed last.
    pub(super) fn health(&mut self, app: &ApiListener) -> &BTreeMap<String, HealthChange> {
        let (lang, now) = (self.lang, Instant::now());
        let texts = self.texts();
        if texts
            .health_at
            .is_none_or(|at| now.duration_since(at) >= HEALTH_AGE)
        {
            texts.health_at = Some(now);
            for (line, fields) in health_lines(&app.status(lang)) {
                texts.note_health(line, fields);
            }
        }
        &texts.health
    }

    fn texts(&mut self) -> &mut LanguageTexts {
        self.all.entry(self.lang).or_default()
    }
}

impl LanguageTexts {
    fn note_health(&mut self, line: String, fields: &HealthLine) {
        let member = json_member(&line, fields);
        let is_known = self
            .health
            .get(&line)
            .is_some_and(|known| known.member == member);
        if !is_known {
            self.changes += 1;
            let number = self.changes;
            self.health.insert(line, HealthChange { number, member });
        }
    }
}

/// `"name":{fields}` of a JSON object.
fn json_member(name: &str, fields: &impl Serialize) -> String {
    let name = serde_json::Value::from(name);
    let fields = serde_json::to_string(fields).unwrap_or_default();
    format!("{name}:{fields}")
}

/// Adds `"name":value` to a JSON object that is not closed yet.
pub(super) fn push_member(object: &mut String, member: &str) {
    if object.len() > "{".len() {
        object.push(',');
    }
    object.push_str(member);
}

/// All lines of health by their `data-line`.
fn health_lines(health: &SiteHealthTexts) -> impl Iterator<Item = (String, &HealthLine)> {
    let devices = health.devices.iter();
    let devices = devices.map(|(id, line)| (format!("device:{id}"), line));
    let sinks = health.sinks.iter();
    let sinks = sinks.map(|(name, line)| (format!("sink:{name}"), line));
    let rest = [("store", &health.store), ("answering", &health.answering)];
    let rest = rest.map(|(line, texts)| (line.to_owned(), texts));
    devices.chain(sinks).chain(rest)
}

//! [`LiveTexts`]: texts of the lines that open pages show. Each is made once for all pages of a
//! language: with a hundred open pages, making them would cost more than sending them.

use crate::api::ApiListener;
use crate::domain::json_text::push_json_string;
use crate::domain::{NumberedReading, ReadingSeq};
use crate::i18n::Language;
use crate::pages::page_texts::{HealthLine, ReadingText, SiteHealthTexts};
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
    readings: Vec<PointTexts>,
    /// By line.
    health: BTreeMap<String, HealthChange>,
    health_at: Option<Instant>,
    /// Number of changes of health so far.
    changes: u64,
}

/// JSON members of the points of the newest reading of a device.
#[derive(Clone, Debug, Default)]
struct PointTexts {
    /// The reading, and whether it was on disk.
    of: Option<(ReadingSeq, bool)>,
    /// By place of the point; empty where no page shows it.
    members: Vec<String>,
}

/// A line of health as it was when it changed last.
#[derive(Debug)]
struct HealthChange {
    /// Number of this change.
    number: u64,
    fields: HealthLine,
    /// JSON member of the line.
    member: String,
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
        let known = self.texts().of_device(reading.device);
        known.begin((newest.seq, is_kept), reading.outcomes.len());
        let is_missing = |place: &usize| known.members.get(*place).is_some_and(String::is_empty);
        let missing: Vec<usize> = places.iter().copied().filter(is_missing).collect();
        if !missing.is_empty() {
            for (place, text) in app.reading_texts(reading, &missing, lang) {
                push_point_member(&mut known.members[place], &text, is_kept);
            }
        }
        let members = places.iter().filter_map(|place| known.members.get(*place));
        for member in members.filter(|member| !member.is_empty()) {
            push_member(object, member);
        }
    }

    /// Number of changes of the lines of health so far.
    pub(super) fn count_health_changes(&mut self, app: &ApiListener) -> u64 {
        let (lang, now) = (self.lang, Instant::now());
        let texts = self.texts();
        if texts
            .health_at
            .is_none_or(|at| now.duration_since(at) >= HEALTH_AGE)
        {
            texts.health_at = Some(now);
            for (line, fields) in health_lines(app.status(lang)) {
                texts.note_health(line, fields);
            }
        }
        texts.changes
    }

    /// Lines of health that have changed since there were `told` changes, with their JSON members.
    pub(super) fn health_since(&mut self, told: u64) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.texts().health.iter();
        let changed = lines.filter(move |(_, change)| change.number > told);
        changed.map(|(line, change)| (&**line, &*change.member))
    }

    fn texts(&mut self) -> &mut LanguageTexts {
        self.all.entry(self.lang).or_default()
    }
}

impl LanguageTexts {
    fn of_device(&mut self, device: u16) -> &mut PointTexts {
        let index = usize::from(device);
        if self.readings.len() <= index {
            self.readings.resize(index + 1, PointTexts::default());
        }
        &mut self.readings[index]
    }

    fn note_health(&mut self, line: String, fields: HealthLine) {
        let known = self.health.get(&line);
        if known.is_some_and(|known| known.fields == fields) {
            return;
        }
        self.changes += 1;
        let change = HealthChange {
            number: self.changes,
            member: health_member(&line, &fields),
            fields,
        };
        self.health.insert(line, change);
    }
}

impl PointTexts {
    /// Drops the texts of another reading than this one.
    fn begin(&mut self, of: (ReadingSeq, bool), points: usize) {
        if self.of != Some(of) {
            self.of = Some(of);
            // Their memory stays for the next texts.
            self.members.iter_mut().for_each(String::clear);
            self.members.resize(points, String::new());
        }
    }
}

/// Adds `"point:ID":{fields}`.
// By hand: with twenty open pages there are hundreds of them a second.
fn push_point_member(out: &mut String, text: &ReadingText, is_kept: bool) {
    out.push_str("\"point:");
    // The id of a point has no character that JSON would escape.
    out.push_str(&text.point);
    out.push_str("\":{\"kept\":");
    out.push_str(if is_kept { "\"true\"" } else { "\"false\"" });
    for (name, field) in [
        (",\"q\":", text.quality),
        (",\"value\":", &*text.value),
        (",\"why\":", &*text.why),
    ] {
        out.push_str(name);
        push_json_string(out, field);
    }
    out.push('}');
}

/// `"LINE":{fields}`.
fn health_member(line: &str, fields: &HealthLine) -> String {
    let mut member = String::new();
    push_json_string(&mut member, line);
    member.push(':');
    member.push_str(&serde_json::to_string(fields).unwrap_or_default());
    member
}

/// Adds `"name":value` to a JSON object that is not closed yet.
pub(super) fn push_member(object: &mut String, member: &str) {
    if object.len() > "{".len() {
        object.push(',');
    }
    object.push_str(member);
}

/// All lines of health by their `data-line`.
fn health_lines(health: SiteHealthTexts) -> impl Iterator<Item = (String, HealthLine)> {
    let devices = health.devices.into_iter();
    let devices = devices.map(|(id, line)| (format!("device:{id}"), line));
    let sinks = health.sinks.into_iter();
    let sinks = sinks.map(|(name, line)| (format!("sink:{name}"), line));
    let buses = health.buses.into_iter();
    let buses = buses.map(|(id, line)| (format!("bus:{id}"), line));
    let channels = health.channels.into_iter();
    let channels = channels.map(|(id, line)| (format!("channel:{id}"), line));
    let stamps = health.stamps.map(|line| ("stamps".to_owned(), line));
    let copies = health.copies.map(|line| ("copies".to_owned(), line));
    let rest = [("store", health.store), ("answering", health.answering)];
    let rest = rest.map(|(line, texts)| (line.to_owned(), texts));
    let ways = sinks.chain(channels);
    devices
        .chain(buses)
        .chain(ways)
        .chain(stamps)
        .chain(copies)
        .chain(rest)
}

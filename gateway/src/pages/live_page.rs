//! `/langsung`: server-sent events for the pages: texts that have changed, ready to be shown.
//!
//! - `put` `{LINE: {FIELD: text}}`: fields of the elements whose `data-line` is LINE. Lines are
//!   `point:ID` (`value`, `why`, `q`, `kept`), `device:ID`, `sink:NAME`, `store` and `answering`
//!   (`state`, `words`, `detail`, `hint`, `last`).
//! - `reload`: this page was too slow and missed readings; it must be fetched again.

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::live_events::{LiveNarrator, RECONNECT_DELAY, narrate_live};
use crate::api::request_language::request_language;
use crate::domain::{NumberedReading, ReadingSeq};
use crate::i18n::Language;
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::{HealthLine, SiteHealthTexts};
use axum::Extension;
use axum::response::Response;
use axum::response::sse::Event;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Age up to which the health that one page was told is told to others as well.
// Just below the interval at which each page asks: no page gets the same texts twice.
const HEALTH_AGE: Duration = Duration::from_millis(900);

/// Texts that all open pages of a language are told. Each is made once: with a hundred open pages,
/// making them costs more than sending them.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveTexts(Arc<Mutex<LiveTextShelf>>);

#[derive(Debug, Default)]
struct LiveTextShelf {
    /// The last reading of each device, by language and whether it is on disk.
    readings: HashMap<(Language, u16, bool), (ReadingSeq, Arc<str>)>,
    health: HashMap<Language, (Instant, Arc<SiteHealthTexts>)>,
}

/// Tells an open page what has changed.
struct PageNarrator {
    lang: Language,
    texts: LiveTexts,
    /// Devices whose last reading is not on disk yet, with its number.
    unkept: BTreeMap<u16, ReadingSeq>,
    told: Option<Arc<SiteHealthTexts>>,
}

pub(crate) async fn stream_page_events(
    Extension(texts): Extension<LiveTexts>,
    PageRequest { app, uri, headers }: PageRequest,
) -> Result<Response, ApiError> {
    let narrator = PageNarrator {
        lang: request_language(&uri, &headers),
        texts,
        unkept: BTreeMap::new(),
        told: None,
    };
    narrate_live(&app, narrator)
}

impl LiveTexts {
    fn lock(&self) -> MutexGuard<'_, LiveTextShelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reading(
        &self,
        app: &ApiListener,
        (numbered, kept): (&NumberedReading, bool),
        lang: Language,
    ) -> Arc<str> {
        let key = (lang, numbered.reading.device, kept);
        // Held while the texts are made: other pages wait for them instead of making the same.
        let mut texts = self.lock();
        if let Some((seq, text)) = texts.readings.get(&key)
            && *seq == numbered.seq
        {
            return Arc::clone(text);
        }
        let mut lines = Map::new();
        for one in app.reading_texts(&numbered.reading, lang) {
            let fields = json!({
                "value": one.value,
                "why": one.why,
                "q": one.quality,
                "kept": kept.to_string(),
            });
            lines.insert(point_line(&one.point), fields);
        }
        let text: Arc<str> = Value::Object(lines).to_string().into();
        texts
            .readings
            .insert(key, (numbered.seq, Arc::clone(&text)));
        text
    }

    fn health(&self, app: &ApiListener, lang: Language) -> Arc<SiteHealthTexts> {
        let mut texts = self.lock();
        let now = Instant::now();
        if let Some((at, known)) = texts.health.get(&lang)
            && now.duration_since(*at) < HEALTH_AGE
        {
            return Arc::clone(known);
        }
        let health = Arc::new(app.status(lang));
        texts.health.insert(lang, (now, Arc::clone(&health)));
        health
    }
}

impl LiveNarrator for PageNarrator {
    fn reading(&mut self, app: &ApiListener, numbered: &NumberedReading, kept: bool) -> Event {
        let device = numbered.reading.device;
        if kept {
            self.unkept.remove(&device);
        } else {
            self.unkept.insert(device, numbered.seq);
        }
        put_event(&self.texts.reading(app, (numbered, kept), self.lang))
    }

    fn kept(&mut self, app: &ApiListener, seq: ReadingSeq) -> Option<Event> {
        let mut lines = Map::new();
        let devices = &app.site().devices;
        for (device, _) in self.unkept.extract_if(.., |_, own| *own <= seq) {
            let device = devices.get(usize::from(device));
            for point in device.map_or(&[][..], |device| &device.points) {
                lines.insert(point_line(&point.id), json!({"kept": "true"}));
            }
        }
        let text = (!lines.is_empty()).then(|| Value::Object(lines).to_string())?;
        Some(put_event(&text))
    }

    fn health(&mut self, app: &ApiListener) -> Option<Event> {
        let health = self.texts.health(app, self.lang);
        let told = self.told.replace(Arc::clone(&health));
        let told = told.as_deref().map(health_lines).unwrap_or_default();
        let mut changed = Map::new();
        for (line, texts) in health_lines(&health) {
            if told.get(&line) != Some(&texts) {
                changed.insert(line, serde_json::to_value(texts).unwrap_or_default());
            }
        }
        let text = (!changed.is_empty()).then(|| Value::Object(changed).to_string())?;
        Some(put_event(&text).retry(RECONNECT_DELAY))
    }
}

fn put_event(text: &str) -> Event {
    Event::default().event("put").data(text)
}

fn point_line(id: &str) -> String {
    format!("point:{id}")
}

/// All lines of health by their `data-line`.
fn health_lines(health: &SiteHealthTexts) -> BTreeMap<String, &HealthLine> {
    let devices = health.devices.iter();
    let devices = devices.map(|(id, line)| (format!("device:{id}"), line));
    let sinks = health.sinks.iter();
    let sinks = sinks.map(|(name, line)| (format!("sink:{name}"), line));
    let rest = [("store", &health.store), ("answering", &health.answering)];
    let rest = rest.map(|(line, texts)| (line.to_owned(), texts));
    devices.chain(sinks).chain(rest).collect()
}

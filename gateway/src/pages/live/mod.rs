//! `/langsung`: server-sent events for the pages: texts that have changed, ready to be shown.
//!
//! Once a second (`until_next_round`) an open page is told what has changed among the lines that it
//! names in `of`, separated by commas; without `of`, among all:
//!
//! - `put` `{LINE: {FIELD: text}}`: fields of the elements whose `data-line` is LINE. Lines are
//!   `point:ID` (`value`, `why`, `q`, `kept`), `device:ID`, `sink:NAME`, `store` and `answering`
//!   (`state`, `words`, `detail`, `hint`, `last`); `bus:ID` the same, and for a technician
//!   `frame:PLACE:BUS`, the frames of a line, newest first (`frame_texts::FrameText`).

mod line_texts;
mod shown_frames;
mod shown_lines;

pub(crate) use line_texts::LiveTexts;

use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::live_events::{RECONNECT_DELAY, answer_with_events, until_next_round};
use crate::api::request_language::{query_parameter, request_language};
use crate::domain::ReadingSeq;
use crate::i18n::Language;
use crate::pages::page_request::PageRequest;
use axum::Extension;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::stream;
use line_texts::push_member;
use percent_encoding::percent_decode_str;
use shown_frames::ShownFrames;
use shown_lines::ShownLines;
use std::collections::BTreeMap;

/// State of an open page.
struct OpenPage {
    app: ApiListener,
    texts: LiveTexts,
    lang: Language,
    lines: ShownLines,
    frames: ShownFrames,
    /// The reading of each device that the page was told, and whether it was on disk.
    told_readings: BTreeMap<u16, (ReadingSeq, bool)>,
    /// Number of changes of health up to which the page was told.
    told_health: u64,
    /// Bytes of the last event.
    told_bytes: usize,
    is_new: bool,
}

pub(crate) async fn stream_page_events(
    Extension(texts): Extension<LiveTexts>,
    PageRequest { app, uri, headers }: PageRequest,
) -> Result<Response, ApiError> {
    let of = query_parameter(&uri, "of");
    let of = of
        .as_ref()
        .map(|of| percent_decode_str(of).decode_utf8_lossy());
    let page = OpenPage {
        lang: request_language(&uri, &headers),
        lines: ShownLines::parse(of.as_deref(), app.site()),
        frames: ShownFrames::parse(of.as_deref(), &app),
        texts,
        told_readings: BTreeMap::new(),
        told_health: 0,
        told_bytes: 0,
        is_new: true,
        app: app.clone(),
    };
    let events = stream::unfold(page, |mut page| async {
        Some((page.next_event().await, page))
    });
    answer_with_events(&app, events)
}

impl OpenPage {
    /// Texts that this page was not told yet, at the begin of a round.
    async fn next_event(&mut self) -> Event {
        loop {
            let is_first = std::mem::take(&mut self.is_new);
            if !is_first {
                tokio::time::sleep(until_next_round(&self.app.state().clock)).await;
            }
            let changes = self.changes();
            if is_first {
                // Also without a change: the page is to know that it is connected.
                return put_event(&changes).retry(RECONNECT_DELAY);
            }
            if changes.len() > "{}".len() {
                return put_event(&changes);
            }
        }
    }

    /// JSON object of the lines that have changed since the page was told.
    fn changes(&mut self) -> String {
        // Mostly as many as in the round before.
        let mut object = String::with_capacity(self.told_bytes);
        object.push('{');
        let mut texts = self.texts.of_language(self.lang);
        let store = &self.app.state().store;
        let durable = *store.durable().borrow();
        for (device, places) in &self.lines.points {
            let Some(newest) = store.newest_reading(*device) else {
                continue;
            };
            let state = (newest.seq, newest.seq <= durable);
            if self.told_readings.insert(*device, state) != Some(state) {
                texts.push_points(&self.app, (&newest, state.1), places, &mut object);
            }
        }
        if self.lines.has_health() {
            let changes = texts.count_health_changes(&self.app);
            if changes > self.told_health {
                for (line, member) in texts.health_since(self.told_health) {
                    if self.lines.shows(line) {
                        push_member(&mut object, member);
                    }
                }
                self.told_health = changes;
            }
        }
        drop(texts);
        self.frames.push_new(&self.app, self.lang, &mut object);
        object.push('}');
        self.told_bytes = object.len();
        object
    }
}

fn put_event(text: &str) -> Event {
    Event::default().event("put").data(text)
}

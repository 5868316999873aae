//! `/api/v1/live`: server-sent events with every reading, journal progress and changes of health;
//! [`narrate_live`] tells the same in another form.
//!
//! - `reading` `{device,t,seq,v,q,kept}`: a new reading; `kept` is false until it is on disk.
//! - `kept` `{seq}`: all readings up to `seq` are on disk.
//! - `status`: health texts of the site, when they have changed.
//! - `reload`: this client was too slow and missed readings; it must fetch the page again.

use super::error::{ApiError, ApiErrorCode};
use super::request_language::request_language;
use super::{ApiListener, resources, wait_for_stop};
use crate::domain::{NumberedReading, ReadingSeq, Site};
use crate::i18n::Language;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde::Serialize;
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

/// Interval of the check for changes of health.
const HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Delay after which a browser connects again.
pub(crate) const RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// Form in which an event stream tells what happens: JSON for programs, texts for pages.
pub(crate) trait LiveNarrator: Send + 'static {
    /// The event for a new reading; `kept` says whether it is on disk.
    fn reading(&mut self, app: &ApiListener, numbered: &NumberedReading, kept: bool) -> Event;

    /// The event for readings that are on disk now, up to this one; `None` when there is nothing
    /// to tell.
    fn kept(&mut self, app: &ApiListener, seq: ReadingSeq) -> Option<Event>;

    /// The event for a change of health, asked every second; `None` when there is none.
    fn health(&mut self, app: &ApiListener) -> Option<Event>;
}

/// JSON events.
struct JsonNarrator {
    lang: Language,
    /// JSON of the last `status` event.
    told: String,
}

#[derive(Serialize)]
struct ReadingEvent<'a> {
    device: &'a str,
    t: i64,
    seq: ReadingSeq,
    v: Map<String, Value>,
    q: Map<String, Value>,
    kept: bool,
}

/// State of one open event stream.
struct LiveClient<N> {
    app: ApiListener,
    narrator: N,
    readings: broadcast::Receiver<Arc<NumberedReading>>,
    durable: watch::Receiver<ReadingSeq>,
    look: tokio::time::Interval,
    _place: OwnedSemaphorePermit,
}

#[utoipa::path(get, path = "/api/v1/live",
    params(("lang" = Option<String>, Query, description = "language of `status` events")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
         description = "events `reading`, `kept`, `status`, `reload`"),
        (status = 503, body = ApiError, description = "too many live pages are open")))]
pub(crate) async fn stream_live_events(
    State(app): State<ApiListener>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let narrator = JsonNarrator {
        lang: request_language(&uri, &headers),
        told: String::new(),
    };
    narrate_live(&app, narrator)
}

/// Opens an event stream that this narrator tells. Status 503 when `LIVE_CLIENTS_MAX` are open.
pub(crate) fn narrate_live(
    app: &ApiListener,
    narrator: impl LiveNarrator,
) -> Result<Response, ApiError> {
    // Refused and not queued: a browser connects again by itself.
    let place = Arc::clone(&app.0.live).try_acquire_owned().map_err(|_| {
        ApiError::with_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ApiErrorCode::LiveBusy,
            "too many live pages are open",
        )
    })?;
    let mut look = tokio::time::interval(HEALTH_CHECK_INTERVAL);
    // After a pause one check is enough; missed ones are not made up for.
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let client = LiveClient {
        narrator,
        readings: app.state().store.subscribe_live(),
        durable: app.state().store.durable(),
        look,
        _place: place,
        app: app.clone(),
    };
    let events = stream::unfold(client, |mut client| async {
        let event = client.next_event().await?;
        Some((Ok::<_, Infallible>(event), client))
    });
    // Open streams would otherwise delay a clean stop.
    let events = events.take_until(Box::pin(wait_for_stop(app.0.stop.clone())));
    // A browser that is gone shows only when something is sent to it.
    let pings = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events).keep_alive(pings).into_response())
}

impl<N: LiveNarrator> LiveClient<N> {
    /// The next event; `None` when the store has ended.
    async fn next_event(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                reading = self.readings.recv() => return match reading {
                    Ok(numbered) => {
                        // It may have reached the disk while it waited in the queue.
                        let kept = numbered.seq <= *self.durable.borrow();
                        Some(self.narrator.reading(&self.app, &numbered, kept))
                    }
                    // The queue of live readings is bounded (`LIVE_QUEUE_MAX`), so that a slow
                    // browser costs no memory.
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        tracing::debug!(missed, "an event stream was too slow");
                        // Browsers drop an event without data (HTML standard, server-sent events).
                        Some(Event::default().event("reload").data("{}"))
                    }
                    Err(broadcast::error::RecvError::Closed) => None,
                },
                changed = self.durable.changed() => {
                    changed.ok()?;
                    let seq = *self.durable.borrow_and_update();
                    if let Some(event) = self.narrator.kept(&self.app, seq) {
                        return Some(event);
                    }
                }
                _ = self.look.tick() => {
                    if let Some(event) = self.narrator.health(&self.app) {
                        return Some(event);
                    }
                }
            }
        }
    }
}

impl LiveNarrator for JsonNarrator {
    fn reading(&mut self, app: &ApiListener, numbered: &NumberedReading, kept: bool) -> Event {
        let text = serde_json::to_string(&reading_event_json(numbered, app.site(), kept));
        Event::default()
            .event("reading")
            .data(text.unwrap_or_default())
    }

    fn kept(&mut self, _: &ApiListener, seq: ReadingSeq) -> Option<Event> {
        Some(
            Event::default()
                .event("kept")
                .data(format!("{{\"seq\":{seq}}}")),
        )
    }

    fn health(&mut self, app: &ApiListener) -> Option<Event> {
        let status = serde_json::to_string(&app.status(self.lang)).ok()?;
        if status == self.told {
            return None;
        }
        self.told.clone_from(&status);
        Some(
            Event::default()
                .event("status")
                .data(status)
                .retry(RECONNECT_DELAY),
        )
    }
}

/// JSON of a reading: `v` has the values that are not bad, `q` only qualities other than good, as
/// in the MQTT payload.
fn reading_event_json<'a>(
    numbered: &NumberedReading,
    site: &'a Site,
    kept: bool,
) -> ReadingEvent<'a> {
    let reading = &numbered.reading;
    let device = site.devices.get(usize::from(reading.device));
    let points = device
        .map(|device| device.points.as_slice())
        .unwrap_or_default();
    let (mut v, mut q) = (Map::new(), Map::new());
    for (point, outcome) in points.iter().zip(&reading.outcomes) {
        if let Some(number) = outcome.number().and_then(resources::json_number) {
            v.insert(point.name.to_string(), Value::Number(number));
        }
        if outcome.reason().is_some() {
            q.insert(point.name.to_string(), outcome.quality().word().into());
        }
    }
    ReadingEvent {
        device: device.map_or("", |device| &device.id),
        t: reading.at.0,
        seq: numbered.seq,
        v,
        q,
        kept,
    }
}

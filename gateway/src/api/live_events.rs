//! `/api/v1/live`: server-sent events with every reading, journal progress and changes of health.
//!
//! - `reading` `{device,t,seq,v,q,kept}`: a new reading; `kept` is false until it is on disk.
//! - `kept` `{seq}`: all readings up to `seq` are on disk.
//! - `status`: health texts of the site, when they have changed.
//! - `reload`: this client was too slow and missed readings; it must fetch the page again.

use super::error::{ApiError, ApiErrorCode};
use super::request_language::request_language;
use super::{ApiListener, resources, wait_for_stop};
use crate::clock::Clock;
use crate::domain::{NumberedReading, ReadingSeq, Site};
use crate::i18n::Language;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};

/// Interval of the check for changes of health.
const HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// Delay after which a browser connects again.
pub(crate) const RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// Time between two rounds. In each, every open page is told what has changed.
const ROUND: Duration = Duration::from_secs(1);
/// Begin of a round after the full second.
// Devices are asked at full seconds: half a second later their answers are there, and neither MQTT
// nor the bus waits while texts are made. At the same moment for all pages, so that one wake-up of
// the program serves them all.
const ROUND_BEGIN: Duration = Duration::from_millis(500);

/// Time until the next round of the open pages.
pub(crate) fn until_next_round(clock: &Clock) -> Duration {
    clock.until_slot(ROUND, ROUND_BEGIN)
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
struct LiveClient {
    app: ApiListener,
    lang: Language,
    /// JSON of the last `status` event.
    told: String,
    readings: broadcast::Receiver<Arc<NumberedReading>>,
    durable: watch::Receiver<ReadingSeq>,
    look: tokio::time::Interval,
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
    let mut look = tokio::time::interval(HEALTH_CHECK_INTERVAL);
    // After a pause one check is enough; missed ones are not made up for.
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let client = LiveClient {
        lang: request_language(&uri, &headers),
        told: String::new(),
        readings: app.state().store.subscribe_live(),
        durable: app.state().store.durable(),
        look,
        app: app.clone(),
    };
    let events = stream::unfold(client, |mut client| async {
        let event = client.next_event().await?;
        Some((event, client))
    });
    answer_with_events(&app, events)
}

/// Answers with a stream of events that ends when the gateway stops. Status 503 when
/// `LIVE_CLIENTS_MAX` are open.
pub(crate) fn answer_with_events(
    app: &ApiListener,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, ApiError> {
    // Refused and not queued: a browser connects again by itself.
    let place = Arc::clone(&app.0.live).try_acquire_owned().map_err(|_| {
        ApiError::with_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ApiErrorCode::LiveBusy,
            "too many live pages are open",
        )
    })?;
    let events = events.map(move |event| {
        // The place is held as long as the stream.
        let _ = &place;
        Ok::<_, Infallible>(event)
    });
    // Open streams would otherwise delay a clean stop.
    let events = events.take_until(Box::pin(wait_for_stop(app.0.stop.clone())));
    // A browser that is gone shows only when something is sent to it.
    let pings = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(events).keep_alive(pings).into_response())
}

impl LiveClient {
    /// The next event; `None` when the store has ended.
    async fn next_event(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                reading = self.readings.recv() => return match reading {
                    Ok(numbered) => {
                        // It may have reached the disk while it waited in the queue.
                        let kept = numbered.seq <= *self.durable.borrow();
                        Some(reading_event(&numbered, self.app.site(), kept))
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
                    let told = format!("{{\"seq\":{seq}}}");
                    return Some(Event::default().event("kept").data(told));
                }
                _ = self.look.tick() => {
                    if let Some(event) = self.health_event() {
                        return Some(event);
                    }
                }
            }
        }
    }

    /// The event for a change of health; `None` when there is none.
    fn health_event(&mut self) -> Option<Event> {
        let status = serde_json::to_string(&self.app.status(self.lang)).ok()?;
        if status == self.told {
            return None;
        }
        self.told.clone_from(&status);
        let event = Event::default().event("status").data(status);
        Some(event.retry(RECONNECT_DELAY))
    }
}

fn reading_event(numbered: &NumberedReading, site: &Site, kept: bool) -> Event {
    let text = serde_json::to_string(&reading_event_json(numbered, site, kept));
    Event::default()
        .event("reading")
        .data(text.unwrap_or_default())
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

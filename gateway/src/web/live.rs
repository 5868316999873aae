//! Server-sent events: every reading as it comes, what has been kept since, and changes of health.
//!
//! `reading` `{device,t,seq,v,q,kept}`: `kept` is false, the reading is on its way to the disk.
//! `kept` `{seq}`: everything up to `seq` is on disk. `status`: health in words, when it changed.
//! `reload`: this client was too slow and missed readings; it fetches the page again.

use super::error::{ApiError, Code};
use super::pages::language;
use super::{App, api, stopped};
use crate::model::{Numbered, Seq, Site};
use crate::words::Lang;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt};
use serde::Serialize;
use serde_json::{Map, Value};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, broadcast, watch};

/// How often health is looked at for changes.
const LOOK: Duration = Duration::from_secs(1);
/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct ReadingEvent<'a> {
    device: &'a str,
    t: i64,
    seq: Seq,
    v: Map<String, Value>,
    q: Map<String, Value>,
    kept: bool,
}

/// One open page.
struct Client {
    app: App,
    lang: Lang,
    readings: broadcast::Receiver<Arc<Numbered>>,
    durable: watch::Receiver<Seq>,
    look: tokio::time::Interval,
    /// The health last told.
    told: String,
    _place: OwnedSemaphorePermit,
}

#[utoipa::path(get, path = "/api/v1/live",
    params(("lang" = Option<String>, Query, description = "language of `status` events")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
         description = "events `reading`, `kept`, `status`, `reload`"),
        (status = 503, body = ApiError, description = "too many live pages are open")))]
pub(super) async fn live(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let place = Arc::clone(&app.0.live).try_acquire_owned().map_err(|_| {
        ApiError::coded(
            StatusCode::SERVICE_UNAVAILABLE,
            Code::LiveBusy,
            "too many live pages are open",
        )
    })?;
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let client = Client {
        lang: language(&uri, &headers),
        readings: app.state().store.live(),
        durable: app.state().store.durable(),
        look,
        told: String::new(),
        _place: place,
        app: app.clone(),
    };
    let events = stream::unfold(client, |mut client| async {
        let event = client.next().await?;
        Some((Ok(event), client))
    });
    // A page must not hold up a clean stop.
    let events = events.take_until(Box::pin(stopped(app.0.stop.clone())));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

impl Client {
    /// The next thing to tell; `None` when the store has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                reading = self.readings.recv() => return match reading {
                    Ok(numbered) => Some(self.reading(&numbered)),
                    Err(broadcast::error::RecvError::Lagged(missed)) => {
                        tracing::debug!(missed, "a live page was too slow");
                        Some(Event::default().event("reload").data("{}"))
                    }
                    Err(broadcast::error::RecvError::Closed) => None,
                },
                changed = self.durable.changed() => {
                    changed.ok()?;
                    let seq = *self.durable.borrow_and_update();
                    return Some(Event::default().event("kept").data(format!("{{\"seq\":{seq}}}")));
                }
                _ = self.look.tick() => {
                    if let Some(event) = self.health() {
                        return Some(event);
                    }
                }
            }
        }
    }

    fn health(&mut self) -> Option<Event> {
        let status = serde_json::to_string(&self.app.status(self.lang)).ok()?;
        if status == self.told {
            return None;
        }
        self.told.clone_from(&status);
        Some(Event::default().event("status").data(status).retry(RETRY))
    }

    fn reading(&self, numbered: &Numbered) -> Event {
        let kept = numbered.seq <= *self.durable.borrow();
        let text = serde_json::to_string(&reading_event(numbered, self.app.site(), kept));
        Event::default()
            .event("reading")
            .data(text.unwrap_or_default())
    }
}

/// Values that are not bad in `v`; in `q` only what is not good, as on MQTT.
fn reading_event<'a>(numbered: &Numbered, site: &'a Site, kept: bool) -> ReadingEvent<'a> {
    let reading = &numbered.reading;
    let device = site.devices.get(usize::from(reading.device));
    let points = device
        .map(|device| device.points.as_slice())
        .unwrap_or_default();
    let (mut v, mut q) = (Map::new(), Map::new());
    for (point, outcome) in points.iter().zip(&reading.outcomes) {
        if let Some(number) = outcome.number().and_then(api::number) {
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

//! [`SinkTable`] and [`ConfiguredSink`]: what a kind of sink is made of; [`SinkKind`], its entry in
//! the list.

use crate::clock::Clock;
use crate::config::BrokerSettings;
use crate::domain::{DeviceInfo, Site};
use crate::sinks::sink_progress::pause_or_stop;
use crate::sinks::{SecretKeys, SinkCheck, SinkProgress};
use crate::status::StatusBoard;
use crate::storage::{Store, StoreError};
use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

/// Time until delivery is tried again while the disk does not answer.
const HUNG_RETRY: Duration = Duration::from_secs(1);

/// Table of a sink in `pantau.toml`, as typed.
///
/// Its doc comments are the JSON Schema that editors show.
pub trait SinkTable: DeserializeOwned + JsonSchema {
    /// Key of the table; also the name of the sink in the status and in the store.
    const NAME: &'static str;
    /// Description of the table in the JSON Schema: one sentence.
    const SUMMARY: &'static str;
    /// Keys of its secret, when it has one.
    const SECRET: Option<SecretKeys> = None;

    /// Checks the table; the result counts only when `check` got no error.
    fn check(&self, check: &mut SinkCheck<'_, '_>) -> Arc<dyn ConfiguredSink>;
}

/// Checked settings of a sink, and the delivery with them.
pub trait ConfiguredSink: Any + Debug + Send + Sync {
    /// Name in the status and in the store.
    fn name(&self) -> &'static str;

    /// Address that readings are sent to, for people; without secrets.
    fn address(&self) -> String;

    /// MQTT broker that it connects to; `None` when it connects to none.
    fn broker(&self) -> Option<&BrokerSettings> {
        None
    }

    /// Beginning of the MQTT topics on which it publishes; `None` when it publishes on none.
    fn published_topics(&self, _site: &str) -> Option<String> {
        None
    }

    /// Estimated network traffic for one reading of a device, bytes.
    fn bytes_per_reading(&self, site: &Site, device: &DeviceInfo) -> f64;

    /// Delivers the journal until a stop is requested; an error only when the store has ended.
    ///
    /// Faults of the far side are reported to `progress` and retried.
    fn deliver(
        self: Arc<Self>,
        site: Arc<Site>,
        progress: SinkProgress,
        stop: watch::Receiver<bool>,
    ) -> SinkFuture;
}

/// Delivery of a sink; it ends after a stop, or with an error when the store has ended.
pub type SinkFuture = BoxFuture<'static, Result<(), StoreError>>;

/// One kind of sink in the list of all.
#[derive(Clone, Copy, Debug)]
pub struct SinkKind {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) secret: Option<SecretKeys>,
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    pub(crate) check: CheckSinkTable,
}

/// Table of a sink that was found in the file, with its kind.
pub(crate) type RawSink<'a> = (SinkKind, Spanned<DeValue<'a>>);

/// Function that checks a table; a text that does not deserialize is an error of `toml`.
type CheckSinkTable = fn(
    Spanned<DeValue<'_>>,
    &mut SinkCheck<'_, '_>,
) -> Result<Arc<dyn ConfiguredSink>, toml::de::Error>;

impl SinkKind {
    /// Name of its table, and of the sink in the status and in the store.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the entry of a kind of sink.
    pub const fn of<T: SinkTable>() -> Self {
        Self {
            name: T::NAME,
            summary: T::SUMMARY,
            secret: T::SECRET,
            schema: SchemaGenerator::subschema_for::<T>,
            check: |table, check| {
                let raw = T::deserialize(ValueDeserializer::from(table))?;
                Ok(raw.check(check))
            },
        }
    }
}

/// Connections of a sink to the rest of the gateway.
#[derive(Clone, Debug)]
pub struct SinkContext {
    /// Site; readings name its devices by index.
    pub site: Arc<Site>,
    /// Store with the journal and the cursors.
    pub store: Store,
    /// Clock, for times in messages.
    pub clock: Clock,
    /// Board on which the sink shows its state.
    pub board: StatusBoard,
    /// Turns true when the sink must end.
    pub stop: watch::Receiver<bool>,
}

/// Runs a sink until a stop is requested or the store has ended.
pub async fn run_sink(sink: Arc<dyn ConfiguredSink>, context: SinkContext) {
    let name = sink.name();
    let mut stop = context.stop.clone();
    let mut is_logged = false;
    loop {
        match run_once(Arc::clone(&sink), context.clone()).await {
            Ok(()) => return,
            // What waits is in the journal: delivery goes on when the disk answers again.
            Err(
                why @ (StoreError::Hung(_) | StoreError::Disk { .. } | StoreError::ReadOnly(_)),
            ) => {
                if !is_logged {
                    tracing::warn!(sink = name, %why, "delivery waits for the disk");
                }
                is_logged = true;
                context.board.update(|board| {
                    let state = board.sinks.entry(name).or_default();
                    (state.connected, state.fault) = (false, Some(why.to_string()));
                });
            }
            // Faults of the far side are handled inside.
            Err(why) => return tracing::error!(sink = name, %why, "sink has ended"),
        }
        if !pause_or_stop(HUNG_RETRY, &mut stop).await {
            return;
        }
    }
}

/// Adds the devices that are no longer configured: their readings may still wait in the journal.
fn with_past_devices(site: Arc<Site>, past: &[DeviceInfo]) -> Arc<Site> {
    if past.is_empty() {
        return site;
    }
    let devices = site.devices.iter().chain(past).cloned().collect();
    Arc::new(Site {
        devices,
        ..Site::clone(&site)
    })
}

/// Delivers until a stop is requested or the store gives an error.
async fn run_once(sink: Arc<dyn ConfiguredSink>, context: SinkContext) -> Result<(), StoreError> {
    let SinkContext {
        site,
        store,
        clock,
        board,
        stop,
    } = context;
    let site = with_past_devices(site, store.past_devices());
    let progress = SinkProgress::open(sink.name(), store, clock, board).await?;
    sink.deliver(site, progress, stop).await
}

//! Delivery of readings to an MQTT broker and an InfluxDB.
//!
//! Entry points: [`SINK_KINDS`], the list of all kinds, and [`run_sink`], one task a sink:
//!
//! ```text
//! for sink in &config.sinks {
//!     tasks.spawn(sinks::run_sink(Arc::clone(sink), context.clone()));
//! }
//! ```
//!
//! A kind of sink is one folder or file: its table of `pantau.toml` ([`SinkTable`]), and its
//! checked settings with the estimate of its traffic and the delivery ([`ConfiguredSink`]).
//! `docs/extending.md` adds one.
//!
//! Each sink has its own durable position in the store. It reads the journal, sends, and moves the
//! position only after the receiver has acknowledged; during an outage it does not move. Nothing is
//! queued outside the journal, so nothing is lost when the process dies.
//!
//! **Order.** After an outage there are two lanes (`storage::DeliveryLanes`), each in `seq` order:
//! readings that arrive from then on go out at once on the live lane, and beside them `catch_up`
//! backlog readings a second (`catch_up_rate`): a backlog of N readings is gone after
//! N / `catch_up` seconds, whatever the live rate is. The web page shows live values directly and
//! does not wait for a sink.
//!
//! Not part of this module: meaning of a reading, buffers on disk. See docs/ARCHITECTURE.md,
//! "sinks", and docs/configuration.md, `[mqtt]` and `[influx]`.

mod backoff;
mod catch_up_rate;
pub mod influx;
mod lane_feed;
pub mod mqtt;
mod reading_dates;
mod refusal_log;
mod refusal_proof;
mod secret_keys;
mod settled_cursor;
mod sink_check;
mod sink_kind;
mod sink_progress;
mod time_stamps;
mod waiting_age;

pub use secret_keys::SecretKeys;
pub use sink_check::SinkCheck;
pub(crate) use sink_kind::RawSink;
pub use sink_kind::{ConfiguredSink, SinkContext, SinkFuture, SinkKind, SinkTable, run_sink};
pub use sink_progress::SinkProgress;
pub use time_stamps::run_time_stamps;

/// Kinds of sink that `pantau.toml` may name, in the order in which they are checked and started.
pub const SINK_KINDS: &[SinkKind] = &[
    SinkKind::of::<mqtt::RawMqttSink>(),
    SinkKind::of::<influx::RawInfluxSink>(),
];

/// Converts an estimated number of bytes for arithmetic.
fn estimated_bytes(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

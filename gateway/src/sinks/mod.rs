//! Delivery of readings to an MQTT broker and an InfluxDB.
//!
//! Entry points: [`mqtt::run_mqtt_sink`] and [`influx::run_influx_sink`], one task each:
//!
//! ```text
//! tasks.spawn(mqtt::run_mqtt_sink(settings, site, store, clock, status_board, stop));
//! ```
//!
//! Each sink has its own durable cursor in the store. It reads the journal in `seq` order, sends,
//! and moves the cursor only after the receiver has acknowledged; during an outage the cursor does
//! not move. Nothing is queued outside the journal, so nothing is lost when the process dies.
//!
//! **Order.** A sink sends readings in `seq` order, always, so a live reading waits for the backlog
//! before it. On top of the live readings the sink may send `catch_up` backlog readings a second
//! (`catch_up_rate`): a backlog of N readings is gone after N / `catch_up` seconds, whatever the
//! live rate is. The web page shows live values directly and does not wait for a sink.
//!
//! Not part of this module: meaning of a reading, buffers on disk. See docs/ARCHITECTURE.md,
//! "sinks", and docs/configuration.md, `[mqtt]` and `[influx]`.

mod backoff;
mod catch_up_rate;
pub mod influx;
mod influx_relay;
pub mod line_protocol;
pub mod mqtt;
pub mod mqtt_payload;
mod sink_progress;
mod tls;
mod write_verdict;

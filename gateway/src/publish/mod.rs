//! Readings to whoever wants them: an MQTT broker, an InfluxDB.
//!
//! Each sink is one task over the store's handle with a durable cursor of its own. It reads the
//! journal in `seq` order, sends, and moves the cursor only when the far side has acknowledged; an
//! outage of a month is a cursor that stands still. Nothing is queued here that the journal does
//! not hold, so there is nothing to lose when the program dies.
//!
//! **Order and liveness.** Within a sink readings go out in `seq` order, always; a live reading
//! therefore waits for the backlog before it. It is not starved: the sink may send, on top of what
//! comes in meanwhile, `catch_up` readings of backlog a second (`pace`), so a backlog of N
//! readings is gone after N / `catch_up` seconds whatever the live rate is. Who must see the
//! present at once looks at the page, which does not go through a sink.
//!
//! What is not here: what a reading means, any buffer on disk, any other destination.

mod backoff;
pub mod influx;
pub mod line;
pub mod mqtt;
mod pace;
pub mod payload;
mod progress;
mod relay;
mod tls;
mod verdict;

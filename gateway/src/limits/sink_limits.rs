//! Limits of delivery.

use super::BACKOFF_MAX_MS;

/// Time in seconds that the oldest MQTT message may wait for its PUBACK; then the connection
/// counts as dead.
// A message of 1 kB takes about 1 s on a link of 9600 baud.
pub const MQTT_ACK_SECONDS: u64 = 30;
/// Minimum disconnects caused by one MQTT message, sent alone, before it may be given up.
pub const MQTT_HANGUPS_MIN: u32 = 4;
/// The same for a message almost as large as one that the broker refused before.
pub const MQTT_HANGUPS_MIN_KNOWN: u32 = 2;
/// Maximum probability that a bad link alone explains the disconnects of a message given up.
pub const MQTT_BAD_LINK_PROBABILITY: f64 = 1e-6;
/// The same for a message almost as large as one that the broker refused before.
pub const MQTT_BAD_LINK_PROBABILITY_KNOWN: f64 = 1e-2;
/// Successful pings needed before a message is tried again that caused a disconnect.
pub const MQTT_PROBE_PINGS: u32 = 8;
/// Messages of a device that must have been given up before others of that size are not sent.
pub const MQTT_SIZE_LIMIT_TIMES: u32 = 2;
/// Time in seconds after which one of that size is tried again.
pub const MQTT_SIZE_LIMIT_SECONDS: u64 = 300;
/// Time in seconds without an acknowledgement after which a sink with a queue counts as failing.
pub const SINK_STALL_SECONDS: u64 = 60;
/// Age in seconds of the oldest undelivered reading from which on a sink counts as late.
// Twice the longest pause between two attempts, so that one lost connection makes none late.
pub const SINK_LATE_SECONDS: u64 = 120;
/// Readings in a row that are refused, and none taken, before a sink counts as refusing.
pub const SINK_REFUSING_MIN: u64 = 3;
/// Time in seconds for which readings may wait and still go out on the live lane.
pub const LIVE_DELAY_SECONDS: u64 = 60;
/// Time in seconds that a connection must last before the reconnect delay is reset.
pub const SINK_STABLE_SECONDS: u64 = 60;
/// Short connections in a row after which a second client with the same client id is suspected.
pub const SINK_SHORT_CONNECTIONS: u32 = 3;

const _: () = assert!(
    MQTT_ACK_SECONDS < SINK_STALL_SECONDS,
    "a silent broker must be named before its sink counts as failing"
);
const _: () = assert!(
    SINK_STALL_SECONDS < SINK_LATE_SECONDS && 2 * BACKOFF_MAX_MS <= SINK_LATE_SECONDS * 1000,
    "a sink must be able to reconnect before it counts as late"
);

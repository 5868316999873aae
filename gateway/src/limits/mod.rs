//! Upper bounds of all queues, loops, files and requests of the gateway, one constant each.
//!
//! ```text
//! limits::DEVICES_MAX          // devices that one site may configure
//! limits::READING_QUEUE_MAX    // readings that wait between the bus tasks and the store
//! ```
//!
//! Relations between bounds are checked at compile time at the end of this file. Keys, defaults
//! and ranges that a user can set are in `docs/configuration.md`.

mod backup_limits;
mod clock_limits;
mod commissioning_limits;
mod evidence_limits;
mod import_limits;
pub mod pin_limits;
mod report_limits;
mod sink_limits;
mod store_limits;

pub use backup_limits::*;
pub use clock_limits::*;
pub use commissioning_limits::*;
pub use evidence_limits::*;
pub use import_limits::*;
pub use report_limits::*;
pub use sink_limits::*;
pub use store_limits::*;

/// Maximum registers in one Modbus read (application protocol V1.1b3, 6.3).
pub const REGISTERS_PER_READ_MAX: u16 = 125;
/// Maximum coils or discrete inputs in one Modbus read (application protocol V1.1b3, 6.1).
pub const COILS_PER_READ_MAX: u16 = 2000;
/// Time in milliseconds during which an unanswered request may still be answered on its line.
// No device and no serial device server is known that answers later than this.
pub const OUTSTANDING_REQUEST_MS: u64 = 10_000;
/// Maximum unanswered requests that are tracked for one line.
// More than back-off lets one unit accumulate within `OUTSTANDING_REQUEST_MS`.
pub const OUTSTANDING_REQUESTS_MAX: usize = 24;
/// Maximum time in milliseconds after connecting in which a network device may drop requests.
// The longest that was reported is 10 s, of a dongle that forwards requests to an inverter.
pub const SETTLE_MAX_MS: u64 = 12_000;
/// Maximum requests in a row that a slow unit may leave unanswered before it counts as silent.
pub const LATE_UNANSWERED_MAX: u8 = 2;
/// Polls in a row that end at the same unanswered request before a shorter read is tried.
pub const SILENT_POLLS_MAX: u32 = 2;
/// Maximum polls of one `pantau read` until the device has answered.
// Another poll is made only while it can still show something new, such as a shorter read.
pub const READ_TRIES_MAX: usize = 24;
/// Maximum queued requests of other tasks for one bus; a further request is refused as busy.
pub const BUS_REQUESTS_MAX: usize = 8;
/// Time in milliseconds that the answer to such a request may take beyond its time on the wire.
// The polls of the bus wait for as long.
pub const BUS_REQUEST_EXTRA_MS: u64 = 2000;
/// Frames of one bus that are kept while a technician looks at them.
pub const FRAMES_KEPT_MAX: usize = 100;
/// Maximum replies that one device identification may take (function 0x2B/0x0E).
// The basic objects fit into two replies.
pub const IDENTIFICATION_REPLIES_MAX: usize = 3;
/// Maximum finished scans and address changes that are kept for the page.
pub const JOBS_KEPT_MAX: usize = 8;
/// Maximum messages of one scan that are shown on the page.
pub const SCAN_MESSAGES_MAX: usize = 100;
/// Time in seconds that the wizard on the page waits for a person to press a button.
pub const WIZARD_STEP_SECONDS: u64 = 900;
/// Maximum addresses of one network scan: four /24 networks.
pub const SCAN_HOSTS_MAX: usize = 1024;
/// Maximum connections that a network scan opens at the same time.
// Few enough for the small router of a site.
pub const SCAN_CONNECTIONS_MAX: usize = 32;
/// Maximum requests to one found device until it is identified.
// A device that gives zeros for every register needs about 600 with the built-in profiles.
pub const SCAN_REQUESTS_MAX: usize = 800;
/// Maximum timeouts of one found device; then it is judged by the answers so far.
pub const SCAN_TIMEOUTS_MAX: usize = 60;
/// Maximum devices of one site.
// A Raspberry Pi polls 300 devices without trouble; ten times that is a mistake in the file.
pub const DEVICES_MAX: usize = 3000;
/// Maximum points of one device.
pub const POINTS_PER_DEVICE_MAX: usize = 1000;
/// Maximum letters of a name for people of a device, a point or an asset.
pub const DISPLAY_NAME_CHARS_MAX: usize = 60;
/// Maximum models in the list of a `SunSpec` device; the longest known lists have about twenty.
pub const SUNSPEC_MODELS_MAX: usize = 100;
/// Missed polls in a row after which a `SunSpec` device is discovered again.
pub const SUNSPEC_MISSES_MAX: u32 = 3;
/// Interval in milliseconds at which serial number and firmware version are read again.
pub const DEVICE_INFO_INTERVAL_MS: u64 = 24 * 3_600_000;
/// The same interval after a read that failed.
pub const DEVICE_INFO_RETRY_MS: u64 = 10 * 60_000;
/// Maximum readings waiting between the bus tasks and the store.
// More than one round of polls of the largest site.
pub const READING_QUEUE_MAX: usize = 4096;
/// Maximum intervals between wall clock steps that a bus task tracks; older ones are merged.
pub const CLOCK_STRETCHES_MAX: usize = 16;
/// Maximum recent timestamps of a device that are remembered, so that none is used twice.
pub const RECENT_SLOTS_MAX: usize = 512;
/// Time in milliseconds during which readings of several buses are collected into one batch.
// Each wake-up of the store costs CPU time; buses with equal intervals answer together.
pub const STORE_BATCH_WAIT_MS: u64 = 20;
/// Divisor for retention: one run deletes at most the stored days divided by this.
// A wrong clock would otherwise delete the whole history at once. Age rules run once a day,
// which leaves days to put the clock right.
pub const RETENTION_DAYS_DIVISOR: usize = 10;
/// Days without an acknowledgement after which the queue of a sink is deleted before history,
/// when the disk budget is used up.
pub const SINK_DEAD_DAYS: i64 = 7;
/// Maximum values of durable readings cached in memory for the sinks.
// Live delivery then reads nothing from the disk.
pub const RING_OUTCOMES_MAX: usize = 32_768;
/// Maximum queries that are answered at the same time; a further query is refused as busy.
pub const QUERIES_MAX: usize = 100;
/// Maximum raw samples in one block of a query's answer: a day at an interval of 10 s.
pub const QUERY_BLOCK_SAMPLES_MAX: usize = 10_000;
/// Maximum bytes kept of an error message of a broker or database, or of what it refused.
pub const REFUSED_BYTES_MAX: usize = 4096;
/// Maximum readings that a sink takes from the journal at once.
pub const SINK_BATCH_MAX: usize = 2000;
/// Maximum MQTT publishes that wait for their PUBACK.
pub const MQTT_WINDOW: usize = 100;
/// Maximum bytes of one outgoing MQTT packet, and of a retained message of another client.
// A reading of a device with the maximum number of points fits.
pub const MQTT_PACKET_MAX: usize = 256 << 10;
/// Maximum bytes of one incoming MQTT packet; a larger message of a sensor node is skipped.
pub const MQTT_ANSWER_MAX: usize = 64 << 10;
/// Maximum bytes of MQTT messages that are encoded ahead of the network.
pub const MQTT_SEND_BUFFER_BYTES: usize = 64 << 10;
/// Maximum lines in one InfluxDB write.
pub const INFLUX_LINES_MAX: usize = 5000;
/// Maximum bytes in one InfluxDB write, before gzip.
pub const INFLUX_BYTES_MAX: usize = 1 << 20;
/// Returns a retry delay in milliseconds: `first`, doubled so many times, up to `BACKOFF_MAX_MS`.
pub(crate) const fn doubled_backoff_ms(first: u64, doublings: u32) -> u64 {
    // Sixteen doublings are beyond the longest delay already.
    let doublings = if doublings < 16 { doublings } else { 16 };
    let delay = first.saturating_mul(1 << doublings);
    if delay < BACKOFF_MAX_MS {
        delay
    } else {
        BACKOFF_MAX_MS
    }
}

/// First retry delay in milliseconds, doubled up to `BACKOFF_MAX_MS`.
pub const BACKOFF_MIN_MS: u64 = 500;
/// Longest delay in milliseconds between two tries of a device that does not answer.
pub const BACKOFF_MAX_MS: u64 = 60_000;
/// Retry delay in milliseconds of a sink after its first failure.
// A broker that restarts is back within this time.
pub const SINK_BACKOFF_FIRST_MS: u64 = 200;
/// Retry delay in milliseconds after the second failure in a row, doubled up to `BACKOFF_MAX_MS`.
pub const SINK_BACKOFF_MIN_MS: u64 = 1000;
/// Minimum time in milliseconds between two cursor positions that a sink reports to the store.
pub const CURSOR_PERSIST_MS: u64 = 1000;
/// Time in seconds that a database may take to answer a write.
pub const INFLUX_ANSWER_SECONDS: u64 = 30;
/// Time in seconds that a service may take to answer a message of an alarm.
pub const ALARM_ANSWER_SECONDS: u64 = 30;
/// Maximum bytes read of that answer.
pub const ALARM_ANSWER_MAX: usize = 16 << 10;
/// Time in seconds that a mail server may take to take one mail.
pub const MAIL_SECONDS: u64 = 60;
/// Retry delay in milliseconds after the first failure to deliver a message of an alarm, doubled.
pub const ALARM_BACKOFF_FIRST_MS: u64 = 5000;
/// Longest such delay.
// A day without network costs 150 short attempts, and a message is late by this at most.
pub const ALARM_BACKOFF_MAX_MS: u64 = 600_000;
/// Maximum messages that wait for one recipient; more are counted in the next message.
pub const ALARM_QUEUE_MAX: usize = 50;
/// Longest `Retry-After` in seconds that is obeyed.
pub const RETRY_AFTER_MAX_SECONDS: u64 = 3600;
/// Maximum bytes read of a database's response; the reason of a refusal is in its first line.
pub const INFLUX_ANSWER_MAX: usize = 64 << 10;
/// Time in seconds that a sink may take to stop.
// The store closes after the sinks and needs the rest of `STOP_SECONDS`.
pub const SINK_STOP_SECONDS: u64 = 2;
/// Maximum refused readings kept in full for each sink; older ones are only counted.
pub const REFUSED_KEPT_MAX: usize = 1000;
/// Maximum open connections to the page; the one that waits longest gives way to a new one.
// A quarter of the usual 1024 file descriptors is left for the store, buses, sinks and reports.
pub const CONNECTIONS_MAX: usize = 384;
/// The same for one address; a whole office may share one.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;
/// Maximum bytes of one connection that wait in memory, in each direction; a request head fits.
pub const CONNECTION_BUFFER_BYTES: usize = 64 << 10;
/// Time in seconds for a TLS handshake.
pub const HANDSHAKE_SECONDS: u64 = 10;
/// Time in seconds in which the head of a request must arrive.
pub const REQUEST_HEAD_SECONDS: u64 = 10;
/// Time in seconds that a connection may stay open between two requests.
pub const CONNECTION_IDLE_SECONDS: u64 = 60;
/// Time in seconds in which a client must send or take something.
pub const CLIENT_STALL_SECONDS: u64 = 30;
/// Minimum rate in bytes per second at which a client must send a body or take an answer, after
/// the first `CLIENT_STALL_SECONDS`.
// A tenth of what the slowest mobile link carries (GPRS).
pub const CLIENT_RATE_MIN: u64 = 512;
/// Maximum bytes of all request bodies that are held in memory together.
pub const BODY_BUDGET_BYTES: usize = 14 << 20;
/// The same for the bodies of one address.
pub const BODY_BUDGET_PER_ADDRESS: usize = 10 << 20;
/// Bytes of a body that are accepted whatever the others hold: forms and entries.
pub const BODY_FREE_BYTES: usize = 16 << 10;
/// Time in seconds that a body waits for room in the budget; then it is refused as busy.
pub const BODY_BUDGET_WAIT_SECONDS: u64 = 10;
/// Maximum certificates of the local authority that are kept, one for each own address.
pub const LOCAL_CERTIFICATES_MAX: usize = 16;
/// Maximum open live pages (server-sent events); a further one is refused as busy.
pub const LIVE_CLIENTS_MAX: usize = 128;
/// Live readings that a slow page may lag behind; then it is told to reload.
pub const LIVE_QUEUE_MAX: usize = 1024;
/// Maximum pieces of sample responses that are made at the same time; further ones wait.
pub const SAMPLE_PIECES_MAX: usize = 4;
/// Maximum open sample responses; beyond it the one whose reader is slowest gives way.
// One that waits for its reader keeps about 200 kB.
pub const SAMPLE_ANSWERS_MAX: usize = 32;
/// The same for responses of more than `LONG_ANSWER_SAMPLES` samples.
// The rest stays for plots, also while many download a year.
pub const LONG_ANSWERS_MAX: usize = 24;
/// Samples from which a response is a long one.
pub const LONG_ANSWER_SAMPLES: u64 = 20_000;
/// Maximum samples of a response that are kept in memory until its last column is sent; a longer
/// one is read again from the store for each column.
pub const ANSWER_KEPT_SAMPLES_MAX: usize = 4096;
/// Time in seconds that a request for samples waits for a place; then it is refused as busy.
pub const ANSWER_WAIT_SECONDS: u64 = 10;
/// Time in milliseconds after which a response that waits for its reader may have to give way.
pub const SLOW_READER_MS: u64 = 1000;
/// Maximum receipts and photos that are checked against their hash at the same time.
pub const ATTACHMENT_CHECKS_MAX: usize = 2;
/// Maximum ledger entries written in one batch: a year of one programme in one table.
pub const LEDGER_ROWS_MAX: usize = 5000;
/// Rows of a table that are searched for its headings; titles may stand above them.
pub const LEDGER_HEADING_ROWS_MAX: usize = 20;
/// Maximum columns of a sheet that are read.
pub const LEDGER_COLUMNS_MAX: usize = 200;
/// Maximum bytes of a ledger table, and of one request with entries.
pub const LEDGER_FILE_BYTES_MAX: usize = 8 << 20;
/// Maximum ledger entries in one response of the store; ask for more with `after`.
pub const LEDGER_PAGE_MAX: usize = 10_000;
/// Maximum characters of a text in a ledger entry.
pub const LEDGER_TEXT_MAX: usize = 1000;
/// Maximum keys of requests with ledger entries that are kept: years of entries of one programme.
pub const ENTRY_KEYS_MAX: usize = 10_000;
/// Maximum characters of such a key; a UUID has 36.
pub const ENTRY_KEY_CHARS_MAX: usize = 64;
/// Maximum receipts and photos of one entry.
pub const LEDGER_FILES_MAX: usize = 20;
/// Maximum bytes of one receipt or photo.
// The largest photo of a phone fits, and a scan of a few pages.
pub const ATTACHMENT_BYTES_MAX: usize = 20 << 20;
/// Maximum bytes of one form of a page. A photo that is too large is read to its end, without being
/// kept: a browser shows the answer only then.
pub const FORM_BYTES_MAX: usize = 96 << 20;
/// Maximum fields of one form.
pub const FORM_FIELDS_MAX: usize = 64;
/// Maximum calibrations of one site: a quarterly check of every point for decades.
pub const CALIBRATIONS_MAX: usize = 10_000;
/// Maximum pairs of one calibration, except a strapping table.
pub const CALIBRATION_PAIRS_MAX: usize = 100;
/// Maximum photos of a handover record.
pub const HANDOVER_PHOTOS_MAX: usize = 40;
/// Maximum bytes of a list of display values, or of the result of a soak test.
pub const HANDOVER_FILE_BYTES_MAX: usize = 16 << 20;
/// Number of times that a wizard listens for devices at an address.
// Answers of two devices with one address do not collide every time.
pub const WIZARD_LISTEN_TRIES: usize = 3;
/// Number of times that a wizard asks for a device that may be restarting.
pub const WIZARD_RESTART_TRIES: usize = 10;
/// Maximum factors of one file; the built-in file has less than a hundred.
pub const FACTORS_MAX: usize = 2000;
/// Maximum bytes of the official page of a factor: a scanned decree with annexes.
pub const EVIDENCE_BYTES_MAX: u64 = 64 << 20;
/// Maximum baselines of one plant, one after the other: a change each year for decades.
pub const BASELINES_MAX: usize = 50;
/// Maximum changes of the capacity of one plant.
pub const CAPACITY_CHANGES_MAX: usize = 50;
/// Maximum assets of one site.
pub const ASSETS_MAX: usize = 500;
/// Maximum ledger indicators that a site defines itself.
pub const INDICATORS_MAX: usize = 500;
/// Maximum days of a period given by first and last day: ten years.
pub const RANGE_DAYS_MAX: i32 = 3660;
/// Maximum counter resets, gaps and corrections that a report lists; further ones are counted.
pub const DATA_EVENTS_MAX: usize = 500;
/// Days before a period in which the last counter reading is searched as baseline.
// A meter that was silent for longer starts without a baseline.
pub const COUNTER_LOOKBACK_DAYS: i64 = 400;
/// Maximum points of one asset that are queried together.
// Each takes one query; the rest of `QUERIES_MAX` stays for pages.
pub const ASSET_POINTS_MAX: usize = 40;
/// Maximum rain events of a period that are kept for the first flush; ten years have fewer.
pub const RAIN_EVENTS_MAX: usize = 20_000;
/// Maximum rows of a strapping table: one level each millimetre of 10 m.
pub const STRAPPING_ROWS_MAX: usize = 10_000;
/// Maximum samples hashed in one step for a day's digest.
// The store has one thread: a larger step would delay the next flush.
pub const EVIDENCE_SAMPLES_MAX: u64 = 50_000;
/// Maximum empty days between two closed days that get a record each.
// A longer gap comes from a wrong clock and is skipped.
pub const EVIDENCE_GAP_DAYS_MAX: i32 = 400;
/// Maximum differences that an evidence check reports; further ones are counted.
pub const EVIDENCE_FAULTS_MAX: usize = 100;
/// Maximum bytes of one line of a bundle: the record of a day of the largest site.
pub const EVIDENCE_LINE_BYTES_MAX: usize = 16 << 20;
/// Maximum bytes of a bundle's manifest.
pub const EVIDENCE_MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Maximum evidence records in one response of the store.
pub const EVIDENCE_PAGE_MAX: usize = 100;
/// Maximum samples in one response of `/api/v1/samples`; use `step` or pages for more.
pub const SAMPLES_PER_ANSWER_MAX: u64 = 1_000_000;
/// Maximum reads of one point that type inference uses.
pub const INFER_READS_MAX: usize = 16;
/// Maximum duration of a soak test in seconds: one day.
pub const SOAK_MAX_SECONDS: u64 = 86_400;
/// Maximum round trips and values that `watch` keeps for each device and point.
pub const WATCH_HISTORY_MAX: usize = 120;
/// Maximum numbers or rows in one input of `pantau method`.
// A month of records at an interval of 10 s fits four times.
pub const METHOD_ITEMS_MAX: usize = 1_000_000;
/// Maximum bytes of an input file of `pantau method eval`.
pub const METHOD_FILE_BYTES_MAX: u64 = 64 << 20;
/// Maximum samples of one night for the leak slope; of more, every n-th is used.
// The median of all pairwise slopes needs n x n / 2 slopes: 16 MB for 2000 samples.
pub const LEAK_POINTS_MAX: usize = 2000;
/// Maximum years for which the methane of one deposit is computed (first-order decay).
pub const FOD_YEARS_MAX: usize = 200;
/// Time in seconds that a clean stop may take; tasks still running then are aborted.
pub const STOP_SECONDS: u64 = 5;
/// Maximum cells of one report.
// A year of daily rows with a hundred columns fits. A cell costs about 100 bytes in the largest
// format.
pub const REPORT_CELLS_MAX: usize = 300_000;
/// Maximum days of a report with daily rows; a longer period has monthly rows.
pub const REPORT_DAY_ROWS_MAX: usize = 62;
/// Maximum ledger entries that a report lists; further ones are counted.
pub const REPORT_ENTRIES_MAX: usize = 1000;
/// Figures of the first page of the director's edition.
pub const REPORT_HEADLINES_MAX: usize = 8;
/// Figures that a site chooses for it at least.
pub const REPORT_HEADLINES_MIN: usize = 4;
/// Days up to which the plots of the director's edition have a step for each day.
pub const REPORT_PLOT_DAYS_MAX: usize = 92;
/// Strips of completeness in the director's edition.
pub const REPORT_STRIPS_MAX: usize = 40;
/// Rows of the table on what is provisional or doubtful in the director's edition.
pub const REPORT_DOUBTS_MAX: usize = 14;
/// Maximum snapshots of sums in the store; of more, the one unused for longest goes first.
pub const SNAPSHOTS_MAX: usize = 1000;
/// Maximum bytes of all snapshots in the store.
// A site of twelve assets takes about 0.4 MB: its running and its last year, quarter, month, week.
pub const SNAPSHOT_BYTES_MAX: usize = 4 << 20;
/// Maximum bytes of snapshots that wait for the next flush, and of one snapshot.
pub const SNAPSHOT_PENDING_BYTES_MAX: usize = 256 << 10;
/// Maximum bytes of the sums behind a snapshot, before they are compressed.
pub const SNAPSHOT_STATE_BYTES_MAX: u64 = 4 << 20;
/// Maximum answers with figures that are kept in memory.
pub const INDICATOR_RESULTS_MAX: usize = 8;
/// Maximum bytes of the answers with figures that are kept in memory.
pub const INDICATOR_RESULT_BYTES_MAX: usize = 512 << 10;
/// Maximum age of figures of a period that is not over, ms.
pub const INDICATOR_REUSE_MS: i64 = 10_000;
/// Maximum days of all points together that a calculation may read and still count as quick.
// The days of 300 points since midnight before last, in less than a second.
pub const QUICK_POINT_DAYS_MAX: u64 = 1000;
/// Maximum time in seconds that a report waits for its turn.
pub const REPORT_WAIT_SECONDS: u64 = 60;
/// Maximum reports and long calculations of figures at once; further ones wait.
pub const REPORTS_MAX: usize = 1;
/// Maximum reports that are noted as issued in 24 hours; further ones are made, but not noted.
// A note takes about 2 kB: 400 kB a day at most.
pub const ISSUED_REPORTS_PER_DAY_MAX: usize = 200;
/// Maximum files of issued reports that are noted in 24 hours; a note takes about 200 bytes.
pub const ISSUED_FILES_PER_DAY_MAX: usize = 1000;
/// Maximum issued reports in one response of the store.
pub const ISSUED_REPORTS_PAGE_MAX: usize = 50;
/// Maximum reports that people have ordered on the page and that are being made or wait.
pub const REPORT_JOBS_WAITING_MAX: usize = 4;
/// Maximum ordered reports that are kept for their download, with those that are being made.
pub const REPORT_JOBS_KEPT_MAX: usize = 12;
/// Time in seconds for which an ordered report is kept.
pub const REPORT_JOB_SECONDS: u64 = 600;
/// Maximum bytes of all files that are kept for their download.
// A year of the largest site takes about 4 MB as JSON.
pub const REPORT_JOB_BYTES_MAX: usize = 8 << 20;
/// Maximum configuration and factor changes that a report lists; earlier ones are counted.
pub const REPORT_CHANGES_MAX: usize = 100;

/// Maximum bytes of `access.json`.
// Twice what the most users, sessions and tokens take.
pub const ACCESS_FILE_BYTES_MAX: u64 = 1 << 20;
/// Maximum people of one site.
pub const USERS_MAX: usize = 100;
/// Maximum characters of the name of a person.
pub const USER_NAME_CHARS_MAX: usize = 40;
/// Maximum sessions of one person; a further one ends the one that was not used for longest.
pub const SESSIONS_PER_USER_MAX: usize = 10;
/// Maximum tokens of programs.
pub const TOKENS_MAX: usize = 100;
/// Maximum characters of the name of a token.
pub const TOKEN_NAME_CHARS_MAX: usize = 60;
/// Maximum days of validity of a token.
pub const TOKEN_DAYS_MAX: u32 = 3660;
/// Time in seconds without a request after which a session ends: a week.
// An officer looks at the page at least once a week, and does not like to type on a phone.
pub const SESSION_IDLE_SECONDS: i64 = 7 * 86_400;
/// Time in seconds after which a session ends in any case.
pub const SESSION_ABSOLUTE_SECONDS: i64 = 30 * 86_400;
/// Time in seconds between two writes of the last use of a session.
// A write on every request would wear an SD card out.
pub const SESSION_NOTE_SECONDS: i64 = 6 * 3600;
/// Maximum cookies with the name of the session that one request may have.
pub const COOKIES_TRIED_MAX: usize = 4;
/// Minimum characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 10;
/// Maximum bytes of a password.
pub const PASSWORD_BYTES_MAX: usize = 200;
/// Maximum passwords that wait for the thread which hashes them; a further one is refused as busy.
// One takes a third of a second on a Raspberry Pi 3.
pub const PASSWORD_QUEUE_MAX: usize = 8;
/// Maximum jobs that wait for that thread; a further change waits for its place.
pub const ACCESS_QUEUE_MAX: usize = 16;
/// Maximum wrong tries of a set-up code; then there is a new one.
pub const SET_UP_TRIES_MAX: u32 = 10;
/// Wrong passwords of a name or an address without a wait.
pub const SIGN_IN_FREE_TRIES: u32 = 4;
/// First wait in milliseconds after more wrong passwords, doubled up to a maximum.
pub const SIGN_IN_WAIT_FIRST_MS: u64 = 2000;
/// Longest wait in milliseconds of a name.
// Short, so that a stranger cannot lock a person out.
pub const SIGN_IN_NAME_WAIT_MAX_MS: u64 = 60_000;
/// Longest wait in milliseconds of an address.
pub const SIGN_IN_ADDRESS_WAIT_MAX_MS: u64 = 15 * 60_000;
/// Time in milliseconds after which wrong passwords are forgotten.
pub const SIGN_IN_FORGET_MS: u64 = 3_600_000;
/// Maximum names and addresses whose wrong passwords are remembered.
pub const SIGN_IN_KEYS_MAX: usize = 1000;
/// Maximum refused sign-ins that are noted in the audit log in an hour.
pub const SIGN_IN_NOTES_PER_HOUR: u32 = 60;
/// Maximum bytes of the texts of a form without files.
pub const PLAIN_FORM_BYTES_MAX: usize = 64 << 10;
/// Maximum entries of one page of the audit log.
pub const AUDIT_PAGE_MAX: usize = 200;
/// Maximum steps of 10 s that a simulated site is advanced at once: a year and a month.
// After a longer gap the simulation restarts instead of catching up.
pub const SIM_STEPS_MAX: i64 = 400 * 8640;

const _: () = assert!(
    DEVICES_MAX <= READING_QUEUE_MAX,
    "a round of all devices must fit the queue"
);
const _: () = assert!(
    READING_QUEUE_MAX <= UNFLUSHED_READINGS_MAX,
    "a full queue must fit the flush buffer"
);
const _: () = assert!(
    SINK_STOP_SECONDS < STOP_SECONDS,
    "the store must have time to close after the sinks"
);
const _: () = assert!(
    SETTLE_MAX_MS < BACKOFF_MAX_MS,
    "a device must be asked again on a connection that has settled"
);
const _: () = assert!(BACKOFF_MIN_MS < BACKOFF_MAX_MS, "back-off must grow");
const _: () = assert!(
    PASSWORD_QUEUE_MAX < ACCESS_QUEUE_MAX,
    "sign-ins must leave room for changes"
);
const _: () = assert!(
    SIGN_IN_ADDRESS_WAIT_MAX_MS < SIGN_IN_FORGET_MS,
    "a wait must end before its reason is forgotten"
);
const _: () = assert!(
    ASSET_POINTS_MAX * (REPORTS_MAX + 1) < QUERIES_MAX && LONG_ANSWERS_MAX < SAMPLE_ANSWERS_MAX,
    "reports must leave the store room, and long answers must leave room for plots"
);
const _: () = assert!(
    BODY_BUDGET_PER_ADDRESS > LEDGER_FILE_BYTES_MAX && BODY_BUDGET_BYTES > BODY_BUDGET_PER_ADDRESS,
    "the largest body must fit the budget of its address"
);
const _: () = assert!(
    CONNECTIONS_PER_ADDRESS_MAX >= 2 * LIVE_CLIENTS_MAX
        && CONNECTIONS_MAX > CONNECTIONS_PER_ADDRESS_MAX,
    "live pages of one office must leave room for others"
);

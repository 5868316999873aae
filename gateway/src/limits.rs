//! Every bound of the gateway, with its reason; relations between them are checked by the
//! compiler.

/// A Modbus reply carries at most 125 registers (specification V1.1b3, 6.3).
pub const WORDS_PER_READ_MAX: u16 = 125;
/// A Modbus reply carries at most 2000 coils (specification V1.1b3, 6.1).
pub const COILS_PER_READ_MAX: u16 = 2000;
/// Milliseconds for which an unanswered request of a line counts as owed; no device and no serial
/// server answers later than that.
pub const OWED_MS: u64 = 10_000;
/// Unanswered requests of one line that are kept in mind: more than back-off lets one unit gather
/// within `OWED_MS`.
pub const OWED_MAX: usize = 24;
/// Milliseconds after connecting for which a device on the network may drop what it is asked: the
/// longest that was reported is 10 s (a dongle that hands requests on to an inverter).
pub const SETTLE_MAX_MS: u64 = 12_000;
/// Requests in a row that a unit which answers late may leave without any answer before it counts
/// as silent.
pub const LATE_IN_VAIN_MAX: u8 = 2;
/// Polls in a row that end at the same silent request before a shorter one is tried.
pub const SILENT_POLLS_MAX: u32 = 2;
/// Polls of one `pantau read` until the device has answered; each goes on only while there is
/// something to be learnt.
pub const READ_TRIES_MAX: usize = 24;
/// Requests of others that wait for a bus; a further one is told to come back.
pub const ERRANDS_MAX: usize = 8;
/// Milliseconds that the answer to somebody else's request may take beyond its time on the wire:
/// for so long the polls of that bus wait.
pub const ERRAND_PATIENCE_MS: u64 = 2000;
/// Answers of one device identification that are asked for; the basic texts fit two.
pub const IDENTIFICATION_PARTS_MAX: usize = 3;
/// Scans, and changes of address, that the page may still look at.
pub const JOBS_KEPT_MAX: usize = 8;
/// Sentences of a scan that the page is shown.
pub const SCAN_SENTENCES_MAX: usize = 100;
/// How long the page's wizard waits for a person to press a button, seconds.
pub const WIZARD_STEP_SECONDS: u64 = 900;
/// Addresses of one network scan: four networks of a usual router.
pub const SCAN_HOSTS_MAX: usize = 1024;
/// Connections that a network scan tries at once: few enough for a router of a village.
pub const SCAN_CONNECTIONS_MAX: usize = 32;
/// Questions to one found device until it is named; the whole library takes about half.
pub const SCAN_QUESTIONS_MAX: usize = 400;
/// Silences of one found device after which it is judged by what it has said.
pub const SCAN_SILENCES_MAX: usize = 60;
/// Devices of one site; a Pi-class box polls 300 with ease, ten times that is a mistake.
pub const DEVICES_MAX: usize = 3000;
/// Points of one device.
pub const POINTS_PER_DEVICE_MAX: usize = 1000;
/// Models in the list of a `SunSpec` device; the longest lists of real ones have about twenty.
pub const SUNSPEC_MODELS_MAX: usize = 100;
/// Polls in a row that a `SunSpec` device may miss before it is looked over again when it is back.
pub const SUNSPEC_MISSES_MAX: u32 = 3;
/// Milliseconds between two looks at what a device says of itself (serial number, firmware).
pub const FACTS_AGAIN_MS: u64 = 24 * 3_600_000;
/// The same after a look that failed.
pub const FACTS_RETRY_MS: u64 = 10 * 60_000;
/// Readings waiting between the buses and the store: more than a round of the largest site.
pub const READING_QUEUE_MAX: usize = 4096;
/// Stretches between steps of the wall clock that a bus keeps apart; more become one.
pub const CLOCK_STRETCHES_MAX: usize = 16;
/// Moments that readings of a device were dated by, and that are not given a second time.
pub const MOMENTS_MAX: usize = 512;
/// Milliseconds for which readings of several buses are gathered before the store is woken.
pub const GATHER_MS: u64 = 20;
/// One part in so many of the kept days goes in one run of the retention rules.
pub const RETAIN_SHARE: usize = 10;
/// Days without an acknowledgement after which a sink's backlog goes before the history, when the
/// disk budget is used up.
pub const SINK_DEAD_DAYS: i64 = 7;
/// Numbers of readings by which the bound beside the store is raised: a few small writes a day.
pub const SEQ_STEP: u64 = 65_536;
/// Readings kept in memory while the disk refuses them (full, read-only), before the oldest become
/// a counted, logged loss.
pub const UNFLUSHED_MAX: usize = 65_536;
/// Readings waiting for the next flush that bring it forward: one row stays about a megabyte.
pub const FLUSH_READINGS_MAX: usize = 8192;
/// Outcomes of durable readings kept in memory for the sinks, so that delivering live reads no
/// disk.
pub const RING_OUTCOMES_MAX: usize = 32_768;
/// Queries answered at the same time; a further one is told to come back.
pub const QUERIES_MAX: usize = 64;
/// Bytes of a far side's complaint, or of what it refused, that are kept.
pub const REFUSED_BYTES_MAX: usize = 4096;
/// Bytes of samples of days not yet sealed that are kept in memory; more are sealed early.
pub const HOT_BYTES_MAX: usize = 1 << 20;
/// Readings that a sink takes from the journal at once.
pub const SINK_BATCH_MAX: usize = 2000;
/// MQTT publishes waiting for their PUBACK.
pub const MQTT_WINDOW: usize = 100;
/// Bytes of one MQTT packet in either direction: a reading of the most points, and a retained
/// message of somebody else.
pub const MQTT_PACKET_MAX: usize = 256 << 10;
/// Bytes of one MQTT packet that a broker may send us: we subscribe to nothing.
pub const MQTT_ANSWER_MAX: usize = 64 << 10;
/// Bytes of MQTT messages that are written ahead of the network.
pub const MQTT_AHEAD_BYTES: usize = 64 << 10;
/// Seconds for which the oldest MQTT message may wait for its PUBACK before the connection counts
/// as dead; a kilobyte takes one at 9600 baud.
pub const MQTT_ACK_SECONDS: u64 = 30;
/// Times in a row that a broker must hang up on the same MQTT message, alone on the way, before it
/// may be given up.
pub const MQTT_ALONE_MIN: u32 = 4;
/// The same for a message almost as large as one that this device was refused before.
pub const MQTT_ALONE_MIN_KNOWN: u32 = 2;
/// A message is given up only when a bad link would do the same less often than this.
pub const MQTT_LINK_CHANCE: f64 = 1e-6;
/// The same for a message almost as large as one that this device was refused before.
pub const MQTT_LINK_CHANCE_KNOWN: f64 = 1e-2;
/// Pings that go to and fro before a message is tried again that the broker hung up on.
pub const MQTT_PROBES: u32 = 8;
/// Seconds for which messages of a size that the broker hung up on are not tried again.
pub const MQTT_LEARNED_SECONDS: u64 = 3600;
/// Seconds without an acknowledgement after which a sink with waiting readings counts as failing.
pub const SINK_STALL_SECONDS: u64 = 60;
/// Seconds that a connection must last before the next pause is a short one again.
pub const SINK_STABLE_SECONDS: u64 = 60;
/// Short-lived connections in a row after which another client with our name is suspected.
pub const SINK_SHORT_LIVES: u32 = 3;
/// Lines in one InfluxDB write.
pub const INFLUX_LINES_MAX: usize = 5000;
/// Bytes in one InfluxDB write, before gzip.
pub const INFLUX_BYTES_MAX: usize = 1 << 20;
/// The first pause after a failure, doubled up to `BACKOFF_MAX_MS`.
pub const BACKOFF_MIN_MS: u64 = 500;
/// The longest pause between two tries of a device that does not answer.
pub const BACKOFF_MAX_MS: u64 = 60_000;
/// The pause of a sink after its first failure: a broker that restarts is back within it.
pub const SINK_BACKOFF_FIRST_MS: u64 = 200;
/// The pause of a sink after its second failure in a row, doubled up to `BACKOFF_MAX_MS`.
pub const SINK_BACKOFF_MIN_MS: u64 = 1000;
/// The least time between two cursor movements that a sink tells the store.
pub const CURSOR_PERSIST_MS: u64 = 1000;
/// Seconds that a database may take to answer a write before it counts as silent.
pub const INFLUX_ANSWER_SECONDS: u64 = 30;
/// The longest `Retry-After` that is believed, seconds.
pub const RETRY_AFTER_MAX_SECONDS: u64 = 3600;
/// Bytes of a database's answer that are read; the reason for a refusal is in its first line.
pub const INFLUX_ANSWER_MAX: usize = 64 << 10;
/// Seconds that a sink may take at a clean stop; the store still has to close after it.
pub const SINK_STOP_SECONDS: u64 = 2;
/// Refused readings kept in full for each sink; older ones are counted only.
pub const REFUSED_KEPT_MAX: usize = 1000;
/// Live pages open at once; a further one is told to come back.
pub const LIVE_CLIENTS_MAX: usize = 64;
/// Live readings that a slow page may lag behind before it is told to reload.
pub const LIVE_QUEUE_MAX: usize = 1024;
/// Answers with samples being written to browsers and scripts at once; further ones wait.
pub const ANSWERS_MAX: usize = 4;
/// Bytes of CSV in one request to the running gateway; longer files go in several.
pub const IMPORT_BYTES_MAX: usize = 2 << 20;
/// Faulty rows of an import that are named of each kind; further ones are counted only.
pub const IMPORT_FAULTS_MAX: u64 = 5;
/// The earliest time that an import takes, 2000-01-01T00:00:00Z.
pub const IMPORT_TIME_MIN_MS: i64 = 946_684_800_000;
/// Rows of an import that are looked through for the same time, when they are not in order.
pub const IMPORT_UNSORTED_ROWS_MAX: usize = 4_000_000;
/// Bytes of a file of another program, which is read as a whole.
pub const IMPORT_TABLE_BYTES_MAX: u64 = 64 << 20;
/// Rows of such a file among which its heading and its first reading are looked for.
pub const IMPORT_HEAD_ROWS_MAX: usize = 60;
/// Bytes of one line of a CSV to import; a longer one is not a row.
pub const IMPORT_LINE_MAX: usize = 4096;
/// Entries written down together: a programme's year in one table.
pub const LEDGER_ROWS_MAX: usize = 5000;
/// Rows of a table among which its headings are looked for; titles stand above them.
pub const LEDGER_HEADING_ROWS_MAX: usize = 20;
/// Columns of a sheet that are read.
pub const LEDGER_COLUMNS_MAX: usize = 200;
/// Bytes of a table to import, and of one request with entries.
pub const LEDGER_FILE_BYTES_MAX: usize = 8 << 20;
/// Entries in one answer of the store; further ones are asked for with `after`.
pub const LEDGER_PAGE_MAX: usize = 10_000;
/// Letters of a text of an entry.
pub const LEDGER_TEXT_MAX: usize = 1000;
/// Receipts and photos of one entry.
pub const LEDGER_FILES_MAX: usize = 20;
/// Bytes of one receipt or photo: a phone's largest, or a scan of a few pages.
pub const ATTACHMENT_BYTES_MAX: usize = 20 << 20;
/// Calibrations of one site: a quarterly dip of every point for decades.
pub const CALIBRATIONS_MAX: usize = 10_000;
/// Pairs of one calibration but a strapping table: nobody dips a tank more often.
pub const CALIBRATION_PAIRS_MAX: usize = 100;
/// Photos of a handover record: every device and its place.
pub const HANDOVER_PHOTOS_MAX: usize = 40;
/// Bytes of a list of displays, or of a soak test's result: every point of the largest site.
pub const HANDOVER_FILE_BYTES_MAX: usize = 16 << 20;
/// Times that a wizard asks who answers at an address: two devices do not always collide.
pub const WIZARD_HEARS: usize = 3;
/// Times that a wizard asks for a device that may be starting anew.
pub const WIZARD_WAITS: usize = 10;
/// Factors of one file; the built-in file has less than a hundred.
pub const FACTORS_MAX: usize = 2000;
/// Bytes of the official page of a factor: a scanned decree with its annexes.
pub const EVIDENCE_BYTES_MAX: u64 = 64 << 20;
/// Assets of one site.
pub const ASSETS_MAX: usize = 500;
/// Indicators of a site's own.
pub const INDICATORS_MAX: usize = 500;
/// Days of a period that is given by its first and last day: ten years.
pub const RANGE_DAYS_MAX: i32 = 3660;
/// Resets, gaps and corrections that a report lists; more are counted.
pub const DATA_EVENTS_MAX: usize = 500;
/// Days before a period in which a counter's last reading is looked for: a meter that was silent
/// for longer begins anew.
pub const LOOKBACK_DAYS: i64 = 400;
/// Points of one asset that are read together; the store has room for pages beside them.
pub const ASSET_POINTS_MAX: usize = 40;
/// Showers and storms of a period that are kept for the first flush; ten years have fewer.
pub const RAIN_EVENTS_MAX: usize = 20_000;
/// Rows of a tank's strapping table: a level each millimetre of ten metres.
pub const STRAPPING_ROWS_MAX: usize = 10_000;
/// Samples hashed in one go for a day's digest, so that the next flush is not late.
pub const EVIDENCE_SAMPLES_MAX: u64 = 50_000;
/// Days without anything between two closed days that get a record each; a longer gap is a clock
/// that was wrong, and is leapt over.
pub const EVIDENCE_GAP_DAYS_MAX: i32 = 400;
/// Places that differ which a check of the evidence names; further ones are counted only.
pub const EVIDENCE_FAULTS_MAX: usize = 100;
/// Bytes of one line of a bundle: the record of a day of the largest site.
pub const EVIDENCE_LINE_BYTES_MAX: usize = 16 << 20;
/// Bytes of a bundle's manifest.
pub const EVIDENCE_MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Records in one answer of the store.
pub const EVIDENCE_PAGE_MAX: usize = 100;
/// Points of one answer of `/api/v1/samples`; more are asked for with a `step` or by pages.
pub const SAMPLES_PER_ANSWER_MAX: usize = 1_000_000;
/// Reads of one point that are weighed together; more would say nothing new.
pub const INFER_READS_MAX: usize = 16;
/// The longest soak test: a day.
pub const SOAK_MAX_SECONDS: u64 = 86_400;
/// Round trips and values that the screen of `watch` keeps of each device and point.
pub const WATCH_HISTORY_MAX: usize = 120;
/// Numbers or rows in one input of `pantau method`: a month of 10-s records fits four times.
pub const METHOD_ITEMS_MAX: usize = 1_000_000;
/// Bytes of a file of `pantau method eval`.
pub const METHOD_FILE_BYTES_MAX: u64 = 64 << 20;
/// Points of one night whose pairs give the slope of a leak; of more every n-th is taken. The pairs
/// are half the square: 16 MB of slopes.
pub const LEAK_POINTS_MAX: usize = 2000;
/// Years for which methane of one deposit is told; after them nothing is left.
pub const FOD_YEARS_MAX: usize = 200;
/// Seconds that a clean stop may take before the stragglers are named and left.
pub const STOP_SECONDS: u64 = 5;
/// Cells of one report: a year of daily rows over a hundred columns, or 10 000 rows of the longest
/// form, with room to spare. A cell costs about 100 bytes in the largest format.
pub const REPORT_CELLS_MAX: usize = 300_000;
/// Days of a report that have a row each; a longer one has a row a month.
pub const REPORT_DAY_ROWS_MAX: usize = 62;
/// Entries of the ledger that a report lists; further ones are counted.
pub const REPORT_ENTRIES_MAX: usize = 1000;
/// Reports and lists of figures being made at once; further ones wait.
pub const REPORTS_MAX: usize = 1;
/// Changes of configuration and factors that a report lists; earlier ones are counted.
pub const REPORT_CHANGES_MAX: usize = 100;

/// Most pieces of due evidence records that a report makes before it is written.
pub const REPORT_SETTLE_MAX: u32 = 1_000_000;
/// Steps from a figure down to its readings.
pub const EXPLAIN_DEPTH_MAX: usize = 8;
/// Figures of one explanation.
pub const EXPLAIN_FIGURES_MAX: usize = 200;
/// Steps of 10 s that a simulated site is moved on at once: a year and a month. A longer leap
/// starts anew.
pub const SIM_STEPS_MAX: i64 = 400 * 8640;

const _: () = assert!(
    DEVICES_MAX <= READING_QUEUE_MAX,
    "a round of all devices must fit the queue"
);
const _: () = assert!(
    READING_QUEUE_MAX <= UNFLUSHED_MAX,
    "a full queue must fit the flush buffer"
);
const _: () = assert!(
    SINK_STOP_SECONDS < STOP_SECONDS,
    "the store must have time to close after the sinks"
);
const _: () = assert!(
    MQTT_ACK_SECONDS < SINK_STALL_SECONDS,
    "a silent broker must be named before its sink counts as failing"
);
const _: () = assert!(
    SETTLE_MAX_MS < BACKOFF_MAX_MS,
    "a device must be asked again on a connection that has settled"
);
const _: () = assert!(BACKOFF_MIN_MS < BACKOFF_MAX_MS, "back-off must grow");
const _: () = assert!(
    ASSET_POINTS_MAX + ANSWERS_MAX < QUERIES_MAX,
    "pages must leave the store room for exports and reports"
);

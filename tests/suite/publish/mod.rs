//! Tests of the sinks against real brokers and databases: no reading is missing, the order is kept,
//! and a refused reading does not stop the others.

mod influx;
mod mqtt;

use crate::servers::{MosquittoBroker, wait_until};
use crate::sites::site_of;
use gateway::clock::Clock;
use gateway::config::{BrokerSettings, MqttVersion, Secret, StoreSettings};
use gateway::domain::{
    DeviceInfo, ExactNumber, MonoMs, PointInfo, QualityReason, Reading, ReadingSeq, SampleOutcome,
    Site, UtcMs,
};
use gateway::sinks::influx::InfluxSettings;
use gateway::sinks::mqtt::MqttSettings;
use gateway::sinks::{self, ConfiguredSink, SinkContext};
use gateway::status::{SinkState, StatusBoard};
use gateway::storage::Store;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const POINTS: [&str; 3] = ["power", "energy", "temp"];

/// Store filled by the test, with everything that a sink needs.
pub(crate) struct SinkBench {
    site: Arc<Site>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) board: StatusBoard,
    start: UtcMs,
    folder: TempDir,
}

/// Running sink.
pub(crate) struct RunningSink {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl RunningSink {
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

pub(crate) fn sink_site() -> Site {
    let device = |id: &str| DeviceInfo {
        id: id.into(),
        bus: "lan".into(),
        profile: None,
        kind: "meter".into(),
        every_ms: 1000,
        points: POINTS
            .map(|name| PointInfo {
                id: format!("{id}.{name}").into(),
                name: name.into(),
                unit: "".into(),
                quantity: "".into(),
                counter: false,
            })
            .into(),
    };
    let devices = vec![device("a"), device("b")];
    site_of("desa-impian", "Desa Impian", devices)
}

/// Returns the outcomes of reading number `seq`; the temperature is sometimes missing.
pub(crate) fn outcomes_of(seq: ReadingSeq) -> Box<[SampleOutcome]> {
    let steps = i64::try_from(seq).unwrap();
    let decimal =
        |mantissa, exponent| SampleOutcome::Good(ExactNumber::Decimal { mantissa, exponent });
    let temp = match u8::try_from(seq % 7).unwrap() {
        // Every seventh temperature is missing and the others are uncertain, so that the contract's
        // field `q` is used too.
        0 => SampleOutcome::Bad(QualityReason::Missing),
        n => SampleOutcome::Uncertain(
            ExactNumber::Float(f64::from(n) / 4.0),
            QualityReason::OutOfRange,
        ),
    };
    Box::new([decimal(15_000 + steps, -1), decimal(steps, 0), temp])
}

pub(crate) fn mqtt_settings(port: u16) -> MqttSettings {
    MqttSettings {
        broker: BrokerSettings {
            host: "127.0.0.1".into(),
            port,
            tls: false,
            username: None,
            password: None,
            ca_file: None,
            certificate: None,
            client_id: "pantau-desa-impian".into(),
            version: MqttVersion::Any,
        },
        prefix: "pantau".into(),
        catch_up: 5000,
        ack_within: Duration::from_secs(30),
    }
}

pub(crate) fn influx_settings(port: u16) -> InfluxSettings {
    InfluxSettings {
        url: format!("http://127.0.0.1:{port}/base"),
        org: "o".into(),
        bucket: "b".into(),
        token: Some(Secret::new("secret")),
        ca_file: None,
        catch_up: 5000,
        rewind: Duration::ZERO,
    }
}

impl SinkBench {
    pub(crate) fn new() -> Self {
        Self::with_site(sink_site())
    }

    pub(crate) fn with_site(site: Site) -> Self {
        let clock = Clock::system();
        clock.trust();
        Self::with_clock(site, clock)
    }

    pub(crate) fn with_clock(site: Site, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            path: folder.path().to_owned(),
            // Sinks see only durable readings; a short flush keeps the tests short.
            flush: Duration::from_millis(50),
            keep: None,
            budget: None,
        };
        let store = Store::open(folder.path(), &site, &settings, "", &clock).unwrap();
        // An hour back: up to 3000 readings, one a second, must not reach into the future.
        let start = UtcMs(clock.now().at.0 / 1000 * 1000 - 3_600_000);
        Self {
            site: Arc::new(site),
            store,
            clock,
            board: StatusBoard::default(),
            start,
            folder,
        }
    }

    /// Appends the readings with these numbers.
    pub(crate) async fn append_range(&self, seqs: std::ops::RangeInclusive<ReadingSeq>) {
        // As in a gateway, whose sinks are known before its first reading: the journal keeps a day
        // that has just ended for them.
        for name in ["mqtt", "influx"] {
            self.store.sink_lanes(name).await.unwrap();
        }
        for seq in seqs {
            // Two devices in turn, so that two topics and two series are mixed in one journal.
            let device = u16::try_from(seq % 2).unwrap();
            self.append(seq, device, outcomes_of(seq)).await;
        }
        self.store.flush().await.unwrap();
    }

    /// Appends the reading with this number.
    pub(crate) async fn append(
        &self,
        seq: ReadingSeq,
        device: u16,
        outcomes: Box<[SampleOutcome]>,
    ) {
        let reading = Reading {
            device,
            at: self.time_of(seq),
            mono: MonoMs(seq),
            dated: true,
            outcomes,
        };
        self.store.append(reading).await.unwrap();
    }

    pub(crate) fn time_of(&self, seq: ReadingSeq) -> UtcMs {
        UtcMs(self.start.0 + i64::try_from(seq).unwrap() * 1000)
    }

    pub(crate) fn run_mqtt(&self, settings: MqttSettings) -> RunningSink {
        self.run(Arc::new(settings))
    }

    pub(crate) fn run_influx(&self, settings: InfluxSettings) -> RunningSink {
        self.run(Arc::new(settings))
    }

    pub(crate) fn run(&self, sink: Arc<dyn ConfiguredSink>) -> RunningSink {
        let (stop, stopped) = watch::channel(false);
        let context = SinkContext {
            site: Arc::clone(&self.site),
            store: self.store.clone(),
            clock: self.clock.clone(),
            board: self.board.clone(),
            stop: stopped,
        };
        let task = tokio::spawn(sinks::run_sink(sink, context));
        RunningSink { stop, task }
    }

    pub(crate) fn sink_state(&self, name: &str) -> SinkState {
        self.board
            .snapshot()
            .sinks
            .get(name)
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) async fn wait_delivered(&self, name: &str, seq: ReadingSeq) {
        let state = || self.sink_state(name);
        wait_until("settled", || state().settled == seq).await;
        assert_eq!(state().waiting, 0);
        // The last of them may be refused.
        let delivered = state().delivered;
        assert_eq!(state().delivered_at, Some(self.time_of(delivered)));
    }

    /// Returns the expected line of reading number `seq`.
    pub(crate) fn expected_line(&self, seq: ReadingSeq) -> String {
        let fields: Vec<String> = POINTS
            .iter()
            .zip(outcomes_of(seq))
            .filter_map(|(name, outcome)| Some(format!("{name}={}", outcome.number()?)))
            .collect();
        let device = ["a", "b"][usize::try_from(seq % 2).unwrap()];
        let (fields, at) = (fields.join(","), self.time_of(seq).0);
        format!("meter,site=desa-impian,device={device} {fields} {at}")
    }
}

/// Lets nobody but this user into a broker from its next start on.
pub(crate) fn require_password(broker: &MosquittoBroker, user: &str, password: &str) {
    let users = broker.file("users");
    let mut command = std::process::Command::new("mosquitto_passwd");
    command
        .args(["-b", "-c"])
        .arg(&users)
        .args([user, password]);
    let made = command.status();
    assert!(made.expect("apt install mosquitto").success());
    let config = broker.file("mosquitto.conf");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("allow_anonymous true", "allow_anonymous false");
    let text = format!("{text}password_file {}\n", users.display());
    std::fs::write(config, text).unwrap();
}

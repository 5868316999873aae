//! The sinks against brokers and databases that are not ours: nothing missing, order kept, what is
//! refused does not stop what is not.

mod influx;
mod mqtt;

use crate::servers::until;
use gateway::clock::Clock;
use gateway::config::{InfluxSettings, MqttSettings, MqttVersion, Secret, StoreSettings};
use gateway::model::{
    DeviceInfo, MonoMs, Number, Outcome, PointInfo, Reading, Reason, Seq, Site, UtcMs,
};
use gateway::publish;
use gateway::status::{Board, SinkState};
use gateway::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const POINTS: [&str; 3] = ["power", "energy", "temp"];

/// A store that the test fills, and everything a sink needs.
pub(crate) struct Bench {
    site: Arc<Site>,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) board: Board,
    start: UtcMs,
    folder: TempDir,
}

/// A sink that runs.
pub(crate) struct Sink {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sink {
    pub(crate) async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

pub(crate) fn site() -> Site {
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
    Site {
        id: "desa-impian".into(),
        name: "Desa Impian".into(),
        timezone: "Asia/Jakarta".into(),
        latitude: -3.76,
        longitude: 103.78,
        devices: vec![device("a"), device("b")],
    }
}

/// The values of reading number `seq`; the temperature is missing now and then.
pub(crate) fn outcomes(seq: Seq) -> Box<[Outcome]> {
    let steps = i64::try_from(seq).unwrap();
    let decimal = |mantissa, exponent| Outcome::Good(Number::Decimal { mantissa, exponent });
    let temp = match u8::try_from(seq % 7).unwrap() {
        0 => Outcome::Bad(Reason::Missing),
        n => Outcome::Uncertain(Number::Float(f64::from(n) / 4.0), Reason::OutOfRange),
    };
    Box::new([decimal(15_000 + steps, -1), decimal(steps, 0), temp])
}

pub(crate) fn mqtt_at(port: u16) -> MqttSettings {
    MqttSettings {
        host: "127.0.0.1".into(),
        port,
        tls: false,
        username: None,
        password: None,
        ca_file: None,
        client_id: "pantau-desa-impian".into(),
        prefix: "pantau".into(),
        catch_up: 5000,
        version: MqttVersion::Any,
        ack_within: Duration::from_secs(30),
    }
}

pub(crate) fn influx_at(port: u16) -> InfluxSettings {
    InfluxSettings {
        url: format!("http://127.0.0.1:{port}/base"),
        org: "o".into(),
        bucket: "b".into(),
        token: Some(Secret::new("secret")),
        ca_file: None,
        catch_up: 5000,
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::of(site())
    }

    pub(crate) fn of(site: Site) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            path: folder.path().to_owned(),
            flush: Duration::from_millis(50),
            keep: None,
            budget: None,
        };
        let clock = Clock::system();
        clock.trust();
        let store = Store::open(folder.path(), &site, &settings, "", &clock).unwrap();
        let start = UtcMs(clock.now().at.0 / 1000 * 1000 - 3_600_000);
        Self {
            site: Arc::new(site),
            store,
            clock,
            board: Board::default(),
            start,
            folder,
        }
    }

    /// Appends the readings with these numbers.
    pub(crate) async fn fill(&self, seqs: std::ops::RangeInclusive<Seq>) {
        for seq in seqs {
            let device = u16::try_from(seq % 2).unwrap();
            self.append(seq, device, outcomes(seq)).await;
        }
        self.store.flush().await.unwrap();
    }

    /// Appends the reading with this number.
    pub(crate) async fn append(&self, seq: Seq, device: u16, outcomes: Box<[Outcome]>) {
        let reading = Reading {
            device,
            at: self.at(seq),
            mono: MonoMs(seq),
            dated: true,
            outcomes,
        };
        self.store.append(reading).await.unwrap();
    }

    pub(crate) fn at(&self, seq: Seq) -> UtcMs {
        UtcMs(self.start.0 + i64::try_from(seq).unwrap() * 1000)
    }

    pub(crate) fn run_mqtt(&self, settings: MqttSettings) -> Sink {
        let (stop, stopped) = watch::channel(false);
        let (site, store) = (Arc::clone(&self.site), self.store.clone());
        let (clock, board) = (self.clock.clone(), self.board.clone());
        let task = tokio::spawn(publish::mqtt::run(
            settings, site, store, clock, board, stopped,
        ));
        Sink { stop, task }
    }

    pub(crate) fn run_influx(&self, settings: InfluxSettings) -> Sink {
        let (stop, stopped) = watch::channel(false);
        let (site, store) = (Arc::clone(&self.site), self.store.clone());
        let (clock, board) = (self.clock.clone(), self.board.clone());
        let task = tokio::spawn(publish::influx::run(
            settings, site, store, clock, board, stopped,
        ));
        Sink { stop, task }
    }

    pub(crate) fn sink(&self, name: &str) -> SinkState {
        self.board
            .read()
            .sinks
            .get(name)
            .cloned()
            .unwrap_or_default()
    }

    pub(crate) async fn delivered(&self, name: &str, seq: Seq) {
        let state = || self.sink(name);
        until("delivered", || state().delivered == seq).await;
        assert_eq!(state().waiting, 0);
        assert_eq!(state().delivered_at, Some(self.at(seq)));
    }

    /// The line that reading number `seq` must be.
    pub(crate) fn line(&self, seq: Seq) -> String {
        let fields: Vec<String> = POINTS
            .iter()
            .zip(outcomes(seq))
            .filter_map(|(name, outcome)| Some(format!("{name}={}", outcome.number()?)))
            .collect();
        let device = ["a", "b"][usize::try_from(seq % 2).unwrap()];
        let (fields, at) = (fields.join(","), self.at(seq).0);
        format!("meter,site=desa-impian,device={device} {fields} {at}")
    }
}

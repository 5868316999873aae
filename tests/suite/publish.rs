//! The sinks against brokers and databases that are not ours: nothing missing, order kept, what is
//! refused does not stop what is not.

use crate::servers::{
    Answer, Influx, Mosquitto, STORED, Scripted, Subscriber, Victoria, get, judge_seqs, until,
};
use gateway::clock::Clock;
use gateway::config::{InfluxSettings, MqttSettings, Secret, StoreSettings};
use gateway::model::{
    DeviceInfo, MonoMs, Number, Outcome, PointInfo, Reading, Reason, Seq, Site, UtcMs,
};
use gateway::publish::{influx, mqtt};
use gateway::status::{Board, SinkState};
use gateway::store::Store;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const POINTS: [&str; 3] = ["power", "energy", "temp"];

/// A store that the test fills, and everything a sink needs.
struct Bench {
    site: Arc<Site>,
    store: Store,
    clock: Clock,
    board: Board,
    start: UtcMs,
    folder: TempDir,
}

/// A sink that runs.
struct Sink {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sink {
    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

fn site() -> Site {
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
fn outcomes(seq: Seq) -> Box<[Outcome]> {
    let seq = i64::try_from(seq).unwrap();
    let decimal = |mantissa, exponent| Outcome::Good(Number::Decimal { mantissa, exponent });
    let temp = match seq % 7 {
        0 => Outcome::Bad(Reason::Missing),
        n => Outcome::Uncertain(Number::Float(f64::from(n as f32) / 4.0), Reason::OutOfRange),
    };
    Box::new([decimal(15_000 + seq, -1), decimal(seq, 0), temp])
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = site();
        let settings = StoreSettings {
            path: folder.path().to_owned(),
            flush: Duration::from_millis(50),
            keep: None,
            budget: None,
        };
        let clock = Clock::system();
        clock.trust();
        let store = Store::open(folder.path(), &site, &settings, "", clock.clone()).unwrap();
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
    async fn fill(&self, seqs: std::ops::RangeInclusive<Seq>) {
        for seq in seqs {
            let reading = Reading {
                device: u16::try_from(seq % 2).unwrap(),
                at: self.at(seq),
                mono: MonoMs(seq),
                dated: true,
                outcomes: outcomes(seq),
            };
            self.store.append(reading).await.unwrap();
        }
        self.store.flush().await.unwrap();
    }

    fn at(&self, seq: Seq) -> UtcMs {
        UtcMs(self.start.0 + i64::try_from(seq).unwrap() * 1000)
    }

    fn mqtt(&self, port: u16) -> MqttSettings {
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
        }
    }

    fn influx(&self, port: u16) -> InfluxSettings {
        InfluxSettings {
            url: format!("http://127.0.0.1:{port}/base"),
            org: "o".into(),
            bucket: "b".into(),
            token: Some(Secret::new("secret")),
            ca_file: None,
            catch_up: 5000,
        }
    }

    fn run_mqtt(&self, settings: MqttSettings) -> Sink {
        let (stop, stopped) = watch::channel(false);
        let (site, store) = (Arc::clone(&self.site), self.store.clone());
        let (clock, board) = (self.clock.clone(), self.board.clone());
        let task = tokio::spawn(mqtt::run(settings, site, store, clock, board, stopped));
        Sink { stop, task }
    }

    fn run_influx(&self, settings: InfluxSettings) -> Sink {
        let (stop, stopped) = watch::channel(false);
        let (site, store) = (Arc::clone(&self.site), self.store.clone());
        let (clock, board) = (self.clock.clone(), self.board.clone());
        let task = tokio::spawn(influx::run(settings, site, store, clock, board, stopped));
        Sink { stop, task }
    }

    fn sink(&self, name: &str) -> SinkState {
        self.board
            .read()
            .sinks
            .get(name)
            .cloned()
            .unwrap_or_default()
    }

    async fn delivered(&self, name: &str, seq: Seq) {
        let state = || self.sink(name);
        until("delivered", || state().delivered == seq).await;
        assert_eq!(state().waiting, 0);
        assert_eq!(state().delivered_at, Some(self.at(seq)));
    }

    /// The line that reading number `seq` must be.
    fn line(&self, seq: Seq) -> String {
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

#[tokio::test]
async fn a_broker_that_is_stopped_and_killed_costs_no_reading_and_no_order() {
    let bench = Bench::new();
    let mut broker = Mosquitto::start("").await;
    let ears = Subscriber::start(broker.port, bench.folder.path(), &[]);
    let sink = bench.run_mqtt(bench.mqtt(broker.port));
    until("the subscriber is there", || {
        ears.state().as_deref() == Some("online")
    })
    .await;
    let mut last = 0;
    for round in 0..3 {
        bench.fill(last + 1..=last + 300).await;
        last += 300;
        // Everything the broker has acknowledged has reached the subscriber: what it forgets when it
        // is killed is nothing that the gateway was told is safe.
        until("heard", || ears.seqs().last() == Some(&last)).await;
        match round {
            0 => broker.stop(),
            _ => broker.kill(),
        }
        until("noticed", || !bench.sink("mqtt").connected).await;
        assert!(bench.sink("mqtt").fault.is_some());
        bench.fill(last + 1..=last + 300).await;
        last += 300;
        assert!(bench.sink("mqtt").delivered < last);
        broker.up().await;
        until("heard", || ears.seqs().last() == Some(&last)).await;
    }
    judge_seqs(&ears.seqs(), last);
    bench.delivered("mqtt", last).await;
    sink.stop().await;
    until("offline", || ears.state().as_deref() == Some("offline")).await;
}

#[tokio::test]
async fn a_gateway_cut_off_in_the_middle_of_a_backlog_goes_on_where_it_was() {
    let bench = Bench::new();
    let broker = Mosquitto::start("").await;
    let ears = Subscriber::start(broker.port, bench.folder.path(), &[]);
    bench.fill(1..=3000).await;
    let mut settings = bench.mqtt(broker.port);
    settings.catch_up = 1000;
    for _ in 0..5 {
        let before = ears.seqs().len();
        let sink = bench.run_mqtt(settings.clone());
        until("some", || ears.seqs().len() > before + 50).await;
        // As good as dead: no last word, no last cursor.
        sink.task.abort();
    }
    let sink = bench.run_mqtt(settings);
    until("all", || ears.seqs().last() == Some(&3000)).await;
    judge_seqs(&ears.seqs(), 3000);
    sink.stop().await;
}

#[tokio::test]
async fn the_message_is_the_contracts_and_the_will_speaks_for_a_dead_gateway() {
    let bench = Bench::new();
    let broker = Mosquitto::start("").await;
    let ears = Subscriber::start(broker.port, bench.folder.path(), &[]);
    let sink = bench.run_mqtt(bench.mqtt(broker.port));
    bench.fill(1..=7).await;
    until("all", || ears.seqs().last() == Some(&7)).await;
    let heard = ears.heard();
    let seventh = heard
        .iter()
        .find(|(_, _, payload)| payload["seq"] == 7)
        .unwrap();
    assert_eq!(seventh.0, "pantau/desa-impian/b");
    assert_eq!(
        seventh.2["v"],
        serde_json::json!({"power": 1500.7, "energy": 7})
    );
    assert_eq!(seventh.2["q"], serde_json::json!({"temp": "bad"}));
    let state = heard
        .iter()
        .find(|(topic, ..)| topic == "pantau/desa-impian/state");
    let state = &state.unwrap().2;
    assert!(
        state["since"].is_string() && state["version"].is_string(),
        "{state}"
    );
    sink.task.abort();
    until("the will", || ears.state().as_deref() == Some("offline")).await;
}

#[tokio::test]
async fn a_backlog_is_throttled_and_a_wrong_password_is_shown() {
    let bench = Bench::new();
    let mut broker = Mosquitto::start("").await;
    broker.stop();
    let users = broker.file("users");
    let made = std::process::Command::new("mosquitto_passwd")
        .args(["-b", "-c"])
        .arg(&users)
        .args(["desa", "right"])
        .status();
    assert!(made.expect("apt install mosquitto").success());
    let config = broker.file("mosquitto.conf");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("allow_anonymous true", "allow_anonymous false");
    std::fs::write(
        &config,
        format!("{text}password_file {}\n", users.display()),
    )
    .unwrap();
    broker.up().await;
    let more = ["-u", "desa", "-P", "right"];
    let ears = Subscriber::start(broker.port, bench.folder.path(), &more);
    bench.fill(1..=600).await;
    let mut settings = bench.mqtt(broker.port);
    settings.catch_up = 100;
    settings.username = Some("desa".into());
    settings.password = Some(Secret::new("wrong"));
    let sink = bench.run_mqtt(settings.clone());
    let refused = |fault: Option<String>| fault.is_some_and(|why| why.contains("password"));
    until("refusal", || refused(bench.sink("mqtt").fault)).await;
    sink.stop().await;
    settings.password = Some(Secret::new("right"));
    let sink = bench.run_mqtt(settings);
    until("some", || !ears.seqs().is_empty()).await;
    sleep(Duration::from_secs(2)).await;
    let after = ears.seqs().len();
    assert!(
        (150..=400).contains(&after),
        "{after} readings after 2 s at 100 a second"
    );
    bench.delivered("mqtt", 600).await;
    sink.stop().await;
}

#[tokio::test]
async fn victoria_metrics_holds_what_the_journal_holds() {
    let bench = Bench::new();
    let database = Victoria::start().await;
    bench.fill(1..=2500).await;
    let mut settings = bench.influx(database.port);
    settings.url = format!("http://127.0.0.1:{}", database.port);
    let sink = bench.run_influx(settings);
    bench.delivered("influx", 2500).await;
    get(database.port, "/internal/force_flush", "GET").await;
    let query = "/api/v1/export?match[]=%7Bsite%3D%22desa-impian%22%7D";
    let text = get(database.port, query, "GET").await;
    let mut found = std::collections::BTreeMap::new();
    for series in text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
    {
        let name = series["metric"]["__name__"].as_str().unwrap().to_owned();
        let (values, times) = (&series["values"], &series["timestamps"]);
        for (value, at) in values
            .as_array()
            .unwrap()
            .iter()
            .zip(times.as_array().unwrap())
        {
            found.insert(
                (at.as_i64().unwrap(), name.clone()),
                value.as_f64().unwrap(),
            );
        }
    }
    let mut wanted = std::collections::BTreeMap::new();
    for seq in 1..=2500 {
        for (name, outcome) in POINTS.iter().zip(outcomes(seq)) {
            if let Some(number) = outcome.number() {
                wanted.insert((bench.at(seq).0, format!("meter_{name}")), number.to_f64());
            }
        }
    }
    assert_eq!(found.len(), wanted.len());
    assert!(found == wanted, "values differ");
    sink.stop().await;
}

#[tokio::test]
async fn influxdb_behind_a_proxy_with_a_path_holds_what_the_journal_holds() {
    let bench = Bench::new();
    let database = Influx::start().await;
    bench.fill(1..=700).await;
    let sink = bench.run_influx(bench.influx(database.proxy));
    bench.delivered("influx", 700).await;
    let query = "/query?db=pantau&epoch=ms&q=SELECT+power,energy,temp+FROM+meter";
    let text = get(database.port, query, "GET").await;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = answer["results"][0]["series"][0]["values"]
        .as_array()
        .unwrap();
    assert_eq!(rows.len(), 700);
    for (row, seq) in rows.iter().zip(1..) {
        assert_eq!(row[0].as_i64(), Some(bench.at(seq).0));
        for (column, outcome) in outcomes(seq).iter().enumerate() {
            let wanted = outcome.number().map(Number::to_f64);
            assert_eq!(row[column + 1].as_f64(), wanted, "reading {seq}");
        }
    }
    sink.stop().await;
}

#[tokio::test]
async fn the_one_line_that_a_bucket_refuses_is_kept_and_the_rest_flows() {
    let bench = Bench::new();
    let bad = bench.line(333);
    let script = bad.clone();
    let database = Scripted::start(move |_, lines| {
        let refusal = Answer {
            status: 400,
            headers: "",
            body: r#"{"code":"invalid","message":"unable to parse 'meter': no"}"#,
        };
        Some(if lines.contains(&script.as_str()) {
            refusal
        } else {
            STORED
        })
    })
    .await;
    bench.fill(1..=1000).await;
    let sink = bench.run_influx(bench.influx(database.port));
    bench.delivered("influx", 1000).await;
    let wanted: Vec<_> = (1..=1000)
        .filter(|&seq| seq != 333)
        .map(|seq| bench.line(seq))
        .collect();
    assert!(
        *database.stored.lock().unwrap() == wanted,
        "not these lines in this order"
    );
    let (count, refused) = bench.store.refusals("influx").await.unwrap();
    assert_eq!((count, refused[0].seq, &refused[0].what), (1, 333, &bad));
    assert!(
        refused[0].why.contains("unable to parse"),
        "{}",
        refused[0].why
    );
    assert_eq!(bench.sink("influx").refused, 1);
    sink.stop().await;
}

#[tokio::test]
async fn every_mood_of_a_database_is_waited_out() {
    let bench = Bench::new();
    let said = |status, headers, body| Answer {
        status,
        headers,
        body,
    };
    let database = Scripted::start(move |number, lines| {
        Some(match number {
            0 => said(401, "", r#"{"code":"unauthorized"}"#),
            1 => said(
                404,
                "",
                r#"{"code":"not found","message":"bucket \"b\" not found"}"#,
            ),
            2 => said(429, "Retry-After: 3\r\n", ""),
            3 => said(503, "", "<html>maintenance</html>"),
            4 => said(
                400,
                "",
                "<html>The plain HTTP request was sent to HTTPS port</html>",
            ),
            5 => return None,
            _ if lines.len() > 40 => said(413, "", "too much"),
            _ => STORED,
        })
    })
    .await;
    bench.fill(1..=200).await;
    let sink = bench.run_influx(bench.influx(database.port));
    let shows = |what: &'static str| {
        let fault = bench.sink("influx").fault.unwrap_or_default();
        fault.contains(what)
    };
    until("401 shown", || shows("401")).await;
    until("429 shown", || shows("429")).await;
    let waited = bench.clock.now().mono.0;
    until("503 shown", || shows("503")).await;
    let waited = bench.clock.now().mono.0 - waited;
    assert!(
        waited >= 2800,
        "came back {waited} ms after a Retry-After of 3 s"
    );
    until("silence shown", || shows("no answer")).await;
    assert!(!bench.sink("influx").connected);
    bench.delivered("influx", 200).await;
    let wanted: Vec<_> = (1..=200).map(|seq| bench.line(seq)).collect();
    assert!(
        *database.stored.lock().unwrap() == wanted,
        "not these lines in this order"
    );
    assert_eq!(bench.sink("influx").refused, 0);
    sink.stop().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_a_fault_and_no_crash() {
    let bench = Bench::new();
    let mut settings = bench.influx(1);
    settings.url = "influx:8086".into();
    let sink = bench.run_influx(settings);
    until("fault", || {
        bench
            .sink("influx")
            .fault
            .is_some_and(|why| why.contains("influx:8086"))
    })
    .await;
    sink.stop().await;
}

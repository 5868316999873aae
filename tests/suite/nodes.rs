//! Sensor nodes at a real broker: what a node sends, and what the gateway makes of it.

use crate::publish::require_password;
use crate::servers::{MosquittoBroker, make_certificate, wait_until};
use gateway::buses::mqtt::node_survey::{NodeSurvey, hear_all_topics};
use gateway::buses::{self, CounterValues};
use gateway::clock::Clock;
use gateway::commissioning::node_scan::find_nodes;
use gateway::config::{self, Config, load_config_text};
use gateway::domain::{QualityReason, Reading, SampleOutcome};
use gateway::status::{DeviceFault, StatusBoard};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tests::site_text::SiteText;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// A node with JSON, a plain number, a state and a last will.
const NODE_KEYS: &str = "topic = 'z/kebun'\navailability = '~/status'\nevery = '100ms'\n\
    stale_after = '1h'";
const NODE_POINTS: [&str; 3] = [
    "{ id = 'temp', field = 'soil.temp', unit = 'degC' }",
    "{ id = 'rain', topic = '~/rain', unit = 'mm' }",
    "{ id = 'pump', topic = 'pump/state', values = { 0 = 'stopped', 1 = 'running' } }",
];

pub(crate) fn site_text(url: &str, bus_keys: &str) -> SiteText {
    let keys = format!("kind = 'mqtt'\nurl = '{url}'\n{bus_keys}");
    let site = SiteText::new("desa").bus("nodes", keys);
    site.device("kebun", "nodes", NODE_KEYS).points(NODE_POINTS)
}

#[track_caller]
fn load(text: &str) -> Config {
    let env = |_: &str| None;
    load_config_text(text, Path::new("pantau.toml"), &env).unwrap_or_else(|why| panic!("{why}"))
}

/// Gateway that polls the device of a site, with its newest reading.
struct PolledNode {
    newest: Arc<Mutex<Option<Reading>>>,
    board: StatusBoard,
    _stop: watch::Sender<bool>,
    _tasks: JoinSet<String>,
}

impl PolledNode {
    fn start(config: &Config) -> Self {
        let (sender, mut readings) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let (clock, board, mut tasks) = (Clock::system(), StatusBoard::default(), JoinSet::new());
        let counters = CounterValues::default();
        buses::spawn_bus_tasks(
            config, &clock, &board, &counters, &sender, &stopped, &mut tasks,
        );
        let newest = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&newest);
        tasks.spawn(async move {
            while let Some(reading) = readings.recv().await {
                *kept.lock().unwrap() = Some(reading);
            }
            String::new()
        });
        Self {
            newest,
            board,
            _stop: stop,
            _tasks: tasks,
        }
    }

    async fn start_at(broker: &MosquittoBroker) -> Self {
        let url = format!("mqtt://127.0.0.1:{}", broker.port);
        let node = Self::start(&load(&site_text(&url, "").text()));
        node.wait_heard().await;
        node
    }

    /// Waits until the topics are subscribed: what is published from now on is heard.
    async fn wait_heard(&self) {
        let heard = || self.outcomes().is_some_and(|all| all != unreachable());
        wait_until("the gateway listens", heard).await;
    }

    fn outcomes(&self) -> Option<Vec<String>> {
        let newest = self.newest.lock().unwrap();
        let outcomes = newest.as_ref().map(|reading| reading.outcomes.iter());
        Some(outcomes?.map(outcome_text).collect())
    }

    async fn wait_for(&self, wanted: [&str; 3]) {
        let is_so = || self.outcomes().is_some_and(|all| all == wanted);
        wait_until(&format!("{wanted:?}"), is_so).await;
    }

    fn fault(&self) -> Option<DeviceFault> {
        let board = self.board.snapshot();
        board
            .devices
            .get("kebun")
            .and_then(|device| device.fault.clone())
    }

    async fn wait_for_fault(&self, words: &str) {
        let says = || {
            self.fault()
                .is_some_and(|fault| fault.detail.english().contains(words))
        };
        wait_until(words, says).await;
    }
}

fn unreachable() -> [&'static str; 3] {
    [QualityReason::Unreachable.word(); 3]
}

/// Number of an outcome, and its reason.
fn outcome_text(outcome: &SampleOutcome) -> String {
    let number = outcome.number().map(|number| number.to_string());
    let reason = outcome.reason().map(|reason| reason.word().to_owned());
    let parts: Vec<String> = [number, reason].into_iter().flatten().collect();
    parts.join(" ")
}

/// Command of the broker's own clients.
pub(crate) fn client(program: &str, port: u16, words: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-h", "localhost", "-p"])
        .arg(port.to_string());
    command.args(words).stdout(Stdio::null());
    command
}

#[track_caller]
pub(crate) fn publish(port: u16, topic: &str, payload: &str, more: &[&str]) {
    let mut command = client("mosquitto_pub", port, &["-t", topic, "-m", payload]);
    let sent = command.args(more).status();
    assert!(sent.expect("apt install mosquitto-clients").success());
}

fn publish_all(port: u16, [soil, rain, pump]: [&str; 3]) {
    publish(
        port,
        "z/kebun",
        &format!(r#"{{"soil":{{"temp":{soil}}}}}"#),
        &[],
    );
    publish(port, "z/kebun/rain", rain, &[]);
    publish(port, "pump/state", pump, &[]);
}

#[tokio::test]
async fn json_plain_numbers_and_states_are_readings_in_their_own_digits() {
    let broker = MosquittoBroker::start("").await;
    let node = PolledNode::start_at(&broker).await;
    node.wait_for(["no-message"; 3]).await;
    assert_eq!(node.fault(), None);
    publish_all(broker.port, ["21.5", "2.40", "running"]);
    node.wait_for(["21.5", "2.40", "1"]).await;
    publish_all(broker.port, ["\"-3\"", "nan", "OFF"]);
    node.wait_for(["-3", "missing", "0"]).await;
}

#[tokio::test]
async fn a_kept_message_is_marked_old_until_the_node_sends_again() {
    let broker = MosquittoBroker::start("").await;
    publish(broker.port, "z/kebun/rain", "7", &["-r"]);
    let node = PolledNode::start_at(&broker).await;
    node.wait_for(["no-message", "7 retained", "no-message"])
        .await;
    publish_all(broker.port, ["20", "8", "on"]);
    node.wait_for(["20", "8", "1"]).await;
}

#[tokio::test]
async fn the_last_will_of_a_dead_node_makes_a_gap() {
    let broker = MosquittoBroker::start("").await;
    let node = PolledNode::start_at(&broker).await;
    // A node that is connected: it has heard a kept message.
    publish(broker.port, "hello", "you are heard", &["-r"]);
    let will = [
        "--will-topic",
        "z/kebun/status",
        "--will-payload",
        "offline",
        "-t",
        "hello",
    ];
    let mut alive = client("mosquitto_sub", broker.port, &will);
    let mut alive = alive.stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = String::new();
    let mut ears = BufReader::new(alive.stdout.take().unwrap());
    ears.read_line(&mut heard).unwrap();
    publish_all(broker.port, ["20", "8", "on"]);
    node.wait_for(["20", "8", "1"]).await;
    alive.kill().unwrap();
    alive.wait().unwrap();
    node.wait_for(["offline"; 3]).await;
    assert_eq!(node.fault().unwrap().reason, QualityReason::Offline);
    publish(broker.port, "z/kebun/status", "online", &[]);
    publish_all(broker.port, ["22", "9", "off"]);
    node.wait_for(["22", "9", "0"]).await;
}

#[tokio::test]
async fn a_broker_that_is_killed_is_named_and_heard_again_when_it_is_back() {
    let mut broker = MosquittoBroker::start("").await;
    let node = PolledNode::start_at(&broker).await;
    publish_all(broker.port, ["20", "8", "on"]);
    node.wait_for(["20", "8", "1"]).await;
    broker.kill();
    node.wait_for(unreachable()).await;
    node.wait_for_fault(&broker.port.to_string()).await;
    broker.start_process().await;
    node.wait_heard().await;
    publish_all(broker.port, ["21", "9", "off"]);
    node.wait_for(["21", "9", "0"]).await;
    wait_until("the fault is over", || node.fault().is_none()).await;
}

#[tokio::test]
async fn a_broker_that_is_back_is_no_answer_of_a_node() {
    let mut broker = MosquittoBroker::start("").await;
    let node = PolledNode::start_at(&broker).await;
    broker.kill();
    node.wait_for(unreachable()).await;
    broker.start_process().await;
    node.wait_for_fault("no message since the last fault").await;
    publish_all(broker.port, ["21", "9", "off"]);
    node.wait_for(["21", "9", "0"]).await;
    wait_until("the fault is over", || node.fault().is_none()).await;
}

#[tokio::test]
async fn messages_that_cannot_be_read_harm_only_their_own_point() {
    let broker = MosquittoBroker::start("").await;
    let node = PolledNode::start_at(&broker).await;
    publish_all(broker.port, ["20", "8", "on"]);
    node.wait_for(["20", "8", "1"]).await;
    let (large, deep) = ("x".repeat(100_000), "[".repeat(60_000));
    let folder = tempfile::tempdir().unwrap();
    for (bytes, number) in [(large.as_bytes(), 1), (b"\xff\xfe\0\x01", 2)] {
        let file = folder.path().join(number.to_string());
        std::fs::write(&file, bytes).unwrap();
        let words = ["-t", "z/kebun/rain", "-f"];
        let sent = client("mosquitto_pub", broker.port, &words)
            .arg(&file)
            .status();
        assert!(sent.unwrap().success());
        node.wait_for(["20", "unreadable", "1"]).await;
        publish(broker.port, "z/kebun/rain", "8", &[]);
        node.wait_for(["20", "8", "1"]).await;
    }
    for broken in [deep.as_str(), "{\"soil\":", "21.5 degrees"] {
        publish(broker.port, "z/kebun", broken, &[]);
        node.wait_for(["unreadable", "8", "1"]).await;
        publish(broker.port, "z/kebun", r#"{"soil":{"temp":20}}"#, &[]);
        node.wait_for(["20", "8", "1"]).await;
    }
    publish(
        broker.port,
        "z/kebun",
        r#"{"soil":{"temp":{"is":20}}}"#,
        &[],
    );
    node.wait_for(["not-a-number", "8", "1"]).await;
}

/// Broker that accepts a client and answers its subscription of four topics with these codes.
async fn refusing_broker(codes: [u8; 4]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut packet = [0; 1024];
        let _ = stream.read(&mut packet).await.unwrap();
        stream.write_all(b"\x20\x03\0\0\0").await.unwrap();
        let _ = stream.read(&mut packet).await.unwrap();
        assert_eq!(packet[0], 0x82, "a subscription");
        let id = [packet[2], packet[3]];
        let answer = [&[0x90, 7], &id[..], &[0], &codes[..]].concat();
        stream.write_all(&answer).await.unwrap();
        // It stays until the test ends.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    port
}

#[tokio::test]
async fn a_topic_that_the_broker_does_not_let_us_read_is_named() {
    // In the order of their names: the state of the pump, the node, its rain, its status.
    let port = refusing_broker([0x87, 0, 0, 0]).await;
    let url = format!("mqtt://127.0.0.1:{port}");
    let node = PolledNode::start(&load(&site_text(&url, "").text()));
    node.wait_for(["no-message", "no-message", "unreachable"])
        .await;
    node.wait_for_fault("pump/state").await;
}

#[tokio::test]
async fn a_password_is_read_from_its_file_and_a_wrong_one_is_named() {
    let mut broker = MosquittoBroker::start("").await;
    broker.stop();
    require_password(&broker, "desa", "rahasia");
    broker.start_process().await;
    let password = broker.file("password");
    std::fs::write(&password, "wrong\n").unwrap();
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let keys = format!(
        "username = 'desa'\npassword_file = '{}'",
        password.display()
    );
    let node = PolledNode::start(&load(&site_text(&url, &keys).text()));
    node.wait_for_fault("check user name, password").await;
    assert_eq!(node.fault().unwrap().reason, QualityReason::Unreachable);
    // The file is read again at each connection.
    std::fs::write(&password, "rahasia\n").unwrap();
    node.wait_heard().await;
    publish(
        broker.port,
        "z/kebun/rain",
        "8",
        &["-u", "desa", "-P", "rahasia"],
    );
    node.wait_for(["no-message", "8", "no-message"]).await;
}

#[tokio::test]
async fn a_broker_behind_tls_is_heard_with_its_authority_and_our_certificate_only() {
    let mut broker = MosquittoBroker::start("").await;
    broker.stop();
    let folder = tempfile::tempdir().unwrap();
    let certificate = make_certificate(folder.path());
    let (cert, key) = (certificate.cert.display(), certificate.key.display());
    let conf = broker.file("mosquitto.conf");
    let text = std::fs::read_to_string(&conf).unwrap();
    // The broker asks for a certificate of its clients, too.
    let lines = format!("certfile {cert}\nkeyfile {key}\ncafile {cert}\nrequire_certificate true");
    std::fs::write(&conf, format!("{text}{lines}\n")).unwrap();
    broker.start_process().await;
    let url = format!("mqtts://localhost:{}", broker.port);
    let stranger = PolledNode::start(&load(&site_text(&url, "").text()));
    stranger.wait_for(unreachable()).await;
    stranger.wait_for_fault("certificate").await;
    let keys = format!("ca_file = '{cert}'");
    let nameless = PolledNode::start(&load(&site_text(&url, &keys).text()));
    nameless.wait_for(unreachable()).await;
    let own = format!("certificate = '{cert}'\ncertificate_key_file = '{key}'");
    let node = PolledNode::start(&load(&site_text(&url, &format!("{keys}\n{own}")).text()));
    node.wait_heard().await;
    let (cert, key) = (cert.to_string(), key.to_string());
    let files = ["--cafile", &cert, "--cert", &cert, "--key", &key];
    publish(broker.port, "z/kebun/rain", "8", &files);
    node.wait_for(["no-message", "8", "no-message"]).await;
}

#[test]
fn the_gateways_own_readings_are_refused_as_readings_of_a_node() {
    let sink = |prefix: &str| format!("[mqtt]\nurl = 'mqtt://h'\n{prefix}");
    let faults = |topic: &str, sink: &str| {
        let keys = "kind = 'mqtt'\nurl = 'mqtt://h'";
        let device = format!("topic = '{topic}'\npoint = [{{ id = 'p', field = 'v.temp' }}]");
        let site = SiteText::new("desa").bus("nodes", keys);
        let text = site.device("d", "nodes", device).with(sink).text();
        let loaded = load_config_text(&text, Path::new("pantau.toml"), &|_| None);
        loaded
            .err()
            .map_or_else(String::new, |faults| faults.to_string())
    };
    let own = faults("pantau/desa/meter", &sink(""));
    assert!(own.contains("pantau/desa/meter"), "{own}");
    assert!(own.contains("publishes"), "{own}");
    assert_ne!(faults("data/desa/meter", &sink("prefix = 'data'")), "");
    // Of another site, and without a sink, they are readings like others.
    assert_eq!(faults("pantau/lain/meter", &sink("")), "");
    assert_eq!(faults("pantau/desa/meter", ""), "");
}

#[test]
fn a_client_id_is_that_of_one_connection() {
    let faults = |first: &str, more: &str, sink: &str| {
        let keys = |host: &str, id: &str| {
            format!("kind = 'mqtt'\nurl = 'mqtt://{host}'\nclient_id = '{id}'")
        };
        let site = SiteText::new("desa").bus("nodes", keys("localhost", first));
        let text = site.bus("more", keys("127.0.0.1", more)).with(sink).text();
        let loaded = load_config_text(&text, Path::new("pantau.toml"), &|_| None);
        loaded
            .err()
            .map_or_else(String::new, |faults| faults.to_string())
    };
    let sink = "[mqtt]\nurl = 'mqtts://127.0.0.1:8883'\nclient_id = 'a'";
    assert!(faults("a", "b", sink).contains("[mqtt]"));
    assert!(faults("pantau-desa", "b", "[mqtt]\nurl = 'mqtt://localhost'").contains("[mqtt]"));
    assert!(faults("a", "a", "").contains("client_id: `a` is also the client id of nodes"));
    assert_eq!(faults("b", "c", sink), "");
    let elsewhere = "[mqtt]\nurl = 'mqtt://broker.example'\nclient_id = 'b'";
    assert_eq!(faults("b", "c", elsewhere), "");
}

#[tokio::test]
async fn a_scan_shows_the_nodes_of_a_broker_as_tables() {
    let broker = MosquittoBroker::start("").await;
    let port = broker.port;
    let energy =
        r#"{"Time":"x","ENERGY":{"Total":1.5,"Power":9,"Factor":1,"Voltage":230,"Current":0.1}}"#;
    publish(port, "tele/plug/SENSOR", energy, &["-r"]);
    publish(port, "kebun/sensor/rain/state", "2.4", &["-r"]);
    let url = format!("mqtt://127.0.0.1:{port}");
    let settings = load(&site_text(&url, "").text()).buses[0]
        .link
        .mqtt()
        .unwrap()
        .broker
        .clone();
    let mut survey = NodeSurvey::default();
    let (seen, mut all) = watch::channel(0);
    tokio::select! {
        lost = hear_all_topics(&settings, &mut survey, |survey| {
            seen.send_replace(survey.topics.len());
        }) => panic!("{lost}"),
        waited = all.wait_for(|count| *count == 2) => drop(waited.unwrap()),
    }
    let nodes = find_nodes(&survey, &config::valid_profiles(None), |_| false);
    let profiles: Vec<Option<&str>> = nodes.iter().map(|node| node.profile.as_deref()).collect();
    assert_eq!(profiles, [None, Some("tasmota-energy")]);
    assert!(nodes[0].is_retained);
    let mut taken = std::collections::BTreeSet::new();
    let tables: String = nodes
        .iter()
        .map(|node| node.to_toml("nodes", &mut taken))
        .collect();
    let keys = format!("kind = 'mqtt'\nurl = '{url}'");
    let found = load(&SiteText::new("s").bus("nodes", keys).with(&tables).text());
    assert_eq!(found.devices.len(), 2, "{tables}");
}

//! Tests of alarms with the whole program: a tank that runs low behind a Modbus TCP server, a
//! broker with a subscriber, a technician on the page, and a kill in between.

use crate::access::{http_answer, run_with_password, sign_in};
use crate::killed::pantau;
use crate::peers::PeerProcess;
use crate::servers::{MosquittoBroker, MqttSubscriber, free_port, wait_until};
use crate::sites::write_config;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tests::site_text::SiteText;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const PASSWORD: &str = "kunci gudang 7";
/// Looks at figures are a minute apart, and the machine may be busy.
const WAITS: usize = 3;

/// Modbus TCP server with one level in all its holding registers, mm.
pub(crate) struct LevelSensor {
    pub(crate) port: u16,
    level: Arc<AtomicU16>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for LevelSensor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl LevelSensor {
    pub(crate) async fn start(level: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let level = Arc::new(AtomicU16::new(level));
        let shared = Arc::clone(&level);
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let level = Arc::clone(&shared);
                // A gateway that was killed is no failure of the test.
                open.spawn(async move { drop(answer(stream, &level).await) });
            }
        });
        Self { port, level, task }
    }

    pub(crate) fn set(&self, level: u16) {
        self.level.store(level, Ordering::Relaxed);
    }
}

/// Answers "read holding registers" until the connection ends.
async fn answer(mut stream: TcpStream, level: &AtomicU16) -> std::io::Result<()> {
    loop {
        let mut asked = [0; 12];
        stream.read_exact(&mut asked).await?;
        let count = asked[11];
        let mut reply = asked[..4].to_vec();
        reply.extend([0, 3 + 2 * count, asked[6], asked[7], 2 * count]);
        for _ in 0..count {
            reply.extend(level.load(Ordering::Relaxed).to_be_bytes());
        }
        stream.write_all(&reply).await?;
    }
}

/// A tank of two metres with the default rule, which tells at once.
fn write_site(folder: &Path, sensor: u16, broker: u16, page: &str) -> PathBuf {
    let site = SiteText::new("desa")
        .tcp_bus("lan", sensor)
        .device("level", "lan", "unit = 2\nevery = '2s'")
        .points([
            "{ id = 'level', register = 'holding:0', type = 'u16', scale = 0.001, unit = 'm' }",
        ])
        .asset(
            "tank-1",
            "tank",
            "name = 'Tandon air'\nlevel = 'level.level'",
        )
        .with("shape = { kind = 'vertical-cylinder', diameter_m = 1.0, height_m = 2.0 }")
        .with("[[alarm]]\nrule = 'tank-low'\nafter = '0s'\nclear_after = '0s'")
        .with(format_args!("[mqtt]\nurl = 'mqtt://127.0.0.1:{broker}'"))
        .with(format_args!("[web]\nlisten = '{page}'"));
    write_config(folder, site)
}

pub(crate) fn start(config: &Path) -> PeerProcess {
    let mut command = pantau();
    command.args(["--log", "error", "run", "-c"]).arg(config);
    PeerProcess::start(command.stdout(Stdio::null()))
}

/// Messages of alarms so far.
fn told(ears: &MqttSubscriber) -> Vec<Value> {
    let heard = ears.messages().into_iter();
    let own = heard.filter(|(topic, ..)| topic == "pantau/desa/alarm");
    let own = own.map(|(_, retained, body)| {
        assert!(!retained, "a message of an alarm is kept by the broker");
        body
    });
    own.collect()
}

fn states(ears: &MqttSubscriber) -> Vec<String> {
    let text = |one: &Value| one["state"].as_str().unwrap_or_default().to_owned();
    told(ears).iter().map(text).collect()
}

async fn wait_for_states(ears: &MqttSubscriber, expected: &[&str]) {
    for _ in 1..WAITS {
        let limit = Duration::from_secs(80);
        let wait = wait_until("alarms", || states(ears) == expected);
        if tokio::time::timeout(limit, wait).await.is_ok() {
            return;
        }
    }
    wait_until("alarms", || states(ears) == expected).await;
}

#[tokio::test]
async fn a_tank_that_runs_low_is_told_once_taken_note_of_and_has_recovered() {
    let scratch = tempfile::tempdir().unwrap();
    let sensor = LevelSensor::start(300).await;
    let broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, scratch.path(), &[]).await;
    let address = format!("127.0.0.1:{}", free_port());
    let config = write_site(scratch.path(), sensor.port, broker.port, &address);
    let user = ["add", "budi", "--role", "technician"];
    let admin = run_with_password(&config, &["add", "siti", "--role", "admin"], PASSWORD);
    let added = run_with_password(&config, &user, PASSWORD);
    assert!(admin.status.success() && added.status.success());

    let gateway = start(&config);
    wait_for_states(&ears, &["raised"]).await;
    let message = &told(&ears)[0];
    assert_eq!(message["alarm"], "tank-low/tank-1");
    assert_eq!(message["severity"], "warning");
    let text = message["text"]["id"].as_str().unwrap();
    let (head, sentence) = text.split_once('\n').unwrap();
    assert!(
        head.starts_with("PERIKSA · desa · ") && head.ends_with(" WIB"),
        "{head}"
    );
    assert!(
        sentence.starts_with("Tandon air, ") && sentence.contains("15%"),
        "{sentence}"
    );

    // A technician takes note of the alarm on the page; without a sign-in nobody does.
    let cookie = sign_in(&address, "budi", PASSWORD).unwrap();
    let page = http_answer(&address, "GET /alarm", &cookie, "").2;
    assert!(page.contains("Tandon air, "), "{page}");
    assert!(
        !page.contains("name=\"nama\""),
        "the account has a name: {page}"
    );
    let form = "alarm=tank-low/tank-1&tindakan=catat&catatan=truk+dipesan";
    let headers = format!(
        "{cookie}Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"
    );
    assert_eq!(http_answer(&address, "POST /alarm", &headers, form).0, 303);
    let nobody = http_answer(&address, "POST /alarm", "", form).0;
    assert!([303, 401, 403].contains(&nobody), "{nobody}");
    wait_for_states(&ears, &["raised", "acknowledged"]).await;
    assert_eq!(told(&ears)[1]["by"], "budi");
    assert_eq!(told(&ears)[1]["note"], "truk dipesan");

    // Killed: what was told is on the disk, and is not told again.
    drop(gateway);
    let _gateway = start(&config);
    sensor.set(1200);
    let all = ["raised", "acknowledged", "recovered"];
    wait_for_states(&ears, &all).await;
    let over = told(&ears)[2]["text"]["id"].as_str().unwrap().to_owned();
    assert!(over.contains(": sekarang 60%, batas 20%\n"), "{over}");
    let numbers: Vec<u64> = told(&ears)
        .iter()
        .filter_map(|one| one["number"].as_u64())
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    let mut list = pantau();
    list.args(["--lang", "en", "--log", "off", "alarm", "list", "-c"]);
    let listed = list.arg(&config).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed, "No alarm is raised.\n");
}

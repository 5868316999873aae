//! Tests of the whole program against misbehaving devices: no wrong value is stored, no other
//! device stalls, device and reason are named, and everything recovers.

mod server;

use crate::killed::pantau;
use crate::peers::{PeerProcess, pty_line, wait_for};
use crate::servers::{WAIT_MAX, free_port, http_body};
use drivers::frame::{ModbusFraming, ModbusReadFunction};
use serde_json::Value;
use server::{ALL_MISBEHAVIOURS, LoggedRequest, MisbehavingServer, ServerBehaviour};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::reply_faults::ReplyFault;
use tests::site_text::SiteText;

/// Milliseconds between two polls of each device.
const POLL_MS: i64 = 500;
/// The order of misbehaviours, delays and cuts.
const SEED: u64 = 0x5EED_0BAD;

/// A configuration without devices and buses; the page is on `page`.
fn write_site(folder: &Path, page: u16, rest: &str) -> PathBuf {
    let listen = format!("[web]\nlisten = '127.0.0.1:{page}'\n{rest}");
    let site = SiteText::new("hostile").store(&folder.join("store"));
    let text = site.with("flush = '200ms'").with(listen).text();
    let file = folder.join("pantau.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// `pantau run`, with its page there.
fn start_gateway(config: &Path, page: u16) -> PeerProcess {
    let peer = PeerProcess::start(pantau().args(["--log", "error", "run", "-c"]).arg(config));
    wait_for("the page", || {
        std::net::TcpStream::connect(("127.0.0.1", page)).is_ok()
    });
    peer
}

async fn get_json(page: u16, path: &str) -> Value {
    let body = http_body(page, path, "GET").await;
    serde_json::from_str(&body).unwrap_or_else(|why| panic!("{path}: {why}: {body}"))
}

/// Waits until the status of every device of these is as wanted.
async fn wait_for_statuses(
    page: u16,
    what: &str,
    devices: &[&str],
    is_so: impl Fn(&str, &Value) -> bool,
) {
    let mut last = Value::Null;
    let wait = async {
        loop {
            last = get_json(page, "/api/v1/devices").await;
            let of = |id: &&str| last.as_array()?.iter().find(|device| device["id"] == **id);
            if devices
                .iter()
                .all(|id| of(id).is_some_and(|device| is_so(id, &device["status"])))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    };
    let came = tokio::time::timeout(WAIT_MAX, wait).await;
    assert!(came.is_ok(), "never came: {what}: {last:#}");
}

/// Every sample of a point: time and value, `None` for a marked gap.
async fn point_samples(page: u16, point: &str) -> Vec<(i64, Option<f64>)> {
    let answer = get_json(page, &format!("/api/v1/samples?point={point}")).await;
    let column = |name: &str| answer[name].as_array().unwrap().clone();
    let times = column("t").into_iter().map(|t| t.as_i64().unwrap());
    times
        .zip(column("v").into_iter().map(|v| v.as_f64()))
        .collect()
}

/// A value must say that it is of this unit and this place, and must have been asked for in the
/// time that it is kept under.
#[track_caller]
fn assert_true_value(
    point: &str,
    (at, value): (i64, f64),
    unit: u64,
    place: u64,
    log: &[LoggedRequest],
) {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an unsigned register pair"
    )]
    let number = value as u64;
    assert_eq!((number >> 28, number >> 24 & 0xf), (unit, place), "{point}");
    let turn = usize::try_from(number & 0xff_ffff).unwrap();
    let asked = log[turn];
    assert_eq!(u64::from(asked.request.unit), unit, "{point}");
    let age = asked.at - at;
    // Asked within two polls of the time under which it is kept: a late answer to another request
    // would be a wrong value.
    assert!((0..2 * POLL_MS).contains(&age), "{point}: {age} ms at {at}");
}

/// A pair of devices, unit 1 and unit 2, one of which misbehaves.
struct DevicePair {
    bad: &'static str,
    good: &'static str,
    bad_server: MisbehavingServer,
    good_server: MisbehavingServer,
    framing: ModbusFraming,
    is_line: bool,
}

impl DevicePair {
    /// The word of the reason that a misbehaviour must be told with.
    fn expected_reason(&self, mood: ServerBehaviour) -> &'static str {
        let is_rtu = self.framing == ModbusFraming::Rtu;
        match mood {
            ServerBehaviour::Faulty(ReplyFault::Silent) => "timeout",
            ServerBehaviour::Late => "late",
            // In TCP, the answer fits and its number does not: the header is named.
            ServerBehaviour::Faulty(ReplyFault::Transaction) if !is_rtu => "header",
            // On a line, a valid frame that answers something else is skipped.
            ServerBehaviour::Faulty(
                ReplyFault::Function | ReplyFault::Short | ReplyFault::Long,
            ) if is_rtu => "timeout",
            // A line has no connection that could end.
            ServerBehaviour::Close if self.is_line => "timeout",
            ServerBehaviour::Close => "unreachable",
            ServerBehaviour::Faulty(ReplyFault::Exception) => "refused",
            _ => "corrupt",
        }
    }

    async fn assert_values(&self, page: u16) {
        for (device, unit, server) in [
            (self.bad, 1, &self.bad_server),
            (self.good, 2, &self.good_server),
        ] {
            for (name, place) in [("a", 0), ("b", 1)] {
                let point = format!("{device}.{name}");
                let samples = point_samples(page, &point).await;
                let log = server.log();
                let values = samples.iter().filter_map(|(at, v)| Some((*at, (*v)?)));
                values
                    .clone()
                    .for_each(|sample| assert_true_value(&point, sample, unit, place, &log));
                // At least once after each misbehaviour.
                let count = values.count();
                assert!(count > ALL_MISBEHAVIOURS.len(), "{point}: {count} values");
                // The neighbour on the same line may lose a slot to a timeout, but not more.
                if unit == 2 {
                    assert_no_stall(&point, &samples);
                }
            }
        }
    }
}

/// Every slot is there, or a marked gap in its place.
#[track_caller]
fn assert_no_stall(point: &str, samples: &[(i64, Option<f64>)]) {
    for pair in samples.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        assert!(gap <= 2 * POLL_MS, "{point}: nothing for {gap} ms");
    }
    let marked = samples.iter().filter(|(_, value)| value.is_none()).count();
    assert!(
        // A twentieth: on a line the neighbour's answer can be damaged by what the bad device
        // sends.
        marked * 20 <= samples.len(),
        "{point}: {marked} of {} are gaps",
        samples.len()
    );
}

fn device_toml(id: &str, bus: &str, unit: u8) -> String {
    format!(
        "[[device]]\nid = \"{id}\"\nbus = \"{bus}\"\nunit = {unit}\nevery = \"{POLL_MS}ms\"\npoint = [\n\
         {{ id = \"a\", register = \"holding:0\", type = \"u32\" }},\n\
         {{ id = \"b\", register = \"holding:1000\", type = \"u32\" }},\n\
         {{ id = \"tail\", register = \"holding:1002\", type = \"u16\" }} ]\n"
    )
}

fn bus_toml(id: &str, kind: &str, rest: &str) -> String {
    // A timeout of 200 ms leaves room for the neighbour's poll in the same slot of 500 ms.
    format!("[[bus]]\nid = \"{id}\"\nkind = \"{kind}\"\ntimeout = \"200ms\"\n{rest}\n")
}

fn at_port(port: u16) -> String {
    format!("host = \"127.0.0.1\"\ntcp_port = {port}")
}

/// Three pairs: on two TCP buses, behind one serial server, on one line; and the configuration.
fn device_pairs(near: &Path, far: &Path) -> ([DevicePair; 3], String) {
    // On TCP each device has a server of its own; behind a serial server and on a line both share
    // one wire.
    let (bad_lan, bad_port) = MisbehavingServer::listen_tcp(ModbusFraming::Tcp, SEED, None);
    let (lan, port) = MisbehavingServer::listen_tcp(ModbusFraming::Tcp, SEED + 1, None);
    let (served, served_port) = MisbehavingServer::listen_tcp(ModbusFraming::Rtu, SEED + 2, None);
    let serial = MisbehavingServer::serve_line(far, SEED + 3);
    let pair = |bad, good, servers: (&MisbehavingServer, &MisbehavingServer), framing, is_line| {
        DevicePair {
            bad,
            good,
            bad_server: servers.0.clone(),
            good_server: servers.1.clone(),
            framing,
            is_line,
        }
    };
    let line_port = format!("port = \"{}\"\nbaud = 115200", near.display());
    let text = [
        bus_toml("bad-lan", "modbus-tcp", &at_port(bad_port)),
        bus_toml("lan", "modbus-tcp", &at_port(port)),
        bus_toml("served", "modbus-rtu-over-tcp", &at_port(served_port)),
        bus_toml("line", "modbus-rtu", &line_port),
        device_toml("lan-bad", "bad-lan", 1),
        device_toml("lan-good", "lan", 2),
        device_toml("served-bad", "served", 1),
        device_toml("served-good", "served", 2),
        device_toml("line-bad", "line", 1),
        device_toml("line-good", "line", 2),
    ];
    let pairs = [
        pair(
            "lan-bad",
            "lan-good",
            (&bad_lan, &lan),
            ModbusFraming::Tcp,
            false,
        ),
        pair(
            "served-bad",
            "served-good",
            (&served, &served),
            ModbusFraming::Rtu,
            false,
        ),
        pair(
            "line-bad",
            "line-good",
            (&serial, &serial),
            ModbusFraming::Rtu,
            true,
        ),
    ];
    (pairs, text.concat())
}

#[tokio::test]
async fn no_misbehaviour_makes_a_wrong_value_or_stalls_a_neighbour() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = pty_line(scratch.path());
    let (pairs, text) = device_pairs(&near, &far);
    let page = free_port();
    let config = write_site(scratch.path(), page, &text);
    let gateway = start_gateway(&config, page);
    let bad = pairs.each_ref().map(|pair| pair.bad);
    let be = |mood| {
        for pair in &pairs {
            pair.bad_server.set_behaviour(mood);
        }
    };
    let well = |_: &str, status: &Value| status["state"] == "ok";

    wait_for_statuses(page, "all answer", &bad, well).await;
    for mood in ALL_MISBEHAVIOURS {
        be(mood);
        let named = |id: &str, status: &Value| {
            let pair = pairs.iter().find(|pair| pair.bad == id).unwrap();
            status["state"] == "fault" && status["fault"]["reason"] == pair.expected_reason(mood)
        };
        wait_for_statuses(page, &format!("{mood:?} is named"), &bad, named).await;
        be(ServerBehaviour::Honest);
        wait_for_statuses(page, &format!("well after {mood:?}"), &bad, well).await;
    }
    // Faults in any order, since a fault may leave bytes behind that only the next one makes
    // harmful.
    be(ServerBehaviour::Any);
    let failed = |_: &str, status: &Value| status["state"] == "fault";
    wait_for_statuses(page, "anything goes wrong", &bad, failed).await;
    be(ServerBehaviour::Honest);
    wait_for_statuses(page, "well in the end", &bad, well).await;

    for pair in &pairs {
        pair.assert_values(page).await;
    }
    // Read before the gateway ends; the file may have some later values, never other ones.
    let shown = point_samples(page, "line-good.a").await;
    gateway.terminate();
    assert_export_matches(&config, &shown);
}

/// Checks that the values shown on the page are in the store and in `export`.
#[track_caller]
fn assert_export_matches(config: &Path, shown: &[(i64, Option<f64>)]) {
    let mut export = pantau();
    export.args(["export", "--point", "line-good.a", "-c"]);
    let output = export.arg(config).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let rows = text.lines().skip(1);
    let values: Vec<f64> = rows
        .map(|row| row.split_once(',').unwrap().1.parse().unwrap())
        .collect();
    let shown: Vec<f64> = shown.iter().filter_map(|(_, value)| *value).collect();
    assert!(values.starts_with(&shown), "{values:?} for {shown:?}");
}

#[tokio::test]
async fn an_illegal_address_is_found_once_and_a_pair_is_never_split() {
    let scratch = tempfile::tempdir().unwrap();
    // Register 5 lies between two pairs of registers, so a read that is halved carelessly cuts a
    // pair.
    let (server, port) = MisbehavingServer::listen_tcp(ModbusFraming::Tcp, SEED, Some(5));
    let page = free_port();
    let points = "[[device]]\nid = \"d\"\nbus = \"lan\"\nunit = 1\nevery = \"200ms\"\npoint = [\n\
         { id = \"whole\", register = \"holding:0\", type = \"u32\" },\n\
         { id = \"low\", register = \"holding:2\", type = \"u32\" },\n\
         { id = \"illegal\", register = \"holding:5\", type = \"u16\" },\n\
         { id = \"high\", register = \"holding:6\", type = \"u32\" },\n\
         { id = \"c3\", register = \"coil:3\", type = \"bool\" },\n\
         { id = \"c4\", register = \"coil:4\", type = \"bool\" },\n\
         { id = \"d8\", register = \"discrete:8\", type = \"bool\" },\n\
         { id = \"d9\", register = \"discrete:9\", type = \"bool\" } ]\n";
    let text = bus_toml("lan", "modbus-tcp", &at_port(port)) + points;
    let config = write_site(scratch.path(), page, &text);
    let _gateway = start_gateway(&config, page);
    let polled = |_: &str, status: &Value| {
        status["polls"].as_u64() >= Some(8) && status["fault"]["reason"] == "refused"
    };
    wait_for_statuses(page, "eight polls, the refusal told", &["d"], polled).await;

    let log = server.log();
    let registers = log
        .iter()
        .map(|asked| asked.request)
        .filter(|request| request.function == ModbusReadFunction::Holding);
    let mut wide = Vec::new();
    for request in registers {
        let (start, end) = (request.address, request.address + request.count);
        // 1, 3 and 7 are the second halves of the pairs at 0, 2 and 6.
        let cuts = [start, end].iter().any(|cut| [1, 3, 7].contains(cut));
        assert!(!cuts, "a pair is split: {request:?}");
        if (start..end).contains(&5) {
            // A read that was refused once must not be sent again: each costs a request on the wire
            // for ever.
            assert!(!wide.contains(&request), "asked again: {request:?}");
            wide.push(request);
        }
    }
    assert_eq!((wide[0].address, wide[0].count), (0, 8), "{wide:?}");
    let whole = point_samples(page, "d.whole").await;
    // The values shown now may be newer than the log read above.
    let log = server.log();
    for (at, value) in whole {
        assert_true_value("d.whole", (at, value.unwrap()), 1, 0, &log);
    }
    for point in ["d.low", "d.high"] {
        for (_, value) in point_samples(page, point).await {
            let value = value.unwrap();
            // Registers beyond a thousand's first hold the turn alone, so both halves of one answer
            // are equal.
            let (high, low) = ((value / 65536.0).floor(), value % 65536.0);
            assert!((high - low).abs() < 0.5, "{point}: halves of two answers");
        }
    }
    for (point, expected) in [
        ("d.illegal", None),
        ("d.c3", Some(1.0)),
        ("d.c4", Some(0.0)),
        ("d.d8", Some(0.0)),
        ("d.d9", Some(1.0)),
    ] {
        let samples = point_samples(page, point).await;
        assert!(!samples.is_empty(), "{point}");
        let all = samples.iter().all(|(_, value)| *value == expected);
        assert!(all, "{point}: {samples:?}");
    }
}

#[test]
fn a_site_without_a_bus_runs_until_it_is_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    let page = free_port();
    let config = write_site(scratch.path(), page, "");
    // A new site has no device yet, and its page must be there to find one.
    start_gateway(&config, page).terminate();
}

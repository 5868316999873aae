//! The whole program against devices that misbehave: never a wrong value kept, never a neighbour
//! that stalls, the device and the reason named, and all is well again when it behaves.

mod server;

use crate::killed::pantau;
use crate::peers::{Peer, line, wait_for};
use crate::servers::{PATIENCE, free_port, get};
use drivers::frame::{Framing, Function};
use serde_json::Value;
use server::{Asked, MISBEHAVIOUR, Mood, Server};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Milliseconds between two polls of each device.
const EVERY: i64 = 500;
/// The order of misbehaviours, delays and cuts.
const SEED: u64 = 0x5EED_0BAD;

/// A configuration without devices and buses; the page is on `page`.
fn site(folder: &Path, page: u16, rest: &str) -> PathBuf {
    let store = folder.join("store");
    let text = format!(
        "[site]\nid = \"hostile\"\nname = \"Hostile\"\ntimezone = \"Asia/Jakarta\"\n\
         latitude = -3.76\nlongitude = 103.78\n[store]\npath = \"{}\"\nflush = \"200ms\"\n\
         [web]\nlisten = \"127.0.0.1:{page}\"\n{rest}",
        store.display()
    );
    let file = folder.join("pantau.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// `pantau run`, with its page there.
fn run(config: &Path, page: u16) -> Peer {
    let peer = Peer::start(pantau().args(["--log", "error", "run", "-c"]).arg(config));
    wait_for("the page", || {
        std::net::TcpStream::connect(("127.0.0.1", page)).is_ok()
    });
    peer
}

async fn ask(page: u16, path: &str) -> Value {
    let body = get(page, path, "GET").await;
    serde_json::from_str(&body).unwrap_or_else(|why| panic!("{path}: {why}: {body}"))
}

/// Waits until the status of every device of these is as wanted.
async fn all_are(page: u16, what: &str, devices: &[&str], is_so: impl Fn(&str, &Value) -> bool) {
    let mut last = Value::Null;
    let wait = async {
        loop {
            last = ask(page, "/api/v1/devices").await;
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
    let came = tokio::time::timeout(PATIENCE, wait).await;
    assert!(came.is_ok(), "never came: {what}: {last:#}");
}

/// Every sample of a point: time and value, `None` for a marked gap.
async fn samples(page: u16, point: &str) -> Vec<(i64, Option<f64>)> {
    let answer = ask(page, &format!("/api/v1/samples?point={point}")).await;
    let column = |name: &str| answer[name].as_array().unwrap().clone();
    let times = column("t").into_iter().map(|t| t.as_i64().unwrap());
    times
        .zip(column("v").into_iter().map(|v| v.as_f64()))
        .collect()
}

/// A value must say that it is of this unit and this place, and must have been asked for in the
/// time that it is kept under.
#[track_caller]
fn judge(point: &str, (at, value): (i64, f64), unit: u64, place: u64, log: &[Asked]) {
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
    assert!((0..2 * EVERY).contains(&age), "{point}: {age} ms at {at}");
}

/// A pair of devices, unit 1 and unit 2, one of which misbehaves.
struct Pair {
    bad: &'static str,
    good: &'static str,
    bad_server: Server,
    good_server: Server,
    framing: Framing,
    is_line: bool,
}

impl Pair {
    /// The word of the reason that a misbehaviour must be told with.
    fn reason(&self, mood: Mood) -> &'static str {
        let is_rtu = self.framing == Framing::Rtu;
        match mood {
            Mood::Silent => "timeout",
            Mood::Late => "late",
            Mood::Transaction if !is_rtu => "timeout",
            // A sound frame of a line that answers something else is waited past.
            Mood::Function | Mood::Short | Mood::Long if is_rtu => "timeout",
            Mood::Close if self.is_line => "timeout",
            Mood::Close => "unreachable",
            Mood::Exception => "refused",
            _ => "corrupt",
        }
    }

    async fn every_value_is_right(&self, page: u16) {
        for (device, unit, server) in [
            (self.bad, 1, &self.bad_server),
            (self.good, 2, &self.good_server),
        ] {
            for (name, place) in [("a", 0), ("b", 1)] {
                let point = format!("{device}.{name}");
                let samples = samples(page, &point).await;
                let log = server.log();
                let values = samples.iter().filter_map(|(at, v)| Some((*at, (*v)?)));
                values
                    .clone()
                    .for_each(|sample| judge(&point, sample, unit, place, &log));
                // At least once after each misbehaviour.
                let count = values.count();
                assert!(count > MISBEHAVIOUR.len(), "{point}: {count} values");
                if unit == 2 {
                    never_stalled(&point, &samples);
                }
            }
        }
    }
}

/// Every slot is there, or a marked gap in its place.
#[track_caller]
fn never_stalled(point: &str, samples: &[(i64, Option<f64>)]) {
    for pair in samples.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        assert!(gap <= 2 * EVERY, "{point}: nothing for {gap} ms");
    }
    let marked = samples.iter().filter(|(_, value)| value.is_none()).count();
    assert!(
        marked * 20 <= samples.len(),
        "{point}: {marked} of {} are gaps",
        samples.len()
    );
}

fn device(id: &str, bus: &str, unit: u8) -> String {
    format!(
        "[[device]]\nid = \"{id}\"\nbus = \"{bus}\"\nunit = {unit}\nevery = \"{EVERY}ms\"\npoint = [\n\
         {{ id = \"a\", register = \"holding:0\", type = \"u32\" }},\n\
         {{ id = \"b\", register = \"holding:1000\", type = \"u32\" }},\n\
         {{ id = \"tail\", register = \"holding:1002\", type = \"u16\" }} ]\n"
    )
}

fn bus(id: &str, kind: &str, rest: &str) -> String {
    format!("[[bus]]\nid = \"{id}\"\nkind = \"{kind}\"\ntimeout = \"200ms\"\n{rest}\n")
}

fn at_port(port: u16) -> String {
    format!("host = \"127.0.0.1\"\ntcp_port = {port}")
}

/// Three pairs: on two TCP buses, behind one serial server, on one line; and the configuration.
fn pairs(near: &Path, far: &Path) -> ([Pair; 3], String) {
    let (bad_lan, bad_port) = Server::tcp(Framing::Tcp, SEED, None);
    let (lan, port) = Server::tcp(Framing::Tcp, SEED + 1, None);
    let (served, served_port) = Server::tcp(Framing::Rtu, SEED + 2, None);
    let serial = Server::line(far, SEED + 3);
    let pair = |bad, good, servers: (&Server, &Server), framing, is_line| Pair {
        bad,
        good,
        bad_server: servers.0.clone(),
        good_server: servers.1.clone(),
        framing,
        is_line,
    };
    let line_port = format!("port = \"{}\"\nbaud = 115200", near.display());
    let text = [
        bus("bad-lan", "modbus-tcp", &at_port(bad_port)),
        bus("lan", "modbus-tcp", &at_port(port)),
        bus("served", "modbus-rtu-over-tcp", &at_port(served_port)),
        bus("line", "modbus-rtu", &line_port),
        device("lan-bad", "bad-lan", 1),
        device("lan-good", "lan", 2),
        device("served-bad", "served", 1),
        device("served-good", "served", 2),
        device("line-bad", "line", 1),
        device("line-good", "line", 2),
    ];
    let pairs = [
        pair("lan-bad", "lan-good", (&bad_lan, &lan), Framing::Tcp, false),
        pair(
            "served-bad",
            "served-good",
            (&served, &served),
            Framing::Rtu,
            false,
        ),
        pair(
            "line-bad",
            "line-good",
            (&serial, &serial),
            Framing::Rtu,
            true,
        ),
    ];
    (pairs, text.concat())
}

#[tokio::test]
async fn no_misbehaviour_makes_a_wrong_value_or_stalls_a_neighbour() {
    let scratch = tempfile::tempdir().unwrap();
    let (_line, near, far) = line(scratch.path());
    let (pairs, text) = pairs(&near, &far);
    let page = free_port();
    let config = site(scratch.path(), page, &text);
    let gateway = run(&config, page);
    let bad = pairs.each_ref().map(|pair| pair.bad);
    let be = |mood| pairs.iter().for_each(|pair| pair.bad_server.be(mood));
    let well = |_: &str, status: &Value| status["state"] == "ok";

    all_are(page, "all answer", &bad, well).await;
    for mood in MISBEHAVIOUR {
        be(mood);
        let named = |id: &str, status: &Value| {
            let pair = pairs.iter().find(|pair| pair.bad == id).unwrap();
            status["state"] == "fault" && status["fault"]["reason"] == pair.reason(mood)
        };
        all_are(page, &format!("{mood:?} is named"), &bad, named).await;
        be(Mood::Honest);
        all_are(page, &format!("well after {mood:?}"), &bad, well).await;
    }
    be(Mood::Any);
    let failed = |_: &str, status: &Value| status["state"] == "fault";
    all_are(page, "anything goes wrong", &bad, failed).await;
    be(Mood::Honest);
    all_are(page, "well in the end", &bad, well).await;

    for pair in &pairs {
        pair.every_value_is_right(page).await;
    }
    let shown = samples(page, "line-good.a").await;
    gateway.terminate();
    exported_as_shown(&config, &shown);
}

/// What the page showed is in the store, and `export` gives it.
#[track_caller]
fn exported_as_shown(config: &Path, shown: &[(i64, Option<f64>)]) {
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
    let (server, port) = Server::tcp(Framing::Tcp, SEED, Some(5));
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
    let text = bus("lan", "modbus-tcp", &at_port(port)) + points;
    let config = site(scratch.path(), page, &text);
    let _gateway = run(&config, page);
    let polled = |_: &str, status: &Value| {
        status["polls"].as_u64() >= Some(8) && status["fault"]["reason"] == "refused"
    };
    all_are(page, "eight polls, the refusal told", &["d"], polled).await;

    let log = server.log();
    let registers = log
        .iter()
        .map(|asked| asked.request)
        .filter(|request| request.function == Function::Holding);
    let mut wide = Vec::new();
    for request in registers {
        let (start, end) = (request.address, request.address + request.count);
        let cuts = [start, end].iter().any(|cut| [1, 3, 7].contains(cut));
        assert!(!cuts, "a pair is split: {request:?}");
        if (start..end).contains(&5) {
            assert!(!wide.contains(&request), "asked again: {request:?}");
            wide.push(request);
        }
    }
    assert_eq!((wide[0].address, wide[0].count), (0, 8), "{wide:?}");
    let whole = samples(page, "d.whole").await;
    // What is shown now may have been asked for after the look above.
    let log = server.log();
    for (at, value) in whole {
        judge("d.whole", (at, value.unwrap()), 1, 0, &log);
    }
    for point in ["d.low", "d.high"] {
        for (_, value) in samples(page, point).await {
            let value = value.unwrap();
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
        let samples = samples(page, point).await;
        assert!(!samples.is_empty(), "{point}");
        let all = samples.iter().all(|(_, value)| *value == expected);
        assert!(all, "{point}: {samples:?}");
    }
}

#[test]
fn a_site_without_a_bus_runs_until_it_is_stopped() {
    let scratch = tempfile::tempdir().unwrap();
    let page = free_port();
    let config = site(scratch.path(), page, "");
    run(&config, page).terminate();
}

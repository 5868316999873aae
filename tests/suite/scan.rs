//! Tests of `pantau scan` over simulated lines and networks: every device of mixed speeds is
//! identified or left open between matching profiles, never identified wrongly with confidence.

use crate::killed::pantau;
use crate::servers::{free_port, wait_until};
use crate::sites::noon_world;
use drivers::frame::{
    FRAME_MAX, ModbusFraming, ModbusReadFunction, ModbusReadReply, ModbusReadRequest, ParsedFrame,
};
use gateway::config::{self, Config, ModbusTable};
use gateway::simulator::device::SimulatedDevice;
use gateway::simulator::pty::PseudoTerminal;
use gateway::simulator::{SimulatedWorld, serve_devices};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;
use tests::site_text::SiteText;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::task::JoinSet;

/// Speed, unit and profile of the devices of five lines.
const LINES: [&[(u32, u8, &str)]; 5] = [
    &[
        (9600, 1, "eastron-sdm630"),
        (9600, 3, "xy-md02"),
        (2400, 1, "eastron-sdm120"),
    ],
    &[(9600, 1, "growatt-min-tlx"), (4800, 2, "renke-rs-ra-n01")],
    &[
        (115_200, 1, "peacefair-pzem-016"),
        (19_200, 2, "acrel-adl400.t317"),
    ],
    &[
        (9600, 2, "qdy30a-level"),
        (9600, 3, "chint-ddsu666"),
        (38_400, 3, "jxct-soil-7in1"),
    ],
    &[(57_600, 2, "sungrow-sg"), (4800, 1, "solis-hybrid")],
];

fn write_site(folder: &Path, buses: &str) -> (PathBuf, Config) {
    let file = folder.join("pantau.toml");
    let site = SiteText::new("desa").store(&folder.join("store"));
    let text = format!("# Our site.\n{}", site.with(buses).text());
    std::fs::write(&file, &text).unwrap();
    let config =
        config::load_config_text(&text, &file, &|_| None).unwrap_or_else(|f| panic!("{f}"));
    (file, config)
}

/// Devices of one line, each at its own speed.
struct SimulatedLine {
    pty: PseudoTerminal,
    devices: BTreeMap<(u32, u8), SimulatedDevice>,
    world: SimulatedWorld,
    /// Answers take as long as on a real line.
    paced: bool,
}

impl SimulatedLine {
    fn new(devices: &[(u32, u8, &str)], paced: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = noon_world();
        let twin = |(baud, unit, profile): &(u32, u8, &str)| {
            let device = format!(
                "[[bus]]\nid = 'b'\nkind = 'modbus-rtu'\nport = '/nowhere'\n[[device]]\nid = 'd'\n\
                 bus = 'b'\nunit = {unit}\nprofile = '{profile}'\n"
            );
            let (_, config) = write_site(folder.path(), &device);
            let twin = SimulatedDevice::new(&config.devices[0], &config.site.devices[0], 1);
            ((*baud, *unit), twin)
        };
        Self {
            devices: devices.iter().map(twin).collect(),
            pty: PseudoTerminal::open(9600).unwrap(),
            world,
            paced,
        }
    }

    fn path(&self) -> String {
        self.pty.path().display().to_string()
    }

    /// Answers for ever.
    async fn answer_forever(mut self) {
        let mut heard = Vec::new();
        let mut chunk = [0; 256];
        loop {
            let Ok(more @ 1..) = self.pty.read(&mut chunk).await else {
                return;
            };
            heard.extend_from_slice(&chunk[..more]);
            loop {
                let (request, used) = match ModbusReadRequest::parse(ModbusFraming::Rtu, &heard) {
                    ParsedFrame::Incomplete(_) => break,
                    ParsedFrame::Garbage(_, used) => (None, used),
                    ParsedFrame::Frame((request, _), used) => (Some(request), used),
                };
                heard.drain(..used.min(heard.len()));
                if let Some(request) = request {
                    self.reply(request).await;
                }
            }
        }
    }

    async fn reply(&mut self, request: ModbusReadRequest) {
        let baud = self.pty.baud().unwrap();
        // A real device hears only noise at another speed, and stays silent.
        let Some(device) = self.devices.get(&(baud, request.unit)) else {
            return;
        };
        let table = match request.function {
            ModbusReadFunction::Coils => ModbusTable::Coil,
            ModbusReadFunction::DiscreteInputs => ModbusTable::Discrete,
            ModbusReadFunction::Holding => ModbusTable::Holding,
            ModbusReadFunction::Input => ModbusTable::Input,
        };
        let words = device.read(
            table,
            request.address,
            request.count,
            &self.world.snapshot(),
        );
        let data: Option<Vec<u8>> = words
            .as_ref()
            .ok()
            .map(|words| words.iter().flat_map(|word| word.to_be_bytes()).collect());
        let reply = match (&words, &data) {
            (Err(code), _) => ModbusReadReply::Exception(*code),
            (_, Some(data)) => ModbusReadReply::Data(data),
            (Ok(_), None) => return,
        };
        let mut out = [0; FRAME_MAX];
        let length = reply.build(request, ModbusFraming::Rtu, 0, &mut out);
        if self.paced {
            // The request, the answer, and the silence before it, at 10 bits a character.
            let characters = f64::from(u32::try_from(8 + length).unwrap()) + 3.5;
            let seconds = characters * 10.0 / f64::from(baud);
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        }
        let _ = self.pty.write_all(&out[..length]).await;
    }
}

/// Runs a scan; returns the output and its lines as JSON.
async fn run_scan(arguments: &[&str]) -> (Output, Vec<Value>) {
    let mut command = Command::from(pantau());
    command
        .args(["--lang", "en", "scan", "--json"])
        .args(arguments);
    if !arguments.contains(&"-c") {
        command.args(["-c", "/nowhere/pantau.toml"]);
    }
    // A test that fails must not leave a scan running on its line.
    command.kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_mins(4), command.output());
    let output = output.await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (output, lines.collect())
}

fn candidate_names(device: &Value) -> Vec<&str> {
    let candidates = device["candidates"].as_array().unwrap();
    let names = candidates
        .iter()
        .map(|one| one["profile"].as_str().unwrap());
    names.collect()
}

#[tokio::test]
async fn five_lines_of_mixed_devices_at_mixed_speeds_are_found_and_none_is_mistaken() {
    let lines: Vec<SimulatedLine> = LINES
        .iter()
        .map(|devices| SimulatedLine::new(devices, false))
        .collect();
    let paths: Vec<String> = lines.iter().map(SimulatedLine::path).collect();
    let mut tasks = JoinSet::new();
    for line in lines {
        tasks.spawn(line.answer_forever());
    }
    let mut arguments: Vec<&str> = paths.iter().map(String::as_str).collect();
    // The simulated lines answer at once; a short timeout keeps the search through all speeds
    // short.
    arguments.extend(["--units", "1-3", "--timeout", "60"]);
    let (output, found) = run_scan(&arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let all = LINES.iter().map(|line| line.len()).sum::<usize>();
    // One line more than devices: the last one sums up the scan.
    assert_eq!(found.len(), all + 1, "{found:#?}");
    for (path, devices) in paths.iter().zip(LINES) {
        for (baud, unit, profile) in devices {
            let is_it = |one: &&Value| {
                one["port"] == **path && one["baud"] == *baud && one["unit"] == *unit
            };
            let device = found.iter().find(is_it);
            let device = device.unwrap_or_else(|| panic!("{profile} at {baud}: {found:#?}"));
            assert!(
                candidate_names(device).contains(profile),
                "{profile}: {device:#}"
            );
            let sure = device["confidence"] == "high";
            assert!(
                !sure || device["profile"] == *profile,
                "{profile}: {device:#}"
            );
        }
    }
}

#[tokio::test]
async fn a_paced_line_is_scanned_in_little_more_than_its_own_wire_and_timeouts() {
    let line = SimulatedLine::new(&[(9600, 3, "xy-md02"), (9600, 7, "eastron-sdm120")], true);
    let path = line.path();
    let mut tasks = JoinSet::new();
    tasks.spawn(line.answer_forever());
    let arguments = [
        &path, "--baud", "9600", "--parity", "none", "--units", "1-10",
    ];
    let (output, lines) = run_scan(&arguments).await;
    assert_eq!(lines.len(), 3, "{output:?}");
    let end = &lines[2];
    let ms = |name: &str| end[name].as_f64().unwrap();
    // More than the wire itself by what a computer that does other tests beside it adds.
    assert!(ms("took_ms") <= 1.6 * ms("limit_ms"), "{end}");
    // Eight silent units, twice 200 ms each, and what two devices are asked.
    assert!(ms("limit_ms") < 20_000.0, "{end}");
}

#[tokio::test]
async fn a_network_device_is_found_once_and_added_to_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let bus = format!(
        "[[bus]]\nid = 'lan'\nkind = 'modbus-tcp'\nhost = '127.0.0.1'\ntcp_port = {port}\n"
    );
    let meter = "[[device]]\nid = 'm'\nbus = 'lan'\nunit = 4\nprofile = 'eastron-sdm630'\n";
    let (_, config) = write_site(folder.path(), &format!("{bus}{meter}"));
    let _served = serve_devices(&config, &noon_world()).await.unwrap();
    // The same bus without the device: the scan is to find it and to add it.
    let (file, _) = write_site(folder.path(), &bus);
    let (target, file_text) = (format!("127.0.0.1:{port}"), file.display().to_string());
    let arguments = [target.as_str(), "-c", &file_text, "--write"];
    let (output, lines) = run_scan(&arguments).await;
    assert_eq!(lines.len(), 2, "{output:?}");
    assert_eq!(lines[0]["unit"], 4, "{lines:#?}");
    assert_eq!(lines[0]["profile"], "eastron-sdm630", "{lines:#?}");
    let text = std::fs::read_to_string(&file).unwrap();
    // Comments of the technician must survive the change.
    assert!(text.starts_with("# Our site.\n"), "{text}");
    let config = config::load_config(&file).unwrap();
    let device = &config.devices[0];
    assert_eq!((&*device.id, device.unit), ("meter-1", 4), "{text}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("+unit = 4"), "{said}");
    assert!(folder.path().join("pantau.toml.bak1").exists());
}

#[tokio::test]
async fn a_running_gateway_scans_and_reads_for_a_technician_between_its_polls() {
    let folder = tempfile::tempdir().unwrap();
    let devices = "[[device]]\nid = 'air'\nbus = 'rs485'\nunit = 2\nprofile = 'xy-md02'\n\
                   every = '1s'\n";
    let bus = |port: &str| {
        format!("[[bus]]\nid = 'rs485'\nkind = 'modbus-rtu'\nport = '{port}'\nbaud = 4800\n")
    };
    let line = SimulatedLine::new(&[(4800, 2, "xy-md02"), (4800, 5, "eastron-sdm120")], false);
    let path = line.path();
    let mut tasks = JoinSet::new();
    tasks.spawn(line.answer_forever());
    let (file, _) = write_site(folder.path(), &format!("{}{devices}", bus(&path)));
    let mut gateway = Command::from(pantau());
    gateway.arg("run").arg("-c").arg(&file).kill_on_drop(true);
    let mut gateway = gateway.spawn().unwrap();
    let socket = folder.path().join("store").join("pantau.sock");
    wait_until("the control socket", || socket.exists()).await;
    let file = file.display().to_string();
    let (output, lines) = run_scan(&[&path, "-c", &file, "--units", "1-6"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("running gateway") && said.contains("4800 8N1"),
        "{said}"
    );
    let units: Vec<u64> = lines
        .iter()
        .filter_map(|one| one["unit"].as_u64())
        .collect();
    assert_eq!(units, [2, 5], "{lines:#?}");
    assert!(
        candidate_names(&lines[1]).contains(&"eastron-sdm120"),
        "{lines:#?}"
    );
    let read = Command::from(pantau())
        .args(["read", "air", "--json", "-c", &file])
        .output();
    let read = read.await.unwrap();
    assert_eq!(read.status.code(), Some(0), "{read:?}");
    let json: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert!(json["points"][0]["value"].is_number(), "{json:#}");
    assert!(
        json["received"].as_str().unwrap().starts_with("02 04"),
        "{json:#}"
    );
    // The gateway's own polls went on during the scan, each with values.
    let soak = Command::from(pantau())
        .args(["soak", "--for", "3s", "--json", "-c", &file])
        .output();
    // Three seconds are too few polls to pass; none of them failed.
    let soak = soak.await.unwrap();
    assert_eq!(soak.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&soak.stdout).unwrap();
    let mut devices = json["devices"].as_array().unwrap().iter();
    assert!(devices.all(|one| one["passes"] == true), "{json:#}");
    gateway.kill().await.unwrap();
}

#[tokio::test]
async fn a_port_that_cannot_be_had_is_told_with_what_to_do() {
    let (output, lines) = run_scan(&["/dev/ttyNOPE7"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("There is no port /dev/ttyNOPE7"), "{said}");
    assert_eq!(lines[0]["found"], 0);
    // 268 million addresses: refused as a typing mistake, before anything is sent.
    let (output, _) = run_scan(&["10.0.0.0/4"]).await;
    assert_eq!(output.status.code(), Some(2));
    // A name without an address, by the rules of the domain name system.
    let (output, _) = run_scan(&["meter.invalid"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
}

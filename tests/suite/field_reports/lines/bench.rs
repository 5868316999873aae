//! Small scripted Modbus servers, and the whole program reading them.

use crate::killed::pantau;
use crate::peers::{PeerProcess, wait_for};
use crate::servers::free_port;
use crate::wizards::run_pantau;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Function from a request to the bytes sent back; empty for no reply. Arguments: bytes of the
/// request, time since the connection, number of earlier requests.
pub(super) type TcpAnswer = fn(&[u8], Duration, usize) -> Vec<u8>;

/// Log of all requests that a server has received.
#[derive(Clone, Default)]
pub(super) struct RequestLog(pub(super) Arc<Mutex<Vec<Vec<u8>>>>);

impl RequestLog {
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Registers of the last read over TCP.
    pub(super) fn last_count(&self) -> u16 {
        let all = self.0.lock().unwrap();
        let last = all.last().unwrap();
        u16::from_be_bytes([last[10], last[11]])
    }
}

/// Serves on a free port, each request whole in one read, as these tests' requests come.
pub(super) fn start_server(answer: TcpAnswer) -> (u16, RequestLog) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = RequestLog::default();
    let shared = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let heard = shared.clone();
            std::thread::spawn(move || serve_connection(stream, &heard, answer));
        }
    });
    (port, heard)
}

fn serve_connection(mut wire: TcpStream, heard: &RequestLog, answer: TcpAnswer) {
    let (opened, mut buffer) = (Instant::now(), [0; 512]);
    while let Ok(got @ 1..) = wire.read(&mut buffer) {
        let asked = &buffer[..got];
        // Counted before the request is logged, so that the first one has the number 0.
        let turn = heard.count();
        heard.0.lock().unwrap().push(asked.to_vec());
        let bytes = answer(asked, opened.elapsed(), turn);
        if wire.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// The header of the request, its function, and these data bytes.
pub(super) fn reply_frame(asked: &[u8], data: &[u8]) -> Vec<u8> {
    let mut frame = asked[..8].to_vec();
    // The header's length counts unit, function and the byte count besides the data.
    frame[5] = u8::try_from(3 + data.len()).unwrap();
    frame.push(u8::try_from(data.len()).unwrap());
    frame.extend(data);
    frame
}

/// Each register is 1.
pub(super) fn ones_frame(asked: &[u8]) -> Vec<u8> {
    reply_frame(asked, &[0, 1].repeat(usize::from(asked[11])))
}

pub(super) fn exception_frame(asked: &[u8], code: u8) -> Vec<u8> {
    let mut frame = asked[..8].to_vec();
    (frame[5], frame[7]) = (3, asked[7] | 0x80);
    frame.push(code);
    frame
}

pub(super) fn tcp_bus_toml(port: u16, more: &str) -> String {
    format!(
        "[[bus]]\nid = \"lan\"\nkind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\ntcp_port = {port}\n\
         {more}\n"
    )
}

/// A device with these points on the bus `lan`.
pub(super) fn device_toml(points: &str) -> String {
    format!("[[device]]\nid = \"d\"\nbus = \"lan\"\nunit = 1\nevery = \"1s\"\npoint = [{points}]\n")
}

pub(super) fn point_toml(id: &str, register: &str, kind: &str) -> String {
    format!("{{ id = \"{id}\", register = \"{register}\", type = \"{kind}\" }},")
}

/// Runs `pantau read d --json`; returns its JSON and the whole output.
#[track_caller]
pub(super) fn read_device(config: &Path, times: &str) -> (Value, Output) {
    let output = run_pantau(config, &["read", "d", "--json", "--times", times]);
    let read = serde_json::from_slice(&output.stdout);
    (
        read.unwrap_or_else(|why| panic!("{why}: {output:?}")),
        output,
    )
}

/// `pantau run`, with its page on a free port.
pub(super) struct GatewayProcess {
    pub(super) page: u16,
    _running: PeerProcess,
}

impl GatewayProcess {
    pub(super) fn start(config: &Path) -> Self {
        let page = free_port();
        let text = std::fs::read_to_string(config).unwrap();
        let web = format!("\n[web]\nlisten = \"127.0.0.1:{page}\"\n");
        // The page gets a fresh port with every start: two gateways of one test must not share it.
        std::fs::write(config, text + &web).unwrap();
        let mut run = pantau();
        run.args(["--log", "off", "run", "-c"]).arg(config);
        let running = PeerProcess::start(&mut run);
        wait_for("the page", || {
            TcpStream::connect(("127.0.0.1", page)).is_ok()
        });
        Self {
            page,
            _running: running,
        }
    }

    pub(super) fn get_json(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.page)).unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap()
    }

    pub(super) fn status(&self) -> Value {
        self.get_json("/api/v1/devices?lang=en")[0]["status"].clone()
    }

    /// Waits until the status of the device meets the condition; returns that status.
    #[track_caller]
    pub(super) fn wait_for_status(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        wait_for(what, || {
            last = self.status();
            is_so(&last)
        });
        last
    }
}

pub(super) const ONE_POINT: &str = "{ id = \"a\", register = \"holding:0\", type = \"u16\" },";

/// Function from a request of a line, its number and the write end to what is done about it.
pub(super) type LineAnswer = fn(&[u8], usize, &mut std::fs::File);

/// Serves at the far end of a line: reads of registers (functions 3 and 4) and writes (6); the log
/// has all requests.
pub(super) fn serve_line(far: &Path, answer: LineAnswer) -> RequestLog {
    let wire = std::fs::File::options().read(true).write(true).open(far);
    let mut wire = wire.unwrap();
    let heard = RequestLog::default();
    let shared = heard.clone();
    std::thread::spawn(move || {
        let mut begin = [0; 2];
        while wire.read_exact(&mut begin).is_ok() {
            // Function 43, the identification, has a request that is a byte shorter.
            let mut asked = vec![0; if begin[1] == 0x2b { 7 } else { 8 }];
            asked[..2].copy_from_slice(&begin);
            wire.read_exact(&mut asked[2..]).unwrap();
            let turn = shared.count();
            shared.0.lock().unwrap().push(asked.clone());
            answer(&asked, turn, &mut wire);
        }
    });
    heard
}

/// The answer of a line to a read with these registers, whole with its checksum.
pub(super) fn line_reply(asked: &[u8], words: impl IntoIterator<Item = u16>) -> Vec<u8> {
    let data: Vec<u8> = words.into_iter().flat_map(u16::to_be_bytes).collect();
    let count = u8::try_from(data.len()).unwrap();
    let mut frame = vec![asked[0], asked[1], count];
    frame.extend(data);
    frame.extend(drivers::frame::crc16(&frame).to_le_bytes());
    frame
}

/// The refusal of a line with this code.
pub(super) fn line_refusal(asked: &[u8], code: u8) -> Vec<u8> {
    let mut frame = vec![asked[0], asked[1] | 0x80, code];
    frame.extend(drivers::frame::crc16(&frame).to_le_bytes());
    frame
}

/// Output of a command in a language, both streams.
pub(super) fn said_in(lang: &str, words: &[&str]) -> String {
    let mut command = pantau();
    command.args(["--lang", lang, "--log", "off"]).args(words);
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap()
}

pub(super) fn serial_bus_toml(port: &Path, more: &str) -> String {
    let port = port.display();
    format!("[[bus]]\nid = \"lan\"\nkind = \"modbus-rtu\"\nport = \"{port}\"\n{more}\n")
}

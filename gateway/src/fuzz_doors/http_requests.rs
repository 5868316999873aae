//! Bytes that anybody sends to the page's port.

use crate::api::ApiState;
use crate::clock::Clock;
use crate::config::{Config, load_config_text};
use crate::domain::UtcMs;
use crate::server::serve_http;
use crate::status::StatusBoard;
use crate::storage::Store;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{LazyLock, mpsc};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A site with a meter and a store of its own; its requests need no password, so that all routes
/// are reached.
const SITE: &str = "[site]\nid = 's'\ntimezone = 'Asia/Jakarta'\nlatitude = -3.76\n\
    longitude = 103.78\n[[bus]]\nid = 'lan'\nkind = 'modbus-tcp'\nhost = '127.0.0.1'\n\
    [[device]]\nid = 'meter'\nbus = 'lan'\nunit = 1\nevery = '10s'\n[[device.point]]\nid = 'energy'\n\
    register = 'holding:0'\ntype = 'u32'\nunit = 'kWh'\ncounter = true\n";
/// 2026-11-28T00:00:00Z.
const NOW: UtcMs = UtcMs(1_795_824_000_000);
/// Longest time in which an answer ends.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// The server, which is started by the first input.
static SERVER: LazyLock<Result<SocketAddr, String>> = LazyLock::new(|| {
    let (send, started) = mpsc::channel();
    std::thread::spawn(move || {
        let answer = run_server(&send);
        if let Err(error) = answer {
            // The other side has it already, or is gone.
            let _ = send.send(Err(error));
        }
    });
    started
        .recv()
        .unwrap_or_else(|_| Err("the server ended".to_owned()))
});

/// Serves until the process ends.
fn run_server(started: &mpsc::Sender<Result<SocketAddr, String>>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let folder = std::env::temp_dir().join(format!("pantau-http-{}", std::process::id()));
    let config = load_config_text(SITE, &folder.join("pantau.toml"), &|_| None);
    let config = config.map_err(|faults| faults.to_string())?;
    runtime.block_on(async {
        let clock = Clock::set(NOW, true);
        let store = open_store(&folder, &config, &clock)?;
        let state = ApiState::new(&config, &store, &StatusBoard::default(), &clock);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string());
        let _ = started.send(address);
        let (_keep, stop) = watch::channel(false);
        serve_http(listener, state, stop).await;
        Ok(())
    })
}

fn open_store(folder: &Path, config: &Config, clock: &Clock) -> Result<Store, String> {
    // Of an earlier run with the same number of the process.
    let _ = std::fs::remove_dir_all(folder);
    Store::open(folder, &config.site, &config.store, SITE, clock).map_err(|error| error.to_string())
}

/// Last request of a connection.
const LAST_REQUEST: &[u8] =
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Bytes of a connection. They are answered in HTTP or not at all, without a fault of the gateway's
/// own (500), and the next connection is served.
///
/// # Panics
///
/// When a promise is broken.
pub fn answer_http(input: &[u8]) {
    let answer = if is_answered_by_itself(input) {
        exchange(&[input, LAST_REQUEST].concat(), false)
    } else {
        exchange(input, true)
    };
    assert!(
        answer.as_ref().is_ok_and(|text| is_answer(text)),
        "{answer:?}"
    );
    let well = exchange(LAST_REQUEST, false);
    assert!(
        well.as_ref()
            .is_ok_and(|text| text.starts_with("HTTP/1.1 ")),
        "{well:?}"
    );
}

/// A head without a body. To anything else the server waits for more, until the other side ends;
/// and a request that is not answered yet ends with its connection.
fn is_answered_by_itself(input: &[u8]) -> bool {
    let text = String::from_utf8_lossy(input).to_lowercase();
    let has_body = ["content-length", "transfer-encoding"];
    text.contains("\r\n\r\n") && !has_body.iter().any(|name| text.contains(name))
}

/// HTTP, or nothing; several answers to several requests.
fn is_answer(text: &str) -> bool {
    let is_http = text.is_empty() || text.starts_with("HTTP/1.");
    is_http && !text.starts_with("HTTP/1.1 500")
}

/// Sends bytes, ends if it is told to, and reads the answers until the connection is closed.
fn exchange(bytes: &[u8], ends: bool) -> io::Result<String> {
    let address = SERVER
        .as_ref()
        .map_err(|error| io::Error::other(error.as_str()))?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER_MAX))?;
    // It may have answered and closed before it was sent everything.
    let _ = stream.write_all(bytes);
    if ends {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // Closed with input that nobody read.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        read => {
            read?;
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

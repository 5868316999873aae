//! Attacks of one client on the listener: half-open connections, bodies that never end, readers
//! that take nothing. A new client must be served all the same.

use super::connection_table::ConnectionTable;
use super::{BodyBudget, ListenerRoutes, guard_request_body, serve_connections};
use crate::limits::{CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX};
use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Listener with a small page, an upload and a large answer.
struct AttackedListener {
    address: SocketAddr,
    budget: BodyBudget,
    stop: watch::Sender<bool>,
}

impl AttackedListener {
    async fn start() -> Self {
        let budget = BodyBudget::default();
        let upload = |body: Bytes| async move { body.len().to_string() };
        let main = Router::new()
            .route("/", get(|| async { "well" }))
            .route("/upload", post(upload))
            .route("/large", get(|| async { "x".repeat(32 << 20) }))
            .layer(axum::middleware::from_fn_with_state(
                budget.clone(),
                guard_request_body,
            ))
            .layer(axum::extract::DefaultBodyLimit::max(8 << 20));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let routes = ListenerRoutes { main, tls: None };
        tokio::spawn(serve_connections(listener, routes, stopped));
        Self {
            address,
            budget,
            stop,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// First line of the answer to a new client's request.
    async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        first_line(&mut stream).await
    }
}

const GET: &str = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// First line that comes; empty when the connection ends without one.
async fn first_line(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 512];
    let count = stream.read(&mut bytes).await.unwrap_or(0);
    let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn half_open_connections_give_way_to_a_new_client() {
    let attacked = AttackedListener::start().await;
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS_PER_ADDRESS_MAX + 100 {
        let mut stream = attacked.connect().await;
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: l")
            .await
            .unwrap();
        held.push(stream);
    }
    assert_eq!(attacked.ask(GET).await, "HTTP/1.1 200 OK");
    let mut ended = 0;
    for stream in &mut held[..100] {
        let mut rest = [0; 64];
        let closed = tokio::time::timeout(Duration::from_millis(200), stream.read(&mut rest));
        ended += usize::from(closed.await.is_ok());
    }
    assert!(ended >= 99, "{ended} of the oldest 100 were closed");
}

#[tokio::test(start_paused = true)]
async fn a_request_head_has_ten_seconds_and_a_used_connection_a_minute() {
    let attacked = AttackedListener::start().await;
    let mut silent = attacked.connect().await;
    let mut used = attacked.connect().await;
    used.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(first_line(&mut used).await, "HTTP/1.1 200 OK");
    let from = tokio::time::Instant::now();
    assert_eq!(silent.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let silent_s = from.elapsed().as_secs();
    while used.read(&mut [0; 64]).await.unwrap_or(0) > 0 {}
    let used_s = from.elapsed().as_secs();
    assert!((9..=11).contains(&silent_s), "{silent_s}");
    assert!((55..=65).contains(&used_s), "{used_s}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up_and_its_memory_is_free_again() {
    let attacked = AttackedListener::start().await;
    let head = "POST /upload HTTP/1.1\r\nhost: l\r\ncontent-length: 4000000\r\n\r\n";
    let mut slow = attacked.connect().await;
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&[b'x'; 100_000]).await.unwrap();
    let line = first_line(&mut slow).await;
    assert_eq!(line, "HTTP/1.1 408 Request Timeout");
    assert_eq!(attacked.budget.held(), 0);
}

#[tokio::test]
async fn unfinished_bodies_hold_a_bounded_memory_and_forms_still_come_through() {
    let attacked = AttackedListener::start().await;
    let head = "POST /upload HTTP/1.1\r\nhost: l\r\ncontent-length: 8000000\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..30 {
        let mut stream = attacked.connect().await;
        stream.write_all(head.as_bytes()).await.unwrap();
        // What does not fit into the budget stays in the network.
        let piece = [b'x'; 64 << 10];
        let send = async {
            for _ in 0..110 {
                if stream.write_all(&piece).await.is_err() {
                    break;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(50), send).await;
        held.push(stream);
    }
    let most = crate::limits::BODY_BUDGET_BYTES;
    assert!(attacked.budget.held() <= most, "{}", attacked.budget.held());
    let form = "POST /upload HTTP/1.1\r\nhost: l\r\ncontent-length: 5\r\n\r\nhello";
    let answer = tokio::time::timeout(Duration::from_secs(1), attacked.ask(form)).await;
    assert_eq!(answer.unwrap(), "HTTP/1.1 200 OK");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_cut_off() {
    let attacked = AttackedListener::start().await;
    let mut slow = attacked.connect().await;
    let ask = "GET /large HTTP/1.1\r\nhost: l\r\n\r\n";
    slow.write_all(ask.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(40)).await;
    // What the kernel had taken comes, then the end: far less than the whole.
    let mut taken = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match slow.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => taken += count,
        }
    }
    assert!(taken < 32 << 20, "{taken}");
}

#[tokio::test]
async fn a_stop_ends_open_connections() {
    let attacked = AttackedListener::start().await;
    let mut idle = attacked.connect().await;
    idle.write_all(GET.as_bytes()).await.unwrap();
    assert_eq!(first_line(&mut idle).await, "HTTP/1.1 200 OK");
    attacked.stop.send(true).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        while idle.read(&mut [0; 64]).await.unwrap_or(0) > 0 {}
    });
    ended.await.unwrap();
}

#[tokio::test]
async fn places_are_given_back_and_never_exceed_their_number() {
    let table = ConnectionTable::default();
    let address = |n: usize| IpAddr::from([10, 0, (n >> 8) as u8, n as u8]);
    let places: Vec<_> = (0..2 * CONNECTIONS_MAX)
        .map(|n| table.admit(address(n)))
        .collect();
    assert!(places.iter().all(Option::is_some));
    assert_eq!(table.len(), CONNECTIONS_MAX);
    drop(places);
    assert_eq!(table.len(), 0);
    let busy: Vec<_> = (0..CONNECTIONS_MAX)
        .map(|n| {
            let place = table.admit(address(n)).unwrap();
            let guard = place.progress().begin_request();
            (place, guard)
        })
        .collect();
    // All are busy with a request: nobody is cut off, the new one is refused.
    assert!(table.admit(address(9999)).is_none());
    drop(busy);
    assert!(table.admit(address(9999)).is_some());
}

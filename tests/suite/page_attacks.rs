//! Attacks of a client of the page on a real gateway: its memory, and whether a new client is
//! served at once meanwhile.

use crate::killed::pantau;
use crate::peers::{PeerProcess, wait_for};
use crate::servers::free_port;
use crate::sites::write_config;
use crate::wizards::{run_pantau, token_header};
use gateway::limits::LONG_ANSWERS_MAX;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::site_text::SiteText;

/// Growth of memory that an attack may cause, kB.
const GROWTH_MAX_KB: u64 = 30_000;
/// The same after the check of a password, which takes 19 MB meanwhile.
const PASSWORD_GROWTH_KB: u64 = 8 * 1024;
/// Time within which a new client is served.
const SERVED_WITHIN: Duration = Duration::from_secs(1);
/// 2025-01-01 in Jakarta, milliseconds since 1970 UTC.
const YEAR_START_MS: i64 = 1_735_664_400_000;
const YEAR_MINUTES: i64 = 365 * 24 * 60;
/// Size of a photo that is just accepted.
const PHOTO_BYTES: usize = 20 << 20;

struct AttackedGateway {
    port: u16,
    /// Header of a technician's token.
    token: String,
    process: PeerProcess,
    _folder: tempfile::TempDir,
}

impl AttackedGateway {
    fn start() -> Self {
        Self::start_with(|_| {})
    }

    fn start_with(prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let site = SiteText::new("desa")
            .with(format_args!("[web]\nlisten = '127.0.0.1:{port}'"))
            .tcp_bus("lan", 9)
            .device("level", "lan", "unit = 1\nevery = '1m'")
            .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"]);
        let config = write_config(folder.path(), site);
        let token = token_header(&config);
        prepare(&config);
        let words = ["--log", "error", "run", "-c"];
        let process = PeerProcess::start(pantau().args(words).arg(&config));
        wait_for("the page", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let gateway = Self {
            port,
            token,
            process,
            _folder: folder,
        };
        assert_eq!(gateway.get("/").0, 200);
        gateway
    }

    /// Resident memory, kB.
    fn memory_kb(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    fn open_files(&self) -> usize {
        let path = format!("/proc/{}/fd", self.process.id());
        std::fs::read_dir(path).unwrap().count()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let limit = Some(Duration::from_secs(30));
        stream.set_read_timeout(limit).unwrap();
        stream
    }

    /// A connection on which these bytes were sent.
    fn send(&self, text: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    fn get_head(&self, path: &str) -> String {
        format!(
            "GET {path} HTTP/1.0\r\nHost: localhost\r\n{}\r\n",
            self.token
        )
    }

    /// Head of an upload of so many bytes.
    fn upload_head(&self, bytes: usize) -> String {
        format!(
            "POST /api/v1/ledger/attachments?name=nota.jpg HTTP/1.0\r\nHost: localhost\r\n\
             Accept-Language: id\r\nContent-Type: application/octet-stream\r\n{}\
             Content-Length: {bytes}\r\n\r\n",
            self.token
        )
    }

    /// Status and body of an answer.
    fn get(&self, path: &str) -> (u16, String) {
        read_answer(self.send(&self.get_head(path)))
    }

    /// A new client is served within a second, and health tells the truth.
    fn assert_served(&self, path: &str) {
        let (status, text) = self.get("/healthz");
        assert!(status == 200 && text.contains("\"ok\""), "{status} {text}");
        // The best of three: other tests run on the same machine.
        let took = (0..3).map(|_| {
            let from = tokio::time::Instant::now();
            let (status, text) = self.get(path);
            assert_eq!(status, 200, "{path}: {text}");
            from.elapsed()
        });
        let took = took.min().unwrap();
        assert!(took < SERVED_WITHIN, "{path}: {took:?}");
    }

    fn assert_memory_since(&self, before: u64) {
        let after = self.memory_kb();
        assert!(
            after < before + GROWTH_MAX_KB,
            "{before} kB, then {after} kB"
        );
    }
}

fn read_answer(mut stream: TcpStream) -> (u16, String) {
    let mut bytes = Vec::new();
    // A connection that is reset has its answer before.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or(0), body.to_owned())
}

/// A photo; each number gives another one.
fn photo(number: u8) -> Vec<u8> {
    let mut bytes = vec![number; PHOTO_BYTES];
    bytes[0] = 0xff;
    bytes
}

#[test]
fn sixty_slow_readers_of_a_year_do_not_block_a_plot() {
    let gateway = AttackedGateway::start_with(|config| {
        let mut rows = "time,value\n".to_owned();
        for minute in 0..YEAR_MINUTES {
            let at = jiff::Timestamp::from_millisecond(YEAR_START_MS + minute * 60_000).unwrap();
            let _ = writeln!(rows, "{at},{}", 1 + minute % 7);
        }
        let file = config.with_file_name("year.csv");
        std::fs::write(&file, rows).unwrap();
        let words = ["import", "--point", "level.level", file.to_str().unwrap()];
        let output = run_pantau(config, &words);
        assert!(output.status.success(), "{output:?}");
    });
    let range = format!(
        "from={YEAR_START_MS}&to={}",
        YEAR_START_MS + YEAR_MINUTES * 60_000
    );
    let year = format!("/api/v1/samples?point=level.level&{range}");
    let (status, text) = gateway.get(&year);
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    let columns = ["t", "v", "q"].map(|name| whole[name].as_array().unwrap().len());
    assert_eq!(
        (status, columns),
        (200, [usize::try_from(YEAR_MINUTES).unwrap(); 3])
    );
    drop((text, whole));
    let before = gateway.memory_kb();
    let ask = gateway.get_head(&year).replace("HTTP/1.0", "HTTP/1.1");
    let mut slow: Vec<TcpStream> = (0..60).map(|_| gateway.send(&ask)).collect();
    gateway.assert_served(&format!("{year}&step=1d"));
    // All of them have begun; none of them takes more.
    std::thread::sleep(Duration::from_secs(3));
    gateway.assert_served(&format!("{year}&step=1d"));
    gateway.assert_memory_since(before);
    // A further one is served too, or told at once that it has to come again.
    let mut head = [0; 12];
    slow[LONG_ANSWERS_MAX].read_exact(&mut head).unwrap();
    if &head == b"HTTP/1.1 200" {
        // One had to give way: its answer is not complete, and it can see that.
        let mut first = slow.drain(..LONG_ANSWERS_MAX);
        assert!(first.any(|stream| !read_answer(stream).1.ends_with("0\r\n\r\n")));
    } else {
        assert_eq!(&head, b"HTTP/1.1 503");
    }
}

#[test]
fn twenty_uploads_and_downloads_at_once_need_little_memory() {
    let gateway = AttackedGateway::start();
    let before = gateway.memory_kb();
    let upload = |number: u8| {
        let mut stream = gateway.send(&gateway.upload_head(PHOTO_BYTES));
        stream.write_all(&photo(number)).unwrap();
        let (status, text) = read_answer(stream);
        assert_eq!(status, 201, "{text}");
        let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
        kept["sha256"].as_str().unwrap().to_owned()
    };
    let upload = &upload;
    let hashes: Vec<String> = std::thread::scope(|threads| {
        let tasks: Vec<_> = (0..20).map(|n| threads.spawn(move || upload(n))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    gateway.assert_memory_since(before);
    std::thread::scope(|threads| {
        for (number, hash) in (0..20).zip(&hashes) {
            let gateway = &gateway;
            threads.spawn(move || {
                let path = format!("/api/v1/ledger/attachments/{hash}");
                let ask = gateway.get_head(&path);
                let mut answer = Vec::new();
                gateway.send(&ask).read_to_end(&mut answer).unwrap();
                assert!(
                    answer.ends_with(&photo(number)),
                    "{number}: {} bytes",
                    answer.len()
                );
            });
        }
    });
    gateway.assert_memory_since(before);
    gateway.assert_served("/");
}

#[test]
fn the_check_of_a_password_gives_its_memory_back() {
    let gateway = AttackedGateway::start_with(|config| {
        let file = config.with_file_name("sandi");
        std::fs::write(&file, "pompa air desa 5").unwrap();
        let words = ["user", "add", "siti", "--role", "admin", "--password-file"];
        let output = run_pantau(config, &[&words[..], &[file.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{output:?}");
    });
    let form = "nama=siti&sandi=salah+sekali";
    let ask = format!(
        "POST /masuk HTTP/1.0\r\nHost: localhost\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let before = gateway.memory_kb();
    for _ in 0..3 {
        let (status, text) = read_answer(gateway.send(&ask));
        assert_eq!(status, 403, "{text}");
    }
    let after = gateway.memory_kb();
    assert!(
        after < before + PASSWORD_GROWTH_KB,
        "{before} kB, then {after} kB"
    );
}

#[test]
fn ten_large_photos_in_forms_at_once_need_little_memory() {
    const BOUNDARY: &str = "----foto";
    let gateway = AttackedGateway::start();
    let before = gateway.memory_kb();
    let field = |name: &str, value: &str| {
        format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    };
    let send = |number: u8| {
        let mut body = field("key", &format!("foto-{number}")).into_bytes();
        for (name, value) in [("indicator", "bsf-fed"), ("day", "today"), ("who", "Siti")] {
            body.extend(field(name, value).into_bytes());
        }
        body.extend(field("quantity", &(10 + number).to_string()).into_bytes());
        body.extend(
            field("photo\"; filename=\"foto.jpg", "")
                .trim_end()
                .as_bytes(),
        );
        body.extend(b"\r\n\r\n");
        body.extend(photo(number));
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
        let head = format!(
            "POST /catat HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n{}\
             Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\
             Content-Length: {}\r\n\r\n",
            gateway.token,
            body.len()
        );
        let mut stream = gateway.send(&head);
        stream.write_all(&body).unwrap();
        let (status, text) = read_answer(stream);
        assert_eq!(status, 201, "{text}");
    };
    let send = &send;
    std::thread::scope(|threads| {
        for number in 0..10 {
            threads.spawn(move || send(number));
        }
    });
    gateway.assert_memory_since(before);
}

#[test]
fn a_photo_that_is_too_large_is_refused_in_words_before_all_of_it_has_come() {
    let gateway = AttackedGateway::start();
    let before = gateway.memory_kb();
    let mut stream = gateway.send(&gateway.upload_head(50 << 20));
    // The refusal comes while the photo is still on its way.
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.0 413");
    let piece = vec![7; 1 << 20];
    for _ in 0..50 {
        stream.write_all(&piece).unwrap();
    }
    let (_, text) = read_answer(stream);
    assert!(text.contains("paling banyak 20 MB"), "{text}");
    gateway.assert_memory_since(before);
}

#[test]
fn unfinished_bodies_and_half_open_connections_need_little_memory() {
    let gateway = AttackedGateway::start();
    let before = gateway.memory_kb();
    let ledger = format!(
        "POST /api/v1/ledger HTTP/1.1\r\nHost: localhost\r\n{}\
         Content-Type: application/json\r\nContent-Length: 8000000\r\n\r\n",
        gateway.token
    );
    let mut streams = Vec::new();
    for number in 0..30 {
        let head = if number % 2 == 0 {
            ledger.clone()
        } else {
            gateway.upload_head(PHOTO_BYTES)
        };
        let stream = gateway.send(&head);
        stream.set_nonblocking(true).unwrap();
        // As much as is taken at once.
        let piece = vec![b' '; 64 << 10];
        let mut stream = stream;
        for _ in 0..110 {
            if stream.write(&piece).is_err() {
                break;
            }
        }
        streams.push(stream);
    }
    gateway.assert_served("/");
    gateway.assert_memory_since(before);
    streams.extend((0..200).map(|_| gateway.send("GET / HTTP/1.1\r\nHost: loc")));
    gateway.assert_served("/");
    gateway.assert_memory_since(before);
}

#[test]
fn with_file_descriptors_used_up_health_and_reports_still_tell_the_truth() {
    let gateway = AttackedGateway::start();
    let most = gateway.open_files() + 12;
    let limit = Command::new("prlimit")
        .args([
            format!("--pid={}", gateway.process.id()),
            format!("--nofile={most}:{most}"),
        ])
        .status();
    assert!(limit.unwrap().success());
    let _held: Vec<TcpStream> = (0..60).map(|_| gateway.connect()).collect();
    std::thread::sleep(Duration::from_millis(300));
    gateway.assert_served("/");
    let (status, report) = gateway.get("/api/v1/reports/2025-11.json");
    assert!(
        status == 200 && report.contains("Asia/Jakarta"),
        "{status} {report}"
    );
}

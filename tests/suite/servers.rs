//! Real brokers and databases for tests, each on its own ports and in its own folder, and a
//! database that follows a script.

use flate2::read::GzDecoder;
use std::io::Read as _;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// Longest wait before a test fails.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(90);

/// Waits until `done` says so.
pub(crate) async fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let wait = async {
        while !done() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(WAIT_MAX, wait).await.is_ok(), "never came: {what}");
}

/// Returns a free port.
pub(crate) fn free_port() -> u16 {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

pub(crate) async fn wait_for_port(port: u16) {
    let wait = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .is_err()
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(
        timeout(WAIT_MAX, wait).await.is_ok(),
        "nobody listens on {port}"
    );
}

/// Server process, killed with the test.
pub(crate) struct ServerProcess(Child);

impl ServerProcess {
    #[track_caller]
    pub(crate) fn start(package: &str, command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|why| panic!("{command:?}: {why}: apt install {package}")))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Mosquitto broker that writes to disk before it acknowledges.
pub(crate) struct MosquittoBroker {
    pub(crate) port: u16,
    folder: TempDir,
    running: Option<ServerProcess>,
}

impl MosquittoBroker {
    /// Starts it on a free port, with more lines of configuration.
    pub(crate) async fn start(more: &str) -> Self {
        let mut broker = Self {
            port: free_port(),
            folder: tempfile::tempdir().unwrap(),
            running: None,
        };
        let folder = broker.folder.path().display();
        // The queue is unlimited: a subscriber that is behind would otherwise lose messages at the
        // broker. Started by root, mosquitto would change to a user who cannot write this folder.
        let port = broker.port;
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n\
             persistence_location {folder}/\nautosave_on_changes true\nautosave_interval 1\n\
             max_queued_messages 0\nuser root\n{more}\n"
        );
        std::fs::write(broker.file("mosquitto.conf"), text).unwrap();
        broker.start_process().await;
        broker
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) async fn start_process(&mut self) {
        let mut command = Command::new("mosquitto");
        command.arg("-c").arg(self.file("mosquitto.conf"));
        self.running = Some(ServerProcess::start(
            "mosquitto",
            command.stdout(Stdio::null()),
        ));
        wait_for_port(self.port).await;
    }

    /// Makes it read its access list again (SIGHUP).
    pub(crate) fn reload(&self) {
        let id = self.running.as_ref().unwrap().0.id().to_string();
        let told = Command::new("kill").args(["-HUP", &id]).status();
        assert!(told.unwrap().success());
    }

    /// Kills it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    /// Stops it with SIGTERM and waits for its end.
    pub(crate) fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let id = running.0.id().to_string();
            assert!(Command::new("kill").arg(id).status().unwrap().success());
            running.0.wait().unwrap();
        }
    }
}

/// Topic of the retained message that shows that a subscriber is listening.
const GREETING: &str = "pantau/greeting";

/// `mosquitto_sub` with a persistent session; it writes received messages into a file.
pub(crate) struct MqttSubscriber {
    file: PathBuf,
    _running: ServerProcess,
}

impl MqttSubscriber {
    /// Subscribes to everything of Pantau; `more` are further arguments. It listens when this
    /// returns: it has heard a retained greeting, so that nothing published from now on is missed.
    pub(crate) async fn start(port: u16, folder: &Path, more: &[&str]) -> Self {
        let mut greeting = Command::new("mosquitto_pub");
        greeting
            .args(["-h", "127.0.0.1", "-q", "1", "-r", "-t", GREETING])
            .args(["-m", "{}", "-p"])
            .arg(port.to_string())
            .args(more);
        let greeted = greeting.status().expect("apt install mosquitto-clients");
        assert!(greeted.success(), "the broker takes no greeting");
        // A persistent session (-c, -i) gets what came while the broker was away; the short
        // keepalive (-k) makes a killed broker noticed.
        let file = folder.join("heard");
        let out = std::fs::File::create(&file).unwrap();
        let mut command = Command::new("mosquitto_sub");
        command
            .args([
                "-h",
                "127.0.0.1",
                "-q",
                "1",
                "-c",
                "-i",
                "counter",
                "-k",
                "5",
            ])
            .args(["-t", "pantau/#", "-F", "%t %r %p", "-p"])
            .arg(port.to_string())
            .args(more)
            .stdout(out);
        let running = ServerProcess::start("mosquitto-clients", &mut command);
        let ears = Self {
            file,
            _running: running,
        };
        let greeted = || ears.messages().iter().any(|(topic, ..)| topic == GREETING);
        wait_until("the subscriber listens", greeted).await;
        ears
    }

    /// Returns the received messages as topic, retained flag and payload.
    pub(crate) fn messages(&self) -> Vec<(String, bool, serde_json::Value)> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        // The last line may be only half written.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let parse = |line: &str| {
            let mut parts = line.splitn(3, ' ');
            let topic = parts.next()?.to_owned();
            let retained = parts.next()? == "1";
            Some((topic, retained, serde_json::from_str(parts.next()?).ok()?))
        };
        whole.lines().map(|line| parse(line).unwrap()).collect()
    }

    /// Returns the received `seq` numbers in order of arrival.
    pub(crate) fn seqs(&self) -> Vec<u64> {
        let heard = self.messages();
        heard
            .iter()
            .filter_map(|(_, _, payload)| payload["seq"].as_u64())
            .collect()
    }

    /// Returns the last state message of the site.
    pub(crate) fn last_state(&self) -> Option<String> {
        let heard = self.messages();
        let last = heard
            .iter()
            .rfind(|(topic, ..)| topic.ends_with("/state"))?;
        last.2["state"].as_str().map(str::to_owned)
    }
}

/// A stream of `seq`s as a consumer must see it: nothing is missing, and what comes for the first
/// time comes in order.
#[track_caller]
pub(crate) fn assert_seqs_complete(seqs: &[u64], last: u64) {
    let mut next = 1;
    for &seq in seqs {
        assert!(seq <= next, "{seq} came before {next}");
        next += u64::from(seq == next);
    }
    assert_eq!(next, last + 1, "missing at the end");
}

/// InfluxDB 1.6, which knows `/write?db=` only, behind nginx, which turns v2 writes into that.
pub(crate) struct InfluxServer {
    pub(crate) port: u16,
    pub(crate) proxy: u16,
    _folder: TempDir,
    _running: [ServerProcess; 2],
}

impl InfluxServer {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// The proxy speaks TLS.
    pub(crate) async fn start_behind_tls(TestCertificate { cert, key }: &TestCertificate) -> Self {
        let (cert, key) = (cert.display(), key.display());
        Self::start_with(&format!(
            "ssl_certificate {cert}; ssl_certificate_key {key};"
        ))
        .await
    }

    async fn start_with(tls: &str) -> Self {
        let (port, rpc, proxy) = (free_port(), free_port(), free_port());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display();
        let text = format!(
            "reporting-disabled = true\nbind-address = \"127.0.0.1:{rpc}\"\n\
             [meta]\ndir = \"{path}/meta\"\n\
             [data]\ndir = \"{path}/data\"\nwal-dir = \"{path}/wal\"\n\
             [http]\nbind-address = \"127.0.0.1:{port}\"\n[monitor]\nstore-enabled = false\n"
        );
        let config = folder.path().join("influx.conf");
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new("influxd");
        command.arg("-config").arg(config).stdout(Stdio::null());
        let database = ServerProcess::start("influxdb", &mut command);
        wait_for_port(port).await;
        http_body(port, "/query?q=CREATE+DATABASE+pantau", "POST").await;
        let nginx = start_nginx(folder.path(), proxy, port, tls);
        wait_for_port(proxy).await;
        Self {
            port,
            proxy,
            _folder: folder,
            _running: [database, nginx],
        }
    }
}

fn start_nginx(folder: &Path, port: u16, onto: u16, tls: &str) -> ServerProcess {
    let path = folder.display();
    let temps: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {path}/{name};\n"))
        .concat();
    let ssl = if tls.is_empty() { "" } else { " ssl" };
    let text = format!(
        "daemon off; master_process off; pid {path}/pid; error_log {path}/error;\n\
         events {{}}\nhttp {{ access_log off; {temps}\n\
         server {{ listen 127.0.0.1:{port}{ssl}; {tls}\n\
         location /base/api/v2/write {{\n\
         if ($http_authorization != \"Token secret\") {{ return 401; }}\n\
         rewrite ^ /write?db=pantau break;\n\
         proxy_pass http://127.0.0.1:{onto}; proxy_set_header Authorization \"\"; }} }} }}\n"
    );
    let config = folder.join("nginx.conf");
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new("nginx");
    command.arg("-c").arg(config).arg("-p").arg(folder);
    ServerProcess::start("nginx-light", command.stdout(Stdio::null()))
}

/// Self-signed certificate for `localhost`.
pub(crate) struct TestCertificate {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// Creates a certificate in this folder.
pub(crate) fn make_certificate(folder: &Path) -> TestCertificate {
    let named = ["-addext", "subjectAltName=DNS:localhost"];
    let own = ["-addext", "basicConstraints=critical,CA:FALSE"];
    make_certificate_with(folder, &[named, own].concat())
}

/// Creates a certificate in this folder as `openssl req -x509` makes it with these options: without
/// any, one of an authority that names no host.
pub(crate) fn make_certificate_with(folder: &Path, options: &[&str]) -> TestCertificate {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let mut command = Command::new("openssl");
    command
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
        ])
        .args(["-subj", "/CN=localhost"])
        .args(options)
        .arg("-out")
        .arg(&cert)
        .arg("-keyout")
        .arg(&key)
        .stderr(Stdio::null());
    let made = command.status();
    assert!(made.expect("apt install openssl").success());
    TestCertificate { cert, key }
}

/// Returns the body of an HTTP response.
pub(crate) async fn http_body(port: u16, path: &str, method: &str) -> String {
    http_response(port, path, method).await.1
}

/// Returns the head and the body of an HTTP response.
pub(crate) async fn http_response(port: u16, path: &str, method: &str) -> (String, String) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .unwrap();
    let request = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Response of a scripted database to a write.
pub(crate) struct DatabaseAnswer {
    pub(crate) status: u16,
    /// Further header lines, each with its line end.
    pub(crate) headers: &'static str,
    pub(crate) body: &'static str,
}

/// Response to an accepted write.
pub(crate) const STORED_ANSWER: DatabaseAnswer = DatabaseAnswer {
    status: 204,
    headers: "",
    body: "",
};

/// Database whose script decides the response to each write; `None` is no response.
pub(crate) struct ScriptedDatabase {
    pub(crate) port: u16,
    /// Lines of every write that was answered with 204, in order.
    pub(crate) stored: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for ScriptedDatabase {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ScriptedDatabase {
    /// Starts it; the script gets the number of the write, from 0, and its lines.
    pub(crate) async fn start(
        script: impl Fn(usize, &[&str]) -> Option<DatabaseAnswer> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stored: Arc<Mutex<Vec<String>>> = Arc::default();
        let shared = (
            Arc::new(script),
            Arc::clone(&stored),
            Arc::new(Mutex::new(0)),
        );
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, stored, count) = shared.clone();
                open.spawn(async move {
                    let mut stream = stream;
                    while let Some(body) = read_write(&mut stream).await {
                        let lines: Vec<&str> = body.lines().collect();
                        let number = {
                            let mut count = count.lock().unwrap();
                            *count += 1;
                            *count - 1
                        };
                        let Some(answer) = script(number, &lines) else {
                            // The connection stays open: a closed one would be another fault than
                            // no answer.
                            sleep(WAIT_MAX).await;
                            return;
                        };
                        if answer.status == 204 {
                            let lines = lines.iter().map(|&line| line.to_owned());
                            stored.lock().unwrap().extend(lines);
                        }
                        stream
                            .write_all(response_text(&answer).as_bytes())
                            .await
                            .unwrap();
                    }
                });
            }
        });
        Self { port, stored, task }
    }
}

fn response_text(answer: &DatabaseAnswer) -> String {
    let DatabaseAnswer {
        status,
        headers,
        body,
    } = answer;
    let length = match status {
        204 => String::new(),
        _ => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("HTTP/1.1 {status} X\r\n{length}{headers}\r\n{body}")
}

/// One request's unpacked body; `None` when the connection has ended. What Pantau must send is
/// checked.
async fn read_write(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let header = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(": "));
        fields.find_map(|(n, value)| n.eq_ignore_ascii_case(name).then(|| value.to_owned()))
    };
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("POST /base/api/v2/write?bucket=b&org=o&precision=ms "),
        "{first}"
    );
    assert_eq!(header("authorization").as_deref(), Some("Token secret"));
    assert_eq!(header("content-encoding").as_deref(), Some("gzip"));
    let length: usize = header("content-length").unwrap().parse().unwrap();
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
    let mut body = String::new();
    GzDecoder::new(&bytes[head + 4..])
        .read_to_string(&mut body)
        .unwrap();
    Some(body)
}

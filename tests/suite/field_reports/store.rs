//! Fault reports about storage: clocks, disks, damaged files.

use crate::killed::pantau;
use crate::peers::{PeerProcess, wait_for};
use crate::servers::{
    MosquittoBroker, MqttSubscriber, assert_seqs_complete, free_port, http_body, wait_until,
};
use crate::small_disk::SmallDisk;
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tests::site_text::SiteText;

/// A site with one device, read and kept ten times a second.
pub(super) struct OneDeviceSite {
    folder: tempfile::TempDir,
    pub(super) config: PathBuf,
    pub(super) page: u16,
    _device: PeerProcess,
}

impl OneDeviceSite {
    /// The store is in `store` of this folder, or where `store` says.
    pub(super) fn new(store: Option<&Path>) -> Self {
        Self::with(store, "")
    }

    /// The same, with more tables in its file.
    pub(super) fn with(store: Option<&Path>, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (device, page) = (free_port(), free_port());
        let home = folder.path().join("store");
        let site = SiteText::new("one")
            .store(store.unwrap_or(&home))
            .with(format_args!(
                "flush = '100ms'\n[web]\nlisten = '127.0.0.1:{page}'\n{more}"
            ))
            .tcp_bus("lan", device)
            .device("tank", "lan", "unit = 1\nevery = '100ms'")
            .points(["{ id = 'level', register = 'holding:0', type = 'u16', unit = 'm' }"]);
        let config = folder.path().join("pantau.toml");
        std::fs::write(&config, site.text()).unwrap();
        let simulator = PeerProcess::start(
            pantau()
                .arg("simulate")
                .arg("-c")
                .arg(&config)
                .stdout(Stdio::null()),
        );
        wait_for("the device", || {
            std::net::TcpStream::connect(("127.0.0.1", device)).is_ok()
        });
        Self {
            folder,
            config,
            page,
            _device: simulator,
        }
    }

    pub(super) fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// Checks that nothing of what was numbered is missing after a further start.
    pub(super) async fn assert_all_exported(&self) {
        let gateway = self.start().await;
        let last = self.durable_seq().await;
        gateway.terminate();
        let rows = self.exported_rows();
        assert!(rows >= last, "{rows} of {last}");
    }

    pub(super) async fn start(&self) -> PeerProcess {
        self.start_by(pantau()).await
    }

    /// Starts it by a command that ends with the program.
    pub(super) async fn start_by(&self, mut command: Command) -> PeerProcess {
        command
            .args(["--log", "off", "run", "-c"])
            .arg(&self.config);
        let gateway = PeerProcess::start(&mut command);
        let page = self.page;
        wait_until("the page", || {
            std::net::TcpStream::connect(("127.0.0.1", page)).is_ok()
        })
        .await;
        gateway
    }

    /// Starts it with its log in a file.
    pub(super) async fn start_logged(&self, log: &Path) -> PeerProcess {
        let file = std::fs::File::create(log).unwrap();
        let mut command = pantau();
        command.stderr(file.try_clone().unwrap()).stdout(file);
        command.args(["run", "-c"]).arg(&self.config);
        let gateway = PeerProcess::start(&mut command);
        let page = self.page;
        wait_until("the page", || {
            std::net::TcpStream::connect(("127.0.0.1", page)).is_ok()
        })
        .await;
        gateway
    }

    pub(super) fn run(&self, words: &[&str]) -> Output {
        let mut command = pantau();
        command.args(["--lang", "en", "--log", "off"]).args(words);
        command.arg("-c").arg(&self.config).output().unwrap()
    }

    pub(super) async fn health(&self) -> Value {
        serde_json::from_str(&http_body(self.page, "/healthz", "GET").await).unwrap()
    }

    /// The last number that is on disk.
    pub(super) async fn durable_seq(&self) -> u64 {
        let text = http_body(self.page, "/metrics", "GET").await;
        let mut lines = text.lines();
        let seq = lines.find_map(|line| line.strip_prefix("pantau_store_durable_seq "));
        seq.unwrap().split('.').next().unwrap().parse().unwrap()
    }

    pub(super) async fn wait_durable_above(&self, seq: u64) {
        wait_for_condition(async || self.durable_seq().await > seq).await;
    }

    /// Waits for this health status; returns the reason given with it.
    pub(super) async fn wait_for_health(&self, status: &str) -> String {
        wait_for_condition(async || self.health().await["status"] == status).await;
        self.health().await["why"].to_string()
    }

    /// Rows that `export` gives without a running gateway.
    fn exported_rows(&self) -> u64 {
        let output = self.run(&["export", "--point", "tank.level"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap().lines().count() as u64 - 1
    }
}

/// Waits until the gateway says so.
pub(super) async fn wait_for_condition(mut is_so: impl AsyncFnMut() -> bool) {
    let all = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::servers::WAIT_MAX, all)
        .await
        .expect("it is not so in time");
}

/// A file system on a loop device, which can be made to hang; gone with the test.
struct HangingDisk(PathBuf);

impl HangingDisk {
    fn new(scratch: &Path) -> Self {
        let (image, at) = (scratch.join("image"), scratch.join("disk"));
        std::fs::create_dir_all(&at).unwrap();
        let file = std::fs::File::create(&image).unwrap();
        file.set_len(32 << 20).unwrap();
        let run = |command: &mut Command| {
            let done = command.output().unwrap();
            assert!(done.status.success(), "{command:?}: {done:?}");
        };
        run(Command::new("mkfs.ext4").arg("-q").arg(&image));
        let mut mount = Command::new("mount");
        run(mount.args(["-o", "loop"]).arg(&image).arg(&at));
        Self(at)
    }

    /// From now on no write comes back, until the answer is dropped.
    fn freeze(&self) -> FrozenDisk<'_> {
        let done = Command::new("fsfreeze").arg("-f").arg(&self.0).status();
        assert!(done.unwrap().success());
        FrozenDisk(&self.0)
    }
}

impl Drop for HangingDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A disk that hangs; it answers again when this is dropped, since a program that waits for it can
/// neither end nor be killed.
struct FrozenDisk<'d>(&'d Path);

impl Drop for FrozenDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("fsfreeze").arg("-u").arg(self.0).status();
    }
}

#[tokio::test]
async fn a_disk_that_hangs_is_said_within_a_minute_and_loses_no_reading() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = HangingDisk::new(scratch.path());
    let broker = MosquittoBroker::start("").await;
    let ears = MqttSubscriber::start(broker.port, scratch.path(), &[]).await;
    let more = format!("[mqtt]\nurl = 'mqtt://127.0.0.1:{}'", broker.port);
    let site = OneDeviceSite::with(Some(&disk.0.join("store")), &more);
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    let said_disk = || {
        let heard = ears.messages();
        let state = heard.iter().rfind(|(topic, ..)| topic.ends_with("/state"));
        state.map(|(_, _, state)| state["disk"].clone())
    };
    wait_until("the state is heard", || said_disk() == Some("ok".into())).await;
    let frozen = disk.freeze();
    let hung = tokio::time::Instant::now();
    // A reload would stop what says so, and lose the readings that wait: it is refused.
    let mut reload = std::process::Command::new("kill");
    let asked = reload.args(["-HUP", &gateway.id().to_string()]).status();
    assert!(asked.unwrap().success());
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("has not answered"), "{why}");
    wait_until("MQTT says it", || said_disk() == Some("hung".into())).await;
    assert!(hung.elapsed() < std::time::Duration::from_mins(1));
    assert_eq!(ears.last_state().as_deref(), Some("online"));
    // The page and the numbers come without the disk.
    let page = http_body(site.page, "/?lang=en", "GET").await;
    assert!(page.contains("check the SD card or disk"), "{page}");
    let health = http_body(site.page, "/health?lang=en", "GET").await;
    assert!(health.contains("has not answered for"), "{health}");
    let numbers = http_body(site.page, "/metrics", "GET").await;
    assert!(numbers.contains("pantau_store_stuck_seconds"), "{numbers}");
    drop(frozen);
    site.wait_for_health("ok").await;
    site.wait_durable_above(site.durable_seq().await + 5).await;
    wait_until("MQTT takes it back", || said_disk() == Some("ok".into())).await;
    let last = site.durable_seq().await;
    wait_until("all is delivered", || ears.seqs().last() >= Some(&last)).await;
    gateway.terminate();
    assert_seqs_complete(&ears.seqs(), *ears.seqs().last().unwrap());
    site.assert_all_exported().await;
}

#[tokio::test]
async fn a_disk_that_others_have_filled_takes_readings_from_its_reserve_and_loses_none() {
    let scratch = tempfile::tempdir().unwrap();
    // Room for the database and its preallocated log; the rest is what others fill.
    let disk = SmallDisk::new(&scratch.path().join("disk"), "12m");
    let site = OneDeviceSite::new(Some(&disk.0));
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    disk.fill();
    let before = site.durable_seq().await;
    // Two seconds of readings: all of them go into the space that the log holds in reserve.
    site.wait_durable_above(before + 20).await;
    let health = site.health().await;
    assert_eq!(health["status"], "ok");
    let notes = health["notes"].to_string();
    assert!(notes.contains("no free room"), "{notes}");
    let page = http_body(site.page, "/?lang=id", "GET").await;
    assert!(page.contains("cadangan tempat yang kecil"), "{page}");
    // Killed on the full disk; then the disk gets room again.
    drop(gateway);
    let gateway = site.start().await;
    let kept = site.durable_seq().await;
    assert!(kept > before + 20);
    disk.remove_filler();
    site.wait_durable_above(kept + 5).await;
    gateway.terminate();
    site.assert_all_exported().await;
}

#[tokio::test]
async fn a_disk_too_small_for_the_reserve_is_said_and_readings_wait_in_memory() {
    let scratch = tempfile::tempdir().unwrap();
    // Below the reserve that the log is grown to, so the store fails from the first flush.
    let disk = SmallDisk::new(&scratch.path().join("disk"), "128k");
    let site = OneDeviceSite::new(Some(&disk.0));
    let gateway = site.start().await;
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("full"), "{why}");
    disk.grow("12m");
    site.wait_for_health("ok").await;
    site.wait_durable_above(20).await;
    gateway.terminate();
    site.assert_all_exported().await;
}

#[tokio::test]
async fn a_gateway_that_starts_on_a_full_disk_says_so_and_readings_wait_in_memory() {
    let scratch = tempfile::tempdir().unwrap();
    let disk = SmallDisk::new(&scratch.path().join("disk"), "24m");
    let site = OneDeviceSite::new(Some(&disk.0));
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    gateway.terminate();
    // The reserve that the log holds is used up, too.
    std::fs::remove_file(disk.0.join("pantau.db-wal")).unwrap();
    disk.fill();
    let gateway = site.start().await;
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("full"), "{why}");
    let before = site.durable_seq().await;
    disk.remove_filler();
    site.wait_for_health("ok").await;
    site.wait_durable_above(before + 5).await;
    gateway.terminate();
    site.assert_all_exported().await;
}

#[tokio::test]
async fn a_store_removed_under_the_gateway_is_said_and_its_numbers_are_not_used_again() {
    let site = OneDeviceSite::new(None);
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    std::fs::remove_file(site.store().join("pantau.db")).unwrap();
    let why = site.wait_for_health("failing").await;
    assert!(why.contains("pantau.db was removed"), "{why}");
    let last = site.durable_seq().await;
    gateway.terminate();
    // All of it was saved under a name of its own.
    let kept = std::fs::read_dir(site.store()).unwrap().flatten();
    let rescued: Vec<_> = kept
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.starts_with("pantau.db.rescued-"))
        .collect();
    assert_eq!(rescued.len(), 1, "{rescued:?}");
    let gateway = site.start().await;
    site.wait_durable_above(0).await;
    // A new file begins far above the old numbers: a sink that has seen the old ones must not take
    // new readings for them.
    assert!(site.durable_seq().await > last + 1000, "numbers begin anew");
    assert_eq!(site.health().await["status"], "ok");
    let notes = site.health().await["notes"].to_string();
    assert!(notes.contains(&rescued[0]), "{notes}");
    for (lang, words) in [("en", "was gone"), ("id", "tidak ada lagi")] {
        let health = http_body(site.page, &format!("/health?lang={lang}"), "GET").await;
        assert!(
            health.contains(words) && health.contains(&rescued[0]),
            "{health}"
        );
    }
    gateway.terminate();
}

/// Standard error of a gateway that cannot start.
fn failed_start(site: &OneDeviceSite, lang: &str) -> String {
    let mut command = pantau();
    command.args(["--lang", lang, "--log", "off", "run", "-c"]);
    let output = command.arg(&site.config).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_start_that_fails_says_what_to_do_in_both_languages() {
    let taken = OneDeviceSite::new(None);
    let listener = std::net::TcpListener::bind(("127.0.0.1", taken.page)).unwrap();
    let own = std::process::id().to_string();
    for (lang, words) in [("en", "choose another port"), ("id", "pilih port lain")] {
        let said = failed_start(&taken, lang);
        assert!(said.contains(words) && said.contains(&own), "{said}");
        assert!(said.contains("[web]"), "{said}");
    }
    drop(listener);
}

#[tokio::test]
async fn a_command_says_that_there_is_no_store_where_no_disk_is_mounted() {
    let place = tempfile::tempdir().unwrap();
    let site = OneDeviceSite::new(Some(&place.path().join("pantau")));
    let entry = ["ledger", "add", "bsf-maggot", "12.5", "kg", "--who", "Siti"];
    let output = site.run(&entry);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("there is no store yet"), "{said}");
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
}

/// Flips a bit in the text of the table of digests, in the file itself.
fn flip_digest_bit(store: &Path) {
    let file = store.join("pantau.db");
    // The write-ahead log is merged into the file first.
    let script = "import sqlite3, sys\n\
        sqlite3.connect(sys.argv[1]).execute('PRAGMA wal_checkpoint(TRUNCATE)')";
    let done = Command::new("python3")
        .args(["-c", script])
        .arg(&file)
        .status();
    assert!(done.unwrap().success());
    let mut bytes = std::fs::read(&file).unwrap();
    let text = b"CREATE TABLE digest(";
    let at = bytes.windows(text.len()).position(|words| words == text);
    // Byte 13 is in the name of the table, so SQLite still opens the file but finds no table
    // `digest`.
    bytes[at.unwrap() + 13] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

type FolderSnapshot = BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)>;

fn snapshot_files(folder: &Path) -> FolderSnapshot {
    let file = |entry: std::fs::DirEntry| {
        let (path, about) = (entry.path(), entry.metadata().unwrap());
        let bytes = std::fs::read(&path).unwrap_or_default();
        (path, (bytes, about.modified().unwrap()))
    };
    std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(file)
        .collect()
}

#[tokio::test]
async fn no_command_but_run_mends_a_damaged_store_and_each_says_what_is_wrong() {
    let site = OneDeviceSite::new(None);
    let gateway = site.start().await;
    site.wait_durable_above(5).await;
    gateway.terminate();
    flip_digest_bit(&site.store());
    // Times too: not even opening the store may write to it, since a person may want to copy it
    // first.
    let before = snapshot_files(&site.store());
    let rows = site.folder.path().join("rows.csv");
    std::fs::write(&rows, "time,value\n2026-11-21T03:00:00Z,1\n").unwrap();
    let (rows, copy) = (rows.to_str().unwrap(), site.folder.path().join("copy.db"));
    let report = site.folder.path().join("report.pdf");
    let commands: [&[&str]; 9] = [
        &["verify"],
        &["report", "2026-11", "-o", report.to_str().unwrap()],
        &["report", "--revisions"],
        &["export", "--point", "tank.level"],
        &["backup", "-o", copy.to_str().unwrap()],
        &["ledger", "list"],
        &["calibrate", "list"],
        &["import", "--point", "tank.level", rows],
        &["ledger", "add", "bsf-maggot", "12.5", "kg", "--who", "Siti"],
    ];
    // Readers first, then writers: none of them may repair what only `run` repairs.
    for words in commands {
        let output = site.run(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {said}");
        assert!(said.contains("is damaged"), "{words:?}: {said}");
        assert!(said.contains("pantau run"), "{words:?}: {said}");
        assert!(
            snapshot_files(&site.store()) == before,
            "{words:?} changed something"
        );
        assert!(!report.exists() && !copy.exists(), "{words:?}");
    }
    let gateway = site.start().await;
    site.wait_durable_above(0).await;
    gateway.terminate();
    let set_aside = snapshot_files(&site.store()).into_keys();
    let set_aside = set_aside.filter(|path| path.to_string_lossy().contains(".damaged-"));
    assert!(set_aside.count() >= 1);
}

#[tokio::test]
async fn what_the_gateway_makes_is_not_for_all_whatever_the_umask() {
    let site = OneDeviceSite::new(None);
    let mut command = Command::new("sh");
    let program = pantau().get_program().to_owned();
    // A service manager or a shell may have any umask; the ledger names people.
    command.args(["-c", "umask 000; exec \"$0\" --log off run -c \"$1\""]);
    let gateway = PeerProcess::start(command.arg(program).arg(&site.config));
    let socket = site.store().join("pantau.sock");
    wait_for("the control socket", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    });
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&site.store()), 0o750);
    let kept: Vec<PathBuf> = std::fs::read_dir(site.store())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(kept.len() >= 4, "{kept:?}");
    for path in kept {
        // Sockets and files may have less than 0640, never more.
        assert_eq!(mode(&path) & !0o640, 0, "{}", path.display());
    }
    gateway.terminate();
}

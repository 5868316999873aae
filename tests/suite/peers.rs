//! External programs, started for one test and ended with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longest wait for a peer to come up, in hundredths of a second.
const START_HUNDREDTHS_MAX: usize = 3000;

/// A process that ends with the test.
pub(crate) struct PeerProcess(Child);

impl PeerProcess {
    /// Starts it.
    #[track_caller]
    pub(crate) fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).spawn();
        Self(child.unwrap_or_else(|why| panic!("{command:?}: {why}: tests/run installs it")))
    }

    /// Starts a program that prints `ready ...` once it serves; returns the text after that word.
    #[track_caller]
    pub(crate) fn start_ready(command: &mut Command) -> (Self, String) {
        let mut peer = Self::start(command.stdout(Stdio::piped()));
        let mut said = String::new();
        let output = peer.0.stdout.take().unwrap();
        // The peer chooses its port itself and prints it, so no other process can take the port in
        // between.
        BufReader::new(output).read_line(&mut said).unwrap();
        let rest = said
            .trim()
            .strip_prefix("ready")
            .unwrap_or_else(|| panic!("{command:?} ended"));
        (peer, rest.trim().to_owned())
    }

    /// Starts a program and reads what it prints, up to a line with these words.
    #[track_caller]
    pub(crate) fn start_until(command: &mut Command, words: &str) -> (Self, Vec<String>) {
        let mut peer = Self::start(command.stdout(Stdio::piped()));
        let output = BufReader::new(peer.0.stdout.take().unwrap());
        let mut said = Vec::new();
        for line in output.lines().map_while(Result::ok) {
            let is_last = line.contains(words);
            said.push(line);
            if is_last {
                return (peer, said);
            }
        }
        panic!("{command:?} ended: {said:?}");
    }

    /// Id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, as an operator does, and waits for that.
    #[track_caller]
    pub(crate) fn terminate(mut self) {
        let id = self.0.id().to_string();
        let told = Command::new("kill").arg(id).status();
        assert!(told.unwrap().success());
        // The gateway must end with status 0 after SIGTERM; systemd counts another status as a
        // failure.
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file of `tests/peers`.
pub(crate) fn peer_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(name)
}

/// A script of `tests/peers` for the Python that `tests/run` made.
#[track_caller]
pub(crate) fn python_peer(script: &str) -> Command {
    let python = std::env::var_os("PANTAU_PEERS_PYTHON");
    let mut command = Command::new(python.expect("PANTAU_PEERS_PYTHON is not set: use tests/run"));
    command.arg(peer_file(script));
    command
}

/// Compiles a C peer into `folder`.
#[track_caller]
pub(crate) fn compile_peer(name: &str, libraries: &[&str], folder: &Path) -> Command {
    let program = folder.join(name);
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O1", "-o"])
        .arg(&program)
        .arg(peer_file(&format!("{name}.c")));
    for library in libraries {
        let asked = Command::new("pkg-config")
            .args(["--cflags", "--libs", library])
            .output();
        let said = asked.expect("no pkg-config: use tests/run");
        compiler.args(String::from_utf8_lossy(&said.stdout).split_whitespace());
    }
    let done = compiler.status().expect("no C compiler: use tests/run");
    assert!(
        done.success(),
        "{name}.c does not compile: tests/run installs what it needs"
    );
    Command::new(program)
}

/// Compiles a C peer that is loaded into another program, into `folder`; returns its file.
#[track_caller]
pub(crate) fn compile_library(name: &str, folder: &Path) -> PathBuf {
    let library = folder.join(format!("{name}.so"));
    let mut compiler = Command::new("cc");
    compiler.args(["-O1", "-shared", "-fPIC", "-o"]);
    let source = peer_file(&format!("{name}.c"));
    let done = compiler.arg(&library).arg(source).status();
    let is_done = done.expect("no C compiler: use tests/run").success();
    assert!(is_done, "{name}.c does not compile");
    library
}

/// Two serial ports joined by a line.
#[track_caller]
pub(crate) fn pty_line(folder: &Path) -> (PeerProcess, PathBuf, PathBuf) {
    let (near, far) = (folder.join("near"), folder.join("far"));
    // Raw and without echo, because the terminal layer would change bytes such as CR and send
    // requests back.
    let end = |path: &Path| format!("pty,raw,echo=0,link={}", path.display());
    let peer = PeerProcess::start(Command::new("socat").args([end(&near), end(&far)]));
    wait_for("the line", || near.exists() && far.exists());
    (peer, near, far)
}

/// Waits for a condition, up to half a minute.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..START_HUNDREDTHS_MAX {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come");
}

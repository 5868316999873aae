//! A Linux machine of its own, emulated, with pins and buses that a test moves.
//!
//! `tests/vm/prepare` makes what it boots. Its time is counted in instructions, four nanoseconds
//! each: a busy computer makes the test longer, and neither late pulses nor missed ones.

use crate::killed::pantau;
use crate::peers::PeerProcess;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longest wait for the machine to boot, or to answer.
const PATIENCE: Duration = Duration::from_mins(4);
/// Tries, each of 20 ms, until the emulator has started.
const START_TRIES: usize = 3000;

/// Result of a shell command in the machine.
#[derive(Debug)]
pub(crate) struct GuestOutput {
    pub(crate) status: i32,
    /// Standard output and error, as they came.
    pub(crate) text: String,
}

/// The machine; gone when dropped.
pub(crate) struct VirtualMachine {
    folder: PathBuf,
    qemu: Option<PeerProcess>,
    port: Option<BufReader<UnixStream>>,
    /// Parameters of its kernel beside the usual ones.
    parameters: &'static str,
}

impl VirtualMachine {
    /// Boots it with `pantau` and an empty disk at `/data`; its files are in `folder`.
    pub(crate) fn boot(folder: &Path) -> Self {
        Self::boot_with(folder, "")
    }

    /// Same as `boot`, with further parameters of its kernel.
    pub(crate) fn boot_with(folder: &Path, parameters: &'static str) -> Self {
        make_programs(folder);
        make_disk(&folder.join("data.img"), "48M", &[]);
        let mut machine = Self {
            folder: folder.to_owned(),
            qemu: None,
            port: None,
            parameters,
        };
        machine.power_on();
        machine
    }

    /// Takes its power away, without a word to its system, and boots it again with the same disk.
    pub(crate) fn cut_power(&mut self) {
        self.port = None;
        self.qemu = None;
        self.power_on();
    }

    /// Runs a shell command in it.
    #[track_caller]
    pub(crate) fn run(&mut self, command: &str) -> GuestOutput {
        assert!(!command.contains('\n'), "one line: {command}");
        match self.exchange(command) {
            Ok(output) => output,
            Err(why) => panic!("{command}: {why}\n{}", self.console()),
        }
    }

    /// Runs a shell command that must succeed; returns its output.
    #[track_caller]
    pub(crate) fn output_of(&mut self, command: &str) -> String {
        let GuestOutput { status, text } = self.run(command);
        assert_eq!(status, 0, "{command}: {text}");
        text
    }

    /// Writes a file in it.
    #[track_caller]
    pub(crate) fn write_file(&mut self, path: &str, text: &str) {
        let text = text.replace('\\', "\\\\").replace('\n', "\\n");
        let text = text.replace('\'', "'\\''");
        self.output_of(&format!("printf '%b' '{text}' >{path}"));
    }

    /// Sets something on the I2C bus; `tests/vm/modules/simulated_i2c.c` says what there is.
    #[track_caller]
    pub(crate) fn set_i2c(&mut self, line: &str) {
        self.output_of(&format!(
            "echo {line} >/sys/kernel/debug/simulated_i2c/control"
        ));
    }

    /// Sets something on the 1-Wire bus; `tests/vm/modules/simulated_w1.c` says what there is.
    #[track_caller]
    pub(crate) fn set_w1(&mut self, line: &str) {
        self.output_of(&format!(
            "echo {line} >/sys/kernel/debug/simulated_w1/control"
        ));
    }

    fn exchange(&mut self, command: &str) -> std::io::Result<GuestOutput> {
        let port = self.port.as_mut().ok_or(std::io::ErrorKind::NotConnected)?;
        writeln!(port.get_mut(), "{command}")?;
        let mut head = String::new();
        port.read_line(&mut head)?;
        let mut numbers = head.split_whitespace();
        let mut number = || numbers.next().and_then(|word| word.parse().ok());
        let (Some(status), Some(bytes)) = (number(), number()) else {
            return Err(std::io::Error::other(format!("it answered {head:?}")));
        };
        let mut text = vec![0; usize::try_from(bytes).unwrap_or(0)];
        port.read_exact(&mut text)?;
        Ok(GuestOutput {
            status,
            text: String::from_utf8_lossy(&text).into_owned(),
        })
    }

    fn console(&self) -> String {
        let text = std::fs::read(self.folder.join("console.log")).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    fn power_on(&mut self) {
        let prepared = target_folder().join("vm");
        let (kernel, root) = (prepared.join("vmlinuz"), prepared.join("initrd.gz"));
        assert!(
            prepared.join("stamp").exists(),
            "no kernel in {}: run tests/vm/prepare",
            prepared.display()
        );
        let path = self.folder.join("port");
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let file = |name: &str| self.folder.join(name).display().to_string();
        let disk = |name: &str, more: &str| {
            let file = file(name);
            // Killing the emulator loses nothing that the machine handed over to its disk, so the
            // computer below need not flush.
            format!("if=virtio,format=raw,cache=unsafe,file={file}{more}")
        };
        let mut command = Command::new("qemu-system-x86_64");
        command
            // One core: what runs on it competes with the gateway.
            .args(["-M", "q35", "-accel", "tcg,thread=single", "-cpu", "max"])
            .args(["-icount", "shift=2,sleep=on", "-m", "384", "-nodefaults"])
            .args(["-no-reboot", "-display", "none"])
            .args(["-serial", &format!("file:{}", file("console.log"))])
            .arg("-kernel")
            .arg(kernel)
            .arg("-initrd")
            .arg(root)
            .arg("-append")
            .arg(format!("console=ttyS0 quiet panic=-1 {}", self.parameters))
            .args(["-drive", &disk("programs.img", ",readonly=on")])
            .args(["-drive", &disk("data.img", "")])
            .args(["-device", "virtio-rng-pci", "-device", "virtio-serial-pci"])
            .args(["-chardev", &format!("socket,id=port,path={}", file("port"))])
            .args(["-device", "virtserialport,chardev=port"]);
        self.qemu = Some(PeerProcess::start(&mut command));
        let stream = accept(&listener);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        self.port = Some(BufReader::new(stream));
        self.output_of("true");
    }
}

/// Waits for the emulator to come to the socket.
fn accept(listener: &UnixListener) -> UnixStream {
    listener.set_nonblocking(true).unwrap();
    for _ in 0..START_TRIES {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            return stream;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("qemu-system-x86_64 does not start");
}

/// The build folder.
fn target_folder() -> PathBuf {
    let program = PathBuf::from(pantau().get_program());
    // The program is in `debug`.
    program.ancestors().nth(2).unwrap().to_owned()
}

/// Makes the disk with `pantau` and the libraries that it is linked to.
fn make_programs(folder: &Path) {
    let (tree, program) = (folder.join("programs"), pantau());
    for part in ["bin", "lib", "lib64"] {
        std::fs::create_dir_all(tree.join(part)).unwrap();
    }
    let stripped = tree.join("bin/pantau");
    // Half of a debug build is symbols.
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&stripped).arg(program.get_program());
    assert!(strip.status().unwrap().success());
    let linked = Command::new("ldd").arg(&stripped).output().unwrap();
    for word in String::from_utf8_lossy(&linked.stdout).split_whitespace() {
        let from = Path::new(word);
        if !from.is_absolute() {
            continue;
        }
        let part = if word.contains("/ld-") {
            "lib64"
        } else {
            "lib"
        };
        let to = tree.join(part).join(from.file_name().unwrap());
        std::fs::copy(from, to).unwrap();
    }
    let disk = folder.join("programs.img");
    make_disk(&disk, "128M", &["-d", tree.to_str().unwrap()]);
}

fn make_disk(disk: &Path, size: &str, options: &[&str]) {
    let mut command = Command::new("mkfs.ext4");
    command.args(["-q", "-F"]).args(options).arg(disk).arg(size);
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
}

//! `pantau run` in the virtual machine, and what its API says there.

use super::virtual_machine::VirtualMachine;
use serde_json::Value;

/// Tries of half a second until something must have come.
const TRIES_MAX: usize = 200;
const CONFIG: &str = "/data/pantau.toml";
const API: &str = "wget -qO- http://127.0.0.1:8080/api/v1";

/// Latest sample of a point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct GuestSample {
    /// `None` for a gap.
    pub(super) value: Option<f64>,
    /// Reason of a gap.
    pub(super) reason: Option<String>,
    /// It is on the disk.
    pub(super) durable: bool,
}

/// The machine with a gateway in it.
pub(super) struct GuestGateway<'a> {
    pub(super) machine: &'a mut VirtualMachine,
    process: String,
}

impl<'a> GuestGateway<'a> {
    /// Writes the configuration and starts the gateway.
    #[track_caller]
    pub(super) fn start(machine: &'a mut VirtualMachine, config: &str) -> Self {
        machine.write_file(CONFIG, config);
        let mut gateway = Self {
            machine,
            process: String::new(),
        };
        gateway.start_again();
        gateway
    }

    /// Starts it with the same configuration, after `kill` or a power cut.
    #[track_caller]
    pub(super) fn start_again(&mut self) {
        let run = format!("pantau --log info run -c {CONFIG} >>/data/log 2>&1 </dev/null");
        let process = self.machine.output_of(&format!("setsid {run} & echo $!"));
        process.trim().clone_into(&mut self.process);
        let process = &self.process;
        let alive = format!("[ -d /proc/{process} ] || {{ cat /data/log; exit 1; }}");
        let ready = format!("until {API}/points >/run/points; do {alive}; sleep 0.1; done");
        self.machine.output_of(&ready);
    }

    /// Kills it (SIGKILL).
    #[track_caller]
    pub(super) fn kill(&mut self) {
        self.machine.output_of(&format!("kill -9 {}", self.process));
    }

    /// Latest sample of a point; `None` before the first.
    #[track_caller]
    pub(super) fn latest(&mut self, point: &str) -> Option<GuestSample> {
        let text = self.machine.output_of(&format!("{API}/points"));
        let points: Value = serde_json::from_str(&text).unwrap();
        let found = points.as_array().unwrap().iter();
        let found = found.clone().find(|one| one["id"] == point).unwrap();
        let last = &found["last"];
        Some(GuestSample {
            value: last["v"].as_f64(),
            reason: last["reason"].as_str().map(str::to_owned),
            durable: last["durable"].as_bool()?,
        })
    }

    /// Waits until the latest sample of a point is as wished.
    #[track_caller]
    pub(super) fn await_sample(
        &mut self,
        point: &str,
        is_so: impl Fn(&GuestSample) -> bool,
    ) -> GuestSample {
        let mut latest = None;
        for _ in 0..TRIES_MAX {
            latest = self.latest(point);
            if let Some(sample) = latest.as_ref().filter(|sample| is_so(sample)) {
                return sample.clone();
            }
            self.machine.output_of("sleep 0.5");
        }
        panic!("{point}: {latest:?}\n{}", self.log());
    }

    /// Waits for a good value that is not below this one; returns it.
    #[track_caller]
    pub(super) fn await_value(&mut self, point: &str, least: f64) -> f64 {
        let sample = self.await_sample(point, |sample| sample.value.is_some_and(|v| v >= least));
        sample.value.unwrap()
    }

    /// Waits for a gap with this reason.
    #[track_caller]
    pub(super) fn await_gap(&mut self, point: &str, reason: &str) {
        self.await_sample(point, |sample| sample.reason.as_deref() == Some(reason));
    }

    /// Its log since the first start.
    pub(super) fn log(&mut self) -> String {
        self.machine.output_of("cat /data/log")
    }

    /// Times of its threads on the processor so far, nanoseconds.
    pub(super) fn processor_ns(&mut self) -> f64 {
        let files = format!("/proc/{}/task/*/schedstat", self.process);
        self.sum(&format!("cat {files}"), 0)
    }

    /// Times that its threads waited and were woken so far.
    pub(super) fn wake_ups(&mut self) -> f64 {
        let files = format!("/proc/{}/task/*/status", self.process);
        self.sum(&format!("grep -h ^voluntary {files}"), 1)
    }

    /// Sum of a column of a command's output.
    fn sum(&mut self, command: &str, column: usize) -> f64 {
        let text = self.machine.output_of(command);
        let number = |line: &str| line.split_whitespace().nth(column)?.parse::<f64>().ok();
        text.lines().filter_map(number).sum()
    }
}

//! Order of the probes of a scan, and the longest time that is left.
//!
//! A device answers when line settings and unit id are its own, whatever it is asked: data and an
//! exception both show that it is there. Some devices answer for one table only, so a unit that
//! does not answer the first probe gets the second one.

use crate::config::{Parity, SerialPortSettings};
use drivers::frame::{ModbusFraming, ModbusReadFunction, ModbusReadRequest};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// Probes of one unit, in order, until it answers: function and number of registers from the first
/// one on.
const PROBE_READS: [(ModbusReadFunction, u16); 2] = [
    (ModbusReadFunction::Holding, 1),
    (ModbusReadFunction::Input, 2),
];

/// Likeliest line settings; most devices leave the factory with the first ones.
const LIKELY_SETTINGS: [(u32, Parity); 9] = [
    (9600, Parity::None),
    (4800, Parity::None),
    (2400, Parity::None),
    (19_200, Parity::Even),
    (19_200, Parity::None),
    (115_200, Parity::None),
    (9600, Parity::Even),
    (38_400, Parity::None),
    (57_600, Parity::None),
];
/// Speeds of a full scan, bit/s.
const FURTHER_BAUDS: [u32; 8] = [9600, 4800, 2400, 19_200, 115_200, 38_400, 57_600, 1200];

/// Settings of a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanLineSettings {
    /// Speed, bit/s.
    pub baud: u32,
    /// Parity.
    pub parity: Parity,
    /// Stop bits, 1 or 2.
    pub stop_bits: u8,
}

impl ScanLineSettings {
    /// Returns the likeliest settings.
    pub fn likely_settings() -> Vec<Self> {
        LIKELY_SETTINGS
            .map(|(baud, parity)| Self::new(baud, parity))
            .to_vec()
    }

    /// Returns every speed with every parity, the likeliest first.
    pub fn all_settings() -> Vec<Self> {
        let mut all = Self::likely_settings();
        for parity in [Parity::None, Parity::Even, Parity::Odd] {
            for baud in FURTHER_BAUDS {
                let one = Self::new(baud, parity);
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        all
    }

    /// Creates settings with one stop bit.
    pub fn new(baud: u32, parity: Parity) -> Self {
        Self {
            baud,
            parity,
            stop_bits: 1,
        }
    }

    /// Returns a serial port with these settings.
    pub fn to_line(self, port: PathBuf) -> SerialPortSettings {
        SerialPortSettings {
            port,
            baud: self.baud,
            parity: self.parity,
            stop_bits: self.stop_bits,
        }
    }

    /// Returns the usual notation: `9600 8N1`.
    pub fn text(self) -> String {
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Even => 'E',
            Parity::Odd => 'O',
        };
        format!("{} 8{parity}{}", self.baud, self.stop_bits)
    }
}

/// One probe of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanProbe {
    /// Line settings; `None` on a network.
    pub tuning: Option<ScanLineSettings>,
    /// Request to send.
    pub request: ModbusReadRequest,
}

impl ScanProbe {
    /// Returns the time without an answer: request, place of the reply, silence between frames, and
    /// timeout.
    pub fn max_duration(&self, patience: Duration) -> Duration {
        let reply = self.request.reply_bytes(ModbusFraming::Rtu);
        patience + wire_time(self.tuning, reply) + frame_silence(self.tuning)
    }
}

/// Returns the time on the wire of a request and of a reply of this many bytes.
pub fn wire_time(tuning: Option<ScanLineSettings>, reply_bytes: usize) -> Duration {
    // 8 bytes: the request.
    let bytes = f64::from(u16::try_from(8 + reply_bytes).unwrap_or(u16::MAX));
    line_duration(tuning, |line| bytes * line.character_ms())
}

/// Returns the silence between two frames.
pub fn frame_silence(tuning: Option<ScanLineSettings>) -> Duration {
    line_duration(tuning, SerialPortSettings::silence_ms)
}

fn line_duration(
    tuning: Option<ScanLineSettings>,
    ms: impl Fn(&SerialPortSettings) -> f64,
) -> Duration {
    let line = tuning.map(|tuning| tuning.to_line(PathBuf::new()));
    line.map_or(Duration::ZERO, |line| {
        Duration::from_secs_f64(ms(&line) / 1000.0)
    })
}

/// Progress of a scan of one line or of one network device.
#[derive(Clone, Debug)]
pub struct UnitSweep {
    rounds: Vec<Option<ScanLineSettings>>,
    units: Vec<u8>,
    round: usize,
    pass: usize,
    place: usize,
    /// Speed and unit of everything found. Parity and stop bits do not count: a port that ignores
    /// them would find the same device again.
    found: BTreeSet<(u32, u8)>,
}

impl UnitSweep {
    /// Creates a scan of a line with these settings.
    pub fn for_line(tunings: &[ScanLineSettings], units: &[u8]) -> Self {
        Self::new(tunings.iter().copied().map(Some).collect(), units)
    }

    /// Creates a scan of the units behind one network connection.
    pub fn for_network(units: &[u8]) -> Self {
        Self::new(vec![None], units)
    }

    fn new(rounds: Vec<Option<ScanLineSettings>>, units: &[u8]) -> Self {
        Self {
            rounds,
            units: units.to_vec(),
            round: 0,
            pass: 0,
            place: 0,
            found: BTreeSet::new(),
        }
    }

    /// Records that the unit of this probe has answered.
    pub fn found(&mut self, probe: &ScanProbe) {
        self.found
            .insert((settings_baud(probe.tuning), probe.request.unit));
    }

    /// True when the unit of this probe has answered at this speed.
    pub fn has_found(&self, probe: &ScanProbe) -> bool {
        self.found
            .contains(&(settings_baud(probe.tuning), probe.request.unit))
    }

    /// Skips the present settings, which the port does not support.
    pub fn skip_settings(&mut self) {
        (self.round, self.pass, self.place) = (self.round + 1, 0, 0);
    }

    /// Returns the longest time that is left, when no further unit answers.
    pub fn time_left(&self, patience: Duration) -> Duration {
        let rest = self.clone();
        rest.map(|probe| probe.max_duration(patience)).sum()
    }

    /// Returns the number of probes that are left, when no further unit answers.
    pub fn questions_left(&self) -> usize {
        let rest = self.clone();
        rest.count()
    }
}

/// Gives the next probe; `None` when the scan is complete.
impl Iterator for UnitSweep {
    type Item = ScanProbe;

    fn next(&mut self) -> Option<ScanProbe> {
        loop {
            let tuning = *self.rounds.get(self.round)?;
            let Some((function, count)) = PROBE_READS.get(self.pass).copied() else {
                self.skip_settings();
                continue;
            };
            let Some(unit) = self.units.get(self.place).copied() else {
                (self.pass, self.place) = (self.pass + 1, 0);
                continue;
            };
            self.place += 1;
            let request = ModbusReadRequest {
                unit,
                function,
                address: 0,
                count,
            };
            let probe = ScanProbe { tuning, request };
            // A unit found at this speed is not asked again with another parity.
            if !self.has_found(&probe) {
                return Some(probe);
            }
        }
    }
}

fn settings_baud(tuning: Option<ScanLineSettings>) -> u32 {
    tuning.map_or(0, |tuning| tuning.baud)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run_sweep(mut sweep: UnitSweep, answers: impl Fn(&ScanProbe) -> bool) -> Vec<ScanProbe> {
        let mut all = Vec::new();
        while let Some(probe) = sweep.next() {
            if answers(&probe) {
                sweep.found(&probe);
            }
            all.push(probe);
        }
        all
    }

    #[test]
    fn the_likeliest_settings_come_first_and_who_answers_is_not_asked_again() {
        let sweep = UnitSweep::for_line(&ScanLineSettings::likely_settings(), &[1, 2]);
        let all = run_sweep(sweep, |probe| {
            probe.tuning.is_some_and(|t| t.baud == 9600) && probe.request.unit == 2
        });
        let first = all[0];
        assert_eq!(
            first.tuning.map(ScanLineSettings::text).as_deref(),
            Some("9600 8N1")
        );
        let of_two = |p: &&ScanProbe| p.tuning.map(|t| t.baud) == Some(9600) && p.request.unit == 2;
        assert_eq!(all.iter().filter(of_two).count(), 1);
    }

    #[test]
    fn a_full_scan_has_every_speed_with_every_parity_once() {
        let all = ScanLineSettings::all_settings();
        let texts: BTreeSet<String> = all.iter().map(|tuning| tuning.text()).collect();
        assert_eq!((texts.len(), all.len()), (24, 24));
        assert_eq!(all[..9], ScanLineSettings::likely_settings());
    }

    #[test]
    fn what_is_left_is_what_silence_costs() {
        let mut sweep =
            UnitSweep::for_line(&[ScanLineSettings::new(9600, Parity::None)], &[1, 2, 3]);
        let patience = Duration::from_millis(200);
        assert_eq!(sweep.questions_left(), 6);
        let before = sweep.time_left(patience);
        let probe = sweep.next().unwrap();
        assert_eq!(
            before,
            sweep.time_left(patience) + probe.max_duration(patience)
        );
        // 8 and 7 characters of 10 bits, and 3.5 characters of silence.
        let ms = probe.max_duration(patience).as_secs_f64() * 1000.0;
        assert!((ms - 200.0 - 18.5 / 0.96).abs() < 0.01, "{ms}");
    }

    proptest! {
        #[test]
        fn every_unit_is_asked_in_every_setting(
            units in prop::collection::btree_set(1..=247u8, 0..20), speeds in 1..9usize,
        ) {
            let units: Vec<u8> = units.into_iter().collect();
            let tunings = &ScanLineSettings::likely_settings()[..speeds];
            let all = run_sweep(UnitSweep::for_line(tunings, &units), |_| false);
            prop_assert_eq!(all.len(), 2 * units.len() * speeds);
        }
    }
}

//! Which unit to probe next, in which settings of the line; how long that takes at most.
//!
//! A device answers when settings and unit are its own, whatever it is asked: data or a refusal
//! both say that it is there. Some answer to one table only, so that who is silent to the first
//! question is asked the second.

use crate::config::{Line, Parity};
use drivers::frame::{Framing, Function, Request};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// What a unit is asked, one after the other, until it answers: table and registers, from the
/// first register on.
const PROBES: [(Function, u16); 2] = [(Function::Holding, 1), (Function::Input, 2)];

/// Settings of a line, the likeliest first: most devices leave the factory with the first.
const LIKELY: [(u32, Parity); 9] = [
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
/// Further speeds of a full scan.
const FURTHER: [u32; 8] = [9600, 4800, 2400, 19_200, 115_200, 38_400, 57_600, 1200];

/// Settings of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Bits a second.
    pub baud: u32,
    /// Parity.
    pub parity: Parity,
    /// 1 or 2.
    pub stop_bits: u8,
}

impl Tuning {
    /// The likeliest settings.
    pub fn likely() -> Vec<Self> {
        LIKELY
            .map(|(baud, parity)| Self::new(baud, parity))
            .to_vec()
    }

    /// Every speed with every parity, the likeliest first.
    pub fn all() -> Vec<Self> {
        let mut all = Self::likely();
        for parity in [Parity::None, Parity::Even, Parity::Odd] {
            for baud in FURTHER {
                let one = Self::new(baud, parity);
                if !all.contains(&one) {
                    all.push(one);
                }
            }
        }
        all
    }

    /// One stop bit.
    pub fn new(baud: u32, parity: Parity) -> Self {
        Self {
            baud,
            parity,
            stop_bits: 1,
        }
    }

    /// This port in these settings.
    pub fn line(self, port: PathBuf) -> Line {
        Line {
            port,
            baud: self.baud,
            parity: self.parity,
            stop_bits: self.stop_bits,
        }
    }

    /// As technicians write it: `9600 8N1`.
    pub fn text(self) -> String {
        let parity = match self.parity {
            Parity::None => 'N',
            Parity::Even => 'E',
            Parity::Odd => 'O',
        };
        format!("{} 8{parity}{}", self.baud, self.stop_bits)
    }
}

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Settings in which it is asked; `None` where there is no line.
    pub tuning: Option<Tuning>,
    /// The question.
    pub request: Request,
}

impl Probe {
    /// How long it takes without an answer: the request, the place of a reply, the silence before
    /// it, and the patience.
    pub fn most(&self, patience: Duration) -> Duration {
        let reply = self.request.reply_bytes(Framing::Rtu);
        patience + wire(self.tuning, reply) + silence(self.tuning)
    }
}

/// The time of a request, and of a reply of so many bytes, on the wire.
pub fn wire(tuning: Option<Tuning>, reply_bytes: usize) -> Duration {
    let bytes = f64::from(u16::try_from(8 + reply_bytes).unwrap_or(u16::MAX));
    on_line(tuning, |line| bytes * line.character_ms())
}

/// The silence that parts two frames.
pub fn silence(tuning: Option<Tuning>) -> Duration {
    on_line(tuning, Line::silence_ms)
}

fn on_line(tuning: Option<Tuning>, ms: impl Fn(&Line) -> f64) -> Duration {
    let line = tuning.map(|tuning| tuning.line(PathBuf::new()));
    line.map_or(Duration::ZERO, |line| {
        Duration::from_secs_f64(ms(&line) / 1000.0)
    })
}

/// Where a scan of one line, or of one network device, stands.
#[derive(Clone, Debug)]
pub struct Sweep {
    rounds: Vec<Option<Tuning>>,
    units: Vec<u8>,
    round: usize,
    pass: usize,
    place: usize,
    /// Speed and unit of everything that has answered. Parity and stop bits do not matter: a port
    /// that ignores them hears the same device again.
    found: BTreeSet<(u32, u8)>,
}

impl Sweep {
    /// Of a line in these settings.
    pub fn of_line(tunings: &[Tuning], units: &[u8]) -> Self {
        Self::new(tunings.iter().copied().map(Some).collect(), units)
    }

    /// Of the units behind one network connection.
    pub fn of_network(units: &[u8]) -> Self {
        Self::new(vec![None], units)
    }

    fn new(rounds: Vec<Option<Tuning>>, units: &[u8]) -> Self {
        Self {
            rounds,
            units: units.to_vec(),
            round: 0,
            pass: 0,
            place: 0,
            found: BTreeSet::new(),
        }
    }

    /// The unit has answered in these settings.
    pub fn found(&mut self, probe: &Probe) {
        self.found.insert((baud(probe.tuning), probe.request.unit));
    }

    /// The unit of this probe has answered at its speed.
    pub fn has_found(&self, probe: &Probe) -> bool {
        self.found
            .contains(&(baud(probe.tuning), probe.request.unit))
    }

    /// The port cannot be set so: on with the next settings.
    pub fn skip_settings(&mut self) {
        (self.round, self.pass, self.place) = (self.round + 1, 0, 0);
    }

    /// How long the rest takes when nobody answers any more.
    pub fn left(&self, patience: Duration) -> Duration {
        let rest = self.clone();
        rest.map(|probe| probe.most(patience)).sum()
    }

    /// Questions that are left when nobody answers any more.
    pub fn questions_left(&self) -> usize {
        let rest = self.clone();
        rest.count()
    }
}

/// The next question; `None` when all are done.
impl Iterator for Sweep {
    type Item = Probe;

    fn next(&mut self) -> Option<Probe> {
        loop {
            let tuning = *self.rounds.get(self.round)?;
            let Some((function, count)) = PROBES.get(self.pass).copied() else {
                self.skip_settings();
                continue;
            };
            let Some(unit) = self.units.get(self.place).copied() else {
                (self.pass, self.place) = (self.pass + 1, 0);
                continue;
            };
            self.place += 1;
            let request = Request {
                unit,
                function,
                address: 0,
                count,
            };
            let probe = Probe { tuning, request };
            if !self.has_found(&probe) {
                return Some(probe);
            }
        }
    }
}

fn baud(tuning: Option<Tuning>) -> u32 {
    tuning.map_or(0, |tuning| tuning.baud)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(mut sweep: Sweep, answers: impl Fn(&Probe) -> bool) -> Vec<Probe> {
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
        let sweep = Sweep::of_line(&Tuning::likely(), &[1, 2]);
        let all = asked(sweep, |probe| {
            probe.tuning.is_some_and(|t| t.baud == 9600) && probe.request.unit == 2
        });
        let first = all[0];
        assert_eq!(first.tuning.map(Tuning::text).as_deref(), Some("9600 8N1"));
        let of_two = |p: &&Probe| p.tuning.map(|t| t.baud) == Some(9600) && p.request.unit == 2;
        assert_eq!(all.iter().filter(of_two).count(), 1);
    }

    #[test]
    fn a_full_scan_has_every_speed_with_every_parity_once() {
        let all = Tuning::all();
        let texts: BTreeSet<String> = all.iter().map(|tuning| tuning.text()).collect();
        assert_eq!((texts.len(), all.len()), (24, 24));
        assert_eq!(all[..9], Tuning::likely());
    }

    #[test]
    fn what_is_left_is_what_silence_costs() {
        let mut sweep = Sweep::of_line(&[Tuning::new(9600, Parity::None)], &[1, 2, 3]);
        let patience = Duration::from_millis(200);
        assert_eq!(sweep.questions_left(), 6);
        let before = sweep.left(patience);
        let probe = sweep.next().unwrap();
        assert_eq!(before, sweep.left(patience) + probe.most(patience));
        // 8 and 7 characters of 10 bits, and 3.5 of silence.
        let ms = probe.most(patience).as_secs_f64() * 1000.0;
        assert!((ms - 200.0 - 18.5 / 0.96).abs() < 0.01, "{ms}");
    }

    proptest! {
        #[test]
        fn every_unit_is_asked_in_every_setting(
            units in prop::collection::btree_set(1..=247u8, 0..20), speeds in 1..9usize,
        ) {
            let units: Vec<u8> = units.into_iter().collect();
            let tunings = &Tuning::likely()[..speeds];
            let all = asked(Sweep::of_line(tunings, &units), |_| false);
            prop_assert_eq!(all.len(), 2 * units.len() * speeds);
        }
    }
}

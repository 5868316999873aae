//! Every profile of the library, played by a simulated device, must be named or be among those
//! between which nothing is decided; and never another one with confidence.

use super::*;
use crate::clock::Clock;
use crate::config::profile::Profile;
use crate::config::{Confidence, Table, load_text, profiles};
use crate::model::UtcMs;
use crate::sim::device::{ILLEGAL_ADDRESS, SimDevice};
use crate::sim::plant::Snapshot;
use crate::sim::{Plant, World, sun};
use drivers::frame::Function;
use std::path::Path;

/// 2026-07-01, 12:00 and 23:00 in Sumatra.
const NOON: UtcMs = UtcMs(1_782_882_000_000);
const NIGHT: UtcMs = UtcMs(1_782_921_600_000);

/// What a device does with registers that it does not have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Elsewhere {
    Refuses,
    Zeros,
    Silent,
}

struct Bench {
    device: SimDevice,
    now: Snapshot,
    elsewhere: Elsewhere,
}

impl Bench {
    fn new(of: &Profile, unit: u8, at: UtcMs, elsewhere: Elsewhere) -> Self {
        let profile = &of.name;
        let text = format!(
            "[site]\nid = 't'\ntimezone = 'Asia/Jakarta'\nlatitude = -3.76\nlongitude = 103.78\n\
             [[bus]]\nid = 'b'\nkind = 'modbus-rtu'\nport = '/nowhere'\n[[device]]\nid = 'd'\n\
             bus = 'b'\nunit = {unit}\nprofile = '{profile}'\n"
        );
        let config = load_text(&text, Path::new("pantau.toml"), &|_| None);
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let place = sun::Place {
            latitude: -3.76,
            longitude: 103.78,
        };
        let plant = Plant::new(place, "Asia/Jakarta", 1, at);
        let world = World::new(plant, Clock::set(at, true), 1, 1.0);
        let mut device = SimDevice::new(&config.devices[0], &config.site.devices[0], 1);
        device.keep(&of.identify);
        Self {
            device,
            now: world.look(),
            elsewhere,
        }
    }

    fn read(&self, table: Table, first: u16, count: u16) -> Result<Vec<u16>, u8> {
        self.device.read(table, first, count, &self.now)
    }

    fn answer(&self, question: Question) -> Answer {
        let Question::Read(request, _) = question else {
            return match self.elsewhere {
                Elsewhere::Silent => Answer::Silence,
                _ => Answer::Refused(1),
            };
        };
        let table = match request.function {
            Function::Coils => Table::Coil,
            Function::Discretes => Table::Discrete,
            Function::Holding => Table::Holding,
            Function::Input => Table::Input,
        };
        let read = |first, count| self.read(table, first, count);
        match (read(request.address, request.count), self.elsewhere) {
            (Ok(words), _) => Answer::Words(words),
            (Err(_), Elsewhere::Silent) => Answer::Silence,
            (Err(ILLEGAL_ADDRESS), Elsewhere::Zeros) => {
                let ends = request.address..request.address + request.count;
                let word = |at| read(at, 1).map_or(0, |words| words[0]);
                Answer::Words(ends.map(word).collect())
            }
            (Err(code), Elsewhere::Refuses | Elsewhere::Zeros) => Answer::Refused(code),
        }
    }
}

fn library() -> Vec<Profile> {
    let all = profiles(None)
        .into_iter()
        .map(|(_, profile)| profile.unwrap());
    all.flat_map(|mut profile| {
        let variants = std::mem::take(&mut profile.variants);
        std::iter::once(profile).chain(variants)
    })
    .collect()
}

fn judged(library: &[Profile], bench: &Bench, unit: u8, baud: u32) -> Option<(Verdict, usize)> {
    let tuning = Tuning::new(baud, crate::config::Parity::None);
    let link = crate::config::Link::Rtu(tuning.line("/nowhere".into()));
    let mut identify = Identify::new(library, unit, &link);
    let mut questions = 0;
    let mut sweep = Sweep::of_line(&[tuning], &[unit]);
    let heard = std::iter::from_fn(|| sweep.next()).map(|probe| {
        let answer = bench.answer(Question::Read(probe.request, std::time::Duration::ZERO));
        (probe.request, answer)
    });
    let heard: Vec<_> = heard.collect();
    let (request, answer) = heard
        .iter()
        .find(|(_, answer)| *answer != Answer::Silence)?;
    identify.heard(*request, answer);
    loop {
        match identify.step() {
            Next::Done(verdict) => return Some((verdict, questions)),
            Next::Ask(question) => {
                questions += 1;
                identify.answer(bench.answer(question));
            }
        }
    }
}

/// Holds every profile against the library; the faults, and how many were named alone.
fn all(at: UtcMs, elsewhere: Elsewhere) -> (Vec<String>, usize, usize) {
    let library = library();
    let (mut faults, mut named, mut most) = (Vec::new(), 0, 0);
    for profile in library.iter().filter(|profile| !profile.points.is_empty()) {
        let unit = profile.factory.unit.unwrap_or(5);
        let bench = Bench::new(profile, unit, at, elsewhere);
        let baud = profile.factory.baud.unwrap_or(9600);
        let Some((verdict, questions)) = judged(&library, &bench, unit, baud) else {
            assert_eq!(elsewhere, Elsewhere::Silent, "{}", profile.name);
            continue;
        };
        most = most.max(questions);
        let taken: Vec<&str> = verdict.candidates.iter().map(|one| &*one.profile).collect();
        if !taken.contains(&&*profile.name) {
            faults.push(format!("{} is taken for {taken:?}", profile.name));
        }
        let sure = verdict.confidence == Confidence::High;
        if sure && taken != [&*profile.name] {
            faults.push(format!("{} is surely taken for {taken:?}", profile.name));
        }
        named += usize::from(taken == [&*profile.name]);
    }
    (faults, named, most)
}

#[test]
fn every_profile_is_named_or_left_open_and_never_another() {
    for at in [NOON, NIGHT] {
        let (faults, named, most) = all(at, Elsewhere::Refuses);
        assert!(
            faults.is_empty() && named >= 30 && most < 150,
            "{named} {most} {faults:#?}"
        );
    }
}

#[test]
fn a_device_that_gives_zeros_for_every_other_register_is_not_taken_for_another() {
    let (faults, named, most) = all(NOON, Elsewhere::Zeros);
    assert!(
        faults.is_empty() && named >= 20 && most < 400,
        "{named} {most} {faults:#?}"
    );
}

#[test]
fn a_device_that_is_silent_about_every_other_register_is_not_taken_for_another() {
    let (faults, named, most) = all(NOON, Elsewhere::Silent);
    assert!(
        faults.is_empty() && named >= 8 && most < 150,
        "{named} {most} {faults:#?}"
    );
}

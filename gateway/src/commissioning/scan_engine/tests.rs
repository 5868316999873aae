//! Every profile of the library, played by a simulated device, is identified or is among the
//! undecided ones; another profile is never certain.

use super::*;
use crate::config::profile::Profile;
use crate::config::{FactConfidence, ModbusTable, load_profiles};
use crate::domain::UtcMs;
use crate::simulator::device::{ILLEGAL_ADDRESS, SimulatedDevice};
use crate::simulator::plant::PlantSnapshot;
use crate::tests::{SiteText, load_site, world_at};
use drivers::frame::ModbusReadFunction;

/// 2026-07-01, 12:00 and 23:00 in Sumatra.
const NOON: UtcMs = UtcMs(1_782_882_000_000);
const NIGHT: UtcMs = UtcMs(1_782_921_600_000);

/// Reaction of a device to a read of registers that it does not have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum UnlistedRegisterReply {
    Refuses,
    Zeros,
    Silent,
}

struct IdentificationBench {
    device: SimulatedDevice,
    now: PlantSnapshot,
    elsewhere: UnlistedRegisterReply,
}

impl IdentificationBench {
    fn new(of: &Profile, unit: u8, at: UtcMs, elsewhere: UnlistedRegisterReply) -> Self {
        let profile = &of.name;
        let text = SiteText::new("t")
            .bus("b", "kind = 'modbus-rtu'\nport = '/nowhere'")
            .device(
                "d",
                "b",
                format_args!("unit = {unit}\nprofile = '{profile}'"),
            );
        let config = load_site(&text.text());
        let world = world_at(at);
        let mut device = SimulatedDevice::new(&config.devices[0], &config.site.devices[0], 1);
        device.apply_identify_rules(&of.identify);
        Self {
            device,
            now: world.snapshot(),
            elsewhere,
        }
    }

    fn read(&self, table: ModbusTable, first: u16, count: u16) -> Result<Vec<u16>, u8> {
        self.device.read(table, first, count, &self.now)
    }

    fn answer(&self, question: ScanQuestion) -> ScanAnswer {
        let ScanQuestion::Read(request, _) = question else {
            return match self.elsewhere {
                UnlistedRegisterReply::Silent => ScanAnswer::Silence,
                _ => ScanAnswer::Refused(1),
            };
        };
        let table = match request.function {
            ModbusReadFunction::Coils => ModbusTable::Coil,
            ModbusReadFunction::DiscreteInputs => ModbusTable::Discrete,
            ModbusReadFunction::Holding => ModbusTable::Holding,
            ModbusReadFunction::Input => ModbusTable::Input,
        };
        let read = |first, count| self.read(table, first, count);
        match (read(request.address, request.count), self.elsewhere) {
            (Ok(words), _) => ScanAnswer::Words(words),
            (Err(_), UnlistedRegisterReply::Silent) => ScanAnswer::Silence,
            (Err(ILLEGAL_ADDRESS), UnlistedRegisterReply::Zeros) => {
                let ends = request.address..request.address + request.count;
                let word = |at| read(at, 1).map_or(0, |words| words[0]);
                ScanAnswer::Words(ends.map(word).collect())
            }
            (Err(code), UnlistedRegisterReply::Refuses | UnlistedRegisterReply::Zeros) => {
                ScanAnswer::Refused(code)
            }
        }
    }
}

fn all_profiles() -> Vec<Profile> {
    let all = load_profiles(None)
        .into_iter()
        .map(|(_, profile)| profile.unwrap());
    all.flat_map(|mut profile| {
        let variants = std::mem::take(&mut profile.variants);
        std::iter::once(profile).chain(variants)
    })
    .collect()
}

fn identify_on_bench(
    library: &[Profile],
    bench: &IdentificationBench,
    unit: u8,
    baud: u32,
) -> Option<(IdentificationResult, usize)> {
    let tuning = ScanLineSettings::new(baud, crate::config::Parity::None);
    let link = crate::config::ModbusLink::Rtu(tuning.to_line("/nowhere".into()));
    let mut identify = DeviceIdentifier::new(library, unit, &link);
    let mut questions = 0;
    let mut sweep = UnitSweep::for_line(&[tuning], &[unit]);
    let heard = std::iter::from_fn(|| sweep.next()).map(|probe| {
        let answer = bench.answer(ScanQuestion::Read(probe.request, std::time::Duration::ZERO));
        (probe.request, answer)
    });
    let heard: Vec<_> = heard.collect();
    let (request, answer) = heard
        .iter()
        .find(|(_, answer)| *answer != ScanAnswer::Silence)?;
    identify.record_probe(*request, answer);
    loop {
        match identify.next_step() {
            IdentificationStep::Done(verdict) => return Some((verdict, questions)),
            IdentificationStep::Ask(question) => {
                questions += 1;
                identify.record_answer(bench.answer(question));
            }
        }
    }
}

/// Identifies every profile among the library; returns the faults, the number identified alone, and
/// the most questions.
fn identify_all_profiles(
    at: UtcMs,
    elsewhere: UnlistedRegisterReply,
) -> (Vec<String>, usize, usize) {
    let library = all_profiles();
    let (mut faults, mut named, mut most) = (Vec::new(), 0, 0);
    for profile in library.iter().filter(|profile| profile.has_registers()) {
        let unit = profile.factory.unit.unwrap_or(5);
        let bench = IdentificationBench::new(profile, unit, at, elsewhere);
        let baud = profile.factory.baud.unwrap_or(9600);
        let Some((verdict, questions)) = identify_on_bench(&library, &bench, unit, baud) else {
            assert_eq!(elsewhere, UnlistedRegisterReply::Silent, "{}", profile.name);
            continue;
        };
        most = most.max(questions);
        let taken: Vec<&str> = verdict.candidates.iter().map(|one| &*one.profile).collect();
        if !taken.contains(&&*profile.name) {
            faults.push(format!("{} is taken for {taken:?}", profile.name));
        }
        let sure = verdict.confidence == FactConfidence::High;
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
        let (faults, named, most) = identify_all_profiles(at, UnlistedRegisterReply::Refuses);
        assert!(
            faults.is_empty() && named >= 30 && most < 200,
            "{named} {most} {faults:#?}"
        );
    }
}

#[test]
fn a_device_that_gives_zeros_for_every_other_register_is_not_taken_for_another() {
    let (faults, named, most) = identify_all_profiles(NOON, UnlistedRegisterReply::Zeros);
    assert!(
        faults.is_empty() && named >= 20 && most < 700,
        "{named} {most} {faults:#?}"
    );
}

#[test]
fn a_device_that_is_silent_about_every_other_register_is_not_taken_for_another() {
    let (faults, named, most) = identify_all_profiles(NOON, UnlistedRegisterReply::Silent);
    assert!(
        faults.is_empty() && named >= 8 && most < 200,
        "{named} {most} {faults:#?}"
    );
}

//! [`SoakSite`] and [`FaultPlan`]: what the devices answer and what goes wrong, as functions of the
//! slot and a seed.

use crate::powercut::SeededRandom;
use gateway::domain::{ExactNumber, MonoMs, QualityReason, Reading, SampleOutcome, UtcMs};
use std::ops::Range;
use std::path::Path;
use tests::site_text::SiteText;

/// Time between two polls of a device, ms.
pub(super) const SLOT_MS: i64 = 900_000;
/// Slots of a day.
pub(super) const DAY_SLOTS: u32 = 96;
/// Days of the soak. Its largest queue, the unflushed readings, is full for the first time after
/// half a year.
pub(super) const DAYS: u32 = 365;
/// Slots of the soak.
pub(super) const SLOTS: u32 = DAYS * DAY_SLOTS;
/// 2026-07-01T00:00:00 in Jakarta.
pub(super) const START: UtcMs = UtcMs(1_782_838_800_000);
/// Devices of the site, in the order of the configuration.
pub(super) const DEVICES: [&str; 4] = ["inverter", "pump", "level", "bin"];
/// Slots between two flushes.
pub(super) const FLUSH_SLOTS: u32 = 4;

/// Time of a slot.
pub(super) fn time_of(slot: u32) -> UtcMs {
    UtcMs(START.0 + i64::from(slot) * SLOT_MS)
}

/// Slot of a time.
pub(super) fn slot_of(at: UtcMs) -> u32 {
    u32::try_from((at.0 - START.0) / SLOT_MS).unwrap()
}

/// Configuration of the site with a database on this port.
pub(super) fn site_text(store: &Path, database: u16) -> String {
    let register = |id: &str, unit: &str, more: &str| {
        format!("{{ id = '{id}', register = 'holding:0', type = 'u32', unit = '{unit}'{more} }}")
    };
    let keys = |unit: u8| format!("unit = {unit}\nevery = '15m'");
    SiteText::new("soak")
        .tcp_bus("lan", 1)
        .device(DEVICES[0], "lan", keys(1))
        .points([
            register("ac_power", "W", ""),
            register("ac_energy_total", "kWh", ", scale = 0.1, counter = true"),
        ])
        .device(DEVICES[1], "lan", keys(2))
        .points([register(
            "volume_total",
            "m3",
            ", scale = 0.01, counter = true",
        )])
        .device(DEVICES[2], "lan", keys(3))
        .points([register("level", "m", ", scale = 0.001")])
        .device(DEVICES[3], "lan", keys(4))
        .points([register("temp_core", "degC", ", scale = 0.1")])
        .asset(
            "plts",
            "plts",
            "system = 'grid-tied'\ncapacity_kwp = 2.0\nac_rating_kw = 2.0\n\
             power = 'inverter.ac_power'\nenergy = 'inverter.ac_energy_total'\n\
             baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante', \
             since = 2026-01-01, evidence = 'PLN' }",
        )
        .asset(
            "tank",
            "tank",
            "level = 'level.level'\ninflow = 'pump.volume_total'\n\
             shape = { kind = 'vertical-cylinder', diameter_m = 3.6, height_m = 2.6 }",
        )
        .asset("bsf", "bsf", "temperature = ['bin.temp_core']")
        .with(format_args!(
            "[influx]\nurl = 'http://127.0.0.1:{database}/base'\norg = 'o'\nbucket = 'b'\n\
             token_file = 'token'\ncatch_up = 100000"
        ))
        .store(store)
        .text()
}

/// Values of the devices by slot.
pub(super) struct SoakSite {
    /// Power of the inverter, W.
    power: Vec<i64>,
    /// Its counter, 0.1 kWh.
    energy: Vec<i64>,
    /// Counter of the pump, 0.01 m3.
    volume: Vec<i64>,
}

impl SoakSite {
    pub(super) fn new() -> Self {
        let mut dice = SeededRandom(7);
        let (mut power, mut energy, mut volume) = (Vec::new(), Vec::new(), Vec::new());
        // Counters in W times slots, and in 0.01 m3.
        let (mut sum, mut pumped) = (0, 5000);
        let mut cloud = 1.0;
        for slot in 0..SLOTS {
            if slot % DAY_SLOTS == 0 {
                cloud = 0.4 + f64::from(u32::try_from(dice.below(60)).unwrap()) / 100.0;
            }
            let hour = f64::from(slot % DAY_SLOTS) / 4.0;
            let sun = ((hour - 6.0) / 12.0 * std::f64::consts::PI).sin();
            let watts = whole(if (6.0..18.0).contains(&hour) {
                1800.0 * sun * cloud
            } else {
                0.0
            });
            sum += watts;
            pumped += watts / 60;
            power.push(watts);
            // 0.1 kWh are 400 W for a slot of a quarter of an hour.
            energy.push(123_456 + sum / 400);
            volume.push(pumped);
        }
        Self {
            power,
            energy,
            volume,
        }
    }

    /// Readings of all devices in a slot, with the monotonic time of the computer.
    pub(super) fn readings(&self, slot: u32, plan: &FaultPlan) -> Vec<Reading> {
        (0..DEVICES.len())
            .map(|device| {
                let numbers = self.numbers(device, slot);
                let silent = plan.is_silent(device, slot);
                let outcome = |(mantissa, exponent)| {
                    if silent {
                        return SampleOutcome::Bad(QualityReason::Timeout);
                    }
                    SampleOutcome::Good(ExactNumber::Decimal { mantissa, exponent })
                };
                Reading {
                    device: u16::try_from(device).unwrap(),
                    at: time_of(slot),
                    mono: mono_of(slot),
                    dated: true,
                    outcomes: numbers.into_iter().map(outcome).collect(),
                }
            })
            .collect()
    }

    fn numbers(&self, device: usize, slot: u32) -> Vec<(i64, i8)> {
        let n = usize::try_from(slot).unwrap();
        let wave = |days: f64| {
            (f64::from(slot) / (days * f64::from(DAY_SLOTS)) * std::f64::consts::TAU).sin()
        };
        match device {
            0 => vec![(self.power[n], 0), (self.energy[n], -1)],
            1 => vec![(self.volume[n], -2)],
            2 => vec![(whole(1300.0 + 700.0 * wave(3.0)), -3)],
            _ => vec![(whole(320.0 + 40.0 * wave(1.0)), -1)],
        }
    }
}

/// Monotonic time of the computer in a slot; it runs through the restarts of the program.
pub(super) fn mono_of(slot: u32) -> MonoMs {
    MonoMs(u64::from(slot) * SLOT_MS.unsigned_abs())
}

/// The number without its fraction.
fn whole(value: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]
    let whole = value as i64;
    whole
}

/// The program is killed, and starts again later.
pub(super) struct PlannedKill {
    /// Last slot that was polled.
    pub(super) at: u32,
    /// First slot after the start.
    pub(super) resumes: u32,
    /// Slots after the start in which the time is not known: the power was cut, and the computer
    /// has no battery clock. Without any, the computer ran on.
    pub(super) undated: u32,
}

/// The network is lost, and meanwhile the wall clock is set.
pub(super) struct WrongClock {
    slots: Range<u32>,
    /// Wall clock less the true time, ms; 0 when nobody touches it.
    lead_ms: i64,
}

/// Clocks of the computer in a slot.
pub(super) struct ShownClocks {
    pub(super) wall: UtcMs,
    pub(super) mono: MonoMs,
    pub(super) synchronised: bool,
}

/// Wall clock of a computer that has just started without the time.
const NO_TIME_MS: i64 = 5000;

/// Faults of a soak, from a seed.
pub(super) struct FaultPlan {
    silences: Vec<(usize, Range<u32>)>,
    /// Slots in which the disk is full.
    pub(super) full: Vec<Range<u32>>,
    pub(super) kills: Vec<PlannedKill>,
    wrong_clocks: Vec<WrongClock>,
}

impl FaultPlan {
    /// Silences, full disks, kills: so many.
    const SILENCES: u32 = 160;
    const FULL_DISKS: u32 = 12;
    const KILLS: u32 = 8;
    const WRONG_CLOCKS: u32 = 40;
    /// Kills lie in the first 60 days, so that memory can be watched until the end.
    const KILLED_DAYS: u32 = 60;

    pub(super) fn of_seed(seed: u64) -> Self {
        let mut dice = SeededRandom(seed);
        let mut below =
            move |bound: u32| u32::try_from(dice.below(usize::try_from(bound).unwrap())).unwrap();
        let silences = (0..Self::SILENCES).map(|_| {
            let (device, from) = (below(4), below(SLOTS));
            (usize::try_from(device).unwrap(), from..from + 1 + below(24))
        });
        let silences = silences.collect();
        let full = (0..Self::FULL_DISKS).map(|turn| {
            let from = turn * SLOTS / Self::FULL_DISKS + 100 + below(1000);
            from..from + 4 + below(48)
        });
        let full = full.collect();
        let span = Self::KILLED_DAYS * DAY_SLOTS / Self::KILLS;
        let kills = (0..Self::KILLS).map(|turn| {
            let at = turn * span + 100 + below(span - 200);
            PlannedKill {
                at,
                resumes: at + 1 + below(40),
                undated: if below(2) == 0 { 0 } else { 1 + below(8) },
            }
        });
        let kills: Vec<_> = kills.collect();
        let hour = 3_600_000;
        let wrong_clocks = (0..Self::WRONG_CLOCKS).map(|turn| {
            let from = turn * SLOTS / Self::WRONG_CLOCKS + below(SLOTS / Self::WRONG_CLOCKS);
            let size =
                [0, 2000, 90_000, hour, 30 * hour, 9000 * hour][usize::try_from(below(6)).unwrap()];
            let lead_ms = if below(2) == 0 { size } else { -size };
            WrongClock {
                slots: from..from + 1 + below(300),
                lead_ms,
            }
        });
        // After a power cut the network tells the time, at last.
        let is_start = |slots: &Range<u32>| {
            let mut cuts = kills.iter().filter(|kill| kill.undated > 0);
            cuts.any(|kill| slots.start < kill.resumes + 96 && kill.at < slots.end)
        };
        let wrong_clocks = wrong_clocks.filter(|clock| !is_start(&clock.slots));
        let wrong_clocks = wrong_clocks.collect();
        Self {
            silences,
            full,
            kills,
            wrong_clocks,
        }
    }

    /// First slot of the start of the computer in which this slot lies.
    pub(super) fn boot_of(&self, slot: u32) -> u32 {
        let cuts = self.kills.iter().filter(|kill| kill.undated > 0);
        let starts = cuts.map(|kill| kill.resumes);
        starts.filter(|start| *start <= slot).max().unwrap_or(0)
    }

    /// Clocks of the computer in a slot.
    pub(super) fn clocks(&self, slot: u32) -> ShownClocks {
        let boot = self.boot_of(slot);
        let passed = i64::from(slot - boot) * SLOT_MS;
        let mut cuts = self.kills.iter();
        let cut = cuts.find(|kill| kill.undated > 0 && kill.resumes == boot);
        let has_no_time = cut.is_some_and(|cut| slot < boot + cut.undated);
        let mut wrong = self.wrong_clocks.iter();
        let wrong = wrong.find(|clock| clock.slots.contains(&slot));
        let (wall, synchronised) = match wrong {
            _ if has_no_time => (NO_TIME_MS + passed, false),
            Some(wrong) => (time_of(slot).0 + wrong.lead_ms, false),
            None => (time_of(slot).0, true),
        };
        ShownClocks {
            wall: UtcMs(wall),
            mono: MonoMs(passed.unsigned_abs()),
            synchronised,
        }
    }

    fn is_silent(&self, device: usize, slot: u32) -> bool {
        let mut all = self.silences.iter();
        all.any(|(silent, slots)| *silent == device && slots.contains(&slot))
    }
}

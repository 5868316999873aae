//! A month of a site with forty faults from a seed, in simulated time: each raises its alarm once,
//! and nothing else is raised. `MONTH_SEED=N` takes another seed.

use super::watch_task::{AlarmWatcher, FIGURES_EVERY};
use crate::api::{ApiListener, ApiState};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{ExactNumber, QualityReason, Reading, SampleOutcome, UtcMs};
use crate::solar_position::{GeoLocation, solar_elevation_sine};
use crate::status::{DeviceFault, DeviceState, SinkState, StatusBoard};
use crate::storage::Store;
use crate::tests::{SiteText, load_site};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
const DAYS: i64 = 30;
/// Midnight at the site on 1 June 2026.
const BEGIN_MS: i64 = 1_780_246_800_000;
/// Step while a fault is near: the longest time that counts between two looks.
const FINE_MS: i64 = 30_000;
/// Step in calm hours.
const CALM_MS: i64 = 30 * MINUTE_MS;
/// Time before and after a fault that is looked at in fine steps: after it, alarms recover.
const BEFORE_MS: i64 = 2 * MINUTE_MS;
const AFTER_MS: i64 = 14 * MINUTE_MS;
/// The same after a plant stood still, which is over after 20 minutes.
const AFTER_IDLE_MS: i64 = 25 * MINUTE_MS;

/// Kind of fault: what it does to the site, and the alarm that it has to raise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SiteFaultKind {
    BinHot,
    BinCold,
    ProbeJumps,
    ProbeStuck,
    AmmoniaHigh,
    AmmoniaNoticed,
    PlantIdle,
    TankRunsOut,
    TankOverflows,
    PumpDry,
    Flood,
    DeviceSilent,
    LineSilent,
    SinkAway,
    ClockLost,
}

use SiteFaultKind::{
    AmmoniaHigh, AmmoniaNoticed, BinCold, BinHot, ClockLost, DeviceSilent, Flood, LineSilent,
    PlantIdle, ProbeJumps, ProbeStuck, PumpDry, SinkAway, TankOverflows, TankRunsOut,
};

/// Part of the site that has one fault at a time: its kinds with how often each comes. Its faults
/// are as many days apart as a figure of yesterday and today still shows the one before.
const PARTS: [&[(SiteFaultKind, usize)]; 7] = [
    &[(BinHot, 3), (BinCold, 3), (ProbeJumps, 3), (ProbeStuck, 1)],
    &[(AmmoniaHigh, 4), (AmmoniaNoticed, 3)],
    &[(TankRunsOut, 3), (TankOverflows, 3)],
    &[(Flood, 3), (DeviceSilent, 3)],
    &[(PumpDry, 4)],
    &[(PlantIdle, 3)],
    &[(LineSilent, 2), (SinkAway, 1), (ClockLost, 1)],
];

impl SiteFaultKind {
    /// Key of its alarm.
    fn alarm(self) -> &'static str {
        match self {
            BinHot => "bin-hot/bin",
            BinCold => "bin-cold/bin",
            ProbeJumps => "bin-probe-rate/bin-probe.temperature",
            ProbeStuck => "bin-probe-stuck/bin-probe.temperature",
            AmmoniaHigh => "ammonia-high/air.nh3",
            AmmoniaNoticed => "ammonia-notice/air.nh3",
            PlantIdle => "plts-idle/plant",
            TankRunsOut => "water-hours/tank",
            TankOverflows => "tank-overflow/tank",
            PumpDry => "pump-dry/pump",
            Flood => "flood/river.level",
            DeviceSilent => "device-silent/river",
            LineSilent => "line-silent/yard",
            SinkAway => "sink-away/mqtt",
            ClockLost => "clock-untrusted/",
        }
    }

    /// First hour of a day at which it may begin, and its duration in minutes.
    fn hour_and_minutes(self) -> (i64, i64) {
        match self {
            BinCold => (1, 110),
            ProbeStuck => (1, 150),
            ProbeJumps | PumpDry => (8, 10),
            PlantIdle => (10, 40),
            TankRunsOut => (8, 100),
            TankOverflows => (17, 40),
            BinHot => (9, 75),
            AmmoniaHigh | AmmoniaNoticed | Flood | DeviceSilent => (9, 50),
            LineSilent | SinkAway | ClockLost => (6, 45),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct SiteFault {
    kind: SiteFaultKind,
    from: i64,
    to: i64,
}

impl SiteFault {
    fn holds(&self, at: i64) -> bool {
        (self.from..self.to).contains(&at)
    }

    /// End of the time in which its alarm recovers.
    fn over(&self) -> i64 {
        let after = if self.kind == PlantIdle {
            AFTER_IDLE_MS
        } else {
            AFTER_MS
        };
        self.to + after
    }
}

/// Faults of a month. The first days are calm, so that figures of a week have one behind them.
fn faults_of(random: &mut Rng) -> Vec<SiteFault> {
    let mut all = Vec::new();
    for part in PARTS {
        let mut kinds: Vec<SiteFaultKind> = part
            .iter()
            .flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count))
            .collect();
        random.shuffle(&mut kinds);
        let room = (DAYS - 3) / i64::try_from(kinds.len()).unwrap();
        for (place, kind) in (0..).zip(kinds) {
            let (hour, minutes) = kind.hour_and_minutes();
            let day = 1 + place * room;
            let begin = day * DAY_MS + (hour * 60 + random.i64(0..60)) * MINUTE_MS;
            let from = BEGIN_MS + begin + random.i64(0..60) * 1000;
            let to = from + minutes * MINUTE_MS;
            all.push(SiteFault { kind, from, to });
        }
    }
    all
}

/// Values of the site at a time; `None` for a device that does not answer.
fn values_at(now: i64, faults: &[SiteFault], random: &mut Rng) -> [Option<Vec<f64>>; 7] {
    let fault = |kind: SiteFaultKind| faults.iter().find(|one| one.kind == kind && one.holds(now));
    let has = |kind: SiteFaultKind| fault(kind).is_some();
    let mut noise = |spread: f64| (random.f64() - 0.5) * spread;
    let place = GeoLocation {
        latitude: -3.76,
        longitude: 103.78,
    };
    let sun = solar_elevation_sine(UtcMs(now), place).max(0.0);
    #[expect(clippy::cast_precision_loss, reason = "minutes of a month")]
    let minutes = |ms: i64| ms as f64 / MINUTE_MS as f64;
    let hour = minutes((now - BEGIN_MS).rem_euclid(DAY_MS)) / 60.0;

    let plant = if has(PlantIdle) { 0.0 } else { 1600.0 * sun };
    // Used from 6 to 18 h, and filled again until 22 h.
    let used = ((hour - 6.0) / 12.0).clamp(0.0, 1.0) - ((hour - 18.0) / 4.0).clamp(0.0, 1.0);
    let level = match (fault(TankRunsOut), has(TankOverflows)) {
        // Within two hours down to a tenth.
        (Some(one), _) => {
            let gone = (minutes(now - one.from) / 60.0).min(1.0);
            (1.0 - 0.25 * used) * (1.0 - gone) + 0.12 * gone
        }
        (None, true) => 1.26,
        (None, false) => 1.0 - 0.25 * used,
    };
    let pumps = (9.0..15.0).contains(&hour) || has(PumpDry);
    let flow = if has(PumpDry) { 0.0 } else { 3.5 + noise(0.2) };
    // A heap warms and cools by half a degree or a degree a minute; a probe that fails jumps.
    let moved = |kind: SiteFaultKind, per_minute: f64, most: f64| {
        fault(kind).map_or(0.0, |one| {
            let from_an_end = minutes((now - one.from).min(one.to - now));
            (from_an_end * per_minute).min(most)
        })
    };
    let drift = moved(BinHot, 0.5, 10.0) - moved(BinCold, 1.0, 19.5);
    let temperature = match fault(ProbeStuck) {
        Some(_) => 29.25,
        None if has(ProbeJumps) => 34.0 + noise(0.3),
        None => 29.0 + drift + noise(0.3),
    };
    let ammonia = match (has(AmmoniaHigh), has(AmmoniaNoticed)) {
        (true, _) => 35.0,
        (_, true) => 15.0,
        _ => 4.0,
    };
    let river = if has(Flood) { 2.9 } else { 1.2 };
    let yard = !has(LineSilent);
    [
        Some(vec![1000.0 * sun, plant]),
        Some(vec![level]),
        Some(vec![
            if pumps { 740.0 } else { 2.0 },
            if pumps { flow } else { 0.0 },
        ]),
        Some(vec![temperature]),
        Some(vec![ammonia + noise(1.0)]),
        (!has(DeviceSilent)).then(|| vec![river + noise(0.02)]),
        yard.then(|| vec![25.0 + noise(1.0)]),
    ]
}

fn month_site() -> Config {
    let point = |id: &str, unit: &str| {
        format!("{{ id = '{id}', register = 'holding:0', type = 'f32', unit = '{unit}' }}")
    };
    let every = "every = '30s'";
    let site = SiteText::new("desa")
        .tcp_bus("lan", 502)
        .tcp_bus("yard", 503);
    let site = site.device("solar", "lan", every).points([
        "{ id = 'sun', register = 'holding:0', type = 'f32', unit = 'W/m2' }",
        "{ id = 'power', register = 'holding:2', type = 'f32', unit = 'W' }",
    ]);
    let site = site
        .device("tank-level", "lan", every)
        .points([point("level", "m")]);
    let site = site.device("pump-meter", "lan", every).points([
        "{ id = 'power', register = 'holding:0', type = 'f32', unit = 'W' }",
        "{ id = 'flow', register = 'holding:2', type = 'f32', unit = 'm3/h' }",
    ]);
    let site = site
        .device("bin-probe", "lan", every)
        .points([point("temperature", "degC")]);
    let site = site
        .device("air", "lan", every)
        .points([point("nh3", "ppm")]);
    let site = site
        .device("river", "lan", every)
        .points([point("level", "m")]);
    let site = site
        .device("shed", "yard", every)
        .points([point("temp_air", "degC")]);
    let site = site
        .device("gate", "yard", every)
        .points([point("temp_air", "degC")]);
    let site = site
        .asset(
            "plant",
            "plts",
            "name = 'PLTS'\nsystem = 'pump-only'\ncapacity_kwp = 2.0",
        )
        .with("power = 'solar.power'\nirradiance = 'solar.sun'\nbaseline = { kind = 'NONE' }")
        .asset(
            "tank",
            "tank",
            "name = 'Tandon'\nlevel = 'tank-level.level'",
        )
        .with("shape = { kind = 'vertical-cylinder', diameter_m = 1.1, height_m = 1.35 }")
        .with(
            "freeboard_m = 0.1\nleak_night = { from = '00:00', to = '04:00', threshold_l_h = 20 }",
        )
        .asset("pump", "pump", "name = 'Pompa'\npower = 'pump-meter.power'")
        .with("flow = 'pump-meter.flow'\nrated_power_kw = 0.75\nrated_flow_m3_h = 4.0")
        .with("dry_run = { power_share = 0.3, flow_share = 0.05, after = '60s' }")
        .asset(
            "bin",
            "bsf",
            "name = 'Bak'\ntemperature = 'bin-probe.temperature'",
        )
        // Shorter than by default, so that the month is quick to simulate.
        .with("[[alarm]]\nrule = 'bin-probe-stuck'\nstuck = '2h'")
        .with("[[alarm]]\nrule = 'bin-cold'\nafter = '1h'")
        .with("[[alarm]]\nid = 'flood'\npoint = 'river.level'\nabove = 2.0\nclear = 1.8");
    load_site(&site.text())
}

struct MonthBench {
    clock: Clock,
    board: StatusBoard,
    config: Config,
    watcher: AlarmWatcher,
    looks: u32,
    _folder: tempfile::TempDir,
}

impl MonthBench {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(BEGIN_MS), true);
        let (config, board) = (month_site(), StatusBoard::default());
        let (site, settings) = (&config.site, &config.store);
        let store = Store::open(folder.path(), site, settings, "", &clock).unwrap();
        let state = ApiState::new(&config, &store, &board, &clock);
        let (_, stop) = tokio::sync::watch::channel(false);
        let watcher = AlarmWatcher::new(ApiListener::new(state, stop));
        Self {
            clock,
            board,
            config,
            watcher,
            looks: 0,
            _folder: folder,
        }
    }

    /// Lets the time pass, reads every device, and looks at the rules.
    async fn step(&mut self, by: i64, faults: &[SiteFault], random: &mut Rng) {
        self.clock.advance(Duration::from_millis(by.unsigned_abs()));
        let now = self.clock.now();
        let has = |kind| {
            faults
                .iter()
                .any(|one| one.kind == kind && one.holds(now.at.0))
        };
        if has(ClockLost) {
            self.clock.distrust();
        } else {
            self.clock.trust();
        }
        let values = values_at(now.at.0, faults, random);
        // The last device is beside the one before on its line.
        let values = values.iter().chain(values.last());
        for (device, found) in (0..).zip(values) {
            let info = &self.config.site.devices[usize::from(device)];
            self.show_device(&info.id, now.at, found.is_some());
            let Some(found) = found else { continue };
            let good = |value: &f64| SampleOutcome::Good(ExactNumber::Float(*value));
            let reading = Reading {
                device,
                at: now.at,
                mono: now.mono,
                dated: !has(ClockLost),
                outcomes: found.iter().map(good).collect(),
            };
            self.store().append(reading).await.unwrap();
        }
        let connected = !has(SinkAway);
        self.board.update(|board| {
            let sink = board.sinks.entry("mqtt").or_default();
            *sink = SinkState {
                connected,
                ..SinkState::default()
            };
        });
        // The seconds until the next flush are hours here, and figures are made of what is flushed.
        if self.looks.is_multiple_of(FIGURES_EVERY) {
            self.store().flush().await.unwrap();
        }
        self.looks += 1;
        self.watcher.look().await;
    }

    fn show_device(&self, id: &str, now: UtcMs, answers: bool) {
        self.board.update(|board| {
            let state = board.devices.entry(id.into()).or_default();
            let last_good = if answers { Some(now) } else { state.last_good };
            let fault = (!answers).then(|| DeviceFault {
                reason: QualityReason::Timeout,
                detail: "no answer".into(),
            });
            *state = DeviceState {
                last_good,
                last_poll: Some(now),
                misses: u32::from(!answers),
                fault,
                ..DeviceState::default()
            };
        });
    }

    fn store(&self) -> &Store {
        &self.watcher.app.state().store
    }

    /// Time, alarm and word of every change, the oldest first.
    async fn changes(&self) -> Vec<(i64, String, String)> {
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let page = self.store().alarm_changes(before).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            for change in &page {
                let body: serde_json::Value = serde_json::from_str(&change.body).unwrap();
                let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
                all.push((change.at.0, text("alarm"), text("state")));
            }
        }
        all.reverse();
        all
    }
}

/// Next time to look: in fine steps while a fault is near.
fn step_from(now: i64, faults: &[SiteFault]) -> i64 {
    let near = faults
        .iter()
        .any(|one| (one.from - BEFORE_MS..one.over()).contains(&now));
    if near {
        return FINE_MS;
    }
    let next = faults.iter().map(|one| one.from - BEFORE_MS);
    let next = next.filter(|begin| *begin > now).min();
    next.map_or(CALM_MS, |begin| CALM_MS.min(begin - now).max(1000))
}

fn describe(at: i64) -> String {
    let passed = at - BEGIN_MS;
    let minutes = passed.rem_euclid(DAY_MS) / MINUTE_MS;
    let day = passed.div_euclid(DAY_MS) + 1;
    format!("June {day} {:02}:{:02}", minutes / 60, minutes % 60)
}

async fn month_of(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let faults = faults_of(&mut random);
    assert_eq!(faults.len(), 40);
    let mut bench = MonthBench::open();
    let end = BEGIN_MS + DAYS * DAY_MS;
    while bench.clock.now().at.0 < end {
        let by = step_from(bench.clock.now().at.0, &faults);
        bench.step(by, &faults, &mut random).await;
    }
    let changes = bench.changes().await;
    let mut raised: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for (at, alarm, _) in changes.iter().filter(|one| one.2 == "raised") {
        raised.entry(alarm).or_default().push(*at);
    }
    let story = || {
        let told = changes.iter();
        let told = told.map(|(at, alarm, word)| format!("{} {alarm} {word}", describe(*at)));
        let told: Vec<String> = told.collect();
        let due = faults.iter();
        let due: Vec<String> = due
            .map(|one| format!("{} {:?}", describe(one.from), one.kind))
            .collect();
        format!(
            "seed {seed}\n{}\nfaults\n{}",
            told.join("\n"),
            due.join("\n")
        )
    };
    for one in &faults {
        let times = raised.get_mut(one.kind.alarm());
        let times = times.unwrap_or_else(|| panic!("{one:?} was not told: {}", story()));
        let within = one.from..one.over();
        let mine: Vec<i64> = times.extract_if(.., |at| within.contains(at)).collect();
        assert_eq!(
            mine.len(),
            1,
            "{one:?} from {}: {}",
            describe(one.from),
            story()
        );
    }
    let others: Vec<_> = raised
        .iter()
        .filter(|(_, times)| !times.is_empty())
        .collect();
    assert!(others.is_empty(), "{others:?}: {}", story());
    let over = changes.iter().filter(|one| one.2 == "recovered").count();
    assert_eq!(over, faults.len(), "{}", story());
}

#[tokio::test]
async fn a_month_with_forty_faults_raises_each_alarm_once_and_none_else() {
    let seed = std::env::var("MONTH_SEED").ok();
    month_of(seed.and_then(|text| text.parse().ok()).unwrap_or(1)).await;
}

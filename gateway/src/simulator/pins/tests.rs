//! Tests of the simulated pins, read by the drivers of the gateway.

use super::SimulatedPinPoint;
use super::adapt_to_rate;
use super::bus_files::BusFiles;
use super::line_writer::LineWriter;
use crate::buses::AdhocReader;
use crate::buses::pin_survey;
use crate::clock::Clock;
use crate::config::{BusLink, Config, SensorChip};
use crate::domain::site_zone::SiteZone;
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::simulator::clear_sky::GeoLocation;
use crate::simulator::{SimulatedEndpoint, SimulatedPlant, SimulatedWorld, serve_devices};
use crate::tests::{SiteText, load_site, world_at};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// 2026-07-01T10:00:00+07:00: the pump runs.
const MORNING: UtcMs = UtcMs(1_782_874_800_000);

/// A site with every kind of pin and chip.
fn pin_site() -> Config {
    let site = SiteText::new("s").bus("pins", "kind = 'gpio'");
    let site = site
        .device("rain", "pins", "line = 'GPIO27'")
        .points(["{ id = 'rain', signal = 'pulses', scale = 0.2, unit = 'mm' }"])
        .device("float", "pins", "line = 22\nprofile = 'float-switch'")
        .bus("probes", "kind = 'one-wire'")
        .device(
            "bsf-bin",
            "probes",
            "serial = '28-0316a2795ab1'\nchip = 'ds18b20'",
        )
        .points(["{ id = 'temp_core', signal = 'temperature', unit = 'degC' }"])
        .bus("chips", "kind = 'i2c'");
    let site = site
        .device("level", "chips", "chip = 'ads1115'")
        .points([
            "{ id = 'level', signal = 'a0', loop_values = [0.0, 5.0], unit = 'm' }",
            "{ id = 'depth', signal = 'a3', divider_ohm = [20000, 10000], unit = 'm' }",
        ])
        .device("air", "chips", "profile = 'sht3x'")
        .device("hall", "chips", "profile = 'sht2x'")
        .device("clock", "chips", "profile = 'ds3231'")
        .bus("serial", "kind = 'uart'\nport = '/dev/none'")
        .device("tank-level", "serial", "profile = 'dfrobot-a02yyuw'");
    load_site(&site.text())
}

/// Site with a water meter on GPIO17, whose pulses are a litre.
fn meter_site() -> Config {
    let site = SiteText::new("s").bus("pins", "kind = 'gpio'");
    let site = site.device("pump-flow", "pins", "line = 'GPIO17'").points([
        "{ id = 'flow', signal = 'rate', scale = 3.6, unit = 'm3/h', max_rate = 20 }",
        "{ id = 'volume', signal = 'pulses', scale = 0.001, unit = 'm3', max_rate = 20 }",
    ]);
    load_site(&site.text())
}

fn numbers(outcomes: &[SampleOutcome]) -> Vec<Option<f64>> {
    let number = |outcome: &SampleOutcome| outcome.number().map(ExactNumber::to_f64);
    outcomes.iter().map(number).collect()
}

#[tokio::test]
async fn the_drivers_of_the_gateway_read_what_the_plant_does() {
    let mut config = pin_site();
    let world = world_at(MORNING);
    let now = world.snapshot();
    let served = serve_devices(&config, &world).await.unwrap();
    served.redirect_config(&mut config);
    let devices = config.devices.iter().zip(&config.site.devices).enumerate();
    for (index, (device, info)) in devices {
        let mut reader = AdhocReader::new(&config, index, &Clock::system()).unwrap();
        let reading = reader.read().await;
        assert_eq!(reading.failure, None, "{}", info.id);
        let live = numbers(&reading.outcomes);
        let twins = SimulatedPinPoint::all(device, info, world.seed());
        for (live, (twin, point)) in live.iter().zip(twins.iter().zip(&info.points)) {
            // A count begins at 0 when it is first read, and so does a time.
            let counts = point.unit.is_empty() || ["mm", "s"].contains(&&*point.unit);
            let past = twin
                .outcome(&now)
                .and_then(|outcome| Some(outcome.number()?.to_f64()));
            assert!(counts || *live == past, "{}: {live:?} {past:?}", point.id);
            let off = (live.unwrap() - twin.value(&now)).abs();
            assert!(counts || off < 0.13, "{}: {live:?}", point.id);
        }
    }
}

#[tokio::test]
async fn a_survey_finds_the_simulated_pins() {
    let config = pin_site();
    let served = serve_devices(&config, &world_at(MORNING)).await.unwrap();
    let [
        SimulatedEndpoint::Folder(pins),
        SimulatedEndpoint::Folder(probes),
        SimulatedEndpoint::Socket(chips),
        SimulatedEndpoint::Port(_),
    ] = &served.places[..]
    else {
        panic!("{:?}", served.places);
    };
    let lines = pin_survey::list_lines(pins).unwrap();
    let lines: Vec<u32> = lines.iter().map(|line| line.number).collect();
    assert_eq!(lines, [22, 27]);
    assert!(pin_survey::is_probe_folder(probes) && !pin_survey::is_probe_folder(pins));
    let found = pin_survey::list_probes(probes).unwrap();
    assert!(found[0].celsius.is_ok_and(|celsius| celsius > 20.0));
    assert!(pin_survey::is_simulated_i2c(chips));
    let path = chips.clone();
    let found = tokio::task::spawn_blocking(move || pin_survey::list_chips(&path));
    let found = found.await.unwrap().unwrap();
    let found: Vec<_> = found.iter().map(|one| (one.address, one.chip)).collect();
    assert_eq!(
        found,
        [
            (0x40, Some(SensorChip::Sht2x)),
            (0x44, Some(SensorChip::Sht3x)),
            (0x48, Some(SensorChip::Ads1115)),
            (0x68, Some(SensorChip::Ds3231)),
        ]
    );
    let folder = pins.parent().unwrap().to_path_buf();
    drop(served);
    assert!(!folder.exists(), "no file is left behind");
}

/// Plant whose time runs so much faster than the clock.
fn world_of(clock: &Clock, rate: f64) -> SimulatedWorld {
    let place = GeoLocation {
        latitude: -3.76,
        longitude: 103.78,
    };
    let plant = SimulatedPlant::new(place, SiteZone::default(), 1, MORNING);
    SimulatedWorld::new(plant, clock.clone(), 1, rate)
}

/// Reads a meter each ten seconds of the clock for so long: flows, m3/h, and the volume, m3; and
/// what the plant has pumped.
async fn meter_readings(rate: f64, polls: usize) -> (Vec<f64>, f64, f64) {
    let mut config = meter_site();
    let clock = Clock::set(MORNING, true);
    let world = world_of(&clock, rate);
    let folder = tempfile::tempdir().unwrap();
    let (device, info) = (&config.devices[0], &config.site.devices[0]);
    let twins = SimulatedPinPoint::all(device, info, world.seed());
    let mut writer = LineWriter::new(folder.path(), &twins).unwrap();
    writer.write(&world).unwrap();
    let before = world.snapshot().pumped;
    let BusLink::Gpio(link) = &mut config.buses[0].link else {
        panic!()
    };
    link.chip = Path::new(folder.path()).into();
    let points = config
        .devices
        .iter_mut()
        .flat_map(|one| Arc::make_mut(&mut one.points));
    points.for_each(|point| adapt_to_rate(point, rate));
    let mut reader = AdhocReader::new(&config, 0, &clock).unwrap();
    let (mut flows, mut volume) = (Vec::new(), 0.0);
    for _ in 0..polls {
        let reading = reader.read().await;
        assert_eq!(reading.failure, None);
        let now = numbers(&reading.outcomes);
        flows.extend(now[0]);
        volume = now[1].unwrap();
        for _ in 0..40 {
            clock.advance(Duration::from_millis(250));
            writer.write(&world).unwrap();
        }
    }
    (flows, volume, world.snapshot().pumped - before)
}

#[tokio::test]
async fn pulses_are_the_water_that_the_plant_pumps() {
    let (flows, volume, pumped) = meter_readings(1.0, 61).await;
    // The plant is one step ahead, which is 15 L at most; a pulse is a litre.
    assert!(pumped > 0.3, "{pumped}");
    assert!((pumped - volume).abs() <= 0.032, "{volume} of {pumped}");
    let mean = flows.iter().skip(3).sum::<f64>() / 58.0;
    let expected = volume / 600.0 * 3600.0;
    assert!((mean / expected - 1.0).abs() < 0.05, "{mean} {expected}");
}

#[tokio::test]
async fn a_fast_plant_has_its_own_flow_and_no_bounces() {
    let (flows, volume, pumped) = meter_readings(20.0, 4).await;
    assert!(volume > 0.7 * pumped, "{volume} of {pumped}");
    let last = flows.last().unwrap();
    assert!((1.0..6.0).contains(last), "{flows:?}");
}

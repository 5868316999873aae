//! Tests of the web page in a real browser: live values change, a plot is drawn, nothing leaves the
//! machine.

use crate::peers;
use crate::sites::{live_store, site_of};
use gateway::clock::Clock;
use gateway::config::{Config, load_config_text};
use gateway::domain::{
    DeviceInfo, ExactNumber, PointInfo, QualityReason, Reading, SampleOutcome, Site, UtcMs,
};
use gateway::report::build::IndicatorService;
use gateway::status::{BusState, DeviceFault, DeviceState, SinkState, StatusBoard};
use gateway::storage::Store;
use gateway::{api, server};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Environment variable with the folder for screenshots; a temporary folder by default.
const SCREENSHOTS_VARIABLE: &str = "PANTAU_SHOTS";
const MINUTE: i64 = 60_000;

fn point_info(device: &str, name: &str, unit: &str, quantity: &str) -> PointInfo {
    PointInfo {
        id: format!("{device}.{name}").into(),
        name: name.into(),
        unit: unit.into(),
        quantity: quantity.into(),
        counter: quantity == "energy",
    }
}

fn device_info(id: &str, kind: &str, points: &[(&str, &str, &str)]) -> DeviceInfo {
    DeviceInfo {
        id: id.into(),
        bus: "rs485".into(),
        profile: None,
        kind: kind.into(),
        every_ms: 60_000,
        points: points
            .iter()
            .map(|(name, unit, quantity)| point_info(id, name, unit, quantity))
            .collect(),
    }
}

fn page_site() -> Site {
    let electric = [
        ("ac_power", "W", "power"),
        ("ac_energy", "kWh", "energy"),
        ("ac_voltage", "V", "voltage"),
        ("ac_frequency", "Hz", "frequency"),
    ];
    let air = [
        ("temperature", "\u{b0}C", "temperature"),
        ("humidity", "%", "humidity"),
    ];
    let devices = vec![
        device_info("inverter", "inverter", &electric),
        device_info("tank", "level", &[("level", "m", "level")]),
        device_info("bin-1", "environment", &air),
        device_info("meter", "meter", &electric[..2]),
    ];
    site_of("desa-impian", "Desa Impian", devices)
}

/// Outcomes of a device at a time: sun from 06:00 to 18:00, a tank, a warm bin.
fn outcomes_at(device: u16, at: i64) -> Box<[SampleOutcome]> {
    let good = |mantissa: f64, exponent| {
        #[expect(clippy::cast_possible_truncation, reason = "a few thousand steps")]
        SampleOutcome::Good(ExactNumber::Decimal {
            mantissa: mantissa as i64,
            exponent,
        })
    };
    #[expect(clippy::cast_precision_loss, reason = "a time of this century")]
    let hours = (at + 7 * 60 * MINUTE) as f64 / 3_600_000.0;
    let sun = ((hours - 6.0) / 24.0 * std::f64::consts::TAU)
        .sin()
        .max(0.0);
    // The two frequencies share no period with the day, so the plot is not a smooth curve.
    let cloud = 0.8 + 0.2 * (hours * 37.0).sin() * (hours * 101.0).cos();
    match device {
        0 => [
            good(
                // The seconds are added so that two readings in sequence always differ: the browser
                // waits for a live value to change, also at night.
                sun * cloud * 15_000.0 + 400.0 + f64::from(i32::try_from(at / 1000 % 97).unwrap()),
                -1,
            ),
            good(hours * 10.0 - 4_900_000.0, -1),
            good(2300.0 + 20.0 * cloud, -1),
            good(5000.0 + 4.0 * cloud, -2),
        ]
        .into(),
        1 => [good(800.0 + 300.0 * (hours / 8.0).sin(), -3)].into(),
        // The bin's humidity is always missing, so the page has to draw a value without a number.
        2 => {
            let humidity = SampleOutcome::Bad(QualityReason::Missing);
            [
                SampleOutcome::Good(ExactNumber::Float(31.0 + 4.0 * sun)),
                humidity,
            ]
            .into()
        }
        _ => [good(1200.0 * cloud, -1), good(hours - 490_000.0, -1)].into(),
    }
}

fn reading_at(clock: &Clock, device: u16, at: i64) -> Reading {
    let mono = clock.now().mono;
    Reading {
        device,
        at: UtcMs(at),
        mono,
        dated: true,
        outcomes: outcomes_at(device, at),
    }
}

fn filled_board(now: UtcMs) -> StatusBoard {
    let board = StatusBoard::default();
    board.update(|board| {
        for id in ["inverter", "tank", "bin-1"] {
            let state = DeviceState {
                // An hour ahead, so that a slow run does not make these devices stale.
                last_good: Some(UtcMs(now.0 + 60 * MINUTE)),
                last_poll: Some(now),
                polls: 8640,
                ..DeviceState::default()
            };
            board.devices.insert(id.into(), state);
        }
        // The page must show a device that does not answer, with its reason and since when.
        let detail = "meter: unit 7, holding 0 to 3: no answer in 500 ms".to_owned();
        let silent = DeviceState {
            last_good: Some(UtcMs(now.0 - 95 * MINUTE)),
            last_poll: Some(now),
            fault: Some(DeviceFault {
                reason: QualityReason::Timeout,
                detail: detail.into(),
            }),
            misses: 12,
            ..DeviceState::default()
        };
        board.devices.insert("meter".into(), silent);
        board.buses.insert(
            "rs485".into(),
            BusState {
                open: true,
                ..BusState::default()
            },
        );
        let mqtt = SinkState {
            // One sink with a backlog, one without, so that both are on the page.
            connected: false,
            fault: Some("connection refused".to_owned()),
            delivered: 9000,
            delivered_at: Some(UtcMs(now.0 - 26 * MINUTE)),
            waiting: 3120,
            ..SinkState::default()
        };
        board.sinks.insert("mqtt", mqtt);
        let influx = SinkState {
            connected: true,
            delivered_at: Some(now),
            ..SinkState::default()
        };
        board.sinks.insert("influx", influx);
    });
    board
}

/// A day of readings with a gap of two hours, up to now.
async fn fill_history(store: &Store, clock: &Clock) {
    let now = clock.now().at.0;
    for minutes in (0..1440)
        .rev()
        .filter(|minutes| !(300..420).contains(minutes))
    {
        for device in 0..3 {
            let reading = reading_at(clock, device, now - minutes * MINUTE);
            store.append(reading).await.unwrap();
        }
    }
    store
        // The meter's only reading is as old as its status says.
        .append(reading_at(clock, 3, now - 95 * MINUTE))
        .await
        .unwrap();
    store.flush().await.unwrap();
}

async fn append_readings(store: Store, clock: Clock) {
    // Faster than the flush of 2 s: the page must show readings that are not stored yet.
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    loop {
        tick.tick().await;
        for device in 0..3 {
            let reading = reading_at(&clock, device, clock.now().at.0);
            store.append(reading).await.unwrap();
        }
    }
}

/// Configuration for figures; the page of this test shows none.
fn demo_config() -> Config {
    let text = include_str!("../../gateway/assets/demo.toml");
    load_config_text(text, std::path::Path::new("demo.toml"), &|_| None).unwrap()
}

#[test]
fn the_page_lives_in_a_real_browser() {
    let folder = tempfile::tempdir().unwrap();
    let shots = std::env::var_os(SCREENSHOTS_VARIABLE)
        .map_or_else(|| folder.path().join("shots"), PathBuf::from);
    // The browser is a process of its own, so one thread is enough to serve it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let status = runtime.block_on(async {
        let (store, clock) = live_store(folder.path(), &page_site());
        fill_history(&store, &clock).await;
        let figures = IndicatorService::new(Arc::new(demo_config()), store.clone());
        let state = api::ApiState {
            alarms: gateway::alarms::AlarmBook::default(),
            figures: Arc::new(figures),
            config: Arc::new(demo_config()),
            site: Arc::new(page_site()),
            buses: Arc::new([]),
            assets: Arc::new([]),
            definitions: std::sync::Arc::new(gateway::ledger::IndicatorDefinitions::built_in()),
            store: store.clone(),
            board: filled_board(clock.now().at),
            clock: clock.clone(),
            access: gateway::access::AccessPolicy::Open,
            bus_handles: gateway::bus_request::BusHandles::default(),
            reload: gateway::reload_request::ReloadDoor::default(),
            scans: Arc::default(),
            addresses: Arc::default(),
            report_jobs: Arc::default(),
            soaks: Arc::default(),
            version: "test",
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = watch::channel(false);
        let page = tokio::spawn(server::serve_http(listener, state, stopped));
        let feed = tokio::spawn(append_readings(store.clone(), clock));
        let mut browser = tokio::process::Command::from(peers::python_peer("page.py"));
        let status = browser.arg(address).arg(&shots).status().await.unwrap();
        stop.send(true).unwrap();
        page.await.unwrap();
        feed.abort();
        store.stop().await;
        status
    });
    assert!(
        status.success(),
        "the browser saw something wrong, see above"
    );
}

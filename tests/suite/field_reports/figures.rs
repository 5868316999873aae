//! Fault reports about counters, integrals and the figures computed from them.
//!
//! These go through the whole program: readings are imported, reports are written. The other cases
//! stand beside the code, as `gateway/src/account/tests/reported.rs` and
//! `gateway/src/analyse/counters_tests.rs`.

use crate::sites::{run_ok, write_config};
use serde_json::Value as Json;
use std::fmt::Write as _;
use std::path::Path;
use tests::site_text::SiteText;

fn three_plants() -> SiteText {
    SiteText::new("desa")
        .tcp_bus("lan", 9)
        .device("inverter", "lan", "unit = 1\nevery = '5m'")
        .points([
            "{ id = 'energy', register = 'holding:0', type = 'u32', scale = 0.1, unit = 'kWh', counter = true }",
            "{ id = 'power', register = 'holding:2', type = 'u32', scale = 0.1, unit = 'W' }",
            "{ id = 'wrong', register = 'holding:4', type = 'u32', unit = 'kWh', counter = true }",
        ])
        .asset("counted", "plts", "capacity_kwp = 5.0\nenergy = 'inverter.energy'")
        .asset("integrated", "plts", "capacity_kwp = 5.0\npower = 'inverter.power'")
        .asset("watt-hours", "plts", "capacity_kwp = 5.0\nenergy = 'inverter.wrong'")
        // The same energy, measured in other ways: a site must say so.
        .with("[[relation]]\nasset = 'counted'\nkind = 'in-series'\nwith = 'integrated'")
        .with("[[relation]]\nasset = 'integrated'\nkind = 'in-series'\nwith = 'watt-hours'")
}

#[track_caller]
fn import_readings(folder: &Path, point: &str, readings: &[(String, f64)]) {
    let mut text = String::from("time,value\n");
    for (time, value) in readings {
        writeln!(text, "{time},{value}").unwrap();
    }
    let file = folder.join("readings.csv");
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    run_ok(folder, "en", &["import", "--point", point, file]);
}

/// Returns the generation figure of a plant from the report.
fn generation_figure(folder: &Path, asset: &str) -> Json {
    let ask = [
        "report",
        "2026-11-01..2026-11-02",
        "--json",
        "--asset",
        asset,
    ];
    let explain = ["--explain", "plts.generation"];
    let said = run_ok(folder, "en", &[&ask[..], &explain].concat());
    let said: Json = serde_json::from_slice(&said).unwrap();
    said["indicator"].clone()
}

/// Each five minutes from 06:00 to 18:00 on 2026-11-01 in Jakarta.
fn day_times() -> impl Iterator<Item = String> {
    let minutes = (0..=144_u32).map(|place| place * 5);
    minutes.map(|minutes| {
        let (hour, minute) = (6 + minutes / 60, minutes % 60);
        format!("2026-11-01T{hour:02}:{minute:02}:00+07:00")
    })
}

#[test]
fn a_dip_a_spike_and_a_wrong_unit_are_told_and_never_counted() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    write_config(folder, three_plants());
    let night = [
        ("2026-11-01T17:00:00+07:00", 40.0),
        ("2026-11-01T17:30:00+07:00", 40.3),
        ("2026-11-02T06:00:00+07:00", 40.2),
        ("2026-11-02T06:30:00+07:00", 40.5),
        ("2026-11-02T07:00:00+07:00", 40.9),
    ];
    let night = night.map(|(time, kwh)| (time.to_owned(), kwh));
    import_readings(folder, "inverter.energy", &night);
    let mut power: Vec<(String, f64)> = day_times().map(|time| (time, 2000.0)).collect();
    // OpenInverterGateway#342: one such reading counted 17 919 kWh in a day.
    power[70].1 = 214_748_364.7;
    import_readings(folder, "inverter.power", &power);
    // 167 Wh in five minutes is 2 kW; read as kWh it is 2 MW, more than 5 kWp can give.
    let steps = (0..).map(|place: u32| f64::from(place) * 167.0);
    let watt_hours: Vec<(String, f64)> = day_times().zip(steps).collect();
    import_readings(folder, "inverter.wrong", &watt_hours);

    for (asset, wanted) in [("counted", 0.9), ("integrated", 24.0)] {
        let found = generation_figure(folder, asset)["value"].as_f64().unwrap();
        assert!((found - wanted).abs() < 1e-9, "{asset}: {found}");
    }
    let refused = generation_figure(folder, "watt-hours");
    assert_eq!(refused["value"], Json::Null, "{refused:#}");
    for (lang, words) in [
        (
            "en",
            [
                "went back a little",
                "impossible value or jump",
                "check the unit and scale",
            ],
        ),
        (
            "id",
            [
                "mundur sedikit",
                "lonjakan tidak wajar",
                "periksa satuan dan skala",
            ],
        ),
    ] {
        let ask = [
            "report",
            "2026-11-01..2026-11-02",
            "--format",
            "csv",
            "-o",
            "-",
        ];
        let report = String::from_utf8(run_ok(folder, lang, &ask)).unwrap();
        for word in words {
            assert!(report.contains(word), "{lang}: {word}\n{report}");
        }
    }
}

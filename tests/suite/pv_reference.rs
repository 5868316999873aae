//! A measured plant's figures against pvlib, rdtools and pvanalytics: the same readings are
//! imported, and the report says the same numbers.

use crate::peers::python_peer;
use crate::sites::{run_ok, write_config};
use serde_json::Value as Json;
use std::path::Path;
use tests::site_text::SiteText;

/// Share by which figures may differ where definitions agree.
const RELATIVE_TOLERANCE: f64 = 1e-6;
const PERIOD: &str = "2022-01-02..2022-01-06";

fn measured_plants() -> SiteText {
    SiteText::new("serf")
        .with("name = 'SERF West'")
        .tcp_bus("lan", 9)
        .device("w", "lan", "unit = 1\nevery = '15m'")
        .points([
            "{ id = 'power', register = 'holding:0', type = 'f32', unit = 'W' }",
            "{ id = 'energy', register = 'holding:2', type = 'f32', unit = 'kWh', counter = true }",
            "{ id = 'poa', register = 'holding:4', type = 'f32', unit = 'W/m2' }",
            "{ id = 'module', register = 'holding:6', type = 'f32', unit = 'degC' }",
            "{ id = 'holed', register = 'holding:8', type = 'f32', unit = 'W' }",
        ])
        .asset(
            "integrated",
            "plts",
            "capacity_kwp = 6.0\npower = 'w.power'",
        )
        .asset("metered", "plts", "capacity_kwp = 6.0\ngamma = -0.004")
        .with("energy = 'w.energy'\nirradiance = 'w.poa'\nmodule_temperature = 'w.module'")
        .asset("holed", "plts", "capacity_kwp = 6.0\npower = 'w.holed'")
        // The same energy, measured in other ways: a site must say so.
        .with("[[relation]]\nasset = 'integrated'\nkind = 'in-series'\nwith = 'metered'")
        .with("[[relation]]\nasset = 'metered'\nkind = 'in-series'\nwith = 'holed'")
}

/// A figure of an asset, with all the digits that it has.
#[track_caller]
fn report_figure(folder: &Path, asset: &str, id: &str) -> f64 {
    let ask = [
        "report",
        PERIOD,
        "--json",
        "--asset",
        asset,
        "--explain",
        id,
    ];
    let said: Json = serde_json::from_slice(&run_ok(folder, "en", &ask)).unwrap();
    let value = said["indicator"]["value"].as_f64();
    value.unwrap_or_else(|| panic!("{said:#}"))
}

#[test]
fn energies_yields_and_ratios_are_those_of_the_field_s_own_libraries() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path();
    write_config(folder, measured_plants());
    let output = python_peer("pv_reference.py").arg(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let reference: Json = serde_json::from_slice(&output.stdout).unwrap();
    for name in reference["names"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let file = folder.join(format!("{name}.csv"));
        let point = format!("w.{name}");
        run_ok(
            folder,
            "en",
            &["import", "--point", &point, file.to_str().unwrap()],
        );
    }
    let expected = |name: &str| reference["expected"][name].as_f64().unwrap();

    // What rdtools leaves out and METHODS A.1 keeps: the first interval after a gap that was
    // measured at both of its ends.
    let holed = expected("holed") + expected("left_out");
    for (asset, id, wanted) in [
        ("integrated", "plts.generation", expected("integrated")),
        ("holed", "plts.generation", holed),
        ("metered", "plts.generation", expected("counted")),
        ("metered", "plts.insolation", expected("insolation")),
        ("metered", "plts.specific_yield", expected("specific_yield")),
        ("metered", "plts.pr", 100.0 * expected("pr")),
        (
            "metered",
            "plts.pr_temperature",
            100.0 * expected("pr_temperature"),
        ),
        ("metered", "plts.pr_weather", 100.0 * expected("pr_weather")),
    ] {
        let found = report_figure(folder, asset, id);
        let off = (found / wanted - 1.0).abs();
        assert!(
            off < RELATIVE_TOLERANCE,
            "{asset} {id}: {found}, expected {wanted}"
        );
    }
    // If the gap held no energy, both definitions would give the same sum and prove nothing.
    assert!(expected("left_out") > 1.0, "the gap shows nothing");
}

use super::*;
use crate::config::{self, Config, Diagnostic, Diagnostics};
use crate::i18n::Language;
use crate::tests::SiteText;
use proptest::prelude::*;
use std::path::Path;

/// Points of the device `d`, one of each unit.
const POINTS: [&str; 12] = [
    "{ id = 'w', register = 'holding:0', type = 'u16', unit = 'kW' }",
    "{ id = 'wh', register = 'holding:1', type = 'u16', unit = 'Wh', counter = true }",
    "{ id = 'loose', register = 'holding:2', type = 'u16', unit = 'kWh' }",
    "{ id = 'm', register = 'holding:3', type = 'u16', unit = 'cm' }",
    "{ id = 'c', register = 'holding:4', type = 'u16', unit = 'degC' }",
    "{ id = 'm3', register = 'holding:5', type = 'u16', unit = 'L', counter = true }",
    "{ id = 'flow', register = 'holding:6', type = 'u16', unit = 'L/min' }",
    "{ id = 'mm', register = 'holding:7', type = 'u16', unit = 'mm', counter = true }",
    "{ id = 'bar', register = 'holding:8', type = 'u16', unit = 'mbar' }",
    "{ id = 'bare', register = 'holding:9', type = 'u16' }",
    "{ id = 'k', register = 'holding:10', type = 'u16', unit = 'K' }",
    "{ id = 'pct', register = 'holding:11', type = 'u16', unit = '%' }",
];

/// Site whose device `d` has `POINTS`; assets are appended to it.
fn site_text() -> String {
    let site = SiteText::new("a").tcp_bus("b", 502).device("d", "b", "");
    site.points(POINTS).text()
}

/// Number of lines of the site before its assets.
fn site_lines() -> usize {
    site_text().lines().count()
}

const PLTS: &str = "[[asset]]\nid = 'p'\nkind = 'plts'\ncapacity_kwp = 2\nenergy = 'd.wh'\n";
const TANK: &str = "[[asset]]\nid = 't'\nkind = 'tank'\nlevel = 'd.m'\n";
const UPRIGHT: &str = "shape = { kind = 'vertical-cylinder', diameter_m = 1.1, height_m = 1.35 }\n";

fn load_assets(text: &str) -> Result<Config, Diagnostics> {
    let text = site_text() + text;
    config::load_config_text(&text, Path::new("pantau.toml"), &|_| None)
}

#[track_caller]
fn load_valid(text: &str) -> Config {
    match load_assets(text) {
        Ok(config) => config,
        Err(faults) => panic!("{faults}"),
    }
}

/// Diagnostics of a site with these assets, line numbers relative to the first asset.
#[track_caller]
fn rendered_diagnostics(text: &str, lang: Language) -> Vec<String> {
    let render = |fault: Diagnostic| {
        let line = fault.line - site_lines();
        Diagnostic { line, ..fault }
            .render(lang)
            .replace("pantau.toml:", "")
    };
    load_assets(text)
        .unwrap_err()
        .0
        .into_iter()
        .map(render)
        .collect()
}

#[track_caller]
fn assert_one_diagnostic(text: &str, en: &str, id: &str) {
    assert_eq!(rendered_diagnostics(text, Language::En), [en]);
    assert_eq!(rendered_diagnostics(text, Language::Id), [id]);
}

#[track_caller]
fn assert_warns(text: &str, what: &str) {
    let config = load_valid(text);
    let warnings: Vec<&str> = config.warnings.iter().map(|fault| fault.what).collect();
    assert_eq!(warnings, [what]);
}

#[test]
fn points_come_with_the_way_to_the_unit_that_figures_need() {
    let config = load_valid(&format!(
        "{PLTS}power = 'd.w'\nmodule_temperature = 'd.k'\n"
    ));
    let AssetKind::Plts(plant) = &config.assets[0].kind else {
        panic!("a plant");
    };
    let power = plant.power.as_ref().unwrap();
    assert_eq!((power.unit, power.value(1.5)), ("W", 1500.0));
    let energy = plant.energy.as_ref().unwrap();
    assert_eq!(
        (energy.unit, energy.value(2500.0), energy.counter),
        ("kWh", 2.5, true)
    );
    let warm = plant.module_temperature.as_ref().unwrap();
    assert!((warm.value(300.0) - 26.85).abs() < 1e-9);
    assert_eq!(&*config.assets[0].points["energy"], "d.wh");
    assert_eq!(config.assets[0].kind.word(), "plts");
}

#[test]
fn a_level_in_degrees_does_not_fit_its_use() {
    assert_one_diagnostic(
        &format!("{TANK}{UPRIGHT}").replace("d.m", "d.c"),
        "4: level: point `d.c (degC)` does not fit here, expected one with the unit m, cm, mm, km",
        "4: level: titik ukur `d.c (degC)` tidak cocok di sini, seharusnya dalam satuan m, cm, mm, \
         km",
    );
}

#[test]
fn energy_in_watts_does_not_fit_its_use_and_a_bare_number_fits_nothing() {
    let text = PLTS.replace("d.wh", "d.w");
    let said = rendered_diagnostics(&text, Language::En);
    assert!(said[0].contains("point `d.w (kW)` does not fit here, expected one with the unit Wh"));
    assert_one_diagnostic(
        &format!("{TANK}{UPRIGHT}").replace("d.m", "d.bare"),
        "4: level: point `d.bare` has no unit; give it one of m, cm, mm, km",
        "4: level: titik ukur `d.bare` tidak punya satuan; beri salah satu dari m, cm, mm, km",
    );
}

#[test]
fn energy_that_is_no_counter_is_doubtful() {
    assert_warns(&PLTS.replace("d.wh", "d.loose"), "fault-not-counter");
}

#[test]
fn a_tank_without_a_diameter_is_refused() {
    assert_one_diagnostic(
        &format!("{TANK}shape = {{ kind = 'vertical-cylinder', height_m = 1.35 }}\n"),
        "5: diameter_m: missing",
        "5: diameter_m: belum diisi",
    );
    assert_one_diagnostic(TANK, "1: shape: missing", "1: shape: belum diisi");
}

#[test]
fn a_misspelt_shape_is_checked_as_the_nearest_one() {
    let text =
        format!("{TANK}shape = {{ kind = 'vertical-cilinder', diameter_m = -1, height_m = 2 }}\n");
    let said = rendered_diagnostics(&text, Language::En);
    assert!(
        said[0].contains("unknown word `vertical-cilinder`"),
        "{said:?}"
    );
    assert!(said[0].ends_with("did you mean `vertical-cylinder`?"));
    assert_eq!(said[1], "5: diameter_m: -1 is out of range, expected > 0");
}

#[test]
fn a_capacity_of_nothing_or_less_is_refused() {
    let text = PLTS.replace("capacity_kwp = 2", "capacity_kwp = 0");
    assert_one_diagnostic(
        &text,
        "4: capacity_kwp: 0 is out of range, expected > 0",
        "4: capacity_kwp: 0 di luar rentang, seharusnya > 0",
    );
    let said = rendered_diagnostics(
        &PLTS.replace("capacity_kwp = 2", "capacity_kwp = -2.5"),
        Language::En,
    );
    assert_eq!(
        said,
        ["4: capacity_kwp: -2.5 is out of range, expected > 0"]
    );
    let said = rendered_diagnostics(
        &PLTS.replace("capacity_kwp = 2", "capacity = 2"),
        Language::En,
    );
    assert_eq!(
        said,
        ["4: capacity: unknown key `capacity`; did you mean `capacity_kwp`?"]
    );
}

#[test]
fn a_key_that_is_gone_does_not_keep_a_site_from_starting() {
    let bin = "[[asset]]\nid = 'b'\nkind = 'bsf'\ntemperature = 'd.c'\nprobe = 'p'\n";
    assert_warns(&format!("{bin}stage = 'larva'\n"), "fault-retired-key");
}

#[test]
fn a_coefficient_in_percent_is_noticed() {
    let said = rendered_diagnostics(&format!("{PLTS}gamma = -0.35\n"), Language::En);
    assert_eq!(
        said,
        ["6: gamma: -0.35 is out of range, expected -0.01 to 0"]
    );
}

#[test]
fn a_strapping_table_must_rise() {
    let table =
        |rows: &str| format!("{TANK}shape = {{ kind = 'strapping-table', table = {rows} }}\n");
    assert_one_diagnostic(
        &table("[[0, 0], [0.5, 0.6], [0.5, 0.7]]"),
        "5: table: row [0.5, 0.7] must not come after [0.5, 0.6]: sort from the lowest level up, \
         and volumes must rise too",
        "5: table: baris [0.5, 0.7] tidak boleh sesudah [0.5, 0.6]: urutkan dari ketinggian \
         terendah, dan volume juga harus naik",
    );
    // Two levels of one volume: no level could be told from the volume.
    assert!(load_assets(&table("[[0, 0], [0.5, 0.6], [1.0, 0.6]]")).is_err());
    for rows in [
        "[]",
        "[[0, 0]]",
        "[[0], [1]]",
        "[[0, 0, 0], [1, 1]]",
        "[[0, -1], [1, 1]]",
    ] {
        let said = rendered_diagnostics(&table(rows), Language::En);
        assert!(
            said[0].contains("expected 2 to 10000 pairs of level"),
            "{rows} {said:?}"
        );
    }
    // Heights in cm or below the floor, and more than any tank holds.
    for rows in [
        "[[0, 0], [120, 1.2]]",
        "[[-0.2, 0], [1, 1]]",
        "[[0, 0], [2, 20000]]",
    ] {
        let faults = load_assets(&table(rows)).unwrap_err();
        assert_eq!(faults.0[0].what, "fault-range", "{rows}");
    }
    // Litres in place of m3.
    for (rows, what) in [
        ("[[0, 0], [0.5, 250], [1, 500]]", "fault-unusual"),
        ("[[0, 0], [0.45, 40], [0.9, 80]]", "fault-strapping-wide"),
    ] {
        assert_warns(&table(rows), what);
    }
    let sensor = |height: &str| {
        let rows = table("[[0, 0], [0.5, 0.6], [1.0, 0.7]]").replace("level = ", "distance = ");
        format!("{rows}sensor = {{ height_m = {height}, blanking_m = 0.2 }}\n")
    };
    assert_warns(&sensor("2.0"), "fault-strapping-short");
    let fitting = load_valid(&sensor("1.3")).warnings;
    assert!(
        !fitting
            .iter()
            .any(|fault| fault.what == "fault-strapping-short")
    );
    let faults = load_assets(&(table("[[0, 0], [1, 1]]") + "full_m = 1.2\n")).unwrap_err();
    assert_eq!(faults.0[0].what, "fault-strapping-full");
    let config = load_valid(&table("[[0, 0], [0.5, 0.6], [1.0, 0.7]]"));
    let AssetKind::Tank(tank) = &config.assets[0].kind else {
        panic!("a tank");
    };
    assert!((tank.full_m - 1.0).abs() < 1e-12);
}

#[test]
fn every_shape_of_a_tank_is_known() {
    for (shape, top) in [
        (
            "{ kind = 'box', length_m = 2, width_m = 1, height_m = 1.5 }",
            1.5,
        ),
        (
            "{ kind = 'horizontal-cylinder', diameter_m = 1.2, length_m = 3 }",
            1.2,
        ),
        (
            "{ kind = 'cylinder-on-cone', diameter_m = 1.2, cone_height_m = 0.5, \
             cylinder_height_m = 1.5 }",
            2.0,
        ),
        (
            "{ kind = 'ibc', area_m2 = 1.1, height_m = 1, nominal_m3 = 1 }",
            1.0,
        ),
    ] {
        let config = load_valid(&format!("{TANK}shape = {shape}\nfreeboard_m = 0.2\n"));
        let AssetKind::Tank(tank) = &config.assets[0].kind else {
            panic!("a tank");
        };
        assert!((tank.full_m - (top - 0.2)).abs() < 1e-12, "{shape}");
    }
}

#[test]
fn a_tank_is_measured_in_one_way() {
    let none = TANK.replace("level = 'd.m'\n", "") + UPRIGHT;
    assert_one_diagnostic(
        &none,
        "1: level: one of level, pressure, distance is needed",
        "1: level: salah satu dari level, pressure, distance harus diisi",
    );
    let said = rendered_diagnostics(
        &format!("{TANK}{UPRIGHT}pressure = 'd.bar'\n"),
        Language::En,
    );
    assert_eq!(
        said,
        ["6: pressure: only one of level, pressure, distance is allowed"]
    );
    let distance = none.clone() + "distance = 'd.m'\n";
    assert_eq!(
        rendered_diagnostics(&distance, Language::En),
        ["1: sensor.height_m: missing"]
    );
    let config = load_valid(&(distance + "sensor = { height_m = 1.6, blanking_m = 0.2 }\n"));
    assert_eq!(&*config.assets[0].points["distance"], "d.m");
    let said = rendered_diagnostics(
        &format!("{TANK}{UPRIGHT}sensor = {{ blanking_m = 0.2 }}\n"),
        Language::En,
    );
    assert_eq!(
        said,
        ["6: blanking_m: `blanking_m` does not apply to this measuring method"]
    );
}

#[test]
fn a_grid_factor_that_is_not_there_has_its_nearest_one() {
    let grid = |id: &str| format!("{PLTS}baseline = {{ kind = 'GRID', factor = '{id}' }}\n");
    assert_one_diagnostic(
        &grid("grid.sumatra.2019.cm5050_expost"),
        "6: factor: unknown factor `grid.sumatra.2019.cm5050_expost`; did you mean \
         `grid.sumatera.2019.cm5050_expost`?",
        "6: factor: faktor `grid.sumatra.2019.cm5050_expost` tidak dikenal; maksudnya \
         `grid.sumatera.2019.cm5050_expost`?",
    );
    assert_one_diagnostic(
        &grid("fuel.diesel.co2"),
        "6: factor: factor `fuel.diesel.co2 (kgCO2/GJ)` does not fit here, expected one in \
         tCO2/MWh, kgCO2/kWh",
        "6: factor: faktor `fuel.diesel.co2 (kgCO2/GJ)` tidak cocok di sini, seharusnya dalam \
         tCO2/MWh, kgCO2/kWh",
    );
    let said = rendered_diagnostics(&grid("grid.sumatera.2024"), Language::En);
    assert!(said[0].contains("was never checked"), "{said:?}");
    let said = rendered_diagnostics(
        &format!("{PLTS}baseline = {{ kind = 'GRID' }}\n"),
        Language::En,
    );
    assert_eq!(said, ["6: factor: missing"]);
}

#[test]
fn a_declared_baseline_says_how_far_it_may_be_believed() {
    let text = "baseline = { kind = 'GRID', factor = 'grid.jamali.2019.om', since = 2026-01-01 }\n";
    let config = load_valid(&format!("{PLTS}{text}"));
    let baseline = config.assets[0].baselines().first().unwrap();
    assert_eq!(baseline.kind.code(), "GRID");
    assert_eq!(baseline.headline(&config.factors).word(), "no-page");
    assert_eq!(config.assets[0].factors().len(), 1);
    let none = load_valid(&format!("{PLTS}baseline = {{ kind = 'NONE' }}\n"));
    let baseline = none.assets[0].baselines().first().unwrap();
    assert_eq!(
        baseline.headline(&none.factors),
        crate::domain::claim_verdict::ClaimVerdict::Claimable
    );
}

#[test]
fn a_genset_baseline_needs_a_rating_and_one_way_to_its_emissions() {
    let genset = |more: &str| {
        let leakage = "leakage = { replaced = 'scrapped', statement = 'letter' }\n";
        format!("{PLTS}baseline = {{ kind = 'GENSET'{more} }}\n{leakage}")
    };
    let said = rendered_diagnostics(&genset(", load = 'lf50'"), Language::En);
    assert_eq!(said, ["6: rating_kw: missing"]);
    let said = rendered_diagnostics(&genset(", rating_kw = 10"), Language::En);
    assert_eq!(
        said,
        ["6: litres_per_kwh: one of litres_per_kwh, factor, load is needed"]
    );
    let said = rendered_diagnostics(
        &genset(", rating_kw = 10, litres_per_kwh = 0.4"),
        Language::Id,
    );
    assert!(
        said[0].contains("emisi CO2 tidak dapat dihitung dari liter"),
        "{said:?}"
    );
    assert_warns(
        &genset(", rating_kw = 10, load = 'lf50'"),
        "fault-unverified-used",
    );
    assert_warns(
        &genset(", rating_kw = 10, factor = 'genset.flat'"),
        "fault-unverified-used",
    );
    let litres = genset(", rating_kw = 10, litres_per_kwh = 0.4, density_kg_l = 0.85");
    let config = load_valid(&litres);
    assert_eq!(config.warnings, []);
    let factors = config.assets[0].factors();
    let ids: Vec<&str> = factors.iter().map(|factor| &*factor.id).collect();
    assert_eq!(
        ids,
        [
            "fuel.diesel.co2",
            "fuel.diesel.ncv",
            "fuel.biodiesel.blend.2025"
        ]
    );
}

#[test]
fn a_genset_without_a_rating_is_refused() {
    assert_one_diagnostic(
        "[[asset]]\nid = 'g'\nkind = 'genset'\nenergy = 'd.wh'\n",
        "1: rating_kw: missing",
        "1: rating_kw: belum diisi",
    );
}

const PUMP_FUEL: &str = "system = 'pump-only'\nbaseline = { kind = 'PUMP_FUEL', pump = 'w' }\n\
                         leakage = { replaced = 'nothing' }\n";

#[test]
fn a_fuel_pump_is_reckoned_from_a_pump_that_measures_its_water() {
    let pump = "[[asset]]\nid = 'w'\nkind = 'pump'\npower = 'd.w'\n";
    let said = rendered_diagnostics(&format!("{PLTS}{PUMP_FUEL}{pump}"), Language::En);
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("pump `w` has no volume, flow"), "{said:?}");
    assert!(said[1].contains("pump `w` has no head"), "{said:?}");
    let whole = format!("{PLTS}{PUMP_FUEL}{pump}volume = 'd.m3'\nhead = {{ static_m = 20 }}\n");
    let config = load_valid(&whole);
    let BaselineKind::PumpFuel { method: way, .. } =
        &config.assets[0].baselines().first().unwrap().kind
    else {
        panic!("a fuel pump");
    };
    let high = PumpEmissionMethod::Water {
        eta_pump: 0.65,
        eta_engine: 0.33,
        measured: false,
    };
    assert_eq!(*way, high);
}

#[test]
fn an_asset_that_is_named_must_be_there_and_of_the_right_kind() {
    let tank = format!("{TANK}{UPRIGHT}");
    let pump = "[[asset]]\nid = 'w'\nkind = 'pump'\npower = 'd.w'\nplts = 'pp'\n";
    let said = rendered_diagnostics(&format!("{tank}{PLTS}{pump}"), Language::En);
    assert_eq!(said, ["15: plts: unknown asset `pp`; did you mean `p`?"]);
    let said = rendered_diagnostics(
        &format!("{tank}{PLTS}{}", pump.replace("'pp'", "'t'")),
        Language::Id,
    );
    assert_eq!(said, ["15: plts: aset `t (tank)` bukan plts"]);
}

#[test]
fn a_kilowatt_hour_is_claimed_once() {
    let plant = |id: &str, kind: &str| {
        PLTS.replace("'p'", &format!("'{id}'")) + &format!("baseline = {{ {kind} }}\n")
    };
    let grid = "kind = 'GRID', factor = 'grid.jamali.2019.om'";
    assert_one_diagnostic(
        &(plant("p", grid) + &plant("q", grid)),
        "7: baseline: the energy of point `d.wh` already counts for asset `p`; one kilowatt-hour \
         counts only once",
        "7: baseline: energi titik ukur `d.wh` sudah dihitung untuk aset `p`; satu kilowatt-jam hanya \
         dihitung satu kali",
    );
    // Without a claim it would be added to the site's energy twice.
    let none = plant("p", grid) + &plant("q", "kind = 'NONE'");
    assert!(load_assets(&none).is_err());
}

#[test]
fn a_capacity_in_watts_is_refused_beside_the_inverter_and_suspected_alone() {
    let plant = |kwp: &str, more: &str| PLTS.replace("capacity_kwp = 2", kwp) + more;
    let said = rendered_diagnostics(
        &plant("capacity_kwp = 2000", "ac_rating_kw = 2\n"),
        Language::En,
    );
    assert_eq!(
        said,
        [
            "4: capacity_kwp: 2000 kWp does not fit ac_rating_kw = 2; is one of the two in W instead \
          of kW?"
        ]
    );
    let warned = |text: &str, what: &str| {
        let config = load_valid(text);
        config.warnings.iter().any(|fault| fault.what == what)
    };
    assert!(warned(
        &plant("capacity_kwp = 2000", ""),
        "fault-capacity-large"
    ));
    assert!(warned(
        &plant("capacity_kwp = 2", "ac_rating_kw = 0.5\n"),
        "fault-ratings"
    ));
    assert!(!warned(
        &plant("capacity_kwp = 2", "ac_rating_kw = 2\n"),
        "fault-ratings"
    ));
}

#[test]
fn the_lower_factor_of_a_grid_is_named_beside_a_higher_one() {
    let plant = |factor: &str| {
        format!("{PLTS}baseline = {{ kind = 'GRID', factor = 'grid.sumatera.2019.{factor}' }}\n")
    };
    let warned = |factor: &str| {
        let config = load_valid(&plant(factor));
        let found = config
            .warnings
            .iter()
            .find(|fault| fault.what == "fault-lower-factor");
        found.map(|fault| fault.expected.clone())
    };
    let lower = warned("cm5050_expost").unwrap();
    assert!(
        lower.contains("grid.sumatera.2019.cm5050_exante (0.93"),
        "{lower}"
    );
    assert_eq!(warned("cm5050_exante"), None);
}

#[test]
fn factors_of_two_years_are_doubtful() {
    let plant = |id: &str, point: &str, factor: &str| {
        let plant = PLTS
            .replace("'p'", &format!("'{id}'"))
            .replace("d.wh", point);
        plant + &format!("baseline = {{ kind = 'GRID', factor = '{factor}' }}\n")
    };
    let first = plant("p", "d.wh", "grid.jamali.2019.om");
    let config = load_valid(&(first + &plant("q", "d.loose", "grid.jamali.2018.cm")));
    assert!(
        config
            .warnings
            .iter()
            .any(|fault| fault.what == "fault-vintages")
    );
}

#[test]
fn a_factor_that_no_longer_holds_is_refused_for_a_baseline() {
    let dir = tempfile::tempdir().unwrap();
    let own = "[[factor]]\nid = 'grid.own'\nvalue = 0.8\nunit = 'kgCO2/kWh'\nsource = 's'\n\
               status = 'official_text'\nvalid_to = 2025-12-31\n";
    std::fs::write(dir.path().join("own.toml"), own).unwrap();
    let text = format!(
        "{}[factors]\nfile = 'own.toml'\n{PLTS}\
         baseline = {{ kind = 'GRID', factor = 'grid.own', since = 2026-01-01 }}\n",
        site_text()
    );
    let faults =
        config::load_config_text(&text, &dir.path().join("pantau.toml"), &|_| None).unwrap_err();
    let said = faults.render(Language::En);
    assert!(
        said.contains("is not valid on that day; it is valid ..2025-12-31"),
        "{said}"
    );
    let text = text.replace("2026-01-01", "2025-01-01");
    let config =
        config::load_config_text(&text, &dir.path().join("pantau.toml"), &|_| None).unwrap();
    assert!(config.revision_text().ends_with(own) && config.revision_text().starts_with(&text));
    assert_eq!(config.expired_factors(jiff::civil::date(2025, 12, 31)), []);
    let late = config.expired_factors(jiff::civil::date(2026, 1, 1));
    assert_eq!((late.len(), late[0].line), (1, site_lines() + 8));
}

#[test]
fn baselines_that_follow_each_other_are_a_list_without_overlap() {
    let grid = |days: &str| {
        format!("{{ kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante'{days} }}")
    };
    let list = |all: &[&str]| {
        let all: Vec<String> = all.iter().map(|days| grid(days)).collect();
        format!("{PLTS}baseline = [{}]\n", all.join(", "))
    };
    let (first, second) = (", until = 2026-06-30", ", since = 2026-07-01");
    let config = load_valid(&list(&[second, first]));
    let since: Vec<bool> = config.assets[0]
        .baselines()
        .iter()
        .map(|one| one.days.since.is_some())
        .collect();
    assert_eq!(since, [false, true], "by their first day");
    assert_eq!(
        load_valid(&format!("{PLTS}baseline = {}\n", grid(""))).assets[0]
            .baselines()
            .len(),
        1
    );
    let said = rendered_diagnostics(&list(&[first, ", since = 2026-06-30"]), Language::En);
    assert_eq!(said.len(), 1);
    assert!(
        said[0].contains("the days 2026-06-30.. of this baseline overlap"),
        "{said:?}"
    );
    let said = rendered_diagnostics(&list(&["", second]), Language::En);
    assert!(said[0].contains("overlap"), "{said:?}");
    let said = rendered_diagnostics(&format!("{PLTS}baseline = 5\n"), Language::En);
    assert_eq!(said, ["6: baseline: found 5, expected a table"]);
}

#[test]
fn an_asset_that_ends_before_it_begins_is_refused() {
    let said = rendered_diagnostics(
        &format!("{PLTS}since = 2026-07-01\nuntil = 2026-06-30\n"),
        Language::En,
    );
    assert_eq!(
        said,
        ["7: until: 2026-06-30 is out of range, expected >= 2026-07-01"]
    );
    let changes = "changes = [{ since = 2026-07-01, capacity_kwp = 3 }, \
                   { since = 2026-07-01, capacity_kwp = 4 }]\n";
    let said = rendered_diagnostics(&format!("{PLTS}{changes}"), Language::En);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("> 2026-07-01"), "{said:?}");
}

#[test]
fn a_key_of_another_kind_of_asset_is_unknown() {
    let said = rendered_diagnostics(&format!("{PLTS}shape = 1\n"), Language::En);
    assert!(
        said[0].starts_with("6: shape: unknown key `shape`"),
        "{said:?}"
    );
}

#[test]
fn the_kind_of_an_asset_is_needed() {
    assert_one_diagnostic(
        "[[asset]]\nid = 'x'\n",
        "1: kind: missing",
        "1: kind: belum diisi",
    );
    let said = rendered_diagnostics("[[asset]]\nid = 'x'\nkind = 'windmill'\n", Language::En);
    assert!(
        said[0].contains("unknown word `windmill`, expected one of plts, pump"),
        "{said:?}"
    );
}

#[test]
fn a_bin_may_have_several_probes() {
    let bin = |points: &str| {
        format!("[[asset]]\nid = 'x'\nkind = 'bsf'\nprobe = '5 cm'\ntemperature = {points}\n")
    };
    let config = load_valid(&bin("['d.c', 'd.k']"));
    assert_eq!(&*config.assets[0].points["temperature_2"], "d.k");
    load_valid(&bin("'d.c'"));
    assert_eq!(
        rendered_diagnostics(&bin("['d.c', 'd.c']"), Language::En),
        ["5: temperature: `d.c` is used twice"]
    );
    let said = rendered_diagnostics(&bin("3"), Language::En);
    assert_eq!(
        said,
        ["5: temperature: found `3`, expected the id of a point or a list of them"]
    );
    let said = rendered_diagnostics(
        &format!("{}bands = {{ warm = 20 }}\n", bin("'d.c'")),
        Language::En,
    );
    assert!(
        said[0].ends_with("expected limits in rising order"),
        "{said:?}"
    );
    let said = rendered_diagnostics(&format!("{}fed = 'bsf-fet'\n", bin("'d.c'")), Language::En);
    assert_eq!(
        said,
        ["6: fed: unknown indicator `bsf-fet`; did you mean `bsf-fed`?"]
    );
}

#[test]
fn an_indicator_that_measures_something_else_is_refused() {
    let bin = "[[asset]]\nid = 'b'\nkind = 'bsf'\ntemperature = 'd.c'\nprobe = 'p'\n";
    assert_one_diagnostic(
        &format!("{bin}fed = 'jelantah'\n"),
        "6: fed: indicator `jelantah (L)` does not fit here, expected one with the unit kg, g, ons, \
         kuintal, t",
        "6: fed: indikator `jelantah (L)` tidak cocok di sini, seharusnya dalam satuan kg, g, ons, \
         kuintal, t",
    );
    // The usual indicator of an absent key is refused too, when the site has changed its unit.
    let said = rendered_diagnostics(
        &format!("{bin}[[indicator]]\nid = 'bsf-kasgot'\nunit = 'pcs'\n"),
        Language::En,
    );
    let fits = "does not fit here, expected one with the unit kg, g, ons, kuintal, t";
    assert_eq!(
        said,
        [format!("1: residue: indicator `bsf-kasgot (pcs)` {fits}")]
    );
    let heap = "[[asset]]\nid = 'h'\nkind = 'compost'\nprocess = 'windrow'\n\
                turning_ledger = 'bsf-fed'\n";
    let set = "[[asset]]\nid = 'g'\nkind = 'genset'\nrating_kw = 5\nfuel_ledger = 'bsf-fed'\n";
    for (text, key, fits) in [
        (heap, "turning_ledger", "pcs, kegiatan"),
        (set, "fuel_ledger", "L, mL, m3"),
    ] {
        assert_eq!(
            rendered_diagnostics(text, Language::En),
            [format!(
                "5: {key}: indicator `bsf-fed (kg)` does not fit here, expected one with the unit \
                 {fits}"
            )]
        );
    }
    let config = load_valid(&format!("{bin}fed = 'BELT-waste'\n"));
    let AssetKind::Bsf(found) = &config.assets[0].kind else {
        panic!("a bin");
    };
    assert_eq!(&*found.fed, "belt-waste", "as entries spell it");
}

#[test]
fn a_roof_takes_a_handbook_runoff_and_says_so() {
    let roof = "[[asset]]\nid = 'r'\nkind = 'catchment'\narea_m2 = 40\nrain = 'd.mm'\n";
    assert_warns(roof, "fault-assumed");
    let config = load_valid(&format!("{roof}runoff = 0.8\n"));
    assert!(config.assets[0].factors().is_empty());
    let said = rendered_diagnostics(&format!("{roof}runoff = 80\n"), Language::En);
    assert_eq!(said, ["6: runoff: 80 is out of range, expected 0.05 to 1"]);
}

#[test]
fn an_indicator_of_ones_own_is_written_down_beside_the_built_in_ones() {
    let own = "[[indicator]]\nid = 'ecoenzyme'\nunit = 'liter'\ndecimals = 1\n\
               name = { id = 'Eco-enzyme', en = 'Eco enzyme' }\n";
    let config = load_valid(own);
    let found = config.definitions.find("ecoenzyme").unwrap();
    assert_eq!(
        (&*found.unit, &*found.programme, found.decimals),
        ("L", "other", 1)
    );
    assert!(config.definitions.find("bsf-fed").is_some());
    let changed = load_valid("[[indicator]]\nid = 'bsf-fed'\ndecimals = 3\n");
    let found = changed.definitions.find("bsf-fed").unwrap();
    assert_eq!((&*found.unit, found.decimals), ("kg", 3));
    assert!(!found.never.id.is_empty());
}

#[test]
fn an_indicator_without_a_name_or_with_a_strange_unit_or_factor_is_refused() {
    let said = rendered_diagnostics("[[indicator]]\nid = 'x'\nunit = 'kgs'\n", Language::En);
    assert_eq!(said, ["1: name: missing"]);
    let name = "name = { id = 'X', en = 'X' }\n";
    let said = rendered_diagnostics(
        &format!("[[indicator]]\nid = 'x'\nunit = 'parsec'\n{name}"),
        Language::En,
    );
    assert!(
        said[0].starts_with("3: unit: unknown unit `parsec`"),
        "{said:?}"
    );
    let factor = "factor = 'fuel.diesel.ncv'\n";
    let text = format!("[[indicator]]\nid = 'x'\nunit = 'L'\n{name}{factor}");
    let said = rendered_diagnostics(&text, Language::En);
    assert!(
        said[0].contains("does not fit here, expected one in tCO2e/L, IDR/L"),
        "{said:?}"
    );
    let said = rendered_diagnostics(
        "[[indicator]]\nid = 'x'\nunit = 'L'\nname = { id = 'X' }\n",
        Language::En,
    );
    assert_eq!(said[0], "4: en: missing");
}

proptest! {
    /// Any text behind the keys of an asset is answered, without a panic.
    #[test]
    fn no_garbage_in_an_asset_panics(
        kind in "plts|pump|tank|catchment|bsf|compost|genset|meter|x",
        key in "capacity_kwp|energy|level|distance|shape|head|baseline|leakage|bands|temperature|\
                table|disposal|rain|project|leak_night|sensor|rating_kw|process|gamma|freeboard_m",
        value in "'d\\.(wh|m|c|mm)'|-?[0-9]{1,3}(\\.[0-9]{1,3})?|nan|inf|true|\\[\\]|\\{\\}|\
                  \\{ kind = '(box|ibc|GRID|GENSET|PUMP_FUEL|NONE|strapping-table)' \\}|\
                  \\[\\[0, 0\\], \\[nan, 1\\]\\]|1979-05-27|\\{ kind = 3, table = 'x' \\}",
    ) {
        let text = format!("[[asset]]\nid = 'x'\nkind = '{kind}'\n{key} = {value}\n");
        if let Err(faults) = load_assets(&text) {
            prop_assert!(!faults.0.is_empty());
            prop_assert!(faults.0.iter().all(|fault| fault.line >= 1));
        }
    }
}

#[test]
fn what_is_declared_lies_within_the_days_of_operation() {
    let days = "since = 2026-01-01\nuntil = 2026-12-31\n";
    let baseline = |since: &str, until: &str| {
        format!("baseline = {{ kind = 'NONE', since = {since}, until = {until} }}\n")
    };
    let change = |day: &str| format!("changes = [{{ since = {day}, capacity_kwp = 3 }}]\n");
    let table = [
        (
            baseline("2025-01-01", "2025-12-31"),
            "fault-days-outside",
            true,
        ),
        (
            baseline("2027-01-01", "2027-12-31"),
            "fault-days-outside",
            true,
        ),
        (
            baseline("2025-01-01", "2026-12-31"),
            "fault-days-partly-outside",
            false,
        ),
        (
            baseline("2026-01-01", "2027-12-31"),
            "fault-days-partly-outside",
            false,
        ),
        (baseline("2026-01-01", "2026-12-31"), "", false),
        (change("2027-01-01"), "fault-days-outside", true),
        (change("2025-12-31"), "fault-days-partly-outside", false),
        (change("2026-07-01"), "", false),
    ];
    for (declared, what, is_refused) in table {
        let loaded = load_assets(&format!("{PLTS}{days}{declared}"));
        assert_eq!(loaded.is_err(), is_refused, "{declared}");
        let found = loaded.map_or_else(|faults| faults.0, |config| config.warnings);
        let mut found = found.iter().map(|fault| fault.what);
        let told = found.any(|one| one.starts_with("fault-days-") && one == what);
        assert_eq!(told, !what.is_empty(), "{declared}");
    }
}

#[test]
fn a_day_of_another_century_is_refused_wherever_a_site_declares_one() {
    for text in [
        format!("{PLTS}since = 1926-07-01\n"),
        format!("{PLTS}until = 2126-07-01\n"),
        format!("{PLTS}baseline = {{ kind = 'NONE', since = 1999-12-31 }}\n"),
        format!("{PLTS}changes = [{{ since = 2206-07-01, capacity_kwp = 3 }}]\n"),
        "[[asset]]\nid = 's'\nkind = 'genset'\nrating_kw = 5\n\
         biodiesel = [{ from = 2525-01-01, share = 0.4 }]\n"
            .to_owned(),
    ] {
        let said = rendered_diagnostics(&text, Language::En);
        assert!(
            said[0].contains("expected 2000-01-01 to 2099-12-31"),
            "{said:?}"
        );
    }
}

#[test]
fn a_later_capacity_fits_the_inverter_like_the_first_one() {
    let plant = |change: &str| {
        format!("{PLTS}ac_rating_kw = 2\nchanges = [{{ since = 2026-07-01, {change} }}]\n")
    };
    let said = rendered_diagnostics(&plant("capacity_kwp = 3000"), Language::En);
    assert!(
        said[0].contains("3000 kWp does not fit ac_rating_kw = 2"),
        "{said:?}"
    );
    // A larger inverter came with the modules.
    assert!(load_assets(&plant("capacity_kwp = 300, ac_rating_kw = 250")).is_ok());
    assert_warns(&plant("capacity_kwp = 10"), "fault-ratings");
    // The inverter of a change is judged with the modules of its days, and stays for later ones.
    for change in [
        "capacity_kwp = 2, ac_rating_kw = 2000",
        "capacity_kwp = 3000, ac_rating_kw = 3",
        "capacity_kwp = 3, ac_rating_kw = 3 }, { since = 2026-08-01, capacity_kwp = 61",
    ] {
        let faults = load_assets(&plant(change)).unwrap_err();
        let found: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
        assert_eq!(found, ["fault-ratings"], "{change}");
    }
}

#[test]
fn one_indicator_is_not_what_goes_in_and_what_comes_out() {
    let bin = "[[asset]]\nid = 'bin'\nkind = 'bsf'\ntemperature = 'd.c'\nprobe = 'centre'\n";
    for keys in [
        "larvae = 'bsf-fed'",
        "residue = 'bsf-fed'",
        "residue = 'bsf-maggot'",
    ] {
        let faults = load_assets(&format!("{bin}{keys}\n")).unwrap_err();
        let found: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
        assert_eq!(found, ["fault-mass-roles"], "{keys}");
    }
    assert!(load_assets(bin).is_ok());
}

/// Site with a claim by fuel: of a generator set, or of a pump.
fn fuel_claim(baseline: &str) -> String {
    let pump = "[[asset]]\nid = 'w'\nkind = 'pump'\nvolume = 'd.m3'\nhead = { static_m = 20 }\n";
    format!(
        "{PLTS}baseline = {{ {baseline}, density_kg_l = 0.84 }}\n\
         leakage = {{ replaced = 'scrapped', statement = 'letter' }}\n{pump}"
    )
}

#[test]
fn a_number_that_cannot_be_true_is_refused_and_an_unusual_one_is_a_warning() {
    let genset = |keys: &str| fuel_claim(&format!("kind = 'GENSET', rating_kw = 5, {keys}"));
    let pump = |keys: &str| fuel_claim(&format!("kind = 'PUMP_FUEL', pump = 'w', {keys}"));
    let tank = |m: &str| format!("{TANK}{}", UPRIGHT.replace("1.35", m));
    let table = [
        (genset("litres_per_kwh = 40"), "fault-range"),
        (genset("litres_per_kwh = 0.05"), "fault-range"),
        (genset("litres_per_kwh = 1.2"), "fault-unusual"),
        (genset("litres_per_kwh = 0.4"), ""),
        (pump("litres_per_m3 = 50"), "fault-range"),
        (pump("litres_per_m3 = 2"), "fault-unusual"),
        (pump("litres_per_m3 = 0.1"), ""),
        (pump("eta_engine = 0.01"), "fault-range"),
        (pump("eta_engine = 0.1"), "fault-unusual"),
        (pump("eta_pump = 0.01"), "fault-range"),
        (tank("1100"), "fault-range"),
        (tank("25"), "fault-unusual"),
        (tank("1.35"), ""),
        (
            genset("factor = 'grid.sumatera.2019.cm5050_exante'"),
            "fault-factor-use",
        ),
    ];
    for (text, what) in table {
        let loaded = load_assets(&text);
        assert_eq!(
            loaded.is_err(),
            ["fault-range", "fault-factor-use"].contains(&what),
            "{text}"
        );
        let found = loaded.map_or_else(|faults| faults.0, |config| config.warnings);
        let told = |one: &str| found.iter().any(|fault| fault.what == one);
        for one in ["fault-range", "fault-unusual", "fault-factor-use"] {
            assert_eq!(told(one), one == what, "{one}: {text}");
        }
    }
}

#[test]
fn a_first_day_beyond_the_next_year_is_told_by_whoever_knows_the_date() {
    let today = jiff::civil::date(2026, 11, 30);
    let found = |text: &str| load_valid(text).far_days(today).len();
    assert_eq!(found(&format!("{PLTS}since = 2030-07-01\n")), 1);
    assert_eq!(
        found(&format!("{PLTS}since = 2027-07-01\nuntil = 2035-12-31\n")),
        0
    );
    let baseline = "baseline = { kind = 'NONE', since = 2062-01-01 }\n";
    assert_eq!(found(&format!("{PLTS}{baseline}")), 1);
}

use super::*;
use crate::config::{self, Config, Fault, Faults};
use crate::words::Lang;
use proptest::prelude::*;
use std::path::Path;

/// A site whose device `d` has one point of each unit; assets are added behind it.
const SITE: &str = "[site]
id = 'a'
timezone = 'Asia/Jakarta'
latitude = -3
longitude = 103
[[bus]]
id = 'b'
kind = 'modbus-tcp'
host = 'h'
[[device]]
id = 'd'
bus = 'b'
point = [
  { id = 'w', register = 'holding:0', type = 'u16', unit = 'kW' },
  { id = 'wh', register = 'holding:1', type = 'u16', unit = 'Wh', counter = true },
  { id = 'loose', register = 'holding:2', type = 'u16', unit = 'kWh' },
  { id = 'm', register = 'holding:3', type = 'u16', unit = 'cm' },
  { id = 'c', register = 'holding:4', type = 'u16', unit = 'degC' },
  { id = 'm3', register = 'holding:5', type = 'u16', unit = 'L', counter = true },
  { id = 'flow', register = 'holding:6', type = 'u16', unit = 'L/min' },
  { id = 'mm', register = 'holding:7', type = 'u16', unit = 'mm', counter = true },
  { id = 'bar', register = 'holding:8', type = 'u16', unit = 'mbar' },
  { id = 'bare', register = 'holding:9', type = 'u16' },
  { id = 'k', register = 'holding:10', type = 'u16', unit = 'K' },
  { id = 'pct', register = 'holding:11', type = 'u16', unit = '%' },
]
";
/// Lines of `SITE`.
const LINES: usize = 26;

const PLTS: &str = "[[asset]]\nid = 'p'\nkind = 'plts'\ncapacity_kwp = 2\nenergy = 'd.wh'\n";
const TANK: &str = "[[asset]]\nid = 't'\nkind = 'tank'\nlevel = 'd.m'\n";
const UPRIGHT: &str = "shape = { kind = 'vertical-cylinder', diameter_m = 1.1, height_m = 1.35 }\n";

fn load(text: &str) -> Result<Config, Faults> {
    config::load_text(&format!("{SITE}{text}"), Path::new("pantau.toml"), &|_| {
        None
    })
}

#[track_caller]
fn good(text: &str) -> Config {
    match load(text) {
        Ok(config) => config,
        Err(faults) => panic!("{faults}"),
    }
}

/// The faults of a site with these assets, lines counted from the first of them.
#[track_caller]
fn faults(text: &str, lang: Lang) -> Vec<String> {
    let render = |fault: Fault| {
        let line = fault.line - LINES;
        Fault { line, ..fault }
            .render(lang)
            .replace("pantau.toml:", "")
    };
    load(text).unwrap_err().0.into_iter().map(render).collect()
}

#[track_caller]
fn one_fault(text: &str, en: &str, id: &str) {
    assert_eq!(faults(text, Lang::En), [en]);
    assert_eq!(faults(text, Lang::Id), [id]);
}

#[track_caller]
fn warned(text: &str, what: &str) {
    let config = good(text);
    let warnings: Vec<&str> = config.warnings.iter().map(|fault| fault.what).collect();
    assert_eq!(warnings, [what]);
}

#[test]
fn points_come_with_the_way_to_the_unit_that_figures_need() {
    let config = good(&format!(
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
    one_fault(
        &format!("{TANK}{UPRIGHT}").replace("d.m", "d.c"),
        "4: level: point `d.c (degC)` does not fit here, expected one measured in m, cm, mm, km",
        "4: level: titik `d.c (degC)` tidak cocok di sini, seharusnya yang diukur dalam m, cm, mm, \
         km",
    );
}

#[test]
fn energy_in_watts_does_not_fit_its_use_and_a_bare_number_fits_nothing() {
    let text = PLTS.replace("d.wh", "d.w");
    let said = faults(&text, Lang::En);
    assert!(said[0].contains("point `d.w (kW)` does not fit here, expected one measured in Wh"));
    one_fault(
        &format!("{TANK}{UPRIGHT}").replace("d.m", "d.bare"),
        "4: level: point `d.bare` has no unit; give it one of m, cm, mm, km",
        "4: level: titik `d.bare` tidak punya satuan; beri salah satu dari m, cm, mm, km",
    );
}

#[test]
fn energy_that_is_no_counter_is_doubtful() {
    warned(&PLTS.replace("d.wh", "d.loose"), "fault-not-counter");
}

#[test]
fn a_tank_without_a_diameter_is_refused() {
    one_fault(
        &format!("{TANK}shape = {{ kind = 'vertical-cylinder', height_m = 1.35 }}\n"),
        "5: diameter_m: missing",
        "5: diameter_m: belum diisi",
    );
    one_fault(TANK, "1: shape: missing", "1: shape: belum diisi");
}

#[test]
fn a_misspelt_shape_is_checked_as_the_nearest_one() {
    let text =
        format!("{TANK}shape = {{ kind = 'vertical-cilinder', diameter_m = -1, height_m = 2 }}\n");
    let said = faults(&text, Lang::En);
    assert!(
        said[0].contains("unknown word `vertical-cilinder`"),
        "{said:?}"
    );
    assert!(said[0].ends_with("did you mean `vertical-cylinder`?"));
    assert_eq!(said[1], "5: diameter_m: -1 is not in > 0");
}

#[test]
fn a_capacity_of_nothing_or_less_is_refused() {
    let text = PLTS.replace("capacity_kwp = 2", "capacity_kwp = 0");
    one_fault(
        &text,
        "4: capacity_kwp: 0 is not in > 0",
        "4: capacity_kwp: 0 di luar > 0",
    );
    let said = faults(
        &PLTS.replace("capacity_kwp = 2", "capacity_kwp = -2.5"),
        Lang::En,
    );
    assert_eq!(said, ["4: capacity_kwp: -2.5 is not in > 0"]);
    let said = faults(&PLTS.replace("capacity_kwp = 2", "capacity = 2"), Lang::En);
    assert_eq!(
        said,
        ["4: capacity: unknown key `capacity`; did you mean `capacity_kwp`?"]
    );
}

#[test]
fn a_coefficient_in_percent_is_noticed() {
    let said = faults(&format!("{PLTS}gamma = -0.35\n"), Lang::En);
    assert_eq!(said, ["6: gamma: -0.35 is not in -0.01..=0"]);
}

#[test]
fn a_strapping_table_must_rise() {
    let table =
        |rows: &str| format!("{TANK}shape = {{ kind = 'strapping-table', table = {rows} }}\n");
    one_fault(
        &table("[[0, 0], [0.5, 0.6], [0.5, 0.7]]"),
        "5: table: row [0.5, 0.7] stands after [0.5, 0.6]: levels must rise and volumes must not \
         fall",
        "5: table: baris [0.5, 0.7] ada sesudah [0.5, 0.6]: ketinggian harus naik dan volume tidak \
         boleh turun",
    );
    for rows in [
        "[]",
        "[[0, 0]]",
        "[[0], [1]]",
        "[[0, 0, 0], [1, 1]]",
        "[[0, -1], [1, 1]]",
    ] {
        let said = faults(&table(rows), Lang::En);
        assert!(
            said[0].contains("expected 2 to 10000 pairs of level"),
            "{rows} {said:?}"
        );
    }
    let config = good(&table("[[0, 0], [0.5, 0.6], [1.0, 0.6]]"));
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
        let config = good(&format!("{TANK}shape = {shape}\nfreeboard_m = 0.2\n"));
        let AssetKind::Tank(tank) = &config.assets[0].kind else {
            panic!("a tank");
        };
        assert!((tank.full_m - (top - 0.2)).abs() < 1e-12, "{shape}");
    }
}

#[test]
fn a_tank_is_measured_in_one_way() {
    let none = TANK.replace("level = 'd.m'\n", "") + UPRIGHT;
    one_fault(
        &none,
        "1: level: one of level, pressure, distance is needed",
        "1: level: salah satu dari level, pressure, distance harus diisi",
    );
    let said = faults(&format!("{TANK}{UPRIGHT}pressure = 'd.bar'\n"), Lang::En);
    assert_eq!(
        said,
        ["6: pressure: only one of level, pressure, distance may stand here"]
    );
    let distance = none.clone() + "distance = 'd.m'\n";
    assert_eq!(faults(&distance, Lang::En), ["1: sensor.height_m: missing"]);
    let config = good(&(distance + "sensor = { height_m = 1.6, blanking_m = 0.2 }\n"));
    assert_eq!(&*config.assets[0].points["distance"], "d.m");
    let said = faults(
        &format!("{TANK}{UPRIGHT}sensor = {{ blanking_m = 0.2 }}\n"),
        Lang::En,
    );
    assert_eq!(
        said,
        ["6: blanking_m: `blanking_m` does not belong to this way of measuring"]
    );
}

#[test]
fn a_grid_factor_that_is_not_there_has_its_nearest_one() {
    let grid = |id: &str| format!("{PLTS}baseline = {{ kind = 'GRID', factor = '{id}' }}\n");
    one_fault(
        &grid("grid.sumatra.2019.cm5050_expost"),
        "6: factor: unknown factor `grid.sumatra.2019.cm5050_expost`; did you mean \
         `grid.sumatera.2019.cm5050_expost`?",
        "6: factor: faktor `grid.sumatra.2019.cm5050_expost` tidak dikenal; maksudnya \
         `grid.sumatera.2019.cm5050_expost`?",
    );
    one_fault(
        &grid("fuel.diesel.co2"),
        "6: factor: factor `fuel.diesel.co2 (kgCO2/GJ)` does not fit here, expected one in \
         tCO2/MWh, kgCO2/kWh",
        "6: factor: faktor `fuel.diesel.co2 (kgCO2/GJ)` tidak cocok di sini, seharusnya dalam \
         tCO2/MWh, kgCO2/kWh",
    );
    let said = faults(&grid("grid.sumatera.2024"), Lang::En);
    assert!(said[0].contains("was never verified"), "{said:?}");
    let said = faults(&format!("{PLTS}baseline = {{ kind = 'GRID' }}\n"), Lang::En);
    assert_eq!(said, ["6: factor: missing"]);
}

#[test]
fn a_declared_baseline_says_how_far_it_may_be_believed() {
    let text = "baseline = { kind = 'GRID', factor = 'grid.jamali.2019.om', since = 2026-01-01 }\n";
    let config = good(&format!("{PLTS}{text}"));
    let baseline = config.assets[0].baseline().unwrap();
    assert_eq!(baseline.kind.code(), "GRID");
    assert_eq!(baseline.headline(&config.factors).word(), "no-page");
    assert_eq!(config.assets[0].factors().len(), 1);
    let none = good(&format!("{PLTS}baseline = {{ kind = 'NONE' }}\n"));
    let baseline = none.assets[0].baseline().unwrap();
    assert_eq!(
        baseline.headline(&none.factors),
        crate::model::factor::Headline::Firm
    );
}

#[test]
fn a_genset_baseline_needs_a_rating_and_one_way_to_its_emissions() {
    let genset = |more: &str| {
        let leakage = "leakage = { replaced = 'scrapped', statement = 'letter' }\n";
        format!("{PLTS}baseline = {{ kind = 'GENSET'{more} }}\n{leakage}")
    };
    let said = faults(&genset(", load = 'lf50'"), Lang::En);
    assert_eq!(said, ["6: rating_kw: missing"]);
    let said = faults(&genset(", rating_kw = 10"), Lang::En);
    assert_eq!(
        said,
        ["6: litres_per_kwh: one of litres_per_kwh, factor, load is needed"]
    );
    let said = faults(&genset(", rating_kw = 10, litres_per_kwh = 0.4"), Lang::Id);
    assert!(
        said[0].contains("liter tidak menjadi CO2 tanpa massa jenis"),
        "{said:?}"
    );
    warned(
        &genset(", rating_kw = 10, load = 'lf50'"),
        "fault-unverified-used",
    );
    warned(
        &genset(", rating_kw = 10, factor = 'genset.flat'"),
        "fault-unverified-used",
    );
    let litres = genset(", rating_kw = 10, litres_per_kwh = 0.4, density_kg_l = 0.85");
    let config = good(&litres);
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
    one_fault(
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
    let said = faults(&format!("{PLTS}{PUMP_FUEL}{pump}"), Lang::En);
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("pump `w` lacks volume, flow"), "{said:?}");
    assert!(said[1].contains("pump `w` lacks head"), "{said:?}");
    let whole = format!("{PLTS}{PUMP_FUEL}{pump}volume = 'd.m3'\nhead = {{ static_m = 20 }}\n");
    let config = good(&whole);
    let BaselineKind::PumpFuel { way, .. } = &config.assets[0].baseline().unwrap().kind else {
        panic!("a fuel pump");
    };
    let high = PumpFuelWay::Water {
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
    let said = faults(&format!("{tank}{PLTS}{pump}"), Lang::En);
    assert_eq!(said, ["15: plts: unknown asset `pp`; did you mean `p`?"]);
    let said = faults(
        &format!("{tank}{PLTS}{}", pump.replace("'pp'", "'t'")),
        Lang::Id,
    );
    assert_eq!(said, ["15: plts: aset `t (tank)` bukan plts"]);
}

#[test]
fn a_kilowatt_hour_is_claimed_once() {
    let plant = |id: &str, kind: &str| {
        PLTS.replace("'p'", &format!("'{id}'")) + &format!("baseline = {{ {kind} }}\n")
    };
    let grid = "kind = 'GRID', factor = 'grid.jamali.2019.om'";
    one_fault(
        &(plant("p", grid) + &plant("q", grid)),
        "7: baseline: the energy of point `d.wh` is claimed by asset `p` already; one \
         kilowatt-hour is claimed once",
        "7: baseline: energi titik `d.wh` sudah diklaim oleh aset `p`; satu kilowatt-jam hanya \
         boleh diklaim satu kali",
    );
    good(&(plant("p", grid) + &plant("q", "kind = 'NONE'")));
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
    let config = good(&(first + &plant("q", "d.loose", "grid.jamali.2018.cm")));
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
        "{SITE}[factors]\nfile = 'own.toml'\n{PLTS}\
         baseline = {{ kind = 'GRID', factor = 'grid.own', since = 2026-01-01 }}\n"
    );
    let faults = config::load_text(&text, &dir.path().join("pantau.toml"), &|_| None).unwrap_err();
    let said = faults.render(Lang::En);
    assert!(
        said.contains("does not hold on that day; it is valid ..2025-12-31"),
        "{said}"
    );
    let text = text.replace("2026-01-01", "2025-01-01");
    let config = config::load_text(&text, &dir.path().join("pantau.toml"), &|_| None).unwrap();
    assert!(config.revision().ends_with(own) && config.revision().starts_with(&text));
    assert_eq!(config.expired(jiff::civil::date(2025, 12, 31)), []);
    let late = config.expired(jiff::civil::date(2026, 1, 1));
    assert_eq!((late.len(), late[0].line), (1, LINES + 8));
}

#[test]
fn a_key_of_another_kind_of_asset_is_unknown() {
    let said = faults(&format!("{PLTS}shape = 1\n"), Lang::En);
    assert!(
        said[0].starts_with("6: shape: unknown key `shape`"),
        "{said:?}"
    );
}

#[test]
fn the_kind_of_an_asset_is_needed() {
    one_fault(
        "[[asset]]\nid = 'x'\n",
        "1: kind: missing",
        "1: kind: belum diisi",
    );
    let said = faults("[[asset]]\nid = 'x'\nkind = 'windmill'\n", Lang::En);
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
    let config = good(&bin("['d.c', 'd.k']"));
    assert_eq!(&*config.assets[0].points["temperature_2"], "d.k");
    good(&bin("'d.c'"));
    assert_eq!(
        faults(&bin("['d.c', 'd.c']"), Lang::En),
        ["5: temperature: `d.c` is used twice"]
    );
    let said = faults(&bin("3"), Lang::En);
    assert_eq!(
        said,
        ["5: temperature: found `3`, expected the id of a point or a list of them"]
    );
    let said = faults(
        &format!("{}bands = {{ warm = 20 }}\n", bin("'d.c'")),
        Lang::En,
    );
    assert!(said[0].ends_with("expected limits that rise"), "{said:?}");
    let said = faults(&format!("{}fed = 'bsf-fet'\n", bin("'d.c'")), Lang::En);
    assert_eq!(
        said,
        ["6: fed: unknown indicator `bsf-fet`; did you mean `bsf-fed`?"]
    );
}

#[test]
fn a_roof_takes_a_handbook_runoff_and_says_so() {
    let roof = "[[asset]]\nid = 'r'\nkind = 'catchment'\narea_m2 = 40\nrain = 'd.mm'\n";
    warned(roof, "fault-assumed");
    let config = good(&format!("{roof}runoff = 0.8\n"));
    assert!(config.assets[0].factors().is_empty());
    let said = faults(&format!("{roof}runoff = 80\n"), Lang::En);
    assert_eq!(said, ["6: runoff: 80 is not in 0..=1"]);
}

#[test]
fn an_indicator_of_ones_own_is_written_down_beside_the_built_in_ones() {
    let own = "[[indicator]]\nid = 'ecoenzyme'\nunit = 'liter'\ndecimals = 1\n\
               name = { id = 'Eco-enzyme', en = 'Eco enzyme' }\n";
    let config = good(own);
    let found = config.definitions.find("ecoenzyme").unwrap();
    assert_eq!(
        (&*found.unit, &*found.programme, found.decimals),
        ("L", "other", 1)
    );
    assert!(config.definitions.find("bsf-fed").is_some());
    let changed = good("[[indicator]]\nid = 'bsf-fed'\ndecimals = 3\n");
    let found = changed.definitions.find("bsf-fed").unwrap();
    assert_eq!((&*found.unit, found.decimals), ("kg", 3));
    assert!(!found.never.id.is_empty());
}

#[test]
fn an_indicator_without_a_name_or_with_a_strange_unit_or_factor_is_refused() {
    let said = faults("[[indicator]]\nid = 'x'\nunit = 'kgs'\n", Lang::En);
    assert_eq!(said, ["1: name: missing"]);
    let name = "name = { id = 'X', en = 'X' }\n";
    let said = faults(
        &format!("[[indicator]]\nid = 'x'\nunit = 'parsec'\n{name}"),
        Lang::En,
    );
    assert!(
        said[0].starts_with("3: unit: unknown unit `parsec`"),
        "{said:?}"
    );
    let factor = "factor = 'fuel.diesel.ncv'\n";
    let text = format!("[[indicator]]\nid = 'x'\nunit = 'L'\n{name}{factor}");
    let said = faults(&text, Lang::En);
    assert!(
        said[0].contains("does not fit here, expected one in tCO2e/L, IDR/L"),
        "{said:?}"
    );
    let said = faults(
        "[[indicator]]\nid = 'x'\nunit = 'L'\nname = { id = 'X' }\n",
        Lang::En,
    );
    assert_eq!(said[0], "4: en: missing");
}

proptest! {
    /// Whatever stands behind the keys of an asset is answered, never a panic.
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
        if let Err(faults) = load(&text) {
            prop_assert!(!faults.0.is_empty());
            prop_assert!(faults.0.iter().all(|fault| fault.line >= 1));
        }
    }
}

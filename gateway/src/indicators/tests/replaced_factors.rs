//! A factor of the site's own file that replaces a built-in one moves every figure that names it.

use super::ledger_entries::ledger_statement;
use super::site::SITE_DEVICES;
use super::{DAY, TestSite, parse_time};
use crate::config::factors::Factors;
use crate::config::number_ranges::factor_id_range;
use crate::config::{Config, Diagnostics, load_config_text};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::factor::Factor;
use crate::domain::indicator::{Indicator, InputSource, SiteIndicators};
use crate::domain::ledger::{EntryStatement, QuantityBasis};
use std::fs;
use std::path::Path;

/// Assets whose figures use every factor that a site can use, this one where it is chosen by name.
fn site_with_factor(id: &str) -> String {
    let chosen = |prefix: &str, usual: &str| {
        if id.starts_with(prefix) {
            id.to_owned()
        } else {
            usual.to_owned()
        }
    };
    let grid = chosen("grid.", "grid.sumatera.2019.cm5050_exante");
    let dump = chosen("swds.mcf.", "swds.mcf.unmanaged_shallow");
    let fuel = if id.contains("gasoline") {
        "gasoline"
    } else {
        "diesel"
    };
    let heat = chosen(&format!("fuel.{fuel}.co2"), &format!("fuel.{fuel}.co2"));
    let plant = |id: &str, energy: &str, baseline: &str| {
        format!(
            "[[asset]]\nid = '{id}'\nkind = 'plts'\nsystem = 'off-grid'\ncapacity_kwp = 5\n\
             energy = '{energy}'\nbaseline = {{ {baseline} }}\n\
             leakage = {{ replaced = 'nothing' }}\n"
        )
    };
    [
        SITE_DEVICES.to_owned(),
        plant(
            "grid",
            "inverter.energy",
            &format!("kind = 'GRID', factor = '{grid}'"),
        ),
        plant(
            "set",
            "meter.export",
            &format!(
                "kind = 'GENSET', rating_kw = 5, litres_per_kwh = 0.4, density_kg_l = 0.8, \
                 fuel_kind = '{fuel}', fuel_factor = '{heat}'"
            ),
        ),
        plant("water", "meter.import", "kind = 'PUMP_FUEL', pump = 'pump'"),
        format!(
            "[[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\n\
             head = {{ static_m = 20.0 }}\n\
             [[asset]]\nid = 'roof'\nkind = 'catchment'\narea_m2 = 100.0\nrain = 'tank.rain'\n\
             [[asset]]\nid = 'bin'\nkind = 'bsf'\ntemperature = 'bin.core'\nprobe = 'centre'\n\
             disposal = {{ fate = 'landfill', mcf = '{dump}', gas_captured = 0.0, \
             evidence = 'letter' }}\n"
        ),
        ledger_indicator("tap", "L", "pdam.sec.karawang.2021a"),
    ]
    .concat()
}

fn ledger_indicator(id: &str, unit: &str, factor: &str) -> String {
    format!(
        "[[indicator]]\nid = '{id}'\nname = {{ id = 'Lain', en = 'Other' }}\nunit = '{unit}'\n\
         known = ['metered']\nfactor = '{factor}'\n"
    )
}

/// Configuration of this text with a file of its own that has these factors.
fn load(folder: &Path, text: &str, own: &str) -> Result<Config, Diagnostics> {
    fs::write(folder.join("own.toml"), own).unwrap();
    let text = format!("{text}[factors]\nfile = 'own.toml'\n");
    load_config_text(&text, &folder.join("pantau.toml"), &|_| None)
}

fn own_factor(factor: &Factor, value: f64) -> String {
    let from = factor
        .valid_from
        .map_or(String::new(), |day| format!("valid_from = {day}\n"));
    format!(
        "[[factor]]\nid = '{}'\nvalue = {value}\nunit = '{}'\nsource = 'measured'\n\
         status = 'policy'\n{from}",
        factor.id, factor.unit,
    )
}

/// Figures of November 2026 for a configuration over the readings of `village`.
async fn figures(village: &mut TestSite, config: Config) -> SiteIndicators {
    village.config = config;
    village.indicators("2026-11").await
}

fn names(figure: &Indicator, id: &str) -> bool {
    let by_input = figure.inputs.iter().any(|input| match &input.from {
        InputSource::Factor(factor) => **factor == *id,
        _ => false,
    });
    by_input || figure.factors.iter().any(|factor| *factor.id == *id)
}

async fn site_with_readings() -> TestSite {
    let village = TestSite::new(&site_with_factor(""));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let counter = |step: f64| {
        let days = 0..=30_i32;
        let value = move |day: i32| Some(100.0 + step * f64::from(day));
        days.map(|day| (start + i64::from(day) * DAY, value(day)))
            .collect()
    };
    let columns = [
        "inverter.energy",
        "meter.export",
        "meter.import",
        "pump.volume",
        "tank.rain",
    ];
    let columns = columns.into_iter().map(|point| (point, counter(5.0)));
    village.store_readings(columns.collect()).await;
    let fed = ledger_statement("bsf-fed", 120, "2026-11-05");
    let metered = |id: &str, unit: &str| EntryStatement {
        unit: unit.into(),
        known: QuantityBasis::Metered,
        ..ledger_statement(id, 50, "2026-11-06")
    };
    let entries = vec![fed, metered("tap", "L")];
    village.store.append_ledger(entries, "siti").await.unwrap();
    village
}

#[tokio::test]
async fn a_replaced_built_in_factor_moves_every_figure_that_names_it_or_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut village = site_with_readings().await;
    let built_in = Factors::built_in();
    let mut wrong = Vec::new();
    for factor in built_in.all() {
        let text = site_with_factor(&factor.id);
        // Within the range of the factor, whichever end it is near.
        let other = if factor.value * 1.04 > 1.0 && factor.value <= 1.0 {
            factor.value * 0.96
        } else {
            factor.value * 1.04
        };
        let other = if factor.id.starts_with("const.") {
            9.8
        } else {
            other
        };
        let replaced = match load(folder.path(), &text, &own_factor(factor, other)) {
            Ok(config) => config,
            Err(faults) => {
                let whats: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
                assert_eq!(whats, ["fault-factor-fixed"], "{}: {faults}", factor.id);
                continue;
            }
        };
        let told = replaced
            .warnings
            .iter()
            .any(|one| one.what == "fault-factor-replaced");
        assert!(told, "{}: {:?}", factor.id, replaced.warnings);
        let same = load(folder.path(), &text, &own_factor(factor, factor.value)).unwrap();
        let before = figures(&mut village, same).await;
        let after = figures(&mut village, replaced).await;
        let mut moved = 0;
        for (old, new) in before.indicators.iter().zip(&after.indicators) {
            assert_eq!((&old.id, &old.asset), (&new.id, &new.asset));
            let changes = old.value != new.value || old.uncertainty != new.uncertainty;
            moved += usize::from(changes);
            if names(old, &factor.id) && old.value.is_ok() && !changes {
                wrong.push(format!("{} of {:?} names {}", old.id, old.asset, factor.id));
            }
        }
        if moved == 0 {
            wrong.push(format!("nothing depends on {}", factor.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Values between what is usual and what is refused of a factor, near the usual ends.
fn unusual_values(factor: &Factor) -> Vec<f64> {
    let Some(range) = factor_id_range(&factor.id).filter(|range| !range.fixed) else {
        return Vec::new();
    };
    let ((least, most), (low, high)) = (range.refused, range.usual());
    let ends = [(low, least), (high, most)].into_iter();
    let ends = ends.filter(|(usual, end)| (usual - end).abs() > 0.0);
    ends.map(|(usual, end)| usual + (end - usual) * 0.1)
        .collect()
}

#[tokio::test]
async fn what_check_warns_of_about_a_factor_is_marked_where_the_factor_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut village = site_with_readings().await;
    let (mut tried, mut wrong) = (0, Vec::new());
    for factor in Factors::built_in().all() {
        let text = site_with_factor(&factor.id);
        for value in unusual_values(factor) {
            // A range of its unit may refuse what its id allows.
            let Ok(config) = load(folder.path(), &text, &own_factor(factor, value)) else {
                continue;
            };
            let warned = config
                .warnings
                .iter()
                .any(|one| one.what == "fault-unusual");
            let found = figures(&mut village, config).await;
            let is_told = |one: &&Indicator| {
                one.remarks.iter().any(|said| {
                    // What a policy gives in the place of a setting is told as that.
                    let key = match &*factor.id {
                        "policy.pump.eta" => "eta_pump",
                        "policy.engine.eta" => "eta_engine",
                        id => id,
                    };
                    let of_it = said.args.iter().any(|(_, text)| *text == *key);
                    said.key.starts_with("account-unusual-") && of_it
                })
            };
            let told: Vec<&Indicator> = found.indicators.iter().filter(is_told).collect();
            let unmarked = found.indicators.iter().filter(|one| {
                names(one, &factor.id) && !(is_told(one) && one.claim >= ClaimVerdict::Doubtful)
            });
            let unmarked: Vec<&str> = unmarked.map(|one| &*one.id).collect();
            if !warned || told.is_empty() || !unmarked.is_empty() {
                let id = &factor.id;
                wrong.push(format!(
                    "{id} = {value}: {warned} {} {unmarked:?}",
                    told.len()
                ));
            }
            tried += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tried > 20, "{tried}");
}

/// Factor, its keys, the key that is told, and what is told of it.
const REPLACEMENTS: &[(&str, &str, &str, &str)] = &[
    (
        "fuel.diesel.co2",
        "value = 75\nunit = 'kgCO2/GJ'",
        "value",
        "fault-factor-replaced",
    ),
    (
        "fuel.diesel.co2",
        "value = 110\nunit = 'kgCO2/GJ'",
        "value",
        "fault-unusual",
    ),
    (
        "fuel.diesel.co2",
        "value = 150\nunit = 'kgCO2/GJ'",
        "value",
        "fault-range",
    ),
    (
        "fuel.diesel.ncv",
        "value = 60\nunit = 'GJ/t'",
        "value",
        "fault-range",
    ),
    (
        "swds.mcf.own",
        "value = 3\nunit = '1'",
        "value",
        "fault-range",
    ),
    ("swds.docf", "value = 5\nunit = '1'", "value", "fault-range"),
    (
        "swds.docf",
        "value = 0.5\nunit = 'kg'",
        "unit",
        "fault-factor-unit",
    ),
    (
        "gwp.ar5.ch4",
        "value = 30\nunit = 'kgCO2e/kgCH4'",
        "value",
        "fault-factor-fixed",
    ),
    (
        "swds.ox",
        "value = 0.1\nunit = '1'\nlow = -1\nhigh = 1",
        "low",
        "fault-range",
    ),
    (
        "swds.ox",
        "value = 0.1\nunit = '1'\nlow = 0\nhigh = 7",
        "high",
        "fault-range",
    ),
    (
        "own",
        "value = 1\nunit = '1'\nyear = 1960",
        "year",
        "fault-range",
    ),
];

#[test]
fn a_replaced_factor_is_told_with_both_values_and_refused_beyond_its_range() {
    let folder = tempfile::tempdir().unwrap();
    let own = |id: &str, keys: &str| {
        format!("[[factor]]\nid = '{id}'\nsource = 's'\nstatus = 'policy'\n{keys}\n")
    };
    let text = site_with_factor("");
    for &(id, keys, key, what) in REPLACEMENTS {
        let loaded = load(folder.path(), &text, &own(id, keys));
        let is_error = !matches!(what, "fault-factor-replaced" | "fault-unusual");
        assert_eq!(loaded.is_err(), is_error, "{id} {keys}: {loaded:?}");
        let found = loaded.map_or_else(|faults| faults.0, |config| config.warnings);
        let told = found
            .iter()
            .find(|fault| fault.what == what && fault.key == key);
        let told = told.unwrap_or_else(|| panic!("{id} {keys}: {found:?}"));
        if what == "fault-factor-replaced" {
            let said = (told.found.as_str(), told.expected.as_str());
            assert_eq!(said, ("fuel.diesel.co2 = 75 kgCO2/GJ", "74.1 kgCO2/GJ"));
        }
    }
}

/// A factor of the site's own of this unit, with further lines.
fn own_of(id: &str, value: f64, unit: &str, lines: &str) -> String {
    format!(
        "[[factor]]\nid = '{id}'\nvalue = {value}\nunit = '{unit}'\nsource = 'letter'\n{lines}\n"
    )
}

#[tokio::test]
async fn an_expired_factor_claims_nothing_of_fuel_project_or_ledger() {
    let text = [
        SITE_DEVICES,
        "[[asset]]\nid = 'set'\nkind = 'genset'\nrating_kw = 5\ndensity_kg_l = 0.84\n\
         energy = 'meter.export'\nfuel = 'pump.volume'\nfuel_factor = 'own.fuel'\n\
         [[asset]]\nid = 'roof'\nkind = 'plts'\nsystem = 'off-grid'\ncapacity_kwp = 5\n\
         energy = 'inverter.energy'\n\
         baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante' }\n\
         project = { import = 'meter.import', factor = 'own.grid' }\n",
        &ledger_indicator("tap", "L", "own.water"),
    ]
    .concat();
    let folder = tempfile::tempdir().unwrap();
    let mut village = site_with_readings().await;
    let figures_of = [
        ("genset.co2", Some("set")),
        ("co2.project", Some("roof")),
        ("co2.net", Some("roof")),
        ("co2.gross", Some("roof")),
        ("ledger.tap.effect", None),
    ];
    let policy = "status = 'policy'";
    for days in [
        "valid_from = 2010-01-01\nvalid_to = 2012-12-31",
        "valid_to = 2026-11-15",
    ] {
        let lines = format!("{policy}\n{days}");
        let own = [
            own_of("own.fuel", 75.0, "kgCO2/GJ", &lines),
            own_of("own.grid", 0.8, "tCO2/MWh", &lines),
            own_of("own.water", 0.5, "kWh/m3", &lines),
        ];
        let config = load(folder.path(), &text, &own.concat());
        let config = config.unwrap_or_else(|faults| panic!("{lines}: {faults}"));
        let found = figures(&mut village, config).await;
        for (id, asset) in figures_of {
            let figure = found.find(id, asset).unwrap();
            // The entry of 6 November takes the factor that is valid on that day.
            if asset.is_none() && !days.contains("2010") {
                assert!(!figure.claim.is_withheld(), "{lines}: {figure:?}");
                continue;
            }
            let is_withheld = matches!(figure.claim, ClaimVerdict::NotClaimed(_));
            let is_unknown = figure.value.is_err();
            assert!(is_withheld || is_unknown, "{lines}: {id} {figure:?}");
            let is_dated = figure.claim.word() == "factor-out-of-date";
            assert!(is_dated || is_unknown, "{lines}: {id} {:?}", figure.claim);
        }
    }
}

#[test]
fn an_effect_by_a_number_that_was_never_verified_is_refused() {
    let text = [
        SITE_DEVICES,
        &ledger_indicator("tap", "L", "jelantah.density"),
    ]
    .concat();
    let folder = tempfile::tempdir().unwrap();
    let own = own_of("own.x", 1.0, "kgCO2/L", "status = 'policy'");
    let faults = load(folder.path(), &text, &own).unwrap_err();
    let whats: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
    assert_eq!(whats, ["fault-factor-unverified"], "{faults}");
}

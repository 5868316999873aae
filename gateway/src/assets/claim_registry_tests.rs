//! Tests that a quantity is claimed once: the table of double claims, and the relations that allow
//! what is true.

use crate::config::{self, Config, Diagnostics};
use crate::i18n::Language;
use crate::tests::SiteText;
use std::path::Path;

/// Two inverters and two pumps with a water meter, a meter, and a device with two channels.
fn site(assets: &str) -> String {
    let energy = |register: u8, id: &str| {
        format!(
            "{{ id = '{id}', register = 'holding:{register}', type = 'u32', unit = 'kWh', \
             counter = true }}"
        )
    };
    let power = |register: u8, id: &str| {
        format!("{{ id = '{id}', register = 'holding:{register}', type = 'u16', unit = 'W' }}")
    };
    let water = "{ id = 'volume', register = 'holding:8', type = 'u32', unit = 'm3', \
                 counter = true }";
    let mut text = SiteText::new("a").tcp_bus("b", 502);
    for (unit, device) in ["inverter", "second", "meter"].iter().enumerate() {
        let points = [energy(0, "energy"), power(4, "power")];
        text = text
            .device(device, "b", format!("unit = {}", unit + 1))
            .points(points.each_ref().map(String::as_str));
    }
    let channels = [
        energy(0, "energy_1"),
        energy(2, "energy_2"),
        power(4, "power_1"),
        power(5, "power_2"),
    ];
    text = text
        .device("channels", "b", "unit = 4")
        .points(channels.each_ref().map(String::as_str))
        .device("flow", "b", "unit = 5")
        .points([
            water,
            "{ id = 'rate', register = 'holding:12', type = 'u16', unit = 'm3/h' }",
            "{ id = 'temp', register = 'holding:10', type = 'i16', unit = 'degC' }",
        ]);
    text.text() + assets
}

fn load(assets: &str) -> Result<Config, Diagnostics> {
    config::load_config_text(&site(assets), Path::new("pantau.toml"), &|_| None)
}

fn plant(id: &str, keys: &str, baseline: &str) -> String {
    format!(
        "[[asset]]\nid = '{id}'\nkind = 'plts'\ncapacity_kwp = 2\n{keys}\n\
         baseline = {{ {baseline} }}\n"
    )
}

fn pump(id: &str, keys: &str) -> String {
    format!(
        "[[asset]]\nid = '{id}'\nkind = 'pump'\nvolume = 'flow.volume'\n\
         head = {{ static_m = 20.0 }}\n{keys}\n"
    )
}

const GRID: &str = "kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante'";
const FUEL: &str = "kind = 'PUMP_FUEL', pump = 'w'";
const NONE: &str = "kind = 'NONE'";
const INVERTER: &str = "energy = 'inverter.energy'";
const SECOND: &str = "energy = 'second.energy'";

#[test]
fn the_same_quantity_stands_behind_one_claim_by_whatever_point() {
    let by_power = "power = 'inverter.power'";
    let table = [
        (
            "one inverter by energy and by power",
            plant("p", INVERTER, GRID) + &plant("q", by_power, GRID),
            "fault-claimed-twice-device",
        ),
        (
            "two fuel pump baselines on one pump",
            pump("w", "") + &plant("p", INVERTER, FUEL) + &plant("q", SECOND, FUEL),
            "fault-water-claimed-twice",
        ),
        (
            "a grid baseline of the plant that drives the pump of another claim",
            pump("w", "plts = 'p'") + &plant("p", INVERTER, GRID) + &plant("q", SECOND, FUEL),
            "fault-pump-claimed-twice",
        ),
        (
            "the same by a declared relation",
            pump("w", "")
                + &plant("p", INVERTER, GRID)
                + &plant("q", SECOND, FUEL)
                + "[[relation]]\nasset = 'p'\nkind = 'feeds'\nwith = 'w'\n",
            "fault-pump-claimed-twice",
        ),
        (
            "a plant without a baseline that adds the same energy to the site",
            plant("p", INVERTER, GRID) + &plant("q", INVERTER, NONE),
            "fault-claimed-twice",
        ),
        (
            "a part that claims what the whole claims",
            plant("p", INVERTER, GRID)
                + &plant("q", INVERTER, GRID)
                + "[[relation]]\nasset = 'q'\nkind = 'part-of'\nwith = 'p'\n",
            "fault-claimed-twice",
        ),
        (
            "two pumps of one water meter",
            pump("w", "") + &pump("v", ""),
            "fault-water-counted-twice",
        ),
        (
            "energy with a certificate at the meter",
            plant("p", INVERTER, GRID)
                + "[[asset]]\nid = 'm'\nkind = 'meter'\nenergy = 'inverter.energy'\n\
                   claim = { owner = 'x', rec = true }\n",
            "fault-rec-claimed",
        ),
        (
            "kilograms with an effect of their own beside the methane of the bin",
            "[[indicator]]\nid = 'fed'\nname = { id = 'Pakan', en = 'Feed' }\nunit = 'kg'\n\
             known = ['weighed']\nfactor = 'own.fed'\n\
             [factors]\nfile = 'own.toml'\n\
             [[asset]]\nid = 'bin'\nkind = 'bsf'\nfed = 'fed'\ntemperature = 'flow.temp'\n\
             disposal = { fate = 'landfill', mcf = 'swds.mcf.unmanaged_shallow', \
             gas_captured = 0.0, evidence = 'letter' }\n"
                .to_owned(),
            "fault-mass-claimed-twice",
        ),
    ];
    let dir = tempfile::tempdir().unwrap();
    let own = "[[factor]]\nid = 'own.fed'\nvalue = 0.1\nunit = 'kgCO2e/kg'\nsource = 's'\n\
               status = 'policy'\n";
    std::fs::write(dir.path().join("own.toml"), own).unwrap();
    for (case, assets, what) in table {
        let file = dir.path().join("pantau.toml");
        let faults = config::load_config_text(&site(&assets), &file, &|_| None);
        let faults = faults.expect_err(case);
        let found: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
        assert_eq!(found, [what], "{case}: {}", faults.render(Language::En));
    }
}

#[test]
fn what_may_be_the_same_is_a_warning() {
    let meter =
        |id: &str| format!("[[asset]]\nid = '{id}'\nkind = 'meter'\nenergy = 'meter.energy'\n");
    let table = [
        (
            "two channels of one device",
            plant("p", "energy = 'channels.energy_1'", GRID)
                + &plant("q", "energy = 'channels.energy_2'", GRID),
            "fault-claimed-perhaps",
        ),
        (
            "two meters of one point",
            meter("m") + &meter("n"),
            "fault-measured-twice",
        ),
        (
            "a pump that does not say what drives it, beside another claim",
            pump("w", "") + &plant("p", INVERTER, GRID) + &plant("q", SECOND, FUEL),
            "fault-pump-driver",
        ),
    ];
    for (case, assets, what) in table {
        let config = load(&assets).unwrap_or_else(|faults| panic!("{case}: {faults}"));
        let warned = config.warnings.iter().any(|fault| fault.what == what);
        assert!(warned, "{case}: {:?}", config.warnings);
    }
}

#[test]
fn what_is_declared_and_true_is_accepted() {
    let series = pump("w", "")
        + &pump("v", "")
        + "[[relation]]\nasset = 'v'\nkind = 'in-series'\nwith = 'w'\n";
    let part = plant("p", INVERTER, GRID)
        + &plant("q", INVERTER, NONE)
        + "[[relation]]\nasset = 'q'\nkind = 'part-of'\nwith = 'p'\n";
    let two = plant("p", INVERTER, GRID) + &plant("q", SECOND, GRID);
    for (assets, relations) in [(series, 1), (part, 1), (two, 0)] {
        let config = load(&assets).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(config.relations.len(), relations);
    }
}

#[test]
fn what_is_declared_to_be_the_same_energy_is_claimed_once() {
    let both = plant("p", INVERTER, GRID) + &plant("q", SECOND, GRID);
    for kind in ["part-of", "in-series", "feeds"] {
        let relation = format!("[[relation]]\nasset = 'q'\nkind = '{kind}'\nwith = 'p'\n");
        let faults = load(&(both.clone() + &relation)).unwrap_err();
        let whats: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
        assert_eq!(whats, ["fault-claimed-related"], "{kind}");
    }
}

#[test]
fn a_relation_names_two_assets_that_exist() {
    let relation = |asset: &str, with: &str| {
        let plants = plant("p", INVERTER, GRID) + &plant("q", SECOND, GRID);
        let relation =
            format!("[[relation]]\nasset = '{asset}'\nkind = 'feeds'\nwith = '{with}'\n");
        let faults = load(&(plants + &relation)).unwrap_err();
        let found: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
        assert_eq!(found.len(), 1, "{faults}");
        found[0]
    };
    assert_eq!(relation("p", "r"), "fault-unknown-asset");
    assert_eq!(relation("p", "p"), "fault-relation-own");
}

#[test]
fn claims_of_different_days_are_no_double_claim() {
    let first = plant("p", INVERTER, GRID) + "until = 2026-06-30\n";
    let second = plant("q", INVERTER, GRID) + "since = 2026-07-01\n";
    assert!(load(&(first.clone() + &second)).is_ok());
    let second = plant("q", INVERTER, GRID) + "since = 2026-06-30\n";
    assert!(load(&(first + &second)).is_err());
    let until = format!("{FUEL}, until = 2026-06-30");
    let since = format!("{FUEL}, since = 2026-07-01");
    let both = plant("p", INVERTER, &until) + &plant("q", SECOND, &since) + &pump("w", "");
    let config = load(&both);
    assert!(config.is_ok(), "{config:?}");
}

#[test]
fn channels_tell_the_plants_of_one_device_apart() {
    let channel = |number: u8, word: &str| {
        let keys = format!("energy = 'channels.energy_{number}'\n{word}");
        plant(&format!("p{number}"), &keys, GRID)
    };
    let warned = |one: &str, other: &str| -> Vec<&'static str> {
        let config = load(&(channel(1, one) + &channel(2, other))).unwrap();
        config.warnings.iter().map(|fault| fault.what).collect()
    };
    assert!(warned("", "").contains(&"fault-claimed-perhaps"));
    assert!(warned("channel = 'a'", "").contains(&"fault-claimed-perhaps"));
    let declared = warned("channel = 'a'", "channel = 'b'");
    assert!(!declared.contains(&"fault-claimed-perhaps"), "{declared:?}");
    let same = channel(1, "channel = 'a'") + &channel(2, "channel = 'a'");
    let faults = load(&same).unwrap_err();
    assert_eq!(faults.0[0].what, "fault-claimed-twice-device");
}

#[test]
fn the_fuel_of_one_lift_is_saved_once() {
    let claims = plant("p", INVERTER, FUEL) + &plant("q", SECOND, &FUEL.replace("'w'", "'v'"));
    let other = pump("v", "").replace("volume = 'flow.volume'", "flow = 'flow.rate'");
    let pumps = pump("w", "") + &other;
    let relation = "[[relation]]\nasset = 'v'\nkind = 'in-series'\nwith = 'w'\n";
    let whats = |text: &str| -> Vec<&'static str> {
        let faults = load(text).map_or_else(|faults| faults.0, |config| config.warnings);
        faults.iter().map(|fault| fault.what).collect()
    };
    let apart = whats(&(claims.clone() + &pumps));
    assert!(!apart.contains(&"fault-water-claimed-twice"), "{apart:?}");
    let series = whats(&(claims + &pumps + relation));
    assert!(series.contains(&"fault-water-claimed-twice"), "{series:?}");
}

#[test]
fn litres_with_an_effect_beside_a_fuel_that_is_saved_are_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let own = "[[factor]]\nid = 'own.litre'\nvalue = 2.6\nunit = 'kgCO2/L'\nsource = 's'\n\
               status = 'policy'\n";
    std::fs::write(dir.path().join("own.toml"), own).unwrap();
    let indicator = "[[indicator]]\nid = 'solar-hemat'\nunit = 'L'\n\
                     name = { id = 'Solar hemat', en = 'Diesel saved' }\n\
                     known = ['declared']\nfactor = 'own.litre'\n\
                     [factors]\nfile = 'own.toml'\n";
    let warned = |text: &str| -> Vec<&'static str> {
        let file = dir.path().join("pantau.toml");
        let config = config::load_config_text(&site(text), &file, &|_| None).unwrap();
        config.warnings.iter().map(|fault| fault.what).collect()
    };
    let fuel = plant("p", INVERTER, FUEL) + &pump("w", "") + indicator;
    let found = warned(&fuel);
    assert!(found.contains(&"fault-litres-claimed-perhaps"), "{found:?}");
    let grid = warned(&(plant("p", INVERTER, GRID) + indicator));
    assert!(!grid.contains(&"fault-litres-claimed-perhaps"), "{grid:?}");
}

#[test]
fn kilowatt_hours_and_kilograms_with_an_effect_beside_the_same_claim_are_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    let own = "[[factor]]\nid = 'own.kwh'\nvalue = 0.8\nunit = 'kgCO2e/kWh'\nsource = 's'\n\
               status = 'policy'\n[[factor]]\nid = 'own.kg'\nvalue = 0.5\nunit = 'kgCO2e/kg'\n\
               source = 's'\nstatus = 'policy'\n";
    std::fs::write(dir.path().join("own.toml"), own).unwrap();
    let indicator = |unit: &str, factor: &str| {
        format!(
            "[[indicator]]\nid = 'hemat'\nunit = '{unit}'\n\
             name = {{ id = 'Hemat', en = 'Saved' }}\nknown = ['declared']\n\
             factor = '{factor}'\n[factors]\nfile = 'own.toml'\n"
        )
    };
    let bin = "[[asset]]\nid = 'b'\nkind = 'bsf'\ntemperature = 'flow.temp'\n\
               disposal = { fate = 'landfill', mcf = 'swds.mcf.unmanaged_shallow', \
               gas_captured = 0.0, evidence = 'x' }\n";
    let energy = "fault-energy-claimed-perhaps";
    let mass = "fault-mass-claimed-perhaps";
    for (text, what) in [
        (
            plant("p", INVERTER, GRID) + &indicator("kWh", "own.kwh"),
            Some(energy),
        ),
        (
            plant("p", INVERTER, GRID) + &indicator("kg", "own.kg"),
            None,
        ),
        (bin.to_owned() + &indicator("kg", "own.kg"), Some(mass)),
        (bin.to_owned() + &indicator("kWh", "own.kwh"), None),
    ] {
        let file = dir.path().join("pantau.toml");
        let config = config::load_config_text(&site(&text), &file, &|_| None).unwrap();
        let warned = config.warnings.iter().map(|fault| fault.what);
        let warned: Vec<&str> = warned.filter(|one| [energy, mass].contains(one)).collect();
        assert_eq!(warned, what.into_iter().collect::<Vec<_>>(), "{text}");
    }
}

/// Meter with a certificate (REC) for its energy.
fn certified(keys: &str) -> String {
    format!("[[asset]]\nid = 'm'\nkind = 'meter'\n{keys}\nclaim = {{ owner = 'x', rec = true }}\n")
}

fn relation(asset: &str, kind: &str, with: &str) -> String {
    format!("[[relation]]\nasset = '{asset}'\nkind = '{kind}'\nwith = '{with}'\n")
}

#[test]
fn energy_with_a_certificate_is_claimed_by_nobody_who_is_declared_to_be_the_same() {
    let claimed = "fault-rec-claimed";
    let perhaps = "fault-rec-claimed-perhaps";
    let meter = certified("energy = 'meter.energy'");
    let claims = plant("p", INVERTER, GRID);
    let between = plant("q", SECOND, NONE);
    let seller = plant("s", SECOND, NONE) + "claim = { owner = 'x', rec = true }\n";
    let table = [
        (meter.clone() + &relation("p", "part-of", "m"), claimed),
        (meter.clone() + &relation("m", "part-of", "p"), claimed),
        (meter.clone() + &relation("m", "in-series", "p"), claimed),
        (
            meter.clone()
                + &between
                + &relation("p", "in-series", "q")
                + &relation("q", "part-of", "m"),
            claimed,
        ),
        // All of it goes to a meter that is a part of the certified one.
        (
            meter.clone()
                + &between
                + &relation("p", "feeds", "q")
                + &relation("q", "part-of", "m"),
            claimed,
        ),
        // Perhaps to another part of what it goes to.
        (
            meter.clone()
                + &between
                + &relation("p", "feeds", "q")
                + &relation("m", "part-of", "q"),
            "fault-rec-claimed-chain",
        ),
        // Two parts of one whole are not the same energy.
        (
            meter.clone()
                + &between
                + &relation("p", "part-of", "q")
                + &relation("m", "part-of", "q"),
            "",
        ),
        (meter, ""),
        (seller.clone() + &relation("s", "in-series", "p"), claimed),
        (seller, ""),
        (certified("power = 'inverter.power'"), claimed),
        (certified("energy = 'channels.energy_1'"), ""),
        (
            certified("energy = 'channels.energy_1'")
                + &plant("q", "energy = 'channels.energy_2'", GRID),
            perhaps,
        ),
    ];
    for (assets, what) in table {
        let text = claims.clone() + &assets;
        let found = load(&text).map_or_else(|faults| faults.0, |config| config.warnings);
        let found: Vec<&str> = found.iter().map(|fault| fault.what).collect();
        let of_certificates = found.iter().filter(|what| what.starts_with(claimed));
        let of_certificates: Vec<&str> = of_certificates.copied().collect();
        let wanted: Vec<&str> = [what].into_iter().filter(|what| !what.is_empty()).collect();
        assert_eq!(of_certificates, wanted, "{assets}: {found:?}");
    }
}

#[test]
fn energy_with_a_certificate_stands_behind_no_fuel_of_a_pump_and_feeds_no_claim() {
    let meter = certified("energy = 'meter.energy'");
    let lifts = plant("q", SECOND, FUEL) + &pump("w", "energy = 'channels.energy_1'");
    let grid = plant("p", INVERTER, GRID);
    let named = plant("q", SECOND, FUEL) + &pump("w", "plts = 'p'") + &plant("p", INVERTER, NONE);
    let table = [
        // The pump names the plant that drives it.
        (
            named.clone() + "claim = { owner = 'x', rec = true }\n",
            true,
        ),
        (
            named.clone() + &meter + &relation("p", "part-of", "m"),
            true,
        ),
        (named + &meter, false),
        (
            lifts.clone() + &certified("energy = 'channels.energy_1'"),
            true,
        ),
        (lifts.clone() + &meter + &relation("m", "feeds", "w"), true),
        (
            lifts.clone() + &meter + &relation("w", "part-of", "m"),
            true,
        ),
        (grid.clone() + &meter + &relation("m", "feeds", "p"), true),
        (grid.clone() + &meter + &relation("p", "feeds", "m"), true),
        (lifts + &meter, false),
        (grid + &meter, false),
    ];
    for (assets, refused) in table {
        let loaded = load(&assets);
        let found = loaded.map_or_else(|faults| faults.0, |_| Vec::new());
        let found: Vec<&str> = found.iter().map(|fault| fault.what).collect();
        let wanted: &[&str] = if refused { &["fault-rec-claimed"] } else { &[] };
        assert_eq!(found, wanted, "{assets}");
    }
}

#[test]
fn a_relation_is_one_way_and_between_assets_with_a_common_quantity() {
    let two = plant("p", INVERTER, GRID) + &plant("q", SECOND, NONE);
    let tank = "[[asset]]\nid = 't'\nkind = 'tank'\ninflow = 'flow.volume'\n\
                shape = { kind = 'box', length_m = 1, width_m = 1, height_m = 1 }\n";
    let table = [
        (
            relation("p", "feeds", "q") + &relation("q", "feeds", "p"),
            "fault-relation-both-ways",
        ),
        (relation("p", "feeds", "t"), "fault-relation-nothing"),
        (relation("t", "part-of", "q"), "fault-relation-nothing"),
    ];
    for (relations, what) in table {
        let faults = load(&(two.clone() + tank + &relations)).unwrap_err();
        let found = faults.0.iter().any(|fault| fault.what == what);
        assert!(found, "{relations}: {faults}");
    }
}

#[test]
fn the_fuel_of_two_pumps_that_feed_each_other_is_saved_once() {
    let claims = plant("p", INVERTER, FUEL) + &plant("q", SECOND, &FUEL.replace("'w'", "'v'"));
    let other = pump("v", "").replace("volume = 'flow.volume'", "flow = 'flow.rate'");
    let lift = claims + &pump("w", "") + &other + &relation("w", "feeds", "v");
    let faults = load(&lift).unwrap_err();
    let found: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
    assert_eq!(found, ["fault-water-claimed-twice"]);
}

#[test]
fn a_replaced_set_beyond_the_plant_and_a_factor_of_another_year_are_warnings() {
    let warned = |assets: &str, what: &str| {
        let config = load(assets).unwrap_or_else(|faults| panic!("{faults}"));
        config.warnings.iter().any(|fault| fault.what == what)
    };
    for (rating, is_told) in [("2500", true), ("5", false)] {
        let set = format!(
            "kind = 'GENSET', rating_kw = {rating}, litres_per_kwh = 0.4, density_kg_l = 0.84"
        );
        assert_eq!(
            warned(&plant("p", INVERTER, &set), "fault-ratings"),
            is_told
        );
    }
    for (factor, is_told) in [
        ("grid.indonesia.2015.avg", true),
        ("grid.sumatera.2019.cm5050_exante", false),
    ] {
        let project = format!("project = {{ import = 'meter.energy', factor = '{factor}' }}");
        let site = plant("p", &format!("{INVERTER}\n{project}"), GRID);
        assert_eq!(warned(&site, "fault-vintages"), is_told, "{factor}");
    }
}

#[test]
fn no_relation_leads_back_to_its_own_asset_over_any_number_of_others() {
    let ids = ["p", "q", "r", "u"];
    let points = ["inverter", "second", "meter", "channels"];
    let claims = [GRID, NONE, NONE, NONE];
    let plants = ids
        .iter()
        .zip(points)
        .zip(claims)
        .map(|((id, point), claim)| {
            let energy = if point == "channels" {
                "energy_1"
            } else {
                "energy"
            };
            plant(id, &format!("energy = '{point}.{energy}'"), claim)
        });
    let plants: String = plants.collect();
    for (sorts, what) in [
        (&["feeds"][..], "fault-relation-both-ways"),
        (&["part-of"], "fault-relation-circle"),
        (&["in-series"], "fault-relation-circle"),
        (&["part-of", "in-series"], "fault-relation-circle"),
    ] {
        for length in 2..=ids.len() {
            let step = |at: usize| {
                let sort = sorts[at % sorts.len()];
                relation(ids[at], sort, ids[(at + 1) % length])
            };
            let circle: String = (0..length).map(step).collect();
            let faults = load(&(plants.clone() + &circle)).unwrap_err();
            let found: Vec<&str> = faults.0.iter().map(|fault| fault.what).collect();
            assert!(found.contains(&what), "{circle}: {found:?}");
            // Without its last step it is a chain.
            let chain: String = (0..length - 1).map(step).collect();
            let found = load(&(plants.clone() + &chain));
            let found = found.map_or_else(|faults| faults.0, |config| config.warnings);
            assert!(found.iter().all(|fault| fault.what != what), "{chain}");
        }
    }
}

#[test]
fn fuel_that_is_bought_counts_for_one_set() {
    let set = |id: &str, fuel: &str| {
        format!(
            "[[asset]]\nid = '{id}'\nkind = 'genset'\nrating_kw = 5\nfuel_ledger = '{fuel}'\n\
             density_kg_l = 0.84\n"
        )
    };
    let faults = load(&(set("a", "jelantah") + &set("b", "jelantah"))).unwrap_err();
    assert_eq!(faults.0[0].what, "fault-fuel-counted-twice");
    let after = "since = 2026-07-01\n";
    let before = set("a", "jelantah") + "until = 2026-06-30\n";
    assert!(load(&(before + &set("b", "jelantah") + after)).is_ok());
}

/// Faults and warnings about energy that counts twice.
fn double_claims(text: &str) -> Vec<&'static str> {
    let found = load(text).map_or_else(|faults| faults.0, |config| config.warnings);
    let found = found.iter().map(|fault| fault.what);
    let known = ["fault-claimed-", "fault-generated-", "fault-rec-"];
    found
        .filter(|what| known.iter().any(|key| what.starts_with(key)))
        .collect()
}

#[test]
fn a_channel_that_somebody_makes_up_hides_no_double_claim() {
    let (sure, perhaps) = ("fault-claimed-twice-device", "fault-claimed-perhaps");
    for (one, other, wanted) in [
        (
            "energy = 'inverter.energy'",
            "power = 'inverter.power'",
            sure,
        ),
        (
            "energy = 'channels.energy_1'",
            "power = 'channels.power_1'",
            sure,
        ),
        (
            "energy = 'channels.energy_1'",
            "power = 'channels.power_2'",
            "",
        ),
        (
            "power = 'channels.power_1'",
            "power = 'channels.power_2'",
            "",
        ),
        (
            "energy = 'phases.ac_energy_import_l1'",
            "energy = 'phases.ac_energy_import_l3'",
            "",
        ),
        // The sum, and one of its parts.
        (
            "energy = 'phases.ac_energy_import'",
            "energy = 'phases.ac_energy_import_l1'",
            perhaps,
        ),
        (
            "energy = 'phases.ac_energy_import'",
            "energy = 'phases.ac_energy_total'",
            perhaps,
        ),
        (
            "energy = 'phases.ac_energy_import'",
            "power = 'phases.ac_power'",
            perhaps,
        ),
        (
            "energy = 'phases.ac_energy_import_l1'",
            "power = 'phases.ac_power_l1'",
            sure,
        ),
    ] {
        let phases = "[[device]]\nid = 'phases'\nbus = 'b'\nunit = 9\nprofile = 'eastron-sdm630'\n";
        let claims = plant("p", &format!("{one}\nchannel = 'a'"), GRID)
            + &plant("q", &format!("{other}\nchannel = 'b'"), GRID);
        let wanted: Vec<&str> = [wanted]
            .into_iter()
            .filter(|what| !what.is_empty())
            .collect();
        assert_eq!(double_claims(&(claims + phases)), wanted, "{one} {other}");
    }
}

#[test]
fn a_generator_set_counts_no_energy_of_a_plant_or_of_another_set() {
    let set = |id: &str, keys: &str| {
        format!("[[asset]]\nid = '{id}'\nkind = 'genset'\nrating_kw = 5\n{keys}\n")
    };
    let grid = |keys: &str| plant("p", keys, GRID);
    let (sure, perhaps) = ("fault-claimed-twice-device", "fault-generated-perhaps");
    for (assets, wanted) in [
        (grid(INVERTER) + &set("g", "power = 'inverter.power'"), sure),
        (set("g", "power = 'inverter.power'") + &grid(INVERTER), sure),
        (grid("power = 'inverter.power'") + &set("g", INVERTER), sure),
        (
            set("g", INVERTER) + &set("h", "power = 'inverter.power'"),
            sure,
        ),
        // A plant whose baseline claims nothing is added to the site's energy all the same.
        (
            plant("p", INVERTER, NONE) + &set("g", "power = 'inverter.power'"),
            sure,
        ),
        (
            grid("energy = 'channels.energy_1'") + &set("g", "energy = 'channels.energy_2'"),
            "",
        ),
        (
            grid("energy = 'channels.energy_1'") + &set("g", "power = 'channels.power_1'"),
            sure,
        ),
        (
            grid("energy = 'phases.ac_energy_import'")
                + &set("g", "energy = 'phases.ac_energy_total'"),
            perhaps,
        ),
        (grid(INVERTER) + &set("g", "energy = 'second.energy'"), ""),
    ] {
        let phases = "[[device]]\nid = 'phases'\nbus = 'b'\nunit = 9\nprofile = 'eastron-sdm630'\n";
        let wanted: Vec<&str> = [wanted]
            .into_iter()
            .filter(|what| !what.is_empty())
            .collect();
        assert_eq!(
            double_claims(&(assets.clone() + phases)),
            wanted,
            "{assets}"
        );
    }
}

#[test]
fn a_claim_is_followed_over_several_relations() {
    let (claimed, perhaps) = ("fault-rec-claimed", "fault-rec-claimed-chain");
    let meter = certified("energy = 'meter.energy'");
    let between = "[[asset]]\nid = 'n'\nkind = 'meter'\nenergy = 'channels.energy_2'\n";
    let lifts = plant("q", SECOND, FUEL) + &pump("w", "energy = 'channels.energy_1'\nplts = 'q'");
    let grid = plant("p", INVERTER, GRID);
    let chains = [
        (["m feeds n", "n feeds w"], claimed),
        (["m in-series n", "n feeds w"], claimed),
        (["m part-of n", "n feeds w"], perhaps),
        (["m feeds n", "w part-of n"], perhaps),
        // What feeds one whole from two sides is not the same.
        (["m feeds n", "w feeds n"], ""),
        (["w feeds n", "n feeds m"], ""),
    ];
    let said = |relations: [&str; 2]| -> String {
        let declared = relations.map(|text| {
            let parts: Vec<&str> = text.split(' ').collect();
            relation(parts[0], parts[1], parts[2])
        });
        declared.concat()
    };
    for (relations, wanted) in chains {
        let text = lifts.clone() + &meter + between + &said(relations);
        let wanted: Vec<&str> = [wanted]
            .into_iter()
            .filter(|what| !what.is_empty())
            .collect();
        assert_eq!(double_claims(&text), wanted, "{relations:?}");
    }
    let both = grid.clone() + &plant("r", "energy = 'meter.energy'", GRID) + between;
    for (relations, wanted) in [
        (["p feeds n", "n feeds r"], "fault-claimed-related"),
        (["p in-series n", "n in-series r"], "fault-claimed-related"),
        (["p part-of n", "n feeds r"], "fault-claimed-chain"),
    ] {
        assert_eq!(double_claims(&(both.clone() + &said(relations))), [wanted]);
    }
    // A plant drives the pump of another claim by way of a meter.
    let text = lifts + &grid + between + &said(["p feeds n", "n feeds w"]);
    let faults = load(&text).unwrap_err();
    assert_eq!(faults.0[0].what, "fault-pump-claimed-twice");
}

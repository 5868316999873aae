//! Whatever `check` warns of about a number is marked at the figures that use it, and nothing else
//! is: every key of `config/number_ranges.toml` is tried, beyond both ends of what is usual.

use super::site::SITE_DEVICES;
use super::{DAY, HOUR, TestSite, parse_time};
use crate::config::load_config_text;
use crate::config::number_ranges::{NumberRange, all_number_keys, number_range};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, SiteIndicators};
use crate::i18n::Language;
use crate::report::content::remark_sentence;
use std::collections::BTreeSet;
use std::path::Path;

/// Weather, a pressure, and a distance, beside the devices of the test site.
const MORE_DEVICES: &str = "[[device]]\nid = 'more'\nbus = 'lan'\nunit = 9\nevery = '1h'\n\
    point = [\n\
    { id = 'air', register = 'holding:0', type = 'f32', unit = 'degC' },\n\
    { id = 'pressure', register = 'holding:2', type = 'f32', unit = 'Pa' },\n\
    { id = 'distance', register = 'holding:4', type = 'f32', unit = 'm' },\n\
    { id = 'out', register = 'holding:6', type = 'f64', unit = 'm3', counter = true },\n]\n";

/// Assets in which every key of a range stands, with a usual number.
const SITES: &[&str] = &[
    "[[asset]]\nid = 'plts'\nkind = 'plts'\ncapacity_kwp = 2.0\nac_rating_kw = 2.0\n\
     gamma = -0.004\nnoct_c = 45.0\nenergy = 'inverter.energy'\n\
     irradiance = 'sun.poa'\nair_temperature = 'more.air'\n\
     baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_expost', losses = 0.1 }\n",
    "[[asset]]\nid = 'plts'\nkind = 'plts'\ncapacity_kwp = 2.0\nenergy = 'inverter.energy'\n\
     system = 'off-grid'\n\
     baseline = { kind = 'GENSET', rating_kw = 5.0, litres_per_kwh = 0.4, density_kg_l = 0.84, \
     biodiesel = [{ from = 2025-01-01, share = 0.4 }] }\n\
     leakage = { replaced = 'elsewhere', litres_per_year = 200.0, statement = 'letter' }\n",
    "[[asset]]\nid = 'plts'\nkind = 'plts'\ncapacity_kwp = 2.0\nenergy = 'inverter.energy'\n\
     system = 'off-grid'\nmodule_area_m2 = 10.0\nirradiance = 'sun.poa'\n\
     baseline = { kind = 'PUMP_FUEL', pump = 'pump', eta_pump = 0.6, eta_engine = 0.3 }\n\
     [[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\nflow = 'pump.flow'\n\
     energy = 'pump.energy'\npower = 'pump.power'\nrated_power_kw = 1.0\n\
     rated_flow_m3_h = 4.0\nplts = 'plts'\ndry_run = { power_share = 0.3, flow_share = 0.05 }\n\
     head = { static_m = 20.0, drawdown_m = 2.0, pipe_length_m = 100.0, \
     pipe_diameter_mm = 50.0, pipe_c = 140.0, sum_k = 2.0 }\n",
    "[[asset]]\nid = 'plts'\nkind = 'plts'\ncapacity_kwp = 2.0\nenergy = 'inverter.energy'\n\
     system = 'off-grid'\nbaseline = { kind = 'PUMP_FUEL', pump = 'pump', \
     litres_per_m3 = 0.2, density_kg_l = 0.84 }\n\
     [[asset]]\nid = 'pump'\nkind = 'pump'\nvolume = 'pump.volume'\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\nfull_m = 1.5\n\
     outlet_m = 0.1\ndeadband_l = 10.0\nleak_night = { threshold_l_h = 5.0 }\n\
     shape = { kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 2.0 }\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\npressure = 'more.pressure'\nfreeboard_m = 0.1\n\
     density_kg_m3 = 997.0\nsensor = { offset_m = 0.1 }\n\
     shape = { kind = 'vertical-cylinder', diameter_m = 1.0, height_m = 2.0 }\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\ndistance = 'more.distance'\n\
     sensor = { blanking_m = 0.3, height_m = 2.5 }\n\
     shape = { kind = 'cylinder-on-cone', diameter_m = 1.0, bottom_diameter_m = 0.2, \
     cone_height_m = 0.5, cylinder_height_m = 1.0 }\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\n\
     shape = { kind = 'ibc', area_m2 = 1.0, height_m = 1.0, nominal_m3 = 1.0 }\n",
    "[[asset]]\nid = 'roof'\nkind = 'catchment'\narea_m2 = 100.0\nrunoff = 0.9\n\
     first_flush_mm = 0.5\nrain = 'tank.rain'\n",
    "[[asset]]\nid = 'bin'\nkind = 'bsf'\ntemperature = 'bin.core'\nprobe = 'centre'\n\
     bands = { slow = 12.0, optimal = 25.0, warm = 32.0, critical = 36.0, lethal = 45.0 }\n\
     disposal = { fate = 'landfill', mcf = 'swds.mcf.unmanaged_shallow', gas_captured = 0.0, \
     evidence = 'letter' }\n",
    "[[asset]]\nid = 'set'\nkind = 'genset'\nrating_kw = 5.0\nenergy = 'inverter.energy'\n",
];

/// Assets beside which numbers can be unusual that are bounded by other ones.
const OTHER_SITES: &[&str] = &[
    "[[asset]]\nid = 'plts'\nkind = 'plts'\ncapacity_kwp = 0.11\nac_rating_kw = 0.1\n\
     energy = 'inverter.energy'\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\nfull_m = 1.5\n\
     shape = { kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 2.0 }\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\noutlet_m = 0.1\n\
     shape = { kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 19.0 }\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\nfreeboard_m = 0.1\n\
     shape = { kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 19.0 }\n",
    "[[asset]]\nid = 'tank'\nkind = 'tank'\nlevel = 'tank.level'\n\
     shape = { kind = 'cylinder-on-cone', diameter_m = 90.0, bottom_diameter_m = 0.2, \
     cone_height_m = 0.5, cylinder_height_m = 1.0 }\n",
];

/// Numbers between what is usual and what is refused, below and above.
fn unusual_values(range: &NumberRange) -> Vec<f64> {
    let ((least, most), (low, high)) = (range.refused, range.usual());
    let ends = [(low, least), (high, most)].into_iter();
    let ends = ends.filter(|(usual, end)| (usual - end).abs() > 0.0);
    // Near the usual end: what else is declared must still fit.
    let all = ends.map(|(usual, end)| usual + (end - usual) * 0.05);
    all.collect()
}

/// Limits of the bands of a bin, which rise.
const BANDS: [(&str, f64); 5] = [
    ("slow", 12.0),
    ("optimal", 25.0),
    ("warm", 32.0),
    ("critical", 36.0),
    ("lethal", 45.0),
];

/// The number that stands under a key of a bin's bands when another one is changed: those below a
/// low limit go down with it, those above a high one go up.
fn moved_limit((name, usual): (&str, f64), key: &str, value: f64) -> f64 {
    let place = |name: &str| BANDS.iter().position(|(known, _)| *known == name);
    let (Some(own), Some(changed)) = (place(name), place(key)) else {
        return usual;
    };
    let apart = f64::from(i32::try_from(own).unwrap() - i32::try_from(changed).unwrap());
    let is_low = value < BANDS[changed].1;
    let moves = own == changed || (own < changed) == is_low;
    if moves { value + apart } else { usual }
}

/// A site with another number under a key; `None` for one without the key.
fn with_number(site: &str, key: &str, value: f64) -> Option<String> {
    let begin = format!("{key} = ");
    let mut places = site.match_indices(&begin);
    // `height_m` is the end of `cylinder_height_m`.
    let is_word = |at: usize| !site[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let at = places.find(|(at, _)| is_word(*at))?.0 + begin.len();
    let end = site[at..].find([',', '\n', ' '])? + at;
    if !BANDS.iter().any(|(name, _)| *name == key) {
        return Some(format!("{}{value}{}", &site[..at], &site[end..]));
    }
    let limits = BANDS.map(|band| format!("{} = {}", band.0, moved_limit(band, key, value)));
    let (before, rest) = site.split_once("bands = {")?;
    let (_, after) = rest.split_once('}')?;
    Some(format!(
        "{before}bands = {{ {} }}{after}",
        limits.join(", ")
    ))
}

async fn readings() -> TestSite {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let village = TestSite::new(&format!("{devices}{MORE_DEVICES}"));
    let start = parse_time("2026-11-02T17:00:00Z").0;
    let column = |begin: f64, step: f64| -> Vec<(i64, Option<f64>)> {
        let hours = (0..=24_i32).map(|hour| {
            let value = begin + step * f64::from(hour);
            (start + i64::from(hour) * HOUR, Some(value))
        });
        hours.collect()
    };
    let columns = vec![
        ("inverter.energy", column(100.0, 0.3)),
        ("sun.poa", column(300.0, 0.0)),
        ("more.air", column(30.0, 0.0)),
        ("pump.volume", column(10.0, 1.0)),
        ("pump.flow", column(1.0, 0.0)),
        ("pump.power", column(400.0, 0.0)),
        ("pump.energy", column(10.0, 0.4)),
        ("tank.level", column(1.2, -0.01)),
        ("tank.rain", column(5.0, 0.5)),
        ("more.pressure", column(9800.0, 0.0)),
        ("more.distance", column(1.5, 0.0)),
        ("bin.core", column(30.0, 0.0)),
    ];
    assert_eq!(DAY, 24 * HOUR);
    village.store_readings(columns).await;
    village
}

fn marked<'a>(found: &'a SiteIndicators, key: &str) -> Vec<&'a Indicator> {
    let is_said = |one: &&Indicator| {
        one.remarks.iter().any(|said| {
            let of_key = said
                .args
                .iter()
                .any(|(name, text)| *name == "key" && text == key);
            said.key == "account-unusual-setting" && of_key
        })
    };
    found.indicators.iter().filter(is_said).collect()
}

#[tokio::test]
async fn what_check_warns_of_about_a_number_is_marked_where_the_number_is_used() {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let mut village = readings().await;
    let (mut tried, mut wrong) = (BTreeSet::new(), Vec::new());
    for key in all_number_keys() {
        let range = number_range(key).unwrap();
        let values = unusual_values(range);
        if values.is_empty() {
            tried.insert(key);
        }
        for (value, site) in values
            .iter()
            .flat_map(|value| {
                SITES
                    .iter()
                    .chain(OTHER_SITES)
                    .map(move |site| (*value, site))
            })
            .filter_map(|(value, site)| Some((value, with_number(site, key, value)?)))
        {
            let text = format!("{devices}{MORE_DEVICES}{site}");
            // Beside other numbers some cannot be true; the other end is tried too.
            let Ok(config) = load_config_text(&text, Path::new("pantau.toml"), &|_| None) else {
                continue;
            };
            let own = |fault: &&crate::config::Diagnostic| fault.what == "fault-unusual";
            let warned = config
                .warnings
                .iter()
                .filter(own)
                .any(|one| one.key == *key);
            village.config = config;
            let found = village.indicators("2026-11-03").await;
            let all = marked(&found, key);
            if !warned || all.is_empty() {
                wrong.push(format!(
                    "{key} = {value}: warned {warned}, {} marked",
                    all.len()
                ));
            }
            for one in all {
                assert!(one.claim >= ClaimVerdict::Doubtful, "{key}: {}", one.id);
                assert_words(one, key);
            }
            tried.insert(key);
        }
    }
    let without: Vec<&str> = all_number_keys()
        .filter(|key| !tried.contains(key))
        .collect();
    assert!(without.is_empty(), "not tried: {without:?}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Page 1 names numbers and ranges in words.
fn assert_words(one: &Indicator, key: &str) {
    let said = one
        .remarks
        .iter()
        .filter(|said| said.key == "account-unusual-setting");
    for said in said {
        for lang in [Language::Id, Language::En] {
            let text = remark_sentence(lang, said);
            assert!(!text.contains(key) || !key.contains('_'), "{text}");
            assert!(!text.contains("..="), "{text}");
        }
    }
}

#[tokio::test]
async fn usual_numbers_mark_nothing() {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let mut village = readings().await;
    for site in SITES {
        let text = format!("{devices}{MORE_DEVICES}{site}");
        let config = load_config_text(&text, Path::new("pantau.toml"), &|_| None);
        village.config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let warned = village.config.warnings.iter();
        assert!(
            warned.clone().all(|one| one.what != "fault-unusual"),
            "{site}"
        );
        let found = village.indicators("2026-11-03").await;
        for one in &found.indicators {
            let said = one
                .remarks
                .iter()
                .any(|said| said.key == "account-unusual-setting");
            assert!(!said, "{} {:?}", one.id, one.remarks);
        }
    }
}

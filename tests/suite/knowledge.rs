//! Rules for device knowledge and texts: devices are profile files, texts are in the message
//! catalogue.

use crate::source::{project_files, project_root, word_places};
use crate::tidy::{assert_no_faults, gateway_sources};
use std::collections::BTreeSet;

/// Words of profile names that belong to no maker.
const PLAIN_WORDS: &[&str] = &[
    "level",
    "meter",
    "sensor",
    "single",
    "phase",
    "three",
    "generic",
    "modbus",
    "string",
    "hybrid",
    "legacy",
    "system",
    "tank",
    "temp",
    "soil",
    "solar",
    "radiation",
    "rain",
    "optical",
    "tipping",
    "bucket",
    "pulse",
    "rs485",
    "1wire",
    "sunspec",
    "energy",
    "electric",
    "water",
    "float",
    "switch",
    "climate",
    "gen2",
    "power",
    "measurement",
    "generation",
    "monitor",
    "temperature",
    "humidity",
    "moisture",
    "battery",
    "grid",
    "drive",
    "weather",
    "mppt",
    // Names of makers and services that are words of every language of programs.
    "delta",
    "device",
    "edge",
    "fine",
    "offset",
    "others",
    "stack",
    "things",
    // Chips whose drivers are code: a file names the driver.
    "ads1115",
    "sht2x",
    "sht3x",
    "ds3231",
    "ds18b20",
    "a02yyuw",
    // The sensor node of this project.
    "pantau",
    "node",
];

/// Maker and model words of every profile: of its file's name, of `manufacturer`, and the proper
/// names of `model`, which has plain words too.
fn vendor_words() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in project_files("config/devices", ".toml") {
        let file = path.rsplit('/').next().unwrap_or_default();
        let said = text.lines().filter_map(|line| {
            let (key, value) = line.split_once('=')?;
            let named = ["manufacturer", "vendor", "model"].contains(&key.trim());
            let is_maker = key.trim() != "model";
            named.then(|| (value.trim().trim_matches('"'), is_maker))
        });
        for (name, is_maker) in said.chain([(file.trim_end_matches(".toml"), true)]) {
            let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
            let is_proper = |word: &&str| {
                let mut letters = word.chars();
                is_maker || letters.any(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
            };
            let words = parts.filter(is_proper).map(str::to_ascii_lowercase);
            // A bare number is not a vendor name.
            let names = words.filter(|w| w.len() >= 4 && w.parse::<u64>().is_err());
            found.extend(names.filter(|w| !PLAIN_WORDS.contains(&w.as_str())));
        }
    }
    found
}

#[test]
fn no_makers_name_is_in_the_code() {
    let vendors = vendor_words();
    let mut faults = Vec::new();
    for source in gateway_sources() {
        let code = source.product.to_ascii_lowercase();
        let strings = source.literals().into_iter();
        let texts = strings.map(|(at, text)| (at, text.to_ascii_lowercase()));
        for (at, text) in texts.chain([(0, code)]) {
            for name in vendors
                .iter()
                .filter(|name| word_places(&text, name).next().is_some())
            {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `{name}` is a maker's word: facts of a device go to config/devices"
                ));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn every_profile_has_captures_and_says_where_its_facts_come_from() {
    let mut faults = Vec::new();
    for (path, text) in project_files("config/devices", ".toml") {
        let has = |key: &str| text.lines().any(|line| line.trim_start().starts_with(key));
        if !has("[[capture") && !has("capture =") && !has("reached_by") {
            faults.push(format!(
                "{path}: give it captures: real words, and their values"
            ));
        }
        if !has("source") && !has("[source") && !has("[[source") {
            faults.push(format!(
                "{path}: give it `source`: the document the registers are from"
            ));
        }
    }
    assert_no_faults(&faults);
}

/// The value of a key in a block of a profile.
fn profile_value<'a>(block: &'a str, key: &str) -> Option<&'a str> {
    block.lines().find_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == key).then_some(value.trim().trim_matches('"'))
    })
}

/// Units of power, apparent and reactive power.
const POWERS: [&str; 6] = ["W", "kW", "VA", "kVA", "var", "kvar"];

#[test]
fn every_wide_point_of_a_profile_says_what_is_no_value_and_what_no_device_reaches() {
    let mut faults = Vec::new();
    let mut powers = 0;
    for (path, text) in project_files("config/devices", ".toml") {
        for block in text.split("\n[").filter(|part| part.contains("point]]")) {
            let (id, kind) = (
                profile_value(block, "id"),
                profile_value(block, "type").unwrap_or("u16"),
            );
            let unit = profile_value(block, "unit").unwrap_or_default();
            let place = format!("{path}: {}", id.unwrap_or_default());
            let is_wide = ["u32", "i32", "f32", "u64", "i64"].contains(&kind) && !unit.is_empty();
            let is_float = kind == "f32";
            let is_power = is_wide && POWERS.contains(&unit);
            powers += usize::from(is_power);
            // NaN patterns of floats need no list of invalid values.
            if is_wide && (is_power || !is_float) && profile_value(block, "missing").is_none() {
                faults.push(format!(
                    "{place}: give it `missing`: the words that mean no value"
                ));
            }
            if is_power && profile_value(block, "max").is_none() {
                faults.push(format!(
                    "{place}: give it `max`: what no such device reaches"
                ));
            }
            // An inverter at dusk reports 0 Hz (evcc#30950), which no grid has.
            let grid = unit == "Hz"
                && !["output_frequency", "pulse_rate"]
                    .contains(&profile_value(block, "quantity").unwrap_or_default());
            let above_zero = profile_value(block, "min").and_then(|min| min.parse::<f64>().ok());
            if grid && above_zero.is_none_or(|min| min <= 0.0) {
                faults.push(format!(
                    "{place}: 0 Hz is no frequency of a grid: `min`, or quantity \"output_frequency\""
                ));
            }
        }
    }
    // A lower bound, so that a search that finds no points does not pass.
    assert!(powers >= 45, "{powers}");
    assert_no_faults(&faults);
}

fn catalogue_keys(language: &str) -> BTreeSet<String> {
    let path = project_root().join(format!("gateway/assets/words/{language}.ftl"));
    let text = std::fs::read_to_string(path).unwrap();
    let keys = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    keys.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
        .collect()
}

/// Beginnings of keys that code completes at run time.
const KEY_PREFIXES: &[&str] = &[
    "access-role-",
    "alarm-channel-",
    "alarm-do-",
    "alarm-fault-",
    "alarm-name-",
    "alarm-state-",
    "analyse-kind-",
    "analyse-method-",
    "analyse-range-",
    "analyse-status-",
    "attention-",
    "audit-kind-",
    "calibrate-kind-",
    "chapters-",
    "cli-",
    "confidence-",
    "damage-",
    "dampak-theme-",
    "event-",
    "evidence-differs-",
    "evidence-edited-",
    "evidence-missing-",
    "evidence-name-",
    "evidence-reason-",
    "evidence-remark-",
    "evidence-stamp-",
    "exchange-decimals-",
    "exchange-order-",
    "factor-headline-",
    "factor-status-",
    "handover-",
    "home-bin-",
    "home-pump-",
    "home-value-",
    "home-verdict-",
    "indicator-",
    "laporan-via-",
    "ledger-column-",
    "ledger-field-",
    "ledger-list-",
    "ledger-word-",
    "nav-",
    "part-",
    "point-",
    "quality-",
    "reason-",
    "report-",
    "role-",
    "setaddr-",
    "token-scope-",
    "store-event-",
    "users-done-",
    "value-",
    "web-clock-source-",
    "web-health-",
    "web-kind-",
    "web-quantity-",
    "web-reach-",
    "web-unit-",
];

/// Names in code that look like keys: ids of tables and of files.
const NO_KEYS: &[&str] = &["factor-list"];

/// Whether a text has the form of a message key: small letters and digits, joined by `-`.
fn is_key(text: &str) -> bool {
    let is_part = |part: &str| {
        let mut letters = part.bytes();
        !part.is_empty() && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.contains('-') && text.split('-').all(is_part)
}

#[test]
fn every_key_in_the_code_is_in_the_catalogue() {
    let keys = catalogue_keys("en");
    let family = |key: &str| key.split('-').next().unwrap_or_default().to_owned();
    let families: BTreeSet<String> = keys.iter().map(|key| family(key)).collect();
    let mut faults = Vec::new();
    for (path, text) in project_files("gateway/assets/pages", ".html") {
        let said = text.split(".t(\"").skip(1);
        let said = said.filter_map(|rest| rest.split('"').next());
        let unknown = said.filter(|key| !keys.contains(*key));
        faults.extend(unknown.map(|key| format!("{path}: no word `{key}`")));
    }
    for source in gateway_sources() {
        let literals = source.literals().into_iter();
        for (at, key) in literals.filter(|(_, text)| is_key(text)) {
            // Code may put a prefix before it, and more words behind it.
            let part = format!("-{key}");
            let is_known = keys.contains(key) || keys.iter().any(|known| known.contains(&part));
            let is_name = NO_KEYS.contains(&key);
            if families.contains(&family(key)) && !is_known && !is_name {
                faults.push(format!("{}: no word `{key}`", source.place_of(at)));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn every_key_of_the_catalogue_is_used_by_code() {
    let mut said: BTreeSet<String> = BTreeSet::new();
    let mut texts: Vec<String> = gateway_sources()
        .iter()
        .map(|one| one.text.clone())
        .collect();
    texts.extend(
        project_files("gateway/assets/pages", ".html")
            .into_iter()
            .map(|(_, t)| t),
    );
    let packaging = project_files("config/packaging", ".rs");
    texts.extend(packaging.into_iter().map(|(_, text)| text));
    for text in &texts {
        said.extend(text.split('"').map(str::to_owned));
    }
    let mut faults: Vec<String> = catalogue_keys("en")
        .into_iter()
        .filter(|key| !said.contains(key))
        .filter(|key| !KEY_PREFIXES.iter().any(|prefix| key.starts_with(prefix)))
        .map(|key| format!("gateway/assets/words: no code says `{key}`: delete it"))
        .collect();
    // A prefix that no code completes any more would hide unused keys.
    for prefix in KEY_PREFIXES {
        let is_completed = |text: &String| {
            text.contains(&format!("\"{prefix}{{")) || text.contains(&format!("\"{prefix}\""))
        };
        if !texts.iter().any(is_completed) {
            faults.push(format!("KEY_PREFIXES: no code completes `{prefix}`"));
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn words_that_people_read_are_in_both_languages() {
    let (id, en) = (catalogue_keys("id"), catalogue_keys("en"));
    let mut faults: Vec<String> = id
        .symmetric_difference(&en)
        .map(|key| format!("gateway/assets/words: `{key}` is in one language only: add the other"))
        .collect();
    for source in gateway_sources() {
        for call in [".text(", ".text_with("] {
            for (at, _) in source.product.match_indices(call) {
                let said = source.text[at + call.len()..].trim_start();
                let Some(key) = said.strip_prefix('"').and_then(|s| s.split('"').next()) else {
                    continue;
                };
                if is_key(key) && !id.contains(key) {
                    let place = source.place_of(at);
                    faults.push(format!(
                        "{place}: no word `{key}`: add it to gateway/assets/words/id.ftl and en.ftl"
                    ));
                }
            }
        }
    }
    assert_no_faults(&faults);
}

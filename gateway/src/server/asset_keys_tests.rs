//! Every documented key of an asset has an effect: changing it moves a warning, a limit of a point,
//! a figure or a page. The cases are in `tests/cases/asset_keys.txt`.

use crate::config::{Config, load_config_text};
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, QuantityBasis};
use crate::domain::{ExactNumber, SampleOutcome, UtcMs};
use crate::server::tests::{ApiTestBench, NOW};
use crate::tests::SiteText;
use axum::http::StatusCode;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const HOUR: i64 = 3_600_000;
/// Hours of readings up to now.
const HOURS: i64 = 82;

/// Points of the device `d`: id, unit, whether it is a counter, and the value `hour` hours after
/// the first reading.
type TestPoint = (&'static str, &'static str, bool, fn(f64) -> f64);

const POINTS: &[TestPoint] = &[
    ("w", "W", false, |hour| 800.0 * sun(hour)),
    ("w2", "W", false, |hour| 500.0 * sun(hour)),
    ("e1", "kWh", true, |hour| 100.0 + 0.3 * hour),
    ("e2", "kWh", true, |hour| 50.0 + 0.32 * hour),
    ("e3", "kWh", true, |hour| 20.0 + 0.05 * hour),
    ("e4", "kWh", true, |hour| 30.0 + 0.02 * hour),
    ("e5", "kWh", true, |hour| 40.0 + 0.2 * hour),
    ("g", "W/m2", false, |hour| 900.0 * sun(hour)),
    ("t1", "degC", false, |hour| 28.0 + 10.0 * sun(hour)),
    ("t2", "degC", false, |hour| 26.0 + 5.0 * sun(hour)),
    ("v", "m/s", false, |hour| 1.0 + sun(hour)),
    ("s", "", false, |_| 3.0),
    ("m", "m", false, |hour| 0.9 + 0.2 * (hour / 3.0).sin()),
    ("dist", "m", false, |hour| 1.0 - 0.2 * (hour / 3.0).sin()),
    ("kpa", "kPa", false, |hour| 9.0 + 2.0 * (hour / 3.0).sin()),
    ("baro", "kPa", false, |hour| 1.0 + 0.1 * sun(hour)),
    ("q", "m3/h", false, |hour| 2.0 * sun(hour)),
    ("q2", "m3/h", false, |_| 0.0),
    ("v1", "m3", true, |hour| 10.0 + 0.4 * hour),
    ("v2", "m3", true, |hour| 5.0 + 0.1 * hour),
    ("mm", "mm", true, |hour| 2.0 * (hour / 20.0).floor()),
    ("mm2", "mm", true, |hour| 3.0 * (hour / 20.0).floor()),
    ("hum", "%RH", false, |_| 70.0),
    ("pct", "%", false, |_| 60.0),
    ("hot", "degC", false, |hour| 45.0 + 20.0 * sun(hour)),
    ("fuel", "L", true, |hour| 0.2 * hour),
    ("ff", "L/h", false, |hour| sun(hour)),
    ("turn", "", true, |hour| (hour / 30.0).floor()),
];

/// Height of the sun as a share, by the hour after a midnight.
fn sun(hour: f64) -> f64 {
    ((hour % 24.0 - 6.0) / 12.0 * std::f64::consts::PI)
        .sin()
        .max(0.0)
}

/// A case: kind, key, the other lines, the line before the change and the one after it.
struct KeyCase<'a> {
    kind: &'a str,
    key: &'a str,
    with: &'a str,
    before: &'a str,
    after: &'a str,
}

fn parse_case(line: &str) -> KeyCase<'_> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [kind, key, with, before, after] = fields[..] else {
        panic!("five fields: {line}");
    };
    KeyCase {
        kind,
        key,
        with,
        before,
        after,
    }
}

/// Keys that every asset of a kind has; a case may replace them.
fn usual_keys(kind: &str) -> &'static [(&'static str, &'static str)] {
    match kind {
        "plts" => &[("capacity_kwp", "2.0"), ("energy", "'d.e1'")],
        "pump" => &[("volume", "'d.v1'")],
        "tank" => &[
            ("level", "'d.m'"),
            (
                "shape",
                "{ kind = 'box', length_m = 2.0, width_m = 1.0, height_m = 2.0 }",
            ),
        ],
        "catchment" => &[("area_m2", "100.0"), ("rain", "'d.mm'")],
        "bsf" => &[("temperature", "'d.t1'")],
        "compost" => &[("temperature", "'d.hot'"), ("process", "'in_vessel'")],
        "genset" => &[("rating_kw", "5.0"), ("power", "'d.w'")],
        _ => &[("energy", "'d.e1'")],
    }
}

/// Site with one asset `x` of the kind. Lines are separated by `;;`, `-key` leaves a usual key out,
/// and lines that begin with `[` are tables behind the asset.
fn site_of(kind: &str, with: &str, line: &str) -> Config {
    let all: Vec<&str> = with
        .split(";;")
        .chain(line.split(";;"))
        .map(str::trim)
        .collect();
    let is_key = |text: &str, key: &str| {
        let name = text.split('=').next();
        name.is_some_and(|one| one.trim() == key)
    };
    let (tables, keys): (Vec<&str>, Vec<&str>) = all.iter().partition(|one| one.starts_with('['));
    let mut lines = vec![
        "[[asset]]".to_owned(),
        "id = 'x'".to_owned(),
        format!("kind = '{kind}'"),
    ];
    for (key, value) in usual_keys(kind) {
        let left_out = format!("-{key}");
        if !all.iter().any(|one| is_key(one, key) || *one == left_out) {
            lines.push(format!("{key} = {value}"));
        }
    }
    let typed = keys.iter().filter(|key| !key.starts_with('-'));
    lines.extend(typed.map(|key| (*key).to_owned()));
    // Within a table the lines are separated by `\\`.
    lines.extend(tables.iter().map(|table| table.replace('\\', "\n")));
    let text = lines.join("\n") + "\n";
    let points: Vec<String> = POINTS
        .iter()
        .enumerate()
        .map(|(at, (id, unit, counter, _))| {
            let unit = if unit.is_empty() {
                String::new()
            } else {
                format!(", unit = '{unit}'")
            };
            format!(
                "{{ id = '{id}', register = 'holding:{}', type = 'f64'{unit}, counter = {counter} }}",
                at * 4
            )
        })
        .collect();
    let site = SiteText::new("a")
        .with("[store]\npath = 'store'")
        .tcp_bus("b", 502)
        .device("d", "b", "every = '1h'")
        .points(points.iter().map(String::as_str));
    let text = site.text() + &text;
    load_config_text(&text, Path::new("pantau.toml"), &|_| None)
        .unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

async fn bench_of(config: &Config) -> ApiTestBench {
    let bench = ApiTestBench::of_config(config);
    let columns = POINTS.iter().map(|(id, _, _, value)| {
        let reading = |hour: i64| {
            let at = UtcMs(NOW - (HOURS - 1 - hour) * HOUR);
            let hour = f64::from(i32::try_from(hour).unwrap());
            (at, SampleOutcome::Good(ExactNumber::Float(value(hour))))
        };
        (
            Arc::from(format!("d.{id}")),
            (0..HOURS).map(reading).collect(),
        )
    });
    let store = &bench.state.store;
    store.import_columns(columns.collect()).await.unwrap();
    let entry = |indicator: &str, quantity: &str, unit: &str, day: i8| EntryStatement {
        sort: EntryKind::Record,
        indicator: indicator.into(),
        what: String::new(),
        quantity: Some(ExactNumber::parse_quantity(quantity).unwrap()),
        unit: unit.into(),
        when: EntryTime::Day(jiff::civil::date(2026, 11, day)),
        known: QuantityBasis::Weighed,
        who: "Siti".to_owned(),
        note: String::new(),
        attachments: Vec::new(),
        supersedes: None,
    };
    let entries = vec![
        entry("bsf-fed", "100", "kg", 10),
        entry("bsf-maggot", "20", "kg", 22),
        entry("bsf-kasgot", "30", "kg", 22),
        entry("waste-sorted", "300", "kg", 5),
        entry("waste-recycled", "90", "kg", 6),
        entry("jelantah", "12", "L", 7),
    ];
    store.append_ledger(entries, "siti").await.unwrap();
    bench
}

/// Everything that people and computers see of the asset.
async fn observation(kind: &str, config: &Config) -> String {
    let bench = bench_of(config).await;
    let mut seen: Vec<String> = config
        .warnings
        .iter()
        .map(|one| format!("{} {} {} {}", one.key, one.what, one.found, one.expected))
        .collect();
    let points = config
        .devices
        .iter()
        .flat_map(|device| device.points.iter());
    seen.extend(points.map(|point| format!("{:?} {:?}", point.min, point.max)));
    let mut figures = bench
        .json("/api/v1/indicators?period=2026-11&lang=en")
        .await;
    if let Some(figures) = figures.as_object_mut() {
        // It changes with every character of the configuration.
        figures.remove("revision");
    }
    seen.push(figures.to_string());
    let place = match kind {
        "plts" => "plts",
        "pump" | "tank" | "catchment" => "air",
        "compost" => "kompos",
        kind => kind,
    };
    let (status, page) = bench.get(&format!("/{place}?period=2026-11&lang=en")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    seen.push(page);
    seen.join("\n")
}

fn repository_text(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    std::fs::read_to_string(path).unwrap()
}

/// Keys of the tables of assets, by kind, as documented.
fn documented_keys() -> BTreeSet<(String, String)> {
    let text = repository_text("docs/configuration.md");
    let (_, rest) = text.split_once("\n## `[[asset]]`").unwrap();
    let (assets, _) = rest.split_once("\n## ").unwrap();
    let quoted = |text: &str| -> Vec<String> {
        text.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let mut found = BTreeSet::new();
    let mut kinds: Vec<String> = Vec::new();
    for line in assets.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            let words = quoted(heading).into_iter();
            kinds = words
                .filter_map(|word| {
                    Some(
                        word.strip_prefix("kind = \"")?
                            .trim_end_matches('"')
                            .to_owned(),
                    )
                })
                .collect();
        } else if let Some(row) = line.strip_prefix("| `") {
            let cell = format!("`{}", row.split('|').next().unwrap());
            // "`humidity` (`bsf`)" is a key of this kind alone.
            let (keys, only) = cell.split_once(" (").unwrap_or((&cell, ""));
            let only = quoted(only);
            for key in quoted(keys) {
                let is_word = key
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
                let own = kinds
                    .iter()
                    .filter(|kind| only.is_empty() || only.contains(kind));
                found.extend(
                    own.filter(|_| is_word)
                        .map(|kind| (kind.clone(), key.clone())),
                );
            }
        }
    }
    // Shapes have a table of their own in the section of the tank.
    found.retain(|(_, key)| !["box", "ibc"].contains(&&**key));
    found
}

/// Schema of a part, without references.
fn resolved<'s>(root: &'s Json, mut part: &'s Json) -> &'s Json {
    while let Some(to) = part["$ref"].as_str() {
        part = root.pointer(to.trim_start_matches('#')).unwrap();
    }
    part
}

/// Adds the keys of the tables that a part of the schema may be.
fn add_keys(root: &Json, part: &Json, found: &mut BTreeSet<String>) {
    let part = resolved(root, part);
    let keys = part["properties"].as_object().into_iter().flatten();
    found.extend(keys.map(|(key, _)| key.clone()));
    let parts = ["oneOf", "anyOf", "allOf"].map(|word| part[word].as_array());
    for one in parts.into_iter().flatten().flatten() {
        add_keys(root, one, found);
    }
    if part["items"].is_object() {
        add_keys(root, &part["items"], found);
    }
}

/// Keys of tables within the tables of assets, such as `baseline.factor`, by kind, as the program
/// reads them.
fn inner_keys() -> BTreeSet<(String, String)> {
    let root: Json = serde_json::from_str(&crate::config::config_schema()).unwrap();
    let assets = resolved(&root, &root["properties"]["asset"]);
    let mut found = BTreeSet::new();
    for asset in resolved(&root, &assets["items"])["oneOf"]
        .as_array()
        .unwrap()
    {
        let asset = resolved(&root, asset);
        let kind = asset["properties"]["kind"]["const"].as_str().unwrap();
        for (key, part) in asset["properties"].as_object().unwrap() {
            let mut inner = BTreeSet::new();
            add_keys(&root, part, &mut inner);
            found.extend(
                inner
                    .iter()
                    .map(|one| (kind.to_owned(), format!("{key}.{one}"))),
            );
        }
    }
    assert!(found.contains(&("tank".to_owned(), "shape.cone_height_m".to_owned())));
    found
}

#[tokio::test]
async fn every_documented_key_of_an_asset_moves_a_figure_a_limit_a_warning_or_a_page() {
    let table = repository_text("tests/cases/asset_keys.txt");
    let lines = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cases: Vec<KeyCase<'_>> = lines.map(parse_case).collect();
    let mut without = Vec::new();
    for case in &cases {
        let before = observation(case.kind, &site_of(case.kind, case.with, case.before)).await;
        let after = observation(case.kind, &site_of(case.kind, case.with, case.after)).await;
        if before == after {
            without.push(format!("{} {}", case.kind, case.key));
        }
    }
    assert_eq!(without, Vec::<String>::new(), "keys without an effect");
    let tested: BTreeSet<(String, String)> = cases
        .iter()
        .map(|case| (case.kind.to_owned(), case.key.to_owned()))
        .collect();
    let mut keys = documented_keys();
    // A table within a table is read alike for all kinds that have it.
    let is_tested = |key: &str| tested.iter().any(|(_, one)| one == key);
    keys.extend(inner_keys().into_iter().filter(|(_, key)| !is_tested(key)));
    let untested: Vec<(String, String)> = keys.difference(&tested).cloned().collect();
    assert_eq!(untested, [], "documented keys without a case");
}

#[tokio::test]
async fn what_is_seen_of_an_asset_is_the_same_each_time() {
    let config = site_of("plts", "", "irradiance = 'd.g'");
    let first = observation("plts", &config).await;
    assert_eq!(observation("plts", &config).await, first);
}

//! Which module of the gateway may name which, and which crates: the rules of docs/ARCHITECTURE.md.
//!
//! A room is a folder or file right under `gateway/src`. Assets, emissions, sinks and reports have
//! a room for each layer (`assets.settings`, `assets.formulas`, ...): everything about a tank
//! stands in one folder, and its formulas still know no store.

use crate::source::{SourceFile, closing_bracket, word_places};
use crate::tidy::{assert_no_faults, gateway_sources};

/// Allowed imports: a room, and the rooms that it may name after `crate::`. Data flows left to
/// right, and so do imports; `drivers` is left of all.
const ROOM_IMPORTS: &[(&str, &str)] = &[
    ("limits", ""),
    ("domain", "limits"),
    ("clock", "domain limits"),
    ("status", "domain limits"),
    ("i18n", "domain"),
    ("bus_request", "domain limits"),
    // A new content for a file, whole or not at all.
    ("file_replacement", ""),
    // People, sessions and tokens: a file of its own, no store.
    ("access", "domain limits clock file_replacement"),
    ("solar_position", "domain"),
    ("tls_client", ""),
    ("ledger", "domain limits i18n"),
    // The framework of the configuration, and the whole of a site's file: settings of assets are
    // checked with the one and stand in the other.
    (
        "config",
        "domain limits i18n ledger assets.settings carbon.settings sinks",
    ),
    ("reload_request", "config"),
    (
        "assets.settings",
        "domain limits ledger config carbon.settings",
    ),
    ("carbon.settings", "domain limits config assets.settings"),
    // Pure arithmetic: what it needs is handed in.
    ("formulas", "domain limits i18n"),
    ("assets.formulas", "limits formulas carbon.formulas"),
    ("carbon.formulas", "limits formulas assets.formulas"),
    // Every formula by its name.
    (
        "methods",
        "domain limits i18n formulas assets.formulas carbon.formulas",
    ),
    // A connection to a broker, for the sink that publishes and the bus that hears.
    ("mqtt_link", "limits status config tls_client"),
    // One task polls a bus, and each kind of bus is a driver in it.
    (
        "buses",
        "domain limits clock status solar_position config bus_request mqtt_link",
    ),
    // What a technician does on the lines, for the command line and the API alike.
    (
        "commissioning",
        "domain limits status i18n config formulas assets.settings bus_request buses",
    ),
    (
        "assets.simulation",
        "domain limits solar_position simulator",
    ),
    // It answers as a bus would be answered, and makes a history out of readings.
    (
        "simulator",
        "domain limits clock solar_position config i18n buses assets.simulation",
    ),
    // The form of what proves a day; the store makes it, edges check it.
    ("evidence", "domain limits"),
    // Of `config` the store knows its own settings, and the factors that it keeps by revision.
    ("storage", "domain limits clock config evidence"),
    // A site on another disk, and back: the store hands its file over, the rest are files.
    ("backup", "domain limits clock status config storage"),
    // The kinds of sinks: a table of the configuration each, and its delivery.
    (
        "sinks",
        "domain limits clock status config storage sinks.settings sinks.delivery",
    ),
    ("sinks.settings", "domain limits config sinks"),
    (
        "sinks.delivery",
        "domain limits clock status config storage evidence sinks sinks.settings mqtt_link \
         tls_client",
    ),
    // Readings and ledger to figures; the present is handed in. A kind of asset makes its figures
    // with the parts that all share, and the room has the list of kinds.
    (
        "indicators",
        "domain limits solar_position config ledger formulas assets.settings assets.formulas \
         assets.indicators carbon.figures storage",
    ),
    (
        "assets.indicators",
        "domain limits config formulas indicators assets.settings assets.formulas \
         carbon.formulas carbon.figures",
    ),
    (
        "carbon.figures",
        "domain limits config formulas indicators assets.settings assets.formulas \
         assets.indicators carbon.formulas carbon.settings",
    ),
    ("report", ""),
    // Documents to files; what they say is handed in.
    ("report.render", "domain limits i18n formulas evidence"),
    // What a report says; nothing of how it looks, and no store.
    (
        "report.content",
        "domain limits i18n solar_position config ledger formulas evidence assets.settings \
         report.render",
    ),
    // From the store to a report, for the page and the command line alike.
    (
        "report.build",
        "domain limits i18n config ledger evidence storage indicators report.content \
         report.render",
    ),
    // Record of the hand-over; what it says is handed in.
    (
        "handover",
        "domain status i18n config evidence assets.settings assets.formulas assets.indicators \
         commissioning report.render",
    ),
    // What is wrong at a site, in words: figures and states are handed in.
    (
        "attention",
        "domain status i18n ledger solar_position assets.settings report.render",
    ),
    ("samples_csv", "domain limits i18n ledger storage"),
    // States of alarms, and what is told of them; what is seen is handed in.
    (
        "alarms",
        "domain limits i18n config storage report.content report.render",
    ),
    // Changes of alarms on their way to people.
    (
        "alarm_delivery",
        "domain limits clock status i18n config storage alarms report.render tls_client",
    ),
    (
        "api",
        "access alarms alarm_delivery domain limits clock status i18n config assets.settings buses \
         commissioning evidence storage bus_request samples_csv ledger indicators report.content report.render \
         report.build reload_request file_replacement",
    ),
    // Looks at the site for alarms, and for the home page.
    (
        "alarm_watch",
        "domain clock status i18n config assets.settings storage indicators attention alarms api",
    ),
    (
        "pages",
        "access alarms alarm_delivery alarm_watch domain limits clock status i18n config formulas \
         assets.settings assets.formulas assets.indicators ledger evidence storage indicators \
         attention commissioning handover report.content report.render api",
    ),
    (
        "server",
        "access domain limits clock i18n config storage samples_csv api pages file_replacement",
    ),
    (
        "app",
        "access alarm_delivery alarm_watch domain limits clock status config buses storage backup \
         sinks api server bus_request reload_request",
    ),
    (
        "cli",
        "access domain limits clock status i18n config formulas assets.settings assets.formulas \
         assets.indicators buses commissioning handover simulator evidence storage backup sinks \
         samples_csv ledger methods indicators report.content report.render report.build bus_request api \
         server app reload_request file_replacement",
    ),
    // Entry points of fuzz targets: bytes for every room that parses them.
    (
        "fuzz_doors",
        "domain clock status config buses mqtt_link samples_csv ledger storage commissioning \
         sinks sinks.delivery api server",
    ),
    ("main", "cli app"),
    ("lib", ""),
    ("tests", ""),
];

/// Crates that only these rooms may use.
const CRATE_ROOMS: &[(&str, &str)] = &[
    ("rusqlite", "storage"),
    ("pco", "storage"),
    ("rumqttc", "mqtt_link"),
    ("influxdb2", "sinks.delivery"),
    ("reqwest", "sinks.delivery alarm_delivery"),
    ("lettre", "config alarm_delivery"),
    ("axum", "api pages server"),
    ("askama", "pages"),
    // The JSON of an entry, and of a figure, is one shape for the API and the command line.
    ("utoipa", "api server ledger report.content"),
    (
        "ring",
        "access storage backup tls_client config evidence server alarm_delivery",
    ),
    ("x509_tsp", "evidence"),
    ("cms", "evidence tls_client"),
    ("webpki", "evidence tls_client"),
    ("argon2", "access"),
    ("rpassword", "cli"),
    ("calamine", "ledger"),
    ("rust_xlsxwriter", "ledger report.render"),
    ("prometheus_client", "api"),
    ("similar", "api"),
    ("toml_edit", "config"),
    ("clap", "cli main"),
    ("indicatif", "cli"),
    ("ratatui", "cli"),
    ("nix", "cli"),
    (
        "schemars",
        "config assets.settings carbon.settings sinks sinks.settings sinks.delivery",
    ),
    ("krilla", "report.render"),
    ("quick_xml", "ledger report.render"),
    ("tempfile", "simulator"),
    ("skrifa", "report.render"),
    ("fluent_bundle", "i18n"),
    ("serial2_tokio", "buses simulator commissioning"),
    ("tokio_modbus", "simulator"),
];

/// Returns the room of a module path: its first name, and for assets, emissions and reports the
/// layer of the file.
fn room_of(path: &[&str]) -> String {
    let file = path.get(2).copied();
    let layer = match (path[0], path.get(1).copied()) {
        ("assets", Some(kind)) if file.is_some() && kind != "asset_point" => match file {
            Some("level_balance" | "irradiance") => "indicators",
            Some(name)
                if ["indicators", "_sums", "_inputs"]
                    .iter()
                    .any(|end| name.ends_with(end)) =>
            {
                "indicators"
            }
            Some("simulation") => "simulation",
            Some(name) if name.ends_with("settings") => "settings",
            _ => "formulas",
        },
        ("assets", _) | ("sinks", Some("sink_check")) => "settings",
        ("carbon", Some(layer @ ("settings" | "formulas")))
        | ("report", Some(layer @ ("render" | "content" | "build"))) => layer,
        ("carbon", _) => "figures",
        ("sinks", _) => match sink_layer(path) {
            Some(layer) => layer,
            None => return path[0].to_owned(),
        },
        (first, _) => return first.to_owned(),
    };
    format!("{}.{layer}", path[0])
}

/// Returns the layer of a path in `sinks`; `None` for the kinds of sinks, and for the names that
/// the room gives to others.
fn sink_layer(path: &[&str]) -> Option<&'static str> {
    match path[1..] {
        [] | ["sink_kind", ..] => None,
        ["sink_check", ..] | [_, "settings", ..] => Some("settings"),
        [name, ..] if !name.starts_with(char::is_lowercase) => None,
        _ => Some("delivery"),
    }
}

/// Returns the room that a source file belongs to.
fn room_of_file(source: &SourceFile) -> String {
    let inner = source.path.strip_prefix("gateway/src/").unwrap_or_default();
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let path: Vec<&str> = inner.split('/').filter(|part| *part != "mod").collect();
    room_of(&path)
}

/// Returns the module paths that follow `crate::`, one for each item of a group, with positions.
fn named_paths(code: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let mut path = Vec::new();
        let mut rest = at + "crate::".len();
        loop {
            if code[rest..].starts_with('{') {
                let end = closing_bracket(code, rest).unwrap_or(code.len() - 1);
                for name in top_names(&code[rest + 1..end]) {
                    found.push((at, [path.clone(), vec![name]].concat()));
                }
                break;
            }
            let name = top_names(&code[rest..])[0].clone();
            rest += name.len();
            path.push(name);
            if !code[rest..].starts_with("::") {
                found.push((at, path));
                break;
            }
            rest += 2;
        }
    }
    found
}

/// The first word of each item of a comma list, not looking into braces.
fn top_names(list: &str) -> Vec<String> {
    let mut depth = 0;
    let mut items = vec![String::new()];
    for c in list.chars() {
        match c {
            '{' | '(' | '<' => depth += 1,
            '}' | ')' | '>' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ => {}
        }
        if depth == 0 && c != ',' {
            items.last_mut().unwrap().push(c);
        }
    }
    let word = |item: &String| -> String {
        let name = item.trim_start().chars();
        name.take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    items.iter().map(word).collect()
}

#[test]
fn rooms_name_only_what_stands_to_their_left() {
    let mut faults = Vec::new();
    for source in gateway_sources() {
        let room = room_of_file(&source);
        let Some((_, allowed)) = ROOM_IMPORTS.iter().find(|(name, _)| *name == room) else {
            let path = &source.path;
            faults.push(format!(
                "{path}: `{room}` is a new room: give it a row in ROOM_IMPORTS"
            ));
            continue;
        };
        for (at, path) in named_paths(&source.product) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let name = room_of(&path);
            let is_room = ROOM_IMPORTS.iter().any(|(known, _)| *known == name);
            if is_room && name != room && !allowed.split_whitespace().any(|one| one == name) {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `{room}` may not name `{name}`: hand the data in, or move the shared \
                     noun left (ROOM_IMPORTS in tests/suite/rooms.rs)"
                ));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn a_crate_is_named_only_in_the_room_that_it_serves() {
    let mut faults = Vec::new();
    for source in gateway_sources() {
        let room = room_of_file(&source);
        for (name, rooms) in CRATE_ROOMS {
            if rooms.split_whitespace().any(|one| one == room) {
                continue;
            }
            for at in word_places(&source.product, name) {
                let place = source.place_of(at);
                faults.push(format!(
                    "{place}: `{name}` belongs to `{rooms}`: go through that room"
                ));
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn the_layer_of_a_file_is_its_room() {
    for (path, room) in [
        ("assets::tank::geometry::TankGeometry", "assets.formulas"),
        ("assets::tank::indicators::INDICATORS", "assets.indicators"),
        ("assets::tank::tank_sums::TankSums", "assets.indicators"),
        ("assets::tank::shape_settings::TankShape", "assets.settings"),
        ("assets::Asset", "assets.settings"),
        ("assets::asset_point::AssetPoint", "assets.settings"),
        ("carbon::formulas::fuel::FuelPerLitre", "carbon.formulas"),
        ("carbon::waste_emissions", "carbon.figures"),
        ("report::render::document", "report.render"),
        ("sinks::SINK_KINDS", "sinks"),
        ("sinks::mqtt::settings::MqttSettings", "sinks.settings"),
        ("sinks::mqtt::session::outbound", "sinks.delivery"),
        ("storage::Store", "storage"),
    ] {
        let path: Vec<&str> = path.split("::").collect();
        assert_eq!(room_of(&path), room, "{path:?}");
    }
}

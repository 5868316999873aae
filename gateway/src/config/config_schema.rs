//! [`parse_config`]: reads `pantau.toml`; [`config_schema`]: its JSON Schema.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::RawConfig;
use crate::config::schema_check::{
    SECRET_KEYS, collect_texts, deserialize_table, parse_table, schema_for, schema_generator,
    strip_null_types,
};
use crate::sinks::{RawSink, SecretKeys, SinkKind};
use serde_json::{Value, json};

/// Returns the JSON Schema of `pantau.toml` with the tables of these sinks.
pub(crate) fn config_schema(kinds: &[SinkKind]) -> Value {
    let mut schema = schema_for::<RawConfig>();
    for kind in kinds {
        let mut table = (kind.schema)(&mut schema_generator()).to_value();
        strip_null_types(&mut table);
        table["description"] = kind.summary.into();
        schema["properties"][kind.name] = table;
    }
    schema
}

/// Reads `pantau.toml`, and apart from it the tables of sinks of these kinds.
pub(crate) fn parse_config<'a>(
    notes: &mut DiagnosticCollector<'a>,
    kinds: &[SinkKind],
) -> Option<(RawConfig, Vec<RawSink<'a>>)> {
    let mut schema = config_schema(kinds);
    for kind in kinds {
        schema["properties"][kind.name][SECRET_KEYS] = kind.secret.map(secret_json).into();
    }
    let mut root = parse_table(notes, &schema)?;
    if let Some(assets) = root.get_ref().get("asset") {
        collect_texts(assets.get_ref(), &mut notes.asset_texts);
    }
    let table = root.get_mut();
    let sinks = kinds.iter();
    let sinks = sinks.filter_map(|kind| Some((*kind, table.remove(kind.name)?)));
    let sinks = sinks.collect();
    Some((deserialize_table(notes, root)?, sinks))
}

fn secret_json(keys: SecretKeys) -> Value {
    json!({ "forbidden": keys.forbidden, "file": keys.file, "variable": keys.variable })
}

//! Assets: the points they name must exist; the rest is kept as typed.

use crate::config::Asset;
use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::{At, RawAsset};
use crate::model::Site;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Keys that name a point.
const ROLES: &[&str] = &[
    "power",
    "energy",
    "level",
    "flow",
    "volume",
    "temperature",
    "humidity",
    "moisture",
    "rain",
    "pressure",
    "speed",
    "frequency",
    "status",
    "irradiance",
    "pulses",
    "fuel",
    "import",
    "export",
];

/// All assets.
pub(crate) fn assets(notes: &mut Notes<'_>, raw: &[At<RawAsset>], site: &Site) -> Vec<Asset> {
    let mut seen = BTreeSet::new();
    let points: Vec<&Arc<str>> = site
        .devices
        .iter()
        .flat_map(|device| device.points.iter().map(|point| &point.id))
        .collect();
    raw.iter()
        .map(|raw| asset(notes, raw.get(), site, &points, &mut seen))
        .collect()
}

fn asset(
    notes: &mut Notes<'_>,
    raw: &RawAsset,
    site: &Site,
    known: &[&Arc<str>],
    seen: &mut BTreeSet<String>,
) -> Asset {
    let mut asset = Asset {
        id: Arc::from(""),
        kind: Arc::from(""),
        points: BTreeMap::new(),
        settings: toml::Table::new(),
    };
    for (key, value) in raw {
        let (name, text) = (key.get().as_str(), value.get().as_str());
        match (name, text) {
            ("id", Some(text)) => asset.id = id(notes, value, text, seen),
            ("kind", Some(text)) => asset.kind = Arc::from(text),
            (_, Some(text)) if ROLES.contains(&name) || names_device(site, text) => {
                if let Some(point) = point(notes, name, value, text, known) {
                    asset.points.insert(name.to_owned(), point);
                }
            }
            _ => {
                asset.settings.insert(name.to_owned(), value.get().clone());
            }
        }
    }
    asset
}

fn id(
    notes: &mut Notes<'_>,
    value: &At<toml::Value>,
    text: &str,
    seen: &mut BTreeSet<String>,
) -> Arc<str> {
    if !crate::config::values::is_id(text) {
        notes.fault(value.span(), "id", "fault-value", text, "fault-expect-id");
    } else if !seen.insert(text.to_owned()) {
        notes.fault(value.span(), "id", "fault-duplicate", text, "");
    }
    Arc::from(text)
}

fn names_device(site: &Site, text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(device, _)| site.devices.iter().any(|known| *known.id == *device))
}

fn point(
    notes: &mut Notes<'_>,
    key: &str,
    value: &At<toml::Value>,
    text: &str,
    known: &[&Arc<str>],
) -> Option<Arc<str>> {
    let point = known.iter().find(|id| &****id == text);
    if point.is_none() {
        let hint = nearest(text, known.iter().map(|id| &***id));
        notes.add(
            value.span(),
            key,
            "fault-unknown-point",
            text,
            "fault-expect-point",
            hint,
        );
    }
    point.map(|id| Arc::clone(id))
}

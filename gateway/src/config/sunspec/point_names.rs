//! [`want`]: finds `SunSpec` points by name; well-known names are in `config/sunspec/names.toml`.
//!
//! ```text
//! find_wanted("ac_power", &[])               // well-known name
//! find_wanted("m160_module_3_dcw", &[])      // model 160, third repetition of `module`
//! find_wanted("ac_power_2", &[])             // in the second model of that kind
//! ```

use super::definitions::{self, GroupStep, SunSpecGroup};
use crate::config::{LinearScale, PointDescription, physical_limits, value_syntax};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

static NAMES_TEXT: &str = include_str!("../../../../config/sunspec/names.toml");

/// Parsed names; tests parse the file, so that it is never empty here.
static NAMES_FILE: LazyLock<SunSpecNamesFile> =
    LazyLock::new(|| toml::from_str(NAMES_TEXT).unwrap_or_default());

/// Maximum number in a name: of a model of one kind (`_2`), or of a repetition.
const REPETITION_MAX: u16 = 99;
/// First number of vendor models.
// Their names are found only when the configuration lists the model.
const VENDOR_MODEL_FIRST: u16 = 63_000;

#[derive(Debug, Default, Deserialize)]
struct SunSpecNamesFile {
    bases: Vec<u16>,
    kind: Vec<ModelKindEntry>,
    name: Vec<PointNameEntry>,
    words: Vec<CodeWordsEntry>,
}

#[derive(Debug, Deserialize)]
struct ModelKindEntry {
    models: String,
    kind: String,
}

#[derive(Debug, Deserialize)]
struct PointNameEntry {
    id: String,
    unit: String,
    #[serde(default)]
    scale: Option<f64>,
    #[serde(default)]
    counter: bool,
    /// Minimum valid value, where the limits of the quantity are too wide.
    #[serde(default)]
    min: Option<f64>,
    /// Maximum valid value.
    #[serde(default)]
    max: Option<f64>,
    /// True for a point that is read when the configuration lists none.
    #[serde(default)]
    default: bool,
    /// True for a second name of another entry.
    #[serde(default)]
    alias: bool,
    from: Vec<String>,
}

/// Words for the codes or bits of points in some models.
#[derive(Debug, Deserialize)]
struct CodeWordsEntry {
    from: Vec<String>,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    flags: BTreeMap<String, String>,
}

/// Selected point of a device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WantedPoint {
    pub(crate) name: Arc<str>,
    pub(crate) unit: Arc<str>,
    pub(crate) quantity: Arc<str>,
    pub(crate) counter: bool,
    /// Minimum and maximum valid value, in `unit`.
    pub(crate) limits: (Option<f64>, Option<f64>),
    pub(crate) scale: LinearScale,
    /// Number among several models of one kind, from 1.
    pub(crate) nth: u16,
    /// Possible paths; the first one that the device has is used.
    pub(crate) places: Vec<ModelPointPath>,
}

/// Path of a point: model, repetitions of groups, index of the point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ModelPointPath {
    pub(crate) model: u16,
    pub(crate) steps: Vec<GroupStep>,
    pub(crate) point: usize,
}

/// Error of a point name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PointNameError {
    /// No model has such a point.
    Unknown,
    /// Models have it in different units; these names are unambiguous.
    Ambiguous(Vec<String>),
}

/// Possible start addresses of a model list.
pub(crate) fn base_addresses() -> &'static [u16] {
    &NAMES_FILE.bases
}

/// Kind of device that has these models.
pub(crate) fn device_kind(models: &[u16]) -> &'static str {
    // Models below 100 are common and network models: they say nothing about the kind.
    let first = models.iter().find(|id| !(1..100).contains(*id));
    let row = first.and_then(|id| {
        NAMES_FILE
            .kind
            .iter()
            .find(|row| parse_model_range(&row.models).contains(id))
    });
    row.map_or("inverter", |row| &row.kind)
}

/// Well-known names, for hints.
pub(crate) fn known_names() -> impl Iterator<Item = &'static str> {
    NAMES_FILE.name.iter().map(|row| row.id.as_str())
}

/// Returns the words of a point in the first of these places that a device with these models has.
pub(crate) fn describe_places(places: &[ModelPointPath], models: &[u16]) -> PointDescription {
    let place = places.iter().find(|place| models.contains(&place.model));
    let entry = place.and_then(|place| {
        let mut entries = NAMES_FILE.words.iter();
        entries.find(|entry| parse_places(&entry.from).any(|one| one == *place))
    });
    entry.map_or_else(PointDescription::default, CodeWordsEntry::description)
}

/// Default points: all well-known ones of `models`, or the usual ones when it is empty.
pub(crate) fn default_points(models: &[u16]) -> Vec<WantedPoint> {
    let rows = NAMES_FILE.name.iter().filter(|row| !row.alias);
    let rows = rows.filter(|row| row.default || !models.is_empty());
    rows.filter_map(|row| row.wanted_point(models, 1)).collect()
}

/// Finds a point by name within `models` (all models when empty).
pub(crate) fn find_wanted(name: &str, models: &[u16]) -> Result<WantedPoint, PointNameError> {
    let whole = find_exact(name, models, 1);
    if whole != Err(PointNameError::Unknown) {
        return whole.map(|want| want.with_name(name));
    }
    // `ac_power_2`: the same point in the second model of its kind.
    let (rest, nth) = name.rsplit_once('_').ok_or(PointNameError::Unknown)?;
    let nth = nth.parse().map_err(|_| PointNameError::Unknown)?;
    if !(2..=REPETITION_MAX).contains(&nth) {
        return Err(PointNameError::Unknown);
    }
    find_exact(rest, models, nth).map(|want| want.with_name(name))
}

fn find_exact(name: &str, models: &[u16], nth: u16) -> Result<WantedPoint, PointNameError> {
    if let Some(row) = NAMES_FILE.name.iter().find(|row| row.id == name) {
        return row.wanted_point(models, nth).ok_or(PointNameError::Unknown);
    }
    let pinned = name.strip_prefix('m').and_then(|rest| {
        let (id, path) = rest.split_once('_')?;
        Some((id.parse::<u16>().ok()?, path))
    });
    let allowed = |id: u16| models.is_empty() || models.contains(&id);
    let places: Vec<ModelPointPath> = match pinned {
        Some((id, path)) => find_path(id, path)
            .filter(|_| allowed(id))
            .into_iter()
            .collect(),
        None => definitions::model_definitions()
            .iter()
            .filter(|model| allowed(model.id))
            .filter(|model| model.id < VENDOR_MODEL_FIRST || !models.is_empty())
            .filter_map(|model| find_path(model.id, name))
            .collect(),
    };
    wanted_from_paths(places, name, nth)
}

/// Returns a point under its `SunSpec` name, in the unit of its definition.
fn wanted_from_paths(
    places: Vec<ModelPointPath>,
    name: &str,
    nth: u16,
) -> Result<WantedPoint, PointNameError> {
    let mut defs = places.iter().filter_map(ModelPointPath::definition);
    let first = defs.next().ok_or(PointNameError::Unknown)?;
    // One point cannot have two units: the user must name the model.
    if defs.any(|def| def.unit != first.unit) {
        let pinned = |place: &ModelPointPath| format!("m{}_{name}", place.model);
        return Err(PointNameError::Ambiguous(
            places.iter().map(pinned).collect(),
        ));
    }
    let quantity = drivers::units::find_unit(&first.unit).map_or("", |unit| unit.quantity);
    Ok(WantedPoint {
        name: Arc::from(name),
        unit: Arc::from(first.unit.as_str()),
        quantity: Arc::from(quantity),
        counter: first.is_counter(),
        // Settings, ratings and curves are among these points: no limits of the quantity.
        limits: (None, None),
        scale: LinearScale::IDENTITY,
        nth,
        places,
    })
}

/// Finds the path of a number in this model; `None` for texts.
fn find_path(model: u16, path: &str) -> Option<ModelPointPath> {
    let (steps, point) = walk_groups(definitions::find_model(model)?, path)?;
    let place = ModelPointPath {
        model,
        steps,
        point,
    };
    place.definition()?.encoding().map(|_| place)
}

/// Walks `dcw`, `module_2_dcw`, `crv_1_pt_3_v`: group names with numbers, then the point.
fn walk_groups(group: &SunSpecGroup, path: &str) -> Option<(Vec<GroupStep>, usize)> {
    let mut points = group.points.iter();
    if let Some(point) = points.position(|def| def.name.eq_ignore_ascii_case(path)) {
        return Some((Vec::new(), point));
    }
    group.groups.iter().enumerate().find_map(|(index, inner)| {
        let (name, rest) = path.split_at_checked(inner.name.len())?;
        let rest = rest.strip_prefix('_')?;
        if !name.eq_ignore_ascii_case(&inner.name) {
            return None;
        }
        let (nth, rest) = if inner.count.is_some() {
            let (nth, rest) = rest.split_once('_')?;
            (nth.parse().ok()?, rest)
        } else {
            (1, rest)
        };
        if !(1..=REPETITION_MAX).contains(&nth) {
            return None;
        }
        let (mut steps, point) = walk_groups(inner, rest)?;
        steps.insert(0, (index, nth));
        Some((steps, point))
    })
}

impl ModelPointPath {
    fn definition(&self) -> Option<&'static definitions::SunSpecPointDef> {
        let mut group = definitions::find_model(self.model)?;
        for (index, _) in &self.steps {
            group = group.groups.get(*index)?;
        }
        group.points.get(self.point)
    }
}

impl WantedPoint {
    fn with_name(mut self, name: &str) -> Self {
        self.name = Arc::from(name);
        self
    }
}

impl PointNameEntry {
    fn wanted_point(&self, models: &[u16], nth: u16) -> Option<WantedPoint> {
        let places: Vec<ModelPointPath> = self
            .paths()
            .filter(|place| models.is_empty() || models.contains(&place.model))
            .collect();
        let unit = drivers::units::find_unit(&self.unit);
        let quantity = unit.map_or("", |unit| unit.quantity);
        let limits = physical_limits::physical_range(quantity, unit, self.counter);
        (!places.is_empty()).then(|| WantedPoint {
            name: Arc::from(self.id.as_str()),
            unit: Arc::from(self.unit.as_str()),
            quantity: Arc::from(quantity),
            counter: self.counter,
            limits: (
                self.min.or(limits.map(|(min, _)| min)),
                self.max.or(limits.map(|(_, max)| max)),
            ),
            scale: LinearScale {
                factor: self.scale.and_then(value_syntax::decimal).unwrap_or((1, 0)),
                ..LinearScale::IDENTITY
            },
            nth,
            places,
        })
    }

    fn paths(&self) -> impl Iterator<Item = ModelPointPath> {
        parse_places(&self.from)
    }
}

impl CodeWordsEntry {
    fn description(&self) -> PointDescription {
        let values = self.values.iter();
        let values = values.filter_map(|(code, word)| Some((code.parse().ok()?, word)));
        let flags = self.flags.iter();
        let flags = flags.filter_map(|(bit, word)| Some((bit.parse().ok()?, word)));
        let mut values: Vec<(i64, Arc<str>)> =
            values.map(|(n, w)| (n, w.as_str().into())).collect();
        let mut flags: Vec<(u8, Arc<str>)> = flags.map(|(n, w)| (n, w.as_str().into())).collect();
        // As texts, 10 is before 2.
        values.sort_unstable();
        flags.sort_unstable();
        PointDescription {
            values: values.into(),
            flags: flags.into(),
            ..PointDescription::default()
        }
    }
}

/// Parses places of points: `101-103/st`.
fn parse_places(from: &[String]) -> impl Iterator<Item = ModelPointPath> {
    from.iter().flat_map(|from| {
        let (models, path) = from.split_once('/').unwrap_or((from, ""));
        parse_model_range(models).filter_map(move |id| find_path(id, path))
    })
}

/// Parses a range of model numbers: `101-103` or `701`.
fn parse_model_range(text: &str) -> std::ops::RangeInclusive<u16> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => first..=last,
        _ => std::ops::RangeInclusive::new(1, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_well_known_name_leads_to_a_point_in_each_of_its_models() {
        assert_eq!(base_addresses().len(), 3);
        for row in &NAMES_FILE.name {
            for from in &row.from {
                let (models, path) = from.split_once('/').unwrap();
                for id in parse_model_range(models) {
                    let place = find_path(id, path).unwrap_or_else(|| panic!("{} {from}", row.id));
                    let unit = drivers::units::find_unit(&place.definition().unwrap().unit);
                    let ours = drivers::units::find_unit(&row.unit);
                    let same = |quantity| unit.is_some_and(|unit| unit.quantity == quantity);
                    let alike = ours.is_none_or(|o| same(o.quantity) || o.symbol == "%RH");
                    assert!(alike, "{} {from}: {unit:?}", row.id);
                }
            }
        }
    }

    #[test]
    fn a_name_leads_to_its_point_in_any_spelling() {
        let models = |name: &str, models: &[u16]| -> Vec<u16> {
            let want = find_wanted(name, models).unwrap();
            want.places.iter().map(|place| place.model).collect()
        };
        assert_eq!(models("m160_module_3_dcw", &[]), [160]);
        assert_eq!(models("evt1", &[103]), [103]);
        assert_eq!(models("m705_crv_2_pt_3_v", &[]), [705]);
        assert_eq!(find_wanted("ac_power_2", &[]).unwrap().nth, 2);
        assert_eq!(find_wanted("dc_power_2", &[]).unwrap().nth, 1);
        assert_eq!(find_wanted("m103_w_sf_3", &[]).unwrap().nth, 3);
        for name in [
            "",
            "nix",
            "m103_",
            "m103_nix",
            "m9_w",
            "ac_power_1",
            "m160_module_0_dcw",
            "mn",
        ] {
            assert_eq!(
                find_wanted(name, &[]),
                Err(PointNameError::Unknown),
                "{name}"
            );
        }
        assert!(matches!(
            find_wanted("pf", &[]),
            Err(PointNameError::Ambiguous(_))
        ));
        assert_eq!(models("pf", &[701]), [701]);
    }

    #[test]
    fn devices_have_kinds_by_their_models() {
        assert_eq!(device_kind(&[1, 203]), "meter");
        assert_eq!(device_kind(&[103, 203]), "inverter");
        assert_eq!(device_kind(&[]), "inverter");
    }
}

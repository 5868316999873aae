//! What points of `SunSpec` devices are called, and where a name leads. Facts from a file.

use super::definitions::{self, Group, Step};
use crate::config::{Scale, physical, values};
use serde::Deserialize;
use std::sync::{Arc, LazyLock};

static TEXT: &str = include_str!("../../../../config/sunspec/names.toml");

/// The file; the tests read it, so that it is never empty.
static FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

/// The `_2` of a second model of one kind, and numbers of groups, go no higher.
const NTH_MAX: u16 = 99;
/// Models from here on are a maker's own: their names count only when the model is named.
const VENDOR_FIRST: u16 = 63_000;

#[derive(Debug, Default, Deserialize)]
struct File {
    bases: Vec<u16>,
    kind: Vec<Kind>,
    name: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    models: String,
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    unit: String,
    #[serde(default)]
    scale: Option<f64>,
    #[serde(default)]
    counter: bool,
    /// Least believable value, where the quantity alone says too little.
    #[serde(default)]
    min: Option<f64>,
    /// Greatest believable value.
    #[serde(default)]
    max: Option<f64>,
    /// Of a device whose configuration names no points.
    #[serde(default)]
    default: bool,
    /// A second name of another row.
    #[serde(default)]
    alias: bool,
    from: Vec<String>,
}

/// A point that somebody wants of a device.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Want {
    pub(crate) name: Arc<str>,
    pub(crate) unit: Arc<str>,
    pub(crate) quantity: Arc<str>,
    pub(crate) counter: bool,
    /// Least and greatest believable value, in `unit`.
    pub(crate) limits: (Option<f64>, Option<f64>),
    pub(crate) scale: Scale,
    /// Which of several models of one kind, from 1.
    pub(crate) nth: u16,
    /// Where it may be; the first that the device has counts.
    pub(crate) places: Vec<Place>,
}

/// A point of a model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) model: u16,
    pub(crate) steps: Vec<Step>,
    pub(crate) point: usize,
}

/// Why a name leads nowhere.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Misnamed {
    /// No model has it.
    Unknown,
    /// Models have it in different units; these names say which is meant.
    Ambiguous(Vec<String>),
}

/// Where lists of models may begin.
pub(crate) fn bases() -> &'static [u16] {
    &FILE.bases
}

/// The kind of device that these models make.
pub(crate) fn kind(models: &[u16]) -> &'static str {
    let first = models.iter().find(|id| !(1..100).contains(*id));
    let row = first.and_then(|id| FILE.kind.iter().find(|row| range(&row.models).contains(id)));
    row.map_or("inverter", |row| &row.kind)
}

/// Names of the well-known points, for hints.
pub(crate) fn known() -> impl Iterator<Item = &'static str> {
    FILE.name.iter().map(|row| row.id.as_str())
}

/// The points when the configuration names none: all well-known ones of the models that it names,
/// else the usual ones.
pub(crate) fn usual(models: &[u16]) -> Vec<Want> {
    let rows = FILE.name.iter().filter(|row| !row.alias);
    let rows = rows.filter(|row| row.default || !models.is_empty());
    rows.filter_map(|row| row.want(models, 1)).collect()
}

/// Where a name leads, within these models (all when empty).
pub(crate) fn want(name: &str, models: &[u16]) -> Result<Want, Misnamed> {
    let whole = exact(name, models, 1);
    if whole != Err(Misnamed::Unknown) {
        return whole.map(|want| want.named(name));
    }
    let (rest, nth) = name.rsplit_once('_').ok_or(Misnamed::Unknown)?;
    let nth = nth.parse().map_err(|_| Misnamed::Unknown)?;
    if !(2..=NTH_MAX).contains(&nth) {
        return Err(Misnamed::Unknown);
    }
    exact(rest, models, nth).map(|want| want.named(name))
}

fn exact(name: &str, models: &[u16], nth: u16) -> Result<Want, Misnamed> {
    if let Some(row) = FILE.name.iter().find(|row| row.id == name) {
        return row.want(models, nth).ok_or(Misnamed::Unknown);
    }
    let pinned = name.strip_prefix('m').and_then(|rest| {
        let (id, path) = rest.split_once('_')?;
        Some((id.parse::<u16>().ok()?, path))
    });
    let allowed = |id: u16| models.is_empty() || models.contains(&id);
    let places: Vec<Place> = match pinned {
        Some((id, path)) => place(id, path)
            .filter(|_| allowed(id))
            .into_iter()
            .collect(),
        None => definitions::models()
            .iter()
            .filter(|model| allowed(model.id))
            .filter(|model| model.id < VENDOR_FIRST || !models.is_empty())
            .filter_map(|model| place(model.id, name))
            .collect(),
    };
    raw_want(places, name, nth)
}

/// A point under its own name, in its own unit.
fn raw_want(places: Vec<Place>, name: &str, nth: u16) -> Result<Want, Misnamed> {
    let mut defs = places.iter().filter_map(Place::def);
    let first = defs.next().ok_or(Misnamed::Unknown)?;
    if defs.any(|def| def.unit != first.unit) {
        let pinned = |place: &Place| format!("m{}_{name}", place.model);
        return Err(Misnamed::Ambiguous(places.iter().map(pinned).collect()));
    }
    let quantity = drivers::units::find(&first.unit).map_or("", |unit| unit.quantity);
    Ok(Want {
        name: Arc::from(name),
        unit: Arc::from(first.unit.as_str()),
        quantity: Arc::from(quantity),
        counter: first.is_counter(),
        // Settings, ratings and curves are among them: as the device says it.
        limits: (None, None),
        scale: Scale::ONE,
        nth,
        places,
    })
}

/// The number of this name in this model.
fn place(model: u16, path: &str) -> Option<Place> {
    let (steps, point) = walk(definitions::model(model)?, path)?;
    let place = Place {
        model,
        steps,
        point,
    };
    place.def()?.encoding().map(|_| place)
}

/// `dcw`, `module_2_dcw`, `crv_1_pt_3_v`: groups with their number, then the point.
fn walk(group: &Group, path: &str) -> Option<(Vec<Step>, usize)> {
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
        if !(1..=NTH_MAX).contains(&nth) {
            return None;
        }
        let (mut steps, point) = walk(inner, rest)?;
        steps.insert(0, (index, nth));
        Some((steps, point))
    })
}

impl Place {
    fn def(&self) -> Option<&'static definitions::Def> {
        let mut group = definitions::model(self.model)?;
        for (index, _) in &self.steps {
            group = group.groups.get(*index)?;
        }
        group.points.get(self.point)
    }
}

impl Want {
    fn named(mut self, name: &str) -> Self {
        self.name = Arc::from(name);
        self
    }
}

impl Row {
    fn want(&self, models: &[u16], nth: u16) -> Option<Want> {
        let places: Vec<Place> = self
            .places()
            .filter(|place| models.is_empty() || models.contains(&place.model))
            .collect();
        let unit = drivers::units::find(&self.unit);
        let quantity = unit.map_or("", |unit| unit.quantity);
        let limits = physical::limits(quantity, unit, self.counter);
        (!places.is_empty()).then(|| Want {
            name: Arc::from(self.id.as_str()),
            unit: Arc::from(self.unit.as_str()),
            quantity: Arc::from(quantity),
            counter: self.counter,
            limits: (
                self.min.or(limits.map(|(min, _)| min)),
                self.max.or(limits.map(|(_, max)| max)),
            ),
            scale: Scale {
                factor: self.scale.and_then(values::decimal).unwrap_or((1, 0)),
                ..Scale::ONE
            },
            nth,
            places,
        })
    }

    fn places(&self) -> impl Iterator<Item = Place> {
        self.from.iter().flat_map(|from| {
            let (models, path) = from.split_once('/').unwrap_or((from, ""));
            range(models).filter_map(move |id| place(id, path))
        })
    }
}

/// `101-103` or `701`.
fn range(text: &str) -> std::ops::RangeInclusive<u16> {
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
        assert_eq!(bases().len(), 3);
        for row in &FILE.name {
            for from in &row.from {
                let (models, path) = from.split_once('/').unwrap();
                for id in range(models) {
                    let place = place(id, path).unwrap_or_else(|| panic!("{} {from}", row.id));
                    let unit = drivers::units::find(&place.def().unwrap().unit);
                    let ours = drivers::units::find(&row.unit);
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
            let want = want(name, models).unwrap();
            want.places.iter().map(|place| place.model).collect()
        };
        assert_eq!(models("m160_module_3_dcw", &[]), [160]);
        assert_eq!(models("evt1", &[103]), [103]);
        assert_eq!(models("m705_crv_2_pt_3_v", &[]), [705]);
        assert_eq!(want("ac_power_2", &[]).unwrap().nth, 2);
        assert_eq!(want("dc_power_2", &[]).unwrap().nth, 1);
        assert_eq!(want("m103_w_sf_3", &[]).unwrap().nth, 3);
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
            assert_eq!(want(name, &[]), Err(Misnamed::Unknown), "{name}");
        }
        assert!(matches!(want("pf", &[]), Err(Misnamed::Ambiguous(_))));
        assert_eq!(models("pf", &[701]), [701]);
    }

    #[test]
    fn devices_have_kinds_by_their_models() {
        assert_eq!(kind(&[1, 203]), "meter");
        assert_eq!(kind(&[103, 203]), "inverter");
        assert_eq!(kind(&[]), "inverter");
    }
}

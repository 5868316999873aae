//! The definitions of models: what follows what, and how groups repeat. Facts from a file.

use crate::config::Encoding;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static TEXT: &str = include_str!("../../../../config/sunspec/models.json");

/// Every model that the definitions describe; the tests read the file, so that it is never empty.
static ALL: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let read: Result<File, _> = serde_json::from_str(TEXT);
    read.map(|file| file.models).unwrap_or_default()
});

#[derive(Deserialize)]
struct File {
    models: Vec<Group>,
}

/// A group of points, and the groups behind them; a model is one too.
#[derive(Debug, Deserialize)]
pub(crate) struct Group {
    /// Number of the model; 0 within a model.
    #[serde(default)]
    pub(crate) id: u16,
    /// Name; empty for a model.
    #[serde(default)]
    pub(crate) name: String,
    /// How often it stands there: a number, the name of a point of the model, or `0` for as often
    /// as there is room; once when nothing is said.
    #[serde(default)]
    pub(crate) count: Option<String>,
    pub(crate) points: Vec<Def>,
    #[serde(default)]
    pub(crate) groups: Vec<Group>,
}

/// One point of a definition.
#[derive(Debug, Deserialize)]
#[serde(from = "(String, String, u16, String, String)")]
pub(crate) struct Def {
    pub(crate) name: String,
    kind: String,
    /// Registers.
    pub(crate) size: u16,
    scale: String,
    /// Our symbol, or empty.
    pub(crate) unit: String,
}

impl From<(String, String, u16, String, String)> for Def {
    fn from((name, kind, size, scale, unit): (String, String, u16, String, String)) -> Self {
        Self {
            name,
            kind,
            size,
            scale,
            unit,
        }
    }
}

/// How often each counted group stands in a model, by what counts it.
pub(crate) type Counts = BTreeMap<String, u16>;

/// Which group of its parent (index), and which of its repetitions, from 1.
pub(crate) type Step = (usize, u16);

/// Where a point is in a model, and what scales it.
#[derive(Debug)]
pub(crate) struct Spot<'a> {
    pub(crate) def: &'a Def,
    /// Registers from the model's id register on.
    pub(crate) offset: u64,
    pub(crate) scale: Scaling,
}

/// What scales a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scaling {
    /// A power of ten that the definition states.
    Fixed(i8),
    /// The register at this offset from the model's id register on.
    Register(u64),
}

/// All models.
pub(crate) fn models() -> &'static [Group] {
    &ALL
}

/// The model with this number.
pub(crate) fn model(id: u16) -> Option<&'static Group> {
    models().iter().find(|model| model.id == id)
}

impl Def {
    /// Type and the patterns that mean "not implemented"; `None` for texts and addresses.
    pub(crate) fn encoding(&self) -> Option<(Encoding, i64)> {
        Some(match self.kind.as_str() {
            "int16" | "sunssf" => (Encoding::I16, 0x8000),
            "uint16" | "count" | "enum16" | "bitfield16" => (Encoding::U16, 0xffff),
            "acc16" => (Encoding::U16, 0),
            "int32" => (Encoding::I32, 0x8000_0000),
            "uint32" | "enum32" | "bitfield32" => (Encoding::U32, 0xffff_ffff),
            "acc32" => (Encoding::U32, 0),
            "int64" => (Encoding::I64, i64::MIN),
            "uint64" => (Encoding::U64, -1),
            "acc64" => (Encoding::U64, 0),
            "float32" => (Encoding::F32, 0x7fc0_0000),
            "float64" => (Encoding::F64, 0x7ff8_0000_0000_0000),
            _ => return None,
        })
    }

    /// It only grows.
    pub(crate) fn is_counter(&self) -> bool {
        self.kind.starts_with("acc")
    }
}

impl Group {
    fn points_size(&self) -> u64 {
        self.points.iter().map(|def| u64::from(def.size)).sum()
    }

    /// Registers of one repetition.
    pub(crate) fn size(&self, counts: &Counts) -> u64 {
        let inner = self.groups.iter().map(|group| group.whole(counts));
        inner.fold(self.points_size(), u64::saturating_add)
    }

    /// Registers of all repetitions.
    fn whole(&self, counts: &Counts) -> u64 {
        self.size(counts).saturating_mul(self.times(counts).into())
    }

    pub(crate) fn times(&self, counts: &Counts) -> u16 {
        match self.counter() {
            None => self.count.as_ref().map_or(1, |n| n.parse().unwrap_or(0)),
            Some(key) => counts.get(key).copied().unwrap_or(0),
        }
    }

    /// What counts this group: a point of the model, or itself when it fills the room.
    pub(crate) fn counter(&self) -> Option<&str> {
        match self.count.as_deref() {
            Some("0") => Some(&self.name),
            Some(count) if count.parse::<u16>().is_err() => Some(count),
            _ => None,
        }
    }

    /// Where a point of this model is; `None` when there are not so many repetitions.
    pub(crate) fn spot(&self, counts: &Counts, steps: &[Step], point: usize) -> Option<Spot<'_>> {
        let mut scopes = vec![(self, 0u64)];
        for (index, nth) in steps {
            let (group, at) = *scopes.last()?;
            let next = group.groups.get(*index)?;
            if *nth == 0 || *nth > next.times(counts) {
                return None;
            }
            let before = group.groups[..*index].iter().map(|g| g.whole(counts));
            let before = before.fold(group.points_size(), u64::saturating_add);
            let skipped = next.size(counts).saturating_mul(u64::from(*nth) - 1);
            scopes.push((next, at.saturating_add(before).saturating_add(skipped)));
        }
        let (group, at) = *scopes.last()?;
        let def = group.points.get(point)?;
        Some(Spot {
            def,
            offset: at.saturating_add(group.before(point)),
            scale: scaling(&def.scale, &scopes)?,
        })
    }

    /// Registers of the points before this one.
    fn before(&self, point: usize) -> u64 {
        let points = self.points.iter().take(point);
        points.map(|def| u64::from(def.size)).sum()
    }

    /// Offset of a point of the model itself.
    pub(crate) fn offset(&self, name: &str) -> Option<u64> {
        let index = self.points.iter().position(|def| def.name == name)?;
        Some(self.before(index))
    }

    /// Points of the model that count groups, with their offsets.
    pub(crate) fn count_points(&self) -> Vec<(&str, u64)> {
        let mut found = Vec::new();
        let mut open: Vec<&Self> = self.groups.iter().collect();
        while let Some(group) = open.pop() {
            open.extend(&group.groups);
            let counter = group.counter().filter(|key| *key != group.name);
            let known = |key: &str| found.iter().any(|(name, _)| *name == key);
            if let Some(key) = counter.filter(|key| !known(key)) {
                found.extend(self.offset(key).map(|offset| (key, offset)));
            }
        }
        found
    }

    /// How often its groups that fill the room stand in a model of this length.
    pub(crate) fn fill(&self, length: u16, counts: &mut Counts) {
        let room = (u64::from(length) + 2).saturating_sub(self.points_size());
        for group in self
            .groups
            .iter()
            .filter(|g| g.count.as_deref() == Some("0"))
        {
            let times = room / group.size(counts).max(1);
            counts.insert(group.name.clone(), u16::try_from(times).unwrap_or(0));
        }
    }
}

/// The nearest register of this name: in the point's own group, else in those around it.
fn scaling(scale: &str, scopes: &[(&Group, u64)]) -> Option<Scaling> {
    if scale.is_empty() {
        return Some(Scaling::Fixed(0));
    }
    if let Ok(power) = scale.parse() {
        return Some(Scaling::Fixed(power));
    }
    scopes.iter().rev().find_map(|(group, at)| {
        let offset = group.offset(scale)?;
        Some(Scaling::Register(at.saturating_add(offset)))
    })
}

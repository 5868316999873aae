//! [`Group`]: definitions of the `SunSpec` models: order of points and repetition of groups.
//!
//! The data are `config/sunspec/models.json`.

use crate::config::RegisterEncoding;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static DEFINITIONS_TEXT: &str = include_str!("../../../../config/sunspec/models.json");

/// All model definitions; tests parse the file, so that it is never empty here.
static MODEL_DEFINITIONS: LazyLock<Vec<SunSpecGroup>> = LazyLock::new(|| {
    let read: Result<ModelDefinitionsFile, _> = serde_json::from_str(DEFINITIONS_TEXT);
    read.map(|file| file.models).unwrap_or_default()
});

#[derive(Deserialize)]
struct ModelDefinitionsFile {
    models: Vec<SunSpecGroup>,
}

/// Group of points with nested groups; a model is a group too.
#[derive(Debug, Deserialize)]
pub(crate) struct SunSpecGroup {
    /// Model number; 0 for a nested group.
    #[serde(default)]
    pub(crate) id: u16,
    /// Name; empty for a model.
    #[serde(default)]
    pub(crate) name: String,
    /// Repetitions: a number, the name of a point of the model, or `0` to fill the model's length;
    /// one when absent.
    #[serde(default)]
    pub(crate) count: Option<String>,
    pub(crate) points: Vec<SunSpecPointDef>,
    #[serde(default)]
    pub(crate) groups: Vec<SunSpecGroup>,
}

/// Point of a definition.
#[derive(Debug, Deserialize)]
#[serde(from = "(String, String, u16, String, String)")]
pub(crate) struct SunSpecPointDef {
    pub(crate) name: String,
    kind: String,
    /// Number of registers.
    pub(crate) size: u16,
    scale: String,
    /// Unit symbol as in `drivers::units`, or empty.
    pub(crate) unit: String,
}

impl From<(String, String, u16, String, String)> for SunSpecPointDef {
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

/// Repetitions of each counted group in a model, by the name of its count.
pub(crate) type GroupCounts = BTreeMap<String, u16>;

/// Index of a group in its parent, and number of the repetition, from 1.
pub(crate) type GroupStep = (usize, u16);

/// Offset of a point in a model, and the source of its scale.
#[derive(Debug)]
pub(crate) struct PointOffset<'a> {
    pub(crate) def: &'a SunSpecPointDef,
    /// Registers from the model's id register.
    pub(crate) offset: u64,
    pub(crate) scale: ScaleSource,
}

/// Source of a point's scale factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScaleSource {
    /// Power of ten fixed by the definition.
    Fixed(i8),
    /// Register at this offset from the model's id register.
    Register(u64),
}

/// Returns all models.
pub(crate) fn model_definitions() -> &'static [SunSpecGroup] {
    &MODEL_DEFINITIONS
}

/// Returns the model with this number.
pub(crate) fn find_model(id: u16) -> Option<&'static SunSpecGroup> {
    model_definitions().iter().find(|model| model.id == id)
}

impl SunSpecPointDef {
    /// Type, and the pattern for "not implemented"; `None` for texts and addresses.
    pub(crate) fn encoding(&self) -> Option<(RegisterEncoding, i64)> {
        Some(match self.kind.as_str() {
            "int16" | "sunssf" => (RegisterEncoding::I16, 0x8000),
            "uint16" | "count" | "enum16" | "bitfield16" => (RegisterEncoding::U16, 0xffff),
            // Accumulators say "not implemented" by 0 (SunSpec information model specification).
            "acc16" => (RegisterEncoding::U16, 0),
            "int32" => (RegisterEncoding::I32, 0x8000_0000),
            "uint32" | "enum32" | "bitfield32" => (RegisterEncoding::U32, 0xffff_ffff),
            "acc32" => (RegisterEncoding::U32, 0),
            "int64" => (RegisterEncoding::I64, i64::MIN),
            "uint64" => (RegisterEncoding::U64, -1),
            "acc64" => (RegisterEncoding::U64, 0),
            // NaN patterns, as the bits of the float.
            "float32" => (RegisterEncoding::F32, 0x7fc0_0000),
            "float64" => (RegisterEncoding::F64, 0x7ff8_0000_0000_0000),
            _ => return None,
        })
    }

    /// True for an accumulator, which only grows.
    pub(crate) fn is_counter(&self) -> bool {
        self.kind.starts_with("acc")
    }
}

impl SunSpecGroup {
    fn points_size(&self) -> u64 {
        self.points.iter().map(|def| u64::from(def.size)).sum()
    }

    /// Registers of one repetition.
    pub(crate) fn size(&self, counts: &GroupCounts) -> u64 {
        let inner = self.groups.iter().map(|group| group.total_size(counts));
        inner.fold(self.points_size(), u64::saturating_add)
    }

    /// Registers of all repetitions.
    fn total_size(&self, counts: &GroupCounts) -> u64 {
        self.size(counts)
            .saturating_mul(self.repetitions(counts).into())
    }

    pub(crate) fn repetitions(&self, counts: &GroupCounts) -> u16 {
        match self.count_name() {
            None => self.count.as_ref().map_or(1, |n| n.parse().unwrap_or(0)),
            Some(key) => counts.get(key).copied().unwrap_or(0),
        }
    }

    /// Name of the count of this group: a point of the model, or its own name when it fills it.
    pub(crate) fn count_name(&self) -> Option<&str> {
        match self.count.as_deref() {
            Some("0") => Some(&self.name),
            Some(count) if count.parse::<u16>().is_err() => Some(count),
            _ => None,
        }
    }

    /// Locates a point; `None` when a repetition does not exist.
    pub(crate) fn point_offset(
        &self,
        counts: &GroupCounts,
        steps: &[GroupStep],
        point: usize,
    ) -> Option<PointOffset<'_>> {
        let mut scopes = vec![(self, 0u64)];
        for (index, nth) in steps {
            let (group, at) = *scopes.last()?;
            let next = group.groups.get(*index)?;
            if *nth == 0 || *nth > next.repetitions(counts) {
                return None;
            }
            let before = group.groups[..*index].iter().map(|g| g.total_size(counts));
            let before = before.fold(group.points_size(), u64::saturating_add);
            let skipped = next.size(counts).saturating_mul(u64::from(*nth) - 1);
            scopes.push((next, at.saturating_add(before).saturating_add(skipped)));
        }
        let (group, at) = *scopes.last()?;
        let def = group.points.get(point)?;
        Some(PointOffset {
            def,
            offset: at.saturating_add(group.registers_before(point)),
            scale: resolve_scale(&def.scale, &scopes)?,
        })
    }

    /// Registers of the points before this one.
    fn registers_before(&self, point: usize) -> u64 {
        let points = self.points.iter().take(point);
        points.map(|def| u64::from(def.size)).sum()
    }

    /// Offset of a point of this group by name.
    pub(crate) fn offset_of(&self, name: &str) -> Option<u64> {
        let index = self.points.iter().position(|def| def.name == name)?;
        Some(self.registers_before(index))
    }

    /// Points of the model that hold repetition counts, with their offsets.
    pub(crate) fn count_points(&self) -> Vec<(&str, u64)> {
        let mut found = Vec::new();
        let mut open: Vec<&Self> = self.groups.iter().collect();
        while let Some(group) = open.pop() {
            open.extend(&group.groups);
            let counter = group.count_name().filter(|key| *key != group.name);
            let known = |key: &str| found.iter().any(|(name, _)| *name == key);
            if let Some(key) = counter.filter(|key| !known(key)) {
                found.extend(self.offset_of(key).map(|offset| (key, offset)));
            }
        }
        found
    }

    /// Computes the repetitions of groups that fill a model of this length.
    pub(crate) fn fill_counts(&self, length: u16, counts: &mut GroupCounts) {
        // The length of a model does not count its two header registers.
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

/// Resolves a scale factor: the register in the point's own group, else in the groups around it.
fn resolve_scale(scale: &str, scopes: &[(&SunSpecGroup, u64)]) -> Option<ScaleSource> {
    if scale.is_empty() {
        return Some(ScaleSource::Fixed(0));
    }
    if let Ok(power) = scale.parse() {
        return Some(ScaleSource::Fixed(power));
    }
    scopes.iter().rev().find_map(|(group, at)| {
        let offset = group.offset_of(scale)?;
        Some(ScaleSource::Register(at.saturating_add(offset)))
    })
}

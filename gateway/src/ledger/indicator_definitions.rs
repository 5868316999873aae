//! Definitions of the ledger: indicators, units and words, as data (`config/indicators.toml`).

use super::amount_range::{AmountRange, row_of_indicator, row_of_kind};
use super::indicator_definition::{BilingualText, IndicatorDefinition, TotalRule, normalise_text};
use super::measured_figure::MeasuredFigure;
use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, QuantityBasis};
use crate::domain::mentioned_asset::{near_asset, unknown_asset};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

static BUILT_IN_TOML: &str = include_str!("../../../config/indicators.toml");
/// Similarity (Jaro-Winkler) below which no suggestion is made.
const LIKENESS_MIN: f64 = 0.75;

/// Quantity that a ledger indicator must measure to fit its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerDimension {
    /// A mass: kg, g, t, ...
    Mass,
    /// A volume: L, mL, m3.
    Volume,
    /// An energy: kWh.
    Energy,
    /// A number of times or pieces.
    Count,
}

impl LedgerDimension {
    /// Kinds of unit that measure it, as in `config/indicators.toml`.
    fn unit_kinds(self) -> &'static [&'static str] {
        match self {
            Self::Mass => &["mass"],
            Self::Volume => &["volume"],
            Self::Energy => &["energy"],
            Self::Count => &["pieces", "activities"],
        }
    }
}

/// Unit with its accepted spellings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitSpelling {
    id: String,
    kind: String,
    /// Power of ten to the first unit of this kind.
    power: i8,
    also: Vec<String>,
}

/// All definitions of a site.
#[derive(Clone, Debug)]
pub struct IndicatorDefinitions {
    indicators: Vec<IndicatorDefinition>,
    units: Vec<UnitSpelling>,
    columns: BTreeMap<String, Vec<String>>,
    words: BTreeMap<String, Vec<String>>,
    /// Earlier names of an indicator, by its id.
    names: BTreeMap<String, Vec<String>>,
    /// Figures that have targets only.
    measured: Vec<MeasuredFigure>,
    /// Ranges that assets give, by the id of the indicator and in its unit.
    asset_ranges: BTreeMap<Arc<str>, AmountRange>,
    /// Assets of the site, as (id, name).
    assets: Vec<(Arc<str>, Arc<str>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionsFile {
    columns: BTreeMap<String, Vec<String>>,
    words: BTreeMap<String, Vec<String>>,
    names: BTreeMap<String, Vec<String>>,
    unit: Vec<UnitSpelling>,
    indicator: Vec<RawDefinition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDefinition {
    id: String,
    programme: String,
    name: BilingualText,
    unit: String,
    decimals: u8,
    total: TotalRule,
    known: Vec<String>,
    print: BilingualText,
    needs: BilingualText,
    never: BilingualText,
    example: f64,
}

static BUILT_IN_DEFINITIONS: LazyLock<IndicatorDefinitions> = LazyLock::new(|| {
    // A unit test checks that the embedded file is valid, so an empty list cannot occur.
    let file: Option<DefinitionsFile> = toml::from_str(BUILT_IN_TOML).ok();
    file.map_or_else(IndicatorDefinitions::empty, IndicatorDefinitions::from_file)
});

/// The item of an iterator that has one.
fn only<T>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next();
    first.filter(|_| all.next().is_none())
}

impl IndicatorDefinitions {
    /// Built-in definitions.
    pub fn built_in() -> Self {
        BUILT_IN_DEFINITIONS.clone()
    }

    /// Adds the indicators of a site; they replace built-in ones with the same id.
    #[must_use]
    pub fn with_site_indicators(
        mut self,
        own: impl IntoIterator<Item = IndicatorDefinition>,
    ) -> Self {
        for definition in own {
            self.indicators.retain(|known| known.id != definition.id);
            self.indicators.push(definition);
        }
        self
    }

    /// Whether the built-in list has this id.
    pub fn has_built_in(id: &str) -> bool {
        BUILT_IN_DEFINITIONS.find(id).is_some()
    }

    /// Adds the figures that Pantau computes at the site; an indicator that people record comes
    /// before one of the same id.
    #[must_use]
    pub fn with_measured_figures(mut self, measured: Vec<MeasuredFigure>) -> Self {
        self.measured = measured;
        let recorded = &self.indicators;
        let is_recorded = |id: &str| recorded.iter().any(|one| *one.id == *id);
        self.measured.retain(|one| !is_recorded(&one.definition.id));
        self
    }

    /// Figures that have targets only.
    pub fn measured(&self) -> &[MeasuredFigure] {
        &self.measured
    }

    /// Measured figure with this id, or as the only one with this name in either language.
    pub fn find_measured(&self, text: &str) -> Option<&MeasuredFigure> {
        let id = text.trim();
        let same = |one: &&MeasuredFigure| one.definition.id.eq_ignore_ascii_case(id);
        let by_id = self.measured.iter().find(same);
        by_id.or_else(|| {
            let named = |one: &&MeasuredFigure| one.definition.has_name(text);
            only(self.measured.iter().filter(named))
        })
    }

    /// Adds what the assets of a site allow: the largest amounts of one entry of an indicator, in
    /// the given unit. Of several the sum counts, since an entry may be for all of them.
    #[must_use]
    pub fn with_asset_ranges<'a>(
        mut self,
        all: impl IntoIterator<Item = (&'a Arc<str>, AmountRange, &'a str)>,
    ) -> Self {
        let mut ranges: BTreeMap<Arc<str>, AmountRange> = BTreeMap::new();
        for (id, range, unit) in all {
            let own = self.find(id).map(|one| &*one.unit);
            let Some(scale) = own.and_then(|own| self.convert_quantity(1.0, unit, own)) else {
                continue;
            };
            let range = range.scaled(scale);
            let sum = ranges.get(id).map_or(range, |known| known.plus(range));
            ranges.insert(Arc::clone(id), sum);
        }
        self.asset_ranges = ranges;
        self
    }

    /// Adds the assets of a site, as (id, name), of which entries may name one.
    #[must_use]
    pub fn with_assets(mut self, all: impl IntoIterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        self.assets = all.into_iter().collect();
        self
    }

    /// Name in the text of an entry that is nearly that of an asset, and the id of that asset.
    pub(super) fn near_asset(&self, what: &str) -> Option<(String, &str)> {
        let labels = self.assets.iter().map(|(id, name)| (&**id, &**name));
        near_asset(labels, what)
    }

    /// Name in the text of an entry that is that of no asset, and the ids of the assets that there
    /// are, as a list; `None` when the text names no asset or one that there is.
    pub(super) fn unknown_asset(&self, what: &str) -> Option<(String, String)> {
        let labels = self.assets.iter().map(|(id, name)| (&**id, &**name));
        let unknown = unknown_asset(labels, what)?;
        let ids: Vec<&str> = self.assets.iter().map(|(id, _)| &**id).collect();
        Some((unknown, ids.join(", ")))
    }

    /// Amounts that one entry of a recorded indicator can have, in its unit; `None` for other ids.
    pub fn amount_range(&self, id: &str) -> Option<AmountRange> {
        let definition = self.find(id)?;
        let row = row_of_indicator(&definition.id);
        // A site may give a built-in indicator another unit.
        let by_id = row.and_then(|row| {
            let scale = self.convert_quantity(1.0, &row.unit, &definition.unit)?;
            Some(row.range().scaled(scale))
        });
        let range = by_id.or_else(|| self.range_of_unit(&definition.unit))?;
        let by_assets = self.asset_ranges.get(&definition.id);
        Some(by_assets.map_or(range, |own| range.narrowed(*own)))
    }

    /// Amounts of one entry in this unit, by what it measures.
    pub(super) fn range_of_unit(&self, unit: &str) -> Option<AmountRange> {
        let row = row_of_kind(&self.find_unit(unit)?.kind)?;
        let scale = self.convert_quantity(1.0, &row.unit, unit)?;
        Some(row.range().scaled(scale))
    }

    fn empty() -> Self {
        Self {
            indicators: Vec::new(),
            units: Vec::new(),
            columns: BTreeMap::new(),
            words: BTreeMap::new(),
            names: BTreeMap::new(),
            measured: Vec::new(),
            asset_ranges: BTreeMap::new(),
            assets: Vec::new(),
        }
    }

    fn from_file(file: DefinitionsFile) -> Self {
        Self {
            indicators: file
                .indicator
                .into_iter()
                .filter_map(checked_definition)
                .collect(),
            units: file.unit,
            columns: file.columns,
            words: file.words,
            names: file.names,
            measured: Vec::new(),
            asset_ranges: BTreeMap::new(),
            assets: Vec::new(),
        }
    }

    /// All indicators.
    pub fn all(&self) -> &[IndicatorDefinition] {
        &self.indicators
    }

    /// Indicator with this id, ignoring case.
    pub fn find(&self, id: &str) -> Option<&IndicatorDefinition> {
        let same = |definition: &&IndicatorDefinition| definition.id.eq_ignore_ascii_case(id);
        self.indicators.iter().find(same)
    }

    /// Indicator with this id, or as the only one with exactly this name in either language.
    pub fn find_by_name(&self, text: &str) -> Option<&IndicatorDefinition> {
        let has = |definition: &&IndicatorDefinition| definition.has_name(text);
        self.find(text.trim())
            .or_else(|| only(self.indicators.iter().filter(has)))
            .or_else(|| self.find(find_meaning(&self.names, text)?))
    }

    /// Ids of the indicators with exactly this name in either language.
    pub fn ids_with_name(&self, text: &str) -> Vec<&str> {
        let named = self.indicators.iter().filter(|one| one.has_name(text));
        named.map(|one| &*one.id).collect()
    }

    /// Id of the most similar indicator, by id or name.
    pub fn nearest_id(&self, text: &str) -> Option<&str> {
        let wanted = normalise_text(text);
        let likeness = |definition: &IndicatorDefinition| {
            let names = [&*definition.id, &definition.name.id, &definition.name.en];
            let all = names.map(|name| strsim::jaro_winkler(&wanted, &normalise_text(name)));
            all.into_iter().fold(0.0, f64::max)
        };
        let measured = self.measured.iter().map(|one| &one.definition);
        let all = self.indicators.iter().chain(measured);
        let all = all.map(|one| (likeness(one), &*one.id));
        let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .map(|(_, id)| id)
    }

    /// Power of ten from a unit as written to the unit `to`; `None` when they measure different
    /// quantities.
    pub fn power_between(&self, written: &str, to: &str) -> Option<i8> {
        if normalise_text(written) == normalise_text(to) {
            return Some(0);
        }
        let (from, to) = (self.find_unit(written)?, self.find_unit(to)?);
        (from.kind == to.kind).then_some(from.power - to.power)
    }

    /// Quantity in the unit `to`, where an empty `to` is a bare count; `None` when the two measure
    /// different quantities.
    pub fn convert_quantity(&self, quantity: f64, written: &str, to: &str) -> Option<f64> {
        if written == to {
            return Some(quantity);
        }
        if to.is_empty() {
            let counts = self.measures(written, LedgerDimension::Count);
            return counts.then_some(quantity);
        }
        let power = self.power_between(written, to)?;
        let scale = 10.0_f64.powi(i32::from(power.unsigned_abs()));
        // Only powers above one are exact as f64, so a smaller number is a quotient.
        Some(if power < 0 {
            quantity / scale
        } else {
            quantity * scale
        })
    }

    /// Whether a unit measures this dimension.
    pub fn measures(&self, unit: &str, wanted: LedgerDimension) -> bool {
        let found = self.find_unit(unit);
        found.is_some_and(|unit| wanted.unit_kinds().contains(&unit.kind.as_str()))
    }

    fn find_unit(&self, written: &str) -> Option<&UnitSpelling> {
        // An exact spelling takes precedence over one that ignores case.
        let exact = |unit: &&UnitSpelling| unit.id == written.trim();
        let wanted = normalise_text(written);
        let like = |unit: &&UnitSpelling| {
            normalise_text(&unit.id) == wanted
                || unit.also.iter().any(|also| normalise_text(also) == wanted)
        };
        let units = &self.units;
        units.iter().find(exact).or_else(|| units.iter().find(like))
    }

    /// All units, as the ledger spells them.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.units.iter().map(|unit| unit.id.as_str())
    }

    /// Unit as the ledger spells it, from a written unit.
    pub fn unit_id(&self, written: &str) -> Option<&str> {
        self.find_unit(written).map(|unit| unit.id.as_str())
    }

    /// Units that can be converted into `unit`, as a list for a message.
    pub fn convertible_units(&self, unit: &str) -> String {
        match self.find_unit(unit) {
            Some(known) => self.units_of_kinds(&[&known.kind]),
            None => unit.to_owned(),
        }
    }

    /// Units that measure this dimension, as a list for a message.
    pub fn units_measuring(&self, wanted: LedgerDimension) -> String {
        self.units_of_kinds(wanted.unit_kinds())
    }

    fn units_of_kinds(&self, kinds: &[&str]) -> String {
        let units = self.units.iter();
        let alike = units.filter(|unit| kinds.contains(&unit.kind.as_str()));
        let ids: Vec<&str> = alike.map(|unit| unit.id.as_str()).collect();
        ids.join(", ")
    }

    /// Field that a column heading stands for.
    pub fn column_field(&self, heading: &str) -> Option<&str> {
        find_meaning(&self.columns, heading)
    }

    /// Kind of an entry from a word in English or another language.
    pub fn sort(&self, text: &str) -> Option<EntryKind> {
        parse_word(&self.words, text)
    }

    /// Basis of a quantity from a word in English or another language.
    pub fn parse_basis(&self, text: &str) -> Option<QuantityBasis> {
        parse_word(&self.words, text)
    }
}

fn parse_word<T: FromStr>(words: &BTreeMap<String, Vec<String>>, text: &str) -> Option<T> {
    let wanted = normalise_text(text);
    if let Ok(found) = wanted.parse() {
        return Some(found);
    }
    // One word may stand for several keys in different columns; the key that parses as `T` is
    // meant.
    words
        .iter()
        .filter(|(_, also)| also.iter().any(|also| normalise_text(also) == wanted))
        .find_map(|(word, _)| word.parse().ok())
}

fn find_meaning<'a>(words: &'a BTreeMap<String, Vec<String>>, text: &str) -> Option<&'a str> {
    let wanted = normalise_text(text);
    words
        .iter()
        .find(|(word, also)| {
            **word == wanted || also.iter().any(|also| normalise_text(also) == wanted)
        })
        .map(|(word, _)| word.as_str())
}

fn checked_definition(raw: RawDefinition) -> Option<IndicatorDefinition> {
    let known = raw.known.iter().map(|word| word.parse().ok());
    Some(IndicatorDefinition {
        id: raw.id.into(),
        programme: raw.programme.into(),
        name: raw.name,
        unit: raw.unit.into(),
        decimals: raw.decimals,
        total: raw.total,
        known: known.collect::<Option<_>>()?,
        print: raw.print,
        needs: raw.needs,
        never: raw.never,
        example: ExactNumber::parse_quantity(&raw.example.to_string())?,
        factors: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_indicator_is_whole() {
        let file: DefinitionsFile = toml::from_str(BUILT_IN_TOML).unwrap();
        let count = file.indicator.len();
        let definitions = IndicatorDefinitions::built_in();
        assert_eq!(definitions.all().len(), count);
        for definition in definitions.all() {
            assert!(
                definitions.find_unit(&definition.unit).is_some(),
                "{definition:?}"
            );
            assert!(
                definition.known.contains(&QuantityBasis::Declared),
                "{definition:?}"
            );
            let same = definitions
                .all()
                .iter()
                .filter(|one| one.id == definition.id);
            assert_eq!(same.count(), 1, "{}", definition.id);
        }
    }

    #[test]
    fn every_programme_of_the_seed_sites_can_be_written_down() {
        let definitions = IndicatorDefinitions::built_in();
        let programmes = [
            "bsf", "jelantah", "belt", "coconut", "batik", "waste", "proklim", "disaster", "trees",
            "people", "money",
        ];
        for programme in programmes {
            let has = |one: &IndicatorDefinition| &*one.programme == programme;
            assert!(definitions.all().iter().any(has), "{programme}");
        }
    }

    #[test]
    fn units_of_one_kind_are_converted_by_powers_of_ten() {
        let definitions = IndicatorDefinitions::built_in();
        assert_eq!(definitions.power_between("gram", "kg"), Some(-3));
        assert_eq!(definitions.power_between("ton", "kg"), Some(3));
        assert_eq!(definitions.power_between("kg", "t"), Some(-3));
        assert_eq!(definitions.power_between("mL", "L"), Some(-3));
        assert_eq!(definitions.power_between("m³", "L"), Some(3));
        assert_eq!(definitions.power_between("Rp juta", "IDR"), Some(6));
        assert_eq!(definitions.power_between("L", "kg"), None);
        assert_eq!(definitions.power_between("parsec", "kg"), None);
    }

    #[test]
    fn a_quantity_is_converted_within_its_dimension_only() {
        let definitions = IndicatorDefinitions::built_in();
        assert_eq!(definitions.convert_quantity(2.5, "t", "kg"), Some(2500.0));
        assert_eq!(definitions.convert_quantity(2.3, "kg", "t"), Some(0.0023));
        assert_eq!(definitions.convert_quantity(7.0, "kegiatan", ""), Some(7.0));
        assert_eq!(definitions.convert_quantity(7.0, "kg", ""), None);
        assert_eq!(definitions.convert_quantity(7.0, "pcs", "kg"), None);
        for (dimension, units) in [
            (LedgerDimension::Mass, "kg, g, ons, kuintal, t"),
            (LedgerDimension::Volume, "L, mL, m3"),
            (LedgerDimension::Count, "pcs, kegiatan"),
        ] {
            assert_eq!(definitions.units_measuring(dimension), units);
        }
    }

    #[test]
    fn a_misspelt_indicator_has_a_nearest_one_and_a_strange_one_none() {
        let definitions = IndicatorDefinitions::built_in();
        assert_eq!(definitions.nearest_id("bsf-magot"), Some("bsf-maggot"));
        assert_eq!(definitions.nearest_id("xyzzy"), None);
        assert_eq!(
            &*definitions.find_by_name("maggot dipanen").unwrap().id,
            "bsf-maggot"
        );
    }
    #[test]
    fn words_that_are_no_longer_written_are_still_read() {
        let definitions = IndicatorDefinitions::built_in();
        let old = definitions.find_by_name("sampah organik diumpankan ke maggot");
        assert_eq!(&*old.unwrap().id, "bsf-fed");
        assert_eq!(definitions.column_field("Lot"), Some("what"));
        assert_eq!(
            definitions.sort("Kondisi awal (baseline)"),
            Some(EntryKind::Baseline)
        );
    }
}

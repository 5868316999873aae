//! What may be written down: indicators, units and words, as data (`config/indicators.toml`).

use crate::model::decimal::Decimal;
use crate::model::ledger::{Known, Sort};
use crate::words::Lang;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

static BUILT_IN: &str = include_str!("../../../config/indicators.toml");
/// A likeness (Jaro-Winkler) below this is no help.
const LIKENESS_MIN: f64 = 0.75;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both {
    /// Bahasa Indonesia.
    pub id: String,
    /// English.
    pub en: String,
}

/// How entries of a period become one figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Total {
    /// They are added: a flow.
    Sum,
    /// The latest counts: a stock such as members or trees alive.
    Last,
}

/// An indicator that people write down.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Id, `bsf-maggot`.
    pub id: Arc<str>,
    /// The programme it belongs to, `bsf`.
    pub programme: Arc<str>,
    /// Name for people.
    pub name: Both,
    /// Unit in which the ledger keeps it.
    pub unit: Arc<str>,
    /// Digits behind the point in a report; with 0 only whole numbers are taken.
    pub decimals: u8,
    /// How entries of a period become one figure.
    pub total: Total,
    /// How it may be known.
    pub known: Vec<Known>,
    /// What may be printed of it.
    pub print: Both,
    /// What must be supplied before more may be said.
    pub needs: Both,
    /// What may not be printed.
    pub never: Both,
    /// A believable quantity, for the template.
    pub example: Decimal,
    /// Id of the factor that makes an effect of the quantity; `None`: a quantity alone.
    pub factor: Option<Arc<str>>,
}

/// A way to write a unit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    id: String,
    kind: String,
    /// Power of ten to the kind's first unit.
    power: i8,
    also: Vec<String>,
}

/// Everything that may be written down at a site.
#[derive(Clone, Debug)]
pub struct Definitions {
    indicators: Vec<Definition>,
    units: Vec<Unit>,
    columns: BTreeMap<String, Vec<String>>,
    words: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    columns: BTreeMap<String, Vec<String>>,
    words: BTreeMap<String, Vec<String>>,
    unit: Vec<Unit>,
    indicator: Vec<RawDefinition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDefinition {
    id: String,
    programme: String,
    name: Both,
    unit: String,
    decimals: u8,
    total: Total,
    known: Vec<String>,
    print: Both,
    needs: Both,
    never: Both,
    example: f64,
}

static PARSED: LazyLock<Definitions> = LazyLock::new(|| {
    // A test holds that the file inside the binary is well-formed.
    let file: Option<File> = toml::from_str(BUILT_IN).ok();
    file.map_or_else(Definitions::empty, Definitions::of)
});

impl Both {
    /// The text in one language.
    pub fn text(&self, lang: Lang) -> &str {
        match lang {
            Lang::Id => &self.id,
            Lang::En => &self.en,
        }
    }
}

impl Definitions {
    /// The built-in list.
    pub fn built_in() -> Self {
        PARSED.clone()
    }

    /// With a site's own indicators, which replace built-in ones of the same id.
    #[must_use]
    pub fn with(mut self, own: impl IntoIterator<Item = Definition>) -> Self {
        for definition in own {
            self.indicators.retain(|known| known.id != definition.id);
            self.indicators.push(definition);
        }
        self
    }

    fn empty() -> Self {
        Self {
            indicators: Vec::new(),
            units: Vec::new(),
            columns: BTreeMap::new(),
            words: BTreeMap::new(),
        }
    }

    fn of(file: File) -> Self {
        Self {
            indicators: file.indicator.into_iter().filter_map(believed).collect(),
            units: file.unit,
            columns: file.columns,
            words: file.words,
        }
    }

    /// All indicators.
    pub fn all(&self) -> &[Definition] {
        &self.indicators
    }

    /// The indicator of this id; upper and lower case are the same.
    pub fn find(&self, id: &str) -> Option<&Definition> {
        let same = |definition: &&Definition| definition.id.eq_ignore_ascii_case(id);
        self.indicators.iter().find(same)
    }

    /// The indicator of this id, or of exactly this name in either language.
    pub fn named(&self, text: &str) -> Option<&Definition> {
        let wanted = plain(text);
        let has = |definition: &&Definition| {
            let name = &definition.name;
            plain(&name.id) == wanted || plain(&name.en) == wanted
        };
        self.find(text.trim())
            .or_else(|| self.indicators.iter().find(has))
    }

    /// The id that is most like the text, by id or name.
    pub fn nearest(&self, text: &str) -> Option<&str> {
        let wanted = plain(text);
        let likeness = |definition: &Definition| {
            let names = [&*definition.id, &definition.name.id, &definition.name.en];
            let all = names.map(|name| strsim::jaro_winkler(&wanted, &plain(name)));
            all.into_iter().fold(0.0, f64::max)
        };
        let all = self.indicators.iter().map(|one| (likeness(one), &*one.id));
        let best = all.max_by(|a, b| a.0.total_cmp(&b.0));
        best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .map(|(_, id)| id)
    }

    /// The power of ten from a unit as somebody wrote it to the unit `to`; `None` when they do not
    /// measure the same.
    pub fn power(&self, written: &str, to: &str) -> Option<i8> {
        if plain(written) == plain(to) {
            return Some(0);
        }
        let (from, to) = (self.unit(written)?, self.unit(to)?);
        (from.kind == to.kind).then_some(from.power - to.power)
    }

    fn unit(&self, written: &str) -> Option<&Unit> {
        let exact = |unit: &&Unit| unit.id == written.trim();
        let wanted = plain(written);
        let like = |unit: &&Unit| {
            plain(&unit.id) == wanted || unit.also.iter().any(|also| plain(also) == wanted)
        };
        let units = &self.units;
        units.iter().find(exact).or_else(|| units.iter().find(like))
    }

    /// Every unit, as the ledger spells it.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.units.iter().map(|unit| unit.id.as_str())
    }

    /// A unit as the ledger spells it, from how somebody wrote it.
    pub fn spelled(&self, written: &str) -> Option<&str> {
        self.unit(written).map(|unit| unit.id.as_str())
    }

    /// The units that can be converted into `unit`, for a sentence.
    pub fn alike(&self, unit: &str) -> String {
        let Some(known) = self.unit(unit) else {
            return unit.to_owned();
        };
        let alike = self.units.iter().filter(|one| one.kind == known.kind);
        let ids: Vec<&str> = alike.map(|one| one.id.as_str()).collect();
        ids.join(", ")
    }

    /// The field that a heading means.
    pub fn column(&self, heading: &str) -> Option<&str> {
        meaning(&self.columns, heading)
    }

    /// Record, target or baseline, in our word or another language's.
    pub fn sort(&self, text: &str) -> Option<Sort> {
        word(&self.words, text)
    }

    /// Weighed, metered, counted or declared, in our word or another language's.
    pub fn known(&self, text: &str) -> Option<Known> {
        word(&self.words, text)
    }
}

fn word<T: FromStr>(words: &BTreeMap<String, Vec<String>>, text: &str) -> Option<T> {
    let wanted = plain(text);
    if let Ok(found) = wanted.parse() {
        return Some(found);
    }
    // A word may stand for several of ours in different columns: the one that fits is meant.
    words
        .iter()
        .filter(|(_, also)| also.iter().any(|also| plain(also) == wanted))
        .find_map(|(word, _)| word.parse().ok())
}

fn meaning<'a>(words: &'a BTreeMap<String, Vec<String>>, text: &str) -> Option<&'a str> {
    let wanted = plain(text);
    words
        .iter()
        .find(|(word, also)| **word == wanted || also.iter().any(|also| plain(also) == wanted))
        .map(|(word, _)| word.as_str())
}

/// Small letters, single spaces; `_` and `-` are spaces.
fn plain(text: &str) -> String {
    let spaced = text.replace(['_', '-'], " ").to_lowercase();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn believed(raw: RawDefinition) -> Option<Definition> {
    let known = raw.known.iter().map(|word| word.parse().ok());
    Some(Definition {
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
        example: raw.example.to_string().parse().ok()?,
        factor: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_indicator_is_whole() {
        let file: File = toml::from_str(BUILT_IN).unwrap();
        let count = file.indicator.len();
        let definitions = Definitions::built_in();
        assert_eq!(definitions.all().len(), count);
        for definition in definitions.all() {
            assert!(
                definitions.unit(&definition.unit).is_some(),
                "{definition:?}"
            );
            assert!(
                definition.known.contains(&Known::Declared),
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
        let definitions = Definitions::built_in();
        let programmes = [
            "bsf", "jelantah", "belt", "coconut", "batik", "waste", "proklim", "disaster", "trees",
            "people", "money",
        ];
        for programme in programmes {
            let has = |one: &Definition| &*one.programme == programme;
            assert!(definitions.all().iter().any(has), "{programme}");
        }
    }

    #[test]
    fn units_of_one_kind_are_converted_by_powers_of_ten() {
        let definitions = Definitions::built_in();
        assert_eq!(definitions.power("gram", "kg"), Some(-3));
        assert_eq!(definitions.power("ton", "kg"), Some(3));
        assert_eq!(definitions.power("kg", "t"), Some(-3));
        assert_eq!(definitions.power("mL", "L"), Some(-3));
        assert_eq!(definitions.power("m³", "L"), Some(3));
        assert_eq!(definitions.power("Rp juta", "IDR"), Some(6));
        assert_eq!(definitions.power("L", "kg"), None);
        assert_eq!(definitions.power("parsec", "kg"), None);
    }

    #[test]
    fn a_misspelt_indicator_has_a_nearest_one_and_a_strange_one_none() {
        let definitions = Definitions::built_in();
        assert_eq!(definitions.nearest("bsf-magot"), Some("bsf-maggot"));
        assert_eq!(definitions.nearest("xyzzy"), None);
        assert_eq!(
            &*definitions.named("maggot dipanen").unwrap().id,
            "bsf-maggot"
        );
    }
}

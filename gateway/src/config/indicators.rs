//! `[[indicator]]`: what the site's people write down beyond the built-in list, or otherwise than
//! it.

use crate::config::factors::{Factors, chosen};
use crate::config::notes::Notes;
use crate::config::raw::{At, Number, Text, Whole};
use crate::ledger::{Both, Definition, Definitions, Total};
use crate::limits::INDICATORS_MAX;
use crate::model::decimal::Decimal;
use crate::model::factor::Factor;
use crate::model::ledger::Known;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most digits behind the point that a report prints of an entry.
const DECIMALS_MAX: i64 = 6;

/// `[[indicator]]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawIndicator {
    /// Letters, digits, `-` and `_`; that of a built-in one changes it.
    #[schemars(required)]
    id: Text,
    /// Name for people.
    name: Option<At<RawBoth>>,
    /// The programme it belongs to, `other` when left out.
    programme: Text,
    /// Unit in which the ledger keeps it: `kg`, `L`, `pcs`, `orang`, `IDR`, ...
    unit: Text,
    /// Digits behind the point in a report, 0 when left out: whole numbers only.
    decimals: Whole,
    /// How a period is totalled, `sum` when left out.
    total: Option<At<RawTotal>>,
    /// How it may be known; the first is assumed when nothing is said.
    #[serde(default)]
    known: Vec<At<RawKnown>>,
    /// Id of the factor that makes an effect of the quantity.
    factor: Text,
    /// What may be printed of it.
    print: Option<At<RawBoth>>,
    /// What must be supplied before more may be said.
    needs: Option<At<RawBoth>>,
    /// What may not be printed.
    never: Option<At<RawBoth>>,
    /// A believable quantity, for the table to fill in.
    example: Number,
}

/// A text in both languages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBoth {
    /// Bahasa Indonesia.
    #[schemars(required)]
    id: Text,
    /// English.
    #[schemars(required)]
    en: Text,
}

/// How a period is totalled.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawTotal {
    /// Entries are added: a flow.
    Sum,
    /// The latest counts: a stock such as members or trees alive.
    Last,
}

/// How a quantity is known.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawKnown {
    Weighed,
    Metered,
    Counted,
    Declared,
}

/// The built-in list and the site's own.
pub(crate) fn definitions(
    notes: &mut Notes<'_>,
    raw: &[At<RawIndicator>],
    factors: &Factors,
) -> Definitions {
    let built_in = Definitions::built_in();
    if let Some(extra) = raw.get(INDICATORS_MAX) {
        let (found, most) = (raw.len().to_string(), INDICATORS_MAX.to_string());
        notes.fault(extra.span(), "indicator", "fault-too-many", &found, &most);
    }
    let mut seen = BTreeSet::new();
    let own: Vec<Definition> = raw
        .iter()
        .map(|at| indicator(notes, at, &built_in, factors, &mut seen))
        .collect();
    built_in.with(own)
}

fn indicator(
    notes: &mut Notes<'_>,
    at: &At<RawIndicator>,
    built_in: &Definitions,
    factors: &Factors,
    seen: &mut BTreeSet<String>,
) -> Definition {
    let raw = at.get();
    let id = notes.id(&raw.id, seen);
    let base = built_in.find(&id);
    let name = both(raw.name.as_ref()).or_else(|| base.map(|base| base.name.clone()));
    let unit = unit(notes, raw, built_in).or_else(|| base.map(|base| Arc::clone(&base.unit)));
    let needed = [
        ("name", name.is_none() && raw.name.is_none()),
        ("unit", unit.is_none() && raw.unit.is_none()),
    ];
    for (key, _) in needed.iter().filter(|(_, missing)| *missing) {
        notes.fault(at.span(), key, "fault-missing", "", "");
    }
    let unit = unit.unwrap_or_else(|| Arc::from(""));
    let decimals = notes.ranged(&raw.decimals, "decimals", 0..=DECIMALS_MAX);
    let text = |typed: &Option<At<RawBoth>>, base: Option<&Both>| {
        both(typed.as_ref())
            .or_else(|| base.cloned())
            .unwrap_or_else(empty)
    };
    Definition {
        programme: programme(notes, raw, base),
        name: name.unwrap_or_else(empty),
        decimals: decimals.or(base.map(|base| base.decimals)).unwrap_or(0),
        total: total(raw)
            .or(base.map(|base| base.total))
            .unwrap_or(Total::Sum),
        known: known(raw, base),
        print: text(&raw.print, base.map(|base| &base.print)),
        needs: text(&raw.needs, base.map(|base| &base.needs)),
        never: text(&raw.never, base.map(|base| &base.never)),
        example: example(notes, raw, base),
        factor: factor(notes, raw, factors, built_in, &unit),
        unit,
        id,
    }
}

fn empty() -> Both {
    Both {
        id: String::new(),
        en: String::new(),
    }
}

fn both(typed: Option<&At<RawBoth>>) -> Option<Both> {
    let raw = typed?.get();
    Some(Both {
        id: raw.id.as_ref()?.get().clone(),
        en: raw.en.as_ref()?.get().clone(),
    })
}

fn programme(notes: &mut Notes<'_>, raw: &RawIndicator, base: Option<&Definition>) -> Arc<str> {
    let word = |text: &str| crate::config::values::is_id(text).then(|| Arc::from(text));
    let own = notes.parsed(&raw.programme, "programme", word, "fault-expect-id");
    let base = base.map(|base| Arc::clone(&base.programme));
    own.or(base).unwrap_or_else(|| Arc::from("other"))
}

fn unit(notes: &mut Notes<'_>, raw: &RawIndicator, built_in: &Definitions) -> Option<Arc<str>> {
    let at = raw.unit.as_ref()?;
    if let Some(unit) = built_in.spelled(at.get()) {
        return Some(Arc::from(unit));
    }
    let all: Vec<&str> = built_in.units().collect();
    let hint = crate::config::fault::nearest(at.get(), all.iter().copied());
    notes.add(
        at.span(),
        "unit",
        "fault-unknown-unit",
        at.get(),
        &all.join(", "),
        hint,
    );
    None
}

fn total(raw: &RawIndicator) -> Option<Total> {
    Some(match raw.total.as_ref()?.get() {
        RawTotal::Sum => Total::Sum,
        RawTotal::Last => Total::Last,
    })
}

fn known(raw: &RawIndicator, base: Option<&Definition>) -> Vec<Known> {
    let word = |at: &At<RawKnown>| match at.get() {
        RawKnown::Weighed => Known::Weighed,
        RawKnown::Metered => Known::Metered,
        RawKnown::Counted => Known::Counted,
        RawKnown::Declared => Known::Declared,
    };
    match (raw.known.is_empty(), base) {
        (false, _) => raw.known.iter().map(word).collect(),
        (true, Some(base)) => base.known.clone(),
        (true, None) => vec![Known::Declared],
    }
}

fn example(notes: &mut Notes<'_>, raw: &RawIndicator, base: Option<&Definition>) -> Decimal {
    let own = notes.positive(&raw.example, "example");
    let own = own.and_then(|number| number.to_string().parse().ok());
    own.or(base.map(|base| base.example))
        .or_else(|| Decimal::new(1, 0))
        .unwrap_or_default()
}

/// A factor for each of the indicator's unit, or of one that can be converted.
fn factor(
    notes: &mut Notes<'_>,
    raw: &RawIndicator,
    factors: &Factors,
    built_in: &Definitions,
    unit: &str,
) -> Option<Arc<str>> {
    if unit.is_empty() {
        // The unit has its fault; without it nothing can be said of the factor.
        return None;
    }
    let fits = |factor: &Factor| {
        let under = factor.unit.under();
        under.is_some_and(|under| built_in.power(unit, under).is_some())
    };
    let expected = format!("tCO2e/{unit}, IDR/{unit}");
    chosen(notes, factors, &raw.factor, "factor", &expected, fits)
        .map(|factor| Arc::clone(&factor.id))
}

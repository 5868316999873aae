//! [`definitions`]: checks `[[indicator]]`, the ledger indicators that a site adds or changes.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::factors::{Factors, choose_factor_at};
use crate::config::raw_values::{OneOrMany, RawInteger, RawNumber, RawText, SpannedValue};
use crate::domain::ExactNumber;
use crate::domain::factor::Factor;
use crate::domain::ledger::QuantityBasis;
use crate::ledger::{BilingualText, IndicatorDefinition, IndicatorDefinitions, TotalRule};
use crate::limits::INDICATORS_MAX;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Maximum decimals that a report prints of an entry.
const DECIMALS_MAX: i64 = 6;

/// `[[indicator]]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawIndicator {
    /// Letters, digits, `-` and `_`; the id of a built-in indicator changes that one.
    #[schemars(required)]
    id: RawText,
    /// Name for people.
    name: Option<SpannedValue<RawBilingualText>>,
    /// Programme to which it belongs, `other` by default.
    programme: RawText,
    /// Unit in which the ledger stores it: `kg`, `L`, `pcs`, `orang`, `IDR`, ...
    unit: RawText,
    /// Decimals in a report, 0 by default.
    decimals: RawInteger,
    /// Total of a period, `sum` by default.
    total: Option<SpannedValue<RawTotalRule>>,
    /// Ways in which the quantity may be known; the first is the default of an entry.
    #[serde(default)]
    known: Vec<SpannedValue<RawKnownBy>>,
    /// Id of the factor that converts the quantity into an effect, or a list of them, each for the
    /// entries of the days on which it is valid.
    #[serde(default)]
    factor: OneOrMany<String>,
    /// Statement that may be printed.
    print: Option<SpannedValue<RawBilingualText>>,
    /// Data that must be supplied before more may be printed.
    needs: Option<SpannedValue<RawBilingualText>>,
    /// Statement that may not be printed.
    never: Option<SpannedValue<RawBilingualText>>,
    /// Plausible quantity, for the table to fill in.
    example: RawNumber,
}

/// Text in both languages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawBilingualText {
    /// Bahasa Indonesia.
    #[schemars(required)]
    id: RawText,
    /// English.
    #[schemars(required)]
    en: RawText,
}

/// Total of a period.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawTotalRule {
    /// Entries are added: a flow.
    Sum,
    /// The latest entry counts: a stock such as members or living trees.
    Last,
}

/// Way in which a quantity is known.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawKnownBy {
    Weighed,
    Metered,
    Counted,
    Declared,
}

/// Returns the built-in indicators together with the site's own.
pub(crate) fn check_indicators(
    notes: &mut DiagnosticCollector<'_>,
    raw: &[SpannedValue<RawIndicator>],
    factors: &Factors,
) -> IndicatorDefinitions {
    let built_in = IndicatorDefinitions::built_in();
    if let Some(extra) = raw.get(INDICATORS_MAX) {
        let (found, most) = (raw.len().to_string(), INDICATORS_MAX.to_string());
        notes.add_error(extra.span(), "indicator", "fault-too-many", &found, &most);
    }
    let mut seen = BTreeSet::new();
    let own: Vec<IndicatorDefinition> = raw
        .iter()
        .map(|at| check_indicator(notes, at, &built_in, factors, &mut seen))
        .collect();
    built_in.with_site_indicators(own)
}

fn check_indicator(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<RawIndicator>,
    built_in: &IndicatorDefinitions,
    factors: &Factors,
    seen: &mut BTreeSet<String>,
) -> IndicatorDefinition {
    let raw = at.get();
    // An id of the built-in list changes that indicator: absent keys keep their built-in values.
    let id = notes.id(&raw.id, seen);
    let base = built_in.find(&id);
    let name = convert_text(raw.name.as_ref()).or_else(|| base.map(|base| base.name.clone()));
    let unit = check_unit(notes, raw, built_in).or_else(|| base.map(|base| Arc::clone(&base.unit)));
    let needed = [
        ("name", name.is_none() && raw.name.is_none()),
        ("unit", unit.is_none() && raw.unit.is_none()),
    ];
    for (key, _) in needed.iter().filter(|(_, missing)| *missing) {
        notes.add_error(at.span(), key, "fault-missing", "", "");
    }
    // Empty only after an error, which has been reported above.
    let unit = unit.unwrap_or_else(|| Arc::from(""));
    let decimals = notes.integer_in_range(&raw.decimals, "decimals", 0..=DECIMALS_MAX);
    let text = |typed: &Option<SpannedValue<RawBilingualText>>, base: Option<&BilingualText>| {
        convert_text(typed.as_ref())
            .or_else(|| base.cloned())
            .unwrap_or_else(empty_text)
    };
    IndicatorDefinition {
        programme: check_programme(notes, raw, base),
        name: name.unwrap_or_else(empty_text),
        decimals: decimals.or(base.map(|base| base.decimals)).unwrap_or(0),
        total: convert_total(raw)
            .or(base.map(|base| base.total))
            .unwrap_or(TotalRule::Sum),
        known: convert_known(raw, base),
        print: text(&raw.print, base.map(|base| &base.print)),
        needs: text(&raw.needs, base.map(|base| &base.needs)),
        never: text(&raw.never, base.map(|base| &base.never)),
        example: check_example(notes, raw, base),
        factors: check_factors(notes, raw, factors, built_in, &unit),
        unit,
        id,
    }
}

fn empty_text() -> BilingualText {
    BilingualText {
        id: String::new(),
        en: String::new(),
    }
}

fn convert_text(typed: Option<&SpannedValue<RawBilingualText>>) -> Option<BilingualText> {
    let raw = typed?.get();
    Some(BilingualText {
        id: raw.id.as_ref()?.get().clone(),
        en: raw.en.as_ref()?.get().clone(),
    })
}

fn check_programme(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawIndicator,
    base: Option<&IndicatorDefinition>,
) -> Arc<str> {
    let word = |text: &str| crate::config::value_syntax::is_id(text).then(|| Arc::from(text));
    let own = notes.parsed_text(&raw.programme, "programme", word, "fault-expect-id");
    let base = base.map(|base| Arc::clone(&base.programme));
    own.or(base).unwrap_or_else(|| Arc::from("other"))
}

fn check_unit(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawIndicator,
    built_in: &IndicatorDefinitions,
) -> Option<Arc<str>> {
    let at = raw.unit.as_ref()?;
    if let Some(unit) = built_in.unit_id(at.get()) {
        return Some(Arc::from(unit));
    }
    let all: Vec<&str> = built_in.units().collect();
    let hint = crate::config::diagnostic::nearest_name(at.get(), all.iter().copied());
    notes.add_error_with_hint(
        at.span(),
        "unit",
        "fault-unknown-unit",
        at.get(),
        &all.join(", "),
        hint,
    );
    None
}

fn convert_total(raw: &RawIndicator) -> Option<TotalRule> {
    Some(match raw.total.as_ref()?.get() {
        RawTotalRule::Sum => TotalRule::Sum,
        RawTotalRule::Last => TotalRule::Last,
    })
}

fn convert_known(raw: &RawIndicator, base: Option<&IndicatorDefinition>) -> Vec<QuantityBasis> {
    let word = |at: &SpannedValue<RawKnownBy>| match at.get() {
        RawKnownBy::Weighed => QuantityBasis::Weighed,
        RawKnownBy::Metered => QuantityBasis::Metered,
        RawKnownBy::Counted => QuantityBasis::Counted,
        RawKnownBy::Declared => QuantityBasis::Declared,
    };
    match (raw.known.is_empty(), base) {
        (false, _) => raw.known.iter().map(word).collect(),
        (true, Some(base)) => base.known.clone(),
        (true, None) => vec![QuantityBasis::Declared],
    }
}

fn check_example(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawIndicator,
    base: Option<&IndicatorDefinition>,
) -> ExactNumber {
    let own = notes.positive_number(&raw.example, "example");
    let own = own.and_then(|number| ExactNumber::parse_quantity(&number.to_string()));
    own.or(base.map(|base| base.example))
        .unwrap_or(ExactNumber::Decimal {
            mantissa: 1,
            exponent: 0,
        })
}

/// Checks the factors: their unit must be per unit of the indicator, or of a convertible unit, and
/// all must give one effect.
fn check_factors(
    notes: &mut DiagnosticCollector<'_>,
    raw: &RawIndicator,
    factors: &Factors,
    built_in: &IndicatorDefinitions,
    unit: &str,
) -> Vec<Arc<str>> {
    if unit.is_empty() {
        // The missing unit is reported already; the factor cannot be checked without it.
        return Vec::new();
    }
    let fits = |factor: &Factor| {
        let under = factor.unit.denominator_symbol();
        under.is_some_and(|under| built_in.power_between(unit, under).is_some())
    };
    let expected = format!("tCO2e/{unit}, IDR/{unit}");
    let mut all: Vec<Arc<Factor>> = Vec::new();
    for at in raw.factor.all() {
        let chosen = choose_factor_at(notes, factors, at, ("factor", &expected), fits);
        let Some(factor) = chosen else {
            continue;
        };
        let effect = |factor: &Factor| factor.unit.text().split('/').next().map(str::to_owned);
        match all.first() {
            Some(first) if effect(first) != effect(&factor) => {
                let found = format!("{} ({})", factor.id, factor.unit);
                let wanted = first.unit.text();
                notes.add_error(at.span(), "factor", "fault-factor-unit", &found, wanted);
            }
            _ => {
                if let Some(other) = all.iter().find(|one| hold_together(one, &factor)) {
                    let what = "fault-factors-together";
                    notes.add_error(at.span(), "factor", what, &factor.id, &other.id);
                }
                all.push(factor);
            }
        }
    }
    all.iter().map(|factor| Arc::clone(&factor.id)).collect()
}

/// Whether two factors hold on a common day, so that either could be taken.
fn hold_together(one: &Factor, other: &Factor) -> bool {
    let days = |factor: &Factor| {
        let first = factor.valid_from.unwrap_or(Date::MIN);
        (first, factor.valid_to.unwrap_or(Date::MAX))
    };
    let (own, others) = (days(one), days(other));
    own.0 <= others.1 && others.0 <= own.1
}

#[cfg(test)]
mod tests {
    use crate::config::{Diagnostic, load_config_text};

    /// Faults of a site with these tariffs of an indicator in kWh.
    fn faults_of(tariffs: &str) -> Vec<Diagnostic> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("own.toml"), tariffs).unwrap();
        let demo = include_str!("../../assets/demo.toml");
        let text = format!(
            "{demo}\n[[indicator]]\nid = 'pln-hemat'\nunit = 'kWh'\n\
             name = {{ id = 'PLN hemat', en = 'Grid energy saved' }}\nknown = ['metered']\n\
             factor = ['t.1', 't.2']\n[factors]\nfile = 'own.toml'\n[report]\n\
             headlines = ['co2.net', 'ledger.pln-hemat.effect', 'pump.volume', 'plts.pr']\n"
        );
        let file = dir.path().join("pantau.toml");
        let loaded = load_config_text(&text, &file, &|_| None);
        loaded.map_or_else(|faults| faults.0, |config| config.warnings)
    }

    fn tariff(id: &str, value: &str, unit: &str, days: &str) -> String {
        format!(
            "[[factor]]\nid = '{id}'\nvalue = {value}\nunit = '{unit}'\nsource = 'decree'\n\
             status = 'official_text'\n{days}\n"
        )
    }

    #[test]
    fn tariffs_follow_each_other_and_a_faulty_one_is_told_once_with_its_reason() {
        let early = "valid_to = 2026-06-30";
        let second = tariff("t.2", "1699.53", "IDR/kWh", "valid_from = 2026-07-01");
        for (value, unit, days, what) in [
            ("1444.70", "IDR/kWh", early, None),
            ("1444.70", "IDR/kWh", "", Some("fault-factors-together")),
            (
                "1444.70",
                "IDR/kWh",
                "valid_to = 2026-07-01",
                Some("fault-factors-together"),
            ),
            ("-1444.70", "IDR/kWh", early, Some("fault-range")),
            ("0", "IDR/kWh", early, Some("fault-range")),
            ("1444.70", "Rp/kWh", early, Some("fault-value")),
            // A point for thousands, or a comma, that was taken for the other.
            ("1.4447", "IDR/kWh", early, Some("fault-range")),
            ("14447", "IDR/kWh", early, Some("fault-unusual")),
            ("144470", "IDR/kWh", early, Some("fault-range")),
        ] {
            let told = faults_of(&(tariff("t.1", value, unit, days) + &second));
            let found: Vec<&str> = told.iter().map(|fault| fault.what).collect();
            assert_eq!(
                found,
                what.into_iter().collect::<Vec<_>>(),
                "{value} {unit} {days}"
            );
        }
    }
}

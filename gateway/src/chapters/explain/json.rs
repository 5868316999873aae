//! The JSON of a figure and of its way down: one shape for the API and the command line.

use super::Explanation;
use crate::chapters::book::Book;
use crate::chapters::{digits, naming};
use crate::model::UtcMs;
use crate::model::factor::{Factor, Headline};
use crate::model::indicator::{Indicator, Input, Readings, Source};
use crate::report::format::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

/// A figure of an asset or of the site over a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IndicatorJson {
    /// Stable id, `plts.generation`.
    pub id: String,
    /// The asset that it is about; null: the site.
    pub asset: Option<String>,
    /// Its name in the language asked for.
    pub name: String,
    /// `2026-11`.
    pub period: String,
    /// The unrounded number in `unit`; null with a `reason` when none can be defended.
    pub value: Option<f64>,
    /// Why there is no value, in the language asked for.
    pub reason: Option<String>,
    /// Symbol of the unit; empty for a bare number.
    pub unit: String,
    /// Half-width of the 95 % interval (k = 2) in `unit`; null: not known.
    pub uncertainty: Option<f64>,
    /// The same in percent of the value.
    pub uncertainty_pct: Option<f64>,
    /// Share of one of all hours of the period that was measured; null: it is no measurement.
    pub completeness: Option<f64>,
    /// The same of the hours of daylight.
    pub completeness_daylight: Option<f64>,
    /// `measured`, `meter`, `manual`, `estimated` or `declared`.
    pub origin: &'static str,
    /// Method id, `C.3`.
    pub method: &'static str,
    /// Its equation in the symbols of `inputs`.
    pub equation: &'static str,
    /// What went into it, in the order of the equation.
    pub inputs: Vec<InputJson>,
    /// The factors that it stands on.
    pub factors: Vec<FactorJson>,
    /// It may not be said as final: a factor behind it is not confirmed.
    pub provisional: bool,
    /// What a reader must know as well, in the language asked for.
    pub remarks: Vec<String>,
    /// Revision of the configuration and factors.
    pub revision: String,
}

/// One thing that went into a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InputJson {
    /// Its symbol in the equation.
    pub symbol: &'static str,
    /// Its number.
    pub value: Option<f64>,
    /// Symbol of its unit.
    pub unit: String,
    /// `point`, `ledger`, `factor`, `setting`, `indicator` or `constant`.
    pub source: &'static str,
    /// Which one: a point, an indicator, a factor, a key of the configuration.
    pub of: String,
    /// The readings, of a point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readings: Option<ReadingsJson>,
    /// Numbers of the ledger's entries that count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<u64>,
}

/// The readings of a point within the period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingsJson {
    /// Time of the first good reading, RFC 3339 in UTC.
    pub first_at: Option<String>,
    /// The first good reading, in the point's own unit.
    pub first: Option<f64>,
    /// Time of the last good reading.
    pub last_at: Option<String>,
    /// The last good reading.
    pub last: Option<f64>,
    /// Good readings.
    pub good: u64,
    /// Readings that were expected.
    pub expected: u64,
    /// Stretches without a good reading.
    pub gaps: u64,
    /// The longest of them, ms.
    pub longest_gap_ms: i64,
}

/// A factor behind a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FactorJson {
    /// Id, `grid.sumatera.2019.cm5050_expost`.
    pub id: String,
    /// The number, in `unit`.
    pub value: f64,
    /// Its unit, `tCO2/MWh`.
    pub unit: String,
    /// Year of the data.
    pub year: Option<i16>,
    /// Who says so: `official_text`, `transcribed_2plus`, `transcribed_1`, `derived`, `constant`,
    /// `policy`.
    pub status: &'static str,
    /// `firm`, or why it makes a figure provisional.
    pub headline: &'static str,
    /// Where the number is from.
    pub source: String,
}

/// The way down from a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationJson {
    /// The figure.
    pub indicator: IndicatorJson,
    /// Its equation with the numbers in it, in the language asked for.
    pub numbers: String,
    /// The figures among its inputs, explained as well.
    #[schema(no_recursion)]
    pub below: Vec<ExplanationJson>,
}

pub(super) fn explanation(book: &Book<'_>, one: &Explanation<'_>) -> ExplanationJson {
    ExplanationJson {
        indicator: indicator(book, one.indicator),
        numbers: one.numbers.clone(),
        below: one
            .below
            .iter()
            .map(|(_, next)| explanation(book, next))
            .collect(),
    }
}

pub(super) fn indicator(book: &Book<'_>, one: &Indicator) -> IndicatorJson {
    let reason = one.value.as_ref().err();
    let factor = |factor: &std::sync::Arc<Factor>| factor_json(book, factor);
    IndicatorJson {
        id: one.id.to_string(),
        asset: one.asset.as_deref().map(str::to_owned),
        name: book.name(&one.id),
        period: one.period.to_string(),
        value: one.value.as_ref().ok().copied(),
        reason: reason.map(|why| naming::remark(book.lang, why)),
        unit: one.unit.to_string(),
        uncertainty: digits::half_width(one),
        uncertainty_pct: digits::percent(one),
        completeness: one.completeness.all,
        completeness_daylight: one.completeness.daylight,
        origin: one.origin.key(),
        method: one.method,
        equation: one.equation,
        inputs: one.inputs.iter().map(input).collect(),
        factors: one.factors.iter().map(factor).collect(),
        provisional: one.headline != Headline::Firm,
        remarks: crate::chapters::figures::notes(book, one),
        revision: book.matter.account.revision.clone(),
    }
}

fn input(one: &Input) -> InputJson {
    let (source, of) = match &one.from {
        Source::Point(readings) => ("point", readings.point.to_string()),
        Source::Ledger { indicator, .. } => ("ledger", indicator.to_string()),
        Source::Factor(id) => ("factor", id.to_string()),
        Source::Setting(key) => ("setting", key.clone()),
        Source::Indicator(id) => ("indicator", id.to_string()),
        Source::Constant(what) => ("constant", (*what).to_owned()),
    };
    let readings = match &one.from {
        Source::Point(readings) => Some(readings_json(readings)),
        _ => None,
    };
    let entries = match &one.from {
        Source::Ledger { entries, .. } => entries.clone(),
        _ => Vec::new(),
    };
    InputJson {
        symbol: one.symbol,
        value: one.value,
        unit: one.unit.to_string(),
        source,
        of,
        readings,
        entries,
    }
}

fn readings_json(one: &Readings) -> ReadingsJson {
    let time = |read: Option<(UtcMs, f64)>| read.map(|(at, _)| rfc3339(at));
    let value = |read: Option<(UtcMs, f64)>| read.map(|(_, value)| value);
    ReadingsJson {
        first_at: time(one.first),
        first: value(one.first),
        last_at: time(one.last),
        last: value(one.last),
        good: one.good,
        expected: one.expected,
        gaps: one.gaps,
        longest_gap_ms: one.longest_gap_ms,
    }
}

fn factor_json(book: &Book<'_>, one: &Factor) -> FactorJson {
    FactorJson {
        id: one.id.to_string(),
        value: one.value,
        unit: one.unit.text().to_owned(),
        year: one.year,
        status: one.status.word(),
        headline: book.matter.config.factors.headline(one).word(),
        source: one.source.clone(),
    }
}

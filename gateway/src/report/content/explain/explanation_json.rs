//! JSON of a figure and of its explanation, the same for API and command line.

use super::IndicatorExplanation;
use super::equation_lines::EquationLine;
use super::part_text::part_label;
use crate::domain::UtcMs;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::factor::Factor;
use crate::domain::indicator::{
    Indicator, IndicatorInput, InputSource, PointReadings, ValueOrigin,
};
use crate::domain::input_part::{InputPart, PartSource};
use crate::domain::redated_stretch::RedatedStretch;
use crate::domain::sample_import::ImportInPeriod;
use crate::domain::value_bound::ValueBound;
use crate::report::content::context::ReportContext;
use crate::report::content::{display_names, indicator_figures, significant_digits};
use crate::report::render::figure::FigureStatus;
use crate::report::render::number_format::format_rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

/// Word of a figure that must stand in no headline.
const NOT_CLAIMED: &str = "not-claimed";

/// Verdict on a figure. A figure with the verdict `not-claimed` must stand in no headline.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimJson {
    /// `claimable`, `doubtful`, `provisional` or `not-claimed`; null for a figure without a value,
    /// of which there is nothing to claim.
    pub verdict: Option<&'static str>,
    /// Reason: `doubtful`, `no-page`, `page-missing`, `derived`, `bound`, `readings-end`,
    /// `unverified`, `illustrative`, `upper-bound`, `factor-out-of-date`, `certified`,
    /// `implausible` or `insufficient` (too little was measured); null for `claimable` and
    /// without a verdict.
    pub reason: Option<&'static str>,
    /// The reason as sentences in the requested language; null as `reason` is.
    pub text: Option<String>,
}

/// A figure of an asset or of the site over a period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IndicatorValueJson {
    /// Stable id, `plts.generation`.
    pub id: String,
    /// Its asset; null for the site.
    pub asset: Option<String>,
    /// Name in the requested language.
    pub name: String,
    /// Period, `2026-11`.
    pub period: String,
    /// Unrounded value in `unit`; null, with a `reason`, when no value can be defended.
    pub value: Option<f64>,
    /// Reason why there is no value, in the requested language.
    pub reason: Option<String>,
    /// Symbol of the unit; empty for a number without a unit.
    pub unit: String,
    /// Half-width of the 95 % interval (k = 2) in `unit`; null when unknown.
    pub uncertainty: Option<f64>,
    /// Half-width of the 95 % interval in percent of the value.
    pub uncertainty_pct: Option<f64>,
    /// By how much smaller the true value may be beyond that, in `unit`: what was counted across a
    /// gap that began before the period. Null for nothing.
    pub perhaps_less: Option<f64>,
    /// By how much greater, where that is subtracted.
    pub perhaps_more: Option<f64>,
    /// Side on which the true value lies: `lower` (at least the value), `upper` (at most),
    /// `either`; null for a value that is no bound.
    pub bound: Option<&'static str>,
    /// Local time since when it was measured, where its readings begin later than its period,
    /// `2026-11-12T10:12:00`.
    pub measured_since: Option<String>,
    /// Local time until when it was measured, where its readings end earlier than its period.
    pub measured_until: Option<String>,
    /// Measured share of all hours of the period, 0 to 1; null for figures that are no measurement.
    pub completeness: Option<f64>,
    /// Measured share of the daylight hours, 0 to 1.
    pub completeness_daylight: Option<f64>,
    /// Origin: `measured`, `meter`, `imported`, `manual`, `estimated` or `declared`.
    pub origin: &'static str,
    /// Origins of all that it is computed from, in the same words.
    pub origins: Vec<&'static str>,
    /// Method id, `C.3`.
    pub method: &'static str,
    /// Equation in the symbols of `inputs`.
    pub equation: &'static str,
    /// Inputs in the order of the equation.
    pub inputs: Vec<IndicatorInputJson>,
    /// Factors that the figure uses.
    pub factors: Vec<ReportFactorJson>,
    /// True when a factor of the figure is not confirmed, so that it must not be stated as final.
    pub provisional: bool,
    /// Whether the figure may be claimed.
    pub claim: ClaimJson,
    /// Further remarks, in the requested language.
    pub remarks: Vec<String>,
    /// Revision of configuration and factors.
    pub revision: String,
}

/// An input of a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct IndicatorInputJson {
    /// Symbol in the equation.
    pub symbol: &'static str,
    /// Value in `unit`.
    pub value: Option<f64>,
    /// Symbol of the unit.
    pub unit: String,
    /// Kind of source: `point`, `ledger`, `factor`, `setting`, `indicator`, `part` (the
    /// same figure for some days) or `constant`.
    pub source: &'static str,
    /// Id of the source: a point, an indicator, a factor, a key of the configuration.
    pub of: String,
    /// Readings, when the source is a point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readings: Option<InputReadingsJson>,
    /// Asset, when the source is an indicator of an asset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// Rule by which the value comes from readings; empty for none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub rule: &'static str,
    /// Parts of which the value is the sum; without a value, rows of a sum of the equation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<InputPartJson>,
    /// Numbers of the ledger entries that count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<u64>,
}

/// Readings of a point within the period.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InputReadingsJson {
    /// Time of the first good reading, RFC 3339 in UTC.
    pub first_at: Option<String>,
    /// First good reading, in the unit of the point.
    pub first: Option<f64>,
    /// Time of the last good reading.
    pub last_at: Option<String>,
    /// Last good reading.
    pub last: Option<f64>,
    /// Number of good readings.
    pub good: u64,
    /// Number of expected readings.
    pub expected: u64,
    /// Number of gaps without a good reading.
    pub gaps: u64,
    /// Longest gap, milliseconds.
    pub longest_gap_ms: i64,
    /// Imports of files from which readings came.
    pub imports: Vec<ReadingsImportJson>,
    /// Stretches whose readings were dated afterwards.
    pub redated: Vec<RedatedReadingsJson>,
}

/// Readings that were read before the clock was right, and dated afterwards.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RedatedReadingsJson {
    /// Boot and difference of its two clocks (ms) while they were read, `BOOT@OFFSET`.
    pub era: String,
    /// Time at which they were dated, RFC 3339.
    pub at: String,
    /// Shift, milliseconds.
    pub shift_ms: i64,
    /// Time of the first reading, RFC 3339.
    pub first_at: String,
    /// Time of the last reading, RFC 3339.
    pub last_at: String,
    /// Number of readings.
    pub samples: u64,
}

/// An import of a file from which readings of the period came.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadingsImportJson {
    /// Name of the file.
    pub file: String,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Name of the person; empty when it is not known.
    pub by: String,
    /// Time of the import, RFC 3339.
    pub at: String,
    /// Time of the first reading from it, RFC 3339.
    pub first_at: String,
    /// Time of the last reading from it, RFC 3339.
    pub last_at: String,
    /// Number of readings.
    pub samples: u64,
    /// Number of those that stand in the place of a kept reading.
    pub replaced: u64,
}

/// A part of an input: a day, a reading of a counter, an entry of the ledger.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InputPartJson {
    /// Value in the unit of the input.
    pub value: f64,
    /// Origin in the requested language.
    pub label: String,
    /// Local day, or day or period of the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Time of the reading, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Number of the ledger entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<u64>,
    /// Quantity of the entry as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    /// Symbol of the unit of that quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity_unit: Option<String>,
}

/// A line of a calculation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EquationLineJson {
    /// Equation in symbols.
    pub symbols: String,
    /// Right side with numbers, and units in brackets. Of a long sum, its first and last rows.
    pub numbers: String,
    /// Result, rounded as in `text`.
    pub result: f64,
    /// Result as printed.
    pub text: String,
    /// Rows of a sum that is too long to be written out, which the `parts` of the inputs have; 0
    /// for a line with all its numbers.
    pub rows: usize,
}

/// A factor behind a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReportFactorJson {
    /// Id, `grid.sumatera.2019.cm5050_expost`.
    pub id: String,
    /// Value in `unit`.
    pub value: f64,
    /// Unit, `tCO2/MWh`.
    pub unit: String,
    /// Year of the data.
    pub year: Option<i16>,
    /// Status of the source: `official_text`, `transcribed_2plus`, `transcribed_1`, `derived`,
    /// `constant`, `policy`.
    pub status: &'static str,
    /// `firm`, or the reason why figures with this factor are provisional.
    pub headline: &'static str,
    /// Source of the number.
    pub source: String,
}

/// Explanation of a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExplanationJson {
    /// The figure.
    pub indicator: IndicatorValueJson,
    /// Equation with its numbers, in the requested language; empty without a value.
    pub numbers: String,
    /// The calculation line by line, long sums first and the equation last. Redone with its
    /// numbers, a line gives its result.
    pub lines: Vec<EquationLineJson>,
    /// Explanations of the figures among its inputs, then of those that a total leaves out.
    #[schema(no_recursion)]
    pub below: Vec<ExplanationJson>,
}

pub(crate) fn to_explanation_json(
    book: &ReportContext<'_>,
    one: &IndicatorExplanation<'_>,
) -> ExplanationJson {
    ExplanationJson {
        indicator: to_indicator_json(book, one.indicator),
        numbers: one
            .lines
            .last()
            .map_or_else(String::new, |line| line.numbers.clone()),
        lines: one.lines.iter().map(to_line_json).collect(),
        below: one
            .below
            .iter()
            .map(|(_, next)| to_explanation_json(book, next))
            .collect(),
    }
}

fn to_line_json(line: &EquationLine) -> EquationLineJson {
    EquationLineJson {
        symbols: line.symbols.clone(),
        numbers: line.numbers.clone(),
        result: line.result,
        text: line.text.clone(),
        rows: line.rows,
    }
}

fn to_part_json(book: &ReportContext<'_>, part: &InputPart) -> InputPartJson {
    let entry = match &part.of {
        PartSource::Entry(entry) => Some(entry),
        _ => None,
    };
    InputPartJson {
        value: part.value,
        label: part_label(book, part),
        when: match &part.of {
            PartSource::Day(day) => Some(day.to_string()),
            _ => entry.map(|entry| entry.when.to_string()),
        },
        at: match &part.of {
            PartSource::Reading(at) => Some(format_rfc3339(*at)),
            _ => None,
        },
        entry: entry.map(|entry| entry.id),
        quantity: entry.map(|entry| entry.quantity),
        quantity_unit: entry.map(|entry| entry.unit.to_string()),
    }
}

/// Side on which the true value lies; `None` for a figure that is no bound.
fn bound_word(one: &Indicator) -> Option<&'static str> {
    match one.bound() {
        _ if one.value.is_err() => None,
        ValueBound::Neither => None,
        ValueBound::Lower => Some("lower"),
        ValueBound::Upper => Some("upper"),
        ValueBound::Either => Some("either"),
    }
}

fn above_zero(amount: f64) -> Option<f64> {
    (amount > 0.0).then_some(amount)
}

pub(crate) fn to_indicator_json(book: &ReportContext<'_>, one: &Indicator) -> IndicatorValueJson {
    let reason = one.value.as_ref().err();
    let factor = |factor: &std::sync::Arc<Factor>| to_factor_json(book, factor);
    IndicatorValueJson {
        id: one.id.to_string(),
        asset: one.asset.as_deref().map(str::to_owned),
        name: book.indicator_name(&one.id),
        period: one.period.to_string(),
        value: one.value.as_ref().ok().copied(),
        reason: reason.map(|why| display_names::remark_sentence(book.lang, why)),
        unit: one.unit.to_string(),
        uncertainty: significant_digits::half_width(one),
        perhaps_less: above_zero(one.uncertainty.reach.down),
        perhaps_more: above_zero(one.uncertainty.reach.up),
        bound: bound_word(one),
        measured_since: one.measured_since().map(|since| since.at.to_string()),
        measured_until: one.measured_until().map(|until| until.at.to_string()),
        uncertainty_pct: significant_digits::uncertainty_percent(one),
        completeness: one.completeness.all,
        completeness_daylight: one.completeness.daylight,
        origin: one.origin.key(),
        origins: book
            .matter
            .account
            .origins(one)
            .into_iter()
            .map(ValueOrigin::key)
            .collect(),
        method: one.method,
        equation: one.equation,
        inputs: one
            .inputs
            .iter()
            .map(|input| to_input_json(book, input))
            .collect(),
        factors: one.factors.iter().map(factor).collect(),
        provisional: one.claim.is_withheld()
            || indicator_figures::provisional_verdict(book, one).is_some(),
        claim: to_claim_json(book, one),
        remarks: indicator_figures::figure_notes(book, one),
        revision: book.matter.account.revision.clone(),
    }
}

fn to_claim_json(book: &ReportContext<'_>, one: &Indicator) -> ClaimJson {
    if one.value.is_err() {
        return ClaimJson {
            verdict: None,
            reason: None,
            text: None,
        };
    }
    if let Some(why) = indicator_figures::insufficient_reason(book, one)
        && !one.claim.is_withheld()
    {
        return ClaimJson {
            verdict: Some(NOT_CLAIMED),
            reason: Some(FigureStatus::Insufficient.key()),
            text: Some(why),
        };
    }
    let is_whole = one.claim == ClaimVerdict::Claimable;
    let withheld = indicator_figures::withheld_reason(book, one);
    ClaimJson {
        verdict: Some(one.claim.key()),
        reason: (!is_whole).then(|| one.claim.word()),
        text: withheld
            .or_else(|| (!is_whole).then(|| indicator_figures::verdict_sentence(book, one.claim))),
    }
}

fn to_input_json(book: &ReportContext<'_>, one: &IndicatorInput) -> IndicatorInputJson {
    let (source, of) = match &one.from {
        InputSource::Point(readings) => ("point", readings.point.to_string()),
        InputSource::Ledger { indicator, .. } => ("ledger", indicator.to_string()),
        InputSource::Factor(id) => ("factor", id.to_string()),
        InputSource::Setting(key) => ("setting", key.clone()),
        InputSource::Indicator { id, .. } => ("indicator", id.to_string()),
        InputSource::Part(part) => ("part", part.id.to_string()),
        InputSource::Constant(what) => ("constant", (*what).to_owned()),
    };
    let readings = match &one.from {
        InputSource::Point(readings) => Some(to_readings_json(readings)),
        _ => None,
    };
    let entries = match &one.from {
        InputSource::Ledger { entries, .. } => entries.clone(),
        _ => Vec::new(),
    };
    IndicatorInputJson {
        symbol: one.symbol,
        value: one.value,
        unit: one.unit.to_string(),
        source,
        of,
        readings,
        asset: match &one.from {
            InputSource::Indicator { asset, .. } => asset.as_deref().map(str::to_owned),
            _ => None,
        },
        rule: one.rule,
        parts: one
            .parts
            .iter()
            .map(|part| to_part_json(book, part))
            .collect(),
        entries,
    }
}

fn to_readings_json(one: &PointReadings) -> InputReadingsJson {
    let time = |read: Option<(UtcMs, f64)>| read.map(|(at, _)| format_rfc3339(at));
    let value = |read: Option<(UtcMs, f64)>| read.map(|(_, value)| value);
    InputReadingsJson {
        first_at: time(one.first),
        first: value(one.first),
        last_at: time(one.last),
        last: value(one.last),
        good: one.good,
        expected: one.expected,
        gaps: one.gaps,
        longest_gap_ms: one.longest_gap_ms,
        imports: one.imports.iter().map(to_import_json).collect(),
        redated: one.redated.iter().map(|one| to_redated_json(one)).collect(),
    }
}

fn to_redated_json(one: &RedatedStretch) -> RedatedReadingsJson {
    RedatedReadingsJson {
        era: one.era.clone(),
        at: format_rfc3339(one.at),
        shift_ms: one.shift_ms,
        first_at: format_rfc3339(one.first),
        last_at: format_rfc3339(one.last),
        samples: one.samples,
    }
}

fn to_import_json(one: &ImportInPeriod) -> ReadingsImportJson {
    let import = &one.import;
    ReadingsImportJson {
        file: import.file.clone(),
        sha256: import.sha256.clone(),
        by: import.by.clone(),
        at: format_rfc3339(import.at),
        first_at: format_rfc3339(one.first),
        last_at: format_rfc3339(one.last),
        samples: one.samples,
        replaced: one.replaced,
    }
}

fn to_factor_json(book: &ReportContext<'_>, one: &Factor) -> ReportFactorJson {
    ReportFactorJson {
        id: one.id.to_string(),
        value: one.value,
        unit: one.unit.text().to_owned(),
        year: one.year,
        status: one.status.word(),
        headline: book.matter.config.factors.headline(one).word(),
        source: one.source.clone(),
    }
}

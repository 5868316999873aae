//! Content of an issued report: all that it says in no language, for a hash, and its headline
//! figures, for a comparison with what is computed later.

use super::context::ReportContext;
use super::headline_record::HeadlineRecord;
use super::{ReportInputs, display_names, page_one_choice, summary};
use crate::domain::indicator::{DailyValues, DataEvent, Indicator, InputSource};
use crate::domain::ledger::LedgerEntry;
use crate::formulas::claim_rounding::{self, RoundingMode};
use crate::limits::HEADLINE_RECORDS_MAX;
use crate::report::render::cell_value::{CellValue, ValueKind};
use serde_json::{Value, json};

/// Name and version of the form that is hashed.
const CONTENT_SCHEMA: &str = "pantau.report-content/3";

/// Headline figures of a report, then the totals of the ledger and the figures of waste, which a
/// later report is compared with as well; at most `HEADLINE_RECORDS_MAX`.
pub fn headline_records(matter: ReportInputs<'_>) -> Vec<HeadlineRecord> {
    records_beside(matter, &[])
}

/// The same with what has become of figures that an earlier report printed, as further figures
/// where they are headlines no more.
pub fn records_beside(matter: ReportInputs<'_>, before: &[HeadlineRecord]) -> Vec<HeadlineRecord> {
    let book = ReportContext::new(matter);
    let headlines = page_one_choice::headline_indicators(&book);
    let definitions = &book.matter.config.definitions;
    let is_further = |one: &&Indicator| {
        let is_headline = headlines.iter().any(|other| std::ptr::eq(*other, *one));
        // Totals and their effects, without targets and baselines, which are no results.
        let is_total = display_names::written_definition(definitions, &one.id).is_some();
        let is_effect = one.id.starts_with("ledger.") && one.id.ends_with(".effect");
        let asset = one.asset.as_deref().unwrap_or_default();
        let mut printed = before.iter();
        let is_printed = printed.any(|record| *record.id == *one.id && record.asset == asset);
        if is_printed && !is_headline {
            return true;
        }
        let is_kept = is_total || is_effect || one.id.starts_with("waste.");
        is_kept && !is_headline && one.value.is_ok()
    };
    let further = book.indicators().iter().filter(is_further);
    let all = headlines
        .iter()
        .map(|one| headline_record(&book, one, false));
    let further = further.map(|one| headline_record(&book, one, true));
    all.chain(further).take(HEADLINE_RECORDS_MAX).collect()
}

fn headline_record(book: &ReportContext<'_>, one: &Indicator, further: bool) -> HeadlineRecord {
    let figure = summary::headline_figure(book, one);
    let (value, decimals) = match (&figure.value, &figure.kind) {
        (CellValue::Number(value), ValueKind::Number(format)) => {
            (Some(format.round(*value)), format.shown_decimals())
        }
        (CellValue::Number(value), _) => (Some(*value), 2),
        _ => (None, 0),
    };
    HeadlineRecord {
        id: one.id.to_string(),
        asset: one.asset.as_deref().unwrap_or_default().to_owned(),
        value,
        unit: one.unit.to_string(),
        decimals,
        status: figure.status.key().to_owned(),
        further: Some(further),
    }
}

/// Everything that a report says, as canonical JSON without language and time of issue: two reports
/// with the same text here say the same in every language and format.
pub fn canonical_content(matter: ReportInputs<'_>) -> String {
    let account = matter.account;
    let figures: Vec<Value> = account.indicators.iter().map(canonical_figure).collect();
    let daily: Vec<Value> = account.daily.iter().map(canonical_days).collect();
    let events: Vec<Value> = account.events.iter().map(canonical_event).collect();
    let entries: Vec<Value> = matter.entries.iter().map(canonical_entry).collect();
    let change = |one: &super::RevisionChange| {
        json!([
            one.at.0,
            one.kind,
            one.places,
            one.before_after.0,
            one.before_after.1
        ])
    };
    json!({
        "schema": CONTENT_SCHEMA,
        "site": &*matter.config.site.id,
        "period": account.period.to_string(),
        "asset": matter.asset,
        "revision": account.revision,
        "figures": figures,
        "daily": daily,
        "events": events,
        "events_left_out": account.events_left_out,
        "entries": entries,
        "changes": matter.changes.iter().map(change).collect::<Vec<Value>>(),
        "changes_left_out": matter.changes_left_out,
    })
    .to_string()
}

/// A number with ten digits: more differ between orders of addition and are printed nowhere.
fn canonical_number(value: f64) -> String {
    // Zero has no magnitude, and is 0 with any number of digits.
    let magnitude = claim_rounding::decimal_magnitude(value).unwrap_or(0);
    let rounded = claim_rounding::round_decimals(value, 9 - magnitude, RoundingMode::Nearest);
    rounded.to_string()
}

fn canonical_figure(one: &Indicator) -> Value {
    let remark =
        |remark: &crate::domain::indicator::IndicatorRemark| json!([remark.key, remark.args]);
    let number = |number: Option<f64>| number.map(canonical_number);
    let inputs = one.inputs.iter().map(|input| {
        let from = match &input.from {
            InputSource::Point(readings) => &*readings.point,
            InputSource::Ledger { indicator, .. } => indicator,
            InputSource::Factor(id) | InputSource::Indicator { id, .. } => id,
            InputSource::Part(part) => &part.id,
            InputSource::Setting(key) => key,
            InputSource::Constant(name) => name,
        };
        json!([input.symbol, number(input.value), &*input.unit, from])
    });
    json!({
        "id": &*one.id,
        "asset": one.asset.as_deref(),
        "unit": &*one.unit,
        "value": one.value.as_ref().ok().copied().map(canonical_number),
        "reason": one.value.as_ref().err().map(remark),
        "uncertainty": [number(one.uncertainty.tier1_pct), number(one.uncertainty.gum)],
        "completeness": [number(one.completeness.all), number(one.completeness.daylight)],
        "origin": one.origin.key(),
        "headline": one.claim.word(),
        "method": one.method,
        "inputs": inputs.collect::<Vec<Value>>(),
        "factors": one.factors.iter().map(|factor| &*factor.id).collect::<Vec<&str>>(),
        "remarks": one.remarks.iter().map(remark).collect::<Vec<Value>>(),
    })
}

fn canonical_days(all: &DailyValues) -> Value {
    let day = |(day, value, shares): &(jiff::civil::Date, Option<f64>, _)| {
        let shares: &crate::domain::indicator::CompletenessShares = shares;
        json!([
            day.to_string(),
            value.map(canonical_number),
            shares.all.map(canonical_number),
            shares.daylight.map(canonical_number),
        ])
    };
    let days: Vec<Value> = all.days.iter().map(day).collect();
    json!([&*all.id, all.asset.as_deref(), days])
}

fn canonical_event(event: &DataEvent) -> Value {
    let pair = event
        .before_after
        .map(|(a, b)| [a, b].map(canonical_number));
    let mut all = vec![
        json!(event.at.0),
        json!(event.until.map(|at| at.0)),
        json!(&*event.of),
        json!(event.kind),
        json!(pair),
    ];
    // Only where there is one: reports without imports keep the hash that they had.
    if let Some(import) = &event.import {
        all.push(json!([import.file, import.sha256, import.by, import.at.0]));
    }
    if let Some(one) = &event.redated {
        all.push(json!([one.era, one.at.0, one.shift_ms]));
    }
    Value::Array(all)
}

/// An entry by its number and by what it says: a corrected entry says something else, and a number
/// alone does not show what was changed past the program.
fn canonical_entry(entry: &LedgerEntry) -> Value {
    let said = &entry.statement;
    json!([
        entry.id,
        entry.superseded_by,
        said.sort.word(),
        &*said.indicator,
        said.what,
        said.quantity.map(|quantity| quantity.to_string()),
        &*said.unit,
        said.when.to_string(),
        said.known.word(),
        said.who,
        said.attachments
            .iter()
            .map(|file| &*file.sha256)
            .collect::<Vec<&str>>(),
    ])
}

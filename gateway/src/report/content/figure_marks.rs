//! Marks that stand beside a figure wherever it is shown: since when it was measured or for which
//! days it holds, and why it is only a bound.

use super::context::ReportContext;
use super::display_names;
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::measured_since::MeasuredSince;
use crate::domain::period::Period;
use crate::domain::value_bound::ValueBound;
use crate::i18n::Language;
use crate::limits::EXPLAIN_DEPTH_MAX;
use crate::report::render::number_format;
use std::sync::Arc;

/// The name of a figure, with the time since when it was measured, or with its days where they are
/// a part of the period.
pub(crate) fn dated_label(book: &ReportContext<'_>, one: &Indicator, name: String) -> String {
    let whole = book.matter.account.period;
    let days = |period: Period| (period.first(), period.last());
    let part = match one.measured_since() {
        Some(since) => since_text(book.lang, since, one.period),
        None if days(one.period) == days(whole) => return name,
        None => display_names::period_name(book.lang, one.period),
    };
    format!("{name} ({part})")
}

/// `since 12 Nov 2026`; with the time of day where the day is the first one of the period.
pub(crate) fn since_text(lang: Language, since: MeasuredSince, period: Period) -> String {
    let day = since.at.date();
    let clock = lang.locale().format_clock(since.at.time());
    let short = number_format::format_short_date(lang, day);
    let time = if period.first() == period.last() {
        clock
    } else if day <= period.first() {
        format!("{short} {clock}")
    } else {
        short
    };
    let key = if since.in_part {
        "report-since-in-part"
    } else {
        "report-since"
    };
    lang.text_with(key, &[("time", &time)])
}

/// Reasons for which the true value may lie beyond a figure, by the figures that began it: `Energy
/// generated: part of the count was lost.`; `None` for a figure that is no bound.
pub(crate) fn bound_reason(book: &ReportContext<'_>, one: &Indicator) -> Option<String> {
    let told = bound_causes(book, one).into_iter().map(|(why, names)| {
        if names.is_empty() {
            why
        } else {
            format!("{}: {why}", names.join(", "))
        }
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| told.join(" "))
}

/// The same, each reason once with the names of the figures that began it; without names where that
/// is the figure itself.
pub(crate) fn bound_causes(
    book: &ReportContext<'_>,
    one: &Indicator,
) -> Vec<(String, Vec<String>)> {
    if one.bound() == ValueBound::Neither {
        return Vec::new();
    }
    let own = one.remarks.iter().find(|said| is_own_bound(said));
    if let Some(own) = own {
        return vec![(plain_reason(book.lang, own), Vec::new())];
    }
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (id, remark) in bounds_below(book, one, 0) {
        let (why, name) = (plain_reason(book.lang, remark), book.indicator_name(&id));
        match all.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => all.push((why, vec![name])),
        }
    }
    all
}

fn is_own_bound(said: &IndicatorRemark) -> bool {
    said.bound() != ValueBound::Neither && !said.is_passed_bound()
}

/// The bounds among the figures that a figure stands on, with the ids of those figures.
fn bounds_below<'a>(
    book: &ReportContext<'a>,
    one: &'a Indicator,
    depth: usize,
) -> Vec<(Arc<str>, &'a IndicatorRemark)> {
    let account = book.matter.account;
    let mut all: Vec<(Arc<str>, &IndicatorRemark)> = Vec::new();
    if depth >= EXPLAIN_DEPTH_MAX {
        return all;
    }
    for input in &one.inputs {
        let found = match &input.from {
            InputSource::Indicator { id, asset } => account.find(id, asset.as_deref()),
            InputSource::Part(part) => Some(&**part),
            _ => None,
        };
        let Some(found) = found.filter(|found| !std::ptr::eq(*found, one)) else {
            continue;
        };
        let own = found.remarks.iter().find(|said| is_own_bound(said));
        let more = match own {
            Some(own) => vec![(Arc::clone(&found.id), own)],
            None => bounds_below(book, found, depth + 1),
        };
        for next in more {
            if !all.contains(&next) {
                all.push(next);
            }
        }
    }
    all
}

/// The remark without the word for the side on which the true value lies, which stands elsewhere.
fn plain_reason(lang: Language, said: &IndicatorRemark) -> String {
    let text = display_names::remark_sentence(lang, said);
    let reason = text.split_once(": ").map(|(_, why)| why.to_owned());
    display_names::to_sentence(&reason.unwrap_or(text))
}

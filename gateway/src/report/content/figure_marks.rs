//! Marks that stand beside a figure wherever it is shown: since when it was measured or for which
//! days it holds, and why it is only a bound.

use super::context::ReportContext;
use super::display_names;
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::measured_since::{MeasuredSince, PeriodEnd};
use crate::domain::period::Period;
use crate::domain::value_bound::ValueBound;
use crate::i18n::Language;
use crate::limits::EXPLAIN_DEPTH_MAX;
use crate::report::render::number_format;
use jiff::civil::Date;
use std::sync::Arc;

/// Keys of the remarks on a figure of some days of the period, with the first and the last one.
const PART_REMARKS: [&str; 2] = ["account-baseline-part", "account-asset-part"];
/// Argument of the remark on a total that begins with a gap: the local time of its begin.
const BEGIN_ARG: &str = "begin";
/// Key of the remark on a figure of days that do not follow each other.
const SCATTERED: &str = "account-baseline-days";

/// The name of a figure, with the times since when and until when it was measured, and with its
/// days where they are a part of the period.
pub(crate) fn dated_label(book: &ReportContext<'_>, one: &Indicator, name: String) -> String {
    let since = one.measured_since();
    let counted = counted_days(book, one, 0);
    // A part that began before the first reading, and has not ended, adds nothing.
    let counted = counted.filter(|part| {
        let ends = book.matter.account.period.last();
        !since.is_some_and(|since| since.at.date() >= part.first && part.last >= ends)
    });
    let ends = PeriodEnd::ALL.into_iter().filter_map(|end| {
        let cut = one.measured_end(end)?;
        Some(end_text(book.lang, end, (cut, one.period)))
    });
    let ends: Vec<String> = ends.collect();
    let counted = match counted {
        Some(part) => Some(counted_text(book.lang, part)),
        None => scattered_text(book.lang, one),
    };
    let marks: Vec<String> = ends.into_iter().chain(counted).collect();
    if marks.is_empty() {
        return name;
    }
    format!("{name} ({})", marks.join(", "))
}

/// Days of the period for which a figure holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CountedDays {
    first: Date,
    last: Date,
    /// Another part of the figure holds for other days.
    in_part: bool,
}

impl CountedDays {
    /// The days for which both hold.
    fn and(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            last: self.last.min(other.last),
            in_part: self.in_part || other.in_part || self != other,
        }
    }
}

/// The days of a figure where they are a part of the period: its own ones, of a total of the site
/// those of the figures that it adds up.
fn counted_days(book: &ReportContext<'_>, one: &Indicator, depth: usize) -> Option<CountedDays> {
    let account = book.matter.account;
    let parts: Vec<Option<CountedDays>> = one
        .inputs
        .iter()
        .filter(|_| one.asset.is_none() && depth < EXPLAIN_DEPTH_MAX)
        .filter_map(|input| match &input.from {
            InputSource::Indicator { id, asset } => account.find_source(id, asset.as_deref()),
            _ => None,
        })
        .filter(|part| part.value.is_ok() && !std::ptr::eq(*part, one))
        .map(|part| counted_days(book, part, depth + 1))
        .collect();
    if parts.is_empty() {
        return own_days(one, account.period);
    }
    let is_mixed = parts.contains(&None);
    let all = parts.into_iter().flatten().reduce(CountedDays::and)?;
    let in_part = all.in_part || is_mixed;
    Some(CountedDays { in_part, ..all })
}

/// The days that a figure says itself.
fn own_days(one: &Indicator, whole: Period) -> Option<CountedDays> {
    let part = |first: Date, last: Date| CountedDays {
        first,
        last,
        in_part: false,
    };
    let own = part(one.period.first(), one.period.last());
    let own = (own != part(whole.first(), whole.last())).then_some(own);
    let told = one.remarks.iter().filter_map(|said| {
        let day = |name: &str| {
            let mut args = said.args.iter();
            args.find(|(arg, _)| *arg == name)?.1.parse().ok()
        };
        let is_part = PART_REMARKS.contains(&&*said.key);
        is_part.then(|| Some(part(day("first")?, day("last")?)))?
    });
    let both = |one: CountedDays, next: CountedDays| {
        part(one.first.max(next.first), one.last.min(next.last))
    };
    own.into_iter().chain(told).reduce(both)
}

/// `counted 16–30 November 2026`.
fn counted_text(lang: Language, part: CountedDays) -> String {
    let key = if part.in_part {
        "report-counted-in-part"
    } else {
        "report-counted"
    };
    let days = day_span(lang, part.first, part.last);
    lang.text_with(key, &[("days", &days)])
}

/// `16–30 November 2026`, or `1 Jul 2026 – 31 Dec 2026`.
fn day_span(lang: Language, first: Date, last: Date) -> String {
    let text = number_format::date(lang, last);
    let is_same_month = (first.year(), first.month()) == (last.year(), last.month());
    // A language may write the month first.
    if is_same_month && text.starts_with(&last.day().to_string()) {
        return if first == last {
            text
        } else {
            format!("{}–{text}", first.day())
        };
    }
    let [first, last] = [first, last].map(|day| number_format::format_short_date(lang, day));
    format!("{first} – {last}")
}

/// `counted on 182 of 365 days`, for days that do not follow each other.
fn scattered_text(lang: Language, one: &Indicator) -> Option<String> {
    let said = one.remarks.iter().find(|said| said.key == SCATTERED)?;
    let args: Vec<(&str, &str)> = said
        .args
        .iter()
        .map(|(name, text)| (*name, &**text))
        .collect();
    Some(lang.text_with("report-counted-some", &args))
}

/// `since 12 Nov 2026`, `until 20 Nov 2026`; with the time of day where the day is the first or the
/// last one of the period.
pub(crate) fn end_text(
    lang: Language,
    end: PeriodEnd,
    (cut, period): (MeasuredSince, Period),
) -> String {
    let day = cut.at.date();
    let clock = lang.locale().format_clock(cut.at.time());
    let short = number_format::format_short_date(lang, day);
    let is_edge = match end {
        PeriodEnd::Begin => day <= period.first(),
        PeriodEnd::End => day >= period.last(),
    };
    let time = if period.first() == period.last() {
        clock
    } else if is_edge {
        format!("{short} {clock}")
    } else {
        short
    };
    let key = match (end, cut.in_part) {
        (PeriodEnd::Begin, false) => "report-since",
        (PeriodEnd::Begin, true) => "report-since-in-part",
        (PeriodEnd::End, false) => "report-until",
        (PeriodEnd::End, true) => "report-until-in-part",
    };
    lang.text_with(key, &[("time", &time)])
}

/// Says of a period that is not over until when these figures are computed, and when the first
/// readings among them have ended, where that is earlier.
pub(crate) fn running_text(book: &ReportContext<'_>, known: &[&Indicator]) -> String {
    let until = number_format::time(book.lang, book.matter.issued, &book.zone);
    let ends = known.iter().filter_map(|one| one.measured_until());
    let Some(ended) = ends.map(|until| until.at.date()).min() else {
        return book.format_message("chapters-director-running", &[("until", &until)]);
    };
    let ended = number_format::date(book.lang, ended);
    let args = [("until", &*until), ("ended", &*ended)];
    book.format_message("chapters-director-running-ended", &args)
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

/// Amount that was counted across a gap that began before the period, as the figure or the first
/// one below it says; `None` where there is no such gap.
pub(crate) fn opening_cause(book: &ReportContext<'_>, one: &Indicator) -> Option<String> {
    opening_below(book, one, 0).map(|said| plain_reason(book.lang, said))
}

fn opening_below<'a>(
    book: &ReportContext<'a>,
    one: &'a Indicator,
    depth: usize,
) -> Option<&'a IndicatorRemark> {
    let mut said = one.remarks.iter();
    let said = said.find(|said| said.is_opening_gap())?;
    let is_own = said.args.iter().any(|(name, _)| *name == BEGIN_ARG);
    if is_own || depth >= EXPLAIN_DEPTH_MAX {
        return is_own.then_some(said);
    }
    let account = book.matter.account;
    one.inputs.iter().find_map(|input| {
        let found = match &input.from {
            InputSource::Indicator { id, asset } => account.find_source(id, asset.as_deref()),
            InputSource::Part(part) => Some(&**part),
            _ => None,
        };
        let found = found.filter(|found| !std::ptr::eq(*found, one))?;
        opening_below(book, found, depth + 1)
    })
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
            InputSource::Indicator { id, asset } => account.find_source(id, asset.as_deref()),
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

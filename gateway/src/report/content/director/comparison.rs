//! Comparison of a figure with the same one of the period before: only like with like.

use super::director_context::DirectorContext;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    Indicator, IndicatorRemark, InputSource, SiteIndicators, ValueOrigin,
};
use crate::domain::input_part::PartSource;
use crate::domain::measured_since::PeriodEnd;
use crate::domain::period::Period;
use crate::domain::value_bound::ValueBound;
use crate::formulas::FormulaStatus;
use crate::limits::EXPLAIN_DEPTH_MAX;
use crate::report::content::context::ReportContext;
use crate::report::content::{display_names, figure_marks, indicator_figures};
use crate::report::render::cell_value::CellValue;
use crate::report::render::figure::FigureStatus;
use crate::report::render::number_format;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Beginning of the message keys of verdicts on a number.
const VERDICT_PREFIX: &str = "factor-headline-";
/// Letters of a reason that stands in the column of the period before.
const WORD_LETTERS_MAX: usize = 64;
/// Key of the reason of a figure for which nobody wrote anything down.
const NOT_WRITTEN: &str = "account-not-written";
/// Smallest share of the recorded days of the one period that the other must have.
const RECORDED_SHARE_MIN: f64 = 0.5;
/// Share of the days of a period by which its records may begin later than those of the other.
const LATE_SHARE: f64 = 0.25;

/// The same figure of the period before, or why it is not beside this one.
pub(crate) enum Comparison {
    /// Its number, which is no bound and may be set against the one of this period.
    Number(f64),
    /// Its number, and a mark for which it says no change: `at least`, `to be checked`; empty where
    /// the mark is that of this period.
    Marked(f64, String),
    /// There is none to compare with.
    None,
    /// There is one, and the two are not alike: the word for it, and the reason as a sentence.
    Unlike(String, String),
}

impl DirectorContext<'_> {
    /// The same figure of the period before, when both are of the same kind of days: measured
    /// enough, of the same part of the period, and recorded as regularly.
    pub(crate) fn comparison(&self, one: &Indicator) -> Comparison {
        let Some((account, found)) = self.find_before(one) else {
            return Comparison::None;
        };
        let book = &self.book;
        let value = match &found.value {
            Ok(value) => *value,
            Err(why) if is_without_data(why) || !has_data(account, found) => {
                return Comparison::None;
            }
            Err(why) => {
                let word = refused_word(book, found, why);
                let why = display_names::remark_sentence(book.lang, why);
                return Comparison::Unlike(word, why);
            }
        };
        let why = indicator_figures::withheld_reason(book, found)
            .or_else(|| indicator_figures::insufficient_reason(book, found));
        if let Some(why) = why {
            return Comparison::Unlike(indicator_figures::status_word(book, found), why);
        }
        let (own, whole) = (book.matter.account, account.period);
        let is_part = |part: Period, of: Period| days_of(part) != days_of(of);
        if is_part(found.period, whole) || is_part(one.period, own.period) {
            return self.unlike("operation", &[]);
        }
        for end in PeriodEnd::ALL {
            if let Some(cut) = found.measured_end(end) {
                let told = figure_marks::end_text(book.lang, end, (cut, found.period));
                let key = match end {
                    PeriodEnd::Begin => "since",
                    PeriodEnd::End => "until",
                };
                return self.unlike(key, &[(key, &told)]);
            }
        }
        let now = (recorded_days(own, one), self.days_passed(own.period));
        let then = (recorded_days(account, found), self.days_passed(whole));
        let of_records = now.0.max(then.0) > 0;
        let begun = records_begin(account).filter(|_| of_records);
        let late = |account: &SiteIndicators| {
            let begun = records_begin(account).unwrap_or(account.period.first());
            f64::from((begun - account.period.first()).get_days())
        };
        if let Some(begun) = begun
            && late(account) - late(own) > LATE_SHARE * f64::from(then.1)
        {
            let begun = number_format::format_short_date(book.lang, begun);
            return self.unlike("begun", &[("date", &begun)]);
        }
        if !are_alike(now, then) {
            let (now, then) = (now.0.to_string(), then.0.to_string());
            return self.unlike("records", &[("now", &now), ("then", &then)]);
        }
        if let Some(mark) = mark_of(book, one, found) {
            return Comparison::Marked(value, mark);
        }
        Comparison::Number(value)
    }

    /// The same figure of the period before with its unit, or why the two are not alike; empty
    /// when there is none.
    pub(crate) fn before_quantity(&self, one: &Indicator) -> CellValue {
        match self.comparison(one) {
            Comparison::Number(before) => CellValue::Text(self.quantity(one, before)),
            Comparison::Marked(before, mark) if mark.is_empty() => {
                CellValue::Text(self.quantity(one, before))
            }
            Comparison::Marked(before, mark) => {
                CellValue::Text(format!("{} ({mark})", self.quantity(one, before)))
            }
            Comparison::None => CellValue::Empty,
            Comparison::Unlike(_, why) => CellValue::Missing(why),
        }
    }

    fn unlike(&self, key: &str, args: &[(&str, &str)]) -> Comparison {
        let text = |part: &str| {
            let key = format!("chapters-compare-{key}{part}");
            self.book.format_message(&key, args)
        };
        Comparison::Unlike(text(""), text("-why"))
    }

    /// Days of a period up to today.
    fn days_passed(&self, period: Period) -> i32 {
        let last = period.last().min(self.book.today());
        (last - period.first()).get_days() + 1
    }
}

/// True when nothing was read, and nothing written down.
fn is_without_data(why: &IndicatorRemark) -> bool {
    let none = [FormulaStatus::NoData, FormulaStatus::NoEnergy].map(FormulaStatus::words_key);
    why.key == NOT_WRITTEN || none.contains(&why.key)
}

/// Whether anything was read or written down for the asset of a figure (for the site: for any).
fn has_data(account: &SiteIndicators, found: &Indicator) -> bool {
    let is_of = |one: &Indicator| found.asset.is_none() || one.asset == found.asset;
    let is_known = |one: &Indicator| {
        one.value.is_ok() && !matches!(one.origin, ValueOrigin::Declared | ValueOrigin::Estimated)
    };
    let mut all = account.indicators.iter();
    all.any(|one| is_of(one) && (is_known(one) || indicator_figures::is_refused(one)))
}

/// Word for the reason for which the period before has no number.
fn refused_word(book: &ReportContext<'_>, found: &Indicator, why: &IndicatorRemark) -> String {
    if why.key.starts_with(VERDICT_PREFIX) {
        let word = FigureStatus::NotClaimed.key();
        return book.message(&format!("report-status-{word}"));
    }
    if indicator_figures::is_refused(found) {
        return book.message("chapters-compare-refused");
    }
    if why.key == FormulaStatus::Insufficient.words_key() {
        let word = FigureStatus::Insufficient.key();
        return book.message(&format!("report-status-{word}"));
    }
    let sentence = display_names::remark_sentence(book.lang, why);
    if sentence.chars().count() > WORD_LETTERS_MAX {
        return book.message("chapters-compare-no-value");
    }
    sentence
}

/// Mark for which two figures give no change: one of them is a bound, began late or is to be
/// checked. Empty where that is the figure of this period, which says it itself.
fn mark_of(book: &ReportContext<'_>, one: &Indicator, found: &Indicator) -> Option<String> {
    let is_bound = |one: &Indicator| one.bound() != ValueBound::Neither;
    if found.claim == ClaimVerdict::Doubtful {
        let word = FigureStatus::Doubtful.key();
        return Some(book.message(&format!("report-status-{word}")));
    }
    if is_bound(found) {
        return Some(book.message("report-lower"));
    }
    let is_cut = PeriodEnd::ALL
        .into_iter()
        .any(|end| one.measured_end(end).is_some());
    let is_marked = is_bound(one) || is_cut || one.claim == ClaimVerdict::Doubtful;
    is_marked.then(String::new)
}

fn days_of(period: Period) -> (Date, Date) {
    (period.first(), period.last())
}

/// Whether records of two periods, as (recorded days, days), are as regular as each other: the one
/// has at least half as many days as the other, by number or by share of a longer period.
fn are_alike(one: (i32, i32), other: (i32, i32)) -> bool {
    let share = |(recorded, days): (i32, i32)| f64::from(recorded) / f64::from(days.max(1));
    let is_half = |one: f64, other: f64| one.min(other) >= one.max(other) * RECORDED_SHARE_MIN;
    is_half(share(one), share(other)) || is_half(f64::from(one.0), f64::from(other.0))
}

/// First day within the period for which people recorded anything.
fn records_begin(account: &SiteIndicators) -> Option<Date> {
    let mut days = BTreeSet::new();
    let written = account.indicators.iter();
    for one in written.filter(|one| one.id.starts_with("ledger.")) {
        collect_recorded_days(account, one, (&mut days, 0));
    }
    days.first().copied()
}

/// Number of days within the period for which people recorded something that the figure stands on.
fn recorded_days(account: &SiteIndicators, one: &Indicator) -> i32 {
    let mut days = BTreeSet::new();
    let more = collect_recorded_days(account, one, (&mut days, 0));
    let count = days.len().saturating_add(more);
    let all = (account.period.last() - account.period.first()).get_days() + 1;
    i32::try_from(count).unwrap_or(i32::MAX).min(all)
}

/// Adds the recorded days of the entries of a figure and of its inputs; returns the number of
/// entries whose days are not listed.
fn collect_recorded_days(
    account: &SiteIndicators,
    one: &Indicator,
    (days, depth): (&mut BTreeSet<Date>, usize),
) -> usize {
    if depth >= EXPLAIN_DEPTH_MAX {
        return 0;
    }
    let (first, last) = days_of(account.period);
    let mut unlisted = 0;
    for input in &one.inputs {
        for part in &input.parts {
            match &part.of {
                PartSource::Entry(entry) => {
                    let from = entry.when.first().max(first);
                    let to = entry.when.last().min(last);
                    let all = std::iter::successors(Some(from), |day| day.tomorrow().ok());
                    days.extend(all.take_while(|day| *day <= to));
                }
                PartSource::Rest(count) if is_of_records(&input.from) => unlisted += count,
                _ => {}
            }
        }
        let below = match &input.from {
            InputSource::Indicator { id, asset } => account.find_source(id, asset.as_deref()),
            InputSource::Part(part) => Some(&**part),
            _ => None,
        };
        // A figure that has itself as an input is not followed.
        if let Some(next) = below.filter(|next| !std::ptr::eq(*next, one)) {
            unlisted += collect_recorded_days(account, next, (&mut *days, depth + 1));
        }
    }
    unlisted
}

fn is_of_records(from: &InputSource) -> bool {
    matches!(from, InputSource::Ledger { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMs;
    use crate::domain::indicator::CompletenessShares;
    use crate::domain::input_part::{EntryPart, InputPart};
    use crate::domain::ledger::EntryTime;
    use crate::i18n::Language;
    use crate::report::content::tests::{test_account, test_config, test_indicator, test_input};
    use crate::report::content::{ReportInputs, build_director_report};
    use jiff::ToSpan as _;

    #[test]
    fn records_are_alike_when_neither_has_less_than_half_the_days_of_the_other() {
        for (one, other, alike) in [
            // Daily feeding against three days of it.
            ((29, 30), (3, 30), false),
            ((3, 30), (29, 30), false),
            ((29, 30), (20, 30), true),
            ((30, 30), (28, 31), true),
            // A collection or two in a month, also of one day more.
            ((1, 30), (2, 30), true),
            ((1, 31), (2, 30), true),
            ((1, 30), (3, 30), false),
            ((5, 30), (1, 31), false),
            ((2, 30), (7, 30), false),
            // A running week against a whole one.
            ((3, 3), (7, 7), true),
            // No records: readings of devices.
            ((0, 30), (0, 30), true),
            ((10, 30), (0, 30), false),
        ] {
            assert_eq!(are_alike(one, other), alike, "{one:?} {other:?}");
        }
    }

    /// A site with 8 kg fed a day on the first days of a period.
    fn fed(period: &str, days: i8) -> SiteIndicators {
        fed_from(period, 1, days)
    }

    /// The same from a day of the period on.
    fn fed_from(period: &str, from: i8, days: i8) -> SiteIndicators {
        let period: Period = period.parse().unwrap();
        let mut account = test_account(&test_config());
        let first = period.first();
        let part = |day: i8| InputPart {
            value: 8.0,
            of: PartSource::Entry(EntryPart {
                id: u64::from(day.unsigned_abs()),
                when: EntryTime::Day(first.saturating_add(i64::from(day - 1).days())),
                quantity: 8.0,
                unit: "kg".into(),
            }),
        };
        let total = 8.0 * f64::from(days - from + 1);
        let mut one = test_indicator("ledger.bsf-fed", None, total, "kg");
        one.period = period;
        let of_records = InputSource::Ledger {
            indicator: "bsf-fed".into(),
            entries: Vec::new(),
        };
        one.inputs = vec![test_input("Q", total, "kg", of_records)];
        one.inputs[0].parts = (from..=days).map(part).collect();
        one.completeness = CompletenessShares::default();
        account.period = period;
        account.indicators = vec![one];
        account
    }

    fn front_texts(now: &SiteIndicators, before: &SiteIndicators) -> (String, String) {
        let config = test_config();
        let inputs = ReportInputs::of_account(&config, now, UtcMs(1_801_414_800_000), Language::En);
        let (front, _) = build_director_report(inputs, Some(before));
        let one = front.figures.into_iter();
        let mut one = one.filter(|one| &*one.figure.label == "Organic waste fed to maggots");
        let one = one.next().unwrap();
        (one.before, one.change)
    }

    #[test]
    fn a_period_with_few_recorded_days_is_not_compared_with_a_whole_one() {
        let now = fed("2026-11", 30);
        let (before, change) = front_texts(&now, &fed("2026-10", 3));
        assert_eq!((&*before, &*change), ("–", "records: 3 days, now 30"));
        let (before, change) = front_texts(&now, &fed("2026-10", 25));
        assert_eq!(
            (&*before.replace('\u{a0}', " "), &*change),
            ("200.0 kg", "+20%")
        );
        // Nor where people began to record in the middle of it.
        let (before, change) = front_texts(&now, &fed_from("2026-10", 12, 30));
        assert_eq!((&*before, &*change), ("–", "records since 12 Oct 2026"));
        // A refused or bounded number of the period before says so, and no change.
        let with = |change: &dyn Fn(&mut Indicator)| {
            let mut before = fed("2026-10", 30);
            change(&mut before.indicators[0]);
            let (before, change) = front_texts(&now, &before);
            (before.replace('\u{a0}', " "), change)
        };
        let refused = IndicatorRemark::new("analyse-status-implausible-readings");
        let refused = with(&|one| one.value = Err(refused.clone()));
        assert_eq!(refused, ("–".to_owned(), "readings refused".to_owned()));
        let lost = IndicatorRemark::new("account-lower-bound");
        let least = with(&|one| one.remarks.push(lost.clone()));
        assert_eq!(least, ("240.0 kg".to_owned(), "at least".to_owned()));
        let doubted = with(&|one| one.claim = ClaimVerdict::Doubtful);
        assert_eq!(doubted, ("240.0 kg".to_owned(), "to be checked".to_owned()));
        let late =
            IndicatorRemark::new("account-measured-since").with_arg("since", "2026-10-12T09:00:00");
        let late = with(&|one| one.remarks.push(late.clone()));
        assert_eq!(
            late,
            ("–".to_owned(), "readings since 12 Oct 2026".to_owned())
        );
        // Nor where the asset was in operation for a part of the period before.
        let mut part = fed("2026-10", 30);
        part.indicators[0].period = "2026-10-20..2026-10-31".parse().unwrap();
        let (before, change) = front_texts(&now, &part);
        assert_eq!((&*before, &*change), ("–", "other days of operation"));
    }
}

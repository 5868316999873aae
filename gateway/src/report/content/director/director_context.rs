//! [`DirectorContext`]: input of the edition, with the figures of the period before.

use crate::domain::indicator::{Indicator, SiteIndicators};
use crate::domain::ledger::EntryKind;
use crate::domain::period::Period;
use crate::domain::value_bound::ValueBound;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::report::content::context::ReportContext;
use crate::report::content::{
    ReportInputs, display_names, indicator_figures, significant_digits, targets,
};
use crate::report::render::cell_value::{CellValue, NumberFormat, ValueKind};
use crate::report::render::number_format;

/// Input of the edition.
#[derive(Debug)]
pub(crate) struct DirectorContext<'a> {
    pub(crate) book: ReportContext<'a>,
    /// Figures of the period to compare with.
    before: Option<&'a SiteIndicators>,
}

impl<'a> DirectorContext<'a> {
    pub(crate) fn new(matter: ReportInputs<'a>, before: Option<&'a SiteIndicators>) -> Self {
        let book = ReportContext::new(matter);
        Self { book, before }
    }

    /// Name of the period before, short enough for a column: `1–20 Okt 2026` for a part of it.
    pub(crate) fn before_name(&self) -> String {
        let own = self.book.matter.account.period;
        let period = match self.before {
            Some(before) => before.period,
            None => own.before(self.book.today()),
        };
        match period {
            Period::Range(first, last) => {
                let short = |day| number_format::format_short_date(self.book.lang, day);
                let mut from = short(first);
                if first.year() == last.year() {
                    let year = format!(" {}", first.year());
                    from.truncate(from.trim_end_matches(&year).len());
                }
                format!("{from} – {}", short(last))
            }
            whole => display_names::period_name(self.book.lang, whole),
        }
    }

    /// The same figure of the period before, with all figures of that period.
    pub(crate) fn find_before(
        &self,
        one: &Indicator,
    ) -> Option<(&'a SiteIndicators, &'a Indicator)> {
        let before = self.before?;
        let found = before.find(&one.id, one.asset.as_deref());
        // Another unit, such as CO2 and CO2e, is no comparison.
        let found = found.filter(|found| found.unit == one.unit)?;
        Some((before, found))
    }

    /// Unit and digits of a figure.
    pub(crate) fn number_format(&self, one: &Indicator) -> NumberFormat {
        let definitions = &self.book.matter.config.definitions;
        match significant_digits::figure_number_kind(definitions, self.book.lang, one) {
            ValueKind::Number(format) => format,
            _ => NumberFormat {
                unit: String::new(),
                decimals: 0,
                rounding: RoundingMode::Nearest,
            },
        }
    }

    /// A number with the unit and digits of a figure, rounded in its direction.
    pub(crate) fn quantity(&self, one: &Indicator, number: f64) -> String {
        let format = self.number_format(one);
        let (rounded, decimals) = (format.round(number), format.shown_decimals());
        number_format::format_quantity(self.book.lang, rounded, &format.unit, decimals)
    }

    /// The same, `at least 250 kWh` where the figure is a lower bound.
    pub(crate) fn bounded_quantity(&self, one: &Indicator, number: f64) -> String {
        let text = self.quantity(one, number);
        if one.bound() != ValueBound::Lower {
            return text;
        }
        let args = [("value", &*text)];
        self.book.format_message("report-value-at-least", &args)
    }

    /// A half-width rounded up, with the last digit of its figure.
    pub(crate) fn rounded_width(&self, one: &Indicator, width: f64) -> f64 {
        let decimals = i32::from(self.number_format(one).decimals);
        round_decimals(width, decimals, RoundingMode::Up)
    }

    /// The figure with its unit, or the reason for which it is not claimed.
    pub(crate) fn claimed_text(&self, one: &Indicator) -> CellValue {
        match (
            indicator_figures::claimed_value(&self.book, one),
            &one.value,
        ) {
            (CellValue::Number(_), Ok(value)) => {
                CellValue::Text(self.bounded_quantity(one, *value))
            }
            (other, _) => other,
        }
    }

    /// Target with its unit; empty without one. It is given and not claimed, so it is rounded to
    /// the nearest.
    pub(crate) fn target_text(&self, one: &Indicator) -> String {
        let target = targets::find_target(&self.book, EntryKind::Target, one);
        target.map_or_else(String::new, |target| {
            let format = NumberFormat {
                rounding: RoundingMode::Nearest,
                ..self.number_format(one)
            };
            let (rounded, decimals) = (format.round(target.value), format.shown_decimals());
            let lang = self.book.lang;
            let text = number_format::format_quantity(lang, rounded, &format.unit, decimals);
            let Some((covered, days)) = target.part() else {
                return text;
            };
            let (covered, days) = (covered.to_string(), days.to_string());
            let args = [("covered", &*covered), ("days", &*days)];
            format!(
                "{text} ({})",
                self.book.format_message("report-target-days", &args)
            )
        })
    }
}

//! Explanation of a figure in steps, each with its depth; as text, a step is an indented line.

use super::IndicatorExplanation;
use super::equation_lines::{ROWS_WRITTEN_MAX, exact_quantity};
use super::input_source::source_text;
use super::part_text::part_label;
use crate::domain::UtcMs;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorInput, InputSource, PointReadings};
use crate::domain::measured_since::PeriodEnd;
use crate::report::content::context::ReportContext;
use crate::report::content::{
    data_events, display_names, doubt_acts, factor_annex, figure_marks, indicator_figures,
    readings_annex,
};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::figure::KeyFigure;
use crate::report::render::number_format;
use std::fmt::Write as _;
use std::sync::Arc;

const INDENT: &str = "  ";

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExplanationStep {
    /// Depth; steps that belong to another one follow it with a greater depth.
    pub(crate) depth: usize,
    /// Subject of the line.
    pub(crate) kind: StepKind,
    /// The line.
    pub(crate) text: String,
}

/// Subject of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// A figure with its period.
    Figure,
    /// Its value with bounds and status, or the reason why there is none.
    Value,
    /// Its equation in symbols or numbers.
    Equation,
    /// An input that is no reading.
    Input,
    /// An input from the readings of this point.
    Point(Arc<str>),
    /// First and last readings, entries, factor source, method or note.
    Detail,
}

/// Steps being written.
struct ExplanationWriter<'b, 'a> {
    book: &'b ReportContext<'a>,
    steps: Vec<ExplanationStep>,
}

/// Steps of an explanation, the figure itself first.
pub(crate) fn explanation_steps(
    book: &ReportContext<'_>,
    one: &IndicatorExplanation<'_>,
) -> Vec<ExplanationStep> {
    let mut writer = ExplanationWriter {
        book,
        steps: Vec::new(),
    };
    writer.write_indicator(one, 0);
    // A period of which nothing is known says so once, whatever the reason of this figure is.
    if book.indicators().iter().all(|one| one.value.is_err()) {
        writer.write_act(1, &book.message("chapters-explain-act-no-data"));
    }
    writer.steps
}

pub(crate) fn write_explanation(
    book: &ReportContext<'_>,
    one: &IndicatorExplanation<'_>,
) -> String {
    let mut text = String::new();
    for step in explanation_steps(book, one) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}{}", INDENT.repeat(step.depth), step.text);
    }
    text
}

impl ExplanationWriter<'_, '_> {
    fn write_step(&mut self, depth: usize, kind: StepKind, text: &str) {
        let text = text.to_owned();
        self.steps.push(ExplanationStep { depth, kind, text });
    }

    fn write_message(&mut self, depth: usize, key: &str, args: &[(&str, &str)]) {
        let text = self
            .book
            .format_message(&format!("chapters-explain-{key}"), args);
        self.write_step(depth, StepKind::Detail, &text);
    }

    /// Writes what is to be done.
    fn write_act(&mut self, depth: usize, act: &str) {
        self.write_message(depth, "act", &[("act", act)]);
    }

    fn write_indicator(&mut self, one: &IndicatorExplanation<'_>, depth: usize) {
        let (book, indicator) = (self.book, one.indicator);
        let name = book.full_name(indicator);
        let period = display_names::period_name(book.lang, indicator.period);
        let mut title = format!("{name} ({}), {period}", indicator.id);
        for end in PeriodEnd::ALL {
            if let Some(cut) = indicator.measured_end(end) {
                let of = (cut, indicator.period);
                let _ = write!(title, ", {}", figure_marks::end_text(book.lang, end, of));
            }
        }
        self.write_step(depth, StepKind::Figure, &title);
        let said = printed_figure_text(book, indicator);
        self.write_step(depth + 1, StepKind::Value, &said);
        if let (0, Some(act)) = (depth, act_text(book, indicator)) {
            self.write_act(1, &act);
        }
        let origin = indicator_figures::origin_text(book, indicator);
        let args = [("method", indicator.method), ("origin", &*origin)];
        self.write_message(depth + 1, "method", &args);
        self.write_step(depth + 1, StepKind::Equation, indicator.equation);
        self.write_lines(one, depth + 1);
        let mut told: Option<&str> = None;
        for (place, input) in indicator.inputs.iter().enumerate() {
            self.write_input(input, depth + 1);
            match &input.from {
                // Both readings of a counter are of one point.
                InputSource::Point(readings) if told == Some(&readings.point) => {}
                InputSource::Point(readings) => {
                    told = Some(&readings.point);
                    self.write_readings(readings, depth + 2);
                }
                InputSource::Factor(id) => self.write_factor(id, depth + 2),
                _ => {}
            }
            self.write_parts(input, depth + 2);
            let below = one.below.iter().filter(|(at, _)| *at == place);
            for (_, next) in below {
                self.write_indicator(next, depth + 2);
            }
        }
        let behind = one.below.iter();
        for (_, next) in behind.filter(|(at, _)| *at >= indicator.inputs.len()) {
            let asset = next.indicator.asset.as_deref().unwrap_or_default();
            let asset = book.asset_name(asset);
            self.write_message(depth + 1, "left-out", &[("asset", &asset)]);
            self.write_indicator(next, depth + 2);
        }
        for note in indicator_figures::figure_notes(book, indicator) {
            self.write_message(depth + 1, "note", &[("note", &note)]);
        }
    }

    /// Writes the calculation with its numbers, long sums first.
    fn write_lines(&mut self, one: &IndicatorExplanation<'_>, depth: usize) {
        let Some((last, sums)) = one.lines.split_last() else {
            return;
        };
        for sum in sums {
            let text = match sum.rows {
                0 => format!("{}: {} → {}", sum.symbols, sum.numbers, sum.text),
                rows => {
                    let (lang, rows) = (self.book.lang, rows.to_string());
                    let rows = lang.text_with("chapters-explain-rows", &[("count", &rows)]);
                    format!("{}: {} ({rows}) → {}", sum.symbols, sum.numbers, sum.text)
                }
            };
            self.write_step(depth, StepKind::Equation, &text);
        }
        let text = format!("{} → {}", last.numbers, last.text);
        self.write_step(depth, StepKind::Equation, &text);
    }

    /// Writes the parts of an input; of many, the first and the last.
    fn write_parts(&mut self, input: &IndicatorInput, depth: usize) {
        let count = input.parts.len();
        let is_single = matches!(input.from, InputSource::Indicator { .. }) && count < 2;
        if is_single {
            return;
        }
        for (place, part) in input.parts.iter().enumerate() {
            let is_written = count <= ROWS_WRITTEN_MAX || place == 0 || place + 1 == count;
            if is_written {
                let value = exact_quantity(self.book.lang, part.value, &input.unit);
                let text = format!("{value} ({})", part_label(self.book, part));
                self.write_step(depth, StepKind::Detail, &text);
            } else if place == 1 {
                let between = (count - 2).to_string();
                self.write_message(depth, "between", &[("count", &between)]);
            }
        }
    }

    fn write_input(&mut self, input: &IndicatorInput, depth: usize) {
        let book = self.book;
        let value = match input.value {
            None if !input.parts.is_empty() => {
                let count = input.parts.len().to_string();
                book.format_message("chapters-explain-rows", &[("count", &count)])
            }
            Some(value) => exact_quantity(book.lang, value, &input.unit),
            None => number_format::NO_VALUE.to_owned(),
        };
        let from = source_text(book, input);
        let kind = match &input.from {
            InputSource::Point(readings) => StepKind::Point(Arc::clone(&readings.point)),
            _ => StepKind::Input,
        };
        let text = format!("{} = {value} ← {from}", input.symbol);
        self.write_step(depth, kind, &text);
    }

    fn write_readings(&mut self, one: &PointReadings, depth: usize) {
        let book = self.book;
        let point = book.matter.config.site.point(&one.point);
        let unit = point.map_or("", |point| &*point.unit);
        let read = |read: Option<(UtcMs, f64)>| match read {
            Some((at, value)) => format!(
                "{} ({})",
                display_names::format_quantity(book.lang, value, unit),
                number_format::time(book.lang, at, &book.zone)
            ),
            None => number_format::NO_VALUE.to_owned(),
        };
        let [first, last] = [one.first, one.last].map(read);
        self.write_message(depth, "readings", &[("first", &first), ("last", &last)]);
        let number = |count: u64| {
            number_format::format_number(book.lang, readings_annex::count_to_f64(count), 0)
        };
        let longest = number_format::format_number(
            book.lang,
            readings_annex::ms_to_hours(one.longest_gap_ms),
            1,
        );
        let args = [
            ("good", &*number(one.good)),
            ("expected", &*number(one.expected)),
            ("gaps", &*number(one.gaps)),
            ("longest", &*longest),
        ];
        let key = if one.gaps == 0 { "no-gaps" } else { "gaps" };
        self.write_message(depth, key, &args);
        for one in &one.imports {
            let key = "chapters-explain-import";
            let text = data_events::import_text(book.lang, key, &one.import, &book.zone);
            self.write_step(depth, StepKind::Detail, &text);
        }
        for one in &one.redated {
            let key = "chapters-explain-redated";
            let text = data_events::redated_text(book.lang, key, one, &book.zone);
            self.write_step(depth, StepKind::Detail, &text);
        }
    }

    fn write_factor(&mut self, id: &str, depth: usize) {
        let book = self.book;
        let Some(factor) = book.matter.config.factors.find(id) else {
            return;
        };
        let year = factor.year.map_or_else(
            || number_format::NO_VALUE.to_owned(),
            |year| year.to_string(),
        );
        let (status, headline) = (
            factor_annex::factor_status_text(book, factor),
            factor_annex::factor_headline_text(book, factor),
        );
        let args = [
            ("year", &*year),
            ("status", &*status),
            ("headline", &*headline),
            (
                "source",
                book.matter.config.factors.source(factor, book.lang),
            ),
        ];
        self.write_message(depth, "factor-is", &args);
    }
}

/// Advice on a figure that is no headline; `None` where nothing is to be done.
fn act_text(book: &ReportContext<'_>, one: &Indicator) -> Option<String> {
    let act = |word: &str| Some(book.message(&format!("chapters-director-act-{word}")));
    if indicator_figures::is_refused(one) {
        return act("refused");
    }
    if let Some(why) = indicator_figures::insufficient_reason(book, one) {
        return Some(book.format_message("chapters-explain-act-measured", &[("why", &why)]));
    }
    let is_doubted = one.value.is_ok() && one.claim > ClaimVerdict::Claimable;
    let upper = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
    // What makes an upper bound of a figure is said at the one that it comes from.
    let sources = indicator_figures::sources_of(book, one).filter(|_| one.claim == upper);
    let acted: Vec<&Indicator> = std::iter::once(one)
        .chain(sources.filter(|source| source.claim == upper))
        .collect();
    is_doubted
        .then(|| act(doubt_acts::verdict_act(one.claim, &acted)))
        .flatten()
}

/// The figure as the report prints it, with uncertainty, completeness and status.
fn printed_figure_text(book: &ReportContext<'_>, one: &Indicator) -> String {
    let figure: KeyFigure = indicator_figures::indicator_figure(book, one, "", "");
    let shown = |value: f64, kind: &ValueKind| match kind {
        ValueKind::Number(measure) => {
            let rounded = measure.round(value);
            number_format::format_quantity(
                book.lang,
                rounded,
                &measure.unit,
                measure.shown_decimals(),
            )
        }
        _ => display_names::format_number(book.lang, value),
    };
    let mut text = match &figure.value {
        CellValue::Number(value) if figure.is_at_least => {
            let value = shown(*value, &figure.kind);
            book.format_message("report-value-at-least", &[("value", &value)])
        }
        CellValue::Number(value) => shown(*value, &figure.kind),
        CellValue::Missing(why) => format!("{} {why}", number_format::NO_VALUE),
        _ => number_format::NO_VALUE.to_owned(),
    };
    if let Some(width) = figure.shown_width() {
        let width = shown(width, &figure.kind.uncertainty_kind());
        let width = number_format::half_width(book.lang, &width, figure.is_least);
        let _ = write!(text, " {width}");
    }
    let reach = figure.shown_reach().map(|amount| {
        let kind = figure.kind.uncertainty_kind();
        amount.map_or_else(String::new, |amount| shown(amount, &kind))
    });
    let mut text = number_format::with_reach(book.lang, text, reach);
    if let Some(share) = figure.completeness {
        let share = number_format::format_percent(book.lang, share, 1);
        text.push_str(" · ");
        text.push_str(&book.format_message("report-card-completeness", &[("share", &share)]));
    }
    let status = book.message(&format!("report-status-{}", figure.status.key()));
    let _ = write!(text, " · {status}");
    text
}

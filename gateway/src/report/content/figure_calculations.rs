//! Calculations of all figures, for the formulas of the workbook.

use super::context::ReportContext;
use super::explain::{part_label, source_text};
use super::figure_key::{figure_key, key_of};
use super::{display_names, indicator_figures};
use crate::domain::equation::Equation;
use crate::domain::indicator::{Indicator, IndicatorInput, InputSource};
use crate::report::render::calculation::{CalculationInput, FigureCalculation};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::number_format;

/// Calculations of the figures that have a value.
pub(crate) fn figure_calculations(book: &ReportContext<'_>) -> Vec<FigureCalculation> {
    let all = book.indicators().iter();
    let calculation = |one: &Indicator| {
        let value = *one.value.as_ref().ok()?;
        let body = Equation::parse(one.equation).ok()?.body;
        let inputs = one.inputs.iter();
        Some(FigureCalculation {
            id: figure_key(one),
            label: book.full_name(one),
            value,
            unit: book.unit_text(&one.unit),
            printed: printed_text(book, one),
            symbols: one.equation.to_owned(),
            body,
            inputs: inputs.map(|input| calculation_input(book, input)).collect(),
        })
    };
    all.filter_map(calculation).collect()
}

/// The figure as the report prints it, with its unit.
fn printed_text(book: &ReportContext<'_>, one: &Indicator) -> String {
    let figure = indicator_figures::indicator_figure(book, one, "", "");
    match (&figure.value, &figure.kind) {
        (CellValue::Number(value), ValueKind::Number(measure)) => number_format::format_quantity(
            book.lang,
            measure.round(*value),
            &measure.unit,
            measure.shown_decimals(),
        ),
        (CellValue::Number(value), _) => display_names::format_number(book.lang, *value),
        _ => number_format::NO_VALUE.to_owned(),
    }
}

fn calculation_input(book: &ReportContext<'_>, input: &IndicatorInput) -> CalculationInput {
    let figure = match &input.from {
        InputSource::Indicator { id, asset } => {
            let found = book.matter.account.find(id, asset.as_deref());
            let value = found.and_then(|one| one.value.as_ref().ok());
            // An input that counts a part of the figure, or in another unit, is a number.
            let same = value
                .zip(input.value)
                .is_some_and(|(of, used)| of.to_bits() == used.to_bits());
            same.then(|| key_of(id, asset.as_deref()))
        }
        _ => None,
    };
    let parts = input.parts.iter();
    CalculationInput {
        symbol: input.symbol.to_owned(),
        source: source_text(book, input),
        value: input.value,
        unit: book.unit_text(&input.unit),
        figure,
        parts: parts
            .map(|part| (part_label(book, part), part.value))
            .collect(),
    }
}

//! Two sheets with the calculation of every figure: the equations as formulas over the cells of
//! their inputs, and the parts of the inputs that are lists.

use super::cell_formats::CellFormats;
use super::excel_formula::{FormulaCells, formula_of};
use crate::domain::equation_node::{EquationNode, EquationValues};
use crate::report::render::calculation::{CalculationInput, FigureCalculation};
use crate::report::render::render_context::RenderContext;
use rust_xlsxwriter::{Format, Formula, Worksheet, XlsxError, utility};
use std::collections::BTreeMap;

/// Columns of the sheet of calculations.
const LABEL: u16 = 0;
const EQUATION: u16 = 1;
const VALUE: u16 = 2;
const UNIT: u16 = 3;
const PRINTED: u16 = 4;
/// First row with a figure.
const FIRST_ROW: u32 = 2;

/// Names of the two sheets.
pub(super) struct SheetNames<'a> {
    pub(super) calculations: &'a str,
    pub(super) parts: &'a str,
}

/// The two sheets, with the rows that are written so far.
pub(super) struct CalculationSheets<'a> {
    names: SheetNames<'a>,
    calculations: Worksheet,
    parts: Worksheet,
    row: u32,
    parts_row: u32,
    /// Row of the value of each figure.
    rows: BTreeMap<String, u32>,
}

/// Cells of one figure.
struct FigureCells<'a> {
    names: &'a SheetNames<'a>,
    inputs: &'a [CalculationInput],
    /// Row of the first input.
    first: u32,
    values: &'a EquationValues,
    /// Columns of lists on the sheet of parts, their first row and the number of rows.
    block: Option<&'a PartBlock>,
}

/// Rows of the lists of one figure on the sheet of parts.
struct PartBlock {
    columns: Vec<(String, u16)>,
    first: u32,
    rows: usize,
    /// Column with the rows of the sum.
    sum: u16,
}

impl<'a> CalculationSheets<'a> {
    pub(super) fn new(
        show: &RenderContext<'_>,
        names: SheetNames<'a>,
        all: &[FigureCalculation],
    ) -> Result<Self, XlsxError> {
        let (mut calculations, mut parts) = (Worksheet::new(), Worksheet::new());
        calculations.set_name(names.calculations)?;
        parts.set_name(names.parts)?;
        for (sheet, title) in [(&mut calculations, "calculations"), (&mut parts, "parts")] {
            let title = show.translate(&format!("report-sheet-{title}-title"));
            sheet.write_string_with_format(0, 0, title, &CellFormats::title())?;
            sheet.set_freeze_panes(FIRST_ROW, 0)?;
        }
        for (column, width) in [
            (LABEL, 46.0),
            (EQUATION, 46.0),
            (VALUE, 18.0),
            (PRINTED, 18.0),
        ] {
            calculations.set_column_width(column, width)?;
        }
        parts.set_column_width(0, 46.0)?;
        let heads = ["indicator", "equation", "value", "unit", "printed"];
        for (column, head) in (0..).zip(heads) {
            let head = show.translate(&format!("report-{head}"));
            calculations.write_string_with_format(1, column, head, &CellFormats::head())?;
        }
        // Each figure has one row, and one for each of its inputs.
        let mut rows = BTreeMap::new();
        let mut next = FIRST_ROW;
        for one in all {
            rows.insert(one.id.clone(), next);
            next += 1 + u32::try_from(one.inputs.len()).unwrap_or(0);
        }
        Ok(Self {
            names,
            calculations,
            parts,
            row: FIRST_ROW,
            parts_row: FIRST_ROW,
            rows,
        })
    }

    /// Writes a figure with its inputs.
    pub(super) fn write_figure(&mut self, one: &FigureCalculation) -> Result<(), XlsxError> {
        let at = self.row;
        let values = values_of(&one.inputs);
        self.write_inputs(one, at + 1)?;
        let block = self.write_lists(one, at + 1, &values)?;
        let cells = FigureCells {
            names: &self.names,
            inputs: &one.inputs,
            first: at + 1,
            values: &values,
            block: block.as_ref(),
        };
        let formula = formula_of(&one.body, &cells, None);
        let sheet = &mut self.calculations;
        let strong = CellFormats::heading();
        sheet.write_string_with_format(at, LABEL, &one.label, &strong)?;
        sheet.write_string_with_format(at, EQUATION, &one.symbols, &CellFormats::text())?;
        write_number(sheet, (at, VALUE), formula, one.value, &CellFormats::text())?;
        sheet.write_string_with_format(at, UNIT, &one.unit, &CellFormats::text())?;
        sheet.write_string_with_format(at, PRINTED, &one.printed, &CellFormats::missing())?;
        self.row += 1 + u32::try_from(one.inputs.len()).unwrap_or(0);
        Ok(())
    }

    fn write_inputs(&mut self, one: &FigureCalculation, first: u32) -> Result<(), XlsxError> {
        for (row, input) in (first..).zip(&one.inputs) {
            let figure = input
                .figure
                .as_ref()
                .and_then(|figure| self.rows.get(figure));
            let formula = match (figure, input.parts.len(), input.value) {
                (Some(row), ..) => Some(absolute_cell(*row, VALUE)),
                (None, 2.., Some(_)) => Some(self.write_parts_of(one, input)?),
                _ => None,
            };
            let sheet = &mut self.calculations;
            let label = format!("    {}", input.symbol);
            sheet.write_string_with_format(row, LABEL, label, &CellFormats::text())?;
            sheet.write_string_with_format(row, EQUATION, &input.source, &CellFormats::faint())?;
            // A list of one number has no block of its own: the sum is taken over this cell.
            let only = match input.parts.as_slice() {
                [(_, only)] => Some(*only),
                _ => None,
            };
            if let Some(value) = input.value.or(only) {
                write_number(sheet, (row, VALUE), formula, value, &CellFormats::faint())?;
            }
            sheet.write_string_with_format(row, UNIT, &input.unit, &CellFormats::text())?;
        }
        Ok(())
    }

    /// Writes the parts of an input that is their sum; returns the formula of the sum.
    fn write_parts_of(
        &mut self,
        one: &FigureCalculation,
        input: &CalculationInput,
    ) -> Result<String, XlsxError> {
        let first = self.write_part_heads(one, [&*input.symbol].into_iter())?;
        for (label, value) in &input.parts {
            self.write_part_label(label)?;
            self.parts.write_number(self.parts_row, 1, *value)?;
            self.parts_row += 1;
        }
        let range = utility::cell_range_absolute(first, 1, self.parts_row - 1, 1);
        self.parts_row += 1;
        Ok(format!("SUM('{}'!{range})", self.names.parts))
    }

    /// Writes the lists of a figure side by side, with the value of each row of its sum.
    fn write_lists(
        &mut self,
        one: &FigureCalculation,
        first_input: u32,
        values: &EquationValues,
    ) -> Result<Option<PartBlock>, XlsxError> {
        let lists: Vec<&CalculationInput> = one
            .inputs
            .iter()
            .filter(|input| input.value.is_none() && input.parts.len() > 1)
            .collect();
        let (Some(longest), Some(of)) = (lists.first(), first_sum(&one.body)) else {
            return Ok(None);
        };
        let names = lists.iter().map(|list| &*list.symbol).chain(["Σ"]);
        let first = self.write_part_heads(one, names)?;
        let columns = (1..).zip(&lists);
        let columns = columns.map(|(column, list)| (list.symbol.clone(), column));
        let block = PartBlock {
            columns: columns.collect(),
            first,
            rows: longest.parts.len(),
            sum: u16::try_from(lists.len() + 1).unwrap_or(u16::MAX),
        };
        for (row, (label, _)) in longest.parts.iter().enumerate() {
            self.write_part_label(label)?;
            for (column, list) in (1..).zip(&lists) {
                if let Some((_, value)) = list.parts.get(row) {
                    self.parts.write_number(self.parts_row, column, *value)?;
                }
            }
            let cells = FigureCells {
                names: &self.names,
                inputs: &one.inputs,
                first: first_input,
                values,
                block: Some(&block),
            };
            let formula = formula_of(of, &cells, Some(row));
            let value = of.value_in_row(values, row).unwrap_or_default();
            let place = (self.parts_row, block.sum);
            write_number(&mut self.parts, place, formula, value, &CellFormats::text())?;
            self.parts_row += 1;
        }
        self.parts_row += 1;
        Ok(Some(block))
    }

    /// Writes the head of a block of parts; returns the row below it.
    fn write_part_heads<'s>(
        &mut self,
        one: &FigureCalculation,
        symbols: impl Iterator<Item = &'s str>,
    ) -> Result<u32, XlsxError> {
        let row = self.parts_row;
        let head = CellFormats::head();
        self.parts
            .write_string_with_format(row, 0, &one.label, &head)?;
        for (column, symbol) in (1..).zip(symbols) {
            self.parts
                .write_string_with_format(row, column, symbol, &head)?;
        }
        self.parts_row += 1;
        Ok(self.parts_row)
    }

    fn write_part_label(&mut self, label: &str) -> Result<(), XlsxError> {
        let text = CellFormats::text();
        self.parts
            .write_string_with_format(self.parts_row, 0, label, &text)?;
        Ok(())
    }

    /// Names of figures with the cells of their values.
    pub(super) fn defined_names(&self, all: &[FigureCalculation]) -> Vec<(String, String)> {
        let name = |one: &FigureCalculation| {
            let row = self.rows.get(&one.id)?;
            let cell = absolute_cell(*row, VALUE);
            Some((
                one.defined_name(),
                format!("='{}'!{cell}", self.names.calculations),
            ))
        };
        all.iter().filter_map(name).collect()
    }

    /// The sheets, first the calculations.
    pub(super) fn finish(self) -> [Worksheet; 2] {
        [self.calculations, self.parts]
    }
}

impl FormulaCells for FigureCells<'_> {
    fn cell(&self, symbol: &str, row: Option<usize>) -> Option<String> {
        let calculations = self.names.calculations;
        let own = |at: usize| {
            let row = self.first + u32::try_from(at).ok()?;
            Some(format!("'{calculations}'!{}", absolute_cell(row, VALUE)))
        };
        let mut same = self
            .inputs
            .iter()
            .enumerate()
            .filter(|(_, one)| one.symbol == symbol);
        let count = same.clone().count();
        if let (Some(row), 2..) = (row, count) {
            return own(same.nth(row)?.0);
        }
        let listed = self.block.zip(row).and_then(|(block, row)| {
            let (_, column) = block.columns.iter().find(|(name, _)| name == symbol)?;
            let row = block.first + u32::try_from(row).ok()?;
            Some(utility::row_col_to_cell(row, *column))
        });
        match listed {
            Some(cell) => Some(cell),
            None => own(same.next()?.0),
        }
    }

    fn sum(&self, of: &EquationNode) -> Option<String> {
        if let Some(block) = self.block {
            let last = block.first + u32::try_from(block.rows).ok()? - 1;
            let range = utility::cell_range_absolute(block.first, block.sum, last, block.sum);
            return Some(format!("SUM('{}'!{range})", self.names.parts));
        }
        let rows = of.rows(self.values).ok()?;
        let rows: Option<Vec<String>> = (0..rows)
            .map(|row| formula_of(of, self, Some(row)))
            .collect();
        Some(format!("({})", rows?.join("+")))
    }
}

/// Body of the first sum of an equation.
fn first_sum(node: &EquationNode) -> Option<&EquationNode> {
    match node {
        EquationNode::Sum(of) => Some(of),
        EquationNode::Number(_) | EquationNode::Symbol(_) => None,
        EquationNode::Negative(of) | EquationNode::Group(of) => first_sum(of),
        EquationNode::Operation(_, a, b) => first_sum(a).or_else(|| first_sum(b)),
        EquationNode::Function(_, of) => of.iter().find_map(first_sum),
    }
}

fn values_of(inputs: &[CalculationInput]) -> EquationValues {
    let mut values = EquationValues::default();
    for input in inputs {
        let rows = input.parts.iter().map(|(_, value)| *value).collect();
        values.add(&input.symbol, input.value, rows);
    }
    values
}

/// Writes a formula with its result, or the number where there is no formula.
fn write_number(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    formula: Option<String>,
    value: f64,
    format: &Format,
) -> Result<(), XlsxError> {
    match formula {
        Some(formula) => {
            let formula = Formula::new(format!("={formula}")).set_result(value.to_string());
            sheet.write_formula_with_format(row, column, formula, format)?;
        }
        None => {
            sheet.write_number_with_format(row, column, value, format)?;
        }
    }
    Ok(())
}

fn absolute_cell(row: u32, column: u16) -> String {
    utility::row_col_to_cell_absolute(row, column)
}

//! [`EquationLine`]: an equation of a figure with its numbers, so that it can be redone by hand.

use crate::domain::equation::{Equation, equation_values};
use crate::domain::equation_node::{EquationNode, EquationOperator, EquationValues};
use crate::domain::indicator::{Indicator, IndicatorInput, InputSource};
use crate::formulas::claim_rounding::{decimal_magnitude, round_digits};
use crate::i18n::Language;
use crate::report::content::display_names;
use std::sync::Arc;

/// Rows of a sum that are written out one by one.
pub(crate) const ROWS_WRITTEN_MAX: usize = 12;
/// Fewest significant digits of the numbers of a line, and those of the result of the last line.
const DIGITS_MIN: usize = 7;
/// Digits with which every number is exact.
const DIGITS_MAX: usize = 17;
/// Digits of numbers that stand alone, and of an equation that does not give its value at all.
const DIGITS_USUAL: usize = 10;
/// Most digits of the result of a sum, which is added up in another order here.
const SUM_DIGITS_MAX: usize = 12;
/// Most decimals that are printed.
const DECIMALS_MAX: i32 = 25;
/// Symbols of long sums within the equation of a figure.
const SUM_SYMBOLS: [&str; 4] = ["Σ1", "Σ2", "Σ3", "Σ4"];

/// One line of a calculation: redone with its numbers, it gives its result.
#[derive(Clone, Debug, PartialEq)]
pub struct EquationLine {
    /// Equation in symbols.
    pub symbols: String,
    /// The right side with numbers and units. Of a long sum, its first and last rows.
    pub numbers: String,
    /// Result as printed, with its unit.
    pub text: String,
    /// Result rounded as printed.
    pub result: f64,
    /// Rows of a sum that is too long to be written out; 0 for a line with all its numbers.
    pub rows: usize,
}

/// Equation in which long sums are symbols of their own.
struct ShortEquation {
    body: EquationNode,
    inputs: Vec<IndicatorInput>,
    sums: Vec<LongSum>,
}

/// Sum that is too long to be written out.
struct LongSum {
    node: EquationNode,
    value: f64,
    rows: usize,
}

/// Numbers in place of symbols.
struct NumberWriter<'a> {
    lang: Language,
    inputs: &'a [IndicatorInput],
    values: EquationValues,
    digits: usize,
}

/// Lines of the calculation of a figure: sums of parts and long sums first, the equation of the
/// figure last. None without a value, or where the equation cannot be evaluated.
pub(crate) fn equation_lines(lang: Language, one: &Indicator) -> Vec<EquationLine> {
    let (Ok(value), Ok(equation)) = (&one.value, Equation::parse(one.equation)) else {
        return Vec::new();
    };
    let values = equation_values(&one.inputs);
    if equation.evaluate(&values).is_err() {
        return Vec::new();
    }
    let short = shorten(&equation.body, &one.inputs, &values);
    let (digits, shown) = digits_for(&short, *value);
    let sum_digits = digits.min(SUM_DIGITS_MAX);
    let inputs = one.inputs.iter();
    let listed = inputs.filter(|input| is_sum_of_parts(input, &equation.body));
    let mut lines: Vec<EquationLine> = listed
        .map(|input| parts_line(lang, input, sum_digits))
        .collect();
    for sum in &short.sums {
        let writer = NumberWriter::new(lang, &one.inputs, digits);
        lines.push(writer.sum_line(sum, sum_digits));
    }
    let writer = NumberWriter::new(lang, &short.inputs, digits);
    lines.push(EquationLine {
        symbols: one.equation.to_owned(),
        numbers: writer.text(&short.body, None, true),
        text: quantity_text(lang, *value, &one.unit, DIGITS_MIN),
        result: shown,
        rows: 0,
    });
    lines
}

/// The equation of a figure with its numbers; the equation itself where there are none.
pub(crate) fn substitute_numbers(lang: Language, one: &Indicator) -> String {
    let last = equation_lines(lang, one).pop();
    let head = Equation::parse(one.equation).map(|equation| equation.result);
    match (last, head.as_deref()) {
        (None, _) => one.equation.to_owned(),
        (Some(line), Ok("") | Err(_)) => line.numbers,
        (Some(line), Ok(head)) => format!("{head} = {}", line.numbers),
    }
}

/// Whether an input is the sum of several parts that the equation uses as one number.
fn is_sum_of_parts(input: &IndicatorInput, body: &EquationNode) -> bool {
    let mut is_used = false;
    body.for_each_symbol(&mut |symbol| is_used |= symbol == input.symbol);
    is_used && input.value.is_some() && input.parts.len() > 1
}

/// Line of an input that is the sum of its parts.
fn parts_line(lang: Language, input: &IndicatorInput, digits: usize) -> EquationLine {
    let value = input.value.unwrap_or_default();
    let shown = round_digits(value, digits);
    let sum_of = |of: usize| -> f64 {
        let parts = input.parts.iter();
        parts.map(|part| round_digits(part.value, of)).sum()
    };
    let fits = |of: &usize| is_shown(sum_of(*of), shown, digits);
    let own = (digits..=DIGITS_MAX).find(fits).unwrap_or(DIGITS_USUAL);
    let text = |value: f64| bracketed(lang, value, &input.unit, own);
    let is_long = input.parts.len() > ROWS_WRITTEN_MAX;
    let numbers = match input.parts.as_slice() {
        [first, .., last] if is_long => format!("{} + … + {}", text(first.value), text(last.value)),
        parts => {
            let all: Vec<String> = parts.iter().map(|part| text(part.value)).collect();
            all.join(" + ")
        }
    };
    EquationLine {
        symbols: format!("{0} = Σ {0}", input.symbol),
        numbers,
        text: quantity_text(lang, value, &input.unit, digits),
        result: shown,
        rows: if is_long { input.parts.len() } else { 0 },
    }
}

/// Replaces long sums by symbols of their own.
fn shorten(
    body: &EquationNode,
    inputs: &[IndicatorInput],
    values: &EquationValues,
) -> ShortEquation {
    let mut sums: Vec<LongSum> = Vec::new();
    let mut inputs = inputs.to_vec();
    let body = body.with_sums(&mut |node, of| {
        let rows = of.rows(values).ok()?;
        if rows <= ROWS_WRITTEN_MAX {
            return None;
        }
        let value = node.value(values).ok()?;
        let symbol = SUM_SYMBOLS.get(sums.len())?;
        inputs.push(IndicatorInput {
            symbol,
            value: Some(value),
            unit: unit_of_sum(of, &inputs),
            from: InputSource::Constant(""),
            rule: "",
            parts: Vec::new(),
        });
        let node = node.clone();
        sums.push(LongSum { node, value, rows });
        Some(EquationNode::Symbol((*symbol).to_owned()))
    });
    ShortEquation { body, inputs, sums }
}

/// Unit of a sum whose symbols all have the same unit and are not multiplied; else empty.
fn unit_of_sum(of: &EquationNode, inputs: &[IndicatorInput]) -> Arc<str> {
    let mut units = Vec::new();
    of.for_each_symbol(&mut |symbol| {
        let input = inputs.iter().find(|input| input.symbol == symbol);
        units.extend(input.map(|input| Arc::clone(&input.unit)));
    });
    let is_product = of.to_string().contains(['·', '/']);
    match units.split_first() {
        Some((first, others)) if !is_product && others.iter().all(|other| other == first) => {
            Arc::clone(first)
        }
        _ => Arc::from(""),
    }
}

/// Fewest digits of the numbers with which the equation gives the printed result, and that result.
fn digits_for(short: &ShortEquation, value: f64) -> (usize, f64) {
    let values = equation_values(&short.inputs);
    let shown = round_digits(value, DIGITS_MIN);
    let redone = |digits: usize| {
        let rounded = values.changed(|value| round_digits(value, digits));
        short.body.value(&rounded).unwrap_or(f64::NAN)
    };
    let fits = |digits: &usize| is_shown(redone(*digits), shown, DIGITS_MIN);
    let found = (DIGITS_MIN..=DIGITS_MAX).find(fits);
    (found.unwrap_or(DIGITS_USUAL), shown)
}

/// Whether a number is `shown` when it is printed with so many digits.
fn is_shown(number: f64, shown: f64, digits: usize) -> bool {
    let place = digits_as_i32(digits) - 1 - decimal_magnitude(shown).unwrap_or(0);
    // A little more than half, for numbers that are just between two.
    (number - shown).abs() <= 0.500_001 * 10_f64.powi(-place)
}

fn digits_as_i32(digits: usize) -> i32 {
    i32::try_from(digits).unwrap_or(i32::MAX)
}

fn number_text(lang: Language, value: f64, digits: usize) -> String {
    let value = round_digits(value, digits);
    let whole = decimal_magnitude(value).unwrap_or(0);
    let decimals = (digits_as_i32(digits) - 1 - whole).clamp(0, DECIMALS_MAX);
    let decimals = u8::try_from(decimals).unwrap_or(0);
    display_names::trimmed_number(lang, value, decimals)
}

/// A number of this unit with so many digits. A number without a unit may be a year, which is no
/// thousands: up to four digits it has no thousands separator.
fn number_with_digits(lang: Language, value: f64, unit: &str, digits: usize) -> String {
    let number = number_text(lang, value, digits);
    let is_bare = display_names::unit_text(lang, unit).is_empty();
    if is_bare && (1000.0..10_000.0).contains(&value) {
        return number.replace(lang.locale().thousands_mark, "");
    }
    number
}

/// A number with its unit in brackets; in parentheses below zero.
fn bracketed(lang: Language, value: f64, unit: &str, digits: usize) -> String {
    let number = number_with_digits(lang, value, unit, digits);
    let text = match display_names::unit_text(lang, unit).as_str() {
        "" => number,
        unit => format!("{number} [{unit}]"),
    };
    if value < 0.0 {
        format!("({text})")
    } else {
        text
    }
}

/// A number of an equation by itself, with its unit.
pub(crate) fn exact_quantity(lang: Language, value: f64, unit: &str) -> String {
    quantity_text(lang, value, unit, DIGITS_USUAL)
}

fn quantity_text(lang: Language, value: f64, unit: &str, digits: usize) -> String {
    let number = number_with_digits(lang, value, unit, digits);
    display_names::with_unit(lang, number, unit)
}

impl<'a> NumberWriter<'a> {
    fn new(lang: Language, inputs: &'a [IndicatorInput], digits: usize) -> Self {
        Self {
            lang,
            inputs,
            values: equation_values(inputs),
            digits,
        }
    }

    /// Line of a long sum, with its first and last row.
    fn sum_line(&self, sum: &LongSum, digits: usize) -> EquationLine {
        let row = |row: usize| match &sum.node {
            EquationNode::Sum(of) => self.text(of, Some(row), false),
            node => self.text(node, Some(row), false),
        };
        EquationLine {
            symbols: sum.node.to_string(),
            numbers: format!("{} + … + {}", row(0), row(sum.rows - 1)),
            text: number_text(self.lang, sum.value, digits),
            result: round_digits(sum.value, digits),
            rows: sum.rows,
        }
    }

    /// Text of a part; in a row of a sum, and `is_whole` for the whole right side.
    fn text(&self, node: &EquationNode, row: Option<usize>, is_whole: bool) -> String {
        let part = |node: &EquationNode| self.text(node, row, false);
        match node {
            EquationNode::Number(text) => {
                let mark = self.lang.locale().decimal_mark;
                text.chars()
                    .map(|one| if one == '.' { mark } else { one })
                    .collect()
            }
            EquationNode::Symbol(symbol) => self.number(symbol, row),
            EquationNode::Negative(of) => format!("−{}", part(of)),
            EquationNode::Group(of) => format!("({})", part(of)),
            EquationNode::Operation(EquationOperator::Power, a, b) => {
                format!("{}^{}", part(a), part(b))
            }
            EquationNode::Operation(operator, a, b) => {
                format!("{} {} {}", part(a), operator.sign(), part(b))
            }
            EquationNode::Function(function, of) => {
                let of: Vec<String> = of.iter().map(part).collect();
                // Not a comma, which separates decimals or thousands.
                format!("{}({})", function.name(), of.join("; "))
            }
            EquationNode::Sum(of) => self.written_sum(of, is_whole),
        }
    }

    /// All rows of a sum.
    fn written_sum(&self, of: &EquationNode, is_whole: bool) -> String {
        let count = of.rows(&self.values).unwrap_or(1);
        if let (1, true, EquationNode::Group(inner)) = (count, is_whole, of) {
            return self.text(inner, Some(0), true);
        }
        let rows = (0..count).map(|row| self.text(of, Some(row), false));
        let rows: Vec<String> = rows.collect();
        match rows.as_slice() {
            [] => "0".to_owned(),
            [one] => one.clone(),
            all if is_whole => all.join(" + "),
            all => format!("({})", all.join(" + ")),
        }
    }

    fn number(&self, symbol: &str, row: Option<usize>) -> String {
        let input = self.inputs.iter().find(|input| input.symbol == symbol);
        let unit = input.map_or("", |input| &*input.unit);
        match self.values.value(symbol, row) {
            Ok(value) => bracketed(self.lang, value, unit, self.digits),
            Err(_) => symbol.to_owned(),
        }
    }
}

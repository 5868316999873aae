//! [`Equation`]: equation of a figure as a small expression, read from its text and evaluated over
//! the inputs of the figure.
//!
//! ```text
//! equation := [symbol "="] compare          compare  := sum ["≥" sum]
//! sum      := product (("+" | "−") product)*   product := signed (("·" | "/") signed)*
//! signed   := ["−"] power                  power    := atom ["^" signed]
//! atom     := number | "π" | symbol | function "(" compare ("," compare)* ")"
//!           | "(" compare ")" | "Σ" product
//! ```
//!
//! `Σ` adds its product over the rows of the lists among its symbols. A comparison is 1 or 0.

use super::equation_node::{EquationError, EquationNode, EquationValues};
use super::equation_reader::{is_symbol, read_expression};
use super::indicator::{Indicator, IndicatorInput};

/// Largest difference between a figure and its equation, as a share of the largest term.
const EQUAL_SHARE: f64 = 1e-9;

/// Equation of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// Symbol of the result; empty for none.
    pub result: String,
    /// Right side.
    pub body: EquationNode,
}

impl Equation {
    /// Reads an equation.
    pub fn parse(text: &str) -> Result<Self, EquationError> {
        let (result, right) = match text.split_once(" = ") {
            Some((result, right)) if is_symbol(result) => (result, right),
            _ => ("", text),
        };
        Ok(Self {
            result: result.to_owned(),
            body: read_expression(right)?,
        })
    }

    /// Evaluates the right side.
    pub fn evaluate(&self, values: &EquationValues) -> Result<f64, EquationError> {
        self.body.value(values)
    }
}

/// Values of inputs, by their symbols. Several inputs with one symbol are a list.
pub fn equation_values(inputs: &[IndicatorInput]) -> EquationValues {
    let mut all = EquationValues::default();
    for input in inputs {
        let parts = input.parts.iter().map(|part| part.value).collect();
        all.add(input.symbol, input.value, parts);
    }
    all
}

/// Fault of a figure whose equation does not give its value, or whose list does not add up to the
/// value of its input; `None` for a figure that can be redone, or that has no value.
pub fn equation_fault(figure: &Indicator) -> Option<String> {
    let value = *figure.value.as_ref().ok()?;
    for input in &figure.inputs {
        let sum: f64 = input.parts.iter().map(|part| part.value).sum();
        let most: f64 = input.parts.iter().map(|part| part.value.abs()).sum();
        let given = input.value.filter(|_| !input.parts.is_empty());
        if let Some(given) = given.filter(|given| (given - sum).abs() > EQUAL_SHARE * most) {
            return Some(format!("parts of {} give {sum}, not {given}", input.symbol));
        }
    }
    let values = equation_values(&figure.inputs);
    let found = Equation::parse(figure.equation).and_then(|one| one.body.evaluate(&values));
    match found {
        Err(error) => Some(format!("{}: {error}", figure.equation)),
        Ok(found) => {
            let tolerance = EQUAL_SHARE * found.most.max(value.abs());
            let differs = (found.value - value).abs() > tolerance || !found.value.is_finite();
            differs.then(|| format!("{} gives {}, not {value}", figure.equation, found.value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(all: &[(&str, &[f64])]) -> EquationValues {
        let mut values = EquationValues::default();
        for (symbol, rows) in all {
            match rows {
                [one] => values.add(symbol, Some(*one), Vec::new()),
                _ => values.add(symbol, None, rows.to_vec()),
            }
        }
        values
    }

    fn value_of(text: &str, all: &[(&str, &[f64])]) -> Result<f64, EquationError> {
        Equation::parse(text)?.evaluate(&values(all))
    }

    #[test]
    fn an_equation_is_evaluated_as_it_is_read() {
        let known: &[(&str, &[f64])] = &[("a", &[2.0]), ("b_x", &[5.0]), ("c₁", &[3.0])];
        let cases = [
            ("R = a + b_x · c₁", 17.0),
            ("a − b_x − c₁", -6.0),
            ("b_x / a / a", 1.25),
            ("−a^2", -4.0),
            ("a^c₁^a / 64", 8.0),
            ("100 · (b_x − a) / b_x", 60.0),
            ("max(0, a − b_x) + min(a, c₁, b_x)", 2.0),
            ("exp(ln(b_x)) · sqrt(4)", 10.0),
            ("(a ≥ 2) · (c₁ ≥ 3.5) + (b_x ≥ 1)", 1.0),
        ];
        for (text, expected) in cases {
            let found = value_of(text, known).unwrap();
            assert!((found - expected).abs() < 1e-12, "{text}: {found}");
        }
    }

    #[test]
    fn a_sum_goes_over_the_rows_of_its_lists() {
        let known: &[(&str, &[f64])] = &[("c₁", &[1.0, 0.0]), ("c₂", &[4.0, 7.5]), ("k", &[2.0])];
        assert_eq!(value_of("Σ (c₂ − c₁)", known), Ok(10.5));
        assert_eq!(value_of("k · Σ k · c₂ + k", known), Ok(48.0));
        assert_eq!(value_of("Σ k", known), Ok(2.0));
        let unequal: &[(&str, &[f64])] = &[("a", &[1.0, 2.0]), ("b", &[1.0, 2.0, 3.0])];
        assert_eq!(
            value_of("Σ a · b", unequal),
            Err(EquationError::UnequalLists)
        );
        let list: &[(&str, &[f64])] = &[("a", &[1.0, 2.0])];
        assert_eq!(
            value_of("a", list),
            Err(EquationError::NoValue("a".to_owned()))
        );
    }

    #[test]
    fn an_equation_is_printed_as_it_was_written() {
        let all = [
            "E_used / 1000 · EF · (1 + TDL)",
            "φ · (1 − f) · Σ W · exp(−k · (y − x)) · (1 − exp(−k))",
            "100 · V / (π / 4 · D^2)",
            "(t ≥ 360) · (n ≥ 5)",
        ];
        for text in all {
            assert_eq!(Equation::parse(text).unwrap().body.to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[a-cΣπ()+−·/^0-9.,≥ ]{0,80}") {
            let _ = Equation::parse(&text);
            let nested = format!("{}{text}", "(".repeat(400));
            let _ = Equation::parse(&nested);
        }
    }
}

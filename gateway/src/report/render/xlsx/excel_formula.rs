//! Equations as formulas of a spreadsheet.

use crate::domain::equation_node::{EquationFunction, EquationNode, EquationOperator};

/// Cells that stand for the symbols of an equation.
pub(super) trait FormulaCells {
    /// Cell of a symbol; of a list, in this row.
    fn cell(&self, symbol: &str, row: Option<usize>) -> Option<String>;
    /// Formula of a sum.
    fn sum(&self, of: &EquationNode) -> Option<String>;
}

/// Formula of an equation, without its equals sign; `None` where a symbol has no cell.
pub(super) fn formula_of(
    node: &EquationNode,
    cells: &dyn FormulaCells,
    row: Option<usize>,
) -> Option<String> {
    let part = |node: &EquationNode| formula_of(node, cells, row);
    Some(match node {
        EquationNode::Number(text) if text == "π" => "PI()".to_owned(),
        EquationNode::Number(text) => text.clone(),
        EquationNode::Symbol(symbol) => cells.cell(symbol, row)?,
        // Parentheses, because a spreadsheet takes a minus before a power.
        EquationNode::Negative(of) => format!("(-({}))", part(of)?),
        EquationNode::Group(of) => format!("({})", part(of)?),
        EquationNode::Operation(EquationOperator::Power, a, b) => {
            format!("(({})^({}))", part(a)?, part(b)?)
        }
        EquationNode::Operation(EquationOperator::AtLeast, a, b) => {
            format!("IF(({})>=({}),1,0)", part(a)?, part(b)?)
        }
        EquationNode::Operation(operator, a, b) => {
            format!("{}{}{}", part(a)?, arithmetic_sign(*operator), part(b)?)
        }
        EquationNode::Function(function, of) => {
            let of: Option<Vec<String>> = of.iter().map(part).collect();
            format!("{}({})", function_name(*function), of?.join(","))
        }
        EquationNode::Sum(of) => cells.sum(of)?,
    })
}

fn arithmetic_sign(operator: EquationOperator) -> &'static str {
    match operator {
        EquationOperator::Plus => "+",
        EquationOperator::Minus => "-",
        EquationOperator::Times => "*",
        EquationOperator::Over => "/",
        EquationOperator::Power => "^",
        EquationOperator::AtLeast => ">=",
    }
}

fn function_name(function: EquationFunction) -> &'static str {
    match function {
        EquationFunction::Exp => "EXP",
        EquationFunction::Ln => "LN",
        EquationFunction::Sqrt => "SQRT",
        EquationFunction::Acos => "ACOS",
        EquationFunction::Min => "MIN",
        EquationFunction::Max => "MAX",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::equation::Equation;

    struct NamedCells;

    impl FormulaCells for NamedCells {
        fn cell(&self, symbol: &str, row: Option<usize>) -> Option<String> {
            let row = row.map_or(1, |row| row + 2);
            (symbol != "x").then(|| format!("{}{row}", symbol.to_uppercase()))
        }

        fn sum(&self, of: &EquationNode) -> Option<String> {
            let rows: Option<Vec<String>> =
                (0..2).map(|row| formula_of(of, self, Some(row))).collect();
            Some(format!("SUM({})", rows?.join(",")))
        }
    }

    fn formula(text: &str) -> Option<String> {
        formula_of(&Equation::parse(text).unwrap().body, &NamedCells, None)
    }

    #[test]
    fn an_equation_becomes_a_formula_with_the_same_precedence() {
        let cases = [
            ("BE = e / 1000 · f · (1 + t)", "E1/1000*F1*(1+T1)"),
            ("a − −b^c", "A1-(-(((B1)^(C1))))"),
            ("max(0, Σ (c − d))", "MAX(0,SUM((C2-D2),(C3-D3)))"),
            ("exp(−k · y) · π", "EXP((-(K1))*Y1)*PI()"),
            (
                "(t ≥ 72) · (n ≥ 5)",
                "(IF((T1)>=(72),1,0))*(IF((N1)>=(5),1,0))",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(formula(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(formula("a + x"), None);
    }
}

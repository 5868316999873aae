//! [`EquationNode`]: part of an equation, with its value over the symbols of the inputs.

use std::fmt;

/// Part of an equation.
#[derive(Clone, Debug, PartialEq)]
pub enum EquationNode {
    /// Number as it is written, or `π`.
    Number(String),
    /// Symbol of an input.
    Symbol(String),
    /// Negative of a part.
    Negative(Box<Self>),
    /// Part in parentheses.
    Group(Box<Self>),
    /// Operation on two parts.
    Operation(EquationOperator, Box<Self>, Box<Self>),
    /// Function of one or more parts.
    Function(EquationFunction, Vec<Self>),
    /// Sum over the rows of lists.
    Sum(Box<Self>),
}

/// Operator of two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EquationOperator {
    /// Sum.
    Plus,
    /// Difference.
    Minus,
    /// Product.
    Times,
    /// Quotient.
    Over,
    /// Power.
    Power,
    /// 1 where the left side is at least the right side, else 0.
    AtLeast,
}

/// Function of an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EquationFunction {
    /// Exponential function.
    Exp,
    /// Natural logarithm.
    Ln,
    /// Square root.
    Sqrt,
    /// Arc cosine, rad.
    Acos,
    /// Smallest argument.
    Min,
    /// Largest argument.
    Max,
}

/// Reason for which an equation has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EquationError {
    /// The text is no equation.
    #[error("not readable from `{0}` on")]
    Unreadable(String),
    /// No input has this symbol, or it has no value.
    #[error("no value of `{0}`")]
    NoValue(String),
    /// Lists of one sum have different lengths.
    #[error("lists of different lengths in a sum")]
    UnequalLists,
}

/// Values of the symbols of an equation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EquationValues {
    symbols: Vec<SymbolValue>,
}

#[derive(Clone, Debug, PartialEq)]
struct SymbolValue {
    symbol: String,
    one: Option<f64>,
    rows: Vec<f64>,
}

/// Value of a part, and the amounts that were added up and subtracted on the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvaluatedPart {
    /// Value.
    pub value: f64,
    /// Sum of the amounts.
    pub most: f64,
}

impl EquationOperator {
    /// Returns the sign of the operator.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "−",
            Self::Times => "·",
            Self::Over => "/",
            Self::Power => "^",
            Self::AtLeast => "≥",
        }
    }

    fn apply(self, a: EvaluatedPart, b: EvaluatedPart) -> EvaluatedPart {
        let (x, y) = (a.value, b.value);
        let of = |value: f64, most: f64| EvaluatedPart { value, most };
        match self {
            Self::Plus => of(x + y, a.most + b.most),
            Self::Minus => of(x - y, a.most + b.most),
            Self::Times => of(x * y, a.most * b.most),
            Self::Over => of(x / y, a.most / y.abs()),
            Self::Power => of(x.powf(y), x.abs().powf(y)),
            Self::AtLeast => of(f64::from(x >= y), 1.0),
        }
    }
}

impl EquationFunction {
    /// All functions.
    pub const ALL: [Self; 6] = [
        Self::Exp,
        Self::Ln,
        Self::Sqrt,
        Self::Acos,
        Self::Min,
        Self::Max,
    ];

    /// Returns the name of the function.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exp => "exp",
            Self::Ln => "ln",
            Self::Sqrt => "sqrt",
            Self::Acos => "acos",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    fn apply(self, of: &[EvaluatedPart]) -> EvaluatedPart {
        let first = of.first().map_or(f64::NAN, |one| one.value);
        let all = of.iter().map(|one| one.value);
        let most = of.iter().fold(0.0, |most: f64, one| most.max(one.most));
        let value = match self {
            Self::Exp => first.exp(),
            Self::Ln => first.ln(),
            Self::Sqrt => first.sqrt(),
            Self::Acos => first.acos(),
            Self::Min => all.fold(f64::INFINITY, f64::min),
            Self::Max => all.fold(f64::NEG_INFINITY, f64::max),
        };
        match self {
            Self::Min | Self::Max => EvaluatedPart { value, most },
            _ => EvaluatedPart {
                value,
                most: value.abs(),
            },
        }
    }
}

impl EquationNode {
    /// Evaluates a part outside of a sum.
    pub fn value(&self, values: &EquationValues) -> Result<f64, EquationError> {
        Ok(self.evaluate(values)?.value)
    }

    /// Evaluates a part, and returns the largest amount that was added up on the way as well.
    pub fn evaluate(&self, values: &EquationValues) -> Result<EvaluatedPart, EquationError> {
        self.evaluate_row(values, None)
    }

    /// Evaluates a part of a sum in one of its rows.
    pub fn value_in_row(&self, values: &EquationValues, row: usize) -> Result<f64, EquationError> {
        Ok(self.evaluate_row(values, Some(row))?.value)
    }

    fn evaluate_row(
        &self,
        values: &EquationValues,
        row: Option<usize>,
    ) -> Result<EvaluatedPart, EquationError> {
        let of = |value: f64| EvaluatedPart {
            value,
            most: value.abs(),
        };
        Ok(match self {
            Self::Number(text) => of(number_value(text)),
            Self::Symbol(symbol) => of(values.value(symbol, row)?),
            Self::Negative(part) => {
                let part = part.evaluate_row(values, row)?;
                EvaluatedPart {
                    value: -part.value,
                    ..part
                }
            }
            Self::Group(part) => part.evaluate_row(values, row)?,
            Self::Operation(operator, a, b) => {
                operator.apply(a.evaluate_row(values, row)?, b.evaluate_row(values, row)?)
            }
            Self::Function(function, of) => {
                let of = of.iter().map(|one| one.evaluate_row(values, row));
                function.apply(&of.collect::<Result<Vec<_>, _>>()?)
            }
            Self::Sum(part) => {
                let mut sum = EvaluatedPart {
                    value: 0.0,
                    most: 0.0,
                };
                for row in 0..part.rows(values)? {
                    let one = part.evaluate_row(values, Some(row))?;
                    sum = EquationOperator::Plus.apply(sum, one);
                }
                sum
            }
        })
    }

    /// Returns the part with sums replaced: `replace` gets a sum and what it sums up, and returns
    /// what stands in its place, if anything.
    #[must_use]
    pub fn with_sums(&self, replace: &mut dyn FnMut(&Self, &Self) -> Option<Self>) -> Self {
        match self {
            Self::Number(_) | Self::Symbol(_) => self.clone(),
            Self::Negative(part) => Self::Negative(Box::new(part.with_sums(replace))),
            Self::Group(part) => Self::Group(Box::new(part.with_sums(replace))),
            Self::Operation(operator, a, b) => Self::Operation(
                *operator,
                Box::new(a.with_sums(replace)),
                Box::new(b.with_sums(replace)),
            ),
            Self::Function(function, of) => {
                let of = of.iter().map(|one| one.with_sums(replace)).collect();
                Self::Function(*function, of)
            }
            Self::Sum(part) => replace(self, part).unwrap_or_else(|| self.clone()),
        }
    }

    /// Returns the number of rows over which a sum of this part goes.
    pub fn rows(&self, values: &EquationValues) -> Result<usize, EquationError> {
        let mut lengths = Vec::new();
        let mut add = |symbol: &str| lengths.extend(values.list(symbol).map(<[f64]>::len));
        self.for_each_symbol(&mut add);
        match lengths.split_first() {
            None => Ok(1),
            Some((first, others)) if others.iter().all(|other| other == first) => Ok(*first),
            Some(_) => Err(EquationError::UnequalLists),
        }
    }

    /// Calls `meet` with each symbol, in the order of the text.
    pub fn for_each_symbol<'a>(&'a self, meet: &mut dyn FnMut(&'a str)) {
        match self {
            Self::Number(_) => {}
            Self::Symbol(symbol) => meet(symbol),
            Self::Negative(part) | Self::Group(part) | Self::Sum(part) => {
                part.for_each_symbol(meet);
            }
            Self::Operation(_, a, b) => {
                a.for_each_symbol(meet);
                b.for_each_symbol(meet);
            }
            Self::Function(_, of) => of.iter().for_each(|one| one.for_each_symbol(meet)),
        }
    }
}

/// Value of a number of an equation.
fn number_value(text: &str) -> f64 {
    match text {
        "π" => std::f64::consts::PI,
        // The reader takes digits and one point only.
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

impl fmt::Display for EquationNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(text) | Self::Symbol(text) => f.write_str(text),
            Self::Negative(part) => write!(f, "−{part}"),
            Self::Group(part) => write!(f, "({part})"),
            Self::Operation(EquationOperator::Power, a, b) => write!(f, "{a}^{b}"),
            Self::Operation(operator, a, b) => write!(f, "{a} {} {b}", operator.sign()),
            Self::Function(function, of) => {
                let of: Vec<String> = of.iter().map(ToString::to_string).collect();
                write!(f, "{}({})", function.name(), of.join(", "))
            }
            Self::Sum(part) => write!(f, "Σ {part}"),
        }
    }
}

impl EquationValues {
    /// The values, each changed by `change`.
    #[must_use]
    pub fn changed(&self, change: impl Fn(f64) -> f64) -> Self {
        let symbol = |one: &SymbolValue| SymbolValue {
            symbol: one.symbol.clone(),
            one: one.one.map(&change),
            rows: one.rows.iter().copied().map(&change).collect(),
        };
        Self {
            symbols: self.symbols.iter().map(symbol).collect(),
        }
    }

    /// Adds a value, the rows of a list, or both. Values of one symbol become a list.
    pub fn add(&mut self, symbol: &str, one: Option<f64>, rows: Vec<f64>) {
        let known = self.symbols.iter_mut().find(|known| known.symbol == symbol);
        match known {
            Some(known) => {
                let first = known.one.take();
                known.rows.extend(first.into_iter().chain(one));
            }
            None => self.symbols.push(SymbolValue {
                symbol: symbol.to_owned(),
                one,
                rows,
            }),
        }
    }

    fn find(&self, symbol: &str) -> Option<&SymbolValue> {
        self.symbols.iter().find(|known| known.symbol == symbol)
    }

    /// Returns the rows of a symbol that is a list.
    pub fn list(&self, symbol: &str) -> Option<&[f64]> {
        let rows = self.find(symbol).map(|known| &*known.rows);
        rows.filter(|rows| !rows.is_empty())
    }

    /// Returns the value of a symbol; of a list, in this row.
    pub fn value(&self, symbol: &str, row: Option<usize>) -> Result<f64, EquationError> {
        let in_row = row.and_then(|row| self.list(symbol)?.get(row).copied());
        let found = in_row.or_else(|| self.find(symbol)?.one);
        found.ok_or_else(|| EquationError::NoValue(symbol.to_owned()))
    }
}

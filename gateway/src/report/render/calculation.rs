//! [`FigureCalculation`]: calculation of a figure, which the workbook writes as formulas.

use crate::domain::equation_node::EquationNode;

/// Calculation of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureCalculation {
    /// Key: `plts/co2.net`, for a figure of the site `co2.net`.
    pub id: String,
    /// Name of the figure and its asset.
    pub label: String,
    /// Value in `unit`, unrounded.
    pub value: f64,
    /// Symbol of the unit as printed.
    pub unit: String,
    /// The figure as the report prints it.
    pub printed: String,
    /// Equation in symbols.
    pub symbols: String,
    /// Right side of the equation.
    pub body: EquationNode,
    /// Inputs, in the order of the equation.
    pub inputs: Vec<CalculationInput>,
}

/// Input of a calculation.
#[derive(Clone, Debug, PartialEq)]
pub struct CalculationInput {
    /// Symbol in the equation.
    pub symbol: String,
    /// Where the number comes from.
    pub source: String,
    /// Value; `None` for a list.
    pub value: Option<f64>,
    /// Symbol of the unit as printed.
    pub unit: String,
    /// Key of the calculation whose value it is.
    pub figure: Option<String>,
    /// Parts with their origin: the value is their sum, or they are a list.
    pub parts: Vec<(String, f64)>,
}

impl FigureCalculation {
    /// Returns the name by which formulas of the workbook call it: `co2_net_plts`.
    pub fn defined_name(&self) -> String {
        let (asset, id) = match self.id.rsplit_once('/') {
            Some((asset, id)) => (asset, id),
            None => ("site", self.id.as_str()),
        };
        let plain = |text: &str| -> String {
            let letter = |one: char| {
                if one.is_ascii_alphanumeric() {
                    one
                } else {
                    '_'
                }
            };
            text.chars().map(letter).collect()
        };
        format!("{}_{}", plain(id), plain(asset))
    }
}

/// Calculation of the figure with this key of a card: `summary/plts/co2.net`.
pub fn calculation_of<'a>(
    all: &'a [FigureCalculation],
    key: &str,
) -> Option<&'a FigureCalculation> {
    let mut parts = key.rsplit('/');
    let (id, asset) = (parts.next()?, parts.next());
    let of_asset = asset.map(|asset| format!("{asset}/{id}"));
    let find = |wanted: &str| all.iter().find(|one| one.id == wanted);
    of_asset.and_then(|key| find(&key)).or_else(|| find(id))
}

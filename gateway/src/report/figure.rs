//! Key figures: one number with everything that says how far to believe it.

pub use crate::model::indicator::Origin;
use crate::report::value::{Kind, Value};

/// Figures that are shown together.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Stable English key within the report.
    pub id: String,
    /// The figures, in reading order.
    pub items: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Stable English key: `energy.generated`.
    pub id: String,
    /// Its name in the report's language.
    pub label: String,
    /// Its value, or the reason why there is none.
    pub value: Value,
    /// Unit and digits.
    pub kind: Kind,
    /// Half width of the 95 % interval (k = 2), in the figure's own unit.
    pub plus_minus: Option<f64>,
    /// Share of one of the period that was measured.
    pub completeness: Option<f64>,
    /// Where the number came from.
    pub origin: Option<Origin>,
    /// How final it is.
    pub status: Status,
    /// What it should be, in the figure's own unit.
    pub target: Option<f64>,
    /// Method id: `C.3`.
    pub method: String,
    /// Factor ids.
    pub factors: Vec<String>,
    /// Remarks, printed as footnotes.
    pub notes: Vec<String>,
}

/// How final a figure is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It stands.
    #[default]
    Final,
    /// It may change: its factor is not confirmed.
    Provisional,
    /// Between 75 and 90 % of the period was measured.
    Partial,
    /// Less than 75 % was measured: not for a headline.
    Insufficient,
}

impl Figure {
    /// A figure with nothing but a value.
    pub fn new(id: &str, label: &str, value: Value, kind: Kind) -> Self {
        Self {
            id: id.to_owned(),
            label: label.to_owned(),
            value,
            kind,
            plus_minus: None,
            completeness: None,
            origin: None,
            status: Status::Final,
            target: None,
            method: String::new(),
            factors: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Share of one of the target that was reached.
    pub fn reached(&self) -> Option<f64> {
        let (Value::Number(value), Some(target)) = (&self.value, self.target) else {
            return None;
        };
        (target > 0.0).then(|| self.kind.settle(*value) / target)
    }
}

impl Figures {
    /// True when one of them may still change.
    pub fn is_provisional(&self) -> bool {
        let mut items = self.items.iter();
        items.any(|figure| figure.status == Status::Provisional)
    }
}

impl Status {
    /// Stable English key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Provisional => "provisional",
            Self::Partial => "partial",
            Self::Insufficient => "insufficient",
        }
    }
}

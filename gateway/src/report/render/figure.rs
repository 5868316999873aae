//! Key figures: one number with its uncertainty, completeness, origin, method and factors.

use crate::domain::indicator::IntervalReach;
pub use crate::domain::indicator::ValueOrigin;
use crate::report::render::cell_value::{CellValue, ValueKind};
use jiff::civil::DateTime;

/// Key figures shown together.
#[derive(Clone, Debug)]
pub struct KeyFigures {
    /// Stable English key within the report.
    pub id: String,
    /// The figures, in reading order.
    pub items: Vec<KeyFigure>,
}

/// Key figure.
#[derive(Clone, Debug)]
pub struct KeyFigure {
    /// Stable English key: `energy.generated`.
    pub id: String,
    /// Name in the report's language.
    pub label: String,
    /// Value, or the reason for which there is none.
    pub value: CellValue,
    /// Unit and digits.
    pub kind: ValueKind,
    /// Half width of the 95 % interval (k = 2), in the unit of the figure.
    pub plus_minus: Option<f64>,
    /// The half width is a lower bound.
    pub is_least: bool,
    /// The value is a lower bound.
    pub is_at_least: bool,
    /// By how much further its interval reaches than the half-width, in the unit of the figure.
    pub reach: IntervalReach,
    /// Local time since when it was measured, where that is later than its period begins.
    pub since: Option<DateTime>,
    /// Local time until when it was measured, where that is earlier than its period ends.
    pub until: Option<DateTime>,
    /// Share of the period that was measured, 0 to 1.
    pub completeness: Option<f64>,
    /// Origin of the number: measured, declared, ...
    pub origin: Option<ValueOrigin>,
    /// Origins of all that it is computed from.
    pub origins: Vec<ValueOrigin>,
    /// Finality.
    pub status: FigureStatus,
    /// Target, in the unit of the figure.
    pub target: Option<f64>,
    /// Days that the target is for and days of the figure, where the target leaves days out.
    pub target_days: Option<(u32, u32)>,
    /// Method id: `C.3`.
    pub method: String,
    /// Factor ids.
    pub factors: Vec<String>,
    /// The figure of the period before and the change since, as page 1 has them; empty elsewhere.
    pub beside: String,
    /// Remarks, printed as footnotes.
    pub notes: Vec<String>,
}

/// Finality of a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FigureStatus {
    /// Final.
    #[default]
    Final,
    /// So far: the period is not over, and the figure still grows.
    Running,
    /// Provisional: its factor is not confirmed.
    Provisional,
    /// By difference: less than 75 % was measured, but a counter was read at both ends.
    ByDifference,
    /// Partial: 75 to below 90 % of the period was measured.
    Partial,
    /// Insufficient: less than 75 % was measured; no headline.
    Insufficient,
    /// Doubtful: its remark says what should be looked at.
    Doubtful,
    /// Missing: there is no value.
    Missing,
    /// Not claimed: it must stand in no headline.
    NotClaimed,
    /// Not plausible: it cannot be true, and is not claimed.
    NotPlausible,
}

impl KeyFigure {
    /// Creates a figure with a value only.
    pub fn new(id: &str, label: &str, value: CellValue, kind: ValueKind) -> Self {
        Self {
            id: id.to_owned(),
            label: label.to_owned(),
            value,
            kind,
            plus_minus: None,
            is_least: false,
            is_at_least: false,
            reach: IntervalReach::default(),
            since: None,
            until: None,
            completeness: None,
            origin: None,
            origins: Vec::new(),
            status: FigureStatus::Final,
            target: None,
            target_days: None,
            method: String::new(),
            factors: Vec::new(),
            beside: String::new(),
            notes: Vec::new(),
        }
    }

    /// Returns the remarks that are told beside the value; none without a number, which has its one
    /// reason instead.
    pub fn told_notes(&self) -> &[String] {
        match self.value {
            CellValue::Missing(_) => &[],
            _ => &self.notes,
        }
    }

    /// Returns the half-width that is shown beside the value; `None` without a number, and for a
    /// width of zero.
    pub fn shown_width(&self) -> Option<f64> {
        let is_number = matches!(self.value, CellValue::Number(_));
        self.plus_minus.filter(|width| is_number && *width > 0.0)
    }

    /// Returns the amounts by which the value may be smaller and greater, beyond its half-width;
    /// `None` without a number, and where it is not.
    pub fn shown_reach(&self) -> [Option<f64>; 2] {
        let is_number = matches!(self.value, CellValue::Number(_));
        let told = |amount: f64| (is_number && amount > 0.0).then_some(amount);
        [told(self.reach.down), told(self.reach.up)]
    }

    /// Returns the share of the target that was reached, 1 for all of it; `None` without value or
    /// target, and for a target of a part of the days.
    pub fn target_share(&self) -> Option<f64> {
        if self.target_days.is_some() {
            return None;
        }
        let (CellValue::Number(value), Some(target)) = (&self.value, self.target) else {
            return None;
        };
        (target > 0.0).then(|| self.kind.settle(*value) / target)
    }
}

impl KeyFigures {
    /// Returns true if one of the figures belongs to a period that is not over.
    pub fn is_running(&self) -> bool {
        let mut items = self.items.iter();
        items.any(|figure| figure.status == FigureStatus::Running)
    }

    /// Returns true if one of the figures is provisional or to be checked.
    pub fn is_provisional(&self) -> bool {
        let mut items = self.items.iter();
        items.any(|figure| {
            let marks = [FigureStatus::Provisional, FigureStatus::Doubtful];
            marks.contains(&figure.status)
        })
    }
}

impl FigureStatus {
    /// Returns true where page 1 names it beside a number, on paper, on a screen and in a message.
    pub fn is_told(self) -> bool {
        !matches!(self, Self::Final | Self::Missing)
    }

    /// Returns true where a word beside each figure would say what the page says as a whole: only
    /// doubts are named there.
    pub fn is_quiet(self) -> bool {
        matches!(self, Self::Final | Self::Running | Self::Missing)
    }

    /// Returns the stable English key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Running => "running",
            Self::Provisional => "provisional",
            Self::ByDifference => "by-difference",
            Self::Partial => "partial",
            Self::Insufficient => "insufficient",
            Self::Doubtful => "doubtful",
            Self::Missing => "missing",
            Self::NotClaimed => "not-claimed",
            Self::NotPlausible => "not-plausible",
        }
    }
}

/// The origins that are told of a figure: those of what it is computed from; of an estimate its
/// own, and that it rests on an imported file.
pub(crate) fn told_origins(own: ValueOrigin, all: &[ValueOrigin]) -> Vec<ValueOrigin> {
    match own {
        ValueOrigin::Estimated | ValueOrigin::Declared => {
            let imported = all.iter().copied();
            let imported = imported.filter(|one| *one == ValueOrigin::Imported);
            std::iter::once(own).chain(imported).collect()
        }
        _ if all.is_empty() => vec![own],
        _ => all.to_vec(),
    }
}

//! Origins of a figure (METHODS 0.1): those of all readings, entries and declarations from which it
//! is computed.
//!
//! ```text
//! site.generation = plts (device counter) + genset (imported)     origins: meter, imported
//! ```

use super::indicator::{Indicator, IndicatorInput, InputSource, SiteIndicators, ValueOrigin};

/// Symbols of the readings of a counter in an equation.
const COUNTER_SYMBOLS: [&str; 3] = ["c₁", "c₂", "g"];
/// Longest way between two figures, as for verdicts.
const STEPS_MAX: usize = 8;

impl ValueOrigin {
    /// All origins, from the strongest to the weakest.
    pub const ALL: [Self; 6] = [
        Self::Meter,
        Self::Measured,
        Self::Imported,
        Self::Manual,
        Self::Estimated,
        Self::Declared,
    ];

    /// Returns the weakest of several origins; `None` of none.
    ///
    /// ```
    /// use gateway::domain::indicator::ValueOrigin::{self, Imported, Meter};
    ///
    /// assert_eq!(ValueOrigin::weakest([Meter, Imported]), Some(Imported));
    /// ```
    pub fn weakest(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        let place = |one: &Self| Self::ALL.iter().position(|known| known == one);
        all.into_iter().max_by_key(place)
    }
}

impl SiteIndicators {
    /// Returns the origins of all that a figure is computed from, the strongest first.
    pub fn origins(&self, one: &Indicator) -> Vec<ValueOrigin> {
        let figures: Vec<&Indicator> = self.indicators.iter().chain(&self.sources).collect();
        origins_among(&figures, one)
    }
}

/// The same among these figures.
pub(crate) fn origins_among(figures: &[&Indicator], one: &Indicator) -> Vec<ValueOrigin> {
    let mut all = Vec::new();
    add_origins(figures, one, &mut all, 0);
    if all.is_empty() {
        // What is computed from settings and factors alone.
        all.push(one.origin);
    }
    let known = ValueOrigin::ALL.into_iter();
    known.filter(|origin| all.contains(origin)).collect()
}

fn add_origins(figures: &[&Indicator], one: &Indicator, all: &mut Vec<ValueOrigin>, depth: usize) {
    if depth >= STEPS_MAX {
        return;
    }
    let before = all.len();
    for input in &one.inputs {
        match &input.from {
            InputSource::Indicator { id, asset } => {
                let mut known = figures.iter();
                let found = known.find(|known| known.id == *id && known.asset == *asset);
                if let Some(found) = found.filter(|found| !std::ptr::eq(**found, one)) {
                    add_origins(figures, found, all, depth + 1);
                }
            }
            InputSource::Part(part) => add_origins(figures, part, all, depth + 1),
            InputSource::Point(_) | InputSource::Ledger { .. } => {
                all.extend(own_origin(one, input));
            }
            InputSource::Factor(_) | InputSource::Setting(_) | InputSource::Constant(_) => {}
        }
    }
    if all.len() == before && depth > 0 {
        all.push(one.origin);
    }
}

/// Origin of an input that is no other figure.
fn own_origin(one: &Indicator, input: &IndicatorInput) -> Option<ValueOrigin> {
    match &input.from {
        InputSource::Point(readings) if !readings.imports.is_empty() => Some(ValueOrigin::Imported),
        InputSource::Point(_) if COUNTER_SYMBOLS.contains(&input.symbol) => {
            Some(ValueOrigin::Meter)
        }
        InputSource::Point(_) => Some(ValueOrigin::Measured),
        InputSource::Ledger { .. } if one.origin == ValueOrigin::Declared => {
            Some(ValueOrigin::Declared)
        }
        InputSource::Ledger { .. } => Some(ValueOrigin::Manual),
        _ => None,
    }
}

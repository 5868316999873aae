//! [`mark_imported`]: figures of readings that came from a file say so, and all that is computed
//! from them.

use crate::domain::indicator::{Indicator, ValueOrigin};
use crate::domain::value_origins::origins_among;

/// Makes the origin of each measured figure `Imported` where readings behind it came from a file.
pub(crate) fn mark_imported(figures: &mut [Indicator]) {
    let all: Vec<&Indicator> = figures.iter().collect();
    let is_measured =
        |one: &Indicator| matches!(one.origin, ValueOrigin::Measured | ValueOrigin::Meter);
    let is_imported = |one: &Indicator| {
        is_measured(one) && origins_among(&all, one).contains(&ValueOrigin::Imported)
    };
    let imported: Vec<bool> = figures.iter().map(is_imported).collect();
    for (figure, _) in figures.iter_mut().zip(imported).filter(|(_, is)| *is) {
        figure.origin = ValueOrigin::Imported;
    }
}

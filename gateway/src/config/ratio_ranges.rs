//! [`ratio_range`]: the range of each ratio that is calculated (`config/ratio_ranges.toml`).
//!
//! ```text
//! bsf.bioconversion = 100 %    more than was ever published: not plausible, not claimed
//! bsf.bioconversion = 50 %     only the very best performance: to be checked
//! ```

use serde::Deserialize;
use std::sync::LazyLock;

static TEXT: &str = include_str!("../../../config/ratio_ranges.toml");

/// Range of the ratios with these ids.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatioRange {
    /// Ids of the figures.
    figures: Vec<String>,
    /// Unit of both ranges, that of the figures.
    pub(crate) unit: String,
    /// Range outside which the ratio is not plausible.
    pub(crate) claimed: (f64, f64),
    /// Range outside which it is to be checked.
    pub(crate) usual: (f64, f64),
    /// Where the ranges come from.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "for whoever reads or changes the table")
    )]
    source: String,
}

/// All rows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RatioRanges {
    ratio: Vec<RatioRange>,
}

// A test shows that the text is read.
static RANGES: LazyLock<RatioRanges> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

impl RatioRange {
    /// Range in the form of remarks: `1.58..=8.9 %`.
    pub(crate) fn text(&self, (low, high): (f64, f64)) -> String {
        let text = format!("{low}..={high} {}", self.unit);
        text.trim_end().to_owned()
    }
}

/// The range of a figure by its id.
pub(crate) fn ratio_range(id: &str) -> Option<&'static RatioRange> {
    let mut all = RANGES.ratio.iter();
    all.find(|one| one.figures.iter().any(|known| known == id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicators::all_indicators;

    #[test]
    fn every_range_has_a_source_and_is_of_a_figure_in_its_unit() {
        let read: RatioRanges = toml::from_str(TEXT).unwrap();
        assert!(!read.ratio.is_empty());
        for one in &read.ratio {
            let ends = one.claimed;
            assert!(!one.source.is_empty(), "{:?}", one.figures);
            assert!(
                ends.0 <= one.usual.0 && one.usual.0 < one.usual.1 && one.usual.1 <= ends.1,
                "{:?}",
                one.figures
            );
            for id in &one.figures {
                let spec = all_indicators().find(|spec| spec.id == id);
                assert_eq!(spec.map(|spec| spec.unit), Some(&*one.unit), "{id}");
            }
        }
    }

    #[test]
    fn every_ratio_of_the_program_has_a_range_or_is_judged_by_what_it_is_computed_from() {
        const ELSEWHERE: [&str; 8] = [
            // Generation over capacity: the clear sky, the irradiance and the rating.
            "plts.capacity_factor",
            "plts.capacity_factor_ac",
            "plts.specific_yield",
            "plts.insolation",
            // The lift, the rated flow, and the litres for a kilowatt-hour.
            "pump.efficiency",
            "pump.m3_per_kwp_day",
            "genset.specific_fuel",
            // The state of a tank.
            "tank.fill_last",
        ];
        let is_ratio = |unit: &str| unit == "%" || unit.contains('/');
        for spec in all_indicators().filter(|spec| is_ratio(spec.unit)) {
            let is_judged = ELSEWHERE.contains(&spec.id) || ratio_range(spec.id).is_some();
            assert!(is_judged, "{} ({})", spec.id, spec.unit);
        }
    }
}

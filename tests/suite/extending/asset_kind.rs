//! Figure of a further kind of asset.

use gateway::domain::indicator::{IndicatorSpec, RoundingDirection};
use gateway::indicators::name_key;

/// Water drawn from a tap.
pub(crate) const VOLUME: IndicatorSpec = IndicatorSpec::new("tap.volume", "m3", "G.5", "V = ΣΔV");

#[test]
fn the_figure_of_a_tap_says_what_it_is() {
    assert_eq!(VOLUME.side, RoundingDirection::Neutral);
    // The words of its name stand under this key in both languages.
    assert_eq!(name_key(VOLUME.id), "indicator-tap-volume");
}

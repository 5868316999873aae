//! [`axis_ends`]: where the axis of a line begins and ends, so that a plot does not exaggerate.

/// Shortest axis of quantities whose zero says nothing, by unit as printed.
const LEAST_SPANS: [(&str, f64); 6] = [
    ("°C", 10.0),
    ("%", 20.0),
    ("pH", 2.0),
    ("V", 20.0),
    ("Hz", 2.0),
    ("hPa", 20.0),
];
/// Range that a percentage does not leave.
const PERCENT_RANGE: (f64, f64) = (0.0, 100.0);

/// Ends of an axis for values from `low` to `high` in this unit: from zero, or at least a span in
/// which a small change looks small. Percentages are 0 to 100.
///
/// ```
/// use gateway::report::render::chart::axis_ends;
///
/// assert_eq!(axis_ends((28.0, 30.0), "°C"), (24.0, 34.0));
/// assert_eq!(axis_ends((19.0, 21.0), "m³"), (0.0, 21.0));
/// ```
pub fn axis_ends((low, high): (f64, f64), unit: &str) -> (f64, f64) {
    let known = LEAST_SPANS.iter().find(|(name, _)| *name == unit);
    let Some((_, span)) = known else {
        return (low.min(0.0), high.max(0.0));
    };
    let more = (span - (high - low)).max(0.0) / 2.0;
    let ends = (low - more, high + more);
    let (least, most) = PERCENT_RANGE;
    // Moved back into the range that the quantity can have, where the values themselves are in it.
    let over = match unit {
        "%" if low >= least && high <= most => (least - ends.0).max(0.0) - (ends.1 - most).max(0.0),
        _ if low >= 0.0 => (-ends.0).max(0.0),
        _ => 0.0,
    };
    (ends.0 + over, ends.1 + over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_small_change_looks_small_whatever_the_quantity() {
        for (values, unit, ends) in [
            ((28.1, 28.3), "°C", (23.2, 33.2)),
            ((10.0, 45.0), "°C", (10.0, 45.0)),
            ((1.0, 2.0), "°C", (0.0, 10.0)),
            ((-4.0, -2.0), "°C", (-8.0, 2.0)),
            ((96.0, 97.0), "%", (80.0, 100.0)),
            ((1.0, 3.0), "%", (0.0, 20.0)),
            ((40.0, 42.0), "%", (31.0, 51.0)),
            ((19.0, 21.0), "m³", (0.0, 21.0)),
            ((229.0, 231.0), "V", (220.0, 240.0)),
            ((-3.0, -1.0), "kWh", (-3.0, 0.0)),
        ] {
            let found = axis_ends(values, unit);
            let near = (found.0 - ends.0).abs() < 1e-9 && (found.1 - ends.1).abs() < 1e-9;
            assert!(near, "{values:?} {unit}: {found:?}");
        }
    }

    proptest! {
        #[test]
        fn every_value_is_on_its_axis(
            low in -100.0..100.0_f64,
            span in 0.0..50.0_f64,
            unit in prop::sample::select(vec!["°C", "%", "m³", "V", ""]),
        ) {
            let (first, last) = axis_ends((low, low + span), unit);
            prop_assert!(first <= low + 1e-9 && last >= low + span - 1e-9);
            // A change fills no more than its share of the least axis, or the axis has its zero.
            let least = LEAST_SPANS.iter().find(|(name, _)| *name == unit);
            let is_honest = match least {
                Some((_, least)) => last - first >= least - 1e-9,
                None => first <= 0.0 && last >= 0.0,
            };
            prop_assert!(is_honest, "{first} {last} {unit}");
        }
    }
}

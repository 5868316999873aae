//! The simulated demo site, read through the same registers and coarse steps as a real one.

use super::{DAY, TestSite, assert_texts_exist, figure_value, parse_time};
use crate::domain::UtcMs;
use crate::indicators::{IndicatorQuery, calculate_indicators};
use crate::simulator::SimulatedHistory;
use crate::tests::world_at;

const DEMO_SITE: &str = include_str!("../../../assets/demo.toml");

/// The demo site after two simulated days.
async fn demo_site() -> TestSite {
    let village = TestSite::new(DEMO_SITE);
    let start = parse_time("2026-10-31T17:00:00Z");
    let history = SimulatedHistory::new(&village.config, &world_at(start));
    for day in 0..2 {
        let from = start.0 + day * DAY;
        let columns = history.polls_between(UtcMs(from), UtcMs(from + DAY));
        village.store.import_columns(columns).await.unwrap();
    }
    village
}

#[tokio::test]
async fn the_demos_figures_can_be_defended() {
    let village = demo_site().await;
    let found = village.indicators("2026-11-01..2026-11-02").await;
    for event in &found.events {
        assert_eq!(event.kind, "gap", "{event:?}");
    }
    let energy = figure_value(&found, "plts.generation", "plts");
    let power =
        figure_value(&found, "plts.self_use", "plts") + figure_value(&found, "plts.export", "plts");
    assert!((5.0..25.0).contains(&energy) && (energy - power).abs() < 1e-9);
    assert!((0.5..60.0).contains(&figure_value(&found, "pump.volume", "pump")));
    assert!((20.0..60.0).contains(&figure_value(&found, "pump.efficiency", "pump")));
    assert!((60.0..100.0).contains(&figure_value(&found, "plts.pr", "plts")));
    assert!(figure_value(&found, "tank.volume_last", "tank") > 0.0);
    // Without its story the site is well: the tank is tight, and the bin is never too hot.
    assert!(figure_value(&found, "tank.leak_nights", "tank").abs() < 1e-9);
    assert!(figure_value(&found, "bsf.hours_critical", "bsf").abs() < 1e-9);
    assert!(figure_value(&found, "co2.net", "") > 0.0);
}

/// Every figure of the demo that another one stands on is made a bound of either side in turn, and
/// each equation is computed again with a true value beyond it.
#[tokio::test]
async fn a_true_value_beyond_a_bound_lies_on_the_side_that_every_figure_says() {
    use crate::domain::equation::{Equation, equation_values};
    use crate::domain::indicator::{IndicatorInput, IndicatorRemark, InputSource};
    use crate::domain::value_bound::ValueBound::{Lower, Upper};
    use crate::indicators::bound_passing::pass_bounds;
    let found = demo_site().await.indicators("2026-11-01..2026-11-02").await;
    let mut checked = 0;
    for (key, true_side) in [
        ("account-lower-bound", 1.3),
        ("account-opening-upper-bound", 0.7),
    ] {
        for root in 0..found.indicators.len() {
            let mut all = found.indicators.clone();
            for one in &mut all {
                one.remarks.clear();
            }
            all[root].remarks.push(IndicatorRemark::new(key));
            pass_bounds(&mut all);
            let (id, asset) = (all[root].id.clone(), all[root].asset.clone());
            let is_root = |from: &InputSource| {
                matches!(from, InputSource::Indicator { id: of, asset: by }
                    if *of == id && *by == asset)
            };
            for one in all.iter().filter(|one| one.value.is_ok()) {
                let mut inputs = one.inputs.clone();
                let of_root = inputs.iter_mut().filter(|input| is_root(&input.from));
                let count = of_root.fold(0, |count, input| {
                    input.value = input.value.map(|value| value * true_side);
                    input
                        .parts
                        .iter_mut()
                        .for_each(|part| part.value *= true_side);
                    count + 1
                });
                // With two ways from the bound, what one input says is not the whole.
                let mut others = one.inputs.iter().filter(|input| !is_root(&input.from));
                let is_of_figure =
                    |input: &IndicatorInput| matches!(input.from, InputSource::Indicator { .. });
                let is_alone = !others.any(is_of_figure);
                if count == 0 || !is_alone || (one.id == id && one.asset == asset) {
                    continue;
                }
                let equation = Equation::parse(one.equation).unwrap();
                let now = equation.evaluate(&equation_values(&inputs)).unwrap();
                let given = one.value.clone().unwrap();
                let wanted = match (now - given) / given.abs().max(1e-12) {
                    moved if moved > 1e-6 => Lower,
                    moved if moved < -1e-6 => Upper,
                    _ => continue,
                };
                assert_eq!(one.bound(), wanted, "{} from {id}", one.id);
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "{checked} figures");
}

#[tokio::test]
async fn one_asset_is_told_alone_with_what_it_needs() {
    let village = demo_site().await;
    let ask = IndicatorQuery {
        period: "2026-11-01".parse().unwrap(),
        asset: Some("pump".into()),
        now: parse_time("2026-12-01T00:00:00Z"),
        daily: true,
        snapshots: true,
    };
    let mut last = None;
    let mut progress = |step| last = Some(step);
    let found = calculate_indicators(&village.config, &village.store, &ask, &mut progress);
    let found = found.await.unwrap();
    assert_texts_exist(&found);
    assert!(
        found
            .indicators
            .iter()
            .all(|one| one.asset.as_deref() == Some("pump"))
    );
    assert!(
        found
            .daily
            .iter()
            .all(|one| one.asset.as_deref() == Some("pump"))
    );
    let whole = village.indicators("2026-11-01").await;
    for one in &found.indicators {
        assert_eq!(whole.find(&one.id, Some("pump")), Some(one));
    }
    assert!(last.is_some_and(|step| step.done > 0 && step.done <= step.all));
}

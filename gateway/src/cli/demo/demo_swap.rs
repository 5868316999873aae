//! The new meter of the demo's story, as its technician recorded it: last reading of the old one,
//! first reading of the new one.

use super::demo_story::swap_moment;
use crate::domain::UtcMs;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::domain::site_zone::SiteZone;
use crate::storage::{AggregateFunction, BucketStep, PointQuery, Store, StoreError};
use jiff::civil::Date;
use std::sync::Arc;

/// Counters of the meter that is replaced.
const COUNTERS: [&str; 2] = ["meter.ac_energy_import", "meter.ac_energy_export"];
/// Time around the change in which the readings are looked for, ms.
const AROUND_MS: i64 = 3_600_000;

/// Records the change of the meter, where the history has readings before and after it.
pub(super) async fn record_swap(
    store: &Store,
    zone: &SiteZone,
    today: Date,
) -> Result<(), StoreError> {
    let at = swap_moment(zone, today);
    for point in COUNTERS {
        if let Some(readings) = readings_beside(store, point, at).await? {
            let said = Calibration {
                kind: CalibrationKind::Swap,
                targets: vec![Arc::from(point)],
                #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970")]
                pairs: vec![readings, (at.0 as f64, 0.0)],
                since: zone.date(at),
                withdraws: None,
                who: "Budi Santoso".to_owned(),
                note: "kWh meter PLN diganti".to_owned(),
            };
            store.append_calibration(said, "demo").await?;
        }
    }
    Ok(())
}

/// Last reading before a moment, and first one after it; `None` when one of them is missing.
async fn readings_beside(
    store: &Store,
    point: &str,
    at: UtcMs,
) -> Result<Option<(f64, f64)>, StoreError> {
    let query = PointQuery {
        point: point.to_owned(),
        from: UtcMs(at.0 - AROUND_MS),
        to: UtcMs(at.0 + AROUND_MS),
        step: BucketStep::Raw,
        aggregate: AggregateFunction::Last,
    };
    let (mut before, mut after) = (None, None);
    let mut blocks = store.query(query).await?;
    while let Some(block) = blocks.recv().await {
        for sample in &block? {
            let Some(number) = sample.outcome.number() else {
                continue;
            };
            if sample.at < at {
                before = Some(number.to_f64());
            } else {
                after.get_or_insert(number.to_f64());
            }
        }
    }
    Ok(before.zip(after))
}

#[cfg(test)]
mod tests {
    use super::super::demo_story::tests::{TODAY, figures_of, store_of_story};
    use super::*;
    use crate::config::Config;
    use crate::domain::claim_verdict::ClaimVerdict;
    use crate::domain::period::Period;
    use crate::domain::value_bound::ValueBound;
    use crate::tests::{SiteText, load_site};
    use jiff::civil::date;

    /// Plant and meter of the demo, read every two minutes.
    fn plant_site(folder: &std::path::Path) -> Config {
        let device =
            |unit: u8, profile: &str| format!("unit = {unit}\nprofile = '{profile}'\nevery = '2m'");
        let text = SiteText::new("desa")
            .store(folder)
            .tcp_bus("lan", 502)
            .device("inverter", "lan", device(1, "growatt-min-tlx"))
            .device("meter", "lan", device(2, "eastron-sdm120"))
            .asset("plts", "plts", "energy = 'inverter.ac_energy_total'")
            .with("export = 'meter.ac_energy_export'")
            .with("system = 'grid-tied'\ncapacity_kwp = 2.0")
            .with("baseline = { kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante' }");
        load_site(&text.text())
    }

    #[tokio::test]
    async fn the_co2_of_the_storys_month_may_be_claimed_and_is_at_least() {
        let folder = tempfile::tempdir().unwrap();
        let config = plant_site(folder.path());
        let store = store_of_story(&config, folder.path(), date(2026, 11, 4)).await;
        record_swap(&store, &config.site.timezone, TODAY)
            .await
            .unwrap();
        let found = figures_of(
            &config,
            &store,
            Period::Range(date(2026, 11, 5), date(2026, 11, 24)),
        );
        let found = found.await;
        let export = found.find("plts.export", Some("plts")).unwrap();
        assert_eq!(export.bound(), ValueBound::Neither, "{:?}", export.remarks);
        let net = found.find("co2.net", None).unwrap();
        assert_eq!(net.bound(), ValueBound::Lower, "{:?}", net.remarks);
        assert!(net.claim < ClaimVerdict::Doubtful, "{:?}", net.claim);
        assert!(*net.value.as_ref().unwrap() > 0.0);
    }
}

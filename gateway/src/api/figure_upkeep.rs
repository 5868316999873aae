//! Keeps the sums of closed days ready, so that nobody waits for the figures of the running year:
//! some time after the start, after midnight, and after a change of old samples.

use super::ApiState;
use crate::domain::UtcMs;
use crate::domain::period::Period;
use crate::indicators::IndicatorQuery;
use crate::storage::DAY_GRACE_MS;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use std::time::Duration;
use tokio::sync::watch;

/// Time after the start before anything is read.
// Buses and sinks come first.
const START_WAIT: Duration = Duration::from_secs(30);
/// Time between two looks at clock and data.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Pause after each asset, in which others get the processor and the store.
const ASSET_PAUSE: Duration = Duration::from_millis(200);

/// Makes the snapshots of the running periods until the stop.
pub(crate) async fn keep_figures_ready(state: ApiState, mut stop: watch::Receiver<bool>) {
    let mut ready = None;
    let mut wait = START_WAIT;
    while tokio::time::timeout(wait, stop.wait_for(|stop| *stop))
        .await
        .is_err()
    {
        wait = LOOK_EVERY;
        let now = state.clock.now();
        let today = state.site.timezone.date(UtcMs(now.at.0 - DAY_GRACE_MS));
        let wanted = (today, state.store.data_revision());
        // While the clock is not trusted, no day is closed.
        if !now.trusted || ready == Some(wanted) {
            continue;
        }
        tokio::select! {
            () = prepare_running_periods(&state, today) => ready = Some(wanted),
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Reads the closed days of the running week, month, quarter and year, one asset after the other.
async fn prepare_running_periods(state: &ApiState, today: Date) {
    let (UtcMs(midnight), _) = state.site.timezone.day_bounds(today);
    for period in running_periods(today) {
        // A period that begins today has no closed day.
        for asset in state.assets.iter().filter(|_| period.first() < today) {
            let ask = IndicatorQuery {
                period,
                asset: Some(asset.id.clone()),
                // Nothing of today is read, only what is closed.
                now: UtcMs(midnight + DAY_GRACE_MS),
                daily: false,
                snapshots: true,
            };
            if let Err(error) = state.figures.prepare(ask).await {
                // Whoever asks for the figures computes them then, and gets the error.
                tracing::debug!(%error, asset = %asset.id, "closed days could not be prepared");
            }
            tokio::time::sleep(ASSET_PAUSE).await;
        }
    }
}

/// Week, month, quarter and year of a day, the shortest first.
fn running_periods(today: Date) -> [Period; 4] {
    let weekday = i64::from(today.weekday().since(Weekday::Monday));
    let monday = today.saturating_sub(weekday.days());
    let month = today.first_of_month();
    let quarter = month.saturating_sub(i64::from((today.month() - 1) % 3).months());
    [
        Period::Week(monday),
        Period::Month(month),
        Period::Quarter(quarter),
        Period::Year(today.first_of_year()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::domain::{ExactNumber, SampleOutcome};
    use crate::indicators::calculate_indicators;
    use crate::status::StatusBoard;
    use crate::storage::Store;
    use crate::tests::{SiteText, load_site};
    use jiff::civil::date;

    /// 2026-11-01 00:00 in Jakarta.
    const NOVEMBER: i64 = 1_793_466_000_000;
    const HOUR: i64 = 3_600_000;

    /// A plant with two points and readings of some days, and a clock that the test sets.
    async fn upkeep_site(dir: &std::path::Path, clock: &Clock) -> ApiState {
        let text = SiteText::new("desa").tcp_bus("lan", 502);
        let text = text.device("inverter", "lan", "unit = 1\nevery = '1h'");
        let text = text.points([
            "{ id = 'energy', register = 'holding:1', type = 'u32', unit = 'kWh', counter = true }",
            "{ id = 'power', register = 'holding:3', type = 'u16', unit = 'W' }",
        ]);
        let text = text
            .asset("plts", "plts", "capacity_kwp = 2.0")
            .with("energy = 'inverter.energy'\npower = 'inverter.power'")
            .text();
        let config = load_site(&text);
        let store = Store::open(dir, &config.site, &config.store, &text, clock).unwrap();
        let samples = (0..200).map(|hour| {
            let kwh = f64::from(hour);
            let at = UtcMs(NOVEMBER + i64::from(hour) * HOUR);
            (at, SampleOutcome::Good(ExactNumber::Float(kwh)))
        });
        let column = ("inverter.energy".into(), samples.collect());
        store.import_columns(vec![column]).await.unwrap();
        ApiState::new(&config, &store, &StatusBoard::default(), clock)
    }

    /// Point-days that the figures of this year have to read.
    async fn days_to_read(state: &ApiState) -> u64 {
        let ask = IndicatorQuery {
            period: "2026".parse().unwrap(),
            asset: None,
            now: state.clock.now().at,
            daily: false,
            snapshots: true,
        };
        let mut all = 0;
        let mut progress = |step: crate::indicators::CalculationProgress| all = step.all;
        let found = calculate_indicators(&state.config, &state.store, &ask, &mut progress);
        found.await.unwrap();
        all
    }

    #[tokio::test(start_paused = true)]
    async fn the_running_year_is_ready_some_time_after_the_start_and_each_midnight() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::set(UtcMs(NOVEMBER + 60 * HOUR), false);
        let state = upkeep_site(dir.path(), &clock).await;
        let (stop, stopped) = watch::channel(false);
        let upkeep = tokio::spawn(keep_figures_ready(state.clone(), stopped));
        let minutes = |number| tokio::time::sleep(Duration::from_mins(number));
        // An untrusted clock closes no day.
        minutes(10).await;
        assert_eq!(days_to_read(&state).await, 2 * 307);
        clock.trust();
        minutes(10).await;
        assert_eq!(days_to_read(&state).await, 2);
        clock.advance(Duration::from_hours(24));
        minutes(10).await;
        assert_eq!(days_to_read(&state).await, 2);
        stop.send(true).unwrap();
        upkeep.await.unwrap();
        state.store.stop().await;
    }

    #[test]
    fn every_running_period_contains_today() {
        let mut day = date(2026, 1, 1);
        for _ in 0..800 {
            for period in running_periods(day) {
                assert!(period.contains(day), "{period} {day}");
                assert_eq!(period.to_string().parse(), Ok(period));
            }
            day = day.tomorrow().unwrap();
        }
    }
}

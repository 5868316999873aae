//! Counters that live in the gateway, such as pulses on a pin: their values before the start, and
//! an audit entry that says what was not counted in between.

use crate::buses::CounterValues;
use crate::clock::{Clock, ClockStamp};
use crate::config::{Config, Device, Point};
use crate::domain::{ExactNumber, UtcMs};
use crate::storage::{AggregateFunction, BucketStep, PointQuery, Store, StoreError};

const HOUR_MS: i64 = 3_600_000;
/// Time before the last count in which the busiest hour is looked for.
const LOOK_BACK_MS: i64 = 24 * HOUR_MS;

/// Longest local day: clocks go back by two hours at most.
const LONGEST_DAY_MS: i64 = 26 * HOUR_MS;
/// 2100-01-01: later than any reading, also of a wrong clock that a calendar still has a day for.
const NO_READING_AFTER: UtcMs = UtcMs(4_102_444_800_000);

/// Returns the last value of each counter on the gateway's own pins, and notes in the audit for how
/// long it was not counted. A counter that cannot be read begins anew, which its figures show as a
/// change of the meter.
pub(super) async fn load_counter_values(
    config: &Config,
    store: &Store,
    clock: &Clock,
) -> CounterValues {
    let mut values = CounterValues::default();
    for (device, point) in own_counters(config) {
        let id = format!("{}.{}", device.id, point.name);
        match last_value(store, &id).await {
            Ok(Some((at, value))) => {
                note_uncounted_time(store, device, point, at, clock.now()).await;
                values.insert(id.into(), value);
            }
            Ok(None) => {}
            Err(error) => tracing::error!(point = %id, %error, "count could not be resumed"),
        }
    }
    values
}

/// Counters that the gateway counts itself.
fn own_counters(config: &Config) -> impl Iterator<Item = (&Device, &Point)> {
    let all = config.devices.iter();
    let all = all.flat_map(|device| device.points.iter().map(move |point| (device, point)));
    all.filter(|(_, point)| point.counter && point.access.counts_in_gateway())
}

/// Returns the last number of a point, and its time. The latest sample comes first: its time may be
/// wrong, but no later one arrived.
async fn last_value(store: &Store, id: &str) -> Result<Option<(UtcMs, ExactNumber)>, StoreError> {
    let latest = store.latest_samples().await?;
    let latest = latest.into_iter().find(|latest| *latest.point == *id);
    let latest = latest.map(|latest| latest.sample);
    let number = latest.and_then(|sample| Some((sample.at, sample.outcome.number()?)));
    if number.is_some() || latest.is_none() {
        return Ok(number);
    }
    // The latest sample has no number, as in a bounce storm. Buckets have the time of their start,
    // so that the last one is looked into, down to the sample.
    let last = AggregateFunction::Last;
    let mut days = (UtcMs(0), NO_READING_AFTER);
    for step in [BucketStep::Year, BucketStep::Month, BucketStep::Day] {
        let buckets = bucket_values(store, id, days, step, last).await?;
        let Some((start, _)) = buckets.last() else {
            return Ok(None);
        };
        days.0 = *start;
    }
    days.1 = UtcMs(days.0.0 + LONGEST_DAY_MS);
    let samples = bucket_values(store, id, days, BucketStep::Raw, last).await?;
    Ok(samples.last().copied())
}

async fn bucket_values(
    store: &Store,
    id: &str,
    (from, to): (UtcMs, UtcMs),
    step: BucketStep,
    aggregate: AggregateFunction,
) -> Result<Vec<(UtcMs, ExactNumber)>, StoreError> {
    let point = id.to_owned();
    let mut blocks = store
        .query(PointQuery {
            point,
            from,
            to,
            step,
            aggregate,
        })
        .await?;
    let mut values = Vec::new();
    while let Some(block) = blocks.recv().await {
        let numbers = block?.into_iter();
        values.extend(numbers.filter_map(|one| Some((one.at, one.outcome.number()?))));
    }
    Ok(values)
}

/// Notes in the audit log since when a counter was not counted, and how much that may be.
async fn note_uncounted_time(
    store: &Store,
    device: &Device,
    point: &Point,
    last: UtcMs,
    now: ClockStamp,
) {
    let away_ms = now.at.0.saturating_sub(last.0);
    // A restart within one poll is part of every counter's steps.
    let shortest = i64::try_from(device.every.as_millis()).unwrap_or(i64::MAX);
    if now.trusted && away_ms <= shortest.saturating_mul(2) {
        return;
    }
    let id = format!("{}.{}", device.id, point.name);
    let text = if now.trusted {
        let most = busiest_hour(store, &id, last).await;
        uncounted_text(&id, &point.unit, (last, now.at), most)
    } else {
        format!(
            "{id}: not counted from {last} until now; for how long is not known, since the clock \
             is not set"
        )
    };
    tracing::warn!("{text}");
    if let Err(error) = store.append_audit("uncounted", text).await {
        tracing::error!(%error, "the uncounted time is not in the audit");
    }
}

/// Greatest amount of one hour in the day before the last count; `None` when there is none.
async fn busiest_hour(store: &Store, id: &str, last: UtcMs) -> Option<f64> {
    let day = (UtcMs(last.0 - LOOK_BACK_MS), UtcMs(last.0 + 1));
    let step = BucketStep::Millis(HOUR_MS.unsigned_abs());
    let hours = bucket_values(store, id, day, step, AggregateFunction::Delta).await;
    let hours = hours.unwrap_or_default().into_iter();
    hours.map(|(_, amount)| amount.to_f64()).reduce(f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate of hours")]
fn uncounted_text(
    id: &str,
    unit: &str,
    (last, now): (UtcMs, UtcMs),
    busiest: Option<f64>,
) -> String {
    let hours = (now.0 - last.0) as f64 / HOUR_MS as f64;
    let most = match busiest {
        Some(hour) => format!(
            "the busiest hour of the day before had {hour:.3} {unit}, so up to {:.3} {unit} may be \
             missing",
            hour * hours
        ),
        None => "how much that is, is not known".to_owned(),
    };
    format!("{id}: not counted from {last} to {now} ({hours:.2} h); {most}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{QualityReason, SampleOutcome};
    use crate::tests::{SiteText, load_site};
    use drivers::sensor_fault::SensorFault;

    /// 2026-07-01T10:00:00Z.
    const START: i64 = 1_782_900_000_000;

    /// Value with which a meter goes on, and the audit entry, after readings each 10 s.
    async fn resumed(outcomes: Vec<SampleOutcome>) -> (Option<ExactNumber>, String) {
        let folder = tempfile::tempdir().unwrap();
        let pulses = "line = 17\npoint = [{ id = 'volume', signal = 'pulses', unit = 'm3' }]";
        let site = SiteText::new("s").store(folder.path());
        let site = site.bus("pins", "kind = 'gpio'");
        let config = load_site(&site.device("meter", "pins", pulses).text());
        let times = (0..).map(|step| UtcMs(START + step * 10_000));
        let samples: Vec<_> = times.zip(outcomes).collect();
        let clock = Clock::set(UtcMs(START + HOUR_MS), true);
        let store = Store::open(folder.path(), &config.site, &config.store, "", &clock).unwrap();
        let column = ("meter.volume".into(), samples);
        store.import_columns(vec![column]).await.unwrap();
        let values = load_counter_values(&config, &store, &clock).await;
        let audit = store.read_audit(None).await.unwrap().into_iter();
        let mut uncounted = audit.filter(|entry| entry.kind == "uncounted");
        let text = uncounted.next().map(|entry| entry.what);
        (
            values.get("meter.volume").copied(),
            text.unwrap_or_default(),
        )
    }

    fn good(text: &str) -> SampleOutcome {
        SampleOutcome::Good(ExactNumber::parse(text).unwrap())
    }

    #[tokio::test]
    async fn a_count_whose_last_reading_was_bad_goes_on_from_the_last_number() {
        let storm = SampleOutcome::Bad(QualityReason::Sensor(SensorFault::BounceStorm));
        let outcomes = vec![good("12.34"), good("12.50"), storm, storm];
        let (value, audit) = resumed(outcomes).await;
        assert_eq!(value.map(ExactNumber::to_f64), Some(12.5));
        let since = UtcMs(START + 10_000).to_string();
        assert!(
            audit.contains(&format!("not counted from {since}")),
            "{audit}"
        );
    }

    #[tokio::test]
    async fn an_imported_double_is_a_count_to_go_on_from() {
        let double = SampleOutcome::Good(ExactNumber::Float(12.5));
        let (value, audit) = resumed(vec![double]).await;
        assert_eq!(value, Some(ExactNumber::Float(12.5)));
        assert!(audit.contains("(1.00 h)"), "{audit}");
    }

    #[tokio::test]
    async fn a_count_without_any_number_begins_anew() {
        let (value, audit) = resumed(vec![SampleOutcome::Bad(QualityReason::Absent)]).await;
        assert_eq!((value, audit.as_str()), (None, ""));
    }

    #[test]
    fn uncounted_time_says_how_much_may_be_missing() {
        let (last, now) = (UtcMs(1_780_000_000_000), UtcMs(1_780_001_800_000));
        let text = uncounted_text("meter.volume", "m3", (last, now), Some(0.4));
        assert!(text.contains("(0.50 h)"), "{text}");
        assert!(text.contains("up to 0.200 m3 may be missing"), "{text}");
        let text = uncounted_text("meter.volume", "m3", (last, now), None);
        assert!(text.contains("not known"), "{text}");
    }
}

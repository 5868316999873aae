//! Soak test that a technician starts on the page: counts of the running gateway, second by second,
//! until the time is over, somebody stops it, or the configuration changes. The result is kept in
//! the store as [`SoakNote`].

use super::ApiListener;
use super::error::ApiError;
use super::jobs::{JobCommand, JobWorker, job_refusal};
use super::soak_progress::SoakProgress;
use super::{request_sender::RequestSender, wait_for_stop};
use crate::commissioning::soak_record::SoakRecord;
use crate::commissioning::soak_test::{SoakCounts, SoakTest, enough_time, needed_ms};
use crate::domain::SampleOutcome;
use crate::limits::SOAK_MAX_SECONDS;
use crate::status::StatusSnapshot;
use crate::storage::{LatestSample, StoreError};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// Name of the note with the last result.
const SOAK_NOTE: &str = "soak";
/// Time between two looks at the counts.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Length of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SoakLength {
    /// A quarter of an hour, or as long as a hundred polls of every device take.
    Usual,
    /// Only as long as a hundred polls of every device take.
    Shortest,
    /// So many minutes.
    Minutes(u64),
}

/// Result that is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SoakNote {
    /// End of the test, milliseconds since 1970 UTC.
    pub(crate) at: i64,
    /// Person who started it.
    pub(crate) by: String,
    /// Configuration during the test.
    pub(crate) revision: String,
    /// Whether it ran for its whole time.
    pub(crate) is_whole: bool,
    pub(crate) result: SoakRecord,
}

impl SoakLength {
    /// Milliseconds for devices with these polling periods.
    fn milliseconds(self, devices: &[(Arc<str>, u64)]) -> u64 {
        let most = SOAK_MAX_SECONDS.saturating_mul(1000);
        let slowest = devices.iter().map(|(_, every_ms)| needed_ms(*every_ms));
        match self {
            Self::Usual => u64::try_from(enough_time(devices).as_millis()).unwrap_or(most),
            Self::Shortest => slowest.max().unwrap_or_default().clamp(1000, most),
            Self::Minutes(minutes) => minutes.saturating_mul(60_000).clamp(1000, most),
        }
    }
}

/// Polled devices with their periods.
fn tested_devices(app: &ApiListener) -> Vec<(Arc<str>, u64)> {
    let devices = app.site().devices.iter();
    devices
        .map(|device| (device.id.clone(), device.every_ms))
        .collect()
}

/// Length of a test of this site, milliseconds.
pub(crate) fn soak_length_ms(app: &ApiListener, length: SoakLength) -> u64 {
    length.milliseconds(&tested_devices(app))
}

/// Starts a test of all devices. Errors: 409 while another one runs.
pub(crate) fn start_soak(app: &ApiListener, length: SoakLength, who: &str) -> Result<(), ApiError> {
    let devices = tested_devices(app);
    let length_ms = length.milliseconds(&devices);
    let first = |_| SoakProgress {
        length_ms,
        ..SoakProgress::default()
    };
    let worker = app.state().soaks.start_job(first).map_err(job_refusal)?;
    let by = RequestSender::current().recorded_or(Some(who.to_owned()));
    let run = SoakRun {
        app: app.clone(),
        soak: SoakTest::new(length_ms, devices),
        by: by.unwrap_or_default(),
    };
    tokio::spawn(run.until_over(worker));
    Ok(())
}

/// The test that runs now.
pub(crate) fn running_soak(app: &ApiListener) -> Option<SoakProgress> {
    let last = app.state().soaks.list_progress().pop()?;
    (!last.has_ended).then_some(last)
}

/// Stops the test that runs now.
pub(crate) fn stop_soak(app: &ApiListener) {
    app.state().soaks.send_to_running(JobCommand::Stop);
}

/// Result of the last test.
pub(crate) async fn last_soak(app: &ApiListener) -> Result<Option<SoakNote>, StoreError> {
    let note = app.state().store.technician_note(SOAK_NOTE).await?;
    // A note of another version says nothing.
    Ok(note.and_then(|text| serde_json::from_str(&text).ok()))
}

struct SoakRun {
    app: ApiListener,
    soak: SoakTest,
    by: String,
}

impl SoakRun {
    async fn until_over(mut self, mut worker: JobWorker<SoakProgress>) {
        let clock = self.app.state().clock.clone();
        // The monotonic clock: a step of the wall clock must not shorten the test.
        let begin = clock.now().mono.0;
        let mut gone = std::pin::pin!(wait_for_stop(self.app.0.stop.clone()));
        let is_whole = loop {
            self.take_counts().await;
            let elapsed_ms = clock.now().mono.0.saturating_sub(begin);
            let is_over = self.soak.is_over(elapsed_ms);
            let passes = is_over && self.soak.passes(elapsed_ms);
            let record = SoakRecord::of(&self.soak, elapsed_ms, passes);
            worker.progress.send_modify(|seen| seen.record = record);
            if is_over {
                break true;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                _ = worker.wait_for_continue() => break false,
                // The configuration is another one from here on, or the gateway ends.
                () = &mut gone => break false,
            }
        };
        let result = worker.progress.borrow().record.clone();
        if let Err(error) = self.keep(result, is_whole).await {
            tracing::error!(%error, "the result of the soak test could not be kept");
        }
        worker.progress.send_modify(|seen| seen.has_ended = true);
    }

    async fn take_counts(&mut self) {
        let last = self.app.state().store.latest_samples().await;
        let last = last.unwrap_or_default();
        let board = self.app.state().board.snapshot();
        for index in 0..self.app.site().devices.len() {
            if let Some((id, counts)) = device_counts(&self.app, index, (&board, &last)) {
                self.soak.take(&id, counts);
            }
        }
    }

    async fn keep(&self, result: SoakRecord, is_whole: bool) -> Result<(), StoreError> {
        let state = self.app.state();
        let passed = result.devices.iter().filter(|row| row.passes).count();
        let what = format!(
            "soak test by {}: {}, {passed} of {} devices, {} s",
            self.by,
            if result.passes {
                "passed"
            } else {
                "not passed"
            },
            result.devices.len(),
            result.elapsed_ms / 1000
        );
        let note = SoakNote {
            at: state.clock.now().at.0,
            by: self.by.clone(),
            revision: state.config.revision_id(),
            is_whole,
            result,
        };
        let body = serde_json::to_string(&note).unwrap_or_default();
        state
            .store
            .keep_technician_note(SOAK_NOTE, Some(body))
            .await?;
        state.store.append_audit("soak", what).await
    }
}

/// Counts of a device by its place in the configuration.
fn device_counts(
    app: &ApiListener,
    index: usize,
    (board, last): (&StatusSnapshot, &[LatestSample]),
) -> Option<(Arc<str>, SoakCounts)> {
    let config = &app.state().config;
    let info = app.site().devices.get(index)?;
    let state = board.devices.get(&info.id).cloned().unwrap_or_default();
    let bus = config.devices.get(index).map(|device| device.bus);
    let bus = bus.and_then(|bus| config.buses.get(bus));
    let counts = SoakCounts {
        polls: state.polls,
        failures: state.failures,
        late: state.late,
        round_trip_ms: state.round_trip_ms,
        fault: state.fault.as_ref().map(|fault| fault.reason),
        sends_by_itself: bus.is_some_and(|bus| bus.link.mqtt().is_some()),
        ..SoakCounts::default()
    };
    let outcome = |id: &str| {
        let found = last.iter().find(|one| *one.point == *id);
        found.map(|one| &one.sample.outcome)
    };
    let points = info.points.iter().map(|point| outcome(&point.id));
    let values: Vec<_> = points
        .map(|outcome| {
            let has_number = outcome.and_then(SampleOutcome::number).is_some();
            (has_number, outcome.and_then(SampleOutcome::reason))
        })
        .collect();
    Some((info.id.clone(), counts.with_values(&values)))
}

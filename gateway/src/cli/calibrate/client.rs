//! Calibrations and present readings for a command.

use crate::api::client::ApiClient;
use crate::cli::backend::{current_user, local_date, open_client};
use crate::cli::command_error::CommandError;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::QualityReason;
use crate::domain::calibration::{Calibration, CalibrationHistory, CalibrationKind};
use crate::i18n::Language;
use crate::ledger::{CalibrationJson, CalibrationRequest};
use crate::storage::StoreAccess;
use jiff::civil::Date;
use serde_json::Value;

pub(in crate::cli) struct CalibrationClient<'a> {
    api: ApiClient,
    clock: Clock,
    pub(super) config: &'a Config,
    /// Date at the site; `None` while the clock is not trusted.
    pub(super) today: Option<Date>,
    pub(super) lang: Language,
}

/// Last value of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LivePointValue {
    /// Value in the unit of the point.
    pub(super) value: f64,
    /// Age of the reading, s.
    pub(super) age_s: i64,
}

impl<'a> CalibrationClient<'a> {
    pub(in crate::cli) async fn open(
        config: &'a Config,
        lang: Language,
        access: StoreAccess,
    ) -> Result<Self, CommandError> {
        let clock = Clock::system();
        let now = clock.now();
        Ok(Self {
            api: open_client(config, access).await?,
            // An entry dated by a wrong clock would hold from a wrong day.
            today: now.trusted.then(|| local_date(config, now.at)),
            clock,
            config,
            lang,
        })
    }

    pub(in crate::cli) async fn close(self) {
        self.api.close().await;
    }

    /// Date by the clock, trusted or not.
    pub(super) fn local_day(&self) -> Date {
        local_date(self.config, self.clock.now().at)
    }

    /// All calibrations.
    pub(in crate::cli) async fn all_calibrations(
        &mut self,
    ) -> Result<CalibrationHistory, CommandError> {
        Ok(self.api.calibrations().await?)
    }

    /// Writes a calibration that was checked before.
    pub(super) async fn add_calibration(
        &mut self,
        said: &Calibration,
    ) -> Result<CalibrationJson, CommandError> {
        Ok(self
            .api
            .add_calibration(&to_request(said), self.lang)
            .await?)
    }

    /// Last number that was read for a point; `None` without one, or when it is one that a broker
    /// had kept.
    pub(super) async fn live_value(
        &mut self,
        point: &str,
    ) -> Result<Option<LivePointValue>, CommandError> {
        let now = self.clock.now().at;
        let points: Vec<Value> = self.api.get_json("/api/v1/points").await?;
        let found = points.iter().find(|one| one["id"] == *point);
        let last = found.map(|one| &one["last"]);
        // Old by an unknown time: nothing to compare the present with.
        let last = last.filter(|last| last["reason"] != QualityReason::Retained.word());
        Ok(last.and_then(|last| {
            Some(LivePointValue {
                value: last["v"].as_f64()?,
                // A reading from before a step of the clock can lie in the future.
                age_s: (now.0 - last["t"].as_i64()?).max(0) / 1000,
            })
        }))
    }
}

/// Request for a calibration. A CT entry names its device, the part of a point id before the dot,
/// because the API finds the points of the device itself.
fn to_request(said: &Calibration) -> CalibrationRequest {
    let first = said.targets.first().map_or("", |target| &**target);
    let swap = said.swap();
    let target = match said.kind {
        CalibrationKind::Ct => first.split('.').next().unwrap_or_default(),
        _ => first,
    };
    CalibrationRequest {
        kind: Some(said.kind.word().to_owned()),
        target: Some(target.to_owned()),
        pairs: swap.map_or_else(
            || said.pairs.clone(),
            |swap| vec![(swap.old_last, swap.new_first)],
        ),
        at: swap.map(|swap| swap.at.to_string()),
        since: Some(said.since.to_string()),
        withdraws: said.withdraws,
        who: Some(said.who.clone()),
        note: Some(said.note.clone()),
        // The gateway runs as another user, so the command names the person.
        recorded_by: Some(current_user()),
    }
}

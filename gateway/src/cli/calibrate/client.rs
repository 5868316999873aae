//! Calibrations and present readings for a command: from the running gateway, or from the store
//! when no gateway runs.

use crate::cli::backend::{Backend, CommandError, current_user};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::calibration::{Calibration, CalibrationHistory};
use crate::domain::site_zone::SiteZone;
use crate::i18n::Language;
use crate::ledger::{CalibrationJson, CalibrationRequest};
use crate::storage::{StoreAccess, StoreError};
use http_body_util::BodyExt;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;

pub(in crate::cli) struct CalibrationClient<'a> {
    way: Backend,
    clock: Clock,
    zone: SiteZone,
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
        let zone = config.site.timezone.clone();
        let clock = Clock::system();
        let now = clock.now();
        Ok(Self {
            way: Backend::open(config, access).await?,
            // An entry dated by a wrong clock would hold from a wrong day.
            today: now.trusted.then_some(zone.date(now.at)),
            clock,
            zone,
            config,
            lang,
        })
    }

    pub(in crate::cli) async fn close(self) {
        self.way.close().await;
    }

    /// Date by the clock, trusted or not.
    pub(super) fn local_day(&self) -> Date {
        self.zone.date(self.clock.now().at)
    }

    /// All calibrations.
    pub(in crate::cli) async fn all_calibrations(
        &mut self,
    ) -> Result<CalibrationHistory, CommandError> {
        if let Backend::Store(store) = &self.way {
            return Ok(store.list_calibrations().await?);
        }
        let all: Vec<CalibrationJson> = self.get_json("/api/v1/calibrations").await?;
        let entries = all.iter().map(CalibrationJson::entry);
        let entries: Option<Vec<_>> = entries.collect();
        entries
            .map(CalibrationHistory::new)
            .ok_or_else(unreadable_answer)
    }

    /// Writes a calibration that was checked before.
    pub(super) async fn add_calibration(
        &mut self,
        said: Calibration,
    ) -> Result<CalibrationJson, CommandError> {
        // The gateway runs as another user, so the command names the person.
        let by = current_user().unwrap_or_else(|| "cli".to_owned());
        let day = said.since;
        let running = match &mut self.way {
            Backend::Gateway(running) => running,
            Backend::Store(store) => {
                let id = store.append_calibration(said, &by).await?;
                // Read back from the store, so that the printed entry is the one that is kept.
                let all = store.list_calibrations().await?;
                let entry = all.entries().iter().find(|entry| entry.id == id);
                let entry = entry.ok_or(StoreError::UnknownEntry(id))?;
                return Ok(CalibrationJson::from_entry(entry, &all, day));
            }
        };
        let body = serde_json::to_vec(&to_request(&said, by)).map_err(io::Error::other)?;
        let path = format!("/api/v1/calibrations?lang={}", self.lang.code());
        let answer = running
            .request_with_media_type("POST", &path, "application/json", body)
            .await?;
        parse_json(&answer.collect().await?.to_bytes())
    }

    /// Last number that was read for a point; `None` without one.
    pub(super) async fn live_value(
        &mut self,
        point: &str,
    ) -> Result<Option<LivePointValue>, CommandError> {
        let now = self.clock.now().at;
        let live = |value: f64, at: i64| LivePointValue {
            value,
            // A reading from before a step of the clock can lie in the future.
            age_s: (now.0 - at).max(0) / 1000,
        };
        if let Backend::Store(store) = &self.way {
            let last = store.latest_samples().await?;
            let last = last.into_iter().find(|last| *last.point == *point);
            return Ok(last.and_then(|last| {
                let number = last.sample.outcome.number()?;
                Some(live(number.to_f64(), last.sample.at.0))
            }));
        }
        let points: Vec<Value> = self.get_json("/api/v1/points").await?;
        let found = points.iter().find(|one| one["id"] == *point);
        let last = found.map(|one| &one["last"]);
        Ok(last.and_then(|last| Some(live(last["v"].as_f64()?, last["t"].as_i64()?))))
    }

    async fn get_json<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, CommandError> {
        let Backend::Gateway(running) = &mut self.way else {
            return Err(unreadable_answer());
        };
        let answer = running.request("GET", path, "").await?;
        parse_json(&answer.collect().await?.to_bytes())
    }
}

/// Request for the running gateway. A CT entry names its device, the part of a point id before the
/// dot, because the gateway finds the points of the device itself.
fn to_request(said: &Calibration, by: String) -> CalibrationRequest {
    use crate::domain::calibration::CalibrationKind;
    let first = said.targets.first().map_or("", |target| &**target);
    let target = match said.kind {
        CalibrationKind::Ct => first.split('.').next().unwrap_or_default(),
        _ => first,
    };
    CalibrationRequest {
        kind: Some(said.kind.word().to_owned()),
        target: Some(target.to_owned()),
        pairs: said.pairs.clone(),
        since: Some(said.since.to_string()),
        withdraws: said.withdraws,
        who: Some(said.who.clone()),
        note: Some(said.note.clone()),
        recorded_by: Some(by),
    }
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, CommandError> {
    serde_json::from_slice(body).map_err(|fault| CommandError::File(io::Error::other(fault)))
}

/// Error for an answer that this program cannot read: the gateway may be another version.
fn unreadable_answer() -> CommandError {
    CommandError::File(io::Error::other(
        "this version cannot read the running gateway's answer",
    ))
}

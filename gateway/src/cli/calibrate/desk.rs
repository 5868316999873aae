//! Calibrations and readings as a command sees them: in the running gateway, or in the store when
//! none runs.

use crate::cli::running::{Trouble, Way, user};
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::{CalibrationJson, CalibrationSent};
use crate::model::UtcMs;
use crate::model::calibration::{Calibration, Calibrations};
use crate::store::{Access, StoreError};
use crate::words::Lang;
use http_body_util::BodyExt;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io;

pub(in crate::cli) struct Desk<'a> {
    way: Way,
    clock: Clock,
    zone: TimeZone,
    pub(super) config: &'a Config,
    /// The site's date; `None` while the clock cannot be believed.
    pub(super) today: Option<Date>,
    pub(super) lang: Lang,
}

/// What a point shows at this moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Live {
    /// In the point's unit.
    pub(super) value: f64,
    /// Seconds since it was read.
    pub(super) age_s: i64,
}

impl<'a> Desk<'a> {
    pub(in crate::cli) async fn open(
        config: &'a Config,
        lang: Lang,
        access: Access,
    ) -> Result<Self, Trouble> {
        let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
        let clock = Clock::system();
        let now = clock.now();
        Ok(Self {
            way: Way::find(config, access).await?,
            today: now.trusted.then_some(day(now.at, &zone)),
            clock,
            zone,
            config,
            lang,
        })
    }

    pub(in crate::cli) async fn close(self) {
        self.way.close().await;
    }

    /// The day by the clock, believed or not.
    pub(super) fn day(&self) -> Date {
        day(self.clock.now().at, &self.zone)
    }

    /// All calibrations.
    pub(in crate::cli) async fn all(&mut self) -> Result<Calibrations, Trouble> {
        if let Way::Own(store) = &self.way {
            return Ok(store.calibrations().await?);
        }
        let all: Vec<CalibrationJson> = self.get("/api/v1/calibrations").await?;
        let entries = all.iter().map(CalibrationJson::entry);
        let entries: Option<Vec<_>> = entries.collect();
        entries.map(Calibrations::new).ok_or_else(garbled)
    }

    /// Writes down what has been checked.
    pub(super) async fn add(&mut self, said: Calibration) -> Result<CalibrationJson, Trouble> {
        let by = user().unwrap_or_else(|| "cli".to_owned());
        let day = said.since;
        let running = match &mut self.way {
            Way::Running(running) => running,
            Way::Own(store) => {
                let id = store.calibrate(said, &by).await?;
                let all = store.calibrations().await?;
                let entry = all.entries().iter().find(|entry| entry.id == id);
                let entry = entry.ok_or(StoreError::UnknownEntry(id))?;
                return Ok(CalibrationJson::of(entry, &all, day));
            }
        };
        let body = serde_json::to_vec(&sent(&said, by)).map_err(io::Error::other)?;
        let path = format!("/api/v1/calibrations?lang={}", self.lang.code());
        let answer = running
            .send("POST", &path, "application/json", body)
            .await?;
        parsed(&answer.collect().await?.to_bytes())
    }

    /// What the point shows: the last number that was read.
    pub(super) async fn live(&mut self, point: &str) -> Result<Option<Live>, Trouble> {
        let now = self.clock.now().at;
        let live = |value: f64, at: i64| Live {
            value,
            age_s: (now.0 - at).max(0) / 1000,
        };
        if let Way::Own(store) = &self.way {
            let last = store.last().await?;
            let last = last.into_iter().find(|last| *last.point == *point);
            return Ok(last.and_then(|last| {
                let number = last.sample.outcome.number()?;
                Some(live(number.to_f64(), last.sample.at.0))
            }));
        }
        let points: Vec<Value> = self.get("/api/v1/points").await?;
        let found = points.iter().find(|one| one["id"] == *point);
        let last = found.map(|one| &one["last"]);
        Ok(last.and_then(|last| Some(live(last["v"].as_f64()?, last["t"].as_i64()?))))
    }

    async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Trouble> {
        let Way::Running(running) = &mut self.way else {
            return Err(garbled());
        };
        let answer = running.ask("GET", path, "").await?;
        parsed(&answer.collect().await?.to_bytes())
    }
}

/// As it is sent to the running gateway. A device's points were found by us and are found again
/// there, so that the device is named by what stands before the dot.
fn sent(said: &Calibration, by: String) -> CalibrationSent {
    use crate::model::calibration::Kind;
    let first = said.targets.first().map_or("", |target| &**target);
    let target = match said.kind {
        Kind::Ct => first.split('.').next().unwrap_or_default(),
        _ => first,
    };
    CalibrationSent {
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

/// The local day of a moment.
fn day(at: UtcMs, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    at.to_zoned_datetime(zone.clone()).date()
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|fault| Trouble::File(io::Error::other(fault)))
}

/// A gateway of another version answers what this program cannot read.
fn garbled() -> Trouble {
    Trouble::File(io::Error::other(
        "the running gateway's answer makes no sense",
    ))
}

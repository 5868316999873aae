//! Checks before a site is handed over: what is done and what is missing, each with its page.

use super::handover_draft::HandoverDraft;
use super::soak_page;
use crate::api::ApiListener;
use crate::api::device_health::{HealthState, judge_device_health};
use crate::api::error::ApiError;
use crate::api::soak_job::last_soak;
use crate::assets::{AssetKind, LevelMeasurement, TankAsset};
use crate::commissioning::calibration_check::is_water_counter;
use crate::domain::calibration::{CalibrationHistory, CalibrationKind};
use crate::handover::{HandoverCheck, HandoverCheckState, HandoverDevice, HandoverPoint};
use crate::i18n::Language;
use crate::status::StatusSnapshot;

/// Most names in one line.
const NAMES_MAX: usize = 5;

/// Page on which a subject is done; empty for the page of the record itself.
pub(super) fn check_page(subject: &str) -> &'static str {
    match subject {
        "devices" => "/teknisi",
        "tanks" => "/teknisi/tangki",
        "meters" => "/teknisi/meter-air",
        "soak" => "/teknisi/uji",
        "time" => "/teknisi/waktu",
        "passwords" => "/pengguna",
        "copies" => "/health",
        _ => "",
    }
}

/// The site as the checks see it.
pub(super) struct CheckedSite<'a> {
    pub(super) app: &'a ApiListener,
    pub(super) draft: &'a HandoverDraft,
    /// Devices with readings and displays.
    pub(super) devices: &'a [HandoverDevice],
    pub(super) history: &'a CalibrationHistory,
    pub(super) lang: Language,
}

impl CheckedSite<'_> {
    /// All lines of the list.
    pub(super) async fn checks(&self) -> Result<Vec<HandoverCheck>, ApiError> {
        let board = self.app.state().board.snapshot();
        Ok(vec![
            self.devices_check(&board),
            self.displays_check(),
            self.tanks_check(),
            self.meters_check(),
            self.soak_check().await?,
            self.time_check(),
            self.passwords_check(),
            self.copies_check(&board),
            self.photos_check(),
        ])
    }

    /// A line: done, or missing with these names.
    fn list_check(&self, subject: &'static str, all: usize, missing: &[String]) -> HandoverCheck {
        let (state, found) = match (all, missing) {
            (0, _) => (HandoverCheckState::NotNeeded, String::new()),
            (all, []) => {
                let args = [("count", &*all.to_string())];
                let found = self.lang.text_with("handover-found-all", &args);
                (HandoverCheckState::Done, found)
            }
            (_, missing) => {
                let mut names = missing.to_vec();
                names.truncate(NAMES_MAX);
                if missing.len() > names.len() {
                    names.push("…".to_owned());
                }
                let args = [("names", &*names.join(", "))];
                let found = self.lang.text_with("handover-found-missing", &args);
                (HandoverCheckState::Missing, found)
            }
        };
        HandoverCheck {
            subject,
            state,
            found,
        }
    }

    fn devices_check(&self, board: &StatusSnapshot) -> HandoverCheck {
        let (app, site) = (self.app, self.app.site());
        let is_bad = |device: &&crate::domain::DeviceInfo| {
            let verdict = judge_device_health(device, site, &app.state().buses, board, app.now());
            !matches!(verdict.health, HealthState::Ok | HealthState::Asleep)
        };
        let bad = site.devices.iter().filter(is_bad);
        let bad: Vec<String> = bad.map(|device| device.id.to_string()).collect();
        if site.devices.is_empty() {
            // A box that reads nothing is no site to hand over.
            return one_check("devices", false, self.lang.text("handover-found-none"));
        }
        self.list_check("devices", site.devices.len(), &bad)
    }

    fn displays_check(&self) -> HandoverCheck {
        let points = self.devices.iter().flat_map(|device| &device.points);
        let compared = points.filter_map(HandoverPoint::compare_with_display);
        let compared: Vec<bool> = compared.map(|one| one.agrees()).collect();
        let differing = compared.iter().filter(|agrees| !**agrees).count();
        let args = [
            ("compared", &*compared.len().to_string()),
            ("differing", &*differing.to_string()),
        ];
        let found = self.lang.text_with("handover-found-displays", &args);
        one_check("displays", !compared.is_empty() && differing == 0, found)
    }

    fn tanks_check(&self) -> HandoverCheck {
        let today = self.app.local_today(self.app.now());
        let tanks = self
            .app
            .state()
            .assets
            .iter()
            .filter_map(|asset| match &asset.kind {
                AssetKind::Tank(tank) => Some((asset, &**tank)),
                _ => None,
            });
        let tanks: Vec<_> = tanks.collect();
        let is_bare = |(asset, tank): &&(&crate::config::Asset, &TankAsset)| {
            let level = match &tank.level {
                Some(LevelMeasurement::Level(point)) => {
                    let kind = CalibrationKind::Level;
                    self.history.in_force(kind, &point.id, today).is_some()
                }
                // The zero of a distance or pressure sensor stands in the configuration.
                other => other.is_some(),
            };
            let kind = CalibrationKind::Strapping;
            !level && self.history.in_force(kind, &asset.id, today).is_none()
        };
        let bare = tanks.iter().filter(is_bare);
        let bare: Vec<String> = bare.map(|(asset, _)| asset.name.to_string()).collect();
        self.list_check("tanks", tanks.len(), &bare)
    }

    fn meters_check(&self) -> HandoverCheck {
        let today = self.app.local_today(self.app.now());
        let points = self
            .app
            .site()
            .devices
            .iter()
            .flat_map(|device| &device.points);
        let meters: Vec<_> = points.filter(|point| is_water_counter(point)).collect();
        let bare = meters.iter().filter(|point| {
            let kind = CalibrationKind::Pulses;
            self.history.in_force(kind, &point.id, today).is_none()
        });
        let bare: Vec<String> = bare.map(|point| point.id.to_string()).collect();
        self.list_check("meters", meters.len(), &bare)
    }

    async fn soak_check(&self) -> Result<HandoverCheck, ApiError> {
        let Some(note) = last_soak(self.app).await? else {
            let found = self.lang.text("handover-found-none");
            return Ok(one_check("soak", false, found));
        };
        let mut devices = self.app.site().devices.iter();
        let tested = &note.result.devices;
        let is_whole = devices.all(|device| tested.iter().any(|row| row.device == *device.id));
        let found = if is_whole {
            soak_page::result_text(&note, self.lang)
        } else {
            self.lang.text("handover-found-soak-old")
        };
        Ok(one_check("soak", note.result.passes && is_whole, found))
    }

    fn time_check(&self) -> HandoverCheck {
        let line = self.app.clock_line(self.lang);
        let is_known = self.app.state().clock.now().trusted;
        one_check("time", is_known, line.words)
    }

    fn passwords_check(&self) -> HandoverCheck {
        let access = self.app.state().access.control();
        let users = access.map_or(0, |access| access.list_users().len());
        let args = [("count", &*users.to_string())];
        let found = self.lang.text_with("handover-found-users", &args);
        one_check("passwords", users > 0, found)
    }

    fn copies_check(&self, board: &StatusSnapshot) -> HandoverCheck {
        let Some(copies) = &board.copies else {
            let found = self.lang.text("web-copies-no-place");
            return one_check("copies", false, found);
        };
        let is_well = copies.last_good.is_some() && !copies.is_failing(self.app.now());
        let line = self.app.copies_line(copies, self.lang);
        one_check("copies", is_well, line.words)
    }

    fn photos_check(&self) -> HandoverCheck {
        let count = self.draft.photos.len();
        let args = [("count", &*count.to_string())];
        let found = self.lang.text_with("handover-found-photos", &args);
        one_check("photos", count > 0, found)
    }
}

fn one_check(subject: &'static str, is_done: bool, found: String) -> HandoverCheck {
    HandoverCheck {
        subject,
        state: if is_done {
            HandoverCheckState::Done
        } else {
            HandoverCheckState::Missing
        },
        found,
    }
}

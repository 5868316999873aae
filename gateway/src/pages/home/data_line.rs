//! [`DataLine`]: how complete today's data are, and how many devices answer.

use super::home_figures::HomeFigures;
use crate::alarm_watch::device_conditions;
use crate::api::ApiListener;
use crate::attention::{self, DeviceConditionState};
use crate::formulas::{count_as_f64, finite_ratio};
use crate::report::content;
use crate::report::render::number_format;

/// State of the data in words.
pub(super) struct DataLine {
    /// `ok`, `fault` or `waiting`.
    pub(super) state: &'static str,
    /// `6 dari 6 alat menjawab`; empty without devices.
    pub(super) devices: String,
    /// `Data hari ini 99% lengkap`; empty when nothing was expected.
    pub(super) complete: String,
}

impl DataLine {
    /// The line of the site at the time of the figures.
    pub(super) fn of_site(app: &ApiListener, figures: &HomeFigures) -> Self {
        let lang = figures.lang();
        let all = device_conditions(app, figures.now(), &figures.latest);
        let count = |states: &[DeviceConditionState]| {
            let found = all.iter().filter(|one| states.contains(&one.state));
            found.count()
        };
        let (well, partial) = (DeviceConditionState::Well, DeviceConditionState::Partial);
        let answering = count(&[well, partial]);
        let state = match answering {
            answering if answering == all.len() => "ok",
            answering if answering + count(&[DeviceConditionState::Waiting]) == all.len() => {
                "waiting"
            }
            _ => "fault",
        };
        let (some, total) = (answering.to_string(), all.len().to_string());
        let devices = lang.text_with("home-devices", &[("count", &some), ("all", &total)]);
        let complete = measured_share(figures).map_or_else(String::new, |share| {
            let share = number_format::format_percent(lang, share, 0);
            lang.text_with("home-complete", &[("share", &share)])
        });
        Self {
            state,
            devices: if all.is_empty() {
                String::new()
            } else {
                devices
            },
            complete,
        }
    }
}

/// Mean measured share of today over the assets, of daylight hours for plants; without those of
/// which hardly anything was due until now.
fn measured_share(figures: &HomeFigures) -> Option<f64> {
    let today = &figures.today;
    let (site, day) = (&today.config.site, today.account.period);
    let assets = today.config.assets.iter().filter(|asset| {
        let is_solar = asset.kind.word() == "plts";
        !content::is_too_early(site, day, is_solar, today.now)
    });
    let shares = assets.filter_map(|asset| attention::measured_share(&today.account, asset));
    let shares: Vec<f64> = shares.collect();
    finite_ratio(shares.iter().sum(), count_as_f64(shares.len()))
}

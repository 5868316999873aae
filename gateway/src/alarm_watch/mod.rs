//! Watches the rules of alarms over the latest samples, figures and conditions of the site.
//!
//! ```text
//! tasks.spawn(watch_alarms(state, stop));
//! ```
//!
//! Points are looked at every ten seconds, figures and the conditions of the home page every
//! minute. `sightings` turns rules into what is seen now, `site_state` is the condition of the
//! site, which the home page shows too, and the room `alarms` decides what is told.

#[cfg(test)]
mod month_tests;
mod sightings;
mod site_state;
mod watch_task;

pub(crate) use site_state::{device_conditions, site_condition};
pub(crate) use watch_task::watch_alarms;

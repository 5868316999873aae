//! Discovered state of a `SunSpec` device.

use super::register_image::RegisterImage;
use crate::config::sunspec::{ResolvedPoints, SunSpecSelection};
use crate::config::{Device, Point};
use crate::limits::SUNSPEC_MISSES_MAX;
use crate::status::DeviceIdentity;
use std::sync::Arc;

/// Discovered state of a `SunSpec` device: its model list and the addresses of its points.
#[derive(Debug)]
pub(super) struct DeviceSunSpecState {
    pub(super) wanted: Arc<SunSpecSelection>,
    /// Points with their addresses; `None` before discovery and after the model list has changed.
    pub(super) fitted: Option<ResolvedPoints>,
    pub(super) identity: Option<DeviceIdentity>,
    /// Reason that the model list ended before every wanted point was found; `None` when it did
    /// not.
    pub(super) cut_short: Option<String>,
    /// Index of the base address that is tried first.
    pub(super) first: usize,
    /// Polls in a row without values: no answer, or an incomplete model list.
    pub(super) misses: u32,
}

impl DeviceSunSpecState {
    pub(super) fn new(wanted: Arc<SunSpecSelection>) -> Self {
        Self {
            wanted,
            fitted: None,
            identity: None,
            cut_short: None,
            first: 0,
            misses: 0,
        }
    }

    /// True when another model stands at the address of a discovered one (new firmware, say); no
    /// value of this poll is valid then.
    pub(super) fn has_changed_models(&self, asked: &Device, image: &RegisterImage) -> bool {
        let changed = |(index, held): &(usize, i64)| {
            let point = asked.points.get(*index);
            let words = point.and_then(|point| image.point_registers(point))?;
            // Id and length are read with every poll as one number of the model header.
            let head = words.iter().fold(0, |all, w| all << 16 | i64::from(*w));
            Some(head != *held)
        };
        let heads = self.fitted.iter().flat_map(|fitted| &fitted.headers);
        heads.filter_map(changed).any(|is_other| is_other)
    }

    /// Records the result of a poll. A device that was away, or whose list was incomplete, may come
    /// back with another list, so it is discovered again.
    pub(super) fn record_poll(&mut self, gave: bool, changed: bool) {
        self.misses = if gave {
            0
        } else {
            self.misses.saturating_add(1)
        };
        if changed || self.misses >= SUNSPEC_MISSES_MAX {
            self.fitted = None;
        }
    }
}

pub(super) fn format_bases(discovery: Option<&DeviceSunSpecState>) -> String {
    let bases = discovery.map(|discovery| discovery.wanted.base_addresses());
    let bases = bases.unwrap_or_default().iter().map(u16::to_string);
    bases.collect::<Vec<_>>().join(", ")
}

/// Applies the limits of the configuration, which may be narrower than those of the model
/// definition.
pub(super) fn apply_configured_limits(wanted: &[Point], fitted: &mut ResolvedPoints) {
    for (wanted, slot) in wanted.iter().zip(&fitted.slots) {
        if let Some(point) = slot.and_then(|slot| fitted.points.get_mut(slot)) {
            (point.min, point.max) = (wanted.min, wanted.max);
        }
    }
}

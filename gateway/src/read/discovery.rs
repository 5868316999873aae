//! What is known of a device that says itself where its points are.

use super::image::Image;
use crate::config::sunspec::{Fitted, SunSpec};
use crate::config::{Device, Point};
use crate::limits::SUNSPEC_MISSES_MAX;
use crate::status::Identity;
use std::sync::Arc;

/// What a device that says itself where its points are has said.
#[derive(Debug)]
pub(super) struct Discovery {
    pub(super) wanted: Arc<SunSpec>,
    /// `None` before it was looked over, and after its list has changed.
    pub(super) fitted: Option<Fitted>,
    pub(super) identity: Option<Identity>,
    /// Why its list ended before every wanted point; `None` when it did not.
    pub(super) cut_short: Option<String>,
    /// Number of the base that is tried first.
    pub(super) first: usize,
    /// Polls in a row that gave nothing: no answer, or a list that breaks off.
    pub(super) misses: u32,
}

impl Discovery {
    pub(super) fn new(wanted: Arc<SunSpec>) -> Self {
        Self {
            wanted,
            fitted: None,
            identity: None,
            cut_short: None,
            first: 0,
            misses: 0,
        }
    }

    /// Another model stands where one of the wanted points was found: no value of this poll counts.
    pub(super) fn has_changed(&self, asked: &Device, image: &Image) -> bool {
        let changed = |(index, held): &(usize, i64)| {
            let point = asked.points.get(*index);
            let words = point.and_then(|point| image.registers(point))?;
            let head = words.iter().fold(0, |all, w| all << 16 | i64::from(*w));
            Some(head != *held)
        };
        let heads = self.fitted.iter().flat_map(|fitted| &fitted.headers);
        heads.filter_map(changed).any(|is_other| is_other)
    }

    /// A device that was away, or that said half of its list, may come back with another one.
    pub(super) fn after(&mut self, gave: bool, changed: bool) {
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

pub(super) fn discovery_bases(discovery: Option<&Discovery>) -> String {
    let bases = discovery.map(|discovery| discovery.wanted.bases());
    let bases = bases.unwrap_or_default().iter().map(u16::to_string);
    bases.collect::<Vec<_>>().join(", ")
}

/// The site may know narrower limits of a point than the list of models.
pub(super) fn keep_limits(wanted: &[Point], fitted: &mut Fitted) {
    for (wanted, slot) in wanted.iter().zip(&fitted.slots) {
        if let Some(point) = slot.and_then(|slot| fitted.points.get_mut(slot)) {
            (point.min, point.max) = (wanted.min, wanted.max);
        }
    }
}

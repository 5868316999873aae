//! [`MeasuredEnergy`]: the points by which an asset measures energy, for claims.

use super::{Asset, AssetKind, AssetPoint, GensetAsset, PumpAsset, PvPlantAsset};
use crate::config::same_places::SamePlaces;

/// Points by which an asset measures energy, and the channel of the device.
#[derive(Clone, Debug)]
pub(super) struct MeasuredEnergy<'a> {
    pub(super) counters: Vec<&'a str>,
    power: Option<&'a str>,
    pub(super) channel: Option<&'a str>,
    /// The kind of asset has no key for a channel.
    has_no_channel: bool,
}

impl<'a> MeasuredEnergy<'a> {
    fn new(counters: &[Option<&'a AssetPoint>], power: Option<&'a AssetPoint>) -> Self {
        let known = counters.iter().flatten();
        Self {
            counters: known.map(|point| &*point.id).collect(),
            power: power.map(|point| &*point.id),
            channel: None,
            has_no_channel: false,
        }
    }

    /// The energy of a plant.
    pub(super) fn of_plant(plant: &'a PvPlantAsset) -> Self {
        Self {
            channel: plant.channel.as_deref(),
            ..Self::new(&[plant.energy.as_ref()], plant.power.as_ref())
        }
    }

    /// The energy of a generator set.
    pub(super) fn of_genset(set: &'a GensetAsset) -> Self {
        Self {
            has_no_channel: true,
            ..Self::new(&[set.energy.as_ref()], set.power.as_ref())
        }
    }

    /// The energy of a pump.
    pub(super) fn of_pump(pump: &'a PumpAsset) -> Self {
        Self::new(&[pump.energy.as_ref()], pump.power.as_ref())
    }

    /// The energy for which a certificate was issued; `None` without one.
    pub(super) fn certified(asset: &'a Asset) -> Option<Self> {
        let (claim, measured) = match &asset.kind {
            AssetKind::Plts(plant) => (&plant.claim, Self::of_plant(plant)),
            AssetKind::Meter(meter) => (
                &meter.claim,
                Self::new(
                    &[meter.energy.as_ref(), meter.export.as_ref()],
                    meter.power.as_ref(),
                ),
            ),
            _ => return None,
        };
        let has_certificate = claim.as_ref().is_some_and(|claim| claim.rec);
        has_certificate.then_some(measured)
    }

    /// Ids of the counters and of the power.
    pub(super) fn points(&self) -> impl Iterator<Item = &'a str> {
        self.counters.iter().copied().chain(self.power)
    }

    /// Whether one point measures both, by one name or two.
    pub(super) fn shares_point(&self, other: &Self, places: &SamePlaces) -> bool {
        let is_shared = |id| other.points().any(|id2| places.is_one_point(id, id2));
        self.points().any(is_shared)
    }

    /// Pairs of points that the figures of both use: the counters, and the power without one.
    pub(super) fn main_points(&self, other: &Self) -> Vec<(&'a str, &'a str)> {
        let used = |one: &Self| {
            if one.counters.is_empty() {
                one.power.into_iter().collect()
            } else {
                one.counters.clone()
            }
        };
        let (own, others): (Vec<&str>, Vec<&str>) = (used(self), used(other));
        let pairs = own
            .into_iter()
            .flat_map(|id| others.iter().map(move |id2| (id, *id2)));
        pairs.collect()
    }

    /// Whether the two say that they are different channels of a device: each by its word, where
    /// the kind of asset has one.
    pub(super) fn is_declared_apart(&self, other: &Self) -> bool {
        match (self.channel, other.channel) {
            (Some(own), Some(other)) => own != other,
            _ => self.has_no_channel || other.has_no_channel,
        }
    }
}

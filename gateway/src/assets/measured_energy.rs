//! [`MeasuredEnergy`]: the points by which an asset measures energy, for claims.

use super::{Asset, AssetKind, AssetPoint, PumpAsset, PvPlantAsset};

/// Points by which an asset measures energy, and the channel of the device.
#[derive(Clone, Debug)]
pub(super) struct MeasuredEnergy<'a> {
    pub(super) counters: Vec<&'a str>,
    power: Option<&'a str>,
    pub(super) channel: Option<&'a str>,
}

impl<'a> MeasuredEnergy<'a> {
    fn new(counters: &[Option<&'a AssetPoint>], power: Option<&'a AssetPoint>) -> Self {
        let known = counters.iter().flatten();
        Self {
            counters: known.map(|point| &*point.id).collect(),
            power: power.map(|point| &*point.id),
            channel: None,
        }
    }

    /// The energy of a plant.
    pub(super) fn of_plant(plant: &'a PvPlantAsset) -> Self {
        Self {
            channel: plant.channel.as_deref(),
            ..Self::new(&[plant.energy.as_ref()], plant.power.as_ref())
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
    pub(super) fn points(&self) -> Vec<&'a str> {
        self.counters.iter().copied().chain(self.power).collect()
    }
}

//! Figures of a site over a period: raw readings, ledger, configuration and factors to an
//! [`Account`], a pure function of them that is never stored.
//!
//! Readings are streamed, one asset at a time and a day at once, so that a year needs no more
//! memory than a day. What was read before the time was known never counts.

mod amount;
mod asset;
mod balance;
mod baseline;
mod bins;
mod bsf;
mod carbon;
mod catchment;
mod corrected;
mod counted;
mod events;
mod figure;
mod fuel;
mod gather;
mod lane;
mod ledger;
mod light;
mod meter;
mod plts;
mod pump;
mod site;
mod span;
mod specs;
mod tank;
#[cfg(test)]
mod tests;
mod track;
mod waste;
mod wide;

use crate::config::Config;
use crate::config::assets::{Asset, AssetKind, BaselineKind};
use crate::model::UtcMs;
use crate::model::calibration::Calibrations;
use crate::model::indicator::{Account, Indicator};
use crate::model::period::Period;
use crate::store::{Store, StoreError};
use asset::{Kind, Made, Read};
use bsf::{BsfSums, CompostSums};
use catchment::RoofSums;
use corrected::Corrections;
use figure::Desk;
use gather::{Steps, gather};
use jiff::civil::Date;
use lane::Lane;
use ledger::Book;
use meter::{GensetSums, MeterSums};
use plts::PltsSums;
use pump::PumpSums;
use span::Span;
use std::collections::BTreeSet;
use std::sync::Arc;
use tank::TankSums;

pub use specs::{INDICATORS, Spec, find_spec, name_key};
pub use tank::shape as tank_shape;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Over which period.
    pub period: Period,
    /// Of one asset; `None`: of all, with the site's totals and the ledger.
    pub asset: Option<Arc<str>>,
    /// The present: what lies after it is not expected.
    pub now: UtcMs,
    /// Values by day as well.
    pub daily: bool,
}

/// How far the work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Days of points that were read.
    pub done: u64,
    /// All of them.
    pub all: u64,
}

/// Why there is no account.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AccountError {
    /// The period has not begun.
    #[error("the period begins on {0}, which has not come yet")]
    Future(Date),
    /// The site has no such asset.
    #[error("no asset {0}")]
    UnknownAsset(Arc<str>),
    /// The site's time zone is not known.
    #[error("unknown time zone {0}")]
    Zone(Arc<str>),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All figures that are asked for.
pub async fn account(
    config: &Config,
    store: &Store,
    ask: &Ask,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Account, AccountError> {
    let span = Span::new(&config.site, ask.period, ask.now)?;
    let wanted = wanted(config, ask)?;
    let book = Book::open(store, &span).await?;
    let calibrations = store.calibrations().await?;
    let mut kinds = Vec::new();
    for asset in config.assets.iter().filter(|one| wanted.contains(&one.id)) {
        let kind = kind(config, asset, &span, &calibrations);
        kinds.push((asset, kind));
    }
    let lanes: usize = kinds.iter().map(|(_, (lanes, _))| lanes.len()).sum();
    let mut steps = Steps {
        progress,
        done: 0,
        all: u64::try_from(lanes * span.days.len()).unwrap_or(u64::MAX),
    };
    let mut all = Made::default();
    for (asset, (lanes, mut sums)) in kinds {
        let mut corrections = Corrections::new(&calibrations, &lanes, span.day_before());
        let tracks = gather(store, &span, &mut corrections, &mut *sums, &mut steps).await?;
        let desk = desk(config, &span, Some(&asset.id));
        let mut made = sums.make(&Read {
            desk: &desk,
            lanes: &lanes,
            tracks: &tracks,
        });
        made.tell_impossible(&tracks);
        let points = lanes.iter().map(|lane| lane.point.id.clone());
        let targets: Vec<Arc<str>> = points.chain([asset.id.clone()]).collect();
        let used = corrected::used(&calibrations, &targets, &span);
        corrected::tell(&mut made.figures, &asset.id, &used);
        all.add(made);
    }
    conclude(config, &span, &book, &mut all);
    Ok(finish(config, ask, all))
}

/// Figures that stand on the ledger, and on those of several assets.
fn conclude(config: &Config, span: &Span, book: &Book, all: &mut Made) {
    let of_asset = |id: &Arc<str>| desk(config, span, Some(id));
    for asset in &config.assets {
        let more = written(&of_asset(&asset.id), asset, book, &all.figures);
        all.figures.extend(more);
    }
    for asset in &config.assets {
        let more = standing_on(&of_asset(&asset.id), asset, &all.figures);
        all.figures.extend(more);
    }
    let site = desk(config, span, None);
    let waste = waste::figures(&site, book, &all.figures);
    all.figures.extend(waste);
    let totals = site::totals(&site, &all.figures);
    all.figures.extend(totals);
    let (figures, daily) = ledger::figures(&site, book);
    all.figures.extend(figures);
    all.daily.extend(daily);
    all.events.extend(book.corrections(span.period));
}

/// What the ledger tells of an asset.
fn written(desk: &Desk<'_>, asset: &Asset, book: &Book, known: &[Indicator]) -> Vec<Indicator> {
    let own = of(known, asset);
    match &asset.kind {
        AssetKind::Genset(set) => {
            let mut all = Vec::new();
            let measured = own.iter().any(|one| &*one.id == "genset.fuel");
            if let Some(indicator) = set.fuel_ledger.as_ref().filter(|_| !measured) {
                let total = book.total(desk.config, indicator, desk.span.period);
                all.push(ledger::figure(
                    desk,
                    "genset.fuel",
                    (indicator, "F"),
                    total.as_ref(),
                ));
            }
            let both: Vec<&Indicator> = own.into_iter().chain(&all).collect();
            let more = meter::burnt(desk, set, &both);
            all.extend(more);
            all
        }
        AssetKind::Compost(heap) => {
            let mut all = Vec::new();
            if let Some(indicator) = &heap.turning_ledger {
                let total = book.total(desk.config, indicator, desk.span.period);
                all.push(ledger::figure(
                    desk,
                    "compost.turnings",
                    (indicator, "n"),
                    total.as_ref(),
                ));
            }
            let both: Vec<&Indicator> = own.into_iter().chain(&all).collect();
            let more = bsf::hygienised(desk, heap, &both);
            all.extend(more);
            all
        }
        _ => Vec::new(),
    }
}

/// Figures of an asset that stand on those of others.
fn standing_on(desk: &Desk<'_>, asset: &Asset, known: &[Indicator]) -> Vec<Indicator> {
    match &asset.kind {
        AssetKind::Plts(plant) => carbon::plant(desk, plant, known),
        AssetKind::Pump(pump) => {
            let driver = pump.plts.as_deref().and_then(|id| {
                let mut assets = desk.config.assets.iter();
                match &assets.find(|one| *one.id == *id)?.kind {
                    AssetKind::Plts(plant) => Some((id, plant.module_area_m2?)),
                    _ => None,
                }
            });
            let found = driver.and_then(|(id, area)| {
                let sun = carbon::find(known, "plts.insolation", id)?;
                let lifted = carbon::find(known, "pump.hydraulic_energy", &asset.id)?;
                Some(pump::sun_to_water(desk, (lifted, area), sun))
            });
            found.into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Figures of one asset.
fn of<'a>(known: &'a [Indicator], asset: &Asset) -> Vec<&'a Indicator> {
    let own = known
        .iter()
        .filter(|one| one.asset.as_ref() == Some(&asset.id));
    own.collect()
}

fn desk<'a>(config: &'a Config, span: &'a Span, asset: Option<&Arc<str>>) -> Desk<'a> {
    Desk {
        config,
        span,
        asset: asset.cloned(),
    }
}

/// The asset that is asked for with those that its figures need, or all.
fn wanted(config: &Config, ask: &Ask) -> Result<BTreeSet<Arc<str>>, AccountError> {
    let Some(id) = &ask.asset else {
        return Ok(config.assets.iter().map(|one| one.id.clone()).collect());
    };
    let found = config.assets.iter().find(|one| one.id == *id);
    let Some(asset) = found else {
        return Err(AccountError::UnknownAsset(id.clone()));
    };
    let mut all = BTreeSet::from([id.clone()]);
    if let AssetKind::Plts(plant) = &asset.kind {
        if let Some(BaselineKind::PumpFuel { pump, .. }) = asset.baseline().map(|one| &one.kind) {
            all.insert(pump.clone());
        }
        all.extend(
            plant
                .project
                .as_ref()
                .and_then(|project| project.genset.clone()),
        );
    }
    if let AssetKind::Pump(pump) = &asset.kind {
        all.extend(pump.plts.clone());
    }
    Ok(all)
}

/// What takes the readings of an asset in, and the points that it wants.
fn kind<'a>(
    config: &'a Config,
    asset: &'a Asset,
    span: &Span,
    calibrations: &Calibrations,
) -> (Vec<Lane>, Box<dyn Kind + 'a>) {
    fn boxed<'a>((lanes, kind): (Vec<Lane>, impl Kind + 'a)) -> (Vec<Lane>, Box<dyn Kind + 'a>) {
        (lanes, Box::new(kind))
    }
    match &asset.kind {
        AssetKind::Plts(plant) => boxed(PltsSums::new(config, plant)),
        AssetKind::Pump(pump) => boxed(PumpSums::new(config, pump)),
        AssetKind::Tank(tank) => {
            boxed(TankSums::new(config, (&asset.id, tank), span, calibrations))
        }
        AssetKind::Catchment(roof) => boxed(RoofSums::new(config, roof)),
        AssetKind::Bsf(bin) => boxed(BsfSums::new(config, bin)),
        AssetKind::Compost(heap) => boxed(CompostSums::new(config, heap)),
        AssetKind::Genset(set) => boxed(GensetSums::new(config, set)),
        AssetKind::Meter(meter) => boxed(MeterSums::new(config, meter)),
    }
}

/// In the order of a report; of what was asked for alone.
fn finish(config: &Config, ask: &Ask, all: Made) -> Account {
    let (mut events, mut indicators) = (all.events, all.figures);
    let place = |one: &Indicator| {
        let asset = config
            .assets
            .iter()
            .position(|asset| Some(&asset.id) == one.asset.as_ref());
        let spec = INDICATORS.iter().position(|spec| *spec.id == *one.id);
        (asset.unwrap_or(usize::MAX), spec.unwrap_or(usize::MAX))
    };
    indicators.sort_by_key(place);
    let mut daily = if ask.daily { all.daily } else { Vec::new() };
    if ask.asset.is_some() {
        indicators.retain(|one| one.asset == ask.asset);
        daily.retain(|one| one.asset == ask.asset);
        let asset = config
            .assets
            .iter()
            .find(|one| Some(&one.id) == ask.asset.as_ref());
        events.only(|of| {
            asset.is_some_and(|asset| asset.points.values().any(|point| **point == *of))
        });
    }
    let (events, events_left_out) = events.finish();
    Account {
        period: ask.period,
        revision: config.revision_id(),
        indicators,
        daily,
        events,
        events_left_out,
    }
}

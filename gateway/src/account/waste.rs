//! Organic waste by what was written down: METHODS E.3, E.5, E.7 to E.9.
//!
//! Where bins and heaps share an indicator of the ledger, an entry belongs to the one that it
//! names, else to all of them together: a kilogram counts once.

use crate::account::baseline::grid_width;
use crate::account::bins::{Sharing, batch_days};
use crate::account::carbon::{Known, find};
use crate::account::figure::{
    Build, Desk, Value, because, constant, from_factor, from_figure, input, or_status, setting,
};
use crate::account::fuel::gwp;
use crate::account::ledger::{self, Book};
use crate::account::span::Span;
use crate::account::wide::Wide;
use crate::analyse::Status;
use crate::analyse::bsf::{BsfInput, bsf_indices};
use crate::analyse::compost::{CompostInput, compost_pe};
use crate::analyse::fod::{Deposit, Landfill, Waste, fod_tool04, lifetime_per_tonne};
use crate::config::Config;
use crate::config::assets::{Asset, AssetKind, Baseline, BaselineKind, Bsf, Disposal, WasteFate};
use crate::model::factor::{Factor, Headline};
use crate::model::indicator::{Indicator, Input, Origin, Remark, Source};
use crate::model::period::Period;
use jiff::civil::Date;
use std::sync::Arc;

/// Half of the 95 % interval of the share of carbon that decays, % (G.2).
const DOCF_PCT: f64 = 20.0;
/// Factors of a landfill's methane, beside those of the dump and of the warming.
const SWDS: [&str; 6] = [
    "swds.phi.appB_wet",
    "swds.ox",
    "swds.F",
    "swds.docf",
    "swds.doc.food.wet",
    "swds.k.food.tropical_wet",
];

/// Bins or heaps that are fed from one indicator of the ledger, or one of them.
struct Group<'a> {
    fed: &'a Arc<str>,
    /// In the order of the configuration.
    assets: Vec<&'a Asset>,
    disposal: Option<&'a Disposal>,
    dry: bool,
    heap: bool,
    bin: Option<&'a Bsf>,
}

/// All figures of organic waste that the ledger gives.
pub(super) fn figures(desk: &Desk<'_>, book: &Book, known: Known<'_>) -> Vec<Indicator> {
    let mut all = Vec::new();
    for group in groups(desk.config) {
        match group.assets[..] {
            [one] => all.extend(of_group(&of(desk, one), &group, book, known)),
            _ => all.extend(shared(desk, &group, book, known)),
        }
    }
    all
}

fn of<'a>(desk: &Desk<'a>, asset: &Asset) -> Desk<'a> {
    Desk {
        asset: Some(Arc::clone(&asset.id)),
        ..desk.clone()
    }
}

fn of_group(desk: &Desk<'_>, group: &Group<'_>, book: &Book, known: Known<'_>) -> Vec<Indicator> {
    let mut made = match group.bin {
        Some(bin) => indices(desk, bin, book),
        None => Vec::new(),
    };
    if group.heap {
        made.push(fed(desk, "compost.fed", group.fed, book));
    }
    made.extend(methane(desk, group, book, known));
    made
}

/// Several bins under one indicator: entries that name one are its own; those that name none are of
/// all of them together, as figures of the site, and each bin without an entry says so.
fn shared(desk: &Desk<'_>, group: &Group<'_>, book: &Book, known: Known<'_>) -> Vec<Indicator> {
    let sharing = Sharing::new(&group.assets);
    let names: Vec<&str> = group.assets.iter().map(|asset| &*asset.id).collect();
    let names = names.join(", ");
    let rest = sharing.of_none(book);
    let mut all = Vec::new();
    let mut any_named = false;
    for asset in &group.assets {
        let own = sharing.of(book, asset);
        let desk = of(desk, asset);
        if sharing.is_written(&own) {
            any_named = true;
            all.extend(
                alone(asset).map_or_else(Vec::new, |one| of_group(&desk, &one, &own, known)),
            );
            continue;
        }
        let id = match asset.kind {
            AssetKind::Bsf(_) => "bsf.fed",
            _ => "compost.fed",
        };
        let why = Remark::new("account-unnamed-bin").with("assets", &names);
        all.push(desk.figure(id, Err(why), Vec::new()).origin(Origin::Manual));
    }
    if any_named && !sharing.is_written(&rest) {
        return all;
    }
    let key = if any_named {
        "account-rest-together"
    } else {
        "account-together"
    };
    let said = Remark::new(key).with("assets", &names);
    let together = of_group(desk, group, &rest, known).into_iter();
    all.extend(together.map(|one| one.remark(said.clone())));
    all
}

/// A bin or heap by itself.
fn alone(asset: &Asset) -> Option<Group<'_>> {
    let (fed, disposal, bin) = match &asset.kind {
        AssetKind::Bsf(bin) => (&bin.fed, &bin.disposal, Some(&**bin)),
        AssetKind::Compost(heap) => (&heap.fed, &heap.disposal, None),
        _ => return None,
    };
    Some(Group {
        fed,
        assets: vec![asset],
        disposal: disposal.as_ref(),
        dry: bin.is_some_and(|bin| bin.dry_mass),
        heap: bin.is_none(),
        bin,
    })
}

fn groups(config: &Config) -> Vec<Group<'_>> {
    let mut all: Vec<Group<'_>> = Vec::new();
    for one in config.assets.iter().filter_map(alone) {
        match all.iter_mut().find(|group| *group.fed == *one.fed) {
            None => all.push(one),
            Some(group) => {
                group.assets.extend(one.assets);
                group.disposal = group.disposal.or(one.disposal);
                group.dry |= one.dry;
                group.heap |= one.heap;
                group.bin = group.bin.or(one.bin);
            }
        }
    }
    all
}

fn fed(desk: &Desk<'_>, id: &str, indicator: &str, book: &Book) -> Indicator {
    let total = book.total(desk.config, indicator, desk.span.period);
    ledger::figure(desk, id, (indicator, "W"), total.as_ref())
}

/// E.3.
fn indices(desk: &Desk<'_>, bin: &Bsf, book: &Book) -> Vec<Indicator> {
    let written = |id: &str, indicator: &str, symbol| {
        let total = book.total(desk.config, indicator, desk.span.period);
        ledger::figure(desk, id, (indicator, symbol), total.as_ref())
    };
    let w = written("bsf.fed", &bin.fed, "W");
    let b = written("bsf.larvae", &bin.larvae, "B");
    let r = written("bsf.residue", &bin.residue, "R");
    let number = |one: &Indicator| one.value.as_ref().ok().copied();
    let days = batch_days(book, bin, desk.span.period);
    let found = bsf_indices(&BsfInput {
        fed_kg: number(&w),
        residue_kg: number(&r),
        larvae_gain_kg: number(&b),
        // Without a batch there is no index by day.
        days: days.unwrap_or(f64::NAN),
    });
    let percent = |x: Option<f64>| x.map(|x| 100.0 * x);
    let all = [
        ("bsf.reduction", percent(found.sr)),
        ("bsf.wri", found.wri),
        ("bsf.bioconversion", percent(found.bcr)),
        ("bsf.feed_conversion", found.fcr),
        ("bsf.efficiency", percent(found.ecd)),
        ("bsf.loss", percent(found.loss)),
    ];
    let basis = if bin.dry_mass {
        "account-basis-dry"
    } else {
        "account-basis-wet"
    };
    let odd = found.status == Status::MassBalance;
    let declared = [&w, &b, &r]
        .iter()
        .any(|one| one.origin == Origin::Declared);
    let origin = if declared {
        Origin::Declared
    } else {
        Origin::Manual
    };
    let index = |(id, value): (&str, Option<f64>)| {
        let mut inputs = vec![
            from_figure("W", &w),
            from_figure("B", &b),
            from_figure("R", &r),
        ];
        let mut value = or_status(value, found.status);
        if id == "bsf.wri" {
            inputs.push(constant("d", days.unwrap_or_default(), "d", "batch"));
            if found.sr.is_some() && days.is_none() {
                value = Err(Remark::new("account-no-batch"));
            }
        }
        desk.figure(id, value, inputs)
            .origin(origin)
            .remark(Remark::new(basis))
            .remark_if(odd, &found.status.words_key())
    };
    let indices: Vec<Indicator> = all.into_iter().map(index).collect();
    [w, b, r].into_iter().chain(indices).collect()
}

/// E.5, E.7 to E.9.
fn methane(desk: &Desk<'_>, group: &Group<'_>, book: &Book, known: Known<'_>) -> Vec<Indicator> {
    let tonnes = tonnes(desk.config, group, book);
    let project = project(desk, group, &tonnes, known);
    let landfill = match landfill(desk, group) {
        Ok(landfill) => landfill,
        Err(why) => {
            let none = |id: &str| {
                desk.figure(id, Err(why.clone()), Vec::new())
                    .origin(Origin::Estimated)
            };
            return vec![none("methane.annual"), none("methane.lifetime"), project];
        }
    };
    let year = i32::from(desk.span.period.last().year());
    let deposits: Vec<Deposit> = tonnes
        .iter()
        .map(|(date, tonnes)| Deposit {
            year: i32::from(date.year()),
            waste: Waste::Food,
            tonnes: *tonnes,
        })
        .collect();
    let any = |value: f64| -> Value {
        if deposits.is_empty() {
            Err(because(Status::FedMissing))
        } else {
            Ok(value)
        }
    };
    let total = within(&tonnes, desk.span);
    let annual = landfill
        .figure(
            desk,
            "methane.annual",
            any(fod_tool04(&deposits, year, &landfill.model)),
            group,
        )
        .remark(Remark::new("account-methane-year").with("year", year));
    let lifetime = lifetime_per_tonne(Waste::Food, &landfill.model) * total;
    let lifetime = landfill
        .figure(desk, "methane.lifetime", any(lifetime), group)
        .remark(Remark::new("account-methane-lifetime"));
    let net = net(desk, &annual, &project);
    vec![annual, lifetime, project, net]
}

/// Wet tonnes by day of record, the whole history.
fn tonnes(config: &Config, group: &Group<'_>, book: &Book) -> Vec<(Date, f64)> {
    let definition = config.definitions.find(group.fed);
    let power = definition.and_then(|one| config.definitions.power(&one.unit, "t"));
    let scale = power.map_or(0.0, |power| 10.0_f64.powi(i32::from(power)));
    let records = book.deposits(group.fed).into_iter();
    records
        .map(|(date, quantity)| (date, quantity * scale))
        .collect()
}

fn within(tonnes: &[(Date, f64)], span: &Span) -> f64 {
    let of = tonnes
        .iter()
        .filter(|(date, _)| span.period.contains(*date));
    of.map(|(_, tonnes)| tonnes).sum()
}

/// The dump with its factors.
struct Dump {
    model: Landfill,
    factors: Vec<Arc<Factor>>,
    inputs: Vec<Input>,
    wide: Wide,
}

/// Where the waste would have gone, when that makes a methane baseline.
fn landfill(desk: &Desk<'_>, group: &Group<'_>) -> Result<Dump, Remark> {
    let refused = |key: &str| Err(Remark::new(key));
    let Some(disposal) = group.disposal else {
        return refused("account-no-disposal");
    };
    if disposal.fate != WasteFate::Landfill {
        return refused("account-no-landfill");
    }
    if group.dry {
        return refused("account-dry-mass");
    }
    let Some(captured) = disposal.gas_captured else {
        return refused("account-ask-landfill");
    };
    let known = &desk.config.factors;
    let usual = Landfill::default();
    let value = |id: &str, usual: f64| known.find(id).map_or(usual, |factor| factor.value);
    let mcf = disposal.mcf.clone();
    let set = gwp(known.gwp);
    let model = Landfill {
        phi: value(SWDS[0], usual.phi),
        f: captured,
        gwp_ch4: set.ch4(),
        ox: value(SWDS[1], usual.ox),
        f_ch4: value(SWDS[2], usual.f_ch4),
        docf: value(SWDS[3], usual.docf),
        mcf: mcf.as_ref().map_or(usual.mcf, |factor| factor.value),
    };
    let warming = format!("gwp.{}.ch4", set.name().to_lowercase());
    let mut factors: Vec<Arc<Factor>> = SWDS
        .iter()
        .filter_map(|id| known.find(id).cloned())
        .collect();
    factors.extend(known.find(&warming).cloned());
    let mut inputs = vec![setting("f", captured, "", "disposal.gas_captured")];
    let symbols = ["φ", "OX", "F", "DOC_f", "DOC", "k", "GWP"];
    for (symbol, factor) in symbols.into_iter().zip(&factors) {
        inputs.push(from_factor(
            symbol,
            factor.value,
            factor.unit.text(),
            factor,
        ));
    }
    let doc = known.find(SWDS[4]).and_then(|factor| factor.percent());
    let of_dump = mcf.as_ref().and_then(|factor| factor.percent());
    if let Some(factor) = mcf {
        inputs.push(from_factor("MCF", factor.value, "", &factor));
        factors.push(factor);
    }
    let parts = [doc, Some(DOCF_PCT), of_dump].map(Wide::pct);
    Ok(Dump {
        model,
        factors,
        inputs,
        wide: Wide::product(&parts),
    })
}

impl Dump {
    fn figure(&self, desk: &Desk<'_>, id: &str, value: Value, group: &Group<'_>) -> Indicator {
        let from = Source::Ledger {
            indicator: Arc::clone(group.fed),
            entries: Vec::new(),
        };
        let mut inputs = vec![input("W", None, "t", from)];
        inputs.extend(self.inputs.iter().cloned());
        let figure = desk
            .figure(id, value, inputs)
            .origin(Origin::Estimated)
            .wide(self.wide)
            .remark(Remark::new("account-order-of-magnitude"))
            .remark(Remark::new("account-food-waste"));
        let add = |figure: Indicator, factor| figure.factor(desk.config, factor);
        let figure = self.factors.iter().fold(figure, add);
        let unproved = group.disposal.is_some_and(|one| one.evidence.is_empty());
        figure.remark_if(unproved, "account-evidence-disposal")
    }
}

/// E.8: what the treatment emits itself; of BSF an upper bound.
fn project(
    desk: &Desk<'_>,
    group: &Group<'_>,
    tonnes: &[(Date, f64)],
    known: Known<'_>,
) -> Indicator {
    let factors = &desk.config.factors;
    let (ch4, n2o) = (
        factors.find("compost.ch4.wet"),
        factors.find("compost.n2o.wet"),
    );
    let per_tonne =
        |factor: Option<&Arc<Factor>>, unit: &str| factor.and_then(|one| one.value_in(unit));
    let both = per_tonne(ch4, "kgCH4/t wet").zip(per_tonne(n2o, "kgN2O/t wet"));
    let energy = desk
        .asset
        .as_deref()
        .and_then(|id| find(known, "compost.energy", id));
    let grid = grid_of(desk.config);
    let wet = within(tonnes, desk.span);
    let value: Value = match (both, energy, grid) {
        _ if tonnes.is_empty() => Err(because(Status::FedMissing)),
        _ if group.dry => Err(Remark::new("account-dry-mass")),
        (None, ..) => Err(because(Status::NoSource)),
        (_, Some(_), None) => Err(Remark::new("account-no-grid-factor")),
        (Some((ch4, n2o)), energy, grid) => {
            let kwh = energy.map_or(Ok(0.0), |energy| energy.value.clone());
            kwh.map(|e_kwh| {
                compost_pe(&CompostInput {
                    q_wet_t: wet,
                    ef_ch4_kg_t: ch4,
                    ef_n2o_kg_t: n2o,
                    gwp: gwp(factors.gwp),
                    e_kwh,
                    ef_grid_t_mwh: grid.and_then(|one| one.t_per_mwh()).unwrap_or(0.0),
                    fuel_l: 0.0,
                    ef_fuel_kg_l: 0.0,
                })
            })
        }
    };
    let from = Source::Ledger {
        indicator: Arc::clone(group.fed),
        entries: Vec::new(),
    };
    let mut inputs = vec![input("W", Some(wet), "t", from)];
    inputs.extend(energy.map(|energy| from_figure("E", energy)));
    let mut figure = desk
        .figure("waste.project", value, inputs)
        .origin(Origin::Estimated)
        .remark_if(group.bin.is_some(), "account-bsf-upper-bound");
    for factor in ch4
        .into_iter()
        .chain(n2o)
        .chain(grid.filter(|_| energy.is_some()))
    {
        let text = factor.unit.text();
        figure
            .inputs
            .push(from_factor("EF", factor.value, text, factor));
        figure = figure.factor(desk.config, factor);
    }
    if let (Some(_), Some(grid)) = (energy, grid)
        && let (_, Some(said)) = grid_width(desk.config, grid)
    {
        figure = figure.remark(said);
    }
    figure
}

/// The grid's factor that the site has chosen for a plant.
fn grid_of(config: &Config) -> Option<&Arc<Factor>> {
    config
        .assets
        .iter()
        .find_map(|asset| match asset.baseline() {
            Some(Baseline {
                kind: BaselineKind::Grid { factor, .. },
                ..
            }) => factor.as_ref(),
            _ => None,
        })
}

/// E.9: by whole calendar years, for methane accrues by years.
fn net(desk: &Desk<'_>, annual: &Indicator, project: &Indicator) -> Indicator {
    let value = match desk.span.period {
        Period::Year(_) => {
            let both = annual
                .value
                .clone()
                .and_then(|be| Ok((be, project.value.clone()?)));
            both.map(|(be, pe)| be - pe)
        }
        _ => Err(Remark::new("account-net-yearly")),
    };
    let inputs = vec![from_figure("BE", annual), from_figure("PE", project)];
    let figure = desk
        .figure("waste.net", value, inputs)
        .origin(Origin::Estimated);
    let all = annual.factors.iter().chain(&project.factors);
    let mut figure = all.fold(figure, |figure, factor| figure.factor(desk.config, factor));
    figure.headline = Headline::of_all([annual.headline, project.headline]);
    figure.remark(Remark::new("account-order-of-magnitude"))
}

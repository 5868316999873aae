//! Organic waste from ledger entries (METHODS E.3, E.5, E.7 to E.9).
//!
//! If bins and heaps share an indicator of the ledger, an entry belongs to the member that it
//! names, else to all of them together, so that a kilogram counts once.

use crate::assets::bsf::formulas::{BsfMasses, bsf_indices};
use crate::assets::compost::formulas::{CompostEmissionInput, compost_pe};
use crate::assets::{Asset, AssetKind, Baseline, BaselineKind, BsfAsset, WasteDisposal, WasteFate};
use crate::carbon::avoided_emissions::{KnownIndicators, find_indicator};
use crate::carbon::baseline_emissions::grid_uncertainty;
use crate::carbon::formulas::first_order_decay::{
    LandfillModel, WasteDeposit, WasteKind, fod_tool04, lifetime_per_tonne,
};
use crate::carbon::fuel_emissions::formula_gwp;
use crate::config::Config;
use crate::domain::factor::{Factor, HeadlineStatus};
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, InputSource, ValueOrigin,
};
use crate::domain::period::Period;
use crate::formulas::FormulaStatus;
use crate::indicators::entry_attribution::{EntryAttribution, mean_batch_days};
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, factor_input, figure_input,
    formula_input, setting_input, status_remark, value_or_status,
};
use crate::indicators::ledger_totals::{self, PeriodLedger};
use crate::indicators::period_days::PeriodDays;
use crate::indicators::uncertainty::RelativeUncertainty;
use jiff::civil::Date;
use std::sync::Arc;

/// Half of the 95 % interval of `DOC_f`, % (METHODS G.2).
const DOCF_UNCERTAINTY_PCT: f64 = 20.0;
/// Ids of the landfill factors of METHODS E.5, in the order used by `landfill_baseline`; MCF and
/// GWP are chosen by the site.
const LANDFILL_FACTOR_IDS: [&str; 6] = [
    "swds.phi.appB_wet",
    "swds.ox",
    "swds.F",
    "swds.docf",
    "swds.doc.food.wet",
    "swds.k.food.tropical_wet",
];

/// Bins and heaps that are fed from one indicator of the ledger, or a single one of them.
struct WasteGroup<'a> {
    fed: &'a Arc<str>,
    /// Members, in the order of the configuration.
    assets: Vec<&'a Asset>,
    disposal: Option<&'a WasteDisposal>,
    dry: bool,
    heap: bool,
    bin: Option<&'a BsfAsset>,
}

/// All waste figures from ledger entries.
pub(crate) fn waste_figures(
    desk: &FigureContext<'_>,
    book: &PeriodLedger,
    known: KnownIndicators<'_>,
) -> Vec<Indicator> {
    let mut all = Vec::new();
    for group in waste_groups(desk.config) {
        match group.assets[..] {
            [one] => all.extend(group_figures(&context_of(desk, one), &group, book, known)),
            _ => all.extend(shared_group_figures(desk, &group, book, known)),
        }
    }
    all
}

fn context_of<'a>(desk: &FigureContext<'a>, asset: &Asset) -> FigureContext<'a> {
    FigureContext {
        asset: Some(Arc::clone(&asset.id)),
        ..desk.clone()
    }
}

fn group_figures(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    book: &PeriodLedger,
    known: KnownIndicators<'_>,
) -> Vec<Indicator> {
    let mut made = match group.bin {
        Some(bin) => bsf_index_figures(desk, bin, book),
        None => Vec::new(),
    };
    if group.heap {
        made.push(fed_figure(desk, "compost.fed", group.fed, book));
    }
    made.extend(methane_figures(desk, group, book, known));
    made
}

/// Figures of several members under one indicator. Entries that name a member give figures of that
/// member; the others give figures of the site. A member without entries gets a figure with the
/// reason.
fn shared_group_figures(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    book: &PeriodLedger,
    known: KnownIndicators<'_>,
) -> Vec<Indicator> {
    let sharing = EntryAttribution::new(&group.assets);
    let names: Vec<&str> = group.assets.iter().map(|asset| &*asset.id).collect();
    let names = names.join(", ");
    let rest = sharing.unattributed_entries(book);
    let mut all = Vec::new();
    let mut any_named = false;
    for asset in &group.assets {
        let own = sharing.entries_of(book, asset);
        let desk = context_of(desk, asset);
        if sharing.has_entries(&own) {
            any_named = true;
            all.extend(
                single_asset_group(asset)
                    .map_or_else(Vec::new, |one| group_figures(&desk, &one, &own, known)),
            );
            continue;
        }
        let id = match asset.kind {
            AssetKind::Bsf(_) => "bsf.fed",
            _ => "compost.fed",
        };
        let why = IndicatorRemark::new("account-unnamed-bin").with_arg("assets", &names);
        all.push(
            desk.figure(id, Err(why), Vec::new())
                .with_origin(ValueOrigin::Manual),
        );
    }
    if any_named && !sharing.has_entries(&rest) {
        return all;
    }
    let key = if any_named {
        "account-rest-together"
    } else {
        "account-together"
    };
    let said = IndicatorRemark::new(key).with_arg("assets", &names);
    let together = group_figures(desk, group, &rest, known).into_iter();
    all.extend(together.map(|one| one.with_remark(said.clone())));
    all
}

/// A single bin or heap as a group.
fn single_asset_group(asset: &Asset) -> Option<WasteGroup<'_>> {
    let (fed, disposal, bin) = match &asset.kind {
        AssetKind::Bsf(bin) => (&bin.fed, &bin.disposal, Some(&**bin)),
        AssetKind::Compost(heap) => (&heap.fed, &heap.disposal, None),
        _ => return None,
    };
    Some(WasteGroup {
        fed,
        assets: vec![asset],
        disposal: disposal.as_ref(),
        dry: bin.is_some_and(|bin| bin.dry_mass),
        heap: bin.is_none(),
        bin,
    })
}

fn waste_groups(config: &Config) -> Vec<WasteGroup<'_>> {
    let mut all: Vec<WasteGroup<'_>> = Vec::new();
    for one in config.assets.iter().filter_map(single_asset_group) {
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

fn fed_figure(
    desk: &FigureContext<'_>,
    id: &str,
    indicator: &str,
    book: &PeriodLedger,
) -> Indicator {
    let total = book.total(desk.config, indicator, desk.span.period);
    ledger_totals::ledger_figure(desk, id, (indicator, "W"), total.as_ref())
}

/// BSF indices (METHODS E.3).
fn bsf_index_figures(
    desk: &FigureContext<'_>,
    bin: &BsfAsset,
    book: &PeriodLedger,
) -> Vec<Indicator> {
    let written = |id: &str, indicator: &str, symbol| {
        let total = book.total(desk.config, indicator, desk.span.period);
        ledger_totals::ledger_figure(desk, id, (indicator, symbol), total.as_ref())
    };
    let w = written("bsf.fed", &bin.fed, "W");
    let b = written("bsf.larvae", &bin.larvae, "B");
    let r = written("bsf.residue", &bin.residue, "R");
    let number = |one: &Indicator| one.value.as_ref().ok().copied();
    let days = mean_batch_days(book, bin, desk.span.period);
    let found = bsf_indices(&BsfMasses {
        fed_kg: number(&w),
        residue_kg: number(&r),
        larvae_gain_kg: number(&b),
        // Without a completed batch there is no index per day; NaN yields an unknown index.
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
    // Indices are valid only if all masses have the same basis, so the basis is printed (METHODS
    // E.3).
    let basis = if bin.dry_mass {
        "account-basis-dry"
    } else {
        "account-basis-wet"
    };
    let odd = found.status == FormulaStatus::MassBalance;
    let declared = [&w, &b, &r]
        .iter()
        .any(|one| one.origin == ValueOrigin::Declared);
    let origin = if declared {
        ValueOrigin::Declared
    } else {
        ValueOrigin::Manual
    };
    let index = |(id, value): (&str, Option<f64>)| {
        let mut inputs = vec![
            figure_input("W", &w),
            figure_input("B", &b),
            figure_input("R", &r),
        ];
        let mut value = value_or_status(value, found.status);
        if id == "bsf.wri" {
            inputs.push(constant_input("d", days.unwrap_or_default(), "d", "batch"));
            if found.sr.is_some() && days.is_none() {
                value = Err(IndicatorRemark::new("account-no-batch"));
            }
        }
        desk.figure(id, value, inputs)
            .with_origin(origin)
            .with_remark(IndicatorRemark::new(basis))
            .with_remark_if(odd, &found.status.words_key())
    };
    let indices: Vec<Indicator> = all.into_iter().map(index).collect();
    [w, b, r].into_iter().chain(indices).collect()
}

/// Methane avoided and project emissions (METHODS E.5, E.7 to E.9).
fn methane_figures(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    book: &PeriodLedger,
    known: KnownIndicators<'_>,
) -> Vec<Indicator> {
    let tonnes = tonnes_by_date(desk.config, group, book);
    let project = project_emissions_figure(desk, group, &tonnes, known);
    let landfill = match landfill_baseline(desk, group) {
        Ok(landfill) => landfill,
        Err(why) => {
            let none = |id: &str| {
                desk.figure(id, Err(why.clone()), Vec::new())
                    .with_origin(ValueOrigin::Estimated)
            };
            return vec![none("methane.annual"), none("methane.lifetime"), project];
        }
    };
    let year = i32::from(desk.span.period.last().year());
    let deposits: Vec<WasteDeposit> = tonnes
        .iter()
        .map(|(date, tonnes)| WasteDeposit {
            year: i32::from(date.year()),
            waste: WasteKind::Food,
            tonnes: *tonnes,
        })
        .collect();
    let any = |value: f64| -> FigureValue {
        if deposits.is_empty() {
            Err(status_remark(FormulaStatus::FedMissing))
        } else {
            Ok(value)
        }
    };
    let total = tonnes_in_period(&tonnes, desk.span);
    let annual = landfill
        .figure(
            desk,
            "methane.annual",
            any(fod_tool04(&deposits, year, &landfill.model)),
            group,
        )
        // Yearly accrual and lifetime commitment are different numbers and are never added (METHODS
        // E.7).
        .with_remark(IndicatorRemark::new("account-methane-year").with_arg("year", year));
    let lifetime = lifetime_per_tonne(WasteKind::Food, &landfill.model) * total;
    let lifetime = landfill
        .figure(desk, "methane.lifetime", any(lifetime), group)
        .with_remark(IndicatorRemark::new("account-methane-lifetime"));
    let net = net_waste_figure(desk, &annual, &project);
    vec![annual, lifetime, project, net]
}

/// Wet tonnes by date, from the first entry on.
// First-order decay needs the whole deposit history, not only the period (METHODS E.7).
fn tonnes_by_date(
    config: &Config,
    group: &WasteGroup<'_>,
    book: &PeriodLedger,
) -> Vec<(Date, f64)> {
    let definition = config.definitions.find(group.fed);
    let power = definition.and_then(|one| config.definitions.power_between(&one.unit, "t"));
    let scale = power.map_or(0.0, |power| 10.0_f64.powi(i32::from(power)));
    let records = book.records_by_date(group.fed).into_iter();
    records
        .map(|(date, quantity)| (date, quantity * scale))
        .collect()
}

fn tonnes_in_period(tonnes: &[(Date, f64)], span: &PeriodDays) -> f64 {
    let of = tonnes
        .iter()
        .filter(|(date, _)| span.period.contains(*date));
    of.map(|(_, tonnes)| tonnes).sum()
}

/// Landfill baseline: model, factors and inputs.
struct LandfillBaseline {
    model: LandfillModel,
    factors: Vec<Arc<Factor>>,
    inputs: Vec<IndicatorInput>,
    wide: RelativeUncertainty,
}

/// Landfill baseline of the waste; fails with a remark when disposal gives no methane baseline.
fn landfill_baseline(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
) -> Result<LandfillBaseline, IndicatorRemark> {
    let refused = |key: &str| Err(IndicatorRemark::new(key));
    let Some(disposal) = group.disposal else {
        return refused("account-no-disposal");
    };
    // Open burning, animal feed and farm heaps emit no landfill methane (METHODS E.5).
    if disposal.fate != WasteFate::Landfill {
        return refused("account-no-landfill");
    }
    // The landfill factors are per tonne of wet waste.
    if group.dry {
        return refused("account-dry-mass");
    }
    // Zero gas capture is not assumed: the landfill operator must be asked (METHODS E.5).
    let Some(captured) = disposal.gas_captured else {
        return refused("account-ask-landfill");
    };
    let known = &desk.config.factors;
    let usual = LandfillModel::default();
    let value = |id: &str, usual: f64| known.find(id).map_or(usual, |factor| factor.value);
    let mcf = disposal.mcf.clone();
    let set = formula_gwp(known.gwp);
    let model = LandfillModel {
        phi: value(LANDFILL_FACTOR_IDS[0], usual.phi),
        f: captured,
        gwp_ch4: set.ch4(),
        ox: value(LANDFILL_FACTOR_IDS[1], usual.ox),
        f_ch4: value(LANDFILL_FACTOR_IDS[2], usual.f_ch4),
        docf: value(LANDFILL_FACTOR_IDS[3], usual.docf),
        mcf: mcf.as_ref().map_or(usual.mcf, |factor| factor.value),
    };
    let warming = format!("gwp.{}.ch4", set.name().to_lowercase());
    let mut factors: Vec<Arc<Factor>> = LANDFILL_FACTOR_IDS
        .iter()
        .filter_map(|id| known.find(id).cloned())
        .collect();
    factors.extend(known.find(&warming).cloned());
    let mut inputs = vec![setting_input("f", captured, "", "disposal.gas_captured")];
    let symbols = ["φ", "OX", "F", "DOC_f", "DOC", "k", "GWP"];
    for (symbol, factor) in symbols.into_iter().zip(&factors) {
        inputs.push(factor_input(
            symbol,
            factor.value,
            factor.unit.text(),
            factor,
        ));
    }
    let doc = known
        .find(LANDFILL_FACTOR_IDS[4])
        .and_then(|factor| factor.uncertainty_percent());
    let of_dump = mcf.as_ref().and_then(|factor| factor.uncertainty_percent());
    if let Some(factor) = mcf {
        inputs.push(factor_input("MCF", factor.value, "", &factor));
        factors.push(factor);
    }
    let parts = [doc, Some(DOCF_UNCERTAINTY_PCT), of_dump].map(RelativeUncertainty::from_percent);
    Ok(LandfillBaseline {
        model,
        factors,
        inputs,
        wide: RelativeUncertainty::of_product(&parts),
    })
}

impl LandfillBaseline {
    fn figure(
        &self,
        desk: &FigureContext<'_>,
        id: &str,
        value: FigureValue,
        group: &WasteGroup<'_>,
    ) -> Indicator {
        let from = InputSource::Ledger {
            indicator: Arc::clone(group.fed),
            entries: Vec::new(),
        };
        let mut inputs = vec![formula_input("W", None, "t", from)];
        inputs.extend(self.inputs.iter().cloned());
        let figure = desk
            .figure(id, value, inputs)
            .with_origin(ValueOrigin::Estimated)
            .with_uncertainty(self.wide)
            .with_remark(IndicatorRemark::new("account-order-of-magnitude"))
            .with_remark(IndicatorRemark::new("account-food-waste"));
        let add = |figure: Indicator, factor| figure.with_factor(desk.config, factor);
        let figure = self.factors.iter().fold(figure, add);
        let unproved = group.disposal.is_some_and(|one| one.evidence.is_empty());
        figure.with_remark_if(unproved, "account-evidence-disposal")
    }
}

/// Emissions of the treatment itself (METHODS E.8).
fn project_emissions_figure(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    tonnes: &[(Date, f64)],
    known: KnownIndicators<'_>,
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
        .and_then(|id| find_indicator(known, "compost.energy", id));
    let grid = site_grid_factor(desk.config);
    let wet = tonnes_in_period(tonnes, desk.span);
    let value: FigureValue = match (both, energy, grid) {
        _ if tonnes.is_empty() => Err(status_remark(FormulaStatus::FedMissing)),
        _ if group.dry => Err(IndicatorRemark::new("account-dry-mass")),
        (None, ..) => Err(status_remark(FormulaStatus::NoSource)),
        (_, Some(_), None) => Err(IndicatorRemark::new("account-no-grid-factor")),
        (Some((ch4, n2o)), energy, grid) => {
            let kwh = energy.map_or(Ok(0.0), |energy| energy.value.clone());
            kwh.map(|e_kwh| {
                compost_pe(&CompostEmissionInput {
                    q_wet_t: wet,
                    ef_ch4_kg_t: ch4,
                    ef_n2o_kg_t: n2o,
                    gwp: formula_gwp(factors.gwp),
                    e_kwh,
                    ef_grid_t_mwh: grid.and_then(|one| one.t_per_mwh()).unwrap_or(0.0),
                    fuel_l: 0.0,
                    ef_fuel_kg_l: 0.0,
                })
            })
        }
    };
    let from = InputSource::Ledger {
        indicator: Arc::clone(group.fed),
        entries: Vec::new(),
    };
    let mut inputs = vec![formula_input("W", Some(wet), "t", from)];
    inputs.extend(energy.map(|energy| figure_input("E", energy)));
    let mut figure = desk
        .figure("waste.project", value, inputs)
        .with_origin(ValueOrigin::Estimated)
        // No emission factor of BSF could be verified; the composting factor is an upper bound
        // (METHODS E.8).
        .with_remark_if(group.bin.is_some(), "account-bsf-upper-bound");
    for factor in ch4
        .into_iter()
        .chain(n2o)
        .chain(grid.filter(|_| energy.is_some()))
    {
        let text = factor.unit.text();
        figure
            .inputs
            .push(factor_input("EF", factor.value, text, factor));
        figure = figure.with_factor(desk.config, factor);
    }
    if let (Some(_), Some(grid)) = (energy, grid)
        && let (_, Some(said)) = grid_uncertainty(desk.config, grid)
    {
        figure = figure.with_remark(said);
    }
    figure
}

/// Grid factor that the site has chosen for a plant.
fn site_grid_factor(config: &Config) -> Option<&Arc<Factor>> {
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

/// Net result (METHODS E.9), for whole calendar years only, because methane accrues by year.
fn net_waste_figure(
    desk: &FigureContext<'_>,
    annual: &Indicator,
    project: &Indicator,
) -> Indicator {
    let value = match desk.span.period {
        Period::Year(_) => {
            let both = annual
                .value
                .clone()
                .and_then(|be| Ok((be, project.value.clone()?)));
            both.map(|(be, pe)| be - pe)
        }
        _ => Err(IndicatorRemark::new("account-net-yearly")),
    };
    let inputs = vec![figure_input("BE", annual), figure_input("PE", project)];
    let figure = desk
        .figure("waste.net", value, inputs)
        .with_origin(ValueOrigin::Estimated);
    let all = annual.factors.iter().chain(&project.factors);
    let mut figure = all.fold(figure, |figure, factor| {
        figure.with_factor(desk.config, factor)
    });
    figure.headline = HeadlineStatus::combine([annual.headline, project.headline]);
    figure.with_remark(IndicatorRemark::new("account-order-of-magnitude"))
}

//! Organic waste from ledger entries (METHODS E.3, E.5, E.7 to E.9).
//!
//! If bins and heaps share an indicator of the ledger, an entry belongs to the member that it
//! names, else to all of them together, so that a kilogram counts once.

use crate::assets::bsf::rearing_indicators::{self as rearing, bsf_index_figures};
use crate::assets::compost::formulas::{CompostEmissionInput, compost_pe};
use crate::assets::compost::indicators as compost;
use crate::assets::{Asset, AssetKind, BaselineKind};
use crate::carbon::baseline_emissions::grid_uncertainty;
use crate::carbon::formulas::first_order_decay::{
    WasteDeposit, WasteKind, fod_tool04, lifetime_per_tonne,
};
use crate::carbon::fuel_emissions::formula_gwp;
use crate::carbon::known_indicators::{KnownIndicators, find_indicator};
use crate::carbon::landfill_baseline::{LandfillBaseline, landfill_baseline};
use crate::carbon::treated_waste::{TreatedWaste, treated_waste};
use crate::carbon::treatment_inputs::{treatment_inputs, treatment_uncertainty};
use crate::carbon::waste_group::{WasteGroup, single_asset_group, waste_groups};
use crate::carbon::waste_net::net_waste_figure;
use crate::config::Config;
use crate::domain::factor::Factor;
use crate::domain::indicator::{
    Indicator, IndicatorInput, IndicatorRemark, IndicatorSpec, InputSource, ValueOrigin,
};
use crate::domain::input_part::{InputPart, PartSource, bounded_parts};
use crate::formulas::FormulaStatus;
use crate::indicators::entry_attribution::EntryAttribution;
use crate::indicators::figure_context::{
    FigureBuilder, FigureContext, FigureValue, constant_input, formula_input, status_remark,
};
use crate::indicators::ledger_totals::{PeriodLedger, entered_figure};
use crate::indicators::period_days::PeriodDays;
use crate::indicators::same_masses::SameMasses;
use crate::indicators::uncertainty::RelativeUncertainty;
use crate::limits::INPUT_PARTS_MAX;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const METHANE_ANNUAL: IndicatorSpec = IndicatorSpec::new(
    "methane.annual",
    "tCO2e",
    "E.5",
    "φ · (1 − f) · GWP · (1 − OX) · 16 / 12 · F · DOC_f · MCF · DOC · (1 − exp(−k)) \
     · Σ W · exp(−k · (y − x))",
)
.benefit();
pub(crate) const METHANE_LIFETIME: IndicatorSpec = IndicatorSpec::new(
    "methane.lifetime",
    "tCO2e",
    "E.7",
    "φ · (1 − f) · GWP · (1 − OX) · 16 / 12 · F · DOC_f · MCF · DOC · W",
)
.benefit();
pub(crate) const WASTE_PROJECT: IndicatorSpec = IndicatorSpec::new(
    "waste.project",
    "tCO2e",
    "E.8",
    "W · (EF_CH4 · GWP_CH4 + EF_N2O · GWP_N2O) / 1000 + E / 1000 · EF_grid",
)
.burden();

/// Figures made before, and the masses that are written twice.
type KnownFigures<'a> = (KnownIndicators<'a>, &'a SameMasses);

/// All waste figures from ledger entries.
pub(crate) fn waste_figures(
    desk: &FigureContext<'_>,
    book: &PeriodLedger,
    known: KnownIndicators<'_>,
) -> Vec<Indicator> {
    let treating = desk.config.assets.iter();
    let treating = treating.filter(|one| one.kind.settings().organic_waste().is_some());
    let treating: Vec<&Asset> = treating.collect();
    let sharing = EntryAttribution::new(&treating);
    let same = SameMasses::among(desk.config, book.records());
    let known = (known, &same);
    let mut all = Vec::new();
    for group in waste_groups(desk.config) {
        let book = sharing.entries_of_group(book, &group.assets);
        let mut made = match group.assets[..] {
            [one] => group_figures(&context_of(desk, one), &group, &book, known),
            _ => shared_group_figures(desk, &group, &book, known),
        };
        tell_shared_masses(&sharing, &group, &mut made);
        all.extend(made);
    }
    same.mark(&mut all);
    all
}

/// Says of a mass without entries that other groups record too: an entry counts for what it names.
fn tell_shared_masses(
    sharing: &EntryAttribution<'_>,
    group: &WasteGroup<'_>,
    made: &mut [Indicator],
) {
    let Some(bin) = group.bin else {
        return;
    };
    for (spec, indicator) in [
        (&rearing::LARVAE, &bin.larvae),
        (&rearing::RESIDUE, &bin.residue),
    ] {
        let users: Vec<&Asset> = sharing.users_of(indicator).collect();
        if users
            .iter()
            .all(|one| group.assets.iter().any(|own| own.id == one.id))
        {
            continue;
        }
        let names: Vec<&str> = users.iter().map(|one| &*one.name).collect();
        let why = IndicatorRemark::new("account-unnamed-bin").with_arg("assets", names.join(", "));
        let missing = made
            .iter_mut()
            .filter(|one| *one.id == *spec.id && one.value.is_err());
        missing.for_each(|figure| figure.value = Err(why.clone()));
    }
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
    known: KnownFigures<'_>,
) -> Vec<Indicator> {
    let mut made = match group.bin {
        Some(bin) => bsf_index_figures(desk, bin, book),
        None => Vec::new(),
    };
    if group.heap {
        made.push(entered_figure(desk, &compost::FED, (group.fed, "W"), book));
    }
    made.extend(methane_figures(desk, group, book, known));
    made
}

/// Figures of several members under one indicator. Entries that name a member give figures of that
/// member; the others give figures of the site, or stand behind no fed mass where the members are
/// of different kinds. A member without entries gets a figure with the reason.
fn shared_group_figures(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    book: &PeriodLedger,
    known: KnownFigures<'_>,
) -> Vec<Indicator> {
    let sharing = EntryAttribution::new(&group.assets);
    let names: Vec<&str> = group.assets.iter().map(|asset| &*asset.name).collect();
    let names = names.join(", ");
    let rest = sharing.unattributed_entries(book);
    // A kilogram goes into a bin or onto a heap.
    let is_mixed = group.heap && group.bin.is_some();
    let key = if is_mixed {
        "account-unnamed-kind"
    } else {
        "account-unnamed-bin"
    };
    let why = IndicatorRemark::new(key).with_arg("assets", &names);
    let mut all = Vec::new();
    let mut any_named = false;
    for asset in &group.assets {
        let own = sharing.entries_of(book, asset);
        let desk = context_of(desk, asset);
        if sharing.has_entries(&own) {
            any_named = true;
            let single = single_asset_group(asset).map(|one| WasteGroup {
                is_declared: true,
                ..one
            });
            let figures = single.map(|one| group_figures(&desk, &one, &own, known));
            all.extend(figures.into_iter().flatten());
            continue;
        }
        let spec = match asset.kind {
            AssetKind::Bsf(_) => &rearing::FED,
            _ => &compost::FED,
        };
        all.push(
            desk.figure(spec, Err(why.clone()), Vec::new())
                .with_origin(ValueOrigin::Manual),
        );
    }
    if any_named && !sharing.has_entries(&rest) {
        return all;
    }
    if rest.record_dates(group.fed).next().is_some() {
        name_unwritten_feed(&mut all, &why);
    }
    let key = if any_named {
        "account-rest-together"
    } else {
        "account-together"
    };
    let said = IndicatorRemark::new(key).with_arg("assets", &names);
    let together = if is_mixed {
        methane_figures(desk, group, &rest, known)
    } else {
        group_figures(desk, group, &rest, known)
    };
    let together = together.into_iter();
    all.extend(together.map(|one| one.with_remark(said.clone())));
    all
}

/// Says of fed masses without an entry that there are entries which name nobody.
fn name_unwritten_feed(figures: &mut [Indicator], why: &IndicatorRemark) {
    let is_feed = |one: &&mut Indicator| [rearing::FED.id, compost::FED.id].contains(&&*one.id);
    for one in figures.iter_mut().filter(is_feed) {
        if one.value.is_err() {
            one.value = Err(why.clone());
        }
    }
}

/// Methane avoided and project emissions (METHODS E.5, E.7 to E.9).
fn methane_figures(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    book: &PeriodLedger,
    (known, same): KnownFigures<'_>,
) -> Vec<Indicator> {
    let unknown = |spec: &IndicatorSpec<'_>, why: &IndicatorRemark| {
        desk.figure(spec, Err(why.clone()), Vec::new())
            .with_origin(ValueOrigin::Estimated)
    };
    // Wet tonnes from the first entry on: first-order decay needs the whole deposit history, not
    // only the period (METHODS E.7).
    let tonnes = match book.records_by_date(desk.config, group.fed, "t") {
        Ok(tonnes) => tonnes,
        Err(why) => {
            let all = [&METHANE_ANNUAL, &METHANE_LIFETIME, &WASTE_PROJECT];
            return all.map(|spec| unknown(spec, &why)).into();
        }
    };
    let total = tonnes_in_period(&tonnes, desk.span);
    let waste = waste_input(desk, group, book, total);
    let project = project_emissions_figure(desk, group, (&tonnes, waste), known);
    let landfill = landfill_baseline(desk, group);
    let treated = treated_waste(desk, group, same, book);
    let (landfill, treated) = match landfill.and_then(|one| Ok((one, treated?))) {
        Ok(both) => both,
        Err(why) => {
            let both = [&METHANE_ANNUAL, &METHANE_LIFETIME];
            let both = both.map(|spec| unknown(spec, &why));
            return both.into_iter().chain([project]).collect();
        }
    };
    let [annual, lifetime] = landfill_figures(desk, group, &landfill, &treated);
    let [annual, lifetime] = [annual, lifetime].map(|one| treated.told(one));
    let net = net_waste_figure(desk, &annual, &project);
    vec![annual, lifetime, project, net]
}

/// Methane of the year and of the lifetime of the waste whose treatment is known.
fn landfill_figures(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    landfill: &LandfillBaseline,
    treated: &TreatedWaste,
) -> [Indicator; 2] {
    let book = &treated.book;
    // All entries were converted before.
    let tonnes = book.records_by_date(desk.config, group.fed, "t");
    let tonnes = tonnes.unwrap_or_default();
    let total = tonnes_in_period(&tonnes, desk.span);
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
    let annual = landfill
        .figure(
            desk,
            &METHANE_ANNUAL,
            (
                any(fod_tool04(&deposits, year, &landfill.model)),
                deposit_inputs(book.record_parts(desk.config, group.fed, "t"), group, year),
            ),
            group,
        )
        // Yearly accrual and lifetime commitment are different numbers and are never added (METHODS
        // E.7).
        .with_remark(IndicatorRemark::new("account-methane-year").with_arg("year", year));
    let lifetime = lifetime_per_tonne(WasteKind::Food, &landfill.model) * total;
    let lifetime = landfill
        .figure(
            desk,
            &METHANE_LIFETIME,
            (any(lifetime), vec![waste_input(desk, group, book, total)]),
            group,
        )
        .with_remark(IndicatorRemark::new("account-methane-lifetime"));
    [annual, lifetime]
}

/// Waste of the period in tonnes, with its entries.
fn waste_input(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    book: &PeriodLedger,
    tonnes: f64,
) -> IndicatorInput {
    let mut parts = book.record_parts(desk.config, group.fed, "t");
    parts.retain(|part| match &part.of {
        PartSource::Entry(entry) => desk.span.period.contains(entry.when.first()),
        _ => false,
    });
    ledger_list(
        "W",
        group,
        Some(tonnes),
        bounded_parts(parts, INPUT_PARTS_MAX),
    )
}

/// Deposits of waste for first-order decay: mass and year of each, and the year of the emission.
/// Where there are more than a list may have, those of a year are one.
fn deposit_inputs(parts: Vec<InputPart>, group: &WasteGroup<'_>, year: i32) -> Vec<IndicatorInput> {
    let year_of = |part: &InputPart| match &part.of {
        PartSource::Entry(entry) => i32::from(entry.when.first().year()),
        _ => year,
    };
    let mut rows: Vec<(i32, InputPart)> = parts
        .into_iter()
        .map(|part| (year_of(&part), part))
        .collect();
    if rows.len() > INPUT_PARTS_MAX {
        let mut years: BTreeMap<i32, (f64, usize)> = BTreeMap::new();
        for (year, part) in &rows {
            let sum = years.entry(*year).or_default();
            *sum = (sum.0 + part.value, sum.1 + 1);
        }
        let row = |(year, (value, count))| {
            let of = PartSource::Rest(count);
            (year, InputPart { value, of })
        };
        rows = years.into_iter().map(row).collect();
    }
    let of_year = |(year, part): &(i32, InputPart)| InputPart {
        value: f64::from(*year),
        of: part.of.clone(),
    };
    let years = rows.iter().map(of_year).collect();
    let masses = rows.into_iter().map(|(_, part)| part).collect();
    let mut x = ledger_list("x", group, None, years);
    x.unit = Arc::from("");
    vec![
        ledger_list("W", group, None, masses),
        x,
        constant_input("y", f64::from(year), "", "period"),
    ]
}

/// Input in tonnes that is a list of entries.
fn ledger_list(
    symbol: &'static str,
    group: &WasteGroup<'_>,
    value: Option<f64>,
    parts: Vec<InputPart>,
) -> IndicatorInput {
    let entries = parts.iter().filter_map(|part| match &part.of {
        PartSource::Entry(entry) => Some(entry.id),
        _ => None,
    });
    let from = InputSource::Ledger {
        indicator: Arc::clone(group.fed),
        entries: entries.collect(),
    };
    IndicatorInput {
        parts,
        ..formula_input(symbol, value, "t", from)
    }
}

fn tonnes_in_period(tonnes: &[(Date, f64)], span: &PeriodDays) -> f64 {
    let of = tonnes
        .iter()
        .filter(|(date, _)| span.period.contains(*date));
    of.map(|(_, tonnes)| tonnes).sum()
}

/// Emissions of the treatment itself (METHODS E.8).
fn project_emissions_figure(
    desk: &FigureContext<'_>,
    group: &WasteGroup<'_>,
    (tonnes, waste): (&[(Date, f64)], IndicatorInput),
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
    let own = desk.asset.as_deref();
    let energy = own.and_then(|id| find_indicator(known, &compost::ENERGY, id));
    let grid = site_grid_factor(desk.config);
    let wet = tonnes_in_period(tonnes, desk.span);
    let value = match (both, energy, grid) {
        _ if tonnes.is_empty() => Err(status_remark(FormulaStatus::FedMissing)),
        _ if group.dry => Err(IndicatorRemark::new("account-dry-mass")),
        (None, ..) => Err(status_remark(FormulaStatus::NoSource)),
        (_, Some(_), None) => Err(IndicatorRemark::new("account-no-grid-factor")),
        (Some((ch4, n2o)), energy, grid) => {
            let kwh = energy.map_or(Ok(0.0), |energy| energy.value.clone());
            let input = |e_kwh| CompostEmissionInput {
                q_wet_t: wet,
                ef_ch4_kg_t: ch4,
                ef_n2o_kg_t: n2o,
                gwp: formula_gwp(factors.gwp),
                e_kwh,
                ef_grid_t_mwh: grid.and_then(|one| one.t_per_mwh()).unwrap_or(0.0),
                fuel_l: 0.0,
                ef_fuel_kg_l: 0.0,
            };
            kwh.map(input)
        }
    };
    let width = value.as_ref().map_or_else(
        |_| RelativeUncertainty::default(),
        |input| treatment_uncertainty(desk.config, input, [ch4, n2o], energy.zip(grid)),
    );
    let value = value.map(|input| compost_pe(&input));
    let grid = grid.filter(|_| energy.is_some());
    let (spec, inputs) =
        treatment_inputs(desk, (&WASTE_PROJECT, waste), [ch4, n2o], energy.zip(grid));
    let mut figure = desk
        .figure(&spec, value, inputs)
        .with_origin(ValueOrigin::Estimated)
        .with_uncertainty(width)
        // No emission factor of BSF could be verified; the composting factor is an upper bound
        // (METHODS E.8).
        .with_remark_if(group.bin.is_some(), "account-bsf-upper-bound");
    let used = ch4.into_iter().chain(n2o);
    for factor in used.chain(grid) {
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
    let all = config.assets.iter().flat_map(Asset::baselines);
    // The latest one where there are several.
    let grids = all.filter_map(|one| match &one.kind {
        BaselineKind::Grid { factor, .. } => Some((one.days.since, factor.as_ref()?)),
        _ => None,
    });
    grids
        .max_by_key(|(since, _)| *since)
        .map(|(_, factor)| factor)
}

//! Figures of page 1, wherever it is shown: those that the site chose, else the usual ones that it
//! has; and the headlines of the full edition, which begin with them.

use super::chosen_headlines::{ChosenFigure, chosen_headlines};
use super::context::ReportContext;
use super::{asset_chapters, emissions, indicator_figures, targets};
use crate::domain::indicator::Indicator;
use crate::domain::ledger::EntryKind;
use crate::limits::{REPORT_HEADLINES_MAX, REPORT_HEADLINES_MIN};

/// Usual figures in reading order: how late a place is given up when there are too many, and the
/// ids that can stand there. The first that exists does.
const USUAL_FIGURES: [(u8, &[&str]); 10] = [
    (9, &["co2.net"]),
    (1, &["waste.net"]),
    (8, &["plts.generation", "genset.energy"]),
    (
        7,
        &[
            "pump.volume",
            "tank.outflow",
            "catchment.inflow",
            "catchment.captured",
        ],
    ),
    (
        6,
        &[
            "ledger.bsf-fed",
            "bsf.fed",
            "compost.fed",
            "ledger.waste-sorted",
        ],
    ),
    (2, &["ledger.bsf-maggot", "bsf.larvae", "ledger.bsf-kasgot"]),
    (4, &["ledger.jelantah", "ledger.jelantah-kg"]),
    (3, &["ledger.belt-waste", "ledger.coconut-fibre"]),
    (
        5,
        &[
            "ledger.money-saved",
            "ledger.belt-saved",
            "ledger.turnover",
            "ledger.income",
        ],
    ),
    (
        5,
        &[
            "ledger.beneficiaries",
            "ledger.households",
            "ledger.batik-members",
        ],
    ),
];
/// Maximum number of headlines of the full edition.
const HEADLINES_MAX: usize = 16;
/// Priority of a burden: the net of waste that diminishes the gain beside it is never left out.
const BURDEN_PRIORITY: u8 = 10;

/// Figures of page 1, at most `REPORT_HEADLINES_MAX`: the chosen ones with the burdens that
/// diminish them, else the usual ones.
pub(crate) fn page_one_choice<'a>(book: &ReportContext<'a>) -> Vec<ChosenFigure<'a>> {
    let Some(mut all) = chosen_headlines(book) else {
        let mut usual = usual_figures(book);
        usual.truncate(REPORT_HEADLINES_MAX);
        return usual.into_iter().map(Ok).collect();
    };
    all.truncate(REPORT_HEADLINES_MAX);
    add_burdens(book, &mut all);
    all.truncate(REPORT_HEADLINES_MAX);
    all
}

/// Sets the negative nets of the site behind the last emissions that it chose. On a full page the
/// last figure that is no burden gives its place up.
fn add_burdens<'a>(book: &ReportContext<'a>, all: &mut Vec<ChosenFigure<'a>>) {
    let is_gain = |one: &ChosenFigure<'_>| {
        let is_emission = |one: &&Indicator| one.unit.contains("CO2");
        one.as_ref().is_ok_and(is_emission)
    };
    let Some(last) = all.iter().rposition(is_gain) else {
        return;
    };
    let mut at = last + 1;
    for net in emissions::headline_emissions(book) {
        // The net of the only plant and that of the site are one number.
        let is_told = |one: &&Indicator| one.id == net.id && one.value == net.value;
        if is_burden(net) && !all.iter().flatten().any(is_told) {
            all.insert(at, Ok(net));
            at += 1;
        }
    }
    while all.len() > REPORT_HEADLINES_MAX {
        let is_other = |one: &ChosenFigure<'_>| !one.as_ref().is_ok_and(|one| is_burden(one));
        let Some(place) = all.iter().rposition(is_other) else {
            break;
        };
        let _given_up = all.remove(place);
    }
}

/// True for a figure that diminishes what stands beside it.
fn is_burden(one: &Indicator) -> bool {
    one.value.as_ref().is_ok_and(|value| *value < 0.0)
}

fn usual_figures<'a>(book: &ReportContext<'a>) -> Vec<&'a Indicator> {
    let mut all: Vec<(u8, &Indicator)> = Vec::new();
    for (priority, ids) in USUAL_FIGURES {
        let Some(one) = ids.iter().find_map(|id| existing_figure(book, id)) else {
            continue;
        };
        // The net of waste is one of a calendar year; elsewhere there is nothing to say about it.
        if &*one.id == "waste.net" && one.value.is_err() {
            continue;
        }
        let priority = if is_burden(one) {
            BURDEN_PRIORITY
        } else {
            priority
        };
        all.push((priority, one));
    }
    while all.len() > REPORT_HEADLINES_MAX {
        let least = all
            .iter()
            .enumerate()
            .min_by_key(|(_, (priority, _))| *priority);
        let Some((place, _)) = least else { break };
        all.remove(place);
    }
    let mut all: Vec<&Indicator> = all.into_iter().map(|(_, one)| one).collect();
    // A site of another kind, or one asset: what its summary begins with, then what it has.
    let begun = further_headlines(book).into_iter();
    let assets = book.assets();
    let own = assets.flat_map(|asset| asset_chapters::asset_indicators(book, &asset.id));
    let own = own.filter(|one| one.value.is_ok());
    for one in begun.chain(own) {
        // The figure of the only asset and the total of the site are one figure.
        let owners = book.indicators().iter();
        let owners = owners.filter(|own| own.id == one.id && own.asset.is_some());
        let is_only = owners.count() <= 1;
        let is_same = |other: &&Indicator| {
            let is_total = other.asset.is_none() || one.asset.is_none();
            other.asset == one.asset || (is_total && is_only)
        };
        let is_told = all.iter().any(|other| other.id == one.id && is_same(other));
        if all.len() < REPORT_HEADLINES_MIN && !is_told {
            all.push(one);
        }
    }
    all
}

/// Headlines of the full edition: the figures of page 1 in their order, then avoided emissions, the
/// first figure of each asset, and indicators with a target.
pub(crate) fn headline_indicators<'a>(book: &ReportContext<'a>) -> Vec<&'a Indicator> {
    let first = page_one_choice(book).into_iter().flatten();
    let mut all: Vec<&Indicator> = Vec::new();
    for one in first.chain(further_headlines(book)) {
        if !all.iter().any(|other| std::ptr::eq(*other, one)) {
            all.push(one);
        }
    }
    all.truncate(HEADLINES_MAX);
    all
}

/// Avoided emissions, the first figure of each asset, and indicators with a target.
fn further_headlines<'a>(book: &ReportContext<'a>) -> Vec<&'a Indicator> {
    let mains = book.assets().filter_map(|asset| {
        let own = asset_chapters::asset_indicators(book, &asset.id).into_iter();
        // A figure whose readings were refused stands there with its reason, or page 1 would be
        // silent about the asset.
        own.into_iter()
            .find(|one| one.value.is_ok() || indicator_figures::is_refused(one))
    });
    let aimed = book.indicators().iter().filter(|one| {
        one.id.starts_with("ledger.")
            && !indicator_figures::is_unmeasured(book, one)
            && targets::find_target(book, EntryKind::Target, one).is_some()
    });
    let emissions = emissions::headline_emissions(book).into_iter();
    emissions.chain(mains).chain(aimed).collect()
}

/// The figure with this id: of the only asset that has it, else of the site. A record needs a
/// quantity or a target: the list of what people can write down is long.
fn existing_figure<'a>(book: &ReportContext<'a>, id: &str) -> Option<&'a Indicator> {
    let own = book.indicators().iter().filter(|one| *one.id == *id);
    let own = own.filter(|one| one.value.is_ok() || !is_unwritten(book, one));
    let (site, assets): (Vec<_>, Vec<_>) = own.partition(|one| one.asset.is_none());
    if let Some(one) = site.first() {
        return Some(one);
    }
    let total = targets::SITE_TOTALS.iter().find(|(of, _)| *of == id);
    let total = total.and_then(|(_, total)| book.matter.account.find(total, None));
    match (assets.as_slice(), total) {
        ([_, _, ..], Some(total)) => Some(total),
        ([first, ..], _) => Some(first),
        ([], _) => None,
    }
}

/// True for a figure without a value that nobody aims at.
fn is_unwritten(book: &ReportContext<'_>, one: &Indicator) -> bool {
    let is_aimed = targets::find_target(book, EntryKind::Target, one).is_some();
    // A measured figure without a value stands there with its reason.
    let is_measured = !one.id.starts_with("ledger.") && one.asset.is_some();
    !is_aimed && !is_measured
}

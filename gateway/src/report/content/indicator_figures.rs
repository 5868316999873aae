//! Makes a report figure from an indicator, with uncertainty, completeness, origin and status.

use super::context::ReportContext;
use super::display_names;
use super::early_period::is_too_early;
use super::figure_key::mark_figures;
use super::figure_marks;
use super::significant_digits;
use super::targets;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::ledger::EntryKind;
use crate::domain::value_bound::ValueBound;
use crate::formulas::FormulaStatus as Reason;
use crate::ledger::IndicatorDefinitions;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::ReportBlock;
use crate::report::render::figure::{FigureStatus, KeyFigure, KeyFigures, told_origins};
use crate::report::render::number_format;
use crate::report::render::table::ReportTable;

/// Shares of the period from which a figure is complete, and from which it may be a headline
/// (METHODS G.4).
const COMPLETE_SHARE: f64 = 0.9;
const SUFFICIENT_SHARE: f64 = 0.75;
/// Key of the remark on a total that is the difference of two readings of a counter.
const BY_DIFFERENCE: &str = "account-by-difference";
/// Id prefixes of figures whose completeness counts daylight hours only.
// Avoided CO2 follows the generation of a plant, which sleeps at night.
const DAYLIGHT_PREFIXES: &[&str] = &["plts.", "co2."];

/// The figure `PLACE/ASSET/ID`.
pub(crate) fn indicator_figure(
    book: &ReportContext<'_>,
    one: &Indicator,
    place: &str,
    label: &str,
) -> KeyFigure {
    let kind =
        significant_digits::figure_number_kind(&book.matter.config.definitions, book.lang, one);
    let value = match &one.value {
        Ok(value) => CellValue::Number(*value),
        Err(why) => CellValue::Missing(missing_reason(book, one, why)),
    };
    let parts = [Some(place), one.asset.as_deref(), Some(&*one.id)];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    let mut figure = KeyFigure::new(&parts.collect::<Vec<_>>().join("/"), label, value, kind);
    figure.since = one.measured_since().map(|since| since.at);
    figure.until = one.measured_until().map(|until| until.at);
    figure.plus_minus = significant_digits::half_width(one);
    figure.is_least = one.uncertainty.is_least;
    figure.reach = one.uncertainty.reach;
    let reaches_down = figure.reach.down > 0.0;
    figure.is_at_least = one.value.is_ok() && one.bound() == ValueBound::Lower && !reaches_down;
    figure.completeness = judged_share(book, one);
    figure.origin = Some(one.origin);
    figure.origins = book.matter.account.origins(one);
    figure.status = figure_status(book, one);
    let target = targets::find_target(book, EntryKind::Target, one);
    figure.target = target.map(|target| target.value);
    figure.target_days = target.and_then(|target| target.part());
    one.method.clone_into(&mut figure.method);
    figure.factors = one.factors.iter().map(|f| f.id.to_string()).collect();
    figure.notes = figure_notes(book, one);
    if let Some((covered, days)) = figure.target_days {
        let (covered, days) = (covered.to_string(), days.to_string());
        let args = [("covered", &*covered), ("days", &*days)];
        figure
            .notes
            .push(book.format_message("chapters-target-days", &args));
    }
    figure
}

/// Cards of these indicators; `None` when there are none.
pub(crate) fn figure_cards(
    book: &ReportContext<'_>,
    id: &str,
    all: &[&Indicator],
) -> Option<ReportBlock> {
    let one = |one: &&Indicator| {
        let name = figure_marks::dated_label(book, one, book.indicator_name(&one.id));
        indicator_figure(book, one, "", &name)
    };
    let items: Vec<KeyFigure> = all.iter().map(one).collect();
    let id = id.to_owned();
    (!items.is_empty()).then_some(ReportBlock::Figures(KeyFigures { id, items }))
}

/// Notes beside the number.
pub(crate) fn figure_notes(book: &ReportContext<'_>, one: &Indicator) -> Vec<String> {
    let remarks = one.remarks.iter();
    let mut notes: Vec<String> = remarks
        .map(|r| display_names::remark_sentence(book.lang, r))
        .collect();
    let provisional = provisional_verdict(book, one);
    let told = provisional.or_else(|| one.claim.is_withheld().then_some(one.claim));
    notes.extend(told.map(|verdict| verdict_sentence(book, verdict)));
    notes
}

/// The verdict for which a figure that may be claimed is provisional: its own, or that of its
/// factors where it is to be checked as well.
pub(crate) fn provisional_verdict(
    book: &ReportContext<'_>,
    one: &Indicator,
) -> Option<ClaimVerdict> {
    let factors = &book.matter.config.factors;
    let verdict = match one.claim {
        ClaimVerdict::Doubtful => {
            ClaimVerdict::combine(one.factors.iter().map(|factor| factors.headline(factor)))
        }
        own => own,
    };
    matches!(verdict, ClaimVerdict::Provisional(_)).then_some(verdict)
}

/// Sentence of the remark that says why the figure is to be checked.
pub(crate) fn doubt_sentence(book: &ReportContext<'_>, one: &Indicator) -> Option<String> {
    let remark = one.remarks.iter().find(|remark| remark.is_doubt())?;
    Some(display_names::remark_sentence(book.lang, remark))
}

/// The verdict as a sentence.
pub(crate) fn verdict_sentence(book: &ReportContext<'_>, verdict: ClaimVerdict) -> String {
    display_names::to_sentence(&book.message(&verdict.message_key()))
}

/// Sentences that say why a figure must not be claimed: the verdict, and what it goes back to, also
/// where that was found at a figure that this one is computed from; `None` when it may be.
pub(crate) fn withheld_reason(book: &ReportContext<'_>, one: &Indicator) -> Option<String> {
    if one.value.is_err() || !one.claim.is_withheld() {
        return None;
    }
    let verdict = verdict_sentence(book, one.claim);
    let passed = || {
        let mut sources = sources_of(book, one).filter(|source| source.claim == one.claim);
        sources.find_map(|source| doubt_sentence(book, source))
    };
    Some(match doubt_sentence(book, one).or_else(passed) {
        Some(why) => format!("{verdict} {why}"),
        None => verdict,
    })
}

/// The figure without its number, when it must not be claimed. Whatever is a headline goes through
/// here: page 1, home, impact, cards, the short edition and the officer's form.
pub(crate) fn without_withheld(
    book: &ReportContext<'_>,
    one: &Indicator,
    mut figure: KeyFigure,
) -> KeyFigure {
    if let Some(why) = withheld_reason(book, one) {
        figure.value = CellValue::Missing(why);
        figure.plus_minus = None;
        figure.completeness = None;
    }
    figure
}

/// Measured share of the period up to now, 0 to 1; of daylight hours for solar figures. `None` also
/// while the period has just begun.
pub(crate) fn judged_share(book: &ReportContext<'_>, one: &Indicator) -> Option<f64> {
    let (site, now) = (&book.matter.config.site, book.matter.issued);
    measured_share(one).filter(|_| !is_too_early(site, one.period, is_solar(one), now))
}

fn is_solar(one: &Indicator) -> bool {
    let mut prefixes = DAYLIGHT_PREFIXES.iter();
    prefixes.any(|prefix| one.id.starts_with(prefix))
}

fn measured_share(one: &Indicator) -> Option<f64> {
    let known = &one.completeness;
    if is_solar(one) {
        known.daylight.or(known.all)
    } else {
        known.all.or(known.daylight)
    }
}

/// Status of a figure (METHODS C.2, G.4): no better than that of any figure that it is computed
/// from.
pub(crate) fn figure_status(book: &ReportContext<'_>, one: &Indicator) -> FigureStatus {
    if is_refused(one) {
        // Refused readings come first, because their share would look complete.
        return FigureStatus::Insufficient;
    }
    if one.value.is_err() {
        return FigureStatus::Missing;
    }
    let own = own_status(book, one);
    let inputs = sources_of(book, one).map(|input| own_status(book, input));
    inputs.fold(own, |worst, next| {
        if status_rank(next) > status_rank(worst) {
            next
        } else {
            worst
        }
    })
}

/// Status of a figure with a value, without what it is computed from.
fn own_status(book: &ReportContext<'_>, one: &Indicator) -> FigureStatus {
    let share = judged_share(book, one).unwrap_or(1.0);
    match one.claim {
        _ if share < SUFFICIENT_SHARE && !is_by_difference(one) => FigureStatus::Insufficient,
        ClaimVerdict::NotClaimed(NotClaimedReason::Implausible) => FigureStatus::NotPlausible,
        ClaimVerdict::NotClaimed(_) => FigureStatus::NotClaimed,
        ClaimVerdict::Doubtful => FigureStatus::Doubtful,
        ClaimVerdict::Provisional(_) => FigureStatus::Provisional,
        ClaimVerdict::Claimable if share < SUFFICIENT_SHARE => FigureStatus::ByDifference,
        ClaimVerdict::Claimable if share < COMPLETE_SHARE => FigureStatus::Partial,
        // What still grows is not final, however well it is measured.
        ClaimVerdict::Claimable if one.period.last() >= book.today() => FigureStatus::Running,
        ClaimVerdict::Claimable => FigureStatus::Final,
    }
}

/// Place of a status in the order from the best to the worst.
pub(crate) fn status_rank(status: FigureStatus) -> u8 {
    match status {
        FigureStatus::Final => 0,
        FigureStatus::Running => 1,
        FigureStatus::Partial => 2,
        FigureStatus::ByDifference => 3,
        FigureStatus::Provisional => 4,
        FigureStatus::Doubtful => 5,
        FigureStatus::NotClaimed => 6,
        FigureStatus::NotPlausible => 7,
        FigureStatus::Insufficient => 8,
        FigureStatus::Missing => 9,
    }
}

/// All figures of the account from which a figure is computed, directly or by way of others; those
/// without a value say nothing about it. None for a figure of another period.
pub(crate) fn sources_of<'a>(
    book: &ReportContext<'a>,
    one: &Indicator,
) -> impl Iterator<Item = &'a Indicator> + use<'a> {
    let account = book.matter.account;
    let inputs = |of: &Indicator| -> Vec<&'a Indicator> {
        let named = of.inputs.iter().filter_map(|input| match &input.from {
            InputSource::Indicator { id, asset } => account.find_source(id, asset.as_deref()),
            _ => None,
        });
        named.filter(|input| input.value.is_ok()).collect()
    };
    let mut all: Vec<&'a Indicator> = Vec::new();
    let is_of_account = account.find(&one.id, one.asset.as_deref());
    let mut next = match is_of_account.filter(|known| known.period == one.period) {
        Some(known) => inputs(known),
        None => Vec::new(),
    };
    while let Some(input) = next.pop() {
        // Each figure once, so that this ends.
        if !all.iter().any(|known| std::ptr::eq(*known, input)) {
            all.push(input);
            next.extend(inputs(input));
        }
    }
    all.into_iter()
}

/// Status of a figure in words.
pub(crate) fn status_word(book: &ReportContext<'_>, one: &Indicator) -> String {
    let status = figure_status(book, one);
    book.message(&format!("report-status-{}", status.key()))
}

/// The same with the mark of a lower bound.
fn marked_status_word(book: &ReportContext<'_>, one: &Indicator) -> String {
    let status = status_word(book, one);
    if one.value.is_ok() && one.bound() == ValueBound::Lower {
        return format!("{status}, {}", book.message("report-lower"));
    }
    status
}

/// True when too little was measured for a headline, of the figure or of one that it is computed
/// from. A figure without a value states its own reason.
pub(crate) fn is_insufficient(book: &ReportContext<'_>, one: &Indicator) -> bool {
    insufficient_share(book, one).is_some()
}

/// The share that was measured, when it is too small for a headline: the least one of the figure
/// and of those that it is computed from.
fn insufficient_share(book: &ReportContext<'_>, one: &Indicator) -> Option<f64> {
    let own = |one: &Indicator| {
        let share = judged_share(book, one).filter(|_| !is_by_difference(one))?;
        (share < SUFFICIENT_SHARE).then_some(share)
    };
    one.value.as_ref().ok()?;
    let shares = sources_of(book, one).filter_map(own).chain(own(one));
    shares.min_by(f64::total_cmp)
}

/// True when a counter gives the total by its first and last reading, whatever is missing between
/// (METHODS G.5).
fn is_by_difference(one: &Indicator) -> bool {
    one.remarks.iter().any(|said| said.key == BY_DIFFERENCE)
}

/// True when there were enough readings, but they were refused as implausible.
pub(crate) fn is_refused(one: &Indicator) -> bool {
    let refused = [Reason::ImplausibleReadings, Reason::FallingCounter].map(Reason::words_key);
    matches!(&one.value, Err(why) if refused.contains(&why.key))
}

/// Table of further figures, one row each.
pub(crate) fn figure_table(
    book: &ReportContext<'_>,
    id: &str,
    all: &[&Indicator],
) -> Option<ReportBlock> {
    let columns = book.columns([
        ("indicator", ValueKind::Text),
        ("value", ValueKind::Mixed),
        ("unit", ValueKind::Text),
        ("spread", ValueKind::Percent(0)),
        ("share", ValueKind::Percent(0)),
        ("status", ValueKind::Text),
        ("origin", ValueKind::Text),
        ("method", ValueKind::Text),
        ("note", ValueKind::Note),
    ]);
    let mut table: ReportTable = book.table(id, "more-figures", columns);
    table.rows = all.iter().map(|one| figure_row(book, one)).collect();
    mark_figures(&mut table, 1, all);
    (!table.rows.is_empty()).then_some(ReportBlock::Table(table))
}

/// Origin of a figure in words, with those of what it is a sum of.
pub(crate) fn origin_text(book: &ReportContext<'_>, one: &Indicator) -> String {
    let all = book.matter.account.origins(one);
    let told = told_origins(one.origin, &all);
    let told = told
        .into_iter()
        .map(|origin| book.message(&format!("report-origin-{}", origin.key())));
    told.collect::<Vec<_>>().join(", ")
}

fn figure_row(book: &ReportContext<'_>, one: &Indicator) -> Vec<CellValue> {
    let share = |share: Option<f64>| share.map_or(CellValue::Empty, CellValue::Number);
    let spread = significant_digits::uncertainty_percent(one).map(|percent| percent / 100.0);
    vec![
        CellValue::Text(figure_marks::dated_label(
            book,
            one,
            book.indicator_name(&one.id),
        )),
        printed_value(book, one),
        super::context::text_cell(book.unit_text(&one.unit)),
        share(spread),
        share(judged_share(book, one)),
        CellValue::Text(marked_status_word(book, one)),
        CellValue::Text(origin_text(book, one)),
        CellValue::text(one.method),
        super::context::text_cell(figure_notes(book, one).join(" ")),
    ]
}

/// Rounded value of an indicator that may be claimed, or the reason why there is none to claim.
pub(crate) fn claimed_value(book: &ReportContext<'_>, one: &Indicator) -> CellValue {
    match withheld_reason(book, one).or_else(|| insufficient_reason(book, one)) {
        Some(why) => CellValue::Missing(why),
        None => printed_value(book, one),
    }
}

/// Sentence that too little was measured for a headline (METHODS G.4), with the share.
pub(crate) fn insufficient_reason(book: &ReportContext<'_>, one: &Indicator) -> Option<String> {
    let share = insufficient_share(book, one)?;
    let share = number_format::format_percent(book.lang, share, 0);
    Some(book.format_message("chapters-insufficient", &[("share", &share)]))
}

/// Rounded value of an indicator, or the reason why there is none.
pub(crate) fn printed_value(book: &ReportContext<'_>, one: &Indicator) -> CellValue {
    let definitions = &book.matter.config.definitions;
    match &one.value {
        Ok(x) => CellValue::Number(significant_digits::round_as_printed(
            definitions,
            book.lang,
            one,
            *x,
        )),
        Err(why) => CellValue::Missing(missing_reason(book, one, why)),
    }
}

/// Reason for which a figure has no value. Of a measured figure that is declared for its targets,
/// and that the site does not have, nobody is to write anything down.
fn missing_reason(book: &ReportContext<'_>, one: &Indicator, why: &IndicatorRemark) -> String {
    if !is_unmeasured(book, one) {
        return display_names::remark_sentence(book.lang, why);
    }
    let mut gross = book
        .indicators()
        .iter()
        .filter(|one| &*one.id == "co2.gross");
    let unclaimed = gross.find_map(|one| one.value.as_ref().err());
    match unclaimed.filter(|_| one.id.starts_with("ledger.co2-")) {
        Some(why) => display_names::remark_sentence(book.lang, why),
        None => book.message("chapters-director-absent"),
    }
}

/// True for the line of the ledger of a figure that is measured, when nobody wrote anything there.
pub(crate) fn is_unmeasured(book: &ReportContext<'_>, one: &Indicator) -> bool {
    let key = one.id.strip_prefix("ledger.");
    let is_measured = |key: &str| {
        !IndicatorDefinitions::has_built_in(key)
            && book.lang.find_text(&format!("indicator-{key}")).is_some()
    };
    one.value.is_err() && key.is_some_and(is_measured)
}

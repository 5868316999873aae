//! Summary of the full edition.

use super::context::ReportContext;
use super::figure_key::mark_figures;
use super::revised_since;
use super::targets::{self, FigureTarget};
use super::{display_names, figure_marks, indicator_figures, page_one_choice, significant_digits};
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::ledger::EntryKind;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutBox, CalloutTone, ReportBlock};
use crate::report::render::figure::{KeyFigure, KeyFigures};
use crate::report::render::number_format;

pub(crate) fn summary_blocks(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let headlines = page_one_choice::headline_indicators(book);
    let mut blocks: Vec<ReportBlock> = past_revision_callout(book).into_iter().collect();
    blocks.push(introduction_paragraph(book));
    blocks.extend(revised_since::revised_callout(book));
    blocks.extend(doubt_callouts(book, &headlines));
    let items: Vec<KeyFigure> = headlines
        .iter()
        .map(|one| headline_figure(book, one))
        .collect();
    if !items.is_empty() {
        let id = "headline".to_owned();
        blocks.push(ReportBlock::Figures(KeyFigures { id, items }));
    }
    blocks.extend(site_totals(book));
    blocks.extend(target_table(book));
    blocks
}

/// Callout of a report with an earlier revision.
fn past_revision_callout(book: &ReportContext<'_>) -> Option<ReportBlock> {
    let text = past_revision_text(book)?;
    Some(ReportBlock::Callout(CalloutBox {
        tone: CalloutTone::Warning,
        title: book.message("chapters-past-title"),
        text,
    }))
}

/// Sentences on the earlier revision of a report; names official pages of its factors that are
/// missing.
pub(crate) fn past_revision_text(book: &ReportContext<'_>) -> Option<String> {
    let (past, config) = (book.matter.past?, book.matter.config);
    let args = [
        ("number", past.number.as_str()),
        ("revision", book.matter.account.revision.as_str()),
        ("now", &past.in_force),
    ];
    let text = book.format_message("chapters-past-text", &args);
    let pages = config.factors.evidence.iter().filter(|page| !page.present);
    let pages: Vec<&str> = pages.map(|page| page.file.as_str()).collect();
    if pages.is_empty() {
        return Some(text);
    }
    let pages = book.format_message("chapters-past-pages", &[("files", &pages.join(", "))]);
    Some(format!("{text} {pages}"))
}

/// Totals of the site, when several assets of one kind contribute.
fn site_totals(book: &ReportContext<'_>) -> Option<ReportBlock> {
    let several = |kind: &str| book.assets().filter(|one| one.kind.word() == kind).count() > 1;
    let all = book.indicators_of(None, &["site."]);
    let is_told = ["plts", "pump", "catchment"].into_iter().any(several) && !all.is_empty();
    is_told
        .then(|| indicator_figures::figure_table(book, "site-totals", &all))
        .flatten()
}

/// Headline figure. When too little was measured (METHODS G.4), or when the figure must not be
/// claimed, the reason replaces the value.
pub(crate) fn headline_figure(book: &ReportContext<'_>, one: &Indicator) -> KeyFigure {
    let name = figure_marks::dated_label(book, one, book.full_name(one));
    let mut figure = indicator_figures::indicator_figure(book, one, "summary", &name);
    if let Some(why) = indicator_figures::insufficient_reason(book, one) {
        figure.value = CellValue::Missing(why);
        figure.plus_minus = None;
    }
    indicator_figures::without_withheld(book, one, figure)
}

pub(crate) fn introduction_paragraph(book: &ReportContext<'_>) -> ReportBlock {
    let period = book.matter.account.period;
    let (first, last) = (
        number_format::date(book.lang, period.first()),
        number_format::date(book.lang, period.last()),
    );
    let site = book.site_name();
    let args = [("site", &*site), ("first", &*first), ("last", &*last)];
    book.paragraph("introduction", &args)
}

fn doubt_callouts(book: &ReportContext<'_>, headlines: &[&Indicator]) -> Vec<ReportBlock> {
    let mut blocks = Vec::new();
    // The period is not over: its figures will still change.
    if book.matter.account.period.last() >= book.today() {
        let until = number_format::time(book.lang, book.matter.issued, &book.zone);
        blocks.push(book.callout(CalloutTone::Note, "not-over", &[("until", &until)]));
    }
    let is_provisional = |one: &&Indicator| {
        one.value.is_ok() && indicator_figures::provisional_verdict(book, one).is_some()
    };
    if headlines.iter().any(is_provisional) {
        blocks.push(book.callout(CalloutTone::Provisional, "provisional", &[]));
    }
    blocks.extend(moving_together_callout(book));
    blocks
}

pub(crate) fn is_moving_together(remark: &IndicatorRemark) -> bool {
    let keys = [
        "account-moves-together",
        "account-same-series",
        "account-steady-ratio",
        "account-claimed-perhaps",
        "account-claimed-perhaps-pump",
        "account-certified-perhaps",
        "account-effect-claimed-perhaps",
    ];
    keys.contains(&&*remark.key)
}

/// Callout that names figures which move together without a declared relation.
fn moving_together_callout(book: &ReportContext<'_>) -> Option<ReportBlock> {
    let is_marked = |one: &&Indicator| one.remarks.iter().any(is_moving_together);
    let marked = book.indicators().iter().filter(is_marked);
    // Figures that are computed from them repeat the remark.
    let names: Vec<String> = marked
        .filter(|one| {
            one.inputs
                .iter()
                .any(|input| matches!(input.from, InputSource::Point(_)))
        })
        .map(|one| book.full_name(one))
        .collect();
    let all = names.join("; ");
    (!names.is_empty()).then(|| {
        book.callout(
            CalloutTone::Warning,
            "moving-together",
            &[("figures", &all)],
        )
    })
}

/// Table of all figures with a target or a baseline.
fn target_table(book: &ReportContext<'_>) -> Option<ReportBlock> {
    let columns = book.columns([
        ("indicator", ValueKind::Text),
        ("value", ValueKind::Mixed),
        ("target", ValueKind::Mixed),
        ("unit", ValueKind::Text),
        ("reached", ValueKind::Percent(0)),
        ("before", ValueKind::Mixed),
    ]);
    let mut table = book.table("targets", "targets", columns);
    let rows = book.indicators().iter();
    let rows = rows.filter_map(|one| Some((one, target_row(book, one)?)));
    let (aimed, rows): (Vec<&Indicator>, Vec<_>) = rows.unzip();
    table.rows = rows;
    mark_figures(&mut table, 1, &aimed);
    (!table.rows.is_empty()).then_some(ReportBlock::Table(table))
}

fn target_row(book: &ReportContext<'_>, one: &Indicator) -> Option<Vec<CellValue>> {
    let [target, before] =
        [EntryKind::Target, EntryKind::Baseline].map(|sort| targets::find_target(book, sort, one));
    target.or(before)?;
    let value = indicator_figures::claimed_value(book, one);
    let reached = match (&value, target.and_then(|target| target.whole())) {
        (CellValue::Number(value), Some(target)) if target > 0.0 => {
            CellValue::Number(value / target)
        }
        _ => CellValue::Empty,
    };
    let definitions = &book.matter.config.definitions;
    let given = |given: Option<FigureTarget>| match given {
        Some(given) => CellValue::Number(significant_digits::round_as_printed(
            definitions,
            book.lang,
            one,
            given.value,
        )),
        None => CellValue::Empty,
    };
    let mut name = figure_marks::dated_label(book, one, book.full_name(one));
    if let Some((covered, days)) = target.and_then(|target| target.part()) {
        let (covered, days) = (covered.to_string(), days.to_string());
        let args = [("covered", &*covered), ("days", &*days)];
        name = format!(
            "{name} ({})",
            book.format_message("report-target-days", &args)
        );
    }
    Some(vec![
        CellValue::Text(name),
        value,
        given(target),
        super::context::text_cell(display_names::unit_text(book.lang, &one.unit)),
        reached,
        given(before),
    ])
}

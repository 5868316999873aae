//! Content of a report: turns the computed figures of a period and the ledger's entries into a
//! `Document`, one file for each chapter or annex. The entry type is [`ReportInputs`];
//! [`build_document`] builds the document.
//!
//! ```text
//! SiteIndicators + entries + changes -> document(ReportInputs) -> Document -> PDF, XLSX, CSV, JSON
//!   sections: summary, energy, pump, tanks, rain, waste, power, ledger, carbon, coverage, events,
//!     revised
//!   annexes:  form, points, methods, factors
//! ```
//!
//! `context` holds what all chapters need, `indicator_figures` makes a figure of an indicator,
//! `significant_digits` limits its digits. `explain` leads from a figure to its readings.
//!
//! **Invariant:** no store, no clock, no network: the same input gives the same document. Chapters
//! compute no quantities; these come from the indicators. See docs/reports.md.

mod asset_chapters;
mod asset_document;
mod baseline_table;
mod chosen_headlines;
#[cfg(test)]
mod claim_tests;
mod context;
mod coverage;
mod daily_values;
mod data_events;
mod director;
mod display_names;
mod doubt_acts;
mod early_period;
mod emissions;
pub mod explain;
#[cfg(test)]
mod explanation_tests;
mod factor_annex;
mod figure_calculations;
mod figure_key;
mod figure_marks;
mod figure_names;
mod headline_record;
mod indicator_figures;
mod issued_content;
mod ledger_chapter;
mod method_annex;
mod officer_form;
mod page_one;
mod page_one_choice;
mod page_one_remark;
#[cfg(test)]
mod page_one_tests;
mod public_figures;
mod readings_annex;
mod report_edition;
mod report_inputs;
mod revised_since;
mod significant_digits;
mod summary;
#[cfg(test)]
mod target_tests;
mod targets;
#[cfg(test)]
mod tests;

pub(crate) use asset_document::build_asset_document;
pub(crate) use daily_values::{is_flow, relevant_completeness};
pub(crate) use data_events::event_text;
pub use director::build_director_report;
pub(crate) use director::build_page_one;
pub(crate) use display_names::{format_quantity, period_kind, period_name, to_sentence, unit_text};
pub use display_names::{indicator_name, remark_sentence};
pub(crate) use early_period::is_too_early;
pub(crate) use figure_marks::end_text;
pub use headline_record::{HeadlineRecord, MovedHeadline, moved_headlines};
pub use issued_content::{canonical_content, headline_records, records_beside};
pub(crate) use public_figures::public_figure;
pub use report_edition::ReportEdition;
pub use report_inputs::{EarlierIssue, PastRevision, ReportInputs, RevisedSince, RevisionChange};
pub use revised_since::change_lines;
pub(crate) use significant_digits::usual_decimals;

use crate::domain::indicator::{Indicator, RoundingDirection};
use crate::report::render::document::{ReportBlock, ReportDocument, ReportSection};
use crate::report::render::figure::KeyFigure;
use context::ReportContext;

/// A figure as pages show it. A claim for which too little was measured has the reason in place of
/// its value; a measured quantity keeps its value and says how much was measured.
pub(crate) fn page_figure(matter: ReportInputs<'_>, one: &Indicator) -> KeyFigure {
    let book = ReportContext::new(matter);
    let label = book.indicator_name(&one.id);
    match one.side {
        RoundingDirection::Neutral => {
            let figure = indicator_figures::indicator_figure(&book, one, "", &label);
            indicator_figures::without_withheld(&book, one, figure)
        }
        RoundingDirection::Benefit | RoundingDirection::Burden => KeyFigure {
            label,
            ..summary::headline_figure(&book, one)
        },
    }
}

/// A figure as page 1 shows it, for pages that people quote from.
pub(crate) fn headline_figure(matter: ReportInputs<'_>, one: &Indicator) -> KeyFigure {
    let book = ReportContext::new(matter);
    let label = book.indicator_name(&one.id);
    KeyFigure {
        label,
        ..summary::headline_figure(&book, one)
    }
}

/// Builds the document of a report.
pub fn build_document(matter: ReportInputs<'_>) -> ReportDocument {
    let book = ReportContext::new(matter);
    let kind = display_names::period_kind(matter.account.period);
    let title = book.message(&format!("chapters-title-{kind}"));
    ReportDocument {
        calculations: figure_calculations::figure_calculations(&book),
        ..book.document(
            title,
            build_sections(&book),
            page_one::page_one(&book).standing,
        )
    }
}

/// Chapters that are not empty, then the annexes.
fn build_sections(book: &ReportContext<'_>) -> Vec<ReportSection> {
    let mut sections = vec![build_section(
        book,
        "summary",
        summary::summary_blocks(book),
    )];
    for chapter in asset_chapters::ASSET_CHAPTERS {
        sections.push(build_section(
            book,
            chapter,
            asset_chapters::asset_chapter_blocks(book, chapter),
        ));
    }
    for (id, blocks) in [
        ("ledger", ledger_chapter::ledger_blocks(book)),
        ("carbon", emissions::emission_blocks(book)),
        ("coverage", coverage::coverage_blocks(book)),
        ("events", data_events::event_blocks(book)),
        ("revised", revised_since::revised_blocks(book)),
    ] {
        sections.push(build_section(book, id, blocks));
    }
    for (id, blocks) in [
        ("form", officer_form::form_blocks(book)),
        ("points", readings_annex::readings_blocks(book)),
        ("methods", method_annex::method_blocks(book)),
        ("factors", factor_annex::factor_blocks(book)),
    ] {
        let mut annex = build_section(book, id, blocks);
        annex.annex = true;
        sections.push(annex);
    }
    sections.retain(|section| !section.blocks.is_empty());
    sections
}

fn build_section(book: &ReportContext<'_>, id: &str, blocks: Vec<ReportBlock>) -> ReportSection {
    ReportSection {
        id: id.to_owned(),
        title: book.message(&format!("chapters-{id}")),
        tab: book.message(&format!("chapters-{id}-tab")),
        annex: false,
        blocks,
    }
}

//! Director's edition of a report: a first page that is read at a glance, then a short chapter for
//! each kind of asset, the programme records, the emissions in words, what is provisional or
//! doubtful, and the completeness of each stream. The entry function is [`build_director_report`].
//!
//! ```text
//! (matter, figures of the period before) -> (FrontPage, ReportDocument) -> PDF of 8 pages at most
//! ```
//!
//! It says what the full edition says, with the same digits, and less of it: no methods, factors,
//! equations, single entries and daily tables.

mod comparison;
mod completeness_strips;
mod director_context;
mod doubts;
mod emission_words;
mod front_content;
mod front_plot;
mod kind_chapters;
mod record_chapter;

use super::{
    ReportInputs, asset_chapters, build_section, display_names, page_one, revised_since, summary,
};
use crate::domain::indicator::SiteIndicators;
use crate::report::render::document::{CalloutBox, CalloutTone, ReportBlock, ReportDocument};
use crate::report::render::figure::{KeyFigure, KeyFigures};
use crate::report::render::front_page::FrontPage;
use director_context::DirectorContext;

/// Builds first page and chapters; `before` are the figures of the period to compare with.
pub fn build_director_report(
    matter: ReportInputs<'_>,
    before: Option<&SiteIndicators>,
) -> (FrontPage, ReportDocument) {
    let desk = DirectorContext::new(matter, before);
    let book = &desk.book;
    let front = front_content::front_page(&desk);
    let mut sections: Vec<_> = asset_chapters::ASSET_CHAPTERS
        .iter()
        .map(|chapter| {
            let blocks = kind_chapters::kind_blocks(&desk, chapter);
            build_section(book, chapter, blocks)
        })
        .collect();
    let mut coverage = completeness_strips::strip_blocks(book);
    coverage.extend(reading_help(&desk));
    for (id, blocks) in [
        ("ledger", record_chapter::record_blocks(&desk)),
        ("carbon", emission_words::emission_blocks(&desk)),
        ("doubts", doubts::doubt_blocks(book)),
        ("revised", revised_since::revised_blocks(book)),
        ("coverage", coverage),
    ] {
        sections.push(build_section(book, id, blocks));
    }
    sections.retain(|section| !section.blocks.is_empty());
    let kind = display_names::period_kind(matter.account.period);
    let title = book.message(&format!("chapters-title-{kind}"));
    let standing = page_one::page_one(book).standing;
    (front, book.document(title, sections, standing))
}

/// Builds page 1 alone, for a screen and for a message: its figures with their marks, beside those
/// of the period before, and the line on what is doubtful about them.
pub(crate) fn build_page_one(
    matter: ReportInputs<'_>,
    before: Option<&SiteIndicators>,
) -> ReportDocument {
    let desk = DirectorContext::new(matter, before);
    let book = &desk.book;
    let page = page_one::page_one(book);
    let tone = if page.is_doubtful {
        CalloutTone::Warning
    } else {
        CalloutTone::Note
    };
    let standing = page.standing;
    let items = page.figures.into_iter().map(|(one, figure)| KeyFigure {
        beside: one.map_or_else(String::new, |one| {
            front_content::beside_text(&desk, one, &figure)
        }),
        ..figure
    });
    let items: Vec<KeyFigure> = items.collect();
    let mut blocks = vec![summary::introduction_paragraph(book)];
    if !items.is_empty() {
        let id = "headline".to_owned();
        blocks.push(ReportBlock::Figures(KeyFigures { id, items }));
    }
    blocks.push(ReportBlock::Callout(CalloutBox {
        tone,
        title: book.message("chapters-page-one-remark"),
        text: page.remark.join("\n"),
    }));
    let kind = display_names::period_kind(matter.account.period);
    let title = book.message(&format!("chapters-title-{kind}"));
    let sections = vec![build_section(book, "summary", blocks)];
    book.document(title, sections, standing)
}

/// Help on how the numbers are to be read, and on what the full edition has beside them.
fn reading_help(desk: &DirectorContext<'_>) -> Vec<ReportBlock> {
    let book = &desk.book;
    let period = book.matter.account.period.to_string();
    let mut blocks = vec![ReportBlock::Heading(
        book.message("chapters-director-reading"),
    )];
    let lines = ["rounding", "bounds", "provisional", "missing"];
    let lines = lines
        .iter()
        .map(|line| book.paragraph(&format!("director-reading-{line}"), &[]));
    blocks.extend(lines);
    blocks.push(book.paragraph("director-full", &[("period", &period)]));
    blocks
}

//! PDF renderer: typeset A4 pages.
//!
//! Entry function: `render`, for one document.
//!
//! ```text
//! cover -> sections (flow, table, cards) -> contents -> header and footer (frame) -> paint
//! ```
//!
//! `page_flow` fills pages from top to bottom, `table` and `figure_cards` lay out what is not
//! running text, `page_frame` adds header and footer, `pdf_writer` writes the file. Lengths are
//! points (1/72 inch) from the top left corner of a page. The content of a report:
//! `docs/reports.md`.

mod cover_page;
mod figure_cards;
mod front_sheet;
mod line_wrap;
mod page_flow;
mod page_frame;
mod pdf_page;
mod pdf_writer;
mod table_layout;
mod table_pages;
mod text_fit;

use crate::report::render::document::ReportBlock;
use crate::report::render::front_page::FrontPage;
use crate::report::render::render_context::RenderContext;
use page_flow::PageFlow;

/// Renders the whole report as PDF.
pub(crate) fn render_pdf(show: &RenderContext<'_>) -> Result<Vec<u8>, String> {
    let mut flow = PageFlow::new(show);
    let contents = cover_page::draw_cover(&mut flow);
    for (index, section) in show.document.sections.iter().enumerate() {
        let is_text = |block: &&ReportBlock| matches!(block, ReportBlock::Paragraph(_));
        let before = section.blocks.iter().take_while(is_text).count();
        let is_wide = match section.blocks.get(before) {
            Some(ReportBlock::Table(table)) => table_pages::needs_landscape(show, table),
            _ => false,
        };
        flow.start_section(index, is_wide);
        for (place, block) in section.blocks.iter().enumerate() {
            match block {
                // Paragraphs before a wide table go onto its landscape page.
                ReportBlock::Paragraph(text) if is_wide && place < before => flow.text(text),
                block => draw_block(&mut flow, block),
            }
        }
        flow.write_footnotes(index);
    }
    let mut pages = flow.pages;
    // Page numbers and the number of pages are known only now.
    cover_page::fill_contents(show, &mut pages, &contents, &flow.starts);
    page_frame::draw_page_frames(show, &mut pages);
    pdf_writer::write_pdf(show.document, &pages, &flow.starts)
}

/// Renders the director's edition: the first page, then the sections without a table of contents.
pub(crate) fn render_director(
    show: &RenderContext<'_>,
    front: &FrontPage,
) -> Result<Vec<u8>, String> {
    let mut flow = PageFlow::new(show);
    front_sheet::draw_front(&mut flow, front);
    if !show.document.sections.is_empty() {
        flow.start_page(false);
    }
    for (index, section) in show.document.sections.iter().enumerate() {
        flow.start_section(index, false);
        let mut blocks = section.blocks.as_slice();
        while let Some((block, rest)) = blocks.split_first() {
            blocks = rest;
            match (block, rest.split_first()) {
                // Two plots stand side by side: half a page for each kind of asset is enough.
                (ReportBlock::Chart(left), Some((ReportBlock::Chart(right), more)))
                    if left.has_axes() && right.has_axes() =>
                {
                    flow.chart_pair(left, right);
                    blocks = more;
                }
                (ReportBlock::Chart(chart), _) if chart.has_axes() => flow.low_chart(chart),
                (block, _) => draw_block(&mut flow, block),
            }
        }
        flow.write_footnotes(index);
    }
    let mut pages = flow.pages;
    page_frame::draw_page_frames(show, &mut pages);
    pdf_writer::write_pdf(show.document, &pages, &flow.starts)
}

fn draw_block(flow: &mut PageFlow<'_>, block: &ReportBlock) {
    match block {
        ReportBlock::Heading(text) => flow.heading(text),
        ReportBlock::Paragraph(text) => flow.paragraph(text),
        ReportBlock::Callout(callout) => flow.callout(callout),
        ReportBlock::Figures(figures) => figure_cards::draw_cards(flow, figures),
        ReportBlock::Table(table) => table_pages::draw_table(flow, table),
        ReportBlock::Chart(chart) => flow.chart(chart),
        ReportBlock::Drawing(drawing) => flow.drawing(drawing),
        ReportBlock::Photo(photo) => flow.photo(photo),
    }
}

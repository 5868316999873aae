//! The report as typeset A4 pages.
//!
//! `flow` fills pages from top to bottom, `table` and `cards` lay out what is not running text,
//! `frame` adds what every page has, `paint` writes the file. Lengths are points (1/72 inch) from
//! a page's top left corner.

mod cards;
mod cover;
mod flow;
mod frame;
mod page;
mod paint;
mod plan;
mod table;
mod wrap;

use crate::report::document::Block;
use crate::report::show::Show;
use flow::Flow;

/// The whole report.
pub(crate) fn render(show: &Show<'_>) -> Result<Vec<u8>, String> {
    let mut flow = Flow::new(show);
    let contents = cover::draw(&mut flow);
    for (index, section) in show.document.sections.iter().enumerate() {
        let is_text = |block: &&Block| matches!(block, Block::Paragraph(_));
        let before = section.blocks.iter().take_while(is_text).count();
        let is_wide = match section.blocks.get(before) {
            Some(Block::Table(table)) => table::is_wide(show, table),
            _ => false,
        };
        flow.section(index, is_wide);
        for (place, block) in section.blocks.iter().enumerate() {
            match block {
                // An introduction stands on the wide page of its table.
                Block::Paragraph(text) if is_wide && place < before => flow.text(text),
                block => draw(&mut flow, block),
            }
        }
        flow.notes(index);
    }
    let mut pages = flow.pages;
    cover::fill_contents(show, &mut pages, &contents, &flow.starts);
    frame::draw(show, &mut pages);
    paint::write(show.document, &pages, &flow.starts)
}

fn draw(flow: &mut Flow<'_>, block: &Block) {
    match block {
        Block::Heading(text) => flow.heading(text),
        Block::Paragraph(text) => flow.paragraph(text),
        Block::Callout(callout) => flow.callout(callout),
        Block::Figures(figures) => cards::draw(flow, figures),
        Block::Table(table) => table::draw(flow, table),
        Block::Chart(chart) => flow.chart(chart),
        Block::Photo(photo) => flow.photo(photo),
    }
}

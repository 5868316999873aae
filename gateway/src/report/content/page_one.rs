//! [`page_one`]: the figures of page 1 with their marks, and the one line on what is doubtful about
//! them. The director's first page, the short edition on a screen, its text to share and the
//! headlines of the full edition are made of it, so that they say the same.

use super::chosen_headlines::ChosenFigure;
use super::context::ReportContext;
use super::page_one_choice::page_one_choice;
use super::page_one_remark::page_remark;
use super::summary;
use crate::domain::indicator::Indicator;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::PageStanding;
use crate::report::render::figure::KeyFigure;

/// Beginning of the ids of the figures.
const SUMMARY: &str = "summary";

/// Page 1.
#[derive(Debug)]
pub(crate) struct PageOne<'a> {
    /// The figures in reading order; `None`: the site chose it, and there is no such figure.
    pub(crate) figures: Vec<(Option<&'a Indicator>, KeyFigure)>,
    /// One line on what is provisional, to be checked, only a bound or still open, and why; then
    /// the lettered notes that it names, for what has no room in it.
    pub(crate) remark: Vec<String>,
    /// True when something is provisional, to be checked or missing.
    pub(crate) is_doubtful: bool,
    /// The page as a whole.
    pub(crate) standing: PageStanding,
}

impl<'a> PageOne<'a> {
    /// The figures that there are.
    pub(crate) fn known(&self) -> Vec<&'a Indicator> {
        self.figures.iter().filter_map(|(one, _)| *one).collect()
    }
}

/// Page 1 of a report.
pub(crate) fn page_one<'a>(book: &ReportContext<'a>) -> PageOne<'a> {
    let figure = |chosen: ChosenFigure<'a>| match chosen {
        Ok(one) => (Some(one), summary::headline_figure(book, one)),
        Err((id, asset)) => (None, absent_figure(book, &id, asset.as_deref())),
    };
    let mut page = PageOne {
        figures: page_one_choice(book).into_iter().map(figure).collect(),
        remark: Vec::new(),
        is_doubtful: false,
        standing: PageStanding::default(),
    };
    let missing = missing_count(page.figures.iter().map(|(_, figure)| figure));
    // A figure without a number has its reason beside it, and no other one counts.
    let shown = page.figures.iter().filter_map(|(one, figure)| {
        let is_number = matches!(figure.value, CellValue::Number(_));
        one.filter(|_| is_number)
    });
    let shown: Vec<&Indicator> = shown.collect();
    let said = page_remark(book, &shown, missing);
    (page.is_doubtful, page.standing) = (said.is_doubtful, said.standing);
    page.remark = said.lines;
    page
}

/// Row of a figure that the site chose and that there is not in this period.
fn absent_figure(book: &ReportContext<'_>, id: &str, asset: Option<&str>) -> KeyFigure {
    let name = book.indicator_name(id);
    let label = match asset {
        Some(asset) => format!("{name} · {}", book.asset_name(asset)),
        None => name,
    };
    let why = book.message("chapters-director-absent");
    let place = match asset {
        Some(asset) => format!("{SUMMARY}/{asset}/{id}"),
        None => format!("{SUMMARY}/{id}"),
    };
    KeyFigure::new(&place, &label, CellValue::Missing(why), ValueKind::Mixed)
}

/// Number of figures of the page that are printed without a number.
fn missing_count<'f>(figures: impl Iterator<Item = &'f KeyFigure>) -> usize {
    let is_missing = |one: &&KeyFigure| matches!(one.value, CellValue::Missing(_));
    figures.filter(is_missing).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_without_a_number_is_counted_whatever_the_reason() {
        let reasons = ["61% measured", "not claimed", "no data"];
        let figure = |value| KeyFigure::new("summary/a", "a", value, ValueKind::Mixed);
        let mut all = reasons
            .map(|why| figure(CellValue::Missing(why.to_owned())))
            .to_vec();
        all.push(figure(CellValue::Number(1.0)));
        assert_eq!(missing_count(all.iter()), 3);
    }
}

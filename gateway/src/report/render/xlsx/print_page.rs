//! Page on which a sheet is printed: so much of it that no text is smaller than 7 points.

use super::cell_formats::TYPE_SIZE;
use rust_xlsxwriter::{Worksheet, XlsxError, utility};

/// Smallest type on paper, points, with a margin for what other programs measure otherwise.
const PRINTED_SIZE_MIN: f64 = 7.12;
/// Points of a character and margins of a cell in the widest of the fonts that programs take for
/// the one of the workbook.
const CHARACTER: f64 = 6.4;
const CELL_MARGIN: f64 = 4.6;
/// Sides of A4, points.
const SHORT_SIDE: f64 = 595.28;
const LONG_SIDE: f64 = 841.89;
/// Margins of the page, inches.
const SIDE_MARGIN: f64 = 0.4;
const TOP_MARGIN: f64 = 0.45;
const FOOT_MARGIN: f64 = 0.6;
const INCH: f64 = 72.0;
const PAPER_SIZE_A4: u8 = 9;
/// A cell beyond everything that is written.
const EMPTY_CELL: (u32, u16) = (1_000_000, 200);

/// Orientation of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageShape {
    Upright,
    Lying,
}

/// Part of a sheet that is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PrintedPart {
    pub(super) page: PageShape,
    /// Printed rows and columns, and those that there are.
    pub(super) rows: (u32, u32),
    pub(super) columns: (u16, u16),
}

impl PageShape {
    /// Width and height of what fits on the page with the smallest type, points.
    fn room(self) -> (f64, f64) {
        let (wide, high) = match self {
            Self::Upright => (SHORT_SIDE, LONG_SIDE),
            Self::Lying => (LONG_SIDE, SHORT_SIDE),
        };
        let scale = PRINTED_SIZE_MIN / TYPE_SIZE;
        let wide = wide - 2.0 * SIDE_MARGIN * INCH;
        let high = high - (TOP_MARGIN + FOOT_MARGIN) * INCH;
        (wide / scale, high / scale)
    }

    /// Characters that fit beside each other in so many columns.
    pub(super) fn characters(self, columns: usize) -> f64 {
        let margins = crate::report::render::table::count_as_f64(columns) * CELL_MARGIN;
        (self.room().0 - margins) / CHARACTER
    }

    /// Rows and columns that fit on the page: widths in characters, heights in points.
    pub(super) fn printed_part(self, widths: &[f64], heights: &[f64]) -> PrintedPart {
        let (wide, high) = self.room();
        let widths = widths.iter().map(|width| width * CHARACTER + CELL_MARGIN);
        let columns = fitting(widths.clone(), wide);
        let rows = fitting(heights.iter().copied(), high);
        PrintedPart {
            page: self,
            rows: (number(rows), number(heights.len())),
            columns: (column(columns), column(widths.count())),
        }
    }
}

impl PrintedPart {
    /// Share of the sheet that is printed.
    pub(super) fn share(&self) -> f64 {
        let rows = f64::from(self.rows.0) / f64::from(self.rows.1.max(1));
        let columns = f64::from(self.columns.0) / f64::from(self.columns.1.max(1));
        rows * columns
    }

    /// Letters of the last printed column and of the last one; none when all are printed.
    pub(super) fn cut_columns(&self) -> Option<(String, String)> {
        let (printed, all) = self.columns;
        let letters = |columns: u16| utility::column_number_to_name(columns.max(1) - 1);
        (printed < all).then(|| (letters(printed), letters(all)))
    }

    /// The last printed row and the last one, as numbers of the sheet; none when all are printed.
    pub(super) fn cut_rows(&self) -> Option<(u32, u32)> {
        (self.rows.0 < self.rows.1).then_some(self.rows)
    }
}

/// Number of the lengths that fit into `room` one after another; one at least.
fn fitting(lengths: impl Iterator<Item = f64>, room: f64) -> usize {
    let mut left = room + 0.01;
    let fits = lengths.take_while(|length| {
        left -= length;
        left >= 0.0
    });
    fits.count().max(1)
}

fn number(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

fn column(columns: usize) -> u16 {
    u16::try_from(columns).unwrap_or(u16::MAX)
}

/// Sets paper, margins and the footer: the sheet, what is not printed of it, and the page.
pub(super) fn set_page(worksheet: &mut Worksheet, page: PageShape, remark: &str) {
    worksheet.set_paper_size(PAPER_SIZE_A4);
    match page {
        PageShape::Upright => worksheet.set_portrait(),
        PageShape::Lying => worksheet.set_landscape(),
    };
    let head = 0.2;
    worksheet.set_margins(
        SIDE_MARGIN,
        SIDE_MARGIN,
        TOP_MARGIN,
        FOOT_MARGIN,
        head,
        0.25,
    );
    worksheet.set_print_fit_to_pages(1, 1);
    // Other programs scale the footer with the sheet, whatever is set.
    worksheet.set_header_footer_scale_with_doc(false);
    let remark = remark.replace('&', "&&");
    worksheet.set_footer(format!("&L&10&A&C&10{remark}&R&10&P / &N"));
}

/// Prints a part of a sheet.
pub(super) fn print_part(worksheet: &mut Worksheet, part: &PrintedPart) -> Result<(), XlsxError> {
    worksheet.set_print_area(0, 0, part.rows.0.max(1) - 1, part.columns.0.max(1) - 1)?;
    Ok(())
}

/// Leaves a sheet out of the print: its print area is an empty cell, which has no page.
pub(super) fn print_nothing(worksheet: &mut Worksheet) -> Result<(), XlsxError> {
    worksheet.set_print_area(EMPTY_CELL.0, EMPTY_CELL.1, EMPTY_CELL.0, EMPTY_CELL.1)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_and_said_and_never_made_smaller() {
        let all = PageShape::Upright.printed_part(&[20.0; 4], &[12.75; 40]);
        assert_eq!((all.rows, all.columns), ((40, 40), (4, 4)));
        assert_eq!((all.cut_rows(), all.cut_columns()), (None, None));
        let long = PageShape::Lying.printed_part(&[20.0; 20], &[12.75; 400]);
        let (printed, rows) = long.cut_rows().unwrap();
        assert!((45..60).contains(&printed) && rows == 400, "{long:?}");
        let (last, of) = long.cut_columns().unwrap();
        assert!(
            (last.as_str(), of.as_str()) < ("I", "T") && of == "T",
            "{long:?}"
        );
    }
}

//! Cell formats of the workbook.

use crate::i18n::Language;
use crate::report::render::cell_value::{NumberFormat, ValueKind};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

const GREEN: Color = Color::RGB(0x000F_766E);
const PALE: Color = Color::RGB(0x00E3_F1EF);
const FAINT: Color = Color::RGB(0x0060_6C76);
const PAPER_SIZE_A4: u8 = 9;
/// Rows that are still read on one printed page.
const PRINTED_ROWS_MAX: u32 = 90;
/// A cell beyond everything that is written.
const EMPTY_CELL: (u32, u16) = (1_000_000, 200);

/// Cell formats in one language.
pub(crate) struct CellFormats {
    lang: Language,
}

impl CellFormats {
    pub(crate) fn new(lang: Language) -> Self {
        Self { lang }
    }

    pub(crate) fn title() -> Format {
        Format::new()
            .set_bold()
            .set_font_size(16)
            .set_font_color(GREEN)
    }

    pub(crate) fn heading() -> Format {
        Format::new().set_bold().set_font_size(12)
    }

    pub(crate) fn text() -> Format {
        Format::new()
    }

    pub(crate) fn faint() -> Format {
        Format::new().set_font_color(FAINT)
    }

    pub(crate) fn head() -> Format {
        let format = Format::new().set_bold().set_background_color(PALE);
        let format = format.set_border_bottom(FormatBorder::Thin);
        format
            .set_text_wrap()
            .set_align(FormatAlign::VerticalCenter)
    }

    pub(crate) fn missing() -> Format {
        Self::faint()
            .set_align(FormatAlign::Right)
            .set_align(FormatAlign::Top)
    }

    /// Returns the format of a cell of this kind.
    pub(crate) fn cell(&self, kind: &ValueKind) -> Format {
        let format = Format::new().set_align(FormatAlign::Top);
        match kind {
            ValueKind::Number(measure) => format.set_num_format(number_pattern(measure)),
            ValueKind::Percent(decimals) => {
                format.set_num_format(format!("0{}%", decimal_pattern(*decimals)))
            }
            ValueKind::Date => format.set_num_format(format!("{}d mmmm yyyy", self.locale_code())),
            ValueKind::Time => {
                // The mark is escaped: a dot in a number format is the decimal mark.
                let mark = match self.lang.locale().time_mark {
                    ':' => ":".to_owned(),
                    mark => format!("\\{mark}"),
                };
                format.set_num_format(format!("{}d mmm yyyy hh{mark}mm", self.locale_code()))
            }
            ValueKind::Mixed => format,
            ValueKind::Text | ValueKind::Note => format.set_text_wrap(),
        }
    }

    /// Returns the format of a total of this kind.
    pub(crate) fn total(&self, kind: &ValueKind) -> Format {
        self.cell(kind)
            .set_bold()
            .set_border_top(FormatBorder::Thin)
    }

    /// Returns the locale code that gives month names in the report's language on any computer.
    fn locale_code(&self) -> String {
        format!("[$-{}]", self.lang.locale().workbook_id)
    }
}

fn number_pattern(measure: &NumberFormat) -> String {
    let digits = decimal_pattern(measure.shown_decimals());
    match measure.unit.as_str() {
        "Rp" => format!("\"Rp\"\\ #,##0{digits}"),
        _ => format!("#,##0{digits}"),
    }
}

fn decimal_pattern(decimals: u8) -> String {
    match decimals {
        0 => String::new(),
        more => format!(".{}", "0".repeat(usize::from(more))),
    }
}

/// Sets the page for printing: A4, landscape, one page.
pub(crate) fn set_print_page(worksheet: &mut Worksheet) {
    worksheet.set_paper_size(PAPER_SIZE_A4);
    worksheet.set_landscape();
    worksheet.set_print_fit_to_pages(1, 1);
    worksheet.set_footer("&L&A&R&P / &N");
}

/// Prints the first rows and columns of a sheet, as many as one page can show.
pub(crate) fn print_rows(
    worksheet: &mut Worksheet,
    last: u32,
    columns: u16,
) -> Result<(), XlsxError> {
    let last = last.min(PRINTED_ROWS_MAX - 1);
    worksheet.set_print_area(0, 0, last, columns.max(1) - 1)?;
    Ok(())
}

/// Leaves a sheet out of the print: its print area is an empty cell, which has no page.
pub(crate) fn print_nothing(worksheet: &mut Worksheet) -> Result<(), XlsxError> {
    worksheet.set_print_area(EMPTY_CELL.0, EMPTY_CELL.1, EMPTY_CELL.0, EMPTY_CELL.1)?;
    Ok(())
}

//! How cells look.

use crate::report::value::{Kind, Measure};
use crate::words::Lang;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet};

const GREEN: Color = Color::RGB(0x000F_766E);
const PALE: Color = Color::RGB(0x00E3_F1EF);
const FAINT: Color = Color::RGB(0x0060_6C76);
const A4: u8 = 9;

/// Formats in one language.
pub(super) struct Look {
    lang: Lang,
}

impl Look {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang }
    }

    pub(super) fn title() -> Format {
        Format::new()
            .set_bold()
            .set_font_size(16)
            .set_font_color(GREEN)
    }

    pub(super) fn heading() -> Format {
        Format::new().set_bold().set_font_size(12)
    }

    pub(super) fn text() -> Format {
        Format::new()
    }

    pub(super) fn faint() -> Format {
        Format::new().set_font_color(FAINT)
    }

    pub(super) fn head() -> Format {
        let format = Format::new().set_bold().set_background_color(PALE);
        let format = format.set_border_bottom(FormatBorder::Thin);
        format
            .set_text_wrap()
            .set_align(FormatAlign::VerticalCenter)
    }

    pub(super) fn missing() -> Format {
        Self::faint().set_align(FormatAlign::Right)
    }

    /// A cell of this kind.
    pub(super) fn cell(&self, kind: &Kind) -> Format {
        let format = Format::new().set_align(FormatAlign::Top);
        match kind {
            Kind::Number(measure) => format.set_num_format(number(measure)),
            Kind::Percent(decimals) => format.set_num_format(format!("0{}%", digits(*decimals))),
            Kind::Date => format.set_num_format(format!("{}d mmmm yyyy", self.locale())),
            Kind::Time => {
                let mark = if self.lang == Lang::Id { "\\." } else { ":" };
                format.set_num_format(format!("{}d mmm yyyy hh{mark}mm", self.locale()))
            }
            Kind::Mixed => format,
            Kind::Text | Kind::Note => format.set_text_wrap(),
        }
    }

    /// The same in a total row.
    pub(super) fn total(&self, kind: &Kind) -> Format {
        self.cell(kind)
            .set_bold()
            .set_border_top(FormatBorder::Thin)
    }

    /// Month names in the report's language, whatever the reader's workbook speaks.
    fn locale(&self) -> &'static str {
        match self.lang {
            Lang::Id => "[$-421]",
            Lang::En => "[$-809]",
        }
    }
}

fn number(measure: &Measure) -> String {
    let digits = digits(measure.shown_decimals());
    match measure.unit.as_str() {
        "Rp" => format!("\"Rp\"\\ #,##0{digits}"),
        _ => format!("#,##0{digits}"),
    }
}

fn digits(decimals: u8) -> String {
    match decimals {
        0 => String::new(),
        more => format!(".{}", "0".repeat(usize::from(more))),
    }
}

/// Paper for those who print: A4, landscape, as wide as the page.
pub(super) fn page(worksheet: &mut Worksheet) {
    worksheet.set_paper_size(A4);
    worksheet.set_landscape();
    worksheet.set_print_fit_to_pages(1, 0);
    worksheet.set_footer("&L&A&R&P / &N");
}

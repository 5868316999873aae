//! Cell formats of the workbook.

use crate::i18n::Language;
use crate::report::render::cell_value::{NumberFormat, ValueKind};
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

const GREEN: Color = Color::RGB(0x000F_766E);
const PALE: Color = Color::RGB(0x00E3_F1EF);
const FAINT: Color = Color::RGB(0x0060_6C76);
/// Space behind a number, as wide as a bracket, before the text of the next column.
const GAP: &str = "_)";
/// Font that every office program has, or another of the same widths.
pub(crate) const FONT: &str = "Arial";
/// Type size of the cells, points.
pub(crate) const TYPE_SIZE: f64 = 10.0;

/// Cell formats in one language.
pub(crate) struct CellFormats {
    lang: Language,
}

impl CellFormats {
    pub(crate) fn new(lang: Language) -> Self {
        Self { lang }
    }

    pub(crate) fn title() -> Format {
        Self::text()
            .set_bold()
            .set_font_size(15)
            .set_font_color(GREEN)
    }

    pub(crate) fn heading() -> Format {
        Self::text().set_bold().set_font_size(11)
    }

    pub(crate) fn text() -> Format {
        Format::new().set_font_name(FONT).set_font_size(TYPE_SIZE)
    }

    pub(crate) fn faint() -> Format {
        Self::text().set_font_color(FAINT)
    }

    pub(crate) fn head() -> Format {
        let format = Self::text().set_bold().set_background_color(PALE);
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
        let format = Self::text().set_align(FormatAlign::Top);
        match kind {
            ValueKind::Number(measure) => format.set_num_format(number_pattern(measure)),
            ValueKind::Percent(decimals) => {
                format.set_num_format(format!("0{}%{GAP}", decimal_pattern(*decimals)))
            }
            // Below the left end of its head, as on paper.
            ValueKind::Date => format
                .set_align(FormatAlign::Left)
                .set_num_format(format!("{}d mmm yyyy", self.locale_code())),
            ValueKind::Time => {
                // The mark is escaped: a dot in a number format is the decimal mark.
                let mark = match self.lang.locale().time_mark {
                    ':' => ":".to_owned(),
                    mark => format!("\\{mark}"),
                };
                format
                    .set_align(FormatAlign::Left)
                    .set_num_format(format!("{}d mmm yyyy hh{mark}mm", self.locale_code()))
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
        "Rp" => format!("\"Rp\"\\ #,##0{digits}{GAP}"),
        _ => format!("#,##0{digits}{GAP}"),
    }
}

fn decimal_pattern(decimals: u8) -> String {
    match decimals {
        0 => String::new(),
        more => format!(".{}", "0".repeat(usize::from(more))),
    }
}

//! Native plots of the workbook.

use super::cell_formats::{FONT, TYPE_SIZE};
use crate::report::render::cell_value::ValueKind;
use crate::report::render::chart::{ChartForm, ChartSteps, DrawingColour, ReportChart};
use rust_xlsxwriter::{
    Chart as Plot, ChartFont, ChartFormat, ChartLegendPosition, ChartLine, ChartSolidFill,
    ChartType, Color, ConditionalFormat2ColorScale, ConditionalFormatType, Worksheet, XlsxError,
};

/// Height of a plot, pixels.
pub(crate) const PLOT_HEIGHT: u32 = 250;
/// Largest and smallest width of a plot, pixels.
pub(crate) const PLOT_WIDTH: u32 = 720;
pub(crate) const PLOT_WIDTH_MIN: u32 = 240;
/// Space between a table and its plot, pixels.
const PLOT_GAP: u32 = 10;

/// Cells with the numbers of a plot.
pub(crate) struct ChartRange<'a> {
    pub(crate) sheet: &'a str,
    pub(crate) head: u32,
    pub(crate) last: u32,
    /// Column of each series.
    pub(crate) columns: &'a [u16],
}

/// Gives the numbers of a plot that a workbook does not have, a calendar or strips, a colour scale;
/// returns true for those.
pub(crate) fn colour_numbers(
    worksheet: &mut Worksheet,
    chart: &ReportChart,
    area: &ChartRange<'_>,
) -> Result<bool, XlsxError> {
    if !is_coloured(chart.form) {
        return Ok(false);
    }
    for column in area.columns {
        let scale = ConditionalFormat2ColorScale::new()
            .set_minimum_color(xlsx_colour(DrawingColour::Scale(0.0)))
            .set_maximum_color(xlsx_colour(DrawingColour::Scale(0.5)));
        let scale = match chart.kind {
            // From nothing to all: 98 % beside 100 % is no gap.
            ValueKind::Percent(_) => scale
                .set_minimum(ConditionalFormatType::Number, 0)
                .set_maximum(ConditionalFormatType::Number, 1),
            _ => scale,
        };
        worksheet.add_conditional_format(area.head + 1, *column, area.last, *column, &scale)?;
    }
    Ok(true)
}

/// Returns true for a plot that a workbook shows as a colour scale of its numbers.
pub(crate) fn is_coloured(form: ChartForm) -> bool {
    matches!(form, ChartForm::Calendar | ChartForm::Strips)
}

/// Inserts the plot at a cell, so many pixels wide.
pub(crate) fn place_plot(
    worksheet: &mut Worksheet,
    chart: &ReportChart,
    area: &ChartRange<'_>,
    (row, column, width): (u32, u16, u32),
) -> Result<(), XlsxError> {
    let plot = native_chart(chart, area, width);
    worksheet.insert_chart_with_offset(row, column, &plot, PLOT_GAP, 2)?;
    Ok(())
}

fn native_chart(chart: &ReportChart, area: &ChartRange<'_>, width: u32) -> Plot {
    let mut plot = Plot::new(match chart.form {
        ChartForm::Line | ChartForm::Calendar | ChartForm::Strips => ChartType::Line,
        ChartForm::Bars => ChartType::Column,
        ChartForm::Stacked => ChartType::ColumnStacked,
    });
    let font = |size: f64| {
        let mut font = ChartFont::new();
        font.set_name(FONT).set_size(size);
        font
    };
    plot.title().set_name(&chart.title).set_font(&font(11.0));
    plot.set_width(width).set_height(PLOT_HEIGHT);
    // For screen readers, which cannot read a plot.
    plot.set_alt_text(&chart.title);
    plot.legend()
        .set_position(ChartLegendPosition::Bottom)
        .set_font(&font(TYPE_SIZE));
    plot.x_axis().set_font(&font(TYPE_SIZE));
    plot.y_axis()
        .set_font(&font(TYPE_SIZE))
        .set_name_font(&font(TYPE_SIZE));
    let first = area.head + 1;
    for (index, column) in area.columns.iter().copied().enumerate() {
        let mut look = ChartFormat::new();
        match chart.form {
            ChartForm::Line => look.set_line(
                ChartLine::new()
                    .set_color(xlsx_colour(DrawingColour::Series(index)))
                    .set_width(1.75),
            ),
            _ => look.set_solid_fill(
                ChartSolidFill::new().set_color(xlsx_colour(DrawingColour::Series(index))),
            ),
        };
        plot.add_series()
            .set_name((area.sheet, area.head, column))
            .set_categories((area.sheet, first, 0, area.last, 0))
            .set_values((area.sheet, first, column, area.last, column))
            .set_format(&mut look)
            .set_gap(40);
    }
    if let ChartSteps::Days(_) = chart.along {
        // As a text axis, so that a day without value keeps its place.
        plot.x_axis().set_num_format("d").set_text_axis(true);
    }
    if let ValueKind::Number(measure) = &chart.kind {
        plot.y_axis().set_name(&measure.unit);
    }
    plot
}

fn xlsx_colour(ink: DrawingColour) -> Color {
    let [red, green, blue] = ink.rgb();
    Color::RGB(u32::from(red) << 16 | u32::from(green) << 8 | u32::from(blue))
}

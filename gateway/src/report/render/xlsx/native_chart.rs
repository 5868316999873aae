//! Native plots of the workbook.

use crate::report::render::cell_value::ValueKind;
use crate::report::render::chart::{ChartForm, ChartSteps, DrawingColour, ReportChart};
use rust_xlsxwriter::{
    Chart as Plot, ChartFormat, ChartLegendPosition, ChartLine, ChartSolidFill, ChartType, Color,
    ConditionalFormat2ColorScale, Worksheet, XlsxError,
};

/// Rows covered by a plot.
const PLOT_ROWS: u32 = 19;
/// Width of a plot, pixels.
pub(crate) const PLOT_WIDTH: u32 = 720;

/// Cell range with the numbers of a plot.
pub(crate) struct ChartRange<'a> {
    pub(crate) sheet: &'a str,
    pub(crate) head: u32,
    pub(crate) last: u32,
    pub(crate) columns: u16,
}

/// Inserts the plot beside its numbers at row `at`; returns the first free row below it.
pub(crate) fn place_plot(
    worksheet: &mut Worksheet,
    chart: &ReportChart,
    area: &ChartRange<'_>,
    at: u32,
) -> Result<u32, XlsxError> {
    // A workbook has no calendars and strips: the numbers get a colour scale instead.
    if matches!(chart.form, ChartForm::Calendar | ChartForm::Strips) {
        let scale = ConditionalFormat2ColorScale::new()
            .set_minimum_color(xlsx_colour(DrawingColour::Scale(0.0)))
            .set_maximum_color(xlsx_colour(DrawingColour::Scale(0.8)));
        let (first, right) = (area.head + 1, area.columns.saturating_sub(1));
        worksheet.add_conditional_format(first, 1, area.last, right.max(1), &scale)?;
        return Ok(at);
    }
    let plot = native_chart(chart, area);
    worksheet.insert_chart(at, area.columns + 1, &plot)?;
    Ok(at + PLOT_ROWS)
}

fn native_chart(chart: &ReportChart, area: &ChartRange<'_>) -> Plot {
    let mut plot = Plot::new(match chart.form {
        ChartForm::Line | ChartForm::Calendar | ChartForm::Strips => ChartType::Line,
        ChartForm::Bars => ChartType::Column,
        ChartForm::Stacked => ChartType::ColumnStacked,
    });
    plot.title().set_name(&chart.title);
    plot.set_width(PLOT_WIDTH).set_height(340);
    // For screen readers, which cannot read a plot.
    plot.set_alt_text(&chart.title);
    plot.legend().set_position(ChartLegendPosition::Bottom);
    let first = area.head + 1;
    for index in 0..chart.series.len() {
        let column = u16::try_from(index + 1).unwrap_or(1);
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

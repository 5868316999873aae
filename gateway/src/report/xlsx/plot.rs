//! The workbook's own plots.

use crate::report::chart::{Along, Chart, Form, Ink};
use crate::report::value::Kind;
use rust_xlsxwriter::{
    Chart as Plot, ChartFormat, ChartLegendPosition, ChartLine, ChartSolidFill, ChartType, Color,
    ConditionalFormat2ColorScale, Worksheet, XlsxError,
};

/// Rows that a plot covers.
const ROWS: u32 = 19;

/// Where the numbers of a plot stand.
pub(super) struct Area<'a> {
    pub(super) sheet: &'a str,
    pub(super) head: u32,
    pub(super) last: u32,
    pub(super) columns: u16,
}

/// Puts the plot beside its numbers at row `at`; the first row that is free below it.
pub(super) fn insert(
    worksheet: &mut Worksheet,
    chart: &Chart,
    area: &Area<'_>,
    at: u32,
) -> Result<u32, XlsxError> {
    if chart.form == Form::Calendar {
        let scale = ConditionalFormat2ColorScale::new()
            .set_minimum_color(colour(Ink::Scale(0.0)))
            .set_maximum_color(colour(Ink::Scale(0.8)));
        let (first, right) = (area.head + 1, area.columns.saturating_sub(1));
        worksheet.add_conditional_format(first, 1, area.last, right.max(1), &scale)?;
        return Ok(at);
    }
    let plot = plot(chart, area);
    worksheet.insert_chart(at, area.columns + 1, &plot)?;
    Ok(at + ROWS)
}

fn plot(chart: &Chart, area: &Area<'_>) -> Plot {
    let mut plot = Plot::new(match chart.form {
        Form::Line | Form::Calendar => ChartType::Line,
        Form::Bars => ChartType::Column,
        Form::Stacked => ChartType::ColumnStacked,
    });
    plot.title().set_name(&chart.title);
    plot.set_width(720).set_height(340);
    plot.set_alt_text(&chart.title);
    plot.legend().set_position(ChartLegendPosition::Bottom);
    let first = area.head + 1;
    for index in 0..chart.series.len() {
        let column = u16::try_from(index + 1).unwrap_or(1);
        let mut look = ChartFormat::new();
        match chart.form {
            Form::Line => look.set_line(
                ChartLine::new()
                    .set_color(colour(Ink::Series(index)))
                    .set_width(1.75),
            ),
            _ => look.set_solid_fill(ChartSolidFill::new().set_color(colour(Ink::Series(index)))),
        };
        plot.add_series()
            .set_name((area.sheet, area.head, column))
            .set_categories((area.sheet, first, 0, area.last, 0))
            .set_values((area.sheet, first, column, area.last, column))
            .set_format(&mut look)
            .set_gap(40);
    }
    if let Along::Days(_) = chart.along {
        plot.x_axis().set_num_format("d").set_text_axis(true);
    }
    if let Kind::Number(measure) = &chart.kind {
        plot.y_axis().set_name(&measure.unit);
    }
    plot
}

fn colour(ink: Ink) -> Color {
    let [red, green, blue] = ink.rgb();
    Color::RGB(u32::from(red) << 16 | u32::from(green) << 8 | u32::from(blue))
}

//! [`HeatMap`]: hours of the day over the days of a period, coloured by a mean. A month is a link.

use super::svg_text;
use std::fmt::Write;

/// Number of colours above the lowest.
pub(crate) const HEAT_LEVELS: u8 = 7;
/// Width and height of the field of cells, and the room for its labels at the left and below.
const FIELD: (f64, f64) = (720.0, 168.0);
const LABELS: (f64, f64) = (40.0, 20.0);
/// Hours with a label.
const LABELLED_HOURS: [u8; 5] = [0, 6, 12, 18, 24];
const HOURS: u8 = 24;

/// Means by hour and day.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HeatMap {
    /// Months (or single days) of the period, in order.
    pub(crate) months: Vec<HeatMonth>,
    /// Greatest mean; the last colour.
    pub(crate) most: f64,
}

/// Days of one link: of a month as far as they lie within the period, or one day.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HeatMonth {
    /// Short name; empty when there is no room.
    pub(crate) label: String,
    /// Address of their page.
    pub(crate) link: String,
    /// Days in order.
    pub(crate) days: Vec<HeatDay>,
}

/// One day.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct HeatDay {
    /// The day in words, with its greatest hour.
    pub(crate) text: String,
    /// Mean of each hour; `None` is a gap.
    pub(crate) hours: [Option<f64>; HOURS as usize],
}

impl HeatMap {
    /// The map as an SVG element. Its sentence and its legend stand beside it.
    pub(crate) fn svg(&self) -> String {
        let days: usize = self.months.iter().map(|month| month.days.len()).sum();
        let (width, height) = FIELD;
        let (left, below) = LABELS;
        let column = width / f64::from(u16::try_from(days.max(1)).unwrap_or(u16::MAX));
        let mut svg = format!(
            "<svg class=\"heat\" viewBox=\"0 0 {} {}\" aria-hidden=\"true\"><rect class=\"heat-gap\" \
             x=\"{left}\" y=\"0\" width=\"{width}\" height=\"{height}\"/>",
            left + width,
            height + below
        );
        self.write_cells(&mut svg, column);
        for hour in LABELLED_HOURS {
            // The label of hour 0 would be cut off at the upper edge.
            let y = (height / f64::from(HOURS) * f64::from(hour)).clamp(10.0, height);
            let _ = write!(
                svg,
                "<text class=\"hour\" x=\"{}\" y=\"{y}\">{hour:02}</text>",
                left - 6.0
            );
        }
        self.write_months(&mut svg, column);
        svg.push_str("</svg>");
        svg
    }

    /// Cells of one colour are one path, so that a year has few elements.
    fn write_cells(&self, svg: &mut String, column: f64) {
        let row = FIELD.1 / f64::from(HOURS);
        let mut paths = vec![String::new(); usize::from(HEAT_LEVELS) + 1];
        let days = self.months.iter().flat_map(|month| &month.days);
        let mut x = LABELS.0;
        for day in days {
            for (hour, level) in (0..HOURS).zip(day.hours.map(|mean| self.level(mean))) {
                if let Some(path) = level.and_then(|level| paths.get_mut(usize::from(level))) {
                    let y = row * f64::from(hour);
                    let _ = write!(path, "M{x:.1} {y}h{column:.2}v{row}h-{column:.2}z");
                }
            }
            x += column;
        }
        for (level, path) in paths
            .iter()
            .enumerate()
            .filter(|(_, path)| !path.is_empty())
        {
            let _ = write!(svg, "<path class=\"heat-{level}\" d=\"{path}\"/>");
        }
    }

    /// Colour of a mean; `None` for a gap.
    fn level(&self, mean: Option<f64>) -> Option<u8> {
        // Not a number where all means are zero: no step is below it, and the lowest colour stays.
        let share = mean? / self.most;
        let steps = f64::from(HEAT_LEVELS);
        let above = (1..=HEAT_LEVELS).take_while(|step| share * steps > f64::from(*step) - 0.95);
        Some(above.last().unwrap_or(0))
    }

    /// Names of the months, their borders, and the text of each day.
    fn write_months(&self, svg: &mut String, column: f64) {
        let (_, height) = FIELD;
        let mut x = LABELS.0;
        for month in &self.months {
            let _ = write!(
                svg,
                "<a href=\"{}\" tabindex=\"-1\"><path class=\"border\" d=\"M{x:.1} 0v{height}\"/>\
                 <text class=\"month\" x=\"{:.1}\" y=\"{}\">{}</text>",
                svg_text(&month.link),
                x + 3.0,
                height + 15.0,
                svg_text(&month.label)
            );
            for day in &month.days {
                let _ = write!(
                    svg,
                    "<rect class=\"day\" x=\"{x:.1}\" y=\"0\" width=\"{column:.2}\" \
                     height=\"{height}\"><title>{}</title></rect>",
                    svg_text(&day.text)
                );
                x += column;
            }
            svg.push_str("</a>");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_has_no_cell_and_the_greatest_mean_the_last_colour() {
        let mut hours = [None; 24];
        (hours[0], hours[11], hours[12]) = (Some(0.0), Some(2.0), Some(1.0));
        let day = HeatDay {
            text: "<b>".to_owned(),
            hours,
        };
        let month = HeatMonth {
            label: "Nov".to_owned(),
            link: "?period=2026-11".to_owned(),
            days: vec![day],
        };
        let map = HeatMap {
            months: vec![month],
            most: 2.0,
        };
        let svg = map.svg();
        assert_eq!(svg.matches("class=\"heat-").count(), 4, "{svg}");
        assert!(svg.contains("heat-gap") && svg.contains("heat-0"), "{svg}");
        assert!(svg.contains("heat-4") && svg.contains("heat-7"), "{svg}");
        assert!(!svg.contains("<b>"), "{svg}");
    }
}

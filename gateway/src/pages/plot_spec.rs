//! [`PlotSpec`]: a plot over time: series, bands and marks. `plot_script` makes it what the script
//! draws.
//!
//! Values are either in the page (`Values`, of figures by day) or fetched from `/api/v1/samples`
//! (`Samples`, of one point).

use crate::domain::indicator::DailyValues;
use jiff::tz::TimeZone;

/// A plot over time.
#[derive(Clone, Debug)]
pub(crate) struct PlotSpec {
    /// Start, ms since 1970 UTC.
    pub(crate) from: i64,
    /// End, ms since 1970 UTC.
    pub(crate) to: i64,
    /// Curves and bars, at most six.
    pub(crate) series: Vec<PlotSeries>,
    /// Horizontal bands, such as the best temperatures of a bin.
    pub(crate) bands: Vec<PlotBand>,
    /// Vertical marks, such as feedings and harvests.
    pub(crate) marks: Vec<PlotMark>,
    /// Time from which values are not complete yet, ms: the present day.
    pub(crate) partial_from: Option<i64>,
    /// Reload now and then, because the plot contains the present.
    pub(crate) live: bool,
}

/// One curve or set of bars.
#[derive(Clone, Debug)]
pub(crate) struct PlotSeries {
    /// Name in the language of the page.
    pub(crate) label: String,
    /// Unit as printed; series of one unit share an axis.
    pub(crate) unit: String,
    /// Shape.
    pub(crate) style: PlotStyle,
    /// Values, or where to fetch them.
    pub(crate) data: PlotData,
    /// Drawn dashed and pale: a target, or the period before.
    pub(crate) pale: bool,
}

/// Shape of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlotStyle {
    /// Curve.
    Line,
    /// Curve with a filled area below it.
    Area,
    /// Bars, one a day or bucket.
    Bars,
    /// Level that holds until the next value.
    Steps,
}

/// Values of a series.
#[derive(Clone, Debug)]
pub(crate) enum PlotData {
    /// Values in the page.
    Values {
        /// Start of each value, ms since 1970 UTC.
        t: Vec<i64>,
        /// Values; `None` is a gap.
        v: Vec<Option<f64>>,
    },
    /// Samples of a point as they are, fetched by the script.
    Samples {
        /// `device.point`.
        point: String,
        /// Bucket width as `step=` takes it; empty for every sample.
        step: &'static str,
        /// Aggregate as `agg=` takes it.
        agg: &'static str,
        /// Bucket width, ms; for raw samples the polling interval. Longer gaps are not bridged.
        width: i64,
        /// Also fetches the least and the greatest value of each bucket; never without buckets.
        spread: bool,
    },
    /// Samples of a point, converted along a line: litres of a level, degrees of another unit.
    Converted {
        /// `device.point`.
        point: String,
        /// Bucket width as `step=` takes it.
        step: &'static str,
        /// Aggregate as `agg=` takes it.
        agg: &'static str,
        /// Bucket width, ms. Longer gaps are not bridged.
        width: i64,
        /// Value of the point and value of the plot, at least two pairs by growing value; between
        /// and beyond them the line is straight.
        curve: Vec<(f64, f64)>,
    },
}

/// Horizontal band.
#[derive(Clone, Debug)]
pub(crate) struct PlotBand {
    /// Lower edge, in the unit of the first series.
    pub(crate) from: f64,
    /// Upper edge.
    pub(crate) to: f64,
    /// Text within the band.
    pub(crate) label: String,
    /// `good`, `warn`, `bad`, or `mark` for a plain line; colours only support the label.
    pub(crate) tone: &'static str,
}

/// Vertical mark.
#[derive(Clone, Debug)]
pub(crate) struct PlotMark {
    /// Time, ms since 1970 UTC.
    pub(crate) at: i64,
    /// Text.
    pub(crate) label: String,
}

impl PlotSpec {
    /// Plot of these series from `from` to `to`, without bands and marks.
    pub(crate) fn new(from: i64, to: i64, series: Vec<PlotSeries>) -> Self {
        Self {
            from,
            to,
            series,
            bands: Vec::new(),
            marks: Vec::new(),
            partial_from: None,
            live: false,
        }
    }
}

impl PlotData {
    /// Daily values of a figure, each at the start of its local day, multiplied by `scale`.
    pub(crate) fn of_days(daily: &DailyValues, zone: &TimeZone, scale: f64) -> Self {
        let days = daily.days.iter().filter_map(|(date, value, _)| {
            let start = date.to_zoned_datetime(zone.clone()).ok()?;
            Some((start.timestamp().as_millisecond(), value.map(|v| v * scale)))
        });
        let (t, v) = days.unzip();
        Self::Values { t, v }
    }
}

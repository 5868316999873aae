//! The JSON with which a page hands a plot to the script `plot.js`: the data of each series, and
//! the options of uPlot, as far as they are data.
//!
//! A colour is the name of a CSS variable, which the script looks up in the theme of the page.

use super::plot_spec::{PlotBand, PlotData, PlotMark, PlotSeries, PlotSpec, PlotStyle};
use crate::i18n::Language;
use serde_json::{Map, Value, json};

/// Colours of the series that are not pale, in their order.
const PALETTE: [&str; 6] = [
    "--accent", "--second", "--third", "--fourth", "--fifth", "--sixth",
];
const AXIS_FONT: &str = "12px system-ui, sans-serif";
/// A plot shows at least this span, ms.
const SPAN_MIN_MS: i64 = 60_000;
/// Time between two loads of a plot with buckets, and of one with every sample, ms.
const RELOAD_MS: (i64, i64) = (60_000, 10_000);
/// Widths of labels on the axis of time, s.
const DAY_S: i64 = 86_400;
// The shortest month: a step of any month is at least this.
const MONTH_S: i64 = 28 * DAY_S;

impl PlotSpec {
    /// JSON for a `<script type="application/json">`: no text can end the element.
    pub(crate) fn json(&self, lang: Language) -> String {
        self.script_value(lang).to_string().replace('<', "\\u003c")
    }

    fn script_value(&self, lang: Language) -> Value {
        let coloured: Vec<&PlotSeries> = self.series.iter().filter(|one| !one.pale).collect();
        let lines = self.series.iter().map(|one| {
            // By identity: two series may have equal content.
            let place = coloured.iter().position(|other| std::ptr::eq(*other, one));
            line_value(one, PALETTE[place.unwrap_or(0) % PALETTE.len()])
        });
        let to = self.to.max(self.from + SPAN_MIN_MS);
        let months = lang.locale().months.iter();
        json!({
            "from": self.from,
            "to": self.to,
            "range": [seconds(self.from), seconds(to)],
            "series": self.series.iter().map(series_value).collect::<Vec<_>>(),
            "options": {
                "lines": lines.collect::<Vec<_>>(),
                "axes": self.axes(),
                "scales": self.scales(),
                "time": { "label": lang.text("web-time"), "value": self.time_form(lang) },
            },
            "months": months.map(|names| names[1]).collect::<Vec<_>>(),
            "bands": self.bands.iter().map(band_value).collect::<Vec<_>>(),
            "marks": self.mark_values(lang),
            "reload": self.reload_ms(),
        })
    }

    /// Units in the order of the series; the first two have an axis.
    fn units(&self) -> Vec<&str> {
        let mut units: Vec<&str> = Vec::new();
        for unit in self.series.iter().map(scale_name) {
            if !units.contains(&unit) {
                units.push(unit);
            }
        }
        units
    }

    fn axes(&self) -> Vec<Value> {
        let grid = json!({ "stroke": "--line", "width": 1 });
        let common = json!({
            "stroke": "--soft", "font": AXIS_FONT, "labelFont": AXIS_FONT, "labelSize": 18,
            "ticks": { "show": false }, "grid": grid,
        });
        let with = |more: Value| {
            let parts = [common.clone(), more].into_iter();
            let parts = parts.filter_map(|part| part.as_object().cloned()).flatten();
            Value::Object(parts.collect())
        };
        // The least step, the label, and what follows it where a year or a day begins.
        let no = Value::Null;
        let time = json!([
            [MONTH_S, "{MMM}", "\n{YYYY}", no, no, no, no, no, 1],
            [DAY_S, "{D} {MMM}", "\n{YYYY}", no, no, no, no, no, 1],
            [1, "{HH}:{mm}", no, no, "\n{D} {MMM}", no, no, no, 1],
        ]);
        let mut axes = vec![with(json!({ "values": time, "space": 60 }))];
        // One at the left and one at the right; a third would have no side.
        for (at, unit) in self.units().into_iter().take(2).enumerate() {
            let label = (unit != NO_UNIT).then_some(unit);
            let mut side = json!({
                "scale": unit, "side": if at == 0 { 3 } else { 1 }, "size": 58, "label": label,
            });
            if at > 0 {
                side["grid"] = json!({ "show": false });
            }
            axes.push(with(side));
        }
        axes
    }

    /// Range of each unit: with bars or areas from zero, else with room around the values.
    fn scales(&self) -> Value {
        let mut scales = Map::new();
        for unit in self.units() {
            let mut own = self.series.iter().filter(|one| scale_name(one) == unit);
            let is_filled = own.any(|one| matches!(one.style, PlotStyle::Bars | PlotStyle::Area));
            let room = json!({ "pad": 0.08, "soft": 0, "mode": 3 });
            let range = if is_filled {
                json!({ "min": { "pad": 0, "soft": 0, "mode": 1 }, "max": { "pad": 0.08 } })
            } else {
                json!({ "min": room, "max": room })
            };
            scales.insert(unit.to_owned(), json!({ "range": range }));
        }
        Value::Object(scales)
    }

    /// Form of the time below the plot: bars of figures are days or months.
    fn time_form(&self, lang: Language) -> String {
        let is_daily = |one: &PlotSeries| {
            one.style == PlotStyle::Bars && matches!(one.data, PlotData::Values { .. })
        };
        if !self.series.iter().all(is_daily) {
            return "{D} {MMM} {HH}:{mm}".to_owned();
        }
        let form = lang.locale().date_form;
        let form = form.replace("{day}", "{D}").replace("{month}", "{MMM}");
        form.replace("{year}", "{YYYY}")
    }

    /// Marks by time, with the one from which values are not complete yet.
    fn mark_values(&self, lang: Language) -> Vec<Value> {
        let partial = self.partial_from.map(|at| PlotMark {
            at,
            label: lang.text("web-partial"),
        });
        let mut marks: Vec<&PlotMark> = partial.iter().chain(&self.marks).collect();
        marks.sort_by_key(|mark| mark.at);
        let value = |mark: &&PlotMark| json!({ "at": seconds(mark.at), "label": mark.label });
        marks.iter().map(value).collect()
    }

    /// Time after which the samples are loaded again, ms; 0: never.
    fn reload_ms(&self) -> i64 {
        let step_of = |one: &PlotSeries| match &one.data {
            PlotData::Values { .. } => None,
            PlotData::Samples { step, .. } | PlotData::Converted { step, .. } => Some(*step),
        };
        let steps: Vec<&str> = self.series.iter().filter_map(step_of).collect();
        match steps.first() {
            Some(_) if !self.live => 0,
            Some(&"") => RELOAD_MS.1,
            Some(_) => RELOAD_MS.0,
            None => 0,
        }
    }
}

/// Scale of numbers without a unit.
const NO_UNIT: &str = "1";

fn scale_name(series: &PlotSeries) -> &str {
    if series.unit.is_empty() {
        NO_UNIT
    } else {
        &series.unit
    }
}

#[expect(clippy::cast_precision_loss, reason = "times are far below 2^53 ms")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

/// Data of a series, and the shape of its line as name and options of uPlot's `paths`.
fn series_value(series: &PlotSeries) -> Value {
    let shape = match series.style {
        PlotStyle::Bars => {
            let share = if series.pale { 0.85 } else { 0.6 };
            json!(["bars", { "size": [share, 48], "align": 1 }])
        }
        PlotStyle::Steps => json!(["stepped", { "align": 1 }]),
        PlotStyle::Line | PlotStyle::Area => Value::Null,
    };
    let mut value = data_value(&series.data);
    value["unit"] = json!(series.unit);
    value["shape"] = shape;
    value["bars"] = json!(series.style == PlotStyle::Bars);
    value
}

/// Look of a series, as uPlot takes it.
fn line_value(series: &PlotSeries, main: &str) -> Value {
    let is_bars = series.style == PlotStyle::Bars;
    let stroke = if series.pale && !is_bars {
        "--soft"
    } else {
        main
    };
    let label = match series.unit.as_str() {
        "" => series.label.clone(),
        unit => format!("{} ({unit})", series.label),
    };
    let width = match (is_bars, series.pale) {
        (true, _) => 0.0,
        (false, true) => 1.5,
        (false, false) => 2.0,
    };
    let mut line = json!({
        "label": label, "scale": scale_name(series), "stroke": stroke, "width": width,
    });
    if series.pale && !is_bars {
        line["dash"] = json!([6, 4]);
    }
    match series.style {
        PlotStyle::Area => line["fill"] = json!("--band"),
        PlotStyle::Bars => line["fill"] = json!(if series.pale { "--line" } else { main }),
        PlotStyle::Line | PlotStyle::Steps => {}
    }
    line
}

fn data_value(data: &PlotData) -> Value {
    match data {
        PlotData::Values { t, v } => json!({ "t": t, "v": v }),
        PlotData::Samples {
            point,
            step,
            agg,
            width,
            spread,
        } => json!({ "point": point, "step": step, "agg": agg, "width": width, "spread": spread }),
        PlotData::Converted {
            point,
            step,
            agg,
            width,
            curve,
        } => json!({ "point": point, "step": step, "agg": agg, "width": width, "curve": curve }),
    }
}

/// A band; a plain line always has its label, a band only where there is room.
fn band_value(band: &PlotBand) -> Value {
    let (ink, alpha) = match band.tone {
        "good" => ("--ok", 0.13),
        "warn" => ("--doubtful", 0.13),
        "bad" => ("--fault", 0.13),
        _ => ("--soft", 0.5),
    };
    json!({
        "from": band.from, "to": band.to, "label": band.label, "ink": ink, "alpha": alpha,
        "plain": band.tone == "mark",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(label: &str, unit: &str, style: PlotStyle, pale: bool) -> PlotSeries {
        let data = PlotData::Values {
            t: vec![0, 3_600_000],
            v: vec![Some(1.0), None],
        };
        PlotSeries {
            label: label.to_owned(),
            unit: unit.to_owned(),
            style,
            data,
            pale,
        }
    }

    #[test]
    fn a_plot_of_two_units_has_two_axes_and_bars_stand_on_zero() {
        let all = vec![
            series("Energi", "kWh", PlotStyle::Bars, false),
            series("Suhu", "°C", PlotStyle::Line, false),
            series("Target", "kWh", PlotStyle::Steps, true),
        ];
        let value = PlotSpec::new(0, 7_200_000, all).script_value(Language::Id);
        assert_eq!(value["options"]["axes"][1]["label"], "kWh");
        assert_eq!(value["options"]["axes"][2]["side"], 1);
        assert_eq!(value["options"]["axes"][3], Value::Null);
        assert_eq!(value["options"]["scales"]["kWh"]["range"]["min"]["mode"], 1);
        assert_eq!(value["options"]["scales"]["°C"]["range"]["min"]["mode"], 3);
        assert_eq!(value["options"]["lines"][1]["stroke"], "--second");
        assert_eq!(value["options"]["lines"][2]["dash"], json!([6, 4]));
        assert_eq!(value["months"][4], "Mei");
        assert_eq!(value["reload"], 0);
    }

    #[test]
    fn a_zero_width_plot_spans_a_minute_and_the_partial_day_is_marked_in_its_place() {
        let bars = series("Energi", "kWh", PlotStyle::Bars, false);
        let mark = |at| PlotMark {
            at,
            label: "</script>".to_owned(),
        };
        let spec = PlotSpec {
            partial_from: Some(2000),
            marks: vec![mark(3000), mark(1000)],
            ..PlotSpec::new(5000, 5000, vec![bars])
        };
        let value = spec.script_value(Language::En);
        assert_eq!(value["range"], json!([5.0, 65.0]));
        let at: Vec<&Value> = (0..3).map(|place| &value["marks"][place]["at"]).collect();
        assert_eq!(at, [&json!(1.0), &json!(2.0), &json!(3.0)]);
        assert_eq!(value["options"]["time"]["value"], "{D} {MMM} {YYYY}");
        assert!(!spec.json(Language::En).contains("</"));
    }

    #[test]
    fn only_a_plot_with_samples_of_the_present_is_loaded_again() {
        let samples = |step| PlotSeries {
            data: PlotData::Samples {
                point: "a.b".to_owned(),
                step,
                agg: "mean",
                width: 1000,
                spread: false,
            },
            ..series("Daya", "W", PlotStyle::Line, false)
        };
        let spec = |step, live| PlotSpec {
            live,
            ..PlotSpec::new(0, 1000, vec![samples(step)])
        };
        assert_eq!(spec("2m", true).reload_ms(), 60_000);
        assert_eq!(spec("", true).reload_ms(), 10_000);
        assert_eq!(spec("2m", false).reload_ms(), 0);
    }
}

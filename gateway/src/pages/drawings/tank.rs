//! [`TankDrawing`]: a tank with its water, litres, inlet, outlet and scale.
//!
//! ```text
//! TankDrawing::of_figures(&asset, tank, &today).svg()      // <svg class="tank">...</svg>
//! ```

use super::svg_text;
use crate::assets::tank::geometry::{TankGeometry, tank_volume};
use crate::assets::tank::tank_sums::tank_geometry;
use crate::assets::{Asset, TankAsset, TankShape};
use crate::domain::period::Period;
use crate::formulas::claim_rounding::{RoundingMode, decimal_magnitude, round_decimals};
use crate::i18n::Language;
use crate::pages::site_figures::SiteFigures;
use crate::report::render::number_format;
use std::fmt::Write;

/// Place of the tank's inside within the drawing: left, right, top, bottom.
const BODY: (f64, f64, f64, f64) = (104.0, 222.0, 26.0, 204.0);
/// Height of a line of the words beside a pipe.
const FLOW_LINE: f64 = 13.0;
/// Steps of the scale.
const SCALE_STEPS: u8 = 4;
/// Significant digits of litres: no sensor of a tank knows more.
const LITRE_DIGITS: i32 = 3;

/// A tank as it is drawn. Heights are shares of the inside, 0 at the bottom and 1 at the top.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TankDrawing {
    /// Id of the asset, which makes the ids within the drawing unique on a page.
    pub(crate) id: String,
    /// Outline.
    pub(crate) outline: TankOutline,
    /// Height of the water; `None` without a reading.
    pub(crate) level: Option<f64>,
    /// Height of the overflow.
    pub(crate) full: f64,
    /// Height of the outlet.
    pub(crate) outlet: f64,
    /// Filling: `37%`; without a reading the reason.
    pub(crate) fill: String,
    /// Water within: `1.540 L`; empty without a reading.
    pub(crate) litres: String,
    /// Marks of the scale, with their litres.
    pub(crate) scale: Vec<(f64, String)>,
    /// Water in and out, in words; empty when it is not known.
    pub(crate) flows: [String; 2],
    /// Time in which that water flowed, in words; empty where the page says it.
    pub(crate) when: String,
    /// The drawing in a sentence, for screen readers.
    pub(crate) summary: String,
}

/// Outline of a tank, seen from the side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TankOutline {
    /// Straight walls.
    Upright,
    /// Lying cylinder.
    Lying,
    /// Cylinder on a cone; the share of the cone in percent of the height.
    Cone(u8),
}

impl TankDrawing {
    /// Drawing of a tank by the figures of a period; of the present day it says so.
    pub(crate) fn of_figures(asset: &Asset, tank: &TankAsset, figures: &SiteFigures) -> Self {
        let lang = figures.lang;
        let today = figures.config.site.timezone.date(figures.now);
        let is_today = figures.account.period == Period::Day(today);
        let own = Some(&*asset.id);
        let geometry = tank.shape.as_ref().map(tank_geometry);
        let geometry = geometry.unwrap_or(TankGeometry::Strapping(Vec::new()));
        let (bottom, top) = geometry.levels().unwrap_or((0.0, 1.0));
        let share = |level: f64| ((level - bottom) / (top - bottom)).clamp(0.0, 1.0);
        let volume = |level: f64| tank_volume(&geometry, Some(level)).v_m3.unwrap_or(0.0);
        let stock = figures.value(own, "tank.volume_last");
        let filled = figures.value(own, "tank.fill_last");
        let reason = figures.figure(own, "tank.fill_last").map(|one| one.reason);
        let fill = match filled {
            Some(percent) => number_format::format_percent(lang, percent / 100.0, 0),
            None => reason.unwrap_or_default(),
        };
        let litres = stock.map_or_else(String::new, |m3| litres_text(lang, m3));
        let flow = |id: &str, key: &str| match figures.figure(own, id) {
            Some(one) if one.has_value() => {
                lang.text_with(key, &[("amount", &format!("{} {}", one.value, one.unit))])
            }
            _ => String::new(),
        };
        let scale = (0..=SCALE_STEPS).map(|step| {
            let share = f64::from(step) / f64::from(SCALE_STEPS);
            let level = bottom + share * (top - bottom);
            (share, litres_text(lang, volume(level)))
        });
        let args = [
            ("name", &*asset.name),
            ("fill", &*fill),
            ("litres", &*litres),
        ];
        let key = if stock.is_some() {
            "tank-drawn"
        } else {
            "tank-drawn-empty"
        };
        Self {
            id: asset.id.to_string(),
            outline: outline_of(tank.shape.as_ref()),
            level: stock.map(|m3| share(level_of_volume(&geometry, m3))),
            full: share(tank.full_m),
            outlet: share(tank.outlet_m),
            scale: scale.collect(),
            flows: [
                flow("tank.inflow", "tank-flow-in"),
                flow("tank.outflow", "tank-flow-out"),
            ],
            when: if is_today {
                lang.text("assets-today")
            } else {
                String::new()
            },
            summary: lang.text_with(key, &args),
            fill,
            litres,
        }
    }

    /// The drawing as an SVG element.
    pub(crate) fn svg(&self) -> String {
        let mut svg = format!(
            "<svg class=\"tank\" viewBox=\"0 0 320 224\" role=\"img\" aria-label=\"{}\">",
            svg_text(&self.summary)
        );
        let (left, right, top, bottom) = BODY;
        let path = self.outline.path();
        let clip = svg_text(&self.id);
        let _ = write!(
            svg,
            "<clipPath id=\"tank-{clip}\"><path d=\"{path}\"/></clipPath><path class=\"inside\" \
             d=\"{path}\"/>"
        );
        if let Some(level) = self.level {
            let surface = height_of(level);
            let (width, depth) = (right - left, bottom - surface);
            let _ = write!(
                svg,
                "<g clip-path=\"url(#tank-{clip})\"><rect class=\"water\" x=\"{left}\" \
                 y=\"{surface:.1}\" width=\"{width}\" height=\"{depth:.1}\"/><path class=\"surface\" \
                 d=\"M{left} {surface:.1}H{right}\"/></g>"
            );
        }
        let _ = write!(svg, "<path class=\"wall\" d=\"{path}\"/>");
        self.write_scale(&mut svg);
        self.write_pipes(&mut svg);
        let middle = f64::midpoint(left, right);
        let class = if self.level.is_some() {
            "fill"
        } else {
            "reason"
        };
        let high = f64::midpoint(top, bottom);
        let _ = write!(
            svg,
            "<text class=\"{class}\" x=\"{middle}\" y=\"{high}\">{}</text><text class=\"litres\" \
             x=\"{middle}\" y=\"{}\">{}</text></svg>",
            svg_text(if self.level.is_some() {
                &self.fill
            } else {
                "–"
            }),
            high + 22.0,
            svg_text(&self.litres)
        );
        svg
    }

    /// Scale in litres on the right.
    fn write_scale(&self, svg: &mut String) {
        let (_, right, ..) = BODY;
        for (share, text) in &self.scale {
            let y = height_of(*share);
            let _ = write!(
                svg,
                "<path class=\"tick\" d=\"M{} {y:.1}h8\"/><text class=\"mark\" x=\"{}\" \
                 y=\"{:.1}\">{}</text>",
                right + 4.0,
                right + 16.0,
                y + 4.0,
                svg_text(text)
            );
        }
    }

    /// Inlet above, outlet and overflow at their heights, with the water that flowed.
    fn write_pipes(&self, svg: &mut String) {
        let (left, _, top, bottom) = BODY;
        let out = (height_of(self.outlet) - 4.0).min(bottom - 6.0);
        let (full, inlet) = (height_of(self.full), top - 12.0);
        let _ = write!(
            svg,
            "<path class=\"pipe\" d=\"M8 {inlet}H{}v16\"/><path class=\"pipe\" d=\"M{left} \
             {out:.1}H12\"/><path class=\"arrow\" d=\"M{} {}l5 8 5-8z\"/><path class=\"arrow\" d=\"M12 \
             {:.1}l-8 5 8 5z\"/>",
            left + 14.0,
            left + 9.0,
            inlet + 14.0,
            out - 5.0
        );
        if self.full < 0.995 {
            let _ = write!(svg, "<path class=\"full\" d=\"M{left} {full:.1}h118\"/>");
        }
        // The outlet has its pipe below the words, the inlet above them.
        let raised = if self.when.is_empty() { 0.0 } else { FLOW_LINE };
        let texts = self.flows.iter().zip([inlet + 18.0, out - 10.0 - raised]);
        for (text, y) in texts.filter(|(text, _)| !text.is_empty()) {
            for (line, y) in [(text, y), (&self.when, y + FLOW_LINE)] {
                let _ = write!(
                    svg,
                    "<text class=\"flow\" x=\"4\" y=\"{y:.1}\">{}</text>",
                    svg_text(line)
                );
            }
        }
    }
}

impl TankOutline {
    fn path(self) -> String {
        let (left, right, top, bottom) = BODY;
        match self {
            Self::Upright => format!(
                "M{left} {top}V{}q0 10 10 10H{}q10 0 10-10V{top}z",
                bottom - 10.0,
                right - 10.0
            ),
            Self::Lying => {
                let (x, y) = ((right - left) / 2.0, (bottom - top) / 2.0);
                let middle = top + y;
                format!("M{left} {middle}a{x} {y} 0 0 1 118 0a{x} {y} 0 0 1 -118 0z")
            }
            Self::Cone(percent) => {
                let cone = bottom - (bottom - top) * f64::from(percent.min(95)) / 100.0;
                let middle = f64::midpoint(left, right);
                format!(
                    "M{left} {top}V{cone:.1}L{} {bottom}h16L{right} {cone:.1}V{top}z",
                    middle - 8.0
                )
            }
        }
    }
}

/// Litres of a volume, with three significant digits.
pub(crate) fn litres_text(lang: Language, m3: f64) -> String {
    let litres = m3 * 1000.0;
    let decimals = LITRE_DIGITS - 1 - decimal_magnitude(litres).unwrap_or(0);
    let rounded = round_decimals(litres, decimals.min(0), RoundingMode::Nearest);
    number_format::format_quantity(lang, rounded, "L", 0)
}

/// Height within the drawing of a share of the inside.
fn height_of(share: f64) -> f64 {
    let (.., top, bottom) = BODY;
    bottom - share.clamp(0.0, 1.0) * (bottom - top)
}

/// Level at which a tank holds this volume, m.
fn level_of_volume(geometry: &TankGeometry, m3: f64) -> f64 {
    let (mut low, mut high) = geometry.levels().unwrap_or((0.0, 0.0));
    // More level is never less water, so halving finds it; 40 halvings of a tank are below a nm.
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        match tank_volume(geometry, Some(middle)).v_m3 {
            Some(volume) if volume < m3 => low = middle,
            _ => high = middle,
        }
    }
    high
}

fn outline_of(shape: Option<&TankShape>) -> TankOutline {
    match shape {
        Some(TankShape::HorizontalCylinder { .. }) => TankOutline::Lying,
        Some(TankShape::CylinderOnCone {
            cone_height_m,
            cylinder_height_m,
            ..
        }) => {
            let cone = 100.0 * cone_height_m / (cone_height_m + cylinder_height_m);
            let parts = (0..=100_u8).take_while(|percent| f64::from(*percent) <= cone);
            TankOutline::Cone(parts.last().unwrap_or(0))
        }
        _ => TankOutline::Upright,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> TankDrawing {
        TankDrawing {
            id: "tank".to_owned(),
            outline: TankOutline::Upright,
            level: Some(0.5),
            full: 1.0,
            outlet: 0.05,
            fill: "50%".to_owned(),
            litres: "4.990 L".to_owned(),
            scale: vec![(0.0, "0 L".to_owned()), (1.0, "9.970 L".to_owned())],
            flows: ["<b>".to_owned(), String::new()],
            when: String::new(),
            summary: "Tandon \"air\" <script>".to_owned(),
        }
    }

    #[test]
    fn water_stands_at_its_level_and_no_text_leaves_its_element() {
        let svg = drawing().svg();
        assert!(
            svg.contains("y=\"115.0\" width=\"118\" height=\"89.0\""),
            "{svg}"
        );
        assert!(!svg.contains("<script") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("aria-label=\"Tandon &quot;air&quot;"), "{svg}");
    }

    #[test]
    fn water_that_flowed_today_says_so_at_each_pipe() {
        let today = TankDrawing {
            flows: ["Masuk 1 m³".to_owned(), "Keluar 2 m³".to_owned()],
            when: "hari ini".to_owned(),
            ..drawing()
        };
        assert_eq!(today.svg().matches(">hari ini</text>").count(), 2);
    }

    #[test]
    fn without_a_reading_no_water_is_drawn() {
        let empty = TankDrawing {
            level: None,
            litres: String::new(),
            ..drawing()
        };
        assert!(!empty.svg().contains("class=\"water\""));
    }

    #[test]
    fn the_level_of_a_volume_is_found_in_every_shape() {
        let lying = TankGeometry::HorizontalCylinder {
            radius: 0.5,
            length: 2.0,
        };
        let volume = tank_volume(&lying, Some(0.3)).v_m3.unwrap();
        assert!((level_of_volume(&lying, volume) - 0.3).abs() < 1e-9);
        let steps = TankGeometry::Strapping(vec![(0.0, 0.0), (0.5, 0.4), (1.0, 1.0)]);
        assert!((level_of_volume(&steps, 0.7) - 0.75).abs() < 1e-9);
    }

    #[test]
    fn litres_have_the_digits_that_a_sensor_knows() {
        let text = |m3| litres_text(Language::Id, m3).replace('\u{a0}', " ");
        assert_eq!(text(3.698_42), "3.700 L");
        assert_eq!(text(0.045_6), "46 L");
        assert_eq!(text(0.0), "0 L");
    }
}

//! [`StackedBar`]: one whole, divided into its parts: hours in each temperature band, energy used
//! and exported.

use super::svg_text;
use std::fmt::Write;

/// Width and height of the bar within its drawing.
const BAR: (f64, f64) = (600.0, 26.0);

/// A whole with its parts, which are listed below the bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StackedBar {
    /// Title.
    pub(crate) title: String,
    /// Parts from left to right.
    pub(crate) parts: Vec<BarPart>,
}

/// Part of a bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BarPart {
    /// CSS class of its colour, `part-NAME`; the text says the same in words.
    pub(crate) tone: &'static str,
    /// Name.
    pub(crate) label: String,
    /// Size with its unit.
    pub(crate) text: String,
    /// Size, 0 or more.
    pub(crate) size: f64,
    /// Address of the explanation; empty when there is none.
    pub(crate) explain: String,
}

impl StackedBar {
    /// The bar; `None` when it has no size.
    pub(crate) fn new(title: String, parts: Vec<BarPart>) -> Option<Self> {
        let whole: f64 = parts.iter().map(|part| part.size).sum();
        (whole > 0.0).then_some(Self { title, parts })
    }

    /// Share of a part in percent, without decimals.
    pub(crate) fn share(&self, part: &BarPart) -> f64 {
        let whole: f64 = self.parts.iter().map(|part| part.size).sum();
        100.0 * part.size / whole
    }

    /// The bar as an SVG element; the list of the parts beside it says the same.
    pub(crate) fn svg(&self) -> String {
        let (width, height) = BAR;
        let mut svg = format!(
            "<svg class=\"stacked\" viewBox=\"0 0 {width} {height}\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\">"
        );
        let mut left = 0.0;
        for part in self.parts.iter().filter(|part| part.size > 0.0) {
            let wide = width * self.share(part) / 100.0;
            let _ = write!(
                svg,
                "<rect class=\"part-{}\" x=\"{left:.2}\" y=\"0\" width=\"{wide:.2}\" \
                 height=\"{height}\"><title>{}: {}</title></rect>",
                part.tone,
                svg_text(&part.label),
                svg_text(&part.text)
            );
            left += wide;
        }
        svg.push_str("</svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(size: f64) -> BarPart {
        BarPart {
            tone: "good",
            label: "<optimal>".to_owned(),
            text: "6 jam".to_owned(),
            size,
            explain: String::new(),
        }
    }

    #[test]
    fn parts_fill_the_bar_and_empty_ones_are_not_drawn() {
        let parts = vec![part(6.0), part(0.0), part(18.0)];
        let bar = StackedBar::new("Suhu".to_owned(), parts).unwrap();
        let svg = bar.svg();
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(
            svg.contains("width=\"150.00\"") && svg.contains("x=\"150.00\""),
            "{svg}"
        );
        assert!(svg.contains("&lt;optimal&gt;"), "{svg}");
        assert_eq!(StackedBar::new(String::new(), vec![part(0.0)]), None);
    }
}

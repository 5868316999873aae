//! Drawing as a list of marks, written as SVG or painted onto a PDF page.

use std::fmt::Write as _;

/// Type size in plots, points.
pub(crate) const PLOT_TYPE_SIZE: f64 = 7.5;

/// Drawing. Coordinates are points (1/72 inch) from the top left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartDrawing {
    /// Width, points.
    pub width: f64,
    /// Height, points.
    pub height: f64,
    /// Title, for screen readers.
    pub title: String,
    /// Marks, lowest layer first.
    pub marks: Vec<DrawingMark>,
}

/// Mark of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum DrawingMark {
    /// Filled rectangle: left, top, width, height in points.
    Rect([f64; 4], DrawingColour),
    /// Line through points.
    Line {
        /// Points, at least two.
        points: Vec<(f64, f64)>,
        /// Colour.
        ink: DrawingColour,
        /// Width, points.
        width: f64,
        /// True for a dashed line.
        dashed: bool,
    },
    /// Filled polygon.
    Area(Vec<(f64, f64)>, DrawingColour),
    /// Filled circle: centre and radius in points.
    Dot(f64, f64, f64, DrawingColour),
    /// Line of text.
    Text {
        /// Anchor point; `y` is the base line.
        at: (f64, f64),
        /// Part of the text at the anchor point.
        anchor: TextAnchor,
        /// Type size, points.
        size: f64,
        /// Colour.
        ink: DrawingColour,
        /// Text.
        text: String,
    },
}

/// Part of a text that is at its anchor point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextAnchor {
    /// Start of the text.
    Start,
    /// Middle of the text.
    Middle,
    /// End of the text.
    End,
}

/// Colour by its meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DrawingColour {
    /// Colour of the series with this index.
    Series(usize),
    /// Position on the colour scale, 0 lightest, 1 darkest.
    Scale(f64),
    /// Text.
    Text,
    /// Secondary text and lines.
    Faint,
    /// Grid lines.
    Grid,
    /// Target line.
    Target,
    /// Place of a missing value.
    Missing,
    /// Less than enough was measured.
    Partial,
    /// Background of paper.
    Paper,
}

/// Series colours that stay distinct in print and for colour-blind readers (after Okabe and Ito),
/// starting with the programme's green.
const SERIES_RGB: [[u8; 3]; 6] = [
    [15, 118, 110],
    [230, 159, 0],
    [0, 114, 178],
    [204, 121, 167],
    [140, 86, 75],
    [86, 180, 233],
];

impl DrawingColour {
    /// Returns red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::Series(index) => SERIES_RGB[index % SERIES_RGB.len()],
            Self::Scale(share) => blend_rgb([222, 240, 237], [13, 94, 88], share),
            Self::Text => [31, 41, 51],
            Self::Faint => [96, 108, 118],
            Self::Grid => [222, 226, 230],
            Self::Target => [192, 57, 43],
            Self::Missing => [235, 236, 238],
            Self::Partial => [244, 178, 80],
            Self::Paper => [255, 255, 255],
        }
    }
}

/// Returns the nearest number of 0 to 255.
pub(super) fn rounded_byte(value: f64) -> u8 {
    let whole = value.round().clamp(0.0, 255.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded and held within 0..=255"
    )]
    let byte = whole as u8;
    byte
}

fn blend_rgb(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let share = share.clamp(0.0, 1.0);
    let mix = |from: u8, to: u8| {
        rounded_byte(f64::from(from) + (f64::from(to) - f64::from(from)) * share)
    };
    [
        mix(from[0], to[0]),
        mix(from[1], to[1]),
        mix(from[2], to[2]),
    ]
}

impl ChartDrawing {
    /// Creates an empty drawing.
    pub fn new(title: &str, width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            title: title.to_owned(),
            marks: Vec::new(),
        }
    }

    /// Adds a text.
    pub(crate) fn text(
        &mut self,
        at: (f64, f64),
        anchor: TextAnchor,
        ink: DrawingColour,
        text: &str,
    ) {
        self.marks.push(DrawingMark::Text {
            at,
            anchor,
            size: PLOT_TYPE_SIZE,
            ink,
            text: text.to_owned(),
        });
    }

    /// Adds a line.
    pub(crate) fn push_line(
        &mut self,
        points: Vec<(f64, f64)>,
        ink: DrawingColour,
        width: f64,
        dashed: bool,
    ) {
        self.marks.push(DrawingMark::Line {
            points,
            ink,
            width,
            dashed,
        });
    }

    /// Returns the drawing as a self-contained SVG file.
    pub fn to_svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let title = escape_xml(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.2} {height:.2}\" \
             role=\"img\" font-family=\"Noto Sans, sans-serif\"><title>{title}</title>"
        );
        for mark in &self.marks {
            // Writing to a string does not fail.
            let _ = write_svg_mark(&mut svg, mark);
        }
        svg.push_str("</svg>");
        svg
    }
}

fn write_svg_mark(svg: &mut String, mark: &DrawingMark) -> std::fmt::Result {
    match mark {
        DrawingMark::Rect([x, y, width, height], ink) => write!(
            svg,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" \
             fill=\"{}\"/>",
            hex_colour(*ink)
        ),
        DrawingMark::Area(points, ink) => write!(
            svg,
            "<polygon points=\"{}\" fill=\"{}\"/>",
            point_list(points),
            hex_colour(*ink)
        ),
        DrawingMark::Line {
            points,
            ink,
            width,
            dashed,
        } => {
            let dash = if *dashed {
                " stroke-dasharray=\"4 3\""
            } else {
                ""
            };
            write!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{dash}/>",
                point_list(points),
                hex_colour(*ink)
            )
        }
        DrawingMark::Dot(x, y, radius, ink) => write!(
            svg,
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius:.2}\" fill=\"{}\"/>",
            hex_colour(*ink)
        ),
        DrawingMark::Text {
            at: (x, y),
            anchor,
            size,
            ink,
            text,
        } => {
            let anchor = match anchor {
                TextAnchor::Start => "start",
                TextAnchor::Middle => "middle",
                TextAnchor::End => "end",
            };
            write!(
                svg,
                "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\" \
                 fill=\"{}\">{}</text>",
                hex_colour(*ink),
                escape_xml(text)
            )
        }
    }
}

fn point_list(points: &[(f64, f64)]) -> String {
    let list = points.iter().map(|(x, y)| format!("{x:.2},{y:.2}"));
    list.collect::<Vec<_>>().join(" ")
}

fn hex_colour(ink: DrawingColour) -> String {
    let [red, green, blue] = ink.rgb();
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escape_xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Titles and labels come from the configuration: they must not add markup to the page.
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            // Control characters are not allowed in XML.
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

//! A drawing as a short list of marks, written as SVG or painted onto paper.

use std::fmt::Write as _;

/// A drawing. Coordinates are points (1/72 inch) from its top left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Its width, points.
    pub width: f64,
    /// Its height, points.
    pub height: f64,
    /// What it shows, in words.
    pub title: String,
    /// Its marks, the lowest first.
    pub marks: Vec<Mark>,
}

/// One mark of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A filled rectangle: left, top, width, height in points.
    Rect([f64; 4], Ink),
    /// A line through points.
    Line {
        /// The points, at least two.
        points: Vec<(f64, f64)>,
        /// Its colour.
        ink: Ink,
        /// Its width, points.
        width: f64,
        /// Dashed instead of whole.
        dashed: bool,
    },
    /// A filled circle: centre and radius in points.
    Dot(f64, f64, f64, Ink),
    /// A line of text.
    Text {
        /// Where it is anchored; `y` is the base line.
        at: (f64, f64),
        /// Which part of it is there.
        anchor: Anchor,
        /// Type size, points.
        size: f64,
        /// Its colour.
        ink: Ink,
        /// The text.
        text: String,
    },
}

/// Which part of a text is at its anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A colour by its meaning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ink {
    /// The colour of a series.
    Series(usize),
    /// A share of one between the lightest and the darkest of a scale.
    Scale(f64),
    /// Text.
    Text,
    /// Text and lines that step back.
    Faint,
    /// Lines behind the plot.
    Grid,
    /// The target.
    Target,
    /// A place where a value is missing.
    Missing,
    /// Paper.
    Paper,
}

/// Colours that are told apart in print and by colour-blind eyes (after Okabe and Ito), the
/// programme's green first.
const SERIES: [[u8; 3]; 6] = [
    [15, 118, 110],
    [230, 159, 0],
    [0, 114, 178],
    [204, 121, 167],
    [140, 86, 75],
    [86, 180, 233],
];

impl Ink {
    /// Red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::Series(index) => SERIES[index % SERIES.len()],
            Self::Scale(share) => blend([222, 240, 237], [13, 94, 88], share),
            Self::Text => [31, 41, 51],
            Self::Faint => [96, 108, 118],
            Self::Grid => [222, 226, 230],
            Self::Target => [192, 57, 43],
            Self::Missing => [235, 236, 238],
            Self::Paper => [255, 255, 255],
        }
    }
}

fn blend(from: [u8; 3], to: [u8; 3], share: f64) -> [u8; 3] {
    let share = share.clamp(0.0, 1.0);
    let mix = |from: u8, to: u8| {
        let mixed = f64::from(from) + (f64::from(to) - f64::from(from)) * share;
        let whole = mixed.round().clamp(0.0, 255.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded and held within 0..=255"
        )]
        let byte = whole as u8;
        byte
    };
    [
        mix(from[0], to[0]),
        mix(from[1], to[1]),
        mix(from[2], to[2]),
    ]
}

impl Scene {
    /// An empty drawing.
    pub fn new(title: &str, width: f64, height: f64) -> Self {
        Self {
            width,
            height,
            title: title.to_owned(),
            marks: Vec::new(),
        }
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, at: (f64, f64), anchor: Anchor, ink: Ink, text: &str) {
        self.marks.push(Mark::Text {
            at,
            anchor,
            size: super::frame::TYPE,
            ink,
            text: text.to_owned(),
        });
    }

    /// Adds a whole or dashed line.
    pub(crate) fn line(&mut self, points: Vec<(f64, f64)>, ink: Ink, width: f64, dashed: bool) {
        self.marks.push(Mark::Line {
            points,
            ink,
            width,
            dashed,
        });
    }

    /// The drawing as an SVG file that needs nothing else.
    pub fn svg(&self) -> String {
        let (width, height) = (self.width, self.height);
        let title = escaped(&self.title);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.2} {height:.2}\" \
             role=\"img\" font-family=\"Noto Sans, sans-serif\"><title>{title}</title>"
        );
        for mark in &self.marks {
            // Writing to a string does not fail.
            let _ = write_mark(&mut svg, mark);
        }
        svg.push_str("</svg>");
        svg
    }
}

fn write_mark(svg: &mut String, mark: &Mark) -> std::fmt::Result {
    match mark {
        Mark::Rect([x, y, width, height], ink) => write!(
            svg,
            "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" \
             fill=\"{}\"/>",
            hex(*ink)
        ),
        Mark::Line {
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
            let list: Vec<String> = points
                .iter()
                .map(|(x, y)| format!("{x:.2},{y:.2}"))
                .collect();
            write!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{width}\"{dash}/>",
                list.join(" "),
                hex(*ink)
            )
        }
        Mark::Dot(x, y, radius, ink) => write!(
            svg,
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius:.2}\" fill=\"{}\"/>",
            hex(*ink)
        ),
        Mark::Text {
            at: (x, y),
            anchor,
            size,
            ink,
            text,
        } => {
            let anchor = match anchor {
                Anchor::Start => "start",
                Anchor::Middle => "middle",
                Anchor::End => "end",
            };
            write!(
                svg,
                "<text x=\"{x:.2}\" y=\"{y:.2}\" font-size=\"{size}\" text-anchor=\"{anchor}\" \
                 fill=\"{}\">{}</text>",
                hex(*ink),
                escaped(text)
            )
        }
    }
}

fn hex(ink: Ink) -> String {
    let [red, green, blue] = ink.rgb();
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

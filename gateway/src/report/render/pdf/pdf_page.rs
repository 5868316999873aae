//! Page as a list of items, before it is written to the PDF.

use crate::report::render::chart::{ChartDrawing, DrawingMark, TextAnchor};
use crate::report::render::font_metrics::{FontFace, text_width};
use crate::report::render::photo::PictureFile;

/// Colour: red, green, blue.
pub(crate) type RgbColour = [u8; 3];

pub(crate) const TEXT: RgbColour = [31, 41, 51];
pub(crate) const FAINT: RgbColour = [96, 108, 118];
pub(crate) const RULE: RgbColour = [205, 211, 216];
pub(crate) const GREEN: RgbColour = [15, 118, 110];
pub(crate) const PALE: RgbColour = [229, 241, 239];
pub(crate) const ZEBRA: RgbColour = [247, 249, 249];
pub(crate) const AMBER: RgbColour = [166, 94, 6];
pub(crate) const PALE_AMBER: RgbColour = [253, 243, 226];
pub(crate) const RED: RgbColour = [176, 42, 32];
pub(crate) const PALE_RED: RgbColour = [252, 236, 234];
pub(crate) const WHITE: RgbColour = [255, 255, 255];

/// Short side of A4, points.
const A4_SHORT_SIDE: f64 = 595.28;
/// Long side of A4, points.
const A4_LONG_SIDE: f64 = 841.89;
pub(crate) const MARGIN: f64 = 46.0;
const HEADER_HEIGHT: f64 = 54.0;
const FOOTER_HEIGHT: f64 = 52.0;

/// Page of a report.
#[derive(Debug)]
pub(crate) struct PdfPage {
    pub(crate) landscape: bool,
    /// Items on the page, lowest layer first.
    pub(crate) items: Vec<PageItem>,
}

/// Item on a page.
#[derive(Debug)]
pub(crate) enum PageItem {
    /// Line of text; `y` is the base line.
    Text(PageText),
    /// Filled rectangle: left, top, width, height.
    Rect([f64; 4], RgbColour),
    /// Line through points.
    Line {
        points: Vec<(f64, f64)>,
        rgb: RgbColour,
        width: f64,
        dashed: bool,
    },
    /// Filled polygon.
    Area(Vec<(f64, f64)>, RgbColour),
    /// Filled circle: centre and radius.
    Dot(f64, f64, f64, RgbColour),
    /// Picture: left, top, width, height.
    Picture([f64; 4], PictureFile),
    /// Link area, target page and height on it.
    Link([f64; 4], usize, f64),
}

/// Style of running text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextStyle {
    pub(crate) face: FontFace,
    pub(crate) size: f64,
    pub(crate) rgb: RgbColour,
}

/// Returns a style; the size is in points.
pub(crate) const fn text_style(face: FontFace, size: f64, rgb: RgbColour) -> TextStyle {
    TextStyle { face, size, rgb }
}

impl TextStyle {
    /// Returns the line height, points.
    pub(crate) fn line_height(self) -> f64 {
        self.size * 1.42
    }
}

/// Line of text.
#[derive(Debug)]
pub(crate) struct PageText {
    pub(crate) at: (f64, f64),
    pub(crate) style: TextStyle,
    pub(crate) words: String,
}

impl PdfPage {
    pub(crate) fn new(landscape: bool) -> Self {
        let items = Vec::new();
        Self { landscape, items }
    }

    pub(crate) fn width(&self) -> f64 {
        if self.landscape {
            A4_LONG_SIDE
        } else {
            A4_SHORT_SIDE
        }
    }

    pub(crate) fn height(&self) -> f64 {
        if self.landscape {
            A4_SHORT_SIDE
        } else {
            A4_LONG_SIDE
        }
    }

    /// Returns the top of the text area.
    pub(crate) fn top() -> f64 {
        HEADER_HEIGHT
    }

    /// Returns the bottom of the text area.
    pub(crate) fn bottom(&self) -> f64 {
        self.height() - FOOTER_HEIGHT
    }

    /// Adds text that starts at `at`.
    pub(crate) fn text(&mut self, at: (f64, f64), style: TextStyle, text: &str) {
        self.items.push(PageItem::Text(PageText {
            at,
            style,
            words: text.to_owned(),
        }));
    }

    /// Adds text that ends at `at`.
    pub(crate) fn text_right_aligned(&mut self, at: (f64, f64), style: TextStyle, text: &str) {
        let start = at.0 - text_width(style.face, style.size, text);
        self.text((start, at.1), style, text);
    }

    /// Adds a horizontal rule.
    pub(crate) fn rule(&mut self, x: f64, to: f64, y: f64, width: f64, rgb: RgbColour) {
        self.items.push(PageItem::Line {
            points: vec![(x, y), (to, y)],
            rgb,
            width,
            dashed: false,
        });
    }

    /// Adds a drawing with its top left corner at `x`, `y`.
    pub(crate) fn place_drawing(&mut self, scene: &ChartDrawing, x: f64, y: f64) {
        for mark in &scene.marks {
            self.items.push(page_item(mark, x, y));
        }
    }
}

fn page_item(mark: &DrawingMark, x: f64, y: f64) -> PageItem {
    match mark {
        DrawingMark::Rect([left, top, wide, high], ink) => {
            PageItem::Rect([x + left, y + top, *wide, *high], ink.rgb())
        }
        DrawingMark::Area(points, ink) => PageItem::Area(
            points.iter().map(|(px, py)| (x + px, y + py)).collect(),
            ink.rgb(),
        ),
        DrawingMark::Line {
            points,
            ink,
            width,
            dashed,
        } => PageItem::Line {
            points: points.iter().map(|(px, py)| (x + px, y + py)).collect(),
            rgb: ink.rgb(),
            width: *width,
            dashed: *dashed,
        },
        DrawingMark::Dot(cx, cy, radius, ink) => PageItem::Dot(x + cx, y + cy, *radius, ink.rgb()),
        DrawingMark::Text {
            at,
            anchor,
            size,
            ink,
            text,
        } => {
            let wide = text_width(FontFace::Regular, *size, text);
            let shift = match anchor {
                TextAnchor::Start => 0.0,
                TextAnchor::Middle => wide / 2.0,
                TextAnchor::End => wide,
            };
            PageItem::Text(PageText {
                at: (x + at.0 - shift, y + at.1),
                style: text_style(FontFace::Regular, *size, ink.rgb()),
                words: text.clone(),
            })
        }
    }
}

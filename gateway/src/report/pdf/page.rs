//! A page before it is painted.

use crate::report::chart::{Anchor, Mark, Scene};
use crate::report::face::{Face, width};
use crate::report::photo::Picture;

/// A colour: red, green, blue.
pub(super) type Rgb = [u8; 3];

pub(super) const TEXT: Rgb = [31, 41, 51];
pub(super) const FAINT: Rgb = [96, 108, 118];
pub(super) const RULE: Rgb = [205, 211, 216];
pub(super) const GREEN: Rgb = [15, 118, 110];
pub(super) const PALE: Rgb = [229, 241, 239];
pub(super) const ZEBRA: Rgb = [247, 249, 249];
pub(super) const AMBER: Rgb = [166, 94, 6];
pub(super) const PALE_AMBER: Rgb = [253, 243, 226];
pub(super) const RED: Rgb = [176, 42, 32];
pub(super) const PALE_RED: Rgb = [252, 236, 234];
pub(super) const WHITE: Rgb = [255, 255, 255];

/// Short side of A4, points.
const SHORT: f64 = 595.28;
/// Long side of A4, points.
const LONG: f64 = 841.89;
pub(super) const MARGIN: f64 = 46.0;
const HEADER: f64 = 54.0;
const FOOTER: f64 = 52.0;

/// A page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) landscape: bool,
    /// What is on it, the lowest first.
    pub(super) ops: Vec<Op>,
}

/// One thing on a page.
#[derive(Debug)]
pub(super) enum Op {
    /// A line of text; `y` is the base line.
    Text(Text),
    /// A filled rectangle: left, top, width, height.
    Rect([f64; 4], Rgb),
    /// A line.
    Line {
        points: Vec<(f64, f64)>,
        rgb: Rgb,
        width: f64,
        dashed: bool,
    },
    /// A filled circle: centre and radius.
    Dot(f64, f64, f64, Rgb),
    /// A picture: left, top, width, height.
    Picture([f64; 4], Picture),
    /// A place to click that leads to a height on another page.
    Link([f64; 4], usize, f64),
}

/// A line of text.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) at: (f64, f64),
    pub(super) size: f64,
    pub(super) face: Face,
    pub(super) rgb: Rgb,
    pub(super) words: String,
}

impl Page {
    pub(super) fn new(landscape: bool) -> Self {
        let ops = Vec::new();
        Self { landscape, ops }
    }

    pub(super) fn width(&self) -> f64 {
        if self.landscape { LONG } else { SHORT }
    }

    pub(super) fn height(&self) -> f64 {
        if self.landscape { SHORT } else { LONG }
    }

    /// Where running text begins.
    pub(super) fn top() -> f64 {
        HEADER
    }

    /// Where running text ends.
    pub(super) fn bottom(&self) -> f64 {
        self.height() - FOOTER
    }

    /// Text that begins at `at`.
    pub(super) fn text(&mut self, at: (f64, f64), size: f64, face: Face, rgb: Rgb, text: &str) {
        self.ops.push(Op::Text(Text {
            at,
            size,
            face,
            rgb,
            words: text.to_owned(),
        }));
    }

    /// Text that ends at `at`.
    pub(super) fn text_to(&mut self, at: (f64, f64), size: f64, face: Face, rgb: Rgb, text: &str) {
        let start = at.0 - width(face, size, text);
        self.text((start, at.1), size, face, rgb, text);
    }

    /// A rule from left to right.
    pub(super) fn rule(&mut self, x: f64, to: f64, y: f64, width: f64, rgb: Rgb) {
        self.ops.push(Op::Line {
            points: vec![(x, y), (to, y)],
            rgb,
            width,
            dashed: false,
        });
    }

    /// A drawing with its top left corner at `x`, `y`.
    pub(super) fn scene(&mut self, scene: &Scene, x: f64, y: f64) {
        for mark in &scene.marks {
            self.ops.push(op(mark, x, y));
        }
    }
}

fn op(mark: &Mark, x: f64, y: f64) -> Op {
    match mark {
        Mark::Rect([left, top, wide, high], ink) => {
            Op::Rect([x + left, y + top, *wide, *high], ink.rgb())
        }
        Mark::Line {
            points,
            ink,
            width,
            dashed,
        } => Op::Line {
            points: points.iter().map(|(px, py)| (x + px, y + py)).collect(),
            rgb: ink.rgb(),
            width: *width,
            dashed: *dashed,
        },
        Mark::Dot(cx, cy, radius, ink) => Op::Dot(x + cx, y + cy, *radius, ink.rgb()),
        Mark::Text {
            at,
            anchor,
            size,
            ink,
            text,
        } => {
            let wide = width(Face::Regular, *size, text);
            let shift = match anchor {
                Anchor::Start => 0.0,
                Anchor::Middle => wide / 2.0,
                Anchor::End => wide,
            };
            Op::Text(Text {
                at: (x + at.0 - shift, y + at.1),
                size: *size,
                face: Face::Regular,
                rgb: ink.rgb(),
                words: text.clone(),
            })
        }
    }
}

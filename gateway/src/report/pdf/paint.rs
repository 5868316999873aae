//! Pages to a PDF file: PDF/A-2b, tagged with its language, with outline and copyable text.

use super::flow::Start;
use super::page::{Op, Page, Rgb, Text};
use crate::report::document::Document;
use crate::report::face::{Face, drawn};
use crate::report::format;
use crate::report::photo::{Coding, Picture, Turn};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, LineCap, LineJoin, Stroke, StrokeDash};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, SerializeSettings};

/// Bézier handles that draw a quarter of a circle.
const QUARTER: f64 = 0.552_284_8;

struct Fonts {
    regular: Font,
    bold: Font,
    symbols: Font,
}

/// Writes the file.
pub(super) fn write(
    document: &Document,
    pages: &[Page],
    starts: &[Start],
) -> Result<Vec<u8>, String> {
    let fonts = Fonts::load().ok_or("the fonts inside the program cannot be read")?;
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_B)
        .finish()
        .map_err(|fault| format!("{fault:?}"))?;
    let mut file = krilla::Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    file.set_metadata(metadata(document));
    for page in pages {
        let settings = PageSettings::from_wh(short(page.width()), short(page.height()))
            .ok_or("a page without an area")?;
        let mut sheet = file.start_page_with(settings);
        let mut surface = sheet.surface();
        for op in &page.ops {
            paint(&mut surface, &fonts, op)?;
        }
        surface.finish();
        for op in &page.ops {
            if let Some(link) = link(op) {
                sheet.add_annotation(link);
            }
        }
        sheet.finish();
    }
    file.set_outline(outline(document, starts));
    file.finish().map_err(|fault| format!("{fault:?}"))
}

impl Fonts {
    fn load() -> Option<Self> {
        let font = |face: Face| Font::new(Data::from(face.file()), 0);
        Some(Self {
            regular: font(Face::Regular)?,
            bold: font(Face::Bold)?,
            symbols: font(Face::Symbols)?,
        })
    }

    fn of(&self, face: Face) -> &Font {
        match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
            Face::Symbols => &self.symbols,
        }
    }
}

fn metadata(document: &Document) -> Metadata {
    let site = &document.site.name;
    let title = format!("{}: {site}, {}", document.title, document.period.name);
    let (issued, _) = format::local(document.issued, &jiff::tz::TimeZone::UTC);
    let date = DateTime::new(issued.year().unsigned_abs())
        .month(issued.month().unsigned_abs())
        .day(issued.day().unsigned_abs())
        .hour(issued.hour().unsigned_abs())
        .minute(issued.minute().unsigned_abs())
        .second(issued.second().unsigned_abs())
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    let revision = format!("{} {}", document.revision, document.digest);
    Metadata::new()
        .title(title)
        .language(document.lang.code().to_owned())
        .creator("Pantau".to_owned())
        .keywords(vec![revision])
        .creation_date(date)
}

fn outline(document: &Document, starts: &[Start]) -> Outline {
    let mut outline = Outline::new();
    for (index, (page, y)) in starts.iter().enumerate() {
        let to = XyzDestination::new(*page, point(0.0, *y));
        outline.push_child(OutlineNode::new(document.heading(index), to));
    }
    outline
}

fn link(op: &Op) -> Option<Annotation> {
    let Op::Link(area, page, y) = op else {
        return None;
    };
    let to = XyzDestination::new(*page, point(0.0, *y));
    let link = LinkAnnotation::new(rect(*area)?, Target::Destination(to.into()));
    Some(Annotation::new_link(link, None))
}

fn paint(surface: &mut Surface<'_>, fonts: &Fonts, op: &Op) -> Result<(), String> {
    match op {
        Op::Text(text) => paint_text(surface, fonts, text),
        Op::Rect(area, rgb) => {
            let path = rect(*area).and_then(|rect| {
                let mut path = PathBuilder::new();
                path.push_rect(rect);
                path.finish()
            });
            fill(surface, path, *rgb);
        }
        Op::Dot(x, y, radius, rgb) => fill(surface, circle(*x, *y, *radius), *rgb),
        Op::Line {
            points,
            rgb,
            width,
            dashed,
        } => stroke(surface, points, *rgb, *width, *dashed),
        Op::Picture(area, picture) => paint_picture(surface, *area, picture)?,
        Op::Link(..) => {}
    }
    Ok(())
}

/// A picture turned upright. A corner of it goes to each corner of the area in turn.
fn paint_picture(
    surface: &mut Surface<'_>,
    [x, y, wide, high]: [f64; 4],
    picture: &Picture,
) -> Result<(), String> {
    let data = Data::from(picture.bytes.to_vec());
    // PDF/A forbids smoothing.
    let image = match picture.coding {
        Coding::Jpeg => Image::from_jpeg(data, false)?,
        Coding::Png => Image::from_png(data, false)?,
    };
    // Before it is turned, a picture that lies on its side is as wide as the area is high.
    let (turn, size) = match picture.turn {
        Turn::None => ([1.0, 0.0, 0.0, 1.0, x, y], (wide, high)),
        Turn::Right => ([0.0, 1.0, -1.0, 0.0, x + wide, y], (high, wide)),
        Turn::Half => ([-1.0, 0.0, 0.0, -1.0, x + wide, y + high], (wide, high)),
        Turn::Left => ([0.0, -1.0, 1.0, 0.0, x, y + high], (high, wide)),
    };
    let [sx, ky, kx, sy, tx, ty] = turn.map(short);
    let size = Size::from_wh(short(size.0), short(size.1)).ok_or("a picture without an area")?;
    surface.push_transform(&Transform::from_row(sx, ky, kx, sy, tx, ty));
    surface.draw_image(image, size);
    surface.pop();
    Ok(())
}

/// A line of text; a character that its face lacks comes from the symbols.
fn paint_text(surface: &mut Surface<'_>, fonts: &Fonts, text: &Text) {
    surface.set_stroke(None);
    surface.set_fill(Some(ink(text.rgb)));
    let mut x = text.at.0;
    let mut run = Run::default();
    for c in text.words.chars() {
        let drawn = drawn(text.face, c);
        if run.face.is_some_and(|face| face != drawn.face) {
            x = run.paint(surface, fonts, (x, text.at.1), text.size);
        }
        run.push(c, drawn.face, drawn.glyph, drawn.advance);
    }
    run.paint(surface, fonts, (x, text.at.1), text.size);
}

/// Glyphs of one face.
#[derive(Default)]
struct Run {
    face: Option<Face>,
    text: String,
    glyphs: Vec<KrillaGlyph>,
    advance: f64,
}

impl Run {
    fn push(&mut self, c: char, face: Face, glyph: u32, advance: f64) {
        self.face = Some(face);
        let from = self.text.len();
        self.text.push(c);
        self.glyphs.push(KrillaGlyph::new(
            GlyphId::new(glyph),
            short(advance),
            0.0,
            0.0,
            0.0,
            from..self.text.len(),
            None,
        ));
        self.advance += advance;
    }

    /// Paints what was collected and begins anew; where the next run starts.
    fn paint(
        &mut self,
        surface: &mut Surface<'_>,
        fonts: &Fonts,
        at: (f64, f64),
        size: f64,
    ) -> f64 {
        let run = std::mem::take(self);
        if let Some(face) = run.face {
            let font = fonts.of(face).clone();
            let start = point(at.0, at.1);
            surface.draw_glyphs(start, &run.glyphs, font, &run.text, short(size), false);
        }
        at.0 + run.advance * size
    }
}

fn fill(surface: &mut Surface<'_>, path: Option<Path>, rgb: Rgb) {
    if let Some(path) = path {
        surface.set_stroke(None);
        surface.set_fill(Some(ink(rgb)));
        surface.draw_path(&path);
    }
}

fn stroke(surface: &mut Surface<'_>, points: &[(f64, f64)], rgb: Rgb, width: f64, dashed: bool) {
    let mut path = PathBuilder::new();
    for (index, (x, y)) in points.iter().enumerate() {
        if index == 0 {
            path.move_to(short(*x), short(*y));
        } else {
            path.line_to(short(*x), short(*y));
        }
    }
    let Some(path) = path.finish() else {
        return;
    };
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: color(rgb).into(),
        width: short(width),
        line_cap: LineCap::Butt,
        line_join: LineJoin::Round,
        dash: dashed.then(|| StrokeDash {
            array: vec![3.0, 2.5],
            offset: 0.0,
        }),
        ..Stroke::default()
    }));
    surface.draw_path(&path);
}

fn circle(x: f64, y: f64, radius: f64) -> Option<Path> {
    let (x, y, r, k) = (short(x), short(y), short(radius), short(radius * QUARTER));
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
    path.finish()
}

fn ink(rgb: Rgb) -> Fill {
    Fill {
        paint: color(rgb).into(),
        opacity: NormalizedF32::ONE,
        rule: krilla::paint::FillRule::default(),
    }
}

fn color([red, green, blue]: Rgb) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}

fn rect([x, y, width, height]: [f64; 4]) -> Option<Rect> {
    Rect::from_xywh(short(x), short(y), short(width), short(height))
}

fn point(x: f64, y: f64) -> Point {
    Point::from_xy(short(x), short(y))
}

/// Points on a page: single precision is a ten-thousandth of a point there.
#[expect(
    clippy::cast_possible_truncation,
    reason = "lengths on a page are far within f32"
)]
fn short(length: f64) -> f32 {
    length as f32
}

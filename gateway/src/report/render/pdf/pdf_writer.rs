//! Writer of the PDF file: PDF/A-2b, with language, outline, links and copyable text.

use super::page_flow::SectionStart;
use super::pdf_page::{PageItem, PageText, PdfPage, RgbColour};
use crate::report::render::document::ReportDocument;
use crate::report::render::font_metrics::{FontFace, glyph_for};
use crate::report::render::number_format;
use crate::report::render::photo::{PictureCoding, PictureFile, PictureRotation};
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

/// Length of Bézier handles that draw a quarter of a circle of radius 1.
// 4/3 · (√2 − 1): the curve leaves the circle by 0.03 % of the radius at most.
const QUARTER_CIRCLE_HANDLE: f64 = 0.552_284_8;

struct PdfFonts {
    regular: Font,
    bold: Font,
    symbols: Font,
}

/// Writes the pages as a PDF file.
pub(crate) fn write_pdf(
    document: &ReportDocument,
    pages: &[PdfPage],
    starts: &[SectionStart],
) -> Result<Vec<u8>, String> {
    let fonts = PdfFonts::load().ok_or("the fonts inside the program cannot be read")?;
    let configuration = ConfigurationBuilder::new()
        // An archive must be able to show the report in years: fonts inside, nothing loaded from
        // elsewhere.
        .with_archival_validator(Archival::A2_B)
        .finish()
        .map_err(|fault| format!("{fault:?}"))?;
    let mut file = krilla::Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    file.set_metadata(pdf_metadata(document));
    for page in pages {
        let settings = PageSettings::from_wh(as_f32(page.width()), as_f32(page.height()))
            .ok_or("a page without an area")?;
        let mut sheet = file.start_page_with(settings);
        let mut surface = sheet.surface();
        for op in &page.items {
            paint_item(&mut surface, &fonts, op)?;
        }
        // Links belong to the page and can be added only after its content is finished.
        surface.finish();
        for op in &page.items {
            if let Some(link) = link_annotation(op) {
                sheet.add_annotation(link);
            }
        }
        sheet.finish();
    }
    file.set_outline(pdf_outline(document, starts));
    file.finish().map_err(|fault| format!("{fault:?}"))
}

impl PdfFonts {
    fn load() -> Option<Self> {
        let font = |face: FontFace| Font::new(Data::from(face.file()), 0);
        Some(Self {
            regular: font(FontFace::Regular)?,
            bold: font(FontFace::Bold)?,
            symbols: font(FontFace::Symbols)?,
        })
    }

    fn font_of(&self, face: FontFace) -> &Font {
        match face {
            FontFace::Regular => &self.regular,
            FontFace::Bold => &self.bold,
            FontFace::Symbols => &self.symbols,
        }
    }
}

fn pdf_metadata(document: &ReportDocument) -> Metadata {
    let site = &document.site.name;
    let title = format!("{}: {site}, {}", document.title, document.period.name);
    // Time of issue and not the clock, so that the same report has the same bytes.
    let (issued, _) = number_format::local_time(document.issued, &jiff::tz::TimeZone::UTC);
    let date = DateTime::new(issued.year().unsigned_abs())
        .month(issued.month().unsigned_abs())
        .day(issued.day().unsigned_abs())
        .hour(issued.hour().unsigned_abs())
        .minute(issued.minute().unsigned_abs())
        .second(issued.second().unsigned_abs())
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    let evidence = &document.evidence;
    let content = &evidence.content;
    let known = [&*document.revision, evidence.digest(), content];
    Metadata::new()
        .title(title)
        .language(document.lang.code().to_owned())
        .creator("Pantau".to_owned())
        // Revision, digest and content are in the file too, where a program can find them.
        .keywords(vec![known.join(" ").trim_end().to_owned()])
        .creation_date(date)
}

fn pdf_outline(document: &ReportDocument, starts: &[SectionStart]) -> Outline {
    let mut outline = Outline::new();
    for (index, (page, y)) in starts.iter().enumerate() {
        let to = XyzDestination::new(*page, pdf_point(0.0, *y));
        outline.push_child(OutlineNode::new(document.section_heading(index), to));
    }
    outline
}

fn link_annotation(op: &PageItem) -> Option<Annotation> {
    let PageItem::Link(area, page, y) = op else {
        return None;
    };
    let to = XyzDestination::new(*page, pdf_point(0.0, *y));
    let link = LinkAnnotation::new(pdf_rect(*area)?, Target::Destination(to.into()));
    Some(Annotation::new_link(link, None))
}

fn paint_item(surface: &mut Surface<'_>, fonts: &PdfFonts, op: &PageItem) -> Result<(), String> {
    match op {
        PageItem::Text(text) => paint_text(surface, fonts, text),
        PageItem::Rect(area, rgb) => {
            let path = pdf_rect(*area).and_then(|rect| {
                let mut path = PathBuilder::new();
                path.push_rect(rect);
                path.finish()
            });
            fill_path(surface, path, *rgb);
        }
        PageItem::Area(points, rgb) => fill_path(surface, polygon_path(points), *rgb),
        PageItem::Dot(x, y, radius, rgb) => fill_path(surface, circle_path(*x, *y, *radius), *rgb),
        PageItem::Line {
            points,
            rgb,
            width,
            dashed,
        } => stroke_line(surface, points, *rgb, *width, *dashed),
        PageItem::Picture(area, picture) => paint_picture(surface, *area, picture)?,
        PageItem::Link(..) => {}
    }
    Ok(())
}

/// Paints a picture upright, by a matrix that maps its corners to those of the area.
fn paint_picture(
    surface: &mut Surface<'_>,
    [x, y, wide, high]: [f64; 4],
    picture: &PictureFile,
) -> Result<(), String> {
    let data = Data::from(picture.bytes.to_vec());
    // PDF/A forbids interpolation of images.
    let image = match picture.coding {
        PictureCoding::Jpeg => Image::from_jpeg(data, false)?,
        PictureCoding::Png => Image::from_png(data, false)?,
    };
    // Before a rotation by 90° or 270°, the picture is as wide as the area is high.
    let (turn, size) = match picture.turn {
        PictureRotation::None => ([1.0, 0.0, 0.0, 1.0, x, y], (wide, high)),
        PictureRotation::Right => ([0.0, 1.0, -1.0, 0.0, x + wide, y], (high, wide)),
        PictureRotation::Half => ([-1.0, 0.0, 0.0, -1.0, x + wide, y + high], (wide, high)),
        PictureRotation::Left => ([0.0, -1.0, 1.0, 0.0, x, y + high], (high, wide)),
    };
    let [sx, ky, kx, sy, tx, ty] = turn.map(as_f32);
    let size = Size::from_wh(as_f32(size.0), as_f32(size.1)).ok_or("a picture without an area")?;
    surface.push_transform(&Transform::from_row(sx, ky, kx, sy, tx, ty));
    surface.draw_image(image, size);
    surface.pop();
    Ok(())
}

/// Paints a line of text; characters that its face lacks come from the symbols.
fn paint_text(surface: &mut Surface<'_>, fonts: &PdfFonts, text: &PageText) {
    // The surface keeps its state: a stroke of the item before would outline the letters.
    surface.set_stroke(None);
    surface.set_fill(Some(solid_fill(text.style.rgb)));
    let mut x = text.at.0;
    let mut run = GlyphRun::default();
    for c in text.words.chars() {
        let drawn = glyph_for(text.style.face, c);
        // One run for each face, so that text can be copied and searched in whole words.
        if run.face.is_some_and(|face| face != drawn.face) {
            x = run.paint(surface, fonts, (x, text.at.1), text.style.size);
        }
        run.push(c, drawn.face, drawn.glyph, drawn.advance);
    }
    run.paint(surface, fonts, (x, text.at.1), text.style.size);
}

/// Consecutive glyphs of one face.
#[derive(Default)]
struct GlyphRun {
    face: Option<FontFace>,
    text: String,
    glyphs: Vec<KrillaGlyph>,
    advance: f64,
}

impl GlyphRun {
    fn push(&mut self, c: char, face: FontFace, glyph: u32, advance: f64) {
        self.face = Some(face);
        let from = self.text.len();
        self.text.push(c);
        self.glyphs.push(KrillaGlyph::new(
            GlyphId::new(glyph),
            as_f32(advance),
            0.0,
            0.0,
            0.0,
            from..self.text.len(),
            None,
        ));
        self.advance += advance;
    }

    /// Paints the collected glyphs and clears them; returns where the next run starts.
    fn paint(
        &mut self,
        surface: &mut Surface<'_>,
        fonts: &PdfFonts,
        at: (f64, f64),
        size: f64,
    ) -> f64 {
        let run = std::mem::take(self);
        if let Some(face) = run.face {
            let font = fonts.font_of(face).clone();
            let start = pdf_point(at.0, at.1);
            surface.draw_glyphs(start, &run.glyphs, font, &run.text, as_f32(size), false);
        }
        at.0 + run.advance * size
    }
}

fn fill_path(surface: &mut Surface<'_>, path: Option<Path>, rgb: RgbColour) {
    if let Some(path) = path {
        surface.set_stroke(None);
        surface.set_fill(Some(solid_fill(rgb)));
        surface.draw_path(&path);
    }
}

fn stroke_line(
    surface: &mut Surface<'_>,
    points: &[(f64, f64)],
    rgb: RgbColour,
    width: f64,
    dashed: bool,
) {
    let mut path = PathBuilder::new();
    for (index, (x, y)) in points.iter().enumerate() {
        if index == 0 {
            path.move_to(as_f32(*x), as_f32(*y));
        } else {
            path.line_to(as_f32(*x), as_f32(*y));
        }
    }
    let Some(path) = path.finish() else {
        return;
    };
    surface.set_fill(None);
    surface.set_stroke(Some(Stroke {
        paint: rgb_color(rgb).into(),
        width: as_f32(width),
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

fn polygon_path(points: &[(f64, f64)]) -> Option<Path> {
    let mut path = PathBuilder::new();
    let mut corners = points.iter();
    let (x, y) = corners.next()?;
    path.move_to(as_f32(*x), as_f32(*y));
    corners.for_each(|(x, y)| path.line_to(as_f32(*x), as_f32(*y)));
    path.close();
    path.finish()
}

fn circle_path(x: f64, y: f64, radius: f64) -> Option<Path> {
    let (x, y, r, k) = (
        as_f32(x),
        as_f32(y),
        as_f32(radius),
        as_f32(radius * QUARTER_CIRCLE_HANDLE),
    );
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.cubic_to(x + r, y + k, x + k, y + r, x, y + r);
    path.cubic_to(x - k, y + r, x - r, y + k, x - r, y);
    path.cubic_to(x - r, y - k, x - k, y - r, x, y - r);
    path.cubic_to(x + k, y - r, x + r, y - k, x + r, y);
    path.close();
    path.finish()
}

fn solid_fill(rgb: RgbColour) -> Fill {
    Fill {
        paint: rgb_color(rgb).into(),
        opacity: NormalizedF32::ONE,
        rule: krilla::paint::FillRule::default(),
    }
}

fn rgb_color([red, green, blue]: RgbColour) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}

fn pdf_rect([x, y, width, height]: [f64; 4]) -> Option<Rect> {
    Rect::from_xywh(as_f32(x), as_f32(y), as_f32(width), as_f32(height))
}

fn pdf_point(x: f64, y: f64) -> Point {
    Point::from_xy(as_f32(x), as_f32(y))
}

/// Converts a length on a page to single precision, which is exact to a ten-thousandth of a point.
#[expect(
    clippy::cast_possible_truncation,
    reason = "lengths on a page are far within f32"
)]
fn as_f32(length: f64) -> f32 {
    length as f32
}

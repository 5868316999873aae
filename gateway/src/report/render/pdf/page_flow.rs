//! Page flow: fills pages from top to bottom.

use super::line_wrap::{self, footnote_mark};
use super::pdf_page::{
    AMBER, FAINT, GREEN, MARGIN, PALE, PALE_AMBER, PALE_RED, PageItem, PdfPage, RED, TEXT,
    TextStyle, text_style,
};
use crate::report::render::chart::{ChartDrawing, ReportChart};
use crate::report::render::document::{CalloutBox, CalloutTone, ReportDrawing};
use crate::report::render::font_metrics::FontFace;
use crate::report::render::photo::ReportPhoto;
use crate::report::render::render_context::RenderContext;
use crate::report::render::sheet_rows;
use crate::report::render::table::count_as_f64;

/// Share of the width of the text that a line drawing takes: two of them fit on a page.
const DRAWING_SHARE: f64 = 0.72;

pub(crate) const BODY_STYLE: TextStyle = text_style(FontFace::Regular, 9.2, TEXT);
const SECTION_STYLE: TextStyle = text_style(FontFace::Bold, 15.0, GREEN);
const HEADING_STYLE: TextStyle = text_style(FontFace::Bold, 10.5, TEXT);
/// Largest height of a photo, points, so that two fit on a page.
const PHOTO_HEIGHT_MAX: f64 = 300.0;
const NOTE_INDENT: f64 = 14.0;
/// Height of the area of a plot in the director's edition, points.
const LOW_PLOT_HEIGHT: f64 = 104.0;
/// Space between two plots side by side, points.
const PAIR_GAP: f64 = 20.0;
pub(crate) const SMALL_STYLE: TextStyle = text_style(FontFace::Regular, 7.6, FAINT);
pub(crate) const CAPTION_STYLE: TextStyle = text_style(FontFace::Bold, 9.2, TEXT);

/// Start of a section: page index and height.
pub(crate) type SectionStart = (usize, f64);

/// Pages filled from top to bottom.
pub(crate) struct PageFlow<'a> {
    pub(crate) show: &'a RenderContext<'a>,
    pub(crate) pages: Vec<PdfPage>,
    /// Height reached on the last page.
    pub(crate) y: f64,
    /// Start of each section.
    pub(crate) starts: Vec<SectionStart>,
}

impl<'a> PageFlow<'a> {
    pub(crate) fn new(show: &'a RenderContext<'a>) -> Self {
        Self {
            show,
            pages: vec![PdfPage::new(false)],
            y: PdfPage::top(),
            starts: Vec::new(),
        }
    }

    /// Returns the page being filled.
    pub(crate) fn page(&mut self) -> &mut PdfPage {
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Returns the width between the margins, points.
    pub(crate) fn width_between_margins(&mut self) -> f64 {
        self.page().width() - 2.0 * MARGIN
    }

    /// Returns the height left on this page, points.
    pub(crate) fn height_left(&mut self) -> f64 {
        self.page().bottom() - self.y
    }

    /// Starts a new page.
    pub(crate) fn start_page(&mut self, landscape: bool) {
        self.pages.push(PdfPage::new(landscape));
        self.y = PdfPage::top();
    }

    /// Ensures that `height` is left, on a new portrait page if necessary.
    pub(crate) fn ensure_height(&mut self, height: f64) {
        if self.height_left() < height {
            self.start_page(false);
        }
    }

    /// Leaves a landscape page, and ensures that `height` is left.
    pub(crate) fn ensure_portrait(&mut self, height: f64) {
        if self.page().landscape {
            self.start_page(false);
        }
        self.ensure_height(height);
    }

    /// Writes the heading of a section. An annex starts on a new page; a section that begins with a
    /// wide table starts on a landscape page.
    pub(crate) fn start_section(&mut self, index: usize, landscape: bool) {
        let document = self.show.document;
        let is_annex = document.sections.get(index).is_some_and(|s| s.annex);
        let is_fresh = self.y <= PdfPage::top();
        // 170 points: no heading near the bottom of a page with its text on the next one.
        let turns = self.page().landscape != landscape || self.height_left() < 170.0;
        if turns || (is_annex && !is_fresh) {
            self.start_page(landscape);
        } else if !is_fresh {
            self.y += 16.0;
        }
        self.starts.push((self.pages.len() - 1, self.y));
        let room = self.width_between_margins();
        for line in line_wrap::wrap_lines(
            &document.section_heading(index),
            SECTION_STYLE.face,
            SECTION_STYLE.size,
            room,
        ) {
            self.put_line(SECTION_STYLE, &line, 0.0);
        }
        let y = self.y;
        let to = MARGIN + self.width_between_margins();
        self.page().rule(MARGIN, to, y, 1.0, GREEN);
        self.y += 8.0;
    }

    /// Writes a subheading, kept with the text that follows.
    pub(crate) fn heading(&mut self, text: &str) {
        self.ensure_portrait(90.0);
        self.y += 4.0;
        self.write_wrapped(HEADING_STYLE, text, 0.0);
        self.y += 2.0;
    }

    pub(crate) fn paragraph(&mut self, text: &str) {
        self.ensure_portrait(BODY_STYLE.line_height());
        self.text(text);
    }

    /// Writes running text on the current page, whatever its orientation.
    pub(crate) fn text(&mut self, text: &str) {
        self.write_wrapped(BODY_STYLE, text, 0.0);
        self.y += 5.0;
    }

    /// Writes lines of text over as many pages as needed.
    pub(crate) fn write_wrapped(&mut self, style: TextStyle, text: &str, indent: f64) {
        let room = self.width_between_margins() - indent;
        for line in line_wrap::wrap_lines(text, style.face, style.size, room) {
            self.ensure_height(style.line_height());
            self.put_line(style, &line, indent);
        }
    }

    /// Writes one line on this page.
    fn put_line(&mut self, style: TextStyle, line: &str, indent: f64) {
        let at = (MARGIN + indent, self.y + style.size);
        let page = self.page();
        page.text(at, style, line);
        self.y += style.line_height();
    }

    /// Writes a tinted box with a bar at its left. A text longer than a page goes on without the
    /// box.
    pub(crate) fn callout(&mut self, callout: &CalloutBox) {
        let (ink, ground) = match callout.tone {
            CalloutTone::Note => (GREEN, PALE),
            CalloutTone::Warning => (RED, PALE_RED),
            CalloutTone::Provisional => (AMBER, PALE_AMBER),
        };
        self.ensure_portrait(60.0);
        let room = self.width_between_margins();
        let lines =
            line_wrap::wrap_lines(&callout.text, BODY_STYLE.face, BODY_STYLE.size, room - 24.0);
        let height = 16.0
            + CAPTION_STYLE.line_height()
            + count_as_f64(lines.len()) * BODY_STYLE.line_height();
        let most = self.page().bottom() - PdfPage::top();
        if height <= most {
            self.ensure_height(height);
            let (x, y) = (MARGIN, self.y);
            self.page()
                .items
                .push(PageItem::Rect([x, y, room, height], ground));
            self.page()
                .items
                .push(PageItem::Rect([x, y, 3.0, height], ink));
        }
        self.y += 8.0;
        let title = TextStyle {
            rgb: ink,
            ..CAPTION_STYLE
        };
        self.write_wrapped(title, &callout.title, 14.0);
        for line in lines {
            self.ensure_height(BODY_STYLE.line_height());
            self.put_line(BODY_STYLE, &line, 14.0);
        }
        self.y += 16.0;
    }

    /// Writes a plot with its title, kept on one page.
    pub(crate) fn chart(&mut self, chart: &ReportChart) {
        self.ensure_portrait(0.0);
        let room = self.width_between_margins();
        let scene = chart.draw(self.show.lang(), room);
        self.ensure_height(scene.height + CAPTION_STYLE.line_height() + 10.0);
        self.write_wrapped(CAPTION_STYLE, &chart.title, 0.0);
        self.y += 3.0;
        let y = self.y;
        self.page().place_drawing(&scene, MARGIN, y);
        self.y += scene.height + 12.0;
    }

    /// Writes a plot of less height with its title, kept on one page.
    pub(crate) fn low_chart(&mut self, chart: &ReportChart) {
        self.ensure_portrait(0.0);
        let size = (self.width_between_margins(), LOW_PLOT_HEIGHT);
        let scene = chart.draw_sized(self.show.lang(), size);
        self.place_charts(&[(&chart.title, scene)]);
    }

    /// Writes two plots side by side, kept on one page.
    pub(crate) fn chart_pair(&mut self, left: &ReportChart, right: &ReportChart) {
        self.ensure_portrait(0.0);
        let wide = (self.width_between_margins() - PAIR_GAP) / 2.0;
        let draw =
            |chart: &ReportChart| chart.draw_sized(self.show.lang(), (wide, LOW_PLOT_HEIGHT));
        let scenes = [draw(left), draw(right)];
        let [first, second] = scenes;
        self.place_charts(&[(&left.title, first), (&right.title, second)]);
    }

    /// Places drawings with their titles side by side.
    fn place_charts(&mut self, all: &[(&str, ChartDrawing)]) {
        let titles: Vec<Vec<String>> = all
            .iter()
            .map(|(title, scene)| {
                let (face, size) = (CAPTION_STYLE.face, CAPTION_STYLE.size);
                line_wrap::wrap_lines(title, face, size, scene.width)
            })
            .collect();
        let lines = titles.iter().map(Vec::len).max().unwrap_or_default();
        let head = count_as_f64(lines) * CAPTION_STYLE.line_height() + 3.0;
        let height = all
            .iter()
            .map(|(_, scene)| scene.height)
            .fold(0.0, f64::max);
        self.ensure_height(head + height + 10.0);
        let (mut x, y) = (MARGIN, self.y);
        for (lines, (_, scene)) in titles.iter().zip(all) {
            for (line, text) in lines.iter().enumerate() {
                let base = y + count_as_f64(line) * CAPTION_STYLE.line_height();
                let at = (x, base + CAPTION_STYLE.size);
                self.page().text(at, CAPTION_STYLE, text);
            }
            self.page().place_drawing(scene, x, y + head);
            x += scene.width + PAIR_GAP;
        }
        self.y += head + height + 10.0;
    }

    /// Writes a line drawing, kept on one page.
    pub(crate) fn drawing(&mut self, drawing: &ReportDrawing) {
        self.ensure_portrait(0.0);
        let room = self.width_between_margins();
        // The document was checked: every drawing of it can be read.
        let Ok(scene) = drawing.fit(room * DRAWING_SHARE) else {
            return;
        };
        self.ensure_height(scene.height + 10.0);
        let (x, y) = (MARGIN + (room - scene.width) / 2.0, self.y);
        self.page().place_drawing(&scene, x, y);
        self.y += scene.height + 12.0;
    }

    /// Writes a photo with its name and hash, kept on one page.
    pub(crate) fn photo(&mut self, photo: &ReportPhoto) {
        self.ensure_portrait(0.0);
        let room = self.width_between_margins();
        let (wide, high) = photo.picture.upright_size();
        let shape = f64::from(wide) / f64::from(high.max(1));
        let width = room.min(PHOTO_HEIGHT_MAX * shape);
        let height = width / shape;
        self.ensure_height(height + CAPTION_STYLE.line_height() + SMALL_STYLE.line_height() + 10.0);
        let area = [MARGIN, self.y, width, height];
        let picture = photo.picture.clone();
        self.page().items.push(PageItem::Picture(area, picture));
        self.y += height + 3.0;
        self.write_wrapped(CAPTION_STYLE, &photo.name, 0.0);
        self.write_wrapped(SMALL_STYLE, &sheet_rows::hash(&photo.sha256), 0.0);
        self.y += 10.0;
    }

    /// Writes the footnotes of section `index`; below a wide table if they fit there.
    pub(crate) fn write_footnotes(&mut self, index: usize) {
        let show = self.show;
        let notes: Vec<(usize, &str)> = show.notes.of_section(index).collect();
        if notes.is_empty() {
            return;
        }
        let room = self.width_between_margins() - NOTE_INDENT;
        let lines = notes.iter().map(|(_, text)| {
            let lines = line_wrap::wrap_lines(text, SMALL_STYLE.face, SMALL_STYLE.size, room);
            count_as_f64(lines.len()) * SMALL_STYLE.line_height()
        });
        let height: f64 = lines.sum::<f64>() + 8.0;
        // Notes that do not fit below a wide table go on upright: a landscape page is kept for the
        // table.
        if self.height_left() < height && self.page().landscape {
            self.start_page(false);
        }
        // The rule above the footnotes must not stand alone at the bottom of a page.
        self.ensure_height(SMALL_STYLE.line_height() * 2.0 + 8.0);
        self.y += 4.0;
        let y = self.y;
        self.page().rule(MARGIN, MARGIN + 80.0, y, 0.6, FAINT);
        self.y += 4.0;
        for (number, text) in notes {
            self.ensure_height(SMALL_STYLE.line_height());
            let at = (MARGIN, self.y + SMALL_STYLE.size);
            let mark = footnote_mark(number);
            self.page().text(at, SMALL_STYLE, &mark);
            self.write_wrapped(SMALL_STYLE, text, NOTE_INDENT);
        }
    }
}

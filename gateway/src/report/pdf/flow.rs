//! Running text: pages filled from top to bottom.

use super::page::{
    AMBER, FAINT, GREEN, MARGIN, Op, PALE, PALE_AMBER, PALE_RED, Page, RED, Rgb, TEXT,
};
use super::wrap::{self, raised};
use crate::report::chart::Chart;
use crate::report::document::{Callout, Tone};
use crate::report::face::Face;
use crate::report::photo::Photo;
use crate::report::rows;
use crate::report::show::Show;
use crate::report::table::count;

/// A style of running text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: f64,
    pub(super) rgb: Rgb,
}

pub(super) const BODY: Style = style(Face::Regular, 9.2, TEXT);
const SECTION: Style = style(Face::Bold, 15.0, GREEN);
const HEADING: Style = style(Face::Bold, 10.5, TEXT);
/// Height of a photo at most, points: two on a page.
const PHOTO_HIGH: f64 = 300.0;
const NOTE_INDENT: f64 = 14.0;
pub(super) const SMALL: Style = style(Face::Regular, 7.6, FAINT);
pub(super) const CAPTION: Style = style(Face::Bold, 9.2, TEXT);

const fn style(face: Face, size: f64, rgb: Rgb) -> Style {
    Style { face, size, rgb }
}

impl Style {
    /// From one base line to the next, points.
    pub(super) fn lead(self) -> f64 {
        self.size * 1.42
    }
}

/// Where a section starts: page and height.
pub(super) type Start = (usize, f64);

/// Pages being filled.
pub(super) struct Flow<'a> {
    pub(super) show: &'a Show<'a>,
    pub(super) pages: Vec<Page>,
    /// The height that is reached on the last page.
    pub(super) y: f64,
    /// Where each section starts.
    pub(super) starts: Vec<Start>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(show: &'a Show<'a>) -> Self {
        Self {
            show,
            pages: vec![Page::new(false)],
            y: Page::top(),
            starts: Vec::new(),
        }
    }

    /// The page being filled.
    pub(super) fn page(&mut self) -> &mut Page {
        let last = self.pages.len() - 1;
        &mut self.pages[last]
    }

    /// Width between the margins, points.
    pub(super) fn room(&mut self) -> f64 {
        self.page().width() - 2.0 * MARGIN
    }

    /// Height left on this page, points.
    pub(super) fn left(&mut self) -> f64 {
        self.page().bottom() - self.y
    }

    /// Goes on to a new page.
    pub(super) fn turn(&mut self, landscape: bool) {
        self.pages.push(Page::new(landscape));
        self.y = Page::top();
    }

    /// Makes sure that `height` is left, on a new upright page if need be.
    pub(super) fn need(&mut self, height: f64) {
        if self.left() < height {
            self.turn(false);
        }
    }

    /// Leaves a landscape page; on an upright one, makes sure that `height` is left.
    pub(super) fn upright(&mut self, height: f64) {
        if self.page().landscape {
            self.turn(false);
        }
        self.need(height);
    }

    /// A section's heading; an annex starts on a page of its own, and a section that begins with a
    /// wide table on a wide one.
    pub(super) fn section(&mut self, index: usize, landscape: bool) {
        let document = self.show.document;
        let is_annex = document.sections.get(index).is_some_and(|s| s.annex);
        let is_fresh = self.y <= Page::top();
        let turns = self.page().landscape != landscape || self.left() < 170.0;
        if turns || (is_annex && !is_fresh) {
            self.turn(landscape);
        } else if !is_fresh {
            self.y += 16.0;
        }
        self.starts.push((self.pages.len() - 1, self.y));
        let room = self.room();
        for line in wrap::lines(&document.heading(index), SECTION.face, SECTION.size, room) {
            self.put(SECTION, &line, 0.0);
        }
        let y = self.y;
        let to = MARGIN + self.room();
        self.page().rule(MARGIN, to, y, 1.0, GREEN);
        self.y += 8.0;
    }

    /// A heading within a section, kept with what follows.
    pub(super) fn heading(&mut self, text: &str) {
        self.upright(90.0);
        self.y += 4.0;
        self.write(HEADING, text, 0.0);
        self.y += 2.0;
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.upright(BODY.lead());
        self.text(text);
    }

    /// Running text on whatever page this is.
    pub(super) fn text(&mut self, text: &str) {
        self.write(BODY, text, 0.0);
        self.y += 5.0;
    }

    /// Lines of text, over as many pages as it takes.
    pub(super) fn write(&mut self, style: Style, text: &str, indent: f64) {
        let room = self.room() - indent;
        for line in wrap::lines(text, style.face, style.size, room) {
            self.need(style.lead());
            self.put(style, &line, indent);
        }
    }

    /// One line, on this page.
    fn put(&mut self, style: Style, line: &str, indent: f64) {
        let at = (MARGIN + indent, self.y + style.size);
        let page = self.page();
        page.text(at, style.size, style.face, style.rgb, line);
        self.y += style.lead();
    }

    /// A tinted box with a bar at its left; longer than a page, it goes on as plain text.
    pub(super) fn callout(&mut self, callout: &Callout) {
        let (ink, ground) = match callout.tone {
            Tone::Note => (GREEN, PALE),
            Tone::Warning => (RED, PALE_RED),
            Tone::Provisional => (AMBER, PALE_AMBER),
        };
        self.upright(60.0);
        let room = self.room();
        let lines = wrap::lines(&callout.text, BODY.face, BODY.size, room - 24.0);
        let height = 16.0 + CAPTION.lead() + count(lines.len()) * BODY.lead();
        let most = self.page().bottom() - Page::top();
        if height <= most {
            self.need(height);
            let (x, y) = (MARGIN, self.y);
            self.page().ops.push(Op::Rect([x, y, room, height], ground));
            self.page().ops.push(Op::Rect([x, y, 3.0, height], ink));
        }
        self.y += 8.0;
        let title = Style {
            rgb: ink,
            ..CAPTION
        };
        self.write(title, &callout.title, 14.0);
        for line in lines {
            self.need(BODY.lead());
            self.put(BODY, &line, 14.0);
        }
        self.y += 16.0;
    }

    /// A plot with its title, kept together.
    pub(super) fn chart(&mut self, chart: &Chart) {
        self.upright(0.0);
        let room = self.room();
        let scene = chart.scene(self.show.lang(), room);
        self.need(scene.height + CAPTION.lead() + 10.0);
        self.write(CAPTION, &chart.title, 0.0);
        self.y += 3.0;
        let y = self.y;
        self.page().scene(&scene, MARGIN, y);
        self.y += scene.height + 12.0;
    }

    /// A photo with its name and hash, kept together; at most half a page high.
    pub(super) fn photo(&mut self, photo: &Photo) {
        self.upright(0.0);
        let room = self.room();
        let (wide, high) = photo.picture.upright();
        let shape = f64::from(wide) / f64::from(high.max(1));
        let width = room.min(PHOTO_HIGH * shape);
        let height = width / shape;
        self.need(height + CAPTION.lead() + SMALL.lead() + 10.0);
        let area = [MARGIN, self.y, width, height];
        let picture = photo.picture.clone();
        self.page().ops.push(Op::Picture(area, picture));
        self.y += height + 3.0;
        self.write(CAPTION, &photo.name, 0.0);
        self.write(SMALL, &rows::hash(&photo.sha256), 0.0);
        self.y += 10.0;
    }

    /// The footnotes of section `index`; below a wide table when they fit there.
    pub(super) fn notes(&mut self, index: usize) {
        let show = self.show;
        let notes: Vec<(usize, &str)> = show.notes.of_section(index).collect();
        if notes.is_empty() {
            return;
        }
        let room = self.room() - NOTE_INDENT;
        let lines = notes.iter().map(|(_, text)| {
            let lines = wrap::lines(text, SMALL.face, SMALL.size, room);
            count(lines.len()) * SMALL.lead()
        });
        let height: f64 = lines.sum::<f64>() + 8.0;
        if self.left() < height && self.page().landscape {
            self.turn(false);
        }
        self.need(SMALL.lead() * 2.0 + 8.0);
        self.y += 4.0;
        let y = self.y;
        self.page().rule(MARGIN, MARGIN + 80.0, y, 0.6, FAINT);
        self.y += 4.0;
        for (number, text) in notes {
            self.need(SMALL.lead());
            let at = (MARGIN, self.y + SMALL.size);
            let mark = raised(number);
            self.page()
                .text(at, SMALL.size, SMALL.face, SMALL.rgb, &mark);
            self.write(SMALL, text, NOTE_INDENT);
        }
    }
}

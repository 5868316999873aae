//! What every page has: site and period above, digest and page number below.

use super::page::{AMBER, FAINT, MARGIN, Page, RULE};
use super::wrap;
use crate::report::face::{Face, width};
use crate::report::show::Show;

const TYPE: f64 = 7.4;

/// Adds header and footer, now that the number of pages is known.
pub(super) fn draw(show: &Show<'_>, pages: &mut [Page]) {
    let all = pages.len().to_string();
    for (index, page) in pages.iter_mut().enumerate() {
        if index > 0 {
            header(show, page);
        }
        let number = (index + 1).to_string();
        let args = [("page", number.as_str()), ("pages", all.as_str())];
        footer(show, page, &show.lang().say("report-page", &args));
    }
}

fn header(show: &Show<'_>, page: &mut Page) {
    let document = show.document;
    let right = page.width() - MARGIN;
    let y = 32.0;
    let period = &document.period.name;
    let taken = width(Face::Regular, TYPE, period) + 110.0;
    let site = format!("{} · {}", document.site.name, document.title);
    let lines = wrap::lines(&site, Face::Bold, TYPE, right - MARGIN - taken);
    let site = lines.first().map_or("", String::as_str);
    page.text((MARGIN, y), TYPE, Face::Bold, FAINT, site);
    page.text_to((right, y), TYPE, Face::Regular, FAINT, period);
    if document.is_provisional() {
        let word = show.word("report-provisional").to_uppercase();
        let x = right - width(Face::Regular, TYPE, period) - 12.0;
        page.text_to((x, y), TYPE, Face::Bold, AMBER, &word);
    }
    page.rule(MARGIN, right, y + 6.0, 0.5, RULE);
}

fn footer(show: &Show<'_>, page: &mut Page, number: &str) {
    let right = page.width() - MARGIN;
    let y = page.height() - 28.0;
    page.rule(MARGIN, right, y - 11.0, 0.5, RULE);
    page.text_to((right, y), TYPE, Face::Regular, FAINT, number);
    let digest = &show.document.digest;
    if !digest.is_empty() {
        let text = format!("{} {digest}", show.word("report-digest"));
        let lines = wrap::lines(&text, Face::Regular, 6.2, right - MARGIN - 90.0);
        let line = lines.first().map_or("", String::as_str);
        page.text((MARGIN, y), 6.2, Face::Regular, FAINT, line);
    }
}

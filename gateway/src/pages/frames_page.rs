//! `/teknisi/bingkai`: the last frames of a line with their meaning, newest first, while somebody
//! looks at them.

use crate::pages::frame_texts::FrameText;
use crate::pages::page_frame::{PageFrame, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::plain_form::PlainForm;
use crate::status::FRAMES_KEPT_FOR;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// Frames on the page.
const FRAMES_SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "frames.html")]
struct FramesPage {
    frame: PageFrame,
    /// Lines that have frames.
    buses: Vec<Arc<str>>,
    bus: Arc<str>,
    slots: Vec<FrameText>,
    /// Seconds for which frames are kept after the last look.
    kept: String,
}

pub(crate) async fn frames_page(PageRequest { app, uri, headers }: PageRequest) -> Response {
    let frame = PageFrame::new(&app, "teknisi", &uri, &headers);
    let config = &app.state().config;
    let modbus = config
        .buses
        .iter()
        .filter(|bus| bus.link.modbus().is_some());
    let buses: Vec<Arc<str>> = modbus.map(|bus| bus.id.clone()).collect();
    let query = PlainForm::of_query(&uri);
    let asked = buses.iter().find(|bus| ***bus == *query.trimmed("jalur"));
    let bus = asked.or(buses.first()).cloned();
    let frames = bus
        .as_ref()
        .map(|bus| app.state().board.frame_log(bus).look().1);
    let frames = frames.unwrap_or_default();
    let shown = frames.iter().map(|one| app.frame_text(one, frame.lang));
    let empty = std::iter::repeat_with(FrameText::empty);
    let page = FramesPage {
        slots: shown.chain(empty).take(FRAMES_SHOWN).collect(),
        buses,
        bus: bus.unwrap_or_default(),
        kept: FRAMES_KEPT_FOR.as_secs().to_string(),
        frame,
    };
    render_page(&uri, StatusCode::OK, &page)
}

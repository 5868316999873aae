//! [`ShownFrames`]: the frames of lines that an open page shows, for a technician alone.

use super::line_texts::push_member;
use crate::access::{Caller, Role, TokenScope};
use crate::api::ApiListener;
use crate::api::request_sender::RequestSender;
use crate::i18n::Language;
use crate::pages::frame_texts::FrameText;
use crate::status::FrameLog;
use std::sync::Arc;

/// Lines of frames, `frame:PLACE:BUS`, of an open page.
#[derive(Debug, Default)]
pub(super) struct ShownFrames(Vec<ShownBus>);

#[derive(Debug)]
struct ShownBus {
    id: Arc<str>,
    log: FrameLog,
    /// Places in the list, 0 for the newest.
    places: Vec<usize>,
    /// Number of frames that the page was told; `None` before the first time.
    told: Option<u64>,
}

impl ShownFrames {
    /// Frames among the names of lines, of buses that there are.
    pub(super) fn parse(names: Option<&str>, app: &ApiListener) -> Self {
        let mut shown = Self::default();
        let caller = RequestSender::current().caller;
        let is_allowed = match &caller {
            Caller::System => true,
            Caller::User { role, .. } => *role >= Role::Technician,
            Caller::Token { scope, .. } => *scope >= TokenScope::Technician,
            Caller::Nobody => false,
        };
        for name in names.unwrap_or_default().split(',').filter(|_| is_allowed) {
            let place = name
                .strip_prefix("frame:")
                .and_then(|rest| rest.split_once(':'));
            let Some((place, bus)) = place else { continue };
            let bus = app.state().buses.iter().find(|one| *one.id == *bus);
            if let Some((bus, place)) = bus.zip(place.parse().ok()) {
                shown.add(&bus.id, place, app);
            }
        }
        shown
    }

    fn add(&mut self, bus: &Arc<str>, place: usize, app: &ApiListener) {
        match self.0.iter_mut().find(|one| one.id == *bus) {
            Some(known) => known.places.push(place),
            None => self.0.push(ShownBus {
                id: bus.clone(),
                log: app.state().board.frame_log(bus),
                places: vec![place],
                told: None,
            }),
        }
    }

    /// Adds the frames to a JSON object, when there are new ones. As long as it is called, frames
    /// are kept.
    pub(super) fn push_new(&mut self, app: &ApiListener, lang: Language, object: &mut String) {
        for bus in &mut self.0 {
            let (count, frames) = bus.log.look();
            if bus.told.replace(count) == Some(count) {
                continue;
            }
            for place in &bus.places {
                let text = frames.get(*place).map(|frame| app.frame_text(frame, lang));
                let text = text.unwrap_or_else(FrameText::empty);
                let text = serde_json::to_string(&text).unwrap_or_default();
                push_member(object, &format!("\"frame:{place}:{}\":{text}", bus.id));
            }
        }
    }
}

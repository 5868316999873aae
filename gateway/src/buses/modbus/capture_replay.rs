//! Check of a profile against the register captures in its own file. Pure.

use super::decode;
use crate::buses::mqtt::message_value;
use crate::config::profile::Profile;
use crate::config::{ModbusPoint, Point, PointAccess, RegisterCapture};
use crate::domain::ExactNumber;
use std::sync::Arc;

/// Capture whose registers decode to something else than the profile states.
#[derive(Clone, Debug, PartialEq)]
pub struct CaptureMismatch {
    /// Line number in the profile file.
    pub line: usize,
    /// Id of the point or fact.
    pub point: Arc<str>,
    /// Value that the capture states; `-` for no value.
    pub said: String,
    /// Value that its registers decode to.
    pub found: String,
    /// Registers of the capture; empty for a message and a text.
    pub words: Vec<u16>,
    /// The point as the profile has it.
    pub as_read: Point,
}

/// Returns every capture of the profile and its variants that does not decode to its stated value.
pub fn replay_captures(profile: &Profile) -> Vec<CaptureMismatch> {
    let own = profile.captures.iter();
    let own = own.filter_map(|capture| find_mismatch(profile, capture));
    let others = profile.variants.iter().flat_map(replay_captures);
    own.chain(others).collect()
}

fn find_mismatch(profile: &Profile, capture: &RegisterCapture) -> Option<CaptureMismatch> {
    let known = || profile.points.iter().chain(&profile.facts);
    let point = known().nth(capture.point)?;
    let mut context = vec![None; known().count()];
    for (index, raw) in &capture.with {
        if let Some(slot) = context.get_mut(*index) {
            // Partner registers are given with the capture, so that scale factors apply.
            *slot = Some(*raw);
        }
    }
    let (said, found) = if point.modbus().is_some_and(ModbusPoint::is_text) {
        (capture.text.clone(), decode::text(point, &capture.words))
    } else {
        let number = match (&point.access, capture.words.as_slice()) {
            (PointAccess::Modbus(_), words) => {
                decode::decode_point(point, words, &context).number()
            }
            (PointAccess::Mqtt(access), _) => {
                let payload = capture.payload.as_deref().unwrap_or_default();
                message_value::decode_payload(point, access, payload.as_bytes()).ok()
            }
            (access, [raw]) => access.scale_raw(*raw, point.scale),
            _ => None,
        };
        // Compared as numbers: "230.10" and "230.1" are equal.
        if number.map(ExactNumber::to_f64) == capture.value {
            return None;
        }
        (
            capture.value.map(|value| value.to_string()),
            number.map(|number| number.to_string()),
        )
    };
    (said != found).then(|| describe_mismatch(capture, point, said, found))
}

fn describe_mismatch(
    capture: &RegisterCapture,
    point: &Point,
    said: Option<String>,
    found: Option<String>,
) -> CaptureMismatch {
    let show = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    CaptureMismatch {
        line: capture.line,
        point: point.name.clone(),
        said: show(said),
        found: show(found),
        words: capture.words.clone(),
        as_read: point.clone(),
    }
}

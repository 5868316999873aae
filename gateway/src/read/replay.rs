//! A profile held against its own captures. Pure.

use super::decode;
use crate::config::profile::{Capture, Profile};
use crate::config::{Encoding, Point};
use crate::model::Number;
use std::sync::Arc;

/// A capture that decodes to something else than it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Line in the profile's file.
    pub line: usize,
    /// Id of the point or fact.
    pub point: Arc<str>,
    /// What the capture says; `-` for no value.
    pub said: String,
    /// What its words decode to.
    pub found: String,
}

/// Every capture of the profile and its variants that does not decode to its value.
pub fn replay(profile: &Profile) -> Vec<Mismatch> {
    let own = profile.captures.iter();
    let own = own.filter_map(|capture| mismatch(profile, capture));
    let others = profile.variants.iter().flat_map(replay);
    own.chain(others).collect()
}

fn mismatch(profile: &Profile, capture: &Capture) -> Option<Mismatch> {
    let known = || profile.points.iter().chain(&profile.facts);
    let point = known().nth(capture.point)?;
    let mut context = vec![None; known().count()];
    for (index, raw) in &capture.with {
        if let Some(slot) = context.get_mut(*index) {
            *slot = Some(*raw);
        }
    }
    let (said, found) = if matches!(point.encoding, Encoding::Text(_)) {
        (capture.text.clone(), decode::text(point, &capture.words))
    } else {
        let number = decode::decode(point, &capture.words, &context).number();
        if number.map(Number::to_f64) == capture.value {
            return None;
        }
        (
            capture.value.map(|value| value.to_string()),
            number.map(|number| number.to_string()),
        )
    };
    (said != found).then(|| of(capture, point, said, found))
}

fn of(capture: &Capture, point: &Point, said: Option<String>, found: Option<String>) -> Mismatch {
    let show = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    Mismatch {
        line: capture.line,
        point: point.name.clone(),
        said: show(said),
        found: show(found),
    }
}

//! Checks of a profile: its rules, and the decoding of its captures.

use crate::buses::modbus::{CaptureMismatch, replay_captures};
use crate::config::profile::{self, Profile};
use crate::config::{Diagnostic, Diagnostics};
use std::path::Path;

/// Profile of a text, after its check. Errors: broken rules, or captures that decode to other
/// values.
pub(super) fn load_valid_profile(text: &str, file: &Path) -> Result<Profile, Diagnostics> {
    let profile = profile::load_profile_text(text, file)?;
    let wrong = capture_diagnostics(&profile);
    if wrong.is_empty() {
        return Ok(profile);
    }
    Err(Diagnostics(wrong))
}

/// Captures that decode to other values than stated, as errors.
pub(in crate::cli) fn capture_diagnostics(profile: &Profile) -> Vec<Diagnostic> {
    let fault = |wrong: CaptureMismatch| Diagnostic {
        file: profile.file.clone(),
        line: wrong.line,
        key: "capture".to_owned(),
        what: "fault-capture-decodes",
        found: wrong.point.to_string(),
        expected: format!("{} != {}", wrong.found, wrong.said),
        hint: None,
    };
    replay_captures(profile).into_iter().map(fault).collect()
}

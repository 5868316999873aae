//! Checks of a profile: its rules, and the decoding of its captures.

use crate::buses::modbus::{CaptureMismatch, replay_captures};
use crate::commissioning::register_inference::{
    InferenceHints, InferenceReason, RegisterHypothesis, rank_hypotheses,
};
use crate::config::profile::{self, Profile};
use crate::config::{Diagnostic, Diagnostics, RegisterEncoding};
use crate::domain::ExactNumber;
use crate::domain::hex_text::hex_words;
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
        expected: decoding_text(&wrong),
        hint: fitting_keys(&wrong),
    };
    replay_captures(profile).into_iter().map(fault).collect()
}

/// Registers of the capture, how they are read, what they give, and what the capture states.
fn decoding_text(wrong: &CaptureMismatch) -> String {
    let values = format!("{} != {}", wrong.found, wrong.said);
    let Some(access) = wrong.as_read.modbus().filter(|_| !wrong.words.is_empty()) else {
        return values;
    };
    let (register, words) = (access.register_text(), hex_words(&wrong.words));
    let (kind, order) = (access.encoding.word(), access.words.word());
    format!("{register} {words}, {kind} {order}: {values}")
}

/// Keys of the point with which the registers would give the stated value; `None` when there are
/// none, or the value depends on more than these registers.
fn fitting_keys(wrong: &CaptureMismatch) -> Option<String> {
    let point = &wrong.as_read;
    let access = point.modbus()?;
    if access.partners().next().is_some() || access.bits.is_some() || point.scale.offset.0 != 0 {
        return None;
    }
    let hints = InferenceHints {
        quantity: &point.quantity,
        unit: &point.unit,
        counter: point.counter,
        display: ExactNumber::parse(&wrong.said),
        ..InferenceHints::default()
    };
    let ranking = rank_hypotheses(&[&wrong.words], &hints);
    let fits = |one: &&RegisterHypothesis| one.reasons.contains(&InferenceReason::Display);
    let fit = ranking.hypotheses.iter().find(fits)?;
    // The sign of the profile is kept where the registers do not show it.
    let is_twin = fit.twin == Some(access.encoding);
    let encoding = if is_twin {
        access.encoding
    } else {
        fit.encoding
    };
    let mut keys = vec![format!("type = \"{}\"", encoding.word())];
    if wrong.words.len() > 1 {
        keys.push(format!("words = \"{}\"", fit.words.word()));
    }
    let is_float = matches!(encoding, RegisterEncoding::F32 | RegisterEncoding::F64);
    if !is_float {
        keys.push(format!("scale = {}", scale_text(fit.power)));
    }
    Some(keys.join(", "))
}

/// Power of ten as a number of the profile.
fn scale_text(power: i8) -> String {
    let places = usize::from(power.unsigned_abs());
    match power {
        ..0 => format!("0.{}1", "0".repeat(places - 1)),
        0.. => format!("1{}", "0".repeat(places)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Language;

    /// Message about a point with these keys and this capture.
    fn said_of(keys: &str, words: &str, value: &str) -> String {
        let text = format!(
            "name = \"acme\"\nmanufacturer = \"Acme\"\nmodel = \"M\"\nkind = \"meter\"\n\
             source = \"manual\"\nconfidence = \"medium\"\n[[point]]\nid = \"e\"\n\
             register = \"input:2\"\n{keys}\n[[capture]]\npoint = \"e\"\nwords = {words}\n\
             value = {value}\nfrom = \"device\"\n"
        );
        let faults = load_valid_profile(&text, Path::new("acme.toml")).unwrap_err();
        faults.render(Language::En)
    }

    #[test]
    fn a_capture_that_fails_says_what_was_read_and_which_keys_would_give_it() {
        let order = "type = \"u32\"\nscale = 0.1\nunit = \"kWh\"";
        let said = said_of(order, "[0x2345, 0x0001]", "7456.5");
        assert!(said.contains("input:2 0x2345 0x0001, u32 abcd: "), "{said}");
        assert!(said.contains(" != 7456.5"), "{said}");
        assert!(
            said.contains("type = \"u32\", words = \"cdab\", scale = 0.1"),
            "{said}"
        );
        let scale = "type = \"i16\"\nscale = 0.01\nunit = \"V\"";
        let said = said_of(scale, "[2301]", "230.1");
        assert!(said.contains("type = \"i16\", scale = 0.1"), "{said}");
        // No type and no scale give this value.
        let said = said_of(scale, "[2301]", "17.77");
        assert!(!said.contains("scale ="), "{said}");
    }
}

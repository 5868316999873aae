//! [`sunspec`]: checks the `SunSpec` keys of a device.

use super::model::is_known_model;
use super::point_names::{self, PointNameError};
use super::selection::{SUNSPEC_PROFILE, SunSpecSelection};
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::RawDevice;
use crate::config::raw_values::SpannedValue;
use crate::limits::POINTS_PER_DEVICE_MAX;
use std::collections::BTreeSet;

/// Checks the selection and the device kind; `None` for a device with another profile.
pub(crate) fn check_sunspec(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawDevice,
    assets: &[String],
) -> Option<(SunSpecSelection, &'static str)> {
    let profile = typed.profile.as_ref().map(|at| at.get().as_str());
    if profile != Some(SUNSPEC_PROFILE) {
        report_stray_keys(notes, typed);
        return None;
    }
    let models = check_models(notes, typed);
    let base = notes.integer_in_range(&typed.base, "base", 0..=65_535);
    let mut wants = Vec::new();
    let mut seen = BTreeSet::new();
    if let Some(extra) = typed.points.get(POINTS_PER_DEVICE_MAX) {
        let (found, most) = (typed.points.len(), POINTS_PER_DEVICE_MAX);
        let (found, most) = (found.to_string(), most.to_string());
        notes.add_error(extra.span(), "points", "fault-too-many", &found, &most);
    }
    // Names are checked without the device; addresses are known only when it was met.
    for at in &typed.points {
        if !seen.insert(at.get().clone()) {
            notes.add_error(at.span(), "points", "fault-duplicate", at.get(), "");
        }
        match point_names::find_wanted(at.get(), &models) {
            Ok(want) => wants.push(want),
            Err(why) => report_unknown_name(notes, at, &why),
        }
    }
    if typed.points.is_empty() {
        wants = point_names::default_points(&models);
        seen.extend(wants.iter().map(|want| want.name.to_string()));
    }
    // Points that assets name are selected too; a wrong name is reported by the asset's check.
    for name in named_by_assets(typed, assets) {
        if let Ok(want) = point_names::find_wanted(name, &models)
            && seen.insert(name.to_owned())
        {
            wants.push(want);
        }
    }
    Some((
        SunSpecSelection::new(base, wants),
        point_names::device_kind(&models),
    ))
}

/// Reports keys that only a `SunSpec` device may have.
fn report_stray_keys(notes: &mut DiagnosticCollector<'_>, typed: &RawDevice) {
    let strays = [
        ("base", typed.base.as_ref().map(SpannedValue::span)),
        ("models", typed.models.first().map(SpannedValue::span)),
        ("points", typed.points.first().map(SpannedValue::span)),
    ];
    for (key, span) in strays {
        if let Some(span) = span {
            notes.add_error(span, key, "fault-sunspec-only", key, "");
        }
    }
}

fn check_models(notes: &mut DiagnosticCollector<'_>, typed: &RawDevice) -> Vec<u16> {
    let mut models = Vec::new();
    for at in &typed.models {
        let id = u16::try_from(*at.get()).ok();
        if let Some(id) = id.filter(|id| is_known_model(*id)) {
            models.push(id);
        } else {
            let found = at.get().to_string();
            notes.add_error(at.span(), "models", "fault-sunspec-model", &found, "");
        }
    }
    models
}

fn report_unknown_name(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    why: &PointNameError,
) {
    match why {
        PointNameError::Unknown => {
            let hint = nearest_name(at.get(), point_names::known_names());
            let all: Vec<&str> = point_names::known_names().collect();
            notes.add_error_with_hint(
                at.span(),
                "points",
                "fault-unknown-point",
                at.get(),
                &all.join(", "),
                hint,
            );
        }
        PointNameError::Ambiguous(pinned) => notes.add_error(
            at.span(),
            "points",
            "fault-sunspec-ambiguous",
            at.get(),
            &pinned.join(", "),
        ),
    }
}

/// Names of this device's points among the strings of the assets.
fn named_by_assets<'a>(
    typed: &'a RawDevice,
    assets: &'a [String],
) -> impl Iterator<Item = &'a str> {
    let id = typed.id.as_ref().map_or("", |at| at.get().as_str());
    let texts = assets.iter().map(String::as_str);
    texts.filter_map(move |text| text.strip_prefix(id)?.strip_prefix('.'))
}

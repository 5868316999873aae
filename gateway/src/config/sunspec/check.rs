//! The `SunSpec` keys of a device: raw to believed.

use super::{Misnamed, SunSpec, names};
use crate::config::fault::nearest;
use crate::config::notes::Notes;
use crate::config::raw::{At, RawDevice};
use crate::limits::POINTS_PER_DEVICE_MAX;
use std::collections::BTreeSet;

/// The profile that is no file: the device says itself what it has.
pub(crate) const PROFILE: &str = "sunspec";

/// What is wanted of the device; `None` when it has another profile, which has no such keys.
pub(crate) fn sunspec(
    notes: &mut Notes<'_>,
    typed: &RawDevice,
    assets: &[String],
) -> Option<(SunSpec, &'static str)> {
    let profile = typed.profile.as_ref().map(|at| at.get().as_str());
    if profile != Some(PROFILE) {
        strays(notes, typed);
        return None;
    }
    let models = models(notes, typed);
    let base = notes.ranged(&typed.base, "base", 0..=65_535);
    let mut wants = Vec::new();
    let mut seen = BTreeSet::new();
    if let Some(extra) = typed.points.get(POINTS_PER_DEVICE_MAX) {
        let (found, most) = (typed.points.len(), POINTS_PER_DEVICE_MAX);
        let (found, most) = (found.to_string(), most.to_string());
        notes.fault(extra.span(), "points", "fault-too-many", &found, &most);
    }
    for at in &typed.points {
        if !seen.insert(at.get().clone()) {
            notes.fault(at.span(), "points", "fault-duplicate", at.get(), "");
        }
        match names::want(at.get(), &models) {
            Ok(want) => wants.push(want),
            Err(why) => misnamed(notes, at, &why),
        }
    }
    if typed.points.is_empty() {
        wants = names::usual(&models);
        seen.extend(wants.iter().map(|want| want.name.to_string()));
    }
    // What an asset names is wanted too; a name that leads nowhere is the asset's fault.
    for name in named_by_assets(typed, assets) {
        if let Ok(want) = names::want(name, &models)
            && seen.insert(name.to_owned())
        {
            wants.push(want);
        }
    }
    Some((SunSpec::new(base, wants), names::kind(&models)))
}

/// Keys that mean something for a `SunSpec` device only.
fn strays(notes: &mut Notes<'_>, typed: &RawDevice) {
    let strays = [
        ("base", typed.base.as_ref().map(At::span)),
        ("models", typed.models.first().map(At::span)),
        ("points", typed.points.first().map(At::span)),
    ];
    for (key, span) in strays {
        if let Some(span) = span {
            notes.fault(span, key, "fault-sunspec-only", key, "");
        }
    }
}

fn models(notes: &mut Notes<'_>, typed: &RawDevice) -> Vec<u16> {
    let mut models = Vec::new();
    for at in &typed.models {
        let id = u16::try_from(*at.get()).ok();
        if let Some(id) = id.filter(|id| super::is_known(*id)) {
            models.push(id);
        } else {
            let found = at.get().to_string();
            notes.fault(at.span(), "models", "fault-sunspec-model", &found, "");
        }
    }
    models
}

fn misnamed(notes: &mut Notes<'_>, at: &At<String>, why: &Misnamed) {
    match why {
        Misnamed::Unknown => {
            let hint = nearest(at.get(), names::known());
            let all: Vec<&str> = names::known().collect();
            notes.add(
                at.span(),
                "points",
                "fault-unknown-point",
                at.get(),
                &all.join(", "),
                hint,
            );
        }
        Misnamed::Ambiguous(pinned) => notes.fault(
            at.span(),
            "points",
            "fault-sunspec-ambiguous",
            at.get(),
            &pinned.join(", "),
        ),
    }
}

/// Points of this device among the texts of the assets.
fn named_by_assets<'a>(
    typed: &'a RawDevice,
    assets: &'a [String],
) -> impl Iterator<Item = &'a str> {
    let id = typed.id.as_ref().map_or("", |at| at.get().as_str());
    let texts = assets.iter().map(String::as_str);
    texts.filter_map(move |text| text.strip_prefix(id)?.strip_prefix('.'))
}

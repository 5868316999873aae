//! [`check_report`]: checks `[report]`, the figures and the names of the first page of a report.

use crate::assets::Asset;
use crate::config::diagnostic::nearest_name;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::{RawText, SpannedValue};
use crate::config::{ChosenHeadline, ReportSettings, ReportSigner};
use crate::i18n::Language;
use crate::ledger::IndicatorDefinitions;
use crate::limits::{REPORT_HEADLINES_MAX, REPORT_HEADLINES_MIN};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;

/// Start of the ids of figures that people write down.
const LEDGER: &str = "ledger.";
/// Figures that do not speak of the period of a report: the methane of all later years.
const NOT_OF_PERIOD: [&str; 1] = ["methane.lifetime"];
/// Start of the message keys of the names of figures.
const NAME_KEYS: &str = "indicator-";

/// `[report]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawReport {
    /// Figures of the first page, 4 to 8: `co2.net`, `ledger.jelantah`, or `ASSET/plts.generation`
    /// for one of several assets.
    headlines: Option<SpannedValue<Vec<SpannedValue<String>>>>,
    /// Name and function of the person who prepares the report: `"Siti Rahayu, Officer"`.
    prepared: RawText,
    /// Name and function of the person who checks it.
    checked: RawText,
    /// Name and function of the person who approves it.
    approved: RawText,
}

/// Checks `[report]` against the figures that Pantau knows, these assets and these indicators of
/// the ledger.
pub(crate) fn check_report(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawReport>,
    assets: &[Asset],
    definitions: &IndicatorDefinitions,
) -> ReportSettings {
    let Some(raw) = raw else {
        return ReportSettings::default();
    };
    let signer = |typed: &RawText| {
        let typed = typed.as_ref().map_or("", |at| at.get());
        let (name, office) = typed.split_once(',').unwrap_or((typed, ""));
        ReportSigner {
            name: name.trim().to_owned(),
            office: office.trim().to_owned(),
        }
    };
    let signers = [&raw.prepared, &raw.checked, &raw.approved].map(signer);
    let Some(typed) = &raw.headlines else {
        return ReportSettings {
            headlines: Vec::new(),
            signers,
        };
    };
    let count = typed.get().len();
    if !(REPORT_HEADLINES_MIN..=REPORT_HEADLINES_MAX).contains(&count) {
        let expected = format!("{REPORT_HEADLINES_MIN}..={REPORT_HEADLINES_MAX}");
        let found = count.to_string();
        notes.add_error(typed.span(), "headlines", "fault-range", &found, &expected);
    }
    let known = known_figures(definitions);
    let mut seen = BTreeSet::new();
    let mut headlines = Vec::new();
    for at in typed.get() {
        if !seen.insert(at.get()) {
            notes.add_error(at.span(), "headlines", "fault-duplicate", at.get(), "");
        }
        headlines.extend(check_headline(notes, at, assets, &known));
    }
    ReportSettings { headlines, signers }
}

fn check_headline(
    notes: &mut DiagnosticCollector<'_>,
    at: &SpannedValue<String>,
    assets: &[Asset],
    known: &[String],
) -> Option<ChosenHeadline> {
    let (asset, id) = match at.get().split_once('/') {
        Some((asset, id)) => (Some(asset), id),
        None => (None, at.get().as_str()),
    };
    if let Some(asset) = asset
        && !assets.iter().any(|one| *one.id == *asset)
    {
        let ids = || assets.iter().map(|one| &*one.id);
        let (hint, all) = (nearest_name(asset, ids()), ids().collect::<Vec<_>>());
        let (what, all) = ("fault-unknown-asset", all.join(", "));
        notes.add_error_with_hint(at.span(), "headlines", what, asset, &all, hint);
        return None;
    }
    if NOT_OF_PERIOD.contains(&id) {
        let choices = known.iter().filter(|one| !one.starts_with(LEDGER));
        let choices: Vec<&str> = choices.map(|one| &**one).collect();
        let (what, choices) = ("fault-no-headline", choices.join(", "));
        notes.add_error(at.span(), "headlines", what, id, &choices);
        return None;
    }
    if !known.iter().any(|one| one == id) {
        let hint = nearest_name(id, known.iter().map(String::as_str));
        let what = "fault-unknown-indicator";
        let expected = "fault-expect-figure";
        notes.add_error_with_hint(at.span(), "headlines", what, id, expected, hint);
        return None;
    }
    Some(ChosenHeadline {
        id: id.into(),
        asset: asset.map(Into::into),
    })
}

/// Ids of all figures: those of assets and the site, and those of the ledger.
// The rooms that compute figures stand above this one; the catalogue names each figure, and a test
// compares both.
fn known_figures(definitions: &IndicatorDefinitions) -> Vec<String> {
    let keys = Language::default().locale().messages.keys_with(NAME_KEYS);
    let measured = keys.into_iter().filter_map(|key| {
        let (folder, name) = key.strip_prefix(NAME_KEYS)?.split_once('-')?;
        Some(format!("{folder}.{}", name.replace('-', "_")))
    });
    let written = definitions.all().iter();
    let written = written.map(|one| format!("{LEDGER}{}", one.id));
    let measured = measured.filter(|id| !NOT_OF_PERIOD.contains(&&**id));
    measured.chain(written).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Diagnostics, load_config_text};
    use std::path::Path;

    fn load_site(report: &str) -> Result<Config, Diagnostics> {
        let demo = include_str!("../../assets/demo.toml");
        let text = format!("{demo}\n[report]\n{report}\n");
        load_config_text(&text, Path::new("pantau.toml"), &|_| None)
    }

    #[test]
    fn figures_of_assets_site_and_ledger_are_chosen_and_signers_have_an_office() {
        let config = load_site(
            "headlines = ['co2.net', 'plts/plts.generation', 'tank.fill_last', 'ledger.pupuk-cair']\n\
             prepared = 'Siti Rahayu, Petugas TJSL'\napproved = 'Rina'",
        );
        let found = config.unwrap().report;
        let names = found.headlines.iter().map(|one| match &one.asset {
            Some(asset) => format!("{asset}/{}", one.id),
            None => one.id.to_string(),
        });
        let names: Vec<String> = names.collect();
        let chosen = [
            "co2.net",
            "plts/plts.generation",
            "tank.fill_last",
            "ledger.pupuk-cair",
        ];
        assert_eq!(names, chosen);
        let [prepared, checked, approved] = found.signers;
        assert_eq!(
            (&*prepared.name, &*prepared.office),
            ("Siti Rahayu", "Petugas TJSL")
        );
        assert_eq!(
            (&*checked.name, &*approved.name, &*approved.office),
            ("", "Rina", "")
        );
    }

    #[test]
    fn an_unknown_figure_or_asset_has_its_nearest_name_and_the_number_has_bounds() {
        for (headlines, parts) in [
            (
                "['co2.nett', 'plts.generation', 'pump.volume', 'ledger.jelantah']",
                &["headlines", "unknown indicator `co2.nett`", "`co2.net`"][..],
            ),
            (
                "['co2.net', 'plts.generasi', 'ledger.jelanta', 'pump.volume']",
                &[
                    "`plts.generation`",
                    "unknown indicator `ledger.jelanta`",
                    "`ledger.jelantah`",
                ],
            ),
            (
                "['co2.net', 'plst/plts.generation', 'pump.volume', 'ledger.jelantah']",
                &["unknown asset `plst`", "did you mean `plts`"],
            ),
            (
                "['co2.net', 'co2.net', 'pump.volume', 'ledger.jelantah']",
                &["`co2.net` is used twice"],
            ),
            ("['co2.net', 'pump.volume', 'plts.pr']", &["3", "4..=8"]),
            (
                "['co2.net', 'methane.lifetime', 'pump.volume', 'ledger.jelantah']",
                &[
                    "`methane.lifetime` is no figure of a period",
                    "methane.annual",
                ],
            ),
            ("[]", &["0", "4..=8"]),
        ] {
            let faults = load_site(&format!("headlines = {headlines}")).unwrap_err();
            let told = faults.render(Language::En);
            for part in parts {
                assert!(told.contains(part), "{headlines}: {part} is not in\n{told}");
            }
        }
    }
}

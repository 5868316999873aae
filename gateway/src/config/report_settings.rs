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
use std::collections::BTreeMap;

/// Longest name and function of a signer, characters.
const SIGNER_CHARS_MAX: usize = 120;
/// Longest part of a degree between points, letters.
const DEGREE_PART_CHARS_MAX: usize = 5;
/// Degrees that are written without points too.
const BARE_DEGREES: [&str; 22] = [
    "ST", "MT", "SE", "MM", "SH", "MH", "SP", "MP", "SSi", "MSi", "SKom", "MKom", "SPd", "MPd",
    "SKM", "AMd", "MBA", "MSc", "BSc", "BEng", "MEng", "PhD",
];

/// Start of the ids of figures that people write down.
const LEDGER: &str = "ledger.";
/// End of the ids of figures that do not speak of the period of a report, but of all later years.
const LIFETIME: &str = ".lifetime";
/// End of the ids of the effects of what people write down, by a factor.
const EFFECT: &str = ".effect";
/// Start of the ids of emissions, which assets and the site have under one id.
const EMISSIONS: &str = "co2.";
/// Start of the ids of totals of the site.
const SITE: &str = "site.";
/// Totals of the site, each with the kind of asset and the figure of which it is the total.
const SITE_TOTALS: [(&str, &str, &str); 4] = [
    ("generation", "plts", "generation"),
    ("self_use", "plts", "self_use"),
    ("water", "pump", "volume"),
    ("rain_captured", "catchment", "captured"),
];
/// Start of the message keys of the names of figures.
const NAME_KEYS: &str = "indicator-";

/// `[report]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct RawReport {
    /// Figures of the first page, 4 to 8: `co2.net`, `ledger.jelantah`, or `ASSET/plts.generation`
    /// for one of several assets.
    headlines: Option<SpannedValue<Vec<SpannedValue<String>>>>,
    /// Name and function of the person who prepares the report: `"Siti Rahayu, S.T., Officer"`. A
    /// semicolon says where the function begins, otherwise the first comma that no degree follows.
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
    let signers = [
        (&raw.prepared, "prepared"),
        (&raw.checked, "checked"),
        (&raw.approved, "approved"),
    ];
    let signers = signers.map(|(typed, key)| check_signer(notes, typed, key));
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
    let mut headlines = Vec::new();
    let mut seen: BTreeMap<(String, Option<String>), &str> = BTreeMap::new();
    for at in typed.get() {
        let Some(headline) = check_headline(notes, at, assets, &known) else {
            continue;
        };
        let shown = shown_figures(&headline, assets);
        let earlier = shown.iter().find_map(|figure| seen.get(figure));
        if earlier.is_some_and(|earlier| *earlier == at.get()) {
            notes.add_error(at.span(), "headlines", "fault-duplicate", at.get(), "");
        } else if let Some(earlier) = earlier {
            let what = "fault-headline-twice";
            notes.add_error(at.span(), "headlines", what, at.get(), earlier);
        }
        seen.extend(shown.into_iter().map(|figure| (figure, &**at.get())));
        headlines.push(headline);
    }
    ReportSettings { headlines, signers }
}

/// Figures that a headline shows, each with its asset, `None` for that of the site: what is written
/// in different ways may be one.
///
/// ```text
/// plts.generation       that of each plant
/// site.generation       that of the only plant, or the total of several
/// ```
fn shown_figures(headline: &ChosenHeadline, assets: &[Asset]) -> Vec<(String, Option<String>)> {
    let of_site = headline.id.strip_prefix(SITE);
    let total = SITE_TOTALS.iter().find(|one| Some(one.0) == of_site);
    let part = total.map(|(_, kind, figure)| format!("{kind}.{figure}"));
    let id = part.as_deref().unwrap_or(&headline.id);
    let kind = id.split('.').next().unwrap_or_default();
    let has_figure = |asset: &&Asset| {
        let waste = asset.kind.settings().organic_waste();
        let claims =
            || !asset.baselines().is_empty() || waste.is_some_and(|waste| waste.disposal.is_some());
        asset.kind.word() == kind || (id.starts_with(EMISSIONS) && claims())
    };
    let owners: Vec<&Asset> = assets.iter().filter(has_figure).collect();
    let is_sum = total.is_some() || id.starts_with(EMISSIONS);
    let of = |asset: &str| (id.to_owned(), Some(asset.to_owned()));
    match (&headline.asset, owners.as_slice()) {
        (Some(asset), _) => vec![of(asset)],
        (None, [only]) => vec![of(&only.id)],
        (None, [_, ..]) if !is_sum => owners.iter().map(|one| of(&one.id)).collect(),
        (None, _) => vec![(id.to_owned(), None)],
    }
}

/// Name and function of a signer; empty where nobody is named.
fn check_signer(notes: &mut DiagnosticCollector<'_>, typed: &RawText, key: &str) -> ReportSigner {
    let Some(at) = typed else {
        return ReportSigner::default();
    };
    let text = at.get().trim();
    // The field of a signature on the first page has no more room.
    if text.chars().count() > SIGNER_CHARS_MAX || text.contains(char::is_control) {
        notes.add_error(at.span(), key, "fault-value", text, "fault-expect-signer");
    }
    split_signer(text)
}

/// Splits a name from the function behind it. Academic degrees after a comma belong to the name:
/// `Siti Rahayu, S.T., M.Si., Officer`.
fn split_signer(text: &str) -> ReportSigner {
    let (name, office) = text.split_once(';').unwrap_or_else(|| {
        let mut end = text.find(',').unwrap_or(text.len());
        while let Some(rest) = text.get(end + 1..) {
            let next = rest.find(',').unwrap_or(rest.len());
            if !is_degree(rest[..next].trim()) {
                break;
            }
            end = (end + 1 + next).min(text.len());
        }
        (&text[..end], text.get(end + 1..).unwrap_or_default())
    });
    ReportSigner {
        name: name.trim().to_owned(),
        office: office.trim().to_owned(),
    }
}

/// Whether a text is an academic degree: parts of few letters with points (`S.T.`, `M.Si`), or one
/// of the usual ones without.
fn is_degree(text: &str) -> bool {
    let mut parts = text.split('.').filter(|part| !part.is_empty()).peekable();
    let is_short = |part: &str| {
        let first = part.chars().next();
        first.is_some_and(char::is_uppercase)
            && part.chars().count() <= DEGREE_PART_CHARS_MAX
            && part.chars().all(char::is_alphabetic)
    };
    let has_points = text.contains('.') && parts.peek().is_some() && parts.all(is_short);
    has_points || BARE_DEGREES.contains(&text)
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
    if id.ends_with(LIFETIME) {
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
pub(crate) fn known_figures(definitions: &IndicatorDefinitions) -> Vec<String> {
    let keys = Language::default().locale().messages.keys_with(NAME_KEYS);
    let measured = keys.into_iter().filter_map(|key| {
        let (folder, name) = key.strip_prefix(NAME_KEYS)?.split_once('-')?;
        Some(format!("{folder}.{}", name.replace('-', "_")))
    });
    let written = definitions.all().iter();
    let written = written.flat_map(|one| {
        let id = format!("{LEDGER}{}", one.id);
        let effect = (!one.factors.is_empty()).then(|| format!("{id}{EFFECT}"));
        [Some(id), effect].into_iter().flatten()
    });
    let measured = measured.filter(|id| !id.ends_with(LIFETIME));
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
    fn degrees_after_a_comma_belong_to_the_name_and_a_semicolon_says_the_rest() {
        for (text, name, office) in [
            ("Siti Rahayu, Petugas TJSL", "Siti Rahayu", "Petugas TJSL"),
            ("Siti Rahayu, S.T., Petugas", "Siti Rahayu, S.T.", "Petugas"),
            (
                "Dr. Budi, S.T., M.Si., Kepala Divisi",
                "Dr. Budi, S.T., M.Si.",
                "Kepala Divisi",
            ),
            ("Ani, S.Pd.I., M.Kom", "Ani, S.Pd.I., M.Kom", ""),
            ("Rina, ST, MT, Manajer", "Rina, ST, MT", "Manajer"),
            ("Joko, Ph.D.", "Joko, Ph.D.", ""),
            ("Rina, CSR", "Rina", "CSR"),
            ("Rina, Kepala, Divisi TJSL", "Rina", "Kepala, Divisi TJSL"),
            ("Rina, A.B.C; Ketua", "Rina, A.B.C", "Ketua"),
            ("Rina", "Rina", ""),
            ("Rina,", "Rina", ""),
            ("", "", ""),
        ] {
            let found = split_signer(text);
            assert_eq!((&*found.name, &*found.office), (name, office), "{text}");
        }
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
            (
                "['plts.generation', 'plts/plts.generation', 'site.generation', 'pump.volume']",
                &[
                    "`plts/plts.generation` is the same figure as `plts.generation`",
                    "`site.generation` is the same figure",
                ],
            ),
            (
                "['site.water', 'pump/pump.volume', 'plts.pr', 'ledger.jelantah']",
                &["`pump/pump.volume` is the same figure as `site.water`"],
            ),
            ("['co2.net', 'pump.volume', 'plts.pr']", &["3", "4 to 8"]),
            (
                "['co2.net', 'methane.lifetime', 'pump.volume', 'ledger.jelantah']",
                &[
                    "`methane.lifetime` is no figure of a period",
                    "methane.annual",
                ],
            ),
            ("[]", &["0", "4 to 8"]),
        ] {
            let faults = load_site(&format!("headlines = {headlines}")).unwrap_err();
            let told = faults.render(Language::En);
            for part in parts {
                assert!(told.contains(part), "{headlines}: {part} is not in\n{told}");
            }
        }
    }
}

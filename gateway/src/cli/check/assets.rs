//! Assets of a site in the plan: their points, baselines and factors.

use crate::assets::{Asset, Baseline};
use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::factor::Factor;
use crate::i18n::Language;
use jiff::civil::Date;
use serde_json::{Value, json};

/// Adds a paragraph for each asset, and the number of indicators.
pub(super) fn push_assets_text(lines: &mut Vec<String>, config: &Config, lang: Language) {
    lines.push(String::new());
    for asset in &config.assets {
        let points = asset.points.iter();
        let points: Vec<String> = points.map(|(role, id)| format!("{role} = {id}")).collect();
        let args = [
            ("asset", &*asset.id),
            ("kind", asset.kind.word()),
            ("points", &points.join(", ")),
        ];
        lines.push(lang.text_with("cli-check-asset", &args));
        let baselines = asset.baselines();
        lines.extend(baselines.iter().map(|one| baseline_text(one, lang)));
        for factor in asset.factors() {
            lines.push(factor_text(config, factor, lang));
        }
        for id in baselines.iter().filter_map(|one| one.kind.unverified_id()) {
            lines.push(lang.text_with("fault-unverified-used", &[("found", id)]));
        }
    }
    let count = config.definitions.all().len();
    lines.push(lang.text_with("cli-check-indicators", &[("count", &count.to_string())]));
}

fn baseline_text(baseline: &Baseline, lang: Language) -> String {
    let text = |day: Option<Date>| day.map_or("-".to_owned(), |day| day.to_string());
    let (since, until) = (text(baseline.days.since), text(baseline.days.until));
    let code = baseline.kind.code();
    let args = [("code", code), ("since", &*since), ("until", &*until)];
    lang.text_with("cli-check-baseline", &args)
}

fn factor_text(config: &Config, factor: &Factor, lang: Language) -> String {
    let year = factor.year.map_or("-".to_owned(), |year| year.to_string());
    let args = [
        ("factor", &*factor.id),
        (
            "value",
            &lang.locale().plain_digits(&factor.value.to_string()),
        ),
        // The unit of a bare number is `1`, of a rate `1/yr`; the `1` is not shown.
        ("unit", factor.unit.text().trim_start_matches('1')),
        ("year", &year),
        ("status", &status_text(factor, lang)),
        (
            "headline",
            &headline_text(config.factors.headline(factor), lang),
        ),
    ];
    lang.text_with("cli-check-factor", &args)
}

fn status_text(factor: &Factor, lang: Language) -> String {
    // Message keys have no underscores.
    let word = factor.status.word().replace('_', "-");
    lang.text(&format!("factor-status-{word}"))
}

fn headline_text(verdict: ClaimVerdict, lang: Language) -> String {
    lang.text(&verdict.message_key())
}

/// Assets as JSON for scripts.
pub(super) fn assets_json(config: &Config, lang: Language) -> Value {
    let all = config
        .assets
        .iter()
        .map(|asset| asset_json(config, asset, lang));
    all.collect()
}

fn asset_json(config: &Config, asset: &Asset, lang: Language) -> Value {
    let text = |day: Option<Date>| day.map(|day| day.to_string());
    let baselines = asset.baselines().iter().map(|one| {
        json!({
            "code": one.kind.code(),
            "since": text(one.days.since),
            "until": text(one.days.until),
            "by": one.by,
            "evidence": one.evidence,
            "headline": one.headline(&config.factors).word(),
            "unverified": one.kind.unverified_id(),
        })
    });
    let baselines: Vec<Value> = baselines.collect();
    let factors = asset.factors().into_iter();
    let factors: Vec<Value> = factors
        .map(|factor| factor_json(config, factor, lang))
        .collect();
    let points = asset.points.iter();
    let points: Value = points
        .map(|(role, id)| (role.clone(), json!(&**id)))
        .collect();
    json!({
        "id": &*asset.id,
        "name": &*asset.name,
        "kind": asset.kind.word(),
        "points": points,
        "since": text(asset.days.since),
        "until": text(asset.days.until),
        // The one in force at the end, for scripts that know one.
        "baseline": baselines.last(),
        "baselines": baselines,
        "factors": factors,
    })
}

fn factor_json(config: &Config, factor: &Factor, lang: Language) -> Value {
    let said = config.factors.headline(factor);
    json!({
        "id": &*factor.id,
        "value": factor.value,
        "unit": factor.unit.text(),
        "year": factor.year,
        "source": factor.source,
        "status": factor.status.word(),
        "headline": said.word(),
        "message": headline_text(said, lang),
    })
}

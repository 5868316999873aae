//! The assets of a site in the plan: their points, baselines and factors.

use crate::config::Config;
use crate::config::assets::{Asset, Baseline};
use crate::model::factor::{Factor, Headline};
use crate::words::Lang;
use serde_json::{Value, json};

/// One paragraph an asset, and how much may be written down.
pub(super) fn text(lines: &mut Vec<String>, config: &Config, lang: Lang) {
    lines.push(String::new());
    for asset in &config.assets {
        let points = asset.points.iter();
        let points: Vec<String> = points.map(|(role, id)| format!("{role} = {id}")).collect();
        let args = [
            ("asset", &*asset.id),
            ("kind", asset.kind.word()),
            ("points", &points.join(", ")),
        ];
        lines.push(lang.say("cli-check-asset", &args));
        if let Some(baseline) = asset.baseline() {
            lines.push(baseline_text(baseline, lang));
        }
        for factor in asset.factors() {
            lines.push(factor_text(config, factor, lang));
        }
        if let Some(id) = asset.baseline().and_then(|one| one.kind.unverified()) {
            lines.push(lang.say("fault-unverified-used", &[("found", id)]));
        }
    }
    let count = config.definitions.all().len();
    lines.push(lang.say("cli-check-indicators", &[("count", &count.to_string())]));
}

fn baseline_text(baseline: &Baseline, lang: Lang) -> String {
    let since = baseline.since.map_or("-".to_owned(), |day| day.to_string());
    let args = [("code", baseline.kind.code()), ("since", &since)];
    lang.say("cli-check-baseline", &args)
}

fn factor_text(config: &Config, factor: &Factor, lang: Lang) -> String {
    let year = factor.year.map_or("-".to_owned(), |year| year.to_string());
    let args = [
        ("factor", &*factor.id),
        ("value", &factor.value.to_string()),
        // A bare number has the unit `1`, one per year `1/yr`.
        ("unit", factor.unit.text().trim_start_matches('1')),
        ("year", &year),
        ("status", &status(factor, lang)),
        ("headline", &headline(config.factors.headline(factor), lang)),
    ];
    lang.say("cli-check-factor", &args)
}

fn status(factor: &Factor, lang: Lang) -> String {
    let word = factor.status.word().replace('_', "-");
    lang.text(&format!("factor-status-{word}"))
}

fn headline(headline: Headline, lang: Lang) -> String {
    lang.text(&format!("factor-headline-{}", headline.word()))
}

/// The same for scripts.
pub(super) fn json(config: &Config, lang: Lang) -> Value {
    let all = config.assets.iter().map(|asset| one(config, asset, lang));
    all.collect()
}

fn one(config: &Config, asset: &Asset, lang: Lang) -> Value {
    let baseline = asset.baseline().map(|one| {
        json!({
            "code": one.kind.code(),
            "since": one.since.map(|day| day.to_string()),
            "by": one.by,
            "evidence": one.evidence,
            "headline": one.headline(&config.factors).word(),
            "unverified": one.kind.unverified(),
        })
    });
    let factors = asset.factors().into_iter();
    let factors: Vec<Value> = factors
        .map(|factor| of_factor(config, factor, lang))
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
        "baseline": baseline,
        "factors": factors,
    })
}

fn of_factor(config: &Config, factor: &Factor, lang: Lang) -> Value {
    let said = config.factors.headline(factor);
    json!({
        "id": &*factor.id,
        "value": factor.value,
        "unit": factor.unit.text(),
        "year": factor.year,
        "source": factor.source,
        "status": factor.status.word(),
        "headline": said.word(),
        "message": headline(said, lang),
    })
}

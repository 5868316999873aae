//! Possible meanings of registers, ranked by likelihood, and whether the configuration agrees.

use crate::commissioning::register_inference::{
    HypothesisRanking, InferenceHints, InferenceReason, RegisterHypothesis, rank_hypotheses,
};
use crate::config::{Point, RegisterEncoding, WordOrder};
use crate::domain::ExactNumber;
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Hypotheses that are shown for each point.
const HYPOTHESES_SHOWN_MAX: usize = 5;
/// Smallest share of a hypothesis that is shown; the configured one is always shown.
const SHARE_MIN: f64 = 0.01;

/// Ranking for a point over all its reads; `None` where nothing can be ranked: single bits, texts,
/// and values from two separate registers.
pub(super) fn rank_point(
    point: &Point,
    reads: &[Vec<u16>],
    display: Option<ExactNumber>,
) -> Option<HypothesisRanking> {
    let access = point.modbus()?;
    let plain = access.bits.is_none() && access.high.is_none();
    let number = !matches!(
        access.encoding,
        RegisterEncoding::Bool | RegisterEncoding::Text(_)
    );
    if !plain || !number || reads.is_empty() {
        return None;
    }
    let hints = InferenceHints {
        quantity: &point.quantity,
        unit: &point.unit,
        counter: point.counter,
        min: point.min,
        max: point.max,
        display,
    };
    let reads: Vec<&[u16]> = reads.iter().map(Vec::as_slice).collect();
    Some(rank_hypotheses(&reads, &hints))
}

/// The likeliest hypotheses, one on each line, and the conclusion.
pub(super) fn ranking_text(
    point: &Point,
    value: Option<ExactNumber>,
    ranking: &HypothesisRanking,
    lang: Language,
) -> String {
    let mut text = String::new();
    let is_shown =
        |one: &&RegisterHypothesis| one.share >= SHARE_MIN || matches_config(point, value, one);
    for one in ranking
        .hypotheses
        .iter()
        .filter(is_shown)
        .take(HYPOTHESES_SHOWN_MAX)
    {
        let mark = if matches_config(point, value, one) {
            '*'
        } else {
            ' '
        };
        let value = one
            .values
            .last()
            .map(|value| value.short_digits())
            .map(|value| lang.locale().plain_digits(&value));
        let value = format!("{} {}", value.unwrap_or_default(), point.unit);
        // Without a unit, the usual range of a quantity says nothing.
        let is_bare = point.unit.is_empty();
        let doubts = one.reasons.iter();
        let doubts =
            doubts.filter(|doubt| !(is_bare && matches!(doubt, InferenceReason::Usual(_))));
        let why: Vec<String> = doubts.map(|doubt| doubt_text(*doubt, lang)).collect();
        let (how, share, why) = (
            hypothesis_text(one),
            percent_text(one.share),
            why.join(", "),
        );
        let _ = writeln!(
            text,
            "{:>22} {mark} {how:<16} {value:<22} {share:>3} %  {why}",
            ""
        );
    }
    if let Some(first) = ranking.hypotheses.first() {
        let _ = writeln!(
            text,
            "{:>24}{}",
            "",
            verdict_text((point, value), ranking, first, lang)
        );
    }
    text
}

/// Conclusion from a ranking: certain, open, or different from the configuration.
fn verdict_text(
    (point, value): (&Point, Option<ExactNumber>),
    ranking: &HypothesisRanking,
    first: &RegisterHypothesis,
    lang: Language,
) -> String {
    let (how, share) = (hypothesis_text(first), percent_text(first.share));
    let layout = layout_text(first.encoding, first.words);
    let configured = format!("{} x{}", point_layout(point), scale_text(point));
    let differs = ranking.certain && !matches_config(point, value, first);
    let (key, how) = match (differs, ranking.certain, ranking.layout_certain) {
        (true, ..) => ("infer-differs", how),
        (false, true, _) => ("infer-certain", how),
        (false, false, true) => ("infer-layout", layout),
        (false, false, false) => ("infer-open", how),
    };
    let args = [
        ("point", &*point.name),
        ("how", how.as_str()),
        ("share", share.as_str()),
        ("configured", configured.as_str()),
    ];
    lang.text_with(key, &args)
}

pub(super) fn ranking_json(
    point: &Point,
    value: Option<ExactNumber>,
    ranking: &HypothesisRanking,
) -> Value {
    let one = |one: &RegisterHypothesis| {
        let doubts: Vec<&str> = one
            .reasons
            .iter()
            .map(|doubt| doubt.message_key())
            .collect();
        json!({
            "type": one.encoding.word(),
            "words": one.words.word(),
            "scale": 10f64.powi(one.power.into()),
            "values": one.values.iter().map(|value| value.to_f64()).collect::<Vec<_>>(),
            "share": one.share,
            "why": doubts,
            "configured": matches_config(point, value, one),
        })
    };
    json!({
        "certain": ranking.certain,
        "layout_certain": ranking.layout_certain,
        "ranked": ranking.hypotheses.iter().map(one).collect::<Vec<_>>(),
    })
}

/// Whether a hypothesis is the configured meaning, or equal to it for all registers that were read.
/// Where the scale is read from the device, the value decides.
fn matches_config(point: &Point, value: Option<ExactNumber>, one: &RegisterHypothesis) -> bool {
    let Some(access) = point.modbus() else {
        return false;
    };
    let encoding = access.encoding == one.encoding || one.twin == Some(access.encoding);
    // A configured offset moves the value, which no hypothesis has, so scales cannot be compared.
    let is_moved = point.scale.offset.0 != 0;
    let scale = if access.scale_from.is_some() || !access.powers.is_empty() {
        let (own, other) = (value.map(ExactNumber::to_f64), one.values.last());
        let same = own.zip(other.map(|other| other.to_f64()));
        is_moved || same.is_some_and(|(own, other)| (own - other).abs() <= own.abs() * 1e-9)
    } else {
        is_moved || is_same_scale(point.scale.factor, one.power)
    };
    encoding && access.words == one.words && scale
}

/// Compares a factor with a power of ten. A factor that is none counts as the nearest one.
fn is_same_scale((mantissa, exponent): (i64, i8), power: i8) -> bool {
    let size = ExactNumber::Decimal { mantissa, exponent }.to_f64().abs();
    (size.log10() - f64::from(power)).abs() < 0.5
}

fn scale_text(point: &Point) -> String {
    let (mantissa, exponent) = point.scale.factor;
    ExactNumber::Decimal { mantissa, exponent }.to_string()
}

fn point_layout(point: &Point) -> String {
    let access = point.modbus();
    access.map_or_else(String::new, |access| {
        layout_text(access.encoding, access.words)
    })
}

fn layout_text(encoding: RegisterEncoding, words: WordOrder) -> String {
    // The variant names in lower case are the words of the configuration.
    format!("{encoding:?} {words:?}").to_lowercase()
}

fn hypothesis_text(one: &RegisterHypothesis) -> String {
    let exponent = one.power;
    let scale = ExactNumber::Decimal {
        mantissa: 1,
        exponent,
    };
    format!("{} x{scale}", layout_text(one.encoding, one.words))
}

fn percent_text(share: f64) -> String {
    // Rounded down: 99.9 % must not look like certainty.
    nearest_digits((share * 100.0).floor(), 0)
}

fn doubt_text(doubt: InferenceReason, lang: Language) -> String {
    match doubt {
        InferenceReason::Usual(quantity) => {
            let key = format!("web-quantity-{}", quantity.replace('_', "-"));
            let word = lang.text(&key);
            let word = if word == key {
                quantity.to_owned()
            } else {
                word.to_lowercase()
            };
            lang.text_with(doubt.message_key(), &[("quantity", &word)])
        }
        other => lang.text(other.message_key()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};

    fn point(rest: &str) -> Point {
        let text = SiteText::new("s").tcp_bus("b", 502).device("d", "b", "");
        let point = format!("{{ id = \"v\", register = \"holding:0\", {rest} }}");
        load_site(&text.points([point]).text()).devices[0].points[0].clone()
    }

    #[test]
    fn a_point_that_is_configured_right_is_marked_and_certain() {
        let point = point("type = \"u16\", scale = 0.1, unit = \"V\"");
        let ranking = rank_point(&point, &[vec![2301], vec![2304]], None).unwrap();
        let text = ranking_text(&point, None, &ranking, Language::En);
        let first = text.lines().next().unwrap();
        assert!(first.contains("* u16 abcd x0.1"), "{text}");
        assert!(first.contains("230.4 V"), "{text}");
        assert!(text.contains("is certain"), "{text}");
    }

    #[test]
    fn a_wrong_word_order_is_told() {
        let point = point("type = \"f32\", words = \"abcd\", unit = \"V\"");
        let ranking = rank_point(&point, &[vec![0x199a, 0x4366]], None).unwrap();
        let text = ranking_text(&point, None, &ranking, Language::Id);
        assert!(text.contains("lebih cocok dengan f32 cdab"), "{text}");
    }

    #[test]
    fn single_bits_have_nothing_to_choose() {
        let point = point("type = \"bool\"");
        assert_eq!(rank_point(&point, &[vec![1]], None), None);
    }
}

//! What registers may mean, side by side, the likeliest first, and whether the configuration
//! agrees.

use crate::config::{Encoding, Point, WordOrder};
use crate::field::infer::{Doubt, Hints, Hypothesis, Ranking, rank};
use crate::model::Number;
use crate::words::Lang;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Hypotheses shown of each point.
const SHOWN_MAX: usize = 5;
/// A hypothesis with a smaller share is worth a line only when it is the configured one.
const SHARE_MIN: f64 = 0.01;

/// Ranks a point over its reads; `None` where there is nothing to choose: single bits, texts,
/// halves from two places.
pub(super) fn ranking(
    point: &Point,
    reads: &[Vec<u16>],
    display: Option<Number>,
) -> Option<Ranking> {
    let plain = point.bits.is_none() && point.high.is_none();
    let number = !matches!(point.encoding, Encoding::Bool | Encoding::Text(_));
    if !plain || !number || reads.is_empty() {
        return None;
    }
    let hints = Hints {
        quantity: &point.quantity,
        unit: &point.unit,
        counter: point.counter,
        min: point.min,
        max: point.max,
        display,
    };
    let reads: Vec<&[u16]> = reads.iter().map(Vec::as_slice).collect();
    Some(rank(&reads, &hints))
}

/// The likeliest hypotheses, one a line, and what follows from them.
pub(super) fn text(point: &Point, value: Option<Number>, ranking: &Ranking, lang: Lang) -> String {
    let mut text = String::new();
    let is_shown = |one: &&Hypothesis| one.share >= SHARE_MIN || is_configured(point, value, one);
    for one in ranking.hypotheses.iter().filter(is_shown).take(SHOWN_MAX) {
        let mark = if is_configured(point, value, one) {
            '*'
        } else {
            ' '
        };
        let value = one.values.last().map(|value| shown(one.encoding, *value));
        let value = format!("{} {}", value.unwrap_or_default(), point.unit);
        // A number without a unit is no distance and no temperature.
        let is_bare = point.unit.is_empty();
        let doubts = one.doubts.iter();
        let doubts = doubts.filter(|doubt| !(is_bare && matches!(doubt, Doubt::Usual(_))));
        let why: Vec<String> = doubts.map(|doubt| say(*doubt, lang)).collect();
        let (how, share, why) = (how(one), percent(one.share), why.join(", "));
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
            verdict((point, value), ranking, first, lang)
        );
    }
    text
}

fn verdict(
    (point, value): (&Point, Option<Number>),
    ranking: &Ranking,
    first: &Hypothesis,
    lang: Lang,
) -> String {
    let (how, share) = (how(first), percent(first.share));
    let layout = layout(first.encoding, first.words);
    let configured = format!("{} x{}", layout_of(point), scale_text(point));
    let differs = ranking.certain && !is_configured(point, value, first);
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
    lang.say(key, &args)
}

pub(super) fn as_json(point: &Point, value: Option<Number>, ranking: &Ranking) -> Value {
    let one = |one: &Hypothesis| {
        let doubts: Vec<&str> = one.doubts.iter().map(|doubt| doubt.key()).collect();
        json!({
            "type": format!("{:?}", one.encoding).to_lowercase(),
            "words": format!("{:?}", one.words).to_lowercase(),
            "scale": 10f64.powi(one.power.into()),
            "values": one.values.iter().map(|value| value.to_f64()).collect::<Vec<_>>(),
            "share": one.share,
            "why": doubts,
            "configured": is_configured(point, value, one),
        })
    };
    json!({
        "certain": ranking.certain,
        "layout_certain": ranking.layout_certain,
        "ranked": ranking.hypotheses.iter().map(one).collect::<Vec<_>>(),
    })
}

/// What the configuration says of the point is this hypothesis, or the same for all that was seen.
/// Where the scale comes from the device, the value that it made says which it is.
fn is_configured(point: &Point, value: Option<Number>, one: &Hypothesis) -> bool {
    let encoding = point.encoding == one.encoding || one.twin == Some(point.encoding);
    let is_moved = point.scale.offset.0 != 0;
    let scale = if point.scale_from.is_some() || !point.powers.is_empty() {
        let (own, other) = (value.map(Number::to_f64), one.values.last());
        let same = own.zip(other.map(|other| other.to_f64()));
        is_moved || same.is_some_and(|(own, other)| (own - other).abs() <= own.abs() * 1e-9)
    } else {
        is_moved || same_scale(point.scale.factor, one.power)
    };
    encoding && point.words == one.words && scale
}

/// Some factors are no power of ten; for them the nearest counts.
fn same_scale((mantissa, exponent): (i64, i8), power: i8) -> bool {
    let size = Number::Decimal { mantissa, exponent }.to_f64().abs();
    (size.log10() - f64::from(power)).abs() < 0.5
}

fn scale_text(point: &Point) -> String {
    let (mantissa, exponent) = point.scale.factor;
    Number::Decimal { mantissa, exponent }.to_string()
}

fn layout_of(point: &Point) -> String {
    layout(point.encoding, point.words)
}

fn layout(encoding: Encoding, words: WordOrder) -> String {
    format!("{encoding:?} {words:?}").to_lowercase()
}

fn how(one: &Hypothesis) -> String {
    let exponent = one.power;
    let scale = Number::Decimal {
        mantissa: 1,
        exponent,
    };
    format!("{} x{scale}", layout(one.encoding, one.words))
}

/// A single of 32 bits in the digits that it has, not in those of the double that carries it.
pub(super) fn shown(encoding: Encoding, number: Number) -> String {
    let value = number.to_f64();
    #[expect(clippy::cast_possible_truncation, reason = "it was a single before")]
    let single = value as f32;
    if encoding == Encoding::F32 && f64::from(single).to_bits() == value.to_bits() {
        single.to_string()
    } else {
        number.to_string()
    }
}

fn percent(share: f64) -> String {
    // What is not quite everything must not look like it.
    format!("{:.0}", (share * 100.0).floor())
}

fn say(doubt: Doubt, lang: Lang) -> String {
    match doubt {
        Doubt::Usual(quantity) => {
            let key = format!("web-quantity-{}", quantity.replace('_', "-"));
            let word = lang.text(&key);
            let word = if word == key {
                quantity.to_owned()
            } else {
                word.to_lowercase()
            };
            lang.say(doubt.key(), &[("quantity", &word)])
        }
        other => lang.text(other.key()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_text;
    use std::path::Path;

    fn point(rest: &str) -> Point {
        let text = format!(
            "[site]\nid = \"s\"\nname = \"S\"\ntimezone = \"Asia/Jakarta\"\nlatitude = -3.0\n\
             longitude = 103.0\n[store]\npath = \"/nowhere\"\n[[bus]]\nid = \"b\"\n\
             kind = \"modbus-tcp\"\nhost = \"127.0.0.1\"\n[[device]]\nid = \"d\"\nbus = \"b\"\n\
             unit = 1\nevery = \"10s\"\npoint = [{{ id = \"v\", register = \"holding:0\", {rest} }}]\n"
        );
        let config = load_text(&text, Path::new("pantau.toml"), &|_| None);
        config.unwrap().devices[0].points[0].clone()
    }

    #[test]
    fn a_point_that_is_configured_right_is_marked_and_certain() {
        let point = point("type = \"u16\", scale = 0.1, unit = \"V\"");
        let ranking = ranking(&point, &[vec![2301], vec![2304]], None).unwrap();
        let text = text(&point, None, &ranking, Lang::En);
        let first = text.lines().next().unwrap();
        assert!(first.contains("* u16 abcd x0.1"), "{text}");
        assert!(first.contains("230.4 V"), "{text}");
        assert!(text.contains("is certain"), "{text}");
    }

    #[test]
    fn a_wrong_word_order_is_told() {
        let point = point("type = \"f32\", words = \"abcd\", unit = \"V\"");
        let ranking = ranking(&point, &[vec![0x199a, 0x4366]], None).unwrap();
        let text = text(&point, None, &ranking, Lang::Id);
        assert!(text.contains("lebih cocok dengan f32 cdab"), "{text}");
    }

    #[test]
    fn single_bits_have_nothing_to_choose() {
        let point = point("type = \"bool\"");
        assert_eq!(ranking(&point, &[vec![1]], None), None);
    }
}

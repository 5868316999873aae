//! Every type, order, scale and reason; and that devices and simulated devices agree.

use super::*;
use proptest::prelude::*;

pub(in crate::read) fn point(encoding: Encoding) -> Point {
    bare(encoding, WordOrder::Abcd)
}

fn good(mantissa: i64, exponent: i8) -> Outcome {
    Outcome::Good(Number::Decimal { mantissa, exponent })
}

#[track_caller]
fn check(change: impl FnOnce(&mut Point), encoding: Encoding, words: &[u16], want: Outcome) {
    let mut point = point(encoding);
    change(&mut point);
    assert_eq!(decode(&point, words, &[Some(-2), Some(7), None]), want);
}

#[test]
fn every_type_means_what_it_says() {
    let same = |_: &mut Point| {};
    check(same, Encoding::U16, &[0xffff], good(65535, 0));
    check(same, Encoding::I16, &[0xffff], good(-1, 0));
    check(same, Encoding::U32, &[0x0001, 0x0002], good(65538, 0));
    check(same, Encoding::I32, &[0xffff, 0xfffe], good(-2, 0));
    check(same, Encoding::I64, &[0xffff; 4], good(-1, 0));
    check(same, Encoding::Bcd16, &[0x1234], good(1234, 0));
    check(
        same,
        Encoding::Bcd32,
        &[0x1234, 0x5678],
        good(12_345_678, 0),
    );
    check(same, Encoding::Bool, &[4], good(1, 0));
    let widened = Outcome::Good(Number::Float(f64::from(230.1f32)));
    check(same, Encoding::F32, &[0x4366, 0x199a], widened);
    let double = 230.1f64.to_bits().to_be_bytes();
    let words: Vec<u16> = double
        .chunks(2)
        .map(|b| u16::from_be_bytes([b[0], b[1]]))
        .collect();
    check(
        same,
        Encoding::F64,
        &words,
        Outcome::Good(Number::Float(230.1)),
    );
}

#[test]
fn every_word_order_finds_the_same_value() {
    for (order, words) in [
        (WordOrder::Abcd, [0x0a0b, 0x0c0d]),
        (WordOrder::Cdab, [0x0c0d, 0x0a0b]),
        (WordOrder::Badc, [0x0b0a, 0x0d0c]),
        (WordOrder::Dcba, [0x0d0c, 0x0b0a]),
    ] {
        check(
            |p| p.words = order,
            Encoding::U32,
            &words,
            good(0x0a0b_0c0d, 0),
        );
    }
    check(
        |p| p.words = WordOrder::Dcba,
        Encoding::U16,
        &[0x3412],
        good(0x1234, 0),
    );
    let little = [0x0807, 0x0605, 0x0403, 0x0201];
    check(
        |p| p.words = WordOrder::Dcba,
        Encoding::U64,
        &little,
        good(0x0102_0304_0506_0708, 0),
    );
}

#[test]
fn scale_and_offset_are_exact_decimals() {
    let scaled = |p: &mut Point| {
        p.scale = Scale {
            factor: (1, -1),
            offset: (-40, 0),
        }
    };
    check(scaled, Encoding::U16, &[2301], good(1901, -1));
    check(
        |p| p.scale_from = Some(0),
        Encoding::U16,
        &[2301],
        good(2301, -2),
    );
    check(
        |p| p.bits = Some((4, 7)),
        Encoding::U16,
        &[0x12a4],
        good(10, 0),
    );
}

#[test]
fn what_is_not_a_number_is_a_reason() {
    let bad = Outcome::Bad;
    let same = |_: &mut Point| {};
    check(same, Encoding::F32, &[0x7fc0, 0], bad(Reason::NotANumber));
    check(same, Encoding::U64, &[0xffff; 4], bad(Reason::NotANumber));
    check(same, Encoding::Bcd16, &[0x12a4], bad(Reason::NotANumber));
    check(
        same,
        Encoding::Text(2),
        &[0x4142, 0],
        bad(Reason::NotANumber),
    );
    check(same, Encoding::U32, &[1], bad(Reason::Corrupt));
    check(
        |p| p.missing = vec![0x8000],
        Encoding::I16,
        &[0x8000],
        bad(Reason::Missing),
    );
    check(
        |p| p.missing = vec![-1],
        Encoding::U64,
        &[0xffff; 4],
        bad(Reason::Missing),
    );
    check(
        |p| p.missing = vec![0x7fc0_0000],
        Encoding::F32,
        &[0x7fc0, 0],
        bad(Reason::Missing),
    );
    check(
        |p| p.max = Some(10.0),
        Encoding::U16,
        &[11],
        bad(Reason::OutOfRange),
    );
    check(
        |p| p.min = Some(10.0),
        Encoding::U16,
        &[9],
        bad(Reason::OutOfRange),
    );
    let elsewhere = |p: &mut Point| p.valid_when = Some((1, vec![3, 4]));
    check(elsewhere, Encoding::U16, &[9], bad(Reason::NotValid));
    check(
        |p| p.valid_when = Some((1, vec![7])),
        Encoding::U16,
        &[9],
        good(9, 0),
    );
    check(
        |p| p.scale_from = Some(2),
        Encoding::U16,
        &[9],
        bad(Reason::NotValid),
    );
    check(
        |p| p.scale_from = Some(9),
        Encoding::U16,
        &[9],
        bad(Reason::NotValid),
    );
}

fn any_point() -> impl Strategy<Value = Point> {
    let encodings = prop::sample::select(vec![
        Encoding::Bool,
        Encoding::U16,
        Encoding::I16,
        Encoding::U32,
        Encoding::I32,
        Encoding::U64,
        Encoding::I64,
        Encoding::F32,
        Encoding::F64,
        Encoding::Bcd16,
        Encoding::Bcd32,
        Encoding::Text(3),
    ]);
    let orders = prop::sample::select(vec![
        WordOrder::Abcd,
        WordOrder::Cdab,
        WordOrder::Badc,
        WordOrder::Dcba,
    ]);
    let scale = (-999i64..1000, -18i8..=18, any::<i64>(), -18i8..=18);
    (
        encodings,
        orders,
        scale,
        prop::option::of((0u8..16, 0u8..16)),
        any::<bool>(),
    )
        .prop_map(|(encoding, order, (m, e, om, oe), bits, high)| Point {
            scale: Scale {
                factor: (m, e),
                offset: (om, oe),
            },
            bits: bits.map(|(a, b)| (a.min(b), a.max(b))),
            high: high.then_some(9),
            ..bare(encoding, order)
        })
}

proptest! {
    #[test]
    fn any_registers_give_a_finite_number_or_a_reason(
        point in any_point(), words in prop::collection::vec(any::<u16>(), 0..5)
    ) {
        if let Some(number) = decode(&point, &words, &[]).number() {
            prop_assert!(number.to_f64().is_finite());
        }
        interpretations(&words);
    }

    #[test]
    fn what_a_simulated_device_encodes_decodes_to_the_same(
        point in any_point(), steps in -40_000i32..40_000
    ) {
        let point = Point { scale: Scale { factor: (1, -1), offset: (5, 0) }, ..point };
        let value = f64::from(steps) / 10.0;
        if let Some(words) = encode(&point, value) {
            let back = decode(&point, &words, &[]).number().unwrap().to_f64();
            prop_assert!((back - value).abs() < 0.01, "{back} {value}");
        }
    }
}

#[test]
fn the_ratio_of_a_transformer_multiplies_and_a_missing_one_is_no_value() {
    let by = |partner: usize| move |point: &mut Point| point.multiply_from = Some(partner);
    check(by(1), Encoding::U16, &[15], good(105, 0));
    let float = Outcome::Good(Number::Float(10.5));
    check(by(1), Encoding::F32, &[0x3fc0, 0x0000], float);
    check(by(2), Encoding::U16, &[15], Outcome::Bad(Reason::NotValid));
    let least = [0x8000, 0, 0, 0];
    check(
        by(1),
        Encoding::I64,
        &least,
        Outcome::Bad(Reason::NotANumber),
    );
}

#[test]
fn a_text_ends_at_its_first_nul_and_has_printable_characters_only() {
    let mut point = point(Encoding::Text(3));
    assert_eq!(
        text(&point, &[0x4142, 0x2000, 0x4344]).as_deref(),
        Some("AB")
    );
    assert_eq!(text(&point, &[0x4107, 0x4242, 0x4343]), None);
    assert_eq!(text(&point, &[0, 0, 0]), None);
    point.words = WordOrder::Badc;
    assert_eq!(text(&point, &[0x4241]).as_deref(), Some("AB"));
}

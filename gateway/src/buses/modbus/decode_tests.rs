//! Every type, word order, scale and reason; decoder and encoder agree.

use super::*;
use crate::config::ValidityCondition;
use proptest::prelude::*;

pub(in crate::buses::modbus) fn test_point(encoding: RegisterEncoding) -> Point {
    plain_point(encoding, WordOrder::Abcd)
}

/// The registers of a test point.
pub(in crate::buses::modbus) fn registers(point: &mut Point) -> &mut ModbusPoint {
    point.modbus_mut().unwrap()
}

fn good_decimal(mantissa: i64, exponent: i8) -> SampleOutcome {
    SampleOutcome::Good(ExactNumber::Decimal { mantissa, exponent })
}

#[track_caller]
fn check_decoding(
    change: impl FnOnce(&mut Point),
    encoding: RegisterEncoding,
    words: &[u16],
    want: SampleOutcome,
) {
    let mut point = test_point(encoding);
    change(&mut point);
    assert_eq!(
        decode_point(&point, words, &[Some(-2), Some(7), None]),
        want
    );
}

#[test]
fn every_type_means_what_it_says() {
    let same = |_: &mut Point| {};
    check_decoding(
        same,
        RegisterEncoding::U16,
        &[0xffff],
        good_decimal(65535, 0),
    );
    check_decoding(same, RegisterEncoding::I16, &[0xffff], good_decimal(-1, 0));
    check_decoding(
        same,
        RegisterEncoding::U32,
        &[0x0001, 0x0002],
        good_decimal(65538, 0),
    );
    check_decoding(
        same,
        RegisterEncoding::I32,
        &[0xffff, 0xfffe],
        good_decimal(-2, 0),
    );
    check_decoding(
        same,
        RegisterEncoding::I64,
        &[0xffff; 4],
        good_decimal(-1, 0),
    );
    check_decoding(
        same,
        RegisterEncoding::Bcd16,
        &[0x1234],
        good_decimal(1234, 0),
    );
    check_decoding(
        same,
        RegisterEncoding::Bcd32,
        &[0x1234, 0x5678],
        good_decimal(12_345_678, 0),
    );
    check_decoding(same, RegisterEncoding::Bool, &[4], good_decimal(1, 0));
    let own_digits = SampleOutcome::Good(ExactNumber::Float(230.1));
    check_decoding(same, RegisterEncoding::F32, &[0x4366, 0x199a], own_digits);
    let double = 230.1f64.to_bits().to_be_bytes();
    let words: Vec<u16> = double
        .chunks(2)
        .map(|b| u16::from_be_bytes([b[0], b[1]]))
        .collect();
    check_decoding(
        same,
        RegisterEncoding::F64,
        &words,
        SampleOutcome::Good(ExactNumber::Float(230.1)),
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
        check_decoding(
            |p| registers(p).words = order,
            RegisterEncoding::U32,
            &words,
            good_decimal(0x0a0b_0c0d, 0),
        );
    }
    check_decoding(
        |p| registers(p).words = WordOrder::Dcba,
        RegisterEncoding::U16,
        &[0x3412],
        good_decimal(0x1234, 0),
    );
    let little = [0x0807, 0x0605, 0x0403, 0x0201];
    check_decoding(
        |p| registers(p).words = WordOrder::Dcba,
        RegisterEncoding::U64,
        &little,
        good_decimal(0x0102_0304_0506_0708, 0),
    );
}

#[test]
fn scale_and_offset_are_exact_decimals() {
    let scaled = |p: &mut Point| {
        p.scale = LinearScale {
            factor: (1, -1),
            offset: (-40, 0),
        }
    };
    check_decoding(
        scaled,
        RegisterEncoding::U16,
        &[2301],
        good_decimal(1901, -1),
    );
    check_decoding(
        |p| registers(p).scale_from = Some(0),
        RegisterEncoding::U16,
        &[2301],
        good_decimal(2301, -2),
    );
    check_decoding(
        |p| registers(p).bits = Some((4, 7)),
        RegisterEncoding::U16,
        &[0x12a4],
        good_decimal(10, 0),
    );
}

#[test]
fn what_is_not_a_number_is_a_reason() {
    let bad = SampleOutcome::Bad;
    let same = |_: &mut Point| {};
    check_decoding(
        same,
        RegisterEncoding::F32,
        &[0x7fc0, 0],
        bad(QualityReason::NotANumber),
    );
    check_decoding(
        same,
        RegisterEncoding::U64,
        &[0xffff; 4],
        bad(QualityReason::NotANumber),
    );
    check_decoding(
        same,
        RegisterEncoding::Bcd16,
        &[0x12a4],
        bad(QualityReason::NotANumber),
    );
    check_decoding(
        same,
        RegisterEncoding::Text(2),
        &[0x4142, 0],
        bad(QualityReason::NotANumber),
    );
    check_decoding(
        same,
        RegisterEncoding::U32,
        &[1],
        bad(QualityReason::Corrupt),
    );
    check_decoding(
        |p| registers(p).missing = vec![0x8000],
        RegisterEncoding::I16,
        &[0x8000],
        bad(QualityReason::Missing),
    );
    check_decoding(
        |p| registers(p).missing = vec![-1],
        RegisterEncoding::U64,
        &[0xffff; 4],
        bad(QualityReason::Missing),
    );
    check_decoding(
        |p| registers(p).missing = vec![0x7fc0_0000],
        RegisterEncoding::F32,
        &[0x7fc0, 0],
        bad(QualityReason::Missing),
    );
}

#[test]
fn what_lies_outside_its_limits_or_has_no_partner_is_a_reason() {
    let bad = SampleOutcome::Bad;
    check_decoding(
        |p| p.max = Some(10.0),
        RegisterEncoding::U16,
        &[11],
        bad(QualityReason::OutOfRange),
    );
    check_decoding(
        |p| p.min = Some(10.0),
        RegisterEncoding::U16,
        &[9],
        bad(QualityReason::OutOfRange),
    );
    let elsewhere =
        |p: &mut Point| registers(p).valid_when = vec![ValidityCondition::one_of(1, &[3, 4])];
    check_decoding(
        elsewhere,
        RegisterEncoding::U16,
        &[9],
        bad(QualityReason::NotValid),
    );
    check_decoding(
        |p| registers(p).valid_when = vec![ValidityCondition::one_of(1, &[7])],
        RegisterEncoding::U16,
        &[9],
        good_decimal(9, 0),
    );
    check_decoding(
        |p| registers(p).scale_from = Some(2),
        RegisterEncoding::U16,
        &[9],
        bad(QualityReason::NotValid),
    );
    check_decoding(
        |p| registers(p).scale_from = Some(9),
        RegisterEncoding::U16,
        &[9],
        bad(QualityReason::NotValid),
    );
}

fn any_point() -> impl Strategy<Value = Point> {
    let encodings = prop::sample::select(vec![
        RegisterEncoding::Bool,
        RegisterEncoding::U16,
        RegisterEncoding::I16,
        RegisterEncoding::U32,
        RegisterEncoding::I32,
        RegisterEncoding::U64,
        RegisterEncoding::I64,
        RegisterEncoding::F32,
        RegisterEncoding::F64,
        RegisterEncoding::Bcd16,
        RegisterEncoding::Bcd32,
        RegisterEncoding::Text(3),
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
        .prop_map(|(encoding, order, (m, e, om, oe), bits, high)| {
            let mut point = plain_point(encoding, order);
            point.scale = LinearScale {
                factor: (m, e),
                offset: (om, oe),
            };
            registers(&mut point).bits = bits.map(|(a, b)| (a.min(b), a.max(b)));
            registers(&mut point).high = high.then_some(9);
            point
        })
}

proptest! {
    #[test]
    fn any_registers_give_a_finite_number_or_a_reason(
        point in any_point(), words in prop::collection::vec(any::<u16>(), 0..5)
    ) {
        if let Some(number) = decode_point(&point, &words, &[]).number() {
            prop_assert!(number.to_f64().is_finite());
        }
        interpret_registers(&words);
    }

    #[test]
    fn what_a_simulated_device_encodes_decodes_to_the_same(
        point in any_point(), steps in -40_000i32..40_000
    ) {
        let point = Point { scale: LinearScale { factor: (1, -1), offset: (5, 0) }, ..point };
        let value = f64::from(steps) / 10.0;
        if let Some(words) = encode_value(&point, value) {
            let back = decode_point(&point, &words, &[]).number().unwrap().to_f64();
            prop_assert!((back - value).abs() < 0.01, "{back} {value}");
        }
    }
}

#[test]
fn the_ratio_of_a_transformer_multiplies_and_a_missing_one_is_no_value() {
    let by =
        |partner: usize| move |point: &mut Point| registers(point).multiply_from = Some(partner);
    check_decoding(by(1), RegisterEncoding::U16, &[15], good_decimal(105, 0));
    let float = SampleOutcome::Good(ExactNumber::Float(10.5));
    check_decoding(by(1), RegisterEncoding::F32, &[0x3fc0, 0x0000], float);
    check_decoding(
        by(2),
        RegisterEncoding::U16,
        &[15],
        SampleOutcome::Bad(QualityReason::NotValid),
    );
    let least = [0x8000, 0, 0, 0];
    check_decoding(
        by(1),
        RegisterEncoding::I64,
        &least,
        SampleOutcome::Bad(QualityReason::NotANumber),
    );
}

#[test]
fn a_text_ends_at_its_first_nul_and_has_printable_characters_only() {
    let mut point = test_point(RegisterEncoding::Text(3));
    assert_eq!(
        text(&point, &[0x4142, 0x2000, 0x4344]).as_deref(),
        Some("AB")
    );
    assert_eq!(text(&point, &[0x4107, 0x4242, 0x4343]), None);
    assert_eq!(text(&point, &[0, 0, 0]), None);
    registers(&mut point).words = WordOrder::Badc;
    assert_eq!(text(&point, &[0x4241]).as_deref(), Some("AB"));
}

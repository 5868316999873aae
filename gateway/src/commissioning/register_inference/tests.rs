//! Share of right first answers, and no decision where two hypotheses fit.

use super::*;
use crate::buses::modbus::decode;
use crate::config::WordOrder;
use proptest::prelude::*;

/// Registers of big-endian bytes in a word order, built without the decoder.
fn registers_of(bytes: &[u8], order: WordOrder) -> Vec<u16> {
    let pairs = bytes
        .chunks(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut words: Vec<u16> = match order {
        WordOrder::Badc | WordOrder::Dcba => pairs.map(u16::swap_bytes).collect(),
        _ => pairs.collect(),
    };
    if matches!(order, WordOrder::Cdab | WordOrder::Dcba) {
        words.reverse();
    }
    words
}

/// Registers that a device of this type and scale sends; `None` when the value does not fit.
fn encode_as_device(
    value: f64,
    encoding: RegisterEncoding,
    order: WordOrder,
    power: i8,
) -> Option<Vec<u16>> {
    #[expect(clippy::cast_possible_truncation, reason = "what a device does")]
    let raw = (value / 10f64.powi(power.into())).round() as i128;
    let bytes = match encoding {
        RegisterEncoding::U16 => u16::try_from(raw).ok()?.to_be_bytes().to_vec(),
        RegisterEncoding::I16 => i16::try_from(raw).ok()?.to_be_bytes().to_vec(),
        RegisterEncoding::U32 => u32::try_from(raw).ok()?.to_be_bytes().to_vec(),
        RegisterEncoding::I32 => i32::try_from(raw).ok()?.to_be_bytes().to_vec(),
        RegisterEncoding::U64 => u64::try_from(raw).ok()?.to_be_bytes().to_vec(),
        RegisterEncoding::I64 => i64::try_from(raw).ok()?.to_be_bytes().to_vec(),
        #[expect(clippy::cast_possible_truncation, reason = "what a device does")]
        RegisterEncoding::F32 => (value as f32).to_be_bytes().to_vec(),
        RegisterEncoding::F64 => value.to_be_bytes().to_vec(),
        _ => return None,
    };
    Some(registers_of(&bytes, order))
}

/// One measured quantity as sites have it: three reads of it.
struct DrawnQuantity {
    quantity: &'static str,
    unit: &'static str,
    counter: bool,
    values: [f64; 3],
}

fn draw_quantity(random: &mut fastrand::Rng) -> DrawnQuantity {
    let between =
        |random: &mut fastrand::Rng, low: f64, high: f64| low + random.f64() * (high - low);
    let decades =
        |random: &mut fastrand::Rng, low: f64, high: f64| low * (high / low).powf(random.f64());
    let (quantity, unit, value, wander) = match random.u8(0..8) {
        0 => ("voltage", "V", between(random, 205.0, 245.0), 0.003),
        1 => ("frequency", "Hz", between(random, 49.7, 50.3), 0.0005),
        2 => ("temperature", "degC", between(random, 18.0, 65.0), 0.002),
        3 => ("humidity", "%RH", between(random, 35.0, 99.0), 0.003),
        4 => ("current", "A", decades(random, 0.3, 90.0), 0.02),
        5 => ("power", "W", decades(random, 50.0, 50_000.0), 0.02),
        6 => ("length", "m", decades(random, 0.2, 6.0), 0.002),
        _ => ("energy", "kWh", decades(random, 20.0, 200_000.0), 0.0),
    };
    let counter = quantity == "energy";
    let mut at = value;
    let values = [(); 3].map(|()| {
        let moved = if counter {
            random.f64() * 0.05
        } else {
            at * wander * (random.f64() - 0.5)
        };
        at += moved;
        at
    });
    DrawnQuantity {
        quantity,
        unit,
        counter,
        values,
    }
}

const ORDERS: [WordOrder; 4] = [
    WordOrder::Abcd,
    WordOrder::Cdab,
    WordOrder::Badc,
    WordOrder::Dcba,
];

#[derive(Default, Debug)]
struct InferenceScore {
    drawn: u32,
    answered: u32,
    right: u32,
    layouts: u32,
    layouts_right: u32,
}

/// Draws cases and counts the answers; `display` passes the display's value as a hint.
fn play_cases(seed: u64, cases: u32, display: bool, quantity_known: bool) -> InferenceScore {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut score = InferenceScore::default();
    while score.drawn < cases {
        let case = draw_quantity(&mut random);
        let types = [
            RegisterEncoding::U16,
            RegisterEncoding::I16,
            RegisterEncoding::U32,
            RegisterEncoding::I32,
            RegisterEncoding::U64,
            RegisterEncoding::F32,
            RegisterEncoding::F64,
        ];
        let encoding = types[random.usize(..types.len())];
        let float = matches!(encoding, RegisterEncoding::F32 | RegisterEncoding::F64);
        let order = if encoding.registers() == 1 {
            ORDERS[0]
        } else {
            ORDERS[random.usize(..4)]
        };
        let power = if float { 0 } else { -random.i8(0..=3) };
        // A scale that loses most of the digits is not realistic.
        let resolution = if float { 0.0 } else { 10f64.powi(power.into()) };
        if resolution > 0.02 * case.values[0] {
            continue;
        }
        let reads: Option<Vec<Vec<u16>>> = case
            .values
            .iter()
            .map(|value| encode_as_device(*value, encoding, order, power))
            .collect();
        let Some(reads) = reads else { continue };
        score.drawn += 1;
        let shown = format!(
            "{:.1$}",
            case.values[2],
            if case.values[2] < 10.0 { 2 } else { 1 }
        );
        let hints = InferenceHints {
            quantity: if quantity_known { case.quantity } else { "" },
            unit: if quantity_known { case.unit } else { "" },
            counter: case.counter,
            display: display.then(|| ExactNumber::parse(&shown).unwrap()),
            ..InferenceHints::default()
        };
        let reads: Vec<&[u16]> = reads.iter().map(Vec::as_slice).collect();
        count_case(
            &rank_hypotheses(&reads, &hints),
            (encoding, order, power),
            &mut score,
        );
    }
    score
}

fn count_case(
    ranking: &HypothesisRanking,
    truth: (RegisterEncoding, WordOrder, i8),
    score: &mut InferenceScore,
) {
    let (encoding, order, power) = truth;
    let first = &ranking.hypotheses[0];
    let layout =
        (first.encoding == encoding || first.twin == Some(encoding)) && first.words == order;
    if ranking.certain {
        score.answered += 1;
        score.right += u32::from(layout && first.power == power);
    }
    if ranking.layout_certain {
        score.layouts += 1;
        score.layouts_right += u32::from(layout);
    }
}

#[test]
fn with_a_display_at_hand_nearly_everything_is_told_and_told_right() {
    let score = play_cases(1, 4000, true, true);
    assert!(score.right * 100 >= score.answered * 98, "{score:?}");
    assert!(score.answered * 100 >= score.drawn * 85, "{score:?}");
}

#[test]
fn the_quantity_alone_gives_answers_of_which_95_in_100_are_right() {
    let score = play_cases(2, 4000, false, true);
    assert!(score.right * 100 >= score.answered * 95, "{score:?}");
    assert!(score.layouts_right * 100 >= score.layouts * 95, "{score:?}");
    assert!(score.answered * 100 >= score.drawn * 35, "{score:?}");
    assert!(score.layouts * 100 >= score.drawn * 80, "{score:?}");
}

#[test]
fn without_any_hint_answers_are_fewer_and_still_right() {
    let score = play_cases(3, 4000, false, false);
    assert!(score.right * 100 >= score.answered * 95, "{score:?}");
    assert!(score.layouts_right * 100 >= score.layouts * 95, "{score:?}");
}

fn unit_hints(quantity: &'static str, unit: &'static str) -> InferenceHints<'static> {
    InferenceHints {
        quantity,
        unit,
        ..InferenceHints::default()
    }
}

fn first_certain(
    reads: &[&[u16]],
    hints: &InferenceHints<'_>,
) -> (RegisterEncoding, WordOrder, i8) {
    let ranking = rank_hypotheses(reads, hints);
    assert!(ranking.certain, "{:#?}", &ranking.hypotheses[..3]);
    let first = &ranking.hypotheses[0];
    (first.encoding, first.words, first.power)
}

#[test]
fn mains_voltage_and_frequency_are_told_from_one_read() {
    assert_eq!(
        first_certain(&[&[2301]], &unit_hints("voltage", "V")),
        (RegisterEncoding::U16, WordOrder::Abcd, -1)
    );
    assert_eq!(
        first_certain(&[&[4998]], &unit_hints("frequency", "Hz")),
        (RegisterEncoding::U16, WordOrder::Abcd, -2)
    );
    let float = [0x199a, 0x4366];
    assert_eq!(
        first_certain(&[&float], &unit_hints("voltage", "V")),
        (RegisterEncoding::F32, WordOrder::Cdab, 0)
    );
}

#[test]
fn a_power_without_a_display_could_have_any_scale() {
    let ranking = rank_hypotheses(&[&[1510]], &unit_hints("power", "W"));
    assert!(!ranking.certain && ranking.layout_certain, "{ranking:#?}");
    let display = ExactNumber::parse("1510");
    let ranking = rank_hypotheses(
        &[&[1510]],
        &InferenceHints {
            display,
            ..unit_hints("power", "W")
        },
    );
    assert!(ranking.certain, "{ranking:#?}");
    assert_eq!(ranking.hypotheses[0].power, 0);
}

#[test]
fn a_range_excludes_what_is_outside() {
    let tank = InferenceHints {
        min: Some(0.0),
        max: Some(2.0),
        ..unit_hints("length", "m")
    };
    let ranking = rank_hypotheses(&[&[1234]], &tank);
    assert_eq!(ranking.hypotheses[0].power, -3);
    assert!(ranking.certain, "{ranking:#?}");
}

#[test]
fn zero_and_equal_words_are_never_decided() {
    for words in [[0, 0], [0x4141, 0x4141], [0x0101, 0x0101]] {
        for quantity in ["power", "energy", "voltage", "length", ""] {
            let ranking = rank_hypotheses(&[&words, &words, &words], &unit_hints(quantity, ""));
            assert!(
                !ranking.certain && !ranking.layout_certain,
                "{quantity} {ranking:#?}"
            );
        }
    }
}

#[test]
fn a_counter_that_would_fall_is_not_the_answer() {
    let reads: [&[u16]; 3] = [&[0x0001, 0xfffe], &[0x0001, 0xffff], &[0x0002, 0x0000]];
    let counter = InferenceHints {
        counter: true,
        ..unit_hints("energy", "kWh")
    };
    let ranking = rank_hypotheses(&reads, &counter);
    assert_eq!(ranking.hypotheses[0].words, WordOrder::Abcd);
    assert!(ranking.layout_certain, "{ranking:#?}");
}

#[test]
fn what_the_display_contradicts_is_no_answer() {
    let display = ExactNumber::parse("777.7");
    let ranking = rank_hypotheses(
        &[&[2301]],
        &InferenceHints {
            display,
            ..unit_hints("voltage", "V")
        },
    );
    assert!(!ranking.certain, "{ranking:#?}");
}

#[test]
fn registers_that_make_no_number_have_no_answer() {
    assert_eq!(
        rank_hypotheses(&[], &InferenceHints::default()),
        HypothesisRanking::default()
    );
    assert!(!rank_hypotheses(&[&[1, 2, 3]], &InferenceHints::default()).certain);
    assert!(!rank_hypotheses(&[&[0xffff, 0xffff]], &unit_hints("frequency", "Hz")).certain);
}

proptest! {
    /// When an answer is certain, no other one fits.
    #[test]
    fn decided_means_that_no_second_answer_fits(
        reads in prop::collection::vec(prop::collection::vec(any::<u16>(), 1..5), 0..5),
        quantity in prop::sample::select(vec!["", "voltage", "power", "energy", "temperature"]),
        counter in any::<bool>(),
    ) {
        let borrowed: Vec<&[u16]> = reads.iter().map(Vec::as_slice).collect();
        let hints = InferenceHints { counter, ..unit_hints(quantity, "") };
        let ranking = rank_hypotheses(&borrowed, &hints);
        let shares: Vec<f64> = ranking.hypotheses.iter().map(|h| h.share).collect();
        prop_assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]));
        if ranking.certain {
            prop_assert!(shares[0] >= 0.94);
            prop_assert!(shares[1..].iter().all(|share| *share <= shares[0] * FIT_RATIO_MIN));
        }
    }

    /// Two scales that a quantity allows alike stay undecided.
    #[test]
    fn two_scales_that_fit_are_left_to_the_technician(raw in 500u16..9999) {
        for quantity in ["power", "current"] {
            let ranking = rank_hypotheses(&[&[raw]], &unit_hints(quantity, ""));
            prop_assert!(!ranking.certain);
        }
    }

    /// Ranked values are the values of the decoder.
    #[test]
    fn values_are_those_of_the_decoder(words in prop::collection::vec(any::<u16>(), 1..5)) {
        let ranking = rank_hypotheses(&[&words], &InferenceHints::default());
        for one in ranking.hypotheses.iter().filter(|h| h.power == 0) {
            let meant = decode::interpret_registers(&words);
            let found = meant.iter().find(|m| (m.encoding, m.words) == (one.encoding, one.words));
            let found = found.unwrap().value.to_f64();
            prop_assert_eq!(found.to_bits(), one.values[0].to_f64().to_bits());
        }
    }
}

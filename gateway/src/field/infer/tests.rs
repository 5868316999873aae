//! How often the first answer is right, and that nothing is decided where two fit.

use super::*;
use crate::read::decode;
use proptest::prelude::*;

/// Registers of big-endian bytes in a word order, made by hand.
fn registers(bytes: &[u8], order: WordOrder) -> Vec<u16> {
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

/// The value as a device of this type and scale would send it; `None` when it does not fit.
fn sent(value: f64, encoding: Encoding, order: WordOrder, power: i8) -> Option<Vec<u16>> {
    #[expect(clippy::cast_possible_truncation, reason = "what a device does")]
    let raw = (value / 10f64.powi(power.into())).round() as i128;
    let bytes = match encoding {
        Encoding::U16 => u16::try_from(raw).ok()?.to_be_bytes().to_vec(),
        Encoding::I16 => i16::try_from(raw).ok()?.to_be_bytes().to_vec(),
        Encoding::U32 => u32::try_from(raw).ok()?.to_be_bytes().to_vec(),
        Encoding::I32 => i32::try_from(raw).ok()?.to_be_bytes().to_vec(),
        Encoding::U64 => u64::try_from(raw).ok()?.to_be_bytes().to_vec(),
        Encoding::I64 => i64::try_from(raw).ok()?.to_be_bytes().to_vec(),
        #[expect(clippy::cast_possible_truncation, reason = "what a device does")]
        Encoding::F32 => (value as f32).to_be_bytes().to_vec(),
        Encoding::F64 => value.to_be_bytes().to_vec(),
        _ => return None,
    };
    Some(registers(&bytes, order))
}

/// One measured quantity as sites have it: three reads of it.
struct Draw {
    quantity: &'static str,
    unit: &'static str,
    counter: bool,
    values: [f64; 3],
}

fn draw(random: &mut fastrand::Rng) -> Draw {
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
    Draw {
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
struct Score {
    drawn: u32,
    answered: u32,
    right: u32,
    layouts: u32,
    layouts_right: u32,
}

/// Draws cases and counts; the display is handed in when `display` is true.
fn play(seed: u64, cases: u32, display: bool, quantity_known: bool) -> Score {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut score = Score::default();
    while score.drawn < cases {
        let case = draw(&mut random);
        let types = [
            Encoding::U16,
            Encoding::I16,
            Encoding::U32,
            Encoding::I32,
            Encoding::U64,
            Encoding::F32,
            Encoding::F64,
        ];
        let encoding = types[random.usize(..types.len())];
        let float = matches!(encoding, Encoding::F32 | Encoding::F64);
        let order = if encoding.registers() == 1 {
            ORDERS[0]
        } else {
            ORDERS[random.usize(..4)]
        };
        let power = if float { 0 } else { -random.i8(0..=3) };
        // A scale that throws most of the digits away is no realistic one.
        let resolution = if float { 0.0 } else { 10f64.powi(power.into()) };
        if resolution > 0.02 * case.values[0] {
            continue;
        }
        let reads: Option<Vec<Vec<u16>>> = case
            .values
            .iter()
            .map(|value| sent(*value, encoding, order, power))
            .collect();
        let Some(reads) = reads else { continue };
        score.drawn += 1;
        let shown = format!(
            "{:.1$}",
            case.values[2],
            if case.values[2] < 10.0 { 2 } else { 1 }
        );
        let hints = Hints {
            quantity: if quantity_known { case.quantity } else { "" },
            unit: if quantity_known { case.unit } else { "" },
            counter: case.counter,
            display: display.then(|| Number::parse(&shown).unwrap()),
            ..Hints::default()
        };
        let reads: Vec<&[u16]> = reads.iter().map(Vec::as_slice).collect();
        count(&rank(&reads, &hints), (encoding, order, power), &mut score);
    }
    score
}

fn count(ranking: &Ranking, truth: (Encoding, WordOrder, i8), score: &mut Score) {
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
    let score = play(1, 4000, true, true);
    assert!(score.right * 100 >= score.answered * 98, "{score:?}");
    assert!(score.answered * 100 >= score.drawn * 85, "{score:?}");
}

#[test]
fn the_quantity_alone_gives_answers_of_which_95_in_100_are_right() {
    let score = play(2, 4000, false, true);
    assert!(score.right * 100 >= score.answered * 95, "{score:?}");
    assert!(score.layouts_right * 100 >= score.layouts * 95, "{score:?}");
    assert!(score.answered * 100 >= score.drawn * 35, "{score:?}");
    assert!(score.layouts * 100 >= score.drawn * 80, "{score:?}");
}

#[test]
fn without_any_hint_answers_are_fewer_and_still_right() {
    let score = play(3, 4000, false, false);
    assert!(score.right * 100 >= score.answered * 95, "{score:?}");
    assert!(score.layouts_right * 100 >= score.layouts * 95, "{score:?}");
}

fn hints(quantity: &'static str, unit: &'static str) -> Hints<'static> {
    Hints {
        quantity,
        unit,
        ..Hints::default()
    }
}

fn first(reads: &[&[u16]], hints: &Hints<'_>) -> (Encoding, WordOrder, i8) {
    let ranking = rank(reads, hints);
    assert!(ranking.certain, "{:#?}", &ranking.hypotheses[..3]);
    let first = &ranking.hypotheses[0];
    (first.encoding, first.words, first.power)
}

#[test]
fn mains_voltage_and_frequency_are_told_from_one_read() {
    assert_eq!(
        first(&[&[2301]], &hints("voltage", "V")),
        (Encoding::U16, WordOrder::Abcd, -1)
    );
    assert_eq!(
        first(&[&[4998]], &hints("frequency", "Hz")),
        (Encoding::U16, WordOrder::Abcd, -2)
    );
    let float = [0x199a, 0x4366];
    assert_eq!(
        first(&[&float], &hints("voltage", "V")),
        (Encoding::F32, WordOrder::Cdab, 0)
    );
}

#[test]
fn a_power_without_a_display_could_have_any_scale() {
    let ranking = rank(&[&[1510]], &hints("power", "W"));
    assert!(!ranking.certain && ranking.layout_certain, "{ranking:#?}");
    let display = Number::parse("1510");
    let ranking = rank(
        &[&[1510]],
        &Hints {
            display,
            ..hints("power", "W")
        },
    );
    assert!(ranking.certain, "{ranking:#?}");
    assert_eq!(ranking.hypotheses[0].power, 0);
}

#[test]
fn a_range_excludes_what_is_outside() {
    let tank = Hints {
        min: Some(0.0),
        max: Some(2.0),
        ..hints("length", "m")
    };
    let ranking = rank(&[&[1234]], &tank);
    assert_eq!(ranking.hypotheses[0].power, -3);
    assert!(ranking.certain, "{ranking:#?}");
}

#[test]
fn zero_and_equal_words_are_never_decided() {
    for words in [[0, 0], [0x4141, 0x4141], [0x0101, 0x0101]] {
        for quantity in ["power", "energy", "voltage", "length", ""] {
            let ranking = rank(&[&words, &words, &words], &hints(quantity, ""));
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
    let counter = Hints {
        counter: true,
        ..hints("energy", "kWh")
    };
    let ranking = rank(&reads, &counter);
    assert_eq!(ranking.hypotheses[0].words, WordOrder::Abcd);
    assert!(ranking.layout_certain, "{ranking:#?}");
}

#[test]
fn what_the_display_contradicts_is_no_answer() {
    let display = Number::parse("777.7");
    let ranking = rank(
        &[&[2301]],
        &Hints {
            display,
            ..hints("voltage", "V")
        },
    );
    assert!(!ranking.certain, "{ranking:#?}");
}

#[test]
fn registers_that_make_no_number_have_no_answer() {
    assert_eq!(rank(&[], &Hints::default()), Ranking::default());
    assert!(!rank(&[&[1, 2, 3]], &Hints::default()).certain);
    assert!(!rank(&[&[0xffff, 0xffff]], &hints("frequency", "Hz")).certain);
}

proptest! {
    /// The definition itself, on any registers: when it is decided, no other answer fits.
    #[test]
    fn decided_means_that_no_second_answer_fits(
        reads in prop::collection::vec(prop::collection::vec(any::<u16>(), 1..5), 0..5),
        quantity in prop::sample::select(vec!["", "voltage", "power", "energy", "temperature"]),
        counter in any::<bool>(),
    ) {
        let borrowed: Vec<&[u16]> = reads.iter().map(Vec::as_slice).collect();
        let ranking = rank(&borrowed, &Hints { counter, ..hints(quantity, "") });
        let shares: Vec<f64> = ranking.hypotheses.iter().map(|h| h.share).collect();
        prop_assert!(shares.windows(2).all(|pair| pair[0] >= pair[1]));
        if ranking.certain {
            prop_assert!(shares[0] >= 0.94);
            prop_assert!(shares[1..].iter().all(|share| *share <= shares[0] * FITS));
        }
    }

    /// Two scales that a quantity allows alike are not chosen between.
    #[test]
    fn two_scales_that_fit_are_left_to_the_technician(raw in 500u16..9999) {
        for quantity in ["power", "current"] {
            let ranking = rank(&[&[raw]], &hints(quantity, ""));
            prop_assert!(!ranking.certain);
        }
    }

    /// What is ranked is what the gateway would read.
    #[test]
    fn values_are_those_of_the_decoder(words in prop::collection::vec(any::<u16>(), 1..5)) {
        let ranking = rank(&[&words], &Hints::default());
        for one in ranking.hypotheses.iter().filter(|h| h.power == 0) {
            let meant = decode::interpretations(&words);
            let found = meant.iter().find(|m| (m.encoding, m.words) == (one.encoding, one.words));
            let found = found.unwrap().value.to_f64();
            prop_assert_eq!(found.to_bits(), one.values[0].to_f64().to_bits());
        }
    }
}

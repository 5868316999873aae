//! Whatever a device answers, the discovery ends, and its result lies within the answers.

use super::*;
use crate::buses::modbus::decode;
use crate::config::{Config, ModbusPoint, Point, ValidityCondition};
use crate::tests::{load_site, sunspec_text};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Simulated registers by address; all others are refused with exception 2.
type FakeSunSpecDevice = BTreeMap<u16, u16>;

/// Upper bound of reads of one discovery: bases, headers, the end, texts, and group counts.
const QUESTIONS_MAX: usize = 3 + SUNSPEC_MODELS_MAX + 2 + 8 * SUNSPEC_MODELS_MAX;

fn sunspec_config(keys: &str) -> Config {
    load_site(&sunspec_text(502, keys))
}

fn access_of(point: &Point) -> &ModbusPoint {
    point.modbus().unwrap()
}

fn wanted_points(keys: &str) -> std::sync::Arc<SunSpecSelection> {
    wanted_of(&sunspec_config(keys).devices[0])
}

fn wanted_of(device: &crate::config::Device) -> std::sync::Arc<SunSpecSelection> {
    device.sunspec.clone().unwrap()
}

fn model_list(base: u16, words: &[u16]) -> FakeSunSpecDevice {
    let all = SUNS_MARKER.iter().chain(words);
    (base..=u16::MAX).zip(all.copied()).collect()
}

fn read_words(device: &FakeSunSpecDevice, address: u16, count: u16) -> Result<Vec<u16>, u8> {
    let last = u32::from(address) + u32::from(count);
    let word = |at: u32| device.get(&u16::try_from(at).ok()?).copied();
    let words: Option<Vec<u16>> = (u32::from(address)..last).map(word).collect();
    words.ok_or(2)
}

/// Reads until the discovery ends; returns the result and the number of reads.
fn run_discovery(
    wanted: &SunSpecSelection,
    device: &FakeSunSpecDevice,
) -> (Option<DiscoveredModels>, usize) {
    run_discovery_by(wanted, device, 125)
}

fn run_discovery_by(
    wanted: &SunSpecSelection,
    device: &FakeSunSpecDevice,
    most: u16,
) -> (Option<DiscoveredModels>, usize) {
    let mut survey = SunSpecDiscovery::new(wanted, most, 0);
    for asked in 0..=QUESTIONS_MAX {
        match survey.next() {
            DiscoveryStep::Ask(address, count) => {
                assert!((1..=most).contains(&count));
                let words = read_words(device, address, count);
                survey.record_answer(words.as_deref().map_err(|code| *code));
            }
            DiscoveryStep::Done(found) => return (Some(found), asked),
            DiscoveryStep::Nothing => return (None, asked),
        }
    }
    panic!("the survey does not end");
}

fn model_ids(found: &DiscoveredModels) -> Vec<u16> {
    found.models.iter().map(|model| model.id).collect()
}

/// Values of the wanted points as a poll of this device gives them.
fn decode_wanted_points(wanted: &SunSpecSelection, device: &FakeSunSpecDevice) -> Vec<Option<f64>> {
    let (found, _) = run_discovery(wanted, device);
    let fitted = wanted.resolve_points(&found.unwrap_or_default().models);
    let words = |point: &crate::config::Point| {
        read_words(
            device,
            access_of(point).address,
            access_of(point).encoding.registers(),
        )
        .unwrap_or_default()
    };
    let raw = |point| decode::raw_integer(point, &words(point));
    let context: Vec<Option<i64>> = fitted.points.iter().map(raw).collect();
    let value = |slot: &Option<usize>| {
        let point = &fitted.points[(*slot)?];
        let outcome = decode::decode_point(point, &words(point), &context);
        outcome.number().map(crate::domain::ExactNumber::to_f64)
    };
    fitted.slots.iter().map(value).collect()
}

#[test]
fn a_list_is_found_at_each_base_and_walked_past_what_nobody_knows() {
    for base in [40_000, 0, 50_000] {
        let device = model_list(base, &[64_999, 1, 7, 12, 1, 9, END_MODEL, 0]);
        let (found, _) = run_discovery(&wanted_points(""), &device);
        let found = found.unwrap();
        assert_eq!(model_ids(&found), [64_999, 12]);
        assert_eq!(found.identity.base, base);
        assert_eq!(found.identity.cut_short, None);
    }
    assert!(
        run_discovery(&wanted_points(""), &model_list(1000, &[END_MODEL, 0]))
            .0
            .is_none()
    );
    let elsewhere = run_discovery(
        &wanted_points("base = 1000"),
        &model_list(1000, &[END_MODEL, 0]),
    )
    .0;
    assert_eq!(elsewhere.unwrap().identity.base, 1000);
}

#[test]
fn the_list_may_end_with_its_last_register() {
    let (found, _) = run_discovery(&wanted_points(""), &model_list(0, &[12, 1, 9, END_MODEL]));
    assert_eq!(found.unwrap().identity.cut_short, None);
}

#[test]
fn a_list_that_does_not_end_is_cut_and_what_came_before_counts() {
    let endless: Vec<u16> = [12, 0].repeat(5000);
    let (found, asked) = run_discovery(&wanted_points(""), &model_list(0, &endless));
    let found = found.unwrap();
    assert_eq!(found.models.len(), SUNSPEC_MODELS_MAX);
    assert!(found.identity.cut_short.is_some() && asked <= SUNSPEC_MODELS_MAX + 4);
    let cuts: [&[u16]; 5] = [
        &[12, 1, 9, 103, 0xfffe],
        &[12, 1, 9, 103, 0xffff],
        &[12, 1, 9, 0, 0],
        &[12, 1, 9, 103, 60_000, 5],
        &[12, 1, 9],
    ];
    for words in cuts {
        let (found, _) = run_discovery(&wanted_points(""), &model_list(0, words));
        let found = found.unwrap();
        assert_eq!(model_ids(&found)[0], 12, "{words:?}");
        assert!(found.identity.cut_short.is_some(), "{words:?}");
    }
    // At the very end of the address space nothing is asked for behind it.
    let device = model_list(65_530, &[12, 0, 12, 0]);
    let (found, _) = run_discovery(&wanted_points("base = 65530"), &device);
    assert!(found.unwrap().identity.cut_short.is_some());
}

#[test]
fn a_device_that_was_silent_about_one_base_is_asked_for_the_next_one() {
    let first = |turn| match SunSpecDiscovery::new(&wanted_points(""), 125, turn).next() {
        DiscoveryStep::Ask(address, _) => address,
        _ => u16::MAX,
    };
    assert_eq!(
        [first(0), first(1), first(2), first(3)],
        [40_000, 0, 50_000, 40_000]
    );
}

#[test]
fn a_makers_texts_are_shown_without_their_padding() {
    let mut words = vec![1, 66];
    words.extend([0x4162, 0x6320, 0x2000].iter().chain(&[0; 61]));
    words.extend([0, 0, END_MODEL, 0]);
    words[50] = 0x4e31;
    for most in [125, 16] {
        let (found, _) = run_discovery_by(&wanted_points(""), &model_list(0, &words), most);
        let identity = found.unwrap().identity;
        assert_eq!((&*identity.manufacturer, &*identity.serial), ("Abc", "N1"));
    }
}

/// Model 103 at address 2 with W = 1234 and this scale factor.
fn inverter_device(scale: u16) -> FakeSunSpecDevice {
    let mut words = vec![103, 50];
    words.extend([0; 50]);
    (words[14], words[15]) = (1234, scale);
    words.extend([END_MODEL, 0]);
    model_list(0, &words)
}

#[test]
fn a_scale_factor_that_makes_no_sense_makes_no_value() {
    let wanted = wanted_points("points = ['ac_power', 'frequency', 'm160_n', 'ac_power_2']");
    let power =
        |scale: i16| decode_wanted_points(&wanted, &inverter_device(scale.cast_unsigned()))[0];
    assert_eq!(power(0), Some(1234.0));
    assert_eq!(power(-2), Some(12.34));
    assert_eq!(power(3), Some(1_234_000.0));
    // No site has terawatts.
    assert_eq!(power(10), None);
    for nonsense in [i16::MIN, 11, -11, i16::MAX, 300] {
        assert_eq!(power(nonsense), None, "{nonsense}");
    }
    assert_eq!(
        decode_wanted_points(&wanted, &inverter_device(0)),
        [Some(1234.0), None, None, None],
        "a grid has no frequency of 0 Hz"
    );
}

#[test]
fn values_of_another_model_than_was_found_are_not_valid() {
    let wanted = wanted_points("points = ['ac_power']");
    let before = inverter_device(0);
    let (found, _) = run_discovery(&wanted, &before);
    let fitted = wanted.resolve_points(&found.unwrap().models);
    let (head, number) = fitted.headers[0];
    assert_eq!(number, 103 * 65_536 + 50);
    assert_eq!(
        access_of(&fitted.points[0]).valid_when,
        [ValidityCondition::one_of(head, &[number])]
    );
    let mut context = vec![None; fitted.points.len()];
    context[access_of(&fitted.points[0]).scale_from.unwrap()] = Some(0);
    context[head] = Some(number);
    assert!(
        decode::decode_point(&fitted.points[0], &[7], &context)
            .number()
            .is_some()
    );
    context[head] = Some(113 * 65_536 + 60);
    assert!(
        decode::decode_point(&fitted.points[0], &[7], &context)
            .number()
            .is_none()
    );
}

#[test]
fn groups_that_claim_more_room_than_their_model_has_are_absent() {
    let wanted = wanted_points("points = ['m705_crv_2_pt_1_v', 'm714_prt_9_dcw']");
    let mut words = vec![714, 18];
    words.extend([u16::MAX - 1; 18]);
    words.extend([705, 30]);
    words.extend([u16::MAX - 1; 30]);
    words.extend([END_MODEL, 0]);
    assert_eq!(
        decode_wanted_points(&wanted, &model_list(0, &words)),
        [None, None]
    );
}

proptest! {
    #[test]
    fn any_registers_at_all_end_the_survey_and_stay_within_their_models(
        heads in prop::collection::vec((any::<u16>(), 0u16..80, any::<u16>()), 0..40),
        known in prop::collection::vec(0usize..8, 40),
        end in any::<bool>(),
    ) {
        let wanted = wanted_points("points = ['ac_power', 'dc_power_1', 'm705_crv_2_pt_2_v', 'm402_string_3_indca']");
        let usual = [103, 160, 705, 402, 714, 1, 701, 0];
        let mut words = Vec::new();
        for ((id, length, fill), known) in heads.into_iter().zip(known) {
            words.extend([if id % 4 == 0 { id } else { usual[known] }, length]);
            words.extend((0..length).map(|at| fill.wrapping_mul(at | 1)));
        }
        if end {
            words.extend([END_MODEL, 0]);
        }
        let device = model_list(0, &words);
        let (found, _) = run_discovery(&wanted, &device);
        let models = found.map(|found| found.models).unwrap_or_default();
        for point in wanted.resolve_points(&models).points {
            let access = access_of(&point);
            let last = u32::from(access.address) + u32::from(access.encoding.registers());
            let inside = |model: &SunSpecModel| {
                let end = u32::from(model.address) + 2 + u32::from(model.length);
                model.address <= access.address && last <= end
            };
            prop_assert!(models.iter().any(inside), "{point:?}");
        }
        let _ = decode_wanted_points(&wanted, &device);
    }

    #[test]
    fn any_noise_ends_the_survey(words in prop::collection::vec(any::<u16>(), 0..300)) {
        let _ = decode_wanted_points(&wanted_points("models = [1, 103, 160, 705]"), &model_list(0, &words));
    }
}

#[test]
fn a_scale_factor_is_read_in_the_same_request_as_the_values_it_scales() {
    let config = sunspec_config(
        "points = ['ac_power', 'ac_energy', 'm103_tmpot', 'm203_w', 'm203_totvarhexpq4phc', 'm701_w', \
         'm701_wl3', 'm701_totwhinj', 'm160_module_3_dcwh', 'm404_string_4_indcw', 'm802_w', \
         'm714_prt_3_dcw', 'm705_crv_2_pt_3_v', 'm708_crv_1_musttrip_pt_2_v']",
    );
    let mut device = config.devices[0].clone();
    let sunspec = wanted_of(&device);
    let points = sunspec.resolve_points(&sunspec.shortest_models()).points;
    device.points = points.into();
    let plan = crate::buses::modbus::read_plan::plan_reads(
        &device,
        config.buses[0].link.modbus().unwrap(),
    );
    let scaled = device
        .points
        .iter()
        .filter_map(|p| Some((p, &device.points[access_of(p).scale_from?])));
    let mut count = 0;
    for (point, scale) in scaled {
        count += 1;
        let covers =
            |address: u16, registers: u16, ask: &crate::buses::modbus::read_plan::PlannedRead| {
                ask.address <= address && address + registers <= ask.address + ask.count
            };
        let together = plan.reads.iter().any(|ask| {
            let whole = access_of(point).encoding.registers();
            covers(access_of(point).address, whole, ask) && covers(access_of(scale).address, 1, ask)
        });
        assert!(together, "{}: {:?}", point.name, plan.reads);
    }
    assert!(count >= 13, "{count}");
}

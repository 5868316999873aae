//! Whatever a device says, the survey ends, and what it found lies within what was said.

use super::*;
use crate::config::{Config, load_text};
use crate::read::decode;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// A device: registers by address; all others are refused with exception 2.
type Device = BTreeMap<u16, u16>;

/// Questions that no survey goes beyond: bases, heads, the tail, texts, and counts of models.
const QUESTIONS_MAX: usize = 3 + SUNSPEC_MODELS_MAX + 2 + 8 * SUNSPEC_MODELS_MAX;

fn config(keys: &str) -> Config {
    let text = format!(
        "[site]\nid = 'a'\n[[bus]]\nid = 'b'\nkind = 'modbus-tcp'\nhost = '127.0.0.1'\n\
         [[device]]\nid = 'd'\nbus = 'b'\nprofile = 'sunspec'\n{keys}\n"
    );
    load_text(&text, Path::new("pantau.toml"), &|_| None).unwrap_or_else(|f| panic!("{f}"))
}

fn wanted(keys: &str) -> std::sync::Arc<SunSpec> {
    wanted_of(&config(keys).devices[0])
}

fn wanted_of(device: &crate::config::Device) -> std::sync::Arc<SunSpec> {
    device.sunspec.clone().unwrap()
}

fn list(base: u16, words: &[u16]) -> Device {
    let all = MARKER.iter().chain(words);
    (base..=u16::MAX).zip(all.copied()).collect()
}

fn look(device: &Device, address: u16, count: u16) -> Result<Vec<u16>, u8> {
    let last = u32::from(address) + u32::from(count);
    let word = |at: u32| device.get(&u16::try_from(at).ok()?).copied();
    let words: Option<Vec<u16>> = (u32::from(address)..last).map(word).collect();
    words.ok_or(2)
}

/// Asks until the survey ends; what it found, and how many questions it took.
fn survey(wanted: &SunSpec, device: &Device) -> (Option<Found>, usize) {
    survey_by(wanted, device, 125)
}

fn survey_by(wanted: &SunSpec, device: &Device, most: u16) -> (Option<Found>, usize) {
    let mut survey = Survey::new(wanted, most, 0);
    for asked in 0..=QUESTIONS_MAX {
        match survey.next() {
            Next::Ask(address, count) => {
                assert!((1..=most).contains(&count));
                let words = look(device, address, count);
                survey.answer(words.as_deref().map_err(|code| *code));
            }
            Next::Done(found) => return (Some(found), asked),
            Next::Nothing => return (None, asked),
        }
    }
    panic!("the survey does not end");
}

fn ids(found: &Found) -> Vec<u16> {
    found.models.iter().map(|model| model.id).collect()
}

/// Values of the wanted points as a poll of this device gives them.
fn values(wanted: &SunSpec, device: &Device) -> Vec<Option<f64>> {
    let (found, _) = survey(wanted, device);
    let fitted = wanted.fit(&found.unwrap_or_default().models);
    let words = |point: &crate::config::Point| {
        look(device, point.address, point.encoding.registers()).unwrap_or_default()
    };
    let raw = |point| decode::raw_integer(point, &words(point));
    let context: Vec<Option<i64>> = fitted.points.iter().map(raw).collect();
    let value = |slot: &Option<usize>| {
        let point = &fitted.points[(*slot)?];
        let outcome = decode::decode(point, &words(point), &context);
        outcome.number().map(crate::model::Number::to_f64)
    };
    fitted.slots.iter().map(value).collect()
}

#[test]
fn a_list_is_found_at_each_base_and_walked_past_what_nobody_knows() {
    for base in [40_000, 0, 50_000] {
        let device = list(base, &[64_999, 1, 7, 12, 1, 9, END, 0]);
        let (found, _) = survey(&wanted(""), &device);
        let found = found.unwrap();
        assert_eq!(ids(&found), [64_999, 12]);
        assert_eq!(found.identity.base, base);
        assert_eq!(found.identity.cut_short, None);
    }
    assert!(survey(&wanted(""), &list(1000, &[END, 0])).0.is_none());
    let elsewhere = survey(&wanted("base = 1000"), &list(1000, &[END, 0])).0;
    assert_eq!(elsewhere.unwrap().identity.base, 1000);
}

#[test]
fn the_list_may_end_with_its_last_register() {
    let (found, _) = survey(&wanted(""), &list(0, &[12, 1, 9, END]));
    assert_eq!(found.unwrap().identity.cut_short, None);
}

#[test]
fn a_list_that_does_not_end_is_cut_and_what_came_before_counts() {
    let endless: Vec<u16> = [12, 0].repeat(5000);
    let (found, asked) = survey(&wanted(""), &list(0, &endless));
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
        let (found, _) = survey(&wanted(""), &list(0, words));
        let found = found.unwrap();
        assert_eq!(ids(&found)[0], 12, "{words:?}");
        assert!(found.identity.cut_short.is_some(), "{words:?}");
    }
    // At the very end of the address space nothing is asked for behind it.
    let device = list(65_530, &[12, 0, 12, 0]);
    let (found, _) = survey(&wanted("base = 65530"), &device);
    assert!(found.unwrap().identity.cut_short.is_some());
}

#[test]
fn a_device_that_was_silent_about_one_base_is_asked_for_the_next_one() {
    let first = |turn| match Survey::new(&wanted(""), 125, turn).next() {
        Next::Ask(address, _) => address,
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
    words.extend([0, 0, END, 0]);
    words[50] = 0x4e31;
    for most in [125, 16] {
        let (found, _) = survey_by(&wanted(""), &list(0, &words), most);
        let identity = found.unwrap().identity;
        assert_eq!((&*identity.manufacturer, &*identity.serial), ("Abc", "N1"));
    }
}

/// Model 103 at address 2 with W = 1234 and this scale factor.
fn inverter(scale: u16) -> Device {
    let mut words = vec![103, 50];
    words.extend([0; 50]);
    (words[14], words[15]) = (1234, scale);
    words.extend([END, 0]);
    list(0, &words)
}

#[test]
fn a_scale_factor_that_makes_no_sense_makes_no_value() {
    let wanted = wanted("points = ['ac_power', 'frequency', 'm160_n', 'ac_power_2']");
    let power = |scale: i16| values(&wanted, &inverter(scale.cast_unsigned()))[0];
    assert_eq!(power(0), Some(1234.0));
    assert_eq!(power(-2), Some(12.34));
    assert_eq!(power(3), Some(1_234_000.0));
    // No site has terawatts.
    assert_eq!(power(10), None);
    for nonsense in [i16::MIN, 11, -11, i16::MAX, 300] {
        assert_eq!(power(nonsense), None, "{nonsense}");
    }
    assert_eq!(
        values(&wanted, &inverter(0)),
        [Some(1234.0), None, None, None],
        "a grid has no frequency of 0 Hz"
    );
}

#[test]
fn values_of_another_model_than_was_found_are_not_valid() {
    let wanted = wanted("points = ['ac_power']");
    let before = inverter(0);
    let (found, _) = survey(&wanted, &before);
    let fitted = wanted.fit(&found.unwrap().models);
    let (head, number) = fitted.headers[0];
    assert_eq!(number, 103 * 65_536 + 50);
    assert_eq!(fitted.points[0].valid_when, Some((head, vec![number])));
    let mut context = vec![None; fitted.points.len()];
    context[fitted.points[0].scale_from.unwrap()] = Some(0);
    context[head] = Some(number);
    assert!(
        decode::decode(&fitted.points[0], &[7], &context)
            .number()
            .is_some()
    );
    context[head] = Some(113 * 65_536 + 60);
    assert!(
        decode::decode(&fitted.points[0], &[7], &context)
            .number()
            .is_none()
    );
}

#[test]
fn groups_that_claim_more_room_than_their_model_has_are_absent() {
    let wanted = wanted("points = ['m705_crv_2_pt_1_v', 'm714_prt_9_dcw']");
    let mut words = vec![714, 18];
    words.extend([u16::MAX - 1; 18]);
    words.extend([705, 30]);
    words.extend([u16::MAX - 1; 30]);
    words.extend([END, 0]);
    assert_eq!(values(&wanted, &list(0, &words)), [None, None]);
}

proptest! {
    #[test]
    fn any_registers_at_all_end_the_survey_and_stay_within_their_models(
        heads in prop::collection::vec((any::<u16>(), 0u16..80, any::<u16>()), 0..40),
        known in prop::collection::vec(0usize..8, 40),
        end in any::<bool>(),
    ) {
        let wanted = wanted("points = ['ac_power', 'dc_power_1', 'm705_crv_2_pt_2_v', 'm402_string_3_indca']");
        let usual = [103, 160, 705, 402, 714, 1, 701, 0];
        let mut words = Vec::new();
        for ((id, length, fill), known) in heads.into_iter().zip(known) {
            words.extend([if id % 4 == 0 { id } else { usual[known] }, length]);
            words.extend((0..length).map(|at| fill.wrapping_mul(at | 1)));
        }
        if end {
            words.extend([END, 0]);
        }
        let device = list(0, &words);
        let (found, _) = survey(&wanted, &device);
        let models = found.map(|found| found.models).unwrap_or_default();
        for point in wanted.fit(&models).points {
            let last = u32::from(point.address) + u32::from(point.encoding.registers());
            let inside = |model: &Model| {
                let end = u32::from(model.address) + 2 + u32::from(model.length);
                model.address <= point.address && last <= end
            };
            prop_assert!(models.iter().any(inside), "{point:?}");
        }
        let _ = values(&wanted, &device);
    }

    #[test]
    fn any_noise_ends_the_survey(words in prop::collection::vec(any::<u16>(), 0..300)) {
        let _ = values(&wanted("models = [1, 103, 160, 705]"), &list(0, &words));
    }
}

#[test]
fn a_scale_factor_is_read_in_the_same_request_as_the_values_it_scales() {
    let config = config(
        "points = ['ac_power', 'ac_energy', 'm103_tmpot', 'm203_w', 'm203_totvarhexpq4phc', 'm701_w', \
         'm701_wl3', 'm701_totwhinj', 'm160_module_3_dcwh', 'm404_string_4_indcw', 'm802_w', \
         'm714_prt_3_dcw', 'm705_crv_2_pt_3_v', 'm708_crv_1_musttrip_pt_2_v']",
    );
    let mut device = config.devices[0].clone();
    let sunspec = wanted_of(&device);
    device.points = sunspec.fit(&sunspec.nominal()).points;
    let plan = crate::read::plan::plan(&device, &config.buses[0].link);
    let scaled = device
        .points
        .iter()
        .filter_map(|p| Some((p, &device.points[p.scale_from?])));
    let mut count = 0;
    for (point, scale) in scaled {
        count += 1;
        let covers = |address: u16, registers: u16, ask: &crate::read::plan::Ask| {
            ask.address <= address && address + registers <= ask.address + ask.count
        };
        let together = plan.asks.iter().any(|ask| {
            let whole = point.encoding.registers();
            covers(point.address, whole, ask) && covers(scale.address, 1, ask)
        });
        assert!(together, "{}: {:?}", point.name, plan.asks);
    }
    assert!(count >= 13, "{count}");
}

use super::pairs::{check_capacity, check_fill};
use super::*;
use crate::domain::PointInfo;
use crate::tests::site_with_devices;
use jiff::civil::date;
use proptest::prelude::*;

const TODAY: Date = date(2026, 11, 25);

fn test_site() -> Site {
    let point = |id: &str, unit: &str, counter| PointInfo {
        id: id.into(),
        name: id.split('.').next_back().unwrap_or_default().into(),
        unit: unit.into(),
        quantity: "".into(),
        counter,
    };
    let device = |id: &str, points| crate::domain::DeviceInfo {
        id: id.into(),
        bus: "b".into(),
        profile: None,
        kind: "meter".into(),
        every_ms: 10_000,
        points,
    };
    let devices = vec![
        device("level", vec![point("level.level", "cm", false)]),
        device("water", vec![point("water.volume", "L", true)]),
        device(
            "meter",
            vec![
                point("meter.voltage", "V", false),
                point("meter.power", "W", false),
                point("meter.energy", "kWh", true),
            ],
        ),
    ];
    site_with_devices("s", devices)
}

fn calibration_draft(
    kind: CalibrationKind,
    target: &str,
    pairs: &[(f64, f64)],
) -> CalibrationDraft {
    CalibrationDraft {
        kind,
        target: target.to_owned(),
        pairs: pairs.to_vec(),
        since: None,
        at: None,
        who: "Budi".to_owned(),
        note: String::new(),
    }
}

/// Checks the message keys of all errors; none when the calibration is accepted.
#[track_caller]
fn assert_objections(kind: CalibrationKind, target: &str, pairs: &[(f64, f64)], expected: &[&str]) {
    let checked = check_calibration(
        &calibration_draft(kind, target, pairs),
        &test_site(),
        &[],
        Some(TODAY),
    );
    let keys: Vec<&str> = checked
        .err()
        .into_iter()
        .flatten()
        .map(|one| one.key)
        .collect();
    assert_eq!(keys, expected);
}

#[test]
fn two_dips_make_a_level_and_two_that_say_nothing_do_not() {
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &[(3.0, 0.0), (120.0, 118.0)],
        &[],
    );
    assert_objections(CalibrationKind::Level, "level.level", &[(3.0, 0.0)], &[]);
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &[],
        &["calibrate-few"],
    );
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &[(3.0, 0.0), (4.0, 1.0)],
        &["calibrate-spread"],
    );
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &[(3.0, 90.0), (90.0, 5.0)],
        &["calibrate-falls"],
    );
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &[(0.0, 0.0), (20.0, 100.0)],
        &["calibrate-gain"],
    );
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &[(900.0, 0.0)],
        &["calibrate-offset"],
    );
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &[(3.0, -2.0)],
        &["calibrate-outside"],
    );
    let bent = [(0.0, 0.0), (50.0, 80.0), (100.0, 100.0)];
    assert_objections(
        CalibrationKind::Level,
        "level.level",
        &bent,
        &["calibrate-scatter"],
    );
    assert_objections(
        CalibrationKind::Level,
        "water.volume",
        &[(3.0, 0.0)],
        &["calibrate-no-level"],
    );
}

#[test]
fn runs_of_a_water_meter_must_agree() {
    assert_objections(
        CalibrationKind::Pulses,
        "water.volume",
        &[(18.2, 20.0), (18.4, 20.0)],
        &[],
    );
    assert_objections(
        CalibrationKind::Pulses,
        "water.volume",
        &[(18.2, 20.0), (16.0, 20.0)],
        &["calibrate-runs"],
    );
    assert_objections(
        CalibrationKind::Pulses,
        "water.volume",
        &[(0.0, 20.0)],
        &["calibrate-still"],
    );
    assert_objections(
        CalibrationKind::Pulses,
        "water.volume",
        &[(1.0, 1.0)],
        &["calibrate-bucket"],
    );
    assert_objections(
        CalibrationKind::Pulses,
        "water.volume",
        &[(5.0, 20.0)],
        &["calibrate-gain"],
    );
    assert_objections(
        CalibrationKind::Pulses,
        "meter.energy",
        &[(5.0, 20.0)],
        &["calibrate-no-counter"],
    );
}

#[test]
fn a_transformer_scales_current_power_and_energy_and_no_voltage() {
    let ratio = calibration_draft(CalibrationKind::Ct, "meter", &[(100.0, 5.0), (200.0, 5.0)]);
    let checked = check_calibration(&ratio, &test_site(), &[], Some(TODAY)).unwrap();
    let targets: Vec<&str> = checked.targets.iter().map(|one| &**one).collect();
    assert_eq!(targets, ["meter.power", "meter.energy"]);
    assert_objections(
        CalibrationKind::Ct,
        "meter",
        &[(100.0, 5.0), (20.0, 1.0)],
        &["calibrate-ct-same"],
    );
    assert_objections(
        CalibrationKind::Ct,
        "meter",
        &[(100.0, 5.0), (5.0, 100.0)],
        &["calibrate-ct-ratio"],
    );
    assert_objections(
        CalibrationKind::Ct,
        "level",
        &[(100.0, 5.0), (200.0, 5.0)],
        &["calibrate-no-meter"],
    );
}

#[test]
fn a_fill_rises_step_by_step() {
    let check = |rows: &[(f64, f64)]| check_fill(rows, Some(1.0)).err().map(|one| one.key);
    assert_eq!(check(&[(0.5, 400.0), (0.0, 0.0), (1.0, 900.0)]), None);
    assert_eq!(check(&[(0.0, 0.0), (0.5, 0.0)]), Some("calibrate-rising"));
    assert_eq!(
        check(&[(0.0, 0.0), (2.0, 900.0)]),
        Some("calibrate-outside")
    );
    let jump = [(0.0, 0.0), (0.1, 1.0), (0.2, 900.0)];
    assert_eq!(check(&jump), Some("calibrate-area"));
    assert_eq!(check(&[(0.0, 0.0)]), Some("calibrate-few"));
}

#[test]
fn the_litres_of_a_fill_fit_the_tank() {
    let subject = CalibrationSubject {
        targets: vec!["tank".into()],
        unit: "".into(),
        factor: 1.0,
        height_m: Some(1.0),
        capacity_l: Some(1000.0),
    };
    let check = |rows: &[(f64, f64)]| {
        let refused = check_capacity(rows, &subject);
        refused.err().map(|one| one.key)
    };
    // A tank that bulges, a fill of the lower half, and one of a cone.
    for litres in [[0.0, 1100.0], [0.0, 480.0], [0.0, 40.0]] {
        assert_eq!(check(&[(0.0, litres[0]), (0.5, litres[1])]), None);
    }
    // Cubic metres, and the litres of another tank.
    for rows in [[(0.0, 0.0), (1.0, 1.0)], [(0.0, 0.0), (1.0, 5300.0)]] {
        assert_eq!(check(&rows), Some("calibrate-capacity"));
    }
}

#[test]
fn yesterday_is_not_calibrated_and_a_day_is_asked_for_when_the_clock_is_not_believed() {
    let mut level = calibration_draft(CalibrationKind::Level, "level.level", &[(3.0, 0.0)]);
    let since = |level: &CalibrationDraft, today| {
        let checked = check_calibration(level, &test_site(), &[], today);
        checked.map(|one| one.since).map_err(|all| all[0].key)
    };
    assert_eq!(since(&level, Some(TODAY)), Ok(TODAY));
    assert_eq!(since(&level, None), Err("calibrate-no-date"));
    level.since = Some(date(2027, 12, 31));
    assert_eq!(since(&level, Some(TODAY)), Ok(date(2027, 12, 31)));
    level.since = Some(date(2028, 1, 1));
    assert_eq!(since(&level, Some(TODAY)), Err("calibrate-far-date"));
    level.since = Some(date(2026, 11, 24));
    assert_eq!(since(&level, Some(TODAY)), Err("calibrate-past"));
    assert_eq!(since(&level, None), Ok(date(2026, 11, 24)));
}

proptest! {
    #[test]
    fn what_is_believed_has_a_finite_correction_and_nothing_panics(
        pairs in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..4),
        which in 0..4usize,
    ) {
        let kind = CalibrationKind::ALL[which];
        let target = ["level.level", "tank", "water.volume", "meter"][which];
        let draft = calibration_draft(kind, target, &pairs);
        if let Ok(checked) = check_calibration(&draft, &test_site(), &[], Some(TODAY)) {
            prop_assert!(checked.linear_correction().is_some());
        }
    }
}

#[test]
fn a_day_on_which_nothing_is_in_operation_is_refused() {
    let asset = |keys: &str| {
        crate::tests::SiteText::new("a")
            .tcp_bus("b", 502)
            .device("d", "b", "")
            .points([
                "{ id = 'e', register = 'holding:0', type = 'u32', unit = 'kWh', counter = true }",
            ])
            .asset(
                "p",
                "plts",
                format!("capacity_kwp = 2\nenergy = 'd.e'\n{keys}"),
            )
            .text()
    };
    let moment = "2026-11-24T05:00:00Z".parse::<jiff::Timestamp>().unwrap();
    for (keys, is_refused) in [
        ("", false),
        ("since = 2026-11-24", false),
        ("since = 2026-11-25", true),
        ("until = 2026-11-23", true),
        ("until = 2026-11-24", false),
    ] {
        let config = crate::tests::load_site(&asset(keys));
        let draft = CalibrationDraft {
            at: Some(UtcMs(moment.as_millisecond())),
            ..calibration_draft(CalibrationKind::Swap, "d.e", &[(100.0, 0.0)])
        };
        let checked = check_calibration(&draft, &config.site, &config.assets, Some(TODAY));
        let keys_of = |all: Vec<CalibrationCheckError>| all.iter().map(|one| one.key).collect();
        let against: Vec<&str> = checked.err().map_or(Vec::new(), keys_of);
        assert_eq!(
            against.contains(&"calibrate-not-operating"),
            is_refused,
            "{keys}: {against:?}"
        );
    }
}

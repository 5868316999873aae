use super::*;
use crate::modbus_server::{RegisterBank, RegisterWrite, ServerException, ServerTable};
use proptest::prelude::*;

const IDENTITY: NodeIdentity = NodeIdentity {
    firmware: [1, 2],
    firmware_text: "1.2",
    serial: 0xe661_a4d1_7b5f_0c2a,
    reset_cause: 2,
};

const MEASURED: NodeValues = NodeValues {
    temperatures: [(2137, 0), (-1012, 0)],
    level_current: (12_000, 0),
    pulse_rate: 250,
    air_temperature: 2744,
    air_humidity: 8123,
    air_status: 0,
    ..NodeValues::at_start(7, 0x0001_0002, 3)
};

fn with_bank<R>(
    values: &NodeValues,
    settings: &mut NodeSettings,
    now_s: u32,
    ask: impl FnOnce(&mut NodeBank<'_>) -> R,
) -> R {
    ask(&mut NodeBank {
        identity: &IDENTITY,
        values,
        settings,
        now_s,
    })
}

fn word(values: &NodeValues, address: u16) -> u16 {
    let mut settings = KeptRecord::FACTORY.settings();
    with_bank(values, &mut settings, 65_537, |bank| {
        bank.read_word(ServerTable::Input, address).unwrap()
    })
}

fn write(settings: &mut NodeSettings, now_s: u32, address: u16, words: &[u16]) -> Option<u8> {
    let written = with_bank(&MEASURED, settings, now_s, |bank| {
        bank.write_words(RegisterWrite {
            address,
            words,
            is_broadcast: false,
        })
    });
    written.err().map(|exception| exception as u8)
}

#[test]
fn the_map_is_in_order_and_every_register_can_be_read() {
    let mut next = 0;
    for entry in NODE_REGISTERS {
        assert!(entry.address >= next, "{}", entry.id);
        next = entry.address + entry.encoding.words();
        let is_setting = entry.usage == RegisterUse::Setting;
        assert_eq!(is_setting, entry.address >= SETTINGS_START, "{}", entry.id);
        for address in entry.address..next {
            word(&MEASURED, address);
        }
        if let RegisterUse::Value(Some(status)) = entry.usage {
            let found = NODE_REGISTERS.iter().find(|one| one.address == status);
            assert_eq!(found.unwrap().usage, RegisterUse::Status, "{}", entry.id);
        }
    }
    let mut settings = KeptRecord::FACTORY.settings();
    let beyond = with_bank(&MEASURED, &mut settings, 0, |bank| {
        bank.read_word(ServerTable::Holding, next)
    });
    assert_eq!(beyond, Err(ServerException::IllegalAddress));
}

#[test]
fn values_stand_where_the_map_says() {
    let words = |range: core::ops::Range<u16>| -> Vec<u16> {
        range.map(|address| word(&MEASURED, address)).collect()
    };
    assert_eq!(words(0..3), [0x504e, 1, 0x0102]);
    let serial = words(3..11).into_iter().flat_map(u16::to_be_bytes);
    assert_eq!(serial.collect::<Vec<u8>>(), b"E661A4D17B5F0C2A");
    assert_eq!(words(11..16), [1, 1, 7, 2, 0]);
    assert_eq!(words(16..20), [2137, 0, 0xfc0c, 0]);
    assert_eq!(words(20..24), [12_000, 2500, 0, 0]);
    assert_eq!(words(24..32), [1, 2, 250, 0, 0, 3, 0, 0]);
    assert_eq!(words(32..36), [2744, 8123, 0, 0]);
    assert_eq!(words(40..45), [1, 3, 0, 0, 5000]);
}

#[test]
fn beside_a_fault_there_is_no_number() {
    let faulty = NodeValues {
        temperatures: [(2137, 9), (2137, 1)],
        level_current: (21_500, 7),
        pulse_status: 10,
        air_status: 3,
        ..MEASURED
    };
    for (address, expected) in [
        (16, 0x8000),
        (17, 9),
        (18, 0x8000),
        (19, 1),
        (20, 0xffff),
        (21, 0x8000),
        (22, 7),
        (26, 0xffff),
        (27, 10),
        (32, 0x8000),
        (33, 0xffff),
        (34, 3),
    ] {
        assert_eq!(word(&faulty, address), expected, "{address}");
    }
}

#[test]
fn address_and_speed_are_on_trial_until_they_are_confirmed() {
    let mut settings = KeptRecord::FACTORY.settings();
    assert_eq!(write(&mut settings, 100, 40, &[17]), None);
    assert_eq!(settings.line().unit, 17);
    assert_eq!(settings.kept_line(), LineSettings::FACTORY);
    settings.end_trial(159);
    assert_eq!(settings.line().unit, 17);
    settings.end_trial(160);
    assert_eq!(settings.line(), LineSettings::FACTORY);
    // Both at once, and confirmed.
    assert_eq!(write(&mut settings, 200, 40, &[18, 4]), None);
    assert_eq!(write(&mut settings, 210, 42, &[CONFIRM_WORD]), None);
    settings.end_trial(1000);
    assert_eq!(settings.kept_line().unit, 18);
    assert_eq!(settings.line().baud(), 19_200);
}

#[test]
fn wrong_settings_are_refused_and_nothing_changes() {
    let mut settings = KeptRecord::FACTORY.settings();
    let before = settings;
    for (address, words, code) in [
        (40, &[0][..], 3),
        (40, &[248], 3),
        (40, &[300], 3),
        (41, &[6], 3),
        (40, &[9, 9], 3),
        (42, &[1], 3),
        (39, &[1], 2),
        (0, &[1], 2),
        (44, &[1, 1], 2),
        (0xffff, &[1, 1], 2),
    ] {
        assert_eq!(write(&mut settings, 0, address, words), Some(code));
        assert_eq!(settings, before, "{address}");
    }
    let all = with_bank(&MEASURED, &mut settings, 0, |bank| {
        bank.write_words(RegisterWrite {
            address: 40,
            words: &[9],
            is_broadcast: true,
        })
    });
    assert_eq!(all, Err(ServerException::IllegalAddress));
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let broken = NodeValues {
        is_keeping_broken: true,
        ..MEASURED
    };
    let mut settings = KeptRecord::FACTORY.settings();
    let written = with_bank(&broken, &mut settings, 0, |bank| {
        bank.write_words(RegisterWrite {
            address: 44,
            words: &[3000],
            is_broadcast: false,
        })
    });
    assert_eq!(written, Err(ServerException::DeviceFailure));
    assert_eq!(word(&broken, 15), 1);
}

#[test]
fn a_level_is_the_probes_line_also_below_its_zero() {
    let probe = ProbeSettings {
        zero_mm: -200,
        full_mm: 4800,
    };
    assert_eq!(probe.level_mm(4000), -200);
    assert_eq!(probe.level_mm(12_000), 2300);
    assert_eq!(probe.level_mm(20_000), 4800);
    assert_eq!(probe.level_mm(3800), -262);
    assert_eq!(ProbeSettings::FACTORY.level_mm(4002), 1);
}

proptest! {
    #[test]
    fn a_record_survives_its_bytes_and_damage_is_seen(
        resets: u16, pulses: u32, tips: u32, unit in 1u8..248, speed_code in 0u8..6,
        zero_mm: i16, full_mm: i16, place in 0..KEPT_BYTES, damage in 1u8..,
    ) {
        let record = KeptRecord {
            resets, pulses, tips,
            line: LineSettings { unit, speed_code },
            probe: ProbeSettings { zero_mm, full_mm },
        };
        let mut bytes = record.to_bytes();
        prop_assert_eq!(KeptRecord::from_bytes(&bytes), Some(record));
        bytes[place] ^= damage;
        prop_assert_eq!(KeptRecord::from_bytes(&bytes), None);
    }

    #[test]
    fn any_write_is_survived(
        address: u16, words in proptest::collection::vec(any::<u16>(), 1..123),
    ) {
        let mut settings = KeptRecord::FACTORY.settings();
        write(&mut settings, 0, address, &words);
        prop_assert!(settings.line().checked().is_some());
    }
}

//! Slips of people in a configuration: each gets its own words, in both languages.

use gateway::config;
use gateway::i18n::Language;
use std::path::Path;
use tests::site_text::SiteText;

/// Errors and warnings about a text, in one language.
fn messages(text: &str, lang: Language) -> String {
    let file = Path::new("pantau.toml");
    match config::load_config_text(text, file, &|_| None) {
        Ok(config) => {
            let all: Vec<String> = config.warnings.iter().map(|one| one.render(lang)).collect();
            all.join("\n")
        }
        Err(faults) => faults.render(lang),
    }
}

#[track_caller]
fn assert_said(text: &str, english: &str, indonesian: &str) {
    for (lang, wanted) in [(Language::En, english), (Language::Id, indonesian)] {
        let said = messages(text, lang);
        assert!(said.contains(wanted), "{wanted}:\n{said}");
        assert!(!said.contains("fault-"), "{said}");
    }
}

/// A site whose `[site]` table ends with these lines.
fn site_with(lines: &str) -> String {
    format!("[site]\nid = 'desa'\ntimezone = 'Asia/Jakarta'\n{lines}\n")
}

/// A site with one point of these keys.
fn point_site(keys: &str) -> String {
    let site = SiteText::new("desa").tcp_bus("lan", 502);
    let site = site.device("meter", "lan", "unit = 1");
    site.points([format!("{{ id = 'a', {keys} }}")]).text()
}

#[test]
fn a_text_that_is_no_toml_is_explained_in_the_readers_language() {
    for (lines, english, indonesian) in [
        (
            "latitude = -3,7",
            "latitude: found -3,7 with a decimal comma; write -3.7",
            "latitude: ada -3,7 dengan koma desimal; tulis -3.7",
        ),
        ("name = “Desa”", "typographic quote", "tanda kutip miring"),
        (
            "name = Desa",
            "write a text in quotes",
            "tulis teks dalam tanda kutip",
        ),
        ("name = 'a", "is not closed", "tidak ditutup"),
        (
            "id = 'b'",
            "is twice in the same table",
            "ada dua kali dalam tabel",
        ),
        ("name", "key = value", "kunci = nilai"),
        (
            "[bus]\nid = 'a'\n[bus]\nid = 'b'",
            "each one begins with [[bus]]",
            "masing-masing diawali [[bus]]",
        ),
    ] {
        let text = site_with(lines);
        assert_said(&text, english, indonesian);
        // The parser's own words are English.
        let said = messages(&text, Language::Id);
        assert!(!said.contains("expected"), "{said}");
        assert!(
            said.lines().count() == 1,
            "one message for each line: {said}"
        );
    }
}

#[test]
fn one_bracket_too_few_is_told_and_the_rest_is_still_checked() {
    let text = site_with(
        "[bus]\nid = 'lan'\nkind = 'modbus-tcp'\nhost = '10.0.0.7'\n\
        [device]\nid = 'meter'\nbus = 'lan'\nunit = 1\nprofil = 'xy-md02'",
    );
    assert_said(&text, "expected [[device]]", "seharusnya [[device]]");
    assert_said(&text, "expected [[bus]]", "seharusnya [[bus]]");
    assert_said(
        &text,
        "unknown key `profil`; did you mean `profile`",
        "profil",
    );
    assert!(!messages(&text, Language::En).contains("unknown bus"));
}

#[test]
fn words_of_other_programs_lead_to_those_of_this_one() {
    for (keys, english, indonesian) in [
        (
            "register = 'holding:0', type = 'int16', unit = 'V'",
            "did you mean `i16`",
            "`i16`",
        ),
        (
            "register = 'holding:0', type = 'FLOAT32', unit = 'V'",
            "did you mean `f32`",
            "`f32`",
        ),
        (
            "register = 'holding:0', type = 'i16', unit = 'Celcius'",
            "did you mean `degC`",
            "`degC`",
        ),
        (
            "register = 'holding:0', type = 'u32', unit = 'KWH'",
            "did you mean `kWh`",
            "`kWh`",
        ),
        (
            "register = 'holding:40001', type = 'u16', unit = 'V'",
            "did you mean holding:0?",
            "apakah maksudnya holding:0?",
        ),
        (
            "register = 'holding:30011', type = 'u16', unit = 'V'",
            "did you mean input:10?",
            "apakah maksudnya input:10?",
        ),
        (
            "register = '400001', type = 'u16', unit = 'V'",
            "did you mean `holding:0`",
            "`holding:0`",
        ),
    ] {
        assert_said(&point_site(keys), english, indonesian);
    }
    // An address is not doubted in itself.
    let plain = point_site("register = 'holding:4000', type = 'u16', unit = 'V'");
    assert!(!messages(&plain, Language::En).contains("number of a manual"));
}

#[test]
fn a_place_on_the_wrong_side_of_the_equator_or_turned_round_is_told() {
    let place = |latitude: &str, longitude: &str| {
        site_with(&format!("latitude = {latitude}\nlongitude = {longitude}"))
    };
    assert_said(
        &place("3.76", "103.78"),
        "did you mean latitude = -3.76?",
        "apakah maksudnya latitude = -3.76?",
    );
    assert_said(
        &place("103.78", "-3.76"),
        "exchanged: latitude = -3.76, longitude = 103.78",
        "ditukar: latitude = -3.76, longitude = 103.78",
    );
    for (latitude, longitude) in [("-3.76", "103.78"), ("3.59", "98.67"), ("52.1", "5.1")] {
        assert_eq!(messages(&place(latitude, longitude), Language::En), "");
    }
}

#[test]
fn a_range_is_told_in_words_and_a_table_that_is_too_short_by_its_end() {
    let site = SiteText::new("desa").tcp_bus("lan", 502);
    let unit = site.device("meter", "lan", "unit = 300").text();
    assert_said(&unit, "expected 0 to 255", "0 sampai 255");
    assert!(!messages(&unit, Language::En).contains("..="));
    let site = SiteText::new("desa").tcp_bus("lan", 502);
    let site = site.device("level", "lan", "unit = 1").points([
        "{ id = 'level', register = 'holding:0', type = 'u16', scale = 0.001, unit = 'm' }",
    ]);
    let tank = "level = 'level.level'\nfull_m = 1.5\nshape = { kind = 'strapping-table', \
        table = [[0.0, 0.0], [1.2, 1.1]] }";
    assert_said(
        &site.asset("t", "tank", tank).text(),
        "table ends at 1.2 m, below the full level of 1.5 m",
        "berakhir pada 1.2 m, di bawah tinggi penuh 1.5 m",
    );
}

#[test]
fn a_point_is_valid_in_ranges_of_several_others() {
    let site = |condition: &str| {
        let points = [
            "{ id = 'mode', register = 'holding:0', type = 'u16', unit = '' }".to_owned(),
            "{ id = 'state', register = 'holding:1', type = 'u16', unit = '' }".to_owned(),
            format!(
                "{{ id = 'power', register = 'holding:2', type = 'u16', unit = 'W', \
                 valid_when = {condition} }}"
            ),
        ];
        let site = SiteText::new("desa").tcp_bus("lan", 502);
        let site = site.device("pump", "lan", "unit = 1");
        site.points(points).text()
    };
    for good in [
        "{ point = 'mode', is = [1, 2] }",
        "{ point = 'mode', min = 1, max = 5 }",
        "{ point = 'mode', is = [9], max = 3 }",
        "[{ point = 'mode', min = 1 }, { point = 'state', is = [0] }]",
    ] {
        assert_eq!(messages(&site(good), Language::En), "", "{good}");
    }
    for bad in [
        "{ point = 'mode' }",
        "{ point = 'mode', min = 5, max = 1 }",
        "[{ point = 'mode', min = 1 }, { point = 'state' }]",
    ] {
        assert_said(&site(bad), "in the right order", "yang urut");
    }
    assert_said(
        &site("{ point = 'mod', min = 1 }"),
        "unknown point `mod`",
        "`mod`",
    );
}

use super::*;
use crate::config::{self, Config, Diagnostics};
use crate::domain::factor::FactorStatus;
use crate::i18n::Language;
use crate::tests::SiteText;
use proptest::prelude::*;
use std::fs;

const GRID: &str = "grid.sumatera.2019.cm5050_expost";

fn load_site(directory: &Path, text: &str) -> Result<Config, Diagnostics> {
    config::load_config_text(
        &SiteText::new("a").with(text).text(),
        &directory.join("pantau.toml"),
        &|_| None,
    )
}

/// Diagnostics of a site with this factor file of its own, without the directory.
#[track_caller]
fn rendered_diagnostics(file: &str, lang: Language) -> String {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("own.toml"), file).unwrap();
    let faults = load_site(dir.path(), "[factors]\nfile = 'own.toml'\n").unwrap_err();
    let place = format!("{}/", dir.path().display());
    faults.render(lang).replace(&place, "")
}

fn own_factor(more: &str) -> String {
    format!("[[factor]]\nid = 'own.one'\nvalue = 1\nstatus = 'policy'\n{more}")
}

#[test]
fn every_built_in_factor_has_unit_source_and_status() {
    assert_eq!(BUILT_IN_PARSED.faults, []);
    let factors = Factors::built_in();
    assert!(factors.all().len() >= 70, "{}", factors.all().len());
    assert!(factors.unverified().len() >= 14);
    let ids: BTreeSet<&str> = factors.all().iter().map(|factor| &*factor.id).collect();
    assert_eq!(ids.len(), factors.all().len());
    assert!(
        factors
            .unverified()
            .iter()
            .all(|one| !ids.contains(&*one.id))
    );
    let jamali = factors.find("grid.jamali.2019.cm5050").unwrap();
    assert_eq!((jamali.value, jamali.year), (0.87, Some(2019)));
    assert_eq!(jamali.status, FactorStatus::TranscribedTwice);
}

#[test]
fn no_built_in_grid_factor_is_firm_without_its_page() {
    let factors = Factors::built_in();
    let grids = factors
        .all()
        .iter()
        .filter(|factor| factor.id.starts_with("grid."));
    for factor in grids {
        assert!(factor.is_of_grid() && !factor.headline_ok, "{}", factor.id);
        assert_ne!(
            factors.headline(factor),
            ClaimVerdict::Claimable,
            "{}",
            factor.id
        );
    }
    let diesel = factors.find("fuel.diesel.co2").unwrap();
    assert_eq!(factors.headline(diesel), ClaimVerdict::Claimable);
}

#[test]
fn a_factor_without_unit_or_source_does_not_load() {
    let text = rendered_diagnostics(&own_factor(""), Language::En);
    assert_eq!(
        text,
        "own.toml:1: unit: missing\nown.toml:1: source: missing"
    );
    let text = rendered_diagnostics(&own_factor("unit = 'kg'\nsource = ' '\n"), Language::Id);
    assert_eq!(text, "own.toml:6: source: belum diisi");
}

#[test]
fn a_unit_that_is_none_is_named_with_what_would_be_one() {
    let text = rendered_diagnostics(
        &own_factor("unit = 'tCO3/MWh'\nsource = 's'\n"),
        Language::En,
    );
    assert_eq!(
        text,
        "own.toml:5: unit: found `tCO3/MWh`, expected a unit such as tCO2/MWh, kgCO2/GJ, kgC/kg \
         wet, kWh/m3, 1/yr, degC or 1"
    );
}

#[test]
fn an_unknown_status_has_its_nearest_word() {
    let file = own_factor("unit = '1'\nsource = 's'\n").replace("policy", "transcribed_2");
    let text = rendered_diagnostics(&file, Language::En);
    assert!(
        text.starts_with("own.toml:4: status: unknown word `transcribed_2`"),
        "{text}"
    );
    assert!(
        text.ends_with("did you mean `transcribed_2plus`?"),
        "{text}"
    );
    let text = rendered_diagnostics(&file.replace("transcribed_2", "unverified"), Language::Id);
    assert!(text.contains("kata `unverified` tidak dikenal"), "{text}");
}

#[test]
fn an_id_that_is_there_twice_and_a_validity_that_ends_before_it_begins_are_faults() {
    let file =
        own_factor("unit = '1'\nsource = 's'\nvalid_from = 2026-01-01\nvalid_to = 2025-12-31\n");
    let text = rendered_diagnostics(
        &format!("{file}{}", own_factor("unit = '1'\nsource = 's'\n")),
        Language::En,
    );
    assert_eq!(
        text,
        "own.toml:8: valid_to: 2025-12-31 is out of range, expected >= 2026-01-01\n\
         own.toml:10: id: `own.one` is used twice"
    );
}

#[test]
fn a_value_outside_its_own_range_is_a_fault() {
    let text = rendered_diagnostics(
        &own_factor("unit = '1'\nsource = 's'\nlow = 2\nhigh = 3\n"),
        Language::En,
    );
    assert_eq!(
        text,
        "own.toml:1: value: 1 is out of range, expected 2 to 3"
    );
    let text = rendered_diagnostics(
        &own_factor("unit = '1'\nsource = 's'\nlow = 0\n"),
        Language::En,
    );
    assert_eq!(text, "own.toml:1: high: missing");
}

#[test]
fn a_file_that_is_not_there_is_a_fault_of_the_file_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let faults = load_site(dir.path(), "[factors]\nfile = 'gone.toml'\n").unwrap_err();
    assert_eq!(faults.0.len(), 1);
    assert_eq!((faults.0[0].line, faults.0[0].key.as_str()), (7, "file"));
}

#[test]
fn a_sites_own_file_adds_and_replaces_and_may_take_up_what_was_unverified() {
    let dir = tempfile::tempdir().unwrap();
    let own = |id: &str, value: f64| {
        format!(
            "[[factor]]\nid = '{id}'\nvalue = {value}\nunit = 'tCO2/MWh'\nyear = 2024\n\
             source = 'decree'\nstatus = 'official_text'\nheadline_ok = true\n"
        )
    };
    let file = own("grid.own", 0.5) + &own(GRID, 0.9) + &own("grid.sumatera.2024", 0.761);
    fs::write(dir.path().join("own.toml"), &file).unwrap();
    let text = "[factors]\nfile = 'own.toml'\ngwp = 'AR6'\n";
    let config = load_site(dir.path(), text).unwrap();
    let factors = &config.factors;
    let shown = |id: &str| factors.find(id).unwrap().value.to_string();
    assert_eq!(
        (shown("grid.own"), shown(GRID)),
        ("0.5".to_owned(), "0.9".to_owned())
    );
    assert!(factors.find("grid.sumatera.2024").is_some());
    assert!(factors.find_unverified("grid.sumatera.2024").is_none());
    assert_eq!(factors.gwp, GwpSet::Ar6);
    assert_eq!(factors.own_text, file);
    // A status that the site declares itself does not replace the page.
    let own = factors.find("grid.own").unwrap();
    assert_eq!(factors.headline(own).word(), "no-page");
}

fn evidence_table(factor: &str, sha256: &str) -> String {
    format!(
        "[[factor_evidence]]\nfactor = '{factor}'\nfile = 'page.pdf'\nsha256 = '{sha256}'\n\
         by = 'Siti'\non = 2026-11-20\n"
    )
}

/// SHA-256 of `abc` (FIPS 180-2, example B.1).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn the_official_page_makes_a_factor_firm() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page.pdf"), "abc").unwrap();
    let config = load_site(dir.path(), &evidence_table(GRID, &ABC.to_uppercase())).unwrap();
    let factor = config.factors.find(GRID).unwrap();
    assert_eq!(config.factors.headline(factor), ClaimVerdict::Claimable);
    assert_eq!(config.factors.evidence[0].on.to_string(), "2026-11-20");
    assert_eq!(config.warnings, []);
}

#[test]
fn a_page_that_is_not_there_leaves_the_figures_provisional_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let config = load_site(dir.path(), &evidence_table(GRID, ABC)).unwrap();
    let factor = config.factors.find(GRID).unwrap();
    assert_eq!(config.factors.headline(factor).word(), "page-missing");
    assert_eq!(config.warnings[0].what, "fault-evidence-file");
}

#[test]
fn a_page_that_was_changed_is_a_fault() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page.pdf"), "abd").unwrap();
    let faults = load_site(dir.path(), &evidence_table(GRID, ABC)).unwrap_err();
    assert_eq!(faults.0.len(), 1);
    assert_eq!(
        (faults.0[0].what, faults.0[0].line),
        ("fault-evidence-hash", 9)
    );
}

#[test]
fn evidence_of_nothing_is_answered_with_the_nearest_factor() {
    let dir = tempfile::tempdir().unwrap();
    let faults = load_site(
        dir.path(),
        &evidence_table("grid.sumatera.2019.cm5050_expos", "12"),
    )
    .unwrap_err();
    let text = faults.render(Language::En);
    assert!(
        text.contains("did you mean `grid.sumatera.2019.cm5050_expost`?"),
        "{text}"
    );
    assert!(
        text.contains("sha256: found `12`, expected 64 hexadecimal digits"),
        "{text}"
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_factor_file_panic(text in "\\PC{0,200}") {
        let _ = parse_factor_file(&text, Path::new("own.toml"), &[]);
    }

    #[test]
    fn a_damaged_factor_file_is_answered(
        at in 0..BUILT_IN_TEXT.len(), len in 0usize..60, put in "[\\[\\]{}='\"#,\\n0-9a-z./-]{0,8}",
    ) {
        let floor = |mut at: usize| { while !BUILT_IN_TEXT.is_char_boundary(at) { at -= 1; } at };
        let (from, to) = (floor(at), floor((at + len).min(BUILT_IN_TEXT.len())));
        let text = format!("{}{put}{}", &BUILT_IN_TEXT[..from], &BUILT_IN_TEXT[to..]);
        let read = parse_factor_file(&text, Path::new("own.toml"), &[]);
        prop_assert!(read.faults.iter().all(|fault| fault.line >= 1));
    }
}

#[test]
fn a_factor_that_cannot_be_true_is_refused_with_the_range_of_its_unit() {
    let factor = |value: &str, unit: &str| {
        format!(
            "[[factor]]\nid = 'own.one'\nvalue = {value}\nunit = '{unit}'\nsource = 's'\n\
             status = 'policy'\n"
        )
    };
    for (value, unit, expected) in [
        (
            "930",
            "tCO2/MWh",
            "own.toml:3: value: 930 tCO2/MWh is out of range, expected 0 to 3 tCO2/MWh",
        ),
        (
            "-0.8",
            "tCO2/MWh",
            "own.toml:3: value: -0.8 tCO2/MWh is out of range, expected 0 to 3 tCO2/MWh",
        ),
        (
            "74100",
            "kgCO2/GJ",
            "own.toml:3: value: 74100 kgCO2/GJ is out of range, expected 0 to 150 kgCO2/GJ",
        ),
        (
            "2680",
            "kgCO2/L",
            "own.toml:3: value: 2680 kgCO2/L is out of range, expected 0 to 5 kgCO2/L",
        ),
        (
            "-4",
            "kgCH4/t wet",
            "own.toml:3: value: -4 kgCH4/t wet is out of range, expected >= 0 kgCH4/t wet",
        ),
    ] {
        let said = rendered_diagnostics(&factor(value, unit), Language::En);
        assert!(said.contains(expected), "{said}");
    }
    let dir = tempfile::tempdir().unwrap();
    for (value, unit) in [
        ("0.93", "tCO2/MWh"),
        ("930", "kgCO2/MWh"),
        ("2.676", "kgCO2/L"),
    ] {
        fs::write(dir.path().join("own.toml"), factor(value, unit)).unwrap();
        load_site(dir.path(), "[factors]\nfile = 'own.toml'\n").unwrap();
    }
}

/// Own factor with these keys, and a plant that claims by it.
fn site_with_own_factor(keys: &str, baseline: &str) -> Result<Config, Diagnostics> {
    let dir = tempfile::tempdir().unwrap();
    let factor = format!("[[factor]]\nid = 'pln.2024'\nsource = 's'\nstatus = 'policy'\n{keys}\n");
    fs::write(dir.path().join("own.toml"), factor).unwrap();
    let plant = format!(
        "[factors]\nfile = 'own.toml'\n[[bus]]\nid = 'b'\nkind = 'modbus-tcp'\nhost = 'h'\n\
         [[device]]\nid = 'd'\nbus = 'b'\npoint = [{{ id = 'e', register = 'holding:0', \
         type = 'u32', unit = 'kWh', counter = true }}]\n\
         [[asset]]\nid = 'p'\nkind = 'plts'\ncapacity_kwp = 2\nenergy = 'd.e'\n\
         baseline = {{ {baseline} }}\nleakage = {{ replaced = 'nothing' }}\n"
    );
    load_site(dir.path(), &plant)
}

#[test]
fn a_factor_is_judged_by_what_it_is_used_for_and_not_by_its_name() {
    let (grid, set) = (
        "kind = 'GRID', factor = 'pln.2024'",
        "kind = 'GENSET', rating_kw = 5, factor = 'pln.2024'",
    );
    let per_mwh = |value: &str| format!("unit = 'tCO2/MWh'\nvalue = {value}\nheadline_ok = true");
    for (value, baseline, what) in [
        ("0.9", grid, ""),
        ("0", grid, "fault-range"),
        ("2.9", grid, "fault-range"),
        ("1.8", grid, "fault-unusual"),
        ("0.3", set, "fault-range"),
        ("2.9", set, "fault-unusual"),
        ("0.9", set, ""),
        ("0.9\nlow = -1\nhigh = 1", grid, "fault-range"),
    ] {
        let loaded = site_with_own_factor(&per_mwh(value), baseline);
        assert_eq!(loaded.is_err(), what == "fault-range", "{value} {baseline}");
        let found = loaded.map_or_else(|faults| faults.0, |config| config.warnings);
        let told = |one: &str| found.iter().any(|fault| fault.what == one);
        for one in ["fault-range", "fault-unusual"] {
            assert_eq!(told(one), one == what, "{one}: {value} {baseline}");
        }
    }
    let config = site_with_own_factor(&per_mwh("0.9"), grid).unwrap();
    let verdict = config.assets[0].baselines()[0].headline(&config.factors);
    assert_eq!(verdict.word(), "no-page");
}

#[test]
fn a_factor_without_a_document_is_known_no_better_than_by_policy() {
    let grid = "kind = 'GRID', factor = 'pln.2024'";
    let loaded = |ends: &str| {
        let keys = format!("unit = 'tCO2/MWh'\nvalue = 0.9\n{ends}");
        let config = site_with_own_factor(&keys, grid).unwrap();
        let told = config
            .warnings
            .iter()
            .any(|one| one.what == "fault-factor-narrow");
        let factor = config.factors.find("pln.2024").unwrap();
        (config.factors.used_uncertainty(factor), told)
    };
    let close = |found: Option<f64>, wanted: f64| (found.unwrap() - wanted).abs() < 1e-9;
    let (narrow, told) = loaded("low = 0.8999\nhigh = 0.9001");
    assert!(told && close(narrow, 10.0), "{narrow:?}");
    let (wide, told) = loaded("low = 0.72\nhigh = 1.08");
    assert!(!told && close(wide, 20.0), "{wide:?}");
    assert_eq!(loaded(""), (None, false));
    // With its page, what the page says counts.
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("page.pdf"), "abc").unwrap();
    let own = "[[factor]]\nid = 'pln.2024'\nsource = 's'\nstatus = 'policy'\n\
               unit = 'tCO2/MWh'\nvalue = 0.9\nlow = 0.89\nhigh = 0.91\n\
               [[factor]]\nid = 'swds.doc.food.wet'\nsource = 's'\nstatus = 'policy'\n\
               unit = 'kgC/kg wet'\nvalue = 0.15\nlow = 0.15\nhigh = 0.15\n";
    fs::write(dir.path().join("own.toml"), own).unwrap();
    let text = "[factors]\nfile = 'own.toml'\n".to_owned() + &evidence_table("pln.2024", ABC);
    let config = load_site(dir.path(), &text).unwrap();
    let used = |id: &str| {
        let factor = config.factors.find(id).unwrap();
        config.factors.used_uncertainty(factor)
    };
    assert!(close(used("pln.2024"), 100.0 / 90.0));
    // A replaced factor is known no better than the built-in one.
    let built_in = Factors::built_in();
    let built_in = built_in.find("swds.doc.food.wet").unwrap();
    assert_eq!(used("swds.doc.food.wet"), built_in.uncertainty_percent());
}

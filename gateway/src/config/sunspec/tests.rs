use super::model::is_known_model;
use super::point_names::WantedPoint;
use super::*;
use crate::config::{Point, load_config_text};
use crate::domain::ExactNumber;
use crate::i18n::Language;
use crate::tests::sunspec_text;
use std::path::Path;

fn load_points(keys: &str) -> Result<Vec<Point>, String> {
    let text = sunspec_text(502, keys);
    let config = load_config_text(&text, Path::new("pantau.toml"), &|_| None);
    config
        .map(|config| config.devices[0].points.to_vec())
        .map_err(|faults| faults.to_string())
}

fn point_names(keys: &str) -> Vec<String> {
    let points = load_points(keys).unwrap();
    points.iter().map(|point| point.name.to_string()).collect()
}

#[test]
fn the_definitions_are_there() {
    assert!(definitions::model_definitions().len() > 100);
    for id in [1, 101, 160, 204, 303, 404, 714, 802] {
        assert!(is_known_model(id), "{id}");
    }
}

#[test]
fn a_device_without_further_keys_has_the_usual_points_of_an_inverter() {
    let usual = point_names("");
    assert!(usual.iter().any(|name| name == "ac_power"));
    assert!(usual.iter().any(|name| name == "ac_energy"));
    assert!(usual.len() < 12, "{usual:?}");
    let energy = load_points("").unwrap().into_iter();
    let energy: Vec<Point> = energy.filter(|p| *p.name == *"ac_energy").collect();
    assert!(energy[0].counter && *energy[0].unit == *"kWh");
    let meter = point_names("models = [203]");
    assert!(meter.contains(&"ac_energy_import".to_owned()));
    assert!(!meter.contains(&"dc_power".to_owned()));
}

#[test]
fn codes_are_words_once_the_models_of_the_device_are_known() {
    let text = sunspec_text(502, "points = ['status', 'fault_code', 'm802_chast']");
    let config = load_config_text(&text, Path::new("pantau.toml"), &|_| None).unwrap();
    let shown = |point, models: &[u16], code: f64| {
        let words = config.devices[0].value_words(point, models, Language::Id);
        words.map(|words| words.text(ExactNumber::Float(code)))
    };
    assert_eq!(shown(0, &[1, 103], 4.0).unwrap(), "produksi (MPPT)");
    assert_eq!(shown(0, &[1, 701], 4.0).unwrap(), "daya dibatasi");
    assert_eq!(shown(0, &[], 4.0), None);
    assert_eq!(
        shown(1, &[103], 2049.0).unwrap(),
        "gangguan tanah, tegangan AC terlalu rendah"
    );
    assert_eq!(shown(2, &[802], 5.0).unwrap(), "penuh");
}

#[test]
fn what_an_asset_names_is_read_too() {
    let asset = "[[asset]]\nid = 'p'\nkind = 'plts'\ncapacity_kwp = 2\n\
                 energy = 'd.ac_energy'\n";
    assert_eq!(
        point_names(&format!("points = ['status']\n{asset}")),
        ["status", "ac_energy"]
    );
    let wrong = asset.replace("ac_energy", "ac_enrgy");
    assert!(
        load_points(&format!("points = ['status']\n{wrong}"))
            .unwrap_err()
            .contains("ac_enrgy")
    );
}

#[test]
fn on_the_shortest_list_every_wanted_point_is_there() {
    let wants = [
        "ac_power",
        "m103_w_2",
        "m705_crv_2_pt_3_v",
        "m401_string_4_indca",
    ];
    let wants: Vec<WantedPoint> = wants
        .iter()
        .map(|name| point_names::find_wanted(name, &[]).unwrap())
        .collect();
    let sunspec = SunSpecSelection::new(None, wants);
    let models = sunspec.shortest_models();
    assert!(
        sunspec
            .resolve_points(&models)
            .slots
            .iter()
            .all(Option::is_some)
    );
    let image = sunspec.blank_registers(&[("Mn", "Pantau")]);
    assert_eq!(image[&sunspec.base_addresses()[0]], SUNS_MARKER[0]);
    let next = models.last().and_then(SunSpecModel::next).unwrap();
    assert_eq!(image[&next], END_MODEL);
    assert!(
        models
            .windows(2)
            .all(|pair| pair[0].next() == Some(pair[1].address))
    );
}

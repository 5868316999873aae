//! Points and values of devices in words: every one has a label in both languages.

use crate::source::project_root;
use crate::tidy::assert_no_faults;
use gateway::config::{self, Config, Point, profile::Profile};
use gateway::i18n::Language;
use std::collections::{BTreeMap, BTreeSet};

/// English words whose Indonesian ones differ; none is in an Indonesian label. Words in brackets
/// are what a display prints, and do not count.
const ENGLISH: &[&str] = &[
    "power",
    "energy",
    "voltage",
    "current",
    "frequency",
    "temperature",
    "humidity",
    "moisture",
    "pressure",
    "flow",
    "level",
    "speed",
    "rain",
    "wind",
    "water",
    "today",
    "yesterday",
    "month",
    "year",
    "day",
    "now",
    "average",
    "raw",
    "import",
    "export",
    "battery",
    "grid",
    "load",
    "pump",
    "tank",
    "phase",
    "line",
    "neutral",
    "fault",
    "warning",
    "error",
    "unknown",
    "none",
    "code",
    "off",
    "on",
    "yes",
    "no",
    "running",
    "stopped",
    "waiting",
    "starting",
    "charging",
    "discharging",
    "limited",
    "open",
    "closed",
    "active",
    "reactive",
    "apparent",
    "input",
    "output",
    "capacity",
    "efficiency",
    "count",
    "direction",
    "state",
    "value",
    "over",
    "under",
];

/// Profiles with their variants.
fn all_profiles() -> Vec<Profile> {
    let profiles = config::valid_profiles(None);
    // A lower bound, so that profiles which are not found do not pass.
    assert!(profiles.len() >= 53, "{}", profiles.len());
    let with_variants = |profile: Profile| {
        let variants = profile.variants.clone();
        std::iter::once(profile).chain(variants)
    };
    profiles.into_iter().flat_map(with_variants).collect()
}

/// The example site and that of the demo.
fn example_sites() -> Vec<Config> {
    let paths = ["config/pantau.toml", "gateway/assets/demo.toml"];
    let site = |path| {
        let (path, text) = (project_root().join(path), project_text(path));
        config::load_config_text(&text, &path, &|name| Some(name.to_owned())).unwrap()
    };
    paths.map(site).into()
}

/// Text of a file of the project.
fn project_text(path: &str) -> String {
    std::fs::read_to_string(project_root().join(path)).unwrap()
}

/// Texts between quotes after `key =`, in the lines of a file.
fn quoted_values(path: &str, key: &str) -> Vec<String> {
    let text = project_text(path);
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let of_key = lines.filter(|(left, _)| left.trim() == key);
    let found: Vec<String> = of_key
        .flat_map(|(_, right)| right.split('"').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    assert!(!found.is_empty(), "{path}: {key}");
    found
}

/// Checks the labels of the points of one device in one language.
fn label_faults<'a>(
    device: &str,
    points: impl Iterator<Item = &'a str>,
    lang: Language,
) -> Vec<String> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut faults = Vec::new();
    for point in points {
        let Some(label) = lang.find_point_label(point) else {
            faults.push(format!(
                "{device}.{point}: no label in `{}`: add part-GROUP-WORD or point-NAME to \
                 gateway/assets/words",
                lang.code()
            ));
            continue;
        };
        if label.chars().count() > 40 {
            faults.push(format!(
                "{device}.{point}: \"{label}\" is longer than 40 letters"
            ));
        }
        if let Some(other) = seen.insert(label.to_lowercase(), point) {
            faults.push(format!(
                "{device}: {other} and {point} are both \"{label}\""
            ));
        }
    }
    faults
}

#[test]
fn every_point_of_a_profile_has_its_own_label_in_both_languages() {
    let mut faults = Vec::new();
    for profile in all_profiles() {
        for lang in Language::ALL {
            let points = profile.points.iter().map(|point| &*point.name);
            faults.extend(label_faults(&profile.name, points, lang));
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn every_well_known_sunspec_point_has_its_own_label_in_both_languages() {
    let names = quoted_values("config/sunspec/names.toml", "id");
    let mut faults = Vec::new();
    for lang in Language::ALL {
        // A second name of a point has another label: one of both is read.
        let names = names.iter().map(String::as_str);
        faults.extend(label_faults("sunspec", names, lang));
    }
    assert_no_faults(&faults);
}

#[test]
fn points_of_sunspec_models_differ_within_their_model() {
    let text = project_text("config/sunspec/models.json");
    let all: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut faults = Vec::new();
    for model in all["models"].as_array().unwrap() {
        for lang in Language::ALL {
            let mut seen = BTreeSet::new();
            for point in model["points"].as_array().unwrap() {
                let name = point[0].as_str().unwrap().to_lowercase();
                if !seen.insert(lang.point_label(&name, "")) {
                    faults.push(format!("model {}: {name} is like another", model["id"]));
                }
            }
        }
    }
    assert_no_faults(&faults);
}

#[test]
fn no_whole_name_is_left_over() {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for profile in all_profiles() {
        names.extend(profile.points.iter().map(|point| point.name.to_string()));
    }
    names.extend(quoted_values("config/sunspec/names.toml", "id"));
    for site in example_sites() {
        let points = site.devices.iter().flat_map(|device| device.points.iter());
        names.extend(points.map(|point| point.name.to_string()));
    }
    let models = project_text("config/sunspec/models.json").to_lowercase();
    let text = project_text("gateway/assets/words/en.ftl");
    let keys = text
        .lines()
        .filter_map(|line| line.strip_prefix("point-")?.split_once(" ="));
    let known: BTreeSet<String> = names.iter().map(|name| name.replace('_', "-")).collect();
    let unused = keys
        .filter(|(key, _)| !known.contains(*key) && !models.contains(&format!("[\"{key}\"")))
        .map(|(key, _)| format!("gateway/assets/words: no device has `point-{key}`"));
    assert_no_faults(&unused.collect::<Vec<_>>());
}

#[test]
fn points_of_the_example_sites_have_labels_too() {
    let mut faults = Vec::new();
    for site in example_sites() {
        for device in &site.devices {
            for lang in Language::ALL {
                let points = device.points.iter().map(|point| &*point.name);
                faults.extend(label_faults(&device.id, points, lang));
            }
        }
    }
    assert_no_faults(&faults);
}

/// Words of the codes and bits of all profiles and `SunSpec` models.
fn all_value_words() -> BTreeSet<String> {
    let words = |point: &Point| {
        let values = point.about.values.iter().map(|(_, word)| word.to_string());
        let flags = point.about.flags.iter().map(|(_, word)| word.to_string());
        values.chain(flags).collect::<Vec<_>>()
    };
    let mut all = BTreeSet::new();
    for profile in all_profiles() {
        all.extend(profile.points.iter().chain(&profile.facts).flat_map(words));
    }
    for key in ["values", "flags"] {
        all.extend(quoted_values("config/sunspec/names.toml", key));
    }
    assert!(all.len() > 50, "{}", all.len());
    all
}

/// Key of the word of a value: `stopped by key` is `value-stopped-by-key`.
fn value_key(word: &str) -> String {
    format!(
        "value-{}",
        word.to_lowercase().replace([' ', '_', '.'], "-")
    )
}

#[test]
fn every_value_of_a_profile_has_a_word_in_both_languages_and_none_is_left_over() {
    let mut faults = Vec::new();
    // "0-20 mA" and "9600" are the same in every language.
    let is_word = |word: &String| !word.starts_with(|c: char| c.is_ascii_digit());
    let words: BTreeSet<String> = all_value_words().into_iter().filter(is_word).collect();
    let mut keys: BTreeSet<String> = words.iter().map(|word| value_key(word)).collect();
    // Words of yes-or-no points.
    keys.extend(["value-yes".to_owned(), "value-no".to_owned()]);
    for lang in ["id", "en"] {
        let text = project_text(&format!("gateway/assets/words/{lang}.ftl"));
        let known = text.lines().filter(|line| line.starts_with("value-"));
        let known: BTreeSet<String> = known
            .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
            .collect();
        for key in keys.difference(&known) {
            faults.push(format!("{lang}.ftl: no `{key}`"));
        }
        for key in known.difference(&keys) {
            faults.push(format!("{lang}.ftl: no profile has `{key}`"));
        }
    }
    assert_no_faults(&faults);
}

/// Text without what is between these brackets.
fn outside_brackets(text: &str, (open, close): (char, char)) -> String {
    let pieces = text.split(open).enumerate().map(|(at, piece)| match at {
        0 => piece,
        _ => piece.split_once(close).map_or("", |(_, rest)| rest),
    });
    pieces.collect::<Vec<_>>().join(" ")
}

#[test]
fn no_english_word_is_in_an_indonesian_label() {
    let text = project_text("gateway/assets/words/id.ftl");
    let families = [
        "part-",
        "point-",
        "value-",
        "values-",
        "web-quantity-",
        "web-kind-",
    ];
    let mut faults = Vec::new();
    for line in text.lines() {
        let Some((key, label)) = line.split_once(" = ") else {
            continue;
        };
        if !families.iter().any(|family| key.starts_with(family)) || key == "part-order" {
            continue;
        }
        let outside = outside_brackets(&outside_brackets(label, ('(', ')')), ('{', '}'));
        let outside = outside.to_lowercase();
        let mut words = outside.split(|c: char| !c.is_alphanumeric());
        if let Some(word) = words.find(|word| ENGLISH.contains(word)) {
            faults.push(format!("id.ftl: `{key}` says \"{word}\""));
        }
    }
    assert_no_faults(&faults);
}

/// First word of a label that is English, outside brackets.
fn english_word(label: &str) -> Option<String> {
    let outside = outside_brackets(label, ('(', ')')).to_lowercase();
    let mut words = outside.split(|c: char| !c.is_alphanumeric());
    words.find(|word| ENGLISH.contains(word)).map(str::to_owned)
}

#[test]
fn no_point_of_a_profile_or_an_example_has_an_english_word_in_its_indonesian_label() {
    let mut points: Vec<Point> = Vec::new();
    for profile in all_profiles() {
        points.extend(profile.points);
    }
    for site in example_sites() {
        points.extend(
            site.devices
                .into_iter()
                .flat_map(|device| device.points.to_vec()),
        );
    }
    assert!(points.len() > 500, "{}", points.len());
    let fault = |point: &Point| {
        let label = point.label(Language::Id);
        let word = english_word(&label)?;
        Some(format!("{}: \"{label}\" says \"{word}\"", point.name))
    };
    assert_no_faults(&points.iter().filter_map(fault).collect::<Vec<_>>());
}

#[test]
fn a_word_that_no_catalogue_has_never_joins_the_words_of_a_label() {
    let quantities = ["", "power", "speed", "temperature", "no-such-quantity"];
    for english in ENGLISH {
        for name in [
            (*english).to_owned(),
            format!("{english}_2"),
            format!("barn_{english}"),
        ] {
            for quantity in quantities {
                let label = Language::Id.point_label(&name, quantity);
                assert_eq!(english_word(&label), None, "{name}: {label}");
                // The typed words are kept: they tell points apart.
                let is_kept = !name.contains("barn") || label.contains("barn");
                assert!(is_kept, "{name}: {label}");
            }
        }
    }
}

//! Configurations: the example loads, faulty ones are answered in full, nothing panics.

use gateway::assets::AssetKind;
use gateway::config::{self, Config, Diagnostics};
use gateway::i18n::Language;
use gateway::sinks::influx::InfluxSettings;
use gateway::sinks::mqtt::MqttSettings;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::site_text::SiteText;

const EXAMPLE: &str = include_str!("../../config/pantau.toml");

fn load_example(text: &str) -> Result<Config, Diagnostics> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases/config/pantau.toml");
    config::load_config_text(text, &file, &|_| None)
}

fn load_with_secrets(text: &str) -> Result<Config, Diagnostics> {
    config::load_config_text(text, Path::new("pantau.toml"), &|name| {
        Some(format!("secret of {name}"))
    })
}

#[track_caller]
fn diagnostics_of(text: &str) -> String {
    match load_example(text) {
        Ok(_) => String::from("no faults"),
        Err(faults) => shorten_paths(&faults.render(Language::En)),
    }
}

/// Paths differ between machines; the file's name is what matters.
fn shorten_paths(text: &str) -> String {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases/config/");
    text.replace(&*directory.to_string_lossy(), "")
}

#[test]
fn the_example_site_loads_as_it_is_written() {
    let config = load_with_secrets(EXAMPLE).unwrap();
    assert_eq!(&*config.site.id, "desa-impian");
    assert_eq!(config.buses.len(), 3);
    assert_eq!(config.devices.len(), config.site.devices.len());
    assert_eq!(config.store.flush, Duration::from_mins(1));
    assert_eq!(config.store.budget, Some(2_000_000_000));
    let mqtt = config.sink::<MqttSettings>().unwrap();
    assert_eq!(
        (mqtt.broker.host.as_str(), mqtt.broker.port, mqtt.broker.tls),
        ("broker.example.org", 8883, true)
    );
    assert_eq!(
        mqtt.broker.password.as_ref().unwrap().reveal().unwrap(),
        "secret of PANTAU_MQTT_PASSWORD"
    );
    let influx = config.sink::<InfluxSettings>().unwrap();
    assert_eq!(
        influx.token.as_ref().unwrap().reveal().unwrap(),
        "secret of PANTAU_INFLUX_TOKEN"
    );
    assert_eq!(config.warnings, []);
    let well = config
        .devices
        .iter()
        .find(|device| &*device.id == "well")
        .unwrap();
    assert_eq!(well.points[2].modbus().unwrap().powers.len(), 2);
    let kinds: Vec<&str> = config
        .site
        .devices
        .iter()
        .map(|device| &*device.kind)
        .collect();
    assert_eq!(
        kinds,
        ["inverter", "meter", "level", "environment", "controller"]
    );
    assert_eq!(
        config.assets[0].points["power"].as_ref(),
        "inverter.ac_power"
    );
    let tank = config
        .assets
        .iter()
        .find(|asset| &*asset.id == "tank-1")
        .unwrap();
    let AssetKind::Tank(tank) = &tank.kind else {
        panic!("tank-1 is a tank");
    };
    assert!((tank.full_m - 1.25).abs() < 1e-12 && tank.offset_m > 0.0);
    let claimed = config.assets[0].baselines().first().unwrap();
    // The example must not promise a CO2 figure: its factor has no official page until somebody
    // attaches one.
    assert_eq!(claimed.headline(&config.factors).word(), "no-page");
    assert_eq!(&*config.definitions.find("pupuk-cair").unwrap().unit, "L");
}

#[test]
fn every_faulty_case_is_answered_with_all_its_faults() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/config");
    let mut tried = 0;
    for entry in std::fs::read_dir(&cases).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        tried += 1;
        let faults = config::load_config(&path).unwrap_err();
        let mut found = String::new();
        for lang in [Language::En, Language::Id] {
            found += &shorten_paths(&faults.render(lang));
            found += "\n";
        }
        let golden = path.with_extension("txt");
        // Messages change often; new golden files are written here and read in the diff.
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(found, expected, "{}", golden.display());
    }
    assert!(tried >= 3);
}

#[test]
fn a_file_that_is_not_there_is_a_fault_that_names_it() {
    let faults = config::load_config(Path::new("not-there.toml")).unwrap_err();
    assert!(
        faults
            .render(Language::En)
            .starts_with("not-there.toml:1: file not-there.toml does not exist")
    );
}

#[test]
fn the_address_the_names_and_the_readers_of_the_page_are_read_and_checked() {
    let config = load_example(
        "[site]\nid = 'a'\ntimezone = 'Asia/Jakarta'\nlatitude = -6\nlongitude = 107\n\
                       [web]\nlisten = '0.0.0.0:8080'\n\
                       names = ['Pantau.local', '192.168.1.20']\npublic = 'read'\n",
    )
    .unwrap();
    // Whether the network is served is decided at the start: it needs a user.
    assert_eq!(config.web.listen, Some("0.0.0.0:8080".parse().unwrap()));
    assert_eq!(config.web.names, ["pantau.local", "192.168.1.20"]);
    assert!(config.web.is_public);
    assert_eq!(config.warnings.len(), 0);
    let faults = load_example(
        "[site]\nid = 'a'\n[web]\nnames = ['ok', 'http://a:80/', '']\npublic = 'all'\n",
    )
    .unwrap_err();
    let lines: Vec<_> = faults
        .0
        .iter()
        .map(|fault| (fault.line, &*fault.key))
        .collect();
    assert_eq!(lines, [(4, "names"), (4, "names"), (5, "public")]);
}

#[test]
fn a_key_of_another_kind_of_bus_is_named_with_the_kind() {
    let warnings = |keys: &str| {
        let text = format!("[site]\nid = 'a'\n[[bus]]\nid = 'b'\n{keys}\n");
        let config = load_example(&text).unwrap();
        let warnings = config.warnings.iter().map(|one| one.render(Language::En));
        let warnings: Vec<String> = warnings
            .filter(|one| one.contains("does not apply"))
            .collect();
        warnings.join("\n")
    };
    let serial = "kind = 'modbus-rtu'\nport = '/dev/ttyS0'";
    let tcp = "kind = 'modbus-tcp'\nhost = '127.0.0.1'";
    let over_tcp = "kind = 'modbus-rtu-over-tcp'\nhost = '127.0.0.1'";
    for (bus, key, kind) in [
        (serial, "tcp_port = 502", "modbus-rtu"),
        (tcp, "baud = 19200", "modbus-tcp"),
        (tcp, "parity = 'even'", "modbus-tcp"),
        (tcp, "stop_bits = 2", "modbus-tcp"),
        (over_tcp, "parity = 'even'", "modbus-rtu-over-tcp"),
        (over_tcp, "stop_bits = 2", "modbus-rtu-over-tcp"),
    ] {
        let said = warnings(&format!("{bus}\n{key}"));
        let name = key.split(' ').next().unwrap_or_default();
        let expected = format!("`{name}` does not apply to a bus of the kind `{kind}`");
        assert!(said.contains(&expected), "{bus} {key}: {said}");
    }
    for fitting in [
        format!("{serial}\nbaud = 9600\nparity = 'even'\nstop_bits = 2"),
        format!("{tcp}\ntcp_port = 1502"),
        format!("{over_tcp}\ntcp_port = 4196\nbaud = 9600"),
    ] {
        assert_eq!(warnings(&fitting), "");
    }
}

#[test]
fn what_is_left_out_has_a_default() {
    let config = load_example("[site]\nid = 'a'\n").unwrap();
    assert_eq!(config.web.listen, None);
    assert_eq!(config.store.path, Path::new("/var/lib/pantau"));
    assert_eq!(&**config.site.timezone.name(), "Asia/Jakarta");
    assert_eq!(config.warnings.len(), 3);
}

#[test]
fn a_profile_of_ones_own_replaces_the_built_in_one() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("devices");
    std::fs::create_dir(&own).unwrap();
    let built_in = include_str!("../../config/devices/xy-md02.toml");
    let changed = built_in.replace("kind = \"environment\"", "kind = \"greenhouse\"");
    std::fs::write(own.join("xy-md02.toml"), changed).unwrap();
    let site = SiteText::new("a").with("profiles = 'devices'");
    let site = site
        .tcp_bus("b", 502)
        .device("d", "b", "profile = 'xy-md02'");
    let file = dir.path().join("pantau.toml");
    std::fs::write(&file, site.text()).unwrap();
    let config = config::load_config(&file).unwrap();
    assert_eq!(&*config.site.devices[0].kind, "greenhouse");
}

#[test]
fn a_site_names_its_devices_and_points() {
    let site = |keys: &str| {
        let site = SiteText::new("desa").tcp_bus("lan", 502);
        site.device("meter", "lan", keys).text()
    };
    let profile = "profile = 'eastron-sdm120'\nname = 'Meter sekolah'";
    let named = site(&format!("{profile}\nnames = {{ ac_power = 'Daya kelas' }}"));
    let device = load_example(&named).unwrap().devices.remove(0);
    assert_eq!(&*device.name, "Meter sekolah");
    let label = |name: &str, lang| {
        let point = device.points.iter().find(|point| *point.name == *name);
        point.unwrap().label(lang)
    };
    assert_eq!(label("ac_power", Language::En), "Daya kelas");
    assert_eq!(label("ac_voltage", Language::En), "AC voltage");
    let unknown = site(&format!("{profile}\nnames = {{ ac_pwer = 'Daya kelas' }}"));
    let fault = diagnostics_of(&unknown);
    assert!(
        fault.contains("names") && fault.contains("ac_power"),
        "{fault}"
    );
    for wrong in ["''".to_owned(), format!("'{}'", "a".repeat(61))] {
        let fault = diagnostics_of(&site(&format!(
            "profile = 'eastron-sdm120'\nname = {wrong}"
        )));
        assert!(fault.contains("1 to 60 letters"), "{fault}");
    }
}

#[test]
fn a_secret_comes_from_its_file_without_the_line_end() {
    let dir = tempfile::tempdir().unwrap();
    // Editors end a file with a line end, which is no part of a password.
    std::fs::write(dir.path().join("secret"), "rahasia\n").unwrap();
    let text = "[site]\nid = 'a'\n[mqtt]\nurl = 'mqtt://h'\npassword_file = 'secret'\n";
    let config =
        config::load_config_text(text, &dir.path().join("pantau.toml"), &|_| None).unwrap();
    let mqtt = config.sink::<MqttSettings>().unwrap();
    assert_eq!(
        mqtt.broker.password.as_ref().unwrap().reveal().unwrap(),
        "rahasia"
    );
    assert!(!format!("{mqtt:?}").contains("rahasia"));
    assert_eq!(
        (
            mqtt.broker.port,
            mqtt.broker.client_id.as_str(),
            mqtt.prefix.as_str()
        ),
        (1883, "pantau-a", "pantau")
    );
}

#[test]
fn the_nearest_name_is_offered() {
    let text = "[site]\nid = 'a'\n[[bus]]\nid = 'lan'\nkind = 'modbus-tcp'\nhost = 'h'\n\
                [[device]]\nid = 'd'\nbus = 'lam'\nprofile = 'xy-md20'\n";
    assert_eq!(
        diagnostics_of(text),
        "pantau.toml:9: bus: unknown bus `lam`; did you mean `lan`?\n\
         pantau.toml:10: profile: unknown profile `xy-md20`; did you mean `xy-md02`?"
    );
}

#[test]
fn the_schema_knows_every_key_and_no_secret() {
    let schema: serde_json::Value = serde_json::from_str(&config::config_schema()).unwrap();
    let properties = &schema["properties"];
    for key in [
        "site",
        "store",
        "bus",
        "device",
        "asset",
        "indicator",
        "factors",
        "factor_evidence",
        "mqtt",
        "influx",
        "web",
    ] {
        assert!(properties[key].is_object(), "{key}");
    }
    let kinds = properties["asset"]["items"]["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), 8);
    for kind in kinds {
        assert!(kind["properties"]["kind"]["const"].is_string());
        assert_eq!(kind["additionalProperties"], false);
    }
    assert_eq!(
        kinds[0]["required"],
        serde_json::json!(["kind", "id", "capacity_kwp"])
    );
    let device = &properties["device"]["items"];
    assert_eq!(device["required"], serde_json::json!(["id", "bus"]));
    assert_eq!(device["additionalProperties"], false);
    assert!(
        device["properties"]["point"]["items"]["properties"]["register"]["description"].is_string()
    );
    // A password belongs in its own file; no key would let it be typed here.
    assert!(!config::config_schema().contains("\"password\":"));
}

#[test]
fn what_is_required_and_not_there_is_missed() {
    assert_eq!(diagnostics_of(""), "pantau.toml:1: site: missing");
    assert_eq!(
        diagnostics_of("[site]\n[[bus]]\n[[device]]\npoint = [{ id = 'a' }]\n"),
        "pantau.toml:1: id: missing\n\
         pantau.toml:2: id: missing\n\
         pantau.toml:2: kind: missing\n\
         pantau.toml:3: id: missing\n\
         pantau.toml:3: bus: missing\n\
         pantau.toml:4: register: missing\n\
         pantau.toml:4: type: missing"
    );
}

proptest! {
    #[test]
    fn no_text_makes_a_load_panic(text in "\\PC{0,200}") {
        let _ = load_example(&text);
    }

    /// Damage at any place of a good file is answered, never a panic.
    #[test]
    fn a_damaged_example_never_panics(at in 0..EXAMPLE.len(), len in 0usize..40, put in "[\\[\\]{}='\"#,\\n0-9a-z.-]{0,8}") {
        let floor = |mut at: usize| { while !EXAMPLE.is_char_boundary(at) { at -= 1; } at };
        let (from, to) = (floor(at), floor((at + len).min(EXAMPLE.len())));
        let text = format!("{}{put}{}", &EXAMPLE[..from], &EXAMPLE[to..]);
        if let Err(faults) = load_with_secrets(&text) {
            prop_assert!(!faults.0.is_empty());
            prop_assert!(faults.0.iter().all(|fault| fault.line >= 1));
        }
    }
}

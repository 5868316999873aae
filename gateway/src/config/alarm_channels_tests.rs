//! Tests of `[[alarm_channel]]`.

use crate::config::{AlarmCarrier, AlarmLevel, Config, Diagnostics, load_config_text};
use crate::i18n::Language;
use std::path::Path;
use std::time::Duration;

const TELEGRAM: &str = "id = 'staff'\nkind = 'telegram'\nchat = -1001\ntoken_file = 'none.token'";
const MAIL: &str = "id = 'office'\nkind = 'email'\nhost = 'smtp.example.org'\n\
    username = 'a'\npassword_file = 'none.password'\nfrom = 'pantau@example.org'\n\
    to = ['siti@example.org', 'budi@example.org']";
const WHATSAPP: &str = "id = 'wa'\nkind = 'whatsapp'\nphone_id = '106540352242922'\n\
    token_file = 'none.token'\ntemplate = 'pantau_alarm'\nto = '+62 812-3456-7890'";

fn load(table: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Diagnostics> {
    let text = format!("[site]\nid = 'a'\n[[alarm_channel]]\n{table}\n");
    load_config_text(&text, Path::new("pantau.toml"), env)
}

#[test]
fn each_kind_has_its_keys_and_its_defaults() {
    let config = load(TELEGRAM, &|_| None).unwrap();
    let channel = &config.alarm_channels[0];
    assert_eq!(
        (channel.hourly, channel.severity),
        (12, AlarmLevel::Warning)
    );
    assert_eq!(channel.give_up_after, Duration::from_hours(72));
    assert!(channel.quiet_hours.is_some());
    // A token may come later: a warning.
    let told = config.warnings.iter().map(|one| one.render(Language::En));
    assert!(
        told.collect::<String>()
            .contains("PANTAU_ALARM_STAFF_TOKEN")
    );
    let config = load(MAIL, &|_| None).unwrap();
    let AlarmCarrier::Email(server) = &config.alarm_channels[0].carrier else {
        panic!("{:?}", config.alarm_channels);
    };
    assert_eq!(
        (server.port, server.is_tls, server.to.len()),
        (587, false, 2)
    );
    let config = load(WHATSAPP, &|_| None).unwrap();
    let to = config.alarm_channels[0].carrier.recipients();
    assert_eq!(to, ["6281234567890"]);
}

#[test]
fn a_secret_of_the_environment_has_priority_and_is_never_shown() {
    let env = |name: &str| (name == "PANTAU_ALARM_STAFF_TOKEN").then(|| "geheim".to_owned());
    let config = load(TELEGRAM, &env).unwrap();
    let AlarmCarrier::Telegram { token, .. } = &config.alarm_channels[0].carrier else {
        panic!("{:?}", config.alarm_channels);
    };
    assert_eq!(token.reveal().unwrap(), "geheim");
    assert!(!format!("{config:?}").contains("geheim"));
}

#[test]
fn a_nonsensical_channel_is_refused_with_a_sentence() {
    for (table, said) in [
        ("id = 'a'\nkind = 'telegramm'", "did you mean `telegram`"),
        (
            "id = 'a'\nkind = 'telegram'\ntoken = 'geheim'",
            "must not be in this file",
        ),
        (
            "id = 'a'\nkind = 'email'\npassword = 'x'",
            "`password_file`",
        ),
        ("id = 'a'\nkind = 'telegram'\ntoken_file = 'x'", "chat"),
        (
            "id = 'a'\nkind = 'telegram'\nchat = 'grup desa'\ntoken_file = 'x'",
            "@name",
        ),
        (
            "id = 'a'\nkind = 'telegram'\nchat = 1\ntoken_file = 'x'\nto = 'y'",
            "`to` does not",
        ),
        (
            "id = 'a'\nkind = 'webhook'\nurl = 'http://hooks.example.org'",
            "https://",
        ),
        (
            "id = 'a'\nkind = 'webhook'\nurl = 'https://h/x?key=geheim'",
            "url_file",
        ),
        ("id = 'a'\nkind = 'webhook'", "url_file"),
        (
            "id = 'a'\nkind = 'webhook'\nurl = 'https://h/x'\nquite_hours = 'none'",
            "did you mean `quiet_hours`",
        ),
        (
            "id = 'a'\nkind = 'webhook'\nurl = 'https://h/x'\nquiet_hours = 'malam'",
            "21:00-06:00",
        ),
        (
            "id = 'a'\nkind = 'webhook'\nurl = 'https://h/x'\nmessages_per_hour = 0",
            "1 to 120",
        ),
        (
            "id = 'a'\nkind = 'webhook'\nurl = 'https://h/x'\ngive_up_after = '5m'",
            "1h to 30d",
        ),
        (
            "id = 'a'\nkind = 'email'\nhost = 'h'\nfrom = 'siti'\nto = ['b@c.id', 'b@c.id']",
            "used twice",
        ),
        (
            "id = 'a'\nkind = 'whatsapp'\nto = '0812-3456-7890'",
            "+6281234567890",
        ),
    ] {
        let faults = load(table, &|_| None).unwrap_err();
        let told = faults.render(Language::En);
        assert!(told.contains(said), "{table}: {said} is not in\n{told}");
        assert!(!told.contains("geheim"), "{told}");
    }
}

#[test]
fn a_budget_is_a_size() {
    let text = |size: &str| format!("[site]\nid = 'a'\n[alarm_delivery]\ndata_budget = '{size}'\n");
    let load = |size: &str| load_config_text(&text(size), Path::new("pantau.toml"), &|_| None);
    assert_eq!(load("2 MB").unwrap().alarm_budget, Some(2_000_000));
    assert!(load("0 MB").is_err() && load("much").is_err());
}

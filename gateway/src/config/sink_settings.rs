//! [`mqtt`], [`influx`], [`web`]: check the settings of the sinks and of the page.
//!
//! Secrets come from files or from the environment, never from the file itself
//! (`docs/configuration.md`).

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::{
    RawInfluxSink, RawMqttSink, RawText, RawWebPage, SECRET_KEYS, SpannedValue,
};
use crate::config::{InfluxSettings, MqttSettings, Secret, WebSettings};
use crate::limits::MQTT_ACK_SECONDS;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Default rate of queued readings after an outage, readings/s.
const MQTT_CATCH_UP_DEFAULT: u32 = 200;
/// The same for InfluxDB.
// Ten times as many, since InfluxDB takes batches.
const INFLUX_CATCH_UP_DEFAULT: u32 = 2000;
const CATCH_UP_RANGE: std::ops::RangeInclusive<i64> = 1..=1_000_000;

/// MQTT version to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MqttVersion {
    /// 5 when the broker accepts it, else 3.1.1.
    #[default]
    Any,
    /// 3.1.1 only.
    V3,
    /// 5 only.
    V5,
}

type EnvLookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Checks `[mqtt]`.
pub(crate) fn check_mqtt(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&SpannedValue<RawMqttSink>>,
    site: &str,
    env: EnvLookup<'_>,
) -> Option<MqttSettings> {
    let raw = raw?.get();
    let (_, file_key, variable) = SECRET_KEYS[0];
    let expected = "mqtt://HOST:PORT, mqtts://HOST:PORT";
    let url = check_url(notes, &raw.url, parse_broker_url, expected, file_key);
    let (host, port, tls) = url.unwrap_or_default();
    // `#`, `+` and NUL are not allowed in a topic name (MQTT 5, 4.7).
    let prefix = |text: &str| {
        let good = !text.is_empty() && !text.contains(['#', '+', '\0']) && !text.contains(' ');
        let good = good && !text.starts_with('/') && !text.ends_with('/');
        good.then(|| text.to_owned())
    };
    let client = |text: &str| (1..=128).contains(&text.len()).then(|| text.to_owned());
    Some(MqttSettings {
        host,
        port,
        tls,
        username: raw.username.as_ref().map(|at| at.get().clone()),
        password: find_secret(notes, &raw.password_file, file_key, variable, env),
        ca_file: check_ca_file(notes, &raw.ca_file),
        client_id: notes
            .parsed_text(&raw.client_id, "client_id", client, "fault-expect-text")
            .unwrap_or_else(|| format!("pantau-{site}")),
        prefix: notes
            .parsed_text(&raw.prefix, "prefix", prefix, "fault-expect-topic")
            .unwrap_or_else(|| "pantau".to_owned()),
        catch_up: notes
            .integer_in_range(&raw.catch_up, "catch_up", CATCH_UP_RANGE)
            .unwrap_or(MQTT_CATCH_UP_DEFAULT),
        version: notes
            .parsed_text(&raw.version, "version", parse_mqtt_version, "5, 3.1.1")
            .unwrap_or_default(),
        ack_within: Duration::from_secs(MQTT_ACK_SECONDS),
    })
}

/// Checks `[influx]`.
pub(crate) fn check_influx(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&SpannedValue<RawInfluxSink>>,
    env: EnvLookup<'_>,
) -> Option<InfluxSettings> {
    let raw = raw?.get();
    let (_, file_key, variable) = SECRET_KEYS[1];
    let expected = "http://HOST:PORT, https://HOST:PORT";
    let url = check_url(notes, &raw.url, parse_http_url, expected, file_key);
    let text = |typed: &RawText| typed.as_ref().map_or(String::new(), |at| at.get().clone());
    Some(InfluxSettings {
        url: url.unwrap_or_default(),
        org: text(&raw.org),
        bucket: text(&raw.bucket),
        token: find_secret(notes, &raw.token_file, file_key, variable, env),
        ca_file: check_ca_file(notes, &raw.ca_file),
        catch_up: notes
            .integer_in_range(&raw.catch_up, "catch_up", CATCH_UP_RANGE)
            .unwrap_or(INFLUX_CATCH_UP_DEFAULT),
    })
}

/// Checks `[web]`.
pub(crate) fn check_web(
    notes: &mut DiagnosticCollector<'_>,
    raw: Option<&RawWebPage>,
) -> WebSettings {
    let typed = raw.and_then(|raw| raw.listen.as_ref());
    let Some(at) = typed else {
        return WebSettings { listen: None };
    };
    // `SocketAddr` takes no host names.
    let text = at.get().replace("localhost", "127.0.0.1");
    let Ok(mut listen) = text.parse::<SocketAddr>() else {
        notes.add_error(at.span(), "listen", "fault-value", at.get(), "ADDRESS:PORT");
        return WebSettings { listen: None };
    };
    // There is no login yet, so only this computer is served, whatever the address says.
    if !listen.ip().is_loopback() {
        listen.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        notes.add_warning(
            at.span(),
            "listen",
            "fault-loopback-only",
            at.get(),
            &listen.to_string(),
        );
    }
    WebSettings {
        listen: Some(listen),
    }
}

/// Checks a URL; user name, password and query in it are an error, and are masked.
fn check_url<T>(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    read: impl Fn(&str) -> Option<T>,
    expected: &str,
    file_key: &str,
) -> Option<T> {
    let at = typed.as_ref()?;
    // Messages and logs show addresses: a secret in one would be shown as well.
    if at.get().contains(['@', '?']) {
        notes.add_error(at.span(), "url", "fault-url-secret", at.get(), file_key);
        return None;
    }
    notes.parsed_text(typed, "url", read, expected)
}

fn parse_mqtt_version(text: &str) -> Option<MqttVersion> {
    match text {
        "5" | "5.0" => Some(MqttVersion::V5),
        "3.1.1" => Some(MqttVersion::V3),
        _ => None,
    }
}

fn parse_broker_url(url: &str) -> Option<(String, u16, bool)> {
    let (scheme, rest) = url.split_once("://")?;
    // `tcp` and `ssl` are the names that Paho clients use.
    let (tls, default) = match scheme {
        "mqtt" | "tcp" => (false, 1883),
        "mqtts" | "ssl" => (true, 8883),
        _ => return None,
    };
    let (host, port) = parse_host_and_port(rest.trim_end_matches('/'))?;
    Some((host, port.unwrap_or(default), tls))
}

fn parse_http_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.trim_end_matches('/');
    let authority = rest.split('/').next()?;
    parse_host_and_port(authority)?;
    let is_plain = !rest.contains(['@', '?', '#']) && !rest.contains(char::is_whitespace);
    if !is_plain {
        return None;
    }
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{rest}"))
}

/// Splits `HOST`, `HOST:PORT` or `[V6]:PORT`; `None` for user names and spaces.
fn parse_host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    if text.contains(['@', '/', '?', '#']) || text.contains(char::is_whitespace) {
        return None;
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = match port.strip_prefix(':') {
            Some(port) => Some(port.parse().ok()?),
            None => None,
        };
        return (!host.is_empty()).then(|| (host.to_owned(), port));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (text, None),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn find_secret(
    notes: &mut DiagnosticCollector<'_>,
    typed: &RawText,
    key: &str,
    variable: &str,
    env: EnvLookup<'_>,
) -> Option<Secret> {
    if let Some(secret) = env(variable).filter(|secret| !secret.is_empty()) {
        return Some(Secret::new(secret));
    }
    let at = typed.as_ref()?;
    let file = notes.path(at.get());
    // The secret is needed when data are sent; the file may be created until then.
    if let Err(error) = std::fs::read_to_string(&file) {
        let found = format!("{}: {error}", at.get());
        notes.add_warning(at.span(), key, "fault-secret-file", &found, variable);
    }
    Some(Secret::from_file(file))
}

fn check_ca_file(notes: &mut DiagnosticCollector<'_>, typed: &RawText) -> Option<PathBuf> {
    let at = typed.as_ref()?;
    let path = notes.path(at.get());
    if !path.is_file() {
        notes.add_error(at.span(), "ca_file", "fault-no-file", at.get(), "");
    }
    Some(path)
}

//! MQTT, InfluxDB and the page: raw to believed, secrets from files or the environment.

use crate::config::notes::Notes;
use crate::config::raw::{At, RawInflux, RawMqtt, RawWeb, SECRETS, Text};
use crate::config::{InfluxSettings, MqttSettings, Secret, WebSettings};
use crate::limits::MQTT_ACK_SECONDS;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Backlog readings a second after an outage, when nothing is said.
const MQTT_CATCH_UP: u32 = 200;
/// As above; `InfluxDB` takes batches.
const INFLUX_CATCH_UP: u32 = 2000;
const CATCH_UP: std::ops::RangeInclusive<i64> = 1..=1_000_000;

/// Version of MQTT to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MqttVersion {
    /// 5 where the broker speaks it, 3.1.1 elsewhere.
    #[default]
    Any,
    /// 3.1.1 only.
    V3,
    /// 5 only.
    V5,
}

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// `[mqtt]`.
pub(crate) fn mqtt(
    notes: &mut Notes<'_>,
    raw: Option<&At<RawMqtt>>,
    site: &str,
    env: Env<'_>,
) -> Option<MqttSettings> {
    let raw = raw?.get();
    let (_, file_key, variable) = SECRETS[0];
    let expected = "mqtt://HOST:PORT, mqtts://HOST:PORT";
    let url = address(notes, &raw.url, broker, expected, file_key);
    let (host, port, tls) = url.unwrap_or_default();
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
        password: secret(notes, &raw.password_file, file_key, variable, env),
        ca_file: ca_file(notes, &raw.ca_file),
        client_id: notes
            .parsed(&raw.client_id, "client_id", client, "fault-expect-text")
            .unwrap_or_else(|| format!("pantau-{site}")),
        prefix: notes
            .parsed(&raw.prefix, "prefix", prefix, "fault-expect-topic")
            .unwrap_or_else(|| "pantau".to_owned()),
        catch_up: notes
            .ranged(&raw.catch_up, "catch_up", CATCH_UP)
            .unwrap_or(MQTT_CATCH_UP),
        version: notes
            .parsed(&raw.version, "version", version, "5, 3.1.1")
            .unwrap_or_default(),
        ack_within: Duration::from_secs(MQTT_ACK_SECONDS),
    })
}

/// `[influx]`.
pub(crate) fn influx(
    notes: &mut Notes<'_>,
    raw: Option<&At<RawInflux>>,
    env: Env<'_>,
) -> Option<InfluxSettings> {
    let raw = raw?.get();
    let (_, file_key, variable) = SECRETS[1];
    let expected = "http://HOST:PORT, https://HOST:PORT";
    let url = address(notes, &raw.url, http, expected, file_key);
    let text = |typed: &Text| typed.as_ref().map_or(String::new(), |at| at.get().clone());
    Some(InfluxSettings {
        url: url.unwrap_or_default(),
        org: text(&raw.org),
        bucket: text(&raw.bucket),
        token: secret(notes, &raw.token_file, file_key, variable, env),
        ca_file: ca_file(notes, &raw.ca_file),
        catch_up: notes
            .ranged(&raw.catch_up, "catch_up", CATCH_UP)
            .unwrap_or(INFLUX_CATCH_UP),
    })
}

/// `[web]`. Until people log in, only this machine is served, whatever the address says.
pub(crate) fn web(notes: &mut Notes<'_>, raw: Option<&RawWeb>) -> WebSettings {
    let typed = raw.and_then(|raw| raw.listen.as_ref());
    let Some(at) = typed else {
        return WebSettings { listen: None };
    };
    let text = at.get().replace("localhost", "127.0.0.1");
    let Ok(mut listen) = text.parse::<SocketAddr>() else {
        notes.fault(at.span(), "listen", "fault-value", at.get(), "ADDRESS:PORT");
        return WebSettings { listen: None };
    };
    if !listen.ip().is_loopback() {
        listen.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        notes.warn(
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

/// An address; a name, a password or a query does not belong into one, and is not shown.
fn address<T>(
    notes: &mut Notes<'_>,
    typed: &Text,
    read: impl Fn(&str) -> Option<T>,
    expected: &str,
    file_key: &str,
) -> Option<T> {
    let at = typed.as_ref()?;
    if at.get().contains(['@', '?']) {
        notes.fault(at.span(), "url", "fault-url-secret", at.get(), file_key);
        return None;
    }
    notes.parsed(typed, "url", read, expected)
}

fn version(text: &str) -> Option<MqttVersion> {
    match text {
        "5" | "5.0" => Some(MqttVersion::V5),
        "3.1.1" => Some(MqttVersion::V3),
        _ => None,
    }
}

fn broker(url: &str) -> Option<(String, u16, bool)> {
    let (scheme, rest) = url.split_once("://")?;
    let (tls, default) = match scheme {
        "mqtt" | "tcp" => (false, 1883),
        "mqtts" | "ssl" => (true, 8883),
        _ => return None,
    };
    let (host, port) = host_and_port(rest.trim_end_matches('/'))?;
    Some((host, port.unwrap_or(default), tls))
}

fn http(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let rest = rest.trim_end_matches('/');
    let authority = rest.split('/').next()?;
    host_and_port(authority)?;
    let is_plain = !rest.contains(['@', '?', '#']) && !rest.contains(char::is_whitespace);
    if !is_plain {
        return None;
    }
    matches!(scheme, "http" | "https").then(|| format!("{scheme}://{rest}"))
}

/// `HOST`, `HOST:PORT`, `[V6]:PORT`; no user, no spaces.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
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

fn secret(
    notes: &mut Notes<'_>,
    typed: &Text,
    key: &str,
    variable: &str,
    env: Env<'_>,
) -> Option<Secret> {
    if let Some(secret) = env(variable).filter(|secret| !secret.is_empty()) {
        return Some(Secret::new(secret));
    }
    let at = typed.as_ref()?;
    let file = notes.path(at.get());
    // It is needed when something is to be sent, and may be written until then.
    if let Err(error) = std::fs::read_to_string(&file) {
        let found = format!("{}: {error}", at.get());
        notes.warn(at.span(), key, "fault-secret-file", &found, variable);
    }
    Some(Secret::in_file(file))
}

fn ca_file(notes: &mut Notes<'_>, typed: &Text) -> Option<PathBuf> {
    let at = typed.as_ref()?;
    let path = notes.path(at.get());
    if !path.is_file() {
        notes.fault(at.span(), "ca_file", "fault-no-file", at.get(), "");
    }
    Some(path)
}

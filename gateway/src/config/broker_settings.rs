//! [`BrokerSettings`]: connection to an MQTT broker, of `[mqtt]` and of a bus of nodes; and the
//! checks of addresses, secrets and certificates that both share with other sinks.

use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_values::RawText;
use crate::config::secret::{Secret, mask_secret_path};
use std::path::PathBuf;

/// Addresses of a broker that are accepted, for messages.
pub(crate) const EXPECT_BROKER_URL: &str = "mqtt://HOST:PORT, mqtts://HOST:PORT";

/// Connection to a broker.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerSettings {
    /// Host name of the broker.
    pub host: String,
    /// Port of the broker.
    pub port: u16,
    /// True for `mqtts://`.
    pub tls: bool,
    /// User name.
    pub username: Option<String>,
    /// Password, from its file or the environment.
    pub password: Option<Secret>,
    /// PEM file of the authority that signed the broker's certificate; `None`: the system's.
    pub ca_file: Option<PathBuf>,
    /// Certificate that the broker knows this gateway by.
    pub certificate: Option<ClientCertificate>,
    /// MQTT client id; empty: one is made at each start.
    pub client_id: String,
    /// Protocol version.
    pub version: MqttVersion,
}

/// Certificate of a client and its private key, as PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Certificate chain.
    pub chain: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

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

impl BrokerSettings {
    /// Connection to this address without user name and certificates; `None` when it is none.
    pub fn from_url(url: &str) -> Option<Self> {
        let (host, port, tls) = parse_broker_url(url)?;
        Some(Self {
            host,
            port,
            tls,
            username: None,
            password: None,
            ca_file: None,
            certificate: None,
            client_id: String::new(),
            version: MqttVersion::Any,
        })
    }

    /// Whether both connect with one client id to one broker, which then ends the one whenever the
    /// other connects. The ports of a broker (with TLS, without) share its client ids.
    pub(crate) fn has_client_id_of(&self, other: &Self) -> bool {
        let host = |of: &Self| match of.host.to_lowercase().as_str() {
            "localhost" | "::1" => "127.0.0.1".to_owned(),
            host => host.to_owned(),
        };
        let is_chosen = !self.client_id.is_empty();
        is_chosen && self.client_id == other.client_id && host(self) == host(other)
    }

    /// Host and port, for people.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Reads the address of a broker: host, port, and whether it is spoken to over TLS.
pub(crate) fn parse_broker_url(url: &str) -> Option<(String, u16, bool)> {
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

/// Reads an MQTT client id of 1 to 128 bytes.
pub(crate) fn parse_client_id(text: &str) -> Option<String> {
    (1..=128).contains(&text.len()).then(|| text.to_owned())
}

/// Splits `HOST`, `HOST:PORT` or `[V6]:PORT`; `None` for user names and spaces.
pub(crate) fn parse_host_and_port(text: &str) -> Option<(String, Option<u16>)> {
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

impl DiagnosticCollector<'_> {
    /// Checks an address; user name, password and query in it are an error, and are masked.
    /// `secret_key` is the key that names the file of the secret.
    pub fn address<T>(
        &mut self,
        typed: &RawText,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
        secret_key: &str,
    ) -> Option<T> {
        let at = typed.as_ref()?;
        // Messages and logs show addresses: a secret in one would be shown as well.
        if at.get().contains(['@', '?']) {
            let found = at.get();
            self.add_error(at.span(), "url", "fault-url-secret", found, secret_key);
            return None;
        }
        self.parsed_text(typed, "url", read, expected)
    }

    /// Returns the secret in the file that `typed` names. `what` is the message about a file that
    /// cannot be read, with `expected`: the secret is needed only when it is used.
    pub fn secret_file(
        &mut self,
        typed: &RawText,
        key: &str,
        (what, expected): (&'static str, &str),
    ) -> Option<Secret> {
        let at = typed.as_ref()?;
        let file = self.path(at.get());
        if let Err(error) = std::fs::read_to_string(&file) {
            let found = format!("{}: {error}", mask_secret_path(at.get()));
            self.add_warning(at.span(), key, what, &found, expected);
        } else if is_open_to_all(&file) {
            self.add_warning(at.span(), key, "fault-secret-open", at.get(), "chmod 640");
        }
        Some(Secret::from_file(file))
    }

    /// Checks `ca_file`: the file must be there.
    pub fn ca_file(&mut self, typed: &RawText) -> Option<PathBuf> {
        let at = typed.as_ref()?;
        let path = self.path(at.get());
        if !path.is_file() {
            self.add_error(at.span(), "ca_file", "fault-no-file", at.get(), "");
        }
        Some(path)
    }

    /// Checks `certificate` and `certificate_key_file`: both or none, and both files must be there.
    pub fn client_certificate(
        &mut self,
        chain: &RawText,
        key: &RawText,
    ) -> Option<ClientCertificate> {
        let (chain, key) = match (chain, key) {
            (Some(chain), Some(key)) => (chain, key),
            (Some(at), None) => {
                self.add_error(at.span(), "certificate_key_file", "fault-missing", "", "");
                return None;
            }
            (None, Some(at)) => {
                self.add_error(at.span(), "certificate", "fault-missing", "", "");
                return None;
            }
            (None, None) => return None,
        };
        for (name, at) in [("certificate", chain), ("certificate_key_file", key)] {
            if !self.path(at.get()).is_file() {
                self.add_error(at.span(), name, "fault-no-file", at.get(), "");
            }
        }
        Some(ClientCertificate {
            chain: self.path(chain.get()),
            key: self.path(key.get()),
        })
    }
}
/// Whether every user of the computer may read a file.
fn is_open_to_all(file: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|about| about.permissions().mode() & 0o004 != 0)
}

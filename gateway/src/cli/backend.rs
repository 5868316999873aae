//! Access of a command to the readings: through the running gateway's socket, or by opening the
//! store.

use super::{EXIT_NEGATIVE, EXIT_USAGE};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::server::SOCKET_NAME;
use crate::storage::{Store, StoreAccess, StoreError};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use std::path::Path;
use tokio::net::UnixStream;

/// Failure of a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// The running gateway refused the request, with this message.
    #[error("{0}")]
    Refused(String),
    /// The running gateway closed the connection before its answer was complete.
    #[error("the running gateway does not answer: {0}")]
    Disconnected(#[from] hyper::Error),
    /// A day of the evidence bundle has changed since its record was made.
    #[error("{0} has changed since its record was made")]
    RecordChanged(String),
    /// The HTTP request could not be built.
    #[error(transparent)]
    Request(#[from] hyper::http::Error),
    /// The store could not be opened, or refused the operation.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] std::io::Error),
}

/// Source of readings for one command.
pub(super) enum Backend {
    /// A gateway runs; it is asked over its socket.
    Gateway(GatewayConnection),
    /// No gateway runs; the store is open in this process until `close`.
    Store(Store),
}

/// HTTP connection to the running gateway.
pub(super) struct GatewayConnection(SendRequest<Full<Bytes>>);

impl Backend {
    /// Connects to the running gateway, else opens the store with the access that the command
    /// needs. Two processes never have the store open for writing.
    pub(super) async fn open(config: &Config, access: StoreAccess) -> Result<Self, CommandError> {
        if let Some(running) = GatewayConnection::connect(&config.store.path).await? {
            return Ok(Self::Gateway(running));
        }
        let (site, text) = (&config.site, &config.revision_text());
        let store = Store::open_with_access(
            access,
            &config.store.path,
            site,
            &config.store,
            text,
            &Clock::system(),
        )?;
        Ok(Self::Store(store))
    }

    /// Backend for reading, after the evidence records of closed days that are due were made, as
    /// the gateway would make them. A store without write permission is read as it is.
    pub(super) async fn open_with_records(config: &Config) -> Result<Self, CommandError> {
        let way = Self::open(config, StoreAccess::Read).await?;
        let Self::Store(store) = &way else {
            return Ok(way);
        };
        if store.count_due_days().await? == 0 {
            return Ok(way);
        }
        // Nothing is added to a damaged file: a repair needs it as it is.
        store.check_integrity().await?;
        way.close().await;
        // The records need a store that is open for writing; the command itself reads only.
        if let Ok(mut own) = Self::open(config, StoreAccess::Write).await {
            if let Err(trouble) = own.make_due_records(|_| ()).await {
                tracing::warn!(%trouble, "the records that are due could not be made");
            }
            own.close().await;
        }
        Self::open(config, StoreAccess::Read).await
    }

    /// Closes the store, if it was opened here.
    pub(super) async fn close(self) {
        if let Self::Store(store) = self {
            store.stop().await;
        }
    }
}

impl GatewayConnection {
    /// Connection to the gateway of this store directory; `None` when no gateway runs.
    pub(super) async fn connect(directory: &Path) -> Result<Option<Self>, CommandError> {
        // A socket file that a crash left behind refuses the connection, which means the same.
        let Ok(stream) = UnixStream::connect(directory.join(SOCKET_NAME)).await else {
            return Ok(None);
        };
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // The task ends with the sender. Its error is also the error of the request that waits.
        tokio::spawn(connection);
        Ok(Some(Self(sender)))
    }

    /// Sends a request with a text body. A status other than success is an error with the message
    /// of the gateway.
    pub(super) async fn request(
        &mut self,
        method: &str,
        path: &str,
        body: impl Into<Bytes>,
    ) -> Result<Incoming, CommandError> {
        self.request_with_media_type(method, path, "text/plain", body)
            .await
    }

    /// Sends a request with a body of this media type.
    pub(super) async fn request_with_media_type(
        &mut self,
        method: &str,
        path: &str,
        media: &str,
        body: impl Into<Bytes>,
    ) -> Result<Incoming, CommandError> {
        let request = Request::builder().method(method).uri(path);
        let request = request
            // HTTP/1.1 requires a host, and the gateway accepts requests for its own names only.
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, media)
            .body(Full::new(body.into()))?;
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            return Ok(body);
        }
        Err(CommandError::Refused(refusal_text(
            status,
            &body.collect().await?.to_bytes(),
        )))
    }
}

/// Message of a refused request, from the JSON body, else from the HTTP status.
fn refusal_text(status: StatusCode, body: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let part = |name: &str| json.get(name).and_then(serde_json::Value::as_str);
    // A refused ledger batch has its errors in a list; the first one is enough here.
    let faults = json.get("faults").and_then(serde_json::Value::as_array);
    let first = faults.and_then(|faults| faults.first()?.get("error")?.as_str());
    match (part("error"), part("expected").or(first)) {
        (Some(error), Some(expected)) => format!("{error}: {expected}"),
        (Some(error), None) => error.to_owned(),
        _ => status.to_string(),
    }
}

/// Value in a form that a URL query accepts (percent-encoding).
pub(super) fn percent_encode(text: &str) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| {
        if harmless(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(one).collect()
}

/// Progress bar on standard error; not drawn when that is no terminal.
pub(super) fn progress_bar(total: Option<u64>) -> indicatif::ProgressBar {
    use indicatif::{ProgressBar, ProgressStyle};
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:30} {percent} % {human_pos} {eta}",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Configuration after its check. Errors are printed, and the exit status is returned.
pub(super) fn load_config(file: &Path, lang: crate::i18n::Language) -> Result<Config, u8> {
    config::load_config(file).map_err(|faults| {
        print_stderr(&faults.render(lang));
        EXIT_USAGE
    })
}

/// Prints the failure on standard error; returns exit status 1.
pub(super) fn report_failure(trouble: &CommandError, lang: crate::i18n::Language) -> u8 {
    let why = match trouble {
        CommandError::Store(fault) => store_error_text(fault, lang),
        CommandError::RecordChanged(day) => {
            Some(lang.text_with("evidence-unsettled", &[("day", day)]))
        }
        _ => None,
    };
    let why = why.unwrap_or_else(|| trouble.to_string());
    print_stderr(&lang.text_with("cli-failed", &[("why", &why)]));
    EXIT_NEGATIVE
}

/// Message for a store that cannot be opened, with the remedy; `None` for other errors.
fn store_error_text(fault: &StoreError, lang: crate::i18n::Language) -> Option<String> {
    let (key, file, why) = match fault {
        StoreError::Damaged { file, why } => ("cli-store-damaged", file, why.as_str()),
        StoreError::Missing(file) => ("cli-store-missing", file, ""),
        StoreError::Older(file) => ("cli-store-older", file, ""),
        StoreError::Busy(file) => ("cli-store-busy", file, ""),
        _ => return None,
    };
    let file = file.display().to_string();
    Some(lang.text_with(key, &[("file", &file), ("why", why)]))
}

/// Name of the person at this computer, when the environment has one.
pub(super) fn current_user() -> Option<String> {
    // Under sudo `USER` is root, and the audit needs the person.
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let said = names.iter().filter_map(|name| std::env::var(name).ok());
    said.into_iter().find(|name| !name.trim().is_empty())
}

/// Prints one line on standard error.
pub(super) fn print_stderr(text: &str) {
    use std::io::Write;
    // Nothing can be reported when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

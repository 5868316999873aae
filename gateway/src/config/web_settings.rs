//! [`check_web`]: checks `[web]`, the address of the page.

use crate::config::WebSettings;
use crate::config::diagnostic_collector::DiagnosticCollector;
use crate::config::raw_config::RawWebPage;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

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

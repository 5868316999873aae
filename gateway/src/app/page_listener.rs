//! [`PageListener`]: the bound address of the page, which outlives the tasks that answer on it.

use super::address_holder::address_holder;
use super::app_error::AppError;
use crate::access::AccessControl;
use crate::clock::Clock;
use crate::config::Config;
use crate::server::TlsSetup;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

/// Listener of the page, with its certificate.
#[derive(Debug)]
pub(super) struct PageListener {
    listener: std::net::TcpListener,
    /// Address that was asked for; its port may be 0.
    wished: SocketAddr,
    tls: Option<TlsSetup>,
}

impl PageListener {
    /// Binds the address of a configuration; `None` when it has none.
    pub(super) fn bind(
        config: &Config,
        access: &AccessControl,
        clock: &Clock,
    ) -> Result<Option<Self>, AppError> {
        let tls = Self::certificate(config, clock)?;
        let Some(wished) = config.web.listen else {
            return Ok(None);
        };
        let address = permitted_address(wished, access);
        let listen = |why| AppError::Listen {
            address,
            why,
            holder: address_holder(address),
        };
        let listener = std::net::TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        Ok(Some(Self {
            listener,
            wished: address,
            tls,
        }))
    }

    /// Checks that the certificate of a configuration can be used, and its address when that has
    /// another port than the page has now.
    pub(super) fn check(
        page: Option<&Self>,
        config: &Config,
        clock: &Clock,
    ) -> Result<(), AppError> {
        Self::certificate(config, clock)?;
        let Some(wished) = config.web.listen else {
            return Ok(());
        };
        let has_port = |page: &Self| page.wished.port() == wished.port();
        if page.is_some_and(has_port) {
            return Ok(());
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, wished.port()));
        match std::net::TcpListener::bind(address) {
            Ok(_) => Ok(()),
            Err(why) => Err(AppError::Listen {
                address,
                why,
                holder: address_holder(address),
            }),
        }
    }

    fn certificate(config: &Config, clock: &Clock) -> Result<Option<TlsSetup>, AppError> {
        TlsSetup::of_settings(&config.web, &config.store.path, clock).map_err(AppError::Certificate)
    }

    /// Bound address.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Second handle for a server, with the certificate. Callers who arrive while none serves wait.
    pub(super) fn open(&self) -> Option<(TcpListener, Option<TlsSetup>)> {
        let cloned = self.listener.try_clone().and_then(TcpListener::from_std);
        match cloned {
            Ok(listener) => Some((listener, self.tls.clone())),
            Err(error) => {
                tracing::error!(%error, "the page has no listener");
                None
            }
        }
    }

    /// Listener of a new configuration. One with the same address stays bound; where the new
    /// address cannot be had, the page stays where it was.
    pub(super) fn move_to(
        page: Option<Self>,
        old: &Config,
        new: &Config,
        access: &AccessControl,
        clock: &Clock,
    ) -> Option<Self> {
        let address = new
            .web
            .listen
            .map(|wished| permitted_address(wished, access));
        match (page, address) {
            (Some(page), Some(address)) if page.wished == address => {
                let tls = Self::certificate(new, clock);
                let tls = tls.unwrap_or_else(|error| {
                    tracing::error!(%error, "the certificate of the page stays");
                    page.tls.clone()
                });
                Some(Self { tls, ..page })
            }
            (page, _) => {
                // The old address is given up first: the new one may be the same port.
                drop(page);
                Self::bind(new, access, clock).unwrap_or_else(|error| {
                    tracing::error!(%error, "the page stays at its old address");
                    Self::bind(old, access, clock).unwrap_or_else(|error| {
                        tracing::error!(%error, "there is no page");
                        None
                    })
                })
            }
        }
    }
}

/// Address to listen on. Without a user the network is not served, whatever is configured: who
/// came first would be the admin.
fn permitted_address(wished: SocketAddr, access: &AccessControl) -> SocketAddr {
    // Where the list of people was damaged, whoever opens the page is told what to do.
    if wished.ip().is_loopback() || access.has_users() || access.set_aside().is_some() {
        return wished;
    }
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, wished.port()));
    tracing::warn!(
        %wished, %local,
        "there is no user yet, so the page is on this computer only: make the first one with \
         `pantau user add NAME --role admin`, and reload the configuration"
    );
    local
}

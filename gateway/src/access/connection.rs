//! [`ConnectionSecurity`]: how a request came in.

use std::net::{IpAddr, SocketAddr};

/// Connection of a request; the listener puts it into the extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionSecurity {
    /// The connection is encrypted (HTTPS).
    pub tls: bool,
    /// Address of the other side.
    pub peer: SocketAddr,
    /// Address of this side.
    pub local: SocketAddr,
}

impl ConnectionSecurity {
    /// Returns whether both sides are this computer.
    pub fn is_loopback(&self) -> bool {
        plain_address(self.peer.ip()).is_loopback() && self.local_address().is_loopback()
    }

    /// Address of the other side, an IPv4 address in its own form.
    pub fn peer_address(&self) -> IpAddr {
        plain_address(self.peer.ip())
    }

    /// Address of this side, an IPv4 address in its own form.
    pub fn local_address(&self) -> IpAddr {
        plain_address(self.local.ip())
    }
}

/// Address without the IPv6 form that a listener on `[::]` gives to IPv4 connections.
fn plain_address(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

//! [`RequestSender`]: who sent the request that is being answered, and over which connection.
//!
//! The guard of the listener sets it for the time of the answer, as it sets the language.

use crate::access::{Caller, ConnectionSecurity};
use std::net::{IpAddr, Ipv4Addr};

tokio::task_local! {
    /// Sender of the request that is being answered.
    static REQUEST_SENDER: RequestSender;
}

/// Sender of a request.
#[derive(Clone, Debug)]
pub(crate) struct RequestSender {
    pub(crate) caller: Caller,
    /// `None` for a request of this computer that came over no network.
    pub(crate) connection: Option<ConnectionSecurity>,
    /// The listener has people who sign in.
    pub(crate) is_guarded: bool,
}

impl RequestSender {
    /// Sender of a request of this computer's own user.
    pub(crate) fn system() -> Self {
        Self {
            caller: Caller::System,
            connection: None,
            is_guarded: false,
        }
    }

    /// Sender of the present request; outside of a request it is nobody.
    pub(crate) fn current() -> Self {
        // The least rights, in case a spawned task asks.
        let nobody = |_| Self {
            caller: Caller::Nobody,
            ..Self::system()
        };
        REQUEST_SENDER.try_with(Clone::clone).unwrap_or_else(nobody)
    }

    /// Answers a request of this sender.
    pub(crate) async fn scope<T>(self, answer: impl Future<Output = T>) -> T {
        REQUEST_SENDER.scope(self, answer).await
    }

    /// Name that entries keep; `None` when the request itself names the person.
    pub(crate) fn recorded_name(&self) -> Option<String> {
        self.caller.recorded_name()
    }

    /// Name that entries keep, where the request says `said`.
    pub(crate) fn recorded_or(&self, said: Option<String>) -> Option<String> {
        self.caller.recorded_or(said)
    }

    /// Address of the other side.
    pub(crate) fn address(&self) -> IpAddr {
        // The control socket has no address; only this computer can use it.
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.connection.map_or(here, |one| one.peer_address())
    }

    /// The connection is encrypted.
    pub(crate) fn is_tls(&self) -> bool {
        self.connection.is_some_and(|connection| connection.tls)
    }
}

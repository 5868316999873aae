//! Roles of people, scopes of tokens, and the caller of a request.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::sync::Arc;

/// Role of a person. A higher role may do everything that a lower one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads pages, figures and reports.
    Viewer,
    /// Also records entries, calibrates, scans, and changes addresses of devices.
    Technician,
    /// Also manages people, tokens and the audit log.
    Admin,
}

/// Scope of a token, for a program. A higher scope includes the lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenScope {
    /// Reads.
    Read,
    /// Also records entries of the ledger.
    Ledger,
    /// Also does what a technician may do.
    Technician,
}

/// Sender of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A process of the gateway's own user on this computer, or a listener without access control.
    System,
    /// No person has signed in.
    Nobody,
    /// A person.
    User {
        /// Name of the person.
        name: Arc<str>,
        /// Present role.
        role: Role,
        /// Id of the session.
        session: Arc<str>,
    },
    /// A program.
    Token {
        /// Name of the token.
        name: Arc<str>,
        /// Present scope.
        scope: TokenScope,
    },
}

impl Role {
    /// All roles, the lowest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Technician, Self::Admin];

    /// Word in files, in the API, on the command line, and in message keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Technician => "technician",
            Self::Admin => "admin",
        }
    }

    /// Highest scope that a token of a person with this role may have.
    pub const fn token_scope(self) -> TokenScope {
        match self {
            Self::Viewer => TokenScope::Read,
            Self::Technician | Self::Admin => TokenScope::Technician,
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|role| role.word() == word);
        found.ok_or(())
    }
}

impl TokenScope {
    /// All scopes, the lowest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Ledger, Self::Technician];

    /// Word in files, in the API, on the command line, and in message keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Ledger => "ledger",
            Self::Technician => "technician",
        }
    }
}

impl FromStr for TokenScope {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        let found = Self::ALL.into_iter().find(|scope| scope.word() == word);
        found.ok_or(())
    }
}

impl Caller {
    /// Name that entries and the audit log keep; `None` for a process of this computer, which
    /// names the person itself.
    pub fn recorded_name(&self) -> Option<String> {
        match self {
            Self::System => None,
            Self::Nobody => Some("-".to_owned()),
            Self::User { name, .. } => Some(name.to_string()),
            Self::Token { name, .. } => Some(format!("token {name}")),
        }
    }

    /// Name for a request that states one: the statement counts for a process of this computer
    /// only.
    pub fn recorded_or(&self, said: Option<String>) -> Option<String> {
        self.recorded_name().or(said)
    }

    /// Name of the signed-in person.
    pub fn user_name(&self) -> Option<&str> {
        match self {
            Self::User { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Role of the signed-in person.
    pub fn role(&self) -> Option<Role> {
        match self {
            Self::User { role, .. } => Some(*role),
            _ => None,
        }
    }
}

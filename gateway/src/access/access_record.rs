//! Content of `access.json`.

use super::password_hash::PasswordHash;
use super::role::{Role, TokenScope};
use crate::limits::{SESSION_ABSOLUTE_SECONDS, SESSION_IDLE_SECONDS};
use serde::{Deserialize, Serialize};

/// Version of the form of the file that this program writes.
pub(super) const ACCESS_VERSION: u32 = 1;

/// The whole file; times are milliseconds since 1970 UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccessRecord {
    pub(super) version: u32,
    /// Latest trusted time that was written: without the right time nothing is earlier.
    #[serde(default)]
    pub(super) latest: i64,
    /// One-time code of the first person; only while there is no user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set_up: Option<SetUpRecord>,
    #[serde(default)]
    pub(super) users: Vec<UserRecord>,
    #[serde(default)]
    pub(super) sessions: Vec<SessionRecord>,
    #[serde(default)]
    pub(super) tokens: Vec<TokenRecord>,
    /// Number of the last token that was made.
    #[serde(default)]
    pub(super) last_token: u64,
}

/// One-time code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SetUpRecord {
    pub(super) code: String,
    /// Wrong tries so far.
    pub(super) tries: u32,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserRecord {
    pub(super) name: String,
    pub(super) role: Role,
    #[serde(default)]
    pub(super) disabled: bool,
    pub(super) created: i64,
    #[serde(default)]
    pub(super) last_sign_in: Option<i64>,
    pub(super) password: PasswordHash,
}

/// A session of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionRecord {
    /// SHA-256 of the secret in the cookie.
    pub(super) hash: String,
    pub(super) user: String,
    pub(super) created: i64,
    pub(super) last_seen: i64,
    /// Address from which the person signed in.
    pub(super) from: String,
}

/// A token of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TokenRecord {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) hash: String,
    pub(super) scope: TokenScope,
    /// Person whose role bounds the scope; a token made on the gateway itself has none.
    #[serde(default)]
    pub(super) owner: Option<String>,
    pub(super) created: i64,
    /// End of its validity.
    #[serde(default)]
    pub(super) ends: Option<i64>,
}

impl AccessRecord {
    pub(super) fn user(&self, name: &str) -> Option<&UserRecord> {
        self.users.iter().find(|user| user.name == name)
    }

    pub(super) fn user_mut(&mut self, name: &str) -> Option<&mut UserRecord> {
        self.users.iter_mut().find(|user| user.name == name)
    }

    /// Administrators who can sign in.
    pub(super) fn active_admins(&self) -> usize {
        let all = self.users.iter();
        all.filter(|user| user.role == Role::Admin && !user.disabled)
            .count()
    }

    /// Removes sessions that have ended.
    pub(super) fn drop_ended_sessions(&mut self, now: i64) {
        self.sessions.retain(|session| session.is_valid(now));
    }
}

impl SessionRecord {
    /// Short id, with which a person ends one of several sessions.
    pub(super) fn id(&self) -> &str {
        // 64 bits tell sessions apart, and no cookie can be made from a hash.
        self.hash.get(..16).unwrap_or(&self.hash)
    }

    /// Returns whether neither the idle nor the absolute end has come.
    pub(super) fn is_valid(&self, now: i64) -> bool {
        now.saturating_sub(self.last_seen) < SESSION_IDLE_SECONDS * 1000
            && now.saturating_sub(self.created) < SESSION_ABSOLUTE_SECONDS * 1000
    }
}

impl TokenRecord {
    pub(super) fn has_ended(&self, now: i64) -> bool {
        self.ends.is_some_and(|end| now >= end)
    }
}

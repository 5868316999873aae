//! People: adding, changing and removing them, and their passwords.

use super::access_control::{AccessControl, ChangeDurability};
use super::access_error::AccessError;
use super::access_record::{AccessRecord, UserRecord};
use super::password_hash::PasswordHash;
use super::password_rules::{check_password, normal_name, parse_user_name};
use super::role::Role;
use crate::limits::USERS_MAX;

/// A person as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// Name.
    pub name: String,
    /// Role.
    pub role: Role,
    /// The person may not sign in.
    pub disabled: bool,
    /// Time when the person was added, ms since 1970 UTC.
    pub created: i64,
    /// Time of the last sign-in.
    pub last_sign_in: Option<i64>,
    /// Sessions that have not ended.
    pub sessions: usize,
}

impl AccessControl {
    /// All people, by name.
    pub fn list_users(&self) -> Vec<UserSummary> {
        let now = self.now_ms();
        let record = self.record();
        let sessions_of = |name: &str| {
            let all = record.sessions.iter();
            all.filter(|session| session.user == name && session.is_valid(now))
                .count()
        };
        let summary = |user: &UserRecord| UserSummary {
            name: user.name.clone(),
            role: user.role,
            disabled: user.disabled,
            created: user.created,
            last_sign_in: user.last_sign_in,
            sessions: sessions_of(&user.name),
        };
        let mut users: Vec<UserSummary> = record.users.iter().map(summary).collect();
        users.sort_by(|a, b| a.name.cmp(&b.name));
        users
    }

    /// Adds a person; returns the name as it is kept.
    pub async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: &str,
    ) -> Result<String, AccessError> {
        let name = parse_user_name(name)?;
        check_password(password, &name)?;
        if self.record().user(&name).is_some() {
            return Err(AccessError::UserExists(name));
        }
        let hash = self.hash_password(password).await?;
        self.change(ChangeDurability::Required, move |record, now| {
            insert_user(record, &name, role, hash, now)?;
            Ok(name)
        })
        .await
    }

    /// Gives a person another role. It holds at once, also for open sessions.
    pub async fn set_role(&self, name: &str, role: Role) -> Result<(), AccessError> {
        self.change_user(name, move |record, name| {
            user_of(record, name)?.role = role;
            check_admins(record)
        })
        .await
    }

    /// Ends or gives back the access of a person; the end also ends all sessions.
    pub async fn set_disabled(&self, name: &str, disabled: bool) -> Result<(), AccessError> {
        self.change_user(name, move |record, name| {
            user_of(record, name)?.disabled = disabled;
            if disabled {
                record.sessions.retain(|session| session.user != name);
            }
            check_admins(record)
        })
        .await
    }

    /// Removes a person with all sessions and tokens. What the person recorded stays.
    pub async fn remove_user(&self, name: &str) -> Result<(), AccessError> {
        self.change_user(name, move |record, name| {
            user_of(record, name)?;
            record.users.retain(|user| user.name != name);
            record.sessions.retain(|session| session.user != name);
            let is_owner = |owner: &Option<String>| owner.as_deref() == Some(name);
            record.tokens.retain(|token| !is_owner(&token.owner));
            check_admins(record)
        })
        .await
    }

    /// Sets the password of a person and ends all sessions except one.
    pub async fn set_password(
        &self,
        name: &str,
        password: &str,
        kept_session: Option<&str>,
    ) -> Result<(), AccessError> {
        let name = self.known_user(name)?;
        check_password(password, &name)?;
        let hash = self.hash_password(password).await?;
        let kept = kept_session.map(str::to_owned);
        self.change(ChangeDurability::Required, move |record, _| {
            user_of(record, &name)?.password = hash;
            record
                .sessions
                .retain(|session| session.user != name || kept.as_deref() == Some(session.id()));
            Ok(())
        })
        .await
    }

    /// Name as it is kept; `UnknownUser` for any other.
    pub fn known_user(&self, name: &str) -> Result<String, AccessError> {
        let name = normal_name(name);
        match self.record().user(&name) {
            Some(_) => Ok(name),
            None => Err(AccessError::UnknownUser(shown_name(&name))),
        }
    }

    async fn change_user(
        &self,
        name: &str,
        change: impl FnOnce(&mut AccessRecord, &str) -> Result<(), AccessError> + Send + 'static,
    ) -> Result<(), AccessError> {
        let name = normal_name(name);
        self.change(ChangeDurability::Required, move |record, _| {
            change(record, &name)
        })
        .await
    }
}

/// Adds a person to the record.
pub(super) fn insert_user(
    record: &mut AccessRecord,
    name: &str,
    role: Role,
    password: PasswordHash,
    now: i64,
) -> Result<(), AccessError> {
    // Checked again: another request may have added the name while the password was hashed.
    if record.user(name).is_some() {
        return Err(AccessError::UserExists(name.to_owned()));
    }
    if record.users.len() >= USERS_MAX {
        return Err(AccessError::TooMany);
    }
    record.users.push(UserRecord {
        name: name.to_owned(),
        role,
        disabled: false,
        created: now,
        last_sign_in: None,
        password,
    });
    // The code is of no use any more, whoever added the first person.
    record.set_up = None;
    Ok(())
}

fn user_of<'r>(
    record: &'r mut AccessRecord,
    name: &str,
) -> Result<&'r mut UserRecord, AccessError> {
    let unknown = || AccessError::UnknownUser(shown_name(name));
    record.user_mut(name).ok_or_else(unknown)
}

/// An administrator is left who can sign in; the change is refused otherwise.
fn check_admins(record: &AccessRecord) -> Result<(), AccessError> {
    // Asked after the change, which was made on a copy: a refusal drops it.
    if record.active_admins() == 0 {
        return Err(AccessError::LastAdmin);
    }
    Ok(())
}

/// Name in a message, cut to a line.
fn shown_name(name: &str) -> String {
    name.chars().take(60).collect()
}

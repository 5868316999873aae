//! Sessions of people: sign-in, the check of a cookie, sign-out.

use super::access_control::{AccessControl, ChangeDurability, lock};
use super::access_error::AccessError;
use super::access_record::{AccessRecord, SessionRecord};
use super::password_rules::normal_name;
use super::role::Caller;
use super::secret_token::{SecretToken, hash_of};
use crate::limits::{PASSWORD_BYTES_MAX, SESSION_NOTE_SECONDS, SESSIONS_PER_USER_MAX};
use std::net::IpAddr;

/// A session as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// Id, with which it is ended.
    pub id: String,
    /// Time of the sign-in, ms since 1970 UTC.
    pub created: i64,
    /// Time of the last request.
    pub last_seen: i64,
    /// Address of the sign-in.
    pub from: String,
}

impl AccessControl {
    /// Starts a session for a name and its password. The refusal is the same, after the same time,
    /// for an unknown name, a wrong password and a person whose access has ended.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<SecretToken, AccessError> {
        self.check_usable()?;
        let name = normal_name(name);
        // Before the hash: a flood of tries must not take the time of one each.
        self.begin_try(&name, from)?;
        let user = self.record().user(&name).cloned();
        // A password that is longer than any that can be set is wrong without work.
        if password.len() > PASSWORD_BYTES_MAX {
            return Err(AccessError::WrongPassword);
        }
        let is_disabled = user.as_ref().is_none_or(|user| user.disabled);
        let hash = user.map(|user| user.password);
        // No early return for a disabled or unknown name: a quicker answer would tell which it is.
        if !self.check_password(password, hash).await? || is_disabled {
            return Err(AccessError::WrongPassword);
        }
        lock(&self.0.throttle).succeed(&name, from);
        self.start_session(name, from).await
    }

    /// Checks the password of a person who is signed in, before it is changed.
    pub async fn confirm_password(
        &self,
        name: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<(), AccessError> {
        self.begin_try(name, from)?;
        let hash = self.record().user(name).map(|user| user.password.clone());
        if !self.check_password(password, hash).await? {
            return Err(AccessError::WrongPassword);
        }
        lock(&self.0.throttle).succeed(name, from);
        Ok(())
    }

    /// Returns whether a refused sign-in is noted in the audit log; a flood is noted in part.
    pub fn may_note_refusal(&self) -> bool {
        lock(&self.0.throttle).may_note(self.0.clock.now().mono)
    }

    pub(super) fn begin_try(&self, name: &str, from: IpAddr) -> Result<(), AccessError> {
        let now = self.0.clock.now().mono;
        let begun = lock(&self.0.throttle).begin(name, from, now);
        begun.map_err(|wait_ms| AccessError::Throttled(wait_ms.div_ceil(1000)))
    }

    pub(super) async fn start_session(
        &self,
        name: String,
        from: IpAddr,
    ) -> Result<SecretToken, AccessError> {
        let secret = SecretToken::new_session()?;
        let hash = secret.hash();
        self.change(ChangeDurability::WhenPossible, move |record, now| {
            let user = record.user_mut(&name);
            // Removed or ended while the password was checked.
            let user = user.filter(|user| !user.disabled);
            user.ok_or(AccessError::WrongPassword)?.last_sign_in = Some(now);
            drop_oldest_sessions(record, &name);
            record.sessions.push(SessionRecord {
                hash,
                user: name,
                created: now,
                last_seen: now,
                from: from.to_string(),
            });
            Ok(())
        })
        .await?;
        Ok(secret)
    }

    /// Person of a session's secret; `None` when there is no such session, or it has ended. The
    /// session counts as used.
    pub fn session_caller(&self, secret: &str) -> Option<Caller> {
        let (session, caller) = self.valid_session(secret)?;
        let now = self.now_ms();
        let noted = session.last_seen;
        // In memory: a write of the file at each request would wear the card.
        lock(&self.0.seen).insert(session.hash, now);
        if now.saturating_sub(noted) > SESSION_NOTE_SECONDS * 1000 {
            self.note_use();
        }
        Some(caller)
    }

    /// Person of a session's secret, as [`Self::session_caller`], for a request that goes on: it
    /// does not lengthen the session.
    pub fn present_session_caller(&self, secret: &str) -> Option<Caller> {
        self.valid_session(secret).map(|(_, caller)| caller)
    }

    /// Session of a secret as it is written, and its person.
    fn valid_session(&self, secret: &str) -> Option<(SessionRecord, Caller)> {
        let hash = hash_of(secret);
        let now = self.now_ms();
        let record = self.record();
        let mut all = record.sessions.iter();
        let session = all.find(|session| session.hash == hash)?.clone();
        let seen = lock(&self.0.seen).get(&hash).copied().unwrap_or_default();
        let latest = SessionRecord {
            last_seen: session.last_seen.max(seen),
            ..session.clone()
        };
        let user = record.user(&session.user).filter(|user| !user.disabled)?;
        let caller = Caller::User {
            name: user.name.as_str().into(),
            role: user.role,
            session: session.id().into(),
        };
        latest.is_valid(now).then_some((session, caller))
    }

    /// Writes the last use of sessions, seldom, so that a restart does not end them.
    fn note_use(&self) {
        let access = self.clone();
        tokio::spawn(async move {
            // The copy itself is made with every change.
            let noted = access.change(ChangeDurability::WhenPossible, |_, _| Ok(()));
            if let Err(error) = noted.await {
                tracing::warn!(%error, "the last use of sessions is not written");
            }
        });
    }

    /// Sessions of a person that have not ended, the latest first.
    pub fn list_sessions(&self, name: &str) -> Vec<SessionSummary> {
        let now = self.now_ms();
        let seen = lock(&self.0.seen).clone();
        let record = self.record();
        let own = record.sessions.iter();
        let own = own.filter(|session| session.user == name && session.is_valid(now));
        let summary = |session: &SessionRecord| SessionSummary {
            id: session.id().to_owned(),
            created: session.created,
            last_seen: seen
                .get(&session.hash)
                .copied()
                .unwrap_or(session.last_seen),
            from: session.from.clone(),
        };
        let mut all: Vec<SessionSummary> = own.map(summary).collect();
        all.sort_by_key(|session| -session.last_seen);
        all
    }

    /// Ends sessions of a person: one, or all except one.
    pub async fn end_sessions(
        &self,
        name: &str,
        one: Option<&str>,
        kept: Option<&str>,
    ) -> Result<(), AccessError> {
        let name = name.to_owned();
        let (one, kept) = (one.map(str::to_owned), kept.map(str::to_owned));
        self.change(ChangeDurability::WhenPossible, move |record, _| {
            record.sessions.retain(|session| {
                let ends = one.as_deref().is_none_or(|id| session.id() == id);
                let is_kept = kept.as_deref() == Some(session.id());
                session.user != name || !ends || is_kept
            });
            Ok(())
        })
        .await
    }
}

/// Makes room for one more session of the person.
fn drop_oldest_sessions(record: &mut AccessRecord, name: &str) {
    let own = |session: &SessionRecord| session.user == name;
    while record.sessions.iter().filter(|one| own(one)).count() >= SESSIONS_PER_USER_MAX {
        let all = record.sessions.iter().enumerate();
        let oldest = all
            .filter(|(_, session)| own(session))
            .min_by_key(|(_, session)| session.last_seen);
        let Some((at, _)) = oldest else { return };
        record.sessions.remove(at);
    }
}

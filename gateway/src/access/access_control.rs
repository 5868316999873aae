//! [`AccessControl`]: the state of access control, and how it is changed.

use super::access_error::AccessError;
use super::access_file::{DamageHandling, LoadedAccess, load_access, save_access};
use super::access_record::{ACCESS_VERSION, AccessRecord};
use super::access_worker::AccessWorker;
use super::password_hash::{PasswordCost, PasswordHash};
use super::sign_in_throttle::SignInThrottle;
use crate::clock::Clock;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rule of a listener: the senders whose requests it answers.
#[derive(Clone, Debug)]
pub enum AccessPolicy {
    /// Every request may do everything: routes in the process of a command or of a test.
    Open,
    /// Requests over the network need a session or a token.
    Guarded(AccessControl),
}

/// Handle to the state of access control; cheap to clone.
#[derive(Clone, Debug)]
pub struct AccessControl(pub(super) Arc<AccessInner>);

#[derive(Debug)]
pub(super) struct AccessInner {
    directory: PathBuf,
    pub(super) clock: Clock,
    pub(super) cost: PasswordCost,
    record: Mutex<AccessRecord>,
    /// Last use of sessions (by hash) and tokens (by number) since the start, ms since 1970 UTC.
    pub(super) seen: Mutex<HashMap<String, i64>>,
    pub(super) throttle: Mutex<SignInThrottle>,
    pub(super) worker: AccessWorker,
    /// Reason why the file cannot be used: no person can sign in, and nothing is changed.
    locked: Option<AccessError>,
    /// Name under which a damaged file was set aside at the start.
    set_aside: Option<PathBuf>,
}

/// Whether a change may be done when it cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeDurability {
    /// Not: it must survive a restart.
    Required,
    /// Done in memory: the end of a right must not wait for a full disk, and a technician must be
    /// able to sign in and see it.
    WhenPossible,
}

impl AccessPolicy {
    /// The state of access control, when there is one.
    pub fn control(&self) -> Option<&AccessControl> {
        match self {
            Self::Open => None,
            Self::Guarded(access) => Some(access),
        }
    }
}

impl AccessControl {
    /// Reads the file in the store's directory. It always starts: with a file that cannot be used
    /// no person can sign in.
    pub fn open(
        directory: &Path,
        clock: &Clock,
        damage: DamageHandling,
        cost: PasswordCost,
    ) -> Self {
        let empty = AccessRecord {
            version: ACCESS_VERSION,
            ..AccessRecord::default()
        };
        let (record, locked, set_aside) = match load_access(directory, clock.now().at, damage) {
            LoadedAccess::Missing => (empty, None, None),
            LoadedAccess::Read(record) => (record, None, None),
            LoadedAccess::SetAside(aside) => (empty, None, Some(aside)),
            LoadedAccess::Damaged => (empty, Some(AccessError::Damaged), None),
            LoadedAccess::Locked(why) => (empty, Some(AccessError::Locked(why)), None),
        };
        if let Some(aside) = &set_aside {
            let aside = aside.display();
            tracing::error!(
                %aside,
                "access.json was damaged and is set aside; no user is left: make the first one \
                 with `pantau user add NAME --role admin`, or put access.json back from a backup"
            );
        }
        // A command says it as its own failure.
        if let (Some(why), DamageHandling::SetAside) = (&locked, damage) {
            tracing::error!(%why, "no person can sign in");
        }
        Self(Arc::new(AccessInner {
            directory: directory.to_owned(),
            clock: clock.clone(),
            cost,
            record: Mutex::new(record),
            seen: Mutex::default(),
            throttle: Mutex::default(),
            worker: AccessWorker::start(),
            locked,
            set_aside,
        }))
    }

    /// Returns whether a person exists. With a file that cannot be used there may be some, so that
    /// it never opens the gateway.
    pub fn has_users(&self) -> bool {
        self.0.locked.is_some() || !self.record().users.is_empty()
    }

    /// Path under which a damaged file was set aside at the start.
    pub fn set_aside(&self) -> Option<&Path> {
        self.0.set_aside.as_deref()
    }

    /// Present time in ms since 1970 UTC. Without a trusted clock it is never before the latest
    /// time that was written, so that an ended token stays ended.
    pub(super) fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }

    pub(super) fn record(&self) -> MutexGuard<'_, AccessRecord> {
        lock(&self.0.record)
    }

    /// `Locked` or `Damaged` when the file cannot be used.
    pub fn check_usable(&self) -> Result<(), AccessError> {
        match &self.0.locked {
            Some(why) => Err(why.clone()),
            None => Ok(()),
        }
    }

    /// Changes the state and writes the file. Changes are made one after the other, in the thread
    /// of access control; a refused one changes nothing.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        durability: ChangeDurability,
        change: impl FnOnce(&mut AccessRecord, i64) -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, AccessError> {
        self.check_usable()?;
        let inner = Arc::clone(&self.0);
        let job = move || inner.apply(durability, change);
        self.0.worker.run(job).await?
    }

    /// Hash of a new password.
    pub(super) async fn hash_password(&self, password: &str) -> Result<PasswordHash, AccessError> {
        let (password, cost) = (password.to_owned(), self.0.cost);
        let job = move || PasswordHash::create(&password, cost);
        self.0.worker.run_password(job).await?
    }

    /// Whether the password has the hash; without a hash it is wrong, after the same time.
    pub(super) async fn check_password(
        &self,
        password: &str,
        hash: Option<PasswordHash>,
    ) -> Result<bool, AccessError> {
        let (password, cost) = (password.to_owned(), self.0.cost);
        let job = move || {
            if let Some(hash) = hash {
                return hash.is_of(&password);
            }
            // `black_box`: an unused hash could be optimised away, and a quick answer would tell
            // that the name is unknown.
            drop(std::hint::black_box(PasswordHash::create(&password, cost)));
            false
        };
        self.0.worker.run_password(job).await
    }
}

impl AccessInner {
    fn now_ms(&self) -> i64 {
        let now = self.clock.now();
        if now.trusted {
            return now.at.0;
        }
        now.at.0.max(lock(&self.record).latest)
    }

    fn apply<T>(
        &self,
        durability: ChangeDurability,
        change: impl FnOnce(&mut AccessRecord, i64) -> Result<T, AccessError>,
    ) -> Result<T, AccessError> {
        let now = self.now_ms();
        // On a copy: a change that is refused, or is required and cannot be written, leaves the
        // state as it was.
        let mut next = lock(&self.record).clone();
        let result = change(&mut next, now)?;
        self.note_last_seen(&mut next);
        next.drop_ended_sessions(now);
        if self.clock.now().trusted {
            // A wrong clock that is ahead must not get here: tokens would end early later on.
            next.latest = now;
        }
        if let Err(fault) = save_access(&self.directory, &next) {
            if durability == ChangeDurability::Required {
                return Err(AccessError::Disk(fault.to_string()));
            }
            tracing::error!(%fault, "access.json is not written: a change is in memory only");
        }
        *lock(&self.record) = next;
        Ok(result)
    }

    /// Copies the last use of sessions from memory, and forgets what has ended.
    fn note_last_seen(&self, record: &mut AccessRecord) {
        let mut seen = lock(&self.seen);
        for session in &mut record.sessions {
            if let Some(at) = seen.get(&session.hash) {
                session.last_seen = session.last_seen.max(*at);
            }
        }
        let sessions = record.sessions.iter().map(|session| &session.hash);
        let tokens = record.tokens.iter().map(|token| &token.hash);
        let kept: std::collections::HashSet<&String> = sessions.chain(tokens).collect();
        seen.retain(|hash, _| kept.contains(hash));
    }
}

/// Locks a state; a panic of another request must not make it unusable.
pub(super) fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

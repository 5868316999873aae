//! [`AccountDesk`]: changes of people, sessions and tokens with their audit entries, for API and
//! pages alike.

use super::ApiListener;
use super::error::ApiError;
use super::ledger::recorder_name;
use super::request_sender::RequestSender;
use crate::access::{AccessControl, AccessError, NewToken, Role, SecretToken};
use crate::i18n::Language;
use axum::http::StatusCode;

/// Does what the sender of a request asks for, and notes it.
pub(crate) struct AccountDesk {
    app: ApiListener,
    sender: RequestSender,
    /// Name in the audit log.
    by: String,
}

impl AccountDesk {
    /// Desk for the present request. `said` counts for a request of this computer only.
    pub(crate) fn new(app: &ApiListener, said: Option<String>) -> Self {
        let sender = RequestSender::current();
        let by = recorder_name(sender.recorded_or(said));
        Self {
            app: app.clone(),
            sender,
            by,
        }
    }

    /// State of access control; `Off` where there is none.
    pub(crate) fn access(&self) -> Result<&AccessControl, AccessError> {
        let access = self.app.state().access.control();
        access.ok_or(AccessError::Off)
    }

    /// The same, where the file of people can be used.
    pub(crate) fn usable_access(&self) -> Result<&AccessControl, AccessError> {
        let access = self.access()?;
        access.check_usable()?;
        Ok(access)
    }

    /// Signs a person in.
    pub(crate) async fn sign_in(
        &self,
        name: &str,
        password: &str,
    ) -> Result<SecretToken, AccessError> {
        let access = self.access()?;
        let from = self.sender.address();
        let result = access.sign_in(name, password, from).await;
        match &result {
            Ok(_) => {
                let name = access.known_user(name).unwrap_or_default();
                self.note("sign-in", format!("{from} by {name}")).await;
            }
            // Who is made to wait was noted already.
            Err(AccessError::WrongPassword) if access.may_note_refusal() => {
                let name = shown_name(name);
                let what = format!("{name}, {from}");
                self.note("sign-in-refused", what).await;
            }
            Err(_) => {}
        }
        result
    }

    /// Makes the first person with the set-up code.
    pub(crate) async fn make_first_admin(
        &self,
        code: &str,
        name: &str,
        password: &str,
    ) -> Result<SecretToken, AccessError> {
        let access = self.access()?;
        let from = self.sender.address();
        // The page is on the network only because there were people before.
        if access.set_aside().is_some() && !from.is_loopback() {
            return Err(AccessError::NotHere);
        }
        let made = access.make_first_admin(code, name, password, from).await;
        match made {
            Ok((name, session)) => {
                self.note("set-up", format!("{from} by {name}")).await;
                Ok(session)
            }
            Err(error) => {
                if error == AccessError::WrongCode && access.may_note_refusal() {
                    self.note("set-up-refused", from.to_string()).await;
                }
                Err(error)
            }
        }
    }

    /// Ends the session of the sender.
    pub(crate) async fn sign_out(&self) -> Result<(), AccessError> {
        use crate::access::Caller;
        if let Caller::User { name, session, .. } = &self.sender.caller {
            let access = self.access()?;
            access.end_sessions(name, Some(session), None).await?;
            self.note("sign-out", format!("by {name}")).await;
        }
        Ok(())
    }

    /// Adds a person.
    pub(crate) async fn add_user(
        &self,
        name: &str,
        role: Role,
        password: &str,
    ) -> Result<String, AccessError> {
        let name = self.access()?.add_user(name, role, password).await?;
        self.note_by("user-added", &format!("{name}, {}", role.word()))
            .await;
        Ok(name)
    }

    /// Gives a person another role.
    pub(crate) async fn set_role(&self, name: &str, role: Role) -> Result<(), AccessError> {
        let name = self.access()?.known_user(name)?;
        self.access()?.set_role(&name, role).await?;
        self.note_by("user-role", &format!("{name}, {}", role.word()))
            .await;
        Ok(())
    }

    /// Ends or gives back the access of a person.
    pub(crate) async fn set_disabled(&self, name: &str, off: bool) -> Result<(), AccessError> {
        let name = self.access()?.known_user(name)?;
        self.access()?.set_disabled(&name, off).await?;
        let kind = if off { "user-disabled" } else { "user-enabled" };
        self.note_by(kind, &name).await;
        Ok(())
    }

    /// Removes a person.
    pub(crate) async fn remove_user(&self, name: &str) -> Result<(), AccessError> {
        let name = self.access()?.known_user(name)?;
        self.access()?.remove_user(&name).await?;
        self.note_by("user-removed", &name).await;
        Ok(())
    }

    /// Sets the password of a person, as an admin; all sessions of the person end.
    pub(crate) async fn set_password(&self, name: &str, password: &str) -> Result<(), AccessError> {
        let name = self.access()?.known_user(name)?;
        self.access()?.set_password(&name, password, None).await?;
        self.note_by("user-password", &name).await;
        Ok(())
    }

    /// Sets the own password; all other sessions end.
    pub(crate) async fn change_own_password(
        &self,
        old: &str,
        new: &str,
    ) -> Result<(), AccessError> {
        use crate::access::Caller;
        let Caller::User { name, session, .. } = &self.sender.caller else {
            return Err(AccessError::Off);
        };
        let access = self.access()?;
        let from = self.sender.address();
        // A page that was left open must not be enough to lock its owner out.
        access.confirm_password(name, old, from).await?;
        access.set_password(name, new, Some(session)).await?;
        self.note_by("user-password", name).await;
        Ok(())
    }

    /// Ends sessions of a person: one, or all but that of the sender.
    pub(crate) async fn end_sessions(
        &self,
        name: &str,
        one: Option<&str>,
    ) -> Result<(), AccessError> {
        use crate::access::Caller;
        let own = match &self.sender.caller {
            Caller::User { session, .. } => Some(&**session),
            _ => None,
        };
        // A session that is named ends, also when it is that of the sender.
        let kept = if one.is_some() { None } else { own };
        self.access()?.end_sessions(name, one, kept).await?;
        self.note_by("sessions-ended", name).await;
        Ok(())
    }

    /// Makes a token.
    pub(crate) async fn add_token(
        &self,
        wish: NewToken,
    ) -> Result<(u64, SecretToken), AccessError> {
        let (name, scope) = (wish.name.trim().to_owned(), wish.scope.word());
        let made = self.access()?.add_token(wish).await?;
        self.note_by("token-added", &format!("{name}, {scope}"))
            .await;
        Ok(made)
    }

    /// Removes a token; with an owner only one of this person.
    pub(crate) async fn remove_token(
        &self,
        id: u64,
        owner: Option<&str>,
    ) -> Result<(), AccessError> {
        let name = self.access()?.remove_token(id, owner).await?;
        self.note_by("token-removed", &name).await;
        Ok(())
    }

    async fn note_by(&self, kind: &'static str, what: &str) {
        self.note(kind, format!("{what} by {}", self.by)).await;
    }

    async fn note(&self, kind: &'static str, what: String) {
        tracing::info!(kind, what, "access");
        // The change is done; a store that fails is shown on every page already.
        if let Err(error) = self.app.state().store.append_audit(kind, what).await {
            tracing::error!(%error, kind, "an event of access control is not in the audit");
        }
    }
}

/// Typed name for the audit log: other characters than those of a name are left out, and a
/// password that was typed into the wrong field is cut.
fn shown_name(typed: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || ".-_".contains(*c);
    typed.trim().chars().filter(is_plain).take(20).collect()
}

/// Refusal of access control for people in this language.
pub(crate) fn access_message(error: &AccessError, lang: Language) -> String {
    let subject = error.subject();
    lang.text_with(error.message_key(), &[("subject", &subject)])
}

/// Status of a refusal.
pub(crate) fn access_status(error: &AccessError) -> StatusCode {
    match error {
        AccessError::WrongPassword | AccessError::WrongCode | AccessError::NotHere => {
            StatusCode::FORBIDDEN
        }
        AccessError::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
        AccessError::Busy | AccessError::Locked(_) | AccessError::Damaged | AccessError::Off => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        AccessError::UnknownUser(_) | AccessError::UnknownToken(_) => StatusCode::NOT_FOUND,
        AccessError::UserExists(_)
        | AccessError::SetUpDone
        | AccessError::LastAdmin
        | AccessError::TooMany => StatusCode::CONFLICT,
        AccessError::BadName
        | AccessError::PasswordShort
        | AccessError::PasswordLong
        | AccessError::PasswordCommon
        | AccessError::PasswordName
        | AccessError::BadTokenName
        | AccessError::ScopeTooHigh => StatusCode::UNPROCESSABLE_ENTITY,
        AccessError::Disk(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Refusal of access control as an answer of the API.
pub(crate) fn access_refusal(error: &AccessError, lang: Language) -> ApiError {
    ApiError::new(access_status(error), access_message(error, lang))
}

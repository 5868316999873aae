//! The one-time code with which the first person is made.
//!
//! Without a person the gateway listens on loopback only, and even there the page asks for the code
//! that is shown on the gateway itself: behind a proxy or a tunnel everyone seems to be local. The
//! same holds after a damaged file, so that damage gives no access to anyone who comes first.

use super::access_control::{AccessControl, ChangeDurability};
use super::access_error::AccessError;
use super::access_record::SetUpRecord;
use super::password_hash::is_same;
use super::password_rules::{check_password, parse_user_name};
use super::role::Role;
use super::secret_token::{SecretToken, random_bytes};
use super::users::insert_user;
use crate::limits::SET_UP_TRIES_MAX;
use std::net::IpAddr;

/// Letters of a code: none that looks like another letter or a digit.
const CODE_LETTERS: &[u8] = b"ACDEFGHJKMNPQRTUVWXY";
/// Letters of a code: 34 bits for ten tries.
const CODE_LENGTH: usize = 8;

/// Result of a try with a code.
enum CodeVerdict {
    Right,
    Wrong,
    /// Wrong, and there is a new code now.
    WrongAndRenewed,
}

impl AccessControl {
    /// Code for the first person, in two groups; made when there is none. `None` once a person
    /// exists.
    pub async fn set_up_code(&self) -> Result<Option<String>, AccessError> {
        self.check_usable()?;
        let kept = {
            let record = self.record();
            if !record.users.is_empty() {
                return Ok(None);
            }
            record.set_up.as_ref().map(|set_up| set_up.code.clone())
        };
        if let Some(code) = kept {
            return Ok(Some(grouped_code(&code)));
        }
        let code = new_code()?;
        let code = self
            .change(ChangeDurability::Required, move |record, _| {
                if !record.users.is_empty() {
                    return Ok(None);
                }
                let kept = record.set_up.get_or_insert(SetUpRecord { code, tries: 0 });
                Ok(Some(kept.code.clone()))
            })
            .await?;
        Ok(code.as_deref().map(grouped_code))
    }

    /// Makes the first person, an admin, and signs in.
    pub async fn make_first_admin(
        &self,
        code: &str,
        name: &str,
        password: &str,
        from: IpAddr,
    ) -> Result<(String, SecretToken), AccessError> {
        self.check_usable()?;
        if self.has_users() {
            return Err(AccessError::SetUpDone);
        }
        // There is no name yet: the empty one lets all tries for the code wait together.
        self.begin_try("", from)?;
        // Name and password are looked at after the code, which only the right person has.
        self.try_code(code).await?;
        let name = parse_user_name(name)?;
        check_password(password, &name)?;
        let hash = self.hash_password(password).await?;
        let added = name.clone();
        self.change(ChangeDurability::Required, move |record, now| {
            if !record.users.is_empty() {
                return Err(AccessError::SetUpDone);
            }
            insert_user(record, &added, Role::Admin, hash, now)
        })
        .await?;
        let session = self.start_session(name.clone(), from).await?;
        Ok((name, session))
    }

    async fn try_code(&self, typed: &str) -> Result<(), AccessError> {
        // The dash between the groups is for the eye; people type it, a space, or nothing.
        let typed: String = typed.chars().filter(char::is_ascii_alphabetic).collect();
        let typed = typed.to_ascii_uppercase();
        let renewed = new_code()?;
        let verdict = self
            .change(ChangeDurability::Required, move |record, _| {
                let Some(set_up) = &mut record.set_up else {
                    return Ok(CodeVerdict::Wrong);
                };
                if is_same(typed.as_bytes(), set_up.code.as_bytes()) {
                    return Ok(CodeVerdict::Right);
                }
                set_up.tries += 1;
                if set_up.tries < SET_UP_TRIES_MAX {
                    return Ok(CodeVerdict::Wrong);
                }
                *set_up = SetUpRecord {
                    code: renewed,
                    tries: 0,
                };
                Ok(CodeVerdict::WrongAndRenewed)
            })
            .await?;
        match verdict {
            CodeVerdict::Right => return Ok(()),
            CodeVerdict::Wrong => {}
            CodeVerdict::WrongAndRenewed => {
                let code = self.set_up_code().await?.unwrap_or_default();
                // The log is read on the gateway itself, where the code is shown anyway.
                tracing::warn!(%code, "the set-up code was wrong ten times: there is a new one");
            }
        }
        Err(AccessError::WrongCode)
    }
}

/// Password of four groups of letters, for a demo.
pub fn random_password() -> Result<String, AccessError> {
    let groups = [new_code()?, new_code()?].map(|code| grouped_code(&code));
    Ok(groups.join("-").to_ascii_lowercase())
}

fn new_code() -> Result<String, AccessError> {
    let mut code = String::new();
    while code.len() < CODE_LENGTH {
        let [byte] = random_bytes::<1>()?;
        // A byte beyond the last whole round would make the first letters more likely.
        let letters = CODE_LETTERS.len();
        let is_even = usize::from(byte) < 256 / letters * letters;
        if is_even {
            code.push(char::from(CODE_LETTERS[usize::from(byte) % letters]));
        }
    }
    Ok(code)
}

fn grouped_code(code: &str) -> String {
    let (left, right) = code.split_at_checked(CODE_LENGTH / 2).unwrap_or((code, ""));
    format!("{left}-{right}")
}

//! Tokens of programs.

use super::access_control::{AccessControl, ChangeDurability, lock};
use super::access_error::AccessError;
use super::access_record::{AccessRecord, TokenRecord};
use super::role::{Caller, TokenScope};
use super::secret_token::{SecretToken, hash_of};
use crate::limits::{TOKEN_NAME_CHARS_MAX, TOKENS_MAX};

/// A token as shown: without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSummary {
    /// Number.
    pub id: u64,
    /// Name, such as the program that uses it.
    pub name: String,
    /// Scope.
    pub scope: TokenScope,
    /// Person who made it; none when it was made on the gateway itself.
    pub owner: Option<String>,
    /// Time when it was made, ms since 1970 UTC.
    pub created: i64,
    /// End of its validity.
    pub ends: Option<i64>,
    /// It has ended.
    pub ended: bool,
    /// Last use since the start of the gateway.
    pub last_used: Option<i64>,
}

/// Wish for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// Name.
    pub name: String,
    /// Scope.
    pub scope: TokenScope,
    /// Person who makes it.
    pub owner: Option<String>,
    /// Days of validity; without end when left out.
    pub days: Option<u32>,
}

impl AccessControl {
    /// Makes a token; returns its number and the secret, which is shown once.
    pub async fn add_token(&self, wish: NewToken) -> Result<(u64, SecretToken), AccessError> {
        let name = wish.name.trim().to_owned();
        let fits = (1..=TOKEN_NAME_CHARS_MAX).contains(&name.chars().count());
        if !fits || name.chars().any(char::is_control) {
            return Err(AccessError::BadTokenName);
        }
        let secret = SecretToken::new_program()?;
        let hash = secret.hash();
        let id = self
            .change(ChangeDurability::Required, move |record, now| {
                check_scope(record, &wish)?;
                if record.tokens.len() >= TOKENS_MAX {
                    return Err(AccessError::TooMany);
                }
                // Not their count: the number of a removed token must not come to mean another one.
                record.last_token += 1;
                let days = wish.days.map(|days| i64::from(days) * 86_400_000);
                record.tokens.push(TokenRecord {
                    id: record.last_token,
                    name,
                    hash,
                    scope: wish.scope,
                    owner: wish.owner,
                    created: now,
                    ends: days.map(|days| now.saturating_add(days)),
                });
                Ok(record.last_token)
            })
            .await?;
        Ok((id, secret))
    }

    /// All tokens, or those of a person; the latest first.
    pub fn list_tokens(&self, owner: Option<&str>) -> Vec<TokenSummary> {
        let now = self.now_ms();
        let seen = lock(&self.0.seen).clone();
        let record = self.record();
        let all = record.tokens.iter().rev();
        let all = all.filter(|token| owner.is_none() || token.owner.as_deref() == owner);
        let summary = |token: &TokenRecord| TokenSummary {
            id: token.id,
            name: token.name.clone(),
            scope: token.scope,
            owner: token.owner.clone(),
            created: token.created,
            ends: token.ends,
            ended: token.has_ended(now),
            last_used: seen.get(&token.hash).copied(),
        };
        all.map(summary).collect()
    }

    /// Removes a token; with an owner only one of this person. Returns its name.
    pub async fn remove_token(&self, id: u64, owner: Option<&str>) -> Result<String, AccessError> {
        let owner = owner.map(str::to_owned);
        self.change(ChangeDurability::WhenPossible, move |record, _| {
            let is_it =
                |token: &TokenRecord| token.id == id && (owner.is_none() || token.owner == owner);
            let at = record.tokens.iter().position(is_it);
            let at = at.ok_or(AccessError::UnknownToken(id))?;
            Ok(record.tokens.remove(at).name)
        })
        .await
    }

    /// Program of a token; `None` when there is no such token, it has ended, or its owner may not
    /// sign in any more. The scope is never beyond the present role of the owner.
    pub fn token_caller(&self, token: &str) -> Option<Caller> {
        let hash = hash_of(token);
        let now = self.now_ms();
        let record = self.record();
        let token = record.tokens.iter().find(|token| token.hash == hash)?;
        if token.has_ended(now) {
            return None;
        }
        let (name, scope) = match &token.owner {
            None => (token.name.clone(), token.scope),
            Some(owner) => {
                let user = record.user(owner).filter(|user| !user.disabled)?;
                let scope = token.scope.min(user.role.token_scope());
                (format!("{} ({owner})", token.name), scope)
            }
        };
        lock(&self.0.seen).insert(hash, now);
        Some(Caller::Token {
            name: name.into(),
            scope,
        })
    }
}

/// The owner exists, and has the scope.
fn check_scope(record: &AccessRecord, wish: &NewToken) -> Result<(), AccessError> {
    let Some(owner) = &wish.owner else {
        return Ok(());
    };
    let user = record.user(owner);
    let user = user.ok_or_else(|| AccessError::UnknownUser(owner.clone()))?;
    if wish.scope > user.role.token_scope() {
        return Err(AccessError::ScopeTooHigh);
    }
    Ok(())
}

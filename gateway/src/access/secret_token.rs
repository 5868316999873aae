//! Random secrets of sessions and programs, and how they come with a request.

use super::access_error::AccessError;
use crate::domain::hex_text::to_hex;
use crate::limits::{COOKIES_TRIED_MAX, SESSION_ABSOLUTE_SECONDS};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;

/// Bytes of a secret: 256 bits cannot be guessed.
const SECRET_BYTES: usize = 32;
/// Begin of the token of a program, so that a search of files finds one that was left there.
const TOKEN_PREFIX: &str = "pantau_";
/// Cookie of a session without TLS.
pub const COOKIE_NAME: &str = "pantau_session";
/// The same under TLS: a browser takes this name only from this host, over TLS.
const SECURE_COOKIE_NAME: &str = "__Host-pantau_session";

/// Secret that is given out once; only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretToken(String);

impl SecretToken {
    /// New secret of a session.
    pub(super) fn new_session() -> Result<Self, AccessError> {
        Ok(Self(to_hex(&random_bytes::<SECRET_BYTES>()?)))
    }

    /// New token of a program: `pantau_` and 64 digits.
    pub(super) fn new_program() -> Result<Self, AccessError> {
        let secret = to_hex(&random_bytes::<SECRET_BYTES>()?);
        Ok(Self(format!("{TOKEN_PREFIX}{secret}")))
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Hash that is kept.
    pub(super) fn hash(&self) -> String {
        hash_of(&self.0)
    }
}

impl fmt::Debug for SecretToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretToken(..)")
    }
}

/// Hash under which a secret is kept. A secret of 256 bits needs no slow hash.
pub(super) fn hash_of(secret: &str) -> String {
    to_hex(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// Bytes of the system's random generator.
pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N], AccessError> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| AccessError::Busy)?;
    Ok(bytes)
}

/// Value of `Set-Cookie` that starts a session, or ends it without a secret. `Lax`, so that a
/// link in a message opens the page signed in; unsafe methods have the check of the origin.
pub fn session_cookie(secret: Option<&SecretToken>, tls: bool) -> String {
    let (name, secure) = if tls {
        (SECURE_COOKIE_NAME, "; Secure")
    } else {
        (COOKIE_NAME, "")
    };
    let value = secret.map_or("", SecretToken::reveal);
    let age = secret.map_or(0, |_| SESSION_ABSOLUTE_SECONDS);
    format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
}

/// Values of the session's cookie in `Cookie` headers that can be secrets. Under TLS the cookie of
/// the unencrypted page does not count.
pub fn session_values<'a>(headers: impl IntoIterator<Item = &'a str>, tls: bool) -> Vec<&'a str> {
    let wanted = if tls { SECURE_COOKIE_NAME } else { COOKIE_NAME };
    let pairs = headers.into_iter().flat_map(|header| header.split(';'));
    let pairs = pairs.filter_map(|pair| pair.trim().split_once('='));
    let values = pairs.filter(|(name, value)| *name == wanted && is_secret(value));
    // Another program of this host may set a cookie of the same name: a few are tried.
    values
        .map(|(_, value)| value)
        .take(COOKIES_TRIED_MAX)
        .collect()
}

/// Token in the value of an `Authorization` header; `None` when it has none.
pub fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, rest) = header.split_once(' ')?;
    let token = rest.trim();
    let secret = token.strip_prefix(TOKEN_PREFIX)?;
    (scheme.eq_ignore_ascii_case("bearer") && is_secret(secret)).then_some(token)
}

fn is_secret(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == SECRET_BYTES * 2 && text.bytes().all(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cookie_is_read_as_it_was_set_and_only_over_its_own_kind_of_connection() {
        let secret = SecretToken::new_session().unwrap();
        for tls in [false, true] {
            let cookie = session_cookie(Some(&secret), tls);
            assert!(cookie.contains("HttpOnly; SameSite=Lax"), "{cookie}");
            assert_eq!(cookie.ends_with("; Secure"), tls);
            assert_eq!(cookie.starts_with("__Host-"), tls);
            let sent = cookie.split(';').next().unwrap();
            let sent = format!("lang=id; {sent}; theme=dark");
            assert_eq!(session_values([&*sent], tls), [secret.reveal()]);
            assert!(session_values([&*sent], !tls).is_empty());
        }
        assert!(session_cookie(None, false).starts_with("pantau_session=; Path=/; Max-Age=0;"));
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }

    #[test]
    fn secrets_differ_and_their_hash_is_not_themselves() {
        let [one, other] = [(); 2].map(|()| SecretToken::new_program().unwrap());
        assert_ne!(one, other);
        assert_ne!(one.hash(), hash_of(other.reveal()));
        assert!(!one.reveal().contains(&one.hash()));
    }

    proptest! {
        #[test]
        fn only_a_whole_token_after_bearer_is_one(text in "\\PC{0,90}") {
            if let Some(token) = bearer_token(&text) {
                prop_assert!(text.to_lowercase().starts_with("bearer "));
                prop_assert_eq!(token.len(), 7 + 64);
            }
        }

        #[test]
        fn any_cookie_header_is_read_without_harm(text in "\\PC{0,200}") {
            for value in session_values([&*text], false) {
                prop_assert_eq!(value.len(), 64);
            }
        }

        #[test]
        fn a_cookie_is_found_among_others(
            before in "[a-z]{1,8}=[ -:<-~]{0,20}", after in "[a-z]{1,8}=[ -:<-~]{0,20}",
            secret in "[0-9a-f]{64}", gap in " {0,2}",
        ) {
            let header = format!("{before};{gap}pantau_session={secret};{gap}{after}");
            prop_assert_eq!(session_values([&*header], false), [&*secret]);
            let token = format!("bearer {gap}pantau_{secret}{gap}");
            let expected = format!("pantau_{secret}");
            prop_assert_eq!(bearer_token(&token), Some(&*expected));
        }
    }
}

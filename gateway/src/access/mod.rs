//! Access control: people with a role, passwords, sessions, tokens of programs, throttled sign-in,
//! and the rule of every route.
//!
//! Entry: [`AccessControl`], a cheap handle. State is one file, `access.json` in the store's
//! directory.
//!
//! ```text
//! let access = AccessControl::open(directory, &clock, DamageHandling::SetAside, cost);
//! let session = access.sign_in("siti", password, peer).await?;    // the value of a cookie
//! let caller = access.session_caller(session.reveal());           // Caller::User { .. }
//! judge_route(route_rule("GET", "/teknisi"), &caller, situation)  // RouteVerdict::Admitted
//! ```
//!
//! Passwords are hashed with Argon2id in one thread (`access_worker`), which also writes the file.
//! Documentation for people: `docs/access.md`.

mod access_control;
mod access_error;
mod access_file;
mod access_record;
mod access_worker;
mod connection;
mod password_hash;
mod password_rules;
mod role;
mod route_roles;
mod secret_token;
mod sessions;
mod set_up;
mod sign_in_throttle;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

pub use access_control::{AccessControl, AccessPolicy};
pub use access_error::AccessError;
pub use access_file::DamageHandling;
pub use connection::ConnectionSecurity;
pub use password_hash::PasswordCost;
pub use role::{Caller, Role, TokenScope};
pub use route_roles::{
    AccessSituation, ROUTE_ROLES, RouteRule, RouteVerdict, judge_route, other_methods, route_rule,
};
pub use secret_token::{COOKIE_NAME, SecretToken, bearer_token, session_cookie, session_values};
pub use sessions::SessionSummary;
pub use set_up::random_password;
pub use tokens::{NewToken, TokenSummary};
pub use users::UserSummary;

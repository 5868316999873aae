//! Ready users of the demo: one for each role, with a random password.

use crate::access::{AccessControl, AccessError, Role, random_password};
use crate::cli::standard_output::print_line;
use crate::i18n::Language;

/// Name of the user of each role.
const DEMO_NAMES: [(&str, Role); 3] = [
    ("pengamat", Role::Viewer),
    ("teknisi", Role::Technician),
    ("admin", Role::Admin),
];

/// A user and the password.
pub(super) struct DemoUser {
    name: &'static str,
    role: Role,
    password: String,
}

/// Adds the users; none when an earlier demo in the same directory made them.
pub(super) async fn add_demo_users(access: &AccessControl) -> Result<Vec<DemoUser>, AccessError> {
    let mut users = Vec::new();
    if access.has_users() {
        return Ok(users);
    }
    for (name, role) in DEMO_NAMES {
        let password = random_password()?;
        access.add_user(name, role, &password).await?;
        users.push(DemoUser {
            name,
            role,
            password,
        });
    }
    Ok(users)
}

/// Prints names and passwords at the end of the greeting.
pub(super) fn print_demo_users(users: &[DemoUser], lang: Language) {
    if users.is_empty() {
        print_line(&lang.text("demo-users-kept"));
        return;
    }
    print_line(&lang.text("demo-users"));
    for user in users {
        let role = lang.text(&format!("access-role-{}", user.role.word()));
        let (name, password) = (user.name, user.password.as_str());
        let args = [("role", &*role), ("name", name), ("password", password)];
        print_line(&format!("  {}", lang.text_with("demo-user", &args)));
    }
}

//! `pantau user`: people who sign in, tokens of programs, and the code of the first user.
//!
//! Entry point: [`run_user`]. The running gateway is asked; without one the file is changed here.
//!
//! ```text
//! $ pantau user add siti --role technician
//! $ pantau user token add grafana --scope read --days 365
//! ```
//!
//! User documentation: `docs/access.md`.

mod args;
mod password_input;

pub(super) use args::UserArgs;

use super::backend::{
    current_user, load_config, local_date, open_access_client, print_stderr, report_failure,
};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE};
use super::standard_output::print_text;
use crate::api::client::{ApiClient, path_with_query, percent_encode};
use crate::api::users::{
    NewTokenRequest, NewUserRequest, SetUpCodeJson, TokenJson, TokenMadeJson, UserChangeRequest,
    UserJson,
};
use crate::cli::command_error::CommandError;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::storage::StoreAccess;
use args::{TokenCommand, UserCommand};
use password_input::read_password;
use serde::Serialize;
use std::fmt::Write as _;

/// Client and texts of one call.
struct UserDesk<'a> {
    api: &'a mut ApiClient,
    config: &'a Config,
    lang: Language,
    json: bool,
}

/// Runs the subcommand; returns the exit status.
pub(super) async fn run_user(options: UserArgs, lang: Language) -> u8 {
    let command = options.command;
    let config = match load_config(&command.common().config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    // A read-only command also works while the store is of another user.
    let access = if command.is_change() {
        StoreAccess::Write
    } else {
        StoreAccess::Read
    };
    let mut api = match open_access_client(&config, access).await {
        Ok(api) => api,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    let mut desk = UserDesk {
        api: &mut api,
        config: &config,
        lang,
        json: command.common().json,
    };
    let done = desk.run(command).await;
    api.close().await;
    done.unwrap_or_else(|trouble| report_failure(&trouble, lang))
}

impl UserDesk<'_> {
    async fn run(&mut self, command: UserCommand) -> Result<u8, CommandError> {
        match command {
            UserCommand::List { .. } => self.list_users().await,
            UserCommand::Add {
                user,
                role,
                password_file,
                ..
            } => {
                let password = read_password(password_file.as_deref(), self.lang)?;
                let user = NewUserRequest {
                    name: user,
                    role: role.word().to_owned(),
                    password,
                };
                let path = self.path("/api/v1/users");
                let added: UserJson = self.api.post_json(&path, &user).await?;
                Ok(self.show("cli-user-added", &added))
            }
            UserCommand::Password {
                user,
                password_file,
                ..
            } => {
                let password = Some(read_password(password_file.as_deref(), self.lang)?);
                let change = UserChangeRequest {
                    password,
                    ..UserChangeRequest::default()
                };
                self.change(&user, "cli-user-password-set", change).await
            }
            UserCommand::Role { user, role, .. } => {
                let change = UserChangeRequest {
                    role: Some(role.word().to_owned()),
                    ..UserChangeRequest::default()
                };
                self.change(&user, "cli-user-role-set", change).await
            }
            UserCommand::Disable { user, .. } => {
                self.change(&user, "cli-user-disabled", disabled(true))
                    .await
            }
            UserCommand::Enable { user, .. } => {
                self.change(&user, "cli-user-enabled", disabled(false))
                    .await
            }
            UserCommand::Remove { user, .. } => self.remove_user(&user).await,
            UserCommand::Token { command } => self.run_token(command).await,
            UserCommand::SetupCode { .. } => self.show_set_up_code().await,
        }
    }

    async fn run_token(&mut self, command: TokenCommand) -> Result<u8, CommandError> {
        match command {
            TokenCommand::List { .. } => self.list_tokens().await,
            TokenCommand::Add {
                token_name,
                scope,
                days,
                ..
            } => {
                let wish = NewTokenRequest {
                    name: token_name,
                    scope: scope.word().to_owned(),
                    days,
                };
                let path = self.path("/api/v1/tokens");
                let made: TokenMadeJson = self.api.post_json(&path, &wish).await?;
                if self.json {
                    print_value(&made);
                } else {
                    print_stderr(&self.lang.text("cli-user-token-made"));
                    print_text(&format!("{}\n", made.token));
                }
                Ok(EXIT_DONE)
            }
            TokenCommand::Remove { token_id, .. } => {
                let path = self.path(&format!("/api/v1/tokens/{token_id}"));
                self.api.send_json("DELETE", &path, None::<&()>).await?;
                self.say("cli-user-token-removed", &token_id.to_string());
                Ok(EXIT_DONE)
            }
        }
    }

    async fn list_users(&mut self) -> Result<u8, CommandError> {
        let users: Vec<UserJson> = self.api.get_json("/api/v1/users").await?;
        if self.json {
            print_value(&users);
            return Ok(EXIT_DONE);
        }
        if users.is_empty() {
            print_stderr(&self.lang.text("cli-user-none"));
        }
        let mut text = String::new();
        for user in &users {
            let mut role = self.lang.text(&format!("access-role-{}", user.role));
            if user.disabled {
                let _ = write!(role, ", {}", self.lang.text("users-disabled"));
            }
            let last = match user.last_sign_in {
                Some(at) => format!("{} {}", self.lang.text("users-last"), self.day(at)),
                None => self.lang.text("users-never"),
            };
            // Writing into a text cannot fail.
            let _ = writeln!(text, "{}  {role}  {last}", user.name);
        }
        print_text(&text);
        Ok(EXIT_DONE)
    }

    async fn list_tokens(&mut self) -> Result<u8, CommandError> {
        let tokens: Vec<TokenJson> = self.api.get_json("/api/v1/tokens").await?;
        if self.json {
            print_value(&tokens);
            return Ok(EXIT_DONE);
        }
        if tokens.is_empty() {
            print_stderr(&self.lang.text("tokens-none"));
        }
        let mut text = String::new();
        for token in &tokens {
            let scope = self.lang.text(&format!("token-scope-{}", token.scope));
            let end = match token.ends {
                Some(at) if token.ended => {
                    format!("{} {}", self.lang.text("tokens-ended"), self.day(at))
                }
                Some(at) => format!("{} {}", self.lang.text("tokens-until"), self.day(at)),
                None => self.lang.text("tokens-endless"),
            };
            let owner = token.owner.as_deref().unwrap_or("-");
            let _ = writeln!(
                text,
                "{}  {}  {scope}  {owner}  {end}",
                token.id, token.name
            );
        }
        print_text(&text);
        Ok(EXIT_DONE)
    }

    async fn change(
        &mut self,
        name: &str,
        done: &str,
        change: UserChangeRequest,
    ) -> Result<u8, CommandError> {
        let path = self.path(&format!("/api/v1/users/{}", percent_encode(name)));
        let answer = self.api.send_json("PATCH", &path, Some(&change)).await?;
        let user: UserJson = answer.json().await?;
        Ok(self.show(done, &user))
    }

    async fn remove_user(&mut self, name: &str) -> Result<u8, CommandError> {
        let path = self.path(&format!("/api/v1/users/{}", percent_encode(name)));
        self.api.send_json("DELETE", &path, None::<&()>).await?;
        self.say("cli-user-removed", name);
        Ok(EXIT_DONE)
    }

    async fn show_set_up_code(&mut self) -> Result<u8, CommandError> {
        let path = self.path("/control/setup-code");
        let found: SetUpCodeJson = self.api.get_json(&path).await?;
        if self.json {
            print_value(&found);
        }
        let Some(code) = &found.code else {
            print_stderr(&self.lang.text("cli-user-no-code"));
            return Ok(EXIT_NEGATIVE);
        };
        if !self.json {
            print_text(&format!("{code}\n"));
        }
        Ok(EXIT_DONE)
    }

    /// Path with the language of the answer and the person for the audit log.
    fn path(&self, path: &str) -> String {
        let by = current_user();
        let parameters = [
            ("lang", Some(self.lang.code())),
            ("recorded_by", Some(&*by)),
        ];
        path_with_query(path, &parameters)
    }

    fn show(&self, done: &str, user: &UserJson) -> u8 {
        if self.json {
            print_value(user);
        } else {
            self.say(done, &user.name);
        }
        EXIT_DONE
    }

    fn say(&self, key: &str, name: &str) {
        print_stderr(&self.lang.text_with(key, &[("name", name)]));
    }

    fn day(&self, at: i64) -> String {
        local_date(self.config, UtcMs(at)).to_string()
    }
}

fn disabled(disabled: bool) -> UserChangeRequest {
    UserChangeRequest {
        disabled: Some(disabled),
        ..UserChangeRequest::default()
    }
}

fn print_value(value: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(value) {
        print_text(&format!("{text}\n"));
    }
}

//! Arguments of `pantau user`.

use crate::access::{Role, TokenScope};
use crate::cli::backend::DEFAULT_CONFIG_PATH;
use crate::limits::TOKEN_DAYS_MAX;
use std::path::PathBuf;

/// Arguments of `pantau user`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct UserArgs {
    #[command(subcommand)]
    pub(super) command: UserCommand,
}

/// Options of every subcommand.
#[derive(Debug, clap::Args)]
pub(super) struct UserCommonArgs {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    pub(super) config: PathBuf,
    /// JSON output for scripts.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum UserCommand {
    List {
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Add {
        #[arg(value_name = "NAME")]
        user: String,
        #[arg(long, value_name = "viewer|technician|admin", default_value = Role::Viewer.word(),
            value_parser = parse_role)]
        role: Role,
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Password {
        #[arg(value_name = "NAME")]
        user: String,
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Role {
        #[arg(value_name = "NAME")]
        user: String,
        #[arg(value_name = "viewer|technician|admin", value_parser = parse_role)]
        role: Role,
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Disable {
        #[arg(value_name = "NAME")]
        user: String,
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Enable {
        #[arg(value_name = "NAME")]
        user: String,
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Remove {
        #[arg(value_name = "NAME")]
        user: String,
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    SetupCode {
        #[command(flatten)]
        common: UserCommonArgs,
    },
}

#[derive(Debug, clap::Subcommand)]
pub(super) enum TokenCommand {
    List {
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Add {
        #[arg(value_name = "NAME")]
        token_name: String,
        #[arg(long, value_name = "read|ledger|technician", default_value = TokenScope::Read.word(),
            value_parser = parse_scope)]
        scope: TokenScope,
        #[arg(long, value_name = "DAYS",
            value_parser = clap::value_parser!(u32).range(1..=i64::from(TOKEN_DAYS_MAX)))]
        days: Option<u32>,
        #[command(flatten)]
        common: UserCommonArgs,
    },
    Remove {
        #[arg(value_name = "NUMBER")]
        token_id: u64,
        #[command(flatten)]
        common: UserCommonArgs,
    },
}

impl UserCommand {
    /// Options of every subcommand.
    pub(super) fn common(&self) -> &UserCommonArgs {
        match self {
            Self::List { common }
            | Self::Add { common, .. }
            | Self::Password { common, .. }
            | Self::Role { common, .. }
            | Self::Disable { common, .. }
            | Self::Enable { common, .. }
            | Self::Remove { common, .. }
            | Self::SetupCode { common }
            | Self::Token {
                command:
                    TokenCommand::List { common }
                    | TokenCommand::Add { common, .. }
                    | TokenCommand::Remove { common, .. },
            } => common,
        }
    }

    /// Returns whether the command changes something.
    pub(super) fn is_change(&self) -> bool {
        !matches!(
            self,
            Self::List { .. }
                | Self::Token {
                    command: TokenCommand::List { .. }
                }
        )
    }
}

fn parse_role(word: &str) -> Result<Role, String> {
    let words = Role::ALL.map(Role::word).join(", ");
    word.parse().map_err(|()| words)
}

fn parse_scope(word: &str) -> Result<TokenScope, String> {
    let words = TokenScope::ALL.map(TokenScope::word).join(", ");
    word.parse().map_err(|()| words)
}

//! `pantau`: arguments, then the command they name.

use std::process::ExitCode;

fn main() -> ExitCode {
    let status = gateway::cli::main(std::env::args_os());
    ExitCode::from(status)
}

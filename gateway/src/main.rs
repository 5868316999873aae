//! The `pantau` binary: passes its arguments to the command line and exits with its status.

use std::process::ExitCode;

fn main() -> ExitCode {
    let status = gateway::cli::run_command_line(std::env::args_os());
    ExitCode::from(status)
}

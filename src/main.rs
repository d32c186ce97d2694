//! The `mailglass` command: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailglass::cli::run()
}

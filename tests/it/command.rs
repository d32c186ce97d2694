//! The command line as a user runs it.

use std::process::{Command, Output};

/// Runs mailglass to its end.
pub(crate) fn mailglass(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mailglass"))
        .args(args)
        .output()
        .expect("mailglass runs")
}

/// What it said beside its data.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

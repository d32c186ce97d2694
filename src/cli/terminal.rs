//! What people see: progress and messages on stderr, results on stdout.

use std::io::{IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use super::causes;
use crate::error::Error;
use crate::ingest::Progress;

/// A progress bar on stderr when that is a terminal, silent otherwise.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        if quiet || !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) =
            ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
        {
            bar.set_style(style);
        }
        bar.set_message("reading");
        Self(bar)
    }

    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn bytes(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

/// Text from a log may carry control characters that would command the terminal, and marks that reorder it.
pub(crate) fn harmless(text: &str) -> String {
    let reorders = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| {
            if c.is_control() || reorders(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Prints a line to stdout. A reader that has gone away is not an error.
pub(crate) fn print(text: &str) {
    // Nobody is left to be told.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// Prints a line to stderr.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Prints an error with its causes.
pub(crate) fn print_error(error: &Error) {
    let message: Vec<String> = error.to_string().lines().map(harmless).collect();
    warn(&format!("error: {}", message.join("\n")));
    for cause in causes(error) {
        warn(&format!("  caused by: {}", harmless(&cause)));
    }
}

/// A table without frames, as wide as the terminal.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    // Without a terminal (a file, a pipe) lines stay readable in an editor.
    table.set_width(terminal_width());
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| harmless(cell)).collect::<Vec<_>>());
    }
    table.to_string()
}

fn terminal_width() -> u16 {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    columns.filter(|&width| width >= 60).unwrap_or(140)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_cannot_command_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2Jb\u{202e}c"), "a\u{fffd}[2Jb\u{fffd}c");
    }
}

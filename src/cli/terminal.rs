//! What people see: progress and messages on stderr, results on stdout.

use std::borrow::Cow;
use std::io::{ErrorKind, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use super::causes;
use crate::chart::label::commands_or_reorders;
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

/// Longest text from a log that is shown; files hold all of it.
const LONGEST: usize = 240;
/// Longest advice: it may list every name that is accepted.
const LONGEST_ADVICE: usize = 2000;

/// One line of text that came from a log or a file name, fit to be shown: nothing in it commands the terminal, reorders
/// its text or floods it.
pub(crate) fn harmless(text: &str) -> String {
    harmless_up_to(LONGEST, text)
}

fn harmless_up_to(longest: usize, text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(longest)
        .map(|c| {
            if commands_or_reorders(c) {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect();
    if text.len() > shown.len() && text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

/// The last guard, for whole output: line ends stay, whatever else commands the terminal does not.
fn guarded(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c != '\n' && commands_or_reorders(c);
    if text.contains(harmful) {
        text.replace(harmful, "\u{fffd}").into()
    } else {
        text.into()
    }
}

/// Prints lines to stdout. A reader that has gone away is not an error; a full disk behind a redirection is.
///
/// # Errors
/// [`Error::Io`] when the text could not be written.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    let text = guarded(text);
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write", "standard output", error))
        }
        _ => Ok(()),
    }
}

/// Prints JSON to stdout. JSON can say any character in letters and digits, so nothing is lost by keeping the terminal safe.
///
/// # Errors
/// As [`print`].
pub(crate) fn print_json(text: &str) -> Result<(), Error> {
    let mut safe = String::with_capacity(text.len());
    let mut units = [0; 2];
    for c in text.chars() {
        if c != '\n' && commands_or_reorders(c) {
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    print(&safe)
}

/// Prints lines to stderr.
pub(crate) fn warn(text: &str) {
    // Nobody is left to be told.
    let _ = writeln!(std::io::stderr().lock(), "{}", guarded(text));
}

/// An error's message with its causes, in lines that are fit to be shown.
pub(crate) fn in_lines(error: &Error) -> String {
    let line = |text: &str| {
        let advises = text.starts_with("hint: ");
        harmless_up_to(if advises { LONGEST_ADVICE } else { LONGEST }, text)
    };
    let mut lines: Vec<String> = error.to_string().lines().map(line).collect();
    // The advice comes last, after what it is about.
    let advice = lines
        .iter()
        .position(|line| line.starts_with("hint: "))
        .map(|at| lines.split_off(at));
    for cause in causes(error) {
        lines.push(format!("  caused by: {}", harmless(&cause)));
    }
    lines.extend(advice.unwrap_or_default());
    lines.join("\n")
}

/// Prints an error with its causes.
pub(crate) fn print_error(error: &Error) {
    warn(&format!("error: {}", in_lines(error)));
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
        assert_eq!(
            harmless("\u{9b}31m\n\r\u{2028}"),
            "\u{fffd}31m\u{fffd}\u{fffd}\u{fffd}"
        );
        assert_eq!(guarded("a\nb\u{7}"), "a\nb\u{fffd}");
        assert_eq!(guarded("é\n"), "é\n");
    }

    #[test]
    fn long_names_do_not_flood_the_terminal() {
        assert_eq!(harmless(&"é".repeat(LONGEST)).chars().count(), LONGEST);
        let shown = harmless(&"n".repeat(1_000_000));
        assert_eq!(shown.chars().count(), LONGEST + 1);
        assert!(shown.ends_with('…'));
    }

    #[test]
    fn advice_may_list_all_that_is_accepted() {
        let names = "a_measure, ".repeat(60);
        let error = Error::Config {
            name: "x".repeat(1000),
            reason: "is no measure".to_owned(),
            remedy: names.clone(),
        };
        let said = in_lines(&error);
        assert!(said.contains(names.trim_end()), "{said}");
        let first = said.lines().next().expect("a line");
        assert_eq!(first.chars().count(), LONGEST + 1);
    }

    #[test]
    fn advice_follows_causes() {
        let full = Error::io("write", "run", ErrorKind::StorageFull.into());
        let said = in_lines(&full);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "cannot write run");
        assert!(lines[1].starts_with("  caused by: ") && lines[2].starts_with("hint: "));
    }
}

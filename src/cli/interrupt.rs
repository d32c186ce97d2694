//! Ctrl-C and polite requests to end.

use super::terminal::warn;
use crate::staging;

/// Lets an interrupt (SIGINT, SIGTERM) remove unfinished output, say so, and then end the process as it would have ended
/// anyway, so that shells and schedulers see what happened.
///
/// Where no handler can be installed, interrupts end the process at once; the next run clears away what is left.
#[cfg(unix)]
pub(crate) fn watch() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else {
        return;
    };
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else {
            return;
        };
        let _nothing_appears_any_more = staging::abandon();
        let name = if signal == SIGINT {
            "SIGINT"
        } else {
            "SIGTERM"
        };
        warn(&format!(
            "\ninterrupted ({name}): the inputs are as they were, and nothing half-written is left\nhint: start it again"
        ));
        // It does not return for these signals.
        let _ = emulate_default_handler(signal);
    });
}

/// Elsewhere the system's default holds.
#[cfg(not(unix))]
pub(crate) fn watch() {}

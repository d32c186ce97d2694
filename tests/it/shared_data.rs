//! Where the data that the project does not ship are found.

use std::path::PathBuf;

/// The folder named by `MAILGLASS_DATA`, by default `../shared/data`; `None` (with a word about it) when it is missing.
///
/// # Panics
/// Under CI a missing folder is a failure, so that nothing is skipped there in silence.
pub fn shared_data() -> Option<PathBuf> {
    let folder = std::env::var_os("MAILGLASS_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{} is missing; set MAILGLASS_DATA",
        folder.display()
    );
    eprintln!(
        "skipped: {} is missing; set MAILGLASS_DATA to the folder with the shared data",
        folder.display()
    );
    None
}

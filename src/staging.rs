//! Output under construction: what is written appears whole or not at all, and what a killed process leaves is cleared
//! away by the next one.
//!
//! Everything is written into a hidden folder beside its place and takes its name when it is complete. The folder holds
//! a file that its process keeps locked; the system lets go of the lock however the process ends, so an unlocked folder
//! is a leftover. A run directory that had stepped aside for its successor is put back from there.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;

/// How the hidden folders begin.
const PREFIX: &str = ".mailglass-";
/// Locked as long as the process that writes is alive; holds the name that the output will have.
const LOCK: &str = "lock";
/// The output, until it takes its name.
const NEW: &str = "new";
/// What had the name before.
const OLD: &str = "old";
/// Another process may take a folder for a leftover in the moment between its making and its locking.
const ATTEMPTS: usize = 16;

/// The folders of this process. Whoever holds the lock keeps every output from taking its name.
static ACTIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn active() -> MutexGuard<'static, Vec<PathBuf>> {
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A hidden folder; it goes away with its content when it is dropped.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    /// Kept for its lock.
    _lock: File,
}

impl Staging {
    /// Makes a hidden folder in the folder where `target` will be.
    pub(crate) fn beside(target: &Path) -> io::Result<Self> {
        Self::inside(
            &parent_of(target),
            target.file_name().unwrap_or_default().as_encoded_bytes(),
        )
    }

    /// Makes a hidden folder in `parent`, for output named `name`.
    fn inside(parent: &Path, name: &[u8]) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            // Made and remembered in one: an interrupt between the two would leave it behind.
            let mut held = active();
            let folder = tempfile::Builder::new()
                .prefix(PREFIX)
                .tempdir_in(parent)?
                .keep();
            held.push(folder.clone());
            drop(held);
            match lock(&folder, name) {
                Ok(Some(lock)) => {
                    return Ok(Self {
                        folder,
                        _lock: lock,
                    });
                }
                Ok(None) => forget(&folder),
                Err(error) => {
                    forget(&folder);
                    return Err(error);
                }
            }
        }
        Err(io::Error::other(
            "another process removes the folders of unfinished output as fast as they are made",
        ))
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the output is to be made.
    pub(crate) fn output(&self) -> PathBuf {
        self.folder.join(NEW)
    }

    /// Gives the output its name. What had the name before steps aside first, and returns if that fails.
    pub(crate) fn publish(self, target: &Path) -> io::Result<()> {
        // An interrupt waits until this is over.
        let held = active();
        let aside = self.folder.join(OLD);
        let replaces_folder = target.is_dir();
        if replaces_folder {
            fs::rename(target, &aside)?;
        }
        let renamed = fs::rename(self.output(), target);
        if renamed.is_err() && replaces_folder {
            fs::rename(&aside, target)?;
        }
        drop(held);
        renamed
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        forget(&self.folder);
    }
}

/// Removes a folder of this process. What cannot be removed now is a leftover for the next run.
fn forget(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
    active().retain(|other| other != folder);
}

/// Locks a new folder; `None` when another process took it for a leftover.
fn lock(folder: &Path, name: &[u8]) -> io::Result<Option<File>> {
    let path = folder.join(LOCK);
    let mut file = match File::create_new(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        // A file system without locks: nobody else can lock the folder either, and leftovers stay.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    file.write_all(name)?;
    Ok(path.exists().then_some(file))
}

/// Writes a file that appears whole or not at all: `write` is given the path to write to, which has the name of `target`
/// in another folder.
///
/// # Errors
/// What `write` says, or what `failed` makes of the system's refusal.
pub(crate) fn write_whole<E>(
    target: &Path,
    failed: impl Fn(io::Error) -> E,
    write: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    sweep(&parent_of(target));
    let staging = Staging::beside(target).map_err(&failed)?;
    // The extension may decide the format; the prefix keeps the name apart from those of this module.
    let mut name = std::ffi::OsString::from("file-");
    name.push(target.file_name().unwrap_or_default());
    let path = staging.folder.join(name);
    write(&path)?;
    fs::rename(&path, staging.output()).map_err(&failed)?;
    staging.publish(target).map_err(failed)
}

/// Checks that a file can be written, before the work that it is to hold is done.
///
/// # Errors
/// [`Error::Io`] when its folder is missing or refuses.
pub(crate) fn check_place(target: &Path) -> Result<(), Error> {
    sweep(&parent_of(target));
    Staging::beside(target)
        .map(drop)
        .map_err(|source| Error::io("write", target, source))
}

/// Removes what killed processes have left in a folder, and puts back a run directory that had stepped aside. What
/// cannot be removed stays: it is in nobody's way.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            sweep_one(folder, &entry.path());
        }
    }
}

fn sweep_one(parent: &Path, folder: &Path) {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .open(folder.join(LOCK));
    let Ok(mut lock) = opened else {
        // Killed before it was locked: nothing is in it yet. A folder with content is not ours.
        let _ = fs::remove_dir(folder);
        return;
    };
    if lock.try_lock().is_err() {
        return;
    }
    let mut name = String::new();
    let old = folder.join(OLD);
    if old.exists() {
        let told = lock.read_to_string(&mut name).is_ok();
        let mut parts = Path::new(&name).components();
        let plain = matches!(parts.next(), Some(Component::Normal(_))) && parts.next().is_none();
        let place = parent.join(&name);
        if told && plain && !place.exists() && fs::rename(&old, place).is_err() {
            return;
        }
    }
    let _ = fs::remove_dir_all(folder);
}

/// Removes all unfinished output of this process, which is about to end. As long as the result lives, nothing else takes
/// its name.
pub(crate) fn abandon() -> impl Sized {
    let held = active();
    for folder in held.iter() {
        // Other threads are still writing: what they add while the folder is emptied needs another round.
        for _ in 0..ATTEMPTS {
            if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
                break;
            }
        }
    }
    held
}

/// The folder that something is in.
pub(crate) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// What a process leaves that is killed at a point in its work.
    fn leftover(parent: &Path, name: &str, content: &[(&str, &str)]) -> PathBuf {
        let folder = parent.join(name);
        fs::create_dir(&folder).expect("a folder");
        for (file, text) in content {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    #[test]
    fn output_takes_its_name_and_nothing_else_stays() -> io::Result<()> {
        let parent = tempfile::tempdir()?;
        let target = parent.path().join("run");
        for round in ["first", "second"] {
            let staging = Staging::beside(&target)?;
            fs::create_dir(staging.output())?;
            fs::write(staging.output().join("x"), round)?;
            staging.publish(&target)?;
            assert_eq!(names(parent.path()), ["run"]);
            assert_eq!(fs::read_to_string(target.join("x"))?, round);
        }
        drop(Staging::beside(&target)?);
        assert_eq!(names(parent.path()), ["run"]);
        Ok(())
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() -> io::Result<()> {
        let parent = tempfile::tempdir()?;
        let target = parent.path().join("a.txt");
        write_whole(
            &target,
            |error| error,
            |path| {
                assert_eq!(path.extension(), target.extension());
                fs::write(path, "new")
            },
        )?;
        let failed = write_whole(
            &target,
            |error| error,
            |path| {
                fs::write(path, "ha")?;
                Err(io::ErrorKind::StorageFull.into())
            },
        );
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&target)?, "new");
        assert_eq!(names(parent.path()), ["a.txt"]);
        Ok(())
    }

    #[test]
    fn leftovers_of_the_dead_go_and_those_of_the_living_stay() -> io::Result<()> {
        let parent = tempfile::tempdir()?;
        let here = parent.path();
        leftover(here, ".mailglass-a", &[("lock", "run"), ("new/x", "half")]);
        leftover(here, ".mailglass-b", &[]);
        leftover(here, ".mailglass-c", &[("not ours", "")]);
        leftover(here, ".other-d", &[("lock", "run")]);
        let alive = Staging::beside(&here.join("run"))?;
        sweep(here);
        let alive_name = alive.folder().file_name().unwrap_or_default();
        let mut expected = vec![
            ".mailglass-c".to_owned(),
            ".other-d".to_owned(),
            alive_name.to_string_lossy().into_owned(),
        ];
        expected.sort();
        assert_eq!(names(here), expected);
        Ok(())
    }

    #[test]
    fn a_run_directory_that_had_stepped_aside_comes_back() -> io::Result<()> {
        let parent = tempfile::tempdir()?;
        let here = parent.path();
        leftover(
            here,
            ".mailglass-a",
            &[("lock", "run"), ("old/x", "old"), ("new/x", "new")],
        );
        sweep(here);
        assert_eq!(fs::read_to_string(here.join("run/x"))?, "old");
        // Its successor is in place already: the old one goes.
        leftover(here, ".mailglass-b", &[("lock", "run"), ("old/x", "older")]);
        // A name that leads elsewhere is not followed.
        leftover(
            here,
            ".mailglass-c",
            &[("lock", "../run2"), ("old/x", "old")],
        );
        sweep(here);
        assert_eq!(names(here), ["run"]);
        assert_eq!(fs::read_to_string(here.join("run/x"))?, "old");
        Ok(())
    }
}

//! Interrupts, polite and not.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{assert_ends, assert_whole, folder, mailglass, names, run, sample};

fn hidden(folder: &Path) -> Vec<String> {
    let mut names = names(folder);
    names.retain(|name| name.starts_with('.'));
    names
}

fn start(out: &Path, more: &[&str]) -> Child {
    mailglass()
        .arg("analyze")
        .arg(sample())
        .arg("--out")
        .arg(out)
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Waits until the run directory is half written: its first table is there, its page is not.
fn wait_for_writing(folder: &Path) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let written = |name: &String| folder.join(name).join("new/sessions.csv").exists();
        if hidden(folder).iter().any(written) {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("nothing was written: {:?}", names(folder));
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.is_ok_and(|status| status.success()), "kill {signal}");
}

/// Ends an analysis by a signal while it writes.
fn interrupted(out: &Path, signal: &str, more: &[&str]) -> Output {
    let child = start(out, more);
    wait_for_writing(out.parent().expect("a parent"));
    send(&child, signal);
    child.wait_with_output().expect("it ends")
}

#[test]
fn an_interrupt_removes_what_is_half_written_and_says_so() {
    let here = folder();
    let out = here.path().join("run");
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let output = interrupted(&out, signal, &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(number), "{said}");
        assert!(
            said.contains("interrupted (SIG") && said.contains("hint: "),
            "{said}"
        );
        assert!(names(here.path()).is_empty(), "{:?}", names(here.path()));
    }
}

#[test]
fn an_interrupt_leaves_the_older_run_directory() {
    let here = folder();
    let out = here.path().join("run");
    assert_ends(
        &run(mailglass()
            .arg("analyze")
            .arg(sample())
            .arg("--out")
            .arg(&out)),
        0,
        &[],
    );
    let output = interrupted(&out, "-INT", &["--force"]);
    assert_eq!(output.status.signal(), Some(2));
    assert_whole(&out);
    assert_eq!(names(here.path()), ["run"]);
}

#[test]
fn what_a_killed_run_leaves_is_cleared_away_by_the_next() {
    let here = folder();
    let out = here.path().join("run");
    let output = interrupted(&out, "-KILL", &[]);
    assert_eq!(output.status.signal(), Some(9));
    assert!(!out.exists());
    assert_eq!(hidden(here.path()).len(), 1);
    // What a living process is writing is left alone.
    let mut other = start(&here.path().join("other"), &[]);
    let next = run(mailglass()
        .arg("analyze")
        .arg(sample())
        .arg("--out")
        .arg(&out));
    assert_ends(&next, 0, &[]);
    assert!(other.wait().is_ok_and(|status| status.success()));
    assert_whole(&out);
    assert_whole(&here.path().join("other"));
    assert_eq!(names(here.path()), ["other", "run"]);
}

#[test]
fn an_interrupt_while_reading_ends_at_once() {
    let here = folder();
    let out = here.path().join("run");
    let child = mailglass()
        .args(["analyze", "-", "--out"])
        .arg(&out)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    std::thread::sleep(Duration::from_millis(300));
    let sent = Instant::now();
    send(&child, "-INT");
    let mut child = child;
    let input = child.stdin.take();
    let output = child.wait_with_output().expect("it ends");
    drop(input);
    assert!(sent.elapsed() < Duration::from_secs(10));
    assert_eq!(output.status.signal(), Some(2));
    assert!(names(here.path()).is_empty());
}

/// An experiment that simulates for long enough to be interrupted; its own folder for temporary files shows what it leaves
/// there.
fn experiment(here: &Path, temporary: &Path) -> Child {
    let spec = here.join("spec.toml");
    let text = "name = \"tiny\"\ntitle = \"?\"\nseeds = [0]\n[[tenant]]\nname = \"office\"\npeople = 60\ndays = 30\n";
    std::fs::write(&spec, text).expect("a specification");
    mailglass()
        .arg("experiment")
        .arg(spec)
        .arg("--out")
        .arg(here)
        .env("TMPDIR", temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// Waits until the tenant is under way.
fn wait_for_tenant(folder: &Path) {
    let begun = Instant::now();
    while !folder.is_dir() || hidden(folder).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no tenant");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn an_interrupted_experiment_leaves_no_tenant() {
    let (here, temporary) = (folder(), folder());
    let out = here.path().join("tiny");
    let child = experiment(here.path(), temporary.path());
    wait_for_tenant(&out);
    send(&child, "-INT");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.signal(), Some(2));
    assert_eq!(names(&out), ["cells"]);
    assert!(names(&out.join("cells")).is_empty());
    assert!(names(temporary.path()).is_empty());

    // What a killed one leaves goes with the next.
    let child = experiment(here.path(), temporary.path());
    wait_for_tenant(&out);
    send(&child, "-KILL");
    child.wait_with_output().expect("it ends");
    assert_eq!(hidden(&out).len(), 1);
    let output = experiment(here.path(), temporary.path())
        .wait_with_output()
        .expect("it ends");
    assert!(output.status.success());
    assert!(hidden(&out).is_empty(), "{:?}", names(&out));
    assert!(names(temporary.path()).is_empty());
}

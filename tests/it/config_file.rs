//! Options that are kept in a file, and the record of every file that decided what came out.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::command::{mailglass, stderr};

/// Four records a day of a mailbox, for days of March 2024.
fn log(days: std::ops::RangeInclusive<u32>) -> String {
    days.flat_map(|day| (8..12).map(move |hour| (day, hour)))
        .map(|(day, hour)| {
            format!(
                r#"{{"CreationTime":"2024-03-{day:02}T{hour:02}:00:00","Id":"00000000-0000-0000-{day:04}-{hour:012}","Operation":"MailItemsAccessed","RecordType":50,"UserId":"ann@contoso.example","Workload":"Exchange","MailboxOwnerUPN":"ann@contoso.example","ClientIPAddress":"198.51.100.7","ClientInfoString":"Client=REST;;","OperationProperties":[{{"Name":"MailAccessType","Value":"Bind"}}],"Folders":[{{"FolderItems":[{{"InternetMessageId":"<{day}.{hour}@x>","SizeInBytes":10}}],"Path":"\\Inbox"}}],"OperationCount":1}}"#
            ) + "\n"
        })
        .collect()
}

/// A folder with two logs and room for configurations in a folder of its own.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(desk.0.path().join("conf")).expect("a folder");
        desk.write("past.json", &log(1..=20));
        desk.write("later.json", &log(21..=22));
        desk
    }

    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        path.to_str().expect("UTF-8").to_owned()
    }

    fn write(&self, name: &str, content: &str) -> String {
        fs::write(self.path(name), content).expect("written");
        self.path(name)
    }

    fn sha256(&self, name: &str) -> String {
        let bytes = fs::read(self.path(name)).expect("a file");
        let digest = Sha256::digest(bytes);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Runs a command over a log into a run directory, and reads its summary.
    fn summary(&self, command: &str, log: &str, run: &str, more: &[&str]) -> Value {
        let (log, run) = (self.path(log), self.path(run));
        let mut args = vec![command, &log, "--out", &run, "--quiet"];
        args.extend(more);
        let output = mailglass(&args);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = fs::read_to_string(Path::new(&run).join("summary.json")).expect("a summary");
        serde_json::from_str(&text).expect("JSON")
    }
}

#[test]
fn a_file_keeps_options_and_the_command_line_overrides_it() {
    let desk = Desk::new();
    let config = desk.write(
        "conf/tenant.toml",
        "time-zone = \"Europe/Warsaw\"\nallow = \"allow.toml\"\ngeoip = []\nalerts-per-day = 1\nwarm-up = 3\nsilence = 45\nseed = 7\n",
    );
    desk.write(
        "conf/allow.toml",
        "[[allow]]\nnetwork = \"198.51.100.7\"\nreason = \"the office\"\n",
    );
    let kept = desk.summary("analyze", "past.json", "kept", &["--config", &config]);
    let of = |at: &str| kept.pointer(at).cloned().unwrap_or_default();
    assert_eq!(of("/parameters/time_zone"), "Europe/Warsaw");
    assert_eq!(of("/parameters/rank/flags/alerts_per_day"), 1.0);
    assert_eq!(of("/parameters/rank/warm_up_days"), 3);
    assert_eq!(of("/parameters/session/silence_ms"), 45 * 60_000);
    assert_eq!(of("/seed"), 7);
    assert_eq!(of("/allow_list/path"), desk.path("conf/allow.toml"));
    assert_eq!(of("/allow_list/sha256"), desk.sha256("conf/allow.toml"));

    let more = ["--config", &config, "--fdr", "0.1", "--time-zone", "UTC"];
    let other = desk.summary("analyze", "past.json", "other", &more);
    let rank = &other["parameters"]["rank"];
    assert_eq!(rank["flags"]["false_discovery_rate"], 0.1, "{rank}");
    assert_eq!(rank["warm_up_days"], 3);
    assert_eq!(other["parameters"]["time_zone"], "UTC");
}

#[test]
fn a_summary_names_every_file_that_decided() {
    let desk = Desk::new();
    let plain = desk.summary("analyze", "past.json", "plain", &[]);
    assert!(plain["allow_list"].is_null() && plain["model"].is_null());
    assert_eq!(plain["geo_databases"], serde_json::json!([]));
    assert!(plain["timings"]["report"].as_f64() > Some(0.0));

    let config = desk.write("conf/tenant.toml", "alerts-per-day = 0.5\nwarm-up = 4\n");
    let (past, model) = (desk.path("past.json"), desk.path("model"));
    let args = [
        "fit", &past, "--model", &model, "--config", &config, "--quiet",
    ];
    let fitted = mailglass(&args);
    assert!(fitted.status.success(), "{}", stderr(&fitted));
    let before = desk.sha256("model");
    // What a model was learned with stays; of the file, `score` takes the rest.
    let config = desk.write(
        "conf/tenant.toml",
        "alerts-per-day = 2\ntime-zone = \"Asia/Tokyo\"\n",
    );
    let more = ["--model", &model, "--update", "--config", &config];
    let scored = desk.summary("score", "later.json", "scored", &more);
    let parameters = &scored["parameters"];
    assert_eq!(parameters["rank"]["flags"]["alerts_per_day"], 0.5);
    assert_eq!(parameters["time_zone"], "Asia/Tokyo");
    assert_eq!(scored["model"]["path"], model.as_str());
    assert_eq!(scored["model"]["sha256"], before.as_str());
    assert_ne!(before, desk.sha256("model"), "the model was updated after");
}

#[test]
fn a_bad_file_is_refused_with_line_and_remedy() {
    let desk = Desk::new();
    let cases = [
        ("seed = 1\nalerts = 2\n", "line 2: unknown field `alerts`"),
        ("alerts-per-day = \"two\"\n", "line 1: "),
        ("warm-up = -1\n", "line 1: "),
        ("seed = 1\nsilence =\n", "line 2: "),
        ("\nalerts-per-day = 0\n", "line 2: alerts-per-day: 0 is out"),
        ("fdr = 0.1\nalerts-per-day = 1\n", "line 1: fdr: "),
        ("time-zone = \"Mars/Olympus\"\n", "line 1: time-zone: "),
        ("seed = 1\n\nsilence = 0\n", "line 3: silence: 0 minutes"),
    ];
    let (log, run) = (desk.path("past.json"), desk.path("run"));
    let refused = |config: &str, says: &str| {
        let output = mailglass(&["analyze", &log, "--out", &run, "--config", config]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says) && said.contains("hint: "), "{said}");
        assert!(!Path::new(&run).exists());
        said
    };
    for (text, says) in cases {
        let config = desk.write("conf/tenant.toml", text);
        assert!(refused(&config, says).contains("tenant.toml"), "{text}");
    }
    let config = desk.write("conf/tenant.toml", "allow = \"none.toml\"\n");
    refused(&config, "none.toml does not exist");
    refused(&desk.path("conf/none.toml"), "does not exist");
}

#[test]
fn an_allow_list_entry_that_can_match_nothing_is_refused() {
    let desk = Desk::new();
    let (log, run) = (desk.path("past.json"), desk.path("run"));
    for (entry, says) in [
        ("network = \"10.0.0.0/8\"", "entry 1: 10.0.0.0/8 is wider"),
        ("network = \"head office\"", "entry 1: \"head office\" is"),
        ("session = \"7\"", "entry 1: \"7\" is no session_id"),
        ("netwrk = \"198.51.100.0/24\"", "line 3: unknown field"),
    ] {
        let list = desk.write(
            "allow.toml",
            &format!("[[allow]]\nreason = \"x\"\n{entry}\n"),
        );
        let output = mailglass(&["analyze", &log, "--out", &run, "--allow", &list]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says) && said.contains("hint: "), "{said}");
    }
}

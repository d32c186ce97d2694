//! The map in ARCHITECTURE.md is true: imports point one way, and each library stays where it belongs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the bottom to the top; a module may import modules above it in this list only.
const ORDER: &[&[&str]] = &[
    &["error"],
    &["staging", "turn", "amount", "seeded"],
    &["event"],
    &["ingest"],
    &["session"],
    &["allow"],
    &["feature"],
    &["isolation"],
    &["baseline"],
    &["rank"],
    &["model"],
    &["explain"],
    &["chart"],
    &["pipeline"],
    &["report"],
    &["simulate"],
    &["experiment"],
    &["cli"],
];

/// Modules that a library may be used in; everywhere else it is a violation.
const LIBRARIES: &[(&str, &[&str])] = &[
    (
        "polars",
        &["error", "event", "ingest", "report", "experiment"],
    ),
    ("polars_arrow", &["ingest"]),
    ("polars_io", &["ingest", "report", "experiment"]),
    ("polars_parquet", &["ingest"]),
    ("plotters", &["chart"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli"]),
    ("indicatif", &["cli"]),
    ("linfa_clustering", &["baseline"]),
    ("maxminddb", &["ingest"]),
];

fn sources() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![root.clone()];
    let mut modules: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                fs::read_dir(&path)
                    .expect("a source folder")
                    .map(|entry| entry.expect("an entry").path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(&root).expect("below src");
            let first = relative
                .components()
                .next()
                .expect("a name")
                .as_os_str()
                .to_string_lossy()
                .into_owned();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("source text");
            modules.entry(module).or_default().push((path, text));
        }
    }
    modules
}

/// Source lines before the unit tests, which may use what they like.
fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    let tests = text.find("\n#[cfg(test)]\nmod ").unwrap_or(text.len());
    text[..tests]
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

fn imported_modules(line: &str) -> Vec<String> {
    line.match_indices("crate::")
        .filter_map(|(at, found)| {
            let rest = &line[at + found.len()..];
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect();
            (!name.is_empty()).then_some(name)
        })
        .collect()
}

#[test]
fn imports_point_one_way() {
    let height = |module: &str| ORDER.iter().position(|level| level.contains(&module));
    let mut violations = Vec::new();
    for (module, files) in sources() {
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let own = height(&module)
            .unwrap_or_else(|| panic!("src/{module} has no place in the map: add it to ORDER"));
        for (path, text) in files {
            for line in code_lines(&text) {
                // Its modules could not be told from the names in them.
                let grouped = line.contains("crate::{");
                assert!(!grouped, "{}: {}", path.display(), line.trim());
                for import in imported_modules(line) {
                    if height(&import).is_some_and(|other| other > own) {
                        violations.push(format!("{}: {}", path.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(
        violations.is_empty(),
        "imports that point the wrong way:\n{}",
        violations.join("\n")
    );
}

#[test]
fn libraries_stay_where_they_belong() {
    let mut violations = Vec::new();
    for (module, files) in sources() {
        for (path, text) in files {
            for line in code_lines(&text) {
                for (library, allowed) in LIBRARIES {
                    let used = line.contains(&format!("{library}::"))
                        || line.contains(&format!("use {library};"));
                    if used && !allowed.contains(&module.as_str()) {
                        violations.push(format!("{}: {}", path.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(
        violations.is_empty(),
        "libraries out of place:\n{}",
        violations.join("\n")
    );
}

#[test]
fn the_isolation_forest_knows_nothing_of_mail() {
    for (path, text) in &sources()["isolation"] {
        for line in code_lines(text) {
            for import in imported_modules(line) {
                assert_eq!(import, "isolation", "{}: {}", path.display(), line.trim());
            }
        }
    }
}

/// What writes to the terminal or to files, and the modules that may.
const OUTPUT: &[(&[&str], &[&str])] = &[
    (
        &["println!", "eprintln!", "print!(", "stdout()", "stderr()"],
        &["cli", "main"],
    ),
    (
        &["File::create", "fs::write", "NamedTempFile"],
        &[
            "staging",
            "ingest",
            "model",
            "chart",
            "report",
            "simulate",
            "experiment",
            "cli",
        ],
    ),
];

#[test]
fn only_some_modules_print_and_write() {
    let mut violations = Vec::new();
    for (module, files) in sources() {
        for (path, text) in files {
            for line in code_lines(&text) {
                for (calls, allowed) in OUTPUT {
                    let used = calls.iter().any(|call| line.contains(call));
                    if used && !allowed.contains(&module.as_str()) {
                        violations.push(format!("{}: {}", path.display(), line.trim()));
                    }
                }
            }
        }
    }
    assert!(
        violations.is_empty(),
        "printing or writing out of its place:\n{}",
        violations.join("\n")
    );
}

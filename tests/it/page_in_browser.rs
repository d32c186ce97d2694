//! The page in a real browser: it opens without errors, sorts, filters, narrows to a phone, and prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::report::sample_run;

/// Debian's Chromium, or one of its other names.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|n| folder.join(n))
        })
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "chromium is missing: apt-get install chromium"
        );
        eprintln!("skipped: chromium is missing: apt-get install chromium");
    }
    found
}

struct Browser {
    program: PathBuf,
    page: PathBuf,
    dir: tempfile::TempDir,
}

impl Browser {
    fn open() -> Option<Self> {
        let program = chromium()?;
        let dir = tempfile::tempdir().expect("a folder");
        let page = sample_run(dir.path()).join("report.html");
        Some(Self { program, page, dir })
    }

    fn run(&self, fragment: &str, args: &[&str]) -> Output {
        let profile = tempfile::tempdir_in(self.dir.path()).expect("a folder");
        let output = Command::new(&self.program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--enable-logging=stderr",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(args)
            .arg(format!("file://{}{fragment}", self.page.display()))
            .output()
            .expect("chromium runs");
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{log}");
        let complaints: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("CONSOLE"))
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
        output
    }

    fn document(&self, fragment: &str) -> String {
        let output = self.run(fragment, &["--dump-dom"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

/// The rows of the table of flagged sessions as the browser has them: whether hidden, and the cells' text.
fn rows(document: &str) -> Vec<(bool, Vec<String>)> {
    let start = document.find("<table id=\"flagged\"").expect("the table");
    let table = &document[start..];
    let body =
        &table[table.find("<tbody>").expect("its body")..table.find("</tbody>").expect("its end")];
    body.split("<tr")
        .skip(1)
        .map(|row| {
            let hidden = row[..row.find('>').expect("the tag")].contains("hidden");
            let cells = row.split("<td").skip(1).map(|cell| {
                let cell = &cell[cell.find('>').expect("the tag") + 1..];
                let mut inside = String::new();
                let mut tag = false;
                for c in cell.split("</td>").next().unwrap_or_default().chars() {
                    match c {
                        '<' => tag = true,
                        '>' => tag = false,
                        c if !tag => inside.push(c),
                        _ => {}
                    }
                }
                inside.trim().to_owned()
            });
            (hidden, cells.collect())
        })
        .collect()
}

#[test]
fn it_opens_sorts_and_filters_without_complaints() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let plain = browser.document("");
    let by_rank = rows(&plain);
    assert!(by_rank.len() > 1);
    let ranks: Vec<u64> = by_rank
        .iter()
        .map(|(_, cells)| cells[0].parse().expect("a rank"))
        .collect();
    assert!(ranks.is_sorted());
    assert!(by_rank.iter().all(|(hidden, _)| !hidden));
    let all = format!("{0} of {0}", by_rank.len());
    assert!(plain.contains(&all), "the script counted: {all}");

    let sorted = browser.document("#sort=read&dir=descending");
    // Of "1,204 items, 3 folders" the numbers.
    let amount = |cell: &str| -> u64 {
        let numbers = cell.split(' ').map(|word| word.replace(',', ""));
        numbers.filter_map(|word| word.parse::<u64>().ok()).sum()
    };
    let items: Vec<u64> = rows(&sorted)
        .iter()
        .map(|(_, cells)| amount(&cells[5]))
        .collect();
    assert_eq!(items.len(), by_rank.len());
    assert!(items.is_sorted_by(|a, b| a >= b), "{items:?}");
    assert!(sorted.contains("aria-sort=\"descending\""));

    let mailbox = by_rank[0].1[3].clone();
    let filtered = rows(&browser.document(&format!("#filter={mailbox}")));
    let (kept, hidden): (Vec<_>, Vec<_>) = filtered.into_iter().partition(|(hidden, _)| !hidden);
    assert!(!kept.is_empty() && !hidden.is_empty());
    assert!(kept.iter().all(|(_, cells)| cells[3] == mailbox));
    assert!(
        hidden
            .iter()
            .all(|(_, cells)| cells.iter().all(|cell| !cell.contains(&mailbox)))
    );
}

#[test]
fn it_prints_and_narrows() {
    let Some(browser) = Browser::open() else {
        return;
    };
    let pdf = browser.file("page.pdf");
    let print = format!("--print-to-pdf={}", pdf.display());
    browser.run("", &["--no-pdf-header-footer", &print]);
    let bytes = fs::read(&pdf).expect("a PDF");
    assert!(bytes.starts_with(b"%PDF-"));
    assert!(bytes.len() > 50_000, "{} bytes", bytes.len());

    for width in [1300u32, 500] {
        let shot = browser.file(&format!("{width}.png"));
        let to = format!("--screenshot={}", shot.display());
        let size = format!("--window-size={width},1600");
        browser.run("", &["--hide-scrollbars", &size, &to]);
        assert_eq!(picture_size(&shot), (width, 1600));
    }
}

/// What was read once ran over the campaign beside it.
#[test]
fn no_cell_of_the_table_runs_into_the_next() {
    let Some(mut browser) = Browser::open() else {
        return;
    };
    let page = fs::read_to_string(&browser.page).expect("a page");
    let (before, policy) = page
        .split_once("<meta http-equiv=\"Content-Security-Policy\"")
        .expect("a policy");
    let (_, after) = policy.split_once('>').expect("its end");
    assert!(after.contains(" items, ") && after.contains(" folders</td>"));
    // The policy would not let this run.
    let measure = "<script>addEventListener('load', () => { const wide = [...document.querySelectorAll('#flagged td')].filter(cell => \
                   cell.scrollWidth > cell.clientWidth); document.title = 'wide: ' + wide.map(cell => cell.textContent).join('|'); });</script>";
    browser.page = browser.file("measured.html");
    fs::write(&browser.page, format!("{before}{after}{measure}")).expect("written");
    for width in [1000, 1300, 1600] {
        let size = format!("--window-size={width},1600");
        let output = browser.run("", &["--dump-dom", &size]);
        let document = String::from_utf8_lossy(&output.stdout).into_owned();
        let title = document.split("<title>").nth(1).unwrap_or_default();
        assert!(
            title.starts_with("wide: </title>"),
            "{width}: {}",
            title.chars().take(200).collect::<String>()
        );
    }
}

fn picture_size(path: &Path) -> (u32, u32) {
    let file = std::io::BufReader::new(fs::File::open(path).expect("a picture"));
    let reader = png::Decoder::new(file).read_info().expect("a PNG file");
    (reader.info().width, reader.info().height)
}

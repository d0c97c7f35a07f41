//! `afford report --html` as a reader uses it: every shipped scenario's page is opened in headless
//! Chromium, where a probe switches series off, asks points, zooms, sorts and filters, and listens
//! for script errors and for anything that the page's policy had to stop. Where there is no
//! Chromium, that test says that it was skipped; the others need none.
#![allow(clippy::unwrap_used)]

use afford::catalog::Catalog;
use afford::spec::Kind;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the probe does in a page, and what it tells the page around it.
const PROBE: &str = include_str!("html/probe.js");
/// Chromium under the names that it is installed by.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

fn page(scenario: &str, file: &Path, more: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_afford"));
    let args = ["report", scenario, "--html", file.to_str().unwrap()];
    let output = program.args(more).args(args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{scenario}: {stderr}");
    assert!(output.stdout.is_empty() && stderr.starts_with("wrote "), "{scenario}: {stderr}");
    std::fs::read_to_string(file).unwrap()
}

fn scenarios() -> Vec<String> {
    Catalog::default().list(Kind::Scenario).into_iter().map(|entry| entry.name).collect()
}

fn browser() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let named = BROWSERS.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
    named.into_iter().find(|path| path.is_file())
}

/// The page with an ear for errors before its own scripts and the probe behind them.
fn probed(page: &str, name: &str) -> String {
    let ear = "<script>const complaints = [];\n\
               addEventListener('error', (e) => complaints.push(String(e.message)));\n\
               addEventListener('securitypolicyviolation', (e) => complaints.push(e.blockedURI));\n\
               </script>";
    let probe = format!("<script>const pageName = {name:?};\n{PROBE}</script>");
    let heard = page.replacen("<style>", &format!("{ear}<style>"), 1);
    heard.replacen("</body>", &format!("{probe}</body>"), 1)
}

/// A page that holds all others, waits for what their probes say, and shows it.
fn around(names: &[String]) -> String {
    let frame = |name: &String| {
        format!("<iframe src=\"{name}.html\" width=\"1200\" height=\"2400\"></iframe>\n")
    };
    let frames: String = names.iter().map(frame).collect();
    format!(
        "<!doctype html><meta charset=\"utf-8\"><pre id=\"verdicts\">[]</pre>\n<script>\n\
         const all = [];\n\
         addEventListener('message', (e) => {{ all.push(e.data);\n\
         document.getElementById('verdicts').textContent = JSON.stringify(all); }});\n\
         </script>\n{frames}"
    )
}

fn dump(browser: &Path, folder: &Path) -> String {
    let profile = folder.join("profile");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", folder.join("all.html").display()))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn pages_answer_a_reader_in_a_browser_without_errors() {
    let Some(browser) = browser() else {
        eprintln!("skipped: no Chromium on this machine, so no page was opened");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let names = scenarios();
    for name in &names {
        let file = folder.path().join(format!("{name}.html"));
        let text = page(name, &file, &[]);
        std::fs::write(&file, probed(&text, name)).unwrap();
    }
    std::fs::write(folder.path().join("all.html"), around(&names)).unwrap();
    let dom = dump(&browser, folder.path());
    let (_, rest) = dom.split_once("<pre id=\"verdicts\">").unwrap();
    let (json, _) = rest.split_once("</pre>").unwrap();
    let json = json.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let verdicts: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert_eq!(verdicts.len(), names.len(), "{json}");
    let mut done = [0; 5];
    for verdict in &verdicts {
        let name = verdict["page"].as_str().unwrap();
        assert_eq!(verdict["complaints"], serde_json::json!([]), "{name}");
        assert_eq!(verdict["failures"], serde_json::json!([]), "{name}");
        assert_eq!(verdict["sorted"], verdict["tables"], "{name}: every table was sorted");
        assert_eq!(verdict["drawn"], verdict["figures"], "{name}: every chart was drawn");
        for (sum, what) in done.iter_mut().zip(["sorted", "drawn", "toggled", "asked", "zoomed"]) {
            *sum += verdict[what].as_u64().unwrap();
        }
    }
    assert!(done.iter().all(|sum| *sum >= 4), "{done:?}");
}

#[test]
fn a_page_needs_nothing_but_itself_and_is_the_same_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["attention_design", "step3_paper"] {
        let file = folder.path().join("page.html");
        let text = page(name, &file, &["--threads", "1"]);
        assert_eq!(text, page(name, &file, &["--threads", "3"]), "{name}");
        for loading in ["src=", "href=\"http", "@import", "url(http", "fetch(", "XMLHttpRequest"] {
            assert!(!text.contains(loading), "{name} has {loading}");
        }
        assert!(text.contains("default-src 'none'"));
        let rows = |text: &str| text.matches("<tr>").count();
        assert!(rows(&text) > 100, "{name} has {} rows", rows(&text));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_wrong_file_name_is_refused_and_a_scenario_s_words_are_no_markup() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("sharp.yaml");
    let yaml = "name: sharp\ntitle: \"a<b>&</script><script>alert(1)</script>\"\n\
                models: [{name: step-3}]\nhardware: [{name: h800, label: \"<i>\"}]\n\
                contexts_tokens: 8Ki\n";
    std::fs::write(&scenario, yaml).unwrap();
    let file = folder.path().join("sharp.html");
    let text = page(scenario.to_str().unwrap(), &file, &[]);
    assert!(!text.contains("<script>alert") && !text.contains("<i>"));
    assert!(text.contains("a&lt;b&gt;&amp;&lt;/script&gt;"));
    let args = ["report", "step3_l20", "--html", "page.pdf"];
    let output = Command::new(env!("CARGO_BIN_EXE_afford")).args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("is no HTML file"), "{complaint}");
    assert!(!Path::new("page.pdf").exists());
}

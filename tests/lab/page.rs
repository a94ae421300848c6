//! The report in a browser: no error on its console, no request to anybody, something to look at.

use super::campaigns::{Scratch, campaign};
use gohmap::layout::mem::HAVE_ASM;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Chromium, by one of its names.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    names.into_iter().find(|name| {
        let mut command = Command::new(name);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    })
}

/// What a browser says of a page.
struct Seen {
    console: Vec<String>,
    /// Addresses that were asked for, the page's own left out.
    requests: Vec<String>,
    screenshot: Vec<u8>,
}

fn look(browser: &str, page: &Path, dir: &Scratch) -> Seen {
    let (log, shot) = (dir.path("net.json"), dir.path("page.png"));
    let _ = fs::remove_file(&log);
    let url = format!("file://{}", page.display());
    let out = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"])
        .args(["--disable-extensions", "--disable-default-apps", "--window-size=1180,2600", "--timeout=20000"])
        .args([format!("--user-data-dir={}", dir.path("profile")), format!("--log-net-log={log}")])
        .args(["--enable-logging=stderr", &format!("--screenshot={shot}"), &url])
        .output()
        .expect("the browser starts");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let console = said.lines().filter(|l| l.contains(":CONSOLE")).map(str::to_owned).collect();
    let net: Value = serde_json::from_slice(&fs::read(&log).expect("a log of the network")).expect("JSON");
    let events = net["events"].as_array().expect("events");
    let asked = events.iter().filter_map(|e| e["params"]["url"].as_str());
    // What the browser wants of its maker is not the page's doing.
    let own = |u: &str| u.contains("google") || u.contains("gvt1.com");
    let mut requests: Vec<String> = asked.filter(|u| u.starts_with("http") && !own(u)).map(str::to_owned).collect();
    requests.dedup();
    Seen { console, requests, screenshot: fs::read(&shot).unwrap_or_default() }
}

#[test]
fn the_report_in_a_browser() {
    if !HAVE_ASM {
        return;
    }
    let Some(browser) = browser() else {
        println!("SKIPPED: no Chromium here, so nobody has looked at the report");
        return;
    };
    let dir = Scratch::new("page");
    // The check must see what it is there for.
    let bad = dir.path("bad.html");
    let text = "<!doctype html><script>console.error('broken')</script><img src=\"http://127.0.0.1:9/x.png\">";
    fs::write(&bad, text).expect("a page");
    let seen = look(browser, Path::new(&bad), &dir);
    assert!(seen.console.iter().any(|l| l.contains("broken")), "{:?}", seen.console);
    assert!(seen.requests.iter().any(|u| u == "http://127.0.0.1:9/x.png"), "{:?}", seen.requests);

    let out = dir.path("campaign");
    campaign(&out, &["--samples", "20000", "--target", "header", "buckets", "pages", "pointers", "stores"]);
    let seen = look(browser, &Path::new(&out).join("report.html"), &dir);
    assert_eq!((seen.console, seen.requests), (Vec::new(), Vec::new()));
    assert!(
        seen.screenshot.starts_with(b"\x89PNG") && seen.screenshot.len() > 30_000,
        "{} bytes",
        seen.screenshot.len()
    );
    if let Some(keep) = std::env::var_os("GOHMAP_SCREENSHOT") {
        fs::write(keep, seen.screenshot).expect("the screenshot is kept");
    }
}

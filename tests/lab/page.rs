//! The report in a browser: no error on its console, no request to anybody, something to look at.

use super::browser::Browser;
use super::campaigns::{Scratch, campaign};
use gohmap::layout::mem::HAVE_ASM;
use std::fs;
use std::path::Path;

#[test]
fn the_report_in_a_browser() {
    if !HAVE_ASM {
        return;
    }
    let Some(mut browser) = Browser::start("report") else { return };
    let dir = Scratch::new("page");
    // The check must see what it is there for.
    let bad = dir.path("bad.html");
    let text = "<!doctype html><script>console.error('broken')</script><img src=\"http://127.0.0.1:9/x.png\">";
    fs::write(&bad, text).expect("a page");
    browser.open(Path::new(&bad), "");
    assert!(browser.console.iter().any(|l| l.contains("broken")), "{:?}", browser.console);
    assert!(browser.requests.iter().any(|u| u == "http://127.0.0.1:9/x.png"), "{:?}", browser.requests);

    let out = dir.path("campaign");
    campaign(&out, &["--samples", "20000", "--target", "header", "buckets", "pages", "pointers", "stores"]);
    browser.console.clear();
    browser.requests.clear();
    browser.resize(1180, 2600, false);
    browser.open(&Path::new(&out).join("report.html"), "");
    assert_eq!(browser.console, Vec::<String>::new());
    assert!(
        browser.requests.iter().all(|u| u == "about:blank" || u.ends_with("/report.html")),
        "{:?}",
        browser.requests
    );
    let png = browser.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.png"));
    assert!(png.len() > 30_000, "{} bytes", png.len());
}

//! `gohmap view`: its page in a browser, held against what `gohmap dump` and `gohmap trace` say; the command from outside.

use crate::browser::Browser;
use crate::scripts::{HASH0, Script, fails, gohmap};
use crate::trace::churn;
use gohmap::inspect::trace::{Event, Line};
use gohmap::version::GoVersion;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Makes the page of a script or an experiment.
fn view(what: &str, name: &str, more: &[&str]) -> PathBuf {
    let file = scratch(name);
    let said = gohmap(&[&["view", what, "-o", file.to_str().expect("UTF-8")], more].concat());
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""), "{what}");
    assert!(said.out.starts_with(file.to_str().expect("UTF-8")), "{}", said.out);
    file
}

/// What the page and a dump must both say: fields of the header by name, then the entries of every bucket by its name.
#[derive(Debug, PartialEq, Eq)]
struct Memory {
    header: Vec<(String, String)>,
    buckets: Vec<String>,
}

/// A line of a dump that holds an entry: its slot, key and element.
fn entry(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [slot, top, rest @ ..] = &words[..] else { return None };
    let top = u8::from_str_radix(top, 16).ok()?;
    (top >= 5).then(|| format!("slot {slot}: {}", rest.join(" = ")))
}

/// What `gohmap dump` says of a map after an operation.
fn dumped(script: &str, op: usize) -> Memory {
    let said = gohmap(&["dump", script, "--at", &op.to_string()]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    let mut memory = Memory { header: Vec::new(), buckets: Vec::new() };
    for line in said.out.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with("  +") {
            let bytes = words[1..].iter().take_while(|w| w.len() == 2 && u8::from_str_radix(w, 16).is_ok()).count();
            // A field whose name is two hexadecimal digits there is not.
            let value = words[bytes + 2].trim_end_matches(':');
            memory.header.push((words[bytes + 1].to_owned(), value.to_owned()));
        } else if line.starts_with("  ") && line.contains("bucket") && line.contains(" at 0x") {
            memory.buckets.push(line.trim().split(" at 0x").next().unwrap_or_default().to_owned());
        } else if let (Some(entry), Some(b)) =
            (entry(line).filter(|_| line.starts_with("    ")), memory.buckets.last_mut())
        {
            let _ = write!(b, "; {entry}");
        }
    }
    memory
}

/// What the page shows, from what it tells those who cannot see it.
fn shown(browser: &mut Browser) -> Memory {
    let labels = "[...document.querySelectorAll('.chain svg[role=img]')].map(e => e.getAttribute('aria-label'))";
    let labels = browser.eval(labels);
    let bucket = |l: &Value| {
        let parts: Vec<&str> = l.as_str().expect("a label").split("; ").collect();
        let entries = parts[1..].iter().filter(|p| p.contains(" = "));
        std::iter::once(&parts[0]).chain(entries).copied().collect::<Vec<_>>().join("; ")
    };
    let buckets = labels.as_array().expect("labels").iter().map(bucket).collect();
    let header = browser.text("document.querySelector('#header svg').getAttribute('aria-label')");
    let fields = header.trim_start_matches("Header: ").split("; ");
    let header = fields
        .map(|f| {
            let (name, value) = f.split_once(' ').expect("a name");
            (name.to_owned(), value.split(", before ").next().unwrap_or_default().to_owned())
        })
        .collect();
    Memory { header, buckets }
}

fn now(browser: &mut Browser) -> usize {
    browser.number("Number(document.querySelector('#slider').value)") as usize
}

/// Asserts that nothing has gone wrong, and that nobody was asked for anything.
#[track_caller]
fn quiet(browser: &Browser) {
    assert_eq!(browser.console, Vec::<String>::new());
    let own = |u: &String| u == "about:blank" || (u.starts_with("file://") && u.contains(".html"));
    assert!(browser.requests.iter().all(own), "{:?}", browser.requests);
}

/// Growths, deletes, overflow chains: 16 buckets at most, so that all are on the screen.
fn lived_in() -> Script {
    let mut s = Script::new("u64", 0);
    (0..90).for_each(|k| s.line(&format!("set m {k} {}", k + 1000)));
    (0..90).step_by(3).for_each(|k| s.line(&format!("del m {k}")));
    s.line("get m 7");
    s.line("get m 999");
    s
}

#[test]
fn the_slider_moves_and_shows_what_a_step_changes() {
    let s = lived_in();
    let script = s.file("view-moves.txt");
    let page = view(&script, "view-moves.html", &[]);
    let Some(mut b) = Browser::start("view-moves") else { return };
    b.resize(1360, 1500, false);
    b.open(&page, "");
    let steps = s.trace(GoVersion::V1_22).len();
    assert_eq!((now(&mut b), b.number("Number(document.querySelector('#slider').max)") as usize), (1, steps));
    b.screenshot(&scratch("view-1-start.png"));

    // By the keyboard.
    for step in 2..=5 {
        b.key("ArrowRight");
        assert_eq!(now(&mut b), step);
    }
    let said = b.text("document.querySelector('#say').textContent");
    assert!(said.starts_with("Changed: count 3 → 4; bucket 0 slot 3"), "{said}");
    assert_eq!(b.text("document.querySelector('#text').textContent"), "set m 3 1003");
    // Mark, key and element of that slot are marked, and nothing else.
    assert_eq!(b.number("document.querySelectorAll('#new .cell.changed').length"), 1.0);
    assert_eq!(
        b.text("[...document.querySelectorAll('#new text.new')].map(t => t.lastChild.textContent).join()"),
        "▸ changed · 4 of 8,▸3,3,1003"
    );
    assert_eq!(b.number("document.querySelectorAll('#header .byte.changed').length"), 1.0);
    b.screenshot(&scratch("view-2-a-key.png"));
    for (key, step) in
        [("PageUp", 15), ("ArrowLeft", 14), ("PageDown", 4), ("End", steps), ("ArrowRight", steps), ("Home", 0)]
    {
        b.key(key);
        assert_eq!(now(&mut b), step, "{key}");
    }

    // By the mouse: from the left end to the middle.
    let (from, to) = (b.place("#slider", 0.005), b.place("#slider", 0.5));
    b.drag(from, to);
    assert!(now(&mut b).abs_diff(steps / 2) <= 2, "{}", now(&mut b));
    let before = b.text("document.querySelector('main').innerHTML");
    b.click("#forward");
    assert_ne!(b.text("document.querySelector('main').innerHTML"), before);
    b.click("#back");
    assert_eq!(b.text("document.querySelector('main').innerHTML"), before, "there and back again");

    // Playing ends at the end.
    b.click("#last");
    assert!(b.eval("document.querySelector('#forward').disabled").as_bool().expect("a bool"));
    b.eval("go(film.steps.length - 3)");
    b.eval("document.querySelector('#speed').value = 40");
    b.click("#play");
    b.eval("new Promise(done => { const t = setInterval(() => { if (!timer) { clearInterval(t); done(1) } }, 20) })");
    assert_eq!(now(&mut b), steps);
    quiet(&b);
}

/// The page is right at every step, whichever way it was reached.
#[test]
fn every_step_is_what_dump_says() {
    let churned = churn("u64");
    let (grown, grows) = (lived_in(), |lines: &[Line]| lines.iter().any(|l| matches!(l.event, Event::Grow { .. })));
    for (name, s) in [("churn", churned), ("grown", grown)] {
        let script = s.file(&format!("view-{name}.txt"));
        let page = view(&script, &format!("view-{name}.html"), &[]);
        let Some(mut b) = Browser::start(&format!("view-{name}")) else { return };
        b.open(&page, "#step=1");
        let ops = s.trace(GoVersion::V1_22);
        // Growths and what comes after them, and some others.
        let of_note = |i: &usize| i.is_multiple_of(23) || (i.saturating_sub(3)..=*i).any(|j| grows(&ops[j].1));
        let steps: Vec<usize> = (0..ops.len()).filter(of_note).map(|i| i + 1).collect();
        assert!(steps.len() > 8, "{steps:?}");
        for step in steps.iter().chain(steps.iter().rev()) {
            b.eval(&format!("location.hash = 'step={step}'; new Promise(done => setTimeout(done, 0))"));
            assert_eq!(now(&mut b), *step);
            let (page, dump) = (shown(&mut b), dumped(&script, *step));
            assert_eq!(page, dump, "{name}, step {step}");
        }
        let growing = ops.iter().position(|o| grows(&o.1)).expect("a growth");
        b.resize(1360, 1900, true);
        b.open(&page, &format!("#step={}", growing + 1));
        b.screenshot(&scratch(&format!("view-3-{name}.png")));
        quiet(&b);
    }
}

#[test]
fn where_a_key_is_and_why() {
    let mut s = Script::new("u64", 26);
    let keys = s.keys_in(2, 1, 10);
    keys.iter().for_each(|k| s.line(&format!("set m {k} 5")));
    s.line(&format!("del m {}", keys[4]));
    let page = view(&s.file("view-find.txt"), "view-find.html", &[]);
    let Some(mut b) = Browser::start("view-find") else { return };
    b.resize(1360, 1300, false);
    b.open(&page, "#step=99");
    assert_eq!(now(&mut b), 12);
    let mut find = |key: &str| {
        b.key("Escape");
        b.eval("document.querySelector('#key').value = ''; document.querySelector('#slider').focus()");
        b.key("/");
        b.write(key);
        b.key("Enter");
        b.text("document.querySelector('#found').innerText")
    };
    let (ninth, hash) = (keys[8], s.hash(keys[8]));
    let said = find(&ninth.to_string());
    for part in [
        format!("{ninth} is in overflow 1 of bucket 1, slot 0."),
        format!("Its hash is {hash:#018x}, with hash0 {HASH0:#x}."),
        "B is 2: the lowest 2 bits, 01, say bucket 1 of 4.".to_owned(),
        format!("tophash {:02x}", s.top(ninth)),
        "The bucket before it in the chain was full when it came.".to_owned(),
    ] {
        assert!(said.contains(&part), "{part:?} is not in {said}");
    }
    let gone = find(&keys[4].to_string());
    assert!(gone.contains("is not in the map; its bytes are left in bucket 1, slot 4, marked emptyOne."), "{gone}");
    assert!(find("nothing").contains("nothing is not in the map at this step."));
    find(&ninth.to_string());
    assert_eq!(b.number("document.querySelectorAll('.lit').length"), 1.0);
    b.screenshot(&scratch("view-4-found.png"));
    // Back when it had not come yet.
    b.eval("go(3); search()");
    assert!(b.text("document.querySelector('#found').innerText").contains("It comes with step 10"));
    b.click("#found button");
    assert_eq!(now(&mut b), 10);
    quiet(&b);
}

#[test]
fn light_dark_and_narrow() {
    let page = view(&lived_in().file("view-looks.txt"), "view-looks.html", &["--go", "1.24-noswiss"]);
    let Some(mut b) = Browser::start("view-looks") else { return };
    let background = "getComputedStyle(document.body).backgroundColor";
    b.resize(1360, 1200, false);
    b.open(&page, "#step=30");
    let light = b.text(background);
    b.click("#theme");
    let dark = b.text(background);
    assert_ne!(light, dark);
    b.resize(1360, 1200, true);
    b.open(&page, "#step=30");
    assert_eq!(b.text(background), dark, "as the system has it");
    b.click("#theme");
    assert_eq!(b.text(background), light);
    // 56 bytes.
    assert_eq!(b.number("document.querySelectorAll('#header .byte').length"), 56.0);
    b.resize(360, 2400, false);
    b.open(&page, "#step=30");
    assert!(b.number("document.documentElement.scrollWidth") <= 360.0, "nothing sticks out");
    b.screenshot(&scratch("view-5-narrow.png"));
    quiet(&b);
}

#[test]
fn thousands_of_buckets_and_what_is_left_out() {
    let mut s = Script::new("u64", 0);
    s.line("fill m 0 60000");
    s.line("set m 60000 1");
    s.line("del m 7");
    let script = s.file("view-big.txt");
    // A map that is large from the first step shown on: 8192 buckets, of which not all fit.
    let late = view(&script, "view-late.html", &["--op", "60002.."]);
    let size = fs::metadata(&late).expect("a page").len();
    assert!(size < 6_000_000, "{size} bytes");
    // More steps than fit.
    let full = scratch("view-full.html");
    let said = gohmap(&["view", &script, "-o", full.to_str().expect("UTF-8"), "--json"]);
    let said: Value = serde_json::from_str(&said.out).expect("JSON");
    let (steps, bytes) = (said["steps"].as_u64().expect("a number"), said["bytes"].as_u64().expect("a number"));
    assert!((5_000..60_003).contains(&steps) && bytes < 7_000_000 && said["operations"] == 60_003, "{said}");
    let left = format!("The page is full after operation {steps} of 60003: gohmap view --op {}..", steps + 1);
    assert!(said["left_out"][0].as_str().expect("a sentence").starts_with(&left), "{said}");
    let Some(mut b) = Browser::start("view-big") else { return };
    b.resize(1360, 1300, false);
    b.open(&late, "#step=2");
    let footer = b.text("document.querySelector('#footer').textContent");
    assert!(footer.contains("buckets that no step touches, only the number of entries is there"), "{footer}");
    let m = "film.maps[0]";
    let count = b.number(&format!("{m}.number('count')"));
    assert_eq!(count, 60_000.0);
    let walked = b.number(&format!(
        "['old', 'new'].flatMap(s => Array.from({{ length: {m}.arrays[s]?.n ?? 0 }}, (_, i) => {m}.fullness(s, i))).reduce((a, b) => a + b)"
    ));
    assert_eq!(walked, count);
    // The window is where the step has happened; it can be moved.
    assert!(b.number("document.querySelectorAll('.card.found, .changed').length") > 0.0);
    b.eval("(() => { const i = document.querySelector('#new input'); i.value = 8000; i.dispatchEvent(new Event('change')) })()");
    assert!(b.text("document.querySelector('#new .chain svg').getAttribute('aria-label')").starts_with("bucket 8000"));
    b.screenshot(&scratch("view-6-big.png"));
    b.open(&full, "");
    b.key("End");
    assert_eq!(now(&mut b) as u64, steps);
    quiet(&b);
}

#[test]
fn faults_are_steps_and_nothing_comes_from_elsewhere() {
    let page = view("overflow-cycle-range", "view-cycle.html", &[]);
    let text = fs::read_to_string(&page).expect("a page");
    let addresses: Vec<&str> = text.matches("http://www.w3.org/2000/svg").collect();
    assert_eq!(text.matches("http").count(), addresses.len() + text.matches("http-equiv").count());
    let Some(mut b) = Browser::start("view-cycle") else { return };
    b.open(&page, "#step=1");
    assert!(b.text("document.querySelector('#say').textContent").starts_with("A fault strikes. Changed: bucket 0."));
    assert!(b.text("document.querySelector('#header').innerText").contains("comes back to bucket 0"));
    assert!(b.text("document.querySelector('#about').textContent").contains("Outcome: hang"));
    // Where Go dies, the page tells its words.
    let page = view("concurrent-read", "view-dies.html", &[]);
    b.open(&page, "#step=99");
    let said = b.text("document.querySelector('#way').innerText");
    for part in [
        "mapaccess2_fast64",
        "hashWriting: another goroutine is writing",
        "fatal error: concurrent map read and map write",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    b.screenshot(&scratch("view-7-dies.png"));
    quiet(&b);
}

/// What is stored by pointer changes while its slot stays the same.
#[test]
fn elements_behind_pointers() {
    let mut s = Script::new("u64", 0);
    s.text = s.text.replace(" u64 ", " big ");
    ["set m 1 1", "set m 1 2", "get m 1"].iter().for_each(|l| s.line(l));
    let page = view(&s.file("view-big-elems.txt"), "view-big-elems.html", &[]);
    let text = fs::read_to_string(page).expect("a page");
    let data = text.split_once("id=\"data\">").and_then(|t| t.1.split_once("</script>")).expect("the page's data").0;
    let data: Value = serde_json::from_str(data).expect("JSON");
    let buckets = |step: usize| data["steps"][step]["d"]["b"].clone();
    let (first, second, third) = (buckets(1), buckets(2), buckets(3));
    assert!(first[0][3][2].as_str().expect("an element").starts_with("[1 "), "{first}");
    assert!(second[0][3][2].as_str().expect("an element").starts_with("[2 "), "{second}");
    // The mark, the pointers and the bucket's place are the same; a read changes nothing.
    assert_eq!((&second[0][1], &second[0][2], &third), (&Value::from(0), &Value::from(-2), &Value::Null));
}

#[test]
fn bad_inputs_in_one_line() {
    let mut s = Script::new("u64", 0);
    s.line("set m 1 1");
    let file = s.file("view-small.txt");
    let page = scratch("view-small.html");
    let page = page.to_str().expect("UTF-8");
    assert!(
        fails(&["view", &file, "-o", "/nowhere/map.html"], 1).contains("/nowhere/map.html cannot be written: No such")
    );
    assert!(fails(&["view", &file, "-o", page, "--op", "7.."], 1).contains("there is no operation 7: there are 2"));
    assert!(fails(&["view", "stop-the-wrld", "-o", page], 1).contains("did you mean \"stop-the-world\"?"));
    assert!(fails(&["view", "/nowhere", "-o", page], 1).contains("there is no file /nowhere"));
    assert!(fails(&["view", &file], 2).contains("--output"));
    let two = scratch("view-two.toml");
    let one = |name| {
        format!(
            "[[experiment]]\nname = \"{name}\"\nabout = \"Reads\"\nmap = \"small\"\nsteps = [\"read 3\"]\nfaults = []\nexpect = {{ outcome = \"masked\" }}\n"
        )
    };
    fs::write(&two, one("one") + &one("other")).expect("a file");
    let said = fails(&["view", two.to_str().expect("UTF-8"), "-o", page], 1);
    assert!(said.contains("has 2 experiments (one, other): a page shows one"), "{said}");
    s.line("frobnicate m");
    let wrong = s.file("view-wrong.txt");
    assert!(fails(&["view", &wrong, "-o", page], 1).contains("view-wrong.txt:5: unknown operation"));
    // What was there stays, and nothing is left beside it.
    let dir = scratch("view-dir");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join("map.html")).expect("a folder in the page's place");
    fs::write(dir.join("map.html/x"), "").expect("a file");
    let to = dir.join("map.html");
    assert!(fails(&["view", &file, "-o", to.to_str().expect("UTF-8")], 1).contains("cannot be written"));
    assert_eq!(fs::read_dir(&dir).expect("a folder").count(), 1);
}

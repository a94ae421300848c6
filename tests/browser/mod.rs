//! A headless Chromium that tests drive over its debugging pipe: real keys, a real mouse, its console, its requests.

#![allow(dead_code, reason = "each test uses what it needs")]

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// An answer takes this long at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    profile: PathBuf,
    to: ChildStdin,
    from: Receiver<Value>,
    events: VecDeque<Value>,
    last: u64,
    session: String,
    /// What the page has said on its console, exceptions too.
    pub(crate) console: Vec<String>,
    /// Addresses that the page has asked for, its own too.
    pub(crate) requests: Vec<String>,
}

impl Browser {
    /// Starts Chromium by one of its names. `None`, said aloud, when there is none.
    pub(crate) fn start(name: &str) -> Option<Self> {
        let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        let Some(found) = names.into_iter().find(|name| {
            let mut command = Command::new(name);
            command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
        }) else {
            tell(&format!("SKIPPED: no Chromium here, so nobody looks at pages ({name})"));
            return None;
        };
        let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&profile);
        // The browser reads commands from descriptor 3 and answers on 4.
        let mut child = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#, found])
            .args(["--remote-debugging-pipe", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--disable-extensions", "--disable-default-apps", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let to = child.stdin.take().expect("a pipe");
        let mut answers = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).is_ok_and(|n| n > 0) {
                message.pop();
                let value = serde_json::from_slice(&message).expect("the browser speaks JSON");
                if sender.send(value).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let (session, events) = (String::new(), VecDeque::new());
        let (console, requests) = (Vec::new(), Vec::new());
        let mut b = Self { child, profile, to, from, events, last: 0, session, console, requests };
        let target = b.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attached = b.call("Target.attachToTarget", &json!({ "targetId": target["targetId"], "flatten": true }));
        b.session = attached["sessionId"].as_str().expect("a session").to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            b.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(b)
    }

    fn receive(&mut self) -> Value {
        let message = self.from.recv_timeout(PATIENCE).expect("the browser answers");
        let p = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Runtime.consoleAPICalled" => self.console.push(format!("{}: {}", p["type"], p["args"])),
            "Runtime.exceptionThrown" => self.console.push(p["exceptionDetails"].to_string()),
            "Log.entryAdded" => self.console.push(p["entry"].to_string()),
            "Network.requestWillBeSent" => {
                self.requests.push(p["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            "" => {}
            _ => self.events.push_back(message.clone()),
        }
        message
    }

    /// Calls a method of the protocol.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser listens");
        loop {
            let answer = self.receive();
            if answer["id"] == json!(self.last) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
        }
    }

    /// Opens a file, at a fragment (`#…`) of it if one is given.
    pub(crate) fn open(&mut self, file: &Path, fragment: &str) {
        // Another fragment of the same page would load nothing.
        for url in ["about:blank".to_owned(), format!("file://{}{fragment}", file.display())] {
            self.events.clear();
            self.call("Page.navigate", &json!({ "url": url }));
            while !self.events.iter().any(|e| e["method"] == "Page.loadEventFired") {
                self.receive();
            }
        }
    }

    /// The value of an expression on the page.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let said = self.call("Runtime.evaluate", &params);
        assert!(said["exceptionDetails"].is_null(), "{expression}: {}", said["exceptionDetails"]);
        said["result"]["value"].clone()
    }

    /// The text of an expression.
    #[track_caller]
    pub(crate) fn text(&mut self, expression: &str) -> String {
        let value = self.eval(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression}: {value} is no text")).to_owned()
    }

    /// The number of an expression.
    #[track_caller]
    pub(crate) fn number(&mut self, expression: &str) -> f64 {
        let value = self.eval(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression}: {value} is no number"))
    }

    /// Presses a key: `ArrowRight`, `Enter`, `a`.
    pub(crate) fn key(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            " " => 32,
            "PageUp" => 33,
            "PageDown" => 34,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => u32::from(key.bytes().next().unwrap_or_default().to_ascii_uppercase()),
        };
        let text = match key {
            "Enter" => "\r",
            k if k.len() == 1 => k,
            _ => "",
        };
        let down = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        for kind in [down, "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" {
                params["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", &params);
        }
    }

    /// Types into what has the focus.
    pub(crate) fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Presses the mouse at a place, drags it to another, and lets go.
    pub(crate) fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        let moves = [("mouseMoved", from), ("mousePressed", from), ("mouseMoved", to), ("mouseReleased", to)];
        for (kind, (x, y)) in moves {
            let (button, buttons) = if kind == "mouseReleased" { ("left", 0) } else { ("left", 1) };
            let params = json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", &params);
        }
    }

    /// Clicks on the middle of an element.
    pub(crate) fn click(&mut self, selector: &str) {
        let at = self.place(selector, 0.5);
        self.drag(at, at);
    }

    /// Where an element is: so far along its width, half way down.
    pub(crate) fn place(&mut self, selector: &str, along: f64) -> (f64, f64) {
        let at = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'center' }}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width * {along}, b.y + b.height / 2]; }})()"
        ));
        (at[0].as_f64().expect("a number"), at[1].as_f64().expect("a number"))
    }

    /// The size of the window in pixels, and whether the system is dark.
    pub(crate) fn resize(&mut self, width: u32, height: u32, dark: bool) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// Takes a picture of the window, and says where it is.
    pub(crate) fn screenshot(&mut self, file: &Path) -> Vec<u8> {
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let png = BASE64_STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64");
        assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000, "{}: {} bytes", file.display(), png.len());
        fs::write(file, &png).expect("the picture is kept");
        tell(&format!("screenshot: {}", file.display()));
        png
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// Writes a line that is seen also when the test passes.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

//! Reading a crash: the panics or the fatal error, the signal, the goroutines. Log prefixes and other lines between are no
//! hindrance; nothing is demanded of the text.

use serde_json::Value;

/// `[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x411fb5]`, or the same from a crash dump.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signal {
    /// `SIGSEGV`.
    pub name: String,
    /// `si_code`.
    pub code: Option<u64>,
    /// `si_addr`.
    pub addr: Option<u64>,
    /// The instruction.
    pub pc: u64,
}

/// A frame of a traceback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The function, without its arguments: `runtime.mapaccess1_fast64`.
    pub func: String,
    /// Words of the arguments, in order; `None` for one that is marked as unreliable (`?`), and for what is no number.
    pub args: Vec<Option<u64>>,
    /// File and line, when the next line tells them.
    pub at: Option<String>,
}

/// A goroutine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Goroutine {
    /// Its number; `None` for the runtime's own stack.
    pub id: Option<u64>,
    /// `running`, `chan receive` and so on.
    pub state: String,
    /// Innermost first.
    pub frames: Vec<Frame>,
    /// The function whose `go` statement it comes from.
    pub created_by: Option<String>,
}

/// An access that the race detector tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// `Write`, `Previous read` and so on.
    pub what: String,
    /// The address.
    pub addr: u64,
    /// Functions, innermost first.
    pub frames: Vec<String>,
}

/// A crash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Texts of the panics, the oldest first; each with whether it had been recovered.
    pub panics: Vec<(String, bool)>,
    /// The text of `fatal error:`.
    pub fatal: Option<String>,
    /// `unexpected fault address`.
    pub fault_address: Option<u64>,
    /// The signal.
    pub signal: Option<Signal>,
    /// The signal was not turned into a panic: the dump of a crash in C or in the runtime itself.
    pub dump: bool,
    /// `signal arrived during cgo execution`.
    pub in_cgo: bool,
    /// Lines `runtime: …` that came before.
    pub details: Vec<String>,
    /// What the race detector tells of.
    pub race: Vec<Access>,
    /// All goroutines, the crashed one first.
    pub goroutines: Vec<Goroutine>,
}

/// The line without what loggers put in front of it.
fn bare(line: &str) -> String {
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.starts_with('{')
        && let Ok(Value::Object(o)) = serde_json::from_str::<Value>(line)
    {
        for key in ["log", "message", "msg", "MESSAGE", "line", "text"] {
            if let Some(Value::String(s)) = o.get(key) {
                return bare(s.trim_end_matches('\n'));
            }
        }
    }
    let mut rest = line;
    loop {
        let cut = stamp(rest).or_else(|| stream(rest)).or_else(|| unit(rest));
        match cut {
            Some(shorter) if shorter.len() < rest.len() => rest = shorter,
            _ => return rest.to_owned(),
        }
    }
}

/// Cuts a date or time: `2024-05-01T10:00:00.123Z `, `[2024-05-01 10:00:00] `, `May  1 10:00:00 `, `2024/05/01 10:00:00 `.
fn stamp(s: &str) -> Option<&str> {
    let inner = s.strip_prefix('[').unwrap_or(s);
    if let Some(rest) = month(inner) {
        return Some(rest);
    }
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    let sep = inner.as_bytes().get(digits).copied()?;
    if !(matches!((digits, sep), (4, b'-' | b'/') | (2, b':'))) {
        return None;
    }
    let of_stamp = |c: char| c.is_ascii_digit() || "-/:.,+TZ".contains(c);
    let end = inner.find(|c| !of_stamp(c))?;
    let rest = &inner[end..];
    let rest = rest.strip_prefix(']').unwrap_or(rest);
    rest.strip_prefix(' ').or_else(|| rest.starts_with('\t').then_some(rest))
}

/// Cuts `May  1 10:00:00 host `.
fn month(s: &str) -> Option<&str> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let rest = MONTHS.iter().find_map(|m| s.strip_prefix(m))?.strip_prefix(' ')?.trim_start_matches(' ');
    let (day, rest) = rest.split_once(' ')?;
    let (time, rest) = rest.split_once(' ')?;
    let host = rest.find(' ')?;
    (day.parse::<u8>().is_ok() && time.matches(':').count() == 2).then(|| &rest[host + 1..])
}

/// Cuts `stderr F ` of container runtimes, and `name  | ` of compose.
fn stream(s: &str) -> Option<&str> {
    for tag in ["stderr F ", "stdout F ", "stderr P ", "stdout P "] {
        if let Some(rest) = s.strip_prefix(tag) {
            return Some(rest);
        }
    }
    let (name, rest) = s.split_once(" | ").or_else(|| s.split_once("| "))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_. ".contains(c);
    (!name.is_empty() && name.len() < 64 && !name.starts_with(' ') && name.chars().all(plain)).then_some(rest)
}

/// Cuts `server[4711]: ` of syslog and the journal.
fn unit(s: &str) -> Option<&str> {
    let (name, rest) =
        s.split_once("]: ").or_else(|| s.split_once("]:").filter(|(_, r)| r.is_empty() || r.starts_with('\t')))?;
    let (name, pid) = name.split_once('[')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.@/".contains(c);
    (!name.is_empty() && name.chars().all(plain) && !pid.is_empty() && pid.bytes().all(|b| b.is_ascii_digit()))
        .then_some(rest)
}

/// A hexadecimal or decimal number at the start.
fn number(s: &str) -> Option<u64> {
    match s.strip_prefix("0x") {
        Some(hex) => {
            let end = hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len());
            u64::from_str_radix(&hex[..end], 16).ok()
        }
        None => {
            let end = s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
            s[..end].parse().ok()
        }
    }
}

fn field(s: &str, name: &str) -> Option<u64> {
    s.find(name).and_then(|i| number(&s[i + name.len()..]))
}

const SIGNALS: [&str; 9] = [
    "SIGSEGV: segmentation violation",
    "SIGBUS: bus error",
    "SIGFPE: floating-point exception",
    "SIGABRT: abort",
    "SIGQUIT: quit",
    "SIGILL: illegal instruction",
    "SIGTRAP: trace trap",
    "SIGSYS: bad system call",
    "SIGTERM: termination",
];

impl Report {
    /// The first crash in a text; `None` when there is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let lines: Vec<String> = text.lines().map(bare).collect();
        let mut r = Self::default();
        let mut i = lines.iter().position(|l| begins(l))?;
        // Details come before `fatal error:`.
        let mut first = i;
        while first > 0 && (lines[first - 1].starts_with("runtime: ") || lines[first - 1].starts_with("object=")) {
            first -= 1;
        }
        for l in &lines[first..i] {
            r.details.push(l.clone());
        }
        while i < lines.len() {
            let line = &lines[i];
            if r.head(line) {
                i += 1;
                continue;
            }
            if line.starts_with("==================") && !r.race.is_empty() {
                break;
            }
            if let Some(g) = header(line) {
                // A second crash in the same text is not this one's.
                let (g, next) = goroutine(g, &lines, i + 1);
                r.goroutines.push(g);
                i = next;
                continue;
            }
            if !r.goroutines.is_empty() && begins(line) {
                break;
            }
            i += 1;
        }
        let race = r.race.is_empty();
        (!race || !r.panics.is_empty() || r.fatal.is_some() || r.signal.is_some()).then_some(r)
    }

    /// Takes a line of the head; whether it was one.
    fn head(&mut self, line: &str) -> bool {
        let open = self.goroutines.is_empty();
        // Something without a newline may stand before it.
        let after = |mark: &str| line.find(mark).map(|at| &line[at + mark.len()..]);
        if !self.race.is_empty() || line.starts_with("WARNING: DATA RACE") {
            return self.race_line(line);
        }
        if !open {
            return false;
        }
        if let Some(fatal) = after("fatal error: ").filter(|_| self.fatal.is_none()) {
            self.fatal = Some(fatal.to_owned());
        } else if let Some(panic) = after("panic: ").filter(|_| self.fatal.is_none()) {
            let recovered = panic.ends_with(" [recovered]") || panic.ends_with(" [recovered, repanicked]");
            let text = panic.trim_end_matches(" [recovered]").trim_end_matches(" [recovered, repanicked]");
            self.panics.push((text.to_owned(), recovered));
        } else if let Some(addr) = after("unexpected fault address ") {
            self.fault_address = number(addr);
        } else if let Some(s) = after("[signal ") {
            let name = s.split([':', ' ']).next().unwrap_or_default().to_owned();
            let pc = field(s, "pc=").unwrap_or(0);
            self.signal = Some(Signal { name, code: field(s, "code="), addr: field(s, "addr="), pc });
        } else if let Some(name) = SIGNALS.iter().find(|n| line.starts_with(**n)) {
            self.dump = true;
            let name = name.split(':').next().unwrap_or_default().to_owned();
            self.signal = Some(Signal { name, ..Signal::default() });
        } else if let Some(s) = self.signal.as_mut().filter(|_| self.dump && line.starts_with("PC=")) {
            s.pc = field(line, "PC=").unwrap_or(0);
            s.code = field(line, "sigcode=");
            s.addr = field(line, "addr=");
        } else if line.starts_with("signal arrived during cgo execution") {
            self.in_cgo = true;
        } else if line.starts_with("runtime: ") {
            self.details.push(line.to_owned());
        } else {
            return false;
        }
        true
    }

    fn race_line(&mut self, line: &str) -> bool {
        let shown = line.trim_end();
        if let Some((what, rest)) = shown.split_once(" at 0x") {
            let addr = number(&format!("0x{rest}")).unwrap_or(0);
            self.race.push(Access { what: what.to_owned(), addr, frames: Vec::new() });
            return true;
        }
        if line.starts_with("WARNING: DATA RACE") {
            self.race.push(Access::default());
            return true;
        }
        if shown.starts_with("Goroutine ") {
            // Where it was created is nobody's access.
            self.race.push(Access { what: "created".to_owned(), ..Access::default() });
            return true;
        }
        if let (Some(func), Some(last)) =
            (shown.strip_prefix("  ").filter(|f| !f.starts_with(' ')), self.race.last_mut())
        {
            last.frames.push(func.trim_end_matches("()").to_owned());
        }
        !shown.starts_with("==================")
    }

    /// The goroutine that crashed.
    #[must_use]
    pub fn crashed(&self) -> Option<&Goroutine> {
        let running = |g: &&Goroutine| g.state.starts_with("running") || g.state.starts_with("syscall");
        let known = |g: &&Goroutine| g.id.is_some();
        self.goroutines.iter().filter(known).find(running).or_else(|| self.goroutines.iter().find(known))
    }

    /// Go's words: the last panic, or the fatal error.
    #[must_use]
    pub fn headline(&self) -> String {
        if !self.race.is_empty() {
            return "WARNING: DATA RACE".to_owned();
        }
        match (&self.fatal, self.panics.last(), &self.signal) {
            (Some(fatal), ..) => format!("fatal error: {fatal}"),
            (None, Some((panic, _)), _) => format!("panic: {panic}"),
            (None, None, Some(s)) => s.name.clone(),
            (None, None, None) => String::new(),
        }
    }

    /// Frames of the crashed goroutine and of the runtime's own stack, innermost first.
    pub(super) fn frames(&self) -> impl Iterator<Item = &Frame> {
        let system = self.goroutines.iter().filter(|g| g.id.is_none()).flat_map(|g| &g.frames);
        system.chain(self.crashed().into_iter().flat_map(|g| &g.frames))
    }
}

/// Whether a crash begins with this line.
fn begins(line: &str) -> bool {
    let anywhere = ["fatal error: ", "unexpected fault address 0x", "WARNING: DATA RACE"];
    // A panic at the start of its line, or behind text that had no newline.
    let panics =
        line.find("panic: ").is_some_and(|at| at == 0 || !line[..at].ends_with([' ', '(', '"', '\'', '`', '.', ':']));
    let dump = SIGNALS.contains(&line);
    panics || dump || anywhere.iter().any(|m| line.contains(m))
}

/// `goroutine 1 [running]:`, `goroutine 1 gp=0xc0000061c0 m=0 mp=0x549800 [running]:`, `runtime stack:`.
fn header(line: &str) -> Option<Goroutine> {
    if line.starts_with("runtime stack:") {
        return Some(Goroutine::default());
    }
    let rest = line.strip_prefix("goroutine ")?;
    let id = number(rest)?;
    let state = rest.split_once('[')?.1.split(']').next()?.to_owned();
    line.trim_end().ends_with(':').then_some(Goroutine { id: Some(id), state, ..Goroutine::default() })
}

/// Reads the frames of a goroutine; the line behind.
fn goroutine(mut g: Goroutine, lines: &[String], mut i: usize) -> (Goroutine, usize) {
    while i < lines.len() {
        let line = lines[i].as_str();
        if line.trim().is_empty() || header(line).is_some() || begins(line) {
            break;
        }
        if let Some(by) = line.strip_prefix("created by ") {
            g.created_by = Some(by.split(" in goroutine ").next().unwrap_or(by).to_owned());
        } else if let Some(at) = line.strip_prefix('\t').or_else(|| line.strip_prefix("    ")) {
            if let Some(f) = g.frames.last_mut() {
                f.at.get_or_insert_with(|| at.split(" +0x").next().unwrap_or(at).trim().to_owned());
            }
        } else if let Some(f) = frame(line) {
            g.frames.push(f);
        }
        i += 1;
    }
    (g, i)
}

/// `runtime.mapaccess1_fast64(0x49a460, 0xc0000900c0, 0x1?)`; the arguments begin at the last parenthesis that the end closes.
fn frame(line: &str) -> Option<Frame> {
    let body = line.trim_end().strip_suffix(')')?;
    let mut depth = 0;
    let open = body.char_indices().rev().find_map(|(i, c)| match c {
        ')' => {
            depth += 1;
            None
        }
        '(' if depth == 0 => Some(i),
        '(' => {
            depth -= 1;
            None
        }
        _ => None,
    })?;
    let (func, args) = (&body[..open], &body[open + 1..]);
    if func.is_empty() || func.contains(' ') && !func.contains('[') {
        return None;
    }
    let args = args.split([',', '{', '}']).map(str::trim).filter(|a| !a.is_empty() && *a != "...");
    let value = |a: &str| if a.ends_with('?') { None } else { number(a) };
    Some(Frame { func: func.to_owned(), args: args.map(value).collect(), at: None })
}

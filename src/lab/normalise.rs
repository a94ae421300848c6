//! The one normalisation under which our crash reports and real Go's must be the same text.
//!
//! What differs between two runs of the *same* Go program, or between a Go binary and this one for reasons that have
//! nothing to do with the death, is replaced by a fixed word. Everything else stays and is compared: the messages, the
//! signal line with its `code=` and fault address, which goroutines are listed and in which state, each frame's name
//! and their order, blank lines, how much is shown at which GOTRACEBACK.
//!
//! | in the report | becomes | why |
//! |---|---|---|
//! | arguments of a frame: `main.f(0x1, {0x4a1?, 0x2?})`, `runtime.evacuated(...)` | `main.f(...)` | words of the frame, or `...` where the compiler inlined |
//! | `<tab>file:line +0x1c fp=0x… sp=0x… pc=0x…` | `<tab>FILE:LINE` | position in one program's source; inlined frames have no offset and no addresses |
//! | closure numbers: `main.main.func7`, `func2.1`, `gowrap1` | `main.main.funcN`, `funcN`, `gowrapN` | order of closures in the source |
//! | `_cgoexp_ab58f66dc2bd_goRead` | `_cgoexp_HASH_goRead` | hash of the build |
//! | `goroutine 18 [running]:`, `in goroutine 18` | `goroutine A`, the next new one `B`, … | which number is free; 1 stays 1 |
//! | `gp=0xc0000061c0 m=3 mp=0x549780` in the header | `gp=GP m=M mp=MP`, `m=nil` stays | addresses, thread numbers |
//! | frames of a block carry `fp= sp= pc=` | ` FP` at the end of the block's header | one fact a block: it is all frames or none |
//! | `pc=0x40ff1b`, `PC=0x497736 m=0` | `pc=PC`, `PC=PC m=M` | code address |
//! | `addr=` that equals the `pc=` of its line (SIGFPE) | `addr=PC` | code address |
//! | an address from 0xc000000000 below 0xe000000000 in a fault message | `HEAP` | Go's heap arena: which object lies where |
//! | any other fault address (fixed regions, small ones, non-canonical ones) | stays | it is the point of the case |
//! | `(50102272 in use)` | `(N in use)` | what the rest of the program has allocated |
//! | `instruction bytes: 0xf7 …` | `instruction bytes: BYTES` if 16 | the compiler's choice |
//! | `rax    0x0` … `gs     0x0` | `rax    REG` … | registers |
//! | goroutines created by a function of package runtime | dropped | Go's own: forced collection, sweeper, scavenger, finalizers, markers |
//! | `-----` and after it only `SIGQUIT: quit` dumps of `goroutine 0` | dropped | idle threads of Go's scheduler, told at GOTRACEBACK=crash |
//!
//! Where a fault address depends on the random hash seed (a bucket's number times its size), [`fold_buckets`] comes
//! on top; where standard output does, [`fold_stdout`]. A case says so itself.

use std::fmt::Write;

/// The address at which the programs map regions of their own; known to Go's originals of them too.
pub const REGION: u64 = 0x6000_0000_0000;
const REGION_SIZE: u64 = 0x10_0000;

/// Normalises a report on standard error. The text of a program that does not die is left as it is.
#[must_use]
pub fn normalise(stderr: &str) -> String {
    let mut n = Normaliser::default();
    let mut out = String::new();
    let mut block: Vec<&str> = Vec::new();
    for line in without_idle_threads(stderr).split_inclusive('\n') {
        if line == "\n" {
            n.block(&mut out, &block);
            block.clear();
        }
        block.push(line);
    }
    n.block(&mut out, &block);
    out
}

/// Cuts the dumps of threads that run no goroutine (GOTRACEBACK=crash).
fn without_idle_threads(report: &str) -> &str {
    match report.split_once("\n-----\n") {
        Some((own, rest)) if rest.lines().filter(|l| is_block_header(l)).all(|l| l.starts_with("goroutine 0 ")) => own,
        _ => report,
    }
}

#[derive(Default)]
struct Normaliser {
    /// Goroutine numbers met so far, other than 1, in order.
    numbers: Vec<u64>,
}

impl Normaliser {
    /// One block: a blank line (but for the first) and the lines up to the next.
    fn block(&mut self, out: &mut String, lines: &[&str]) {
        let own = lines.iter().any(|l| l.strip_prefix("created by ").is_some_and(|f| f.starts_with("runtime.")));
        if own && lines.iter().any(|l| l.starts_with("goroutine ")) {
            return;
        }
        let metadata = lines.iter().any(|l| l.starts_with('\t') && l.contains(" fp=0x") && l.contains(" pc=0x"));
        let in_trace = lines.iter().any(|l| is_block_header(l));
        for line in lines {
            let (text, end) = match line.strip_suffix('\n') {
                Some(t) => (t, "\n"),
                None => (*line, ""),
            };
            if is_block_header(line) {
                out.push_str(&self.header(text));
                if metadata {
                    out.push_str(" FP");
                }
            } else if in_trace {
                out.push_str(&self.frame(text));
            } else {
                out.push_str(&message(text));
            }
            out.push_str(end);
        }
    }

    fn number(&mut self, n: u64) -> String {
        if n <= 1 {
            return n.to_string();
        }
        let i = self.numbers.iter().position(|&m| m == n).unwrap_or_else(|| {
            self.numbers.push(n);
            self.numbers.len() - 1
        });
        char::from_u32('A' as u32 + i as u32).filter(char::is_ascii_uppercase).unwrap_or('?').to_string()
    }

    /// `goroutine 18 gp=0xc0000061c0 m=0 mp=0x549780 [running]:` or `runtime stack:`.
    fn header(&mut self, line: &str) -> String {
        let Some((id, rest)) = line.strip_prefix("goroutine ").and_then(|r| r.split_once(' ')) else {
            return line.to_owned();
        };
        let id = id.parse().map_or_else(|_| id.to_owned(), |n| self.number(n));
        let mut s = format!("goroutine {id}");
        let (words, state) = rest.split_once('[').unwrap_or((rest, ""));
        for w in words.split_whitespace() {
            s.push(' ');
            s.push_str(match w.split_once('=') {
                Some(("gp", a)) if is_hex(a) => "gp=GP",
                Some(("mp", a)) if is_hex(a) => "mp=MP",
                Some(("m", n)) if n.parse::<u32>().is_ok() => "m=M",
                _ => w,
            });
        }
        let _ = write!(s, " [{state}");
        s
    }

    /// A line of a goroutine's trace.
    fn frame(&mut self, line: &str) -> String {
        if line.starts_with('\t') {
            return position(line);
        }
        if let Some((rest, id)) = line.rsplit_once(" in goroutine ")
            && let Some(f) = rest.strip_prefix("created by ")
            && let Ok(id) = id.parse()
        {
            return format!("created by {} in goroutine {}", function(f), self.number(id));
        }
        if let Some(f) = line.strip_prefix("created by ") {
            return format!("created by {}", function(f));
        }
        if let Some(register) = register(line) {
            return register;
        }
        match line.rsplit_once('(') {
            Some((f, args)) if args.ends_with(')') => format!("{}(...)", function(f)),
            _ => line.to_owned(),
        }
    }
}

fn is_block_header(line: &str) -> bool {
    let line = line.trim_end();
    line == "runtime stack:" || (line.starts_with("goroutine ") && line.ends_with("]:"))
}

/// `<tab>file:line`, possibly with offset and addresses; other indented lines stay.
fn position(line: &str) -> String {
    let place = line.split(" +0x").next().unwrap_or(line).split(" fp=0x").next().unwrap_or(line);
    match place.rsplit_once(':') {
        Some((file, n)) if file.len() > 1 && n.parse::<u32>().is_ok() => "\tFILE:LINE".to_owned(),
        _ => line.to_owned(),
    }
}

/// A function's name without what numbers closures and builds.
pub(super) fn function(name: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in name.split('.') {
        let numbered = ["func", "gowrap"].into_iter().find(|p| part.strip_prefix(p).is_some_and(is_number));
        match numbered {
            // `func2.1`, or `func2.func1`: the first closure in the second one.
            Some("func") if parts.last().is_some_and(|p| p == "funcN") => {}
            Some(p) => parts.push(format!("{p}N")),
            None if is_number(part) && parts.last().is_some_and(|p| p == "funcN") => {}
            None => parts.push(part.to_owned()),
        }
    }
    let name = parts.join(".");
    match name.strip_prefix("_cgoexp_").and_then(|r| r.split_once('_')) {
        Some((hash, f)) if is_hex_digits(hash) => format!("_cgoexp_HASH_{f}"),
        _ => name,
    }
}

const REGISTERS: [&str; 21] = [
    "rax", "rbx", "rcx", "rdx", "rdi", "rsi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
    "rip", "rflags", "cs", "fs", "gs",
];

/// A line of the register dump.
fn register(line: &str) -> Option<String> {
    let (name, value) = line.split_once(' ')?;
    let known =
        REGISTERS.contains(&name) && line.get(7..).is_some_and(is_hex) && value.trim_start().len() + 7 == line.len();
    known.then(|| format!("{name:<7}REG"))
}

/// A line outside the goroutines' traces.
fn message(line: &str) -> String {
    if let Some(r) = register(line) {
        return r;
    }
    if let Some(rest) = line.strip_prefix("unexpected fault address ") {
        return format!("unexpected fault address {}", address(rest));
    }
    if line.starts_with("[signal ") || line.starts_with("PC=0x") {
        return signal(line);
    }
    if let Some(bytes) = line.strip_prefix("instruction bytes: ") {
        let whole = bytes.split(' ').count() == 16 && bytes.split(' ').all(is_hex);
        return if whole { "instruction bytes: BYTES".to_owned() } else { line.to_owned() };
    }
    if line.starts_with("runtime: out of memory: ")
        && let Some((head, tail)) = line.rsplit_once(" (")
        && let Some(n) = tail.strip_suffix(" in use)")
        && n.parse::<u64>().is_ok()
    {
        return format!("{head} (N in use)");
    }
    line.to_owned()
}

/// `[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x41032c]` and `PC=0x41032c m=0 sigcode=1 addr=0x0`.
fn signal(line: &str) -> String {
    let pc = line
        .split([' ', ']'])
        .find_map(|w| w.strip_prefix("pc=").or_else(|| w.strip_prefix("PC=")))
        .unwrap_or_default()
        .to_owned();
    let words: Vec<String> = line
        .split(' ')
        .map(|w| {
            let (w, close) = w.strip_suffix(']').map_or((w, ""), |w| (w, "]"));
            let w = match w.split_once('=') {
                Some(("addr", a)) if a == pc => "addr=PC".to_owned(),
                Some(("addr", a)) => format!("addr={}", address(a)),
                Some((k @ ("pc" | "PC"), a)) if is_hex(a) => format!("{k}=PC"),
                Some(("m", n)) if n.parse::<u32>().is_ok() => "m=M".to_owned(),
                _ => w.to_owned(),
            };
            w + close
        })
        .collect();
    words.join(" ")
}

/// A fault address: `HEAP` in Go's arenas, itself elsewhere.
fn address(text: &str) -> String {
    match parse_hex(text) {
        Some(a) if (0xc0_0000_0000..0xe0_0000_0000).contains(&a) => "HEAP".to_owned(),
        _ => text.to_owned(),
    }
}

/// In a normalised report of a program whose fault lies in a bucket that the hash chose: the addresses in the region,
/// and small ones, become bucket number and offset, the number replaced: `0x6000000002d8` is `REGION+N*144+0x8`.
#[must_use]
pub fn fold_buckets(report: &str, bucket_size: u64) -> String {
    // An address that the processor did not report stays 0x0.
    let reported = !report.contains(" code=0x80 ");
    map_addresses(report, |a| match a.checked_sub(REGION) {
        Some(o) if o < REGION_SIZE => Some(format!("REGION+N*{bucket_size}+{:#x}", o % bucket_size)),
        _ if a < REGION_SIZE && reported => Some(format!("N*{bucket_size}+{:#x}", a % bucket_size)),
        _ => None,
    })
}

/// Replaces the addresses of `unexpected fault address` and `addr=` for which `f` has a word.
fn map_addresses(report: &str, f: impl Fn(u64) -> Option<String>) -> String {
    let mut out = String::new();
    for line in report.split_inclusive('\n') {
        let mark = if line.starts_with("unexpected fault address 0x") { "address " } else { "addr=" };
        match line.split_once(mark) {
            Some((head, tail)) if line.starts_with(['u', '[', 'P']) => {
                let end = tail.find([' ', '\n', ']']).unwrap_or(tail.len());
                let word = parse_hex(&tail[..end]).and_then(&f).unwrap_or_else(|| tail[..end].to_owned());
                let _ = write!(out, "{head}{mark}{word}{}", &tail[end..]);
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// In standard output of such a program: `noverflow=3` and `nevacuate=5` of a map header become `=N`, and so does the
/// address that a recovered fault reports, as in [`fold_buckets`].
#[must_use]
pub fn fold_stdout(stdout: &str, bucket_size: u64) -> String {
    let mut out = String::new();
    for line in stdout.split_inclusive('\n') {
        if let Some(a) = line.strip_prefix("Addr(): ").and_then(|a| parse_hex(a.trim_end())) {
            let _ = write!(out, "Addr(): ");
            let folded = fold_buckets(&format!("unexpected fault address {a:#x}\n"), bucket_size);
            out.push_str(folded.strip_prefix("unexpected fault address ").unwrap_or(&folded));
            continue;
        }
        let words: Vec<String> = line
            .split(' ')
            .map(|w| match w.split_once('=') {
                Some((k @ ("noverflow" | "nevacuate"), n)) if n.parse::<u64>().is_ok() => format!("{k}=N"),
                _ => w.to_owned(),
            })
            .collect();
        out.push_str(&words.join(" "));
    }
    out
}

fn parse_hex(s: &str) -> Option<u64> {
    s.strip_prefix("0x").filter(|d| is_hex_digits(d)).and_then(|d| u64::from_str_radix(d, 16).ok())
}

fn is_hex(s: &str) -> bool {
    parse_hex(s).is_some()
}

fn is_number(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit())
}

fn is_hex_digits(s: &str) -> bool {
    !s.is_empty() && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Go 1.22.10 printed for `s04_fault.b0_unmapped_read`, with one goroutine of Go's own left.
    const FAULT: &str = "\
unexpected fault address 0x600000000008
fatal error: fault
[signal SIGSEGV: segmentation violation code=0x1 addr=0x600000000008 pc=0x411fb5]

goroutine 1 gp=0xc0000061c0 m=0 mp=0x549800 [running]:
runtime.throw({0x4aae3f?, 0xc0000a5578?})
\truntime/panic.go:1023 +0x5c fp=0xc0000a5518 sp=0xc0000a54e8 pc=0x4356bc
runtime.sigpanic()
\truntime/signal_unix.go:895 +0x285 fp=0xc0000a5578 sp=0xc0000a5518 pc=0x44b9a5
runtime.mapaccess1_fast64(0x49a460, 0xc0000900c0, 0x1)
\truntime/map_fast64.go:45 +0x135 fp=0xc0000a5598 sp=0xc0000a5578 pc=0x411fb5
main.read64()
\tgoldens/s04_fault/main.go:55 +0x2a fp=0xc0000a55f0 sp=0xc0000a5598 pc=0x48872a
main.main.func1()
\tgoldens/s04_fault/main.go:701 +0x5a fp=0xc0000a5638 sp=0xc0000a55f0 pc=0x48e2ba
main.main()
\tgoldens/s04_fault/main.go:762 +0x1527 fp=0xc0000a5f50 sp=0xc0000a5638 pc=0x48d2c7
runtime.main()
\truntime/proc.go:271 +0x29d fp=0xc0000a5fe0 sp=0xc0000a5f50 pc=0x43817d
runtime.goexit({})
\truntime/asm_amd64.s:1695 +0x1 fp=0xc0000a5fe8 sp=0xc0000a5fe0 pc=0x464be1

goroutine 2 gp=0xc000006700 m=nil [force gc (idle)]:
runtime.gopark(0x0?, 0x0?, 0x0?, 0x0?, 0x0?)
\truntime/proc.go:402 +0xce fp=0xc000034fa8 sp=0xc000034f88 pc=0x4385ae
created by runtime.init.6 in goroutine 1
\truntime/proc.go:314 +0x1a
";

    const FAULT_NORMAL: &str = "\
unexpected fault address 0x600000000008
fatal error: fault
[signal SIGSEGV: segmentation violation code=0x1 addr=0x600000000008 pc=PC]

goroutine 1 gp=GP m=M mp=MP [running]: FP
runtime.throw(...)
\tFILE:LINE
runtime.sigpanic(...)
\tFILE:LINE
runtime.mapaccess1_fast64(...)
\tFILE:LINE
main.read64(...)
\tFILE:LINE
main.main.funcN(...)
\tFILE:LINE
main.main(...)
\tFILE:LINE
runtime.main(...)
\tFILE:LINE
runtime.goexit(...)
\tFILE:LINE
";

    #[test]
    fn a_fault() {
        assert_eq!(normalise(FAULT), FAULT_NORMAL);
    }

    #[test]
    fn twice_is_once() {
        assert_eq!(normalise(FAULT_NORMAL), FAULT_NORMAL);
    }

    /// Same death, told from another program's source, at other addresses, on another thread.
    #[test]
    fn what_may_differ() {
        for (from, to) in [
            ("0x411fb5", "0x55d0c0de"),
            ("runtime/map_fast64.go:45 +0x135", "gohmap/src/map/fast64.rs:99 +0x7"),
            ("(0x49a460, 0xc0000900c0, 0x1)", "(...)"),
            ("main.main.func1()", "main.main.func12()"),
            ("main.main.func1()", "main.main.func7.1()"),
            ("main.main.func1()", "main.main.func7.func1()"),
            ("gp=0xc0000061c0 m=0 mp=0x549800", "gp=0x7f0000001000 m=3 mp=0x7f0000001100"),
        ] {
            assert!(FAULT.contains(from), "{from}");
            assert_eq!(normalise(&FAULT.replace(from, to)), FAULT_NORMAL, "{from}");
        }
    }

    /// Each of these is a difference that a reader of a crash report would stumble over.
    #[test]
    fn what_must_not_differ() {
        let position = "\truntime/map_fast64.go:45 +0x135 fp=0xc0000a5598 sp=0xc0000a5578 pc=0x411fb5\n";
        let frame = "runtime.mapaccess1_fast64(0x49a460, 0xc0000900c0, 0x1)\n";
        for (from, to) in [
            ("mapaccess1_fast64(", "mapaccess2_fast64("),
            ("main.read64()", "main.read32()"),
            ("main.main.func1()", "main.main()"),
            ("main.main.func1()", "main.func1()"),
            (&format!("{frame}{position}"), ""),
            (position, ""),
            (frame, ""),
            ("address 0x600000000008", "address 0x600000000000"),
            (" addr=0x600000000008", " addr=0x600000000010"),
            (" addr=0x600000000008", ""),
            ("code=0x1", "code=0x2"),
            ("SIGSEGV: segmentation violation", "SIGBUS: bus error"),
            ("fatal error: fault\n", "fatal error: fault \n"),
            ("fatal error: fault\n", ""),
            ("\n\ngoroutine 1", "\ngoroutine 1"),
            ("\n\ngoroutine 1", "\n\n\ngoroutine 1"),
            ("goroutine 1 gp=0xc0000061c0 m=0 mp=0x549800 [", "goroutine 1 ["),
            ("goroutine 1 gp=0xc0000061c0 m=0 mp=0x549800 [", "goroutine 1 gp=0xc0000061c0 m=nil ["),
            ("goroutine 1 gp", "goroutine 7 gp"),
            ("[running]", "[runnable]"),
            ("runtime.init.6", "main.init"),
            ("runtime.goexit({})\n\truntime/asm_amd64.s:1695 +0x1 fp=0xc0000a5fe8 sp=0xc0000a5fe0 pc=0x464be1\n", ""),
        ] {
            assert!(FAULT.contains(from), "{from}");
            assert_ne!(normalise(&FAULT.replace(from, to)), FAULT_NORMAL, "{from:?} -> {to:?}");
        }
        // No frame carries its addresses: that is another kind of death.
        let bare: String = FAULT
            .split_inclusive('\n')
            .map(|l| l.split(" fp=0x").next().unwrap().trim_end_matches('\n').to_owned() + "\n")
            .collect();
        assert_eq!(normalise(&bare), FAULT_NORMAL.replace("[running]: FP", "[running]:"));
    }

    #[test]
    fn goroutines_keep_their_order() {
        let text = "\
fatal error: concurrent map writes

goroutine 18 [running]:
main.writer()
\tmain.go:195 +0x45
created by main.det_goroutine in goroutine 1
\tmain.go:199 +0x1a

goroutine 1 [sleep]:
time.Sleep(0x12a05f200)
\truntime/time.go:300 +0xf2

goroutine 21 [chan receive]:
main.wait.gowrap2()
\tmain.go:7 +0x1
created by main.start.func1.2 in goroutine 18
\tmain.go:199 +0x1a
";
        let normal = normalise(text);
        assert!(normal.contains("\ngoroutine A [running]:\nmain.writer(...)\n\tFILE:LINE\ncreated by"), "{normal}");
        assert!(normal.contains("\ngoroutine 1 [sleep]:\ntime.Sleep(...)\n"), "{normal}");
        assert!(normal.contains("\ngoroutine B [chan receive]:\nmain.wait.gowrapN(...)\n"), "{normal}");
        assert!(normal.contains("created by main.start.funcN in goroutine A\n"), "{normal}");
        let (a, b) = (text.find("goroutine 18 [").unwrap(), text.find("goroutine 1 [").unwrap());
        let swapped = format!("{}{}\n{}", &text[..a], text[b..].trim_end(), &text[a..b]);
        assert_ne!(normalise(&swapped), normal);
        assert_eq!(normalise(&text.replace("18", "6").replace("21", "34")), normal);
        assert_ne!(normalise(&text.replace(" in goroutine 1\n", "\n")), normal);
    }

    #[test]
    fn dump_of_a_fault_in_c() {
        let text = "\
SIGSEGV: segmentation violation
PC=0x488ed6 m=0 sigcode=1 addr=0x600000000000
signal arrived during cgo execution

goroutine 1 gp=0xc0000061c0 m=0 mp=0x53e720 [syscall]:
runtime.cgocall(0x488ec0, 0xc0000366c0)
\truntime/cgocall.go:157 +0x4b fp=0xc000036698 sp=0xc000036660 pc=0x4066eb

rax    0x600000000000
r8     0x53e720
rflags 0x10202
gs     0x0

-----

SIGQUIT: quit
PC=0x467083 m=2 sigcode=0

goroutine 0 gp=0xc000006a80 m=2 mp=0xc00003e808 [idle]:
runtime.futex(0x53f020, 0x80, 0x0, 0x7f8850bfed40, 0x0, 0x0)
\truntime/sys_linux_amd64.s:558 +0x23 fp=0x7f8850bfed10 sp=0x7f8850bfed08 pc=0x467083
";
        let normal = "\
SIGSEGV: segmentation violation
PC=PC m=M sigcode=1 addr=0x600000000000
signal arrived during cgo execution

goroutine 1 gp=GP m=M mp=MP [syscall]: FP
runtime.cgocall(...)
\tFILE:LINE

rax    REG
r8     REG
rflags REG
gs     REG
";
        assert_eq!(normalise(text), normal);
        assert_ne!(normalise(&text.replace("sigcode=1", "sigcode=2")), normal);
        assert_ne!(normalise(&text.replace("r8     0x53e720\n", "")), normal);
        assert_ne!(normalise(&text.replace("rflags 0x", "rflags  0x")), normal);
        assert_ne!(normalise(&text.replace("goroutine 0 ", "goroutine 8 ")), normal, "a goroutine in the second dump");
    }

    #[test]
    fn addresses() {
        for (a, is) in [
            ("0x600000000342", "0x600000000342"),
            ("0xc000090090", "HEAP"),
            ("0x18", "0x18"),
            ("0x7ffffffff008", "0x7ffffffff008"),
            ("0xffff800000000008", "0xffff800000000008"),
            ("0x0", "0x0"),
        ] {
            assert_eq!(
                normalise(&format!("unexpected fault address {a}\n")),
                format!("unexpected fault address {is}\n")
            );
            let line = format!("[signal SIGSEGV: segmentation violation code=0x1 addr={a} pc=0x40ff1b]\n");
            let want = format!("[signal SIGSEGV: segmentation violation code=0x1 addr={is} pc=PC]\n");
            assert_eq!(normalise(&line), want);
        }
        assert_eq!(
            normalise("[signal SIGFPE: floating-point exception code=0x1 addr=0x489362 pc=0x489362]\n"),
            "[signal SIGFPE: floating-point exception code=0x1 addr=PC pc=PC]\n"
        );
    }

    #[test]
    fn folding() {
        let line = |a: u64| format!("unexpected fault address {a:#x}\nfatal error: fault\n");
        let folded = "unexpected fault address REGION+N*144+0x8\nfatal error: fault\n";
        for n in [0, 1, 15] {
            assert_eq!(fold_buckets(&line(REGION + n * 144 + 8), 144), folded);
        }
        assert_ne!(fold_buckets(&line(REGION + 16), 144), folded);
        assert_ne!(fold_buckets(&line(8), 144), folded);
        let lost = "unexpected fault address 0x0\n[signal SIGSEGV: segmentation violation code=0x80 addr=0x0 pc=PC]\n";
        assert_eq!(fold_buckets(lost, 144), lost);
        let header = "growing: count=105 flags=0x0 B=5 noverflow=1 nevacuate=2 buckets=set oldbuckets=set\n";
        let want = "growing: count=105 flags=0x0 B=5 noverflow=N nevacuate=N buckets=set oldbuckets=set\n";
        assert_eq!(fold_stdout(header, 144), want);
        assert_eq!(fold_stdout("Addr(): 0x6000000002d0\n", 144), "Addr(): REGION+N*144+0x0\n");
        assert_eq!(fold_stdout("Addr(): method absent\n", 144), "Addr(): method absent\n");
    }

    #[test]
    fn ordinary_output_stays() {
        for text in ["", "no newline at the end", "panic: goroutine 7 [running]:\n", "a\n\n\nb\n"] {
            assert_eq!(normalise(text), text);
        }
        let oom = "runtime: out of memory: cannot allocate 41943040-byte block (50102272 in use)\n";
        assert_eq!(normalise(oom), "runtime: out of memory: cannot allocate 41943040-byte block (N in use)\n");
    }
}

//! Keys for every map type that scripts know, and the scripts that mix those types.

use crate::scripts::Script;

/// Writes a key's text.
type Key = fn(&mut Script) -> String;

/// What a key's text may be, by map type; the types are those of `go/gen.go`.
const KEYS: &[(&str, Key)] = &[
    ("u64", |s| if s.below(2) == 0 { s.num(400) } else { s.below(u64::MAX).to_string() }),
    ("u64b", |s| s.num(300)),
    ("u64t", |s| s.num(300)),
    ("u64w", |s| s.num(100)),
    ("u64x", |s| s.num(100)),
    ("u64p", |s| s.num(300)),
    ("u32", |s| s.num(600)),
    ("i32s", |s| s.num(300)),
    ("str", text),
    ("arr", |s| s.num(20) + "," + &s.num(20)),
    ("f64", float),
    ("any", |s| match s.below(4) {
        0 => format!("st:1,{},q{}", float(s), s.num(20)),
        _ => any(s),
    }),
    ("ptr", |s| s.num(300)),
    ("big", |s| s.num(120)),
    ("zel", |s| s.num(300)),
    ("zky", |_| "0".to_owned()),
    ("st", |s| format!("{},{},w{}", s.num(4), float(s), s.num(30))),
    ("u8", |s| s.num(256)),
    ("b4", |s| format!("{},{},{}", s.num(6), s.num(6), s.num(6))),
    ("s32", |s| s.num(20) + "," + &s.num(20)),
    ("s64", |s| s.num(20) + "," + &s.num(20)),
    ("chan", |s| s.num(300)),
    ("p1", |s| s.num(300)),
    ("s1", text),
    ("strx", text),
    ("str0", text),
    ("u32x", |s| s.num(200)),
    ("bool", |s| s.num(2)),
    ("u16", |s| s.num(300)),
    ("f32", float),
    ("c64", |s| float(s) + "," + &float(s)),
    ("c128", |s| s.pick(&["0,", "-0,", "1.5,"]).to_owned() + &float(s)),
    ("f1", float),
    ("pad", |s| format!("{},{},{}", s.num(4), s.num(9), s.num(3))),
    ("blank", |s| format!("{},{},w{}", s.num(4), s.num(4), s.num(20))),
    ("strs", |s| format!("a{},{},c{}", s.num(3), long(s), s.num(4))),
    ("nest", |s| format!("{},a{},{},{},b{},3", float(s), s.num(4), s.num(4), s.pick(&["0", "-0", "1.5"]), s.num(3))),
    ("sany", |s| format!("{},{},t{}", s.num(3), any(s), s.num(5))),
    ("m", |s| s.pick(&["n:", "n:", "p:", "p:", "nil:", "slice:"]).to_owned() + &s.num(60)),
    ("any2", |s| any(s) + "," + &any(s)),
    ("bigk", |s| s.num(200)),
    ("bigs", |s| if s.below(2) == 0 { format!("a{},{}", s.num(60), s.num(3)) } else { long(s) + ",1" }),
    ("fat", |s| s.num(200)),
    ("fatf", float),
    ("i8", |s| s.num(256)),
    ("i16", |s| s.num(300)),
    ("uptr", |s| s.num(300)),
    ("none", |_| "0".to_owned()),
    ("k128", |s| s.num(20) + "," + &s.num(20)),
    ("named", text),
];

fn float(s: &mut Script) -> String {
    match s.below(8) {
        0 => "NaN".to_owned(),
        1 => s.pick(&["0", "-0"]).to_owned(),
        2 => s.pick(&["Inf", "-Inf", "1e-45", "0xfff8000000000123"]).to_owned(),
        3 => s.num(40) + ".25",
        _ => s.num(100),
    }
}

/// Key `n` of a map type: different numbers, different keys, as far as the type has so many.
pub(crate) fn nth(ty: &str, n: u64) -> String {
    // Pointers of the oracle lie in 64 MB of memory, 64 bytes each.
    let small = n % (1 << 20);
    match ty {
        "ptr" | "chan" | "p1" => small.to_string(),
        "u8" | "i8" => (n % 256).to_string(),
        "bool" => (n % 2).to_string(),
        "u16" | "i16" => (n % 65_536).to_string(),
        "u32" | "u32x" => (n as u32).to_string(),
        "i32s" => (n as u32 >> 1).to_string(),
        "b4" => format!("{},{},{},{}", n as u8, n as u8 ^ 1, (n >> 8) as u8, (n >> 16) as u8),
        "s32" => format!("{},{}", n as u16, n as u16 / 7),
        "s64" => format!("{},{}", n as u32 >> 1, n as u16),
        "pad" => format!("{},{n},{}", n as u8, n as u8 / 3),
        "f64" | "f32" | "f1" | "fatf" => (n % (1 << 40)).to_string(),
        "c64" | "c128" => format!("{small},{}", n % 3),
        "k128" => format!("{n},{}", n % 3),
        "arr" => format!("{},{n}", n % 3),
        "str" | "s1" | "strx" | "str0" | "named" if n.is_multiple_of(4) => {
            format!("x:61616161{}{n:016x}62626262", "63".repeat(40))
        }
        "str" | "s1" | "strx" | "str0" | "named" => format!("k{n}"),
        "st" => format!("{},{n},w{small}", n % 200),
        "blank" => format!("{},{},w{n}", n % 200, n % 200),
        "strs" => format!("a{n},b,c{}", n % 9),
        "nest" => format!("{small},a{n},{},{},b,3", n % 100, n % 5),
        "any" => match n % 3 {
            0 => format!("i:{n}"),
            1 => format!("s:z{n}"),
            _ => format!("f:{small}"),
        },
        "any2" => format!("i:{n},s:x{}", n % 7),
        "sany" => format!("{},i:{n},t{}", n % 100, n % 11),
        "m" => format!("{}:{small}", if n.is_multiple_of(2) { "n" } else { "p" }),
        "bigs" => format!("a{n},{}", n % 3),
        _ => n.to_string(),
    }
}

/// The name of the `i`th map type, round and round.
pub(crate) fn ty(i: u64) -> &'static str {
    KEYS[i as usize % KEYS.len()].0
}

/// A string of 32 bytes or more, one of a few that look alike at both ends.
fn long(s: &mut Script) -> String {
    let middle = s.pick(&["63", "64", "65", "66"]).repeat(s.pick(&[24, 28, 32, 56]));
    format!("x:61616161{middle}62626262")
}

fn text(s: &mut Script) -> String {
    match s.below(4) {
        0 | 1 => format!("k{}", s.below(200)),
        2 => long(s),
        _ => "x:".to_owned() + &"ab".repeat(s.pick(&[0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 64, 65, 128, 129, 200])),
    }
}

/// An interface value without commas in it.
fn any(s: &mut Script) -> String {
    match s.below(14) {
        0 | 1 => "i:".to_owned() + &s.num(60),
        2 | 3 => "s:z".to_owned() + &s.num(60),
        4 => "f:".to_owned() + &float(s),
        5 => "u8:".to_owned() + &s.num(200),
        6 => "n:".to_owned() + &s.num(50),
        7 => "p:".to_owned() + &s.num(40),
        8 => "pad:".to_owned() + &s.num(40),
        9 => "a:".to_owned() + &s.num(9),
        10 => "any:i:".to_owned() + &s.num(20),
        11 => s.pick(&["any:nil:", "any:any:s:x", "any:slice:"]).to_owned(),
        12 => s.pick(&["slice:", "fn:"]).to_owned(),
        _ => s.pick(&["nil:", "s:"]).to_owned(),
    }
}

/// Every operation on maps of a few types; over the seeds, of all types.
pub(crate) fn kinds(s: &mut Script) {
    let first = s.seed as usize * 5;
    let kinds: Vec<(&str, Key)> = (first..first + 5).map(|i| KEYS[i % KEYS.len()]).collect();
    // One bucket with a hole in it, copied: whole, or entry by entry.
    for &(ty, key) in if s.clone { &kinds[..] } else { &[] } {
        s.new_map("hole", ty, 0);
        for n in 0..4 {
            let k = key(s);
            s.line(format_args!("set hole {k} {n}"));
            if n == 1 {
                s.line(format_args!("del hole {k}"));
            }
        }
        s.line(format_args!("clone hole copy"));
    }
    mix(s, &kinds, &[0, 9, 60]);
}

/// Long strings that look alike at both ends, in maps that have one bucket most of the time.
pub(crate) fn strings(s: &mut Script) {
    let alike: Key = |s| format!("x:61616161{}62626262", s.pick(&["63", "64", "65", "66"]).repeat(24));
    mix(s, &[("str", alike), ("s1", alike), ("str0", alike), ("str", long)], &[0]);
}

/// [`kinds`] with the fallback hash.
pub(crate) fn fallback(s: &mut Script) {
    let keys: Vec<String> = (0..4).map(|_| (s.below(u64::MAX) | 1).to_string()).collect();
    s.line(format_args!("hashkey {}", keys.join(" ")));
    kinds(s);
}

/// A map of a script: its name, how its keys are made, and those that were stored.
#[derive(Clone)]
struct Live {
    name: String,
    key: Key,
    stored: Vec<String>,
}

fn mix(s: &mut Script, kinds: &[(&str, Key)], hints: &[u64]) {
    let mut live: Vec<Live> = Vec::new();
    for (i, &(ty, key)) in kinds.iter().enumerate() {
        for hint in hints {
            let name = format!("{ty}_{i}_{hint}");
            s.new_map(&name, ty, *hint);
            live.push(Live { name, key, stored: Vec::new() });
        }
    }
    let (mut iters, mut clones) = (0, 0);
    let sets = s.pick(&[550, 650, 720]);
    for _ in 0..700 {
        let at = s.below(live.len() as u64) as usize;
        let m = live[at].name.clone();
        let mut key = (live[at].key)(s);
        // Most keys that are looked up or deleted were stored once.
        let known = live[at].stored.len() as u64;
        let old = if known > 0 { live[at].stored[s.below(known) as usize].clone() } else { key.clone() };
        let again = s.below(4);
        match s.below(1000) {
            n if n < sets => {
                if again == 0 {
                    key = old;
                }
                live[at].stored.push(key.clone());
                let v = s.below(1_000_000);
                s.line(format_args!("set {m} {key} {v}"));
            }
            n @ ..860 => {
                if again > 0 {
                    key = old;
                }
                let op = if n < 800 { "del" } else { "get" };
                s.line(format_args!("{op} {m} {key}"));
            }
            860..900 => {
                iters += 1;
                let (start, offset) = (s.below(64), s.below(8));
                if s.below(2) == 0 {
                    s.line(format_args!("iter {m} i{iters} {start} {offset}"));
                } else {
                    s.line(format_args!("riter {m} i{iters}"));
                }
            }
            900..970 if iters > 0 => {
                let (i, n) = (iters - s.below(iters.min(20)), 1 + s.below(11));
                s.line(format_args!("next i{i} {n}"));
            }
            970..975 => s.line(format_args!("clear {m}")),
            975..980 if s.clone => {
                clones += 1;
                s.line(format_args!("clone {m} {m}c{clones}"));
                live.push(Live { name: format!("{m}c{clones}"), ..live[at].clone() });
            }
            980..985 => s.line(format_args!("gc")),
            _ => {}
        }
    }
    for m in live {
        s.line(format_args!("dump {}", m.name));
    }
}

/// Every operation on nil maps, on empty ones and on ones that have become empty, with keys that cannot be hashed among others.
pub(crate) fn nils(s: &mut Script) {
    for i in 0..10 {
        let (name, key) = KEYS[(s.seed as usize * 10 + i) % KEYS.len()];
        for (m, kind) in [("nil", name), ("small", name), ("hinted", name)] {
            match m {
                "nil" => s.line(format_args!("nil {m} {kind}")),
                "small" => drop(s.new_map(m, kind, 0)),
                _ => drop(s.new_map(m, kind, 60)),
            }
            for round in 0..2 {
                for _ in 0..3 {
                    let k = key(s);
                    s.line(format_args!("get {m} {k}"));
                    let k = key(s);
                    s.line(format_args!("del {m} {k}"));
                }
                s.line(format_args!("clear {m}"));
                s.line(format_args!("iter {m} a 0 3"));
                s.line(format_args!("next a 1"));
                s.line(format_args!("riter {m} b"));
                s.line(format_args!("next b 1"));
                if s.clone {
                    s.line(format_args!("clone {m} copy"));
                    s.line(format_args!("dump copy"));
                }
                if round == 0 {
                    let k = key(s);
                    s.line(format_args!("set {m} {k} 7"));
                    s.line(format_args!("get {m} {k}"));
                    s.line(format_args!("del {m} {k}"));
                }
            }
            s.line(format_args!("dump {m}"));
        }
    }
}

/// What compiled code does not do: package reflect's way to every operation, and `keys` and `values`, on maps in every state
/// of growth.
pub(crate) fn helpers(s: &mut Script) {
    for i in 0..5 {
        let (ty, key) = KEYS[(s.seed as usize * 5 + i) % KEYS.len()];
        let hint = s.pick(&[0, 0, 9, 60]);
        s.new_map(&format!("m{i}"), ty, hint);
        let mut last = key(s);
        s.line(format_args!("auto off"));
        for round in 0..160 {
            if s.below(3) > 0 {
                last = key(s);
            }
            let v = s.below(1_000_000);
            match s.below(20) {
                0..6 => s.line(format_args!("rset m{i} {last} {v}")),
                6..11 => s.set_in(&format!("m{i}"), ty, v),
                11 | 12 => s.line(format_args!("rdel m{i} {last}")),
                13 => s.line(format_args!("del m{i} {last}")),
                14 | 15 => s.line(format_args!("rget m{i} {last}")),
                16 => s.line(format_args!("rrange m{i}")),
                // In Go 1.21 what is stored by pointer is copied over itself, which makes wild pointers of pointers.
                17 if s.clone && ty != "bigs" => s.line(format_args!("copykeys m{i}")),
                18 if s.clone && ty != "any2" => s.line(format_args!("copyvalues m{i}")),
                _ => {}
            }
            if round % 20 == 0 {
                s.line(format_args!("dump m{i}"));
            }
        }
        s.line(format_args!("dump m{i}"));
        s.line(format_args!("nil n{i} {ty}"));
        for op in ["rget", "rdel", "rrange", "rset"] {
            s.line(format_args!("{op} n{i} {last} 1"));
        }
        if s.clone {
            s.line(format_args!("copykeys n{i}"));
            s.line(format_args!("copyvalues n{i}"));
        }
    }
}

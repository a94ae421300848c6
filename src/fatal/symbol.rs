//! From Rust's symbols to the names that Go prints, and which frames a reader of a Go traceback expects to see.

use super::program::Program;

/// Functions of Go's runtime that exist here under another Rust name, or outside package `runtime`.
const RENAMED: &[(&str, &str)] = &[
    ("aeshashbody", "aeshashbody"),
    ("memeqbody", "memeqbody"),
    ("mapset_fast64", "runtime.mapassign_fast64"),
    ("memhash_fallback", "runtime.memhashFallback"),
    ("allocLarge", "runtime.(*mcache).allocLarge"),
    ("nextFree", "runtime.(*mcache).nextFree"),
    ("refill", "runtime.(*mcache).refill"),
    ("createOverflow", "runtime.(*hmap).createOverflow"),
    ("cgocallbackg_wrapper", "runtime.cgocallbackg"),
    ("systemstack_switch_back", "runtime.systemstack_switch"),
    ("mheap_alloc", "runtime.(*mheap).alloc"),
    ("mheap_alloc_func1", "runtime.(*mheap).alloc.func1"),
    ("mheap_allocSpan", "runtime.(*mheap).allocSpan"),
    ("mheap_grow", "runtime.(*mheap).grow"),
    ("nextFree", "runtime.(*mcache).nextFree"),
    ("refill", "runtime.(*mcache).refill"),
    ("overflow", "runtime.(*bmap).overflow"),
    ("newoverflow", "runtime.(*hmap).newoverflow"),
    ("overflow", "runtime.(*bmap).overflow"),
    ("setoverflow", "runtime.(*bmap).setoverflow"),
    ("mapclear_func1", "runtime.mapclear.func1"),
    ("maps_clone", "maps.clone"),
    ("maps_Clone", "maps.Clone[...]"),
    ("maps_Copy", "maps.Copy[...]"),
    ("once_do", "sync.(*Once).Do"),
    ("once_doSlow", "sync.(*Once).doSlow"),
    ("gopanic", "panic"),
    ("go_main", "runtime.main"),
    ("time_sleep", "time.Sleep"),
];

/// Functions of Go's runtime that exist here under their own name.
const RUNTIME: &[&str] = &[
    "advanceEvacuationMark",
    "cgocall",
    "cgocallback",
    "cgocallbackg",
    "cgocallbackg1",
    "chanrecv",
    "chanrecv1",
    "chansend",
    "chansend1",
    "closechan",
    "efaceeq",
    "evacuate",
    "evacuate_fast32",
    "evacuate_fast64",
    "evacuate_faststr",
    "evacuated",
    "f32hash",
    "f64hash",
    "fatal",
    "goexit",
    "gopark",
    "growWork",
    "growWork_fast32",
    "growWork_fast64",
    "growWork_faststr",
    "growslice",
    "hashGrow",
    "ifaceeq",
    "interhash",
    "makeBucketArray",
    "makemap",
    "makemap64",
    "makemap_small",
    "mallocgc",
    "mallocgcLarge",
    "mallocgcSmallNoscan",
    "mallocgcSmallScanHeader",
    "mallocgcSmallScanNoHeader",
    "mapaccess1",
    "mapaccess1_fast32",
    "mapaccess1_fast64",
    "mapaccess1_faststr",
    "mapaccess1_fat",
    "mapaccess2",
    "mapaccess2_fast32",
    "mapaccess2_fast64",
    "mapaccess2_faststr",
    "mapaccess2_fat",
    "mapaccessK",
    "mapassign",
    "mapassign_fast32",
    "mapassign_fast32ptr",
    "mapassign_fast64",
    "mapassign_fast64ptr",
    "mapassign_faststr",
    "mapclear",
    "mapclone2",
    "mapdelete",
    "mapdelete_fast32",
    "mapdelete_fast64",
    "mapdelete_faststr",
    "mapiterinit",
    "mapiternext",
    "memclrHasPointers",
    "memclrNoHeapPointers",
    "memclrNoHeapPointersChunked",
    "memmove",
    "moveToBmap",
    "newarray",
    "newobject",
    "nilinterhash",
    "panicdivide",
    "panicfloat",
    "panicmem",
    "panicmemAddr",
    "panicoverflow",
    "raceread",
    "racewrite",
    "sigpanic",
    "sysMap",
    "sysMapOS",
    "systemstack",
    "systemstack_switch",
    "throw",
    "typedmemmove",
    "typehash",
];

/// Endings of assembly routines that exist for several instruction sets.
const ISA: &[&str] = &["_avx512", "_scalar", "_sse41"];

/// The name under which Go would show the function, if its frame is one that Go would have: a function of the
/// runtime that is rebuilt here, or one of the program. Rust's and this crate's own machinery have none.
///
/// A function of the program's that is named `body` or `body_…` is the part of another one that runs under
/// [`defer`](super::defer) or in a `go` statement: Go has no frame of its own for that, and what is nested in it belongs
/// to the outer one.
pub(crate) fn go_name(symbol: &str, program: &Program) -> Option<String> {
    let path = strip_generics(strip_hash(symbol));
    if let Some(routine) = path.strip_prefix("gohmap_") {
        let name = ISA.iter().find_map(|isa| routine.strip_suffix(isa)).unwrap_or(routine);
        // One that is for some types alone has the name of the whole.
        let some =
            ["_words", "_pointers", "_plain", "_eface", "_fields"].iter().find_map(|some| name.strip_suffix(some));
        return runtime_name(some.unwrap_or(name));
    }
    for (module, package) in program.libraries.iter().chain(&[(program.package, "main")]) {
        if !module.is_empty()
            && let Some(rest) = path.strip_prefix(module)
            && let Some(rest) = rest.strip_prefix("::")
        {
            // What cgo makes of a function exported to C is in no package.
            let export = |f: &str| f.starts_with("_cgoexp_");
            return dotted_program(rest).map(|f| if export(&f) { f } else { format!("{package}.{f}") });
        }
    }
    let (krate, rest) = path.split_once("::")?;
    match krate {
        env!("CARGO_PKG_NAME") => {
            let (module, name) = path.rsplit_once("::")?;
            let floor = module.strip_prefix("gohmap::")?.split("::").next()?;
            if module == "gohmap::race::atomic" {
                return Some(format!("sync/atomic.{}", name.trim_end_matches("_wrapper")));
            }
            // What leads into the assembly routine of the same name has no frame in Go.
            let way_in = module == "gohmap::map::amd64" || (floor == "layout" && cfg!(gohmap_asm));
            let known = matches!(floor, "map" | "fatal" | "fault" | "gomap" | "hash" | "layout" | "race");
            if known && !way_in { runtime_name(name) } else { None }
        }
        "core" | "std" | "alloc" | "backtrace" | "test" | "__rustc" => None,
        _ if krate.starts_with(['<', '_']) || krate.contains(' ') => None,
        // Another crate's functions are a package of that name, its modules packages below it.
        _ => {
            let (f, closures) = match rest.find("::{") {
                Some(i) => rest.split_at(i),
                None => (rest, ""),
            };
            let (modules, f) = f.rsplit_once("::").map_or((String::new(), f), |(m, f)| (m.replace("::", "/"), f));
            let slash = if modules.is_empty() { "" } else { "/" };
            Some(format!("{krate}{slash}{modules}.{}", dotted(&format!("{f}{closures}"))))
        }
    }
}

fn runtime_name(name: &str) -> Option<String> {
    if let Some((_, go)) = RENAMED.iter().find(|(rust, _)| *rust == name) {
        return Some((*go).to_owned());
    }
    RUNTIME.binary_search(&name).ok().map(|_| format!("runtime.{name}"))
}

/// Whether a frame of this name shows in a trace of a program that did wrong, or only in one of a broken runtime
/// (`showframe`, `runtime/traceback.go`).
pub(crate) fn shown_at_user_level(name: &str) -> bool {
    match name.strip_prefix("runtime.") {
        Some(f) => f.starts_with(|c: char| c.is_ascii_uppercase()),
        None => name.contains('.'),
    }
}

/// A path within the program: without the bodies of functions that defer, and without what calls C on behalf of cgo's
/// wrappers, which in Go is the runtime's assembly.
fn dotted_program(path: &str) -> Option<String> {
    let is_body = |part: &str| part == "body" || part.starts_with("body_");
    if path.rsplit("::").next().is_some_and(is_body) || path.starts_with("_Cfunc_") && path.contains("::") {
        return None;
    }
    let parts: Vec<&str> = path.split("::").filter(|p| !is_body(p)).collect();
    Some(dotted(&parts.join("::")))
}

/// `a::b::{closure#1}` as Go writes it: `a.b.func2`. Rust's legacy mangling does not number closures: `func1`.
fn dotted(path: &str) -> String {
    let mut out = String::new();
    for part in path.split("::") {
        if !out.is_empty() {
            out.push('.');
        }
        match part.strip_prefix('{') {
            Some(c) if c.starts_with("{closure") => out.push_str("func1"),
            Some(c) if c.starts_with("closure") => {
                let n: u32 = c.trim_start_matches("closure#").trim_end_matches('}').parse().unwrap_or(0);
                out.push_str(&format!("func{}", n + 1));
            }
            _ => out.push_str(part),
        }
    }
    out
}

/// Takes the legacy mangling's `::h0123456789abcdef` away.
fn strip_hash(symbol: &str) -> &str {
    match symbol.rsplit_once("::h") {
        Some((s, h)) if h.len() == 16 && h.bytes().all(|b| b.is_ascii_hexdigit()) => s,
        _ => symbol,
    }
}

/// Takes generic arguments (`::<…>`, `<…>` after a name) away; a leading `<T as Trait>` stays.
fn strip_generics(symbol: &str) -> String {
    let mut out = String::with_capacity(symbol.len());
    let mut depth = 0;
    for (i, c) in symbol.char_indices() {
        match c {
            '<' if i > 0 => depth += 1,
            '>' if depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    while out.ends_with(':') {
        out.pop();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted() {
        assert!(RUNTIME.is_sorted());
    }

    #[test]
    fn names() {
        let p = &Program {
            rules: crate::version::GoVersion::V1_22.rules(),
            package: "gohmap::lab::programs::fault",
            libraries: &[("gohmap::lab::programs::hm", "goldens/hm"), ("gohmap::lab::programs::fault::more", "main")],
        };
        for (symbol, go) in [
            ("gohmap::map::fast64::mapaccess1_fast64::<()>", Some("runtime.mapaccess1_fast64")),
            ("gohmap::map::fast64::mapaccess1_fast64::h0123456789abcdef", Some("runtime.mapaccess1_fast64")),
            ("gohmap_memclrNoHeapPointers", Some("runtime.memclrNoHeapPointers")),
            ("gohmap_mapassign_fast64_sse41", Some("runtime.mapassign_fast64")),
            ("gohmap_mapdelete_fast64_avx512", Some("runtime.mapdelete_fast64")),
            ("gohmap_mapdelete_fast64_pointers_avx512", Some("runtime.mapdelete_fast64")),
            ("gohmap_mapset_fast64_words_avx512", Some("runtime.mapassign_fast64")),
            ("gohmap_mapaccess2_fast64_words_sse41", Some("runtime.mapaccess2_fast64")),
            ("gohmap_slow_mapassign_fast64_sse41", None),
            ("gohmap::map::fast32::mapdelete_fast32::<()>", Some("runtime.mapdelete_fast32")),
            ("gohmap::map::fast::assign", None),
            ("gohmap::hash::memhash::aeshashbody", Some("aeshashbody")),
            ("gohmap::hash::fallback::Keys::memhash_fallback", Some("runtime.memhashFallback")),
            ("gohmap::hash::memhash::memhash", None),
            ("gohmap::map::amd64::mapassign_fast64", None),
            ("gohmap_guard", None),
            ("gohmap_sigpanic_entry", None),
            ("gohmap::fatal::panic::gopanic", Some("panic")),
            ("gohmap::fatal::region::run::go", None),
            ("gohmap::lab::programs::fault::read64", Some("main.read64")),
            ("gohmap::lab::programs::fault::main::{{closure}}", Some("main.main.func1")),
            ("gohmap::lab::programs::fault::main::{closure#6}", Some("main.main.func7")),
            ("gohmap::lab::programs::fault::_Cfunc_f", Some("main._Cfunc_f")),
            ("gohmap::lab::programs::fault::_Cfunc_f::{{closure}}", None),
            ("gohmap::lab::programs::fault::outer::body", None),
            ("gohmap::lab::programs::fault::outer::body_deferred", None),
            ("gohmap::lab::programs::fault::outer::body::{{closure}}", Some("main.outer.func1")),
            ("gohmap::lab::programs::fault::body_spin", None),
            ("gohmap::lab::programs::fault::nobody::x", Some("main.nobody.x")),
            ("gohmap::lab::programs::hm::Try::<fn()>", Some("goldens/hm.Try")),
            ("gohmap::lab::programs::fault::more::read64", Some("main.read64")),
            ("gohmap::lab::programs::pick", None),
            ("gohmap::gomap::GoMap<K,V>::get::{{closure}}", None),
            ("core::ops::function::FnOnce::call_once", None),
            ("<alloc::boxed::Box<F,A> as core::ops::function::FnOnce<Args>>::call_once", None),
            ("std::rt::lang_start_internal", None),
            ("main", None),
            ("__libc_start_call_main", None),
            ("mycrate::worker::fill", Some("mycrate/worker.fill")),
            ("mycrate::main", Some("mycrate.main")),
            ("mycrate::a::b::f::{{closure}}::{{closure}}", Some("mycrate/a/b.f.func1.func1")),
            ("gohmap::race::atomic::AddInt32_wrapper::<i32, f>", Some("sync/atomic.AddInt32")),
            ("gohmap::race::once::once_doSlow::<f>", Some("sync.(*Once).doSlow")),
            ("gohmap::race::map::Map<K,V>::insert", None),
            ("__rust_begin_short_backtrace", None),
        ] {
            assert_eq!(go_name(symbol, p).as_deref(), go, "{symbol}");
        }
    }

    #[test]
    fn what_a_user_sees() {
        for (name, shown) in [
            ("main.main", true),
            ("runtime.main", false),
            ("runtime.GC", true),
            ("maps.clone", true),
            ("time.Sleep", true),
            ("memeqbody", false),
        ] {
            assert_eq!(shown_at_user_level(name), shown, "{name}");
        }
    }
}

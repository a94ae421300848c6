//! What the programs share, after package `goldens/hm` of their Go originals: choosing a case, global variables,
//! raw access to a map's header, regions of memory at a fixed address, telling what was recovered.

use crate::fatal::{self, GoPanic};
use crate::gomap::{Elem, Key, SharedMap};
use crate::heap::{Request, Role};
use crate::lab::REGION;
use crate::layout::{HASH_WRITING, Hmap, mem};
use crate::runtime::Runtime;
use std::cell::{Cell, UnsafeCell};
use std::fmt::Write;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;
/// Where every mapped region begins, so that output is stable.
pub(super) const REGION_AT: usize = REGION as usize;
/// Bytes of a region.
pub(super) const REGION_BYTES: usize = 16 * PAGE;

static RUNTIME: OnceLock<Arc<Runtime>> = OnceLock::new();
static NAME: OnceLock<&'static str> = OnceLock::new();

thread_local! {
    static LISTING: Cell<bool> = const { Cell::new(false) };
    static LISTED: Cell<Vec<Listed>> = const { Cell::new(Vec::new()) };
}

/// A case as a program's `main` declares it.
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) compare: super::Compare,
    pub(super) levels: bool,
    pub(super) since_121: bool,
    pub(super) reuse: bool,
    run: Box<dyn Fn()>,
}

/// Declares a case: its name, what is done in one sentence, and the function.
pub(super) fn case(name: impl Into<String>, about: impl Into<String>, run: impl Fn() + 'static) -> Listed {
    Listed {
        name: name.into(),
        about: about.into(),
        compare: super::Compare::Exact,
        levels: false,
        since_121: false,
        reuse: false,
        run: Box::new(run),
    }
}

impl Listed {
    /// How its outcome is compared, if not exactly.
    pub(super) fn compare(self, compare: super::Compare) -> Self {
        Self { compare, ..self }
    }

    /// Which bucket is hit depends on the hash.
    pub(super) fn scattered(self) -> Self {
        self.compare(super::Compare::Scattered)
    }

    /// Recorded at every GOTRACEBACK.
    pub(super) fn at_all_levels(self) -> Self {
        Self { levels: true, ..self }
    }

    /// Memory that is freed gets used again, as under Go's collector.
    pub(super) fn reusing_memory(self) -> Self {
        Self { reuse: true, ..self }
    }

    /// Needs `clear` or `maps.Clone`.
    pub(super) fn since_121(self) -> Self {
        Self { since_121: true, ..self }
    }
}

/// The process becomes the program with this runtime, running this case.
pub(super) fn start(rt: Arc<Runtime>, name: &'static str) {
    assert!(RUNTIME.set(rt).is_ok() && NAME.set(name).is_ok(), "one process is one program");
}

/// The cases that `main` declares.
pub(super) fn list(main: fn()) -> Vec<Listed> {
    LISTING.set(true);
    main();
    LISTING.set(false);
    LISTED.take()
}

/// The case that this process is to run; none when cases are only being listed.
pub(super) fn pick(cases: Vec<Listed>) -> Box<dyn Fn()> {
    if LISTING.get() {
        LISTED.set(cases);
        return Box::new(|| {});
    }
    let name = NAME.get().copied().unwrap_or_default();
    let found = cases.into_iter().find(|c| c.name == name);
    found.expect("the case is in its program's list").run
}

/// The runtime of the program.
pub(super) fn rt() -> &'static Arc<Runtime> {
    RUNTIME.get().expect("the program has started")
}

/// A package-level variable that holds a map. As in Go, any goroutine may read it at any time.
pub(super) struct Var<T> {
    value: UnsafeCell<Option<T>>,
    init: fn() -> T,
}

// SAFETY: the variable is assigned, or first read, by one goroutine alone, before others read it: the programs are
// written that way.
unsafe impl<T: Sync> Sync for Var<T> {}

impl<T> Var<T> {
    /// `var m = init()`.
    pub(super) const fn new(init: fn() -> T) -> Self {
        Self { value: UnsafeCell::new(None), init }
    }

    /// Assigns the variable. The old map stays in memory, as in a program that has switched its collector off: a
    /// tampered map must not be taken apart.
    pub(super) fn set(&self, v: T) {
        // SAFETY: see the type.
        std::mem::forget(unsafe { (*self.value.get()).replace(v) });
    }
}

impl<T> Deref for Var<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: see the type.
        unsafe { (*self.value.get()).get_or_insert_with(self.init) }
    }
}

/// The map type of most programs.
pub(super) type Map = SharedMap<u64, u64>;

/// Raw access to a header.
#[derive(Clone, Copy)]
pub(super) struct Header(usize);

/// `hm.H`: the header of a map.
#[expect(non_snake_case, reason = "Go's name")]
pub(super) fn H<K: Key, V: Elem>(m: &SharedMap<K, V>) -> Header {
    Header(m.hmap())
}

macro_rules! fields {
    ($($field:ident $set:ident $ty:ty, $ld:ident, $st:ident;)*) => {$(
        pub(super) fn $field(self) -> $ty {
            // SAFETY: the header is live memory of the emulated heap.
            unsafe { mem::$ld(self.0 + std::mem::offset_of!(Hmap, $field)) as $ty }
        }
        pub(super) fn $set(self, v: $ty) {
            // SAFETY: as above.
            unsafe { mem::$st(self.0 + std::mem::offset_of!(Hmap, $field), v as _) }
        }
    )*};
}

impl Header {
    fields! {
        count set_count i64, ld64, st64;
        flags set_flags u8, ld8, st8;
        b set_b u8, ld8, st8;
        noverflow set_noverflow u16, ld16, st16;
        hash0 set_hash0 u32, ld32, st32;
        buckets set_buckets usize, ld64, st64;
        oldbuckets set_oldbuckets usize, ld64, st64;
        nevacuate set_nevacuate u64, ld64, st64;
    }

    /// Where the header keeps the address of its `mapextra`, by version.
    pub(super) fn extra_at(self) -> usize {
        self.0 + rt().rules().extra_offset
    }

    /// Where it begins.
    #[cfg(gohmap_asm)]
    pub(super) fn addr(self) -> usize {
        self.0
    }
}

/// `hm.SetWriting`.
pub(super) fn set_writing<K: Key, V: Elem>(m: &SharedMap<K, V>) {
    let h = H(m);
    h.set_flags(h.flags() | HASH_WRITING);
}

/// `hm.Writing`.
pub(super) fn writing<K: Key, V: Elem>(m: &SharedMap<K, V>) -> bool {
    H(m).flags() & HASH_WRITING != 0
}

/// `hm.Show`: prints the header's small fields.
pub(super) fn show<K: Key, V: Elem>(what: &str, m: &SharedMap<K, V>) {
    let h = H(m);
    let set = |p| if p == 0 { "nil" } else { "set" };
    println!(
        "{what}: count={} flags={:#x} B={} noverflow={} nevacuate={} buckets={} oldbuckets={}",
        h.count(),
        h.flags(),
        h.b(),
        h.noverflow(),
        h.nevacuate(),
        set(h.buckets()),
        set(h.oldbuckets())
    );
}

/// `hm.Report`: prints a recovered value, its type, what interfaces it has.
pub(super) fn report(p: &GoPanic) {
    let mut out = String::new();
    let _ = writeln!(out, "recovered: {}", p.text());
    let _ = writeln!(out, "type: {}", p.go_type());
    let _ = writeln!(out, "error: {} runtime.Error: {}", p.is_error(), p.is_runtime_error());
    let _ = match p.addr() {
        Some(a) => writeln!(out, "Addr(): {a:#x}"),
        None => writeln!(out, "Addr(): method absent"),
    };
    print!("{out}");
}

/// `hm.Try`: runs `f` and reports what it panicked with, if anything.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
pub(super) fn Try(name: &str, f: impl FnOnce()) {
    let recovered = fatal::defer(
        |d| {
            if let Some(p) = d.recover() {
                println!("{name}: panicked");
                report(&p);
            }
        },
        f,
    );
    if recovered.is_some() {
        println!("{name}: returned normally");
    }
}

/// `sink = v`: the value is computed whether or not anybody reads it.
#[inline(always)]
pub(super) fn sink<T>(v: T) -> T {
    std::hint::black_box(v)
}

/// `hm.Mmap`: maps `n` zero bytes at the fixed address `at`.
pub(super) fn mmap(at: usize, n: usize, prot: libc::c_int) -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    map_file(at, n, prot, flags, -1)
}

/// Maps at the fixed address `at`, which nothing else may occupy.
pub(super) fn map_file(at: usize, n: usize, prot: libc::c_int, flags: libc::c_int, fd: libc::c_int) -> usize {
    let flags = flags | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: NOREPLACE: the call fails rather than take memory that is in use.
    let p = unsafe { libc::mmap(at as *mut libc::c_void, n, prot, flags, fd, 0) };
    check("mmap", p as usize == at);
    at
}

/// `hm.Munmap`.
pub(super) fn munmap(at: usize, n: usize) {
    // SAFETY: a region that `mmap` made; only emulated memory lies there.
    check("munmap", unsafe { libc::munmap(at as *mut libc::c_void, n) } == 0);
}

/// `hm.Mprotect`.
pub(super) fn mprotect(at: usize, n: usize, prot: libc::c_int) {
    // SAFETY: emulated memory: a region that `mmap` made, or pages of the emulated heap.
    check("mprotect", unsafe { libc::mprotect(at as *mut libc::c_void, n, prot) } == 0);
}

fn check(what: &str, ok: bool) {
    if !ok {
        eprintln!("{what}: {}", std::io::Error::last_os_error());
        std::process::exit(98);
    }
}

/// Copies emulated memory.
pub(super) fn copy_in(dst: usize, src: usize, n: usize) {
    // SAFETY: both are mapped: a region that was just made and a live bucket array.
    unsafe { mem::memmove(dst, src, n) }
}

/// `new([size]byte)` that the program keeps: its address.
pub(super) fn alloc(size: usize) -> usize {
    let rt = rt();
    let malloc_headers = rt.rules().malloc_header;
    let r = Request { size, noscan: true, malloc_headers, owner: 0, role: Role::Other, table: 0 };
    let a = rt.heap.alloc(&r).expect("memory");
    if a.needs_zero {
        // SAFETY: the object that was just handed out.
        unsafe { mem::memclr(a.addr, size) };
    }
    a.addr
}

/// A word of emulated memory.
pub(super) fn poke(at: usize, v: usize) {
    // SAFETY: the programs pass addresses of live buckets and headers.
    unsafe { mem::st64(at, v as u64) }
}

/// A byte of emulated memory.
pub(super) fn poke8(at: usize, v: u8) {
    // SAFETY: as in `poke`.
    unsafe { mem::st8(at, v) }
}

/// A byte of emulated memory.
pub(super) fn peek8(at: usize) -> u8 {
    // SAFETY: as in `poke`.
    unsafe { mem::ld8(at) }
}

/// A word of emulated memory.
pub(super) fn peek(at: usize) -> usize {
    // SAFETY: as in `poke`.
    unsafe { mem::ld64(at) as usize }
}

//! Rounds of the emulated map: a forked process with threads of its own.

use super::page::{Page, State};
use super::{Act, Class, ENTRIES, Race, Round, Side, key};
use crate::fatal::goroutine::with_current;
use crate::fault::guarded;
use crate::heap::{HeapConfig, OnFree};
use crate::inspect::fsck::{Grade, Rule, check_at};
use crate::inspect::own::Own;
use crate::lab::experiment::Class as Died;
use crate::lab::experiment::rig::died;
use crate::layout::{Hiter, mem};
use crate::map::amd64::{Fast64, Isa};
use crate::map::{clear, clone, compiled, iter, make};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::MapType;
use crate::version::GoVersion;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The map of `map[uint64]uint64` by one implementation.
pub struct Emulated {
    isa: Isa,
    version: GoVersion,
    page: Page,
}

impl Emulated {
    /// A map of this version, by this implementation. Its rounds fork: this process has one thread.
    ///
    /// # Errors
    /// When this build catches no faults, or the system has no memory to share.
    pub fn new(version: GoVersion, isa: Isa) -> io::Result<Self> {
        use nix::sys::memfd::{MFdFlags, memfd_create};
        if !mem::HAVE_ASM {
            return Err(io::Error::other("this build catches no faults: races need Linux on x86-64"));
        }
        let file = File::from(memfd_create(c"gohmap-race", MFdFlags::MFD_CLOEXEC)?);
        Ok(Self { isa, version, page: Page::of(&file)? })
    }
}

/// How often the parent looks whether a child has ended.
const TICK: Duration = Duration::from_micros(100);

impl Side for Emulated {
    fn name(&self) -> String {
        format!("{} {}", self.version, self.isa)
    }

    fn round(&mut self, race: &Race) -> io::Result<Round> {
        self.page.clear();
        let start = Instant::now();
        // SAFETY: this process has one thread (see `new`), so the child may do what it likes.
        let child = match unsafe { libc::fork() } {
            -1 => return Err(io::Error::last_os_error()),
            0 => play(&self.page, race, self.version, self.isa),
            child => child,
        };
        let mut status = 0;
        let mut hung = false;
        loop {
            // SAFETY: our own child.
            match unsafe { libc::waitpid(child, &mut status, if hung { 0 } else { libc::WNOHANG }) } {
                0 if start.elapsed() > race.patience => {
                    // SAFETY: our own child, which has not been waited for.
                    unsafe { libc::kill(child, libc::SIGKILL) };
                    hung = true;
                }
                0 => thread::sleep(TICK),
                -1 if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted => {
                    return Err(io::Error::last_os_error());
                }
                -1 => {}
                _ => break,
            }
        }
        let operations = self.page.operations();
        let (nanoseconds, text) = self.page.said();
        let took = (!hung).then(|| Duration::from_nanos(nanoseconds));
        let round = |class, kind: String| Ok(Round { class, kind, operations, took });
        match self.page.state() {
            State::Died | State::Done => {
                let (class, kind) = text.split_once(": ").unwrap_or((&text, ""));
                let class = Class::ALL.into_iter().find(|c| c.name() == class);
                class.map_or_else(|| Err(io::Error::other(text.clone())), |class| round(class, kind.to_owned()))
            }
            State::Running | State::Dying if hung => round(Class::Hang, String::new()),
            State::Running | State::Dying => Err(io::Error::other(format!("a round ended with status {status:#x}"))),
        }
    }
}

/// The life of a child.
fn play(page: &Page, race: &Race, version: GoVersion, isa: Isa) -> ! {
    // What a map lets go of stays as it is: Go's collector leaves what a goroutine may still see.
    let heap = HeapConfig { on_free: OnFree::Keep, ..HeapConfig::default() };
    let rt = Runtime::new(RuntimeConfig { version, heap, ..RuntimeConfig::default() });
    let t = MapType::u64(&rt, 8, false);
    // SAFETY: a fresh map.
    let h = unsafe {
        let h = make::makemap_small(&t);
        for n in 1..=ENTRIES {
            mem::st64(compiled::assign_with(isa.fast64_of(&t), &t, h, (&raw const n).expose_provenance()), 10 * n);
        }
        h
    };
    let arena =
        Arena { page, race, t: &t, h, f: isa.fast64_of(&t), ready: AtomicUsize::new(0), go: AtomicBool::new(false) };
    let mut start = Instant::now();
    thread::scope(|s| {
        let arena = &arena;
        for i in 0..race.threads {
            s.spawn(move || arena.thread(i));
        }
        while arena.ready.load(Ordering::Acquire) < race.threads {
            thread::yield_now();
        }
        start = Instant::now();
        arena.go.store(true, Ordering::Release);
    });
    let took = start.elapsed();
    let text = match arena.wrong() {
        None => Class::Fine.name().to_owned(),
        Some(kind) => format!("{}: {kind}", Class::Silent),
    };
    page.end(false, took.as_nanos() as u64, &text);
    // SAFETY: ends the process without touching what the parent has too.
    unsafe { libc::_exit(0) }
}

/// A map, and threads that are let loose on it.
struct Arena<'a> {
    page: &'a Page,
    race: &'a Race,
    t: &'a MapType,
    h: usize,
    f: &'static Fast64,
    /// Threads that wait for the start.
    ready: AtomicUsize,
    go: AtomicBool,
}

impl Arena<'_> {
    fn thread(&self, i: usize) {
        let act = self.race.acts[i % self.race.acts.len()];
        self.ready.fetch_add(1, Ordering::AcqRel);
        while !self.go.load(Ordering::Acquire) {
            // With more threads than processors, spinning keeps others from coming here.
            thread::yield_now();
        }
        let start = Instant::now();
        // SAFETY: frames between here and a fault are those of map operations, which drop nothing.
        let ended = unsafe {
            guarded(|| {
                for n in 0..self.race.operations {
                    self.once(act, key(act, i, n));
                    self.page.count(i);
                }
            })
        };
        let Err(death) = ended else { return };
        if !self.page.first_to_die() {
            // The process is about to end.
            loop {
                thread::park();
            }
        }
        let o = died(&death, with_current(|g| g.sig.get()), 0);
        let class = match o.class {
            Died::Fault => Class::Fault,
            Died::Panic => Class::Panic,
            _ => Class::Caught,
        };
        self.page.end(true, start.elapsed().as_nanos() as u64, &format!("{class}: {}", o.detail));
        // SAFETY: ends the process, and with it the other threads, as Go does.
        unsafe { libc::_exit(0) }
    }

    /// One operation.
    ///
    /// # Safety
    /// In a region that watches for faults: the map may be broken.
    #[inline]
    unsafe fn once(&self, act: Act, n: u64) {
        let (t, h, f) = (self.t, self.h, self.f);
        let key = (&raw const n).expose_provenance();
        // SAFETY: a key of this frame; the caller's promise for the map.
        unsafe {
            match act {
                Act::AssignHit | Act::AssignSame | Act::AssignOther | Act::AssignGrow => {
                    mem::st64(compiled::assign_with(f, t, h, key), 10 * n);
                }
                Act::Delete => compiled::delete_with(f, t, h, key),
                Act::Read => {
                    let (e, _) = compiled::access2_with(f, t, h, key, 0);
                    std::hint::black_box(mem::ld64(e));
                }
                Act::Iterate => {
                    let mut it = Hiter::default();
                    iter::mapiterinit_with(f, t, h, &mut it);
                    while it.key != 0 {
                        std::hint::black_box(mem::ld64(it.elem as usize));
                        (f.mapiternext)(t, &mut it);
                    }
                }
                Act::Clone => {
                    std::hint::black_box(clone::maps_Clone(t, h, &()));
                }
                Act::Clear => clear::mapclear(t, h, &()),
                Act::Len => {
                    std::hint::black_box(mem::ld64(h));
                }
            }
        }
    }

    /// What is wrong with the map, now that all have done their operations.
    fn wrong(&self) -> Option<String> {
        let own = Own::new(&self.t.rt);
        let rules: Vec<Rule> = match check_at(&own, self.t, self.h as u64) {
            Ok(report) => report.findings.iter().map(|f| f.rule).collect(),
            Err(_) => return Some("broken structure".to_owned()),
        };
        let broken = |r: &Rule| r.grade() == Grade::Broken || *r == Rule::Writing;
        if rules.contains(&Rule::Duplicate) {
            return Some("duplicate key".to_owned());
        }
        // SAFETY: frames between here and a fault are those of map operations, which drop nothing.
        let lost = unsafe {
            guarded(|| {
                self.race.keepers().any(|(i, act)| {
                    (0..self.race.operations).any(|n| {
                        let n = key(act, i, n);
                        let (e, ok) =
                            compiled::access2_with(self.f, self.t, self.h, (&raw const n).expose_provenance(), 0);
                        !ok || mem::ld64(e) != 10 * n
                    })
                })
            })
        };
        match lost {
            Err(_) => Some("broken structure".to_owned()),
            Ok(true) => Some("lost key".to_owned()),
            Ok(false) if rules.contains(&Rule::Count) => Some("wrong count".to_owned()),
            Ok(false) if rules.iter().any(broken) => Some("broken structure".to_owned()),
            Ok(false) => None,
        }
    }
}

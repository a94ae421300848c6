//! Goroutines: OS threads with Go's numbers, states and parentage.
//!
//! Go's own goroutines (force gc, sweep, scavenge, finalizers: 2 to 5) do not exist here, and their numbers are
//! left free, so that the first `go` statement makes goroutine 6 as it mostly does in a Go program.

use super::region::Region;
use super::sig::SigInfo;
use super::throw;
use super::trace::{RawFrame, Trace};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Frames kept of a goroutine that another one's death interrupts.
pub(crate) const CAPTURE: usize = 128;

/// `runtime.g`, as far as a map can see it. One per thread.
pub(crate) struct G {
    /// Its number.
    pub(crate) id: u64,
    /// Started by [`go`] or `run_main`; other threads get a G on first need.
    pub(crate) is_goroutine: bool,
    /// Number of the goroutine whose `go` statement made it.
    parent: u64,
    /// Where that statement is.
    created_at: Option<Trace>,
    pthread: libc::pthread_t,
    /// What it waits for, as Go names it; empty when it runs.
    waiting: Mutex<&'static str>,
    /// Innermost region.
    pub(crate) region: Cell<*const Region>,
    /// Innermost deferred call.
    pub(crate) defers: Cell<*const super::panic::Defer>,
    /// Newest panic whose deferred calls are running.
    pub(crate) panics: Cell<*const super::panic::InFlight>,
    /// `debug.SetPanicOnFault`.
    pub(crate) panic_on_fault: Cell<bool>,
    /// In `mallocgc` (`m.mallocing`).
    pub(crate) mallocing: Cell<bool>,
    /// On the system stack: frame address of `systemstack_switch`, 0 otherwise.
    pub(crate) system_stack: Cell<usize>,
    /// In C code: an address in the frame of `cgocall`, 0 otherwise.
    pub(crate) in_c: Cell<usize>,
    /// A fault of this goroutine is being decided on, on the faulting stack.
    pub(crate) in_sigpanic: Cell<bool>,
    /// C called back into Go (`[running, locked to thread]`).
    pub(crate) locked_to_thread: Cell<bool>,
    /// `g.sig`: the signal behind the panic in flight.
    pub(crate) sig: Cell<Option<SigInfo>>,
    /// Its own report is being made or waited for.
    pub(crate) dying: AtomicBool,
    /// Another goroutine's report wants this one's frames.
    pub(crate) wanted: AtomicBool,
    /// Frames in `frames`, plus one; 0 until they are there.
    pub(crate) captured: AtomicUsize,
    frames: [Cell<RawFrame>; CAPTURE],
}

// SAFETY: the cells are used by the thread of the goroutine alone, but for `frames`, which the thread's signal handler
// writes before it stores `captured` (release) and others read after they have loaded it (acquire).
unsafe impl Send for G {}
// SAFETY: as above.
unsafe impl Sync for G {}

static ALL: Mutex<Vec<Arc<G>>> = Mutex::new(Vec::new());
static NEXT_ID: AtomicU64 = AtomicU64::new(6);

thread_local! {
    /// Read by the signal handler: no lazy initialisation and no destructor.
    static CURRENT: Cell<*const G> = const { Cell::new(ptr::null()) };
    static OWNED: RefCell<Option<Registered>> = const { RefCell::new(None) };
}

/// Keeps the thread's G registered until the thread ends.
struct Registered(Arc<G>);
impl Drop for Registered {
    fn drop(&mut self) {
        CURRENT.set(ptr::null());
        let mut all = lock_all();
        all.retain(|g| !Arc::ptr_eq(g, &self.0));
    }
}

fn lock_all() -> std::sync::MutexGuard<'static, Vec<Arc<G>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl G {
    fn new(id: u64, is_goroutine: bool, parent: u64, created_at: Option<Trace>) -> Self {
        Self {
            id,
            is_goroutine,
            parent,
            created_at,
            // SAFETY: no preconditions.
            pthread: unsafe { libc::pthread_self() },
            waiting: Mutex::new(""),
            region: Cell::new(ptr::null()),
            defers: Cell::new(ptr::null()),
            panics: Cell::new(ptr::null()),
            panic_on_fault: Cell::new(false),
            mallocing: Cell::new(false),
            system_stack: Cell::new(0),
            in_c: Cell::new(0),
            in_sigpanic: Cell::new(false),
            locked_to_thread: Cell::new(false),
            sig: Cell::new(None),
            dying: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            captured: AtomicUsize::new(0),
            frames: [const { Cell::new(RawFrame { ip: 0, sp: 0, start: 0 }) }; CAPTURE],
        }
    }

    /// The number of the creator and the place of the `go` statement; none for goroutine 1.
    pub(crate) fn created(&self) -> Option<(u64, &Trace)> {
        self.created_at.as_ref().map(|t| (self.parent, t))
    }

    /// The state in a goroutine header.
    pub(crate) fn state(&self) -> &'static str {
        let w = *self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if w.is_empty() { "runnable" } else { w }
    }

    /// Marks this goroutine as waiting while `f` runs.
    pub(crate) fn wait<R>(&self, why: &'static str, f: impl FnOnce() -> R) -> R {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = why;
        let r = f();
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = "";
        r
    }

    /// Called by the signal handler of the goroutine's own thread: stores the frames that `walk` finds.
    #[cfg(gohmap_asm)]
    pub(crate) fn capture(&self, walk: impl FnOnce(&mut dyn FnMut(RawFrame) -> bool)) {
        let mut n = 0;
        walk(&mut |f| {
            self.frames[n].set(f);
            n += 1;
            n < CAPTURE
        });
        self.captured.store(n + 1, Ordering::Release);
    }

    /// Asks the goroutine's thread for its frames; none when it does not answer in time.
    pub(crate) fn ask_frames(&self) -> Option<Trace> {
        if self.dying.load(Ordering::Acquire) {
            return None;
        }
        self.wanted.store(true, Ordering::Release);
        // SAFETY: the thread is alive: its G is taken out of the list before it ends, and the list is held by nobody
        // else while a report is being made. A signal to a thread that just ended returns ESRCH.
        if unsafe { libc::pthread_kill(self.pthread, libc::SIGURG) } != 0 {
            return None;
        }
        for _ in 0..200 {
            let n = self.captured.load(Ordering::Acquire);
            if n > 0 {
                return Some(Trace::new(self.frames[..n - 1].iter().map(Cell::get).collect()));
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        None
    }
}

/// Every goroutine but the one with this number.
pub(crate) fn others(id: u64) -> Vec<Arc<G>> {
    let mut v: Vec<_> = lock_all().iter().filter(|g| g.is_goroutine && g.id != id).cloned().collect();
    v.sort_by_key(|g| g.id);
    v
}

/// This thread's G; made when there is none yet (then it is no goroutine).
#[inline(always)]
pub(crate) fn with_current<R>(f: impl FnOnce(&G) -> R) -> R {
    let mut p = CURRENT.get();
    if p.is_null() {
        p = adopt_first();
    }
    // SAFETY: CURRENT points into the Arc that OWNED keeps, and is nulled before that goes; or into that of a fiber, which
    // outlives its being there.
    f(unsafe { &*p })
}

#[cold]
fn adopt_first() -> *const G {
    adopt(G::new(1, false, 0, None));
    CURRENT.get()
}

/// This thread's G, if it has one. Async-signal-safe.
pub(crate) fn current_in_handler<'a>() -> Option<&'a G> {
    // SAFETY: as in `with_current`.
    unsafe { CURRENT.get().as_ref() }
}

fn adopt(g: G) {
    let g = Arc::new(g);
    let p = Arc::as_ptr(&g);
    lock_all().push(Arc::clone(&g));
    let before = OWNED.replace(Some(Registered(g)));
    drop(before);
    CURRENT.set(p);
}

/// Makes this thread goroutine 1, whatever it was before. Panics when it is inside a guarded region.
pub(super) fn adopt_main() {
    let inside = current_in_handler().is_some_and(|g| !g.region.get().is_null());
    assert!(!inside, "an operation of the map is under way on this thread");
    adopt(G::new(1, true, 0, None));
}

/// The `go` statement: runs `f` on a thread of its own, as a new goroutine.
///
/// When `f` dies, the process ends as a Go program does.
///
/// # Panics
/// When the system refuses a thread.
#[inline(never)]
pub fn go(f: impl FnOnce() + Send + 'static) {
    let parent = with_current(|g| g.id);
    let created = Trace::capture();
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
    let (ready, started) = std::sync::mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name(format!("goroutine {id}"))
        .spawn(move || {
            adopt(G::new(id, true, parent, Some(created)));
            let _ = ready.send(());
            goexit(f);
        })
        .expect("a thread for the goroutine");
    let _ = started.recv();
}

/// The outermost frame of every goroutine but the first. Go's is the return address that ends a goroutine.
#[inline(never)]
fn goexit(f: impl FnOnce()) {
    end_as_go(f);
    std::hint::black_box(());
}

/// Runs a goroutine's function; if it dies, so does the process, with Go's words.
pub(super) fn end_as_go(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        throw::uncaught(payload);
    }
}

/// A goroutine that shares its OS thread with others, each on a stack of its own. Whoever switches between the stacks says
/// which of them runs.
pub(crate) struct Fiber(Arc<G>);

impl Fiber {
    /// A goroutine of this thread that does not run yet; it is in no traceback.
    pub(crate) fn new() -> Self {
        Self(Arc::new(G::new(NEXT_ID.fetch_add(1, Ordering::Relaxed), false, 1, None)))
    }

    /// Makes it the goroutine that runs on this thread.
    ///
    /// # Safety
    /// It is on the thread that made it, and lives until [`Fiber::leave`] or another fiber's `enter` is called there; the stack
    /// that goes on is the one on which all its regions were entered.
    pub(crate) unsafe fn enter(&self) {
        CURRENT.set(Arc::as_ptr(&self.0));
    }

    /// Makes the thread's own goroutine run again.
    pub(crate) fn leave() {
        OWNED.with_borrow(|own| CURRENT.set(own.as_ref().map_or(ptr::null(), |own| Arc::as_ptr(&own.0))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_parents() {
        let (tx, rx) = std::sync::mpsc::channel();
        go(move || {
            let me = with_current(|g| (g.id, g.created().map(|c| c.0)));
            tx.send(me).unwrap();
        });
        let (id, parent) = rx.recv().unwrap();
        assert!(id >= 6);
        assert_eq!(parent, Some(with_current(|g| g.id)));
    }

    #[test]
    fn a_waiting_goroutine_gives_its_frames() {
        let (tx, rx) = std::sync::mpsc::channel();
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        crate::fault::install_program();
        go(move || {
            tx.send(with_current(|g| g.id)).unwrap();
            with_current(|g| g.wait("sleep", || wait.recv().ok()));
        });
        let id = rx.recv().unwrap();
        let g = others(0).into_iter().find(|g| g.id == id).unwrap();
        while g.state() != "sleep" {
            std::thread::yield_now();
        }
        let t = g.ask_frames();
        drop(stop);
        assert!(cfg!(not(gohmap_asm)) || t.is_some_and(|t| t.len() > 3));
    }
}

//! Classes of deaths, and Go's rules for them.

use super::parse::Report;

/// What a program died of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// `assignment to entry in nil map`.
    NilAssign,
    /// `concurrent map writes`.
    ConcurrentWrites,
    /// `concurrent map read and map write`.
    ConcurrentReadWrite,
    /// `concurrent map iteration and map write`.
    ConcurrentIterateWrite,
    /// `concurrent map clone and map write`.
    ConcurrentCloneWrite,
    /// `hash of unhashable type`.
    Unhashable,
    /// `unexpected fault address`.
    FaultAddress,
    /// A nil dereference, at an address below 4096.
    NilDereference,
    /// `bad map state`, and other throws of the map's functions about what they found.
    BadMapState,
    /// `unexpected signal during runtime execution`.
    SignalInRuntime,
    /// A signal in C code, or one that was sent.
    SignalDump,
    /// `found bad pointer in Go heap`, `marked free object in span`: the garbage collector found it.
    BadPointer,
    /// `out of memory` and its kin.
    OutOfMemory,
    /// `allocation size out of range`, `makeslice: … out of range`.
    SizeOutOfRange,
    /// `WARNING: DATA RACE`.
    DataRace,
    /// Anything else.
    Other,
}

/// Functions of the runtime that work on a map.
pub(super) fn is_map_function(name: &str) -> bool {
    const STARTS: [&str; 16] = [
        "runtime.mapaccess",
        "runtime.mapassign",
        "runtime.mapdelete",
        "runtime.mapiter",
        "runtime.mapclear",
        "runtime.mapclone",
        "runtime.maps_",
        "runtime.makemap",
        "runtime.evacuate",
        "runtime.growWork",
        "runtime.hashGrow",
        "runtime.makeBucketArray",
        "runtime.advanceEvacuationMark",
        "runtime.moveToBmap",
        "runtime.(*hmap).",
        "runtime.(*bmap).",
    ];
    STARTS.iter().any(|s| name.starts_with(s))
        || name.starts_with("internal/runtime/maps.")
        || name.starts_with("reflect.map")
        || name.starts_with("reflect.Value.SetMapIndex")
        || name.starts_with("reflect.Value.MapIndex")
        || name.starts_with("reflect.Value.MapKeys")
        || name.starts_with("internal/fmtsort.")
        || matches!(name, "maps.clone" | "maps.keys" | "maps.values")
        || name.starts_with("maps.Clone")
}

impl Class {
    /// The class of a report.
    #[must_use]
    pub fn of(r: &Report) -> Self {
        if !r.race.is_empty() {
            return Self::DataRace;
        }
        if let Some(fatal) = &r.fatal {
            return Self::of_fatal(fatal, r);
        }
        if r.dump {
            return Self::SignalDump;
        }
        let Some((panic, _)) = r.panics.last() else { return Self::Other };
        let whole = panic.strip_prefix("runtime error: ").unwrap_or(panic);
        let plain = whole.split('\n').next().unwrap_or(whole);
        if plain.contains("assignment to entry in nil map") {
            Self::NilAssign
        } else if plain.contains("hash of unhashable type ") || plain.starts_with("hash of unhashable type: ") {
            // The second is that of Go 1.27 for a map without entries.
            Self::Unhashable
        } else if plain.contains("invalid memory address or nil pointer dereference") {
            // Under SetPanicOnFault, a fault has the same words, but its own address.
            match r.signal.as_ref().and_then(|s| s.addr.map(|a| (s, a))) {
                Some((s, a)) if a >= 4096 || s.code == Some(0x80) => Self::FaultAddress,
                _ => Self::NilDereference,
            }
        } else if plain.contains("allocation size out of range")
            || plain.starts_with("makeslice: ")
            || plain.starts_with("makemap: ")
        {
            Self::SizeOutOfRange
        } else {
            Self::Other
        }
    }

    fn of_fatal(fatal: &str, r: &Report) -> Self {
        let starts = |s| fatal.starts_with(s);
        match fatal {
            "concurrent map writes" => Self::ConcurrentWrites,
            "concurrent map read and map write" => Self::ConcurrentReadWrite,
            "concurrent map iteration and map write" => Self::ConcurrentIterateWrite,
            "concurrent map clone and map write" => Self::ConcurrentCloneWrite,
            "fault" => Self::FaultAddress,
            "unexpected signal during runtime execution" => Self::SignalInRuntime,
            "bad map state" | "oldoverflow is not nil" | "evacuation not done in time" | "bad evacuatedN" => {
                Self::BadMapState
            }
            _ if starts("small map with no empty slot") => Self::BadMapState,
            "mapassign called without hash" | "bad pointer in write barrier" => Self::BadMapState,
            _ if starts("found bad pointer in Go heap") || starts("found pointer to free object") => Self::BadPointer,
            _ if starts("sweep increased allocation count") || starts("marked free object") => Self::BadPointer,
            _ if fatal.contains("out of memory")
                || fatal.contains("cannot allocate memory")
                || starts("failed to reserve page summary memory")
                || starts("runtime: cannot reserve arena virtual address space")
                || starts("failed to allocate") =>
            {
                Self::OutOfMemory
            }
            _ if r.details.iter().any(|d| d.starts_with("runtime: marked free object in span")) => Self::BadPointer,
            _ => Self::Other,
        }
    }

    /// A short name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NilAssign => "assignment to entry in nil map",
            Self::ConcurrentWrites => "concurrent map writes",
            Self::ConcurrentReadWrite => "concurrent map read and map write",
            Self::ConcurrentIterateWrite => "concurrent map iteration and map write",
            Self::ConcurrentCloneWrite => "concurrent map clone and map write",
            Self::Unhashable => "hash of unhashable type",
            Self::FaultAddress => "unexpected fault address",
            Self::NilDereference => "nil pointer dereference",
            Self::BadMapState => "bad map state",
            Self::SignalInRuntime => "unexpected signal during runtime execution",
            Self::SignalDump => "signal outside Go code",
            Self::BadPointer => "bad pointer found by the garbage collector",
            Self::OutOfMemory => "out of memory",
            Self::SizeOutOfRange => "size out of range",
            Self::DataRace => "data race",
            Self::Other => "not a map crash",
        }
    }

    /// Whether a map has to do with it; `None` when the report does not say.
    #[must_use]
    pub fn is_map(self, r: &Report, at: Option<&str>) -> Option<bool> {
        let in_trace = r.frames().any(|f| is_map_function(&f.func)) || at.is_some_and(is_map_function);
        match self {
            Self::NilAssign
            | Self::ConcurrentWrites
            | Self::ConcurrentReadWrite
            | Self::ConcurrentIterateWrite
            | Self::ConcurrentCloneWrite
            | Self::BadMapState => Some(true),
            // Only maps hash.
            Self::Unhashable => Some(true),
            Self::DataRace => Some(r.race.iter().any(|a| a.frames.first().is_some_and(|f| is_map_function(f)))),
            _ if in_trace => Some(true),
            // A panic's traceback leaves the runtime's functions out.
            Self::NilDereference | Self::FaultAddress if at.is_none() => None,
            Self::FaultAddress | Self::NilDereference | Self::SizeOutOfRange | Self::Other => Some(false),
            Self::SignalDump => {
                let access = r.signal.as_ref().is_some_and(|s| matches!(s.name.as_str(), "SIGSEGV" | "SIGBUS"));
                if access { None } else { Some(false) }
            }
            Self::SignalInRuntime | Self::BadPointer | Self::OutOfMemory => None,
        }
    }

    /// By which rule Go decided so.
    #[must_use]
    pub fn rule(self, r: &Report) -> String {
        let text = match self {
            Self::NilAssign => {
                "mapassign and its kin begin with `if h == nil { panic(plainError(\"assignment to entry in nil map\")) }` (runtime/map.go): the value of the map is nil. A panic: recoverable, the map is as it was."
            }
            Self::ConcurrentWrites => {
                "An assign, delete or clear found hashWriting (4) set in hmap.flags when it began, or no longer set when it ended (runtime/map.go). A fatal error: no recover, exit status 2."
            }
            Self::ConcurrentReadWrite => {
                "A lookup found hashWriting (4) set in hmap.flags (mapaccess*, runtime/map*.go). A fatal error: no recover, exit status 2."
            }
            Self::ConcurrentIterateWrite => {
                "A range loop found hashWriting (4) set in hmap.flags (mapiternext, runtime/map.go), or the iterator's map type changed under it. A fatal error: no recover, exit status 2."
            }
            Self::ConcurrentCloneWrite => {
                "maps.Clone found hashWriting (4) set in hmap.flags (mapclone2, runtime/map.go). A fatal error: no recover, exit status 2."
            }
            Self::Unhashable => {
                "typehash came to a slice, map or function inside an interface value (runtime/alg.go): such a value cannot be a key. A panic: recoverable, the map is as it was, for keys are hashed before anything changes."
            }
            Self::FaultAddress if r.fatal.is_none() => {
                "sigpanic (runtime/signal_unix.go): SIGSEGV or SIGBUS at an address from 4096 on, and debug.SetPanicOnFault was set for the goroutine: a panic (errorAddressString) instead of the end."
            }
            Self::FaultAddress => {
                "sigpanic (runtime/signal_unix.go): SIGSEGV with an address from 4096 on (or none, code 0x80), or SIGBUS; debug.SetPanicOnFault not set: prints the address and throws \"fault\". A throw: no recover, exit status 2."
            }
            Self::NilDereference => {
                "sigpanic (runtime/signal_unix.go): SIGSEGV with code 0 to 2, or SIGBUS with code 2, at an address below 4096: a nil dereference. A panic: recoverable."
            }
            Self::BadMapState if r.fatal.as_ref().is_some_and(|f| f.starts_with("small map")) => {
                "An assign to a Swiss map of one group found all eight slots taken, while its count said that there is room (internal/runtime/maps, Go 1.24). A fatal error: no recover, exit status 2."
            }
            Self::BadMapState => {
                "The map's functions found what they never leave behind: a mark of evacuation where none can be, or a list of old overflow buckets while no growth is under way (evacuate, hashGrow; runtime/map*.go). A throw: no recover, exit status 2."
            }
            Self::SignalInRuntime => {
                "canpanic was false (runtime/panic.go): the signal came while the goroutine held a lock of the runtime, was allocating (mallocing), or ran on a stack of the runtime's. A throw: no recover, exit status 2."
            }
            Self::SignalDump if r.in_cgo => {
                "The signal came while the thread was in C (signal arrived during cgo execution): not Go's code, so no panic (sighandler, runtime/signal_unix.go). Exit status 2, after all goroutines and registers."
            }
            Self::SignalDump => {
                "The signal was sent (kill), or came where no Go function can panic: sighandler (runtime/signal_unix.go) prints all goroutines and registers and exits with status 2."
            }
            Self::BadPointer => {
                "The garbage collector came to a pointer into memory that it had not handed out, or had freed (findObject, runtime/mbitmap.go; sweep, runtime/mgcsweep.go). A throw: no recover, exit status 2."
            }
            Self::OutOfMemory => {
                "The system refused address space or pages, or a request was beyond all memory (mallocgc, sysMap; runtime/malloc.go, runtime/mem_linux.go). A throw: no recover, deferred functions do not run, exit status 2."
            }
            Self::SizeOutOfRange => {
                "A size overflowed or passed maxAlloc before anything was allocated (newarray, makeslice; runtime/malloc.go, runtime/slice.go). A panic: recoverable."
            }
            Self::DataRace => {
                "The race detector (-race) saw two accesses to the same memory, one of them a write, with nothing that orders them. The program goes on unless GORACE=halt_on_error=1, and exits with status 66 in the end."
            }
            Self::Other => return other_rule(r),
        };
        text.to_owned()
    }

    /// Commands of this tool that show the same.
    #[must_use]
    pub fn reproduce(self, r: &Report) -> Vec<&'static str> {
        let code = r.signal.as_ref().and_then(|s| s.code);
        let bus = r.signal.as_ref().is_some_and(|s| s.name == "SIGBUS");
        let trace = |name: &str| r.frames().any(|f| f.func.contains(name));
        match self {
            Self::NilAssign => vec!["crash nil-assign", "run nil-assign"],
            Self::ConcurrentWrites => vec!["crash concurrent-writes", "run concurrent-assign"],
            Self::ConcurrentReadWrite => vec!["crash concurrent-read-write", "run concurrent-read"],
            Self::ConcurrentIterateWrite => vec!["crash concurrent-iterate-write", "run concurrent-range"],
            Self::ConcurrentCloneWrite => vec!["run concurrent-clone"],
            Self::Unhashable => vec!["crash panicflags.hashpanic"],
            Self::FaultAddress if bus => vec!["crash truncated-file", "run truncated-file"],
            Self::FaultAddress if r.fatal.is_none() => vec!["crash panic-on-fault"],
            Self::FaultAddress if trace("evacuate") => {
                vec!["crash unmapped-oldbuckets", "run unmapped-oldbuckets-read"]
            }
            Self::FaultAddress => match code {
                Some(2) => vec!["crash readonly-buckets", "crash protnone-buckets", "run read-only-assign-new"],
                Some(0x80) => vec!["crash non-canonical", "run buckets-non-canonical"],
                _ => vec!["crash unmapped-buckets", "crash unmapped-overflow", "run freed-and-reused"],
            },
            Self::NilDereference => vec!["crash small-address", "run buckets-nil-range"],
            Self::BadMapState => vec!["run top-bad-map-state", "run oldoverflow-set"],
            Self::SignalInRuntime => vec!["crash allocator-fault"],
            Self::SignalDump if r.in_cgo => vec!["crash cgo-fault"],
            Self::OutOfMemory => vec!["run out-of-memory-growing", "crash oom.hint"],
            Self::SizeOutOfRange => vec!["run b-64-assign"],
            Self::DataRace => vec!["run concurrent-assign"],
            Self::SignalDump | Self::BadPointer | Self::Other => vec![],
        }
    }
}

/// What else it is, as far as that is known.
fn other_rule(r: &Report) -> String {
    let last = r.panics.last().map_or("", |p| p.0.as_str());
    let fatal = r.fatal.as_deref().unwrap_or("");
    let known: [(&str, &str); 13] = [
        ("index out of range", "a bounds check of a slice, array or string failed"),
        ("slice bounds out of range", "a bounds check of a slice expression failed"),
        ("integer divide by zero", "a division by zero (SIGFPE)"),
        ("interface conversion", "a type assertion failed"),
        ("comparing uncomparable type", "== came to a value that cannot be compared"),
        ("all goroutines are asleep", "every goroutine waits for another: a deadlock"),
        ("stack overflow", "a stack grew beyond its limit (1 GB): mostly endless recursion"),
        ("close of closed channel", "a channel was closed twice"),
        ("send on closed channel", "a value was sent to a closed channel"),
        ("close of nil channel", "a nil channel was closed"),
        ("sync: unlock of unlocked mutex", "a mutex was unlocked that was not locked"),
        ("sync: Unlock of unlocked RWMutex", "a mutex was unlocked that was not locked"),
        ("negative WaitGroup counter", "Done was called more often than Add said"),
    ];
    match known.iter().find(|(words, _)| last.contains(words) || fatal.contains(words)) {
        Some((_, what)) => format!("Not a map's doing: {what}."),
        None if !last.is_empty() => "Not a map's doing: a panic of the program's own, or of a package.".to_owned(),
        None => "Not a map's doing, as far as the text tells: a fatal error of the runtime.".to_owned(),
    }
}

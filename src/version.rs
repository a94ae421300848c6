//! The Go versions whose map is rebuilt here, and every rule that differs between them, as data.
//!
//! Nobody else compares versions: code asks [`Rules`] for the rule it needs.

use std::fmt;
use std::str::FromStr;

/// A Go release line whose maps are classic `runtime.hmap`s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GoVersion {
    /// Go 1.19.
    V1_19,
    /// Go 1.20.
    V1_20,
    /// Go 1.21, the one release with load factor 6.0.
    V1_21,
    /// Go 1.22, the default.
    #[default]
    V1_22,
    /// Go 1.23.
    V1_23,
    /// Go 1.24 and 1.25, built with `GOEXPERIMENT=noswissmap`.
    V1_24,
}

/// What differs between Go versions. One constant table, [`GoVersion::rules`].
///
/// Sources: `runtime/map.go` (1.19 to 1.23), `runtime/map_noswiss.go` (1.24), `runtime/msize*.go`,
/// `runtime/signal_unix.go`, `runtime/panic.go` and `runtime/traceback.go` of each release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The release these rules belong to.
    pub version: GoVersion,
    /// `loadFactorNum`: a table grows when entries exceed `load_factor_num * (buckets / load_factor_den)`.
    pub load_factor_num: u64,
    /// `loadFactorDen`.
    pub load_factor_den: u64,
    /// Size of `hmap` in bytes: 48, from 1.24 56.
    pub hmap_size: usize,
    /// Offset of `hmap.extra`: 40, from 1.24 48.
    pub extra_offset: usize,
    /// Offset of `hmap.clearSeq`, where there is one.
    pub clear_seq_offset: Option<usize>,
    /// `clear` exists as a language builtin (before that only the compiler's loop idiom calls `mapclear`).
    pub has_clear: bool,
    /// `maps.Clone` exists.
    pub has_clone: bool,
    /// `sync.Map` has `Swap`, `CompareAndSwap` and `CompareAndDelete`.
    pub sync_map_swaps: bool,
    /// `sync.Map` has `Clear`.
    pub sync_map_clears: bool,
    /// `mapclear` first marks every tophash `emptyRest`, in old arrays and chains too.
    pub clear_marks_empty: bool,
    /// `keys` and `values` put their results one slot's size apart, 8 bytes where entries are stored by pointer: larger ones then
    /// overwrite each other.
    pub copies_by_slot: bool,
    /// `mapclone2` caps the hint by the source's B.
    pub clone_caps_hint: bool,
    /// The runtime's random source hands out 64 bits (`rand`), before that 32 (`fastrand`).
    pub rand64: bool,
    /// A lookup or delete in a map without entries checks whether its key could be hashed; before that it is hashed, which
    /// draws a random number for a NaN.
    pub empty_checks_key: bool,
    /// Objects with pointers above 512 bytes carry an 8-byte malloc header inside their slot.
    pub malloc_header: bool,
    /// `mallocgc` calls a function for each kind of object, which tracebacks show.
    pub mallocgc_by_kind: bool,
    /// The fallback hash mixes in all of `hashkey`, which is not made odd; before that `hashkey[0]` and constants.
    pub fallback_all_keys: bool,
    /// Traceback says `created by f in goroutine N`, before that only `created by f`.
    pub created_by_in: bool,
    /// A throw's goroutine header carries `gp=… m=… mp=…`.
    pub throw_shows_gp: bool,
    /// The outermost frame prints as `runtime.goexit({})`, before that `runtime.goexit()`.
    pub goexit_takes_arg: bool,
    /// A fault in C code prints the `SIGSEGV: …`/`PC=…` form with registers; before that it is the throw
    /// `unexpected signal during runtime execution`.
    pub c_fault_dumps: bool,
    /// The `PC=…` line of that form ends with `addr=…` for SIGSEGV and SIGBUS.
    pub dump_shows_addr: bool,
    /// What cgo's pointer check says of memory that holds a Go pointer, after `runtime error: `.
    pub cgo_pointer_text: &'static str,
    /// Newlines in panic and fatal texts are followed by a tab.
    pub newline_tab: bool,
    /// Traces of more than 100 frames are cut in the middle with `...N frames elided...`.
    pub elides_frames: bool,
    /// `fatal` takes the print lock before its first line, so two of them do not interleave.
    pub fatal_locks_print: bool,
}

const BASE: Rules = Rules {
    version: GoVersion::V1_19,
    load_factor_num: 13,
    load_factor_den: 2,
    hmap_size: 48,
    extra_offset: 40,
    clear_seq_offset: None,
    has_clear: false,
    has_clone: false,
    sync_map_swaps: false,
    sync_map_clears: false,
    clear_marks_empty: false,
    copies_by_slot: false,
    clone_caps_hint: false,
    rand64: false,
    empty_checks_key: false,
    malloc_header: false,
    mallocgc_by_kind: false,
    fallback_all_keys: false,
    created_by_in: false,
    throw_shows_gp: false,
    goexit_takes_arg: false,
    c_fault_dumps: false,
    dump_shows_addr: false,
    cgo_pointer_text: "cgo argument has Go pointer to Go pointer",
    newline_tab: false,
    elides_frames: false,
    fatal_locks_print: false,
};

const R119: Rules = BASE;
const R120: Rules = Rules { version: GoVersion::V1_20, sync_map_swaps: true, ..R119 };
const R121: Rules = Rules {
    version: GoVersion::V1_21,
    load_factor_num: 12,
    has_clear: true,
    has_clone: true,
    clear_marks_empty: true,
    copies_by_slot: true,
    created_by_in: true,
    c_fault_dumps: true,
    cgo_pointer_text: "cgo argument has Go pointer to unpinned Go pointer",
    elides_frames: true,
    ..R120
};
const R122: Rules = Rules {
    version: GoVersion::V1_22,
    load_factor_num: 13,
    copies_by_slot: false,
    clone_caps_hint: true,
    rand64: true,
    empty_checks_key: true,
    malloc_header: true,
    throw_shows_gp: true,
    goexit_takes_arg: true,
    dump_shows_addr: true,
    ..R121
};
const R123: Rules =
    Rules { version: GoVersion::V1_23, fallback_all_keys: true, newline_tab: true, sync_map_clears: true, ..R122 };
const R124: Rules = Rules {
    version: GoVersion::V1_24,
    hmap_size: 56,
    extra_offset: 48,
    clear_seq_offset: Some(40),
    clear_marks_empty: false,
    mallocgc_by_kind: true,
    fatal_locks_print: true,
    ..R123
};

impl GoVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 6] = [Self::V1_19, Self::V1_20, Self::V1_21, Self::V1_22, Self::V1_23, Self::V1_24];

    /// The rules of this version.
    #[must_use]
    pub const fn rules(self) -> &'static Rules {
        match self {
            Self::V1_19 => &R119,
            Self::V1_20 => &R120,
            Self::V1_21 => &R121,
            Self::V1_22 => &R122,
            Self::V1_23 => &R123,
            Self::V1_24 => &R124,
        }
    }

    /// The name that `--go` takes: `1.19` … `1.23`, `1.24-noswiss`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_19 => "1.19",
            Self::V1_20 => "1.20",
            Self::V1_21 => "1.21",
            Self::V1_22 => "1.22",
            Self::V1_23 => "1.23",
            Self::V1_24 => "1.24-noswiss",
        }
    }
}

impl fmt::Display for GoVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A version that is not among [`GoVersion::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no classic map in Go {0:?}; known: 1.19, 1.20, 1.21, 1.22, 1.23, 1.24-noswiss, 1.25-noswiss")]
pub struct UnknownVersion(pub String);

impl FromStr for GoVersion {
    type Err = UnknownVersion;

    /// Takes `1.22`, `go1.22`, `1.22.10`, `1.24-noswiss`, `1.24.11-noswiss`, `1.25-noswiss`. Plain `1.24` and
    /// later are refused: their default maps are Swiss tables.
    fn from_str(s: &str) -> Result<Self, UnknownVersion> {
        let err = || UnknownVersion(s.to_owned());
        let (v, noswiss) = match s.strip_suffix("-noswiss").or_else(|| s.strip_suffix("-noswissmap")) {
            Some(v) => (v, true),
            None => (s, false),
        };
        let mut parts = v.strip_prefix("go").unwrap_or(v).split('.');
        if parts.next() != Some("1") {
            return Err(err());
        }
        let minor: u32 = parts.next().and_then(|m| m.parse().ok()).ok_or_else(err)?;
        if let Some(patch) = parts.next() {
            patch.parse::<u32>().map_err(|_| err())?;
        }
        match (minor, noswiss, parts.next()) {
            (19, false, None) => Ok(Self::V1_19),
            (20, false, None) => Ok(Self::V1_20),
            (21, false, None) => Ok(Self::V1_21),
            (22, false, None) => Ok(Self::V1_22),
            (23, false, None) => Ok(Self::V1_23),
            (24 | 25, true, None) => Ok(Self::V1_24),
            _ => Err(err()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for v in GoVersion::ALL {
            assert_eq!(v.name().parse(), Ok(v));
            assert_eq!(v.rules().version, v);
        }
        assert_eq!("go1.22.10".parse(), Ok(GoVersion::V1_22));
        assert_eq!("1.25.5-noswiss".parse(), Ok(GoVersion::V1_24));
    }

    #[test]
    fn swiss_and_nonsense_are_refused() {
        for s in ["1.24", "1.18", "2.0", "", "1", "1.22.x", "1.22.1.1", "1.22-noswiss"] {
            assert_eq!(s.parse::<GoVersion>(), Err(UnknownVersion(s.to_owned())), "{s}");
        }
    }
}

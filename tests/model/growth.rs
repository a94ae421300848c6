//! When a map may grow and when it must, what an assign or delete does for a growth under way, and what flags and `hash0` do
//! meanwhile: held against the header before and after each operation.

use super::structure::Header;
use gohmap::layout::{BUCKET_CNT, ITERATOR, OLD_ITERATOR};
use gohmap::types::MapType;
use gohmap::version::GoVersion;

/// More than 6.5 entries for each of 2^b buckets, or 6 with Go 1.21; up to eight are never too many.
fn overloaded(t: &MapType, count: i64, b: u8) -> bool {
    let half_loads = if t.rt.rules().version == GoVersion::V1_21 { 12 } else { 13 };
    // Half a bucket counts as none.
    let most = if half_loads == 13 && b == 0 { 0 } else { half_loads * (1 << b) / 2 };
    count > BUCKET_CNT as i64 && count > most
}

/// The `B` that `make` gives a map for a hint.
pub(crate) fn b_for_hint(t: &MapType, hint: i64) -> u8 {
    // Hints that cannot be met are ignored.
    let hint = if hint == i64::MAX { 0 } else { hint };
    (0..).find(|&b| !overloaded(t, hint, b)).expect("a table that is large enough")
}

/// What is done to a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// An assign; the key is new.
    New,
    /// An assign; the key is there.
    Again,
    /// A delete.
    Delete,
    Clear,
    /// A range loop begins.
    Begin,
}

/// Iterator flags that a map must have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    iterator: bool,
    old_iterator: bool,
}

impl Flags {
    /// Checks what an operation has made of a header.
    pub(crate) fn follow(&mut self, t: &MapType, doing: Doing, was: &Header, is: &Header) {
        let grew = was.buckets != 0 && is.buckets != was.buckets;
        if grew {
            *self = Self { iterator: false, old_iterator: self.iterator };
        }
        if doing == Doing::Begin && was.count > 0 {
            *self = Self { iterator: true, old_iterator: true };
        }
        let flags = if self.iterator { ITERATOR } else { 0 } | if self.old_iterator { OLD_ITERATOR } else { 0 };
        assert_eq!(is.flags & (ITERATOR | OLD_ITERATOR), flags, "iterator flags after {doing:?}");

        // NaNs are new in each assign, and no delete finds them: the model's view is enough for `doing`.
        let emptied = was.count > 0 && is.count == 0;
        assert_eq!(is.hash0 != was.hash0, emptied, "hash0 after {doing:?}: {:#x}, {:#x}", was.hash0, is.hash0);

        let growing = was.oldbuckets != 0;
        match doing {
            Doing::Clear | Doing::Begin => assert!(!grew, "growth by {doing:?}"),
            Doing::New | Doing::Again | Doing::Delete if growing => {
                let works = doing != Doing::Delete || was.count > 0;
                let advanced = grew || is.oldbuckets == 0 || is.nevacuate > was.nevacuate;
                assert!(advanced || !works, "{doing:?} did nothing for the growth");
                assert!(!grew || doing == Doing::New, "growth by {doing:?}");
            }
            Doing::New => {
                let more = overloaded(t, was.count + 1, was.b);
                let crowded = was.noverflow >= 1 << was.b.min(15);
                assert_eq!(
                    grew,
                    more || crowded,
                    "growth of {} entries, {} overflow buckets",
                    was.count,
                    was.noverflow
                );
                assert_eq!(is.b, was.b + u8::from(more), "B");
            }
            Doing::Again | Doing::Delete => assert!(!grew, "growth by {doing:?}"),
        }
    }
}

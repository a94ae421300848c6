//! `nil.go`, as far as it is about maps.

use crate::support::{death, entries, everywhere};
use gohmap::gomap::GoMap;

/// nil.go maptest: a nil map reads like an empty one, and cannot be written to.
#[test]
fn test_maptest() {
    everywhere(|rt| {
        let m = GoMap::<isize, isize>::nil(rt);
        assert!(m.is_nil());
        assert_eq!((m.len(), m.get(1), m.get2(1)), (0, 0, (0, false)));
        assert_eq!(entries(&m), []);
        m.delete(2);
        m.clear();
        assert_eq!(death(|| m.insert(2, 3)), "assignment to entry in nil map");
        assert_eq!((m.len(), m.is_nil()), (0, true));
    });
}

//! What only the inside shows: schedules of [`Core`], and what becomes of memory.

use super::core::{Core, Layers};
use super::history::{Clock, Event, Op, linearizable};
use super::threads::Threads;
use super::{ConcurrentMap, Counter, MutexMap, RwMutexMap, SyncMap};
use crate::gomap::{Any, GoMap, equal};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::version::GoVersion;
use std::sync::Arc;

mod memory;
mod schedules;

fn runtime() -> Arc<Runtime> {
    Runtime::new(RuntimeConfig { version: GoVersion::V1_23, seed: Some(1), ..RuntimeConfig::default() })
}

/// Keys and elements of another thread's may be sent there.
#[test]
fn what_is_shared_may_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<MutexMap<String, Any>>();
    shared::<RwMutexMap<Any, Vec<u64>>>();
    shared::<SyncMap>();
    shared::<Counter<String>>();
}

#[test]
fn no_map_is_nil() {
    let rt = runtime();
    let m = MutexMap::from(GoMap::<u64, u64>::nil(&rt));
    m.store(&1, 2);
    assert_eq!((m.load(&1), m.len()), (Some(2), 1));
    let m = RwMutexMap::from(GoMap::<u64, u64>::nil(&rt));
    m.store(&1, 2);
    assert_eq!((m.load(&1), m.into_inner().len()), (Some(2), 1));
    // A map with entries stays the one it is.
    let map = GoMap::<u64, u64>::make(&rt, 0);
    map.insert(3, 4);
    let at = map.hmap();
    let m = MutexMap::from(map);
    assert_eq!((m.load(&3), m.lock().hmap()), (Some(4), at));
}

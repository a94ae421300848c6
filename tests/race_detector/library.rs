//! `gohmap::race` as a library: goroutines, what they synchronise by, and what a user's own program is told.

use gohmap::gomap::GoMap;
use gohmap::race::{self, Chan, Config, GoRace, Map, Mutex, Once, Race, RwMutex, Var, WaitGroup};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs under order of arrival and under seeds; the races of each run.
fn races(main: impl Fn(&Config)) -> Vec<Vec<Race>> {
    let runs = std::iter::once(None).chain((0..12).map(Some));
    runs.map(|seed| {
        let config = Config { seed, ..Config::default() };
        race::run(config.clone(), || main(&config)).1
    })
    .collect()
}

fn map(config: &Config) -> Arc<Map<u64, u64>> {
    Arc::new(Map::new(GoMap::make(&config.runtime, 0)))
}

/// A `go` statement with these as its variables.
macro_rules! go {
    ($($v:ident),* => $body:expr) => {{
        $(let $v = $v.clone();)*
        race::go(move || $body);
    }};
}

#[test]
fn a_mutex_keeps_every_increment() {
    for found in races(|config| {
        let (m, mu, wg) = (map(config), Arc::new(Mutex::new()), Arc::new(WaitGroup::new()));
        for _ in 0..5 {
            wg.add(1);
            go!(m, mu, wg => {
                for _ in 0..20 {
                    mu.lock();
                    m.update(7_u64, |v| v + 1);
                    mu.unlock();
                }
                wg.done();
            });
        }
        wg.wait();
        assert_eq!(m.get(7), 100);
    }) {
        assert!(found.is_empty(), "{}", found[0]);
    }
}

/// Without it, increments are lost under some schedule, and whatever happens the race is told of, once for each pair of places.
#[test]
fn without_one_increments_are_lost_and_told_of() {
    let lost = AtomicUsize::new(0);
    for found in races(|config| {
        let (m, wg) = (map(config), Arc::new(WaitGroup::new()));
        for _ in 0..2 {
            wg.add(1);
            go!(m, wg => {
                for _ in 0..20 {
                    m.update(7_u64, |v| v + 1);
                }
                wg.done();
            });
        }
        wg.wait();
        lost.fetch_add((40 - m.get(7)) as usize, Ordering::Relaxed);
    }) {
        assert!(!found.is_empty());
        let mut texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        assert!(found.len() <= 8 && found.len() == texts.len(), "{texts:?}");
        assert!(texts[0].contains("race_detector/library."), "frames of this file: {}", texts[0]);
    }
    assert!(lost.into_inner() > 0);
}

#[test]
fn readers_share_and_writers_do_not() {
    for found in races(|config| {
        let (m, mu, wg) = (map(config), Arc::new(RwMutex::new()), Arc::new(WaitGroup::new()));
        let inside = Arc::new(AtomicUsize::new(0));
        for i in 0..4_u64 {
            wg.add(1);
            go!(m, mu, wg, inside => {
                for _ in 0..8 {
                    if i == 0 {
                        mu.lock();
                        assert_eq!(inside.load(Ordering::Relaxed), 0);
                        m.insert(i, 1);
                        mu.unlock();
                    } else {
                        mu.rlock();
                        inside.fetch_add(1, Ordering::Relaxed);
                        m.get(i);
                        inside.fetch_sub(1, Ordering::Relaxed);
                        mu.runlock();
                    }
                }
                wg.done();
            });
        }
        wg.wait();
    }) {
        assert!(found.is_empty(), "{}", found[0]);
    }
}

#[test]
fn channels_carry_values_in_order() {
    for capacity in [0, 1, 3] {
        for found in races(|config| {
            let (m, c) = (map(config), Chan::make(capacity));
            go!(m, c => {
                for i in 0..10_u64 {
                    m.insert(100 + i, i);
                    c.send(i);
                }
                c.close();
            });
            let got: Vec<u64> = std::iter::from_fn(|| c.recv()).collect();
            assert_eq!(got, (0..10).collect::<Vec<_>>());
            assert_eq!(m.len(), 10);
        }) {
            assert!(found.is_empty(), "capacity {capacity}: {}", found[0]);
        }
    }
}

#[test]
fn a_send_that_nothing_orders_with_a_close_is_a_race_of_its_own() {
    let (_, found) = race::run(Config::default(), || {
        let c = Chan::make(1);
        go!(c => c.send(1));
        while race::num_goroutine() > 1 {
            race::gosched();
        }
        c.close();
    });
    assert_eq!(found.len(), 1);
    let (now, before) = (&found[0].access, &found[0].previous);
    assert_eq!((now.write, now.stack[0].function.as_str()), (true, "runtime.closechan"));
    assert_eq!((before.write, before.stack[0].function.as_str()), (false, "runtime.chansend"));
    assert_eq!(now.stack[0].offset, 0);
}

#[test]
fn a_plain_store_races_with_an_atomic_one() {
    let (_, found) = race::run(Config::default(), || {
        let n = Arc::new(Var::new(0_i32));
        go!(n => { n.atomic_add(1); });
        while race::num_goroutine() > 1 {
            race::gosched();
        }
        assert_eq!(n.atomic_add(1), 2);
        n.store(5);
    });
    assert!(found.is_empty(), "the addition was ordered: {}", found[0]);
    let (_, found) = race::run(Config::default(), || {
        let n = Arc::new(Var::new(0_i32));
        go!(n => { n.atomic_add(1); });
        while race::num_goroutine() > 1 {
            race::gosched();
        }
        n.store(5);
    });
    assert_eq!(found.len(), 1);
    let names: Vec<&str> = found[0].previous.stack.iter().take(2).map(|f| f.function.as_str()).collect();
    assert_eq!(names, ["sync/atomic.AddInt32", "sync/atomic.AddInt32"]);
}

#[test]
fn once_runs_once_and_its_function_shows() {
    let ran = AtomicUsize::new(0);
    let ran = Arc::new(ran);
    for found in races(|config| {
        let (m, o, wg) = (map(config), Arc::new(Once::new()), Arc::new(WaitGroup::new()));
        let before = ran.load(Ordering::Relaxed);
        for _ in 0..3 {
            wg.add(1);
            go!(m, o, wg, ran => {
                o.call(|| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    m.insert(1, 1);
                });
                m.get(1);
                wg.done();
            });
        }
        m.get(1);
        wg.wait();
        assert_eq!(ran.load(Ordering::Relaxed), before + 1);
    }) {
        for r in &found {
            let stacks = [&r.access, &r.previous].map(|a| a.stack.iter().any(|f| f.function == "sync.(*Once).Do"));
            assert!(stacks.contains(&true), "the one race is between Do and the first get: {r}");
        }
    }
}

/// The main goroutine does not wait; what the others were about to do has no effect, and their destructors run.
#[test]
fn goroutines_end_with_their_program() {
    struct Dropped(Arc<AtomicUsize>, Arc<Map<u64, u64>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.1.insert(9, 9);
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    for ms in [0, 1000] {
        let dropped = Arc::new(AtomicUsize::new(0));
        let went_on = Arc::new(AtomicUsize::new(0));
        let config = Config { options: GoRace { atexit_sleep_ms: ms, ..GoRace::default() }, ..Config::default() };
        let (answer, _) = race::run(config.clone(), || {
            let (m, never) = (map(&config), Chan::<i32>::make(0));
            for _ in 0..3 {
                go!(m, never, dropped, went_on => {
                    let _guard = Dropped(dropped, m);
                    went_on.fetch_add(1, Ordering::Relaxed);
                    never.recv();
                    went_on.fetch_add(100, Ordering::Relaxed);
                });
            }
            "done"
        });
        assert_eq!((answer, went_on.load(Ordering::Relaxed)), ("done", if ms == 0 { 0 } else { 3 }));
        assert_eq!(dropped.load(Ordering::Relaxed), if ms == 0 { 0 } else { 3 });
    }
}

#[test]
fn a_panic_of_main_comes_out_when_the_others_have_ended() {
    let config = Config::default();
    let died = catch_unwind(AssertUnwindSafe(|| {
        race::run(config.clone(), || {
            let m = Map::<u64, u64>::new(GoMap::nil(&config.runtime));
            race::go(|| {
                loop {
                    race::gosched();
                }
            });
            assert_eq!((m.get(1), m.len(), m.range().count()), (0, 0, 0));
            m.insert(1, 1);
        })
    }));
    let panic = died.expect_err("a nil map was assigned to");
    let panic = panic.downcast_ref::<gohmap::fatal::GoPanic>().expect("Go's panic");
    assert_eq!(panic.text(), "assignment to entry in nil map");
}

#[test]
fn what_is_used_in_the_wrong_place_says_so() {
    let panics = |f: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
        payload.downcast_ref::<String>().cloned().or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()))
    };
    let says = |text: Option<String>, what: &str| assert!(text.as_ref().is_some_and(|t| t.contains(what)), "{text:?}");
    says(panics(&|| drop(Mutex::new())), "only a goroutine of race::run");
    let (mutex, _) = race::run(Config::default(), Mutex::new);
    says(panics(&|| mutex.lock()), "only a goroutine of race::run");
    says(panics(&|| race::run(Config::default(), || mutex.lock()).0), "another program");
    let reusing = gohmap::runtime::Runtime::new(gohmap::runtime::RuntimeConfig::default());
    let make = || drop(Map::new(GoMap::<u64, u64>::make(&reusing, 0)));
    says(panics(&|| race::run(Config::default(), make).0), "a heap that keeps what was freed");
}

#[test]
fn a_wait_group_that_is_done_too_often_or_used_again_too_soon_panics() {
    let says = |main: fn(&Arc<WaitGroup>)| {
        let run = || race::run(Config::default(), || main(&Arc::new(WaitGroup::new())));
        let died = catch_unwind(AssertUnwindSafe(run)).expect_err("it panics");
        died.downcast_ref::<gohmap::fatal::GoPanic>().expect("Go's panic").text().to_owned()
    };
    let negative = says(|wg| {
        wg.add(1);
        wg.done();
        wg.done();
    });
    assert_eq!(negative, "sync: negative WaitGroup counter");
    let reused = says(|wg| {
        wg.add(1);
        go!(wg => {
            wg.done();
            wg.add(1);
        });
        wg.wait();
    });
    assert_eq!(reused, "sync: WaitGroup is reused before previous Wait has returned");
}

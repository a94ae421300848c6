//! Logs as kernels, journals and programs write them.

use super::*;

const NEW: &str = "\
Nov 23 09:59:58 host kernel: [ 7190.100000] server invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
Nov 23 09:59:58 host kernel: [ 7190.100100] memory: usage 262144kB, limit 262144kB, failcnt 114
Nov 23 09:59:58 host kernel: [ 7190.100200] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/kubepods/pod1,task_memcg=/kubepods/pod1/c1,task=server,pid=4711,uid=1000
Nov 23 09:59:58 host kernel: [ 7190.100300] Memory cgroup out of memory: Killed process 4711 (server) total-vm:1300000kB, anon-rss:260000kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:600kB oom_score_adj:0
Nov 23 09:59:58 host kernel: [ 7190.200300] oom_reaper: reaped process 4711 (server), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
Nov 23 11:00:00 host kernel: [10791.900000] big job) invoked oom-killer: gfp_mask=0x100cca, order=0, oom_score_adj=0
Nov 23 11:00:00 host kernel: [10791.900200] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/user.slice,task=big job),pid=99,uid=0
Nov 23 11:00:00 host kernel: [10791.900300] Out of memory: Killed process 99 (big job)) total-vm:1300000kB, anon-rss:900000kB, file-rss:0kB
";

const OLD: &str = "\
[Mon Nov 23 09:59:58 2026] server invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0
[Mon Nov 23 09:59:58 2026] Task in /docker/abc killed as a result of limit of /docker/abc
[Mon Nov 23 09:59:58 2026] memory: usage 524288kB, limit 524288kB, failcnt 9
[Mon Nov 23 09:59:58 2026] Memory cgroup out of memory: Kill process 4711 (server) score 990 or sacrifice child
[Mon Nov 23 09:59:58 2026] Killed process 4711 (server) total-vm:800000kB, anon-rss:520000kB, file-rss:4kB
[Mon Nov 23 11:00:00 2026] Out of memory: Kill process 99 (job) score 800 or sacrifice child
[Mon Nov 23 11:00:00 2026] Killed process 99 (job) total-vm:800000kB, anon-rss:520000kB, file-rss:4kB
[Mon Nov 23 11:00:01 2026] nginx: page allocation failure: order:4, mode:0x40cc0
";

fn one(kernel: &str, app: &str, how: Matching) -> Verdict {
    let mut all = verdicts(&KernelLog::parse(kernel, None), "app", &app_events(app), &how);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn class(kernel: &str, app: &str) -> Class {
    one(kernel, app, Matching::default()).class
}

#[test]
fn kills_of_kernels_old_and_new() {
    for (text, limit) in [(NEW, 262_144), (OLD, 524_288)] {
        let log = KernelLog::parse(text, None);
        let [first, second] = log.kills.as_slice() else { panic!("{:#?}", log.kills) };
        assert_eq!((first.pid, first.comm.as_str()), (4711, "server"));
        assert!(matches!(&first.scope, Scope::Cgroup(g) if g.starts_with('/')), "{first:?}");
        assert_eq!(first.limit_kb, Some(limit));
        assert!(first.anon_rss_kb.is_some_and(|kb| kb > 200_000));
        assert_eq!((second.pid, &second.scope, second.limit_kb), (99, &Scope::Global, None));
        assert!(second.anon_rss_kb.is_some());
    }
    assert_eq!(KernelLog::parse(NEW, None).kills[1].comm, "big job)");
    assert_eq!(KernelLog::parse(OLD, None).failures.len(), 1);
}

/// The same kill in every form of log, and the same death in every form of program log.
#[test]
fn every_form_of_stamp() {
    let killed = "Memory cgroup out of memory: Killed process 4711 (server) total-vm:1kB, anon-rss:1kB";
    let kernels = [
        format!("Nov 23 09:59:58 host kernel: {killed}"),
        format!("[Mon Nov 23 09:59:58 2026] {killed}"),
        format!("2026-11-23T09:59:58+0000 host kernel: {killed}"),
        format!("2026-11-23T10:59:58.123456+01:00 host kernel: [ 7190.1] {killed}"),
        format!("Nov 23 09:59:58 host kernel: [ 7190.1] {killed}"),
        format!("2026-11-23T09:59:00Z host kernel: [ 7132.1] up\n[ 7190.100000] {killed}"),
        format!(
            "{{\"__REALTIME_TIMESTAMP\":\"1795427998000000\",\"SYSLOG_IDENTIFIER\":\"kernel\",\"MESSAGE\":\"{killed}\"}}"
        ),
    ];
    let died = "process exited: signal: killed";
    let apps = [
        format!("2026-11-23T10:00:00Z server[4711]: {died}"),
        format!("Nov 23 10:00:00 host server[4711]: {died}"),
        format!("2026/11/23 10:00:00 pid=4711 {died}"),
        format!("[2026-11-23 10:00:00,500] pid 4711: {died}"),
        format!("{{\"time\":\"2026-11-23T05:00:00-05:00\",\"msg\":\"{died}\",\"pid\":4711}}"),
    ];
    for kernel in &kernels {
        for app in &apps {
            let v = one(kernel, app, Matching::default());
            assert_eq!(v.class, Class::CgroupLimit, "{kernel}\n{app}\n{v:#?}");
            assert!(v.evidence.iter().any(|e| e.contains("s before it")), "{v:#?}");
        }
    }
}

#[test]
fn classes() {
    let died = "2026-11-23T10:00:00Z server[4711]: signal: killed\n";
    assert_eq!(class(NEW, died), Class::CgroupLimit);
    assert_eq!(class(OLD, died), Class::CgroupLimit);
    assert_eq!(class(NEW, "2026-11-23T11:00:01Z job[99]: exit status 137\n"), Class::ThisProcessKilled);
    assert_eq!(class(NEW, "2026-11-23T10:00:00Z other[12]: exit status 137\n"), Class::NeighbourKilled);
    assert_eq!(class(NEW, "2026-11-23T15:00:00Z other[12]: exit status 137\n"), Class::NoEvidence);
    assert_eq!(class("", died), Class::NoEvidence);
    for (text, which) in [
        (
            "runtime: out of memory: cannot allocate 67108864-byte block (1 in use)\nfatal error: out of memory",
            "67108864 bytes",
        ),
        ("fatal error: failed to reserve page summary memory", "RLIMIT_AS"),
        ("runtime: failed to create new OS thread (have 9 already; errno=11)", "RLIMIT_NPROC"),
        ("panic: runtime error: makeslice: len out of range", "refused it itself"),
        ("mmap: cannot allocate memory", "vm.max_map_count"),
    ] {
        let v = one(NEW, text, Matching::default());
        assert_eq!(v.class, Class::LimitRefused, "{text}");
        assert!(v.evidence[0].contains(which), "{v:#?}");
    }
}

/// What happens at the same time is no cause.
#[test]
fn coincidence_is_called_that() {
    let v = one(NEW, "2026-11-23T10:00:00Z other[12]: exit status 137\n", Matching::default());
    assert!(v.evidence.iter().any(|e| e.contains("no evidence of a connection")), "{v:#?}");
    let v = one(NEW, "2026-11-23T10:00:00Z exit status 137\n", Matching::default());
    assert_eq!(v.class, Class::NoEvidence);
    assert!(v.evidence.iter().any(|e| e.contains("cannot be told")), "{v:#?}");
    let v = one(
        NEW,
        "2026-11-23T10:00:00Z fatal error: out of memory\n",
        Matching { pid: Some(4711), ..Matching::default() },
    );
    assert_eq!(v.class, Class::LimitRefused);
    assert!(v.evidence.iter().any(|e| e.contains("the OOM killer refuses nothing")), "{v:#?}");
    assert!(!v.evidence.iter().any(|e| e.contains("because") || e.contains("caused by")), "{v:#?}");
}

#[test]
fn numbers_are_used_again() {
    let v = one(NEW, "2026-11-23T13:00:00Z server[4711]: signal: killed\n", Matching::default());
    assert_eq!(v.class, Class::NoEvidence);
    assert!(v.evidence.iter().any(|e| e.contains("3.0 h before it") && e.contains("used again")), "{v:#?}");
    let wide = Matching { window: 4.0 * 3600.0, pid: None };
    assert_eq!(one(NEW, "2026-11-23T13:00:00Z server[4711]: signal: killed\n", wide).class, Class::CgroupLimit);
}

#[test]
fn groups_where_numbers_lack() {
    let app = r#"{"time":"2026-11-23T10:00:00Z","msg":"OOMKilled","cgroup":"/kubepods/pod1"}"#;
    let v = one(NEW, app, Matching::default());
    assert_eq!(v.class, Class::CgroupLimit);
    assert!(v.evidence.iter().any(|e| e.contains("not certain")), "{v:#?}");
    let other = app.replace("pod1", "pod2");
    assert_eq!(class(NEW, &other), Class::NoEvidence);
}

#[test]
fn new_year_lies_between() {
    let kernel = "Dec 31 23:59:59 host kernel: Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB\n";
    assert_eq!(class(kernel, "Jan  1 00:00:01 host a[7]: signal: killed\n"), Class::ThisProcessKilled);
    assert_eq!(class(kernel, "2027-01-01T00:00:01Z a[7]: signal: killed\n"), Class::ThisProcessKilled);
    let ordinary = kernel.replace("Dec 31", "Feb 28");
    assert_eq!(class(&ordinary, "2027-03-01T00:00:01Z a[7]: signal: killed\n"), Class::NoEvidence);
}

#[test]
fn seconds_since_boot() {
    let kernel = "[ 7190.100300] Out of memory: Killed process 7 (a) total-vm:1kB, anon-rss:1kB\n";
    let app = app_events("2026-11-23T10:00:00Z a[7]: signal: killed\n");
    let at = |booted: Option<&str>| {
        let booted = booted.map(|t| moment(t).unwrap());
        verdicts(&KernelLog::parse(kernel, booted), "app", &app, &Matching::default()).remove(0)
    };
    assert_eq!(at(Some("2026-11-23T08:00:08Z")).class, Class::ThisProcessKilled);
    assert_eq!(at(Some("2026-11-22T08:00:08Z")).class, Class::NoEvidence);
    // The number says it, the time cannot.
    let v = at(None);
    assert_eq!(v.class, Class::ThisProcessKilled);
    assert!(v.evidence.iter().any(|e| e.contains("--boot-time")), "{v:#?}");
}

#[test]
fn what_is_no_stamp() {
    for text in [
        "",
        "[",
        "[x]",
        "2026",
        "2026-99-99T99:99:99Z x",
        "Nov",
        "Nov 99 1:2:3 h x",
        "[abc.def] x",
        "Feb 30 10:00:00 h x",
    ] {
        assert_eq!(stamp::split(text).0, None, "{text:?}");
    }
    assert_eq!(moment("1795427998"), Some(1_795_427_998.0));
    assert_eq!(moment("tomorrow"), None);
}

proptest::proptest! {
    #[test]
    fn any_text(text in "\\PC*", at in 0..1200_usize, n in 0..60_usize) {
        let mut mangled = NEW.to_owned();
        let end = (at + n).min(mangled.len());
        mangled.replace_range(at.min(end)..end, &text);
        for kernel in [&text, &mangled] {
            let events = app_events(&mangled);
            let _ = verdicts(&KernelLog::parse(kernel, Some(1.0)), "app", &events, &Matching::default());
        }
    }
}

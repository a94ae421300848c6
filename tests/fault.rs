//! The fault handler as a process sees it: each case runs in a child of its own, prints a line on standard output
//! when it has reached the point in question, and is judged by how it ends.

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(feature = "portable"))))]
fn main() {
    println!("skipped: this build has no fault handler");
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(feature = "portable")))]
fn main() {
    lab::main();
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(feature = "portable")))]
mod lab {
    use gohmap::fatal::{self, GoFatal, GoPanic, Program};
    use gohmap::fault::{self, Death};
    use gohmap::layout::mem;
    use gohmap::version::GoVersion;
    use libtest_mimic::{Arguments, Failed, Trial};
    use std::hint::black_box;
    use std::os::unix::process::ExitStatusExt;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::process::{Command, Stdio};
    use std::ptr;

    /// Nothing is ever mapped here (the golden programs use the same region).
    const BAD: usize = 0x6000_0000_0000;

    #[derive(PartialEq, Eq, Debug)]
    enum End {
        Exit(i32),
        Signal(i32),
    }
    use End::{Exit, Signal};

    struct Case {
        name: &'static str,
        run: fn(),
        end: End,
        /// What standard error must contain, or nothing at all.
        stderr: &'static [&'static str],
    }

    const fn case(name: &'static str, run: fn(), end: End, stderr: &'static [&'static str]) -> Case {
        Case { name, run, end, stderr }
    }

    const CASES: &[Case] = &[
        case("a_million_recovered_faults", million, Exit(0), &[]),
        case("faults_on_a_second_thread", second_thread, Exit(0), &["panic: runtime error: invalid memory address"]),
        case("registers_survive_a_landing", registers, Exit(0), &[]),
        case("op_unwinds_and_destructors_run", destructors, Exit(0), &[]),
        case("guarded_catches_every_kind", kinds, Exit(0), &[]),
        case("regions_nest", nest, Exit(0), &[]),
        case("sigbus_of_a_truncated_file", sigbus, Exit(0), &[]),
        case("goroutines_recover_by_themselves", goroutines, Exit(0), &[]),
        case("foreign_fault_keeps_its_signal", foreign, Signal(libc::SIGSEGV), &[]),
        case("foreign_fault_in_libc_inside_a_region", foreign_libc, Signal(libc::SIGSEGV), &[]),
        case("sent_sigsegv_keeps_its_signal", sent, Signal(libc::SIGSEGV), &[]),
        case("stack_overflow_is_still_reported", overflow, Signal(libc::SIGABRT), &["has overflowed its stack"]),
        case("stack_overflow_in_a_region", overflow_guarded, Signal(libc::SIGABRT), &["has overflowed its stack"]),
        case("stack_overflow_on_a_thread", overflow_thread, Signal(libc::SIGABRT), &["has overflowed its stack"]),
        case("predecessor_default", || predecessor(libc::SIG_DFL, 0), Signal(libc::SIGSEGV), &[]),
        case("predecessor_ignore", || predecessor(libc::SIG_IGN, 0), Signal(libc::SIGSEGV), &[]),
        case("predecessor_one_argument", || predecessor(one_argument as *const () as usize, 0), Exit(41), &[]),
        case(
            "predecessor_three_arguments",
            || predecessor(three_arguments as *const () as usize, libc::SA_SIGINFO),
            Exit(43),
            &[],
        ),
        case(
            "assembly_outside_every_region",
            unguarded,
            Exit(2),
            &[
                "unexpected fault address 0x600000000000\nfatal error: fault\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x600000000000 pc=0x",
                "runtime.memclrNoHeapPointers(",
            ],
        ),
        case(
            "a_program_dies_as_go_does",
            || program(|| fault::op(|| read(BAD + 8))),
            Exit(2),
            &[
                "unexpected fault address 0x600000000008\nfatal error: fault\n",
                "\ngoroutine 1 gp=0x",
                "runtime.throw(",
                "runtime.sigpanic(",
                "runtime.goexit({})",
            ],
        ),
        case(
            "a_nil_dereference_is_a_panic",
            || program(|| fault::op(|| read(0x18))),
            Exit(2),
            &[
                "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x",
                "\ngoroutine 1 [running]:\n",
            ],
        ),
        case(
            "a_non_canonical_address_is_unknown",
            || program(|| fault::op(|| read(0xdead_beef_dead_beef))),
            Exit(2),
            &[
                "unexpected fault address 0x0\nfatal error: fault\n[signal SIGSEGV: segmentation violation code=0x80 addr=0x0 pc=0x",
            ],
        ),
        case("a_rust_panic_in_a_goroutine_is_rusts", || program(|| panic!("of my own")), Exit(101), &["of my own"]),
    ];

    fn read(addr: usize) {
        // SAFETY: faults inside a region.
        black_box(unsafe { mem::ld64(black_box(addr)) });
    }

    /// Reads an address inside a guarded region.
    fn guarded_read(addr: usize) -> Result<(), Death> {
        // SAFETY: `read` keeps nothing that needs dropping.
        unsafe { fault::guarded(|| read(addr)) }
    }

    fn reached() {
        println!("reached");
    }

    fn rss() -> usize {
        let s = std::fs::read_to_string("/proc/self/statm").unwrap();
        s.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
    }

    fn mask() -> Vec<bool> {
        // SAFETY: reads this thread's signal mask.
        unsafe {
            let mut set = std::mem::zeroed();
            libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &mut set);
            (1..=64).map(|s| libc::sigismember(&set, s) == 1).collect()
        }
    }

    fn million() {
        guarded_read(BAD).unwrap_err();
        let (before, mask_before) = (rss(), mask());
        for i in 0..1_000_000 {
            let death = guarded_read(if i % 2 == 0 { BAD } else { 0x10 }).unwrap_err();
            match death {
                Death::Fatal(f) => assert!(i % 2 == 0 && f.is_throw() && f.text() == "fault"),
                Death::Panic(p) => assert!(i % 2 == 1 && p.signal().is_some_and(|s| s.addr == 0x10)),
            }
        }
        assert_eq!(mask(), mask_before);
        let grown = rss().saturating_sub(before);
        assert!(grown < 1 << 20, "grew by {grown} bytes");
        reached();
    }

    fn second_thread() {
        guarded_read(BAD).unwrap_err();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    for _ in 0..1000 {
                        guarded_read(BAD).unwrap_err();
                        assert!(fatal::recover(|| fault::op(|| read(8))).is_err());
                    }
                    // Nobody recovers it: Go's report goes to standard error, as a Rust panic's would.
                    assert!(catch_unwind(|| fault::op(|| read(8))).unwrap_err().is::<GoPanic>());
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        reached();
    }

    /// Callee-saved registers hold what they held, and the arithmetic flags' direction is up, after a landing.
    fn registers() {
        unsafe extern "C-unwind" fn dirty(_: *mut u8) {
            let v = 0xbad_u64;
            // SAFETY: clobbers callee-saved registers on purpose, then faults; the landing must bring them back.
            unsafe {
                core::arch::asm!(
                    "mov r12, {v}", "mov r13, {v}", "mov r14, {v}", "mov r15, {v}", "mov rbp, {v}",
                    "std", "mov {v}, [{bad}]",
                    v = in(reg) v, bad = in(reg) BAD, options(noreturn)
                );
            }
        }
        for _ in 0..100 {
            let mut out = [0_u64; 4];
            // SAFETY: sets four callee-saved registers, calls a guarded fault, stores them; all clobbers are named.
            unsafe {
                core::arch::asm!(
                    "mov r12, 0x1212", "mov r13, 0x1313", "mov r14, 0x1414", "mov r15, 0x1515",
                    "call {f}",
                    "mov [{out}], r12", "mov [{out} + 8], r13", "mov [{out} + 16], r14", "mov [{out} + 24], r15",
                    f = sym land_once, out = in(reg) out.as_mut_ptr(),
                    out("r12") _, out("r13") _, out("r14") _, out("r15") _, clobber_abi("C")
                );
            }
            assert_eq!(out, [0x1212, 0x1313, 0x1414, 0x1515]);
        }
        extern "C" fn land_once() {
            // SAFETY: `dirty` keeps nothing that needs dropping.
            let r = unsafe { fault::guarded(|| dirty(ptr::null_mut())) };
            assert!(r.is_err());
            let flags: u64;
            // SAFETY: reads the flags register.
            unsafe { core::arch::asm!("pushfq", "pop {}", out(reg) flags) };
            assert_eq!(flags & 0x400, 0, "direction flag");
        }
        reached();
    }

    fn destructors() {
        struct Note<'a>(&'a std::cell::Cell<u32>);
        impl Drop for Note<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let dropped = std::cell::Cell::new(0);
        let p = fatal::recover(|| {
            let _note = Note(&dropped);
            let _string = String::from("on the heap");
            fault::op(|| read(0x18));
        })
        .unwrap_err();
        assert_eq!(dropped.get(), 1);
        assert_eq!(p.text(), "runtime error: invalid memory address or nil pointer dereference");
        assert_eq!((p.go_type(), p.addr()), ("runtime.errorString", None));
        assert!(!fatal::set_panic_on_fault(true));
        let p = fatal::recover(|| fault::op(|| read(BAD))).unwrap_err();
        assert_eq!((p.go_type(), p.addr()), ("runtime.errorAddressString", Some(BAD)));
        reached();
    }

    fn kinds() {
        // SAFETY: nothing pending in the closures.
        unsafe {
            let f = |d: Death| match d {
                Death::Fatal(f) => (f.text().to_owned(), f.is_throw()),
                Death::Panic(p) => panic!("{p:?}"),
            };
            assert_eq!(fault::guarded(|| 7).unwrap(), 7);
            let e = fault::guarded::<()>(|| fatal::fatal("concurrent map writes")).unwrap_err();
            assert_eq!(f(e), ("concurrent map writes".to_owned(), false));
            let e = fault::guarded::<()>(|| fatal::throw("bad map state")).unwrap_err();
            assert_eq!(f(e), ("bad map state".to_owned(), true));
            let e = fault::guarded::<()>(|| fatal::panic_plain("assignment to entry in nil map")).unwrap_err();
            assert!(matches!(&e, Death::Panic(p) if p.go_type() == "runtime.plainError" && p.is_runtime_error()));
            let e = guarded_read(BAD + 5).unwrap_err();
            assert!(matches!(&e, Death::Fatal(f) if f.details() == ["unexpected fault address 0x600000000005"]));
            // A Rust panic is not Go's: it goes through.
            let quiet = std::panic::take_hook();
            std::panic::set_hook(Box::new(|_| {}));
            assert!(catch_unwind(AssertUnwindSafe(|| fault::guarded::<()>(|| panic!("mine")))).is_err());
            std::panic::set_hook(quiet);
            guarded_read(BAD).unwrap_err();
        }
        reached();
    }

    fn nest() {
        // SAFETY: nothing pending in the closures.
        unsafe {
            let out = fault::guarded(|| {
                let inner = fault::guarded(|| fault::op(|| read(BAD)));
                assert!(matches!(inner, Err(Death::Fatal(_))));
                let inner = fault::guarded::<()>(|| fault::op(|| fatal::throw("inner")));
                assert!(matches!(inner, Err(Death::Fatal(ref f)) if f.text() == "inner"));
                // Recovering does not catch a fatal error, and deferred calls outside an experiment are not run by it.
                let mut ran = false;
                let r = fault::guarded(|| fatal::defer(|_| ran = true, || fault::op(|| read(BAD))));
                assert!(matches!(r, Err(Death::Fatal(_))) && !ran);
                fault::op(|| fault::op(|| read(0x20)))
            });
            assert!(matches!(out, Err(Death::Panic(_))));
            // A deferred call of the surroundings runs once, when the body returns, with nothing to recover.
            let mut recovered = Vec::new();
            let r = fatal::defer(|d| recovered.push(d.recover().is_some()), || guarded_read(0x20).is_err());
            assert_eq!((r, recovered), (Some(true), vec![false]));
            // Inside one, it runs on top of the fault and recovers it.
            let r = fault::guarded(|| fatal::recover(|| read(0x20)).is_err());
            assert!(matches!(r, Ok(true)));
        }
        reached();
    }

    fn sigbus() {
        // SAFETY: a fresh mapping of a fresh file, cut off below it.
        unsafe {
            let fd = libc::memfd_create(c"bus".as_ptr(), 0);
            assert!(fd >= 0 && libc::ftruncate(fd, 4096) == 0);
            let p = libc::mmap(ptr::null_mut(), 4096, libc::PROT_READ, libc::MAP_SHARED, fd, 0);
            assert_ne!(p, libc::MAP_FAILED);
            assert!(guarded_read(p as usize).is_ok());
            assert_eq!(libc::ftruncate(fd, 0), 0);
            let e = guarded_read(p as usize).unwrap_err();
            assert!(matches!(&e, Death::Fatal(f) if f.text() == "fault"), "{e:?}");
            fatal::set_panic_on_fault(true);
            let Death::Panic(p2) = guarded_read(p as usize).unwrap_err() else { panic!() };
            assert_eq!(p2.signal().unwrap().sig, libc::SIGBUS);
            assert_eq!(p2.addr(), Some(p as usize));
        }
        reached();
    }

    fn goroutines() {
        let c = fatal::chan();
        for _ in 0..4 {
            let c = c.clone();
            fatal::go(move || {
                for _ in 0..100 {
                    assert!(fatal::recover(|| fault::op(|| read(0))).is_err());
                }
                c.send(());
            });
        }
        (0..4).for_each(|_| c.recv());
        reached();
    }

    fn foreign() {
        guarded_read(BAD).unwrap_err();
        reached();
        read(BAD);
    }

    fn foreign_libc() {
        guarded_read(BAD).unwrap_err();
        reached();
        // SAFETY: faults in the C library, whose faults are not the map's.
        let _ = unsafe { fault::guarded(|| libc::memset(black_box(BAD as *mut _), 0, black_box(4096))) };
    }

    fn sent() {
        guarded_read(BAD).unwrap_err();
        reached();
        // SAFETY: a signal to ourselves.
        let _ = unsafe { fault::guarded(|| libc::raise(libc::SIGSEGV)) };
    }

    #[expect(unconditional_recursion, reason = "to overflow the stack")]
    fn deeper(n: u64) -> u64 {
        let a = black_box([n; 64]);
        deeper(a[7] + 1) + a[9]
    }

    fn overflow() {
        guarded_read(BAD).unwrap_err();
        reached();
        black_box(deeper(0));
    }

    fn overflow_guarded() {
        reached();
        // SAFETY: dies.
        let _ = unsafe { fault::guarded(|| black_box(deeper(0))) };
    }

    fn overflow_thread() {
        reached();
        let _ = std::thread::spawn(|| {
            guarded_read(BAD).unwrap_err();
            black_box(deeper(0))
        })
        .join();
    }

    extern "C" fn one_argument(sig: libc::c_int) {
        // SAFETY: ends the process.
        unsafe { libc::_exit(if sig == libc::SIGSEGV { 41 } else { 42 }) }
    }

    extern "C" fn three_arguments(_: libc::c_int, info: *mut libc::siginfo_t, ctx: *mut libc::c_void) {
        // SAFETY: SA_SIGINFO passes both; ends the process.
        unsafe { libc::_exit(if (*info).si_addr() as usize == BAD && !ctx.is_null() { 43 } else { 44 }) }
    }

    /// A handler that was there first still gets the faults that are not ours, and ours stay ours.
    fn predecessor(handler: usize, flags: i32) {
        // SAFETY: installs a handler for SIGSEGV.
        unsafe {
            let mut a: libc::sigaction = std::mem::zeroed();
            a.sa_sigaction = handler;
            a.sa_flags = flags;
            assert_eq!(libc::sigaction(libc::SIGSEGV, &a, ptr::null_mut()), 0);
        }
        for _ in 0..10 {
            guarded_read(BAD).unwrap_err();
        }
        reached();
        read(BAD);
    }

    fn unguarded() {
        fault::install();
        reached();
        // SAFETY: the process ends as a Go program does.
        unsafe { mem::memclr(BAD, 16) };
    }

    fn program(f: fn()) {
        static F: std::sync::OnceLock<fn()> = std::sync::OnceLock::new();
        let _ = F.set(f);
        fn main() {
            F.get().unwrap()();
            black_box(());
        }
        reached();
        fault::run_main(Program { rules: GoVersion::V1_22.rules(), package: module_path!(), libraries: &[] }, main)
    }

    fn judge(c: &Case) -> Result<(), Failed> {
        let out = Command::new(std::env::current_exe()?)
            .env("GOHMAP_FAULT_CASE", c.name)
            .env_remove("GOTRACEBACK")
            .stdin(Stdio::null())
            .output()?;
        let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let end = match (out.status.code(), out.status.signal()) {
            (Some(code), _) => Exit(code),
            (None, Some(signal)) => Signal(signal),
            (None, None) => return Err("neither exit nor signal".into()),
        };
        if end != c.end || stdout != "reached\n" {
            return Err(format!("{end:?}, want {:?}; stdout {stdout:?}; stderr:\n{stderr}", c.end).into());
        }
        if c.stderr.is_empty() && !stderr.is_empty() {
            return Err(format!("stderr:\n{stderr}").into());
        }
        for s in c.stderr {
            if !stderr.contains(s) {
                return Err(format!("no {s:?} in stderr:\n{stderr}").into());
            }
        }
        Ok(())
    }

    /// Payload types are what `catch_unwind` sees on a thread that is no goroutine.
    fn payloads() -> Result<(), Failed> {
        let p = catch_unwind(|| fatal::panic_plain("assignment to entry in nil map")).unwrap_err();
        let p = p.downcast::<GoPanic>().map_err(|_| "not a GoPanic")?;
        if p.text() != "assignment to entry in nil map" {
            return Err(format!("{p:?}").into());
        }
        // SAFETY: nothing pending in the closure.
        let f = unsafe { fault::guarded::<()>(|| fatal::fatal("x")) };
        let _: &GoFatal = match &f {
            Err(Death::Fatal(f)) => f,
            other => return Err(format!("{other:?}").into()),
        };
        Ok(())
    }

    pub(crate) fn main() {
        if let Ok(name) = std::env::var("GOHMAP_FAULT_CASE") {
            let c = CASES.iter().find(|c| c.name == name).expect("a case");
            return (c.run)();
        }
        let mut trials: Vec<_> = CASES.iter().map(|c| Trial::test(c.name, || judge(c))).collect();
        trials.push(Trial::test("catch_unwind_sees_gopanic", payloads));
        libtest_mimic::run(&Arguments::from_args(), trials).exit();
    }
}

//! C code that is handed a map's header: it tampers, faults, or calls back. Original: `tests/goldens/src/cgo`; the C
//! half is `asm/cgo_scenario.c`.
#![expect(non_snake_case, reason = "Go's and cgo's names, which tracebacks show")]

use super::hm::{self, Map, REGION_AT, Try, Var, case};
use crate::fatal::{call_back, cgocall, chan, defer, go, panic_error, set_panic_on_fault};
use crate::lab::programs::{make, nil};
use libc::{PROT_READ, PROT_WRITE, c_int, c_longlong};
use std::hint::black_box;

static M64: Var<Map> = Var::new(nil);
static NILM: Var<Map> = Var::new(nil);

const REGION_BYTES: usize = 65536;

fn build(n: u64) -> usize {
    M64.set(make(0));
    for i in 1..=n {
        M64.insert(i, i * 10);
    }
    M64.hmap()
}

fn unmapped() -> usize {
    let p = hm::mmap(REGION_AT, REGION_BYTES, PROT_READ | PROT_WRITE);
    hm::munmap(p, REGION_BYTES);
    p
}

// ---- what cgo makes of the C functions

unsafe extern "C-unwind" {
    fn gohmap_c_setB(h: usize, b: c_int);
    fn gohmap_c_setcount(h: usize, n: c_longlong);
    fn gohmap_c_setbuckets(h: usize, p: usize);
    fn gohmap_c_setflags(h: usize, f: c_int);
    fn gohmap_c_len(h: usize) -> c_longlong;
    fn gohmap_c_read(h: usize) -> c_int;
    fn gohmap_c_write(h: usize);
    fn gohmap_c_div(a: c_int, b: c_int) -> c_int;
    fn gohmap_c_abort();
    fn gohmap_c_memset(h: usize, v: c_int, n: c_int);
    fn gohmap_c_callback(f: extern "C-unwind" fn());
}

macro_rules! c_functions {
    ($($go:ident = $c:ident($($arg:ident: $ty:ty),*) $(-> $ret:ty)?;)*) => {$(
        #[inline(never)]
        fn $go($($arg: $ty),*) $(-> $ret)? {
            // SAFETY: C code that reads or writes one field of the header at `h`, or faults, as the case wants.
            let r = cgocall(|| unsafe { $c($($arg),*) });
            black_box(stringify!($go)); // keeps it apart from others that call the same
            r
        }
    )*};
}
c_functions! {
    _Cfunc_c_setB = gohmap_c_setB(h: usize, b: c_int);
    _Cfunc_c_setcount = gohmap_c_setcount(h: usize, n: c_longlong);
    _Cfunc_c_setbuckets = gohmap_c_setbuckets(h: usize, p: usize);
    _Cfunc_c_setflags = gohmap_c_setflags(h: usize, f: c_int);
    _Cfunc_c_len = gohmap_c_len(h: usize) -> c_longlong;
    _Cfunc_c_len_ptr = gohmap_c_len(h: usize) -> c_longlong;
    _Cfunc_c_read = gohmap_c_read(h: usize) -> c_int;
    _Cfunc_c_write = gohmap_c_write(h: usize);
    _Cfunc_c_div = gohmap_c_div(a: c_int, b: c_int) -> c_int;
    _Cfunc_c_abort = gohmap_c_abort();
    _Cfunc_c_memset = gohmap_c_memset(h: usize, v: c_int, n: c_int);
}

#[inline(never)]
fn _Cfunc_c_callback_assign() {
    extern "C-unwind" fn body_exported() {
        call_back(_cgoexp_0123456789ab_goAssign);
    }
    fn body() {
        // SAFETY: C that calls that function.
        unsafe { gohmap_c_callback(body_exported) }
    }
    cgocall(body);
    mark!();
}

#[inline(never)]
fn _Cfunc_c_callback_read() {
    extern "C-unwind" fn body_exported() {
        call_back(_cgoexp_0123456789ab_goRead);
    }
    fn body() {
        // SAFETY: C that calls that function.
        unsafe { gohmap_c_callback(body_exported) }
    }
    cgocall(body);
    mark!();
}

#[inline(never)]
fn _cgoexp_0123456789ab_goAssign() {
    goAssign();
    mark!();
}

#[inline(never)]
fn _cgoexp_0123456789ab_goRead() {
    goRead();
    mark!();
}

#[inline(never)]
fn goAssign() {
    NILM.insert(1, 1);
    mark!();
}

#[inline(never)]
fn goRead() {
    hm::sink(M64.get(1));
}

/// `cgoCheckPointer`: memory that is passed to C must hold no Go pointers.
fn body_check_pointer(h: usize) {
    if hm::H(&*M64).addr() == h && hm::H(&*M64).buckets() != 0 {
        panic_error(hm::rt().rules().cgo_pointer_text.to_owned());
    }
}

// ---- Go's side

#[inline(never)]
fn read() {
    let v = hm::sink(M64.get(1));
    println!("read {v}");
}

#[inline(never)]
fn assign() {
    M64.insert(999, 1);
    println!("assign, len {}", M64.len());
}

/// Passing the header itself as a pointer: cgo's own check fires before C runs.
#[expect(clippy::redundant_closure_call, reason = "a closure in Go, whose frame shows")]
#[inline(never)]
fn ptrcheck() {
    let h = build(5);
    let n = (|| {
        body_check_pointer(h);
        _Cfunc_c_len_ptr(h)
    })();
    println!("{n}");
}

#[inline(never)]
fn ptrcheckempty() {
    build(0);
    let h = M64.hmap();
    body_check_pointer(h);
    println!("C reads count: {}", _Cfunc_c_len_ptr(h));
}

#[inline(never)]
fn ptrcheckrecover() {
    let h = build(5);
    Try("C.c_len_ptr(hmap)", || {
        body_check_pointer(h);
        println!("{}", _Cfunc_c_len_ptr(h));
    });
}

#[inline(never)]
fn clen() {
    let h = build(5);
    println!("C reads count: {} Go len: {}", _Cfunc_c_len(h), M64.len());
}

#[inline(never)]
fn setcount() {
    let h = build(5);
    _Cfunc_c_setcount(h, -7);
    println!("len after C set count=-7: {}", M64.len());
    _Cfunc_c_setcount(h, 1 << 40);
    println!("len after C set count=1<<40: {}", M64.len());
    read();
    mark!();
}

#[inline(never)]
fn setB() {
    let h = build(5);
    for b in [1, 20, 63, 64, 200, 255] {
        _Cfunc_c_setB(h, b);
        println!("B {b} len {}", M64.len());
    }
}

#[inline(never)]
fn setBread() {
    let h = build(5);
    _Cfunc_c_setB(h, 63);
    println!("len {}", M64.len());
    read();
    mark!();
}

#[inline(never)]
fn setBassign() {
    let h = build(5);
    _Cfunc_c_setB(h, 63);
    println!("len {}", M64.len());
    assign();
    mark!();
}

#[inline(never)]
fn setbuckets() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, unmapped());
    println!("len {}", M64.len());
    read();
    mark!();
}

#[inline(never)]
fn setbucketsassign() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, unmapped());
    println!("len {}", M64.len());
    assign();
    mark!();
}

#[inline(never)]
fn setbucketsnil() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, 0);
    println!("len {}", M64.len());
    read();
    mark!();
}

#[inline(never)]
fn setflags() {
    let h = build(5);
    _Cfunc_c_setflags(h, 4);
    println!("len {}", M64.len());
    assign();
    mark!();
}

#[inline(never)]
fn zeroheader() {
    let h = build(5);
    _Cfunc_c_memset(h, 0, 40);
    println!("len {}", M64.len());
    read();
    assign();
    mark!();
}

/// count = -1, flags = 0xff, B = 255, noverflow = 0xffff, hash0 = all ones.
#[inline(never)]
fn ffheader() {
    let h = build(5);
    _Cfunc_c_memset(h, 0xff, 16);
    println!("len {}", M64.len());
    read();
    mark!();
}

/// C writes count, B and buckets one after the other; Go looks at len between.
#[inline(never)]
fn tamper() {
    let h = build(5);
    _Cfunc_c_setcount(h, 3);
    println!("C set count = 3: len {}", M64.len());
    _Cfunc_c_setB(h, 4);
    println!("C set B = 4: len {}", M64.len());
    _Cfunc_c_setbuckets(h, unmapped());
    println!("C set buckets: len {}", M64.len());
    read();
    mark!();
}

// ---- C itself faults

#[inline(never)]
fn cread() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, unmapped());
    println!("{}", _Cfunc_c_read(h));
}

#[inline(never)]
fn creadnil() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, 0);
    println!("{}", _Cfunc_c_read(h));
}

#[inline(never)]
fn creadnoncanon() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, 0xdead_beef_dead_beef);
    println!("{}", _Cfunc_c_read(h));
}

#[inline(never)]
fn cwriteprot() {
    let h = build(5);
    let p = hm::mmap(REGION_AT, REGION_BYTES, PROT_READ);
    _Cfunc_c_setbuckets(h, p);
    _Cfunc_c_write(h);
    mark!();
}

#[inline(never)]
fn creadnilheader() {
    println!("{}", _Cfunc_c_len(0));
}

#[inline(never)]
fn creadrecover() {
    fn body() {
        set_panic_on_fault(true);
        let h = build(5);
        _Cfunc_c_setbuckets(h, unmapped());
        println!("{}", _Cfunc_c_read(h));
    }
    defer(|d| println!("recovered: must not happen {:?}", d.recover().map(|p| p.text().to_owned())), body);
    mark!();
}

#[inline(never)]
fn creadgoroutine() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, unmapped());
    let done = chan();
    let send = done.clone();
    go(move || {
        println!("{}", _Cfunc_c_read(h));
        send.send(true);
    });
    black_box(done.recv());
}

#[inline(never)]
fn cdiv() {
    println!("{}", _Cfunc_c_div(1, 0));
}

#[inline(never)]
fn cabort() {
    _Cfunc_c_abort();
    mark!();
}

// ---- C calls back into Go, which panics on a map

#[inline(never)]
fn callbackpanic() {
    _Cfunc_c_callback_assign();
    mark!();
}

#[inline(never)]
fn callbackrecover() {
    defer(
        |d| {
            let text = d.recover().map(|p| p.text().to_owned()).unwrap_or_default();
            println!("recovered across C: {text}");
        },
        _Cfunc_c_callback_assign,
    );
}

#[inline(never)]
fn callbackfault() {
    let h = build(5);
    _Cfunc_c_setbuckets(h, unmapped());
    _Cfunc_c_callback_read();
    mark!();
}

pub(super) fn main() {
    let sets = |what: &str| format!("lets C {what} through the header's address, and uses the map");
    let faults = |what: &str| format!("lets C read a bucket {what}: the fault is C's");
    hm::pick(vec![
        case("ptrcheck", "passes a map's header to C as a pointer, which cgo checks", ptrcheck),
        case("ptrcheckempty", "passes an empty map's header to C as a pointer", ptrcheckempty),
        case("ptrcheckrecover", "recovers the panic of cgo's pointer check", ptrcheckrecover),
        case("clen", "lets C read the count of a map", clen),
        case("setcount", sets("write the count"), setcount),
        case("setB", sets("write B"), setB),
        case("setBread", sets("set B to 63"), setBread),
        case("setBassign", sets("set B to 63, assigns"), setBassign),
        case("setbuckets", sets("point the buckets at unmapped memory"), setbuckets),
        case("setbucketsassign", sets("point the buckets at unmapped memory, assigns"), setbucketsassign),
        case("setbucketsnil", sets("set the buckets to nil"), setbucketsnil),
        case("setflags", sets("set hashWriting"), setflags),
        case("zeroheader", sets("clear everything"), zeroheader),
        case("ffheader", sets("set the first sixteen bytes to 0xff"), ffheader),
        case("tamper", sets("write count, B and buckets"), tamper).scattered(),
        case("cread", faults("in unmapped memory"), cread).at_all_levels(),
        case("creadnil", faults("at nil"), creadnil),
        case("creadnoncanon", faults("at a non-canonical address"), creadnoncanon),
        case("cwriteprot", "lets C write a bucket in a read-only page: the fault is C's", cwriteprot),
        case("creadnilheader", "lets C read the header at nil: the fault is C's", creadnilheader),
        case("creadrecover", "tries to recover a fault in C code, under SetPanicOnFault", creadrecover),
        case("creadgoroutine", "faults in C code in a goroutine while main waits for a channel", creadgoroutine),
        case("cdiv", "lets C divide by zero", cdiv),
        case("cabort", "lets C call abort", cabort),
        case("callbackpanic", "lets C call back into Go, which assigns to a nil map", callbackpanic),
        case("callbackrecover", "recovers such a panic on the other side of the C frames", callbackrecover),
        case("callbackfault", "lets C call back into Go, which reads unmapped buckets", callbackfault),
    ])();
    mark!();
}

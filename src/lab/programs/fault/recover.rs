//! Faults that are recovered, or are not to be recovered, and the state that they leave behind.

use super::super::hm::{self, Try};
use super::targets::{Target, bus_target, target};
use super::{
    M64, assignnew64, assignold64, build, clear64, clone64, delete64, h, len64, old_target, point_all, range64, read64,
};
use crate::fatal::{self, chan, defer, go, set_panic_on_fault};
use std::hint::black_box;

#[inline(never)]
pub(super) fn recover_nil_assign() {
    build(2);
    h().set_buckets(0x10);
    hm::show("before", &M64);
    Try("assign", assignnew64);
    hm::show("after", &M64);
    Try("read", read64); // hashWriting is still set: fatal, not recoverable
    mark!();
}

#[inline(never)]
pub(super) fn recover_nil_assign2() {
    build(2);
    h().set_buckets(0x10);
    Try("assign", assignnew64);
    hm::show("after", &M64);
    Try("assign again", assignnew64);
    mark!();
}

#[inline(never)]
pub(super) fn recover_nil_delete() {
    build(2);
    h().set_buckets(0x10);
    Try("delete", delete64);
    hm::show("after", &M64);
    Try("delete again", delete64);
    mark!();
}

#[inline(never)]
pub(super) fn recover_nil_read() {
    build(2);
    h().set_buckets(0x10);
    Try("read", read64);
    hm::show("after", &M64);
    Try("read again", read64);
    Try("range", range64);
    hm::show("after range", &M64);
    Try("len", len64);
}

#[inline(never)]
pub(super) fn recover_nil_clear() {
    build(2);
    h().set_buckets(0x10);
    Try("clear", clear64);
    hm::show("after", &M64);
    Try("clear again", clear64);
    Try("assign", assignnew64);
    mark!();
}

#[inline(never)]
pub(super) fn recover_nil_clone() {
    build(2);
    h().set_buckets(0x10);
    Try("clone", clone64);
    hm::show("after", &M64);
}

#[inline(never)]
pub(super) fn pof(t: Target) {
    set_panic_on_fault(true);
    build(2);
    point_all(t);
    Try("len", len64);
    Try("read", read64);
    Try("range", range64);
    hm::show("after read+range", &M64);
    Try("assign new", assignnew64);
    hm::show("after assign", &M64);
}

#[inline(never)]
pub(super) fn pof_uncaught() {
    set_panic_on_fault(true);
    build(2);
    point_all(target("unmapped"));
    read64();
    mark!();
}

#[inline(never)]
pub(super) fn pof_uncaughtnoncanon() {
    set_panic_on_fault(true);
    build(2);
    h().set_buckets(0xdead_beef_dead_beef);
    read64();
    mark!();
}

#[inline(never)]
pub(super) fn pof_thenwrite() {
    set_panic_on_fault(true);
    build(2);
    point_all(target("unmapped"));
    Try("assign new", assignnew64);
    hm::show("after assign", &M64);
    Try("assign again", assignnew64);
    mark!();
}

#[inline(never)]
pub(super) fn pof_rodelete() {
    set_panic_on_fault(true);
    build(2);
    point_all(target("readonly"));
    Try("read", read64);
    Try("assign existing", assignold64);
    hm::show("after assign existing", &M64);
    Try("delete", delete64);
    hm::show("after delete", &M64);
}

#[inline(never)]
pub(super) fn pof_roclear() {
    set_panic_on_fault(true);
    build(2);
    point_all(target("readonly"));
    Try("clear", clear64);
    hm::show("after", &M64);
}

#[inline(never)]
pub(super) fn pof_bus() {
    set_panic_on_fault(true);
    build(2);
    point_all(bus_target());
    Try("read", read64);
}

#[inline(never)]
pub(super) fn pof_repanic() {
    set_panic_on_fault(true);
    build(2);
    point_all(target("unmapped"));
    defer(
        |d| {
            mark!();
            if let Some(p) = d.recover() {
                fatal::repanic(&p);
            }
        },
        read64,
    );
    mark!();
}

#[inline(never)]
pub(super) fn pof_old() {
    set_panic_on_fault(true);
    old_target(target("unmapped"));
    Try("read", || {
        hm::sink(M64.get(1));
    });
    hm::show("after read", &M64);
    Try("range", || for _ in M64.range() {});
    hm::show("after range", &M64);
    Try("assign", || M64.insert(999_999, 1));
    hm::show("after assign", &M64);
}

#[inline(never)]
pub(super) fn pof_olddelete() {
    set_panic_on_fault(true);
    old_target(target("unmapped"));
    Try("delete", || M64.delete(1));
    hm::show("after delete", &M64);
}

#[inline(never)]
pub(super) fn fatal_norecover() {
    fn body() {
        Try("read", read64);
        mark!();
    }
    build(2);
    point_all(target("unmapped"));
    defer(|_| println!("deferred: must not print"), body);
    mark!();
}

#[inline(never)]
pub(super) fn fault_goroutine() {
    build(2);
    point_all(target("unmapped"));
    let done = chan();
    let send = done.clone();
    go(move || {
        read64();
        send.send(true);
    });
    black_box(done.recv());
}

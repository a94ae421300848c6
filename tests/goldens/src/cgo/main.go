// C code handling the hmap of a map with uint64 keys.
package main

/*
#include <stdint.h>
#include <string.h>
#include <stdlib.h>

struct hmap_c {
	int64_t count;
	uint8_t flags;
	uint8_t B;
	uint16_t noverflow;
	uint32_t hash0;
	void *buckets;
	void *oldbuckets;
	uintptr_t nevacuate;
};

static void c_setB(uintptr_t h, int b) { ((struct hmap_c *)h)->B = (uint8_t)b; }
static void c_setcount(uintptr_t h, long long n) { ((struct hmap_c *)h)->count = n; }
static void c_setbuckets(uintptr_t h, uintptr_t p) { ((struct hmap_c *)h)->buckets = (void *)p; }
static void c_setflags(uintptr_t h, int f) { ((struct hmap_c *)h)->flags = (uint8_t)f; }
static long long c_len(uintptr_t h) { return ((struct hmap_c *)h)->count; }
// dereference the first tophash byte
static int c_read(uintptr_t h) { return *(volatile unsigned char *)((struct hmap_c *)h)->buckets; }
static void c_write(uintptr_t h) { *(volatile unsigned char *)((struct hmap_c *)h)->buckets = 7; }
static long long c_len_ptr(void *h) { return ((struct hmap_c *)h)->count; }
static int c_div(int a, int b) { return a / b; }
static void c_abort(void) { abort(); }
static void c_memset(uintptr_t h, int v, int n) { memset((void *)h, v, n); }

extern void goAssign(void);
extern void goRead(void);
static void c_callback_assign(void) { goAssign(); }
static void c_callback_read(void) { goRead(); }
*/
import "C"

import (
	"fmt"
	"runtime/debug"
	"syscall"
	"unsafe"

	"goldens/hm"
)

var (
	m64  map[uint64]uint64
	nilm map[uint64]uint64
	sink uint64
)

func build(n int) C.uintptr_t {
	m64 = make(map[uint64]uint64)
	for i := 1; i <= n; i++ {
		m64[uint64(i)] = uint64(i) * 10
	}
	return C.uintptr_t(uintptr(hm.Ptr(m64)))
}

func unmapped() C.uintptr_t {
	p := hm.Mmap(hm.Region, 65536, syscall.PROT_READ|syscall.PROT_WRITE)
	hm.Munmap(p, 65536)
	return C.uintptr_t(p)
}

//export goAssign
func goAssign() { nilm[1] = 1 }

//export goRead
func goRead() { sink = m64[1] }

//go:noinline
func read() { sink = m64[1]; fmt.Println("read", sink) }

//go:noinline
func assign() { m64[999] = 1; fmt.Println("assign, len", len(m64)) }

// passing the hmap itself as unsafe.Pointer: cgo's own check fires before C runs
//
//go:noinline
func ptrcheck() {
	build(5)
	fmt.Println(C.c_len_ptr(hm.Ptr(m64)))
}

//go:noinline
func ptrcheckempty() {
	build(0)
	m64 = make(map[uint64]uint64, 0)
	fmt.Println("C reads count:", C.c_len_ptr(hm.Ptr(m64)))
}

//go:noinline
func ptrcheckrecover() {
	build(5)
	hm.Try("C.c_len_ptr(hmap)", func() { fmt.Println(C.c_len_ptr(hm.Ptr(m64))) })
}

//go:noinline
func clen() { h := build(5); fmt.Println("C reads count:", C.c_len(h), "Go len:", len(m64)) }

//go:noinline
func setcount() {
	h := build(5)
	C.c_setcount(h, -7)
	fmt.Println("len after C set count=-7:", len(m64))
	C.c_setcount(h, 1<<40)
	fmt.Println("len after C set count=1<<40:", len(m64))
	read()
}

//go:noinline
func setB() {
	h := build(5)
	for _, b := range []C.int{1, 20, 63, 64, 200, 255} {
		C.c_setB(h, b)
		fmt.Println("B", b, "len", len(m64))
	}
}

//go:noinline
func setBread() { h := build(5); C.c_setB(h, 63); fmt.Println("len", len(m64)); read() }

//go:noinline
func setBassign() { h := build(5); C.c_setB(h, 63); fmt.Println("len", len(m64)); assign() }

//go:noinline
func setbuckets() {
	h := build(5)
	C.c_setbuckets(h, unmapped())
	fmt.Println("len", len(m64))
	read()
}

//go:noinline
func setbucketsassign() {
	h := build(5)
	C.c_setbuckets(h, unmapped())
	fmt.Println("len", len(m64))
	assign()
}

//go:noinline
func setbucketsnil() {
	h := build(5)
	C.c_setbuckets(h, 0)
	fmt.Println("len", len(m64))
	read()
}

//go:noinline
func setflags() {
	h := build(5)
	C.c_setflags(h, 4)
	fmt.Println("len", len(m64))
	assign()
}

//go:noinline
func zeroheader() { // C clears the whole header
	h := build(5)
	C.c_memset(h, 0, 40)
	fmt.Println("len", len(m64))
	read()
	assign()
}

//go:noinline
func ffheader() {
	h := build(5)
	C.c_memset(h, 0xff, 16) // count = -1, flags = 0xff, B = 255, noverflow = 0xffff, hash0 = all ones
	fmt.Println("len", len(m64))
	read()
}

// C writes count, B and buckets one after the other; Go looks at len between.
//
//go:noinline
func tamper() {
	h := build(5)
	C.c_setcount(h, 3)
	fmt.Println("C set count = 3: len", len(m64))
	C.c_setB(h, 4)
	fmt.Println("C set B = 4: len", len(m64))
	C.c_setbuckets(h, unmapped())
	fmt.Println("C set buckets: len", len(m64))
	read()
}

// ---- C itself faults

//go:noinline
func cread() { h := build(5); C.c_setbuckets(h, unmapped()); fmt.Println(C.c_read(h)) }

//go:noinline
func creadnil() { h := build(5); C.c_setbuckets(h, 0); fmt.Println(C.c_read(h)) }

//go:noinline
func creadnoncanon() { h := build(5); C.c_setbuckets(h, 0xdeadbeefdeadbeef); fmt.Println(C.c_read(h)) }

//go:noinline
func cwriteprot() {
	h := build(5)
	p := hm.Mmap(hm.Region, 65536, syscall.PROT_READ)
	C.c_setbuckets(h, C.uintptr_t(p))
	C.c_write(h)
}

//go:noinline
func creadnilheader() { fmt.Println(C.c_len(0)) }

//go:noinline
func creadrecover() {
	defer func() { fmt.Println("recovered: must not happen", recover()) }()
	debug.SetPanicOnFault(true)
	h := build(5)
	C.c_setbuckets(h, unmapped())
	fmt.Println(C.c_read(h))
}

//go:noinline
func creadgoroutine() {
	h := build(5)
	C.c_setbuckets(h, unmapped())
	done := make(chan bool)
	go func() { fmt.Println(C.c_read(h)); done <- true }()
	<-done
}

//go:noinline
func cdiv() { fmt.Println(C.c_div(1, 0)) }

//go:noinline
func cabort() { C.c_abort() }

// ---- C calls back into Go, which panics on a map

//go:noinline
func callbackpanic() { C.c_callback_assign() }

//go:noinline
func callbackrecover() {
	defer func() { fmt.Println("recovered across C:", recover()) }()
	C.c_callback_assign()
}

//go:noinline
func callbackfault() {
	h := build(5)
	C.c_setbuckets(h, unmapped())
	C.c_callback_read()
}

var _ unsafe.Pointer

func main() {
	debug.SetGCPercent(-1)
	hm.Pick([]hm.Case{{"ptrcheck", ptrcheck}, {"ptrcheckempty", ptrcheckempty}, {"ptrcheckrecover", ptrcheckrecover}, {"clen", clen}, {"setcount", setcount}, {"setB", setB}, {"setBread", setBread}, {"setBassign", setBassign},
		{"setbuckets", setbuckets}, {"setbucketsassign", setbucketsassign}, {"setbucketsnil", setbucketsnil}, {"setflags", setflags}, {"zeroheader", zeroheader}, {"ffheader", ffheader}, {"tamper", tamper},
		{"cread", cread}, {"creadnil", creadnil}, {"creadnoncanon", creadnoncanon}, {"cwriteprot", cwriteprot}, {"creadnilheader", creadnilheader}, {"creadrecover", creadrecover}, {"creadgoroutine", creadgoroutine},
		{"cdiv", cdiv}, {"cabort", cabort}, {"callbackpanic", callbackpanic}, {"callbackrecover", callbackrecover}, {"callbackfault", callbackfault}})()
}

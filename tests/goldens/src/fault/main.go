// Memory faults reached through a tampered bucket / oldbucket / overflow pointer of a map with uint64 keys.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"

	"goldens/hm"
)

type big [200]byte

const page = 4096

var (
	m64  map[uint64]uint64
	mbig map[uint64]big
	sink uint64
	ok   bool
	keep []any
)

// size of the bucket type used here
const sz64 = 8 + 8*8 + 8*8 + 8

func build(n int) {
	m64 = make(map[uint64]uint64)
	for i := 1; i <= n; i++ {
		m64[uint64(i)] = uint64(i) * 10
	}
}

// ---- operations

//go:noinline
func read64() { sink = m64[1]; fmt.Println("read returned", sink) }

//go:noinline
func readmiss64() { sink = m64[999]; fmt.Println("read returned", sink) }

//go:noinline
func commaok64() { sink, ok = m64[1]; fmt.Println("commaok returned", sink, ok) }

//go:noinline
func assignnew64() { m64[999] = 7; fmt.Println("assign returned, len", len(m64)) }

//go:noinline
func assignold64() { m64[1] = 7; fmt.Println("assign returned, len", len(m64)) }

//go:noinline
func delete64() { delete(m64, 1); fmt.Println("delete returned, len", len(m64)) }

//go:noinline
func deletemiss64() { delete(m64, 999); fmt.Println("delete returned, len", len(m64)) }

//go:noinline
func range64() {
	n := 0
	for range m64 {
		n++
		if n > 1000 {
			break
		}
	}
	fmt.Println("range iterations", n)
}

//go:noinline
func len64() { fmt.Println("len returned", len(m64)) }

// ---- where the bucket pointer goes

type target struct {
	name string
	prep func(src, size uintptr) uintptr
}

func copyIn(dst, src, n uintptr) { copy(hm.Bytes(dst, n), hm.Bytes(src, n)) }

func fixed(a uintptr) func(uintptr, uintptr) uintptr {
	return func(uintptr, uintptr) uintptr { return a }
}

var targets = []target{
	{"unmapped", func(src, size uintptr) uintptr {
		p := hm.Mmap(hm.Region, 16*page, syscall.PROT_READ|syscall.PROT_WRITE)
		copyIn(p, src, size)
		hm.Munmap(p, 16*page)
		return p
	}},
	{"protnone", func(src, size uintptr) uintptr {
		p := hm.Mmap(hm.Region, 16*page, syscall.PROT_READ|syscall.PROT_WRITE)
		copyIn(p, src, size)
		hm.Mprotect(p, 16*page, syscall.PROT_NONE)
		return p
	}},
	{"readonly", func(src, size uintptr) uintptr {
		p := hm.Mmap(hm.Region, 16*page, syscall.PROT_READ|syscall.PROT_WRITE)
		copyIn(p, src, size)
		hm.Mprotect(p, 16*page, syscall.PROT_READ)
		return p
	}},
	{"readonlyoff", func(src, size uintptr) uintptr { // bucket not at the start of the page
		p := hm.Mmap(hm.Region, 16*page, syscall.PROT_READ|syscall.PROT_WRITE)
		copyIn(p+0x340, src, size)
		hm.Mprotect(p, 16*page, syscall.PROT_READ)
		return p + 0x340
	}},
	{"relocated", func(src, size uintptr) uintptr { // valid, writable memory outside the Go heap
		p := hm.Mmap(hm.Region, 16*page, syscall.PROT_READ|syscall.PROT_WRITE)
		copyIn(p, src, size)
		return p
	}},
	{"noncanonical", fixed(0xdeadbeefdeadbeef)},
	{"kerneladdr", fixed(0xffff800000000000)},
	{"topofuser", fixed(0x00007ffffffff000)},
	{"abovecanon", fixed(0x0000800000000000)},
	{"0x0", fixed(0)},
	{"0x10", fixed(0x10)},
	{"0xf80", fixed(0xf80)},
	{"0xfff", fixed(0xfff)},
	{"0x1000", fixed(0x1000)},
}

func point(h *hm.Hmap, t target, size uintptr) {
	h.Buckets = t.prep(h.Buckets, size)
}

func pointAll(t target) {
	n := uintptr(1) << hm.H(m64).B
	point(hm.H(m64), t, n*sz64)
}

// ---- (b) old buckets during growth

func grow64() {
	m64 = make(map[uint64]uint64)
	for i := uint64(1); ; i++ {
		m64[i] = i * 10
		if hm.H(m64).Oldbuckets != 0 && i > 100 {
			break
		}
	}
	hm.Show("growing", m64)
}

// unevacuated returns a key whose old bucket has not been evacuated yet and is not bucket 0.
func oldTarget(t target) {
	grow64()
	h := hm.H(m64)
	n := uintptr(1) << (h.B - 1)
	h.Oldbuckets = t.prep(h.Oldbuckets, n*sz64)
}

// ---- (c) SIGBUS through a truncated file

func busTarget() target {
	return target{"bus", func(src, size uintptr) uintptr {
		f, err := os.CreateTemp("", "bus")
		if err != nil {
			panic(err)
		}
		os.Remove(f.Name())
		if err := f.Truncate(4 * page); err != nil {
			panic(err)
		}
		const mapFixed = 0x10
		p, _, e := syscall.Syscall6(syscall.SYS_MMAP, hm.Region, 4*page, syscall.PROT_READ|syscall.PROT_WRITE,
			syscall.MAP_SHARED|mapFixed, f.Fd(), 0)
		if e != 0 {
			panic(e)
		}
		copyIn(p, src, size)
		if err := f.Truncate(0); err != nil {
			panic(err)
		}
		keep = append(keep, f)
		return p
	}}
}

// ---- (d) overflow pointer

func overflowTo(addr uintptr) {
	build(8) // one full bucket
	h := hm.H(m64)
	*(*uintptr)(unsafe.Pointer(ptr(h.Buckets) + sz64 - 8)) = addr
}

//go:nocheckptr
func ptr(p uintptr) uintptr { return p }

func unmappedRegion() uintptr {
	p := hm.Mmap(hm.Region, 16*page, syscall.PROT_READ|syscall.PROT_WRITE)
	hm.Munmap(p, 16*page)
	return p
}

// ---- an indirect value with a bad pointer

//go:noinline
func indirectelem() {
	mbig = map[uint64]big{1: {1}}
	h := hm.H(mbig)
	*(*uintptr)(unsafe.Pointer(ptr(h.Buckets) + 8 + 64)) = unmappedRegion()
	v := mbig[1]
	fmt.Println(v[0])
}

// ---- growth into tampered extra

//go:noinline
func extra_bad() {
	build(8)
	h := hm.H(m64)
	*(*uintptr)(unsafe.Add(unsafe.Pointer(h), hm.ExtraOffset)) = unmappedRegion()
	h.Count = 3 // no growth: the full bucket needs an overflow bucket
	assignnew64()
}

//go:noinline
func extra_badrange() {
	build(8)
	h := hm.H(m64)
	*(*uintptr)(unsafe.Add(unsafe.Pointer(h), hm.ExtraOffset)) = unmappedRegion()
	range64()
}

// iterafterfree: the buckets lie in a mapped region, a range is under way, the region goes away in the loop body.
//
//go:noinline
func iterafterfree() {
	build(5)
	pointAll(targets[4])
	n := 0
	for range m64 {
		n++
		fmt.Println("iteration", n)
		if n == 2 {
			hm.Munmap(hm.Region, 16*page)
		}
	}
	fmt.Println("range ended")
}

// ---- recover and the state left behind

//go:noinline
func recover_nil_assign() {
	build(2)
	hm.H(m64).Buckets = 0x10
	hm.Show("before", m64)
	hm.Try("assign", assignnew64)
	hm.Show("after", m64)
	hm.Try("read", read64) // hashWriting is still set: fatal, not recoverable
}

//go:noinline
func recover_nil_assign2() {
	build(2)
	hm.H(m64).Buckets = 0x10
	hm.Try("assign", assignnew64)
	hm.Show("after", m64)
	hm.Try("assign again", assignnew64)
}

//go:noinline
func recover_nil_delete() {
	build(2)
	hm.H(m64).Buckets = 0x10
	hm.Try("delete", delete64)
	hm.Show("after", m64)
	hm.Try("delete again", delete64)
}

//go:noinline
func recover_nil_read() {
	build(2)
	hm.H(m64).Buckets = 0x10
	hm.Try("read", read64)
	hm.Show("after", m64)
	hm.Try("read again", read64)
	hm.Try("range", range64)
	hm.Show("after range", m64)
	hm.Try("len", len64)
}

func pof(t target) {
	debug.SetPanicOnFault(true)
	build(2)
	pointAll(t)
	hm.Try("len", len64)
	hm.Try("read", read64)
	hm.Try("range", range64)
	hm.Show("after read+range", m64)
	hm.Try("assign new", assignnew64)
	hm.Show("after assign", m64)
}

//go:noinline
func pof_uncaught() {
	debug.SetPanicOnFault(true)
	build(2)
	pointAll(targets[0])
	read64()
}

//go:noinline
func pof_uncaughtnoncanon() {
	debug.SetPanicOnFault(true)
	build(2)
	hm.H(m64).Buckets = 0xdeadbeefdeadbeef
	read64()
}

//go:noinline
func pof_thenwrite() {
	debug.SetPanicOnFault(true)
	build(2)
	pointAll(targets[0])
	hm.Try("assign new", assignnew64)
	hm.Show("after assign", m64)
	hm.Try("assign again", assignnew64)
}

//go:noinline
func pof_rodelete() {
	debug.SetPanicOnFault(true)
	build(2)
	pointAll(targets[2])
	hm.Try("read", read64)
	hm.Try("assign existing", assignold64)
	hm.Show("after assign existing", m64)
	hm.Try("delete", delete64)
	hm.Show("after delete", m64)
}

//go:noinline
func pof_bus() {
	debug.SetPanicOnFault(true)
	build(2)
	pointAll(busTarget())
	hm.Try("read", read64)
}

//go:noinline
func pof_repanic() {
	debug.SetPanicOnFault(true)
	build(2)
	pointAll(targets[0])
	defer func() { panic(recover()) }()
	read64()
}

//go:noinline
func fatal_norecover() {
	build(2)
	pointAll(targets[0])
	defer fmt.Println("deferred: must not print")
	hm.Try("read", read64)
}

//go:noinline
func fault_goroutine() {
	build(2)
	pointAll(targets[0])
	done := make(chan bool)
	go func() { read64(); done <- true }()
	<-done
}

// protgrow: the free tail of the current 4 MB heap chunk becomes PROT_NONE, then the map grows.
//
//go:noinline
func protgrow() {
	build(0)
	for i := uint64(0); ; i++ { // until the next new key makes the map grow (go1.21 has another load factor)
		m64[i] = i
		if b := hm.H(m64).B; b == 10 && i == 6655 || b == 11 && i == 12287 {
			break
		}
	}
	big := make([]byte, 1<<20) // after everything else, and what follows it is free
	from := uintptr(unsafe.Pointer(&big[0])) + 1<<20
	keep = append(keep, big)
	to := (from + 4<<20 - 1) &^ (4<<20 - 1)
	hm.Mprotect(from, to-from, syscall.PROT_NONE)
	for i := uint64(1 << 20); i < 1<<21; i++ {
		m64[i] = i
	}
	fmt.Println("grew, len", len(m64))
}

// malloc_fault: the fault happens inside mallocgc while a bucket is being allocated, so the runtime may not panic.
//
//go:noinline
func malloc_fault() {
	var hold []*[144]byte
	for i := 0; i < 2000; i++ {
		b := new([144]byte)
		b[0] = 1
		hold = append(hold, b)
	}
	lo, hi := ^uintptr(0), uintptr(0)
	for i := range hold {
		p := uintptr(unsafe.Pointer(hold[i]))
		if p < lo {
			lo = p
		}
		if p > hi {
			hi = p
		}
		if i%4 != 0 {
			hold[i] = nil
		}
	}
	ms := make([]map[uint64]uint64, 400)
	runtime.GC()
	runtime.GC()
	// only pages that hold nothing but these 144-byte objects
	for a := (lo + 8191) &^ 8191; a+8192 <= hi; a += 8192 {
		own := 0
		for i := range hold {
			if hold[i] != nil && uintptr(unsafe.Pointer(hold[i]))&^8191 == a {
				own++
			}
		}
		if own > 10 {
			hm.Mprotect(a, 8192, syscall.PROT_READ)
		}
	}
	for i := range ms {
		ms[i] = make(map[uint64]uint64, 1)
		ms[i][1] = 1
	}
	fmt.Println("no fault")
	runtime.KeepAlive(hold)
}

// pof_old: faults through oldbuckets, recovered; what is left behind
//
//go:noinline
func pof_old() {
	debug.SetPanicOnFault(true)
	oldTarget(targets[0])
	hm.Try("read", func() { sink = m64[1] })
	hm.Show("after read", m64)
	hm.Try("range", func() {
		for range m64 {
		}
	})
	hm.Show("after range", m64)
	hm.Try("assign", func() { m64[999999] = 1 })
	hm.Show("after assign", m64)
}

//go:noinline
func pof_olddelete() {
	debug.SetPanicOnFault(true)
	oldTarget(targets[0])
	hm.Try("delete", func() { delete(m64, 1) })
	hm.Show("after delete", m64)
}

func main() {
	debug.SetGCPercent(-1)
	var cases []hm.Case
	ops := []hm.Case{{"read", read64}, {"readmiss", readmiss64}, {"commaok", commaok64}, {"assignnew", assignnew64}, {"assignold", assignold64},
		{"delete", delete64}, {"deletemiss", deletemiss64}, {"range", range64}, {"len", len64}}
	ops = append(ops, extraOps...)
	for _, t := range targets {
		for _, op := range ops {
			t, op := t, op
			cases = append(cases, hm.Case{Name: "b0_" + t.name + "_" + op.Name, Fn: func() { build(2); pointAll(t); op.Fn() }})
		}
	}
	for _, t := range []target{targets[0], targets[2], targets[9]} {
		for _, op := range ops {
			t, op := t, op
			cases = append(cases, hm.Case{Name: "b4_" + t.name + "_" + op.Name, Fn: func() { build(100); pointAll(t); op.Fn() }})
		}
	}
	for _, t := range []target{targets[0], targets[1], targets[2], targets[5], {"0x10", fixed(0x10)}} {
		for _, op := range ops {
			t, op := t, op
			cases = append(cases, hm.Case{Name: "old_" + t.name + "_" + op.Name, Fn: func() { oldTarget(t); op.Fn() }})
		}
	}
	for _, op := range ops {
		op := op
		cases = append(cases, hm.Case{Name: "bus_" + op.Name, Fn: func() { build(2); pointAll(busTarget()); op.Fn() }})
	}
	for _, a := range []struct {
		n string
		p func() uintptr
	}{{"unmapped", unmappedRegion}, {"noncanonical", func() uintptr { return 0xdeadbeefdeadbeef }}, {"0x10", func() uintptr { return 0x10 }}} {
		for _, op := range ops {
			a, op := a, op
			cases = append(cases, hm.Case{Name: "ovf_" + a.n + "_" + op.Name, Fn: func() { overflowTo(a.p()); op.Fn() }})
		}
	}
	for _, t := range []target{targets[0], targets[1], targets[2], targets[5], targets[9], targets[10], targets[13]} {
		t := t
		cases = append(cases, hm.Case{Name: "pof_" + t.name, Fn: func() { pof(t) }})
	}
	cases = append(cases, []hm.Case{
		{"pof_uncaught", pof_uncaught}, {"pof_uncaughtnoncanon", pof_uncaughtnoncanon}, {"pof_thenwrite", pof_thenwrite}, {"pof_rodelete", pof_rodelete}, {"pof_bus", pof_bus}, {"pof_repanic", pof_repanic},
		{"recover_nil_assign", recover_nil_assign}, {"recover_nil_assign2", recover_nil_assign2}, {"recover_nil_delete", recover_nil_delete}, {"recover_nil_read", recover_nil_read},
		{"fatal_norecover", fatal_norecover}, {"fault_goroutine", fault_goroutine},
		{"indirectelem", indirectelem}, {"extra_bad", extra_bad}, {"extra_badrange", extra_badrange}, {"iterafterfree", iterafterfree},
		{"protgrow", protgrow}, {"malloc_fault", malloc_fault},
	}...)
	cases = append(cases, hm.Case{Name: "pof_old", Fn: pof_old}, hm.Case{Name: "pof_olddelete", Fn: pof_olddelete})
	cases = append(cases, keys()...)
	hm.Pick(append(cases, extraCases...))()
}

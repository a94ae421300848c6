// Tampering with single hmap fields of a healthy map with uint64 keys.
package main

import (
	"fmt"
	"runtime/debug"
	"sort"
	"unsafe"

	"goldens/hm"
)

var (
	m64  map[uint64]uint64
	sink uint64
)

const sz64 = 8 + 8*8 + 8*8 + 8

func build(n int) {
	m64 = make(map[uint64]uint64)
	for i := 1; i <= n; i++ {
		m64[uint64(i)] = uint64(i) * 10
	}
}

//go:noinline
func opread() { sink = m64[1]; fmt.Println("read 1 ->", sink) }

//go:noinline
func opreadall() {
	found := 0
	for k := uint64(1); k <= uint64(200); k++ {
		if v, ok := m64[k]; ok && v == k*10 {
			found++
		}
	}
	fmt.Println("keys found", found)
}

//go:noinline
func opassign() { m64[999] = 7; fmt.Println("assign new ok, len", len(m64)) }

//go:noinline
func opassignold() { m64[1] = 7; fmt.Println("assign existing ok, len", len(m64)) }

//go:noinline
func opdelete() { delete(m64, 1); fmt.Println("delete ok, len", len(m64)) }

//go:noinline
func oprange() {
	n, good := 0, 0
	for k, v := range m64 {
		n++
		if k >= 1 && k <= 200 && v == k*10 {
			good++
		}
		if n >= 5000 {
			break
		}
	}
	fmt.Println("range: iterations", n, "genuine", good)
}

//go:noinline
func oplen() { fmt.Println("len", len(m64)) }

//go:noinline
func opassignmany() {
	for k := uint64(1000); k < 1100; k++ {
		m64[k] = k
	}
	fmt.Println("100 assigns ok, len", len(m64))
	hm.Show("after", m64)
}

// ---- count

//go:noinline
func count_neg64() {
	build(5)
	hm.H(m64).Count = -1
	fmt.Println("len", len(m64))
	fmt.Println("read", m64[1])
	opreadall()
	oprange()
	opassign()
	opdelete()
	fmt.Println("len now", len(m64))
}

//go:noinline
func count_min() {
	build(5)
	hm.H(m64).Count = -1 << 63
	oplen()
	opread()
	opdelete() // count-- wraps
}

//go:noinline
func count_huge() {
	build(5)
	hm.H(m64).Count = 1<<62 + 3
	oplen()
	opread()
	oprange()
	opdelete()
	hm.Show("before assign", m64)
	opassign()
	hm.Show("after assign", m64)
	m64[1000] = 1
	m64[1001] = 1
	m64[1002] = 1
	hm.Show("after 3 more", m64)
	opreadall()
}

//go:noinline
func count_zero64() { // entries exist, count says 0
	build(5)
	hm.H(m64).Count = 0
	fmt.Println("len", len(m64), "read", m64[1])
	oprange()
	delete(m64, 1)
	fmt.Println("delete is a no-op, len", len(m64))
	m64[1] = 11
	fmt.Println("assign existing, len", len(m64))
	m64[77] = 1
	fmt.Println("assign new, len", len(m64), "read 2 ->", m64[2])
}

// ---- flags

func flagCase(f uint8, op func()) {
	build(5)
	hm.H(m64).Flags = f
	op()
	fmt.Printf("flags after %#x\n", hm.H(m64).Flags)
}

// sameSizeGrow left over when a doubling growth runs
//
//go:noinline
func flag_samesize_growth() {
	build(13)
	hm.H(m64).Flags = 8
	hm.Show("before", m64)
	for k := uint64(14); k <= 60; k++ {
		m64[k] = k * 10
	}
	hm.Show("after", m64)
	found := 0
	for k := uint64(1); k <= 60; k++ {
		if m64[k] == k*10 {
			found++
		}
	}
	n := 0
	for range m64 {
		n++
	}
	fmt.Println("len", len(m64), "lookups that succeed < 60:", found < 60, "range count", n)
}

//go:noinline
func flag_ff_forever() {
	build(5)
	hm.H(m64).Flags = 0xff
	oplen()
	hm.Try("read", opread)
}

//go:noinline
func flag_ff_reset() { // resetting by hand is the only cure
	build(5)
	hm.H(m64).Flags = 0xff
	hm.H(m64).Flags = 0
	opassign()
	opread()
}

// ---- hash0

//go:noinline
func hash0_small64() { // B == 0: fast64 compares keys directly
	build(5)
	hm.H(m64).Hash0 ^= 0x5a5a5a5a
	fmt.Println("fast64", m64[1])
	oprange()
	m64[1] = 99
	fmt.Println("fast64 assign existing, len", len(m64))
}

//go:noinline
func hash0_big() {
	build(200)
	hm.H(m64).Hash0 ^= 0x5a5a5a5a
	found := 0
	for i := uint64(1); i <= 200; i++ {
		if m64[i] == i*10 {
			found++
		}
	}
	fmt.Println("len", len(m64), "all found:", found == 200, "less than a quarter found:", found < 50)
	n := 0
	for range m64 {
		n++
	}
	fmt.Println("range", n)
	m64[1] = 1
	m64[2] = 1
	m64[3] = 1
	fmt.Println("len after assigning three existing keys > 200:", len(m64) > 200)
}

// ---- B

func bCase(n int, b uint8, op func()) {
	build(n)
	hm.H(m64).B = b
	op()
}

// ---- nevacuate / noverflow / oldbuckets / buckets

//go:noinline
func nevacuate_idle() { // not growing: ignored
	build(20)
	hm.H(m64).Nevacuate = 1 << 40
	opreadall()
	opassign()
	opdelete()
	oprange()
	hm.Show("after", m64)
}

func growing() {
	m64 = make(map[uint64]uint64)
	for i := uint64(1); ; i++ {
		m64[i] = i * 10
		if hm.H(m64).Oldbuckets != 0 && i > 100 {
			break
		}
	}
	h := hm.H(m64)
	fmt.Println("growing: B", h.B, "len", len(m64))
}

//go:noinline
func nevacuate_growing_read() { growing(); hm.H(m64).Nevacuate = 1 << 20; opreadall(); oprange() }

//go:noinline
func nevacuate_growing_assign() { growing(); hm.H(m64).Nevacuate = 1 << 20; opassign() }

//go:noinline
func nevacuate_growing_huge() { growing(); hm.H(m64).Nevacuate = 1 << 60; opassign() }

//go:noinline
func nevacuate_growing_end() { // nevacuate already at the end: growth never completes by counting
	growing()
	h := hm.H(m64)
	h.Nevacuate = 1 << (h.B - 1)
	for k := uint64(1000); k < 1040; k++ {
		m64[k] = k
	}
	hm.Show("after 40 assigns", m64)
}

//go:noinline
func noverflow_max() {
	build(20)
	hm.H(m64).Noverflow = 0xffff
	hm.Show("before", m64)
	opread()
	opassignold()
	hm.Show("after assign existing", m64)
	opassign()
	hm.Show("after assign new (same-size growth)", m64)
	fmt.Printf("flags %#x\n", hm.H(m64).Flags)
	opreadall()
	m64[1001] = 1
	m64[1002] = 1
	m64[1003] = 1
	hm.Show("after 3 more", m64)
}

//go:noinline
func old_self() { // oldbuckets = buckets on a map that is not growing
	build(20)
	h := hm.H(m64)
	h.Oldbuckets = h.Buckets
	hm.Show("before", m64)
	opreadall()
	oprange()
	hm.Try("assign", opassign)
	hm.Show("after", m64)
	opreadall()
}

//go:noinline
func old_self_b0() { // B == 0: noldbuckets = 1 << 255
	build(5)
	h := hm.H(m64)
	h.Oldbuckets = h.Buckets
	opread()
	hm.Try("range", oprange)
	hm.Try("assign", opassign)
	hm.Show("after", m64)
}

//go:noinline
func old_zeroes() { // oldbuckets = a zeroed array of the right size
	build(20)
	h := hm.H(m64)
	z := make([]byte, sz64*64)
	keepZ = z
	h.Oldbuckets = uintptr(unsafe.Pointer(&z[0]))
	opreadall()
	oprange()
	opassign()
	hm.Show("after", m64)
}

var keepZ []byte

//go:noinline
func old_nilled() { // growth forgotten: keys that were not evacuated are lost
	growing()
	h := hm.H(m64)
	h.Oldbuckets = 0
	found := 0
	for k := uint64(1); k <= uint64(len(m64)); k++ {
		if m64[k] == k*10 {
			found++
		}
	}
	n := 0
	for range m64 {
		n++
	}
	fmt.Println("lookups lost:", found < len(m64), "range equals lookups:", n == found)
	opassign()
}

//go:noinline
func old_nilled_extra() { // ... and the next growth finds extra.oldoverflow still set
	m64 = make(map[uint64]uint64)
	for i := uint64(1); i <= 208; i++ { // 32 buckets at load 6.5: overflow buckets exist
		m64[i] = i
	}
	for i := uint64(209); hm.H(m64).Oldbuckets == 0; i++ {
		m64[i] = i
	}
	hm.H(m64).Oldbuckets = 0
	for i := uint64(1000); i < 3000; i++ {
		m64[i] = i
	}
	hm.Show("grew again", m64)
}

//go:noinline
func oldoverflow_set() { // extra.overflow and extra.oldoverflow both set when hashGrow runs
	m64 = make(map[uint64]uint64)
	for i := uint64(1); ; i++ { // grow until overflow buckets exist and no growth is running
		m64[i] = i
		h := hm.H(m64)
		if i > 180 && h.Oldbuckets == 0 && h.Noverflow > 0 {
			break
		}
	}
	ex := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(hm.H(m64)), hm.ExtraOffset))
	e := (*[3]unsafe.Pointer)(ex) // overflow, oldoverflow, nextOverflow
	fmt.Println("overflow set:", e[0] != nil, "oldoverflow set:", e[1] != nil)
	e[1] = e[0]
	for i := uint64(1000); i < 3000; i++ {
		m64[i] = i
	}
	fmt.Println("no throw")
}

//go:noinline
func buckets_nil_grown() { // buckets = nil, B > 0
	build(20)
	hm.H(m64).Buckets = 0
	hm.Show("before", m64)
	hm.Try("read", opread)
	hm.Try("delete", func() { delete(m64, 1) })
	hm.Show("after delete", m64)
	opread()
}

//go:noinline
func buckets_nil_assign() { // one bucket is allocated although B says 4 buckets
	build(20)
	hm.H(m64).Buckets = 0
	hm.Show("before", m64)
	opassign()
	hm.Show("after", m64)
}

//go:noinline
func buckets_nil_b064() {
	build(5)
	hm.H(m64).Buckets = 0
	fmt.Println("fast64 read", m64[1])
	delete(m64, 1)
	fmt.Println("delete ok; len", len(m64))
	hm.Try("range", oprange)
	m64[1] = 2
	fmt.Println("assign ok; len", len(m64), "read", m64[1], m64[2])
}

// ---- tophash

func top(h *hm.Hmap, bucket, i uintptr) *uint8 {
	p := h.Buckets + bucket*sz64 + i
	return *(**uint8)(unsafe.Pointer(&p))
}

func oldtop(h *hm.Hmap, bucket, i uintptr) *uint8 {
	p := h.Oldbuckets + bucket*sz64 + i
	return *(**uint8)(unsafe.Pointer(&p))
}

func keysByRange() []int {
	var ks []int
	n := 0
	for k := range m64 {
		ks = append(ks, int(k))
		n++
		if n > 100 {
			break
		}
	}
	sort.Ints(ks)
	return ks
}

//go:noinline
func top_emptyrest_first() { // slot 0 says "nothing from here on"
	build(5)
	*top(hm.H(m64), 0, 0) = 0
	fmt.Println("len", len(m64), "read", m64[1], m64[2], m64[5])
	fmt.Println("range", keysByRange())
	m64[9] = 9
	fmt.Println("after assign: len", len(m64), "range", keysByRange(), "read 2 ->", m64[2])
}

//go:noinline
func top_emptyone() {
	build(5)
	*top(hm.H(m64), 0, 1) = 1
	fmt.Println("len", len(m64), "read", m64[1], m64[2], m64[3])
	fmt.Println("range", keysByRange())
	m64[9] = 9
	fmt.Println("after assign: len", len(m64), "range", keysByRange())
}

//go:noinline
func top_evacuated_notgrowing() { // 2,3,4 in slot 0 of a map that is not growing
	for _, t := range []uint8{2, 3, 4} {
		build(5)
		*top(hm.H(m64), 0, 0) = t
		fmt.Println("tophash", t, "read", m64[1], m64[2], "range", keysByRange())
		m64[9] = 9
		fmt.Println("   after assign: len", len(m64), "range", keysByRange())
	}
}

//go:noinline
func top_garbage() { // arbitrary values >= 5
	build(5)
	for i := uintptr(0); i < 8; i++ {
		*top(hm.H(m64), 0, i) = 0xff
	}
	fmt.Println("fast64 read", m64[1], m64[5], "len", len(m64))
	fmt.Println("range", keysByRange())
	m64[9] = 9
	hm.Show("after assign", m64)
}

func badOld(i uintptr, v uint8) {
	growing()
	h := hm.H(m64)
	n := uintptr(1) << (h.B - 1)
	for b := uintptr(0); b < n; b++ {
		if t := *oldtop(h, b, 0); t < 2 || t >= 5 { // not evacuated yet
			*oldtop(h, b, i) = v
		}
	}
}

//go:noinline
func top_badmapstate64() { badOld(1, 2); opassign(); m64[1000] = 1 }

//go:noinline
func top_badmapstate64del() { badOld(1, 3); opdelete() }

//go:noinline
func top_badmapstate64read() {
	badOld(1, 2)
	fmt.Println("read still fine:", m64[1] == 10)
	hm.Try("range", oprange)
}

//go:noinline
func top_oldevacmark() { // every old bucket is marked evacuated: its keys are lost
	growing()
	h := hm.H(m64)
	n := uintptr(1) << (h.B - 1)
	for b := uintptr(0); b < n; b++ {
		*oldtop(h, b, 0) = 4
	}
	lost := 0
	for k := uint64(1); k <= uint64(len(m64)); k++ {
		if m64[k] != k*10 {
			lost++
		}
	}
	fmt.Println("lookups lost:", lost > 0)
	for k := uint64(1000); k < 1020; k++ {
		m64[k] = k
	}
	hm.Show("after 20 assigns", m64)
}

// overflow chain that loops back on itself: bounded here by a stored key lookup that hits, and by a range with a cap
//
//go:noinline
func ovf_cycle() {
	build(8)
	h := hm.H(m64)
	p := h.Buckets + sz64 - 8
	*(*(**uintptr)(unsafe.Pointer(&p))) = h.Buckets
	fmt.Println("hit", m64[1], m64[8])
	n := 0
	for range m64 {
		n++
		if n == 1000 {
			break
		}
	}
	fmt.Println("range never ends by itself; stopped at", n)
}

// growing test proposed elsewhere: oldbuckets != nil && noverflow == 0
//
//go:noinline
func growing_noverflow() {
	m64 = make(map[uint64]uint64)
	grow, growWithOvf, idleWithZero := 0, 0, 0
	for i := uint64(1); i <= 200000; i++ {
		m64[i*2654435761] = i
		h := hm.H(m64)
		if h.Oldbuckets != 0 {
			grow++
			if h.Noverflow != 0 {
				growWithOvf++
			}
		} else if h.Noverflow == 0 {
			idleWithZero++
		}
	}
	fmt.Println("steps growing > 0:", grow > 0, "; growing with noverflow != 0 > 0:", growWithOvf > 0)
	fmt.Printf("share of growing steps with noverflow != 0: more than half: %v\n", growWithOvf*2 > grow)
}

//go:noinline
func loadfactor() { // the first growth of each B: count at which it starts
	m := make(map[uint64]uint64)
	last := hm.H(m).B
	for i := uint64(1); i < 5000; i++ {
		m[i] = i
		if b := hm.H(m).B; b != last {
			fmt.Printf("B %d -> %d when inserting entry number %d\n", last, b, i)
			last = b
		}
	}
}

//go:noinline
func buckets_nil_big() { // 512 buckets: nil-deref panics below 0x1000, fatal fault above
	build(2000)
	hm.H(m64).Buckets = 0
	fmt.Println("B", hm.H(m64).B)
	panics := 0
	defer func() { fmt.Println("not reached") }()
	for k := uint64(1); k <= 2000; k++ {
		func() {
			defer func() {
				if recover() != nil {
					panics++
				}
			}()
			sink = m64[k]
		}()
	}
	fmt.Println("all recovered", panics)
}

func main() {
	debug.SetGCPercent(-1)
	var cases []hm.Case
	ops := []hm.Case{{"read", opread}, {"assign", opassign}, {"assignold", opassignold}, {"delete", opdelete}, {"range", oprange}, {"len", oplen}}
	ops = append(ops, extraOps...)
	for _, n := range []int{5, 50} {
		for _, b := range []uint8{1, 20, 63, 64, 200, 255} {
			for _, op := range ops {
				n, b, op := n, b, op
				cases = append(cases, hm.Case{Name: fmt.Sprintf("B%d_n%d_%s", b, n, op.Name), Fn: func() { bCase(n, b, op.Fn) }})
			}
		}
	}
	for _, f := range []uint8{1, 2, 4, 8, 16, 32, 64, 128, 0xff, 0xfb} {
		for _, op := range ops {
			f, op := f, op
			cases = append(cases, hm.Case{Name: fmt.Sprintf("flags%#x_%s", f, op.Name), Fn: func() { flagCase(f, op.Fn) }})
		}
	}
	cases = append(cases, []hm.Case{
		{"count_neg64", count_neg64}, {"count_min", count_min}, {"count_huge", count_huge}, {"count_zero64", count_zero64},
		{"flag_samesize_growth", flag_samesize_growth}, {"flag_ff_forever", flag_ff_forever}, {"flag_ff_reset", flag_ff_reset},
		{"hash0_small64", hash0_small64}, {"hash0_big", hash0_big},
		{"nevacuate_idle", nevacuate_idle}, {"nevacuate_growing_read", nevacuate_growing_read}, {"nevacuate_growing_assign", nevacuate_growing_assign},
		{"nevacuate_growing_huge", nevacuate_growing_huge}, {"nevacuate_growing_end", nevacuate_growing_end},
		{"noverflow_max", noverflow_max}, {"old_self", old_self}, {"old_self_b0", old_self_b0}, {"old_zeroes", old_zeroes}, {"old_nilled", old_nilled}, {"old_nilled_extra", old_nilled_extra},
		{"oldoverflow_set", oldoverflow_set},
		{"buckets_nil_grown", buckets_nil_grown}, {"buckets_nil_assign", buckets_nil_assign}, {"buckets_nil_b064", buckets_nil_b064},
		{"top_emptyrest_first", top_emptyrest_first}, {"top_emptyone", top_emptyone}, {"top_evacuated_notgrowing", top_evacuated_notgrowing},
		{"top_garbage", top_garbage},
		{"top_badmapstate64", top_badmapstate64}, {"top_badmapstate64del", top_badmapstate64del}, {"top_badmapstate64read", top_badmapstate64read},
		{"top_oldevacmark", top_oldevacmark},
		{"ovf_cycle", ovf_cycle}, {"growing_noverflow", growing_noverflow}, {"loadfactor", loadfactor}, {"buckets_nil_big", buckets_nil_big},
	}...)
	cases = append(cases, keys...)
	hm.Pick(append(cases, extraCases...))()
}

package main

import (
	"fmt"
	"unsafe"

	"goldens/hm"
)

// Maps with keys of other kinds, which go other ways.

type pair struct{ a, b uint64 }

var (
	mstr map[string]uint64
	mgen map[pair]uint64
)

func buildKeys(n int) {
	build(n)
	mstr = make(map[string]uint64)
	mgen = make(map[pair]uint64)
	for i := 1; i <= n; i++ {
		mstr[fmt.Sprint("k", i)] = uint64(i) * 10
		mgen[pair{uint64(i), uint64(i)}] = uint64(i) * 10
	}
}

func each(f func(h *hm.Hmap)) { f(hm.H(m64)); f(hm.H(mstr)); f(hm.H(mgen)) }

//go:noinline
func count_neg() {
	buildKeys(5)
	each(func(h *hm.Hmap) { h.Count = -1 })
	fmt.Println("len", len(m64), len(mstr), len(mgen))
	fmt.Println("read", m64[1], mstr["k1"], mgen[pair{1, 1}])
	delete(mstr, "k1")
	mgen[pair{6, 6}] = 60
	fmt.Println("len now", len(mstr), len(mgen))
}

// Entries exist, count says 0.
//
//go:noinline
func count_zero() {
	buildKeys(5)
	each(func(h *hm.Hmap) { h.Count = 0 })
	fmt.Println("len", len(m64), "read", m64[1], mstr["k1"], mgen[pair{1, 1}])
	delete(mstr, "k1")
	delete(mgen, pair{1, 1})
	fmt.Println("delete is a no-op, len", len(mstr), len(mgen))
	mstr["k1"] = 11
	mgen[pair{1, 1}] = 11
	fmt.Println("assign existing, len", len(mstr), len(mgen))
	mstr["new"] = 1
	mgen[pair{77, 77}] = 1
	fmt.Println("assign new, len", len(mstr), len(mgen), "read 2 ->", mstr["k2"], mgen[pair{2, 2}])
}

// B == 0: fast64 and faststr compare keys directly, generic maps use tophash.
//
//go:noinline
func hash0_small() {
	buildKeys(5)
	each(func(h *hm.Hmap) { h.Hash0 ^= 0x5a5a5a5a })
	fmt.Println("fast64", m64[1], "faststr", mstr["k1"])
	hit := 0
	for i := uint64(1); i <= 5; i++ {
		if mgen[pair{i, i}] == i*10 {
			hit++
		}
	}
	fmt.Println("generic hits 5:", hit == 5)
	m64[1] = 99
	fmt.Println("fast64 assign existing, len", len(m64))
}

//go:noinline
func buckets_nil_b0() {
	buildKeys(5)
	each(func(h *hm.Hmap) { h.Buckets = 0 })
	fmt.Println("fast64 read", m64[1])
	hm.Try("faststr read", func() { fmt.Println(mstr["k1"]) })
	fmt.Println("generic read", mgen[pair{1, 1}])
	delete(m64, 1)
	delete(mgen, pair{1, 1})
	fmt.Println("deletes ok; len", len(m64), len(mgen))
	hm.Try("range", oprange)
	mgen[pair{1, 1}] = 2
	fmt.Println("assign ok; len", len(mgen), "read", mgen[pair{1, 1}], mgen[pair{2, 2}])
}

//go:noinline
func top_garbage_gen() {
	buildKeys(5)
	h := hm.H(mgen)
	for i := uintptr(0); i < 5; i++ {
		p := h.Buckets + i
		*(*(**uint8)(unsafe.Pointer(&p))) = 6
	}
	hit := 0
	for i := uint64(1); i <= 5; i++ {
		if _, ok := mgen[pair{i, i}]; ok {
			hit++
		}
	}
	n := 0
	for range mgen {
		n++
	}
	fmt.Println("generic: len", len(mgen), "all found:", hit == 5, "range", n)
}

const szkey = 8 + 8*16 + 8*8 + 8

// badOldKeys puts an evacuation mark into the second slot of every old bucket that is not evacuated.
func badOldKeys(h *hm.Hmap, v uint8) {
	for b := uintptr(0); b < uintptr(1)<<(h.B-1); b++ {
		p := h.Oldbuckets + b*szkey
		q := p + 1
		if t := **(**uint8)(unsafe.Pointer(&p)); t < 2 || t >= 5 {
			**(**uint8)(unsafe.Pointer(&q)) = v
		}
	}
}

//go:noinline
func top_badmapstatestr() {
	mstr = make(map[string]uint64)
	for i := 1; ; i++ {
		mstr[fmt.Sprint("k", i)] = 1
		if hm.H(mstr).Oldbuckets != 0 && i > 100 {
			break
		}
	}
	badOldKeys(hm.H(mstr), 3)
	mstr["new"] = 1
	mstr["new2"] = 1
}

//go:noinline
func top_badmapstategen() {
	mgen = make(map[pair]uint64)
	for i := uint64(1); ; i++ {
		mgen[pair{i, i}] = 1
		if hm.H(mgen).Oldbuckets != 0 && i > 100 {
			break
		}
	}
	badOldKeys(hm.H(mgen), 4)
	mgen[pair{7777, 1}] = 1
	mgen[pair{7778, 1}] = 1
}

var keys = []hm.Case{
	{"count_neg", count_neg}, {"count_zero", count_zero}, {"hash0_small", hash0_small}, {"buckets_nil_b0", buckets_nil_b0},
	{"top_garbage_gen", top_garbage_gen}, {"top_badmapstatestr", top_badmapstatestr}, {"top_badmapstategen", top_badmapstategen},
}

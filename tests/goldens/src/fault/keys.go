package main

import (
	"fmt"
	"runtime/debug"
	"unsafe"

	"goldens/hm"
)

// Maps with keys of other kinds, and strings with bad data pointers.

type pair struct{ a, b uint64 }

var (
	m32  map[uint32]uint32
	mstr map[string]uint64
	mgen map[pair]uint64
)

// Bytes of a bucket.
const (
	sz32  = 8 + 8*4 + 8*4 + 8
	szstr = 8 + 8*16 + 8*8 + 8
	szgen = 8 + 8*16 + 8*8 + 8
)

func buildKeys(n int) {
	m32 = make(map[uint32]uint32)
	mstr = make(map[string]uint64)
	mgen = make(map[pair]uint64)
	for i := 1; i <= n; i++ {
		m32[uint32(i)] = uint32(i) * 10
		mstr[fmt.Sprint("k", i)] = uint64(i) * 10
		mgen[pair{uint64(i), uint64(i)}] = uint64(i) * 10
	}
}

//go:noinline
func read32() { sink = uint64(m32[1]); fmt.Println("read returned", sink) }

//go:noinline
func assign32() { m32[999] = 7; fmt.Println("assign returned, len", len(m32)) }

//go:noinline
func delete32() { delete(m32, 1); fmt.Println("delete returned, len", len(m32)) }

//go:noinline
func range32() {
	n := 0
	for range m32 {
		n++
	}
	fmt.Println("range iterations", n)
}

//go:noinline
func readstr() { sink = mstr["k1"]; fmt.Println("read returned", sink) }

//go:noinline
func readstrlong() {
	sink = mstr["a key that is longer than thirty-two bytes"]
	fmt.Println("read returned", sink)
}

//go:noinline
func assignstr() { mstr["new"] = 7; fmt.Println("assign returned, len", len(mstr)) }

//go:noinline
func deletestr() { delete(mstr, "k1"); fmt.Println("delete returned, len", len(mstr)) }

//go:noinline
func rangestr() {
	n := 0
	for range mstr {
		n++
	}
	fmt.Println("range iterations", n)
}

//go:noinline
func readgen() { sink = mgen[pair{1, 1}]; fmt.Println("read returned", sink) }

//go:noinline
func assigngen() { mgen[pair{9, 9}] = 7; fmt.Println("assign returned, len", len(mgen)) }

//go:noinline
func deletegen() { delete(mgen, pair{1, 1}); fmt.Println("delete returned, len", len(mgen)) }

//go:noinline
func rangegen() {
	n := 0
	for range mgen {
		n++
	}
	fmt.Println("range iterations", n)
}

func badString(n int) string {
	a := unmappedRegion()
	var s string
	*(*[2]uintptr)(unsafe.Pointer(&s)) = [2]uintptr{a, uintptr(n)}
	return s
}

//go:noinline
func badkey_read() { buildKeys(2); k := badString(2); sink = mstr[k] }

//go:noinline
func badkey_readhash() { buildKeys(100); k := badString(2); sink = mstr[k] }

//go:noinline
func badkey_assign() {
	buildKeys(2)
	k := badString(2)
	defer func() { fmt.Println("not reached by a fatal fault", hm.Writing(mstr)) }()
	mstr[k] = 1
}

//go:noinline
func badkey_assignpof() {
	debug.SetPanicOnFault(true)
	buildKeys(2)
	k := badString(2)
	hm.Try("assign", func() { mstr[k] = 1 })
	hm.Show("after", mstr)
	mstr["other"] = 1
	fmt.Println("map still usable, len", len(mstr))
}

// The key stored in the bucket has a bad data pointer.
//
//go:noinline
func storedkey_bad() {
	buildKeys(2)
	h := hm.H(mstr)
	a := unmappedRegion()
	for i := uintptr(0); i < 2; i++ {
		*(*uintptr)(unsafe.Pointer(ptr(h.Buckets) + 8 + 16*i)) = a
	}
	sink = mstr["k1"]
}

//go:noinline
func recover_nil_str() {
	buildKeys(2)
	hm.H(mstr).Buckets = 0
	hm.Try("readstr", readstr)
	hm.H(mgen).Buckets = 0
	hm.Try("readgen", readgen)
	hm.Try("rangegen", rangegen)
}

//go:noinline
func keys() []hm.Case {
	cases := []hm.Case{
		{"badkey_read", badkey_read}, {"badkey_readhash", badkey_readhash}, {"badkey_assign", badkey_assign},
		{"badkey_assignpof", badkey_assignpof}, {"storedkey_bad", storedkey_bad}, {"recover_nil_str", recover_nil_str},
	}
	for _, k := range []struct {
		name   string
		header func() *hm.Hmap
		size   uintptr
		ops    []hm.Case
	}{
		{"k32", func() *hm.Hmap { return hm.H(m32) }, sz32, []hm.Case{{"read", read32}, {"assign", assign32}, {"delete", delete32}, {"range", range32}}},
		{"kstr", func() *hm.Hmap { return hm.H(mstr) }, szstr, []hm.Case{{"read", readstr}, {"readlong", readstrlong}, {"assign", assignstr}, {"delete", deletestr}, {"range", rangestr}}},
		{"kgen", func() *hm.Hmap { return hm.H(mgen) }, szgen, []hm.Case{{"read", readgen}, {"assign", assigngen}, {"delete", deletegen}, {"range", rangegen}}},
	} {
		for _, t := range []target{targets[0], targets[2], targets[9]} {
			for _, op := range k.ops {
				k, t, op := k, t, op
				cases = append(cases, hm.Case{Name: k.name + "_" + t.name + "_" + op.Name, Fn: func() {
					buildKeys(2)
					h := k.header()
					h.Buckets = t.prep(h.Buckets, k.size)
					op.Fn()
				}})
			}
		}
	}
	return cases
}

// Experiments for claims about maps that the other programs do not show.
//
// Lines that begin with "about:" are figures that the hash or the scheduler decides.
package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"goldens/hm"
)

// header looks at the 48 bytes of a map that is growing.
//
//go:noinline
func header() {
	m := make(map[uint64]uint64)
	i := uint64(0)
	for ; i < 100 || hm.H(m).Oldbuckets == 0; i++ {
		m[i] = i
	}
	h := (*[6]uint64)(hm.Ptr(m))
	fmt.Printf("about: %016x\n", *h)
	fmt.Println("word 0 is the length:", h[0] == uint64(len(m)))
	b := h[1] >> 8 & 0xff
	fmt.Println("byte 9 is B: the length fits 2^B buckets, and not half as many:", i <= 8<<b && i > 6<<(b-1))
	fmt.Println("words 2 and 3 lead to buckets and old buckets:", h[2] != 0 && h[3] != 0 && h[2] != h[3])
	fmt.Println("word 5, the last of 48 bytes, leads to the mapextra:", h[5] != 0)
}

// growth holds two tests of whether a map is growing against each other after every one of 20000 assignments.
//
//go:noinline
func growth() {
	m := make(map[uint64]uint64)
	growing, differ := 0, 0
	for i := uint64(0); i < 20000; i++ {
		m[i] = i
		h := hm.H(m)
		if h.Oldbuckets != 0 {
			growing++
			if h.Noverflow != 0 {
				differ++
			}
		}
	}
	fmt.Printf("about: of 20000 states %d are growing; the tests differ in %d\n", growing, differ)
	fmt.Println("states in which the tests differ:", some(differ))
	fmt.Println("growing states in which they differ: more than half:", 2*differ > growing)
}

func some(n int) string {
	if n == 0 {
		return "none"
	}
	return "some"
}

// rangedelete deletes and adds entries during a range.
//
//go:noinline
func rangedelete() {
	const n = 1000
	m := make(map[uint64]uint64)
	for i := uint64(0); i < n; i++ {
		m[i] = i
	}
	var yielded, deleted [n]int
	dead, twice, missed := 0, 0, 0
	for k := range m {
		if k >= n {
			continue
		}
		dead += deleted[k]
		if yielded[k]++; yielded[k] > 1 {
			twice++
		}
		other := (k*7 + 1) % n
		if other%2 == 0 {
			delete(m, other)
			deleted[other] = 1
		}
		m[n+k] = k
	}
	for k := 1; k < n; k += 2 {
		if yielded[k] == 0 {
			missed++
		}
	}
	fmt.Println("yielded after they were deleted:", dead)
	fmt.Println("yielded twice:", twice)
	fmt.Println("there all along and not yielded:", missed)
}

// exporter ranges over ten counters; ten thousand more appear while it looks at the first.
//
//go:noinline
func exporter() {
	m := make(map[uint64]uint64)
	for i := uint64(0); i < 10; i++ {
		m[i] = 1
	}
	seen, old := 0, 0
	for k := range m {
		if seen == 0 {
			for i := uint64(10); i < 10010; i++ {
				m[i] = 1
			}
		}
		seen++
		if k < 10 {
			old++
		}
	}
	fmt.Printf("about: exported %d of %d\n", seen, len(m))
	fmt.Println("there all along and not exported:", 10-old)
	fmt.Println("lost at least 98% of what is there at the end:", seen*50 <= len(m))
}

const goroutines, rounds = 8, 10000

// together runs a function in several goroutines and waits for them.
func together(f func(g uint64)) {
	var done sync.WaitGroup
	done.Add(goroutines)
	for g := uint64(0); g < goroutines; g++ {
		go func(g uint64) {
			f(g)
			done.Done()
		}(g)
	}
	done.Wait()
}

// locked counts under a lock.
//
//go:noinline
func locked() {
	var mu sync.Mutex
	m := make(map[uint64]uint64)
	together(func(g uint64) {
		for i := uint64(0); i < rounds; i++ {
			mu.Lock()
			m[(i+g)%64]++
			mu.Unlock()
		}
	})
	sum := uint64(0)
	for _, v := range m {
		sum += v
	}
	fmt.Println("keys", len(m), "sum", sum)
}

// counter counts with atomic counters behind a lock that is taken for reading, and for writing only to add a key.
//
//go:noinline
func counter() {
	var mu sync.RWMutex
	m := make(map[uint64]*uint64)
	together(func(g uint64) {
		for i := uint64(0); i < rounds; i++ {
			k := (i + g) % 64
			mu.RLock()
			c := m[k]
			mu.RUnlock()
			if c == nil {
				mu.Lock()
				if c = m[k]; c == nil {
					c = new(uint64)
					m[k] = c
				}
				mu.Unlock()
			}
			atomic.AddUint64(c, 1)
		}
	})
	sum := uint64(0)
	for _, c := range m {
		sum += *c
	}
	fmt.Println("keys", len(m), "sum", sum)
}

// snapshot ranges over copies that are made under the lock, while others write pairs of entries.
//
//go:noinline
func snapshot() {
	var mu sync.Mutex
	m := make(map[uint64]uint64)
	torn := uint64(0)
	together(func(g uint64) {
		if g != 0 {
			for i := uint64(0); i < 1000; i++ {
				k := 2 * (g*1000 + i)
				mu.Lock()
				m[k], m[k+1] = i, i
				mu.Unlock()
			}
			return
		}
		for n := 0; n < 20; n++ {
			copied := make(map[uint64]uint64)
			mu.Lock()
			for k, v := range m {
				copied[k] = v
			}
			mu.Unlock()
			for k, v := range copied {
				if w, ok := copied[k^1]; !ok || v != w {
					torn++
				}
			}
		}
	})
	fmt.Println("snapshots with half a pair:", torn)
	fmt.Println("entries at the end:", len(m))
}

// constructor makes a map when it is first written to, whoever comes first.
//
//go:noinline
func constructor() {
	var once sync.Once
	var mu sync.Mutex
	var m map[uint64]uint64
	made := 0
	together(func(g uint64) {
		once.Do(func() {
			made++
			m = make(map[uint64]uint64)
		})
		mu.Lock()
		m[g] = g
		mu.Unlock()
	})
	fmt.Println("maps made:", made)
	fmt.Println("entries:", len(m))
}

// firstwrite assigns to an empty map that has no buckets yet.
//
//go:noinline
func firstwrite() {
	m := make(map[string]int64)
	sink = unsafe.Pointer(&m)
	fmt.Println("buckets before:", hm.H(m).Buckets != 0)
	m["k"] = 1
	fmt.Println("buckets after:", hm.H(m).Buckets != 0)
}

// sink keeps a map on the heap: one on the stack gets its bucket there, right away.
var sink unsafe.Pointer

func main() {
	hm.Pick([]hm.Case{
		{"header", header}, {"growth", growth}, {"rangedelete", rangedelete}, {"exporter", exporter}, {"locked", locked},
		{"counter", counter}, {"snapshot", snapshot}, {"constructor", constructor}, {"firstwrite", firstwrite},
		{"readmostly", readmostly}, {"syncwrites", syncwrites}, {"syncreads", syncreads}, {"synczero", synczero},
	})()
}

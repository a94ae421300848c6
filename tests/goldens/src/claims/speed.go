package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

const samples, operations, keys = 10, 400000, 1000

// sample runs a function that does one operation in as many goroutines as there are processors: nanoseconds per operation.
func sample(operate func(i uint64)) float64 {
	var done sync.WaitGroup
	n := runtime.NumCPU()
	start := time.Now()
	for g := 0; g < n; g++ {
		done.Add(1)
		go func(g uint64) {
			for i := uint64(0); i < operations; i++ {
				operate(g*7919 + i)
			}
			done.Done()
		}(uint64(g))
	}
	done.Wait()
	return float64(time.Since(start).Nanoseconds()) / float64(n*operations)
}

// against takes samples of two ways to do the same, in turn, and prints them.
func against(a string, operateA func(i uint64), b string, operateB func(i uint64)) {
	var ofA, ofB string
	for i := 0; i < samples; i++ {
		ofA += fmt.Sprintf(" %.2f", sample(operateA))
		ofB += fmt.Sprintf(" %.2f", sample(operateB))
	}
	fmt.Printf("about: %s ns:%s\nabout: %s ns:%s\n", a, ofA, b, ofB)
}

// filled is a map with so many keys.
func filled() map[uint64]uint64 {
	m := make(map[uint64]uint64)
	for k := uint64(0); k < keys; k++ {
		m[k] = k
	}
	return m
}

// readmostly reads and writes a map behind each kind of lock: of twenty operations one is a write.
//
//go:noinline
func readmostly() {
	var mu sync.Mutex
	var rw sync.RWMutex
	a, b := filled(), filled()
	against("Mutex", func(i uint64) {
		mu.Lock()
		if i%20 == 0 {
			a[i%keys] = i
		} else {
			_ = a[i%keys]
		}
		mu.Unlock()
	}, "RWMutex", func(i uint64) {
		if i%20 == 0 {
			rw.Lock()
			b[i%keys] = i
			rw.Unlock()
		} else {
			rw.RLock()
			_ = b[i%keys]
			rw.RUnlock()
		}
	})
}

// syncAgainstLocked takes the time of a sync.Map and of a map behind a lock; of eleven operations the first few are writes.
func syncAgainstLocked(writes uint64) {
	var shared sync.Map
	var mu sync.RWMutex
	m := filled()
	for k := uint64(0); k < keys; k++ {
		shared.Store(k, k)
	}
	against("sync.Map", func(i uint64) {
		if i%11 < writes {
			shared.Store(i%keys, i)
		} else {
			shared.Load(i % keys)
		}
	}, "locked map", func(i uint64) {
		if i%11 < writes {
			mu.Lock()
			m[i%keys] = i
			mu.Unlock()
		} else {
			mu.RLock()
			_ = m[i%keys]
			mu.RUnlock()
		}
	})
}

//go:noinline
func syncwrites() { syncAgainstLocked(10) }

//go:noinline
func syncreads() { syncAgainstLocked(1) }

// synczero writes to a sync.Map that nobody has made.
//
//go:noinline
func synczero() {
	var shared sync.Map
	together(func(g uint64) { shared.Store(g, g) })
	n := 0
	shared.Range(func(k, v any) bool {
		n++
		return k == v
	})
	fmt.Println("entries of the sync.Map:", n)
}

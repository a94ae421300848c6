// The rounds of gohmap race on real Go: threads repeat one operation each on one map that nothing guards.
//
// Usage: gorace PAGE THREADS OPERATIONS ACT...
//
// Each goroutine counts its operations in PAGE, a file of which the words from 64 on, 8 apart, are theirs. What is wrong
// with the map afterwards goes to standard output.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const (
	head    = 64
	step    = 8
	entries = 3
)

var sink uint64

func key(act string, thread int, i uint64) uint64 {
	switch act {
	case "assign-same":
		return 1000 + i
	case "assign-other", "assign-grow":
		return uint64(thread+1)*1000000 + i
	}
	return 1
}

func once(m map[uint64]uint64, act string, k uint64) {
	switch act {
	case "assign-hit", "assign-same", "assign-other", "assign-grow":
		m[k] = 10 * k
	case "delete":
		delete(m, k)
	case "read":
		v, _ := m[k]
		atomic.StoreUint64(&sink, v)
	case "iterate":
		for _, v := range m {
			atomic.StoreUint64(&sink, v)
		}
	case "clone":
		atomic.StoreUint64(&sink, uint64(len(clone(m))))
	case "clear":
		wipe(m)
	case "len":
		atomic.StoreUint64(&sink, uint64(len(m)))
	}
}

func wrong(m map[uint64]uint64, acts []string, threads int, operations uint64) string {
	n := 0
	seen := map[uint64]bool{}
	twice := false
	for k := range m {
		n++
		twice = twice || seen[k]
		seen[k] = true
	}
	if twice {
		return "duplicate key"
	}
	cleared := false
	for _, act := range acts {
		cleared = cleared || act == "clear"
	}
	for t := 0; t < threads && !cleared; t++ {
		act := acts[t%len(acts)]
		switch act {
		case "assign-same", "assign-other", "assign-grow":
			for i := uint64(0); i < operations; i++ {
				k := key(act, t, i)
				if v, ok := m[k]; !ok || v != 10*k {
					return "lost key"
				}
			}
		}
	}
	if n != len(m) {
		return "wrong count"
	}
	return ""
}

func main() {
	threads, _ := strconv.Atoi(os.Args[2])
	operations, _ := strconv.ParseUint(os.Args[3], 10, 64)
	acts := os.Args[4:]
	if threads > runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(threads)
	}
	file, err := os.OpenFile(os.Args[1], os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	size := 8 * (head + step*threads)
	mem, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	m := make(map[uint64]uint64)
	for n := uint64(1); n <= entries; n++ {
		m[n] = 10 * n
	}
	var ready, start int32
	var all sync.WaitGroup
	for t := 0; t < threads; t++ {
		t := t
		all.Add(1)
		go func() {
			act := acts[t%len(acts)]
			counter := (*uint64)(unsafe.Pointer(&mem[8*(head+step*t)]))
			atomic.AddInt32(&ready, 1)
			for atomic.LoadInt32(&start) == 0 {
				runtime.Gosched()
			}
			for i := uint64(0); i < operations; i++ {
				once(m, act, key(act, t, i))
				*counter++
			}
			all.Done()
		}()
	}
	for atomic.LoadInt32(&ready) < int32(threads) {
		runtime.Gosched()
	}
	atomic.StoreInt32(&start, 1)
	all.Wait()
	fmt.Print(wrong(m, acts, threads, operations))
}

// "concurrent map ..." fatals of maps with uint64 keys: deterministic (flag set by hand) and real races.
package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"goldens/hm"
)

var (
	m64  = map[uint64]int{1: 10, 2: 20}
	e64  = make(map[uint64]int)
	sink int
	ok   bool
)

var extra []hm.Case

func say(s string) { fmt.Println(s) }

// ---- deterministic: hashWriting set by hand, count != 0

//go:noinline
func det_len64() {
	hm.SetWriting(m64)
	fmt.Println("len with hashWriting set:", len(m64))
}

//go:noinline
func det_assign64() { hm.SetWriting(m64); m64[3] = 1 }

//go:noinline
func det_assign64existing() { hm.SetWriting(m64); m64[1] = 1 }

//go:noinline
func det_read64() { hm.SetWriting(m64); sink = m64[1] }

//go:noinline
func det_commaok64() { hm.SetWriting(m64); sink, ok = m64[1] }

//go:noinline
func det_delete64() { hm.SetWriting(m64); delete(m64, 1) }

//go:noinline
func det_deletemissing64() { hm.SetWriting(m64); delete(m64, 99) }

//go:noinline
func det_range64() {
	hm.SetWriting(m64)
	for k := range m64 {
		fmt.Println("key", k)
	}
}

// the flag is set after the first element has been produced
//
//go:noinline
func det_rangemid() {
	n := 0
	for range m64 {
		n++
		fmt.Println("iteration", n)
		hm.SetWriting(m64)
	}
}

//go:noinline
func det_recover() {
	defer func() {
		fmt.Println("deferred function ran: must not happen")
		fmt.Println("recover:", recover())
	}()
	defer os.Stdout.WriteString("deferred write ran: must not happen\n")
	hm.SetWriting(m64)
	m64[3] = 1
}

// ---- deterministic: hashWriting set on EMPTY maps

//go:noinline
func empty_read64() {
	hm.SetWriting(e64)
	fmt.Println(e64[1])
	sink, ok = e64[1]
	fmt.Println(sink, ok)
	say("no fatal")
}

//go:noinline
func empty_delete64() {
	hm.SetWriting(e64)
	delete(e64, 1)
	say("no fatal")
	fmt.Println("flag still set:", hm.Writing(e64))
}

//go:noinline
func empty_range() {
	hm.SetWriting(e64)
	for range e64 {
	}
	say("no fatal")
}

//go:noinline
func empty_assign() { hm.SetWriting(e64); e64[1] = 1 }

// ---- in a second goroutine; main is blocked: shows that other goroutines are listed

//go:noinline
func writer() { hm.SetWriting(m64); m64[3] = 1 }

//go:noinline
func det_goroutine() {
	go writer()
	time.Sleep(5 * time.Second)
}

// ---- real races. Each spins for at most 8 seconds.

func deadline() time.Time { return time.Now().Add(8 * time.Second) }

//go:noinline
func spinWrite(m map[uint64]int, seed uint64, end time.Time) {
	for i := uint64(0); ; i++ {
		m[(i*7+seed)%512] = int(i)
		if i%4096 == 0 && time.Now().After(end) {
			return
		}
	}
}

//go:noinline
func spinRead(m map[uint64]int, end time.Time) {
	for i := uint64(0); ; i++ {
		sink += m[i%512]
		if i%4096 == 0 && time.Now().After(end) {
			return
		}
	}
}

//go:noinline
func spinDelete(m map[uint64]int, end time.Time) {
	for i := uint64(0); ; i++ {
		delete(m, i%512)
		if i%4096 == 0 && time.Now().After(end) {
			return
		}
	}
}

//go:noinline
func spinRange(m map[uint64]int, end time.Time) {
	for i := uint64(0); ; i++ {
		for _, v := range m {
			sink += v
		}
		if time.Now().After(end) {
			return
		}
	}
}

//go:noinline
func spinLen(m map[uint64]int, end time.Time) {
	bad, seen := 0, 0
	for i := uint64(0); ; i++ {
		n := len(m)
		if n < 0 || n > 512 {
			bad++
		}
		if n > seen {
			seen = n
		}
		if i%65536 == 0 && time.Now().After(end) {
			fmt.Println("len never threw; out of range values:", bad, "max seen > 0:", seen > 0)
			return
		}
	}
}

//go:noinline
func real_writewrite() {
	runtime.GOMAXPROCS(2)
	m, end := make(map[uint64]int), deadline()
	go spinWrite(m, 3, end)
	spinWrite(m, 0, end)
	say("no race hit")
}

//go:noinline
func real_readwrite() {
	runtime.GOMAXPROCS(2)
	m, end := make(map[uint64]int), deadline()
	go spinWrite(m, 3, end)
	spinRead(m, end)
	say("no race hit")
}

//go:noinline
func real_iterwrite() {
	runtime.GOMAXPROCS(2)
	m, end := make(map[uint64]int), deadline()
	go spinWrite(m, 3, end)
	spinRange(m, end)
	say("no race hit")
}

//go:noinline
func real_writedelete() {
	runtime.GOMAXPROCS(2)
	m, end := make(map[uint64]int), deadline()
	go spinDelete(m, end)
	spinWrite(m, 0, end)
	say("no race hit")
}

// one writer, one goroutine that only calls len
//
//go:noinline
func real_lenwrite() {
	runtime.GOMAXPROCS(2)
	m := make(map[uint64]int)
	end := time.Now().Add(2 * time.Second)
	done := make(chan bool)
	go func() {
		for i := uint64(0); time.Now().Before(end); i++ {
			for k := uint64(0); k < 512; k++ {
				m[k] = int(i)
			}
			for k := uint64(0); k < 512; k++ {
				delete(m, k)
			}
		}
		done <- true
	}()
	spinLen(m, end)
	<-done
	say("finished")
}

func main() {
	hm.Pick(append([]hm.Case{
		{"det_len64", det_len64},
		{"det_assign64", det_assign64}, {"det_assign64existing", det_assign64existing},
		{"det_read64", det_read64}, {"det_commaok64", det_commaok64},
		{"det_delete64", det_delete64}, {"det_deletemissing64", det_deletemissing64},
		{"det_range64", det_range64}, {"det_rangemid", det_rangemid}, {"det_recover", det_recover},
		{"empty_read64", empty_read64}, {"empty_delete64", empty_delete64}, {"empty_range", empty_range}, {"empty_assign", empty_assign},
		{"det_goroutine", det_goroutine},
		{"real_writewrite", real_writewrite}, {"real_readwrite", real_readwrite}, {"real_iterwrite", real_iterwrite},
		{"real_writedelete", real_writedelete}, {"real_lenwrite", real_lenwrite},
	}, extra...))()
}

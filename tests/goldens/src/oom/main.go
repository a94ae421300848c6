// Memory exhaustion during map growth under RLIMIT_AS.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"

	"goldens/hm"
)

var (
	m64  = map[uint64]uint64{}
	mbig = map[uint64][200]byte{}
)

// limit caps the address space at the current size plus extra.
func limit(extra uint64) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		panic(err)
	}
	pages, _ := strconv.ParseUint(strings.Fields(string(b))[0], 10, 64)
	l := syscall.Rlimit{Cur: pages*4096 + extra, Max: pages*4096 + extra}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &l); err != nil {
		panic(err)
	}
	os.Stdout.WriteString("limited\n")
}

//go:noinline
func growInt() {
	for i := uint64(0); i < 1<<26; i++ {
		m64[i] = i
	}
	fmt.Println("no failure, len", len(m64))
}

//go:noinline
func growBig() {
	for i := uint64(0); i < 1<<24; i++ {
		mbig[i] = [200]byte{1}
	}
	fmt.Println("no failure, len", len(mbig))
}

//go:noinline
func grow_int() { limit(64 << 20); growInt() }

//go:noinline
func grow_int200() { limit(200 << 20); growInt() }

//go:noinline
func grow_big() { limit(64 << 20); growBig() }

//go:noinline
func hint() {
	limit(256 << 20)
	m64 = make(map[uint64]uint64, 1<<26)
	fmt.Println("no failure", len(m64))
}

//go:noinline
func recovers() {
	limit(64 << 20)
	defer os.Stdout.WriteString("deferred: must not print\n")
	hm.Try("grow", growInt)
}

//go:noinline
func nogc() {
	debug.SetGCPercent(-1)
	limit(64 << 20)
	growInt()
}

func main() {
	hm.Pick([]hm.Case{{"grow_int", grow_int}, {"grow_int200", grow_int200}, {"grow_big", grow_big}, {"hint", hint}, {"recovers", recovers}, {"nogc", nogc}})()
}

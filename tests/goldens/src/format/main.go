// Forms of Go's panic output, around a map with uint64 keys.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"goldens/hm"
)

type myErr struct{ s string }

func (e myErr) Error() string { return e.s }

var m map[uint64]int

//go:noinline
func assign() { m[1] = 1 }

//go:noinline
func p_string() { panic("plain string") }

//go:noinline
func p_multiline() { panic("line one\nline two\n\ngoroutine 7 [running]:") }

//go:noinline
func p_error() { panic(errors.New("plain error")) }

//go:noinline
func p_multilineerror() { panic(errors.New("err one\nerr two")) }

//go:noinline
func p_custom() { panic(myErr{"custom error"}) }

//go:noinline
func p_wrappednilmap() {
	defer func() { panic(fmt.Errorf("wrap: %w", recover().(error))) }()
	assign()
}

//go:noinline
func p_repanicsame() {
	defer func() { panic(recover()) }()
	assign()
}

//go:noinline
func p_repanictwice() {
	defer func() { panic(recover()) }()
	defer func() { panic(recover()) }()
	assign()
}

//go:noinline
func p_threedeep() {
	defer func() { panic("third") }()
	defer func() { panic("second") }()
	panic("first")
}

//go:noinline
func p_recoveredthennew() {
	defer func() {
		recover()
		panic("new panic")
	}()
	assign()
}

// recovered inside the deferred call, then a later independent panic: the first one is not shown
//
//go:noinline
func p_recoveredfully() {
	func() {
		defer func() { recover() }()
		assign()
	}()
	panic("later")
}

//go:noinline
func p_sigrecovered() { // a signal panic recovered, then an ordinary panic from the same deferred call
	defer func() {
		recover()
		panic("after nil dereference")
	}()
	var p *map[uint64]int
	(*p)[1] = 1
}

//go:noinline
func p_sigrecoveredfully() {
	func() {
		defer func() { recover() }()
		var p *map[uint64]int
		(*p)[1] = 1
	}()
	panic("later")
}

//go:noinline
func p_sigwrapped() {
	defer func() { panic(fmt.Errorf("wrap: %w", recover().(error))) }()
	var p *map[uint64]int
	(*p)[1] = 1
}

//go:noinline
func p_exitcode() {
	defer os.Exit(7) // a deferred os.Exit beats the crash report
	assign()
}

//go:noinline
func p_long() { panic(strings.Repeat("x", 300)) }

//go:noinline
func deep(n int) {
	if n == 0 {
		assign()
	}
	deep(n - 1)
}

//go:noinline
func p_deep() { deep(150) }

func inlineme() { m[2] = 1 }

//go:noinline
func p_inlined() { inlineme() }

//go:noinline
func p_closure() { func() { defer func() {}(); m[3] = 1 }() }

var busy = map[uint64]int{1: 1}

// a panic is being unwound when a deferred call hits the concurrent-write check
//
//go:noinline
func p_panicthenfatal() {
	defer func() {
		hm.SetWriting(busy)
		busy[2] = 1
	}()
	assign()
}

// same, but the panic came from a signal: the [signal ...] line is still printed
//
//go:noinline
func p_sigthenfatal() {
	defer func() {
		hm.SetWriting(busy)
		busy[2] = 1
	}()
	var p *map[uint64]int
	(*p)[1] = 1
}

// a signal panic recovered while another panic is in flight: the stale [signal ...] line shows up
//
//go:noinline
func p_signested() {
	defer func() {
		defer func() { recover() }()
		var p *map[uint64]int
		(*p)[1] = 1
	}()
	panic("outer")
}

// recovered signal panic, then a fatal error later on the same goroutine: no [signal ...] line
//
//go:noinline
func p_sigdonethenfatal() {
	func() {
		defer func() { recover() }()
		var p *map[uint64]int
		(*p)[1] = 1
	}()
	hm.SetWriting(busy)
	busy[2] = 1
}

// unrecoverable fault in a deferred call while a panic is in flight
//
//go:noinline
func p_panicthenfault64() {
	defer func() {
		p := (*int)(*(*unsafe.Pointer)(unsafe.Pointer(&badAddr)))
		*p = 1
	}()
	assign()
}

var badAddr = uintptr(0x600000000000)

func main() {
	hm.Pick([]hm.Case{
		{"p_string", p_string}, {"p_multiline", p_multiline}, {"p_error", p_error}, {"p_multilineerror", p_multilineerror},
		{"p_custom", p_custom}, {"p_wrappednilmap", p_wrappednilmap}, {"p_repanicsame", p_repanicsame},
		{"p_repanictwice", p_repanictwice}, {"p_threedeep", p_threedeep}, {"p_recoveredthennew", p_recoveredthennew}, {"p_recoveredfully", p_recoveredfully},
		{"p_sigrecovered", p_sigrecovered}, {"p_sigrecoveredfully", p_sigrecoveredfully}, {"p_sigwrapped", p_sigwrapped}, {"p_exitcode", p_exitcode},
		{"p_long", p_long}, {"p_deep", p_deep}, {"p_inlined", p_inlined}, {"p_closure", p_closure},
		{"p_panicthenfatal", p_panicthenfatal}, {"p_sigthenfatal", p_sigthenfatal}, {"p_signested", p_signested}, {"p_sigdonethenfatal", p_sigdonethenfatal},
		{"p_panicthenfault64", p_panicthenfault64},
	})()
}

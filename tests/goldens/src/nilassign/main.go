// Assignment to a nil map through every assign path.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"goldens/hm"
)

type big [200]byte

var (
	m64   map[uint64]int
	other map[uint64]int
	mbig  map[uint64]big
	calls int
)

//go:noinline
func fast64() { m64[1] = 2 }

//go:noinline
func bigvalue() { mbig[1] = big{} }

//go:noinline
func increment() { m64[1]++ }

//go:noinline
func opassign() { m64[3] += 4 }

//go:noinline
func next() int { calls++; return calls }

// rhs is evaluated before the nil check fires.
//
//go:noinline
func rhsorder() {
	defer func() {
		r := recover()
		fmt.Println("calls before panic:", calls)
		hm.Report(r)
	}()
	mint2 := m64
	mint2[uint64(next())] = next()
}

//go:noinline
func recovered64() {
	for _, c := range []struct {
		n string
		f func()
	}{{"fast64", fast64}, {"bigvalue", bigvalue}, {"increment", increment}} {
		hm.Try(c.n, c.f)
	}
	var re runtime.Error
	func() {
		defer func() {
			r := recover()
			fmt.Println("errors.As runtime.Error:", errors.As(r.(error), &re))
			fmt.Printf("Error(): %q\n", r.(error).Error())
		}()
		fast64()
	}()
}

//go:noinline
func repanic() {
	defer func() {
		r := recover()
		panic(r)
	}()
	fast64()
}

//go:noinline
func repanicwrapped() {
	defer func() {
		r := recover()
		panic(fmt.Errorf("wrapped: %w", r.(error)))
	}()
	fast64()
}

//go:noinline
func panicindefer() {
	defer func() { other[5] = 1 }()
	fast64()
}

//go:noinline
func ingoroutine() {
	go fast64()
	time.Sleep(5 * time.Second)
}

//go:noinline
func indefer() {
	defer fast64()
	fmt.Println("before")
}

//go:noinline
func stderrfirst() {
	fmt.Fprint(os.Stderr, "partial line without newline")
	fast64()
}

func main() {
	hm.Pick(append([]hm.Case{
		{"fast64", fast64}, {"bigvalue", bigvalue}, {"increment", increment}, {"opassign", opassign}, {"rhsorder", rhsorder},
		{"recovered64", recovered64}, {"repanic", repanic}, {"repanicwrapped", repanicwrapped},
		{"panicindefer", panicindefer}, {"ingoroutine", ingoroutine}, {"indefer", indefer}, {"stderrfirst", stderrfirst},
	}, keys...))()
}

// The originals of the programs in src/lab/races: `race EDGE LEFT RIGHT racy|synced`, built with -race.
//
// LEFT and RIGHT are operations on maps that two goroutines share. EDGE says what is between the two: in the synchronised
// form it orders them, in the racy one it is used in a way that does not. LEFT is always the first to run, by means that the
// race detector does not see, so that a program says the same in every run.
package main

import (
	"fmt"
	"os"
	"runtime"
)

// only waits until there are n goroutines left. It orders nothing: no instrumented access or synchronisation is in it.
//
//go:noinline
func only(n int) {
	for runtime.NumGoroutine() > n {
		runtime.Gosched()
	}
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: race EDGE LEFT RIGHT racy|synced")
		os.Exit(1)
	}
	form := 0
	if os.Args[4] == "synced" {
		form = 1
	}
	edge, left, right := edges[os.Args[1]], ops[os.Args[2]], ops[os.Args[3]]
	if edge[form] == nil || left == nil || right == nil {
		fmt.Fprintln(os.Stderr, "no such program in this version")
		os.Exit(3)
	}
	edge[form](left, right)
	fmt.Println("finished")
}

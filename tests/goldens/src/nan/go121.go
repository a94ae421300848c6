//go:build go1.21

package main

import (
	"fmt"
	"maps"
	"math"

	"goldens/hm"
)

//go:noinline
func clearnan() {
	m := fill(1000)
	c := maps.Clone(m)
	fmt.Println("clone len", len(c), "equal", maps.Equal(m, c))
	clear(m)
	n := 0
	for range m {
		n++
	}
	fmt.Println("after clear: len", len(m), "range", n)
	m[math.NaN()] = 1
	fmt.Println("usable: len", len(m))
}

// Clear during iteration.
//
//go:noinline
func clearduring() {
	m := fill(1000)
	n := 0
	for range m {
		n++
		if n == 10 {
			clear(m)
		}
	}
	fmt.Println("iterations", n, "len", len(m))
}

//go:noinline
func clearduringint() {
	m := map[int]int{}
	for i := 0; i < 1000; i++ {
		m[i] = i
	}
	n := 0
	for range m {
		n++
		if n == 10 {
			clear(m)
			for i := 0; i < 5; i++ {
				m[i+5000] = i
			}
		}
	}
	fmt.Println("iterations at least 10:", n >= 10, "at most 15:", n <= 15, "len", len(m))
}

func init() {
	extra = append(extra, hm.Case{Name: "clearnan", Fn: clearnan}, hm.Case{Name: "clearduring", Fn: clearduring}, hm.Case{Name: "clearduringint", Fn: clearduringint})
}

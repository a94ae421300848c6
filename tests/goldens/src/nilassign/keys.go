package main

import (
	"fmt"

	"goldens/hm"
)

// Maps with keys of other kinds.

type pair struct{ a, b int }

var (
	m32  map[uint32]int
	mstr map[string]int
	mgen map[pair]int
	mptr map[*int]int
	mint map[int]string
	mi8  map[int8]int
	mf64 map[float64]int
	many map[any]int
	msl  map[string][]int
	mset map[string]struct{}
	x    int
)

//go:noinline
func fast32() { m32[1] = 2 }

//go:noinline
func faststr() { mstr["k"] = 2 }

//go:noinline
func generic() { mgen[pair{1, 2}] = 3 }

//go:noinline
func fast64ptr() { mptr[&x] = 1 }

//go:noinline
func intkey() { mint[7] = "v" }

//go:noinline
func int8key() { mi8[7] = 1 }

//go:noinline
func float64key() { mf64[1.5] = 1 }

//go:noinline
func anykey() { many["a"] = 1 }

//go:noinline
func incrementstr() { mstr["k"]++ }

//go:noinline
func appendto() { msl["k"] = append(msl["k"], 1) }

//go:noinline
func emptystruct() { mset["k"] = struct{}{} }

//go:noinline
func recovered() {
	for _, c := range []struct {
		n string
		f func()
	}{{"fast64", fast64}, {"fast32", fast32}, {"faststr", faststr}, {"generic", generic}, {"fast64ptr", fast64ptr},
		{"bigvalue", bigvalue}, {"anykey", anykey}, {"increment", incrementstr}, {"appendto", appendto}} {
		hm.Try(c.n, c.f)
	}
	func() {
		defer func() {
			r := recover()
			fmt.Printf("%%v %v|%%+v %+v|%%#v %#v|%%s %s\n", r, r, r, r)
		}()
		fast64()
	}()
}

var keys = []hm.Case{
	{"fast32", fast32}, {"faststr", faststr}, {"generic", generic}, {"fast64ptr", fast64ptr}, {"intkey", intkey},
	{"int8key", int8key}, {"float64key", float64key}, {"anykey", anykey}, {"incrementstr", incrementstr},
	{"appendto", appendto}, {"emptystruct", emptystruct}, {"recovered", recovered},
}

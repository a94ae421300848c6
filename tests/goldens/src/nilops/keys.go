package main

import "fmt"

// Maps with keys of other kinds.

type pair struct{ a, b int }

var (
	m32  map[uint32]int
	mstr map[string]int
	mgen map[pair]int
	many map[any]int
)

//go:noinline
func all() {
	fmt.Println("len", len(m64), len(m32), len(mstr), len(mgen), len(many))
	fmt.Println("read", m64[1], m32[1], mstr["k"], mgen[pair{}], many[1])
	v, ok := m64[1]
	fmt.Println("commaok fast64", v, ok)
	v, ok = mstr["k"]
	fmt.Println("commaok faststr", v, ok)
	v, ok = mgen[pair{}]
	fmt.Println("commaok generic", v, ok)
	delete(m64, 1)
	delete(m32, 1)
	delete(mstr, "k")
	delete(mgen, pair{})
	delete(many, 1)
	fmt.Println("delete ok")
	n := 0
	for range m64 {
		n++
	}
	for range mstr {
		n++
	}
	for k, v := range mgen {
		_, _ = k, v
		n++
	}
	fmt.Println("range iterations", n)
}

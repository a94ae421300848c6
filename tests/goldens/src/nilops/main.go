// Harmless operations on nil maps with uint64 keys.
package main

import (
	"fmt"

	"goldens/hm"
)

var m64 map[uint64]int

// extra holds the go1.21+ cases (clear, maps.Clone).
var extra []hm.Case

//go:noinline
func all64() {
	fmt.Println("len", len(m64))
	fmt.Println("read", m64[1])
	v, ok := m64[1]
	fmt.Println("commaok fast64", v, ok)
	delete(m64, 1)
	fmt.Println("delete ok")
	n := 0
	for range m64 {
		n++
	}
	for k, v := range m64 {
		_, _ = k, v
		n++
	}
	fmt.Println("range iterations", n)
	fmt.Println("nil?", m64 == nil)
}

//go:noinline
func ptrnil() {
	// a nil pointer to a map is a different thing: dereferencing it faults
	var p *map[uint64]int
	fmt.Println(len(*p))
}

//go:noinline
func ptrnilassign() {
	var p *map[uint64]int
	(*p)[1] = 1
}

func main() {
	hm.Pick(append([]hm.Case{{"all64", all64}, {"all", all}, {"ptrnil", ptrnil}, {"ptrnilassign", ptrnilassign}}, extra...))()
}

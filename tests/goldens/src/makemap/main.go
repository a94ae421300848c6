// make(map[uint64]int, hint) with odd hints.
package main

import (
	"fmt"
	"strconv"

	"goldens/hm"
)

//go:noinline
func id(n int) int { return n }

//go:noinline
func id64(n int64) int64 { return n }

//go:noinline
func idu64(n uint64) uint64 { return n }

var sinkMap any

func show[M any](what string, m M) {
	sinkMap = m // force the header to the heap
	hm.Show(what, m)
}

//go:noinline
func negative() {
	m := make(map[uint64]int, id(-1))
	show("hint -1", m)
	m[1] = 1
	fmt.Println("len", len(m))
	m2 := make(map[uint64]int, id64(-1<<63))
	show("hint min int64", m2)
	m2[1] = 1
	fmt.Println("len", len(m2))
}

//go:noinline
func huge62() {
	m := make(map[uint64]int, id(1<<62))
	show("hint 1<<62", m)
	m[1] = 1
	fmt.Println("len", len(m))
}

//go:noinline
func hugemax() {
	m := make(map[uint64]int, id(1<<63-1))
	show("hint maxint", m)
	m3 := make(map[uint64]int, idu64(1<<64-1))
	show("hint maxuint64", m3)
	m3[1] = 1
	fmt.Println("len", len(m3))
}

// exact edge of the "hint * bucket size > maxAlloc" test (maxAlloc = 1<<48 on amd64)
//
//go:noinline
func edge() {
	bucket := 144 // bucket size of map[uint64]int
	over := (1<<48)/bucket + 1
	m := make(map[uint64]int, id(over))
	show("hint just over the limit", m)
}

//go:noinline
func small() {
	for _, n := range []int{0, 1, 7, 8, 9, 13, 14, 26, 27, 52, 53, 104, 105, 1000} {
		m := make(map[uint64]int, id(n))
		show("hint "+strconv.Itoa(n), m)
	}
}

// 1<<40 passes the size test and asks the OS for more memory than there is
//
//go:noinline
func toolarge40() {
	m := make(map[uint64]int, id(1<<40))
	fmt.Println(len(m))
}

//go:noinline
func toolargerecover() {
	defer func() { fmt.Println("recover:", recover()) }()
	m := make(map[uint64]int, id(1<<40))
	fmt.Println(len(m))
}

func main() {
	hm.Pick([]hm.Case{{"negative", negative}, {"huge62", huge62}, {"hugemax", hugemax}, {"edge", edge}, {"small", small},
		{"toolarge40", toolarge40}, {"toolargerecover", toolargerecover}})()
}

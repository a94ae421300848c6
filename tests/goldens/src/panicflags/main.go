// What flag state does a panic inside or around a map operation leave behind? Maps with uint64 keys.
package main

import (
	"fmt"

	"goldens/hm"
)

var (
	ms = map[uint64]int{1: 1}
	mp = map[uint64]*int{}
)

func boom() int { panic("boom in value expression") }

//go:noinline
func valuepanic64() { // the value expression runs before mapassign
	hm.Try("m[k] = boom()", func() { ms[26] = boom() })
	_, present := ms[26]
	fmt.Println("writing flag:", hm.Writing(ms), "key present:", present, "len", len(ms))
	hm.Try("m[k] += boom()", func() { ms[1] += boom() })
	fmt.Println("1 still", ms[1])
}

//go:noinline
func nilvaluestore64() { // *m[k] = v with missing key: nil pointer, not a map panic
	hm.Try("*mp[missing] = 1", func() { *mp[24] = 1 })
	fmt.Println("len", len(mp))
}

//go:noinline
func divide64() { // m[k] /= 0: the division panics; was the key inserted?
	zero := 0
	hm.Try("ms[new] /= 0", func() { ms[14] /= zero })
	_, present := ms[14]
	fmt.Println("writing flag:", hm.Writing(ms), "key present:", present)
}

//go:noinline
func rangepanic64() {
	hm.Try("panic in range body", func() {
		for k := range ms {
			panic(fmt.Sprint("in body of ", k))
		}
	})
	hm.Show("after", ms)
	ms[2] = 2
	fmt.Println("usable: len", len(ms))
}

func main() {
	hm.Pick(append([]hm.Case{{"valuepanic64", valuepanic64}, {"nilvaluestore64", nilvaluestore64}, {"divide64", divide64},
		{"rangepanic64", rangepanic64}}, keys...))()
}

package main

import (
	"fmt"

	"goldens/hm"
)

// Maps with keys of other kinds.

type pair struct{ a, b int }

var (
	m32  = map[uint32]int{1: 10, 2: 20}
	mstr = map[string]int{"a": 10, "b": 20}
	mgen = map[pair]int{{1, 1}: 10, {2, 2}: 20}
	mptr = map[*int]int{&x: 1}
	estr = make(map[string]int)
	egen = make(map[pair]int)
	x, y int
)

//go:noinline
func det_len() {
	hm.SetWriting(m64)
	hm.SetWriting(mstr)
	hm.SetWriting(mgen)
	fmt.Println("len with hashWriting set:", len(m64), len(mstr), len(mgen))
}

//go:noinline
func det_assign32() { hm.SetWriting(m32); m32[3] = 1 }

//go:noinline
func det_assignstr() { hm.SetWriting(mstr); mstr["c"] = 1 }

//go:noinline
func det_assigngen() { hm.SetWriting(mgen); mgen[pair{3, 3}] = 1 }

//go:noinline
func det_assignptr() { hm.SetWriting(mptr); mptr[&y] = 1 }

//go:noinline
func det_read32() { hm.SetWriting(m32); sink = m32[1] }

//go:noinline
func det_readstr() { hm.SetWriting(mstr); sink = mstr["a"] }

//go:noinline
func det_readgen() { hm.SetWriting(mgen); sink = mgen[pair{1, 1}] }

//go:noinline
func det_commaokstr() { hm.SetWriting(mstr); sink, ok = mstr["a"] }

//go:noinline
func det_commaokgen() { hm.SetWriting(mgen); sink, ok = mgen[pair{1, 1}] }

//go:noinline
func det_delete32() { hm.SetWriting(m32); delete(m32, 1) }

//go:noinline
func det_deletestr() { hm.SetWriting(mstr); delete(mstr, "a") }

//go:noinline
func det_deletegen() { hm.SetWriting(mgen); delete(mgen, pair{1, 1}) }

//go:noinline
func det_rangegen() {
	hm.SetWriting(mgen)
	for k, v := range mgen {
		fmt.Println("entry", k, v)
	}
}

//go:noinline
func empty_read() {
	hm.SetWriting(e64)
	hm.SetWriting(estr)
	hm.SetWriting(egen)
	fmt.Println(e64[1], estr["a"], egen[pair{}])
	sink, ok = e64[1]
	fmt.Println(sink, ok)
	say("no fatal")
}

//go:noinline
func empty_delete() {
	hm.SetWriting(e64)
	hm.SetWriting(estr)
	hm.SetWriting(egen)
	delete(e64, 1)
	delete(estr, "a")
	delete(egen, pair{})
	say("no fatal")
	fmt.Println("flag still set:", hm.Writing(e64), hm.Writing(estr), hm.Writing(egen))
}

func init() {
	extra = append(extra, []hm.Case{
		{"det_len", det_len}, {"det_assign32", det_assign32}, {"det_assignstr", det_assignstr}, {"det_assigngen", det_assigngen},
		{"det_assignptr", det_assignptr}, {"det_read32", det_read32}, {"det_readstr", det_readstr}, {"det_readgen", det_readgen},
		{"det_commaokstr", det_commaokstr}, {"det_commaokgen", det_commaokgen}, {"det_delete32", det_delete32},
		{"det_deletestr", det_deletestr}, {"det_deletegen", det_deletegen}, {"det_rangegen", det_rangegen},
		{"empty_read", empty_read}, {"empty_delete", empty_delete},
	}...)
}

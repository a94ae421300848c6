//go:build go1.21

package main

import (
	"fmt"
	"maps"
	"runtime"
	"time"

	"goldens/hm"
)

//go:noinline
func det_clear64() { hm.SetWriting(m64); clear(m64) }

//go:noinline
func det_clone64() { hm.SetWriting(m64); fmt.Println(len(maps.Clone(m64))) }

//go:noinline
func empty_clear() {
	hm.SetWriting(e64)
	clear(e64)
	say("no fatal")
}

//go:noinline
func empty_clone() {
	hm.SetWriting(e64)
	fmt.Println(len(maps.Clone(e64)))
	say("no fatal")
}

//go:noinline
func real_clonewrite() {
	runtime.GOMAXPROCS(2)
	m, end := make(map[uint64]int), deadline()
	go spinWrite(m, 3, end)
	for time.Now().Before(end) {
		sink += len(maps.Clone(m))
	}
	say("no race hit")
}

//go:noinline
func real_clearwrite() {
	runtime.GOMAXPROCS(2)
	m, end := make(map[uint64]int), deadline()
	go spinWrite(m, 3, end)
	for time.Now().Before(end) {
		clear(m)
	}
	say("no race hit")
}

func init() {
	extra = append(extra,
		hm.Case{Name: "det_clear64", Fn: det_clear64}, hm.Case{Name: "det_clone64", Fn: det_clone64},
		hm.Case{Name: "empty_clear", Fn: empty_clear}, hm.Case{Name: "empty_clone", Fn: empty_clone},
		hm.Case{Name: "real_clonewrite", Fn: real_clonewrite}, hm.Case{Name: "real_clearwrite", Fn: real_clearwrite})
}
